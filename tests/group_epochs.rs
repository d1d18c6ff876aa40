//! A sender key is of an epoch, and is given in one: both have to be where the receiver knows its sender to have been.
//!
//! `Assembly::declines` compares the snapshots before and after.

mod assembly;
mod common;
mod forge;
mod village;

use assembly::forger;
use assembly::giving::{declines, given, scene, takes};
use assembly::{ALICE, Assembly, BOB, CAROL, DAVE, LONGEST, copy};
use confidant::{DistributionError, GroupDecryptError};

/// a key of a later epoch waits until the change has been taken in.
#[test]
fn a_key_of_a_later_epoch_waits_for_the_change() {
    let mut assembly = Assembly::new(3);
    let list = assembly.village.members([ALICE, BOB, CAROL]);
    assembly.group(ALICE).change(2, list.clone()).unwrap();
    assembly.rotate(ALICE);
    let key = assembly.key(ALICE, BOB);
    assembly.declines(BOB, &key, DistributionError::UnknownEpoch);
    assembly.group(BOB).change(2, list).unwrap();
    assembly.group(BOB).receive(&key).unwrap();
    let message = assembly.send(ALICE, b"text");
    assert_eq!(assembly.group(BOB).decrypt(&message, b"").unwrap().epoch, 2);
}

/// members who were told different lists do not take in each other's keys. Once they agree, a key of before is still of
/// members who were not there; one that is made then is welcome.
#[test]
fn a_key_for_other_members_is_refused() {
    let mut assembly = Assembly::new(2);
    assembly.come(CAROL, 1, &[ALICE, BOB, CAROL]);
    assembly.come(BOB, 1, &[ALICE, BOB, CAROL]);
    for from in [ALICE, CAROL] {
        assembly.rotate(from);
    }
    let alices = assembly.key(ALICE, BOB);
    assembly.declines(BOB, &alices, DistributionError::MembersDiffer);
    assembly.give(CAROL, BOB);
    let bobs_hash = *assembly.group(BOB).members_hash();
    assert_ne!(*assembly.group(ALICE).members_hash(), bobs_hash);
    assert_eq!(*assembly.group(CAROL).members_hash(), bobs_hash);

    assembly.change(2, &[ALICE, BOB, CAROL]);
    assert_eq!(assembly.groups[&ALICE].members_hash(), assembly.groups[&BOB].members_hash());
    assembly.declines(BOB, &alices, DistributionError::MembersDiffer);
    let again = assembly.key(ALICE, BOB);
    let [before, now] = [&alices, &again].map(|key| key.plaintext.as_bytes().to_vec());
    assert_eq!(before[forger::MADE], now[forger::MADE]);
    assert_ne!(before[forger::CURRENT], now[forger::CURRENT]);
    assembly.declines(BOB, &again, DistributionError::MembersDiffer);
    assembly.restore(BOB);
    assembly.declines(BOB, &again, DistributionError::MembersDiffer);
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    let message = assembly.send(ALICE, b"text");
    assembly.opens(BOB, &message, b"text");
}

/// a key is of the members that its epoch had, as far as that is remembered: of an epoch that the receiver does not know,
/// nobody says that they were others.
#[test]
fn a_key_of_a_forked_epoch_is_refused_while_it_is_known() {
    let mut assembly = Assembly::with(2, LONGEST);
    assembly.rotate(ALICE);
    let alice = assembly.member(ALICE);
    let mut forked = given(&mut assembly);
    let first = assembly.epoch(BOB);
    // The part of the hash that messages name, and the rest.
    for byte in [0, 7, 8, 31] {
        let mut other = forked.clone();
        other[forger::MADE.start + 8 + byte] ^= 1;
        forger::claim(&mut other, &alice);
        declines(&mut assembly, ALICE, &other, DistributionError::MembersDiffer);
    }
    forked[forger::MADE.end - 1] ^= 1;
    forger::claim(&mut forked, &alice);
    for number in 2..=1_000 {
        assembly.change(number, &[ALICE, BOB]);
    }
    let now = assembly.epoch(BOB);
    forked[forger::CURRENT].copy_from_slice(&now);
    declines(&mut assembly, ALICE, &forked, DistributionError::MembersDiffer);
    assembly.change(1_001, &[ALICE, BOB]);
    let now = assembly.epoch(BOB);
    assert_eq!(now[8..], first[8..]);
    forked[forger::CURRENT].copy_from_slice(&now);
    takes(&mut assembly, ALICE, &forked);
}

/// a key is taken in 999 changes after it was given, and a thousand changes after it no more.
#[test]
fn a_key_of_an_old_epoch_is_refused() {
    let (mut assembly, key) = scene(0);
    for number in 2..=1_000 {
        assembly.change(number, &[ALICE, BOB, CAROL]);
    }
    assembly.restore(BOB);
    let kept = copy(&assembly.groups[&BOB]);
    takes(&mut assembly, ALICE, &key);
    assembly.groups.insert(BOB, kept);
    assembly.change(1_001, &[ALICE, BOB, CAROL]);
    declines(&mut assembly, ALICE, &key, DistributionError::OldEpoch);
    // Given again, the key of the first epoch is welcome.
    assembly.give(ALICE, BOB);
    let message = assembly.send(ALICE, b"text");
    assembly.opens(BOB, &message, b"text");
}

/// whoever came later takes nothing that was given before, and nobody's word for who was there; from somebody who
/// is where it is, it takes a key that was made before.
#[test]
fn a_key_from_before_one_came_is_taken_from_where_it_is() {
    let (mut assembly, key) = scene(0);
    let all = [ALICE, BOB, CAROL];
    let early = assembly.send(ALICE, b"early");
    assembly.come(BOB, 3, &all);
    declines(&mut assembly, ALICE, &key, DistributionError::OldEpoch);
    let list = assembly.village.members(all);
    assembly.group(ALICE).change(2, list.clone()).unwrap();
    let second = given(&mut assembly);
    let in_second = assembly.send(ALICE, b"in the second");
    declines(&mut assembly, ALICE, &second, DistributionError::OldEpoch);
    assembly.group(ALICE).change(3, list).unwrap();
    assembly.give(ALICE, BOB);
    let message = assembly.send(ALICE, b"text");
    for before in [&early, &in_second] {
        assembly.refuses(BOB, before, GroupDecryptError::OldEpoch);
    }
    let received = assembly.group(BOB).decrypt(&message, b"").unwrap();
    assert_eq!((received.epoch, received.iteration), (3, 2));
}

/// the epoch in which the sender is must be one that we were told of, with the same members: whichever the key's
/// own is.
#[test]
fn a_key_from_an_epoch_that_is_not_ours_is_refused() {
    let (mut assembly, key) = scene(0);
    let all = [ALICE, BOB, CAROL];
    // Bob skips epochs 3 to 6.
    assembly.come(BOB, 2, &all);
    let list = assembly.village.members(all);
    assembly.group(BOB).change(7, list).unwrap();
    let members = *assembly.group(BOB).members_hash();
    let mut others = members;
    others[31] ^= 1;
    for (number, hash, error) in [
        (u64::MAX, &members, Some(DistributionError::UnknownEpoch)),
        (8, &others, Some(DistributionError::UnknownEpoch)),
        (8, &members, Some(DistributionError::UnknownEpoch)),
        (7, &others, Some(DistributionError::MembersDiffer)),
        (6, &members, Some(DistributionError::OldEpoch)),
        (3, &others, Some(DistributionError::OldEpoch)),
        (2, &others, Some(DistributionError::MembersDiffer)),
        (1, &members, Some(DistributionError::OldEpoch)),
        (0, &members, Some(DistributionError::OldEpoch)),
        (2, &members, None),
        (7, &members, None),
    ] {
        let mut moved = key.clone();
        moved[forger::CURRENT].copy_from_slice(&forger::epoch(number, hash));
        let kept = copy(&assembly.groups[&BOB]);
        match error {
            Some(error) => declines(&mut assembly, ALICE, &moved, error),
            None => takes(&mut assembly, ALICE, &moved),
        }
        assembly.groups.insert(BOB, kept);
    }
}

/// a key that was made in an epoch which the receiver skipped does not mute its sender; but nobody makes one later than
/// where it is, nor, where it is, for other members.
#[test]
fn a_key_of_a_skipped_epoch_is_taken_in() {
    let mut assembly = Assembly::with(3, LONGEST);
    let all = [ALICE, BOB, CAROL];
    let list = assembly.village.members(all);
    assembly.group(ALICE).change(2, list.clone()).unwrap();
    assembly.rotate(ALICE);
    assembly.group(ALICE).change(3, list.clone()).unwrap();
    assembly.group(BOB).change(3, list).unwrap();
    let key = given(&mut assembly);
    let hash = *assembly.group(BOB).members_hash();
    let alice = assembly.member(ALICE);
    for (number, last, error) in [
        (4, 0, DistributionError::Conflicting),
        (3, 1, DistributionError::MembersDiffer),
        (u64::MAX, 0, DistributionError::Conflicting),
    ] {
        let mut later = key.clone();
        let mut hash = hash;
        hash[31] ^= last;
        later[forger::MADE].copy_from_slice(&forger::epoch(number, &hash));
        forger::claim(&mut later, &alice);
        declines(&mut assembly, ALICE, &later, error);
    }
    takes(&mut assembly, ALICE, &key);
    let message = assembly.send(ALICE, b"text");
    assert_eq!(assembly.group(BOB).decrypt(&message, b"").unwrap().epoch, 3);
}

/// Dave, who came with epoch 3, with a key of his from `made`, given in `current`; Bob has not taken it in.
fn daves(made: u64, current: u64) -> (Assembly, Vec<u8>) {
    let mut assembly = Assembly::new(3);
    let (before, all) = ([ALICE, BOB, CAROL], [ALICE, BOB, CAROL, DAVE]);
    assembly.change(2, &before);
    let old = assembly.epoch(BOB);
    assembly.change(3, &all);
    assembly.come(DAVE, 3, &all);
    assembly.rotate(DAVE);
    let new = assembly.epoch(BOB);
    assembly.change(4, &all);
    let mut key = assembly.key(DAVE, BOB).plaintext.as_bytes().to_vec();
    for (place, number) in [(forger::MADE, made), (forger::CURRENT, current)] {
        key[place.clone()].copy_from_slice(if number < 3 { &old } else { &new });
        key[place.start..place.start + 8].copy_from_slice(&number.to_be_bytes());
    }
    forger::claim(&mut key, &assembly.member(DAVE));
    (assembly, key)
}

/// nobody gives a key of before it came, or as if it had been there before.
#[test]
fn a_back_dated_key_is_refused() {
    for (made, current) in [(2, 2), (2, 3), (2, 4), (1, 4), (0, 4), (3, 2), (4, 2)] {
        let (mut assembly, key) = daves(made, current);
        declines(&mut assembly, DAVE, &key, DistributionError::OldEpoch);
    }
    for (made, current) in [(3, 3), (3, 4), (4, 4)] {
        let (mut assembly, key) = daves(made, current);
        takes(&mut assembly, DAVE, &key);
    }
}

/// whoever came in a gap of the receiver's may have come in any epoch of it: a key that it made in one of them is
/// taken in, though nobody's of before the gap.
#[test]
fn a_gap_does_not_mute_who_came_in_it() {
    let mut assembly = Assembly::with(2, LONGEST);
    let all = [ALICE, BOB, CAROL];
    let list = assembly.village.members(all);
    let first = assembly.epoch(BOB);
    assembly.come(CAROL, 3, &all);
    let third = assembly.epoch(CAROL);
    assembly.rotate(CAROL);
    for number in [4, 5] {
        assembly.group(CAROL).change(number, list.clone()).unwrap();
    }
    // Bob hears of nothing between 1 and 5.
    assembly.group(BOB).change(5, list).unwrap();
    assembly.restore(BOB);
    let key = assembly.key(CAROL, BOB).plaintext.as_bytes().to_vec();
    assert_eq!(key[forger::MADE], third);
    let mut before = key.clone();
    before[forger::MADE].copy_from_slice(&first);
    forger::claim(&mut before, &assembly.member(CAROL));
    declines(&mut assembly, CAROL, &before, DistributionError::OldEpoch);
    takes(&mut assembly, CAROL, &key);
    let message = assembly.send(CAROL, b"text");
    assert_eq!(assembly.group(BOB).decrypt(&message, b"").unwrap().epoch, 5);
}

/// nor one who made a new key because of a removal in it.
#[test]
fn a_gap_does_not_mute_who_rotated_in_it() {
    let mut assembly = Assembly::with(3, LONGEST);
    assembly.rotate(ALICE);
    let old = given(&mut assembly);
    for (number, members) in [(2, &[ALICE, BOB][..]), (3, &[ALICE, BOB, DAVE])] {
        let list = assembly.village.members(members.iter().copied());
        assembly.group(ALICE).change(number, list).unwrap();
        if number == 2 {
            assembly.rotate(ALICE);
        }
    }
    let list = assembly.village.members([ALICE, BOB, DAVE]);
    assembly.group(BOB).change(3, list).unwrap();
    let now = assembly.epoch(BOB);
    let mut renamed = old.clone();
    renamed[forger::CURRENT].copy_from_slice(&now);
    declines(&mut assembly, ALICE, &renamed, DistributionError::OldKey);
    assembly.give(ALICE, BOB);
    let message = assembly.send(ALICE, b"text");
    assert_eq!(assembly.group(BOB).decrypt(&message, b"").unwrap().epoch, 3);
}

/// a device with another identity at a member's address came when it came, and did not inherit.
#[test]
fn a_key_from_before_a_change_of_identity_is_refused() {
    let mut assembly = Assembly::new(3);
    let address = assembly.village.devices[ALICE].address.clone();
    let other = assembly.join_at(address);
    let first = assembly.epoch(BOB);
    assembly.change(2, &[other, BOB, CAROL]);
    assembly.come(other, 2, &[other, BOB, CAROL]);
    assembly.rotate(other);
    let key = assembly.key(other, BOB).plaintext.as_bytes().to_vec();
    let second = assembly.epoch(BOB);
    for (made, current) in [(&first, &first), (&first, &second)] {
        let mut dated = key.clone();
        dated[forger::MADE].copy_from_slice(made);
        dated[forger::CURRENT].copy_from_slice(current);
        forger::claim(&mut dated, &assembly.member(other));
        declines(&mut assembly, other, &dated, DistributionError::OldEpoch);
    }
    takes(&mut assembly, other, &key);
}

/// a key from before a removal does not come back with its sender, however it is dated.
#[test]
fn a_key_from_before_a_removal_does_not_come_back() {
    let (mut assembly, key) = scene(0);
    let withheld = assembly.key(ALICE, BOB);
    let (mut chain, signing) = assembly.insider(ALICE, BOB);
    takes(&mut assembly, ALICE, &key);
    let alice = assembly.groups.remove(&ALICE).unwrap();
    assembly.change(2, &[BOB, CAROL]);
    assembly.declines(BOB, &withheld, DistributionError::NotAMember);
    assembly.change(3, &[ALICE, BOB, CAROL]);
    assembly.groups.insert(ALICE, alice);
    assembly.declines(BOB, &withheld, DistributionError::OldEpoch);
    assembly.restore(BOB);
    assembly.declines(BOB, &withheld, DistributionError::OldEpoch);
    let now = assembly.epoch(BOB);
    let mut moved = key.clone();
    moved[forger::CURRENT].copy_from_slice(&now);
    declines(&mut assembly, ALICE, &moved, DistributionError::OldEpoch);
    // Made anew from the same chain it is a key of the third epoch, under which nothing of before opens.
    let member = assembly.member(ALICE);
    moved[forger::MADE].copy_from_slice(&now);
    forger::claim(&mut moved, &member);
    takes(&mut assembly, ALICE, &moved);
    chain.key_id = moved[forger::KEY_ID].try_into().unwrap();
    let old = chain.message(b"old", &signing);
    assembly.refuses(BOB, &old, GroupDecryptError::OldEpoch);
    let new = chain.in_epoch(&key, &now, &member).message(b"new", &signing);
    assembly.opens(BOB, &new, b"new");
}
