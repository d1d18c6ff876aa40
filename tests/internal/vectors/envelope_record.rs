//! record.json: records, their padding, and moving them to another context.

use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::{self, File, Stop};
use super::envelope_kek::{context, stored};
use super::given::{Given, Object, hex, number};
use super::parties::secret;
use super::replay::Replay;
use crate::envelope::record;
use crate::envelope::root::{RootKey, RootKeyId};
use crate::primitives::aead;
use crate::{DataContext, Keyring, Padding};

pub(super) const FILE: File = File {
    name: "record.json",
    ops: &[("padme", padme), ("record", sealed), ("open-record", open), ("rebind", rebind)],
};

const HEADER_LEN: usize = 6;
const SALT_AND_COMMITMENT: usize = 24 + 32;
const CHUNK_LEN: usize = 16_384;
const TAG_LEN: usize = 16;

#[test]
fn records_and_their_padding() {
    book::run(&FILE);
}

fn padme(given: &mut Given) -> Result<Value, Stop> {
    let lengths = given.fields.list("lengths");
    let padded = lengths.iter().map(|length| padded_len(number(length).try_into().unwrap()));
    Ok(json!({"padded": padded.collect::<Vec<_>>()}))
}

/// Seen by how long a record gets whose data is shorter than this by its mark.
fn padded_len(len: usize) -> usize {
    let sealed = record::sealed_len(len - 1, Padding::Padme) - HEADER_LEN - SALT_AND_COMMITMENT;
    sealed - TAG_LEN * (sealed / (CHUNK_LEN + TAG_LEN) + 1)
}

fn root_key(given: &mut Given) -> RootKey {
    let id = RootKeyId::from_number(given.fields.small("number"));
    RootKey { id, key: secret(&given.fields.bytes("root_key")) }
}

fn place(given: &mut Given) -> DataContext {
    context(&given.fields.bytes("context"))
}

fn padding(given: &mut Given) -> Padding {
    if given.fields.value("padded") == true { Padding::Padme } else { Padding::None }
}

fn replay(given: &mut Given) -> Replay {
    Replay::new(&given.fields.list("random"))
}

fn sealed(given: &mut Given) -> Result<Value, Stop> {
    let (root, context, padding) = (root_key(given), place(given), padding(given));
    let random = given.fields.list("random");
    let text = given.fields.bytes("data");
    let mut rng = Replay::new(&random);
    let sealed = record::seal(&root, &context, &text, padding, &mut rng)?;
    rng.finish();
    assert_eq!(sealed.len(), record::sealed_len(text.len(), padding));
    let mut in_place = text;
    let mut rng = Replay::new(&random);
    record::seal_in_place(&root, &context, &mut in_place, padding, &mut rng)?;
    assert_eq!(in_place, sealed);
    let (header, body) = sealed.split_at(HEADER_LEN);
    let key = root.record(&context);
    let text = aead::open(key.expose(), [header, context.as_bytes(), &[]], body)?;
    let record_key = hex(key.expose());
    Ok(json!({"record_key": record_key, "text": brief(&text), "record": brief(&sealed)}))
}

fn open(given: &mut Given) -> Result<Value, Stop> {
    let (root, context) = (root_key(given), place(given));
    let mut record = given.fields.bytes("record");
    let padding = record::header(&record).map(|header| header.padding);
    let opened =
        record::open_in_place(|id| (id == root.id).then_some(&root), &context, &mut record);
    assert!(opened.is_ok() || record.is_empty(), "what does not open is gone");
    opened?;
    Ok(json!({"data": brief(&record), "padded": padding == Some(Padding::Padme)}))
}

fn rebind(given: &mut Given) -> Result<Value, Stop> {
    let (record, old) = (given.fields.bytes("record"), place(given));
    let new = context(&given.fields.bytes("new_context"));
    let keyring = keyring(given.fields.object("keyring"))?;
    let mut rng = replay(given);
    let moved = keyring.rebind(&record, &old, &new, &mut rng)?;
    rng.finish();
    let data = keyring.open_record(&new, &moved)?;
    assert_eq!(keyring.open_record(&old, &record)?, data);
    Ok(json!({
        "record": brief(&moved),
        "data": brief(data.as_ref()),
        "padded": record::header(&moved).unwrap().padding == Padding::Padme,
        "was_due": keyring.needs_rewrap(&record),
        "due": keyring.needs_rewrap(&moved),
    }))
}

pub(super) fn keyring(mut fields: Object) -> Result<Keyring, Stop> {
    let context = context(&fields.bytes("context"));
    let keyring = stored(&mut fields, &context)?;
    fields.finish();
    Ok(keyring)
}
