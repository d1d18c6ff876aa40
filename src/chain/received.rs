//! A message that has opened, with what is known of it.

use alloc::sync::Arc;

use super::skipped::Position;
use super::step::Plaintext;
use crate::keys::peer::Peer;

/// A message that has opened.
///
/// Everything in it is authenticated. Numbers tell what is missing and what came out of order: nothing in this crate
/// reorders for the application. SPEC: R-141.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Received {
    /// What the message said.
    pub plaintext: Plaintext,
    /// Which of the peer's sending chains it is from, counted from 0. A new one begins when the peer answers us.
    pub chain: u32,
    /// Its number in that chain, counted from 0.
    pub number: u32,
    from: Arc<Peer>,
}

impl Received {
    pub(crate) const fn new(plaintext: Plaintext, position: Position, from: Arc<Peer>) -> Self {
        Self { plaintext, chain: position.chain, number: position.number, from }
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
