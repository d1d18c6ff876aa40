//! wrapped.json: keys wrapped by each kind of KEK.

use std::format;
use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::{self, File, Stop};
use super::envelope_kek::{Means, context};
use super::envelope_record::keyring;
use super::given::{Given, hex};
use super::parties::secret;
use super::replay::Replay;
use crate::primitives::aead;
use crate::primitives::agreement::PublicKey;
use crate::primitives::kdf::hkdf;
use crate::{RecipientKey, UnwrapWith, WrappedKey};

pub(super) const FILE: File =
    File { name: "wrapped.json", ops: &[("wrap", wrap), ("unwrap", unwrap), ("rewrap", rewrap)] };

/// Length of a body that is not another service's.
const BODY_LEN: usize = 104;

#[test]
fn wrapped_keys() {
    book::run(&FILE);
}

fn wrap(given: &mut Given) -> Result<Value, Stop> {
    let (key, context) = (given.fields.bytes("key"), context(&given.fields.bytes("context")));
    let mut rng = Replay::new(&given.fields.list("random")).then_failing();
    let means = Means::read(given.fields.value("kek"))?;
    let wrapped = WrappedKey::new(&secret(&key), &context, means.wraps(), &mut rng)?;
    rng.finish();
    let bytes = wrapped.as_bytes();
    let mut out = json!({
        "type": format!("{:?}", wrapped.kek_type()),
        "reference": hex(wrapped.kek_ref()),
        "purpose": wrapped.purpose().byte(),
        "wrapped": brief(bytes),
    });
    if let Means::Service(service) = &means {
        assert_eq!(WrappedKey::decode(bytes)?, wrapped);
        let head = bytes.split_at(13 + wrapped.kek_ref().len()).0;
        out["aad"] = service.aad();
        out["head"] = hex(head);
        return Ok(out);
    }
    let (head, body) = bytes.split_at(bytes.len() - BODY_LEN);
    let kek = kek(&means, head);
    assert_eq!(aead::open(&kek, [head, context.as_bytes(), &[]], body)?, key);
    assert_eq!(WrappedKey::decode(bytes)?.open(&context, means.unwraps())?.expose()[..], key);
    out["kek"] = hex(kek);
    out["head"] = hex(head);
    Ok(out)
}

/// What the body behind this head is sealed with.
fn kek(means: &Means, head: &[u8]) -> [u8; 32] {
    match means {
        Means::Local(kek) => *kek.key().expose(),
        #[cfg(feature = "password")]
        Means::Passphrase(passphrase, parameters) => {
            let salt = head.last_chunk().unwrap();
            *passphrase.stretch(*parameters, salt).unwrap().expose()
        }
        Means::Recipient(pair, _) => {
            agreed(pair, b"confidant/v1/envelope/recipient/wrap", head, &[])
        }
        Means::Code(code, _) => {
            agreed(code.pair(), b"confidant/v1/envelope/code/wrap", head, &head[13..30])
        }
        Means::Keyring(keyring) => *keyring.wrapping_key().1.expose(),
        Means::Service(_) => unreachable!("a service keeps it"),
    }
}

fn agreed(pair: &RecipientKey, label: &[u8], head: &[u8], about: &[u8]) -> [u8; 32] {
    let ephemeral = head.last_chunk().unwrap();
    let shared = pair.pair().agree(&PublicKey::from_bytes(ephemeral).unwrap());
    let info = [label, ephemeral, &pair.public().to_bytes(), about];
    *hkdf::<32>(&[0; 32], shared.expose(), &info).expose()
}

fn unwrap(given: &mut Given) -> Result<Value, Stop> {
    let wrapped = WrappedKey::decode(&given.fields.bytes("wrapped"))?;
    let (means, context) =
        (Means::read(given.fields.value("kek"))?, context(&given.fields.bytes("context")));
    Ok(json!({"key": hex(wrapped.open(&context, means.unwraps())?.expose())}))
}

fn rewrap(given: &mut Given) -> Result<Value, Stop> {
    let keyring = keyring(given.fields.object("keyring"))?;
    let context = context(&given.fields.bytes("context"));
    let listed: Vec<Value> = given.fields.list("random");
    let wrapped = WrappedKey::decode(&given.fields.bytes("wrapped"))?;
    let mut rng = Replay::new(&listed).then_failing();
    let again = keyring.rewrap_key(&wrapped, &context, &mut rng)?;
    rng.finish();
    let opened = again.as_ref().unwrap_or(&wrapped);
    let key = opened.open(&context, UnwrapWith::Keyring(&keyring))?;
    let mut out = json!({"key": hex(key.expose())});
    if let Some(again) = again {
        out["rewrapped"] = hex(again.as_bytes());
    }
    Ok(out)
}
