//! A sender uses its newest key. What it wrote under an older one while that was the newest is read, however late; what somebody
//! who has got hold of the older one writes or hands on later is not, and a key that has ended does not come back.
//!
//! `Assembly::declines` and `Assembly::refuses` compare the snapshots before and after.

mod assembly;
mod common;
mod forge;
mod village;

use assembly::forger::{self, Chain};
use assembly::giving::{declines, given, takes};
use assembly::stored::Stored;
use assembly::{ALICE, Assembly, BOB, CAROL, DAVE, LONGEST, copy};
use common::NOW;
use confidant::limits::MAX_KEYS_PER_SENDER;
use confidant::{DistributionError, GroupDecryptError, GroupSession, Received, UnixTime};
use ed25519_dalek::SigningKey;

const ALL: [usize; 4] = [ALICE, BOB, CAROL, DAVE];
const WITHOUT_DAVE: [usize; 3] = [ALICE, BOB, CAROL];

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs() + seconds)
}

/// One of Alice's keys: what Bob is given, from the beginning, and what signs under it.
struct Stolen {
    bytes: Vec<u8>,
    chain: Chain,
    signing: SigningKey,
}

/// Alice's current key, of which Bob knows nothing yet.
fn stolen(assembly: &mut Assembly) -> Stolen {
    let bytes = given(assembly);
    let (chain, signing) = assembly.insider(ALICE, BOB);
    Stolen { bytes, chain, signing }
}

impl Stolen {
    /// Message `iteration` under this key, written in an epoch of Bob's.
    fn message(&self, assembly: &Assembly, iteration: u32, epoch: &[u8; 40]) -> Vec<u8> {
        let chain = self.chain.clone().after(iteration);
        let chain = chain.in_epoch(&self.bytes, epoch, &assembly.member(ALICE));
        chain.message(b"text", &self.signing)
    }

    /// The key as it is given by somebody who is in that epoch.
    fn from(&self, epoch: &[u8; 40]) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        bytes[forger::CURRENT].copy_from_slice(epoch);
        bytes
    }
}

/// Alice's state as a thief has it, who keeps to no rule: its key is not due.
fn lawless(group: &GroupSession) -> GroupSession {
    let mut stored = Stored::of(group);
    stored.due = 0;
    GroupSession::restore(&stored.write(), 0).unwrap()
}

/// whoever has a sender's state of before a removal, and follows the group with it, neither writes as that sender in the epoch
/// of the removal or later, nor gives the old key to anybody. What the sender has written before is read.
#[test]
fn a_thief_with_an_old_state_is_stopped_by_a_removal() {
    let mut assembly = Assembly::with_key(4);
    let late = assembly.send(ALICE, b"late");
    let mut thief = copy(&assembly.groups[&ALICE]);
    for (number, members) in [(2, &WITHOUT_DAVE[..]), (3, &ALL)] {
        assembly.change(number, members);
        thief.change(number, assembly.village.members(members.iter().copied())).unwrap();
        thief = lawless(&thief);
        let forged = thief.encrypt(b"forged", b"", NOW, &mut assembly.rng).unwrap();
        assembly.refuses(BOB, &forged, GroupDecryptError::OldKey);
        let fifth = assembly.village.deliver_key(&mut thief, ALICE, CAROL);
        assembly.declines(CAROL, &fifth, DistributionError::OldKey);
        assembly.restore(BOB);
        assembly.restore(CAROL);
    }
    assembly.opens(BOB, &late, b"late");
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    let message = assembly.send(ALICE, b"new");
    assembly.opens(BOB, &message, b"new");
}

/// a key of before a removal is taken in from where it belongs, and refused from the removal on; so is what is written
/// under it.
#[test]
fn a_key_is_old_from_the_removal_on() {
    let mut assembly = Assembly::with(4, LONGEST);
    assembly.rotate(ALICE);
    let old = stolen(&mut assembly);
    let mut epochs = vec![assembly.epoch(BOB)];
    for (number, members) in [(2, &ALL[..]), (3, &WITHOUT_DAVE), (4, &ALL), (5, &ALL)] {
        assembly.change(number, members);
        epochs.push(assembly.epoch(BOB));
    }
    for epoch in &epochs[2..] {
        declines(&mut assembly, ALICE, &old.from(epoch), DistributionError::OldKey);
    }
    for from in &epochs[..2] {
        let before = copy(&assembly.groups[&BOB]);
        takes(&mut assembly, ALICE, &old.from(from));
        for (iteration, epoch) in (0..).zip(&epochs) {
            let message = old.message(&assembly, iteration, epoch);
            match iteration {
                0 | 1 => assembly.opens(BOB, &message, b"text"),
                _ => assembly.refuses(BOB, &message, GroupDecryptError::OldKey),
            }
            assembly.restore(BOB);
        }
        assembly.groups.insert(BOB, before);
    }
    // A key that was made with the removal is not of before it.
    let mut new = old.from(&epochs[4]);
    new[forger::MADE].copy_from_slice(&epochs[2]);
    forger::claim(&mut new, &assembly.member(ALICE));
    takes(&mut assembly, ALICE, &new);
}

/// a member with another identity is a removal as well.
#[test]
fn a_key_is_old_after_a_change_of_identity() {
    let mut assembly = Assembly::with(3, LONGEST);
    assembly.rotate(ALICE);
    let old = stolen(&mut assembly);
    takes(&mut assembly, ALICE, &old.bytes);
    let first = assembly.epoch(BOB);
    let address = assembly.village.devices[CAROL].address.clone();
    let other = assembly.join_at(address);
    assembly.change(2, &[ALICE, BOB, other]);
    let second = assembly.epoch(BOB);
    let message = old.message(&assembly, 0, &second);
    assembly.refuses(BOB, &message, GroupDecryptError::OldKey);
    let message = old.message(&assembly, 0, &first);
    assembly.opens(BOB, &message, b"text");
}

/// where a key and an epoch are checked, in the order of the specification: an old key is found after an epoch that is
/// wrong, and before the iteration and the signature.
#[test]
fn an_old_key_is_found_in_its_order() {
    let mut assembly = Assembly::with(4, LONGEST);
    assembly.rotate(ALICE);
    assembly.lose(ALICE, 1);
    assembly.give(ALICE, BOB);
    let genuine = assembly.send(ALICE, b"text");
    assembly.change(2, &WITHOUT_DAVE);
    let now = assembly.epoch(BOB);
    for (iteration, tail) in [(0, 0), (1, 1), (3_000, 1), (u32::MAX, 0)] {
        let mut changed = genuine.clone();
        changed[forger::NAMED_ITERATION].copy_from_slice(&u32::to_be_bytes(iteration));
        *changed.last_mut().unwrap() ^= tail;
        changed[forger::NAMED_EPOCH].copy_from_slice(&now[..16]);
        assembly.refuses(BOB, &changed, GroupDecryptError::OldKey);
        changed[33] ^= 1;
        assembly.refuses(BOB, &changed, GroupDecryptError::MembersDiffer);
    }
    assembly.opens(BOB, &genuine, b"text");
}

/// Alice's keys of the epochs 1, 3 and 5, of which Bob has none, and all epochs so far.
fn three() -> (Assembly, [Stolen; 3], Vec<[u8; 40]>) {
    let mut assembly = Assembly::with(3, LONGEST);
    let (mut keys, mut epochs) = (Vec::new(), Vec::new());
    for number in 1..=6 {
        if number > 1 {
            assembly.change(number, &WITHOUT_DAVE);
        }
        epochs.push(assembly.epoch(BOB));
        if number % 2 == 1 {
            assembly.rotate(ALICE);
            keys.push(stolen(&mut assembly));
        }
    }
    (assembly, keys.try_into().ok().unwrap(), epochs)
}

/// under a key its sender has written until the epoch in which it made the next, that epoch included; in a later one nobody
/// writes under it, in whatever order the keys have come.
#[test]
fn a_key_is_used_until_the_epoch_of_the_next() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (mut assembly, keys, epochs) = three();
        for index in order {
            takes(&mut assembly, ALICE, &keys[index].bytes);
            assembly.restore(BOB);
        }
        for (key, last) in keys.iter().zip([3_usize, 5, 6]) {
            for (iteration, epoch) in (0..).zip(&epochs) {
                let message = key.message(&assembly, iteration, epoch);
                if usize::try_from(iteration).unwrap() < last {
                    assembly.opens(BOB, &message, b"text");
                } else {
                    assembly.refuses(BOB, &message, GroupDecryptError::OldKey);
                }
            }
        }
    }
}

/// as far as the receiver knows: a key that it has not been given ends none, and one that it is given ends those before.
#[test]
fn a_key_ends_when_the_next_is_known() {
    let (mut assembly, [first, second, third], epochs) = three();
    takes(&mut assembly, ALICE, &first.bytes);
    let unaware = first.message(&assembly, 0, &epochs[5]);
    let beyond = first.message(&assembly, 1, &epochs[5]);
    assembly.opens(BOB, &unaware, b"text");
    takes(&mut assembly, ALICE, &third.bytes);
    assembly.refuses(BOB, &beyond, GroupDecryptError::OldKey);
    let still = first.message(&assembly, 2, &epochs[4]);
    let kept = copy(&assembly.groups[&BOB]);
    assembly.opens(BOB, &still, b"text");
    assembly.groups.insert(BOB, kept);
    takes(&mut assembly, ALICE, &second.bytes);
    assembly.refuses(BOB, &still, GroupDecryptError::OldKey);
    let last = first.message(&assembly, 3, &epochs[2]);
    assembly.opens(BOB, &last, b"text");
}

/// whoever has a sender's state of before a rotation writes nothing as that sender in a later epoch.
#[test]
fn a_thief_with_an_old_state_is_stopped_by_a_rotation() {
    let mut assembly = Assembly::with_key(3);
    let mut thief = copy(&assembly.groups[&ALICE]);
    let list = assembly.village.members(WITHOUT_DAVE);
    assembly.change(2, &WITHOUT_DAVE);
    thief.change(2, list.clone()).unwrap();
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    let in_time = thief.encrypt(b"in time", b"", NOW, &mut assembly.rng).unwrap();
    assembly.change(3, &WITHOUT_DAVE);
    thief.change(3, list).unwrap();
    let forged = thief.encrypt(b"forged", b"", NOW, &mut assembly.rng).unwrap();
    assembly.refuses(BOB, &forged, GroupDecryptError::OldKey);
    // In the epoch of the rotation itself it could have been Alice.
    assembly.opens(BOB, &in_time, b"in time");
    // Carol, who has not been given the next key, cannot tell.
    assembly.opens(CAROL, &forged, b"forged");
}

/// keys of one epoch do not end each other: both are read throughout.
#[test]
fn keys_of_one_epoch_do_not_end_each_other() {
    for order in [[0, 1], [1, 0]] {
        let mut assembly = Assembly::with(3, LONGEST);
        let keys = [(); 2].map(|()| {
            assembly.rotate(ALICE);
            stolen(&mut assembly)
        });
        order.into_iter().for_each(|index| takes(&mut assembly, ALICE, &keys[index].bytes));
        assembly.change(2, &WITHOUT_DAVE);
        assembly.change(3, &WITHOUT_DAVE);
        let now = assembly.epoch(BOB);
        for key in &keys {
            let message = key.message(&assembly, 0, &now);
            assembly.opens(BOB, &message, b"text");
        }
    }
}

/// Alice's keys of one epoch on their way to Bob, in the order in which she made them, each with two messages.
fn in_one_epoch(n: usize) -> (Assembly, Vec<Received>, Vec<[Vec<u8>; 2]>) {
    let mut assembly = Assembly::with(3, LONGEST);
    let (mut keys, mut sent) = (Vec::new(), Vec::new());
    for _ in 0..n {
        assembly.rotate(ALICE);
        keys.push(assembly.key(ALICE, BOB));
        sent.push([(); 2].map(|()| assembly.send(ALICE, b"text")));
    }
    (assembly, keys, sent)
}

/// which of a sender's keys is the newest is its own count's to say: the one that it uses does not end because an
/// older one of the same epoch has come after it, and the older one does.
#[test]
fn the_newest_key_is_the_one_that_was_made_last() {
    let (mut assembly, keys, sent) = in_one_epoch(2);
    for index in [1, 0] {
        assembly.group(BOB).receive(&keys[index]).unwrap();
        assembly.opens(BOB, &sent[index][1], b"text");
    }
    assert!(assembly.group(BOB).expire_skipped(at(0), 100));
    assembly.restore(BOB);
    assert!(assembly.group(BOB).expire_skipped(at(100), 100));
    assert_eq!(assembly.group(BOB).key_count(), 1);
    assembly.refuses(BOB, &sent[0][0], GroupDecryptError::UnknownKey);
    let next = assembly.send(ALICE, b"next");
    assembly.opens(BOB, &next, b"next");
}

/// a copy of a key that was held back does not bring it back when it has ended because of its age, so that nothing is read
/// a second time; nor does a key of before it come any more. One that was made after it does.
#[test]
fn a_key_that_ended_by_age_does_not_come_back() {
    let (mut assembly, keys, sent) = in_one_epoch(4);
    let again = keys[1].plaintext.as_bytes().to_vec();
    for index in [1, 3] {
        assembly.group(BOB).receive(&keys[index]).unwrap();
        assembly.opens(BOB, &sent[index][0], b"text");
    }
    assert!(assembly.group(BOB).expire_skipped(at(0), 100));
    assembly.declines(BOB, &keys[1], DistributionError::Replayed);
    assert!(assembly.group(BOB).expire_skipped(at(100), 100));
    for restarted in [false, true] {
        if restarted {
            assembly.restore(BOB);
        }
        for old in [0, 1] {
            assembly.declines(BOB, &keys[old], DistributionError::OldKey);
            assembly.refuses(BOB, &sent[old][0], GroupDecryptError::UnknownKey);
        }
        declines(&mut assembly, ALICE, &again, DistributionError::OldKey);
    }
    assembly.group(BOB).receive(&keys[2]).unwrap();
    assembly.opens(BOB, &sent[2][0], b"text");
    // In later epochs neither, given from there: what ended is remembered, whoever comes or goes.
    assembly.change(2, &ALL);
    assembly.change(3, &WITHOUT_DAVE);
    assembly.change(4, &WITHOUT_DAVE);
    assembly.restore(BOB);
    declines(&mut assembly, ALICE, &again, DistributionError::OldKey);
}

/// nor does one that has made room for a sixth.
#[test]
fn a_key_that_made_room_does_not_come_back() {
    let (mut assembly, keys, sent) = in_one_epoch(7);
    for (key, sent) in keys[1..].iter().zip(&sent[1..]) {
        assembly.group(BOB).receive(key).unwrap();
        assembly.opens(BOB, &sent[0], b"text");
    }
    assert_eq!(assembly.group(BOB).key_count(), MAX_KEYS_PER_SENDER);
    for _restarted in [false, true] {
        for old in [0, 1] {
            assembly.declines(BOB, &keys[old], DistributionError::OldKey);
            sent[old].iter().for_each(|message| {
                assembly.refuses(BOB, message, GroupDecryptError::UnknownKey);
            });
        }
        assembly.restore(BOB);
    }
    for sent in &sent[2..] {
        assembly.refuses(BOB, &sent[0], GroupDecryptError::Duplicate);
        assembly.opens(BOB, &sent[1], b"text");
    }
}

/// a sixth that was made before the five, or together with the first of them, is refused, and ends none.
#[test]
fn a_sixth_that_is_older_than_the_five_is_refused() {
    let (mut assembly, keys, sent) = in_one_epoch(6);
    let mut twin = keys[1].plaintext.as_bytes().to_vec();
    twin[forger::CHAIN_KEY].fill(7);
    twin[forger::COMMITMENT].copy_from_slice(&forger::commitment(&[7; 32]));
    forger::claim(&mut twin, &assembly.member(ALICE));
    for index in [4, 1, 5, 2, 3] {
        assembly.group(BOB).receive(&keys[index]).unwrap();
    }
    assembly.declines(BOB, &keys[0], DistributionError::OldKey);
    declines(&mut assembly, ALICE, &twin, DistributionError::OldKey);
    assembly.restore(BOB);
    assembly.declines(BOB, &keys[0], DistributionError::OldKey);
    sent[1..].iter().for_each(|sent| assembly.opens(BOB, &sent[0], b"text"));
}

/// the epoch in which a key was made counts before its number: a key of a later epoch is after all of one before.
#[test]
fn keys_are_ordered_by_epoch_and_then_by_number() {
    let (mut assembly, keys, sent) = in_one_epoch(5);
    // Alice, who has lost her state, counts from the beginning.
    let again = assembly.other_group("village", ALICE, 1, &WITHOUT_DAVE);
    assembly.groups.insert(ALICE, again);
    assembly.change(2, &WITHOUT_DAVE);
    assembly.rotate(ALICE);
    let new = assembly.key(ALICE, BOB);
    assert_eq!(new.plaintext.as_bytes()[forger::NUMBER], [0; 4]);
    assembly.group(BOB).receive(&new).unwrap();
    keys[1..].iter().for_each(|key| assembly.group(BOB).receive(key).unwrap());
    assembly.declines(BOB, &keys[0], DistributionError::OldKey);
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    assembly.refuses(BOB, &sent[1][0], GroupDecryptError::UnknownKey);
    assembly.opens(BOB, &sent[2][0], b"text");
    let message = assembly.send(ALICE, b"new");
    assembly.opens(BOB, &message, b"new");
}

/// what has ended of one sender's says nothing of another's, and nothing of a device that comes back.
#[test]
fn what_has_ended_is_of_one_member() {
    let (mut assembly, keys, _) = in_one_epoch(2);
    assembly.rotate(CAROL);
    let carols = assembly.key(CAROL, BOB);
    keys.iter().for_each(|key| assembly.group(BOB).receive(key).unwrap());
    assert!(assembly.group(BOB).expire_skipped(at(0), 0));
    assembly.declines(BOB, &keys[0], DistributionError::OldKey);
    assembly.group(BOB).receive(&carols).unwrap();
    let all = [ALICE, BOB];
    assembly.change(2, &all);
    assembly.change(3, &WITHOUT_DAVE);
    assembly.come(CAROL, 3, &WITHOUT_DAVE);
    assembly.rotate(CAROL);
    assembly.give(CAROL, BOB);
    let message = assembly.send(CAROL, b"back");
    assembly.opens(BOB, &message, b"back");
}

/// Bob's state is one that can be read back.
fn survives(assembly: &mut Assembly) {
    let snapshot = assembly.group(BOB).snapshot();
    let restored = GroupSession::restore(snapshot.expose(), snapshot.epoch());
    assert_eq!(restored.map(|group| group.changes()), Ok(snapshot.epoch()));
}

/// a key that came late ends later than one that was made after it; the state can be read back in between.
#[test]
fn keys_that_end_out_of_order_can_be_stored() {
    let (mut assembly, keys, _) = in_one_epoch(3);
    for index in [1, 2] {
        assembly.group(BOB).receive(&keys[index]).unwrap();
    }
    assert!(assembly.group(BOB).expire_skipped(at(0), 100));
    assembly.group(BOB).receive(&keys[0]).unwrap();
    for seconds in [50, 100, 150] {
        assembly.group(BOB).expire_skipped(at(seconds), 100);
        survives(&mut assembly);
    }
    assert_eq!(assembly.group(BOB).key_count(), 1);
    assembly.declines(BOB, &keys[0], DistributionError::OldKey);
}

/// nor do two keys of one number, as a sender that was rolled back makes them, spoil the state when one of them ends.
#[test]
fn two_keys_of_one_number_can_be_stored() {
    for by_age in [false, true] {
        let mut assembly = Assembly::with(3, LONGEST);
        let before = copy(&assembly.groups[&ALICE]);
        assembly.rotate(ALICE);
        let first = assembly.key(ALICE, BOB);
        assembly.group(BOB).receive(&first).unwrap();
        assembly.groups.insert(ALICE, before);
        for _ in 0..5 {
            assembly.rotate(ALICE);
            assembly.give(ALICE, BOB);
            if by_age {
                assembly.group(BOB).expire_skipped(at(0), 100);
            }
            survives(&mut assembly);
        }
        if by_age {
            assembly.group(BOB).expire_skipped(at(100), 100);
        }
        survives(&mut assembly);
        assembly.declines(BOB, &first, DistributionError::OldKey);
        let message = assembly.send(ALICE, b"text");
        assembly.opens(BOB, &message, b"text");
    }
}

/// nor does a key of the last epoch that there can be.
#[test]
fn a_key_of_the_last_epoch_can_be_stored() {
    let mut assembly = Assembly::with(3, LONGEST);
    assembly.change(u64::MAX, &WITHOUT_DAVE);
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    survives(&mut assembly);
    let message = assembly.send(ALICE, b"text");
    assembly.opens(BOB, &message, b"text");
}
