//! What one device of a group has given us: its chain from some iteration on, and its verifying key.
//!
//! The signature is verified before the chain moves; the chain moves only when the message has opened. SPEC: R-60.

use alloc::sync::Arc;

use super::epoch::Made;
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
    pub(super) made: Made,
    /// The last epoch in which its sender may have used it: the one in which it made a newer key that we have.
    pub(super) until: u64,
    pub(super) signing: VerifyingKey,
    /// The iteration from which we were given the chain.
    pub(super) first: u32,
    /// When `expire_skipped` first saw that its sender has given us a newer one.
    pub(super) superseded: Option<UnixTime>,
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
        scope: &[u8; 32],
        associated_data: &[u8],
    ) -> Result<Plaintext, GroupDecryptError> {
        let step = self.plan(message, scope, associated_data)?;
        let context = [Label::GroupMessage.bytes(), message.header, associated_data];
        let (plaintext, proof) = step.open(context, message.body)?;
        self.commit(proof);
        Ok(plaintext)
    }

    /// Range, then signature, then the chain. Cannot change anything.
    fn plan(
        &self,
        message: &GroupMessage<'_>,
        scope: &[u8; 32],
        associated_data: &[u8],
    ) -> Result<Step<Change>, GroupDecryptError> {
        let GroupMessage { key_id, iteration, signed, signature, .. } = *message;
        self.check_range(iteration)?;
        let statement = statement(scope, key_id, iteration, associated_data, signed);
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

    /// Notes when it was first seen that there is a newer key. A clock that once ran ahead is turned back. Says whether
    /// anything changed.
    pub(super) fn supersede(&mut self, now: UnixTime) -> bool {
        let seen = self.superseded.map_or(now, |seen| seen.min(now));
        self.superseded.replace(seen) != Some(seen)
    }

    /// Has there been a newer key for `max_age` seconds?
    pub(super) fn has_aged(&self, now: UnixTime, max_age: u64) -> bool {
        self.superseded.is_some_and(|seen| seen.plus(max_age) <= now)
    }

    /// Is this a key of that device?
    pub(super) fn is_of(&self, peer: &Peer) -> bool {
        *self.from == *peer
    }
}

/// The keys that are kept, by name.
pub(super) type Keys = alloc::collections::BTreeMap<KeyId, ReceiverKey>;

/// Why a group message was not decrypted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupDecryptError {
    /// The bytes are not a group message. Discard them.
    Malformed(DecodeError),
    /// No key of this name: its distribution has not arrived or was refused (with
    /// [`UnknownEpoch`](crate::DistributionError::UnknownEpoch): take in the change first), the sender has been removed, or the key
    /// is too old. Keep the message until the distribution comes; ask its sender for it if it does not.
    UnknownKey,
    /// Sent in an epoch that we have not been told of, if its header is right, which nobody has shown yet. Keep some such messages,
    /// take in the change, then try again.
    UnknownEpoch,
    /// Sent in an epoch that we know with other members: somebody was told a different list, or the header was changed on the way. If
    /// it goes on, compare [`members_hash`](crate::GroupSession::members_hash) with the sender's.
    MembersDiffer,
    /// Sent in an epoch that is no longer remembered, that we never knew, or in which its sender was not a member.
    OldEpoch,
    /// Sent in an epoch in which its sender had a newer key, or should have had one because of a removal. Whoever sent it has not
    /// followed the group, or has the key from somebody. Discard it; if its sender should be heard, ask it to rotate.
    OldKey,
    /// Sent before we were given the key.
    BeforeOurTime,
    /// The message would pass over more missing ones than any sender leaves: see [`Rotation`](crate::Rotation). If earlier ones
    /// do not come, ask its sender to rotate.
    TooFarAhead,
    /// The message has been read before. Discard it.
    Duplicate,
    /// The key for this late message is no longer kept.
    Forgotten,
    /// Not from the sender whose key it names, or changed on the way; or from a sender who has given different members different
    /// keys under one name. Discard it.
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
