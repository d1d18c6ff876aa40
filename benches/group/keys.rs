//! Sender keys: made, given away, taken in.

use std::hint::black_box;

use confidant::GroupSession;
use criterion::BatchSize;

use crate::common::{NOW, TestRng};
use crate::formulas::{self, Signatures};
use crate::pair::Pairs;
use crate::scene::two;

pub fn measure(pairs: &mut Pairs) {
    let (mut village, mut sender, receiver, key) = two();
    let mut floor_rng = TestRng::new(21);
    pairs.pair(
        "group/rotate",
        |b| b.iter(|| sender.rotate(NOW, &mut village.rng).unwrap()),
        |b| b.iter(|| formulas::rotate(&mut floor_rng)),
    );
    let peer = village.session(0, 1).peer();
    pairs.alone("group/distribute", |b| b.iter(|| sender.distribute(black_box(peer)).unwrap()));
    let (empty, signing) = (receiver.snapshot(), Signatures::new().public());
    pairs.pair(
        "group/receive",
        |b| {
            b.iter_batched(
                || GroupSession::restore(empty.expose(), 0).unwrap(),
                |mut receiver| (receiver.receive(black_box(&key)).unwrap(), receiver),
                BatchSize::PerIteration,
            );
        },
        |b| b.iter(|| formulas::receive(&signing)),
    );
}
