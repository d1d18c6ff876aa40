//! What one device of a group has given us: its chain from some iteration on, and its verifying key.
//!
//! The signature is verified before the chain moves; the chain moves only when the message has opened. SPEC: R-60.

use alloc::sync::Arc;

use super::epoch::EpochId;
use super::message::{GroupMessage, KeyId, statement};
use crate::chain::skipped::{Missing, Position, Skipped};
use crate::chain::step::{Authenticated, Plaintext, Step};
use crate::chain::{ChainKey, Reached, Receiving};
use crate::keys::peer::Peer;
use crate::keys::time::UnixTime;
use crate::label::Label;
use crate::limits::{GROUP_MAX_JUMP, GROUP_MAX_STORED};
use crate::primitives::aead::Unauthentic;
use crate::primitives::sign::VerifyingKey;
use crate::secret::Transient;
use crate::wire::codec::DecodeError;

/// One sender's key, as we have it.
pub(crate) struct ReceiverKey {
    pub(super) from: Arc<Peer>,
    pub(super) epoch: EpochId,
    pub(super) scope: [u8; 32],
    pub(super) signing: VerifyingKey,
    /// The iteration from which we were given the chain.
    pub(super) first: u32,
    /// When it came, among all that came: the oldest go first.
    pub(super) order: u64,
    pub(super) chain: ChainKey<Receiving>,
    pub(super) skipped: Skipped,
}

/// What one message will change, if it opens.
pub(super) enum Change {
    UseKept(Position),
    Advance(Reached),
}

impl ReceiverKey {
    /// Decrypts one message. On an error nothing has changed.
    pub(super) fn decrypt(
        &mut self,
        message: &GroupMessage<'_>,
        associated_data: &[u8],
    ) -> Result<Plaintext, GroupDecryptError> {
        let step = self.plan(message, associated_data)?;
        let context = [Label::GroupMessage.bytes(), message.header, associated_data];
        let (plaintext, proof) = step.open(context, message.body)?;
        self.commit(proof);
        Ok(plaintext)
    }

    /// Range, then signature, then the chain. Cannot change anything.
    fn plan(
        &self,
        message: &GroupMessage<'_>,
        associated_data: &[u8],
    ) -> Result<Step<Change>, GroupDecryptError> {
        let GroupMessage { key_id, iteration, signed, signature, .. } = *message;
        self.check_range(iteration)?;
        let statement = statement(&self.scope, key_id, iteration, associated_data, signed);
        self.signing.verify(&statement, signature).map_err(|_| GroupDecryptError::Unauthentic)?;
        let position = Position { chain: 0, number: iteration };
        if iteration < self.chain.number() {
            let key = self.skipped.find(position)?;
            let key = Transient::init_with(|out| *out = *key.expose());
            return Ok(Step::new(key, Change::UseKept(position)));
        }
        let (key, reached) = self.chain.reach(iteration, GROUP_MAX_STORED);
        Ok(Step::new(key, Change::Advance(reached)))
    }

    /// SPEC.
    fn check_range(&self, iteration: u32) -> Result<(), GroupDecryptError> {
        if iteration < self.first {
            return Err(GroupDecryptError::BeforeOurTime);
        }
        let ahead = iteration.saturating_sub(self.chain.number());
        if ahead > GROUP_MAX_JUMP || iteration == u32::MAX {
            return Err(GroupDecryptError::TooFarAhead);
        }
        Ok(())
    }

    fn commit(&mut self, proof: Authenticated<Change>) {
        match proof.into_change() {
            Change::UseKept(position) => self.skipped.remove(position),
            Change::Advance(reached) => {
                let passed = self.chain.commit(reached);
                self.skipped.keep(0, passed, GROUP_MAX_STORED);
            }
        }
    }

    pub(super) fn expire(&mut self, now: UnixTime, max_age: u64) -> bool {
        let next = Position { chain: 0, number: self.chain.number() };
        self.skipped.expire(now, max_age, next)
    }

    /// Does this key belong to that name? For snapshots.
    pub(super) fn is_of(&self, peer: &Peer) -> bool {
        *self.from == *peer
    }
}

/// The names of keys that are kept.
pub(super) type Keys = alloc::collections::BTreeMap<KeyId, ReceiverKey>;

/// Why a group message was not decrypted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupDecryptError {
    /// The bytes are not a group message. Discard them.
    Malformed(DecodeError),
    /// No key of this name: its distribution has not arrived, the sender has been removed, or the key is too old. Keep the
    /// message until the distribution comes; ask its sender for it if it does not.
    UnknownKey,
    /// Sent before we were given the key.
    BeforeOurTime,
    /// The message would pass over more missing ones than the limit allows. Wait for earlier ones, or ask for a new
    /// distribution.
    TooFarAhead,
    /// The message has been read before. Discard it.
    Duplicate,
    /// The key for this late message is no longer kept.
    Forgotten,
    /// Not from the sender whose key it names, or changed on the way. Discard it.
    Unauthentic,
}

impl From<Unauthentic> for GroupDecryptError {
    fn from(Unauthentic: Unauthentic) -> Self {
        Self::Unauthentic
    }
}

impl From<Missing> for GroupDecryptError {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Used => Self::Duplicate,
            Missing::Forgotten => Self::Forgotten,
        }
    }
}

impl From<DecodeError> for GroupDecryptError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}
