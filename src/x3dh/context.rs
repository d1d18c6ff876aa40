//! What the caller decides about a conversation before it begins: who it is between, and what is acceptable.

use alloc::vec::Vec;

use crate::keys::address::Address;
use crate::keys::identity::PublicIdentity;
use crate::keys::suite::Suite;
use crate::limits::{Limits, MAX_APPLICATION};

/// Which suites a caller accepts. There is no silent fallback: what is not accepted is an error.
// SPEC: R-20.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// Only suites that add a post-quantum key encapsulation.
    HybridRequired,
    /// X3DH alone is acceptable too: for peers that have nothing else, and for builds without feature `pq`.
    ClassicalAllowed,
}

impl Policy {
    pub(crate) const fn accepts(self, suite: Suite) -> bool {
        suite.is_hybrid() || matches!(self, Self::ClassicalAllowed)
    }
}

impl Default for Policy {
    /// [`HybridRequired`](Self::HybridRequired) where feature `pq` is on, otherwise
    /// [`ClassicalAllowed`](Self::ClassicalAllowed).
    fn default() -> Self {
        if cfg!(feature = "pq") { Self::HybridRequired } else { Self::ClassicalAllowed }
    }
}

/// What a caller sets for all conversations alike.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    pub(crate) application: Vec<u8>,
    pub(crate) policy: Policy,
    pub(crate) limits: Limits,
}

impl Terms {
    pub(crate) fn bind(&mut self, application: &[u8]) -> Result<(), ApplicationTooLong> {
        if application.len() > MAX_APPLICATION {
            return Err(ApplicationTooLong);
        }
        self.application = application.to_vec();
        Ok(())
    }
}

/// What one conversation is bound to and held to.
///
/// Messages do not carry addresses. Both parties must give the same two (each its own as `ours`) and the same application bytes; where they differ,
/// the first message does not open.
///
/// ```
/// use confidant::{Address, Context, DeviceId, Provider, UserId};
/// let here = Provider::new("example.org")?;
/// let alice = Address::new(here.clone(), UserId::new("alice")?, DeviceId::new(1));
/// let bob = Address::new(here, UserId::new("bob")?, DeviceId::new(1));
/// let alices_view = Context::new(alice.clone(), bob.clone());
/// let bobs_view = Context::new(bob, alice);
/// # let _ = (alices_view, bobs_view);
/// # Ok::<(), confidant::AddressError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    pub(crate) ours: Address,
    pub(crate) theirs: Address,
    pub(crate) terms: Terms,
    pinned: Option<PublicIdentity>,
    own_identity_allowed: bool,
}

impl Context {
    /// A conversation between our device (first) and theirs, with the default [`Policy`] and [`Limits`].
    #[must_use]
    pub fn new(ours: Address, theirs: Address) -> Self {
        Self::on(Terms::default(), ours, theirs)
    }

    pub(crate) const fn on(terms: Terms, ours: Address, theirs: Address) -> Self {
        Self { ours, theirs, terms, pinned: None, own_identity_allowed: false }
    }

    /// Binds the conversation to what the application has agreed on: its name, its version, the users' names. SPEC: R-05.
    ///
    /// # Errors
    /// [`ApplicationTooLong`] above [`crate::limits::MAX_APPLICATION`] bytes.
    pub fn application(mut self, bytes: &[u8]) -> Result<Self, ApplicationTooLong> {
        self.terms.bind(bytes)?;
        Ok(self)
    }

    /// Expects this peer identity and no other: the one that was seen before, or whose fingerprint was compared. Another
    /// one is refused before anything is computed or drawn. SPEC: R-140.
    #[must_use]
    pub const fn pin(mut self, identity: PublicIdentity) -> Self {
        self.pinned = Some(identity);
        self
    }

    /// Sets which suites are acceptable.
    #[must_use]
    pub const fn policy(mut self, policy: Policy) -> Self {
        self.terms.policy = policy;
        self
    }

    /// Sets how far the session goes for missing messages.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.terms.limits = limits;
        self
    }

    /// Allows a peer with our own identity at another address: the user's other device. SPEC: R-25.
    #[must_use]
    pub const fn allow_own_identity(mut self) -> Self {
        self.own_identity_allowed = true;
        self
    }

    /// Is this peer one that the caller wants to talk to, in this suite? Looks at public values only.
    pub(crate) fn check(
        &self,
        suite: Suite,
        us: &PublicIdentity,
        them: &PublicIdentity,
    ) -> Result<(), Refusal> {
        if !self.terms.policy.accepts(suite) {
            return Err(Refusal::Suite);
        }
        if self.pinned.is_some_and(|pinned| pinned != *them) {
            return Err(Refusal::IdentityChanged);
        }
        if self.ours == self.theirs {
            return Err(Refusal::OwnIdentity);
        }
        // Half an identity is enough to be refused: nobody else should hold either key.
        let same = us.signing == them.signing || us.agreement == them.agreement;
        if same && (!self.own_identity_allowed || us != them) {
            return Err(Refusal::OwnIdentity);
        }
        Ok(())
    }
}

/// Why a peer is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    Suite,
    IdentityChanged,
    OwnIdentity,
}

/// The application's bytes are too long. Give a hash of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApplicationTooLong;
