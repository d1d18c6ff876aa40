"""Cases of context.json and record.json: data contexts, the keys under a root key, records."""

from book import EDITS, Book, derive, flip, put
from envelope_keyring import create
from envelope_ops import derived
from envelope_records import (APPLICATION, COLLECTION, DEVICE, FIELD, MAX_CONTEXT, MAX_RECORD, OBJECT, OBJECT_VERSION, PURPOSES,
                              SCHEMA_VERSION, TENANT, USER, Context, header, pad, seal_text)
from envelope_wrap import Local
from ops import show
from primitives import Replay
from wire import lp16, u8, u32, u64

NOW = 1_790_000_000
ROOT, OTHER_ROOT = derive("envelope root", 32), derive("envelope other root", 32)
SAID = {TENANT: b"acme", COLLECTION: b"letters", FIELD: b"body", OBJECT: b"letter 17", OBJECT_VERSION: u64(3), SCHEMA_VERSION: u32(2),
        USER: b"alice", DEVICE: b"\0\0\0\x07", APPLICATION: b"\xff", APPLICATION + 127: b""}


def about(purpose="Record", said=SAID, without=(), **changed):
    """A context; `changed` by the tag's name."""
    names = {"tenant": TENANT, "collection": COLLECTION, "field": FIELD, "object": OBJECT, "version": OBJECT_VERSION, "user": USER}
    entries = {**said, **{names[name]: value for name, value in changed.items()}}
    return Context(PURPOSES[purpose], {tag: value for tag, value in entries.items() if tag not in without})


def raw(entries, purpose=1, count=None, version=1):
    """A context of any entries, as they come."""
    count = len(entries) if count is None else count
    return bytes([version, purpose, count]) + b"".join(u8(tag) + lp16(value) for tag, value in entries)


def context_file():
    book = Book("context.json",
                "Data contexts at rest, and the keys under a root key. `context`: what is said, tag by tag in this order (tags from 128"
                " on are the application's numbers from 0 on); `decode-context` reads one. `root-keys`: every key that a root key and a"
                " context give; `blind_index` is of `value`. A failure's `in` stands over the `in` of the vector named in `of`, and "
                "over its `out.context`; `differs`: its result is another one. " + EDITS)
    for build in (_said, _decoded, _root_keys):
        build(book)
    return book


# ---- Data context

def _say(entries):
    return [{"tag": tag, "bytes": value if len(value) < 100 else {"repeat": "00", "length": len(value)}} for tag, value in entries]


SAYINGS = [("all", 1, list(SAID.items())), ("backwards", 9, list(reversed(SAID.items()))), ("none", 5, []),
           ("largest", 2, [(OBJECT, bytes(MAX_CONTEXT - 6))]), ("empty-values", 4, [(tag, b"") for tag in (USER, TENANT, APPLICATION + 5)])]


def _said(book):
    for slug, purpose, entries in SAYINGS:
        name = "context/" + slug
        made = book.ok(name, "context", "R-101 R-139", {"purpose": purpose, "say": _say(entries)})
        book.ok(name + "/decoded", "decode-context", "R-122", {}, name)

        def fail(slug, expect, why, more):
            book.fail(name, slug, "context", "R-101", expect, why, say=_say(entries + more))
        twice = [(OBJECT, b"1"), (OBJECT, b"2")]
        twice = twice if OBJECT not in dict(entries) else twice[:1]
        fresh = next(tag for tag in (DEVICE, APPLICATION + 100) if tag not in dict(entries))
        room = MAX_CONTEXT - len(made["out"]["context"]) // 2
        fail("twice", "Twice", "the object twice", twice)
        fail("number", "NoSuchNumber", "the application's number 128", [(APPLICATION + 128, b"")])
        fail("last-number", "NoSuchNumber", "the application's number 255", [(APPLICATION + 255, b"")])
        fail("too-long", "TooLong", "1,025 bytes", [(fresh, bytes(max(room - 2, 0)))])
        fail("far-too-long", "TooLong", "an entry of 65,536 bytes", [(fresh, bytes(65_536))])
        fail("twice-and-too-long", "Twice", "the object twice, and too long", twice[:-1] + [(OBJECT, bytes(MAX_CONTEXT))])
        fail("number-and-too-long", "NoSuchNumber", "the number 128, and too long", [(APPLICATION + 128, bytes(MAX_CONTEXT))])
    for purpose in (6, 7, 8, 3):
        book.ok(f"context/purpose-{purpose}", "context", "R-101 R-139", {"purpose": purpose}, "context/all")


def _decoded(book):
    listed = list(SAID.items())
    good = raw(listed)

    def fail(slug, expect, why, encoded, of="context/all"):
        book.fail(of, "decoded/" + slug, "decode-context", "R-101 R-122", expect, why, context=encoded)
    assert good.hex() == book.named("context/all")["out"]["context"]
    _frames(fail, good, listed)
    _entries(fail, listed)
    for slug, size, expect in (("largest", MAX_CONTEXT, None), ("too-long", MAX_CONTEXT + 1, "TooLong")):
        encoded = raw([(OBJECT, bytes(size - 6))])
        if expect:
            fail(slug, expect, "1,025 bytes", encoded, "context/largest")
            fail(slug + "-and-version", expect, "1,025 bytes of another version", put(encoded, 0, b"\2"), "context/largest")
            fail(slug + "-zeros", expect, "1,025 zeros", bytes(size), "context/largest")
    fail("truncated", "Truncated", "one byte too few", raw([(OBJECT, bytes(MAX_CONTEXT - 6))])[:-1], "context/largest")
    fail("trailing", "TrailingBytes", "one byte too many", raw([]) + b"\0", "context/none")
    fail("count", "Truncated", "one entry claimed", raw([], count=1), "context/none")


def _frames(fail, good, listed):
    for version in (0, 2, 255):
        fail(f"version-{version}", "UnsupportedVersion", "another version", put(good, 0, u8(version)))
    for purpose in (0, 10, 255):
        fail(f"purpose-{purpose}", "UnsupportedVersion", "an unknown purpose", put(good, 1, u8(purpose)))
    for size in (0, 1, 2, 3, 4, 5, 6, len(good) - 1):
        fail(f"ends-at-{size}", "Truncated", f"{size} bytes", good[:size])
    fail("trailing", "TrailingBytes", "one byte too many", good + b"\0")
    fail("count-less", "TrailingBytes", "an entry too many", raw(listed, count=len(listed) - 1))
    fail("count-more", "Truncated", "an entry too few", raw(listed, count=len(listed) + 1))
    fail("count-255", "Truncated", "255 entries claimed", raw(listed, count=255))
    fail("version-and-purpose", "UnsupportedVersion", "version 2, and nothing else", b"\2")


def _entries(fail, listed):
    for tag in (0, 9, 0x7F):
        fail(f"tag-{tag}", "UnsupportedVersion", "an unknown tag", raw(sorted([*listed, (tag, b"")])))
    fail("exchanged", "NotCanonical", "two entries exchanged", raw([listed[1], listed[0], *listed[2:]]))
    fail("numbers-exchanged", "NotCanonical", "the application's numbers exchanged", raw([*listed[:8], listed[9], listed[8]]))
    fail("twice", "NotCanonical", "an entry twice", raw([listed[0], *listed]))
    fail("twice-other", "NotCanonical", "a tag twice, with two values", raw([(TENANT, b"a"), *listed]))
    fail("last-twice", "NotCanonical", "the last tag twice", raw([*listed, (APPLICATION + 127, b"")]))
    for tag, sizes in ((OBJECT_VERSION, (0, 4, 7, 9)), (SCHEMA_VERSION, (0, 3, 5, 8))):
        for size in sizes:
            changed = raw([(t, bytes(size) if t == tag else v) for t, v in listed])
            fail(f"tag-{tag}-of-{size}", "NotCanonical", "a number of another length", changed)
    unknown_last = raw([listed[1], (0, b"")])
    fail("unknown-and-descending", "UnsupportedVersion", "an unknown tag that is below the one before", unknown_last)
    fail("unknown-and-end", "UnsupportedVersion", "an unknown tag, and nothing behind it", raw([(0, b"")])[:-2])
    fail("descending-and-truncated", "NotCanonical", "two entries exchanged, and the second ends early",
         raw([listed[1], listed[0]])[:-1])
    fail("descending-before-end", "NotCanonical", "two tags exchanged, and nothing behind the second", raw([listed[1], listed[0]])[:-6])
    fail("length-and-truncated", "NotCanonical", "a number of 9 bytes of which 8 are there", raw([(OBJECT_VERSION, bytes(9))])[:-1])


# ---- Keys from a root key

def _root_keys(book):
    for slug, context in (("all", about()), ("no-collection", about(without=(COLLECTION,))), ("database", about("Database")),
                          ("nothing-said", Context(PURPOSES["Share"]))):
        name, value = "root-keys/" + slug, b"alice@example.org"
        made = book.ok(name, "root-keys", "R-101", {"root_key": ROOT, "context": context.encode(), "value": value})["out"]

        def fail(slug, why, changes, **given):
            book.fail(name, slug, "root-keys", "R-101", "differs", why, **given)
            _check_changes(made, {**book.named(name)["in"], **book.named(f"{name}/{slug}")["in"]}, changes)
        every = set(made)
        fail("root-key", "another root key", every, root_key=flip(ROOT, 31))
        said = {"mac_key", "database_key", "database_salt", "sqlcipher", "index_key", "blind_index"}
        moved = Context(context.purpose % 9 + 1, context.entries)
        fail("purpose", "another purpose", said | {"record_key"}, context=moved.encode())
        fail("object", "another object", said, context=Context(context.purpose, {**context.entries, OBJECT: b"letter 18"}).encode())
        fail("collection", "another collection", said | {"record_key"},
             context=Context(context.purpose, {**context.entries, COLLECTION: b"letters\0"}).encode())
        fail("value", "another value", {"blind_index"}, value=value[:-1])
        fail("no-value", "no value", {"blind_index"}, value=b"")


def _check_changes(made, given, changes):
    other = show(derived(given))
    assert {key for key in made if made[key] != other[key]} == changes


# ---- Records

def record_file():
    book = Book("record.json",
                "Records. `record`: data is sealed under the root key of this number; `text` is what is encrypted, `record_key` with "
                "what. `open-record` opens under the context and root key. `rebind` moves a record to `new_context` and to the active "
                "root key of a keyring, which is opened from its `bytes` under `context` by `with`; `was_due` and `due` say whether a "
                "record is under a key that only decrypts. Large bytes are listed as their length and SHA-256. A failure's `in`"
                " stands over the `in` of the vector named in `of`, and over its `out.record`, of `rebind` over its `in.record`. " + EDITS)
    for build in (_padme, _records, _openings, _paddings, _rebound):
        build(book)
    return book


def _padme(book):
    lengths = [*range(1, 20), 31, 32, 33, 63, 64, 65, 99, 100, 127, 128, 129, 255, 256, 257, 258, 1000, 1023, 1024, 1025, 9000, 16_383,
               16_384, 16_385, 65_535, 65_536, 65_537, 1_000_000, 16_777_215, 16_777_216, 16_777_217]
    name = book.ok("padme", "padme", "R-100", {"lengths": lengths})["name"]
    for step in (1, 3, 40, 1000):
        book.fail(name, f"longer-{step}", "padme", "R-100", "differs", f"lengths that are larger by {step}",
                  lengths=[length + step for length in lengths])


def _sealing(data, padded=False, number=7, context=None, salt="envelope record"):
    return {"root_key": ROOT, "number": number, "context": (context or about()).encode(), "data": data, "padded": padded,
            "random": [derive(salt, 24)]}


TEXT = b"Dear Bob, it is raining. Alice"


def _records(book):
    for slug, given in (("plain", _sealing(TEXT)), ("padded", _sealing(TEXT, True, 0xFFFFFFFF)),
                        ("empty", _sealing(b"", number=0, context=Context(1))), ("padded-empty", _sealing(b"", True))):
        book.ok("record/" + slug, "record", "R-100 R-101", given)
        book.fail("record/" + slug, "no-randomness", "record", "R-24", "Randomness", "the generator fails", random=[])
        book.fail("record/" + slug, "too-long", "record", "R-100", "TooLong", "16,777,217 bytes",
                  data={"repeat": "61", "length": MAX_RECORD + 1})
        book.fail("record/" + slug, "too-long-no-randomness", "record", "R-100", "TooLong", "16,777,217 bytes, and the generator fails",
                  data={"repeat": "61", "length": MAX_RECORD + 1}, random=[])
    for size in (1, 7, 8, 9, 1000, 16_382, 16_383, 16_384, 16_385, 32_768, 40_000):
        text = {"repeat": "30313233343536373839", "length": size}
        for padded in (False, True):
            slug = f"record/{'padded' if padded else 'plain'}"
            book.ok(f"{slug}/of-{size}", "record", "R-100", {"data": text, "random": [derive(f"envelope record {size}", 24)]}, slug)


def _openings(book):
    for slug in ("plain", "padded", "empty", "padded-empty"):
        name = "record/" + slug
        book.ok(name + "/opened", "open-record", "R-100", {}, name)
        sealed, given = bytes.fromhex(book.named(name)["out"]["record"]), book.named(name)["in"]
        _changed(book, name, sealed)
        _bound(book, name, given)
        _lengths(book, name, sealed)


def _fail_of(book, name, req):
    def fail(slug, why, **given):
        book.fail(name, "open/" + slug, "open-record", req, "RecordError", why, **given)
    return fail


PLACES = [("kind", 0, 0x40), ("kind-wrapped", 0, 0x01), ("padded", 1, 0x80), ("flag-0", 1, 1), ("flag-6", 1, 0x40),
          ("number", 5, 1), ("number-high", 2, 0x80), ("salt", 6, 1), ("salt-end", 29, 0x80), ("commitment", 30, 1),
          ("commitment-end", 61, 0x80), ("chunk", 62, 1)]


def _changed(book, name, sealed):
    fail = _fail_of(book, name, "R-100 R-101")
    for slug, at, mask in PLACES:
        fail(slug, f"a bit flipped at {at}", record=flip(sealed, at, mask))
    fail("tag", "the last bit flipped", record=flip(sealed, len(sealed) - 1))
    other = seal_text(OTHER_ROOT, sealed[:6], about(), sealed[6:30], TEXT)
    fail("body", "the body of another root key's record", record=sealed[:6] + other[6:])


def _bound(book, name, given):
    fail, number = _fail_of(book, name, "R-101"), given["number"]
    context = book.named(name)["in"]["context"]
    fail("root-key", "another root key", root_key=OTHER_ROOT)
    fail("no-root-key", "the root key that it names is not there", number=number ^ 1)
    others = [("purpose", "another purpose", about("Share")), ("tenant", "another tenant", about(tenant=b"acm")),
              ("collection", "another collection", about(collection=b"letter")), ("field", "another field", about(field=b"subject")),
              ("object", "another object", about(object=b"letter 18")), ("version", "another version", about(version=u64(4))),
              ("user", "another user", about(user=b"bob")), ("less", "something is not said", about(without=(DEVICE,))),
              ("more", "something more is said", about(said={**SAID, APPLICATION + 1: b""})),
              ("moved", "a byte moved from field to object", about(field=b"bod", object=b"yletter 17")),
              ("totp", "the purpose of one-time passwords", Context(7)),
              ("collection-alone", "a collection alone", Context(1, {COLLECTION: b"letters"}))]
    for slug, why, other in others:
        assert other.encode().hex() != context
        fail("context-" + slug, why, context=other.encode())


def _lengths(book, name, sealed):
    fail = _fail_of(book, name, "R-100 R-122")
    for size in (0, 1, 2, 5, 6, 29, 30, 61, 62, 77):
        fail(f"ends-at-{size}", f"{size} bytes", record=sealed[:size])
    fail("truncated", "one byte too few", record=sealed[:-1])
    fail("trailing", "one byte too many", record=sealed + b"\0")
    fail("more-chunks", "another chunk behind it", record=sealed + sealed[62:])
    fail("no-first-byte", "the first byte is missing", record=sealed[1:])


# ---- Padding

def _paddings(book):
    name, head = "record/padded", header(0xFFFFFFFF, True)
    plain = header(0xFFFFFFFF, False)
    good = pad(TEXT)

    def sealed(text, head=head):
        return seal_text(ROOT, head, about(), derive("envelope forged", 24), text)
    book.ok(name + "/forged", "open-record", "R-100", {"record": sealed(good)}, name)
    book.ok(name + "/looks-unpadded", "open-record", "R-100", {"record": sealed(pad(b"a\x80\0\x80"))}, name)
    book.ok(name + "/flag-cleared", "open-record", "R-100", {"record": sealed(good, plain)}, name)
    fail = _fail_of(book, name, "R-100 R-122")
    bad = [("no-text", "nothing at all", b""), ("no-mark", "zeros alone", bytes(32)), ("unpadded", "no mark", TEXT),
           ("mark-81", "0x81 for the mark", good.replace(b"\x80", b"\x81")),
           ("mark-00", "a zero for the mark", good.replace(b"\x80", b"\0")),
           ("not-zeros", "a byte of the padding is 1", put(good, len(good) - 1, b"\1") if good[-1] == 0 else good + b"\1"),
           ("one-more", "one zero more than the shortest", good + b"\0"),
           ("twice", "padded as twice as long data", TEXT + b"\x80" + bytes(33)),
           ("to-the-next", "padded to the next length", TEXT + b"\x80" + bytes(3)),
           ("one-less", "one byte less than the shortest", pad(bytes(8))[:-1]),
           ("mark-alone-and-zeros", "nothing, padded to 8", b"\x80" + bytes(7)),
           ("not-padded-to-10", "8 bytes and the mark", bytes(8) + b"\x80")]
    for slug, why, text in bad:
        fail("padding-" + slug, why, record=sealed(text))
    fail("padding-flag-6", "another flag, authentic", record=sealed(good, bytes([0xF1, 0xC0]) + u32(0xFFFFFFFF)))
    fail("padding-kind", "another first byte, authentic", record=sealed(good, bytes([0xF2, 0x80]) + u32(0xFFFFFFFF)))


# ---- Rebinding

KEYRING_CONTEXT = Context(PURPOSES["Keyring"], {TENANT: b"acme"})
DEVICE_KEK = {"type": "local", "reference": b"this device".hex(), "key": derive("envelope device", 32).hex()}


def local(given=None):
    given = given or DEVICE_KEK
    return Local(bytes.fromhex(given["reference"]), bytes.fromhex(given["key"]))


def rotated(seed, keys=3):
    """A keyring whose number 0 is decrypt-only, 1 active, 2 pending; one of one key is new."""
    at = iter(range(1000))

    class Drawing(Replay):
        def draw(self, size):
            return derive(f"envelope keyring {seed} {next(at)}", size)
    drawing = Drawing([])
    keyring = create(KEYRING_CONTEXT, local(), NOW, drawing)
    for number in range(1, keys):
        keyring.add(NOW + number, drawing)
    if keys > 1:
        keyring.activate(1, local(), drawing)
    return keyring


def activated(keyring, number=2):
    """The same keyring, where another process has activated one that was pending."""
    later = keyring.copy()
    later.activate(number, local(), Replay([derive(f"envelope later {i}", 24) for i in range(len(keyring.roots))]))
    return later


def shown(keyring, kek=None):
    return {"bytes": keyring.encode().hex(), "context": keyring.context.encode().hex(), "with": kek or DEVICE_KEK}


def _rebound(book):
    keyring = rotated("records")
    old, new = about(), about(collection=b"archive", version=u64(4))
    for number, padded in ((0, False), (1, True), (2, True)):
        name = f"rebind/from-{number}"
        text, salt = pad(TEXT) if padded else TEXT, derive(f"envelope rebind {number}", 24)
        sealed = seal_text(keyring.roots[number], header(number, padded), old, salt, text)
        book.ok(name, "rebind", "R-101", {"keyring": shown(keyring), "record": sealed, "context": old.encode(),
                                          "new_context": new.encode(), "random": [derive(f"envelope rebound {number}", 24)]})
        _not_rebound(book, name, sealed, keyring, number)
    book.ok("rebind/same-context", "rebind", "R-101", {"new_context": old.encode()}, "rebind/from-0")
    for number in range(3):
        book.ok(f"rebind/from-{number}/later", "rebind", "R-101", {"keyring": shown(activated(keyring))}, f"rebind/from-{number}")


def _not_rebound(book, name, sealed, keyring, number):
    def fail(slug, why, expect="NotOpened", **given):
        book.fail(name, slug, "rebind", "R-101", expect, why, **given)
    destroyed = keyring.copy()
    fail("context", "it is of another context", context=about(object=b"letter 18").encode())
    fail("new-context", "it is given as what it is to become", context=about(collection=b"archive", version=u64(4)).encode())
    fail("number", "a number that the keyring does not have", record=put(sealed, 2, u32(3)))
    fail("other-number", "another root key of the keyring", record=put(sealed, 2, u32((number + 1) % 3)))
    fail("tag", "the last bit flipped", record=flip(sealed, len(sealed) - 1))
    fail("padded", "the flag of padding flipped", record=flip(sealed, 1, 0x80))
    fail("flag", "another flag", record=flip(sealed, 1, 1))
    fail("empty", "no byte", record=b"")
    fail("short", "a header alone", record=sealed[:6])
    fail("keyring", "another keyring", keyring=shown(rotated("other")))
    fail("no-randomness", "the generator fails", "Randomness", random=[])
    fail("not-opened-no-randomness", "another context, and the generator fails", context=Context(1).encode(), random=[])
    if number != 1:
        destroyed.destroy(number)
        fail("destroyed", "its root key has been destroyed", keyring=shown(destroyed))


BUILDERS = {"context.json": context_file, "record.json": record_file}
