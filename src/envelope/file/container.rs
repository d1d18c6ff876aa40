//! Files in the attached form, written and read.

use alloc::vec;
use alloc::vec::Vec;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};

use rand_core::TryCryptoRng;

use super::header::{FileHeader, OpenedFileHeader};
use super::range::FileRangeReader;
use super::read::FileReader;
use super::recipients::FileRecipients;
use super::source::fill;
use super::write::FileWriter;
use crate::envelope::context::DataContext;
use crate::envelope::kek::UnwrapWith;
use crate::envelope::padding::Padding;

/// Writes a file in the attached form. [`finish`](Self::finish) writes the header last, so that a writer that is dropped, or a process
/// that is killed, leaves no file. Holds one chunk in memory.
#[derive(Debug)]
#[must_use = "a file that is not finished does not open"]
pub struct ContainerWriter<W> {
    body: FileWriter<W>,
    recipients: FileRecipients,
    start: u64,
}

impl<W: Write + Seek> ContainerWriter<W> {
    /// Begins a file where `out` stands, with zeros for its header. Draws 16 bytes, and 24.
    ///
    /// # Errors
    /// As for [`FileWriter::new`].
    pub fn new<R: TryCryptoRng + ?Sized>(
        mut out: W,
        recipients: FileRecipients,
        padding: Padding,
        rng: &mut R,
    ) -> io::Result<Self> {
        let start = out.stream_position()?;
        out.write_all(&vec![0; recipients.header_len()])?;
        let (key, context) = (recipients.key(), recipients.context());
        let body = FileWriter::new(out, key, context, padding, rng)?;
        Ok(Self { body, recipients, start })
    }

    /// Writes the last chunk, then the header. The output stands behind the file afterwards.
    ///
    /// # Errors
    /// As for [`FileWriter::finish`]; [`ErrorKind::NotSeekable`] for an output that only appends. There is no file then.
    pub fn finish(self) -> io::Result<(W, OpenedFileHeader)> {
        let Self { body, recipients, start } = self;
        let (mut out, info) = body.finish()?;
        let end = out.stream_position()?;
        let header = OpenedFileHeader::new(recipients, info);
        out.seek(SeekFrom::Start(start))?;
        let bytes = header.encode();
        out.write_all(&bytes)?;
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if out.stream_position()? != start.saturating_add(len) {
            return Err(ErrorKind::NotSeekable.into()); // an output that only appends
        }
        out.seek(SeekFrom::Start(end))?;
        out.flush()?;
        Ok((out, header))
    }
}

impl<W: Write> Write for ContainerWriter<W> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.body.write(data)
    }

    /// As for [`FileWriter`].
    fn flush(&mut self) -> io::Result<()> {
        self.body.flush()
    }
}

impl FileHeader {
    /// Reads a header, and leaves `input` at the body.
    ///
    /// # Errors
    /// [`FileError`](crate::FileError) in an `io::Error`, and what the input gives.
    pub fn read_from(mut input: impl Read) -> io::Result<Self> {
        let mut begin = [0; 8];
        fill(&mut input, &mut begin)?;
        let len = Self::len_of(&begin)?;
        // Grows with what comes, not with what is claimed.
        let mut bytes = Vec::from(begin);
        let rest = len.saturating_sub(begin.len());
        input.take(u64::try_from(rest).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
        Ok(Self::decode(&bytes)?)
    }
}

impl<R: Read> FileReader<R> {
    /// Of a file in the attached form.
    ///
    /// # Errors
    /// As for [`new`](Self::new) and [`FileHeader::open`].
    pub fn open(
        mut input: R,
        context: &DataContext,
        with: UnwrapWith<'_>,
    ) -> io::Result<(Self, OpenedFileHeader)> {
        let header = FileHeader::read_from(&mut input)?.open(context, with)?;
        let reader = Self::new(input, header.recipients().key(), context, header.info())?;
        Ok((reader, header))
    }
}

impl<R: Read + Seek> FileRangeReader<R> {
    /// Of a file in the attached form.
    ///
    /// # Errors
    /// As for [`new`](Self::new) and [`FileHeader::open`].
    pub fn open(
        mut input: R,
        context: &DataContext,
        with: UnwrapWith<'_>,
    ) -> io::Result<(Self, OpenedFileHeader)> {
        let header = FileHeader::read_from(&mut input)?.open(context, with)?;
        let reader = Self::new(input, header.recipients().key(), context, header.info())?;
        Ok((reader, header))
    }
}
