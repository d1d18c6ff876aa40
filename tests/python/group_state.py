"""Snapshots of groups, of state.md ("Group, kind 0x03")."""

from confidant import MAX_MARKS, Receiving
from groups import MAX_BEFORE, MAX_KEYS, MAX_MEMBERS, MAX_STORED, Group, OwnKey, SenderKey, address_order
from primitives import check_ed25519
from state import _ascending, _frame, _position, _read_position, _require, _restore
from wire import lp8, u8, u32, u64

GROUP = 3


def snapshot_group(g):
    """Writes what is there, in the order in which it is kept."""
    body = lp8(g.group) + g.address + g.identity + u64(g.number)
    body += u32(len(g.members)) + b"".join(address + identity for address, identity in g.members)
    body += u8(len(g.before)) + b"".join(u64(number) + members for number, members in g.before)
    body += u64(g.came) + u32(g.messages) + u64(g.seconds) + _own(g.own) + u8(g.due)
    body += u32(len(g.given)) + b"".join(g.given) + u64(g.next_order)
    return _frame(GROUP, g.epoch, body + u32(len(g.keys)) + b"".join(map(_sender_key, g.keys)))


def _own(own):
    if own is None:
        return b"\0"
    return (b"\1" + u64(own.number) + own.members_hash + own.commitment + u64(own.created) + own.secret + u32(own.n)
            + own.chain_key)


def _sender_key(key):
    out = key.key_id + key.sender + u64(key.number) + key.members_hash + key.public + u32(key.first) + u64(key.order)
    out += u32(key.receiving.n) + key.receiving.chain_key + _position(key.forgotten)
    out += u8(len(key.marks)) + b"".join(u64(time) + _position(at) for time, at in key.marks)
    return out + u32(len(key.kept)) + b"".join(_position(at) + value for at, value in key.kept.items())


def restore_group(data, min_epoch=0):
    return _restore(data, min_epoch, GROUP, _read_group)


def _read_group(r):
    group = r.take(r.number(1))
    _require(group)
    g = Group(group, r.address(), r.identity(), r.number(8), _read_members(r))
    _require(g.us in g.members)
    g.before = [(r.number(8), r.take(32)) for _ in range(r.limited(1, MAX_BEFORE))]
    _require(_ascending([*(number for number, _ in g.before), g.number]))
    g.came, g.messages, g.seconds = r.number(8), r.number(4), r.number(8)
    _require(g.came <= g.number)
    g.own = _read_own(r)
    g.due = bool(r.limited(1, 1, "NotCanonical"))
    g.given = [r.address() for _ in range(r.limited(4, MAX_MEMBERS))]
    _require(_ascending([address_order(address) for address in g.given]))
    g.next_order = r.number(8)
    g.keys = [_read_sender_key(r) for _ in range(r.limited(4, MAX_KEYS))]
    _check_keys(g)
    return g


def _read_members(r):
    members = [(r.address(), r.identity()) for _ in range(r.limited(4, MAX_MEMBERS))]
    _require(_ascending([address_order(address) for address, _ in members]))
    return members


def _read_own(r):
    if not r.limited(1, 1, "NotCanonical"):
        return None
    return OwnKey(r.number(8), r.take(32), r.take(32), r.number(8), r.take(32), r.number(4), r.take(32))


def _read_sender_key(r):
    key = SenderKey(r.take(16), r.address(), r.number(8), r.take(32), check_ed25519(r.take(32)), r.number(4),
                    r.number(8), Receiving(0, r.number(4), r.take(32)))
    key.forgotten = _read_position(r)
    key.marks = [(r.number(8), _read_position(r)) for _ in range(r.limited(1, MAX_MARKS))]
    kept = [(_read_position(r), r.take(32)) for _ in range(r.limited(4, 500))]
    key.kept = dict(kept)
    _check_kept(key, [at for at, _ in kept])
    return key


def _check_kept(key, positions):
    """Kept keys as in a session, with chain index 0 throughout."""
    _require(len(positions) <= MAX_STORED and _ascending(positions))
    _require(_ascending([at for _, at in key.marks]))
    _require(all(a[0] <= b[0] for a, b in zip(key.marks, key.marks[1:])))
    _require(all(index == 0 for index, _ in [key.forgotten, *(at for _, at in key.marks), *positions]))
    _require(all(at >= key.forgotten and key.first <= at[1] < key.receiving.n for at in positions))


def _check_keys(g):
    """Group, bounds checked on reading."""
    addresses = {address for address, _ in g.members}
    _require(addresses.issuperset(g.given) and addresses.issuperset(key.sender for key in g.keys))
    _require(_ascending([key.key_id for key in g.keys]))
    _require(all(key.order < g.next_order for key in g.keys))
