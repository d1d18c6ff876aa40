//! Pre-keys: keys that a device publishes, signed, so that others can begin a conversation while it is away.
//!
//! ```text
//! id        = SHA-256(Label::PreKeyId ‖ kind ‖ public key)[..8]
//! signature = Ed25519(identity, Label::PreKeySignature ‖ kind ‖ id ‖ suite ‖ created ‖ expires ‖ identity ‖ public key)
//! ```
//!
//! Every kind is signed, one-time keys too: SPEC: R-07. Kind and suite are in what is signed, so that no signature serves
//! for another kind (SPEC: R-08), a last-resort key cannot pass for a one-time key (SPEC: R-09), and a bundle of one suite
//! cannot be cut down to another's. An id is derived from its key, so that no restored or re-imported store can give one
//! id to two keys: SPEC: R-17.

use alloc::vec::Vec;
use core::fmt;

use super::identity::{Identity, PublicIdentity};
use super::suite::Suite;
use super::time::UnixTime;
use crate::label::Label;
use crate::limits;
use crate::primitives::hash;

/// What a pre-key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PreKeyKind {
    /// X25519, rotated every few days, used by every handshake.
    Signed,
    /// X25519, used by one handshake.
    OneTime,
    /// ML-KEM-1024, used by one handshake.
    KemOneTime,
    /// ML-KEM-1024, used when the one-time KEM keys have run out, rotated with the signed pre-key.
    KemLastResort,
}

impl PreKeyKind {
    pub(crate) const fn to_byte(self) -> u8 {
        match self {
            Self::Signed => 1,
            Self::OneTime => 2,
            Self::KemOneTime => 3,
            Self::KemLastResort => 4,
        }
    }
}

/// The name of a pre-key: 8 bytes of a hash of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PreKeyId(pub(crate) [u8; 8]);

impl PreKeyId {
    /// Length, in bytes.
    pub const LEN: usize = 8;

    pub(crate) fn of(kind: PreKeyKind, public: &[u8]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] =
            hash::sha256(Label::PreKeyId, &[&[kind.to_byte()], public]);
        Self([a, b, c, d, e, f, g, h])
    }

    /// The bytes, as they stand in a pre-key message.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }
}

impl fmt::Debug for PreKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreKeyId({:016x})", u64::from_be_bytes(self.0))
    }
}

/// A pre-key as published: key, validity, signature. `K` is an X25519 or an ML-KEM public key. Whether the signature is
/// good, only [`verify`](Self::verify) says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SignedKey<K> {
    pub(crate) created: UnixTime,
    pub(crate) expires: UnixTime,
    pub(crate) public: K,
    pub(crate) signature: [u8; 64],
}

impl<K: AsRef<[u8]>> SignedKey<K> {
    /// Signs a key for the time in which it is valid, from the first on and before the second.
    pub(crate) fn sign(
        identity: &Identity,
        kind: PreKeyKind,
        suite: Suite,
        (created, expires): (UnixTime, UnixTime),
        public: K,
    ) -> Self {
        let mut key = Self { created, expires, public, signature: [0; 64] };
        key.signature = identity.sign(&key.statement(kind, suite, &identity.public()));
        key
    }

    pub(crate) fn id(&self, kind: PreKeyKind) -> PreKeyId {
        PreKeyId::of(kind, self.public.as_ref())
    }

    /// Has `identity` signed this key for this kind and suite?
    pub(crate) fn verify(
        &self,
        kind: PreKeyKind,
        suite: Suite,
        identity: &PublicIdentity,
    ) -> Result<(), BundleError> {
        let statement = self.statement(kind, suite, identity);
        let verified = identity.signing.verify(&statement, &self.signature);
        verified.map_err(|_| BundleError::BadSignature(kind))
    }

    /// Is the key to be used at `now`?
    pub(crate) fn check_time(&self, kind: PreKeyKind, now: UnixTime) -> Result<(), BundleError> {
        if now.plus(limits::CLOCK_SKEW) < self.created {
            return Err(BundleError::NotYetValid(kind));
        }
        if now >= self.expires {
            return Err(BundleError::Expired(kind));
        }
        Ok(())
    }

    /// What is signed. Every part before the key has a fixed length.
    fn statement(&self, kind: PreKeyKind, suite: Suite, identity: &PublicIdentity) -> Vec<u8> {
        let id = self.id(kind);
        let parts: [&[u8]; 8] = [
            Label::PreKeySignature.bytes(),
            &[kind.to_byte()],
            id.as_bytes(),
            &[suite.to_byte()],
            &self.created.as_secs().to_be_bytes(),
            &self.expires.as_secs().to_be_bytes(),
            &identity.to_bytes(),
            self.public.as_ref(),
        ];
        parts.concat()
    }
}

/// Why a bundle is not accepted. Fetch a new one; if it fails again, the server or the peer's device is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BundleError {
    /// The pre-key of this kind was not signed by the bundle's identity for this use. Do not retry with this bundle.
    BadSignature(PreKeyKind),
    /// The pre-key of this kind was made more than [`limits::CLOCK_SKEW`] seconds in the future: check the clock.
    NotYetValid(PreKeyKind),
    /// The pre-key of this kind has expired: the peer's device has not renewed it.
    Expired(PreKeyKind),
}
