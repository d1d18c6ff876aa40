//! Where everything is in a body. Arithmetic alone.
//!
//! ```text
//! text        = data, or padded: data ‖ zeros, up to padmé(length of the data) ‖ length of the data(8)
//! chunk k     = 16,384 bytes of the text, the last one strictly fewer; in the body at 56 + 16,400·k, with its tag behind it
//! ```
//!
//! The length at the end of a padded text stands in the last chunk as a whole: from 8 KiB on, padmé gives multiples of 512.

use core::ops::Range;

use super::open::FileError;
use crate::envelope::padding::{Padding, padme};
use crate::limits::MAX_FILE;

const CHUNK: u64 = 16_384;
const TAG: u64 = 16;
const SEALED_CHUNK: u64 = CHUNK + TAG;
const HEADER: u64 = 56;
/// Length of the length behind a padded text.
pub(super) const TRAILER: usize = 8;

/// The lengths of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) len: u64,
    pub(super) padding: Padding,
    text: u64,
}

impl Layout {
    /// Of `len` bytes of data; `None` if these are too many.
    pub(super) const fn new(len: u64, padding: Padding) -> Option<Self> {
        if len > MAX_FILE {
            return None;
        }
        let text = match padding {
            Padding::None => len,
            // At most 2^51 + 8.
            Padding::Padme => padme(len).saturating_add(8),
        };
        Some(Self { len, padding, text })
    }

    /// Of a body of this length without padding.
    pub(super) fn of_body(len: u64) -> Result<Self, FileError> {
        let chunks = len.checked_sub(HEADER).ok_or(FileError::Truncated)?;
        let tail = (chunks % SEALED_CHUNK).checked_sub(TAG).ok_or(FileError::Truncated)?;
        let text = (chunks / SEALED_CHUNK).saturating_mul(CHUNK).saturating_add(tail);
        Self::new(text, Padding::None).ok_or(FileError::Limit)
    }

    pub(super) const fn last(&self) -> u64 {
        self.text / CHUNK
    }

    /// How much text chunk `k` has.
    pub(super) fn text_in(&self, k: u64) -> usize {
        part(self.text, k)
    }

    /// How much of that is data, and not padding.
    pub(super) fn data_in(&self, k: u64) -> usize {
        part(self.len, k)
    }

    /// Where chunk `k` stands in the body; empty behind the last one.
    pub(super) fn place(&self, k: u64) -> Range<u64> {
        let start = start_of(k);
        start..start.saturating_add(SEALED_CHUNK).min(self.body_len().max(start))
    }

    pub(super) const fn body_len(&self) -> u64 {
        let tags = self.last().saturating_add(1).saturating_mul(TAG);
        HEADER.saturating_add(self.text).saturating_add(tags)
    }

    /// The chunks in which `len` bytes of data from `offset` on are, or as many as there are; and where in the first one they begin.
    pub(super) fn span(&self, offset: u64, len: u64) -> Span {
        let end = offset.saturating_add(len).min(self.len);
        if offset >= end {
            return Span { chunks: 0..0, skip: 0, take: 0 };
        }
        let chunks = offset / CHUNK..end.div_ceil(CHUNK);
        let skip = usize::try_from(offset % CHUNK).unwrap_or(usize::MAX);
        Span { chunks, skip, take: end.saturating_sub(offset) }
    }

    /// Is this the padding of chunk `k`?
    pub(super) fn is_padding(&self, k: u64, padding: &[u8]) -> bool {
        let zeros = match self.padding {
            Padding::Padme if k == self.last() => {
                let Some((zeros, trailer)) = padding.split_last_chunk() else { return false };
                if *trailer != self.trailer() {
                    return false;
                }
                zeros
            }
            _ => padding,
        };
        zeros.iter().all(|byte| *byte == 0)
    }

    /// What a padded text ends with.
    pub(super) const fn trailer(&self) -> [u8; TRAILER] {
        self.len.to_be_bytes()
    }
}

/// Some bytes of data.
pub(super) struct Span {
    pub(super) chunks: Range<u64>,
    /// Data in the first chunk that stands before them.
    pub(super) skip: usize,
    /// How many they are.
    pub(super) take: u64,
}

impl Span {
    /// Where their chunks stand in the body.
    pub(super) fn place(&self, layout: &Layout) -> Range<u64> {
        if self.chunks.is_empty() {
            return 0..0;
        }
        start_of(self.chunks.start)..start_of(self.chunks.end).min(layout.body_len())
    }
}

const fn start_of(k: u64) -> u64 {
    HEADER.saturating_add(k.saturating_mul(SEALED_CHUNK))
}

/// How much of `len` bytes is in chunk `k`.
fn part(len: u64, k: u64) -> usize {
    let part = len.saturating_sub(k.saturating_mul(CHUNK)).min(CHUNK);
    usize::try_from(part).unwrap_or(usize::MAX)
}

/// Data in so many full chunks and a bit.
pub(super) fn data_len(chunks: u64, rest: usize) -> u64 {
    let rest = u64::try_from(rest).unwrap_or(u64::MAX);
    chunks.saturating_mul(CHUNK).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::aead;

    /// R-103: the length of a padded text never stands in two chunks, whatever the length.
    #[test]
    fn the_trailer_is_in_the_last_chunk() {
        let lens = (0..1 << 20).chain((20..=51).flat_map(|bit| {
            let power = 1_u64 << bit;
            [power - 1, power, (power + 1).min(MAX_FILE), power / 8 * 7 + 1]
        }));
        for len in lens {
            let layout = Layout::new(len, Padding::Padme).unwrap();
            let last = layout.text_in(layout.last());
            assert!((TRAILER..aead::CHUNK).contains(&last), "{len}");
            assert!(layout.text >= len + 8 && layout.text - 8 <= len + len / 8, "{len}");
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_chunks() {
        assert_eq!(usize::try_from(CHUNK), Ok(aead::CHUNK));
        assert_eq!(usize::try_from(TAG), Ok(aead::TAG_LEN));
        assert_eq!(usize::try_from(HEADER), Ok(aead::HEADER_LEN));
        for len in (0..100_000).chain([1 << 24, (1 << 24) + 1]) {
            let layout = Layout::new(len as u64, Padding::None).unwrap();
            assert_eq!(layout.body_len(), aead::sealed_len(len) as u64);
            assert_eq!(Layout::of_body(layout.body_len()), Ok(layout));
        }
    }

    #[test]
    fn what_is_too_long_has_no_layout() {
        for padding in [Padding::None, Padding::Padme] {
            assert!(Layout::new(MAX_FILE, padding).is_some_and(|layout| layout.last() < 1 << 38));
            assert_eq!(Layout::new(MAX_FILE + 1, padding), None);
            assert_eq!(Layout::new(u64::MAX, padding), None);
        }
        assert_eq!(Layout::of_body(u64::MAX), Err(FileError::Limit));
    }
}
