//! The values on the way to a sealed message, made again from the crate's primitives.

use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::given::hex;
use super::parties::secret;
use crate::label::Label;
use crate::primitives::agreement::SecretKey;
use crate::primitives::kdf::{Prk, hkdf};
use crate::primitives::{aead, hash};
use crate::{Identity, Party, SenderCertificate};

/// What is sealed, by whom, and what is drawn.
pub(super) struct Inputs<'a> {
    pub(super) us: &'a Identity,
    pub(super) certificate: &'a SenderCertificate,
    pub(super) kind: u8,
    pub(super) bytes: &'a [u8],
    pub(super) drawn: &'a [u8],
}

/// The steps, as the vectors list them, and what must have been made of them.
pub(super) struct Steps {
    pub(super) shown: Value,
    ephemeral: SecretKey,
    m: [u8; 32],
    shared: Vec<u8>,
    digest: [u8; 32],
    sender: [u8; 32],
}

impl Steps {
    pub(super) fn of(inputs: &Inputs<'_>) -> Self {
        let Inputs { us, certificate, .. } = inputs;
        let content = content(inputs);
        let terms = hash::sha256(Label::SealedDigest, &[&[0], &content]);
        let mut m = [0; 32];
        let hedge = Prk::extract(us.hedge().expose(), inputs.drawn);
        hedge.expand(&[Label::HedgeSealed.bytes(), &terms], &mut m);
        let mut okm = [0; 88];
        Prk::from_key(&m).expand(&[Label::SealedKeys.bytes()], &mut okm);
        let ephemeral = SecretKey::new(secret(&okm[..32]));
        let (key, salt) = (okm[32..64].try_into().unwrap(), okm[64..].try_into().unwrap());
        let context = [Label::SealedContent.bytes(), ephemeral.public().as_bytes(), &[]];
        let mut shared = Vec::new();
        aead::seal_into(&mut shared, key, salt, context, &content);
        let digest = hash::sha256(Label::SealedDigest, &[&[1], &shared]);
        let sender = certificate.party.hash(Label::SealedParty);
        let shown = json!({
            "content": brief(&content),
            "terms": hex(terms),
            "m": hex(m),
            "e": hex(&okm[..32]),
            "ephemeral": hex(ephemeral.public().as_bytes()),
            "key": hex(key),
            "salt": hex(salt),
            "digest": hex(digest),
            "sender_name": hex(sender),
        });
        Self { shown, ephemeral, m, shared, digest, sender }
    }

    /// C and tag for one recipient, and the steps to them.
    fn keys(&self, us: &Identity, to: &Party) -> ([[u8; 32]; 2], Value) {
        let theirs = &to.identity().agreement;
        let ephemeral = self.ephemeral.public().as_bytes();
        let name = to.hash(Label::SealedParty);
        let info = [Label::SealedMask.bytes(), ephemeral, &name];
        let mask = *hkdf::<32>(&[0; 32], self.ephemeral.agree(theirs).expose(), &info).expose();
        let c = std::array::from_fn(|i| self.m[i] ^ mask[i]);
        let info = [Label::SealedTag.bytes(), ephemeral, &c, &self.sender, &name, &self.digest];
        let tag = *hkdf::<32>(&[0; 32], us.agreement().agree(theirs).expose(), &info).expose();
        let shown = json!({"name": hex(name), "mask": hex(mask), "c": hex(c), "tag": hex(tag)});
        ([c, tag], shown)
    }

    /// The upload for these recipients, in their order, and the steps for each of them.
    pub(super) fn upload(&self, us: &Identity, to: &[Party]) -> (Vec<u8>, Vec<Value>) {
        let mut upload = [&[1, 0x21], &self.ephemeral.public().as_bytes()[..]].concat();
        upload.extend(u32::try_from(to.len()).unwrap().to_be_bytes());
        let mut shown = Vec::new();
        for party in to {
            let (keys, steps) = self.keys(us, party);
            upload.extend(party.address().encode());
            upload.extend(keys.as_flattened());
            shown.push(steps);
        }
        upload.extend(&self.shared);
        (upload, shown)
    }
}

fn content(inputs: &Inputs<'_>) -> Vec<u8> {
    let len = u32::try_from(inputs.bytes.len()).unwrap().to_be_bytes();
    let parts: [&[u8]; 4] = [inputs.certificate.as_bytes(), &[inputs.kind], &len, inputs.bytes];
    let mut content = parts.concat();
    content.resize(content.len().next_power_of_two().max(1 << 10), 0);
    content
}
