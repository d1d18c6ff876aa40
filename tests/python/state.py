"""Snapshots of state.md."""

from confidant import (MAX_LIMIT, MAX_MARKS, MAX_ONE_TIME, MAX_RETIRED, MAX_TAGS, RESPONDER, Generation, KemKey,
                       Receiving, Sending, Session, Store)
from primitives import Fail, sha256, x25519_public
from wire import KEM_LAST_RESORT, ONE_TIME, PQXDH, Reader, lp16, prekey_id, u8, u16, u32, u64

SESSION, STORE = 1, 2


# ---- Frame

def checksum(data):
    return sha256(b"confidant/v1/snapshot" + data)[:8]


def _frame(kind, epoch, body):
    data = b"CFDT" + bytes([kind, 1]) + u64(epoch) + body
    return data + checksum(data)


def _open_frame(data, kind):
    reader = Reader(data)
    if reader.take(4) != b"CFDT" or reader.number(1) != kind:
        raise Fail("WrongKind")
    if reader.number(1) != 1:
        raise Fail("UnsupportedVersion")
    epoch = reader.number(8)
    if len(data) < 22:
        raise Fail("Truncated")
    if checksum(data[:-8]) != data[-8:]:
        raise Fail("Corrupted")
    return epoch, Reader(data[14:-8])


def _restore(data, min_epoch, kind, read):
    try:
        epoch, reader = _open_frame(data, kind)
        value = read(reader)
        reader.end()
    except Fail as error:
        raise Fail(f"Malformed({error.name})") from None
    if epoch < min_epoch:
        raise Fail("Stale")
    value.epoch = epoch
    return value


def _require(condition):
    if not condition:
        raise Fail("NotCanonical")


def _ascending(items):
    return all(a < b for a, b in zip(items, items[1:]))


# ---- Session

def snapshot_session(s):
    body = u8(s.suite) + u8(s.role) + s.peer + s.th + s.prefix_hash + lp16(s.prefix) + s.exporter_key
    body += u32(s.max_jump) + u32(s.max_stored) + s.root_key + s.remote + _sending(s) + _receiving(s)
    body += u8(len(s.retired)) + b"".join(key + u32(index) + u32(length) for key, index, length in s.retired)
    body += _position(s.forgotten)
    body += u8(len(s.marks)) + b"".join(u64(time) + _position(at) for time, at in s.marks)
    body += u32(len(s.kept)) + b"".join(_position(at) + s.kept[at] for at in sorted(s.kept))
    return _frame(SESSION, s.epoch, body)


def _position(at):
    return u32(at[0]) + u32(at[1])


def _sending(s):
    if s.sending is None:
        return b"\0" + u32(s.last_sent)
    return b"\1" + s.sending.secret + s.sending.public + u32(s.sending.pn) + u32(s.sending.n) + s.sending.chain_key


def _receiving(s):
    if s.receiving is None:
        return b"\0"
    return b"\1" + u32(s.receiving.index) + u32(s.receiving.n) + s.receiving.chain_key


def restore_session(data, min_epoch=0):
    return _restore(data, min_epoch, SESSION, _read_session)


def _read_session(r):
    suite, role = r.suite(), r.limited(1, RESPONDER, "NotCanonical")
    peer, th, prefix_hash, prefix, exporter_key = r.identity() + r.address(), r.take(32), r.take(32), r.take(r.number(2)), r.take(32)
    max_jump, max_stored = r.limited(4, MAX_LIMIT, "NotCanonical"), r.limited(4, MAX_LIMIT, "NotCanonical")
    s = Session(suite, role, peer, th, prefix_hash, prefix, exporter_key, max_jump, max_stored, r.take(32), r.x25519())
    if r.limited(1, 1, "NotCanonical"):
        s.sending = Sending(r.take(32), r.x25519(), r.number(4), r.number(4), r.take(32))
    else:
        s.last_sent = r.number(4)
    if r.limited(1, 1, "NotCanonical"):
        s.receiving = Receiving(r.number(4), r.number(4), r.take(32))
    s.retired = [(r.x25519(), r.number(4), r.number(4)) for _ in range(r.limited(1, MAX_RETIRED))]
    s.forgotten = _read_position(r)
    s.marks = [(r.number(8), _read_position(r)) for _ in range(r.limited(1, MAX_MARKS))]
    kept = [(_read_position(r), r.take(32)) for _ in range(r.limited(4, max_stored, "NotCanonical"))]
    _check_chains(s, [at for at, _ in kept])
    s.kept = dict(kept)
    return s


def _read_position(r):
    return r.number(4), r.number(4)


def _check_chains(s, positions):
    """Session, bounds checked on reading."""
    lengths = {index: length for _, index, length in s.retired}
    indexes = [index for _, index, _ in s.retired]
    if s.receiving:
        indexes.append(s.receiving.index)
        lengths[s.receiving.index] = s.receiving.n
    _require(_ascending(indexes) and (s.receiving or not s.retired))
    _require(_ascending([at for _, at in s.marks]))
    _require(all(a[0] <= b[0] for a, b in zip(s.marks, s.marks[1:])))
    _require(_ascending(positions))
    _require(all(at >= s.forgotten and at[1] < lengths.get(at[0], 0) for at in positions))


# ---- Pre-key store

def snapshot_store(store):
    body = u8(store.suite) + store.identity + _generation(store.current)
    body += b"\1" + _generation(store.previous) if store.previous else b"\0"
    body += u16(len(store.one_time))
    for key in sorted(store.one_time):
        created, expires, secret = store.one_time[key]
        body += u64(created) + u64(expires) + secret + x25519_public(secret)
    if store.suite == PQXDH:
        body += u16(len(store.kem_one_time))
        for key in sorted(store.kem_one_time):
            created, expires, seed = store.kem_one_time[key]
            body += key + u64(created) + u64(expires) + seed
    return _frame(STORE, store.epoch, body)


def _generation(g):
    out = u64(g.created) + u64(g.expires) + g.secret + x25519_public(g.secret)
    if g.kem_seed:
        out += prekey_id(KEM_LAST_RESORT, KemKey(g.kem_seed).public) + g.kem_seed
    return out + u16(len(g.tags)) + b"".join(g.tags)


def restore_store(data, min_epoch=0):
    return _restore(data, min_epoch, STORE, _read_store)


def _read_store(r):
    suite = r.suite()
    store = Store(suite, r.identity(), _read_generation(r, suite))
    if r.limited(1, 1, "NotCanonical"):
        store.previous = _read_generation(r, suite)
    store.one_time = _read_one_time(r)
    store.kem_one_time = _read_kem_one_time(r) if suite == PQXDH else {}
    return store


def _read_generation(r, suite):
    created, expires, secret, _ = r.number(8), r.number(8), r.take(32), r.x25519()
    seed = r.take(8 + 64)[8:] if suite == PQXDH else None
    tags = [r.take(16) for _ in range(r.limited(2, MAX_TAGS))]
    _require(_ascending(tags))
    return Generation(created, expires, secret, seed, tags)


def _read_one_time(r):
    keys = {}
    for _ in range(r.limited(2, MAX_ONE_TIME)):
        created, expires, secret, public = r.number(8), r.number(8), r.take(32), r.x25519()
        key = prekey_id(ONE_TIME, public)
        _require(not keys or max(keys) < key)
        keys[key] = (created, expires, secret)
    return keys


def _read_kem_one_time(r):
    keys = {}
    for _ in range(r.limited(2, MAX_ONE_TIME)):
        key = r.take(8)
        _require(not keys or max(keys) < key)
        keys[key] = (r.number(8), r.number(8), r.take(64))
    return keys
