//! X25519 (RFC 7748), without its two loose ends.
//!
//! A [`PublicKey`] exists only in its one canonical encoding and is never of small order, so that agreement cannot fail
//! and its result is never zero. SPEC.

use x25519_dalek::{PublicKey as DalekPublic, StaticSecret};

use super::is_reduced;
use crate::secret::{Secret, Transient};

/// The canonical encodings of the *u*-coordinates of small order, on the curve and on its twist. The other encodings of
/// these points are not reduced. Recomputed in `tests`.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ],
    [
        0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef,
        0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f,
        0x11, 0x57,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
];

/// An X25519 public key: canonical, and not of small order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PublicKey([u8; 32]);

impl PublicKey {
    /// `None` for an encoding that is not canonical and for a point of small order.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let top_bit_clear = bytes.last().is_some_and(|byte| byte & 0x80 == 0);
        (top_bit_clear && is_reduced(bytes) && !SMALL_ORDER.contains(bytes)).then_some(Self(*bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl AsRef<[u8]> for PublicKey {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

// SPEC: R-126. The dalek secret lives for one call and wipes itself when it is dropped; nothing here asks it to.
/// An X25519 secret with its public key, which is computed once.
pub(crate) struct SecretKey {
    secret: Secret<32>,
    public: PublicKey,
}

impl SecretKey {
    /// Multiplies the base point. The result is a multiple of it and so neither of small order nor unreduced.
    pub(crate) fn new(secret: Secret<32>) -> Self {
        let public = DalekPublic::from(&StaticSecret::from(*secret.expose()));
        Self { secret, public: PublicKey(public.to_bytes()) }
    }

    /// Puts together what was stored together.
    pub(crate) fn from_parts(secret: Secret<32>, public: PublicKey) -> Self {
        Self { secret, public }
    }

    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn secret(&self) -> &Secret<32> {
        &self.secret
    }

    /// `DH(self, theirs)`. Never zero: `theirs` is not of small order.
    pub(crate) fn agree(&self, theirs: &PublicKey) -> Transient<32> {
        let secret = StaticSecret::from(*self.secret.expose());
        let shared = secret.diffie_hellman(&DalekPublic::from(theirs.0));
        Transient::init_with(|out| *out = *shared.as_bytes())
    }
}
