//! A device record's snapshot. Layout in `docs/state.md`, "Device record".

use alloc::collections::VecDeque;

use super::device::DeviceRecord;
use super::frame::{MAX_ASIDE, Name, read_name, read_names, write_names};
use super::kept::{Kept, Older, Standing};
use super::retry::Asked;
use crate::keys::time::UnixTime;
use crate::limits::{MAX_OLDER_SESSIONS, MAX_PUT_ASIDE};
use crate::session::Session;
use crate::wire::codec::{DecodeError, Reader, Writer};
use crate::wire::snapshot::{RestoreError, Snapshot, SnapshotKind, check_epoch};

const ASKED_LEN: usize = 1 + 8 + 8;
const TIME_LEN: usize = 8;
/// Of a session without its names and its body: began, sent, received, standing, rank, number of names, length of a chain.
const KEPT_LEN: usize = 8 + 8 + 8 + 1 + Name::LEN + 1 + 4;
/// Presence of stale, asked and active; numbers of names and older sessions.
const FIXED_LEN: usize = 5;

impl DeviceRecord {
    /// The whole record, secrets in clear: seal it, then store it. A change set has it already.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::write(SnapshotKind::Device, self.epoch, self.body_len(), |writer| {
            let Self { address, stale, asked, put_aside, active, older, epoch: _ } = self;
            writer.address(address).u8(u8::from(stale.is_some()));
            if let Some(since) = stale {
                writer.time(*since);
            }
            writer.u8(u8::from(asked.is_some()));
            if let Some(Asked { count, first, last }) = asked {
                writer.u8(*count).time(*first).time(*last);
            }
            write_names(writer, put_aside.iter());
            writer.u8(u8::from(active.is_some()));
            if let Some(kept) = active {
                write_kept(writer, kept);
            }
            writer.u8_len(older.len());
            for Older { until, kept } in older {
                write_kept(writer.time(*until), kept);
            }
        })
    }

    fn body_len(&self) -> usize {
        let older = self.older.len().saturating_mul(TIME_LEN);
        let kept = self.kept().map(kept_len).fold(0, usize::saturating_add);
        FIXED_LEN
            .saturating_add(self.address.encoded_len())
            .saturating_add(self.stale.map_or(0, |_| TIME_LEN))
            .saturating_add(self.asked.map_or(0, |_| ASKED_LEN))
            .saturating_add(self.put_aside.len().saturating_mul(Name::LEN))
            .saturating_add(older)
            .saturating_add(kept)
    }

    /// Reads a snapshot that is not older than `min_epoch`, the highest epoch that the caller has stored for this record (0 if it keeps none). SPEC: R-43.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(snapshot: &[u8], min_epoch: u64) -> Result<Self, RestoreError> {
        let (epoch, mut reader) = Snapshot::open(snapshot, SnapshotKind::Device)?;
        let record = Self {
            address: reader.address()?,
            stale: reader.optional(Reader::time)?,
            asked: reader.optional(read_asked)?,
            put_aside: read_names(&mut reader, MAX_PUT_ASIDE)?.into(),
            active: reader.optional(read_kept)?,
            older: read_older(&mut reader)?,
            epoch,
        };
        let record = reader.finish(record)?;
        if !record.is_consistent() {
            return Err(DecodeError::NotCanonical.into());
        }
        check_epoch(epoch, min_epoch)?;
        Ok(record)
    }

    /// All sessions are with this device, with one identity, and each is there once. Older ones put nothing aside any more.
    fn is_consistent(&self) -> bool {
        let identity = self.identity();
        let is_ours = |kept: &Kept| {
            let peer = kept.session.peer();
            let same = self.kept().filter(|other| other.session.id() == kept.session.id());
            Some(peer.identity()) == identity
                && *peer.address() == self.address
                && same.count() == 1
        };
        self.kept().all(is_ours) && self.older.iter().all(|older| older.kept.aside.is_empty())
    }
}

fn kept_len(kept: &Kept) -> usize {
    let names = kept.aside.len().saturating_mul(Name::LEN);
    KEPT_LEN.saturating_add(names).saturating_add(kept.session.body_len())
}

fn write_kept(writer: &mut Writer, kept: &Kept) {
    let Kept { session, began, sent, received, standing, rank, aside, len_before } = kept;
    writer.time(*began).u64(*sent).u64(*received).u8(standing.byte()).bytes(&rank.0);
    write_names(writer, aside.iter());
    writer.u32(*len_before);
    session.write_body(writer);
}

fn read_asked(reader: &mut Reader<'_>) -> Result<Asked, DecodeError> {
    let asked = Asked { count: reader.u8()?, first: reader.time()?, last: reader.time()? };
    let is_answered = asked.count == 0;
    let is_canonical = asked.first <= asked.last && (!is_answered || asked.first == asked.last);
    if is_canonical { Ok(asked) } else { Err(DecodeError::NotCanonical) }
}

fn read_kept(reader: &mut Reader<'_>) -> Result<Kept, DecodeError> {
    let began: UnixTime = reader.time()?;
    let (sent, received) = (reader.u64()?, reader.u64()?);
    let byte = reader.u8()?;
    let standing = Standing::ALL.into_iter().find(|standing| standing.byte() == byte);
    let standing = standing.ok_or(DecodeError::NotCanonical)?;
    let (rank, aside) = (read_name(reader)?, read_names(reader, MAX_ASIDE)?);
    let len_before = reader.u32()?;
    // The record's epoch counts its sessions' changes too.
    let session = Session::read_body(reader, 0)?;
    Ok(Kept { session, began, sent, received, standing, rank, aside, len_before })
}

fn read_older(reader: &mut Reader<'_>) -> Result<VecDeque<Older>, DecodeError> {
    let count = usize::from(reader.u8()?);
    let count = reader.count(count, MAX_OLDER_SESSIONS, TIME_LEN)?;
    (0..count).map(|_| Ok(Older { until: reader.time()?, kept: read_kept(reader)? })).collect()
}
