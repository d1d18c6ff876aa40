"""Cases of fingerprint.json: sides, numbers, codes, and the store of whom a device trusts."""

import json
from pathlib import Path

import fingerprints
import wire
from book import EDITS, Book, derive, flip, put
from confidant import Identity
from fingerprints import snapshot_trust
from keys_cases import BAD_A, BAD_U
from state import checksum
from wire import u32, u64

PUBLISHED = Path(__file__).resolve().parents[1] / "data" / "fingerprint.json"


def person(provider, user, device=1, seed=None):
    identity = Identity(derive(f"seed {seed or user}", 32)).public
    return {"provider": provider.encode(), "user": user.encode(), "device": device, "identity": identity}


ALICE, BOB, MALLORY = person("example.org", "alice"), person("example.net", "bob", 7), person("example.org", "mallory")


def fingerprint_file():
    book = Book("fingerprint.json",
                "Safety numbers and trust. `side`: the core, from a key and an id. `fingerprint`: what `ours` sees of "
                "`theirs`; `compare-number` compares it with what was `typed`, `compare-code` with a scanned `code`; "
                "`verified` is the address and identity that this confirms. `trust`: the steps are played in order on a "
                "new store (with `counted`, on one that has met so many users first: no provider, a user of four bytes "
                "counted from 0, device 1); each tells what was known of the party before and after, "
                "what the call `gives`, the number of changes, and how many parties are known and verified; a refusal changes "
                "nothing. `restore-trust` reads "
                "a snapshot with a least number of changes. A failure's `in` stands over the `in` of the vector named "
                "in `of`, and over its `out.snapshot`; `differs`: its result is another one. " + EDITS)
    for build in (_published, _fingerprints, _trust):
        build(book)
    return book


# ---- The core

def _published(book):
    published = json.loads(PUBLISHED.read_text())
    for who in ("alice", "bob"):
        name, listed = f"side/published/{who}", published[who]
        made = book.ok(name, "side", "R-90 R-93", {"key": listed["key"], "id": listed["id"].encode()})
        assert made["out"]["h"] == listed["sha512"] and made["out"]["digits"] == listed["digits"]
        key, user = bytes.fromhex(listed["key"]), listed["id"].encode()
        for slug, why, given in (("key", "another key", {"key": flip(key, 32)}),
                                 ("key-type", "another type of key", {"key": flip(key, 0)}),
                                 ("id", "another id", {"id": flip(user, 11)}),
                                 ("id-shorter", "an id of one byte less", {"id": user[:-1]}),
                                 ("no-id", "no id", {"id": b""})):
            book.fail(name, slug, "side", "R-90 R-93", "differs", why, **given)


# ---- Numbers and codes

PAIRS = [("alice-bob", ALICE, BOB), ("same-user-name", person("a.example", "sam", 1, "sam 1"), person("", "sam", 1, "sam 2")),
         ("long-names", {**ALICE, "provider": b"p" * 255, "user": b"u" * 255}, {**BOB, "provider": b"", "user": b"\xff"}),
         ("same-side", ALICE, {**ALICE, "device": 2})]


def _fingerprints(book):
    for slug, ours, theirs in PAIRS:
        name = "fingerprint/" + slug
        made = book.ok(name, "fingerprint", "R-90 R-93", {"ours": ours, "theirs": theirs})
        swapped = book.ok(name + "/swapped", "fingerprint", "R-90", {"ours": theirs, "theirs": ours}, name)
        assert swapped["out"]["number"] == made["out"]["number"]
        moved = book.ok(name + "/other-device", "fingerprint", "R-90", {"theirs": {**theirs, "device": 2**32 - 1}}, name)
        assert moved["out"] == made["out"]
        _changed_fields(book, name, ours, theirs)
        _numbers(book, name, made["out"]["number"])
        _codes(book, name, made["out"], bytes.fromhex(swapped["out"]["code"]))
    _colliding(book)


def _changed_fields(book, name, ours, theirs):
    number = book.named(name)["out"]["number"]

    def fail(slug, req, why, **given):
        book.fail(name, slug, "fingerprint", req, "differs", why, **given)
        other = {**book.named(name)["in"], **book.named(f"{name}/{slug}")["in"]}
        assert book_number(other) != number
    other = MALLORY["identity"]
    for side, who in (("ours", ours), ("theirs", theirs)):
        fail(side + "-provider", "R-90", "another provider", **{side: {**who, "provider": who["provider"][:-1] + b"x"}})
        fail(side + "-user", "R-90", "another user", **{side: {**who, "user": who["user"][:-1] + b"x"}})
        fail(side + "-identity", "R-90", "another identity", **{side: {**who, "identity": other}})
        fail(side + "-ed25519", "R-90", "another Ed25519 key beside the same X25519 key",
             **{side: {**who, "identity": other[:32] + who["identity"][32:]}})
        fail(side + "-x25519", "R-90", "another X25519 key beside the same Ed25519 key",
             **{side: {**who, "identity": who["identity"][:32] + other[32:]}})
        if len(who["provider"]) < 255 and len(who["user"]) > 1:
            moved = {**who, "provider": who["provider"] + who["user"][:1], "user": who["user"][1:]}
            fail(side + "-moved", "R-90 R-139", "a byte moved from the user to the provider", **{side: moved})
    if ours["identity"] != theirs["identity"]:
        fail("identities-exchanged", "R-90", "each other's identity", ours={**ours, "identity": theirs["identity"]},
             theirs={**theirs, "identity": ours["identity"]})


def book_number(given):
    sides = [fingerprints.side(wire.address(*(bytes.fromhex(given[who][k]) for k in ("provider", "user")), 1),
                               bytes.fromhex(given[who]["identity"])) for who in ("ours", "theirs")]
    return fingerprints.number(*sides)


COLLIDING = [("provider-ends", ("a", "bc"), ("ab", "c")), ("user-alone", ("", "abc"), ("ab", "c")),
             ("tag-in-the-user", ("a", "b\x02\x01c"), ("a\x02\x05b", "c")),
             ("exchanged", ("alice", "bob"), ("bob", "alice"))]


def _colliding(book):
    """Names that a careless encoding would take for each other."""
    for slug, one, other in COLLIDING:
        name = "fingerprint/colliding/" + slug
        theirs = person(*one, 1, "bob")
        book.ok(name, "fingerprint", "R-90 R-139", {"ours": ALICE, "theirs": theirs})
        book.fail(name, "other", "fingerprint", "R-90 R-139", "differs", "the same letters, divided otherwise",
                  theirs=person(*other, 1, "bob"))
        book.fail(name, "provider-only", "fingerprint", "R-90 R-139", "differs", "a longer provider",
                  theirs={**theirs, "provider": theirs["provider"] + b"\0"})
        book.fail(name, "user-only", "fingerprint", "R-90 R-139", "differs", "a longer user",
                  theirs={**theirs, "user": theirs["user"] + b"\0"})
        book.fail(name, "ours", "fingerprint", "R-90 R-139", "differs", "the names of the other side",
                  ours=person(*one, 1, "alice"))


def _groups(number):
    return [number[i:i + 5] for i in range(0, 60, 5)]


def _numbers(book, name, number):
    full = name == "fingerprint/alice-bob"
    for slug, typed in (("plain", number), ("groups", " ".join(_groups(number))),
                        ("lines", "\r\n".join(number[i:i + 20] for i in range(0, 60, 20))),
                        ("white-space", "\t".join(_groups(number)) + "\f\n"), ("each-digit", " ".join(number)))[:5 if full else 2]:
        book.ok(f"{name}/typed/{slug}", "compare-number", "R-91", {"typed": typed}, name)

    def fail(slug, why, typed, expect="NotANumber"):
        book.fail(name, "typed/" + slug, "compare-number", "R-91", expect, why, typed=typed)
    for at in (0, 1, 4, 5, 28, 29, 30, 31, 54, 55, 58, 59) if full else (0, 59):
        other = str((int(number[at]) + 1) % 10)
        fail(f"digit-{at}", "one digit differs", number[:at] + other + number[at + 1:], "Different")
    fail("sides-exchanged" if number[:30] != number[30:] else "all-zero", "the larger side first",
         number[30:] + number[:30] if number[:30] != number[30:] else "0" * 60, "Different")
    fail("59-digits", "one digit too few", number[:-1])
    fail("61-digits", "one digit too many", number + "0")
    if full:
        _odd_numbers(fail, number)


def _odd_numbers(fail, number):
    fail("half", "one side only", number[:30])
    fail("twice", "the number twice", number * 2)
    fail("empty", "nothing", "")
    fail("only-spaces", "60 spaces", " " * 60)
    fail("first-59-and-space", "a space in place of a digit", number[:-1] + " ")
    fail("letter", "a letter in place of a digit", number[:-1] + "O")
    fail("letter-more", "60 digits and a letter", number + "x")
    fail("letter-before", "a letter and 60 digits", "x" + number)
    fail("hyphens", "hyphens between the groups", "-".join(_groups(number)))
    fail("sign", "a sign in place of the first digit", "+" + number[1:])
    fail("nul", "a byte 0 behind it", number + "\0")
    fail("arabic-digit", "an Arabic-Indic digit", number[:-1] + chr(0x660 + int(number[-1])))
    fail("all-arabic-digits", "Arabic-Indic digits throughout", "".join(chr(0x660 + int(c)) for c in number))
    fail("fullwidth-digit", "a full-width digit", chr(0xFF10 + int(number[0])) + number[1:])
    fail("superscript", "a superscript digit", number[:-1] + "\u00b2")
    fail("no-break-space", "a no-break space between two groups", number[:30] + "\u00a0" + number[30:])
    fail("ideographic-space", "an ideographic space between two groups", number[:30] + "\u3000" + number[30:])
    fail("zero-width-space", "a zero-width space between two groups", number[:30] + "\u200b" + number[30:])
    fail("all-zero", "sixty zeros", "0" * 60, "Different")


def _codes(book, name, out, code):
    """`code` is what the other device shows."""
    book.ok(name + "/scanned", "compare-code", "R-92", {"code": code}, name)

    def fail(slug, expect, why, shown):
        book.fail(name, "scanned/" + slug, "compare-code", "R-92", expect, why, code=shown)
    if out["ours"]["h"] != out["theirs"]["h"]:
        fail("own-code", "Different", "our own screen", bytes.fromhex(out["code"]))
        fail("halves-swapped", "Different", "the halves exchanged", code[:2] + code[34:] + code[2:34])
        fail("first-half-twice", "Different", "their side twice", code[:34] + code[2:34])
        fail("second-half-twice", "Different", "our side twice", code[:2] + code[34:] * 2)
    fail("first-half", "Different", "a bit flipped in the first half", flip(code, 2))
    fail("second-half", "Different", "a bit flipped in the second half", flip(code, 65, 0x80))
    fail("truncated", "Malformed(Truncated)", "one byte too few", code[:-1])
    fail("trailing", "Malformed(TrailingBytes)", "one byte too many", code + b"\0")
    if name == "fingerprint/alice-bob":
        _odd_codes(fail, out, code)


def _odd_codes(fail, out, code):
    fail("first-half-end", "Different", "a bit flipped at the end of the first half", flip(code, 33, 0x80))
    fail("second-half-start", "Different", "a bit flipped at the start of the second half", flip(code, 34))
    fail("both-halves", "Different", "a bit flipped in both halves", flip(flip(code, 2), 34))
    fail("version", "Malformed(UnsupportedVersion)", "version 2", put(code, 0, b"\2"))
    fail("version-0", "Malformed(UnsupportedVersion)", "version 0", put(code, 0, b"\0"))
    fail("version-and-type", "Malformed(UnsupportedVersion)", "another version and another type", b"\2\2" + code[2:])
    fail("type", "Malformed(WrongKind)", "another type", put(code, 1, b"\x31"))
    fail("empty", "Malformed(Truncated)", "no byte", b"")
    fail("version-only", "Malformed(Truncated)", "the version alone", code[:1])
    fail("one-half", "Malformed(Truncated)", "the first half alone", code[:34])
    fail("three-halves", "Malformed(TrailingBytes)", "a third half", code + code[2:34])
    fail("digits", "Malformed(UnsupportedVersion)", "the digits in place of the code", out["number"].encode())


# ---- Trust

PARTIES = {"alice": ALICE, "alice 2": {**ALICE, "device": 2}, "alice 3": {**ALICE, "device": 3},
           "alice 2 new": {**ALICE, "device": 2, "identity": person("", "alice new")["identity"]},
           "alice 0": {**ALICE, "device": 0}, "alice last": {**ALICE, "device": 2**32 - 1},
           "alice and a nul": {**ALICE, "user": b"alice\0"}, "alic": {**ALICE, "user": b"alic"},
           "alice 256": {**ALICE, "device": 256},
           "alice new": {**ALICE, "identity": person("", "alice new")["identity"]},
           "alice elsewhere": {**ALICE, "provider": b"example.net"}, "alicia": {**ALICE, "user": b"alicia"},
           "bob": BOB, "bob new": {**BOB, "identity": MALLORY["identity"]}, "mallory": MALLORY,
           "bob ed25519": {**BOB, "identity": MALLORY["identity"][:32] + BOB["identity"][32:]},
           "bob x25519": {**BOB, "identity": BOB["identity"][:32] + MALLORY["identity"][32:]},
           "zed": person("", "z"), "zoe": person("aa", "zoe"), "bea": person("b", "a"), "al": person("example.org", "al")}
SCRIPTS = [
    ("first-use", "meets somebody twice; only the first time is a change",
     ["meet bob", "meet bob", "meet alice", "meet bob"]),
    ("changed", "another identity is refused until it is accepted, and then the old one is",
     ["meet bob", "meet bob new", "verify bob new", "meet bob", "accept-change bob new", "meet bob new", "meet bob",
      "verify bob", "verify bob new", "accept-change bob", "meet bob"]),
    ("half-changed", "an identity of which one half is the pinned one's is another identity",
     ["meet bob", "meet bob ed25519", "meet bob x25519", "verify bob ed25519", "verify bob x25519",
      "accept-change bob x25519", "meet bob", "meet bob ed25519"]),
    ("verify-unknown", "verifying pins who was not known", ["verify alice", "meet alice", "verify bob"]),
    ("verify-devices", "verifying marks the user's devices that have the identity, and nobody else",
     ["meet alice", "meet alice 2 new", "meet alice 3", "meet alice elsewhere", "meet alicia", "verify alice",
      "meet alice 2", "meet alice 2 new", "meet alice 3", "meet alice elsewhere", "meet alicia", "verify alice elsewhere"]),
    ("new-device", "another device of a user, with the identity that is known and with another one",
     ["meet alice", "meet alice 3", "meet alice 2 new", "meet alice 0", "meet alice last"]),
    ("new-device-of-verified", "a device met after the comparison is verified if it has the identity that was compared",
     ["verify alice", "meet alice 2 new", "meet alice 3", "meet alice 3", "verify alice 2 new"]),
    ("new-device-of-two", "one device has the identity, another one was compared: what is met is not verified",
     ["meet alice", "verify alice 2 new", "meet alice 3", "verify alice", "meet alice 256"]),
    ("new-device-first-and-last", "the first and the last device of a user are the user's",
     ["verify alice last", "meet alice 0", "forget alice last", "meet alice 256", "forget alice 256", "forget alice 0",
      "meet alice last", "verify alice 0", "meet alice"]),
    ("new-user", "the same identity at another provider or user is nobody's other device",
     ["verify alice", "meet alice elsewhere", "meet alicia", "meet alice and a nul", "meet alic", "verify alice 256"]),
    ("new-device-accepted", "a device that is accepted, and not met, is not verified",
     ["verify alice", "accept-change alice 2", "meet alice 2", "accept-change alice 2", "accept-change alice 2 new", "verify alice 2 new",
      "accept-change alice 2"]),
    ("verify-again-marks-nobody", "verifying who is verified marks nobody else either",
     ["verify alice", "meet alice 2 new", "accept-change alice 2", "verify alice", "meet alice 2", "verify alice 2", "verify alice 2",
      "verify alice"]),
    ("verify-from-new-device", "verifying a device that is not known marks the others",
     ["meet alice", "meet alice 3", "verify alice 2"]),
    ("accept-unverifies", "an accepted change is not verified, and other devices keep their mark",
     ["verify alice", "verify alice 2", "accept-change alice new", "meet alice 2", "verify alice new",
      "accept-change alice 2 new", "verify alice new"]),
    ("accept-same", "accepting what is pinned changes nothing: a verified identity stays verified",
     ["verify alice", "accept-change alice", "meet bob", "accept-change bob"]),
    ("accept-unknown", "accepting who was not known pins", ["accept-change alice", "meet alice", "meet alice new"]),
    ("accept-gives", "accepting tells what was known before",
     ["accept-change bob", "accept-change bob", "accept-change bob new", "verify bob new", "accept-change bob new",
      "accept-change bob", "accept-change bob new", "accept-change alice", "accept-change alice 2", "accept-change alice 2 new"]),
    ("forget", "who was forgotten is met for the first time again, and not verified",
     ["verify alice", "forget alice", "forget alice", "meet alice new", "forget mallory", "meet alice"]),
    ("forget-device", "a forgotten device is a new device again, verified by what was compared for another",
     ["verify alice", "meet alice 2", "forget alice", "meet alice new", "forget alice new", "meet alice", "forget alice 2",
      "meet alice 2 new", "forget alice", "meet alice 3"]),
    ("forget-by-address", "forgetting does not look at the identity", ["verify alice", "forget alice new", "meet alice new"]),
    ("order", "a snapshot is in the order of addresses: provider, user, device",
     ["meet zoe", "meet bea", "meet alice 3", "meet zed", "meet alice", "verify al", "meet bob", "meet alicia"]),
    ("empty", "nobody is known", ["forget alice"])]


def _steps(lines):
    return [dict(zip(("do", "party"), line.split(" ", 1))) for line in lines]


def _trust(book):
    for slug, _, lines in SCRIPTS:
        steps = _steps(lines)
        made = book.ok("trust/" + slug, "trust", "R-43 R-140", {
            "parties": {name: PARTIES[name] for name in dict.fromkeys(step["party"] for step in steps)}, "steps": steps})
        _restore_cases(book, made["name"], bytes.fromhex(made["out"]["snapshot"]), made["out"]["steps"][-1])
    book.ok("trust/verify-again", "trust", "R-43", {
        "parties": {"alice": ALICE}, "steps": _steps(["verify alice", "verify alice", "forget alice", "verify alice"])},
            "trust/verify-unknown")
    _full(book)


def _full(book):
    who = {name: PARTIES[name] for name in ("alice", "alice new", "alice 2", "bob")}
    book.ok("trust/full", "trust", "R-140", {
        "parties": who, "counted": {"count": fingerprints.MAX_PARTIES - 1, "identity": MALLORY["identity"]},
        "steps": _steps(["meet alice", "meet bob", "verify bob", "accept-change bob", "meet alice", "meet alice 2", "verify alice",
                         "verify alice 2", "meet alice 2", "accept-change alice 2", "accept-change alice new",
                         "verify alice new", "meet alice", "forget alice", "verify bob", "accept-change alice"])},
            "trust/first-use")


def stored(epoch, entries, count=None):
    body = u32(len(entries) if count is None else count) + b"".join(entries)
    return resum(b"CFDT" + b"\x04\x01" + u64(epoch) + body + bytes(8))


def resum(snapshot):
    return snapshot[:-8] + checksum(snapshot[:-8])


def _restore_cases(book, name, snapshot, last):
    def fail(slug, expect, why, encoded=None, min_epoch=0, req="R-105 R-122"):
        given = {} if encoded is None else {"snapshot": encoded}
        wrapped = expect if expect == "Stale" else f"Malformed({expect})"
        book.fail(name, "restore/" + slug, "restore-trust", req, wrapped, why, min_epoch=min_epoch, **given)
    book.ok(name + "/restored", "restore-trust", "R-43 R-105", {"min_epoch": last["epoch"]}, name)
    fail("stale", "Stale", "an older one than the least", None, last["epoch"] + 1, "R-43")
    fail("magic", "WrongKind", "another magic", flip(snapshot, 3))
    fail("kind", "WrongKind", "a group's kind", resum(put(snapshot, 4, b"\3")))
    fail("version", "UnsupportedVersion", "version 2", resum(put(snapshot, 5, b"\2")))
    fail("checksum", "Corrupted", "the checksum flipped", flip(snapshot, len(snapshot) - 1))
    fail("damaged", "Corrupted", "a bit of the body flipped", flip(snapshot, 17))
    if name == "trust/order":
        _frame_failures(fail, snapshot)
        _body_failures(fail, last["epoch"])


def _frame_failures(fail, snapshot):
    fail("empty", "Truncated", "no byte", b"")
    fail("magic-only", "Truncated", "the magic alone", snapshot[:4])
    fail("no-checksum", "Corrupted", "the checksum is missing", snapshot[:-8])
    fail("truncated", "Corrupted", "one byte too few", snapshot[:-1])
    fail("trailing", "Corrupted", "one byte too many", snapshot + b"\0")
    fail("epoch-changed", "Corrupted", "another number of changes", flip(snapshot, 13))
    fail("corrupted-and-stale", "Corrupted", "damaged, and older than the least", flip(snapshot, 20), 2**63)


def _body_failures(fail, epoch):
    listed = sorted(((wire.address(*(p[k] for k in ("provider", "user", "device"))), p["identity"]) for p in PARTIES.values()
                     if p in (ALICE, BOB, PARTIES["alice 3"])), key=lambda entry: fingerprints.address_order(entry[0]))
    one, two, three = (address + identity + b"\0" for address, identity in listed)
    address, identity = listed[0]

    def body(slug, expect, why, entries, count=None):
        fail(slug, expect, why, stored(epoch, entries, count))
    body("descending", "NotCanonical", "two entries exchanged", [one, three, two])
    body("twice", "NotCanonical", "an address twice", [one, one, two])
    body("twice-other-identity", "NotCanonical", "an address twice, with two identities",
         [one, address + MALLORY["identity"] + b"\0", two])
    lengths_first = [wire.address(b"b", b"x", 1) + identity + b"\0", wire.address(b"aa", b"x", 1) + identity + b"\0"]
    body("lengths-first", "NotCanonical", "in the order of their encodings, not of their names", lengths_first)
    body("verified-2", "NotCanonical", "verified: 2", [one, address[:-1] + b"\x63" + identity + b"\2"])
    body("verified-255", "NotCanonical", "verified: 255", [one[:-1] + b"\xff"])
    body("address-tag", "NotCanonical", "the provider's tag is 2", [put(one, 0, b"\2")])
    body("user-tag", "NotCanonical", "the user's tag is 3", [put(one, 2 + one[1], b"\3")])
    body("device-tag", "NotCanonical", "the device's tag is 4", [put(one, len(address) - 5, b"\4")])
    body("no-user", "NotCanonical", "an empty user", [b"\1\0\2\0\3\0\0\0\1" + identity + b"\0", two])
    body("ed25519", "InvalidKey", BAD_A[0][2], [address + BAD_A[0][1] + identity[32:] + b"\0"])
    body("x25519", "InvalidKey", BAD_U[0][2], [address + identity[:32] + BAD_U[0][1] + b"\0"])
    body("count-one-more", "Truncated", "an entry is missing", [one, two], 3)
    body("count-one-less", "TrailingBytes", "an entry too many", [one, two], 1)
    body("count-0", "TrailingBytes", "an entry too many, of none", [one], 0)
    body("too-many", "TooMany", "100,001 claimed", [one], fingerprints.MAX_PARTIES + 1)
    body("largest-count", "TooMany", "2^32 - 1 claimed", [one], 2**32 - 1)
    body("most-claimed", "Truncated", "100,000 claimed, one there", [one], fingerprints.MAX_PARTIES)
    tagged = put(one, 0, b"\2")
    body("most-claimed-and-tag", "NotCanonical", "100,000 claimed, one there, whose provider's tag is 2", [tagged],
         fingerprints.MAX_PARTIES)
    body("most-claimed-and-descending", "NotCanonical", "100,000 claimed, two there, exchanged", [two, one], fingerprints.MAX_PARTIES)
    body("most-claimed-and-key", "InvalidKey", "100,000 claimed, a bad identity in the first",
         [address + BAD_A[0][1] + identity[32:]], fingerprints.MAX_PARTIES)
    body("descending-before-key", "NotCanonical", "two addresses exchanged, and a bad identity behind the second",
         [two, address + BAD_A[0][1] + identity[32:] + b"\0"])
    body("descending-before-end", "NotCanonical", "two addresses exchanged, and nothing behind the second", [two, address])
    body("most-claimed-and-verified", "NotCanonical", "100,000 claimed, verified: 2 in the last that is there", [one, two[:-1] + b"\2"],
         fingerprints.MAX_PARTIES)
    body("too-many-and-tag", "TooMany", "100,001 claimed, a bad tag in the first", [tagged], fingerprints.MAX_PARTIES + 1)
    body("ends-in-the-tag", "Truncated", "two claimed, one there, and a good tag", [one, two[:1]], 2)
    body("ends-before-verified", "Truncated", "ends before the mark", [one[:-1]])
    body("ends-in-the-identity", "Truncated", "ends in the identity", [one[:-9]])
    body("trailing-byte", "TrailingBytes", "one byte too many", [one, two + b"\0"], 2)
    fail("no-count", "Truncated", "no count", resum(b"CFDT\x04\x01" + u64(epoch) + bytes(3) + bytes(8)))


BUILDERS = {"fingerprint.json": fingerprint_file}
