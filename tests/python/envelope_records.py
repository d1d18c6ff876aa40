"""The model of wire.md and spec.md, At rest: data contexts, the keys under a root key, and records."""

import hmac
from dataclasses import dataclass, field

from primitives import Fail, cobblestone_open, cobblestone_seal, expand
from wire import Reader, lp16, u8, u32

PURPOSES = {"Record": 1, "File": 2, "Derivative": 3, "Archive": 4, "Keyring": 5, "Database": 6, "Totp": 7, "MediaKey": 8, "Share": 9}
TENANT, COLLECTION, FIELD, OBJECT, OBJECT_VERSION, SCHEMA_VERSION, USER, DEVICE, APPLICATION = 1, 2, 3, 4, 5, 6, 7, 8, 0x80
SIZES = {OBJECT_VERSION: 8, SCHEMA_VERSION: 4}
MAX_CONTEXT, MAX_RECORD, LAST_NUMBER = 1024, 16_777_216, 127
RECORD, RECORD_HEADER, PADDED, SALT = 0xF1, 6, 0x80, 24
PREFIX = b"confidant/v1/envelope/"


# ---- Data context

@dataclass
class Context:
    purpose: int
    entries: dict = field(default_factory=dict)

    def say(self, tag, value):
        """One thing more; `tag` may be beyond the application's numbers."""
        if tag > APPLICATION + LAST_NUMBER:
            raise Fail("NoSuchNumber")
        if tag in self.entries:
            raise Fail("Twice")
        longer = Context(self.purpose, {**self.entries, tag: value})
        if sum(3 + len(v) for v in longer.entries.values()) + 3 > MAX_CONTEXT:
            raise Fail("TooLong")
        return longer

    def encode(self):
        listed = sorted(self.entries.items())
        return bytes([1, self.purpose, len(listed)]) + b"".join(u8(tag) + lp16(value) for tag, value in listed)

    @property
    def collection(self):
        return self.entries.get(COLLECTION, b"")


def decode_context(data):
    if len(data) > MAX_CONTEXT:
        raise Fail("TooLong")
    reader = Reader(data)
    known(reader.number(1), (1,))
    context, last = Context(known(reader.number(1), PURPOSES.values())), 0
    for _ in range(reader.number(1)):
        tag = known(reader.number(1), [*range(TENANT, DEVICE + 1), *range(APPLICATION, 256)])
        if tag <= last:
            raise Fail("NotCanonical")
        size = reader.number(2)
        if size != SIZES.get(tag, size):
            raise Fail("NotCanonical")
        context.entries[tag], last = reader.take(size), tag
    reader.end()
    return context


def known(value, values):
    if value not in values:
        raise Fail("UnsupportedVersion")
    return value


# ---- Keys from a root key

def record_key(root, context):
    return expand(root, PREFIX + b"record" + u8(context.purpose) + context.collection, 32)


def root_wrap_key(root):
    return expand(root, PREFIX + b"root-wrap", 32)


def file_wrap_key(root):
    return expand(root, PREFIX + b"file-wrap", 32)


def mac_key(root, context):
    return expand(root, PREFIX + b"keyring-mac" + context.encode(), 32)


def database_key(root, context):
    """Key and salt."""
    both = expand(root, PREFIX + b"database" + context.encode(), 48)
    return both[:32], both[32:]


def sqlcipher(key, salt):
    return b"x'" + (key + salt).hex().encode() + b"'"


def index_key(root, context):
    return expand(root, PREFIX + b"index" + context.encode(), 32)


def blind_index(root, context, value):
    return hmac.digest(index_key(root, context), value, "sha256")


# ---- Record

def padme(length):
    if length <= 1:
        return length
    e = length.bit_length() - 1
    s = e.bit_length()
    m = (1 << (e - s)) - 1
    return (length + m) & ~m


def pad(data):
    return data + b"\x80" + bytes(padme(len(data) + 1) - len(data) - 1)


def unpad(text):
    data = text.rstrip(b"\0")
    if data[-1:] != b"\x80" or pad(data[:-1]) != text:
        raise Fail("RecordError")
    return data[:-1]


def header(number, padded):
    return bytes([RECORD, PADDED if padded else 0]) + u32(number)


def seal_text(root, head, context, salt, text):
    """A record of any text under any header."""
    return head + cobblestone_seal(record_key(root, context), salt, head + context.encode(), text)


def seal_record(root, number, context, data, padded, randomness):
    if len(data) > MAX_RECORD:
        raise Fail("TooLong")
    return seal_text(root, header(number, padded), context, randomness.draw(SALT), pad(data) if padded else data)


def open_record(roots, context, record):
    """Data, and whether it was padded. `roots` are the root keys that are not destroyed, by number."""
    head, number = record[:RECORD_HEADER], int.from_bytes(record[2:RECORD_HEADER], "big")
    if head not in (header(number, False), header(number, True)) or number not in roots:
        raise Fail("RecordError")
    try:
        text = cobblestone_open(record_key(roots[number], context), head + context.encode(), record[RECORD_HEADER:])
    except Fail:
        raise Fail("RecordError") from None
    padded = head == header(number, True)
    data = unpad(text) if padded else text
    if len(data) > MAX_RECORD:
        raise Fail("RecordError")
    return data, padded


def rebind(roots, active, record, old, new, randomness):
    """To another context, under the active root key."""
    try:
        data, padded = open_record(roots, old, record)
    except Fail:
        raise Fail("NotOpened") from None
    return seal_record(roots[active], active, new, data, padded, randomness)
