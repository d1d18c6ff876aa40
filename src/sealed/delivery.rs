//! Who may send us sealed messages, when the relay does not know who sends: whoever has been given our delivery token.
//!
//! ```text
//! token    = HKDF-Expand(delivery key, Label::DeliveryToken, 32)         the user gives it to those who may write
//! verifier = SHA-256(Label::DeliveryVerifier ‖ token)                     the relay has it, and compares
//! ```
//!
//! It says nothing of who presents it: everybody who may write has the same. Whoever is to be shut out makes a new key needed,
//! and a new token for all the others.

use core::fmt;

use rand_core::TryCryptoRng;

use crate::label::Label;
use crate::primitives::hash;
use crate::primitives::kdf::expand;
use crate::secret::{RandomnessFailed, Secret, equal};

/// A user's own delivery key, 32 bytes. Store it, sealed, on the user's devices only.
#[derive(Debug)]
pub struct DeliveryKey(Secret<32>);

impl DeliveryKey {
    /// Makes a new key. Draws 32 bytes.
    ///
    /// # Errors
    /// [`RandomnessFailed`].
    pub fn generate<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, RandomnessFailed> {
        Secret::random(rng).map(Self)
    }

    /// The key that was stored.
    #[must_use]
    pub const fn from_secret(key: Secret<32>) -> Self {
        Self(key)
    }

    /// The key, to store.
    #[must_use]
    pub const fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// The token to give to those who may write, over a session with each.
    #[must_use]
    pub fn token(&self) -> DeliveryToken {
        DeliveryToken(expand(self.0.expose(), &[Label::DeliveryToken.bytes()]).store())
    }
}

/// What a sender shows to the relay, 32 bytes: the right to write to one user.
pub struct DeliveryToken(Secret<32>);

impl DeliveryToken {
    /// The token that a contact has given us.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Secret::init_with(|token| *token = *bytes))
    }

    /// The bytes: for contacts and, beside a sealed message, for the relay.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// What the relay keeps, so that what it keeps does not give the right to write.
    #[must_use]
    pub fn verifier(&self) -> DeliveryVerifier {
        DeliveryVerifier(hash::sha256(Label::DeliveryVerifier, &[self.0.expose()]))
    }
}

impl fmt::Debug for DeliveryToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeliveryToken(..)")
    }
}

/// What the relay keeps of a user's token, 32 bytes.
#[derive(Clone, Copy, Debug)]
pub struct DeliveryVerifier([u8; 32]);

impl DeliveryVerifier {
    /// From the stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Is this the user's token? Compared in constant time. SPEC: R-86.
    #[must_use]
    pub fn accepts(&self, token: &DeliveryToken) -> bool {
        equal(&self.0, &token.verifier().0)
    }
}
