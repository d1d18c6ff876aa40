"""The model of spec.md: identity, pre-keys, handshake, ratchet, exporter. Snapshots are in state.py."""

import copy
from dataclasses import dataclass, field

import mlkem1024
import wire
from primitives import (Fail, cobblestone_open, cobblestone_seal, dh, ed25519_public, ed25519_sign, ed25519_verify,
                        expand, extract, sha256, x25519_public)
from wire import KEM_LAST_RESORT, KEM_ONE_TIME, KIND_NAMES, ONE_TIME, PQXDH, SIGNED, PreKey, lp16, u8

LIFETIME, GRACE, CLOCK_SKEW = 7_776_000, 2_592_000, 86_400
MAX_TAGS, MAX_ONE_TIME = 16_384, 10_000
MAX_LIMIT, DEFAULT_LIMIT, MAX_RETIRED, MAX_MARKS = 25_000, 2_000, 32, 16
LAST_N = 4_294_967_294
INITIATOR, RESPONDER = 0, 1


# ---- Identity

class Identity:
    """Identity: three secrets from one seed."""

    def __init__(self, seed):
        prk = extract(b"", seed)
        self.ed25519_secret = expand(prk, b"confidant/v1/identity/ed25519", 32)
        self.x25519_secret = expand(prk, b"confidant/v1/identity/x25519", 32)
        self.hedge_key = expand(prk, b"confidant/v1/identity/hedge", 32)
        self.public = ed25519_public(self.ed25519_secret) + x25519_public(self.x25519_secret)


def identity_hash(identity):
    return sha256(b"confidant/v1/identity/hash" + identity)


def hedge(key, ikm, info):
    """A secret from randomness and from a key, so that neither alone decides it."""
    return expand(extract(key, ikm), info, 32)


# ---- Pre-keys

@dataclass
class Generation:
    created: int
    expires: int
    secret: bytes
    kem_seed: bytes | None
    tags: list = field(default_factory=list)


class KemKey:
    """A KEM pre-key from its seed d ‖ z."""

    def __init__(self, seed):
        self.public, self.decapsulation_key = mlkem1024.keygen(seed[:32], seed[32:])


class Store:
    """Pre-keys: the secrets of a responder. One-time keys are (created, expires, secret or seed) by id."""

    def __init__(self, suite, identity, current, previous=None):
        self.suite, self.identity, self.current, self.previous = suite, identity, current, previous
        self.one_time, self.kem_one_time, self.epoch = {}, {}, 0

    @property
    def generations(self):
        return [g for g in (self.current, self.previous) if g]

    def add_one_time(self, created, expires, secret):
        self.one_time[wire.prekey_id(ONE_TIME, x25519_public(secret))] = (created, expires, secret)

    def add_kem_one_time(self, created, expires, seed):
        self.kem_one_time[wire.prekey_id(KEM_ONE_TIME, KemKey(seed).public)] = (created, expires, seed)


def draw_generation(suite, now, rng):
    """Pre-keys: the drawing order of a generation."""
    secret = rng.draw(32)
    return Generation(now, now + LIFETIME, secret, rng.draw(64) if suite == PQXDH else None)


def create_store(identity, suite, now, rng):
    return Store(suite, identity.public, draw_generation(suite, now, rng))


def make_one_time(store, now, curve, kem, rng):
    """Pre-keys: all curve keys first, then all KEM keys."""
    secrets = [rng.draw(32) for _ in range(curve)]
    seeds = [rng.draw(64) for _ in range(kem)]
    for secret in secrets:
        store.add_one_time(now, now + LIFETIME, secret)
    for seed in seeds:
        store.add_kem_one_time(now, now + LIFETIME, seed)
    store.epoch += 1


def rotate(store, now, rng):
    store.current, store.previous = draw_generation(store.suite, now, rng), store.current
    store.epoch += 1


def sign_prekey(identity, suite, kind, created, expires, public):
    """Pre-key body of wire.md."""
    key = PreKey(kind, created, expires, public)
    key.signature = ed25519_sign(identity.ed25519_secret, key.signed_text(suite, identity.public))
    return key


def publish(store, identity):
    """Publication of wire.md."""
    def curve(kind, created, expires, secret):
        return sign_prekey(identity, store.suite, kind, created, expires, x25519_public(secret))

    def kem(kind, created, expires, seed):
        return sign_prekey(identity, store.suite, kind, created, expires, KemKey(seed).public)

    now = store.current
    return wire.Publication(
        store.suite, identity.public, curve(SIGNED, now.created, now.expires, now.secret),
        kem(KEM_LAST_RESORT, now.created, now.expires, now.kem_seed) if store.suite == PQXDH else None,
        [curve(ONE_TIME, *store.one_time[i]) for i in sorted(store.one_time)],
        [kem(KEM_ONE_TIME, *store.kem_one_time[i]) for i in sorted(store.kem_one_time)])


def verify_bundle(bundle, now):
    """Pre-keys: all signatures first, then the times."""
    for key in bundle.prekeys:
        if not ed25519_verify(bundle.identity[:32], key.signed_text(bundle.suite, bundle.identity), key.signature):
            raise Fail(f"BadSignature({KIND_NAMES[key.kind]})")
    for key in bundle.prekeys:
        if now + CLOCK_SKEW < key.created:
            raise Fail(f"NotYetValid({KIND_NAMES[key.kind]})")
        if now >= key.expires:
            raise Fail(f"Expired({KIND_NAMES[key.kind]})")


# ---- Handshake

@dataclass
class Setting:
    """What the application gives to both sides of a handshake."""
    application: bytes
    initiator_address: bytes
    responder_address: bytes
    max_jump: int = DEFAULT_LIMIT
    max_stored: int = DEFAULT_LIMIT


def _optional(data):
    return b"\0" if data is None else b"\1" + data


def agreed_terms(setting, suite, initiator, responder, signed, one_time, kem):
    """Handshake: terms."""
    return (u8(suite) + lp16(setting.application)
            + lp16(setting.initiator_address) + lp16(setting.responder_address) + initiator + responder
            + signed.named + _optional(one_time and one_time.named) + _optional(kem and kem.named))


def transcript(terms, ciphertext, ephemeral):
    """Handshake: the preimage of th."""
    return b"confidant/v1/handshake/transcript" + terms + _optional(ciphertext) + ephemeral


def handshake_keys(suite, preimage, agreements, shared, trace):
    """Handshake: from the DH outputs and SS to RK, exporter key and replay tag."""
    th = sha256(preimage)
    prk = extract(bytes(32), b"\xff" * 32 + b"".join(agreements) + (shared or b""))
    okm = expand(prk, b"confidant/v1/handshake/keys" + u8(suite) + th, 192)
    names = ("root_key", "header_key_ab", "header_key_ba", "pq_root", "exporter_key", "replay_tag")
    keys = {name: okm[32 * i:32 * i + 32] for i, name in enumerate(names)}
    trace.update({f"dh{i + 1}": value for i, value in enumerate(agreements)})
    trace.update({"shared_secret": shared, "transcript": preimage, "th": th, "prk": prk, **keys})
    return th, keys


def check_other(setting, peer, own):
    """OwnIdentity: of the peer's address and the halves of its identity, none is ours."""
    if setting.initiator_address == setting.responder_address or peer[:32] == own[:32] or peer[32:] == own[32:]:
        raise Fail("OwnIdentity")


def prefix_hash(prefix):
    return sha256(b"confidant/v1/handshake/prefix" + prefix)


def initiate(identity, bundle, setting, rng, trace):
    """Handshake, Alice's side; the bundle has been verified."""
    check_other(setting, bundle.identity, identity.public)
    kem = bundle.kem
    terms = agreed_terms(setting, bundle.suite, identity.public, bundle.identity, bundle.signed, bundle.one_time, kem)
    binding = sha256(b"confidant/v1/hedge/terms" + terms)
    r1 = rng.draw(32)
    r2 = rng.draw(32) if kem else None
    secret = hedge(identity.hedge_key, r1, b"confidant/v1/hedge/ephemeral" + binding)
    ephemeral = x25519_public(secret)
    m = hedge(identity.hedge_key, r2, b"confidant/v1/hedge/encapsulation" + binding) if kem else None
    shared, ciphertext = mlkem1024.encaps(kem.public, m) if kem else (None, None)
    trace.update({"terms_hash": binding, "r1": r1, "r2": r2, "ephemeral_secret": secret, "ephemeral": ephemeral, "m": m,
                  "ciphertext": ciphertext})
    agreements = [dh(identity.x25519_secret, bundle.signed.public), dh(secret, bundle.identity[32:]),
                  dh(secret, bundle.signed.public)]
    if bundle.one_time:
        agreements.append(dh(secret, bundle.one_time.public))
    preimage = transcript(terms, ciphertext, ephemeral)
    th, keys = handshake_keys(bundle.suite, preimage, agreements, shared, trace)
    prefix = wire.encode_prefix(bundle.suite, identity.public, ephemeral, bundle.signed.id,
                                bundle.one_time and bundle.one_time.id, kem and kem.id, ciphertext)
    trace.update({"prefix": prefix, "prefix_hash": prefix_hash(prefix)})
    return Session(suite=bundle.suite, role=INITIATOR, peer=bundle.identity + setting.responder_address, th=th, prefix_hash=prefix_hash(prefix),
                   prefix=prefix, exporter_key=keys["exporter_key"], max_jump=setting.max_jump,
                   max_stored=setting.max_stored, root_key=keys["root_key"], remote=bundle.signed.public)


def _find_signed(store, message, now):
    for generation in store.generations:
        key = PreKey(SIGNED, generation.created, generation.expires, x25519_public(generation.secret))
        if key.id == message.signed_id:
            if now >= generation.expires + GRACE:
                raise Fail("SignedPreKeyExpired")
            return generation, key
    raise Fail("UnknownPreKey(Signed)")


def _find_one_time(store, message):
    if message.one_time_id is None:
        return None, None
    if message.one_time_id not in store.one_time:
        raise Fail("UnknownPreKey(OneTime)")
    created, expires, secret = store.one_time[message.one_time_id]
    return secret, PreKey(ONE_TIME, created, expires, x25519_public(secret))


def _find_kem(store, message):
    if message.kem_id is None:
        return None, None
    candidates = [(KEM_LAST_RESORT, g.created, g.expires, g.kem_seed) for g in store.generations]
    if message.kem_id in store.kem_one_time:
        candidates.append((KEM_ONE_TIME, *store.kem_one_time[message.kem_id]))
    for kind, created, expires, seed in candidates:
        pair = KemKey(seed)
        key = PreKey(kind, created, expires, pair.public)
        if key.id == message.kem_id:
            return pair.decapsulation_key, key
    raise Fail("UnknownPreKey(KemOneTime)")


def accept(identity, store, setting, data, ad, now, trace, known=None):
    """Handshake, Bob's side: a session and the first message's plaintext. The store changes only on success."""
    message = wire.decode_prekey_message(data)
    if store.identity != identity.public:
        raise Fail("WrongIdentity")
    if message.suite != store.suite:
        raise Fail("SuiteRefused")
    if known is not None and known != message.identity:
        raise Fail("IdentityChanged")
    check_other(setting, message.identity, identity.public)
    generation, signed = _find_signed(store, message, now)
    one_time_secret, one_time = _find_one_time(store, message)
    decapsulation_key, kem = _find_kem(store, message)
    agreements = [dh(generation.secret, message.identity[32:]), dh(identity.x25519_secret, message.ephemeral),
                  dh(generation.secret, message.ephemeral)]
    if one_time:
        agreements.append(dh(one_time_secret, message.ephemeral))
    shared = mlkem1024.decaps(decapsulation_key, message.ciphertext) if kem else None
    terms = agreed_terms(setting, message.suite, message.identity, identity.public, signed, one_time, kem)
    preimage = transcript(terms, message.ciphertext, message.ephemeral)
    th, keys = handshake_keys(message.suite, preimage, agreements, shared, trace)
    session = Session(suite=message.suite, role=RESPONDER, peer=message.identity + setting.initiator_address, th=th,
                      prefix_hash=prefix_hash(message.prefix), prefix=b"", exporter_key=keys["exporter_key"],
                      max_jump=setting.max_jump, max_stored=setting.max_stored, root_key=keys["root_key"],
                      remote=message.message.ratchet_key)
    plaintext = session.first_step(generation.secret, message.message, ad, trace)
    _use_up(store, generation, message, kem, keys["replay_tag"])
    return session, plaintext


def _use_up(store, generation, message, kem, tag):
    """Handshake, Replay."""
    one_time_kem = kem is not None and kem.kind == KEM_ONE_TIME
    if message.one_time_id is None and not one_time_kem:
        if tag[:16] in generation.tags:
            raise Fail("Replayed")
        if len(generation.tags) >= MAX_TAGS:
            raise Fail("ReplayRecordFull")
        generation.tags = sorted(generation.tags + [tag[:16]])
    store.one_time.pop(message.one_time_id, None)
    if one_time_kem:
        store.kem_one_time.pop(message.kem_id)
    store.epoch += 1


# ---- Ratchet

def kdf_rk(root_key, agreement):
    okm = expand(extract(root_key, agreement), b"confidant/v1/ratchet/root", 64)
    return okm[:32], okm[32:]


def kdf_ck(chain_key):
    """The message key, and the next chain key."""
    return extract(chain_key, b"\x01"), extract(chain_key, b"\x02")


def message_context(header, ad):
    return b"confidant/v1/ratchet/message" + header + ad


def message_size(plaintext_size):
    return wire.HEADER + 24 + 32 + plaintext_size + 16 * (plaintext_size // 16384 + 1)


@dataclass
class Sending:
    secret: bytes
    public: bytes
    pn: int
    n: int
    chain_key: bytes


@dataclass
class Receiving:
    index: int
    n: int
    chain_key: bytes


@dataclass
class Session:
    suite: int
    role: int
    peer: bytes
    th: bytes
    prefix_hash: bytes
    prefix: bytes
    exporter_key: bytes
    max_jump: int
    max_stored: int
    root_key: bytes
    remote: bytes
    last_sent: int = 0
    sending: Sending | None = None
    receiving: Receiving | None = None
    retired: list = field(default_factory=list)
    forgotten: tuple = (0, 0)
    marks: list = field(default_factory=list)
    kept: dict = field(default_factory=dict)
    epoch: int = 0

    # -- Sending

    def encrypt(self, plaintext, ad, rng, trace, is_distribution=False):
        """Ratchet, Sending."""
        if message_size(len(plaintext)) > wire.MAX_MESSAGE:
            raise Fail("TooLong")
        sending, root_key = copy.copy(self.sending), self.root_key
        if sending is None:
            sending, root_key = self._turn(rng, trace)
        if sending.n > LAST_N:
            raise Fail("ChainExhausted")
        message_key, sending.chain_key = kdf_ck(sending.chain_key)
        header = wire.header(is_distribution, sending.public, sending.pn, sending.n)
        salt = rng.draw(24)
        trace.update({"header": header, "message_key": message_key, "next_chain_key": sending.chain_key, "salt": salt})
        body = cobblestone_seal(message_key, salt, message_context(header, ad), plaintext, trace)
        sending.n += 1
        self.sending, self.root_key = sending, root_key
        self.epoch += 1
        return self.prefix + header + body

    def _turn(self, rng, trace):
        r = rng.draw(32)
        secret = hedge(self.root_key, r, b"confidant/v1/hedge/ratchet")
        agreement = dh(secret, self.remote)
        root_key, chain_key = kdf_rk(self.root_key, agreement)
        trace.update({"r": r, "ratchet_secret": secret, "ratchet_key": x25519_public(secret), "ratchet_dh": agreement,
                      "ratchet_root_key": root_key, "chain_key": chain_key})
        return Sending(secret, x25519_public(secret), self.last_sent, 0, chain_key), root_key

    # -- Receiving

    def decrypt(self, data, ad, trace):
        """Ratchet, Receiving: plaintext, chain index and message. One that does not open changes nothing."""
        message = self._decode(data)
        after = copy.deepcopy(self)
        message_key, index = after._key_for(message)
        trace.update({"message_key": message_key})
        plaintext = cobblestone_open(message_key, message_context(message.header, ad), message.body)
        after.prefix, after.epoch = b"", self.epoch + 1
        self.__dict__ = after.__dict__
        return plaintext, index, message

    def _decode(self, data):
        try:
            message = wire.decode_any(data)
        except Fail as error:
            raise Fail(f"Malformed({error.name})") from None
        if isinstance(message, wire.Message):
            return message
        if self.role == INITIATOR or prefix_hash(message.prefix) != self.prefix_hash:
            raise Fail("WrongSession")
        return message.message

    def _key_for(self, message):
        """Errors: by the ratchet key of the header."""
        if message.ratchet_key == self.remote:
            return self._from_current(message)
        for key, index, length in self.retired:
            if key == message.ratchet_key:
                return self._from_passed(index, message.n, length), index
        return self._from_new(message)

    def _from_current(self, message):
        current = self.receiving
        if current is None:
            raise Fail("Unauthentic")
        if message.n < current.n:
            return self._from_passed(current.index, message.n, current.n), current.index
        if message.n - current.n > self.max_jump or message.n > LAST_N:
            raise Fail("TooFarAhead")
        return self._step_to(message.n), current.index

    def _from_passed(self, index, n, length):
        if n >= length:
            raise Fail("Unauthentic")
        if (index, n) in self.kept:
            return self.kept.pop((index, n))
        raise Fail("Forgotten" if (index, n) < self.forgotten else "Duplicate")

    def _from_new(self, message):
        if self.sending is None:
            raise Fail("Unauthentic")
        current = self.receiving
        passed = message.pn - (current.n if current else 0)
        if passed < 0 or (current is None and message.pn != 0):
            raise Fail("Unauthentic")
        if passed > self.max_jump or message.n > self.max_jump:
            raise Fail("TooFarAhead")
        if current:
            self._retire(message.pn)
        agreement = dh(self.sending.secret, message.ratchet_key)
        self.last_sent, self.sending = self.sending.n, None
        self._begin_chain(agreement, message.ratchet_key, current.index + 1 if current else 0)
        return self._step_to(message.n), self.receiving.index

    def _begin_chain(self, agreement, ratchet_key, index):
        self.root_key, chain_key = kdf_rk(self.root_key, agreement)
        self.remote, self.receiving = ratchet_key, Receiving(index, 0, chain_key)

    def _step_to(self, n):
        """Keeps the message keys before N, and returns that of N."""
        current = self.receiving
        while current.n < n:
            self._keep_next()
        message_key, current.chain_key = kdf_ck(current.chain_key)
        current.n += 1
        self._evict()
        return message_key

    def _keep_next(self):
        current = self.receiving
        self.kept[(current.index, current.n)], current.chain_key = kdf_ck(current.chain_key)
        current.n += 1

    def _retire(self, length):
        while self.receiving.n < length:
            self._keep_next()
        self.retired.append((self.remote, self.receiving.index, length))
        if len(self.retired) > MAX_RETIRED:
            self._forget((self.retired.pop(0)[1] + 1, 0))

    # -- Bounds

    def _forget(self, position):
        self.kept = {at: key for at, key in self.kept.items() if at >= position}
        self.forgotten = max(self.forgotten, position)

    def _evict(self):
        surplus = sorted(self.kept)[:max(0, len(self.kept) - self.max_stored)]
        if surplus:
            self._forget((surplus[-1][0], surplus[-1][1] + 1))

    def expire_skipped(self, now, max_age):
        """Marks of state.md. True if anything changed."""
        if self.receiving is None:
            return False
        before = (self.forgotten, list(self.marks), dict(self.kept))
        position = (self.receiving.index, self.receiving.n)
        self.marks = [(min(time, now), at) for time, at in self.marks]
        last = self.marks[-1][1] if self.marks else (0, 0)
        due = not self.marks or now - self.marks[-1][0] >= max_age // 8
        if self.kept and position > last and due:
            self.marks = self.marks[:MAX_MARKS - 1] + [(now, position)]
        while self.marks and self.marks[0][0] + max_age <= now:
            self._forget(self.marks.pop(0)[1])
        changed = before != (self.forgotten, self.marks, self.kept)
        self.epoch += changed
        return changed

    # -- Handshake

    def first_step(self, signed_secret, message, ad, trace):
        """Ratchet, Bob's first step."""
        if message.pn != 0:
            raise Fail("Unauthentic")
        if message.n > self.max_jump:
            raise Fail("TooFarAhead")
        self._begin_chain(dh(signed_secret, message.ratchet_key), message.ratchet_key, 0)
        message_key = self._step_to(message.n)
        return cobblestone_open(message_key, message_context(message.header, ad), message.body)


# ---- Exporter

def exporter(exporter_key, label, context, size):
    if not 1 <= size <= 8160:
        raise Fail("refused")
    return expand(exporter_key, b"confidant/v1/exporter" + lp16(label) + lp16(context), size)
