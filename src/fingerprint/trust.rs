//! What a device remembers of others' identities: the first one it met, whether it was compared, and that it does not change
//! unnoticed.
//!
//! ```text
//!             meet                    verify
//! first use ───────► pinned ──────────────────────► verified ◄── meet, where the identity was compared for another device
//!                      ▲                               │
//!                      └──── accept_change (another identity, after the user was asked) ────┘
//! ```
//!
//! Nothing here replaces an identity without being told to. SPEC: R-140. It is a value: no storage, no policy on what to do
//! while the user has not decided.

use alloc::collections::BTreeMap;

use super::Verified;
use crate::keys::address::Address;
use crate::keys::identity::PublicIdentity;
use crate::keys::party::Party;
use crate::keys::peer::Peer;
use crate::limits::MAX_CONTACTS;

/// The identities that this device has met, by address.
///
/// Before a conversation begins, [`Context::known_to`](crate::Context::known_to) pins what is known, so that another identity is
/// refused before anything is encrypted to it or accepted from it. When a first message of theirs has opened, [`meet`](Self::meet) the session's peer.
/// Before each message, [`check`](Self::check) it: sessions with an identity that has been replaced are to be ended.
///
/// Persist the [`snapshot`](Self::snapshot) after every change.
#[derive(Default)]
pub struct TrustStore {
    pub(super) known: BTreeMap<Address, Known>,
    pub(super) changes: u64,
}

/// What is remembered of one address.
pub(super) struct Known {
    pub(super) identity: PublicIdentity,
    pub(super) verified: bool,
}

/// What is known of a party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// Nothing, of this user: whoever answers first will be taken for it.
    FirstUse,
    /// Nothing, of this device; other devices of the user are known. A user who has got one, or a server that has made one up: show
    /// it. When it was met, its status is [`Verified`](Self::Verified) if this very identity was compared for another device;
    /// otherwise compare again.
    NewDevice {
        /// Has one of the user's other devices this very identity?
        same_identity: bool,
        /// Has the identity of one of them been compared?
        user_verified: bool,
    },
    /// It is the identity that was met first, or whose change the user has accepted. Nobody has compared it.
    Pinned,
    /// It is the identity whose safety number was compared.
    Verified,
    /// Another identity is known at this address: a new device, or an attack. Ask the user.
    Changed {
        /// Had the known one been compared?
        was_verified: bool,
    },
}

impl TrustStore {
    /// Knows nobody.
    #[must_use]
    pub const fn new() -> Self {
        Self { known: BTreeMap::new(), changes: 0 }
    }

    /// What is known of this party.
    #[must_use]
    pub fn status(&self, party: &Party) -> Trust {
        match self.known.get(&party.address) {
            None => self.status_of_new(party),
            Some(known) if known.identity != party.identity => {
                Trust::Changed { was_verified: known.verified }
            }
            Some(Known { verified: true, .. }) => Trust::Verified,
            Some(_) => Trust::Pinned,
        }
    }

    fn status_of_new(&self, party: &Party) -> Trust {
        let mut devices = self.devices_of(&party.address).peekable();
        if devices.peek().is_none() {
            return Trust::FirstUse;
        }
        let (mut same_identity, mut user_verified) = (false, false);
        for known in devices {
            same_identity |= known.identity == party.identity;
            user_verified |= known.verified;
        }
        Trust::NewDevice { same_identity, user_verified }
    }

    /// What is known of the user's devices.
    fn devices_of(&self, address: &Address) -> impl Iterator<Item = &Known> {
        let (first, last) = address.of_all_devices();
        self.known.range(first..=last).map(|(_, known)| known)
    }

    /// The identity that is known at an address.
    #[must_use]
    pub fn identity(&self, address: &Address) -> Option<&PublicIdentity> {
        self.known.get(address).map(|known| &known.identity)
    }

    /// May this party be written to and read, as far as we know? Yes for one never met: look at [`status`](Self::status) for new devices
    /// of known users.
    ///
    /// # Errors
    /// [`TrustError::IdentityChanged`]: do not send; tell the user.
    pub fn check(&self, party: &Party) -> Result<(), TrustError> {
        match self.status(party) {
            Trust::Changed { .. } => Err(TrustError::IdentityChanged),
            _ => Ok(()),
        }
    }

    /// Remembers who a session has shown to be there, once a message of theirs has opened: when the address is new, pins its identity (as verified, if that identity has been
    /// compared for another device of the user). Gives what was known before.
    ///
    /// # Errors
    /// [`TrustError`]; nothing has changed then.
    pub fn meet(&mut self, peer: &Peer) -> Result<Trust, TrustError> {
        let party = Party::from(peer);
        self.check(&party)?;
        let before = self.status(&party);
        if matches!(before, Trust::FirstUse | Trust::NewDevice { .. }) {
            let compared = |known: &Known| known.verified && known.identity == party.identity;
            let verified = self.devices_of(&party.address).any(compared);
            self.set(&party, verified)?;
        }
        Ok(before)
    }

    /// Remembers that the safety number was compared: for this address, and for every device of the user that is known with the same
    /// identity. Of one that is known as verified, it changes nothing.
    ///
    /// # Errors
    /// [`TrustError`]; nothing has changed then. A changed identity has to be accepted first.
    pub fn verify(&mut self, verified: &Verified) -> Result<(), TrustError> {
        let party = verified.party();
        self.check(party)?;
        if self.status(party) == Trust::Verified {
            return Ok(());
        }
        self.set(party, true)?;
        let (first, last) = party.address.of_all_devices();
        for (_, known) in self.known.range_mut(first..=last) {
            known.verified |= known.identity == party.identity;
        }
        Ok(())
    }

    /// **The user** has been told that the identity at this address is another one now, and goes on with it. It is pinned, and no
    /// longer verified. (An address that is not known is pinned too; for a
    /// session's peer use [`meet`](Self::meet), which takes over the comparison of another device.) Gives what was known before: [`Trust::Changed`] says whether a compared identity has been replaced.
    ///
    /// # Errors
    /// [`TrustError::Full`]; nothing has changed then.
    pub fn accept_change(&mut self, party: &Party) -> Result<Trust, TrustError> {
        let before = self.status(party);
        if !matches!(before, Trust::Pinned | Trust::Verified) {
            self.set(party, false)?;
        }
        Ok(before)
    }

    /// Forgets an address: who answers there next is taken for it again. Says whether it was known.
    pub fn forget(&mut self, address: &Address) -> bool {
        let known = self.known.remove(address).is_some();
        if known {
            self.changed();
        }
        known
    }

    /// Everybody who is known, and how.
    pub fn iter(&self) -> impl Iterator<Item = (Party, Trust)> + '_ {
        self.known.iter().map(|(address, known)| {
            let trust = if known.verified { Trust::Verified } else { Trust::Pinned };
            (Party::new(address.clone(), known.identity), trust)
        })
    }

    /// The number of changes so far, as in the next snapshot.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// Could this address be pinned?
    pub(crate) fn has_room_for(&self, address: &Address) -> bool {
        self.known.len() < MAX_CONTACTS || self.known.contains_key(address)
    }

    fn set(&mut self, party: &Party, verified: bool) -> Result<(), TrustError> {
        if !self.has_room_for(&party.address) {
            return Err(TrustError::Full);
        }
        let known = Known { identity: party.identity, verified };
        self.known.insert(party.address.clone(), known);
        self.changed();
        Ok(())
    }

    fn changed(&mut self) {
        self.changes = self.changes.saturating_add(1);
    }
}

impl core::fmt::Debug for TrustStore {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { known, changes } = self;
        write!(f, "TrustStore({} parties, {changes} changes)", known.len())
    }
}

/// Why nothing was remembered, or why a party must not be written to. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustError {
    /// Another identity is known at this address. Do not encrypt to it and do not act on what it sent; tell the user, and call
    /// `accept_change` if they want to go on.
    IdentityChanged,
    /// [`limits::MAX_CONTACTS`](crate::limits::MAX_CONTACTS) are known. Forget some.
    Full,
}
