//! The operating system's generator, for those who want it from here (feature `getrandom`).

use rand_core::{TryCryptoRng, TryRng};

use crate::secret::RandomnessFailed;

/// The operating system's random number generator.
///
/// Each call asks the system, which costs about as much as one step of a chain; a generator that is seeded from it is
/// faster. Any `rand_core` 0.10 `TryCryptoRng` will do in its place.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl TryRng for SystemRandom {
    type Error = RandomnessFailed;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        getrandom::u32().map_err(|_| RandomnessFailed)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        getrandom::u64().map_err(|_| RandomnessFailed)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        getrandom::fill(bytes).map_err(|_| RandomnessFailed)
    }
}

impl TryCryptoRng for SystemRandom {}
