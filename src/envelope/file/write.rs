//! A file to anything that can be written.

use core::fmt;
use std::io::{self, ErrorKind, Write};

use rand_core::TryCryptoRng;

use super::FileInfo;
use super::filler::Filler;
use super::key::FileKey;
use super::pointer::FileDigest;
use super::seal::{FileSealer, SealFileError};
use super::source::lasting;
use crate::envelope::context::DataContext;
use crate::envelope::padding::Padding;

/// Writes a file in the detached form. [`finish`](Self::finish) makes it one: a writer that is dropped leaves what does not open.
/// After an error it writes nothing more. Holds one chunk in memory.
#[must_use = "a file that is not finished does not open"]
pub struct FileWriter<W> {
    out: W,
    filler: Filler,
    failed: Option<ErrorKind>,
}

impl<W: Write> FileWriter<W> {
    /// Begins a file. Draws 16 bytes, and 24.
    ///
    /// # Errors
    /// [`SealFileError::Randomness`], and what the output gives.
    pub fn new<R: TryCryptoRng + ?Sized>(
        mut out: W,
        key: &FileKey,
        context: &DataContext,
        padding: Padding,
        rng: &mut R,
    ) -> io::Result<Self> {
        let sealer = FileSealer::new(key, context, padding, rng).map_err(SealFileError::from)?;
        out.write_all(sealer.header())?;
        Ok(Self::with(out, Filler::new(sealer)))
    }

    /// Goes on where the header has been written.
    pub(crate) const fn with(out: W, filler: Filler) -> Self {
        Self { out, filler, failed: None }
    }

    /// Writes the last chunk, and flushes the output. What is stored beside the wrapped key is the second result.
    ///
    /// # Errors
    /// [`SealFileError::TooLong`], and what the output gives. There is no file then.
    pub fn finish(self) -> io::Result<(W, FileInfo)> {
        let Self { mut out, filler, failed } = self;
        if let Some(kind) = failed {
            return Err(kind.into());
        }
        let info = filler.finish(|chunk| out.write_all(chunk))?;
        out.flush()?;
        Ok((out, info))
    }
}

impl<W: Write> Write for FileWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.attempt(|writer| writer.filler.take(data, |chunk| writer.out.write_all(chunk)))
    }

    /// Flushes the output. What does not fill a chunk yet stays here.
    fn flush(&mut self) -> io::Result<()> {
        self.attempt(|writer| writer.out.flush())
    }
}

impl<W> FileWriter<W> {
    /// Does what may fail, or panic, once.
    fn attempt<T>(&mut self, work: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<T> {
        if let Some(kind) = self.failed {
            return Err(kind.into());
        }
        self.failed = Some(ErrorKind::Other);
        let result = work(self);
        self.failed = result.as_ref().err().map(|error| lasting(error.kind()));
        result
    }
}

impl<W> fmt::Debug for FileWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { out: _, filler, failed } = self;
        f.debug_struct("FileWriter")
            .field("sealer", &filler.sealer)
            .field("failed", failed)
            .finish_non_exhaustive()
    }
}

impl SealFileError {
    /// Why the writer made no file, if this error of it is not about its output.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl From<SealFileError> for io::Error {
    fn from(error: SealFileError) -> Self {
        let kind = match error {
            SealFileError::TooLong => ErrorKind::FileTooLarge,
            SealFileError::Randomness => ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// Hands on what is written, and takes its digest: around the output of a [`FileWriter`] whose file a pointer will name.
#[derive(Debug)]
pub struct DigestWriter<W> {
    out: W,
    digest: FileDigest,
}

impl<W: Write> DigestWriter<W> {
    /// Of nothing yet.
    pub fn new(out: W) -> Self {
        Self { out, digest: FileDigest::new() }
    }

    /// The output, and the digest of what it was given.
    pub fn finish(self) -> (W, FileDigest) {
        (self.out, self.digest)
    }
}

impl<W: Write> Write for DigestWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let len = self.out.write(data)?;
        self.digest.update(data.get(..len).unwrap_or(data));
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Takes in what is copied to it: `io::copy(&mut download, &mut digest)`.
impl Write for FileDigest {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.update(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
