//! Reading a group's snapshot, with every bound that `docs/state.md` lists. SPEC: R-121.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::epoch::{Epoch, EpochId, GroupId, Made, scope};
use super::message::KeyId;
use super::receiver::{Keys, ReceiverKey};
use super::sender::{Rotation, SenderKey};
use super::session::GroupSession;
use super::snapshot::{KEY_LEN, MEMBER_LEN};
use crate::chain::ChainKey;
use crate::chain::skipped::{Position, Skipped};
use crate::keys::address::Address;
use crate::keys::party::Party;
use crate::keys::peer::Peer;
use crate::limits::{GROUP_MAX_STORED, MAX_KEYS_PER_SENDER, MAX_KNOWN_EPOCHS, MAX_MEMBERS};
use crate::primitives::sign::{SigningKey, VerifyingKey};
use crate::wire::codec::{DecodeError, Reader};
use crate::wire::snapshot::{RestoreError, Snapshot, SnapshotKind, check_epoch};

/// The shortest address, with a user of one byte and no provider.
const MIN_ADDRESS_LEN: usize = 10;

impl GroupSession {
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
}

/// Since when somebody is a member, and the first key that is not over.
type Came = (u64, Made);

fn read_made(reader: &mut Reader<'_>) -> Result<Made, DecodeError> {
    Ok(Made { epoch: reader.u64()?, number: reader.u32()? })
}

fn read_sender(reader: &mut Reader<'_>, group: &GroupSession) -> Result<SenderKey, DecodeError> {
    let epoch = EpochId::read(reader)?;
    let made = reader.u32()?;
    let commitment = *reader.array()?;
    let created = reader.time()?;
    let seed = reader.secret()?;
    let number = reader.u32()?;
    if epoch.number > group.epoch.id.number || number > group.rotation.messages() {
        return Err(DecodeError::NotCanonical);
    }
    let chain = ChainKey::from_parts(reader.secret()?, number);
    let signing = SigningKey::new(&seed);
    let scope = scope(&group.group, &epoch, &group.us);
    let key_id = KeyId::new(&scope, &commitment, signing.public().as_bytes());
    Ok(SenderKey { epoch, number: made, key_id, commitment, created, seed, signing, chain })
}

/// `senders`: of the keys before, so that several keys of one share its name.
fn read_key(
    reader: &mut Reader<'_>,
    group: &GroupSession,
    senders: &mut BTreeMap<Address, Arc<Peer>>,
) -> Result<(KeyId, ReceiverKey), DecodeError> {
    let id = KeyId(*reader.array()?);
    let address = reader.address()?;
    let member = *group.epoch.members.get(&address).ok_or(DecodeError::NotCanonical)?;
    let made = read_made(reader)?;
    let until = reader.u64()?;
    let ours = address == *group.us.address();
    let over = made < member.from;
    if ours
        || over
        || made.epoch > group.epoch.id.number
        || (made.epoch >= until && until != u64::MAX)
    {
        return Err(DecodeError::NotCanonical);
    }
    let signing = VerifyingKey::from_bytes(reader.array()?).ok_or(DecodeError::InvalidKey)?;
    let first = reader.u32()?;
    let superseded = reader.optional(Reader::time)?;
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
    if !one_chain || !placed || !behind || first > number {
        return Err(DecodeError::NotCanonical);
    }
    let sender = || Arc::new(Peer::new(member.identity, address.clone()));
    let from = Arc::clone(senders.entry(address.clone()).or_insert_with(sender));
    Ok((id, ReceiverKey { from, made, until, signing, first, superseded, chain, skipped }))
}

/// Everything before the keys.
fn read_group(reader: &mut Reader<'_>) -> Result<GroupSession, DecodeError> {
    let len = usize::from(reader.u8()?);
    let group = GroupId::new(reader.slice(len)?).map_err(|_| DecodeError::NotCanonical)?;
    let us = read_member(reader)?;
    let number = reader.u64()?;
    let members = read_members(reader, number)?;
    let known = read_known(reader, number)?;
    let last_removal = reader.u64()?;
    let rotation = Rotation::new(reader.u32()?, reader.u64()?);
    let (came, members): (Vec<Came>, Vec<Party>) = members.into_iter().unzip();
    let session = rotation.and_then(|it| GroupSession::new(group, us, number, members, it));
    let mut session = session.map_err(|_| DecodeError::NotCanonical)?;
    if last_removal > number {
        return Err(DecodeError::NotCanonical);
    }
    (session.known, session.last_removal) = (known, last_removal);
    for (member, (since, from)) in session.epoch.members.values_mut().zip(came) {
        (member.since, member.from) = (since, from);
    }
    Ok(session)
}

/// The rest.
fn read_keys(reader: &mut Reader<'_>, group: &mut GroupSession) -> Result<(), DecodeError> {
    group.sender = reader.optional(|reader| read_sender(reader, group))?;
    group.due = reader.flag(DecodeError::NotCanonical)?;
    group.given = read_given(reader, &group.epoch)?;
    group.rotations = reader.u32()?;
    let counted = group.sender.as_ref().is_none_or(|key| key.number <= group.rotations);
    let given_nothing = group.sender.is_none() && !group.given.is_empty();
    if !counted || given_nothing || group.given.contains(group.us.address()) {
        return Err(DecodeError::NotCanonical);
    }
    let count = reader.u32_len()?;
    let most = MAX_MEMBERS.saturating_mul(MAX_KEYS_PER_SENDER);
    let (mut keys, mut senders): (Keys, _) = (BTreeMap::new(), BTreeMap::new());
    for _ in 0..reader.count(count, most, KEY_LEN)? {
        let (id, key) = read_key(reader, group, &mut senders)?;
        if keys.last_key_value().is_some_and(|(last, _)| *last >= id) {
            return Err(DecodeError::NotCanonical);
        }
        keys.insert(id, key);
    }
    group.keys = keys;
    if are_few(&group.keys) { Ok(()) } else { Err(DecodeError::NotCanonical) }
}

/// Has no sender too many keys?
fn are_few(keys: &Keys) -> bool {
    let mut senders: BTreeMap<&Address, usize> = BTreeMap::new();
    for key in keys.values() {
        let count = senders.entry(key.from.address()).or_default();
        *count = count.saturating_add(1);
    }
    senders.values().all(|count| *count <= MAX_KEYS_PER_SENDER)
}

fn read_member(reader: &mut Reader<'_>) -> Result<Party, DecodeError> {
    Ok(Party::new(reader.address()?, reader.identity()?))
}

/// A counted list, addresses strictly ascending, of members who came by epoch `number`, and when.
fn read_members(reader: &mut Reader<'_>, number: u64) -> Result<Vec<(Came, Party)>, DecodeError> {
    let count = reader.u32_len()?;
    let count = reader.count(count, MAX_MEMBERS, MIN_ADDRESS_LEN + MEMBER_LEN)?;
    let mut members: Vec<(Came, Party)> = Vec::with_capacity(count);
    for _ in 0..count {
        let (member, since, from) = (read_member(reader)?, reader.u64()?, read_made(reader)?);
        let in_order = members.last().is_none_or(|(_, last)| last.address < member.address);
        if !in_order || since > number || from.epoch > number {
            return Err(DecodeError::NotCanonical);
        }
        members.push(((since, from), member));
    }
    Ok(members)
}

/// The epochs before `number`, ascending.
fn read_known(reader: &mut Reader<'_>, number: u64) -> Result<VecDeque<EpochId>, DecodeError> {
    let count = usize::from(reader.u16()?);
    let mut known: VecDeque<EpochId> = VecDeque::new();
    for _ in 0..reader.count(count, MAX_KNOWN_EPOCHS.saturating_sub(1), EpochId::LEN)? {
        known.push_back(EpochId::read(reader)?);
    }
    let ascending = known.iter().is_sorted_by(|a, b| a.number < b.number);
    if !ascending || known.back().is_some_and(|last| last.number >= number) {
        return Err(DecodeError::NotCanonical);
    }
    Ok(known)
}

/// Members who have been given the sender key, ascending.
fn read_given(reader: &mut Reader<'_>, epoch: &Epoch) -> Result<BTreeSet<Address>, DecodeError> {
    let count = reader.u32_len()?;
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
