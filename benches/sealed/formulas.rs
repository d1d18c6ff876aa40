//! The floors of sealed sender and fingerprints, by the formulas of `docs/spec.md`. What they share with conversations is in
//! `floor`.

use core::hint::black_box;

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::inout::InOutBuf;
use aes_gcm::{Aes256Gcm, KeyInit};
use hkdf::Hkdf;
use sha2::{Digest, Sha256, Sha512};

use crate::common::TestRng;
use crate::floor::{self, Sealed, Signed, agree, hkdf, multiply_base, sha256};

/// What names are hashes of: label, address and identity.
const PARTY: usize = 25 + 25 + 64;
/// What M is hedged with: label and terms.
const HEDGE: usize = 25 + 32;
/// Label, E and the recipient's name.
const MASK: usize = 24 + 2 * 32;
/// Label, E, C, both names and the digest.
const TAG: usize = 23 + 5 * 32;
/// Label and public key.
const KEY_ID: usize = 31 + 32;
/// Label and token.
const VERIFIER: usize = 30 + 32;
/// Label and identity.
const IDENTITY: usize = 26 + 64;
/// What the server signs of a sender: label and certificate, less the 119 bytes that `Signed` signs besides. Of a server the root
/// signs 89 bytes, which take as many blocks of SHA-512 as those 119.
const SENDER_STATEMENT: usize = 31 + 332 - 119;
const CHUNK: usize = 16_384;

/// Hashes for the safety number, of each side.
const ITERATIONS: usize = 5_200;

/// Seals `content` into `out`, for that many recipients.
pub fn seal(content: &[u8], out: &mut [u8], recipients: usize, rng: &mut TestRng) {
    digest(content);
    let keys = expand(&floor::hedged(HEDGE, rng));
    black_box(multiply_base(*keys.first_chunk().unwrap()));
    encrypt(&keys[32..64], content, out);
    digest(out);
    (0..recipients).for_each(|_| recipient());
}

/// Name, C and tag.
fn recipient() {
    sha256(PARTY);
    black_box(hkdf::<32>(&agree(), MASK));
    black_box(hkdf::<32>(&agree(), TAG));
}

/// e, K and salt, of M.
fn expand(m: &[u8; 32]) -> [u8; 88] {
    let mut out = [0; 88];
    Hkdf::<Sha256>::from_prk(m).unwrap().expand(black_box(&[1; 24]), &mut out).unwrap();
    out
}

/// `floor::message_keys` binds a context that is 11 bytes longer, which takes as many blocks of SHA-512.
fn encrypt(key: &[u8], content: &[u8], out: &mut [u8]) {
    let keys = floor::message_keys(key.try_into().unwrap());
    let key: [u8; 32] = keys[..32].try_into().unwrap();
    let nonce: [u8; 12] = keys[32..44].try_into().unwrap();
    let cipher = Aes256Gcm::new(&key.into());
    // One chunk more than whole ones, even if it is empty.
    for start in (0..=content.len()).step_by(CHUNK) {
        let range = start..content.len().min(start + CHUNK);
        let both = InOutBuf::new(&content[range.clone()], &mut out[range]).unwrap();
        black_box(cipher.encrypt_inout_detached(&nonce.into(), &[], both).unwrap());
    }
}

/// Hashes content or shared part, behind label and tag.
fn digest(bytes: &[u8]) {
    black_box(Sha256::new_with_prefix(black_box([1; 27])).chain_update(bytes).finalize());
}

/// Opens a sealed message, and reads the two keys in its certificate that have to be points.
pub fn open(sealed: &mut Sealed, shared: &[u8], signatures: &Signatures) {
    sha256(PARTY);
    let m = hkdf(&agree(), MASK);
    black_box(multiply_base(*expand(&m).first_chunk().unwrap()));
    sealed.open();
    let public = signatures.sender[0].public();
    (0..2).for_each(|_| floor::decode_identity(&public));
    sha256(PARTY);
    digest(shared);
    black_box(hkdf::<32>(&agree(), TAG));
}

/// Signatures as in certificates, used by turns: how long one takes to verify depends on its bits.
pub struct Signatures {
    server: Vec<Signed>,
    sender: Vec<Signed>,
    used: usize,
}

impl Signatures {
    pub fn new() -> Self {
        let all = |len| (0..64).map(|fill| Signed::new(len, fill)).collect();
        Self { server: all(0), sender: all(SENDER_STATEMENT), used: 0 }
    }
}

/// The ids of root and server, and both signatures.
pub fn verify(signatures: &mut Signatures) {
    let Signatures { server, sender, used } = signatures;
    *used = (*used + 1) % server.len();
    (0..2).for_each(|_| sha256(KEY_ID));
    server[*used].verify();
    sender[*used].verify();
}

/// The verifier of a token.
pub fn token() {
    sha256(VERIFIER);
}

/// Both sides' hashes.
pub fn safety_number() {
    for _ in 0..2 {
        sha256(IDENTITY);
        let mut hashed = black_box([1; 64 + 33]);
        for _ in 0..ITERATIONS {
            let hash = Sha512::digest(hashed);
            hashed[..64].copy_from_slice(&hash);
        }
        black_box(hashed);
    }
}
