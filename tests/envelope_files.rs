//! Files in memory: the core without input or output, and whole files.

mod common;
#[path = "vault/files.rs"]
mod files;
mod second;
mod vault;

use std::ops::Range;

use common::TestRng;
use confidant::limits::MAX_FILE;
use confidant::{
    DataContext, Derivative, DerivativeKind, FileChunk, FileError, FileId, FileInfo, FileKey,
    FileOpener, FileSealer, Padding, Purpose, RangeOpener, SealFileError,
};
use files::{CHUNK, FEW_CHUNKS, HEADER, PADDINGS, SEALED, data, key, patchworks, photo, sealed};
use proptest::prelude::*;
use vault::secret;

/// Around every boundary of the first three chunks.
const SIZES: &[usize] = &[
    0, 1, 15, 16, 17, 16_367, 16_368, 16_369, 16_383, 16_384, 16_385, 16_399, 16_400, 16_401,
    32_767, 32_768, 32_769, 49_151, 49_152, 49_153,
];
/// Enough that feature `parallel` uses it.
const MANY: usize = 40 * CHUNK + 5;

fn open(info: &FileInfo, body: &[u8]) -> Result<Vec<u8>, FileError> {
    key().open(&photo(), info, body.to_vec()).map(|plaintext| plaintext.as_bytes().to_vec())
}

/// Opened by what knows only how long the ciphertext is.
fn open_object(info: &FileInfo, body: &[u8]) -> Result<Vec<u8>, FileError> {
    open(&FileInfo::of_object(info.id(), body.len() as u64)?, body)
}

fn opener(info: &FileInfo, body: &[u8]) -> FileOpener {
    FileOpener::new(&key(), &photo(), info, body.first_chunk().unwrap()).unwrap()
}

fn bytes(place: Range<u64>) -> Range<usize> {
    place.start as usize..place.end as usize
}

fn ranges(info: &FileInfo, body: &[u8]) -> Result<RangeOpener, FileError> {
    let opener = opener(info, body);
    let mut last = body[bytes(opener.chunk_range(opener.chunks() - 1))].to_vec();
    opener.authenticate(&mut last)
}

fn body_key(key: &[u8; 32]) -> [u8; 32] {
    second::expand(key, "file/body", &[])
}

fn body_context(info: &FileInfo) -> Vec<u8> {
    let kind: &[u8] = if info.padding() == Padding::None { b"file" } else { b"padded file" };
    [kind, &info.id().to_bytes(), photo().as_bytes()].concat()
}

/// The body of our file in which this text is encrypted, by the second implementation.
fn body_of(info: &FileInfo, text: &[u8]) -> Vec<u8> {
    second::seal(&body_key(&[7; 32]), &[9; 24], &body_context(info), text)
}

fn text_of(info: &FileInfo, body: &[u8]) -> Vec<u8> {
    second::open(&body_key(&[7; 32]), &body_context(info), body).unwrap()
}

/// The next length in which all but the first log log bits are 0.
fn padme(len: usize) -> usize {
    let Some(exponent @ 1..) = len.checked_ilog2() else { return len };
    len.next_multiple_of(1 << (exponent - exponent.ilog2() - 1))
}

/// What is encrypted: data, or with padding and its length behind it.
fn text(data: &[u8], padding: Padding) -> Vec<u8> {
    let mut text = data.to_vec();
    if padding == Padding::Padme {
        text.resize(padme(data.len()), 0);
        text.extend((data.len() as u64).to_be_bytes());
    }
    text
}

/// the body is the standard's, under a derived key: another implementation reads it, and what that writes is read.
#[test]
fn a_body_is_plain_cobblestone() {
    for len in SIZES.iter().copied().chain([100_000]) {
        for padding in PADDINGS {
            let (info, body) = sealed(len, padding);
            let text = text(&data(len), padding);
            assert!(text_of(&info, &body) == text, "{len} {padding:?}");
            let theirs = body_of(&info, &text);
            assert!(open(&info, &theirs).unwrap() == data(len), "{len} {padding:?}");
            assert_eq!(info.ciphertext_len(), theirs.len() as u64);
        }
    }
}

/// where each chunk stands, and how much data is in it, is arithmetic: also behind the data, where there is padding alone.
#[test]
fn chunks_stand_where_they_stand() {
    for len in [0, 1, CHUNK, 600_000] {
        for padding in PADDINGS {
            let (info, body) = sealed(len, padding);
            let (opener, text) = (opener(&info, &body), text(&data(len), padding).len());
            assert_eq!(opener.chunks(), (text / CHUNK) as u64 + 1);
            let mut opened = Vec::new();
            for k in 0..opener.chunks() {
                let (place, start) = (opener.chunk_range(k), HEADER + k as usize * SEALED);
                assert_eq!(bytes(place.clone()), start..body.len().min(start + SEALED));
                let mut chunk = body[bytes(place)].to_vec();
                let data = opener.open_chunk(k, &mut chunk).unwrap();
                assert_eq!(data.len(), len.saturating_sub(opened.len()).min(CHUNK));
                opened.extend_from_slice(data);
            }
            assert!(opened == data(len), "{len} {padding:?}");
        }
    }
}

/// Is refused before anything is decrypted, in memory and by chunks.
fn is_no_file_of_ours(info: &FileInfo, body: &[u8]) {
    assert_eq!(open(info, body), Err(FileError::WrongKeyOrContext));
    let opener = FileOpener::new(&key(), &photo(), info, body.first_chunk().unwrap());
    assert_eq!(opener.map(|opener| opener.chunks()), Err(FileError::WrongKeyOrContext));
}

/// a row that says that a padded file is not padded would have zeros and a length for data.
#[test]
fn a_padded_file_does_not_open_as_an_unpadded_one() {
    for len in [0, 1, 5, CHUNK, 100_000] {
        let (info, body) = sealed(len, Padding::Padme);
        let lie = FileInfo::of_object(info.id(), body.len() as u64).unwrap();
        assert_eq!((lie.padding(), lie.ciphertext_len()), (Padding::None, body.len() as u64));
        is_no_file_of_ours(&lie, &body);
    }
}

/// a row that says that a file is padded whose author has ended it with zeros and a length would give a shorter one.
#[test]
fn an_unpadded_file_does_not_open_as_a_padded_one() {
    for len in [0, 1, 5, CHUNK, 100_000] {
        let chosen = text(&data(len), Padding::Padme);
        let (info, body) =
            key().seal(&photo(), &chosen, Padding::None, &mut TestRng::new(3)).unwrap();
        let lie = FileInfo::new(info.id(), len as u64, Padding::Padme).unwrap();
        assert_eq!(lie.ciphertext_len(), info.ciphertext_len());
        is_no_file_of_ours(&lie, &body);
        // What differs is the kind alone: as a padded file the text is one.
        assert!(open(&lie, &body_of(&lie, &chosen)).unwrap() == data(len), "{len}");
    }
}

/// every size comes back, padded or not, whole and by the length of the ciphertext alone.
#[test]
fn every_size_comes_back() {
    for len in SIZES.iter().copied().chain([MANY]) {
        for padding in PADDINGS {
            let (info, body) = sealed(len, padding);
            assert_eq!((info.len(), info.padding()), (len as u64, padding));
            assert_eq!(info.ciphertext_len(), body.len() as u64);
            assert!(open(&info, &body).unwrap() == data(len), "{len} {padding:?}");
            let stored = FileInfo::new(info.id(), info.len(), padding).unwrap();
            assert_eq!(stored, info);
        }
        let (info, body) = sealed(len, Padding::None);
        assert!(open_object(&info, &body).unwrap() == data(len), "{len}");
    }
}

/// a file that ends too early says so, wherever it ends.
#[test]
fn truncated_anywhere() {
    let (info, body) = sealed(3 * CHUNK + 100, Padding::None);
    let boundaries = (0..=3).map(|k| HEADER + k * SEALED);
    let around = boundaries.flat_map(|at| [at - 1, at, at + 1, at + 15, at + 16, at + 17]);
    let cuts = (0..HEADER).chain(around).chain([body.len() - 17, body.len() - 16, body.len() - 1]);
    for len in cuts.filter(|len| *len < body.len()) {
        assert_eq!(open(&info, &body[..len]), Err(FileError::Truncated), "{len}");
        // Where the length is not known, the last chunk that is there is none.
        let error = open_object(&info, &body[..len]).unwrap_err();
        let last = len.saturating_sub(HEADER) / SEALED;
        let expected = match len.checked_sub(HEADER).map(|rest| rest % SEALED) {
            Some(rest) if rest >= 16 => FileError::Corrupt { chunk: last as u64 },
            _ => FileError::Truncated,
        };
        assert_eq!(error, expected, "{len}");
    }
}

/// what stands behind a file is not of it.
#[test]
fn appended_bytes() {
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 7] {
        let (info, body) = sealed(len, Padding::None);
        let last = FileError::Corrupt { chunk: (len / CHUNK) as u64 };
        for more in [&[0][..], &[7; 16], &[0; 16_400], &body] {
            let longer = [&body[..], more].concat();
            assert_eq!(open(&info, &longer), Err(last), "{len} and {}", more.len());
            assert!(open_object(&info, &longer).is_err());
        }
    }
}

/// The chunks of a body, with its header first.
fn pieces(body: &[u8]) -> Vec<Vec<u8>> {
    let (header, chunks) = body.split_at(HEADER);
    [header].into_iter().chain(chunks.chunks(SEALED)).map(<[u8]>::to_vec).collect()
}

/// chunks that were swapped, duplicated, dropped or brought from another file are found, and the first is named.
#[test]
fn chunks_out_of_place() {
    let (info, body) = sealed(4 * CHUNK + 9, Padding::None);
    let other = key().seal(&photo(), &data(4 * CHUNK + 9), Padding::None, &mut TestRng::new(4));
    let other = pieces(&other.unwrap().1);
    let changed = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut pieces = pieces(&body);
        change(&mut pieces);
        open_object(&info, &pieces.concat())
    };
    assert!(changed(&|_| {}).is_ok());
    let corrupt = |chunk| Err(FileError::Corrupt { chunk });
    assert_eq!(changed(&|pieces| pieces.swap(1, 2)), corrupt(0));
    assert_eq!(changed(&|pieces| pieces.swap(3, 4)), corrupt(2));
    assert_eq!(changed(&|pieces| pieces.insert(2, pieces[2].clone())), corrupt(2));
    assert_eq!(changed(&|pieces| drop(pieces.remove(1))), corrupt(0));
    assert_eq!(changed(&|pieces| drop(pieces.remove(4))), corrupt(3));
    assert_eq!(changed(&|pieces| pieces[2] = other[2].clone()), corrupt(1));
    assert_eq!(changed(&|pieces| pieces[5] = other[5].clone()), corrupt(4));
    assert_eq!(changed(&|pieces| pieces[0] = other[0].clone()), Err(FileError::WrongKeyOrContext));
}

/// no arrangement of up to four chunks of a file is another one, whatever length is claimed for it.
#[test]
fn no_arrangement_of_chunks_is_another_file() {
    for len in FEW_CHUNKS {
        let (info, body) = sealed(len, Padding::None);
        for (other, claim) in patchworks(&info, &body) {
            assert!(open(&claim, &other).is_err(), "{len} {claim:?}");
        }
    }
}

/// any bit of any chunk or tag.
#[test]
fn flipped_bits_of_chunks() {
    let (info, body) = sealed(2 * CHUNK + 3, Padding::None);
    for chunk in 0..3 {
        let start = HEADER + chunk * SEALED;
        let end = body.len().min(start + SEALED);
        for at in [start, (start + end) / 2, end - 17, end - 16, end - 1] {
            for bit in 0..8 {
                let mut body = body.clone();
                body[at] ^= 1 << bit;
                assert_eq!(open(&info, &body), Err(FileError::Corrupt { chunk: chunk as u64 }));
            }
        }
    }
}

/// another key, name or context, or any bit of salt and commitment: found out before any chunk, of which there is none here.
#[test]
fn the_commitment_is_checked_before_any_chunk() {
    let (info, body) = sealed(5, Padding::None);
    let header = *body.first_chunk::<HEADER>().unwrap();
    let begin = |key: &FileKey, context: &DataContext, info: &FileInfo, header: &[u8; HEADER]| {
        FileOpener::new(key, context, info, header).map(|opener| opener.chunks())
    };
    assert_eq!(begin(&key(), &photo(), &info, &header), Ok(1));
    let wrong = Err(FileError::WrongKeyOrContext);
    assert_eq!(begin(&FileKey::from_secret(secret(8)), &photo(), &info, &header), wrong);
    assert_eq!(begin(&key(), &photo().object_version(2).unwrap(), &info, &header), wrong);
    assert_eq!(begin(&key(), &DataContext::new(Purpose::File), &info, &header), wrong);
    let renamed = FileInfo::new(FileId::from_bytes([1; 16]), 5, Padding::None).unwrap();
    assert_eq!(begin(&key(), &photo(), &renamed, &header), wrong);
    for (_, header) in vault::flips(&header) {
        assert_eq!(begin(&key(), &photo(), &info, header.first_chunk().unwrap()), wrong);
    }
    let mut longer = body.clone();
    longer.truncate(HEADER);
    longer[3] ^= 1;
    assert_eq!(open(&info, &longer), wrong.map(|_| Vec::new()));
}

/// what does not open where it is leaves nothing there, in one chunk, in several and in a range.
#[test]
fn what_does_not_open_is_wiped() {
    let (info, mut body) = sealed(MANY, Padding::None);
    let opener = opener(&info, &body);
    let ranges = ranges(&info, &body).unwrap();
    let at = HEADER + 25 * SEALED;
    body[at] ^= 1;
    let corrupt = FileError::Corrupt { chunk: 25 };

    let mut chunk = body[at..at + SEALED].to_vec();
    assert_eq!(opener.open_chunk(25, &mut chunk), Err(corrupt));
    assert_eq!(chunk, [0; SEALED]);

    let mut chunks = body[HEADER..].as_chunks::<SEALED>().0.to_vec();
    assert_eq!(opener.open_chunks(0, &mut chunks), Err(corrupt));
    assert!(chunks.as_flattened().iter().all(|byte| *byte == 0));

    let mut fetched = body[bytes(ranges.ciphertext_range(10, 30 * CHUNK as u64))].to_vec();
    assert_eq!(ranges.open_range(10, 30 * CHUNK as u64, &mut fetched), Err(corrupt));
    assert!(fetched.iter().all(|byte| *byte == 0));

    // The last chunk as one that is full, and as one that is not there.
    let mut last = [[7; SEALED]];
    assert_eq!(opener.open_chunks(40, &mut last), Err(FileError::Corrupt { chunk: 40 }));
    assert_eq!(last, [[0; SEALED]]);
    assert_eq!(opener.open_chunk(41, &mut [7; 16]), Err(FileError::Limit));
    assert_eq!(opener.open_chunks(u64::MAX, &mut [[7; SEALED]; 2]), Err(FileError::Limit));
    assert_eq!(opener.open_chunk(0, &mut [7; 16]), Err(FileError::Truncated));
    assert_eq!((opener.chunks(), opener.chunk_range(41).is_empty()), (41, true));
}

/// of several chunks that do not open the first is named, in whatever order threads come upon them, and all are wiped.
#[test]
fn the_first_of_several_is_named() {
    let (info, body) = sealed(70 * CHUNK, Padding::None);
    let opener = opener(&info, &body);
    // Just before and behind where the work is likely to be split, so that the second one is come upon before the first.
    for bad in [[34, 35], [16, 35], [16, 17], [51, 52], [3, 60]] {
        let mut chunks = body[HEADER..].as_chunks::<SEALED>().0.to_vec();
        for k in bad {
            chunks[k][77] ^= 1;
        }
        let first = FileError::Corrupt { chunk: bad[0] as u64 };
        assert_eq!(opener.open_chunks(0, &mut chunks), Err(first));
        assert!(chunks.as_flattened().iter().all(|byte| *byte == 0));
    }
}

/// a length that is not the file's is found out by the last chunk, before any range is read.
#[test]
fn lengths_are_authenticated_by_the_last_chunk() {
    let len = 3 * CHUNK + 100;
    let (info, body) = sealed(len, Padding::None);
    assert_eq!(ranges(&info, &body).map(|ranges| ranges.len()), Ok(len as u64));
    for claimed in [0, 100, CHUNK, 2 * CHUNK + 100, len - 1, len + 1, 4 * CHUNK, 4 * CHUNK + 100] {
        let lie = FileInfo::new(info.id(), claimed as u64, Padding::None).unwrap();
        let opener = opener(&lie, &body);
        let place = bytes(opener.chunk_range(opener.chunks() - 1));
        // As much as there is of it.
        let mut last = body[place.start.min(body.len())..place.end.min(body.len())].to_vec();
        let refused = opener.authenticate(&mut last).unwrap_err();
        let chunk = (claimed / CHUNK) as u64;
        assert!([FileError::Truncated, FileError::Corrupt { chunk }].contains(&refused));
    }
}

/// the same for padded files, in which other lengths have ciphertexts of the same length.
#[test]
fn lengths_of_padded_files_are_authenticated() {
    for len in [9_000, 600_000] {
        let (info, body) = sealed(len, Padding::Padme);
        for claimed in [len - 1, len + 1, len + 8] {
            let lie = FileInfo::new(info.id(), claimed as u64, Padding::Padme).unwrap();
            assert_eq!(lie.ciphertext_len(), info.ciphertext_len());
            let chunk = opener(&lie, &body).chunks() - 1;
            let refused = ranges(&lie, &body).map(|ranges| ranges.len());
            assert_eq!(refused, Err(FileError::Corrupt { chunk }), "{len} {claimed}");
            assert!(open(&lie, &body).is_err());
        }
    }
}

/// whoever has the key cannot hide anything in the padding.
#[test]
fn padding_is_nothing_but_zeros_and_the_length() {
    let changed = |len: usize, at: usize| {
        let info = FileInfo::new(FileId::from_bytes([1; 16]), len as u64, Padding::Padme).unwrap();
        let mut text = text(&data(len), Padding::Padme);
        text[at] ^= 1;
        open(&info, &body_of(&info, &text)).map(|data| data.len())
    };
    let padded = padme(100_000);
    for at in [100_000, padded - 1, padded, padded + 7] {
        let chunk = (at / CHUNK) as u64;
        assert_eq!(changed(100_000, at), Err(FileError::Corrupt { chunk }), "{at}");
    }
    // The data ends in chunk 66; the next one is padding alone.
    assert_eq!(changed(1_085_000, 67 * CHUNK), Err(FileError::Corrupt { chunk: 67 }));
}

/// At most 12 % and eight bytes more than the data, and few lengths.
#[test]
fn padding_hides_the_length() {
    let ciphertext_len = |len: u64| {
        let id = FileId::from_bytes([0; 16]);
        FileInfo::new(id, len, Padding::Padme).unwrap().ciphertext_len()
    };
    let lengths: std::collections::BTreeSet<u64> =
        (1_000_000..1_100_000).map(ciphertext_len).collect();
    assert!(lengths.len() <= 5, "{lengths:?}");
    for len in (1..200_000).step_by(97) {
        let plain = FileInfo::new(FileId::from_bytes([0; 16]), len, Padding::None).unwrap();
        let more = ciphertext_len(len) - plain.ciphertext_len();
        assert!(more <= len * 12 / 100 + 8 + 32, "{len}: {more}");
    }
}

/// what is fetched for a range is what is needed, and less than 33 KiB more; behind the end it is nothing, and no sum overflows.
#[test]
fn ranges_fetch_little_more_than_they_give() {
    for (len, padding) in
        [(0, Padding::Padme), (2 * CHUNK, Padding::None), (5 * CHUNK + 77, Padding::Padme)]
    {
        let (info, body) = sealed(len, padding);
        let (ranges, data, len) = (ranges(&info, &body).unwrap(), data(len), len as u64);
        let edges = [0, 1, 16_383, 16_384, 16_385, len, len + 1, 1 << 51, 1 << 63, u64::MAX];
        for (offset, take) in edges.into_iter().flat_map(|from| edges.map(|take| (from, take))) {
            let place = ranges.ciphertext_range(offset, take);
            let wanted = len.saturating_sub(offset).min(take);
            assert!(place.end - place.start <= wanted + 33 * 1_024, "{offset} {take}: {place:?}");
            assert!(place.end <= body.len() as u64);
            assert_eq!(place.is_empty(), wanted == 0);
            let mut fetched = body[bytes(place)].to_vec();
            let part = ranges.open_range(offset, take, &mut fetched).unwrap();
            let start = offset.min(len) as usize;
            assert!(part == &data[start..start + wanted as usize]);
        }
    }
}

/// less or more than was asked for is no range, and is wiped.
#[test]
fn a_range_is_what_was_asked_for() {
    let (info, body) = sealed(5 * CHUNK + 77, Padding::None);
    let ranges = ranges(&info, &body).unwrap();
    let fetched = body[bytes(ranges.ciphertext_range(0, 20_000))].to_vec();
    let mut short = fetched[..SEALED + 20].to_vec();
    assert_eq!(ranges.open_range(0, 20_000, &mut short), Err(FileError::Truncated));
    let mut long = [&fetched[..], &[7]].concat();
    assert_eq!(ranges.open_range(0, 20_000, &mut long), Err(FileError::Corrupt { chunk: 1 }));
    // Behind the end there is nothing to fetch.
    let mut some = vec![7; 20];
    assert_eq!(ranges.open_range(u64::MAX, 1, &mut some), Err(FileError::Corrupt { chunk: 0 }));
    assert!([short, long, some].concat().iter().all(|byte| *byte == 0));
    assert_eq!((ranges.opener().chunks(), ranges.len()), (6, 5 * 16_384 + 77));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// any range of any file is the same part of its data.
    #[test]
    fn ranges_are_parts_of_the_data(
        len in prop_oneof![0..3_usize, 16_300..16_500_usize, 0..150_000_usize],
        padded in any::<bool>(),
        parts in prop::collection::vec((0..160_000_u64, 0..70_000_u64), 1..8),
    ) {
        let padding = if padded { Padding::Padme } else { Padding::None };
        let (info, body) = sealed(len, padding);
        let (ranges, data) = (ranges(&info, &body).unwrap(), data(len));
        for (offset, take) in parts {
            let mut fetched = body[bytes(ranges.ciphertext_range(offset, take))].to_vec();
            let part = ranges.open_range(offset, take, &mut fetched).unwrap();
            let start = len.min(offset as usize);
            let end = len.min((offset + take) as usize).max(start);
            prop_assert!(part == &data[start..end]);
        }
    }

    /// a changed byte anywhere is found by whoever reads there, and by nobody else.
    #[test]
    fn a_changed_byte_is_found_where_it_is(
        len in 1..100_000_usize, at in any::<prop::sample::Index>(), bit in 0..8_u8,
    ) {
        let (info, mut body) = sealed(len, Padding::None);
        let at = HEADER + at.index(body.len() - HEADER);
        body[at] ^= 1 << bit;
        let (opener, changed) = (opener(&info, &body), ((at - HEADER) / SEALED) as u64);
        for k in 0..opener.chunks() {
            let mut chunk = body[bytes(opener.chunk_range(k))].to_vec();
            prop_assert_eq!(opener.open_chunk(k, &mut chunk).is_err(), k == changed);
        }
        prop_assert_eq!(open(&info, &body), Err(FileError::Corrupt { chunk: changed }));
    }
}

/// Chunk by chunk, or all at once (with feature `parallel` by several threads): the same bytes.
#[test]
fn chunks_are_sealed_in_any_grouping() {
    for (group, padding) in [(1, Padding::None), (17, Padding::Padme), (40, Padding::None)] {
        let (info, body) = sealed(MANY, padding);
        let mut rng = TestRng::new(3);
        let mut sealer = FileSealer::new(&key(), &photo(), padding, &mut rng).unwrap();
        assert_eq!((sealer.id(), rng.drawn), (info.id(), 16 + 24));
        let mut made = sealer.header().to_vec();
        let data = data(MANY);
        let (full, rest) = data.as_chunks::<CHUNK>();
        for full in full.chunks(group) {
            let mut chunks: Vec<FileChunk> = vec![[0; SEALED]; full.len()];
            for (chunk, data) in chunks.iter_mut().zip(full) {
                chunk[..CHUNK].copy_from_slice(data);
            }
            sealer.seal_chunks(&mut chunks).unwrap();
            made.extend(chunks.as_flattened());
        }
        let mut chunk = [0xee; SEALED];
        chunk[..rest.len()].copy_from_slice(rest);
        let finished = sealer.finish(&mut chunk, rest.len(), |last| {
            made.extend(last);
            Ok::<_, SealFileError>(())
        });
        assert_eq!(finished, Ok(info));
        assert!(made == body, "{group} {padding:?}");
    }
}

#[test]
fn a_chunk_is_not_overfilled() {
    let finish = |filled, padding| {
        let sealer = FileSealer::new(&key(), &photo(), padding, &mut TestRng::new(1)).unwrap();
        let mut written = 0;
        let finished = sealer.finish(&mut [0; SEALED], filled, |chunk| {
            written += chunk.len();
            Ok::<_, SealFileError>(())
        });
        finished.map(|info| (info.len(), written))
    };
    assert_eq!(finish(CHUNK, Padding::None), Ok((16_384, SEALED + 16)));
    assert_eq!(finish(CHUNK, Padding::Padme), Ok((16_384, SEALED + 16 + 8)));
    for padding in PADDINGS {
        assert_eq!(finish(CHUNK + 1, padding), Err(SealFileError::TooLong));
        assert_eq!(finish(usize::MAX, padding), Err(SealFileError::TooLong));
    }
}

/// What the output says of a chunk is what `finish` says, and it is given nothing more.
#[test]
fn an_output_that_fails_is_not_given_the_next_chunk() {
    #[derive(Debug, PartialEq, Eq)]
    enum Failed {
        Output,
        Sealing(SealFileError),
    }
    impl From<SealFileError> for Failed {
        fn from(error: SealFileError) -> Self {
            Self::Sealing(error)
        }
    }
    let rng = &mut TestRng::new(1);
    let mut sealer = FileSealer::new(&key(), &photo(), Padding::Padme, rng).unwrap();
    // Padding of this many chunks goes beyond the next one.
    sealer.seal_chunks(&mut vec![[7; SEALED]; 36]).unwrap();
    let mut calls = 0;
    let finished = sealer.finish(&mut [7; SEALED], CHUNK - 1, |_| {
        calls += 1;
        Err(Failed::Output)
    });
    assert_eq!((finished, calls), (Err(Failed::Output), 1));
}

#[test]
fn without_randomness_there_is_no_file() {
    for fail_at in 0..2 {
        let mut rng = failing(fail_at);
        let failed = key().seal(&photo(), b"data", Padding::None, &mut rng);
        assert_eq!(failed, Err(SealFileError::Randomness));
    }
    assert!(FileKey::generate(&mut failing(0)).is_err());
}

fn failing(at: usize) -> TestRng {
    let mut rng = TestRng::new(1);
    rng.fail_at = Some(at);
    rng
}

/// claimed lengths are bounded before anything is computed with them.
#[test]
fn no_file_is_longer_than_a_file_can_be() {
    let id = FileId::from_bytes([0; 16]);
    for padding in PADDINGS {
        let longest = FileInfo::new(id, MAX_FILE, padding).unwrap();
        let chunks = (longest.ciphertext_len() - 56).div_ceil(SEALED as u64);
        assert!(chunks <= 1 << 38, "as many as the standard allows");
        for len in [MAX_FILE + 1, u64::MAX] {
            assert_eq!(FileInfo::new(id, len, padding), Err(FileError::Limit));
        }
    }
    assert_eq!(FileInfo::of_object(id, u64::MAX), Err(FileError::Limit));
    for len in (0..72).chain(HEADER + SEALED..HEADER + SEALED + 16).map(|len| len as u64) {
        assert_eq!(FileInfo::of_object(id, len), Err(FileError::Truncated), "{len}");
    }
    assert_eq!(FileInfo::of_object(id, 72).map(|info| info.len()), Ok(0));
}

/// A derivative's key is a file key of its own: nothing leads from it to the original, or to another derivative.
#[test]
fn derivatives_have_keys_of_their_own() {
    let of = |kind, index| *key().derivative(Derivative { kind, index }).secret().expose();
    let application = |number| DerivativeKind::application(number).unwrap();
    let kinds = [
        (DerivativeKind::Thumbnail, 1),
        (DerivativeKind::Preview, 2),
        (DerivativeKind::Transcript, 3),
        (application(0), 0x80),
        (application(127), 0xff),
    ];
    let mut seen = vec![[7; 32], body_key(&[7; 32])];
    for (kind, byte) in kinds {
        for index in [0, 1, u32::MAX] {
            let info = [&[byte][..], &index.to_be_bytes()].concat();
            let expected = second::expand(&[7; 32], "file/derivative", &info);
            assert_eq!(of(kind, index), expected, "{kind:?} {index}");
            assert!(!seen.contains(&expected));
            seen.push(expected);
        }
    }
    assert_eq!(DerivativeKind::application(128), None);
    let thumbnail = key().derivative(Derivative { kind: DerivativeKind::Thumbnail, index: 0 });
    let (info, body) =
        thumbnail.seal(&photo(), b"small", Padding::None, &mut TestRng::new(1)).unwrap();
    assert_eq!(open(&info, &body), Err(FileError::WrongKeyOrContext));
    assert_eq!(thumbnail.open(&photo(), &info, body).unwrap().as_bytes(), b"small");
}

/// keys are not printed.
#[test]
fn what_is_printed_has_no_keys() {
    let (info, body) = sealed(5, Padding::None);
    assert_eq!(format!("{:?}", key()), "FileKey(Secret<32>(..))");
    for printed in [
        format!("{:?}", opener(&info, &body)),
        format!("{:?}", ranges(&info, &body).unwrap()),
        format!(
            "{:?}",
            FileSealer::new(&key(), &photo(), Padding::None, &mut TestRng::new(1)).unwrap()
        ),
    ] {
        assert!(printed.len() < 200 && !printed.contains("Secret"), "{printed}");
    }
}
