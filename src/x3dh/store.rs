//! The responder's pre-keys: secrets of what it has published, and what has been used.
//!
//! ```text
//! generation: signed pre-key · last-resort KEM pre-key · replay record          current, and the one before
//! one-time pre-keys: X25519 and KEM, each erased by the first message that opens with it
//! ```
//!
//! A value: no clock, no storage, no randomness of its own. Knows nothing of the ratchet.

use alloc::collections::BTreeMap;
use core::fmt;

use rand_core::TryCryptoRng;

use super::generation::{Dated, Generation};
use crate::keys::identity::{Identity, PublicIdentity};
use crate::keys::prekey::{PreKeyId, PreKeyKind, SignedKey};
use crate::keys::suite::Suite;
use crate::keys::time::UnixTime;
use crate::limits::{self, MAX_ONE_TIME_PREKEYS};
use crate::primitives::agreement::SecretKey;
use crate::primitives::kem::Seed;
use crate::secret::{RandomnessFailed, Secret};
use crate::wire::bundle::Publication;

/// A device's pre-keys for one suite: the secrets behind what it has published.
///
/// Persist [`snapshot`](Self::snapshot) after every change, in the same transaction as the session that came of it, and
/// sealed: whoever has the signed pre-key's secret can impersonate anyone to this device (SPEC: R-19).
///
/// Ids are hashes of the keys, so a restored backup never gives an old id to a new key.
// SPEC: R-17.
pub struct PreKeyStore {
    pub(super) suite: Suite,
    pub(super) identity: PublicIdentity,
    pub(super) epoch: u64,
    pub(super) current: Generation,
    pub(super) previous: Option<Generation>,
    pub(super) one_time: BTreeMap<PreKeyId, Dated<SecretKey>>,
    pub(super) kem_one_time: BTreeMap<PreKeyId, Dated<Seed>>,
}

impl PreKeyStore {
    /// Makes a store with its first generation and no one-time pre-keys. Draws 32 bytes, and 64 more in a hybrid suite.
    ///
    /// # Errors
    /// [`RandomnessFailed`].
    pub fn generate<R: TryCryptoRng + ?Sized>(
        identity: &Identity,
        suite: Suite,
        now: UnixTime,
        rng: &mut R,
    ) -> Result<Self, RandomnessFailed> {
        Ok(Self {
            suite,
            identity: identity.public(),
            epoch: 0,
            current: Generation::draw(suite, now, rng)?,
            previous: None,
            one_time: BTreeMap::new(),
            kem_one_time: BTreeMap::new(),
        })
    }

    /// Adds `count` one-time pre-keys of each kind that the suite has, and returns what to upload: the new ones, with the
    /// current signed pre-key. Persist first. For the server it is an [`update`](Publication::update), to be applied once;
    /// when it is not known whether an upload arrived, send the whole [`publication`](Self::publication) instead.
    ///
    /// Draws 32 bytes for each X25519 key, then 64 for each KEM key. On an error nothing is added.
    ///
    /// # Errors
    /// [`PreKeyError::WrongIdentity`], [`PreKeyError::TooMany`] above
    /// [`crate::limits::MAX_ONE_TIME_PREKEYS`], [`PreKeyError::Randomness`] when the
    /// generator fails or repeats itself.
    pub fn replenish<R: TryCryptoRng + ?Sized>(
        &mut self,
        identity: &Identity,
        count: usize,
        now: UnixTime,
        rng: &mut R,
    ) -> Result<Publication, PreKeyError> {
        self.check_identity(identity)?;
        let most = self.one_time.len().max(self.kem_one_time.len());
        if most.saturating_add(count) > MAX_ONE_TIME_PREKEYS {
            return Err(PreKeyError::TooMany);
        }
        let mut one_time = draw_batch(count, &self.one_time, || {
            let key = SecretKey::new(Secret::random(rng)?);
            Ok((PreKeyId::of(PreKeyKind::OneTime, key.public().as_bytes()), Dated::new(now, key)))
        })?;
        let kem_count = if self.suite.is_hybrid() { count } else { 0 };
        let mut kem_public = BTreeMap::new();
        let mut kem_one_time = draw_batch(kem_count, &self.kem_one_time, || {
            let seed = Seed::random(rng)?;
            let public = seed.expand().public().clone();
            let id = PreKeyId::of(PreKeyKind::KemOneTime, public.as_ref());
            kem_public.insert(id, public);
            Ok((id, Dated::new(now, seed)))
        })?;
        let mut new = self.publish(identity, &one_time, &BTreeMap::new());
        let dates = Dated::new(now, ()).dates();
        let sign = |key| SignedKey::sign(identity, PreKeyKind::KemOneTime, self.suite, dates, key);
        new.kem_one_time = kem_public.into_values().map(sign).collect();
        self.one_time.append(&mut one_time);
        self.kem_one_time.append(&mut kem_one_time);
        self.changed();
        Ok(new)
    }

    /// Makes a new signed pre-key (and last-resort KEM pre-key), keeps the one before for messages under way, erases the
    /// one before that, and returns what to upload: no one-time pre-keys. Persist first.
    ///
    /// Due when [`status`](Self::status) says so. After a long time offline, accept what has been waiting first: messages of
    /// the generation before the last cannot be opened any more. Whenever a leak is suspected, call it twice, to be rid of
    /// both.
    ///
    /// # Errors
    /// [`PreKeyError::WrongIdentity`], [`PreKeyError::Randomness`]. Nothing has changed then.
    pub fn rotate<R: TryCryptoRng + ?Sized>(
        &mut self,
        identity: &Identity,
        now: UnixTime,
        rng: &mut R,
    ) -> Result<Publication, PreKeyError> {
        self.check_identity(identity)?;
        let new = Generation::draw(self.suite, now, rng)?;
        if self.generation(new.signed_id).is_some() {
            return Err(PreKeyError::Randomness);
        }
        self.previous = Some(core::mem::replace(&mut self.current, new));
        self.changed();
        Ok(self.publish(identity, &BTreeMap::new(), &BTreeMap::new()))
    }

    /// Everything that is unused and on offer at `now`, to upload again as a whole: a server that takes it must drop what it
    /// had.
    ///
    /// # Errors
    /// [`PreKeyError::WrongIdentity`].
    pub fn publication(
        &self,
        identity: &Identity,
        now: UnixTime,
    ) -> Result<Publication, PreKeyError> {
        self.check_identity(identity)?;
        let mut all = self.publish_all(identity);
        all.one_time.retain(|key| key.check_time(PreKeyKind::OneTime, now).is_ok());
        all.kem_one_time.retain(|key| key.check_time(PreKeyKind::KemOneTime, now).is_ok());
        Ok(all)
    }

    /// The same, whatever the time.
    pub(crate) fn publish_all(&self, identity: &Identity) -> Publication {
        self.publish(identity, &self.one_time, &self.kem_one_time)
    }

    /// Erases one-time pre-keys and a previous generation that are past their grace. Returns how many keys went.
    pub fn purge(&mut self, now: UnixTime) -> usize {
        let before = self.key_count();
        self.one_time.retain(|_, key| !key.is_over(now));
        self.kem_one_time.retain(|_, key| !key.is_over(now));
        self.previous.take_if(|generation| generation.signed.is_over(now));
        let purged = before.saturating_sub(self.key_count());
        if purged > 0 {
            self.changed();
        }
        purged
    }

    /// What is left, and what is due.
    #[must_use]
    pub fn status(&self, now: UnixTime) -> PreKeyStatus {
        let one_time = self.one_time.values().filter(|key| key.is_on_offer(now)).count();
        let kem = self.kem_one_time.values().filter(|key| key.is_on_offer(now)).count();
        let kem_one_time = self.suite.is_hybrid().then_some(kem);
        let signed = &self.current.signed;
        PreKeyStatus {
            one_time,
            kem_one_time,
            refill: kem_one_time.unwrap_or(one_time).min(one_time) < limits::REFILL_BELOW,
            rotate: now >= signed.created.plus(limits::PREKEY_ROTATION) || !signed.is_on_offer(now),
            replay_room: self.current.replays.remaining(),
        }
    }

    /// The suite that these pre-keys are for.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The number of changes so far, as in the next snapshot.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn check_identity(&self, identity: &Identity) -> Result<(), WrongIdentity> {
        if identity.public() == self.identity { Ok(()) } else { Err(WrongIdentity) }
    }

    /// Signs the current generation and these one-time keys. Ed25519 is deterministic: the same keys give the same bytes.
    fn publish(
        &self,
        identity: &Identity,
        one_time: &BTreeMap<PreKeyId, Dated<SecretKey>>,
        kem_one_time: &BTreeMap<PreKeyId, Dated<Seed>>,
    ) -> Publication {
        let Generation { signed, last_resort, .. } = &self.current;
        let suite = self.suite;
        let curve = |kind, key: &Dated<SecretKey>| {
            SignedKey::sign(identity, kind, suite, key.dates(), *key.secret.public())
        };
        let kem = |kind, dates, seed: &Seed| {
            SignedKey::sign(identity, kind, suite, dates, seed.expand().public().clone())
        };
        Publication {
            suite,
            identity: self.identity,
            signed: curve(PreKeyKind::Signed, signed),
            last_resort: last_resort
                .as_ref()
                .map(|(_, seed)| kem(PreKeyKind::KemLastResort, signed.dates(), seed)),
            one_time: one_time.values().map(|key| curve(PreKeyKind::OneTime, key)).collect(),
            kem_one_time: kem_one_time
                .values()
                .map(|key| kem(PreKeyKind::KemOneTime, key.dates(), &key.secret))
                .collect(),
        }
    }

    fn key_count(&self) -> usize {
        let previous = self
            .previous
            .iter()
            .map(|generation| generation.last_resort.iter().count().saturating_add(1));
        self.one_time.len().saturating_add(self.kem_one_time.len()).saturating_add(previous.sum())
    }

    pub(super) fn changed(&mut self) {
        self.epoch = self.epoch.saturating_add(1);
    }
}

impl fmt::Debug for PreKeyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { suite, identity, epoch, current, previous: _, one_time, kem_one_time } = self;
        f.debug_struct("PreKeyStore")
            .field("suite", suite)
            .field("identity", identity)
            .field("epoch", epoch)
            .field("signed", &current.signed_id)
            .field("one_time", &one_time.len())
            .field("kem_one_time", &kem_one_time.len())
            .finish_non_exhaustive()
    }
}

/// Draws a batch of keys. A generator that repeats itself gives one id twice, and is found out by it.
fn draw_batch<S>(
    count: usize,
    existing: &BTreeMap<PreKeyId, Dated<S>>,
    mut draw: impl FnMut() -> Result<(PreKeyId, Dated<S>), RandomnessFailed>,
) -> Result<BTreeMap<PreKeyId, Dated<S>>, RandomnessFailed> {
    let mut batch = BTreeMap::new();
    for _ in 0..count {
        let (id, key) = draw()?;
        if existing.contains_key(&id) || batch.insert(id, key).is_some() {
            return Err(RandomnessFailed);
        }
    }
    Ok(batch)
}

/// What is left in a store, and what is due. SPEC: R-15, R-18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreKeyStatus {
    /// X25519 one-time pre-keys that have not been used and have not expired.
    pub one_time: usize,
    /// KEM one-time pre-keys that have not been used and have not expired; `None` in a suite without them.
    pub kem_one_time: Option<usize>,
    /// Fewer than [`crate::limits::REFILL_BELOW`] of some kind: call `replenish`.
    pub refill: bool,
    /// The signed pre-key was made by a clock that ran ahead, or is older than [`crate::limits::PREKEY_ROTATION`]: call `rotate`.
    pub rotate: bool,
    /// Handshakes without a one-time key that can still be accepted before the next rotation.
    pub replay_room: usize,
}

/// The store belongs to another identity.
pub(crate) struct WrongIdentity;

/// Why a store was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PreKeyError {
    /// The store was made for another identity than this one.
    WrongIdentity,
    /// More than [`crate::limits::MAX_ONE_TIME_PREKEYS`] one-time keys.
    TooMany,
    /// The random number generator failed, or gave the same key twice. Do not go on with it.
    Randomness,
}

impl From<WrongIdentity> for PreKeyError {
    fn from(WrongIdentity: WrongIdentity) -> Self {
        Self::WrongIdentity
    }
}

impl From<RandomnessFailed> for PreKeyError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}
