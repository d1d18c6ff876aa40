//! A message to a user with 1, 5 or 20 devices.

use std::hint::black_box;

use confidant::UserRecord;

use crate::common::TestRng;
use crate::floor;
use crate::pair::Pairs;
use crate::town::{Town, address};

/// A short text, and the frame around it.
const TEXT: [u8; 32] = [1; 32];
const FRAME: [u8; 32 + 11] = [1; 32 + 11];
/// What the id of a message is a hash of: label, and message.
const ID: usize = 27 + FRAME.len() + 114;

pub fn measure(pairs: &mut Pairs) {
    for devices in [1, 5, 20] {
        encrypt(pairs, devices);
    }
}

fn encrypt(pairs: &mut Pairs, devices: u32) {
    let bobs = (1..=devices).map(|device| ("bob", device));
    let all: Vec<_> = [("alice", 1)].into_iter().chain(bobs).collect();
    let mut town = Town::with_devices(&all, 1);
    (1..all.len()).for_each(|bob| town.introduce(0, bob));
    let state = town.record(0, 1).snapshot();
    let (mut rng, mut floor_rng) = (TestRng::new(2), TestRng::new(2));
    let mut own = UserRecord::new(address("alice", 1));
    let now = town.now;
    let alice = &mut town.devices[0];
    pairs.pair(
        &format!("people/encrypt/{devices}"),
        |b| {
            b.iter(|| {
                let (bob, mut us) = alice.with(&address("bob", 1), now);
                own.encrypt_to(&mut [bob], &mut us, black_box(&TEXT), &mut rng).unwrap()
            });
        },
        |b| {
            b.iter(|| {
                for _ in 0..devices {
                    let mut out = FRAME;
                    floor::encrypt(&mut [6; 32], &mut floor_rng, &FRAME, &mut out);
                    floor::sha256(ID);
                    floor::write_snapshot(state.expose());
                }
            });
        },
    );
}
