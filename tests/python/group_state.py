"""Snapshots of groups, of state.md ("Group, kind 0x03")."""

from functools import partial

from confidant import MAX_MARKS, Receiving
from groups import (LAST_EPOCH, MAX_BEFORE, MAX_KEYS, MAX_MEMBERS, MAX_MESSAGES, MAX_SENDER_KEYS, MAX_STORED, Group,
                    OwnKey, SenderKey, address_order)
from primitives import check_ed25519
from state import _ascending, _frame, _position, _read_position, _require, _restore
from wire import lp8, u8, u16, u32, u64

GROUP = 3


def snapshot_group(g):
    """Writes what is there, in the order in which it is kept."""
    body = lp8(g.group) + g.address + g.identity + u64(g.number)
    body += u32(len(g.members)) + b"".join(map(partial(_member, g), g.members))
    body += u16(len(g.before)) + b"".join(u64(number) + members for number, members in g.before)
    body += u64(g.last_removal) + u32(g.messages) + u64(g.seconds) + _own(g.own) + u8(g.due)
    body += u32(len(g.given)) + b"".join(g.given) + u32(g.next_key)
    return _frame(GROUP, g.epoch, body + u32(len(g.keys)) + b"".join(map(_sender_key, g.keys)))


def _member(g, member):
    address, identity = member
    epoch, number = g.first_keys[address]
    return address + identity + u64(g.since[address]) + u64(epoch) + u32(number)


def _own(own):
    if own is None:
        return b"\0"
    return (b"\1" + u64(own.number) + own.members_hash + u32(own.key_number) + own.commitment + u64(own.created)
            + own.secret + u32(own.n) + own.chain_key)


def _sender_key(key):
    out = key.key_id + key.sender + u64(key.made[0]) + u32(key.made[1]) + u64(key.until) + key.public + u32(key.first)
    out += b"\0" if key.mark is None else b"\1" + u64(key.mark)
    out += u32(key.receiving.n) + key.receiving.chain_key + _position(key.forgotten)
    out += u8(len(key.marks)) + b"".join(u64(time) + _position(at) for time, at in key.marks)
    return out + u32(len(key.kept)) + b"".join(_position(at) + value for at, value in key.kept.items())


def restore_group(data, min_epoch=0):
    return _restore(data, min_epoch, GROUP, _read_group)


def _read_group(r):
    group = r.take(r.number(1))
    _require(group)
    g = Group(group, r.address(), r.identity(), r.number(8), [])
    _read_members(r, g)
    g.before = [(r.number(8), r.take(32)) for _ in range(r.limited(2, MAX_BEFORE))]
    _require(_ascending([*(number for number, _ in g.before), g.number]))
    g.last_removal = r.number(8)
    _require(g.last_removal <= g.number)
    g.messages, g.seconds = r.number(4), r.number(8)
    _require(1 <= g.messages <= MAX_MESSAGES and g.seconds >= 1)
    g.own = _read_own(r)
    _require(g.own is None or (g.own.number <= g.number and g.own.n <= g.messages))
    g.due = bool(r.limited(1, 1, "NotCanonical"))
    g.given = [r.address() for _ in range(r.limited(4, MAX_MEMBERS))]
    _require(_ascending([address_order(address) for address in g.given]))
    _require(g.own or not g.given)
    g.next_key = r.number(4)
    _require(g.own is None or g.own.key_number <= g.next_key)
    g.keys = [_read_sender_key(r) for _ in range(r.limited(4, MAX_KEYS))]
    _check_keys(g)
    return g


def _read_members(r, g):
    members = [(r.address(), r.identity(), r.number(8), (r.number(8), r.number(4)))
               for _ in range(r.limited(4, MAX_MEMBERS))]
    g.members = [(address, identity) for address, identity, _, _ in members]
    g.since = {address: since for address, _, since, _ in members}
    g.first_keys = {address: first for address, _, _, first in members}
    _require(_ascending([address_order(address) for address, _ in g.members]))
    _require(g.us in g.members and max(g.since.values()) <= g.number)


def _read_own(r):
    if not r.limited(1, 1, "NotCanonical"):
        return None
    return OwnKey(r.number(8), r.take(32), r.number(4), r.take(32), r.number(8), r.take(32), r.number(4), r.take(32))


def _read_sender_key(r):
    key_id, sender, made, until = r.take(16), r.address(), (r.number(8), r.number(4)), r.number(8)
    public, first = check_ed25519(r.take(32)), r.number(4)
    mark = r.number(8) if r.limited(1, 1, "NotCanonical") else None
    key = SenderKey(key_id, sender, made, until, public, first, Receiving(0, r.number(4), r.take(32)), mark)
    key.forgotten = _read_position(r)
    key.marks = [(r.number(8), _read_position(r)) for _ in range(r.limited(1, MAX_MARKS))]
    kept = [(_read_position(r), r.take(32)) for _ in range(r.limited(4, MAX_STORED))]
    key.kept = dict(kept)
    _check_kept(key, [at for at, _ in kept])
    return key


def _check_kept(key, positions):
    """Kept keys as in a session, with chain index 0 throughout."""
    _require(_ascending(positions) and key.first <= key.receiving.n)
    _require(_ascending([at for _, at in key.marks]))
    _require(all(a[0] <= b[0] for a, b in zip(key.marks, key.marks[1:])))
    _require(all(index == 0 for index, _ in [key.forgotten, *(at for _, at in key.marks), *positions]))
    _require(all(at <= (0, key.receiving.n) for at in [key.forgotten, *(at for _, at in key.marks)]))
    _require(all(at >= key.forgotten and key.first <= at[1] < key.receiving.n for at in positions))


def _check_keys(g):
    """Group, bounds checked on reading."""
    addresses, senders = {address for address, _ in g.members}, [key.sender for key in g.keys]
    others = addresses - {g.address}
    _require(others.issuperset(senders) and others.issuperset(g.given))
    _require(all(senders.count(sender) <= MAX_SENDER_KEYS for sender in set(senders)))
    _require(_ascending([key.key_id for key in g.keys]))
    _require(all(g.first_keys[key.sender] <= key.made and key.made[0] <= g.number for key in g.keys))
    _require(all(key.until > key.made[0] or key.until == LAST_EPOCH for key in g.keys))
