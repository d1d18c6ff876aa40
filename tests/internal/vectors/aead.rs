//! aead.json: Cobblestone-256.

use std::vec::Vec;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::book::{self, File, Stop};
use super::given::{Given, data, hex};
use crate::primitives::aead::{self, Keys, SALT_LEN};

pub(super) const FILE: File = File { name: "aead.json", ops: &[("seal", seal), ("open", open)] };

#[test]
fn authenticated_encryption() {
    book::run(&FILE);
}

struct Inputs {
    key: [u8; 32],
    salt: [u8; SALT_LEN],
    context: Vec<u8>,
    plaintext: Vec<u8>,
}

impl Inputs {
    fn read(given: &mut Given) -> Self {
        let fields = &mut given.fields;
        Self {
            key: fields.array("key"),
            salt: fields.array("salt"),
            context: fields.bytes("context"),
            plaintext: fields.bytes("plaintext"),
        }
    }

    fn seal(&self) -> Vec<u8> {
        let mut message = Vec::new();
        aead::seal_into(&mut message, &self.key, &self.salt, parts(&self.context), &self.plaintext);
        assert_eq!(message.len(), aead::sealed_len(self.plaintext.len()));
        message
    }
}

/// The three parts are only joined, so they may be cut anywhere.
fn parts(context: &[u8]) -> aead::Context<'_> {
    let (label, rest) = context.split_at(context.len() / 2);
    let (header, data) = rest.split_at(rest.len() / 2);
    [label, header, data]
}

fn seal(given: &mut Given) -> Result<Value, Stop> {
    let inputs = Inputs::read(given);
    let keys = Keys::derive(&inputs.key, &inputs.salt, parts(&inputs.context));
    let message = inputs.seal();
    assert_eq!(aead::open(&inputs.key, parts(&inputs.context), &message)?, inputs.plaintext);
    Ok(json!({
        "aead_key": hex(keys.key.expose()),
        "base_nonce": hex(keys.base_nonce.expose()),
        "commitment": hex(keys.commitment.expose()),
        "message": brief(&message),
    }))
}

fn open(given: &mut Given) -> Result<Value, Stop> {
    let inputs = Inputs::read(given);
    let mut message = inputs.seal();
    if let Some(edit) = given.fields.optional("edit") {
        message = data(&edit, Some(&message));
    }
    let with = |value: Option<Value>| value.map(|value| data(&value, None));
    let key = with(given.fields.optional("with_key"));
    let key = key.map_or(inputs.key, |key| key.try_into().unwrap());
    let context = with(given.fields.optional("with_context")).unwrap_or(inputs.context);
    Ok(json!({"plaintext": brief(&aead::open(&key, parts(&context), &message)?)}))
}

/// Large bytes by their length and SHA-256.
pub(super) fn brief(bytes: &[u8]) -> Value {
    if bytes.len() <= 8192 {
        return hex(bytes);
    }
    json!({"length": bytes.len(), "sha256": hex(Sha256::digest(bytes))})
}
