//! A body as it is found, opened in every way that there is.

use std::vec::Vec;

use serde_json::Value;

use super::book::Stop;
use super::envelope_kek::context;
use super::file::{Inputs, file_key, kind, padding};
use super::given::{Given, data};
use crate::primitives::aead;
use crate::{DataContext, FileError, FileId, FileInfo, FileKey, FileOpener};

/// A body as it is found, and what is claimed of it.
pub(super) struct Found {
    pub(super) key: FileKey,
    pub(super) context: DataContext,
    pub(super) info: FileInfo,
    pub(super) body: Vec<u8>,
}

impl Found {
    pub(super) fn read(given: &mut Given) -> Result<Self, Stop> {
        let inputs = Inputs::read(&mut given.fields);
        let random = given.fields.list("random");
        let (info, mut body) = inputs.seal(&random)?;
        if let Some(edit) = given.fields.optional("text") {
            body = sealed_otherwise(&inputs, &info, &body, &given.expected["body_key"], &edit);
        }
        let mut with = |key: &str| given.fields.optional(key);
        if let Some(edit) = with("edit") {
            body = data(&edit, Some(&body));
        }
        let id = with("with_id").map(|id| FileId::from_bytes(data(&id, None).try_into().unwrap()));
        let len = with("with_length").map(|len| len.as_u64().unwrap());
        let padding = with("with_padded").map_or(info.padding(), |padded| padding(&padded));
        let key = with("with_key").map_or(inputs.key, |key| file_key(&data(&key, None)));
        let other = with("with_context").map(|other| context(&data(&other, None)));
        let info = FileInfo::new(id.unwrap_or(info.id()), len.unwrap_or(info.len()), padding)?;
        Ok(Self { key, context: other.unwrap_or(inputs.context), info, body })
    }

    pub(super) fn in_memory(&self) -> Result<Vec<u8>, FileError> {
        let opened = self.key.open(&self.context, &self.info, self.body.clone())?;
        Ok(opened.as_bytes().to_vec())
    }

    fn opener(&self) -> Result<FileOpener, FileError> {
        let begin = self.body.first_chunk().ok_or(FileError::Truncated)?;
        FileOpener::new(&self.key, &self.context, &self.info, begin)
    }

    /// What there is of a chunk; of the last one, all that is left.
    fn chunk(&self, opener: &FileOpener, k: u64) -> Vec<u8> {
        let range = opener.chunk_range(k);
        let end = if k + 1 == opener.chunks() { u64::MAX } else { range.end };
        self.place(range.start, end)
    }

    fn place(&self, from: u64, to: u64) -> Vec<u8> {
        let within = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(self.body.len());
        self.body[within(from)..within(to)].to_vec()
    }

    pub(super) fn front_to_back(&self) -> Result<Vec<u8>, FileError> {
        let front = self.opener().and_then(|opener| {
            let mut out = Vec::new();
            for k in 0..opener.chunks() {
                out.extend_from_slice(opener.open_chunk(k, &mut self.chunk(&opener, k))?);
            }
            Ok(out)
        });
        #[cfg(feature = "std")]
        assert_eq!(self.read_through(), front, "by the reader");
        front
    }

    #[cfg(feature = "std")]
    fn read_through(&self) -> Result<Vec<u8>, FileError> {
        use std::io::Read;

        let mut out = Vec::new();
        let read = crate::FileReader::new(&self.body[..], &self.key, &self.context, &self.info)
            .and_then(|mut reader| reader.read_to_end(&mut out));
        read.map(|_| out).map_err(|error| FileError::of(&error).unwrap())
    }

    pub(super) fn part(&self, offset: u64, len: u64) -> Result<Vec<u8>, FileError> {
        let part = self.opener().and_then(|opener| {
            let mut last = self.chunk(&opener, opener.chunks() - 1);
            let ranges = opener.authenticate(&mut last)?;
            let place = ranges.ciphertext_range(offset, len);
            let mut fetched = self.place(place.start, place.end);
            Ok(ranges.open_range(offset, len, &mut fetched)?.to_vec())
        });
        #[cfg(feature = "std")]
        assert_eq!(self.read_range(offset, len), part, "by the reader");
        part
    }

    #[cfg(feature = "std")]
    fn read_range(&self, offset: u64, len: u64) -> Result<Vec<u8>, FileError> {
        use std::io::{Cursor, Read, Seek, SeekFrom};

        let mut out = Vec::new();
        let input = Cursor::new(&self.body);
        let read = crate::FileRangeReader::new(input, &self.key, &self.context, &self.info)
            .and_then(|mut reader| {
                reader.seek(SeekFrom::Start(offset))?;
                reader.take(len).read_to_end(&mut out)
            });
        read.map(|_| out).map_err(|error| FileError::of(&error).unwrap())
    }
}

/// The body of another text, which only a maker with the key could write.
fn sealed_otherwise(
    inputs: &Inputs,
    info: &FileInfo,
    body: &[u8],
    body_key: &Value,
    edit: &Value,
) -> Vec<u8> {
    let key = data(body_key, None).try_into().unwrap();
    let id = info.id().to_bytes();
    let context = [kind(inputs.padding), &id, inputs.context.as_bytes()];
    let text = aead::open(&key, context, body).unwrap();
    let mut out = Vec::new();
    let salt = body.first_chunk().unwrap();
    aead::seal_into(&mut out, &key, salt, context, &data(edit, Some(&text)));
    out
}
