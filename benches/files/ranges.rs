//! 4 KiB at random places of 1 GiB.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Seek, SeekFrom};

use confidant::{FileChunk, FileOpener, FileRangeReader};

use crate::common::TestRng;
use crate::gcm::Gcm;
use crate::long::{LEN, Long};
use crate::pair::Pairs;
use crate::{film, key};

const TAKE: u64 = 4_096;
const SEALED: u64 = 16_400;

pub fn measure(pairs: &mut Pairs, long: &Long) {
    let open = || File::open(&long.path).unwrap();
    let mut reader = FileRangeReader::new(open(), &key(), &film(), &long.info).unwrap();
    let (mut ours, mut theirs) = (TestRng::new(5), TestRng::new(5));
    let (mut plain, gcm) = (open(), Gcm::new());
    let (mut chunk, mut part) = ([7; SEALED as usize], [0; TAKE as usize]);
    gcm.seal(1, &mut chunk);
    pairs.pair(
        "range/4k-of-1g",
        |bencher| {
            bencher.iter(|| {
                reader.seek(SeekFrom::Start(ours.below(LEN - TAKE))).unwrap();
                reader.read_exact(black_box(&mut part)).unwrap();
            });
        },
        |bencher| bencher.iter(|| fetch(&mut plain, theirs.below(LEN - TAKE), &gcm, &chunk)),
    );
    in_memory(pairs, long);
}

/// Reads the chunks in which 4 KiB are, and opens as many.
fn fetch(file: &mut File, offset: u64, gcm: &Gcm, sealed: &FileChunk) {
    let mut chunk = *sealed;
    for k in offset / 16_384..=(offset + TAKE - 1) / 16_384 {
        file.seek(SeekFrom::Start(56 + k * SEALED)).unwrap();
        file.read_exact(&mut chunk).unwrap();
        // What was read is not of this key.
        chunk = *sealed;
        gcm.open(1, black_box(&mut chunk));
    }
}

/// The same without a disk: what was fetched is there, in the memory that it came in.
fn in_memory(pairs: &mut Pairs, long: &Long) {
    let mut file = File::open(&long.path).unwrap();
    let mut read = |place: std::ops::Range<u64>| {
        let mut bytes = vec![0; (place.end - place.start) as usize];
        file.seek(SeekFrom::Start(place.start)).unwrap();
        file.read_exact(&mut bytes).unwrap();
        bytes
    };
    let header = read(0..56);
    let opener = FileOpener::new(&key(), &film(), &long.info, header.first_chunk().unwrap());
    let opener = opener.unwrap();
    let mut last = read(opener.chunk_range(opener.chunks() - 1));
    let ranges = opener.authenticate(&mut last).unwrap();
    let offset = LEN / 3 / 16_384 * 16_384 + 5_000;
    let fetched = read(ranges.ciphertext_range(offset, TAKE));
    let (gcm, mut copy) = (Gcm::new(), fetched.clone());
    let mut sealed: FileChunk = fetched[..].try_into().unwrap();
    gcm.seal(1, &mut sealed);
    let mut chunk = sealed;
    pairs.pair(
        "range/4k-fetched",
        |bencher| {
            bencher.iter(|| {
                copy.copy_from_slice(&fetched);
                black_box(ranges.open_range(offset, TAKE, &mut copy).unwrap());
            });
        },
        |bencher| {
            bencher.iter(|| {
                chunk.copy_from_slice(&sealed);
                gcm.open(1, black_box(&mut chunk));
            });
        },
    );
}
