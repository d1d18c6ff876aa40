//! How a handshake's keys come about, value by value, from the crate's own parts.

use std::format;
use std::string::String;
use std::vec::Vec;

use serde_json::{Map, Value};

use super::given::{data, hex};
use super::replay::Replay;
use crate::label::Label;
use crate::primitives::agreement::SecretKey;
use crate::primitives::hash;
use crate::primitives::kdf::{self, Prk};
use crate::wire::bundle::PreKeyBundle;
use crate::x3dh::agree::{self, HandshakeKeys};
use crate::{Context, Identity, Secret, VerifiedBundle};

/// The initiator's side once more, value by value.
pub(super) struct Began {
    keys: HandshakeKeys,
    prefix: Vec<u8>,
    info: Vec<u8>,
    okm: [u8; 192],
    values: Map<String, Value>,
}

impl Began {
    /// `drawn` begins with r1 and, in a hybrid suite, r2.
    pub(super) fn new(
        alice: &Identity,
        bundle: &VerifiedBundle,
        context: &Context,
        drawn: &[Vec<u8>],
    ) -> Self {
        let draws = if bundle.suite().is_hybrid() { 2 } else { 1 };
        let mut rng = Replay::of(drawn.iter().take(draws).cloned());
        let (keys, prefix) = agree::initiate(alice, bundle, context, &mut rng).unwrap();
        rng.finish();

        let bundle = bundle.inner();
        let terms = agree::terms_of(bundle, &alice.public(), context).hash();
        let mut values = Map::from_iter([("terms_hash".into(), hex(terms))]);
        let ephemeral = SecretKey::new(hedged(alice, &terms, Label::HedgeEphemeral, &drawn[0]));
        let ephemeral_public = *ephemeral.public().as_bytes();
        assert_eq!(prefix[68..100], ephemeral_public);
        let mut ikm = [0xff; 32].to_vec();
        for (name, dh) in agreements(alice, &ephemeral, bundle) {
            values.insert(name, hex(dh));
            ikm.extend(dh);
        }
        let shared = encapsulate(alice, bundle, &terms, drawn.get(1), &mut values);
        ikm.extend(shared.iter().flatten());
        values.extend([
            ("r1".into(), hex(&drawn[0])),
            ("ephemeral_secret".into(), hex(ephemeral.secret().expose())),
            ("ephemeral".into(), hex(ephemeral_public)),
        ]);
        let label = Label::HandshakeKeys.bytes();
        let info = [label, &[bundle.suite.to_byte()], &keys.transcript].concat();
        let mut okm = [0; 192];
        Prk::extract(&[0; 32], &ikm).expand(&[&info], &mut okm);
        Self { keys, prefix, info, okm, values }
    }

    /// The values that later ones come from. The transcript and PRK cannot be seen; that the listed ones give what the
    /// crate has shows that they are the same.
    pub(super) fn steps(&self, expected: &Value) -> Value {
        let mut steps = self.values.clone();
        steps.extend(self.results());
        let transcript = data(&expected["transcript"], None);
        let rest = transcript.strip_prefix(Label::HandshakeTranscript.bytes()).unwrap();
        assert_eq!(hash::sha256(Label::HandshakeTranscript, &[rest]), self.keys.transcript);
        let mut okm = [0; 192];
        let prk = data(&expected["prk"], None).try_into().unwrap();
        Prk::from_key(&prk).expand(&[&self.info], &mut okm);
        assert_eq!(okm, self.okm, "PRK");
        steps.insert("transcript".into(), hex(transcript));
        steps.insert("prk".into(), hex(prk));
        Value::Object(steps)
    }

    /// What a session begins with.
    pub(super) fn results(&self) -> Map<String, Value> {
        let (parts, _) = self.okm.as_chunks::<32>();
        let [root, ab, ba, pq_root, exporter, tag] = parts else { panic!("six parts") };
        assert_eq!(self.keys.root.expose(), root);
        assert_eq!(self.keys.exporter.expose(), exporter);
        assert_eq!(self.keys.replay_tag, tag[..16]);
        Map::from_iter([
            ("th".into(), hex(self.keys.transcript)),
            ("root_key".into(), hex(root)),
            ("header_key_ab".into(), hex(ab)),
            ("header_key_ba".into(), hex(ba)),
            ("pq_root".into(), hex(pq_root)),
            ("exporter_key".into(), hex(exporter)),
            ("replay_tag".into(), hex(tag)),
            ("prefix".into(), hex(&self.prefix)),
            ("prefix_hash".into(), hex(hash::sha256(Label::HandshakePrefix, &[&self.prefix]))),
        ])
    }

    /// The responder has the same.
    pub(super) fn agrees_with(&self, keys: &HandshakeKeys) {
        let HandshakeKeys { transcript, root, exporter, replay_tag } = keys;
        assert_eq!(*transcript, self.keys.transcript);
        assert_eq!(root.expose(), self.keys.root.expose());
        assert_eq!(exporter.expose(), self.keys.exporter.expose());
        assert_eq!(*replay_tag, self.keys.replay_tag);
    }
}

fn hedged(alice: &Identity, terms: &[u8; 32], label: Label, r: &[u8]) -> Secret<32> {
    let mut rng = Replay::of([r.to_vec()]);
    kdf::hedged(alice.hedge(), &[label.bytes(), terms], &mut rng).unwrap()
}

/// DH1 to DH3, and DH4 with a one-time pre-key.
fn agreements(
    alice: &Identity,
    ephemeral: &SecretKey,
    bundle: &PreKeyBundle,
) -> Vec<(String, [u8; 32])> {
    let signed = &bundle.signed.public;
    let mut agreements = Vec::from([
        alice.agreement().agree(signed),
        ephemeral.agree(&bundle.identity.agreement),
        ephemeral.agree(signed),
    ]);
    agreements.extend(bundle.one_time.as_ref().map(|key| ephemeral.agree(&key.public)));
    let numbered = agreements.iter().zip(1..);
    numbered.map(|(dh, i)| (format!("dh{i}"), *dh.expose())).collect()
}

/// SS, if the suite has one.
fn encapsulate(
    alice: &Identity,
    bundle: &PreKeyBundle,
    terms: &[u8; 32],
    r2: Option<&Vec<u8>>,
    values: &mut Map<String, Value>,
) -> Option<[u8; 32]> {
    let (_, key) = bundle.kem.as_ref()?;
    let r2 = r2.unwrap();
    let m = hedged(alice, terms, Label::HedgeEncapsulation, r2);
    let (ciphertext, shared) = key.public.encapsulate(&m);
    values.extend([
        ("r2".into(), hex(r2)),
        ("m".into(), hex(m.expose())),
        ("ciphertext".into(), hex(*ciphertext)),
        ("shared_secret".into(), hex(shared.expose())),
    ]);
    Some(*shared.expose())
}
