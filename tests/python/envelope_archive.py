"""Archives: spec.md, "At rest", and wire.md, "Archive"."""

import hmac
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from envelope_file import HEAD, MAC, SEALED, alike, corrupt, header_error, magic, nonce, read_wrapped, unwrap_first
from primitives import CHUNK, SALT, TAG, Fail, cobblestone_keys, cobblestone_seal, expand, sha256
from wire import Reader, lp16, u8, u16, u64

LABEL = b"confidant/v1/envelope/archive/"
MAX_LENGTH, MAX_KEYS, NO_DIGEST, LAST_EPOCH = 1 << 51, 64, bytes(32), 2**64 - 2


@dataclass(frozen=True)
class Core:
    """What an archive says of itself."""
    id: bytes
    epoch: int
    previous: bytes
    created: int
    length: int

    def encode(self):
        return (b"EAR1" + u8(1) + u8(0) + self.id + u64(self.epoch) + self.previous + u64(self.created)
                + u64(self.length))

    @property
    def digest(self):
        return sha256(LABEL + b"core" + self.encode())


def mac(key, context, signed):
    return hmac.digest(expand(key, LABEL + b"mac" + context.encode(), 32), signed, "sha256")


def body_key(key, context):
    return expand(key, LABEL + b"body" + context.encode(), 32)


def body_context(core):
    return b"archive" + core.digest


# ---- Making

def begin(after, created, length, draws):
    """(core, archive key) of a first archive, or of the one after another."""
    if length > MAX_LENGTH:
        raise Fail("TooLong")
    if after is None:
        archive_id, key = draws.draw(16), draws.draw(32)
        return Core(archive_id, 0, NO_DIGEST, created, length), key
    if after.epoch == LAST_EPOCH:
        raise Fail("Exhausted")
    return Core(after.id, after.epoch + 1, after.digest, created, length), draws.draw(32)


def wrap(key, context, keks, draws, root_key=None):
    """For each; then, as it stands in a keyring, a root key is added if there is one."""
    wrapped = []
    for kek in keks:
        try:
            made = kek.wrap(key, context, draws)
        except Fail as error:
            raise error if error.name == "Randomness" else Fail(f"Wrap({error.name})") from None
        _require_room(wrapped)
        if alike(made) in map(alike, wrapped):
            raise Fail("Duplicate")
        wrapped.append(made)
    if root_key is not None:
        _require_room(wrapped)
        raise Fail("NotPlain")
    if not wrapped:
        raise Fail("NoRecipients")
    return wrapped


def _require_room(wrapped):
    if len(wrapped) == MAX_KEYS:
        raise Fail("TooMany")


def make_header(key, core, context, wrapped):
    signed = core.encode() + u16(len(wrapped)) + b"".join(lp16(one) for one in wrapped)
    return signed + mac(key, context, signed)


def seal_body(key, core, context, salt, text):
    return cobblestone_seal(body_key(key, context), salt, body_context(core), text)


# ---- Opening

@dataclass
class Header:
    core: Core
    wrapped: list
    signed: bytes
    mac: bytes


def read_core(reader):
    magic(reader, b"EAR1")
    if reader.number(1) != 1:
        raise Fail("UnsupportedVersion")
    if reader.number(1):
        raise Fail("InvalidFlags")
    archive_id, epoch = reader.take(16), reader.number(8)
    if epoch > LAST_EPOCH:
        raise Fail("NotCanonical")
    previous = reader.take(32)
    if (epoch == 0) != (previous == NO_DIGEST):
        raise Fail("NotCanonical")
    return Core(archive_id, epoch, previous, reader.number(8), reader.limited(8, MAX_LENGTH, "TooLong"))


def decode_core(data):
    """What is remembered of an archive, for the next one."""
    reader = Reader(data)
    core = read_core(reader)
    reader.end()
    return core


def read_header(reader):
    start, core = reader.at, read_core(reader)
    count = reader.limited(2, MAX_KEYS)
    if count == 0:
        raise Fail("NotCanonical")
    wrapped = read_wrapped(reader, count)
    signed = reader.data[start:reader.at]
    return Header(core, wrapped, signed, reader.take(MAC))


def open_archive(data, context, kek, expected):
    """(core, text). `expected`: {} for any, {"id", "min_epoch"}, or {"after": core}."""
    reader = Reader(data)
    try:
        header = read_header(reader)
    except Fail as error:
        raise header_error(error) from None
    key = unwrap_first(header.wrapped, context, kek)
    if not hmac.compare_digest(mac(key, context, header.signed), header.mac):
        raise Fail("UnauthenticHeader")
    _expect(header.core, expected)
    return header.core, open_body(body_key(key, context), header.core, reader.rest())


def _expect(core, expected):
    after = expected.get("after")
    archive_id = after.id if after else expected.get("id", core.id)
    least = after.epoch + 1 if after else expected.get("min_epoch", 0)
    if core.id != archive_id:
        raise Fail("WrongArchive")
    if core.epoch < least:
        raise Fail("Stale")
    if after and (core.epoch, core.previous) != (least, after.digest):
        raise Fail("BrokenChain")


def open_body(key, core, body):
    if len(body) < HEAD:
        raise Fail("Truncated")
    k, base, expected = cobblestone_keys(key, body[:SALT], body_context(core))
    if not hmac.compare_digest(expected, body[SALT:HEAD]):
        raise Fail("WrongKeyOrContext")
    chunks = core.length // CHUNK + 1
    return b"".join(_open_chunk(k, base, core, body, i, i == chunks - 1) for i in range(chunks))


def _open_chunk(key, base, core, body, i, is_last):
    start, size = HEAD + SEALED * i, core.length % CHUNK + TAG if is_last else SEALED
    sealed = body[start:start + size]
    if len(sealed) < size:
        raise Fail("Truncated")
    if is_last and len(body) > start + size:
        raise corrupt(i)
    try:
        return AESGCM(key).decrypt(nonce(base, i), sealed, None)
    except InvalidTag:
        raise corrupt(i) from None
