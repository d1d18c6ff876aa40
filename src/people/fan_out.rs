//! A message to a user: one for each of its devices, and one for each of our own others. All, or none.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::device::DeviceRecord;
use super::drawn::Drawn;
use super::errors::{Need, SendError};
use super::frame::FrameKind;
use super::send::Outgoing;
use super::unstored::Unstored;
use super::us::Us;
use super::user::UserRecord;
use crate::keys::address::Address;

impl UserRecord {
    /// Of **our own user's** record: encrypts a text for every device of these users, and for every other device of ours. With no users, it is a note to
    /// ourselves. Stale devices get nothing.
    ///
    /// Draws 56 bytes for each device, our own first, in the order of their numbers, before anything is encrypted.
    ///
    /// # Errors
    /// [`SendError`], and then nothing has been encrypted for anybody: [`SendError::WrongUser`] of another user's record, [`SendError::Handshake`] when a device [is missing](Self::missing),
    /// [`SendError::NoDevices`] when a user has none.
    pub fn encrypt_to<R: TryCryptoRng + ?Sized>(
        &mut self,
        users: &mut [&mut Self],
        us: &mut Us<'_>,
        text: &[u8],
        rng: &mut R,
    ) -> Result<Unstored<Vec<Outgoing>>, SendError> {
        self.check_own(us)?;
        if users.iter().any(|user| !user.devices.values().any(|device| device.stale.is_none())) {
            return Err(SendError::NoDevices);
        }
        let devices = reached(self, users);
        encrypt(devices, us, text, rng)
    }

    /// The same without the devices that [are missing](Self::missing). **They will not read it**: for an application that has looked who they are, and goes on.
    ///
    /// # Errors
    /// [`SendError`] for another reason; nothing has changed then. [`SendError::NoDevices`] when nobody is left but our own devices.
    pub fn encrypt_to_reachable<R: TryCryptoRng + ?Sized>(
        &mut self,
        users: &mut [&mut Self],
        us: &mut Us<'_>,
        text: &[u8],
        rng: &mut R,
    ) -> Result<Unstored<Vec<Outgoing>>, SendError> {
        self.check_own(us)?;
        let is_reachable =
            |device: &DeviceRecord| device.stale.is_none() && device.need(us).is_none();
        let nobody = !users.iter().flat_map(|user| user.devices.values()).any(is_reachable);
        if nobody && !users.is_empty() {
            return Err(SendError::NoDevices);
        }
        let mut devices = reached(self, users);
        devices.retain(|device| device.need(us).is_none());
        encrypt(devices, us, text, rng)
    }

    fn check_own(&self, us: &Us<'_>) -> Result<(), SendError> {
        if self.user.is_of_same_user(us.address) { Ok(()) } else { Err(SendError::WrongUser) }
    }

    /// The user's devices for which nothing can be encrypted before a session with them has begun, each with the reason: fetch their bundles, and
    /// [`begin`](Self::begin).
    #[must_use]
    pub fn missing(&self, us: &Us<'_>) -> Vec<(Address, Need)> {
        let listed = self.devices.values().filter(|device| device.stale.is_none());
        let missing = listed.filter_map(|device| Some((device.address.clone(), device.need(us)?)));
        missing.collect()
    }
}

/// Every device that is not stale.
fn reached<'a>(
    own: &'a mut UserRecord,
    users: &'a mut [&mut UserRecord],
) -> Vec<&'a mut DeviceRecord> {
    let theirs = users.iter_mut().flat_map(|user| user.devices.values_mut());
    let all = own.devices.values_mut().chain(theirs);
    all.filter(|device| device.stale.is_none()).collect()
}

/// Looks at everything that can fail, draws everything, and then encrypts.
fn encrypt<R: TryCryptoRng + ?Sized>(
    devices: Vec<&mut DeviceRecord>,
    us: &Us<'_>,
    text: &[u8],
    rng: &mut R,
) -> Result<Unstored<Vec<Outgoing>>, SendError> {
    for device in &devices {
        device.check_sendable(us, text.len())?;
    }
    let drawn: Result<Vec<Drawn>, _> = devices.iter().map(|_| Drawn::new(rng)).collect();
    let mut changes = Vec::with_capacity(devices.len());
    let mut messages = Vec::with_capacity(devices.len());
    for (device, mut drawn) in devices.into_iter().zip(drawn?) {
        messages.push(device.encrypt_frame((FrameKind::Text, text), &mut drawn)?);
        changes.push(device.changed());
    }
    Ok(Unstored::new(changes, messages))
}
