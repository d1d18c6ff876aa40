//! Two parties who have never met hold a conversation over a relay that nobody should trust.
//!
//! `cargo run --release --example conversation -- FILE [--sealed] [--all]`
//!
//! Each sends the other every line of FILE (the README if none is named), under the hybrid suite. The relay loses,
//! duplicates, reorders and corrupts what it carries. In the middle Bob is restarted from his snapshots. At the end every
//! line that the relay has delivered whole must have been read, once, and right; otherwise the exit code is 1.
//!
//! With `--sealed` the relay is not told who sends: a server certifies both, and what they send is sealed. Then the exit code is
//! also 1 if anything that the relay saw says who sent it.
//!
//! [`device`] and [`seal`] are what an application would have; the rest is what it takes to watch it.

mod device;
mod record;
#[path = "../relay/mod.rs"]
mod relay;
mod seal;
mod unseen;

use std::collections::BTreeSet;
use std::error::Error;
use std::process::ExitCode;
use std::time::SystemTime;

use confidant::{Address, DeviceId, PreKeyBundle, Provider, UnixTime, UserId};

use crate::device::Device;
use crate::record::Record;
use crate::seal::CertificateServer;

/// The label is the line's number, if it is one: for the record alone.
type Relay = relay::Relay<Option<usize>>;
type Parcel = relay::Parcel<Option<usize>>;
type Result<T> = std::result::Result<T, Box<dyn Error>>;

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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let file = arguments.iter().find(|argument| !argument.starts_with("--"));
    let file = file.map_or(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"), String::as_str);
    let shown = if has("--all") { usize::MAX } else { 12 };
    let lines = read_lines(file)?;

    let (mut alice, mut bob) = meet(has("--sealed"))?;
    let mut relay = Relay::new(0x5eed);
    let mut delivered = Delivered::new();
    // Bob cannot write before he has been written to: Alice greets him until a greeting arrives whole.
    while !bob.device.can_write() {
        alice.send(None, b"hello", &mut relay)?;
        deliver(&mut relay, &lines, [&mut alice, &mut bob], &mut delivered)?;
    }
    for (number, line) in lines.iter().enumerate() {
        alice.send(Some(number), line, &mut relay)?;
        bob.send(Some(number), line, &mut relay)?;
        deliver(&mut relay, &lines, [&mut alice, &mut bob], &mut delivered)?;
        if number == lines.len() / 2 {
            bob.restart()?;
        }
    }
    while !relay.is_empty() {
        deliver(&mut relay, &lines, [&mut alice, &mut bob], &mut delivered)?;
    }

    relay.print(shown);
    alice.record.print(alice.name, &lines, shown);
    bob.record.print(bob.name, &lines, shown);
    let right = verdict(lines.len(), &relay, &delivered, &[&alice, &bob]);
    let seals: Vec<_> = [&alice, &bob].iter().filter_map(|side| side.device.seal()).collect();
    Ok(right & (seals.is_empty() || unseen::verdict(relay.seen(), &seals)))
}

fn read_lines(file: &str) -> Result<Vec<Vec<u8>>> {
    let bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    Ok(lines)
}

/// Bob publishes pre-keys; Alice fetches a bundle, verifies it, and begins. To be sealed, each has been certified before.
fn meet(sealed: bool) -> Result<(Side, Side)> {
    let now = UnixTime::from(SystemTime::now());
    let provider = Provider::new("example.org")?;
    let alices = Address::new(provider.clone(), UserId::new("alice")?, DeviceId::new(1));
    let bobs = Address::new(provider, UserId::new("bob")?, DeviceId::new(1));

    let mut bob = Device::new(bobs.clone(), alices.clone(), now)?;
    let mut alice = Device::new(alices, bobs, now)?;
    if sealed {
        let server = CertificateServer::new(now)?;
        for device in [&mut alice, &mut bob] {
            device.seal_with(server.certify(&device.party(), now)?);
        }
    }

    let mut on_server = bob.publish(now)?;
    let fetched = on_server.next_bundle(now).encode();
    alice.begin(&PreKeyBundle::decode(&fetched)?.verify(now)?)?;
    Ok((Side::new("Alice", "Bob", alice), Side::new("Bob", "Alice", bob)))
}

/// One side of the conversation, watched.
struct Side {
    name: &'static str,
    other: &'static str,
    device: Device,
    record: Record,
    restarts: usize,
}

impl Side {
    fn new(name: &'static str, other: &'static str, device: Device) -> Self {
        Self { name, other, device, record: Record::default(), restarts: 0 }
    }

    /// Sends a line, or a greeting that is none.
    fn send(&mut self, number: Option<usize>, line: &[u8], relay: &mut Relay) -> Result<()> {
        let message = self.device.write(&record::text(number, line)?)?;
        let from = self.device.seal().is_none().then_some(self.name);
        relay.take(from, self.other, number, message);
        Ok(())
    }

    /// Reads what the relay brings. What does not open changes nothing.
    fn receive(&mut self, parcel: &Parcel, lines: &[Vec<u8>]) -> Result<()> {
        if parcel.from.is_some_and(|from| from != self.other) {
            self.record.refuse("an envelope from somebody else".into());
            return Ok(());
        }
        match self.device.read(&parcel.bytes) {
            Ok(plaintext) => self.record.note(plaintext.as_bytes(), lines)?,
            Err(error) => self.record.refuse(error.to_string()),
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<()> {
        self.restarts += 1;
        self.device.restart()
    }
}

/// Recipient and line: delivered whole at least once.
type Delivered = BTreeSet<(&'static str, usize)>;

/// Delivers what is due.
fn deliver(
    relay: &mut Relay,
    lines: &[Vec<u8>],
    [alice, bob]: [&mut Side; 2],
    delivered: &mut Delivered,
) -> Result<()> {
    for parcel in relay.due() {
        let to = if parcel.to == alice.name { &mut *alice } else { &mut *bob };
        to.receive(&parcel, lines)?;
        if let (Some(number), true) = (parcel.label, parcel.whole) {
            delivered.insert((parcel.to, number));
        }
    }
    Ok(())
}

/// Compares what was read with what was delivered, and prints the closing line.
fn verdict(lines: usize, relay: &Relay, delivered: &Delivered, sides: &[&Side]) -> bool {
    let (mut read, mut missing, mut twice, mut wrong) = (0, 0, 0, 0);
    for Side { name, record, .. } in sides {
        read += record.lines();
        twice += record.twice();
        wrong += record.wrong();
        let for_us = delivered.iter().filter(|(to, _)| to == name);
        missing += for_us.filter(|(_, number)| !record.has(*number)).count();
    }
    let restarts: usize = sides.iter().map(|side| side.restarts).sum();
    println!(
        "\n{lines} lines each way, {read} read; {}; {restarts} restart; \
         {missing} missing, {twice} read twice, {wrong} wrong",
        relay.mischief()
    );
    missing == 0 && twice == 0 && wrong == 0
}
