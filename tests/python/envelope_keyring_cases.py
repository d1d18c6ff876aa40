"""Cases of keyring.json: changes of a keyring, and opening what was stored."""

from book import EDITS, Book, derive, flip, put
from envelope_cases import KEYRING_CONTEXT, NOW, ROOT
from envelope_keyring import (ACTIVE, DECRYPT_ONLY, DESTROYED, LAST, MAX_ROOT_KEYS, PENDING, Entry, Keyring, authentic, body,
                              open_keyring)
from envelope_ops import kek
from envelope_records import Context, file_wrap_key, root_wrap_key
from envelope_wrap import Local
from envelope_wrap_cases import by_keyring, code, kms, local, passphrase, recipient, rotated
from ops import show
from primitives import Replay
from wire import lp8, u8, u16, u32, u64

ENTRY, OTHER = 11, derive("envelope other key", 32)


def keyring_file():
    book = Book("keyring.json",
                "Keyrings. `keyring`: one is changed step by step, from `start` if it is given (a keyring's bytes, in pieces, and what "
                "opens it), each step drawing its `random`; KEKs are as in wrapped.json. Each step tells what is stored then; a refusal"
                " changes nothing. `id`, `epoch`, `active` and `keys` describe the last: `file_wrap_key` is of the root key of that "
                "number, and only a destroyed one has none; of more than 64 root keys only the `count` is listed. `open-keyring` opens "
                "what is stored; with `claimed`, also by a public key or a code. Large bytes are listed as their length and SHA-256. "
                "A failure's `in` stands over the `in` of the vector named in `of`, and over its `out.keyring`. " + EDITS)
    for build in (_created, _changed, _rotated, _refused, _full, _last_generations, _thieves, _other_owners, _other_purpose):
        build(book)
    return book


def _random(name, *sizes):
    return [derive(f"envelope {name} {i}", size) for i, size in enumerate(sizes)]


def _create(name, with_kek, *sizes):
    return {"do": "create", "with": with_kek, "now": NOW, "random": _random(name, 16, 32, *sizes)}


def _opens(book, name, with_kek):
    """It opens with its KEK; what fails is of `open-keyring`."""
    epoch = book.named(name)["out"]["epoch"]
    book.ok(name + "/opened", "open-keyring", "R-105", {"with": with_kek, "min_epoch": epoch, **_claimed(with_kek)}, name)
    return _failing(book, name, with_kek)


def _claimed(with_kek):
    return {"claimed": True} if with_kek["type"] in CLAIMED else {}


def _failing(book, name, with_kek):
    def fail(slug, expect, why, encoded=None, req="R-105 R-122", **given):
        more = {} if encoded is None else {"keyring": encoded}
        book.fail(name, slug, "open-keyring", req, expect, why, **{"with": with_kek, "min_epoch": 0, **_claimed(with_kek), **more, **given})
    return fail, bytes.fromhex(book.named(name)["out"]["keyring"])


# ---- A new one, by each kind of KEK

KEKS = [("local", local(), (24,)), ("x25519", recipient(), (32, 24)), ("code", code(), (32, 24)), ("service", kms(), ()),
        ("keyring", by_keyring(rotated("keyrings")), (24,)), ("passphrase", passphrase(), (16, 24))]
CLAIMED = ("x25519", "code")


def _created(book):
    for slug, with_kek, sizes in KEKS:
        name = "keyring/by-" + slug
        book.ok(name, "keyring", "R-105", {"context": KEYRING_CONTEXT.encode(), "steps": [_create(slug, with_kek, *sizes)]})
        fail, encoded = _opens(book, name, with_kek)
        wrong = local(b"that device") if slug == "local" else local()
        said = "WrongKeyOrContext" if slug != "service" else "Kek(Invalid)"
        fail("kek", "Unwrap(WrongKek)", "another KEK", None, **{"with": wrong})
        fail("context", f"Unwrap({said})", "another context", None, "R-101", context=Context(5).encode())
        fail("stale", "Stale", "an older one than the least", None, "R-43", min_epoch=1)
        fail("mac", "Unauthentic", "the last bit of the MAC flipped", flip(encoded, len(encoded) - 1))
        fail("epoch", "Unauthentic", "another epoch", put(encoded, 20, u64(1)))
        fail("wrapped", f"Unwrap({said})", "the wrapped key's last bit flipped", flip(encoded, len(encoded) - 33))
        fail("id", f"Unwrap({said})", "another keyring id", flip(encoded, 4))
        fail("purpose", "Unwrap(WrongKeyOrContext)", "another purpose", None, "R-101", context=Context(4, KEYRING_CONTEXT.entries).encode())
        fail("purpose-before-kek", "Unwrap(WrongKeyOrContext)", "another purpose, and another KEK", None, "R-101",
             context=Context(4).encode(), **{"with": wrong})
        _made_by_anybody(fail, with_kek["type"] in CLAIMED)
    _more_of_services(book)


def _made_by_anybody(fail, is_claimed):
    """A public key or a code opens only what is claimed: refused before anything is read."""
    for slug, other in (("recipient", recipient(ROOT)), ("code", code(index=4))):
        opens = {"with": other, "claimed": False}
        fail(f"by-{slug}", "MadeByAnybody", "a public key or a code", None, "R-142", **opens)
        fail(f"by-{slug}-and-nothing", "MadeByAnybody", "a public key or a code, and no byte", b"", "R-142", **opens)
        fail(f"by-{slug}-claimed", "Unwrap(WrongKek)", "another public key or code", None, "R-142", **{**opens, "claimed": True})
    if is_claimed:
        fail("not-claimed", "MadeByAnybody", "its own, where more than a claim is asked for", None, "R-142", claimed=False)


def _more_of_services(book):
    def fail(slug, expect, why, with_kek):
        book.fail("keyring/by-service", slug, "open-keyring", "R-105", expect, why, **{"min_epoch": 0, "with": with_kek})
    for said in ("Unavailable", "Denied", "Invalid"):
        fail("says-" + said.lower(), f"Unwrap(Kek({said}))", "what the service says", kms(says=said))
    fail("tells", "Unauthentic", "the service tells another key", kms(tells=derive("envelope told", 32)))


# ---- Changes

def _steps(name, first=local()):
    """A life: keys are added, activated, destroyed; the KEK changes."""
    return [_create(name, first, *((32, 24) if first["type"] == "x25519" else (24,))),
            {"do": "add", "now": NOW + 1, "random": _random(name + " 1", 32, 24)},
            {"do": "add", "now": NOW + 2, "random": _random(name + " 2", 32, 24)},
            {"do": "activate", "number": 1, "with": local(), "random": _random(name + " 3", 24, 24, 24)},
            {"do": "add", "now": NOW - 100, "random": _random(name + " 4", 32, 24)},
            {"do": "destroy", "number": 0},
            {"do": "change-kek", "with": recipient(), "random": _random(name + " 5", 32, 24)},
            {"do": "activate", "number": 3, "with": kms(), "random": _random(name + " 6", 24, 24)},
            {"do": "destroy", "number": 2},
            {"do": "add", "now": 2**64 - 1, "random": _random(name + " 7", 32, 24)},
            {"do": "change-kek", "with": local(), "random": _random(name + " 8", 24)}]


def _changed(book):
    name = "keyring/life"
    book.ok(name, "keyring", "R-105", {"context": KEYRING_CONTEXT.encode(), "steps": _steps("life")})
    fail, encoded = _opens(book, name, local())
    _frames(fail, encoded)
    _entries(fail, encoded)
    _orders(fail, encoded)


def _frames(fail, encoded):
    fail("magic", "Malformed(WrongKind)", "another magic", flip(encoded, 0))
    fail("magic-3", "Malformed(WrongKind)", "another third byte", flip(encoded, 2))
    for version in (b"0", b"2", b"\xff"):
        fail(f"version-{version.hex()}", "Malformed(UnsupportedVersion)", "another version", put(encoded, 3, version))
    ends = [len(encoded) - missing for missing in (33, 32, 31, 1)]
    for size in (0, 3, 4, 19, 20, 27, 28, 29, 30, 31, 38, 39, 40, 41, 42, *ends):
        fail(f"ends-at-{size}", "Malformed(Truncated)", f"{size} bytes", encoded[:size])
    fail("trailing", "Malformed(TrailingBytes)", "one byte too many", encoded + b"\0")
    fail("magic-alone", "Malformed(WrongKind)", "another magic, and nothing else", b"EFC1")
    fail("version-alone", "Malformed(UnsupportedVersion)", "another version, and nothing else", b"EKR2")
    fail("id", "Unwrap(WrongKeyOrContext)", "another keyring id", flip(encoded, 4))
    fail("changes", "Unauthentic", "another number of changes", flip(encoded, 27))
    fail("changes-high", "Unauthentic", "a large number of changes", put(encoded, 24, u32(LAST - 1)))
    for slug, at in (("generation", 23), ("generation-high", 20)):
        fail(slug, "Malformed(NotCanonical)", "another generation than the active one's", flip(encoded, at))
    for slug, at in (("generation-last", 20), ("changes-last", 24)):
        fail(slug, "Malformed(NotCanonical)", "the last number of 32 bits", put(encoded, at, u32(LAST)))
    fail("generation-before-end", "Malformed(NotCanonical)", "another generation, and no MAC", flip(encoded, 23)[:-32])
    fail("changes-before-end", "Malformed(NotCanonical)", "the last number of changes, and no MAC", put(encoded, 24, u32(LAST))[:-32])
    fail("end-before-generation", "Malformed(Truncated)", "another generation, and the last entry ends early", flip(encoded, 23)[:-33])
    for count, expect in ((0, "NotCanonical"), (MAX_ROOT_KEYS + 1, "TooMany"), (65_535, "TooMany")):
        fail(f"count-{count}", f"Malformed({expect})", "another number of root keys", put(encoded, 28, u16(count)))
    fail("too-many-and-end", "Malformed(TooMany)", "4,097 root keys, and nothing else", put(encoded, 28, u16(MAX_ROOT_KEYS + 1))[:30])
    fail("none-and-end", "Malformed(NotCanonical)", "no root key, and nothing else", put(encoded, 28, u16(0))[:30])
    for slug, at in (("mac-first", len(encoded) - 32), ("mac-last", len(encoded) - 1)):
        fail(slug, "Unauthentic", "a bit of the MAC flipped", flip(encoded, at))


def _opened(encoded):
    return open_keyring(encoded, KEYRING_CONTEXT, kek(show(local())))


def _entries(fail, encoded):
    good = _opened(encoded)
    states = [entry.state for entry in good.entries]
    assert states == [DESTROYED, DECRYPT_ONLY, DESTROYED, ACTIVE, PENDING]

    def changed(slug, expect, why, edits, count=None, sign=False):
        entries = [edits.get(number, entry) for number, entry in enumerate(good.entries)]
        unsigned = body(good.id, good.epoch, [entry for entry in entries if entry], count)
        signed = authentic(unsigned, good.roots[3], good.context) if sign else unsigned + encoded[-32:]
        fail(slug, expect, why, signed)

    def state(number, value):
        return {number: Entry(value, good.entries[number].created, good.entries[number].wrapped)}

    def wrapped(number, value):
        return {number: Entry(good.entries[number].state, good.entries[number].created, value)}
    for value in (0, 5, 255):
        changed(f"state-{value}", "Malformed(UnsupportedVersion)", "an unknown state", state(4, value))
    changed("two-active", "Malformed(NotCanonical)", "two active ones", state(4, ACTIVE))
    changed("none-active", "Malformed(NotCanonical)", "none active", state(3, PENDING))
    changed("active-decrypt-only", "Malformed(NotCanonical)", "the active one is decrypt-only: it has a generation", state(3, DECRYPT_ONLY))
    unnumbered = Entry(DECRYPT_ONLY, NOW, put(good.entries[3].wrapped, 8, u32(0)))
    changed("none-active-no-generation", "Malformed(NotCanonical)", "none active, and no generation", {3: unnumbered})
    revived = Entry(ACTIVE, NOW, good.entries[1].wrapped)
    fail("two-active-and-end", "Malformed(NotCanonical)", "a second active one, and nothing behind it",
         body(good.id, good.epoch, [good.entries[0], revived, *good.entries[2:4]], 5))
    changed("two-active-and-state", "Malformed(NotCanonical)", "a second active one, and an unknown state behind it",
            {1: revived, **state(4, 5)})
    fail("none-active-and-end", "Malformed(NotCanonical)", "none active, and no MAC",
         body(good.id, good.epoch, [*good.entries[:3], unnumbered, good.entries[4]]))
    fail("none-active-and-truncated", "Malformed(Truncated)", "none active, and the last entry ends early",
         body(good.id, good.epoch, [*good.entries[:3], unnumbered, good.entries[4]])[:-1])
    changed("destroyed-not-empty", "Malformed(NotCanonical)", "a destroyed one with its key", state(4, DESTROYED))
    changed("pending-empty", "Malformed(NotCanonical)", "a pending one without its key", wrapped(4, b""))
    changed("active-empty", "Malformed(NotCanonical)", "the active one without its key", wrapped(3, b""))
    changed("destroyed-revived", "Malformed(NotCanonical)", "a destroyed one is decrypt-only", state(0, DECRYPT_ONLY))
    changed("pending-decrypt-only", "Unauthentic", "a pending one is decrypt-only", state(4, DECRYPT_ONLY))
    changed("decrypt-only-pending", "Unauthentic", "a decrypt-only one is pending", state(1, PENDING))
    changed("created", "Unauthentic", "another time", {1: Entry(DECRYPT_ONLY, 0, good.entries[1].wrapped)})
    changed("destroyed-by-another", "Unauthentic", "a pending one is destroyed", {4: Entry(DESTROYED, good.entries[4].created)})
    changed("last-missing", "Unauthentic", "the last one is missing", {4: None})
    changed("count-more", "Malformed(UnsupportedVersion)", "one more claimed: the MAC begins with no state", {}, 6)
    changed("count-less", "Malformed(TrailingBytes)", "one less claimed", {}, 4)
    changed("most-claimed", "Malformed(UnsupportedVersion)", "4,096 claimed", {}, MAX_ROOT_KEYS)
    one, four = good.entries[1].wrapped, good.entries[4].wrapped
    changed("exchanged", "Malformed(NotCanonical)", "the keys of two exchanged", {**wrapped(1, four), **wrapped(4, one)})
    changed("twice", "Malformed(NotCanonical)", "one's key again", wrapped(4, one))
    changed("key-id", "Malformed(NotCanonical)", "the number of another in a wrapped key", wrapped(4, put(four, 4, u32(5))))
    changed("wrapped-epoch", "Malformed(NotCanonical)", "an epoch in a wrapped key", wrapped(4, put(four, 8, u32(1))))
    changed("wrapped-generation", "Malformed(NotCanonical)", "the generation in a pending one's wrapped key",
            wrapped(4, put(four, 8, u32(good.generation))))
    active = good.entries[3].wrapped
    for value in (0, 1, good.generation - 1, good.generation + 1, LAST):
        changed(f"active-generation-{value}", "Malformed(NotCanonical)", "another generation in the active one's wrapped key",
                wrapped(3, put(active, 8, u32(value))))
    _other_generations(fail, good, encoded)
    for slug, expect, value in (("kind", "WrongKind", flip(four, 0)), ("type", "UnsupportedVersion", put(four, 1, b"\6")),
                                ("purpose", "UnsupportedVersion", put(four, 2, b"\0")),
                                ("flags", "InvalidFlags", put(four, 3, b"\1")), ("truncated", "Truncated", four[:-1]),
                                ("trailing", "TrailingBytes", four + b"\0"),
                                ("reference", "TooLong", put(four, 12, b"\x41")), ("one-byte", "Truncated", four[:1])):
        changed("wrapped-" + slug, f"Malformed({expect})", "a wrapped key that is none", wrapped(4, value))
    _authentic(changed, good, state, wrapped)


def _other_generations(fail, good, encoded):
    """The same generation in head and epoch, but not that under which it was wrapped; with a good MAC."""
    active = good.entries[3].wrapped
    for value in (0, good.generation - 1, good.generation + 1, LAST - 1):
        entries = [*good.entries[:3], Entry(ACTIVE, good.entries[3].created, put(active, 8, u32(value))), good.entries[4]]
        forged = authentic(body(good.id, value << 32, entries), good.roots[3], good.context)
        fail(f"both-generations-{value}", "Unwrap(WrongKeyOrContext)", "another generation, in both places", forged, "R-43 R-105")


def _authentic(changed, good, state, wrapped):
    """Under a good MAC."""
    def sealed(number, by, place=good.context, root=None, to_wrap=root_wrap_key, named=None, owner=good.id):
        by_kek = Local(good.reference(by) if named is None else named, to_wrap(good.roots[by]))
        return by_kek.wrap(root or good.roots[number], place, Replay(_random("forged", 24)), number, owner=owner)
    four = good.entries[4].wrapped
    def by(with_kek):
        return kek(show(with_kek)).wrap(good.roots[4], good.context, Replay(_random("forged", 24)), 4, owner=good.id)
    cases = [("tag", "one's wrapped key changed", flip(four, len(four) - 1)),
             ("by-old", "wrapped by a root key that is not active", sealed(4, 1)), ("by-itself", "wrapped by itself", sealed(4, 4)),
             ("no-reference", "the active one's root wrap key, without its name", sealed(4, 3, named=b"")),
             ("other-keyring", "named as of another keyring", sealed(4, 3, named=bytes(16) + u32(3))),
             ("file-wrap", "wrapped by the active one's file wrap key", sealed(4, 3, to_wrap=file_wrap_key)),
             ("context", "wrapped under another context", sealed(4, 3, Context(5))),
             ("purpose", "wrapped for another purpose", sealed(4, 3, Context(4, good.context.entries))),
             ("no-owner", "wrapped for no keyring", sealed(4, 3, owner=b"")),
             ("other-owner", "wrapped for another keyring", sealed(4, 3, owner=flip(good.id, 15))),
             ("number-in-owner", "wrapped for this keyring and number", sealed(4, 3, owner=good.reference(4))),
             ("by-kek", "wrapped as the active one is", by(local())), ("by-service", "wrapped by a service", by(kms()))]
    for slug, why, value in cases:
        changed("authentic/" + slug, "Unauthentic", why, wrapped(4, value), sign=True)
    changed("authentic/two-active", "Malformed(NotCanonical)", "two active ones, authentic", state(4, ACTIVE), sign=True)
    changed("authentic/state", "Malformed(UnsupportedVersion)", "state 5, authentic", state(4, 5), sign=True)


def _orders(fail, encoded):
    """Two things are wrong: the first in order is found."""
    good, last = _opened(encoded), len(encoded) - 1
    other = {"with": local(b"that device")}
    fail("truncated-before-kek", "Malformed(Truncated)", "one byte too few, and another KEK", encoded[:-1], **other)
    fail("kek-before-mac", "Unwrap(WrongKek)", "another KEK, and another MAC", flip(encoded, last), **other)
    fail("kek-before-stale", "Unwrap(WrongKek)", "another KEK, and too old", None, min_epoch=99, **other)
    fail("mac-before-stale", "Unauthentic", "another MAC, and too old", flip(encoded, last), min_epoch=99)
    entries = [Entry(e.state, e.created, flip(e.wrapped, len(e.wrapped) - 1) if e.state == PENDING else e.wrapped) for e in good.entries]
    forged = authentic(body(good.id, good.epoch, entries), good.roots[3], good.context)
    fail("others-before-stale", "Unauthentic", "a wrapped key changed, under a good MAC, and too old", forged, min_epoch=99)
    fail("stale", "Stale", "an older one than the least", None, "R-43", min_epoch=good.epoch + 1)
    fail("far-stale", "Stale", "the largest least epoch", None, "R-43", min_epoch=2**64 - 1)
    fail("key", "Unwrap(WrongKeyOrContext)", "another key of this name", None, **{"with": local(key=derive("envelope other device", 32))})
    fail("context", "Unwrap(WrongKeyOrContext)", "another context", None, "R-101", context=Context(5).encode())


# ---- Added and activated at once

def _rotated(book):
    name = "keyring/rotated"
    steps = [_create("rotated", local(), 24),
             {"do": "rotate", "now": NOW + 1, "with": local(b"that device"), "random": _random("rotated 1", 32, 24, 24)},
             {"do": "add", "now": NOW + 2, "random": _random("rotated 2", 32, 24)},
             {"do": "rotate", "now": NOW + 3, "with": recipient(), "random": _random("rotated 3", 32, 24, 24, 24, 32, 24)},
             {"do": "destroy", "number": 0},
             {"do": "rotate", "now": NOW + 4, "with": kms(), "random": _random("rotated 4", 32, 24, 24, 24)},
             {"do": "activate", "number": 2, "with": local(), "random": _random("rotated 5", 24, 24, 24, 24)}]
    refused = {"do": "rotate", "now": NOW + 5, "with": local()}
    refusals = [{**refused, "random": _random("rotated no", *sizes)} for sizes in ((), (32,), (32, 24), (32, 24, 24, 24, 24))]
    refusals += [{**refused, "with": other, "random": _random("rotated no", 32, 24, 24, 24, 24)}
                 for other in (kms(says="Unavailable"), kms(b"n" * 65), kms(blob={"repeat": "62", "length": 8193}), recipient())]
    book.ok(name, "keyring", "R-24 R-105", {"context": KEYRING_CONTEXT.encode(), "steps": steps + refusals})
    fail, encoded = _opens(book, name, local())
    epoch = book.named(name)["out"]["epoch"]
    assert epoch == 4 << 32
    fail("stale", "Stale", "an older one than the least", None, "R-43", min_epoch=epoch + 1)
    fail("one-generation-before", "Stale", "a generation later asked for", None, "R-43", min_epoch=epoch + 2**32)
    fail("mac", "Unauthentic", "the last bit of the MAC flipped", flip(encoded, len(encoded) - 1))
    fail("kek", "Unwrap(WrongKek)", "the KEK of before", None, **{"with": kms()})


# ---- Refusals

def _refused(book):
    steps, drawn = _steps("refused", recipient()), _random("refusal", 32, 24)

    def activate(number, **more):
        return {"do": "activate", "number": number, "with": local(), "random": [], **more}
    refusals = [activate(3), activate(0), activate(1), activate(9), activate(2**32 - 1), activate(2),
                activate(2, random=_random("refusal", 24, 24)), activate(2, random=_random("refusal", 24, 24, 24)[:1]),
                activate(2, random=_random("refusal", 24, 24), **{"with": kms(says="Denied")}),
                activate(2, random=_random("refusal", 24, 24), **{"with": kms(b"n" * 65)}),
                activate(2, random=_random("refusal", 24, 24), **{"with": recipient()}),
                {"do": "destroy", "number": 1}, {"do": "destroy", "number": 0}, {"do": "destroy", "number": 9},
                {"do": "add", "now": NOW, "random": []}, {"do": "add", "now": NOW, "random": drawn[:1]},
                {"do": "change-kek", "with": local(), "random": []}, {"do": "change-kek", "with": recipient(), "random": drawn[:1]},
                {"do": "change-kek", "with": kms(says="Unavailable"), "random": []},
                {"do": "change-kek", "with": kms(b"n" * 65), "random": []},
                {"do": "change-kek", "with": kms(blob={"repeat": "62", "length": 8193}), "random": []}]
    begun = [{"do": "create", "with": with_kek, "now": NOW, "random": _random("refused", *sizes)}
             for with_kek, sizes in ((local(), (16, 32)), (local(), (16,)), (kms(says="Denied"), (16, 32)), (local(), ()))]
    ended = [{"do": "destroy", "number": 2}, {"do": "destroy", "number": 2}, activate(2)]
    played = [*begun, *steps[:6], *refusals, *ended]
    book.ok("keyring/refused", "keyring", "R-24 R-105", {"context": KEYRING_CONTEXT.encode(), "steps": played}, "keyring/life")


# ---- As many as there may be

def _full(book):
    """4,095 root keys of which all but one are destroyed: one more, and then no more."""
    keyring_id, destroyed = derive("envelope full", 16), MAX_ROOT_KEYS - 2
    entries = [_first("full", keyring_id, 7)] + [Entry(DESTROYED, NOW)] * destroyed
    encoded = authentic(body(keyring_id, 7 << 32 | 8_000, entries), ROOT, KEYRING_CONTEXT)
    at = len(encoded) - 32 - ENTRY * destroyed
    assert len(encoded[at:-32]) == ENTRY * destroyed
    pieces = [encoded[:at], {"repeat": encoded[at:at + ENTRY], "length": ENTRY * destroyed}, encoded[-32:]]
    steps = [{"do": "add", "now": NOW, "random": _random("full add", 32, 24)}, {"do": "add", "now": NOW, "random": []},
             {"do": "activate", "number": MAX_ROOT_KEYS - 1, "with": local(), "random": _random("full activate", 24, 24)},
             {"do": "destroy", "number": 0}, {"do": "add", "now": NOW, "random": []},
             {"do": "rotate", "now": NOW, "with": local(), "random": []}]
    start = {"bytes": pieces, "with": local()}
    book.ok("keyring/full", "keyring", "R-105", {"context": KEYRING_CONTEXT.encode(), "start": start, "steps": steps}, "keyring/life")


def _first(name, keyring_id, generation, root=ROOT, with_kek=local(), place=KEYRING_CONTEXT):
    """An active root key of number 0."""
    wrapped = kek(show(with_kek)).wrap(root, place, Replay(_random(name, 24)), 0, owner=keyring_id, epoch=generation)
    return Entry(ACTIVE, NOW, wrapped)


# ---- The last generations

def _last_generations(book):
    """Generations and changes stay below the last number of 32 bits, with which nothing is read."""
    keyring_id = derive("envelope last generations", 16)
    start = {"with": local()}
    change = {"do": "change-kek", "with": local(), "random": _random("last change", 24)}
    rotate = {"do": "rotate", "now": NOW, "with": local(), "random": _random("last rotate", 32, 24, 24, 24)}
    add = {"do": "add", "now": NOW, "random": _random("last add", 32, 24)}

    def activate(number, others):
        return {"do": "activate", "number": number, "with": local(), "random": _random("last activate", *[24] * others, 24)}
    for slug, generation, steps in (("changed", LAST - 2, [change, add]), ("activated", LAST - 2, [add, activate(1, 1)]),
                                    ("rotated", LAST - 2, [{**rotate, "random": rotate["random"][:3]}])):
        start["bytes"] = authentic(body(keyring_id, generation << 32, [_first(slug, keyring_id, generation)]), ROOT, KEYRING_CONTEXT)
        name = "keyring/last-generation-" + slug
        book.ok(name, "keyring", "R-43 R-105", {"context": KEYRING_CONTEXT.encode(), "start": start, "steps": steps}, "keyring/life")
        book.ok(name + "/opened", "open-keyring", "R-43 R-105", {"with": local(), "min_epoch": (LAST - 1) << 32}, name)
    start["bytes"] = authentic(body(keyring_id, (LAST - 1) << 32, [_first("end", keyring_id, LAST - 1)]), ROOT, KEYRING_CONTEXT)
    steps = [add, change, activate(1, 1), activate(0, 1), rotate, add, {"do": "destroy", "number": 1}, activate(1, 1)]
    _at_end(book, "generation", start, steps)
    start["bytes"] = authentic(body(keyring_id, 3 << 32 | LAST - 2, [_first("changes", keyring_id, 3)]), ROOT, KEYRING_CONTEXT)
    destroy = {"do": "destroy", "number": 1}
    _at_end(book, "changes", start, [add, add, destroy, {"do": "destroy", "number": 0}, rotate, activate(1, 1), destroy, add])


def _at_end(book, what, start, steps):
    """What is made there is stored, and read."""
    name = f"keyring/{what}-full"
    book.ok(name, "keyring", "R-43 R-105", {"context": KEYRING_CONTEXT.encode(), "start": start, "steps": steps}, "keyring/life")
    stopped = next(i for i, step in enumerate(book.named(name)["out"]["steps"]) if step["expect"] == "Full")
    book.ok(name + "/stored", "keyring", "R-43 R-105",
            {"context": KEYRING_CONTEXT.encode(), "start": start, "steps": steps[:stopped]}, "keyring/life")
    book.ok(name + "/opened", "open-keyring", "R-43 R-105", {"with": local(), "min_epoch": 0}, name + "/stored")


# ---- What somebody makes who has more than they should

def _thieves(book):
    """Of a keyring of generation 2, whoever got hold of the root keys of generations 0 and 1, and of everything that was ever stored."""
    begun = _create("thief", local(), 24)
    steps = [begun, {"do": "add", "now": NOW, "random": _random("thief 1", 32, 24)},
             {"do": "activate", "number": 1, "with": local(), "random": _random("thief 2", 24, 24)},
             {"do": "change-kek", "with": local(), "random": _random("thief 3", 24)}]
    name, given = "keyring/thief", {"context": KEYRING_CONTEXT.encode()}
    book.ok("keyring/thief/before", "keyring", "R-43", {**given, "steps": steps[:2]}, "keyring/life")
    book.ok("keyring/thief/between", "keyring", "R-43", {**given, "steps": steps[:3]}, "keyring/life")
    book.ok(name, "keyring", "R-43 R-105", {**given, "steps": steps})
    fail, encoded = _opens(book, name, local())
    now, before, between = (_opened(bytes.fromhex(book.named(n)["out"]["keyring"])) for n in (name, name + "/before", name + "/between"))
    assert (before.epoch, between.epoch, now.epoch) == (1, 1 << 32, 2 << 32)
    _old_root_key(book, fail, name, before, now)
    _same_root_key(book, fail, name, between, now)
    _moved_root_keys(fail, before, now)


def _made(keyring, number, wrapped, epoch, others=()):
    """A keyring of this root key alone, which whoever has it can make."""
    entries = [Entry(DESTROYED, NOW)] * number + [Entry(ACTIVE, NOW, wrapped), *others]
    return authentic(body(keyring.id, epoch, entries), keyring.roots[number], keyring.context)


def _old_root_key(book, fail, name, before, now):
    """Number 0, which was active in generation 0."""
    kept, least = before.entries[0].wrapped, {"req": "R-43 R-105", "min_epoch": now.epoch}
    book.ok(name + "/of-its-time", "open-keyring", "R-43", {"keyring": _made(before, 0, kept, 2), "with": local(), "min_epoch": 2}, name)
    for changes in (0, 1, LAST - 1):
        fail(f"old-changes-{changes}", "Stale", "the old root key in its generation", _made(before, 0, kept, changes), **least)
    fail("old-last-changes", "Malformed(NotCanonical)", "the old root key, and the last number of changes", _made(before, 0, kept, LAST), **least)
    fail("old-alone", "Stale", "the old root key in its generation, where the first epoch of the next is the least",
         _made(before, 0, kept, LAST - 1), "R-43", min_epoch=1 << 32)
    for epoch in (1 << 32, now.epoch, now.epoch + 1, 3 << 32, (LAST - 1) << 32 | LAST - 1, 2**64 - 1):
        raised = put(kept, 8, u32(epoch >> 32))
        expect = "Malformed(NotCanonical)" if epoch >> 32 == LAST else "Unwrap(WrongKeyOrContext)"
        fail(f"old-epoch-{epoch:x}", "Malformed(NotCanonical)", "the old root key with a higher epoch", _made(before, 0, kept, epoch), **least)
        fail(f"old-both-{epoch:x}", expect, "the old root key with a higher epoch, in its head too", _made(before, 0, raised, epoch), **least)
    one = before.entries[1].wrapped
    fail("old-with-pending", "Stale", "what was stored before, with the other root key pending",
         _made(before, 0, kept, 9, [Entry(PENDING, NOW, one)]), **least)


def _same_root_key(book, fail, name, between, now):
    """Number 1, which is active still, in the form that it had under the KEK of before."""
    kept, least = between.entries[1].wrapped, {"req": "R-43 R-105", "min_epoch": now.epoch}
    assert kept != now.entries[1].wrapped
    fail("same-of-its-time", "Stale", "the active root key in its former form", _made(between, 1, kept, 1 << 32 | 9), **least)
    fail("same-epoch", "Malformed(NotCanonical)", "the active root key in its former form, with the epoch of now",
         _made(between, 1, kept, now.epoch), **least)
    fail("same-both", "Unwrap(WrongKeyOrContext)", "the active root key in its former form, with the generation of now",
         _made(between, 1, put(kept, 8, u32(2)), now.epoch), **least)


def _moved_root_keys(fail, before, now):
    """Entries that are made the active one."""
    least = {"req": "R-43 R-105", "min_epoch": 0}
    under = put(now.entries[0].wrapped, 8, u32(2))
    fail("decrypt-only-active", "Unwrap(WrongKek)", "the decrypt-only one's entry made the active one's", _made(now, 0, under, 2 << 32), **least)
    renamed = _renamed(under, local()["reference"])
    fail("decrypt-only-renamed", "Unwrap(WrongKeyOrContext)", "the same, with the name of the KEK", _made(now, 0, renamed, 2 << 32), **least)
    moved = put(now.entries[1].wrapped, 4, u32(0))
    forged = authentic(body(now.id, 2 << 32, [Entry(ACTIVE, NOW, moved)]), now.roots[1], now.context)
    fail("renumbered", "Unwrap(WrongKeyOrContext)", "the active root key with another number", forged, **least)
    pending = put(before.entries[1].wrapped, 8, u32(0))
    fail("pending-active", "Unwrap(WrongKek)", "the pending one's entry made the active one's", _made(before, 1, pending, 0), **least)


def _renamed(wrapped, reference):
    return wrapped[:12] + lp8(reference) + wrapped[13 + wrapped[12]:]


# ---- Another owner

def _other_owners(book):
    """Under the same KEK and context: a root key of another keyring, and keys that are no root keys."""
    for slug, with_kek, sizes, unopened in (("local", local(), (24,), "WrongKeyOrContext"), ("x25519", recipient(), (32, 24), "WrongKeyOrContext"),
                                            ("code", code(), (32, 24), "WrongKeyOrContext"), ("service", kms(), (), "Kek(Invalid)")):
        fail, encoded = _failing(book, "keyring/by-" + slug, with_kek)
        keyring_id, means = encoded[4:20], kek(show(with_kek))
        cases = [("other-keyring", "a root key of another keyring", KEYRING_CONTEXT, derive("envelope other keyring", 16)),
                 ("no-owner", "an archive's key, wrapped under the keyring's context", KEYRING_CONTEXT, b""),
                 ("zeros", "a root key of a keyring whose id is zeros", KEYRING_CONTEXT, bytes(16)),
                 ("reference", "a key whose owner is the keyring and a number", KEYRING_CONTEXT, keyring_id + u32(0)),
                 ("file", "a key for the same, for a file", Context(2, KEYRING_CONTEXT.entries), keyring_id),
                 ("archive", "an archive's key", Context(4, KEYRING_CONTEXT.entries), b"")]
        for at, why, place, owner in cases:
            wrapped = means.wrap(OTHER, place, Replay(_random(f"{at} {slug}", *sizes)), 0, owner=owner)
            forged = authentic(body(keyring_id, 0, [Entry(ACTIVE, NOW, wrapped)]), OTHER, KEYRING_CONTEXT)
            expect = unopened if place is KEYRING_CONTEXT else "WrongKeyOrContext"
            fail("active-" + at, f"Unwrap({expect})", why + ", as the active one", forged, "R-101 R-105")


# ---- Another purpose

def _other_purpose(book):
    """A context of another purpose than a keyring's."""
    given = {"context": Context(1).encode(), "steps": _steps("other purpose")[:3]}
    book.ok("keyring/other-purpose", "keyring", "R-101", given, "keyring/life")


BUILDERS = {"keyring.json": keyring_file}
