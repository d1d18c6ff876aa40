//! The cryptographic primitives, each behind the narrowest interface that the protocols need.
//!
//! Backends (SPEC: R-134): AES and GHASH with the processor's instructions where it has them, bit-sliced otherwise; curve
//! arithmetic, SHA-2, HMAC and ML-KEM without secret-dependent branches or indices in every backend. What is checked of that,
//! and how, is in `docs/audit.md`.
//!
//! The only place (with `secret`) where another crate's cryptography is named. Nothing here knows a protocol.

pub(crate) mod aead;
pub(crate) mod agreement;
pub(crate) mod hash;
pub(crate) mod kdf;
#[cfg_attr(not(feature = "pq"), path = "kem_absent.rs")]
pub(crate) mod kem;
pub(crate) mod mac;
#[cfg(feature = "password")]
pub(crate) mod password;
#[cfg(feature = "getrandom")]
pub(crate) mod random;
pub(crate) mod sign;

/// Is the little-endian number, without its highest bit, below 2^255 − 19?
///
/// Both curves encode field elements so; only reduced ones are accepted, so that each point has one encoding.
fn is_reduced(bytes: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = bytes;
    let all_ones = last & 0x7f == 0x7f && middle.iter().all(|byte| *byte == 0xff);
    !all_ones || *first < 0xed
}
