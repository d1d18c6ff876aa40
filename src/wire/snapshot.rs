//! The frame of stored state: magic, kind, version, epoch, body, checksum. Layout in `docs/state.md`, "Frame".
//!
//! A reader accepts the versions that it lists and no other. SPEC: R-105. Knows nothing of what is inside.

use alloc::vec::Vec;
use core::fmt;

use super::codec::{DecodeError, Reader, Writer};
use crate::label::Label;
use crate::primitives::hash;
use crate::secret::wipe;

const MAGIC: &[u8; 4] = b"CFDT";
const VERSION: u8 = 1;
/// Magic, kind, version, epoch before the body; the checksum after it.
const FRAME_LEN: usize = 4 + 1 + 1 + 8 + CHECKSUM_LEN;
const CHECKSUM_LEN: usize = 8;

/// What a snapshot is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SnapshotKind {
    Session,
    PreKeyStore,
    Group,
    Trust,
    Device,
}

impl SnapshotKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Session => 1,
            Self::PreKeyStore => 2,
            Self::Group => 3,
            Self::Trust => 4,
            Self::Device => 5,
        }
    }
}

/// Stored state, with secrets in clear: **seal it before it is written anywhere**. Wiped when dropped.
///
/// The bytes are described in [`docs::state`](crate::docs::state). Store them first, and then the [`epoch`](Self::epoch) where
/// a restored backup does not bring it back, under the name of this session ([`Session::id`](crate::Session::id)),
/// group ([`GroupSession::id`](crate::GroupSession::id)), device ([`StateName`](crate::StateName)) or store: each counts from 0.
pub struct Snapshot {
    epoch: u64,
    bytes: Vec<u8>,
}

impl Snapshot {
    /// The bytes to seal and store.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// How many changes the state had seen when this was taken. Pass the highest that you have stored to `restore`.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Writes a frame around the `body_len` bytes that `body` writes.
    pub(crate) fn write(
        kind: SnapshotKind,
        epoch: u64,
        body_len: usize,
        body: impl FnOnce(&mut Writer),
    ) -> Self {
        let mut writer = Writer::with_len(body_len.saturating_add(FRAME_LEN));
        writer.bytes(MAGIC).u8(kind.byte()).u8(VERSION).bytes(&epoch.to_be_bytes());
        body(&mut writer);
        let checksum = checksum(writer.written());
        writer.bytes(&checksum);
        Self { epoch, bytes: writer.finish() }
    }

    /// The epoch and a reader of the body, if the frame is whole.
    pub(crate) fn open(bytes: &[u8], kind: SnapshotKind) -> Result<(u64, Reader<'_>), DecodeError> {
        let mut reader = Reader::new(bytes);
        if reader.array()? != MAGIC || reader.u8()? != kind.byte() {
            return Err(DecodeError::WrongKind);
        }
        if reader.u8()? != VERSION {
            return Err(DecodeError::UnsupportedVersion);
        }
        let (framed, sum) =
            bytes.split_last_chunk::<CHECKSUM_LEN>().ok_or(DecodeError::Truncated)?;
        if checksum(framed) != *sum {
            return Err(DecodeError::Corrupted);
        }
        let epoch = reader.u64()?;
        let body_len = bytes.len().checked_sub(FRAME_LEN).ok_or(DecodeError::Truncated)?;
        Ok((epoch, Reader::new(reader.slice(body_len)?)))
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        wipe(&mut self.bytes);
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, bytes } = self;
        write!(f, "Snapshot(epoch {epoch}, {} bytes)", bytes.len())
    }
}

fn checksum(framed: &[u8]) -> [u8; CHECKSUM_LEN] {
    let [a, b, c, d, e, f, g, h, ..] = hash::sha256(Label::Snapshot, &[framed]);
    [a, b, c, d, e, f, g, h]
}

/// Why a snapshot is not restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreError {
    /// The bytes are not a snapshot of this kind, or were damaged. Restore another copy.
    Malformed(DecodeError),
    /// The snapshot is older than the epoch that the caller remembers: an old backup, or somebody's attempt to make this
    /// device use keys twice. Begin a new session instead, or pass a lower epoch if the loss is understood
    /// ([`docs::state`](crate::docs::state), "What a rollback costs").
    Stale,
}

/// Is a state of this epoch one that the caller does not know to be old? SPEC: R-43.
pub(crate) const fn check_epoch(epoch: u64, min_epoch: u64) -> Result<(), RestoreError> {
    if epoch < min_epoch { Err(RestoreError::Stale) } else { Ok(()) }
}

impl From<DecodeError> for RestoreError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}
