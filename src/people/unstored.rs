//! One change set for everything that an operation has changed, and what came of it, to be had when it is stored. SPEC: R-13, R-42.

use alloc::vec::Vec;
use core::fmt;

use super::delivery::Delivery;
use crate::fingerprint::trust::TrustStore;
use crate::group::epoch::GroupId;
use crate::group::receive::DistributionError;
use crate::group::session::GroupSession;
use crate::keys::address::Address;
use crate::keys::suite::Suite;
use crate::wire::snapshot::Snapshot;
use crate::x3dh::store::PreKeyStore;

/// Which of the application's stored values one is. Not whose: two accounts in one database need a table each, or a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateName {
    /// The pre-key store of this suite.
    PreKeys(Suite),
    /// The state of a group.
    Group(GroupId),
    /// The trust store.
    Trust,
    /// The record of the device at this address.
    Device(Address),
}

impl StateName {
    /// The name as bytes, different for each: a key for a database. They stay as they are (`docs/state.md`, "Device record").
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        match self {
            Self::PreKeys(suite) => bytes.extend([0x02, suite.to_byte()]),
            Self::Group(group) => {
                bytes.push(0x03);
                bytes.extend_from_slice(group.as_bytes());
            }
            Self::Trust => bytes.push(0x04),
            Self::Device(address) => {
                bytes.push(0x05);
                address.write(&mut bytes);
            }
        }
        bytes
    }
}

/// One value that has changed.
#[derive(Debug)]
pub struct Change {
    pub(super) name: StateName,
    pub(super) snapshot: Option<Snapshot>,
}

impl Change {
    /// Which one.
    #[must_use]
    pub const fn name(&self) -> &StateName {
        &self.name
    }

    /// What to store under its name, sealed; `None` if what is there is to be deleted, and with it the epoch that is remembered for the name: what comes there later counts from 0 again.
    #[must_use]
    pub const fn snapshot(&self) -> Option<&Snapshot> {
        self.snapshot.as_ref()
    }
}

/// What an operation gave, together with everything that it has changed.
///
/// **In one transaction** store or delete all of [`changes`](Self::changes), and with them what [`to_store`](Self::to_store) shows: ciphertexts in an outbox, or the text that
/// was received in an inbox; what is only in memory is lost when the process ends behind the transaction. When it is committed, [`stored`](Self::stored) gives the result: now send, or act.
///
/// The values in memory have changed already. If storing fails, keep this and try again, with the same changes, before anything else is done with these values; or
/// end, and begin again from what is stored: it is as it was before. **Dropped, and gone on without, it leaves half of itself behind**: the next change set has only
/// what the next operation changes, so that a session may be stored and the one-time key that began it, or the pin of its peer, not.
///
/// ```
/// use confidant::*;
/// fn commit<T>(unstored: Unstored<T>, put: &mut dyn FnMut(Vec<u8>, Option<&Snapshot>)) -> T {
///     for change in unstored.changes() {
///         put(change.name().to_bytes(), change.snapshot()); // sealed, in one transaction
///     }
///     unstored.stored()
/// }
/// # let _ = commit::<Outgoing>;
/// ```
#[must_use = "store the changes: what was encrypted must not be sent before, nor what was decrypted acted upon"]
pub struct Unstored<T> {
    changes: Vec<Change>,
    content: T,
}

impl<T> Unstored<T> {
    pub(super) const fn new(changes: Vec<Change>, content: T) -> Self {
        Self { changes, content }
    }

    /// Everything that has changed: each value once. Nothing, if nothing has.
    pub fn changes(&self) -> impl ExactSizeIterator<Item = &Change> {
        self.changes.iter()
    }

    /// The result, to be put into an outbox or inbox **in the same transaction**, and for nothing else: not to be sent, nor acted upon.
    #[must_use]
    pub const fn to_store(&self) -> &T {
        &self.content
    }

    /// I have committed all of the changes, in one transaction: the result.
    pub fn stored(self) -> T {
        self.content
    }

    /// The same with the changes of another operation, to be stored in one transaction. Of two snapshots of one value the one of the higher epoch counts, in
    /// whichever order they are given; of a deletion and a snapshot, the later.
    pub fn and<U>(mut self, later: Unstored<U>) -> Unstored<(T, U)> {
        for change in later.changes {
            self.put(change);
        }
        Unstored { changes: self.changes, content: (self.content, later.content) }
    }

    /// Adds a change, in the place of an earlier one of the same value.
    pub(super) fn put(&mut self, change: Change) {
        let epoch = |change: &Change| change.snapshot.as_ref().map(Snapshot::epoch);
        let is_newer = |there: &Change| {
            there.name == change.name
                && epoch(there).zip(epoch(&change)).is_some_and(|(there, new)| there > new)
        };
        if self.changes.iter().any(is_newer) {
            return;
        }
        self.changes.retain(|earlier| earlier.name != change.name);
        self.changes.push(change);
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    pub(super) fn map<U>(self, f: impl FnOnce(T) -> U) -> Unstored<U> {
        Unstored { changes: self.changes, content: f(self.content) }
    }
}

impl Unstored<Delivery> {
    /// Takes a key that has come for this group into it, so that the group is stored together with the session that has brought the key. Without it, a
    /// key that was lost behind the transaction would not come again.
    ///
    /// # Errors
    /// [`DistributionError`], [`DistributionError::NotADistribution`] for what is none; the group has not changed then.
    pub fn receive_key(&mut self, group: &mut GroupSession) -> Result<(), DistributionError> {
        let key = self.content.distribution().ok_or(DistributionError::NotADistribution)?;
        group.receive(key)?;
        self.put(group_change(group));
        Ok(())
    }
}

/// The pre-key store, to be stored.
pub(super) fn prekeys_change(prekeys: &PreKeyStore) -> Change {
    let name = StateName::PreKeys(prekeys.suite());
    Change { name, snapshot: Some(prekeys.snapshot()) }
}

/// The trust store, to be stored.
pub(super) fn trust_change(trust: &TrustStore) -> Change {
    Change { name: StateName::Trust, snapshot: Some(trust.snapshot()) }
}

/// The state of a group, to be stored.
pub(super) fn group_change(group: &GroupSession) -> Change {
    let name = StateName::Group(group.id().clone());
    Change { name, snapshot: Some(group.snapshot()) }
}

impl<T> fmt::Debug for Unstored<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { changes, content: _ } = self;
        f.debug_struct("Unstored").field("changes", changes).finish_non_exhaustive()
    }
}
