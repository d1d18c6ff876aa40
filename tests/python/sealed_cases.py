"""Cases of sealed.json: certificates, sealing, opening, uploads, delivery tokens."""

from types import SimpleNamespace

import sealed
import wire
from book import EDITS, Book, derive, flip, put
from confidant import Identity
from keys_cases import BAD_A, BAD_U, NOW, _odd_signatures
from primitives import cobblestone_seal, ed25519_public, ed25519_sign, x25519_public
from sealed import BEFORE_PADDING, BUCKETS, SHARED_SIZES, xor
from sealed_ops import device as party
from wire import u8, u32

DAY, YEAR = 86_400, 31_536_000


def device(provider, user, number=1, seed=None):
    return {"provider": provider.encode(), "user": user.encode(), "device": number, "seed": derive(f"seed {seed or user}", 32)}


ALICE, BOB, CAROL = device("example.org", "alice"), device("example.net", "bob", 7), device("example.org", "carol", 2)
MALLORY, DAVE = device("example.org", "mallory"), device("", "dave", 0)
ROOT, OTHER_ROOT = derive("sealed root", 32), derive("sealed other root", 32)
SERVER, OTHER_SERVER = derive("sealed server", 32), derive("sealed other server", 32)
ROOTS = [ed25519_public(ROOT)]


def shown(value):
    """A device as a vector lists it."""
    return {key: item.hex() if isinstance(item, bytes) else item for key, item in value.items()}


def who(value):
    return party(shown(value))


def identity(value):
    return Identity(value["seed"])


def sealed_file():
    book = Book("sealed.json",
                "Sealed sender. `server-certificate`: a root certifies a server's key. `issue`: the server, certified by "
                "the root from `from` until `until`, certifies `sender` at `now` for `lifetime` seconds, and what comes is "
                "checked at `now` against `roots` (public keys; `{key, provider}` is pinned for the users of that provider alone) and `revoked` (ids); `party` is the address and identity that "
                "it names; `certified_seed`: the root certified the key of this seed in place of the server's. "
                "`check-certificate` decodes and checks. `seal-for`: seals for the recipients (with a `count`: so many users "
                "of no provider, a user of four bytes counted from 0, device 1, all of one identity) with `random`, at `sealed_at`, or at `now` if it is not given; `steps` are "
                "listed of uploads of up to 65,536 bytes; for up to 8 recipients `messages` are what each is sent, in the order of the upload, and each opens and is checked, but one "
                "for the sender's own address, which is `FromOurselves`. "
                "Sealed for each alone with the same `random`, the same messages come. `open-sealed`: the receiver decodes, "
                "opens and checks, of the first message of the vector named in `of` if it gives none; `id` tells it from others. `upload`: what a relay "
                "makes of one; `counted-upload`: the same for entries that are counted, `keys` standing for C and tag in each, "
                "`claimed` the count that the upload names. `present-token`: a relay with a verifier is shown a token; `refused` "
                "is its answer to another one. A failure's `in` stands over the `in` of the vector named in `of`, and over its "
                "`out.certificate`, `out.upload` or first message. " + EDITS)
    for build in (_server_certificates, _sender_certificates, _sealed, _openings, _buckets, _uploads, _delivery):
        build(book)
    return book


# ---- Server certificates

SERVERS = [("server", ROOT, SERVER, NOW - 1000, NOW + YEAR), ("always", OTHER_ROOT, SERVER, 0, 2**64 - 1),
           ("never", ROOT, OTHER_SERVER, NOW, NOW), ("backwards", ROOT, ROOT, NOW + 1, NOW)]


def _server_certificates(book):
    for slug, root, server, valid_from, valid_until in SERVERS:
        made = book.ok("server-certificate/" + slug, "server-certificate", "R-80", {
            "root_seed": root, "server_seed": server, "from": valid_from, "until": valid_until})
        book.ok(made["name"] + "/decoded", "decode-server-certificate", "R-80", {}, made["name"])
        _server_decoding(book, made["name"], bytes.fromhex(made["out"]["certificate"]), slug == "server")


def _server_decoding(book, name, encoded, full):
    def fail(slug, expect, why, changed):
        book.fail(name, slug, "decode-server-certificate", "R-80 R-122", expect, why, certificate=changed)
    fail("version", "UnsupportedVersion", "version 2", put(encoded, 0, b"\2"))
    fail("type", "WrongKind", "a sender certificate's type", put(encoded, 1, b"\x31"))
    fail("truncated", "Truncated", "one byte too few", encoded[:-1])
    fail("trailing", "TrailingBytes", "one byte too many", encoded + b"\0")
    fail("empty", "Truncated", "no byte", b"")
    for size in (1, 2, 9, 10, 41, 42, 50, 58) if full else ():
        fail(f"ends-at-{size}", "Truncated", f"{size} bytes", encoded[:size])
    for slug, key, why in BAD_A if full else BAD_A[:1]:
        fail(slug, "InvalidKey", why, put(encoded, 10, key))
    fail("key-and-truncated", "InvalidKey", "a bad key, and one byte too few", put(encoded, 10, BAD_A[0][1])[:-1])
    if full:
        for slug, at in (("root-id", 2), ("from", 42), ("until", 57), ("signature", 58)):
            book.ok(f"{name}/{slug}-decodes", "decode-server-certificate", "R-80", {"certificate": flip(encoded, at)}, name)


# ---- Sender certificates

NAMES = [("p" * 118, "u"), ("", "u" * 119), ("p" * 60, "u" * 59)]


def _issuing(sender=ALICE, now=NOW, lifetime=DAY, **more):
    return {"root_seed": ROOT, "server_seed": SERVER, "from": NOW - 1000, "until": NOW + YEAR, "sender": sender, "now": now,
            "lifetime": lifetime, "roots": ROOTS, "revoked": [], **more}


def _sender_certificates(book):
    made = book.ok("certificate/alice", "issue", "R-80", _issuing())
    book.ok("certificate/alice/decoded", "decode-sender-certificate", "R-80", {}, made["name"])
    _issue_cases(book, made["name"])
    _sender_decoding(book, made["name"], bytes.fromhex(made["out"]["certificate"]))
    _checks(book, made["name"], bytes.fromhex(made["out"]["certificate"]))
    for i, (provider, user) in enumerate(NAMES):
        long = book.ok(f"certificate/longest-names-{i}", "issue", "R-80 R-84", _issuing(device(provider, user, 2**32 - 1, "alice")),
                       made["name"])
        assert len(long["out"]["certificate"]) == 2 * 396
    book.ok("certificate/shortest-names", "issue", "R-80 R-84", _issuing(device("", "u", 0)), made["name"])


def _issue_cases(book, name):
    def ok(slug, **given):
        return book.ok(f"{name}/{slug}", "issue", "R-80", given, name)["out"]["expires"]

    def fail(slug, expect, why, **given):
        book.fail(name, slug, "issue", "R-80", expect, why, **given)
    assert ok("lifetime-1", lifetime=1) == NOW + 1
    assert ok("as-long-as-the-server", lifetime=YEAR) == NOW + YEAR
    assert ok("longer-than-the-server", lifetime=YEAR + 1) == NOW + YEAR
    assert ok("longest-lifetime", lifetime=2**64 - 1) == NOW + YEAR
    assert ok("server-without-end", until=2**64 - 1, lifetime=2**64 - 1) == 2**64 - 1
    assert ok("first-second", now=NOW - 1000) == NOW - 1000 + DAY
    assert ok("last-second", now=NOW + YEAR - 1) == NOW + YEAR
    assert ok("other-root", root_seed=OTHER_ROOT, roots=[ed25519_public(OTHER_ROOT)]) == NOW + DAY
    fail("before-the-server", "NotCertified", "one second before the server is certified", now=NOW - 1001)
    fail("server-expired", "NotCertified", "the server's certificate has ended", now=NOW + YEAR)
    fail("server-expired-long-ago", "NotCertified", "the server's certificate ended long ago", now=2**64 - 1)
    fail("no-lifetime", "NotCertified", "a lifetime of 0 seconds", lifetime=0)
    fail("wrong-key", "WrongKey", "the root certified another server's key", certified_seed=OTHER_SERVER)
    fail("roots-key", "WrongKey", "the root certified itself", certified_seed=ROOT)
    fail("wrong-key-and-time", "WrongKey", "another server's key, and not certified now", certified_seed=OTHER_SERVER, now=0)
    for i, (provider, user) in enumerate((("p" * 119, "u"), ("", "u" * 120), ("p" * 60, "u" * 60), ("p" * 255, "u" * 255))):
        fail(f"names-too-long-{i}", "NamesTooLong", f"names of {len(provider) + len(user)} bytes together",
             sender=device(provider, user))
    fail("names-and-time", "NotCertified", "names too long, and not certified now", sender=device("", "u" * 120), now=0)


def _sender_decoding(book, name, encoded):
    def fail(slug, expect, why, changed):
        book.fail(name, "decode/" + slug, "decode-sender-certificate", "R-80 R-122", expect, why, certificate=changed)
    fail("version", "UnsupportedVersion", "version 2", put(encoded, 0, b"\2"))
    fail("type", "WrongKind", "a server certificate's type", put(encoded, 1, b"\x30"))
    fail("truncated", "Truncated", "one byte too few", encoded[:-1])
    fail("trailing", "TrailingBytes", "one byte too many", encoded + b"\0")
    for size in (0, 1, 2, 33, 65, 66, 193, 201, 209, 210, 331, 332):
        fail(f"ends-at-{size}", "Truncated", f"{size} bytes", encoded[:size])
    for slug, key, why in BAD_A[:3] + BAD_A[4:8]:
        fail(slug, "InvalidKey", why, put(encoded, 2, key))
    for slug, key, why in BAD_U[:4] + BAD_U[5:7]:
        fail(slug, "InvalidKey", why, put(encoded, 34, key))
    fail("server-version", "UnsupportedVersion", "the server certificate's version 2", put(encoded, 210, b"\2"))
    fail("server-type", "WrongKind", "a sender certificate in place of the server's", put(encoded, 211, b"\x31"))
    fail("server-key", "InvalidKey", "a bad key of the server", put(encoded, 220, BAD_A[0][1]))
    _address_decoding(fail, encoded)


def _address_decoding(fail, encoded):
    size = len(wire.address(ALICE["provider"], ALICE["user"], 1))

    def field(slug, why, part):
        fail("address-" + slug, "NotCanonical", why, put(encoded, 66, part.ljust(128, b"\0")))
    good = encoded[66:66 + size]
    fail("padding-first", "NotCanonical", "a byte of the padding is 1, its first", put(encoded, 66 + size, b"\1"))
    fail("padding-last", "NotCanonical", "a byte of the padding is 1, its last", put(encoded, 193, b"\1"))
    fail("padding-high-bit", "NotCanonical", "a bit of the padding is set", put(encoded, 150, b"\x80"))
    field("zeros", "nothing but zeros", b"")
    field("provider-tag", "the provider's tag is 2", put(good, 0, b"\2"))
    field("user-tag", "the user's tag is 1", put(good, 2 + len(ALICE["provider"]), b"\1"))
    field("device-tag", "the device's tag is 0", put(good, size - 5, b"\0"))
    field("no-user", "an empty user", wire.address(b"p", b"", 1))
    field("twice", "a second address behind the first", good * 2)
    for slug, why, part in (("provider-beyond", "a provider that does not end in the field", b"\1\xff" + b"p" * 126),
                            ("user-beyond", "a user that does not end in the field", b"\1\0\2\xfe" + b"u" * 124),
                            ("device-beyond", "a device that does not end in the field", wire.address(b"", b"u" * 120, 1)[:128])):
        field(slug, why, part)


def certificate(sender=ALICE, server=SERVER, root=ROOT, certified=None, times=(NOW, NOW + DAY), of_server=(NOW - 1000, NOW + YEAR)):
    """A sender certificate, whoever made it."""
    above = sealed.make_server_certificate(root, ed25519_public(certified or server), *of_server)
    return sealed.make_sender_certificate(server, above, *who(sender), *times)


def _checks(book, name, encoded):
    def fail(slug, expect, why, **given):
        book.fail(name, "check/" + slug, "check-certificate", "R-80", expect, why, **given)

    def ok(slug, **given):
        book.ok(f"{name}/check/{slug}", "check-certificate", "R-80", given, name)
    _check_times(ok, fail)
    _check_roots(ok, fail, encoded)
    _check_signatures(fail, encoded)
    _check_order(fail, encoded)


def _check_times(ok, fail):
    early, late = certificate(times=(NOW, NOW + 2 * YEAR)), certificate(times=(0, NOW + YEAR))
    ok("first-second", now=NOW - DAY)
    ok("last-second", now=NOW + DAY - 1)
    ok("server-first-second", certificate=late, now=NOW - 1000 - DAY)
    ok("server-last-second", certificate=early, now=NOW + YEAR - 1)
    ok("at-0", certificate=certificate(times=(DAY, 2**64 - 1), of_server=(DAY, 2**64 - 1)), now=0)
    ok("last-time-but-one", certificate=certificate(times=(2**64 - 1, 2**64 - 1), of_server=(2**64 - 1, 2**64 - 1)), now=2**64 - 2)
    fail("too-early", "NotYetValid", "from is 86,401 seconds ahead", now=NOW - DAY - 1)
    fail("expired", "Expired", "now = until", now=NOW + DAY)
    fail("server-too-early", "NotYetValid", "the server's from is 86,401 seconds ahead", certificate=late, now=NOW - 1001 - DAY)
    fail("server-expired", "Expired", "now = the server's until", certificate=early, now=NOW + YEAR)
    fail("at-0-too-early", "NotYetValid", "from is 86,401 seconds ahead of 0",
         certificate=certificate(times=(DAY + 1, 2**64 - 1), of_server=(0, 2**64 - 1)), now=0)
    fail("end-of-time", "Expired", "until is the last time, and so is now",
         certificate=certificate(times=(0, 2**64 - 1), of_server=(0, 2**64 - 1)), now=2**64 - 1)
    fail("never-valid", "Expired", "from = until = now", certificate=certificate(times=(NOW, NOW)), now=NOW)
    fail("backwards", "Expired", "until before from", certificate=certificate(times=(NOW, NOW - 1)), now=NOW)


def _check_roots(ok, fail, encoded):
    other, others = ed25519_public(OTHER_ROOT), certificate(root=OTHER_ROOT)
    old_and_new = [other, ROOTS[0]]
    ok("two-roots", roots=old_and_new)
    ok("two-roots-first", roots=old_and_new[::-1])
    ok("two-roots-other", roots=old_and_new, certificate=others)
    _check_providers(ok, fail, encoded)
    ok("other-key-revoked", revoked=[sealed.key_id(ed25519_public(OTHER_SERVER)), sealed.key_id(ROOTS[0])])
    ok("other-server", certificate=certificate(server=OTHER_SERVER))
    fail("no-roots", "UnknownRoot", "no root", roots=[])
    fail("other-root", "UnknownRoot", "another root is pinned", roots=[other])
    fail("of-other-root", "UnknownRoot", "certified under another root", certificate=others)
    fail("server-as-root", "UnknownRoot", "the server's key is no root", roots=[ed25519_public(SERVER)])
    fail("root-id", "UnknownRoot", "the root id changed", certificate=flip(encoded, 212))
    fail("claims-the-root", "BadSignature", "the pinned root's id over another root's signature",
         certificate=_resigned(put(others, 212, encoded[212:220])))
    fail("revoked", "Revoked", "the server's key is revoked", revoked=[sealed.key_id(ed25519_public(SERVER))])
    fail("revoked-among-others", "Revoked", "the server's key is one of the revoked",
         revoked=[sealed.key_id(ed25519_public(OTHER_SERVER)), sealed.key_id(ed25519_public(SERVER))])


def pinned(provider, key=ROOTS[0]):
    """A root for the users of one provider."""
    return {"key": key, "provider": provider}


def _check_providers(ok, fail, encoded):
    """Alice is a user of example.org."""
    other, ours, theirs = ed25519_public(OTHER_ROOT), pinned(b"example.org"), pinned(b"example.net")
    ok("for-provider", roots=[ours])
    ok("for-provider-after-another", roots=[theirs, ours])
    ok("for-provider-before-another", roots=[ours, theirs])
    ok("for-provider-and-all", roots=[ROOTS[0], ours])
    ok("for-all-and-another-provider", roots=[ROOTS[0], theirs])
    ok("for-provider-beside-other-root", roots=[other, ours])
    ok("two-roots-for-provider", roots=[pinned(b"example.org", other), ours])
    ok("two-roots-for-provider-other", roots=[pinned(b"example.org", other), ours], certificate=certificate(root=OTHER_ROOT))
    ok("each-provider-its-root", roots=[pinned(b"example.net", other), ours])
    ok("each-provider-its-root-other", roots=[pinned(b"example.net", other), ours], certificate=certificate(BOB, root=OTHER_ROOT))
    ok("for-no-provider", roots=[pinned(b"")], certificate=certificate(DAVE))
    ok("for-all-of-no-provider", roots=ROOTS, certificate=certificate(DAVE))

    def unknown(slug, why, roots, **given):
        fail(slug, "UnknownRoot", why, roots=roots, **given)
    unknown("for-other-provider", "the root is pinned for another provider", [theirs])
    unknown("for-other-providers", "the root is pinned for two other providers", [theirs, pinned(b"example.com")])
    unknown("for-users-of-none", "the root is pinned for users of no provider", [pinned(b"")])
    unknown("of-none-for-provider", "a user of no provider, the root is pinned for one", [ours], certificate=certificate(DAVE))
    unknown("for-user-name", "the root is pinned for a provider named as the user", [pinned(b"alice")])
    unknown("of-other-provider", "a user of another provider than the root is pinned for", [ours], certificate=certificate(BOB))
    for slug, name in (("shorter", b"example.or"), ("longer", b"example.orga"), ("nul", b"example.org\0"), ("case", b"Example.org")):
        unknown("for-provider-" + slug, f"the root is pinned for the provider {name.decode()!a}", [pinned(name)])
    unknown("for-provider-names-moved", "a byte moved from the user to the provider", [ours],
            certificate=certificate({**ALICE, "provider": b"example.orga", "user": b"lice"}))
    unknown("other-root-for-provider", "another root is pinned for the provider, and this one for another",
            [pinned(b"example.org", other), theirs])
    unknown("other-root-for-all", "another root is pinned for all, and this one for another provider", [other, theirs])
    unknown("providers-exchanged", "each provider is pinned with the other's root", [pinned(b"example.net"), pinned(b"example.org", other)],
            certificate=certificate(BOB, root=OTHER_ROOT))
    unknown("for-other-provider-before-signature", "pinned for another provider, and the root's signature flipped", [theirs],
            certificate=_resigned(flip(encoded, 300)))
    unknown("for-other-provider-before-revoked", "pinned for another provider, and revoked", [theirs],
            revoked=[sealed.key_id(ed25519_public(SERVER))])
    fail("for-provider-signature", "BadSignature", "pinned for the provider, and the root's signature flipped", roots=[ours],
         certificate=_resigned(flip(encoded, 300)))
    fail("for-provider-revoked", "Revoked", "pinned for the provider, and revoked", roots=[ours],
         revoked=[sealed.key_id(ed25519_public(SERVER))])
    fail("for-provider-expired", "Expired", "pinned for the provider, and expired", roots=[ours], now=NOW + DAY)


def _resigned(encoded, server=SERVER):
    """The sender certificate, signed by the server as it now is."""
    return encoded[:-64] + ed25519_sign(server, sealed.sender_statement(encoded))


def _check_signatures(fail, encoded):
    def bad(slug, why, changed):
        fail(slug, "BadSignature", why, certificate=changed)
    for slug, at in (("device", 90), ("from", 201), ("until", 209)):
        bad(slug, f"the sender's {slug} changed", flip(encoded, at))
    bad("identity-of-other", "the sender's identity is another's", put(encoded, 2, who(MALLORY)[1]))
    bad("x25519-of-other", "another X25519 key beside the sender's Ed25519 key", put(encoded, 34, who(MALLORY)[1][32:]))
    bad("server-from", "the server's from changed, the sender's signature is right", _resigned(flip(encoded, 259)))
    bad("server-until", "the server's until changed, the sender's signature is right", _resigned(flip(encoded, 267)))
    bad("server-signature-r", "R of the root's signature flipped, the sender's signature is right", _resigned(flip(encoded, 268)))
    bad("server-signature-s", "S of the root's signature flipped, the sender's signature is right", _resigned(flip(encoded, 300)))
    bad("signature-r", "R flipped", flip(encoded, 332))
    bad("signature-s", "S flipped", flip(encoded, 364))
    bad("signature-zero", "a signature of zeros", encoded[:-64] + bytes(64))
    bad("wrong-server", "another server has signed", _resigned(encoded, OTHER_SERVER))
    bad("root-has-signed", "the root has signed the sender", _resigned(encoded, ROOT))
    bad("server-has-certified-itself", "the server has signed its own certificate",
        _resigned(put(encoded, 268, ed25519_sign(SERVER, sealed.server_statement(encoded[210:332])))))
    bad("statement-of-the-other-kind", "signed with the label of server certificates",
        encoded[:-64] + ed25519_sign(SERVER, b"confidant/v1/certificate/server" + encoded[:-64]))
    bad("no-label", "signed without a label", encoded[:-64] + ed25519_sign(SERVER, encoded[:-64]))
    bad("other-server-certificate", "another certificate of the same server",
        encoded[:210] + certificate(of_server=(NOW - 999, NOW + YEAR))[210:332] + encoded[332:])
    server = SimpleNamespace(ed25519_secret=SERVER, public=ed25519_public(SERVER))
    for slug, why, signature in _odd_signatures(server, sealed.sender_statement(encoded)):
        bad(slug, why, encoded[:-64] + signature)
    root = SimpleNamespace(ed25519_secret=ROOT, public=ROOTS[0])
    for slug, why, signature in _odd_signatures(root, sealed.server_statement(encoded[210:332])):
        bad("server-" + slug, why + ", of the root", _resigned(put(encoded, 268, signature)))


def _check_order(fail, encoded):
    """What is found first where two things are wrong."""
    server, broken = [sealed.key_id(ed25519_public(SERVER))], flip(encoded, 364)
    fail("root-before-signature", "UnknownRoot", "another root, and its signature flipped", roots=[],
         certificate=flip(encoded, 300))
    fail("roots-signature-before-revoked", "BadSignature", "the root's signature flipped, and revoked",
         certificate=_resigned(flip(encoded, 300)), revoked=server)
    fail("revoked-before-signature", "Revoked", "revoked, and the server's signature flipped", certificate=broken, revoked=server)
    fail("revoked-before-time", "Revoked", "revoked, and expired", revoked=server, now=NOW + YEAR)
    fail("signature-before-time", "BadSignature", "the server's signature flipped, and expired", certificate=broken, now=NOW + YEAR)
    fail("server-expired-first", "Expired", "the server has expired, and the sender is not yet valid",
         certificate=certificate(times=(NOW + YEAR, NOW + 2 * YEAR), of_server=(0, NOW)), now=NOW)
    fail("server-too-early-first", "NotYetValid", "the server is not yet valid, and the sender has expired",
         certificate=certificate(times=(0, NOW), of_server=(NOW + YEAR, NOW + 2 * YEAR)), now=NOW)


# ---- Messages to put inside

POINT = x25519_public(derive("inner ratchet", 32))


def inner(kind, size=114):
    """Well-formed and no more: nobody can decrypt it."""
    return bytes([1, kind]) + POINT + u32(0) + u32(3) + derive(f"inner {kind} {size}", size - 42)


def first_message(kind=0x02):
    prefix = wire.encode_prefix(wire.X3DH, who(ALICE)[1], POINT, bytes(8), bytes(range(8)), None, None)
    return prefix + inner(kind)


# ---- Sealing

SEALINGS = [("one", [BOB], "message", inner(0x02)), ("first-message", [BOB], "message", first_message()),
            ("distribution", [BOB], "message", inner(0x05, 400)), ("frame", [BOB], "message", inner(0x06)),
            ("first-frame", [BOB], "message", first_message(0x06)), ("group", [BOB, CAROL, DAVE], "message", inner(0x04, 300)),
            ("control", [CAROL, BOB], "control", b"please send it again"), ("empty-control", [BOB], "control", b""),
            ("order", [device("b", "a"), device("aa", "zoe"), device("", "z"), device("aa", "zo"), device("aa", "zoe", 0),
                       device("aa", "zoe", 256)], "control", b"order")]


def _sealing(name, recipients, kind, content, sender=ALICE, issued=None):
    return {"sender_seed": sender["seed"], "certificate": certificate(sender) if issued is None else issued, "recipients": recipients,
            "kind": kind, "bytes": content, "random": [derive(name + " random", 32)], "roots": ROOTS, "revoked": [], "now": NOW}


def _sealed(book):
    for slug, recipients, kind, content in SEALINGS:
        name = "sealed/" + slug
        made = book.ok(name, "seal-for", "R-82 R-83 R-84", _sealing(name, recipients, kind, content))
        for i, _ in enumerate(recipients):
            at = [bytes.fromhex(made["out"]["messages"][i])]
            receiver = next(r for r in recipients if _is_for(at[0], r))
            book.ok(f"{name}/opened-{i}", "open-sealed", "R-80", {"receiver": receiver, "message": at[0]}, name)
        book.ok(f"{name}/relayed", "upload", "R-82", {}, name)
        _sealed_for_ourselves_too(book, made, recipients)
        _sealing_failures(book, name, recipients, kind, content)
    _sealing_limits(book)
    _certificate_length(book)


def _is_for(message, receiver):
    try:
        return sealed.open_sealed(identity(receiver), who(receiver)[0], message) is not None
    except sealed.Fail as error:
        return error.name == "FromOurselves"


def _sealed_for_ourselves_too(book, made, recipients):
    """Our own entry is one as the others are, and changes nothing in theirs."""
    name, slug = made["name"], "with-ourselves"
    both = book.ok(f"{name}/{slug}", "seal-for", "R-82", {"recipients": [*recipients, ALICE]}, name)
    own = [m for m in both["out"]["messages"] if _is_for(bytes.fromhex(m), ALICE)]
    assert len(own) == 1 and len(own[0]) == len(made["out"]["messages"][0])
    assert [m for m in both["out"]["messages"] if m not in own] == made["out"]["messages"]
    book.ok(f"{name}/{slug}/relayed", "upload", "R-82", {"upload": bytes.fromhex(both["out"]["upload"])}, name)
    book.fail(name, f"{slug}/opened", "open-sealed", "R-80", "FromOurselves", "from our own address",
              receiver=ALICE, message=bytes.fromhex(own[0]))


def _certificate_length(book):
    """R-84: names do not show in a length."""
    for i, (provider, user) in enumerate([*NAMES, ("", "u")]):
        sender = device(provider, user)
        made = book.ok(f"sealed/names-{i}", "seal-for", "R-84", _sealing("sealed/one", [BOB], "message", inner(0x02), sender), "sealed/one")
        assert len(made["out"]["messages"][0]) == 2 * 1194


NOT_MESSAGES = [("no-bytes", "no byte", b""), ("text", "a text", b"hello"), ("distribution", "a distribution's type", bytes([1, 3]) + bytes(300)),
                ("bundle", "a bundle's type", bytes([1, 0x10]) + bytes(300)), ("sealed", "a sealed message's type", bytes([1, 0x20]) + bytes(300)),
                ("version", "version 2", b"\2" + inner(2)[1:]), ("type-0", "type 0", b"\1\0" + inner(2)[2:]),
                ("type-7", "type 7", b"\1\7" + inner(2)[2:]), ("group-version", "a group message of version 2", b"\2\4" + bytes(300)),
                ("short", "a message of 113 bytes", inner(2)[:113]), ("short-5", "a message with a distribution of 113 bytes", inner(5)[:113]),
                ("ratchet-key", "a bad ratchet key", put(inner(2), 2, BAD_U[0][1])), ("version-only", "one byte", b"\1"),
                ("first-suite", "a first message of suite 3", put(first_message(), 2, b"\3")),
                ("first-flags", "a first message with flag 2", put(first_message(), 3, b"\3")),
                ("first-identity", "a first message of a bad identity", put(first_message(), 4, BAD_A[0][1])),
                ("first-short", "a first message of one byte less", first_message()[:-1]),
                ("first-prefix", "a first message without its message", first_message()[:-114]),
                ("first-in-first", "a first message in a first message", first_message()[:-114] + first_message()),
                ("first-around-group", "a group message in a first message", first_message(4))]


def _sealing_failures(book, name, recipients, kind, content):
    def fail(slug, req, expect, why, **given):
        book.fail(name, slug, "seal-for", req, expect, why, **given)
    fail("no-randomness", "R-24", "Randomness", "no randomness", random=[])
    fail("other-randomness", "R-83", "differs", "other randomness", random=[derive("other random", 32)])
    fail("other-content", "R-83", "differs", "other content under the same randomness", kind="control", bytes=b"other")
    fail("wrong-certificate", "R-80", "WrongCertificate", "the certificate of another", certificate=certificate(MALLORY))
    fail("no-recipients", "R-82", "NoRecipients", "nobody to seal for", recipients=[])
    fail("expired", "R-80", "Expired", "sealed when the certificate ends", sealed_at=NOW + DAY)
    fail("duplicate", "R-82", "DuplicateRecipient", "a recipient twice", recipients=[*recipients, recipients[0]])
    if name != "sealed/one":
        return
    book.ok(name + "/own-other-device", "seal-for", "R-82", {"recipients": [BOB, {**ALICE, "device": 2}]}, name)
    book.ok(name + "/identity-twice", "seal-for", "R-82", {"recipients": [BOB, {**BOB, "device": 8}]}, name)
    book.ok(name + "/ourselves", "seal-for", "R-82", {"recipients": [ALICE]}, name)
    book.ok(name + "/ourselves-first", "seal-for", "R-82", {"recipients": [ALICE, BOB]}, name)
    book.ok(name + "/ourselves-other-identity", "seal-for", "R-82", {"recipients": [{**ALICE, "seed": MALLORY["seed"]}]}, name)
    fail("duplicate-other-identity", "R-82", "DuplicateRecipient", "an address with two identities",
         recipients=[BOB, {**BOB, "seed": CAROL["seed"]}])
    halves = who(ALICE)[1][:32] + who(MALLORY)[1][32:]
    fail("wrong-certificate-x25519", "R-80", "WrongCertificate", "another X25519 key in the certificate",
         certificate=_resigned(put(certificate(), 2, halves)))
    halves = who(MALLORY)[1][:32] + who(ALICE)[1][32:]
    fail("wrong-certificate-ed25519", "R-80", "WrongCertificate", "another Ed25519 key in the certificate",
         certificate=_resigned(put(certificate(), 2, halves)))
    for slug, why, bad in NOT_MESSAGES:
        fail("not-a-message-" + slug, "R-81", "NotAMessage", why, bytes=bad)
    book.ok(name + "/group-of-two-bytes", "seal-for", "R-81", {"bytes": b"\1\4"}, name)
    _sealing_times(book, name, fail)
    _sealing_order(fail)


def _sealing_times(book, name, fail):
    """Sealed until the last second of the sender's certificate; whether it has begun, and the server's, are the recipients' to see."""
    def ok(slug, **given):
        book.ok(f"{name}/{slug}", "seal-for", "R-80", given, name)

    def expired(slug, why, **given):
        fail(slug, "R-80", "Expired", why, **given)
    ends = 2**64 - 1
    ok("last-second", sealed_at=NOW + DAY - 1, now=NOW + DAY - 1)
    ok("before-it-begins", sealed_at=NOW - 1)
    ok("at-0", sealed_at=0)
    ok("without-end", certificate=certificate(times=(NOW, ends)), sealed_at=ends - 1)
    ok("server-expired", certificate=certificate(times=(NOW, NOW + 2 * YEAR)), sealed_at=NOW + YEAR)
    ok("seconds-of-its-own", certificate=certificate(times=(NOW, NOW + 1)), sealed_at=NOW)
    expired("expired-now", "sealed and received when the certificate ends", now=NOW + DAY)
    expired("expired-later", "sealed a second after the certificate ended", sealed_at=NOW + DAY + 1)
    expired("expired-long-ago", "sealed at the last time", sealed_at=ends)
    expired("end-of-time", "the certificate ends at the last time, and it is sealed then", certificate=certificate(times=(NOW, ends)),
            sealed_at=ends)
    expired("never-valid", "the certificate ends at 0", certificate=certificate(times=(0, 0)), sealed_at=0)
    expired("backwards", "the certificate ends before it begins", certificate=certificate(times=(NOW, NOW - 1)), sealed_at=NOW - 1)


def _sealing_order(fail):
    fail("certificate-first", "R-80", "WrongCertificate", "another's certificate, and nobody to seal for",
         certificate=certificate(MALLORY), recipients=[])
    fail("certificate-before-expired", "R-80", "WrongCertificate", "another's certificate, which has expired",
         certificate=certificate(MALLORY), sealed_at=NOW + DAY)
    fail("expired-before-recipients", "R-80", "Expired", "expired, and nobody to seal for", sealed_at=NOW + DAY, recipients=[])
    fail("expired-before-duplicate", "R-80", "Expired", "expired, and a recipient twice", sealed_at=NOW + DAY, recipients=[BOB, BOB])
    fail("expired-before-message", "R-80", "Expired", "expired, and no message", sealed_at=NOW + DAY, bytes=b"hello")
    fail("expired-before-randomness", "R-80", "Expired", "expired, and no randomness", sealed_at=NOW + DAY, random=[])
    fail("duplicate-before-message", "R-82", "DuplicateRecipient", "a recipient twice, and no message", recipients=[BOB, BOB], bytes=b"hello")
    fail("ourselves-twice", "R-82", "DuplicateRecipient", "ourselves twice", recipients=[ALICE, ALICE])
    fail("ourselves-and-no-message", "R-81", "NotAMessage", "ourselves, and no message", recipients=[ALICE], bytes=b"hello")
    fail("no-recipients-before-message", "R-82", "NoRecipients", "nobody, and no message", recipients=[], bytes=b"hello")
    fail("message-before-randomness", "R-81", "NotAMessage", "no message, and no randomness", bytes=b"hello", random=[])


def _sealing_limits(book):
    name, many = "sealed/control", {"count": sealed.MAX_RECIPIENTS, "seed": BOB["seed"]}

    def fail(slug, expect, why, recipients, **more):
        book.fail(name, slug, "seal-for", "R-82", expect, why, recipients=recipients, **more)
    book.ok(name + "/5000-recipients", "seal-for", "R-82", {"recipients": [many]}, name)
    book.ok(name + "/5000-with-ourselves", "seal-for", "R-82", {"recipients": [{**many, "count": sealed.MAX_RECIPIENTS - 1}, ALICE]}, name)
    fail("5001-recipients", "TooManyRecipients", "5,001 recipients", [many, CAROL])
    fail("too-many-and-ourselves", "TooManyRecipients", "5,001 recipients, ourselves among them", [ALICE, many])
    fail("too-many-then-duplicate", "TooManyRecipients", "5,001 recipients, and then one twice", [many, CAROL, CAROL])
    fail("duplicate-then-too-many", "DuplicateRecipient", "one twice, and then too many", [CAROL, CAROL, many])
    fail("too-many-before-message", "TooManyRecipients", "5,001 recipients, and no message", [many, CAROL], kind="message")


# ---- Opening

class Forge:
    """Makes sealed messages step by step, so that each step can go wrong."""

    def __init__(self, sender=ALICE, issued=None, name="forged"):
        self.sender, self.certificate = sender, issued or certificate(sender)
        self.m = derive(name + " m", 32)

    def content(self, kind=1, message=None, size=None, length=None, padding=None):
        message = inner(0x02) if message is None else message
        body = self.certificate + u8(kind) + u32(len(message) if length is None else length) + message
        body = body.ljust(size or next(n for n in BUCKETS if n >= len(body)), b"\0")
        return body if padding is None else put(body, *padding)

    def message(self, receiver=BOB, content=None, **change):
        """`change`: e, key, salt, context, digest, secret, tag_sender, tag_receiver, mask_receiver, in place of the right one."""
        e, _, key, salt = sealed.keys_of(self.m)
        e = change.get("e", e)
        ephemeral = x25519_public(e)
        context = change.get("context", sealed.content_context(ephemeral))
        shared = cobblestone_seal(change.get("key", key), change.get("salt", salt), context, content or self.content())
        name, theirs = sealed.party_name(*who(receiver)), who(receiver)[1][32:]
        c = xor(self.m, sealed.mask(sealed.dh(e, theirs), ephemeral, change.get("mask_receiver", name)))
        tag = sealed.tag(sealed.dh(change.get("secret", identity(self.sender).x25519_secret), theirs), ephemeral, c,
                         change.get("tag_sender", sealed.party_name(*who(self.sender))), change.get("tag_receiver", name),
                         change.get("digest", sealed.shared_digest(shared)))
        return bytes([1, 0x20]) + ephemeral + c + tag + shared


def _openings(book):
    name = "sealed/one"
    message = bytes.fromhex(book.named(name)["out"]["messages"][0])

    def fail(slug, req, expect, why, changed=None, receiver=BOB, **given):
        given = {**given, "receiver": receiver, **({} if changed is None else {"message": changed})}
        book.fail(name, "open/" + slug, "open-sealed", req, expect, why, **given)

    def ok(slug, req, changed, **given):
        made = book.ok(f"{name}/open/{slug}", "open-sealed", req, {"receiver": BOB, "message": changed, **given}, name)
        assert made["out"]["id"] == changed[66:98].hex()
    ok("forged", "R-80", Forge().message())
    _open_decoding(fail, message)
    _open_flips(fail, message)
    _open_receivers(fail)
    _open_tags(fail)
    _open_contents(ok, fail)
    _open_certificates(fail)
    _open_providers(ok, fail)
    _open_ours(ok, fail)
    _co_recipients(book)


def _open_decoding(fail, message):
    fail("version", "R-136", "UnsupportedVersion", "version 2", put(message, 0, b"\2"))
    fail("type", "R-136", "WrongKind", "an upload's type", put(message, 1, b"\x21"))
    fail("type-2", "R-136", "WrongKind", "a message's type", put(message, 1, b"\2"))
    for size in (0, 1, 2, 33, 34, 65, 66, 97):
        fail(f"ends-at-{size}", "R-84", "Truncated", f"{size} bytes", message[:size])
    for slug, key, why in BAD_U:
        fail(slug, "R-01 R-02", "InvalidKey", why, put(message, 2, key))
    for slug, why, changed in (("no-shared-part", "no shared part", message[:98]), ("truncated", "one byte too few", message[:-1]),
                               ("trailing", "one byte too many", message + b"\0"),
                               ("content-size", "as long as its content", message[:98 + 1024]),
                               ("message-size", "as long as a sealed message without its head", message + bytes(98))):
        fail(slug, "R-84", "NotCanonical", why, changed)
    fail("next-bucket", "R-84", "Unauthentic", "zeros up to the next length", message.ljust(98 + SHARED_SIZES[1], b"\0"))


def _open_flips(fail, message):
    for slug, at, mask in (("e", 2, 1), ("e-end", 33, 0x40), ("c", 34, 1), ("c-end", 65, 0x80), ("tag", 66, 1), ("tag-end", 97, 0x80),
                           ("salt", 98, 1), ("salt-end", 121, 0x80), ("commitment", 122, 1), ("commitment-end", 153, 0x80),
                           ("chunk", 154, 1), ("chunk-kind", 154 + 396, 3), ("chunk-padding", len(message) - 17, 1),
                           ("chunk-tag", len(message) - 16, 1), ("chunk-tag-end", len(message) - 1, 0x80)):
        fail("flip-" + slug, "R-82 R-83", "Unauthentic", f"a bit flipped: {slug}", flip(message, at, mask))
    fail("zero-tag", "R-82", "Unauthentic", "a tag of zeros", put(message, 66, bytes(32)))
    fail("other-e", "R-83", "Unauthentic", "another point for E", put(message, 2, POINT))
    fail("c-and-tag-exchanged", "R-82", "Unauthentic", "C and tag exchanged", message[:34] + message[66:98] + message[34:66] + message[98:])


def _open_receivers(fail):
    fail("other-recipient", "R-80", "Unauthentic", "another's", receiver=CAROL)
    fail("sender", "R-80", "Unauthentic", "the sender itself", receiver=ALICE)
    fail("other-identity", "R-80", "Unauthentic", "another identity at the same address", receiver={**BOB, "seed": CAROL["seed"]})
    for field, value in (("device", 8), ("user", b"bo"), ("provider", b"example.org")):
        fail("other-" + field, "R-80", "Unauthentic", f"the same identity at another {field}", receiver={**BOB, field: value})
    fail("names-moved", "R-80 R-139", "Unauthentic", "a byte moved from the user to the provider",
         receiver={**BOB, "provider": BOB["provider"] + b"b", "user": b"ob"})


def _open_tags(fail):
    forge, name = Forge(), sealed.party_name

    def bad(slug, why, **change):
        fail(slug, "R-80 R-82 R-83", "Unauthentic", why, forge.message(**change))
    other_e = derive("another e", 32)
    _, ephemeral, key, salt = sealed.keys_of(forge.m)
    bad("e-not-of-m", "E is not M's; all else is made with it", e=other_e)
    bad("key-not-of-m", "K is not M's", key=derive("another key", 32))
    bad("context-of-other-e", "the content is sealed under another E", context=sealed.content_context(POINT))
    bad("tag-secret", "the tag is made with another key than the certificate's", secret=identity(MALLORY).x25519_secret)
    bad("tag-receivers-secret", "the tag is made with the receiver's own key", secret=identity(BOB).x25519_secret)
    bad("tag-sender", "the tag is for another sender", tag_sender=name(*who(MALLORY)))
    bad("tag-senders-address", "the tag is for the sender at another address", tag_sender=name(*who({**ALICE, "device": 2})))
    bad("tag-receiver", "the tag is for another receiver", tag_receiver=name(*who(CAROL)))
    bad("tag-receivers-address", "the tag is for the receiver at another address", tag_receiver=name(*who({**BOB, "device": 8})))
    bad("tag-names-exchanged", "the tag has sender and receiver exchanged", tag_sender=name(*who(BOB)), tag_receiver=name(*who(ALICE)))
    bad("tag-other-content", "the tag is over another shared part", digest=sealed.shared_digest(b"another"))
    bad("tag-content-hash", "the tag is over the hash of the content", digest=sealed.content_terms(forge.content()))
    bad("mask-receiver", "the mask is for another receiver", mask_receiver=name(*who(CAROL)))
    bad("no-context", "the content is sealed without a context", context=b"")
    fail("other-certificate", "R-80", "Unauthentic", "another's certificate beside the sender's tag",
         Forge(MALLORY, certificate()).message())
    fail("other-certificate-named", "R-80", "Unauthentic", "another's certificate, with a tag that names its party",
         Forge(MALLORY, certificate()).message(tag_sender=name(*who(ALICE))))
    fail("certificate-of-other-x25519", "R-80", "Unauthentic", "the certificate has another X25519 key than the tag",
         Forge(issued=_resigned(put(certificate(), 34, who(MALLORY)[1][32:]))).message())
    fail("certificate-of-other-address", "R-80", "Unauthentic", "the certificate has another address than the tag",
         Forge(issued=certificate({**ALICE, "device": 2})).message())


def _open_contents(ok, fail):
    forge, message = Forge(), inner(0x02)
    end = BEFORE_PADDING + len(message)

    def bad(slug, expect, why, content, req="R-84 R-122"):
        fail(slug, req, f"Malformed({expect})", why, forge.message(content=content))
    bad("padding-first", "NotCanonical", "the first byte of the padding is 1", forge.content(padding=(end, b"\1")))
    bad("padding-last", "NotCanonical", "the last byte of the padding is 1", forge.content(padding=(1023, b"\1")))
    bad("padding-80", "NotCanonical", "a 0x80 behind the message", forge.content(padding=(end, b"\x80")))
    bad("padding-longer", "NotCanonical", "padded to the length after the shortest", forge.content(size=2048))
    bad("padding-much-longer", "NotCanonical", "padded to 2^12 bytes", forge.content(size=4096))
    bad("padding-a-bucket", "NotCanonical", "623 bytes, padded to 2^11", forge.content(message=inner(2, 623), size=2048))
    for kind in (0, 3, 4, 255):
        bad(f"kind-{kind}", "WrongKind", f"kind {kind}", forge.content(kind=kind), "R-84")
    bad("length-beyond", "Truncated", "a length of one byte more than there is", forge.content(message=inner(2, 623), length=624))
    bad("length-largest", "Truncated", "a length of 2^32 - 1", forge.content(length=2**32 - 1), "R-121")
    bad("length-shorter", "NotCanonical", "a length of one byte less than the message", forge.content(length=len(message) - 1))
    bad("kind-before-length", "WrongKind", "kind 0, and a length beyond the end", forge.content(kind=0, length=2**32 - 1))
    bad("kind-before-padding", "WrongKind", "kind 3, and a padding that is not zero", forge.content(kind=3, padding=(1023, b"\1")))
    for slug, expect, why, found in _bad_inner():
        bad("inner-" + slug, expect, why, forge.content(message=found), "R-81 R-122")
    ok("inner-of-two-bytes", "R-81", forge.message(content=forge.content(message=b"\1\4")))
    ok("control-of-no-bytes", "R-84", forge.message(content=forge.content(2, b"")))
    ok("control-is-no-message", "R-84", forge.message(content=forge.content(2, b"hello")))
    ok("control-like-a-message", "R-84", forge.message(content=forge.content(2, message)))
    fail("malformed-before-tag", "R-84", "Malformed(NotCanonical)", "a padding that is not zero, and a tag of another",
         forge.message(content=forge.content(padding=(1023, b"\1")), tag_sender=bytes(32)))
    fail("tag-before-certificate", "R-80", "Unauthentic", "a tag of another, and no root", forge.message(tag_sender=bytes(32)), roots=[])


INNER_ERRORS = {"no-bytes": "Truncated", "version-only": "Truncated", "text": "UnsupportedVersion", "version": "UnsupportedVersion",
                "group-version": "UnsupportedVersion", "distribution": "WrongKind", "bundle": "WrongKind", "sealed": "WrongKind",
                "type-0": "WrongKind", "type-7": "WrongKind", "short": "Truncated", "short-5": "Truncated", "ratchet-key": "InvalidKey",
                "first-suite": "UnsupportedSuite", "first-flags": "InvalidFlags", "first-identity": "InvalidKey",
                "first-short": "Truncated", "first-prefix": "Truncated", "first-in-first": "WrongKind", "first-around-group": "WrongKind"}


def _bad_inner():
    return [(slug, INNER_ERRORS[slug], why, found) for slug, why, found in NOT_MESSAGES]


def _open_certificates(fail):
    good = certificate()

    def bad(slug, expect, why, issued):
        fail("certificate-" + slug, "R-80 R-122", f"Malformed({expect})", why, Forge(issued=issued).message())
    bad("version", "UnsupportedVersion", "the certificate's version 2", put(good, 0, b"\2"))
    bad("type", "WrongKind", "a server certificate's type", put(good, 1, b"\x30"))
    bad("identity", "InvalidKey", "a bad identity", put(good, 2, BAD_A[0][1]))
    bad("address-padding", "NotCanonical", "a padding of the address that is not zero", put(good, 193, b"\1"))
    bad("server-version", "UnsupportedVersion", "the server certificate's version 2", put(good, 210, b"\2"))
    bad("server-key", "InvalidKey", "a bad key of the server", put(good, 220, BAD_A[0][1]))
    other = Forge(issued=certificate(root=OTHER_ROOT)).message()
    fail("unknown-root", "R-80", "UnknownRoot", "certified under another root", other)
    fail("no-roots", "R-80", "UnknownRoot", "no root", roots=[])
    fail("bad-signature", "R-80", "BadSignature", "the certificate's signature flipped", Forge(issued=flip(good, 395)).message())
    fail("bad-server-signature", "R-80", "BadSignature", "the server certificate's signature flipped",
         Forge(issued=flip(good, 300)).message())
    fail("self-issued", "R-80", "BadSignature", "a certificate that its sender has signed",
         Forge(issued=_resigned(good, identity(ALICE).ed25519_secret)).message())
    fail("revoked", "R-80", "Revoked", "the server's key is revoked", revoked=[sealed.key_id(ed25519_public(SERVER))])
    fail("too-early", "R-80", "NotYetValid", "from is 86,401 seconds ahead", now=NOW - DAY - 1)
    fail("expired", "R-80", "Expired", "now = until", now=NOW + DAY)


def _open_providers(ok, fail):
    """Alice, who sends, is a user of example.org; Bob is one of example.net."""
    message = Forge().message()
    ok("for-senders-provider", "R-80", message, roots=[pinned(b"example.org")])
    ok("for-both-providers", "R-80", message, roots=[pinned(b"example.net"), pinned(b"example.org")])
    fail("for-recipients-provider", "R-80", "UnknownRoot", "the root is pinned for the recipient's provider alone", message,
         roots=[pinned(b"example.net")])
    fail("for-other-root-of-provider", "R-80", "UnknownRoot", "another root is pinned for the sender's provider", message,
         roots=[pinned(b"example.org", ed25519_public(OTHER_ROOT)), pinned(b"example.net")])


def _open_ours(ok, fail):
    """What is certified for our own address: found last of all, and before the certificate is believed."""
    forge, there = Forge(), {**MALLORY, **{key: ALICE[key] for key in ("provider", "user", "device")}}
    message, name = forge.message(ALICE), sealed.party_name

    def ours(slug, why, changed=message, expect="FromOurselves", receiver=ALICE, **given):
        fail("ours-" + slug, "R-80 R-82", expect, why, changed, receiver, **given)
    ours("own-copy", "our own copy")
    ours("other-sender", "another identity that a server has certified at our address", Forge(there).message(ALICE))
    ours("other-sender-for-bob", "another identity that a server has certified at Bob's address",
         Forge({**MALLORY, **{key: BOB[key] for key in ("provider", "user", "device")}}).message(), receiver=BOB)
    ours("other-receiver", "sealed for another identity at our address, which opens it", forge.message(there), receiver=there)
    ours("control", "a control message of our own", forge.message(ALICE, forge.content(2, b"hello")))
    ours("no-roots", "from our own address, and no root", roots=[])
    ours("expired", "from our own address, and expired", now=NOW + DAY)
    ours("revoked", "from our own address, and revoked", revoked=[sealed.key_id(ed25519_public(SERVER))])
    ours("bad-signature", "from our own address, and the certificate's signature flipped",
         Forge(issued=flip(certificate(), 395)).message(ALICE))
    ours("tag", "our own copy with a bit of the tag flipped", flip(message, 66), "Unauthentic")
    ours("c", "our own copy with a bit of C flipped", flip(message, 34), "Unauthentic")
    ours("tag-of-another", "another's tag beside our own certificate", Forge(MALLORY, certificate()).message(ALICE), "Unauthentic")
    ours("tag-sender", "our own address, and a tag for another sender", forge.message(ALICE, tag_sender=name(*who(MALLORY))), "Unauthentic")
    ours("for-bob", "our own message to another", forge.message(), "Unauthentic")
    ours("malformed", "our own copy, with a padding that is not zero", forge.message(ALICE, forge.content(padding=(1023, b"\1"))),
         "Malformed(NotCanonical)")
    ours("kind", "our own copy, of kind 3", forge.message(ALICE, forge.content(kind=3)), "Malformed(WrongKind)")
    ours("unknown-root", "another of our devices, and no root", forge.message({**ALICE, "device": 2}), "UnknownRoot",
         {**ALICE, "device": 2}, roots=[])
    for field, value in (("device", 2), ("user", b"alic"), ("provider", b"example.net")):
        there = {**ALICE, field: value}
        ok(f"ours-other-{field}", "R-80", forge.message(there), receiver=there)


def _co_recipients(book):
    """Carol has M, and so E, e and K; Bob is to be given other words in Alice's name."""
    name = "sealed/group"
    made = book.named(name)
    order = sorted((BOB, CAROL, DAVE), key=lambda r: sealed.address_order(who(r)[0]))
    first, second, third = (bytes.fromhex(m) for m in made["out"]["messages"])
    steps, content = made["out"]["steps"], bytes.fromhex(made["out"]["steps"]["content"])
    m, (e, ephemeral, key, salt) = bytes.fromhex(steps["m"]), sealed.keys_of(bytes.fromhex(steps["m"]))

    def fail(slug, expect, why, changed, receiver=order[0], req="R-82", **given):
        book.fail(name, "co/" + slug, "open-sealed", req, expect, why, message=changed, receiver=receiver, **given)

    def sealed_again(text, salt=salt, issued=None):
        return cobblestone_seal(key, salt, sealed.content_context(ephemeral),
                                sealed.encode_content(issued or content[:396], sealed.MESSAGE, text))
    other = sealed_again(inner(0x04, 310))
    assert len(other) == len(first) - 98
    fail("other-content", "Unauthentic", "a recipient has put other content under the same K and E", first[:98] + other)
    fail("other-content-other-salt", "Unauthentic", "the same, with a salt of its own",
         first[:98] + sealed_again(inner(0x04, 310), derive("co-recipient salt", 24)))
    fail("same-content-other-salt", "Unauthentic", "the same content with another salt",
         first[:98] + cobblestone_seal(key, derive("co-recipient salt", 24), sealed.content_context(ephemeral), content))
    fail("longer-content", "Unauthentic", "content of another length under the same K and E",
         first[:98] + sealed_again(inner(0x04, 1000)))
    fail("own-certificate", "Unauthentic", "other content with the recipient's own certificate, and the sender's tag",
         first[:98] + sealed_again(inner(0x04), issued=certificate(order[1])))
    forged_tag = sealed.tag(sealed.dh(identity(order[1]).x25519_secret, who(order[0])[1][32:]), ephemeral, first[34:66],
                            sealed.party_name(*who(ALICE)), sealed.party_name(*who(order[0])), sealed.shared_digest(other))
    fail("own-tag", "Unauthentic", "other content and a tag made with the recipient's own key", first[:66] + forged_tag + other)
    fail("malformed-content", "Malformed(WrongKind)", "content of an unknown kind, under the same K and E",
         first[:98] + cobblestone_seal(key, salt, sealed.content_context(ephemeral), put(content, 396, b"\7")))
    fail("others-message", "Unauthentic", "another recipient's message", second)
    fail("c-of-another", "Unauthentic", "another recipient's C", first[:34] + second[34:66] + first[66:])
    fail("tag-of-another", "Unauthentic", "another recipient's tag", first[:66] + second[66:98] + first[98:])
    fail("third", "Unauthentic", "the third recipient's message", third, order[1])
    fail("own-c-remade", "Unauthentic", "C made again for the same recipient at another address",
         first[:34] + xor(m, sealed.mask(sealed.dh(e, who(order[0])[1][32:]), ephemeral, sealed.party_name(
             *who({**order[0], "device": 99})))) + first[66:], {**order[0], "device": 99})


# ---- Buckets

def _buckets(book):
    """Content of exactly each length, and of one byte more."""
    name = "sealed/one"
    for n, size in enumerate(BUCKETS, 10):
        longest = size - BEFORE_PADDING
        for slug, length in (("full", longest), ("one-more", longest + 1)):
            if slug == "one-more" and 18 < n < 24:
                continue  # The lengths themselves are all in `upload/length`.
            filled = {"repeat": inner(0x02, 257), "length": length}
            if length > sealed.LARGEST:
                book.fail(name, "bucket/one-too-many", "seal-for", "R-84", "TooLong", "one byte more than fits", bytes=filled)
                continue
            book.ok(f"{name}/bucket/2^{n}-{slug}", "seal-for", "R-84", {"bytes": filled}, name)
    too_long = {"repeat": inner(0x02, 257), "length": sealed.LARGEST + 1}
    book.fail(name, "bucket/too-long-before-randomness", "seal-for", "R-84", "TooLong", "too long, and no randomness", bytes=too_long,
              random=[])
    book.fail(name, "bucket/control-too-long", "seal-for", "R-84", "TooLong", "a control message of one byte more than fits",
              bytes=too_long, kind="control")
    book.fail(name, "bucket/not-a-message-and-too-long", "seal-for", "R-84", "NotAMessage", "too long, and no message",
              bytes={"repeat": b"no", "length": sealed.LARGEST + 1})
    book.fail(name, "bucket/ourselves-and-too-long", "seal-for", "R-84", "TooLong", "too long, and for ourselves", bytes=too_long,
              recipients=[ALICE])
    book.fail(name, "bucket/nobody-and-too-long", "seal-for", "R-84", "NoRecipients", "too long, and for nobody", bytes=too_long,
              recipients=[])
    book.fail(name, "bucket/expired-and-too-long", "seal-for", "R-84", "Expired", "too long, and expired", bytes=too_long,
              sealed_at=NOW + DAY)


# ---- Uploads

def _uploads(book):
    name = "sealed/group"
    encoded = bytes.fromhex(book.named(name)["out"]["upload"])
    decoded = sealed.decode_upload(encoded)
    one, two, three = (entry.address + entry.c + entry.tag for entry in decoded.entries)
    head, shared = encoded[:34], decoded.shared

    def fail(slug, expect, why, changed, req="R-82 R-122"):
        book.fail(name, "upload/" + slug, "upload", req, expect, why, upload=changed)

    def listed(slug, expect, why, entries, count=None, tail=shared):
        fail(slug, expect, why, head + u32(len(entries) if count is None else count) + b"".join(entries) + tail)

    def ok(slug, entries):
        book.ok(f"{name}/upload/{slug}", "upload", "R-82", {"upload": head + u32(len(entries)) + b"".join(entries) + shared}, name)
    ok("first-alone", [one])
    ok("last-alone", [three])
    ok("two", [one, three])
    _upload_heads(fail, encoded)
    listed("no-recipients", "NotCanonical", "no recipients", [])
    listed("twice", "NotCanonical", "a recipient twice", [one, one])
    listed("twice-later", "NotCanonical", "the last recipient twice", [one, two, three, three])
    listed("twice-other-keys", "NotCanonical", "an address twice, with other keys", [one, decoded.entries[0].address + two[-64:]])
    listed("descending", "NotCanonical", "two recipients exchanged", [two, one, three])
    listed("descending-at-the-end", "NotCanonical", "the last two exchanged", [one, three, two])
    listed("count-one-less", "NotCanonical", "a count of one less than there are", [one, two, three], 2)
    listed("5001", "TooMany", "5,001 claimed", [one, two, three], 5_001)
    listed("2^31", "TooMany", "2^31 claimed", [one, two, three], 2**31)
    listed("2^32-1", "TooMany", "2^32 - 1 claimed", [one, two, three], 2**32 - 1)
    listed("5000-claimed", "NotCanonical", "5,000 claimed, three there, and then the shared part", [one, two, three], 5_000)
    listed("5000-claimed-alone", "Truncated", "5,000 claimed, three there, and nothing", [one, two, three], 5_000, b"")
    _claimed_uploads(listed, one, two)
    listed("no-entries", "Truncated", "three claimed, nothing there", [], 3, b"")
    listed("truncated-list", "Truncated", "three claimed, two and no shared part there", [one, two], 3, b"")
    listed("truncated-address", "Truncated", "ends in the third address", [one, two, three[:5]], 3, b"")
    listed("truncated-c", "Truncated", "ends in the third C", [one, two, three[:-33]], 3, b"")
    listed("truncated-tag", "Truncated", "ends in the third tag", [one, two, three[:-1]], 3, b"")
    _upload_addresses(listed, one, two)
    for slug, why, tail in (("no-shared-part", "no shared part", b""), ("shared-truncated", "one byte too few", shared[:-1]),
                            ("shared-trailing", "one byte too many", shared + b"\0"),
                            ("shared-of-content-size", "as long as its content", shared[:1024]),
                            ("shared-of-1500", "a shared part of 1,500 bytes", bytes(1500))):
        listed(slug, "NotCanonical", why, [one, two, three], None, tail)
    for i, size in enumerate(SHARED_SIZES[:3]):
        ok_tail = head + u32(1) + one + bytes(size)
        book.ok(f"{name}/upload/shared-of-2^{10 + i}", "upload", "R-84", {"upload": ok_tail}, name)
    _counted_uploads(book, decoded)


def _claimed_uploads(listed, one, two):
    """What is wrong in an entry is found before the end that comes too early."""
    keys, bad = one[-64:], put(one, 0, b"\2")
    listed("5000-claimed-and-tag", "NotCanonical", "5,000 claimed, one there, whose provider's tag is 2", [bad], 5_000, b"")
    listed("5000-claimed-and-later-tag", "NotCanonical", "5,000 claimed, a bad tag in the second", [one, put(two, 0, b"\2")], 5_000, b"")
    listed("5000-claimed-and-no-user", "NotCanonical", "5,000 claimed, an empty user in the first", [b"\1\1p\2\0\3" + bytes(4)], 5_000, b"")
    listed("5000-claimed-and-descending", "NotCanonical", "5,000 claimed, two there, exchanged", [two, one], 5_000, b"")
    listed("5000-claimed-and-twice", "NotCanonical", "5,000 claimed, one there twice", [one, one], 5_000, b"")
    listed("5001-and-tag", "TooMany", "5,001 claimed, a bad tag in the first", [bad], 5_001, b"")
    listed("5000-claimed-and-one-byte", "Truncated", "5,000 claimed, the first byte of one", [b"\1"], 5_000, b"")
    listed("5000-claimed-and-longest-user", "Truncated", "5,000 claimed, a user that does not end", [b"\1\0\2\xff" + keys], 5_000, b"")


def _upload_heads(fail, encoded):
    fail("version", "UnsupportedVersion", "version 2", put(encoded, 0, b"\2"), "R-136")
    fail("type", "WrongKind", "a sealed message's type", put(encoded, 1, b"\x20"), "R-136")
    for size in (0, 1, 2, 33, 34, 37):
        fail(f"ends-at-{size}", "Truncated", f"{size} bytes", encoded[:size])
    for slug, key, why in BAD_U:
        fail(slug, "InvalidKey", why, put(encoded, 2, key), "R-01 R-02")
    fail("key-before-count", "InvalidKey", "a bad E, and no recipients", put(encoded[:34] + u32(0), 2, BAD_U[0][1]))


def _upload_addresses(listed, one, two):
    keys = one[-64:]
    listed("provider-tag", "NotCanonical", "the provider's tag is 3", [put(one, 0, b"\3"), two])
    listed("user-tag", "NotCanonical", "the user's tag is 0", [put(one, 2 + one[1], b"\0"), two])
    listed("device-tag", "NotCanonical", "the device's tag is 2", [put(one, len(one) - 64 - 5, b"\2"), two])
    listed("no-user", "NotCanonical", "an empty user", [b"\1\1p\2\0\3" + bytes(4) + keys])
    listed("lengths-first", "NotCanonical", "in the order of their encodings, not of their names",
           [wire.address(b"b", b"x", 1) + keys, wire.address(b"aa", b"x", 1) + keys])
    listed("users-lengths-first", "NotCanonical", "users in the order of their encodings",
           [wire.address(b"a", b"b", 1) + keys, wire.address(b"a", b"aa", 1) + keys])
    listed("devices-descending", "NotCanonical", "devices 256 and 1", [wire.address(b"a", b"b", 256) + keys, wire.address(b"a", b"b", 1) + keys])


def _counted_uploads(book, decoded):
    given = {"ephemeral": decoded.ephemeral, "keys": decoded.entries[0].c + decoded.entries[0].tag, "shared": decoded.shared}
    book.ok("upload/counted", "counted-upload", "R-82 R-121", {**given, "count": 5_000})

    def fail(slug, expect, why, **more):
        book.fail("upload/counted", slug, "counted-upload", "R-82 R-121", expect, why, **more)
    fail("5001", "TooMany", "5,001 recipients", count=5_001)
    fail("5000-of-4999", "NotCanonical", "5,000 claimed, 4,999 there, and then the shared part", count=4_999, claimed=5_000)
    fail("4999-of-5000", "NotCanonical", "4,999 claimed, 5,000 there", claimed=4_999)
    fail("no-shared-part", "NotCanonical", "no shared part", shared=b"")
    fail("none", "NotCanonical", "no recipients", count=0)
    for n, size in enumerate(SHARED_SIZES, 10):
        def shared(more, size=size):
            return {"count": 1, "shared": {"repeat": b"\x5a", "length": size + more}}
        book.ok(f"upload/length/2^{n}", "counted-upload", "R-84", shared(0), "upload/counted")
        for slug, more, why in (("less", -1, "less"), ("more", 1, "more")):
            fail(f"length-2^{n}-{slug}", "NotCanonical", f"one byte {why} than 2^{n} bytes of content give", **shared(more))
    for size, why in ((2**25 + 16 * 2049 + 56, "2^25"), (512 + 16 + 56, "2^9")):
        fail("length-of-" + why, "NotCanonical", f"as long as {why} bytes of content give", count=1,
             shared={"repeat": b"\x5a", "length": size})


# ---- Delivery

def _delivery(book):
    for who_is in ("bob", "carol"):
        name = "delivery/" + who_is
        made = book.ok(name, "delivery", "R-86", {"key": derive("delivery " + who_is, 32)})
        token, verifier = (bytes.fromhex(made["out"][k]) for k in ("token", "verifier"))
        book.ok(name + "/accepted", "present-token", "R-86", {"token": token, "verifier": verifier}, name)

        def fail(slug, why, token=token, verifier=verifier):
            book.fail(name, slug, "present-token", "R-86", "refused", why, token=token, verifier=verifier)
        fail("first-byte", "the first byte of the token flipped", flip(token, 0))
        fail("last-byte", "the last byte of the token flipped", flip(token, 31, 0x80))
        fail("verifier", "a bit of the verifier flipped", verifier=flip(verifier, 31))
        fail("verifier-as-token", "the verifier in place of the token", verifier)
        fail("key-as-token", "the delivery key in place of the token", derive("delivery " + who_is, 32))
        fail("other-token", "another user's token", sealed.delivery_token(derive("delivery mallory", 32)))
        fail("zeros", "a token of zeros", bytes(32))
        book.fail(name, "other-key", "delivery", "R-86", "differs", "another delivery key", key=derive("delivery mallory", 32))


BUILDERS = {"sealed.json": sealed_file}
