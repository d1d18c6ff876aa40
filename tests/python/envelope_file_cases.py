"""Cases of file.json: bodies, parts of them, containers, pointers to attachments."""

import envelope_file as model
import envelope_file_ops as ops
from book import EDITS, Book, derive
from envelope_cases import about
from envelope_file import HEAD, SEALED
from envelope_file_edits import Edits, header_of
from envelope_keyring import create, open_keyring
from envelope_recovery import LONG, Code
from envelope_wrap import Local
from ops import data, show
from primitives import CHUNK, TAG, Replay
from wire import u8, u16, u32, u64

KEY, OTHER_KEY = derive("file key", 32), derive("other file key", 32)
CONTEXT, UNIT = about("File").encode(), "00112233445566"
OTHER_CONTEXTS = [("purpose", "another purpose", about("Derivative")), ("object", "another object", about("File", object=b"letter 18")),
                  ("tenant", "another tenant", about("File", tenant=b"acm")), ("less", "an entry less", about("File", without=[7]))]


def file_file():
    book = Book("file.json",
                "Files. `seal-file`: the detached form; the data is as listed, `random` are the file id and the salt. `open-file` seals the "
                "same, changes the body by `edit` (or, by `text`, what is encrypted), and opens it with what else the vector claims; in memory "
                "and from front to back it is the same, unless a `way` is named. `file-info` and `decode-file-info`: what is kept beside a wrapped key. `read-part` reads `part` bytes from `offset` on, after the last chunk. "
                "`seal-container`: the attached form; `random` are the draws of the wrapped keys and then file id and salt; "
                "`open-container` opens it, `edit` is of the whole object; `change-recipients` opens it, removes and adds, a keyring's own "
                "root key too (`add_root_key`), and opens the header that comes of it with `then`; of a local key with a `count` there are so many, whose "
                "references are counted in four bytes. "
                "What wraps is as in wrapped.json. `derivative`: keys. `pointer` and `decode-pointer`: the "
                "pointer alone; `object` is what is stored, any bytes. `attachment` seals a file and its derivatives and points to them; "
                "`fetch` compares and opens one of them. "
                "A failure's `in` stands over the `in` of the vector named in `of`, and over its `out.pointer` or `out.bytes`; large values are listed by length and "
                "SHA-256. In an edit null is the end. " + EDITS)
    for build in (_derivatives, _bodies, _alike, _infos, _parts, _containers, _changes, _pointers, _attachments):
        build(book)
    return book


# ---- Keys

def _derivatives(book):
    for kind in ("Thumbnail", "Preview", "Transcript", 0, 127):
        name = f"derivative/{kind}".lower()
        given = {"file_key": KEY, "kind": kind, "index": 1 if kind == "Preview" else 0}
        book.ok(name, "derivative", "R-103", given)

        def differs(slug, why, **changed):
            book.fail(name, slug, "derivative", "R-103", "differs", why, **changed)
        differs("key", "another file key", file_key=OTHER_KEY)
        differs("index", "another index", index=given["index"] + 1)
        differs("index-high", "another index", index=given["index"] + 2**24)
        differs("kind", "another kind", kind="Preview" if kind == "Thumbnail" else "Thumbnail")
        differs("application", "another of the application's", kind=5)
        made = model.derivative(KEY, ops.kind_of(kind), given["index"])
        differs("again", "a derivative of the derivative", file_key=made)


# ---- The detached form

LENGTHS = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 40_000]
PADDED_LENGTHS = [0, 1, 9, 1_000, CHUNK - 8, 17_000, 33_000]


def plain(length, name="body"):
    return {"file_key": KEY, "context": CONTEXT, "padded": False, "data": {"repeat": UNIT, "length": length},
            "random": [derive(f"{name} id {length}", 16), derive(f"{name} salt {length}", 24)]}


def _bodies(book):
    for length in LENGTHS:
        _body(book, f"file/{length}", plain(length))
    for length in PADDED_LENGTHS:
        _body(book, f"file/padded-{length}", {**plain(length, "padded"), "padded": True})
        _paddings(book, f"file/padded-{length}", length)


def body_of(given):
    return ops.sealed(show(given))


def _body(book, name, given):
    book.ok(name, "seal-file", "R-100 R-103", given)
    book.ok(name + "/opened", "open-file", "R-103", {}, name)
    info, body = body_of(given)

    def fail(slug, expect, why, **changed):
        book.fail(name, slug, "open-file", "R-103", expect, why, **changed)
    book.fail(name, "no-randomness", "seal-file", "R-24", "Randomness", "the generator fails", random=[])
    book.fail(name, "no-salt", "seal-file", "R-24", "Randomness", "the generator fails at the salt", random=given["random"][:1])
    for slug, expect, why, edit, *in_memory in body_edits(info, body):
        if not _is_shown(info, slug):
            continue
        if in_memory in ([], [expect]):
            fail(slug, expect, why, edit=edit)
        else:
            fail(slug, expect, why, edit=edit, way="front-to-back")
            fail(slug + "-in-memory", in_memory[0], why + ", in memory", edit=edit, way="in-memory")
    for slug, expect, why, changed in _claims(info):
        fail(slug, expect, why, **changed)


def corrupt(k):
    return f"Corrupt {{ chunk: {k} }}"


def body_edits(info, body):
    """(slug, expected, why, edit) of everything that can happen to a body; with another error in memory, where the length of all is seen first."""
    edits, last = Edits(body), info.chunks - 1
    yield "nothing", "Truncated", "nothing at all", edits.cut(0)
    for at, where in ((23, "in the salt"), (24, "behind the salt"), (55, "in the commitment")):
        yield f"cut-{at}", "Truncated", f"cut {where}", edits.cut(at)
    for at, where in ((0, "the salt"), (23, "the salt's last byte"), (24, "the commitment"), (55, "the commitment's last byte")):
        yield f"flip-{at}", "WrongKeyOrContext", f"a bit flipped in {where}", edits.flip(at)
    yield from _chunk_edits(info, edits, last)
    yield "byte-behind", corrupt(last), "a byte behind the end", edits.append(b"\0")
    yield "tag-behind", corrupt(last), "an empty chunk behind the end", edits.append(body[-TAG:])
    yield "body-behind", corrupt(last), "the whole body again behind the end", edits.then(0, None)
    yield "byte-before", "WrongKeyOrContext", "a byte before the beginning", edits.insert(0, b"\0")


ALWAYS = ("nothing", "cut-55", "flip-0", "flip-55", "byte-behind", "tag-behind", "cut-at", "cut-in")


def _is_shown(info, slug):
    """Everything for one chunk and for three; of what is between, where it ends."""
    return info.length < 2 or info.length > 32_000 and info.length % CHUNK or slug.startswith(ALWAYS)


def _chunk_edits(info, edits, last):
    for k in range(info.chunks):
        start, end = HEAD + SEALED * k, HEAD + SEALED * k + info.sealed_length(k)
        yield f"cut-at-chunk-{k}", "Truncated", f"cut before chunk {k}", edits.cut(start)
        yield f"cut-in-chunk-{k}", "Truncated", f"cut behind the first byte of chunk {k}", edits.cut(start + 1)
        yield f"cut-in-tag-{k}", "Truncated", f"cut before the last byte of chunk {k}", edits.cut(end - 1)
        for at, where in sorted({start: "first", end - TAG: "tag's first", end - 1: "tag's last"}.items()):
            yield f"flip-{at}", corrupt(k), f"a bit flipped in chunk {k}, its {where} byte", edits.flip(at)
        if info.chunks == 1:
            continue
        yield f"without-chunk-{k}", corrupt(k) if k < last - 1 else "Truncated", f"chunk {k} left out", edits.remove(start, end), "Truncated"
        yield f"chunk-{k}-twice", corrupt(min(k + 1, last)), f"chunk {k} twice", edits.insert_copy(end, start, end), corrupt(last)
        if k < last:
            following = HEAD + SEALED * (k + 1) + info.sealed_length(k + 1)
            yield f"swapped-{k}", corrupt(k), f"chunks {k} and {k + 1} exchanged", edits.swap(start, end, following)
            yield (f"chunk-{k}-over-next", corrupt(k + 1), f"chunk {k} in the place of the one behind it, as far as it has room",
                   edits.copy_over(end, start, following - end))


def _claims(info):
    yield "key", "WrongKeyOrContext", "another file key", {"with_key": OTHER_KEY}
    yield "id", "WrongKeyOrContext", "another file id", {"with_id": derive("another file", 16)}
    for slug, why, other in OTHER_CONTEXTS:
        yield f"context-{slug}", "WrongKeyOrContext", why, {"with_context": other.encode()}
    yield "limit", "Limit", "a length above 2^51", {"with_length": 2**51 + 1}
    last = info.chunks - 1
    yield "largest", "Truncated", "a length of 2^51", {"with_length": 2**51}
    other, what = (False, "taken for not padded") if info.padded else (True, "taken for padded")
    yield "other-padding", "WrongKeyOrContext", what, {"with_padded": other}
    if info.padded:
        yield ("other-padding-text", "WrongKeyOrContext", "taken for not padded, and as long as its text",
               {"with_padded": False, "with_length": info.text_length})
        return
    yield "longer", "Truncated", "a length of one byte more", {"with_length": info.length + 1}
    yield "chunk-longer", "Truncated", "a length of a chunk more", {"with_length": info.length + CHUNK}
    if info.length:
        shorter = model.Info(info.id, info.length - 1, False)
        yield "shorter", corrupt(shorter.chunks - 1), "a length of one byte less", {"with_length": info.length - 1}
    if info.length >= CHUNK:
        yield "chunk-shorter", corrupt(last - 1), "a length of a chunk less", {"with_length": info.length - CHUNK}


def _paddings(book, name, length):
    """Texts that are padded otherwise, and other claims of the length."""
    given = book.named(name)["in"]
    info = model.Info(data(given["random"][0]), length, True)
    text = model.text_of(data(given["data"]), True)
    edits, last = Edits(text), info.chunks - 1

    def fail(slug, expect, why, **changed):
        book.fail(name, slug, "open-file", "R-103", expect, why, **changed)
    end = len(text) - 8
    fail("text-length", corrupt(last), "another length at the end of the text", text=edits.flip(len(text) - 1))
    fail("text-length-high", corrupt(last), "another length at the end of the text, its first byte", text=edits.flip(end))
    fail("text-cut", "Truncated", "a text of one byte less", text=edits.cut(len(text) - 1))
    fail("text-longer", corrupt(last), "a zero more before the length", text=edits.insert(end, b"\0"))
    if end > length:
        for at in sorted({length, (length + end) // 2, end - 1}):
            fail(f"slack-{at}", corrupt(at // CHUNK), "padding that is not zero", text=edits.flip(at, 0x80))
    for claimed, what in ((length + 1, "more"), (length - 1, "less")):
        if claimed >= 0:
            expect = _claimed(info, model.Info(info.id, claimed, True), text)
            fail(f"length-{what}", expect, f"a length of one byte {what}", with_length=claimed)


def _claimed(info, other, text):
    """What a length of one more or less shows first."""
    if other.text_length > info.text_length:
        return "Truncated"
    if other.text_length < info.text_length:
        return corrupt(other.chunks - 1)
    if any(text[other.length:other.length + 1]) and other.length < info.length:
        return corrupt(other.length // CHUNK)
    return corrupt(info.chunks - 1)


def _alike(book):
    """A file that is not padded, and whose data is what another one's would be padded to."""
    name, length = "file/like-padded", 1_000
    text = model.text_of(b"\7" * length, True)
    given = {**plain(len(text), "like"), "data": text}
    book.ok(name, "seal-file", "R-103", given)
    book.ok(name + "/opened", "open-file", "R-103", {}, name)

    def fail(slug, expect, why, op="open-file", **changed):
        book.fail(name, slug, op, "R-103", expect, why, **changed)
    fail("padded", "WrongKeyOrContext", "taken for padded, with the length at its end", with_padded=True, with_length=length)
    fail("padded-part", "WrongKeyOrContext", "a part of it, taken for padded, with the length at its end", "read-part", offset=0, part=1,
         with_padded=True, with_length=length)
    fail("padded-whole", "WrongKeyOrContext", "taken for padded, with its own length", with_padded=True)
    fail("shorter", corrupt(0), "the length at its end, not padded", with_length=length)


# ---- What is kept beside a wrapped key

def _infos(book):
    for length, padded in ((0, False), (1, True), (2**51, False), (2**51, True)):
        name = f"info/{length}-{'padded' if padded else 'plain'}"
        made = book.ok(name, "file-info", "R-103", {"id": derive(name, 16), "length": length, "padded": padded})
        book.ok(name + "/decoded", "decode-file-info", "R-103 R-122", {}, name)
        encoded = bytes.fromhex(made["out"]["bytes"])

        def fail(slug, expect, why, changed):
            book.fail(name, slug, "decode-file-info", "R-103 R-105 R-122", expect, why, bytes=changed)
        book.fail(name, "limit", "file-info", "R-103", "Limit", "a length above 2^51", length=2**51 + 1)
        fail("bytes-limit", "Limit", "bytes with a length above 2^51", Edits(encoded).whole_put(16, u64(2**51 + 1)))
        fail("bytes-limit-most", "Limit", "bytes with a length of 2^64 - 1", Edits(encoded).whole_put(16, b"\xff" * 8))
        for flag in (1, 0x40, 0x81):
            fail(f"flags-{flag}", "Unsupported", "an unknown flag", encoded[:24] + u8(flag))
        fail("behind", "Malformed(TrailingBytes)", "a byte behind the end", encoded + b"\0")
        for at in (0, 15, 16, 23, 24):
            fail(f"cut-{at}", "Truncated", f"cut at byte {at}", encoded[:at])


# ---- Parts

def _parts(book):
    for name, length in (("file/0", 0), ("file/16384", CHUNK), ("file/40000", 40_000), ("file/padded-17000", 17_000),
                         ("file/padded-33000", 33_000)):
        ends = sorted({0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, length - 1, length} & set(range(length + 1)))
        wanted = {(at, size) for at in ends for size in (0, 2, CHUNK, length)} if length == 40_000 else {
            (at, size) for at in ends for size in (1, length)}
        for at, size in sorted(wanted | {(0, 2**51), (length, 1), (length + 1, 1), (2**64 - 1, 1), (1, 2**64 - 1)}):
            book.ok(f"{name}/part-{at}-{size}", "read-part", "R-103", {"offset": at, "part": size}, name)
        _part_failures(book, name)


def _part_failures(book, name):
    given = book.named(name)["in"]
    info, body = body_of(given)
    edits, last = Edits(body), info.chunks - 1

    def fail(slug, expect, why, offset=0, part=1, **changed):
        book.fail(name, "part/" + slug, "read-part", "R-103", expect, why, offset=offset, part=part, **changed)
    fail("cut", "Truncated", "cut by one byte", edit=edits.cut(len(body) - 1))
    fail("no-last-chunk", "Truncated", "the last chunk is missing", edit=edits.cut(HEAD + SEALED * last))
    fail("cut-nothing-read", "Truncated", "cut by one byte, and nothing is asked for", part=0, edit=edits.cut(len(body) - 1))
    fail("behind", corrupt(last), "a byte behind the end", edit=edits.append(b"\0"))
    fail("last", corrupt(last), "a bit flipped in the last chunk, which is not asked for", edit=edits.flip(len(body) - 1))
    fail("commitment", "WrongKeyOrContext", "a bit flipped in the commitment", edit=edits.flip(30))
    fail("key", "WrongKeyOrContext", "another file key", with_key=OTHER_KEY)
    fail("id", "WrongKeyOrContext", "another file id", with_id=derive("another file", 16))
    if info.chunks < 3:
        return
    first = edits.flip(HEAD)
    fail("first-chunk", corrupt(0), "a bit flipped in the chunk that is asked for", edit=first)
    fail("first-of-two", corrupt(0), "a bit flipped in the first of two chunks", offset=CHUNK - 1, part=2, edit=first)
    fail("second-of-two", corrupt(1), "a bit flipped in the second of two chunks", offset=CHUNK - 1, part=2, edit=edits.flip(HEAD + SEALED))
    fail("swapped", corrupt(1), "two chunks exchanged, one of them asked for", offset=CHUNK,
         edit=edits.swap(HEAD, HEAD + SEALED, HEAD + 2 * SEALED))
    fail("both", corrupt(last), "the last chunk and the one that is asked for", edit=edits.flip(len(body) - 1, and_at=HEAD))
    book.ok(f"{name}/part/other-chunk", "read-part", "R-103", {"offset": CHUNK, "part": 5, "edit": first}, name)


# ---- The attached form

LOCAL, OTHER_LOCAL = ({"type": "local", "reference": b"device %d" % i, "key": derive(f"device key {i}", 32)} for i in (1, 2))
X25519, OTHER_X25519, STRANGER = ({"type": "x25519", "secret": derive(f"recipient {i}", 32)} for i in (1, 2, 3))
SERVICE = {"type": "service", "reference": b"kms/key/7", "secret": derive("service", 32)}
PASSPHRASE = {"type": "passphrase", "passphrase": b"correct horse", "kib": 8192, "passes": 1, "lanes": 1}
DRAWS = {"local": [24], "x25519": [32, 24], "code": [32, 24], "keyring": [24], "service": [], "passphrase": [16, 24]}


def code_kek(index=3, name="set of the code"):
    return {"type": "code", "code": Code(LONG, index, derive(f"code {index}", 16)).text, "set_id": derive(name, 16)}


def keyring_kek(name):
    drawn = Replay([derive(name, 16), derive(name + " root", 32), derive(name + " salt", 24)])
    keyring = create(about("Keyring"), Local(LOCAL["reference"], LOCAL["key"]), 0, drawn)
    return {"type": "keyring", "context": keyring.context.encode(), "bytes": keyring.encode(), "with": LOCAL}


KEYRING, OTHER_KEYRING = keyring_kek("keyring"), keyring_kek("other keyring")


def rotated(given, destroyed):
    """The same keyring with another active root key, and the first one destroyed or not."""
    kek = Local(LOCAL["reference"], LOCAL["key"])
    keyring = open_keyring(given["bytes"], about("Keyring"), kek)
    keyring.rotate(kek, 0, Replay([derive(f"rotated {i}", size) for i, size in enumerate((32, 24, 24))]))
    if destroyed:
        keyring.destroy(0)
    return {**given, "bytes": keyring.encode()}


ROTATED, DESTROYED = rotated(KEYRING, False), rotated(KEYRING, True)


def draws(name, keks):
    """What wrapping for these draws."""
    return [derive(f"{name} {i} {j}", size) for i, kek in enumerate(keks) for j, size in enumerate(DRAWS[kek["type"]])]


def container(name, length, keks, header_length, padded=False):
    given = {**plain(length, name), "padded": padded, "recipients": keks, "header_length": header_length}
    given["random"] = draws(name, keks) + given["random"]
    return given


CONTAINERS = [("one", 1_000, [LOCAL], 256, False), ("empty", 0, [X25519], 200, False), ("nobody", 5, [], 0, False),
              ("mixed", 17_000, [X25519, SERVICE, KEYRING, LOCAL, OTHER_X25519, code_kek(), code_kek(4)], 1_152, False),
              ("padded", 17_000, [KEYRING, LOCAL], 384, True), ("exact", 3, [LOCAL], 65 + 2 + 21 + 104, False),
              ("passphrase", 100, [PASSPHRASE, LOCAL], 512, False)]
RECIPIENTS = {"x25519": "X25519 key", "local": "device", "service": "service", "keyring": "keyring", "code": "recovery code",
              "passphrase": "passphrase"}


def _containers(book):
    for slug, length, keks, header_length, padded in CONTAINERS:
        name = "container/" + slug
        given = container(slug, length, keks, header_length, padded)
        book.ok(name, "seal-container", "R-103 R-105", given)
        for i, kek in enumerate(keks):
            book.ok(f"{name}/opened-{i}", "open-container", "R-103", {"with": kek}, name)
        if PASSPHRASE in keks:
            _wrong_passphrases(book, name, given)
            continue
        _wrong_keks(book, name, keks)
        _header_failures(book, name, given)
        if keks:
            _service_failures(book, name, keks)
            _body_failures(book, name, given)


def _wrong_keks(book, name, keks):
    def fail(slug, expect, why, **changed):
        book.fail(name, slug, "open-container", "R-103", expect, why, **changed)
    strangers = [{**LOCAL, "reference": b"device 3"}, STRANGER, {**SERVICE, "reference": b"kms/key/8"}, code_kek(5),
                 code_kek(3, "another set"), OTHER_KEYRING]
    for i, stranger in enumerate(strangers):
        fail(f"stranger-{i}", "Unwrap(WrongKek)", f"not for this {RECIPIENTS[stranger['type']]}", **{"with": stranger})
    same_name = {**LOCAL, "key": OTHER_LOCAL["key"]}
    if LOCAL in keks:
        fail("device-key", "Unwrap(WrongKeyOrContext)", "another key under the same name", **{"with": same_name})
    for slug, why, other in OTHER_CONTEXTS if keks else ():
        kek = next(kek for kek in keks if kek != SERVICE)
        fail(f"context-{slug}", "Unwrap(WrongKeyOrContext)", why, **{"with": kek, "with_context": other.encode()})


def _wrong_passphrases(book, name, given):
    """Few: each takes Argon2id's memory."""
    _, header, body = ops.container(show(given))
    for slug, expect, why, changed in wrong_passphrases(Edits(header + body), 35):
        book.fail(name, slug, "open-container", "R-103 R-104", expect, why, **changed)


def wrong_passphrases(edits, first):
    """Of an object whose first wrapped key, which stands at `first`, is by a passphrase."""
    wrong, work = {**PASSPHRASE, "passphrase": b"correct horsf"}, first + 13
    yield "passphrase", "Unwrap(WrongKeyOrContext)", "another passphrase", {"with": wrong}
    yield "passphrase-stranger", "Unwrap(WrongKek)", "not for this key", {"with": STRANGER}
    for slug, at, new in (("memory-low", 1, u32(8191)), ("memory-high", 1, u32(2_097_153)), ("passes-0", 5, u32(0)), ("passes-65", 5, u32(65)),
                          ("lanes-0", 9, b"\0"), ("lanes-17", 9, b"\x11")):
        yield slug, "Unwrap(OutOfBounds)", "parameters out of bounds", {"with": PASSPHRASE, "edit": edits.put(work + at, new)}
    yield "passes", "Unwrap(WrongKeyOrContext)", "another pass", {"with": PASSPHRASE, "edit": edits.put(work + 5, u32(2))}
    yield "salt", "Unwrap(WrongKeyOrContext)", "a bit flipped in the passphrase's salt", {"with": PASSPHRASE, "edit": edits.flip(work + 10)}
    yield "argon2-version", "Unsupported", "another version of Argon2", {"with": PASSPHRASE, "edit": edits.put(work, b"\x10")}


def _service_failures(book, name, keks):
    if SERVICE not in keks:
        return

    def fail(slug, expect, why, service, **changed):
        book.fail(name, slug, "open-container", "R-103", expect, why, **{"with": service}, **changed)
    for says in ("Unavailable", "Denied", "Invalid"):
        fail(f"service-{says.lower()}", f"Unwrap(Kek({says}))", "the service says so", {**SERVICE, "says": says})
    fail("service-secret", "Unwrap(Kek(Invalid))", "another service of the same name", {**SERVICE, "secret": derive("other service", 32)})
    fail("service-context", "Unwrap(Kek(Invalid))", "another context, which the service is told of by a hash", SERVICE,
         with_context=OTHER_CONTEXTS[1][2].encode())
    fail("service-purpose", "Unwrap(WrongKeyOrContext)", "another purpose, for which the service is not asked", {**SERVICE, "says": "Denied"},
         with_context=OTHER_CONTEXTS[0][2].encode())
    _, header, body = ops.container(book.named(name)["in"])
    at = service_blob(header)
    for size in (8_193, 65_535):
        fail(f"service-blob-{size}", "Limit", f"a blob of {size} bytes is claimed", SERVICE, edit=Edits(header + body).put(at, u16(size)))
    fail("service-blob-8192", "Truncated", "a blob of 8,192 bytes is claimed, which could be", SERVICE, edit=Edits(header + body).put(at, u16(8_192)))


def service_blob(header):
    """Where the length of the service's blob stands."""
    name = bytes([len(SERVICE["reference"])]) + SERVICE["reference"]
    return header.index(name) + len(name)


def _header_failures(book, name, given):
    info, header, body = ops.container(show(given))
    kek = given["recipients"][0] if given["recipients"] else LOCAL
    edits, size = Edits(header + body), len(header)

    def fail(slug, expect, why, edit, kek=kek):
        book.fail(name, "header/" + slug, "open-container", "R-103 R-105", expect, why, **{"with": kek, "edit": edit})
    fields = [("magic", 0, b"EFD1", "Malformed(WrongKind)", "another magic"), ("magic-case", 0, b"efC1", "Malformed(WrongKind)", "another magic"),
              ("format", 3, b"2", "Unsupported", "another version of the format"), ("version", 4, b"\2", "Unsupported", "version 2"),
              ("version-0", 4, b"\0", "Unsupported", "version 0"), ("flag-0", 5, b"\1", "Unsupported", "an unknown flag"),
              ("flag-6", 5, b"\xc0", "Unsupported", "an unknown flag beside the known one"),
              ("length-odd", 6, u16(size + 1), "Malformed(NotCanonical)", "a length that is no multiple of 64"),
              ("length-32", 6, u16(size + 32), "Malformed(NotCanonical)", "a length that is no multiple of 64"),
              ("length-64", 6, u16(64), "Malformed(NotCanonical)", "a length of 64"), ("length-0", 6, u16(0), "Malformed(NotCanonical)", "no length")]
    for slug, at, new, expect, why in fields:
        fail(slug, expect, why, edits.put(at, new))
    if len(header + body) < 65_472:
        fail("length-largest", "Truncated", "longer than the object", edits.put(6, u16(65_472)))
    for at in (0, 3, 4, 5, 7, 8, 24, 32, 33, size - 33, size - 1):
        if 0 < at < size:
            fail(f"cut-{at}", "Truncated", f"cut at byte {at}", edits.cut(at))
    fail("nothing", "Truncated", "nothing at all", edits.cut(0))
    _entry_failures(fail, edits, header, given)
    if given["recipients"]:
        _forged(fail, info, header, given)


def _entry_failures(fail, edits, header, given):
    count, size = len(given["recipients"]), len(header)
    slack = size - model.room([k.head + k.body for k in header_of(header).wrapped])
    end = size - model.MAC
    if slack:
        fail("slack-first", "Malformed(NotCanonical)", "a byte behind the wrapped keys", edits.flip(end - slack))
        fail("slack-last", "Malformed(NotCanonical)", "a byte behind the wrapped keys, the last one", edits.flip(end - 1))
        fail("count-more", "Truncated", "one wrapped key more is claimed", edits.put(32, bytes([count + 1])))
    fail("count-most", "Truncated", "255 wrapped keys are claimed", edits.put(32, b"\xff"))
    if not count:
        return
    fail("count-less", "Malformed(NotCanonical)", "one wrapped key less is claimed", edits.put(32, bytes([count - 1])))
    fail("id", "UnauthenticHeader", "another file id", edits.flip(8))
    fail("masked-length", "UnauthenticHeader", "another length", edits.flip(31))
    fail("padded", "UnauthenticHeader", "the other padding", edits.flip(5, 0x80))
    fail("mac", "UnauthenticHeader", "a bit flipped in the MAC", edits.flip(end))
    fail("mac-end", "UnauthenticHeader", "a bit flipped at the end of the MAC", edits.flip(size - 1))
    _wrapped_failures(fail, edits, header)


def _wrapped_failures(fail, edits, header):
    """Of the first wrapped key, which is the one that is tried."""
    length, first = int.from_bytes(header[33:35], "big"), 35
    fail("key-magic", "Malformed(WrongKind)", "a wrapped key of another format", edits.flip(first))
    fail("key-type-0", "Unsupported", "an unknown type of wrapped key", edits.put(first + 1, b"\0"))
    fail("key-type-6", "Unsupported", "an unknown type of wrapped key", edits.put(first + 1, b"\6"))
    fail("key-purpose", "Unwrap(WrongKeyOrContext)", "another purpose in the wrapped key", edits.put(first + 2, b"\4"))
    fail("key-purpose-0", "Unsupported", "an unknown purpose", edits.put(first + 2, b"\0"))
    fail("key-flags", "Unsupported", "a flag of the wrapped key", edits.put(first + 3, b"\1"))
    fail("key-id", "Malformed(NotCanonical)", "a key id", edits.flip(first + 7))
    fail("key-epoch", "Malformed(NotCanonical)", "an epoch", edits.flip(first + 11))
    too_long = "Limit" if header[first + 1] in (1, 5) else "Malformed(NotCanonical)"
    fail("key-reference", too_long, "a reference of 65 bytes", edits.put(first + 12, b"\x41"))
    fail("key-body", "Unwrap(WrongKeyOrContext)", "a bit flipped at the end of the wrapped key", edits.flip(first + length - 1))
    fail("key-shorter", "Truncated", "a wrapped key of one byte less", edits.put(33, u16(length - 1)))
    fail("key-longer", "Malformed(TrailingBytes)", "a wrapped key of one byte more", edits.put(33, u16(length + 1)))
    fail("key-empty", "Truncated", "an empty wrapped key", edits.put(33, u16(0)))
    fail("key-largest", "Truncated", "a wrapped key that is longer than the header", edits.put(33, u16(0xFFFF)))


def _forged(fail, info, header, given):
    """Headers that whoever has the file key could make, and headers of other files."""
    wrapped, (_, _, body) = [k.head + k.body for k in header_of(header).wrapped], ops.container(show(given))
    edits = Edits(header + body)

    def forge(key=KEY, file_id=info.id, length=info.length, padded=info.padded):
        other = model.Info(file_id, 0, padded)
        other.length = length
        return edits.put(0, model.make_header(key, other, wrapped, len(header)))
    fail("limit", "Limit", "authentic, and a length above 2^51", forge(length=2**51 + 1))
    fail("limit-most", "Limit", "authentic, and a length of 2^64 - 1", forge(length=2**64 - 1))
    fail("longer", "Truncated", "authentic, and a length of a chunk more", forge(length=info.length + CHUNK))
    fail("other-file", "WrongKeyOrContext", "the header of another file with the same key", forge(file_id=derive("other file", 16)))
    fail("other-key", "UnauthenticHeader", "a MAC under another file key", forge(key=OTHER_KEY))
    fail("other-padding", "WrongKeyOrContext", "authentic, and the other padding", forge(padded=not info.padded))
    _named_twice(fail, edits, info, header, given)


def _named_twice(fail, edits, info, header, given):
    """Two recipients that are named alike, which nobody adds."""
    wrapped, first = [k.head + k.body for k in header_of(header).wrapped], given["recipients"][0]
    again = ops.kek(show(first)).wrap(KEY, ops.context(show(given)), Replay(draws("once more", [first])))
    for slug, why, twice in (("twice", "a wrapped key twice", [wrapped[0], *wrapped]), ("named-twice", "a recipient twice, wrapped for anew", [*wrapped, again])):
        size = model.header_length(model.room(twice))
        forged = model.make_header(KEY, info, twice, size)
        fail(slug, "Malformed(NotCanonical)", "authentic, and " + why, {"parts": [forged, [len(header), None]]})


def _body_failures(book, name, given):
    info, header, body = ops.container(show(given))
    kek, edits, size = given["recipients"][0], Edits(header + body), len(header)

    def fail(slug, expect, why, edit):
        book.fail(name, "body/" + slug, "open-container", "R-103", expect, why, **{"with": kek, "edit": edit})
    for slug, expect, why, edit, *_ in body_edits(info, body):
        if name in ("container/mixed", "container/padded") or slug in ("nothing", "cut-23", "flip-0", "byte-behind"):
            fail(slug, expect, why, edits.behind(size, edit))
    fail("header-alone", "Truncated", "the header alone", edits.cut(size))
    fail("header-twice", "WrongKeyOrContext", "the header twice", edits.insert_copy(size, 0, size))
    _, other = ops.sealed(show({**plain(info.length, "other"), "padded": info.padded}))
    fail("other-body", "WrongKeyOrContext", "the body of another file", edits.put(size, other))


# ---- Recipients come and go

def _changes(book):
    name, keks = "container/two", [LOCAL, X25519]
    given = container("two", 50, keks, 512)
    book.ok(name, "seal-container", "R-103", given)
    _wrong_keks(book, name, keks)

    def change(slug, then, with_=LOCAL, **changed):
        added = changed.get("add", [])
        made = {"with": with_, "then": then, "draws": draws("change " + slug, added), **changed}
        return made
    book.fail(name, "sealed-twice", "seal-container", "R-103", "Duplicate", "a recipient twice",
              **{**container("two", 50, [*keks, X25519], 512), "random": draws("two", [*keks, X25519])})
    book.fail(name, "sealed-no-room", "seal-container", "R-103", "NoRoom", "there is no room for so many", header_length=256)
    book.fail(name, "sealed-denied", "seal-container", "R-103", "Wrap(Kek(Denied))", "the service does not wrap",
              recipients=[{**SERVICE, "says": "Denied"}], random=[])
    book.fail(name, "sealed-no-randomness", "seal-container", "R-24", "Wrap(Randomness)", "the generator fails at the first wrapping", random=[])
    adding = {"added": change("added", SERVICE, add=[SERVICE]), "removed": change("removed", LOCAL, remove=[1]),
              "replaced": change("replaced", OTHER_X25519, X25519, remove=[1], add=[OTHER_X25519]),
              "same": change("same", X25519), "others": change("others", KEYRING, X25519, remove=[0, 0], add=[KEYRING]),
              "again": change("again", LOCAL, remove=[0], add=[LOCAL])}
    for slug, changed in adding.items():
        book.ok(f"{name}/{slug}", "change-recipients", "R-103", changed, name)

    def fail(slug, expect, why, changed):
        book.fail(name, slug, "change-recipients", "R-103", expect, why, **changed)
    fail("gone", "Unwrap(WrongKek)", "who was removed", change("gone", X25519, remove=[1]))
    fail("never", "Unwrap(WrongKek)", "who was not added", change("never", SERVICE, remove=[1]))
    fail("by-stranger", "Unwrap(WrongKek)", "changed by a stranger", change("by-stranger", LOCAL, OTHER_LOCAL, remove=[1]))
    fail("twice", "Duplicate", "somebody who is there", change("twice", LOCAL, add=[LOCAL]))
    fail("twice-public", "Duplicate", "a public key that is there", change("twice-public", LOCAL, add=[X25519]))
    same_name = {**LOCAL, "key": OTHER_LOCAL["key"]}
    fail("twice-named", "Duplicate", "another key of a name that is there", change("twice-named", LOCAL, add=[same_name]))
    fail("no-room", "NoRoom", "there is no room for so many", change("no-room", LOCAL, add=[SERVICE, KEYRING]))
    book.ok(f"{name}/full", "change-recipients", "R-103", change("full", KEYRING, add=[KEYRING]), name)
    fail("full-twice", "Duplicate", "somebody who is there, and there is no room", change("full-twice", KEYRING, add=[KEYRING, KEYRING]))
    fail("full-denied", "Wrap(Kek(Unavailable))", "the service does not wrap, and there is no room",
         change("full-denied", KEYRING, add=[KEYRING, {**SERVICE, "says": "Unavailable"}]))
    fail("root-key", "NotPlain", "a keyring's own root key", change("root-key", LOCAL, add_root_key=KEYRING["bytes"]))
    fail("root-key-numbered", "NotPlain", "a keyring's own root key, of number 1", change("root-key", LOCAL, add_root_key=ROTATED["bytes"]))
    fail("root-key-full", "NotPlain", "a keyring's own root key, and there is no room",
         change("full", KEYRING, add_root_key=KEYRING["bytes"], add=[KEYRING]))
    fail("no-randomness", "Wrap(Randomness)", "the generator fails", {**change("no-randomness", OTHER_LOCAL, add=[OTHER_LOCAL]), "draws": []})
    fail("denied", "Wrap(Kek(Denied))", "the service does not wrap", change("denied", LOCAL, add=[{**SERVICE, "says": "Denied"}]))
    _many(book)
    _destroyed(book)


def _many(book):
    """The most that a count can say."""
    small, key = {**LOCAL, "reference": b""}, derive("device key", 32)
    given = container("many", 7, [small], 70_000)
    name = "container/many"
    book.ok(name, "seal-container", "R-103", given)

    def more(count):
        return {"add": [{"type": "local", "count": count, "key": key}], "draws": [derive(f"many {i}", 24) for i in range(count)]}
    last = {"type": "local", "reference": u32(253), "key": key}
    book.ok(f"{name}/255", "change-recipients", "R-103", {"with": small, "then": last, **more(254)}, name)

    def fail(slug, expect, why, **changed):
        book.fail(name, slug, "change-recipients", "R-103", expect, why, **{"with": small, "then": small, "draws": [], **changed})
    fail("256", "NoRoom", "256 recipients", **more(255))
    twice = more(254)
    fail("255-twice", "Duplicate", "255 recipients, and the first of them once more", add=[*twice["add"], small],
         draws=[*twice["draws"], derive("many twice", 24)])
    fail("255-beyond", "Unwrap(WrongKek)", "the one behind the last", then={**last, "reference": u32(254)}, **more(254))
    fail("nobody", "Unwrap(WrongKek)", "nobody is left", remove=[0])
    fail("stranger", "Unwrap(WrongKek)", "somebody else", then=LOCAL)


# ---- Root keys that have been destroyed

def _destroyed(book):
    name = "container/rotated"
    given = container("rotated", 20, [KEYRING, ROTATED, LOCAL], 512)
    book.ok(name, "seal-container", "R-103", given)
    for slug, kek in (("old", KEYRING), ("rotated", ROTATED), ("destroyed", DESTROYED)):
        book.ok(f"{name}/{slug}", "open-container", "R-103", {"with": kek}, name)
    _, header, body = ops.container(show(given))
    edits, wrapped = Edits(header + body), header_of(header).wrapped
    second = 35 + len(wrapped[0].head + wrapped[0].body) + 2

    def fail(slug, expect, why, **changed):
        book.fail(name, slug, "open-container", "R-103", expect, why, **{"with": DESTROYED, **changed})
    end = second + len(wrapped[1].head + wrapped[1].body) - 1
    fail("second", "Unwrap(WrongKeyOrContext)", "the first is destroyed, and a bit flipped in the second", edit=edits.flip(end))
    fail("first", "Unwrap(WrongKeyOrContext)", "a bit flipped in the first, which is not destroyed, and the second is not tried",
         **{"with": ROTATED, "edit": edits.flip(second - 3)})
    fail("stranger", "Unwrap(WrongKek)", "another keyring", **{"with": OTHER_KEYRING})
    fail("context", "Unwrap(WrongKeyOrContext)", "another context, of the second one", with_context=OTHER_CONTEXTS[1][2].encode())
    _only_destroyed(book)


def _only_destroyed(book):
    name = "container/destroyed"
    book.ok(name, "seal-container", "R-103", container("destroyed", 20, [KEYRING, LOCAL], 512))

    def fail(slug, expect, why, **changed):
        book.fail(name, slug, "open-container", "R-103", expect, why, **{"with": DESTROYED, **changed})
    fail("only", "Unwrap(Destroyed)", "the root key is destroyed, and no other wrapped key names the keyring")
    book.fail(name, "added-later", "change-recipients", "R-103", "Unwrap(Destroyed)", "the root key is destroyed before another is added",
              **{"with": DESTROYED, "add": [ROTATED], "draws": draws("later", [ROTATED]), "then": ROTATED})
    book.ok(f"{name}/added", "change-recipients", "R-103",
            {"with": KEYRING, "add": [ROTATED], "draws": draws("added", [ROTATED]), "then": DESTROYED}, name)
    fail("stranger", "Unwrap(WrongKek)", "another keyring", **{"with": OTHER_KEYRING})
    fail("device", "Unwrap(WrongKek)", "another device", **{"with": OTHER_LOCAL})


# ---- Pointers

def stored(length, padded=False, media_type=b"image/jpeg", name="stored"):
    """A part whose object is of the right length, and otherwise anything."""
    file_id = derive(f"{name} {length} {padded}", 16)
    size = model.Info(file_id, length, padded).body_length
    return {"id": file_id, "length": length, "padded": padded, "media_type": media_type, "object": {"repeat": "c0ffee", "length": size}}


def derived(kind, index, length=100, **more):
    return {"kind": kind, "index": index, "part": stored(length, name=f"derived {kind} {index}", **more)}


ALL = [derived("Thumbnail", 0), derived("Thumbnail", 2**32 - 1, padded=True), derived("Preview", 0, media_type=b""),
       derived("Transcript", 3, media_type=b" ~"), derived(0, 0), derived(127, 0)]
POINTERS = [("alone", stored(5_000), []), ("all", stored(40_000, True, b""), ALL), ("backwards", stored(0, media_type=b"x" * 255), ALL[::-1]),
            ("most", stored(1), [derived("Preview", i, 1) for i in range(16)])]


def _pointers(book):
    for slug, file, derivatives in POINTERS:
        name = "pointer/" + slug
        given = {"file_key": KEY, "file": file, "derivatives": derivatives}
        made = book.ok(name, "pointer", "R-103", given)
        book.ok(name + "/decoded", "decode-pointer", "R-103 R-122", {}, name)

        def fail(slug, expect, why, **changed):
            book.fail(name, slug, "pointer", "R-103", expect, why, **changed)
        fail("media-type-long", "MediaType", "a media type of 256 bytes", file={**file, "media_type": b"x" * 256})
        fail("media-type-del", "MediaType", "a media type that is not printable", file={**file, "media_type": b"image/\x7f"})
        fail("media-type-newline", "MediaType", "a media type of two lines", file={**file, "media_type": b"image/png\n"})
        fail("media-type-utf-8", "MediaType", "a media type that is not ASCII", file={**file, "media_type": "bild/größe".encode()})
        for size, what in ((-1, "shorter"), (1, "longer")):
            length = file["object"]["length"] + size
            fail("object-" + what, "Length", f"an object that is one byte {what}", file={**file, "object": {"repeat": "00", "length": length}})
        fail("twice", "Duplicate", "a derivative twice", derivatives=(derivatives or ALL)[:2] + (derivatives or ALL)[:1])
        fail("too-many", "TooMany", "17 derivatives", derivatives=[derived("Preview", i, 1) for i in range(17)])
        _pointer_bytes(book, name, bytes.fromhex(made["out"]["pointer"]))


def _pointer_bytes(book, name, encoded):
    edits = Edits(encoded)

    def fail(slug, expect, why, changed):
        book.fail(name, "bytes/" + slug, "decode-pointer", "R-105 R-122", expect, why, pointer=changed)
    media = encoded[36 + 65]
    count = 36 + 66 + media
    fields = [("magic", 0, b"EFC1", "WrongKind", "another magic"), ("format", 3, b"2", "UnsupportedVersion", "another version of the format"),
              ("padding-1", 36, b"\1", "UnsupportedVersion", "an unknown padding"), ("padding-129", 36, b"\x81", "UnsupportedVersion", "an unknown padding"),
              ("length", 53, u64(2**51 + 1), "TooLong", "a length above 2^51"),
              ("length-other", 53, u64(model.decode_pointer(encoded).file.info.length + 4_096), "NotCanonical", "lengths that do not fit"),
              ("body-length", 61, u64(0), "NotCanonical", "lengths that do not fit")]
    for slug, at, new, expect, why in fields:
        fail(slug, expect, why, edits.whole_put(at, new))
    other = bytes([model.PADDED - encoded[36]])
    fail("padding-other", "NotCanonical", "the other padding", edits.whole_put(36, other))
    if media:
        fail("media-type", "NotCanonical", "a media type that is not printable", edits.whole_put(102, b"\x1f"))
    fail("too-many", "TooMany", "17 derivatives are claimed", edits.whole_put(count, b"\x11"))
    for at in sorted({0, 3, 4, 35, 36, 37, 53, 61, 69, 101, 101 + media, count, len(encoded) - 1}):
        fail(f"cut-{at}", "Truncated", f"cut at byte {at}", encoded[:at])
    fail("behind", "TrailingBytes", "a byte behind the end", encoded + b"\0")
    if encoded[count] == 0:
        fail("count", "Truncated", "one derivative more is claimed", edits.whole_put(count, b"\1"))
        return
    fail("count-less", "TrailingBytes", "one derivative less is claimed", edits.whole_put(count, bytes([encoded[count] - 1])))
    for kind in (0, 4, 0x7F):
        fail(f"kind-{kind}", "UnsupportedVersion", "an unknown kind", edits.whole_put(count + 1, bytes([kind])))
    fail("order", "NotCanonical", "kinds in another order", edits.whole_put(count + 1, b"\xff\xff\xff\xff\xff"))
    _derived_order(fail, encoded, count)


def _derived_order(fail, encoded, count):
    decoded = model.decode_pointer(encoded)
    listed = [bytes([kind]) + u32(index) + part.encode() for (kind, index), part in decoded.derivatives.items()]
    head, number = encoded[:count], len(listed)
    fail("exchanged", "NotCanonical", "two derivatives exchanged", head + bytes([number]) + b"".join([listed[1], listed[0], *listed[2:]]))
    if number < 16:
        fail("same-twice", "NotCanonical", "a derivative twice", head + bytes([number + 1]) + b"".join([*listed, listed[-1]]))


# ---- Attachments, from end to end

def _attachments(book):
    name = "attachment/picture"
    file = {"context": CONTEXT, "padded": True, "data": {"repeat": UNIT, "length": 33_000}, "media_type": b"image/jpeg",
            "random": [derive("picture id", 16), derive("picture salt", 24)]}
    small = {"kind": "Thumbnail", "index": 0, "context": about("Derivative").encode(), "padded": False, "data": b"a small picture",
             "media_type": b"image/webp", "random": [derive("thumbnail id", 16), derive("thumbnail salt", 24)]}
    own = {**small, "kind": 7, "index": 9, "data": b"", "media_type": b"", "random": [derive("own id", 16), derive("own salt", 24)]}
    given = {"file_key": KEY, "file": file, "derivatives": [small, own]}
    made = book.ok(name, "attachment", "R-103", given)
    sizes = [model.Info(b"", 33_000, True).body_length, HEAD + 15 + TAG, HEAD + TAG]
    for which, what in enumerate(("file", "thumbnail", "own")):
        book.ok(f"{name}/{what}", "fetch", "R-103", {"which": which}, name)
        _fetch_failures(book, name, which, what, sizes[which])
    _pointed_elsewhere(book, name, bytes.fromhex(made["out"]["pointer"]))


def _fetch_failures(book, name, which, what, size):
    bodies = [body for _, body in ops.attached(show(book.named(name)["in"]))]
    edits = Edits(bodies[which])

    def fail(slug, expect, why, edit):
        book.fail(name, f"{what}/{slug}", "fetch", "R-103", expect, why, which=which, edit=edit)
    assert len(bodies[which]) == size
    fail("nothing", "Truncated", "nothing at all", edits.cut(0))
    fail("cut", "Truncated", "one byte less", edits.cut(size - 1))
    fail("behind", "WrongDigest", "a byte behind the end", edits.append(b"\0"))
    fail("changed", "WrongDigest", "a bit flipped", edits.flip(size - 1))
    fail("begins-otherwise", "WrongDigest", "a bit flipped in the salt", edits.flip(0))
    other = bodies[(which + 1) % 3]
    fail("other", "WrongDigest" if len(other) >= size else "Truncated", "another object of the same pointer", {"parts": [other]})


def _pointed_elsewhere(book, name, encoded):
    edits = Edits(encoded)

    def fail(slug, expect, why, changed, which=0):
        book.fail(name, "pointer/" + slug, "fetch", "R-103", expect, why, which=which, pointer=changed)
    fail("key", "WrongKeyOrContext", "another key in the pointer", edits.whole_flip(4))
    fail("key-of-derivative", "WrongKeyOrContext", "another key in the pointer, and so another one of the thumbnail", edits.whole_flip(4), 1)
    fail("id", "WrongKeyOrContext", "another file id in the pointer", edits.whole_flip(37))
    fail("digest", "WrongDigest", "another digest in the pointer", edits.whole_flip(69))
    at = encoded.index(b"image/jpeg") + 11
    fail("index", "WrongKeyOrContext", "another index in the pointer", edits.whole_put(at + 1, u32(1)), 1)
    fail("kind", "WrongKeyOrContext", "another kind in the pointer", edits.whole_put(at, b"\2"), 1)
    text = model.Info(b"", 33_000, True).text_length
    fail("not-padded", "WrongKeyOrContext", "not padded, and as long as the text", Edits(edits.whole_put(36, b"\0")).whole_put(53, u64(text)))
    padded = Edits(edits.whole_put(at + 5, b"\x80")).whole_put(at + 22, u64(7))
    assert model.Info(b"", 7, True).text_length == 15
    fail("padded", "WrongKeyOrContext", "padded, and with a length that has this text", padded, 1)


BUILDERS = {"file.json": file_file}
