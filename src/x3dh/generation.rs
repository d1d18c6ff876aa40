//! What is rotated together: a signed pre-key, the last-resort KEM pre-key, and the record of handshakes that used them.

use rand_core::TryCryptoRng;

use super::replay::ReplayRecord;
use crate::keys::prekey::{PreKeyId, PreKeyKind};
use crate::keys::suite::Suite;
use crate::keys::time::UnixTime;
use crate::limits;
use crate::primitives::agreement::SecretKey;
use crate::primitives::kem::Seed;
use crate::secret::{RandomnessFailed, Secret};

/// A secret and when its public half was signed.
pub(crate) struct Dated<S> {
    pub(crate) created: UnixTime,
    pub(crate) expires: UnixTime,
    pub(crate) secret: S,
}

impl<S> Dated<S> {
    pub(super) fn new(created: UnixTime, secret: S) -> Self {
        Self { created, expires: created.plus(limits::PREKEY_LIFETIME), secret }
    }

    /// Is it to be given to anybody: neither expired nor made by a clock that ran ahead?
    pub(super) fn is_on_offer(&self, now: UnixTime) -> bool {
        now < self.expires && self.created <= now.plus(limits::CLOCK_SKEW)
    }

    /// From when on, and until when, it is offered.
    pub(super) const fn dates(&self) -> (UnixTime, UnixTime) {
        (self.created, self.expires)
    }

    /// Is it too old even for messages that were under way when it expired? SPEC: R-16.
    pub(super) fn is_over(&self, now: UnixTime) -> bool {
        now >= self.expires.plus(limits::PREKEY_GRACE)
    }
}

/// What is rotated together.
pub(crate) struct Generation {
    pub(super) signed: Dated<SecretKey>,
    pub(super) signed_id: PreKeyId,
    pub(super) last_resort: Option<(PreKeyId, Seed)>,
    pub(super) replays: ReplayRecord,
}

impl Generation {
    pub(super) fn draw<R: TryCryptoRng + ?Sized>(
        suite: Suite,
        now: UnixTime,
        rng: &mut R,
    ) -> Result<Self, RandomnessFailed> {
        let signed = SecretKey::new(Secret::random(rng)?);
        let last_resort = if suite.is_hybrid() {
            let seed = Seed::random(rng)?;
            let pair = seed.expand();
            Some((PreKeyId::of(PreKeyKind::KemLastResort, pair.public().as_ref()), seed))
        } else {
            None
        };
        Ok(Self {
            signed_id: PreKeyId::of(PreKeyKind::Signed, signed.public().as_bytes()),
            signed: Dated::new(now, signed),
            last_resort,
            replays: ReplayRecord::default(),
        })
    }
}
