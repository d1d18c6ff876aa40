//! Ed25519 at its edges: C2SP CCTV's `ed25519vectors`, encodings, and signatures with another S.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::hex;
use crate::primitives::sign::{SigningKey, VerifyingKey};
use crate::secret::Secret;

/// The group's order, little-endian.
const L: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";

struct Case {
    key: [u8; 32],
    signature: [u8; 64],
    message: String,
    flags: Vec<String>,
}

impl Case {
    fn has(&self, any: &[&str]) -> bool {
        self.flags.iter().any(|flag| any.contains(&flag.as_str()))
    }
}

fn cctv() -> Vec<Case> {
    let file = include_str!("../../data/cctv_ed25519.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let text = |list: &str, i: &Value| {
        let i = usize::try_from(i.as_u64().unwrap()).unwrap();
        String::from(file[list][i].as_str().unwrap())
    };
    let case = |case: &Value| Case {
        key: hex(&text("keys", &case[0])),
        signature: hex(&text("sigs", &case[1])),
        message: case[2].as_str().unwrap().into(),
        flags: case[3].as_array().unwrap().iter().map(|i| text("flags", i)).collect(),
    };
    file["cases"].as_array().unwrap().iter().map(case).collect()
}

/// CCTV, 914 cases with points of small order or in encodings that are not canonical. What is accepted is decided by
/// the flags alone: a key that is of small order or not canonical is refused on decoding; a signature whose R is
/// either, or that solves only the equation with the cofactor (`low_order_residue`), on verifying. Components of small
/// order alone are no reason.
#[test]
fn cctv_ed25519() {
    let (mut accepted, mut refused, mut undecodable) = (0, 0, 0);
    for (number, case) in cctv().iter().enumerate() {
        let key = VerifyingKey::from_bytes(&case.key);
        assert_eq!(key.is_none(), case.has(&["low_order_A", "non_canonical_A"]), "case {number}");
        let Some(key) = key else {
            undecodable += 1;
            continue;
        };
        let bad = case.has(&["low_order_R", "non_canonical_R", "low_order_residue"]);
        let outcome = key.verify(case.message.as_bytes(), &case.signature);
        assert_eq!(outcome.is_err(), bad, "case {number}: {:?}", case.flags);
        *(if bad { &mut refused } else { &mut accepted }) += 1;
    }
    assert_eq!((accepted, refused, undecodable), (43, 345, 526));
}

/// The 19 values of y + p that fit, with either sign, are refused as keys.
#[test]
fn keys_that_are_not_canonical_are_refused() {
    for excess in 0..19 {
        for top in [0x7f, 0xff] {
            let mut key = [0xff; 32];
            key[0] = 0xed + excess;
            key[31] = top;
            assert_eq!(VerifyingKey::from_bytes(&key), None, "p + {excess}");
        }
    }
}

/// About half of all y belong to no point, and are refused as keys.
#[test]
fn encodings_of_no_point_are_refused() {
    let points = (2..=255).filter(|y| {
        let mut key = [0; 32];
        key[0] = *y;
        VerifyingKey::from_bytes(&key).is_some()
    });
    assert!((96..160).contains(&points.count()));
}

fn key(byte: u8) -> SigningKey {
    SigningKey::new(&Secret::init_with(|bytes| bytes.fill(byte)))
}

/// `signature` with `S + L`; `None` when it no longer fits.
fn add_order(signature: &[u8; 64]) -> Option<[u8; 64]> {
    let mut sum = *signature;
    let mut carry = 0;
    for (byte, of_l) in sum[32..].iter_mut().zip(hex::<32>(L)) {
        carry += u16::from(*byte) + u16::from(of_l);
        *byte = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    (carry == 0).then_some(sum)
}

/// S + L, S + 2·L, … solve the same equation; all that fit are refused.
#[test]
fn a_signature_with_another_s_is_refused() {
    let mut tried = 0;
    for byte in 1..=4 {
        let signature = key(byte).sign(b"message");
        assert!(key(byte).public().verify(b"message", &signature).is_ok());
        let mut next = add_order(&signature);
        while let Some(other) = next {
            assert!(key(byte).public().verify(b"message", &other).is_err());
            tried += 1;
            next = add_order(&other);
        }
    }
    assert!((15 * 4 - 4..=15 * 4).contains(&tried), "S + 15·L < 2^256 for nearly every S");
}

/// A signature is one key's for one message, and no byte of it can be changed.
#[test]
fn a_signature_belongs_to_one_key_and_message() {
    let signature = key(1).sign(b"message");
    let public = key(1).public();
    assert!(public.verify(b"message.", &signature).is_err());
    assert!(key(2).public().verify(b"message", &signature).is_err());
    for i in 0..64 {
        let mut changed = signature;
        changed[i] ^= 1 << (i % 8);
        assert!(public.verify(b"message", &changed).is_err(), "byte {i}");
    }
}
