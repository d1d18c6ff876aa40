//! Opening a body, chunk by chunk and in place. No input, no output.

use core::cmp::Ordering;
use core::fmt;
use core::ops::Range;

use super::each::each;
use super::key::FileKey;
use super::layout::Layout;
use super::ranges::RangeOpener;
use super::{FileChunk, FileInfo};
use crate::envelope::context::DataContext;
use crate::envelope::wrap::UnwrapError;
use crate::primitives::aead::{Keys, Stream, TAG_LEN, Unauthentic};
use crate::secret::wipe;
use crate::wire::codec::DecodeError;

/// Opens the chunks of one file, in any order. What a chunk has given is what was encrypted there; that the file is not shorter than it
/// was, only its last chunk shows.
pub struct FileOpener {
    stream: Stream,
    pub(super) layout: Layout,
}

impl FileOpener {
    /// With the first 56 bytes of the ciphertext, by which a wrong key or context is found out before anything is decrypted.
    ///
    /// # Errors
    /// [`FileError::WrongKeyOrContext`].
    pub fn new(
        key: &FileKey,
        context: &DataContext,
        info: &FileInfo,
        header: &[u8; 56],
    ) -> Result<Self, FileError> {
        Ok(Self::with(&key.body_keys(info, context, header)?, info))
    }

    pub(crate) fn with(keys: &Keys, info: &FileInfo) -> Self {
        Self { stream: keys.stream(), layout: info.layout }
    }

    /// How many chunks the file has, at least one.
    #[must_use]
    pub const fn chunks(&self) -> u64 {
        self.layout.last().saturating_add(1)
    }

    /// Length of a chunk with its tag; `None` behind the last one.
    pub(crate) fn chunk_len(&self, chunk: u64) -> Option<usize> {
        (chunk < self.chunks()).then(|| self.layout.text_in(chunk).saturating_add(TAG_LEN))
    }

    /// Where a chunk stands in the ciphertext; empty behind the last one.
    #[must_use]
    pub fn chunk_range(&self, chunk: u64) -> Range<u64> {
        self.layout.place(chunk)
    }

    /// Opens a chunk, with its tag, where it is, and gives the data in it. **On failure it is wiped.**
    ///
    /// # Errors
    /// [`FileError::Corrupt`]; [`FileError::Truncated`] if it is shorter than it should be; [`FileError::Limit`] if there is none of this
    /// number.
    pub fn open_chunk<'a>(
        &self,
        chunk: u64,
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], FileError> {
        let opened = self.open_in_place(chunk, sealed);
        if opened.is_err() {
            wipe(sealed);
        }
        opened.and_then(|len| sealed.get_mut(..len).ok_or(FileError::Truncated))
    }

    /// Opens full chunks, from `first` on, where they are: each one's data is its first 16,384 bytes, or what is left of the data where
    /// the file is padded. With feature `parallel` several at a time, if there are many. **On failure all are wiped.**
    ///
    /// # Errors
    /// As for [`open_chunk`](Self::open_chunk), of the first chunk that does not open. The last chunk of a file is not a full one.
    pub fn open_chunks(&self, first: u64, sealed: &mut [FileChunk]) -> Result<(), FileError> {
        let opened = each(sealed, first, |k, chunk| self.open_in_place(k, chunk).map(|_| ()));
        if opened.is_err() {
            wipe(sealed.as_flattened_mut());
        }
        opened
    }

    /// The length of the data, which stands at the beginning. What is left in the chunk on failure is the caller's to wipe.
    fn open_in_place(&self, k: u64, sealed: &mut [u8]) -> Result<usize, FileError> {
        if k > self.layout.last() {
            return Err(FileError::Limit);
        }
        let corrupt = FileError::Corrupt { chunk: k };
        match sealed.len().cmp(&self.layout.text_in(k).saturating_add(TAG_LEN)) {
            Ordering::Less => return Err(FileError::Truncated),
            Ordering::Greater => return Err(corrupt),
            Ordering::Equal => {}
        }
        let (text, tag) = sealed.split_last_chunk_mut().ok_or(FileError::Truncated)?;
        self.stream.open(k, text, tag).map_err(|_| corrupt)?;
        let len = self.layout.data_in(k);
        let (_, padding) = text.split_at_checked(len).ok_or(corrupt)?;
        if self.layout.is_padding(k, padding) { Ok(len) } else { Err(corrupt) }
    }

    /// Shows by the last chunk that the file is as long as it is said to be: then any part of it can be read. The chunk is opened where it
    /// is; **on failure it is wiped**.
    ///
    /// # Errors
    /// As for [`open_chunk`](Self::open_chunk).
    pub fn authenticate(self, last: &mut [u8]) -> Result<RangeOpener, FileError> {
        self.open_chunk(self.layout.last(), last)?;
        Ok(RangeOpener { opener: self })
    }
}

impl fmt::Debug for FileOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream: _, layout } = self;
        f.debug_struct("FileOpener").field("layout", layout).finish_non_exhaustive()
    }
}

/// Why a file, or a part of it, was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileError {
    /// It was made with another key, id or data context, or its first 56 bytes were changed. Nothing was decrypted.
    WrongKeyOrContext,
    /// A chunk is not what it was: changed, moved, of another file, or with something behind it. Chunks are counted from 0, 16,384 bytes of
    /// data in each.
    Corrupt {
        /// The first one.
        chunk: u64,
    },
    /// It ends too early.
    Truncated,
    /// It is not the object that the pointer names.
    WrongDigest,
    /// The header was changed by somebody without the file's key, or is of another key.
    UnauthenticHeader,
    /// A newer version has written it.
    Unsupported,
    /// The header is none.
    Malformed(DecodeError),
    /// Longer than a file can be, or behind the end of this one.
    Limit,
    /// The file's key was not unwrapped; [`UnwrapError::WrongKek`] also if it is wrapped for others only.
    Unwrap(UnwrapError),
}

impl From<Unauthentic> for FileError {
    fn from(Unauthentic: Unauthentic) -> Self {
        Self::WrongKeyOrContext
    }
}

impl From<DecodeError> for FileError {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Truncated => Self::Truncated,
            DecodeError::UnsupportedVersion | DecodeError::InvalidFlags => Self::Unsupported,
            DecodeError::TooLong | DecodeError::TooMany => Self::Limit,
            error => Self::Malformed(error),
        }
    }
}

impl From<UnwrapError> for FileError {
    fn from(error: UnwrapError) -> Self {
        Self::Unwrap(error)
    }
}
