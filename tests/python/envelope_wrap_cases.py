"""Cases of wrapped.json: a key wrapped by each kind of KEK."""

from book import EDITS, Book, derive, flip, put
from envelope_cases import DEVICE_KEK, KEYRING_CONTEXT, about, activated, rotated, shown
from envelope_keyring import ACTIVE, DECRYPT_ONLY
from envelope_ops import kek
from envelope_records import Context, file_wrap_key, root_wrap_key
from envelope_wrap import (ARGON2, LOCAL, MAX_BLOB, PASSPHRASE, REFERENCE_SIZES, SERVICE, X25519, KeyringKek, decode, encode_head,
                           write_code)
from keys_cases import BAD_U
from ops import show
from primitives import Replay, cobblestone_seal, x25519_public
from wire import lp8, lp16, u8, u16, u32

KEY = derive("envelope wrapped key", 32)
PLACE = about("File")
SECRET, OTHER_SECRET = derive("envelope recipient", 32), derive("envelope other recipient", 32)
SET, SERVED = derive("envelope set", 16), derive("envelope service", 32)
KIB, PASSES, LANES = 8_192, 1, 1


def local(reference=b"this device", key=bytes.fromhex(DEVICE_KEK["key"])):
    return {"type": "local", "reference": reference, "key": key}


def recipient(secret=SECRET):
    return {"type": "x25519", "secret": secret}


def code(secret=SECRET[:16], set_id=SET, index=5):
    return {"type": "code", "code": write_code(index, secret), "set_id": set_id}


def passphrase(text=b"correct horse battery staple", kib=KIB, passes=PASSES, lanes=LANES):
    return {"type": "passphrase", "passphrase": text, "kib": kib, "passes": passes, "lanes": lanes}


def kms(reference=b"kms/7", secret=SERVED, **more):
    return {"type": "service", "reference": reference, "secret": secret, **more}


def by_keyring(keyring):
    return {"type": "keyring", **shown(keyring)}


def wrapped_file():
    book = Book("wrapped.json",
                "Wrapped keys. `wrap`: `key` is wrapped under `context` by `kek`, drawing `random`; `head` is what stands before the "
                "body, `kek` in `out` the 32 bytes that the body is sealed with (of a service, `aad` instead). A KEK of type `x25519` "
                "is a secret whose public half is wrapped to, `code` likewise a recovery code of the set `set_id`; one of type "
                "`keyring` is opened from its `bytes` under `context` by `with`. A `service` keeps `secret`, and `blob = HMAC(secret, "
                "0x01 | aad | key) | (key XOR HMAC(secret, 0x00 | aad))`, which it checks on unwrapping (`Invalid`); it `says` an "
                "error, wraps to `blob`, or `tells` a key, if these are given. `unwrap` decodes and unwraps. `rewrap`: what a keyring's"
                " active root key wraps in place of `wrapped`; nothing if that is not under a decrypt-only one; `key` is what it opens to "
                "then. A failure's `in` stands over "
                "the `in` of the vector named in `of`, and over its `out.wrapped`, of `rewrap` over its `in.wrapped`. " + EDITS)
    for build in (_local, _recipients, _codes, _services, _keyrings, _passphrases, _owned, _rewrapped):
        build(book)
    return book


def _random(name, *sizes):
    return [derive(f"envelope {name} {i}", size) for i, size in enumerate(sizes)]


def _wrap(book, slug, given, *sizes, context=PLACE, req="R-104 R-105", full=True):
    name = "wrap/" + slug
    made = book.ok(name, "wrap", req, {"key": KEY, "context": context.encode(), "kek": given, "random": _random(slug, *sizes)})
    book.ok(name + "/unwrapped", "unwrap", req, {}, name)
    if sizes:
        book.fail(name, "no-randomness", "wrap", "R-24", "Randomness", "the generator fails", random=[])
    encoded = bytes.fromhex(made["out"]["wrapped"])
    _contexts(book, name, given, context)
    if full:
        _frame(book, name, encoded)
    return name, encoded, _failing(book, name)


def _failing(book, name):
    def fail(slug, expect, why, encoded=None, req="R-105 R-122", **given):
        more = {} if encoded is None else {"wrapped": encoded}
        book.fail(name, slug, "unwrap", req, expect, why, **more, **given)
    return fail


def _contexts(book, name, given, context):
    fail, said = _failing(book, name), dict(context.entries)
    unopened = "Kek(Invalid)" if given["type"] == "service" else "WrongKeyOrContext"
    less = {tag: said[tag] for tag in list(said)[:-1]} if said else {4: b""}
    for slug, expect, why, other in (
            ("purpose", "WrongKeyOrContext", "another purpose", Context(context.purpose % 9 + 1, said)),
            ("object", unopened, "another object", Context(context.purpose, {**said, 4: b"letter 18"})),
            ("other", unopened, "less is said, or more", Context(context.purpose, less))):
        assert other.encode() != context.encode()
        fail("context-" + slug, expect, why, None, "R-101", context=other.encode())
    other = kms(b"kms/8", says="Denied") if given["type"] == "service" else local(b"that device")
    fail("purpose-before-kek", "WrongKeyOrContext", "another purpose, and another KEK", None, "R-101 R-105", kek=other,
         context=Context(context.purpose % 9 + 1, said).encode())


# ---- Frame

def _frame(book, name, encoded):
    fail, read = _failing(book, name), decode(encoded)
    fail("kind", "WrongKind", "another first byte", flip(encoded, 0))
    for other in (0, 6, 255):
        fail(f"type-{other}", "UnsupportedVersion", "an unknown type", put(encoded, 1, u8(other)))
    for other in (0, 10, 255):
        fail(f"purpose-{other}", "UnsupportedVersion", "an unknown purpose", put(encoded, 2, u8(other)))
    fail("other-purpose", "WrongKeyOrContext", "another purpose in the head", put(encoded, 2, u8(read.purpose % 9 + 1)))
    for bit in (0, 7):
        fail(f"flag-{bit}", "InvalidFlags", f"flag {bit} set", put(encoded, 3, u8(1 << bit)))
    for at, slug in ((4, "key-id"), (8, "epoch")):
        for value in (1, 2**31, 2**32 - 1):
            fail(f"{slug}-{value}", "NotCanonical", "a number, outside of a keyring", put(encoded, at, u32(value)))
        numbered = put(encoded, at, u32(1))
        fail(slug + "-and-trailing", "TrailingBytes", "a number, and one byte too many", numbered + b"\0")
        fail(slug + "-and-truncated", "Truncated", "a number, and one byte too few", numbered[:-1])
        fail(slug + "-and-reference", "NotCanonical" if read.type in REFERENCE_SIZES else "TooLong", "a number, and 65 for the reference",
             put(numbered, 12, b"\x41"))
    _ends(fail, encoded, read)
    _references(fail, encoded, read)
    if read.type != SERVICE:
        _bodies(fail, encoded, len(read.head))


def _ends(fail, encoded, read):
    for size in sorted({0, 1, 2, 3, 4, 7, 8, 11, 12, 13, 12 + len(read.reference), len(read.head) - 1, len(read.head), len(encoded) - 1}):
        fail(f"ends-at-{size}", "Truncated", f"{size} bytes", encoded[:size])
    fail("trailing", "TrailingBytes", "one byte too many", encoded + b"\0")
    fail("kind-alone", "WrongKind", "another first byte, and nothing else", b"\xb2")
    fail("type-before-flags", "UnsupportedVersion", "an unknown type, and a flag", b"\xb1\x06\x01\x01")
    fail("purpose-before-flags", "UnsupportedVersion", "an unknown purpose, and a flag", b"\xb1\x01\x0a\x01")
    fail("flags-before-end", "InvalidFlags", "a flag, and nothing else", b"\xb1\x01\x01\x01")


def _references(fail, encoded, read):
    before, behind = encoded[:12], encoded[13 + len(read.reference):]
    if read.reference:
        fail("reference", "WrongKek", "another reference", flip(encoded, 13))
    if read.type in REFERENCE_SIZES:
        for size in sorted({0, 1, 7, 8, 9, 64, 65, 255} - {REFERENCE_SIZES[read.type]}):
            fail(f"reference-{size}", "NotCanonical", f"a reference of {size} bytes", before + lp8(bytes(size)) + behind)
            fail(f"reference-{size}-and-end", "NotCanonical", f"{size} for the length of the reference, and nothing behind it", before + u8(size))
        return
    fail("reference-65", "TooLong", "a reference of 65 bytes", before + lp8(bytes(65)) + behind)
    fail("reference-65-and-end", "TooLong", "a reference of 65 bytes, of which none is there", before + b"\x41")
    fail("reference-255", "TooLong", "255 for the length of the reference", put(encoded, 12, b"\xff"))
    fail("reference-64", "WrongKek", "a reference of 64 bytes", before + lp8(bytes(64)) + behind)
    fail("no-reference", "WrongKek", "no reference", before + lp8(b"") + behind)
    fail("reference-shorter", "WrongKek", "a reference of one byte less", before + lp8(read.reference[:-1]) + behind)


def _bodies(fail, encoded, at):
    for slug, offset in (("salt", at), ("salt-end", at + 23), ("commitment", at + 24), ("commitment-end", at + 55), ("sealed", at + 56),
                         ("sealed-end", at + 87), ("tag", at + 88), ("tag-end", at + 103)):
        fail(slug, "WrongKeyOrContext", "a bit of the body flipped", flip(encoded, offset, 0x10))


def _bound_to(fail, keks):
    """Other KEKs than the one that wrapped."""
    for slug, expect, why, other in keks:
        fail("kek-" + slug, expect, why, None, "R-104 R-105", kek=other)


def _other_types(own):
    named = {"local": local(), "x25519": recipient(), "code": code(), "service": kms(), "keyring": by_keyring(rotated("wrap"))}
    return [(slug, "WrongKek", "another type of KEK", other) for slug, other in named.items() if slug != own]


# ---- Each kind

def _local(book):
    _, encoded, fail = _wrap(book, "local", local(), 24)
    _bound_to(fail, [*_other_types("local"), ("key", "WrongKeyOrContext", "another key of this name", local(key=OTHER_SECRET)),
                     ("reference", "WrongKek", "another name of this key", local(b"that device")),
                     ("no-reference", "WrongKek", "no name", local(b""))])
    for slug, expect, why, size in (("service", "WrongKek", "a service's type and length", 102),
                                    ("shorter-service", "TrailingBytes", "a service's type, and a length of one less", 101),
                                    ("longer-service", "Truncated", "a service's type, and a length of one more", 103)):
        fail("as-" + slug, expect, why, put(put(encoded, 1, u8(SERVICE)), 24, u16(size)))
    for kind in REFERENCE_SIZES:
        fail(f"as-{kind}", "NotCanonical", "a type whose references have another length", put(encoded, 1, u8(kind)))
    fail("as-passphrase", "UnsupportedVersion", "a passphrase's type", put(put(encoded, 1, u8(PASSPHRASE)), 12, b"\0\x12"))
    _wrap(book, "local/no-name", local(b""), 24, context=Context(5), full=False)
    _wrap(book, "local/longest-name", local(b"n" * 64), 24, full=False)
    book.fail("wrap/local", "name-too-long", "wrap", "R-105", "ReferenceTooLong", "a name of 65 bytes", kek=local(b"n" * 65))
    _own_references(fail)


def _own_references(fail):
    """Authentic under the KEK, but not what the spec says."""
    for slug, kind, reference, parameters in (("x25519", X25519, b"8 bytes!", x25519_public(SECRET)),
                                              ("passphrase", PASSPHRASE, b"", u8(ARGON2) + bytes(25))):
        head = encode_head(kind, PLACE.purpose, 0, reference, parameters)
        sealed = head + cobblestone_seal(bytes.fromhex(DEVICE_KEK["key"]), bytes(24), head + PLACE.encode(), KEY)
        fail("type-" + slug, "WrongKek", "sealed with this key, as of another type", sealed, kek=local(reference))


def _recipients(book):
    _, encoded, fail = _wrap(book, "x25519", recipient(), 32, 24)
    _bound_to(fail, [*_other_types("x25519"), ("secret", "WrongKek", "another key pair", recipient(OTHER_SECRET))])
    _ephemeral(fail, encoded, 21)
    for seed in (1, 2):
        _wrap(book, f"x25519/{seed}", recipient(derive(f"envelope recipient {seed}", 32)), 32, 24, full=False)
    book.fail("wrap/x25519", "half-random", "wrap", "R-24", "Randomness", "the generator fails after E", random=_random("x25519", 32))


def _ephemeral(fail, encoded, at):
    for slug, u, why in BAD_U:
        fail("e-" + slug, "InvalidKey", why, put(encoded, at, u), "R-01 R-02")
    fail("e", "WrongKeyOrContext", "another E", put(encoded, at, x25519_public(OTHER_SECRET)))
    fail("e-and-end", "InvalidKey", "E = 0, and nothing behind it", encoded[:at] + bytes(32), "R-01 R-02")


def _codes(book):
    _, encoded, fail = _wrap(book, "code", code(), 32, 24)
    _bound_to(fail, [*_other_types("code"), ("secret", "WrongKeyOrContext", "another key pair", code(OTHER_SECRET[:16])),
                     ("set", "WrongKek", "another set", code(set_id=bytes(16))), ("index", "WrongKek", "another index", code(index=4))])
    fail("set", "WrongKek", "another set", flip(encoded, 13))
    fail("index", "WrongKek", "another index", flip(encoded, 29))
    fail("index-and-kek", "WrongKeyOrContext", "another index, and the KEK of that", flip(encoded, 29), kek=code(index=4))
    fail("index-255", "WrongKek", "index 255", put(encoded, 29, b"\xff"))
    _ephemeral(fail, encoded, 30)
    _wrap(book, "code/31", code(OTHER_SECRET[:16], bytes(16), 31), 32, 24, context=about("Archive"), full=False)


def _services(book):
    name, encoded, fail = _wrap(book, "service", kms())
    head, size = decode(encoded).head, len(encoded)
    _bound_to(fail, [*_other_types("service"), ("reference", "WrongKek", "another name", kms(b"kms/8")),
                     ("secret", "Kek(Invalid)", "another secret of this name", kms(secret=OTHER_SECRET))])
    for said in ("Unavailable", "Denied", "Invalid"):
        fail("says-" + said.lower(), f"Kek({said})", "what the service says", None, kek=kms(says=said))
        book.fail(name, "wrap-says-" + said.lower(), "wrap", "R-104", f"Kek({said})", "what the service says", kek=kms(says=said))
    fail("blob", "Kek(Invalid)", "a bit of the blob flipped", flip(encoded, size - 1))
    fail("no-blob", "Kek(Invalid)", "an empty blob", head + lp16(b""))
    fail("shorter-blob", "Kek(Invalid)", "a blob of one byte less", head + lp16(encoded[len(head) + 2:-1]))
    fail("longer-blob", "Kek(Invalid)", "a blob of one byte more", head + lp16(encoded[len(head) + 2:] + b"\0"))
    for claimed, expect in ((MAX_BLOB, "Truncated"), (MAX_BLOB + 1, "TooLong"), (65_535, "TooLong")):
        fail(f"blob-of-{claimed}", expect, f"a blob of {claimed} bytes claimed", head + u16(claimed) + encoded[len(head) + 2:])
    fail("blob-too-long-and-end", "TooLong", "a blob of 8,193 bytes claimed, and nothing behind that", head + u16(MAX_BLOB + 1))
    fail("wrong-name-asks-nobody", "WrongKek", "another name, and it would deny", None, kek=kms(b"kms/8", says="Denied"))
    book.ok(name + "/tells", "unwrap", "R-104", {"kek": kms(tells=OTHER_SECRET)}, name)
    book.ok(name + "/no-name", "wrap", "R-104", {"kek": kms(b"")}, name)
    book.ok(name + "/longest-name", "wrap", "R-104", {"kek": kms(b"n" * 64)}, name)
    book.ok(name + "/no-blob-given", "wrap", "R-104", {"kek": kms(blob=b"")}, name)
    book.ok(name + "/longest-blob", "wrap", "R-104", {"kek": kms(blob={"repeat": "62", "length": MAX_BLOB})}, name)
    longest = kms(b"n" * 65, says="Denied")
    book.fail(name, "name-too-long", "wrap", "R-104", "ReferenceTooLong", "a name of 65 bytes, before it would deny", kek=longest)
    for size in (MAX_BLOB + 1, 65_535, 65_536):
        book.fail(name, f"wrap-blob-of-{size}", "wrap", "R-104", "Kek(Invalid)", f"a blob of {size} bytes",
                  kek=kms(blob={"repeat": "62", "length": size}))


def _keyrings(book):
    keyring = rotated("wrap", 4)
    _, encoded, fail = _wrap(book, "keyring", by_keyring(keyring), 24)
    _bound_to(fail, [*_other_types("keyring"), ("other", "WrongKek", "another keyring", by_keyring(rotated("other")))])
    later, gone = keyring.copy(), keyring.copy()
    later.activate(2, kek(show(local())), Replay(_random("activation", 24, 24, 24, 24)))
    book.ok("wrap/keyring/after-rotation", "unwrap", "R-105", {"kek": by_keyring(later)}, "wrap/keyring")
    later.destroy(1)
    fail("destroyed", "Destroyed", "its root key has been destroyed", None, kek=by_keyring(later))
    fail("destroyed-and-object", "Destroyed", "its root key has been destroyed, and another object", None,
         kek=by_keyring(later), context=about("File", object=b"letter 18").encode())
    fail("destroyed-and-purpose", "WrongKeyOrContext", "its root key has been destroyed, and another purpose", None,
         kek=by_keyring(later), context=Context(4).encode())
    gone.destroy(3)
    for slug, number, expect in (("old", 0, "WrongKeyOrContext"), ("pending", 2, "WrongKeyOrContext"),
                                 ("unknown", 4, "WrongKek"), ("last", 2**32 - 1, "WrongKek")):
        fail("number-" + slug, expect, "the number of another root key", put(encoded, 29, u32(number)))
    fail("number-destroyed", "Destroyed", "the number of a destroyed root key", put(encoded, 29, u32(3)), kek=by_keyring(gone))
    fail("longer-reference", "WrongKek", "one byte more in the reference", encoded[:12] + lp8(encoded[13:33] + b"\0") + encoded[33:])
    _other_seals(fail, keyring)
    as_service = encode_head(SERVICE, PLACE.purpose, 0, gone.reference(3)) + lp16(b"blob")
    fail("service-named-so", "WrongKek", "a service's key, named as a destroyed root key", as_service, kek=by_keyring(gone))


def _other_seals(fail, keyring):
    head = encode_head(LOCAL, PLACE.purpose, 0, keyring.reference(1))
    sealed = head + cobblestone_seal(root_wrap_key(keyring.roots[1]), bytes(24), head + PLACE.encode(), KEY)
    fail("root-wrap", "WrongKeyOrContext", "sealed with the root wrap key", sealed)


# ---- Passphrase

def _passphrases(book):
    name, encoded, fail = _wrap(book, "passphrase", passphrase(), 16, 24)
    other = passphrase(b"correct horse battery staples")
    _bound_to(fail, [*_other_types("passphrase"), ("text", "WrongKeyOrContext", "another passphrase", other),
                     ("empty", "Empty", "an empty passphrase", passphrase(b"")),
                     ("too-long", "TooLong", "1,025 bytes", passphrase(b"p" * 1025))])
    fail("argon2-version", "UnsupportedVersion", "version 0x10 of Argon2id", put(encoded, 13, b"\x10"))
    fail("reference-before-bounds", "NotCanonical", "a reference, and out of bounds", encoded[:12] + lp8(b"x") + put(encoded, 14, u32(0))[13:])
    for slug, at, part in (("argon2-salt", 23, flip(encoded, 23)[23:24]), ("lanes-2", 22, u8(2)),
                           ("passes-2", 18, u32(2)), ("kib-8193", 14, u32(8193))):
        fail(slug, "WrongKeyOrContext", "other parameters", put(encoded, at, part), "R-104")
    bounds = [("kib", 14, (0, 8_191, 2_097_153, 2**32 - 1)), ("passes", 18, (0, 65, 2**32 - 1))]
    for slug, at, values in bounds:
        for value in values:
            fail(f"{slug}-{value}", "OutOfBounds", "out of bounds", put(encoded, at, u32(value)), "R-104")
    for value in (0, 17, 255):
        fail(f"lanes-{value}", "OutOfBounds", "out of bounds", put(encoded, 22, u8(value)), "R-104")
    fail("type-before-bounds", "WrongKek", "out of bounds, and another type of KEK", put(encoded, 14, u32(0)), kek=local())
    fail("bounds-before-body", "OutOfBounds", "out of bounds, and another body", flip(put(encoded, 14, u32(0)), len(encoded) - 1))
    for field, value in (("kib", 8_191), ("kib", 2_097_153), ("passes", 0), ("passes", 65), ("lanes", 0), ("lanes", 17)):
        book.fail(name, f"wrap-{field}-{value}", "wrap", "R-104", "ParametersOutOfBounds", "out of bounds",
                  kek=passphrase(**{field: value}))
    longest = {"kek": passphrase(b"p" * 1024, 8 * 1024 + 40, 2, 3), "random": _random("passphrase longest", 16, 24)}
    book.ok("wrap/passphrase/longest", "wrap", "R-104", longest, name)
    book.ok("wrap/passphrase/shortest", "wrap", "R-104", {"kek": passphrase(b"\0")}, name)


# ---- A keyring's, or a recovery set's

def _owned(book):
    """A key that has an owner does not stand in for one that has none."""
    keyring = rotated("wrap", 4)
    for slug, given, sizes, owner in (("local", local(), (24,), keyring.id), ("x25519", recipient(), (32, 24), keyring.id),
                                      ("code", code(), (32, 24), SET), ("service", kms(), (), keyring.id),
                                      ("keyring", by_keyring(keyring), (24,), keyring.id)):
        fail, with_kek = _failing(book, "wrap/" + slug), kek(show(given))
        expect = "Kek(Invalid)" if slug == "service" else "WrongKeyOrContext"
        for of, why, whose in (("owned", "a key with an owner", owner), ("owned-by-zeros", "a key with an owner of zeros", bytes(16))):
            owned = with_kek.wrap(KEY, PLACE, Replay(_random(f"{of} {slug}", *sizes)), owner=whose)
            assert with_kek.unwrap(decode(owned), PLACE, whose) == KEY
            fail(of, expect, why, owned, "R-101 R-105")
    _root_keys(_failing(book, "wrap/local"), keyring)


def _root_keys(fail, keyring):
    """What stands in a keyring, taken out of it."""
    first, about_it = rotated("wrap", 1), {"context": KEYRING_CONTEXT.encode(), "req": "R-101 R-105"}
    fail("root-key", "WrongKeyOrContext", "the active root key of a keyring, of number 0 and generation 0", first.entries[0].wrapped, **about_it)
    fail("root-key-purpose", "WrongKeyOrContext", "the same, under the key's own context", first.entries[0].wrapped)
    fail("root-key-generation", "NotCanonical", "the active root key of a keyring, of number 1 and generation 1", keyring.entries[1].wrapped)
    by_root_key = local(keyring.reference(1), root_wrap_key(keyring.roots[1]))
    fail("other-root-key", "WrongKeyOrContext", "a decrypt-only root key of a keyring, of number 0", keyring.entries[0].wrapped,
         kek=by_root_key, **about_it)
    fail("other-root-key-number", "NotCanonical", "a pending root key of a keyring, of number 2", keyring.entries[2].wrapped)


# ---- Wrapped again

def _rewrapped(book):
    keyring = rotated("rewrap", 4)
    random = _random("rewrapped", 24)
    later = shown(activated(keyring))
    for number in (0, 1, 2):
        encoded = _as_active(keyring, number).wrap(KEY, PLACE, Replay(_random(f"rewrap {number}", 24)))
        name = f"rewrap/from-{number}"
        drawn = [] if number else random
        book.ok(name, "rewrap", "R-105", {"keyring": shown(keyring), "wrapped": encoded, "context": PLACE.encode(), "random": drawn})
        book.ok(name + "/later", "rewrap", "R-105", {"keyring": later, "random": random if number < 2 else []}, name)
        _not_rewrapped(book, name, encoded, keyring, number)


def _as_active(keyring, number):
    """What wraps with this root key."""
    other = keyring.copy()
    other.entries[1].state = DECRYPT_ONLY
    other.entries[number].state = ACTIVE
    return KeyringKek(other)


def _not_rewrapped(book, name, encoded, keyring, number):
    def fail(slug, expect, why, **given):
        book.fail(name, slug, "rewrap", "R-105", expect, why, **given)
    fail("truncated", "Truncated", "one byte too few", wrapped=encoded[:-1])
    fail("trailing", "TrailingBytes", "one byte too many", wrapped=encoded + b"\0")
    fail("type", "UnsupportedVersion", "type 6", wrapped=put(encoded, 1, b"\6"))
    fail("keyring", "Unwrap(WrongKek)", "another keyring", keyring=shown(rotated("other")), random=_random("rewrapped", 24))
    fail("number", "Unwrap(WrongKek)", "the number of no root key", wrapped=put(encoded, 29, u32(9)), random=_random("rewrapped", 24))
    fail("key-id", "NotCanonical", "a key id", wrapped=put(encoded, 4, u32(number + 1)))
    if number != 1:
        gone = keyring.copy()
        gone.destroy(number)
        fail("destroyed", "Unwrap(Destroyed)", "its root key has been destroyed", keyring=shown(gone))
    said = "Unwrap(WrongKeyOrContext)" if number == 0 else "WrongKeyOrContext"
    fail("object", said, "another object: of one that is not behind, found by who opens it", context=about("File", object=b"letter 18").encode())
    fail("purpose", said, "another purpose, likewise", context=about("Archive").encode())
    fail("tag", said, "the last bit flipped, likewise", wrapped=flip(encoded, len(encoded) - 1))
    if number == 0:
        fail("no-randomness", "Wrap(Randomness)", "the generator fails", random=[])
        fail("context-no-randomness", said, "another context, and the generator fails", context=Context(2).encode(), random=[])


BUILDERS = {"wrapped.json": wrapped_file}
