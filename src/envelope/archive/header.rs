//! The header of an archive: what it is, and who may open it.

use alloc::vec::Vec;
use core::fmt;

use super::open::{ArchiveError, ArchiveOpener};
use super::{ArchiveInfo, CORE_LEN, derive};
use crate::envelope::claim::Unauthenticated;
use crate::envelope::context::DataContext;
use crate::envelope::kek::UnwrapWith;
use crate::envelope::wrap::WrappedKey;
use crate::label::{AtRest, Label};
use crate::limits::MAX_ARCHIVE_RECIPIENTS;
use crate::primitives::mac::{self, MAC_LEN};
use crate::secret::{Secret, Transient};
use crate::wire::codec::{DecodeError, Reader, Writer};

const COUNT_LEN: usize = 2;
const LENGTH_LEN: usize = 2;

/// Which archive the caller expects.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ExpectedArchive<'a> {
    /// Any: a first restore, with nothing to compare.
    Any,
    /// One of this series, not before this place in it.
    Series {
        /// The series.
        id: [u8; 16],
        /// The lowest epoch that is accepted: the highest that was seen.
        min_epoch: u64,
    },
    /// The one that comes right after this.
    After(&'a ArchiveInfo),
}

impl ExpectedArchive<'_> {
    fn check(self, info: &ArchiveInfo) -> Result<(), ArchiveError> {
        let (id, min_epoch) = match self {
            Self::Any => return Ok(()),
            Self::Series { id, min_epoch } => (id, min_epoch),
            Self::After(previous) => (previous.id, previous.epoch.saturating_add(1)),
        };
        if id != info.id {
            return Err(ArchiveError::WrongArchive);
        }
        if info.epoch < min_epoch {
            return Err(ArchiveError::Stale);
        }
        match self {
            Self::After(previous)
                if info.epoch != min_epoch || info.previous != previous.digest() =>
            {
                Err(ArchiveError::BrokenChain)
            }
            _ => Ok(()),
        }
    }
}

/// The header of an archive, well-formed, and not authenticated before it is opened.
pub struct ArchiveHeader {
    info: ArchiveInfo,
    keys: Vec<WrappedKey>,
    /// All of it, with its MAC.
    bytes: Vec<u8>,
}

impl ArchiveHeader {
    /// How many bytes have to be read before more can be said, where these are the first ones of an archive; as many as there are when they
    /// are a header. Never more than 64 KiB at a time.
    ///
    /// # Errors
    /// [`ArchiveError`], as for [`decode`](Self::decode), as soon as it can be known.
    pub fn needed(bytes: &[u8]) -> Result<usize, ArchiveError> {
        let mut reader = Reader::new(bytes);
        let mut needed = CORE_LEN.saturating_add(COUNT_LEN);
        if bytes.len() < needed {
            return Ok(needed);
        }
        ArchiveInfo::read(&mut reader)?;
        for _ in 0..count(&mut reader)? {
            needed = needed.saturating_add(LENGTH_LEN);
            if bytes.len() < needed {
                return Ok(needed);
            }
            let len = usize::from(reader.u16()?);
            needed = needed.saturating_add(len);
            if bytes.len() < needed {
                return Ok(needed);
            }
            reader.slice(len)?;
        }
        Ok(needed.saturating_add(MAC_LEN))
    }

    /// Reads a header, all of it and nothing else.
    ///
    /// # Errors
    /// [`ArchiveError::Malformed`], [`ArchiveError::Truncated`], [`ArchiveError::Unsupported`], [`ArchiveError::Limit`].
    pub fn decode(bytes: &[u8]) -> Result<Self, ArchiveError> {
        let mut reader = Reader::new(bytes);
        let info = ArchiveInfo::read(&mut reader)?;
        let mut keys: Vec<WrappedKey> = Vec::new();
        for _ in 0..count(&mut reader)? {
            let key = WrappedKey::decode(reader.lp16()?)?;
            if keys.iter().any(|other| other.names_the_same(&key)) {
                return Err(DecodeError::NotCanonical.into());
            }
            keys.push(key);
        }
        reader.slice(MAC_LEN)?;
        reader.finish(())?;
        Ok(Self { info, keys, bytes: bytes.to_vec() })
    }

    /// Who may open it: to see what to ask the user for.
    #[must_use]
    pub fn wrapped_keys(&self) -> &[WrappedKey] {
        &self.keys
    }

    /// What it says of itself, **which nothing has authenticated yet**: to find what was stored of the series.
    #[must_use]
    pub const fn claimed(&self) -> &ArchiveInfo {
        &self.info
    }

    /// Opens it. Of the wrapped keys, the one that names what is given is tried, and no other.
    ///
    /// # Errors
    /// [`ArchiveError`]; [`ArchiveError::Unwrap`] with [`UnwrapError::WrongKek`](crate::UnwrapError::WrongKek) if it is not for whoever this is.
    pub fn open(
        &self,
        context: &DataContext,
        with: UnwrapWith<'_>,
        expected: ExpectedArchive<'_>,
    ) -> Result<Unauthenticated<ArchiveOpener>, ArchiveError> {
        let key = WrappedKey::open_named(&self.keys, context, with)?;
        self.open_with_key(context, &key, expected)
    }

    /// The same with the archive's key, which the caller has unwrapped: by a service that is waited for.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub fn open_with_key(
        &self,
        context: &DataContext,
        key: &Secret<32>,
        expected: ExpectedArchive<'_>,
    ) -> Result<Unauthenticated<ArchiveOpener>, ArchiveError> {
        let mac_key = mac_key(key, context);
        mac::verify(mac_key.expose(), &self.bytes).map_err(|_| ArchiveError::UnauthenticHeader)?;
        expected.check(&self.info)?;
        let body_key = derive(key, Label::AtRest(AtRest::ArchiveBody), context);
        Ok(Unauthenticated::new(ArchiveOpener::new(self.info, body_key.store())))
    }
}

impl fmt::Debug for ArchiveHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { info, keys, bytes: _ } = self;
        let mut debug = f.debug_struct("ArchiveHeader");
        debug.field("info", info).field("keys", keys).finish_non_exhaustive()
    }
}

/// How many wrapped keys there are, at least one. What is claimed beyond the limit is refused here.
fn count(reader: &mut Reader<'_>) -> Result<u16, DecodeError> {
    let count = reader.u16()?;
    if usize::from(count) > MAX_ARCHIVE_RECIPIENTS {
        return Err(DecodeError::TooMany);
    }
    if count == 0 { Err(DecodeError::NotCanonical) } else { Ok(count) }
}

pub(super) fn encode(
    info: &ArchiveInfo,
    keys: &[WrappedKey],
    key: &Secret<32>,
    context: &DataContext,
) -> Vec<u8> {
    let lens = keys.iter().map(|key| key.as_bytes().len().saturating_add(LENGTH_LEN));
    let fixed = CORE_LEN.saturating_add(COUNT_LEN).saturating_add(MAC_LEN);
    let mut writer = Writer::with_len(lens.fold(fixed, usize::saturating_add));
    writer.bytes(&info.encode()).u16_len(keys.len());
    for wrapped in keys {
        writer.lp16(wrapped.as_bytes());
    }
    writer.finish_with_mac(mac_key(key, context).expose())
}

fn mac_key(key: &Secret<32>, context: &DataContext) -> Transient<32> {
    derive(key, Label::AtRest(AtRest::ArchiveMac), context)
}
