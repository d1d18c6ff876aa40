//! Ed25519 (RFC 8032), verified strictly.
//!
//! Strict: S < L, canonical A and R, neither of small order, the equation without cofactor. SPEC: R-129. So a signature that verifies
//! here verifies everywhere, and nobody but the signer can make a second one for the same message.

use ed25519_dalek::{
    Signature, Signer, SigningKey as DalekSigning, VerifyingKey as DalekVerifying,
};

use super::is_reduced;
use crate::secret::Secret;

/// An Ed25519 public key: a canonical encoding of a point that is not of small order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct VerifyingKey(DalekVerifying);

impl VerifyingKey {
    /// `None` for an encoding that is not canonical, no point, or a point of small order.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        if !is_reduced(bytes) {
            return None;
        }
        let key = DalekVerifying::from_bytes(bytes).ok()?;
        (!key.is_weak()).then_some(Self(key))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Is `signature` this key's for `message`?
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8; 64]) -> Result<(), BadSignature> {
        let signature = Signature::from_bytes(signature);
        self.0.verify_strict(message, &signature).map_err(|_| BadSignature)
    }
}

/// The signature is not the key's for the message.
#[derive(Debug)]
pub(crate) struct BadSignature;

/// An Ed25519 private key with its public key.
pub(crate) struct SigningKey(alloc::boxed::Box<DalekSigning>);

impl SigningKey {
    pub(crate) fn new(secret: &Secret<32>) -> Self {
        Self(alloc::boxed::Box::new(DalekSigning::from_bytes(secret.expose())))
    }

    pub(crate) fn public(&self) -> VerifyingKey {
        VerifyingKey(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}
