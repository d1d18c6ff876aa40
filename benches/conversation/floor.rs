//! The floors: what each operation cannot do without, by the formulas of `docs/spec.md`.
//!
//! Each function calls the primitives that an operation needs, on inputs of the right lengths, as often as it needs them.
//! There is no framing, parsing or allocation in them and no wiping, except where wiping is the work; what one function
//! computes is not always what the next one takes. So a floor can be approached, and not reached.

use core::hint::black_box;

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use rand_core::TryRng;
use sha2::{Digest, Sha256, Sha512};
use x25519_dalek::{PublicKey, StaticSecret};

use crate::common::TestRng;

/// Plaintext in each chunk of a message but the last, in bytes.
const CHUNK: usize = 16_384;
/// What a message is bound to: prefix, salt, label and header, in bytes.
const MESSAGE_INFO: usize = 48 + 24 + 28 + 42;

pub fn random<const N: usize>(rng: &mut TestRng) -> [u8; N] {
    let mut out = [0; N];
    rng.try_fill_bytes(&mut out).unwrap();
    out
}

/// That many bytes of which nothing is known.
fn bytes(len: usize) -> &'static [u8] {
    static BYTES: [u8; 4_096] = [1; 4_096];
    black_box(&BYTES[..len])
}

/// Hashes `len` bytes.
pub fn sha256(len: usize) {
    black_box(Sha256::digest(bytes(len)));
}

/// An X25519 public key.
pub fn multiply_base(secret: [u8; 32]) -> [u8; 32] {
    PublicKey::from(&StaticSecret::from(secret)).to_bytes()
}

/// One X25519 agreement.
pub fn agree() -> [u8; 32] {
    let theirs = PublicKey::from(black_box([9; 32]));
    StaticSecret::from(black_box([7; 32])).diffie_hellman(&theirs).to_bytes()
}

/// HKDF-SHA-256 to `N` bytes, with a salt of 32 bytes and `info` bytes of info.
pub fn hkdf<const N: usize>(ikm: &[u8], info: usize) -> [u8; N] {
    let mut out = [0; N];
    Hkdf::<Sha256>::new(Some(bytes(32)), ikm).expand(bytes(info), &mut out).unwrap();
    out
}

/// A hedged secret: 32 random bytes through HKDF.
pub fn hedged(info: usize, rng: &mut TestRng) -> [u8; 32] {
    hkdf(&random::<32>(rng), info)
}

/// One step of a chain: the message key, and the chain key in its place.
pub fn step(chain: &mut [u8; 32]) -> [u8; 32] {
    let keyed = Hmac::<Sha256>::new_from_slice(chain).unwrap();
    let message_key = keyed.clone().chain_update([1]).finalize().into_bytes();
    *chain = keyed.chain_update([2]).finalize().into_bytes().into();
    message_key.into()
}

/// Passes over `jump` messages and keeps the keys of the last `keep`.
pub fn pass_over(jump: u32, keep: u32) {
    let mut chain = black_box([6; 32]);
    for left in (1..=jump).rev() {
        if left > keep {
            let keyed = Hmac::<Sha256>::new_from_slice(&chain).unwrap();
            chain = keyed.chain_update([2]).finalize().into_bytes().into();
        } else {
            black_box(step(&mut chain));
        }
    }
    black_box(chain);
}

/// One turn of the ratchet: an agreement and KDF_RK.
pub fn turn() -> [u8; 64] {
    hkdf(&agree(), 25)
}

/// A new ratchet key, and the turn that it makes.
pub fn new_turn(rng: &mut TestRng) {
    black_box(multiply_base(hedged(26, rng)));
    black_box(turn());
}

/// The key schedule of the handshake, for `shared` shared secrets.
pub fn handshake_keys(shared: usize) {
    black_box(hkdf::<192>(bytes(32 + 32 * shared), 60));
}

/// Key, nonce and commitment of one message.
pub fn message_keys(message_key: &[u8; 32]) -> [u8; 76] {
    let mut prk = [0; 64];
    prk[..32].copy_from_slice(message_key);
    let mut out = [0; 76];
    Hkdf::<Sha512>::from_prk(&prk).unwrap().expand(bytes(MESSAGE_INFO), &mut out).unwrap();
    out
}

fn cipher(message_key: &[u8; 32]) -> (Aes256Gcm, Nonce<U12>) {
    let keys = message_keys(message_key);
    let key: [u8; 32] = keys[..32].try_into().unwrap();
    let nonce: [u8; 12] = keys[32..44].try_into().unwrap();
    (Aes256Gcm::new(&key.into()), nonce.into())
}

/// Encrypts `plaintext` into `out`, under the next key of a chain.
pub fn encrypt(chain: &mut [u8; 32], rng: &mut TestRng, plaintext: &[u8], out: &mut [u8]) {
    let message_key = step(chain);
    black_box(random::<24>(rng));
    let (cipher, nonce) = cipher(&message_key);
    let (whole, last) = plaintext.as_chunks::<CHUNK>();
    let (places, last_place) = out.as_chunks_mut::<CHUNK>();
    for (chunk, place) in whole.iter().zip(places) {
        seal(&cipher, &nonce, chunk, place);
    }
    seal(&cipher, &nonce, last, last_place);
}

fn seal(cipher: &Aes256Gcm, nonce: &Nonce<U12>, chunk: &[u8], place: &mut [u8]) {
    let both = InOutBuf::new(chunk, place).unwrap();
    black_box(cipher.encrypt_inout_detached(nonce, &[], both).unwrap());
}

/// A message that [`Sealed::open`] can open, and the place for its plaintext.
pub struct Sealed {
    chunks: Vec<(Vec<u8>, Tag)>,
    plaintext: Vec<u8>,
}

impl Sealed {
    const KEY: [u8; 32] = [8; 32];

    pub fn new(len: usize) -> Self {
        let (cipher, nonce) = cipher(&Self::KEY);
        let sealed = |len| {
            let mut bytes = vec![1; len];
            let tag = cipher.encrypt_inout_detached(&nonce, &[], bytes.as_mut_slice().into());
            (bytes, tag.unwrap())
        };
        let mut chunks: Vec<_> = (0..len / CHUNK).map(|_| sealed(CHUNK)).collect();
        chunks.push(sealed(len % CHUNK));
        Self { chunks, plaintext: vec![0; len.min(CHUNK)] }
    }

    /// Opens the message with a key that is known, and wipes the plaintext.
    pub fn open(&mut self) {
        let (cipher, nonce) = cipher(&black_box(Self::KEY));
        for (bytes, tag) in &self.chunks {
            let place = &mut self.plaintext[..bytes.len()];
            let both = InOutBuf::new(bytes, place).unwrap();
            cipher.decrypt_inout_detached(&nonce, &[], both, tag).unwrap();
            wipe(&mut self.plaintext[..bytes.len()]);
        }
    }

    /// The same, with the next key of a chain.
    pub fn decrypt(&mut self, chain: &mut [u8; 32]) {
        black_box(step(chain));
        self.open();
    }
}

/// Wipes at the speed of memory.
pub fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    zeroize::optimization_barrier(bytes);
}

/// Copies a state, hashes it for its checksum, and wipes the copy.
pub fn write_snapshot(state: &[u8]) {
    let mut bytes = black_box(state).to_vec();
    black_box(Sha256::digest(&bytes));
    wipe(&mut bytes);
}

/// Hashes a state for its checksum, and copies it.
pub fn read_snapshot(state: &[u8]) -> Vec<u8> {
    black_box(Sha256::digest(black_box(state)));
    state.to_vec()
}

/// An Ed25519 and an X25519 key pair from one seed.
pub fn identity(rng: &mut TestRng) {
    let prk = Hkdf::<Sha256>::new(Some(&[]), &random::<32>(rng));
    let derive = |info: &[u8]| {
        let mut out = [0; 32];
        prk.expand(info, &mut out).unwrap();
        out
    };
    black_box(SigningKey::from_bytes(&derive(&[1; 29])));
    black_box(multiply_base(derive(&[2; 28])));
    black_box(derive(&[3; 27]));
}

/// Decodes an Ed25519 public key that may be weak.
pub fn decode_identity(bytes: &[u8; 32]) {
    let key = VerifyingKey::from_bytes(black_box(bytes)).unwrap();
    assert!(!black_box(key.is_weak()));
}

/// A signature that can be made again and verified, over as many bytes as a pre-key's covers.
pub struct Signed {
    key: SigningKey,
    message: Vec<u8>,
    signature: Signature,
}

impl Signed {
    /// `public` is the length of the pre-key, `fill` what it consists of.
    pub fn new(public: usize, fill: u8) -> Self {
        let key = SigningKey::from_bytes(&[3; 32]);
        let message = vec![fill; 29 + 1 + 8 + 1 + 8 + 8 + 64 + public];
        let signature = key.sign(&message);
        Self { key, message, signature }
    }

    pub fn public(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    pub fn sign(&self) {
        black_box(self.key.sign(black_box(&self.message)));
    }

    pub fn verify(&self) {
        let key = black_box(&self.key).as_ref();
        key.verify_strict(black_box(&self.message), &self.signature).unwrap();
    }
}
