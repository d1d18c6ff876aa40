//! Random worlds against a model that knows who must be able to read what: `tests/world`.

mod common;
mod town;
mod world;

use world::{Tally, World};

/// Worlds, and steps in each.
const WORLDS: u64 = if cfg!(debug_assertions) { 20 } else { 200 };
const STEPS: u64 = 500;

/// users with one to three devices write, and what they write is lost, doubled, reordered and changed; devices restart, are put back, are set up
/// anew, come and go. Whoever must be able to read a message reads it, once, and nobody else; and in the end everybody finds everybody.
#[test]
fn in_every_world_who_must_read_reads() {
    let first = std::env::var("WORLD").ok().and_then(|seed| seed.parse().ok());
    let seeds = first.map_or(0..WORLDS, |seed: u64| seed..seed + 1);
    let mut all = Tally::default();
    for seed in seeds {
        println!("WORLD={seed}");
        let mut world = World::new(seed);
        (0..STEPS).for_each(|_| world.happen());
        world.settle();
        println!("{} exchanges", world.tally.most_exchanges);
        let Tally { texts, read, duplicates, refused, rollbacks, resets, .. } = world.tally;
        all.texts += texts;
        all.read += read;
        all.duplicates += duplicates;
        all.refused += refused;
        all.rollbacks += rollbacks;
        all.resets += resets;
        all.requests += world.tally.requests;
        all.sent_again += world.tally.sent_again;
        all.forks += world.tally.forks;
        all.handshakes += world.tally.handshakes;
        all.most_exchanges = all.most_exchanges.max(world.tally.most_exchanges);
    }
    println!("{all:?}");
    if first.is_none() {
        let seldom = all.rollbacks.min(all.resets).min(all.forks).min(all.sent_again);
        let often = all.read.min(10 * all.duplicates).min(10 * all.requests);
        assert!(seldom >= WORLDS / 4 && often >= 100 * WORLDS, "worlds without events: {all:?}");
    }
    assert!(all.most_exchanges <= 5, "as docs/state.md says");
}
