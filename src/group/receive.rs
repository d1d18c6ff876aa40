//! Taking in what another device gives us: only its own key, for this group and an epoch that we know.
//!
//! The sender is the pairwise session's peer, and nobody whom the bytes name. SPEC.

use super::distribution::{Fields, chain_commitment, sender_hash};
use super::epoch::{EpochId, scope};
use super::message::KeyId;
use super::receiver::ReceiverKey;
use super::session::GroupSession;
use crate::chain::ChainKey;
use crate::chain::received::Received;
use crate::chain::skipped::Skipped;
use crate::keys::peer::Peer;
use crate::limits::MAX_KEYS_PER_SENDER;
use crate::wire::codec::DecodeError;

impl GroupSession {
    /// Takes in the distribution that a pairwise message has brought. `received` says from whom: nobody else's key is
    /// accepted from it. SPEC: R-63.
    ///
    /// # Errors
    /// [`DistributionError`]; nothing has changed then.
    pub fn receive(&mut self, received: &Received) -> Result<(), DistributionError> {
        let from = received.from();
        let fields = Fields::decode(received.plaintext.as_bytes())?;
        let scope = self.check_distribution(&fields, from)?;
        if let Some(known) = self.keys.get(&fields.key_id) {
            // SPEC.
            return Err(if fields.iteration < known.first {
                DistributionError::Rewinding
            } else {
                DistributionError::Replayed
            });
        }
        let key = ReceiverKey {
            from: received.sender(),
            epoch: fields.epoch,
            scope,
            signing: fields.signing,
            first: fields.iteration,
            order: self.next_order,
            chain: ChainKey::from_parts(fields.chain_key, fields.iteration),
            skipped: Skipped::new(),
        };
        self.keys.insert(fields.key_id, key);
        self.next_order = self.next_order.saturating_add(1);
        self.drop_oldest_of(from);
        self.changed();
        Ok(())
    }

    /// From a member, for this group, in an epoch that we know, with a key id that is really of what it names. Gives the
    /// scope.
    fn check_distribution(
        &self,
        fields: &Fields,
        from: &Peer,
    ) -> Result<[u8; 32], DistributionError> {
        let (address, identity) = (from.address(), from.identity());
        if fields.group != self.group {
            return Err(DistributionError::WrongGroup);
        }
        if fields.sender != sender_hash(address, identity) {
            return Err(DistributionError::Relayed);
        }
        if !self.epoch.has(address, identity) || address == self.us.address() {
            return Err(DistributionError::NotAMember);
        }
        self.check_epoch(&fields.epoch)?;
        let scope = scope(&self.group, &fields.epoch, address, identity);
        let key_id = KeyId::new(&scope, &fields.commitment, fields.signing.as_bytes());
        let committed =
            fields.iteration > 0 || fields.commitment == chain_commitment(&fields.chain_key);
        if key_id != fields.key_id || !committed || fields.iteration == u32::MAX {
            return Err(DistributionError::Conflicting);
        }
        Ok(scope)
    }

    /// Current or known with the same members; or from before we came, when its members are none of our business.
    fn check_epoch(&self, epoch: &EpochId) -> Result<(), DistributionError> {
        if epoch.number > self.epoch.id.number {
            return Err(DistributionError::UnknownEpoch);
        }
        let mut known = self.known.iter().chain([&self.epoch.id]);
        match known.find(|known| known.number == epoch.number) {
            Some(known) if known.members == epoch.members => Ok(()),
            Some(_) => Err(DistributionError::MembersDiffer),
            None if epoch.number < self.first_epoch => Ok(()),
            None => Err(DistributionError::OldEpoch),
        }
    }

    /// At most [`MAX_KEYS_PER_SENDER`] of each sender's keys. SPEC: R-68.
    fn drop_oldest_of(&mut self, peer: &Peer) {
        let theirs = self.keys.iter().filter(|(_, key)| key.is_of(peer));
        if theirs.clone().count() <= MAX_KEYS_PER_SENDER {
            return;
        }
        if let Some((id, _)) = theirs.min_by_key(|(_, key)| key.order) {
            let id = *id;
            self.keys.remove(&id);
        }
    }
}

/// Why a distribution was not taken in. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DistributionError {
    /// The plaintext is not a distribution.
    Malformed(DecodeError),
    /// For another group.
    WrongGroup,
    /// Another device's key, or one that claims to be: the pairwise session is not that device's.
    Relayed,
    /// The sender is not in the group, as we know it.
    NotAMember,
    /// For an epoch that we have not been told of. Take in the change first, then try again.
    UnknownEpoch,
    /// For an epoch that we know with other members. Somebody was told a different list: compare
    /// [`members_hash`](GroupSession::members_hash).
    MembersDiffer,
    /// For an epoch that is no longer remembered.
    OldEpoch,
    /// The key id is not of the key, chain, group and sender that it comes with.
    Conflicting,
    /// A key that we have, from an earlier iteration than we were given it: it would open what was before our time.
    Rewinding,
    /// A key that we have.
    Replayed,
}

impl From<DecodeError> for DistributionError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}
