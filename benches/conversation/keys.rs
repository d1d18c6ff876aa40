//! Identities, pre-keys and bundles.

use std::hint::black_box;

use confidant::{Identity, PreKeyBundle, PreKeyStore, Suite};
use criterion::BatchSize;

use crate::common::{NOW, SUITES, TestRng, World};
use crate::floor::{self, Signed};
use crate::kem::Kem;
use crate::pair::{Pairs, name};

/// One-time pre-keys of each kind in a batch.
const BATCH: usize = 100;

/// Label, kind and key: what an X25519 pre-key's id is a hash of.
const CURVE_ID: usize = 22 + 1 + 32;

pub fn measure(pairs: &mut Pairs) {
    let mut rng = TestRng::new(1);
    let mut floor_rng = TestRng::new(1);
    pairs.pair(
        "identity/generate",
        |b| b.iter(|| Identity::generate(&mut rng).unwrap()),
        |b| b.iter(|| floor::identity(&mut floor_rng)),
    );
    for suite in SUITES {
        store(pairs, *suite);
        replenish(pairs, *suite);
        verify(pairs, *suite);
    }
}

fn store(pairs: &mut Pairs, suite: Suite) {
    let mut rng = TestRng::new(2);
    let mut floor_rng = TestRng::new(2);
    let identity = Identity::generate(&mut rng).unwrap();
    let kem = Kem::of(suite);
    pairs.pair(
        &format!("store/generate/{}", name(suite)),
        |b| b.iter(|| PreKeyStore::generate(&identity, suite, NOW, &mut rng).unwrap()),
        |b| b.iter(|| generation(kem.as_ref(), &mut floor_rng)),
    );
}

fn replenish(pairs: &mut Pairs, suite: Suite) {
    let mut rng = TestRng::new(3);
    let mut floor_rng = TestRng::new(3);
    let identity = Identity::generate(&mut rng).unwrap();
    let kem = Kem::of(suite);
    let stored = PreKeyStore::generate(&identity, suite, NOW, &mut rng).unwrap().snapshot();
    let signed = (Signed::new(32, 1), Signed::new(1_568, 3));
    pairs.pair(
        &format!("store/replenish/{}", name(suite)),
        |b| {
            b.iter_batched(
                || PreKeyStore::restore(stored.expose(), 0).unwrap(),
                |mut store| (store.replenish(&identity, BATCH, NOW, &mut rng).unwrap(), store),
                BatchSize::PerIteration,
            );
        },
        |b| b.iter(|| batch(kem.as_ref(), &signed, &mut floor_rng)),
    );
}

fn verify(pairs: &mut Pairs, suite: Suite) {
    let bundle = World::new(suite, 1, 4).published.next_bundle(NOW).encode();
    let curves = [Signed::new(32, 1), Signed::new(32, 2)];
    let signed_kem = Signed::new(1_568, 3);
    let identity = signed_kem.public();
    let kem = Kem::of(suite);
    pairs.pair(
        &format!("bundle/verify/{}", name(suite)),
        |b| b.iter(|| PreKeyBundle::decode(black_box(&bundle)).unwrap().verify(NOW).unwrap()),
        |b| {
            b.iter(|| {
                floor::decode_identity(&identity);
                for curve in &curves {
                    floor::sha256(CURVE_ID);
                    curve.verify();
                }
                if let Some(kem) = &kem {
                    kem.check();
                    signed_kem.verify();
                }
            });
        },
    );
}

/// A signed pre-key and, in a hybrid suite, a last-resort KEM pre-key.
fn generation(kem: Option<&Kem>, rng: &mut TestRng) {
    curve_key(rng);
    if let Some(kem) = kem {
        kem.generate(rng);
    }
}

/// A batch of one-time pre-keys, signed, with the signed pre-key (and the last-resort key, of which only the seed is kept).
fn batch(kem: Option<&Kem>, (curve, signed_kem): &(Signed, Signed), rng: &mut TestRng) {
    curve.sign();
    for _ in 0..BATCH {
        curve_key(rng);
        curve.sign();
    }
    if let Some(kem) = kem {
        for _ in 0..=BATCH {
            kem.generate(rng);
            signed_kem.sign();
        }
    }
}

fn curve_key(rng: &mut TestRng) {
    black_box(floor::multiply_base(floor::random(rng)));
    floor::sha256(CURVE_ID);
}
