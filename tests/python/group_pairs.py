"""Devices of the cases of group.json, and groups of a sender and a receiver among them."""

import group_ops
import groups
import ops
from book import derive
from group_ops import advance
from keys_cases import NOW
from primitives import Replay

GROUP = b"friends"


def device(provider, user, number=1, seed=None):
    seed = seed or f"group {provider} {user} {number}"
    return {"provider": provider.encode(), "user": user.encode(), "device": number, "seed": derive(seed, 32)}


ALICE, BOB, CAROL = device("example.org", "alice"), device("example.net", "bob", 7), device("example.org", "carol", 2)
DAVE, EVE = device("example.net", "dave"), device("", "eve", 9)
LONG = [device("p" * 255, "u" * 255, 3), device("p" * 254, "u" * 255, 3)]
ALICE_ADDRESS = ops.address(ops.show(ALICE))
PEOPLE = {"alice": ALICE, "bob": BOB, "carol": CAROL, "dave": DAVE, "eve": EVE}


def member(value):
    return group_ops.member(ops.show(value))


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


def fresh_pair(name, number=1, iteration=0):
    """Alice's group with a key at this iteration, and Bob's, who was not given it."""
    listed = [member(value) for value in (ALICE, BOB, CAROL)]
    alice, bob = (groups.create(GROUP, member(who), number, listed) for who in (ALICE, BOB))
    rotate(alice, name)
    advance(alice, iteration)
    return alice, bob


def rotate(group, name):
    group.rotate(NOW, Replay([derive(name + " chain key", 32), derive(name + " signing secret", 32)]))
