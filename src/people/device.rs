//! Everything between us and one device: its sessions, and which of them is active.
//!
//! ```text
//! S: a session that the peer has begun, T: our active one
//! the peer has put S aside ──────────────► S is older
//! no T, or S's opening puts T aside ─────► S is active
//! T is ours and waits ───────────────────► the one of lower rank is active
//! otherwise ─────────────────────────────► S is active
//! ```
//!
//! Two devices that begin at once choose alike, because both compare the same ranks, and because what one has put aside the other knows
//! with the first message that it reads in the session that took its place. SPEC: R-47, R-48.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

use super::errors::Need;
use super::frame::{MAX_ASIDE, Name, Opening};
use super::kept::{Kept, Older, SessionInfo, Standing};
use super::retry::Asked;
use super::unstored::{Change, StateName, Unstored};
use super::us::Us;
use crate::fingerprint::trust::TrustStore;
use crate::keys::address::Address;
use crate::keys::identity::PublicIdentity;
use crate::keys::time::UnixTime;
use crate::limits::{KEPT_LIFETIME, MAX_OLDER_SESSIONS, MAX_PUT_ASIDE};
use crate::session::Session;
use crate::x3dh::agree::InitiateError;
use crate::x3dh::bundle::VerifiedBundle;

/// Everything between us and one device of somebody: at most one active session, in which we write, and at most seven older ones, in which what is
/// still under way is read.
///
/// All have one identity: the one that the trust store knows at the address. Where it knows another (the user has
/// [accepted a change](TrustStore::accept_change)), nothing is sent or read here until a new session takes the place of all of these. SPEC: R-140.
///
/// Every operation that changes something comes as an [`Unstored`].
pub struct DeviceRecord {
    pub(super) address: Address,
    /// Since when the device is not in its user's list.
    pub(super) stale: Option<UnixTime>,
    pub(super) asked: Option<Asked>,
    /// What the peer has put aside, the newest last.
    pub(super) put_aside: VecDeque<Name>,
    pub(super) active: Option<Kept>,
    /// The newest first.
    pub(super) older: VecDeque<Older>,
    pub(super) epoch: u64,
}

impl DeviceRecord {
    /// Nothing, so far, with the device at this address.
    #[must_use]
    pub const fn new(address: Address) -> Self {
        Self {
            address,
            stale: None,
            asked: None,
            put_aside: VecDeque::new(),
            active: None,
            older: VecDeque::new(),
            epoch: 0,
        }
    }

    /// Begins a session, in which we write from now on: when there is none, when the one that there is has forked, or was never answered, when a handshake
    /// [is due](Self::is_handshake_due), or when the identity has changed and the user has accepted it. What is written in the one before is read for a while.
    ///
    /// Draws what [`Session::initiate`] draws. Nothing is sent yet.
    ///
    /// # Errors
    /// [`InitiateError`]; nothing has changed then.
    pub fn begin<R: TryCryptoRng + ?Sized>(
        &mut self,
        us: &mut Us<'_>,
        bundle: &VerifiedBundle,
        rng: &mut R,
    ) -> Result<Unstored<()>, InitiateError> {
        let context = us.context(&self.address, self.pin(us.trust));
        let session = Session::initiate(us.identity, bundle, &context, rng)?;
        self.keep_only(session.peer().identity());
        let attempt = self.active.as_ref().filter(|active| active.session.is_waiting());
        let rank = attempt.map_or_else(|| Name::of(&session), |active| active.rank);
        self.activate(Kept::new(session, rank, us.now), us);
        Ok(self.unstored(()))
    }

    /// Writes no more in the active session: the next message needs a new one. For an application that knows that its state has been rolled back, or copied.
    pub fn distrust(&mut self) -> Unstored<()> {
        match &mut self.active {
            Some(active) if !active.is_forked() => {
                active.lower(Standing::Forked);
                self.unstored(())
            }
            _ => Unstored::new(Vec::new(), ()),
        }
    }

    /// Drops older sessions whose time is up, and message keys that were kept for [`KEPT_LIFETIME`]. Call it
    /// regularly.
    pub fn expire(&mut self, us: &Us<'_>) -> Unstored<()> {
        let (now, latest) = (us.now, us.until());
        let before = self.older.len();
        self.drop_over(now);
        let mut changed = self.older.len() != before;
        // The clock has gone back, or a shorter time was set.
        for older in self.older.iter_mut().filter(|older| older.until > latest) {
            older.until = latest;
            changed = true;
        }
        for kept in self.active.iter_mut().chain(self.older.iter_mut().map(|older| &mut older.kept))
        {
            changed |= kept.session.expire_skipped(now, KEPT_LIFETIME);
        }
        if changed { self.unstored(()) } else { Unstored::new(Vec::new(), ()) }
    }

    /// What has to be done before anything can be sent, if anything has: in each case, to begin a session. A new bundle is needed for that.
    #[must_use]
    pub fn need(&self, us: &Us<'_>) -> Option<Need> {
        if !self.is_known_to(us.trust) {
            return Some(Need::IdentityChanged);
        }
        self.active.as_ref().map_or(Some(Need::NoSession), |active| active.need(us.now))
    }

    /// The device's address.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// With whom the sessions are; `None` if there is none.
    #[must_use]
    pub fn identity(&self) -> Option<&PublicIdentity> {
        self.kept().next().map(|kept| kept.session.peer().identity())
    }

    /// Since when the device is not in its user's list.
    #[must_use]
    pub const fn stale_since(&self) -> Option<UnixTime> {
        self.stale
    }

    /// The sessions: the active one, if there is one, has no `until`; then the older ones, the newest first.
    pub fn sessions(&self) -> impl Iterator<Item = SessionInfo> + '_ {
        let active = self.active.iter().map(|kept| kept.info(None));
        active.chain(self.older.iter().map(|older| older.kept.info(Some(older.until))))
    }

    /// The active session's id: the same on both sides, when both write in the same.
    #[must_use]
    pub fn active_id(&self) -> Option<&[u8; 32]> {
        self.active.as_ref().map(|active| active.session.id())
    }

    /// The number of changes so far, as in the next snapshot.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// All sessions, the active one first.
    pub(super) fn kept(&self) -> impl Iterator<Item = &Kept> {
        self.active.iter().chain(self.older.iter().map(|older| &older.kept))
    }

    /// Whom a new session has to be with.
    pub(super) fn pin(&self, trust: &TrustStore) -> Option<PublicIdentity> {
        trust.identity(&self.address).or_else(|| self.identity()).copied()
    }

    /// Are the sessions with whom the trust store knows, if it knows anybody? SPEC: R-140.
    pub(super) fn is_known_to(&self, trust: &TrustStore) -> bool {
        let known = trust.identity(&self.address);
        known.is_none_or(|known| self.identity().is_none_or(|identity| identity == known))
    }

    /// Drops the sessions with another identity than this.
    pub(super) fn keep_only(&mut self, identity: &PublicIdentity) {
        if self.identity().is_some_and(|before| before != identity) {
            self.active = None;
            self.older.clear();
        }
    }

    /// Which one is active: this session that the peer has begun, or ours?
    pub(super) fn wins(&self, new: &Kept, opening: Option<&Opening>) -> bool {
        if self.put_aside.contains(&new.name()) {
            return false;
        }
        let Some(active) = &self.active else { return true };
        let is_aside = opening.is_some_and(|opening| opening.aside.contains(&active.name()));
        is_aside || !active.session.is_waiting() || new.rank < active.rank
    }

    /// Makes a new session the active one. The one before is older from now on, and what that had put aside stays so. SPEC: R-48.
    pub(super) fn activate(&mut self, mut new: Kept, us: &Us<'_>) {
        self.let_time_run(&self.still(), us);
        let mut aside: Vec<Name> = self.kept().map(Kept::name).collect();
        for name in self.active.iter().flat_map(|before| &before.aside) {
            if !aside.contains(name) {
                aside.push(*name);
            }
        }
        aside.truncate(MAX_ASIDE);
        new.aside = aside;
        if let Some(before) = self.active.replace(new) {
            self.shelve(before, us);
        }
        self.asked = self.asked.map(Asked::answered);
    }

    /// Keeps a session for what is still under way. It writes no opening any more.
    pub(super) fn shelve(&mut self, kept: Kept, us: &Us<'_>) {
        self.drop_over(us.now);
        let kept = Kept { aside: Vec::new(), ..kept };
        self.older.push_front(Older { until: us.until(), kept });
        self.older.truncate(MAX_OLDER_SESSIONS);
    }

    /// Which sessions a message is tried in, the active one first: the older ones whose time is not up.
    pub(super) fn readable(&self, now: UnixTime) -> Vec<Name> {
        let is_read = |older: &&Older| older.until > now || self.is_time_still(&older.kept);
        let older = self.older.iter().filter(is_read).map(|older| older.kept.name());
        self.active.iter().map(Kept::name).chain(older).collect()
    }

    /// The time of an older session stands still while ours, which took its place, waits, if the peer has begun it since: the peer writes in it until it hears of ours.
    fn is_time_still(&self, older: &Kept) -> bool {
        let name = older.name();
        let stops = |active: &Kept| active.session.is_waiting() && !active.aside.contains(&name);
        self.active.as_ref().is_some_and(stops) && !self.put_aside.contains(&name)
    }

    /// The sessions whose time stands still.
    pub(super) fn still(&self) -> Vec<Name> {
        let older = self.older.iter().map(|older| &older.kept);
        older.filter(|kept| self.is_time_still(kept)).map(Kept::name).collect()
    }

    /// Lets the time of these sessions run from now on.
    pub(super) fn let_time_run(&mut self, still: &[Name], us: &Us<'_>) {
        for older in self.older.iter_mut().filter(|older| still.contains(&older.kept.name())) {
            older.until = us.until();
        }
    }

    fn drop_over(&mut self, now: UnixTime) {
        let readable = self.readable(now);
        self.older.retain(|older| readable.contains(&older.kept.name()));
    }

    /// Remembers what the peer has put aside. Our active session among it: it writes elsewhere, and only a new one brings us together.
    pub(super) fn remember(&mut self, opening: Option<Opening>) {
        // The oldest first, so that they are forgotten first.
        for name in opening.into_iter().flat_map(|opening| opening.aside.into_iter().rev()) {
            if let Some(active) = self.active.as_mut().filter(|active| active.name() == name) {
                active.lower(Standing::PutAside);
            }
            if !self.put_aside.contains(&name) {
                self.put_aside.push_back(name);
            }
        }
        while self.put_aside.len() > MAX_PUT_ASIDE {
            self.put_aside.pop_front();
        }
    }

    /// Counts a change of this record, and gives it out.
    pub(super) fn changed(&mut self) -> Change {
        self.epoch = self.epoch.saturating_add(1);
        Change { name: StateName::Device(self.address.clone()), snapshot: Some(self.snapshot()) }
    }

    pub(super) fn unstored<T>(&mut self, content: T) -> Unstored<T> {
        Unstored::new(alloc::vec![self.changed()], content)
    }
}

impl fmt::Debug for DeviceRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceRecord")
            .field("address", &self.address)
            .field("stale", &self.stale)
            .field("active", &self.active.is_some())
            .field("older", &self.older.len())
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}
