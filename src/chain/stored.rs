//! Kept message keys, as they stand in a snapshot: the last four rows of `docs/state.md`, "Session".

use super::skipped::{Mark, Position, Skipped};
use crate::limits::MAX_MARKS;
use crate::wire::codec::{DecodeError, Reader, Writer};

const MARK_LEN: usize = 8 + 4 + 4;
const KEPT_LEN: usize = 4 + 4 + 32;
/// Forgotten, and the two counts.
const FIXED_LEN: usize = 8 + 1 + 4;

impl Skipped {
    pub(crate) fn snapshot_len(&self) -> usize {
        FIXED_LEN
            .saturating_add(self.marks.len().saturating_mul(MARK_LEN))
            .saturating_add(self.keys.len().saturating_mul(KEPT_LEN))
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        let Self { keys, forgotten, marks } = self;
        forgotten.write(writer);
        writer.u8_len(marks.len());
        for Mark { time, position } in marks {
            position.write(writer.time(*time));
        }
        writer.u32_len(keys.len());
        for (position, key) in keys {
            position.write(writer);
            writer.bytes(key.expose());
        }
    }

    /// Reads at most `max` keys, and checks every order. Where the keys belong is for the caller to check.
    pub(crate) fn read(reader: &mut Reader<'_>, max: u32) -> Result<Self, DecodeError> {
        let mut skipped = Self::new();
        skipped.forgotten = Position::read(reader)?;
        let count = usize::from(reader.u8()?);
        for _ in 0..reader.count(count, MAX_MARKS, MARK_LEN)? {
            let time = reader.time()?;
            skipped.marks.push_back(Mark { time, position: Position::read(reader)? });
        }
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let count = reader.u32_len()?;
        let count = reader.count(count, max, KEPT_LEN)?;
        skipped.keys.reserve_exact(count);
        for _ in 0..count {
            let position = Position::read(reader)?;
            skipped.keys.push_back((position, reader.secret()?));
        }
        if skipped.is_ordered() { Ok(skipped) } else { Err(DecodeError::NotCanonical) }
    }

    /// Is nothing remembered of positions that the chain has not gone by?
    pub(crate) fn is_behind(&self, next: Position) -> bool {
        self.forgotten <= next && self.marks.back().is_none_or(|mark| mark.position <= next)
    }

    fn is_ordered(&self) -> bool {
        let Self { keys, forgotten, marks } = self;
        let ascending = keys.iter().is_sorted_by(|(a, _), (b, _)| a < b);
        let remembered = keys.front().is_none_or(|(position, _)| position >= forgotten);
        let marked = marks.iter().is_sorted_by(|a, b| a.time <= b.time && a.position < b.position);
        ascending && remembered && marked
    }
}

impl Position {
    pub(crate) fn write(self, writer: &mut Writer) {
        writer.u32(self.chain).u32(self.number);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { chain: reader.u32()?, number: reader.u32()? })
    }
}
