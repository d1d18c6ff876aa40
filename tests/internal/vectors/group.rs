//! group.json: members, sender keys, distributions, group messages and stored groups. Conversations are in
//! `group_conversation`.

use std::sync::Arc;
use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::{self, File, Stop};
use super::given::{Given, Object, data, hex, number};
use super::group_conversation::{conversation, rotation};
use super::group_sending::send;
use super::group_stored::StoredGroup;
use super::parties::device;
use super::replay::Replay;
use crate::chain::received::Received;
use crate::chain::skipped::Position;
use crate::chain::step::Step;
use crate::group::epoch::{Epoch, scope};
use crate::primitives::aead::{self, SALT_LEN};
use crate::secret::Transient;
use crate::wire::codec::Reader;
use crate::wire::kind::Kind;
use crate::wire::message::Carries;
use crate::{
    Address, DeviceId, GroupDecryptError, GroupError, GroupId, GroupReceived, GroupSession, Party,
    Peer, Plaintext, Provider, Rotation, UnixTime, UserId,
};

pub(super) const FILE: File = File {
    name: "group.json",
    ops: &[
        ("group-epoch", epoch),
        ("sender-key", sender_key),
        ("group-message", message),
        ("group-decrypt", decrypt),
        ("group-encrypt", encrypt),
        ("receive-distribution", receive_distribution),
        ("group-snapshot", snapshot),
        ("restore-group", restore),
        ("group-conversation", conversation),
    ],
};

#[test]
fn groups() {
    book::run(&FILE);
}

/// `spec.md` has no name for what is no id of a group.
pub(super) fn refusal(error: GroupError) -> Stop {
    match error {
        GroupError::InvalidGroupId => Stop::Refused("refused".into()),
        error => error.into(),
    }
}

/// A refusal leaves the group as it was.
fn or_leave<T, E>(
    group: &mut GroupSession,
    operation: impl FnOnce(&mut GroupSession) -> Result<T, E>,
) -> Result<T, E> {
    let before = group.snapshot();
    let result = operation(group);
    if result.is_err() {
        assert_eq!(group.snapshot().expose(), before.expose(), "a refusal changes nothing");
    }
    result
}

fn members(fields: &mut Object) -> Vec<Party> {
    fields.list("members").into_iter().flat_map(counted).collect()
}

/// A listed member; with a `count`, as many devices of one user, counted from its device.
fn counted(listed: Value) -> Vec<Party> {
    let Value::Object(mut listed) = listed else { panic!("no member: {listed}") };
    let count = listed.remove("count").map_or(1, |count| number(&count));
    let start = number(&listed["device"]);
    let first = device(Object::new("member", Value::Object(listed)));
    let (provider, user) = (first.address.provider(), first.address.user());
    let devices = (start..start + count).map(|n| DeviceId::new(n.try_into().unwrap()));
    let addresses = devices.map(|device| Address::new(provider.clone(), user.clone(), device));
    addresses.map(|address| Party::new(address, first.identity)).collect()
}

fn epoch(given: &mut Given) -> Result<Value, Stop> {
    let (members, sender) = (members(&mut given.fields), device(given.fields.object("sender")));
    let group = GroupId::new(given.fields.bytes("group"));
    let number = given.fields.number("epoch");
    let group = group.map_err(refusal)?;
    let epoch = Epoch::new(&group, number, members).map_err(refusal)?;
    let order: Vec<u8> = epoch.members.keys().flat_map(Address::encode).collect();
    Ok(json!({
        "order": brief(&order),
        "sender_identity": hex(sender.identity.to_bytes()),
        "members_hash": hex(epoch.id.members),
        "scope": hex(scope(&group, &epoch.id, &peer(&sender))),
        "sender_hash": hex(sender_hash(sender)),
    }))
}

/// By which a distribution names its sender, whatever the group.
fn sender_hash(sender: Party) -> [u8; 32] {
    let (provider, user) = (Provider::new("").unwrap(), UserId::new("the other member").unwrap());
    let other = Address::new(provider, user, DeviceId::new(0));
    let other = Party::new(other, sender.identity);
    let list = [sender.clone(), other.clone()];
    let group = GroupId::new("g").unwrap();
    let mut group = GroupSession::new(group, sender, 0, list, Rotation::default()).unwrap();
    let mut rng = Replay::of([[0; 32], [1; 32]].map(Vec::from));
    group.rotate(UnixTime::from_secs(0), &mut rng).unwrap();
    let distribution = group.distribute(&peer(&other)).unwrap();
    named_sender(distribution.bytes())
}

/// The sender hash of a distribution: it stands behind the group, two epochs and the key's number.
fn named_sender(distribution: &[u8]) -> [u8; 32] {
    let mut reader = Reader::begin(distribution, Kind::Distribution).unwrap();
    let group = reader.u8().unwrap();
    reader.slice(usize::from(group) + 2 * (8 + 32) + 4).unwrap();
    *reader.array().unwrap()
}

pub(super) fn peer(member: &Party) -> Peer {
    Peer::new(member.identity, member.address.clone())
}

fn sender_key(given: &mut Given) -> Result<Value, Stop> {
    let fields = &mut given.fields;
    let (members, us) = (members(fields), device(fields.object("sender")));
    let (group, epoch) = (GroupId::new(fields.bytes("group")), fields.number("epoch"));
    let (iterations, now) = (fields.list("iterations"), UnixTime::from_secs(fields.number("now")));
    let mut rng = Replay::new(&fields.list("random")).then_failing();
    let (group, rotation) = (group.map_err(refusal)?, rotation(fields.optional("rotation"))?);
    let group = GroupSession::new(group, us.clone(), epoch, members, rotation);
    let mut group = group.map_err(refusal)?;
    rotate(&mut group, now, &mut rng)?;
    rng.finish();
    let (snapshot, stored) = (group.snapshot(), StoredGroup::of(&group));
    let own = stored.own.as_ref().unwrap();
    let to = group.awaiting().next().unwrap();
    let distributions = iterations.iter().map(|n| distribution_at(&mut group, number(n), &to, now));
    let distributions = Vec::from_iter(distributions);
    let named = named_sender(group.distribute(&peer(&to)).unwrap().bytes());
    Ok(json!({
        "identity": hex(us.identity.to_bytes()),
        "members_hash": hex(group.members_hash()),
        "scope": hex(stored.own_scope()),
        "sender_hash": hex(named),
        "chain_key": hex(own.chain_key),
        "commitment": hex(own.commitment),
        "signing_secret": hex(own.secret),
        "public": hex(own.public()),
        "key_id": hex(stored.own_key_id().0),
        "distributions": distributions,
        "snapshot": hex(snapshot.expose()),
    }))
}

pub(super) fn rotate(
    group: &mut GroupSession,
    now: UnixTime,
    rng: &mut Replay,
) -> Result<(), Stop> {
    or_leave(group, |group| group.rotate(now, rng)).map_err(refusal)
}

/// What a member is given once `iteration` messages have been sent.
fn distribution_at(group: &mut GroupSession, iteration: u64, to: &Party, now: UnixTime) -> Value {
    let at = |group: &GroupSession| StoredGroup::of(group).own.unwrap();
    for _ in at(group).iteration.into()..iteration {
        group.encrypt(b"", b"", now, &mut Replay::of([[0; SALT_LEN].to_vec()])).unwrap();
    }
    let distribution = group.distribute(&peer(to)).unwrap();
    let own = at(group);
    json!({
        "iteration": own.iteration,
        "chain_key": hex(own.chain_key),
        "bytes": hex(distribution.bytes()),
    })
}

fn restored(given: &mut Given, who: &str) -> Result<GroupSession, Stop> {
    Ok(GroupSession::restore(&given.fields.bytes(who), 0)?)
}

fn message(given: &mut Given) -> Result<Value, Stop> {
    let (mut sender, mut receiver) = (restored(given, "sender")?, restored(given, "receiver")?);
    let mut rng = Replay::new(&given.fields.list("random"));
    let (plaintext, ad) = (given.fields.bytes("plaintext"), given.fields.bytes("ad"));
    let now = UnixTime::from_secs(given.fields.number("now"));
    let sent = send(&mut sender, &plaintext, &ad, now, &mut rng)?;
    rng.finish();
    let received = receiver.decrypt(&sent.bytes, &ad)?;
    assert_eq!(received.plaintext.as_bytes(), plaintext);
    let mut out = opened(&received);
    out["steps"] = sent.steps.into();
    out["message"] = brief(&sent.bytes);
    out["sender_after"] = hex(sender.snapshot().expose());
    out["receiver_after"] = hex(receiver.snapshot().expose());
    Ok(out)
}

/// Who wrote a message, and where it stands.
fn opened(received: &GroupReceived) -> Value {
    let from = received.from();
    let (address, identity) = (from.address().encode(), from.identity().to_bytes());
    json!({
        "from": {"address": hex(address), "identity": hex(identity)},
        "epoch": received.epoch,
        "iteration": received.iteration,
    })
}

fn decrypt(given: &mut Given) -> Result<Value, Stop> {
    let mut receiver = restored(given, "receiver")?;
    let (message, ad) = (given.fields.bytes("message"), given.fields.bytes("ad"));
    let received = decrypt_or_leave(&mut receiver, &message, &ad)?;
    let mut out = opened(&received);
    out["plaintext"] = hex(received.plaintext.as_bytes());
    out["receiver_after"] = hex(receiver.snapshot().expose());
    Ok(out)
}

pub(super) fn decrypt_or_leave(
    group: &mut GroupSession,
    message: &[u8],
    ad: &[u8],
) -> Result<GroupReceived, GroupDecryptError> {
    or_leave(group, |group| group.decrypt(message, ad))
}

fn encrypt(given: &mut Given) -> Result<Value, Stop> {
    let mut sender = restored(given, "sender")?;
    let mut rng = Replay::new(&given.fields.list("random"));
    let (plaintext, ad) = (given.fields.bytes("plaintext"), given.fields.bytes("ad"));
    let now = UnixTime::from_secs(given.fields.number("now"));
    let sent = send(&mut sender, &plaintext, &ad, now, &mut rng)?;
    rng.finish();
    let after = hex(sender.snapshot().expose());
    Ok(json!({"message": hex(sent.bytes), "steps": sent.steps, "sender_after": after}))
}

fn receive_distribution(given: &mut Given) -> Result<Value, Stop> {
    let mut receiver = restored(given, "receiver")?;
    let (from, distribution) =
        (device(given.fields.object("peer")), given.fields.bytes("distribution"));
    let carries = match given.fields.optional("text") {
        Some(Value::Bool(true)) => Carries::Text,
        _ => Carries::Distribution,
    };
    let mut out = receive(&mut receiver, &from, (carries, &distribution))?;
    out["receiver_after"] = hex(receiver.snapshot().expose());
    Ok(out)
}

/// Takes in what the pairwise session with `from` has brought; gives what is stored of it.
pub(super) fn receive(
    group: &mut GroupSession,
    from: &Party,
    (carries, content): (Carries, &[u8]),
) -> Result<Value, Stop> {
    let before = StoredGroup::of(group);
    let received =
        Received::new((carries, plaintext(content)), Position::START, Arc::new(peer(from)));
    or_leave(group, |group| group.receive(&received))?;
    let after = StoredGroup::of(group);
    let known = |id: &[u8; 16]| before.keys.iter().any(|key| key.id == *id);
    let mut new = after.keys.iter().filter(|key| !known(&key.id));
    let (Some(key), None) = (new.next(), new.next()) else { panic!("one key is taken in") };
    assert_eq!(key.sender, from.address);
    Ok(json!({"key_id": hex(key.id), "iteration": key.first}))
}

/// There is no plaintext but one that has opened.
fn plaintext(bytes: &[u8]) -> Plaintext {
    let (key, context) = (Transient::init_with(|_| ()), [b"".as_slice(); 3]);
    let mut sealed = Vec::new();
    aead::seal_into(&mut sealed, key.expose(), &[0; SALT_LEN], context, bytes);
    let (plaintext, _) = Step::new(key, ()).open(context, &sealed).unwrap();
    plaintext
}

/// The listed bytes, restored and written again, have the listed fields.
fn snapshot(given: &mut Given) -> Result<Value, Stop> {
    let fields = given.fields.value("fields");
    let listed = data(&given.expected["snapshot"], None);
    let group = GroupSession::restore(&listed, given.fields.number("min_epoch"))?;
    let snapshot = group.snapshot();
    let stored = StoredGroup::read(snapshot.expose());
    assert_eq!(stored.fields(), fields);
    assert_eq!(fields["snapshot_epoch"], group.changes());
    assert_eq!(fields["snapshot_epoch"], snapshot.epoch());
    assert_eq!(fields["group"], hex(group.id().as_bytes()));
    assert_eq!(fields["epoch"], group.epoch_number());
    assert_eq!(fields["keys"].as_array().unwrap().len(), group.key_count());
    let epoch = Epoch::new(group.id(), group.epoch_number(), stored.members.clone()).unwrap();
    assert_eq!(epoch.id.members, *group.members_hash());
    let awaiting = group.awaiting().map(|member| hex(member.address.encode()));
    assert!(awaiting.eq(stored.awaiting().map(|member| hex(member.address.encode()))));
    Ok(json!({"snapshot": hex(snapshot.expose())}))
}

fn restore(given: &mut Given) -> Result<Value, Stop> {
    let (snapshot, min_epoch) = (given.fields.bytes("snapshot"), given.fields.number("min_epoch"));
    let group = GroupSession::restore(&snapshot, min_epoch)?;
    assert_eq!(group.snapshot().expose(), snapshot, "there is one encoding");
    Ok(json!({"epoch": group.changes()}))
}
