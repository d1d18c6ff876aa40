//! A session's snapshot, taken apart as `docs/state.md` says: what the vectors list of a state.

use std::vec::Vec;

use serde_json::{Value, json};

use super::given::hex;
use crate::Session;
use crate::wire::codec::{DecodeError, Reader};
use crate::wire::snapshot::{Snapshot, SnapshotKind};

pub(super) type Position = (u32, u32);

pub(super) struct Stored {
    pub(super) epoch: u64,
    suite: u8,
    role: u8,
    /// Identity ‖ address.
    peer: Vec<u8>,
    th: [u8; 32],
    prefix_hash: [u8; 32],
    pub(super) prefix: Vec<u8>,
    exporter_key: [u8; 32],
    max_jump: u32,
    max_stored: u32,
    pub(super) root_key: [u8; 32],
    pub(super) remote: [u8; 32],
    pub(super) sending: Sending,
    receiving: Option<Receiving>,
    pub(super) retired: Vec<([u8; 32], u32, u32)>,
    pub(super) forgotten: Position,
    pub(super) marks: Vec<(u64, Position)>,
    kept: Vec<(Position, [u8; 32])>,
}

pub(super) enum Sending {
    Idle { last_sent: u32 },
    Active(Active),
}

pub(super) struct Active {
    pub(super) secret: [u8; 32],
    pub(super) public: [u8; 32],
    pub(super) pn: u32,
    pub(super) n: u32,
    pub(super) chain_key: [u8; 32],
}

struct Receiving {
    index: u32,
    n: u32,
    chain_key: [u8; 32],
}

impl Stored {
    pub(super) fn of(session: &Session) -> Self {
        Self::read(session.snapshot().expose())
    }

    pub(super) fn read(snapshot: &[u8]) -> Self {
        let (epoch, reader) = Snapshot::open(snapshot, SnapshotKind::Session).unwrap();
        Self::read_body(epoch, reader).unwrap()
    }

    fn read_body(epoch: u64, mut reader: Reader<'_>) -> Result<Self, DecodeError> {
        let r = &mut reader;
        let stored = Self {
            epoch,
            suite: r.u8()?,
            role: r.u8()?,
            peer: [&r.array::<64>()?[..], &r.address()?.encode()].concat(),
            th: *r.array()?,
            prefix_hash: *r.array()?,
            prefix: {
                let len = r.u16()?;
                r.slice(len.into())?.to_vec()
            },
            exporter_key: *r.array()?,
            max_jump: r.u32()?,
            max_stored: r.u32()?,
            root_key: *r.array()?,
            remote: *r.array()?,
            sending: sending(r)?,
            receiving: receiving(r)?,
            retired: {
                let count = r.u8()?.into();
                list(r, count, |r| Ok((*r.array()?, r.u32()?, r.u32()?)))?
            },
            forgotten: position(r)?,
            marks: {
                let count = r.u8()?.into();
                list(r, count, |r| Ok((r.u64()?, position(r)?)))?
            },
            kept: {
                let count = r.u32()?;
                list(r, count, |r| Ok((position(r)?, *r.array()?)))?
            },
        };
        reader.finish(stored)
    }

    /// The fields as the vectors list them.
    pub(super) fn fields(&self) -> Value {
        let mut fields = json!({
            "epoch": self.epoch, "suite": self.suite, "role": self.role, "peer": hex(&self.peer), "th": hex(self.th),
            "prefix_hash": hex(self.prefix_hash), "prefix": hex(&self.prefix), "exporter_key": hex(self.exporter_key),
            "max_jump": self.max_jump, "max_stored": self.max_stored, "root_key": hex(self.root_key),
            "remote": hex(self.remote), "sending": self.sending.fields(), "forgotten": self.forgotten,
            "retired": Vec::from_iter(self.retired.iter().map(
                |(key, index, length)| json!({"ratchet_key": hex(key), "index": index, "length": length}))),
            "marks": Vec::from_iter(self.marks.iter().map(|(time, at)| json!({"time": time, "position": at}))),
            "kept": Vec::from_iter(self.kept.iter().map(
                |(at, key)| json!({"position": at, "message_key": hex(key)}))),
        });
        if let Some(Receiving { index, n, chain_key }) = &self.receiving {
            fields["receiving"] = json!({"index": index, "n": n, "chain_key": hex(chain_key)});
        }
        fields
    }
}

impl Sending {
    fn fields(&self) -> Value {
        match self {
            Self::Idle { last_sent } => json!({"active": false, "last_sent": last_sent}),
            Self::Active(Active { secret, public, pn, n, chain_key }) => json!({
                "active": true, "secret": hex(secret), "public": hex(public), "pn": pn, "n": n,
                "chain_key": hex(chain_key),
            }),
        }
    }
}

fn sending(r: &mut Reader<'_>) -> Result<Sending, DecodeError> {
    if !r.flag(DecodeError::NotCanonical)? {
        return Ok(Sending::Idle { last_sent: r.u32()? });
    }
    let (secret, public) = (*r.array()?, *r.array()?);
    let (pn, n) = (r.u32()?, r.u32()?);
    Ok(Sending::Active(Active { secret, public, pn, n, chain_key: *r.array()? }))
}

fn receiving(r: &mut Reader<'_>) -> Result<Option<Receiving>, DecodeError> {
    if !r.flag(DecodeError::NotCanonical)? {
        return Ok(None);
    }
    let (index, n) = (r.u32()?, r.u32()?);
    Ok(Some(Receiving { index, n, chain_key: *r.array()? }))
}

pub(super) fn position(r: &mut Reader<'_>) -> Result<Position, DecodeError> {
    Ok((r.u32()?, r.u32()?))
}

pub(super) fn list<T>(
    r: &mut Reader<'_>,
    count: u32,
    read: fn(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    (0..count).map(|_| read(r)).collect()
}
