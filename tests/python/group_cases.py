"""Cases of group.json: epochs, sender keys, messages, distributions and snapshots. Conversations are in group_scripts.py."""

import copy
from types import SimpleNamespace

import group_ops
import group_scripts
import groups
import ops
import state
import wire
from book import EDITS, Book, derive, flip, put
from confidant import Identity, Receiving, kdf_ck
from group_ops import advance, group_fields, group_of
from group_state import snapshot_group
from groups import LAST_ITERATION, SenderKey
from keys_cases import BAD_A, NOW, _odd_signatures
from primitives import Replay, cobblestone_seal, ed25519_public, ed25519_sign
from wire import lp8, u8, u32, u64

GROUP = b"friends"
WEEK = groups.SECONDS
LARGEST = 1022 * 16384 + 16258


def device(provider, user, number=1, seed=None):
    seed = seed or f"group {provider} {user} {number}"
    return {"provider": provider.encode(), "user": user.encode(), "device": number, "seed": derive(seed, 32)}


ALICE, BOB, CAROL = device("example.org", "alice"), device("example.net", "bob", 7), device("example.org", "carol", 2)
DAVE, EVE = device("example.net", "dave"), device("", "eve", 9)
PEOPLE = {"alice": ALICE, "bob": BOB, "carol": CAROL, "dave": DAVE, "eve": EVE}


def member(value):
    return group_ops.member(ops.show(value))


def group_file():
    book = Book("group.json",
                "Groups. `group-epoch`: hashes of a list of members and of one sender. `sender-key`: `rotate` with "
                "`random` in order of use (chain key, Ed25519 secret), and the distributions at some iterations. "
                "`group-message`: restores both snapshots, encrypts with the listed salt at the time `now` and "
                "decrypts; `group-decrypt`, `group-encrypt`: the receiver or the sender alone. "
                "`receive-distribution`: the receiver is given it over its pairwise session with `peer`. "
                "`group-snapshot`: the fields of state.md and their bytes; `restore-group` reads them with a least "
                "epoch. A refusal leaves the snapshot as it was. A failure's `in` stands over the `in` of the vector "
                "named in `of`, and over its `out.message` or `out.snapshot`; `differs`: its result is another one; "
                "`refused`: spec.md names no error for it. `group-conversation`: `in` holds the group and its devices "
                "by name, `events` are played in order, each on the group of the device `by`: create, change, rotate, "
                "distribute (to a member, kept under `id`), receive (`id` or `bytes`, from a pairwise peer), encrypt "
                "(kept under `id`), decrypt (`id` or `bytes`), expire (expire_skipped), snapshot, restore (an earlier "
                "snapshot or `bytes`); `snapshot_epoch` is the epoch of the frame afterwards. A device with a digit "
                "behind its name is the same address with another identity. " + EDITS)
    for build in (_epochs, _sender_keys, _messages, _distributions, _snapshots):
        build(book)
    for build in group_scripts.SCRIPTS:
        build(book)
    return book


# ---- group-epoch

PREFIXES = [device("example.org", "al"), device("example.org", "alice"), device("example.org", "alic"),
            device("example.org", "alicf"), device("example.org", "Alice"), device("example.org", "alice0")]
PROVIDERS = [device("b", "alice"), device("aa", "zoe"), device("", "zoe"), device("", "alice"), device("aa", "alice"),
             device("a", "alice"), {**device("", "x"), "provider": b"\xff", "user": b"\x00"}]
DEVICES = [device("example.org", "alice", number) for number in (256, 2, 2**32 - 1, 0, 65_536, 1)]
LONG = [device("p" * 255, "u" * 255, 3), device("p" * 254, "u" * 255, 3)]
EPOCHS = [("alone", GROUP, 1, [ALICE]), ("three", GROUP, 1, [CAROL, BOB, ALICE]),
          ("prefix-users", b"\x00", 2, PREFIXES), ("providers", GROUP, 3, PROVIDERS),
          ("devices", b"g" * 255, 2**64 - 1, DEVICES), ("long-names", GROUP, 2**32, LONG)]


def _epochs(book):
    for slug, group, epoch, listed in EPOCHS:
        name, sender = "group-epoch/" + slug, listed[-1]
        book.ok(name, "group-epoch", "R-61 R-70", {"group": group, "epoch": epoch, "members": listed, "sender": sender})
        if slug in ("three", "prefix-users", "providers"):
            made = book.ok(name + "/reversed", "group-epoch", "R-70", {"members": listed[::-1]}, name)
            assert made["out"] == book.named(name)["out"]
        _epoch_failures(book, name, group, epoch, listed)


def _epoch_failures(book, name, group, epoch, listed):
    sender, rest = listed[-1], listed[:-1]

    def fail(slug, req, why, expect="differs", **given):
        book.fail(name, slug, "group-epoch", req, expect, why, **given)
    fail("group", "R-61", "another group", group=flip(group, 0))
    fail("epoch", "R-61", "another epoch: the scope differs, the members hash does not", epoch=epoch - 1)
    if rest:
        fail("sender", "R-71", "another sender of the same epoch", sender=rest[0])
    fail("no-group-id", "R-122", "an empty group id", "refused", group=b"")
    fail("long-group-id", "R-122", "a group id of 256 bytes", "refused", group=bytes(256))
    if name.endswith(("long-names", "providers", "devices", "prefix-users")):
        return
    fail("joined", "R-70", "one member more", members=[*listed, EVE])
    fail("identity", "R-70", "the sender has another identity", members=[*rest, {**sender, "seed": EVE["seed"]}],
         sender={**sender, "seed": EVE["seed"]})
    fail("device", "R-70", "another device", members=[*rest, {**sender, "device": 77}])
    moved = {**sender, "provider": sender["provider"] + sender["user"][:1], "user": sender["user"][1:]}
    if moved["user"] and len(moved["provider"]) < 256:
        fail("moved", "R-70 R-122", "a byte moved from the user to the provider", members=[*rest, moved])
    if rest:
        fail("left", "R-70", "a member less", members=listed[1:])
        swapped = [{**listed[1], "seed": listed[0]["seed"]}, {**listed[0], "seed": listed[1]["seed"]}, *listed[2:]]
        fail("identities-swapped", "R-70", "two members with each other's identity", members=swapped)
    fail("twice", "R-70", "a member twice", "refused", members=[*listed, sender])
    fail("address-twice", "R-70", "an address with two identities", "refused",
         members=[*listed, {**sender, "seed": EVE["seed"]}])


# ---- sender-key

def _sender_keys(book):
    for slug, group, epoch, listed, iterations in (
            ("three", GROUP, 1, [ALICE, BOB, CAROL], [0, 1, 5]), ("two-devices", b"\x00", 2**40, DEVICES[:2], [0, 1000]),
            ("long-names", b"g" * 255, 9, [LONG[0], BOB], [0, 2])):
        name = "sender-key/" + slug
        random = [derive(name + " chain key", 32), derive(name + " signing secret", 32)]
        book.ok(name, "sender-key", "R-62 R-64 R-70", {
            "group": group, "epoch": epoch, "members": listed, "sender": listed[0], "now": NOW, "random": random,
            "iterations": iterations})
        _sender_key_failures(book, name, group, epoch, listed, random)


def _sender_key_failures(book, name, group, epoch, listed, random):
    chain_key, secret = random

    def fail(slug, req, why, expect="differs", **given):
        book.fail(name, slug, "sender-key", req, expect, why, **given)
    fail("chain-key", "R-64", "another chain key", random=[flip(chain_key, 31), secret])
    fail("secret", "R-64", "another Ed25519 secret", random=[chain_key, flip(secret, 5)])
    fail("exchanged", "R-64", "the two secrets exchanged", random=random[::-1])
    fail("group", "R-61", "another group", group=group[:-1] + b"x")
    fail("epoch", "R-61", "another epoch", epoch=epoch + 1)
    fail("sender", "R-62", "another sender", sender=listed[1])
    fail("members", "R-70", "another list of members", members=[*listed, EVE])
    fail("created", "R-65", "made at another time: the snapshot differs, the distribution does not", now=NOW + 1)
    fail("no-randomness", "R-44", "no randomness", "Randomness", random=[])
    fail("randomness-half", "R-44", "randomness fails after the chain key", "Randomness", random=[chain_key])
    fail("not-a-member", "R-62", "the device is not in the list", "refused", members=[*listed[1:], EVE])


# ---- Pairs of a sender and a receiver

def make_pair(name, iteration=0, given_at=0, number=3):
    """Alice's group with a key at this iteration, and Bob's, who was given it from `given_at` on and has read all."""
    listed = [member(value) for value in (ALICE, BOB, CAROL)]
    alice = groups.create(GROUP, member(ALICE), number, listed)
    bob = groups.create(GROUP, member(BOB), number, listed)
    alice.rotate(NOW, Replay([derive(name + " chain key", 32), derive(name + " signing secret", 32)]))
    advance(alice, given_at)
    bob.receive(member(ALICE), alice.distribute(member(BOB)))
    advance(alice, iteration)
    key = bob.keys[0]
    if iteration > given_at:
        key._step_to(iteration - 1)
        key.kept = {}
    return alice, bob


# ---- group-message

TWO_CHUNKS = {"repeat": "c0ffee", "length": 16_400}
MESSAGES = [("first", 0, 0, b"first message", b""), ("first-with-ad", 0, 0, b"first message", b"associated data"),
            ("second", 1, 0, b"second", b"ad"), ("sixth", 5, 0, b"sixth", b""),
            ("from-five-on", 5, 5, b"the first that the joiner reads", b"ad"), ("empty", 1, 1, b"", b""),
            ("two-chunks", 0, 0, TWO_CHUNKS, b"ad")]


def _messages(book):
    for slug, iteration, given_at, text, ad in MESSAGES:
        name = "group-message/" + slug
        alice, bob = make_pair(name, iteration, given_at)
        made = book.ok(name, "group-message", "R-60 R-61 R-41 R-45 R-46 R-71", {
            "sender": snapshot_group(alice), "receiver": snapshot_group(bob), "random": [derive(name + " salt", 24)],
            "plaintext": text, "ad": ad, "now": NOW + 100})
        if slug == "two-chunks":
            _two_chunk_failures(book, name)
            continue
        _Forger(book, made, alice, bob).all()
        if slug == "first-with-ad":
            _rollback(book, made, name)
    _jumps(book)
    _encrypt_failures(book)


def _rollback(book, made, name):
    """The same snapshot encrypts again: the same MK, another salt, so other K and nonce."""
    again = book.ok(name + "/rolled-back", "group-encrypt", "R-41", {"random": [derive(name + " salt again", 24)]}, name)
    first, second = made["out"]["steps"], again["out"]["steps"]
    assert first["message_key"] == second["message_key"] and first["aead_key"] != second["aead_key"]


def _two_chunk_failures(book, name):
    """Its message stands here only by its hash: what is changed is what it is made from."""
    def fail(slug, req, expect, why, **given):
        book.fail(name, slug, "group-message", req, expect, why, **given)
    fail("plaintext", "R-60", "differs", "the last byte is another", plaintext={**TWO_CHUNKS, "repeat": "c0ffef"})
    fail("length", "R-45", "differs", "one byte less", plaintext={**TWO_CHUNKS, "length": 16_399})
    fail("salt", "R-41", "differs", "another salt", random=[derive(name + " salt again", 24)])
    fail("ad", "R-36", "differs", "other associated data", ad=b"other")
    fail("seconds", "R-65", "RotationDue", "now = created + 604,800", now=NOW + WEEK)


class _Forger:
    """Messages that must not open."""

    def __init__(self, book, made, alice, bob):
        self.book, self.made, self.alice, self.bob = book, made, alice, bob
        self.name, self.encoded = made["name"], bytes.fromhex(made["out"]["message"])
        self.sealed, self.ad = self.encoded[:-64], bytes.fromhex(made["in"]["ad"])
        self.iteration, self.first = made["out"]["iteration"], bob.keys[0].first

    def fail(self, slug, req, expect, why, encoded=None, **given):
        given = {**given, **({} if encoded is None else {"message": encoded})}
        self.book.fail(self.name, slug, "group-decrypt", req, expect, why, **given)

    def sign(self, sealed, ad=None, of_scope=None, secret=None, iteration=None, of_key=None):
        """A message signed as these say, or as is right."""
        alice = self.alice
        text = groups.statement(of_scope or alice.own_scope(), of_key or alice.own_key_id(),
                                self.iteration if iteration is None else iteration, self.ad if ad is None else ad,
                                sealed)
        return sealed + ed25519_sign(secret or alice.own.secret, text)

    def all(self):
        """Every kind for one success, for the others what depends on iterations and lengths."""
        self.headers()
        self.states()
        self.signed_forgeries()
        if self.name.endswith("first-with-ad"):
            self.formats()
            self.signatures()
            self.scopes()

    def formats(self):
        fail, encoded = self.fail, self.encoded
        fail("no-byte", "R-122", "Malformed(Truncated)", "no byte", b"")
        fail("version", "R-136", "Malformed(UnsupportedVersion)", "version 2", put(encoded, 0, b"\2"))
        fail("version-0", "R-136", "Malformed(UnsupportedVersion)", "version 0, and nothing else", b"\0")
        fail("type", "R-136", "Malformed(WrongKind)", "type of a message", put(encoded, 1, b"\2"))
        fail("type-distribution", "R-136", "Malformed(WrongKind)", "type of a distribution", put(encoded, 1, b"\3"))
        fail("shortest", "R-45 R-122", "Malformed(Truncated)", "157 bytes", encoded[:157])
        fail("only-header", "R-122", "Malformed(Truncated)", "the header alone", encoded[:22])
        if len(encoded) > 158:
            fail("truncated", "R-45", "Unauthentic", "one byte too few", encoded[:-1])
        fail("extended", "R-45", "Unauthentic", "one byte too many", encoded + b"\0")
        if self.name.endswith("/first-with-ad"):
            long = {"repeat": "0104", "length": 2**24 + 1}
            fail("too-long", "R-68", "Malformed(TooLong)", "16,777,217 bytes", message=long)
            fail("longest", "R-68", "UnknownKey", "16,777,216 bytes, forged", message={**long, "length": 2**24})

    def headers(self):
        fail, encoded, next_n = self.fail, self.encoded, self.bob.keys[0].receiving.n
        fail("key-id-first", "R-36 R-64", "UnknownKey", "first byte of the key id flipped", flip(encoded, 2))
        fail("key-id-last", "R-36 R-64", "UnknownKey", "last byte of the key id flipped", flip(encoded, 17, 128))
        fail("iteration", "R-36 R-60", "Unauthentic", "iteration one higher", put(encoded, 18, u32(self.iteration + 1)))
        if self.iteration:
            below = "BeforeOurTime" if self.iteration == self.first else "Unauthentic"
            fail("iteration-lower", "R-36 R-69", below, "iteration one lower", put(encoded, 18, u32(self.iteration - 1)))
        fail("iteration-limit", "R-68", "Unauthentic", "passes over 2,000 keys, forged",
             put(encoded, 18, u32(next_n + 2000)))
        fail("iteration-too-far", "R-68", "TooFarAhead", "passes over 2,001 keys",
             put(encoded, 18, u32(next_n + 2001)))
        fail("iteration-last", "R-38", "TooFarAhead", "iteration 4,294,967,295", put(encoded, 18, u32(LAST_ITERATION)))
        fail("salt", "R-41 R-60", "Unauthentic", "salt flipped", flip(encoded, 22))
        fail("commitment", "R-46 R-60", "Unauthentic", "commitment flipped", flip(encoded, 46))
        fail("ciphertext", "R-60", "Unauthentic", "first byte behind the commitment flipped", flip(encoded, 78))
        fail("tag", "R-45 R-60", "Unauthentic", "last byte of the tag flipped", flip(encoded, len(encoded) - 65))

    def signatures(self):
        fail, encoded, alice = self.fail, self.encoded, self.alice
        fail("ad", "R-36 R-60", "Unauthentic", "other associated data", ad=b"other")
        fail("ad-longer", "R-36 R-60", "Unauthentic", "longer associated data", ad=self.ad + b"\0")
        fail("signature-r", "R-60", "Unauthentic", "R flipped", flip(encoded, len(encoded) - 64))
        fail("signature-s", "R-60", "Unauthentic", "S flipped", flip(encoded, len(encoded) - 32))
        fail("signature-zero", "R-60", "Unauthentic", "a signature of zeros", self.sealed + bytes(64))
        fail("signature-missing", "R-60", "Unauthentic" if len(self.sealed) >= 158 else "Malformed(Truncated)",
             "no signature", self.sealed)
        text = bytes.fromhex(self.made["out"]["steps"]["statement"])
        signer = SimpleNamespace(ed25519_secret=alice.own.secret, public=alice.own.public)
        for slug, why, signature in _odd_signatures(signer, text):
            fail(slug, "R-60", "Unauthentic", why, self.sealed + signature)
        fail("signed-by-identity", "R-60 R-62", "Unauthentic", "signed by the sender's identity",
             self.sign(self.sealed, secret=Identity(ALICE["seed"]).ed25519_secret))
        fail("signed-by-another", "R-60", "Unauthentic", "signed by another member's identity",
             self.sign(self.sealed, secret=Identity(CAROL["seed"]).ed25519_secret))

    def scopes(self):
        alice = self.alice
        others = {"group": (b"fiends", 3, alice.members_hash, *alice.us),
                  "epoch": (GROUP, 4, alice.members_hash, *alice.us),
                  "members": (GROUP, 3, groups.members_hash(GROUP, alice.members[1:]), *alice.us),
                  "sender": (GROUP, 3, alice.members_hash, *member(CAROL)),
                  "device": (GROUP, 3, alice.members_hash, *member({**ALICE, "device": 2})),
                  "identity": (GROUP, 3, alice.members_hash, alice.address, member(CAROL)[1])}
        for slug, values in others.items():
            self.fail("signed-for-other-" + slug, "R-61 R-60", "Unauthentic", f"signed by the right key for another {slug}",
                      self.sign(self.sealed, of_scope=groups.scope(*values)))
        self.fail("signed-for-other-key-id", "R-64", "Unauthentic", "signed by the right key for another key id",
                  self.sign(self.sealed, of_key=bytes(16)))
        self.fail("signed-for-other-iteration", "R-60", "Unauthentic", "signed by the right key for another iteration",
                  self.sign(self.sealed, iteration=self.iteration + 1))
        own = groups.key_id(groups.scope(*others["epoch"]), alice.own.commitment, alice.own.public)
        self.fail("cross-posted", "R-61 R-64", "UnknownKey", "the same text under the key id of another epoch",
                  self.sign(put(self.sealed, 2, own), of_scope=groups.scope(*others["epoch"]), of_key=own))

    def signed_forgeries(self):
        """Whoever signs still needs the message key, for these bytes and this place."""
        fail, sealed, why = self.fail, self.sealed, "signed anew: "
        fail("signed-salt", "R-41 R-46", "Unauthentic", why + "salt flipped", self.sign(flip(sealed, 45)))
        fail("signed-commitment", "R-46", "Unauthentic", why + "commitment flipped", self.sign(flip(sealed, 77, 128)))
        fail("signed-tag", "R-45", "Unauthentic", why + "tag flipped", self.sign(flip(sealed, len(sealed) - 1)))
        fail("signed-extended", "R-45", "Unauthentic", why + "a byte too many", self.sign(sealed + b"\0"))
        if len(sealed) > 94:
            fail("signed-truncated", "R-45", "Unauthentic", why + "a byte too few", self.sign(sealed[:-1]))
        fail("signed-ad", "R-36", "Unauthentic", why + "other associated data", self.sign(sealed, ad=b"other"), ad=b"other")
        later = put(sealed, 18, u32(self.iteration + 1))
        fail("signed-iteration", "R-36", "Unauthentic", why + "iteration one higher",
             self.sign(later, iteration=self.iteration + 1))

    def states(self):
        fail, after = self.fail, bytes.fromhex(self.made["out"]["receiver_after"])
        fail("again", "R-67 R-44", "Duplicate", "decrypted before", receiver=after)
        fail("again-forged", "R-60 R-44", "Unauthentic", "at a used iteration, signature flipped: that is found first",
             flip(self.encoded, len(self.encoded) - 1), receiver=after)
        fail("again-signed", "R-67", "Duplicate", "other bytes at a used iteration, well signed",
             self.sign(flip(self.sealed, 50)), receiver=after)
        fail("given-back", "R-71", "UnknownKey", "given back to its sender", receiver=snapshot_group(self.alice))
        late = copy.deepcopy(self.bob)
        late.keys[0].first = late.keys[0].receiving.n = self.iteration + 1
        fail("before-our-time", "R-69", "BeforeOurTime", "the receiver was given the key from the next iteration on",
             receiver=snapshot_group(late))
        fail("before-our-time-forged", "R-69 R-44", "BeforeOurTime", "the same, forged: no key to tell",
             flip(self.encoded, len(self.encoded) - 1), receiver=snapshot_group(late))
        late = copy.deepcopy(self.bob)
        late.keys[0].receiving.chain_key = flip(late.keys[0].receiving.chain_key, 3)
        fail("other-chain", "R-64", "Unauthentic", "the receiver was given another chain key from a later iteration on",
             receiver=snapshot_group(late))


def _jumps(book):
    """Messages that pass over others, and passed ones."""
    name = "group-message/jump"
    alice, bob = make_pair(name, 0)
    ahead = copy.deepcopy(alice)
    advance(ahead, 3)
    made = _message(book, name, ahead, bob, b"fourth")
    after = bytes.fromhex(made["out"]["receiver_after"])
    fail = _Forger(book, made, ahead, bob).fail
    encoded = bytes.fromhex(made["out"]["message"])
    fail("again", "R-67", "Duplicate", "decrypted before", receiver=after)
    fail("kept-forged", "R-60", "Unauthentic", "a kept key's number on another message", put(encoded, 18, u32(1)),
         receiver=after)
    fail("forged", "R-60", "Unauthentic", "signature flipped: nothing is kept", flip(encoded, len(encoded) - 1))
    fail("key-id", "R-64", "UnknownKey", "key id flipped", flip(encoded, 9))
    passed = group_ops.restore_group(after)
    advance(alice, 1)
    made = _message(book, "group-message/passed", alice, passed, b"second, late")
    forger = _Forger(book, made, alice, passed)
    forger.fail("again", "R-67", "Duplicate", "decrypted before", receiver=bytes.fromhex(made["out"]["receiver_after"]))
    gone = copy.deepcopy(passed)
    gone.keys[0]._forget((0, 2))
    forger.fail("forgotten", "R-44 R-68", "Forgotten", "its key is forgotten", receiver=snapshot_group(gone))
    forger.fail("forgotten-forged", "R-44 R-60", "Unauthentic", "its key is forgotten, and the signature flipped",
                flip(forger.encoded, len(forger.encoded) - 1), receiver=snapshot_group(gone))
    forger.fail("signed-ad", "R-36", "Unauthentic", "signed anew: other associated data",
                forger.sign(forger.sealed, ad=b"x"), ad=b"x")
    forger.fail("salt", "R-41", "Unauthentic", "salt flipped", flip(forger.encoded, 30))
    _limits(book)


def _message(book, name, sender, receiver, text):
    return book.ok(name, "group-message", "R-60 R-67 R-68", {
        "sender": snapshot_group(sender), "receiver": snapshot_group(receiver), "random": [derive(name + " salt", 24)],
        "plaintext": text, "ad": b"", "now": NOW + 100})


def _limits(book):
    """The last iterations that there are."""
    name = "group-message/last-iteration"
    alice, bob = make_pair(name, 0)
    alice.messages = LAST_ITERATION
    alice.own.n = bob.keys[0].receiving.n = LAST_ITERATION - 1
    made = _message(book, name, alice, bob, b"the last of its chain")
    forger = _Forger(book, made, alice, bob)
    after = bytes.fromhex(made["out"]["receiver_after"])
    forger.fail("iteration-last", "R-38", "TooFarAhead", "iteration 4,294,967,295", put(forger.encoded, 18, u32(LAST_ITERATION)))
    forger.fail("iteration-last-after", "R-38", "TooFarAhead", "iteration 4,294,967,295 is the receiver's next",
                put(forger.encoded, 18, u32(LAST_ITERATION)), receiver=after)
    forger.fail("again", "R-67", "Duplicate", "decrypted before", receiver=after)
    forger.fail("salt", "R-60", "Unauthentic", "salt flipped", flip(forger.encoded, 22))
    alice.own.n = LAST_ITERATION
    book.fail(name, "exhausted", "group-encrypt", "R-38 R-65", "RotationDue", "the iterations are used up",
              sender=snapshot_group(alice))


def _encrypt_failures(book):
    name = "group-message/encrypt"
    alice, bob = make_pair(name, 999)
    made = _message(book, name, alice, bob, b"the thousandth")

    def fail(slug, req, expect, why, **given):
        book.fail(name, slug, "group-encrypt", req, expect, why, **given)

    def with_(**changes):
        other = copy.deepcopy(alice)
        for field, value in changes.items():
            setattr(other, field, value)
        return snapshot_group(other)
    fail("randomness", "R-44", "Randomness", "no randomness", random=[])
    fail("count", "R-65", "RotationDue", "1,000 messages were sent", sender=bytes.fromhex(made["out"]["sender_after"]))
    fail("seconds", "R-65", "RotationDue", "now = created + 604,800", now=NOW + WEEK)
    book.ok(name + "/last-second", "group-encrypt", "R-65", {"now": NOW + WEEK - 1}, name)
    book.ok(name + "/clock-back", "group-encrypt", "R-65", {"now": 0}, name)
    fail("due", "R-65", "RotationDue", "a member is gone", sender=with_(due=True))
    fail("no-key", "R-65", "RotationDue", "no key was made yet", sender=with_(own=None))
    fail("count-set", "R-65", "RotationDue", "999 messages were sent, which is the number set", sender=with_(messages=999))
    fail("seconds-set", "R-65", "RotationDue", "now = created + the seconds set", sender=with_(seconds=100))
    never = with_(seconds=2**64 - 1)
    book.ok(name + "/never-by-time", "group-encrypt", "R-65", {"sender": never, "now": 2**64 - 2}, name)
    fail("seconds-saturate", "R-65 R-38", "RotationDue", "created + seconds saturates at 2^64 - 1", sender=never,
         now=2**64 - 1)
    assert groups.message_size(LARGEST) == 2**24 and groups.message_size(LARGEST + 1) == 2**24 + 1
    fail("too-long", "R-68", "TooLong", "a message of 16,777,217 bytes", plaintext={"repeat": "00", "length": LARGEST + 1})


# ---- receive-distribution

def _distributions(book):
    for slug, build in (("first", _first), ("later-iteration", _later), ("late-joiner", _joiner),
                        ("epoch-before", _epoch_before), ("sixth-key", _sixth)):
        name = "receive-distribution/" + slug
        sender, receiver = build(name)
        made = book.ok(name, "receive-distribution", "R-62 R-63 R-64 R-68", {
            "receiver": snapshot_group(receiver), "peer": ALICE, "distribution": sender.distribution().encode()})
        _Refusals(book, made, sender, receiver).all()


def _pair(name, number=1, iteration=0):
    listed = [member(value) for value in (ALICE, BOB, CAROL)]
    alice, bob = (groups.create(GROUP, member(who), number, listed) for who in (ALICE, BOB))
    _rotate(alice, name)
    advance(alice, iteration)
    return alice, bob


def _rotate(group, name):
    group.rotate(NOW, Replay([derive(name + " chain key", 32), derive(name + " signing secret", 32)]))


def _first(name):
    alice, bob = _pair(name)
    bob.change(2, bob.members)
    return alice, bob


def _later(name):
    alice, bob = _pair(name, iteration=5)
    bob.rotate(NOW, Replay([derive("bob chain key", 32), derive("bob signing secret", 32)]))
    return alice, bob


def _joiner(name):
    """Dave comes in epoch 4, and is given a key of epoch 1 that he cannot check the members of."""
    alice, _ = _pair(name, iteration=3)
    everybody = [member(value) for value in (ALICE, BOB, CAROL, DAVE)]
    return alice, groups.create(GROUP, member(DAVE), 4, everybody)


def _epoch_before(name):
    """A key of the oldest epoch that is known, four changes ago."""
    alice, bob = _pair(name)
    for number in (2, 4, 5, 8):
        bob.change(number, [*bob.members, member({**EVE, "device": 100 + number})])
    return alice, bob


def _sixth(name):
    alice, bob = _pair(name)
    for i in range(5):
        _rotate(alice, f"{name} {i}")
        bob.receive(member(ALICE), alice.distribution().encode())
    _rotate(alice, name)
    return alice, bob


class _Refusals:
    """Distributions that must not be taken."""

    def __init__(self, book, made, sender, receiver):
        self.book, self.made, self.receiver, self.name = book, made, receiver, made["name"]
        self.encoded = bytes.fromhex(made["in"]["distribution"])
        self.good, self.g = groups.decode_distribution(self.encoded), len(GROUP)
        self.own, self.peer = sender.own, member(ALICE)

    def fail(self, slug, req, expect, why, encoded=None, **given):
        given = {**given, **({} if encoded is None else {"distribution": encoded})}
        self.book.fail(self.name, slug, "receive-distribution", req, expect, why, **given)

    def other(self, peer=None, **changes):
        """A distribution that fits together, but for another group, epoch, sender or chain."""
        made = copy.copy(self.good)
        for field, value in changes.items():
            setattr(made, field, value)
        peer = peer or self.peer
        made.sender_hash = changes.get("sender_hash", groups.sender_hash(*peer))
        of_scope = groups.scope(made.group, made.number, made.members_hash, *peer)
        made.key_id = changes.get("key_id", groups.key_id(of_scope, made.commitment, made.public))
        return made.encode()

    def all(self):
        if self.name.endswith("/first"):
            self.formats()
        if self.name.endswith(("/first", "/late-joiner")):
            self.senders()
        self.epochs()
        self.conflicts()
        self.replays()

    def formats(self):
        fail, encoded, g = self.fail, self.encoded, self.g
        fail("no-byte", "R-122", "Malformed(Truncated)", "no byte", b"")
        fail("version", "R-136", "Malformed(UnsupportedVersion)", "version 2", put(encoded, 0, b"\2"))
        fail("type", "R-136", "Malformed(WrongKind)", "type of a group message", put(encoded, 1, b"\4"))
        fail("no-group", "R-122", "Malformed(NotCanonical)", "an empty group id", encoded[:2] + b"\0" + encoded[3 + g:])
        fail("group-length", "R-122", "Malformed(Truncated)", "a group id longer than what is left", put(encoded, 2, b"\xff"))
        for slug, a, why in (BAD_A[0], BAD_A[4], BAD_A[7]):
            fail("public-" + slug, "R-60 R-122", "Malformed(InvalidKey)", "public key: " + why, put(encoded, 123 + g, a))
        for end in (1, 2, 3, 2 + g, 11 + g, 75 + g, 123 + g, 155 + g, len(encoded) - 1):
            fail(f"truncated-{end}", "R-122", "Malformed(Truncated)", f"ends after {end} bytes", encoded[:end])
        fail("trailing", "R-122", "Malformed(TrailingBytes)", "one byte too many", encoded + b"\0")
        fail("invalid-key-before-group", "R-44", "Malformed(InvalidKey)",
             "another group and a bad public key: it is decoded first",
             put(put(encoded, 3, b"x"), 123 + g, BAD_A[0][1]))

    def senders(self):
        fail = self.fail
        fail("group", "R-61", "WrongGroup", "another group, all else fits", self.other(group=b"fiends"))
        fail("group-longer", "R-61", "WrongGroup", "our group id is a prefix", self.other(group=GROUP + b"\0"))
        fail("group-and-relayed", "R-61", "WrongGroup", "another group over another's session",
             self.other(group=b"fiends"), peer=CAROL)
        fail("relayed", "R-63", "Relayed", "a member passes it on over its own session", peer=CAROL)
        fail("relayed-device", "R-63", "Relayed", "the sender's other device passes it on", peer={**ALICE, "device": 2})
        fail("relayed-identity", "R-63", "Relayed", "the sender's address with another identity",
             peer={**ALICE, "seed": EVE["seed"]})
        fail("sender-hash", "R-63", "Relayed", "sender hash flipped", flip(self.encoded, 43 + self.g))
        fail("as-own", "R-63 R-64", "Conflicting", "a member passes it on as its own, key id kept",
             self.other(member(CAROL), key_id=self.good.key_id), peer=CAROL)
        stranger = {**DAVE, "device": 99}
        fail("stranger", "R-63", "NotAMember", "the pairwise peer is not a member", self.other(member(stranger)), peer=stranger)
        changed = {**ALICE, "seed": EVE["seed"]}
        fail("other-identity", "R-63", "NotAMember", "the pairwise peer has a member's address and another identity",
             self.other(member(changed)), peer=changed)
        us = next(value for value in PEOPLE.values() if member(value) == self.receiver.us)
        fail("ourselves", "R-63", "NotAMember", "the pairwise peer is the receiver itself", self.other(member(us)), peer=us)
        fail("stranger-of-a-later-epoch", "R-63", "NotAMember", "a stranger and an unknown epoch: the peer is checked first",
             self.other(member(stranger), number=99), peer=stranger)

    def epochs(self):
        fail, receiver = self.fail, self.receiver
        fail("epoch-next", "R-70", "UnknownEpoch", "the epoch after the current one", self.other(number=receiver.number + 1))
        fail("epoch-last", "R-70", "UnknownEpoch", "epoch 2^64 - 1", self.other(number=2**64 - 1))
        fail("epoch-next-conflicting", "R-70", "UnknownEpoch", "the epoch after the current one, and the key id flipped",
             self.other(number=receiver.number + 1, key_id=bytes(16)))
        members = bytes(32)
        for number, _ in [*receiver.before, (receiver.number, None)]:
            fail(f"members-differ-{number}", "R-70", "MembersDiffer", f"another members hash for epoch {number}",
                 self.other(number=number, members_hash=members))
        fail("members-differ-conflicting", "R-70", "MembersDiffer", "another members hash, and the key id not changed",
             self.other(number=receiver.number, members_hash=members, key_id=self.good.key_id))
        if receiver.came <= self.good.number:
            fail("old-epoch", "R-66 R-70", "OldEpoch", "five changes ago", receiver=snapshot_group(self._older()))
        if self.name.endswith("epoch-before"):
            fail("epoch-skipped", "R-70", "OldEpoch", "an epoch that was never ours, between two that were", self.other(number=3))
        if self.name.endswith("late-joiner"):
            self.book.ok(self.name + "/unknown-members", "receive-distribution", "R-69 R-70",
                         {"distribution": self.other(number=2, members_hash=members)}, self.name)

    def _older(self):
        """The receiver when it no longer knows the key's epoch."""
        group = copy.deepcopy(self.receiver)
        while self.good.number in [*(number for number, _ in group.before), group.number]:
            group.change(group.number + 1, group.members)
        return group

    def conflicts(self):
        fail, good = self.fail, self.good
        fail("key-id", "R-64", "Conflicting", "key id flipped", flip(self.encoded, 75 + self.g))
        fail("commitment", "R-64", "Conflicting", "commitment flipped, key id not changed", flip(self.encoded, 91 + self.g))
        another = ed25519_public(derive("another signing secret", 32))
        fail("public", "R-64 R-66", "Conflicting", "another public key, key id not changed",
             put(self.encoded, 123 + self.g, another))
        current = {"number": self.receiver.number, "members_hash": self.receiver.members_hash}
        if good.number != self.receiver.number:
            fail("epoch-moved", "R-61 R-64", "Conflicting", "moved to the current epoch, key id not changed",
                 self.other(**current, key_id=good.key_id))
        fail("iteration-0", "R-64", "Conflicting", "iteration 0, and the chain key is not what was committed to",
             self.other(iteration=0, chain_key=flip(good.chain_key, 0)))
        fail("iteration-last", "R-38", "Conflicting", "iteration 4,294,967,295", self.other(iteration=LAST_ITERATION))
        if good.iteration == 0:
            fail("chain-key", "R-64", "Conflicting", "the chain key flipped", flip(self.encoded, len(self.encoded) - 1))
        else:
            fail("iteration-lowered", "R-64 R-69", "Conflicting", "iteration 0 claimed for a later chain key",
                 put(self.encoded, 155 + self.g, u32(0)))
        self.book.ok(self.name + "/last-but-one", "receive-distribution", "R-38",
                     {"distribution": self.other(iteration=LAST_ITERATION - 1)}, self.name)
        if good.iteration != 0:
            self.book.ok(self.name + "/other-chain", "receive-distribution", "R-64",
                         {"distribution": self.other(chain_key=bytes(32))}, self.name)

    def replays(self):
        fail, after = self.fail, bytes.fromhex(self.made["out"]["receiver_after"])
        group, good = group_ops.restore_group(after), self.good
        fail("again", "R-66 R-67", "Replayed", "it has that key", receiver=after)
        later = self.other(iteration=good.iteration + 1, chain_key=kdf_ck(good.chain_key)[1])
        fail("again-later", "R-66 R-67", "Replayed", "it has that key from an earlier iteration on", later, receiver=after)
        fail("again-other-chain", "R-66", "Replayed", "another chain key under the same id",
             self.other(iteration=good.iteration + 1, chain_key=bytes(32)), receiver=after)
        fail("again-conflicting", "R-66 R-64", "Conflicting", "the same id with another public key", put(
            self.encoded, 123 + self.g, ed25519_public(derive("another signing secret", 32))), receiver=after)
        group.find(good.key_id).first += 1
        group.find(good.key_id).receiving.n += 1
        fail("rewinding", "R-66 R-69", "Rewinding", "it was given that key from the next iteration on",
             receiver=snapshot_group(group))
        group.find(good.key_id).receiving.n += 1
        fail("rewinding-read", "R-66", "Rewinding", "the same, after a message was read", receiver=snapshot_group(group))


# ---- group-snapshot

def _sum(body):
    return body + state.checksum(body)


def _snapshots(book):
    for slug, group in _shapes():
        name = "group-snapshot/" + slug
        made = book.ok(name, "group-snapshot", "R-43 R-105 R-122", {"fields": group_fields(group), "min_epoch": group.epoch})
        _frame_failures(book, made, every=slug == "new")
        _Broken(book, made, group).all()


def _shapes():
    """Groups in every shape that a snapshot has."""
    listed = [member(value) for value in (ALICE, BOB, CAROL)]
    yield "new", groups.create(GROUP, member(ALICE), 1, listed)
    alice, bob = make_pair("snapshot")
    yield "given", copy.deepcopy(alice)
    alice.change(4, alice.members[1:])
    yield "due", alice
    yield "received", bob
    yield "kept", _with_kept(bob)
    yield "full", _full()
    yield "extreme", _extreme()


def _with_kept(bob):
    bob = copy.deepcopy(bob)
    bob.keys[0]._step_to(4)
    bob.keys[0].expire_skipped(NOW, 1000)
    bob.keys[0]._step_to(7)
    bob.keys[0].expire_skipped(NOW + 125, 1000)
    bob.keys[0]._forget((0, 2))
    bob.epoch = 4
    return bob


def _full():
    """Four epochs before, our key given to two, and keys of two senders, one from a later iteration on."""
    bob = groups.create(GROUP, member(BOB), 2, [member(BOB), member(CAROL)], 50, 3600)
    everybody = [member(value) for value in PEOPLE.values()]
    for number in (3, 5, 6, 7, 9):
        bob.change(number, everybody)
    bob.rotate(NOW, Replay([derive("full chain key", 32), derive("full signing secret", 32)]))
    bob.distribute(member(EVE)), bob.distribute(member(ALICE))
    for i, who in enumerate((ALICE, ALICE, DAVE, EVE)):
        other = groups.create(GROUP, member(who), 9, everybody)
        _rotate(other, f"full {i}")
        advance(other, 2 * i)
        bob.receive(other.us, other.distribution().encode())
        bob.find(other.own_key_id())._step_to(2 * i + 1 + i)
    return bob


def _extreme():
    """The largest numbers and the longest names."""
    listed = [member(value) for value in (BOB, LONG[0])]
    g = groups.create(b"g" * 255, listed[1], 2**64 - 1, listed, 2**32 - 1, 2**64 - 1)
    g.before, g.came, g.epoch = [(2**64 - 2, bytes(32))], 2**64 - 2, 2**64 - 1
    _rotate(g, "extreme")
    g.own.created, g.own.n, g.epoch, g.next_order = 2**64 - 1, LAST_ITERATION, 2**64 - 1, 2**64 - 1
    g.keys = [SenderKey(b"\xff" * 16, g.members[0][0], 2**64 - 1, bytes(32), g.own.public, LAST_ITERATION - 1, 2**64 - 2,
                        Receiving(0, LAST_ITERATION, bytes(32)), (0, 3), [(2**64 - 1, (0, LAST_ITERATION))],
                        {(0, LAST_ITERATION - 1): bytes(32)})]
    return g


def _frame_failures(book, made, every):
    """Frame of state.md."""
    name, encoded = made["name"], bytes.fromhex(made["out"]["snapshot"])
    body, least = encoded[:-8], made["in"]["min_epoch"]

    def fail(slug, req, expect, why, encoded=None, **given):
        given = {**given, **({} if encoded is None else {"snapshot": encoded})}
        book.fail(name, slug, "restore-group", req, expect, why, **given)
    book.ok(name + "/restored", "restore-group", "R-43", {"min_epoch": least}, name)
    if least < 2**64 - 1:
        fail("stale", "R-43", "Stale", "an epoch too old by one", min_epoch=least + 1)
    fail("body-bad-sum", "R-44", "Malformed(Corrupted)", "body changed, checksum not", flip(encoded, len(encoded) // 2))
    fail("truncated", "R-122", "Malformed(Truncated)", "a body one byte too short", _sum(body[:-1]))
    fail("trailing", "R-122", "Malformed(TrailingBytes)", "a body one byte too long", _sum(body + b"\0"))
    if not every:
        return
    fail("stale-malformed", "R-43", "Malformed(NotCanonical)", "too old, and the last tag wrong: that is found first",
         _sum(put(body, len(body) - 17, b"\2")), min_epoch=least + 1)
    fail("no-byte", "R-122", "Malformed(Truncated)", "no byte", b"")
    fail("magic", "R-136", "Malformed(WrongKind)", "magic changed", _sum(flip(body, 0)))
    fail("magic-bad-sum", "R-136", "Malformed(WrongKind)", "magic changed, checksum not", flip(encoded, 3))
    for kind in (0, 1, 2, 4):
        fail(f"kind-{kind}", "R-136", "Malformed(WrongKind)", f"kind {kind}", _sum(put(body, 4, u8(kind))))
    fail("version", "R-105 R-136", "Malformed(UnsupportedVersion)", "version 2", _sum(put(body, 5, b"\2")))
    fail("version-bad-sum", "R-105 R-136", "Malformed(UnsupportedVersion)", "version 0, checksum not changed",
         put(encoded, 5, b"\0"))
    fail("epoch-bad-sum", "R-43", "Malformed(Corrupted)", "epoch changed, checksum not", flip(encoded, 6))
    fail("checksum", "R-44", "Malformed(Corrupted)", "checksum changed", flip(encoded, len(encoded) - 1, 128))
    fail("truncated-bad-sum", "R-44", "Malformed(Corrupted)", "one byte too few", encoded[:-1])
    fail("trailing-bad-sum", "R-44", "Malformed(Corrupted)", "one byte too many", encoded + b"\0")
    fail("no-body", "R-122", "Malformed(Truncated)", "no body", _sum(body[:14]))


class _Broken:
    """Bodies that no group writes."""

    def __init__(self, book, made, group):
        self.book, self.name, self.group = book, made["name"], group
        self.body = bytes.fromhex(made["out"]["snapshot"])[:-8]
        self.us = 15 + len(group.group)
        self.members = self.us + len(group.address) + 64 + 8
        self.before = self.members + 4 + sum(len(address) + 64 for address, _ in group.members)
        self.own = self.before + 1 + 40 * len(group.before) + 20
        self.due = self.own + 1 + (148 if group.own else 0)

    def fail(self, slug, expect, why, body):
        self.book.fail(self.name, slug, "restore-group", "R-122 R-68", f"Malformed({expect})", why, snapshot=_sum(body))

    def changed(self, slug, why, change, expect="NotCanonical"):
        """Refuses the group after this change to it."""
        other = group_of(group_fields(self.group))
        change(other)
        self.fail(slug, expect, why, snapshot_group(other)[:-8])

    def all(self):
        """Each bound in the shapes that have it, the general ones in three of them."""
        if self.name.endswith(("/new", "/full", "/extreme")):
            self.ourselves()
            self.epochs()
        self.own_key()
        if self.group.keys and not self.name.endswith("/received"):
            self.keys()
        if self.name.endswith("/kept"):
            self.kept()
        if len(self.group.keys) > 1:
            self.many_keys()

    def ourselves(self):
        fail, body, us, g = self.fail, self.body, self.us, self.group
        fail("no-group-id", "NotCanonical", "an empty group id", body[:14] + b"\0" + body[us:])
        fail("address-tag", "NotCanonical", "our provider under the user's tag", put(body, us, b"\2"))
        provider = g.address[1]
        no_user = g.address[:3 + provider] + b"\0" + g.address[-5:]
        fail("address-user", "NotCanonical", "our user without a name", body[:us] + no_user + body[us + len(g.address):])
        fail("device-tag", "NotCanonical", "our device under another tag", put(body, us + len(g.address) - 5, b"\4"))
        fail("identity", "InvalidKey", "our Ed25519 key of small order", put(body, us + len(g.address), BAD_A[6][1]))
        fail("identity-x25519", "InvalidKey", "our X25519 key of small order", put(body, us + len(g.address) + 32, bytes(32)))
        self.changed("not-among-members", "we are not among the members",
                     lambda g: setattr(g, "address", g.address[:-1] + b"\x63"))
        self.changed("other-identity", "we are among the members with another identity",
                     lambda g: setattr(g, "identity", member(EVE)[1] if g.address != member(EVE)[0] else member(BOB)[1]))

    def epochs(self):
        fail, g = self.fail, self.group
        fail("members-too-many", "TooMany", "5,001 members", put(self.body, self.members, u32(5_001)))
        fail("no-members", "NotCanonical", "no members", self.body[:self.members] + bytes(4) + self.body[self.before:])
        fail("member-identity", "InvalidKey", "the first member's Ed25519 key of small order",
             put(self.body, self.members + 4 + len(g.members[0][0]), BAD_A[6][1]))
        self.changed("members-swapped", "members not ascending", lambda g: g.members.reverse())
        self.changed("member-twice", "a member twice", lambda g: g.members.append(g.members[-1]))
        self.changed("address-twice", "an address with two identities",
                     lambda g: g.members.append((g.members[-1][0], member(DAVE)[1])))
        fail("before-too-many", "TooMany", "5 epochs before", put(self.body, self.before, b"\5"))
        self.changed("before-not-before", "the current epoch among those before", lambda g: setattr(
            g, "before", [*g.before, (g.number, bytes(32))][-4:]))
        if len(g.before) > 1:
            self.changed("before-swapped", "epochs before not ascending", lambda g: g.before.reverse())
            self.changed("before-twice", "an epoch before twice", lambda g: g.before.__setitem__(0, g.before[1]))
        if g.number < 2**64 - 1:
            self.changed("came", "we came after the current epoch", lambda g: setattr(g, "came", g.number + 1))

    def own_key(self):
        fail, body = self.fail, self.body
        fail("own-tag", "NotCanonical", "tag 2 before our key", put(body, self.own, b"\2"))
        fail("due", "NotCanonical", "due is 2", put(body, self.due, b"\2"))
        self.changed("given-stranger", "the key given to no member", lambda g: setattr(
            g, "given", [member({**EVE, "device": 1000})[0]]))
        if self.group.given:
            self.changed("given-twice", "a member was given the key twice", lambda g: g.given.append(g.given[-1]))
        if len(self.group.given) > 1:
            self.changed("given-swapped", "given not ascending", lambda g: g.given.reverse())

    def keys(self):
        def set_key(**changes):
            return lambda g: [setattr(g.keys[0], field, value) for field, value in changes.items()]
        group, key = self.group, self.group.keys[0]
        count = self.due + 1 + 4 + sum(map(len, group.given)) + 8
        self.fail("keys-too-many", "TooMany", "25,001 keys", put(self.body, count, u32(25_001)))
        self.fail("keys-count", "Truncated", "one key more than there is", put(self.body, count, u32(len(group.keys) + 1)))
        self.changed("key-twice", "a key twice", lambda g: g.keys.insert(0, g.keys[0]))
        self.changed("key-sender", "a key of nobody in the group", set_key(sender=member({**EVE, "device": 1000})[0]))
        self.changed("key-public", "a public key that is no point", set_key(public=BAD_A[4][1]), "InvalidKey")
        self.changed("key-order", "a key's order is that of the next", lambda g: setattr(g.keys[0], "order", g.next_order))
        self.changed("marks-too-many", "17 marks", set_key(marks=[(NOW, (0, i + 1)) for i in range(17)]), "TooMany")
        self.changed("marks-positions", "marks whose positions do not ascend", set_key(marks=[(NOW, (0, 1))] * 2))
        self.changed("marks-times", "marks whose times descend", set_key(marks=[(NOW, (0, 1)), (NOW - 1, (0, 2))]))
        self.changed("mark-index", "a mark of chain 1", set_key(marks=[(NOW, (1, 1))]))
        self.changed("forgotten-index", "forgotten in chain 1", set_key(forgotten=(1, 0), kept={}))
        n = key.receiving.n
        self.changed("kept-ahead", "a kept key at the next iteration", set_key(kept={(0, n): bytes(32)}))
        self.changed("kept-index", "a kept key of chain 1", set_key(kept={(1, max(n, 1) - 1): bytes(32)}))
        if key.first:
            self.changed("kept-before-first", "a kept key before the first iteration",
                         set_key(kept={(0, key.first - 1): bytes(32)}, forgotten=(0, 0)))

    def kept(self):
        key = self.group.keys[0]
        self.changed("kept-swapped", "kept keys not ascending", lambda g: setattr(
            g.keys[0], "kept", dict(reversed(g.keys[0].kept.items()))))
        oldest = min(key.kept)
        self.changed("kept-forgotten", "a kept key before forgotten",
                     lambda g: setattr(g.keys[0], "forgotten", (0, oldest[1] + 1)))
        count = len(self.body) - 40 * len(key.kept) - 4
        self.fail("kept-count-too-many", "TooMany", "25,001 kept keys", put(self.body, count, u32(25_001)))
        self._kept_too_many(count)

    def _kept_too_many(self, count):
        """501 keys, each the first one's bytes, as an edit that is shorter than they are."""
        other = group_of(group_fields(self.group))
        value, end = next(iter(other.keys[0].kept.values())), other.keys[0].receiving.n
        other.keys[0].kept = {(0, i): value for i in range(2, 503)}
        other.keys[0].receiving.n = 503
        whole = snapshot_group(other)
        parts, at = [whole[:count + 4].hex()], count + 4
        for i in range(2, 503):
            parts += [(u32(0) + u32(i)).hex(), [at + 8, at + 40]]
        edited = {"parts": [*parts, whole[-8:].hex()]}
        assert ops.data(edited, self.body) == whole and end < 503
        self.book.fail(self.name, "kept-too-many", "restore-group", "R-122 R-68", "Malformed(TooMany)",
                       "501 kept keys", snapshot=edited)

    def many_keys(self):
        self.changed("keys-swapped", "keys not ascending", lambda g: g.keys.reverse())


BUILDERS = {"group.json": group_file}
