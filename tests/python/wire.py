"""Encodings and strict decoders of wire.md."""

from dataclasses import dataclass

import mlkem1024
from primitives import Fail, check_ed25519, check_x25519, sha256

VERSION = 1
PRE_KEY_MESSAGE, MESSAGE, DISTRIBUTION_MESSAGE, FRAME_MESSAGE, BUNDLE, PUBLICATION = 0x01, 0x02, 0x05, 0x06, 0x10, 0x11
X3DH, PQXDH = 1, 2
SIGNED, ONE_TIME, KEM_ONE_TIME, KEM_LAST_RESORT = 1, 2, 3, 4
KIND_NAMES = {SIGNED: "Signed", ONE_TIME: "OneTime", KEM_ONE_TIME: "KemOneTime", KEM_LAST_RESORT: "KemLastResort"}
MAX_MESSAGE, MIN_MESSAGE, HEADER = 16_777_216, 114, 42
MAX_PUBLISHED = 10_000


def u8(n):
    return n.to_bytes(1, "big")


def u16(n):
    return n.to_bytes(2, "big")


def u32(n):
    return n.to_bytes(4, "big")


def u64(n):
    return n.to_bytes(8, "big")


def lp8(data):
    return u8(len(data)) + data


def lp16(data):
    return u16(len(data)) + data


class Reader:
    """Reads from the front, and fails at the first thing that is wrong."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if len(self.data) - self.at < size:
            raise Fail("Truncated")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "big")

    def address(self):
        """Address of wire.md: its tags, and a user that is not empty."""
        start = self.at
        for tag in (1, 2):
            if self.number(1) != tag:
                raise Fail("NotCanonical")
            if not self.take(self.number(1)) and tag == 2:
                raise Fail("NotCanonical")
        if self.number(1) != 3:
            raise Fail("NotCanonical")
        self.take(4)
        return self.data[start:self.at]

    def limited(self, size, most, error="TooMany"):
        count = self.number(size)
        if count > most:
            raise Fail(error)
        return count

    def rest(self):
        return self.take(len(self.data) - self.at)

    def end(self):
        if self.at != len(self.data):
            raise Fail("TrailingBytes")

    def start(self, *kinds):
        """The type, one of these."""
        if self.number(1) != VERSION:
            raise Fail("UnsupportedVersion")
        kind = self.number(1)
        if kind not in kinds:
            raise Fail("WrongKind")
        return kind

    def suite(self):
        suite = self.number(1)
        if suite not in (X3DH, PQXDH):
            raise Fail("UnsupportedSuite")
        return suite

    def flags(self):
        flags = self.number(1)
        if flags & ~1:
            raise Fail("InvalidFlags")
        return flags == 1

    def x25519(self):
        return check_x25519(self.take(32))

    def identity(self):
        return check_ed25519(self.take(32)) + self.x25519()

    def kem_key(self):
        key = self.take(mlkem1024.EK_SIZE)
        if not mlkem1024.key_is_valid(key):
            raise Fail("InvalidKey")
        return key


# ---- Building blocks

def decode_identity(data):
    reader = Reader(data)
    identity = reader.identity()
    reader.end()
    return identity


def address(provider, user, device):
    return b"\x01" + lp8(provider) + b"\x02" + lp8(user) + b"\x03" + u32(device)


def prekey_id(kind, public):
    return sha256(b"confidant/v1/prekey/id" + u8(kind) + public)[:8]


@dataclass
class PreKey:
    """A pre-key as it is published."""
    kind: int
    created: int
    expires: int
    public: bytes
    signature: bytes = b""

    @property
    def id(self):
        return prekey_id(self.kind, self.public)

    @property
    def named(self):
        """`pre-key(X)` of spec.md."""
        return u8(self.kind) + self.id + self.public

    @property
    def body(self):
        return u64(self.created) + u64(self.expires) + self.public + self.signature

    def signed_text(self, suite, identity):
        return (b"confidant/v1/prekey/signature" + u8(self.kind) + self.id + u8(suite)
                + u64(self.created) + u64(self.expires) + identity + self.public)


def read_prekey(reader, kind):
    created, expires = reader.number(8), reader.number(8)
    public = reader.x25519() if kind in (SIGNED, ONE_TIME) else reader.kem_key()
    return PreKey(kind, created, expires, public, reader.take(64))


# ---- Pre-key bundle

@dataclass
class Bundle:
    suite: int
    identity: bytes
    signed: PreKey
    one_time: PreKey | None
    kem: PreKey | None

    @property
    def prekeys(self):
        return [key for key in (self.signed, self.one_time, self.kem) if key]

    def encode(self):
        out = bytes([VERSION, BUNDLE, self.suite, int(self.one_time is not None)]) + self.identity + self.signed.body
        out += self.one_time.body if self.one_time else b""
        return out + (u8(self.kem.kind) + self.kem.body if self.kem else b"")


def decode_bundle(data):
    reader = Reader(data)
    reader.start(BUNDLE)
    suite, has_one_time = reader.suite(), reader.flags()
    identity, signed = reader.identity(), read_prekey(reader, SIGNED)
    one_time = read_prekey(reader, ONE_TIME) if has_one_time else None
    kem = read_kem_prekey(reader) if suite == PQXDH else None
    reader.end()
    return Bundle(suite, identity, signed, one_time, kem)


def read_kem_prekey(reader):
    kind = reader.number(1)
    if kind not in (KEM_ONE_TIME, KEM_LAST_RESORT):
        raise Fail("WrongKind")
    return read_prekey(reader, kind)


# ---- Publication

@dataclass
class Publication:
    suite: int
    identity: bytes
    signed: PreKey
    last_resort: PreKey | None
    one_time: list
    kem_one_time: list

    def encode(self):
        out = bytes([VERSION, PUBLICATION, self.suite]) + self.identity + self.signed.body
        if self.suite == X3DH:
            return out + _encode_list(self.one_time)
        return out + self.last_resort.body + _encode_list(self.one_time) + _encode_list(self.kem_one_time)


def _encode_list(keys):
    return u16(len(keys)) + b"".join(key.body for key in keys)


def decode_publication(data):
    reader = Reader(data)
    reader.start(PUBLICATION)
    suite = reader.suite()
    identity, signed = reader.identity(), read_prekey(reader, SIGNED)
    last_resort = read_prekey(reader, KEM_LAST_RESORT) if suite == PQXDH else None
    one_time = _read_list(reader, ONE_TIME)
    kem_one_time = _read_list(reader, KEM_ONE_TIME) if suite == PQXDH else []
    reader.end()
    return Publication(suite, identity, signed, last_resort, one_time, kem_one_time)


def _read_list(reader, kind):
    keys = []
    for _ in range(reader.limited(2, MAX_PUBLISHED)):
        key = read_prekey(reader, kind)
        if keys and keys[-1].id >= key.id:
            raise Fail("NotCanonical")
        keys.append(key)
    return keys


# ---- Message

@dataclass
class Message:
    is_distribution: bool
    header: bytes
    ratchet_key: bytes
    pn: int
    n: int
    body: bytes


def header(is_distribution, ratchet_key, pn, n):
    return bytes([VERSION, DISTRIBUTION_MESSAGE if is_distribution else MESSAGE]) + ratchet_key + u32(pn) + u32(n)


def decode_message(data, *more):
    """What a session by itself reads, or messages of more types."""
    reader = Reader(data)
    kind = reader.start(MESSAGE, DISTRIBUTION_MESSAGE, *more)
    if len(data) > MAX_MESSAGE:
        raise Fail("TooLong")
    ratchet_key, pn, n = reader.x25519(), reader.number(4), reader.number(4)
    if len(data) < MIN_MESSAGE:
        raise Fail("Truncated")
    return Message(kind == DISTRIBUTION_MESSAGE, data[:HEADER], ratchet_key, pn, n, reader.rest())


# ---- Pre-key message

@dataclass
class PreKeyMessage:
    prefix: bytes
    suite: int
    identity: bytes
    ephemeral: bytes
    signed_id: bytes
    one_time_id: bytes | None
    kem_id: bytes | None
    ciphertext: bytes | None
    message: Message


def encode_prefix(suite, identity, ephemeral, signed_id, one_time_id, kem_id, ciphertext):
    out = bytes([VERSION, PRE_KEY_MESSAGE, suite, int(one_time_id is not None)]) + identity + ephemeral + signed_id
    return out + (one_time_id or b"") + (kem_id + ciphertext if suite == PQXDH else b"")


def decode_prekey_message(data, *more):
    reader = Reader(data)
    reader.start(PRE_KEY_MESSAGE)
    suite, has_one_time = reader.suite(), reader.flags()
    identity, ephemeral, signed_id = reader.identity(), reader.x25519(), reader.take(8)
    one_time_id = reader.take(8) if has_one_time else None
    kem_id = reader.take(8) if suite == PQXDH else None
    ciphertext = reader.take(mlkem1024.CT_SIZE) if suite == PQXDH else None
    prefix = data[:reader.at]
    message = decode_message(reader.rest(), *more)
    return PreKeyMessage(prefix, suite, identity, ephemeral, signed_id, one_time_id, kem_id, ciphertext, message)


def decode_any(data):
    """What a session decrypts: a message, or a pre-key message."""
    if data[1:2] == u8(PRE_KEY_MESSAGE):
        return decode_prekey_message(data)
    return decode_message(data)
