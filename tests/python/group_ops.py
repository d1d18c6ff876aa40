"""The operations of group.json."""

import group_state
import groups
import ops
from confidant import Identity, Receiving, kdf_ck
from group_state import restore_group, snapshot_group
from groups import Group, OwnKey, SenderKey
from ops import brief, data, replay, show
from primitives import Fail


def member(value):
    """(address, identity) of a device, from its parts and its seed."""
    return ops.address(value), Identity(data(value["seed"])).public


def members(values):
    """The listed ones; with a `count`, as many devices of one user, counted from its device."""
    return [one for value in values for one in _counted(value)]


def _counted(value):
    if "count" not in value:
        return [member(value)]
    identity = member(value)[1]
    return [(ops.address({**value, "device": value["device"] + i}), identity) for i in range(value["count"])]


# ---- Epochs and keys

def group_epoch(given):
    listed, group, number = groups.ordered(members(given["members"])), groups.group_id(data(given["group"])), given["epoch"]
    sender, of_members = member(given["sender"]), groups.members_hash(group, listed)
    return {"order": ops.brief(b"".join(address for address, _ in listed)), "sender_identity": sender[1],
            "members_hash": of_members, "scope": groups.scope(group, number, of_members, *sender),
            "sender_hash": groups.sender_hash(*sender)}


def sender_key(given):
    us = member(given["sender"])
    rotation = given.get("rotation", {})
    group = groups.create(data(given["group"]), us, given["epoch"], members(given["members"]),
                          rotation.get("messages", groups.MESSAGES), rotation.get("seconds", groups.SECONDS))
    randomness = replay(given["random"])
    group.rotate(given["now"], randomness)
    randomness.close()
    out = {"identity": us[1], "members_hash": group.members_hash, "scope": group.own_scope(),
           "sender_hash": groups.sender_hash(*us), "chain_key": group.own.chain_key,
           "commitment": group.own.commitment, "signing_secret": group.own.secret, "public": group.own.public,
           "key_id": group.own_key_id(), "distributions": [], "snapshot": snapshot_group(group)}
    for iteration in given["iterations"]:
        advance(group, iteration)
        out["distributions"].append({"iteration": iteration, "chain_key": group.own.chain_key,
                                     "bytes": group.distribution().encode()})
    return out


def advance(group, iteration):
    """Our chain at a later iteration, as if messages had been sent."""
    while group.own.n < iteration:
        group.own.chain_key = kdf_ck(group.own.chain_key)[1]
        group.own.n += 1


# ---- Messages

def unchanged_on_failure(group, operation):
    """What is refused leaves the group as it was."""
    before = snapshot_group(group)
    try:
        return operation()
    except Fail:
        assert snapshot_group(group) == before
        raise


def opened(group, text, key, message):
    """What decrypting tells: all of it authenticated."""
    return {"plaintext": text, "from": {"address": key.sender, "identity": dict(group.members)[key.sender]},
            "epoch": message.number, "iteration": message.iteration}


def group_message(given):
    sender, receiver = restore_group(data(given["sender"])), restore_group(data(given["receiver"]))
    randomness, steps, ad, text = replay(given["random"]), {}, data(given.get("ad")), data(given["plaintext"])
    encoded = sender.encrypt(text, ad, given["now"], randomness, steps)
    randomness.close()
    echo = {}
    result = opened(receiver, *receiver.decrypt(encoded, ad, echo))
    assert result["plaintext"] == text and all(echo[name] == steps[name] for name in echo)
    del result["plaintext"]
    return {"steps": steps, "message": brief(encoded), **result, "sender_after": snapshot_group(sender),
            "receiver_after": snapshot_group(receiver)}


def group_decrypt(given):
    group = restore_group(data(given["receiver"]))
    result = unchanged_on_failure(group, lambda: group.decrypt(data(given["message"]), data(given.get("ad")), {}))
    return {**opened(group, *result), "receiver_after": snapshot_group(group)}


def group_encrypt(given):
    group, steps = restore_group(data(given["sender"])), {}
    encoded = unchanged_on_failure(group, lambda: group.encrypt(
        data(given["plaintext"]), data(given.get("ad")), given["now"], replay(given["random"]), steps))
    return {"message": encoded, "steps": steps, "sender_after": snapshot_group(group)}


def receive_distribution(given):
    group, peer = restore_group(data(given["receiver"])), member(given["peer"])
    key = unchanged_on_failure(group, lambda: group.receive(peer, data(given["distribution"]), not given.get("text")))
    return {"key_id": key.key_id, "iteration": key.first, "receiver_after": snapshot_group(group)}


# ---- Snapshots

def group_fields(g):
    """Group of state.md, field by field."""
    own = g.own and {"epoch": g.own.number, "members_hash": g.own.members_hash,
                     "number": g.own.key_number, "commitment": g.own.commitment,
                     "created": g.own.created, "secret": g.own.secret, "iteration": g.own.n,
                     "chain_key": g.own.chain_key}
    return show({
        "snapshot_epoch": g.epoch, "group": g.group, "address": g.address, "identity": g.identity, "epoch": g.number,
        "members": [{"address": address, "identity": identity, "since": g.since[address],
                     "first_key": g.first_keys[address]} for address, identity in g.members],
        "before": [{"epoch": number, "members_hash": of_members} for number, of_members in g.before],
        "last_removal": g.last_removal, "rotation": {"messages": g.messages, "seconds": g.seconds}, "own": own,
        "due": g.due, "given": g.given, "next_key": g.next_key, "keys": [_key_fields(key) for key in g.keys]})


def _key_fields(key):
    return {"key_id": key.key_id, "sender": key.sender, "made": key.made, "until": key.until, "public": key.public,
            "first": key.first, "mark": key.mark, "next": key.receiving.n,
            "chain_key": key.receiving.chain_key, "forgotten": key.forgotten,
            "marks": [{"time": time, "position": at} for time, at in key.marks],
            "kept": [{"position": at, "message_key": value} for at, value in key.kept.items()]}


def group_of(fields):
    """The group with these fields."""
    g = Group(data(fields["group"]), data(fields["address"]), data(fields["identity"]), fields["epoch"],
              [(data(m["address"]), data(m["identity"])) for m in fields["members"]],
              fields["rotation"]["messages"], fields["rotation"]["seconds"],
              {data(m["address"]): m["since"] for m in fields["members"]},
              {data(m["address"]): tuple(m["first_key"]) for m in fields["members"]},
              [(b["epoch"], data(b["members_hash"])) for b in fields["before"]], fields["last_removal"])
    if own := fields.get("own"):
        g.own = OwnKey(own["epoch"], data(own["members_hash"]), own["number"], data(own["commitment"]), own["created"],
                       data(own["secret"]), own["iteration"], data(own["chain_key"]))
    g.due, g.given, g.next_key = fields["due"], [data(a) for a in fields["given"]], fields["next_key"]
    g.keys, g.epoch = [_key_of(key) for key in fields["keys"]], fields["snapshot_epoch"]
    return g


def _key_of(key):
    return SenderKey(data(key["key_id"]), data(key["sender"]), tuple(key["made"]), key["until"], data(key["public"]),
                     key["first"], Receiving(0, key["next"], data(key["chain_key"])), key.get("mark"), tuple(key["forgotten"]),
                     [(m["time"], tuple(m["position"])) for m in key["marks"]],
                     {tuple(k["position"]): data(k["message_key"]) for k in key["kept"]})


def group_snapshot(given):
    snapshot = snapshot_group(group_of(given["fields"]))
    assert group_fields(group_state.restore_group(snapshot)) == given["fields"]
    return {"snapshot": snapshot}


def restore(given):
    restored = restore_group(data(given["snapshot"]), given["min_epoch"])
    assert snapshot_group(restored) == data(given["snapshot"])
    return {"epoch": restored.epoch}


OPS = {"group-epoch": group_epoch, "sender-key": sender_key, "group-message": group_message,
       "group-decrypt": group_decrypt, "group-encrypt": group_encrypt, "receive-distribution": receive_distribution,
       "group-snapshot": group_snapshot, "restore-group": restore}
