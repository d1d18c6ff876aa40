//! Our side of every operation: who we are, what we keep besides records, and the time.

use crate::fingerprint::trust::TrustStore;
use crate::keys::address::Address;
use crate::keys::identity::{Identity, PublicIdentity};
use crate::keys::time::UnixTime;
use crate::limits::{LimitTooHigh, Limits, MAX_OLDER_LIFETIME, OLDER_LIFETIME};
use crate::x3dh::context::{ApplicationTooLong, Context, Policy, Terms};
use crate::x3dh::store::PreKeyStore;

/// This device, for one operation on a record: its identity and address, its pre-keys, whom it trusts, and the time.
///
/// Made anew for each call, from values that the application keeps; the settings have to be the same each time. What the operation changes in
/// the two stores stands in its change set.
///
/// ```
/// use confidant::*;
/// struct Account { identity: Identity, address: Address, prekeys: PreKeyStore, trust: TrustStore }
/// impl Account {
///     fn us(&mut self, now: UnixTime) -> Us<'_> {
///         Us::new(&self.identity, &self.address, &mut self.prekeys, &mut self.trust, now)
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Us<'a> {
    pub(super) identity: &'a Identity,
    pub(super) address: &'a Address,
    pub(super) prekeys: &'a mut PreKeyStore,
    pub(super) trust: &'a mut TrustStore,
    pub(super) now: UnixTime,
    terms: Terms,
    identity_is_shared: bool,
    pub(super) older_lifetime: u64,
}

impl<'a> Us<'a> {
    /// With the default [`Policy`] and [`Limits`], and older sessions that live for [`OLDER_LIFETIME`]. A device that
    /// serves both suites gives the store that the bundle or first message is for.
    #[must_use]
    pub fn new(
        identity: &'a Identity,
        address: &'a Address,
        prekeys: &'a mut PreKeyStore,
        trust: &'a mut TrustStore,
        now: UnixTime,
    ) -> Self {
        Self {
            identity,
            address,
            prekeys,
            trust,
            now,
            terms: Terms::default(),
            identity_is_shared: false,
            older_lifetime: OLDER_LIFETIME,
        }
    }

    /// Sets which suites are acceptable in new sessions.
    #[must_use]
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.terms.policy = policy;
        self
    }

    /// Sets how far new sessions go for missing messages.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.terms.limits = limits;
        self
    }

    /// Binds new sessions to what the application has agreed on, as [`Context::application`] does.
    ///
    /// # Errors
    /// [`ApplicationTooLong`] above [`crate::limits::MAX_APPLICATION`] bytes.
    pub fn application(mut self, bytes: &[u8]) -> Result<Self, ApplicationTooLong> {
        self.terms.bind(bytes)?;
        Ok(self)
    }

    /// Our user's devices have one identity: allows sessions with our own, at other addresses of our own user. SPEC: R-25.
    #[must_use]
    pub const fn identity_is_shared(mut self) -> Self {
        self.identity_is_shared = true;
        self
    }

    /// Sets for how many seconds a session is still read when another has followed it. Of two devices that begin at once, with 0, one
    /// may not read what the other wrote first.
    ///
    /// # Errors
    /// [`LimitTooHigh`] above [`MAX_OLDER_LIFETIME`].
    pub fn older_lifetime(mut self, seconds: u64) -> Result<Self, LimitTooHigh> {
        if seconds > MAX_OLDER_LIFETIME {
            return Err(LimitTooHigh);
        }
        self.older_lifetime = seconds;
        Ok(self)
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> UnixTime {
        self.now
    }

    /// Until when a session is read that is older from now on.
    pub(super) const fn until(&self) -> UnixTime {
        self.now.plus(self.older_lifetime)
    }

    /// What a new session with this device is held to. SPEC: R-140.
    pub(super) fn context(&self, theirs: &Address, pin: Option<PublicIdentity>) -> Context {
        let mut context = Context::on(self.terms.clone(), self.address.clone(), theirs.clone());
        if self.identity_is_shared && theirs.is_of_same_user(self.address) {
            context = context.allow_own_identity();
        }
        match pin {
            Some(identity) => context.pin(identity),
            None => context,
        }
    }
}
