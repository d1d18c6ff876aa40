//! When a message does not open: who may ask for it, what may come of it, and what nobody can bring about from outside.

mod common;
mod town;

use common::{NOW, TestRng};
use confidant::limits::{HANDSHAKE_AFTER, RETRY_INTERVAL};
use confidant::{
    DecryptError, Delivery, Incoming, MessageId, Need, Party, ReceiveError, RetryRefused,
    RetryRequest, SendError, Sent,
};
use town::{Device, Town, address, text};

const ALICE: usize = 0;
const BOB: usize = 1;
const CAROL: usize = 2;

fn introduced(seed: u64) -> Town {
    let mut town = Town::new(&["alice", "bob", "carol"], seed);
    town.introduce(ALICE, BOB);
    town.introduce(CAROL, BOB);
    town
}

fn request(delivery: Delivery) -> RetryRequest {
    match delivery.incoming {
        Incoming::RetryRequest(request) => request,
        other => panic!("{other:?}"),
    }
}

/// `from` says that the message of this request is none of its.
fn decline(town: &mut Town, from: usize, to: usize, of: &RetryRequest) -> Vec<u8> {
    let (address, now) = (town.address(to), town.now);
    let mut rng = TestRng::new(1);
    let (record, mut us) = town.devices[from].with_device(&address, now);
    let out = record.not_ours(&mut us, of, &mut rng).unwrap();
    town.devices[from].commit(out).message
}

fn is_handshake_due(town: &mut Town, at: usize, of: usize) -> bool {
    let (address, now) = (town.address(of), town.now);
    let (record, us) = town.devices[at].with_device(&address, now);
    record.is_handshake_due(&us)
}

/// a message that does not open, because its reader has lost the session, is asked for, in words that are authenticated; its sender knows it again, begins a session and
/// sends the text once more.
#[test]
fn what_did_not_open_is_asked_for_and_sent_again() {
    let mut town = introduced(1);
    let sent = town.try_write(ALICE, BOB, b"important").unwrap();
    // The relay delivers the message when Bob has forgotten how to read it.
    let (text_kept, message, sent) = (b"important", sent.message, sent.sent);
    let mut other = Town::new(&["alice", "bob", "carol"], 2);
    std::mem::swap(&mut town.devices[BOB].people, &mut other.devices[BOB].people);
    assert_eq!(town.try_read(BOB, ALICE, &message).unwrap_err(), ReceiveError::NoSession);
    town.begin(BOB, ALICE);
    let asked = town.try_ask(BOB, ALICE, &message).unwrap();
    let request = request(town.read(ALICE, BOB, &asked.message));
    assert_eq!((request.id(), request.from().address()), (sent.id(), &town.address(BOB)));
    assert_eq!(request.matches(&sent), Ok(()));
    town.begin(ALICE, BOB);
    let again = resend(&mut town, &sent, text_kept).unwrap();
    assert_eq!(text(&town.read(BOB, ALICE, &again)), Some(&text_kept[..]));
    assert!(town.agree(ALICE, BOB));
}

/// Alice sends a text to Bob again.
fn resend(town: &mut Town, sent: &Sent, text: &[u8]) -> Result<Vec<u8>, SendError> {
    let (bob, now) = (town.address(BOB), town.now);
    let Town { devices, rng, .. } = town;
    let (record, mut us) = devices[ALICE].with_device(&bob, now);
    let out = record.resend(&mut us, sent, text, rng)?;
    Ok(devices[ALICE].commit(out).message)
}

/// a text is sent again to nobody but the device and the identity to which it went.
#[test]
fn a_text_is_sent_again_to_the_same_identity_alone() {
    let mut town = introduced(16);
    town.introduce(ALICE, CAROL);
    let [to_bob, to_carol] =
        [BOB, CAROL].map(|to| town.try_write(ALICE, to, b"important").unwrap().sent);
    let other = Party::new(town.address(BOB), *town.devices[CAROL].party().identity());
    let to_other = Sent::new(other, *to_bob.id());
    let (before, drawn) = (town.devices[ALICE].state(), town.rng.drawn);
    for wrong in [&to_carol, &to_other] {
        assert_eq!(resend(&mut town, wrong, b"important").unwrap_err(), SendError::WrongPeer);
    }
    assert_eq!((town.devices[ALICE].state(), town.rng.drawn), (before, drawn));
    let again = resend(&mut town, &to_bob, b"important").unwrap();
    assert_eq!(text(&town.read(BOB, ALICE, &again)), Some(&b"important"[..]));
}

/// What was damaged on its way is asked for under a name that its sender does not know: the answer is that it is not theirs.
#[test]
fn what_was_damaged_on_its_way_is_not_known_again() {
    let mut town = introduced(17);
    let sent = town.try_write(ALICE, BOB, b"important").unwrap();
    let mut damaged = sent.message;
    *damaged.last_mut().unwrap() ^= 1;
    assert!(town.try_read(BOB, ALICE, &damaged).is_err());
    let asked = town.try_ask(BOB, ALICE, &damaged).unwrap();
    let request = request(town.read(ALICE, BOB, &asked.message));
    assert_eq!(request.matches(&sent.sent), Err(RetryRefused::NotOurs));
}

/// Alice has begun and waits; Bob has read her first message, and has lost his record since. His own new session loses by rank, as often as he begins: his request, which comes in it, is what tells
/// Alice that hers has to be begun anew, an hour after it began.
#[test]
fn a_request_in_another_session_than_ours_which_waits_needs_a_handshake() {
    let mut lost = 0;
    for seed in 0..10 {
        let mut town = Town::new(&["alice", "bob"], seed);
        town.begin(ALICE, BOB);
        town.carry(ALICE, BOB, b"hello");
        let alice = town.address(ALICE);
        let (user, _) = town.devices[BOB].with(&alice, NOW);
        let removed = user.remove(alice.device());
        town.devices[BOB].commit(removed);
        town.begin(BOB, ALICE);
        if !town.carry(BOB, ALICE, b"I have lost everything").on_older_session {
            continue;
        }
        lost += 1;
        let message = town.write(ALICE, BOB, b"are you there?");
        assert!(town.try_read(BOB, ALICE, &message).is_err());
        let asked = town.try_ask(BOB, ALICE, &message).unwrap();
        request(town.read(ALICE, BOB, &asked.message));
        town.wait(HANDSHAKE_AFTER - 1);
        town.write(ALICE, BOB, b"it may still be on its way");
        town.wait(1);
        town.devices[ALICE].restart();
        let need = SendError::Handshake(Need::Unanswered);
        assert_eq!(town.try_write(ALICE, BOB, b"no more").unwrap_err(), need);
        // Not where it is answered after all.
        town.begin(ALICE, BOB);
        town.carry(ALICE, BOB, b"begun anew");
        assert!(town.agree(ALICE, BOB));
        town.carry(BOB, ALICE, b"at last");
    }
    assert!(lost > 2, "{lost}");
}

/// Once the session has been answered, a request that came in another says nothing of it any more.
#[test]
fn an_answer_makes_up_for_a_request_in_another_session() {
    let mut town = introduced(18);
    let answered = |town: &mut Town| {
        town.begin(ALICE, BOB);
        let first = town.write(ALICE, BOB, b"on its way");
        let asked = town.try_ask(BOB, ALICE, b"junk").unwrap();
        assert!(town.read(ALICE, BOB, &asked.message).on_older_session);
        town.read(BOB, ALICE, &first);
        town.carry(BOB, ALICE, b"an answer");
        town.wait(HANDSHAKE_AFTER);
        town.carry(ALICE, BOB, b"and on");
    };
    answered(&mut town);
    answered(&mut town);
}

/// a request for what we have not sent, or not to the one who asks, is not ours; the answer says so, and it is authenticated too.
#[test]
fn a_request_for_another_conversation_is_not_ours() {
    let mut town = introduced(3);
    let to_bob = town.try_write(ALICE, BOB, b"for bob").unwrap();
    town.introduce(ALICE, CAROL);
    let asked = town.try_ask(CAROL, ALICE, &to_bob.message).unwrap();
    let request = request(town.read(ALICE, CAROL, &asked.message));
    assert_eq!(request.id(), to_bob.sent.id());
    assert_eq!(request.matches(&to_bob.sent), Err(RetryRefused::NotOurs), "carol is not bob");
    let to_carol = town.try_write(ALICE, CAROL, b"for carol").unwrap();
    assert_eq!(request.matches(&to_carol.sent), Err(RetryRefused::NotOurs));

    let answer = decline(&mut town, ALICE, CAROL, &request);
    match town.read(CAROL, ALICE, &answer).incoming {
        Incoming::NotOurs(id) => assert_eq!(id, MessageId::of(&to_bob.message)),
        other => panic!("{other:?}"),
    }
    let duplicate = ReceiveError::Decrypt(DecryptError::Duplicate);
    assert_eq!(town.try_read(CAROL, ALICE, &answer).unwrap_err(), duplicate);
    let elsewhere = town.try_read(BOB, ALICE, &answer).unwrap_err();
    assert_eq!(elsewhere, ReceiveError::Decrypt(DecryptError::Unauthentic));
    let (bob, mut rng) = (town.address(BOB), TestRng::new(1));
    let (record, mut us) = town.devices[ALICE].with_device(&bob, NOW);
    let wrong = record.not_ours(&mut us, &request, &mut rng).unwrap_err();
    assert_eq!(wrong, SendError::WrongPeer, "it is Carol's");
}

/// a request that was forged, changed on the way or replayed is refused, and so is one that is given out as another's.
#[test]
fn forged_and_replayed_requests_are_refused() {
    let mut town = introduced(4);
    let message = town.write(ALICE, BOB, b"hello");
    let asked = town.try_ask(BOB, ALICE, &message).unwrap().message;
    let unauthentic = ReceiveError::Decrypt(DecryptError::Unauthentic);
    for at in [asked.len() - 1, 40, 70] {
        let mut changed = asked.clone();
        changed[at] ^= 1;
        assert!(town.try_read(ALICE, BOB, &changed).is_err());
    }
    town.introduce(CAROL, ALICE);
    assert_eq!(town.try_read(ALICE, CAROL, &asked).unwrap_err(), unauthentic, "it is not Carol's");
    town.read(ALICE, BOB, &asked);
    let replayed = town.try_read(ALICE, BOB, &asked).unwrap_err();
    assert_eq!(replayed, ReceiveError::Decrypt(DecryptError::Duplicate));
    town.begin(ALICE, BOB);
    town.carry(ALICE, BOB, b"a new session");
    let replayed = town.try_read(ALICE, BOB, &asked).unwrap_err();
    assert_eq!(replayed, ReceiveError::Decrypt(DecryptError::Duplicate));
}

/// Bob has another identity since: what was sent to the former one is not sent again, even after the user has accepted the new one.
#[test]
fn nothing_is_sent_again_to_a_changed_identity() {
    let mut town = introduced(5);
    let sent = town.try_write(ALICE, BOB, b"for the old Bob").unwrap();
    let mut rng = TestRng::new(6);
    town.devices[BOB] = Device::new(address("bob", 1), &mut rng);
    assert!(town.try_begin(BOB, ALICE).is_ok());
    let asked = town.try_ask(BOB, ALICE, &sent.message).unwrap();
    let refused = town.try_read(ALICE, BOB, &asked.message).unwrap_err();
    assert_eq!(refused, ReceiveError::IdentityChanged, "before the user has accepted it");

    let party = town.devices[BOB].party();
    town.devices[ALICE].account.trust.accept_change(&party).unwrap();
    let need = SendError::Handshake(Need::IdentityChanged);
    assert_eq!(town.try_write(ALICE, BOB, b"to whom?").unwrap_err(), need);
    let request = request(town.read(ALICE, BOB, &asked.message));
    assert_eq!(request.matches(&sent.sent), Err(RetryRefused::IdentityChanged));
    assert_eq!(town.record(ALICE, BOB).sessions().count(), 1, "the former one's are gone");
}

/// whoever can only inject bytes brings about a request in half an hour, and never a handshake: the peer's answers prevent it.
#[test]
fn an_outsider_triggers_no_reset() {
    let mut town = introduced(7);
    let mut rng = TestRng::new(8);
    let session = *town.record(BOB, ALICE).active_id().unwrap();
    let mut asked = 0;
    for _ in 0..200 {
        let mut junk = town.write(CAROL, BOB, b"in Carol's session");
        let at = usize::try_from(rng.below(junk.len() as u64)).unwrap();
        junk[at] ^= 1 << rng.below(8);
        let before = town.devices[BOB].state();
        assert!(town.try_read(BOB, ALICE, &junk).is_err());
        assert_eq!(town.devices[BOB].state(), before);
        if let Ok(out) = town.try_ask(BOB, ALICE, &junk) {
            asked += 1;
            let request = request(town.read(ALICE, BOB, &out.message));
            let answer = decline(&mut town, ALICE, BOB, &request);
            town.read(BOB, ALICE, &answer);
        }
        assert!(!is_handshake_due(&mut town, BOB, ALICE));
        town.wait(RETRY_INTERVAL / 10);
    }
    assert_eq!(asked, 20, "in ten hours, though each was answered");
    assert_eq!(town.record(BOB, ALICE).active_id(), Some(&session));
}

/// requests to one device go out at most once in half an hour while nothing answers, and a handshake is due after three of them and an hour. An answer ends it.
#[test]
fn a_handshake_is_due_after_three_unanswered_requests_and_an_hour() {
    let mut town = introduced(9);
    let ask = |town: &mut Town| town.try_ask(BOB, ALICE, b"junk").map(|out| out.message);
    ask(&mut town).unwrap();
    assert_eq!(ask(&mut town).unwrap_err(), SendError::TooSoon);
    town.wait(RETRY_INTERVAL - 1);
    assert_eq!(ask(&mut town).unwrap_err(), SendError::TooSoon);
    town.wait(1);
    ask(&mut town).unwrap();
    town.wait(HANDSHAKE_AFTER);
    assert!(!is_handshake_due(&mut town, BOB, ALICE), "two are not three");
    let third = ask(&mut town).unwrap();
    assert!(is_handshake_due(&mut town, BOB, ALICE));
    town.devices[BOB].restart();
    assert!(is_handshake_due(&mut town, BOB, ALICE), "it is remembered");
    let mut healed = town.twin(10);
    healed.begin(BOB, ALICE);
    assert!(!is_handshake_due(&mut healed, BOB, ALICE));
    let request = request(town.read(ALICE, BOB, &third));
    let answer = decline(&mut town, ALICE, BOB, &request);
    town.read(BOB, ALICE, &answer);
    assert!(!is_handshake_due(&mut town, BOB, ALICE));
    assert_eq!(
        ask(&mut town).unwrap_err(),
        SendError::TooSoon,
        "an answer invites no further junk"
    );
    town.devices[BOB].restart();
    town.wait(RETRY_INTERVAL);
    ask(&mut town).unwrap();
    assert!(!is_handshake_due(&mut town, BOB, ALICE), "they are counted from the answer on");
}

/// A message in an older session answers nothing: a clone of the old state must not keep us from a handshake.
#[test]
fn only_the_active_session_answers() {
    let mut town = introduced(11);
    let mut clone = town.twin(12);
    town.begin(BOB, ALICE);
    town.carry(BOB, ALICE, b"healed");
    for _ in 0..3 {
        town.try_ask(BOB, ALICE, b"junk").unwrap();
        town.wait(RETRY_INTERVAL);
        let forged = clone.write(ALICE, BOB, b"all is well");
        assert!(town.read(BOB, ALICE, &forged).on_older_session);
    }
    assert!(is_handshake_due(&mut town, BOB, ALICE));
}

/// A clock that went back does not keep anybody from asking.
#[test]
fn a_clock_that_went_back_lets_ask() {
    let mut town = introduced(13);
    town.wait(1_000_000);
    town.try_ask(BOB, ALICE, b"junk").unwrap();
    town.now = NOW;
    town.try_ask(BOB, ALICE, b"junk").unwrap();
    assert_eq!(town.try_ask(BOB, ALICE, b"junk").unwrap_err(), SendError::TooSoon);
    town.devices[BOB].restart();
}

/// Where there is no session, one has to begin before anything can be asked.
#[test]
fn without_a_session_nothing_is_asked() {
    let mut town = introduced(14);
    let (alice, now) = (town.address(ALICE), town.now);
    let (user, us) = town.devices[CAROL].with(&alice, now);
    let list = user.set_devices(&us, &[alice.device()]).unwrap();
    town.devices[CAROL].commit(list);
    let none = town.try_ask(CAROL, ALICE, b"junk").unwrap_err();
    assert_eq!(none, SendError::Handshake(Need::NoSession));
}

/// What is kept of a message that was sent can be stored by its parts.
#[test]
fn what_was_sent_is_put_together_from_what_was_stored() {
    let mut town = introduced(15);
    let out = town.try_write(ALICE, BOB, b"hello").unwrap();
    assert_eq!(*out.sent.id(), MessageId::of(&out.message));
    let id = MessageId::from_bytes(*out.sent.id().as_bytes());
    assert_eq!(Sent::new(out.sent.to().clone(), id), out.sent);
    assert_eq!(*out.sent.to(), town.devices[BOB].party());
}
