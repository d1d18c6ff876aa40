//! The record of handshakes that used no one-time key: bounded, and nothing is ever evicted from it. SPEC.
//!
//! Two sessions with one shared key would break forward secrecy for both. A handshake with a one-time key cannot be
//! replayed, because the key is gone; for the others this record refuses what it has seen, and everything once it is full.

use alloc::collections::BTreeSet;

use crate::limits::MAX_REPLAY_TAGS;
use crate::wire::codec::{DecodeError, Reader};

/// 16 bytes of the handshake's key schedule. By chance an honest handshake is refused once in 2^114 for a full record.
pub(crate) type ReplayTag = [u8; 16];

/// The tags of one signed pre-key's handshakes. It goes when the pre-key goes: then its messages fail by themselves.
#[derive(Default)]
pub(crate) struct ReplayRecord(BTreeSet<ReplayTag>);

/// Why a handshake is refused.
#[derive(Debug)]
pub(crate) enum Replay {
    Seen,
    Full,
}

impl ReplayRecord {
    pub(crate) fn check(&self, tag: &ReplayTag) -> Result<(), Replay> {
        if self.0.contains(tag) {
            Err(Replay::Seen)
        } else if self.remaining() == 0 {
            Err(Replay::Full)
        } else {
            Ok(())
        }
    }

    /// Adds a tag that was checked.
    pub(crate) fn insert(&mut self, tag: ReplayTag) {
        self.0.insert(tag);
    }

    /// How many more handshakes can be recorded.
    pub(crate) fn remaining(&self) -> usize {
        MAX_REPLAY_TAGS.saturating_sub(self.0.len())
    }

    /// Reads a counted list of tags; they must be ascending.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = usize::from(reader.u16()?);
        let mut record = Self::default();
        for _ in 0..reader.count(count, MAX_REPLAY_TAGS, size_of::<ReplayTag>())? {
            let tag = *reader.array()?;
            if record.0.last().is_some_and(|last| *last >= tag) {
                return Err(DecodeError::NotCanonical);
            }
            record.0.insert(tag);
        }
        Ok(record)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Ascending.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &ReplayTag> {
        self.0.iter()
    }
}
