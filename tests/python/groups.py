"""The model of spec.md, Groups: members, sender keys, distributions, group messages. Snapshots are in group_state.py."""

import copy
from dataclasses import dataclass, field

import wire
from confidant import LAST_N, Receiving, Session, kdf_ck
from primitives import (Fail, check_ed25519, cobblestone_open, cobblestone_seal, ed25519_public, ed25519_sign,
                        ed25519_verify, sha256)
from wire import Reader, lp8, u32, u64

DISTRIBUTION, GROUP_MESSAGE = 0x03, 0x04
MAX_MEMBERS, MAX_BEFORE, MAX_SENDER_KEYS, MAX_KEYS = 5_000, 4, 5, 25_000
MAX_JUMP, MAX_STORED = 2_000, 500
MESSAGES, SECONDS = 1_000, 604_800
HEADER, MIN_MESSAGE, SIGNATURE = 22, 158, 64
LAST_TIME, LAST_ITERATION = 2**64 - 1, 2**32 - 1


# ---- Epochs

def address_order(address):
    """Provider, then user (bytewise, a prefix first), then device."""
    provider_end = 2 + address[1]
    return address[2:provider_end], address[provider_end + 2:-5], int.from_bytes(address[-4:], "big")


def ordered(members):
    """Members in their order; spec.md names no error for what cannot be a list of members."""
    members = sorted(members, key=lambda member: address_order(member[0]))
    if len({address for address, _ in members}) != len(members) or len(members) > MAX_MEMBERS:
        raise Fail("refused")
    return members


def group_id(group):
    if not 1 <= len(group) <= 255:
        raise Fail("refused")
    return group


def members_hash(group, members):
    listed = b"".join(address + identity for address, identity in members)
    return sha256(b"confidant/v1/group/members" + lp8(group) + u32(len(members)) + listed)


def scope(group, number, of_members, address, identity):
    return sha256(b"confidant/v1/group/scope" + lp8(group) + u64(number) + of_members + address + identity)


def sender_hash(address, identity):
    return sha256(b"confidant/v1/group/sender" + address + identity)


def commitment(chain_key):
    return sha256(b"confidant/v1/group/chain" + chain_key)


def key_id(of_scope, of_chain, public):
    return sha256(b"confidant/v1/group/key-id" + of_scope + of_chain + public)[:16]


# ---- Distribution, type 0x03

@dataclass
class Distribution:
    group: bytes
    number: int
    members_hash: bytes
    sender_hash: bytes
    key_id: bytes
    commitment: bytes
    public: bytes
    iteration: int
    chain_key: bytes

    def encode(self):
        return (bytes([wire.VERSION, DISTRIBUTION]) + lp8(self.group) + u64(self.number) + self.members_hash
                + self.sender_hash + self.key_id + self.commitment + self.public + u32(self.iteration)
                + self.chain_key)


def decode_distribution(data):
    reader = Reader(data)
    reader.start(DISTRIBUTION)
    group = reader.take(reader.number(1))
    if not group:
        raise Fail("NotCanonical")
    out = Distribution(group, reader.number(8), reader.take(32), reader.take(32), reader.take(16), reader.take(32),
                       check_ed25519(reader.take(32)), reader.number(4), reader.take(32))
    reader.end()
    return out


# ---- Group message, type 0x04

@dataclass
class GroupMessage:
    header: bytes
    key_id: bytes
    iteration: int
    body: bytes
    signature: bytes

    @property
    def sealed(self):
        return self.header + self.body


def header(of_key, iteration):
    return bytes([wire.VERSION, GROUP_MESSAGE]) + of_key + u32(iteration)


def decode_message(data):
    if len(data) > wire.MAX_MESSAGE:
        raise Fail("TooLong")
    reader = Reader(data)
    reader.start(GROUP_MESSAGE)
    if len(data) < MIN_MESSAGE:
        raise Fail("Truncated")
    of_key, iteration = reader.take(16), reader.number(4)
    return GroupMessage(data[:HEADER], of_key, iteration, data[HEADER:-SIGNATURE], data[-SIGNATURE:])


def message_size(plaintext_size):
    return HEADER + 24 + 32 + plaintext_size + 16 * (plaintext_size // 16384 + 1) + SIGNATURE


def message_context(of_header, ad):
    return b"confidant/v1/group/message" + of_header + ad


def statement(of_scope, of_key, iteration, ad, sealed, trace=None):
    """What is signed."""
    ad_hash = sha256(b"confidant/v1/group/content" + b"\0" + ad)
    sealed_hash = sha256(b"confidant/v1/group/content" + b"\1" + sealed)
    if trace is not None:
        trace.update({"ad_hash": ad_hash, "sealed_hash": sealed_hash})
    return b"confidant/v1/group/signature" + of_scope + of_key + u32(iteration) + ad_hash + sealed_hash


# ---- Sender keys

@dataclass
class OwnKey:
    number: int
    members_hash: bytes
    commitment: bytes
    created: int
    secret: bytes
    n: int
    chain_key: bytes

    @property
    def public(self):
        return ed25519_public(self.secret)


@dataclass
class SenderKey:
    """Another's key: a receiving chain with index 0 whose kept keys are handled as in the ratchet."""
    key_id: bytes
    sender: bytes
    number: int
    members_hash: bytes
    public: bytes
    first: int
    order: int
    receiving: Receiving
    forgotten: tuple = (0, 0)
    marks: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)
    max_stored: int = MAX_STORED
    epoch: int = 0

    expire_skipped = Session.expire_skipped
    _step_to, _keep_next = Session._step_to, Session._keep_next
    _evict, _forget = Session._evict, Session._forget

    def check(self, iteration):
        """Message: what the header tells."""
        if iteration < self.first:
            raise Fail("BeforeOurTime")
        if iteration - self.receiving.n > MAX_JUMP or iteration > LAST_N:
            raise Fail("TooFarAhead")

    def take(self, iteration):
        if iteration >= self.receiving.n:
            return self._step_to(iteration)
        if (0, iteration) in self.kept:
            return self.kept.pop((0, iteration))
        raise Fail("Forgotten" if (0, iteration) < self.forgotten else "Duplicate")


# ---- Group

@dataclass
class Group:
    """A device's view of a group. `number` is the group's epoch, `epoch` that of the snapshot."""
    group: bytes
    address: bytes
    identity: bytes
    number: int
    members: list
    messages: int = MESSAGES
    seconds: int = SECONDS
    came: int = 0
    before: list = field(default_factory=list)
    own: OwnKey | None = None
    due: bool = False
    given: list = field(default_factory=list)
    next_order: int = 0
    keys: list = field(default_factory=list)
    epoch: int = 0

    @property
    def us(self):
        return self.address, self.identity

    @property
    def members_hash(self):
        return members_hash(self.group, self.members)

    def change(self, number, members):
        """A new epoch."""
        members = ordered(members)
        if number <= self.number or self.us not in members:
            raise Fail("refused")
        lost = [address for address, identity in self.members if (address, identity) not in members]
        self.due = self.due or bool(lost) or number != self.number + 1
        self.before = (self.before + [(self.number, self.members_hash)])[-MAX_BEFORE:]
        self.number, self.members = number, members
        known = {number for number, _ in self.before} | {number}
        self.due = self.due or (self.own is not None and self.own.number not in known)
        self.given = [address for address in self.given if address not in lost]
        self.keys = [key for key in self.keys if key.sender not in lost]
        self.epoch += 1

    # -- Our key

    def rotate(self, now, rng):
        chain_key = rng.draw(32)
        secret = rng.draw(32)
        self.own = OwnKey(self.number, self.members_hash, commitment(chain_key), now, secret, 0, chain_key)
        self.due, self.given = False, []
        self.epoch += 1

    def own_scope(self):
        return scope(self.group, self.own.number, self.own.members_hash, *self.us)

    def own_key_id(self):
        return key_id(self.own_scope(), self.own.commitment, self.own.public)

    def is_due(self, now):
        own = self.own
        return (own is None or self.due or own.n >= self.messages
                or now >= min(own.created + self.seconds, LAST_TIME))

    def distribution(self):
        own = self.own
        return Distribution(self.group, own.number, own.members_hash, sender_hash(*self.us), self.own_key_id(),
                            own.commitment, own.public, own.n, own.chain_key)

    def distribute(self, peer):
        """Our key from the current iteration on, for a member."""
        if peer == self.us or peer not in self.members:
            raise Fail("NotAMember")
        if self.own is None or self.due:
            raise Fail("RotationDue")
        if peer[0] not in self.given:
            self.given = sorted([*self.given, peer[0]], key=address_order)
            self.epoch += 1
        return self.distribution().encode()

    def encrypt(self, plaintext, ad, now, rng, trace):
        if self.is_due(now):
            raise Fail("RotationDue")
        if message_size(len(plaintext)) > wire.MAX_MESSAGE:
            raise Fail("TooLong")
        own, of_key = self.own, self.own_key_id()
        message_key, next_chain_key = kdf_ck(own.chain_key)
        salt, of_header = rng.draw(24), header(of_key, own.n)
        trace.update({"scope": self.own_scope(), "key_id": of_key, "signing_secret": own.secret,
                      "chain_key": own.chain_key, "header": of_header, "message_key": message_key,
                      "next_chain_key": next_chain_key, "salt": salt,
                      "context": message_context(of_header, ad)})
        sealed = of_header + cobblestone_seal(message_key, salt, message_context(of_header, ad), plaintext, trace)
        text = statement(self.own_scope(), of_key, own.n, ad, sealed, trace)
        signature = ed25519_sign(own.secret, text)
        trace.update({"statement": text, "signature": signature})
        own.n, own.chain_key = own.n + 1, next_chain_key
        self.epoch += 1
        return sealed + signature

    # -- Others' keys

    def receive(self, peer, data):
        """A distribution that came over the pairwise session with this peer: the new key."""
        try:
            given = decode_distribution(data)
        except Fail as error:
            raise Fail(f"Malformed({error.name})") from None
        self._check_distribution(peer, given)
        key = SenderKey(given.key_id, peer[0], given.number, given.members_hash, given.public, given.iteration,
                        self.next_order, Receiving(0, given.iteration, given.chain_key))
        self._make_room(peer[0])
        self.keys = sorted([*self.keys, key], key=lambda key: key.key_id)
        self.next_order += 1
        self.epoch += 1
        return key

    def _check_distribution(self, peer, given):
        """Distribution: what a receiver checks, in this order."""
        if given.group != self.group:
            raise Fail("WrongGroup")
        if given.sender_hash != sender_hash(*peer):
            raise Fail("Relayed")
        if peer == self.us or peer not in self.members:
            raise Fail("NotAMember")
        self._check_epoch(given)
        of_scope = scope(given.group, given.number, given.members_hash, *peer)
        conflicting = (given.key_id != key_id(of_scope, given.commitment, given.public)
                       or (given.iteration == 0 and given.commitment != commitment(given.chain_key))
                       or given.iteration == LAST_ITERATION)
        if conflicting:
            raise Fail("Conflicting")
        known = self.find(given.key_id)
        if known:
            raise Fail("Rewinding" if given.iteration < known.first else "Replayed")

    def _check_epoch(self, given):
        if given.number > self.number:
            raise Fail("UnknownEpoch")
        known = dict([*self.before, (self.number, self.members_hash)])
        if given.number in known:
            if given.members_hash != known[given.number]:
                raise Fail("MembersDiffer")
        elif given.number >= self.came:
            raise Fail("OldEpoch")

    def _make_room(self, sender):
        theirs = sorted((key.order, key.key_id) for key in self.keys if key.sender == sender)
        if len(theirs) >= MAX_SENDER_KEYS:
            self.keys = [key for key in self.keys if key.key_id != theirs[0][1]]

    def find(self, of_key):
        return next((key for key in self.keys if key.key_id == of_key), None)

    def decrypt(self, data, ad, trace):
        """The plaintext, and the key that says whose it is. A message that does not open changes nothing."""
        try:
            message = decode_message(data)
        except Fail as error:
            raise Fail(f"Malformed({error.name})") from None
        if self.find(message.key_id) is None:
            raise Fail("UnknownKey")
        after = copy.deepcopy(self)
        key = after.find(message.key_id)
        key.check(message.iteration)
        of_scope = scope(self.group, key.number, key.members_hash, key.sender, dict(self.members)[key.sender])
        text = statement(of_scope, key.key_id, message.iteration, ad, message.sealed)
        if not ed25519_verify(key.public, text, message.signature):
            raise Fail("Unauthentic")
        message_key = key.take(message.iteration)
        plaintext = cobblestone_open(message_key, message_context(message.header, ad), message.body)
        trace.update({"scope": of_scope, "statement": text, "message_key": message_key})
        after.epoch += 1
        self.__dict__ = after.__dict__
        return plaintext, key, message.iteration

    def expire_skipped(self, now, max_age):
        """As in the ratchet, for each key. True if anything changed."""
        changed = [key.expire_skipped(now, max_age) for key in self.keys]
        self.epoch += any(changed)
        return any(changed)


def create(group, us, number, members, messages=MESSAGES, seconds=SECONDS):
    """A group as its device first sees it."""
    members = ordered(members)
    if us not in members:
        raise Fail("refused")
    return Group(group_id(group), *us, number, members, messages, seconds, came=number)
