//! A group's snapshot, taken apart as `docs/state.md` says: what the vectors list of a state.

use std::vec::Vec;

use serde_json::{Value, json};

use super::given::hex;
use super::parties::secret;
use super::stored::{Position, list, position};
use crate::group::epoch::{EpochId, scope};
use crate::group::message::KeyId;
use crate::primitives::sign::SigningKey;
use crate::wire::codec::{DecodeError, Reader};
use crate::wire::snapshot::{Snapshot, SnapshotKind};
use crate::{Address, GroupId, GroupSession, Member};

pub(super) struct StoredGroup {
    /// The epoch of the frame.
    pub(super) changes: u64,
    group: GroupId,
    us: Member,
    number: u64,
    pub(super) members: Vec<Member>,
    before: Vec<EpochId>,
    came: u64,
    messages: u32,
    seconds: u64,
    pub(super) own: Option<Own>,
    pub(super) due: bool,
    pub(super) given: Vec<Address>,
    pub(super) next_order: u64,
    pub(super) keys: Vec<Key>,
}

/// Our sender key.
pub(super) struct Own {
    epoch: EpochId,
    pub(super) commitment: [u8; 32],
    created: u64,
    pub(super) secret: [u8; 32],
    pub(super) iteration: u32,
    pub(super) chain_key: [u8; 32],
}

/// Another device's.
pub(super) struct Key {
    pub(super) id: [u8; 16],
    sender: Address,
    pub(super) epoch: EpochId,
    public: [u8; 32],
    pub(super) first: u32,
    pub(super) order: u64,
    next: u32,
    chain_key: [u8; 32],
    pub(super) forgotten: Position,
    pub(super) marks: Vec<(u64, Position)>,
    pub(super) kept: Vec<(Position, [u8; 32])>,
}

impl StoredGroup {
    pub(super) fn of(group: &GroupSession) -> Self {
        Self::read(group.snapshot().expose())
    }

    pub(super) fn read(snapshot: &[u8]) -> Self {
        let (changes, reader) = Snapshot::open(snapshot, SnapshotKind::Group).unwrap();
        Self::read_body(changes, reader).unwrap()
    }

    fn read_body(changes: u64, mut reader: Reader<'_>) -> Result<Self, DecodeError> {
        let r = &mut reader;
        let stored = Self {
            changes,
            group: {
                let len = r.u8()?;
                GroupId::new(r.slice(len.into())?).unwrap()
            },
            us: member(r)?,
            number: r.u64()?,
            members: {
                let count = r.u32()?;
                list(r, count, member)?
            },
            before: {
                let count = r.u8()?.into();
                list(r, count, epoch)?
            },
            came: r.u64()?,
            messages: r.u32()?,
            seconds: r.u64()?,
            own: if r.flag(DecodeError::NotCanonical)? { Some(own(r)?) } else { None },
            due: r.flag(DecodeError::NotCanonical)?,
            given: {
                let count = r.u32()?;
                list(r, count, |r| r.address())?
            },
            next_order: r.u64()?,
            keys: {
                let count = r.u32()?;
                list(r, count, key)?
            },
        };
        reader.finish(stored)
    }

    pub(super) fn own_scope(&self) -> [u8; 32] {
        let own = self.own.as_ref().unwrap();
        scope(&self.group, &own.epoch, &self.us.address, &self.us.identity)
    }

    pub(super) fn own_key_id(&self) -> KeyId {
        let own = self.own.as_ref().unwrap();
        KeyId::new(&self.own_scope(), &own.commitment, &own.public())
    }

    pub(super) fn key(&self, id: KeyId) -> &Key {
        self.keys.iter().find(|key| key.id == id.0).unwrap()
    }

    /// The fields as the vectors list them.
    pub(super) fn fields(&self) -> Value {
        let members = self.members.iter().map(
            |member| json!({"address": hex(member.address.encode()), "identity": hex(member.identity.to_bytes())}),
        );
        let before = self
            .before
            .iter()
            .map(|epoch| json!({"epoch": epoch.number, "members_hash": hex(epoch.members)}));
        let mut fields = json!({
            "snapshot_epoch": self.changes, "group": hex(self.group.as_bytes()), "address": hex(self.us.address.encode()),
            "identity": hex(self.us.identity.to_bytes()), "epoch": self.number, "members": Vec::from_iter(members),
            "before": Vec::from_iter(before), "came": self.came,
            "rotation": {"messages": self.messages, "seconds": self.seconds}, "due": self.due,
            "given": Vec::from_iter(self.given.iter().map(|address| hex(address.encode()))),
            "next_order": self.next_order, "keys": Vec::from_iter(self.keys.iter().map(Key::fields)),
        });
        if let Some(own) = &self.own {
            fields["own"] = own.fields();
        }
        fields
    }
}

impl Own {
    pub(super) fn signing(&self) -> SigningKey {
        SigningKey::new(&secret(&self.secret))
    }

    pub(super) fn public(&self) -> [u8; 32] {
        *self.signing().public().as_bytes()
    }

    fn fields(&self) -> Value {
        let Self { epoch, commitment, created, secret, iteration, chain_key } = self;
        json!({
            "epoch": epoch.number, "members_hash": hex(epoch.members), "commitment": hex(commitment),
            "created": created, "secret": hex(secret), "iteration": iteration, "chain_key": hex(chain_key),
        })
    }
}

impl Key {
    fn fields(&self) -> Value {
        json!({
            "key_id": hex(self.id), "sender": hex(self.sender.encode()), "epoch": self.epoch.number,
            "members_hash": hex(self.epoch.members), "public": hex(self.public), "first": self.first,
            "order": self.order, "next": self.next, "chain_key": hex(self.chain_key), "forgotten": self.forgotten,
            "marks": Vec::from_iter(self.marks.iter().map(|(time, at)| json!({"time": time, "position": at}))),
            "kept": Vec::from_iter(self.kept.iter().map(
                |(at, key)| json!({"position": at, "message_key": hex(key)}))),
        })
    }
}

fn member(r: &mut Reader<'_>) -> Result<Member, DecodeError> {
    Ok(Member::new(r.address()?, r.identity()?))
}

fn epoch(r: &mut Reader<'_>) -> Result<EpochId, DecodeError> {
    Ok(EpochId { number: r.u64()?, members: *r.array()? })
}

fn own(r: &mut Reader<'_>) -> Result<Own, DecodeError> {
    Ok(Own {
        epoch: epoch(r)?,
        commitment: *r.array()?,
        created: r.u64()?,
        secret: *r.array()?,
        iteration: r.u32()?,
        chain_key: *r.array()?,
    })
}

fn key(r: &mut Reader<'_>) -> Result<Key, DecodeError> {
    Ok(Key {
        id: *r.array()?,
        sender: r.address()?,
        epoch: epoch(r)?,
        public: *r.array()?,
        first: r.u32()?,
        order: r.u64()?,
        next: r.u32()?,
        chain_key: *r.array()?,
        forgotten: position(r)?,
        marks: {
            let count = r.u8()?.into();
            list(r, count, |r| Ok((r.u64()?, position(r)?)))?
        },
        kept: {
            let count = r.u32()?;
            list(r, count, |r| Ok((position(r)?, *r.array()?)))?
        },
    })
}
