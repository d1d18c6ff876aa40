//! ML-KEM-1024 beside a second implementation (crate `ml-kem`), and the checks of FIPS 203, section 7.

use ml_kem::{Decapsulate, DecapsulationKey1024, EncapsulationKey1024, KeyExport};
use sha2::{Digest, Sha256, Sha512};

use crate::primitives::kem::{KemPublic, KeyPair, Seed};
use crate::secret::Secret;

const Q: u16 = 3329;

fn seed(i: u32) -> [u8; 64] {
    Sha512::digest(i.to_be_bytes()).into()
}

fn pairs(i: u32) -> (KeyPair, DecapsulationKey1024) {
    let ours = Seed::from_bytes(&seed(i)).unwrap().expand();
    (ours, DecapsulationKey1024::from_seed(seed(i).into()))
}

fn theirs(key: &DecapsulationKey1024, ciphertext: &[u8; 1568]) -> [u8; 32] {
    key.decapsulate(&(*ciphertext).into()).into()
}

/// from one seed and one m, both implementations make the same key, ciphertext and secret, and each opens
/// it.
#[test]
fn two_implementations_agree() {
    for i in 0..16 {
        let (ours, other) = pairs(i);
        assert_eq!(ours.public().as_ref(), &other.encapsulation_key().to_bytes()[..]);
        let m: [u8; 32] = Sha256::digest(i.to_be_bytes()).into();
        let (ciphertext, shared) = ours.public().encapsulate(&Secret::init_with(|to| *to = m));
        let (expected, secret) = other.encapsulation_key().encapsulate_deterministic(&m.into());
        assert!(ciphertext[..] == expected[..], "ciphertext {i}");
        assert_eq!(shared.expose()[..], secret[..]);
        assert_eq!(ours.decapsulate(&ciphertext).expose(), shared.expose());
        assert_eq!(&theirs(&other, &ciphertext), shared.expose());
    }
}

/// a ciphertext that was changed, in any part, gives another secret, the same each time, on which both
/// implementations agree; and no error.
#[test]
fn two_implementations_reject_alike() {
    let (ours, other) = pairs(100);
    let m = Secret::init_with(|to| to.fill(1));
    let (ciphertext, shared) = ours.public().encapsulate(&m);
    for i in (0..1568).step_by(49).chain([1407, 1408, 1567]) {
        let mut changed = ciphertext.clone();
        changed[i] ^= 1 << (i % 8);
        let rejected = ours.decapsulate(&changed);
        assert_ne!(rejected.expose(), shared.expose(), "byte {i}");
        assert_eq!(rejected.expose(), ours.decapsulate(&changed).expose());
        assert_eq!(rejected.expose(), &theirs(&other, &changed), "byte {i}");
    }
    for byte in [0x00, 0xff] {
        assert_eq!(ours.decapsulate(&[byte; 1568]).expose(), &theirs(&other, &[byte; 1568]));
    }
}

/// Writes the 12-bit coefficient `i` of an encapsulation key (FIPS 203, Algorithm 5).
fn set_coefficient(key: &mut [u8; 1568], i: usize, value: u16) {
    let [low, high] = value.to_le_bytes();
    let at = i * 12 / 8;
    if i.is_multiple_of(2) {
        key[at] = low;
        key[at + 1] = key[at + 1] & 0xf0 | high;
    } else {
        key[at] = key[at] & 0x0f | low << 4;
        key[at + 1] = (value >> 4).to_le_bytes()[0];
    }
}

/// in each of the 1,024 places, q − 1 is a coefficient and q is none, for both implementations; neither is any
/// larger number.
#[test]
fn coefficients_that_are_not_reduced_are_refused() {
    let (ours, _) = pairs(200);
    let key: [u8; 1568] = ours.public().as_ref().try_into().unwrap();
    let accepted = |i, value| {
        let mut key = key;
        set_coefficient(&mut key, i, value);
        let other = EncapsulationKey1024::new(&key.into()).is_ok();
        assert_eq!(KemPublic::from_bytes(&key).is_some(), other, "coefficient {i} = {value}");
        other
    };
    for i in 0..1024 {
        assert!(accepted(i, Q - 1) && !accepted(i, Q), "coefficient {i}");
    }
    for value in [Q + 1, 3456, 3583, 3584, 4095] {
        assert!(!accepted(1023, value), "{value}");
    }
}

/// an accepted key is kept byte for byte.
#[test]
fn an_accepted_key_is_unchanged() {
    let (ours, other) = pairs(300);
    let bytes: [u8; 1568] = ours.public().as_ref().try_into().unwrap();
    let read = KemPublic::from_bytes(&bytes).unwrap();
    assert_eq!(read.as_ref(), &bytes);
    assert!(read == *ours.public());
    let (ciphertext, shared) = read.encapsulate(&Secret::init_with(|to| to.fill(2)));
    assert_eq!(&theirs(&other, &ciphertext), shared.expose());
}
