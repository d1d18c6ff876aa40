//! `examples/messenger`, killed (`SIGKILL`) at random moments of writing and reading, and its database opened again each time: no message is lost, none is there
//! twice, no one-time key is used twice, and nothing else is ever encrypted at a place of a chain, or with a salt and commitment, that was used.
//!
//! `CONFIDANT_MESSENGER_CYCLES=500 cargo test --release --features password --test messenger_crashes -- --nocapture`
//!
//! Half of the moments are spread evenly over the time that the command was measured to take, and a little more; the others are just behind something
//! that it has done. What is seen of keys is what the relay sees: every letter that arrived, as often as it did, and sooner or later everything that was ever in
//! an outbox. What a power cut would lose besides, a kill does not show.
#![cfg(all(unix, feature = "std", feature = "pq", feature = "password"))]

mod common;
mod messenger_driver;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::ChildStdout;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::TestRng;
use messenger_driver::{Audit, Device, Line, Relay};

/// Cycles with the same two devices. After them everything arrives.
const ROUND: u32 = 12;

fn cycles() -> u32 {
    let said = std::env::var("CONFIDANT_MESSENGER_CYCLES");
    said.map_or(24, |cycles| cycles.parse().unwrap())
}

/// What was seen of one kill.
struct Killed {
    printed: String,
    /// Letters have come to the relay.
    has_sent: bool,
}

/// Two devices, what must be in their histories, and what happened.
struct Pair {
    relay: Relay,
    devices: Vec<Device>,
    /// What each history had when it was last looked at.
    known: [Vec<Line>; 2],
    /// How long writing and reading take.
    takes: [Duration; 2],
    chance: TestRng,
    texts: u32,
    met: BTreeMap<&'static str, u32>,
}

impl Pair {
    fn new() -> Self {
        Self {
            relay: Relay::new("crashes"),
            devices: Vec::new(),
            known: Default::default(),
            takes: [Duration::ZERO; 2],
            chance: TestRng::new(getrandom::u64().unwrap()),
            texts: 0,
            met: BTreeMap::new(),
        }
    }

    fn below(&mut self, n: u64) -> usize {
        usize::try_from(self.chance.below(n)).unwrap()
    }

    /// Two new users, who have a group and have said nothing else to each other.
    fn renew(&mut self, round: u32) {
        self.devices =
            ["alice", "bob"].map(|user| self.relay.register(&format!("{user}{round}"))).into();
        let [alice, bob] = [&self.devices[0], &self.devices[1]];
        alice.ok(&["group", "both", &format!("bob{round}")]);
        let start = Instant::now();
        bob.read();
        let read = start.elapsed();
        let start = Instant::now();
        alice.ok(&["send", "@both", "measured"]);
        self.takes = [start.elapsed(), read];
        self.known = [0, 1].map(|who| self.devices[who].history());
    }

    fn user(&self, who: usize) -> String {
        self.devices[who].name.clone()
    }

    /// Somebody does something, and is killed.
    fn cycle(&mut self) {
        let who = self.below(2);
        match self.below(6) {
            // A new handshake, with new one-time keys: the sessions before are not trusted any more.
            0 => drop(self.devices[who].ok(&["restored"])),
            1 => drop(self.devices[who].read()),
            _ => {}
        }
        self.look(who);
        if self.below(5) < 3 {
            self.killed_while_writing(who)
        } else {
            self.killed_while_reading(who)
        }
    }

    fn killed_while_writing(&mut self, who: usize) {
        self.texts += 1;
        let text = format!("text {}", self.texts);
        let to = if self.below(3) == 0 { "@both".to_owned() } else { self.user(1 - who) };
        let killed = self.kill(who, (&["send", &to, &text], self.takes[0]));
        let new = self.look(who);
        let is_stored = new.iter().any(|line| line.said == text);
        assert!(new.len() <= 1 && (new.is_empty() || is_stored), "{new:?}");
        assert!(is_stored || !killed.printed.contains("stored"), "{text} was stored and is lost");
        let is_delivered = killed.printed.contains("the outbox is empty");
        self.meet(match (is_stored, killed.has_sent) {
            (false, false) => "writing, before anything was stored",
            (false, true) => "writing, when something older had gone out, or a key",
            (true, false) => "writing, when it was stored and not sent",
            (true, true) if is_delivered => "writing, when all was done",
            (true, true) => "writing, when it was sent and still in the outbox",
        });
    }

    fn killed_while_reading(&mut self, who: usize) {
        // There is something to read.
        let to = self.user(who);
        for _ in 0..self.below(4) {
            self.texts += 1;
            self.devices[1 - who].ok(&["send", &to, &format!("text {}", self.texts)]);
        }
        self.look(1 - who);
        let takes = self.takes[1] + Duration::from_millis(20);
        let killed = self.kill(who, (&["read"], takes));
        let new = self.look(who);
        let rest = self.devices[who].read();
        let is_shown = killed.printed.lines().any(|line| line.contains("] "));
        let rest_is_new = rest.iter().filter(|line| !new.contains(line)).count();
        self.meet(match (new.len(), rest_is_new) {
            (0, _) => "reading, before anything was stored",
            (_, 0) if is_shown => "reading, when something was shown",
            (_, 0) => "reading, when all was stored and nothing shown",
            _ => "reading, when a part was stored",
        });
        self.look(who);
    }

    fn meet(&mut self, what: &'static str) {
        *self.met.entry(what).or_default() += 1;
    }

    /// Runs a command, and kills it at a random moment, or up to three milliseconds behind something that it has done.
    fn kill(&mut self, who: usize, (arguments, takes): (&[&str], Duration)) -> Killed {
        let device = self.devices[who].clone();
        let before = self.relay.log_len();
        let mut child = device.command(arguments).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut printed = String::new();
        let most = match self.below(4) {
            0 | 1 => takes + takes / 8,
            2 => {
                self.wait_for_changes(&device);
                Duration::from_millis(3)
            }
            _ => {
                printed = self.wait_for_words(&mut output, before);
                Duration::from_millis(3)
            }
        };
        let micros = self.chance.below(u64::try_from(most.as_micros()).unwrap());
        sleep(Duration::from_micros(micros));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert!(status.success() || status.code().is_none(), "it failed by itself: {status}");
        output.read_to_string(&mut printed).unwrap();
        Killed { printed, has_sent: self.relay.log_len() > before }
    }

    /// Until the database has changed so many times, or for a third of a second.
    fn wait_for_changes(&mut self, device: &Device) {
        let changed = || fs::metadata(device.database()).unwrap().modified().unwrap();
        let (start, mut last) = (Instant::now(), changed());
        let mut left = 1 + self.below(12);
        while left > 0 && start.elapsed() < Duration::from_millis(300) {
            if changed() != last {
                (left, last) = (left - 1, changed());
            }
        }
    }

    /// Until it has said something, or a letter has come to the relay.
    fn wait_for_words(&mut self, output: &mut BufReader<ChildStdout>, before: u64) -> String {
        let mut printed = String::new();
        if self.below(2) == 0 {
            output.read_line(&mut printed).unwrap();
        } else {
            let start = Instant::now();
            while self.relay.log_len() == before && start.elapsed() < Duration::from_millis(300) {}
        }
        printed
    }

    /// Opens the database: everything is there that was, and nothing twice. Gives what is new.
    fn look(&mut self, who: usize) -> Vec<Line> {
        let history = self.devices[who].history();
        let (known, new) = history.split_at_checked(self.known[who].len()).expect("lines are lost");
        assert_eq!(known, self.known[who]);
        let each: BTreeSet<&Line> = history.iter().collect();
        assert_eq!(each.len(), history.len(), "something is there twice");
        let new = new.to_vec();
        self.known[who] = history;
        new
    }

    /// Everything arrives: what each has written, the other has read, once, and nothing else.
    fn settle(&mut self) {
        for _ in 0..2 {
            (0..2).for_each(|who| drop(self.devices[who].read()));
        }
        let said = |lines: &[Line], by: &str| -> Vec<String> {
            let by = format!("{by}/1");
            let texts =
                lines.iter().filter(|line| line.from == by && line.said.starts_with("text"));
            let mut texts: Vec<String> = texts.map(|line| line.said.clone()).collect();
            texts.sort();
            texts
        };
        for who in 0..2 {
            (0..2).for_each(|who| drop(self.look(who)));
            let (written, read) = (&self.known[who], &self.known[1 - who]);
            let by = &self.devices[who].name;
            assert_eq!(said(written, by), said(read, by), "written and read");
        }
    }
}

/// see above.
#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_is_there_twice() {
    let mut pair = Pair::new();
    for cycle in 0..cycles() {
        if cycle % ROUND == 0 {
            pair.renew(cycle / ROUND);
        }
        pair.cycle();
        if (cycle + 1) % ROUND == 0 || cycle + 1 == cycles() {
            pair.settle();
        }
    }
    let log = pair.relay.log();
    let audit = Audit::of(&log);
    assert_eq!(audit.positions_twice, 0);
    assert!(audit.one_time_keys >= 2 * 2 && audit.messages > pair.texts as usize / 2);
    println!(
        "{} cycles, {} texts, {} letters at the relay: {audit:?}",
        cycles(),
        pair.texts,
        log.len()
    );
    println!("writing takes {:?}, reading {:?}; killed", pair.takes[0], pair.takes[1]);
    pair.met.iter().for_each(|(what, times)| println!("{times:>6} × {what}"));
}
