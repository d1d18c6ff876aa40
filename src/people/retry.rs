//! When a message does not open: asking for it, in words that only the peer can say, and what may come of that.
//!
//! ```text
//! what did not open ── could_not_decrypt ──► RetryRequest ── matches(Sent) ──► the application begins a session and sends again
//!                                                  └── not ours ──► NotOurs
//! ```
//!
//! Nothing is sent again by itself, nothing is sent to a changed identity, and no session ends because of bytes that anybody can send. SPEC: R-50.

use alloc::sync::Arc;

use rand_core::TryCryptoRng;

use super::device::DeviceRecord;
use super::errors::{RetryRefused, SendError};
use super::frame::FrameKind;
use super::send::Outgoing;
use super::unstored::Unstored;
use super::us::Us;
use crate::keys::address::Address;
use crate::keys::identity::PublicIdentity;
use crate::keys::party::Party;
use crate::keys::peer::Peer;
use crate::keys::time::UnixTime;
use crate::label::Label;
use crate::limits::{HANDSHAKE_AFTER, RETRY_INTERVAL, UNANSWERED_REQUESTS};
use crate::primitives::hash;
use crate::sealed::open::VerifiedSender;

/// Names a message: a hash of the bytes that its sender gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId([u8; 32]);

impl MessageId {
    /// Of a message, as it was received.
    #[must_use]
    pub fn of(message: &[u8]) -> Self {
        Self(hash::sha256(Label::PeopleMessage, &[message]))
    }

    /// Of the message that a sealed message carries.
    #[must_use]
    pub fn of_sealed(sealed: &VerifiedSender) -> Self {
        Self::of(sealed.bytes())
    }

    /// What was stored of one.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// To be stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(super) fn read(body: &[u8]) -> Option<Self> {
        body.try_into().ok().map(Self)
    }
}

/// What to keep of a message that was sent, beside its text: which it was, and to whom it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    to: Party,
    id: MessageId,
}

impl Sent {
    /// From what was stored of it.
    #[must_use]
    pub const fn new(to: Party, id: MessageId) -> Self {
        Self { to, id }
    }

    /// The device, and the identity for which it was encrypted.
    #[must_use]
    pub const fn to(&self) -> &Party {
        &self.to
    }

    /// Which message.
    #[must_use]
    pub const fn id(&self) -> &MessageId {
        &self.id
    }
}

/// A peer says that it could not decrypt a message of ours. That it says so, is authenticated.
///
/// If it has asked in another session than the one in which we write, and ours waits for an answer, [`need`](DeviceRecord::need) says that ours has to be begun anew. Look there
/// behind a refusal too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryRequest {
    from: Arc<Peer>,
    id: MessageId,
}

impl RetryRequest {
    pub(super) const fn new(from: Arc<Peer>, id: MessageId) -> Self {
        Self { from, id }
    }

    /// Who asks.
    #[must_use]
    pub fn from(&self) -> &Peer {
        &self.from
    }

    /// Which message.
    #[must_use]
    pub const fn id(&self) -> &MessageId {
        &self.id
    }

    /// Is it this message, and was it for the one who asks? Only then may it be sent again: in a new session, which the application begins, with
    /// [`DeviceRecord::resend`]. Forget `sent` then, so that one message is not sent again and again.
    ///
    /// # Errors
    /// [`RetryRefused`].
    pub fn matches(&self, sent: &Sent) -> Result<(), RetryRefused> {
        if sent.id != self.id || sent.to.address != *self.from.address() {
            return Err(RetryRefused::NotOurs);
        }
        if sent.to.identity != *self.from.identity() {
            return Err(RetryRefused::IdentityChanged);
        }
        Ok(())
    }
}

/// Requests that have gone out. An answer makes their number 0, and lets the next one go no sooner: what makes us ask may be anybody's junk.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// Since the last answer.
    pub(super) count: u8,
    pub(super) first: UnixTime,
    pub(super) last: UnixTime,
}

impl Asked {
    pub(super) const fn answered(self) -> Self {
        Self { count: 0, first: self.last, last: self.last }
    }
}

impl DeviceRecord {
    /// Asks the device for a message that did not open, in the active session.
    ///
    /// At most once in [`RETRY_INTERVAL`] to one device, whatever arrives in its name: junk may take the one request of a half hour. Keep the ids of a few messages that did not open,
    /// and ask for the others later. Not for what was a [`Duplicate`](crate::DecryptError::Duplicate).
    ///
    /// A message that was damaged on its way has another id than its sender knows: the answer is that it is not theirs. It has to be sent again by whoever has lost it.
    ///
    /// # Errors
    /// [`SendError`]; nothing has changed then.
    pub fn could_not_decrypt<R: TryCryptoRng + ?Sized>(
        &mut self,
        us: &mut Us<'_>,
        id: &MessageId,
        rng: &mut R,
    ) -> Result<Unstored<Outgoing>, SendError> {
        let now = us.now;
        // A clock that went back must not keep us silent until it has caught up.
        let is_soon = |asked: &Asked| asked.last <= now && now < asked.last.plus(RETRY_INTERVAL);
        if self.asked.as_ref().is_some_and(is_soon) {
            return Err(SendError::TooSoon);
        }
        let out = self.send(us, (FrameKind::CouldNotDecrypt, id.as_bytes()), rng)?;
        let unanswered = self.asked.filter(|asked| asked.count > 0);
        let (count, first) = unanswered.map_or((0, now), |asked| (asked.count, asked.first));
        let (count, first) = (count.saturating_add(1), first.min(now));
        self.asked = Some(Asked { count, first, last: now });
        Ok(self.unstored(out))
    }

    /// Sends a text again for which the device [has asked](RetryRequest::matches), if its present session is with the identity to which it was sent the first time. SPEC: R-50.
    ///
    /// What [`encrypt`](Self::encrypt) says of length and randomness holds here too.
    ///
    /// # Errors
    /// [`SendError`], [`SendError::WrongPeer`] where another device or identity would get it; nothing has changed then.
    pub fn resend<R: TryCryptoRng + ?Sized>(
        &mut self,
        us: &mut Us<'_>,
        sent: &Sent,
        text: &[u8],
        rng: &mut R,
    ) -> Result<Unstored<Outgoing>, SendError> {
        self.check_peer(sent.to.address(), sent.to.identity())?;
        let out = self.send(us, (FrameKind::Text, text), rng)?;
        Ok(self.unstored(out))
    }

    fn check_peer(&self, address: &Address, identity: &PublicIdentity) -> Result<(), SendError> {
        if *address != self.address || self.identity() != Some(identity) {
            return Err(SendError::WrongPeer);
        }
        Ok(())
    }

    /// Says that the message of a request is none that we have sent.
    ///
    /// # Errors
    /// [`SendError`], [`SendError::WrongPeer`] for a request from another device; nothing has changed then.
    pub fn not_ours<R: TryCryptoRng + ?Sized>(
        &mut self,
        us: &mut Us<'_>,
        request: &RetryRequest,
        rng: &mut R,
    ) -> Result<Unstored<Outgoing>, SendError> {
        self.check_peer(request.from.address(), request.from.identity())?;
        let out = self.send(us, (FrameKind::NotOurs, request.id.as_bytes()), rng)?;
        Ok(self.unstored(out))
    }

    /// Is a new handshake advisable? When [`UNANSWERED_REQUESTS`] have gone out, the first at least
    /// [`HANDSHAKE_AFTER`] ago, and nothing has opened in the active session since. Whoever can only send bytes cannot make it so:
    /// the peer's answers prevent it.
    #[must_use]
    pub fn is_handshake_due(&self, us: &Us<'_>) -> bool {
        self.asked.is_some_and(|asked| {
            asked.count >= UNANSWERED_REQUESTS && us.now >= asked.first.plus(HANDSHAKE_AFTER)
        })
    }
}
