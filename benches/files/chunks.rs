//! One chunk, and 64 MiB of them, in place and in memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use confidant::{FileChunk, FileOpener, FileSealer, Padding};
use criterion::Bencher;

use crate::common::TestRng;
use crate::gcm::Gcm;
use crate::pair::Pairs;
use crate::{film, key};

const SEALED: usize = 16_400;
/// 64 MiB.
const MANY: usize = 4_096;

pub fn measure(pairs: &mut Pairs) {
    for (name, count) in [("16k", 1), ("1m", 64), ("64m", MANY)] {
        seal(pairs, name, count);
        open(pairs, name, count);
    }
    whole(pairs);
}

fn text(count: usize) -> Vec<FileChunk> {
    vec![[7; SEALED]; count]
}

fn seal(pairs: &mut Pairs, name: &str, count: usize) {
    let mut chunks = text(count);
    let mut again = chunks.clone();
    let gcm = Gcm::new();
    pairs.pair(
        &format!("seal/{name}"),
        |bencher| {
            let rng = &mut TestRng::new(1);
            let mut sealer = FileSealer::new(&key(), &film(), Padding::None, rng).unwrap();
            bencher.iter(|| sealer.seal_chunks(black_box(&mut chunks)).unwrap());
        },
        |bencher| {
            bencher.iter(|| {
                (0..).zip(black_box(&mut again)).for_each(|(k, chunk)| gcm.seal(k, chunk));
            });
        },
    );
}

/// Opening leaves plaintext: each time it is given another copy, which is not measured.
fn open(pairs: &mut Pairs, name: &str, count: usize) {
    let data = vec![7; count * 16_384];
    let (info, body) = key().seal(&film(), &data, Padding::None, &mut TestRng::new(1)).unwrap();
    let opener = FileOpener::new(&key(), &film(), &info, body.first_chunk().unwrap()).unwrap();
    let sealed = body[56..].as_chunks::<SEALED>().0;
    let gcm = Gcm::new();
    let mut theirs = text(count);
    (0..).zip(&mut theirs).for_each(|(k, chunk)| gcm.seal(k, chunk));
    pairs.pair(
        &format!("open/{name}"),
        |bencher| on_copies(bencher, sealed, |chunks| opener.open_chunks(0, chunks).unwrap()),
        |bencher| {
            on_copies(bencher, &theirs, |chunks| {
                (0..).zip(chunks).for_each(|(k, chunk)| gcm.open(k, chunk));
            });
        },
    );
}

fn on_copies(
    bencher: &mut Bencher<'_>,
    from: &[FileChunk],
    mut work: impl FnMut(&mut [FileChunk]),
) {
    let mut copy = from.to_vec();
    bencher.iter_custom(|count| {
        let mut time = Duration::ZERO;
        for _ in 0..count {
            copy.copy_from_slice(from);
            let start = Instant::now();
            work(black_box(&mut copy));
            time += start.elapsed();
        }
        time
    });
}

/// A whole file in memory, with the copy that makes it one.
fn whole(pairs: &mut Pairs) {
    let data = vec![7; MANY * 16_384];
    let (rng, gcm) = (&mut TestRng::new(1), Gcm::new());
    let chunks = text(MANY);
    pairs.pair(
        "seal/whole-64m",
        |bencher| {
            bencher.iter(|| key().seal(&film(), black_box(&data), Padding::None, rng).unwrap());
        },
        |bencher| {
            bencher.iter(|| {
                let mut chunks = black_box(&chunks).clone();
                (0..).zip(&mut chunks).for_each(|(k, chunk)| gcm.seal(k, chunk));
                chunks
            });
        },
    );
}
