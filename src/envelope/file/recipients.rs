//! Who can open a file in the attached form, and its header as it is written.
//!
//! ```text
//! header = "EFC1" ‖ version = 1 ‖ flags(1) ‖ header length(2) ‖ file id(16) ‖ length of the data XOR mask (8)
//!          ‖ n(1) ‖ n × lp16(wrapped key) ‖ zeros ‖ HMAC-SHA-256(MAC key, everything before)(32)
//! ```
//!
//! The header keeps the length that it was given when the file was made; recipients are added in place of the zeros. Without the file's
//! key nobody can add one. In clear, the length would tell what padding hides.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::FileInfo;
use super::key::FileKey;
use crate::envelope::context::DataContext;
use crate::envelope::kek::WrapWith;
use crate::envelope::wrap::{WrapError, WrappedKey};
use crate::limits::{MAX_FILE_HEADER, MAX_FILE_RECIPIENTS};
use crate::primitives::mac::MAC_LEN;
use crate::wire::codec::Writer;
use crate::wire::kind::StoredKind;

/// The fifth byte.
pub(super) const VERSION: u8 = 1;
/// Header lengths are multiples of this.
pub(super) const STEP: usize = 64;
/// Length of the header without wrapped keys and zeros.
pub(super) const FIXED_LEN: usize = 4 + 1 + 1 + 2 + 16 + 8 + 1 + MAC_LEN;

/// A file's key, and the same wrapped for each one who can open the file.
#[derive(Debug)]
pub struct FileRecipients {
    key: FileKey,
    context: DataContext,
    wrapped: Vec<WrappedKey>,
    header_len: usize,
}

impl FileRecipients {
    /// Nobody yet. `context` is that of the file; `header_len` is how many bytes the header gets, for good; it is rounded up to a multiple of 64, at most
    /// [`limits::MAX_FILE_HEADER`](crate::limits::MAX_FILE_HEADER). Most wrapped keys take 140 to 170, and 65 are taken.
    #[must_use]
    pub fn new(key: FileKey, context: &DataContext, header_len: usize) -> Self {
        let header_len = header_len.clamp(FIXED_LEN, MAX_FILE_HEADER).next_multiple_of(STEP);
        Self::with(key, context, (Vec::new(), header_len))
    }

    pub(super) fn with(
        key: FileKey,
        context: &DataContext,
        (wrapped, header_len): (Vec<WrappedKey>, usize),
    ) -> Self {
        Self { key, context: context.clone(), wrapped, header_len }
    }

    /// The file's key.
    #[must_use]
    pub const fn key(&self) -> &FileKey {
        &self.key
    }

    pub(super) const fn context(&self) -> &DataContext {
        &self.context
    }

    /// The wrapped keys.
    #[must_use]
    pub fn as_slice(&self) -> &[WrappedKey] {
        &self.wrapped
    }

    /// Length of the header: where the body begins.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        self.header_len
    }

    /// Adds a recipient. Draws what [`WrappedKey::new`] draws.
    ///
    /// # Errors
    /// [`FileRecipientsError`].
    pub fn add<R: TryCryptoRng + ?Sized>(
        &mut self,
        with: WrapWith<'_>,
        rng: &mut R,
    ) -> Result<(), FileRecipientsError> {
        let wrapped = WrappedKey::new(self.key.secret(), &self.context, with, rng)?;
        self.add_wrapped(wrapped)
    }

    /// Adds a recipient for whom the caller has wrapped the [`key`](Self::key), in the file's context: by a service that is waited for, or
    /// again after a rotation.
    ///
    /// # Errors
    /// [`FileRecipientsError::NoRoom`], [`FileRecipientsError::Duplicate`], [`FileRecipientsError::NotPlain`].
    pub fn add_wrapped(&mut self, wrapped: WrappedKey) -> Result<(), FileRecipientsError> {
        if !wrapped.is_plain() || wrapped.purpose() != self.context.purpose() {
            return Err(FileRecipientsError::NotPlain);
        }
        if self.wrapped.iter().any(|other| other.names_the_same(&wrapped)) {
            return Err(FileRecipientsError::Duplicate);
        }
        let len = self.taken().saturating_add(entry_len(&wrapped));
        if self.wrapped.len() >= MAX_FILE_RECIPIENTS || len > self.header_len {
            return Err(FileRecipientsError::NoRoom);
        }
        self.wrapped.push(wrapped);
        Ok(())
    }

    /// Removes a recipient, by its place among the others. It could open the file before, and has its key if it kept it.
    pub fn remove(&mut self, place: usize) -> Option<WrappedKey> {
        (place < self.wrapped.len()).then(|| self.wrapped.remove(place))
    }

    /// What the header needs of its length.
    fn taken(&self) -> usize {
        self.wrapped.iter().map(entry_len).fold(FIXED_LEN, usize::saturating_add)
    }

    /// The header of a file that was made with this key, to be put before its body.
    #[must_use]
    pub fn header(&self, info: &FileInfo) -> Vec<u8> {
        let (mac_key, mask) = self.key.header(info.id());
        let masked = info.len() ^ u64::from_be_bytes(*mask.expose());
        let mut writer = Writer::begin_stored(StoredKind::File, self.header_len);
        writer.u8(VERSION).u8(info.padding().flag()).u16_len(self.header_len);
        writer.bytes(&info.id().to_bytes()).u64(masked).u8_len(self.wrapped.len());
        for wrapped in &self.wrapped {
            writer.lp16(wrapped.as_bytes());
        }
        writer.zeros(self.header_len.saturating_sub(self.taken()));
        writer.finish_with_mac(mac_key.expose())
    }
}

fn entry_len(wrapped: &WrappedKey) -> usize {
    wrapped.as_bytes().len().saturating_add(2)
}

/// Why nobody was added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileRecipientsError {
    /// The header is full. Make the file again with a longer one, or wrap the key for a key that several recipients have.
    NoRoom,
    /// The same key, service or code twice, or two passphrases: it would not be known which one to try.
    Duplicate,
    /// It is not the file's key, but a keyring's own root key, or one for another purpose.
    NotPlain,
    /// The key was not wrapped.
    Wrap(WrapError),
}

impl From<WrapError> for FileRecipientsError {
    fn from(error: WrapError) -> Self {
        Self::Wrap(error)
    }
}
