//! Who is in a group, and since which change of it.
//!
//! ```text
//! members hash = SHA-256(Label::GroupMembers ‖ lp8(group) ‖ n(4) ‖ each member: address ‖ identity)
//! scope        = SHA-256(Label::GroupScope ‖ lp8(group) ‖ number(8) ‖ members hash ‖ sender's address ‖ sender's identity)
//! ```
//!
//! The hash of the member list is part of the epoch, and the epoch of every key: members who were told different lists do
//! not accept each other's keys. SPEC: R-61, R-70. Who may change the list is the application's to decide.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::keys::address::Address;
use crate::keys::identity::PublicIdentity;
use crate::label::Label;
use crate::limits::MAX_MEMBERS;
use crate::primitives::hash::Hash;

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

/// One device in a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub(crate) address: Address,
    pub(crate) identity: PublicIdentity,
}

impl Member {
    /// A device that the application says is in the group.
    #[must_use]
    pub const fn new(address: Address, identity: PublicIdentity) -> Self {
        Self { address, identity }
    }

    /// Where it is.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// Who it is.
    #[must_use]
    pub const fn identity(&self) -> &PublicIdentity {
        &self.identity
    }
}

/// The members of a group since its last change.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Epoch {
    pub(crate) id: EpochId,
    pub(crate) members: BTreeMap<Address, PublicIdentity>,
}

/// Which epoch: its number, and the hash of its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochId {
    pub(crate) number: u64,
    pub(crate) members: [u8; 32],
}

impl Epoch {
    pub(crate) fn new(
        group: &GroupId,
        number: u64,
        list: impl IntoIterator<Item = Member>,
    ) -> Result<Self, GroupError> {
        let mut members = BTreeMap::new();
        for Member { address, identity } in list {
            if members.len() >= MAX_MEMBERS {
                return Err(GroupError::TooManyMembers);
            }
            if members.insert(address, identity).is_some() {
                return Err(GroupError::DuplicateMember);
            }
        }
        let id = EpochId { number, members: members_hash(group, &members) };
        Ok(Self { id, members })
    }

    pub(crate) fn has(&self, address: &Address, identity: &PublicIdentity) -> bool {
        self.members.get(address).is_some_and(|known| known == identity)
    }

    /// Is everybody of `before` still here, as they were?
    pub(crate) fn keeps_all_of(&self, before: &Self) -> bool {
        before.members.iter().all(|(address, identity)| self.has(address, identity))
    }
}

fn members_hash(group: &GroupId, members: &BTreeMap<Address, PublicIdentity>) -> [u8; 32] {
    let mut hash = Hash::new(Label::GroupMembers);
    let count = u32::try_from(members.len()).unwrap_or(u32::MAX);
    hash.add_lp8(&group.0).add(&count.to_be_bytes());
    for (address, identity) in members {
        hash.add(&address.encode()).add(&identity.to_bytes());
    }
    hash.finish()
}

/// What a sender key is for: one group, one epoch, one device. 32 bytes that stand for all of it.
pub(crate) fn scope(
    group: &GroupId,
    epoch: &EpochId,
    address: &Address,
    identity: &PublicIdentity,
) -> [u8; 32] {
    let mut hash = Hash::new(Label::GroupScope);
    hash.add_lp8(&group.0)
        .add(&epoch.number.to_be_bytes())
        .add(&epoch.members)
        .add(&address.encode())
        .add(&identity.to_bytes());
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
    /// The random number generator failed. Try again when it works.
    Randomness,
}
