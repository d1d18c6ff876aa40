//! A group's snapshot. Layout in `docs/state.md`, "Group".

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::epoch::{Epoch, EpochId, GroupId, Member, scope};
use super::message::KeyId;
use super::receiver::{Keys, ReceiverKey};
use super::sender::{Rotation, SenderKey};
use super::session::GroupSession;
use crate::chain::ChainKey;
use crate::chain::skipped::{Position, Skipped};
use crate::keys::address::Address;
use crate::keys::identity::PublicIdentity;
use crate::keys::peer::Peer;
use crate::limits::{GROUP_MAX_STORED, MAX_KEYS_PER_SENDER, MAX_KNOWN_EPOCHS, MAX_MEMBERS};
use crate::primitives::sign::{SigningKey, VerifyingKey};
use crate::wire::codec::{DecodeError, Reader, Writer};
use crate::wire::snapshot::{RestoreError, Snapshot, SnapshotKind, check_epoch};

const EPOCH_LEN: usize = 8 + 32;
const SENDER_LEN: usize = EPOCH_LEN + 32 + 8 + 32 + 4 + 32;
/// A receiver key without the address of its sender and its kept keys.
const KEY_LEN: usize = 16 + EPOCH_LEN + 32 + 4 + 8 + 4 + 32;
/// The shortest address, with a user of one byte and no provider.
const MIN_ADDRESS_LEN: usize = 10;
/// Number and count of members, known epochs, first epoch, rotation, presence of a sender key, due, given, next order, keys.
const FIXED_LEN: usize = 8 + 4 + 1 + 8 + 12 + 1 + 1 + 4 + 8 + 4;

impl GroupSession {
    /// The whole state, secrets in clear: seal it, then store it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::write(SnapshotKind::Group, self.changes, self.body_len(), |writer| {
            let Self { group, us, epoch, known, first_epoch, rotation, .. } = self;
            writer.u8_len(group.as_bytes().len()).bytes(group.as_bytes());
            writer.bytes(&us.address().encode()).bytes(&us.identity().to_bytes());
            writer.u64(epoch.id.number).u32_len(epoch.members.len());
            for (address, identity) in &epoch.members {
                writer.bytes(&address.encode()).bytes(&identity.to_bytes());
            }
            writer.u8_len(known.len());
            known.iter().for_each(|epoch| write_epoch(writer, epoch));
            writer.u64(*first_epoch).u32(rotation.messages).u64(rotation.seconds);
            self.write_keys(writer);
        })
    }

    fn write_keys(&self, writer: &mut Writer) {
        let Self { sender, due, given, keys, next_order, .. } = self;
        writer.u8(u8::from(sender.is_some()));
        if let Some(key) = sender {
            write_sender(writer, key);
        }
        writer.u8(u8::from(*due)).u32_len(given.len());
        given.iter().for_each(|address| {
            writer.bytes(&address.encode());
        });
        writer.u64(*next_order).u32_len(keys.len());
        keys.iter().for_each(|(id, key)| write_key(writer, *id, key));
    }

    /// Reads a snapshot with at least `min_changes` changes, the highest number that the caller has stored. SPEC: R-43.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(snapshot: &[u8], min_changes: u64) -> Result<Self, RestoreError> {
        let (changes, mut reader) = Snapshot::open(snapshot, SnapshotKind::Group)?;
        let mut group = read_group(&mut reader)?;
        group.changes = changes;
        read_keys(&mut reader, &mut group)?;
        let group = reader.finish(group)?;
        check_epoch(changes, min_changes)?;
        Ok(group)
    }

    fn body_len(&self) -> usize {
        let address_len = |address: &Address| address.encode().len();
        let member_len = |address: &Address| address_len(address).saturating_add(64);
        let members = self.epoch.members.keys().map(member_len);
        let keys = self.keys.values().map(|key| {
            let kept = key.skipped.snapshot_len();
            address_len(key.from.address()).saturating_add(KEY_LEN).saturating_add(kept)
        });
        let group = self.group.as_bytes().len().saturating_add(1);
        let sender = self.sender.as_ref().map_or(0, |_| SENDER_LEN);
        members
            .chain(keys)
            .chain(self.given.iter().map(address_len))
            .chain([group, member_len(self.us.address()), sender])
            .chain([self.known.len().saturating_mul(EPOCH_LEN)])
            .fold(FIXED_LEN, usize::saturating_add)
    }
}

fn write_epoch(writer: &mut Writer, epoch: &EpochId) {
    writer.u64(epoch.number).bytes(&epoch.members);
}

fn read_epoch(reader: &mut Reader<'_>) -> Result<EpochId, DecodeError> {
    Ok(EpochId { number: reader.u64()?, members: *reader.array()? })
}

fn write_sender(writer: &mut Writer, key: &SenderKey) {
    write_epoch(writer, &key.epoch);
    writer.bytes(&key.commitment).time(key.created).bytes(key.seed.expose());
    writer.u32(key.chain.number()).bytes(key.chain.key().expose());
}

fn read_sender(
    reader: &mut Reader<'_>,
    group: &GroupId,
    us: &Peer,
) -> Result<SenderKey, DecodeError> {
    let epoch = read_epoch(reader)?;
    let commitment = *reader.array()?;
    let created = reader.time()?;
    let seed = reader.secret()?;
    let number = reader.u32()?;
    let chain = ChainKey::from_parts(reader.secret()?, number);
    let signing = SigningKey::new(&seed);
    let scope = scope(group, &epoch, us.address(), us.identity());
    let key_id = KeyId::new(&scope, &commitment, signing.public().as_bytes());
    Ok(SenderKey { epoch, scope, key_id, commitment, created, seed, signing, chain })
}

fn write_key(writer: &mut Writer, id: KeyId, key: &ReceiverKey) {
    let ReceiverKey { from, epoch, scope: _, signing, first, order, chain, skipped } = key;
    writer.bytes(&id.0).bytes(&from.address().encode());
    write_epoch(writer, epoch);
    writer.bytes(signing.as_bytes()).u32(*first).u64(*order);
    writer.u32(chain.number()).bytes(chain.key().expose());
    skipped.write(writer);
}

fn read_key(
    reader: &mut Reader<'_>,
    group: &GroupSession,
) -> Result<(KeyId, ReceiverKey), DecodeError> {
    let id = KeyId(*reader.array()?);
    let address = reader.address()?;
    let identity = *group.epoch.members.get(&address).ok_or(DecodeError::NotCanonical)?;
    let epoch = read_epoch(reader)?;
    let scope = scope(&group.group, &epoch, &address, &identity);
    let signing = VerifyingKey::from_bytes(reader.array()?).ok_or(DecodeError::InvalidKey)?;
    let first = reader.u32()?;
    let order = reader.u64()?;
    let number = reader.u32()?;
    let chain = ChainKey::from_parts(reader.secret()?, number);
    let skipped = Skipped::read(reader, GROUP_MAX_STORED)?;
    let chains = skipped.keys.iter().map(|(position, _)| position.chain);
    let one_chain = chains
        .chain(skipped.marks.iter().map(|mark| mark.position.chain))
        .chain([skipped.forgotten.chain])
        .all(|chain| chain == 0);
    let mut numbers = skipped.keys.iter().map(|(position, _)| position.number);
    let placed = numbers.all(|kept| (first..number).contains(&kept));
    let behind = skipped.is_behind(Position { chain: 0, number });
    if !one_chain || !placed || !behind || first > number || order >= group.next_order {
        return Err(DecodeError::NotCanonical);
    }
    let from = Arc::new(Peer::new(identity, address));
    Ok((id, ReceiverKey { from, epoch, scope, signing, first, order, chain, skipped }))
}

/// Everything before the keys.
fn read_group(reader: &mut Reader<'_>) -> Result<GroupSession, DecodeError> {
    let len = usize::from(reader.u8()?);
    let group = GroupId::new(reader.slice(len)?).map_err(|_| DecodeError::NotCanonical)?;
    let us = read_member(reader)?;
    let number = reader.u64()?;
    let members = read_members(reader)?;
    let known = read_known(reader, number)?;
    let first_epoch = reader.u64()?;
    let rotation = Rotation { messages: reader.u32()?, seconds: reader.u64()? };
    let session = GroupSession::new(group, us, number, members, rotation);
    let session = session.map_err(|_| DecodeError::NotCanonical)?;
    if first_epoch > number {
        return Err(DecodeError::NotCanonical);
    }
    Ok(GroupSession { known, first_epoch, ..session })
}

/// The rest.
fn read_keys(reader: &mut Reader<'_>, group: &mut GroupSession) -> Result<(), DecodeError> {
    if reader.flag(DecodeError::NotCanonical)? {
        group.sender = Some(read_sender(reader, &group.group, &group.us)?);
    }
    group.due = reader.flag(DecodeError::NotCanonical)?;
    group.given = read_given(reader, &group.epoch)?;
    group.next_order = reader.u64()?;
    let count = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    let most = MAX_MEMBERS.saturating_mul(MAX_KEYS_PER_SENDER);
    let mut keys: Keys = BTreeMap::new();
    for _ in 0..reader.count(count, most, KEY_LEN)? {
        let (id, key) = read_key(reader, group)?;
        if keys.last_key_value().is_some_and(|(last, _)| *last >= id) {
            return Err(DecodeError::NotCanonical);
        }
        keys.insert(id, key);
    }
    group.keys = keys;
    Ok(())
}

fn read_member(reader: &mut Reader<'_>) -> Result<Member, DecodeError> {
    Ok(Member::new(reader.address()?, reader.identity()?))
}

/// A counted list, addresses strictly ascending.
fn read_members(reader: &mut Reader<'_>) -> Result<Vec<Member>, DecodeError> {
    let count = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    let count = reader.count(count, MAX_MEMBERS, MIN_ADDRESS_LEN + PublicIdentity::LEN)?;
    let mut members: Vec<Member> = Vec::with_capacity(count);
    for _ in 0..count {
        let member = read_member(reader)?;
        if members.last().is_some_and(|last| last.address >= member.address) {
            return Err(DecodeError::NotCanonical);
        }
        members.push(member);
    }
    Ok(members)
}

/// The epochs before `number`, ascending.
fn read_known(reader: &mut Reader<'_>, number: u64) -> Result<VecDeque<EpochId>, DecodeError> {
    let count = usize::from(reader.u8()?);
    let mut known: VecDeque<EpochId> = VecDeque::new();
    for _ in 0..reader.count(count, MAX_KNOWN_EPOCHS.saturating_sub(1), EPOCH_LEN)? {
        known.push_back(read_epoch(reader)?);
    }
    let ascending = known.iter().is_sorted_by(|a, b| a.number < b.number);
    if !ascending || known.back().is_some_and(|last| last.number >= number) {
        return Err(DecodeError::NotCanonical);
    }
    Ok(known)
}

/// Members who have been given the sender key, ascending.
fn read_given(reader: &mut Reader<'_>, epoch: &Epoch) -> Result<BTreeSet<Address>, DecodeError> {
    let count = usize::try_from(reader.u32()?).unwrap_or(usize::MAX);
    let mut given: BTreeSet<Address> = BTreeSet::new();
    for _ in 0..reader.count(count, MAX_MEMBERS, MIN_ADDRESS_LEN)? {
        let address = reader.address()?;
        let in_order = given.last().is_none_or(|last| *last < address);
        if !in_order || !epoch.members.contains_key(&address) {
            return Err(DecodeError::NotCanonical);
        }
        given.insert(address);
    }
    Ok(given)
}
