//! What travels in a message instead of a file: where its key is, and by what the object is known.
//!
//! ```text
//! pointer = "EFP1" ‖ file key(32) ‖ part ‖ n(1) ‖ n × { kind(1) ‖ index(4) ‖ part }          kind and index ascending, each once
//! part    = padding(1) ‖ file id(16) ‖ length of the data(8) ‖ length of the ciphertext(8) ‖ SHA-256(ciphertext)(32) ‖ lp8(media type)
//! ```
//!
//! The hash is of the object as it is stored: without it, whoever else has the key could put another file in its place. Keys of
//! derivatives are derived. A pointer is a secret: it belongs into a message that is encrypted end to end, and nowhere else.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::key::{Derivative, DerivativeKind, FileKey};
use super::open::FileError;
use super::{FileId, FileInfo};
use crate::chain::step::Plaintext;
use crate::envelope::padding::Padding;
use crate::limits::{MAX_DERIVATIVES, MAX_MEDIA_TYPE};
use crate::primitives::hash::ObjectHash;
use crate::wire::codec::{DecodeError, Reader, Writer};
use crate::wire::kind::StoredKind;

/// Length of a part without its media type.
const PART_LEN: usize = 1 + 16 + 8 + 8 + 32 + 1;
/// Length of what names a derivative.
const NAME_LEN: usize = 1 + 4;
const FIXED_LEN: usize = 4 + 32 + 1;

/// A file that is stored elsewhere, with all that is needed to fetch and open it, and what was made from it.
#[derive(Debug)]
pub struct AttachmentPointer {
    key: FileKey,
    file: AttachmentPart,
    derivatives: Vec<(Derivative, AttachmentPart)>,
}

/// One stored object of an attachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentPart {
    info: FileInfo,
    digest: [u8; 32],
    media_type: String,
}

impl AttachmentPointer {
    /// Points to a file.
    #[must_use]
    pub const fn new(key: FileKey, file: AttachmentPart) -> Self {
        Self { key, file, derivatives: Vec::new() }
    }

    /// Adds something that was made from the file, and encrypted with [`FileKey::derivative`].
    ///
    /// # Errors
    /// [`AttachmentError::TooMany`], [`AttachmentError::Duplicate`].
    pub fn with_derivative(
        mut self,
        derivative: Derivative,
        part: AttachmentPart,
    ) -> Result<Self, AttachmentError> {
        let place = self.derivatives.binary_search_by_key(&derivative, |(name, _)| *name);
        let Err(place) = place else { return Err(AttachmentError::Duplicate) };
        if self.derivatives.len() >= MAX_DERIVATIVES {
            return Err(AttachmentError::TooMany);
        }
        self.derivatives.insert(place, (derivative, part));
        Ok(self)
    }

    /// The file's key.
    #[must_use]
    pub const fn key(&self) -> &FileKey {
        &self.key
    }

    /// The file.
    #[must_use]
    pub const fn file(&self) -> &AttachmentPart {
        &self.file
    }

    /// What was made from it, each with the key of [`FileKey::derivative`].
    #[must_use]
    pub fn derivatives(&self) -> &[(Derivative, AttachmentPart)] {
        &self.derivatives
    }

    /// The bytes to put into a message. The file's key is among them.
    #[must_use]
    pub fn encode(&self) -> Plaintext {
        let parts =
            self.derivatives.iter().map(|(_, part)| part.encoded_len().saturating_add(NAME_LEN));
        let len = parts.fold(self.file.encoded_len(), usize::saturating_add);
        let mut writer = Writer::begin_stored(StoredKind::Pointer, len.saturating_add(FIXED_LEN));
        writer.bytes(self.key.secret().expose());
        self.file.write(&mut writer);
        writer.u8_len(self.derivatives.len());
        for (Derivative { kind, index }, part) in &self.derivatives {
            writer.u8(kind.byte()).u32(*index);
            part.write(&mut writer);
        }
        Plaintext::new(writer.finish())
    }

    /// Reads what [`encode`](Self::encode) gave.
    ///
    /// # Errors
    /// [`DecodeError`]; [`DecodeError::UnsupportedVersion`] also for a padding or kind that this version does not know,
    /// [`DecodeError::TooLong`] for a file longer than can be.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.stored(StoredKind::Pointer)?;
        let key = FileKey::from_secret(reader.secret()?);
        let file = AttachmentPart::read(&mut reader)?;
        let count = usize::from(reader.u8()?);
        let count = reader.count(count, MAX_DERIVATIVES, NAME_LEN.saturating_add(PART_LEN))?;
        let mut derivatives: Vec<(Derivative, AttachmentPart)> = Vec::new();
        for _ in 0..count {
            let kind = DerivativeKind::from_byte(reader.u8()?);
            let kind = kind.ok_or(DecodeError::UnsupportedVersion)?;
            let derivative = Derivative { kind, index: reader.u32()? };
            if derivatives.last().is_some_and(|(last, _)| *last >= derivative) {
                return Err(DecodeError::NotCanonical);
            }
            derivatives.push((derivative, AttachmentPart::read(&mut reader)?));
        }
        reader.finish(Self { key, file, derivatives })
    }
}

impl AttachmentPart {
    /// What was stored, with the digest of its ciphertext. `media_type` as in MIME, printable ASCII, at most
    /// [`limits::MAX_MEDIA_TYPE`](crate::limits::MAX_MEDIA_TYPE) bytes; empty if unknown.
    ///
    /// # Errors
    /// [`AttachmentError::MediaType`]; [`AttachmentError::Length`] if the digest is of more or fewer bytes than the file has.
    pub fn new(
        info: FileInfo,
        digest: FileDigest,
        media_type: &str,
    ) -> Result<Self, AttachmentError> {
        if digest.len != info.ciphertext_len() {
            return Err(AttachmentError::Length);
        }
        if !is_media_type(media_type) {
            return Err(AttachmentError::MediaType);
        }
        Ok(Self { info, digest: digest.hash.finish(), media_type: media_type.to_owned() })
    }

    /// The file, of which nothing has been fetched yet: how long its ciphertext is, and what a part of it is opened with where the whole is
    /// not fetched. Where it is, [`verify`](Self::verify) gives it.
    #[must_use]
    pub const fn info(&self) -> &FileInfo {
        &self.info
    }

    /// What its sender says it is; empty if nothing. Not to be trusted.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// SHA-256 of the ciphertext.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Is what was fetched the object that was meant? Gives then what the file is opened with: to be asked before any of it is opened.
    ///
    /// # Errors
    /// [`FileError::Truncated`], or [`FileError::WrongDigest`].
    pub fn verify(&self, fetched: FileDigest) -> Result<&FileInfo, FileError> {
        if fetched.len < self.info.ciphertext_len() {
            return Err(FileError::Truncated);
        }
        if fetched.hash.finish() != self.digest {
            return Err(FileError::WrongDigest);
        }
        Ok(&self.info)
    }

    const fn encoded_len(&self) -> usize {
        PART_LEN.saturating_add(self.media_type.len())
    }

    fn write(&self, writer: &mut Writer) {
        let Self { info, digest, media_type } = self;
        writer.u8(info.padding().flag()).bytes(&info.id().to_bytes());
        writer.u64(info.len()).u64(info.ciphertext_len()).bytes(digest);
        writer.lp8(media_type.as_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let padding = Padding::from_flag(reader.u8()?).ok_or(DecodeError::UnsupportedVersion)?;
        let (id, len) = (FileId(*reader.array()?), reader.u64()?);
        let info = FileInfo::new(id, len, padding).map_err(|_| DecodeError::TooLong)?;
        if reader.u64()? != info.ciphertext_len() {
            return Err(DecodeError::NotCanonical);
        }
        let digest = *reader.array()?;
        let media_type = core::str::from_utf8(reader.lp8()?).ok();
        let media_type = media_type.filter(|it| is_media_type(it));
        let media_type = media_type.ok_or(DecodeError::NotCanonical)?.to_owned();
        Ok(Self { info, digest, media_type })
    }
}

fn is_media_type(text: &str) -> bool {
    text.len() <= MAX_MEDIA_TYPE && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}

/// Length and SHA-256 of a ciphertext, while it is written or fetched.
pub struct FileDigest {
    hash: ObjectHash,
    len: u64,
}

impl FileDigest {
    /// Of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self { hash: ObjectHash::new(), len: 0 }
    }

    /// Of a ciphertext in memory.
    #[must_use]
    pub fn of(ciphertext: &[u8]) -> Self {
        let mut digest = Self::new();
        digest.update(ciphertext);
        digest
    }

    /// Takes in what comes next.
    pub fn update(&mut self, part: &[u8]) {
        self.hash.add(part);
        self.len = self.len.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
    }
}

impl Default for FileDigest {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for FileDigest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "FileDigest({} bytes)", self.len)
    }
}

/// Why there is no pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttachmentError {
    /// The media type is too long, or not printable ASCII.
    MediaType,
    /// The digest is of something else: it has another length than the file's ciphertext.
    Length,
    /// The pointer has this derivative already.
    Duplicate,
    /// More than [`limits::MAX_DERIVATIVES`](crate::limits::MAX_DERIVATIVES) derivatives.
    TooMany,
}
