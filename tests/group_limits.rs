//! Every bound of a group, at the bound and one beyond it.

mod assembly;
mod common;
mod forge;
mod village;

use assembly::forger::{self, Chain};
use assembly::{ALICE, Assembly, BOB, CAROL, LONGEST, copy, edited};
use common::{NOW, TestRng, address};
use confidant::limits::{
    GROUP_MAX_JUMP, GROUP_MAX_STORED, MAX_KEYS_PER_SENDER, MAX_KNOWN_EPOCHS, MAX_MEMBERS,
    MAX_MESSAGE,
};
use confidant::{
    DecodeError, DistributionError, GroupDecryptError, GroupEncryptError, GroupError, GroupId,
    GroupSession, Party, Received, Rotation, UnixTime,
};
use ed25519_dalek::SigningKey;

/// Alice's key is used as long as it may be, and the others have it.
fn long_lived(members: usize) -> Assembly {
    let mut assembly = Assembly::with(members, LONGEST);
    assembly.rotate(ALICE);
    assembly.give_all(ALICE);
    assembly
}

/// Alice after `n` messages more, of which none was sent: `CK' = HMAC(CK, 0x02)`, `n` times.
fn leap(assembly: &mut Assembly, n: u32) {
    let key = assembly.key(ALICE, BOB).plaintext.as_bytes().to_vec();
    let chain = Chain::of(&key, &assembly.member(ALICE)).after(n);
    let next = [&chain.iteration.to_be_bytes()[..], &chain.key].concat();
    let old = &key[forger::ITERATION.start..forger::CHAIN_KEY.end];
    let leapt = edited(&assembly.groups[&ALICE], old, &next);
    assembly.groups.insert(ALICE, leapt);
}

/// What Alice, who keeps to no bound, gives to Bob when her chain is at `iteration`; the chain key is one of her choice.
fn far_along(assembly: &mut Assembly, iteration: u32) -> (Chain, SigningKey, Received) {
    assembly.rotate(ALICE);
    let mut key = assembly.key(ALICE, BOB).plaintext.as_bytes().to_vec();
    let signing = forger::signing_key(&assembly.groups[&ALICE], &key);
    key[forger::ITERATION].copy_from_slice(&iteration.to_be_bytes());
    let key_to_bob = assembly.forge_key(ALICE, BOB, &key);
    (Chain::of(&key, &assembly.member(ALICE)), signing, key_to_bob)
}

/// The bounds are what the specification says.
#[test]
fn the_bounds_are_those_of_the_specification() {
    assert_eq!((GROUP_MAX_JUMP, GROUP_MAX_STORED), (2_000, 500));
    assert_eq!((MAX_KEYS_PER_SENDER, MAX_KNOWN_EPOCHS, MAX_MEMBERS), (5, 1_000, 5_000));
}

/// whoever has lost every other message of a key can read the last; a message may pass over 2,000 others, and not one
/// more; what was too far ahead opens once less is missing.
#[test]
fn a_jump_is_bounded() {
    let mut assembly = long_lived(3);
    let (chain, signing) = assembly.insider(ALICE, BOB);
    assembly.lose(ALICE, 1_999);
    let last = assembly.send(ALICE, b"the last");
    assert!(assembly.group(ALICE).is_rotation_due(NOW));
    assembly.opens(CAROL, &last, b"the last");

    let at_the_limit = chain.after(2_000);
    let beyond = at_the_limit.clone().after(1).message(b"beyond", &signing);
    assembly.refuses(BOB, &beyond, GroupDecryptError::TooFarAhead);
    let at_the_limit = at_the_limit.message(b"at the limit", &signing);
    assembly.opens(BOB, &at_the_limit, b"at the limit");
    assembly.opens(BOB, &beyond, b"beyond");
}

/// counted from what was read last, or from where the key was given.
#[test]
fn a_jump_is_counted_from_where_the_receiver_is() {
    let mut assembly = Assembly::with(3, LONGEST);
    let (mut chain, signing, key) = far_along(&mut assembly, 5_000);
    assembly.group(BOB).receive(&key).unwrap();
    assembly.opens(BOB, &chain.message(b"first", &signing), b"first");
    for lost in [2_000, 1_999, 0, 2_001] {
        chain = chain.after(lost + 1);
        let next = chain.message(b"next", &signing);
        if lost <= 2_000 {
            assembly.opens(BOB, &next, b"next");
        } else {
            assembly.refuses(BOB, &next, GroupDecryptError::TooFarAhead);
        }
    }
}

/// a forged message leaves nothing, as far ahead as a jump may go, and costs no kept key; farther, it is refused by
/// its header.
#[test]
fn a_forged_jump_leaves_nothing_and_evicts_nothing() {
    let mut assembly = long_lived(2);
    let late: Vec<_> = (0..500).map(|_| assembly.send(ALICE, b"late")).collect();
    let read = assembly.send(ALICE, b"read");
    assembly.opens(BOB, &read, b"read");
    for (ahead, error) in [
        (0, GroupDecryptError::Unauthentic),
        (1, GroupDecryptError::Unauthentic),
        (2_000, GroupDecryptError::Unauthentic),
        (2_001, GroupDecryptError::TooFarAhead),
        (u32::MAX - 501, GroupDecryptError::TooFarAhead),
    ] {
        let mut forged = read.clone();
        forged[forger::NAMED_ITERATION].copy_from_slice(&(501 + ahead).to_be_bytes());
        assembly.refuses(BOB, &forged, error);
    }
    late.iter().for_each(|message| assembly.opens(BOB, message, b"late"));
}

/// nor does one that its sender has signed and that its chain does not open, which is refused only after all the
/// steps.
#[test]
fn a_signed_jump_that_does_not_open_evicts_nothing() {
    let mut assembly = long_lived(2);
    let late: Vec<_> = (0..500).map(|_| assembly.send(ALICE, b"late")).collect();
    let read = assembly.send(ALICE, b"read");
    assembly.opens(BOB, &read, b"read");
    let (chain, signing) = assembly.insider(ALICE, BOB);
    for (ahead, error) in [
        (0, GroupDecryptError::Unauthentic),
        (2_000, GroupDecryptError::Unauthentic),
        (2_001, GroupDecryptError::TooFarAhead),
    ] {
        let wrong = Chain { iteration: 501 + ahead, key: [7; 32], ..chain.clone() };
        assembly.refuses(BOB, &wrong.message(b"wrong", &signing), error);
    }
    late.iter().for_each(|message| assembly.opens(BOB, message, b"late"));
    let right = chain.after(2_000);
    assembly.opens(BOB, &right.message(b"right", &signing), b"right");
}

/// of each sender key 500 message keys are kept: the newest. What was dropped is forgotten rather than a duplicate.
#[test]
fn kept_keys_are_bounded() {
    for (missing, forgotten) in [(500, 0), (501, 1), (600, 100)] {
        let mut assembly = long_lived(2);
        let late: Vec<_> = (0..missing).map(|_| assembly.send(ALICE, b"late")).collect();
        let read = assembly.send(ALICE, b"read");
        assembly.opens(BOB, &read, b"read");
        assembly.restore(BOB);
        let (gone, kept) = late.split_at(forgotten);
        for message in gone {
            assembly.refuses(BOB, message, GroupDecryptError::Forgotten);
        }
        for message in kept {
            assembly.opens(BOB, message, b"late");
        }
        assembly.refuses(BOB, &kept[0], GroupDecryptError::Duplicate);
        assembly.refuses(BOB, &read, GroupDecryptError::Duplicate);
    }
}

/// a full store makes room by one for one, the oldest first, over several jumps.
#[test]
fn a_full_store_forgets_the_oldest_first() {
    let mut assembly = long_lived(2);
    let old: Vec<_> = (0..499).map(|_| assembly.send(ALICE, b"old")).collect();
    let read = assembly.send(ALICE, b"read");
    assembly.opens(BOB, &read, b"read");
    assembly.opens(BOB, &old[1], b"old");
    // 498 are kept; with three more, one has to go.
    let new: Vec<_> = (0..3).map(|_| assembly.send(ALICE, b"new")).collect();
    let read = assembly.send(ALICE, b"read");
    assembly.opens(BOB, &read, b"read");
    assembly.refuses(BOB, &old[0], GroupDecryptError::Forgotten);
    assembly.refuses(BOB, &old[1], GroupDecryptError::Duplicate);
    old[2..].iter().for_each(|message| assembly.opens(BOB, message, b"old"));
    new.iter().for_each(|message| assembly.opens(BOB, message, b"new"));
}

/// each of a sender's keys has its own 500, and each sender.
#[test]
fn stores_are_apart() {
    let mut assembly = long_lived(3);
    assembly.rotate(CAROL);
    assembly.give(CAROL, BOB);
    let mut late = Vec::new();
    for from in [ALICE, CAROL, ALICE] {
        late.extend((0..500).map(|_| assembly.send(from, b"late")));
        let read = assembly.send(from, b"read");
        assembly.opens(BOB, &read, b"read");
        if from == ALICE {
            assembly.rotate(ALICE);
            assembly.give(ALICE, BOB);
        }
    }
    assembly.restore(BOB);
    assert_eq!(late.len(), 1_500);
    late.iter().for_each(|message| assembly.opens(BOB, message, b"late"));
}

/// of a sender five keys are kept. The sixth takes the place of the one that was made first, whichever came first, and no
/// other sender's.
#[test]
fn keys_of_a_sender_are_bounded() {
    let mut assembly = Assembly::new(3);
    assembly.rotate(CAROL);
    let carols = assembly.send(CAROL, b"Carol's");
    assembly.rotate(CAROL);
    assembly.give(CAROL, BOB);
    let carols_next = assembly.send(CAROL, b"Carol's");
    let (mut keys, mut sent) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        assembly.rotate(ALICE);
        keys.push(assembly.key(ALICE, BOB));
        sent.push([(); 2].map(|()| assembly.send(ALICE, b"text")));
    }
    let order = [3, 0, 5, 1, 4];
    for index in order {
        assembly.group(BOB).receive(&keys[index]).unwrap();
        assembly.opens(BOB, &sent[index][1], b"text");
    }
    assert_eq!(assembly.group(BOB).key_count(), 6);
    assembly.restore(BOB);
    assembly.group(BOB).receive(&keys[2]).unwrap();
    assert_eq!(assembly.group(BOB).key_count(), 6);
    assembly.refuses(BOB, &sent[0][0], GroupDecryptError::UnknownKey);
    assembly.declines(BOB, &keys[0], DistributionError::OldKey);
    for index in [3, 5, 1, 4, 2] {
        assembly.opens(BOB, &sent[index][0], b"text");
        assembly.declines(BOB, &keys[index], DistributionError::Replayed);
    }
    assembly.refuses(BOB, &carols, GroupDecryptError::UnknownKey);
    assembly.opens(BOB, &carols_next, b"Carol's");
}

/// distributions and messages of a thousand epochs are taken in, the current one among them; who remembers them does so
/// after a restart.
#[test]
fn known_epochs_are_bounded() {
    let mut assembly = Assembly::with(2, LONGEST);
    assembly.rotate(ALICE);
    assembly.give_all(ALICE);
    let (mut keys, mut sent) = (Vec::new(), Vec::new());
    for number in 2..=1_007 {
        if number < 10 {
            let mut alone = copy(&assembly.groups[&ALICE]);
            alone.rotate(NOW, &mut assembly.rng).unwrap();
            keys.push(assembly.village.deliver_key(&mut alone, ALICE, BOB));
            sent.push(assembly.send(ALICE, b"text"));
        }
        assembly.change(number, &[ALICE, BOB]);
    }
    // Of epochs 1 to 8, in the 1,007th.
    for (key, message) in keys[..7].iter().zip(&sent) {
        assembly.declines(BOB, key, DistributionError::OldEpoch);
        assembly.refuses(BOB, message, GroupDecryptError::OldEpoch);
        assembly.restore(BOB);
    }
    assert_eq!((keys.len(), sent.len()), (8, 8));
    assembly.group(BOB).receive(&keys[7]).unwrap();
    assembly.opens(BOB, &sent[7], b"text");
    for number in [1_008, 1_009] {
        assembly.change(number, &[ALICE, BOB]);
        let len = assembly.group(BOB).snapshot().expose().len();
        assembly.restore(BOB);
        assert_eq!(assembly.group(BOB).snapshot().expose().len(), len);
    }
    assembly.declines(BOB, &keys[7], DistributionError::OldEpoch);
}

/// `n` members, of whom the first is oneself.
fn crowd(n: usize) -> Vec<Party> {
    let identity = confidant::Identity::generate(&mut TestRng::new(66)).unwrap().public();
    (0..n).map(|user| Party::new(address(&format!("user{user}")), identity)).collect()
}

/// A group has at most 5,000 members, when it is made and when it changes.
#[test]
fn members_are_bounded() {
    let mut too_many = crowd(5_001);
    let new = |members: &[Party]| {
        let id = GroupId::new("village").unwrap();
        GroupSession::new(id, members[0].clone(), 1, members.to_vec(), Rotation::default())
    };
    assert_eq!(new(&too_many).err(), Some(GroupError::TooManyMembers));
    let largest = new(&too_many[..5_000]).unwrap();
    assert_eq!(largest.awaiting().count(), 4_999);
    let snapshot = largest.snapshot();
    let restored = GroupSession::restore(snapshot.expose(), 0).unwrap();
    assert_eq!(restored.snapshot().expose(), snapshot.expose());

    let mut small = new(&too_many[..1]).unwrap();
    let before = small.snapshot();
    assert_eq!(small.change(2, too_many.clone()), Err(GroupError::TooManyMembers));
    assert_eq!(before.expose(), small.snapshot().expose());
    let changed = small.change(2, too_many[..5_000].to_vec()).unwrap();
    assert_eq!((changed.added.len(), changed.removed.len()), (4_999, 0));
    assert_eq!(small.members_hash(), largest.members_hash());
    // Whichever the list shows first.
    too_many[4_999] = too_many[1].clone();
    assert_eq!(new(&too_many).err(), Some(GroupError::DuplicateMember));
    too_many.swap(4_999, 5_000);
    assert_eq!(new(&too_many).err(), Some(GroupError::TooManyMembers));
}

/// The longest plaintext: with header, salt, commitment and signature, and a tag for each of 1,023 chunks, the longest message.
const LONGEST_TEXT: usize = MAX_MESSAGE - 38 - 24 - 32 - 64 - 1_023 * 16;

/// One byte above the longest plaintext is refused before anything is drawn; the longest is not. That the key is due is said
/// first.
#[test]
fn a_plaintext_is_bounded() {
    assert_eq!(LONGEST_TEXT / 16_384 + 1, 1_023, "full chunks and one that is not");
    let mut assembly = Assembly::new(2);
    let mut rng = TestRng::new(67);
    rng.fail_at = Some(0);
    let too_long = vec![0; LONGEST_TEXT + 1];
    let longest = &too_long[..LONGEST_TEXT];
    let refused = assembly.group(ALICE).encrypt(&too_long, b"", NOW, &mut rng);
    assert_eq!(refused, Err(GroupEncryptError::RotationDue));
    assembly.rotate(ALICE);
    let alice = assembly.group(ALICE);
    let before = alice.snapshot();
    assert_eq!(alice.encrypt(&too_long, b"", NOW, &mut rng), Err(GroupEncryptError::TooLong));
    assert_eq!(alice.encrypt(longest, b"", NOW, &mut rng), Err(GroupEncryptError::Randomness));
    assert_eq!(before.expose(), alice.snapshot().expose());
}

/// The longest message arrives.
#[test]
#[cfg_attr(debug_assertions, ignore = "16 MiB take seconds where nothing is optimized")]
fn the_longest_message_arrives() {
    let mut assembly = long_lived(2);
    let longest = vec![7; LONGEST_TEXT];
    let message = assembly.send(ALICE, &longest);
    assert_eq!(message.len(), MAX_MESSAGE);
    assembly.opens(BOB, &message, &longest);
}

/// what is longer than a group message can be is refused unread.
#[test]
fn a_message_is_bounded() {
    let mut assembly = long_lived(2);
    let genuine = assembly.send(ALICE, b"text");
    let mut long = genuine.clone();
    long.resize(MAX_MESSAGE, 0);
    assembly.refuses(BOB, &long, GroupDecryptError::Unauthentic);
    long.push(0);
    assembly.refuses(BOB, &long, GroupDecryptError::Malformed(DecodeError::TooLong));
    // Found as soon as it is known that it is one.
    long[1] = 3;
    assembly.refuses(BOB, &long, GroupDecryptError::Malformed(DecodeError::WrongKind));
    long[0] = 0;
    assembly.refuses(BOB, &long, GroupDecryptError::Malformed(DecodeError::UnsupportedVersion));
    assembly.opens(BOB, &genuine, b"text");
}

/// no chain goes beyond iteration 4,294,967,294, not even of a sender that keeps to no bound: nobody reads more of it,
/// or takes in the key from there on.
#[test]
fn a_chain_ends_before_its_counter_does() {
    let mut assembly = Assembly::with(2, LONGEST);
    let (chain, signing, key) = far_along(&mut assembly, u32::MAX - 3);
    assembly.group(BOB).receive(&key).unwrap();
    let sent = [0, 1, 2].map(|n| chain.clone().after(n).message(b"last", &signing));
    let beyond = chain.after(3);
    assert_eq!(beyond.iteration, u32::MAX);
    let beyond = beyond.message(b"beyond", &signing);
    assembly.refuses(BOB, &beyond, GroupDecryptError::TooFarAhead);
    for message in [&sent[2], &sent[0], &sent[1]] {
        assembly.opens(BOB, message, b"last");
        assembly.refuses(BOB, &beyond, GroupDecryptError::TooFarAhead);
        assembly.restore(BOB);
    }
    let (_, _, ended) = far_along(&mut assembly, u32::MAX);
    assembly.declines(BOB, &ended, DistributionError::Conflicting);
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    let next = assembly.send(ALICE, b"next");
    assembly.opens(BOB, &next, b"next");
}

/// at its end the number of changes stays where it is.
#[test]
fn changes_saturate() {
    let mut assembly = long_lived(2);
    let mut bytes = assembly.group(ALICE).snapshot().expose().to_vec();
    bytes[6..14].copy_from_slice(&(u64::MAX - 1).to_be_bytes());
    forge::snapshot::reseal(&mut bytes);
    assembly.groups.insert(ALICE, GroupSession::restore(&bytes, u64::MAX - 1).unwrap());
    for _ in 0..2 {
        let message = assembly.send(ALICE, b"text");
        assert_eq!(assembly.group(ALICE).changes(), u64::MAX);
        assembly.opens(BOB, &message, b"text");
    }
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs() + seconds)
}

/// One message of `from`'s is lost for Bob for now, and the one after it read.
fn gap(assembly: &mut Assembly, from: usize) -> Vec<u8> {
    let late = assembly.send(from, b"late");
    let read = assembly.send(from, b"read");
    assembly.opens(BOB, &read, b"read");
    late
}

/// Bob calls `expire_skipped`: he has changed if it says so, and not otherwise.
fn expire(assembly: &mut Assembly, seconds: u64, max_age: u64) -> bool {
    let bob = assembly.group(BOB);
    let (before, changes) = (bob.snapshot(), bob.changes());
    let changed = bob.expire_skipped(at(seconds), max_age);
    assert_eq!(before.expose() != bob.snapshot().expose(), changed);
    assert_eq!(bob.changes(), changes + u64::from(changed));
    changed
}

/// kept keys are dropped `max_age` seconds after a call has seen them, not a second before, and for every sender and each
/// of its keys.
#[test]
fn kept_keys_expire_for_every_sender() {
    let mut assembly = long_lived(3);
    assembly.rotate(CAROL);
    assembly.give(CAROL, BOB);
    assert!(!expire(&mut assembly, 0, 100), "nothing to see");
    let mut late = vec![gap(&mut assembly, ALICE), gap(&mut assembly, CAROL)];
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    late.push(gap(&mut assembly, ALICE));
    assert!(expire(&mut assembly, 1_000, 100), "seen");
    assert!(!expire(&mut assembly, 1_000, 100), "seen already");
    assembly.restore(BOB);
    assert!(!expire(&mut assembly, 1_099, 100), "a second before");
    let kept = copy(&assembly.groups[&BOB]);
    late.iter().for_each(|message| assembly.opens(BOB, message, b"late"));
    assembly.groups.insert(BOB, kept);
    assert!(expire(&mut assembly, 1_100, 100), "of age");
    // The first is under a key that a newer one of Alice's has followed.
    assembly.refuses(BOB, &late[0], GroupDecryptError::UnknownKey);
    for message in &late[1..] {
        assembly.refuses(BOB, message, GroupDecryptError::Forgotten);
    }
    assert!(!expire(&mut assembly, 1_101, 100));
    // A key that is younger, of the same sender.
    let young = gap(&mut assembly, CAROL);
    assert!(expire(&mut assembly, 1_200, 100));
    assert!(!expire(&mut assembly, 1_299, 100));
    assembly.opens(BOB, &young, b"late");
    let next = assembly.send(CAROL, b"next");
    assembly.opens(BOB, &next, b"next");
}

/// a key that no call has seen does not expire; an age of 0 drops what is seen; a clock that ran ahead keeps nothing.
#[test]
fn kept_keys_expire_at_the_extremes() {
    let mut assembly = long_lived(2);
    let late = gap(&mut assembly, ALICE);
    assert!(expire(&mut assembly, 1_000_000, 100), "seen, however late");
    assert!(expire(&mut assembly, 50, 100), "the clock goes back");
    assert!(!expire(&mut assembly, 149, 100));
    let kept = copy(&assembly.groups[&BOB]);
    assembly.opens(BOB, &late, b"late");
    assembly.groups.insert(BOB, kept);
    assert!(expire(&mut assembly, 150, 100));
    assembly.refuses(BOB, &late, GroupDecryptError::Forgotten);
    let late = gap(&mut assembly, ALICE);
    assert!(expire(&mut assembly, 150, 0));
    assembly.refuses(BOB, &late, GroupDecryptError::Forgotten);
}

/// expiry goes by position: a key that was given from a later iteration on keeps what is behind it.
#[test]
fn kept_keys_of_a_late_joiner_expire() {
    let mut assembly = Assembly::with(2, LONGEST);
    assembly.rotate(ALICE);
    leap(&mut assembly, 1_000);
    assembly.give(ALICE, BOB);
    let late = gap(&mut assembly, ALICE);
    assert!(expire(&mut assembly, 0, 80));
    let young = gap(&mut assembly, ALICE);
    assert!(!expire(&mut assembly, 9, 80), "an eighth of the age has not passed");
    assert!(expire(&mut assembly, 10, 80), "an eighth has");
    assert!(expire(&mut assembly, 80, 80));
    assembly.refuses(BOB, &late, GroupDecryptError::Forgotten);
    assert!(!expire(&mut assembly, 89, 80));
    assembly.opens(BOB, &young, b"late");
    assert!(expire(&mut assembly, 90, 80), "the mark goes");
}

/// a key that a newer one of its sender has followed is dropped `max_age` seconds after a call has seen it so, and what was
/// withheld under it opens no more. The newest stays, and so does every other sender's.
#[test]
fn a_superseded_key_ends() {
    let mut assembly = long_lived(3);
    assembly.rotate(CAROL);
    assembly.give(CAROL, BOB);
    let carols = assembly.send(CAROL, b"Carol's");
    assembly.lose(ALICE, 1);
    let sent = [(); 3].map(|()| assembly.send(ALICE, b"old"));
    assembly.opens(BOB, &sent[0], b"old");
    let old = assembly.key(ALICE, BOB);
    // Kept keys are seen, but nothing has followed yet.
    assert!(expire(&mut assembly, 0, 100));
    assert!(expire(&mut assembly, 100, 100));
    assert_eq!(assembly.group(BOB).key_count(), 2);
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    let new = assembly.send(ALICE, b"new");
    assembly.opens(BOB, &sent[1], b"old");
    assert!(expire(&mut assembly, 1_000, 100), "first seen");
    assert!(!expire(&mut assembly, 1_050, 100), "seen already");
    assembly.restore(BOB);
    assert!(!expire(&mut assembly, 1_099, 100), "a second before");
    let kept = copy(&assembly.groups[&BOB]);
    assembly.opens(BOB, &sent[2], b"old");
    assembly.groups.insert(BOB, kept);
    assert_eq!(assembly.group(BOB).key_count(), 3);
    assert!(expire(&mut assembly, 1_100, 100), "of age");
    assert_eq!(assembly.group(BOB).key_count(), 2);
    for message in &sent {
        assembly.refuses(BOB, message, GroupDecryptError::UnknownKey);
    }
    assert!(!expire(&mut assembly, u64::MAX / 2, 100));
    assembly.opens(BOB, &new, b"new");
    assembly.opens(BOB, &carols, b"Carol's");
    // A copy that was held back does not bring it back.
    assembly.declines(BOB, &old, DistributionError::OldKey);
}

/// each of several keys from when it was followed; a clock that ran ahead keeps none, and an age of 0 drops at once.
#[test]
fn superseded_keys_end_one_by_one() {
    let mut assembly = long_lived(2);
    let mut sent = vec![assembly.send(ALICE, b"text")];
    for turn in 1..4 {
        assembly.rotate(ALICE);
        assembly.give(ALICE, BOB);
        sent.push(assembly.send(ALICE, b"text"));
        assert!(expire(&mut assembly, 1_000 * turn, 10_000));
    }
    assert_eq!(assembly.group(BOB).key_count(), 4);
    assert!(!expire(&mut assembly, 10_999, 10_000));
    let before = copy(&assembly.groups[&BOB]);
    for (seconds, left) in [(11_000, 3), (12_000, 2), (13_000, 1)] {
        assert!(!expire(&mut assembly, seconds - 1, 10_000));
        assert!(expire(&mut assembly, seconds, 10_000));
        assert_eq!(assembly.group(BOB).key_count(), left);
        let gone = &sent[sent.len() - left - 1];
        assembly.refuses(BOB, gone, GroupDecryptError::UnknownKey);
    }
    assembly.opens(BOB, &sent[3], b"text");

    assembly.groups.insert(BOB, copy(&before));
    assert!(expire(&mut assembly, 500, 10_000), "the clock goes back, behind all of them");
    assert!(!expire(&mut assembly, 10_499, 10_000));
    assert!(expire(&mut assembly, 10_500, 10_000));
    assert_eq!(assembly.group(BOB).key_count(), 1);

    assembly.groups.insert(BOB, before);
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    assert!(expire(&mut assembly, 5_000, 0), "the one that is first seen in this call, too");
    assert_eq!(assembly.group(BOB).key_count(), 1);
}

/// the key that its sender uses is not dropped for one that was made before it and came after it, as a relay can arrange.
#[test]
fn a_key_that_was_overtaken_does_not_end_its_successor() {
    let mut assembly = Assembly::with(2, LONGEST);
    assembly.rotate(ALICE);
    let late = assembly.key(ALICE, BOB);
    let list = assembly.village.members([ALICE, BOB]);
    for who in [ALICE, BOB] {
        assembly.group(who).change(2, list.clone()).unwrap();
    }
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    assembly.group(BOB).receive(&late).unwrap();
    assert!(expire(&mut assembly, 0, 100));
    assert!(expire(&mut assembly, 100, 100));
    let message = assembly.send(ALICE, b"under the key in use");
    assembly.opens(BOB, &message, b"under the key in use");
}

/// Bob's state at its longest with three members: everything that is always there, 999 epochs before, his own key, given to two.
/// Then for each key of another's: what it always has, its sender's address, when a newer one was seen, 16 marks and 500 kept
/// keys.
const ADDRESS: usize = 2 + 11 + 2 + 5 + 5;
const LONGEST_GROUP: usize = 22
    + 8
    + ADDRESS
    + 64
    + 8
    + 4
    + 3 * (ADDRESS + 64 + 8 + 12)
    + 2
    + 999 * 40
    + 8
    + 12
    + 1
    + 152
    + 1
    + 4
    + 2 * ADDRESS
    + 4
    + 4;
const LONGEST_KEY: usize =
    16 + ADDRESS + 12 + 8 + 32 + 4 + (1 + 8) + 36 + 8 + (1 + 16 * 16) + (4 + 500 * 40);

/// a member that makes as many keys and gaps as it can, for longer than anything is remembered, does not make another's
/// state grow above its bound.
#[test]
fn many_keys_with_gaps_do_not_grow_the_state() {
    let mut assembly = long_lived(3);
    assembly.rotate(BOB);
    assembly.give_all(BOB);
    for turn in 0..12_u64 {
        (1..=100).for_each(|n| assembly.change(turn * 100 + n + 1, &[ALICE, BOB, CAROL]));
        assembly.rotate(ALICE);
        assembly.give(ALICE, BOB);
        leap(&mut assembly, 1_999);
        let last = assembly.send(ALICE, b"last");
        assembly.opens(BOB, &last, b"last");
        assembly.group(BOB).expire_skipped(at(turn), 1_000_000);
        let len = assembly.group(BOB).snapshot().expose().len();
        assert!(len <= LONGEST_GROUP + 5 * LONGEST_KEY, "{len}");
    }
    assert_eq!(assembly.group(BOB).key_count(), 5);
    let len = assembly.group(BOB).snapshot().expose().len();
    // Everything is full, but that each key has one mark, and the newest no newer one.
    assert_eq!(len, LONGEST_GROUP + 5 * (LONGEST_KEY - 15 * 16) - 8);
}
