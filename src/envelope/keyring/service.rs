//! What asks a KEK, for those whose service is waited for. Randomness is drawn before, and nothing is changed until it has answered.

use rand_core::TryCryptoRng;

use super::stored::Stored;
use super::{
    Bound, DataContext, Epoch, Key, Keyring, KeyringError, OpenKeyringError, Other, RootKeyId,
    WrapError,
};
use crate::envelope::kek::AsyncKek;
use crate::keys::time::UnixTime;

impl Keyring {
    /// [`create`](Self::create), with a service that is waited for.
    ///
    /// # Errors
    /// [`WrapError`].
    pub async fn create_async<K: AsyncKek + ?Sized, R: TryCryptoRng + ?Sized>(
        context: &DataContext,
        service: &K,
        now: UnixTime,
        rng: &mut R,
    ) -> Result<Self, WrapError> {
        let (id, root) = Self::begin(rng)?;
        let to = Bound { context, owner: &id };
        let wrapped = Epoch::FIRST.wrapping(to, &root).service_async(service).await?;
        Ok(Self::with_first(id, context, Key { root, wrapped, created: now }))
    }

    /// [`open`](Self::open), with a service that is waited for.
    ///
    /// # Errors
    /// [`OpenKeyringError`].
    pub async fn open_async<K: AsyncKek + ?Sized>(
        bytes: &[u8],
        context: &DataContext,
        service: &K,
        min_epoch: u64,
    ) -> Result<Self, OpenKeyringError> {
        let stored = Stored::decode(bytes)?;
        let active = stored.active.open_bound_async(stored.bound(context), service).await?;
        stored.open(context, active, min_epoch)
    }

    /// [`activate`](Self::activate), with a service that is waited for.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn activate_async<K: AsyncKek + ?Sized, R: TryCryptoRng + ?Sized>(
        &mut self,
        id: RootKeyId,
        service: &K,
        rng: &mut R,
    ) -> Result<(), KeyringError> {
        let Some(Other::Pending(Key { root, .. })) = self.others.get(&id) else {
            return Err(KeyringError::WrongState);
        };
        let plan = self.plan(root, rng)?;
        let wrapped = plan.epoch.wrapping(self.bound(), root).service_async(service).await?;
        self.commit_pending(id, plan, wrapped);
        Ok(())
    }

    /// [`rotate`](Self::rotate), with a service that is waited for.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn rotate_async<K: AsyncKek + ?Sized, R: TryCryptoRng + ?Sized>(
        &mut self,
        now: UnixTime,
        service: &K,
        rng: &mut R,
    ) -> Result<RootKeyId, KeyringError> {
        let (plan, root) = self.plan_rotation(rng)?;
        let wrapped = plan.epoch.wrapping(self.bound(), &root).service_async(service).await?;
        Ok(self.commit(plan, Key { root, wrapped, created: now }))
    }

    /// [`change_kek`](Self::change_kek), with a service that is waited for.
    ///
    /// # Errors
    /// [`KeyringError`].
    pub async fn change_kek_async<K: AsyncKek + ?Sized>(
        &mut self,
        service: &K,
    ) -> Result<(), KeyringError> {
        let epoch = self.epoch.next_generation().ok_or(KeyringError::Full)?;
        let wrapping = epoch.wrapping(self.bound(), &self.active.root);
        self.active.wrapped = wrapping.service_async(service).await?;
        self.epoch = epoch;
        Ok(())
    }
}
