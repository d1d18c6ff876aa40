//! What a device gives to every member over its pairwise session, so that they can read what it sends to the group.
//!
//! ```text
//! distribution = version ‖ type ‖ lp8(group) ‖ epoch number(8) ‖ members hash(32) ‖ SHA-256 of the sender(32)
//!                ‖ key id(16) ‖ commitment to the chain(32) ‖ signing key(32) ‖ iteration(4) ‖ chain key(32)
//! ```
//!
//! Not signed by anyone's identity (SPEC: R-62): the pairwise session says from whom it is.

use alloc::vec::Vec;
use core::fmt;

use super::epoch::{EpochId, GroupId};
use super::message::KeyId;
use crate::keys::address::Address;
use crate::keys::identity::PublicIdentity;
use crate::label::Label;
use crate::primitives::hash;
use crate::primitives::sign::VerifyingKey;
use crate::secret::{Secret, wipe};
use crate::wire::codec::{DecodeError, Kind, Reader, Writer};

const FIXED_LEN: usize = 2 + 1 + 8 + 32 + 32 + 16 + 32 + 32 + 4 + 32;

/// A sender key on its way to one member. **Secret**: encrypt it with that member's [`Session`](crate::Session) and send it
/// nowhere else. Wiped when dropped.
#[must_use = "a member who is not given the key cannot read"]
pub struct Distribution(Vec<u8>);

impl Distribution {
    /// The bytes to encrypt.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl fmt::Debug for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Distribution(..)")
    }
}

/// A distribution's fields.
pub(super) struct Fields {
    pub(super) group: GroupId,
    pub(super) epoch: EpochId,
    pub(super) sender: [u8; 32],
    pub(super) key_id: KeyId,
    pub(super) commitment: [u8; 32],
    pub(super) signing: VerifyingKey,
    pub(super) iteration: u32,
    pub(super) chain_key: Secret<32>,
}

impl Fields {
    pub(super) fn encode(&self) -> Distribution {
        let Self { group, epoch, sender, key_id, commitment, signing, iteration, chain_key } = self;
        let group = group.as_bytes();
        let len = FIXED_LEN.saturating_add(group.len());
        let mut writer = Writer::begin(Kind::Distribution, len);
        writer.u8_len(group.len()).bytes(group);
        writer.bytes(&epoch.number.to_be_bytes()).bytes(&epoch.members).bytes(sender);
        writer.bytes(&key_id.0).bytes(commitment).bytes(signing.as_bytes());
        writer.u32(*iteration).bytes(chain_key.expose());
        Distribution(writer.finish())
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::begin(bytes, Kind::Distribution)?;
        let len = usize::from(reader.u8()?);
        let fields = Self {
            group: GroupId::new(reader.slice(len)?).map_err(|_| DecodeError::NotCanonical)?,
            epoch: EpochId { number: reader.u64()?, members: *reader.array()? },
            sender: *reader.array()?,
            key_id: KeyId(*reader.array()?),
            commitment: *reader.array()?,
            signing: VerifyingKey::from_bytes(reader.array()?).ok_or(DecodeError::InvalidKey)?,
            iteration: reader.u32()?,
            chain_key: reader.secret()?,
        };
        reader.finish(fields)
    }
}

/// What names a sender in a distribution, so that a relayed one is told from one that was changed.
pub(super) fn sender_hash(address: &Address, identity: &PublicIdentity) -> [u8; 32] {
    hash::sha256(Label::GroupSender, &[&address.encode(), &identity.to_bytes()])
}

/// What a chain is committed to by, from its first key. A member who joined later cannot check it, and need not: a message
/// opens under one key only.
pub(super) fn chain_commitment(first: &Secret<32>) -> [u8; 32] {
    hash::sha256(Label::GroupChain, &[first.expose()])
}
