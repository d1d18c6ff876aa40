//! Snapshots of records: what comes back, and what is refused. Layout in `docs/state.md`, "Device record".

mod common;
mod forge;
mod town;

use confidant::limits::{OLDER_LIFETIME, RETRY_INTERVAL};
use confidant::{DecodeError, DeviceRecord, RestoreError};
use forge::snapshot::{FRAME, body, reseal, with_body};
use town::Town;

const ALICE: usize = 0;
const BOB: usize = 1;
/// Length of the address of `bob`, device 1, or `alice`, less the user's name.
const ADDRESS: usize = 2 + 11 + 2 + 5;

fn restore(bytes: &[u8]) -> Result<DeviceRecord, RestoreError> {
    DeviceRecord::restore(bytes, 0)
}

fn refused(bytes: &[u8]) -> DecodeError {
    match restore(bytes).map(drop) {
        Err(RestoreError::Malformed(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Records in many states: empty, waiting, established, with older sessions, requests, stale.
fn records() -> Vec<Vec<u8>> {
    let mut town = Town::new(&["alice", "bob"], 1);
    let mut all = Vec::new();
    let now = town.now;
    let (user, us) = town.devices[ALICE].with(&town::address("bob", 1), now);
    let listed = user.set_devices(&us, &[confidant::DeviceId::new(1)]).unwrap();
    town.devices[ALICE].commit(listed);
    let mut keep = |town: &Town, who: usize| {
        all.push(town.record(who, 1 - who).snapshot().expose().to_vec());
    };
    keep(&town, ALICE);
    town.begin(ALICE, BOB);
    keep(&town, ALICE);
    town.carry(ALICE, BOB, b"hello");
    keep(&town, BOB);
    town.begin(BOB, ALICE);
    town.begin(BOB, ALICE);
    keep(&town, BOB);
    for _ in 0..4 {
        town.wait(RETRY_INTERVAL);
        drop(town.write(BOB, ALICE, b"lost"));
        town.carry(BOB, ALICE, b"hello");
        town.carry(ALICE, BOB, b"hello");
        town.try_ask(ALICE, BOB, b"junk").unwrap();
        keep(&town, ALICE);
        keep(&town, BOB);
    }
    town.carry(BOB, ALICE, b"an answer");
    keep(&town, ALICE);
    let (user, us) = town.devices[ALICE].with(&town::address("bob", 1), now);
    let stale = user.set_devices(&us, &[confidant::DeviceId::new(2)]).unwrap();
    town.devices[ALICE].commit(stale);
    let record = town.record(ALICE, BOB);
    all.push(record.snapshot().expose().to_vec());
    all
}

/// What was written is read, and written again as the same bytes.
#[test]
fn a_record_comes_back_as_it_was() {
    let all = records();
    assert_eq!(all.len(), 14);
    for bytes in all {
        let record = restore(&bytes).unwrap();
        assert_eq!(record.snapshot().expose(), bytes);
        assert_eq!(record.snapshot().epoch(), record.epoch());
    }
}

/// A flipped bit anywhere in the raw form: it does not decode.
#[test]
fn a_flipped_bit_is_found() {
    for bytes in records().iter().step_by(3) {
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let error = refused(&flipped);
            let expected = match at {
                0..5 => DecodeError::WrongKind,
                5 => DecodeError::UnsupportedVersion,
                _ => DecodeError::Corrupted,
            };
            assert_eq!(error, expected, "{at}");
        }
    }
}

/// A snapshot of a newer version is not guessed at.
#[test]
fn a_newer_version_is_refused() {
    let mut bytes = records()[2].clone();
    bytes[5] = 2;
    reseal(&mut bytes);
    assert_eq!(refused(&bytes), DecodeError::UnsupportedVersion);
}

/// A record is no other state, and no other state is a record.
#[test]
fn other_states_are_refused() {
    let town = Town::new(&["alice"], 2);
    let trust = town.devices[ALICE].account.trust.snapshot();
    assert_eq!(refused(trust.expose()), DecodeError::WrongKind);
    let record = &records()[0];
    let session = confidant::Session::restore(record, 0).unwrap_err();
    assert_eq!(session, RestoreError::Malformed(DecodeError::WrongKind));
}

/// Every truncation and every byte too many is found, with the checksum right.
#[test]
fn lengths_are_exact() {
    for bytes in records().iter().step_by(5) {
        for len in 0..body(bytes).len() {
            let short = with_body(bytes, |body| body.truncate(len));
            let error = refused(&short);
            let known = [DecodeError::Truncated, DecodeError::NotCanonical, DecodeError::TooMany];
            assert!(known.contains(&error), "{len}: {error:?}");
        }
        let long = with_body(bytes, |body| body.push(0));
        assert_eq!(refused(&long), DecodeError::TrailingBytes);
        assert_eq!(refused(&bytes[..FRAME]), DecodeError::Corrupted);
    }
}

/// Each bound that `docs/state.md` lists.
#[test]
fn bounds_are_checked() {
    let all = records();
    let at = |bytes: &[u8], offset: usize, value: u8| {
        refused(&with_body(bytes, |body| body[ADDRESS + offset] = value))
    };
    // An empty record of Bob: stale, asked, names, active, older.
    let empty = &all[0];
    let name = "bob".len();
    assert_eq!(body(empty).len(), ADDRESS + name + 5);
    for offset in [0, 1, 3] {
        assert_eq!(at(empty, name + offset, 2), DecodeError::NotCanonical, "{offset}");
    }
    assert_eq!(at(empty, name + 2, 33), DecodeError::TooMany);
    assert_eq!(at(empty, name + 2, 32), DecodeError::Truncated);
    assert_eq!(at(empty, name + 4, 8), DecodeError::TooMany);
    assert_eq!(at(empty, name + 4, 7), DecodeError::Truncated);
    // A new session: began, sent, received, standing, rank, names.
    let waiting = &all[1];
    let session = name + 4;
    for standing in 0..4 {
        let changed = with_body(waiting, |body| body[ADDRESS + session + 24] = standing);
        assert_eq!(restore(&changed).unwrap().snapshot().expose(), changed);
    }
    assert_eq!(at(waiting, session + 24, 4), DecodeError::NotCanonical, "standing");
    assert_eq!(at(waiting, session + 25 + 16, 33), DecodeError::TooMany);
    // Another device's session, by the record's own address.
    let other = with_body(waiting, |body| body[ADDRESS + name - 1] = 2);
    assert_eq!(refused(&other), DecodeError::NotCanonical);
}

/// Two sessions with one id, or with two identities, are in no record.
#[test]
fn sessions_are_of_one_peer_and_different() {
    let mut town = Town::new(&["alice", "bob"], 3);
    town.begin(ALICE, BOB);
    let one = town.record(ALICE, BOB).snapshot().expose().to_vec();
    // The active session once more, as an older one.
    let kept = body(&one)[ADDRESS + 3 + 4..body(&one).len() - 1].to_vec();
    let twice = with_body(&one, |body| {
        body.pop();
        body.push(1);
        body.extend(OLDER_LIFETIME.to_be_bytes());
        body.extend(&kept);
    });
    assert_eq!(refused(&twice), DecodeError::NotCanonical);
    // A session with somebody else at the same address.
    let mut other = Town::new(&["alice", "bob"], 4);
    other.begin(ALICE, BOB);
    let two = other.record(ALICE, BOB).snapshot().expose().to_vec();
    let kept = body(&two)[ADDRESS + 3 + 4..body(&two).len() - 1].to_vec();
    let mixed = with_body(&one, |body| {
        body.pop();
        body.push(1);
        body.extend(OLDER_LIFETIME.to_be_bytes());
        body.extend(&kept);
    });
    assert_eq!(refused(&mixed), DecodeError::NotCanonical);
}

/// Requests are there or not, and counted as they can be.
#[test]
fn requests_are_canonical() {
    let all = records();
    let at = ADDRESS + 3 + 2;
    let asked = |count: u8| {
        let of_bob = all.iter().filter(|bytes| body(bytes)[ADDRESS - 5..].starts_with(b"bob"));
        let mut asked = of_bob.filter(|bytes| body(bytes)[at - 1] == 1);
        asked.find(|bytes| body(bytes)[at] == count).unwrap()
    };
    for (count, other) in [(0, 1), (1, 0)] {
        // The first is the last: both counts can be.
        assert!(restore(&with_body(asked(count), |body| body[at] = other)).is_ok());
    }
    let late_first = with_body(asked(1), |body| body[at + 1] = 1);
    assert_eq!(refused(&late_first), DecodeError::NotCanonical);
    let early_first = with_body(asked(1), |body| body[at + 8] -= 1);
    assert!(restore(&early_first).is_ok());
    let none = with_body(asked(0), |body| body[at + 8] -= 1);
    assert_eq!(refused(&none), DecodeError::NotCanonical);
}

/// A changed byte with the right checksum is refused, or it is another record that comes back as it is: there is one encoding for each.
#[test]
fn what_is_restored_is_written_as_it_was() {
    let mut rng = common::TestRng::new(9);
    let all = records();
    let mut restored = 0;
    for _ in 0..3_000 {
        let bytes = &all[rng.below(all.len() as u64) as usize];
        let mut changed = bytes.clone();
        let at = FRAME + rng.below((bytes.len() - FRAME - 8) as u64) as usize;
        changed[at] ^= 1 << rng.below(8);
        reseal(&mut changed);
        if let Ok(record) = restore(&changed) {
            assert_eq!(record.snapshot().expose(), changed);
            restored += 1;
        }
    }
    assert!((300..2_900).contains(&restored), "{restored}");
}

/// A changed record that restores, whatever it says, can be written to again after a new handshake, and what it becomes is a record.
#[test]
fn whatever_is_restored_is_helped_by_a_handshake() {
    let mut town = Town::new(&["alice", "bob"], 10);
    town.introduce(ALICE, BOB);
    town.begin(BOB, ALICE);
    town.begin(ALICE, BOB);
    town.carry(ALICE, BOB, b"x");
    town.try_ask(ALICE, BOB, b"junk").unwrap();
    let key = confidant::StateName::Device(town.address(BOB)).to_bytes();
    let (snapshot, epoch) = town.devices[ALICE].disk[&key].clone();
    let mut chance = common::TestRng::new(77);
    let mut restored = 0;
    for round in 0..600 {
        let changed = with_body(&snapshot, |body| {
            let at = chance.below(body.len().min(600) as u64) as usize;
            body[at] = [0, 1, 2, 255, chance.below(256) as u8][chance.below(5) as usize];
        });
        let Ok(record) = DeviceRecord::restore(&changed, epoch) else { continue };
        if *record.address() != town.address(BOB) || record.stale_since().is_some() {
            continue;
        }
        let mut other = town.twin(round);
        let mut disk = other.devices[ALICE].disk.clone();
        disk.insert(key.clone(), (changed, epoch));
        other.devices[ALICE].restart_from(disk);
        for (from, to) in [(ALICE, BOB), (BOB, ALICE)] {
            let written = other.try_write(from, to, b"y");
            let _ = written.map(|out| other.try_read(to, from, &out.message));
        }
        let _ = other.try_ask(ALICE, BOB, b"q");
        // A change may be one of the peer's identity: then no session with Bob can begin here.
        if other.try_begin(ALICE, BOB).is_err() {
            let identity = other.record(ALICE, BOB).identity();
            assert_ne!(identity, Some(&other.devices[BOB].account.identity.public()));
            continue;
        }
        let message = other.write(ALICE, BOB, b"new");
        other.read(BOB, ALICE, &message);
        assert!(other.agree(ALICE, BOB), "{round}");
        restore(other.record(ALICE, BOB).snapshot().expose()).unwrap();
        restored += 1;
    }
    assert!(restored > 100, "{restored}");
}

/// An older session has put nothing aside any more.
#[test]
fn an_older_session_has_no_names() {
    let mut town = Town::new(&["alice", "bob"], 11);
    town.begin(ALICE, BOB);
    town.begin(ALICE, BOB);
    town.begin(ALICE, BOB);
    let bytes = town.record(ALICE, BOB).snapshot().expose().to_vec();
    restore(&bytes).unwrap();
    let names = ADDRESS + 3 + 4 + 25 + 16;
    assert_eq!(body(&bytes)[names], 2);
    // Both older ones are as long; the names of the last stand behind the time, the numbers and the rank.
    let without = with_body(&bytes, |body| {
        body.splice(names..=names + 32, [0]);
    });
    restore(&without).unwrap();
    let one = (body(&without).len() - (ADDRESS + 3 + 5 + 16)) / 3;
    let last = body(&without).len() - one + 25 + 16;
    assert_eq!(body(&without)[last], 0);
    let named = with_body(&without, |body| {
        body.splice(last..=last, [1].into_iter().chain([7; 16]));
    });
    assert_eq!(refused(&named), DecodeError::NotCanonical);
}
