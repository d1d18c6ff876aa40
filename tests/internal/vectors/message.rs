//! message.json: single messages between two sessions.

use serde_json::{Value, json};

use super::book::{self, File, Stop, decoded};
use super::given::{Given, hex};
use super::replay::Replay;
use super::sending::{Content, send};
use crate::label::Label;
use crate::{DecryptError, Received, Session};

pub(super) const FILE: File = File {
    name: "message.json",
    ops: &[("message", message), ("decrypt", decrypt), ("encrypt", encrypt)],
};

/// Where a snapshot names its suite.
pub(super) const SUITE_AT: usize = 14;

#[test]
fn messages() {
    book::run(&FILE);
}

fn restore(given: &mut Given, who: &str) -> Result<Session, Stop> {
    let snapshot = given.fields.bytes(who);
    decoded(Session::restore(&snapshot, 0), &snapshot, SUITE_AT)
}

fn message(given: &mut Given) -> Result<Value, Stop> {
    let (mut sender, mut receiver) = (restore(given, "sender")?, restore(given, "receiver")?);
    let mut rng = Replay::new(&given.fields.list("random"));
    let content = Content::read(&sender, &mut given.fields)?;
    let sent = send(&mut sender, &content, &mut rng)?;
    rng.finish();
    let received = receiver.decrypt_with(&sent.bytes, content.ad())?;
    assert_eq!(received.plaintext.as_bytes(), content.plaintext());
    assert_eq!(received.is_distribution(), content.is_distribution());
    assert_eq!(received.from(), receiver.peer());
    Ok(json!({
        "context": hex([Label::RatchetMessage.bytes(), &sent.header, content.ad()].concat()),
        "steps": sent.steps,
        "message": hex(sent.bytes),
        "is_distribution": received.is_distribution(),
        "chain": received.chain,
        "n": received.number,
        "sender_after": hex(sender.snapshot().expose()),
        "receiver_after": hex(receiver.snapshot().expose()),
    }))
}

fn decrypt(given: &mut Given) -> Result<Value, Stop> {
    let mut receiver = restore(given, "receiver")?;
    let (message, ad) = (given.fields.bytes("message"), given.fields.bytes("ad"));
    let received = decrypt_or_leave(&mut receiver, &message, &ad)?;
    Ok(json!({
        "plaintext": hex(received.plaintext.as_bytes()),
        "is_distribution": received.is_distribution(),
        "chain": received.chain,
        "n": received.number,
        "receiver_after": hex(receiver.snapshot().expose()),
    }))
}

/// `Session::decrypt_with`. A refusal leaves the session as it was.
pub(super) fn decrypt_or_leave(
    session: &mut Session,
    message: &[u8],
    ad: &[u8],
) -> Result<Received, DecryptError> {
    let before = session.snapshot();
    let received = session.decrypt_with(message, ad);
    if received.is_err() {
        assert_eq!(session.snapshot().expose(), before.expose(), "a refusal changes nothing");
    }
    received
}

fn encrypt(given: &mut Given) -> Result<Value, Stop> {
    let mut sender = restore(given, "sender")?;
    let mut rng = Replay::new(&given.fields.list("random"));
    let content = Content::read(&sender, &mut given.fields)?;
    let sent = send(&mut sender, &content, &mut rng)?;
    rng.finish();
    Ok(json!({"message": hex(sent.bytes), "steps": sent.steps}))
}
