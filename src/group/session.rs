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
use super::epoch::{Epoch, EpochId, GroupError, GroupId, Member};
use super::message::GroupMessage;
use super::receiver::{GroupDecryptError, Keys};
use super::sender::{Rotation, SenderKey};
use crate::chain::step::Plaintext;
use crate::keys::address::Address;
use crate::keys::peer::Peer;
use crate::keys::time::UnixTime;
use crate::limits::MAX_KNOWN_EPOCHS;
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
    /// If anybody is gone (or the numbers leave room for it), our key is due, and what removed devices gave us is dropped. So
    /// is a key of our own whose epoch nobody remembers any more: whoever lost it on the way could not take it in.
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
        let safe = next && new.keeps_all_of(&self.epoch);
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
        self.due = self.due || !safe || !self.sender_is_known();
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

    /// Is our key, if there is one, of an epoch whose distributions are still accepted?
    fn sender_is_known(&self) -> bool {
        let Some(key) = &self.sender else { return true };
        self.known.iter().chain([&self.epoch.id]).any(|known| *known == key.epoch)
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
