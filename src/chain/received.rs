//! A message that has opened, with what is known of it.

use alloc::sync::Arc;

use super::skipped::Position;
use super::step::Plaintext;
use crate::keys::peer::Peer;
use crate::wire::message::Carries;

/// A message that has opened.
///
/// Everything in it is authenticated. Numbers tell what is missing and what came out of order: nothing in this crate
/// reorders for the application. SPEC: R-141.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// What the message said. Look first whether it [is a distribution](Self::is_distribution): then it is a key, to be shown and stored
    /// nowhere.
    pub plaintext: Plaintext,
    /// Which of the peer's sending chains it is from, counted from 0. A new one begins when the peer answers us.
    pub chain: u32,
    /// Its number in that chain, counted from 0.
    pub number: u32,
    carries: Carries,
    from: Arc<Peer>,
}

impl Received {
    pub(crate) fn new(
        (carries, plaintext): (Carries, Plaintext),
        position: Position,
        from: Arc<Peer>,
    ) -> Self {
        Self { plaintext, chain: position.chain, number: position.number, carries, from }
    }

    /// Is it the sender's key for a group, and no text? Then it is for
    /// [`GroupSession::receive`](crate::GroupSession::receive): do not show or store the plaintext.
    #[must_use]
    pub fn is_distribution(&self) -> bool {
        self.carries == Carries::Distribution
    }

    /// What a frame carried, in the place of the frame.
    pub(crate) fn unwrapped(self, carries: Carries, plaintext: Plaintext) -> Self {
        Self { plaintext, carries, ..self }
    }

    pub(crate) fn sender(&self) -> Arc<Peer> {
        Arc::clone(&self.from)
    }

    /// Who wrote it: the session's peer, never a claim of the message.
    #[must_use]
    pub fn from(&self) -> &Peer {
        &self.from
    }
}
