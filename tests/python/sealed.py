"""The model of spec.md, Sealed sender: certificates, sealing, opening, verifying, delivery."""

from dataclasses import dataclass

import confidant
import wire
from confidant import CLOCK_SKEW
from groups import address_order
from primitives import (Fail, check_ed25519, cobblestone_open, cobblestone_seal, dh, ed25519_public, ed25519_sign,
                        ed25519_verify, expand, extract, sha256, x25519_public)
from wire import VERSION, Reader, u8, u32, u64

SEALED, UPLOAD, SERVER_CERTIFICATE, SENDER_CERTIFICATE = 0x20, 0x21, 0x30, 0x31
MESSAGE, CONTROL = 1, 2
ADDRESS_FIELD, MAX_NAMES, MAX_RECIPIENTS, LAST_TIME = 128, 119, 5_000, 2**64 - 1
BUCKETS = [2**n for n in range(10, 25)]
BEFORE_PADDING = 396 + 1 + 4
LARGEST = BUCKETS[-1] - BEFORE_PADDING


def shared_size(content_size):
    """As long as Cobblestone-256 makes it."""
    return 24 + 32 + content_size + 16 * (content_size // 16_384 + 1)


SHARED_SIZES = [shared_size(size) for size in BUCKETS]


# ---- Certificates

def key_id(public):
    return sha256(b"confidant/v1/certificate/key-id" + public)[:8]


def server_statement(certificate):
    return b"confidant/v1/certificate/server" + certificate[:-64]


def sender_statement(certificate):
    return b"confidant/v1/certificate/sender" + certificate[:-64]


@dataclass
class ServerCertificate:
    encoded: bytes
    root_id: bytes
    server: bytes
    valid_from: int
    valid_until: int


@dataclass
class SenderCertificate:
    encoded: bytes
    identity: bytes
    address: bytes
    valid_from: int
    valid_until: int
    server: ServerCertificate


def make_server_certificate(root_secret, server_public, valid_from, valid_until):
    head = bytes([VERSION, SERVER_CERTIFICATE]) + key_id(ed25519_public(root_secret)) + server_public
    unsigned = head + u64(valid_from) + u64(valid_until)
    return unsigned + ed25519_sign(root_secret, server_statement(unsigned + bytes(64)))


def make_sender_certificate(server_secret, server_certificate, address, identity, valid_from, valid_until):
    unsigned = (bytes([VERSION, SENDER_CERTIFICATE]) + identity + address.ljust(ADDRESS_FIELD, b"\0")
                + u64(valid_from) + u64(valid_until) + server_certificate)
    return unsigned + ed25519_sign(server_secret, sender_statement(unsigned + bytes(64)))


def issue(server_secret, server_certificate, address, identity, now, lifetime):
    """What a server does for a sender whom it knows."""
    own = decode_server_certificate(server_certificate)
    if own.server != ed25519_public(server_secret):
        raise Fail("WrongKey")
    until = min(now + lifetime, LAST_TIME, own.valid_until)
    if not own.valid_from <= now < until:
        raise Fail("NotCertified")
    provider, user, _ = address_order(address)
    if len(provider) + len(user) > MAX_NAMES:
        raise Fail("NamesTooLong")
    return make_sender_certificate(server_secret, server_certificate, address, identity, now, until)


def _read_server_certificate(reader):
    start = reader.at
    reader.start(SERVER_CERTIFICATE)
    root_id, server = reader.take(8), check_ed25519(reader.take(32))
    valid_from, valid_until = reader.number(8), reader.number(8)
    reader.take(64)
    return ServerCertificate(reader.data[start:reader.at], root_id, server, valid_from, valid_until)


def _read_sender_certificate(reader):
    start = reader.at
    reader.start(SENDER_CERTIFICATE)
    identity, address = reader.identity(), _padded_address(reader.take(ADDRESS_FIELD))
    valid_from, valid_until = reader.number(8), reader.number(8)
    server = _read_server_certificate(reader)
    reader.take(64)
    return SenderCertificate(reader.data[start:reader.at], identity, address, valid_from, valid_until, server)


def _padded_address(field):
    """Anything but an address and zeros is NotCanonical, also an address that does not end in the field."""
    reader = Reader(field)
    try:
        address = reader.address()
    except Fail:
        raise Fail("NotCanonical") from None
    if any(reader.rest()):
        raise Fail("NotCanonical")
    return address


def _whole(data, read):
    reader = Reader(data)
    value = read(reader)
    reader.end()
    return value


def decode_server_certificate(data):
    return _whole(data, _read_server_certificate)


def decode_sender_certificate(data):
    return _whole(data, _read_sender_certificate)


def verify(certificate, roots, revoked, now):
    """Verifying, in the order of spec.md: the party that is certified. `roots`: (key, provider), with None for all providers."""
    server, (provider, _, _) = certificate.server, address_order(certificate.address)
    root = next((key for key, of in roots if key_id(key) == server.root_id and of in (None, provider)), None)
    if root is None:
        raise Fail("UnknownRoot")
    if not ed25519_verify(root, server_statement(server.encoded), server.encoded[-64:]):
        raise Fail("BadSignature")
    if key_id(server.server) in revoked:
        raise Fail("Revoked")
    if not ed25519_verify(server.server, sender_statement(certificate.encoded), certificate.encoded[-64:]):
        raise Fail("BadSignature")
    for part in (server, certificate):
        if now + CLOCK_SKEW < part.valid_from:
            raise Fail("NotYetValid")
        if now >= part.valid_until:
            raise Fail("Expired")
    return certificate.address, certificate.identity


# ---- Content

@dataclass
class Content:
    certificate: SenderCertificate
    kind: int
    inner: bytes


def check_message(data):
    """A message of type 0x01, 0x02, 0x04, 0x05 or 0x06; of a group message, version and type are looked at."""
    reader = Reader(data)
    if reader.number(1) != VERSION:
        raise Fail("UnsupportedVersion")
    kind = reader.number(1)
    if kind == wire.PRE_KEY_MESSAGE:
        wire.decode_prekey_message(data, wire.FRAME_MESSAGE)
    elif kind != 0x04:
        wire.decode_message(data, wire.FRAME_MESSAGE)


def is_message(data):
    try:
        check_message(data)
    except Fail:
        return False
    return True


def encode_content(certificate, kind, inner):
    content = certificate + u8(kind) + u32(len(inner)) + inner
    return content.ljust(next(size for size in BUCKETS if size >= len(content)), b"\0")


def decode_content(data):
    reader = Reader(data)
    certificate, kind = _read_sender_certificate(reader), reader.number(1)
    if kind not in (MESSAGE, CONTROL):
        raise Fail("WrongKind")
    inner = reader.take(reader.number(4))
    if any(reader.rest()) or encode_content(certificate.encoded, kind, inner) != data:
        raise Fail("NotCanonical")
    if kind == MESSAGE:
        check_message(inner)
    return Content(certificate, kind, inner)


# ---- Sealing

def hkdf(ikm, info, size):
    return expand(extract(bytes(32), ikm), info, size)


def party_name(address, identity):
    return sha256(b"confidant/v1/sealed/party" + address + identity)


def content_terms(content):
    return sha256(b"confidant/v1/sealed/digest" + b"\0" + content)


def shared_digest(shared):
    return sha256(b"confidant/v1/sealed/digest" + b"\1" + shared)


def keys_of(m):
    """e, E, K and the salt."""
    okm = expand(m, b"confidant/v1/sealed/keys", 88)
    return okm[:32], x25519_public(okm[:32]), okm[32:64], okm[64:]


def content_context(ephemeral):
    return b"confidant/v1/sealed/content" + ephemeral


def mask(agreement, ephemeral, recipient_name):
    return hkdf(agreement, b"confidant/v1/sealed/mask" + ephemeral + recipient_name, 32)


def tag(agreement, ephemeral, c, sender_name, recipient_name, digest):
    return hkdf(agreement, b"confidant/v1/sealed/tag" + ephemeral + c + sender_name + recipient_name + digest, 32)


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


@dataclass
class Entry:
    address: bytes
    c: bytes
    tag: bytes


@dataclass
class Upload:
    ephemeral: bytes
    entries: list
    shared: bytes

    def encode(self):
        listed = b"".join(entry.address + entry.c + entry.tag for entry in self.entries)
        return bytes([VERSION, UPLOAD]) + self.ephemeral + u32(len(self.entries)) + listed + self.shared

    def message(self, entry):
        """What the relay makes for one recipient."""
        return bytes([VERSION, SEALED]) + self.ephemeral + entry.c + entry.tag + self.shared


class Sender:
    """An identity and the certificate that a server issued for it, put together at some time."""

    def __init__(self, identity, certificate, now):
        self.identity, self.certificate = identity, decode_sender_certificate(certificate)
        if self.certificate.identity != identity.public:
            raise Fail("WrongCertificate")
        if now >= self.certificate.valid_until:
            raise Fail("Expired")

    @property
    def party(self):
        return self.certificate.address, self.identity.public

    def seal(self, recipients, kind, inner, rng, trace):
        """Seals for all of these (address, identity)."""
        self._check_recipients(recipients)
        if kind == MESSAGE and not is_message(inner):
            raise Fail("NotAMessage")
        if len(inner) > LARGEST:
            raise Fail("TooLong")
        content = encode_content(self.certificate.encoded, kind, inner)
        terms = content_terms(content)
        m = confidant.hedge(self.identity.hedge_key, rng.draw(32), b"confidant/v1/hedge/sealed" + terms)
        trace.update({"content": content, "terms": terms})
        return seal_content(m, content, self.identity.x25519_secret, self.party, recipients, trace)

    def _check_recipients(self, recipients):
        seen = set()
        for address, _ in recipients:
            if len(seen) == MAX_RECIPIENTS:
                raise Fail("TooManyRecipients")
            if address in seen:
                raise Fail("DuplicateRecipient")
            seen.add(address)
        if not seen:
            raise Fail("NoRecipients")


def seal_content(m, content, secret, sender, recipients, trace):
    """From M on: everything but the checks and the draw."""
    e, ephemeral, key, salt = keys_of(m)
    shared = cobblestone_seal(key, salt, content_context(ephemeral), content)
    trace.update({"m": m, "e": e, "ephemeral": ephemeral, "key": key, "salt": salt, "shared": shared,
                  "digest": shared_digest(shared), "sender_name": party_name(*sender), "recipients": []})
    entries = []
    for address, identity in sorted(recipients, key=lambda party: address_order(party[0])):
        steps = {"name": party_name(address, identity)}
        steps["mask"] = mask(dh(e, identity[32:]), ephemeral, steps["name"])
        steps["c"] = xor(m, steps["mask"])
        steps["tag"] = tag(dh(secret, identity[32:]), ephemeral, steps["c"], trace["sender_name"], steps["name"],
                           trace["digest"])
        trace["recipients"].append(steps)
        entries.append(Entry(address, steps["c"], steps["tag"]))
    return Upload(ephemeral, entries, shared)


# ---- Opening

@dataclass
class Sealed:
    ephemeral: bytes
    c: bytes
    tag: bytes
    shared: bytes


def _shared_part(reader):
    shared = reader.rest()
    if len(shared) not in SHARED_SIZES:
        raise Fail("NotCanonical")
    return shared


def decode_sealed(data):
    reader = Reader(data)
    reader.start(SEALED)
    return Sealed(reader.x25519(), reader.take(32), reader.take(32), _shared_part(reader))


def decode_upload(data):
    reader = Reader(data)
    reader.start(UPLOAD)
    ephemeral, entries = reader.x25519(), []
    count = reader.limited(4, MAX_RECIPIENTS)
    if count == 0:
        raise Fail("NotCanonical")
    for _ in range(count):
        entry = Entry(reader.address(), reader.take(32), reader.take(32))
        if entries and address_order(entries[-1].address) >= address_order(entry.address):
            raise Fail("NotCanonical")
        entries.append(entry)
    return Upload(ephemeral, entries, _shared_part(reader))


def malformed(operation):
    try:
        return operation()
    except Fail as error:
        raise Fail(f"Malformed({error.name})") from None


def open_sealed(identity, address, data):
    """Decoding, and then opening in the order of spec.md."""
    sealed = decode_sealed(data)
    name = party_name(address, identity.public)
    m = xor(sealed.c, mask(dh(identity.x25519_secret, sealed.ephemeral), sealed.ephemeral, name))
    _, ephemeral, key, _ = keys_of(m)
    if ephemeral != sealed.ephemeral:
        raise Fail("Unauthentic")
    plain = cobblestone_open(key, content_context(ephemeral), sealed.shared)
    content = malformed(lambda: decode_content(plain))
    sender = content.certificate
    expected = tag(dh(identity.x25519_secret, sender.identity[32:]), ephemeral, sealed.c,
                   party_name(sender.address, sender.identity), name, shared_digest(sealed.shared))
    if sealed.tag != expected:
        raise Fail("Unauthentic")
    if sender.address == address:
        raise Fail("FromOurselves")
    return content


# ---- Delivery

def delivery_token(delivery_key):
    return expand(delivery_key, b"confidant/v1/delivery/token", 32)


def delivery_verifier(token):
    return sha256(b"confidant/v1/delivery/verifier" + token)
