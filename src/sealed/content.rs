//! What is inside: the sender's certificate, a message or a control message, and zeros up to one of few lengths.
//!
//! ```text
//! content = certificate(396) ‖ kind(1) ‖ lp32(content) ‖ zeros          kind 1: a message; 2: control
//! ```

use super::seal::SealError;
use crate::chain::step::Plaintext;
use crate::limits::SEALED_CONTENT;
use crate::wire::certificate::SenderCertificate;
use crate::wire::codec::{DecodeError, Reader, Writer};
use crate::wire::kind::Kind;
use crate::wire::message::Message;
use crate::wire::prekey_message::PreKeyMessage;

/// What a sealed message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealedContent<'a> {
    /// What `Session::encrypt` or `GroupSession::encrypt` gave.
    Message(&'a [u8]),
    /// The application's own words, such as "I could not decrypt, please send it again": in no session. Whoever gets the recipient's
    /// identity seed, later too, can read it and could have made it up; the relay can deliver it again.
    Control(&'a [u8]),
}

/// What kind of content there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealedKind {
    /// A message of a [`Session`](crate::Session), existing or new.
    Session,
    /// A message of a [`GroupSession`](crate::GroupSession).
    Group,
    /// A control message.
    Control,
}

const MESSAGE: u8 = 1;
const CONTROL: u8 = 2;
/// Before the content: certificate, kind, length.
const BEFORE: usize = SenderCertificate::LEN + 1 + 4;

impl<'a> SealedContent<'a> {
    const fn parts(self) -> (u8, &'a [u8]) {
        match self {
            Self::Message(bytes) => (MESSAGE, bytes),
            Self::Control(bytes) => (CONTROL, bytes),
        }
    }

    /// The padded bytes.
    pub(super) fn encode(self, certificate: &SenderCertificate) -> Result<Plaintext, SealError> {
        let (kind, bytes) = self.parts();
        if kind == MESSAGE && message_kind(bytes).is_err() {
            return Err(SealError::NotAMessage);
        }
        let needed = bytes.len().saturating_add(BEFORE);
        let len = SEALED_CONTENT.into_iter().find(|len| *len >= needed);
        let len = len.ok_or(SealError::TooLong)?;
        let mut writer = Writer::with_len(len);
        writer.bytes(certificate.as_bytes()).u8(kind).u32_len(bytes.len()).bytes(bytes);
        writer.zeros(len.saturating_sub(needed));
        Ok(Plaintext::new(writer.finish()))
    }
}

/// The content that was found inside.
pub(super) struct Found {
    pub(super) certificate: SenderCertificate,
    pub(super) kind: SealedKind,
    /// Length of the content.
    len: usize,
}

impl Found {
    pub(super) fn decode(padded: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(padded);
        let certificate = SenderCertificate::decode(reader.slice(SenderCertificate::LEN)?)?;
        let kind = reader.u8()?;
        if !matches!(kind, MESSAGE | CONTROL) {
            return Err(DecodeError::WrongKind);
        }
        let len = reader.u32_len()?;
        let bytes = reader.slice(len)?;
        // The padding is the shortest that will do, and nothing hides in it.
        let needed = len.saturating_add(BEFORE);
        let shortest = SEALED_CONTENT.iter().find(|len| **len >= needed);
        let zeros = reader.rest().iter().fold(0, |all, byte| all | byte) == 0;
        if shortest != Some(&padded.len()) || !zeros {
            return Err(DecodeError::NotCanonical);
        }
        let kind = if kind == MESSAGE { message_kind(bytes)? } else { SealedKind::Control };
        Ok(Self { certificate, kind, len })
    }

    pub(super) fn bytes<'a>(&self, padded: &'a Plaintext) -> &'a [u8] {
        let range = BEFORE..BEFORE.saturating_add(self.len);
        // `decode` has read as many.
        padded.as_bytes().get(range).unwrap_or_default()
    }
}

fn message_kind(bytes: &[u8]) -> Result<SealedKind, DecodeError> {
    if Reader::begin(bytes, Kind::GroupMessage).is_ok() {
        return Ok(SealedKind::Group);
    }
    match PreKeyMessage::decode(bytes) {
        Err(DecodeError::WrongKind) => Message::decode(bytes).map(|_| SealedKind::Session),
        other => other.map(|_| SealedKind::Session),
    }
}
