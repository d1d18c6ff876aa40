//! bundle.json: bundles and publications.

use serde_json::{Value, json};

use super::book::{self, File, Stop, decoded};
use super::given::{Given, hex};
use super::parties::identity;
use super::stores::Listed;
use crate::keys::prekey::{PreKeyKind, SignedKey};
use crate::{PreKeyBundle, Publication, UnixTime};

pub(super) const FILE: File = File {
    name: "bundle.json",
    ops: &[
        ("bundle", bundle),
        ("verify-bundle", verify),
        ("publication", publication),
        ("decode-publication", decode_publication),
    ],
};

/// Where a bundle and a publication name their suite.
const SUITE_AT: usize = 2;

#[test]
fn bundles_and_publications() {
    book::run(&FILE);
}

fn bundle(given: &mut Given) -> Result<Value, Stop> {
    let owner = identity(&given.fields.bytes("responder_seed"));
    let listed = Listed::read(given.fields.value("store"))?;
    let bundle = listed.bundle(&owner, given.fields.object("bundle"));
    let now = UnixTime::from_secs(given.fields.number("now"));
    let bytes = bundle.encode();
    let mut out = json!({
        "identity": hex(bundle.identity.to_bytes()),
        "signed": key(PreKeyKind::Signed, &bundle.signed),
        "bundle": hex(&bytes),
    });
    if let Some(one_time) = &bundle.one_time {
        out["one_time"] = key(PreKeyKind::OneTime, one_time);
    }
    if let Some((kind, kem)) = &bundle.kem {
        out["kem"] = key(*kind, kem);
    }
    let read = PreKeyBundle::decode(&bytes)?;
    assert!(read == bundle, "what was written is read");
    let verified = read.verify(now)?;
    assert_eq!(verified.has_one_time(), bundle.one_time.is_some());
    let last_resort = bundle.kem.is_some_and(|(kind, _)| kind == PreKeyKind::KemLastResort);
    assert_eq!(verified.has_last_resort(), last_resort);
    Ok(out)
}

fn key<K: AsRef<[u8]>>(kind: PreKeyKind, key: &SignedKey<K>) -> Value {
    json!({
        "kind": std::format!("{kind:?}"),
        "id": hex(key.id(kind).as_bytes()),
        "created": key.created.as_secs(),
        "expires": key.expires.as_secs(),
        "public": hex(&key.public),
        "signature": hex(key.signature),
    })
}

fn verify(given: &mut Given) -> Result<Value, Stop> {
    let bytes = given.fields.bytes("bundle");
    let now = UnixTime::from_secs(given.fields.number("now"));
    let bundle = decoded(PreKeyBundle::decode(&bytes), &bytes, SUITE_AT)?;
    assert_eq!(bundle.encode(), bytes, "there is one encoding");
    let verified = bundle.verify(now)?;
    Ok(json!({"identity": hex(verified.identity().to_bytes())}))
}

fn publication(given: &mut Given) -> Result<Value, Stop> {
    let owner = identity(&given.fields.bytes("responder_seed"));
    let listed = Listed::read(given.fields.value("store"))?;
    let publication = listed.store(&owner.public()).publish_all(&owner);
    let bytes = publication.encode();
    assert!(Publication::decode(&bytes)? == publication, "what was written is read");
    Ok(json!({"publication": hex(bytes)}))
}

fn decode_publication(given: &mut Given) -> Result<Value, Stop> {
    let bytes = given.fields.bytes("publication");
    let publication = decoded(Publication::decode(&bytes), &bytes, SUITE_AT)?;
    Ok(json!({"identity": hex(publication.identity().to_bytes())}))
}
