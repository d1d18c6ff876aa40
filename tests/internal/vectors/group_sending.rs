//! Encryption to a group, and every value on its way.

use std::string::String;
use std::vec::Vec;

use serde_json::{Map, Value};

use super::book::Stop;
use super::given::hex;
use super::group_stored::{Own, StoredGroup};
use super::parties::secret;
use super::replay::Replay;
use crate::chain::{ChainKey, Sending};
use crate::group::message::{HEADER_LEN, SIGNATURE_LEN, header, statement};
use crate::label::Label;
use crate::primitives::aead::{self, Keys, SALT_LEN};
use crate::primitives::hash;
use crate::{GroupEncryptError, GroupSession, UnixTime};

/// A message, and the values that it came from.
pub(super) struct Sent {
    pub(super) bytes: Vec<u8>,
    pub(super) iteration: u32,
    pub(super) steps: Map<String, Value>,
}

/// Encrypts. A refusal draws nothing, and leaves the group as it was.
pub(super) fn send(
    group: &mut GroupSession,
    plaintext: &[u8],
    ad: &[u8],
    now: UnixTime,
    rng: &mut Replay,
) -> Result<Sent, Stop> {
    let (before, due) = (group.snapshot(), group.is_rotation_due(now));
    let encrypted = group.encrypt(plaintext, ad, now, rng);
    assert_eq!(encrypted == Err(GroupEncryptError::RotationDue), due);
    let Ok(bytes) = encrypted else {
        assert_eq!(group.snapshot().expose(), before.expose(), "a refusal changes nothing");
        assert!(rng.drawn().is_empty(), "a refusal draws nothing");
        return Err(encrypted.unwrap_err().into());
    };
    let (before, after) = (StoredGroup::read(before.expose()), StoredGroup::of(group));
    assert_eq!(after.changes, before.changes + 1);
    let own = before.own.as_ref().unwrap();
    let mut steps = Map::from_iter([
        ("key_scope".into(), hex(before.own_scope())),
        ("scope".into(), hex(before.current_scope())),
        ("key_id".into(), hex(before.own_key_id().0)),
        ("signing_secret".into(), hex(own.secret)),
    ]);
    let message_key = stepped(own, &after.own.unwrap(), &mut steps);
    let header = header(before.own_key_id(), &before.current(), own.iteration);
    steps.insert("header".into(), hex(header));
    let (sealed, signature) = bytes.split_last_chunk::<SIGNATURE_LEN>().unwrap();
    let salt = rng.drawn()[0].as_slice().try_into().unwrap();
    let expected = seal(&message_key, salt, (&header, ad, plaintext), &mut steps);
    assert_eq!(sealed, expected, "made from the steps");
    assert_eq!(*signature, sign(&before, ad, sealed, &mut steps));
    Ok(Sent { iteration: own.iteration, bytes, steps })
}

/// The chain's step; gives the message key.
fn stepped(before: &Own, after: &Own, steps: &mut Map<String, Value>) -> [u8; 32] {
    let parts = (secret(&before.chain_key), before.iteration);
    let mut chain = ChainKey::<Sending>::from_parts(parts.0, parts.1);
    let message_key = *chain.step().expose();
    assert_eq!((chain.key().expose(), chain.number()), (&after.chain_key, after.iteration));
    steps.extend([
        ("chain_key".into(), hex(before.chain_key)),
        ("message_key".into(), hex(message_key)),
        ("next_chain_key".into(), hex(after.chain_key)),
    ]);
    message_key
}

/// Header and body; `parts` are the header, the associated data and the plaintext.
fn seal(
    key: &[u8; 32],
    salt: &[u8; SALT_LEN],
    parts: (&[u8; HEADER_LEN], &[u8], &[u8]),
    steps: &mut Map<String, Value>,
) -> Vec<u8> {
    let (header, ad, plaintext) = parts;
    let context = [Label::GroupMessage.bytes(), header, ad];
    let keys = Keys::derive(key, salt, context);
    steps.extend([
        ("salt".into(), hex(salt)),
        ("context".into(), hex(context.concat())),
        ("aead_key".into(), hex(keys.key.expose())),
        ("base_nonce".into(), hex(keys.base_nonce.expose())),
        ("commitment".into(), hex(keys.commitment.expose())),
    ]);
    let mut sealed = header.to_vec();
    aead::seal_into(&mut sealed, key, salt, context, plaintext);
    sealed
}

fn sign(
    sender: &StoredGroup,
    ad: &[u8],
    sealed: &[u8],
    steps: &mut Map<String, Value>,
) -> [u8; SIGNATURE_LEN] {
    let own = sender.own.as_ref().unwrap();
    let statement =
        statement(&sender.current_scope(), sender.own_key_id(), own.iteration, ad, sealed);
    let signature = own.signing().sign(&statement);
    let hash = |tag: u8, content: &[u8]| hex(hash::sha256(Label::GroupContent, &[&[tag], content]));
    steps.extend([
        ("ad_hash".into(), hash(0, ad)),
        ("sealed_hash".into(), hash(1, sealed)),
        ("statement".into(), hex(statement)),
        ("signature".into(), hex(signature)),
    ]);
    signature
}
