//! Randomness that was drawn before it is used, so that what takes several steps fails before the first of them, or not at all.
//! SPEC: R-24.

use core::fmt;

use rand_core::{TryCryptoRng, TryRng};

use crate::secret::{RandomnessFailed, Secret};
use crate::session::Session;

/// What encrypting one message draws.
pub(super) struct Drawn {
    bytes: Secret<{ Session::MOST_DRAWN }>,
    used: usize,
}

impl Drawn {
    pub(super) fn new<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, RandomnessFailed> {
        Ok(Self { bytes: Secret::random(rng)?, used: 0 })
    }
}

/// More was asked for than one message takes.
#[derive(Debug)]
pub(super) struct UsedUp;

impl fmt::Display for UsedUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no more randomness was drawn")
    }
}

impl core::error::Error for UsedUp {}

impl TryRng for Drawn {
    type Error = UsedUp;

    fn try_next_u32(&mut self) -> Result<u32, UsedUp> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, UsedUp> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// No byte is given out twice.
    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), UsedUp> {
        let end = self.used.saturating_add(out.len());
        let bytes = self.bytes.expose().get(self.used..end).ok_or(UsedUp)?;
        out.copy_from_slice(bytes);
        self.used = end;
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}
