"""The model of wire.md and spec.md, At rest: keyrings."""

import hmac
from dataclasses import dataclass

from envelope_records import known, mac_key, root_wrap_key
from envelope_wrap import Agreeing, KeyringKek, Local, decode
from primitives import Fail
from wire import Reader, lp16, u8, u16, u32, u64

PENDING, ACTIVE, DECRYPT_ONLY, DESTROYED = 1, 2, 3, 4
STATE_NAMES = {PENDING: "Pending", ACTIVE: "Active", DECRYPT_ONLY: "DecryptOnly", DESTROYED: "Destroyed"}
MAGIC, MAX_ROOT_KEYS, MAC, LAST = b"EKR1", 4096, 32, 2**32 - 1


@dataclass
class Entry:
    state: int
    created: int
    wrapped: bytes = b""

    def encode(self):
        return u8(self.state) + u64(self.created) + lp16(self.wrapped)


class Keyring:
    """`entries` by number; `roots`, the root keys that are not destroyed, by number."""

    def __init__(self, keyring_id, context, entries, roots, epoch=0):
        self.id, self.context, self.entries, self.roots = keyring_id, context, entries, roots
        self.generation, self.changes = divmod(epoch, 2**32)

    @property
    def epoch(self):
        return self.generation << 32 | self.changes

    @property
    def active(self):
        return next(number for number, entry in enumerate(self.entries) if entry.state == ACTIVE)

    def reference(self, number):
        return self.id + u32(number)

    def copy(self):
        entries = [Entry(entry.state, entry.created, entry.wrapped) for entry in self.entries]
        return Keyring(self.id, self.context, entries, dict(self.roots), self.epoch)

    def encode(self):
        return authentic(body(self.id, self.epoch, self.entries), self.roots[self.active], self.context)

    def _wrap(self, number, by, randomness):
        """A root key under another one of the keyring."""
        kek = Local(self.reference(by), root_wrap_key(self.roots[by]))
        self.entries[number].wrapped = kek.wrap(self.roots[number], self.context, randomness, number, owner=self.id)

    def add(self, now, randomness):
        if len(self.entries) == MAX_ROOT_KEYS:
            raise Fail("Full")
        changes = self._next(self.changes)
        number = len(self.entries)
        self.roots[number] = randomness.draw(32)
        self.entries.append(Entry(PENDING, now))
        self._wrap(number, self.active, randomness)
        self.changes = changes
        return number

    def activate(self, number, kek, randomness):
        self._require(number, PENDING)
        self._next(self.generation)
        self.entries[self.active].state = DECRYPT_ONLY
        self.entries[number].state = ACTIVE
        for other in sorted(self.roots):
            if other != number:
                self._wrap(other, number, randomness)
        self.change_kek(kek, randomness)

    def rotate(self, kek, now, randomness):
        if len(self.entries) == MAX_ROOT_KEYS:
            raise Fail("Full")
        self._next(self.generation)
        number = len(self.entries)
        self.roots[number] = randomness.draw(32)
        self.entries.append(Entry(PENDING, now))
        self.activate(number, kek, randomness)
        return number

    def destroy(self, number):
        self._require(number, PENDING, DECRYPT_ONLY)
        self.changes = self._next(self.changes)
        self.entries[number] = Entry(DESTROYED, self.entries[number].created)
        del self.roots[number]

    def change_kek(self, kek, randomness):
        self.generation, self.changes, active = self._next(self.generation), 0, self.active
        self.entries[active].wrapped = kek.wrap(self.roots[active], self.context, randomness, active, owner=self.id,
                                                epoch=self.generation)

    def _require(self, number, *states):
        if number >= len(self.entries) or self.entries[number].state not in states:
            raise Fail("WrongState")

    @staticmethod
    def _next(number):
        """The last number of 32 bits is never reached: what has it is not read."""
        if number + 1 == LAST:
            raise Fail("Full")
        return number + 1

    def is_behind(self, number):
        """Whether what is under this root key is to be brought under the active one."""
        return number < len(self.entries) and self.entries[number].state == DECRYPT_ONLY

    def rewrap(self, wrapped, context, randomness):
        """Under the active root key; nothing if it is not under a decrypt-only one."""
        kek = KeyringKek(self)
        _inside("Unwrap", kek.check, wrapped)
        if not self.is_behind(int.from_bytes(wrapped.reference[16:], "big")):
            return None
        return _inside("Wrap", kek.wrap, _inside("Unwrap", kek.unwrap, wrapped, context), context, randomness)


def create(context, kek, now, randomness):
    keyring_id, root = randomness.draw(16), randomness.draw(32)
    wrapped = kek.wrap(root, context, randomness, 0, owner=keyring_id)
    return Keyring(keyring_id, context, [Entry(ACTIVE, now, wrapped)], {0: root})


# ---- Stored

def body(keyring_id, epoch, entries, count=None):
    count = len(entries) if count is None else count
    return MAGIC + keyring_id + u64(epoch) + u16(count) + b"".join(entry.encode() for entry in entries)


def authentic(unsigned, root, context):
    return unsigned + hmac.digest(mac_key(root, context), unsigned, "sha256")


def _decode(data):
    """(id, epoch, entries), and the MAC."""
    reader = Reader(data)
    magic = reader.take(4)
    if magic[:3] != MAGIC[:3]:
        raise Fail("WrongKind")
    known(magic[3:], (MAGIC[3:],))
    keyring_id, epoch, entries = reader.take(16), reader.number(8), []
    for number in range(reader.limited(2, MAX_ROOT_KEYS)):
        entries.append(_read_entry(reader, number))
        _require(sum(entry.state == ACTIVE for entry in entries) <= 1)
    active = [entry for entry in entries if entry.state == ACTIVE]
    _require(active and decode(active[0].wrapped, numbered=True).epoch == epoch >> 32)
    _require(LAST not in divmod(epoch, 2**32))
    mac = reader.take(MAC)
    reader.end()
    return keyring_id, epoch, entries, mac


def _read_entry(reader, number):
    state, created = known(reader.number(1), STATE_NAMES), reader.number(8)
    wrapped = reader.take(reader.number(2))
    _require((state == DESTROYED) == (not wrapped))
    if wrapped:
        inside = decode(wrapped, numbered=True)
        _require(inside.key_id == number and (inside.epoch == 0 or state == ACTIVE))
    return Entry(state, created, wrapped)


def _require(condition):
    if not condition:
        raise Fail("NotCanonical")


def open_keyring(data, context, kek, min_epoch=0):
    if isinstance(kek, Agreeing):
        raise Fail("MadeByAnybody")
    return open_claimed(data, context, kek, min_epoch)


def open_claimed(data, context, kek, min_epoch=0):
    """Also by a public key or a code, for which anybody can wrap."""
    keyring_id, epoch, entries, mac = _inside("Malformed", _decode, data)
    opened = Keyring(keyring_id, context, entries, {}, epoch)
    active = opened.active
    opened.roots[active] = _inside("Unwrap", kek.unwrap, decode(entries[active].wrapped, numbered=True), context, keyring_id)
    if not hmac.compare_digest(mac, hmac.digest(mac_key(opened.roots[active], context), data[:-MAC], "sha256")):
        raise Fail("Unauthentic")
    _open_others(opened, active)
    if epoch < min_epoch:
        raise Fail("Stale")
    return opened


def _open_others(opened, active):
    kek = Local(opened.reference(active), root_wrap_key(opened.roots[active]))
    for number, entry in enumerate(opened.entries):
        if entry.state in (PENDING, DECRYPT_ONLY):
            try:
                opened.roots[number] = kek.unwrap(decode(entry.wrapped, numbered=True), opened.context, opened.id)
            except Fail:
                raise Fail("Unauthentic") from None


def _inside(name, what, *given):
    """An error inside another one."""
    try:
        return what(*given)
    except Fail as error:
        raise Fail(f"{name}({error.name})") from None
