//! What is secret: read from snapshots by the layouts of `docs/state.md`, and computed by the formulas of `docs/spec.md`.
//!
//! The run that searches takes no copy of them: from the test's stack they would get into the gaps of what the crate moves to
//! the heap.

use confidant::{GroupSession, Identity, PreKeyStore, Session, Suite};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use x25519_dalek::{PublicKey, StaticSecret};

use super::{is_learning, learn};

/// Reads a snapshot from the front, in place: a copy of it on the heap would be a residue.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// A snapshot's body.
    fn of(snapshot: &'a [u8]) -> Self {
        Self(&snapshot[14..snapshot.len() - 8])
    }

    fn skip(&mut self, len: usize) -> &'a [u8] {
        let (field, rest) = self.0.split_at(len);
        self.0 = rest;
        field
    }

    fn number(&mut self, len: usize) -> usize {
        self.skip(len).iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
    }

    /// Provider and user, each behind a tag and a length, and the device behind a tag.
    fn address(&mut self) {
        for _ in 0..2 {
            self.skip(1);
            let len = self.number(1);
            self.skip(len);
        }
        self.skip(1 + 4);
    }

    fn secret(&mut self, name: &'static str) -> [u8; 32] {
        let secret: &[u8; 32] = self.skip(32).try_into().unwrap();
        learn(name, secret);
        if is_learning() { *secret } else { [0; 32] }
    }
}

/// The parts of an identity, all from its seed.
pub fn learn_identity(identity: &Identity) {
    if !is_learning() {
        return;
    }
    let seed = identity.seed().expose();
    learn("identity seed", seed);
    learn("pseudo-random key of the identity", &extract(&[], seed));
    let signing = identity_part(identity, "confidant/v1/identity/ed25519");
    learn("Ed25519 secret", &signing);
    learn("Ed25519 scalar and prefix", &Sha512::digest(signing));
    learn("X25519 secret of the identity", &agreement_secret(identity));
    learn("hedge key", &identity_part(identity, "confidant/v1/identity/hedge"));
}

fn agreement_secret(identity: &Identity) -> [u8; 32] {
    identity_part(identity, "confidant/v1/identity/x25519")
}

fn identity_part(identity: &Identity, label: &str) -> [u8; 32] {
    expand(&extract(&[], identity.seed().expose()), &[label.as_bytes()])
}

/// The secrets of a store. Returns the current signed pre-key and the first one-time pre-key, if there is one.
pub fn learn_store(store: &PreKeyStore) -> ([u8; 32], Option<[u8; 32]>) {
    let snapshot = store.snapshot();
    let mut fields = Fields::of(snapshot.expose());
    let hybrid = store.suite() != Suite::X3dh;
    fields.skip(1 + 64);
    let signed = learn_generation(&mut fields, hybrid);
    if fields.number(1) == 1 {
        learn_generation(&mut fields, hybrid);
    }
    let mut first = None;
    for _ in 0..fields.number(2) {
        fields.skip(16);
        first = first.or(Some(fields.secret("one-time pre-key")));
        fields.skip(32);
    }
    for _ in 0..if hybrid { fields.number(2) } else { 0 } {
        fields.skip(24);
        learn("seed of a KEM one-time pre-key", fields.skip(64));
    }
    assert!(fields.0.is_empty(), "the layout is not the documented one");
    (signed, first)
}

fn learn_generation(fields: &mut Fields<'_>, hybrid: bool) -> [u8; 32] {
    fields.skip(16);
    let signed = fields.secret("signed pre-key");
    fields.skip(32);
    if hybrid {
        fields.skip(8);
        learn("seed of the last-resort pre-key", fields.skip(64));
    }
    let tags = fields.number(2);
    fields.skip(16 * tags);
    signed
}

/// A new initiator's session.
pub struct Fresh {
    root: [u8; 32],
    id: [u8; 32],
}

/// What a session has before anything was sent.
pub fn learn_fresh(session: &Session) -> Fresh {
    Fresh { root: learn_session(session).root, id: *session.id() }
}

/// What a session's ratchet turns with.
pub struct Ratchet {
    root: [u8; 32],
    ours: Option<[u8; 32]>,
    remote: [u8; 32],
}

/// The secrets of a session, and the next keys of its chains.
pub fn learn_session(session: &Session) -> Ratchet {
    let snapshot = session.snapshot();
    let mut fields = Fields::of(snapshot.expose());
    fields.skip(2 + 64);
    fields.address();
    fields.skip(32 + 32);
    let prefix = fields.number(2);
    fields.skip(prefix);
    fields.secret("exporter key");
    fields.skip(8);
    let root = fields.secret("root key");
    let remote = fields.skip(32).try_into().unwrap();
    let ours = (fields.number(1) == 1).then(|| {
        let ratchet = fields.secret("ratchet secret");
        fields.skip(32 + 4);
        ratchet
    });
    fields.skip(4);
    if ours.is_some() {
        learn_chain(&fields.secret("sending chain key"));
    }
    if fields.number(1) == 1 {
        fields.skip(8);
        learn_chain(&fields.secret("receiving chain key"));
    }
    let retired = fields.number(1);
    fields.skip(40 * retired);
    learn_kept(&mut fields);
    assert!(fields.0.is_empty(), "the layout is not the documented one");
    Ratchet { root, ours, remote }
}

/// The secrets of a group, and the next keys of its chains.
pub fn learn_group(group: &GroupSession) {
    let snapshot = group.snapshot();
    let mut fields = Fields::of(snapshot.expose());
    let id = fields.number(1);
    fields.skip(id);
    fields.address();
    fields.skip(64 + 8);
    for _ in 0..fields.number(4) {
        fields.address();
        fields.skip(64 + 8 + 12);
    }
    let known = fields.number(2);
    fields.skip(40 * known + 8 + 12);
    if fields.number(1) == 1 {
        fields.skip(40 + 4 + 32 + 8);
        let signing = fields.secret("Ed25519 secret of a sender key");
        learn("Ed25519 scalar and prefix of a sender key", &Sha512::digest(signing));
        fields.skip(4);
        learn_chain(&fields.secret("sender's chain key"));
    }
    fields.skip(1);
    for _ in 0..fields.number(4) {
        fields.address();
    }
    fields.skip(4);
    for _ in 0..fields.number(4) {
        fields.skip(16);
        fields.address();
        fields.skip(12 + 8 + 32 + 4);
        let mark = 8 * fields.number(1);
        fields.skip(mark + 4);
        learn_chain(&fields.secret("chain key of a sender"));
        learn_kept(&mut fields);
    }
    assert!(fields.0.is_empty(), "the layout is not the documented one");
}

fn learn_kept(fields: &mut Fields<'_>) {
    fields.skip(8);
    let marks = fields.number(1);
    fields.skip(16 * marks);
    for _ in 0..fields.number(4) {
        fields.skip(8);
        fields.secret("kept message key");
    }
}

/// The next three steps of a chain: more than any scenario takes between two looks.
fn learn_chain(chain_key: &[u8; 32]) {
    let mut chain_key = *chain_key;
    for _ in 0..3 {
        learn("message key", &hmac(&chain_key, 1));
        chain_key = hmac(&chain_key, 2);
        learn("chain key", &chain_key);
    }
}

/// The keys with which a session that has sent will read an answer, a message as it travels.
pub fn learn_answer(before: &Ratchet, message: &[u8]) {
    if !is_learning() {
        return;
    }
    learn_turn(before.root, before.ours.unwrap(), message[2..34].try_into().unwrap());
}

/// The keys that a session has turned to by sending the first message of a chain.
pub fn learn_question(before: &Ratchet, after: &Ratchet) {
    if !is_learning() {
        return;
    }
    let root = learn_turn(before.root, after.ours.unwrap(), before.remote);
    assert_eq!(root, after.root, "what is computed here is not what the crate computes");
}

fn learn_turn(root: [u8; 32], ours: [u8; 32], theirs: [u8; 32]) -> [u8; 32] {
    let shared = agree(ours, theirs);
    learn("ratchet agreement", &shared);
    let prk = extract(&root, &shared);
    learn("pseudo-random key of the root", &prk);
    let mut okm = [0; 64];
    let hkdf = Hkdf::<Sha256>::from_prk(&prk).unwrap();
    hkdf.expand(b"confidant/v1/ratchet/root", &mut okm).unwrap();
    learn("root key and chain key", &okm);
    learn_chain(okm.last_chunk().unwrap());
    *okm.first_chunk().unwrap()
}

/// What the responder's side of a handshake computes: it is the same on the other side, where `fresh` is what came of it.
pub fn learn_handshake(bob: &Identity, store: &PreKeyStore, first: &[u8], fresh: &Fresh) {
    if !is_learning() {
        return;
    }
    let (signed, one_time) = learn_store(store);
    let alice: [u8; 32] = first[36..68].try_into().unwrap();
    let ephemeral: [u8; 32] = first[68..100].try_into().unwrap();
    let mut ikm = [0xff; 192];
    let shared = [
        Some(agree(signed, alice)),
        Some(agree(agreement_secret(bob), ephemeral)),
        Some(agree(signed, ephemeral)),
        one_time.map(|one_time| agree(one_time, ephemeral)),
        encapsulated(store, first),
    ];
    let shared = shared.iter().flatten();
    for (place, shared) in ikm.chunks_exact_mut(32).skip(1).zip(shared.clone()) {
        learn("shared secret of the handshake", shared);
        place.copy_from_slice(shared);
    }
    let prk = extract(&[0; 32], &ikm[..32 + 32 * shared.count()]);
    learn("pseudo-random key of the handshake", &prk);
    let mut okm = [0; 192];
    let info: [&[u8]; 3] = [b"confidant/v1/handshake/keys", &first[2..3], &fresh.id];
    Hkdf::<Sha256>::from_prk(&prk).unwrap().expand_multi_info(&info, &mut okm).unwrap();
    learn("keys of the handshake", &okm);
    assert_eq!(fresh.root, okm[..32], "what is computed here is not what the crate computes");
}

/// SS, by another implementation of ML-KEM than the crate's. The store has one KEM key.
#[cfg(feature = "pq")]
fn encapsulated(store: &PreKeyStore, first: &[u8]) -> Option<[u8; 32]> {
    use ml_kem::{Decapsulate, ml_kem_1024};
    if store.suite() == Suite::X3dh {
        return None;
    }
    let snapshot = store.snapshot();
    let seed: &[u8; 64] = snapshot.expose().split_last_chunk::<8>()?.0.last_chunk()?;
    let key = ml_kem_1024::DecapsulationKey::from_seed((*seed).into());
    let ciphertext = first.get(124..124 + 1568)?;
    Some(key.decapsulate_slice(ciphertext).ok()?.into())
}

#[cfg(not(feature = "pq"))]
fn encapsulated(_: &PreKeyStore, _: &[u8]) -> Option<[u8; 32]> {
    None
}

fn agree(ours: [u8; 32], theirs: [u8; 32]) -> [u8; 32] {
    StaticSecret::from(ours).diffie_hellman(&PublicKey::from(theirs)).to_bytes()
}

fn extract(salt: &[u8], ikm: &[u8]) -> [u8; 32] {
    Hkdf::<Sha256>::extract(Some(salt), ikm).0.into()
}

fn expand(prk: &[u8; 32], info: &[&[u8]]) -> [u8; 32] {
    let mut out = [0; 32];
    Hkdf::<Sha256>::from_prk(prk).unwrap().expand_multi_info(info, &mut out).unwrap();
    out
}

fn hmac(key: &[u8; 32], byte: u8) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update([byte]).finalize().into_bytes().into()
}
