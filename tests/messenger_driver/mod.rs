//! Drives `examples/messenger`, the real program: a relay and devices, each a process of its own, in a folder of one test.
#![allow(dead_code, reason = "each test crate uses its own part")]

#[path = "../program/mod.rs"]
mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use confidant::PreKeyMessage;
use program::{PASSPHRASE, empty_folder, example};

/// A relay that runs, in a folder in which nothing was at the beginning. Everything else of the test is in the same folder.
pub struct Relay {
    pub folder: PathBuf,
    process: Option<Child>,
}

impl Relay {
    pub fn new(test: &str) -> Self {
        let mut relay = Self { folder: empty_folder("messenger", test), process: None };
        relay.start();
        relay
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn start(&mut self) {
        let port = self.path("port");
        let _ = fs::remove_file(&port);
        let mut command = Command::new(example("messenger"));
        command.arg("relay").arg(self.path("relay")).arg(&port).arg("--log").arg(self.path("log"));
        self.process = Some(command.stdin(Stdio::null()).spawn().unwrap());
        let start = Instant::now();
        while !port.exists() {
            assert!(start.elapsed() < Duration::from_secs(20), "the relay does not start");
            sleep(Duration::from_millis(5));
        }
    }

    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Every letter that has arrived, as often as it has.
    pub fn log(&self) -> Vec<Letter> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().map(Letter::read).collect()
    }

    pub fn log_len(&self) -> u64 {
        fs::metadata(self.path("log")).map_or(0, |log| log.len())
    }

    /// A new device of this user.
    pub fn register(&self, device: &str) -> Device {
        let device = Device::at(self.path(&device.replace('/', "-")), device);
        let port = self.path("port");
        device.ok(&["register", &device.name, port.to_str().unwrap(), "--quick"]);
        device
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What the relay has seen of a letter.
#[derive(Clone)]
pub struct Letter {
    pub from: String,
    pub to: String,
    pub message: Vec<u8>,
}

impl Letter {
    fn read(line: &str) -> Self {
        let mut words = line.split(' ').map(str::to_owned);
        let (from, to) = (words.next().unwrap(), words.next().unwrap());
        let hex = words.next().unwrap();
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        Self { from, to, message: (0..hex.len()).step_by(2).map(byte).collect() }
    }

    /// What stands before the message of a session, if it is a first one.
    fn prefix_len(&self) -> usize {
        let is_first = self.message[1] == 1;
        let one_time = 8 * usize::from(self.message[3]);
        if is_first { 108 + one_time + 8 + 1_568 } else { 0 }
    }

    /// The key of its chain and its number in it; and its salt and commitment.
    fn place(&self) -> (Vec<u8>, Vec<u8>) {
        let message = &self.message[self.prefix_len()..];
        let (position, salt) = match message[1] {
            // key id ‖ iteration, of a group's message
            4 => ([&message[2..18], &message[34..38]].concat(), 38),
            // ratchet key ‖ N
            6 => ([&message[2..34], &message[38..42]].concat(), 42),
            other => panic!("a message of type {other}"),
        };
        (position, message[salt..salt + 56].to_vec())
    }
}

/// What a log shows of keys.
#[derive(Debug, Default)]
pub struct Audit {
    pub messages: usize,
    pub handshakes: usize,
    pub one_time_keys: usize,
    /// Positions of chains at which two different messages were.
    pub positions_twice: usize,
}

impl Audit {
    /// No salt and commitment twice in different messages, and no one-time key in two handshakes. Both hold whatever was put back.
    pub fn of(log: &[Letter]) -> Self {
        let (mut salts, mut positions) = (BTreeMap::new(), BTreeMap::new());
        let (mut keys, mut handshakes) = (BTreeMap::new(), BTreeMap::new());
        let mut audit = Self::default();
        for letter in log {
            let (position, salt) = letter.place();
            let inner = letter.message[letter.prefix_len()..].to_vec();
            let before = salts.insert(salt, inner.clone());
            assert!(before.is_none_or(|it| it == inner), "a salt and a commitment twice");
            let before = positions.insert((letter.from.clone(), position), inner.clone());
            audit.positions_twice += usize::from(before.is_some_and(|it| it != inner));
            if letter.prefix_len() == 0 {
                continue;
            }
            let prefix = letter.message[..letter.prefix_len()].to_vec();
            handshakes.insert(prefix.clone(), ());
            let request = PreKeyMessage::decode(&letter.message).unwrap();
            let Some(one_time) = request.one_time_prekey() else { continue };
            // With a one-time key of one kind there is one of the other as well.
            for id in [one_time, request.kem_prekey().unwrap()] {
                let before = keys.insert((letter.to.clone(), id), prefix.clone());
                assert!(before.is_none_or(|it| it == prefix), "a one-time key in two handshakes");
            }
        }
        let (messages, handshakes) = (salts.len(), handshakes.len());
        Self { messages, handshakes, one_time_keys: keys.len(), ..audit }
    }
}

/// A directory of a device. Its relay is the one at which it was registered.
#[derive(Clone)]
pub struct Device {
    pub folder: PathBuf,
    pub name: String,
    /// Seconds by which its clock is ahead.
    pub later: u64,
}

/// A line of a history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub with: String,
    pub from: String,
    pub said: String,
}

impl Device {
    pub fn at(folder: PathBuf, name: &str) -> Self {
        Self { folder, name: name.to_owned(), later: 0 }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(example("messenger"));
        command.arg(&self.folder).args(arguments).env("MESSENGER_PASSPHRASE", PASSPHRASE);
        command.env("MESSENGER_LATER", self.later.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> (Output, String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        (output, out, err)
    }

    /// What it prints when all is well.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let (output, out, err) = self.run(arguments);
        assert!(output.status.success(), "{} {arguments:?}: {err}", self.name);
        out
    }

    /// What it says when it fails.
    pub fn fails(&self, arguments: &[&str]) -> String {
        let (output, _, err) = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{} {arguments:?}", self.name);
        err
    }

    pub fn history(&self) -> Vec<Line> {
        lines(&self.ok(&["history"]))
    }

    /// Fetches, and gives what is new.
    pub fn read(&self) -> Vec<Line> {
        lines(&self.ok(&["read"]))
    }

    pub fn database(&self) -> PathBuf {
        self.folder.join("messenger.redb")
    }

    /// The same as it is now, in another folder.
    pub fn copy_to(&self, folder: PathBuf) -> Self {
        fs::create_dir_all(&folder).unwrap();
        let copy = Self { folder, ..self.clone() };
        fs::copy(self.database(), copy.database()).unwrap();
        copy
    }
}

/// `number  [with] from: said`, each line that is one.
pub fn lines(printed: &str) -> Vec<Line> {
    let line = |line: &str| {
        let (_, rest) = line.split_once("  [")?;
        let (with, rest) = rest.split_once("] ")?;
        let (from, said) = rest.split_once(": ")?;
        Some(Line { with: with.into(), from: from.into(), said: said.into() })
    };
    printed.lines().filter_map(line).collect()
}

pub fn line(with: &str, from: &str, said: &str) -> Line {
    Line { with: with.into(), from: from.into(), said: said.into() }
}
