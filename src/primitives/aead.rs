//! The one authenticated encryption: Cobblestone-256 (C2SP chunked-encryption, v1).
//!
//! ```text
//! K(32) ‖ base_nonce(12) ‖ commitment(32) = HKDF-Expand-SHA-512(input_key(32),
//!     "c2sp.org/chunked-encryption@v1+" ‖ "AEAD_AES_256_GCM" ‖ 0x00 ‖ salt(24) ‖ context)
//! message = salt ‖ commitment ‖ chunk_0 ‖ … ‖ chunk_n
//! chunk_k = AES-256-GCM(K, base_nonce XOR k, AD = empty, 16,384 bytes; the last one strictly shorter, perhaps empty)
//! ```
//!
//! Commits to key and context: a message opens under one of each. SPEC: R-45, R-46. A fresh salt for every message keeps
//! (K, nonce) fresh even when a state was rolled back and an input key is used twice. SPEC: R-41.
//!
//! Raw AES-GCM is named nowhere else. SPEC: R-102.

use alloc::vec::Vec;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha512;

use crate::secret::{Transient, equal, wipe};

/// Length of a salt, in bytes.
pub(crate) const SALT_LEN: usize = 24;
const COMMITMENT_LEN: usize = 32;
const TAG_LEN: usize = 16;
/// Plaintext in each chunk but the last, in bytes.
const CHUNK: usize = 16_384;
const SEALED_CHUNK: usize = CHUNK + TAG_LEN;
/// Length of the shortest message, in bytes: salt, commitment, and the tag of one empty chunk.
pub(crate) const MIN_LEN: usize = SALT_LEN + COMMITMENT_LEN + TAG_LEN;

/// What a message is bound to: a label, a header of fixed length, and the caller's data. So the three need no lengths.
pub(crate) type Context<'a> = [&'a [u8]; 3];

/// The message was not made with this key and context, or has been changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unauthentic;

/// Length of the message for a plaintext of `len` bytes; saturating, so that a bound still refuses it.
pub(crate) fn sealed_len(len: usize) -> usize {
    let chunks = (len / CHUNK).saturating_add(1);
    len.saturating_add(chunks.saturating_mul(TAG_LEN)).saturating_add(SALT_LEN + COMMITMENT_LEN)
}

/// Appends the message to `out`, which should have room for [`sealed_len`] bytes more.
pub(crate) fn seal_into(
    out: &mut Vec<u8>,
    key: &[u8; 32],
    salt: &[u8; SALT_LEN],
    context: Context<'_>,
    plaintext: &[u8],
) {
    let keys = Keys::derive(key, salt, context);
    out.extend_from_slice(salt);
    out.extend_from_slice(keys.commitment.expose());
    let cipher = keys.cipher();
    let mut chunks = plaintext.chunks_exact(CHUNK);
    let mut k = 0;
    for chunk in &mut chunks {
        seal_chunk(out, &cipher, &keys.nonce(k), chunk);
        k = k.wrapping_add(1);
    }
    seal_chunk(out, &cipher, &keys.nonce(k), chunks.remainder());
}

#[allow(clippy::expect_used, reason = "a chunk is far below the bound of AES-GCM")]
fn seal_chunk(out: &mut Vec<u8>, cipher: &Aes256Gcm, nonce: &[u8; 12], chunk: &[u8]) {
    let start = out.len();
    out.extend_from_slice(chunk);
    let (_, place) = out.split_at_mut(start);
    let tag = cipher
        .encrypt_inout_detached(&Nonce::from(*nonce), &[], place.into())
        .expect("16,384 bytes are below 2^36 − 32, SP 800-38D §5.2.1.1");
    out.extend_from_slice(&tag);
}

/// Opens a whole message. Nothing is returned before every chunk has verified; on failure what was decrypted is wiped.
pub(crate) fn open(
    key: &[u8; 32],
    context: Context<'_>,
    message: &[u8],
) -> Result<Vec<u8>, Unauthentic> {
    let (salt, rest) = message.split_first_chunk::<SALT_LEN>().ok_or(Unauthentic)?;
    let (commitment, body) = rest.split_first_chunk::<COMMITMENT_LEN>().ok_or(Unauthentic)?;
    let keys = Keys::derive(key, salt, context);
    if !equal(commitment, keys.commitment.expose()) {
        return Err(Unauthentic);
    }
    let chunks = (body.len() / SEALED_CHUNK).saturating_add(1);
    let tags = chunks.saturating_mul(TAG_LEN);
    let mut out = Vec::with_capacity(body.len().checked_sub(tags).ok_or(Unauthentic)?);
    match open_chunks(&mut out, &keys, body) {
        Ok(()) => Ok(out),
        Err(error) => {
            wipe(&mut out);
            Err(error)
        }
    }
}

fn open_chunks(out: &mut Vec<u8>, keys: &Keys, body: &[u8]) -> Result<(), Unauthentic> {
    let cipher = keys.cipher();
    let mut chunks = body.chunks_exact(SEALED_CHUNK);
    let mut k = 0;
    for chunk in &mut chunks {
        open_chunk(out, &cipher, &keys.nonce(k), chunk)?;
        k = k.wrapping_add(1);
    }
    open_chunk(out, &cipher, &keys.nonce(k), chunks.remainder())
}

fn open_chunk(
    out: &mut Vec<u8>,
    cipher: &Aes256Gcm,
    nonce: &[u8; 12],
    chunk: &[u8],
) -> Result<(), Unauthentic> {
    let (sealed, tag) = chunk.split_last_chunk::<TAG_LEN>().ok_or(Unauthentic)?;
    let start = out.len();
    out.extend_from_slice(sealed);
    let (_, place) = out.split_at_mut(start);
    cipher
        .decrypt_inout_detached(&Nonce::from(*nonce), &[], place.into(), &Tag::from(*tag))
        .map_err(|_| Unauthentic)
}

/// What one input key, salt and context give.
pub(crate) struct Keys {
    pub(crate) key: Transient<32>,
    pub(crate) base_nonce: Transient<12>,
    pub(crate) commitment: Transient<32>,
}

impl Keys {
    #[allow(clippy::expect_used, reason = "the lengths are constants that HKDF accepts")]
    pub(crate) fn derive(key: &[u8; 32], salt: &[u8; SALT_LEN], context: Context<'_>) -> Self {
        // HMAC pads a short key with zeros, so 32 bytes behind which 32 zeros stand are the same key.
        let padded = Transient::<64>::init_with(|prk| {
            for (to, from) in prk.iter_mut().zip(key) {
                *to = *from;
            }
        });
        let hkdf = Hkdf::<Sha512>::from_prk(padded.expose()).expect("64 bytes, RFC 5869 §2.3");
        let [label, header, data] = context;
        let okm = Transient::<76>::init_with(|okm| {
            hkdf.expand_multi_info(&[PREFIX, salt, label, header, data], okm)
                .expect("76 ≤ 255·64, RFC 5869 §2.3");
        });
        let (key, rest) = okm.split::<32, 44>();
        let (base_nonce, commitment) = rest.split();
        Self { key, base_nonce, commitment }
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.key.expose().into())
    }

    /// `base_nonce XOR k`.
    fn nonce(&self, k: u64) -> [u8; 12] {
        let mut nonce = *self.base_nonce.expose();
        for (byte, counter) in nonce.iter_mut().skip(4).zip(k.to_be_bytes()) {
            *byte ^= counter;
        }
        nonce
    }
}

const PREFIX: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";
