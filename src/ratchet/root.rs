//! The root chain: `KDF_RK` (*The Double Ratchet Algorithm*, "Diffie-Hellman ratchet").
//!
//! Each turn of the conversation mixes one Diffie-Hellman output into the root key and yields the next root key and a
//! fresh chain key:
//!
//! ```text
//! RK', CK = HKDF-SHA-256(salt = RK, ikm = DH(ours, theirs), info = Label::RatchetRoot), 32 + 32 bytes
//! ```
//!
//! Knows nothing of headers, messages or sessions.

use rand_core::TryCryptoRng;

use crate::chain::ChainKey;
use crate::label::Label;
use crate::primitives::agreement::{PublicKey, SecretKey};
use crate::primitives::kdf;
use crate::secret::{RandomnessFailed, Secret};

/// `RK` in the specification.
pub(super) struct RootKey(Secret<32>);

impl RootKey {
    pub(super) const fn new(key: Secret<32>) -> Self {
        Self(key)
    }

    /// For snapshots.
    pub(super) const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// Turns the ratchet once. Implements `KDF_RK`.
    ///
    /// Borrows the old key: it is dropped, and so erased, only when the step that used it is committed. Cannot fail:
    /// `theirs` is not of small order (SPEC: R-01).
    pub(super) fn turn<D>(&self, ours: &SecretKey, theirs: &PublicKey) -> (Self, ChainKey<D>) {
        let dh = ours.agree(theirs);
        let okm = kdf::hkdf::<64>(self.0.expose(), dh.expose(), &[Label::RatchetRoot.bytes()]);
        let (root, chain) = okm.split();
        (Self(root.store()), ChainKey::new(chain))
    }

    /// Makes a ratchet key. Draws 32 bytes, and mixes the root key in, so that a weak generator alone does not make it
    /// known (SPEC: R-23).
    pub(super) fn new_ratchet_key<R: TryCryptoRng + ?Sized>(
        &self,
        rng: &mut R,
    ) -> Result<SecretKey, RandomnessFailed> {
        kdf::hedged(&self.0, &[Label::HedgeRatchet.bytes()], rng).map(SecretKey::new)
    }
}
