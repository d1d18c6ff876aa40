//! What a session's opening brings about: which sessions are put aside, for how long, and what somebody with a copy of a state can make of it.

mod common;
mod forge;
mod town;

use confidant::limits::OLDER_LIFETIME;
use confidant::{Address, Need, SendError, StateName};
use forge::snapshot::with_body;
use town::{Device, Town, text};

const ALICE: usize = 0;
const BOB: usize = 1;

fn introduced(seed: u64) -> Town {
    let mut town = Town::new(&["alice", "bob"], seed);
    town.introduce(ALICE, BOB);
    town
}

fn name(id: &[u8; 32]) -> [u8; 16] {
    id[..16].try_into().unwrap()
}

/// Changes what the active session of a stored record says of itself: its rank, and what it puts aside. What a thief of the state can do.
fn forge_opening(device: &mut Device, of: &Address, rank: Option<[u8; 16]>, aside: &[[u8; 16]]) {
    let key = StateName::Device(of.clone()).to_bytes();
    let mut disk = device.disk.clone();
    let (snapshot, epoch) = disk[&key].clone();
    let changed = with_body(&snapshot, |body| {
        let provider = usize::from(body[1]);
        let user = usize::from(body[3 + provider]);
        let mut at = 4 + provider + user + 5;
        at += if body[at] == 1 { 9 } else { 1 };
        at += if body[at] == 1 { 18 } else { 1 };
        at += 1 + 16 * usize::from(body[at]);
        assert_eq!(body[at], 1, "there is an active session");
        at += 1 + 25;
        if let Some(rank) = rank {
            body[at..at + 16].copy_from_slice(&rank);
        }
        at += 16;
        let len = 1 + 16 * usize::from(body[at]);
        let mut names = vec![u8::try_from(aside.len()).unwrap()];
        names.extend(aside.concat());
        body.splice(at..at + len, names);
    });
    disk.insert(key, (changed, epoch));
    device.restart_from(disk);
}

fn expire(town: &mut Town, at: usize, of: usize) {
    let (other, now) = (town.address(of), town.now);
    let (user, us) = town.devices[at].with(&other, now);
    let expired = user.expire(&us);
    town.devices[at].commit(expired);
}

/// a copy of Bob's state, in his first chain. Bob begins anew, the relay holds that back, and the copy says in the old session that Bob has put the new one aside: it is not the
/// first message there, and does not count. As often as it is tried.
#[test]
fn a_clone_does_not_shut_out_a_new_handshake() {
    let mut town = introduced(1);
    let mut clone = town.twin(99);
    let alice = town.address(ALICE);
    for round in 0..5 {
        town.begin(BOB, ALICE);
        let new = *town.record(BOB, ALICE).active_id().unwrap();
        let first = town.write(BOB, ALICE, b"healed");
        forge_opening(&mut clone.devices[BOB], &alice, None, &[name(&new)]);
        let lie = clone.write(BOB, ALICE, b"how are you?");
        town.read(ALICE, BOB, &lie);
        assert!(!town.read(ALICE, BOB, &first).on_older_session, "round {round}");
        assert!(town.agree(ALICE, BOB), "round {round}");
        let secret = town.write(ALICE, BOB, b"for Bob alone, after he has healed");
        assert!(clone.try_read(BOB, ALICE, &secret).is_err());
        assert_eq!(town.record(ALICE, BOB).active_id(), Some(&new));
    }
}

/// the same in a session that has gone on, of whose first chain a key is kept for a message that was lost.
#[test]
fn a_late_message_of_the_first_chain_does_not_shut_out_a_new_handshake() {
    let mut town = introduced(2);
    let mut clone = town.twin(99);
    drop(town.write(BOB, ALICE, b"lost on the way"));
    town.carry(BOB, ALICE, b"a later one");
    for _ in 0..5 {
        town.carry(ALICE, BOB, b"tick");
        town.carry(BOB, ALICE, b"tack");
    }
    town.begin(BOB, ALICE);
    let new = *town.record(BOB, ALICE).active_id().unwrap();
    let first = town.write(BOB, ALICE, b"healed");
    let alice = town.address(ALICE);
    forge_opening(&mut clone.devices[BOB], &alice, None, &[name(&new)]);
    let lie = clone.write(BOB, ALICE, b"late");
    town.read(ALICE, BOB, &lie);
    assert!(!town.read(ALICE, BOB, &first).on_older_session);
    assert!(town.agree(ALICE, BOB));
}

/// What remains: of a session of which the peer has read nothing, whoever has a copy of it chooses the opening. It shuts a new handshake of ours out; what says so then, at the other
/// side, is that we have put its session aside.
#[test]
fn a_clone_of_an_unread_session_costs_a_handshake() {
    let mut town = Town::new(&["alice", "bob"], 3);
    town.begin(ALICE, BOB);
    drop(town.write(ALICE, BOB, b"lost"));
    let mut clone = town.twin(99);
    town.begin(ALICE, BOB);
    let new = *town.record(ALICE, BOB).active_id().unwrap();
    let first = town.write(ALICE, BOB, b"healed");
    let bob = town.address(BOB);
    forge_opening(&mut clone.devices[ALICE], &bob, None, &[name(&new)]);
    let forged = clone.write(ALICE, BOB, b"by the clone");
    town.read(BOB, ALICE, &forged);
    assert!(town.read(BOB, ALICE, &first).on_older_session, "shut out");
    let need = SendError::Handshake(Need::PutAside);
    assert_eq!(town.try_write(BOB, ALICE, b"to whom?").unwrap_err(), need);
    town.devices[BOB].restart();
    assert_eq!(town.try_write(BOB, ALICE, b"to whom?").unwrap_err(), need, "it is remembered");
    town.begin(BOB, ALICE);
    town.carry(BOB, ALICE, b"to Alice");
    assert!(town.agree(ALICE, BOB));
}

/// a first message that was held back while its writer has dropped its session brings that not back, after days or after many beginnings.
#[test]
fn a_first_message_that_was_held_back_brings_no_session_back() {
    for (beginnings, waits) in [(1, 1), (2, 3), (9, 0), (30, 0)] {
        let mut town = Town::new(&["alice", "bob"], 6);
        town.begin(ALICE, BOB);
        let held_back = town.write(ALICE, BOB, b"first of the first");
        for _ in 0..beginnings {
            town.begin(ALICE, BOB);
            drop(town.write(ALICE, BOB, b"lost"));
        }
        for _ in 0..waits {
            town.wait(OLDER_LIFETIME);
            expire(&mut town, ALICE, BOB);
            town.begin(ALICE, BOB);
        }
        town.carry(ALICE, BOB, b"the last");
        town.carry(BOB, ALICE, b"reply");
        town.carry(ALICE, BOB, b"tick");
        assert!(town.agree(ALICE, BOB));
        assert!(town.read(BOB, ALICE, &held_back).on_older_session, "{beginnings} {waits}");
        assert_eq!(
            text(&town.carry(BOB, ALICE, b"who reads this?")),
            Some(&b"who reads this?"[..])
        );
    }
}

/// As many as are remembered: the thirty-third session before the present one is forgotten, and the peer takes it for a new one. It can ask then, and be asked.
#[test]
fn the_last_thirty_two_are_put_aside() {
    for (beginnings, is_forgotten) in [(32, false), (33, true)] {
        let mut town = Town::new(&["alice", "bob"], 7);
        for _ in 0..20 {
            let _ = town.devices[BOB].bundle(town.now); // the last one-time key has been handed out
        }
        town.begin(ALICE, BOB);
        let held_back = town.write(ALICE, BOB, b"first of the first");
        (0..beginnings).for_each(|_| town.begin(ALICE, BOB));
        town.carry(ALICE, BOB, b"the last");
        town.carry(BOB, ALICE, b"reply");
        assert_eq!(town.read(BOB, ALICE, &held_back).on_older_session, !is_forgotten);
        assert_eq!(town.agree(ALICE, BOB), !is_forgotten);
    }
}

/// a thief of a session that was never answered does not bring it back after healing, whenever its owner has dropped it.
#[test]
fn a_thief_of_an_unanswered_session_is_not_written_to_after_healing() {
    let mut town = Town::new(&["alice", "bob"], 8);
    town.begin(ALICE, BOB);
    drop(town.write(ALICE, BOB, b"lost"));
    let mut clone = town.twin(5);
    town.begin(ALICE, BOB);
    drop(town.write(ALICE, BOB, b"lost"));
    town.wait(OLDER_LIFETIME);
    town.begin(ALICE, BOB);
    town.begin(ALICE, BOB);
    town.carry(ALICE, BOB, b"healed");
    town.carry(BOB, ALICE, b"reply");
    town.carry(ALICE, BOB, b"tick");
    clone.now = town.now;
    let forged = clone.write(ALICE, BOB, b"by the clone");
    assert!(town.read(BOB, ALICE, &forged).on_older_session);
    let secret = town.write(BOB, ALICE, b"for Alice");
    assert!(clone.try_read(ALICE, BOB, &secret).is_err());
    town.read(ALICE, BOB, &secret);
}

/// a thief of Alice's unanswered session gives it the lowest rank, so that it wins against Bob's new one, which Alice has taken. Alice's first reply there says that she has put the other aside: Bob writes
/// no more in it, and a new handshake brings the two together.
#[test]
fn a_forged_rank_is_found_with_the_first_reply() {
    let mut seen = 0;
    for seed in 0..20 {
        let mut town = Town::new(&["alice", "bob"], seed);
        town.begin(ALICE, BOB);
        drop(town.write(ALICE, BOB, b"lost"));
        let mut clone = town.twin(5);
        town.begin(BOB, ALICE);
        if town.carry(BOB, ALICE, b"a new handshake").on_older_session {
            continue; // Alice's own wins: nothing has healed.
        }
        let reply = town.write(ALICE, BOB, b"reply in the new one");
        let bob = town.address(BOB);
        forge_opening(&mut clone.devices[ALICE], &bob, Some([0; 16]), &[]);
        let forged = clone.write(ALICE, BOB, b"by the clone");
        assert!(!town.read(BOB, ALICE, &forged).on_older_session, "the lowest rank wins");
        let delivery = town.read(BOB, ALICE, &reply);
        assert!(delivery.on_older_session && !delivery.forked);
        let need = SendError::Handshake(Need::PutAside);
        assert_eq!(town.try_write(BOB, ALICE, b"for Alice").unwrap_err(), need);
        town.begin(BOB, ALICE);
        town.carry(BOB, ALICE, b"for Alice");
        assert!(town.agree(ALICE, BOB));
        assert_ne!(town.record(BOB, ALICE).active_id(), clone.record(ALICE, BOB).active_id());
        seen += 1;
    }
    assert!(seen > 3, "{seen}");
}

/// A record that was removed has forgotten what it had put aside: what was held back becomes good again. The peer is told with the first message that it cannot read, and asks.
#[test]
fn a_removed_record_has_forgotten_what_was_put_aside() {
    let mut town = Town::new(&["alice", "bob"], 9);
    town.begin(ALICE, BOB);
    let held_back = town.write(ALICE, BOB, b"first of the first");
    let (bob, now) = (town.address(BOB), town.now);
    let (user, _) = town.devices[ALICE].with(&bob, now);
    let removed = user.remove(bob.device());
    town.devices[ALICE].commit(removed);
    town.begin(ALICE, BOB);
    town.carry(ALICE, BOB, b"the last");
    town.carry(BOB, ALICE, b"reply");
    assert!(!town.read(BOB, ALICE, &held_back).on_older_session, "as `UserRecord::remove` says");
    let lost = town.write(BOB, ALICE, b"who reads this?");
    assert!(town.try_read(ALICE, BOB, &lost).is_err());
    let asked = town.try_ask(ALICE, BOB, &lost).unwrap();
    assert!(town.read(BOB, ALICE, &asked.message).on_older_session);
}
