//! One change set for each operation: what is in it, that a crash anywhere leaves the old state or the new one, and that a failure leaves the
//! old one.

mod common;
mod town;

use std::collections::BTreeSet;

use common::{NOW, TestRng};
use confidant::{
    Address, DeviceId, GroupId, GroupSession, MessageId, Party, PreKeyMessage, RestoreError,
    Rotation, SendError, StateName, Suite, Unstored, UserRecord,
};
use town::{Device, Town, store, text};

const ALICE: usize = 0;
const BOB: usize = 1;

fn names<T>(unstored: &Unstored<T>) -> Vec<StateName> {
    unstored.changes().map(|change| change.name().clone()).collect()
}

fn device(town: &Town, who: usize) -> StateName {
    StateName::Device(town.address(who))
}

/// what accepting changes is in one set: the record with the new session, the store without the one-time key (or with the replay
/// record), the pin. What was encrypted or decrypted is in the same hand.
#[test]
fn each_operation_lists_all_that_it_has_changed() {
    let mut town = Town::new(&["alice", "bob"], 1);
    let (alice, bob) = (town.address(ALICE), town.address(BOB));
    let bundle = town.devices[BOB].bundle(NOW);
    let mut rng = TestRng::new(2);

    let (user, mut us) = town.devices[ALICE].with(&bob, NOW);
    let began = user.begin(&mut us, (bob.device(), &bundle), &mut rng).unwrap();
    assert_eq!(names(&began), [StateName::Device(bob.clone())]);
    town.devices[ALICE].commit(began);
    let (record, mut us) = town.devices[ALICE].with_device(&bob, NOW);
    let sent = record.encrypt(&mut us, b"hello", &mut rng).unwrap();
    assert_eq!(names(&sent), [StateName::Device(bob.clone())]);
    let message = town.devices[ALICE].commit(sent).message;

    let keys_before = town.devices[BOB].account.prekeys.status(NOW).one_time;
    let (user, mut us) = town.devices[BOB].with(&alice, NOW);
    let read = user.decrypt(&mut us, alice.device(), &message).unwrap();
    let all = [StateName::Device(alice.clone()), StateName::Trust, StateName::PreKeys(Suite::X3dh)];
    assert_eq!(names(&read), all);
    let used = read.to_store().used.unwrap();
    assert_eq!(used.one_time, PreKeyMessage::decode(&message).unwrap().one_time_prekey());
    let delivery = town.devices[BOB].commit(read);
    assert_eq!(text(&delivery), Some(&b"hello"[..]));
    assert_eq!(town.devices[BOB].account.prekeys.status(NOW).one_time, keys_before - 1);
    assert!(town.devices[BOB].account.trust.identity(&alice).is_some());

    let second = town.write(ALICE, BOB, b"second");
    let (user, mut us) = town.devices[BOB].with(&alice, NOW);
    let read = user.decrypt(&mut us, alice.device(), &second).unwrap();
    assert_eq!(names(&read), [StateName::Device(alice)], "only what has changed");
    town.devices[BOB].commit(read);
    let reply = town.write(BOB, ALICE, b"reply");
    let (user, mut us) = town.devices[ALICE].with(&bob, NOW);
    let read = user.decrypt(&mut us, bob.device(), &reply).unwrap();
    assert_eq!(names(&read), [StateName::Device(bob), StateName::Trust]);
}

/// The names of states are different bytes for each, and they stay as they are.
#[test]
fn names_of_states_are_keys_of_a_database() {
    let group = GroupId::new("village").unwrap();
    let names = [
        StateName::PreKeys(Suite::X3dh),
        StateName::Group(group),
        StateName::Trust,
        StateName::Device(town::address("alice", 1)),
        StateName::Device(town::address("alice", 2)),
    ];
    let bytes: Vec<Vec<u8>> = names.iter().map(StateName::to_bytes).collect();
    assert_eq!(bytes[0], [0x02, 0x01]);
    assert_eq!(bytes[1], *b"\x03village");
    assert_eq!(bytes[2], [0x04]);
    assert_eq!(bytes[3], *b"\x05\x01\x0bexample.org\x02\x05alice\x03\x00\x00\x00\x01");
    assert_eq!(bytes.iter().collect::<BTreeSet<_>>().len(), names.len());
}

/// A device restarts from what is on its disk, and is in the state that `expected` shows.
fn restarts_in(device: &mut Device, expected: &[Vec<u8>]) {
    device.restart();
    assert_eq!(device.state(), expected);
}

/// a crash before the transaction leaves the old state, one behind it the new state: after each step of a conversation.
#[test]
fn a_crash_leaves_the_old_state_or_the_new_one() {
    let mut town = Town::new(&["alice", "bob"], 3);
    let (alice, bob) = (town.address(ALICE), town.address(BOB));
    town.begin(ALICE, BOB);
    let mut rng = TestRng::new(4);
    for round in 0..6_u8 {
        let (from, to) = if round % 2 == 0 { (ALICE, BOB) } else { (BOB, ALICE) };
        let (sender, reader) = if from == ALICE { (&alice, &bob) } else { (&bob, &alice) };
        // Sending: nothing has left when the process ends before the transaction.
        let before = town.devices[from].state();
        let (record, mut us) = town.devices[from].with_device(reader, NOW);
        let lost = record.encrypt(&mut us, &[round], &mut rng).unwrap();
        drop(lost);
        restarts_in(&mut town.devices[from], &before);
        let (record, mut us) = town.devices[from].with_device(reader, NOW);
        let sent = record.encrypt(&mut us, &[round], &mut rng).unwrap();
        // The outbox is in the transaction.
        let outbox = sent.to_store().message.clone();
        store(&mut town.devices[from].disk, sent.changes());
        let after = town.devices[from].state();
        restarts_in(&mut town.devices[from], &after);

        // Receiving: what was not stored is read again, what was stored is a duplicate.
        let before = town.devices[to].state();
        for _ in 0..2 {
            let (user, mut us) = town.devices[to].with(sender, NOW);
            let lost = user.decrypt(&mut us, sender.device(), &outbox).unwrap();
            assert_eq!(text(lost.to_store()), Some(&[round][..]));
            drop(lost);
            restarts_in(&mut town.devices[to], &before);
        }
        town.read(to, from, &outbox);
        let after = town.devices[to].state();
        restarts_in(&mut town.devices[to], &after);
        assert!(town.try_read(to, from, &outbox).is_err());
    }
}

/// When storing fails, the same changes are stored later.
#[test]
fn what_could_not_be_stored_is_stored_later() {
    let mut town = Town::new(&["alice", "bob"], 5);
    town.introduce(ALICE, BOB);
    let bob = town.address(BOB);
    let mut rng = TestRng::new(6);
    let (record, mut us) = town.devices[ALICE].with_device(&bob, NOW);
    let sent = record.encrypt(&mut us, b"hello", &mut rng).unwrap();
    let mut full_disk = town::Disk::new();
    store(&mut full_disk, sent.changes());
    store(&mut town.devices[ALICE].disk, sent.changes());
    assert_eq!(full_disk.len(), 1);
    let state = town.devices[ALICE].state();
    restarts_in(&mut town.devices[ALICE], &state);
    let message = sent.stored().message;
    town.read(BOB, ALICE, &message);
}

/// Two operations in one transaction: the later state of each value.
#[test]
fn changes_of_two_operations_are_stored_together() {
    let mut town = Town::new(&["alice", "bob"], 7);
    town.introduce(ALICE, BOB);
    let bob = town.address(BOB);
    let mut rng = TestRng::new(8);
    let (record, mut us) = town.devices[ALICE].with_device(&bob, NOW);
    let one = record.encrypt(&mut us, b"one", &mut rng).unwrap();
    let two = record.encrypt(&mut us, b"two", &mut rng).unwrap();
    let epoch = record.epoch();
    let both = one.and(two);
    assert_eq!(both.changes().len(), 1);
    let change = both.changes().next().unwrap();
    assert_eq!(change.snapshot().unwrap().epoch(), epoch);
    let (one, two) = town.devices[ALICE].commit(both);
    // In the wrong order too.
    let (record, mut us) = town.devices[ALICE].with_device(&bob, NOW);
    let three = record.encrypt(&mut us, b"three", &mut rng).unwrap();
    let four = record.encrypt(&mut us, b"four", &mut rng).unwrap();
    let epoch = record.epoch();
    let both = four.and(three);
    assert_eq!(both.changes().len(), 1);
    assert_eq!(both.changes().next().unwrap().snapshot().unwrap().epoch(), epoch);
    town.devices[ALICE].commit(both);
    let state = town.devices[ALICE].state();
    restarts_in(&mut town.devices[ALICE], &state);
    town.read(BOB, ALICE, &two.message);
    town.read(BOB, ALICE, &one.message);
}

/// The group of these devices, as one of them has it.
fn group(town: &Town, us: usize) -> GroupSession {
    let members: Vec<Party> = town.devices.iter().map(Device::party).collect();
    let id = GroupId::new("village").unwrap();
    GroupSession::new(id, town.devices[us].party(), 1, members, Rotation::default()).unwrap()
}

/// A key of a group travels as a frame; on both sides the group is stored with the record.
#[test]
fn a_group_is_stored_with_the_record_that_carries_its_key() {
    let mut town = Town::new(&["alice", "bob"], 9);
    town.introduce(ALICE, BOB);
    let (alice, bob) = (town.address(ALICE), town.address(BOB));
    let mut rng = TestRng::new(10);
    let (mut ours, mut theirs) = (group(&town, ALICE), group(&town, BOB));
    let (record, mut us) = town.devices[ALICE].with_device(&bob, NOW);
    let none = record.distribute(&mut us, &mut ours, &mut rng).unwrap_err();
    assert_eq!(none, SendError::RotationDue);
    ours.rotate(NOW, &mut rng).unwrap();
    let key = record.distribute(&mut us, &mut ours, &mut rng).unwrap();
    let village = StateName::Group(GroupId::new("village").unwrap());
    assert_eq!(names(&key), [StateName::Device(bob), village.clone()]);
    assert_eq!(ours.awaiting().count(), 0);
    let key = town.devices[ALICE].commit(key).message;

    let (user, mut us) = town.devices[BOB].with(&alice, NOW);
    let mut read = user.decrypt(&mut us, alice.device(), &key).unwrap();
    read.receive_key(&mut theirs).unwrap();
    assert_eq!(names(&read), [StateName::Device(alice.clone()), village]);
    assert!(read.receive_key(&mut theirs).is_err(), "once");
    town.devices[BOB].commit(read);
    let message = ours.encrypt(b"to all", b"", NOW, &mut rng).unwrap();
    assert_eq!(theirs.decrypt(&message, b"").unwrap().plaintext.as_bytes(), b"to all");
    let plain = town.write(ALICE, BOB, b"a text");
    let (user, mut us) = town.devices[BOB].with(&alice, NOW);
    let mut read = user.decrypt(&mut us, alice.device(), &plain).unwrap();
    assert!(read.receive_key(&mut theirs).is_err(), "a text is no key");
}

/// Tries an operation with a generator that fails at each draw in turn, until it works: nothing changes before. How many draws it takes.
fn fails_without_a_trace(
    device: &mut Device,
    other: &Address,
    run: impl Fn(&mut UserRecord, &mut confidant::Us<'_>, &mut TestRng) -> Result<(), SendError>,
) -> usize {
    let before = device.state();
    for draw in 0.. {
        let mut rng = TestRng::new(11);
        rng.fail_at = Some(draw);
        let (user, mut us) = device.with(other, NOW);
        match run(user, &mut us, &mut rng) {
            Ok(()) => return draw,
            Err(error) => assert_eq!(error, SendError::Randomness),
        }
        assert_eq!(device.state(), before);
    }
    unreachable!()
}

/// a generator that fails, wherever it does, changes no record, no store and no group.
#[test]
fn a_failing_generator_changes_nothing() {
    let mut town = Town::new(&["alice", "bob", "carol"], 12);
    town.introduce(ALICE, BOB);
    let bob = town.address(BOB);
    let device = &mut town.devices[ALICE];
    let id = MessageId::of(b"something");
    let draws = fails_without_a_trace(device, &bob, |user, us, rng| {
        let record = user.device_mut(DeviceId::new(1)).unwrap();
        record.could_not_decrypt(us, &id, rng).map(|asked| drop(asked.stored()))
    });
    assert_eq!(draws, 2, "a ratchet key and a salt");
    let many = (2..=9).map(|device| ("bob", device));
    let devices: Vec<_> = [("alice", 1), ("bob", 1)].into_iter().chain(many).collect();
    let mut town = Town::with_devices(&devices, 13);
    (1..10).for_each(|to| town.introduce(ALICE, to));
    let device = &mut town.devices[ALICE];
    let draws = fails_without_a_trace(device, &bob, |user, us, rng| {
        let mut own = UserRecord::new(town::address("alice", 1));
        own.encrypt_to(&mut [user], us, b"hello", rng).map(|sent| drop(sent.stored()))
    });
    assert_eq!(draws, 9, "one for each device, before anything is encrypted");
}

/// an older record than the caller remembers is refused.
#[test]
fn an_older_record_is_refused() {
    let mut town = Town::new(&["alice", "bob"], 14);
    town.introduce(ALICE, BOB);
    let old = town.record(ALICE, BOB).snapshot();
    town.carry(ALICE, BOB, b"newer");
    let epoch = town.record(ALICE, BOB).epoch();
    assert!(epoch > old.epoch());
    let refused = confidant::DeviceRecord::restore(old.expose(), epoch).unwrap_err();
    assert_eq!(refused, RestoreError::Stale);
    assert_eq!(device(&town, BOB), StateName::Device(town.address(BOB)));
}

/// in every suite the store of that suite is in the change set, and every step of a conversation survives a restart.
#[test]
fn every_suite_is_stored_under_its_name() {
    for suite in common::SUITES {
        let mut town = Town::of_suite(*suite, 15);
        town.begin(ALICE, BOB);
        let hello = town.write(ALICE, BOB, b"hello");
        town.devices[ALICE].restart();
        let (alice, now) = (town.address(ALICE), town.now);
        let (user, mut us) = town.devices[BOB].with(&alice, now);
        let read = user.decrypt(&mut us, alice.device(), &hello).unwrap();
        assert!(names(&read).contains(&StateName::PreKeys(*suite)));
        town.devices[BOB].commit(read);
        town.devices[BOB].restart();
        town.carry(BOB, ALICE, b"hello yourself");
        town.begin(BOB, ALICE);
        town.begin(ALICE, BOB);
        let (ours, theirs) = (town.write(ALICE, BOB, b"1"), town.write(BOB, ALICE, b"2"));
        town.read(ALICE, BOB, &theirs);
        town.read(BOB, ALICE, &ours);
        assert!(town.agree(ALICE, BOB));
    }
}
