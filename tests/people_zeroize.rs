//! What records handle is wiped where it was, before its memory is given back: `zeroize.rs`, for people.

mod common;
mod forge;
#[allow(dead_code, reason = "of what it learns, this crate uses a part")]
mod residue;

use common::{NOW, TestRng, address};
use confidant::{
    Address, Delivery, DeviceRecord, Identity, Incoming, MessageId, Policy, PreKeyStore, Session,
    Suite, TrustStore, UnixTime, Us,
};
use forge::snapshot::{body, reseal};
use residue::secrets::{learn_identity, learn_session, learn_store};
use residue::{is_learning, learn, residues};

/// A text that is secret, and that the test itself never frees.
fn text(seed: u64) -> &'static [u8] {
    let mut rng = TestRng::new(seed);
    let text = Vec::leak((0..100).map(|_| rng.below(256) as u8).collect());
    learn("plaintext", text);
    text
}

struct Device {
    identity: Identity,
    address: Address,
    prekeys: PreKeyStore,
    trust: TrustStore,
    record: DeviceRecord,
}

impl Device {
    fn new(user: &str, other: &str, rng: &mut TestRng) -> Self {
        let identity = Identity::generate(rng).unwrap();
        let prekeys = PreKeyStore::generate(&identity, Suite::X3dh, NOW, rng).unwrap();
        learn_identity(&identity);
        learn_store(&prekeys);
        let record = DeviceRecord::new(address(other));
        Self { identity, address: address(user), prekeys, trust: TrustStore::new(), record }
    }

    fn parts(&mut self, now: UnixTime) -> (&mut DeviceRecord, Us<'_>) {
        let Self { identity, address, prekeys, trust, record } = self;
        let us = Us::new(identity, address, prekeys, trust, now);
        (record, us.policy(Policy::ClassicalAllowed))
    }

    /// Learns what its session knows, while there is one alone. What the test copies for that, it never frees.
    fn learn(&self) {
        if !is_learning() || self.record.sessions().count() != 1 {
            return;
        }
        let snapshot = self.record.snapshot();
        let body = body(snapshot.expose());
        // Address, stale, requests, names put aside; active; began, sent, received, standing, rank, names; length of a chain.
        let mut at = 4 + usize::from(body[1]) + usize::from(body[3 + usize::from(body[1])]) + 5 + 1;
        at += if body[at] == 1 { 18 } else { 1 };
        at += 1 + 16 * usize::from(body[at]);
        at += 1 + 8 + 8 + 8 + 1 + 16;
        at += 1 + 16 * usize::from(body[at]);
        let mut session = b"CFDT\x01\x01".to_vec();
        session.extend([0; 8]);
        session.extend(&body[at + 4..body.len() - 1]);
        session.extend([0; 8]);
        reseal(&mut session);
        learn_session(&Session::restore(Vec::leak(session), 0).unwrap());
    }
}

fn begin(from: &mut Device, to: &mut Device, rng: &mut TestRng) {
    let mut published = to.prekeys.publication(&to.identity, NOW).unwrap();
    let bundle = published.next_bundle(NOW).verify(NOW).unwrap();
    let (record, mut us) = from.parts(NOW);
    record.begin(&mut us, &bundle, rng).unwrap().stored();
    from.learn();
}

fn carry(from: &mut Device, to: &mut Device, text: &[u8], rng: &mut TestRng) -> Delivery {
    let (record, mut us) = from.parts(NOW);
    let out = record.encrypt(&mut us, text, rng).unwrap().stored();
    from.learn();
    let (record, mut us) = to.parts(NOW);
    let read = record.decrypt(&mut us, &out.message).unwrap();
    let delivery = read.stored();
    to.learn();
    delivery
}

/// records leave nothing of texts, of the keys of their sessions, active or older, and of change sets: written, read, refused, restored, expired, replaced, and dropped.
#[test]
fn records_are_wiped() {
    let scenario = || {
        let mut rng = TestRng::new(45);
        let mut alice = Device::new("alice", "bob", &mut rng);
        let mut bob = Device::new("bob", "alice", &mut rng);
        begin(&mut alice, &mut bob, &mut rng);
        for round in 0..3 {
            let delivery = carry(&mut alice, &mut bob, text(2 * round), &mut rng);
            assert!(matches!(delivery.incoming, Incoming::Text(_)));
            drop(carry(&mut bob, &mut alice, text(2 * round + 1), &mut rng));
        }
        let (record, mut us) = bob.parts(NOW);
        assert!(record.decrypt(&mut us, b"junk").is_err());
        let id = MessageId::of(b"junk");
        drop(record.could_not_decrypt(&mut us, &id, &mut rng).unwrap());
        rng.fail_at = Some(rng.draws);
        assert!(record.encrypt(&mut us, text(9), &mut rng).is_err());
        rng.fail_at = None;
        let restored = DeviceRecord::restore(record.snapshot().expose(), 0).unwrap();
        drop(restored);
        begin(&mut alice, &mut bob, &mut rng);
        drop(carry(&mut alice, &mut bob, text(10), &mut rng));
        let later = UnixTime::from_secs(NOW.as_secs() + 10 * 86_400);
        for device in [&mut alice, &mut bob] {
            let (record, us) = device.parts(later);
            record.expire(&us).stored();
            assert_eq!(record.sessions().count(), 1);
            device.learn();
        }
    };
    assert_eq!(residues(scenario), [""; 0]);
}
