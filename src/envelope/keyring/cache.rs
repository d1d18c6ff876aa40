//! Opened keyrings, a bounded number of them for a bounded time: so that the KMS is asked once for each tenant, and again after a
//! while.
//!
//! What is dropped is wiped. The least recently used goes first.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::fmt;

use super::Keyring;
use crate::keys::time::UnixTime;

/// Opened keyrings by the application's names for their owners.
///
/// ```
/// # use confidant::*;
/// # type Failed = Box<dyn std::error::Error>;
/// fn keyring<'a>(
///     cache: &'a mut KeyringCache,
///     tenant: &[u8],
///     open: &dyn Fn() -> Result<Keyring, OpenKeyringError>, // from storage, with the KMS
///     now: UnixTime,
/// ) -> Result<&'a mut Keyring, OpenKeyringError> {
///     cache.get_or_open(tenant, now, open)
/// }
/// # let _ = keyring;
/// ```
pub struct KeyringCache {
    most: usize,
    seconds: u64,
    /// Counts uses.
    uses: u64,
    held: BTreeMap<Vec<u8>, Held>,
}

struct Held {
    keyring: Keyring,
    opened: UnixTime,
    last_use: u64,
}

impl Held {
    /// Not after a clock that went back either, which would keep it for longer.
    fn is_fresh(&self, seconds: u64, now: UnixTime) -> bool {
        self.opened <= now && now < self.opened.plus(seconds)
    }
}

impl KeyringCache {
    /// Room for `most` keyrings, at least one, each for `seconds` after it was put in.
    #[must_use]
    pub const fn new(most: usize, seconds: u64) -> Self {
        let most = if most == 0 { 1 } else { most };
        Self { most, seconds, uses: 0, held: BTreeMap::new() }
    }

    /// The keyring of this owner, if it is there and its time has not passed. Call [`purge`](Self::purge) for those that nobody asks
    /// for.
    pub fn get(&mut self, owner: &[u8], now: UnixTime) -> Option<&mut Keyring> {
        if !self.held.get(owner)?.is_fresh(self.seconds, now) {
            self.held.remove(owner);
            return None;
        }
        self.uses = self.uses.saturating_add(1);
        let held = self.held.get_mut(owner)?;
        held.last_use = self.uses;
        Some(&mut held.keyring)
    }

    /// The keyring of this owner, opened if it is not there: then in the place of the least recently used, if there is no room.
    ///
    /// # Errors
    /// What `open` gives.
    pub fn get_or_open<E>(
        &mut self,
        owner: &[u8],
        now: UnixTime,
        open: impl FnOnce() -> Result<Keyring, E>,
    ) -> Result<&mut Keyring, E> {
        self.purge(now);
        let (keyring, opened) = match self.held.remove(owner) {
            Some(Held { keyring, opened, .. }) => (keyring, opened),
            None => (open()?, now),
        };
        self.make_room();
        self.uses = self.uses.saturating_add(1);
        let held = Held { keyring, opened, last_use: self.uses };
        Ok(&mut self.held.entry(owner.to_vec()).insert_entry(held).into_mut().keyring)
    }

    /// Puts in a keyring that was opened now, in the place of the owner's: where it was waited for, or has been changed.
    pub fn insert(&mut self, owner: &[u8], keyring: Keyring, now: UnixTime) -> &mut Keyring {
        self.held.remove(owner);
        let Ok(keyring) = self.get_or_open(owner, now, || Ok::<_, Infallible>(keyring));
        keyring
    }

    fn make_room(&mut self) {
        while self.held.len() >= self.most {
            let oldest = self.held.iter().min_by_key(|(_, held)| held.last_use);
            let Some(oldest) = oldest.map(|(owner, _)| owner.clone()) else { break };
            self.held.remove(&oldest);
        }
    }

    /// Takes out the keyring of this owner: it was changed elsewhere, or the owner is gone.
    pub fn remove(&mut self, owner: &[u8]) -> Option<Keyring> {
        self.held.remove(owner).map(|held| held.keyring)
    }

    /// Drops every keyring whose time has passed.
    pub fn purge(&mut self, now: UnixTime) {
        self.held.retain(|_, held| held.is_fresh(self.seconds, now));
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.held.len()
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }
}

impl fmt::Debug for KeyringCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { most, seconds, uses: _, held } = self;
        write!(f, "KeyringCache({} of {most}, {seconds} seconds each)", held.len())
    }
}
