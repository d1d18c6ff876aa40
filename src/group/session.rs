//! One group, as one device has it: who is in it, our own sender key, and the keys we were given.
//!
//! ```text
//!          rotate                    a member or its device goes; too many messages; too old
//! no key ─────────► key, encrypts ──────────────────────────────────────────────────────────► key due: encrypt refuses
//!                        ▲                                                                        │
//!                        └────────────────────────────── rotate ──────────────────────────────────┘
//! ```
//!
//! Every change of the member list is a new epoch. A removal makes our key due (SPEC: R-65); somebody who joins is given the
//! key from where it stands.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

use super::distribution::Distribution;
use super::epoch::{Epoch, EpochId, GroupError, GroupId, Made, scope};
use super::message::GroupMessage;
use super::receiver::{GroupDecryptError, Keys};
use super::sender::{Place, Rotation, SenderKey};
use crate::chain::step::Plaintext;
use crate::keys::address::Address;
use crate::keys::party::Party;
use crate::keys::peer::Peer;
use crate::keys::time::UnixTime;
use crate::secret::RandomnessFailed;

/// One group, as this device has it. Not `Clone`: two copies would use the same keys.
///
/// Persist the [`snapshot`](Self::snapshot) before a message is sent and before a received one is acted upon.
pub struct GroupSession {
    pub(super) group: GroupId,
    pub(super) us: Peer,
    pub(super) epoch: Epoch,
    /// The epochs before, oldest first.
    pub(super) known: VecDeque<EpochId>,
    /// The current epoch, as our messages name it.
    pub(super) place: Place,
    /// The number of the epoch with which somebody was last removed, as far as we know: no later than it was. No honest sender uses a
    /// key from before it in it.
    pub(super) last_removal: u64,
    pub(super) rotation: Rotation,
    pub(super) sender: Option<SenderKey>,
    /// The sender key must not be used any more.
    pub(super) due: bool,
    /// Who has been given the sender key.
    pub(super) given: BTreeSet<Address>,
    pub(super) keys: Keys,
    /// Sender keys that we have made.
    pub(super) rotations: u32,
    pub(super) changes: u64,
}

/// A group message that has opened. Everything in it is authenticated: the sender by the pairwise session that brought its
/// key. SPEC: R-71.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupReceived {
    /// What the message said.
    pub plaintext: Plaintext,
    /// The number of the epoch in which its sender wrote it. Below [`GroupSession::epoch_number`], its sender had not taken in a
    /// change that we have: members removed since may have read it as well.
    pub epoch: u64,
    /// Its number in the sender's chain, counted from 0.
    pub iteration: u32,
    from: Arc<Peer>,
}

impl GroupReceived {
    /// Who wrote it.
    #[must_use]
    pub fn from(&self) -> &Peer {
        &self.from
    }
}

impl GroupSession {
    /// A group that we are in, in epoch `number` with these members, our own device (`us`: its real address and identity, which sessions have
    /// proven to the others) among them. Ask the [`TrustStore`](crate::TrustStore) about each member before. When the state of a group was lost, come
    /// back with the next change: others take a key of ours in the same epoch for an old one.
    ///
    /// # Errors
    /// [`GroupError`].
    pub fn new(
        group: GroupId,
        us: Party,
        number: u64,
        members: impl IntoIterator<Item = Party>,
        rotation: Rotation,
    ) -> Result<Self, GroupError> {
        let epoch = Epoch::new(&group, number, members)?;
        if !epoch.has(&us.address, &us.identity) {
            return Err(GroupError::NotAMember);
        }
        let us = Peer::new(us.identity, us.address);
        Ok(Self {
            place: Place::new(&group, epoch.id, &us),
            group,
            us,
            epoch,
            known: VecDeque::new(),
            last_removal: 0,
            rotation,
            sender: None,
            due: false,
            given: BTreeSet::new(),
            keys: BTreeMap::new(),
            rotations: 0,
            changes: 0,
        })
    }

    /// Makes our sender key for the current epoch. Everybody then [awaits](Self::awaiting) it. Draws 64 bytes.
    ///
    /// # Errors
    /// [`GroupError::Randomness`]; nothing has changed then.
    pub fn rotate<R: TryCryptoRng + ?Sized>(
        &mut self,
        now: UnixTime,
        rng: &mut R,
    ) -> Result<(), GroupError> {
        let key = SenderKey::generate(&self.place, self.rotations, now, rng)?;
        self.sender = Some(key);
        self.rotations = self.rotations.saturating_add(1);
        self.due = false;
        self.given.clear();
        self.changed();
        Ok(())
    }

    /// Must [`rotate`](Self::rotate) come before the next message?
    #[must_use]
    pub fn is_rotation_due(&self, now: UnixTime) -> bool {
        let Some(key) = &self.sender else { return true };
        self.due || key.is_used_up(self.rotation, now)
    }

    /// The members who have not been given our current key: all, when there is none or a change has made it due. They cannot read
    /// what is encrypted before they are.
    pub fn awaiting(&self) -> impl Iterator<Item = Party> + '_ {
        let usable = self.sender.is_some() && !self.due;
        self.epoch.parties().filter(move |party| {
            party.address != *self.us.address() && !(usable && self.given.contains(&party.address))
        })
    }

    /// Our key, for a member whose [`Session`](crate::Session) says that it is `to`. It counts as given from here on: encrypt it
    /// with that session ([`encrypt_distribution`](crate::Session::encrypt_distribution)), persist group and session in one
    /// transaction, then send. If anything fails in between, go back to the group and the sessions that are stored. Can be asked
    /// for again, when it was lost on the way: the member then reads from the next message on.
    ///
    /// # Errors
    /// [`DistributeError`].
    pub fn distribute(&mut self, to: &Peer) -> Result<Distribution, DistributeError> {
        if !self.epoch.has(to.address(), to.identity()) || to.address() == self.us.address() {
            return Err(DistributeError::NotAMember);
        }
        let key = self.sender.as_ref().filter(|_| !self.due).ok_or(DistributeError::RotationDue)?;
        let distribution = key.fields(&self.group, &self.place).encode(to);
        if self.given.insert(to.address().clone()) {
            self.changed();
        }
        Ok(distribution)
    }

    /// Encrypts a message to the group: persist, then send the same bytes to every member. 174 bytes longer than the plaintext (up
    /// to 16,383 bytes of it; 16 more for each further 16,384). Draws 24 bytes.
    ///
    /// **Whoever still [awaits](Self::awaiting) our key will never read it**: distribute first.
    ///
    /// # Errors
    /// [`GroupEncryptError`]; nothing has changed then.
    pub fn encrypt<R: TryCryptoRng + ?Sized>(
        &mut self,
        plaintext: &[u8],
        associated_data: &[u8],
        now: UnixTime,
        rng: &mut R,
    ) -> Result<Vec<u8>, GroupEncryptError> {
        if self.is_rotation_due(now) {
            return Err(GroupEncryptError::RotationDue);
        }
        let key = self.sender.as_mut().ok_or(GroupEncryptError::RotationDue)?;
        let message = key.encrypt(&self.place, plaintext, associated_data, rng)?;
        self.changed();
        Ok(message)
    }

    /// Decrypts a message of the group: persist the group, then act on the text.
    ///
    /// # Errors
    /// [`GroupDecryptError`]; nothing has changed then.
    pub fn decrypt(
        &mut self,
        message: &[u8],
        associated_data: &[u8],
    ) -> Result<GroupReceived, GroupDecryptError> {
        let message = GroupMessage::decode(message)?;
        let key = self.keys.get(&message.key_id).ok_or(GroupDecryptError::UnknownKey)?;
        let (scope, from) = (self.scope_of(&message, &key.from)?, Arc::clone(&key.from));
        if self.removed_between(key.made.epoch, message.epoch.number)
            || message.epoch.number > key.until
        {
            return Err(GroupDecryptError::OldKey);
        }
        let key = self.keys.get_mut(&message.key_id).ok_or(GroupDecryptError::UnknownKey)?;
        let plaintext = key.decrypt(&message, &scope, associated_data)?;
        self.changed();
        let (epoch, iteration) = (message.epoch.number, message.iteration);
        Ok(GroupReceived { plaintext, epoch, iteration, from })
    }

    /// Is a key of epoch `made` not to be used any more in epoch `now`, because somebody was removed between?
    pub(super) const fn removed_between(&self, made: u64, now: u64) -> bool {
        made < self.last_removal && self.last_removal <= now
    }

    /// Where its sender says that it was, if it was there as far as we know.
    fn scope_of(
        &self,
        message: &GroupMessage<'_>,
        from: &Peer,
    ) -> Result<[u8; 32], GroupDecryptError> {
        let epoch = self.known_epoch(message.epoch)?;
        let member = self.member(from).filter(|member| member.since <= epoch.number);
        member.map(|_| scope(&self.group, epoch, from)).ok_or(GroupDecryptError::OldEpoch)
    }

    /// Whose key a message names, before it is opened.
    pub(crate) fn key_owner(&self, message: &[u8]) -> Result<&Peer, GroupDecryptError> {
        let message = GroupMessage::decode(message)?;
        let key = self.keys.get(&message.key_id).ok_or(GroupDecryptError::UnknownKey)?;
        Ok(&key.from)
    }

    /// Drops kept keys by age, for every sender: see [`Session::expire_skipped`](crate::Session::expire_skipped). A sender's key
    /// goes altogether `max_age` seconds after a call has first seen a newer one of the same sender. Says whether anything changed,
    /// and so has to be persisted. SPEC: R-34.
    pub fn expire_skipped(&mut self, now: UnixTime, max_age: u64) -> bool {
        let mut newest = BTreeMap::new();
        for key in self.keys.values() {
            let newest: &mut Made = newest.entry(key.from.address().clone()).or_default();
            *newest = key.made.max(*newest);
        }
        let mut changed = false;
        for key in self.keys.values_mut() {
            changed |= key.expire(now, max_age);
            let newer = newest.get(key.from.address()).is_some_and(|newest| *newest > key.made);
            changed |= newer && key.supersede(now);
        }
        let over = self.keys.values().filter(|key| {
            newest.get(key.from.address()) != Some(&key.made) && key.has_aged(now, max_age)
        });
        let over: Vec<_> = over.map(|key| (Arc::clone(&key.from), key.made)).collect();
        for (from, made) in over {
            self.end(from.address(), made);
            changed = true;
        }
        if changed {
            self.changed();
        }
        changed
    }

    /// Everybody in the group, ourselves among them, by address: whom to send to, and for whom to
    /// [seal](crate::SealedSender::seal_many).
    pub fn members(&self) -> impl Iterator<Item = Party> + '_ {
        self.epoch.parties()
    }

    /// The group's name.
    #[must_use]
    pub const fn id(&self) -> &GroupId {
        &self.group
    }

    /// The number of the current epoch.
    #[must_use]
    pub const fn epoch_number(&self) -> u64 {
        self.epoch.id.number
    }

    /// The hash of the current member list, which every member should have: compare it like a fingerprint.
    #[must_use]
    pub const fn members_hash(&self) -> &[u8; 32] {
        &self.epoch.id.members
    }

    /// Keys that others have given us.
    #[must_use]
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// The number of changes so far, as in the next snapshot.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn changed(&mut self) {
        self.changes = self.changes.saturating_add(1);
    }
}

impl fmt::Debug for GroupSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupSession")
            .field("group", &self.group)
            .field("epoch", &self.epoch.id.number)
            .field("members", &self.epoch.members.len())
            .field("keys", &self.keys.len())
            .field("changes", &self.changes)
            .finish_non_exhaustive()
    }
}

/// Why nothing was encrypted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupEncryptError {
    /// There is no key, or it must not be used any more: call `rotate`, and give the new key to everybody who awaits it.
    RotationDue,
    /// The message would be longer than [`limits::MAX_MESSAGE`](crate::limits::MAX_MESSAGE).
    TooLong,
    /// The random number generator failed. Try again when it works.
    Randomness,
}

/// Why there is no distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DistributeError {
    /// This device, with this identity, is not in the group: do not give it the key.
    NotAMember,
    /// There is no key to give: call `rotate`.
    RotationDue,
}

impl From<RandomnessFailed> for GroupError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}

impl From<RandomnessFailed> for GroupEncryptError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}
