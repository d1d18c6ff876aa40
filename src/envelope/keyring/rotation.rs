//! What changes a keyring. Everything is computed before anything is changed; each change is an epoch.

use alloc::vec::Vec;
use core::mem;

use rand_core::TryCryptoRng;

use super::{
    About, Bound, Epoch, Key, Keyring, Other, RootKey, RootKeyId, WrapError, WrapWith, WrappedKey,
    Wrapping,
};
use crate::keys::time::UnixTime;
use crate::limits::MAX_ROOT_KEYS;
use crate::secret::RandomnessFailed;

impl Keyring {
    /// Adds a root key, pending: it decrypts, and encrypts once it is [activated](Self::activate). Until then every reader should have
    /// opened the keyring again. Draws 32 bytes, and 24.
    ///
    /// # Errors
    /// [`KeyringError::Full`], [`KeyringError::Wrap`].
    pub fn add<R: TryCryptoRng + ?Sized>(
        &mut self,
        now: UnixTime,
        rng: &mut R,
    ) -> Result<RootKeyId, KeyringError> {
        let id = self.next().ok_or(KeyringError::Full)?;
        let epoch = self.epoch.next_change().ok_or(KeyringError::Full)?;
        let root = RootKey::generate(id, rng)?;
        let wrapped = self.wrapped_by(&self.active.root, &root, rng)?;
        let key = Key { root, wrapped, created: now };
        self.others.insert(id, Other::Pending(key));
        self.epoch = epoch;
        Ok(id)
    }

    /// The number after the last one.
    fn next(&self) -> Option<RootKeyId> {
        let count = self.others.len().checked_add(1).filter(|count| *count < MAX_ROOT_KEYS)?;
        u32::try_from(count).ok().map(RootKeyId::from_number)
    }

    /// Lets a pending root key encrypt from now on, and the one before it only decrypt. `with` wraps it; all others are wrapped by
    /// it. Draws 24 bytes for each of those, by number, and then what wrapping draws.
    ///
    /// # Errors
    /// [`KeyringError::WrongState`] if it is not pending, [`KeyringError::Full`], [`KeyringError::Wrap`].
    pub fn activate<R: TryCryptoRng + ?Sized>(
        &mut self,
        id: RootKeyId,
        with: WrapWith<'_>,
        rng: &mut R,
    ) -> Result<(), KeyringError> {
        let Some(Other::Pending(Key { root, .. })) = self.others.get(&id) else {
            return Err(KeyringError::WrongState);
        };
        let plan = self.plan(root, rng)?;
        let wrapped = plan.epoch.wrapping(self.bound(), root).with(with, rng)?;
        self.commit_pending(id, plan, wrapped);
        Ok(())
    }

    /// A new root key that encrypts at once, and was never pending: for a keyring that no other process has open, and after a theft. A
    /// pending one is wrapped by the active one: whoever has that, and reads what is stored, has both. Draws 32 bytes, 24 for each
    /// of the others, by number, and then what wrapping draws.
    ///
    /// # Errors
    /// [`KeyringError::Full`], [`KeyringError::Wrap`].
    pub fn rotate<R: TryCryptoRng + ?Sized>(
        &mut self,
        now: UnixTime,
        with: WrapWith<'_>,
        rng: &mut R,
    ) -> Result<RootKeyId, KeyringError> {
        let (plan, root) = self.plan_rotation(rng)?;
        let wrapped = plan.epoch.wrapping(self.bound(), &root).with(with, rng)?;
        Ok(self.commit(plan, Key { root, wrapped, created: now }))
    }

    /// A new root key, and what it changes.
    pub(super) fn plan_rotation<R: TryCryptoRng + ?Sized>(
        &self,
        rng: &mut R,
    ) -> Result<(Activation, RootKey), KeyringError> {
        let id = self.next().ok_or(KeyringError::Full)?;
        self.epoch.next_generation().ok_or(KeyringError::Full)?;
        let root = RootKey::generate(id, rng)?;
        Ok((self.plan(&root, rng)?, root))
    }

    /// What it changes that this root key encrypts from now on.
    pub(super) fn plan<R: TryCryptoRng + ?Sized>(
        &self,
        root: &RootKey,
        rng: &mut R,
    ) -> Result<Activation, KeyringError> {
        let epoch = self.epoch.next_generation().ok_or(KeyringError::Full)?;
        let others = self.keys().filter(|key| key.id != root.id);
        let others = others.filter_map(|key| self.root(key.id));
        let others = others.map(|other| self.wrapped_by(root, other, rng));
        Ok(Activation { epoch, others: others.collect::<Result<_, _>>()? })
    }

    pub(super) fn commit_pending(&mut self, id: RootKeyId, plan: Activation, wrapped: WrappedKey) {
        // It is pending: the plan was made with it.
        if let Some(Other::Pending(Key { root, created, .. })) = self.others.remove(&id) {
            self.commit(plan, Key { root, wrapped, created });
        }
    }

    pub(super) fn commit(&mut self, plan: Activation, active: Key) -> RootKeyId {
        let id = active.root.id;
        let before = mem::replace(&mut self.active, active);
        self.others.insert(before.root.id, Other::DecryptOnly(before));
        let keys = self.others.values_mut().filter_map(|other| match other {
            Other::Pending(key) | Other::DecryptOnly(key) => Some(key),
            Other::Destroyed(_) => None,
        });
        // Both by number.
        for (key, wrapped) in keys.zip(plan.others) {
            key.wrapped = wrapped;
        }
        self.epoch = plan.epoch;
        id
    }

    /// Destroys a root key that does not encrypt: **what it has encrypted is gone**, wherever this keyring is stored. Its number is not
    /// used again. Not before every process that writes has opened the keyring since the activation, and everything has been
    /// [wrapped again](Self::rewrap_key) and [rebound](Self::rebind) after that: until then one of them may still encrypt under it.
    ///
    /// # Errors
    /// [`KeyringError::WrongState`] if it is active, destroyed already, or never was; [`KeyringError::Full`].
    pub fn destroy(&mut self, id: RootKeyId) -> Result<(), KeyringError> {
        let other = self.others.get_mut(&id).ok_or(KeyringError::WrongState)?;
        let created = other.key().ok_or(KeyringError::WrongState)?.created;
        let epoch = self.epoch.next_change().ok_or(KeyringError::Full)?;
        *other = Other::Destroyed(created);
        self.epoch = epoch;
        Ok(())
    }

    /// Wraps the active root key by something else: another passphrase, stronger parameters, another service. Whoever has a copy of the
    /// old bytes and the old KEK still opens them: where that matters, [rotate](Self::rotate) as well.
    ///
    /// # Errors
    /// [`KeyringError::Full`], [`KeyringError::Wrap`].
    pub fn change_kek<R: TryCryptoRng + ?Sized>(
        &mut self,
        with: WrapWith<'_>,
        rng: &mut R,
    ) -> Result<(), KeyringError> {
        let epoch = self.epoch.next_generation().ok_or(KeyringError::Full)?;
        self.active.wrapped = epoch.wrapping(self.bound(), &self.active.root).with(with, rng)?;
        self.epoch = epoch;
        Ok(())
    }

    /// A root key, wrapped by another one of the same keyring.
    fn wrapped_by<R: TryCryptoRng + ?Sized>(
        &self,
        by: &RootKey,
        root: &RootKey,
        rng: &mut R,
    ) -> Result<WrappedKey, WrapError> {
        let about = About { key_id: root.id.number(), epoch: 0 };
        let wrapping = Wrapping { about, to: self.bound(), key: &root.key };
        wrapping.local(&self.reference(by.id), by.root_wrap().expose(), rng)
    }

    /// What root keys are bound to, besides their numbers.
    pub(super) const fn bound(&self) -> Bound<'_> {
        Bound { context: &self.context, owner: &self.id }
    }
}

/// What another active root key changes.
pub(super) struct Activation {
    pub(super) epoch: Epoch,
    /// All others as it wraps them, by number.
    others: Vec<WrappedKey>,
}

/// Why a keyring was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyringError {
    /// The root key is not in a state in which this can be done with it.
    WrongState,
    /// It has had [`limits::MAX_ROOT_KEYS`](crate::limits::MAX_ROOT_KEYS) root keys, or 2^32 − 2 generations, or as many changes in one. Make another keyring, and
    /// rebind.
    Full,
    /// A root key was not wrapped.
    Wrap(WrapError),
}

impl From<WrapError> for KeyringError {
    fn from(error: WrapError) -> Self {
        Self::Wrap(error)
    }
}

impl From<RandomnessFailed> for KeyringError {
    fn from(error: RandomnessFailed) -> Self {
        Self::Wrap(error.into())
    }
}
