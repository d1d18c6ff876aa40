//! Archives through the standard library's traits: what `ArchiveWriter` makes of an archive and what it leaves behind, and how `read_from`
//! and `reader` find out that one is not whole.
#![cfg(feature = "std")]

mod common;
mod counting;
#[path = "vault/files.rs"]
mod files;
mod slow;
mod vault;

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};

use common::{NOW, TestRng};
use confidant::limits::MAX_ARCHIVE_RECIPIENTS;
use confidant::{
    ArchiveError, ArchiveHeader, ArchiveInfo, ArchiveOpener, ArchiveWriter, DataContext,
    DecodeError, ExpectedArchive, FileError, KekError, NewArchive, NewArchiveError, Purpose,
    SealArchiveError, UnwrapError, UnwrapWith, WrapWith,
};
use counting::{counted, peak};
use files::{CHUNK, FEW_CHUNKS, HEADER, SEALED, data};
use slow::Slow;
use vault::local;

/// Three full chunks, and a bit.
const LEN: usize = 3 * CHUNK + 7;

fn janes() -> DataContext {
    DataContext::new(Purpose::Archive).user(b"jane").unwrap()
}

/// For `local(1)`, and so many bytes; the same one each time.
fn begun(len: usize) -> (NewArchive, TestRng) {
    let mut rng = TestRng::new(1);
    let mut archive = NewArchive::first(&janes(), NOW, len as u64, &mut rng).unwrap();
    archive.add(WrapWith::Local(&local(1)), &mut rng).unwrap();
    (archive, rng)
}

fn writer<W: Write>(out: W, len: usize) -> ArchiveWriter<W> {
    let (archive, mut rng) = begun(len);
    archive.write_to(out, &mut rng).unwrap()
}

/// Of [`data`].
fn archive(len: usize) -> (ArchiveInfo, Vec<u8>) {
    let mut writer = writer(Vec::new(), len);
    writer.write_all(&data(len)).unwrap();
    let (out, info) = writer.finish().unwrap();
    (info, out)
}

/// Header and body.
fn parts(mut archive: &[u8]) -> (ArchiveHeader, &[u8]) {
    let header = ArchiveHeader::read_from(&mut archive).unwrap();
    (header, archive)
}

fn opener(header: &ArchiveHeader) -> ArchiveOpener {
    let with = UnwrapWith::Local(&local(1));
    header.open(&janes(), with, ExpectedArchive::Any).unwrap().accept()
}

/// All that a body gives, and the error at the end.
fn read(header: &ArchiveHeader, body: impl Read) -> (Vec<u8>, Option<FileError>) {
    let mut out = Vec::new();
    let read = opener(header).reader(body).and_then(|mut reader| reader.read_to_end(&mut out));
    (out, read.err().map(|error| FileError::of(&error).unwrap()))
}

/// What an error of a writer has in it.
fn of<E: Error + Copy + 'static>(error: &io::Error) -> (ErrorKind, Option<E>) {
    (error.kind(), error.get_ref().and_then(|error| error.downcast_ref()).copied())
}

/// whatever the writes, the archive is what `seal` makes, and it comes back through inputs and outputs that are slow. Flushed once,
/// at the end.
#[test]
fn the_writer_makes_the_same_archive() {
    for len in FEW_CHUNKS.into_iter().chain([LEN]) {
        let (new, mut rng) = begun(len);
        let (mut sealed, drawn) = (Vec::new(), rng.drawn);
        let mut sealer = new.seal(&mut sealed, &mut rng).unwrap();
        sealer.update(&data(len), &mut sealed).unwrap();
        let info = sealer.finish(&mut sealed).unwrap();
        assert_eq!(rng.drawn - drawn, 24);

        for step in [1_000, CHUNK - 1, CHUNK, CHUNK + 1, 100_000] {
            let mut writer = writer(Vec::new(), len);
            for part in data(len).chunks(step) {
                writer.write_all(part).unwrap();
                writer.flush().unwrap();
            }
            let (out, written) = writer.finish().unwrap();
            assert!(out == sealed && written == info, "{len} {step}");
        }
        let mut writer = writer(Slow::new(Vec::new(), usize::MAX), len);
        writer.write_all(&data(len)).unwrap();
        let (out, _) = writer.finish().unwrap();
        assert!(out.inner == sealed && out.flushed == 1, "{len}");
        let mut slow = Slow::new(&sealed[..], usize::MAX);
        let header = ArchiveHeader::read_from(&mut slow).unwrap();
        assert_eq!(header.claimed(), &info);
        assert!(read(&header, slow) == (data(len), None), "{len}");
    }
}

/// An archive for nobody, and one without randomness: nothing is written.
#[test]
fn what_is_no_archive_is_not_begun() {
    let mut out = Vec::new();
    let new = |rng: &mut TestRng| NewArchive::first(&janes(), NOW, 9, rng).unwrap();
    let mut rng = TestRng::new(2);
    let refused = new(&mut rng).write_to(&mut out, &mut rng).unwrap_err();
    assert_eq!(of(&refused), (ErrorKind::Other, Some(NewArchiveError::NoRecipients)));
    let (archive, mut rng) = begun(9);
    rng.fail_at = Some(rng.draws);
    let refused = archive.write_to(&mut out, &mut rng).unwrap_err();
    assert_eq!(of(&refused), (ErrorKind::Other, Some(NewArchiveError::Randomness)));
    assert!(out.is_empty());
}

/// less than was announced is no archive: `finish` says so, and what was written does not read as one.
#[test]
fn too_little_is_not_finished() {
    let wrong_length = (ErrorKind::InvalidInput, Some(SealArchiveError));
    for len in FEW_CHUNKS.into_iter().filter(|len| *len > 0) {
        for written in [0, len / 2, len - 1] {
            let mut out = Vec::new();
            let mut writer = writer(&mut out, len);
            writer.write_all(&data(len)[..written]).unwrap();
            assert_eq!(of(&writer.finish().unwrap_err()), wrong_length, "{written} of {len}");
            let (header, body) = parts(&out);
            let (opened, error) = read(&header, body);
            assert!(opened == data(len)[..written / CHUNK * CHUNK], "{written} of {len}");
            assert_eq!(error, Some(FileError::Truncated), "{written} of {len}");
        }
    }
}

/// A write that goes beyond what was announced is refused as a whole, with what of it would have fitted. What was announced can still come.
#[test]
fn too_much_is_refused_and_not_written() {
    let wrong_length = (ErrorKind::InvalidInput, Some(SealArchiveError));
    for len in FEW_CHUNKS {
        for before in [0, len / 2, len] {
            let mut out = Vec::new();
            let mut writer = writer(&mut out, len);
            let (now, later) = (&data(len)[..before], &data(len)[before..]);
            writer.write_all(now).unwrap();
            for more in [later.len() + 1, later.len() + 2 * CHUNK] {
                let refused = writer.write(&vec![0; more]).unwrap_err();
                assert_eq!(of(&refused), wrong_length, "{more} after {before} of {len}");
            }
            assert_eq!(writer.write(b"").unwrap(), 0);
            writer.write_all(later).unwrap();
            writer.finish().unwrap();
            assert!(out == archive(len).1, "{before} of {len}");
        }
    }
}

/// a writer that is dropped leaves what does not open, wherever it was.
#[test]
fn a_dropped_writer_leaves_no_archive() {
    for len in FEW_CHUNKS {
        let mut out = Vec::new();
        let mut writer = writer(&mut out, len);
        writer.write_all(&data(len)).unwrap();
        writer.flush().unwrap();
        drop(writer);
        let (header, body) = parts(&out);
        // Full chunks are there, and have verified.
        assert!(read(&header, body).0 == data(len)[..len / CHUNK * CHUNK], "{len}");
        assert_eq!(read(&header, body).1, Some(FileError::Truncated), "{len}");
        let mut opener = opener(&header);
        opener.update(body, &mut Vec::new()).unwrap();
        assert_eq!(opener.finish(), Err(ArchiveError::Truncated), "{len}");
    }
}

/// an output that fails ends the archive: in the header, in a chunk, at the end. Nothing is written after that, though it could be,
/// and nothing is finished.
#[test]
fn a_writer_that_failed_stays_so() {
    const RESET: ErrorKind = ErrorKind::ConnectionReset;
    let whole = archive(LEN).1;
    let begin = whole.len() - parts(&whole).1.len() + HEADER;
    for room in [0, 10, begin - 1] {
        let (new, mut rng) = begun(LEN);
        let refused = new.write_to(Slow::new(Vec::new(), room), &mut rng).unwrap_err();
        assert_eq!(refused.kind(), RESET, "{room}");
    }
    for room in [begin, begin + 10, begin + SEALED, begin + 3 * SEALED - 1] {
        let mut out = Slow::new(Vec::new(), room);
        let mut writer = writer(&mut out, LEN);
        let error = writer.write_all(&data(LEN)).unwrap_err();
        assert_eq!(of::<SealArchiveError>(&error), (RESET, None));
        assert_eq!(writer.write(b"more").unwrap_err().kind(), RESET);
        assert_eq!(writer.flush().unwrap_err().kind(), RESET);
        assert!(writer.finish().is_err());
        assert!(out.inner == whole[..room] && out.flushed == 0, "{room}");
    }
    // The last chunk.
    for room in [begin + 3 * SEALED, whole.len() - 1] {
        let mut out = Slow::new(Vec::new(), room);
        let mut writer = writer(&mut out, LEN);
        writer.write_all(&data(LEN)).unwrap();
        assert_eq!(writer.finish().unwrap_err().kind(), RESET);
        assert!(out.inner == whole[..room] && out.flushed == 0, "{room}");
    }
}

/// an archive that was cut gives the chunks that are there as a whole, and then that it ends too early; for ever.
#[test]
fn a_cut_archive_ends_too_early() {
    for len in [LEN, 2 * CHUNK] {
        let bytes = archive(len).1;
        let (header, body) = parts(&bytes);
        let chunks = (0..=len / CHUNK).map(|k| HEADER + k * SEALED);
        let around = chunks.flat_map(|start| [start, start + 1, start + 16, start + SEALED - 1]);
        let cuts =
            (0..HEADER).chain(around.filter(|cut| *cut < body.len())).chain([body.len() - 1]);
        for cut in cuts {
            let (opened, error) = read(&header, &body[..cut]);
            let whole = cut.saturating_sub(HEADER) / SEALED * CHUNK;
            assert!(opened == data(len)[..whole], "{cut}");
            assert_eq!(error, Some(FileError::Truncated), "{cut}");
        }
        let mut reader = opener(&header).reader(&body[..HEADER + SEALED + 5]).unwrap();
        for _ in 0..3 {
            let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
            let truncated = (ErrorKind::UnexpectedEof, Some(FileError::Truncated));
            assert_eq!((error.kind(), FileError::of(&error)), truncated);
        }
    }
}

/// where something stands behind the end, the last chunk is not given out.
#[test]
fn appended_bytes_are_found() {
    for len in [LEN, 2 * CHUNK, 5] {
        let bytes = archive(len).1;
        let (header, body) = parts(&bytes);
        let last = len / CHUNK;
        for more in [&[0][..], &[0; 16], &body[HEADER..], &bytes] {
            let (opened, error) = read(&header, &[body, more].concat()[..]);
            assert!(opened == data(len)[..last * CHUNK], "{len}");
            assert_eq!(error, Some(FileError::Corrupt { chunk: last as u64 }), "{len}");
        }
    }
}

/// chunks that were changed or moved are not given out, nor is anything behind them. A body that begins as another does not begin.
#[test]
fn a_changed_chunk_is_not_given_out() {
    let bytes = archive(LEN).1;
    let (header, body) = parts(&bytes);
    for chunk in 0..=LEN / CHUNK {
        for at in [0, 3, 22] {
            let mut changed = body.to_vec();
            changed[HEADER + chunk * SEALED + at] ^= 1;
            let (opened, error) = read(&header, &changed[..]);
            assert!(opened == data(LEN)[..chunk * CHUNK], "{chunk}");
            assert_eq!(error, Some(FileError::Corrupt { chunk: chunk as u64 }));
        }
    }
    let (begin, chunks) = body.split_at(HEADER);
    let (one, rest) = chunks.split_at(SEALED);
    let moved = [begin, &rest[..SEALED], one, &rest[SEALED..]].concat();
    assert_eq!(read(&header, &moved[..]), (vec![], Some(FileError::Corrupt { chunk: 0 })));
    for at in 0..HEADER {
        let mut other = body.to_vec();
        other[at] ^= 1;
        assert_eq!(read(&header, &other[..]), (vec![], Some(FileError::WrongKeyOrContext)), "{at}");
    }
}

/// An input that fails is not an archive that is damaged, and fails for ever.
#[test]
fn a_reader_stays_in_the_inputs_error() {
    let bytes = archive(LEN).1;
    let (header, body) = parts(&bytes);
    let refused = opener(&header).reader(Slow::new(body, HEADER - 1)).unwrap_err();
    assert_eq!((refused.kind(), FileError::of(&refused)), (ErrorKind::ConnectionReset, None));
    let mut reader = opener(&header).reader(Slow::new(body, HEADER + SEALED + 9)).unwrap();
    let mut opened = Vec::new();
    for _ in 0..3 {
        let error = reader.read_to_end(&mut opened).unwrap_err();
        assert_eq!((error.kind(), FileError::of(&error)), (ErrorKind::ConnectionReset, None));
    }
    assert!(opened == data(LEN)[..CHUNK]);
}

/// What has been given pieces of a body does not read another one, whether those were good, and however much of the input is left. Where
/// nothing has been given yet, it does.
#[test]
fn an_opener_in_use_makes_no_reader() {
    let bytes = archive(LEN).1;
    let (header, body) = parts(&bytes);
    for given in [1, HEADER - 1, HEADER, HEADER + 1, HEADER + SEALED, body.len()] {
        for input in [body, &body[given..]] {
            let mut opener = opener(&header);
            opener.update(&body[..given], &mut Vec::new()).unwrap();
            let refused = opener.reader(input).unwrap_err();
            assert_eq!(of::<FileError>(&refused), (ErrorKind::InvalidInput, None), "{given}");
        }
    }
    let mut failed = opener(&header);
    assert!(failed.update(&[0; HEADER], &mut Vec::new()).is_err());
    assert_eq!(failed.reader(body).unwrap_err().kind(), ErrorKind::InvalidInput);
    let mut unused = opener(&header);
    unused.update(&[], &mut Vec::new()).unwrap();
    let mut opened = Vec::new();
    unused.reader(body).unwrap().read_to_end(&mut opened).unwrap();
    assert!(opened == data(LEN));
}

/// a header that ends too early is none, wherever it ends; one that is whole is read to its end and no further.
#[test]
fn a_header_is_read_to_its_end() {
    let bytes = archive(9).1;
    let len = bytes.len() - parts(&bytes).1.len();
    for end in 0..len {
        let mut input = &bytes[..end];
        let error = ArchiveHeader::read_from(&mut input).unwrap_err();
        let truncated = (ErrorKind::UnexpectedEof, Some(ArchiveError::Truncated));
        assert_eq!((error.kind(), ArchiveError::of(&error)), truncated, "{end}");
    }
    for end in [len, len + 1, bytes.len()] {
        let mut input = &bytes[..end];
        assert!(ArchiveHeader::read_from(&mut input).is_ok());
        assert_eq!(input, &bytes[len..end]);
    }
    for room in [0, 1, 79, 80, 100, len - 1] {
        let error = ArchiveHeader::read_from(Slow::new(&bytes[..], room)).unwrap_err();
        assert_eq!((error.kind(), ArchiveError::of(&error)), (ErrorKind::ConnectionReset, None));
    }
}

/// what a header claims is not reserved; it grows with what comes.
#[test]
fn claimed_lengths_of_a_header_reserve_nothing() {
    const COUNT: usize = 78;
    let bytes = archive(9).1;
    let claim = |count: u16, len: u16| {
        let mut claimed = bytes[..COUNT].to_vec();
        claimed.extend([count.to_be_bytes(), len.to_be_bytes()].concat());
        claimed
    };
    let most = u16::try_from(MAX_ARCHIVE_RECIPIENTS).unwrap();
    for (claimed, error) in [
        (claim(most, u16::MAX), ArchiveError::Truncated),
        (claim(1, u16::MAX), ArchiveError::Truncated),
        (claim(most + 1, u16::MAX), ArchiveError::Limit),
        (claim(u16::MAX, u16::MAX), ArchiveError::Limit),
        (claim(0, 9), ArchiveError::Malformed(DecodeError::NotCanonical)),
    ] {
        let (refused, cost) = counted(|| ArchiveHeader::read_from(&claimed[..]).unwrap_err());
        assert_eq!(ArchiveError::of(&refused), Some(error));
        assert!(cost.bytes < 1_000, "{error:?}: {cost:?}");
    }
}

/// What an archive is refused for, in the standard library's words. A key service that is away says nothing of the archive.
#[test]
fn the_kinds_of_errors() {
    let kind = |error: ArchiveError| {
        let as_io = io::Error::from(error);
        assert_eq!(ArchiveError::of(&as_io), Some(error));
        as_io.kind()
    };
    let away = UnwrapError::Kek(KekError::Unavailable);
    assert_eq!(kind(ArchiveError::Truncated), ErrorKind::UnexpectedEof);
    assert_eq!(kind(ArchiveError::Unsupported), ErrorKind::Unsupported);
    assert_eq!(kind(ArchiveError::Unwrap(away)), ErrorKind::Other);
    assert_eq!(kind(ArchiveError::UnauthenticHeader), ErrorKind::InvalidData);
    assert_eq!(kind(ArchiveError::Limit), ErrorKind::InvalidData);
    let mut bytes = archive(9).1;
    bytes[4] = 2;
    let newer = ArchiveHeader::read_from(&bytes[..]).unwrap_err();
    assert_eq!(ArchiveError::of(&newer), Some(ArchiveError::Unsupported));
    bytes[0] ^= 1;
    let foreign = ArchiveHeader::read_from(&bytes[..]).unwrap_err();
    let wrong_kind = ArchiveError::Malformed(DecodeError::WrongKind);
    assert_eq!(ArchiveError::of(&foreign), Some(wrong_kind));
}

/// both hold a chunk, and no more of an archive that is longer.
#[test]
fn memory_does_not_grow_with_the_archive() {
    let piece = data(10_000);
    let costs = [2, 40].map(|times| {
        let mut out = Vec::with_capacity(1 << 20);
        let written = peak(|| {
            let mut writer = writer(&mut out, times * piece.len());
            (0..times).for_each(|_| writer.write_all(&piece).unwrap());
            writer.finish().unwrap();
        });
        let restored = peak(|| {
            let mut input = &out[..];
            let header = ArchiveHeader::read_from(&mut input).unwrap();
            io::copy(&mut opener(&header).reader(input).unwrap(), &mut io::sink()).unwrap()
        });
        assert_eq!(restored.0, (times * piece.len()) as u64);
        [written.1, restored.1]
    });
    assert_eq!(costs[0], costs[1]);
    assert!(
        costs[0].iter().all(|most| (SEALED as i64..2 * SEALED as i64).contains(most)),
        "{costs:?}"
    );
}
