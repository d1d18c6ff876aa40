//! What records say to each other inside of messages. Layout in `docs/wire.md`, "Frame".
//!
//! ```text
//! frame = version ‖ kind ‖ receipt ‖ opening (in chain 0) ‖ body
//! ```

use alloc::vec::Vec;

use crate::chain::skipped::Position;
use crate::chain::step::Plaintext;
use crate::limits::{MAX_PUT_ASIDE, WIRE_VERSION};
use crate::session::Session;
use crate::wire::codec::{DecodeError, Reader, Writer};

/// Sessions that one can put aside at a time: as many as the peer remembers, and all that are in a record.
pub(super) const MAX_ASIDE: usize = MAX_PUT_ASIDE;

/// A session's name: the first half of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(pub(super) [u8; 16]);

impl Name {
    pub(super) const LEN: usize = 16;

    pub(super) fn of(session: &Session) -> Self {
        let (name, _) = session.id().split_first_chunk().unwrap_or((&[0; 16], &[]));
        Self(*name)
    }
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    Text,
    CouldNotDecrypt,
    NotOurs,
    Distribution,
}

impl FrameKind {
    const ALL: [Self; 4] = [Self::Text, Self::CouldNotDecrypt, Self::NotOurs, Self::Distribution];

    const fn byte(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::CouldNotDecrypt => 2,
            Self::NotOurs => 3,
            Self::Distribution => 4,
        }
    }
}

/// What each side says of a session in its first chain: where it stands among the sessions of the two devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Opening {
    /// The first session of the attempt that this one belongs to.
    pub(super) rank: Name,
    /// The sessions that its writer had put aside when this one became active, the newest first.
    pub(super) aside: Vec<Name>,
}

/// A frame, read or to be written.
pub(super) struct Frame<'a> {
    /// `None`: one of a newer version.
    pub(super) kind: Option<FrameKind>,
    /// The furthest of the reader's messages that the writer has received.
    pub(super) receipt: Option<Position>,
    pub(super) opening: Option<Opening>,
    pub(super) body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Most bytes before the body.
    pub(super) const MOST_BEFORE_BODY: usize = 2 + 9 + Name::LEN + 1 + MAX_ASIDE * Name::LEN;

    pub(super) fn encode(&self) -> Plaintext {
        let Self { kind, receipt, opening, body } = self;
        let opening_len = opening.as_ref().map_or(0, |Opening { rank: _, aside }| {
            aside.len().saturating_add(1).saturating_mul(Name::LEN).saturating_add(1)
        });
        let receipt_len = if receipt.is_some() { 9 } else { 1 };
        let len = opening_len.saturating_add(receipt_len).saturating_add(2);
        let mut writer = Writer::with_len(len.saturating_add(body.len()));
        writer.u8(WIRE_VERSION).u8(kind.map_or(0, FrameKind::byte));
        match receipt {
            None => {
                writer.u8(0);
            }
            Some(position) => position.write(writer.u8(1)),
        }
        if let Some(Opening { rank, aside }) = opening {
            writer.bytes(&rank.0);
            write_names(&mut writer, aside.iter());
        }
        writer.bytes(body);
        Plaintext::new(writer.finish())
    }

    /// Reads a frame of the writer's chain 0, or of a later one. What it says of sessions is read whatever its kind.
    pub(super) fn decode(bytes: &'a [u8], is_first_chain: bool) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        if reader.u8()? != WIRE_VERSION {
            return Err(DecodeError::UnsupportedVersion);
        }
        let byte = reader.u8()?;
        let kind = FrameKind::ALL.into_iter().find(|kind| kind.byte() == byte);
        let receipt = reader.optional(Position::read)?;
        let opening = if is_first_chain { Some(read_opening(&mut reader)?) } else { None };
        Ok(Self { kind, receipt, opening, body: reader.rest() })
    }
}

fn read_opening(reader: &mut Reader<'_>) -> Result<Opening, DecodeError> {
    Ok(Opening { rank: read_name(reader)?, aside: read_names(reader, MAX_ASIDE)? })
}

/// Names behind their number, which has been bounded below 256.
pub(super) fn write_names<'a>(writer: &mut Writer, names: impl ExactSizeIterator<Item = &'a Name>) {
    writer.u8_len(names.len());
    names.for_each(|name| {
        writer.bytes(&name.0);
    });
}

pub(super) fn read_names(reader: &mut Reader<'_>, max: usize) -> Result<Vec<Name>, DecodeError> {
    let count = usize::from(reader.u8()?);
    let count = reader.count(count, max, Name::LEN)?;
    (0..count).map(|_| read_name(reader)).collect()
}

pub(super) fn read_name(reader: &mut Reader<'_>) -> Result<Name, DecodeError> {
    Ok(Name(*reader.array()?))
}
