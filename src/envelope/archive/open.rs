//! Opening the body of an archive, in pieces of any size. Nothing is given out before its chunk has verified.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::{fmt, mem};

use super::{ArchiveInfo, BODY_CONTEXT};
use crate::envelope::file::open::{FileError, FileOpener};
use crate::envelope::file::{FileId, FileInfo};
use crate::envelope::padding::Padding;
use crate::envelope::stream::ChunkOpener;
use crate::envelope::wrap::UnwrapError;
use crate::primitives::aead::{HEADER_LEN, Keys};
use crate::secret::Secret;
use crate::wire::codec::DecodeError;

/// Decrypts the content of an archive: in pieces that are given to [`update`](Self::update), or by a reader. After an error it gives the
/// same error for ever.
#[must_use = "an archive that is not finished may have been cut"]
pub struct ArchiveOpener {
    info: ArchiveInfo,
    state: State,
}

enum State {
    /// Salt and commitment are not there as a whole.
    Head(Secret<32>, Vec<u8>),
    Chunks(Box<ChunkOpener>),
    Failed(ArchiveError),
}

impl ArchiveOpener {
    pub(super) fn new(info: ArchiveInfo, body_key: Secret<32>) -> Self {
        Self { info, state: State::Head(body_key, Vec::with_capacity(HEADER_LEN)) }
    }

    /// What it says of itself. Authentic.
    #[must_use]
    pub const fn info(&self) -> &ArchiveInfo {
        &self.info
    }

    /// Takes the next bytes of the body, and appends what they say, as far as chunks are complete. On failure nothing of the chunk that
    /// failed has been appended.
    ///
    /// # Errors
    /// [`ArchiveError::WrongKeyOrContext`], [`ArchiveError::Corrupt`].
    pub fn update(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ArchiveError> {
        let updated = self.try_update(bytes, out);
        if let Err(error) = updated {
            self.state = State::Failed(error);
        }
        updated
    }

    fn try_update(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<(), ArchiveError> {
        if let State::Head(key, head) = &mut self.state {
            let missing = HEADER_LEN.saturating_sub(head.len());
            let (now, later) = bytes.split_at(bytes.len().min(missing));
            head.extend_from_slice(now);
            let Some(head) = head.first_chunk() else { return Ok(()) };
            let opener = begin(&self.info, key, head)?;
            self.state = State::Chunks(Box::new(ChunkOpener::new(opener)));
            bytes = later;
        }
        match &mut self.state {
            State::Chunks(chunks) => Ok(chunks.update(bytes, out)?),
            State::Failed(error) => Err(*error),
            State::Head(..) => Ok(()),
        }
    }

    /// Was that the whole archive? Only then is what came out of it what went in.
    ///
    /// # Errors
    /// [`ArchiveError::Truncated`], or what [`update`](Self::update) has said.
    pub fn finish(mut self) -> Result<ArchiveInfo, ArchiveError> {
        match mem::replace(&mut self.state, State::Failed(ArchiveError::Truncated)) {
            State::Head(..) => Err(ArchiveError::Truncated),
            State::Chunks(chunks) => Ok(chunks.finish().map(|()| self.info)?),
            State::Failed(error) => Err(error),
        }
    }
}

/// What opens the chunks of a body that begins with `head`.
pub(super) fn begin(
    info: &ArchiveInfo,
    key: &Secret<32>,
    head: &[u8; HEADER_LEN],
) -> Result<FileOpener, FileError> {
    let keys = Keys::committed(key.expose(), head, [BODY_CONTEXT, &info.digest(), &[]])?;
    let info = FileInfo::new(FileId::from_bytes(info.id), info.len, Padding::None)?;
    Ok(FileOpener::with(&keys, &info))
}

impl ArchiveOpener {
    /// The body key, if nothing has been given to [`update`](Self::update) yet.
    #[cfg(feature = "std")]
    pub(super) const fn unused(&self) -> Option<&Secret<32>> {
        match &self.state {
            State::Head(key, given) if given.is_empty() => Some(key),
            _ => None,
        }
    }
}

impl fmt::Debug for ArchiveOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, state: _ } = self;
        f.debug_struct("ArchiveOpener").field("info", info).finish_non_exhaustive()
    }
}

/// Why an archive was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The body belongs to another header, or its first 56 bytes were changed. Nothing was decrypted.
    WrongKeyOrContext,
    /// A chunk is not what it was: changed, moved, of another archive, or behind the end. Chunks are counted from 0, 16,384 bytes of data in
    /// each.
    Corrupt {
        /// The first one.
        chunk: u64,
    },
    /// It ends too early.
    Truncated,
    /// The header was changed by somebody without the archive's key, or the archive belongs to somebody else.
    UnauthenticHeader,
    /// It is of another series.
    WrongArchive,
    /// It is older than the caller remembers: somebody has put an old one in its place.
    Stale,
    /// It does not come right after the one that was expected: one is missing, or there are two histories.
    BrokenChain,
    /// A newer version has written it.
    Unsupported,
    /// The bytes are not an archive's header.
    Malformed(DecodeError),
    /// It claims to be longer, or for more recipients, than an archive can be.
    Limit,
    /// Its key was not unwrapped; [`UnwrapError::WrongKek`] also if it is wrapped for others only.
    Unwrap(UnwrapError),
}

impl From<DecodeError> for ArchiveError {
    fn from(error: DecodeError) -> Self {
        FileError::from(error).into()
    }
}

impl From<UnwrapError> for ArchiveError {
    fn from(error: UnwrapError) -> Self {
        Self::Unwrap(error)
    }
}

/// What is said of files is said of archives by the same words.
impl From<FileError> for ArchiveError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::WrongKeyOrContext => Self::WrongKeyOrContext,
            FileError::Corrupt { chunk } => Self::Corrupt { chunk },
            FileError::Truncated => Self::Truncated,
            FileError::Unsupported => Self::Unsupported,
            FileError::Malformed(error) => Self::Malformed(error),
            FileError::Limit => Self::Limit,
            FileError::Unwrap(error) => Self::Unwrap(error),
            // Archives are named by nobody's digest.
            FileError::UnauthenticHeader | FileError::WrongDigest => Self::UnauthenticHeader,
        }
    }
}
