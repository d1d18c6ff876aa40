//! Making a body, chunk by chunk and in place. No input, no output.

use alloc::vec::Vec;
use core::convert::Infallible;
use core::{fmt, mem};

use rand_core::TryCryptoRng;

use super::each::each;
use super::key::FileKey;
use super::layout::{Layout, TRAILER, data_len};
use super::{Buffer, FileChunk, FileId, FileInfo};
use crate::envelope::context::DataContext;
use crate::envelope::padding::Padding;
use crate::limits::MAX_FILE;
use crate::primitives::aead::{CHUNK, HEADER_LEN, Keys, SALT_LEN, SEALED_CHUNK, Stream, TAG_LEN};
use crate::secret::{RandomnessFailed, random_array};

/// Encrypts one file. Its chunks come in order, so that none is encrypted twice; [`finish`](Self::finish) makes the last one, without
/// which nothing is a file.
#[must_use = "a file that is not finished does not open"]
pub struct FileSealer {
    stream: Stream,
    header: [u8; HEADER_LEN],
    id: FileId,
    padding: Padding,
    /// Chunks that have been made.
    next: u64,
}

impl FileSealer {
    /// Begins a file, which is padded or not. Draws 16 bytes, and 24.
    ///
    /// # Errors
    /// [`RandomnessFailed`].
    pub fn new<R: TryCryptoRng + ?Sized>(
        key: &FileKey,
        context: &DataContext,
        padding: Padding,
        rng: &mut R,
    ) -> Result<Self, RandomnessFailed> {
        let id = FileId(random_array(rng)?);
        let salt = random_array(rng)?;
        Ok(Self::with(&key.new_body(id, padding, context, &salt), id, padding, &salt))
    }

    pub(crate) fn with(keys: &Keys, id: FileId, padding: Padding, salt: &[u8; SALT_LEN]) -> Self {
        Self { stream: keys.stream(), header: keys.header(salt), id, padding, next: 0 }
    }

    /// The file's name.
    #[must_use]
    pub const fn id(&self) -> FileId {
        self.id
    }

    /// What stands before the chunks.
    #[must_use]
    pub const fn header(&self) -> &[u8; 56] {
        &self.header
    }

    /// Encrypts the next chunks where they are: 16,384 bytes of data each, behind which their tags are put. With feature `parallel` several
    /// at a time, if there are many.
    ///
    /// # Errors
    /// [`SealFileError::TooLong`]; nothing has been encrypted then.
    pub fn seal_chunks(&mut self, chunks: &mut [FileChunk]) -> Result<(), SealFileError> {
        let count = u64::try_from(chunks.len()).unwrap_or(u64::MAX);
        let next = self.next.saturating_add(count);
        if data_len(next, 0) > MAX_FILE {
            return Err(SealFileError::TooLong);
        }
        // Before any of them, so that nothing which stops the work can make a chunk's number come twice.
        let first = mem::replace(&mut self.next, next);
        let done: Result<(), Infallible> = each(chunks, first, |k, chunk| {
            seal(&self.stream, k, chunk);
            Ok(())
        });
        let Ok(()) = done;
        Ok(())
    }

    /// Encrypts the rest: the first `filled` bytes of `chunk`, at most 16,384, and what padding there is. Hands each chunk that this makes
    /// to `write`, in order.
    ///
    /// # Errors
    /// [`SealFileError::TooLong`], and what `write` gives.
    pub fn finish<E: From<SealFileError>>(
        mut self,
        chunk: &mut FileChunk,
        mut filled: usize,
        mut write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<FileInfo, E> {
        let (len, padding) = (data_len(self.next, filled), self.padding);
        let layout = Layout::new(len, padding).filter(|_| filled <= CHUNK);
        let layout = layout.ok_or(SealFileError::TooLong)?;
        while self.next < layout.last() {
            chunk.iter_mut().take(CHUNK).skip(filled).for_each(|byte| *byte = 0);
            seal(&self.stream, self.next, chunk);
            write(chunk)?;
            (self.next, filled) = (self.next.saturating_add(1), 0);
        }
        let (last, _) = chunk.split_at_mut(layout.text_in(self.next).saturating_add(TAG_LEN));
        last.iter_mut().skip(filled).for_each(|byte| *byte = 0);
        if padding == Padding::Padme {
            let trailer = layout.text_in(self.next).saturating_sub(TRAILER);
            last.iter_mut().skip(trailer).zip(layout.trailer()).for_each(|(to, from)| *to = from);
        }
        seal(&self.stream, self.next, last);
        write(last)?;
        Ok(FileInfo { id: self.id, layout })
    }
}

/// Encrypts a chunk, and puts its tag into its last 16 bytes.
fn seal(stream: &Stream, k: u64, chunk: &mut [u8]) {
    if let Some((text, tag)) = chunk.split_last_chunk_mut::<TAG_LEN>() {
        *tag = stream.seal(k, text);
    }
}

impl FileKey {
    /// Encrypts a whole file in memory, in the detached form. Draws 16 bytes, and 24.
    ///
    /// # Errors
    /// [`SealFileError`].
    pub fn seal<R: TryCryptoRng + ?Sized>(
        &self,
        context: &DataContext,
        data: &[u8],
        padding: Padding,
        rng: &mut R,
    ) -> Result<(FileInfo, Vec<u8>), SealFileError> {
        let layout = u64::try_from(data.len()).ok().and_then(|len| Layout::new(len, padding));
        let len = layout.and_then(|layout| usize::try_from(layout.body_len()).ok());
        let len = len.ok_or(SealFileError::TooLong)?;
        let mut sealer = FileSealer::new(self, context, padding, rng)?;
        let mut body = Vec::with_capacity(len);
        body.extend_from_slice(sealer.header());
        let (full, rest) = data.as_chunks::<CHUNK>();
        for chunk in full {
            body.extend_from_slice(chunk);
            body.extend_from_slice(&[0; TAG_LEN]);
        }
        let (_, chunks) = body.split_at_mut(HEADER_LEN);
        sealer.seal_chunks(chunks.as_chunks_mut::<SEALED_CHUNK>().0)?;
        let mut buffer = Buffer::new();
        buffer.0.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let info = sealer.finish(&mut buffer.0, rest.len(), |chunk| {
            body.extend_from_slice(chunk);
            Ok::<_, SealFileError>(())
        })?;
        Ok((info, body))
    }
}

impl fmt::Debug for FileSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream: _, header: _, id, padding: _, next } = self;
        f.debug_struct("FileSealer").field("id", id).field("next", next).finish_non_exhaustive()
    }
}

/// Why no file was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealFileError {
    /// Longer than [`limits::MAX_FILE`](crate::limits::MAX_FILE), or than memory.
    TooLong,
    /// The random number generator failed. Try again when it works.
    Randomness,
}

impl From<RandomnessFailed> for SealFileError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}
