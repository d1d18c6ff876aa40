//! SHA-256 and SHA-512 (FIPS 180-4), and how labels and parts enter.

use alloc::vec;

use sha2::{Digest, Sha256, Sha512};

use super::bytes;
use crate::label::Label;
use crate::primitives::hash::{Hash, sha256};

const TWO_BLOCKS: &[u8] = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

/// The examples of FIPS 180-4 for SHA-256: none, one and two blocks, and a million times "a".
#[test]
fn fips_180_4_sha256() {
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let of_two = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
    let of_million = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    assert_eq!(Sha256::digest([])[..], bytes(of_nothing));
    assert_eq!(Sha256::digest(b"abc")[..], bytes(of_abc));
    assert_eq!(Sha256::digest(TWO_BLOCKS)[..], bytes(of_two));
    assert_eq!(Sha256::digest(vec![b'a'; 1_000_000])[..], bytes(of_million));
}

/// The first example of FIPS 180-4 for SHA-512, which is inside the authenticated encryption.
#[test]
fn fips_180_4_sha512() {
    let of_abc = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                  2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    assert_eq!(Sha512::digest(b"abc")[..], bytes(of_abc));
}

/// every hash begins with its label, and equals SHA-256 of what the documents say.
#[test]
fn a_hash_is_of_the_label_and_the_parts() {
    let expected: [u8; 32] = Sha256::digest(b"confidant/v1/identity/hashone, two").into();
    assert_eq!(sha256(Label::IdentityHash, &[b"one, two"]), expected);
    assert_eq!(sha256(Label::IdentityHash, &[b"one", b", ", b"", b"two"]), expected);
    assert_ne!(sha256(Label::PreKeyId, &[b"one, two"]), expected);
    let mut by_part = Hash::new(Label::IdentityHash);
    by_part.add(b"one, ").add(b"two");
    assert_eq!(by_part.finish(), expected);
}

/// A part with its length in 16 bits, big-endian, before it, up to the longest.
#[test]
fn a_prefixed_part_has_its_length_before_it() {
    for len in [0, 1, 255, 256, 65_535] {
        let part = vec![7; len];
        let mut hash = Hash::new(Label::Exporter);
        hash.add_lp16(&part);
        let prefix = u16::try_from(len).unwrap().to_be_bytes();
        assert_eq!(hash.finish(), sha256(Label::Exporter, &[&prefix, &part]));
    }
}
