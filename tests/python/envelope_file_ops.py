"""The operations of file.json."""

import envelope_file as model
from envelope_file import Info, Part, Pointer
from envelope_ops import kek
from envelope_records import decode_context
from ops import brief, data, replay
from primitives import Fail, cobblestone_seal, sha256

KINDS = {"Thumbnail": model.THUMBNAIL, "Preview": model.PREVIEW, "Transcript": model.TRANSCRIPT}
KIND_NAMES = {kind: name for name, kind in KINDS.items()}


def context(given, key="context"):
    return decode_context(data(given[key]))


# ---- Keys

def kind_of(name):
    return KINDS[name] if name in KINDS else model.APPLICATION + name


def derivative(given):
    key = model.derivative(data(given["file_key"]), kind_of(given["kind"]), given["index"])
    return {"file_key": key, "body_key": model.body_key(key)}


# ---- The detached form

def sealed(given):
    """(info, body) of what the inputs say. `text` is an edit of what would have been encrypted."""
    draws = replay(given["random"])
    return _sealed(given, draws)


def _sealed(given, draws):
    file_key, plain, padded = data(given["file_key"]), data(given["data"]), given["padded"]
    file_id, salt = draws.draw(16), draws.draw(24)
    draws.close()
    info = Info(file_id, len(plain), padded)
    text = model.text_of(plain, padded)
    if "text" in given:
        text = data(given["text"], text)
    body = cobblestone_seal(model.body_key(file_key), salt, model.body_context(info, context(given)), text)
    return info, body


def seal(given):
    info, body = sealed(given)
    assert len(body) == info.body_length
    return {**described(info), "body_key": model.body_key(data(given["file_key"])), "body": brief(body)}


def described(info):
    return {"id": info.id, "length": info.length, "padded": info.padded, "body_length": info.body_length}


def opening(given):
    """The body as it is found, and what is claimed of it."""
    info, body = sealed(given)
    if "edit" in given:
        body = data(given["edit"], body)
    claimed = Info(data(given["with_id"]) if "with_id" in given else info.id, given.get("with_length", info.length),
                   given.get("with_padded", info.padded))
    key = data(given.get("with_key", given["file_key"]))
    return model.Body(key, context(given, "with_context" if "with_context" in given else "context"), claimed, body)


def open_file(given):
    """In memory and from front to back, which come to the same unless a `way` is named."""
    ways = [given["way"]] if "way" in given else list(model.WAYS)
    found = [_outcome(lambda way=way: model.WAYS[way](opening(given))) for way in ways]
    assert all(one == found[0] for one in found), found
    if isinstance(found[0], str):
        raise Fail(found[0])
    return {"data": brief(found[0])}


def _outcome(opened):
    try:
        return opened()
    except Fail as error:
        return error.name


def read_part(given):
    return {"data": brief(opening(given).part(given["offset"], given["part"]))}


# ---- What is kept beside a wrapped key

def file_info(given):
    return {"bytes": Info(data(given["id"]), given["length"], given["padded"]).encode()}


def decode_info(given):
    return described(model.decode_info(data(given["bytes"])))


# ---- The attached form

def keks(values):
    """The listed ones; a local one with a `count` is so many, whose references are counted."""
    for value in values:
        if "count" not in value:
            yield kek(value)
            continue
        for i in range(value["count"]):
            yield kek({"type": "local", "reference": i.to_bytes(4, "big").hex(), "key": value["key"]})


def container(given):
    """(info, header, body)."""
    draws = replay(given["random"])
    recipients = model.Recipients(data(given["file_key"]), context(given), model.header_length(given["header_length"]))
    for one in keks(given["recipients"]):
        recipients.add(one, draws)
    info, body = _sealed(given, draws)
    return info, model.make_header(recipients.file_key, info, recipients.wrapped, recipients.size), body


def seal_container(given):
    info, header, body = container(given)
    mac_key, mask = model.header_keys(data(given["file_key"]), info.id)
    return {**described(info), "mac_key": mac_key, "mask": mask, "header": header, "body": brief(body)}


def found(given):
    """The container as it is found."""
    _, header, body = container(given)
    whole = header + body
    return data(given["edit"], whole) if "edit" in given else whole


def open_container(given):
    whole, where = found(given), context(given, "with_context" if "with_context" in given else "context")
    file_key, info, header = model.open_header(whole, where, kek(given["with"]))
    body = model.Body(file_key, where, info, whole[header.size:])
    return {**described(info), "recipients": len(header.wrapped), "data": brief(body.from_front())}


def change_recipients(given):
    """Removes the listed places, one after the other, adds the listed ones, and then the active root key of a keyring."""
    where = context(given)
    info, header, body = container(given)
    file_key, info, opened = model.open_header(header + body, where, kek(given["with"]))
    draws = replay(given["draws"])
    recipients = model.Recipients(file_key, where, opened.size, [key.head + key.body for key in opened.wrapped])
    for place in given.get("remove", []):
        del recipients.wrapped[place]
    for one in keks(given.get("add", [])):
        recipients.add(one, draws)
    if "add_root_key" in given:
        recipients.add_root_key(data(given["add_root_key"]))
    draws.close()
    changed = model.make_header(file_key, info, recipients.wrapped, recipients.size)
    model.open_header(changed, where, kek(given["then"]))
    return {"recipients": len(recipients.wrapped), "header": brief(changed)}


# ---- Attachments

def _part(given):
    info = Info(data(given["id"]), given["length"], given["padded"])
    stored, media_type = data(given["object"]), data(given["media_type"])
    if len(media_type) > 255 or not model.printable(media_type):
        raise Fail("MediaType")
    if len(stored) != info.body_length:
        raise Fail("Length")
    return Part(info, sha256(stored), media_type)


def pointer(given):
    made = Pointer(data(given["file_key"]), _part(given["file"]))
    for value in given["derivatives"]:
        which = kind_of(value["kind"]), value["index"]
        part = _part(value["part"])
        if which in made.derivatives:
            raise Fail("Duplicate")
        if len(made.derivatives) == model.MAX_DERIVATIVES:
            raise Fail("TooMany")
        made.derivatives[which] = part
    return {"pointer": made.encode()}


def shown(part):
    return {**described(part.info), "digest": part.digest, "media_type": part.media_type}


def decode_pointer(given):
    decoded = model.decode_pointer(data(given["pointer"]))
    derived = [{"kind": KIND_NAMES.get(kind, kind - model.APPLICATION), "index": index, "part": shown(part)}
               for (kind, index), part in decoded.derivatives.items()]
    return {"file_key": decoded.key, "file": shown(decoded.file), "derivatives": derived}


def attachment(given):
    """A file and what was made from it, sealed, and the pointer to both."""
    key, objects = data(given["file_key"]), attached(given)
    made = Pointer(key, objects[0][0])
    made.derivatives = {(kind_of(v["kind"]), v["index"]): objects[i + 1][0] for i, v in enumerate(given["derivatives"])}
    return {"pointer": made.encode(), "objects": [brief(body) for _, body in objects]}


def attached(given):
    """(part, body) of the file and of each derivative, which is under its own key and context."""
    key, out = data(given["file_key"]), []
    for value in [given["file"], *given["derivatives"]]:
        own = model.derivative(key, kind_of(value["kind"]), value["index"]) if "kind" in value else key
        info, body = sealed({**value, "file_key": own.hex()})
        out.append((Part(info, sha256(body), data(value["media_type"])), body))
    return out


def fetch(given):
    """`which` is 0 for the file, 1 for the first derivative, and so on; `edit` is of the object that was fetched."""
    which = given["which"]
    objects, decoded = attached(given), model.decode_pointer(data(given["pointer"]))
    listed = [(decoded.key, decoded.file)] + [(model.derivative(decoded.key, *k), p) for k, p in decoded.derivatives.items()]
    key, part = listed[which]
    value = [given["file"], *given["derivatives"]][which]
    body = objects[which][1]
    body = data(given["edit"], body) if "edit" in given else body
    part.fetched(body)
    opened = model.Body(key, context(value), part.info, body)
    return {"media_type": part.media_type, "data": brief(opened.from_front())}


OPS = {"derivative": derivative, "seal-file": seal, "open-file": open_file, "read-part": read_part,
       "file-info": file_info, "decode-file-info": decode_info, "seal-container": seal_container, "open-container": open_container, "change-recipients": change_recipients,
       "pointer": pointer, "decode-pointer": decode_pointer, "attachment": attachment, "fetch": fetch}
LINKS = {**{op: {"pointer": lambda v: v["out"]["pointer"]} for op in ("decode-pointer", "fetch")},
         "decode-file-info": {"bytes": lambda v: v["out"]["bytes"]}}
