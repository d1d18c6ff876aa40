//! What wraps keys: a key of this device, a passphrase, a recovery code, somebody's X25519 key, another service, or a keyring.

use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

use super::keyring::Keyring;
#[cfg(feature = "password")]
use super::password::{Passphrase, PasswordParameters};
use super::recovery::key::{RecoveryCodeKey, RecoveryCodeRecipient};
use crate::keys::identity::InvalidKey;
use crate::label::{AtRest, Label};
use crate::limits::MAX_KEK_REF;
use crate::primitives::agreement::{PublicKey, SecretKey};
use crate::primitives::hash;
use crate::secret::{RandomnessFailed, Secret};

/// A service that wraps keys: a KMS, a platform's keystore. It is given 32 bytes to wrap, and a hash of what they are bound to,
/// which says nothing to whoever reads its log.
///
/// How long it may take, and how often it is asked again, is the implementation's to decide.
pub trait Kek {
    /// The name by which the key is found again, at most 64 bytes; it is stored in clear.
    fn kek_ref(&self) -> &[u8];

    /// Wraps a key, bound to `aad`. The result has at most
    /// [`limits::MAX_KEK_BLOB`](crate::limits::MAX_KEK_BLOB) bytes; a longer one is taken for [`KekError::Invalid`].
    ///
    /// # Errors
    /// [`KekError`].
    fn wrap_key(&self, aad: &[u8; 32], key: &Secret<32>) -> Result<Vec<u8>, KekError>;

    /// Unwraps what [`wrap_key`](Self::wrap_key) gave, if it was bound to the same `aad`.
    ///
    /// # Errors
    /// [`KekError`].
    fn unwrap_key(&self, aad: &[u8; 32], blob: &[u8]) -> Result<Secret<32>, KekError>;
}

/// [`Kek`] for those who wait without a thread. Belongs to no runtime. Implement the two for two types: their methods have the same names.
pub trait AsyncKek {
    /// As [`Kek::kek_ref`].
    fn kek_ref(&self) -> &[u8];

    /// As [`Kek::wrap_key`].
    ///
    /// # Errors
    /// [`KekError`].
    fn wrap_key(
        &self,
        aad: &[u8; 32],
        key: &Secret<32>,
    ) -> impl Future<Output = Result<Vec<u8>, KekError>>;

    /// As [`Kek::unwrap_key`].
    ///
    /// # Errors
    /// [`KekError`].
    fn unwrap_key(
        &self,
        aad: &[u8; 32],
        blob: &[u8],
    ) -> impl Future<Output = Result<Secret<32>, KekError>>;
}

/// Why a service did not wrap or unwrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KekError {
    /// It does not answer, or not what can be understood. Try again later: best inside of the [`Kek`], so that nothing above has to.
    Unavailable,
    /// It does not allow it. Somebody should know.
    Denied,
    /// It says that this is no key that it has wrapped, or not for this.
    Invalid,
}

/// A key of this device that wraps others: 32 bytes that the platform keeps, used for nothing else.
#[derive(Debug)]
pub struct LocalKek {
    reference: Vec<u8>,
    key: Secret<32>,
}

impl LocalKek {
    /// A key that the platform has kept, under the name that it has there.
    ///
    /// # Errors
    /// [`ReferenceTooLong`] above [`limits::MAX_KEK_REF`](crate::limits::MAX_KEK_REF) bytes.
    pub fn new(reference: &[u8], key: Secret<32>) -> Result<Self, ReferenceTooLong> {
        if reference.len() > MAX_KEK_REF {
            return Err(ReferenceTooLong);
        }
        Ok(Self { reference: reference.to_vec(), key })
    }

    /// The name.
    #[must_use]
    pub fn kek_ref(&self) -> &[u8] {
        &self.reference
    }

    pub(crate) const fn key(&self) -> &Secret<32> {
        &self.key
    }
}

/// The name of a key is longer than [`limits::MAX_KEK_REF`](crate::limits::MAX_KEK_REF) bytes. Use a hash of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReferenceTooLong;

/// An X25519 key pair to which keys can be wrapped by whoever has its public half. Not an identity's: this one may be kept offline.
pub struct RecipientKey(SecretKey);

impl RecipientKey {
    /// Makes a new one. Draws 32 bytes.
    ///
    /// # Errors
    /// [`RandomnessFailed`].
    pub fn generate<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, RandomnessFailed> {
        Secret::random(rng).map(Self::from_secret)
    }

    /// The one that was stored.
    #[must_use]
    pub fn from_secret(secret: Secret<32>) -> Self {
        Self(SecretKey::new(secret))
    }

    /// The secret half, to store, sealed.
    #[must_use]
    pub fn secret(&self) -> &Secret<32> {
        self.0.secret()
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> Recipient {
        Recipient(*self.0.public())
    }

    pub(crate) const fn pair(&self) -> &SecretKey {
        &self.0
    }
}

impl fmt::Debug for RecipientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecipientKey").field("public", &self.public()).finish_non_exhaustive()
    }
}

/// The public half of a [`RecipientKey`], 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipient(PublicKey);

impl Recipient {
    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`InvalidKey`] for an encoding that is not canonical or of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, InvalidKey> {
        PublicKey::from_bytes(bytes).map(Self).ok_or(InvalidKey)
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        *self.0.as_bytes()
    }

    /// What names it in wrapped keys.
    pub(crate) fn reference(&self) -> [u8; 8] {
        let [a, b, c, d, e, f, g, h, ..] =
            hash::sha256(Label::AtRest(AtRest::Recipient), &[self.0.as_bytes()]);
        [a, b, c, d, e, f, g, h]
    }

    pub(crate) const fn key(&self) -> &PublicKey {
        &self.0
    }
}

/// Which code of which recovery set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodeId {
    pub(crate) set_id: [u8; 16],
    pub(crate) index: u8,
}

/// What a key is wrapped with.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum WrapWith<'a> {
    /// A key of this device.
    Local(&'a LocalKek),
    /// A passphrase, and how hard it is to try another one.
    #[cfg(feature = "password")]
    Passphrase(&'a Passphrase, PasswordParameters),
    /// Somebody's public key.
    Recipient(&'a Recipient),
    /// A recovery code, by its public half.
    Code(&'a RecoveryCodeRecipient),
    /// Another service.
    Service(&'a dyn Kek),
    /// The active root key of a keyring.
    Keyring(&'a Keyring),
}

/// What a key is unwrapped with. Exactly this is tried, and only if the wrapped key names it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum UnwrapWith<'a> {
    /// A key of this device.
    Local(&'a LocalKek),
    /// A passphrase.
    #[cfg(feature = "password")]
    Passphrase(&'a Passphrase),
    /// Our own key pair.
    Recipient(&'a RecipientKey),
    /// A recovery code.
    Code(&'a RecoveryCodeKey),
    /// Another service.
    Service(&'a dyn Kek),
    /// A keyring, with the root key of it that was active then.
    Keyring(&'a Keyring),
}
