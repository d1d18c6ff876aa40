//! Making an archive: its recipients first, then its content, in pieces of any size.

use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

use super::{ArchiveInfo, BODY_CONTEXT, ID_LEN, derive, header};
use crate::envelope::context::DataContext;
use crate::envelope::file::FileId;
use crate::envelope::file::filler::Filler;
use crate::envelope::file::seal::{FileSealer, SealFileError};
use crate::envelope::kek::WrapWith;
use crate::envelope::padding::Padding;
use crate::envelope::wrap::{WrapError, WrappedKey};
use crate::keys::time::UnixTime;
use crate::label::{AtRest, Label};
use crate::limits::{MAX_ARCHIVE, MAX_ARCHIVE_RECIPIENTS};
use crate::primitives::aead::{Keys, SALT_LEN};
use crate::secret::{RandomnessFailed, Secret, random_array};

/// An archive whose recipients are not all known yet.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use confidant::*;
/// # let rng = &mut getrandom::SysRng;
/// # let now = UnixTime::from_secs(1_790_000_000);
/// # let offline = RecipientKey::generate(rng)?;
/// # let platform = LocalKek::new(b"device key 1", Secret::random(rng)?)?;
/// let whose = DataContext::new(Purpose::Archive).user(b"jane")?;
/// let mut archive = NewArchive::first(&whose, now, 11, rng)?;
/// archive.add(WrapWith::Recipient(&offline.public()), rng)?;
/// archive.add(WrapWith::Local(&platform), rng)?;
/// # #[cfg(feature = "std")] {
/// use std::io::{Read, Write};
/// let mut writer = archive.write_to(Vec::new(), rng)?; // any writer
/// writer.write_all(b"hello again")?;
/// let (stored, made) = writer.finish()?; // keep `made.encode()` elsewhere, for the next one
///
/// // Elsewhere.
/// let mut input = &stored[..];
/// let header = ArchiveHeader::read_from(&mut input)?;
/// let expected = ExpectedArchive::Series { id: made.id(), min_epoch: 0 };
/// let opener = header.open(&whose, UnwrapWith::Recipient(&offline), expected)?.accept();
/// let mut content = String::new();
/// opener.reader(input)?.read_to_string(&mut content)?;
/// assert_eq!(content, "hello again");
/// # }
/// # Ok(()) }
/// ```
pub struct NewArchive {
    info: ArchiveInfo,
    context: DataContext,
    key: Secret<32>,
    keys: Vec<WrappedKey>,
}

impl NewArchive {
    /// The first archive of a series, for `len` bytes. Draws 16 bytes, and 32.
    ///
    /// # Errors
    /// [`NewArchiveError::TooLong`], [`NewArchiveError::Randomness`].
    pub fn first<R: TryCryptoRng + ?Sized>(
        context: &DataContext,
        created: UnixTime,
        len: u64,
        rng: &mut R,
    ) -> Result<Self, NewArchiveError> {
        check_len(len)?;
        let id: [u8; ID_LEN] = random_array(rng)?;
        let info = ArchiveInfo { id, epoch: 0, previous: [0; 32], created, len };
        Ok(Self::with(info, context, Secret::random(rng)?))
    }

    /// The one after `previous`, for `len` bytes. Draws 32 bytes.
    ///
    /// # Errors
    /// [`NewArchiveError::TooLong`], [`NewArchiveError::Exhausted`], [`NewArchiveError::Randomness`].
    pub fn after<R: TryCryptoRng + ?Sized>(
        previous: &ArchiveInfo,
        context: &DataContext,
        created: UnixTime,
        len: u64,
        rng: &mut R,
    ) -> Result<Self, NewArchiveError> {
        check_len(len)?;
        // The last epoch is not read.
        let epoch = previous.epoch.saturating_add(1);
        if epoch == u64::MAX {
            return Err(NewArchiveError::Exhausted);
        }
        let info =
            ArchiveInfo { id: previous.id, epoch, previous: previous.digest(), created, len };
        Ok(Self::with(info, context, Secret::random(rng)?))
    }

    /// For nobody yet.
    fn with(info: ArchiveInfo, context: &DataContext, key: Secret<32>) -> Self {
        Self { info, context: context.clone(), key, keys: Vec::new() }
    }

    /// Somebody who may open it. Draws what [`WrappedKey::new`] draws.
    ///
    /// # Errors
    /// [`NewArchiveError`].
    pub fn add<R: TryCryptoRng + ?Sized>(
        &mut self,
        with: WrapWith<'_>,
        rng: &mut R,
    ) -> Result<(), NewArchiveError> {
        self.add_wrapped(WrappedKey::new(&self.key, &self.context, with, rng)?)
    }

    /// Somebody who may open it, with [`key`](Self::key) wrapped by the caller, in the archive's context: by a service that is waited for.
    ///
    /// # Errors
    /// [`NewArchiveError::TooMany`], [`NewArchiveError::Duplicate`], [`NewArchiveError::NotPlain`].
    pub fn add_wrapped(&mut self, wrapped: WrappedKey) -> Result<(), NewArchiveError> {
        if self.keys.len() >= MAX_ARCHIVE_RECIPIENTS {
            return Err(NewArchiveError::TooMany);
        }
        if !wrapped.is_plain() || wrapped.purpose() != self.context.purpose() {
            return Err(NewArchiveError::NotPlain);
        }
        if self.keys.iter().any(|other| other.names_the_same(&wrapped)) {
            return Err(NewArchiveError::Duplicate);
        }
        self.keys.push(wrapped);
        Ok(())
    }

    /// The archive's key, to be wrapped by what only the caller can call.
    #[must_use]
    pub const fn key(&self) -> &Secret<32> {
        &self.key
    }

    /// What it will say of itself.
    #[must_use]
    pub const fn info(&self) -> &ArchiveInfo {
        &self.info
    }

    /// Appends the header and the beginning of the body. Draws 24 bytes.
    ///
    /// # Errors
    /// [`NewArchiveError::NoRecipients`], [`NewArchiveError::Randomness`].
    pub fn seal<R: TryCryptoRng + ?Sized>(
        self,
        out: &mut Vec<u8>,
        rng: &mut R,
    ) -> Result<ArchiveSealer, NewArchiveError> {
        let info = self.info;
        let (begin, filler) = self.begin(rng)?;
        out.extend_from_slice(&begin);
        Ok(ArchiveSealer { info, filler, left: info.len })
    }

    /// The header and the beginning of the body, and what makes the rest.
    pub(super) fn begin<R: TryCryptoRng + ?Sized>(
        self,
        rng: &mut R,
    ) -> Result<(Vec<u8>, Filler), NewArchiveError> {
        let Self { info, context, key, keys } = self;
        if keys.is_empty() {
            return Err(NewArchiveError::NoRecipients);
        }
        let salt: [u8; SALT_LEN] = random_array(rng)?;
        let body_key = derive(&key, Label::AtRest(AtRest::ArchiveBody), &context);
        let body = Keys::derive(body_key.expose(), &salt, [BODY_CONTEXT, &info.digest(), &[]]);
        let mut begin = header::encode(&info, &keys, &key, &context);
        let sealer = FileSealer::with(&body, FileId::from_bytes(info.id), Padding::None, &salt);
        begin.extend_from_slice(sealer.header());
        Ok((begin, Filler::new(sealer)))
    }
}

fn check_len(len: u64) -> Result<(), NewArchiveError> {
    if len > MAX_ARCHIVE { Err(NewArchiveError::TooLong) } else { Ok(()) }
}

impl fmt::Debug for NewArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, context: _, key: _, keys } = self;
        let mut debug = f.debug_struct("NewArchive");
        debug.field("info", info).field("keys", keys).finish_non_exhaustive()
    }
}

/// Encrypts the content of an archive.
#[must_use = "an archive that is not finished does not open"]
pub struct ArchiveSealer {
    info: ArchiveInfo,
    filler: Filler,
    /// Bytes that have not come.
    left: u64,
}

impl ArchiveSealer {
    /// Appends what `data` has filled of the body: about as much as was given, in steps of 16 KiB.
    ///
    /// # Errors
    /// [`SealArchiveError`] if this is more than was announced.
    pub fn update(&mut self, mut data: &[u8], out: &mut Vec<u8>) -> Result<(), SealArchiveError> {
        let len = u64::try_from(data.len()).map_err(|_| SealArchiveError)?;
        self.left = self.left.checked_sub(len).ok_or(SealArchiveError)?;
        while !data.is_empty() {
            let len = self.filler.take(data, append(out))?;
            data = data.get(len..).unwrap_or_default();
        }
        Ok(())
    }

    /// Appends the end. Remember what is given back, for the next one of the series.
    ///
    /// # Errors
    /// [`SealArchiveError`] if there was less than was announced. What has been written is no archive then.
    pub fn finish(self, out: &mut Vec<u8>) -> Result<ArchiveInfo, SealArchiveError> {
        if self.left != 0 {
            return Err(SealArchiveError);
        }
        self.filler.finish(append(out))?;
        Ok(self.info)
    }
}

fn append(out: &mut Vec<u8>) -> impl FnMut(&[u8]) -> Result<(), SealArchiveError> {
    |chunk| {
        out.extend_from_slice(chunk);
        Ok(())
    }
}

impl fmt::Debug for ArchiveSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, filler: _, left: _ } = self;
        f.debug_struct("ArchiveSealer").field("info", info).finish_non_exhaustive()
    }
}

/// Why no archive was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NewArchiveError {
    /// Longer than [`limits::MAX_ARCHIVE`](crate::limits::MAX_ARCHIVE).
    TooLong,
    /// More than [`limits::MAX_ARCHIVE_RECIPIENTS`](crate::limits::MAX_ARCHIVE_RECIPIENTS) may open it.
    TooMany,
    /// The same key, service or code twice, or two passphrases: it would not be known which one to try.
    Duplicate,
    /// It is not the archive's key, but a keyring's own root key, or one for another purpose.
    NotPlain,
    /// There have been 2^64 − 1 archives in the series: somebody has made up the one before. Begin another series.
    Exhausted,
    /// Nobody could open it.
    NoRecipients,
    /// The key was not wrapped.
    Wrap(WrapError),
    /// The random number generator failed. Try again when it works.
    Randomness,
}

impl From<RandomnessFailed> for NewArchiveError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}

impl From<WrapError> for NewArchiveError {
    fn from(error: WrapError) -> Self {
        match error {
            WrapError::Randomness => Self::Randomness,
            error => Self::Wrap(error),
        }
    }
}

/// The content is longer or shorter than was announced. What has been written is no archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealArchiveError;

/// It is never longer than a file can be.
impl From<SealFileError> for SealArchiveError {
    fn from(_: SealFileError) -> Self {
        Self
    }
}
