//! Our own sender key: one chain and one signing key, for one group, epoch and device.
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
use super::epoch::{EpochId, GroupId, scope};
use super::message::{HEADER_LEN, KeyId, SIGNATURE_LEN, header, statement};
use super::session::GroupEncryptError;
use crate::chain::{ChainKey, Sending};
use crate::keys::peer::Peer;
use crate::keys::time::UnixTime;
use crate::label::Label;
use crate::limits::{MAX_MESSAGE, ROTATE_AFTER_MESSAGES, ROTATE_AFTER_SECONDS};
use crate::primitives::aead::{self, SALT_LEN};
use crate::primitives::sign::SigningKey;
use crate::secret::{RandomnessFailed, Secret, draw};

/// When our own key is due for rotation though nobody was removed. SPEC: R-65.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// After this many messages.
    pub messages: u32,
    /// After this many seconds.
    pub seconds: u64,
}

impl Default for Rotation {
    /// [`ROTATE_AFTER_MESSAGES`] messages or [`ROTATE_AFTER_SECONDS`] seconds.
    fn default() -> Self {
        Self { messages: ROTATE_AFTER_MESSAGES, seconds: ROTATE_AFTER_SECONDS }
    }
}

/// Chain, signing key, and what they are for.
pub(crate) struct SenderKey {
    pub(super) epoch: EpochId,
    pub(super) scope: [u8; 32],
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
        group: &GroupId,
        epoch: EpochId,
        us: &Peer,
        now: UnixTime,
        rng: &mut R,
    ) -> Result<Self, RandomnessFailed> {
        let first = Secret::random(rng)?;
        let seed = Secret::random(rng)?;
        let signing = SigningKey::new(&seed);
        let scope = scope(group, &epoch, us.address(), us.identity());
        let commitment = chain_commitment(&first);
        let key_id = KeyId::new(&scope, &commitment, signing.public().as_bytes());
        let chain = ChainKey::from_parts(first, 0);
        Ok(Self { epoch, scope, key_id, commitment, created: now, seed, signing, chain })
    }

    /// What a member is given now: it reads from here on, and nothing before. SPEC: R-69.
    pub(super) fn fields(&self, group: &GroupId, us: &Peer) -> Fields {
        let chain_key = self.chain.key().expose();
        Fields {
            group: group.clone(),
            epoch: self.epoch,
            sender: sender_hash(us.address(), us.identity()),
            key_id: self.key_id,
            commitment: self.commitment,
            signing: self.signing.public(),
            iteration: self.chain.number(),
            chain_key: Secret::init_with(|key| *key = *chain_key),
        }
    }

    /// Draws 24 bytes. Everything that can fail comes before anything that changes.
    pub(super) fn encrypt<R: TryCryptoRng + ?Sized>(
        &mut self,
        plaintext: &[u8],
        associated_data: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, GroupEncryptError> {
        let sealed = aead::sealed_len(plaintext.len());
        let len = sealed.saturating_add(HEADER_LEN + SIGNATURE_LEN);
        if len > MAX_MESSAGE {
            return Err(GroupEncryptError::TooLong);
        }
        if self.chain.is_exhausted() {
            return Err(GroupEncryptError::RotationDue);
        }
        let mut salt = [0; SALT_LEN];
        draw(rng, &mut salt)?;
        let iteration = self.chain.number();
        let key = self.chain.step();
        let header = header(self.key_id, iteration);
        let context = [Label::GroupMessage.bytes(), &header, associated_data];
        let mut out = Vec::with_capacity(len);
        out.extend_from_slice(&header);
        aead::seal_into(&mut out, key.expose(), &salt, context, plaintext);
        let statement = statement(&self.scope, self.key_id, iteration, associated_data, &out);
        out.extend_from_slice(&self.signing.sign(&statement));
        Ok(out)
    }
}
