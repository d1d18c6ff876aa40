//! Finding the session of a message among eight.

use std::hint::black_box;

use confidant::DeviceRecord;
use criterion::BatchSize;

use crate::floor::{self, Sealed};
use crate::pair::Pairs;
use crate::town::Town;

const CANDIDATES: usize = 8;

pub fn measure(pairs: &mut Pairs) {
    let mut town = Town::new(&["alice", "bob"], 3);
    // Bob has read a message of each of eight sessions, and answered in each.
    let mut answers = Vec::new();
    for _ in 0..CANDIDATES {
        town.begin(0, 1);
        town.carry(0, 1, b"hello");
        answers.push(town.write(1, 0, b"hello yourself"));
    }
    let mut stranger = Town::new(&["alice", "bob"], 4);
    stranger.begin(0, 1);
    stranger.carry(0, 1, b"hello");
    let forged = stranger.write(1, 0, b"of other people");
    refused(pairs, &mut town, &forged);
    opened(pairs, &mut town, "people/find/first-of-8", &answers[CANDIDATES - 1], 1);
    opened(pairs, &mut town, "people/find/last-of-8", &answers[0], CANDIDATES);
    let known = answers.swap_remove(0);
    town.read(0, 1, &known);
    let before = town.devices[0].state();
    pairs.alone("people/find/known", |b| {
        b.iter(|| town.try_read(0, 1, black_box(&known)).unwrap_err());
    });
    assert_eq!(town.devices[0].state(), before);
}

/// What no session opens: a turn and a message key in each.
fn refused(pairs: &mut Pairs, town: &mut Town, forged: &[u8]) {
    pairs.pair(
        "people/find/forged",
        |b| b.iter(|| town.try_read(0, 1, black_box(forged)).unwrap_err()),
        |b| b.iter(|| (0..CANDIDATES).for_each(|_| floor_of_one())),
    );
}

/// What the `tried`th session opens, and all that there is to store then.
fn opened(pairs: &mut Pairs, town: &mut Town, name: &str, answer: &[u8], tried: usize) {
    let state = town.record(0, 1).snapshot();
    let mut sealed = Sealed::new(b"hello yourself".len() + 28);
    let (address, now) = (town.address(1), town.now);
    let account = &mut town.devices[0].account;
    pairs.pair(
        name,
        |b| {
            b.iter_batched(
                || DeviceRecord::restore(state.expose(), 0).unwrap(),
                |mut record| {
                    let mut us = account.us(now);
                    assert_eq!(*record.address(), address);
                    record.decrypt(&mut us, black_box(answer)).unwrap()
                },
                BatchSize::SmallInput,
            );
        },
        |b| {
            b.iter(|| {
                (0..tried).for_each(|_| floor_of_one());
                sealed.open();
                floor::write_snapshot(state.expose());
            });
        },
    );
}

fn floor_of_one() {
    black_box(floor::turn());
    black_box(floor::message_keys(&floor::step(&mut [6; 32])));
}
