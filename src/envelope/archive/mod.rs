//! An archive: a backup or an export, for several who may open it, in a series that cannot be cut or reordered unseen.
//!
//! ```text
//! core   = "EAR" ‖ '1' ‖ version = 1 ‖ flags = 0 ‖ archive id(16) ‖ epoch(8) ‖ previous(32) ‖ created(8) ‖ length of the text(8)
//! header = core ‖ n(2) ‖ n × lp16(wrapped archive key) ‖ HMAC-SHA-256(MAC key, everything before)
//! body   = Cobblestone-256(body key, salt, context = "archive" ‖ digest, text)
//!
//! digest   = SHA-256(Label::AtRest(AtRest::ArchiveCore) ‖ core)        `previous` of the next archive of the series
//! MAC key  = HKDF-Expand(archive key, Label::AtRest(AtRest::ArchiveMac) ‖ data context, 32)
//! body key = HKDF-Expand(archive key, Label::AtRest(AtRest::ArchiveBody) ‖ data context, 32)
//! ```
//!
//! It is as strong as the weakest of its recipients: whoever opens it with a passphrase has the key that everybody else has, and can
//! make another archive of it. So nothing in it proves who made it: [`Unauthenticated`](super::claim::Unauthenticated).
//!
//! Nothing is compressed here: what is compressed tells by its length what was in it, where others choose a part of that. SPEC: R-104.

pub(crate) mod header;
pub(crate) mod open;
pub(crate) mod seal;
#[cfg(feature = "std")]
pub(crate) mod streams;

use crate::envelope::context::DataContext;
use crate::keys::time::UnixTime;
use crate::label::{AtRest, Label};
use crate::limits::MAX_ARCHIVE;
use crate::primitives::hash;
use crate::primitives::kdf::expand;
use crate::secret::{Secret, Transient};
use crate::wire::codec::{DecodeError, Reader, joined};
use crate::wire::kind::StoredKind;

const VERSION: u8 = 1;
const ID_LEN: usize = 16;
const DIGEST_LEN: usize = 32;
const CORE_LEN: usize = 4 + 1 + 1 + ID_LEN + 8 + DIGEST_LEN + 8 + 8;
/// What the context of a body begins with.
const BODY_CONTEXT: &[u8] = b"archive";

/// What an archive says of itself. 16 bytes name the series; the epoch counts its archives from 0; each names the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveInfo {
    id: [u8; ID_LEN],
    epoch: u64,
    previous: [u8; DIGEST_LEN],
    created: UnixTime,
    len: u64,
}

impl ArchiveInfo {
    /// The series.
    #[must_use]
    pub const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Its place in the series.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// When it was made, as its maker says.
    #[must_use]
    pub const fn created(&self) -> UnixTime {
        self.created
    }

    /// Length of what is in it.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is no collection")]
    pub const fn len(&self) -> u64 {
        self.len
    }

    /// The digest of the archive before it; zeros for the first one.
    #[must_use]
    pub const fn previous(&self) -> [u8; 32] {
        self.previous
    }

    /// Its own digest, which the next one names: 32 bytes that tell two histories apart.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        hash::sha256(Label::AtRest(AtRest::ArchiveCore), &[&self.encode()])
    }

    /// The bytes to keep, for the next archive of the series: what an archive begins with (its *core*). Not secret.
    #[must_use]
    pub fn encode(&self) -> [u8; 78] {
        let Self { id, epoch, previous, created, len } = self;
        let (epoch, created, len) =
            (epoch.to_be_bytes(), created.as_secs().to_be_bytes(), len.to_be_bytes());
        let begin = [VERSION, NO_FLAGS];
        joined(&[StoredKind::Archive.magic(), &begin, id, &epoch, previous, &created, &len])
    }

    /// Reads what [`encode`](Self::encode) gave, from where the caller has kept it. What an archive says of itself is only
    /// [claimed](header::ArchiveHeader::claimed) until it is opened.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let info = Self::read(&mut reader)?;
        reader.finish(info)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.stored(StoredKind::Archive)?;
        if reader.u8()? != VERSION {
            return Err(DecodeError::UnsupportedVersion);
        }
        if reader.u8()? != NO_FLAGS {
            return Err(DecodeError::InvalidFlags);
        }
        let (id, epoch, previous) = (*reader.array()?, reader.u64()?, *reader.array()?);
        let (created, len) = (reader.time()?, reader.u64()?);
        if len > MAX_ARCHIVE {
            return Err(DecodeError::TooLong);
        }
        // The first one follows nothing, and nothing else does; the last epoch has no next one.
        if epoch == u64::MAX || (epoch == 0) != (previous == [0; DIGEST_LEN]) {
            return Err(DecodeError::NotCanonical);
        }
        Ok(Self { id, epoch, previous, created, len })
    }
}

const NO_FLAGS: u8 = 0;

fn derive(key: &Secret<32>, label: Label, context: &DataContext) -> Transient<32> {
    expand(key.expose(), &[label.bytes(), context.as_bytes()])
}
