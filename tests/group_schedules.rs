//! Random schedules in groups: members speak, join, are removed, come with another identity or late; distributions and
//! messages are lost, repeated, reordered, relayed and corrupted; devices restart, from old snapshots too. After every step
//! each device is compared with a plain model, which is written from the specification's text and knows no keys; and what
//! was read with what was given to whom.
//!
//! A failure prints the shortest schedule that shows it. `PROPTEST_CASES` and `PROPTEST_RNG_SEED` choose others.

mod assembly;
mod common;
mod forge;
mod group_model;
mod repeatable;
mod village;

use std::cell::RefCell;
use std::ops::Range;

use confidant::{GroupDecryptError, Rotation};
use group_model::play::{Met, Play};
use group_model::steps::{op, rotation};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestRunner};

/// Plays random schedules, the same in every run unless the environment says otherwise. Returns what they met.
fn play(sizes: Range<usize>, most: usize, steps: Range<usize>, cases: u32) -> Met {
    let config = Config { max_shrink_time: 30_000, ..repeatable::config(cases) };
    let met = RefCell::new(Met::new());
    let schedule = (sizes, rotation(), any::<u64>(), vec(op(), steps));
    let played = TestRunner::new(config).run(&schedule, |(size, rotation, seed, ops)| {
        let mut play = Play::new(size, most, rotation, seed);
        for op in ops {
            play.step(op);
        }
        play.finish();
        for (name, count) in play.met {
            *met.borrow_mut().entry(name).or_default() += count;
        }
        Ok(())
    });
    played.unwrap_or_else(|failure| panic!("{failure}"));
    met.into_inner()
}

/// Did each of these happen so often at least?
fn happened(met: &Met, least: &[(&str, usize)]) {
    for (name, least) in least {
        let times = met.get(*name).copied().unwrap_or_default();
        assert!(times >= *least, "{name}: {times} times, of {met:#?}");
    }
}

/// in groups of two to eight, random steps agree with the
/// model: who should read does, in the end everybody hears everybody, and nobody else reads anything.
#[test]
fn random_schedules_of_small_groups_agree_with_the_model() {
    let met = play(2..9, 8, 1..200, 30);
    let events = [
        ("join", 20),
        ("removal", 20),
        ("renewal", 5),
        ("return", 5),
        ("leap", 1),
        ("a key from the future", 1),
        ("rotation", 100),
        ("restart", 20),
        ("crash", 3),
        ("expiry", 3),
        ("misled", 3),
        ("GroupError::MembersDiffer", 3),
        ("GroupError::OldEpoch", 3),
        ("GroupError::NotAMember", 10),
    ];
    let distributions = [
        ("lost", 50),
        ("late distribution", 30),
        ("asked again", 3),
        ("DistributionError::Relayed", 5),
        ("DistributionError::UnknownEpoch", 5),
        ("DistributionError::OldEpoch", 5),
        ("DistributionError::MembersDiffer", 5),
        ("DistributionError::Conflicting", 5),
        ("DistributionError::Rewinding", 3),
        ("DistributionError::Replayed", 20),
        ("DistributionError::NotAMember", 20),
        ("DistributionError::NotADistribution", 5),
        ("DistributeError::NotAMember", 1),
        ("DistributeError::RotationDue", 20),
        ("key of a skipped epoch", 2),
        ("key from before all known epochs", 20),
        ("key with an epoch of its owner's choice", 1),
        ("DistributionError::OldKey", 5),
        ("key with a count of its owner's choice", 3),
    ];
    let messages = [
        ("read", 2_000),
        ("late read", 300),
        ("read when gone", 50),
        ("read from an epoch before", 100),
        ("read with an epoch of its sender's choice", 5),
        ("heard", 1_000),
        ("GroupDecryptError::UnknownKey", 2_000),
        ("GroupDecryptError::UnknownEpoch", 5),
        ("GroupDecryptError::OldEpoch", 50),
        ("GroupDecryptError::MembersDiffer", 3),
        ("GroupDecryptError::BeforeOurTime", 100),
        ("GroupDecryptError::TooFarAhead", 1),
        ("GroupDecryptError::Duplicate", 2_000),
        ("GroupDecryptError::Forgotten", 10),
        ("GroupDecryptError::Unauthentic", 20),
        ("GroupDecryptError::Malformed(Truncated)", 20),
        ("GroupEncryptError::RotationDue", 20),
    ];
    for least in [&events[..], &distributions, &messages] {
        happened(&met, least);
    }
}

/// the same in groups of about fifty.
#[test]
fn a_random_schedule_of_a_group_of_fifty_agrees_with_the_model() {
    let met = play(48..49, 50, 90..91, 1);
    let least = [
        ("join", 1),
        ("removal", 1),
        ("rotation", 10),
        ("lost", 20),
        ("read", 1_000),
        ("late read", 50),
        ("heard", 300),
        ("GroupDecryptError::UnknownKey", 200),
        ("GroupDecryptError::Duplicate", 500),
    ];
    happened(&met, &least);
}

/// what was read is not read again with a second copy of its key that was given before the newer ones, and held back on
/// its way until the key was ended: for five newer ones, or by age.
#[test]
fn a_copy_of_a_key_that_was_held_back_opens_nothing_again() {
    for newer in [1, 5] {
        let mut play = Play::new(2, 2, Rotation::default(), 92);
        play.rotate(0);
        let [key, copy] = [0; 2].map(|_| play.give(0, 1).unwrap());
        assert!(play.receive(key));
        let read = play.encrypt(0).unwrap();
        assert!(play.deliver(1, read));
        for _ in 0..newer {
            play.rotate(0);
            let key = play.give(0, 1).unwrap();
            assert!(play.receive(key));
        }
        play.expire(1, 0, 0);
        assert_eq!(play.groups[1].key_count(), 1);
        play.restart(1);
        assert!(!play.receive(copy), "taken in again, after {newer} newer keys");
        assert!(!play.deliver(1, read), "read again, after {newer} newer keys");
        happened(&play.met, &[("DistributionError::OldKey", 1)]);
    }
}

/// a key that comes after the newer ones of its sender goes with the first of them that goes by age, and the state
/// is one that can be read again.
#[test]
fn a_key_that_came_late_ends_with_the_newer_one() {
    let mut play = Play::new(2, 2, Rotation::default(), 93);
    let [late, middle, newest] = [0; 3].map(|_| {
        play.rotate(0);
        play.give(0, 1).unwrap()
    });
    assert!(play.receive(middle) && play.receive(newest));
    play.expire(1, 0, 100);
    assert!(play.receive(late));
    play.expire(1, 60, 100);
    assert_eq!(play.groups[1].key_count(), 3);
    play.expire(1, 60, 100);
    play.restart(1);
    assert_eq!(play.groups[1].key_count(), 1);
}

/// of two keys that a sender counts as the same one, since it has gone back to an older state, both end when the
/// first of them does, and the state is one that can be read again.
#[test]
fn two_keys_of_one_count_end_together() {
    let mut play = Play::new(2, 2, Rotation::default(), 94);
    play.save(0);
    play.rotate(0);
    let first = play.give(0, 1).unwrap();
    play.crash(0);
    let parcels = [0; 5].map(|_| {
        play.rotate(0);
        play.give(0, 1).unwrap()
    });
    assert!(play.receive(first));
    assert_eq!(parcels.map(|parcel| play.receive(parcel)), [true; 5]);
    play.restart(1);
    assert_eq!(play.groups[1].key_count(), 4);
}

/// who came while a member was told of no change is heard by it, and so is who was there before and whose key is
/// as old; nobody has to rotate for that.
#[test]
fn a_gap_mutes_nobody_who_came_in_it() {
    let mut play = Play::new(3, 4, Rotation::default(), 95);
    play.rotate(0);
    play.join();
    play.rotate(3);
    (0..3).for_each(|_| play.amend(|_| {}));
    play.leap(1);
    assert_eq!(play.models[1].since(3), 2);
    for from in [0, 3] {
        (0..4).filter(|device| *device != 1).for_each(|device| {
            (0..4).for_each(|_| play.tell(device));
        });
        let key = play.give(from, 1).unwrap();
        let message = play.encrypt(from).unwrap();
        assert!(play.receive(key) && play.deliver(1, message));
    }
    play.settle();
    happened(&play.met, &[("leap", 1), ("heard", 12)]);
    // Two at the beginning, and the two who had no key.
    assert_eq!(play.met["rotation"], 4);
}

/// nor is who rotated in it because somebody was removed: a key from after the removal is not one from before it.
#[test]
fn a_gap_with_a_removal_mutes_nobody_who_rotated_in_it() {
    let mut play = Play::new(3, 3, Rotation::default(), 99);
    play.rotate(0);
    play.remove(2);
    play.tell(0);
    play.rotate(0);
    (0..2).for_each(|_| play.amend(|_| {}));
    (0..2).for_each(|_| play.tell(0));
    play.leap(1);
    let key = play.give(0, 1).unwrap();
    let message = play.encrypt(0).unwrap();
    assert!(play.receive(key) && play.deliver(1, message));
    happened(&play.met, &[("leap", 1), ("key of a skipped epoch", 1)]);
}

/// who was removed and has come back counts its keys anew, in a later epoch: for who has not heard of that, too, the new
/// one is the newest.
#[test]
fn a_count_begins_anew_in_a_later_epoch() {
    let mut play = Play::new(3, 3, Rotation::default(), 100);
    for _ in 0..3 {
        play.rotate(0);
        let key = play.give(0, 1).unwrap();
        assert!(play.receive(key));
    }
    play.remove(0);
    play.return_(0, true);
    play.leap(1);
    play.rotate(0);
    let key = play.give(0, 1).unwrap();
    assert!(play.receive(key));
    play.expire(1, 0, 0);
    play.restart(1);
    assert_eq!(play.groups[1].key_count(), 1);
    let message = play.encrypt(0).unwrap();
    assert!(play.deliver(1, message));
}

/// who was told of a removal that was none takes nobody's older keys, and nobody takes a key that was made for a list
/// of its owner's own; both are over with a rotation.
#[test]
fn who_was_misled_is_heard_and_hears_after_a_rotation() {
    let mut play = Play::new(3, 3, Rotation::default(), 96);
    play.rotate(0);
    play.distribute(0, u64::MAX);
    play.amend(|_| {});
    play.mislead(1, 2);
    play.rotate(1);
    [0, 2].into_iter().for_each(|device| play.tell(device));
    play.reaffirm();
    let message = play.encrypt(0).unwrap();
    assert!(!play.deliver(1, message) && play.deliver(2, message));
    play.settle();
    let least = [
        ("misled", 1),
        ("GroupDecryptError::OldKey", 1),
        ("DistributionError::MembersDiffer", 1),
        ("rotated for one who was misled", 1),
        ("rotated by one who was misled", 1),
        ("heard", 6),
    ];
    happened(&play.met, &least);
}

/// who has gone back to an older state uses keys and counts that were used: nobody reads with the former after a
/// newer one, nor takes the latter in, until it has rotated as often as before.
#[test]
fn who_has_gone_back_is_heard_when_its_count_is_made_up() {
    let mut play = Play::new(2, 2, Rotation::default(), 97);
    play.rotate(0);
    play.distribute(0, u64::MAX);
    play.save(0);
    play.reaffirm();
    for _ in 0..3 {
        play.rotate(0);
        play.distribute(0, u64::MAX);
    }
    play.crash(0);
    play.tell(0);
    play.reaffirm();
    let message = play.encrypt(0).unwrap();
    assert!(!play.deliver(1, message));
    happened(&play.met, &[("GroupDecryptError::OldKey", 1)]);

    let mut play = Play::new(2, 2, Rotation::default(), 98);
    play.save(0);
    for _ in 0..8 {
        play.rotate(0);
        play.distribute(0, u64::MAX);
    }
    play.crash(0);
    play.settle();
    // Three were ended; the first of the five that are left is the fourth.
    happened(&play.met, &[("DistributionError::OldKey", 3), ("heard", 2)]);
    assert_eq!(play.met["rotated again by one who counts anew"], 4);
}

/// messages and keys of the epochs before are taken in as long as those are among the newest 1,000, the current one
/// too, and then no more.
#[test]
fn a_long_history_is_known_as_far_as_the_limits_go() {
    let mut play = Play::new(3, 3, Rotation::new(2_000, u64::MAX).unwrap(), 91);
    play.rotate(0);
    let key = play.give(0, 1).unwrap();
    assert!(play.receive(key));
    let [late, too_late] = [0; 2].map(|_| play.encrypt(0).unwrap());
    play.rotate(0);
    let [late_key, too_late_key] = [1, 2].map(|to| play.give(0, to).unwrap());
    (0..999).for_each(|_| play.reaffirm());
    let (key, message) = (play.give(0, 2).unwrap(), play.encrypt(0).unwrap());
    for device in 0..3 {
        play.restart(device);
    }
    assert!(play.deliver(1, late));
    assert!(play.receive(late_key));
    play.reaffirm();
    assert!(!play.deliver(1, too_late));
    assert!(!play.receive(too_late_key));
    assert!(play.receive(key));
    assert!(play.deliver(1, message) && play.deliver(2, message));
    (0..2).for_each(|device| play.restart(device));
    play.finish();
    let least = [
        ("GroupDecryptError::OldEpoch", 1),
        ("DistributionError::OldEpoch", 1),
        ("key from before all known epochs", 1),
        ("read from an epoch before", 3),
    ];
    happened(&play.met, &least);
}

/// a receiver follows a chain for as many messages as a key is used for, though it has seen none of them, and no
/// further; and keeps the keys of the last 500 of them.
#[test]
fn a_long_chain_is_followed_as_far_as_the_limits_go() {
    let mut play = Play::new(3, 3, Rotation::new(2_000, u64::MAX).unwrap(), 90);
    play.rotate(0);
    play.distribute(0, u64::MAX);
    (0..2_000).for_each(|n| assert_eq!(play.encrypt(0), Some(n)));
    assert_eq!(play.encrypt(0), None);
    let claimed = [1_999, 2_000, 2_001, u32::MAX].map(|n| play.renumber(2, 0, n));
    let [refused, too_far] = [GroupDecryptError::Unauthentic, GroupDecryptError::TooFarAhead];
    assert_eq!(claimed, [refused, refused, too_far, too_far]);
    let read = [1_999, 1_498, 1_499, 1_998, 1_999, 1_499, 0].map(|n| play.deliver(2, n));
    assert_eq!(read, [true, false, true, true, false, false, false]);
    let read = [0, 1_502, 1_501, 1_000, 1_001, 1_500, 1_501, 1_999, 1_495, 1_496];
    let read = read.map(|n| play.deliver(1, n));
    assert_eq!(read, [true, true, true, false, false, true, false, true, false, true]);
    play.restart(1);
    for to in [1, 2] {
        (0..2_000).step_by(43).for_each(|n| {
            play.deliver(to, n);
        });
    }
    play.check_all();
    let least = [
        ("GroupDecryptError::TooFarAhead", 2),
        ("GroupDecryptError::Forgotten", 30),
        ("GroupEncryptError::RotationDue", 1),
        ("read", 20),
    ];
    happened(&play.met, &least);
}
