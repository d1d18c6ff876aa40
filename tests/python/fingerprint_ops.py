"""The operations of fingerprint.json."""

import fingerprints
from fingerprints import TrustStore, restore_trust, snapshot_trust
from ops import address, brief, data, show
from primitives import Fail
from wire import decode_identity, u32


def party(value):
    """(address, identity) of the listed parts."""
    return address(value), decode_identity(data(value["identity"]))


# ---- Sides, numbers, codes

def side(given):
    first, digest = fingerprints.iterated(data(given["key"]), data(given["id"]))
    return {"h0": first, "h": digest, "digits": fingerprints.side_digits(digest)}


def _sides(given):
    return [fingerprints.side(*party(given[who])) for who in ("ours", "theirs")]


def fingerprint(given):
    ours, theirs = _sides(given)
    return {"ours": ours, "theirs": theirs, "number": fingerprints.number(ours, theirs),
            "code": fingerprints.code(ours, theirs)}


def _verified(given):
    return {"verified": b"".join(party(given["theirs"]))}


def compare_number(given):
    fingerprints.compare_number(*_sides(given), given["typed"])
    return _verified(given)


def compare_code(given):
    fingerprints.compare_code(*_sides(given), data(given["code"]))
    return _verified(given)


# ---- Trust

def trust(given):
    parties, store, out = {name: party(value) for name, value in given["parties"].items()}, TrustStore(), []
    _meet_counted(store, given.get("counted"))
    for step in given["steps"]:
        out.append(_play(store, step, parties[step["party"]]))
    snapshot = snapshot_trust(store)
    assert "counted" in given or restore_trust(snapshot).known == store.known
    return {"steps": out, "snapshot": brief(snapshot)}


def _meet_counted(store, counted):
    """Users of no provider, one after the other, all with one identity."""
    for i in range(counted["count"] if counted else 0):
        user = {"provider": "", "user": u32(i).hex(), "device": 1}
        store.known[address(user)] = (data(counted["identity"]), False)
        store.epoch += 1


def _play(store, step, who):
    """What was known before, what the call gives, and what is known after: a refusal changes nothing."""
    before, expect, gives = (store.status(*who), dict(store.known), store.epoch), "ok", None
    try:
        gives = {"meet": store.meet, "verify": store.verify, "accept-change": store.accept_change,
                 "forget": store.forget}[step["do"]](*who)
    except Fail as error:
        expect = error.name
        assert (store.known, store.epoch) == before[1:]
    return {"expect": expect, "before": before[0], "gives": gives, "after": store.status(*who), "epoch": store.epoch,
            "known": len(store.known), "verified": sum(verified for _, verified in store.known.values())}


def restore(given):
    restored = restore_trust(data(given["snapshot"]), given["min_epoch"])
    assert snapshot_trust(restored) == data(given["snapshot"])
    return {"epoch": restored.epoch}


OPS = {"side": side, "fingerprint": fingerprint, "compare-number": compare_number, "compare-code": compare_code,
       "trust": trust, "restore-trust": restore}
