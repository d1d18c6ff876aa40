//! One message for one recipient: sealed, opened, verified.

use std::hint::black_box;

use confidant::{Address, Identity, Opened, Party, SealedContent, SealedMessage};
use criterion::BatchSize;

use crate::common::{NOW, TestRng, address};
use crate::floor::Sealed;
use crate::formulas::{self, Signatures};
use crate::pair::Pairs;
use crate::scene::{Scene, message};

/// Lengths of texts, and of what they are padded to inside of the seal.
const SIZES: [(usize, usize, &str); 2] = [(32, 1 << 10, "32B"), (65_536, 1 << 17, "64KiB")];
/// What encryption adds to the padded content, without the tags of chunks but the last.
const SHARED: usize = 24 + 32 + 16;

pub fn measure(pairs: &mut Pairs) {
    for (len, padded, size) in SIZES {
        seal(pairs, len, padded, size);
        let mut bob = Bob::new(len, padded);
        bob.receive(pairs, size);
        bob.open(pairs, size);
    }
    Bob::new(32, 1 << 10).verify(pairs);
}

fn seal(pairs: &mut Pairs, len: usize, padded: usize, size: &str) {
    let scene = Scene::new(34);
    let (message, bob) = (message(len), Bob::identity());
    let (sender, mut rng) = (scene.sender(), TestRng::new(35));
    let (content, mut out, mut floor_rng) = (vec![1; padded], vec![0; padded], TestRng::new(35));
    let to = Party::new(address("bob"), bob.public());
    pairs.pair(
        &format!("sealed/seal/{size}"),
        |b| {
            b.iter(|| {
                let content = SealedContent::Message(black_box(&message));
                sender.seal(&to, content, &mut rng).unwrap()
            });
        },
        |b| b.iter(|| formulas::seal(&content, &mut out, 1, &mut floor_rng)),
    );
}

/// A recipient, what has come, and what the floor needs.
struct Bob {
    identity: Identity,
    address: Address,
    scene: Scene,
    messages: Vec<Vec<u8>>,
    sealed: Sealed,
    shared: Vec<u8>,
    signatures: Signatures,
}

impl Bob {
    fn identity() -> Identity {
        Identity::generate(&mut TestRng::new(36)).unwrap()
    }

    fn new(len: usize, padded: usize) -> Self {
        let (identity, address, mut scene) = (Self::identity(), address("bob"), Scene::new(37));
        let party = Party::new(address.clone(), identity.public());
        let messages = scene.sealed(&party, &message(len));
        let (sealed, shared) = (Sealed::new(padded), vec![1; padded + SHARED]);
        Self { identity, address, scene, messages, sealed, shared, signatures: Signatures::new() }
    }

    fn receive(&mut self, pairs: &mut Pairs, size: &str) {
        let Self { identity, address, scene, messages, sealed, shared, signatures } = self;
        let mut messages = messages.iter().cycle();
        pairs.pair(
            &format!("sealed/receive/{size}"),
            |b| {
                b.iter(|| {
                    let opened = opened(messages.next().unwrap(), identity, address);
                    opened.verify(&scene.roots, NOW).unwrap()
                });
            },
            |b| {
                b.iter(|| {
                    formulas::open(sealed, shared, signatures);
                    formulas::verify(signatures);
                });
            },
        );
    }

    fn open(&mut self, pairs: &mut Pairs, size: &str) {
        let Self { identity, address, messages, sealed, shared, signatures, .. } = self;
        let mut messages = messages.iter().cycle();
        pairs.pair(
            &format!("sealed/open/{size}"),
            |b| b.iter(|| opened(messages.next().unwrap(), identity, address)),
            |b| b.iter(|| formulas::open(sealed, shared, signatures)),
        );
    }

    fn verify(&mut self, pairs: &mut Pairs) {
        let Self { identity, address, scene, messages, signatures, .. } = self;
        let mut messages = messages.iter().cycle();
        pairs.pair(
            "sealed/verify",
            |b| {
                b.iter_batched(
                    || opened(messages.next().unwrap(), identity, address),
                    |opened| opened.verify(&scene.roots, NOW).unwrap(),
                    BatchSize::PerIteration,
                );
            },
            |b| b.iter(|| formulas::verify(signatures)),
        );
    }
}

fn opened(message: &[u8], us: &Identity, address: &Address) -> Opened {
    SealedMessage::decode(black_box(message)).unwrap().open(us, address).unwrap()
}
