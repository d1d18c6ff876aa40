//! A ratchet message: header (42 bytes) ‖ one Cobblestone-256 message. Layout in `docs/wire.md`, "Message".

use super::codec::{DecodeError, Reader, joined};
use super::kind::Kind;
use crate::limits::{MAX_MESSAGE, WIRE_VERSION};
use crate::primitives::aead;
use crate::primitives::agreement::PublicKey;

/// Length of a header, in bytes: version, type, ratchet key, PN, N.
pub(crate) const HEADER_LEN: usize = 42;

/// What the ratchet needs to know before it can open a message.
#[derive(Clone, Copy)]
pub(crate) struct Header {
    /// The sender's ratchet public key.
    pub(crate) ratchet_key: PublicKey,
    /// PN: messages in the sender's previous sending chain.
    pub(crate) previous: u32,
    /// N: this message's number in its chain.
    pub(crate) number: u32,
}

/// What a message carries. The type byte says it, and the header is authenticated: a text is never taken for a key, nor for a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Carries {
    /// The application's own bytes.
    Text,
    /// A sender key for a group.
    Distribution,
    /// A frame, for the record of a device.
    Frame,
}

impl Carries {
    /// What a session reads by itself.
    pub(crate) const PLAIN: [Self; 2] = [Self::Text, Self::Distribution];
    const ALL: [Self; 3] = [Self::Text, Self::Distribution, Self::Frame];

    const fn kind(self) -> Kind {
        match self {
            Self::Text => Kind::Message,
            Self::Distribution => Kind::DistributionMessage,
            Self::Frame => Kind::FramedMessage,
        }
    }
}

impl Header {
    pub(crate) fn encode(&self, carries: Carries) -> [u8; HEADER_LEN] {
        joined(&[
            &[WIRE_VERSION, carries.kind().byte()],
            self.ratchet_key.as_bytes(),
            &self.previous.to_be_bytes(),
            &self.number.to_be_bytes(),
        ])
    }
}

/// A message as received: the header, its bytes, and what is still sealed.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(crate) header: Header,
    pub(crate) carries: Carries,
    /// The header's bytes as received, which are what is authenticated.
    pub(crate) header_bytes: &'a [u8; HEADER_LEN],
    pub(crate) body: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads a message, whatever it carries.
    pub(crate) fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Self::decode_of(bytes, Carries::ALL)
    }

    /// Reads a message that carries one of these.
    pub(crate) fn decode_of<const N: usize>(
        bytes: &'a [u8],
        of: [Carries; N],
    ) -> Result<Self, DecodeError> {
        let (mut reader, kind) = Reader::begin_either(bytes, of.map(Carries::kind))?;
        if bytes.len() > MAX_MESSAGE {
            return Err(DecodeError::TooLong);
        }
        let carries = of.into_iter().find(|carries| carries.kind() == kind);
        let carries = carries.ok_or(DecodeError::WrongKind)?;
        let header = Header {
            ratchet_key: reader.public_key()?,
            previous: reader.u32()?,
            number: reader.u32()?,
        };
        let (header_bytes, body) =
            bytes.split_first_chunk::<HEADER_LEN>().ok_or(DecodeError::Truncated)?;
        if body.len() < aead::MIN_LEN {
            return Err(DecodeError::Truncated);
        }
        Ok(Self { header, carries, header_bytes, body })
    }
}
