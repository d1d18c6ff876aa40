//! What the records of devices need of a session: frames in the place of texts, and how far each side has come.
//!
//! A frame is not given out as a text, nor a text as a frame: the type of the message, which is authenticated, says which it is.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::{Role, Session};
use crate::chain::received::Received;
use crate::chain::skipped::Position;
use crate::ratchet::State;
use crate::ratchet::decrypt::DecryptError;
use crate::ratchet::encrypt::EncryptError;
use crate::wire::message::{Carries, Message};

impl Session {
    /// Most bytes that encrypting one message draws.
    pub(crate) const MOST_DRAWN: usize = State::MOST_DRAWN;

    pub(crate) fn encrypt_frame<R: TryCryptoRng + ?Sized>(
        &mut self,
        frame: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, EncryptError> {
        self.encrypt_as((Carries::Frame, frame), &[], rng)
    }

    /// Decrypts a message that carries a frame, and no other.
    pub(crate) fn decrypt_frame(&mut self, message: &[u8]) -> Result<Received, DecryptError> {
        let message = self.decode(message, [Carries::Frame])?;
        self.decrypt_message(&message, &[])
    }

    /// Have we seen the ratchet key of this message? Then no other session can open it.
    pub(crate) fn knows(&self, message: &Message<'_>) -> bool {
        self.0.ratchet.knows(&message.header.ratchet_key)
    }

    /// Did we begin, without a reply so far?
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.role == Role::Initiator && !self.is_established()
    }

    pub(crate) const fn is_exhausted(&self) -> bool {
        self.0.ratchet.is_exhausted()
    }

    /// The furthest of the peer's messages that has been received: what a receipt says.
    pub(crate) fn furthest_received(&self) -> Option<Position> {
        self.0.ratchet.furthest_received()
    }

    /// Which of our sending chains the next message will be in. Each side's chain is made after the other's before it, so one count
    /// serves for both.
    pub(crate) fn next_sending_chain(&self) -> u32 {
        let answered = self.furthest_received().map(|position| position.chain);
        match self.0.role {
            Role::Initiator => answered.map_or(0, |chain| chain.saturating_add(1)),
            Role::Responder => answered.unwrap_or(0),
        }
    }

    /// How many messages our last sending chain had, if the next message begins another.
    pub(crate) fn ended_chain(&self) -> Option<u32> {
        (!self.0.ratchet.is_sending()).then(|| self.0.ratchet.sent())
    }

    /// Have we sent a message at this position, if our last sending chain but one had `len_before`? (Of earlier ones nobody remembers the
    /// lengths; nothing opens there that was not sent before the peer saw their end.) SPEC: R-49.
    pub(crate) fn has_sent(&self, position: Position, len_before: u32) -> bool {
        let next = self.next_sending_chain();
        let begun = if self.0.ratchet.is_sending() { Some(next) } else { next.checked_sub(1) };
        let Some(last) = begun else { return false };
        match last.checked_sub(position.chain) {
            None => false,
            Some(0) => position.number < self.0.ratchet.sent(),
            Some(1) => position.number < len_before,
            Some(_) => true,
        }
    }
}
