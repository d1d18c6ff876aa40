//! identity.json: identities from seeds, pre-key bodies, refused encodings.

use serde_json::{Value, json};

use super::book::{self, File, Stop};
use super::given::{Given, data, hex};
use super::parties::{self, identity, secret};
use crate::keys::prekey::{PreKeyKind, SignedKey};
use crate::label::Label;
use crate::primitives::agreement::SecretKey;
use crate::primitives::kdf::Prk;
use crate::primitives::kem::Seed;
use crate::primitives::sign::SigningKey;
use crate::wire::bundle::{read_curve, read_kem};
use crate::wire::codec::{DecodeError, Reader};
use crate::{Identity, PublicIdentity, Secret, Suite, UnixTime, limits};

pub(super) const FILE: File = File {
    name: "identity.json",
    ops: &[
        ("identity", from_seed),
        ("decode-identity", decode),
        ("prekey", prekey),
        ("open-prekey", open_prekey),
    ],
};

#[test]
fn identities_and_prekeys() {
    book::run(&FILE);
}

fn from_seed(given: &mut Given) -> Result<Value, Stop> {
    let seed = given.fields.bytes("seed");
    let who = identity(&seed);
    let prk = Prk::extract(&[], &seed);
    let signing: Secret<32> =
        Secret::init_with(|out| prk.expand(&[Label::IdentitySigning.bytes()], out));
    let public = who.public();
    assert_eq!(SigningKey::new(&signing).public(), public.signing);
    assert_eq!(who.seed().expose().as_slice(), seed);
    Ok(json!({
        "ed25519_secret": hex(signing.expose()),
        "ed25519_public": hex(public.signing.as_bytes()),
        "x25519_secret": hex(who.agreement().secret().expose()),
        "x25519_public": hex(public.agreement.as_bytes()),
        "hedge_key": hex(who.hedge().expose()),
        "identity": hex(public.to_bytes()),
        "hash": hex(public.hash()),
    }))
}

fn decode(given: &mut Given) -> Result<Value, Stop> {
    let bytes = given.fields.bytes("identity");
    let mut reader = Reader::new(&bytes);
    let public = reader.identity()?;
    Ok(json!({"hash": hex(reader.finish(public)?.hash())}))
}

/// What a pre-key is signed for.
struct Use {
    kind: PreKeyKind,
    suite: Suite,
}

impl Use {
    fn read(given: &mut Given) -> Result<Self, Stop> {
        let (kind, suite) = (given.fields.text("kind"), given.fields.text("suite"));
        Ok(Self { kind: parties::kind(&kind)?, suite: parties::suite(&suite)? })
    }

    fn is_curve(&self) -> bool {
        matches!(self.kind, PreKeyKind::Signed | PreKeyKind::OneTime)
    }
}

fn prekey(given: &mut Given) -> Result<Value, Stop> {
    let who = identity(&given.fields.bytes("seed"));
    let usage = Use::read(given)?;
    let bytes = given.fields.bytes("secret");
    let created = UnixTime::from_secs(given.fields.number("created"));
    let expires = given.fields.number("expires");
    assert_eq!(expires, created.as_secs() + limits::PREKEY_LIFETIME);
    let dates = (created, UnixTime::from_secs(expires));
    if usage.is_curve() {
        let public = *SecretKey::new(secret(&bytes)).public();
        let key = SignedKey::sign(&who, usage.kind, usage.suite, dates, public);
        signed(given, &who, &usage, &key)
    } else {
        let seed = Seed::from_bytes(&bytes.try_into().unwrap()).ok_or(Stop::Absent)?;
        let public = seed.expand().public().clone();
        let key = SignedKey::sign(&who, usage.kind, usage.suite, dates, public);
        signed(given, &who, &usage, &key)
    }
}

fn signed<K: AsRef<[u8]>>(
    given: &Given,
    who: &Identity,
    usage: &Use,
    key: &SignedKey<K>,
) -> Result<Value, Stop> {
    // What is signed cannot be seen; that the listed text has the same signature shows that it is the same.
    let text = given.expected["signed_text"].clone();
    assert_eq!(who.sign(&data(&text, None)), key.signature);
    let times = [key.created, key.expires].map(|time| time.as_secs().to_be_bytes());
    let parts: [&[u8]; 3] = [&times.concat(), key.public.as_ref(), &key.signature];
    Ok(json!({
        "identity": hex(who.public().to_bytes()),
        "public": hex(&key.public),
        "id": hex(key.id(usage.kind).as_bytes()),
        "signed_text": text,
        "signature": hex(key.signature),
        "body": hex(parts.concat()),
    }))
}

fn open_prekey(given: &mut Given) -> Result<Value, Stop> {
    let usage = Use::read(given)?;
    let who: [u8; 64] = given.fields.array("identity");
    let who = PublicIdentity::from_bytes(&who).unwrap();
    let body = given.fields.bytes("body");
    if usage.is_curve() {
        open(&usage, &who, &body, read_curve)
    } else {
        open(&usage, &who, &body, read_kem)
    }
}

fn open<K: AsRef<[u8]>>(
    usage: &Use,
    who: &PublicIdentity,
    body: &[u8],
    read: fn(&mut Reader<'_>) -> Result<SignedKey<K>, DecodeError>,
) -> Result<Value, Stop> {
    let mut reader = Reader::new(body);
    let key = read(&mut reader)?;
    let key = reader.finish(key)?;
    key.verify(usage.kind, usage.suite, who)?;
    Ok(json!({"id": hex(key.id(usage.kind).as_bytes())}))
}
