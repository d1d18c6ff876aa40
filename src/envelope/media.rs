//! The key of a call: made by one participant, sent to the others in messages of their sessions, another one at each change of who is
//! there.
//!
//! ```text
//! somebody came:  key' = HKDF-Expand(PRK = key, Label::AtRest(AtRest::MediaRatchet) ‖ call id, 32)     by everybody, and given to who came
//! somebody left:  key' = 32 random bytes                                                       by one, and sent to who is left
//! sender's key    = HKDF-Expand(PRK = key, Label::AtRest(AtRest::MediaSender) ‖ call id ‖ epoch(8) ‖ sender, 32)
//! encoded         = "EMK1" ‖ call id(16) ‖ epoch(8) ‖ key(32)
//! ```
//!
//! Who comes cannot compute the key of before; who left knows nothing of the next one.

use core::fmt;

use rand_core::TryCryptoRng;

use crate::label::{AtRest, Label};
use crate::limits::{MAX_CALL_EPOCH, MAX_CALL_JUMP};
use crate::primitives::kdf::expand;
use crate::secret::{RandomnessFailed, Secret, random_array};
use crate::wire::codec::{DecodeError, Reader, join};
use crate::wire::kind::StoredKind;

const CALL_LEN: usize = 16;
const ENCODED_LEN: usize = 4 + CALL_LEN + 8 + 32;

/// The key of a call, 256 bits. Wiped when dropped.
pub struct MediaKey {
    call: [u8; CALL_LEN],
    epoch: u64,
    key: Secret<32>,
}

impl MediaKey {
    /// The key of a new call. Draws 16 bytes, and 32.
    ///
    /// # Errors
    /// [`RandomnessFailed`].
    pub fn generate<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, RandomnessFailed> {
        let call: [u8; CALL_LEN] = random_array(rng)?;
        Ok(Self { call, epoch: 0, key: Secret::random(rng)? })
    }

    /// The call's name.
    #[must_use]
    pub const fn call_id(&self) -> [u8; 16] {
        self.call
    }

    /// How many changes there have been: goes beside what is encrypted, so that the others know with which key.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Somebody came. Everybody who is there calls this; one of them then sends [`encode`](Self::encode) to who came.
    pub fn ratchet(&mut self) {
        let info = [Label::AtRest(AtRest::MediaRatchet).bytes(), &self.call];
        self.key = expand(self.key.expose(), &info).store();
        self.epoch = self.epoch.saturating_add(1);
    }

    /// Somebody left. One of those who are there calls this, and sends [`encode`](Self::encode) to the others, who
    /// [`adopt`](Self::adopt) it. Draws 32 bytes.
    ///
    /// # Errors
    /// [`RandomnessFailed`]; nothing has changed then.
    pub fn rotate<R: TryCryptoRng + ?Sized>(
        &mut self,
        rng: &mut R,
    ) -> Result<(), RandomnessFailed> {
        self.key = Secret::random(rng)?;
        self.epoch = self.epoch.saturating_add(1);
        Ok(())
    }

    /// Takes the key that another participant has sent.
    ///
    /// # Errors
    /// [`MediaError::WrongCall`], [`MediaError::Stale`] if it is not newer, [`MediaError::TooFar`] if it is newer by far; nothing has
    /// changed then.
    pub fn adopt(&mut self, newer: Self) -> Result<(), MediaError> {
        if newer.call != self.call {
            return Err(MediaError::WrongCall);
        }
        if newer.epoch <= self.epoch {
            return Err(MediaError::Stale);
        }
        if newer.epoch.saturating_sub(self.epoch) > MAX_CALL_JUMP {
            return Err(MediaError::TooFar);
        }
        *self = newer;
        Ok(())
    }

    /// The key under which one participant encrypts in this epoch: each its own, so that they need not agree on nonces.
    #[must_use]
    pub fn sender_key(&self, sender: &[u8]) -> Secret<32> {
        let label = Label::AtRest(AtRest::MediaSender).bytes();
        let info = [label, &self.call, &self.epoch.to_be_bytes(), sender];
        expand(self.key.expose(), &info).store()
    }

    /// What is sent in a session's message. **Contains the key.**
    #[must_use]
    pub fn encode(&self) -> Secret<60> {
        let epoch = self.epoch.to_be_bytes();
        let parts =
            [StoredKind::MediaKey.magic().as_slice(), &self.call, &epoch, self.key.expose()];
        Secret::init_with(|out: &mut [u8; ENCODED_LEN]| join(&parts, out))
    }

    /// Reads what [`encode`](Self::encode) wrote, from a session's message and from nowhere else: it does not say who made it.
    ///
    /// # Errors
    /// [`DecodeError`]; [`DecodeError::NotCanonical`] above [`limits::MAX_CALL_EPOCH`](crate::limits::MAX_CALL_EPOCH).
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.stored(StoredKind::MediaKey)?;
        let (call, epoch, key) = (*reader.array()?, reader.u64()?, reader.secret()?);
        if epoch > MAX_CALL_EPOCH {
            return Err(DecodeError::NotCanonical);
        }
        reader.finish(Self { call, epoch, key })
    }
}

impl fmt::Debug for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, epoch, key: _ } = self;
        f.debug_struct("MediaKey").field("call", call).field("epoch", epoch).finish_non_exhaustive()
    }
}

/// Why a call's key was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaError {
    /// It is of another call.
    WrongCall,
    /// It is not newer than ours: sent twice, or two changes were made at once. If one of these was because somebody left, call
    /// [`rotate`](MediaKey::rotate) again: who left may be able to compute ours.
    Stale,
    /// It is further on than [`limits::MAX_CALL_JUMP`](crate::limits::MAX_CALL_JUMP) changes. Whoever sent it tries to use up the epochs: put
    /// them out.
    TooFar,
}
