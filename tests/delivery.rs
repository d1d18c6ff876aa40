//! The right to write to somebody, shown to a relay that does not know who shows it.

mod common;
mod forge;

use common::TestRng;
use confidant::{DeliveryKey, DeliveryToken, DeliveryVerifier, RandomnessFailed, Secret};

/// who has the user's token may write, also when key, token and verifier were stored and read again.
#[test]
fn the_users_token_is_accepted() {
    let mut rng = TestRng::new(1);
    let key = DeliveryKey::generate(&mut rng).unwrap();
    assert_eq!((rng.draws, rng.drawn), (1, 32));
    let verifier = key.token().verifier();
    assert!(verifier.accepts(&key.token()));
    let seed = *key.secret().expose();
    let stored = DeliveryKey::from_secret(Secret::init_with(|out| *out = seed));
    let token = DeliveryToken::from_bytes(stored.token().expose());
    assert!(verifier.accepts(&token));
    assert!(DeliveryVerifier::from_bytes(*verifier.as_bytes()).accepts(&token));
    rng.fail_at = Some(rng.draws);
    assert_eq!(DeliveryKey::generate(&mut rng).map(drop), Err(RandomnessFailed));
}

/// every bit of a token counts, and every bit of what the relay keeps.
#[test]
fn every_other_token_is_refused() {
    let mut rng = TestRng::new(2);
    let [key, other] = std::array::from_fn(|_| DeliveryKey::generate(&mut rng).unwrap());
    let (token, verifier) = (key.token(), key.token().verifier());
    assert!(!verifier.accepts(&other.token()));
    // What the relay keeps does not give the right.
    assert!(!verifier.accepts(&DeliveryToken::from_bytes(verifier.as_bytes())));
    assert!(!verifier.accepts(&DeliveryToken::from_bytes(key.secret().expose())));
    for bit in 0..256 {
        let flip = |bytes: &[u8; 32]| {
            let mut bytes = *bytes;
            bytes[bit / 8] ^= 1 << (bit % 8);
            bytes
        };
        assert!(!verifier.accepts(&DeliveryToken::from_bytes(&flip(token.expose()))));
        assert!(!DeliveryVerifier::from_bytes(flip(verifier.as_bytes())).accepts(&token));
    }
}

/// token and verifier are what the specification says.
#[test]
fn a_token_is_what_the_specification_says() {
    let key = DeliveryKey::from_secret(Secret::init_with(|out| out.fill(9)));
    let prk = hkdf::Hkdf::<sha2::Sha256>::from_prk(&[9; 32]).unwrap();
    let mut token = [0; 32];
    prk.expand(b"confidant/v1/delivery/token", &mut token).unwrap();
    assert_eq!(*key.token().expose(), token);
    let verifier = forge::hash("confidant/v1/delivery/verifier", &[&token]);
    assert_eq!(*key.token().verifier().as_bytes(), verifier);
}
