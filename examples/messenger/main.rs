//! A messenger: several processes, a relay that none of them trusts, and state that survives being killed.
//!
//! ```text
//! cargo run --release --example messenger --features password -- …
//!
//! relay DIR PORT-FILE [--log FILE]            serves until it is killed; writes its port to PORT-FILE, and what it sees to FILE
//! DIR register USER[/N] PORT-FILE [--quick]   a new device of a user: number 1, or N
//! DIR add USER                                finds the user's devices, and shows the safety number
//! DIR safety USER [NUMBER]                    shows the safety number; with the one that the other device shows, compares and remembers
//! DIR accept USER                             goes on with another identity, after the user was asked
//! DIR group NAME USER…                        a group, called @NAME
//! DIR send USER|@NAME TEXT
//! DIR send-file USER|@NAME FILE
//! DIR read                                    fetches what waits, and shows it
//! DIR history                                 shows everything
//! DIR save LINE FILE                          fetches the file of that line of the history
//! DIR restored                                says that DIR was put back from a copy
//! ```
//!
//! The passphrase comes from the variable MESSENGER_PASSPHRASE. `--quick` stretches it as little as the library allows: for tests.
//! MESSENGER_LATER, for tests as well, is a number of seconds by which the clock is ahead.
//!
//! What an application copies from here is [`store`] (one transaction for all that an operation has changed), [`send`], [`receive`] and [`retry`] (what
//! to do in which order, and with every error), and [`account`] (what is kept). What it leaves out: changes of a group's members, and asking for a
//! group's key that was lost with a disk ("group" shows both).

mod account;
mod contacts;
mod fields;
mod files;
mod history;
mod link;
mod receive;
mod relay;
mod retry;
mod said;
mod send;
mod store;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use confidant::{PasswordParameters, limits};

use crate::account::Messenger;
use crate::said::Content;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const USAGE: &str = "usage: messenger relay DIR PORT-FILE [--log FILE]\n       messenger DIR (register USER[/N] PORT-FILE [--quick] | \
     add USER | safety USER [NUMBER] | accept USER | group NAME USER… | send USER|@NAME TEXT | send-file USER|@NAME FILE | \
     read | history | save LINE FILE | restored)";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["relay", dir, port_file] => relay::serve(Path::new(dir), Path::new(port_file), None),
        ["relay", dir, port_file, "--log", log] => {
            relay::serve(Path::new(dir), Path::new(port_file), Some(log))
        }
        [dir, "register", device, port_file, options @ ..] => {
            let (dir, port_file) = (Path::new(dir), Path::new(port_file));
            Messenger::register(dir, device, port_file, stretching(options)?)?;
            println!("registered {device}");
            Messenger::open(dir)?.deliver()
        }
        [dir, command, rest @ ..] => {
            let dir = Path::new(dir);
            let mut messenger = Messenger::open(dir)?;
            match (*command, rest) {
                ("add", [user]) => messenger.add(user),
                ("safety", [user]) => messenger.safety(user, None),
                ("safety", [user, number]) => messenger.safety(user, Some(number)),
                ("accept", [user]) => messenger.accept(user),
                ("group", [name, users @ ..]) => {
                    let users: Vec<String> = users.iter().map(|user| (*user).to_owned()).collect();
                    messenger.group(name, &users)
                }
                ("send", [to, text]) => messenger.send(to, Content::Text((*text).to_owned())),
                ("send-file", [to, file]) => messenger.send_file(to, Path::new(file)),
                ("read", []) => messenger.read(),
                ("history", []) => messenger.history(),
                ("save", [line, file]) => messenger.save(dir, line.parse()?, Path::new(file)),
                ("restored", []) => messenger.restored(),
                _ => Err(USAGE.into()),
            }
        }
        _ => Err(USAGE.into()),
    }
}

fn stretching(options: &[&str]) -> Result<PasswordParameters> {
    match options {
        [] => Ok(PasswordParameters::DEFAULT),
        ["--quick"] => {
            let (memory, passes) =
                (limits::ARGON2_MEMORY_KIB.start(), limits::ARGON2_PASSES.start());
            eprintln!("--quick: the passphrase is hardly stretched, and easily guessed; for tests");
            Ok(PasswordParameters::new(*memory, *passes, 1)?)
        }
        _ => Err(USAGE.into()),
    }
}
