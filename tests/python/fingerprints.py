"""The model of spec.md, Fingerprints: sides, numbers, codes, and the store of whom a device trusts (state.md)."""

import hashlib
from functools import cache

from confidant import identity_hash
from groups import address_order
from primitives import Fail
from state import _ascending, _frame, _require, _restore
from wire import VERSION, Reader, lp8, u8, u32

CODE = 0x40
ROUNDS, SHOWN, HALF = 5_199, 30, 32
DIGITS = "0123456789"
WHITE_SPACE = " \t\n\r\f"
TRUST_STORE, MAX_PARTIES = 4, 100_000
DEVICE = 5


# ---- Sides

def sha512(data):
    return hashlib.sha512(data).digest()


@cache
def iterated(key, user):
    """h(0) and h(5,199)."""
    first = digest = sha512(b"\0\0" + key + user + key)
    for _ in range(ROUNDS):
        digest = sha512(digest + key)
    return first, digest


def side_digits(digest):
    groups = (digest[at:at + 5] for at in range(0, SHOWN, 5))
    return "".join(f"{int.from_bytes(group, 'big') % 100_000:05}" for group in groups)


def user_id(address):
    provider, user, _ = address_order(address)
    return b"\x01" + lp8(provider) + b"\x02" + lp8(user)


def side(address, identity):
    """What goes into a party's side and what comes out."""
    key, user = b"\x01" + identity_hash(identity), user_id(address)
    first, digest = iterated(key, user)
    return {"key": key, "id": user, "h0": first, "h": digest, "digits": side_digits(digest)}


# ---- Number and code

def number(ours, theirs):
    return "".join(sorted([ours["digits"], theirs["digits"]]))


def compare_number(ours, theirs, text):
    """What is typed in: 60 ASCII digits, and ASCII white space between them."""
    typed = "".join(c for c in text if c not in WHITE_SPACE)
    if len(typed) != 60 or any(c not in DIGITS for c in typed):
        raise Fail("NotANumber")
    if typed != number(ours, theirs):
        raise Fail("Different")


def code(ours, theirs):
    return bytes([VERSION, CODE]) + ours["h"][:HALF] + theirs["h"][:HALF]


def compare_code(ours, theirs, shown):
    """The other device shows its own side first."""
    reader = Reader(shown)
    try:
        reader.start(CODE)
        first, second = reader.take(HALF), reader.take(HALF)
        reader.end()
    except Fail as error:
        raise Fail(f"Malformed({error.name})") from None
    if first != theirs["h"][:HALF] or second != ours["h"][:HALF]:
        raise Fail("Different")


# ---- Trust

class TrustStore:
    """For each address one identity, and whether it was verified."""

    def __init__(self):
        self.known, self.epoch = {}, 0

    def devices(self, address):
        """What is known of the devices of this address's user."""
        user = user_id(address)
        return {a: entry for a, entry in self.known.items() if a.startswith(user) and len(a) == len(user) + DEVICE}

    def status(self, address, identity):
        """What is known of a party: a name, or a name with what else is said."""
        devices = self.devices(address)
        if not devices:
            return "FirstUse"
        if address not in devices:
            return {"NewDevice": {"same_identity": any(pinned == identity for pinned, _ in devices.values()),
                                  "user_verified": any(verified for _, verified in devices.values())}}
        pinned, verified = devices[address]
        if pinned != identity:
            return {"Changed": {"was_verified": verified}}
        return "Verified" if verified else "Pinned"

    def _set(self, changes):
        self.known.update(changes)
        self.epoch += 1

    def _check(self, address, identity):
        if address in self.known and self.known[address][0] != identity:
            raise Fail("IdentityChanged")
        self._check_room(address)

    def _check_room(self, address):
        if address not in self.known and len(self.known) >= MAX_PARTIES:
            raise Fail("Full")

    def meet(self, address, identity):
        self._check(address, identity)
        before = self.status(address, identity)
        if address not in self.known:
            self._set({address: (identity, (identity, True) in self.devices(address).values())})
        return before

    def verify(self, address, identity):
        self._check(address, identity)
        if self.status(address, identity) != "Verified":
            same = [a for a, (pinned, _) in self.devices(address).items() if pinned == identity]
            self._set({a: (identity, True) for a in [address, *same]})

    def accept_change(self, address, identity):
        self._check_room(address)
        before = self.status(address, identity)
        if before not in ("Pinned", "Verified"):
            self._set({address: (identity, False)})
        return before

    def forget(self, address, _):
        """Whether it was known."""
        was_known = self.known.pop(address, None) is not None
        self.epoch += was_known
        return was_known


def snapshot_trust(store):
    entries = sorted(store.known.items(), key=lambda entry: address_order(entry[0]))
    body = b"".join(address + identity + u8(verified) for address, (identity, verified) in entries)
    return _frame(TRUST_STORE, store.epoch, u32(len(entries)) + body)


def restore_trust(data, min_epoch=0):
    return _restore(data, min_epoch, TRUST_STORE, _read_trust)


def _read_trust(r):
    store, last = TrustStore(), None
    for _ in range(r.limited(4, MAX_PARTIES)):
        address = r.address()
        _require(last is None or _ascending([address_order(last), address_order(address)]))
        store.known[address], last = (r.identity(), bool(r.limited(1, 1, "NotCanonical"))), address
    return store
