//! Archives to anything that can be written, and from anything that can be read.

use alloc::vec::Vec;
use std::io::{self, ErrorKind, Read, Write};

use rand_core::TryCryptoRng;

use super::ArchiveInfo;
use super::header::ArchiveHeader;
use super::open::{ArchiveError, ArchiveOpener, begin};

use super::seal::{NewArchive, SealArchiveError};
use crate::envelope::file::open::FileError;
use crate::envelope::file::read::FileReader;
use crate::envelope::file::source::fill;
use crate::envelope::file::write::FileWriter;
use crate::primitives::aead::HEADER_LEN;

/// Writes an archive. [`finish`](Self::finish) makes it one: a writer that is dropped leaves what does not open. After an error of its output it
/// writes nothing more. Holds one chunk in memory.
#[derive(Debug)]
#[must_use = "an archive that is not finished does not open"]
pub struct ArchiveWriter<W> {
    body: FileWriter<W>,
    info: ArchiveInfo,
    /// Bytes that have not come.
    left: u64,
}

impl NewArchive {
    /// Writes the header, and what the body begins with. Draws 24 bytes.
    ///
    /// # Errors
    /// [`NewArchiveError`](crate::NewArchiveError) in an `io::Error`, as for [`seal`](Self::seal), and what the output gives.
    pub fn write_to<W: Write, R: TryCryptoRng + ?Sized>(
        self,
        mut out: W,
        rng: &mut R,
    ) -> io::Result<ArchiveWriter<W>> {
        let info = *self.info();
        let (begin, filler) = self.begin(rng).map_err(io::Error::other)?;
        out.write_all(&begin)?;
        Ok(ArchiveWriter { body: FileWriter::with(out, filler), info, left: info.len })
    }
}

impl<W: Write> ArchiveWriter<W> {
    /// Writes the end, and flushes the output. Remember the second result, for the next one of the series.
    ///
    /// # Errors
    /// [`SealArchiveError`] in an `io::Error` if there was less than was announced, and what the output gives. There is no archive then.
    pub fn finish(self) -> io::Result<(W, ArchiveInfo)> {
        let Self { body, info, left } = self;
        if left != 0 {
            return Err(wrong_length());
        }
        let (out, _) = body.finish()?;
        Ok((out, info))
    }
}

impl<W: Write> Write for ArchiveWriter<W> {
    /// More than was announced is a [`SealArchiveError`] in an `io::Error`, and nothing of it is written.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let fits = u64::try_from(data.len()).is_ok_and(|len| len <= self.left);
        if !fits {
            return Err(wrong_length());
        }
        let len = self.body.write(data)?;
        self.left = self.left.saturating_sub(u64::try_from(len).unwrap_or(u64::MAX));
        Ok(len)
    }

    /// As for [`FileWriter`].
    fn flush(&mut self) -> io::Result<()> {
        self.body.flush()
    }
}

fn wrong_length() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, SealArchiveError)
}

impl ArchiveHeader {
    /// Reads a header, and leaves `input` at the body.
    ///
    /// # Errors
    /// [`ArchiveError`] in an `io::Error`, and what the input gives.
    pub fn read_from(mut input: impl Read) -> io::Result<Self> {
        let mut bytes = Vec::new();
        loop {
            let missing = Self::needed(&bytes)?.saturating_sub(bytes.len());
            if missing == 0 {
                return Ok(Self::decode(&bytes)?);
            }
            // Grows with what comes, not with what is claimed.
            let missing = u64::try_from(missing).unwrap_or(u64::MAX);
            if input.by_ref().take(missing).read_to_end(&mut bytes)? == 0 {
                return Err(ArchiveError::Truncated.into());
            }
        }
    }
}

impl ArchiveOpener {
    /// Reads the content from `input`, which stands at the body and ends with it. That the archive is complete is known when
    /// `read` has given 0. Its errors are those of a file, which [`ArchiveError::of`] takes as well.
    ///
    /// # Errors
    /// [`FileError::WrongKeyOrContext`], [`FileError::Truncated`], and what
    /// the input gives; [`ErrorKind::InvalidInput`] after [`update`](Self::update).
    pub fn reader<R: Read>(self, mut input: R) -> io::Result<FileReader<R>> {
        let body_key = self.unused().ok_or(ErrorKind::InvalidInput)?;
        let mut head = [0; HEADER_LEN];
        fill(&mut input, &mut head)?;
        let opener = begin(self.info(), body_key, &head)?;
        Ok(FileReader::of_chunks(input, opener))
    }
}

impl ArchiveError {
    /// What is wrong with the archive, if this error is about its header or its body, and not about the input.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        let of_header = error.get_ref()?.downcast_ref().copied();
        of_header.or_else(|| FileError::of(error).map(Self::from))
    }
}

impl From<ArchiveError> for io::Error {
    fn from(error: ArchiveError) -> Self {
        let kind = match error {
            ArchiveError::Truncated => ErrorKind::UnexpectedEof,
            ArchiveError::Unsupported => ErrorKind::Unsupported,
            ArchiveError::Unwrap(_) => ErrorKind::Other,
            _ => ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
