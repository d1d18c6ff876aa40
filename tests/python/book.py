"""Makes and checks the vectors of a file: running, linking a failure to its success, deriving inputs."""

import hashlib
from difflib import SequenceMatcher

import envelope_archive_ops
import envelope_file_ops
import envelope_ops
import envelope_recovery_ops
import fingerprint_ops
import group_ops
import group_talk
import ops
import sealed_ops
import talk
from primitives import Fail

DOMAIN = b"confidant/v1 test vectors"
EDIT_ABOVE, SHORTEST_RANGE = 100, 16
EDITS = "{parts} is an edit: ranges [from, to) of the success's bytes, and literal hex, in order."
LINKS = {"accept": {"message": lambda v: v["out"]["messages"][v["in"].get("deliver", 0)]["bytes"],
                    "ad": lambda v: v["in"]["messages"][v["in"].get("deliver", 0)].get("ad", "")},
         "verify-bundle": {"bundle": lambda v: v["out"]["bundle"]},
         "decode-publication": {"publication": lambda v: v["out"]["publication"]},
         "open-prekey": {"identity": lambda v: v["out"]["identity"], "body": lambda v: v["out"]["body"]},
         "decode-identity": {"identity": lambda v: v["out"]["identity"]},
         "decrypt": {"message": lambda v: v["out"]["message"]},
         "restore-session": {"snapshot": lambda v: v["out"]["snapshot"]},
         "restore-store": {"snapshot": lambda v: v["out"]["snapshot"]},
         "restore-group": {"snapshot": lambda v: v["out"]["snapshot"]},
         "group-decrypt": {"message": lambda v: v["out"].get("message") or v["in"]["message"], "receiver": lambda v: v["in"]["receiver"]},
         "group-encrypt": {"sender": lambda v: v["in"]["sender"]},
         "receive-distribution": {"distribution": lambda v: v["in"]["distribution"],
                                  "receiver": lambda v: v["in"]["receiver"]},
         "restore-trust": {"snapshot": lambda v: v["out"]["snapshot"]},
         "decode-server-certificate": {"certificate": lambda v: v["out"]["certificate"]},
         "decode-sender-certificate": {"certificate": lambda v: v["out"]["certificate"]},
         "check-certificate": {"certificate": lambda v: v["out"]["certificate"]},
         "open-sealed": {"message": lambda v: v["out"]["messages"][0]},
         "upload": {"upload": lambda v: v["out"]["upload"]},
         "decode-context": {"context": lambda v: v["out"]["context"]},
         "open-record": {"record": lambda v: v["out"]["record"]},
         "rebind": {"record": lambda v: v["in"]["record"]},
         "unwrap": {"wrapped": lambda v: v["out"]["wrapped"]},
         "rewrap": {"wrapped": lambda v: v["in"]["wrapped"]},
         "open-keyring": {"keyring": lambda v: v["out"]["keyring"]}}
OPS = {**ops.OPS, **group_ops.OPS, **fingerprint_ops.OPS, **sealed_ops.OPS, **envelope_ops.OPS}
for part in (envelope_file_ops, envelope_recovery_ops, envelope_archive_ops):
    OPS.update(part.OPS)
    LINKS.update(part.LINKS)
PLAYERS = {"conversation": talk.Player, "group-conversation": group_talk.Player}


def derive(name, size):
    """The bytes of this name: the only source of "random" inputs."""
    return hashlib.shake_256(DOMAIN + b"\0" + name.encode()).digest(size)


def inputs(vector, success):
    """A vector's own inputs over those of the success that it was made from."""
    if success is None:
        return vector["in"]
    linked = {key: link(success) for key, link in LINKS.get(vector["op"], {}).items()}
    own = {key: ops.data(value, bytes.fromhex(linked[key])).hex() if key in linked else value
           for key, value in vector["in"].items()}
    return {**success["in"], **linked, **own}


def edit(base, value):
    """A large value as an edit of the success's."""
    if len(value) <= EDIT_ABOVE:
        return value
    parts, done = [], 0
    for at, to, size in SequenceMatcher(None, base, value, autojunk=False).get_matching_blocks():
        if size < SHORTEST_RANGE and to < len(value):
            continue
        parts += [value[done:to].hex()] if to > done else []
        parts += [[at, at + size]] if size else []
        done = to + size
    return {"parts": parts}


def run(vector, success):
    """(expect, out) of a vector."""
    try:
        out = ops.show(OPS[vector["op"]](inputs(vector, success)))
    except Fail as error:
        return error.name, None
    if vector.get("expect") == "differs":
        return ("differs" if out != success["out"] else "ok"), None
    return "ok", out


def conversation_repeats(vector):
    """Whether playing the events again gives the same results."""
    player = PLAYERS[vector["op"]](vector["in"])
    return all(player.play(event) == event for event in vector["events"])


class Book:
    """The vectors of one file."""

    def __init__(self, file, about):
        self.file, self.about, self.vectors = file, about, []

    def named(self, name):
        return next((v for v in self.vectors if v["name"] == name), None)

    def ok(self, name, op, req, given, of=None):
        head = {"name": name, "req": req.split(), "expect": "ok", "op": op, **({"of": of} if of else {})}
        return self._add({**head, "in": ops.show(self._edited(op, of, given) if of else given)})

    def fail(self, of, slug, op, req, expect, why, **given):
        vector = {"name": f"{of}/{slug}", "req": req.split(), "expect": expect, "op": op, "of": of, "why": why}
        return self._add({**vector, "in": ops.show(self._edited(op, of, given))})

    def _edited(self, op, of, given):
        links = LINKS.get(op, {})
        return {key: edit(bytes.fromhex(links[key](self.named(of))), value)
                if key in links and isinstance(value, bytes) else value for key, value in given.items()}

    def add_conversation(self, name, about, req, given, events, op="conversation"):
        vector = {"name": name, "req": req.split(), "expect": "ok", "op": op, "why": about, "in": given,
                  "events": events}
        assert self.named(name) is None and conversation_repeats(vector), name
        self.vectors.append(vector)

    def _add(self, vector):
        assert self.named(vector["name"]) is None, vector["name"]
        expect, out = run(vector, self.named(vector.get("of")))
        assert expect == vector["expect"], (vector["name"], expect, vector["expect"])
        if out is not None:
            vector["out"] = out
        self.vectors.append(vector)
        return vector


def flip(encoded, offset, mask=1):
    return encoded[:offset] + bytes([encoded[offset] ^ mask]) + encoded[offset + 1:]


def put(encoded, offset, part):
    return encoded[:offset] + part + encoded[offset + len(part):]
