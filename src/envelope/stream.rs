//! A body that comes in pieces of any size: its chunks, in order.
//!
//! What has been opened leaves chunk by chunk, each after it has verified. The length is known from the beginning, so a body that is too
//! short or too long is found out, and the last chunk is known to be it.
//!
//! Knows nothing of headers and keys.

use alloc::vec::Vec;

use super::file::open::{FileError, FileOpener};
use crate::secret::wipe;

/// Opens the chunks of one body.
pub(super) struct ChunkOpener {
    opener: FileOpener,
    next: u64,
    /// The chunk that is not there as a whole.
    pending: Vec<u8>,
}

impl ChunkOpener {
    pub(super) const fn new(opener: FileOpener) -> Self {
        Self { opener, next: 0, pending: Vec::new() }
    }

    /// Appends what the chunks say that are complete with `bytes`. What stands behind the last chunk is corrupt.
    pub(super) fn update(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), FileError> {
        while !bytes.is_empty() {
            let Some(sealed) = self.opener.chunk_len(self.next) else {
                return Err(FileError::Corrupt { chunk: self.next.saturating_sub(1) });
            };
            let room = sealed.saturating_sub(self.pending.len());
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.pending.extend_from_slice(now);
            bytes = later;
            if self.pending.len() == sealed {
                out.extend_from_slice(self.opener.open_chunk(self.next, &mut self.pending)?);
                wipe(&mut self.pending);
                self.pending.clear();
                self.next = self.next.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Was that the whole body?
    pub(super) const fn finish(&self) -> Result<(), FileError> {
        if self.next < self.opener.chunks() { Err(FileError::Truncated) } else { Ok(()) }
    }
}
