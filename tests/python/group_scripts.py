"""The conversations of group.json."""

import copy

import group_talk
import groups
import ops
from book import derive, flip, put
from group_ops import advance
from group_state import snapshot_group
from keys_cases import NOW
from primitives import Replay
from wire import u32

WEEK = groups.SECONDS
SIDES = {"alice": ("example.org", 1), "bob": ("example.net", 7), "carol": ("example.org", 2), "dave": ("example.net", 1),
         "eve": ("", 9)}


def device(name):
    """A device by its name; a digit behind it means another identity for the same address."""
    user = name.rstrip("0123456789")
    provider, number = SIDES[user]
    return {"provider": provider.encode(), "user": user.encode(), "device": number, "seed": derive("group seed " + name, 32)}


class Script:
    """Writes a group conversation by playing it: every event has the result that its author expects."""

    def __init__(self, slug, names, rotation=None):
        self.name, self.events, self.count, self.texts = "group-conversation/" + slug, [], 0, {}
        self.given = ops.show({"group": b"friends", "devices": {name: device(name) for name in names.split()}})
        self.player, self.rotation = group_talk.Player(self.given), rotation

    def do(self, what, by, expect="ok", **more):
        event = self.player.play(ops.show({"do": what, "by": by, **more}))
        assert event["expect"] == expect, (self.name, len(self.events), what, by, event["expect"], expect)
        self.events.append(event)
        return event.get("out")

    def group(self, name):
        return self.player.groups[name]

    def fresh(self, what, size):
        self.count += 1
        return derive(f"{self.name} {what} {self.count}", size)

    def create(self, by, epoch, members, expect="ok", **more):
        self.do("create", by, expect, epoch=epoch, members=members.split(), **{"rotation": self.rotation, **more})

    def change(self, names, epoch, members, through=None):
        for by in names.split():
            self.do("change", by, epoch=epoch, members=members.split(), through=through)

    def no_change(self, by, epoch, members, expect, why):
        self.do("change", by, expect, epoch=epoch, members=members.split(), why=why)

    def rotate(self, by, now=NOW):
        self.do("rotate", by, now=now, random=[self.fresh("chain key", 32), self.fresh("signing secret", 32)])

    def distribute(self, by, to):
        """Gives by's key to these, over their pairwise sessions, and returns the ids."""
        return [self.hand_over(by, name) for name in to.split()]

    def hand_over(self, by, to):
        number = self.offer(by, to)
        self.do("receive", to, id=number, **{"from": by})
        return number

    def offer(self, by, to):
        """A distribution that is not received yet."""
        self.count += 1
        number = self.count
        self.do("distribute", by, to=to, id=number)
        return number

    def refuse_key(self, to, what, sender, expect, why):
        source = {"id": what} if isinstance(what, int) else {"bytes": what}
        self.do("receive", to, expect, why=why, **source, **{"from": sender})

    def start(self, names, epoch=1):
        """Everybody has the group and everybody else's key."""
        for by in names.split():
            self.create(by, epoch, names)
        for by in names.split():
            self.rotate(by)
            self.distribute(by, " ".join(name for name in names.split() if name != by))

    def send(self, by, ad=None, now=NOW + 1):
        """Encrypts a new message, and returns its id."""
        salt = self.fresh("salt", 24)
        number = self.count
        self.texts[number] = f"{by} {number}".encode()
        self.do("encrypt", by, id=number, plaintext=self.texts[number], ad=ad, now=now, random=[salt])
        return number

    def cannot_send(self, by, why, now=NOW + 1, expect="RotationDue"):
        self.do("encrypt", by, expect, id=0, plaintext=b"x", now=now, random=[self.fresh("salt", 24)], why=why)

    def read(self, to, number, iteration, ad=None):
        for by in to.split():
            out = self.do("decrypt", by, id=number, ad=ad)
            assert (bytes.fromhex(out["plaintext"]), out["iteration"]) == (self.texts[number], iteration), out

    def refuse(self, to, what, expect, why, ad=None):
        source = {"id": what} if isinstance(what, int) else {"bytes": what}
        for by in to.split():
            self.do("decrypt", by, expect, why=why, ad=ad, **source)

    def rogue(self, name, number, members, text=b"a lie", iteration=0):
        """A message of this device as if it were in this epoch: what its own group does not write."""
        other = copy.deepcopy(self.group(name))
        advance(other, iteration)
        other.number, other.due = number, False
        other.members = groups.ordered([self.player.devices[who] for who in members.split()])
        return other.encrypt(text, b"", other.own.created, Replay([self.fresh("salt", 24)]), {})

    def bytes(self, number):
        return self.player.sent[number]

    def snapshots(self, names, tag):
        for by in names.split():
            self.do("snapshot", by, id=f"{by} {tag}")

    def restart(self, by, tag, min_epoch=0):
        self.do("restore", by, snapshot=f"{by} {tag}", min_epoch=min_epoch)

    def jump(self, by, iteration):
        """Takes the place of `by` at a later iteration, as if it had sent messages that nobody gets."""
        ahead = copy.deepcopy(self.group(by))
        advance(ahead, iteration)
        self.do("restore", by, bytes=snapshot_group(ahead), min_epoch=0, why=f"as if {iteration} messages had been sent")

    def add_to(self, book, about, req):
        book.add_conversation(self.name, about, req, self.given, self.events, "group-conversation")


# ---- The conversations

def talk(book):
    s, names = Script("talk", "alice bob carol"), "alice bob carol"
    for by in names.split():
        s.create(by, 1, names)
    s.snapshots("alice", "new")
    s.cannot_send("alice", "no key yet")
    s.rotate("alice")
    alone = s.send("alice")
    s.refuse("bob carol", alone, "UnknownKey", "the key was not given yet")
    late = s.distribute("alice", "bob carol")
    s.refuse("bob", alone, "BeforeOurTime", "sent before bob was given the key")
    for by, others in (("bob", "carol alice"), ("carol", "alice bob")):
        s.rotate(by)
        s.distribute(by, others)
    s.snapshots("bob", "given")
    sent = [s.send("alice", b"ad" if i == 1 else None) for i in range(6)]
    s.read("bob carol", sent[0], 1)
    s.read("bob", sent[1], 2, b"ad")
    s.refuse("carol", sent[1], "Unauthentic", "without its associated data")
    s.read("carol", sent[4], 5)
    s.snapshots("carol", "kept")
    s.read("carol", sent[1], 2, b"ad")
    s.refuse("carol", flip(s.bytes(sent[2]), 90), "Unauthentic", "forged on a kept key: the key stays")
    s.read("carol", sent[2], 3)
    for number in (sent[0], sent[2], sent[4]):
        s.refuse("carol", number, "Duplicate", "read before")
    s.refuse("alice", sent[0], "UnknownKey", "given back to its sender")
    s.restart("carol", "kept", 4)
    s.read("carol", sent[2], 3)
    s.read("carol", sent[3], 4)
    s.read("carol", sent[5], 6)
    for i in range(3):
        s.read("alice carol", s.send("bob"), i)
        s.read("alice bob", s.send("carol"), i)
    s.refuse_key("bob", late[0], "alice", "Replayed", "given before")
    s.refuse_key("carol", late[0], "bob", "Relayed", "bob passes alice's key on")
    s.do("restore", "bob", "Stale", snapshot="bob given", min_epoch=9, why="older than the highest epoch stored")
    s.snapshots("carol", "end")
    s.add_to(book, "Three devices: in order, out of order, with associated data, duplicates, a restart.",
             "R-60 R-63 R-65 R-67 R-69 R-71 R-43 R-44")


def join_and_remove(book):
    s, three, four = Script("join-and-remove", "alice bob carol dave dave2"), "alice bob carol", "alice bob carol dave"
    s.start(three)
    first = s.send("alice")
    s.read("bob carol", first, 0)
    s.change("alice", 2, four)
    early = s.send("alice")
    s.refuse("bob", early, "UnknownEpoch", "bob has not changed yet")
    s.change("bob", 2, four)
    s.read("bob", early, 1)
    too_early = s.offer("alice", "dave")
    s.create("dave", 2, four)
    s.do("receive", "dave", id=too_early, **{"from": "alice"})
    s.refuse("dave", first, "OldEpoch", "sent before dave came")
    s.refuse("dave", early, "BeforeOurTime", "sent before dave was given the key")
    second = s.send("alice")
    s.refuse("carol", second, "UnknownEpoch", "carol has not changed yet")
    s.change("carol", 2, four)
    s.read("bob carol dave", second, 2)
    s.rotate("dave")
    s.distribute("dave", three)
    s.read(three, s.send("dave"), 0)
    s.distribute("bob", "dave")
    s.snapshots("alice dave", "joined")
    _unknown_epoch(s, four)
    _remove_bob(s)
    _new_identity(s)
    s.add_to(book, "Joining without rotation, a late joiner, removal, what a removed device still can do, a new identity.",
             "R-61 R-63 R-65 R-69 R-70")


def _unknown_epoch(s, four):
    """Alice is an epoch ahead, and another list goes around under its number."""
    s.change("alice", 3, "alice bob carol")
    s.cannot_send("alice", "dave is gone")
    s.do("distribute", "alice", "RotationDue", to="bob", id=0, why="dave is gone: the old key is not given any more")
    s.rotate("alice")
    ahead = s.offer("alice", "carol")
    s.do("distribute", "alice", "NotAMember", to="dave", id=0, why="dave is gone")
    s.refuse_key("carol", ahead, "alice", "UnknownEpoch", "carol has not changed yet")
    s.do("change", "carol", epoch=3, members=four.split())
    s.refuse_key("carol", ahead, "alice", "MembersDiffer", "carol was told another list for epoch 3")
    s.restart("alice", "joined")


def _remove_bob(s):
    """Bob is removed in epoch 4; carol, who was told another epoch 3, sees the same list again."""
    sent = [s.send(by) for by in ("alice", "bob")]
    s.read("carol", sent[1], 0)
    rest = "alice carol dave"
    s.change("alice", 3, "alice bob carol dave")
    ahead = s.send("alice")
    s.refuse("bob", ahead, "UnknownEpoch", "bob has not changed yet")
    s.change("bob", 3, "alice bob carol dave")
    s.read("bob", ahead, 4)
    s.change(rest, 4, rest)
    for by in rest.split():
        s.cannot_send(by, "bob is gone")
    s.do("distribute", "carol", "RotationDue", to="dave", id=0, why="bob is gone")
    s.snapshots("alice carol", "due")
    s.refuse("alice dave", sent[1], "UnknownKey", "bob's key went with him")
    s.read("dave carol", sent[0], 3)
    s.restart("alice", "due")
    s.rotate("alice")
    s.do("distribute", "alice", "NotAMember", to="bob", id=0, why="bob is gone")
    s.distribute("alice", "carol dave")
    third = s.send("alice")
    s.read("carol dave", third, 0)
    s.refuse("bob", third, "UnknownKey", "bob was not given the new key")
    key = s.offer("bob", "alice")
    s.refuse_key("alice", key, "bob", "NotAMember", "bob is gone")
    s.refuse_key("carol", key, "dave", "Relayed", "dave passes bob's key on")
    s.snapshots("dave", "without bob")


def _new_identity(s):
    """Dave comes back with another identity."""
    sent = s.send("alice")
    s.rotate("dave")
    s.distribute("dave", "alice carol")
    old = s.send("dave")
    s.change("alice carol", 5, "alice carol dave2")
    s.cannot_send("alice", "dave has another identity")
    s.refuse("alice", old, "UnknownKey", "the key of dave's old identity is gone")
    s.snapshots("alice", "new identity")
    s.rotate("alice")
    s.create("dave2", 5, "alice carol dave2")
    s.distribute("alice", "dave2 carol")
    s.read("dave2 carol", s.send("alice"), 0)
    s.refuse("dave2", sent, "UnknownKey", "under a key from before its time")
    s.refuse_key("alice", s.offer("dave", "alice"), "dave", "NotAMember", "the old identity")
    s.rotate("dave2")
    s.distribute("dave2", "alice")
    s.read("alice", s.send("dave2"), 0)
    s.snapshots("alice dave2", "end")


def numbers(book):
    """Epoch numbers: skipped ones, and what is remembered of them."""
    s, three = Script("epoch-numbers", "alice bob carol dave eve"), "alice bob carol"
    s.start(three)
    s.change("alice", 2, "alice bob carol dave")
    between = s.send("alice")
    s.change("alice", 3, "alice bob carol dave")
    s.send("alice")
    s.do("snapshot", "alice", id="alice 3")
    old = s.offer("alice", "bob")
    s.change("bob", 3, "alice bob carol dave")
    s.cannot_send("bob", "epoch 2 was skipped, and somebody may have come and gone")
    s.do("distribute", "bob", "RotationDue", to="dave", id=0, why="epoch 2 was skipped")
    s.refuse("bob", between, "OldEpoch", "sent in an epoch that bob skipped")
    _refused_changes(s, three)
    s.change("bob", 4, "alice bob carol dave eve")
    s.cannot_send("bob", "still due, though the last change only added")
    s.rotate("bob")
    s.read("bob", s.send("alice"), 2)
    bob, four = s.offer("bob", "alice"), "alice bob carol dave eve"
    s.change("alice", 4, four)
    s.do("receive", "alice", id=bob, **{"from": "bob"})
    s.refuse_key("bob", old, "alice", "Replayed", "bob has alice's key of epoch 1 from before")
    s.create("eve", 4, four)
    s.distribute("alice", "eve")
    s.distribute("bob", "eve")
    s.read("alice eve", s.send("bob"), 0)
    s.rotate("eve")
    _forgotten_epochs(s, four)
    s.add_to(book, "Skipped epoch numbers make a key due; a key survives joins; the last 999 epochs are known.",
             "R-65 R-66 R-68 R-70")


def _refused_changes(s, three):
    """Bob is in epoch 3, with dave."""
    s.no_change("bob", 2, three, "OldEpoch", "an epoch before the current one, with another list")
    s.no_change("bob", 1, three, "OldEpoch", "an epoch before the current one, with its own list")
    s.no_change("bob", 3, "dave carol bob alice", "OldEpoch", "the current epoch with its list, in another order")
    s.no_change("bob", 3, three, "MembersDiffer", "the current epoch with another list")
    s.no_change("bob", 3, "alice carol dave", "MembersDiffer", "the current epoch with a list without us")
    s.no_change("bob", 3, "alice bob bob", "DuplicateMember", "the current epoch with another list and a member twice")
    s.no_change("bob", 2, "alice carol", "OldEpoch", "an epoch before, with a list without us")
    s.no_change("bob", 0, "alice alice", "DuplicateMember", "epoch 0, and a member twice")
    s.no_change("bob", 4, "alice carol", "NotAMember", "a list without us")
    s.no_change("bob", 4, "alice bob alice", "DuplicateMember", "a member twice")
    s.no_change("bob", 4, "alice carol alice", "DuplicateMember", "a list without us with a member twice")
    s.create("dave", 3, three, "NotAMember", why="a list without us")
    s.create("dave", 3, "alice alice", "DuplicateMember", why="a list without us with a member twice")


def _forgotten_epochs(s, everybody):
    """What eve has sent in epoch 4 reaches some in time and some too late."""
    keys = [s.offer("eve", name) for name in ("alice", "bob", "carol")]
    sent = [s.send("eve") for _ in range(3)]
    s.change("carol", 4, everybody)
    s.change("alice bob carol eve", 5, everybody, through=1003)
    s.do("receive", "alice", id=keys[0], **{"from": "eve"})
    s.read("alice", sent[0], 0)
    s.snapshots("alice", "999 changes later")
    s.restart("alice", "999 changes later")
    s.read("alice", sent[1], 1)
    s.create("dave", 1003, everybody)
    s.refuse_key("dave", keys[0], "eve", "OldEpoch", "dave came with a later epoch")
    s.change("alice bob carol dave eve", 1004, everybody)
    s.snapshots("alice", "1,000 changes later")
    s.refuse("alice", sent[2], "OldEpoch", "1,000 changes ago")
    s.refuse_key("bob", keys[1], "eve", "OldEpoch", "1,000 changes ago")
    s.refuse_key("carol", keys[2], "eve", "OldEpoch", "1,000 changes ago")
    s.restart("alice", "999 changes later")
    s.read("alice", sent[2], 2)
    s.change("alice", 1004, everybody)
    s.distribute("eve", "bob dave")
    s.read("alice bob dave", s.send("eve"), 3)
    s.snapshots("eve dave", "end")


def rotation(book):
    """Due by count and by time."""
    s, three = Script("rotation", "alice bob carol", {"messages": 3, "seconds": 100}), "alice bob carol"
    for slug, messages, seconds in (("no messages", 0, 1), ("no seconds", 1, 0), ("2,001 messages", 2001, 1)):
        s.create("alice", 1, three, "InvalidRotation", rotation={"messages": messages, "seconds": seconds}, why=slug)
    s.start(three)
    for i in range(3):
        number = s.send("alice", now=NOW + 33 * i)
        s.read("bob", number, i)
    s.cannot_send("alice", "three messages were sent")
    s.snapshots("alice", "due by count")
    s.change("alice bob carol", 2, three)
    s.cannot_send("alice", "a change does not help")
    s.rotate("alice", NOW + 50)
    s.do("encrypt", "alice", "Randomness", id=0, plaintext=b"x", now=NOW + 50, random=[], why="no randomness: nothing changes")
    s.do("rotate", "alice", "Randomness", now=NOW + 50, random=[derive("half", 32)], why="randomness fails: nothing changes")
    s.distribute("alice", "bob")
    s.read("bob", s.send("alice", now=NOW + 149), 0)
    s.cannot_send("alice", "now = created + seconds", NOW + 150)
    s.distribute("alice", "carol")
    s.read("bob carol", s.send("alice", now=NOW + 10), 1)
    s.send("alice", now=NOW + 149)
    s.cannot_send("alice", "three messages were sent", NOW + 149)
    s.snapshots("bob", "due again")
    _due_by_count_is_given(s)
    s.rotate("alice", NOW + 150)
    s.rotate("alice", NOW + 151)
    s.distribute("alice", "bob carol")
    s.read("bob carol", s.send("alice", now=NOW + 250), 0)
    s.cannot_send("alice", "now = created + seconds", NOW + 251)
    s.snapshots("alice", "end")
    s.add_to(book, "Rotation after 3 messages and after 100 seconds, at the boundaries; a due key can still be given.",
             "R-65 R-24 R-44")


def _due_by_count_is_given(s):
    """Due by count or time alone, it can still be distributed."""
    s.rotate("bob", NOW + 149)
    s.distribute("bob", "alice")
    for i in range(3):
        s.read("alice", s.send("bob", now=NOW + 149), i)
    s.cannot_send("bob", "three messages were sent", NOW + 149)
    s.distribute("bob", "carol")
    assert s.events[-1]["out"]["iteration"] == 3


def six_keys(book):
    s, three = Script("six-keys", "alice bob carol"), "alice bob carol"
    for by in three.split():
        s.create(by, 1, three)
    s.rotate("carol")
    s.distribute("carol", "bob")
    keys, sent = [], []
    for i in range(6):
        s.rotate("alice", NOW + i)
        keys += s.distribute("alice", "bob")
        sent.append(s.send("alice"))
        if i == 4:
            s.snapshots("bob", "five keys")
    s.refuse("bob", sent[0], "UnknownKey", "alice's first key went when the sixth came")
    for i in range(5, 0, -1):
        s.read("bob", sent[i], 0)
    s.refuse_key("bob", keys[1], "alice", "Replayed", "given before, and still kept")
    s.read("bob", s.send("carol"), 0)
    s.snapshots("bob", "six keys")
    s.rotate("alice", NOW + 7)
    s.distribute("alice", "bob carol")
    s.refuse("bob", sent[1], "UnknownKey", "alice's second key went when the seventh came")
    s.refuse("bob", sent[2], "Duplicate", "read before")
    s.add_to(book, "Six keys of one sender: five are kept, others' keys do not count.", "R-68 R-66")


def equivocation(book):
    s, three = Script("equivocation", "alice bob carol"), "alice bob carol"
    s.start(three)
    s.rotate("alice", NOW + 1)
    honest = groups.decode_distribution(s.group("alice").distribution().encode())
    s.distribute("alice", "bob")
    other = derive("another chain", 32)
    lie = copy.copy(honest)
    lie.chain_key = other
    s.refuse_key("carol", lie.encode(), "alice", "Conflicting", "another chain under the same commitment")
    lie.commitment = groups.commitment(other)
    s.refuse_key("carol", lie.encode(), "alice", "Conflicting", "another chain and its commitment under the same key id")
    lie.key_id = groups.key_id(s.group("alice").own_scope(), lie.commitment, lie.public)
    s.do("receive", "carol", bytes=lie.encode(), why="another chain under a key id of its own", **{"from": "alice"})
    first = s.send("alice")
    s.read("bob", first, 0)
    s.refuse("carol", first, "UnknownKey", "the message is under bob's key id")
    moved = _under_key(s, first, lie.key_id)
    s.refuse("carol", moved, "Unauthentic", "the same ciphertext signed under carol's key id")
    s.refuse("bob", moved, "UnknownKey", "carol's key id")
    later = copy.copy(honest)
    later.iteration, later.chain_key = 1, other
    s.do("receive", "carol", bytes=later.encode(), why="from iteration 1 on, another chain under bob's key id",
         **{"from": "alice"})
    second = s.send("alice")
    s.read("bob", second, 1)
    s.refuse("carol", second, "Unauthentic", "the chain that carol was given does not open it")
    s.refuse_key("carol", honest.encode(), "alice", "Rewinding", "the honest key, from iteration 0 on: it has that id from 1 on")
    s.snapshots("carol", "end")
    s.add_to(book, "A sender gives two members different chains: the second member refuses, under any key id.", "R-64 R-66")


def _under_key(s, number, of_key):
    """A message of alice's under another key id, signed by the same key."""
    sealed, alice = put(s.bytes(number)[:-64], 2, of_key), s.group("alice")
    text = groups.statement(alice.current_scope(), of_key, 0, b"", sealed)
    return sealed + groups.ed25519_sign(alice.own.secret, text)


def limits(book):
    s, two = Script("limits", "alice bob carol", {"messages": 2000, "seconds": WEEK}), "alice bob carol"
    for by in two.split():
        s.create(by, 1, two)
    s.rotate("alice")
    s.distribute("alice", "bob carol")
    start = [s.send("alice") for _ in range(4)]
    s.jump("alice", 500)
    passed = s.send("alice")
    more = [s.send("alice") for _ in range(4)]
    s.read("bob", passed, 500)
    s.read("bob", start[0], 0)
    s.read("bob", more[1], 502)
    s.read("bob", start[1], 1)
    s.read("bob", more[3], 504)
    s.refuse("bob", start[0], "Duplicate", "read before")
    s.jump("alice", 506)
    after = s.send("alice")
    s.read("bob", after, 506)
    s.refuse("bob", start[2], "Forgotten", "501 keys would be kept: the oldest went")
    s.refuse("bob", start[0], "Forgotten", "read before, and every position before the oldest is forgotten")
    s.refuse("bob", flip(s.bytes(start[2]), 90), "Unauthentic", "forged at a forgotten iteration: the signature is first")
    s.read("bob", start[3], 3)
    s.read("bob", more[0], 501)
    s.jump("alice", 1999)
    last = s.send("alice")
    s.cannot_send("alice", "2,000 messages were sent")
    limit, limit_plus = _beyond(s, 2000), _beyond(s, 2001)
    s.refuse("carol", limit_plus, "TooFarAhead", "passes over 2,001 keys, as no honest sender makes it")
    s.refuse("carol", put(limit, 34, u32(2**32 - 1)), "TooFarAhead", "iteration 4,294,967,295")
    s.refuse("carol", flip(limit, 90), "Unauthentic", "passes over 2,000 keys, forged: nothing is kept")
    s.snapshots("carol", "nothing read")
    s.read("carol", last, 1999)
    s.restart("carol", "nothing read")
    s.do("decrypt", "carol", bytes=limit, why="passes over 2,000 keys")
    s.read("carol", last, 1999)
    s.refuse("carol", passed, "Forgotten", "of 2,000 keys passed over the last 500 are kept")
    s.do("decrypt", "carol", bytes=limit_plus, why="the next one")
    s.refuse("carol", start[3], "Forgotten", "of 2,000 keys passed over the last 500 are kept")
    s.add_to(book, "A jump of at most 2,000, and at most 500 kept keys of a sender key.", "R-68 R-38 R-44")


def _beyond(s, iteration):
    """A message of alice's from beyond what a key is used for."""
    other = copy.deepcopy(s.group("alice"))
    other.messages = groups.LAST_ITERATION
    advance(other, iteration)
    return other.encrypt(b"beyond", b"", NOW + 1, Replay([s.fresh("salt", 24)]), {})


def expiry(book):
    s, three = Script("expiry", "alice bob carol"), "alice bob carol"
    s.start(three)
    s.do("expire", "bob", now=NOW, max_age=100)
    sent, other = [s.send("alice") for _ in range(8)], [s.send("carol") for _ in range(4)]
    s.read("bob", sent[3], 3)
    s.do("expire", "bob", now=NOW + 10, max_age=100)
    s.read("bob", other[2], 2)
    s.do("expire", "bob", now=NOW + 11, max_age=100)
    s.snapshots("bob", "marked")
    s.read("bob", sent[6], 6)
    s.do("expire", "bob", now=NOW + 21, max_age=100)
    s.do("expire", "bob", now=NOW + 22, max_age=100)
    s.read("bob", sent[0], 0)
    s.do("expire", "bob", now=NOW + 109, max_age=100)
    s.do("expire", "bob", now=NOW + 110, max_age=100)
    s.refuse("bob", sent[1], "Forgotten", "expired")
    s.refuse("bob", sent[0], "Forgotten", "read before; every iteration before the mark is forgotten")
    s.read("bob", other[1], 1)
    s.do("expire", "bob", now=NOW + 111, max_age=100)
    s.refuse("bob", other[0], "Forgotten", "expired a second later, with its own key's mark")
    s.read("bob", sent[5], 5)
    s.do("expire", "bob", now=NOW + 50, max_age=100, why="the clock went back: later marks come back with it")
    s.snapshots("bob", "expired")
    s.restart("bob", "expired")
    s.do("expire", "bob", now=NOW + 122, max_age=100)
    s.refuse("bob", sent[4], "Forgotten", "expired")
    s.read("bob", sent[7], 7)
    s.snapshots("bob", "end")
    s.add_to(book, "Expiry of kept keys, for each sender key by its own marks.", "R-34 R-68 R-44")


def rollback(book):
    s, three = Script("rollback", "alice bob carol"), "alice bob carol"
    s.start(three)
    s.snapshots("alice bob", "given")
    first = s.send("alice")
    s.read("bob", first, 0)
    s.restart("alice", "given")
    again, next_one = s.send("alice"), s.send("alice")
    assert s.bytes(first)[38:94] != s.bytes(again)[38:94]
    s.refuse("bob", again, "Duplicate", "the sender was rolled back and used iteration 0 again, with another salt")
    s.read("carol", again, 0)
    s.refuse("carol", first, "Duplicate", "of two messages at one iteration the first to arrive is read")
    s.read("bob carol", next_one, 1)
    s.do("restore", "alice", "Stale", snapshot="alice given", min_epoch=s.group("alice").epoch, why="the epoch that was stored")
    s.do("restore", "alice", "Stale", snapshot="alice given", min_epoch=6, why="older by one")
    s.restart("bob", "given")
    s.read("bob", first, 0)
    s.snapshots("carol", "end")
    s.add_to(book, "A sender that is rolled back: other salt, same message key; a receiver that is rolled back reads again.",
             "R-41 R-43 R-67")


def lists(book):
    """Alice and bob are told different lists for epoch 2."""
    s, three = Script("lists", "alice bob carol dave eve"), "alice bob carol"
    s.start(three)
    s.change("alice", 2, "alice bob carol dave")
    s.change("bob", 2, "alice bob carol eve")
    sent = {by: s.send(by) for by in ("alice", "bob", "carol")}
    s.refuse("bob", sent["alice"], "MembersDiffer", "bob was told of eve, alice of dave")
    s.refuse("alice", sent["bob"], "MembersDiffer", "alice was told of dave, bob of eve")
    s.refuse("carol", sent["alice"], "UnknownEpoch", "carol has not changed yet")
    s.read("alice bob", sent["carol"], 0)
    s.refuse_key("bob", s.offer("alice", "bob"), "alice", "MembersDiffer", "the same with alice's key")
    s.no_change("bob", 2, "alice bob carol dave", "MembersDiffer", "told alice's list as well")
    s.no_change("bob", 2, "alice bob carol eve", "OldEpoch", "told bob's list again")
    s.change("carol", 2, "alice bob carol dave")
    s.read("carol", sent["alice"], 0)
    s.refuse("carol", sent["bob"], "MembersDiffer", "carol was told of dave, bob of eve")
    s.snapshots("alice bob", "apart")
    s.change("alice bob carol", 3, "alice bob carol dave")
    s.cannot_send("bob", "eve is gone")
    s.refuse("bob", sent["alice"], "MembersDiffer", "bob knows another epoch 2 still")
    later = s.send("alice")
    s.refuse("bob", later, "OldKey", "for bob, eve is gone since alice made her key")
    s.read("carol", later, 1)
    s.refuse("bob", sent["alice"], "MembersDiffer", "the epoch is judged before the iteration")
    s.rotate("bob")
    s.distribute("bob", "alice carol")
    s.read("alice carol", s.send("bob"), 0)
    s.refuse_key("bob", s.rogue("alice", 3, three), "alice", "Malformed(WrongKind)", "a group message is no distribution")
    s.snapshots("alice bob", "together")
    s.add_to(book, "Members who were told different lists refuse each other's messages and keys, until they agree.", "R-61 R-70")


def came_back(book):
    """Alice is removed in epoch 2 and comes again in epoch 3, with the same identity."""
    s, three, rest = Script("came-back", "alice bob carol dave"), "alice bob carol", "bob carol"
    s.start(three)
    old, said = s.offer("alice", "bob"), s.send("alice")
    s.read("carol", said, 0)
    s.change("bob carol", 2, rest)
    s.refuse("bob carol", said, "UnknownKey", "alice's key went with her")
    s.refuse_key("bob", old, "alice", "NotAMember", "alice is gone")
    s.change("bob carol", 3, three)
    s.snapshots("bob", "again")
    s.refuse("bob", said, "UnknownKey", "alice is back, her key is not")
    s.refuse_key("bob", old, "alice", "OldEpoch", "alice's key from before the removal, offered before it")
    s.change("alice", 3, three)
    s.cannot_send("alice", "epoch 2 was skipped")
    s.do("distribute", "alice", "RotationDue", to="bob", id=0, why="epoch 2 was skipped")
    old = s.group("alice").distribution().encode()
    s.refuse_key("bob", old, "alice", "OldEpoch", "alice's key from before the removal, offered in the current epoch")
    s.rotate("alice")
    s.distribute("alice", "bob carol")
    for number, members in ((1, three), (2, rest)):
        s.refuse("bob", s.rogue("alice", number, members), "OldEpoch", f"as if in epoch {number}, before alice came again")
        other = copy.deepcopy(s.group("alice").distribution())
        other.current, other.current_hash = number, groups.members_hash(b"friends", groups.ordered(
            [s.player.devices[name] for name in members.split()]))
        s.refuse_key("bob", other.encode(), "alice", "OldEpoch", f"as if in epoch {number}, before alice came again")
    s.read("bob carol", s.send("alice"), 0)
    _came_late(s, three)
    s.add_to(book, "Removed and added again: what is from before does not come back. A member speaks for no epoch before it came.",
             "R-61 R-63 R-65 R-67 R-70")


def _came_late(s, three):
    """Dave comes in epoch 4; for him, everybody has always been there."""
    four = three + " dave"
    s.change(three, 4, four)
    s.create("dave", 4, four)
    s.rotate("dave")
    s.distribute("dave", three)
    s.refuse(three, s.rogue("dave", 3, three), "OldEpoch", "as if in epoch 3, before dave came")
    s.refuse("bob", s.rogue("dave", 3, four), "MembersDiffer", "as if dave had been in epoch 3")
    s.refuse("bob", s.rogue("dave", 5, four), "UnknownEpoch", "an epoch that is to come")
    s.read(three, s.send("dave"), 0)
    s.distribute("alice", "dave")
    s.refuse("dave", s.rogue("alice", 3, three), "OldEpoch", "an epoch before dave came")
    s.read("dave bob", s.send("alice"), 1)
    s.snapshots("bob dave", "end")


def superseded(book):
    """Keys that are not their sender's newest."""
    s, three = Script("superseded", "alice bob carol"), "alice bob carol"
    s.start(three)
    late = [s.send("alice") for _ in range(4)]
    s.do("expire", "bob", now=NOW, max_age=100, why="nothing is superseded")
    s.rotate("alice", NOW + 1)
    s.distribute("alice", "bob")
    s.read("bob", late[0], 0)
    s.do("expire", "bob", now=NOW + 10, max_age=100)
    s.do("expire", "bob", now=NOW + 11, max_age=100, why="marked already")
    s.snapshots("bob", "marked")
    s.do("expire", "bob", now=NOW + 109, max_age=100)
    s.read("bob", late[1], 1)
    s.do("expire", "bob", now=NOW + 110, max_age=100, why="the exact second")
    s.refuse("bob", late[2], "UnknownKey", "superseded 100 seconds ago")
    s.restart("bob", "marked")
    s.do("expire", "bob", now=NOW + 5, max_age=100, why="the clock went back: the mark comes back with it")
    s.do("expire", "bob", now=NOW + 104, max_age=100)
    s.read("bob", late[2], 2)
    s.do("expire", "bob", now=NOW + 105, max_age=100, why="the exact second")
    s.refuse("bob", late[3], "UnknownKey", "superseded 100 seconds ago")
    _superseded_apart(s, late)
    s.add_to(book, "A superseded key is dropped a maximal age after it was first seen so; the newest stays.", "R-34 R-68")


def _superseded_apart(s, late):
    """Marks of their own, no age at all, and the longest."""
    s.restart("bob", "marked")
    s.rotate("alice", NOW + 12)
    s.distribute("alice", "bob")
    s.do("expire", "bob", now=NOW + 20, max_age=100)
    s.do("expire", "bob", now=NOW + 20, max_age=2**64 - 1, why="NOW + 10 + 2^64 - 1 saturates")
    s.snapshots("bob", "two marked")
    s.do("expire", "bob", now=NOW + 110, max_age=100, why="the one that was marked first goes")
    s.do("expire", "bob", now=NOW + 119, max_age=100)
    s.do("expire", "bob", now=NOW + 120, max_age=100, why="the other one goes")
    s.do("expire", "bob", now=2**64 - 1, max_age=0, why="the newest keys stay")
    s.read("bob", s.send("alice", now=NOW + 12), 0)
    s.restart("bob", "two marked")
    s.do("expire", "bob", now=2**64 - 2, max_age=2**64 - 1)
    s.do("expire", "bob", now=2**64 - 1, max_age=2**64 - 1, why="mark + max_age saturates")
    s.restart("bob", "marked")
    s.rotate("alice", NOW + 13)
    s.distribute("alice", "bob")
    s.do("expire", "bob", now=NOW + 1, max_age=0, why="marked and dropped by one call")
    s.refuse("bob", late[1], "UnknownKey", "dropped")
    s.snapshots("bob", "end")


SCRIPTS = (talk, join_and_remove, numbers, rotation, six_keys, equivocation, limits, expiry, rollback, lists, came_back,
           superseded)
