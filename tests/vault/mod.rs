//! What tests of encryption at rest need: keys of a device, a service that fails as services do, contexts and keyrings.
#![allow(dead_code, reason = "each test crate uses its own part")]

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use confidant::{
    AsyncKek, DataContext, Kek, KekError, Keyring, LocalKek, Purpose, Secret, UnwrapWith, WrapWith,
};
use sha2::{Digest, Sha256};

use crate::common::{NOW, TestRng};

pub fn secret(byte: u8) -> Secret<32> {
    Secret::init_with(|bytes| bytes.fill(byte))
}

/// A key of the device, `byte` 32 times over.
pub fn local(byte: u8) -> LocalKek {
    LocalKek::new(b"device", secret(byte)).unwrap()
}

/// Whose keyring it is.
pub fn acme() -> DataContext {
    DataContext::new(Purpose::Keyring).tenant(b"acme").unwrap()
}

/// Where a record belongs.
pub fn email() -> DataContext {
    let context = DataContext::new(Purpose::Record).tenant(b"acme").unwrap();
    context.collection(b"customers").unwrap().field(b"email").unwrap().object(b"4711").unwrap()
}

/// A keyring of `acme` under `local(1)`.
pub fn keyring(rng: &mut TestRng) -> Keyring {
    Keyring::create(&acme(), WrapWith::Local(&local(1)), NOW, rng).unwrap()
}

pub fn reopen(keyring: &Keyring) -> Keyring {
    Keyring::open(&keyring.encode(), &acme(), UnwrapWith::Local(&local(1)), 0).unwrap()
}

/// A service that wraps keys. It counts what it is asked, and fails when it is told to.
pub struct Kms {
    pub name: Vec<u8>,
    pub fails: Cell<Option<KekError>>,
    /// Forgets what keys are bound to.
    pub careless: bool,
    /// Bytes that it adds to each answer.
    pub padding: usize,
    /// How often it is not ready yet, when it is waited for.
    pub slow: usize,
    /// Each `aad` that it was given.
    pub asked: RefCell<Vec<[u8; 32]>>,
}

impl Kms {
    pub fn new(name: &[u8]) -> Self {
        let asked = RefCell::new(Vec::new());
        let (name, fails) = (name.to_vec(), Cell::new(None));
        Self { name, fails, careless: false, padding: 0, slow: 0, asked }
    }

    pub fn times_asked(&self) -> usize {
        self.asked.borrow().len()
    }

    fn answer<T>(
        &self,
        aad: &[u8; 32],
        give: impl FnOnce() -> Result<T, KekError>,
    ) -> Result<T, KekError> {
        self.asked.borrow_mut().push(*aad);
        self.fails.get().map_or_else(give, Err)
    }

    fn tag(&self, aad: &[u8; 32], masked: &[u8]) -> [u8; 32] {
        let aad = if self.careless { &[0; 32] } else { aad };
        Sha256::new()
            .chain_update(&self.name)
            .chain_update(aad)
            .chain_update(masked)
            .finalize()
            .into()
    }
}

/// Nothing that anybody should use: a mask, and a hash.
impl Kek for Kms {
    fn kek_ref(&self) -> &[u8] {
        &self.name
    }

    fn wrap_key(&self, aad: &[u8; 32], key: &Secret<32>) -> Result<Vec<u8>, KekError> {
        self.answer(aad, || {
            let masked = key.expose().map(|byte| byte ^ 0x5a);
            Ok([&masked[..], &self.tag(aad, &masked), &vec![0; self.padding]].concat())
        })
    }

    fn unwrap_key(&self, aad: &[u8; 32], blob: &[u8]) -> Result<Secret<32>, KekError> {
        self.answer(aad, || {
            let (masked, rest) = blob.split_first_chunk::<32>().ok_or(KekError::Invalid)?;
            if rest != [&self.tag(aad, masked)[..], &vec![0; self.padding]].concat() {
                return Err(KekError::Invalid);
            }
            Ok(Secret::init_with(|key| *key = masked.map(|byte| byte ^ 0x5a)))
        })
    }
}

impl AsyncKek for Kms {
    fn kek_ref(&self) -> &[u8] {
        &self.name
    }

    async fn wrap_key(&self, aad: &[u8; 32], key: &Secret<32>) -> Result<Vec<u8>, KekError> {
        Slow(self.slow).await;
        Kek::wrap_key(self, aad, key)
    }

    async fn unwrap_key(&self, aad: &[u8; 32], blob: &[u8]) -> Result<Secret<32>, KekError> {
        Slow(self.slow).await;
        Kek::unwrap_key(self, aad, blob)
    }
}

struct Slow(usize);

impl Future for Slow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Waits, and says how often it had to.
pub fn wait<T>(future: impl Future<Output = T>) -> (T, usize) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for waited in 0.. {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return (value, waited);
        }
    }
    unreachable!()
}

/// Every way to change one bit of `bytes`.
pub fn flips(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    (0..bytes.len() * 8).map(|bit| {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        (bit, changed)
    })
}
