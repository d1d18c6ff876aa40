//! Files, encrypted at rest: a folder of objects, and a database that says what they are.
//!
//! ```text
//! cargo run --release --example vault --features password -- DIR COMMAND
//!
//! init [--quick]                           a new vault; prints its recovery codes
//! add FILE [NAME]                          encrypts a file into the vault
//! list                                     what is in it
//! read NAME [--from N] [--length M]        a file, or a part of it, to standard output
//! check [NAME]                             opens everything, and says what is damaged and where
//! rotate                                   a new root key, and the old one destroyed
//! export ARCHIVE                           all files in one archive, and ARCHIVE.codes for recovery codes
//! restore ARCHIVE [--code] [--quick]       a new vault of an archive, by its passphrase or by a recovery code; prints new ones
//! ```
//!
//! The passphrase comes from the variable VAULT_PASSPHRASE, or is a line of standard input; so does a recovery code, from VAULT_CODE.
//! `--quick` stretches the passphrase as little as the library allows: for tests. `--report-memory` says at the end what the program
//! has used at most.
//!
//! ```text
//! DIR/vault.redb       keyring, wrapped by the passphrase ─ wraps ─► key of each file · seals ─► name and length of each file
//! DIR/objects/ROW      the file, under its own key: the crate's detached form
//! ```
//!
//! [`vault`], [`row`] and [`object`] are what an application would have; each command has a file of its own.

mod archive;
mod ask;
mod check;
mod export;
mod files;
mod object;
mod restore;
mod rotate;
mod row;
mod vault;

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use confidant::{PasswordParameters, limits};

use crate::vault::Vault;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: vault DIR (init [--quick] | add FILE [NAME] | list | read NAME [--from N] [--length M] | check [NAME] | \
     rotate | export ARCHIVE | restore ARCHIVE [--code] [--quick]) [--report-memory]";

fn main() -> ExitCode {
    let arguments = std::env::args().skip(1).collect();
    let done = Arguments::read(arguments).and_then(|arguments| {
        let done = run(&arguments);
        if arguments.has("--report-memory") {
            eprintln!("{}", peak_memory());
        }
        done
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    let [dir, command, rest @ ..] = words.as_slice() else { return Err(USAGE.into()) };
    let dir = Path::new(dir);
    match (*command, rest) {
        ("init", []) => restore::init(dir, arguments.stretching()?),
        ("add", [file]) => {
            let name = Path::new(file).file_name().and_then(|name| name.to_str());
            files::add(&Vault::open(dir)?, Path::new(file), name.ok_or("give it a NAME")?)
        }
        ("add", [file, name]) => files::add(&Vault::open(dir)?, Path::new(file), name),
        ("list", []) => files::list(&Vault::open(dir)?),
        ("read", [name]) => {
            let (from, length) = (arguments.number("--from")?, arguments.number("--length")?);
            files::read(&Vault::open(dir)?, name, from.unwrap_or(0), length.unwrap_or(u64::MAX))
        }
        ("check", []) => check::check(&Vault::open(dir)?, None),
        ("check", [name]) => check::check(&Vault::open(dir)?, Some(name)),
        ("rotate", []) => rotate::rotate(&mut Vault::open(dir)?),
        ("export", [archive]) => export::export(&Vault::open(dir)?, Path::new(archive)),
        ("restore", [archive]) if arguments.has("--code") => {
            restore::by_code(dir, Path::new(archive), arguments.stretching()?)
        }
        ("restore", [archive]) => {
            restore::by_passphrase(dir, Path::new(archive), arguments.stretching()?)
        }
        _ => Err(USAGE.into()),
    }
}

/// Words in their order, and what begins with `--`, with its value if it takes one.
struct Arguments {
    words: Vec<String>,
    options: Vec<(String, Option<String>)>,
}

impl Arguments {
    fn read(arguments: Vec<String>) -> Result<Self> {
        let (mut words, mut options) = (Vec::new(), Vec::new());
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--from" | "--length" => {
                    let value = arguments.next().ok_or(USAGE)?;
                    options.push((argument, Some(value)));
                }
                "--quick" | "--code" | "--report-memory" => options.push((argument, None)),
                _ if argument.starts_with("--") => return Err(USAGE.into()),
                _ => words.push(argument),
            }
        }
        Ok(Self { words, options })
    }

    fn has(&self, option: &str) -> bool {
        self.options.iter().any(|(name, _)| name == option)
    }

    fn number(&self, option: &str) -> Result<Option<u64>> {
        let value = self.options.iter().find(|(name, _)| name == option);
        let Some((_, Some(value))) = value else { return Ok(None) };
        Ok(Some(value.parse().map_err(|_| format!("{option} {value}: not a number of bytes"))?))
    }

    fn stretching(&self) -> Result<PasswordParameters> {
        if !self.has("--quick") {
            return Ok(PasswordParameters::DEFAULT);
        }
        let (memory, passes) = (limits::ARGON2_MEMORY_KIB.start(), limits::ARGON2_PASSES.start());
        let quick = PasswordParameters::new(*memory, *passes, 1)?;
        eprintln!("--quick: the passphrase is hardly stretched, and easily guessed; for tests");
        Ok(quick)
    }
}

/// What the kernel says of this process: the highest resident set, with the program itself and Argon2id's memory.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    format!("peak memory: {}", peak.map_or("not known here", str::trim))
}
