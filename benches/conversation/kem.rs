//! The KEM's part of the floors.

use core::hint::black_box;

use confidant::Suite;
use libcrux_ml_kem::mlkem1024::{
    self, MlKem1024Ciphertext, MlKem1024PublicKey, decapsulate, generate_key_pair,
};

use crate::common::TestRng;
use crate::floor::{random, sha256};

const SEED: [u8; 64] = [2; 64];
/// Label, kind and key: what a KEM pre-key's id is a hash of.
const ID: usize = 22 + 1 + 1_568;

/// A key pair that is known, and a ciphertext for it.
pub struct Kem {
    public: MlKem1024PublicKey,
    ciphertext: MlKem1024Ciphertext,
}

impl Kem {
    /// `None` for a suite without a KEM.
    pub fn of(suite: Suite) -> Option<Self> {
        if !suite.is_hybrid() {
            return None;
        }
        let (_, public) = generate_key_pair(SEED).into_parts();
        let (ciphertext, _) = mlkem1024::encapsulate(&public, [4; 32]);
        Some(Self { public, ciphertext })
    }

    /// Makes a key pair with its id.
    pub fn generate(&self, rng: &mut TestRng) {
        black_box(generate_key_pair(random(rng)));
        sha256(ID);
    }

    /// Checks a public key.
    pub fn check(&self) {
        assert!(mlkem1024::validate_public_key(black_box(&self.public)));
        sha256(ID);
    }

    pub fn encapsulate(&self, m: [u8; 32]) {
        black_box(mlkem1024::encapsulate(black_box(&self.public), m));
    }

    /// Expands the seed and decapsulates.
    pub fn decapsulate(&self) {
        let pair = generate_key_pair(black_box(SEED));
        black_box(decapsulate(pair.private_key(), black_box(&self.ciphertext)));
    }
}
