//! The transcript: whatever two parties must agree on is in its hash, each part by itself.

use std::vec::Vec;

use crate::keys::address::{Address, DeviceId, Provider, UserId};
use crate::keys::identity::{Identity, PublicIdentity};
use crate::keys::prekey::{PreKeyId, PreKeyKind};
use crate::keys::suite::Suite;
use crate::primitives::agreement::{PublicKey, SecretKey};
use crate::primitives::kem::{self, KemPublic};
use crate::secret::Secret;
use crate::x3dh::transcript::{Named, Terms};

/// What a transcript borrows.
#[derive(Clone)]
struct Parts {
    suite: Suite,
    application: Vec<u8>,
    addresses: [Address; 2],
    identities: [PublicIdentity; 2],
    signed: Key<PublicKey>,
    one_time: Option<Key<PublicKey>>,
    kem: Option<(Key<KemPublic>, [u8; kem::CIPHERTEXT_LEN])>,
    ephemeral: PublicKey,
}

/// A pre-key with an id that need not be its own.
#[derive(Clone)]
struct Key<K> {
    kind: PreKeyKind,
    id: [u8; 8],
    public: K,
}

impl<K> Key<K> {
    fn named(&self) -> Named<'_, K> {
        Named { kind: self.kind, id: PreKeyId(self.id), public: &self.public }
    }
}

impl Parts {
    fn hash(&self) -> [u8; 32] {
        let [ours, theirs] = &self.addresses;
        let [us, them] = &self.identities;
        let terms = Terms {
            suite: self.suite,
            application: &self.application,
            initiator: (ours, us),
            responder: (theirs, them),
            signed: self.signed.named(),
            one_time: self.one_time.as_ref().map(Key::named),
            kem: self.kem.as_ref().map(|(key, _)| key.named()),
        };
        let ciphertext = self.kem.as_ref().map(|(_, ciphertext)| ciphertext);
        terms.transcript(ciphertext, &self.ephemeral)
    }
}

fn address(provider: &str, user: &str, device: u32) -> Address {
    let provider = Provider::new(provider).unwrap();
    Address::new(provider, UserId::new(user).unwrap(), DeviceId::new(device))
}

fn identity(seed: u8) -> PublicIdentity {
    Identity::from_seed(Secret::init_with(|bytes| bytes.fill(seed))).public()
}

fn public(seed: u8) -> PublicKey {
    *SecretKey::new(Secret::init_with(|bytes| bytes.fill(seed))).public()
}

fn curve(kind: PreKeyKind, seed: u8) -> Key<PublicKey> {
    Key { kind, id: [seed; 8], public: public(seed) }
}

fn parts() -> Parts {
    Parts {
        suite: Suite::X3dh,
        application: b"application".to_vec(),
        addresses: [address("here", "alice", 1), address("there", "bob", 2)],
        identities: [identity(1), identity(2)],
        signed: curve(PreKeyKind::Signed, 3),
        one_time: Some(curve(PreKeyKind::OneTime, 4)),
        kem: None,
        ephemeral: public(5),
    }
}

/// All different from each other.
fn all_different(hashes: impl IntoIterator<Item = [u8; 32]>) {
    let hashes: Vec<_> = hashes.into_iter().collect();
    for (index, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..index].contains(hash), "{index}");
    }
}

fn changed(parts: &Parts, change: impl FnOnce(&mut Parts)) -> [u8; 32] {
    let mut parts = parts.clone();
    change(&mut parts);
    parts.hash()
}

/// each part, and each part of a part, by itself.
#[test]
fn every_part_is_in_the_transcript() {
    let parts = parts();
    let half = |signing: u8, agreement: u8| PublicIdentity {
        signing: identity(signing).signing,
        agreement: identity(agreement).agreement,
    };
    all_different([
        parts.hash(),
        changed(&parts, |it| it.application.push(0)),
        changed(&parts, |it| it.application.clear()),
        changed(&parts, |it| it.addresses[0] = address("else", "alice", 1)),
        changed(&parts, |it| it.addresses[0] = address("here", "carol", 1)),
        changed(&parts, |it| it.addresses[0] = address("here", "alice", 2)),
        changed(&parts, |it| it.addresses[1] = address("else", "bob", 2)),
        changed(&parts, |it| it.addresses[1] = address("there", "carol", 2)),
        changed(&parts, |it| it.addresses[1] = address("there", "bob", 3)),
        changed(&parts, |it| it.addresses.reverse()),
        changed(&parts, |it| it.identities[0] = half(9, 1)),
        changed(&parts, |it| it.identities[0] = half(1, 9)),
        changed(&parts, |it| it.identities[1] = half(9, 2)),
        changed(&parts, |it| it.identities[1] = half(2, 9)),
        changed(&parts, |it| it.identities.reverse()),
        changed(&parts, |it| it.signed.kind = PreKeyKind::OneTime),
        changed(&parts, |it| it.signed.id = [9; 8]),
        changed(&parts, |it| it.signed.public = public(9)),
        changed(&parts, |it| it.one_time.as_mut().unwrap().kind = PreKeyKind::Signed),
        changed(&parts, |it| it.one_time.as_mut().unwrap().id = [9; 8]),
        changed(&parts, |it| it.one_time.as_mut().unwrap().public = public(9)),
        changed(&parts, |it| it.one_time = None),
        changed(&parts, |it| it.ephemeral = public(9)),
    ]);
}

/// so are the KEM pre-key and the ciphertext. Another key under which a KEM that binds nothing gave the same
/// secret, or another ciphertext of it, would still give other keys.
#[cfg(feature = "pq")]
#[test]
fn the_encapsulation_is_in_the_transcript() {
    use crate::primitives::kem::Seed;
    let public = |seed: u8| {
        let seed = Seed::from_bytes(&[seed; kem::SEED_LEN]).unwrap();
        seed.expand().public().clone()
    };
    let key = Key { kind: PreKeyKind::KemOneTime, id: [6; 8], public: public(6) };
    let ciphertext = [7; kem::CIPHERTEXT_LEN];
    let parts = Parts { suite: Suite::Pqxdh1024, kem: Some((key, ciphertext)), ..parts() };
    let with_key = |change: fn(&mut Key<KemPublic>)| {
        changed(&parts, |it| change(&mut it.kem.as_mut().unwrap().0))
    };
    all_different([
        parts.hash(),
        changed(&parts, |it| it.suite = Suite::X3dh),
        changed(&parts, |it| it.kem = None),
        changed(&parts, |it| it.one_time = None),
        with_key(|key| key.kind = PreKeyKind::KemLastResort),
        with_key(|key| key.id = [9; 8]),
        changed(&parts, |it| it.kem.as_mut().unwrap().0.public = public(9)),
        changed(&parts, |it| it.kem.as_mut().unwrap().1[0] ^= 1),
        changed(&parts, |it| it.kem.as_mut().unwrap().1[kem::CIPHERTEXT_LEN - 1] ^= 1),
    ]);
}
