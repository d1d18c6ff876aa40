"""Files at rest: spec.md, "At rest", and wire.md, "File" and "Pointer to an attachment"."""

import hmac
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import envelope_wrap
from envelope_records import padme
from primitives import CHUNK, COMMITMENT, SALT, TAG, Fail, cobblestone_keys, expand, sha256
from wire import Reader, lp8, lp16, u8, u16, u32, u64

LABEL = b"confidant/v1/envelope/file/"
HEAD, SEALED = SALT + COMMITMENT, CHUNK + TAG
MAX_FILE, MAX_DERIVATIVES, MAX_KEYS = 1 << 51, 16, 255
HEADER_STEP, SHORTEST_HEADER, LONGEST_HEADER, MAC = 64, 128, 65_472, 32
BEFORE_KEYS, PADDED = 33, 0x80
THUMBNAIL, PREVIEW, TRANSCRIPT, APPLICATION = 1, 2, 3, 0x80


# ---- Keys

def body_key(file_key):
    return expand(file_key, LABEL + b"body", 32)


def header_keys(file_key, file_id):
    """MAC key and mask."""
    okm = expand(file_key, LABEL + b"header" + file_id, 40)
    return okm[:32], okm[32:]


def derivative(file_key, kind, index):
    return expand(file_key, LABEL + b"derivative" + u8(kind) + u32(index), 32)


# ---- Text and body

@dataclass
class Info:
    """What is known of a file besides its key and context."""
    id: bytes
    length: int
    padded: bool

    def __post_init__(self):
        if self.length > MAX_FILE:
            raise Fail("Limit")

    @property
    def text_length(self):
        return padme(self.length) + 8 if self.padded else self.length

    @property
    def flags(self):
        return PADDED if self.padded else 0

    def encode(self):
        """What is kept beside a wrapped key."""
        return self.id + u64(self.length) + u8(self.flags)

    @property
    def chunks(self):
        return self.text_length // CHUNK + 1

    @property
    def body_length(self):
        return HEAD + self.text_length + TAG * self.chunks

    def sealed_length(self, k):
        """Length of chunk k in the body."""
        return SEALED if k < self.chunks - 1 else self.text_length % CHUNK + TAG


def text_of(data, padded):
    if not padded:
        return data
    return data + bytes(padme(len(data)) - len(data)) + u64(len(data))


def body_context(info, context):
    return (b"padded file" if info.padded else b"file") + info.id + context.encode()


def nonce(base, k):
    return (int.from_bytes(base, "big") ^ k).to_bytes(12, "big")


class Body:
    """A body whose commitment fits: opens its chunks, one by one."""

    def __init__(self, file_key, context, info, body):
        if len(body) < HEAD:
            raise Fail("Truncated")
        self.key, self.base, expected = cobblestone_keys(body_key(file_key), body[:SALT], body_context(info, context))
        if not hmac.compare_digest(expected, body[SALT:HEAD]):
            raise Fail("WrongKeyOrContext")
        self.info, self.body = info, body

    def chunk(self, k):
        """The data in chunk k, which verifies as a whole or fails. The last one reaches to the end of the object."""
        start, last = HEAD + SEALED * k, k == self.info.chunks - 1
        sealed, expected = self.body[start:None if last else start + SEALED], self.info.sealed_length(k)
        if len(sealed) < expected:
            raise Fail("Truncated")
        if len(sealed) > expected:
            raise corrupt(k)
        return self.open(k, sealed)

    def open(self, k, sealed):
        try:
            text = AESGCM(self.key).decrypt(nonce(self.base, k), sealed, None)
        except InvalidTag:
            raise corrupt(k) from None
        if not self.info.padded:
            return text
        data = text[:max(0, self.info.length - CHUNK * k)]
        padding, at_end = text[len(data):], b""
        if k == self.info.chunks - 1:
            padding, at_end = padding[:-8], padding[-8:]
        if any(padding) or at_end not in (b"", u64(self.info.length)):
            raise corrupt(k)
        return data

    def from_front(self):
        return b"".join(self.chunk(k) for k in range(self.info.chunks))

    def in_memory(self):
        """The length of the whole before any chunk, as the commitment is."""
        if len(self.body) < self.info.body_length:
            raise Fail("Truncated")
        if len(self.body) > self.info.body_length:
            raise corrupt(self.info.chunks - 1)
        return self.from_front()

    def part(self, offset, length):
        """Any part: the last chunk first, which shows the length. Behind the end there is nothing."""
        self.chunk(self.info.chunks - 1)
        end = min(offset + length, self.info.length)
        if offset >= end:
            return b""
        first, last = offset // CHUNK, (end - 1) // CHUNK
        data = b"".join(self.chunk(k) for k in range(first, last + 1))
        return data[offset - first * CHUNK:end - first * CHUNK]


WAYS = {"front-to-back": Body.from_front, "in-memory": Body.in_memory}


def corrupt(k):
    return Fail(f"Corrupt {{ chunk: {k} }}")


# ---- Header of the attached form

def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def header_length(wanted):
    """What is given out for a wish: the next multiple of 64 that a header can have."""
    return min(max(-(-wanted // HEADER_STEP) * HEADER_STEP, SHORTEST_HEADER), LONGEST_HEADER)


def room(wrapped):
    """Bytes of a header without its zeros."""
    return BEFORE_KEYS + sum(2 + len(key) for key in wrapped) + MAC


class Recipients:
    """Those who may open a file, as they come to a header of `size` bytes."""

    def __init__(self, file_key, context, size, wrapped=()):
        self.file_key, self.context, self.size, self.wrapped = file_key, context, size, list(wrapped)

    def add(self, kek, draws):
        try:
            wrapped = kek.wrap(self.file_key, self.context, draws)
        except Fail as error:
            raise Fail(f"Wrap({error.name})") from None
        self.add_wrapped(wrapped)

    def add_root_key(self, _):
        """As it stands in a keyring."""
        raise Fail("NotPlain")

    def add_wrapped(self, wrapped):
        if alike(wrapped) in map(alike, self.wrapped):
            raise Fail("Duplicate")
        if len(self.wrapped) == MAX_KEYS or room([*self.wrapped, wrapped]) > self.size:
            raise Fail("NoRoom")
        self.wrapped.append(wrapped)


def alike(wrapped):
    """Type, reference and code: what a wrapped key names."""
    key = envelope_wrap.decode(wrapped)
    return key.type, key.reference, key.parameters[:17] if key.type == envelope_wrap.CODE else b""


def make_header(file_key, info, wrapped, size):
    mac_key, mask = header_keys(file_key, info.id)
    out = (b"EFC1" + u8(1) + u8(info.flags) + u16(size) + info.id + xor(u64(info.length), mask)
           + u8(len(wrapped)) + b"".join(lp16(key) for key in wrapped))
    out += bytes(size - MAC - len(out))
    return out + hmac.digest(mac_key, out, "sha256")


@dataclass
class Header:
    padded: bool
    id: bytes
    masked: bytes
    wrapped: list
    signed: bytes
    mac: bytes

    @property
    def size(self):
        return len(self.signed) + MAC


def magic(reader, name):
    """The first four bytes of a format at rest."""
    start = reader.take(4)
    if start[:3] != name[:3]:
        raise Fail("WrongKind")
    if start[3:] != name[3:]:
        raise Fail("UnsupportedVersion")


def read_wrapped(reader, count):
    """Wrapped keys of a header, no two of which name the same."""
    wrapped = []
    for _ in range(count):
        key = envelope_wrap.decode(reader.take(reader.number(2)))
        if alike(key.head + key.body) in [alike(other.head + other.body) for other in wrapped]:
            raise Fail("NotCanonical")
        wrapped.append(key)
    return wrapped


def read_header(reader):
    """A header from the front of an object, which may have more behind it."""
    start = reader.at
    magic(reader, b"EFC1")
    if reader.number(1) != 1:
        raise Fail("UnsupportedVersion")
    flags = reader.number(1)
    if flags & ~PADDED:
        raise Fail("InvalidFlags")
    size = reader.number(2)
    if size % HEADER_STEP or size < SHORTEST_HEADER:
        raise Fail("NotCanonical")
    inner = Reader(reader.take(size - (reader.at - start)))
    file_id, masked = inner.take(16), inner.take(8)
    wrapped = read_wrapped(inner, inner.number(1))
    if len(inner.data) - inner.at < MAC:
        raise Fail("Truncated")
    if any(inner.rest()[:-MAC]):
        raise Fail("NotCanonical")
    whole = reader.data[start:reader.at]
    return Header(flags == PADDED, file_id, masked, wrapped, whole[:-MAC], whole[-MAC:])


NAMES = {"Truncated": "Truncated", "UnsupportedVersion": "Unsupported", "InvalidFlags": "Unsupported", "TooLong": "Limit",
         "TooMany": "Limit"}


def header_error(error):
    """What a decoder finds in a header, as it is called where something is opened."""
    return Fail(NAMES.get(error.name, f"Malformed({error.name})"))


def decode_info(data):
    """What is kept beside a wrapped key; its flags are as in a header, and so are its errors."""
    reader = Reader(data)
    try:
        file_id, length, flags = reader.take(16), reader.limited(8, MAX_FILE, "TooLong"), reader.number(1)
        if flags & ~PADDED:
            raise Fail("InvalidFlags")
        reader.end()
    except Fail as error:
        raise header_error(error) from None
    return Info(file_id, length, flags == PADDED)


def naming(wrapped, kek):
    """Does a wrapped key name what is at hand? `None`, `WrongKek` or `Destroyed`."""
    if isinstance(kek, envelope_wrap.Service):
        return None if (wrapped.type, wrapped.reference) == (envelope_wrap.SERVICE, kek.reference) else "WrongKek"
    try:
        kek.check(wrapped)
    except Fail as error:
        return error.name
    return None


def unwrap_first(wrapped, context, kek):
    """Of the wrapped keys the first one that names what is at hand, and no other. A destroyed one is passed over."""
    found = [naming(key, kek) for key in wrapped]
    if None not in found:
        raise Fail("Unwrap(Destroyed)" if "Destroyed" in found else "Unwrap(WrongKek)")
    try:
        return kek.unwrap(wrapped[found.index(None)], context)
    except Fail as error:
        raise Fail(f"Unwrap({error.name})") from None


def open_header(data, context, kek):
    """(file key, info, header) of a container."""
    try:
        header = read_header(Reader(data))
    except Fail as error:
        raise header_error(error) from None
    file_key = unwrap_first(header.wrapped, context, kek)
    return file_key, verify_header(header, file_key), header


def verify_header(header, file_key):
    mac_key, mask = header_keys(file_key, header.id)
    if not hmac.compare_digest(hmac.digest(mac_key, header.signed, "sha256"), header.mac):
        raise Fail("UnauthenticHeader")
    return Info(header.id, int.from_bytes(xor(header.masked, mask), "big"), header.padded)


# ---- Pointer to an attachment

@dataclass
class Part:
    """A stored object."""
    info: Info
    digest: bytes
    media_type: bytes

    def encode(self):
        info = self.info
        return (u8(info.flags) + info.id + u64(info.length) + u64(info.body_length) + self.digest
                + lp8(self.media_type))

    def fetched(self, body):
        """Compares what was fetched."""
        if len(body) < self.info.body_length:
            raise Fail("Truncated")
        if len(body) != self.info.body_length or sha256(body) != self.digest:
            raise Fail("WrongDigest")


@dataclass
class Pointer:
    key: bytes
    file: Part
    derivatives: dict = field(default_factory=dict)

    def encode(self):
        derived = sorted(self.derivatives.items())
        return (b"EFP1" + self.key + self.file.encode() + u8(len(derived))
                + b"".join(u8(kind) + u32(index) + part.encode() for (kind, index), part in derived))


def printable(media_type):
    return all(0x20 <= c <= 0x7E for c in media_type)


def read_part(reader):
    padding = reader.number(1)
    if padding not in (0, PADDED):
        raise Fail("UnsupportedVersion")
    file_id, length = reader.take(16), reader.number(8)
    if length > MAX_FILE:
        raise Fail("TooLong")
    info = Info(file_id, length, padding == PADDED)
    if reader.number(8) != info.body_length:
        raise Fail("NotCanonical")
    digest, media_type = reader.take(32), reader.take(reader.number(1))
    if not printable(media_type):
        raise Fail("NotCanonical")
    return Part(info, digest, media_type)


def read_derivative(reader):
    kind = reader.number(1)
    if kind not in (THUMBNAIL, PREVIEW, TRANSCRIPT) and kind < APPLICATION:
        raise Fail("UnsupportedVersion")
    return kind, reader.number(4)


def decode_pointer(data):
    reader = Reader(data)
    magic(reader, b"EFP1")
    pointer = Pointer(reader.take(32), read_part(reader))
    for _ in range(reader.limited(1, MAX_DERIVATIVES)):
        which = read_derivative(reader)
        if pointer.derivatives and max(pointer.derivatives) >= which:
            raise Fail("NotCanonical")
        pointer.derivatives[which] = read_part(reader)
    reader.end()
    return pointer
