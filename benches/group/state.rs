//! Stored state, which lists the members.

use std::hint::black_box;

use confidant::GroupSession;
use criterion::BatchSize;

use crate::floor;
use crate::formulas::Signatures;
use crate::pair::Pairs;
use crate::scene::sender;
use crate::village::Village;

pub fn measure(pairs: &mut Pairs) {
    for members in [100, 5_000] {
        snapshot_and_restore(pairs, members);
    }
}

fn snapshot_and_restore(pairs: &mut Pairs, members: usize) {
    let group = sender(&mut Village::new(members, 25), 0);
    let state = group.snapshot();
    pairs.pair(
        &format!("group/snapshot/{members}"),
        |b| b.iter(|| black_box(&group).snapshot()),
        |b| b.iter(|| floor::write_snapshot(state.expose())),
    );
    let identity = Signatures::new().public();
    pairs.pair(
        &format!("group/restore/{members}"),
        |b| {
            let restore = |()| GroupSession::restore(black_box(state.expose()), 0).unwrap();
            b.iter_batched(|| (), restore, BatchSize::PerIteration);
        },
        |b| {
            b.iter(|| {
                (0..members).for_each(|_| floor::decode_identity(&identity));
                floor::read_snapshot(state.expose())
            });
        },
    );
}
