//! The floors of groups, by the formulas of `docs/spec.md`, "Groups". What a pairwise message costs is in `floor`.

use core::hint::black_box;

use ed25519_dalek::SigningKey;

use crate::common::TestRng;
use crate::floor::{self, Sealed, Signed, random, sha256};

/// Length of an address in the village, and of an identity.
const MEMBER: usize = 25 + 64;
/// What the hashes of a sender key are of: label, and fields as in the formulas.
const SCOPE: usize = 24 + 1 + 7 + 8 + 32 + MEMBER;
const SENDER: usize = 25 + MEMBER;
const COMMITMENT: usize = 24 + 32;
const KEY_ID: usize = 25 + 3 * 32;
/// What the hashes of a statement are of: no associated data; header, salt, commitment and tag besides the plaintext.
const NO_DATA: usize = 26 + 1;
const CONTENT: usize = 26 + 1 + 38 + 24 + 32 + 16;
/// Label, scope, key id, iteration, two hashes; less the 119 bytes that `Signed` signs besides.
const REST_OF_STATEMENT: usize = 28 + 32 + 16 + 4 + 2 * 32 - 119;

/// A distribution in a group whose id is of 7 bytes.
pub const DISTRIBUTION: usize = 231 + 7;

/// Signatures over statements, used by turns: how long one takes to verify depends on its bits.
pub struct Signatures {
    all: Vec<Signed>,
    used: usize,
}

impl Signatures {
    pub fn new() -> Self {
        let all = (0..64).map(|fill| Signed::new(REST_OF_STATEMENT, fill)).collect();
        Self { all, used: 0 }
    }

    fn next(&mut self) -> &Signed {
        self.used += 1;
        &self.all[self.used % self.all.len()]
    }

    /// A public key.
    pub fn public(&self) -> [u8; 32] {
        self.all[0].public()
    }
}

/// A chain key and a signing key, with their name.
pub fn rotate(rng: &mut TestRng) {
    black_box(random::<32>(rng));
    black_box(SigningKey::from_bytes(&random(rng)));
    sha256(SCOPE);
    sha256(COMMITMENT);
    sha256(KEY_ID);
}

/// The verifying key is decoded, and every name recomputed.
pub fn receive(signing: &[u8; 32]) {
    floor::decode_identity(signing);
    sha256(SENDER);
    sha256(SCOPE);
    sha256(KEY_ID);
    sha256(COMMITMENT);
}

/// One step, one Cobblestone message and a signature. `floor::encrypt` binds a context that is 6 bytes longer, which takes
/// as many blocks of SHA-512. The scope of the epoch is known.
pub fn encrypt(
    chain: &mut [u8; 32],
    signatures: &mut Signatures,
    rng: &mut TestRng,
    plaintext: &[u8],
    out: &mut [u8],
) {
    floor::encrypt(chain, rng, plaintext, out);
    statement(plaintext.len());
    signatures.next().sign();
}

/// The signature is verified, for the scope of the epoch that the message names.
pub fn verify(signatures: &mut Signatures, len: usize) {
    sha256(SCOPE);
    statement(len);
    signatures.next().verify();
}

/// The signature is verified, and the message opened with the next key of the chain.
pub fn decrypt(chain: &mut [u8; 32], signatures: &mut Signatures, sealed: &mut Sealed, len: usize) {
    verify(signatures, len);
    sealed.decrypt(chain);
}

fn statement(len: usize) {
    sha256(NO_DATA);
    sha256(CONTENT + len);
}
