//! A keyring whose KEK is in another process: what an application does with a KMS, and what it does when the KMS fails.
//!
//! `cargo run --example kms`
//!
//! Starts itself a second time as the KMS. Creates a keyring that it wraps, and reads and writes a thousand records with one call to
//! it. Then the KMS is stopped, hangs up, is slow, refuses, and answers wrongly. At last the KEK is changed. Every line that is printed has
//! been checked: if anything is not as it says, the exit code is 1.
//!
//! [`client`] is what an application would copy, and [`waiting`] where it is asynchronous; the rest is what it takes to watch it.

mod client;
mod frame;
mod kms;
mod process;
mod waiting;

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use confidant::{
    DataContext, KekError, Keyring, OpenKeyringError, Padding, Purpose, Secret, UnixTime,
    UnwrapError, UnwrapWith, WrapWith,
};
use getrandom::SysRng;

use crate::client::{ATTEMPTS, Patient, Remote};
use crate::process::Process;
use crate::waiting::{OnThread, block_on};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const RECORDS: u32 = 1_000;

fn main() -> ExitCode {
    let serves = std::env::args().nth(1).is_some_and(|argument| argument == "serve");
    match if serves { kms::serve() } else { run() } {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut world = World::new()?;
    world.one_call()?;
    world.not_running()?;
    world.hangs_up_and_is_slow()?;
    world.denies()?;
    world.does_not_know()?;
    world.is_not_believed()?;
    world.waits_without_a_thread()?;
    world.changes_the_kek()?;
    world.refuses_what_is_no_request()
}

/// What the application does when its keyring does not open.
#[derive(Debug, PartialEq)]
enum Then {
    /// Goes on without the data, and asks again later: nothing is lost.
    AskLater,
    /// Stops, and tells somebody: it is not to be tried again.
    Alarm,
    /// Looks at what it has stored and what it has configured: these bytes, this KMS and this context are not of one keyring.
    NotTheRightOne,
}

fn then(error: OpenKeyringError) -> Then {
    match error {
        OpenKeyringError::Unwrap(UnwrapError::Kek(KekError::Unavailable)) => Then::AskLater,
        // An older keyring than we remember, one that was changed, or a KMS that gives us another key: somebody is at work.
        OpenKeyringError::Unwrap(UnwrapError::Kek(KekError::Denied))
        | OpenKeyringError::Stale
        | OpenKeyringError::Unauthentic => Then::Alarm,
        _ => Then::NotTheRightOne,
    }
}

/// The application, with what it stores and where its KMS is.
struct World {
    kms: Process,
    whose: DataContext,
    stored: Vec<u8>,
    /// Where a restored backup does not bring it back.
    epoch: u64,
    records: Vec<Vec<u8>>,
}

impl World {
    fn new() -> Result<Self> {
        let whose = DataContext::new(Purpose::Keyring).tenant(b"acme")?;
        Ok(Self { kms: Process::start()?, whose, stored: vec![], epoch: 0, records: vec![] })
    }

    /// The KMS as the application is set up to use it.
    fn client(&self, key: &str) -> Result<Patient<Remote>> {
        Ok(Patient::new(Remote::new(self.kms.address(), self.kms.token(), key)?))
    }

    fn open(&self, kms: &Patient<Remote>) -> std::result::Result<Keyring, OpenKeyringError> {
        Keyring::open(&self.stored, &self.whose, UnwrapWith::Service(kms), self.epoch)
    }

    /// Stores a keyring and then its epoch.
    fn store(&mut self, keyring: &Keyring) {
        self.stored = keyring.encode();
        self.epoch = keyring.epoch();
    }

    /// Opens the keyring, which must fail with this error, after that many attempts, and says what follows from it.
    fn fails(&self, kms: &Patient<Remote>, expected: OpenKeyringError, times: u32) -> Result<()> {
        let Err(error) = self.open(kms) else { return Err("the keyring opened".into()) };
        let asked = kms.attempts();
        println!("  asked {asked}×: {error}. Then: {:?}", then(error));
        ensure(error == expected && asked == times, "another error, or asked more or less often")
    }

    /// What the KMS says that it has been asked since it was last asked this.
    fn audit(&mut self, expected: usize) -> Result<()> {
        let lines = self.kms.tell("audit")?;
        lines.iter().for_each(|line| println!("  KMS: {line}"));
        ensure(lines.len() == expected, "the KMS has been asked more or less often")
    }

    fn one_call(&mut self) -> Result<()> {
        let rng = &mut SysRng;
        let kms = self.client("2026")?;
        let now = UnixTime::from(SystemTime::now());
        let keyring = Keyring::create(&self.whose, WrapWith::Service(&kms), now, rng)?;
        self.store(&keyring);
        for number in 0..RECORDS {
            let text = format!("customer {number}");
            self.records.push(keyring.seal_record(
                &row(number)?,
                text.as_bytes(),
                Padding::None,
                rng,
            )?);
        }
        println!("A keyring is created, and {RECORDS} records are written: one call.");
        self.audit(1)?;

        let keyring = self.open(&kms)?;
        self.reads_everything(&keyring)?;
        println!("It is opened, and they are read: one call.");
        self.audit(1)
    }

    fn reads_everything(&self, keyring: &Keyring) -> Result<()> {
        for (number, record) in (0..).zip(&self.records) {
            let text = keyring.open_record(&row(number)?, record)?;
            ensure(text.as_bytes() == format!("customer {number}").as_bytes(), "another text")?;
        }
        Ok(())
    }

    fn not_running(&mut self) -> Result<()> {
        println!("\nThe KMS is not running.");
        let kms = self.client("2026")?;
        self.kms.stop()?;
        self.fails(&kms, service(KekError::Unavailable), ATTEMPTS)?;
        self.kms = self.kms.start_again()?;
        println!("It runs again, and has kept its keys.");
        let keyring = self.open(&self.client("2026")?)?;
        self.reads_everything(&keyring)?;
        self.audit(1)
    }

    fn hangs_up_and_is_slow(&mut self) -> Result<()> {
        println!("\nThe KMS hangs up in the middle of two answers. The third arrives.");
        let kms = self.client("2026")?;
        self.kms.tell("hang up 2")?;
        self.open(&kms)?;
        ensure(kms.attempts() == 3, "not the third")?;
        self.audit(3)?;
        println!("It hangs up every time.");
        self.kms.tell("hang up 1000")?;
        self.fails(&self.client("2026")?, service(KekError::Unavailable), ATTEMPTS)?;
        println!("It is slower than we wait.");
        self.kms.tell("be slow")?;
        let hasty = Remote::new(self.kms.address(), self.kms.token(), "2026")?;
        let hasty = Patient::new(hasty.within(Duration::from_millis(100)));
        self.fails(&hasty, service(KekError::Unavailable), ATTEMPTS)?;
        self.kms.tell("be well").map(drop)
    }

    fn denies(&mut self) -> Result<()> {
        println!("\nThe KMS does not know our token.");
        self.kms.tell("audit")?;
        let stranger = Remote::new(self.kms.address(), &Secret::random(&mut SysRng)?, "2026")?;
        self.fails(&Patient::new(stranger), service(KekError::Denied), 1)?;
        self.audit(1)
    }

    fn does_not_know(&mut self) -> Result<()> {
        println!("\nAnother key's name: the KMS is not even asked.");
        let wrong_kek = OpenKeyringError::Unwrap(UnwrapError::WrongKek);
        self.fails(&self.client("2027")?, wrong_kek, 0)?;
        self.audit(0)?;

        println!(
            "Another tenant's name: what the key is bound to is part of what the KMS is asked."
        );
        let acme = DataContext::new(Purpose::Keyring).tenant(b"other")?;
        let acme = std::mem::replace(&mut self.whose, acme);
        self.fails(&self.client("2026")?, service(KekError::Invalid), 1)?;
        self.whose = acme;
        self.audit(1)?;

        println!("One changed bit of what it has wrapped.");
        let (stored, last) = (self.stored.clone(), self.stored.len() - 33); // behind it, 32 bytes of MAC
        self.stored[last] ^= 1;
        self.fails(&self.client("2026")?, service(KekError::Invalid), 1)?;
        self.stored = stored;
        self.audit(1)?;

        println!("Another KMS, with another key of that name.");
        let other = Process::start()?;
        let other = Patient::new(Remote::new(other.address(), other.token(), "2026")?);
        self.fails(&other, service(KekError::Invalid), 1)?;
        self.audit(0)
    }

    fn is_not_believed(&mut self) -> Result<()> {
        println!("\nThe KMS gives another key: the keyring's MAC is not under it.");
        self.kms.tell("lie")?;
        self.fails(&self.client("2026")?, OpenKeyringError::Unauthentic, 1)?;
        self.kms.tell("be well").map(drop)
    }

    fn waits_without_a_thread(&mut self) -> Result<()> {
        println!("\nThe same, asynchronously.");
        self.kms.tell("audit")?;
        let kms = OnThread::new(Arc::new(self.client("2026")?));
        let opening = Keyring::open_async(&self.stored, &self.whose, &kms, self.epoch);
        self.reads_everything(&block_on(opening)?)?;
        self.audit(1)
    }

    fn changes_the_kek(&mut self) -> Result<()> {
        println!(
            "\nThe KEK is changed: one call to open, one to wrap again. No record is touched."
        );
        let (old, new) = (self.client("2026")?, self.client("2027")?);
        let mut keyring = self.open(&old)?;
        keyring.change_kek(WrapWith::Service(&new), &mut SysRng)?;
        let before = self.stored.clone();
        self.store(&keyring);
        self.audit(2)?;
        let keyring = self.open(&new)?;
        self.reads_everything(&keyring)?;
        println!("With the new one it opens; the bytes from before are too old.");
        let now = std::mem::replace(&mut self.stored, before);
        self.fails(&self.client("2026")?, OpenKeyringError::Stale, 1)?;
        // Only now: what was not re-wrapped would be lost.
        println!("The old KEK is switched off, where it counts: in the KMS.");
        self.kms.tell("disable 2026")?;
        self.fails(&self.client("2026")?, service(KekError::Denied), 1)?;
        self.stored = now;
        Ok(())
    }

    /// Lengths are claims: the KMS reads no more than a request can have, and goes on serving.
    fn refuses_what_is_no_request(&mut self) -> Result<()> {
        println!("\nThe KMS is sent what is no request.");
        self.kms.tell("audit")?;
        for nonsense in [&[0xff, 0xff][..], &[0, 1, 7], &[0, 80, 1, 2, 3]] {
            let mut stream = TcpStream::connect(self.kms.address())?;
            stream.write_all(nonsense)?;
            stream.shutdown(std::net::Shutdown::Write)?;
            let mut answer = Vec::new();
            // It may hang up before it has read everything, which is an error here.
            let _ = stream.read_to_end(&mut answer);
            ensure(answer.is_empty(), "nonsense was answered")?;
        }
        let keyring = self.open(&self.client("2027")?)?;
        self.reads_everything(&keyring)?;
        self.audit(4)
    }
}

/// Where a record belongs.
fn row(number: u32) -> Result<DataContext> {
    let table = DataContext::new(Purpose::Record).tenant(b"acme")?.collection(b"customers")?;
    Ok(table.object(&number.to_be_bytes())?)
}

const fn service(error: KekError) -> OpenKeyringError {
    OpenKeyringError::Unwrap(UnwrapError::Kek(error))
}

fn ensure(holds: bool, otherwise: &str) -> Result<()> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}
