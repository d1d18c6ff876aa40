//! Encryption, and every value on its way.

use std::boxed::Box;
use std::string::String;
use std::vec::Vec;

use serde_json::{Map, Value};

use super::book::Stop;
use super::given::{Object, data, hex};
use super::parties::secret;
use super::replay::Replay;
use super::stored::{Active, Sending, Stored};
use crate::chain::{self, ChainKey};
use crate::label::Label;
use crate::primitives::aead::{Keys, SALT_LEN};
use crate::primitives::agreement::{PublicKey, SecretKey};
use crate::primitives::kdf;
use crate::wire::message::HEADER_LEN;
use crate::{Distribution, GroupSession, Session};

/// A message, and the values that it came from.
pub(super) struct Sent {
    pub(super) bytes: Vec<u8>,
    pub(super) header: [u8; HEADER_LEN],
    pub(super) steps: Map<String, Value>,
}

/// What is encrypted.
pub(super) enum Content {
    Text { plaintext: Vec<u8>, ad: Vec<u8> },
    Key(Box<Distribution>),
}

impl Content {
    /// `plaintext` and `ad`; with a `group`, what this group gives to the session's peer, which is the plaintext.
    pub(super) fn read(session: &Session, fields: &mut Object) -> Result<Self, Stop> {
        let (plaintext, ad) = (fields.bytes("plaintext"), fields.optional_bytes("ad"));
        let Some(group) = fields.optional("group") else { return Ok(Self::Text { plaintext, ad }) };
        let distribution =
            GroupSession::restore(&data(&group, None), 0)?.distribute(session.peer())?;
        assert_eq!(distribution.bytes(), plaintext);
        assert!(ad.is_empty());
        Ok(Self::Key(Box::new(distribution)))
    }

    pub(super) fn plaintext(&self) -> &[u8] {
        match self {
            Self::Text { plaintext, .. } => plaintext,
            Self::Key(distribution) => distribution.bytes(),
        }
    }

    pub(super) fn ad(&self) -> &[u8] {
        match self {
            Self::Text { ad, .. } => ad,
            Self::Key(_) => b"",
        }
    }

    pub(super) const fn is_distribution(&self) -> bool {
        matches!(self, Self::Key(_))
    }
}

/// Encrypts. A refusal draws nothing that it could have spared, and leaves the session as it was.
pub(super) fn send(
    session: &mut Session,
    content: &Content,
    rng: &mut Replay,
) -> Result<Sent, Stop> {
    let (before, drawn) = (session.snapshot(), rng.drawn().len());
    let encrypted = match content {
        Content::Text { plaintext, ad } => session.encrypt_with(plaintext, ad, rng),
        Content::Key(distribution) => session.encrypt_distribution(distribution, rng),
    };
    let drawn = rng.drawn()[drawn..].to_vec();
    let Ok(bytes) = encrypted else {
        assert_eq!(session.snapshot().expose(), before.expose(), "a refusal changes nothing");
        assert!(drawn.is_empty(), "a refusal draws nothing");
        return Err(encrypted.unwrap_err().into());
    };
    let (before, after) = (Stored::read(before.expose()), Stored::of(session));
    assert_eq!(after.epoch, before.epoch + 1);
    let Sending::Active(active) = &after.sending else { panic!("encrypting makes a chain") };
    let mut steps = Map::new();
    let chain_key = match &before.sending {
        Sending::Idle { .. } => turned(&before, active, &after.root_key, &drawn[0], &mut steps),
        Sending::Active(before) => before.chain_key,
    };
    let message_key = stepped(&chain_key, active, &mut steps);
    let message = bytes.strip_prefix(before.prefix.as_slice()).unwrap();
    let (header, body) = message.split_first_chunk::<HEADER_LEN>().unwrap();
    steps.insert("header".into(), hex(header));
    assert!(body.starts_with(drawn.last().unwrap()), "the salt is drawn");
    sealed(&message_key, [Label::RatchetMessage.bytes(), header, content.ad()], body, &mut steps);
    Ok(Sent { header: *header, bytes, steps })
}

/// The turn of the ratchet; gives its chain key.
fn turned(
    before: &Stored,
    active: &Active,
    root_after: &[u8; 32],
    r: &[u8],
    steps: &mut Map<String, Value>,
) -> [u8; 32] {
    let pair = SecretKey::new(secret(&active.secret));
    assert_eq!(pair.public().as_bytes(), &active.public);
    let dh = pair.agree(&PublicKey::from_bytes(&before.remote).unwrap());
    let okm = kdf::hkdf::<64>(&before.root_key, dh.expose(), &[Label::RatchetRoot.bytes()]);
    let (root_key, chain_key) = okm.split::<32, 32>();
    assert_eq!(root_key.expose(), root_after);
    let Sending::Idle { last_sent } = before.sending else { panic!("turns when idle") };
    assert_eq!(active.pn, last_sent);
    steps.extend([
        ("r".into(), hex(r)),
        ("ratchet_secret".into(), hex(active.secret)),
        ("ratchet_key".into(), hex(active.public)),
        ("ratchet_dh".into(), hex(dh.expose())),
        ("ratchet_root_key".into(), hex(root_after)),
        ("chain_key".into(), hex(chain_key.expose())),
    ]);
    *chain_key.expose()
}

/// The chain's step; gives the message key.
fn stepped(chain_key: &[u8; 32], after: &Active, steps: &mut Map<String, Value>) -> [u8; 32] {
    let mut chain = ChainKey::<chain::Sending>::from_parts(secret(chain_key), 0);
    let message_key = *chain.step().expose();
    assert_eq!(chain.key().expose(), &after.chain_key);
    steps.insert("message_key".into(), hex(message_key));
    steps.insert("next_chain_key".into(), hex(after.chain_key));
    message_key
}

fn sealed(key: &[u8; 32], context: [&[u8]; 3], body: &[u8], steps: &mut Map<String, Value>) {
    let (salt, rest) = body.split_first_chunk::<SALT_LEN>().unwrap();
    let keys = Keys::derive(key, salt, context);
    assert!(rest.starts_with(keys.commitment.expose()));
    steps.extend([
        ("salt".into(), hex(salt)),
        ("aead_key".into(), hex(keys.key.expose())),
        ("base_nonce".into(), hex(keys.base_nonce.expose())),
        ("commitment".into(), hex(keys.commitment.expose())),
    ]);
}
