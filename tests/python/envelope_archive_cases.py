"""Cases of archive.json: series of archives, and who opens them."""

import envelope_archive as model
import envelope_archive_ops as ops
import envelope_file_cases as files
from book import EDITS, Book, derive
from envelope_archive import Core
from envelope_cases import about
from envelope_file import HEAD, SEALED
from envelope_file_cases import (CHUNK, DESTROYED, KEYRING, LOCAL, OTHER_LOCAL, OTHER_X25519, PASSPHRASE, ROTATED, SERVICE, UNIT, X25519,
                                 code_kek, corrupt)
from envelope_file_edits import Edits
from envelope_records import decode_context
from envelope_recovery import CodePair
from ops import show
from primitives import TAG, Replay
from wire import lp16, u16, u64

CREATED = 1_790_000_000
CONTEXT = about("Archive").encode()
OTHER_CONTEXTS = [("purpose", "another purpose", about("File")), ("user", "another user", about("Archive", user=b"bob")),
                  ("less", "an entry less", about("Archive", without=[8]))]


def archive_file():
    book = Book("archive.json",
                "Archives. `seal-archives` makes a series, each the one after the one before it; `random` are the draws of each, `announced` is another "
                "length than the text's, and `after` the core of the one before the first; `add_root_key` adds a keyring's own; of a local key with a `count` there are so many, whose references are counted in four bytes. `open-archive` seals "
                "the same, changes archive `which` by `edit`, and opens it `with` something, `expected` being an id and a least epoch, or the one `after` "
                "another of the series, or nothing. `decode-archive-info` reads the `core` of the last one. What wraps is as in wrapped.json. A failure's `in` stands over the `in` of the vector named in `of`, and over the last archive's `out.core`; large values "
                "are listed by length and SHA-256. In an edit null is the end. " + EDITS)
    for build in (_series, _many, _destroyed, _last_epoch):
        build(book)
    return book


def archive(name, length, keks, created=CREATED, first=False):
    return {"created": created, "text": {"repeat": UNIT, "length": length}, "recipients": keks,
            "random": ([derive(name + " id", 16)] if first else []) + [derive(name + " key", 32), *files.draws(name, keks),
                                                                      derive(name + " salt", 24)]}


CODE = code_kek()
SERIES = [("one", [(0, [LOCAL])]), ("mixed", [(33_000, [X25519, SERVICE, KEYRING, CODE, LOCAL, code_kek(4), OTHER_X25519])]),
          ("chain", [(1_000, [X25519]), (50, [X25519, LOCAL]), (300, [LOCAL, X25519]), (0, [X25519])]),
          ("lengths", [(CHUNK - 1, [CODE]), (CHUNK, [CODE])]), ("passphrase", [(100, [PASSPHRASE, X25519])])]


def _series(book):
    for slug, listed in SERIES:
        name = "series/" + slug
        archives = [archive(f"{slug} {i}", length, keks, CREATED + 86_400 * i, i == 0) for i, (length, keks) in enumerate(listed)]
        given = {"context": CONTEXT, "archives": archives}
        book.ok(name, "seal-archives", "R-104 R-105 R-142", given)
        for i, (_, keks) in enumerate(listed):
            for j, kek in enumerate(keks):
                book.ok(f"{name}/{i}/opened-{j}", "open-archive", "R-104", {"which": i, "with": kek}, name)
            if PASSPHRASE in keks:
                continue
            if slug != "lengths":
                _header_failures(book, name, given, i)
            _body_failures(book, name, given, i)
        if slug == "passphrase":
            _wrong_passphrases(book, name, given)
            continue
        _not_made(book, name, given)
        _infos(book, name)
        _wrong_keks(book, name, listed)
        _expectations(book, name, given)


# ---- What is not made

def _not_made(book, name, given):
    first, rest = given["archives"][0], given["archives"][1:]
    keks = first["recipients"]

    def fail(slug, expect, why, req="R-104", **changed):
        book.fail(name, slug, "seal-archives", req, expect, why, archives=[{**first, **changed}, *rest])
    fail("nobody", "NoRecipients", "nobody could open it", recipients=[], random=first["random"][:2])
    fail("twice", "Duplicate", "a recipient twice", recipients=[*keks, keks[0]],
         random=[*first["random"][:-1], *files.draws("again", keks[:1])])
    fail("root-key", "NotPlain", "a keyring's own root key", add_root_key=KEYRING["bytes"], random=first["random"][:-1])
    fail("root-key-alone", "NotPlain", "a keyring's own root key, of number 1, and nobody else", recipients=[], random=first["random"][:2],
         add_root_key=ROTATED["bytes"])
    fail("limit", "TooLong", "a length above 2^51 is announced", announced=2**51 + 1, random=[])
    fail("limit-most", "TooLong", "a length of 2^64 - 1 is announced", announced=2**64 - 1, random=[])
    for more in (-1, 1, CHUNK):
        if first["text"]["length"] + more >= 0:
            fail(f"announced-{more}", "SealArchiveError", "another length is announced", announced=first["text"]["length"] + more)
    for drawn, what in enumerate(("id", "key")):
        fail(f"no-randomness-{drawn}", "Randomness", f"the generator fails at the {what}", "R-24", random=first["random"][:drawn])
    fail("no-salt", "Randomness", "the generator fails at the salt", "R-24", random=first["random"][:-1])
    if keks[0] != SERVICE:
        fail("no-wrapping", "Randomness", "the generator fails at the first wrapping", "R-24", random=first["random"][:2])
    for says in ("Unavailable", "Denied", "Invalid"):
        fail(f"service-{says.lower()}", f"Wrap(Kek({says}))", "the service does not wrap",
             recipients=[{**SERVICE, "says": says}], random=first["random"][:2])


# ---- What is remembered

def _infos(book, name):
    made = book.ok(name + "/info", "decode-archive-info", "R-104 R-122", {}, name)["out"]
    encoded = bytes.fromhex(book.named(name)["out"]["archives"][-1]["core"])
    edits = Edits(encoded)

    def fail(slug, expect, why, changed):
        book.fail(name, "info/" + slug, "decode-archive-info", "R-104 R-105 R-122", expect, why, core=changed)
    fail("magic", "WrongKind", "another magic", edits.whole_put(0, b"EAS1"))
    fail("format", "UnsupportedVersion", "another version of the format", edits.whole_put(3, b"2"))
    fail("version", "UnsupportedVersion", "version 2", edits.whole_put(4, b"\2"))
    fail("flags", "InvalidFlags", "an unknown flag", edits.whole_put(5, b"\x80"))
    fail("last-epoch", "NotCanonical", "the epoch 2^64 - 1", edits.whole_put(22, b"\xff" * 8 + b"\1" * 32))
    fail("epoch-or-previous", "NotCanonical", "an epoch without a predecessor, or a predecessor without an epoch",
         edits.whole_put(22, u64(0 if made["epoch"] else 1)))
    fail("length", "TooLong", "a length above 2^51", edits.whole_put(70, u64(2**51 + 1)))
    fail("behind", "TrailingBytes", "a byte behind the end", encoded + b"\0")
    for at in (0, 3, 4, 5, 6, 22, 30, 62, 70, 77):
        fail(f"cut-{at}", "Truncated", f"cut at byte {at}", encoded[:at])


# ---- Who cannot open it

def _wrong_keks(book, name, listed):
    keks = listed[0][1]

    def fail(slug, expect, why, kek, **changed):
        book.fail(name, slug, "open-archive", "R-104", expect, why, **{"which": 0, "with": kek, **changed})
    strangers = [{**LOCAL, "reference": b"device 3"}, files.STRANGER, {**SERVICE, "reference": b"kms/key/8"}, code_kek(5),
                 code_kek(3, "another set"), files.OTHER_KEYRING]
    for i, stranger in enumerate(strangers):
        fail(f"stranger-{i}", "Unwrap(WrongKek)", f"not for this {files.RECIPIENTS[stranger['type']]}", stranger)
    if LOCAL in keks:
        fail("device-key", "Unwrap(WrongKeyOrContext)", "another key under the same name", {**LOCAL, "key": OTHER_LOCAL["key"]})
    if SERVICE in keks:
        for says in ("Unavailable", "Denied", "Invalid"):
            fail(f"opened/service-{says.lower()}", f"Unwrap(Kek({says}))", "the service says so", {**SERVICE, "says": says})
        fail("service-context", "Unwrap(Kek(Invalid))", "another context, which the service is told of by a hash", SERVICE,
             with_context=OTHER_CONTEXTS[1][2].encode())
        fail("service-purpose", "Unwrap(WrongKeyOrContext)", "another purpose, for which the service is not asked", {**SERVICE, "says": "Denied"},
             with_context=OTHER_CONTEXTS[0][2].encode())
        _, _, header, body = ops.made(book.named(name)["in"])[0]
        fail("service-blob", "Limit", "a blob of 8,193 bytes is claimed", SERVICE,
             edit=Edits(header + body).put(files.service_blob(header), u16(8_193)))
    for slug, why, other in OTHER_CONTEXTS:
        fail("context-" + slug, "Unwrap(WrongKeyOrContext)", why, keks[0], with_context=other.encode())


def _wrong_passphrases(book, name, given):
    (_, _, header, body), = ops.made(show(given))
    for slug, expect, why, changed in files.wrong_passphrases(Edits(header + body), 82):
        book.fail(name, slug, "open-archive", "R-104", expect, why, which=0, **changed)
    first = given["archives"][0]
    twice = {**first, "recipients": [*first["recipients"], PASSPHRASE], "random": [*first["random"][:-1], *files.draws("again", [PASSPHRASE])]}
    book.fail(name, "twice", "seal-archives", "R-104", "Duplicate", "two passphrases", archives=[twice])


# ---- What the caller expects

def _expectations(book, name, given):
    cores = [core for core, *_ in ops.made(show(given))]

    def opened(slug, which, expected):
        book.ok(f"{name}/expected/{slug}", "open-archive", "R-104", {"which": which, "with": _with(given, which), "expected": expected}, name)

    def fail(slug, expect, why, which, expected):
        book.fail(name, "expected/" + slug, "open-archive", "R-104", expect, why,
                  **{"which": which, "with": _with(given, which), "expected": expected})
    for i, core in enumerate(cores):
        opened(f"{i}-least", i, {"id": core.id, "min_epoch": core.epoch})
        opened(f"{i}-any", i, {"id": core.id, "min_epoch": 0})
        fail(f"{i}-other-id", "WrongArchive", "another series is expected", i, {"id": derive("series", 16), "min_epoch": 0})
        fail(f"{i}-stale", "Stale", "a higher epoch is expected", i, {"id": core.id, "min_epoch": core.epoch + 1})
        fail(f"{i}-very-stale", "Stale", "the highest epoch is expected", i, {"id": core.id, "min_epoch": 2**64 - 1})
        fail(f"{i}-other-id-and-stale", "WrongArchive", "another series and a higher epoch are expected", i,
             {"id": derive("series", 16), "min_epoch": core.epoch + 1})
        fail(f"{i}-after-itself", "Stale", "it is expected to follow itself", i, {"after": i})
        if i:
            opened(f"{i}-after", i, {"after": i - 1})
            fail(f"{i - 1}-after-later", "Stale", "it is expected to follow a later one", i - 1, {"after": i})
        if i > 1:
            fail(f"{i}-after-first", "BrokenChain", "archives are missing between", i, {"after": 0})


def _with(given, which):
    return next(kek for kek in given["archives"][which]["recipients"] if kek != SERVICE)


# ---- Headers

def _header_failures(book, name, given, which):
    core, key, header, body = ops.made(show(given))[which]
    keks, edits, at = given["archives"][which]["recipients"], Edits(header + body), f"{which}/header/"

    def fail(slug, expect, why, edit, **more):
        book.fail(name, at + slug, "open-archive", "R-104 R-105", expect, why, **{"which": which, "with": keks[0], "edit": edit, **more})
    fields = [("magic", 0, b"EAS1", "Malformed(WrongKind)", "another magic"), ("format", 3, b"2", "Unsupported", "another version of the format"),
              ("version", 4, b"\2", "Unsupported", "version 2"), ("version-0", 4, b"\0", "Unsupported", "version 0"),
              ("flags", 5, b"\x80", "Unsupported", "an unknown flag"), ("length", 70, u64(2**51 + 1), "Limit", "a length above 2^51"),
              ("length-most", 70, b"\xff" * 8, "Limit", "a length of 2^64 - 1"), ("count-0", 78, u16(0), "Malformed(NotCanonical)", "no wrapped keys"),
              ("count-65", 78, u16(65), "Limit", "65 wrapped keys are claimed"), ("count-most", 78, b"\xff\xff", "Limit", "65,535 wrapped keys are claimed")]
    for slug, place, new, expect, why in fields:
        fail(slug, expect, why, edits.put(place, new))
    epoch = "no epoch and a predecessor" if core.epoch else "an epoch and no predecessor"
    fail("epoch-or-previous", "Malformed(NotCanonical)", epoch, edits.put(22, u64(0 if core.epoch else 1)))
    fail("last-epoch", "Malformed(NotCanonical)", "the epoch 2^64 - 1", edits.put(22, b"\xff" * 8))
    other = bytes(32) if core.epoch else b"\1" + bytes(31)
    fail("previous", "Malformed(NotCanonical)", "a predecessor where there is none, or none", edits.put(30, other))
    for place, what in ((6, "the id"), (62, "the time"), (77, "the length"), (len(header) - 32, "the MAC"), (len(header) - 1, "the MAC's end")):
        fail(f"flip-{place}", "UnauthenticHeader", f"a bit flipped in {what}", edits.flip(place))
    for place in sorted({0, 3, 4, 5, 6, 22, 30, 62, 70, 77, 78, 79, 80, 81, 82, len(header) - 33, len(header) - 32, len(header) - 1}):
        fail(f"cut-{place}", "Truncated", f"cut at byte {place}", edits.cut(place))
    _key_failures(fail, edits, header, len(keks))
    _forged(fail, edits, core, key, given, which)


def _key_failures(fail, edits, header, count):
    length, first = int.from_bytes(header[80:82], "big"), 82
    fail("key-magic", "Malformed(WrongKind)", "a wrapped key of another format", edits.flip(first))
    fail("key-type", "Unsupported", "an unknown type of wrapped key", edits.put(first + 1, b"\6"))
    fail("key-purpose", "Unwrap(WrongKeyOrContext)", "another purpose in the wrapped key", edits.put(first + 2, b"\2"))
    fail("key-flags", "Unsupported", "a flag of the wrapped key", edits.put(first + 3, b"\1"))
    fail("key-id", "Malformed(NotCanonical)", "a key id in the wrapped key", edits.put(first + 7, b"\1"))
    fail("key-epoch", "Malformed(NotCanonical)", "an epoch in the wrapped key", edits.put(first + 11, b"\1"))
    too_long = "Limit" if header[first + 1] in (1, 5) else "Malformed(NotCanonical)"
    fail("key-reference", too_long, "a reference of 65 bytes", edits.put(first + 12, b"\x41"))
    fail("key-body", "Unwrap(WrongKeyOrContext)", "a bit flipped at the end of the wrapped key", edits.flip(first + length - 1))
    fail("key-shorter", "Truncated", "a wrapped key of one byte less", edits.put(80, u16(length - 1)))
    fail("key-longer", "Malformed(TrailingBytes)", "a wrapped key of one byte more", edits.put(80, u16(length + 1)))
    fail("key-empty", "Truncated", "an empty wrapped key", edits.put(80, u16(0)))
    if count > 1:
        fail("count-less", "UnauthenticHeader", "one wrapped key less is claimed", edits.put(78, u16(count - 1)))
        second = 82 + length
        size = 2 + int.from_bytes(header[second:second + 2], "big")
        fail("key-twice", "Malformed(NotCanonical)", "a wrapped key in the place of the one behind it",
             {"parts": [[0, second], [80, second], [second + size, None]]})


def _forged(fail, edits, core, key, given, which):
    """Headers that whoever has the archive key could make, and headers of other archives."""
    where = decode_context(CONTEXT)
    wrapped = wrapped_keys(edits.base)

    def forge(key=key, **changed):
        other = Core(**{**core.__dict__, **changed})
        return edits.put(0, model.make_header(key, other, where, wrapped))
    fail("other-length", "WrongKeyOrContext", "authentic, and another length", forge(length=core.length + 1))
    fail("other-time", "WrongKeyOrContext", "authentic, and another time", forge(created=core.created + 1))
    fail("other-series", "WrongKeyOrContext", "authentic, and another series", forge(id=derive("other series", 16)))
    fail("other-key", "UnauthenticHeader", "a MAC under another archive key", forge(key=derive("other archive key", 32)))
    if core.epoch:
        fail("other-previous", "BrokenChain", "authentic, and another predecessor", forge(previous=derive("previous", 32)),
             expected={"after": which - 1})
        fail("later", "BrokenChain", "authentic, and a later one with the right predecessor", forge(epoch=core.epoch + 1),
             expected={"after": which - 1})


# ---- Bodies

def _body_failures(book, name, given, which):
    core, _, header, body = ops.made(show(given))[which]
    edits, size, last = Edits(header + body), len(header), core.length // CHUNK
    kek = given["archives"][which]["recipients"][0]

    def fail(slug, expect, why, edit):
        book.fail(name, f"{which}/body/{slug}", "open-archive", "R-104", expect, why, **{"which": which, "with": kek, "edit": edit})
    fail("header-alone", "Truncated", "the header alone", edits.cut(size))
    for at in (23, 24, 55):
        fail(f"cut-{at}", "Truncated", "cut before the first chunk", edits.cut(size + at))
    for at in (0, 23, 24, 55):
        fail(f"flip-{at}", "WrongKeyOrContext", "a bit flipped before the first chunk", edits.flip(size + at))
    fail("behind", corrupt(last), "a byte behind the end", edits.append(b"\0"))
    fail("chunk-behind", corrupt(last), "the last chunk again behind the end", edits.then(size + HEAD + SEALED * last, None))
    for k in range(last + 1):
        start = size + HEAD + SEALED * k
        end = start + (core.length % CHUNK + TAG if k == last else SEALED)
        fail(f"cut-at-chunk-{k}", "Truncated", f"cut before chunk {k}", edits.cut(start))
        fail(f"cut-in-chunk-{k}", "Truncated", f"cut behind the first byte of chunk {k}", edits.cut(start + 1))
        fail(f"cut-in-tag-{k}", "Truncated", f"cut before the last byte of chunk {k}", edits.cut(end - 1))
        fail(f"flip-{k}-first", corrupt(k), f"a bit flipped in chunk {k}", edits.flip(start))
        fail(f"flip-{k}-last", corrupt(k), f"a bit flipped in chunk {k}", edits.flip(end - 1))
        if k < last:
            following = min(end + SEALED, len(header + body))
            fail(f"swapped-{k}", corrupt(k), f"chunks {k} and {k + 1} exchanged", edits.swap(start, end, following))
            fail(f"chunk-{k}-twice", corrupt(k + 1), f"chunk {k} twice", edits.insert_copy(end, start, end))
            fail(f"without-chunk-{k}", corrupt(k) if k < last - 1 else "Truncated", f"chunk {k} left out", edits.remove(start, end))
    if which:
        other_header, other_body = ops.made(show(given))[which - 1][2:]
        fail("before", "WrongKeyOrContext", "the body of the archive before it", edits.put(size, other_body))
        book.fail(name, f"{which}/header-before", "open-archive", "R-104", "WrongKeyOrContext", "the header of the archive before it",
                  **{"which": which, "with": kek, "edit": {"parts": [other_header, [size, None]]}})


# ---- The most

def _many(book):
    """As many recipients as there can be."""
    name, key = "series/many", derive("device key", 32)

    def given(count):
        made = archive("many", 10, [], first=True)
        salts = [derive(f"many {i}", 24) for i in range(count)]
        return {"context": CONTEXT, "archives": [{**made, "recipients": [{"type": "local", "count": count, "key": key}],
                                                  "random": [*made["random"][:2], *salts, made["random"][2]]}]}
    book.ok(name, "seal-archives", "R-104", given(64))
    last = {"type": "local", "reference": (63).to_bytes(4, "big"), "key": key}
    book.ok(name + "/last", "open-archive", "R-104", {"which": 0, "with": last}, name)
    book.fail(name, "65", "seal-archives", "R-104", "TooMany", "65 recipients", archives=[
        {**given(65)["archives"][0], "random": given(65)["archives"][0]["random"][:-1]}])

    twice = {**given(64)["archives"][0]}
    twice["recipients"], twice["random"] = [*twice["recipients"], last], [*twice["random"][:-1], derive("many twice", 24)]
    book.fail(name, "64-twice", "seal-archives", "R-104", "TooMany", "64 recipients, and the last one again", archives=[twice])
    book.fail(name, "64-root-key", "seal-archives", "R-104", "TooMany", "64 recipients, and a keyring's own root key", archives=[
        {**given(64)["archives"][0], "random": given(64)["archives"][0]["random"][:-1], "add_root_key": KEYRING["bytes"]}])

    def fail(slug, expect, why, **changed):
        book.fail(name, slug, "open-archive", "R-104", expect, why, **{"which": 0, "with": last, **changed})
    core, archive_key, header, body = ops.made(show(given(64)))[0]
    wrapped = wrapped_keys(header)
    fail("claimed", "Limit", "65 are claimed", edit=Edits(header + body).put(78, u16(65)))
    beyond = core.encode() + u16(65) + b"".join(lp16(one) for one in [*wrapped, wrapped[0]])
    fail("beyond", "Limit", "65 are there, and authentic",
         edit=Edits(header + body).put(0, beyond + model.mac(archive_key, decode_context(CONTEXT), beyond)))
    fail("stranger", "Unwrap(WrongKek)", "the one behind the last", **{"with": {**last, "reference": (64).to_bytes(4, "big")}})
    fail("key", "Unwrap(WrongKeyOrContext)", "another key", **{"with": {**last, "key": derive("no", 32)}})


# ---- Root keys that have been destroyed, and keys that were wrapped for something else

def _destroyed(book):
    name = "series/rotated"
    given = {"context": CONTEXT, "archives": [archive("rotated", 20, [KEYRING, ROTATED, CODE], first=True)]}
    book.ok(name, "seal-archives", "R-104", given)
    for slug, kek in (("old", KEYRING), ("rotated", ROTATED), ("destroyed", DESTROYED)):
        book.ok(f"{name}/{slug}", "open-archive", "R-104", {"which": 0, "with": kek}, name)
    core, key, header, body = ops.made(show(given))[0]
    wrapped, where = wrapped_keys(header), decode_context(CONTEXT)

    def fail(slug, expect, why, kek=DESTROYED, keys=wrapped):
        forged = model.make_header(key, core, where, keys)
        book.fail(name, slug, "open-archive", "R-104", expect, why, **{"which": 0, "with": kek, "edit": {"parts": [forged, [len(header), None]]}})
    fail("only", "Unwrap(Destroyed)", "the root key is destroyed, and no other wrapped key names the keyring", keys=[wrapped[0], wrapped[2]])
    fail("second", "Unwrap(WrongKeyOrContext)", "the first is destroyed, and a bit flipped in the second",
         keys=[wrapped[0], Edits(wrapped[1]).whole_flip(len(wrapped[1]) - 1)])
    fail("stranger", "Unwrap(WrongKek)", "another keyring", files.OTHER_KEYRING)
    code = files.ops.kek(show(CODE))
    of_set = CodePair(code.about[:16], code.about[16], public=code.public)
    own = of_set.wrap(key, where, Replay(files.draws("of a set", [CODE])), owner=code.about[:16])
    fail("of-a-set", "Unwrap(WrongKeyOrContext)", "the archive key as a recovery set's own", CODE, [*wrapped[:2], own])
    fail("twice", "Malformed(NotCanonical)", "a code twice, once as in a recovery set", CODE, [*wrapped, own])


# ---- The last epoch

def _last_epoch(book):
    before = Core(derive("late series", 16), 2**64 - 3, derive("late previous", 32), CREATED, 7)
    name, late = "series/last", archive("late", 9, [LOCAL])
    given = {"context": CONTEXT, "after": before.encode(), "archives": [late]}
    made = book.ok(name, "seal-archives", "R-104", given)["out"]["archives"][0]
    book.ok(name + "/info", "decode-archive-info", "R-104", {}, name)
    book.ok(name + "/opened", "open-archive", "R-104",
            {"which": 0, "with": LOCAL, "expected": {"id": before.id, "min_epoch": 2**64 - 2}}, name)

    def fail(slug, expect, why, **changed):
        book.fail(name, slug, "seal-archives", "R-104", expect, why, **changed)
    assert made["epoch"] == 2**64 - 2
    fail("exhausted", "Exhausted", "one more", archives=[late, {**late, "random": []}])
    fail("exhausted-after", "Exhausted", "after the last one", after=bytes.fromhex(made["core"]), archives=[{**late, "random": []}])
    fail("after-cut", "Truncated", "what is remembered is cut", after=before.encode()[:-1])
    fail("after-first", "NotCanonical", "what is remembered has no epoch", after=Edits(before.encode()).whole_put(22, bytes(8)))
    book.fail(name, "stale", "open-archive", "R-104", "Stale", "the highest epoch is expected",
              **{"which": 0, "with": LOCAL, "expected": {"id": before.id, "min_epoch": 2**64 - 1}})


def wrapped_keys(header):
    """The wrapped keys of a header, as they are stored."""
    wrapped, at = [], 80
    for _ in range(int.from_bytes(header[78:80], "big")):
        size = int.from_bytes(header[at:at + 2], "big")
        wrapped, at = [*wrapped, header[at + 2:at + 2 + size]], at + 2 + size
    return wrapped


BUILDERS = {"archive.json": archive_file}
