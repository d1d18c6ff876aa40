//! context.json: data contexts, and the keys under a root key.

use std::vec::Vec;

use serde_json::{Value, json};

use super::aead::brief;
use super::book::{self, File, Stop};
use super::envelope_kek::context;
use super::given::{Given, Object, hex};
use super::parties::secret;
use super::replay::Replay;
use crate::envelope::context::{ContextError, DataContext, Purpose};
use crate::envelope::root::{RootKey, RootKeyId};
use crate::{Keyring, LocalKek, UnixTime, WrapWith};

pub(super) const FILE: File = File {
    name: "context.json",
    ops: &[("context", said), ("decode-context", decode), ("root-keys", root_keys)],
};

#[test]
fn data_contexts_and_the_keys_under_a_root_key() {
    book::run(&FILE);
}

fn said(given: &mut Given) -> Result<Value, Stop> {
    let purpose = given.fields.number("purpose").try_into().unwrap();
    let mut context = DataContext::new(Purpose::from_byte(purpose).unwrap());
    for said in given.fields.list("say") {
        let mut said = Object::new("said", said);
        context = say(context, said.small("tag"), &said.bytes("bytes"))?;
        said.finish();
    }
    Ok(json!({"context": brief(context.as_bytes())}))
}

fn say(context: DataContext, tag: u32, bytes: &[u8]) -> Result<DataContext, ContextError> {
    match tag {
        1 => context.tenant(bytes),
        2 => context.collection(bytes),
        3 => context.field(bytes),
        4 => context.object(bytes),
        5 => context.object_version(u64::from_be_bytes(bytes.try_into().unwrap())),
        6 => context.schema_version(u32::from_be_bytes(bytes.try_into().unwrap())),
        7 => context.user(bytes),
        8 => context.device(bytes),
        number => context.application((number - 128).try_into().unwrap(), bytes),
    }
}

fn decode(given: &mut Given) -> Result<Value, Stop> {
    let bytes = given.fields.bytes("context");
    let context = DataContext::decode(&bytes)?;
    assert_eq!(context.as_bytes(), bytes);
    let collection = hex(context.collection_name());
    Ok(json!({"purpose": context.purpose().byte(), "collection": collection}))
}

/// The database's key and the blind index are seen through a keyring of this root key.
fn root_keys(given: &mut Given) -> Result<Value, Stop> {
    let (key, id) = (given.fields.bytes("root_key"), RootKeyId::from_number(0));
    let (context, value) = (context(&given.fields.bytes("context")), given.fields.bytes("value"));
    let root = RootKey { id, key: secret(&key) };
    let (database_key, salt) = root.database(&context).split::<32, 16>();
    let keyring = keyring_of(key);
    let database = keyring.database_key(id, &context).unwrap();
    assert_eq!(database.key().expose(), database_key.expose());
    let sqlcipher = core::str::from_utf8(database.sqlcipher().expose()).map(Value::from)?;
    Ok(json!({
        "record_key": hex(root.record(&context).expose()),
        "root_wrap_key": hex(root.root_wrap().expose()),
        "file_wrap_key": hex(root.file_wrap().expose()),
        "mac_key": hex(root.keyring_mac(&context).expose()),
        "database_key": hex(database_key.expose()),
        "database_salt": hex(salt.expose()),
        "sqlcipher": sqlcipher,
        "index_key": hex(root.index(&context).expose()),
        "blind_index": hex(keyring.blind_index(id, &context).unwrap().of(&value)),
    }))
}

fn keyring_of(root_key: Vec<u8>) -> Keyring {
    let mut rng = Replay::of([Vec::from([1; 16]), root_key, Vec::from([2; 24])]);
    let kek = LocalKek::new(b"", secret(&[3; 32])).unwrap();
    let (context, with) = (DataContext::new(Purpose::Keyring), WrapWith::Local(&kek));
    let keyring = Keyring::create(&context, with, UnixTime::from_secs(0), &mut rng).unwrap();
    rng.finish();
    keyring
}
