//! Who is in a group, and since which change of it.
//!
//! ```text
//! members hash = SHA-256(Label::GroupMembers ‖ lp8(group) ‖ n(4) ‖ each member: address ‖ identity)
//! scope        = SHA-256(Label::GroupScope ‖ lp8(group) ‖ number(8) ‖ members hash ‖ sender's address ‖ sender's identity)
//! ```
//!
//! The hash of the member list is part of the epoch, and the epoch of every key and every message: members who were told
//! different lists do not accept each other's. SPEC: R-61, R-70. Who may change the list is the application's to decide.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::keys::address::Address;
use crate::keys::identity::PublicIdentity;
use crate::keys::party::Party;
use crate::keys::peer::Peer;
use crate::label::Label;
use crate::limits::MAX_MEMBERS;
use crate::primitives::hash::Hash;
use crate::wire::codec::{DecodeError, Reader, Writer};

/// The name of a group: 1 to 255 bytes, chosen by the application, never used for another group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(Vec<u8>);

impl GroupId {
    /// # Errors
    /// [`GroupError::InvalidGroupId`] for no bytes or more than 255.
    pub fn new(id: impl AsRef<[u8]>) -> Result<Self, GroupError> {
        let id = id.as_ref();
        if id.is_empty() || u8::try_from(id.len()).is_err() {
            return Err(GroupError::InvalidGroupId);
        }
        Ok(Self(id.to_vec()))
    }

    /// The bytes it was made from.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The members of a group since its last change.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Epoch {
    pub(crate) id: EpochId,
    pub(crate) members: BTreeMap<Address, Member>,
}

/// One device of the list, by its address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) identity: PublicIdentity,
    /// The number of the epoch in which it came; 0 if it was there when we came.
    pub(crate) since: u64,
    /// Keys that it made before this are over: once ended they do not come back.
    pub(crate) from: Made,
}

/// When a sender has made a key, by its own count: what orders its keys, however they came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Made {
    /// The number of the epoch.
    pub(crate) epoch: u64,
    /// Among all keys that it has made for the group.
    pub(crate) number: u32,
}

impl Member {
    /// A key that it made then has been ended.
    pub(crate) fn end(&mut self, made: Made) {
        let next = match made.number.checked_add(1) {
            Some(number) => Made { number, ..made },
            None => Made { epoch: made.epoch.saturating_add(1), number: 0 },
        };
        self.from = self.from.max(next);
    }
}

/// Which epoch: its number, and the hash of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochId {
    pub(crate) number: u64,
    pub(crate) members: [u8; 32],
}

impl EpochId {
    /// Length of the encoding, in bytes.
    pub(super) const LEN: usize = 8 + 32;

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { number: reader.u64()?, members: *reader.array()? })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.u64(self.number).bytes(&self.members);
    }

    /// The number of the epoch after this one.
    pub(crate) const fn next(&self) -> u64 {
        self.number.saturating_add(1)
    }
}

impl Epoch {
    pub(crate) fn new(
        group: &GroupId,
        number: u64,
        list: impl IntoIterator<Item = Party>,
    ) -> Result<Self, GroupError> {
        let mut members = BTreeMap::new();
        for Party { address, identity } in list {
            if members.len() >= MAX_MEMBERS {
                return Err(GroupError::TooManyMembers);
            }
            if members
                .insert(address, Member { identity, since: 0, from: Made::default() })
                .is_some()
            {
                return Err(GroupError::DuplicateMember);
            }
        }
        let id = EpochId { number, members: members_hash(group, &members) };
        Ok(Self { id, members })
    }

    pub(crate) fn has(&self, address: &Address, identity: &PublicIdentity) -> bool {
        self.members.get(address).is_some_and(|known| known.identity == *identity)
    }

    /// Takes over from `before` since when everybody is here; who was not there has come with the epoch after it, or in a gap.
    pub(crate) fn follow(&mut self, before: &Self) {
        for (address, member) in &mut self.members {
            let known = before.members.get(address);
            match known.filter(|known| known.identity == member.identity) {
                Some(known) => *member = *known,
                None => member.since = before.id.next(),
            }
        }
    }

    /// The members of this epoch who are not in the other as they are here.
    pub(crate) fn without(&self, other: &Self) -> Vec<Party> {
        let gone = self.parties().filter(|party| !other.has(&party.address, &party.identity));
        gone.collect()
    }

    pub(crate) fn parties(&self) -> impl Iterator<Item = Party> + '_ {
        self.members.iter().map(|(address, member)| Party::new(address.clone(), member.identity))
    }
}

fn members_hash(group: &GroupId, members: &BTreeMap<Address, Member>) -> [u8; 32] {
    let mut hash = Hash::new(Label::GroupMembers);
    let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
    hash.add_lp8(&group.0).add(&count.to_be_bytes());
    for (address, member) in members {
        hash.add(&address.encode()).add(&member.identity.to_bytes());
    }
    hash.finish()
}

/// A device in an epoch of a group: 32 bytes that stand for all of it. What a key was made for, and what a message was sent in.
pub(crate) fn scope(group: &GroupId, epoch: &EpochId, sender: &Peer) -> [u8; 32] {
    let mut hash = Hash::new(Label::GroupScope);
    hash.add_lp8(&group.0)
        .add(&epoch.number.to_be_bytes())
        .add(&epoch.members)
        .add(&sender.address().encode())
        .add(&sender.identity().to_bytes());
    hash.finish()
}

/// Why a group was not made or changed. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupError {
    /// A group id has 1 to 255 bytes.
    InvalidGroupId,
    /// More than [`limits::MAX_MEMBERS`](crate::limits::MAX_MEMBERS) members.
    TooManyMembers,
    /// An address stands in the list twice.
    DuplicateMember,
    /// Our own device, as the group knows it, is not in the list. If it was removed, delete the group's state.
    NotAMember,
    /// The new epoch is not after the current one: an old change, or one that was applied already.
    OldEpoch,
    /// The current epoch, with other members than we were told: somebody tells members different lists. Do not go on before it is
    /// known who is in the group.
    MembersDiffer,
    /// A key is used for 1 to [`limits::GROUP_MAX_JUMP`](crate::limits::GROUP_MAX_JUMP) messages and for at least one second.
    InvalidRotation,
    /// The random number generator failed. Try again when it works.
    Randomness,
}
