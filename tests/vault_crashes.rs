//! `examples/vault`, killed (`SIGKILL`) at random moments of `add` and `rotate`: nothing that was acknowledged is lost, nothing half-done
//! is left.
//!
//! `CONFIDANT_VAULT_CYCLES=200 cargo test --release --features password --test vault_crashes -- --nocapture`
//!
//! Half of the cycles (12 if nothing is said) are of `add`, half of `rotate`. Half of the moments are spread evenly over the time that
//! the command has been measured to take, and a little more; the others are just behind something that it has done, where time alone
//! seldom comes. What a power cut would lose besides, a kill does not show: that is what the program's syncs are for.
#![cfg(all(unix, feature = "std", feature = "password"))]

mod common;
mod vault_driver;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::TestRng;
use vault_driver::{Place, Vault, data, said};

/// Cycles with the same vault. After them it is exported, and restored with a recovery code.
const ROUND: u32 = 10;

fn cycles() -> u32 {
    let said = std::env::var("CONFIDANT_VAULT_CYCLES");
    said.map_or(12, |cycles| cycles.parse().unwrap()) / 2
}

/// A vault, and what must be in it.
struct Kept {
    place: Place,
    vault: Vault,
    codes: Vec<String>,
    files: BTreeMap<String, Vec<u8>>,
    chance: TestRng,
    /// How long the command takes.
    takes: Duration,
    /// How often a kill has met what.
    met: BTreeMap<&'static str, u32>,
}

impl Kept {
    fn new(name: &str) -> Self {
        let place = Place::new(name);
        let (vault, codes) = place.vault("v");
        let chance = TestRng::new(getrandom::u64().unwrap());
        let (files, met) = (BTreeMap::new(), BTreeMap::new());
        Self { place, vault, codes, files, chance, takes: Duration::ZERO, met }
    }

    /// A new vault in the place of the old one.
    fn renew(&mut self, files: usize) {
        fs::remove_dir_all(&self.vault.0).unwrap();
        let (vault, codes) = self.place.vault("v");
        (self.vault, self.codes) = (vault, codes);
        self.files.clear();
        for number in 0..files {
            let len = [0, 100, 20_000][number % 3];
            let (name, data) = (format!("file {number}"), data(self.chance.below(u64::MAX), len));
            self.vault.add(&self.place, &name, &data);
            self.files.insert(name, data);
        }
    }

    /// Runs it once whole, in a copy.
    fn measure(&mut self, arguments: &[&str]) {
        let copy = self.vault.copy_to(self.place.path("measured"));
        let start = Instant::now();
        copy.ok(arguments);
        self.takes = start.elapsed();
    }

    /// Runs it, and kills it at a random moment, or up to three milliseconds behind something that `waits` has seen. What it has
    /// printed until then.
    fn kill(
        &mut self,
        arguments: &[&str],
        waits: impl FnOnce(&Vault, &mut TestRng, &mut dyn BufRead) -> String,
    ) -> String {
        let mut child = self.vault.command(arguments).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut printed = String::new();
        let most = if self.chance.below(2) == 0 {
            self.takes + self.takes / 8
        } else {
            printed = waits(&self.vault, &mut self.chance, &mut output);
            Duration::from_millis(3)
        };
        let micros = self.chance.below(u64::try_from(most.as_micros()).unwrap());
        sleep(Duration::from_micros(micros));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert!(status.success() || status.code().is_none(), "it failed by itself: {status}");
        output.read_to_string(&mut printed).unwrap();
        printed
    }

    fn meet(&mut self, what: &'static str) {
        *self.met.entry(what).or_default() += 1;
    }

    /// The vault opens with its passphrase, has these files and no others, all of them right, and no object besides theirs.
    fn check(&self) {
        let expected = self.files.iter().map(|(name, data)| (name.clone(), data.len()));
        assert_eq!(self.vault.list(), expected.collect::<BTreeSet<_>>());
        assert_eq!(self.vault.objects().len(), self.files.len(), "orphans");
        for (name, data) in &self.files {
            assert!(self.vault.bytes(&["read", name]) == *data, "{name}");
        }
        let whole = format!("whole files: {}\n", self.files.len());
        assert_eq!(self.vault.ok(&["check"]), whole);
    }

    /// Everything else is lost: an archive, and a code.
    fn recover(&mut self) {
        let archive = self.place.path("archive");
        for file in [&archive, &self.place.path("archive.codes")] {
            let _ = fs::remove_file(file);
        }
        self.vault.ok(&["export", archive.to_str().unwrap()]);
        fs::remove_dir_all(&self.vault.0).unwrap();
        let number = usize::try_from(self.chance.below(8)).unwrap();
        let output = self.vault.restore(&archive, &self.codes[number]);
        assert!(output.status.success(), "{}", said(&output.stderr));
        self.check();
    }

    fn print(&self, command: &str, cycles: u32) {
        println!("{cycles} × {command}, which takes {:?}: killed", self.takes);
        self.met.iter().for_each(|(what, times)| println!("{times:>6} × {what}"));
    }
}

#[test]
fn add_killed_at_any_moment_loses_nothing_and_leaves_nothing() {
    let mut kept = Kept::new("crash_add");
    let len: usize = if cfg!(debug_assertions) { 300_000 } else { 8 << 20 };
    let file = kept.place.path("killed");
    let arguments = |name: &str| ["add", file.to_str().unwrap(), name].map(str::to_owned);
    for cycle in 0..cycles() {
        let data = data(cycle.into(), len + usize::try_from(cycle).unwrap());
        fs::write(&file, &data).unwrap();
        let name = format!("killed {cycle}");
        let arguments = arguments(&name);
        let arguments = arguments.each_ref().map(String::as_str);
        if cycle % ROUND == 0 {
            kept.renew(3);
            kept.measure(&arguments);
        }
        let (before, part) = (kept.vault.objects(), len as u64);
        let printed = kept.kill(&arguments, |vault, chance, _| {
            // Half of these when the object has its name, the others when so much of it has been written.
            let enough = (chance.below(2) == 0).then(|| chance.below(part));
            wait_for_object(vault, &before, enough);
            String::new()
        });
        let is_acknowledged = printed.starts_with("added");
        let objects = kept.vault.objects();
        let is_new = objects.len() > kept.files.len();
        let is_partial = objects.iter().any(|object| object.extension().is_some());
        let is_listed = kept.vault.list().iter().any(|(listed, _)| *listed == name);
        assert!(is_listed || !is_acknowledged, "{name} was acknowledged and is lost");
        kept.meet(match (is_listed, is_new) {
            (true, _) if is_acknowledged => "when the row had been committed and acknowledged",
            (true, _) => "when the row had been committed, before it was acknowledged",
            (false, true) if is_partial => "while the object was written",
            (false, true) => "when the object had been renamed, before its row was committed",
            (false, false) => "before there was an object",
        });
        if is_listed {
            kept.files.insert(name, data);
        }
        kept.check();
        if (cycle + 1) % ROUND == 0 || cycle + 1 == cycles() {
            kept.recover();
        }
    }
    kept.print("add", cycles());
}

/// Until there is an object with its name, or with so many bytes under its temporary one; or for a second.
fn wait_for_object(vault: &Vault, before: &BTreeSet<PathBuf>, enough: Option<u64>) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) {
        let objects = vault.objects();
        let is_enough = objects.difference(before).any(|new| match enough {
            Some(enough) => fs::metadata(new).is_ok_and(|object| object.len() >= enough),
            None => new.extension().is_none(),
        });
        if is_enough {
            return;
        }
        sleep(Duration::from_micros(100));
    }
}

/// A rotation that was killed is left as it is, or gone on with: both are killed again.
#[test]
fn rotate_killed_at_any_moment_can_be_gone_on_with() {
    let mut kept = Kept::new("crash_rotate");
    for cycle in 0..cycles() {
        if cycle % ROUND == 0 {
            kept.renew(20); // more rows than one transaction wraps
            kept.measure(&["rotate"]);
        }
        let printed = kept.kill(&["rotate"], |_, chance, output| {
            let mut printed = String::new();
            for _ in 0..=chance.below(3) {
                output.read_line(&mut printed).unwrap();
            }
            printed
        });
        let line = printed.lines().last().unwrap_or_default();
        kept.meet(match line {
            "" => "before anything was committed, or said",
            _ if line.ends_with("is pending") => "when the new key was pending",
            _ if line.ends_with("encrypts from now on") => "while rows were wrapped again",
            _ if line.starts_with("going on") => "while an interrupted rotation was gone on with",
            _ if line.ends_with("no file touched") => "before the old key was destroyed",
            _ => "when the old key was destroyed",
        });
        kept.check();
        if kept.chance.below(2) == 0 {
            let rotated = kept.vault.ok(&["rotate"]);
            assert!(rotated.ends_with("is destroyed\n"), "{rotated}");
            assert_eq!(kept.vault.ok(&["check"]), "whole files: 20\n");
        }
        if (cycle + 1) % ROUND == 0 || cycle + 1 == cycles() {
            kept.recover();
        }
    }
    kept.print("rotate", cycles());
}
