"""The operations of the test vectors: each takes a vector's inputs and gives its outputs, or raises Fail."""

import confidant
import group_state
import state
import wire
from confidant import Generation, Identity, KemKey, Setting, Store
from primitives import Fail, Replay, cobblestone_keys, cobblestone_open, cobblestone_seal, sha256, x25519_public

LARGE = 8192
SUITES = {"X3dh": wire.X3DH, "Pqxdh1024": wire.PQXDH}
KINDS = {name: kind for kind, name in wire.KIND_NAMES.items()}


# ---- Values

def data(value, base=b""):
    """Bytes of a value: hex, {"repeat", "length"}, {"hex"} or {"parts"} of another message."""
    if value is None or isinstance(value, str):
        return bytes.fromhex(value or "")
    if "repeat" in value:
        unit = bytes.fromhex(value["repeat"])
        return (unit * (value["length"] // len(unit) + 1))[:value["length"]]
    return b"".join(bytes.fromhex(p) if isinstance(p, str) else base[p[0]:p[1]] for p in value["parts"])


def show(value):
    """A value as JSON: bytes as hex, what is absent left out."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: show(item) for key, item in value.items() if item is not None}
    return [show(item) for item in value] if isinstance(value, (list, tuple)) else value


def brief(value):
    """Large bytes by their length and SHA-256."""
    return value if len(value) <= LARGE else {"length": len(value), "sha256": sha256(value)}


def address(value):
    return wire.address(bytes.fromhex(value["provider"]), bytes.fromhex(value["user"]), value["device"])


def setting(given, side=None):
    limits = given.get("limits", {})
    limits = limits.get(side, limits) if side else limits
    return Setting(data(given.get("application")), address(given["initiator_address"]),
                   address(given["responder_address"]), limits.get("max_jump", confidant.DEFAULT_LIMIT),
                   limits.get("max_stored", confidant.DEFAULT_LIMIT))


def replay(values):
    return Replay([bytes.fromhex(v) for v in values])


def generation(value):
    tags = [bytes.fromhex(t) for t in value.get("tags", [])]
    tags += [i.to_bytes(16, "big") for i in range(value.get("counted_tags", 0))]
    seed = value.get("kem_seed")
    return Generation(value["created"], value["expires"], bytes.fromhex(value["secret"]), seed and bytes.fromhex(seed),
                      tags)


def store(value, identity):
    """A pre-key store from its listed secrets."""
    out = Store(SUITES[value["suite"]], identity, generation(value["current"]),
                generation(value["previous"]) if "previous" in value else None)
    for key in value.get("one_time", []):
        out.add_one_time(key["created"], key["expires"], bytes.fromhex(key["secret"]))
    for key in value.get("kem_one_time", []):
        out.add_kem_one_time(key["created"], key["expires"], bytes.fromhex(key["seed"]))
    out.epoch = value.get("epoch", 0)
    return out


# ---- identity.json

def identity(given):
    who = Identity(data(given["seed"]))
    return {"ed25519_secret": who.ed25519_secret, "ed25519_public": who.public[:32],
            "x25519_secret": who.x25519_secret, "x25519_public": who.public[32:], "hedge_key": who.hedge_key,
            "identity": who.public, "hash": confidant.identity_hash(who.public)}


def decode_identity(given):
    return {"hash": confidant.identity_hash(wire.decode_identity(data(given["identity"])))}


def prekey(given):
    who, kind, secret = Identity(data(given["seed"])), KINDS[given["kind"]], data(given["secret"])
    public = x25519_public(secret) if kind in (wire.SIGNED, wire.ONE_TIME) else KemKey(secret).public
    key = confidant.sign_prekey(who, SUITES[given["suite"]], kind, given["created"], given["expires"], public)
    text = key.signed_text(SUITES[given["suite"]], who.public)
    return {"identity": who.public, "public": public, "id": key.id, "signed_text": text, "signature": key.signature,
            "body": key.body}


def open_prekey(given):
    kind, suite, who = KINDS[given["kind"]], SUITES[given["suite"]], data(given["identity"])
    reader = wire.Reader(data(given["body"]))
    key = wire.read_prekey(reader, kind)
    reader.end()
    if not confidant.ed25519_verify(who[:32], key.signed_text(suite, who), key.signature):
        raise Fail(f"BadSignature({given['kind']})")
    return {"id": key.id}


# ---- aead.json

def seal(given):
    key, salt, context, text = (data(given[k]) for k in ("key", "salt", "context", "plaintext"))
    k, base, commitment = cobblestone_keys(key, salt, context)
    return {"aead_key": k, "base_nonce": base, "commitment": commitment,
            "message": brief(cobblestone_seal(key, salt, context, text))}


def open_sealed(given):
    key, salt, context, text = (data(given[k]) for k in ("key", "salt", "context", "plaintext"))
    base = cobblestone_seal(key, salt, context, text)
    key, context = (data(given.get("with_" + k, given[k])) for k in ("key", "context"))
    return {"plaintext": brief(cobblestone_open(key, context, data(given.get("edit", {"parts": [[0, None]]}), base)))}


# ---- bundle.json

def make_bundle(given):
    who = Identity(data(given["responder_seed"]))
    published = confidant.publish(store(given["store"], who.public), who)
    pick = given["bundle"]
    one_time = _by_secret(given["store"].get("one_time", []), "secret", pick.get("one_time"), published.one_time)
    kem = published.last_resort
    if isinstance(pick.get("kem"), int):
        kem = _by_secret(given["store"]["kem_one_time"], "seed", pick["kem"], published.kem_one_time)
    return wire.Bundle(published.suite, who.public, published.signed, one_time, kem)


def _by_secret(listed, field, index, published):
    """The published key whose secret stands at this place of the list."""
    if index is None:
        return None
    secret = bytes.fromhex(listed[index][field])
    public = x25519_public(secret) if field == "secret" else KemKey(secret).public
    return next(key for key in published if key.public == public)


def _show_key(key):
    return key and {"kind": wire.KIND_NAMES[key.kind], "id": key.id, "created": key.created, "expires": key.expires,
                    "public": key.public, "signature": key.signature}


def bundle(given):
    made = make_bundle(given)
    encoded = made.encode()
    parts = {"identity": made.identity, "signed": _show_key(made.signed), "one_time": _show_key(made.one_time),
             "kem": _show_key(made.kem), "bundle": encoded}
    confidant.verify_bundle(wire.decode_bundle(encoded), given["now"])
    return parts


def verify_bundle(given):
    decoded = wire.decode_bundle(data(given["bundle"]))
    confidant.verify_bundle(decoded, given["now"])
    return {"identity": decoded.identity}


def publication(given):
    who = Identity(data(given["responder_seed"]))
    encoded = confidant.publish(store(given["store"], who.public), who).encode()
    wire.decode_publication(encoded)
    return {"publication": encoded}


def decode_publication(given):
    return {"identity": wire.decode_publication(data(given["publication"])).identity}


# ---- handshake.json

def handshake(given):
    alice, bob = Identity(data(given["initiator_seed"])), Identity(data(given["responder_seed"]))
    made, keys = make_bundle(given), store(given["store"], bob.public)
    confidant.verify_bundle(made, given["now"])
    randomness, steps, echo = replay(given["random"]), {}, {}
    session = confidant.initiate(alice, made, setting(given), randomness, steps)
    fresh = state.snapshot_session(session)
    sent = [_send(session, message, randomness) for message in given["messages"]]
    randomness.close()
    chosen, before = given.get("deliver", 0), state.snapshot_store(keys)
    other, text = confidant.accept(bob, keys, setting(given), sent[chosen]["bytes"],
                                   data(given["messages"][chosen].get("ad")), given["now"], echo)
    inside = wire.decode_prekey_message(sent[chosen]["bytes"]).message
    assert text == data(given["messages"][chosen]["plaintext"]) and other.th == session.th
    assert all(echo[name] == steps[name] for name in echo)
    return {"initiator_identity": alice.public, "responder_identity": bob.public, "bundle": made.encode(),
            "steps": steps, "messages": sent, "initiator_snapshot_fresh": fresh,
            "initiator_snapshot": state.snapshot_session(session), "responder_snapshot": state.snapshot_session(other),
            "is_distribution": inside.is_distribution, "store_before": before,
            "store_after": state.snapshot_store(keys)}


def _send(session, message, randomness):
    steps = {}
    encoded = session.encrypt(*content(session, message), randomness, steps, "group" in message)
    return {"bytes": encoded, "steps": steps}


def content(session, given):
    """What is encrypted, with its associated data. With a `group`, it is the distribution of this group to the peer."""
    text, ad = data(given["plaintext"]), data(given.get("ad"))
    if "group" in given:
        group = group_state.restore_group(data(given["group"]))
        assert text == group.distribute((session.peer[64:], session.peer[:64])) and not ad
    return text, ad


def accept(given):
    bob = Identity(data(given["responder_seed"]))
    keys = store(given["store"], Identity(data(given.get("store_seed", given["responder_seed"]))).public)
    known, ad = given.get("known_identity"), data(given.get("ad"))
    for earlier in given.get("prior", []):
        confidant.accept(bob, keys, setting(given), data(earlier), ad, given["now"], {})
    before = state.snapshot_store(keys)
    try:
        session, text = confidant.accept(bob, keys, setting(given), data(given["message"]), ad, given["now"], {},
                                         known and data(known))
    except Fail:
        assert state.snapshot_store(keys) == before
        raise
    inside = wire.decode_prekey_message(data(given["message"])).message
    return {"plaintext": text, "is_distribution": inside.is_distribution, "th": session.th, "store_after": state.snapshot_store(keys)}


# ---- chain.json

def kdf_rk(given):
    root_key, steps = data(given["root_key"]), []
    for agreement in given["dh"]:
        root_key, chain_key = confidant.kdf_rk(root_key, data(agreement))
        steps.append({"root_key": root_key, "chain_key": chain_key})
    return {"steps": steps}


def kdf_ck(given):
    chain_key, steps = data(given["chain_key"]), []
    for _ in range(given["count"]):
        message_key, chain_key = confidant.kdf_ck(chain_key)
        steps.append({"message_key": message_key, "chain_key": chain_key})
    return {"steps": steps}


def ratchet_secret(given):
    secret = confidant.hedge(data(given["root_key"]), data(given["r"]), b"confidant/v1/hedge/ratchet")
    return {"ratchet_secret": secret, "ratchet_key": x25519_public(secret)}


# ---- message.json

def message(given):
    sender = state.restore_session(data(given["sender"]))
    receiver = state.restore_session(data(given["receiver"]))
    randomness, steps, (text, ad) = replay(given["random"]), {}, content(sender, given)
    encoded = sender.encrypt(text, ad, randomness, steps, "group" in given)
    randomness.close()
    opened, chain, received = receiver.decrypt(encoded, ad, {})
    assert opened == text
    return {"context": confidant.message_context(steps["header"], ad), "steps": steps, "message": encoded,
            "is_distribution": received.is_distribution, "chain": chain, "n": received.n, "sender_after": state.snapshot_session(sender),
            "receiver_after": state.snapshot_session(receiver)}


def decrypt(given):
    receiver = state.restore_session(data(given["receiver"]))
    text, chain, received = unchanged_on_failure(receiver, data(given["message"]), data(given.get("ad")))
    return {"plaintext": text, "is_distribution": received.is_distribution, "chain": chain, "n": received.n,
            "receiver_after": state.snapshot_session(receiver)}


def unchanged_on_failure(session, encoded, ad, steps=None):
    """Decrypts; a refusal must leave the session as it was."""
    before = state.snapshot_session(session)
    try:
        return session.decrypt(encoded, ad, {} if steps is None else steps)
    except Fail:
        assert state.snapshot_session(session) == before
        raise


def encrypt(given):
    sender, text = state.restore_session(data(given["sender"])), data(given["plaintext"])
    before, steps = state.snapshot_session(sender), {}
    try:
        return {"message": sender.encrypt(text, data(given.get("ad")), replay(given["random"]), steps), "steps": steps}
    except Fail:
        assert state.snapshot_session(sender) == before
        raise


# ---- snapshot.json

def session_fields(s):
    """Session of state.md, field by field."""
    sending = {"active": False, "last_sent": s.last_sent}
    if s.sending:
        sending = {"active": True, "secret": s.sending.secret, "public": s.sending.public, "pn": s.sending.pn,
                   "n": s.sending.n, "chain_key": s.sending.chain_key}
    receiving = s.receiving and {"index": s.receiving.index, "n": s.receiving.n, "chain_key": s.receiving.chain_key}
    return show({
        "epoch": s.epoch, "suite": s.suite, "role": s.role, "peer": s.peer, "th": s.th, "prefix_hash": s.prefix_hash,
        "prefix": s.prefix, "exporter_key": s.exporter_key, "max_jump": s.max_jump, "max_stored": s.max_stored,
        "root_key": s.root_key, "remote": s.remote, "sending": sending, "receiving": receiving,
        "retired": [{"ratchet_key": k, "index": i, "length": n} for k, i, n in s.retired], "forgotten": s.forgotten,
        "marks": [{"time": t, "position": at} for t, at in s.marks],
        "kept": [{"position": at, "message_key": s.kept[at]} for at in sorted(s.kept)]})


def session_of(fields):
    """The session with these fields."""
    s = confidant.Session(
        fields["suite"], fields["role"], *(data(fields[k]) for k in ("peer", "th", "prefix_hash", "prefix",
                                                                    "exporter_key")),
        fields["max_jump"], fields["max_stored"], data(fields["root_key"]), data(fields["remote"]))
    given = fields["sending"]
    if given["active"]:
        s.sending = confidant.Sending(data(given["secret"]), data(given["public"]), given["pn"], given["n"],
                                      data(given["chain_key"]))
    s.last_sent = given.get("last_sent", 0)
    if given := fields.get("receiving"):
        s.receiving = confidant.Receiving(given["index"], given["n"], data(given["chain_key"]))
    s.retired = [(data(c["ratchet_key"]), c["index"], c["length"]) for c in fields["retired"]]
    s.forgotten, s.epoch = tuple(fields["forgotten"]), fields["epoch"]
    s.marks = [(m["time"], tuple(m["position"])) for m in fields["marks"]]
    s.kept = {tuple(k["position"]): data(k["message_key"]) for k in fields["kept"]}
    return s


def session_snapshot(given):
    snapshot = state.snapshot_session(session_of(given["fields"]))
    assert session_fields(state.restore_session(snapshot)) == given["fields"]
    return {"snapshot": snapshot}


def restore_session(given):
    restored = state.restore_session(data(given["snapshot"]), given["min_epoch"])
    assert state.snapshot_session(restored) == data(given["snapshot"])
    return {"epoch": restored.epoch}


def store_snapshot(given):
    snapshot = state.snapshot_store(store(given["store"], Identity(data(given["responder_seed"])).public))
    assert state.snapshot_store(state.restore_store(snapshot)) == snapshot
    return {"snapshot": snapshot}


def restore_store(given):
    restored = state.restore_store(data(given["snapshot"]), given["min_epoch"])
    assert state.snapshot_store(restored) == data(given["snapshot"])
    return {"epoch": restored.epoch}


def store_history(given):
    who, suite, keys, out = Identity(data(given["responder_seed"])), SUITES[given["suite"]], None, []
    for step in given["steps"]:
        randomness = replay(step["random"])
        if step["do"] == "create":
            keys = confidant.create_store(who, suite, step["now"], randomness)
        elif step["do"] == "one-time":
            confidant.make_one_time(keys, step["now"], step["curve"], step["kem"], randomness)
        else:
            confidant.rotate(keys, step["now"], randomness)
        randomness.close()
        out.append({"epoch": keys.epoch, "snapshot": state.snapshot_store(keys)})
    return {"steps": out}


# ---- exporter.json

def exporter(given):
    label, context = data(given["label"]), data(given["context"])
    if max(len(label), len(context)) > 0xFFFF:
        raise Fail("refused")
    out = confidant.exporter(data(given["exporter_key"]), label, context, given["length"])
    return {"output": out}


OPS = {"identity": identity, "decode-identity": decode_identity, "prekey": prekey, "open-prekey": open_prekey,
       "seal": seal, "open": open_sealed, "bundle": bundle, "verify-bundle": verify_bundle,
       "publication": publication, "decode-publication": decode_publication, "handshake": handshake,
       "accept": accept, "kdf-rk": kdf_rk, "kdf-ck": kdf_ck, "ratchet-secret": ratchet_secret, "message": message,
       "decrypt": decrypt, "encrypt": encrypt, "session-snapshot": session_snapshot,
       "restore-session": restore_session, "store-snapshot": store_snapshot, "restore-store": restore_store,
       "store-history": store_history, "exporter": exporter}
