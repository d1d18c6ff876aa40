//! What a device gives to every member over its pairwise session, so that they can read what it sends to the group.
//!
//! ```text
//! distribution = version ‖ type ‖ lp8(group) ‖ the key's epoch: number(8) ‖ members hash(32) ‖ the key's number(4)
//!                ‖ the current epoch: number(8) ‖ members hash(32) ‖ SHA-256 of the sender(32) ‖ key id(16) ‖ commitment to the chain(32) ‖ signing key(32) ‖ iteration(4) ‖ chain key(32)
//! ```
//!
//! Not signed by anyone's identity (SPEC: R-62): the pairwise session says from whom it is.

use alloc::vec::Vec;
use core::fmt;

use super::epoch::{EpochId, GroupId};
use super::message::KeyId;
use crate::keys::party;
use crate::keys::peer::Peer;
use crate::label::Label;
use crate::primitives::hash;
use crate::primitives::sign::VerifyingKey;
use crate::secret::{Secret, wipe};
use crate::wire::codec::{DecodeError, Reader, Writer};
use crate::wire::kind::Kind;

const FIXED_LEN: usize = 2 + 1 + 2 * EpochId::LEN + 4 + 32 + 16 + 32 + 32 + 4 + 32;

/// A sender key on its way to one member. **Secret**: only the session with that member takes it, with
/// [`encrypt_distribution`](crate::Session::encrypt_distribution). Wiped when dropped.
#[must_use = "a member who is not given the key cannot read"]
pub struct Distribution {
    to: Peer,
    bytes: Vec<u8>,
}

impl Distribution {
    /// Whom it is for.
    #[must_use]
    pub const fn to(&self) -> &Peer {
        &self.to
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Distribution {
    fn drop(&mut self) {
        wipe(&mut self.bytes);
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
    /// The one in which the key was made.
    pub(super) made: EpochId,
    /// How many its sender had made before, for this group.
    pub(super) number: u32,
    /// The one in which the sender is.
    pub(super) current: EpochId,
    pub(super) sender: [u8; 32],
    pub(super) key_id: KeyId,
    pub(super) commitment: [u8; 32],
    pub(super) signing: VerifyingKey,
    pub(super) iteration: u32,
    pub(super) chain_key: Secret<32>,
}

impl Fields {
    pub(super) fn encode(&self, to: &Peer) -> Distribution {
        let Self {
            group,
            made,
            number,
            current,
            sender,
            key_id,
            commitment,
            signing,
            iteration,
            chain_key,
        } = self;
        let group = group.as_bytes();
        let len = FIXED_LEN.saturating_add(group.len());
        let mut writer = Writer::begin(Kind::Distribution, len);
        writer.lp8(group);
        made.write(&mut writer);
        writer.u32(*number);
        current.write(&mut writer);
        writer.bytes(sender).bytes(&key_id.0).bytes(commitment).bytes(signing.as_bytes());
        writer.u32(*iteration).bytes(chain_key.expose());
        Distribution { to: to.clone(), bytes: writer.finish() }
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::begin(bytes, Kind::Distribution)?;
        let len = usize::from(reader.u8()?);
        let fields = Self {
            group: GroupId::new(reader.slice(len)?).map_err(|_| DecodeError::NotCanonical)?,
            made: EpochId::read(&mut reader)?,
            number: reader.u32()?,
            current: EpochId::read(&mut reader)?,
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
pub(super) fn sender_hash(sender: &Peer) -> [u8; 32] {
    party::hash(Label::GroupSender, sender.address(), sender.identity())
}

/// What a chain is committed to by, from its first key. A member who joined later cannot check it, and need not: a message
/// opens under one key only.
pub(super) fn chain_commitment(first: &Secret<32>) -> [u8; 32] {
    hash::sha256(Label::GroupChain, &[first.expose()])
}
