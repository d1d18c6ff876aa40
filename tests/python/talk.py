"""Plays the scripted events of a conversation between an initiator and a responder."""

import confidant
import ops
import state
from confidant import Identity
from primitives import Fail

OUTPUTS = ("expect", "out")


class Player:
    """Two parties, the messages under way by id, and the snapshots taken by id."""

    def __init__(self, given):
        self.given, self.messages, self.snapshots, self.sessions = given, {}, {}, {}
        self.alice, self.bob = Identity(ops.data(given["initiator_seed"])), Identity(ops.data(given["responder_seed"]))
        self.store = ops.store(given["store"], self.bob.public)

    def play(self, event):
        """The event with its result."""
        out = {key: value for key, value in event.items() if key not in OUTPUTS}
        try:
            result, expect = getattr(self, event["do"])(event), "ok"
        except Fail as error:
            result, expect = None, error.name
        out["expect"] = expect
        if result:
            out["out"] = ops.show(result)
        return out

    def initiate(self, event):
        randomness, steps = ops.replay(event["random"]), {}
        made = ops.make_bundle({**self.given, "bundle": event["bundle"]})
        confidant.verify_bundle(made, self.given["now"])
        session = confidant.initiate(self.alice, made, ops.setting(self.given, "initiator"), randomness, steps)
        randomness.close()
        self.sessions[event.get("as", "alice")] = session
        return {name: steps[name] for name in ("th", "prefix", "prefix_hash", "root_key", "exporter_key", "replay_tag")}

    def accept(self, event):
        session, text = confidant.accept(
            self.bob, self.store, ops.setting(self.given, "responder"), self.messages[event["id"]],
            ops.data(event.get("ad")), self.given["now"], {})
        self.sessions["bob"] = session
        return {"plaintext": text, "chain": 0, "n": session.receiving.n - 1,
                "store_after": state.snapshot_store(self.store)}

    def send(self, event):
        session, randomness, steps = self.sessions[event["by"]], ops.replay(event["random"]), {}
        encoded = session.encrypt(ops.data(event["plaintext"]), ops.data(event.get("ad")), randomness, steps)
        randomness.close()
        self.messages[event["id"]] = encoded
        names = ("ratchet_secret", "ratchet_root_key", "message_key")
        return {"bytes": encoded, "ratchet_key": session.sending.public, "pn": session.sending.pn,
                "n": session.sending.n - 1, "epoch": session.epoch, **{name: steps.get(name) for name in names}}

    def deliver(self, event):
        session = self.sessions[event["to"]]
        encoded = ops.data(event["bytes"]) if "bytes" in event else self.messages[event["id"]]
        text, chain, received = ops.unchanged_on_failure(session, encoded, ops.data(event.get("ad")))
        return {"plaintext": text, "chain": chain, "n": received.n, "epoch": session.epoch, "kept": len(session.kept),
                "retired": len(session.retired), "forgotten": session.forgotten}

    def drop(self, event):
        del self.messages[event["id"]]

    def expire(self, event):
        session = self.sessions[event["of"]]
        changed = session.expire_skipped(event["now"], event["max_age"])
        return {"changed": changed, "epoch": session.epoch, "kept": len(session.kept), "marks": session.marks,
                "forgotten": session.forgotten}

    def snapshot(self, event):
        session = self.sessions[event["of"]]
        self.snapshots[event["id"]] = state.snapshot_session(session)
        return {"epoch": session.epoch, "bytes": self.snapshots[event["id"]]}

    def restore(self, event):
        restored = state.restore_session(self.snapshots[event["snapshot"]], event["min_epoch"])
        self.sessions[event["of"]] = restored
        return {"epoch": restored.epoch}

