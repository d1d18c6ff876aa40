//! A group's snapshot, taken apart as `docs/state.md` says: what the vectors list of a state.

use std::vec::Vec;

use serde_json::{Value, json};

use super::given::hex;
use super::parties::secret;
use super::stored::{Position, list, position};
use crate::group::epoch::{Epoch, EpochId, scope};
use crate::group::message::KeyId;
use crate::primitives::sign::SigningKey;
use crate::wire::codec::{DecodeError, Reader};
use crate::wire::snapshot::{Snapshot, SnapshotKind};
use crate::{Address, GroupId, GroupSession, Party, Peer};

pub(super) struct StoredGroup {
    /// The epoch of the frame.
    pub(super) changes: u64,
    group: GroupId,
    us: Party,
    number: u64,
    pub(super) members: Vec<Party>,
    /// Of each member, in their order.
    since: Vec<u64>,
    /// Of each member, in their order: the place of the first of its keys that is not over.
    first_keys: Vec<Place>,
    pub(super) before: Vec<EpochId>,
    last_removal: u64,
    messages: u32,
    seconds: u64,
    pub(super) own: Option<Own>,
    pub(super) due: bool,
    pub(super) given: Vec<Address>,
    next_key: u32,
    pub(super) keys: Vec<Key>,
}

/// Of a key among its sender's: the number of its epoch, and its own.
pub(super) type Place = (u64, u32);

/// Our sender key.
pub(super) struct Own {
    epoch: EpochId,
    pub(super) number: u32,
    pub(super) commitment: [u8; 32],
    created: u64,
    pub(super) secret: [u8; 32],
    pub(super) iteration: u32,
    pub(super) chain_key: [u8; 32],
}

/// Another device's.
pub(super) struct Key {
    pub(super) id: [u8; 16],
    pub(super) sender: Address,
    made: Place,
    until: u64,
    public: [u8; 32],
    pub(super) first: u32,
    pub(super) mark: Option<u64>,
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
        let group = {
            let len = r.u8()?;
            GroupId::new(r.slice(len.into())?).unwrap()
        };
        let (us, number, count) = (party(r)?, r.u64()?, r.u32()?);
        let members = list(r, count, |r| Ok((party(r)?, (r.u64()?, place(r)?))))?;
        let (members, places): (_, Vec<_>) = members.into_iter().unzip();
        let (since, first_keys) = places.into_iter().unzip();
        let stored = Self {
            changes,
            group,
            us,
            number,
            members,
            since,
            first_keys,
            before: {
                let count = r.u16()?.into();
                list(r, count, epoch)?
            },
            last_removal: r.u64()?,
            messages: r.u32()?,
            seconds: r.u64()?,
            own: if r.flag(DecodeError::NotCanonical)? { Some(own(r)?) } else { None },
            due: r.flag(DecodeError::NotCanonical)?,
            given: {
                let count = r.u32()?;
                list(r, count, |r| r.address())?
            },
            next_key: r.u32()?,
            keys: {
                let count = r.u32()?;
                list(r, count, key)?
            },
        };
        reader.finish(stored)
    }

    /// Whom the next distribution is for.
    pub(super) fn awaiting(&self) -> impl Iterator<Item = &Party> {
        self.members.iter().filter(|member| {
            member.address != self.us.address && (self.due || !self.given.contains(&member.address))
        })
    }

    /// Us in the epoch in which we are.
    pub(super) fn current_scope(&self) -> [u8; 32] {
        self.scope(&self.current())
    }

    /// Us in the epoch in which our key was made.
    pub(super) fn own_scope(&self) -> [u8; 32] {
        self.scope(&self.own.as_ref().unwrap().epoch)
    }

    fn scope(&self, epoch: &EpochId) -> [u8; 32] {
        scope(&self.group, epoch, &Peer::new(self.us.identity, self.us.address.clone()))
    }

    /// The epoch in which we are.
    pub(super) fn current(&self) -> EpochId {
        let members =
            Epoch::new(&self.group, self.number, self.members.clone()).unwrap().id.members;
        EpochId { number: self.number, members }
    }

    pub(super) fn own_key_id(&self) -> KeyId {
        let own = self.own.as_ref().unwrap();
        KeyId::new(&self.own_scope(), &own.commitment, &own.public())
    }

    pub(super) fn key(&self, id: KeyId) -> &Key {
        self.keys.iter().find(|key| key.id == id.0).unwrap()
    }

    /// The first key of this member that is not over.
    pub(super) fn first_key(&self, member: &Address) -> Place {
        let at = self.members.iter().position(|listed| listed.address == *member);
        self.first_keys[at.unwrap()]
    }

    /// The fields as the vectors list them.
    pub(super) fn fields(&self) -> Value {
        let places = self.since.iter().zip(&self.first_keys);
        let members = self.members.iter().zip(places).map(|(member, (since, first_key))| {
            json!({
                "address": hex(member.address.encode()), "identity": hex(member.identity.to_bytes()), "since": since,
                "first_key": first_key,
            })
        });
        let before = self
            .before
            .iter()
            .map(|epoch| json!({"epoch": epoch.number, "members_hash": hex(epoch.members)}));
        let mut fields = json!({
            "snapshot_epoch": self.changes, "group": hex(self.group.as_bytes()), "address": hex(self.us.address.encode()),
            "identity": hex(self.us.identity.to_bytes()), "epoch": self.number, "members": Vec::from_iter(members),
            "before": Vec::from_iter(before), "last_removal": self.last_removal,
            "rotation": {"messages": self.messages, "seconds": self.seconds}, "due": self.due,
            "given": Vec::from_iter(self.given.iter().map(|address| hex(address.encode()))),
            "next_key": self.next_key, "keys": Vec::from_iter(self.keys.iter().map(Key::fields)),
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
        let Self { epoch, number, commitment, created, secret, iteration, chain_key } = self;
        json!({
            "epoch": epoch.number, "members_hash": hex(epoch.members), "number": number, "commitment": hex(commitment),
            "created": created, "secret": hex(secret), "iteration": iteration, "chain_key": hex(chain_key),
        })
    }
}

impl Key {
    fn fields(&self) -> Value {
        let mut fields = json!({
            "key_id": hex(self.id), "sender": hex(self.sender.encode()), "made": self.made, "until": self.until,
            "public": hex(self.public), "first": self.first, "next": self.next, "chain_key": hex(self.chain_key), "forgotten": self.forgotten,
            "marks": Vec::from_iter(self.marks.iter().map(|(time, at)| json!({"time": time, "position": at}))),
            "kept": Vec::from_iter(self.kept.iter().map(
                |(at, key)| json!({"position": at, "message_key": hex(key)}))),
        });
        if let Some(mark) = self.mark {
            fields["mark"] = mark.into();
        }
        fields
    }
}

fn party(r: &mut Reader<'_>) -> Result<Party, DecodeError> {
    Ok(Party::new(r.address()?, r.identity()?))
}

fn epoch(r: &mut Reader<'_>) -> Result<EpochId, DecodeError> {
    Ok(EpochId { number: r.u64()?, members: *r.array()? })
}

fn place(r: &mut Reader<'_>) -> Result<Place, DecodeError> {
    Ok((r.u64()?, r.u32()?))
}

fn own(r: &mut Reader<'_>) -> Result<Own, DecodeError> {
    Ok(Own {
        epoch: epoch(r)?,
        number: r.u32()?,
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
        made: place(r)?,
        until: r.u64()?,
        public: *r.array()?,
        first: r.u32()?,
        mark: if r.flag(DecodeError::NotCanonical)? { Some(r.u64()?) } else { None },
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
