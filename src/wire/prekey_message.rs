//! A pre-key message: what the responder needs for the handshake ‖ a message. Layout in `docs/wire.md`.
//!
//! It carries no signature (SPEC: R-138): who wrote it shows only in that it opens.

use alloc::vec::Vec;

use super::codec::{DecodeError, Reader, Writer};
use super::kind::Kind;
use super::message::Message;
use crate::keys::identity::PublicIdentity;
use crate::keys::prekey::PreKeyId;
use crate::keys::suite::Suite;
use crate::primitives::agreement::PublicKey;
use crate::primitives::kem;

/// The part that is the same in all pre-key messages of one handshake.
pub(crate) struct Prefix<'a> {
    pub(crate) suite: Suite,
    pub(crate) identity: PublicIdentity,
    pub(crate) ephemeral: PublicKey,
    pub(crate) signed: PreKeyId,
    pub(crate) one_time: Option<PreKeyId>,
    pub(crate) kem: Option<(PreKeyId, &'a [u8; kem::CIPHERTEXT_LEN])>,
}

impl Prefix<'_> {
    const FIXED: usize = 108;

    pub(crate) fn encode(&self) -> Vec<u8> {
        let one_time = self.one_time.map_or(0, |_| PreKeyId::LEN);
        let kem = self.kem.map_or(0, |_| PreKeyId::LEN.saturating_add(kem::CIPHERTEXT_LEN));
        let len = Self::FIXED.saturating_add(one_time).saturating_add(kem);
        let mut writer = Writer::begin(Kind::PreKeyMessage, len);
        writer
            .u8(self.suite.to_byte())
            .u8(u8::from(self.one_time.is_some()))
            .bytes(&self.identity.to_bytes())
            .bytes(self.ephemeral.as_bytes())
            .bytes(self.signed.as_bytes());
        if let Some(id) = &self.one_time {
            writer.bytes(id.as_bytes());
        }
        if let Some((id, ciphertext)) = &self.kem {
            writer.bytes(id.as_bytes()).bytes(*ciphertext);
        }
        writer.finish()
    }
}

/// A first message, as received and not yet believed: it names the pre-keys that it needs.
///
/// Decoding changes nothing and proves nothing; [`Session::accept`](crate::Session::accept) does. When a session with this
/// sender exists already, ask [`Session::began_with`](crate::Session::began_with) first: an initiator repeats the same
/// pre-key message part until it has a reply.
pub struct PreKeyMessage<'a> {
    pub(crate) prefix: Prefix<'a>,
    /// The prefix's bytes as received.
    pub(crate) prefix_bytes: &'a [u8],
    pub(crate) message: Message<'a>,
    pub(crate) associated_data: &'a [u8],
}

impl<'a> PreKeyMessage<'a> {
    /// Reads a pre-key message.
    ///
    /// # Errors
    /// Any [`DecodeError`]; [`DecodeError::WrongKind`] for an ordinary message, which belongs to a session that exists.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::begin(bytes, Kind::PreKeyMessage)?;
        let suite = reader.suite()?;
        let has_one_time = reader.flag(DecodeError::InvalidFlags)?;
        let prefix = Prefix {
            suite,
            identity: reader.identity()?,
            ephemeral: reader.public_key()?,
            signed: PreKeyId(*reader.array()?),
            one_time: if has_one_time { Some(PreKeyId(*reader.array()?)) } else { None },
            kem: if suite.is_hybrid() {
                Some((PreKeyId(*reader.array()?), reader.array()?))
            } else {
                None
            },
        };
        let rest = reader.rest();
        let (prefix_bytes, _) = bytes
            .split_at_checked(bytes.len().saturating_sub(rest.len()))
            .ok_or(DecodeError::Truncated)?;
        Ok(Self { prefix, prefix_bytes, message: Message::decode(rest)?, associated_data: &[] })
    }

    /// The associated data that the sender gave with this message, if the application uses any.
    #[must_use]
    pub const fn with_associated_data(mut self, associated_data: &'a [u8]) -> Self {
        self.associated_data = associated_data;
        self
    }

    /// The suite of the handshake.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.prefix.suite
    }

    /// Who claims to have written it. True once it was accepted, not before.
    #[must_use]
    pub const fn identity(&self) -> &PublicIdentity {
        &self.prefix.identity
    }

    /// The signed pre-key that it names.
    #[must_use]
    pub const fn signed_prekey(&self) -> PreKeyId {
        self.prefix.signed
    }

    /// The one-time pre-key that it names, if any.
    #[must_use]
    pub const fn one_time_prekey(&self) -> Option<PreKeyId> {
        self.prefix.one_time
    }

    /// The KEM pre-key that it names, if the suite is hybrid.
    #[must_use]
    pub fn kem_prekey(&self) -> Option<PreKeyId> {
        self.prefix.kem.map(|(id, _)| id)
    }
}
