//! The server's side: what devices have published, handed out one bundle at a time.
//!
//! Needs no keys and believes nothing: whoever gets a bundle verifies it.

use alloc::vec::Vec;

use super::store::PreKeyError;
use crate::keys::prekey::{PreKeyKind, SignedKey};
use crate::keys::time::UnixTime;
use crate::limits::MAX_ONE_TIME_PREKEYS;
use crate::wire::bundle::{PreKeyBundle, Publication};

impl Publication {
    /// Takes out the next bundle: with a one-time key of each kind while there are any, with the last-resort key after
    /// that. One-time keys that have expired are dropped. Persist what remains before the bundle is handed out, so that no
    /// one-time key is handed out twice.
    #[must_use]
    pub fn next_bundle(&mut self, now: UnixTime) -> PreKeyBundle {
        self.one_time.retain(|key| now < key.expires);
        self.kem_one_time.retain(|key| now < key.expires);
        let kem_one_time = self.kem_one_time.pop().map(|key| (PreKeyKind::KemOneTime, key));
        let last_resort = self.last_resort.clone().map(|key| (PreKeyKind::KemLastResort, key));
        PreKeyBundle {
            suite: self.suite,
            identity: self.identity,
            signed: self.signed.clone(),
            one_time: self.one_time.pop(),
            kem: kem_one_time.or(last_resort),
        }
    }

    /// Takes in another upload of the same device: the newer signed and last-resort pre-keys of the two stay, and the one-time
    /// pre-keys of both. An upload is applied once: a second time it would bring back keys that were handed out.
    ///
    /// # Errors
    /// [`PreKeyError::WrongIdentity`] for another identity or suite, [`PreKeyError::TooMany`] above
    /// [`crate::limits::MAX_ONE_TIME_PREKEYS`]. Nothing has changed then.
    pub fn update(&mut self, other: Self) -> Result<(), PreKeyError> {
        let Self { suite, identity, signed, last_resort, one_time, kem_one_time } = other;
        if suite != self.suite || identity != self.identity {
            return Err(PreKeyError::WrongIdentity);
        }
        let one_time = merge(PreKeyKind::OneTime, &self.one_time, one_time)?;
        let kem_one_time = merge(PreKeyKind::KemOneTime, &self.kem_one_time, kem_one_time)?;
        (self.one_time, self.kem_one_time) = (one_time, kem_one_time);
        if signed.created >= self.signed.created {
            (self.signed, self.last_resort) = (signed, last_resort);
        }
        Ok(())
    }
}

/// Both lists, ascending by id, each key once.
fn merge<K: AsRef<[u8]> + Clone>(
    kind: PreKeyKind,
    old: &[SignedKey<K>],
    new: Vec<SignedKey<K>>,
) -> Result<Vec<SignedKey<K>>, PreKeyError> {
    let mut keys = new;
    keys.extend_from_slice(old);
    keys.sort_by_cached_key(|key| key.id(kind));
    keys.dedup_by_key(|key| key.id(kind));
    if keys.len() > MAX_ONE_TIME_PREKEYS { Err(PreKeyError::TooMany) } else { Ok(keys) }
}
