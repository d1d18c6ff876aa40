"""Cases of handshake.json, chain.json, message.json, snapshot.json and exporter.json."""

import confidant
import groups
import mlkem1024
import ops
import primitives
import state
import wire
from book import EDITS, Book, derive, flip, put
from confidant import Identity
from group_state import snapshot_group
from keys_cases import BAD_A, BAD_U, NOW, make_store
from wire import u8, u16, u32

ALICE = {"provider": b"example.org", "user": b"alice", "device": 1}
BOB = {"provider": b"example.net", "user": b"bob", "device": 7}
LARGEST = 1022 * 16384 + 16302
LAST_SECOND = NOW + confidant.LIFETIME + confidant.GRACE - 1


# ---- handshake.json

HANDSHAKES = [
    ("x3dh/one-time", "X3dh", {"one_time": 0}, "first message", "", b"chat"),
    ("x3dh/no-one-time", "X3dh", {}, "hello", "associated data", b""),
    ("pqxdh/kem-one-time", "Pqxdh1024", {"one_time": 1, "kem": 1}, "hybrid hello", "associated data", b"chat"),
    ("pqxdh/kem-one-time-only", "Pqxdh1024", {"kem": 0}, "hybrid hello", "", b"chat"),
    ("pqxdh/last-resort", "Pqxdh1024", {"kem": "last-resort"}, "", "", b"chat"),
]


def party_inputs(suite, name):
    """The inputs that every handshake has."""
    return {"initiator_seed": derive("seed alice", 32), "responder_seed": derive("seed bob", 32),
            "initiator_address": ALICE, "responder_address": BOB, "application": b"chat",
            "store": make_store(suite, name), "now": NOW + 5000}


def randoms(name, suite, messages):
    """r1, r2 of the hybrid suite, r, and one salt for each message."""
    first = [derive(name + " r1", 32)] + ([derive(name + " r2", 32)] if suite == "Pqxdh1024" else [])
    return first + [derive(name + " r", 32)] + [derive(f"{name} salt {i}", 24) for i in range(messages)]


def handshake_file():
    book = Book("handshake.json",
                "`handshake`: the initiator takes the bundle picked from the responder's listed store, "
                "sends `messages` (randomness in order of use: r1, r2 for Pqxdh1024, r, a salt for each message), and "
                "the responder accepts the one numbered `deliver` (0 unless given); with a `group`, a message's plaintext is "
                "the distribution that this group gives for the responder, sent with type 0x05. `accept`: the responder alone, "
                "after accepting `prior`; a failure's `in` stands over the `in` of the vector named in `of` and its "
                "delivered message; " + EDITS)
    for name, suite, pick, text, ad, application in HANDSHAKES:
        made = book.ok(name, "handshake", "R-03 R-05 R-10 R-14 R-35 R-40 R-41 R-56 R-141", {
            **party_inputs(suite, "handshake " + suite), "application": application, "bundle": pick,
            "random": randoms(name, suite, 1), "messages": [{"plaintext": text.encode(), "ad": ad.encode()}]})
        _initiate_failures(book, made)
        _handshake_failures(book, made)
    _later_message_first(book)
    _distribution_first(book)
    return book


def _initiate_failures(book, made):
    name, given = made["name"], made["in"]
    book.fail(name, "initiate-own-identity", "handshake", "R-04", "OwnIdentity", "the bundle is the initiator's own",
              responder_seed=given["initiator_seed"])
    book.fail(name, "initiate-own-address", "handshake", "R-04", "OwnIdentity", "both have the initiator's address",
              responder_address=given["initiator_address"])
    book.fail(name, "initiate-randomness", "handshake", "R-44", "Randomness", "no randomness", random=[])
    book.fail(name, "initiate-expired", "handshake", "R-16", "Expired(Signed)", "now = expires",
              now=NOW + confidant.LIFETIME)


class Parts:
    """Where the fields of a pre-key message stand."""

    def __init__(self, encoded):
        self.encoded, self.decoded = encoded, wire.decode_prekey_message(encoded)
        self.message = len(self.decoded.prefix)
        self.one_time = 108 if self.decoded.one_time_id else None
        self.kem = (116 if self.one_time else 108) if self.decoded.kem_id else None


def _handshake_failures(book, made):
    parts = Parts(bytes.fromhex(made["out"]["messages"][0]["bytes"]))

    def fail(slug, req, expect, why, encoded=None, **given):
        given = {**given, **({} if encoded is None else {"message": encoded})}
        book.fail(made["name"], slug, "accept", req, expect, why, **given)
    _prefix_failures(fail, parts)
    _small_order_failures(fail, parts, made["name"] == HANDSHAKES[0][0])
    _kem_failures(fail, parts, made)
    _first_message_failures(fail, parts)
    _binding_failures(fail, made, parts)
    _store_failures(book, fail, made, parts)
    _replay_failures(book, fail, made, parts)


def _prefix_failures(fail, parts):
    encoded, has_kem = parts.encoded, parts.kem is not None
    fail("version", "R-136", "UnsupportedVersion", "version 2", put(encoded, 0, b"\2"))
    fail("type", "R-136", "WrongKind", "type of a message", put(encoded, 1, b"\2"))
    fail("suite-0", "R-20", "UnsupportedSuite", "suite 0", put(encoded, 2, b"\0"))
    fail("suite-3", "R-20", "UnsupportedSuite", "suite 3", put(encoded, 2, b"\3"))
    fail("suite-other", "R-20", "UnsupportedVersion" if has_kem else "Truncated", "the other suite's number",
         put(encoded, 2, b"\1" if has_kem else b"\2"))
    fail("flags-one-time", "R-20", "UnsupportedVersion", "the flag of the one-time key flipped", flip(encoded, 3))
    fail("flags-bit-1", "R-122", "InvalidFlags", "bit 1 set", flip(encoded, 3, 2))
    fail("flags-bit-7", "R-122", "InvalidFlags", "bit 7 set", flip(encoded, 3, 128))
    _key_flips(fail, encoded)
    fail("signed-id", "R-03", "UnknownPreKey(Signed)", "id of the signed pre-key changed", flip(encoded, 100))
    if parts.one_time:
        fail("one-time-id", "R-03", "UnknownPreKey(OneTime)", "id of the one-time pre-key changed", flip(encoded, 108))
        fail("both-ids", "R-03", "UnknownPreKey(Signed)", "the ids of both curve keys changed",
             flip(flip(encoded, 100), 108))
    for end in sorted({0, 1, 2, 3, 4, 67, 68, 99, 100, 107, 108, len(parts.decoded.prefix), len(encoded) - 1}):
        short = encoded[:end]
        expect = "Truncated" if end - len(parts.decoded.prefix) < 114 else "Unauthentic"
        fail(f"truncated-{end}", "R-02", expect, f"ends after {end} bytes", short)
    fail("extended", "R-45", "Unauthentic", "one byte too many", encoded + b"\0")


def _key_flips(fail, encoded):
    """Flips that leave a point, and bytes that are none."""
    point = next(i for i in range(32) if primitives.is_good_point(flip(encoded, 4 + i)[4:36]))
    none = next(i for i in range(32) if not primitives.is_good_point(flip(encoded, 4 + i)[4:36]))
    fail("identity-ed25519", "R-03 R-04", "Unauthentic", "the identity's Ed25519 key changed", flip(encoded, 4 + point))
    fail("identity-no-point", "R-02", "InvalidKey", "the identity's Ed25519 key is on no point",
         flip(encoded, 4 + none))
    fail("identity-x25519", "R-03 R-04", "Unauthentic", "the identity's X25519 key changed", flip(encoded, 36))
    fail("ephemeral", "R-03", "Unauthentic", "EK changed", flip(encoded, 68))
    fail("identity-small-a", "R-02", "InvalidKey", "the identity's Ed25519 key of small order",
         put(encoded, 4, BAD_A[6][1]))


def _small_order_failures(fail, parts, every):
    for slug, u, why in (BAD_U[0], BAD_U[3], *BAD_U[5:]) if every else BAD_U[7:8]:
        fail("ephemeral-" + slug, "R-02", "InvalidKey", "EK: " + why, put(parts.encoded, 68, u))
        fail("identity-" + slug, "R-02", "InvalidKey", "identity: " + why, put(parts.encoded, 36, u))


def _kem_failures(fail, parts, made):
    if parts.kem is None:
        return
    encoded, kem = parts.encoded, parts.kem
    fail("kem-id", "R-10", "UnknownPreKey(KemOneTime)", "id of the KEM pre-key changed", flip(encoded, kem))
    for slug, at in (("first", 0), ("middle", 800), ("last", 1567)):
        fail(f"ciphertext-{slug}", "R-10 R-11", "Unauthentic", f"{slug} byte of the KEM ciphertext flipped",
             flip(encoded, kem + 8 + at))
    fail("ciphertext-zero", "R-11", "Unauthentic", "a KEM ciphertext of zeros", put(encoded, kem + 8, bytes(1568)))
    key = bytes.fromhex(made["out"]["bundle"])[-1632:-64]
    fresh = mlkem1024.encaps(key, derive("another m", 32))[1]
    fail("ciphertext-other", "R-10", "Unauthentic", "another good ciphertext for the same key",
         put(encoded, kem + 8, fresh))
    used = parts.decoded.kem_id
    for secret in made["in"]["store"]["kem_one_time"]:
        other = wire.prekey_id(wire.KEM_ONE_TIME, confidant.KemKey(bytes.fromhex(secret["seed"])).public)
        if other != used:
            fail(f"kem-id-of-{other.hex()}", "R-10", "Unauthentic", "names another KEM key of the store",
                 put(encoded, kem, other))
    fail("kem-id-of-signed", "R-08", "UnknownPreKey(KemOneTime)", "names a curve key for the KEM",
         put(encoded, kem, parts.decoded.signed_id))
    fail("ciphertext-truncated", "R-11", "Truncated", "ends in the KEM ciphertext", encoded[:kem + 8 + 1567])
    fail("ciphertext-short", "R-11", "UnsupportedVersion", "a byte of the KEM ciphertext left out",
         encoded[:kem + 8] + encoded[kem + 9:])
    everything = flip(flip(encoded, 100), kem)
    fail("signed-and-kem-id", "R-03", "UnknownPreKey(Signed)", "the ids of the signed and the KEM key changed",
         everything)


def _first_message_failures(fail, parts):
    encoded, at = parts.encoded, parts.message
    fail("message-version", "R-136", "UnsupportedVersion", "the message inside: version 2", put(encoded, at, b"\2"))
    fail("message-type", "R-136", "WrongKind", "the message inside: type of a pre-key message",
         put(encoded, at + 1, b"\1"))
    fail("ratchet-key", "R-36", "Unauthentic", "ratchet key changed", flip(encoded, at + 2))
    fail("ratchet-key-small", "R-02", "InvalidKey", "ratchet key of small order", put(encoded, at + 2, BAD_U[7][1]))
    fail("ratchet-key-not-canonical", "R-02", "InvalidKey", "ratchet key not canonical",
         put(encoded, at + 2, BAD_U[1][1]))
    fail("pn", "R-36", "Unauthentic", "PN = 1", put(encoded, at + 34, u32(1)))
    fail("pn-last", "R-36 R-38", "Unauthentic", "PN = 4,294,967,295", put(encoded, at + 34, u32(2**32 - 1)))
    fail("n-1", "R-36", "Unauthentic", "N = 1", put(encoded, at + 38, u32(1)))
    fail("n-limit", "R-32", "Unauthentic", "N = max_jump, forged", put(encoded, at + 38, u32(2000)))
    fail("n-too-far", "R-32", "TooFarAhead", "N = max_jump + 1", put(encoded, at + 38, u32(2001)))
    fail("n-last", "R-32 R-38", "TooFarAhead", "N = 4,294,967,295", put(encoded, at + 38, u32(2**32 - 1)))
    fail("pn-before-n", "R-32", "Unauthentic", "PN = 1 and N = max_jump + 1",
         put(put(encoded, at + 38, u32(2001)), at + 34, u32(1)))
    fail("n-limit-set", "R-32", "TooFarAhead", "N = 4 with max_jump = 3", put(encoded, at + 38, u32(4)),
         limits={"max_jump": 3, "max_stored": 3})
    fail("salt", "R-41 R-46", "Unauthentic", "salt flipped", flip(encoded, at + 42))
    fail("commitment", "R-46", "Unauthentic", "commitment flipped", flip(encoded, at + 66))
    fail("body", "R-45", "Unauthentic", "first byte behind the commitment flipped", flip(encoded, at + 98))
    fail("tag", "R-45", "Unauthentic", "last byte of the tag flipped", flip(encoded, len(encoded) - 1, 128))


def _binding_failures(fail, made, parts):
    given, encoded = made["in"], parts.encoded
    mallory = Identity(derive("seed mallory", 32)).public
    bob = bytes.fromhex(made["out"]["responder_identity"])
    fail("application", "R-05", "Unauthentic", "another application context", application=b"other")
    fail("application-longer", "R-05", "Unauthentic", "a longer application context",
         application=given["application"] + "00")
    fail("ad", "R-36", "Unauthentic", "other associated data", ad=b"other")
    fail("ad-longer", "R-36", "Unauthentic", "longer associated data", ad=given["messages"][0]["ad"] + "00")
    for side in ("initiator", "responder"):
        who = given[side + "_address"]
        for field, value in (("provider", ""), ("user", b"eve".hex()), ("device", who["device"] + 1)):
            fail(f"{side}-{field}", "R-03 R-04", "Unauthentic", f"another {field} of the {side}",
                 **{side + "_address": {**who, field: value}})
    shifted = {"provider": given["initiator_address"]["provider"] + b"a".hex(), "user": b"lice".hex(), "device": 1}
    fail("address-shifted", "R-03", "Unauthentic", "a byte moved from the user to the provider",
         initiator_address=shifted)
    fail("addresses-swapped", "R-04", "Unauthentic", "addresses swapped",
         initiator_address=given["responder_address"], responder_address=given["initiator_address"])
    fail("identity-replaced", "R-04", "Unauthentic", "another initiator's identity", put(encoded, 4, mallory))
    fail("own-identity", "R-04", "OwnIdentity", "the responder's own identity", put(encoded, 4, bob))
    fail("own-address", "R-04", "OwnIdentity", "both have the responder's address",
         initiator_address=given["responder_address"])
    for slug, at, half in (("ed25519", 4, bob[:32]), ("x25519", 36, bob[32:])):
        fail("own-identity-" + slug, "R-04", "OwnIdentity", f"the {slug} half is the responder's own", put(encoded, at, half))
    fail("identity-changed", "R-04", "IdentityChanged", "the initiator is known by another identity",
         known_identity=mallory)
    fail("responder-other", "R-04", "WrongIdentity", "the store is another identity's",
         store_seed=derive("seed mallory", 32))
    fail("store-other-suite", "R-20", "SuiteRefused", "a store of the other suite", store=make_store(
        "X3dh" if parts.kem else "Pqxdh1024", "handshake other"))


def _store_failures(book, fail, made, parts):
    name, stored = made["name"], made["in"]["store"]
    book.ok(name + "/last-second", "accept", "R-16", {"now": LAST_SECOND}, name)
    fail("signed-expired", "R-16", "SignedPreKeyExpired", "now = expires + 2,592,000", now=LAST_SECOND + 1)
    fail("signed-expired-forged", "R-16", "SignedPreKeyExpired", "now = expires + 2,592,000, and the tag flipped",
         flip(parts.encoded, len(parts.encoded) - 1), now=LAST_SECOND + 1)
    fresh = make_store(stored["suite"], "handshake fresh")["current"]
    rotated = {**stored, "current": fresh, "previous": stored["current"]}
    book.ok(name + "/rotated", "accept", "R-14", {"store": rotated}, name)
    fail("rotated-twice", "R-16", "UnknownPreKey(Signed)", "the signed pre-key is gone",
         store={**stored, "current": fresh})
    if parts.one_time:
        fail("one-time-gone", "R-07 R-35", "UnknownPreKey(OneTime)", "the one-time pre-key is gone",
             store={**stored, "one_time": []})
        others = [wire.prekey_id(wire.ONE_TIME, primitives.x25519_public(bytes.fromhex(k["secret"])))
                  for k in stored["one_time"]]
        other = next(i for i in others if i != parts.decoded.one_time_id)
        fail("one-time-other", "R-03", "Unauthentic", "names another one-time pre-key of the store",
             put(parts.encoded, 108, other))
        fail("one-time-stripped", "R-03 R-20", "Unauthentic", "the one-time pre-key left out",
             put(parts.encoded[:108] + parts.encoded[116:], 3, b"\0"))
    else:
        own = wire.prekey_id(wire.ONE_TIME, primitives.x25519_public(bytes.fromhex(stored["one_time"][0]["secret"])))
        fail("one-time-added", "R-03", "Unauthentic", "a one-time pre-key named that was not used",
             put(parts.encoded[:108] + own + parts.encoded[108:], 3, b"\1"))
    if "kem_one_time" in stored and made["in"]["bundle"]["kem"] != "last-resort":
        fail("kem-gone", "R-35", "UnknownPreKey(KemOneTime)", "the KEM pre-key is gone",
             store={**stored, "kem_one_time": []})


def _replay_failures(book, fail, made, parts):
    stored, first = made["in"]["store"], made["out"]["messages"][0]["bytes"]
    if parts.one_time:
        expect = "UnknownPreKey(OneTime)"
    elif parts.kem and made["in"]["bundle"]["kem"] != "last-resort":
        expect = "UnknownPreKey(KemOneTime)"
    else:
        expect = "Replayed"
        tag = made["out"]["steps"]["replay_tag"][:32]
        tagged = {**stored, "current": {**stored["current"], "tags": [tag]}}
        fail("tag-known", "R-14", "Replayed", "the replay tag is kept", store=tagged)
        fail("tag-known-forged", "R-14", "Unauthentic", "the replay tag is kept, and the tag of the message flipped",
             flip(parts.encoded, len(parts.encoded) - 1), store=tagged)
        full = {**stored, "current": {**stored["current"], "counted_tags": 16_384}}
        fail("tags-full", "R-14 R-32", "ReplayRecordFull", "16,384 tags are kept: 0, 1, 2, … as 16-byte integers",
             store=full)
        almost = {**stored["current"], "counted_tags": 16_383, "tags": [tag]}
        fail("tags-full-known", "R-14", "Replayed", "16,384 tags are kept, this one among them",
             store={**stored, "current": almost})
        fresh = make_store(stored["suite"], "handshake fresh")["current"]
        fail("tag-known-previous", "R-14", "Replayed", "rotated, and the tag kept with the previous generation",
             store={**stored, "current": fresh, "previous": tagged["current"]})
        book.ok(made["name"] + "/tag-other-generation", "accept", "R-14", {"store": {
            **stored, "current": {**fresh, "tags": [tag]}, "previous": stored["current"]}}, made["name"])
    fail("replay", "R-14 R-35", expect, "accepted before", prior=[first])


def _later_message_first(book):
    """The first message to arrive is not the first that was sent."""
    for suite, pick in (("X3dh", {}), ("Pqxdh1024", {"one_time": 0, "kem": 0})):
        name = f"{suite.lower()}/third-message-first"
        given = party_inputs(suite, "handshake " + suite)
        texts = [{"plaintext": f"message {i}".encode(), "ad": b""} for i in range(3)]
        made = book.ok(name, "handshake", "R-14 R-40", {
            **given, "bundle": pick, "random": randoms(name, suite, 3), "messages": texts, "deliver": 2})
        parts = Parts(bytes.fromhex(made["out"]["messages"][2]["bytes"]))
        _third_message_failures(book, name, made, parts)


def _third_message_failures(book, name, made, parts):
    first = made["out"]["messages"][0]["bytes"]
    at = parts.message
    again = "Replayed" if not parts.kem else "UnknownPreKey(OneTime)"

    def fail(slug, req, expect, why, **given):
        book.fail(name, slug, "accept", req, expect, why, **given)
    fail("n", "R-36", "Unauthentic", "N = 1", message=put(parts.encoded, at + 38, u32(1)))
    fail("jump", "R-32", "TooFarAhead", "N = 2 with max_jump = 1", limits={"max_jump": 1, "max_stored": 1})
    fail("first-accepted", "R-14", again, "the first message was accepted before", prior=[first])
    fail("pn", "R-36", "Unauthentic", "PN = 2", message=put(parts.encoded, at + 34, u32(2)))
    book.ok(name + "/nothing-kept", "accept", "R-32 R-33", {"limits": {"max_jump": 2, "max_stored": 0}}, name)


def handed_over(sender, receiver):
    """A group of these two devices, each (address, identity), and the sender's key for the other: inputs of a message."""
    group = groups.create(b"friends", sender, 1, [sender, receiver])
    group.rotate(NOW, primitives.Replay([derive("handed over " + what, 32) for what in ("chain key", "signing secret")]))
    snapshot = snapshot_group(group)
    return {"group": snapshot, "plaintext": group.distribute(receiver)}


def _distribution_first(book):
    """The first message of a session is of type 0x05."""
    for suite, pick in (("X3dh", {"one_time": 0}), ("Pqxdh1024", {"kem": "last-resort"})):
        name, given = f"{suite.lower()}/distribution-first", party_inputs(suite, "handshake " + suite)
        alice, bob = ((ops.address(ops.show(who)), Identity(given[side]).public)
                      for who, side in ((ALICE, "initiator_seed"), (BOB, "responder_seed")))
        made = book.ok(name, "handshake", "R-14 R-63", {
            **given, "bundle": pick, "random": randoms(name, suite, 1), "messages": [handed_over(alice, bob)]})
        _distribution_first_failures(book, made)


def _distribution_first_failures(book, made):
    parts = Parts(bytes.fromhex(made["out"]["messages"][0]["bytes"]))
    kind = parts.message + 1

    def fail(slug, req, expect, why, encoded=parts.encoded, **given):
        book.fail(made["name"], slug, "accept", req, expect, why, message=encoded, **given)
    fail("as-text", "R-36 R-63", "Unauthentic", "the message inside: type 0x02", put(parts.encoded, kind, b"\2"))
    for other in (0, 1, 3, 4, 6):
        fail(f"type-{other}", "R-136", "WrongKind", f"the message inside: type {other}", put(parts.encoded, kind, u8(other)))
    fail("version", "R-136", "UnsupportedVersion", "the message inside: version 2", put(parts.encoded, kind - 1, b"\2"))
    fail("ad", "R-36", "Unauthentic", "associated data that it was not bound to", ad=b"ad")
    fail("n", "R-36", "Unauthentic", "N = 1", put(parts.encoded, kind + 37, u32(1)))
    fail("tag", "R-45", "Unauthentic", "last byte of the tag flipped", flip(parts.encoded, len(parts.encoded) - 1))
    again = "UnknownPreKey(OneTime)" if parts.one_time else "Replayed"
    fail("replay", "R-14", again, "accepted before", prior=[made["out"]["messages"][0]["bytes"]])


# ---- chain.json

def chain_file():
    book = Book("chain.json",
                "KDF_RK, KDF_CK and the ratchet secret. A failure's `in` stands over the `in` of the vector "
                "named in `of`; `differs`: its result is another one.")
    for i in range(2):
        name, root_key = f"kdf-rk/{i}", derive(f"kdf-rk {i}", 32)
        agreements = [derive(f"kdf-rk {i} dh {j}", 32) for j in range(4)]
        book.ok(name, "kdf-rk", "R-39", {"root_key": root_key, "dh": agreements})
        book.fail(name, "root-key", "kdf-rk", "R-39", "differs", "another RK", root_key=flip(root_key, 0))
        book.fail(name, "first-dh", "kdf-rk", "R-39", "differs", "another DH",
                  dh=[flip(agreements[0], 31), *agreements[1:]])
        book.fail(name, "order", "kdf-rk", "R-39", "differs", "DH outputs in another order", dh=agreements[::-1])
        book.fail(name, "exchanged", "kdf-rk", "R-39", "differs", "RK and the first DH exchanged",
                  root_key=agreements[0], dh=[root_key, *agreements[1:]])
        name, chain_key = f"kdf-ck/{i}", derive(f"kdf-ck {i}", 32)
        book.ok(name, "kdf-ck", "R-35", {"chain_key": chain_key, "count": 5 + 11 * i})
        for j, why in ((0, "first"), (13, "middle"), (31, "last")):
            book.fail(name, f"chain-key-{j}", "kdf-ck", "R-35", "differs", f"{why} byte of CK changed",
                      chain_key=flip(chain_key, j))
        book.fail(name, "chain-key-zero", "kdf-ck", "R-35", "differs", "CK of zeros", chain_key=bytes(32))
        name, r = f"ratchet-secret/{i}", derive(f"ratchet-secret {i}", 32)
        book.ok(name, "ratchet-secret", "R-39", {"root_key": root_key, "r": r})
        book.fail(name, "r", "ratchet-secret", "R-39", "differs", "another r", r=flip(r, 0))
        book.fail(name, "root-key", "ratchet-secret", "R-39", "differs", "another RK", root_key=flip(root_key, 0))
        book.fail(name, "exchanged", "ratchet-secret", "R-39", "differs", "RK and r exchanged", root_key=r, r=root_key)
        book.fail(name, "r-zero", "ratchet-secret", "R-39", "differs", "r of zeros", r=bytes(32))
    return book


# ---- Pairs of sessions

def make_pair(suite="X3dh", limits=None):
    """Two sessions after one message from Alice: her session and Bob's."""
    name = f"pair {suite}"
    bundle = {"one_time": 0, "kem": 0} if suite == "Pqxdh1024" else {"one_time": 0}
    given = ops.show({**party_inputs(suite, name), "bundle": bundle, "random": randoms(name, suite, 1),
                      "messages": [{"plaintext": b"hello"}], "limits": limits or {}})
    out = ops.show(ops.handshake(given))
    return (state.restore_session(bytes.fromhex(out["initiator_snapshot"])),
            state.restore_session(bytes.fromhex(out["responder_snapshot"])), out)


class Talk:
    """Sends between the two sessions of a pair, with derived randomness."""

    def __init__(self, name, *sessions):
        self.name, self.sessions, self.count = name, sessions, 0

    def random(self, who):
        self.count += 1
        r = [] if self.sessions[who].sending else [derive(f"{self.name} r {self.count}", 32)]
        return r + [derive(f"{self.name} salt {self.count}", 24)]

    def send(self, who, text=b"text"):
        return self.sessions[who].encrypt(text, b"", primitives.Replay(self.random(who)), {})

    def pass_on(self, who, text=b"text"):
        self.sessions[1 - who].decrypt(self.send(who, text), b"", {})


# ---- message.json

MESSAGES = [("first-reply", 1, b"reply", b""), ("first-reply-with-ad", 1, b"reply", b"associated data"),
            ("same-chain", 0, b"again", b"ad"), ("empty", 0, b"", b""), ("turn", 1, b"turn", b""),
            ("distribution", 0, None, b""), ("distribution-reply", 1, None, b""),
            ("two-chunks", 1, {"repeat": "c0ffee", "length": 16_400}, b"ad")]


def message_file():
    book = Book("message.json",
                "Single messages: `message` restores both snapshots, encrypts with the listed randomness "
                "(r if the ratchet turns, then the salt) and decrypts; with a `group`, the plaintext is the distribution "
                "that this group gives for the receiver, sent with type 0x05. `decrypt`: the receiver alone; a refusal leaves "
                "its snapshot as it was. A failure's `in` stands over the `in` of the vector named in `of` and its "
                "`out.message`. {repeat, length} is the unit repeated and cut to the length; " + EDITS)
    for suite in ("X3dh", "Pqxdh1024"):
        for name, who, text, ad in MESSAGES[:8 if suite == "X3dh" else 7]:
            _message_case(book, suite, name, who, text, ad)
    _encrypt_failures(book)
    return book


def _message_case(book, suite, slug, who, text, ad):
    name = f"message/{suite.lower()}/{slug}"
    alice, bob, _ = make_pair(suite)
    talk = Talk(name, alice, bob)
    if not slug.startswith("first"):
        talk.pass_on(1)
        talk.pass_on(0)
    made = book.ok(name, "message", "R-36 R-41 R-45 R-46 R-35", {
        "sender": state.snapshot_session(talk.sessions[who]),
        "receiver": state.snapshot_session(talk.sessions[1 - who]),
        "random": talk.random(who), **_content(talk.sessions, who, text), "ad": ad})
    _message_failures(book, made)


def _content(sessions, who, text):
    """The text, or without one a sender key for the other side."""
    if text is not None:
        return {"plaintext": text}
    sender, receiver = ((peer[64:], peer[:64]) for peer in (sessions[1 - who].peer, sessions[who].peer))
    return handed_over(sender, receiver)


def _message_failures(book, made):
    encoded, name, ad = bytes.fromhex(made["out"]["message"]), made["name"], made["in"]["ad"]
    n = made["out"]["n"]
    turned = "ratchet_key" in made["out"]["steps"]

    def fail(slug, req, expect, why, encoded=None, **given):
        given = {**given, **({} if encoded is None else {"message": encoded})}
        book.fail(name, slug, "decrypt", req + " R-30", expect, why, **given)
    fail("empty", "R-02", "Malformed(Truncated)", "no byte", b"")
    fail("shortest", "R-02", "Malformed(Truncated)", "113 bytes", encoded[:113])
    fail("only-header", "R-02", "Malformed(Truncated)", "the header alone", encoded[:42])
    fail("version", "R-136", "Malformed(UnsupportedVersion)", "version 2", put(encoded, 0, b"\2"))
    fail("type", "R-136", "Malformed(WrongKind)", "type of a bundle", put(encoded, 1, b"\x10"))
    for kind in (0, 3, 4, 6):
        fail(f"type-{kind}", "R-136", "Malformed(WrongKind)", f"type {kind}", put(encoded, 1, u8(kind)))
    other = 5 if encoded[1] == 2 else 2
    fail("type-other", "R-36 R-63", "Unauthentic", f"type {other}: the type is authenticated", put(encoded, 1, u8(other)))
    fail("ratchet-key", "R-36", "Unauthentic", "ratchet key changed", flip(encoded, 2))
    for slug, u, why in (BAD_U[0], BAD_U[3], *BAD_U[5:]) if name == "message/x3dh/first-reply" else BAD_U[7:8]:
        fail("ratchet-key-" + slug, "R-02", "Malformed(InvalidKey)", "ratchet key: " + why, put(encoded, 2, u))
    fail("pn", "R-36", "Unauthentic", "PN changed", flip(encoded, 37))
    fail("pn-last", "R-32 R-38", "TooFarAhead" if turned and _has_chain(made) else "Unauthentic",
         "PN = 4,294,967,295", put(encoded, 34, u32(2**32 - 1)))
    fail("n", "R-36", "Unauthentic", "N one higher", put(encoded, 38, u32(n + 1)))
    fail("n-too-far", "R-32", "TooFarAhead", "N passes over 2,001 keys", put(encoded, 38, u32(_next_n(made) + 2001)))
    fail("n-limit", "R-32", "Unauthentic", "N passes over 2,000 keys, forged",
         put(encoded, 38, u32(_next_n(made) + 2000)))
    fail("n-last", "R-38", "TooFarAhead", "N = 4,294,967,295", put(encoded, 38, u32(2**32 - 1)))
    fail("salt", "R-41", "Unauthentic", "salt flipped", flip(encoded, 42))
    fail("commitment", "R-46", "Unauthentic", "commitment flipped", flip(encoded, 97, 128))
    fail("tag", "R-45", "Unauthentic", "last byte of the tag flipped", flip(encoded, len(encoded) - 1))
    fail("tag-first", "R-45", "Unauthentic", "first byte of the tag flipped", flip(encoded, len(encoded) - 16))
    if len(encoded) > 114:
        fail("truncated", "R-45", "Unauthentic", "one byte too few", encoded[:-1])
    fail("extended", "R-45", "Unauthentic", "one byte too many", encoded + b"\0")
    fail("ad", "R-36", "Unauthentic", "other associated data", ad=b"other")
    fail("ad-longer", "R-36", "Unauthentic", "longer associated data", ad=ad + "00")
    fail("receiver-is-sender", "R-04", "Unauthentic", "given back to its sender", receiver=made["out"]["sender_after"])
    fail("again", "R-35", "Duplicate", "decrypted before", receiver=made["out"]["receiver_after"])


def _has_chain(made):
    return state.restore_session(bytes.fromhex(made["in"]["receiver"])).receiving is not None


def _next_n(made):
    """N at which the receiver stands in the message's chain."""
    receiver = state.restore_session(bytes.fromhex(made["in"]["receiver"]))
    same = wire.decode_message(bytes.fromhex(made["out"]["message"])).ratchet_key == receiver.remote
    return receiver.receiving.n if same else 0


def _encrypt_failures(book):
    """What `encrypt` refuses, and the last message of a chain."""
    alice, bob, _ = make_pair()
    talk = Talk("encrypt", alice, bob)
    talk.pass_on(1)
    talk.pass_on(0)
    alice.sending.n = confidant.LAST_N
    last = state.snapshot_session(alice)
    name, salt = "message/x3dh/last-of-chain", talk.random(0)
    book.ok(name, "encrypt", "R-38", {"sender": last, "random": salt, "plaintext": b"the last of its chain", "ad": b""})
    alice.sending.n += 1
    book.fail(name, "exhausted", "encrypt", "R-38", "ChainExhausted", "N = 4,294,967,295",
              sender=state.snapshot_session(alice))
    assert confidant.message_size(LARGEST) == 16_777_216 and confidant.message_size(LARGEST + 1) == 16_777_217
    too_long = {"repeat": "00", "length": LARGEST + 1}
    book.fail(name, "too-long", "encrypt", "R-32", "TooLong", "the message would have 16,777,217 bytes",
              plaintext=too_long)
    book.fail(name, "too-long-before-exhausted", "encrypt", "R-32", "TooLong", "too long, and N = 4,294,967,295",
              plaintext=too_long, sender=state.snapshot_session(alice))
    book.fail("message/x3dh/first-reply", "too-long", "decrypt", "R-32 R-30", "Malformed(TooLong)", "16,777,217 bytes",
              message={"repeat": "0102", "length": 16_777_217})
    book.fail("message/x3dh/first-reply", "longest", "decrypt", "R-32 R-30", "Unauthentic", "16,777,216 bytes, forged",
              message={"repeat": "0102", "length": 16_777_216})
    book.fail("message/x3dh/first-reply", "too-long-version", "decrypt", "R-136", "Malformed(UnsupportedVersion)",
              "16,777,217 bytes of version 2", message={"repeat": "0202", "length": 16_777_217})
    book.fail("message/x3dh/first-reply", "too-long-type", "decrypt", "R-136", "Malformed(WrongKind)",
              "16,777,217 bytes of no message: the length is judged when the type is known",
              message={"repeat": "0110", "length": 16_777_217})
    book.fail("message/x3dh/distribution", "too-long", "decrypt", "R-32 R-30", "Malformed(TooLong)", "16,777,217 bytes",
              message={"repeat": "0105", "length": 16_777_217})
    book.fail(name, "randomness", "encrypt", "R-44", "Randomness", "no randomness", random=[])


# ---- snapshot.json

def snapshot_file():
    book = Book("snapshot.json",
                "`session-snapshot`: the fields of state.md and their bytes; `store-snapshot`: the same of "
                "a pre-key store from its listed secrets; `store-history`: a store from its randomness. `restore-…`: "
                "reads a snapshot with a least epoch; a failure's `in` stands over the `in` of the vector named in "
                "`of` and its `out.snapshot`; " + EDITS)
    for name, session in _sessions():
        made = book.ok(name, "session-snapshot", "R-43 R-105 R-122", {"fields": ops.session_fields(session),
                                                                     "min_epoch": session.epoch})
        _frame_failures(book, made, "restore-session", 1)
        _session_failures(book, made, session)
    _store_cases(book)
    return book


def _sessions():
    """Sessions in every shape that a snapshot has."""
    for suite in ("X3dh", "Pqxdh1024"):
        alice, bob, out = make_pair(suite)
        prefix = "snapshot/" + suite.lower()
        yield f"{prefix}/initiator-fresh", state.restore_session(bytes.fromhex(out["initiator_snapshot_fresh"]))
        yield f"{prefix}/initiator-after-first", alice
        yield f"{prefix}/responder-after-accept", bob
    yield "snapshot/x3dh/skipped-and-retired", _with_skipped("skipped")[1]
    marked = _with_skipped("marked")[1]
    marked.expire_skipped(NOW, 1000)
    yield "snapshot/x3dh/marks", marked
    forgotten = _with_skipped("forgotten", {"max_jump": 9, "max_stored": 2})[1]
    yield "snapshot/x3dh/forgotten", forgotten


def _with_skipped(name, limits=None):
    """Bob keeps keys of two retired chains and of the current one."""
    alice, bob, _ = make_pair("X3dh", limits)
    talk = Talk(name, alice, bob)
    for _ in range(3):
        talk.pass_on(1)
        talk.send(0), talk.send(0)
        talk.pass_on(0)
        if name == "marked":
            bob.expire_skipped(NOW - 5, 1000)
    return alice, bob


def _sum(body):
    return body + state.checksum(body)


def _frame_failures(book, made, op, kind):
    """Frame of state.md."""
    name, encoded = made["name"], bytes.fromhex(made["out"]["snapshot"])
    body = encoded[:-8]

    def fail(slug, req, expect, why, encoded=None, **given):
        given = {**given, **({} if encoded is None else {"snapshot": encoded})}
        book.fail(name, slug, op, req, expect, why, **given)
    book.ok(name + "/restored", op, "R-43", {"min_epoch": made["in"]["min_epoch"]}, name)
    fail("stale", "R-43", "Stale", "an epoch too old by one", min_epoch=made["in"]["min_epoch"] + 1)
    fail("empty", "R-02", "Malformed(Truncated)", "no byte", b"")
    fail("magic", "R-136", "Malformed(WrongKind)", "magic changed", _sum(flip(body, 0)))
    fail("magic-bad-sum", "R-136", "Malformed(WrongKind)", "magic changed, checksum not", flip(encoded, 3))
    fail("kind", "R-136", "Malformed(WrongKind)", "kind of the other", _sum(put(body, 4, u8(3 - kind))))
    fail("version", "R-105 R-136", "Malformed(UnsupportedVersion)", "version 2", _sum(put(body, 5, b"\2")))
    fail("version-bad-sum", "R-105 R-136", "Malformed(UnsupportedVersion)", "version 0, checksum not changed",
         put(encoded, 5, b"\0"))
    fail("epoch-bad-sum", "R-43", "Malformed(Corrupted)", "epoch changed, checksum not", flip(encoded, 6))
    fail("body-bad-sum", "R-44", "Malformed(Corrupted)", "body changed, checksum not", flip(encoded, len(encoded) // 2))
    fail("checksum", "R-44", "Malformed(Corrupted)", "checksum changed", flip(encoded, len(encoded) - 1, 128))
    fail("truncated-bad-sum", "R-44", "Malformed(Corrupted)", "one byte too few", encoded[:-1])
    fail("trailing-bad-sum", "R-44", "Malformed(Corrupted)", "one byte too many", encoded + b"\0")
    fail("truncated", "R-02", "Malformed(Truncated)", "a body one byte too short", _sum(body[:-1]))
    fail("no-body", "R-02", "Malformed(Truncated)", "no body", _sum(body[:14]))
    fail("trailing", "R-02 R-122", "Malformed(TrailingBytes)", "a body one byte too long", _sum(body + b"\0"))
    fail("suite", "R-20", "Malformed(UnsupportedSuite)", "suite 3", _sum(put(body, 14, b"\3")))


def _session_failures(book, made, s):
    name, body = made["name"], bytes.fromhex(made["out"]["snapshot"])[:-8]
    limits = 16 + len(s.peer) + 32 + 32 + 2 + len(s.prefix) + 32

    def fail(slug, expect, why, body):
        book.fail(name, slug, "restore-session", "R-02 R-32 R-122", f"Malformed({expect})", why, snapshot=_sum(body))
    fail("role", "NotCanonical", "role 2", put(body, 15, b"\2"))
    fail("peer-ed25519", "InvalidKey", "the peer's Ed25519 key of small order", put(body, 16, BAD_A[6][1]))
    fail("peer-x25519", "InvalidKey", "the peer's X25519 key of small order", put(body, 48, BAD_U[6][1]))
    fail("address-tag", "NotCanonical", "the provider under the user's tag", put(body, 80, b"\2"))
    provider = s.peer[65]
    no_user = body[:83 + provider] + b"\0" + body[84 + provider + body[83 + provider]:]
    fail("address-user", "NotCanonical", "a user without a name", no_user)
    fail("max-jump", "NotCanonical", "max_jump = 25,001", put(body, limits, u32(25_001)))
    fail("max-stored", "NotCanonical", "max_stored = 25,001", put(body, limits + 4, u32(25_001)))
    fail("remote", "InvalidKey", "remote ratchet key not canonical", put(body, limits + 40, BAD_U[0][1]))
    fail("sending", "NotCanonical", "sending tag 2", put(body, limits + 72, b"\2"))
    at = limits + 72 + (1 + 104 if s.sending else 5)
    fail("receiving", "NotCanonical", "receiving tag 2", put(body, at, b"\2"))
    if s.kept:
        _order_failures(fail, body, at, s)


def _with(s, **changes):
    other = ops.session_of(ops.session_fields(s))
    for field, value in changes.items():
        setattr(other, field, value)
    return state.snapshot_session(other)[:-8]


def _order_failures(fail, body, receiving, s):
    """Bounds checked on reading."""
    count, keys = len(body) - 40 * len(s.kept) - 4, sorted(s.kept)
    first = count + 4
    fail("kept-swapped", "NotCanonical", "kept keys not ascending",
         body[:first] + body[first + 40:first + 80] + body[first:first + 40] + body[first + 80:])
    fail("kept-twice", "NotCanonical", "a kept key twice", put(body, first + 40, body[first:first + 40]))
    fail("kept-too-many", "NotCanonical", "more kept keys than max_stored", _with(s, max_stored=len(s.kept) - 1))
    if len(s.kept) < s.max_stored:
        fail("kept-count", "Truncated", "one kept key more than there is",
             put(body, count, u32(len(s.kept) + 1)))
    fail("kept-forgotten", "NotCanonical", "a kept key before forgotten",
         _with(s, forgotten=(keys[0][0], keys[0][1] + 1)))
    current = s.receiving
    ahead = {**s.kept, (current.index, current.n): bytes(32)}
    fail("kept-ahead", "NotCanonical", "a kept key at the next N of the current chain",
         _with(s, kept=ahead, max_stored=100))
    fail("kept-next-chain", "NotCanonical", "a kept key of a later chain",
         _with(s, kept={**s.kept, (current.index + 1, 0): bytes(32)}, max_stored=100))
    (key, index, length), *rest = s.retired
    if s.forgotten < (index, length):
        beyond = {**s.kept, (index, length): bytes(32)}
        fail("kept-beyond", "NotCanonical", "a kept key at a retired chain's length",
             _with(s, kept=beyond, max_stored=100))
    orphans = [at for at in s.kept if at[0] == index]
    if orphans:
        fail("retired-missing", "NotCanonical", "a kept key of a chain that is not listed", _with(s, retired=rest))
    fail("retired-swapped", "NotCanonical", "retired chains not ascending", _with(s, retired=s.retired[::-1]))
    fail("retired-current", "NotCanonical", "a retired chain with the current chain's index",
         _with(s, retired=s.retired + [(key, current.index, 100)]))
    fail("no-current", "NotCanonical", "retired chains without a current one", _with(s, receiving=None, kept={}))
    many = [(key, i, 1) for i in range(33)]
    fail("retired-too-many", "TooMany", "33 retired chains", _with(
        s, retired=many, kept={}, receiving=confidant.Receiving(40, 1, bytes(32))))
    marks = [(NOW, (0, i + 1)) for i in range(17)]
    fail("marks-too-many", "TooMany", "17 marks", _with(s, marks=marks))
    fail("marks-positions", "NotCanonical", "marks whose positions do not ascend", _with(s, marks=[marks[1], marks[0]]))
    fail("marks-times", "NotCanonical", "marks whose times descend", _with(s, marks=[(NOW + 1, (0, 1)), marks[1]]))


def _store_cases(book):
    for suite in ("X3dh", "Pqxdh1024"):
        seed, prefix = derive("seed bob", 32), "snapshot/" + suite.lower()
        plain = make_store(suite, "store " + suite, 3, 2)
        empty = {**make_store(suite, "store " + suite, 0, 0), "epoch": 0}
        older = make_store(suite, "store older")["current"]
        tags = sorted(derive(f"tag {i}", 16).hex() for i in range(3))
        older = {**older, "created": NOW - 604_800, "expires": NOW + 7_171_200, "tags": tags}
        full = {**plain, "epoch": 9, "previous": older}
        full["current"] = {**full["current"], "tags": tags[:1]}
        for slug, given in (("fresh", empty), ("one-time", plain), ("previous-and-tags", full)):
            made = book.ok(f"{prefix}/store-{slug}", "store-snapshot", "R-14 R-43 R-56 R-105 R-122", {
                "responder_seed": seed, "store": given, "min_epoch": given["epoch"]})
            _frame_failures(book, made, "restore-store", 2)
            _store_failures_of(book, made, given)
        _store_history(book, suite, seed)


def _store_failures_of(book, made, given):
    name, body = made["name"], bytes.fromhex(made["out"]["snapshot"])[:-8]
    kem = given["suite"] == "Pqxdh1024"

    def fail(slug, expect, why, body):
        book.fail(name, slug, "restore-store", "R-02 R-32 R-122", f"Malformed({expect})", why, snapshot=_sum(body))
    fail("identity", "InvalidKey", "the identity's Ed25519 key of small order", put(body, 15, BAD_A[6][1]))
    tags = 79 + 80 + (72 if kem else 0)
    fail("tags-too-many", "TooMany", "16,385 replay tags", put(body, tags, u16(16_385)))
    fail("signed-public", "InvalidKey", "a public key of small order", put(body, 79 + 48, BAD_U[8][1]))
    previous = tags + 2 + 16 * len(given["current"].get("tags", []))
    fail("previous", "NotCanonical", "tag 2 before the previous generation", put(body, previous, b"\2"))
    if "previous" in given:
        first = previous + 1 + 80 + (72 if kem else 0) + 2
        fail("tags-swapped", "NotCanonical", "replay tags not ascending",
             body[:first] + body[first + 16:first + 32] + body[first:first + 16] + body[first + 32:])
        fail("tags-twice", "NotCanonical", "a replay tag twice", put(body, first + 16, body[first:first + 16]))
        return
    one_time = previous + 1
    fail("one-time-too-many", "TooMany", "10,001 one-time keys", put(body, one_time, u16(10_001)))
    kems = one_time + 2 + 80 * len(given["one_time"])
    if kem:
        fail("kem-too-many", "TooMany", "10,001 KEM one-time keys", put(body, kems, u16(10_001)))
    if given["one_time"]:
        at = one_time + 2
        fail("one-time-swapped", "NotCanonical", "one-time keys not ascending",
             body[:at] + body[at + 80:at + 160] + body[at:at + 80] + body[at + 160:])
        fail("one-time-twice", "NotCanonical", "a one-time key twice", put(body, at + 80, body[at:at + 80]))
        if kem:
            at = kems + 2
            fail("kem-swapped", "NotCanonical", "KEM one-time keys not ascending",
                 body[:at] + body[at + 88:] + body[at:at + 88])
            fail("kem-twice", "NotCanonical", "a KEM one-time key twice", put(body, at + 88, body[at:at + 88]))


def _store_history(book, suite, seed):
    """A store from its randomness: its own failures are those of the snapshots above."""
    kem = suite == "Pqxdh1024"
    name = f"snapshot/{suite.lower()}/store-history"

    def draw(step):
        return [derive(f"{name} {step} secret", 32)] + ([derive(f"{name} {step} seed", 64)] if kem else [])
    keys = [derive(f"{name} one-time {i}", 32) for i in range(2)]
    seeds = [derive(f"{name} kem {i}", 64) for i in range(2)] if kem else []
    steps = [{"do": "create", "now": NOW, "random": draw("create")},
             {"do": "one-time", "now": NOW + 1, "curve": 2, "kem": len(seeds), "random": keys + seeds},
             {"do": "rotate", "now": NOW + 604_800, "random": draw("first")},
             {"do": "rotate", "now": NOW + 1_209_600, "random": draw("second")}]
    book.ok(name, "store-history", "R-43 R-56", {"responder_seed": seed, "suite": suite, "steps": steps})
    last = steps[-1]

    def fail(slug, expect, why, changed):
        book.fail(name, slug, "store-history", "R-56", expect, why, steps=[*steps[:-1], {**last, **changed}])
    fail("randomness", "Randomness", "no randomness for the last step", {"random": []})
    fail("other-secret", "differs", "another signed pre-key",
         {"random": [flip(last["random"][0], 9), *last["random"][1:]]})
    fail("other-time", "differs", "another time", {"now": NOW + 1_209_601})
    book.fail(name, "identity", "store-history", "R-56", "differs", "another identity",
              responder_seed=derive("seed mallory", 32))


# ---- exporter.json

def exporter_file():
    book = Book("exporter.json",
                "`exporter` from the exporter key. A failure's `in` stands over the `in` of the vector "
                "named in `of`; `differs`: its result is another one; `refused`: spec.md names no error for it.")
    key = derive("exporter key", 32)
    for i, (label, context, size) in enumerate((
            (b"", b"", 32), (b"label", b"", 1), (b"label", b"context", 32), (b"label", b"context", 100),
            (b"a", derive("exporter context", 300), 64), (b"label", b"context", 8160))):
        name = f"exporter/{i}"
        book.ok(name, "exporter", "R-03", {"exporter_key": key, "label": label, "context": context, "length": size})

        def fail(slug, expect, why, **given):
            book.fail(name, slug, "exporter", "R-03", expect, why, **given)
        fail("length-0", "refused", "length 0", length=0)
        fail("length-8161", "refused", "length 8,161", length=8161)
        fail("label", "differs", "another label", label=label + b"x")
        fail("context", "differs", "another context", context=context + b"x")
        fail("exchanged", "differs", "a byte moved from the context to the label", label=label + b"y",
             context=context[1:])
        fail("key", "differs", "another exporter key", exporter_key=flip(key, 0))
    return book


BUILDERS = {"handshake.json": handshake_file, "chain.json": chain_file, "message.json": message_file,
            "snapshot.json": snapshot_file, "exporter.json": exporter_file}
