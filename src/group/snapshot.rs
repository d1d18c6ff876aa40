//! A group's snapshot, written. Layout in `docs/state.md`, "Group".

use super::epoch::{EpochId, Made, Member};
use super::message::KeyId;
use super::receiver::ReceiverKey;
use super::sender::SenderKey;
use super::session::GroupSession;
use crate::keys::address::Address;
use crate::keys::identity::PublicIdentity;
use crate::wire::codec::Writer;
use crate::wire::snapshot::{Snapshot, SnapshotKind};

const SENDER_LEN: usize = EpochId::LEN + 4 + 32 + 8 + 32 + 4 + 32;
/// A receiver key without the address of its sender and its kept keys.
pub(super) const KEY_LEN: usize = 16 + 8 + 4 + 8 + 32 + 4 + 1 + 4 + 32;
/// When a newer one was seen, if one was.
const SUPERSEDED_LEN: usize = 8;
/// A member behind its address: identity, since when, and from which key on.
pub(super) const MEMBER_LEN: usize = PublicIdentity::LEN + 8 + MADE_LEN;
const MADE_LEN: usize = 8 + 4;
/// Number and count of members, known epochs, last removal, rotation, presence of a sender key, due, given, keys made, keys.
const FIXED_LEN: usize = 8 + 4 + 2 + 8 + 12 + 1 + 1 + 4 + 4 + 4;

impl GroupSession {
    /// The whole state, secrets in clear: seal it, then store it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::write(SnapshotKind::Group, self.changes, self.body_len(), |writer| {
            let Self { group, us, epoch, known, rotation, .. } = self;
            writer.lp8(group.as_bytes());
            writer.address(us.address()).bytes(&us.identity().to_bytes());
            writer.u64(epoch.id.number).u32_len(epoch.members.len());
            for (address, Member { identity, since, from }) in &epoch.members {
                writer.address(address).bytes(&identity.to_bytes()).u64(*since);
                write_made(writer, *from);
            }
            writer.u16_len(known.len());
            known.iter().for_each(|epoch| epoch.write(writer));
            writer.u64(self.last_removal).u32(rotation.messages()).u64(rotation.seconds());
            self.write_keys(writer);
        })
    }

    fn write_keys(&self, writer: &mut Writer) {
        let Self { sender, due, given, keys, rotations, .. } = self;
        writer.u8(u8::from(sender.is_some()));
        if let Some(key) = sender {
            write_sender(writer, key);
        }
        writer.u8(u8::from(*due)).u32_len(given.len());
        given.iter().for_each(|address| {
            writer.address(address);
        });
        writer.u32(*rotations).u32_len(keys.len());
        keys.iter().for_each(|(id, key)| write_key(writer, *id, key));
    }

    fn body_len(&self) -> usize {
        let address_len = Address::encoded_len;
        let member_len = |address: &Address| address_len(address).saturating_add(MEMBER_LEN);
        let members = self.epoch.members.keys().map(member_len);
        let keys = self.keys.values().map(|key| {
            let kept = key.skipped.snapshot_len();
            let superseded = key.superseded.map_or(0, |_| SUPERSEDED_LEN);
            let len = address_len(key.from.address()).saturating_add(KEY_LEN);
            len.saturating_add(superseded).saturating_add(kept)
        });
        let group = self.group.as_bytes().len().saturating_add(1);
        let sender = self.sender.as_ref().map_or(0, |_| SENDER_LEN);
        members
            .chain(keys)
            .chain(self.given.iter().map(address_len))
            .chain([group, address_len(self.us.address()), PublicIdentity::LEN, sender])
            .chain([self.known.len().saturating_mul(EpochId::LEN)])
            .fold(FIXED_LEN, usize::saturating_add)
    }
}

fn write_made(writer: &mut Writer, made: Made) {
    writer.u64(made.epoch).u32(made.number);
}

fn write_sender(writer: &mut Writer, key: &SenderKey) {
    key.epoch.write(writer);
    writer.u32(key.number).bytes(&key.commitment).time(key.created).bytes(key.seed.expose());
    writer.u32(key.chain.number()).bytes(key.chain.key().expose());
}

fn write_key(writer: &mut Writer, id: KeyId, key: &ReceiverKey) {
    let ReceiverKey { from, made, until, signing, first, superseded, chain, skipped } = key;
    writer.bytes(&id.0).address(from.address());
    write_made(writer, *made);
    writer.u64(*until);
    writer.bytes(signing.as_bytes()).u32(*first);
    writer.u8(u8::from(superseded.is_some()));
    if let Some(seen) = superseded {
        writer.time(*seen);
    }
    writer.u32(chain.number()).bytes(chain.key().expose());
    skipped.write(writer);
}
