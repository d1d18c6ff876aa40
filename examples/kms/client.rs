//! The KMS, as the application sees it: a [`Kek`] that asks over the network, and one that asks again.
//!
//! ```text
//! refused, hung up, too slow, no answer that we understand     Unavailable     asked again, a few times
//! it said no                                                   Denied          not asked again
//! it said that this is nothing that it has wrapped so          Invalid         not asked again
//! ```

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use confidant::limits::MAX_KEK_REF;
use confidant::{Kek, KekError, ReferenceTooLong, Secret};
use zeroize::Zeroizing;

use crate::frame::{self, Request, Status, UNWRAP, WRAP};

/// Times that an unavailable KMS is asked.
pub const ATTEMPTS: u32 = 4;
/// Before it is asked a second time; twice as long each time after that.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
/// For a whole call. A server in use would rather be without its KMS than wait longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// One key of the KMS. A call is a connection.
///
/// The token and the keys go over it in clear: where it leaves the machine, it is TLS.
pub struct Remote {
    address: SocketAddr,
    token: Secret<32>,
    key: String,
    patience: Duration,
}

impl Remote {
    pub fn new(
        address: SocketAddr,
        token: &Secret<32>,
        key: &str,
    ) -> Result<Self, ReferenceTooLong> {
        if key.len() > MAX_KEK_REF {
            return Err(ReferenceTooLong);
        }
        let token = Secret::init_with(|copy| *copy = *token.expose());
        Ok(Self { address, token, key: key.to_owned(), patience: PATIENCE })
    }

    /// For a caller who waits no longer.
    pub fn within(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    fn ask(
        &self,
        operation: u8,
        aad: &[u8; 32],
        what: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KekError> {
        let name = self.key.as_bytes();
        let request = Request { token: self.token.expose(), operation, name, aad, what }.encode();
        let mut answer = self.exchange(&request).map_err(|_| KekError::Unavailable)?;
        match answer.first().copied().and_then(Status::from_byte) {
            Some(Status::Done) => {
                answer.drain(..1);
                Ok(answer)
            }
            Some(Status::Denied) => Err(KekError::Denied),
            Some(Status::Invalid) => Err(KekError::Invalid),
            None => Err(KekError::Unavailable),
        }
    }

    /// All of it before the deadline: a KMS that sends a byte now and then is a slow one.
    fn exchange(&self, request: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
        let until = Instant::now() + self.patience;
        let mut stream = TcpStream::connect_timeout(&self.address, self.patience)?;
        stream.set_write_timeout(Some(self.patience))?;
        frame::send(&mut stream, request)?;
        frame::receive(&mut stream, until)
    }
}

impl Kek for Remote {
    fn kek_ref(&self) -> &[u8] {
        self.key.as_bytes()
    }

    fn wrap_key(&self, aad: &[u8; 32], key: &Secret<32>) -> Result<Vec<u8>, KekError> {
        Ok(self.ask(WRAP, aad, key.expose())?.to_vec())
    }

    fn unwrap_key(&self, aad: &[u8; 32], blob: &[u8]) -> Result<Secret<32>, KekError> {
        let answer = self.ask(UNWRAP, aad, blob)?;
        // An answer of another length is none that we understand.
        let key: &[u8; 32] = answer.as_slice().try_into().map_err(|_| KekError::Unavailable)?;
        Ok(Secret::init_with(|bytes| *bytes = *key))
    }
}

/// Asks again while the KMS is unavailable, a few times, and longer and longer after. To wrap or unwrap twice does no harm. Where many
/// servers do this at once, the pauses should be of random length.
pub struct Patient<K> {
    kek: K,
    attempts: AtomicU32,
}

impl<K: Kek> Patient<K> {
    pub const fn new(kek: K) -> Self {
        Self { kek, attempts: AtomicU32::new(0) }
    }

    /// For the record: how often the KMS was asked.
    pub fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    fn again<T>(&self, ask: impl Fn(&K) -> Result<T, KekError>) -> Result<T, KekError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            self.attempts.fetch_add(1, Ordering::Relaxed);
            match ask(&self.kek) {
                Err(KekError::Unavailable) => thread::sleep(pause),
                answer => return answer,
            }
            pause *= 2;
        }
        self.attempts.fetch_add(1, Ordering::Relaxed);
        ask(&self.kek)
    }
}

impl<K: Kek> Kek for Patient<K> {
    fn kek_ref(&self) -> &[u8] {
        self.kek.kek_ref()
    }

    fn wrap_key(&self, aad: &[u8; 32], key: &Secret<32>) -> Result<Vec<u8>, KekError> {
        self.again(|kek| kek.wrap_key(aad, key))
    }

    fn unwrap_key(&self, aad: &[u8; 32], blob: &[u8]) -> Result<Secret<32>, KekError> {
        self.again(|kek| kek.unwrap_key(aad, blob))
    }
}
