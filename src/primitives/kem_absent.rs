//! What stands in the place of ML-KEM-1024 without feature `pq`: the same names, and no values.
//!
//! The hybrid suite does not exist then, so no code path that names these types is ever taken; the types say so.

use alloc::boxed::Box;

use rand_core::TryCryptoRng;

use crate::secret::{RandomnessFailed, Secret, Transient};

pub(crate) const PUBLIC_LEN: usize = 1568;
pub(crate) const CIPHERTEXT_LEN: usize = 1568;
pub(crate) const SEED_LEN: usize = 64;

/// No value. Private to this file, so that code which names the types below is checked as if they had values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Never {}

/// An encapsulation key: there is none.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KemPublic(Never);

impl KemPublic {
    pub(crate) fn from_bytes(_: &[u8; PUBLIC_LEN]) -> Option<Self> {
        None
    }

    pub(crate) fn encapsulate(&self, _: &Secret<32>) -> (Box<[u8; CIPHERTEXT_LEN]>, Transient<32>) {
        match self.0 {}
    }
}

impl AsRef<[u8]> for KemPublic {
    fn as_ref(&self) -> &[u8] {
        match self.0 {}
    }
}

/// A seed: there is none.
pub(crate) struct Seed(Never);

impl Seed {
    /// Never called: no suite that exists asks for a seed.
    pub(crate) fn random<R: TryCryptoRng + ?Sized>(_: &mut R) -> Result<Self, RandomnessFailed> {
        Err(RandomnessFailed)
    }

    pub(crate) fn from_bytes(_: &[u8; SEED_LEN]) -> Option<Self> {
        None
    }

    pub(crate) fn expose(&self) -> &[u8; SEED_LEN] {
        match self.0 {}
    }

    pub(crate) fn expand(&self) -> KeyPair {
        match self.0 {}
    }
}

/// A key pair: there is none.
pub(crate) struct KeyPair(Never);

impl KeyPair {
    pub(crate) fn public(&self) -> &KemPublic {
        match self.0 {}
    }

    pub(crate) fn decapsulate(&self, _: &[u8; CIPHERTEXT_LEN]) -> Transient<32> {
        match self.0 {}
    }
}
