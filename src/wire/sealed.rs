//! Sealed messages on the wire: for one recipient, and for many with one shared part. Layout in `docs/wire.md`.
//!
//! A relay needs no key to read these: it checks the shape of a [`SealedUpload`] and cuts it into one
//! [`SealedMessage`] for each recipient, whose shared part is the same bytes.

use alloc::vec::Vec;

use super::codec::{DecodeError, Reader, joined};
use super::kind::Kind;
use crate::keys::address::Address;
use crate::limits::{MAX_RECIPIENTS, SEALED_CONTENT, WIRE_VERSION};
use crate::primitives::aead;
use crate::primitives::agreement::PublicKey;

pub(crate) const HEAD_LEN: usize = 2 + 32 + 32 + 32;
pub(crate) const KEY_LEN: usize = 32 + 32;

/// A sealed message for one recipient. Who it is from, only its recipient can find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedMessage<'a> {
    /// `E`.
    pub(crate) ephemeral: PublicKey,
    /// `C` and the tag.
    pub(crate) key: RecipientKey<'a>,
    pub(crate) shared: &'a [u8],
}

/// What one recipient alone is given: M, masked, and the tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RecipientKey<'a> {
    pub(crate) masked: &'a [u8; 32],
    pub(crate) tag: &'a [u8; 32],
}

impl<'a> SealedMessage<'a> {
    /// Reads a sealed message.
    ///
    /// # Errors
    /// [`DecodeError`]; [`DecodeError::NotCanonical`] when its length is none that the padding gives.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::begin(bytes, Kind::Sealed)?;
        let ephemeral = reader.public_key()?;
        let key = RecipientKey::read(&mut reader)?;
        Ok(Self { ephemeral, key, shared: shared(reader.rest())? })
    }

    /// The first 98 bytes: what differs from one recipient to the next.
    #[must_use]
    pub fn head(&self) -> [u8; HEAD_LEN] {
        let RecipientKey { masked, tag } = self.key;
        let kind = [WIRE_VERSION, Kind::Sealed.byte()];
        joined(&[&kind, self.ephemeral.as_bytes(), masked, tag])
    }

    /// The rest: the same for all recipients of an upload, and borrowed from it.
    #[must_use]
    pub const fn shared(&self) -> &'a [u8] {
        self.shared
    }

    /// Head and shared part, put together: what the recipient decodes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        [&self.head(), self.shared].concat()
    }
}

impl<'a> RecipientKey<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self { masked: reader.array()?, tag: reader.array()? })
    }
}

/// A sealed message for many recipients, as its sender uploads it.
#[derive(Clone, Copy, Debug)]
pub struct SealedUpload<'a> {
    ephemeral: PublicKey,
    count: usize,
    entries: &'a [u8],
    shared: &'a [u8],
}

impl<'a> SealedUpload<'a> {
    /// Reads an upload, and every entry of it. Needs no key.
    ///
    /// # Errors
    /// [`DecodeError`]; [`DecodeError::TooMany`] above [`MAX_RECIPIENTS`], [`DecodeError::NotCanonical`] without recipients, for a
    /// recipient that is there twice or not in order, and for a length that the padding does not give.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::begin(bytes, Kind::SealedUpload)?;
        let ephemeral = reader.public_key()?;
        let count = reader.u32_len()?;
        let count = reader.count(count, MAX_RECIPIENTS, 0)?;
        if count == 0 {
            return Err(DecodeError::NotCanonical);
        }
        let entries = reader.rest();
        let mut last: Option<Address> = None;
        for _ in 0..count {
            let address = reader.address()?;
            if last.is_some_and(|last| last >= address) {
                return Err(DecodeError::NotCanonical);
            }
            RecipientKey::read(&mut reader)?;
            last = Some(address);
        }
        Ok(Self { ephemeral, count, entries, shared: shared(reader.rest())? })
    }

    /// Recipients.
    #[must_use]
    pub const fn recipient_count(&self) -> usize {
        self.count
    }

    /// What each recipient is sent, in the order of their addresses: [`head`](SealedMessage::head), then
    /// [`shared`](SealedMessage::shared), which is not copied.
    pub fn views(&self) -> impl Iterator<Item = (Address, SealedMessage<'a>)> + use<'a> {
        let Self { ephemeral, count, entries, shared } = *self;
        let mut reader = Reader::new(entries);
        let next = move |_| {
            let (address, key) = (reader.address().ok()?, RecipientKey::read(&mut reader).ok()?);
            Some((address, SealedMessage { ephemeral, key, shared }))
        };
        // Every entry has been read once before, in `decode`.
        (0..count).map_while(next)
    }
}

/// The shared part, if its length is that of padded content. SPEC: R-84.
fn shared(bytes: &[u8]) -> Result<&[u8], DecodeError> {
    let mut lengths = SEALED_CONTENT.iter().map(|len| aead::sealed_len(*len));
    if lengths.any(|len| len == bytes.len()) { Ok(bytes) } else { Err(DecodeError::NotCanonical) }
}
