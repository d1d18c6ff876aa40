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

use super::distribution::{Distribution, Fields, chain_commitment, sender_hash};
use super::epoch::{Epoch, EpochId, GroupError, GroupId, Member, scope};
use super::message::{GroupMessage, KeyId};
use super::receiver::{GroupDecryptError, Keys, ReceiverKey};
use super::sender::{Refused, SenderKey};
use crate::chain::ChainKey;
use crate::chain::received::Received;
use crate::chain::skipped::Skipped;
use crate::chain::step::Plaintext;
use crate::keys::address::Address;
use crate::keys::peer::Peer;
use crate::keys::time::UnixTime;
use crate::limits::{
    MAX_KEYS_PER_SENDER, MAX_KNOWN_EPOCHS, ROTATE_AFTER_MESSAGES, ROTATE_AFTER_SECONDS,
};
use crate::secret::RandomnessFailed;
use crate::wire::codec::DecodeError;

/// When our own key is due for rotation though nobody was removed. SPEC: R-65.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// After this many messages.
    pub messages: u32,
    /// After this many seconds.
    pub seconds: u64,
}

impl Default for Rotation {
    /// [`ROTATE_AFTER_MESSAGES`] messages or [`ROTATE_AFTER_SECONDS`] seconds.
    fn default() -> Self {
        Self { messages: ROTATE_AFTER_MESSAGES, seconds: ROTATE_AFTER_SECONDS }
    }
}

/// One group, as this device has it. Not `Clone`: two copies would use the same keys.
///
/// Persist the [`snapshot`](Self::snapshot) before a message is sent and before a received one is acted upon.
pub struct GroupSession {
    pub(super) group: GroupId,
    pub(super) us: Peer,
    pub(super) epoch: Epoch,
    /// The epochs before, oldest first.
    pub(super) known: VecDeque<EpochId>,
    /// The number of the epoch in which we came.
    pub(super) first_epoch: u64,
    pub(super) rotation: Rotation,
    pub(super) sender: Option<SenderKey>,
    /// The sender key must not be used any more.
    pub(super) due: bool,
    /// Who has been given the sender key.
    pub(super) given: BTreeSet<Address>,
    pub(super) keys: Keys,
    /// The order of the next key that comes.
    pub(super) next_order: u64,
    pub(super) changes: u64,
}

/// What a change of the member list means.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MembersChanged {
    /// Devices that are new, or have another identity now. They are among [`GroupSession::awaiting`].
    pub added: Vec<Member>,
    /// Devices that are gone, or had another identity. What they sent and we have not read cannot be read any more.
    pub removed: Vec<Member>,
}

/// A group message that has opened. Everything in it is authenticated: the sender by the pairwise session that brought its
/// key. SPEC: R-71.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupReceived {
    /// What the message said.
    pub plaintext: Plaintext,
    /// The number of the epoch that its key is of.
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
    /// A group that we are in, in epoch `number` with these members, our own device among them.
    ///
    /// # Errors
    /// [`GroupError`].
    pub fn new(
        group: GroupId,
        us: Member,
        number: u64,
        members: impl IntoIterator<Item = Member>,
        rotation: Rotation,
    ) -> Result<Self, GroupError> {
        let epoch = Epoch::new(&group, number, members)?;
        if !epoch.has(&us.address, &us.identity) {
            return Err(GroupError::NotAMember);
        }
        Ok(Self {
            group,
            us: Peer::new(us.identity, us.address),
            epoch,
            known: VecDeque::new(),
            first_epoch: number,
            rotation,
            sender: None,
            due: false,
            given: BTreeSet::new(),
            keys: BTreeMap::new(),
            next_order: 0,
            changes: 0,
        })
    }

    /// Takes in a change that the application has authorised: the whole new list, in a later epoch.
    ///
    /// If anybody is gone (or the numbers leave room for it), our key is due, and what removed devices gave us is dropped.
    ///
    /// # Errors
    /// [`GroupError`]; nothing has changed then.
    pub fn change(
        &mut self,
        number: u64,
        members: impl IntoIterator<Item = Member>,
    ) -> Result<MembersChanged, GroupError> {
        if number <= self.epoch.id.number {
            return Err(GroupError::OldEpoch);
        }
        let new = Epoch::new(&self.group, number, members)?;
        if !new.has(self.us.address(), self.us.identity()) {
            return Err(GroupError::NotAMember);
        }
        let next = self.epoch.id.number.checked_add(1) == Some(number);
        self.due = self.due || !next || !new.keeps_all_of(&self.epoch);
        let changed = MembersChanged {
            added: difference(&new, &self.epoch),
            removed: difference(&self.epoch, &new),
        };
        self.keys.retain(|_, key| new.has(key.from.address(), key.from.identity()));
        self.given.retain(|address| !changed.names(address));
        let old = core::mem::replace(&mut self.epoch, new);
        self.known.push_back(old.id);
        if self.known.len() >= MAX_KNOWN_EPOCHS {
            self.known.pop_front();
        }
        self.changed();
        Ok(changed)
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
        let key = SenderKey::generate(&self.group, self.epoch.id, &self.us, now, rng)?;
        self.sender = Some(key);
        self.due = false;
        self.given.clear();
        self.changed();
        Ok(())
    }

    /// Must [`rotate`](Self::rotate) come before the next message?
    #[must_use]
    pub fn is_rotation_due(&self, now: UnixTime) -> bool {
        let Some(key) = &self.sender else { return true };
        let Rotation { messages, seconds } = self.rotation;
        self.due || key.chain.number() >= messages || now >= key.created.plus(seconds)
    }

    /// The members who have not been given our current key.
    pub fn awaiting(&self) -> impl Iterator<Item = Member> + '_ {
        let missing =
            self.epoch.members.iter().filter(|(address, _)| {
                *address != self.us.address() && !self.given.contains(address)
            });
        missing.map(|(address, identity)| Member::new(address.clone(), *identity))
    }

    /// Our key, for a member whose [`Session`](crate::Session) says that it is `to`. Encrypt it with that session. Can be
    /// asked for again, when it was lost on the way: it then reads from a later message on.
    ///
    /// # Errors
    /// [`DistributeError`].
    pub fn distribute(&mut self, to: &Peer) -> Result<Distribution, DistributeError> {
        if !self.epoch.has(to.address(), to.identity()) || to.address() == self.us.address() {
            return Err(DistributeError::NotAMember);
        }
        let key = self.sender.as_ref().filter(|_| !self.due).ok_or(DistributeError::RotationDue)?;
        let distribution = key.fields(&self.group, &self.us).encode();
        if self.given.insert(to.address().clone()) {
            self.changed();
        }
        Ok(distribution)
    }

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
            // SPEC: R-66, R-67.
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

    /// Encrypts a message to the group: persist, then send the same bytes to every member. Draws 24 bytes.
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
        let message = key.encrypt(plaintext, associated_data, rng)?;
        self.changed();
        Ok(message)
    }

    /// Decrypts a message of the group.
    ///
    /// # Errors
    /// [`GroupDecryptError`]; nothing has changed then.
    pub fn decrypt(
        &mut self,
        message: &[u8],
        associated_data: &[u8],
    ) -> Result<GroupReceived, GroupDecryptError> {
        let message = GroupMessage::decode(message)?;
        let key = self.keys.get_mut(&message.key_id).ok_or(GroupDecryptError::UnknownKey)?;
        let plaintext = key.decrypt(&message, associated_data)?;
        let (epoch, from) = (key.epoch.number, Arc::clone(&key.from));
        self.changed();
        Ok(GroupReceived { plaintext, epoch, iteration: message.iteration, from })
    }

    /// Drops kept keys by age, for every sender: see [`Session::expire_skipped`](crate::Session::expire_skipped).
    pub fn expire_skipped(&mut self, now: UnixTime, max_age: u64) -> bool {
        let mut changed = false;
        for key in self.keys.values_mut() {
            changed |= key.expire(now, max_age);
        }
        if changed {
            self.changed();
        }
        changed
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

    fn changed(&mut self) {
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

impl MembersChanged {
    fn names(&self, address: &Address) -> bool {
        self.added.iter().chain(&self.removed).any(|member| member.address == *address)
    }
}

/// The members of `a` who are not in `b` as they are in `a`.
fn difference(a: &Epoch, b: &Epoch) -> Vec<Member> {
    let gone = a.members.iter().filter(|(address, identity)| !b.has(address, identity));
    gone.map(|(address, identity)| Member::new(address.clone(), *identity)).collect()
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

impl From<RandomnessFailed> for GroupError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}

impl From<Refused> for GroupEncryptError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::TooLong => Self::TooLong,
            Refused::Exhausted => Self::RotationDue,
            Refused::Randomness => Self::Randomness,
        }
    }
}

impl From<DecodeError> for DistributionError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}
