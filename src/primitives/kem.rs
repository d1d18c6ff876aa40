//! ML-KEM-1024 (FIPS 203), from seeds and standard encodings only.
//!
//! A decapsulation key is kept as the 64-byte seed `d ‖ z` and expanded when it is used, so that what is stored never
//! depends on a backend's layout. SPEC: R-56. A ciphertext that was not made for the key gives another secret, not an
//! error (implicit rejection): the message then fails as any forged one. SPEC: R-11.
//!
//! Without feature `pq` the file beside this one stands in its place, with the same names and no values.

use alloc::boxed::Box;
use core::ops::IndexMut;

use libcrux_ml_kem::mlkem1024::{
    self, MlKem1024Ciphertext, MlKem1024PrivateKey, MlKem1024PublicKey,
};
use rand_core::TryCryptoRng;
use zeroize::Zeroize;

use crate::secret::{RandomnessFailed, Secret, Transient};

/// Length of an encapsulation key, in bytes.
pub(crate) const PUBLIC_LEN: usize = 1568;
/// Length of a ciphertext, in bytes.
pub(crate) const CIPHERTEXT_LEN: usize = 1568;
/// Length of a seed, in bytes.
pub(crate) const SEED_LEN: usize = 64;

/// An encapsulation key that has passed the modulus check of FIPS 203, section 7.2. SPEC: R-10.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KemPublic(Box<[u8; PUBLIC_LEN]>);

impl KemPublic {
    /// `None` when a coefficient is not reduced.
    pub(crate) fn from_bytes(bytes: &[u8; PUBLIC_LEN]) -> Option<Self> {
        mlkem1024::validate_public_key(&MlKem1024PublicKey::from(bytes))
            .then(|| Self(Box::new(*bytes)))
    }

    /// ML-KEM.Encaps_internal(ek, m), FIPS 203, Algorithm 17: the ciphertext and the shared secret.
    pub(crate) fn encapsulate(&self, m: &Secret<32>) -> (Box<[u8; CIPHERTEXT_LEN]>, Transient<32>) {
        let public = MlKem1024PublicKey::from(&*self.0);
        let (ciphertext, mut shared) = mlkem1024::encapsulate(&public, *m.expose());
        let out = Transient::init_with(|out| *out = shared);
        shared.zeroize();
        (Box::new(*ciphertext.as_slice()), out)
    }
}

impl AsRef<[u8]> for KemPublic {
    fn as_ref(&self) -> &[u8] {
        self.0.as_slice()
    }
}

/// The seed of a key pair, `d ‖ z`.
pub(crate) struct Seed(Secret<SEED_LEN>);

impl Seed {
    /// Draws 64 bytes.
    pub(crate) fn random<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, RandomnessFailed> {
        Secret::random(rng).map(Self)
    }

    /// A seed that was stored. Any 64 bytes are one.
    pub(crate) fn from_bytes(bytes: &[u8; SEED_LEN]) -> Option<Self> {
        Some(Self(Secret::init_with(|seed| *seed = *bytes)))
    }

    pub(crate) fn expose(&self) -> &[u8; SEED_LEN] {
        self.0.expose()
    }

    /// ML-KEM.KeyGen_internal(d, z), FIPS 203, Algorithm 16.
    pub(crate) fn expand(&self) -> KeyPair {
        let (private, public) = mlkem1024::generate_key_pair(*self.0.expose()).into_parts();
        KeyPair { private, public: KemPublic(Box::new(*public.as_slice())) }
    }
}

/// An expanded key pair, wiped when dropped.
pub(crate) struct KeyPair {
    private: MlKem1024PrivateKey,
    public: KemPublic,
}

impl KeyPair {
    pub(crate) fn public(&self) -> &KemPublic {
        &self.public
    }

    /// ML-KEM.Decaps, FIPS 203, Algorithm 21.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8; CIPHERTEXT_LEN]) -> Transient<32> {
        let mut shared =
            mlkem1024::decapsulate(&self.private, &MlKem1024Ciphertext::from(ciphertext));
        let out = Transient::init_with(|out| *out = shared);
        shared.zeroize();
        out
    }
}

impl Drop for KeyPair {
    fn drop(&mut self) {
        self.private.index_mut(0..MlKem1024PrivateKey::len()).zeroize();
    }
}
