//! exporter.json: the exporter, from an exporter key.

use serde_json::{Value, json};

use super::book::{self, File, Stop};
use super::given::{Given, hex};
use super::parties::{identity, secret};
use crate::limits::MAX_EXPORT;
use crate::primitives::agreement::SecretKey;
use crate::wire::snapshot::{Snapshot, SnapshotKind};
use crate::{Session, Suite};

pub(super) const FILE: File = File { name: "exporter.json", ops: &[("exporter", exporter)] };

#[test]
fn exports() {
    book::run(&FILE);
}

fn exporter(given: &mut Given) -> Result<Value, Stop> {
    let session = with_exporter_key(given.fields.array("exporter_key"));
    let (label, context) = (given.fields.bytes("label"), given.fields.bytes("context"));
    let output = match given.fields.number("length") {
        1 => hex(session.exporter::<1>(&label, &context)?.expose()),
        32 => hex(session.exporter::<32>(&label, &context)?.expose()),
        64 => hex(session.exporter::<64>(&label, &context)?.expose()),
        100 => hex(session.exporter::<100>(&label, &context)?.expose()),
        8160 => hex(session.exporter::<8160>(&label, &context)?.expose()),
        // A length is a type: these do not compile.
        length if length == 0 || length > MAX_EXPORT as u64 => return refused(),
        length => panic!("a length that is not listed here: {length}"),
    };
    Ok(json!({"output": output}))
}

/// No error is named for what the compiler refuses.
fn refused() -> Result<Value, Stop> {
    Err(Stop::Refused("refused".into()))
}

/// A session with this exporter key, and nothing else of interest.
fn with_exporter_key(key: [u8; 32]) -> Session {
    let peer = identity(&[1; 32]).public().to_bytes();
    let remote = *SecretKey::new(secret(&[2; 32])).public().as_bytes();
    let responder = 1;
    let body = [
        &[Suite::X3dh.to_byte(), responder][..],
        &peer,
        // The peer's address: no provider, user "b", device 0.
        &[1, 0, 2, 1, b'b', 3, 0, 0, 0, 0],
        &[0; 32 + 32 + 2],
        &key,
        &[0; 4 + 4 + 32],
        &remote,
        // Nothing sent; a receiving chain, at its beginning; nothing kept.
        &[0; 5],
        &[1],
        &[0; 4 + 4 + 32],
        &[0; 1 + 8 + 1 + 4],
    ]
    .concat();
    let snapshot = Snapshot::write(SnapshotKind::Session, 0, body.len(), |writer| {
        writer.bytes(&body);
    });
    Session::restore(snapshot.expose(), 0).unwrap()
}
