//! The authenticated encryption's own properties: lengths, truncation, order, binding.

use alloc::vec;
use alloc::vec::Vec;
use std::collections::BTreeSet;

use super::derive::{CHUNK, HEADER, TAG, derive};
use crate::primitives::aead::{Context, MIN_LEN, Unauthentic, open, seal_into, sealed_len};

const KEY: [u8; 32] = [7; 32];
const SALT: [u8; 24] = [1; 24];
const CONTEXT: Context<'static> = [b"label", b"header", b"data"];

/// Lengths around the boundaries of chunks.
const LENGTHS: [usize; 8] =
    [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1];

fn plaintext(len: usize) -> Vec<u8> {
    (0..=250).cycle().take(len).collect()
}

fn seal(salt: &[u8; 24], plaintext: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    seal_into(&mut out, &KEY, salt, CONTEXT, plaintext);
    out
}

fn is_refused(message: &[u8]) -> bool {
    open(&KEY, CONTEXT, message) == Err(Unauthentic)
}

/// any length comes back; the message has the foretold length: one chunk more than there are full ones.
#[test]
fn every_length_round_trips() {
    for len in LENGTHS {
        let plaintext = plaintext(len);
        let message = seal(&SALT, &plaintext);
        assert_eq!(message.len(), sealed_len(len));
        assert_eq!(message.len(), HEADER + len + (len / CHUNK + 1) * TAG);
        assert!(open(&KEY, CONTEXT, &message) == Ok(plaintext), "{len} bytes");
    }
    assert_eq!(sealed_len(0), MIN_LEN);
}

/// A length near the machine's end is not foretold as a short one.
#[test]
fn the_foretold_length_saturates() {
    for len in [usize::MAX, usize::MAX - MIN_LEN, usize::MAX - usize::MAX / CHUNK] {
        assert_eq!(sealed_len(len), usize::MAX);
    }
}

/// What is in the buffer before the message stays there.
#[test]
fn sealing_appends() {
    let mut out = vec![9; 5];
    seal_into(&mut out, &KEY, &SALT, CONTEXT, b"text");
    assert_eq!(out, [&[9; 5][..], &seal(&SALT, b"text")].concat());
    assert_eq!(out[5..29], SALT);
}

/// no proper prefix of a message opens: not without its last byte, nor a whole tag, chunk, commitment or salt.
#[test]
fn every_prefix_is_refused() {
    let message = seal(&SALT, b"five.");
    for len in 0..message.len() {
        assert!(is_refused(&message[..len]), "{len} bytes");
    }
    let message = seal(&SALT, &plaintext(2 * CHUNK + 1));
    for chunks in 0..=2 {
        let boundary = HEADER + chunks * (CHUNK + TAG);
        for len in boundary.saturating_sub(TAG + 1)..=boundary + TAG {
            assert!(is_refused(&message[..len]), "{len} bytes");
        }
    }
}

/// a salt, commitment or tag that is shorter or longer by any number of bytes is refused, also when the rest of
/// the message is whole.
#[test]
fn fields_of_another_length_are_refused() {
    let message = seal(&SALT, &plaintext(CHUNK + 1));
    let ends = [24, HEADER, HEADER + CHUNK + TAG, message.len()];
    for (end, len) in ends.into_iter().zip([24, 32, TAG, TAG]) {
        for missing in 1..=len {
            let mut shorter = message.clone();
            shorter.drain(end - missing..end);
            assert!(is_refused(&shorter), "{missing} bytes before {end}");
        }
        let mut longer = message.clone();
        longer.insert(end, 0);
        assert!(is_refused(&longer), "a byte at {end}");
    }
}

/// No byte of a message can be changed: salt, commitment, ciphertext, tag.
#[test]
fn every_changed_byte_is_refused() {
    let message = seal(&SALT, b"five.");
    for i in 0..message.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = message.clone();
            changed[i] ^= change;
            assert!(is_refused(&changed), "byte {i}");
        }
    }
}

/// A message of two full chunks and a last one, in pieces.
fn pieces() -> (Vec<u8>, [Vec<u8>; 3]) {
    let message = seal(&SALT, &plaintext(2 * CHUNK + 5));
    let (header, body) = message.split_at(HEADER);
    let mut chunks = body.chunks(CHUNK + TAG).map(<[u8]>::to_vec);
    let chunks = core::array::from_fn(|_| chunks.next().unwrap());
    (header.to_vec(), chunks)
}

/// Chunks dropped, swapped, doubled or added are refused; in their order they open.
#[test]
fn chunks_have_one_order() {
    let (header, [a, b, last]) = pieces();
    let with = |chunks: &[&Vec<u8>]| {
        chunks.iter().fold(header.clone(), |message, chunk| [&message[..], chunk].concat())
    };
    assert!(open(&KEY, CONTEXT, &with(&[&a, &b, &last])) == Ok(plaintext(2 * CHUNK + 5)));
    let orders: [&[&Vec<u8>]; 12] = [
        &[],
        &[&last],
        &[&a],
        &[&a, &b],
        &[&a, &last],
        &[&b, &last],
        &[&b, &a, &last],
        &[&a, &a, &last],
        &[&b, &b, &last],
        &[&a, &b, &b, &last],
        &[&a, &b, &last, &last],
        &[&a, &last, &b],
    ];
    for (i, order) in orders.into_iter().enumerate() {
        assert!(is_refused(&with(order)), "order {i}");
    }
}

/// Bytes after the last chunk are refused: any number, and an empty chunk with a valid tag of its own.
#[test]
fn trailing_bytes_are_refused() {
    let message = seal(&SALT, b"five.");
    for len in [1, TAG, TAG + 1, CHUNK - 5, CHUNK, CHUNK + TAG] {
        assert!(is_refused(&[&message[..], &vec![0; len]].concat()), "{len} bytes");
    }
    let full = seal(&SALT, &plaintext(CHUNK));
    let empty_end = &full[full.len() - TAG..];
    let derived = derive(&KEY, &SALT, &CONTEXT.concat());
    assert_eq!(derived.open_chunk(1, empty_end), Some(vec![]));
    assert!(is_refused(&[&message[..], empty_end].concat()));
    assert!(is_refused(&full[..full.len() - TAG]), "a full chunk is never the last");
}

/// A message opens under one key and one context. The parts of a context are joined without lengths, so only the whole
/// counts.
#[test]
fn a_message_is_bound_to_key_and_context() {
    let message = seal(&SALT, b"text");
    let others: [Context<'_>; 5] = [
        [b"label", b"header", b""],
        [b"label", b"header", b"data\0"],
        [b"Label", b"header", b"data"],
        [b"label", b"Header", b"data"],
        [b"label", b"header", b"Data"],
    ];
    for other in others {
        assert_eq!(open(&KEY, other, &message), Err(Unauthentic));
    }
    for bit in 0..256 {
        let mut key = KEY;
        key[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&key, CONTEXT, &message), Err(Unauthentic));
    }
    assert_eq!(open(&KEY, [b"labelheader", b"", b"data"], &message), Ok(b"text".to_vec()));
}

/// a fresh salt gives a fresh key and nonce, so that sealing twice with one input key, as after a rollback, never
/// uses a pair of AES-GCM twice.
#[test]
fn another_salt_gives_another_key_and_nonce() {
    let mut seen = BTreeSet::new();
    for byte in 0..32 {
        let mut salt = SALT;
        salt[usize::from(byte) % 24] ^= byte + 1;
        let derived = derive(&KEY, &salt, &CONTEXT.concat());
        let message = seal(&salt, b"text");
        assert_eq!(message[24..HEADER], derived.commitment, "the pair below is the one in use");
        assert_eq!(derived.open_chunk(0, &message[HEADER..]), Some(b"text".to_vec()));
        seen.insert([&derived.key[..], &derived.base_nonce[..]].concat());
        seen.insert(derived.key.to_vec());
        seen.insert(derived.base_nonce.to_vec());
        seen.insert(message[24..HEADER].to_vec());
        seen.insert(message[HEADER..].to_vec());
    }
    assert_eq!(seen.len(), 5 * 32, "pairs, keys, nonces, commitments and ciphertexts all differ");
}

/// Every chunk of a message has its own nonce, `base_nonce XOR k`.
#[test]
fn chunks_have_nonces_of_their_own() {
    let (_, chunks) = pieces();
    let derived = derive(&KEY, &SALT, &CONTEXT.concat());
    let text = plaintext(2 * CHUNK + 5);
    for (k, chunk) in (0..).zip(&chunks) {
        for index in 0..3 {
            let opened = derived.open_chunk(index, chunk);
            assert_eq!(opened.is_some(), index == k, "chunk {k} with nonce {index}");
        }
    }
    let opened = (0..).zip(&chunks).flat_map(|(k, chunk)| derived.open_chunk(k, chunk).unwrap());
    assert!(opened.eq(text));
}
