//! Stored state: snapshots of sessions that are new, established, and full of kept keys.

use std::hint::black_box;

use confidant::{Limits, Session, UnixTime};
use criterion::BatchSize;

use crate::common::{NOW, SUITES, World};
use crate::floor;
use crate::handshake::hashed_prefix;
use crate::missing::conversation;
use crate::pair::Pairs;

/// Kept keys in the full session.
const KEPT: u32 = 2_000;
/// How old kept keys may become, in seconds.
const MAX_AGE: u64 = 86_400;

pub fn measure(pairs: &mut Pairs) {
    let mut world = World::new(*SUITES.last().unwrap(), 1, 10);
    let fresh = world.initiate();
    let (_, established, _) = conversation(Limits::default());
    for (name, session) in [("fresh", fresh), ("established", established), ("2000-kept", full())] {
        snapshot(pairs, name, &session);
        restore(pairs, name, &session);
    }
    expire(pairs);
}

/// A session that keeps the keys of messages that are missing.
fn full() -> Session {
    let (mut world, mut alice, mut bob) = conversation(Limits::default());
    let messages: Vec<_> =
        (0..=KEPT).map(|_| alice.encrypt(b"late", &mut world.rng).unwrap()).collect();
    bob.decrypt(messages.last().unwrap()).unwrap();
    assert_eq!(bob.skipped(), KEPT as usize);
    bob
}

fn snapshot(pairs: &mut Pairs, name: &str, session: &Session) {
    let state = session.snapshot();
    pairs.pair(
        &format!("snapshot/{name}"),
        |b| b.iter(|| black_box(session).snapshot()),
        |b| b.iter(|| floor::write_snapshot(state.expose())),
    );
}

fn restore(pairs: &mut Pairs, name: &str, session: &Session) {
    let state = session.snapshot();
    let identity = floor::Signed::new(32, 1).public();
    // A waiting initiator's prefix stands beside its hash.
    let prefix = (!session.is_established()).then(|| hashed_prefix(session.suite()));
    pairs.pair(
        &format!("restore/{name}"),
        |b| {
            let restore = |()| Session::restore(black_box(state.expose()), 0).unwrap();
            b.iter_batched(|| (), restore, BatchSize::PerIteration);
        },
        |b| {
            b.iter(|| {
                floor::decode_identity(&identity);
                if let Some(len) = prefix {
                    floor::sha256(len);
                }
                floor::read_snapshot(state.expose())
            });
        },
    );
}

/// All kept keys become too old at once.
fn expire(pairs: &mut Pairs) {
    let mut seen = full();
    assert!(seen.expire_skipped(NOW, MAX_AGE));
    let (seen, later) = (seen.snapshot(), UnixTime::from_secs(NOW.as_secs() + MAX_AGE));
    let mut keys = [1; 32 * KEPT as usize];
    pairs.pair(
        "expire/2000-kept",
        |b| {
            b.iter_batched_ref(
                || Session::restore(seen.expose(), 0).unwrap(),
                |session| assert!(session.expire_skipped(later, MAX_AGE)),
                BatchSize::PerIteration,
            );
        },
        |b| b.iter(|| floor::wipe(&mut keys)),
    );
}
