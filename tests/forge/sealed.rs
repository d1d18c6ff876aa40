//! Sealed messages and certificates as an attacker makes them: with any M, any certificate, and the secrets that he has.
//! Written from `src/docs/spec.md` and `wire.md` alone.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use confidant::{Address, Identity, Party, PublicIdentity};
use ed25519_dalek::{Signer, SigningKey};
use hkdf::Hkdf;
use sha2::{Sha256, Sha512};
use x25519_dalek::{PublicKey, StaticSecret};

use super::{hash, hkdf};

pub const MESSAGE: u8 = 1;
pub const CONTROL: u8 = 2;
/// Version, type, E, C, tag.
pub const HEAD: usize = 98;
const CHUNK: usize = 16_384;

/// What M gives.
pub struct Keys {
    /// `e`.
    pub ephemeral: [u8; 32],
    /// `K`.
    pub content: [u8; 32],
    pub salt: [u8; 24],
}

impl Keys {
    pub fn of(m: &[u8; 32]) -> Self {
        let mut okm = [0; 88];
        let prk = Hkdf::<Sha256>::from_prk(m).unwrap();
        prk.expand(b"confidant/v1/sealed/keys", &mut okm).unwrap();
        Self {
            ephemeral: okm[..32].try_into().unwrap(),
            content: okm[32..64].try_into().unwrap(),
            salt: okm[64..].try_into().unwrap(),
        }
    }
}

/// M and a shared part, for any recipient.
pub struct Sealing {
    m: [u8; 32],
    ephemeral: StaticSecret,
    pub shared: Vec<u8>,
}

impl Sealing {
    /// As an honest sender makes it.
    pub fn new(m: [u8; 32], content: &[u8]) -> Self {
        Self::with_ephemeral(m, Keys::of(&m).ephemeral, content)
    }

    /// With an ephemeral key that need not be M's.
    pub fn with_ephemeral(m: [u8; 32], ephemeral: [u8; 32], content: &[u8]) -> Self {
        let keys = Keys::of(&m);
        let ephemeral = StaticSecret::from(ephemeral);
        let context = shared_context(PublicKey::from(&ephemeral).as_bytes());
        let shared = seal(&keys.content, &keys.salt, &context, content);
        Self { m, ephemeral, shared }
    }

    /// A sealed message, with what sender and recipient share.
    pub fn message(&self, secret: &[u8; 32], from: &Party, to: &Party) -> Vec<u8> {
        let ephemeral = PublicKey::from(&self.ephemeral).to_bytes();
        let theirs = half(to.identity());
        let mask = mask(self.ephemeral.diffie_hellman(&theirs).as_bytes(), &ephemeral, to);
        let masked = xor(&self.m, &mask);
        let digest = hash("confidant/v1/sealed/digest", &[&[1], &self.shared]);
        let info =
            [&b"confidant/v1/sealed/tag"[..], &ephemeral, &masked, &name(from), &name(to), &digest];
        let tag: [u8; 32] = hkdf(&[0; 32], secret, &info.concat());
        [&[1, 0x20], &ephemeral[..], &masked, &tag, &self.shared].concat()
    }
}

/// The padded content.
pub fn content(certificate: &[u8], kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = [certificate, &[kind]].concat();
    out.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend(bytes);
    out.resize(out.len().next_power_of_two().max(1024), 0);
    out
}

/// What two parties share, with the secret of either.
pub fn secret_of(ours: &Identity, theirs: &PublicIdentity) -> [u8; 32] {
    secret_with(ours, half(theirs).to_bytes())
}

/// What an identity shares with whoever made E.
pub fn secret_with(ours: &Identity, ephemeral: [u8; 32]) -> [u8; 32] {
    agreement(ours).diffie_hellman(&PublicKey::from(ephemeral)).to_bytes()
}

/// M, as the recipient of a sealed message finds it.
pub fn reveal(us: &Identity, address: &Address, message: &[u8]) -> [u8; 32] {
    let ephemeral: [u8; 32] = message[2..34].try_into().unwrap();
    let secret = secret_with(us, ephemeral);
    let us = Party::new(address.clone(), us.public());
    xor(message[34..66].try_into().unwrap(), &mask(&secret, &ephemeral, &us))
}

/// The address's encoding.
pub fn encode(address: &Address) -> Vec<u8> {
    let mut out = Vec::new();
    for (tag, part) in [(1, address.provider().as_bytes()), (2, address.user().as_bytes())] {
        out.extend([tag, u8::try_from(part.len()).unwrap()]);
        out.extend(part);
    }
    out.push(3);
    out.extend(address.device().number().to_be_bytes());
    out
}

/// `name` of the specification.
pub fn name(party: &Party) -> [u8; 32] {
    let parts: [&[u8]; 2] = [&encode(party.address()), &party.identity().to_bytes()];
    hash("confidant/v1/sealed/party", &parts)
}

/// A server certificate, by whoever has a root's seed; `root` is the id that it names.
pub fn server_certificate(
    signer: &[u8; 32],
    root: &[u8; 8],
    server: &[u8; 32],
    (from, until): (u64, u64),
) -> Vec<u8> {
    let body = [&[1, 0x30], &root[..], server, &from.to_be_bytes(), &until.to_be_bytes()].concat();
    signed(signer, "confidant/v1/certificate/server", body)
}

/// A sender certificate, by whoever has a server's seed.
pub fn sender_certificate(
    signer: &[u8; 32],
    party: &Party,
    (from, until): (u64, u64),
    server: &[u8],
) -> Vec<u8> {
    let mut body = [&[1, 0x31], &party.identity().to_bytes()[..]].concat();
    body.extend(encode(party.address()));
    body.resize(194, 0);
    body.extend([from.to_be_bytes(), until.to_be_bytes()].concat());
    body.extend(server);
    signed(signer, "confidant/v1/certificate/sender", body)
}

fn signed(seed: &[u8; 32], label: &str, mut body: Vec<u8>) -> Vec<u8> {
    let statement = [label.as_bytes(), &body].concat();
    body.extend(SigningKey::from_bytes(seed).sign(&statement).to_bytes());
    body
}

fn agreement(identity: &Identity) -> StaticSecret {
    let secret: [u8; 32] = hkdf(&[], identity.seed().expose(), b"confidant/v1/identity/x25519");
    StaticSecret::from(secret)
}

fn half(identity: &PublicIdentity) -> PublicKey {
    let half: [u8; 32] = identity.to_bytes()[32..].try_into().unwrap();
    PublicKey::from(half)
}

fn mask(secret: &[u8; 32], ephemeral: &[u8; 32], to: &Party) -> [u8; 32] {
    let info = [&b"confidant/v1/sealed/mask"[..], ephemeral, &name(to)].concat();
    hkdf(&[0; 32], secret, &info)
}

fn xor(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    std::array::from_fn(|at| a[at] ^ b[at])
}

fn shared_context(ephemeral: &[u8; 32]) -> Vec<u8> {
    [&b"confidant/v1/sealed/content"[..], ephemeral].concat()
}

/// Cobblestone-256.
fn seal(key: &[u8; 32], salt: &[u8; 24], context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let suite = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";
    let info = [&suite[..], salt, context].concat();
    let mut okm = [0; 76];
    let prk = [&key[..], &[0; 32]].concat();
    Hkdf::<Sha512>::from_prk(&prk).unwrap().expand(&info, &mut okm).unwrap();
    let cipher = Aes256Gcm::new_from_slice(&okm[..32]).unwrap();
    let mut out = [&salt[..], &okm[44..]].concat();
    for chunk in 0..=plaintext.len() / CHUNK {
        let end = plaintext.len().min((chunk + 1) * CHUNK);
        let mut part = plaintext[chunk * CHUNK..end].to_vec();
        let mut nonce: [u8; 12] = okm[32..44].try_into().unwrap();
        let counter = u64::try_from(chunk).unwrap().to_be_bytes();
        nonce[4..].iter_mut().zip(counter).for_each(|(to, from)| *to ^= from);
        let whole = part.as_mut_slice().into();
        let tag = cipher.encrypt_inout_detached(&Nonce::from(nonce), &[], whole).unwrap();
        out.extend(part);
        out.extend(tag);
    }
    out
}
