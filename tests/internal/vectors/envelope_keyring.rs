//! keyring.json: changes of a keyring, and opening what was stored.

use std::format;
use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::{self, File, Stop};
use super::envelope_kek::{Means, context, stored};
use super::given::{self, Given, Object, hex};
use super::replay::Replay;
use crate::{DataContext, Keyring, RootKeyId, RootKeyState, RootKeyStatus, UnixTime};

pub(super) const FILE: File =
    File { name: "keyring.json", ops: &[("keyring", keyring), ("open-keyring", open)] };

/// Root keys up to which each is listed.
const LISTED: usize = 64;

#[test]
fn keyrings() {
    book::run(&FILE);
}

fn keyring(given: &mut Given) -> Result<Value, Stop> {
    let context = context(&given.fields.bytes("context"));
    let mut keyring = None;
    if let Some(start) = given.fields.optional("start") {
        let mut start = Object::new("start", start);
        keyring = Some(stored(&mut start, &context)?);
        start.finish();
    }
    let mut steps = Vec::new();
    for step in given.fields.list("steps") {
        steps.push(play(&mut keyring, &context, Object::new("step", step))?);
    }
    let keyring = keyring.unwrap();
    let mut out = summary(&keyring);
    out["steps"] = steps.into();
    out["keyring"] = brief(&keyring.encode());
    Ok(out)
}

/// A refusal changes nothing.
fn play(
    keyring: &mut Option<Keyring>,
    context: &DataContext,
    mut step: Object,
) -> Result<Value, Stop> {
    let before = keyring.as_ref().map(Keyring::encode);
    let listed = step.optional("random").unwrap_or_else(|| json!([]));
    let mut rng = Replay::new(listed.as_array().unwrap()).then_failing();
    let done = change(keyring, context, &mut step, &mut rng);
    let expect = match done {
        Ok(()) => {
            rng.finish();
            "ok".into()
        }
        Err(Stop::Refused(name)) => {
            assert_eq!(keyring.as_ref().map(Keyring::encode), before);
            name
        }
        Err(Stop::Absent) => return Err(Stop::Absent),
    };
    step.finish();
    let mut out = json!({"expect": expect});
    if let Some(keyring) = keyring {
        out["epoch"] = keyring.epoch().into();
        out["active"] = keyring.active().number().into();
        out["keyring"] = brief(&keyring.encode());
    }
    Ok(out)
}

fn change(
    keyring: &mut Option<Keyring>,
    context: &DataContext,
    step: &mut Object,
    rng: &mut Replay,
) -> Result<(), Stop> {
    let what = step.text("do");
    let with = step.optional("with").map(Means::read).transpose()?;
    let with = with.as_ref().map(Means::wraps);
    let number = step.optional("number").map(|number| given::number(&number));
    let number = number.map(|number| RootKeyId::from_number(number.try_into().unwrap()));
    let now = step.optional("now").map(|now| UnixTime::from_secs(given::number(&now)));
    if what == "create" {
        *keyring = Some(Keyring::create(context, with.unwrap(), now.unwrap(), rng)?);
        return Ok(());
    }
    let keyring = keyring.as_mut().unwrap();
    let next = keyring.keys().count();
    match what.as_str() {
        "add" => assert_eq!(usize::try_from(keyring.add(now.unwrap(), rng)?.number())?, next),
        "activate" => keyring.activate(number.unwrap(), with.unwrap(), rng)?,
        "rotate" => {
            let id = keyring.rotate(now.unwrap(), with.unwrap(), rng)?;
            assert_eq!((usize::try_from(id.number())?, keyring.active()), (next, id));
        }
        "destroy" => keyring.destroy(number.unwrap())?,
        "change-kek" => keyring.change_kek(with.unwrap(), rng)?,
        other => panic!("unknown step {other}"),
    }
    Ok(())
}

fn summary(keyring: &Keyring) -> Value {
    let count = keyring.keys().count();
    let keys = if count > LISTED {
        json!({"count": count})
    } else {
        keyring.keys().map(|key| status(keyring, key)).collect()
    };
    json!({
        "id": hex(keyring.id()),
        "epoch": keyring.epoch(),
        "active": keyring.active().number(),
        "keys": keys,
    })
}

/// A root key is seen by what it wraps with.
fn status(keyring: &Keyring, key: RootKeyStatus) -> Value {
    let mut out = json!({"state": format!("{:?}", key.state), "created": key.created.as_secs()});
    let reference = [&keyring.id()[..], &key.id.number().to_be_bytes()].concat();
    if key.state != RootKeyState::Destroyed {
        out["file_wrap_key"] = hex(keyring.unwrapping_key(&reference).unwrap().expose());
    }
    assert_eq!(keyring.state(key.id), Some(key.state));
    out
}

fn open(given: &mut Given) -> Result<Value, Stop> {
    let (bytes, context) = (given.fields.bytes("keyring"), context(&given.fields.bytes("context")));
    let with = Means::read(given.fields.value("with"))?;
    let min_epoch = given.fields.number("min_epoch");
    let is_claimed = given.fields.optional("claimed").is_some_and(|claimed| claimed == true);
    let opened = if is_claimed {
        Keyring::open_claimed(&bytes, &context, with.unwraps(), min_epoch)?.accept()
    } else {
        Keyring::open(&bytes, &context, with.unwraps(), min_epoch)?
    };
    assert_eq!(opened.encode(), bytes);
    Ok(summary(&opened))
}
