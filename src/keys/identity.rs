//! An identity: an Ed25519 key that signs pre-keys and an X25519 key that agrees, both from one seed.
//!
//! ```text
//! PRK = HKDF-Extract(salt = empty, ikm = seed)
//! Ed25519 secret, X25519 secret, hedge key = HKDF-Expand(PRK, label of each, 32)
//! ```
//!
//! The pair of public keys *is* the identity: both halves stand in every transcript and signature. SPEC: R-03, R-04. The
//! identity signs pre-keys and nothing else; there is no `sign(bytes)`. SPEC: R-132.

use core::fmt;

use rand_core::TryCryptoRng;

use crate::label::Label;
use crate::primitives::agreement::{PublicKey, SecretKey};
use crate::primitives::hash;
use crate::primitives::kdf::Prk;
use crate::primitives::sign::{SigningKey, VerifyingKey};
use crate::secret::{RandomnessFailed, Secret};

/// A device's or user's own identity, with its private keys. Keep the [`seed`](Self::seed), sealed; everything else is
/// made from it.
///
/// ```
/// # fn main() -> Result<(), confidant::RandomnessFailed> {
/// use confidant::Identity;
/// let identity = Identity::generate(&mut getrandom::SysRng)?;
/// let again = Identity::from_seed(confidant::Secret::init_with(|b| *b = *identity.seed().expose()));
/// assert_eq!(identity.public(), again.public());
/// # Ok(()) }
/// ```
pub struct Identity {
    seed: Secret<32>,
    signing: SigningKey,
    agreement: SecretKey,
    hedge: Secret<32>,
}

impl Identity {
    /// Makes a new identity. Draws 32 bytes.
    ///
    /// # Errors
    /// [`RandomnessFailed`].
    pub fn generate<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, RandomnessFailed> {
        Secret::random(rng).map(Self::from_seed)
    }

    /// Makes the identity that belongs to a seed.
    #[must_use]
    pub fn from_seed(seed: Secret<32>) -> Self {
        let prk = Prk::extract(&[], seed.expose());
        let derive = |label: Label| Secret::init_with(|out| prk.expand(&[label.bytes()], out));
        Self {
            signing: SigningKey::new(&derive(Label::IdentitySigning)),
            agreement: SecretKey::new(derive(Label::IdentityAgreement)),
            hedge: derive(Label::IdentityHedge),
            seed,
        }
    }

    /// The seed, 32 bytes: whoever has it is this identity. Store it sealed, and only there.
    #[must_use]
    pub const fn seed(&self) -> &Secret<32> {
        &self.seed
    }

    /// The public half, which others know this identity by.
    #[must_use]
    pub fn public(&self) -> PublicIdentity {
        PublicIdentity { signing: self.signing.public(), agreement: *self.agreement.public() }
    }

    pub(crate) const fn agreement(&self) -> &SecretKey {
        &self.agreement
    }

    pub(crate) const fn hedge(&self) -> &Secret<32> {
        &self.hedge
    }

    /// For pre-keys alone. `message` begins with its label.
    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signing.sign(message)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed: _, signing: _, agreement: _, hedge: _ } = self;
        f.debug_struct("Identity").field("public", &self.public()).finish_non_exhaustive()
    }
}

/// The public half of an identity: an Ed25519 and an X25519 public key, 64 bytes.
///
/// Two are equal when both keys are. **The pair is the identity**: a first message proves possession of the X25519 half only,
/// so never look anybody up by half of it; use the whole, or its [`hash`](Self::hash). What it does not tell is whose it is:
/// compare it out of band.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicIdentity {
    pub(crate) signing: VerifyingKey,
    pub(crate) agreement: PublicKey,
}

impl PublicIdentity {
    /// Length of the encoding, in bytes.
    pub const LEN: usize = 64;

    /// Ed25519 public key (32 bytes) ‖ X25519 public key (32 bytes).
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 64] {
        let mut out = [0; 64];
        let (signing, agreement) = out.split_at_mut(32);
        signing.copy_from_slice(self.signing.as_bytes());
        agreement.copy_from_slice(self.agreement.as_bytes());
        out
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`InvalidKey`] for an encoding that is not canonical, is no point, or is of small order, in either half.
    pub fn from_bytes(bytes: &[u8; 64]) -> Result<Self, InvalidKey> {
        let halves = bytes.split_first_chunk::<32>().zip(bytes.last_chunk::<32>());
        let ((signing, _), agreement) = halves.ok_or(InvalidKey)?;
        Ok(Self {
            signing: VerifyingKey::from_bytes(signing).ok_or(InvalidKey)?,
            agreement: PublicKey::from_bytes(agreement).ok_or(InvalidKey)?,
        })
    }

    /// `SHA-256(label ‖ both keys)`, 32 bytes: a short name for the pair, to store and to index by.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        hash::sha256(Label::IdentityHash, &[&self.to_bytes()])
    }
}

impl fmt::Debug for PublicIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicIdentity(")?;
        for byte in self.hash().iter().take(8) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("..)")
    }
}

/// The bytes are no acceptable public key. Refuse what they came with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidKey;
