//! The floor: AES-256-GCM, with a nonce that is the chunk's number.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce, Tag};
use confidant::FileChunk;

pub struct Gcm(Aes256Gcm);

impl Gcm {
    pub fn new() -> Self {
        Self(Aes256Gcm::new(&[7; 32].into()))
    }

    /// Encrypts a chunk where it is, with its tag behind it.
    pub fn seal(&self, k: u64, chunk: &mut FileChunk) {
        let (text, tag) = chunk.split_last_chunk_mut::<16>().unwrap();
        let made = self.0.encrypt_inout_detached(&nonce(k), &[], text.into()).unwrap();
        *tag = made.into();
    }

    pub fn open(&self, k: u64, chunk: &mut FileChunk) {
        let (text, tag) = chunk.split_last_chunk_mut::<16>().unwrap();
        let tag = Tag::from(*tag);
        self.0.decrypt_inout_detached(&nonce(k), &[], text.into(), &tag).unwrap();
    }
}

fn nonce(k: u64) -> Nonce<aes_gcm::aead::consts::U12> {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&k.to_be_bytes());
    nonce.into()
}
