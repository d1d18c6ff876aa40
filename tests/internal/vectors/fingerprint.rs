//! fingerprint.json: the core of safety numbers, numbers and codes. What is done with a trust store is in `trust`.

use std::string::{String, ToString};

use serde_json::{Value, json};
use sha2::{Digest, Sha512};

use super::book::{self, File, Stop};
use super::given::{Given, hex};
use super::parties::party;
use super::trust::{restore, trust};
use crate::fingerprint::{last_hash, side_digits};
use crate::{Party, SafetyNumber, Verified};

pub(super) const FILE: File = File {
    name: "fingerprint.json",
    ops: &[
        ("side", core),
        ("fingerprint", number),
        ("compare-number", compare_number),
        ("compare-code", compare_code),
        ("trust", trust),
        ("restore-trust", restore),
    ],
};

#[test]
fn safety_numbers_and_trust() {
    book::run(&FILE);
}

/// The hashes and the digits of one side. The first hash cannot be seen: it is made here.
fn hashes(key: &[u8; 33], id: &[u8]) -> Value {
    let (first, last) = (first(key, id), last_hash(key, id));
    json!({"h0": hex(first), "h": hex(last), "digits": digits(&last)})
}

fn first(key: &[u8; 33], id: &[u8]) -> [u8; 64] {
    Sha512::digest([&[0, 0], &key[..], id, key].concat()).into()
}

fn digits(hash: &[u8; 64]) -> String {
    side_digits(hash).into_iter().map(char::from).collect()
}

fn core(given: &mut Given) -> Result<Value, Stop> {
    let (key, id) = (given.fields.array("key"), given.fields.bytes("id"));
    let next = |hash: [u8; 64], _| Sha512::digest([&hash[..], &key].concat()).into();
    assert_eq!(
        (1..5_200).fold(first(&key, &id), next),
        last_hash(&key, &id),
        "5,200 hashes in all"
    );
    Ok(hashes(&key, &id))
}

fn parties(given: &mut Given) -> [Party; 2] {
    ["ours", "theirs"].map(|who| party(given.fields.object(who)))
}

fn number(given: &mut Given) -> Result<Value, Stop> {
    let [ours, theirs] = parties(given);
    let number = SafetyNumber::new(&ours, &theirs);
    let groups = number.to_string();
    assert_eq!(groups.len(), 60 + 11);
    assert!(groups.split(' ').all(|group| group.len() == 5), "twelve groups of five");
    Ok(json!({
        "ours": shown(&ours),
        "theirs": shown(&theirs),
        "number": groups.replace(' ', ""),
        "code": hex(number.code()),
    }))
}

fn shown(party: &Party) -> Value {
    let mut key = [1; 33];
    key[1..].copy_from_slice(&party.identity().hash());
    let id = party.address().encode_user();
    let mut out = hashes(&key, &id);
    out["key"] = hex(key);
    out["id"] = hex(id);
    out
}

fn compare_number(given: &mut Given) -> Result<Value, Stop> {
    let [ours, theirs] = parties(given);
    let typed = given.fields.text("typed");
    Ok(confirmed(&SafetyNumber::new(&ours, &theirs).compare(&typed)?))
}

fn compare_code(given: &mut Given) -> Result<Value, Stop> {
    let [ours, theirs] = parties(given);
    let code = given.fields.bytes("code");
    Ok(confirmed(&SafetyNumber::new(&ours, &theirs).compare_code(&code)?))
}

fn confirmed(verified: &Verified) -> Value {
    json!({"verified": named(verified.party())})
}

/// Address and identity.
pub(super) fn named(party: &Party) -> Value {
    hex([&party.address().encode()[..], &party.identity().to_bytes()].concat())
}
