//! The group message on the wire, and what its signature covers.
//!
//! ```text
//! header    = version ‖ type ‖ key id(16) ‖ epoch number(8) ‖ members hash, first 8 bytes ‖ iteration(4)        38 bytes
//! message   = header ‖ one Cobblestone-256 message ‖ signature(64)
//! statement = Label::GroupSignature ‖ scope(32) ‖ key id(16) ‖ iteration(4) ‖ SHA-256(AD) ‖ SHA-256(header ‖ sealed)
//! ```
//!
//! The epoch is the one in which the sender was when it wrote, which may be later than the one in which it made its key.

use alloc::vec::Vec;

use super::epoch::EpochId;
use crate::label::Label;
use crate::limits::{MAX_MESSAGE, WIRE_VERSION};
use crate::primitives::{aead, hash};
use crate::wire::codec::{DecodeError, Reader, joined};
use crate::wire::kind::Kind;

pub(crate) const HEADER_LEN: usize = 38;
pub(crate) const SIGNATURE_LEN: usize = 64;

/// The name of a sender key: what it is for, and which chain and signing key it is. SPEC: R-64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyId(pub(crate) [u8; 16]);

impl KeyId {
    pub(crate) fn new(scope: &[u8; 32], commitment: &[u8; 32], signing: &[u8; 32]) -> Self {
        let full = hash::sha256(Label::GroupKeyId, &[scope, commitment, signing]);
        let mut id = [0; 16];
        for (to, from) in id.iter_mut().zip(full) {
            *to = from;
        }
        Self(id)
    }
}

/// An epoch, as messages name it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct EpochName {
    pub(crate) number: u64,
    /// The first bytes of the members hash: that the whole is the same, the signature shows.
    pub(crate) members: [u8; 8],
}

impl EpochName {
    pub(crate) const fn of(epoch: &EpochId) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = epoch.members;
        Self { number: epoch.number, members: [a, b, c, d, e, f, g, h] }
    }
}

/// A group message, as received.
pub(crate) struct GroupMessage<'a> {
    pub(crate) key_id: KeyId,
    pub(crate) epoch: EpochName,
    pub(crate) iteration: u32,
    pub(crate) header: &'a [u8; HEADER_LEN],
    pub(crate) body: &'a [u8],
    /// Header and body: what is signed, by its hash.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: &'a [u8; SIGNATURE_LEN],
}

impl<'a> GroupMessage<'a> {
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::begin(bytes, Kind::GroupMessage)?;
        if bytes.len() > MAX_MESSAGE {
            return Err(DecodeError::TooLong);
        }
        let key_id = KeyId(*reader.array()?);
        let epoch = EpochName { number: reader.u64()?, members: *reader.array()? };
        let iteration = reader.u32()?;
        let (signed, signature) =
            bytes.split_last_chunk::<SIGNATURE_LEN>().ok_or(DecodeError::Truncated)?;
        let (header, body) =
            signed.split_first_chunk::<HEADER_LEN>().ok_or(DecodeError::Truncated)?;
        if body.len() < aead::MIN_LEN {
            return Err(DecodeError::Truncated);
        }
        Ok(Self { key_id, epoch, iteration, header, body, signed, signature })
    }
}

pub(crate) fn header(key_id: KeyId, epoch: &EpochId, iteration: u32) -> [u8; HEADER_LEN] {
    let EpochName { number, members } = EpochName::of(epoch);
    joined(&[
        &[WIRE_VERSION, Kind::GroupMessage.byte()],
        &key_id.0,
        &number.to_be_bytes(),
        &members,
        &iteration.to_be_bytes(),
    ])
}

/// What is signed. The scope names group, epoch, members and sender; the rest is of fixed length. SPEC: R-60, R-61.
pub(crate) fn statement(
    scope: &[u8; 32],
    key_id: KeyId,
    iteration: u32,
    associated_data: &[u8],
    signed: &[u8],
) -> Vec<u8> {
    let parts: [&[u8]; 6] = [
        Label::GroupSignature.bytes(),
        scope,
        &key_id.0,
        &iteration.to_be_bytes(),
        &hash::sha256(Label::GroupContent, &[&[0], associated_data]),
        &hash::sha256(Label::GroupContent, &[&[1], signed]),
    ];
    parts.concat()
}
