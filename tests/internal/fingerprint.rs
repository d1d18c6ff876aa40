//! The core of safety numbers against published known answers (`tests/data/fingerprint.json`).

use std::string::String;
use std::vec::Vec;

use serde_json::Value;

use crate::fingerprint::{last_hash, side_digits};

fn published() -> Value {
    serde_json::from_str(include_str!("../data/fingerprint.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let (pairs, rest) = value.as_str().unwrap().as_bytes().as_chunks::<2>();
    assert!(rest.is_empty());
    let digit = |byte: u8| u8::try_from(char::from(byte).to_digit(16).unwrap()).unwrap();
    pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}

fn side_of(who: &Value) -> [u8; 64] {
    let key = bytes(&who["key"]).try_into().unwrap();
    last_hash(&key, who["id"].as_str().unwrap().as_bytes())
}

fn digits_of(who: &Value) -> String {
    side_digits(&side_of(who)).into_iter().map(char::from).collect()
}

/// hash and digits of both published sides.
#[test]
fn published_sides() {
    let published = published();
    assert_eq!(published["iterations"], 5_200);
    for who in ["alice", "bob"] {
        let who = &published[who];
        assert_eq!(side_of(who).as_slice(), bytes(&who["sha512"]));
        assert_eq!(digits_of(who), who["digits"]);
    }
}

/// the published number is both sides, the smaller first.
#[test]
fn published_number() {
    let published = published();
    let mut sides = [digits_of(&published["bob"]), digits_of(&published["alice"])];
    sides.sort();
    assert_eq!(sides.concat(), published["digits"]);
}
