//! snapshot.json: stored sessions and pre-key stores.

use std::vec::Vec;

use serde_json::{Value, json};

use super::book::{self, File, Stop, decoded};
use super::given::{Given, Object, data, hex};
use super::message::SUITE_AT;
use super::parties::{identity, suite};
use super::replay::Replay;
use super::stored::Stored;
use super::stores::Listed;
use crate::{Identity, PreKeyStore, Session, UnixTime};

pub(super) const FILE: File = File {
    name: "snapshot.json",
    ops: &[
        ("session-snapshot", session),
        ("restore-session", restore_session),
        ("store-snapshot", store),
        ("restore-store", restore_store),
        ("store-history", store_history),
    ],
};

#[test]
fn snapshots() {
    book::run(&FILE);
}

/// The listed bytes, restored and written again, have the listed fields.
fn session(given: &mut Given) -> Result<Value, Stop> {
    let fields = given.fields.value("fields");
    let listed = data(&given.expected["snapshot"], None);
    let min_epoch = given.fields.number("min_epoch");
    let session = decoded(Session::restore(&listed, min_epoch), &listed, SUITE_AT)?;
    let snapshot = session.snapshot();
    let stored = Stored::read(snapshot.expose());
    assert_eq!(stored.fields(), fields);
    assert_eq!(fields["epoch"], session.epoch());
    assert_eq!(fields["suite"], session.suite().to_byte());
    let (peer, address) = (session.peer().identity(), session.peer().address());
    assert_eq!(fields["peer"], hex([&peer.to_bytes()[..], &address.encode()].concat()));
    assert_eq!(fields["th"], hex(session.id()));
    assert_eq!(fields["prefix"] == "", session.is_established());
    assert_eq!(fields["kept"].as_array().unwrap().len(), session.skipped());
    Ok(json!({"snapshot": hex(snapshot.expose())}))
}

fn restore_session(given: &mut Given) -> Result<Value, Stop> {
    let (snapshot, min_epoch) = (given.fields.bytes("snapshot"), given.fields.number("min_epoch"));
    let session = decoded(Session::restore(&snapshot, min_epoch), &snapshot, SUITE_AT)?;
    assert_eq!(session.snapshot().expose(), snapshot, "there is one encoding");
    Ok(json!({"epoch": session.epoch()}))
}

fn store(given: &mut Given) -> Result<Value, Stop> {
    let owner = identity(&given.fields.bytes("responder_seed")).public();
    let min_epoch = given.fields.number("min_epoch");
    let store = Listed::read(given.fields.value("store"))?.store(&owner);
    let snapshot = store.snapshot();
    let again = PreKeyStore::restore(snapshot.expose(), min_epoch)?;
    assert_eq!(again.snapshot().expose(), snapshot.expose());
    Ok(json!({"snapshot": hex(snapshot.expose())}))
}

fn restore_store(given: &mut Given) -> Result<Value, Stop> {
    let (snapshot, min_epoch) = (given.fields.bytes("snapshot"), given.fields.number("min_epoch"));
    let store = decoded(PreKeyStore::restore(&snapshot, min_epoch), &snapshot, SUITE_AT)?;
    assert_eq!(store.snapshot().expose(), snapshot, "there is one encoding");
    Ok(json!({"epoch": store.epoch()}))
}

fn store_history(given: &mut Given) -> Result<Value, Stop> {
    let owner = identity(&given.fields.bytes("responder_seed"));
    let suite = suite(&given.fields.text("suite"))?;
    let mut steps = given.fields.list("steps").into_iter().map(|step| Object::new("step", step));
    let mut first = steps.next().unwrap();
    assert_eq!(first.text("do"), "create");
    let (now, mut rng) = time_and_randomness(&mut first);
    let mut store = PreKeyStore::generate(&owner, suite, now, &mut rng)?;
    rng.finish();
    first.finish();
    let mut out = Vec::from([state(&store)]);
    for step in steps {
        change(&mut store, &owner, step)?;
        out.push(state(&store));
    }
    Ok(json!({"steps": out}))
}

fn change(store: &mut PreKeyStore, owner: &Identity, mut step: Object) -> Result<(), Stop> {
    let (now, mut rng) = time_and_randomness(&mut step);
    let before = store.snapshot();
    let published = match step.text("do").as_str() {
        "one-time" => {
            let (curve, kem) = (step.number("curve"), step.number("kem"));
            assert_eq!(kem, if store.suite().is_hybrid() { curve } else { 0 });
            store.replenish(owner, curve.try_into().unwrap(), now, &mut rng)
        }
        "rotate" => store.rotate(owner, now, &mut rng),
        other => panic!("unknown step {other}"),
    };
    step.finish();
    if published.is_err() {
        assert_eq!(store.snapshot().expose(), before.expose(), "a refusal changes nothing");
    }
    published?;
    rng.finish();
    Ok(())
}

fn time_and_randomness(step: &mut Object) -> (UnixTime, Replay) {
    (UnixTime::from_secs(step.number("now")), Replay::new(&step.list("random")))
}

fn state(store: &PreKeyStore) -> Value {
    json!({"epoch": store.epoch(), "snapshot": hex(store.snapshot().expose())})
}
