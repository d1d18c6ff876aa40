//! A file: of any length, read from any place, in memory that does not grow with it.
//!
//! ```text
//! file key (32 random bytes) ─ derives ─► body key · header's MAC key · file keys of derivatives, one-way
//! body = Cobblestone-256(body key, salt, context = "file" ‖ file id ‖ data context, text)
//! ```
//!
//! The body alone is the **detached** form, which any implementation of the standard reads: wrapped key, file id and length live in
//! the database's row or in the message (`pointer`). The **attached** form has them in a header before the body (`header`).
//!
//! `layout` is arithmetic, `seal` and `open` are the core, without input or output; `write`, `read` and `range` put it to the standard
//! library's traits. Nothing leaves before its chunk has verified, and no chunk is looked at before the commitment. SPEC: R-103.
//!
//! Knows nothing of who wraps the key.

#[cfg(feature = "std")]
pub(crate) mod container;
mod each;
pub(crate) mod filler;
pub(crate) mod header;
pub(crate) mod key;
mod layout;
pub(crate) mod open;
pub(crate) mod pointer;
#[cfg(feature = "std")]
pub(crate) mod range;
pub(crate) mod ranges;
#[cfg(feature = "std")]
pub(crate) mod read;
pub(crate) mod recipients;
pub(crate) mod seal;
#[cfg(feature = "std")]
pub(crate) mod source;
#[cfg(feature = "std")]
pub(crate) mod write;

use alloc::boxed::Box;
use core::fmt;

use self::layout::Layout;
use self::open::FileError;
use super::padding::Padding;
use crate::primitives::aead::SEALED_CHUNK;
use crate::secret::wipe;
use crate::wire::codec::{Reader, joined};

/// What the context of a body begins with. No label, and no other format, begins so.
const fn body(padding: Padding) -> &'static [u8] {
    match padding {
        Padding::None => b"file",
        Padding::Padme => b"padded file",
    }
}

/// One chunk with its tag behind it, 16,384 + 16 bytes. A slice of them comes from a buffer by `as_chunks_mut`.
pub type FileChunk = [u8; SEALED_CHUNK];

/// The name of a file in its encryption, 16 random bytes. Not secret: it may be the object's name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId([u8; 16]);

impl FileId {
    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, to store.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileId({:032x})", u128::from_be_bytes(self.0))
    }
}

/// What has to be known of a file in the detached form, besides its key and context: to be stored beside the wrapped key. Not
/// secret, and not trusted: a length that is not the file's is found out before anything rests on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileInfo {
    id: FileId,
    layout: Layout,
}

impl FileInfo {
    /// What was stored of a file.
    ///
    /// # Errors
    /// [`FileError::Limit`] above [`limits::MAX_FILE`](crate::limits::MAX_FILE) bytes.
    pub fn new(id: FileId, len: u64, padding: Padding) -> Result<Self, FileError> {
        let layout = Layout::new(len, padding).ok_or(FileError::Limit)?;
        Ok(Self { id, layout })
    }

    /// The bytes to store beside the wrapped key, 25 of them: id, length, padding.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 25] {
        let len = self.layout.len.to_be_bytes();
        joined(&[&self.id.0, &len, &[self.layout.padding.flag()]])
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`FileError::Limit`] as for [`new`](Self::new), [`FileError::Unsupported`] for another padding than there is,
    /// [`FileError::Truncated`] and [`FileError::Malformed`] for another number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FileError> {
        let mut reader = Reader::new(bytes);
        let (id, len) = (FileId(*reader.array()?), reader.u64()?);
        let padding = Padding::from_flag(reader.u8()?).ok_or(FileError::Unsupported)?;
        Self::new(reader.finish(id)?, len, padding)
    }

    /// Of a file that is not padded, and of which only the ciphertext's length is known.
    ///
    /// # Errors
    /// [`FileError::Truncated`] for a length that no file has, [`FileError::Limit`] as for [`new`](Self::new).
    pub fn of_object(id: FileId, ciphertext_len: u64) -> Result<Self, FileError> {
        Ok(Self { id, layout: Layout::of_body(ciphertext_len)? })
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> FileId {
        self.id
    }

    /// Length of the data.
    #[must_use]
    #[expect(
        clippy::len_without_is_empty,
        reason = "it says of a file what it is, and holds nothing"
    )]
    pub const fn len(&self) -> u64 {
        self.layout.len
    }

    /// Does its ciphertext hide the length of the data?
    #[must_use]
    pub const fn padding(&self) -> Padding {
        self.layout.padding
    }

    /// Length of its ciphertext, the object that is stored.
    #[must_use]
    pub const fn ciphertext_len(&self) -> u64 {
        self.layout.body_len()
    }
}

/// Room for one chunk, in which plaintext has been: wiped when dropped.
struct Buffer(Box<FileChunk>);

impl Buffer {
    fn new() -> Self {
        Self(Box::new([0; SEALED_CHUNK]))
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        wipe(self.0.as_mut_slice());
    }
}
