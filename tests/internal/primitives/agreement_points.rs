//! X25519 public keys: which encodings are refused, and what adding a point of small order does.

use std::collections::BTreeSet;

use ed25519_dalek::VerifyingKey;
use sha2::{Digest, Sha256};
use x25519_dalek::x25519;

use super::hex;
use crate::primitives::agreement::{PublicKey, SecretKey};
use crate::secret::Secret;

/// A point of order 8 on the Edwards curve.
const ORDER_8: &str = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a";
/// The Edwards curve's zero point, (0, 1).
const ZERO: &str = "0100000000000000000000000000000000000000000000000000000000000000";
/// p − 1, the *u* of order 4 on the twist.
const MINUS_ONE: &str = "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f";

/// The *u* of `P + i·T` for i = 0 … 7, with T of order 8. `P` is the zero point when `seed` is `None`.
///
/// `VerifyingKey` lends its points, so curve arithmetic needs no further crate.
fn translates(seed: Option<u8>) -> [[u8; 32]; 8] {
    let point = |point: &str| VerifyingKey::from_bytes(&hex(point)).unwrap().to_edwards();
    let torsion = point(ORDER_8);
    let first = seed.map_or(point(ZERO), |seed| {
        ed25519_dalek::SigningKey::from_bytes(&[seed; 32]).verifying_key().to_edwards()
    });
    let mut point = first;
    let all = core::array::from_fn(|_| {
        let u = point.to_montgomery().to_bytes();
        point += torsion;
        u
    });
    assert_eq!(point, first, "8·T is zero");
    all
}

/// The *u* of small order, computed.
///
/// All of them: the curve has 8·q points and the twist 4·q', q and q' prime. Of the curve's 8 points of small order one
/// is zero and one has u = 0; the other 6 come in pairs ±P, one u each. Of the twist's 4, two are zero and u = 0, and
/// the other two are the pair with u = −1.
fn small_order() -> BTreeSet<[u8; 32]> {
    let mut all = BTreeSet::from(translates(None));
    all.insert(hex(MINUS_ONE));
    all
}

fn sample(i: u32) -> [u8; 32] {
    Sha256::digest(i.to_be_bytes()).into()
}

/// the five u of small order give zero with any secret, and are refused.
#[test]
fn every_u_of_small_order_is_refused() {
    let all = small_order();
    assert_eq!(all.len(), 5);
    for u in all {
        for i in 0..8 {
            assert_eq!(x25519(sample(i), u), [0; 32]);
        }
        assert_eq!(PublicKey::from_bytes(&u), None);
    }
}

/// only these five: their neighbours are accepted and give other results than zero.
#[test]
fn neighbours_of_the_points_of_small_order_are_accepted() {
    let all = small_order();
    let mut seen = 0;
    for u in &all {
        for change in [1, 2, 4, 8] {
            let mut near = *u;
            near[1] ^= change;
            assert!(PublicKey::from_bytes(&near).is_some());
            assert_ne!(x25519(sample(0), near), [0; 32]);
            seen += 1;
        }
    }
    assert_eq!(seen, 20);
}

/// the 19 encodings u + p that fit, and everything with bit 255 set.
#[test]
fn encodings_that_are_not_canonical_are_refused() {
    for excess in 0..19 {
        let mut unreduced = [0xff; 32];
        unreduced[0] = 0xed + excess;
        for top in [0x7f, 0xff] {
            unreduced[31] = top;
            assert_eq!(PublicKey::from_bytes(&unreduced), None, "p + {excess}");
        }
    }
    let accepted = (0..64).map(canonical).collect::<BTreeSet<_>>();
    for mut u in small_order().into_iter().chain(accepted) {
        u[31] |= 0x80;
        assert_eq!(PublicKey::from_bytes(&u), None, "bit 255");
    }
}

fn canonical(i: u32) -> [u8; 32] {
    let mut u = sample(i);
    u[31] &= 0x7f;
    u
}

/// keys of honest parties, and arbitrary reduced u (about half of them on the twist), are accepted
/// unchanged and agree on something.
#[test]
fn valid_keys_are_accepted() {
    for i in 0..64 {
        let ours = SecretKey::new(Secret::init_with(|bytes| *bytes = sample(i)));
        assert_eq!(PublicKey::from_bytes(ours.public().as_bytes()).as_ref(), Some(ours.public()));
        let u = canonical(i);
        let theirs = PublicKey::from_bytes(&u).unwrap();
        assert_eq!((theirs.as_bytes(), theirs.as_ref()), (&u, &u[..]));
        assert_eq!(ours.agree(&theirs).expose(), &x25519(sample(i), u));
        assert_ne!(ours.agree(&theirs).expose(), &[0; 32]);
    }
}

/// the keys P + T, for the 7 points T of small order, are other keys with the same Diffie-Hellman result. So the
/// bytes of a public key must enter whatever is to depend on it.
#[test]
fn a_point_of_small_order_changes_the_key_and_not_the_result() {
    for seed in 1..=4 {
        let keys = translates(Some(seed));
        assert_eq!(BTreeSet::from(keys).len(), 8);
        let ours = SecretKey::new(Secret::init_with(|bytes| *bytes = sample(seed.into())));
        let result = |u| *ours.agree(&PublicKey::from_bytes(u).unwrap()).expose();
        let first = result(&keys[0]);
        assert!(keys.iter().all(|u| result(u) == first));
    }
}
