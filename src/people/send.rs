//! Writing to one device, in the active session.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::device::DeviceRecord;
use super::drawn::Drawn;
use super::errors::{Need, SendError};
use super::frame::{Frame, FrameKind};
use super::retry::{MessageId, Sent};
use super::unstored::{Unstored, group_change};
use super::us::Us;
use crate::group::session::GroupSession;
use crate::keys::party::Party;
use crate::limits::MAX_MESSAGE;
use crate::primitives::aead;
use crate::wire::message::HEADER_LEN;

/// A message to one device.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outgoing {
    /// Which it is, and for whom: keep it beside the text for as long as the message may be asked for again.
    pub sent: Sent,
    /// What to send.
    pub message: Vec<u8>,
}

impl DeviceRecord {
    /// Encrypts a text for this device alone. To write to a user, use [`UserRecord::encrypt_to`](crate::UserRecord::encrypt_to).
    ///
    /// 11 bytes longer than what [`Session::encrypt`](crate::Session::encrypt) gives, up to 540 in our first chain of a session. Draws what that draws. A message close to
    /// [`MAX_MESSAGE`] is too long to be sealed: that takes 401 bytes more.
    ///
    /// # Errors
    /// [`SendError`]; nothing has changed then.
    pub fn encrypt<R: TryCryptoRng + ?Sized>(
        &mut self,
        us: &mut Us<'_>,
        text: &[u8],
        rng: &mut R,
    ) -> Result<Unstored<Outgoing>, SendError> {
        let out = self.send(us, (FrameKind::Text, text), rng)?;
        Ok(self.unstored(out))
    }

    /// Encrypts our key for a group. The group and this record change together.
    ///
    /// Draws 56 bytes.
    ///
    /// # Errors
    /// [`SendError`]; nothing has changed then, in the group either.
    pub fn distribute<R: TryCryptoRng + ?Sized>(
        &mut self,
        us: &mut Us<'_>,
        group: &mut GroupSession,
        rng: &mut R,
    ) -> Result<Unstored<Outgoing>, SendError> {
        self.check_sendable(us, 0)?;
        let mut drawn = Drawn::new(rng)?;
        let active = self.active.as_ref().ok_or(SendError::Handshake(Need::NoSession))?;
        let key = group.distribute(active.session.peer())?;
        let out = self.send(us, (FrameKind::Distribution, key.bytes()), &mut drawn)?;
        let mut unstored = self.unstored(out);
        unstored.put(group_change(group));
        Ok(unstored)
    }

    /// Can a body of this length be sent now, if the generator works?
    pub(super) fn check_sendable(&self, us: &Us<'_>, body: usize) -> Result<(), SendError> {
        if self.stale.is_some() {
            return Err(SendError::Stale);
        }
        if let Some(need) = self.need(us) {
            return Err(SendError::Handshake(need));
        }
        if self.active.as_ref().is_some_and(|active| active.session.is_exhausted()) {
            return Err(SendError::ChainExhausted);
        }
        // The longest frame counts, so that one text is not too long for some devices only.
        let frame = body.saturating_add(Frame::MOST_BEFORE_BODY);
        if aead::sealed_len(frame).saturating_add(HEADER_LEN) > MAX_MESSAGE {
            return Err(SendError::TooLong);
        }
        Ok(())
    }

    /// Encrypts a frame in the active session. What has changed is still to be given out.
    pub(super) fn send<R: TryCryptoRng + ?Sized>(
        &mut self,
        us: &Us<'_>,
        (kind, body): (FrameKind, &[u8]),
        rng: &mut R,
    ) -> Result<Outgoing, SendError> {
        self.check_sendable(us, body.len())?;
        self.encrypt_frame((kind, body), rng)
    }

    /// The same, when it has been found that it can be sent.
    pub(super) fn encrypt_frame<R: TryCryptoRng + ?Sized>(
        &mut self,
        (kind, body): (FrameKind, &[u8]),
        rng: &mut R,
    ) -> Result<Outgoing, SendError> {
        let active = self.active.as_mut().ok_or(SendError::Handshake(Need::NoSession))?;
        let message = active.encrypt((kind, body), rng)?;
        let to = Party::from(active.session.peer());
        Ok(Outgoing { sent: Sent::new(to, MessageId::of(&message)), message })
    }
}
