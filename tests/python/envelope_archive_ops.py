"""The operations of archive.json."""

import envelope_archive as model
from envelope_file_ops import context, keks
from envelope_ops import kek
from ops import brief, data, replay
from primitives import Fail


def made(given):
    """(core, key, header, body) of each archive of a series. `announced`: another length than the text's; `after`: the core of the one before."""
    where, out = context(given), []
    last = model.decode_core(data(given["after"])) if "after" in given else None
    for value in given["archives"]:
        draws, text = replay(value["random"]), data(value["text"])
        length = value.get("announced", len(text))
        core, key = model.begin(out[-1][0] if out else last, value["created"], length, draws)
        wrapped = model.wrap(key, where, keks(value["recipients"]), draws, value.get("add_root_key"))
        header = model.make_header(key, core, where, wrapped)
        body = model.seal_body(key, core, where, draws.draw(24), text)
        draws.close()
        if length != len(text):
            raise Fail("SealArchiveError")
        out.append((core, key, header, body))
    return out


def described(core):
    return {"id": core.id, "epoch": core.epoch, "previous": core.previous, "created": core.created,
            "length": core.length, "digest": core.digest}


def seal(given):
    where = context(given)
    return {"archives": [{**described(core), "key": key, "body_key": model.body_key(key, where),
                          "core": core.encode(), "header": brief(header), "body": brief(body)} for core, key, header, body in made(given)]}


def open_archive(given):
    """`which` of the series; `edit` is of that archive, as it is found."""
    series = made(given)
    _, key, header, body = series[given["which"]]
    whole = header + body
    whole = data(given["edit"], whole) if "edit" in given else whole
    expected = dict(given.get("expected", {}))
    if "after" in expected:
        expected["after"] = series[expected["after"]][0]
    if "id" in expected:
        expected["id"] = data(expected["id"])
    where = context(given, "with_context" if "with_context" in given else "context")
    core, text = model.open_archive(whole, where, kek(given["with"]), expected)
    return {**described(core), "text": brief(text)}


def decode_info(given):
    return described(model.decode_core(data(given["core"])))


OPS = {"seal-archives": seal, "open-archive": open_archive, "decode-archive-info": decode_info}
LINKS = {"decode-archive-info": {"core": lambda v: v["out"]["archives"][-1]["core"]}}
