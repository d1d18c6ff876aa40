//! Devices that do not hear of each other for long: for how long a session is read that another has followed, and how they find each other behind that.

mod common;
mod town;

use common::TestRng;
use confidant::limits::{OLDER_LIFETIME, RETRY_INTERVAL};
use confidant::{DecryptError, Incoming, ReceiveError, RetryRequest, Role};
use town::{Town, text};

const ALICE: usize = 0;
const BOB: usize = 1;
const DAY: u64 = 86_400;

fn new(seed: u64) -> Town {
    Town::new(&["alice", "bob"], seed)
}

fn expire(town: &mut Town, at: usize) {
    let (other, now) = (town.address(1 - at), town.now);
    let (user, us) = town.devices[at].with(&other, now);
    let expired = user.expire(&us);
    town.devices[at].commit(expired);
}

/// Both have begun; Alice's first message is lost, and hers wins by rank; Bob's has arrived.
fn both_have_begun() -> Town {
    let begun = |seed| {
        let mut town = new(seed);
        town.begin(ALICE, BOB);
        drop(town.write(ALICE, BOB, b"lost on its way"));
        town.begin(BOB, ALICE);
        town.carry(BOB, ALICE, b"day 0").on_older_session.then_some(town)
    };
    (0..).find_map(begun).unwrap()
}

/// Bob has begun a session while Alice's waits, and has not heard of hers: what he writes in his is read until he has, however late; and for two days from then on.
#[test]
fn what_the_peer_has_begun_is_read_while_ours_waits() {
    let mut town = both_have_begun();
    for _ in 1..=10 {
        town.wait(DAY);
        expire(&mut town, ALICE);
        town.devices[ALICE].restart();
        assert!(town.carry(BOB, ALICE, b"another day").on_older_session);
    }
    let late = [town.write(BOB, ALICE, b"late"), town.write(BOB, ALICE, b"too late")];
    town.carry(ALICE, BOB, b"here I am");
    town.carry(BOB, ALICE, b"at last");
    assert!(town.agree(ALICE, BOB));
    town.wait(OLDER_LIFETIME - 1);
    expire(&mut town, ALICE);
    assert_eq!(text(&town.read(ALICE, BOB, &late[0])), Some(&b"late"[..]));
    town.wait(1);
    let gone = town.try_read(ALICE, BOB, &late[1]).unwrap_err();
    assert_eq!(gone, ReceiveError::Decrypt(DecryptError::Unauthentic));
}

/// it is no more than that. What another session of ours has followed is read for two days, and so is what the peer itself has put aside.
#[test]
fn the_time_of_what_was_followed_runs() {
    let mut town = both_have_begun();
    town.begin(ALICE, BOB);
    town.wait(OLDER_LIFETIME - 1);
    town.carry(BOB, ALICE, b"in time");
    town.wait(1);
    let late = town.write(BOB, ALICE, b"late");
    assert!(town.try_read(ALICE, BOB, &late).is_err(), "ours has followed it");

    let mut town = both_have_begun();
    let late = town.write(BOB, ALICE, b"late");
    town.begin(BOB, ALICE);
    town.carry(BOB, ALICE, b"he has put the first aside");
    town.wait(OLDER_LIFETIME);
    assert!(town.try_read(ALICE, BOB, &late).is_err());
    town.carry(BOB, ALICE, b"the second is read");
}

/// A message to `from`, which begins a session first if its record asks for one. Who cannot read it asks for it, and begins a session to ask in if there is none. Was it read where both write?
fn says(town: &mut Town, from: usize) -> bool {
    let to = 1 - from;
    if begins(town, from) {
        town.begin(from, to);
    }
    let message = town.write(from, to, b"are you there?");
    match town.try_read(to, from, &message) {
        Ok(delivery) => !delivery.on_older_session,
        Err(ReceiveError::Decrypt(DecryptError::Duplicate)) => false,
        Err(_) => {
            if begins(town, to) {
                town.begin(to, from);
            }
            let Ok(asked) = town.try_ask(to, from, &message) else { return false };
            let Ok(delivery) = town.try_read(from, to, &asked.message) else { return false };
            if let Incoming::RetryRequest(request) = delivery.incoming {
                declines(town, from, &request);
            }
            false
        }
    }
}

fn begins(town: &mut Town, at: usize) -> bool {
    let (other, now) = (town.address(1 - at), town.now);
    let (user, us) = town.devices[at].with(&other, now);
    user.device(other.device())
        .is_none_or(|record| record.need(&us).is_some() || record.is_handshake_due(&us))
}

/// The application has kept nothing of what it has sent.
fn declines(town: &mut Town, from: usize, request: &RetryRequest) {
    let (other, now) = (town.address(1 - from), town.now);
    let mut rng = TestRng::new(now.as_secs());
    let (record, mut us) = town.devices[from].with_device(&other, now);
    let Ok(answer) = record.not_ours(&mut us, request, &mut rng) else { return };
    let answer = town.devices[from].commit(answer);
    let _ = town.try_read(1 - from, from, &answer.message);
}

/// How many exchanges, half an hour apart, until both write in one session and read each other.
fn exchanges(town: &mut Town) -> usize {
    for exchange in 1..=20 {
        let read = [BOB, ALICE].map(|from| says(town, from));
        if read == [true; 2] && town.agree(ALICE, BOB) {
            return exchange;
        }
        town.wait(RETRY_INTERVAL);
    }
    panic!("they do not find each other");
}

/// what it costs when a device has lost its records and has its identity and pre-keys still, as `docs/state.md` says: while the peer's session waits for an answer, and when it was answered.
#[test]
fn the_cost_of_lost_records_is_as_documented() {
    let mut worst = [0; 2];
    for seed in 0..20 {
        for is_answered in [false, true] {
            for restored in [false, true] {
                let mut town = new(seed);
                let backup = town.devices[BOB].disk.clone();
                town.begin(ALICE, BOB);
                town.carry(ALICE, BOB, b"hello");
                if is_answered {
                    town.carry(BOB, ALICE, b"hello yourself");
                }
                let alice = town.address(ALICE);
                if restored {
                    // All of it is as it was before; of the pre-keys, the one that was used is back.
                    town.devices[BOB].restart_from(backup);
                } else {
                    let (user, _) = town.devices[BOB].with(&alice, common::NOW);
                    let removed = user.remove(alice.device());
                    town.devices[BOB].commit(removed);
                }
                town.begin(BOB, ALICE);
                let cost = exchanges(&mut town);
                let kind = usize::from(is_answered);
                worst[kind] = worst[kind].max(cost);
            }
        }
    }
    assert_eq!(worst, [4, 1], "as docs/state.md says");
}

/// How many random plays.
const PLAYS: u64 = if cfg!(debug_assertions) { 150 } else { 2_000 };

/// Forty random steps: somebody begins, days pass, records expire, messages are written, lost and delivered, days late.
struct Slow {
    town: Town,
    chance: TestRng,
    mail: Vec<Mail>,
}

struct Mail {
    to: usize,
    message: Vec<u8>,
    written: u64,
    /// The reader had begun another session by then, of which the writer had not heard.
    unheard: bool,
}

impl Slow {
    fn new(seed: u64) -> Self {
        Self { town: new(seed), chance: TestRng::new(seed ^ 0xabc), mail: Vec::new() }
    }

    fn happen(&mut self) {
        let who = usize::try_from(self.chance.below(2)).unwrap();
        match self.chance.below(12) {
            0 => self.town.begin(who, 1 - who),
            1 => self.town.wait(self.chance.below(3 * DAY)),
            2 => expire(&mut self.town, who),
            3..7 if !begins(&mut self.town, who) => {
                let (to, written) = (1 - who, self.town.now.as_secs());
                let message = self.town.write(who, to, b"x");
                let theirs = self.town.devices[to].record(&self.town.address(who));
                let theirs = theirs.and_then(|record| record.sessions().next());
                let unheard = theirs.is_some_and(|active| {
                    active.role == Role::Initiator
                        && Some(&active.id) != self.town.record(who, to).active_id()
                });
                self.mail.push(Mail { to, message, written, unheard });
            }
            7.. if !self.mail.is_empty() => {
                let which = self.chance.below(self.mail.len() as u64);
                let mail = self.mail.remove(usize::try_from(which).unwrap());
                if self.chance.below(5) > 0 {
                    self.deliver(&mail);
                }
            }
            _ => {}
        }
    }

    fn deliver(&mut self, mail: &Mail) {
        let is_early = self.town.now.as_secs() - mail.written < OLDER_LIFETIME;
        match self.town.try_read(mail.to, 1 - mail.to, &mail.message) {
            Ok(delivery) => assert!(!delivery.forked, "nobody has forked"),
            Err(error) => assert!(mail.unheard || !is_early, "{error:?}"),
        }
    }
}

/// in slow worlds nobody looks forked; what arrives within two days is read, but where the reader has begun a session of which the writer has not heard; and in the end, with two exchanges, they find each
/// other.
#[test]
fn slow_worlds_meet() {
    let mut worst = 0;
    for seed in 0..PLAYS {
        let mut slow = Slow::new(seed);
        (0..40).for_each(|_| slow.happen());
        for mail in std::mem::take(&mut slow.mail) {
            slow.deliver(&mail);
        }
        worst = worst.max(exchanges(&mut slow.town));
    }
    assert_eq!(worst, 2);
}
