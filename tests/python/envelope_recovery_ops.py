"""The operations of recovery.json."""

import envelope_recovery as model
from envelope_file_ops import context
from envelope_recovery import LONG, SHORT, Profile
from envelope_wrap import check_work
from ops import data, replay
from primitives import Fail

STATES = {model.UNUSED: "Unused", model.USED: "Used", model.REVOKED: "Revoked"}


def profile(value):
    """`long`, or the parameters of Argon2id."""
    if value == "long":
        return Profile(LONG)
    check_work(*value, error="ParametersOutOfBounds")
    return Profile(SHORT, *value)


def read_code(given):
    code = model.read_code(given["text"])
    return {"length": "long" if code.kind == LONG else "short", "index": code.index, "code": code.text}


def good_for(key):
    return {"token": key.token, "verifier": key.verifier, "public": key.public}


def unlock(given):
    return good_for(model.unlock(model.read_code(given["code"]), data(given["set_id"]), profile(given["profile"])))


def present_code(given):
    """`spec.md` has no name for the server's answer to another token."""
    if model.verifier(data(given["token"])) != data(given["verifier"]):
        raise Fail("refused")
    return {"accepted": True}


def create(given):
    draws = replay(given["random"])
    made, codes, keys = model.create(context(given), profile(given["profile"]), given["count"], draws)
    draws.close()
    return {"id": made.id, "key": made.key, "set": made.encode(context(given)),
            "codes": [{"code": code.text, **good_for(key), "roster": key.roster} for code, key in zip(codes, keys)]}


def shown(made):
    states = [STATES[code.state] for code in made.codes]
    return {"id": made.id, "epoch": made.epoch, "key": made.key, "states": states}


def open_set(given):
    """With a code that is unlocked as the set claims, or else as `unlocked`; or with the archive key."""
    where = context(given, "with_context" if "with_context" in given else "context")
    stored, least = data(given["set"]), given.get("min_epoch", 0)
    if "code" in given:
        code = model.read_code(given["code"])
        return shown(model.open_set(stored, where, _unlocked(code, stored, given.get("unlocked")), least))
    return shown(model.open_with_key(stored, where, data(given["key"]), least))


def _unlocked(code, stored, otherwise=None):
    if otherwise:
        return model.unlock(code, data(otherwise["set_id"]), profile(otherwise["profile"]))
    claimed, _, _ = model.read_set(stored)
    return model.unlock(code, claimed.id, claimed.profile)


def claimed(given):
    """What a set says of itself: enough to unlock a code."""
    made, _, _ = model.read_set(data(given["set"]))
    of = made.profile
    return {"id": made.id, "profile": "long" if of.kind == LONG else [of.kib, of.passes, of.lanes]}


def change(given):
    """Steps on the stored set: each opens it with the code that it uses up, or with the archive key, and stores it again."""
    stored, key, where, steps = data(given["set"]), data(given["archive_key"]), context(given), []
    for step in given["steps"]:
        draws = replay(step["random"])
        made = _step(stored, key, where, step, draws)
        draws.close()
        stored, key = made.encode(where), made.key
        steps.append({**shown(made), "set": stored})
    return {"steps": steps, "set": stored}


def _step(stored, key, where, step, draws):
    if "use_up" in step:
        code = model.read_code(step["use_up"])
        return model.open_set(stored, where, _unlocked(code, stored), 0).change_state(code.index, model.USED, where, draws)
    made = model.open_with_key(stored, where, key, 0)
    if "revoke" in step:
        return made.change_state(step["revoke"], model.REVOKED, where, draws)
    return made.again(where, draws)


OPS = {"read-code": read_code, "unlock-code": unlock, "present-code": present_code, "create-recovery": create,
       "claimed-recovery": claimed, "open-recovery": open_set, "change-recovery": change}
LINKS = {op: {"set": lambda v: v["out"]["set"]} for op in ("claimed-recovery", "open-recovery")}
