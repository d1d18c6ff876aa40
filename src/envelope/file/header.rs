//! The header of a file in the attached form, read. Layout in `recipients`.

use alloc::vec::Vec;
use core::cmp::Ordering;

use super::key::FileKey;
use super::open::{FileError, FileOpener};
use super::recipients::{FIXED_LEN, FileRecipients, STEP, VERSION};
use super::{FileId, FileInfo};
use crate::envelope::context::DataContext;
use crate::envelope::kek::UnwrapWith;
use crate::envelope::padding::Padding;
use crate::envelope::wrap::WrappedKey;
use crate::primitives::mac::{self, MAC_LEN};
use crate::wire::codec::{DecodeError, Reader};
use crate::wire::kind::StoredKind;

/// A header that is well-formed, and of which nothing is authenticated yet.
#[derive(Clone, Debug)]
pub struct FileHeader {
    bytes: Vec<u8>,
    id: FileId,
    padding: Padding,
    masked_len: [u8; 8],
    recipients: Vec<WrappedKey>,
}

impl FileHeader {
    /// The length of the header that begins so.
    ///
    /// # Errors
    /// [`FileError::Malformed`], [`FileError::Unsupported`].
    pub fn len_of(begin: &[u8; 8]) -> Result<usize, FileError> {
        Ok(read_begin(&mut Reader::new(begin)).map(|(_, len)| len)?)
    }

    /// Reads a header, and nothing behind it.
    ///
    /// # Errors
    /// [`FileError::Malformed`], [`FileError::Truncated`], [`FileError::Unsupported`], [`FileError::Limit`].
    pub fn decode(bytes: &[u8]) -> Result<Self, FileError> {
        let mut reader = Reader::new(bytes);
        let (padding, len) = read_begin(&mut reader)?;
        match bytes.len().cmp(&len) {
            Ordering::Less => return Err(FileError::Truncated),
            Ordering::Greater => return Err(DecodeError::TrailingBytes.into()),
            Ordering::Equal => {}
        }
        let (id, masked_len) = (FileId(*reader.array()?), *reader.array()?);
        let mut recipients = Vec::new();
        for _ in 0..reader.u8()? {
            let key = WrappedKey::decode(reader.lp16()?)?;
            if recipients.iter().any(|other: &WrappedKey| other.names_the_same(&key)) {
                return Err(DecodeError::NotCanonical.into());
            }
            recipients.push(key);
        }
        let slack = reader.rest().split_last_chunk::<MAC_LEN>();
        let (slack, _) = slack.ok_or(FileError::Truncated)?;
        if slack.iter().any(|byte| *byte != 0) {
            return Err(DecodeError::NotCanonical.into());
        }
        Ok(Self { bytes: bytes.to_vec(), id, padding, masked_len, recipients })
    }

    /// The file's name.
    #[must_use]
    pub const fn id(&self) -> FileId {
        self.id
    }

    /// The file's key as it was wrapped for each recipient. One that a service unwraps whose answer is waited for is opened by
    /// [`WrappedKey`] itself, and the key given to [`open_with_key`](Self::open_with_key).
    #[must_use]
    pub fn recipients(&self) -> &[WrappedKey] {
        &self.recipients
    }

    /// Unwraps the file's key, and checks the header with it. Of the wrapped keys the one that names what it is wrapped with is tried, and no
    /// other. A file that opens with a recipient's key or a code may have been made by anybody, all of it.
    ///
    /// # Errors
    /// [`FileError::Unwrap`], [`FileError::UnauthenticHeader`], [`FileError::Limit`].
    pub fn open(
        self,
        context: &DataContext,
        with: UnwrapWith<'_>,
    ) -> Result<OpenedFileHeader, FileError> {
        let key = WrappedKey::open_named(&self.recipients, context, with)?;
        self.open_with_key(context, FileKey::from_secret(key))
    }

    /// Checks the header with a key that was unwrapped elsewhere, under this context: the header does not know it, and a wrong one is only
    /// found with the body.
    ///
    /// # Errors
    /// [`FileError::UnauthenticHeader`]; [`FileError::Limit`] for a length that nothing made by this crate has.
    pub fn open_with_key(
        self,
        context: &DataContext,
        key: FileKey,
    ) -> Result<OpenedFileHeader, FileError> {
        let Self { bytes, id, padding, masked_len, recipients } = self;
        let (mac_key, mask) = key.header(id);
        mac::verify(mac_key.expose(), &bytes).map_err(|_| FileError::UnauthenticHeader)?;
        let len = u64::from_be_bytes(masked_len) ^ u64::from_be_bytes(*mask.expose());
        let info = FileInfo::new(id, len, padding)?;
        let recipients = FileRecipients::with(key, context, (recipients, bytes.len()));
        Ok(OpenedFileHeader::new(recipients, info))
    }
}

/// Is the file padded, and how long is its header?
fn read_begin(reader: &mut Reader<'_>) -> Result<(Padding, usize), DecodeError> {
    reader.stored(StoredKind::File)?;
    if reader.u8()? != VERSION {
        return Err(DecodeError::UnsupportedVersion);
    }
    let padding = Padding::from_flag(reader.u8()?).ok_or(DecodeError::InvalidFlags)?;
    let len = usize::from(reader.u16()?);
    if len < FIXED_LEN || !len.is_multiple_of(STEP) {
        return Err(DecodeError::NotCanonical);
    }
    Ok((padding, len))
}

/// A header that is authentic: the file's key, its length, and who can open it.
#[derive(Debug)]
pub struct OpenedFileHeader {
    recipients: FileRecipients,
    info: FileInfo,
}

impl OpenedFileHeader {
    pub(super) const fn new(recipients: FileRecipients, info: FileInfo) -> Self {
        Self { recipients, info }
    }

    /// The file, as in the detached form.
    #[must_use]
    pub const fn info(&self) -> &FileInfo {
        &self.info
    }

    /// Who can open it. The body begins at their [`header_len`](FileRecipients::header_len).
    #[must_use]
    pub const fn recipients(&self) -> &FileRecipients {
        &self.recipients
    }

    /// The same, to add and remove some. Then write [`encode`](Self::encode) over the old header; the body stays. That is not atomic: a
    /// header that is half written opens nothing, so keep the old one until the new one is on the disk.
    pub const fn recipients_mut(&mut self) -> &mut FileRecipients {
        &mut self.recipients
    }

    /// The header, of the same length as before.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        self.recipients.header(&self.info)
    }

    /// Begins to open the body, with its first 56 bytes.
    ///
    /// # Errors
    /// [`FileError::WrongKeyOrContext`].
    pub fn opener(&self, begin: &[u8; 56]) -> Result<FileOpener, FileError> {
        let Self { recipients, info } = self;
        FileOpener::new(recipients.key(), recipients.context(), info, begin)
    }
}
