"""The operations of sealed.json."""

import sealed
import wire
from confidant import Identity
from ops import address, brief, data, replay
from primitives import Fail, ed25519_public
from wire import u8, u32

KINDS = {"message": sealed.MESSAGE, "control": sealed.CONTROL}
SHOWN_RECIPIENTS, SMALL = 8, 65_536


def device(value):
    """(address, identity) of a device, from its parts and its seed."""
    return address(value), Identity(data(value["seed"])).public


def devices(values):
    """The listed ones; with a `count`, as many users of no provider, one after the other, all with one identity."""
    return [one for value in values for one in (_counted(value) if "count" in value else [device(value)])]


def _counted(value):
    identity = Identity(data(value["seed"])).public
    return [(wire.address(b"", u32(i), 1), identity) for i in range(value["count"])]


# ---- Certificates

def server_certificate(given):
    root, server = data(given["root_seed"]), ed25519_public(data(given["server_seed"]))
    made = sealed.make_server_certificate(root, server, given["from"], given["until"])
    public = ed25519_public(root)
    return {"root": public, "root_id": sealed.key_id(public), "server": server, "server_id": sealed.key_id(server),
            "statement": sealed.server_statement(made), "certificate": made}


def decode_server_certificate(given):
    made = sealed.decode_server_certificate(data(given["certificate"]))
    return {"server_id": sealed.key_id(made.server)}


def issue(given):
    """Issues, and verifies what was issued."""
    certified = ed25519_public(data(given.get("certified_seed", given["server_seed"])))
    server = sealed.make_server_certificate(data(given["root_seed"]), certified, given["from"], given["until"])
    made = sealed.issue(data(given["server_seed"]), server, *device(given["sender"]), given["now"], given["lifetime"])
    decoded = sealed.decode_sender_certificate(made)
    checked = check_certificate({**given, "certificate": made.hex()})
    return {"server_certificate": server, "statement": sealed.sender_statement(made), "certificate": made,
            "expires": decoded.valid_until, **checked}


def decode_sender_certificate(given):
    made = sealed.decode_sender_certificate(data(given["certificate"]))
    return {"party": made.address + made.identity, "expires": made.valid_until}


def _root(value):
    """A root that is pinned for all, or for the users of one provider."""
    return (data(value), None) if isinstance(value, str) else (data(value["key"]), data(value["provider"]))


def _verified(certificate, given):
    return b"".join(sealed.verify(certificate, [_root(root) for root in given["roots"]],
                                  [data(name) for name in given["revoked"]], given["now"]))


def check_certificate(given):
    return {"party": _verified(sealed.decode_sender_certificate(data(given["certificate"])), given)}


# ---- Sealed messages

def _carries(content):
    if content.kind == sealed.CONTROL:
        return "Control"
    return "Group" if content.inner[1] == 0x04 else "Session"


def _open(receiver, message, given):
    """Opens and verifies: whose it is, what is inside, and what tells the message from others."""
    content = sealed.open_sealed(Identity(data(receiver["seed"])), address(receiver), message)
    return {"party": _verified(content.certificate, given), "carries": _carries(content), "bytes": content.inner,
            "id": sealed.decode_sealed(message).tag}


def seal(given):
    who, recipients, trace = Identity(data(given["sender_seed"])), devices(given["recipients"]), {}
    sender = sealed.Sender(who, data(given["certificate"]), given.get("sealed_at", given["now"]))
    inner, randomness = data(given["bytes"]), replay(given["random"])
    upload = sender.seal(recipients, KINDS[given["kind"]], inner, randomness, trace)
    randomness.close()
    encoded = upload.encode()
    assert sealed.decode_upload(encoded) == upload
    messages = [upload.message(entry) for entry in upload.entries]
    few, small = len(recipients) <= SHOWN_RECIPIENTS, len(encoded) <= SMALL
    for receiver in given["recipients"] if few else []:
        entry = next(entry for entry in upload.entries if entry.address == address(receiver))
        _check_received(sender, inner, receiver, upload.message(entry), given)
    del trace["shared"]
    trace["content"] = brief(trace["content"])
    return {"steps": trace if small else None, "upload": brief(encoded),
            "messages": [brief(m) for m in messages] if few else None}


def _check_received(sender, inner, receiver, message, given):
    """Each recipient reads it; whoever is at the sender's own address does not."""
    if address(receiver) == sender.party[0]:
        assert refusal(lambda: _open(receiver, message, given)) == "FromOurselves"
        return
    opened = _open(receiver, message, given)
    assert opened["bytes"] == inner and opened["party"] == b"".join(sender.party)


def refusal(operation):
    try:
        operation()
    except Fail as error:
        return error.name
    return None


def open_sealed(given):
    opened = _open(given["receiver"], data(given["message"]), given)
    return {**opened, "bytes": brief(opened["bytes"])}


def upload(given):
    decoded = sealed.decode_upload(data(given["upload"]))
    return {"views": [{"address": entry.address, "message": decoded.message(entry)} for entry in decoded.entries]}


def counted_upload(given):
    """An upload for users of no provider, one after the other; all that it carries besides is listed."""
    count, keys, shared = given["count"], data(given["keys"]), data(given["shared"])
    entries = b"".join(wire.address(b"", u32(i), 1) + keys for i in range(count))
    head = bytes([wire.VERSION, sealed.UPLOAD]) + data(given["ephemeral"]) + u32(given.get("claimed", count))
    decoded = sealed.decode_upload(head + entries + shared)
    first, last = (decoded.message(decoded.entries[i]) for i in (0, -1))
    assert first == last == u8(1) + u8(sealed.SEALED) + data(given["ephemeral"]) + keys + shared
    return {"recipients": len(decoded.entries), "upload": brief(decoded.encode())}


# ---- Delivery

def delivery(given):
    token = sealed.delivery_token(data(given["key"]))
    return {"token": token, "verifier": sealed.delivery_verifier(token)}


def present_token(given):
    """What a relay does; spec.md has no name for its answer to another token."""
    if sealed.delivery_verifier(data(given["token"])) != data(given["verifier"]):
        raise Fail("refused")
    return {"accepted": True}


OPS = {"server-certificate": server_certificate, "decode-server-certificate": decode_server_certificate,
       "issue": issue, "decode-sender-certificate": decode_sender_certificate, "check-certificate": check_certificate,
       "seal-for": seal, "open-sealed": open_sealed, "upload": upload, "counted-upload": counted_upload,
       "delivery": delivery, "present-token": present_token}
