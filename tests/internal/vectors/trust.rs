//! fingerprint.json: what a trust store is told, step by step, and its snapshots.

use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::Stop;
use super::given::{Given, Object, hex};
use super::parties::party;
use crate::{
    Address, DeviceId, Party, Peer, Provider, PublicIdentity, SafetyNumber, Trust, TrustError,
    TrustStore, UserId,
};

/// The steps, with the results that they have here.
pub(super) fn trust(given: &mut Given) -> Result<Value, Stop> {
    let Value::Object(parties) = given.fields.value("parties") else { panic!("parties by name") };
    let parties = parties.into_iter().map(|(name, at)| (name, party(Object::new("party", at))));
    let parties = BTreeMap::from_iter(parties);
    let mut store = match given.fields.optional("counted") {
        Some(counted) => counted_store(Object::new("counted", counted)),
        None => TrustStore::new(),
    };
    let steps = given.fields.list("steps").into_iter();
    let steps = steps.map(|step| play(&mut store, Object::new("step", step), &parties));
    let steps: Vec<Value> = steps.collect();
    let snapshot = store.snapshot();
    if is_small(&store) {
        let again = TrustStore::restore(snapshot.expose(), store.changes())?;
        assert_eq!(again.snapshot().expose(), snapshot.expose());
        assert!(again.iter().eq(store.iter()));
    }
    Ok(json!({"steps": steps, "snapshot": brief(snapshot.expose())}))
}

/// One that has met so many users, whose names are counted.
fn counted_store(mut fields: Object) -> TrustStore {
    let identity = PublicIdentity::from_bytes(&fields.array("identity")).unwrap();
    let mut store = TrustStore::new();
    for i in 0..fields.small("count") {
        assert_eq!(store.meet(&Peer::new(identity, counted(i))), Ok(Trust::FirstUse));
    }
    fields.finish();
    store
}

/// A user of no provider, whose name is a number of four bytes.
pub(super) fn counted(i: u32) -> Address {
    let user = UserId::new(i.to_be_bytes()).unwrap();
    Address::new(Provider::new("").unwrap(), user, DeviceId::new(1))
}

fn play(store: &mut TrustStore, mut step: Object, parties: &BTreeMap<String, Party>) -> Value {
    let who = &parties[&step.text("party")];
    let (status, before) = (store.status(who), state(store));
    let changed = matches!(status, Trust::Changed { .. });
    assert_eq!(store.check(who), if changed { Err(TrustError::IdentityChanged) } else { Ok(()) });
    let result = done(store, &step.text("do"), who);
    step.finish();
    if result.is_err() || store.changes() == before.0 {
        assert!(state(store) == before, "a refusal, and what is not counted, changes nothing");
    }
    let (mut known, mut verified) = (0, 0);
    for (_, trust) in store.iter() {
        known += 1;
        verified += u64::from(trust == Trust::Verified);
    }
    let mut out = json!({
        "expect": result.as_ref().map_or_else(|error| format!("{error:?}"), |_| "ok".into()),
        "before": shown(status),
        "after": shown(store.status(who)),
        "epoch": store.changes(),
        "known": known,
        "verified": verified,
    });
    if let Ok(Some(gives)) = result {
        out["gives"] = gives;
    }
    out
}

/// What a refusal leaves as it was: of a large store, the number of changes.
fn state(store: &TrustStore) -> (u64, Option<Vec<u8>>) {
    (store.changes(), is_small(store).then(|| store.snapshot().expose().to_vec()))
}

fn is_small(store: &TrustStore) -> bool {
    store.iter().nth(100).is_none()
}

/// What the call gives, if it gives anything.
fn done(store: &mut TrustStore, what: &str, who: &Party) -> Result<Option<Value>, TrustError> {
    match what {
        "meet" => {
            let peer = Peer::new(*who.identity(), who.address().clone());
            store.meet(&peer).map(|before| Some(shown(before)))
        }
        "verify" => {
            let verified = SafetyNumber::new(who, who).confirmed_by_user();
            store.verify(&verified).map(|()| None)
        }
        "accept-change" => store.accept_change(who).map(|before| Some(shown(before))),
        "forget" => Ok(Some(store.forget(who.address()).into())),
        other => panic!("unknown step {other}"),
    }
}

fn shown(trust: Trust) -> Value {
    match trust {
        Trust::NewDevice { same_identity, user_verified } => json!({
            "NewDevice": {"same_identity": same_identity, "user_verified": user_verified}
        }),
        Trust::Changed { was_verified } => json!({"Changed": {"was_verified": was_verified}}),
        other => format!("{other:?}").into(),
    }
}

pub(super) fn restore(given: &mut Given) -> Result<Value, Stop> {
    let (snapshot, least) = (given.fields.bytes("snapshot"), given.fields.number("min_epoch"));
    let store = TrustStore::restore(&snapshot, least)?;
    assert_eq!(hex(store.snapshot().expose()), hex(snapshot), "there is one encoding");
    Ok(json!({"epoch": store.changes()}))
}
