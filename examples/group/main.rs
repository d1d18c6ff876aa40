//! Ten devices talk in a group over a relay that nobody should trust.
//!
//! `cargo run --release --example group -- [--all]`
//!
//! Nine begin, the tenth joins late, one is removed, and after a week every key is due for rotation. Each device gives its
//! sender key to the others over pairwise sessions; the relay loses, duplicates, reorders and corrupts those messages as well
//! as the group's, and gives a copy of everything to everybody, in the group or not. In the middle one device is restarted
//! from its snapshots. At the end the relay gives out all lines once more. Then every line that was delivered whole must have
//! been read by all who were in the group when it was said, once, and right, and by nobody else; otherwise the exit code is 1.
//!
//! [`device`] is what an application would have; the rest is what it takes to watch it.

mod device;
mod letters;
mod record;
#[path = "../relay/mod.rs"]
mod relay;
mod world;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::SystemTime;

use confidant::{Party, UnixTime};

use crate::device::Device;
use crate::record::Record;
use crate::world::{Name, Post, Result, World};

const NAMES: [Name; 10] =
    ["Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi", "Ivan", "Judy"];
const PHASES: [&str; 4] = ["nine talk", "Judy has joined", "Ivan is removed", "a week later"];

/// Lines that everybody says in one round of a phase; a phase has two.
const LINES: usize = 3;
/// Ticks of the clock between two requests for missing keys.
const ASK_EVERY: usize = 8;
const EIGHT_DAYS: u64 = 8 * 86_400;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool> {
    let shown = if std::env::args().any(|argument| argument == "--all") { usize::MAX } else { 12 };
    let mut town = Town::new()?;
    let without = |absent: Name| NAMES.into_iter().filter(move |name| *name != absent).collect();

    town.begin(without("Judy"))?;
    town.talk(0)?;
    town.talk(0)?;
    town.settle()?;

    town.change(2, NAMES.to_vec())?;
    town.talk(1)?;
    town.device("Carol")?.restart()?;
    town.talk(1)?;
    town.settle()?;

    town.change(3, without("Ivan"))?;
    town.talk(2)?;
    town.talk(2)?;
    town.settle()?;

    town.world.now = UnixTime::from_secs(town.world.now.as_secs() + EIGHT_DAYS);
    town.talk(3)?;
    town.talk(3)?;
    town.settle()?;

    town.repeat_everything()?;
    Ok(town.print(shown))
}

/// Everybody and everything, and a record of what happens.
struct Town {
    devices: BTreeMap<Name, Device>,
    world: World,
    record: Record,
    /// Who is in the group.
    members: Vec<Name>,
    ticks: usize,
}

impl Town {
    fn new() -> Result<Self> {
        let mut world = World::new(UnixTime::from(SystemTime::now()));
        let mut devices = BTreeMap::new();
        for name in NAMES {
            devices.insert(name, Device::new(name, &mut world)?);
        }
        Ok(Self { devices, world, record: Record::default(), members: Vec::new(), ticks: 0 })
    }

    fn device(&mut self, name: Name) -> Result<&mut Device> {
        self.devices.get_mut(name).ok_or_else(|| format!("nobody is called {name}").into())
    }

    fn member_list(&self) -> Result<Vec<Party>> {
        self.members.iter().map(|name| self.world.contact(name).cloned()).collect()
    }

    fn begin(&mut self, members: Vec<Name>) -> Result<()> {
        self.members = members;
        let list = self.member_list()?;
        for name in self.members.clone() {
            self.device(name)?.enter(1, list.clone())?;
        }
        Ok(())
    }

    /// Tells everybody who is in the group of a change. Whoever is removed is told nothing, and goes on as before. How a real
    /// application decides on a change, and tells its members in one order, is its own affair; they can compare
    /// `members_hash`.
    fn change(&mut self, number: u64, members: Vec<Name>) -> Result<()> {
        let before = std::mem::replace(&mut self.members, members);
        let list = self.member_list()?;
        for name in self.members.clone() {
            let device = self.device(name)?;
            if before.contains(&name) {
                device.change(number, list.clone())?;
            } else {
                device.enter(number, list.clone())?;
            }
        }
        Ok(())
    }

    /// Everybody in the group says some lines, by turns. The relay gives each to everybody whom it knows, in the group or
    /// not.
    fn talk(&mut self, phase: usize) -> Result<()> {
        for _ in 0..LINES {
            for author in self.members.clone() {
                let (line, text) = self.record.begin(phase, author, &self.members)?;
                let device = self.devices.get_mut(author).ok_or("nobody speaks")?;
                let message = device.say(&text, &mut self.world)?;
                for to in NAMES.into_iter().filter(|to| *to != author) {
                    self.world.relay.take(author, to, Post::Line(line), message.clone());
                }
                self.record.said(line, message);
            }
            self.tick()?;
        }
        Ok(())
    }

    /// Waits until nothing is on its way, and nobody lacks a key.
    fn settle(&mut self) -> Result<()> {
        while !self.world.relay.is_empty() || self.devices.values().any(Device::lacks_keys) {
            self.tick()?;
        }
        Ok(())
    }

    fn tick(&mut self) -> Result<()> {
        for parcel in self.world.relay.due() {
            let from = parcel.from.ok_or("an envelope without a sender")?;
            self.deliver(parcel.to, from, parcel.label, &parcel.bytes)?;
            if let (Post::Line(line), true) = (parcel.label, parcel.whole) {
                self.record.delivered(line, parcel.to);
            }
        }
        self.ticks += 1;
        if self.ticks.is_multiple_of(ASK_EVERY) {
            for device in self.devices.values_mut() {
                device.ask(&mut self.world)?;
            }
        }
        Ok(())
    }

    fn deliver(&mut self, to: Name, from: Name, post: Post, bytes: &[u8]) -> Result<()> {
        let device = self.devices.get_mut(to).ok_or("nobody receives")?;
        for received in device.receive(from, post, bytes, &mut self.world)? {
            self.record.read(to, &received, &self.world)?;
        }
        Ok(())
    }

    /// Delivers every line again, to those who have read it and to those who never should.
    fn repeat_everything(&mut self) -> Result<()> {
        for (line, to, author, message) in self.record.repetitions(&NAMES) {
            self.deliver(to, author, Post::Line(line), &message)?;
        }
        Ok(())
    }

    fn print(&self, shown: usize) -> bool {
        self.world.relay.print(shown);
        self.devices.values().for_each(Device::print);
        self.record.print(&NAMES, &PHASES);
        let restarts: usize = self.devices.values().map(Device::restarts).sum();
        let requests: usize = self.devices.values().map(Device::requests).sum();
        let mischief = self.world.relay.mischief();
        println!("\n{mischief}; keys were asked for {requests} times; {restarts} restart;");
        self.record.verdict(&NAMES)
    }
}
