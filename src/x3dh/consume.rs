//! What a first message takes from the store: the secrets that it names, and, once it has opened, what it uses up.
//!
//! Naming a pre-key is free. Using one up takes the proof that the message opened. SPEC.

use super::generation::Generation;
use super::replay::{Replay, ReplayTag};
use super::store::PreKeyStore;
use crate::chain::step::Authenticated;
use crate::keys::prekey::{PreKeyId, PreKeyKind};
use crate::keys::time::UnixTime;
use crate::primitives::agreement::SecretKey;
use crate::primitives::kem::KeyPair;
use crate::wire::prekey_message::PreKeyMessage;

/// What a message needs from the store.
pub(crate) struct Selected<'a> {
    pub(crate) signed: &'a SecretKey,
    pub(crate) one_time: Option<&'a SecretKey>,
    pub(crate) kem: Option<(PreKeyKind, KeyPair)>,
}

impl PreKeyStore {
    /// The secrets that a message names. Naming them is free: nothing is used up here. SPEC: R-12.
    pub(crate) fn select(
        &self,
        request: &PreKeyMessage<'_>,
        now: UnixTime,
    ) -> Result<Selected<'_>, Unusable> {
        let prefix = &request.prefix;
        let signed = self.generation(prefix.signed).ok_or(Unusable::Unknown(PreKeyKind::Signed))?;
        if signed.signed.is_over(now) {
            return Err(Unusable::SignedPreKeyExpired);
        }
        let one_time = prefix.one_time.map(|id| self.one_time.get(&id));
        if matches!(one_time, Some(None)) {
            return Err(Unusable::Unknown(PreKeyKind::OneTime));
        }
        let kem = prefix.kem.map(|(id, _)| self.kem_key(id));
        if matches!(kem, Some(None)) {
            return Err(Unusable::Unknown(PreKeyKind::KemOneTime));
        }
        Ok(Selected {
            signed: &signed.signed.secret,
            one_time: one_time.flatten().map(|key| &key.secret),
            kem: kem.flatten(),
        })
    }

    /// Has this handshake been accepted before? Only one without one-time keys can have been.
    pub(crate) fn check_replay(
        &self,
        request: &PreKeyMessage<'_>,
        tag: &ReplayTag,
    ) -> Result<(), Replay> {
        match self.generation(request.prefix.signed) {
            Some(generation) if !self.uses_one_time(request) => generation.replays.check(tag),
            _ => Ok(()),
        }
    }

    /// Erases the one-time keys that a message has used, or records its handshake if it used none. SPEC.
    pub(crate) fn consume(
        &mut self,
        request: &PreKeyMessage<'_>,
        tag: ReplayTag,
        _opened: &Opened,
    ) -> UsedPreKeys {
        let prefix = &request.prefix;
        let one_time = prefix.one_time.filter(|id| self.one_time.remove(id).is_some());
        let kem_id = prefix.kem.map(|(id, _)| id);
        let kem_one_time = kem_id.filter(|id| self.kem_one_time.remove(id).is_some());
        let recorded = one_time.is_none() && kem_one_time.is_none();
        if let Some(generation) = self.generation_mut(prefix.signed).filter(|_| recorded) {
            generation.replays.insert(tag);
        }
        self.changed();
        UsedPreKeys { signed: prefix.signed, one_time, kem_one_time, recorded }
    }

    fn uses_one_time(&self, request: &PreKeyMessage<'_>) -> bool {
        let kem = request.prefix.kem;
        request.prefix.one_time.is_some()
            || kem.is_some_and(|(id, _)| self.kem_one_time.contains_key(&id))
    }

    /// The current one, and the one before if it is kept.
    pub(super) fn generations(&self) -> impl Iterator<Item = &Generation> {
        core::iter::once(&self.current).chain(&self.previous)
    }

    pub(super) fn generation(&self, signed: PreKeyId) -> Option<&Generation> {
        self.generations().find(|generation| generation.signed_id == signed)
    }

    fn generation_mut(&mut self, signed: PreKeyId) -> Option<&mut Generation> {
        let mut generations = core::iter::once(&mut self.current).chain(&mut self.previous);
        generations.find(|generation| generation.signed_id == signed)
    }

    fn kem_key(&self, id: PreKeyId) -> Option<(PreKeyKind, KeyPair)> {
        if let Some(key) = self.kem_one_time.get(&id) {
            return Some((PreKeyKind::KemOneTime, key.secret.expand()));
        }
        let mut last_resorts =
            self.generations().filter_map(|generation| generation.last_resort.as_ref());
        let (_, seed) = last_resorts.find(|(last_resort, _)| *last_resort == id)?;
        Some((PreKeyKind::KemLastResort, seed.expand()))
    }
}

/// Which pre-keys an accepted message has used. They are erased from the store already; an application that keeps them
/// elsewhere too deletes those here in the same transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsedPreKeys {
    /// The signed pre-key. It stays until it is rotated out.
    pub signed: PreKeyId,
    /// The X25519 one-time pre-key.
    pub one_time: Option<PreKeyId>,
    /// The KEM one-time pre-key.
    pub kem_one_time: Option<PreKeyId>,
    /// No one-time key was used, and the handshake stands in the replay record instead.
    pub recorded: bool,
}

/// Proof that a message has opened, without which nothing is used up.
pub(crate) struct Opened(());

impl Opened {
    /// From the proof that the ratchet's first step is authenticated.
    pub(crate) const fn from_proof<C>(_: &Authenticated<C>) -> Self {
        Self(())
    }
}

/// Why a message's pre-keys cannot be used.
pub(crate) enum Unusable {
    Unknown(PreKeyKind),
    SignedPreKeyExpired,
}
