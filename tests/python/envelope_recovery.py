"""Recovery codes and sets: spec.md, "At rest", and wire.md, "Recovery set"."""

import hmac
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

import envelope_wrap
from envelope_file import magic
from primitives import Fail, expand, extract, sha256, x25519_public
from wire import Reader, lp16, u8, u32, u64

LABEL = b"confidant/v1/envelope/"
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
READ = {**{c: i for i, c in enumerate(LETTERS)}, "I": 1, "L": 1, "O": 0}
CODE_VERSION, MAX_CODES, MAC, SET_ID = 1, 32, 32, 16
UNUSED, USED, REVOKED = 1, 2, 3
LONG, SHORT = 1, 2
ARGON2_VERSION, LEAST_KIB, LEAST_PASSES = 0x13, 19 * 1024, 2
LAST_EPOCH = 2**64 - 2


# ---- Codes

@dataclass(frozen=True)
class Form:
    """How codes of one length are put together: bits of the version, the secret and the check."""
    version: int
    secret: int
    check: int
    polynomial: int
    start: int

    @property
    def letters(self):
        return (self.version + 5 + self.secret + self.check) // 5


FORMS = {LONG: Form(3, 128, 24, 0x864CFB, 0xB704CE), SHORT: Form(0, 80, 15, 0x4599, 0x7FFF)}


def crc(form, number, size):
    """Over the lowest `size` bits of a number, highest first."""
    check = form.start
    for i in reversed(range(size)):
        high = check >> form.check - 1 ^ number >> i & 1
        check = (check << 1 & (1 << form.check) - 1) ^ (form.polynomial if high else 0)
    return check


@dataclass(frozen=True)
class Code:
    kind: int
    index: int
    secret: bytes
    version: int = CODE_VERSION

    @property
    def text(self):
        form = FORMS[self.kind]
        number = (self.version << 5 if form.version else 0) | self.index
        number = number << form.secret | int.from_bytes(self.secret, "big")
        number = number << form.check | crc(form, number, form.version + 5 + form.secret)
        letters = "".join(LETTERS[number >> 5 * i & 31] for i in reversed(range(form.letters)))
        return "-".join(letters[i:i + 4] for i in range(0, form.letters, 4))


def read_code(text):
    letters = text.replace("-", "").upper() if text.isascii() else text
    if any(c not in READ for c in letters.replace("-", "")):
        raise Fail("NotALetter")
    kind = next((kind for kind, form in FORMS.items() if form.letters == len(letters)), None)
    if kind is None:
        raise Fail("WrongLength")
    form, number = FORMS[kind], 0
    for c in letters:
        number = number << 5 | READ[c]
    check, number = number & (1 << form.check) - 1, number >> form.check
    if crc(form, number, form.version + 5 + form.secret) != check:
        raise Fail("Mistyped")
    secret, number = number & (1 << form.secret) - 1, number >> form.secret
    if form.version and number >> 5 != CODE_VERSION:
        raise Fail("UnsupportedVersion")
    return Code(kind, number & 31, secret.to_bytes(form.secret // 8, "big"))


# ---- What a code is good for

@dataclass(frozen=True)
class Profile:
    """`LONG`, or `SHORT` with the parameters of Argon2id."""
    kind: int
    kib: int = 0
    passes: int = 0
    lanes: int = 0

    def encode(self):
        if self.kind == LONG:
            return u8(LONG)
        return u8(SHORT) + u8(ARGON2_VERSION) + u32(self.kib) + u32(self.passes) + u8(self.lanes)

    @property
    def is_weak(self):
        return self.kind == SHORT and (self.kib < LEAST_KIB or self.passes < LEAST_PASSES)

    def check(self):
        """Of a set that is read."""
        if self.kind == SHORT:
            envelope_wrap.check_work(self.kib, self.passes, self.lanes)
        if self.is_weak:
            raise Fail("OutOfBounds")

    def stretch(self, secret, salt):
        argon2 = Argon2id(salt=salt, length=32, iterations=self.passes, lanes=self.lanes, memory_cost=self.kib)
        return argon2.derive(secret)


@dataclass(frozen=True)
class CodeKey:
    """What a code gives for a set."""
    index: int
    token: bytes
    r: bytes
    roster: bytes

    @property
    def verifier(self):
        return verifier(self.token)

    @property
    def public(self):
        return x25519_public(self.r)


def verifier(token):
    return sha256(LABEL + b"code/verifier" + token)


def unlock(code, set_id, profile):
    if code.kind != profile.kind:
        raise Fail("WrongForm")
    if profile.is_weak:
        raise Fail("TooWeak")
    index, ikm = u8(code.index), code.secret
    if profile.kind == SHORT:
        ikm = profile.stretch(ikm, sha256(LABEL + b"code/salt" + set_id + index)[:16])
    prk = extract(set_id, ikm)
    return CodeKey(code.index, *(expand(prk, LABEL + b"code/" + what + index, 32) for what in (b"token", b"key", b"roster")))


# ---- Sets

@dataclass(frozen=True)
class Entry:
    state: int
    verifier: bytes
    public: bytes
    tag: bytes
    wrapped: bytes


@dataclass(frozen=True)
class RecoverySet:
    id: bytes
    epoch: int
    profile: Profile
    codes: tuple
    key: bytes | None = None

    def roster(self, context):
        return (self.id + self.profile.encode() + context.encode()
                + b"".join(code.verifier + code.public for code in self.codes))

    def signed(self):
        entries = (u8(i) + u8(c.state) + c.verifier + c.public + c.tag + lp16(c.wrapped) for i, c in enumerate(self.codes))
        return b"ERS1" + self.id + u64(self.epoch) + self.profile.encode() + u8(len(self.codes)) + b"".join(entries)

    def encode(self, context):
        return self.signed() + mac(self.key, context, self.signed())

    def again(self, context, draws, states=()):
        """A new archive key for the codes that are unused: `use up`, `revoke` and `renew` differ in whose state changes."""
        if self.epoch == LAST_EPOCH:
            raise Fail("Exhausted")
        codes = [replace(code, **dict(states).get(i, {})) for i, code in enumerate(self.codes)]
        key = draws.draw(32)
        codes = [replace(code, wrapped=wrap(self.id, i, code, context, key, draws)) for i, code in enumerate(codes)]
        return replace(self, epoch=self.epoch + 1, codes=tuple(codes), key=key)

    def change_state(self, index, state, context, draws):
        if index >= len(self.codes) or self.codes[index].state != UNUSED:
            raise Fail("NotUnused")
        return self.again(context, draws, {index: {"state": state}})


def mac(key, context, signed):
    return hmac.digest(expand(key, LABEL + b"recovery/mac" + context.encode(), 32), signed, "sha256")


class CodePair(envelope_wrap.Agreeing):
    """The key pair of a code in its set; the public half alone is enough to wrap."""
    type, label, reference = envelope_wrap.CODE, envelope_wrap.CODE_WRAP, b""

    def __init__(self, set_id, index, r=None, public=None):
        super().__init__(r, public)
        self.about = set_id + u8(index)

    def check(self, wrapped):
        if wrapped.type != self.type or wrapped.parameters[:17] != self.about:
            raise Fail("WrongKek")


def is_for_code(wrapped, set_id, index):
    """What stands in an unused code's entry."""
    if not wrapped:
        return False
    key = envelope_wrap.decode(wrapped)
    return key.type == envelope_wrap.CODE and key.parameters[:17] == set_id + u8(index)


def wrap(set_id, index, code, context, key, draws):
    """The archive key for an unused code, as the set's own; nothing for another."""
    if code.state != UNUSED:
        return b""
    return CodePair(set_id, index, public=code.public).wrap(key, context, draws, owner=set_id)


def create(context, profile, count, draws):
    """(set, codes, what each is good for)."""
    if not 1 <= count <= MAX_CODES:
        raise Fail("InvalidCount")
    if profile.is_weak:
        raise Fail("TooWeak")
    set_id = draws.draw(SET_ID)
    codes = [Code(profile.kind, i, draws.draw(FORMS[profile.kind].secret // 8)) for i in range(count)]
    keys = [unlock(code, set_id, profile) for code in codes]
    archive_key = draws.draw(32)
    entries = tuple(Entry(UNUSED, key.verifier, key.public, b"", b"") for key in keys)
    made = RecoverySet(set_id, 0, profile, entries, archive_key)
    tags = [hmac.digest(key.roster, made.roster(context), "sha256") for key in keys]
    entries = [replace(entry, tag=tag, wrapped=wrap(set_id, i, entry, context, archive_key, draws))
               for i, (entry, tag) in enumerate(zip(entries, tags))]
    return replace(made, codes=tuple(entries)), codes, keys


def read_profile(reader):
    kind = reader.number(1)
    if kind not in (LONG, SHORT):
        raise Fail("UnsupportedVersion")
    if kind == LONG:
        return Profile(LONG)
    if reader.number(1) != ARGON2_VERSION:
        raise Fail("UnsupportedVersion")
    return Profile(SHORT, reader.number(4), reader.number(4), reader.number(1))


def read_entry(reader, index, set_id):
    if reader.number(1) != index:
        raise Fail("NotCanonical")
    state = reader.number(1)
    if state not in (UNUSED, USED, REVOKED):
        raise Fail("UnsupportedVersion")
    verified, public, tag = reader.take(32), reader.x25519(), reader.take(32)
    wrapped = reader.take(reader.number(2))
    if not (is_for_code(wrapped, set_id, index) if state == UNUSED else wrapped == b""):
        raise Fail("NotCanonical")
    return Entry(state, verified, public, tag, wrapped)


def decode(data):
    """(set, signed, MAC)."""
    reader = Reader(data)
    magic(reader, b"ERS1")
    set_id, epoch = reader.take(SET_ID), reader.number(8)
    if epoch > LAST_EPOCH:
        raise Fail("NotCanonical")
    profile = read_profile(reader)
    count = reader.limited(1, MAX_CODES)
    if count == 0:
        raise Fail("NotCanonical")
    codes = tuple(read_entry(reader, i, set_id) for i in range(count))
    signed, tag = data[:reader.at], reader.take(MAC)
    reader.end()
    return RecoverySet(set_id, epoch, profile, codes), signed, tag


def read_set(data):
    try:
        made, signed, tag = decode(data)
    except Fail as error:
        raise Fail(f"Malformed({error.name})") from None
    made.profile.check()
    return made, signed, tag


def open_set(data, context, key, min_epoch):
    """The set, with its archive key, by an unlocked code. `spec.md` says in which order things are found."""
    made, signed, tag = read_set(data)
    entry = made.codes[key.index] if key.index < len(made.codes) else None
    if entry is None or (entry.verifier, entry.public) != (key.verifier, key.public):
        raise Fail("WrongSet")
    if entry.state != UNUSED:
        raise Fail("Used" if entry.state == USED else "Revoked")
    if not hmac.compare_digest(hmac.digest(key.roster, made.roster(context), "sha256"), entry.tag):
        raise Fail("Unauthentic")
    try:
        kek = CodePair(made.id, key.index, key.r)
        archive_key = kek.unwrap(envelope_wrap.decode(entry.wrapped), context, made.id)
    except Fail:
        raise Fail("Unauthentic") from None
    return _verify(made, signed, tag, archive_key, context, min_epoch)


def open_with_key(data, context, key, min_epoch):
    return _verify(*read_set(data), key, context, min_epoch)


def _verify(made, signed, tag, key, context, min_epoch):
    if not hmac.compare_digest(mac(key, context, signed), tag):
        raise Fail("Unauthentic")
    if made.epoch < min_epoch:
        raise Fail("Stale")
    return replace(made, key=key)
