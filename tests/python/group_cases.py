"""Cases of group.json: epochs, sender keys and messages. Distributions, snapshots and conversations have files of their own."""

import copy
import dataclasses
from types import SimpleNamespace

import confidant
import group_distribution_cases
import group_old_keys
import group_ops
import group_scripts
import group_snapshot_cases
import groups
from book import EDITS, Book, derive, flip, put
from confidant import Identity
from group_ops import advance
from group_pairs import ALICE, BOB, CAROL, DAVE, EVE, GROUP, LONG, device, make_pair, member
from group_state import snapshot_group
from groups import LAST_ITERATION
from keys_cases import NOW, _odd_signatures
from primitives import Replay, ed25519_sign
from wire import u32, u64

WEEK = groups.SECONDS
DAY = confidant.CLOCK_SKEW
LARGEST = 1022 * 16384 + 16242
KEY_ID, EPOCH, MEMBERS, ITERATION, SALT, COMMITMENT, CHUNKS = 2, 18, 26, 34, 38, 62, 94


def group_file():
    book = Book("group.json",
                "Groups. `group-epoch`: hashes of a list of members and of one sender; a member with a `count` stands for as "
                "many devices of its user, counted from its own, and `order` is the addresses in a row. `sender-key`: `rotate` with "
                "`random` in order of use (chain key, Ed25519 secret), and the distributions at some iterations. "
                "`group-message`: restores both snapshots, encrypts with the listed salt at the time `now` and "
                "decrypts; `group-decrypt`, `group-encrypt`: the receiver or the sender alone. "
                "`receive-distribution`: the receiver is given it over its pairwise session with `peer`, in a message of type "
                "0x05, or 0x02 with `text`. "
                "`group-snapshot`: the fields of state.md and their bytes; `restore-group` reads them with a least "
                "epoch. A refusal leaves the snapshot as it was. A failure's `in` stands over the `in` of the vector "
                "named in `of`, and over its `out.message` or `out.snapshot`; `differs`: its result is another one; "
                "`refused`: spec.md names no error for it. `group-conversation`: `in` holds the group and its devices "
                "by name, `events` are played in order, each on the group of the device `by`: create, change, rotate, "
                "distribute (to a member, kept under `id`), receive (`id` or `bytes`, from a pairwise peer), encrypt "
                "(kept under `id`), decrypt (`id` or `bytes`), expire (expire_skipped), snapshot, restore (an earlier "
                "snapshot or `bytes`); `snapshot_epoch` is the epoch of the frame afterwards. A change with `through` "
                "is one for each number up to it, with the same members; `first` is, for the sender of a distribution, the "
                "first of its keys that is not over (number of its epoch, number); `superseded` is the mark of a key that is not its "
                "sender's newest. A device with a digit "
                "behind its name is the same address with another identity. " + EDITS)
    for build in (_epochs, _sender_keys, _messages, group_distribution_cases.distributions, group_snapshot_cases.snapshots,
                  *group_scripts.SCRIPTS, *group_old_keys.SCRIPTS):
        build(book)
    return book


# ---- group-epoch

PREFIXES = [device("example.org", "al"), device("example.org", "alice"), device("example.org", "alic"),
            device("example.org", "alicf"), device("example.org", "Alice"), device("example.org", "alice0")]
PROVIDERS = [device("b", "alice"), device("aa", "zoe"), device("", "zoe"), device("", "alice"), device("aa", "alice"),
             device("a", "alice"), {**device("", "x"), "provider": b"\xff", "user": b"\x00"}]
DEVICES = [device("example.org", "alice", number) for number in (256, 2, 2**32 - 1, 0, 65_536, 1)]
EPOCHS = [("alone", GROUP, 1, [ALICE]), ("three", GROUP, 1, [CAROL, BOB, ALICE]),
          ("prefix-users", b"\x00", 2, PREFIXES), ("providers", GROUP, 3, PROVIDERS),
          ("devices", b"g" * 255, 2**64 - 1, DEVICES), ("long-names", GROUP, 2**32, LONG)]


def _epochs(book):
    _crowds(book)
    for slug, group, epoch, listed in EPOCHS:
        name, sender = "group-epoch/" + slug, listed[-1]
        book.ok(name, "group-epoch", "R-61 R-70", {"group": group, "epoch": epoch, "members": listed, "sender": sender})
        if slug in ("three", "prefix-users", "providers"):
            made = book.ok(name + "/reversed", "group-epoch", "R-70", {"members": listed[::-1]}, name)
            assert made["out"] == book.named(name)["out"]
        _epoch_failures(book, name, group, epoch, listed)


def _crowds(book):
    """As many members as a group has; `count` devices of one user."""
    def crowd(count, start=1):
        return {**device("example.org", "crowd", start), "count": count}
    name, one, other = "group-epoch/crowd", crowd(4_999), device("example.org", "crowd", 10_000)
    book.ok(name, "group-epoch", "R-70", {"group": GROUP, "epoch": 1, "members": [BOB, one], "sender": BOB})

    def fail(slug, expect, why, *listed):
        book.fail(name, slug, "group-epoch", "R-70 R-122", expect, why, members=list(listed))
    fail("one-more", "TooManyMembers", "5,001 members", BOB, one, other)
    fail("thousands", "TooManyMembers", "6,000 members", crowd(6_000))
    fail("twice", "DuplicateMember", "a member twice among 5,000", BOB, crowd(4_998), BOB)
    fail("twice-first", "DuplicateMember", "a member twice, and then too many: that comes first", BOB, BOB, crowd(5_000))
    fail("too-many-first", "TooManyMembers", "too many, and then a member twice", BOB, one, other, BOB)


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
    fail("twice", "R-70", "a member twice", "DuplicateMember", members=[*listed, sender])
    fail("address-twice", "R-70", "an address with two identities", "DuplicateMember",
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
    fail("not-a-member", "R-62", "the device is not in the list", "NotAMember", members=[*listed[1:], EVE])
    for slug, messages, seconds in (("fewest", 1, 1), ("most", 2_000, 2**64 - 1)):
        book.ok(f"{name}/rotation-{slug}", "sender-key", "R-65", {
            "rotation": {"messages": messages, "seconds": seconds}, "iterations": [0, 1]}, name)
    for slug, messages, seconds in (("no-messages", 0, 1), ("no-seconds", 1, 0), ("too-many-messages", 2_001, WEEK),
                                    ("all-messages", 2**32 - 1, WEEK)):
        fail("rotation-" + slug, "R-65", f"rotation after {messages} messages or {seconds} seconds", "InvalidRotation",
             rotation={"messages": messages, "seconds": seconds})


# ---- group-message

TWO_CHUNKS = {"repeat": "c0ffee", "length": 16_400}
MESSAGES = [("first", 0, 0, b"first message", b""), ("first-with-ad", 0, 0, b"first message", b"associated data"),
            ("second", 1, 0, b"second", b"ad"), ("sixth", 5, 0, b"sixth", b""),
            ("from-five-on", 5, 5, b"the first that the joiner reads", b"ad"), ("empty", 1, 1, b"", b""),
            ("later-epoch", 2, 1, b"after dave came", b"ad"), ("epochs-behind", 1, 0, b"before dave came", b""),
            ("two-chunks", 0, 0, TWO_CHUNKS, b"ad")]


def _messages(book):
    for slug, iteration, given_at, text, ad in MESSAGES:
        name = "group-message/" + slug
        alice, bob = make_pair(name, iteration, given_at)
        for group in {"later-epoch": (alice, bob), "epochs-behind": (bob,)}.get(slug, ()):
            for number in (4, 6):
                group.change(number, [*group.members, member({**DAVE, "device": number})])
            group.due = False
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
        text = groups.statement(of_scope or alice.current_scope(), of_key or alice.own_key_id(),
                                self.iteration if iteration is None else iteration, self.ad if ad is None else ad,
                                sealed)
        return sealed + ed25519_sign(secret or alice.own.secret, text)

    def all(self):
        """Every kind for one success, for the others what depends on iterations and lengths."""
        self.headers()
        self.epochs()
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
        fail("shortest", "R-45 R-122", "Malformed(Truncated)", "173 bytes", encoded[:173])
        fail("only-header", "R-122", "Malformed(Truncated)", "the header alone", encoded[:38])
        if len(encoded) > 174:
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
        fail("iteration", "R-36 R-60", "Unauthentic", "iteration one higher", put(encoded, ITERATION, u32(self.iteration + 1)))
        if self.iteration:
            below = "BeforeOurTime" if self.iteration == self.first else "Unauthentic"
            fail("iteration-lower", "R-36 R-69", below, "iteration one lower", put(encoded, ITERATION, u32(self.iteration - 1)))
        fail("iteration-limit", "R-68", "Unauthentic", "passes over 2,000 keys, forged",
             put(encoded, ITERATION, u32(next_n + 2000)))
        fail("iteration-too-far", "R-68", "TooFarAhead", "passes over 2,001 keys",
             put(encoded, ITERATION, u32(next_n + 2001)))
        fail("iteration-last", "R-38", "TooFarAhead", "iteration 4,294,967,295", put(encoded, ITERATION, u32(LAST_ITERATION)))
        fail("salt", "R-41 R-60", "Unauthentic", "salt flipped", flip(encoded, SALT))
        fail("commitment", "R-46 R-60", "Unauthentic", "commitment flipped", flip(encoded, COMMITMENT))
        fail("ciphertext", "R-60", "Unauthentic", "first byte behind the commitment flipped", flip(encoded, CHUNKS))
        fail("tag", "R-45 R-60", "Unauthentic", "last byte of the tag flipped", flip(encoded, len(encoded) - 65))

    def epochs(self):
        """The epoch of the sender, as the header names it."""
        fail, encoded, bob, number = self.fail, self.encoded, self.bob, groups.decode_message(self.encoded).number
        far = put(encoded, ITERATION, u32(LAST_ITERATION))
        fail("epoch-next", "R-36 R-70", "UnknownEpoch", "the epoch after the receiver's", put(encoded, EPOCH, u64(bob.number + 1)))
        fail("epoch-last", "R-70", "UnknownEpoch", "epoch 2^64 - 1", put(encoded, EPOCH, u64(2**64 - 1)))
        fail("epoch-next-too-far", "R-44", "UnknownEpoch", "the epoch after the receiver's, and iteration 4,294,967,295",
             put(far, EPOCH, u64(bob.number + 1)))
        fail("epoch-not-known", "R-70", "OldEpoch", "an epoch from before the receiver came", put(encoded, EPOCH, u64(2)))
        fail("epoch-0-too-far", "R-44 R-70", "OldEpoch", "epoch 0, and iteration 4,294,967,295", put(far, EPOCH, bytes(8)))
        fail("members-first", "R-70", "MembersDiffer", "first byte of the members hash flipped", flip(encoded, MEMBERS))
        fail("members-last", "R-70", "MembersDiffer", "last byte of the members hash flipped", flip(encoded, MEMBERS + 7, 128))
        fail("members-differ-too-far", "R-44 R-70", "MembersDiffer", "no members hash, and iteration 4,294,967,295",
             put(far, MEMBERS, bytes(8)))
        fail("members-differ-key-id", "R-44", "UnknownKey", "no members hash, and the key id flipped",
             flip(put(encoded, MEMBERS, bytes(8)), KEY_ID))
        if self.name.endswith("later-epoch"):
            fail("epoch-skipped", "R-70", "OldEpoch", "an epoch that was skipped", put(encoded, EPOCH, u64(5)))
        for other, of_members in bob.known.items():
            if other != number:
                self._moved(other, of_members)
        if bob.number > number:
            self._since(number)
        self._removals(number)
        self._until(number)

    def _moved(self, number, of_members):
        """The same text as if written in another epoch that the receiver knows."""
        name, scope = f"moved-to-{number}", groups.scope(GROUP, number, of_members, *self.alice.us)
        moved = put(put(self.sealed, EPOCH, u64(number)), MEMBERS, of_members[:8])
        self.fail(name, "R-61 R-70", "Unauthentic", f"epoch {number}, signature kept", moved + self.encoded[-64:])
        self.fail(name + "-signed", "R-36 R-70", "Unauthentic", f"signed anew: epoch {number}", self.sign(moved, of_scope=scope))
        self.fail(name + "-members", "R-70", "MembersDiffer", f"epoch {number}, members hash kept",
                  put(self.encoded, EPOCH, u64(number)))

    def _since(self, number):
        """The sender came with an epoch."""
        late = copy.deepcopy(self.bob)
        late.since[self.alice.address] = number
        self.book.ok(self.name + "/since", "group-decrypt", "R-70", {"receiver": snapshot_group(late)}, self.name)
        late.since[self.alice.address] = number + 1
        late = snapshot_group(late)
        self.fail("since-next", "R-63 R-70", "OldEpoch", "the sender is in the group since the next epoch", receiver=late)
        self.fail("since-next-forged", "R-44", "OldEpoch", "the same, forged and too far ahead", flip(put(
            self.encoded, ITERATION, u32(LAST_ITERATION)), 100), receiver=late)
        self.fail("since-next-members", "R-44", "MembersDiffer", "the same, with another members hash",
                  flip(self.encoded, MEMBERS), receiver=late)

    def _removals(self, number):
        """Somebody was gone, before the key was made or after, before the message or after."""
        made, far = self.bob.keys[0].made[0], put(self.encoded, ITERATION, u32(LAST_ITERATION))
        for epoch in range(made, self.bob.number + 1):
            late = self._with(last_removal=epoch)
            if not made < epoch <= number:
                self.book.ok(f"{self.name}/removal-{epoch}", "group-decrypt", "R-65", {"receiver": late}, self.name)
                continue
            self.fail(f"removal-{epoch}", "R-65", "OldKey", f"somebody was gone in epoch {epoch}, and the key is older",
                      receiver=late)
            self.fail(f"removal-{epoch}-forged", "R-44 R-65", "OldKey", "the same, forged and too far ahead", flip(far, 100),
                      receiver=late)
            self.fail(f"removal-{epoch}-members", "R-44 R-65", "MembersDiffer", "the same, with another members hash",
                      flip(self.encoded, MEMBERS), receiver=late)

    def _until(self, number):
        """The sender made another key in an epoch up to which this one was used."""
        made = self.bob.keys[0].made[0]
        for until in range(made + 1, self.bob.number + 1):
            late = copy.deepcopy(self.bob)
            late.keys[0].until = until
            if until >= number:
                self.book.ok(f"{self.name}/until-{until}", "group-decrypt", "R-66", {"receiver": snapshot_group(late)}, self.name)
                continue
            self.fail(f"until-{until}", "R-66", "OldKey", f"the sender made another key in epoch {until}",
                      receiver=snapshot_group(late))
            late.keys[0].first = late.keys[0].receiving.n = self.iteration + 1
            self.fail(f"until-{until}-before-our-time", "R-44 R-66", "OldKey", "the same, and before the receiver's time",
                      receiver=snapshot_group(late))
            late.since[self.alice.address] = number + 1
            if number < late.number:
                self.fail(f"until-{until}-since", "R-44 R-66", "OldEpoch", "the same, before the sender came",
                          receiver=snapshot_group(late))

    def _with(self, **changes):
        """The receiver with these fields changed."""
        return snapshot_group(dataclasses.replace(copy.deepcopy(self.bob), **changes))

    def signatures(self):
        fail, encoded, alice = self.fail, self.encoded, self.alice
        fail("ad", "R-36 R-60", "Unauthentic", "other associated data", ad=b"other")
        fail("ad-longer", "R-36 R-60", "Unauthentic", "longer associated data", ad=self.ad + b"\0")
        fail("signature-r", "R-60", "Unauthentic", "R flipped", flip(encoded, len(encoded) - 64))
        fail("signature-s", "R-60", "Unauthentic", "S flipped", flip(encoded, len(encoded) - 32))
        fail("signature-zero", "R-60", "Unauthentic", "a signature of zeros", self.sealed + bytes(64))
        fail("signature-missing", "R-60", "Unauthentic" if len(self.sealed) >= groups.MIN_MESSAGE else "Malformed(Truncated)",
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
        fail("signed-salt", "R-41 R-46", "Unauthentic", why + "salt flipped", self.sign(flip(sealed, CHUNKS - 33)))
        fail("signed-commitment", "R-46", "Unauthentic", why + "commitment flipped", self.sign(flip(sealed, CHUNKS - 1, 128)))
        fail("signed-tag", "R-45", "Unauthentic", why + "tag flipped", self.sign(flip(sealed, len(sealed) - 1)))
        fail("signed-extended", "R-45", "Unauthentic", why + "a byte too many", self.sign(sealed + b"\0"))
        if len(sealed) > CHUNKS + 16:
            fail("signed-truncated", "R-45", "Unauthentic", why + "a byte too few", self.sign(sealed[:-1]))
        fail("signed-ad", "R-36", "Unauthentic", why + "other associated data", self.sign(sealed, ad=b"other"), ad=b"other")
        later = put(sealed, ITERATION, u32(self.iteration + 1))
        fail("signed-iteration", "R-36", "Unauthentic", why + "iteration one higher",
             self.sign(later, iteration=self.iteration + 1))

    def states(self):
        fail, after = self.fail, bytes.fromhex(self.made["out"]["receiver_after"])
        fail("again", "R-67 R-44", "Duplicate", "decrypted before", receiver=after)
        fail("again-forged", "R-60 R-44", "Unauthentic", "at a used iteration, signature flipped: that is found first",
             flip(self.encoded, len(self.encoded) - 1), receiver=after)
        fail("again-signed", "R-67", "Duplicate", "other bytes at a used iteration, well signed",
             self.sign(flip(self.sealed, SALT + 3)), receiver=after)
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
    fail("kept-forged", "R-60", "Unauthentic", "a kept key's number on another message", put(encoded, ITERATION, u32(1)),
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
    forger.fail("salt", "R-41", "Unauthentic", "salt flipped", flip(forger.encoded, SALT + 8))
    _limits(book)


def _message(book, name, sender, receiver, text):
    return book.ok(name, "group-message", "R-60 R-67 R-68", {
        "sender": snapshot_group(sender), "receiver": snapshot_group(receiver), "random": [derive(name + " salt", 24)],
        "plaintext": text, "ad": b"", "now": NOW + 100})


def _limits(book):
    """The last iterations that there are: a sender that counts on and on."""
    name = "group-message/last-iteration"
    alice, bob = make_pair(name, 0)
    alice.own.n = bob.keys[0].receiving.n = LAST_ITERATION - 1
    receiver = snapshot_group(bob)
    alice.messages = LAST_ITERATION
    message = alice.encrypt(b"the last of its chain", b"", NOW, Replay([derive(name + " salt", 24)]), {})
    made = book.ok(name, "group-decrypt", "R-38", {"receiver": receiver, "message": message, "ad": b""})
    after, last = bytes.fromhex(made["out"]["receiver_after"]), put(message, ITERATION, u32(LAST_ITERATION))

    def fail(slug, req, expect, why, **given):
        book.fail(name, slug, "group-decrypt", req, expect, why, **given)
    fail("iteration-last", "R-38", "TooFarAhead", "iteration 4,294,967,295", message=last)
    fail("iteration-last-after", "R-38", "TooFarAhead", "iteration 4,294,967,295 is the receiver's next", message=last,
         receiver=after)
    fail("again", "R-67", "Duplicate", "decrypted before", receiver=after)
    fail("salt", "R-60", "Unauthentic", "salt flipped", message=flip(message, SALT))


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
    for slug, now in (("day-before", NOW - DAY), ("second-made", NOW)):
        book.ok(f"{name}/{slug}", "group-encrypt", "R-65", {"now": now}, name)
    fail("clock-back", "R-65", "RotationDue", "created more than a day after now", now=NOW - DAY - 1)
    fail("clock-0", "R-65", "RotationDue", "the clock begins anew", now=0)
    fail("due", "R-65", "RotationDue", "a member is gone", sender=with_(due=True))
    fail("no-key", "R-65", "RotationDue", "no key was made yet", sender=with_(own=None, given=[]))
    fail("count-set", "R-65", "RotationDue", "999 messages were sent, which is the number set", sender=with_(messages=999))
    fail("seconds-set", "R-65", "RotationDue", "now = created + the seconds set", sender=with_(seconds=100))
    book.ok(name + "/one-second", "group-encrypt", "R-65", {"sender": with_(seconds=1), "now": NOW}, name)
    fail("one-second-over", "R-65", "RotationDue", "a key for one second", sender=with_(seconds=1), now=NOW + 1)
    _longest_lived(book, fail, with_, alice)
    assert groups.message_size(LARGEST) == 2**24 and groups.message_size(LARGEST + 1) == 2**24 + 1
    fail("too-long", "R-68", "TooLong", "a message of 16,777,217 bytes", plaintext={"repeat": "00", "length": LARGEST + 1})


def _longest_lived(book, fail, with_, alice):
    """As many messages and as much time as can be set."""
    name, never = "group-message/encrypt", with_(seconds=2**64 - 1)
    book.ok(name + "/never-by-time", "group-encrypt", "R-65", {"sender": never, "now": 2**64 - 2}, name)
    fail("seconds-saturate", "R-65 R-38", "RotationDue", "created + seconds saturates at 2^64 - 1", sender=never,
         now=2**64 - 1)
    future = with_(own=dataclasses.replace(alice.own, created=2**64 - 1))
    book.ok(name + "/last-second-made", "group-encrypt", "R-65", {"sender": future, "now": 2**64 - 1 - DAY}, name)
    fail("future", "R-65", "RotationDue", "created at 2^64 - 1, more than a day after now", sender=future,
         now=2**64 - 2 - DAY)
    fail("future-reached", "R-65 R-38", "RotationDue", "created at 2^64 - 1, where created + seconds saturates", sender=future,
         now=2**64 - 1)
    many = copy.deepcopy(alice)
    many.messages = groups.MAX_MESSAGES
    advance(many, 1999)
    book.ok(name + "/most-messages", "group-encrypt", "R-65", {"sender": snapshot_group(many)}, name)
    advance(many, 2000)
    fail("most-messages-over", "R-65", "RotationDue", "2,000 messages were sent, which is the most", sender=snapshot_group(many))


BUILDERS = {"group.json": group_file}
