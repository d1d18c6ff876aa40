//! Forks: a state of which somebody has a copy, or that has been rolled back, and what the peer's receipts say of it. And what a rollback costs.

mod common;
mod town;

use confidant::{DecryptError, Need, ReceiveError, SendError};
use town::{Town, text};

const ALICE: usize = 0;
const BOB: usize = 1;

fn introduced(seed: u64) -> Town {
    let mut town = Town::new(&["alice", "bob"], seed);
    town.introduce(ALICE, BOB);
    town.carry(ALICE, BOB, b"and so on");
    town
}

const FORKED: SendError = SendError::Handshake(Need::Forked);

/// a clone of Alice has written to Bob, in the chain that she is in. Bob's next message says what he has received: Alice reads it, is told, and writes no more
/// in that session. With a new handshake she is alone with Bob again.
#[test]
fn a_message_that_a_clone_has_sent_shows_in_the_receipt() {
    let mut town = introduced(1);
    let mut clone = town.twin(50);
    let forged = clone.write(ALICE, BOB, b"by the clone");
    assert_eq!(text(&town.read(BOB, ALICE, &forged)), Some(&b"by the clone"[..]));
    let answer = town.write(BOB, ALICE, b"what do you mean?");
    let delivery = town.read(ALICE, BOB, &answer);
    assert_eq!(text(&delivery), Some(&b"what do you mean?"[..]), "it is delivered");
    assert!(delivery.forked && !delivery.on_older_session);
    assert!(town.record(ALICE, BOB).sessions().next().unwrap().is_forked);
    assert_eq!(town.try_write(ALICE, BOB, b"no").unwrap_err(), FORKED);

    // It is remembered.
    town.devices[ALICE].restart();
    assert_eq!(town.try_write(ALICE, BOB, b"no").unwrap_err(), FORKED);
    town.begin(ALICE, BOB);
    assert!(!town.carry(ALICE, BOB, b"healed").forked);
    assert!(!town.carry(BOB, ALICE, b"healed").forked);
    assert!(town.agree(ALICE, BOB));
    let secret = town.write(BOB, ALICE, b"secret");
    assert!(clone.try_read(ALICE, BOB, &secret).is_err());
}

/// as long as Alice has sent as much herself as the clone, no receipt tells: one of the two messages of each number is a duplicate for Bob.
#[test]
fn a_clone_that_sends_no_more_than_we_is_a_duplicate() {
    let mut town = introduced(2);
    let mut clone = town.twin(51);
    let ours = town.write(ALICE, BOB, b"ours");
    let forged = clone.write(ALICE, BOB, b"by the clone");
    town.read(BOB, ALICE, &ours);
    let refused = town.try_read(BOB, ALICE, &forged).unwrap_err();
    assert_eq!(refused, ReceiveError::Decrypt(DecryptError::Duplicate));
    assert!(!town.carry(BOB, ALICE, b"answer").forked);
}

/// the responder's forks are found as well, in a first chain too.
#[test]
fn forks_are_found_in_every_chain_and_on_both_sides() {
    for turns in 0..4 {
        for cloned in [ALICE, BOB] {
            let mut town = Town::new(&["alice", "bob"], 3);
            town.begin(ALICE, BOB);
            town.carry(ALICE, BOB, b"hello");
            for _ in 0..turns {
                town.carry(BOB, ALICE, b"tick");
                town.carry(ALICE, BOB, b"tack");
            }
            let other = 1 - cloned;
            if cloned == BOB {
                town.carry(BOB, ALICE, b"the last word");
            }
            let mut clone = town.twin(52);
            let forged = clone.write(cloned, other, b"by the clone");
            town.read(other, cloned, &forged);
            assert!(town.carry(other, cloned, b"answer").forked, "{turns} {cloned}");
        }
    }
}

/// a clone has sent three messages where Alice sent one, and the receipt that says so comes when she has ended that chain, and begun the next or not: she knows how long it was.
#[test]
fn a_fork_in_the_chain_before_the_last_is_found() {
    for forged in 0..3 {
        for turns in [false, true] {
            let mut town = introduced(8);
            let mut clone = town.twin(53);
            let early = town.write(BOB, ALICE, b"before the clone");
            for _ in 0..forged {
                let forged = clone.write(ALICE, BOB, b"by the clone");
                town.read(BOB, ALICE, &forged);
            }
            let telling = town.write(BOB, ALICE, b"I have read what you never sent");
            town.read(ALICE, BOB, &early);
            if turns {
                drop(town.write(ALICE, BOB, b"in my next chain"));
                town.devices[ALICE].restart();
            }
            assert_eq!(town.read(ALICE, BOB, &telling).forked, forged > 0, "{forged} {turns}");
        }
    }
}

/// Honest parties never look forked, whatever is lost or comes late.
#[test]
fn what_is_lost_or_late_is_no_fork() {
    let mut town = introduced(4);
    let mut rng = common::TestRng::new(5);
    let mut late = Vec::new();
    for _ in 0..300 {
        let (from, to) = if rng.below(2) == 0 { (ALICE, BOB) } else { (BOB, ALICE) };
        let message = town.write(from, to, b"x");
        match rng.below(4) {
            0 => {}
            1 => late.push((to, from, message)),
            _ => assert!(!town.read(to, from, &message).forked),
        }
        if rng.below(3) == 0 && !late.is_empty() {
            let (to, from, message) = late.swap_remove(rng.below(late.len() as u64) as usize);
            assert!(!town.read(to, from, &message).forked);
        }
    }
}

/// A caller that knows that its state is an old one says so, and writes no more until a new handshake.
#[test]
fn a_session_can_be_distrusted() {
    let mut town = introduced(6);
    let bob = town.address(BOB);
    for changes in [1, 0] {
        let now = town.now;
        let (record, _) = town.devices[ALICE].with_device(&bob, now);
        let distrusted = record.distrust();
        assert_eq!(distrusted.changes().len(), changes);
        town.devices[ALICE].commit(distrusted);
        assert_eq!(town.try_write(ALICE, BOB, b"no").unwrap_err(), FORKED);
    }
    assert!(town.carry(BOB, ALICE, b"reading goes on").forked);
}

/// How many exchanges (a message of each, or the attempt) until both write in one session and read each other, after Alice's whole state has been put back to where it was
/// `turns` turns and `messages` messages ago. Each exchange: Alice writes if she can, and begins a session if she is told to; Bob writes; whoever cannot read asks; half an
/// hour passes.
fn exchanges_after_rollback(turns: usize, messages: usize, bob_writes_first: bool) -> usize {
    let mut town = introduced(7);
    let backup = town.devices[ALICE].disk.clone();
    for _ in 0..turns {
        town.carry(BOB, ALICE, b"tick");
        town.carry(ALICE, BOB, b"tack");
    }
    for _ in 0..messages {
        town.carry(ALICE, BOB, b"one more");
    }
    town.devices[ALICE].restart_from(backup);
    for exchange in 1..=10 {
        let order = if bob_writes_first { [BOB, ALICE] } else { [ALICE, BOB] };
        let mut read = 0;
        for from in order {
            read += usize::from(says(&mut town, from, 1 - from));
        }
        if read == 2 && town.agree(ALICE, BOB) {
            return exchange;
        }
        town.wait(confidant::limits::RETRY_INTERVAL);
    }
    panic!("they do not find each other: {turns} {messages}");
}

/// `from` writes to `to`, beginning a session if that is what its record asks for; who cannot read asks. Was it read?
fn says(town: &mut Town, from: usize, to: usize) -> bool {
    let (address, now) = (town.address(to), town.now);
    let (record, us) = town.devices[from].with_device(&address, now);
    if record.need(&us).is_some() || record.is_handshake_due(&us) {
        town.begin(from, to);
    }
    let message = town.write(from, to, b"are you there?");
    match town.try_read(to, from, &message) {
        Ok(delivery) => !delivery.on_older_session,
        // What has been read is not asked for, whoever says so.
        Err(ReceiveError::Decrypt(DecryptError::Duplicate)) => false,
        Err(_) => {
            let Ok(request) = town.try_ask(to, from, &message) else { return false };
            let asked = town.try_read(from, to, &request.message);
            if let Ok(confidant::Delivery {
                incoming: confidant::Incoming::RetryRequest(request),
                ..
            }) = asked
            {
                answer(town, from, to, &request);
            }
            false
        }
    }
}

/// Somebody was asked for a message: it answers, which shows that it is there.
fn answer(town: &mut Town, from: usize, to: usize, request: &confidant::RetryRequest) {
    let (address, now) = (town.address(to), town.now);
    let mut rng = common::TestRng::new(now.as_secs());
    let (record, mut us) = town.devices[from].with_device(&address, now);
    let Ok(answer) = record.not_ours(&mut us, request, &mut rng) else { return };
    let answer = town.devices[from].commit(answer);
    let _ = town.try_read(to, from, &answer.message);
}

/// what a rollback costs that nobody has noticed: `docs/state.md`, "What a rollback costs". The numbers are measured here, not promised.
#[test]
fn the_cost_of_a_rollback_is_as_documented() {
    let mut worst = [0; 2];
    for turns in 0..4 {
        for messages in 0..4 {
            for first in [false, true] {
                let cost = exchanges_after_rollback(turns, messages, first);
                println!("{turns} turns, {messages} messages, bob first {first}: {cost}");
                let kind = usize::from(turns > 0);
                worst[kind] = worst[kind].max(cost);
            }
        }
    }
    println!("{worst:?}");
    assert_eq!(worst, [2, 4], "as docs/state.md says");
}
