//! Secrets of one-time passwords (RFC 6238), as records with a purpose of their own, and so under a key of their own.
//!
//! ```text
//! data = 0x01 ‖ algorithm(1) ‖ digits(1) ‖ period(4) ‖ secret            sealed with Purpose::Totp, padded
//! ```
//!
//! Computes no passwords.

use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

use super::context::{DataContext, Purpose};
use super::keyring::Keyring;
use super::padding::Padding;
use super::record::{RecordError, SealRecordError};
use crate::limits::{TOTP_DIGITS, TOTP_SECRET};
use crate::secret::wipe;
use crate::wire::codec::{DecodeError, Reader};

const VERSION: u8 = 1;
const HEAD_LEN: usize = 1 + 1 + 1 + 4;

/// The hash function under HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TotpAlgorithm {
    /// HMAC-SHA-1, which nearly everybody uses.
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

impl TotpAlgorithm {
    const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    const fn byte(self) -> u8 {
        match self {
            Self::Sha1 => 1,
            Self::Sha256 => 2,
            Self::Sha512 => 3,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.byte() == byte)
    }
}

/// The secret of one-time passwords, and how they are computed. Wiped when dropped.
pub struct TotpSecret {
    secret: Vec<u8>,
    algorithm: TotpAlgorithm,
    digits: u8,
    period: u32,
}

impl TotpSecret {
    /// Takes over a secret of 10 to 128 bytes; 6 to 8 digits, of which there are others every `period` seconds.
    ///
    /// # Errors
    /// [`TotpError::Invalid`]. What was given is wiped all the same.
    pub fn new(
        secret: Vec<u8>,
        algorithm: TotpAlgorithm,
        digits: u8,
        period: u32,
    ) -> Result<Self, TotpError> {
        let totp = Self { secret, algorithm, digits, period };
        let is_valid = TOTP_SECRET.contains(&totp.secret.len())
            && TOTP_DIGITS.contains(&digits)
            && period != 0;
        if is_valid { Ok(totp) } else { Err(TotpError::Invalid) }
    }

    /// The secret, to compute a password.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.secret
    }

    /// The hash function.
    #[must_use]
    pub const fn algorithm(&self) -> TotpAlgorithm {
        self.algorithm
    }

    /// Digits of a password.
    #[must_use]
    pub const fn digits(&self) -> u8 {
        self.digits
    }

    /// Seconds for which a password lasts.
    #[must_use]
    pub const fn period(&self) -> u32 {
        self.period
    }

    /// Encrypts it as a record. Draws 24 bytes.
    ///
    /// # Errors
    /// [`TotpError::WrongPurpose`], [`TotpError::Randomness`].
    pub fn seal<R: TryCryptoRng + ?Sized>(
        &self,
        keyring: &Keyring,
        context: &DataContext,
        rng: &mut R,
    ) -> Result<Vec<u8>, TotpError> {
        check(context)?;
        let len = HEAD_LEN.saturating_add(self.secret.len());
        // With room for the record, so that the data does not move.
        let mut data = Vec::with_capacity(Keyring::record_len(len, Padding::Padme));
        data.extend_from_slice(&[VERSION, self.algorithm.byte(), self.digits]);
        data.extend_from_slice(&self.period.to_be_bytes());
        data.extend_from_slice(&self.secret);
        let sealed = keyring.seal_record_in_place(context, &mut data, Padding::Padme, rng);
        if sealed.is_err() {
            wipe(&mut data);
        }
        Ok(sealed.map(|()| data)?)
    }

    /// Decrypts what [`seal`](Self::seal) gave.
    ///
    /// # Errors
    /// [`TotpError::WrongPurpose`], [`TotpError::NotOpened`], [`TotpError::Malformed`], [`TotpError::Invalid`].
    pub fn open(
        keyring: &Keyring,
        context: &DataContext,
        record: &[u8],
    ) -> Result<Self, TotpError> {
        check(context)?;
        let data = keyring.open_record(context, record)?;
        let mut reader = Reader::new(data.as_bytes());
        if reader.u8()? != VERSION {
            return Err(DecodeError::UnsupportedVersion.into());
        }
        let algorithm = TotpAlgorithm::from_byte(reader.u8()?);
        let algorithm = algorithm.ok_or(DecodeError::UnsupportedVersion)?;
        let (digits, period) = (reader.u8()?, reader.u32()?);
        Self::new(reader.rest().to_vec(), algorithm, digits, period)
    }
}

fn check(context: &DataContext) -> Result<(), TotpError> {
    if context.purpose() == Purpose::Totp { Ok(()) } else { Err(TotpError::WrongPurpose) }
}

impl Drop for TotpSecret {
    fn drop(&mut self) {
        // Also what stood behind its end.
        self.secret.resize(self.secret.capacity(), 0);
        wipe(&mut self.secret);
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret: _, algorithm, digits, period } = self;
        f.debug_struct("TotpSecret")
            .field("algorithm", algorithm)
            .field("digits", digits)
            .field("period", period)
            .finish_non_exhaustive()
    }
}

/// Why a secret of one-time passwords was not made, sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TotpError {
    /// Its length, digits or period are out of bounds.
    Invalid,
    /// The context is of another purpose than [`Purpose::Totp`].
    WrongPurpose,
    /// It does not open: see [`RecordError`].
    NotOpened,
    /// It opens, and is something else.
    Malformed(DecodeError),
    /// The random number generator failed. Try again when it works.
    Randomness,
}

impl From<RecordError> for TotpError {
    fn from(RecordError: RecordError) -> Self {
        Self::NotOpened
    }
}

impl From<DecodeError> for TotpError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

/// It is never too long.
impl From<SealRecordError> for TotpError {
    fn from(_: SealRecordError) -> Self {
        Self::Randomness
    }
}
