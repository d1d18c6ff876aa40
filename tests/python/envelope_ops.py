"""The operations of context.json, record.json, wrapped.json and keyring.json."""

import hmac

import envelope_keyring
import envelope_records as records
import envelope_wrap as wrap
from envelope_keyring import STATE_NAMES, open_claimed, open_keyring
from envelope_records import Context, decode_context
from ops import brief, data, replay
from primitives import Fail, cobblestone_open


# ---- context.json

def context(given):
    made = Context(given["purpose"])
    for said in given["say"]:
        made = made.say(said["tag"], data(said["bytes"]))
    return {"context": brief(made.encode())}


def read_context(given):
    read = decode_context(data(given["context"]))
    assert read.encode() == data(given["context"])
    return {"purpose": read.purpose, "collection": read.collection}


def derived(given):
    """Every key under a root key. The blind index is of `value`."""
    root, about = data(given["root_key"]), decode_context(data(given["context"]))
    key, salt = records.database_key(root, about)
    return {"record_key": records.record_key(root, about), "root_wrap_key": records.root_wrap_key(root),
            "file_wrap_key": records.file_wrap_key(root), "mac_key": records.mac_key(root, about),
            "database_key": key, "database_salt": salt, "sqlcipher": records.sqlcipher(key, salt).decode(),
            "index_key": records.index_key(root, about),
            "blind_index": records.blind_index(root, about, data(given["value"]))}


# ---- record.json

def padme(given):
    return {"padded": [records.padme(length) for length in given["lengths"]]}


def record(given):
    root, about, text = data(given["root_key"]), decode_context(data(given["context"])), data(given["data"])
    randomness = replay(given["random"])
    sealed = records.seal_record(root, given["number"], about, text, given["padded"], randomness)
    randomness.close()
    assert records.open_record({given["number"]: root}, about, sealed) == (text, given["padded"])
    key, head = records.record_key(root, about), sealed[:records.RECORD_HEADER]
    plain = cobblestone_open(key, head + about.encode(), sealed[records.RECORD_HEADER:])
    return {"record_key": key, "text": brief(plain), "record": brief(sealed)}


def open_record(given):
    about, roots = decode_context(data(given["context"])), {given["number"]: data(given["root_key"])}
    opened, padded = records.open_record(roots, about, data(given["record"]))
    return {"data": brief(opened), "padded": padded}


def rebind(given):
    keyring, sealed = stored(given["keyring"]), data(given["record"])
    randomness = replay(given["random"])
    old, new = (decode_context(data(given[k])) for k in ("context", "new_context"))
    moved = records.rebind(keyring.roots, keyring.active, sealed, old, new, randomness)
    randomness.close()
    opened, padded = records.open_record(keyring.roots, new, moved)
    assert (opened, padded) == records.open_record(keyring.roots, old, sealed)
    return {"record": moved, "data": opened, "padded": padded, "was_due": due(keyring, sealed), "due": due(keyring, moved)}


def due(keyring, sealed):
    """Whether a record's key only decrypts."""
    return keyring.is_behind(int.from_bytes(sealed[2:6], "big"))


# ---- wrapped.json

def kek(given):
    """What wraps and unwraps."""
    kind = given["type"]
    if kind == "local":
        return wrap.Local(data(given["reference"]), data(given["key"]))
    if kind == "passphrase":
        return wrap.Passphrase(data(given["passphrase"]), *(given.get(k, 0) for k in ("kib", "passes", "lanes")))
    if kind == "x25519":
        return wrap.Recipient(data(given["secret"]))
    if kind == "code":
        return wrap.Code(given["code"], data(given["set_id"]))
    if kind == "service":
        return service(given)
    assert kind == "keyring", kind
    return wrap.KeyringKek(stored(given))


def service(given):
    """A service that keeps `secret`: blob = HMAC(secret, 0x01 ‖ aad ‖ key) ‖ (key XOR HMAC(secret, 0x00 ‖ aad)).

    It may say something else."""
    secret = data(given["secret"])

    def mask(aad, key):
        return bytes(a ^ b for a, b in zip(key, hmac.digest(secret, b"\0" + aad, "sha256")))

    def ask(aad, key):
        if "says" in given:
            raise Fail(given["says"])
        return data(given["blob"]) if "blob" in given else hmac.digest(secret, b"\1" + aad + key, "sha256") + mask(aad, key)

    def tell(aad, blob):
        if "says" in given:
            raise Fail(given["says"])
        if "tells" in given:
            return data(given["tells"])
        key = mask(aad, blob[32:])
        if blob != ask(aad, key):
            raise Fail("Invalid")
        return key
    return wrap.Service(data(given["reference"]), ask, tell)


def wrapped(given):
    key, about, trace = data(given["key"]), decode_context(data(given["context"])), {}
    randomness, with_kek = replay(given["random"]), kek(given["kek"])
    made = with_kek.wrap(key, about, randomness, trace=trace)
    randomness.close()
    read = wrap.decode(made)
    if "blob" not in given["kek"]:
        assert with_kek.unwrap(read, about) == key
    return {**trace, "type": wrap.TYPE_NAMES[read.type], "reference": read.reference, "purpose": read.purpose, "wrapped": brief(made)}


def unwrap(given):
    read = wrap.decode(data(given["wrapped"]))
    return {"key": kek(given["kek"]).unwrap(read, decode_context(data(given["context"])))}


def rewrap(given):
    """Under a keyring's active root key; nothing comes if it is not under a decrypt-only one."""
    keyring, about = stored(given["keyring"]), decode_context(data(given["context"]))
    randomness = replay(given["random"])
    read = wrap.decode(data(given["wrapped"]))
    made = keyring.rewrap(read, about, randomness)
    randomness.close()
    key = wrap.KeyringKek(keyring).unwrap(wrap.decode(made) if made else read, about)
    return {"key": key, "rewrapped": made}


# ---- keyring.json

def stored(given):
    """A keyring that is opened from its bytes, given in pieces."""
    return open_keyring(pieces(given["bytes"]), decode_context(data(given["context"])), kek(given["with"]))


def pieces(value):
    return b"".join(map(data, value)) if isinstance(value, list) else data(value)


def keyring(given):
    about = decode_context(data(given["context"]))
    state, out = (stored({**given["start"], "context": given["context"]}) if "start" in given else None), []
    for step in given["steps"]:
        state, result = _play(state, about, step)
        out.append(result)
    return {"steps": out, "keyring": brief(state.encode()), **summary(state)}


def _play(before, about, step):
    """A refusal leaves the keyring as it was."""
    after, randomness, expect = before and before.copy(), replay(step.get("random", [])), "ok"
    try:
        after = _change(after, about, step, randomness)
        randomness.close()
    except Fail as error:
        after, expect = before, error.name
    if after is None:
        return after, {"expect": expect}
    return after, {"expect": expect, "epoch": after.epoch, "active": after.active, "keyring": brief(after.encode())}


def _change(keyring, about, step, randomness):
    do = step["do"]
    if do == "create":
        return envelope_keyring.create(about, kek(step["with"]), step["now"], randomness)
    if do == "change-kek":
        _wrapping(keyring.change_kek, kek(step["with"]), randomness)
    elif do == "destroy":
        keyring.destroy(step["number"])
    elif do == "add":
        _wrapping(keyring.add, step["now"], randomness)
    elif do == "rotate":
        _wrapping(keyring.rotate, kek(step["with"]), step["now"], randomness)
    else:
        assert do == "activate"
        _wrapping(keyring.activate, step["number"], kek(step["with"]), randomness)
    return keyring


def _wrapping(what, *given):
    try:
        what(*given)
    except Fail as error:
        raise Fail(error.name if error.name in ("Full", "WrongState") else f"Wrap({error.name})") from None


def summary(keyring):
    """What can be seen of a keyring, and the file wrap keys of its root keys."""
    keys = [{"state": STATE_NAMES[entry.state], "created": entry.created,
             "file_wrap_key": number in keyring.roots and records.file_wrap_key(keyring.roots[number]) or None}
            for number, entry in enumerate(keyring.entries)]
    if len(keys) > 64:
        keys = {"count": len(keys)}
    return {"id": keyring.id, "epoch": keyring.epoch, "active": keyring.active, "keys": keys}


def read_keyring(given):
    data_in = pieces(given["keyring"])
    how = open_claimed if given.get("claimed") else open_keyring
    opened = how(data_in, decode_context(data(given["context"])), kek(given["with"]), given["min_epoch"])
    assert opened.encode() == data_in
    return summary(opened)


OPS = {"context": context, "decode-context": read_context, "root-keys": derived, "padme": padme, "record": record,
       "open-record": open_record, "rebind": rebind, "wrap": wrapped, "unwrap": unwrap, "rewrap": rewrap,
       "keyring": keyring, "open-keyring": read_keyring}
