//! HKDF-SHA-256 (RFC 5869), and what is derived the same way in several places.
//!
//! ```text
//! expand(key, info)         = HKDF-Expand(PRK = key, info…, N)
//! hkdf(salt, ikm, info)     = HKDF-Expand(HKDF-Extract(salt, ikm), info…, N)
//! hedged(secret, info, rng) = hkdf(salt = secret, ikm = 32 random bytes, info)
//! ```

use hkdf::Hkdf;
use rand_core::TryCryptoRng;
use sha2::Sha256;
use zeroize::Zeroize;

use crate::secret::{RandomnessFailed, Secret, Transient};

/// A pseudo-random key, ready to be expanded.
pub(crate) struct Prk(Hkdf<Sha256>);

impl Prk {
    /// `HKDF-Extract(salt, ikm)`.
    pub(crate) fn extract(salt: &[u8], ikm: &[u8]) -> Self {
        let (mut prk, hkdf) = Hkdf::extract(Some(salt), ikm);
        prk.as_mut_slice().zeroize();
        Self(hkdf)
    }

    /// Takes a key that is already uniform, instead of extracting one.
    #[allow(
        clippy::expect_used,
        reason = "32 bytes are one SHA-256 output (RFC 5869, section 2.3)"
    )]
    pub(crate) fn from_key(key: &[u8; 32]) -> Self {
        Self(Hkdf::from_prk(key).expect("32 bytes are one SHA-256 output (RFC 5869)"))
    }

    /// `HKDF-Expand(PRK, info…, N)` into `out`. The first part of `info` is a label's bytes.
    #[allow(clippy::expect_used, reason = "N ≤ 255·32 is checked when the crate is compiled")]
    pub(crate) fn expand<const N: usize>(&self, info: &[&[u8]], out: &mut [u8; N]) {
        const { assert!(N <= 255 * 32, "RFC 5869, section 2.3") };
        self.0.expand_multi_info(info, out).expect("N ≤ 255·32, RFC 5869 §2.3");
    }
}

/// `HKDF-Expand(key, info…, N)`, for a key that is uniform.
pub(crate) fn expand<const N: usize>(key: &[u8; 32], info: &[&[u8]]) -> Transient<N> {
    Transient::init_with(|out| Prk::from_key(key).expand(info, out))
}

/// `HKDF(salt, ikm, info…, N)`.
pub(crate) fn hkdf<const N: usize>(salt: &[u8], ikm: &[u8], info: &[&[u8]]) -> Transient<N> {
    Transient::init_with(|out| Prk::extract(salt, ikm).expand(info, out))
}

/// 32 bytes that are secret while either `rng` is good or `secret` is unknown to the attacker. SPEC: R-23.
pub(crate) fn hedged<R: TryCryptoRng + ?Sized>(
    secret: &Secret<32>,
    info: &[&[u8]],
    rng: &mut R,
) -> Result<Secret<32>, RandomnessFailed> {
    let random = Transient::<32>::random(rng)?;
    let prk = Prk::extract(secret.expose(), random.expose());
    Ok(Secret::init_with(|out| prk.expand(info, out)))
}
