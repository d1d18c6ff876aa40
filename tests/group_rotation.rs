//! When a sender key must not be used any more, and that nothing is encrypted until it was rotated.

mod assembly;
mod common;
mod forge;
mod village;

use assembly::forger;
use assembly::{ALICE, Assembly, BOB, CAROL, DAVE, LONGEST, device};
use common::{NOW, TestRng};
use confidant::limits::{CLOCK_SKEW, ROTATE_AFTER_MESSAGES, ROTATE_AFTER_SECONDS};
use confidant::{
    DistributeError, DistributionError, GroupDecryptError, GroupEncryptError, GroupError,
    GroupSession, Rotation, UnixTime,
};

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_secs(NOW.as_secs() + seconds)
}

/// A generator that must not be asked.
fn unasked() -> TestRng {
    let mut rng = TestRng::new(0);
    rng.fail_at = Some(0);
    rng
}

/// Alice has to rotate: she neither encrypts nor draws nor changes.
fn refuses(alice: &mut GroupSession, now: UnixTime) {
    let before = alice.snapshot();
    assert!(alice.is_rotation_due(now));
    let refused = alice.encrypt(b"text", b"", now, &mut unasked());
    assert_eq!(refused, Err(GroupEncryptError::RotationDue));
    assert_eq!(before.expose(), alice.snapshot().expose());
}

/// Alice has to rotate because of a change: her key is not given to Bob, either, and everybody awaits the next.
fn withholds(assembly: &mut Assembly, others: &[usize]) {
    refuses(assembly.group(ALICE), NOW);
    let awaiting: Vec<_> = assembly.group(ALICE).awaiting().collect();
    assert_eq!(awaiting, assembly.village.members(others.iter().copied()));
    let Assembly { village, groups, .. } = assembly;
    let alice = groups.get_mut(&ALICE).unwrap();
    let before = alice.snapshot();
    let refused = alice.distribute(village.session(ALICE, BOB).peer()).err();
    assert_eq!(refused, Some(DistributeError::RotationDue));
    assert_eq!(before.expose(), alice.snapshot().expose());
}

/// Rotation ends it: Bob, who is told of nothing else, reads the next message, which is under another key than `old`.
fn goes_on(assembly: &mut Assembly, old: &[u8]) {
    assembly.rotate(ALICE);
    assembly.give(ALICE, BOB);
    let message = assembly.send(ALICE, b"text");
    assert_ne!(message[forger::NAMED_KEY], old[forger::NAMED_KEY]);
    assert_eq!(message[forger::NAMED_ITERATION], [0; 4]);
    assembly.opens(BOB, &message, b"text");
}

/// without a key there is none to use and none to give.
#[test]
fn a_new_group_has_no_key() {
    let mut assembly = Assembly::new(3);
    withholds(&mut assembly, &[BOB, CAROL]);
    goes_on(&mut assembly, &[0xff; forger::HEADER]);
}

/// after a removal, whoever it is: another user, or another device of one's own.
#[test]
fn a_removal_makes_the_key_due() {
    for gone in [CAROL, DAVE] {
        let mut assembly = Assembly::new(3);
        let second = assembly.join_at(device("user0", 2));
        let all = [ALICE, second, BOB, CAROL, DAVE];
        assembly.change(2, &all);
        assembly.rotate(ALICE);
        let old = assembly.send(ALICE, b"text");
        let gone = if gone == DAVE { second } else { gone };
        let left: Vec<_> = all.into_iter().filter(|who| *who != gone).collect();
        assembly.change(3, &left);
        withholds(&mut assembly, &left[1..]);
        goes_on(&mut assembly, &old);
    }
}

/// after a member has come to another identity, for whom the key was not meant.
#[test]
fn a_changed_identity_makes_the_key_due() {
    let mut assembly = Assembly::with_key(3);
    let old = assembly.send(ALICE, b"text");
    let address = assembly.village.devices[CAROL].address.clone();
    let other = assembly.join_at(address);
    assembly.change(2, &[ALICE, BOB, other]);
    withholds(&mut assembly, &[BOB, other]);
    goes_on(&mut assembly, &old);
}

/// after a number was skipped, since somebody may have gone and come back.
#[test]
fn a_skipped_epoch_makes_the_key_due() {
    for number in [3, 4, u64::MAX] {
        let mut assembly = Assembly::with_key(3);
        let old = assembly.send(ALICE, b"text");
        assembly.change(number, &[ALICE, BOB, CAROL]);
        withholds(&mut assembly, &[BOB, CAROL]);
        goes_on(&mut assembly, &old);
    }
}

/// it stays due, whatever comes after, a restart or the return of who was gone included.
#[test]
fn a_key_stays_due_until_it_is_rotated() {
    let mut assembly = Assembly::with_key(3);
    let old = assembly.send(ALICE, b"text");
    assembly.change(2, &[ALICE, BOB]);
    assembly.restore(ALICE);
    withholds(&mut assembly, &[BOB]);
    assembly.change(3, &[ALICE, BOB, CAROL]);
    withholds(&mut assembly, &[BOB, CAROL]);
    assembly.change(4, &[ALICE, BOB, CAROL, DAVE]);
    withholds(&mut assembly, &[BOB, CAROL, DAVE]);
    goes_on(&mut assembly, &old);
}

/// whoever has no key owes none: a change before the first rotation does not make the new key due.
#[test]
fn a_key_made_after_a_change_is_not_due() {
    let mut assembly = Assembly::new(3);
    assembly.change(2, &[ALICE, BOB]);
    assembly.rotate(ALICE);
    assert!(!assembly.group(ALICE).is_rotation_due(NOW));
    assembly.give_all(ALICE);
    let message = assembly.send(ALICE, b"text");
    assembly.opens(BOB, &message, b"text");
}

/// a key outlives any number of changes that only add, and can be given to whoever comes or lost it, though nobody
/// remembers its epoch.
#[test]
fn a_key_outlives_the_memory_of_its_epoch() {
    let mut assembly = Assembly::with_key(2);
    let old = assembly.send(ALICE, b"text");
    for number in 2..=1_001 {
        let members: &[usize] = if number < 900 { &[ALICE, BOB] } else { &[ALICE, BOB, DAVE] };
        assembly.change(number, members);
        assert!(!assembly.group(ALICE).is_rotation_due(NOW), "epoch {number}");
    }
    assembly.refuses(BOB, &old, GroupDecryptError::OldEpoch);
    let all = [ALICE, BOB, CAROL, DAVE];
    assembly.change(1_002, &all);
    assembly.come(CAROL, 1_002, &all);
    assembly.give(ALICE, CAROL);
    let message = assembly.send(ALICE, b"still");
    assert_eq!(message[forger::NAMED_KEY], old[forger::NAMED_KEY]);
    assembly.opens(BOB, &message, b"still");
    assembly.opens(CAROL, &message, b"still");
}

/// after as many messages as were set, and not one more; given away it can still be.
#[test]
fn a_key_is_due_after_its_messages() {
    assert_eq!((ROTATE_AFTER_MESSAGES, ROTATE_AFTER_SECONDS), (1_000, 604_800));
    let set = |messages| Rotation::new(messages, u64::MAX).unwrap();
    let set_and_sent = [1, 3, 2_000].map(|messages| (set(messages), messages));
    for (rotation, messages) in set_and_sent.into_iter().chain([(Rotation::default(), 1_000)]) {
        let mut assembly = Assembly::with(2, rotation);
        assembly.rotate(ALICE);
        for sent in 0..messages {
            assert!(!assembly.group(ALICE).is_rotation_due(NOW), "after {sent}");
            assembly.send(ALICE, b"text");
        }
        refuses(assembly.group(ALICE), NOW);
        assembly.restore(ALICE);
        refuses(assembly.group(ALICE), NOW);
        assembly.give(ALICE, BOB);
        assembly.rotate(ALICE);
        assembly.give(ALICE, BOB);
        let next = assembly.send(ALICE, b"next");
        assembly.opens(BOB, &next, b"next");
    }
}

/// from its age on, and not a second before; given away it can still be, and a clock that goes back by a day makes it no
/// older.
#[test]
fn a_key_is_due_at_its_age() {
    let set = |seconds| Rotation::new(2_000, seconds).unwrap();
    for (rotation, age) in [(set(1), 1), (set(60), 60), (Rotation::default(), 604_800)] {
        let mut assembly = Assembly::with(2, rotation);
        assembly.rotate(ALICE);
        let Assembly { groups, rng, .. } = &mut assembly;
        let alice = groups.get_mut(&ALICE).unwrap();
        for now in [UnixTime::from_secs(NOW.as_secs() - 86_400), at(0), at(age - 1)] {
            assert!(!alice.is_rotation_due(now));
            alice.encrypt(b"text", b"", now, rng).unwrap();
        }
        for now in [at(age), at(age + 1), UnixTime::from_secs(u64::MAX)] {
            refuses(alice, now);
        }
        alice.encrypt(b"text", b"", at(age - 1), rng).unwrap();
        assembly.restore(ALICE);
        refuses(assembly.group(ALICE), at(age));
        assembly.give(ALICE, BOB);
        let Assembly { groups, rng, .. } = &mut assembly;
        let alice = groups.get_mut(&ALICE).unwrap();
        alice.rotate(at(age), rng).unwrap();
        assert!(!alice.is_rotation_due(at(2 * age - 1)));
        refuses(alice, at(2 * age));
    }
}

/// a key that was made by a clock which ran ahead by more than a day is due until the clock is there.
#[test]
fn a_key_from_the_future_is_due() {
    assert_eq!(CLOCK_SKEW, 86_400);
    let before = |seconds: u64| UnixTime::from_secs(NOW.as_secs() - seconds);
    let mut assembly = Assembly::with(2, LONGEST);
    assembly.rotate(ALICE);
    for now in [before(86_401), before(86_402), UnixTime::from_secs(0)] {
        refuses(assembly.group(ALICE), now);
    }
    assembly.restore(ALICE);
    refuses(assembly.group(ALICE), before(86_401));
    assembly.give(ALICE, BOB);
    let Assembly { groups, rng, .. } = &mut assembly;
    let alice = groups.get_mut(&ALICE).unwrap();
    let message = alice.encrypt(b"text", b"", before(86_400), rng).unwrap();
    assembly.opens(BOB, &message, b"text");
    // Rotated by the right clock, it is not.
    let Assembly { groups, rng, .. } = &mut assembly;
    let alice = groups.get_mut(&ALICE).unwrap();
    alice.rotate(before(86_401), rng).unwrap();
    assert!(!alice.is_rotation_due(before(86_401)));
}

/// an age that reaches beyond the end of time ends there.
#[test]
fn an_age_ends_with_time() {
    let mut assembly = Assembly::with(2, LONGEST);
    assembly.rotate(ALICE);
    let end = UnixTime::from_secs(u64::MAX);
    assert!(!assembly.group(ALICE).is_rotation_due(UnixTime::from_secs(u64::MAX - 1)));
    refuses(assembly.group(ALICE), end);
}

/// a key is used for 1 to 2,000 messages, and for a second at least; nothing else can be set.
#[test]
fn rotation_is_bounded() {
    for (messages, seconds) in [(0, 1), (2_001, 1), (u32::MAX, 1), (1, 0), (2_000, 0), (0, 0)] {
        assert_eq!(Rotation::new(messages, seconds), Err(GroupError::InvalidRotation));
    }
    for (messages, seconds) in [(1, 1), (2_000, u64::MAX), (1_000, 604_800)] {
        let rotation = Rotation::new(messages, seconds).unwrap();
        assert_eq!((rotation.messages(), rotation.seconds()), (messages, seconds));
    }
    assert_eq!(Rotation::new(1_000, 604_800), Ok(Rotation::default()));
}

/// one may rotate at any time. Everybody awaits the new key then, and what was sent under the old one can still be read.
#[test]
fn a_key_can_be_rotated_before_it_is_due() {
    let mut assembly = Assembly::with_key(3);
    assert_eq!(assembly.group(ALICE).awaiting().count(), 0);
    let late = assembly.send(ALICE, b"late");
    assembly.rotate(ALICE);
    let awaiting: Vec<_> = assembly.group(ALICE).awaiting().collect();
    assert_eq!(awaiting, assembly.village.members([BOB, CAROL]));
    assembly.give(ALICE, BOB);
    let message = assembly.send(ALICE, b"new");
    assembly.opens(BOB, &message, b"new");
    assembly.opens(BOB, &late, b"late");
    assembly.refuses(CAROL, &message, GroupDecryptError::UnknownKey);
    assembly.opens(CAROL, &late, b"late");
}

/// Who awaits the key: everybody but oneself who has not been given it, and whoever comes or comes back. Giving it again
/// changes nothing.
#[test]
fn whoever_was_not_given_the_key_awaits_it() {
    let mut assembly = Assembly::new(3);
    let awaiting = |assembly: &Assembly| -> Vec<_> {
        let awaiting = assembly.groups[&ALICE].awaiting();
        awaiting.map(|member| assembly.village.index_of(&member)).collect()
    };
    assert_eq!(awaiting(&assembly), [BOB, CAROL]);
    assembly.rotate(ALICE);
    assert_eq!(awaiting(&assembly), [BOB, CAROL]);
    drop(assembly.key(ALICE, CAROL));
    assert_eq!(awaiting(&assembly), [BOB]);
    let before = assembly.group(ALICE).changes();
    drop(assembly.key(ALICE, CAROL));
    assert_eq!(assembly.group(ALICE).changes(), before);
    assembly.restore(ALICE);
    assert_eq!(awaiting(&assembly), [BOB]);
    drop(assembly.key(ALICE, BOB));
    assembly.change(2, &[ALICE, BOB, CAROL, DAVE]);
    assert_eq!(awaiting(&assembly), [DAVE]);
    let address = assembly.village.devices[CAROL].address.clone();
    let other = assembly.join_at(address);
    // Somebody has gone: what Bob was given is not what comes next.
    assembly.change(3, &[ALICE, BOB, other, DAVE]);
    assert_eq!(awaiting(&assembly), [BOB, other, DAVE]);
    assembly.restore(ALICE);
    assert_eq!(awaiting(&assembly), [BOB, other, DAVE]);
    assembly.rotate(ALICE);
    assert_eq!(awaiting(&assembly), [BOB, other, DAVE]);
    drop(assembly.key(ALICE, BOB));
    let fifth = assembly.village.join();
    assembly.change(4, &[ALICE, BOB, other, DAVE, fifth]);
    assert_eq!(awaiting(&assembly), [other, DAVE, fifth]);
    assembly.change(5, &[ALICE, DAVE]);
    assembly.change(6, &[ALICE, BOB, DAVE]);
    assert_eq!(awaiting(&assembly), [BOB, DAVE]);
}

/// with a generator that fails at any draw there is no new key, and the old one stays; when it works again, so
/// does the group. A rotation draws 64 bytes.
#[test]
fn a_failing_generator_does_not_rotate() {
    let mut assembly = Assembly::with_key(2);
    for fail_at in 0..2 {
        let mut rng = TestRng::new(63);
        rng.fail_at = Some(fail_at);
        let alice = assembly.group(ALICE);
        let before = alice.snapshot();
        assert_eq!(alice.rotate(NOW, &mut rng), Err(GroupError::Randomness));
        assert_eq!(before.expose(), alice.snapshot().expose());
        let message = assembly.send(ALICE, b"old key");
        assembly.opens(BOB, &message, b"old key");
    }
    let mut rng = TestRng::new(63);
    rng.fail_at = Some(2);
    assembly.group(ALICE).rotate(NOW, &mut rng).unwrap();
    assert_eq!((rng.draws, rng.drawn), (2, 64));
    assembly.give(ALICE, BOB);
    let message = assembly.send(ALICE, b"new key");
    assembly.opens(BOB, &message, b"new key");
}

/// nor is anything encrypted, and no iteration is used up. A message draws 24 bytes.
#[test]
fn a_failing_generator_does_not_encrypt() {
    let mut assembly = Assembly::with_key(2);
    let mut rng = TestRng::new(63);
    rng.fail_at = Some(0);
    let alice = assembly.group(ALICE);
    let before = alice.snapshot();
    let failed = alice.encrypt(b"text", b"", NOW, &mut rng);
    assert_eq!(failed, Err(GroupEncryptError::Randomness));
    assert_eq!(before.expose(), alice.snapshot().expose());
    rng.fail_at = Some(1);
    let message = alice.encrypt(b"text", b"", NOW, &mut rng).unwrap();
    assert_eq!((rng.draws, rng.drawn), (1, 24));
    assert_eq!(message[forger::NAMED_ITERATION], [0; 4], "the first iteration");
    assembly.opens(BOB, &message, b"text");
}

/// with a generator that repeats itself a rotation gives the same chain and signing key, but in another epoch another
/// key id; in the same epoch the key is one that is known, and is not taken in a second time.
#[test]
fn a_repeated_key_is_told_by_its_epoch() {
    let mut assembly = Assembly::new(2);
    let mut sent = Vec::new();
    for number in 2..4 {
        assembly.change(number, &[ALICE, BOB]);
        assembly.group(ALICE).rotate(NOW, &mut TestRng::new(63)).unwrap();
        assembly.give(ALICE, BOB);
        sent.push(assembly.send(ALICE, b"text"));
    }
    assert_ne!(sent[0][forger::NAMED_KEY], sent[1][forger::NAMED_KEY]);
    sent.iter().for_each(|message| assembly.opens(BOB, message, b"text"));
    assembly.group(ALICE).rotate(NOW, &mut TestRng::new(63)).unwrap();
    let again = assembly.key(ALICE, BOB);
    assembly.declines(BOB, &again, DistributionError::Replayed);
}
