//! HMAC-SHA-256 (RFC 2104), and the chain KDF's two.
//!
//! ```text
//! MK = HMAC-SHA-256(CK, 0x01)      CK' = HMAC-SHA-256(CK, 0x02)
//! ```
//!
//! Knows nothing of counters or messages.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::{Transient, equal, wipe};

pub(crate) const MAC_LEN: usize = 32;

/// `HMAC-SHA-256(key, message)`. The key is derived for this one use.
pub(crate) fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut mac = Keyed::new(key).0;
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// The MAC is not of this message and key.
pub(crate) struct WrongMac;

/// Checks bytes that end with the HMAC-SHA-256 of everything before it.
pub(crate) fn verify(key: &[u8; 32], bytes: &[u8]) -> Result<(), WrongMac> {
    let (message, mac) = bytes.split_last_chunk::<MAC_LEN>().ok_or(WrongMac)?;
    if equal(&hmac(key, message), mac) { Ok(()) } else { Err(WrongMac) }
}

/// A chain key that has been made ready: its two padded blocks are hashed once for both outputs.
pub(crate) struct Keyed(Hmac<Sha256>);

impl Keyed {
    #[allow(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104, section 3)")]
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC takes keys of any length (RFC 2104)"))
    }

    /// `HMAC-SHA-256(key, byte)`.
    pub(crate) fn of(&self, byte: u8) -> Transient<32> {
        Self(self.0.clone()).last(byte)
    }

    /// The same, where the key is not needed again.
    pub(crate) fn last(mut self, byte: u8) -> Transient<32> {
        self.0.update(&[byte]);
        let mut bytes = self.0.finalize().into_bytes();
        let out = Transient::init_with(|out| out.copy_from_slice(&bytes));
        wipe(&mut bytes);
        out
    }
}
