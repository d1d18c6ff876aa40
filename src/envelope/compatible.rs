//! Messages of rooms as other products write them: AES-256-GCM under the code's key itself, with a random nonce beside the ciphertext.
//!
//! ```text
//! { iv: base64url(12 random bytes), ciphertext: base64url(AES-256-GCM(key of the code, iv, AD = empty, message)) }
//! ```
//!
//! For reading what is there, and for rooms in which such products still are. It binds to no context and commits to no key; two messages
//! with one nonce give both away. So it stops for good at 2^32 messages, where that becomes likelier than 2^-32 (SP 800-38D,
//! section 8.3). SPEC: R-102.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

use super::base64::{self, decoded_len, encoded_len};
use super::claim::Unauthenticated;
use super::share::ShareCode;
use crate::chain::step::Plaintext;
use crate::limits::{MAX_COMPATIBLE_MESSAGES, MAX_RECORD};
use crate::primitives::aead::{Stream, TAG_LEN};
use crate::secret::{RandomnessFailed, Secret, random_array, wipe};

const IV_LEN: usize = 12;

/// The code's key for the compatible form, and how many messages have been encrypted with it.
pub struct CompatibleRoom {
    key: Secret<32>,
    encrypted: u64,
}

/// A message in the compatible form: both parts in base64url without padding. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompatibleMessage {
    /// The nonce, 16 letters.
    pub iv: String,
    /// The ciphertext with its tag.
    pub ciphertext: String,
}

impl CompatibleRoom {
    /// The key of the code's room. `encrypted` is how many messages there have been under it, **of everybody**: store
    /// [`encrypted`](Self::encrypted) after each, and take the room's count where that is higher.
    #[must_use]
    pub fn new(code: &ShareCode, encrypted: u64) -> Self {
        Self { key: Secret::init_with(|key| *key = *code.key().expose()), encrypted }
    }

    /// How many messages have been encrypted.
    #[must_use]
    pub const fn encrypted(&self) -> u64 {
        self.encrypted
    }

    /// Encrypts a message. Draws 12 bytes.
    ///
    /// # Errors
    /// [`CompatibleError::Exhausted`] after [`limits::MAX_COMPATIBLE_MESSAGES`](crate::limits::MAX_COMPATIBLE_MESSAGES),
    /// [`CompatibleError::TooLong`], [`CompatibleError::Randomness`]. Nothing has changed then.
    pub fn encrypt<R: TryCryptoRng + ?Sized>(
        &mut self,
        message: &[u8],
        rng: &mut R,
    ) -> Result<CompatibleMessage, CompatibleError> {
        if self.encrypted >= MAX_COMPATIBLE_MESSAGES {
            return Err(CompatibleError::Exhausted);
        }
        if message.len() > MAX_RECORD {
            return Err(CompatibleError::TooLong);
        }
        let iv: [u8; IV_LEN] = random_array(rng)?;
        let mut sealed = Vec::with_capacity(message.len().saturating_add(TAG_LEN));
        sealed.extend_from_slice(message);
        let tag = Stream::raw(self.key.expose(), &iv).seal(0, &mut sealed);
        sealed.extend_from_slice(&tag);
        self.encrypted = self.encrypted.saturating_add(1);
        Ok(CompatibleMessage { iv: letters(&iv), ciphertext: letters(&sealed) })
    }

    /// Decrypts a message.
    ///
    /// # Errors
    /// [`CompatibleError::NotCanonical`], [`CompatibleError::TooLong`], [`CompatibleError::Unauthentic`].
    pub fn decrypt(
        &self,
        message: &CompatibleMessage,
    ) -> Result<Unauthenticated<Plaintext>, CompatibleError> {
        let mut iv = [0; IV_LEN];
        base64::decode(message.iv.as_bytes(), &mut iv)?;
        let letters = message.ciphertext.as_bytes();
        let len = decoded_len(letters.len()).ok_or(CompatibleError::NotCanonical)?;
        let text_len = len.checked_sub(TAG_LEN).ok_or(CompatibleError::Unauthentic)?;
        if text_len > MAX_RECORD {
            return Err(CompatibleError::TooLong);
        }
        let mut opened = vec![0; len];
        base64::decode(letters, &mut opened)?;
        let stream = Stream::raw(self.key.expose(), &iv);
        let Some((text, tag)) = opened.split_last_chunk_mut() else {
            return Err(CompatibleError::Unauthentic);
        };
        if stream.open(0, text, tag).is_err() {
            wipe(&mut opened);
            return Err(CompatibleError::Unauthentic);
        }
        opened.truncate(text_len);
        Ok(Unauthenticated::new(Plaintext::new(opened)))
    }
}

impl fmt::Debug for CompatibleRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key: _, encrypted } = self;
        write!(f, "CompatibleRoom({encrypted} messages, ..)")
    }
}

fn letters(bytes: &[u8]) -> String {
    let mut letters = Vec::with_capacity(encoded_len(bytes.len()));
    base64::encode(bytes, &mut letters);
    letters.into_iter().map(char::from).collect()
}

/// Why a message was not encrypted or decrypted in the compatible form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompatibleError {
    /// There have been too many messages under this key. Make another room.
    Exhausted,
    /// Longer than [`limits::MAX_RECORD`](crate::limits::MAX_RECORD).
    TooLong,
    /// Not canonical base64url without padding, or a nonce of another length.
    NotCanonical,
    /// Of another room, or changed.
    Unauthentic,
    /// The random number generator failed. Try again when it works.
    Randomness,
}

impl From<base64::NotCanonical> for CompatibleError {
    fn from(_: base64::NotCanonical) -> Self {
        Self::NotCanonical
    }
}

impl From<RandomnessFailed> for CompatibleError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}
