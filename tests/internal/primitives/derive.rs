//! Cobblestone-256's key derivation a second time, from HMAC-SHA-512 alone, and plain AES-256-GCM with what it gives.
//!
//! What the tests say about (K, nonce) they say with this one; `cobblestone` shows that it and the crate's are the
//! specification's.

use alloc::vec::Vec;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;

pub(super) const CHUNK: usize = 16_384;
pub(super) const TAG: usize = 16;
/// Salt and commitment.
pub(super) const HEADER: usize = 24 + 32;

pub(super) struct Derived {
    pub(super) key: [u8; 32],
    pub(super) base_nonce: [u8; 12],
    pub(super) commitment: [u8; 32],
}

/// RFC 5869, section 2.3, for two blocks: `T(1) = HMAC(PRK, info ‖ 1)`, `T(2) = HMAC(PRK, T(1) ‖ info ‖ 2)`.
pub(super) fn derive(key: &[u8], salt: &[u8], context: &[u8]) -> Derived {
    let info = [b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0", salt, context].concat();
    let hmac = |parts: &[&[u8]]| {
        let mut mac = Hmac::<Sha512>::new_from_slice(key).unwrap();
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes()
    };
    let first = hmac(&[&info, &[1]]);
    let second = hmac(&[&first, &info, &[2]]);
    let okm = [&first[..], &second].concat();
    Derived {
        key: okm[..32].try_into().unwrap(),
        base_nonce: okm[32..44].try_into().unwrap(),
        commitment: okm[44..76].try_into().unwrap(),
    }
}

impl Derived {
    /// `base_nonce XOR k`, as one 96-bit number.
    pub(super) fn nonce(&self, k: u128) -> [u8; 12] {
        let mut wide = [0; 16];
        wide[4..].copy_from_slice(&self.base_nonce);
        (u128::from_be_bytes(wide) ^ k).to_be_bytes()[4..].try_into().unwrap()
    }

    /// Plain AES-256-GCM: the `k`th chunk, tag and all.
    pub(super) fn open_chunk(&self, k: u128, chunk: &[u8]) -> Option<Vec<u8>> {
        let (sealed, tag) = chunk.split_last_chunk::<TAG>()?;
        let mut out = sealed.to_vec();
        Aes256Gcm::new(&self.key.into())
            .decrypt_inout_detached(
                &Nonce::from(self.nonce(k)),
                &[],
                out.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .ok()
            .map(|()| out)
    }
}
