//! Two devices that begin at the same time: they write in one session, in whatever order their messages come. `docs/spec.md`, "Both at once".

mod common;
mod town;

use common::TestRng;
use town::{Town, text};

/// What can happen next. Device 0 and device 1; messages by their place among those on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Begin(usize),
    Write(usize),
    /// To whom, and which.
    Arrive(usize, usize),
}

use Event::{Arrive, Begin, Write};

/// Two devices, and what is on its way to each: the text, when it was written, and the message.
struct Play {
    town: Town,
    under_way: [Vec<(usize, Vec<u8>)>; 2],
    written: [usize; 2],
    /// How many messages each has read.
    read: [usize; 2],
    begun: [usize; 2],
}

impl Play {
    fn new(seed: u64) -> Self {
        let town = Town::new(&["alice", "bob"], seed);
        let none = || [Vec::new(), Vec::new()];
        Self { town, under_way: none(), written: [0; 2], read: [0; 2], begun: [0; 2] }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Begin(who) => {
                self.town.begin(who, 1 - who);
                self.begun[who] += 1;
            }
            Write(who) => {
                let number = self.written[who];
                let message = self.town.write(who, 1 - who, &number.to_be_bytes());
                self.written[who] += 1;
                self.under_way[1 - who].push((number, message));
            }
            Arrive(to, which) => {
                let (number, message) = self.under_way[to].remove(which);
                let delivery = self.town.read(to, 1 - to, &message);
                assert_eq!(text(&delivery), Some(&number.to_be_bytes()[..]));
                self.read[to] += 1;
            }
        }
    }

    fn can_write(&self, who: usize) -> bool {
        self.begun[who] > 0 || self.read[who] > 0
    }

    /// Both have begun; the lower name is that of this one's session.
    fn with_lower(who: usize) -> Self {
        let begun = |seed| {
            let mut play = Self::new(seed);
            play.happen(Begin(0));
            play.happen(Begin(1));
            play
        };
        let name = |play: &Self, who: usize| *play.town.record(who, 1 - who).active_id().unwrap();
        let is_lower = |play: &Self| name(play, who) < name(play, 1 - who);
        (1..).map(begun).find(is_lower).unwrap()
    }

    /// The same once more, as it is stored.
    fn twin(&self) -> Self {
        Self {
            town: self.town.twin(u64::try_from(self.under_way.len()).unwrap()),
            under_way: self.under_way.clone(),
            ..*self
        }
    }

    /// What can happen, when each writes two messages.
    fn next(&self) -> Vec<Event> {
        let write = [0, 1].into_iter().filter(|who| self.written[*who] < 2).map(Write);
        let arrive = |to: usize| (0..self.under_way[to].len()).map(move |which| Arrive(to, which));
        write.chain([0, 1].into_iter().flat_map(arrive)).collect()
    }

    fn agree(&self) -> bool {
        self.town.agree(0, 1)
    }
}

/// Every order of two writes of each, and of the arrival or loss of each message, from here on. At each point at which each has read a
/// message of the other, both write in the same session.
fn every_order(play: Play, events: &mut Vec<Event>, seen: &mut usize) {
    if play.read[0] > 0 && play.read[1] > 0 {
        assert!(play.agree(), "{events:?}");
        *seen += 1;
    }
    for event in play.next() {
        let mut longer = play.twin();
        longer.happen(event);
        events.push(event);
        every_order(longer, events, seen);
        events.pop();
    }
}

/// when both begin at once, both are in one session as soon as each has read one message of the other: in every order, early or late,
/// lost or not, whichever session has the lower name. And every message that arrives is read.
#[test]
fn both_at_once_meet_with_one_message_each() {
    let mut seen = 0;
    for lower in [0, 1] {
        let mut play = Play::with_lower(lower);
        play.happen(Write(0));
        // The other half of the orders is the mirror image of this one.
        every_order(play, &mut vec![Write(0)], &mut seen);
    }
    assert!(seen > 1_000, "{seen}");
}

/// Random begins, writes, arrivals and losses; then everything that is under way arrives or is lost, and each writes one message.
fn random_play(seed: u64) -> (Vec<Event>, bool, bool) {
    let mut play = Play::new(seed);
    let mut chance = TestRng::new(seed ^ 0xc0de);
    let mut events = Vec::new();
    for _ in 0..20 {
        let who = usize::try_from(chance.below(2)).unwrap();
        let event = match chance.below(8) {
            0 if play.begun[who] < 3 => Begin(who),
            1..4 if play.can_write(who) => Write(who),
            _ => match play.under_way[who].len() {
                0 => continue,
                n => Arrive(who, usize::try_from(chance.below(n as u64)).unwrap()),
            },
        };
        play.happen(event);
        events.push(event);
    }
    for who in [0, 1, 0, 1] {
        if !play.can_write(who) {
            play.happen(Begin(who));
        }
        while !play.under_way[who].is_empty() {
            let which = chance.below(play.under_way[who].len() as u64);
            let which = usize::try_from(which).unwrap();
            if chance.below(4) == 0 {
                play.under_way[who].remove(which);
            } else {
                play.happen(Arrive(who, which));
                events.push(Arrive(who, which));
            }
        }
    }
    let before = play.read.iter().all(|read| *read > 0) && play.agree();
    for event in [Write(0), Arrive(1, 0), Write(1), Arrive(0, 0)] {
        play.happen(event);
    }
    (events, before, play.agree())
}

/// How many random plays.
const PLAYS: u64 = if cfg!(debug_assertions) { 400 } else { 5_000 };

/// the same when they begin several times: once what was under way has arrived or is lost, with one message each.
#[test]
fn many_beginnings_meet_with_one_message_each() {
    let mut already = 0;
    for seed in 0..PLAYS {
        let (events, before, agree) = random_play(seed);
        assert!(agree, "seed {seed}: {events:?}");
        already += u64::from(before);
    }
    assert!((PLAYS / 10..PLAYS * 9 / 10).contains(&already), "{already}: no play of interest");
}
