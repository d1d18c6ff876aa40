"""Conversations of group.json about the order of a sender's keys, and about keys that are over."""

import copy

import groups
from group_scripts import Script
from group_state import snapshot_group
from groups import LAST_KEY
from keys_cases import NOW

THREE, FOUR = "alice bob carol", "alice bob carol dave"


def order(book):
    """Keys of one epoch that arrive in another order than they were made in."""
    s = Script("order", THREE)
    _everybody(s, THREE)
    keys, sent = _rotations(s, 3, "bob carol")
    for i in (2, 0, 1):
        s.do("receive", "bob", id=keys[i]["bob"], **{"from": "alice"})
    s.read("bob", sent[0], 0)
    s.snapshots("bob", "three keys")
    s.do("expire", "bob", now=NOW + 10, max_age=100, why="the newest is the last that was made, not the last that came")
    s.do("expire", "bob", now=NOW + 110, max_age=100)
    for i in (0, 1):
        s.refuse("bob", sent[i], "UnknownKey", "dropped a maximal age after it was superseded")
        s.refuse_key("bob", keys[i]["bob"], "alice", "OldKey", "a copy that was held back: the key was ended")
    s.refuse_key("bob", keys[2]["bob"], "alice", "Replayed", "the newest, which it has")
    s.read("bob", sent[2], 0)
    s.snapshots("bob", "the newest")
    s.do("receive", "carol", id=keys[2]["carol"], **{"from": "alice"})
    s.do("expire", "carol", now=NOW + 10, max_age=0, why="one key: nothing is superseded")
    s.do("receive", "carol", id=keys[0]["carol"], **{"from": "alice"})
    s.read("carol", sent[0], 0)
    s.do("expire", "carol", now=NOW + 10, max_age=0, why="the first, which came last")
    s.refuse_key("carol", keys[0]["carol"], "alice", "OldKey", "a second copy of the first")
    s.do("receive", "carol", id=keys[1]["carol"], **{"from": "alice"}, why="the second was not ended with the first")
    s.read("carol", sent[1], 0)
    s.snapshots("carol", "end")
    s.add_to(book, "Keys are ordered as they were made, not as they came; one that was ended does not come back.",
             "R-34 R-66 R-67 R-68")


def ended_together(book):
    """What ends a key ends whatever is before it, whenever that came."""
    s = Script("ended-together", THREE)
    _everybody(s, THREE)
    keys, sent = _rotations(s, 3, "bob")
    for i in (2, 1):
        s.do("receive", "bob", id=keys[i]["bob"], **{"from": "alice"})
    s.do("expire", "bob", now=NOW + 10, max_age=100, why="the second is marked")
    s.do("receive", "bob", id=keys[0]["bob"], **{"from": "alice"})
    s.do("expire", "bob", now=NOW + 20, max_age=100, why="the first is marked later")
    s.snapshots("bob", "marked")
    s.read("bob", sent[0], 0)
    s.do("expire", "bob", now=NOW + 110, max_age=100, why="the second is dropped, and the first with it")
    for i in (0, 1):
        s.refuse("bob", sent[i], "UnknownKey", "ended")
        s.refuse_key("bob", keys[i]["bob"], "alice", "OldKey", "ended")
    s.snapshots("bob", "end")
    s.restart("bob", "end")
    s.read("bob", sent[2], 0)
    s.add_to(book, "A key that is dropped for its age takes along those before it that were marked later.", "R-34 R-66 R-67")


def same_place(book):
    """Alice is rolled back, and makes another key in the place of one that she has made."""
    s = Script("same-place", THREE)
    _everybody(s, THREE)
    s.snapshots("alice", "no key")
    first, said = _rotations(s, 1, "bob carol")
    s.restart("alice", "no key")
    again, said_again = _rotations(s, 5, "bob carol")
    for given in (first[0], again[1], again[0], again[2], again[3]):
        s.do("receive", "bob", id=given["bob"], **{"from": "alice"})
    s.snapshots("bob", "five keys")
    s.do("receive", "bob", id=again[4]["bob"], **{"from": "alice"}, why="a sixth key ends both that are in the first place")
    for number in (said[0], said_again[0]):
        s.refuse("bob", number, "UnknownKey", "ended by the sixth")
    for given in (first[0], again[0]):
        s.refuse_key("bob", given["bob"], "alice", "OldKey", "ended by the sixth")
    s.snapshots("bob", "three keys and a sixth")
    s.restart("bob", "three keys and a sixth")
    s.read("bob", said_again[1], 0)
    for given in (first[0], again[1]):
        s.do("receive", "carol", id=given["carol"], **{"from": "alice"})
    s.do("expire", "carol", now=NOW + 10, max_age=100)
    s.do("receive", "carol", id=again[0]["carol"], **{"from": "alice"})
    s.do("expire", "carol", now=NOW + 20, max_age=100)
    s.do("expire", "carol", now=NOW + 110, max_age=100, why="both in the first place, though the other was marked later")
    s.snapshots("carol", "end")
    s.restart("carol", "end")
    s.add_to(book, "Two keys of one number, of a sender that was rolled back, are over together.", "R-66 R-67 R-68 R-43")


def sixth_late(book):
    """Six keys in another order, and a seventh."""
    s = Script("sixth-late", THREE)
    _everybody(s, THREE)
    keys, sent = _rotations(s, 8, "bob")
    for i in (6, 5, 4, 2, 1):
        s.do("receive", "bob", id=keys[i]["bob"], **{"from": "alice"})
    s.snapshots("bob", "five keys")
    s.refuse_key("bob", keys[0]["bob"], "alice", "OldKey", "a sixth key, older than the five")
    s.read("bob", sent[1], 0)
    s.do("receive", "bob", id=keys[3]["bob"], **{"from": "alice"},
         why="a sixth key between them ends the first, not the one that came first")
    s.refuse("bob", sent[1], "UnknownKey", "ended by the sixth")
    s.refuse_key("bob", keys[1]["bob"], "alice", "OldKey", "ended by the sixth")
    s.refuse_key("bob", keys[0]["bob"], "alice", "OldKey", "before the one that was ended")
    s.do("receive", "bob", id=keys[7]["bob"], **{"from": "alice"})
    s.refuse_key("bob", keys[2]["bob"], "alice", "OldKey", "ended by the seventh")
    for i in (3, 7, 6):
        s.read("bob", sent[i], 0)
    s.do("expire", "bob", now=NOW + 50, max_age=0, why="all but the newest")
    s.refuse_key("bob", keys[0]["bob"], "alice", "OldKey", "there is room, but it is over")
    s.snapshots("bob", "end")
    s.add_to(book, "A sixth key ends the first in the order in which they were made; an older one is refused.", "R-66 R-67 R-68")


def until(book):
    """Alice makes a key in each of three epochs."""
    s, members = Script("until", FOUR + " eve"), {1: THREE, 2: FOUR, 3: FOUR, 4: FOUR + " eve"}
    _everybody(s, THREE)
    keys = {}
    for number in (1, 2, 3):
        if number > 1:
            s.change(THREE, number, members[number])
        s.rotate("alice")
        keys[number] = {name: s.offer("alice", name) for name in ("bob", "carol")}
        s.snapshots("alice", f"key of {number}")
    s.change(THREE, 4, members[4])
    for by, came in (("bob", (1, 3, 2)), ("carol", (3, 2, 1))):
        for number in came:
            s.do("receive", by, id=keys[number][by], **{"from": "alice"})
            if (by, number) == ("bob", 3):
                s.snapshots("bob", "two keys")
    s.snapshots("bob carol", "three keys")
    _used_until(s, members)
    s.restart("bob", "two keys")
    s.restart("alice", "key of 1")
    s.refuse("bob", s.rogue("alice", 4, members[4]), "OldKey", "of epoch 4, under the key of epoch 1: the next is of epoch 3")
    s.do("decrypt", "bob", bytes=s.rogue("alice", 3, members[3]), why="of epoch 3, in which the next key is")
    s.do("receive", "bob", id=keys[2]["bob"], **{"from": "alice"}, why="the key of epoch 2 comes late")
    s.refuse("bob", s.rogue("alice", 3, members[3], iteration=1), "OldKey", "the same, once the key of epoch 2 has come")
    s.do("expire", "bob", now=NOW + 10, max_age=0, why="the key of epoch 3 stays")
    for number in (1, 2):
        s.refuse_key("bob", keys[number]["bob"], "alice", "OldKey", "dropped: before the newest")
    s.snapshots("bob", "end")
    s.add_to(book, "A message under a key names no epoch after the one in which its sender made another.", "R-65 R-66")


def _used_until(s, members):
    """As if alice had gone on with each key."""
    for made, last in ((1, 2), (2, 3), (3, 4)):
        s.restart("alice", f"key of {made}")
        for number in range(last + 1, 5):
            s.refuse("bob carol", s.rogue("alice", number, members[number]), "OldKey",
                     f"of epoch {number}, under the key of epoch {made}: the next is of epoch {last}")
        for by in ("bob", "carol"):
            s.do("decrypt", by, bytes=s.rogue("alice", last, members[last]),
                 why=f"of epoch {last}, under the key of epoch {made}")


def removal(book):
    """Carol is gone in epoch 2, eve in epoch 4, and dave has another identity in epoch 6."""
    s, rest = Script("removal", FOUR + " eve dave2"), "alice bob dave"
    _everybody(s, FOUR)
    s.rotate("alice")
    s.distribute("alice", "bob")
    held_back, said = s.offer("alice", "dave"), [s.send("alice") for _ in range(2)]
    s.snapshots("alice", "before")
    s.read("bob", said[0], 0)
    s.change("bob dave", 2, rest)
    s.read("bob", said[1], 1)
    s.refuse("bob", s.rogue("alice", 2, rest), "OldKey", "as if alice went on with a key that carol has")
    s.refuse_key("dave", _sent_in(s, 2, rest), "alice", "OldKey", "a key that carol has, offered since she is gone")
    s.do("receive", "dave", id=held_back, **{"from": "alice"}, why="offered before she was gone, for what was said before")
    s.refuse("dave", s.rogue("alice", 2, rest), "OldKey", "as if alice went on with a key that carol has")
    s.change("alice", 2, rest)
    s.change(rest, 3, rest + " eve")
    s.rotate("alice")
    s.distribute("alice", "bob dave")
    s.read("bob dave", s.send("alice"), 0)
    s.snapshots("alice", "third")
    s.restart("alice", "before")
    for by in ("bob", "dave"):
        s.refuse(by, s.rogue("alice", 3, rest + " eve", iteration=2), "OldKey", "under the key that carol has, in a later epoch")
    _removal_in_a_gap(s, rest)
    s.add_to(book, "A key that was made before somebody was gone is not used since.", "R-65 R-67 R-70")


def _sent_in(s, number, members):
    """Alice's key, as if she were in this epoch."""
    given = copy.copy(s.group("alice").distribution())
    given.current, given.current_hash = number, groups.members_hash(
        b"friends", groups.ordered([s.player.devices[name] for name in members.split()]))
    return given.encode()


def _removal_in_a_gap(s, rest):
    """Eve is gone in epoch 4; bob and dave only hear of epoch 5."""
    s.restart("alice", "third")
    s.change("alice", 4, rest)
    s.rotate("alice")
    s.change(rest, 5, rest)
    s.distribute("alice", "bob")
    s.snapshots("alice", "fifth")
    s.snapshots("bob", "a gap")
    s.read("bob", s.send("alice"), 0)
    s.restart("alice", "third")
    s.refuse("bob", s.rogue("alice", 5, rest), "OldKey", "under a key of epoch 3; eve was there")
    s.refuse_key("dave", _sent_in(s, 5, rest), "alice", "OldKey", "a key of epoch 3; eve was there")
    s.do("decrypt", "bob", bytes=s.rogue("alice", 3, rest + " eve"), why="sent in epoch 3 and late")
    s.change("bob", 6, "alice bob dave2")
    s.restart("alice", "fifth")
    s.refuse("bob", s.rogue("alice", 6, "alice bob dave2", iteration=1), "OldKey",
             "under a key of epoch 4, and dave's old identity is gone since")
    s.do("decrypt", "bob", bytes=s.rogue("alice", 5, rest, iteration=1), why="sent in epoch 5 and late")
    s.snapshots("bob", "end")


def since(book):
    """Bob hears of epochs 1, 3 and 7 only; dave came with epoch 2, and eve with epoch 6."""
    s, five = Script("since", FOUR + " eve"), FOUR + " eve"
    _everybody(s, THREE)
    s.change("alice carol", 2, FOUR)
    s.create("dave", 2, FOUR)
    s.rotate("dave")
    s.change(FOUR, 3, FOUR)
    s.distribute("dave", "bob carol")
    s.read("bob carol", s.send("dave"), 0)
    s.snapshots("bob carol", "with dave")
    s.refuse_key("bob", _made_in(s, "dave", 1, THREE), "dave", "OldEpoch", "as if made before dave can have come")
    s.change("carol", 4, FOUR)
    s.change("carol", 5, FOUR)
    s.change("carol", 6, five)
    s.create("eve", 6, five)
    s.rotate("eve")
    s.change("bob carol eve", 7, five)
    s.refuse_key("bob", _made_in(s, "eve", 3, FOUR), "eve", "OldEpoch", "as if made before eve can have come")
    s.refuse_key("carol", _made_in(s, "eve", 5, FOUR), "eve", "OldEpoch", "as if made before eve came")
    s.do("receive", "bob", bytes=_made_in(s, "eve", 4, FOUR), **{"from": "eve"}, why="made when eve may have been there already")
    s.distribute("eve", "bob carol")
    s.read("bob carol", s.send("eve"), 0)
    s.snapshots("bob carol", "end")
    s.add_to(book, "Who came while a device missed changes is there since the first that it missed.", "R-63 R-67 R-70")


def _made_in(s, name, number, members):
    """A key of this device's, as if made in this epoch."""
    other = copy.deepcopy(s.group(name))
    listed = groups.ordered([s.player.devices[who] for who in members.split()])
    other.own.number, other.own.members_hash = number, groups.members_hash(b"friends", listed)
    return other.distribution().encode()


def last_number(book):
    """A device that has made more keys than can be numbered."""
    s = Script("last-number", FOUR)
    _everybody(s, THREE)
    ahead = copy.deepcopy(s.group("alice"))
    ahead.next_key = LAST_KEY - 1
    s.do("restore", "alice", bytes=snapshot_group(ahead), min_epoch=0, why="as if 4,294,967,294 keys had been made")
    _, sent = _rotations(s, 3, "bob", receive=True)
    s.snapshots("alice bob", "the last numbers")
    s.restart("alice", "the last numbers")
    s.do("expire", "bob", now=NOW + 10, max_age=0, why="two keys of the last number: both are the newest")
    s.refuse("bob", sent[0], "UnknownKey", "superseded")
    for i in (1, 2):
        s.read("bob", sent[i], 0)
    s.change(THREE, 2, FOUR)
    s.rotate("alice")
    s.distribute("alice", "bob")
    s.do("expire", "bob", now=NOW + 20, max_age=0, why="the next key is of epoch 2: both are over")
    s.read("bob", s.send("alice"), 0)
    s.refuse_key("bob", _made_in(s, "alice", 1, THREE), "alice", "OldKey", "the last number of epoch 1, which is over")
    s.snapshots("alice bob", "end")
    s.restart("bob", "end")
    s.add_to(book, "The last number of a sender key is used again; an epoch goes before it.", "R-38 R-66")


def last_epoch(book):
    """A group that begins with the last epoch number."""
    s, last = Script("last-epoch", THREE), 2**64 - 1
    _everybody(s, THREE, last)
    s.rotate("alice")
    s.distribute("alice", "bob carol")
    s.read("bob", s.send("alice"), 0)
    s.snapshots("bob", "read")
    s.restart("bob", "read")
    s.read("bob", s.send("alice"), 1)
    s.no_change("bob", last, THREE, "OldEpoch", "the same epoch again")
    s.no_change("bob", 0, THREE, "OldEpoch", "there is none after it")
    s.rotate("alice")
    s.distribute("alice", "bob")
    s.do("expire", "bob", now=NOW + 10, max_age=0)
    s.read("bob", s.send("alice"), 0)
    s.snapshots("bob", "end")
    s.restart("bob", "end")
    s.add_to(book, "In the last epoch a key may be used until that epoch.", "R-38 R-43 R-66")


def _everybody(s, names, epoch=1):
    for by in names.split():
        s.create(by, epoch, names)


def _rotations(s, count, names, receive=False):
    """So many keys of alice's, with a distribution of each for these, and a message under it."""
    keys, sent = [], []
    for i in range(count):
        s.rotate("alice", NOW + i)
        keys.append({name: (s.hand_over if receive else s.offer)("alice", name) for name in names.split()})
        sent.append(s.send("alice", now=NOW + i))
    return keys, sent


SCRIPTS = (order, ended_together, same_place, sixth_late, until, removal, since, last_number, last_epoch)
