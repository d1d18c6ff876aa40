//! A file from front to back, from anything that can be read.

use std::io::{self, Read};

use super::FileInfo;
use super::key::FileKey;
use super::open::FileOpener;
use super::source::{Source, copy};
use crate::envelope::context::DataContext;

/// Reads a file from front to back. Gives out data of chunks that have verified and nothing else; that the file is complete is known
/// when `read` has given 0. After an error it gives that error and no more data. Holds one chunk in memory.
///
/// Errors of its own are a [`FileError`](crate::FileError) inside the `io::Error`: see [`FileError::of`](crate::FileError::of).
#[derive(Debug)]
pub struct FileReader<R> {
    source: Source<R>,
    /// The chunk to read next.
    next: u64,
    /// How much of the present one has been given out.
    given: usize,
}

impl<R: Read> FileReader<R> {
    /// Of a file in the detached form, at which `input` stands and with which it ends.
    ///
    /// # Errors
    /// [`FileError::WrongKeyOrContext`](crate::FileError::WrongKeyOrContext), [`FileError::Truncated`](crate::FileError::Truncated), and
    /// what the input gives.
    pub fn new(
        input: R,
        key: &FileKey,
        context: &DataContext,
        info: &FileInfo,
    ) -> io::Result<Self> {
        Ok(Self::with(Source::new(input, key, context, info)?))
    }

    /// Of the chunks at which `input` stands.
    pub(crate) fn of_chunks(input: R, opener: FileOpener) -> Self {
        Self::with(Source::with(input, opener))
    }

    const fn with(source: Source<R>) -> Self {
        Self { source, next: 0, given: 0 }
    }

    /// The next chunk; `false` behind the last one.
    fn advance(&mut self) -> io::Result<bool> {
        let last = self.source.opener.layout.last();
        let k = self.next;
        if k > last {
            return self.source.attempt(|_| Ok(false));
        }
        self.source.load(k)?;
        if k == last {
            self.source.end()?;
        }
        (self.next, self.given) = (k.saturating_add(1), 0);
        Ok(true)
    }
}

impl<R: Read> Read for FileReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let left = self.source.data().get(self.given..).unwrap_or_default();
            let len = copy(left, out);
            if len > 0 {
                self.given = self.given.saturating_add(len);
                return Ok(len);
            }
            if !self.advance()? {
                return Ok(0);
            }
        }
    }
}
