//! A change of the member list: a new epoch. SPEC.

use alloc::vec::Vec;

use super::epoch::{Epoch, GroupError};
use super::sender::Place;
use super::session::GroupSession;
use crate::keys::address::Address;
use crate::keys::party::Party;
use crate::limits::MAX_KNOWN_EPOCHS;

/// What a change of the member list means.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MembersChanged {
    /// Devices that are new, or have another identity now. They are among [`GroupSession::awaiting`].
    pub added: Vec<Party>,
    /// Devices that are gone, or had another identity. What they sent and we have not read cannot be read any more.
    pub removed: Vec<Party>,
}

impl GroupSession {
    /// Takes in a change that the application has authorised: the whole new list, in a later epoch.
    ///
    /// Every member applies the same changes under the same numbers, without gaps: who leaves one out cannot read what was sent in
    /// that epoch. If anybody is gone (or a gap leaves room for it), our key is due, and what removed devices gave us is
    /// dropped.
    ///
    /// # Errors
    /// [`GroupError`]; nothing has changed then.
    pub fn change(
        &mut self,
        number: u64,
        members: impl IntoIterator<Item = Party>,
    ) -> Result<MembersChanged, GroupError> {
        let mut new = Epoch::new(&self.group, number, members)?;
        let now = self.epoch.id.number;
        if number == now && new.id != self.epoch.id {
            return Err(GroupError::MembersDiffer);
        }
        if number <= now {
            return Err(GroupError::OldEpoch);
        }
        if !new.has(self.us.address(), self.us.identity()) {
            return Err(GroupError::NotAMember);
        }
        new.follow(&self.epoch);
        let changed =
            MembersChanged { added: new.without(&self.epoch), removed: self.epoch.without(&new) };
        let next = self.epoch.id.next();
        self.due = self.due || number != next || !changed.removed.is_empty();
        if !changed.removed.is_empty() {
            self.last_removal = next;
        }
        self.keys.retain(|_, key| new.has(key.from.address(), key.from.identity()));
        let before = &self.epoch.members;
        let stays = |address: &Address| {
            before.get(address).is_some_and(|it| new.has(address, &it.identity))
        };
        self.given.retain(stays);
        let old = core::mem::replace(&mut self.epoch, new);
        self.place = Place::new(&self.group, self.epoch.id, &self.us);
        self.known.push_back(old.id);
        if self.known.len() >= MAX_KNOWN_EPOCHS {
            self.known.pop_front();
        }
        self.changed();
        Ok(changed)
    }
}
