//! The handshake and its first message, on both sides, with a one-time pre-key of each kind.

use std::hint::black_box;

use confidant::{Accepted, PreKeyMessage, PreKeyStore, Session, Suite};
use criterion::BatchSize;

use crate::common::{NOW, SUITES, TestRng, World, alices, bobs};
use crate::floor::{self, Sealed};
use crate::kem::Kem;
use crate::pair::{Pairs, name};

const FIRST: &[u8] = &[1; 32];

/// Length of the terms: suite, application, addresses, identities, pre-keys.
fn terms(suite: Suite) -> usize {
    let kem = if suite.is_hybrid() { 9 + 1_568 } else { 0 };
    1 + 2 + (2 + 25) + (2 + 23) + 128 + 41 + 42 + 1 + kem
}

/// What the transcript hash is of: label, terms, ciphertext, EK.
fn hashed_transcript(suite: Suite) -> usize {
    let ciphertext = if suite.is_hybrid() { 1_568 } else { 0 };
    33 + terms(suite) + 1 + ciphertext + 32
}

/// What the prefix hash is of: label and prefix.
pub fn hashed_prefix(suite: Suite) -> usize {
    29 + 116 + if suite.is_hybrid() { 8 + 1_568 } else { 0 }
}

pub fn measure(pairs: &mut Pairs) {
    for suite in SUITES {
        initiate(pairs, *suite);
        accept(pairs, *suite);
    }
}

fn initiate(pairs: &mut Pairs, suite: Suite) {
    let mut world = World::new(suite, 1, 5);
    let (bundle, context) = (world.bundle(), alices());
    let kem = Kem::of(suite);
    let mut floor_rng = TestRng::new(5);
    pairs.pair(
        &format!("handshake/initiate/{}", name(suite)),
        |b| {
            b.iter(|| {
                let rng = &mut world.rng;
                let mut session = Session::initiate(&world.alice, &bundle, &context, rng).unwrap();
                (session.encrypt(FIRST, rng).unwrap(), session)
            });
        },
        |b| b.iter(|| initiator(suite, kem.as_ref(), &mut floor_rng)),
    );
}

fn accept(pairs: &mut Pairs, suite: Suite) {
    let mut world = World::new(suite, 1, 6);
    let mut alice = world.initiate();
    let first = alice.encrypt(FIRST, &mut world.rng).unwrap();
    let (stored, context) = (world.prekeys.snapshot(), bobs());
    let accept = |mut store: PreKeyStore| -> (Accepted, PreKeyStore) {
        let request = PreKeyMessage::decode(black_box(&first)).unwrap();
        let accepted = Session::accept(&world.bob, &mut store, &request, &context, NOW);
        (accepted.unwrap(), store)
    };
    let (kem, identity) = (Kem::of(suite), floor::Signed::new(32, 1).public());
    let mut sealed = Sealed::new(FIRST.len());
    pairs.pair(
        &format!("handshake/accept/{}", name(suite)),
        |b| {
            let restore = || PreKeyStore::restore(stored.expose(), 0).unwrap();
            b.iter_batched(restore, accept, BatchSize::PerIteration);
        },
        |b| b.iter(|| responder(suite, kem.as_ref(), &identity, &mut sealed)),
    );
}

/// The terms' hash, EK, the encapsulation, DH1 to DH4, the key schedule; then a turn and a message.
fn initiator(suite: Suite, kem: Option<&Kem>, rng: &mut TestRng) {
    floor::sha256(24 + terms(suite));
    black_box(floor::multiply_base(floor::hedged(28 + 32, rng)));
    if let Some(kem) = kem {
        kem.encapsulate(floor::hedged(32 + 32, rng));
    }
    agree(suite);
    floor::new_turn(rng);
    floor::encrypt(&mut [6; 32], rng, FIRST, &mut [0; FIRST.len()]);
}

/// The identity's decoding, the seed's expansion and the decapsulation, DH1 to DH4, the key schedule; then a turn and a
/// message.
fn responder(suite: Suite, kem: Option<&Kem>, identity: &[u8; 32], sealed: &mut Sealed) {
    floor::decode_identity(identity);
    if let Some(kem) = kem {
        kem.decapsulate();
    }
    agree(suite);
    black_box(floor::turn());
    sealed.decrypt(&mut [6; 32]);
}

/// What both sides compute.
fn agree(suite: Suite) {
    for _ in [(); 4] {
        black_box(floor::agree());
    }
    floor::sha256(hashed_transcript(suite));
    floor::sha256(hashed_prefix(suite));
    floor::handshake_keys(if suite.is_hybrid() { 5 } else { 4 });
}
