"""Cases of group.json: snapshots, and bytes that are none."""

import copy
import dataclasses

import groups
import ops
import state
from book import derive, flip, put
from confidant import Receiving
from group_ops import advance, group_fields, group_of
from group_pairs import ALICE, BOB, CAROL, DAVE, EVE, GROUP, LONG, PEOPLE, fresh_pair, make_pair, member, rotate
from group_state import snapshot_group
from groups import LAST_ITERATION, LAST_KEY, SenderKey
from keys_cases import BAD_A, NOW
from primitives import Replay
from wire import u8, u16, u32, u64


def _sum(body):
    return body + state.checksum(body)


def snapshots(book):
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
    yield "superseded", _superseded()
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
        rotate(other, f"full {i}")
        advance(other, 2 * i)
        bob.receive(other.us, other.distribution().encode())
        bob.find(other.own_key_id())._step_to(2 * i + 1 + i)
    return bob


def _superseded():
    """Five keys of one sender: the marks of four, one of them turned back."""
    alice, bob = fresh_pair("superseded")
    for i in range(5):
        rotate(alice, f"superseded {i}")
        bob.receive(alice.us, alice.distribution().encode())
        bob.expire_skipped(NOW + 10 * i, 1000)
    bob.expire_skipped(NOW + 25, 1000)
    assert sorted(key.mark or 0 for key in bob.keys) == [0, NOW + 10, NOW + 20, NOW + 25, NOW + 25]
    return bob


def _extreme():
    """The largest numbers and the longest names."""
    listed = [member(value) for value in (BOB, LONG[0])]
    g = groups.create(b"g" * 255, listed[1], 2**64 - 1, listed, groups.MAX_MESSAGES, 2**64 - 1)
    g.before, g.since = [(2**64 - 2, bytes(32))], {address: 2**64 - 1 for address, _ in g.members}
    g.next_key, g.last_removal, g.first_keys[g.members[0][0]] = LAST_KEY, 2**64 - 1, (2**64 - 1, LAST_KEY)
    rotate(g, "extreme")
    assert g.own.key_number == g.next_key == LAST_KEY
    g.own.created, g.own.n, g.epoch = 2**64 - 1, groups.MAX_MESSAGES, 2**64 - 1
    g.keys = [SenderKey(b"\xff" * 16, g.members[0][0], (2**64 - 1, LAST_KEY), 2**64 - 1, g.own.public, LAST_ITERATION - 1,
                        Receiving(0, LAST_ITERATION, bytes(32)), 2**64 - 1, (0, 3), [(2**64 - 1, (0, LAST_ITERATION))],
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
         _sum(put(body, len(body) - 13, b"\2")), min_epoch=least + 1)
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
        self.before = self.members + 4 + sum(len(address) + 84 for address, _ in group.members)
        self.rotation = self.before + 2 + 40 * len(group.before) + 8
        self.own = self.rotation + 12
        self.due = self.own + 1 + (152 if group.own else 0)

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
        fail("before-too-many", "TooMany", "1,000 epochs before", put(self.body, self.before, u16(1_000)))
        if not g.before:
            fail("before-count", "Truncated", "999 epochs before, and no bytes for them", put(self.body, self.before, u16(999)))
        self.changed("before-not-before", "the current epoch among those before", lambda g: setattr(
            g, "before", [*g.before, (g.number, bytes(32))]))
        if len(g.before) > 1:
            self.changed("before-swapped", "epochs before not ascending", lambda g: g.before.reverse())
            self.changed("before-twice", "an epoch before twice", lambda g: g.before.__setitem__(0, g.before[1]))
        if g.number < 2**64 - 1:
            self.changed("since", "a member came after the current epoch",
                         lambda g: g.since.__setitem__(g.members[-1][0], g.number + 1))
            self.changed("since-ours", "we came after the current epoch",
                         lambda g: g.since.__setitem__(g.address, g.number + 1))
            self.changed("last-removal", "somebody was gone after the current epoch",
                         lambda g: setattr(g, "last_removal", g.number + 1))
        for slug, messages, seconds in (("no-messages", 0, 1), ("no-seconds", 2000, 0), ("too-many", 2001, 1)):
            self.fail("rotation-" + slug, "NotCanonical", f"rotation after {messages} messages or {seconds} seconds",
                      put(put(self.body, self.rotation, u32(messages)), self.rotation + 4, u64(seconds)))

    def own_key(self):
        fail, body = self.fail, self.body
        fail("own-tag", "NotCanonical", "tag 2 before our key", put(body, self.own, b"\2"))
        fail("due", "NotCanonical", "due is 2", put(body, self.due, b"\2"))
        self.changed("given-stranger", "the key given to no member", lambda g: setattr(
            g, "given", [member({**EVE, "device": 1000})[0]]))
        if self.group.own and self.group.number < 2**64 - 1:
            self.changed("own-epoch", "our key of the epoch after the current one",
                         lambda g: setattr(g.own, "number", g.number + 1))
        if self.group.own:
            self.changed("own-iteration", "more messages sent than a key is used for",
                         lambda g: setattr(g.own, "n", g.messages + 1))
            self.changed("own-number", "our key's number is after the next one's",
                         lambda g: (setattr(g.own, "key_number", LAST_KEY), setattr(g, "next_key", LAST_KEY - 1)))
            self.changed("given-ourselves", "the key given to ourselves", lambda g: setattr(
                g, "given", sorted([*g.given, g.address], key=groups.address_order)))
        else:
            self.changed("given-no-key", "a key given that is not there",
                         lambda g: setattr(g, "given", [next(one for one, _ in g.members if one != g.address)]))
        if self.group.given:
            self.changed("given-twice", "a member was given the key twice", lambda g: g.given.append(g.given[-1]))
        if len(self.group.given) > 1:
            self.changed("given-swapped", "given not ascending", lambda g: g.given.reverse())

    def keys(self):
        def set_key(**changes):
            return lambda g: [setattr(g.keys[0], field, value) for field, value in changes.items()]
        group, key = self.group, self.group.keys[0]
        count = self.due + 1 + 4 + sum(map(len, group.given)) + 4
        self.fail("keys-too-many", "TooMany", "25,001 keys", put(self.body, count, u32(25_001)))
        self.fail("keys-count", "Truncated", "one key more than there is", put(self.body, count, u32(len(group.keys) + 1)))
        self.changed("key-twice", "a key twice", lambda g: g.keys.insert(0, g.keys[0]))
        self.changed("key-sender", "a key of nobody in the group", set_key(sender=member({**EVE, "device": 1000})[0]))
        self.changed("key-ours", "a key of our own", set_key(sender=group.address))
        self._places(key, set_key)
        self.changed("key-first", "a first iteration after the next",
                     set_key(first=key.receiving.n + 1, kept={}) if key.receiving.n < LAST_ITERATION else
                     set_key(receiving=Receiving(0, key.first - 1, bytes(32)), kept={}, marks=[], forgotten=(0, 0)))
        self.fail("key-mark", "NotCanonical", "tag 2 before a mark",
                  put(self.body, count + 4 + 16 + len(key.sender) + 20 + 32 + 4, b"\2"))
        self.changed("key-public", "a public key that is no point", set_key(public=BAD_A[4][1]), "InvalidKey")
        self.changed("marks-too-many", "17 marks", set_key(marks=[(NOW, (0, i + 1)) for i in range(17)]), "TooMany")
        self.changed("marks-positions", "marks whose positions do not ascend", set_key(marks=[(NOW, (0, 1))] * 2))
        self.changed("marks-times", "marks whose times descend", set_key(marks=[(NOW, (0, 1)), (NOW - 1, (0, 2))]))
        self.changed("mark-index", "a mark of chain 1", set_key(marks=[(NOW, (1, 1))]))
        self.changed("forgotten-index", "forgotten in chain 1", set_key(forgotten=(1, 0), kept={}))
        n = key.receiving.n
        if n < LAST_ITERATION:
            self.changed("forgotten-ahead", "forgotten after the next iteration", set_key(forgotten=(0, n + 1), kept={}))
            self.changed("mark-ahead", "a mark after the next iteration", set_key(marks=[(NOW, (0, n + 1))]))
        self.changed("kept-ahead", "a kept key at the next iteration", set_key(kept={(0, n): bytes(32)}))
        self.changed("kept-index", "a kept key of chain 1", set_key(kept={(1, max(n, 1) - 1): bytes(32)}))
        if key.first:
            self.changed("kept-before-first", "a kept key before the first iteration",
                         set_key(kept={(0, key.first - 1): bytes(32)}, forgotten=(0, 0)))

    def _places(self, key, set_key):
        """Which of its sender's a key is, and until when it may be used."""
        (epoch, number), sender = key.made, key.sender

        def first(*place):
            return lambda g: g.first_keys.__setitem__(sender, place)
        if self.group.number < 2**64 - 1:
            self.changed("key-epoch", "a key of the epoch after the current one",
                         set_key(made=(self.group.number + 1, 0), until=2**64 - 1))
            self.changed("key-over-epoch", "a key of an epoch whose keys are over", first(epoch + 1, 0))
            self.changed("key-until", "a key whose until is its own epoch", set_key(until=epoch))
        if number < LAST_KEY:
            self.changed("key-over", "a key that is over", first(epoch, number + 1))
        else:
            self.changed("key-over", "a key that is over", set_key(made=(epoch, number - 1)))
        self.changed("key-until-before", "a key whose until is before its own epoch", set_key(until=epoch - 1))

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
        def six(g):
            key = g.keys[0]
            g.keys = sorted([*(other for other in g.keys if other.sender != key.sender), *(dataclasses.replace(
                key, key_id=bytes(15) + u8(i)) for i in range(6))], key=lambda key: key.key_id)
        self.changed("keys-swapped", "keys not ascending", lambda g: g.keys.reverse())
        self.changed("six-keys", "six keys of one sender", six)
