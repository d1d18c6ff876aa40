//! `PreKeyBundle → VerifiedBundle`: every signature and date, before any private key or randomness is touched.
//!
//! SPEC. Knows nothing of key agreement.

use core::fmt;

use crate::keys::identity::PublicIdentity;
use crate::keys::prekey::{BundleError, PreKeyKind};
use crate::keys::suite::Suite;
use crate::keys::time::UnixTime;
use crate::wire::bundle::PreKeyBundle;

impl PreKeyBundle {
    /// Checks every pre-key's signature, then every one's validity at `now`.
    ///
    /// Whose identity the bundle has is for the caller to judge: by a pin ([`Context::pin`](crate::Context::pin)) or a
    /// compared fingerprint. Signatures only say that the keys belong to it.
    ///
    /// # Errors
    /// [`BundleError`]: the first signature that fails, otherwise the first date, in the order signed, one-time, KEM.
    pub fn verify(self, now: UnixTime) -> Result<VerifiedBundle, BundleError> {
        let Self { suite, identity, signed, one_time, kem } = &self;
        signed.verify(PreKeyKind::Signed, *suite, identity)?;
        if let Some(key) = one_time {
            key.verify(PreKeyKind::OneTime, *suite, identity)?;
        }
        if let Some((kind, key)) = kem {
            key.verify(*kind, *suite, identity)?;
        }
        signed.check_time(PreKeyKind::Signed, now)?;
        if let Some(key) = one_time {
            key.check_time(PreKeyKind::OneTime, now)?;
        }
        if let Some((kind, key)) = kem {
            key.check_time(*kind, now)?;
        }
        Ok(VerifiedBundle(self))
    }
}

/// A bundle whose every pre-key is signed by its identity, for its kind and suite, and valid.
///
/// The only thing that a session can be started with. Start one session with it: its one-time keys open one handshake.
pub struct VerifiedBundle(PreKeyBundle);

impl VerifiedBundle {
    pub(crate) const fn inner(&self) -> &PreKeyBundle {
        &self.0
    }

    /// Whose bundle it is.
    #[must_use]
    pub const fn identity(&self) -> &PublicIdentity {
        &self.0.identity
    }

    /// The suite that the session will have.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.0.suite
    }

    /// Does it have a one-time pre-key? Without one (and without a KEM one-time key) the first message can be opened by
    /// whoever later gets the peer's identity seed, signed pre-key and last-resort key, and its replay is refused only by
    /// the peer's record. SPEC: R-18.
    #[must_use]
    pub const fn has_one_time(&self) -> bool {
        self.0.one_time.is_some()
    }

    /// Is its KEM pre-key the last-resort key, which others have used too? SPEC: R-09.
    #[must_use]
    pub fn has_last_resort(&self) -> bool {
        self.0.kem.as_ref().is_some_and(|(kind, _)| *kind == PreKeyKind::KemLastResort)
    }
}

impl fmt::Debug for VerifiedBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifiedBundle").field(&self.0).finish()
    }
}
