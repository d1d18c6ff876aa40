//! The records of 1,000 contacts: how long they take to write and read, and how large they are.

use std::hint::black_box;

use confidant::{DeviceRecord, Snapshot};
use criterion::BatchSize;

use crate::floor;
use crate::pair::Pairs;
use crate::town::Town;

const CONTACTS: usize = 1_000;

pub fn measure(pairs: &mut Pairs) {
    let mut town = Town::new(&["alice", "bob"], 5);
    town.introduce(0, 1);
    town.carry(0, 1, b"and so on");
    let state = town.record(0, 1).snapshot();
    let record = town.record(0, 1);
    pairs.pair(
        "people/snapshot/1000",
        |b| b.iter(|| (0..CONTACTS).map(|_| record.snapshot()).for_each(|s| drop(black_box(s)))),
        |b| b.iter(|| (0..CONTACTS).for_each(|_| floor::write_snapshot(state.expose()))),
    );
    let identity = floor::Signed::new(0, 1).public();
    pairs.pair(
        "people/restore/1000",
        |b| {
            let restore = |_| DeviceRecord::restore(black_box(state.expose()), 0).unwrap();
            let all = |()| (0..CONTACTS).map(restore).collect::<Vec<_>>();
            b.iter_batched(|| (), all, BatchSize::PerIteration);
        },
        |b| {
            b.iter(|| {
                for _ in 0..CONTACTS {
                    floor::decode_identity(&identity);
                    black_box(floor::read_snapshot(state.expose()));
                }
            });
        },
    );
}

/// Prints how many bytes a record has.
pub fn print() {
    let len = |snapshot: &Snapshot| snapshot.expose().len();
    let mut town = Town::new(&["alice", "bob"], 6);
    let mut rows = Vec::new();
    town.begin(0, 1);
    town.write(0, 1, b"hello");
    rows.push(("waiting for a first reply", len(&town.record(0, 1).snapshot())));
    town.introduce(0, 1);
    town.carry(0, 1, b"and so on");
    let mut alone = Town::new(&["alice", "bob"], 7);
    alone.introduce(0, 1);
    alone.carry(0, 1, b"and so on");
    let one = len(&alone.record(0, 1).snapshot());
    rows.push(("one session", one));
    rows.push(("1,000 contacts with one session", CONTACTS * one));
    for _ in 0..8 {
        alone.begin(0, 1);
        alone.carry(0, 1, b"hello");
        alone.carry(1, 0, b"hello yourself");
    }
    rows.push(("eight sessions", len(&alone.record(0, 1).snapshot())));
    println!("\n{:<44}{:>10}", "bytes of a record", "snapshot");
    rows.iter().for_each(|(name, bytes)| println!("{name:<44}{bytes:>10}"));
}
