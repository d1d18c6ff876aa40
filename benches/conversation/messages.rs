//! Messages that arrive in order: in one direction, and by turns.

use std::hint::black_box;
use std::time::{Duration, Instant};

use confidant::Session;

use crate::common::{SUITES, TestRng, World};
use crate::floor::{self, Sealed};
use crate::pair::Pairs;

const SIZES: [(usize, &str); 3] = [(32, "32B"), (1_024, "1KiB"), (65_536, "64KiB")];

/// Bytes that are encrypted ahead of a measurement of decryption.
const AHEAD: usize = 1 << 18;

pub fn measure(pairs: &mut Pairs) {
    for (len, size) in SIZES {
        encrypt(pairs, len, size);
        decrypt(pairs, len, size);
    }
    turns(pairs);
}

/// After the handshake no suite differs from another.
fn world() -> World {
    World::new(SUITES[0], 1, 7)
}

fn encrypt(pairs: &mut Pairs, len: usize, size: &str) {
    let mut world = world();
    let (_alice, mut bob) = world.conversation();
    let plaintext = vec![1; len];
    let (mut floor_rng, mut out, mut chain) = (TestRng::new(7), plaintext.clone(), [6; 32]);
    pairs.pair(
        &format!("encrypt/{size}"),
        |b| b.iter(|| bob.encrypt(black_box(&plaintext), &mut world.rng).unwrap()),
        |b| b.iter(|| floor::encrypt(&mut chain, &mut floor_rng, &plaintext, &mut out)),
    );
}

fn decrypt(pairs: &mut Pairs, len: usize, size: &str) {
    let mut world = world();
    let (mut alice, mut bob) = world.conversation();
    let plaintext = vec![1; len];
    let (mut sealed, mut chain) = (Sealed::new(len), [6; 32]);
    pairs.pair(
        &format!("decrypt/{size}"),
        |b| {
            b.iter_custom(|iterations| {
                let mut encrypted = || bob.encrypt(&plaintext, &mut world.rng).unwrap();
                decrypt_in_order(&mut alice, &mut encrypted, iterations, AHEAD / len)
            });
        },
        |b| b.iter(|| sealed.decrypt(&mut chain)),
    );
}

/// Decrypts `iterations` new messages, and measures that alone.
fn decrypt_in_order(
    receiver: &mut Session,
    encrypted: &mut impl FnMut() -> Vec<u8>,
    iterations: u64,
    ahead: usize,
) -> Duration {
    let mut elapsed = Duration::ZERO;
    let mut left = usize::try_from(iterations).unwrap();
    while left > 0 {
        let count = left.min(ahead);
        let messages: Vec<_> = (0..count).map(|_| encrypted()).collect();
        let start = Instant::now();
        for message in &messages {
            black_box(receiver.decrypt(message).unwrap());
        }
        elapsed += start.elapsed();
        left -= count;
    }
    elapsed
}

/// One message each way, over and over: each is the first under a new ratchet key.
fn turns(pairs: &mut Pairs) {
    let mut rally = Rally::begin();
    let mut floor_rng = TestRng::new(8);
    let mut sealed = Sealed::new(32);
    let mut floor_encrypt = || {
        floor::new_turn(&mut floor_rng);
        floor::encrypt(&mut [6; 32], &mut floor_rng, &[1; 32], &mut [0; 32]);
    };
    let mut floor_decrypt = || {
        black_box(floor::turn());
        sealed.decrypt(&mut [6; 32]);
    };
    pairs.pair(
        "ping-pong/encrypt",
        |b| b.iter_custom(|iterations| rally.play(iterations).0),
        |b| b.iter(&mut floor_encrypt),
    );
    pairs.pair(
        "ping-pong/decrypt",
        |b| b.iter_custom(|iterations| rally.play(iterations).1),
        |b| b.iter(&mut floor_decrypt),
    );
}

/// Two parties that answer each other.
struct Rally {
    sender: Session,
    receiver: Session,
    rng: TestRng,
}

impl Rally {
    fn begin() -> Self {
        let mut world = world();
        let (sender, receiver) = world.conversation();
        Self { sender, receiver, rng: world.rng }
    }

    /// Sends messages to and fro. Returns the time that encryption took, and decryption.
    fn play(&mut self, messages: u64) -> (Duration, Duration) {
        let (mut encrypting, mut decrypting) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..messages {
            let start = Instant::now();
            let message = black_box(self.sender.encrypt(&[1; 32], &mut self.rng).unwrap());
            let sent = Instant::now();
            black_box(self.receiver.decrypt(&message).unwrap());
            encrypting += sent - start;
            decrypting += sent.elapsed();
            std::mem::swap(&mut self.sender, &mut self.receiver);
        }
        (encrypting, decrypting)
    }
}
