//! The sessions of a record: which is written in, which are read and for how long, and what a message that opens in none is.

mod common;
mod town;

use common::{NOW, TestRng};
use confidant::limits::{MAX_OLDER_SESSIONS, OLDER_LIFETIME, UNANSWERED_LIFETIME};
use confidant::{
    AcceptError, Context, DecodeError, DecryptError, Need, Policy, PreKeyMessage, ReceiveError,
    Role, SendError, Session, UnixTime,
};
use town::{Town, text};

const ALICE: usize = 0;
const BOB: usize = 1;

fn introduced(seed: u64) -> Town {
    let mut town = Town::new(&["alice", "bob"], seed);
    town.introduce(ALICE, BOB);
    town
}

fn refused(town: &mut Town, to: usize, from: usize, message: &[u8]) -> ReceiveError {
    let before = town.devices[to].state();
    let refused = town.try_read(to, from, message).unwrap_err();
    assert_eq!(town.devices[to].state(), before, "a refused message changes nothing");
    refused
}

/// A new handshake makes the session before it one that is only read, and says so of what comes in it.
#[test]
fn what_was_under_way_is_read_in_the_older_session() {
    let mut town = introduced(1);
    let late = town.write(BOB, ALICE, b"under way");
    let before = *town.record(ALICE, BOB).active_id().unwrap();
    town.begin(ALICE, BOB);
    let sessions: Vec<_> = town.record(ALICE, BOB).sessions().collect();
    assert_eq!(sessions.len(), 2);
    assert_ne!(sessions[0].id, before);
    assert_eq!((sessions[0].until, sessions[0].role), (None, Role::Initiator));
    assert_eq!(sessions[1].id, before);
    assert_eq!(sessions[1].until, Some(UnixTime::from_secs(NOW.as_secs() + OLDER_LIFETIME)));
    let delivery = town.read(ALICE, BOB, &late);
    assert_eq!(text(&delivery), Some(&b"under way"[..]));
    assert!(delivery.on_older_session);
    let answer = town.carry(ALICE, BOB, b"in the new one");
    assert!(!answer.on_older_session && answer.used.is_some());
    assert!(town.agree(ALICE, BOB));
}

/// A session shows how old it is, and how many messages have gone through it.
#[test]
fn age_and_count_are_visible() {
    let mut town = introduced(2);
    town.wait(100);
    town.carry(ALICE, BOB, b"one");
    town.carry(ALICE, BOB, b"two");
    let [ours, theirs] =
        [(ALICE, BOB), (BOB, ALICE)].map(|(at, of)| town.record(at, of).sessions().next().unwrap());
    assert_eq!((ours.began, ours.sent, ours.received), (NOW, 3, 1));
    assert_eq!((theirs.sent, theirs.received, theirs.role), (1, 3, Role::Responder));
    assert!(ours.is_established && theirs.is_established && ours.id == theirs.id);
}

/// at most seven older sessions, and so eight that a message is tried in; the eighth older one goes.
#[test]
fn eight_sessions_are_tried_at_most() {
    let mut town = introduced(3);
    let mut written = vec![town.write(BOB, ALICE, b"0")];
    for number in 1..=8 {
        town.begin(ALICE, BOB);
        town.carry(ALICE, BOB, b"begun");
        written.push(town.write(BOB, ALICE, number.to_string().as_bytes()));
    }
    assert_eq!(town.record(ALICE, BOB).sessions().count(), 1 + MAX_OLDER_SESSIONS);
    let gone = refused(&mut town, ALICE, BOB, &written[0]);
    assert_eq!(gone, ReceiveError::Decrypt(DecryptError::Unauthentic));
    for (number, message) in written.iter().enumerate().skip(1) {
        let delivery = town.read(ALICE, BOB, message);
        assert_eq!(text(&delivery), Some(number.to_string().as_bytes()));
        assert_eq!(delivery.on_older_session, number != 8);
    }
}

/// a copy of the whole of an old state can write to the peer for as long as the older session is read, and not in the one that
/// counts; then not at all.
#[test]
fn a_clone_of_the_old_state_cannot_inject_after_healing() {
    for wait in [0, OLDER_LIFETIME - 1, OLDER_LIFETIME] {
        let mut town = introduced(4);
        let mut clone = town.twin(77);
        town.begin(ALICE, BOB);
        town.carry(ALICE, BOB, b"healed");
        let active = *town.record(BOB, ALICE).active_id().unwrap();
        town.wait(wait);
        clone.now = town.now;
        let forged = clone.write(ALICE, BOB, b"by the clone");
        if wait < OLDER_LIFETIME {
            let delivery = town.read(BOB, ALICE, &forged);
            assert!(delivery.on_older_session, "and it is told");
        } else {
            let refused = refused(&mut town, BOB, ALICE, &forged);
            assert_eq!(refused, ReceiveError::Decrypt(DecryptError::Unauthentic));
        }
        assert_eq!(town.record(BOB, ALICE).active_id(), Some(&active));
        let answer = town.write(BOB, ALICE, b"for alice alone");
        assert!(clone.try_read(ALICE, BOB, &answer).is_err(), "the clone does not read");
        assert_eq!(text(&town.read(ALICE, BOB, &answer)), Some(&b"for alice alone"[..]));
    }
}

/// with no time for older sessions, a clone of the old state is shut out with the new handshake.
#[test]
fn without_time_for_older_sessions_the_clone_is_out_at_once() {
    let mut town = introduced(5);
    let mut clone = town.twin(78);
    town.devices[BOB].account.older_lifetime = 0;
    town.begin(ALICE, BOB);
    town.carry(ALICE, BOB, b"healed");
    let forged = clone.write(ALICE, BOB, b"by the clone");
    refused(&mut town, BOB, ALICE, &forged);
}

/// a first reply that was held back is read, and brings its session not back: whoever has copied the state of that time could
/// have made it.
#[test]
fn a_late_first_reply_brings_no_session_back() {
    let mut town = Town::new(&["alice", "bob"], 6);
    town.begin(ALICE, BOB);
    town.carry(ALICE, BOB, b"hello");
    let held_back = town.write(BOB, ALICE, b"first reply");
    town.begin(ALICE, BOB);
    town.carry(ALICE, BOB, b"again");
    town.carry(BOB, ALICE, b"second reply");
    let active = *town.record(ALICE, BOB).active_id().unwrap();
    let delivery = town.read(ALICE, BOB, &held_back);
    assert!(delivery.on_older_session);
    assert_eq!(town.record(ALICE, BOB).active_id(), Some(&active));
    assert!(town.agree(ALICE, BOB));
}

/// replays bring nothing back: not of a first message of a session that is kept, of one that is gone, or of one that is active.
#[test]
fn replays_change_no_session() {
    let mut town = Town::new(&["alice", "bob"], 7);
    town.begin(ALICE, BOB);
    let first = town.write(ALICE, BOB, b"hello");
    town.read(BOB, ALICE, &first);
    let duplicate = ReceiveError::Decrypt(DecryptError::Duplicate);
    assert_eq!(refused(&mut town, BOB, ALICE, &first), duplicate);
    town.begin(ALICE, BOB);
    town.carry(ALICE, BOB, b"again");
    assert_eq!(refused(&mut town, BOB, ALICE, &first), duplicate);
    town.wait(OLDER_LIFETIME);
    let (address, now) = (town.address(ALICE), town.now);
    let (record, us) = town.devices[BOB].with_device(&address, now);
    let expired = record.expire(&us);
    assert_eq!(expired.changes().len(), 1);
    town.devices[BOB].commit(expired);
    assert_eq!(town.record(BOB, ALICE).sessions().count(), 1);
    let gone = refused(&mut town, BOB, ALICE, &first);
    assert!(matches!(gone, ReceiveError::Accept(AcceptError::UnknownPreKey(_))), "{gone:?}");
}

/// The same where no one-time key was used: the replay record refuses what no session remembers.
#[test]
fn a_replay_without_one_time_key_is_recorded() {
    let mut town = Town::new(&["alice", "bob"], 8);
    for _ in 0..20 {
        let _ = town.devices[BOB].bundle(NOW); // the last one-time key has been handed out
    }
    town.begin(ALICE, BOB);
    let first = town.write(ALICE, BOB, b"hello");
    assert!(town.read(BOB, ALICE, &first).used.unwrap().recorded);
    let address = town.address(ALICE);
    let (user, _) = town.devices[BOB].with(&address, NOW);
    let removed = user.remove(address.device());
    town.devices[BOB].commit(removed);
    let replayed = refused(&mut town, BOB, ALICE, &first);
    assert_eq!(replayed, ReceiveError::Accept(AcceptError::Replayed));
}

/// what no session opens is reported as the session says that knows its ratchet key, an older one too; otherwise as not authentic.
#[test]
fn the_error_is_that_of_the_best_candidate() {
    let mut town = introduced(9);
    let read = town.write(ALICE, BOB, b"read");
    town.read(BOB, ALICE, &read);
    let mut changed = town.write(ALICE, BOB, b"changed");
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let mut far = town.write(ALICE, BOB, b"far");
    far[38..42].copy_from_slice(&1_000_000_u32.to_be_bytes());
    town.begin(ALICE, BOB);
    town.carry(ALICE, BOB, b"in the new one");
    for (message, error) in [
        (&read, DecryptError::Duplicate),
        (&changed, DecryptError::Unauthentic),
        (&far, DecryptError::TooFarAhead),
    ] {
        assert_eq!(refused(&mut town, BOB, ALICE, message), ReceiveError::Decrypt(error));
    }
    let mut stranger = Town::new(&["alice", "bob"], 10);
    stranger.introduce(ALICE, BOB);
    let foreign = stranger.write(ALICE, BOB, b"of other people");
    let unauthentic = ReceiveError::Decrypt(DecryptError::Unauthentic);
    assert_eq!(refused(&mut town, BOB, ALICE, &foreign), unauthentic);
}

/// A message for a session that is not there: nothing to try it in.
#[test]
fn a_message_for_an_unknown_session_is_refused() {
    let mut town = introduced(11);
    let message = town.write(ALICE, BOB, b"hello");
    let mut other = Town::new(&["alice", "bob"], 12);
    assert_eq!(refused(&mut other, BOB, ALICE, &message), ReceiveError::NoSession);
    assert!(other.devices[BOB].record(&other.address(ALICE)).is_none(), "no record is made");
    let junk = refused(&mut other, BOB, ALICE, b"junk");
    let version = DecodeError::UnsupportedVersion;
    assert_eq!(junk, ReceiveError::Decrypt(DecryptError::Malformed(version)));
}

/// A session that we began and that nobody answered is not written in for ever; an answer, however late, makes it good again.
#[test]
fn a_session_that_nobody_answers_expires() {
    let mut town = Town::new(&["alice", "bob"], 13);
    town.begin(ALICE, BOB);
    town.carry(ALICE, BOB, b"hello");
    town.wait(UNANSWERED_LIFETIME - 1);
    let answer = town.write(BOB, ALICE, b"late");
    town.write(ALICE, BOB, b"still");
    town.wait(1);
    let need = SendError::Handshake(Need::Unanswered);
    assert_eq!(town.try_write(ALICE, BOB, b"no more").unwrap_err(), need);
    town.now = UnixTime::from_secs(NOW.as_secs() - 86_401);
    assert_eq!(town.try_write(ALICE, BOB, b"begun by a clock ahead").unwrap_err(), need);
    town.wait(1);
    town.write(ALICE, BOB, b"a day is allowed for");
    town.now = UnixTime::from_secs(NOW.as_secs() + UNANSWERED_LIFETIME);
    town.read(ALICE, BOB, &answer);
    town.carry(ALICE, BOB, b"answered");
}

/// Times that lie further ahead than they can are brought near: a clock that once ran ahead keeps no session alive.
#[test]
fn a_clock_that_went_back_keeps_no_session() {
    let mut town = introduced(14);
    town.wait(1_000_000);
    town.begin(ALICE, BOB);
    town.now = NOW;
    let address = town.address(BOB);
    let (record, us) = town.devices[ALICE].with_device(&address, NOW);
    record.expire(&us).stored();
    let until = town.record(ALICE, BOB).sessions().nth(1).unwrap().until;
    assert_eq!(until, Some(UnixTime::from_secs(NOW.as_secs() + OLDER_LIFETIME)));
    let (record, us) = town.devices[ALICE].with_device(&address, NOW);
    assert_eq!(record.expire(&us).changes().len(), 0, "and nothing changes again");
}

/// What a session encrypts by itself is no frame, and what a record encrypts is no text: neither reads the other.
#[test]
fn frames_and_texts_are_not_taken_for_each_other() {
    let mut town = introduced(15);
    let [alice, bob] = [ALICE, BOB].map(|who| town.address(who));
    let bundle = town.devices[BOB].bundle(NOW);
    let there = Context::new(alice.clone(), bob.clone()).policy(Policy::ClassicalAllowed);
    let back = Context::new(bob, alice).policy(Policy::ClassicalAllowed);
    let mut rng = TestRng::new(16);
    let identity = std::sync::Arc::clone(&town.devices[ALICE].account.identity);
    let mut raw = Session::initiate(&identity, &bundle, &there, &mut rng).unwrap();
    let message = raw.encrypt(b"of a session alone", &mut rng).unwrap();
    let wrong = ReceiveError::Decrypt(DecryptError::Malformed(DecodeError::WrongKind));
    assert_eq!(refused(&mut town, BOB, ALICE, &message), wrong);

    let account = &mut town.devices[BOB].account;
    let request = PreKeyMessage::decode(&message).unwrap();
    let accept = |account: &mut town::Account, request: &PreKeyMessage<'_>| {
        let identity = std::sync::Arc::clone(&account.identity);
        Session::accept(&identity, &mut account.prekeys, request, &back, NOW)
    };
    let mut raw = accept(account, &request).unwrap().session;
    town.begin(ALICE, BOB);
    let first = town.write(ALICE, BOB, b"of a record");
    let request = PreKeyMessage::decode(&first).unwrap();
    let account = &mut town.devices[BOB].account;
    assert_eq!(accept(account, &request).unwrap_err(), AcceptError::WrongKind);
    town.read(BOB, ALICE, &first);
    let frame = town.write(BOB, ALICE, b"of a record");
    let wrong = DecryptError::Malformed(DecodeError::WrongKind);
    assert_eq!(raw.decrypt(&frame).unwrap_err(), wrong);
    let mut relabelled = town.write(ALICE, BOB, b"a frame");
    let prefix = relabelled.len() - (114 + 2 + 1 + 16 + 1 + 16 + 7);
    assert_eq!(relabelled[prefix + 1], 0x06);
    relabelled[prefix + 1] = 0x02;
    assert!(town.try_read(BOB, ALICE, &relabelled).is_err(), "the type is authenticated");
}
