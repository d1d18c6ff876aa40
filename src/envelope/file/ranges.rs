//! Reading any part of a body whose length is known to be true, and a whole body in memory. No input, no output.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use super::FileInfo;
use super::key::FileKey;
use super::layout::Span;
use super::open::{FileError, FileOpener};
use crate::chain::step::Plaintext;
use crate::envelope::context::DataContext;
use crate::primitives::aead::{CHUNK, HEADER_LEN, SEALED_CHUNK};
use crate::secret::wipe;

/// Reads parts of a file: says what to fetch of its ciphertext, and opens that. Made by [`FileOpener::authenticate`].
#[derive(Debug)]
pub struct RangeOpener {
    pub(super) opener: FileOpener,
}

impl RangeOpener {
    /// Length of the data, authentic.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is not a collection")]
    pub const fn len(&self) -> u64 {
        self.opener.layout.len
    }

    /// What to fetch of the ciphertext for `len` bytes of data from `offset` on: less than 33 KiB more than these. Behind the end there is
    /// nothing to fetch.
    #[must_use]
    pub fn ciphertext_range(&self, offset: u64, len: u64) -> Range<u64> {
        self.opener.layout.span(offset, len).place(&self.opener.layout)
    }

    /// Opens what was fetched, where it is, and gives the data that was meant: fewer than `len` bytes only at the end of the file. **On
    /// failure all of it is wiped.**
    ///
    /// # Errors
    /// [`FileError::Corrupt`] for the first chunk that does not open; [`FileError::Truncated`] if less was fetched than
    /// [`ciphertext_range`](Self::ciphertext_range) says.
    pub fn open_range<'a>(
        &self,
        offset: u64,
        len: u64,
        fetched: &'a mut [u8],
    ) -> Result<&'a mut [u8], FileError> {
        let span = self.opener.layout.span(offset, len);
        let opened = self.opener.open_span(&span, fetched);
        if opened.is_err() {
            wipe(fetched);
        }
        let take = usize::try_from(span.take).map_err(|_| FileError::Limit)?;
        opened.and_then(|_| {
            let part = fetched.get_mut(span.skip..).and_then(|rest| rest.get_mut(..take));
            part.ok_or(FileError::Truncated)
        })
    }

    /// The chunks.
    #[must_use]
    pub const fn opener(&self) -> &FileOpener {
        &self.opener
    }
}

impl FileOpener {
    /// Opens the chunks of a span, and moves their data together at the beginning. Its length. What is left on failure is the caller's to
    /// wipe.
    fn open_span(&self, span: &Span, fetched: &mut [u8]) -> Result<usize, FileError> {
        let Range { start: first, end } = span.place(&self.layout);
        let len = usize::try_from(end.saturating_sub(first)).map_err(|_| FileError::Limit)?;
        let last = span.chunks.end.saturating_sub(1);
        match fetched.len().cmp(&len) {
            Ordering::Less => return Err(FileError::Truncated),
            Ordering::Greater => return Err(FileError::Corrupt { chunk: last }),
            Ordering::Equal => {}
        }
        let (full, rest) = fetched.as_chunks_mut::<SEALED_CHUNK>();
        self.open_chunks(span.chunks.start, full)?;
        if !rest.is_empty() {
            self.open_chunk(last, rest)?;
        }
        let mut to = 0_usize;
        for (i, k) in span.chunks.clone().enumerate() {
            let (from, len) = (i.saturating_mul(SEALED_CHUNK), self.layout.data_in(k));
            fetched.copy_within(from..from.saturating_add(len), i.saturating_mul(CHUNK));
            to = to.saturating_add(len);
        }
        Ok(to)
    }
}

impl FileKey {
    /// Decrypts a whole file in memory, where its ciphertext is. Nothing is given out before all of it has verified.
    ///
    /// # Errors
    /// [`FileError`]; the ciphertext has been wiped then.
    pub fn open(
        &self,
        context: &DataContext,
        info: &FileInfo,
        mut ciphertext: Vec<u8>,
    ) -> Result<Plaintext, FileError> {
        let opened = self.open_body(context, info, &mut ciphertext);
        let len = opened.unwrap_or(0);
        wipe(ciphertext.get_mut(len..).unwrap_or_default());
        ciphertext.truncate(len);
        opened.map(|_| Plaintext::new(ciphertext))
    }

    fn open_body(
        &self,
        context: &DataContext,
        info: &FileInfo,
        body: &mut [u8],
    ) -> Result<usize, FileError> {
        let header = body.first_chunk::<HEADER_LEN>().ok_or(FileError::Truncated)?;
        let opener = FileOpener::new(self, context, info, header)?;
        let span = Span { chunks: 0..opener.chunks(), skip: 0, take: info.len() };
        let (_, chunks) = body.split_at_mut(HEADER_LEN);
        let len = opener.open_span(&span, chunks)?;
        body.copy_within(HEADER_LEN..HEADER_LEN.saturating_add(len), 0);
        Ok(len)
    }
}
