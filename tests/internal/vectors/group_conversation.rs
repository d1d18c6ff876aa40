//! group.json: whole conversations of groups, event by event.

use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::Stop;
use super::given::{Given, Object, data, hex, number, text};
use super::group::{decrypt_or_leave, peer, receive, refusal, rotate};
use super::group_sending::send;
use super::group_stored::StoredGroup;
use super::parties::device;
use super::replay::Replay;
use crate::group::message::GroupMessage;
use crate::wire::message::Carries;
use crate::{GroupId, GroupSession, Party, Peer, Rotation, UnixTime};

/// The events, with the results that they have here.
pub(super) fn conversation(given: &mut Given) -> Result<Value, Stop> {
    let events = given.fields.list("events");
    let mut player = Player::read(&mut given.fields);
    Ok(Value::Array(events.iter().map(|event| player.play(event)).collect()))
}

/// Devices by name, their groups, what is under way between them, and what they have stored.
struct Player {
    group: GroupId,
    devices: BTreeMap<String, Party>,
    groups: BTreeMap<String, GroupSession>,
    sent: BTreeMap<u64, Vec<u8>>,
    snapshots: BTreeMap<String, Vec<u8>>,
}

impl Player {
    fn read(fields: &mut Object) -> Self {
        let Value::Object(devices) = fields.value("devices") else { panic!("devices by name") };
        let devices = devices.into_iter();
        Self {
            group: GroupId::new(fields.bytes("group")).unwrap(),
            devices: devices.map(|(name, at)| (name, device(Object::new("device", at)))).collect(),
            groups: BTreeMap::new(),
            sent: BTreeMap::new(),
            snapshots: BTreeMap::new(),
        }
    }

    /// The event with its result. A refusal leaves the group as it was.
    fn play(&mut self, event: &Value) -> Value {
        let mut played = event.clone();
        let inputs = played.as_object_mut().unwrap();
        inputs.remove("expect");
        inputs.remove("out");
        let mut fields = Object::new("event", Value::Object(inputs.clone()));
        let (by, why) = (fields.text("by"), fields.optional("why"));
        let before = self.stored(&by);
        let result = self.done(&by, &mut fields);
        fields.finish();
        match result {
            Ok(mut out) => {
                out["snapshot_epoch"] = self.groups[&by].changes().into();
                played["expect"] = "ok".into();
                played["out"] = out;
            }
            Err(Stop::Refused(name)) => {
                assert!(why.is_some(), "{name}: a refusal says why: {event}");
                assert_eq!(self.stored(&by), before, "a refusal changes nothing");
                played["expect"] = name.into();
            }
            Err(Stop::Absent) => panic!("a group has no suite"),
        }
        played
    }

    fn stored(&self, by: &str) -> Option<Vec<u8>> {
        self.groups.get(by).map(|group| group.snapshot().expose().to_vec())
    }

    fn done(&mut self, by: &str, event: &mut Object) -> Result<Value, Stop> {
        match event.text("do").as_str() {
            "create" => self.create(by, event),
            "change" => self.change(by, event),
            "rotate" => self.rotate(by, event),
            "distribute" => self.distribute(by, event),
            "receive" => self.receive(by, event),
            "encrypt" => self.encrypt(by, event),
            "decrypt" => self.decrypt(by, event),
            "expire" => Ok(self.expire(by, event)),
            "snapshot" => Ok(self.snapshot(by, event)),
            "restore" => self.restore(by, event),
            other => panic!("unknown event {other}"),
        }
    }

    fn members(&self, event: &mut Object) -> Vec<Party> {
        let names = event.list("members").into_iter();
        names.map(|name| self.devices[&text(&name)].clone()).collect()
    }

    fn of(&mut self, by: &str) -> &mut GroupSession {
        self.groups.get_mut(by).unwrap()
    }

    /// What is under way by its id, or other bytes.
    fn bytes(&self, event: &mut Object) -> Vec<u8> {
        match event.optional("bytes") {
            Some(bytes) => data(&bytes, None),
            None => self.sent[&event.number("id")].clone(),
        }
    }

    fn create(&mut self, by: &str, event: &mut Object) -> Result<Value, Stop> {
        let (number, members) = (event.number("epoch"), self.members(event));
        let (group, us) = (self.group.clone(), self.devices[by].clone());
        let rotation = rotation(event.optional("rotation"))?;
        let group = GroupSession::new(group, us, number, members, rotation).map_err(refusal)?;
        let members_hash = hex(group.members_hash());
        self.groups.insert(by.into(), group);
        Ok(json!({"members_hash": members_hash, "awaiting": self.awaiting(by)}))
    }

    fn change(&mut self, by: &str, event: &mut Object) -> Result<Value, Stop> {
        let (first, members) = (event.number("epoch"), self.members(event));
        let last = event.optional("through").map_or(first, |last| number(&last));
        let group = self.of(by);
        for number in first..=last {
            group.change(number, members.clone()).map_err(refusal)?;
        }
        let (stored, keys) = (StoredGroup::of(group), group.key_count());
        Ok(json!({
            "members_hash": hex(group.members_hash()),
            "due": stored.due,
            "keys": keys,
            "known": stored.before.len() + 1,
            "awaiting": self.awaiting(by),
        }))
    }

    fn rotate(&mut self, by: &str, event: &mut Object) -> Result<Value, Stop> {
        let now = UnixTime::from_secs(event.number("now"));
        let mut rng = Replay::new(&event.list("random")).then_failing();
        rotate(self.of(by), now, &mut rng)?;
        rng.finish();
        let stored = StoredGroup::of(self.of(by));
        let own = stored.own.as_ref().unwrap();
        Ok(json!({
            "scope": hex(stored.own_scope()),
            "commitment": hex(own.commitment),
            "public": hex(own.public()),
            "key_id": hex(stored.own_key_id().0),
            "number": own.number,
            "awaiting": self.awaiting(by),
        }))
    }

    /// The names of those who await our key.
    fn awaiting(&self, by: &str) -> Vec<&str> {
        let group = &self.groups[by];
        assert!(group.awaiting().eq(StoredGroup::of(group).awaiting().cloned()));
        group.awaiting().map(|member| self.named(&peer(&member))).collect()
    }

    fn named(&self, device: &Peer) -> &str {
        self.devices.iter().find(|(_, member)| peer(member) == *device).unwrap().0
    }

    fn distribute(&mut self, by: &str, event: &mut Object) -> Result<Value, Stop> {
        let (id, to) = (event.number("id"), peer(&self.devices[&event.text("to")]));
        let distribution = self.of(by).distribute(&to)?.bytes().to_vec();
        let stored = StoredGroup::of(self.of(by));
        assert!(stored.given.contains(to.address()));
        let iteration = stored.own.unwrap().iteration;
        let bytes = hex(&distribution);
        self.sent.insert(id, distribution);
        Ok(json!({"bytes": bytes, "iteration": iteration, "awaiting": self.awaiting(by)}))
    }

    fn receive(&mut self, by: &str, event: &mut Object) -> Result<Value, Stop> {
        let (from, bytes) = (self.devices[&event.text("from")].clone(), self.bytes(event));
        let group = self.of(by);
        let mut out = receive(group, &from, (Carries::Distribution, &bytes))?;
        out["keys"] = group.key_count().into();
        out["first"] = json!(StoredGroup::of(group).first_key(&from.address));
        Ok(out)
    }

    fn encrypt(&mut self, by: &str, event: &mut Object) -> Result<Value, Stop> {
        let (plaintext, ad) = (event.bytes("plaintext"), event.optional_bytes("ad"));
        let (id, now) = (event.number("id"), UnixTime::from_secs(event.number("now")));
        let mut rng = Replay::new(&event.list("random"));
        let sent = send(self.of(by), &plaintext, &ad, now, &mut rng)?;
        rng.finish();
        let bytes = hex(&sent.bytes);
        self.sent.insert(id, sent.bytes);
        let message_key = &sent.steps["message_key"];
        Ok(json!({"bytes": bytes, "iteration": sent.iteration, "message_key": message_key}))
    }

    fn decrypt(&mut self, by: &str, event: &mut Object) -> Result<Value, Stop> {
        let (bytes, ad) = (self.bytes(event), event.optional_bytes("ad"));
        let received = decrypt_or_leave(self.of(by), &bytes, &ad)?;
        let stored = StoredGroup::of(self.of(by));
        let key = stored.key(GroupMessage::decode(&bytes).unwrap().key_id);
        Ok(json!({
            "plaintext": hex(received.plaintext.as_bytes()),
            "from": self.named(received.from()),
            "epoch": received.epoch,
            "iteration": received.iteration,
            "kept": key.kept.len(),
            "forgotten": key.forgotten.1,
        }))
    }

    fn expire(&mut self, by: &str, event: &mut Object) -> Value {
        let now = UnixTime::from_secs(event.number("now"));
        let changed = self.of(by).expire_skipped(now, event.number("max_age"));
        let stored = StoredGroup::of(self.of(by));
        let keys = stored.keys.iter().map(|key| {
            let mut fields = json!({
                "key_id": hex(key.id), "kept": key.kept.len(), "marks": key.marks,
                "forgotten": key.forgotten.1,
            });
            if let Some(mark) = key.mark {
                fields["superseded"] = mark.into();
            }
            fields
        });
        json!({"changed": changed, "keys": Vec::from_iter(keys)})
    }

    fn snapshot(&mut self, by: &str, event: &mut Object) -> Value {
        let snapshot = self.of(by).snapshot();
        assert_eq!(snapshot.epoch(), self.of(by).changes());
        self.snapshots.insert(event.text("id"), snapshot.expose().to_vec());
        json!({"bytes": brief(snapshot.expose())})
    }

    /// An earlier snapshot, or other bytes.
    fn restore(&mut self, by: &str, event: &mut Object) -> Result<Value, Stop> {
        let stored = match event.optional("bytes") {
            Some(bytes) => data(&bytes, None),
            None => self.snapshots[&event.text("snapshot")].clone(),
        };
        let group = GroupSession::restore(&stored, event.number("min_epoch"))?;
        assert_eq!(group.snapshot().expose(), stored, "there is one encoding");
        self.groups.insert(by.into(), group);
        Ok(json!({"restored": true}))
    }
}

/// `{messages, seconds}`, or the default.
pub(super) fn rotation(value: Option<Value>) -> Result<Rotation, Stop> {
    let Some(value) = value else { return Ok(Rotation::default()) };
    let mut fields = Object::new("rotation", value);
    let rotation = Rotation::new(fields.small("messages"), fields.number("seconds"));
    fields.finish();
    rotation.map_err(refusal)
}
