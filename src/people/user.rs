//! A user's devices.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

use super::delivery::Delivery;
use super::device::DeviceRecord;
use super::errors::{BeginError, DevicesError, ReceiveError};
use super::unstored::{Change, StateName, Unstored};
use super::us::Us;
use crate::keys::address::{Address, DeviceId};
use crate::keys::time::UnixTime;
use crate::limits::{MAX_DEVICES, STALE_LIFETIME};
use crate::sealed::open::VerifiedSender;
use crate::x3dh::bundle::VerifiedBundle;

/// A user, as records of its devices. Of our own user, the *other* devices.
///
/// It has no snapshot of its own: each record is stored by itself, and a user is put together from them ([`insert`](Self::insert)).
pub struct UserRecord {
    /// The address of any device: what matters of it is the user.
    pub(super) user: Address,
    pub(super) devices: BTreeMap<DeviceId, DeviceRecord>,
}

impl UserRecord {
    /// Nothing is known, so far, of the user who has this address, with this device or another.
    #[must_use]
    pub const fn new(user: Address) -> Self {
        Self { user, devices: BTreeMap::new() }
    }

    /// Takes in a record, restored from its snapshot, in the place of one that there is.
    ///
    /// # Errors
    /// [`DevicesError::WrongUser`], [`DevicesError::TooMany`].
    pub fn insert(&mut self, device: DeviceRecord) -> Result<(), DevicesError> {
        if !device.address.is_of_same_user(&self.user) {
            return Err(DevicesError::WrongUser);
        }
        let id = device.address.device();
        if !self.devices.contains_key(&id) && self.devices.len() >= MAX_DEVICES {
            return Err(DevicesError::TooMany);
        }
        self.devices.insert(id, device);
        Ok(())
    }

    /// Takes over the list of the user's devices, as the server has it: adds those that are new, makes stale those that are gone, and takes back those that are there
    /// again. In the list of our own user, our own device counts for nothing. A new device has no session yet.
    ///
    /// A server can put a device into the list: show what is new. What it has left out, it may have left out to keep somebody from reading.
    ///
    /// # Errors
    /// [`DevicesError`]; nothing has changed then.
    pub fn set_devices(
        &mut self,
        us: &Us<'_>,
        list: &[DeviceId],
    ) -> Result<Unstored<()>, DevicesError> {
        let mut listed: BTreeSet<DeviceId> = list.iter().copied().collect();
        if self.user.is_of_same_user(us.address) {
            listed.remove(&us.address.device());
        } else if listed.is_empty() {
            return Err(DevicesError::NoDevices);
        }
        if listed.len() > MAX_DEVICES {
            return Err(DevicesError::TooMany);
        }
        let mut changes = self.make_room(&listed);
        for id in &listed {
            let address = self.user.with_device(*id);
            let mut is_new = false;
            let device = self.devices.entry(*id).or_insert_with(|| {
                is_new = true;
                DeviceRecord::new(address)
            });
            if device.stale.take().is_some() || is_new {
                changes.push(device.changed());
            }
        }
        for (id, device) in &mut self.devices {
            if !listed.contains(id) && device.stale.is_none() {
                device.stale = Some(us.now);
                changes.push(device.changed());
            }
        }
        Ok(Unstored::new(changes, ()))
    }

    /// Drops as many devices that are not in the list as there is no room for, those first that have been stale for the longest.
    fn make_room(&mut self, listed: &BTreeSet<DeviceId>) -> Vec<Change> {
        let unlisted = |(id, device): (&DeviceId, &DeviceRecord)| {
            // Who is not stale yet, is so from now on.
            (!listed.contains(id)).then(|| (device.stale.is_none(), device.stale, *id))
        };
        let mut gone: Vec<_> = self.devices.iter().filter_map(unlisted).collect();
        gone.sort_unstable();
        let excess = listed.len().saturating_add(gone.len()).saturating_sub(MAX_DEVICES);
        gone.iter().take(excess).filter_map(|(_, _, id)| self.take_out(*id)).collect()
    }

    /// Forgets a device and all sessions with it. The trust store still knows who it was: if it comes back with a first message of its own, it is [`Trust::Pinned`](crate::Trust::Pinned), and
    /// not new.
    ///
    /// What the sessions had put aside is forgotten as well: a first message of ours that was held back can make its session, which we do not have any more, the peer's active one, and then the peer writes
    /// where nobody reads until it is asked. Not a way to heal: [`DeviceRecord::distrust`] is.
    pub fn remove(&mut self, device: DeviceId) -> Unstored<()> {
        Unstored::new(self.take_out(device).into_iter().collect(), ())
    }

    fn take_out(&mut self, id: DeviceId) -> Option<Change> {
        let device = self.devices.remove(&id)?;
        Some(Change { name: StateName::Device(device.address), snapshot: None })
    }

    /// Drops stale devices whose time is up, and what [`DeviceRecord::expire`] drops of each. Call it regularly.
    pub fn expire(&mut self, us: &Us<'_>) -> Unstored<()> {
        let is_over = |since: UnixTime| since.plus(STALE_LIFETIME) <= us.now;
        let stale = self.devices.iter().filter(|(_, device)| device.stale.is_some_and(is_over));
        let stale: Vec<DeviceId> = stale.map(|(id, _)| *id).collect();
        let mut changes: Vec<Change> =
            stale.into_iter().filter_map(|id| self.take_out(id)).collect();
        for device in self.devices.values_mut() {
            // The clock has gone back.
            let is_ahead = device.stale.is_some_and(|since| since > us.now);
            if is_ahead {
                device.stale = Some(us.now);
            }
            let mut expired = device.expire(us);
            if is_ahead {
                expired.put(device.changed());
            }
            changes.extend(expired.into_changes());
        }
        Unstored::new(changes, ())
    }

    /// Begins a session with a device of the user: one that is known, or one that is not yet. See [`DeviceRecord::begin`].
    ///
    /// # Errors
    /// [`BeginError`]; nothing has changed then.
    pub fn begin<R: TryCryptoRng + ?Sized>(
        &mut self,
        us: &mut Us<'_>,
        (device, bundle): (DeviceId, &VerifiedBundle),
        rng: &mut R,
    ) -> Result<Unstored<()>, BeginError> {
        if let Some(record) = self.devices.get_mut(&device) {
            return Ok(record.begin(us, bundle, rng)?);
        }
        if self.devices.len() >= MAX_DEVICES {
            return Err(BeginError::TooManyDevices);
        }
        let mut record = DeviceRecord::new(self.user.with_device(device));
        let began = record.begin(us, bundle, rng)?;
        self.devices.insert(device, record);
        Ok(began)
    }

    /// Reads a message from the device that the transport names. See [`DeviceRecord::decrypt`].
    ///
    /// One that is not known is taken in with its first message: as one that is not in the list, if other devices of the user are known or the user is our own. It
    /// is read then, and not written to, until [`set_devices`](Self::set_devices) names it ([`Delivery::unlisted`]). The only one of another user can be answered at once.
    ///
    /// # Errors
    /// [`ReceiveError`]; nothing has changed then.
    pub fn decrypt(
        &mut self,
        us: &mut Us<'_>,
        device: DeviceId,
        message: &[u8],
    ) -> Result<Unstored<Delivery>, ReceiveError> {
        self.with(us, device, |record, us| record.decrypt(us, message))
    }

    /// Reads what a sealed message carries, from the device that it is certified to be from. See [`DeviceRecord::decrypt_sealed`].
    ///
    /// # Errors
    /// [`ReceiveError`], [`ReceiveError::WrongSender`] for another user; nothing has changed then.
    pub fn decrypt_sealed(
        &mut self,
        us: &mut Us<'_>,
        sealed: &VerifiedSender,
    ) -> Result<Unstored<Delivery>, ReceiveError> {
        let address = sealed.party().address();
        if !address.is_of_same_user(&self.user) {
            return Err(ReceiveError::WrongSender);
        }
        self.with(us, address.device(), |record, us| record.decrypt_sealed(us, sealed))
    }

    /// Does something with the record of a device. A new one stays if that succeeds; it is as one that is not in the list, unless it is all that there is of another user.
    fn with<T>(
        &mut self,
        us: &mut Us<'_>,
        device: DeviceId,
        receive: impl FnOnce(&mut DeviceRecord, &mut Us<'_>) -> Result<T, ReceiveError>,
    ) -> Result<T, ReceiveError> {
        if let Some(record) = self.devices.get_mut(&device) {
            return receive(record, us);
        }
        if self.devices.len() >= MAX_DEVICES {
            return Err(ReceiveError::TooManyDevices);
        }
        let mut record = DeviceRecord::new(self.user.with_device(device));
        // One that was removed, or stolen, is not written to again because it says so itself.
        let has_others = !self.devices.is_empty() || self.user.is_of_same_user(us.address);
        record.stale = has_others.then_some(us.now);
        let received = receive(&mut record, us)?;
        self.devices.insert(device, record);
        Ok(received)
    }

    /// The records, by device.
    pub fn devices(&self) -> impl ExactSizeIterator<Item = &DeviceRecord> {
        self.devices.values()
    }

    /// The record of a device, if there is one.
    #[must_use]
    pub fn device(&self, device: DeviceId) -> Option<&DeviceRecord> {
        self.devices.get(&device)
    }

    /// The record of a device, if there is one, to work with.
    #[must_use]
    pub fn device_mut(&mut self, device: DeviceId) -> Option<&mut DeviceRecord> {
        self.devices.get_mut(&device)
    }
}

impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, devices } = self;
        f.debug_struct("UserRecord")
            .field("provider", user.provider())
            .field("user", user.user())
            .field("devices", &devices.keys())
            .finish()
    }
}
