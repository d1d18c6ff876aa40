"""Cases of group.json: distributions that are received."""

import copy

import group_ops
import groups
from book import derive, flip, put
from confidant import kdf_ck
from group_pairs import ALICE, ALICE_ADDRESS, BOB, CAROL, DAVE, EVE, GROUP, PEOPLE, fresh_pair, member, rotate
from group_state import snapshot_group
from groups import LAST_ITERATION, LAST_KEY
from keys_cases import BAD_A, NOW
from primitives import Replay, ed25519_public
from wire import u32


def distributions(book):
    for slug, build in (("first", _first), ("later-iteration", _later), ("late-joiner", _joiner),
                        ("epoch-before", _epoch_before), ("came-back", _came_back), ("sixth-key", _sixth),
                        ("after-removal", _after_removal), ("removal-and-gap", _removal_and_gap),
                        ("ended-by-age", _ended_by_age)):
        name = "receive-distribution/" + slug
        sender, receiver = build(name)
        made = book.ok(name, "receive-distribution", "R-62 R-63 R-64 R-68", {
            "receiver": snapshot_group(receiver), "peer": ALICE, "distribution": sender.distribution().encode()})
        _Refusals(book, made, sender, receiver).all()


def _first(name):
    alice, bob = fresh_pair(name)
    bob.change(2, bob.members)
    return alice, bob


def _later(name):
    alice, bob = fresh_pair(name, iteration=5)
    bob.rotate(NOW, Replay([derive("bob chain key", 32), derive("bob signing secret", 32)]))
    return alice, bob


def _joiner(name):
    """Dave comes in epoch 4, and is given a key of epoch 1 that he cannot check the members of."""
    alice, _ = fresh_pair(name, iteration=3)
    everybody = [member(value) for value in (ALICE, BOB, CAROL, DAVE)]
    for number in (2, 3, 4):
        alice.change(number, everybody)
    return alice, groups.create(GROUP, member(DAVE), 4, everybody)


def _epoch_before(name):
    """Alice has not heard of four changes."""
    alice, bob = fresh_pair(name)
    for number in (2, 4, 5, 8):
        bob.change(number, [*bob.members, member({**EVE, "device": 100 + number})])
    return alice, bob


def _came_back(name):
    """Alice was removed in epoch 2, and came again in epoch 3: her key is of that epoch, and she is in the next."""
    alice, bob = fresh_pair(name, number=3)
    everybody = bob.members
    bob = groups.create(GROUP, member(BOB), 1, everybody)
    bob.change(2, [one for one in everybody if one != alice.us])
    for group, number in ((bob, 3), (bob, 4), (alice, 4)):
        group.change(number, everybody)
    return alice, bob


def _sixth(name):
    alice, bob = fresh_pair(name)
    for i in range(5):
        rotate(alice, f"{name} {i}")
        bob.receive(member(ALICE), alice.distribution().encode())
    rotate(alice, name)
    return alice, bob


def _after_removal(name):
    """Carol was gone in epoch 2, and the key is of that epoch; all have been in the next since."""
    alice, bob = fresh_pair(name)
    for number in (2, 3):
        for group in (alice, bob):
            group.change(number, [member(ALICE), member(BOB)])
        if number == 2:
            rotate(alice, name)
    return alice, bob


def _removal_and_gap(name):
    """Carol was gone in epoch 3 or 4, which Bob has not seen; Alice has made her key in epoch 3."""
    alice, bob = fresh_pair(name)
    bob.change(2, bob.members)
    for group, numbers in ((alice, (2, 3, 4, 5)), (bob, (5,))):
        for number in numbers:
            group.change(number, group.members if number == 2 else [member(ALICE), member(BOB)])
            if number == 3:
                rotate(alice, name)
    return alice, bob


def _ended_by_age(name):
    """Of Alice's keys 1, 3 and 5, Bob has dropped the first by its age; now the key between the others comes."""
    alice, bob = fresh_pair(name)
    for i in range(1, 6):
        rotate(alice, f"{name} {i}")
        if i == 4:
            between = copy.deepcopy(alice)
        if i in (1, 3, 5):
            bob.receive(alice.us, alice.distribution().encode())
        if i == 3:
            bob.expire_skipped(NOW, 0)
    bob.expire_skipped(NOW + 1, 100)
    assert [key.made for key in sorted(bob.keys, key=lambda key: key.made)] == [(1, 3), (1, 5)]
    return between, bob


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
            assert hasattr(made, field)
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
        self.made_in()
        self.conflicts()
        self.replays()
        self.removals()
        if self.name.endswith("/sixth-key"):
            self.sixth()
        if self.name.endswith("/ended-by-age"):
            self.ended()

    def formats(self):
        fail, encoded, g = self.fail, self.encoded, self.g
        fail("no-byte", "R-122", "Malformed(Truncated)", "no byte", b"")
        fail("version", "R-136", "Malformed(UnsupportedVersion)", "version 2", put(encoded, 0, b"\2"))
        fail("type", "R-136", "Malformed(WrongKind)", "type of a group message", put(encoded, 1, b"\4"))
        fail("no-group", "R-122", "Malformed(NotCanonical)", "an empty group id", encoded[:2] + b"\0" + encoded[3 + g:])
        fail("group-length", "R-122", "Malformed(Truncated)", "a group id longer than what is left", put(encoded, 2, b"\xff"))
        for slug, a, why in (BAD_A[0], BAD_A[4], BAD_A[7]):
            fail("public-" + slug, "R-60 R-122", "Malformed(InvalidKey)", "public key: " + why, put(encoded, 167 + g, a))
        for end in (1, 2, 3, 2 + g, 11 + g, 45 + g, 55 + g, 87 + g, 119 + g, 167 + g, 199 + g, len(encoded) - 1):
            fail(f"truncated-{end}", "R-122", "Malformed(Truncated)", f"ends after {end} bytes", encoded[:end])
        fail("trailing", "R-122", "Malformed(TrailingBytes)", "one byte too many", encoded + b"\0")
        fail("text", "R-63", "NotADistribution", "the same bytes in a message of type 0x02", text=True)
        fail("text-malformed", "R-63 R-44", "NotADistribution", "no byte in a message of type 0x02", b"", text=True)
        fail("text-relayed", "R-63 R-44", "NotADistribution", "in a message of type 0x02, of another peer", text=True, peer=CAROL)
        fail("invalid-key-before-group", "R-44", "Malformed(InvalidKey)",
             "another group and a bad public key: it is decoded first",
             put(put(encoded, 3, b"x"), 167 + g, BAD_A[0][1]))

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
        fail("sender-hash", "R-63", "Relayed", "sender hash flipped", flip(self.encoded, 87 + self.g))
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
             self.other(member(stranger), current=99), peer=stranger)

    def epochs(self):
        """The epoch in which the sender is."""
        fail, receiver, good = self.fail, self.receiver, self.good
        fail("epoch-next", "R-70", "UnknownEpoch", "the epoch after the receiver's", self.other(current=receiver.number + 1))
        fail("epoch-last", "R-70", "UnknownEpoch", "epoch 2^64 - 1", self.other(current=2**64 - 1))
        fail("epoch-next-made", "R-70 R-44", "UnknownEpoch", "the epoch after the receiver's, made and sent in it",
             self.other(current=receiver.number + 1, number=receiver.number + 1))
        fail("epoch-next-conflicting", "R-70", "UnknownEpoch", "the epoch after the receiver's, and no key id",
             self.other(current=receiver.number + 1, key_id=bytes(16)))
        for number, of_members in receiver.known.items():
            fail(f"members-differ-{number}", "R-70", "MembersDiffer", f"no members hash for epoch {number}",
                 self.other(current=number, current_hash=bytes(32)))
            fail(f"members-differ-{number}-last", "R-70", "MembersDiffer", f"last byte of the members hash of epoch {number} flipped",
                 self.other(current=number, current_hash=flip(of_members, 31)))
        fail("members-differ-conflicting", "R-70 R-44", "MembersDiffer", "another members hash, and no key id",
             self.other(current_hash=bytes(32), key_id=bytes(16)))
        fail("old-epoch", "R-66 R-70", "OldEpoch", "an epoch from before the receiver came", self.other(current=0))
        fail("old-epoch-conflicting", "R-70 R-44", "OldEpoch", "the same, with no members hash and no key id",
             self.other(current=0, current_hash=bytes(32), key_id=bytes(16)))
        if self.name.endswith("epoch-before"):
            fail("epoch-skipped", "R-70", "OldEpoch", "an epoch that was never ours, between two that were",
                 self.other(current=3))
        self._since(min(good.current, good.number))

    def _since(self, number):
        """The sender came with the epoch in which the key was made, or with the next."""
        late = copy.deepcopy(self.receiver)
        late.since[ALICE_ADDRESS] = number
        self.book.ok(self.name + "/since", "receive-distribution", "R-70", {"receiver": snapshot_group(late)}, self.name)
        if number == late.number:
            return
        late.since[ALICE_ADDRESS] = number + 1
        late = snapshot_group(late)
        self.fail("since-next", "R-63 R-67", "OldEpoch", "made before the sender came", receiver=late)
        self.fail("since-next-conflicting", "R-44", "OldEpoch", "the same, with no key id", self.other(key_id=bytes(16)),
                  receiver=late)
        self.fail("since-next-members", "R-44 R-70", "MembersDiffer", "the same, with another members hash",
                  self.other(current_hash=bytes(32)), receiver=late)

    def made_in(self):
        """The epoch in which the key was made."""
        fail, good, receiver = self.fail, self.good, self.receiver
        fail("made-later", "R-64 R-70", "Conflicting", "made in the epoch after the sender's",
             self.other(number=good.current + 1, members_hash=receiver.known.get(good.current + 1, bytes(32))))
        fail("made-last", "R-64 R-70", "Conflicting", "made in epoch 2^64 - 1", self.other(number=2**64 - 1))
        fail("made-members-differ", "R-64 R-70", "MembersDiffer", "made in the sender's epoch, with other members",
             self.other(number=good.current, members_hash=bytes(32)))
        fail("made-last-members-differ", "R-44 R-70", "Conflicting", "made in the epoch after the sender's, with other members",
             self.other(number=good.current + 1, members_hash=bytes(32)))
        late = {"current": receiver.number, "current_hash": receiver.members_hash}
        for number, of_members in receiver.known.items():
            if not self._too_old(number):
                self._made_in_known(number, of_members, late)
        if self.name.endswith("epoch-before"):
            for number in (0, 3, 6, 7):
                self.book.ok(f"{self.name}/made-in-{number}", "receive-distribution", "R-64", {
                    "distribution": self.other(**late, number=number, members_hash=bytes(32))}, self.name)
        if self.name.endswith("late-joiner"):
            self.book.ok(self.name + "/unknown-members", "receive-distribution", "R-69 R-70",
                         {"distribution": self.other(number=2, members_hash=bytes(32))}, self.name)
        if self.name.endswith("came-back"):
            self._came_back()

    def _too_old(self, number):
        """Whether a key of this epoch is refused for its age, when it is sent in the current one."""
        return number < max(self.receiver.since[ALICE_ADDRESS], self.receiver.last_removal)

    def _made_in_known(self, number, of_members, late):
        """Made in an epoch of which the receiver knows the members, or sent as if."""
        name = f"made-in-{number}"
        self.book.ok(f"{self.name}/{name}", "receive-distribution", "R-70", {
            "distribution": self.other(**late, number=number, members_hash=of_members, key_number=4)}, self.name)
        for slug, wrong in (("first", flip(of_members, 0)), ("last", flip(of_members, 31, 128))):
            self.fail(f"{name}-members-{slug}", "R-70", "MembersDiffer",
                      f"{slug} byte of the members hash of epoch {number}, in which the key was made, flipped",
                      self.other(**late, number=number, members_hash=wrong))
        self.fail(name + "-members-conflicting", "R-44 R-70", "MembersDiffer", "the same, and no key id",
                  self.other(**late, number=number, members_hash=bytes(32), key_id=bytes(16)))

    def _came_back(self):
        """From before the removal, with everything else right."""
        known = self.receiver.known
        for current, number in ((1, 1), (2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (4, 2)):
            self.fail(f"made-in-{number}-sent-in-{current}", "R-63 R-67", "OldEpoch",
                      f"made in epoch {number} and sent in epoch {current}, when the sender is here since epoch 3", self.other(
                          current=current, current_hash=known[current], number=number, members_hash=known[number]))
        self.book.ok(self.name + "/sent-in-3", "receive-distribution", "R-66", {
            "distribution": self.other(current=3, current_hash=known[3])}, self.name)

    def conflicts(self):
        fail, good = self.fail, self.good
        fail("key-id", "R-64", "Conflicting", "key id flipped", flip(self.encoded, 119 + self.g))
        fail("commitment", "R-64", "Conflicting", "commitment flipped, key id not changed", flip(self.encoded, 135 + self.g))
        another = ed25519_public(derive("another signing secret", 32))
        fail("public", "R-64 R-66", "Conflicting", "another public key, key id not changed",
             put(self.encoded, 167 + self.g, another))
        current = {"number": self.receiver.number, "members_hash": self.receiver.members_hash}
        if good.number != self.receiver.number:
            fail("epoch-moved", "R-61 R-64", "Conflicting", "moved to the current epoch, key id not changed",
                 self.other(**current, current=current["number"], current_hash=current["members_hash"], key_id=good.key_id))
        fail("iteration-0", "R-64", "Conflicting", "iteration 0, and the chain key is not what was committed to",
             self.other(iteration=0, chain_key=flip(good.chain_key, 0)))
        fail("iteration-last", "R-38", "Conflicting", "iteration 4,294,967,295", self.other(iteration=LAST_ITERATION))
        if good.iteration == 0:
            fail("chain-key", "R-64", "Conflicting", "the chain key flipped", flip(self.encoded, len(self.encoded) - 1))
        else:
            fail("iteration-lowered", "R-64 R-69", "Conflicting", "iteration 0 claimed for a later chain key",
                 put(self.encoded, 199 + self.g, u32(0)))
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
            self.encoded, 167 + self.g, ed25519_public(derive("another signing secret", 32))), receiver=after)
        group.find(good.key_id).first += 1
        group.find(good.key_id).receiving.n += 1
        fail("rewinding", "R-66 R-69", "Rewinding", "it was given that key from the next iteration on",
             receiver=snapshot_group(group))
        group.find(good.key_id).receiving.n += 1
        fail("rewinding-read", "R-66", "Rewinding", "the same, after a message was read", receiver=snapshot_group(group))

    def removals(self):
        """Made before somebody was gone, and sent since; `removal` is the last."""
        known, since = self.receiver.known, self.receiver.since[ALICE_ADDRESS]
        removal, name = self.receiver.last_removal, self.name
        for number in range(self.good.number, self.receiver.number + 1):
            self._removed_in(number)
        if not name.endswith(("/after-removal", "/removal-and-gap")):
            return
        for number in range(max(removal - 2, since, 0), self.receiver.number + 1):
            for current in (epoch for epoch in known if epoch >= max(number, since)):
                made = {"number": number, "members_hash": known.get(number, bytes(32)), "current": current,
                        "current_hash": known[current], "key_number": 4}
                slug = f"removal-made-in-{number}-sent-in-{current}"
                if number < removal <= current:
                    self._over_a_removal(slug, made)
                else:
                    self.book.ok(f"{name}/{slug}", "receive-distribution", "R-65", {"distribution": self.other(**made)}, name)

    def _over_a_removal(self, slug, made):
        self.fail(slug, "R-65 R-67", "OldKey", "somebody was gone between the key's epoch and the sender's", self.other(**made))
        self.fail(slug + "-conflicting", "R-44 R-65", "OldKey", "the same, with no key id", self.other(**made, key_id=bytes(16)))
        if made["number"] in self.receiver.known:
            self.fail(slug + "-members", "R-44 R-70", "MembersDiffer", "the same, with another members hash of the key's epoch",
                      self.other(**{**made, "members_hash": bytes(32)}))

    def _removed_in(self, number):
        """The success's distribution, had somebody been gone in this epoch last."""
        late, name = copy.deepcopy(self.receiver), f"had-a-removal-in-{number}"
        late.last_removal = number
        if self.good.number < number <= self.good.current:
            self.fail(name, "R-65", "OldKey", f"somebody was gone in epoch {number}", receiver=snapshot_group(late))
        else:
            self.book.ok(f"{self.name}/{name}", "receive-distribution", "R-65", {"receiver": snapshot_group(late)}, self.name)

    def sixth(self):
        """Bob has keys 1 to 5 of epoch 1, and the success is number 6, which has ended the first."""
        fail, good, after = self.fail, self.good, bytes.fromhex(self.made["out"]["receiver_after"])
        first = next(key for key in self.receiver.keys if key.made == (1, 1))
        for number, why in ((0, "a sixth key, older than the five"), (1, "a sixth key in the place of the first")):
            fail(f"older-{number}", "R-66 R-68", "OldKey", why, self.other(key_number=number))
        fail("older-conflicting", "R-44 R-68", "Conflicting", "older than the five, and no key id: it ends nothing yet",
             self.other(key_number=0, key_id=bytes(16)))
        self.book.ok(self.name + "/second", "receive-distribution", "R-68", {"distribution": self.other(key_number=2)}, self.name)
        self.book.ok(self.name + "/last-number", "receive-distribution", "R-38 R-68",
                     {"distribution": self.other(key_number=LAST_KEY)}, self.name)
        another = {"chain_key": bytes(32), "commitment": groups.commitment(bytes(32))}
        for number in (0, 1, 2):
            why = "at or before the key that the sixth has ended" if number < 2 else "a sixth again, in the place of the first"
            fail(f"ended-{number}", "R-66 R-67 R-68", "OldKey", why, self.other(**another, key_number=number), receiver=after)
        fail("again-second", "R-66", "Replayed", "a sixth again, with the key id of the last: it has that key",
             self.other(key_number=2), receiver=after)
        self.book.ok(self.name + "/seventh", "receive-distribution", "R-66 R-68",
                     {"distribution": self.other(**another, key_number=3), "receiver": after}, self.name)
        fail("ended-conflicting", "R-44 R-66", "OldKey", "at the key that was ended, and no key id",
             self.other(key_number=1, key_id=bytes(16)), receiver=after)
        fail("second-conflicting", "R-44 R-66", "Conflicting", "in the place of the first that is not over, and no key id",
             self.other(key_number=2, key_id=bytes(16)), receiver=after)
        given = self._again(first)
        fail("first-again", "R-66 R-67", "Replayed", "the first of the five: it has that key", given)
        fail("first-ended", "R-66 R-67", "OldKey", "the first of the five, which the sixth has ended", given, receiver=after)

    def _again(self, key):
        """The distribution by which the receiver has this key."""
        return self.other(key_number=key.made[1], public=key.public, chain_key=key.receiving.chain_key,
                          commitment=groups.commitment(key.receiving.chain_key))

    def ended(self):
        """Bob has dropped number 1 and has 3 and 5; the success is number 4."""
        fail = self.fail
        for number in (0, 1):
            fail(f"ended-{number}", "R-34 R-66 R-67", "OldKey", "at or before the key that was dropped",
                 self.other(key_number=number))
        fail("ended-conflicting", "R-44 R-66", "OldKey", "at the key that was dropped, and no key id",
             self.other(key_number=1, key_id=bytes(16)))
        for number in (2, 3, 5, LAST_KEY):
            self.book.ok(f"{self.name}/number-{number}", "receive-distribution", "R-34 R-66",
                         {"distribution": self.other(key_number=number)}, self.name)
        earlier = {"number": 0, "members_hash": bytes(32), "key_number": LAST_KEY}
        fail("earlier-epoch", "R-66", "OldKey", "the last number of the epoch before", self.other(**earlier))
        late = copy.deepcopy(self.receiver)
        late.first_keys[ALICE_ADDRESS] = (1, 5)
        late.keys = [key for key in late.keys if key.made == (1, 5)]
        fail("number-below", "R-66", "OldKey", "number 4, when number 4 was ended", receiver=snapshot_group(late))
        late.first_keys[ALICE_ADDRESS] = (1, 4)
        self.book.ok(self.name + "/number-at", "receive-distribution", "R-66", {"receiver": snapshot_group(late)}, self.name)
