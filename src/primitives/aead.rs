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
use aes_gcm::aead::consts::U12;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use hkdf::Hkdf;
use sha2::Sha512;

use crate::secret::{Transient, equal, wipe};

/// Length of a salt, in bytes.
pub(crate) const SALT_LEN: usize = 24;
pub(crate) const COMMITMENT_LEN: usize = 32;
pub(crate) const TAG_LEN: usize = 16;
/// Plaintext in each chunk but the last, in bytes.
pub(crate) const CHUNK: usize = 16_384;
pub(crate) const SEALED_CHUNK: usize = CHUNK + TAG_LEN;
/// Length of what stands before the chunks, in bytes.
pub(crate) const HEADER_LEN: usize = SALT_LEN + COMMITMENT_LEN;
/// Length of the shortest message, in bytes: salt, commitment, and the tag of one empty chunk.
pub(crate) const MIN_LEN: usize = HEADER_LEN + TAG_LEN;

/// What a message is bound to: a label, a header of fixed length, and the caller's data. So the three need no lengths.
pub(crate) type Context<'a> = [&'a [u8]; 3];

/// The message was not made with this key and context, or has been changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unauthentic;

/// Length of the message for a plaintext of `len` bytes; saturating, so that a bound still refuses it.
pub(crate) fn sealed_len(len: usize) -> usize {
    let chunks = (len / CHUNK).saturating_add(1);
    len.saturating_add(chunks.saturating_mul(TAG_LEN)).saturating_add(HEADER_LEN)
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
    out.extend_from_slice(&keys.header(salt));
    let stream = keys.stream();
    let mut chunks = plaintext.chunks_exact(CHUNK);
    let mut k = 0;
    for chunk in &mut chunks {
        seal_chunk(out, &stream, k, chunk);
        k = k.wrapping_add(1);
    }
    seal_chunk(out, &stream, k, chunks.remainder());
}

fn seal_chunk(out: &mut Vec<u8>, stream: &Stream, k: u64, chunk: &[u8]) {
    let start = out.len();
    out.extend_from_slice(chunk);
    let (_, place) = out.split_at_mut(start);
    let tag = stream.seal(k, place);
    out.extend_from_slice(&tag);
}

/// Opens a whole message. Nothing is returned before every chunk has verified; on failure what was decrypted is wiped.
pub(crate) fn open(
    key: &[u8; 32],
    context: Context<'_>,
    message: &[u8],
) -> Result<Vec<u8>, Unauthentic> {
    let (keys, body) = opening_keys(key, context, message)?;
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

/// The keys of a message that commits to them, and its chunks.
fn opening_keys<'a>(
    key: &[u8; 32],
    context: Context<'_>,
    message: &'a [u8],
) -> Result<(Keys, &'a [u8]), Unauthentic> {
    let (header, body) = message.split_first_chunk().ok_or(Unauthentic)?;
    Ok((Keys::committed(key, header, context)?, body))
}

fn open_chunks(out: &mut Vec<u8>, keys: &Keys, body: &[u8]) -> Result<(), Unauthentic> {
    let stream = keys.stream();
    let mut chunks = body.chunks_exact(SEALED_CHUNK);
    let mut k = 0;
    for chunk in &mut chunks {
        open_chunk(out, &stream, k, chunk)?;
        k = k.wrapping_add(1);
    }
    open_chunk(out, &stream, k, chunks.remainder())
}

fn open_chunk(out: &mut Vec<u8>, stream: &Stream, k: u64, chunk: &[u8]) -> Result<(), Unauthentic> {
    let (sealed, tag) = chunk.split_last_chunk::<TAG_LEN>().ok_or(Unauthentic)?;
    let start = out.len();
    out.extend_from_slice(sealed);
    let (_, place) = out.split_at_mut(start);
    stream.open(k, place, tag)
}

/// Makes the message where its plaintext is: `buffer` becomes `prefix` and then the message. Allocates nothing if there is room for
/// both, and otherwise leaves the plaintext in what it gives back.
pub(crate) fn seal_in_place(
    buffer: &mut Vec<u8>,
    prefix: &[u8],
    key: &[u8; 32],
    salt: &[u8; SALT_LEN],
    context: Context<'_>,
) {
    let keys = Keys::derive(key, salt, context);
    let stream = keys.stream();
    let (len, start) = (buffer.len(), prefix.len().saturating_add(HEADER_LEN));
    buffer.resize(prefix.len().saturating_add(sealed_len(len)), 0);
    // Chunks move to the right, over what has moved already.
    for k in (0..=len / CHUNK).rev() {
        let from = k.saturating_mul(CHUNK);
        let end = from.saturating_add(CHUNK).min(len);
        let to = start.saturating_add(k.saturating_mul(SEALED_CHUNK));
        buffer.copy_within(from..end, to);
        let (_, rest) = buffer.split_at_mut(to);
        let (chunk, rest) = rest.split_at_mut(end.saturating_sub(from));
        let (tag, _) = rest.split_at_mut(TAG_LEN);
        tag.copy_from_slice(&stream.seal(counter(k), chunk));
    }
    for (to, from) in buffer.iter_mut().zip(prefix.iter().chain(&keys.header(salt))) {
        *to = *from;
    }
}

/// Opens the message that stands in `buffer` behind `prefix` bytes, where it is: `buffer` becomes its plaintext. On failure it is
/// wiped, and empty.
pub(crate) fn open_in_place(
    buffer: &mut Vec<u8>,
    prefix: usize,
    key: &[u8; 32],
    context: Context<'_>,
) -> Result<(), Unauthentic> {
    let opened = try_open_in_place(buffer, prefix, key, context);
    let end = opened.unwrap_or(0);
    let (_, behind) = buffer.split_at_mut(end);
    wipe(behind);
    buffer.truncate(end);
    opened.map(|_| ())
}

/// The length of the plaintext, behind which the rest of the message is left.
fn try_open_in_place(
    buffer: &mut [u8],
    prefix: usize,
    key: &[u8; 32],
    context: Context<'_>,
) -> Result<usize, Unauthentic> {
    let (_, message) = buffer.split_at_checked(prefix).ok_or(Unauthentic)?;
    let (keys, body) = opening_keys(key, context, message)?;
    let (stream, body_len) = (keys.stream(), body.len());
    let (mut from, mut to) = (prefix.saturating_add(HEADER_LEN), 0_usize);
    for k in 0..=body_len / SEALED_CHUNK {
        let (_, rest) = buffer.split_at_mut(from);
        let (chunk, _) = rest.split_at_mut(rest.len().min(SEALED_CHUNK));
        let (sealed, tag) = chunk.split_last_chunk_mut::<TAG_LEN>().ok_or(Unauthentic)?;
        stream.open(counter(k), sealed, tag)?;
        let len = sealed.len();
        buffer.copy_within(from..from.saturating_add(len), to);
        (from, to) = (from.saturating_add(SEALED_CHUNK), to.saturating_add(len));
    }
    Ok(to)
}

/// No message in memory has 2^64 chunks.
fn counter(k: usize) -> u64 {
    u64::try_from(k).unwrap_or(u64::MAX)
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

    /// The keys of a message that begins with `header`, if it commits to them.
    pub(crate) fn committed(
        key: &[u8; 32],
        header: &[u8; HEADER_LEN],
        context: Context<'_>,
    ) -> Result<Self, Unauthentic> {
        let (salt, commitment) = header.split_first_chunk().ok_or(Unauthentic)?;
        let keys = Self::derive(key, salt, context);
        if !equal(commitment, keys.commitment.expose()) {
            return Err(Unauthentic);
        }
        Ok(keys)
    }

    /// What stands before the chunks, for the salt that these are of.
    pub(crate) fn header(&self, salt: &[u8; SALT_LEN]) -> [u8; HEADER_LEN] {
        let mut header = [0; HEADER_LEN];
        for (to, from) in header.iter_mut().zip(salt.iter().chain(self.commitment.expose())) {
            *to = *from;
        }
        header
    }

    pub(crate) fn stream(&self) -> Stream {
        let cipher = Aes256Gcm::new(self.key.expose().into());
        let base_nonce = Transient::init_with(|nonce| *nonce = *self.base_nonce.expose());
        Stream { cipher, base_nonce }
    }
}

/// The chunks of one message, in any order and in place. What is the last one, and that nothing is released before all of a
/// message has been seen, is the caller's to see to.
pub(crate) struct Stream {
    cipher: Aes256Gcm,
    base_nonce: Transient<12>,
}

impl Stream {
    /// AES-256-GCM with a nonce of the caller's, as chunk 0: for what other products have encrypted, and for no other use. There is no
    /// salt and no commitment; whoever encrypts sees to it that no nonce comes twice. SPEC: R-102.
    pub(crate) fn raw(key: &[u8; 32], nonce: &[u8; 12]) -> Self {
        let base_nonce = Transient::init_with(|base| *base = *nonce);
        Self { cipher: Aes256Gcm::new(key.into()), base_nonce }
    }

    /// Encrypts chunk `k` where it is, at most [`CHUNK`] bytes, or a whole message of a few megabytes, and gives its tag.
    #[allow(clippy::expect_used, reason = "a chunk is far below the bound of AES-GCM")]
    pub(crate) fn seal(&self, k: u64, chunk: &mut [u8]) -> [u8; TAG_LEN] {
        self.cipher
            .encrypt_inout_detached(&self.nonce(k), &[], chunk.into())
            .expect("a message is far below 2^36 − 32 bytes, SP 800-38D §5.2.1.1")
            .into()
    }

    /// Verifies chunk `k`, and then decrypts it where it is.
    pub(crate) fn open(
        &self,
        k: u64,
        chunk: &mut [u8],
        tag: &[u8; TAG_LEN],
    ) -> Result<(), Unauthentic> {
        self.cipher
            .decrypt_inout_detached(&self.nonce(k), &[], chunk.into(), &Tag::from(*tag))
            .map_err(|_| Unauthentic)
    }

    /// `base_nonce XOR k`.
    fn nonce(&self, k: u64) -> Nonce<U12> {
        let mut nonce = *self.base_nonce.expose();
        for (byte, counter) in nonce.iter_mut().skip(4).zip(k.to_be_bytes()) {
            *byte ^= counter;
        }
        Nonce::from(nonce)
    }
}

const PREFIX: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";
