//! What an attacker can write to a group: the formats and formulas of `src/docs/`, put down a second time.

use core::ops::Range;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use confidant::{Address, GroupSession, Party, Session};
use ed25519_dalek::{Signer, SigningKey};
use getrandom::rand_core::TryCryptoRng;
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};

use crate::forge::hash;

/// Where the fields of a distribution are, for a group id of seven bytes, such as `village`.
pub const GROUP: Range<usize> = 3..10;
/// The epoch in which the key was made: number, members hash.
pub const MADE: Range<usize> = 10..50;
/// The key's number among those of its sender.
pub const NUMBER: Range<usize> = 50..54;
/// The epoch in which its sender is: number, members hash.
pub const CURRENT: Range<usize> = 54..94;
pub const SENDER: Range<usize> = 94..126;
pub const KEY_ID: Range<usize> = 126..142;
pub const COMMITMENT: Range<usize> = 142..174;
pub const SIGNING: Range<usize> = 174..206;
pub const ITERATION: Range<usize> = 206..210;
pub const CHAIN_KEY: Range<usize> = 210..242;
pub const LEN: usize = 242;

/// And those of a group message, up to its body.
pub const NAMED_KEY: Range<usize> = 2..18;
pub const NAMED_EPOCH: Range<usize> = 18..34;
pub const NAMED_ITERATION: Range<usize> = 34..38;
pub const HEADER: usize = 38;

fn address_bytes(address: &Address) -> Vec<u8> {
    let mut out = Vec::new();
    for (tag, name) in [(1, address.provider().as_bytes()), (2, address.user().as_bytes())] {
        out.extend([tag, u8::try_from(name.len()).unwrap()]);
        out.extend(name);
    }
    out.push(3);
    out.extend(address.device().number().to_be_bytes());
    out
}

fn member_bytes(member: &Party) -> Vec<u8> {
    [&address_bytes(member.address())[..], &member.identity().to_bytes()].concat()
}

/// What names `sender` in a distribution.
pub fn sender_hash(sender: &Party) -> [u8; 32] {
    hash("confidant/v1/group/sender", &[&member_bytes(sender)])
}

/// What commits to the chain that begins with `first`.
pub fn commitment(first: &[u8]) -> [u8; 32] {
    hash("confidant/v1/group/chain", &[first])
}

/// An epoch, as distributions name it.
pub fn epoch(number: u64, members_hash: &[u8; 32]) -> [u8; 40] {
    [&number.to_be_bytes()[..], members_hash].concat().try_into().unwrap()
}

/// The scope of `sender` in an epoch of the group that a distribution is for.
fn scope(distribution: &[u8], epoch: &[u8], sender: &Party) -> [u8; 32] {
    let group = &distribution[GROUP.start - 1..GROUP.end];
    hash("confidant/v1/group/scope", &[group, epoch, &member_bytes(sender)])
}

/// The key id that belongs to the other fields of a distribution.
pub fn key_id(distribution: &[u8], sender: &Party) -> [u8; 16] {
    let scope = scope(distribution, &distribution[MADE], sender);
    let parts = [&scope[..], &distribution[COMMITMENT], &distribution[SIGNING]];
    hash("confidant/v1/group/key-id", &parts)[..16].try_into().unwrap()
}

/// Makes a distribution `sender`'s own, down to the key id.
pub fn claim(distribution: &mut [u8], sender: &Party) {
    distribution[SENDER].copy_from_slice(&sender_hash(sender));
    let id = key_id(distribution, sender);
    distribution[KEY_ID].copy_from_slice(&id);
}

/// A chain from some iteration on, and where its sender is: all that a member who was given it knows.
#[derive(Clone)]
pub struct Chain {
    /// The sender, in the epoch that its messages name.
    pub scope: [u8; 32],
    pub key_id: [u8; 16],
    /// The epoch as messages name it: number, the first 8 bytes of the members hash.
    pub epoch: [u8; 16],
    pub iteration: u32,
    pub key: [u8; 32],
}

impl Chain {
    pub fn of(distribution: &[u8], sender: &Party) -> Self {
        let chain = Self {
            scope: [0; 32],
            key_id: distribution[KEY_ID].try_into().unwrap(),
            epoch: [0; 16],
            iteration: u32::from_be_bytes(distribution[ITERATION].try_into().unwrap()),
            key: distribution[CHAIN_KEY].try_into().unwrap(),
        };
        chain.in_epoch(distribution, &distribution[CURRENT], sender)
    }

    /// The same chain, with messages that are said to be written in another epoch.
    pub fn in_epoch(self, distribution: &[u8], epoch: &[u8], sender: &Party) -> Self {
        let scope = scope(distribution, epoch, sender);
        Self { scope, epoch: epoch[..16].try_into().unwrap(), ..self }
    }

    /// `n` messages later.
    pub fn after(mut self, n: u32) -> Self {
        for _ in 0..n {
            self.key = mac(&self.key, 2);
        }
        self.iteration += n;
        self
    }

    /// Header and body of the message at this iteration.
    pub fn sealed(&self, text: &[u8], associated_data: &[u8]) -> Vec<u8> {
        let mut out = vec![1, 4];
        out.extend(self.key_id);
        out.extend(self.epoch);
        out.extend(self.iteration.to_be_bytes());
        let context = [b"confidant/v1/group/message", &out[..], associated_data].concat();
        let body = cobblestone(&mac(&self.key, 1), &context, text);
        out.extend(body);
        out
    }

    /// The message, with the signature of whoever has `signing`.
    pub fn signed(&self, sealed: &[u8], associated_data: &[u8], signing: &SigningKey) -> Vec<u8> {
        let content = |kind, bytes| hash("confidant/v1/group/content", &[&[kind], bytes]);
        let statement = [
            &b"confidant/v1/group/signature"[..],
            &self.scope,
            &self.key_id,
            &self.iteration.to_be_bytes(),
            &content(0, associated_data),
            &content(1, sealed),
        ];
        let signature = signing.sign(&statement.concat()).to_bytes();
        [sealed, &signature].concat()
    }

    pub fn message(&self, text: &[u8], signing: &SigningKey) -> Vec<u8> {
        self.signed(&self.sealed(text, b""), b"", signing)
    }
}

/// The secret that `group` signs with: the 32 bytes before the next iteration and its chain key, in the snapshot.
pub fn signing_key(group: &GroupSession, distribution: &[u8]) -> SigningKey {
    let snapshot = group.snapshot();
    let next = &distribution[ITERATION.start..CHAIN_KEY.end];
    let at = snapshot.expose().windows(next.len()).position(|window| window == next).unwrap();
    let secret = snapshot.expose()[at - 32..at].try_into().unwrap();
    let key = SigningKey::from_bytes(secret);
    assert_eq!(key.verifying_key().as_bytes()[..], distribution[SIGNING]);
    key
}

/// `bytes` in place of what `session`, whose chain must be active, says next to its peer: as a distribution.
pub fn as_distribution<R: TryCryptoRng>(
    session: &mut Session,
    bytes: &[u8],
    rng: &mut R,
) -> Vec<u8> {
    let before = session.snapshot();
    let honest = session.encrypt(b"", rng).unwrap();
    let mut header = honest[honest.len() - 114..][..42].to_vec();
    // Ratchet key, PN and N, and then the chain key, as in the snapshot.
    let place = before.expose().windows(40).position(|window| *window == header[2..]).unwrap();
    let chain_key = before.expose()[place + 40..][..32].try_into().unwrap();
    header[1] = 5;
    let context = [b"confidant/v1/ratchet/message", &header[..]].concat();
    let body = cobblestone(&mac(&chain_key, 1), &context, bytes);
    header.extend(body);
    header
}

fn mac(key: &[u8; 32], input: u8) -> [u8; 32] {
    let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
    mac.chain_update([input]).finalize().into_bytes().into()
}

/// Cobblestone-256 for less than a chunk, with a salt of no importance.
fn cobblestone(key: &[u8; 32], context: &[u8], text: &[u8]) -> Vec<u8> {
    let salt = [0x5a; 24];
    let suite = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";
    let info = [&suite[..], &salt, context].concat();
    let block = |previous: &[u8], number: u8| {
        let mac = <Hmac<Sha512> as KeyInit>::new_from_slice(key).unwrap();
        let mac = mac.chain_update(previous).chain_update(&info).chain_update([number]);
        mac.finalize().into_bytes().to_vec()
    };
    let first = block(&[], 1);
    let keys = [&first[..], &block(&first, 2)].concat();
    let cipher = Aes256Gcm::new_from_slice(&keys[..32]).unwrap();
    let nonce: [u8; 12] = keys[32..44].try_into().unwrap();
    let mut out = text.to_vec();
    let tag = cipher.encrypt_inout_detached(&Nonce::from(nonce), &[], (&mut out[..]).into());
    [&salt[..], &keys[44..76], &out, &tag.unwrap()].concat()
}
