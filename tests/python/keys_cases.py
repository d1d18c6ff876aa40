"""Cases of identity.json, aead.json and bundle.json."""

import hashlib

import confidant
import ops
import primitives
import wire
from book import EDITS, Book, derive, flip, put
from confidant import Identity, KemKey
from primitives import L, P, SMALL_ORDER_U
from wire import KEM_LAST_RESORT, KEM_ONE_TIME, ONE_TIME, SIGNED, u8, u16

NOW = 1_767_225_600
BODY, KEM_BODY = 112, 1648
SMALL_ORDER_A = [primitives.point_encode(p) for p in (
    (0, 1), (0, P - 1), (pow(2, (P - 1) // 4, P), 0), (P - pow(2, (P - 1) // 4, P), 0))]
ORDER_8_A = [bytes.fromhex(h) for h in (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")]


def little(number):
    return number.to_bytes(32, "little")


# ---- identity.json

BAD_U = ([("x25519-p", little(P), "u = p"),
          ("x25519-p-plus-9", little(P + 9), "u = p + 9, the base point's other name"),
          ("x25519-2-255-minus-1", little(2**255 - 1), "u = 2^255 - 1"),
          ("x25519-bit-255", little(2**255 + 9), "bit 255 set"),
          ("x25519-small-and-bit-255", little(2**255 + 1), "small order, and bit 255 set")]
         + [(f"x25519-small-order-{i}", u, "u of small order") for i, u in enumerate(SMALL_ORDER_U)])
BAD_A = ([("ed25519-y-p", little(P), "y = p"), ("ed25519-y-p-plus-3", little(P + 3), "y = p + 3, not canonical"),
          ("ed25519-y-p-plus-3-sign", little(P + 3 + 2**255), "y = p + 3 and the sign bit, not canonical"),
          ("ed25519-y-p-plus-1", little(P + 1), "y = p + 1, the neutral element's other name"),
          ("ed25519-off-curve", little(2), "y = 2 is on no point"),
          ("ed25519-minus-zero", little(1 + 2**255), "x = 0 with the sign bit set")]
         + [(f"ed25519-small-order-{i}", a, "A of small order") for i, a in enumerate(SMALL_ORDER_A + ORDER_8_A)])


def identity_file():
    book = Book("identity.json", "Identities from seeds, pre-key bodies and their signatures, and refused encodings. "
                "A failure's `in` stands over the `in` of the vector named in `of`, and over its `out.identity` and "
                "`out.body`. `open-prekey` decodes a body and verifies its signature.")
    for who in ("alice", "bob", "mallory"):
        made = book.ok(f"identity/{who}", "identity", "R-02", {"seed": derive(f"seed {who}", 32)})
        _identity_failures(book, made, bytes.fromhex(made["out"]["identity"]), who == "alice")
    for suite in ("X3dh", "Pqxdh1024"):
        for kind in ("Signed", "OneTime", "KemOneTime", "KemLastResort")[:4 if suite == "Pqxdh1024" else 2]:
            _prekey_cases(book, suite, kind)
    return book


def _identity_failures(book, made, identity, full):
    def fail(slug, expect, why, encoded):
        book.fail(made["name"], slug, "decode-identity", "R-02 R-122", expect, why, identity=encoded)
    fail("truncated", "Truncated", "one byte too few", identity[:63])
    fail("trailing", "TrailingBytes", "one byte too many", identity + b"\0")
    for slug, u, why in BAD_U if full else BAD_U[:1]:
        fail(slug, "InvalidKey", why, identity[:32] + u)
    for slug, a, why in BAD_A if full else BAD_A[:1]:
        fail(slug, "InvalidKey", why, a + identity[32:])


def _prekey_cases(book, suite, kind):
    name, size = f"prekey/{suite}/{kind}", 64 if kind.startswith("Kem") else 32
    seed = derive("seed bob", 32)
    made = book.ok(name, "prekey", "R-06 R-08 R-09", {
        "seed": seed, "suite": suite, "kind": kind, "secret": derive(name, size), "created": NOW,
        "expires": NOW + confidant.LIFETIME})
    body, text = bytes.fromhex(made["out"]["body"]), bytes.fromhex(made["out"]["signed_text"])
    error = f"BadSignature({kind})"

    def fail(slug, req, why, **given):
        book.fail(name, slug, "open-prekey", req, error, why, **given)
    fail("signature-r", "R-06", "R flipped", body=flip(body, len(body) - 64))
    fail("signature-s", "R-06", "S flipped", body=flip(body, len(body) - 32))
    fail("created", "R-06 R-16", "created changed", body=flip(body, 7))
    fail("expires", "R-06 R-16", "expires changed", body=flip(body, 15))
    fail("suite", "R-20", "signed for the other suite", suite="Pqxdh1024" if suite == "X3dh" else "X3dh")
    fail("identity", "R-06", "another identity's", identity=Identity(derive("seed mallory", 32)).public)
    swapped = Identity(seed).public[:32] + Identity(derive("seed mallory", 32)).public[32:]
    fail("identity-x25519", "R-06", "the same signing key beside another X25519 key", identity=swapped)
    for bad, why, encoded in _odd_signatures(Identity(seed), text):
        fail(bad, "R-06", why, body=body[:-64] + encoded)
    other = {"Signed": "OneTime", "OneTime": "Signed", "KemOneTime": "KemLastResort", "KemLastResort": "KemOneTime"}
    book.fail(name, "kind", "open-prekey", "R-08 R-09", f"BadSignature({other[kind]})", "signed as another kind",
              kind=other[kind])
    book.fail(name, "truncated", "open-prekey", "R-02", "Truncated", "one byte too few", body=body[:-1])
    book.fail(name, "trailing", "open-prekey", "R-02", "TrailingBytes", "one byte too many", body=body + b"\0")


def _scalar(secret):
    digest = bytearray(hashlib.sha512(secret).digest())
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    return int.from_bytes(digest[:32], "little") % L


def _challenge(r, a, text):
    return int.from_bytes(hashlib.sha512(r + a + text).digest(), "little") % L


def _odd_signatures(who, text):
    """Signatures that a lax verifier accepts."""
    good = primitives.ed25519_sign(who.ed25519_secret, text)
    yield "signature-s-plus-l", "S not reduced", good[:32] + little(int.from_bytes(good[32:], "little") + L)
    a, public = _scalar(who.ed25519_secret), who.public[:32]
    r = little(1)
    yield "signature-r-neutral", "R is the neutral element", r + little(_challenge(r, public, text) * a % L)
    r = little(P + 1)
    yield "signature-r-neutral-not-canonical", "R is the neutral element, not canonical", r + little(
        _challenge(r, public, text) * a % L)
    point = primitives.point_decode(good[:32])
    r = primitives.point_encode(primitives.point_add(point, primitives.point_decode(ORDER_8_A[0])))
    s = (int.from_bytes(good[32:], "little") + (_challenge(r, public, text) - _challenge(good[:32], public, text)) * a)
    yield "signature-cofactored", "good for the cofactored equation only", r + little(s % L)


# ---- aead.json

SIZES = (0, 1, 32, 16383, 16384, 16385, 32773)


def aead_file():
    book = Book("aead.json", "Cobblestone-256. `open` seals the inputs of the vector named in `of`, edits the result, "
                "and opens it: an edit's `parts` are ranges [from, to) of the sealed message (to = null: its end) and "
                "literal hex, in order; `with_key` and `with_context` are what is opened with. A plaintext is hex or "
                "{repeat, length}; a large result is given by length and SHA-256.")
    for size in SIZES:
        name = f"cobblestone/{size}"
        text = {"repeat": derive(name + " text", 32), "length": size} if size > 64 else derive(name + " text", size)
        book.ok(name, "seal", "R-45 R-46 R-41", {"key": derive(name + " key", 32), "salt": derive(name + " salt", 24),
                                                 "context": derive(name + " context", 40), "plaintext": text})
        _aead_failures(book, name, size)
    return book


def _aead_failures(book, name, size):
    given = book.named(name)["in"]
    sealed = primitives.cobblestone_seal(*(ops.data(given[k]) for k in ("key", "salt", "context", "plaintext")))
    end = len(sealed)

    def fail(slug, req, why, *parts, **more):
        edit = {"edit": {"parts": list(parts)}} if parts else {}
        book.fail(name, slug, "open", req, "Unauthentic", why, **edit, **more)

    def flipped(slug, req, why, at, mask=1):
        fail(slug, req, why, [0, at], bytes([sealed[at] ^ mask]).hex(), [at + 1, None])
    flipped("salt", "R-41", "salt flipped", 0)
    flipped("salt-end", "R-41", "salt flipped at its end", 23, 0x80)
    flipped("commitment", "R-46", "commitment flipped", 24)
    flipped("commitment-end", "R-46", "commitment flipped at its end", 55, 0x80)
    flipped("body", "R-45", "first byte behind the commitment flipped", 56)
    flipped("tag", "R-45", "last byte of the last tag flipped", end - 1, 0x80)
    flipped("tag-first-byte", "R-45", "first byte of the last tag flipped", end - 16)
    fail("truncated", "R-45", "one byte too few", [0, end - 1])
    fail("extended", "R-45", "one byte too many", [0, None], "00")
    fail("key", "R-46", "another key", with_key=flip(bytes.fromhex(given["key"]), 31))
    fail("context", "R-36", "another context", with_context=flip(bytes.fromhex(given["context"]), 0))
    fail("context-longer", "R-36", "a longer context", with_context=given["context"] + "00")
    if size >= 16384:
        last = 56 + size // 16384 * 16400
        fail("last-chunk-dropped", "R-45", "the last chunk dropped", [0, last])
        fail("first-chunk-dropped", "R-45", "the first chunk dropped", [0, 56], [56 + 16400, None])
        fail("chunk-added", "R-45", "an empty chunk of other keys added", [0, None], bytes(16).hex())
        fail("first-tag", "R-45", "the first chunk's tag flipped", [0, 16455], bytes([sealed[16455] ^ 1]).hex(),
             [16456, None])
        fail("last-tag-shortened", "R-45", "the last chunk shorter than a tag", [0, last + 15])
    if size >= 32768:
        fail("chunks-swapped", "R-45", "two chunks swapped", [0, 56], [16456, 32856], [56, 16456], [32856, None])
        fail("chunk-repeated", "R-45", "a chunk repeated", [0, 16456], [56, None])


# ---- Stores, for bundle.json and handshake.json

def make_store(suite, name, one_time=2, kem=2):
    """The listed secrets of a store."""
    def times():
        return {"created": NOW, "expires": NOW + confidant.LIFETIME}
    out = {"suite": suite, "epoch": 1, "current": {**times(), "secret": derive(name + " signed", 32)}, "one_time": [
        {**times(), "secret": derive(f"{name} one-time {i}", 32)} for i in range(one_time)]}
    if suite == "Pqxdh1024":
        out["current"]["kem_seed"] = derive(name + " last-resort", 64)
        out["kem_one_time"] = [{**times(), "seed": derive(f"{name} kem {i}", 64)} for i in range(kem)]
    return ops.show(out)


# ---- bundle.json

BUNDLES = [("bundle/x3dh/one-time", "X3dh", {"one_time": 0}), ("bundle/x3dh/no-one-time", "X3dh", {}),
           ("bundle/pqxdh/kem-one-time", "Pqxdh1024", {"one_time": 0, "kem": 0}),
           ("bundle/pqxdh/last-resort", "Pqxdh1024", {"kem": "last-resort"})]


def bundle_file():
    book = Book("bundle.json", "Pre-key bundles and publications. `bundle` signs and encodes the keys picked from the "
                "listed store, and verifies them at `now`; `verify-bundle` decodes and verifies. A failure's `in` "
                "stands over the `in` of the vector named in `of` and its `out.bundle` or `out.publication`; "
                + EDITS)
    for name, suite, pick in BUNDLES:
        made = book.ok(name, "bundle", "R-06 R-07 R-08 R-16", {
            "responder_seed": derive("seed bob", 32), "store": make_store(suite, "bundle " + suite), "bundle": pick,
            "now": NOW + 1000})
        _bundle_failures(book, made, BundleEditor(made))
    for suite in ("X3dh", "Pqxdh1024"):
        _publication_cases(book, suite)
    return book


class BundleEditor:
    """Re-signs and re-encodes parts of a bundle."""

    def __init__(self, made):
        self.who = Identity(bytes.fromhex(made["in"]["responder_seed"]))
        self.encoded = bytes.fromhex(made["out"]["bundle"])
        self.decoded = wire.decode_bundle(self.encoded)

    def offset(self, kind):
        at = 68 if kind == SIGNED else 180
        return at + (BODY if self.decoded.one_time else 0) + 1 if kind in (KEM_ONE_TIME, KEM_LAST_RESORT) else at

    def resigned(self, key, suite=None, who=None, as_kind=None, **changes):
        """The bundle with this key signed again: with other times, for another suite, as another kind."""
        made = wire.PreKey(key.kind, key.created, key.expires, key.public)
        for field, value in changes.items():
            setattr(made, field, value)
        signed = confidant.sign_prekey(who or self.who, suite or self.decoded.suite, as_kind or key.kind, made.created,
                                       made.expires, made.public)
        return put(self.encoded, self.offset(key.kind), signed.body)


def _bundle_failures(book, made, editor):
    name, encoded, decoded = made["name"], editor.encoded, editor.decoded
    now = made["in"]["now"]

    def fail(slug, req, expect, why, encoded=None, **given):
        given = {**given, **({} if encoded is None else {"bundle": encoded})}
        book.fail(name, slug, "verify-bundle", req, expect, why, **given)
    _bundle_format_failures(fail, encoded, decoded, editor)
    for key in decoded.prekeys:
        _bundle_key_failures(book, name, fail, editor, key, now)
    _bundle_order_failures(fail, editor, now)
    book.ok(f"{name}/now-first", "verify-bundle", "R-16", {"now": NOW - 86_400}, name)
    book.ok(f"{name}/now-last", "verify-bundle", "R-16", {"now": NOW + confidant.LIFETIME - 1}, name)
    fail("now-too-early", "R-16", "NotYetValid(Signed)", "created is 86,401 seconds ahead", now=NOW - 86_401)
    fail("now-too-late", "R-16", "Expired(Signed)", "now = expires", now=NOW + confidant.LIFETIME)


def _bundle_format_failures(fail, encoded, decoded, editor):
    fail("empty", "R-02", "Truncated", "no byte", b"")
    fail("truncated", "R-02", "Truncated", "one byte too few", encoded[:-1])
    fail("truncated-identity", "R-02", "Truncated", "ends in the identity", encoded[:67])
    fail("truncated-signed", "R-02", "Truncated", "ends in the signed pre-key", encoded[:179])
    fail("trailing", "R-02 R-122", "TrailingBytes", "one byte too many", encoded + b"\0")
    fail("version", "R-136", "UnsupportedVersion", "version 2", put(encoded, 0, b"\2"))
    fail("version-before-type", "R-136", "UnsupportedVersion", "version 0, and an unknown type",
         put(encoded, 0, b"\0\xff"))
    fail("type", "R-136", "WrongKind", "type of a message", put(encoded, 1, b"\2"))
    fail("type-publication", "R-136", "WrongKind", "type of a publication", put(encoded, 1, b"\x11"))
    fail("suite-0", "R-20", "UnsupportedSuite", "suite 0", put(encoded, 2, b"\0"))
    fail("suite-3", "R-20", "UnsupportedSuite", "suite 3", put(encoded, 2, b"\3"))
    other, expect = (b"\2", "Truncated") if decoded.suite == wire.X3DH else (b"\1", "TrailingBytes")
    fail("suite-other", "R-20", expect, "the other suite's number", put(encoded, 2, other))
    for bit in (1, 4, 7):
        fail(f"flags-bit-{bit}", "R-122", "InvalidFlags", f"bit {bit} set", flip(encoded, 3, 1 << bit))
    dropped = encoded[:180] + encoded[180 + BODY:] if decoded.one_time else encoded
    if decoded.one_time and decoded.kem:
        fail("flag-cleared", "R-122", "WrongKind" if encoded[180] not in (3, 4) else "InvalidKey",
             "a one-time key without its flag", flip(encoded, 3))
    elif decoded.one_time:
        fail("flag-cleared", "R-122", "TrailingBytes", "a one-time key without its flag", flip(encoded, 3))
    fail("flag-without-key", "R-122", "Truncated" if not decoded.kem else "InvalidKey",
         "the flag without a one-time key", *[_with_flag(dropped, decoded)])
    for slug, a, why in (BAD_A[0], BAD_A[4], BAD_A[6]):
        fail("identity-" + slug, "R-02", "InvalidKey", why, put(encoded, 4, a))
    for slug, u, why in (BAD_U[0], BAD_U[3], BAD_U[5]):
        fail("identity-" + slug, "R-02", "InvalidKey", why, put(encoded, 36, u))
    if decoded.kem:
        at = editor.offset(decoded.kem.kind)
        for kind in (0, 1, 2, 5):
            fail(f"kem-kind-{kind}", "R-08 R-09", "WrongKind", f"kind {kind} for a KEM key",
                 put(encoded, at - 1, u8(kind)))
        fail("kem-modulus", "R-11", "InvalidKey", "a coefficient of 3,329", put(encoded, at + 16, b"\x01\x0d"))
        fail("kem-modulus-last", "R-11", "InvalidKey", "the last coefficient 4,095",
             put(encoded, at + 16 + 1534, b"\xff\xff"))
        fail("kem-missing", "R-20", "Truncated", "no KEM key", encoded[:at - 1])


def _with_flag(dropped, decoded):
    """Without a one-time key, with its flag; for a KEM suite the bytes read in its place hold a bad X25519 key."""
    out = put(dropped, 3, b"\1")
    return put(out, 180 + 16, little(P)) if decoded.kem else out


def _bundle_key_failures(book, name, fail, editor, key, now):
    kind, encoded, at = wire.KIND_NAMES[key.kind], editor.encoded, editor.offset(key.kind)
    end, tag = at + len(key.body), kind.lower()
    is_kem = key.kind in (KEM_ONE_TIME, KEM_LAST_RESORT)
    bad = f"BadSignature({kind})"
    fail(f"{tag}-signature", "R-06 R-07", bad, f"{kind}: signature flipped", flip(encoded, end - 64))
    fail(f"{tag}-signature-s", "R-06 R-07", bad, f"{kind}: S flipped", flip(encoded, end - 32))
    fail(f"{tag}-created", "R-16", bad, f"{kind}: created changed", flip(encoded, at + 7))
    fail(f"{tag}-expires", "R-16", bad, f"{kind}: expires changed", flip(encoded, at + 15))
    fail(f"{tag}-key", "R-06", bad, f"{kind}: another public key", put(encoded, at + 16, _other_public(key)))
    fail(f"{tag}-other-identity", "R-06", bad, f"{kind}: signed by another",
         editor.resigned(key, who=Identity(derive("seed mallory", 32))))
    fail(f"{tag}-other-suite", "R-20", bad, f"{kind}: signed for the other suite",
         editor.resigned(key, suite=3 - editor.decoded.suite))
    others = (KEM_ONE_TIME, KEM_LAST_RESORT) if is_kem else (SIGNED, ONE_TIME)
    for other in set(others) - {key.kind}:
        name_of = wire.KIND_NAMES[other]
        fail(f"{tag}-as-{name_of.lower()}", "R-08 R-09", bad, f"{kind}: signed as {name_of}",
             editor.resigned(key, as_kind=other))
        if is_kem:
            fail(f"{tag}-relabelled", "R-09", f"BadSignature({wire.KIND_NAMES[other]})",
                 f"{kind}: kind changed", put(encoded, at - 1, u8(other)))
    fail(f"{tag}-not-yet", "R-16", f"NotYetValid({kind})", f"{kind}: created 86,401 seconds ahead",
         editor.resigned(key, created=now + 86_401))
    fail(f"{tag}-expired", "R-16", f"Expired({kind})", f"{kind}: expires = now", editor.resigned(key, expires=now))
    book.ok(f"{name}/{tag}-just-valid", "verify-bundle", "R-16",
            {"bundle": editor.resigned(key, created=now + 86_400, expires=now + 1)}, name)
    if not is_kem:
        for slug, u, why in (BAD_U[0], BAD_U[3], *BAD_U[5:]) if name == BUNDLES[0][0] else BAD_U[7:8]:
            fail(f"{tag}-{slug}", "R-02", "InvalidKey", f"{kind}: {why}", editor.resigned(key, public=u))


def _other_public(key):
    if key.kind in (SIGNED, ONE_TIME):
        return primitives.x25519_public(derive("another curve key", 32))
    return KemKey(derive("another kem key", 64)).public


def _bundle_order_failures(fail, editor, now):
    """Signatures come before times, and signed before one-time before KEM."""
    decoded, encoded = editor.decoded, editor.encoded
    last = decoded.prekeys[-1]
    end = len(encoded)
    if last.kind == SIGNED:
        return
    expired = editor.resigned(decoded.signed, expires=now)
    fail("order-signature-before-time", "R-06", f"BadSignature({wire.KIND_NAMES[last.kind]})",
         "the signed pre-key expired, and the last signature bad", flip(expired, end - 1, 2))
    fail("order-signed-first", "R-06", "BadSignature(Signed)", "all signatures bad",
         flip(flip(encoded, 179, 2), end - 1, 2))


# ---- Publications

def _publication_cases(book, suite):
    name = "publication/" + suite
    made = book.ok(name, "publication", "R-07 R-09", {
        "responder_seed": derive("seed bob", 32), "store": make_store(suite, "publication " + suite, 3, 2)})
    encoded = bytes.fromhex(made["out"]["publication"])
    kem = suite == "Pqxdh1024"
    first = 179 + (KEM_BODY if kem else 0)

    def fail(slug, req, expect, why, encoded):
        book.fail(name, slug, "decode-publication", req, expect, why, publication=encoded)
    fail("truncated", "R-02", "Truncated", "one byte too few", encoded[:-1])
    fail("trailing", "R-02", "TrailingBytes", "one byte too many", encoded + b"\0")
    fail("version", "R-136", "UnsupportedVersion", "version 2", put(encoded, 0, b"\2"))
    fail("type", "R-136", "WrongKind", "type of a bundle", put(encoded, 1, b"\x10"))
    fail("suite", "R-20", "UnsupportedSuite", "suite 0", put(encoded, 2, b"\0"))
    fail("too-many", "R-32", "TooMany", "10,001 one-time pre-keys", put(encoded, first, u16(10_001)))
    keys = first + 2
    swapped = (encoded[:keys] + encoded[keys + BODY:keys + 2 * BODY] + encoded[keys:keys + BODY]
               + encoded[keys + 2 * BODY:])
    fail("not-ascending", "R-122", "NotCanonical", "two one-time pre-keys swapped", swapped)
    fail("twice", "R-122", "NotCanonical", "a one-time pre-key twice",
         put(encoded, keys + BODY, encoded[keys:keys + BODY]))
    fail("small-order", "R-02", "InvalidKey", "a one-time pre-key of small order",
         put(encoded, keys + 16, SMALL_ORDER_U[2]))
    if kem:
        at = keys + 3 * BODY
        fail("too-many-kem", "R-32", "TooMany", "10,001 KEM one-time pre-keys", put(encoded, at, u16(10_001)))
        fail("kem-not-ascending", "R-122", "NotCanonical", "two KEM one-time pre-keys swapped",
             encoded[:at + 2] + encoded[at + 2 + KEM_BODY:] + encoded[at + 2:at + 2 + KEM_BODY])
        fail("kem-modulus", "R-11", "InvalidKey", "a coefficient of 3,329", put(encoded, 179 + 16, b"\x01\x0d"))


BUILDERS = {"identity.json": identity_file, "aead.json": aead_file, "bundle.json": bundle_file}
