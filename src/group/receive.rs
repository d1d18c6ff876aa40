//! Taking in what another device gives us: only its own key, for this group, in an epoch that we know as it does.
//!
//! The sender is the pairwise session's peer, and nobody whom the bytes name. SPEC.

use super::distribution::{Fields, chain_commitment, sender_hash};
use super::epoch::{EpochId, Made, Member, scope};
use super::message::{EpochName, KeyId};
use super::receiver::{GroupDecryptError, ReceiverKey};
use super::session::GroupSession;
use crate::chain::ChainKey;
use crate::chain::received::Received;
use crate::chain::skipped::Skipped;
use crate::keys::address::Address;
use crate::keys::peer::Peer;
use crate::limits::MAX_KEYS_PER_SENDER;
use crate::wire::codec::DecodeError;

impl GroupSession {
    /// Takes in the key that a pairwise message has brought ([`Received::is_distribution`]). `received` says from whom: nobody
    /// else's key is accepted from it. SPEC: R-63. Persist this group and the pairwise session in one transaction.
    ///
    /// A key that comes before the change of members that it belongs to is refused with
    /// [`UnknownEpoch`](DistributionError::UnknownEpoch): keep `received` until the change was taken in. It cannot be stored: after a
    /// restart, ask its sender for the key again.
    ///
    /// # Errors
    /// [`DistributionError`]; nothing has changed then.
    pub fn receive(&mut self, received: &Received) -> Result<(), DistributionError> {
        let from = received.from();
        if !received.is_distribution() {
            return Err(DistributionError::NotADistribution);
        }
        let fields = Fields::decode(received.plaintext.as_bytes())?;
        self.check_distribution(&fields, from)?;
        if let Some(known) = self.keys.get(&fields.key_id) {
            // SPEC.
            return Err(if fields.iteration < known.first {
                DistributionError::Rewinding
            } else {
                DistributionError::Replayed
            });
        }
        let made = Made { epoch: fields.made.number, number: fields.number };
        self.make_room_for(from, made)?;
        let key = ReceiverKey {
            from: received.sender(),
            made,
            until: self.supersede(from, made.epoch),
            signing: fields.signing,
            first: fields.iteration,
            superseded: None,
            chain: ChainKey::from_parts(fields.chain_key, fields.iteration),
            skipped: Skipped::new(),
        };
        self.keys.insert(fields.key_id, key);
        self.changed();
        Ok(())
    }

    /// From a member, for this group, in an epoch that we know, with a key id that is really of what it names.
    fn check_distribution(&self, fields: &Fields, from: &Peer) -> Result<(), DistributionError> {
        if fields.group != self.group {
            return Err(DistributionError::WrongGroup);
        }
        if fields.sender != sender_hash(from) {
            return Err(DistributionError::Relayed);
        }
        let member = self.member(from).ok_or(DistributionError::NotAMember)?;
        self.check_epochs(fields, member)?;
        let key_id = KeyId::new(
            &scope(&self.group, &fields.made, from),
            &fields.commitment,
            fields.signing.as_bytes(),
        );
        let committed =
            fields.iteration > 0 || fields.commitment == chain_commitment(&fields.chain_key);
        if key_id != fields.key_id || !committed || fields.iteration == u32::MAX {
            return Err(DistributionError::Conflicting);
        }
        Ok(())
    }

    /// The sender is in an epoch that we know, with the same members; and it has made the key there or before, but not before it
    /// came. SPEC: R-70.
    fn check_epochs(&self, fields: &Fields, member: &Member) -> Result<(), DistributionError> {
        let current = self.known_epoch(EpochName::of(&fields.current))?;
        let made = &fields.made;
        if *current != fields.current {
            return Err(DistributionError::MembersDiffer);
        }
        if made.number < member.since || current.number < member.since {
            return Err(DistributionError::OldEpoch);
        }
        if made.number > current.number {
            return Err(DistributionError::Conflicting);
        }
        if self.epoch_of(made.number).is_some_and(|known| known != made) {
            return Err(DistributionError::MembersDiffer);
        }
        let when = Made { epoch: made.number, number: fields.number };
        if when < member.from || self.removed_between(made.number, current.number) {
            return Err(DistributionError::OldKey);
        }
        Ok(())
    }

    /// A sender uses one key at a time: an older one, by the epochs in which they were made, no longer than up to the epoch of a
    /// newer one. Ends the older ones of `from`, and says how long a key of epoch `made` may be used.
    fn supersede(&mut self, from: &Peer, made: u64) -> u64 {
        let mut until = u64::MAX;
        for key in self.keys.values_mut().filter(|key| key.is_of(from)) {
            if key.made.epoch < made {
                key.until = key.until.min(made);
            } else if key.made.epoch > made {
                until = until.min(key.made.epoch);
            }
        }
        until
    }

    /// A member other than ourselves.
    pub(super) fn member(&self, peer: &Peer) -> Option<&Member> {
        let member = self.epoch.members.get(peer.address());
        member.filter(|known| known.identity == *peer.identity() && *peer != self.us)
    }

    /// The epoch of this number, if we know it.
    fn epoch_of(&self, number: u64) -> Option<&EpochId> {
        self.known.iter().chain([&self.epoch.id]).find(|known| known.number == number)
    }

    /// The epoch of this name, as we were told.
    pub(super) fn known_epoch(&self, name: EpochName) -> Result<&EpochId, WrongEpoch> {
        if name.number > self.epoch.id.number {
            return Err(WrongEpoch::Unknown);
        }
        let known = self.epoch_of(name.number).ok_or(WrongEpoch::Old)?;
        if EpochName::of(known) == name { Ok(known) } else { Err(WrongEpoch::MembersDiffer) }
    }

    /// At most [`MAX_KEYS_PER_SENDER`] of each sender's keys: the one that it made first goes, unless the new one is older still.
    /// SPEC: R-68.
    fn make_room_for(&mut self, peer: &Peer, made: Made) -> Result<(), DistributionError> {
        let theirs = self.keys.values().filter(|key| key.is_of(peer));
        if theirs.clone().count() < MAX_KEYS_PER_SENDER {
            return Ok(());
        }
        let Some(oldest) = theirs.min_by_key(|key| key.made) else { return Ok(()) };
        if made <= oldest.made {
            return Err(DistributionError::OldKey);
        }
        let made = oldest.made;
        self.end(peer.address(), made);
        Ok(())
    }

    /// Ends a key and all that its sender made before, and remembers it, so that a copy of a distribution does not bring one back.
    /// SPEC: R-67.
    pub(super) fn end(&mut self, sender: &Address, made: Made) {
        let Some(member) = self.epoch.members.get_mut(sender) else { return };
        member.end(made);
        let from = member.from;
        self.keys.retain(|_, key| key.from.address() != sender || key.made >= from);
    }
}

/// Why an epoch that a peer names is not accepted.
#[derive(Clone, Copy)]
pub(super) enum WrongEpoch {
    Unknown,
    MembersDiffer,
    Old,
}

/// Why a distribution was not taken in. The group has not changed; the session has: store it. Discard the message where nothing
/// else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DistributionError {
    /// The message is the application's, and no key.
    NotADistribution,
    /// The plaintext is not a distribution.
    Malformed(DecodeError),
    /// For another group.
    WrongGroup,
    /// Another device's key, or one that claims to be: the pairwise session is not that device's.
    Relayed,
    /// The sender is not in the group, as we know it.
    NotAMember,
    /// The sender is in an epoch that we have not been told of. Take in the change first, then try again.
    UnknownEpoch,
    /// The sender's epoch, or the key's, is one that we know with other members. Somebody was told a different list: compare
    /// [`members_hash`](GroupSession::members_hash). When the lists are the same again, its sender has to rotate.
    MembersDiffer,
    /// Sent in an epoch that is no longer remembered or that we never knew, or made before its sender came. Ask the sender for
    /// its key again when it is where we are; if that does not help, to rotate.
    OldEpoch,
    /// Made before a removal and given after it, ended already, or older than the five that we have: its sender should use a newer
    /// one.
    OldKey,
    /// The key id is not of the key, chain, epoch, group and sender that it comes with.
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

impl From<WrongEpoch> for DistributionError {
    fn from(wrong: WrongEpoch) -> Self {
        match wrong {
            WrongEpoch::Unknown => Self::UnknownEpoch,
            WrongEpoch::MembersDiffer => Self::MembersDiffer,
            WrongEpoch::Old => Self::OldEpoch,
        }
    }
}

impl From<WrongEpoch> for GroupDecryptError {
    fn from(wrong: WrongEpoch) -> Self {
        match wrong {
            WrongEpoch::Unknown => Self::UnknownEpoch,
            WrongEpoch::MembersDiffer => Self::MembersDiffer,
            WrongEpoch::Old => Self::OldEpoch,
        }
    }
}
