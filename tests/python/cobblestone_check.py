"""Bodies of files against the Cobblestone-256 of the `cryptography` package, in both directions; ci/cobblestone runs it.

`open FOLDER` opens with the library what tests/cobblestone_cross.rs has put into ours/. `seal FOLDER` seals with the library, into theirs/.
`done FOLDER` compares how many of these the crate has opened. Nothing of the model is used: keys come from the library's HKDF.
"""

import json
import os
import secrets
import sys
from pathlib import Path

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

CHUNK, TAG, HEAD = 16_384, 16, 56
LENGTHS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK]
CONTEXT = bytes([1, 2, 1, 4, 0, 9]) + b"letter 17"


def parameters(listed):
    """Key and context of the library's, from spec.md, "File"."""
    file_key, file_id, context = (bytes.fromhex(listed[key]) for key in ("file_key", "id", "context"))
    key = HKDFExpand(algorithm=SHA256(), length=32, info=b"confidant/v1/envelope/file/body").derive(file_key)
    return key, (b"padded file" if listed["padded"] else b"file") + file_id + context


def padded(data):
    """data ‖ zeros ‖ length, from spec.md, "File" and "Record"."""
    length, mask = len(data), 0
    if length > 1:
        e = length.bit_length() - 1
        mask = (1 << e - e.bit_length()) - 1
    return data.ljust(length + mask & ~mask, b"\0") + length.to_bytes(8, "big")


def opened(key, context, body, step=None):
    decryptor, step = Cobblestone256Decryptor(key, context), step or len(body) or 1
    text = b"".join(decryptor.update(body[at:at + step]) for at in range(0, len(body), step))
    return text + decryptor.finalize()


def is_refused(key, context, body):
    try:
        opened(key, context, body)
    except InvalidTag:
        return True
    return False


def flips(body):
    """The body with one bit flipped: in salt, commitment, and the first byte and the tag of each chunk."""
    chunks = range(HEAD, len(body), CHUNK + TAG)
    places = {0, 23, 24, 55, len(body) - 1, *chunks, *(at - 1 for at in chunks)}
    for at in sorted(places):
        yield body[:at] + bytes([body[at] ^ 1 << secrets.randbelow(8)]) + body[at + 1:]


def check_ours(folder):
    index, refused = json.loads((folder / "ours/index.json").read_text()), 0
    for listed in index:
        text, body = ((folder / f"ours/{listed['name']}.{what}").read_bytes() for what in ("text", "body"))
        key, context = parameters(listed)
        found = opened(key, context, body)
        assert opened(key, context, body, 1_000) == found, "in pieces"
        if listed["padded"]:
            text = padded(text)
        assert found == text, listed["name"]
        changed = [*flips(body), body[:-1], body[:HEAD], body + b"\0"]
        assert all(is_refused(key, context, one) for one in changed), listed["name"]
        _, otherwise = parameters({**listed, "padded": not listed["padded"]})
        assert is_refused(key, context + b"\0", body) and is_refused(key, otherwise, body) and is_refused(bytes(32), context, body)
        refused += len(changed) + 3
    assert len(index) == 2 * len(LENGTHS)
    print(f"the library opened {len(index)} bodies of the crate, and refused {refused} that were changed")


def seal_theirs(folder):
    theirs, index = folder / "theirs", []
    theirs.mkdir()
    for length, is_padded in [(length, is_padded) for is_padded in (False, True) for length in LENGTHS]:
        text = os.urandom(length)
        listed = {"file_key": os.urandom(32).hex(), "id": os.urandom(16).hex(), "context": CONTEXT.hex(), "padded": is_padded}
        key, context = parameters(listed)
        encryptor = Cobblestone256Encryptor(key, context)
        body = encryptor.update(padded(text) if is_padded else text) + encryptor.finalize()
        for name, content in [("good", body), *((f"flip-{i}", one) for i, one in enumerate(flips(body))), ("cut", body[:-1])]:
            listed = {**listed, "name": f"{length}-{is_padded}-{name}", "opens": name == "good"}
            (theirs / f"{listed['name']}.text").write_bytes(text)
            (theirs / f"{listed['name']}.body").write_bytes(content)
            index.append(listed)
    (theirs / "index.json").write_text(json.dumps(index))


def check_done(folder):
    index = json.loads((folder / "theirs/index.json").read_text())
    done = json.loads((folder / "opened.json").read_text())
    good = sum(listed["opens"] for listed in index)
    assert done == {"opened": good, "refused": len(index) - good} and good == 2 * len(LENGTHS), done
    print(f"the crate opened {good} bodies of the library, and refused {len(index) - good} that were changed")


COMMANDS = {"open": check_ours, "seal": seal_theirs, "done": check_done}

if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in COMMANDS:
        sys.exit("usage: cobblestone_check.py open|seal|done FOLDER")
    COMMANDS[sys.argv[1]](Path(sys.argv[2]))
