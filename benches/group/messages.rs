//! Group messages: in order, after a gap, forged, and in groups of other sizes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use confidant::limits::GROUP_MAX_STORED;
use confidant::{GroupDecryptError, GroupSession};
use criterion::BatchSize;

use crate::common::{NOW, TestRng};
use crate::floor::{self, Sealed};
use crate::formulas::{self, Signatures};
use crate::pair::Pairs;
use crate::scene::{self, Talk, sender};
use crate::village::Village;

const SIZES: [(usize, &str); 2] = [(32, "32B"), (1_024, "1KiB")];

/// Messages under one key, of the 2,000 that are allowed.
const UNDER_ONE_KEY: u64 = 256;

/// Where the salt of a message begins, and with it all that its header does not say.
const SALT: usize = 38;

/// Messages that are missing.
const JUMP: u32 = 1_000;

pub fn measure(pairs: &mut Pairs) {
    for (len, size) in SIZES {
        encrypt(pairs, len, size);
        decrypt(pairs, len, size);
    }
    jump(pairs);
    forged(pairs);
    in_group_of(pairs, 100);
    in_group_of(pairs, 5_000);
}

fn encrypt(pairs: &mut Pairs, len: usize, size: &str) {
    let Talk { mut village, mut sender, .. } = Talk::begin();
    let plaintext = vec![1; len];
    let (mut floor_rng, mut signatures) = (TestRng::new(22), Signatures::new());
    let (mut out, mut chain) = (plaintext.clone(), [6; 32]);
    pairs.pair(
        &format!("group/encrypt/{size}"),
        |b| b.iter_custom(|count| encrypt_many(&mut sender, &plaintext, &mut village.rng, count)),
        |b| {
            b.iter(|| {
                formulas::encrypt(
                    &mut chain,
                    &mut signatures,
                    &mut floor_rng,
                    &plaintext,
                    &mut out,
                );
            });
        },
    );
}

/// Encrypts that many messages, and measures that alone.
fn encrypt_many(
    sender: &mut GroupSession,
    plaintext: &[u8],
    rng: &mut TestRng,
    count: u64,
) -> Duration {
    under_new_keys(count, |count| {
        sender.rotate(NOW, rng).unwrap();
        let start = Instant::now();
        (0..count).for_each(|_| drop(black_box(scene::encrypt(sender, black_box(plaintext), rng))));
        start.elapsed()
    })
}

fn decrypt(pairs: &mut Pairs, len: usize, size: &str) {
    let mut talk = Talk::begin();
    let plaintext = vec![1; len];
    let mut signatures = Signatures::new();
    let (mut sealed, mut chain) = (Sealed::new(len), [6; 32]);
    pairs.pair(
        &format!("group/decrypt/{size}"),
        |b| b.iter_custom(|count| decrypt_many(&mut talk, &plaintext, count)),
        |b| b.iter(|| formulas::decrypt(&mut chain, &mut signatures, &mut sealed, len)),
    );
}

/// Decrypts that many new messages, in order, and measures that alone.
fn decrypt_many(talk: &mut Talk, plaintext: &[u8], count: u64) -> Duration {
    under_new_keys(count, |count| {
        talk.renew();
        let messages: Vec<_> = (0..count).map(|_| talk.encrypt(plaintext)).collect();
        let start = Instant::now();
        for message in &messages {
            black_box(talk.receiver.decrypt(message, &[]).unwrap());
        }
        start.elapsed()
    })
}

/// `measured` does as many messages as it is told, under a key that it makes before its clock starts, and says how long they
/// took.
fn under_new_keys(mut left: u64, mut measured: impl FnMut(u64) -> Duration) -> Duration {
    let mut elapsed = Duration::ZERO;
    while left > 0 {
        let count = left.min(UNDER_ONE_KEY);
        elapsed += measured(count);
        left -= count;
    }
    elapsed
}

/// One message after a thousand that are missing.
fn jump(pairs: &mut Pairs) {
    let mut talk = Talk::begin();
    let receiver = talk.receiver.snapshot();
    let message = after_a_gap(&mut talk);
    let (mut signatures, mut sealed) = (Signatures::new(), Sealed::new(32));
    pairs.pair(
        &format!("group/jump/{JUMP}"),
        |b| {
            b.iter_batched(
                || GroupSession::restore(receiver.expose(), 0).unwrap(),
                |mut receiver| (receiver.decrypt(black_box(&message), &[]).unwrap(), receiver),
                BatchSize::PerIteration,
            );
        },
        |b| {
            b.iter(|| {
                formulas::verify(&mut signatures, 32);
                floor::pass_over(JUMP, GROUP_MAX_STORED);
                sealed.decrypt(&mut [6; 32]);
            });
        },
    );
}

fn after_a_gap(talk: &mut Talk) -> Vec<u8> {
    (0..JUMP).for_each(|_| drop(talk.encrypt(&[1; 32])));
    talk.encrypt(&[1; 32])
}

/// Messages from nobody, a thousand ahead: the chain is not walked for them.
fn forged(pairs: &mut Pairs) {
    let mut talk = Talk::begin();
    let message = after_a_gap(&mut talk);
    let forge = |place: usize| {
        let mut message = message.clone();
        message[SALT + place] ^= 1;
        message
    };
    // How long a signature takes to verify depends on its bits, and on what it is over.
    let messages: Vec<_> = (0..64).map(forge).collect();
    let (mut next, mut signatures) = (messages.iter().cycle(), Signatures::new());
    pairs.pair(
        "group/forged",
        |b| {
            let refused = Err(GroupDecryptError::Unauthentic);
            b.iter(|| {
                let message = next.next().unwrap();
                assert_eq!(talk.receiver.decrypt(black_box(message), &[]), refused);
            });
        },
        |b| b.iter(|| formulas::verify(&mut signatures, 32)),
    );
}

/// Encrypting in a group of that many members, beside the same in a group of two.
fn in_group_of(pairs: &mut Pairs, members: usize) {
    let mut many = Village::new(members, 23);
    let mut to_many = sender(&mut many, 0);
    let Talk { village: mut two, sender: mut to_two, .. } = Talk::begin();
    pairs.pair(
        &format!("group/encrypt/{members}-to-2"),
        |b| b.iter_custom(|count| encrypt_many(&mut to_many, &[1; 32], &mut many.rng, count)),
        |b| b.iter_custom(|count| encrypt_many(&mut to_two, &[1; 32], &mut two.rng, count)),
    );
}
