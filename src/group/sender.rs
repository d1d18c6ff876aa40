//! Our own sender key: one chain and one signing key, of one device for one group, made in one epoch.
//!
//! ```text
//! CK, MK = KDF_CK(CK)
//! message = header ‖ Cobblestone-256(MK, salt, Label::GroupMessage ‖ header ‖ AD, plaintext) ‖ Ed25519(signing key, statement)
//! ```
//!
//! Costs the same whatever the group's size. Knows nothing of who receives.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::distribution::{Fields, chain_commitment, sender_hash};
use super::epoch::{EpochId, GroupError, GroupId, scope};
use super::message::{HEADER_LEN, KeyId, SIGNATURE_LEN, header, statement};
use super::session::GroupEncryptError;
use crate::chain::{ChainKey, Sending};
use crate::keys::peer::Peer;
use crate::keys::time::UnixTime;
use crate::label::Label;
use crate::limits::{
    CLOCK_SKEW, GROUP_MAX_JUMP, MAX_MESSAGE, ROTATE_AFTER_MESSAGES, ROTATE_AFTER_SECONDS,
};
use crate::primitives::aead::{self, SALT_LEN};
use crate::primitives::sign::SigningKey;
use crate::secret::{RandomnessFailed, Secret, random_array};

/// When our own key is due for rotation though nobody was removed. SPEC: R-65.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    messages: u32,
    seconds: u64,
}

impl Rotation {
    /// After `messages` messages, 1 to [`GROUP_MAX_JUMP`] (so that whoever has lost all of them can still go on), and when
    /// `seconds` have passed, at least one.
    ///
    /// # Errors
    /// [`GroupError::InvalidRotation`].
    pub const fn new(messages: u32, seconds: u64) -> Result<Self, GroupError> {
        if messages == 0 || messages > GROUP_MAX_JUMP || seconds == 0 {
            return Err(GroupError::InvalidRotation);
        }
        Ok(Self { messages, seconds })
    }

    /// Messages under one key.
    #[must_use]
    pub const fn messages(self) -> u32 {
        self.messages
    }

    /// Seconds for which a key is used.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.seconds
    }
}

impl Default for Rotation {
    /// [`ROTATE_AFTER_MESSAGES`] messages or [`ROTATE_AFTER_SECONDS`] seconds.
    fn default() -> Self {
        Self { messages: ROTATE_AFTER_MESSAGES, seconds: ROTATE_AFTER_SECONDS }
    }
}

/// Chain, signing key, and what they are for.
pub(crate) struct SenderKey {
    /// The epoch in which it was made.
    pub(super) epoch: EpochId,
    /// How many we had made before, for this group.
    pub(super) number: u32,
    pub(super) key_id: KeyId,
    pub(super) commitment: [u8; 32],
    pub(super) created: UnixTime,
    pub(super) seed: Secret<32>,
    pub(super) signing: SigningKey,
    pub(super) chain: ChainKey<Sending>,
}

impl SenderKey {
    /// Draws 32 bytes for the chain and 32 for the signing key.
    pub(super) fn generate<R: TryCryptoRng + ?Sized>(
        place: &Place,
        number: u32,
        now: UnixTime,
        rng: &mut R,
    ) -> Result<Self, RandomnessFailed> {
        let first = Secret::random(rng)?;
        let seed = Secret::random(rng)?;
        let signing = SigningKey::new(&seed);
        let Place { epoch, scope, .. } = place;
        let commitment = chain_commitment(&first);
        let key_id = KeyId::new(scope, &commitment, signing.public().as_bytes());
        let chain = ChainKey::from_parts(first, 0);
        Ok(Self { epoch: *epoch, number, key_id, commitment, created: now, seed, signing, chain })
    }

    /// What a member is given now: it reads from here on, and nothing before. SPEC: R-69.
    pub(super) fn fields(&self, group: &GroupId, current: &Place) -> Fields {
        let chain_key = self.chain.key().expose();
        Fields {
            group: group.clone(),
            made: self.epoch,
            number: self.number,
            current: current.epoch,
            sender: current.sender,
            key_id: self.key_id,
            commitment: self.commitment,
            signing: self.signing.public(),
            iteration: self.chain.number(),
            chain_key: Secret::init_with(|key| *key = *chain_key),
        }
    }

    /// Has it been used for as long or as often as it may be? One that was made by a clock that ran ahead has.
    pub(super) fn is_used_up(&self, rotation: Rotation, now: UnixTime) -> bool {
        let Rotation { messages, seconds } = rotation;
        self.chain.number() >= messages
            || now >= self.created.plus(seconds)
            || self.created > now.plus(CLOCK_SKEW)
    }

    /// Draws 24 bytes. Everything that can fail comes before anything that changes.
    pub(super) fn encrypt<R: TryCryptoRng + ?Sized>(
        &mut self,
        current: &Place,
        plaintext: &[u8],
        associated_data: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, GroupEncryptError> {
        let sealed = aead::sealed_len(plaintext.len());
        let len = sealed.saturating_add(HEADER_LEN + SIGNATURE_LEN);
        if len > MAX_MESSAGE {
            return Err(GroupEncryptError::TooLong);
        }
        let salt: [u8; SALT_LEN] = random_array(rng)?;
        let iteration = self.chain.number();
        let key = self.chain.step();
        let Place { epoch, scope, .. } = current;
        let header = header(self.key_id, epoch, iteration);
        let context = [Label::GroupMessage.bytes(), &header, associated_data];
        let mut out = Vec::with_capacity(len);
        out.extend_from_slice(&header);
        aead::seal_into(&mut out, key.expose(), &salt, context, plaintext);
        let statement = statement(scope, self.key_id, iteration, associated_data, &out);
        out.extend_from_slice(&self.signing.sign(&statement));
        Ok(out)
    }
}

/// Where a device is when it writes: the current epoch, and itself in it.
pub(crate) struct Place {
    pub(super) epoch: EpochId,
    pub(super) scope: [u8; 32],
    /// What names it in distributions.
    pub(super) sender: [u8; 32],
}

impl Place {
    pub(super) fn new(group: &GroupId, epoch: EpochId, us: &Peer) -> Self {
        Self { epoch, scope: scope(group, &epoch, us), sender: sender_hash(us) }
    }
}
