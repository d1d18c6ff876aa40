//! Key commitment: a "salamander", one AES-256-GCM ciphertext and tag that two keys accept (Dodis, Grubbs, Ristenpart,
//! Woodage: *Fast Message Franking*, 2018), and why it does not pass here.
//!
//! ```text
//! tag_i = GHASH(H_i, c0 ‖ c1 ‖ c2 ‖ lengths) + AES(K_i, N_i ‖ 1)
//!       = c0·H_i^4 + c1·H_i^3 + c2·H_i^2 + lengths·H_i + AES(K_i, N_i ‖ 1)
//! ```
//!
//! `c0` is chosen for what it says under the first key and `c1` under the second; `tag_1 = tag_2` is then linear in
//! `c2`.

use alloc::vec::Vec;

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

use super::derive::{Derived, derive};
use crate::primitives::aead::{Context, Unauthentic, open};

const SALT: [u8; 24] = [3; 24];
const FIRST: &[u8; 16] = b"pay Alice 10 EUR";
const SECOND: &[u8; 16] = b"pay Mallory 1000";

/// A sum of powers of x below 128, the highest bit for x^0 (SP 800-38D, section 6.3).
fn multiply(a: u128, b: u128) -> u128 {
    let (mut product, mut shifted) = (0, b);
    for i in (0..128).rev() {
        if a >> i & 1 == 1 {
            product ^= shifted;
        }
        let carry = shifted & 1;
        shifted = (shifted >> 1) ^ (carry * (0xe1 << 120));
    }
    product
}

/// `a^(2^128 − 2)`.
fn invert(a: u128) -> u128 {
    let (mut inverse, mut square) = (1 << 127, a);
    for _ in 1..128 {
        square = multiply(square, square);
        inverse = multiply(inverse, square);
    }
    inverse
}

fn block(keys: &Derived, input: [u8; 16]) -> u128 {
    let mut block = input.into();
    Aes256::new(&keys.key.into()).encrypt_block(&mut block);
    u128::from_be_bytes(block.into())
}

/// `AES(K, N ‖ counter)`: the first masks the tag, the others the blocks of the message.
fn mask(keys: &Derived, counter: u32) -> u128 {
    let mut input = [0; 16];
    input[..12].copy_from_slice(&keys.base_nonce);
    input[12..].copy_from_slice(&counter.to_be_bytes());
    block(keys, input)
}

/// The part of the tag that does not depend on `c2`, and the factor of `c2`.
fn tag_of(keys: &Derived, c0: u128, c1: u128) -> (u128, u128) {
    let lengths = 3 * 128;
    let h = block(keys, [0; 16]);
    let mut sum = 0;
    for coefficient in [c0, c1, 0, lengths] {
        sum = multiply(sum ^ coefficient, h);
    }
    (sum ^ mask(keys, 1), multiply(h, h))
}

/// A chunk that both accept. The first reads [`FIRST`] at its beginning, the second [`SECOND`] after 16 bytes.
fn salamander(first: &Derived, second: &Derived) -> Vec<u8> {
    let c0 = u128::from_be_bytes(*FIRST) ^ mask(first, 2);
    let c1 = u128::from_be_bytes(*SECOND) ^ mask(second, 3);
    let (sum_1, factor_1) = tag_of(first, c0, c1);
    let (sum_2, factor_2) = tag_of(second, c0, c1);
    let c2 = multiply(sum_1 ^ sum_2, invert(factor_1 ^ factor_2));
    let tag = sum_1 ^ multiply(c2, factor_1);
    [c0, c1, c2, tag].map(u128::to_be_bytes).concat()
}

/// One way to try a message: an input key and a context.
type Reading<'a> = (&'a [u8; 32], Context<'a>);

/// Makes the chunk for both readings and shows that AES-256-GCM accepts it twice, with two texts, and `open` once:
/// under the reading whose commitment the message carries, whichever that is.
fn passes_once(first: Reading<'_>, second: Reading<'_>) {
    let readings = [first, second];
    let [a, b] = readings.map(|(key, context)| derive(key, &SALT, &context.concat()));
    let chunk = salamander(&a, &b);
    let texts = [&a, &b].map(|keys| keys.open_chunk(0, &chunk).expect("AES-GCM accepts both"));
    assert_eq!((&texts[0][..16], &texts[1][16..32]), (&FIRST[..], &SECOND[..]));
    assert_ne!(texts[0], texts[1]);
    for (carried, keys) in [&a, &b].into_iter().enumerate() {
        let message = [&SALT[..], &keys.commitment, &chunk].concat();
        for (tried, (key, context)) in readings.into_iter().enumerate() {
            let opened = open(key, context, &message);
            let expected =
                if tried == carried { Ok(texts[tried].clone()) } else { Err(Unauthentic) };
            assert_eq!(opened, expected, "carries {carried}, tried as {tried}");
        }
    }
}

/// R-46: two keys accept one ciphertext; the commitment lets one through, without looking at the ciphertext, which the
/// other would have accepted.
#[test]
fn a_salamander_of_two_keys_opens_under_one() {
    let context: Context<'_> = [b"label", b"header", b"data"];
    for byte in 0..4 {
        passes_once((&[byte; 32], context), (&[byte + 100; 32], context));
    }
}

/// R-46: the same for one key and two contexts.
#[test]
fn a_salamander_of_two_contexts_opens_under_one() {
    let key = [5; 32];
    passes_once(
        (&key, [b"label", b"header", b"to Alice"]),
        (&key, [b"label", b"header", b"to Bob"]),
    );
}

/// The arithmetic above: x^127·x = x^7 + x^2 + x + 1, and an inverse is one.
#[test]
fn the_field_is_the_one_of_gcm() {
    assert_eq!(multiply(1, 1 << 126), 0xe1 << 120);
    for a in [1, 2, u128::MAX, 0x0123_4567_89ab_cdef << 60] {
        assert_eq!(multiply(a, invert(a)), 1 << 127);
    }
}
