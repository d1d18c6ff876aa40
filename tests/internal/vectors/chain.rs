//! chain.json: KDF_RK, KDF_CK and the ratchet secret.

use std::vec::Vec;

use serde_json::{Value, json};

use super::book::{self, File, Stop};
use super::given::{Given, data, hex};
use super::parties::secret;
use super::replay::Replay;
use crate::chain::{ChainKey, Receiving, Sending};
use crate::label::Label;
use crate::primitives::agreement::SecretKey;
use crate::primitives::kdf;

pub(super) const FILE: File = File {
    name: "chain.json",
    ops: &[("kdf-rk", kdf_rk), ("kdf-ck", kdf_ck), ("ratchet-secret", ratchet_secret)],
};

#[test]
fn chains() {
    book::run(&FILE);
}

fn kdf_rk(given: &mut Given) -> Result<Value, Stop> {
    let mut root_key: [u8; 32] = given.fields.array("root_key");
    let mut steps = Vec::new();
    for dh in given.fields.list("dh") {
        let okm = kdf::hkdf::<64>(&root_key, &data(&dh, None), &[Label::RatchetRoot.bytes()]);
        let (root, chain) = okm.split::<32, 32>();
        root_key = *root.expose();
        steps.push(json!({"root_key": hex(root_key), "chain_key": hex(chain.expose())}));
    }
    Ok(json!({"steps": steps}))
}

/// What sends and what receives step alike.
fn kdf_ck(given: &mut Given) -> Result<Value, Stop> {
    let chain_key: [u8; 32] = given.fields.array("chain_key");
    let mut sending = ChainKey::<Sending>::from_parts(secret(&chain_key), 0);
    let mut receiving = ChainKey::<Receiving>::from_parts(secret(&chain_key), 0);
    let mut steps = Vec::new();
    for _ in 0..given.fields.number("count") {
        let sent = sending.step();
        let (received, reached) = receiving.reach(receiving.number(), 0);
        receiving.commit(reached);
        assert_eq!(sent.expose(), received.expose());
        assert_eq!(sending.key().expose(), receiving.key().expose());
        let next = hex(sending.key().expose());
        steps.push(json!({"message_key": hex(sent.expose()), "chain_key": next}));
    }
    Ok(json!({"steps": steps}))
}

fn ratchet_secret(given: &mut Given) -> Result<Value, Stop> {
    let root_key: [u8; 32] = given.fields.array("root_key");
    let mut rng = Replay::of([given.fields.bytes("r")]);
    let label = Label::HedgeRatchet.bytes();
    let pair = SecretKey::new(kdf::hedged(&secret(&root_key), &[label], &mut rng)?);
    rng.finish();
    Ok(json!({
        "ratchet_secret": hex(pair.secret().expose()),
        "ratchet_key": hex(pair.public().as_bytes()),
    }))
}
