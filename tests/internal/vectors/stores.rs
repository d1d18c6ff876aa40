//! Pre-key stores from listed secrets, and the bundles that are picked from them.

use std::vec::Vec;

use serde_json::Value;

use super::book::Stop;
use super::given::{Object, data};
use super::parties::{secret, suite};
use crate::keys::prekey::{PreKeyId, PreKeyKind};
use crate::primitives::agreement::SecretKey;
use crate::primitives::kem::Seed;
use crate::wire::snapshot::{Snapshot, SnapshotKind};
use crate::{Identity, PreKeyBundle, PreKeyStore, PublicIdentity, Suite};

/// The listed secrets of a store.
pub(super) struct Listed {
    suite: Suite,
    epoch: u64,
    current: Generation,
    previous: Option<Generation>,
    one_time: Vec<Key>,
    kem_one_time: Vec<Key>,
}

/// Times, and a secret or a seed.
struct Key {
    created: u64,
    expires: u64,
    secret: Vec<u8>,
}

struct Generation {
    signed: Key,
    kem_seed: Option<Vec<u8>>,
    tags: Vec<[u8; 16]>,
}

impl Listed {
    pub(super) fn read(value: Value) -> Result<Self, Stop> {
        let mut fields = Object::new("store", value);
        let listed = Self {
            suite: suite(&fields.text("suite"))?,
            epoch: fields.number("epoch"),
            current: Generation::read(fields.object("current")),
            previous: fields
                .optional("previous")
                .map(|value| Generation::read(Object::new("previous", value))),
            one_time: keys(fields.value("one_time"), "secret"),
            kem_one_time: fields
                .optional("kem_one_time")
                .map_or_else(Vec::new, |v| keys(v, "seed")),
        };
        fields.finish();
        Ok(listed)
    }

    /// The store, written as `docs/state.md` says and read by the crate.
    pub(super) fn store(&self, owner: &PublicIdentity) -> PreKeyStore {
        let mut body = Vec::from([self.suite.to_byte()]);
        body.extend(owner.to_bytes());
        self.current.write(&mut body);
        body.push(self.previous.is_some().into());
        self.previous.iter().for_each(|previous| previous.write(&mut body));
        write_list(&mut body, self.one_time.iter().map(Key::curve_entry));
        if self.suite.is_hybrid() {
            write_list(&mut body, self.kem_one_time.iter().map(Key::kem_entry));
        }
        let kind = SnapshotKind::PreKeyStore;
        let snapshot = Snapshot::write(kind, self.epoch, body.len(), |writer| {
            writer.bytes(&body);
        });
        PreKeyStore::restore(snapshot.expose(), self.epoch).unwrap()
    }

    /// The bundle of the store's current generation and the picked one-time keys.
    pub(super) fn bundle(&self, owner: &Identity, mut pick: Object) -> PreKeyBundle {
        let published = self.store(&owner.public()).publish_all(owner);
        let one_time = pick.optional("one_time").map(|at| {
            let public = *self.one_time[place(&at)].key_pair().public();
            published.one_time.iter().find(|key| key.public == public).unwrap().clone()
        });
        let kem = pick.optional("kem").filter(|kem| *kem != "last-resort").map(|at| {
            let public = self.kem_one_time[place(&at)].seed().expand().public().clone();
            published.kem_one_time.iter().find(|key| key.public == public).unwrap().clone()
        });
        pick.finish();
        let last_resort = published.last_resort.map(|key| (PreKeyKind::KemLastResort, key));
        PreKeyBundle {
            suite: published.suite,
            identity: published.identity,
            signed: published.signed,
            one_time,
            kem: kem.map(|key| (PreKeyKind::KemOneTime, key)).or(last_resort),
        }
    }
}

impl Generation {
    fn read(mut fields: Object) -> Self {
        let signed = Key::read(&mut fields, "secret");
        let kem_seed = fields.optional("kem_seed").map(|seed| data(&seed, None));
        let tags = fields.optional("tags").unwrap_or_else(|| Vec::<Value>::new().into());
        let tags = tags.as_array().unwrap().iter().map(|tag| data(tag, None).try_into().unwrap());
        // So many more, which are 0, 1, 2, … as integers.
        let counted = fields.optional("counted_tags").map_or(0, |n| n.as_u64().unwrap());
        let mut tags: Vec<_> =
            tags.chain((0..counted).map(|i| u128::from(i).to_be_bytes())).collect();
        tags.sort_unstable();
        fields.finish();
        Self { signed, kem_seed, tags }
    }

    fn write(&self, body: &mut Vec<u8>) {
        let (_, entry) = self.signed.curve_entry();
        body.extend(entry);
        if let Some(seed) = &self.kem_seed {
            body.extend(kem_id(PreKeyKind::KemLastResort, seed).0);
            body.extend(seed);
        }
        write_list(body, self.tags.iter().map(|tag| (PreKeyId([0; 8]), tag.to_vec())));
    }
}

impl Key {
    fn read(fields: &mut Object, secret: &str) -> Self {
        let (created, expires) = (fields.number("created"), fields.number("expires"));
        Self { created, expires, secret: fields.bytes(secret) }
    }

    fn times(&self) -> Vec<u8> {
        [self.created.to_be_bytes(), self.expires.to_be_bytes()].concat()
    }

    fn key_pair(&self) -> SecretKey {
        SecretKey::new(secret(&self.secret))
    }

    fn seed(&self) -> Seed {
        Seed::from_bytes(self.secret.as_slice().try_into().unwrap()).unwrap()
    }

    fn curve_entry(&self) -> (PreKeyId, Vec<u8>) {
        let pair = self.key_pair();
        let public = pair.public().as_bytes();
        let entry = [self.times(), self.secret.clone(), public.to_vec()].concat();
        (PreKeyId::of(PreKeyKind::OneTime, public), entry)
    }

    fn kem_entry(&self) -> (PreKeyId, Vec<u8>) {
        let id = kem_id(PreKeyKind::KemOneTime, &self.secret);
        (id, [id.0.to_vec(), self.times(), self.secret.clone()].concat())
    }
}

fn keys(list: Value, secret: &str) -> Vec<Key> {
    let Value::Array(list) = list else { panic!("no list: {list}") };
    let key = |value| {
        let mut fields = Object::new("key", value);
        let key = Key::read(&mut fields, secret);
        fields.finish();
        key
    };
    list.into_iter().map(key).collect()
}

fn kem_id(kind: PreKeyKind, seed: &[u8]) -> PreKeyId {
    let seed = Seed::from_bytes(seed.try_into().unwrap()).unwrap();
    PreKeyId::of(kind, seed.expand().public().as_ref())
}

/// A count, and the entries ascending by id.
fn write_list(body: &mut Vec<u8>, entries: impl Iterator<Item = (PreKeyId, Vec<u8>)>) {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|(id, _)| *id);
    body.extend(u16::try_from(entries.len()).unwrap().to_be_bytes());
    entries.into_iter().for_each(|(_, entry)| body.extend(entry));
}

fn place(value: &Value) -> usize {
    value.as_u64().unwrap().try_into().unwrap()
}
