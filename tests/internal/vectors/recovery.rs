//! recovery.json: codes, tokens, sets and what becomes of them.

use std::vec::Vec;

use serde_json::{Value, json};

use super::book::{self, File, Stop};
use super::envelope_kek::context;
use super::given::{Given, Object, data, hex, text};
use super::parties::secret;
use super::replay::Replay;
use crate::primitives::mac::hmac;
use crate::{
    DataContext, RecoveryCode, RecoveryCodeError, RecoveryCodeKey, RecoveryProfile, RecoverySet,
    RecoveryToken, RecoveryVerifier,
};

pub(super) const FILE: File = File {
    name: "recovery.json",
    ops: &[
        ("read-code", read_code),
        ("unlock-code", unlock),
        ("present-code", present),
        ("create-recovery", create),
        ("claimed-recovery", claimed),
        ("open-recovery", open),
        ("change-recovery", change),
    ],
};

#[test]
fn recovery() {
    book::run(&FILE);
}

/// Letters of a short code, and the byte that a set of such has for its profile.
const SHORT: (usize, u8) = (20, 2);

fn read_code(given: &mut Given) -> Result<Value, Stop> {
    let typed = given.fields.text("text");
    let code = read(&typed)?;
    let text = code.to_text();
    let length = if letters(text.expose()) == SHORT.0 { "short" } else { "long" };
    assert_eq!(RecoveryCode::parse(text.expose())?.to_text().expose(), text.expose());
    Ok(json!({"length": length, "index": code.index(), "code": text.expose()}))
}

fn letters(text: &str) -> usize {
    text.chars().filter(|letter| *letter != '-').count()
}

/// A build without Argon2id has no short codes: it refuses their length, once it has seen that there are only letters.
fn read(typed: &str) -> Result<RecoveryCode, Stop> {
    let code = RecoveryCode::parse(typed);
    if cfg!(not(feature = "password")) && letters(typed) == SHORT.0 && code.is_err() {
        let all_letters = code.as_ref().err() != Some(&RecoveryCodeError::NotALetter);
        if all_letters {
            return Err(Stop::Absent);
        }
    }
    Ok(code?)
}

fn profile(value: &Value) -> Result<RecoveryProfile, Stop> {
    if value == "long" {
        return Ok(RecoveryProfile::Long);
    }
    short(value)
}

#[cfg(feature = "password")]
fn short(value: &Value) -> Result<RecoveryProfile, Stop> {
    let part = |at: usize| value[at].as_u64().unwrap().try_into().unwrap();
    let lanes = value[2].as_u64().unwrap().try_into().unwrap();
    let parameters = crate::PasswordParameters::new(part(0), part(1), lanes);
    Ok(RecoveryProfile::Short(parameters?))
}

#[cfg(not(feature = "password"))]
fn short(_: &Value) -> Result<RecoveryProfile, Stop> {
    Err(Stop::Absent)
}

fn good_for(key: &RecoveryCodeKey) -> Value {
    let token = key.token();
    assert!(token.verifier().accepts(&token));
    json!({
        "token": hex(token.expose()),
        "verifier": hex(token.verifier().as_bytes()),
        "public": hex(key.recipient().key().to_bytes()),
    })
}

fn unlock(given: &mut Given) -> Result<Value, Stop> {
    let code = given.fields.text("code");
    let (set_id, profile) =
        (given.fields.array("set_id"), profile(&given.fields.value("profile"))?);
    let code = read(&code)?;
    let key = code.unlock(&set_id, profile)?;
    assert_eq!(key.recipient().index(), code.index());
    Ok(good_for(&key))
}

/// `spec.md` has no name for the server's answer to another token.
fn present(given: &mut Given) -> Result<Value, Stop> {
    let token = RecoveryToken::from_bytes(&given.fields.array("token"));
    let verifier = RecoveryVerifier::from_bytes(given.fields.array("verifier"));
    let accepted = verifier.accepts(&token);
    if accepted { Ok(json!({"accepted": true})) } else { Err(Stop::Refused("refused".into())) }
}

fn create(given: &mut Given) -> Result<Value, Stop> {
    let context = context(&given.fields.bytes("context"));
    let (profile, count) = (profile(&given.fields.value("profile"))?, given.fields.small("count"));
    let random = given.fields.list("random");
    let mut rng = Replay::new(&random).then_failing();
    let created = RecoverySet::create(&context, profile, count.try_into().unwrap(), &mut rng);
    let (set, codes) = created?;
    rng.finish();
    let mut shown = Vec::new();
    for code in &codes {
        let key = code.unlock(&set.id(), profile)?;
        assert!(set.verifier(code.index()).unwrap().accepts(&key.token()));
        let mut out = good_for(&key);
        out["code"] = code.to_text().expose().into();
        shown.push(out);
    }
    assert!(set.recipients().map(|code| code.index()).eq(0..codes.len() as u8));
    let encoded = set.encode();
    check_tags(&encoded, &context, &given.expected["codes"], &mut shown);
    Ok(json!({
        "id": hex(set.id()),
        "key": hex(set.key().expose()),
        "set": hex(encoded),
        "codes": shown,
    }))
}

/// A code's roster key cannot be seen: the expected one must give the tag that the set has.
fn check_tags(set: &[u8], context: &DataContext, expected: &Value, codes: &mut [Value]) {
    let profile_len = if set[28] == SHORT.1 { 11 } else { 1 };
    let (fixed, rest) = set.split_at(28 + profile_len);
    let (_, entries) = rest.split_first().unwrap();
    let entries = &entries[..entries.len() - 32];
    let size = entries.len() / codes.len();
    let mut roster = [&fixed[4..20], &fixed[28..], context.as_bytes()].concat();
    for entry in entries.chunks_exact(size) {
        roster.extend(&entry[2..66]);
    }
    for (i, (entry, code)) in entries.chunks_exact(size).zip(codes).enumerate() {
        let key = &expected[i]["roster"];
        assert_eq!(hmac(&data(key, None).try_into().unwrap(), &roster), entry[66..98]);
        code["roster"] = key.clone();
    }
}

fn shown(set: &RecoverySet) -> Value {
    let states = set.codes().map(|code| std::format!("{:?}", code.state)).collect::<Vec<_>>();
    assert!(set.codes().map(|code| code.index).eq(0..states.len() as u8));
    json!({
        "id": hex(set.id()),
        "epoch": set.epoch(),
        "key": hex(set.key().expose()),
        "states": states,
    })
}

/// Sets of short codes are for builds with Argon2id.
fn present_here(stored: &[u8]) -> Result<(), Stop> {
    let is_short = stored.starts_with(b"ERS1") && stored.get(28) == Some(&SHORT.1);
    if is_short && cfg!(not(feature = "password")) { Err(Stop::Absent) } else { Ok(()) }
}

/// What a set says of itself.
fn claimed(given: &mut Given) -> Result<Value, Stop> {
    let stored = given.fields.bytes("set");
    present_here(&stored)?;
    let (id, profile) = RecoverySet::claimed_in(&stored)?;
    let profile = match profile {
        RecoveryProfile::Long => Value::from("long"),
        #[cfg(feature = "password")]
        RecoveryProfile::Short(work) => json!([work.memory_kib(), work.passes(), work.lanes()]),
    };
    Ok(json!({"id": hex(id), "profile": profile}))
}

fn unlocked(code: &RecoveryCode, stored: &[u8]) -> Result<RecoveryCodeKey, Stop> {
    let (id, profile) = RecoverySet::claimed_in(stored)?;
    Ok(code.unlock(&id, profile)?)
}

fn open(given: &mut Given) -> Result<Value, Stop> {
    let (fields, stored) = (&mut given.fields, "set");
    let stored = fields.bytes(stored);
    let usual = fields.bytes("context");
    let other = fields.optional("with_context").map(|other| data(&other, None));
    let context = context(&other.unwrap_or(usual));
    let least = fields.optional("min_epoch").map_or(0, |least| least.as_u64().unwrap());
    let (code, key) = (fields.optional("code"), fields.optional("key"));
    let code = code.map(|code| read(&text(&code))).transpose()?;
    let otherwise = fields.optional("unlocked");
    present_here(&stored)?;
    let Some(code) = code else {
        let key = secret(&data(&key.unwrap(), None));
        let set = RecoverySet::open_with_key(&stored, &context, key, least)?;
        assert_eq!(set.encode(), stored, "there is one encoding");
        return Ok(shown(&set));
    };
    let unlocked = match otherwise {
        None => unlocked(&code, &stored)?,
        Some(value) => {
            let mut fields = Object::new("unlocked", value);
            let (id, profile) = (fields.array("set_id"), profile(&fields.value("profile"))?);
            fields.finish();
            code.unlock(&id, profile)?
        }
    };
    let recovered = RecoverySet::open(&stored, &context, &unlocked, least)?.accept();
    assert_eq!(recovered.index(), code.index());
    let key = secret(recovered.key().expose());
    Ok(shown(&RecoverySet::open_with_key(&stored, &context, key, least)?))
}

fn change(given: &mut Given) -> Result<Value, Stop> {
    let context = context(&given.fields.bytes("context"));
    let mut stored = given.fields.bytes("set");
    let mut key: [u8; 32] = given.fields.array("archive_key");
    let list = given.fields.list("steps");
    present_here(&stored)?;
    let mut steps = Vec::new();
    for value in list {
        let set = step(&stored, &key, &context, Object::new("step", value))?;
        (stored, key) = (set.encode(), *set.key().expose());
        let mut out = shown(&set);
        out["set"] = hex(&stored);
        steps.push(out);
    }
    Ok(json!({"steps": steps, "set": hex(stored)}))
}

/// One change, of a set that is opened for it. The key that it gives back is the one that the set had.
fn step(
    stored: &[u8],
    key: &[u8; 32],
    context: &DataContext,
    mut step: Object,
) -> Result<RecoverySet, Stop> {
    let (use_up, revoke) = (step.optional("use_up"), step.optional("revoke"));
    let mut rng = Replay::new(&step.list("random")).then_failing();
    step.finish();
    let (set, old) = if let Some(code) = use_up {
        let code = read(&text(&code))?;
        let unlocked = unlocked(&code, stored)?;
        RecoverySet::open(stored, context, &unlocked, 0)?.accept().use_up(&mut rng)?
    } else {
        let mut set = RecoverySet::open_with_key(stored, context, secret(key), 0)?;
        let old = match revoke {
            Some(index) => set.revoke(index.as_u64().unwrap().try_into().unwrap(), &mut rng)?,
            None => set.renew(&mut rng)?,
        };
        (set, old)
    };
    rng.finish();
    assert_eq!(old.expose(), key, "the key that it had");
    Ok(set)
}
