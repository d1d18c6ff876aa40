//! Chunks from an input, and the error after which there are no more: what both readers share.

use core::fmt;
use std::io::{self, ErrorKind, Read};

use super::key::FileKey;
use super::open::{FileError, FileOpener};
use super::{Buffer, FileInfo};
use crate::envelope::context::DataContext;
use crate::primitives::aead::{HEADER_LEN, TAG_LEN};
use crate::secret::wipe;

pub(super) struct Source<R> {
    pub(super) input: R,
    pub(super) opener: FileOpener,
    buffer: Buffer,
    /// Bytes of data at the beginning of the buffer, all of them verified.
    len: usize,
    failed: Option<Failure>,
}

/// What went wrong first.
#[derive(Clone, Copy)]
enum Failure {
    File(FileError),
    Input(ErrorKind),
}

impl<R: Read> Source<R> {
    pub(super) fn new(
        mut input: R,
        key: &FileKey,
        context: &DataContext,
        info: &FileInfo,
    ) -> io::Result<Self> {
        let mut header = [0; HEADER_LEN];
        fill(&mut input, &mut header)?;
        Ok(Self::with(input, FileOpener::new(key, context, info, &header)?))
    }

    pub(super) fn with(input: R, opener: FileOpener) -> Self {
        Self { input, opener, buffer: Buffer::new(), len: 0, failed: None }
    }

    /// Data of the chunk that was loaded last.
    pub(super) fn data(&self) -> &[u8] {
        self.buffer.0.get(..self.len).unwrap_or_default()
    }

    /// Reads chunk `k`, which is next in the input, and verifies it.
    pub(super) fn load(&mut self, k: u64) -> io::Result<()> {
        self.attempt(|source| {
            source.len = 0;
            let len = source.opener.layout.text_in(k).saturating_add(TAG_LEN);
            let sealed = source.buffer.0.get_mut(..len).unwrap_or_default();
            // The input is not shown what the chunk before said.
            wipe(sealed);
            fill(&mut source.input, sealed)?;
            source.len = source.opener.open_chunk(k, sealed)?.len();
            Ok(())
        })
    }

    /// Nothing may stand behind the last chunk.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.attempt(|source| {
            let last = source.opener.layout.last();
            match fill(&mut source.input, &mut [0]) {
                Ok(()) => Err(FileError::Corrupt { chunk: last }.into()),
                Err(error) if FileError::of(&error) == Some(FileError::Truncated) => Ok(()),
                Err(error) => Err(error),
            }
        })
    }

    /// Does what may fail, once: after an error there is the same one, and no data.
    pub(super) fn attempt<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> io::Result<T>,
    ) -> io::Result<T> {
        match self.failed {
            Some(Failure::File(error)) => return Err(error.into()),
            Some(Failure::Input(kind)) => return Err(kind.into()),
            None => {}
        }
        // Should the input panic, it stays so.
        self.failed = Some(Failure::Input(ErrorKind::Other));
        let result = work(self);
        self.failed = result.as_ref().err().map(|error| {
            FileError::of(error).map_or(Failure::Input(lasting(error.kind())), Failure::File)
        });
        if result.is_err() {
            self.len = 0;
            wipe(self.buffer.0.as_mut_slice());
        }
        result
    }
}

impl<R> fmt::Debug for Source<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input: _, opener, buffer: _, len: _, failed } = self;
        let failed = failed.is_some();
        f.debug_struct("Source").field("opener", opener).field("failed", &failed).finish()
    }
}

/// Reads all of `place`; where the input ends before, the file does.
pub(crate) fn fill(input: &mut impl Read, place: &mut [u8]) -> io::Result<()> {
    input.read_exact(place).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => FileError::Truncated.into(),
        _ => error,
    })
}

/// What an error is called from then on: at `Interrupted`, callers would try again for ever.
pub(super) fn lasting(kind: ErrorKind) -> ErrorKind {
    match kind {
        ErrorKind::Interrupted => ErrorKind::Other,
        kind => kind,
    }
}

/// Copies what there is and fits.
pub(super) fn copy(from: &[u8], to: &mut [u8]) -> usize {
    to.iter_mut().zip(from).map(|(to, from)| *to = *from).count()
}

impl FileError {
    /// What is wrong with the file, if this error of a reader is about the file and not about its input.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        let kind = match error {
            FileError::Truncated => ErrorKind::UnexpectedEof,
            FileError::Unsupported => ErrorKind::Unsupported,
            FileError::Unwrap(_) => ErrorKind::Other,
            _ => ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
