//! Any part of a file, from anything that can be read and sought.

use core::cmp::Ordering;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use super::FileInfo;
use super::key::FileKey;
use super::layout::Span;
use super::open::FileError;
use super::source::{Source, copy};
use crate::envelope::context::DataContext;

/// Reads any part of a file. What it gives out has verified, and so has the file's length, before anything else. After an error it gives
/// that error and no more data. Holds one chunk in memory; reading a little costs one chunk, or two.
///
/// Errors of its own are a [`FileError`] inside the `io::Error`: see [`FileError::of`].
#[derive(Debug)]
pub struct FileRangeReader<R> {
    source: Source<R>,
    /// Where the body begins in the input.
    start: u64,
    position: u64,
    loaded: u64,
}

impl<R: Read + Seek> FileRangeReader<R> {
    /// Of a file in the detached form, at which `input` stands and with which it ends. Reads the first 56 bytes, and the last chunk.
    ///
    /// # Errors
    /// [`FileError::WrongKeyOrContext`], [`FileError::Truncated`], [`FileError::Corrupt`], and what the input gives.
    pub fn new(
        mut input: R,
        key: &FileKey,
        context: &DataContext,
        info: &FileInfo,
    ) -> io::Result<Self> {
        let start = input.stream_position()?;
        let end = input.seek(SeekFrom::End(0))?;
        input.seek(SeekFrom::Start(start))?;
        let loaded = info.layout.last();
        let source = Source::new(input, key, context, info)?;
        match end.saturating_sub(start).cmp(&info.ciphertext_len()) {
            Ordering::Less => return Err(FileError::Truncated.into()),
            Ordering::Greater => return Err(FileError::Corrupt { chunk: loaded }.into()),
            Ordering::Equal => {}
        }
        let mut reader = Self { source, start, position: 0, loaded };
        reader.load(loaded)?;
        Ok(reader)
    }

    /// Length of the data, authentic.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is not a collection")]
    pub const fn len(&self) -> u64 {
        self.source.opener.layout.len
    }

    fn load(&mut self, k: u64) -> io::Result<()> {
        let place = self.start.saturating_add(self.source.opener.chunk_range(k).start);
        self.source.attempt(|source| source.input.seek(SeekFrom::Start(place)))?;
        self.source.load(k)?;
        self.loaded = k;
        Ok(())
    }
}

impl<R: Read + Seek> Read for FileRangeReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.source.attempt(|_| Ok(()))?;
        if out.is_empty() || self.position >= self.len() {
            return Ok(0);
        }
        let Span { chunks, skip, .. } = self.source.opener.layout.span(self.position, 1);
        if chunks.start != self.loaded {
            self.load(chunks.start)?;
        }
        let len = copy(self.source.data().get(skip..).unwrap_or_default(), out);
        self.position = self.position.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        Ok(len)
    }
}

impl<R: Read + Seek> Seek for FileRangeReader<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.attempt(|_| Ok(()))?;
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.len().checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
