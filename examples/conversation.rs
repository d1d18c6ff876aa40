//! Two parties who have never met hold a conversation over a relay that nobody should trust.
//!
//! `cargo run --release --example conversation -- FILE [--all]`
//!
//! Each sends the other every line of FILE (the README if none is named), under the hybrid suite. The relay loses,
//! duplicates, reorders and corrupts what it carries. In the middle Bob is restarted from his snapshot. At the end every
//! line that the relay has delivered whole must have been read, once, and right; otherwise the exit code is 1.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::time::SystemTime;

use confidant::{
    Accepted, Address, Context, DeviceId, Identity, Plaintext, PreKeyBundle, PreKeyMessage,
    PreKeyStore, Provider, Session, Suite, UnixTime, UserId,
};
use getrandom::SysRng;

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
    let file = arguments.iter().find(|argument| !argument.starts_with("--"));
    let file = file.map_or(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"), String::as_str);
    let shown = if arguments.iter().any(|argument| argument == "--all") { usize::MAX } else { 12 };
    let lines = read_lines(file)?;

    let (mut alice, mut bob) = meet()?;
    let mut relay = Relay::new(0x5eed);
    // Bob cannot write before he has been written to: Alice greets him until a greeting arrives whole.
    while bob.session.is_none() {
        alice.send(None, b"hello", &mut relay)?;
        relay.deliver(&lines, &mut alice, &mut bob)?;
    }
    for (number, line) in lines.iter().enumerate() {
        alice.send(Some(number), line, &mut relay)?;
        bob.send(Some(number), line, &mut relay)?;
        relay.deliver(&lines, &mut alice, &mut bob)?;
        if number == lines.len() / 2 {
            bob.restart()?;
        }
    }
    while !relay.in_flight.is_empty() {
        relay.deliver(&lines, &mut alice, &mut bob)?;
    }

    relay.print(shown);
    alice.print(&lines, shown);
    bob.print(&lines, shown);
    Ok(verdict(lines.len(), &relay, &[&alice, &bob]))
}

fn read_lines(file: &str) -> Result<Vec<Vec<u8>>> {
    let bytes = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.last().is_some_and(Vec::is_empty) {
        lines.pop();
    }
    Ok(lines)
}

/// Bob publishes pre-keys; Alice fetches a bundle, verifies it, and begins.
fn meet() -> Result<(Party, Party)> {
    let rng = &mut SysRng;
    let now = UnixTime::from(SystemTime::now());
    let provider = Provider::new("example.org")?;
    let alices = Address::new(provider.clone(), UserId::new("alice")?, DeviceId::new(1));
    let bobs = Address::new(provider, UserId::new("bob")?, DeviceId::new(1));

    let bob = Identity::generate(rng)?;
    let mut prekeys = PreKeyStore::generate(&bob, Suite::Pqxdh1024, now, rng)?;
    let mut on_server = prekeys.replenish(&bob, 10, now, rng)?;

    let alice = Identity::generate(rng)?;
    let fetched = on_server.next_bundle(now).encode();
    let bundle = PreKeyBundle::decode(&fetched)?.verify(now)?;
    let context = Context::new(alices.clone(), bobs.clone());
    let session = Session::initiate(&alice, &bundle, &context, rng)?;

    let responder = Responder { identity: bob, prekeys, context: Context::new(bobs, alices) };
    Ok((Party::new("Alice", Some(session), None), Party::new("Bob", None, Some(responder))))
}

/// What Bob needs until somebody writes to him.
struct Responder {
    identity: Identity,
    prekeys: PreKeyStore,
    context: Context,
}

/// One side of the conversation.
struct Party {
    name: &'static str,
    session: Option<Session>,
    responder: Option<Responder>,
    /// How often each line was read, and whether it was right.
    read: BTreeMap<usize, (usize, bool)>,
    /// In the order of reading.
    order: Vec<usize>,
    refused: BTreeMap<String, usize>,
    restarts: usize,
}

impl Party {
    fn new(name: &'static str, session: Option<Session>, responder: Option<Responder>) -> Self {
        let (read, order, refused) = (BTreeMap::new(), Vec::new(), BTreeMap::new());
        Self { name, session, responder, read, order, refused, restarts: 0 }
    }

    /// Sends a line, or a greeting that is none.
    fn send(&mut self, number: Option<usize>, line: &[u8], relay: &mut Relay) -> Result<()> {
        let session = self.session.as_mut().ok_or("nobody to write to")?;
        let name = number.map_or(Ok(u32::MAX), u32::try_from)?;
        let text = [&name.to_be_bytes()[..], line].concat();
        let message = session.encrypt(&text, &mut SysRng)?;
        // A real application stores `session.snapshot()`, sealed, before it sends.
        relay.take(self.name, number, message);
        Ok(())
    }

    /// Reads what the relay brings. What does not open changes nothing.
    fn receive(&mut self, message: &[u8], lines: &[Vec<u8>]) -> Result<()> {
        let plaintext = match &mut self.session {
            Some(session) => session
                .decrypt(message)
                .map(|received| received.plaintext)
                .map_err(|error| error.to_string()),
            None => self.accept(message).map_err(|error| error.to_string()),
        };
        match plaintext {
            Ok(plaintext) => self.note(plaintext.as_bytes(), lines)?,
            Err(error) => *self.refused.entry(error).or_default() += 1,
        }
        Ok(())
    }

    fn accept(&mut self, message: &[u8]) -> Result<Plaintext> {
        let Responder { identity, prekeys, context } =
            self.responder.as_mut().ok_or("nobody expects a first message")?;
        let now = UnixTime::from(SystemTime::now());
        let request = PreKeyMessage::decode(message)?;
        let Accepted { session, received, .. } =
            Session::accept(identity, prekeys, &request, context, now)?;
        // A real application stores both snapshots here, in one transaction.
        self.session = Some(session);
        Ok(received.plaintext)
    }

    fn note(&mut self, text: &[u8], lines: &[Vec<u8>]) -> Result<()> {
        let (number, line) = text.split_first_chunk::<4>().ok_or("a text without a number")?;
        let number = u32::from_be_bytes(*number);
        if number == u32::MAX {
            return Ok(());
        }
        let number = usize::try_from(number)?;
        let right = lines.get(number).is_some_and(|expected| expected == line);
        let (times, all_right) = self.read.entry(number).or_insert((0, true));
        *times += 1;
        *all_right &= right;
        self.order.push(number);
        Ok(())
    }

    /// Goes on from what was stored, as after a crash.
    fn restart(&mut self) -> Result<()> {
        let stored = self.session.take().ok_or("nothing to restart")?.snapshot();
        self.session = Some(Session::restore(stored.expose(), stored.epoch())?);
        self.restarts += 1;
        Ok(())
    }

    fn print(&self, lines: &[Vec<u8>], shown: usize) {
        println!("\n{} read {} lines:", self.name, self.order.len());
        for number in self.order.iter().take(shown) {
            let text = lines.get(*number).map(|line| String::from_utf8_lossy(line));
            println!("  {:>6}  {}", number + 1, text.unwrap_or_default());
        }
        more(self.order.len(), shown);
        for (error, times) in &self.refused {
            println!("  refused {times:>5} × {error}");
        }
    }
}

/// Something on its way. `number` is the line's, if it is one.
struct Parcel {
    from: &'static str,
    number: Option<usize>,
    bytes: Vec<u8>,
    whole: bool,
    wait: u64,
}

/// Carries messages, badly. It sees who sends how much to whom, and nothing else.
struct Relay {
    random: u64,
    in_flight: Vec<Parcel>,
    seen: Vec<String>,
    /// By sender and line: delivered whole at least once?
    delivered: BTreeMap<(&'static str, usize), bool>,
    lost: usize,
    corrupted: usize,
    duplicated: usize,
    delayed: usize,
}

impl Relay {
    const fn new(seed: u64) -> Self {
        Self {
            random: seed,
            in_flight: Vec::new(),
            seen: Vec::new(),
            delivered: BTreeMap::new(),
            lost: 0,
            corrupted: 0,
            duplicated: 0,
            delayed: 0,
        }
    }

    /// SplitMix64: the relay's mischief is the same in every run.
    fn below(&mut self, n: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % n
    }

    /// Loses one message in ten, corrupts one, doubles one, and makes every fifth wait.
    fn take(&mut self, from: &'static str, number: Option<usize>, mut bytes: Vec<u8>) {
        let start: String = bytes.iter().take(20).map(|byte| format!("{byte:02x}")).collect();
        self.seen.push(format!("{from:>5} sends {:>5} bytes  {start}…", bytes.len()));
        if let Some(number) = number {
            self.delivered.insert((from, number), false);
        }
        let (fate, mut wait, mut whole) = (self.below(100), self.below(4) as u64, true);
        match fate {
            0..10 => {
                self.lost += 1;
                return;
            }
            10..20 => {
                let bit = self.below(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
                whole = false;
                self.corrupted += 1;
            }
            20..30 => {
                let (bytes, wait) = (bytes.clone(), wait + 5);
                self.in_flight.push(Parcel { from, number, bytes, whole, wait });
                self.duplicated += 1;
            }
            30..50 => {
                wait += 10;
                self.delayed += 1;
            }
            _ => {}
        }
        self.in_flight.push(Parcel { from, number, bytes, whole, wait });
    }

    /// Delivers what is due, in any order.
    fn deliver(&mut self, lines: &[Vec<u8>], alice: &mut Party, bob: &mut Party) -> Result<()> {
        let parcels = std::mem::take(&mut self.in_flight).into_iter();
        let (mut due, rest): (Vec<_>, Vec<_>) = parcels.partition(|parcel| parcel.wait == 0);
        self.in_flight = rest;
        self.in_flight.iter_mut().for_each(|parcel| parcel.wait -= 1);
        while !due.is_empty() {
            let pick = self.below(due.len());
            let parcel = due.swap_remove(pick);
            let to = if parcel.from == alice.name { &mut *bob } else { &mut *alice };
            to.receive(&parcel.bytes, lines)?;
            if let (Some(number), true) = (parcel.number, parcel.whole) {
                self.delivered.insert((parcel.from, number), true);
            }
        }
        Ok(())
    }

    fn print(&self, shown: usize) {
        println!("The relay saw {} messages:", self.seen.len());
        self.seen.iter().take(shown).for_each(|line| println!("  {line}"));
        more(self.seen.len(), shown);
    }
}

fn more(len: usize, shown: usize) {
    if len > shown {
        println!("  … and {} more (--all shows them)", len - shown);
    }
}

/// Compares what was read with what was delivered, and prints the closing line.
fn verdict(lines: usize, relay: &Relay, parties: &[&Party]) -> bool {
    let (mut read, mut missing, mut twice, mut wrong) = (0, 0, 0, 0);
    for party in parties {
        read += party.read.len();
        twice += party.read.values().filter(|(times, _)| *times > 1).count();
        wrong += party.read.values().filter(|(_, right)| !right).count();
        let delivered = relay.delivered.iter();
        let for_us = delivered.filter(|((from, _), whole)| *from != party.name && **whole);
        missing += for_us.filter(|((_, number), _)| !party.read.contains_key(number)).count();
    }
    let restarts: usize = parties.iter().map(|party| party.restarts).sum();
    let Relay { lost, corrupted, duplicated, delayed, .. } = relay;
    println!(
        "\n{lines} lines each way, {read} read; the relay lost {lost}, corrupted {corrupted}, \
         duplicated {duplicated}, delayed {delayed}; {restarts} restart; \
         {missing} missing, {twice} read twice, {wrong} wrong"
    );
    missing == 0 && twice == 0 && wrong == 0
}
