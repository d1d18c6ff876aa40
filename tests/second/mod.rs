//! A second implementation of encryption at rest, from `docs/spec.md` and `docs/wire.md` alone: it reads what the crate has written,
//! and writes what the crate should read.
#![allow(dead_code, reason = "each test crate uses its own part")]

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha512};

pub const CHUNK: usize = 16_384;

fn derive(key: &[u8; 32], salt: &[u8], context: &[u8]) -> ([u8; 32], [u8; 12], [u8; 32]) {
    let padded = [&key[..], &[0; 32]].concat();
    let info = [b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0", salt, context].concat();
    let mut okm = [0; 76];
    Hkdf::<Sha512>::from_prk(&padded).unwrap().expand(&info, &mut okm).unwrap();
    let part = |from: usize, to: usize| okm[from..to].to_vec();
    (
        part(0, 32).try_into().unwrap(),
        part(32, 44).try_into().unwrap(),
        part(44, 76).try_into().unwrap(),
    )
}

/// K of Cobblestone-256, the key of its chunks.
pub fn chunk_key(key: &[u8; 32], salt: &[u8; 24], context: &[u8]) -> [u8; 32] {
    derive(key, salt, context).0
}

fn nonce(base: &[u8; 12], k: u64) -> [u8; 12] {
    let k = [&[0; 4][..], &k.to_be_bytes()].concat();
    core::array::from_fn(|i| base[i] ^ k[i])
}

/// Cobblestone-256.
pub fn seal(key: &[u8; 32], salt: &[u8; 24], context: &[u8], text: &[u8]) -> Vec<u8> {
    let (key, base, commitment) = derive(key, salt, context);
    let cipher = Aes256Gcm::new(&key.into());
    let mut out = [&salt[..], &commitment].concat();
    for k in 0..=text.len() / CHUNK {
        let chunk = &text[k * CHUNK..text.len().min((k + 1) * CHUNK)];
        let mut place = chunk.to_vec();
        let nonce = Nonce::from(nonce(&base, k as u64));
        let tag = cipher.encrypt_inout_detached(&nonce, &[], (&mut place[..]).into()).unwrap();
        out.extend([&place[..], &tag].concat());
    }
    out
}

/// Cobblestone-256.
pub fn open(key: &[u8; 32], context: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let (salt, rest) = message.split_at_checked(24)?;
    let (key, base, commitment) = derive(key, salt, context);
    let body = rest.strip_prefix(&commitment)?;
    let cipher = Aes256Gcm::new(&key.into());
    let mut out = Vec::new();
    for k in 0..=body.len() / (CHUNK + 16) {
        let chunk = &body[k * (CHUNK + 16)..body.len().min((k + 1) * (CHUNK + 16))];
        let (sealed, tag) = chunk.split_last_chunk::<16>()?;
        let mut place = sealed.to_vec();
        let (nonce, tag) = (Nonce::from(nonce(&base, k as u64)), Tag::from(*tag));
        cipher.decrypt_inout_detached(&nonce, &[], (&mut place[..]).into(), &tag).ok()?;
        out.extend(place);
    }
    Some(out)
}

/// `HKDF-Expand(key, confidant/v1/envelope/… ‖ rest, N)`.
pub fn expand<const N: usize>(key: &[u8; 32], label: &str, rest: &[u8]) -> [u8; N] {
    let info = [b"confidant/v1/envelope/", label.as_bytes(), rest].concat();
    let mut out = [0; N];
    Hkdf::<Sha256>::from_prk(key).unwrap().expand(&info, &mut out).unwrap();
    out
}

pub fn hmac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.chain_update(message).finalize().into_bytes().into()
}

pub fn sha256(label: &str, rest: &[&[u8]]) -> [u8; 32] {
    let label = format!("confidant/v1/envelope/{label}");
    Sha256::new_with_prefix(label).chain_update(rest.concat()).finalize().into()
}

/// The key on which `e` and `r` agree.
pub fn agreed(label: &str, secret: [u8; 32], theirs: [u8; 32], rest: &[&[u8]]) -> [u8; 32] {
    let secret = x25519_dalek::StaticSecret::from(secret);
    let shared = secret.diffie_hellman(&theirs.into());
    let label = format!("confidant/v1/envelope/{label}");
    let info = [&[label.as_bytes()][..], rest].concat().concat();
    let mut out = [0; 32];
    Hkdf::<Sha256>::new(Some(&[0; 32]), shared.as_bytes()).expand(&info, &mut out).unwrap();
    out
}

pub fn public(secret: [u8; 32]) -> [u8; 32] {
    x25519_dalek::PublicKey::from(&x25519_dalek::StaticSecret::from(secret)).to_bytes()
}

/// A context, from its purpose and entries.
pub fn context(purpose: u8, entries: &[(u8, &[u8])]) -> Vec<u8> {
    let mut out = vec![1, purpose, entries.len() as u8];
    for (tag, bytes) in entries {
        out.push(*tag);
        out.extend((bytes.len() as u16).to_be_bytes());
        out.extend(*bytes);
    }
    out
}

/// The context of a key that is a keyring's or recovery set's own: it is bound to that one's id too.
pub fn owned(context: &[u8], id: &[u8; 16]) -> Vec<u8> {
    [context, id].concat()
}

/// A head: everything of a wrapped key before its body.
pub fn head(
    kek_type: u8,
    purpose: u8,
    key_id: u32,
    reference: &[u8],
    parameters: &[u8],
) -> Vec<u8> {
    let mut out = vec![0xb1, kek_type, purpose, 0];
    out.extend(key_id.to_be_bytes());
    out.extend([0; 4]);
    out.push(reference.len() as u8);
    out.extend(reference);
    out.extend(parameters);
    out
}

/// The head of a keyring's active root key: its epoch is the keyring's generation.
pub fn of_generation(mut head: Vec<u8>, generation: u32) -> Vec<u8> {
    head[8..12].copy_from_slice(&generation.to_be_bytes());
    head
}

/// A wrapped key. `context` is [`owned`] where the key is a keyring's or recovery set's.
pub fn wrap(head: &[u8], context: &[u8], kek: &[u8; 32], key: &[u8; 32]) -> Vec<u8> {
    let bound = [head, context].concat();
    [head, &seal(kek, &[0x77; 24], &bound, key)].concat()
}

/// The key in a wrapped one whose head is `head_len` long. `context` as for [`wrap`].
pub fn unwrapped(
    wrapped: &[u8],
    head_len: usize,
    context: &[u8],
    kek: &[u8; 32],
) -> Option<[u8; 32]> {
    let (head, body) = wrapped.split_at(head_len);
    open(kek, &[head, context].concat(), body)?.try_into().ok()
}

/// A record. `text` is what is encrypted, with its padding.
pub fn record(root: (u32, &[u8; 32]), flags: u8, context: &[u8], text: &[u8]) -> Vec<u8> {
    let header = [&[0xf1, flags][..], &root.0.to_be_bytes()].concat();
    let key = record_key(root.1, context);
    let sealed = seal(&key, &[0x55; 24], &[&header, context].concat(), text);
    [header, sealed].concat()
}

/// What is in a record, with its padding.
pub fn opened(root: &[u8; 32], context: &[u8], record: &[u8]) -> Option<Vec<u8>> {
    let (header, sealed) = record.split_at(6);
    open(&record_key(root, context), &[header, context].concat(), sealed)
}

fn record_key(root: &[u8; 32], context: &[u8]) -> [u8; 32] {
    let mut at = 3;
    let mut rest = vec![context[1]];
    while at < context.len() {
        let len = usize::from(u16::from_be_bytes([context[at + 1], context[at + 2]]));
        if context[at] == 2 {
            rest.extend(&context[at + 3..at + 3 + len]);
        }
        at += 3 + len;
    }
    expand(root, "record", &rest)
}

/// An entry of a keyring: state, created, wrapped key.
pub type Entry = (u8, u64, Vec<u8>);

/// A stored keyring, read: id, epoch, entries.
pub fn entries(keyring: &[u8]) -> ([u8; 16], u64, Vec<Entry>) {
    assert_eq!(&keyring[..4], b"EKR1");
    let number = |at: usize| u64::from_be_bytes(keyring[at..at + 8].try_into().unwrap());
    let short = |at: usize| usize::from(u16::from_be_bytes([keyring[at], keyring[at + 1]]));
    let (mut at, mut entries) = (30, Vec::new());
    for _ in 0..short(28) {
        let len = short(at + 9);
        entries.push((keyring[at], number(at + 1), keyring[at + 11..at + 11 + len].to_vec()));
        at += 11 + len;
    }
    assert_eq!(keyring.len(), at + 32);
    (keyring[4..20].try_into().unwrap(), number(20), entries)
}

/// A stored keyring, written, with its MAC, for a context that is not [`owned`]. The upper half of the epoch is the generation, in which the
/// active entry's wrapped key has to agree.
pub fn keyring(
    id: [u8; 16],
    epoch: u64,
    entries: &[Entry],
    context: &[u8],
    active: &[u8; 32],
) -> Vec<u8> {
    let mut out = [&b"EKR1"[..], &id, &epoch.to_be_bytes()].concat();
    out.extend((entries.len() as u16).to_be_bytes());
    for (state, created, wrapped) in entries {
        out.push(*state);
        out.extend(created.to_be_bytes());
        out.extend((wrapped.len() as u16).to_be_bytes());
        out.extend(wrapped);
    }
    let mac = hmac(&expand(active, "keyring-mac", context), &out);
    [out, mac.to_vec()].concat()
}

/// The root key of an entry that a local KEK of this name has wrapped. `whose` is the keyring's context, [`owned`].
pub fn root(entry: &Entry, reference: &[u8], whose: &[u8], kek: &[u8; 32]) -> [u8; 32] {
    unwrapped(&entry.2, 13 + reference.len(), whose, kek).unwrap()
}

/// The active root key of a stored keyring, which the device has wrapped.
pub fn active(keyring: &[u8], context: &[u8], kek: &[u8; 32]) -> [u8; 32] {
    let (id, _, entries) = entries(keyring);
    let active = entries.iter().find(|entry| entry.0 == 2).unwrap();
    root(active, b"device", &owned(context, &id), kek)
}
