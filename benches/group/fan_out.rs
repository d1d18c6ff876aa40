//! A rotation: a new key, and every member's copy of it, encrypted pairwise. The cost for each member.

use std::hint::black_box;
use std::time::{Duration, Instant};

use confidant::{GroupSession, Session};

use crate::common::{NOW, TestRng};
use crate::floor;
use crate::formulas::{self, DISTRIBUTION};
use crate::pair::Pairs;
use crate::scene::group;
use crate::village::Village;

pub fn measure(pairs: &mut Pairs) {
    for members in [10, 100, 1_000] {
        fan_out(pairs, members);
    }
}

fn fan_out(pairs: &mut Pairs, members: u64) {
    let mut village = Village::new(usize::try_from(members).unwrap() + 1, 24);
    let mut sender = group(&village, 0);
    let mut sessions = sessions(&mut village, &sender);
    let mut floor_rng = TestRng::new(24);
    pairs.pair(
        &format!("group/fan-out/{members}"),
        |b| {
            b.iter_custom(|iterations| {
                for_each_member(iterations, members, || {
                    rotate(&mut sender, &mut sessions, &mut village.rng);
                })
            });
        },
        |b| {
            b.iter_custom(|iterations| {
                for_each_member(iterations, members, || bare(members, &mut floor_rng))
            });
        },
    );
}

/// Our established sessions with the members, in the order in which the group lists them.
fn sessions(village: &mut Village, group: &GroupSession) -> Vec<Session> {
    let members: Vec<_> = group.awaiting().collect();
    let connect = |member| {
        let index = village.index_of(member);
        village.carry(index, 0, b"hello yourself");
        village.devices[0].sessions.remove(&index).unwrap()
    };
    members.iter().map(connect).collect()
}

/// Runs `work`, which serves all members at once, for at least `iterations` members. Returns the time for `iterations`.
fn for_each_member(iterations: u64, members: u64, mut work: impl FnMut()) -> Duration {
    let rounds = iterations.div_ceil(members);
    let start = Instant::now();
    (0..rounds).for_each(|_| work());
    start.elapsed().mul_f64(iterations as f64 / (rounds * members) as f64)
}

fn rotate(sender: &mut GroupSession, sessions: &mut [Session], rng: &mut TestRng) {
    sender.rotate(NOW, rng).unwrap();
    let awaiting: Vec<_> = sender.awaiting().collect();
    assert_eq!(awaiting.len(), sessions.len());
    for session in sessions {
        let key = sender.distribute(session.peer()).unwrap();
        black_box(session.encrypt_distribution(&key, rng).unwrap());
    }
}

/// Between two messages the distribution is the same for everybody.
fn bare(members: u64, rng: &mut TestRng) {
    let (plaintext, mut out) = ([1; DISTRIBUTION], [0; DISTRIBUTION]);
    formulas::rotate(rng);
    for _ in 0..members {
        floor::encrypt(&mut [6; 32], rng, &plaintext, &mut out);
    }
}
