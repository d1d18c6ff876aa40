//! Messages that are late, missing or forged.

use std::hint::black_box;

use confidant::{DecryptError, Limits, PreKeyMessage, Session, Snapshot};
use criterion::BatchSize;

use crate::common::{NOW, SUITES, World, alices, bobs};
use crate::floor::{self, Sealed};
use crate::pair::Pairs;

/// Messages that arrive in reverse order.
const REORDERED: u32 = 1_000;

pub fn measure(pairs: &mut Pairs) {
    let far = Limits::new(25_000, 2_000).unwrap();
    gap(pairs, 1_000, far);
    gap(pairs, 25_000, far);
    reordered(pairs);
    forged(pairs, "default", Limits::default());
    forged(pairs, "maximum", Limits::new(25_000, 25_000).unwrap());
    forged_too_far(pairs);
}

/// Two parties who have both spoken. Bob, who has these limits, has spoken last.
pub fn conversation(limits: Limits) -> (World, Session, Session) {
    let mut world = World::new(SUITES[0], 1, 9);
    let bundle = world.bundle();
    let mut alice = Session::initiate(&world.alice, &bundle, &alices(), &mut world.rng).unwrap();
    let hello = alice.encrypt(b"hello", &mut world.rng).unwrap();
    let request = PreKeyMessage::decode(&hello).unwrap();
    let context = bobs().limits(limits);
    let accepted =
        Session::accept(&world.bob, &mut world.prekeys, &request, &context, NOW).unwrap();
    let mut bob = accepted.session;
    alice.decrypt(&bob.encrypt(b"hello yourself", &mut world.rng).unwrap()).unwrap();
    (world, alice, bob)
}

/// Bob, who has had the first message of Alice's chain, and the next `count` messages of it.
fn ahead(limits: Limits, count: u32) -> (Snapshot, Vec<Vec<u8>>) {
    let (mut world, mut alice, mut bob) = conversation(limits);
    bob.decrypt(&alice.encrypt(b"first", &mut world.rng).unwrap()).unwrap();
    let messages = (0..count).map(|_| alice.encrypt(&[1; 32], &mut world.rng).unwrap());
    let messages = messages.collect();
    (bob.snapshot(), messages)
}

/// One message after `jump` that are missing.
fn gap(pairs: &mut Pairs, jump: u32, limits: Limits) {
    let (bob, messages) = ahead(limits, jump + 1);
    let message = messages.last().unwrap();
    let mut sealed = Sealed::new(32);
    pairs.pair(
        &format!("gap/{jump}"),
        |b| {
            b.iter_batched(
                || Session::restore(bob.expose(), 0).unwrap(),
                |mut bob| (bob.decrypt(black_box(message)).unwrap(), bob),
                BatchSize::PerIteration,
            );
        },
        |b| {
            b.iter(|| {
                floor::pass_over(jump, limits.max_stored());
                sealed.decrypt(&mut [6; 32]);
            });
        },
    );
}

fn reordered(pairs: &mut Pairs) {
    let (bob, messages) = ahead(Limits::default(), REORDERED);
    let mut sealed = Sealed::new(32);
    pairs.pair(
        &format!("reordered/{REORDERED}"),
        |b| {
            b.iter_batched(
                || Session::restore(bob.expose(), 0).unwrap(),
                |mut bob| {
                    for message in messages.iter().rev() {
                        black_box(bob.decrypt(message).unwrap());
                    }
                    bob
                },
                BatchSize::PerIteration,
            );
        },
        |b| {
            b.iter(|| {
                floor::pass_over(REORDERED, REORDERED);
                (0..REORDERED).for_each(|_| sealed.open());
            });
        },
    );
}

/// A header that costs the most: a new ratchet key, and both jumps as far as they may go. Bob has had one message.
fn forge(previous: u32, number: u32) -> Vec<u8> {
    let mut message = vec![1, 2, 9];
    message.resize(34, 0);
    message.extend(previous.to_be_bytes());
    message.extend(number.to_be_bytes());
    message.resize(200, 0);
    message
}

/// What the ending chain has left need not be derived before the message opens, and so is not in the floor.
fn forged(pairs: &mut Pairs, name: &str, limits: Limits) {
    let (_world, _alice, mut bob) = conversation(limits);
    let (jump, keep) = (limits.max_jump(), limits.max_stored());
    let message = forge(1 + jump, jump);
    pairs.pair(
        &format!("forged/{name}"),
        |b| b.iter(|| assert_eq!(bob.decrypt(&message), Err(DecryptError::Unauthentic))),
        |b| {
            b.iter(|| {
                black_box(floor::turn());
                floor::pass_over(jump, keep);
                black_box(floor::message_keys(&floor::step(&mut [6; 32])));
            });
        },
    );
}

/// One further than it may go: refused from the header.
fn forged_too_far(pairs: &mut Pairs) {
    let limits = Limits::default();
    let (_world, _alice, mut bob) = conversation(limits);
    let message = forge(1, limits.max_jump() + 1);
    pairs.alone("forged/too-far", |b| {
        b.iter(|| assert_eq!(bob.decrypt(black_box(&message)), Err(DecryptError::TooFarAhead)));
    });
}
