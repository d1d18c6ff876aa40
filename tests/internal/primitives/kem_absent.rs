//! Without feature `pq` there is no key, no seed and no key pair.

use super::Stuck;
use crate::primitives::kem::{KemPublic, PUBLIC_LEN, SEED_LEN, Seed};
use crate::secret::RandomnessFailed;

/// No bytes are a key, and none can be drawn.
#[test]
fn without_the_feature_nothing_is_a_key() {
    assert!(KemPublic::from_bytes(&[0; PUBLIC_LEN]).is_none());
    assert!(Seed::from_bytes(&[0; SEED_LEN]).is_none());
    assert_eq!(Seed::random(&mut Stuck(4)).err(), Some(RandomnessFailed));
}
