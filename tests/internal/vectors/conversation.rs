//! conversation.json: whole conversations, event by event.

use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;

use serde_json::{Map, Value, json};

use super::began::Began;
use super::book::{self, File, Stop};
use super::given::{Given, Object, data, hex, text};
use super::handshake::{accept_or_leave, initiate};
use super::message::decrypt_or_leave;
use super::parties::{self, Setting, identity};
use super::replay::Replay;
use super::sending::{Content, send};
use super::stored::{Sending, Stored};
use super::stores::Listed;
use crate::{Context, Identity, Limits, PreKeyMessage, PreKeyStore, Session, UnixTime};

pub(super) const FILE: File =
    File { name: "conversation.json", ops: &[("conversation", conversation)] };

#[test]
fn conversations() {
    book::run(&FILE);
}

/// The events, with the results that they have here.
fn conversation(given: &mut Given) -> Result<Value, Stop> {
    let events = given.fields.list("events");
    let mut player = Player::read(&mut given.fields)?;
    Ok(Value::Array(events.iter().map(|event| player.play(event)).collect()))
}

/// Two parties, what is under way between them, and what they have stored.
struct Player {
    alice: Identity,
    bob: Identity,
    alices: Context,
    bobs: Context,
    listed: Listed,
    store: PreKeyStore,
    now: UnixTime,
    sessions: BTreeMap<String, Session>,
    messages: BTreeMap<u64, Vec<u8>>,
    snapshots: BTreeMap<String, Vec<u8>>,
}

impl Player {
    fn read(fields: &mut Object) -> Result<Self, Stop> {
        let bob = identity(&fields.bytes("responder_seed"));
        let setting = Setting::read(fields);
        let (alices, bobs) = both_limits(fields.object("limits"));
        let alice = identity(&fields.bytes("initiator_seed"));
        let now = UnixTime::from_secs(fields.number("now"));
        let listed = Listed::read(fields.value("store"))?;
        Ok(Self {
            alice,
            store: listed.store(&bob.public()),
            bob,
            alices: setting.initiators(alices),
            bobs: setting.responders(bobs),
            listed,
            now,
            sessions: BTreeMap::new(),
            messages: BTreeMap::new(),
            snapshots: BTreeMap::new(),
        })
    }

    /// The event with its result.
    fn play(&mut self, event: &Value) -> Value {
        let mut played = event.clone();
        let inputs = played.as_object_mut().unwrap();
        inputs.remove("expect");
        inputs.remove("out");
        let mut fields = Object::new("event", Value::Object(inputs.clone()));
        let why = fields.optional("why");
        let result = self.done(&mut fields);
        fields.finish();
        match result {
            Ok(out) => {
                played["expect"] = "ok".into();
                if !out.is_null() {
                    played["out"] = out;
                }
            }
            Err(Stop::Refused(name)) => {
                assert!(why.is_some(), "a refusal says why");
                played["expect"] = name.into();
            }
            Err(Stop::Absent) => panic!("the store has shown the suite"),
        }
        played
    }

    fn done(&mut self, event: &mut Object) -> Result<Value, Stop> {
        match event.text("do").as_str() {
            "initiate" => self.initiate(event),
            "accept" => self.accept(event),
            "send" => self.send(event),
            "deliver" => self.deliver(event),
            "drop" => {
                assert!(self.messages.remove(&event.number("id")).is_some());
                Ok(Value::Null)
            }
            "expire" => Ok(self.expire(event)),
            "snapshot" => Ok(self.snapshot(event)),
            "restore" => self.restore(event),
            other => panic!("unknown event {other}"),
        }
    }

    fn initiate(&mut self, event: &mut Object) -> Result<Value, Stop> {
        let name = event.optional("as").map_or_else(|| "alice".into(), |name| text(&name));
        let mut rng = Replay::new(&event.list("random"));
        let bundle = self.listed.bundle(&self.bob, event.object("bundle")).verify(self.now)?;
        let session = initiate(&self.alice, &bundle, &self.alices, &mut rng)?;
        let began = Began::new(&self.alice, &bundle, &self.alices, rng.drawn());
        rng.finish();
        self.sessions.insert(name, session);
        let shown = ["th", "prefix", "prefix_hash", "root_key", "exporter_key", "replay_tag"];
        let results = began.results().into_iter();
        Ok(Value::Object(results.filter(|(name, _)| shown.contains(&name.as_str())).collect()))
    }

    fn accept(&mut self, event: &mut Object) -> Result<Value, Stop> {
        let ad = event.optional_bytes("ad");
        let message = &self.messages[&event.number("id")];
        let request = PreKeyMessage::decode(message)?.with_associated_data(&ad);
        let accepted = accept_or_leave(&self.bob, &mut self.store, &request, &self.bobs, self.now)?;
        assert!(accepted.session.began_with(&request));
        self.sessions.insert("bob".into(), accepted.session);
        Ok(json!({
            "plaintext": hex(accepted.received.plaintext.as_bytes()),
            "chain": accepted.received.chain,
            "n": accepted.received.number,
            "store_after": hex(self.store.snapshot().expose()),
        }))
    }

    fn send(&mut self, event: &mut Object) -> Result<Value, Stop> {
        let session = self.sessions.get_mut(&event.text("by")).unwrap();
        let content = Content::read(session, event)?;
        let mut rng = Replay::new(&event.list("random"));
        let id = event.number("id");
        let sent = send(session, &content, &mut rng)?;
        rng.finish();
        let Sending::Active(sending) = Stored::of(session).sending else { panic!("has sent") };
        let mut out: Map<_, _> = Map::from_iter([
            ("bytes".into(), hex(&sent.bytes)),
            ("ratchet_key".into(), hex(sending.public)),
            ("pn".into(), sending.pn.into()),
            ("n".into(), (sending.n - 1).into()),
            ("epoch".into(), session.epoch().into()),
        ]);
        let shown = ["ratchet_secret", "ratchet_root_key", "message_key"];
        out.extend(sent.steps.into_iter().filter(|(name, _)| shown.contains(&name.as_str())));
        self.messages.insert(id, sent.bytes);
        Ok(Value::Object(out))
    }

    /// A message by its id, or other bytes.
    fn deliver(&mut self, event: &mut Object) -> Result<Value, Stop> {
        let session = self.sessions.get_mut(&event.text("to")).unwrap();
        let ad = event.optional_bytes("ad");
        let bytes = match event.optional("bytes") {
            Some(bytes) => data(&bytes, None),
            None => self.messages[&event.number("id")].clone(),
        };
        let received = decrypt_or_leave(session, &bytes, &ad)?;
        let stored = Stored::of(session);
        Ok(json!({
            "plaintext": hex(received.plaintext.as_bytes()),
            "chain": received.chain,
            "n": received.number,
            "epoch": session.epoch(),
            "kept": session.skipped(),
            "retired": stored.retired.len(),
            "forgotten": stored.forgotten,
        }))
    }

    fn expire(&mut self, event: &mut Object) -> Value {
        let session = self.sessions.get_mut(&event.text("of")).unwrap();
        let now = UnixTime::from_secs(event.number("now"));
        let changed = session.expire_skipped(now, event.number("max_age"));
        let stored = Stored::of(session);
        json!({
            "changed": changed,
            "epoch": session.epoch(),
            "kept": session.skipped(),
            "marks": stored.marks,
            "forgotten": stored.forgotten,
        })
    }

    fn snapshot(&mut self, event: &mut Object) -> Value {
        let session = &self.sessions[&event.text("of")];
        let snapshot = session.snapshot();
        self.snapshots.insert(event.text("id"), snapshot.expose().to_vec());
        assert_eq!(snapshot.epoch(), session.epoch());
        json!({"epoch": session.epoch(), "bytes": hex(snapshot.expose())})
    }

    fn restore(&mut self, event: &mut Object) -> Result<Value, Stop> {
        let (of, min_epoch) = (event.text("of"), event.number("min_epoch"));
        let session = Session::restore(&self.snapshots[&event.text("snapshot")], min_epoch)?;
        let epoch = session.epoch();
        self.sessions.insert(of, session);
        Ok(json!({"epoch": epoch}))
    }
}

/// The initiator's and the responder's.
fn both_limits(mut fields: Object) -> (Limits, Limits) {
    let limits = ["initiator", "responder"].map(|who| parties::limits(fields.optional(who)));
    fields.finish();
    limits.into()
}
