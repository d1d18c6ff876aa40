//! handshake.json: both sides of a handshake, and the responder alone.

use std::vec::Vec;

use serde_json::{Value, json};

use super::began::Began;
use super::book::{self, File, Stop, decoded};
use super::given::{Given, Object, data, hex, number};
use super::parties::{self, Setting, identity};
use super::replay::Replay;
use super::sending::{Content, Sent, send};
use super::stores::Listed;
use crate::x3dh::agree;
use crate::{
    AcceptError, Accepted, Context, Identity, PreKeyMessage, PreKeyStore, PublicIdentity, Session,
    UnixTime, VerifiedBundle,
};

pub(super) const FILE: File =
    File { name: "handshake.json", ops: &[("handshake", handshake), ("accept", accept)] };

/// Where a pre-key message names its suite.
const SUITE_AT: usize = 2;

#[test]
fn handshakes() {
    book::run(&FILE);
}

fn handshake(given: &mut Given) -> Result<Value, Stop> {
    let fields = &mut given.fields;
    let alice = identity(&fields.bytes("initiator_seed"));
    let bob = identity(&fields.bytes("responder_seed"));
    let setting = Setting::read(fields);
    let limits = parties::limits(fields.optional("limits"));
    let (messages, mut rng) = (fields.list("messages"), Replay::new(&fields.list("random")));
    let deliver: usize = fields.optional("deliver").map_or(0, |n| number(&n)).try_into().unwrap();
    let now = UnixTime::from_secs(fields.number("now"));
    let listed = Listed::read(fields.value("store"))?;
    let bundle = listed.bundle(&bob, fields.object("bundle"));

    let encoded = bundle.encode();
    let (bundle, context) = (bundle.verify(now)?, setting.initiators(limits));
    let mut session = initiate(&alice, &bundle, &context, &mut rng)?;
    let began = Began::new(&alice, &bundle, &context, rng.drawn());
    let fresh = session.snapshot();
    let sent = send_all(&mut session, messages, &mut rng)?;
    rng.finish();

    let mut store = listed.store(&bob.public());
    let store_before = store.snapshot();
    let accepted =
        respond(&bob, &mut store, &sent[deliver], (&setting.responders(limits), now), &began)?;
    assert_eq!(accepted.id(), session.id());
    Ok(json!({
        "initiator_identity": hex(alice.public().to_bytes()),
        "responder_identity": hex(bob.public().to_bytes()),
        "bundle": hex(encoded),
        "steps": began.steps(&given.expected["steps"]),
        "messages": sent.iter().map(Message::shown).collect::<Vec<_>>(),
        "initiator_snapshot_fresh": hex(fresh.expose()),
        "initiator_snapshot": hex(session.snapshot().expose()),
        "responder_snapshot": hex(accepted.snapshot().expose()),
        "is_distribution": sent[deliver].content.is_distribution(),
        "store_before": hex(store_before.expose()),
        "store_after": hex(store.snapshot().expose()),
    }))
}

/// A listed message, and what it became.
struct Message {
    content: Content,
    sent: Sent,
}

impl Message {
    fn shown(&self) -> Value {
        json!({"bytes": hex(&self.sent.bytes), "steps": self.sent.steps})
    }
}

fn send_all(
    session: &mut Session,
    listed: Vec<Value>,
    rng: &mut Replay,
) -> Result<Vec<Message>, Stop> {
    let mut messages = Vec::new();
    for message in listed {
        let mut message = Object::new("message", message);
        let content = Content::read(session, &mut message)?;
        message.finish();
        let sent = send(session, &content, rng)?;
        messages.push(Message { content, sent });
    }
    Ok(messages)
}

/// Accepts, with the keys that the initiator has.
fn respond(
    bob: &Identity,
    store: &mut PreKeyStore,
    message: &Message,
    (context, now): (&Context, UnixTime),
    began: &Began,
) -> Result<Session, Stop> {
    let request =
        PreKeyMessage::decode(&message.sent.bytes)?.with_associated_data(message.content.ad());
    match store.select(&request, now) {
        Ok(selected) => began.agrees_with(&agree::respond(bob, &selected, &request, context)),
        Err(_) => panic!("the pre-keys are there"),
    }
    let accepted = Session::accept(bob, store, &request, context, now)?;
    assert_eq!(accepted.received.plaintext.as_bytes(), message.content.plaintext());
    assert_eq!(accepted.received.is_distribution(), message.content.is_distribution());
    Ok(accepted.session)
}

/// `Session::initiate`. A refusal draws nothing.
pub(super) fn initiate(
    alice: &Identity,
    bundle: &VerifiedBundle,
    context: &Context,
    rng: &mut Replay,
) -> Result<Session, Stop> {
    let session = Session::initiate(alice, bundle, context, rng);
    assert!(session.is_ok() || rng.drawn().is_empty(), "a refusal draws nothing");
    Ok(session?)
}

fn accept(given: &mut Given) -> Result<Value, Stop> {
    let fields = &mut given.fields;
    let seed = fields.bytes("responder_seed");
    let bob = identity(&seed);
    let owner = fields.optional("store_seed").map_or(seed, |seed| data(&seed, None));
    let limits = parties::limits(fields.optional("limits"));
    let mut context = Setting::read(fields).responders(limits);
    let prior = fields.optional("prior").map_or_else(Vec::new, |v| v.as_array().unwrap().clone());
    let known = fields.optional("known_identity").map(|known| data(&known, None));
    let (message, ad) = (fields.bytes("message"), fields.bytes("ad"));
    let now = UnixTime::from_secs(fields.number("now"));
    let listed = fields.value("store");

    let request = decoded(PreKeyMessage::decode(&message), &message, SUITE_AT)?;
    let request = request.with_associated_data(&ad);
    let mut store = Listed::read(listed)?.store(&identity(&owner).public());
    for earlier in prior {
        let earlier = data(&earlier, None);
        let request = PreKeyMessage::decode(&earlier)?.with_associated_data(&ad);
        assert!(Session::accept(&bob, &mut store, &request, &context, now).is_ok());
    }
    if let Some(known) = known {
        context = context.pin(PublicIdentity::from_bytes(&known.try_into().unwrap()).unwrap());
    }
    let accepted = accept_or_leave(&bob, &mut store, &request, &context, now)?;
    Ok(json!({
        "plaintext": hex(accepted.received.plaintext.as_bytes()),
        "is_distribution": accepted.received.is_distribution(),
        "th": hex(accepted.session.id()),
        "store_after": hex(store.snapshot().expose()),
    }))
}

/// `Session::accept`. A refusal leaves the store as it was.
pub(super) fn accept_or_leave(
    bob: &Identity,
    store: &mut PreKeyStore,
    request: &PreKeyMessage<'_>,
    context: &Context,
    now: UnixTime,
) -> Result<Accepted, AcceptError> {
    let before = store.snapshot();
    let accepted = Session::accept(bob, store, request, context, now);
    if accepted.is_err() {
        assert_eq!(store.snapshot().expose(), before.expose(), "a refusal changes nothing");
    }
    accepted
}
