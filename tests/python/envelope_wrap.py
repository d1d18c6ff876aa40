"""The model of wire.md and spec.md, At rest: wrapped keys, and what wraps them."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from envelope_records import PREFIX, PURPOSES, file_wrap_key, known
from primitives import Fail, cobblestone_open, cobblestone_seal, dh, expand, extract, sha256, x25519_public
from wire import Reader, lp8, lp16, u8, u32

WRAPPED = 0xB1
LOCAL, PASSPHRASE, CODE, X25519, SERVICE = 1, 2, 3, 4, 5
TYPE_NAMES = {LOCAL: "Local", PASSPHRASE: "Passphrase", CODE: "RecoveryCode", X25519: "Recipient", SERVICE: "Service"}
ARGON2, MAX_PASSPHRASE, MAX_REFERENCE, MAX_BLOB, BODY = 0x13, 1024, 64, 8_192, 24 + 32 + 32 + 16
REFERENCE_SIZES = {PASSPHRASE: 0, CODE: 0, X25519: 8}
KIB, PASSES, LANES = range(8_192, 2_097_152 + 1), range(1, 64 + 1), range(1, 16 + 1)
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_WRAP, RECIPIENT_WRAP = PREFIX + b"code/wrap", PREFIX + b"recipient/wrap"


# ---- Format

@dataclass
class Wrapped:
    """A wrapped key, taken apart. `body` is behind the head."""
    head: bytes
    type: int
    purpose: int
    key_id: int
    epoch: int
    reference: bytes
    parameters: bytes
    body: bytes

    @property
    def blob(self):
        return self.body[2:]


def encode_head(kind, purpose, key_id, reference, parameters=b"", epoch=0):
    return bytes([WRAPPED, kind, purpose, 0]) + u32(key_id) + u32(epoch) + lp8(reference) + parameters


def decode(data, numbered=False):
    """Only in a keyring's entries there are numbers: key id and epoch."""
    reader = Reader(data)
    if reader.number(1) != WRAPPED:
        raise Fail("WrongKind")
    kind, purpose = known(reader.number(1), TYPE_NAMES), known(reader.number(1), PURPOSES.values())
    if reader.number(1):
        raise Fail("InvalidFlags")
    key_id, epoch = reader.number(4), reader.number(4)
    reference = _read_reference(reader, kind)
    start = reader.at
    _read_parameters(reader, kind)
    at = reader.at
    reader.take(reader.limited(2, MAX_BLOB, "TooLong") if kind == SERVICE else BODY)
    reader.end()
    if (key_id, epoch) != (0, 0) and not numbered:
        raise Fail("NotCanonical")
    return Wrapped(data[:at], kind, purpose, key_id, epoch, reference, data[start:at], data[at:])


def _read_reference(reader, kind):
    size = reader.number(1)
    if kind in REFERENCE_SIZES and size != REFERENCE_SIZES[kind]:
        raise Fail("NotCanonical")
    if size > MAX_REFERENCE:
        raise Fail("TooLong")
    return reader.take(size)


def _read_parameters(reader, kind):
    if kind == PASSPHRASE:
        known(reader.number(1), (ARGON2,))
        reader.take(25)
    elif kind == CODE:
        reader.take(17)
        reader.x25519()
    elif kind == X25519:
        reader.x25519()


# ---- What wraps. `owner` is the id of the keyring or of the recovery set whose key it is.

class Sealing:
    """A KEK of 32 bytes in the end: all but a service."""

    def wrap(self, key, context, randomness, key_id=0, trace=None, owner=b"", epoch=0):
        parameters, kek = self.begin(randomness)
        head = encode_head(self.type, context.purpose, key_id, self.reference, parameters, epoch)
        if trace is not None:
            trace.update({"kek": kek, "head": head})
        return head + cobblestone_seal(kek, randomness.draw(24), head + context.encode() + owner, key)

    def unwrap(self, wrapped, context, owner=b""):
        check_purpose(wrapped, context)
        self.check(wrapped)
        try:
            return cobblestone_open(self.kek_of(wrapped), wrapped.head + context.encode() + owner, wrapped.body)
        except Fail as error:
            raise Fail("WrongKeyOrContext" if error.name == "Unauthentic" else error.name) from None

    def check(self, wrapped):
        if wrapped.type != self.type or wrapped.reference != self.reference:
            raise Fail("WrongKek")


def check_purpose(wrapped, context):
    if wrapped.purpose != context.purpose:
        raise Fail("WrongKeyOrContext")


class Local(Sealing):
    type = LOCAL

    def __init__(self, reference, key):
        if len(reference) > MAX_REFERENCE:
            raise Fail("ReferenceTooLong")
        self.reference, self.key = reference, key

    def begin(self, _):
        return b"", self.key

    def kek_of(self, _):
        return self.key


class Passphrase(Sealing):
    type, reference = PASSPHRASE, b""

    def __init__(self, passphrase, kib=0, passes=0, lanes=0):
        if not passphrase:
            raise Fail("Empty")
        if len(passphrase) > MAX_PASSPHRASE:
            raise Fail("TooLong")
        self.passphrase, self.work = passphrase, (kib, passes, lanes)

    def begin(self, randomness):
        check_work(*self.work, error="ParametersOutOfBounds")
        kib, passes, lanes = self.work
        salt = randomness.draw(16)
        return argon2_parameters(kib, passes, lanes, salt), self._stretch(kib, passes, lanes, salt)

    def kek_of(self, wrapped):
        reader = Reader(wrapped.parameters[1:])
        work = reader.number(4), reader.number(4), reader.number(1)
        check_work(*work)
        return self._stretch(*work, reader.rest())

    def _stretch(self, kib, passes, lanes, salt):
        return Argon2id(salt=salt, length=32, iterations=passes, lanes=lanes, memory_cost=kib).derive(self.passphrase)


def argon2_parameters(kib, passes, lanes, salt):
    return u8(ARGON2) + u32(kib) + u32(passes) + u8(lanes) + salt


def check_work(kib, passes, lanes, error="OutOfBounds"):
    if kib not in KIB or passes not in PASSES or lanes not in LANES:
        raise Fail(error)


def agreed(label, shared, ephemeral, recipient, about):
    return expand(extract(bytes(32), shared), label + ephemeral + recipient + about, 32)


class Agreeing(Sealing):
    """A key pair; who wraps needs its public half alone."""

    def __init__(self, secret, public=None):
        self.secret, self.public = secret, public or x25519_public(secret)

    def begin(self, randomness):
        e = randomness.draw(32)
        ephemeral = x25519_public(e)
        return self.about + ephemeral, agreed(self.label, dh(e, self.public), ephemeral, self.public, self.about)

    def kek_of(self, wrapped):
        ephemeral = wrapped.parameters[-32:]
        return agreed(self.label, dh(self.secret, ephemeral), ephemeral, self.public, self.about)


class Recipient(Agreeing):
    type, label, about = X25519, RECIPIENT_WRAP, b""

    @property
    def reference(self):
        return sha256(PREFIX + b"recipient/reference" + self.public)[:8]


class Code(Agreeing):
    """A recovery code of 16 secret bytes, in a set."""
    type, label, reference = CODE, CODE_WRAP, b""

    def __init__(self, text, set_id):
        index, secret = read_code(text)
        super().__init__(expand(extract(set_id, secret), PREFIX + b"code/key" + u8(index), 32))
        self.about = set_id + u8(index)

    def check(self, wrapped):
        if wrapped.type != CODE or wrapped.parameters[:17] != self.about:
            raise Fail("WrongKek")


def crc24(data):
    """RFC 9580, 6.1."""
    crc = 0xB704CE
    for byte in data:
        crc ^= byte << 16
        for _ in range(8):
            crc = crc << 1 ^ (crc >> 23) * 0x1864CFB
    return crc.to_bytes(3, "big")


def write_code(index, secret):
    """A long recovery code as text."""
    data = bytes([1 << 5 | index]) + secret
    number = int.from_bytes(data + crc24(data), "big")
    letters = "".join(LETTERS[number >> at & 31] for at in range(155, -5, -5))
    return "-".join(letters[at:at + 4] for at in range(0, 32, 4))


def read_code(text):
    """Index and secret of what `write_code` gave."""
    number = 0
    for letter in text.replace("-", ""):
        number = number << 5 | LETTERS.index(letter)
    data = number.to_bytes(20, "big")
    assert crc24(data[:17]) == data[17:]
    return data[0] & 31, data[1:17]


class KeyringKek(Sealing):
    """An opened keyring: its active root key wraps, any that is not destroyed unwraps."""
    type = LOCAL

    def __init__(self, keyring):
        self.keyring, self.reference = keyring, keyring.reference(keyring.active)

    def begin(self, _):
        return b"", file_wrap_key(self.keyring.roots[self.keyring.active])

    def check(self, wrapped):
        named = {self.keyring.reference(number): number for number in range(len(self.keyring.entries))}
        if wrapped.type != LOCAL or wrapped.reference not in named:
            raise Fail("WrongKek")
        if named[wrapped.reference] not in self.keyring.roots:
            raise Fail("Destroyed")

    def kek_of(self, wrapped):
        return file_wrap_key(self.keyring.roots[int.from_bytes(wrapped.reference[16:], "big")])


class Service:
    """Another service, as a vector plays it: `ask` gives a blob for (aad, key), `tell` a key for (aad, blob)."""

    def __init__(self, reference, ask, tell):
        self.reference, self.ask, self.tell = reference, ask, tell

    def wrap(self, key, context, _, key_id=0, trace=None, owner=b"", epoch=0):
        if len(self.reference) > MAX_REFERENCE:
            raise Fail("ReferenceTooLong")
        head = encode_head(SERVICE, context.purpose, key_id, self.reference, epoch=epoch)
        aad = service_aad(head, context, owner)
        if trace is not None:
            trace.update({"aad": aad, "head": head})
        blob = _asked(self.ask, aad, key)
        if len(blob) > MAX_BLOB:
            raise Fail("Kek(Invalid)")
        return head + lp16(blob)

    def unwrap(self, wrapped, context, owner=b""):
        check_purpose(wrapped, context)
        if wrapped.type != SERVICE or wrapped.reference != self.reference:
            raise Fail("WrongKek")
        return _asked(self.tell, service_aad(wrapped.head, context, owner), wrapped.blob)


def _asked(what, *given):
    try:
        return what(*given)
    except Fail as error:
        raise Fail(f"Kek({error.name})") from None


def service_aad(head, context, owner=b""):
    return sha256(PREFIX + b"service/aad" + head + context.encode() + owner)
