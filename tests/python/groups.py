"""The model of spec.md, Groups: members, sender keys, distributions, group messages. Snapshots are in group_state.py."""

import copy
from dataclasses import dataclass, field

import wire
from confidant import CLOCK_SKEW, LAST_N, Receiving, Session, kdf_ck
from primitives import (Fail, check_ed25519, cobblestone_open, cobblestone_seal, ed25519_public, ed25519_sign,
                        ed25519_verify, sha256)
from wire import Reader, lp8, u32, u64

DISTRIBUTION, GROUP_MESSAGE = 0x03, 0x04
MAX_MEMBERS, MAX_BEFORE, MAX_SENDER_KEYS, MAX_KEYS = 5_000, 999, 5, 25_000
MAX_JUMP, MAX_STORED = 2_000, 500
MESSAGES, SECONDS, MAX_MESSAGES = 1_000, 604_800, 2_000
HEADER, MIN_MESSAGE, SIGNATURE, SHORT_HASH = 38, 174, 64, 8
LAST_TIME, LAST_EPOCH, LAST_ITERATION, LAST_KEY = 2**64 - 1, 2**64 - 1, 2**32 - 1, 2**32 - 1


# ---- Epochs

def address_order(address):
    """Provider, then user (bytewise, a prefix first), then device."""
    provider_end = 2 + address[1]
    return address[2:provider_end], address[provider_end + 2:-5], int.from_bytes(address[-4:], "big")


def ordered(members):
    """Members in their order; what is no list of members is found where the list first shows it."""
    addresses = set()
    for address, _ in members:
        if len(addresses) == MAX_MEMBERS:
            raise Fail("TooManyMembers")
        if address in addresses:
            raise Fail("DuplicateMember")
        addresses.add(address)
    return sorted(members, key=lambda member: address_order(member[0]))


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
    """`number` and `members_hash` are of the key's epoch, `current` and `current_hash` of the sender's; `key_number` is the
    key's."""
    group: bytes
    number: int
    members_hash: bytes
    key_number: int
    current: int
    current_hash: bytes
    sender_hash: bytes
    key_id: bytes
    commitment: bytes
    public: bytes
    iteration: int
    chain_key: bytes

    def encode(self):
        return (bytes([wire.VERSION, DISTRIBUTION]) + lp8(self.group) + u64(self.number) + self.members_hash
                + u32(self.key_number) + u64(self.current) + self.current_hash + self.sender_hash + self.key_id + self.commitment
                + self.public + u32(self.iteration) + self.chain_key)


def decode_distribution(data):
    reader = Reader(data)
    reader.start(DISTRIBUTION)
    group = reader.take(reader.number(1))
    if not group:
        raise Fail("NotCanonical")
    out = Distribution(group, reader.number(8), reader.take(32), reader.number(4), reader.number(8), reader.take(32),
                       reader.take(32), reader.take(16), reader.take(32), check_ed25519(reader.take(32)),
                       reader.number(4), reader.take(32))
    reader.end()
    return out


# ---- Group message, type 0x04

@dataclass
class GroupMessage:
    """`number` and `members` name the sender's epoch, by the first bytes of its members hash."""
    header: bytes
    key_id: bytes
    number: int
    members: bytes
    iteration: int
    body: bytes
    signature: bytes

    @property
    def sealed(self):
        return self.header + self.body


def header(of_key, number, of_members, iteration):
    return bytes([wire.VERSION, GROUP_MESSAGE]) + of_key + u64(number) + of_members[:SHORT_HASH] + u32(iteration)


def decode_message(data):
    reader = Reader(data)
    reader.start(GROUP_MESSAGE)
    if len(data) > wire.MAX_MESSAGE:
        raise Fail("TooLong")
    if len(data) < MIN_MESSAGE:
        raise Fail("Truncated")
    return GroupMessage(data[:HEADER], reader.take(16), reader.number(8), reader.take(SHORT_HASH), reader.number(4),
                        data[HEADER:-SIGNATURE], data[-SIGNATURE:])


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
    """`number` is that of the epoch in which it was made, `key_number` its own."""
    number: int
    members_hash: bytes
    key_number: int
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
    """Another's key: a receiving chain with index 0 whose kept keys are handled as in the ratchet. `made` is its place among
    its sender's: the number of its epoch, and its own."""
    key_id: bytes
    sender: bytes
    made: tuple
    until: int
    public: bytes
    first: int
    receiving: Receiving
    mark: int | None = None
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

def check_rotation(messages, seconds):
    if not 1 <= messages <= MAX_MESSAGES or seconds < 1:
        raise Fail("InvalidRotation")


@dataclass
class Group:
    """A device's view of a group. `number` is the group's epoch, `epoch` that of the snapshot; `first_keys` has for each
    member the place of the first of its keys that is not over."""
    group: bytes
    address: bytes
    identity: bytes
    number: int
    members: list
    messages: int = MESSAGES
    seconds: int = SECONDS
    since: dict = field(default_factory=dict)
    first_keys: dict = field(default_factory=dict)
    before: list = field(default_factory=list)
    last_removal: int = 0
    own: OwnKey | None = None
    due: bool = False
    given: list = field(default_factory=list)
    next_key: int = 0
    keys: list = field(default_factory=list)
    epoch: int = 0

    @property
    def us(self):
        return self.address, self.identity

    @property
    def members_hash(self):
        return members_hash(self.group, self.members)

    @property
    def known(self):
        """The members hashes of the epochs that are known, by number."""
        return dict([*self.before, (self.number, self.members_hash)])

    def change(self, number, members):
        """Change: a new epoch."""
        members = ordered(members)
        if number == self.number and members != self.members:
            raise Fail("MembersDiffer")
        if number <= self.number:
            raise Fail("OldEpoch")
        if self.us not in members:
            raise Fail("NotAMember")
        lost = [address for address, identity in self.members if (address, identity) not in members]
        stayed = [address for address, _ in self.members if address not in lost]
        self.due = self.due or bool(lost) or number != self.number + 1
        self.since = {address: self.since[address] if address in stayed else self.number + 1 for address, _ in members}
        self.first_keys = {address: self.first_keys[address] if address in stayed else (0, 0) for address, _ in members}
        self.last_removal = self.number + 1 if lost else self.last_removal
        self.before = (self.before + [(self.number, self.members_hash)])[-MAX_BEFORE:]
        self.number, self.members = number, members
        self.given = [address for address in self.given if address not in lost]
        self.keys = [key for key in self.keys if key.sender not in lost]
        self.epoch += 1

    # -- Our key

    def rotate(self, now, rng):
        chain_key = rng.draw(32)
        secret = rng.draw(32)
        self.own = OwnKey(self.number, self.members_hash, self.next_key, commitment(chain_key), now, secret, 0,
                          chain_key)
        self.next_key = min(self.next_key + 1, LAST_KEY)
        self.due, self.given = False, []
        self.epoch += 1

    def scope(self, number, of_members):
        """Us in an epoch."""
        return scope(self.group, number, of_members, *self.us)

    def current_scope(self):
        return self.scope(self.number, self.members_hash)

    def own_scope(self):
        return self.scope(self.own.number, self.own.members_hash)

    def own_key_id(self):
        return key_id(self.own_scope(), self.own.commitment, self.own.public)

    def is_due(self, now):
        own = self.own
        return (own is None or self.due or own.n >= self.messages
                or now >= min(own.created + self.seconds, LAST_TIME) or own.created > now + CLOCK_SKEW)

    @property
    def awaiting(self):
        """The other members who have not been given the key, or who await the next."""
        given = [] if self.due else self.given
        return [member for member in self.members if member != self.us and member[0] not in given]

    def distribution(self):
        own = self.own
        return Distribution(self.group, own.number, own.members_hash, own.key_number, self.number, self.members_hash,
                            sender_hash(*self.us), self.own_key_id(), own.commitment, own.public, own.n,
                            own.chain_key)

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
        own, of_key, of_scope = self.own, self.own_key_id(), self.current_scope()
        message_key, next_chain_key = kdf_ck(own.chain_key)
        salt, of_header = rng.draw(24), header(of_key, self.number, self.members_hash, own.n)
        trace.update({"key_scope": self.own_scope(), "scope": of_scope, "key_id": of_key,
                      "signing_secret": own.secret, "chain_key": own.chain_key, "header": of_header,
                      "message_key": message_key, "next_chain_key": next_chain_key, "salt": salt,
                      "context": message_context(of_header, ad)})
        sealed = of_header + cobblestone_seal(message_key, salt, message_context(of_header, ad), plaintext, trace)
        text = statement(of_scope, of_key, own.n, ad, sealed, trace)
        signature = ed25519_sign(own.secret, text)
        trace.update({"statement": text, "signature": signature})
        own.n, own.chain_key = own.n + 1, next_chain_key
        self.epoch += 1
        return sealed + signature

    # -- Others' keys

    def receive(self, peer, data, is_distribution=True):
        """What came over the pairwise session with this peer in a message of type 0x05: the new key."""
        if not is_distribution:
            raise Fail("NotADistribution")
        try:
            given = decode_distribution(data)
        except Fail as error:
            raise Fail(f"Malformed({error.name})") from None
        self._check_distribution(peer, given)
        key = SenderKey(given.key_id, peer[0], (given.number, given.key_number), LAST_EPOCH, given.public,
                        given.iteration, Receiving(0, given.iteration, given.chain_key))
        self._make_room(key)
        self._limit_each_other(key)
        self.keys = sorted([*self.keys, key], key=lambda key: key.key_id)
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
        self._check_epoch(given.current, given.current_hash)
        if min(given.current, given.number) < self.since[peer[0]]:
            raise Fail("OldEpoch")
        if given.number > given.current:
            raise Fail("Conflicting")
        if self.known.get(given.number, given.members_hash) != given.members_hash:
            raise Fail("MembersDiffer")
        if (self._over_a_removal(given.number, given.current)
                or (given.number, given.key_number) < self.first_keys[peer[0]]):
            raise Fail("OldKey")
        of_scope = scope(given.group, given.number, given.members_hash, *peer)
        conflicting = (given.key_id != key_id(of_scope, given.commitment, given.public)
                       or (given.iteration == 0 and given.commitment != commitment(given.chain_key))
                       or given.iteration == LAST_ITERATION)
        if conflicting:
            raise Fail("Conflicting")
        known = self.find(given.key_id)
        if known:
            raise Fail("Rewinding" if given.iteration < known.first else "Replayed")

    def _check_epoch(self, number, of_members):
        """Epoch of a peer, with its members hash or the first bytes of it."""
        if number > self.number:
            raise Fail("UnknownEpoch")
        if number not in self.known:
            raise Fail("OldEpoch")
        if not self.known[number].startswith(of_members):
            raise Fail("MembersDiffer")

    def _over_a_removal(self, made, named):
        """Whether a key of the one epoch is named in the other, though somebody was gone in between."""
        return made < self.last_removal <= named

    def _make_room(self, key):
        """A sixth key ends the first, or is refused."""
        theirs = self._of(key.sender)
        if len(theirs) < MAX_SENDER_KEYS:
            return
        if key.made <= theirs[0].made:
            raise Fail("OldKey")
        self._end(theirs[0])

    def _end(self, ended):
        """This key is over, and with it whatever is not after it."""
        epoch, number = ended.made
        after = (epoch, number + 1) if number < LAST_KEY else (epoch + 1, 0)
        self.first_keys[ended.sender] = max(self.first_keys[ended.sender], after)
        self.keys = [key for key in self.keys if key.sender != ended.sender or key.made > ended.made]

    def _limit_each_other(self, key):
        """A key may be used until a later epoch in which its sender made another."""
        for other in self._of(key.sender):
            if other.made[0] > key.made[0]:
                key.until = min(key.until, other.made[0])
            elif other.made[0] < key.made[0]:
                other.until = min(other.until, key.made[0])

    def _of(self, sender):
        """This sender's keys in their order."""
        return sorted((key for key in self.keys if key.sender == sender), key=lambda key: key.made)

    def find(self, of_key):
        return next((key for key in self.keys if key.key_id == of_key), None)

    def decrypt(self, data, ad, trace):
        """The plaintext, the key that says whose it is, and the message. One that does not open changes nothing."""
        try:
            message = decode_message(data)
        except Fail as error:
            raise Fail(f"Malformed({error.name})") from None
        if self.find(message.key_id) is None:
            raise Fail("UnknownKey")
        after = copy.deepcopy(self)
        key = after.find(message.key_id)
        self._check_epoch(message.number, message.members)
        if message.number < self.since[key.sender]:
            raise Fail("OldEpoch")
        if self._over_a_removal(key.made[0], message.number) or message.number > key.until:
            raise Fail("OldKey")
        key.check(message.iteration)
        of_scope = scope(self.group, message.number, self.known[message.number], key.sender,
                         dict(self.members)[key.sender])
        text = statement(of_scope, key.key_id, message.iteration, ad, message.sealed)
        if not ed25519_verify(key.public, text, message.signature):
            raise Fail("Unauthentic")
        message_key = key.take(message.iteration)
        plaintext = cobblestone_open(message_key, message_context(message.header, ad), message.body)
        trace.update({"scope": of_scope, "statement": text, "message_key": message_key})
        after.epoch += 1
        self.__dict__ = after.__dict__
        return plaintext, key, message

    def expire_skipped(self, now, max_age):
        """Message keys as in the ratchet, for each key; then the keys that are not their senders' newest."""
        changed = any([key.expire_skipped(now, max_age) for key in self.keys])
        superseded = [key for key in self.keys if key.made != self._of(key.sender)[-1].made]
        for key in superseded:
            if key.mark is None or key.mark > now:
                key.mark, changed = now, True
        for key in superseded:
            if min(key.mark + max_age, LAST_TIME) <= now:
                self._end(key)
                changed = True
        self.epoch += changed
        return changed


def create(group, us, number, members, messages=MESSAGES, seconds=SECONDS):
    """A group as its device first sees it."""
    check_rotation(messages, seconds)
    members = ordered(members)
    if us not in members:
        raise Fail("NotAMember")
    return Group(group_id(group), *us, number, members, messages, seconds, {address: 0 for address, _ in members},
                 {address: (0, 0) for address, _ in members})
