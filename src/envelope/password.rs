//! Passphrases: Argon2id (RFC 9106), feature `password`.
//!
//! ```text
//! KEK = Argon2id(passphrase, salt(16), m KiB, t passes, p lanes, 32 bytes)
//! ```
//!
//! The parameters stand beside what was wrapped, and are authenticated with it; outside of the bounds they are refused before anything
//! is computed. SPEC: R-104.

#[cfg(feature = "password")]
use alloc::vec::Vec;

#[cfg(feature = "password")]
use crate::limits::MAX_PASSPHRASE;
use crate::limits::{ARGON2_LANES, ARGON2_MEMORY_KIB, ARGON2_PASSES};
#[cfg(feature = "password")]
use crate::primitives::password::{OutOfMemory, argon2id};
#[cfg(feature = "password")]
use crate::secret::{Transient, wipe};
use crate::wire::codec::{DecodeError, Reader};

/// Argon2 1.3, as RFC 9106 calls it.
const VERSION: u8 = 0x13;
const PARAMETERS_LEN: usize = 1 + 4 + 4 + 1;

/// A passphrase. Wiped when dropped.
#[cfg(feature = "password")]
pub struct Passphrase(Vec<u8>);

#[cfg(feature = "password")]
impl Passphrase {
    /// Takes over what the user has typed, in UTF-8 and normalised (NFC, no white space at the ends), the same way each time.
    ///
    /// # Errors
    /// [`PassphraseError`]. What was given is wiped all the same.
    pub fn new(bytes: Vec<u8>) -> Result<Self, PassphraseError> {
        let passphrase = Self(bytes);
        match passphrase.0.len() {
            0 => Err(PassphraseError::Empty),
            1..=MAX_PASSPHRASE => Ok(passphrase),
            _ => Err(PassphraseError::TooLong),
        }
    }

    pub(crate) fn stretch(
        &self,
        parameters: PasswordParameters,
        salt: &[u8; 16],
    ) -> Result<Transient<32>, OutOfMemory> {
        let PasswordParameters { memory_kib, passes, lanes } = parameters;
        argon2id(&self.0, salt, [memory_kib, passes, lanes.into()])
    }
}

#[cfg(feature = "password")]
impl Drop for Passphrase {
    fn drop(&mut self) {
        // Also what stood behind its end.
        self.0.resize(self.0.capacity(), 0);
        wipe(&mut self.0);
    }
}

#[cfg(feature = "password")]
impl core::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// Why something is no passphrase.
#[cfg(feature = "password")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassphraseError {
    /// It has no bytes.
    Empty,
    /// It is longer than [`limits::MAX_PASSPHRASE`](crate::limits::MAX_PASSPHRASE) bytes.
    TooLong,
}

/// What a passphrase is stretched with: memory in KiB, passes over it, lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordParameters {
    memory_kib: u32,
    passes: u32,
    lanes: u8,
}

impl PasswordParameters {
    /// 64 MiB, 3 passes, one lane: about a tenth of a second.
    pub const DEFAULT: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 1 };
    /// 19 MiB, 2 passes, one lane: for small devices.
    pub const MOBILE: Self = Self { memory_kib: 19 << 10, passes: 2, lanes: 1 };
    /// 256 MiB, 3 passes, one lane: for what leaves the device.
    pub const EXPORT: Self = Self { memory_kib: 256 << 10, passes: 3, lanes: 1 };

    /// Memory 8 MiB to 2 GiB, 1 to 64 passes, 1 to 16 lanes.
    ///
    /// # Errors
    /// [`ParametersOutOfBounds`] outside.
    pub fn new(memory_kib: u32, passes: u32, lanes: u8) -> Result<Self, ParametersOutOfBounds> {
        let within = ARGON2_MEMORY_KIB.contains(&memory_kib)
            && ARGON2_PASSES.contains(&passes)
            && ARGON2_LANES.contains(&lanes);
        within.then_some(Self { memory_kib, passes, lanes }).ok_or(ParametersOutOfBounds)
    }

    /// Memory, in KiB.
    #[must_use]
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn passes(self) -> u32 {
        self.passes
    }

    /// Lanes, which could be computed at once.
    #[must_use]
    pub const fn lanes(self) -> u8 {
        self.lanes
    }

    /// Is there less memory, or are there fewer passes, than the policy of today asks for?
    pub(crate) const fn needs_upgrade(self, policy: Self) -> bool {
        self.memory_kib < policy.memory_kib || self.passes < policy.passes
    }

    pub(crate) fn encode(self) -> [u8; PARAMETERS_LEN] {
        let Self { memory_kib, passes, lanes } = self;
        let ([a, b, c, d], [e, f, g, h]) = (memory_kib.to_be_bytes(), passes.to_be_bytes());
        [VERSION, a, b, c, d, e, f, g, h, lanes]
    }

    /// `Err` inside for what is well-formed and out of bounds.
    pub(crate) fn read(
        reader: &mut Reader<'_>,
    ) -> Result<Result<Self, ParametersOutOfBounds>, DecodeError> {
        if reader.u8()? != VERSION {
            return Err(DecodeError::UnsupportedVersion);
        }
        Ok(Self::new(reader.u32()?, reader.u32()?, reader.u8()?))
    }
}

impl Default for PasswordParameters {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Argon2id is not computed with less memory, or with more work, than
/// [`limits::ARGON2_MEMORY_KIB`](crate::limits::ARGON2_MEMORY_KIB) and its neighbours allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParametersOutOfBounds;
