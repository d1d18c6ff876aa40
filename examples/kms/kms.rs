//! The KMS: keys that do not leave it, a token for who may use them, and a line for every call. It fails when it is told to.
//!
//! What it wraps with could be anything; here it is this crate's, bound to the caller's `aad` by a context.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use confidant::{
    DataContext, KekError, LocalKek, Purpose, Secret, UnwrapWith, WrapWith, WrappedKey,
};
use getrandom::SysRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::Result;
use crate::frame::{self, Request, Status, UNWRAP, WRAP};

pub const KEYS: [&str; 2] = ["2026", "2027"];
/// What a caller may take to send its request.
const PATIENCE: Duration = Duration::from_secs(5);
const SLOW: Duration = Duration::from_secs(2);

type Answer = std::result::Result<Zeroizing<Vec<u8>>, KekError>;

struct Kms {
    token: Secret<32>,
    keys: Mutex<BTreeMap<Vec<u8>, LocalKek>>,
    mood: Mutex<Mood>,
    audit: Mutex<Vec<String>>,
}

#[derive(Clone, Copy)]
enum Mood {
    Well,
    /// In the middle of that many answers.
    HangsUp(u32),
    Slow,
    Lies,
}

/// Serves on a port of its own, which it prints, until its standard input ends: from there it has its keys and its token, and is told
/// how to fail.
pub fn serve() -> Result<()> {
    let mut input = io::stdin().lock();
    let token = secret(&mut input)?;
    let mut keys = BTreeMap::new();
    for name in KEYS {
        let name = name.as_bytes().to_vec();
        let kek = LocalKek::new(&name, secret(&mut input)?)?;
        keys.insert(name, kek);
    }
    let (keys, audit) = (Mutex::new(keys), Mutex::default());
    let kms = Arc::new(Kms { token, keys, mood: Mutex::new(Mood::Well), audit });
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("{}", listener.local_addr()?);
    let answering = Arc::clone(&kms);
    thread::spawn(move || answering.listen(&listener));
    for command in input.lines() {
        kms.obey(&command?)?;
        println!("ok");
    }
    Ok(())
}

fn secret(input: &mut impl Read) -> io::Result<Secret<32>> {
    let mut read = Ok(());
    let secret = Secret::init_with(|bytes| read = input.read_exact(bytes));
    read.map(|()| secret)
}

impl Kms {
    /// A thread for each connection: on a network there would be a bound to how many.
    fn listen(self: Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming().flatten() {
            let kms = Arc::clone(&self);
            thread::spawn(move || kms.answer(stream));
        }
    }

    fn answer(&self, mut stream: TcpStream) {
        let body = match frame::receive(&mut stream, Instant::now() + PATIENCE) {
            Ok(body) => body,
            Err(error) => return self.note(&format!("no request: {error}")),
        };
        let Some(request) = Request::decode(&body) else {
            return self.note("no request: cut short");
        };
        let answered = self.decide(&request);
        self.note(&line(&request, answered.as_ref().map(drop)));
        let answer = match answered {
            Ok(result) => Zeroizing::new([&[Status::Done.byte()], &result[..]].concat()),
            Err(KekError::Denied) => Zeroizing::new(vec![Status::Denied.byte()]),
            Err(KekError::Invalid) => Zeroizing::new(vec![Status::Invalid.byte()]),
            // Hanging up says it.
            Err(_) => return,
        };
        // Whoever asked may have gone; what was done is noted.
        let _ = self.send(&mut stream, &answer);
    }

    fn decide(&self, request: &Request<'_>) -> Answer {
        let is_known = bool::from(request.token.ct_eq(self.token.expose()));
        let keys = lock(&self.keys);
        // Whether there is no such key, or it is another's, is nobody's business.
        let kek = keys.get(request.name).filter(|_| is_known).ok_or(KekError::Denied)?;
        let context = DataContext::new(Purpose::Keyring).application(0, request.aad);
        let context = context.map_err(|_| KekError::Invalid)?;
        match request.operation {
            WRAP => wrap(kek, &context, request.what),
            UNWRAP if matches!(*lock(&self.mood), Mood::Lies) => Ok(Zeroizing::new(vec![7; 32])),
            UNWRAP => unwrap(kek, &context, request.what),
            _ => Err(KekError::Invalid),
        }
    }

    fn send(&self, stream: &mut TcpStream, answer: &[u8]) -> io::Result<()> {
        let mood = *lock(&self.mood);
        match mood {
            Mood::Well | Mood::Lies => frame::send(stream, answer),
            Mood::Slow => {
                thread::sleep(SLOW);
                frame::send(stream, answer)
            }
            Mood::HangsUp(times) => {
                let left = times.saturating_sub(1);
                *lock(&self.mood) = if left == 0 { Mood::Well } else { Mood::HangsUp(left) };
                // The length, and not what it is of.
                stream.write_all(&[0, 33, 0])
            }
        }
    }

    fn note(&self, line: &str) {
        lock(&self.audit).push(line.to_owned());
    }

    fn obey(&self, command: &str) -> Result<()> {
        let mood = match command.split_once("hang up ") {
            Some((_, times)) => Some(Mood::HangsUp(times.parse()?)),
            None if command == "be slow" => Some(Mood::Slow),
            None if command == "lie" => Some(Mood::Lies),
            None if command == "be well" => Some(Mood::Well),
            None => None,
        };
        if let Some(mood) = mood {
            *lock(&self.mood) = mood;
        } else if let Some(key) = command.strip_prefix("disable ") {
            lock(&self.keys).remove(key.as_bytes());
        } else {
            lock(&self.audit).drain(..).for_each(|line| println!("{line}"));
        }
        Ok(())
    }
}

fn wrap(kek: &LocalKek, context: &DataContext, key: &[u8]) -> Answer {
    let key: &[u8; 32] = key.try_into().map_err(|_| KekError::Invalid)?;
    let key = Secret::init_with(|bytes| *bytes = *key);
    let wrapped = WrappedKey::new(&key, context, WrapWith::Local(kek), &mut SysRng);
    // Its randomness failed, which is not the caller's fault.
    let wrapped = wrapped.map_err(|_| KekError::Unavailable)?;
    Ok(Zeroizing::new(wrapped.as_bytes().to_vec()))
}

fn unwrap(kek: &LocalKek, context: &DataContext, blob: &[u8]) -> Answer {
    let wrapped = WrappedKey::decode(blob).map_err(|_| KekError::Invalid)?;
    let key = wrapped.open(context, UnwrapWith::Local(kek)).map_err(|_| KekError::Invalid)?;
    Ok(Zeroizing::new(key.expose().to_vec()))
}

/// What was asked and what came of it: no key, and of the caller's data a hash.
fn line(request: &Request<'_>, answered: std::result::Result<(), &KekError>) -> String {
    let operation = match request.operation {
        WRAP => "wrap",
        UNWRAP => "unwrap",
        _ => "?",
    };
    let [a, b, c, d, ..] = request.aad;
    let name = request.name.escape_ascii();
    format!("{operation} with {name}, for {a:02x}{b:02x}{c:02x}{d:02x}…: {answered:?}")
}

/// What one call was doing when it panicked is no reason to refuse all others.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
