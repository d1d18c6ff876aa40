"""Plays the scripted events of a group conversation."""

import group_ops
import groups
import ops
from group_ops import unchanged_on_failure
from group_state import restore_group, snapshot_group
from primitives import Fail

OUTPUTS = ("expect", "out")


class Player:
    """Devices by name, their groups, the distributions and messages under way by id, and the snapshots taken."""

    def __init__(self, given):
        self.group = ops.data(given["group"])
        self.devices = {name: group_ops.member(value) for name, value in given["devices"].items()}
        self.groups, self.sent, self.snapshots = {}, {}, {}

    def play(self, event):
        """The event with its result."""
        out = {key: value for key, value in event.items() if key not in OUTPUTS}
        group = self.groups.get(event["by"])
        try:
            operation = getattr(self, event["do"])
            result = unchanged_on_failure(group, lambda: operation(group, event)) if group else operation(None, event)
            expect = "ok"
        except Fail as error:
            result, expect = None, error.name
        out["expect"] = expect
        if result:
            out["out"] = ops.show({**result, "snapshot_epoch": self.groups[event["by"]].epoch})
        return out

    def _members(self, event):
        return [self.devices[name] for name in event["members"]]

    def _bytes(self, event):
        return ops.data(event["bytes"]) if "bytes" in event else self.sent[event["id"]]

    def create(self, _, event):
        rotation = event.get("rotation", {"messages": groups.MESSAGES, "seconds": groups.SECONDS})
        made = groups.create(self.group, self.devices[event["by"]], event["epoch"], self._members(event),
                             rotation["messages"], rotation["seconds"])
        self.groups[event["by"]] = made
        return {"members_hash": made.members_hash, "awaiting": self._names(made.awaiting)}

    def change(self, group, event):
        """One change, or as many as there are numbers up to `through`."""
        for number in range(event["epoch"], event.get("through", event["epoch"]) + 1):
            group.change(number, self._members(event))
        return {"members_hash": group.members_hash, "due": group.due, "keys": len(group.keys),
                "known": len(group.known), "awaiting": self._names(group.awaiting)}

    def rotate(self, group, event):
        randomness = ops.replay(event["random"])
        group.rotate(event["now"], randomness)
        randomness.close()
        return {"scope": group.own_scope(), "commitment": group.own.commitment, "public": group.own.public,
                "key_id": group.own_key_id(), "number": group.own.key_number, "awaiting": self._names(group.awaiting)}

    def distribute(self, group, event):
        encoded = group.distribute(self.devices[event["to"]])
        self.sent[event["id"]] = encoded
        return {"bytes": encoded, "iteration": group.own.n, "awaiting": self._names(group.awaiting)}

    def receive(self, group, event):
        key = group.receive(self.devices[event["from"]], self._bytes(event))
        return {"key_id": key.key_id, "iteration": key.first, "keys": len(group.keys),
                "first": group.first_keys[key.sender]}

    def encrypt(self, group, event):
        randomness, steps = ops.replay(event["random"]), {}
        encoded = group.encrypt(ops.data(event["plaintext"]), ops.data(event.get("ad")), event["now"], randomness, steps)
        randomness.close()
        self.sent[event["id"]] = encoded
        return {"bytes": encoded, "iteration": group.own.n - 1, "message_key": steps["message_key"]}

    def decrypt(self, group, event):
        result = group.decrypt(self._bytes(event), ops.data(event.get("ad")), {})
        key, opened = group.find(result[1].key_id), group_ops.opened(group, *result)
        return {**opened, "from": self._name((opened["from"]["address"], opened["from"]["identity"])), "kept": len(key.kept), "forgotten": key.forgotten[1]}

    def _name(self, member):
        """The device with this address and this identity."""
        return next(name for name, who in self.devices.items() if who == member)

    def _names(self, members):
        return [self._name(member) for member in members]

    def expire(self, group, event):
        changed = group.expire_skipped(event["now"], event["max_age"])
        keys = [{"key_id": key.key_id, "kept": len(key.kept), "marks": key.marks, "forgotten": key.forgotten[1],
                 "superseded": key.mark} for key in group.keys]
        return {"changed": changed, "keys": keys}

    def snapshot(self, group, event):
        self.snapshots[event["id"]] = snapshot_group(group)
        return {"bytes": ops.brief(self.snapshots[event["id"]])}

    def restore(self, _, event):
        stored = ops.data(event["bytes"]) if "bytes" in event else self.snapshots[event["snapshot"]]
        self.groups[event["by"]] = restore_group(stored, event["min_epoch"])
        return {"restored": True}
