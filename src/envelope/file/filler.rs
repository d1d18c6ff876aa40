//! A sealer that is given data in pieces of any size, with room for the chunk that is not full.

use core::slice;

use super::seal::{FileSealer, SealFileError};
use super::{Buffer, FileInfo};
use crate::primitives::aead::CHUNK;

pub(crate) struct Filler {
    pub(crate) sealer: FileSealer,
    buffer: Buffer,
    /// Bytes of data in the buffer, fewer than a chunk has.
    filled: usize,
}

impl Filler {
    pub(crate) fn new(sealer: FileSealer) -> Self {
        Self { sealer, buffer: Buffer::new(), filled: 0 }
    }

    /// Takes what fits, and says how much that was. Hands the chunk that it fills to `write`.
    pub(crate) fn take<E: From<SealFileError>>(
        &mut self,
        data: &[u8],
        write: impl FnOnce(&[u8]) -> Result<(), E>,
    ) -> Result<usize, E> {
        let room = self.buffer.0.iter_mut().take(CHUNK).skip(self.filled);
        let len = room.zip(data).map(|(to, from)| *to = *from).count();
        self.filled = self.filled.saturating_add(len);
        if self.filled == CHUNK {
            self.sealer.seal_chunks(slice::from_mut(&mut *self.buffer.0))?;
            self.filled = 0;
            write(self.buffer.0.as_slice())?;
        }
        Ok(len)
    }

    /// Hands the last chunk to `write`, and what padding there is.
    pub(crate) fn finish<E: From<SealFileError>>(
        self,
        write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<FileInfo, E> {
        let Self { sealer, mut buffer, filled } = self;
        sealer.finish(&mut buffer.0, filled, write)
    }
}
