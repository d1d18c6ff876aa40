//! Files through the standard library's traits.
#![cfg(feature = "std")]

mod common;
#[path = "vault/files.rs"]
mod files;
mod slow;
mod vault;

use std::cell::Cell;
use std::fs::OpenOptions;
use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;

use common::TestRng;
use confidant::{
    ContainerWriter, DecodeError, DigestWriter, FileDigest, FileError, FileInfo, FileRangeReader,
    FileReader, FileRecipients, FileWriter, KekError, Padding, SealFileError, UnwrapError,
    UnwrapWith, WrapWith,
};
use files::{CHUNK, FEW_CHUNKS, HEADER, PADDINGS, SEALED, data, key, patchworks, photo, sealed};
use proptest::prelude::*;
use slow::Slow;
use vault::{Kms, local};

const HEADER_LEN: usize = 512;

fn writer<W: Write>(out: W, padding: Padding) -> FileWriter<W> {
    FileWriter::new(out, &key(), &photo(), padding, &mut TestRng::new(3)).unwrap()
}

fn reader<R: Read>(input: R, info: &FileInfo) -> io::Result<FileReader<R>> {
    FileReader::new(input, &key(), &photo(), info)
}

fn ranges_of<R: Read + Seek>(input: R, info: &FileInfo) -> io::Result<FileRangeReader<R>> {
    FileRangeReader::new(input, &key(), &photo(), info)
}

fn range_reader(body: &[u8], info: &FileInfo) -> io::Result<FileRangeReader<Cursor<Vec<u8>>>> {
    ranges_of(Cursor::new(body.to_vec()), info)
}

/// All that a reader gives, and the error at the end.
fn read_all(mut reader: impl Read) -> (Vec<u8>, Option<FileError>) {
    let mut out = Vec::new();
    let read = reader.read_to_end(&mut out);
    (out, read.err().map(|error| FileError::of(&error).unwrap()))
}

/// What a reader over `body` gives, if it can be made.
fn streamed(info: &FileInfo, body: &[u8]) -> (Vec<u8>, Option<FileError>) {
    match reader(body, info) {
        Ok(reader) => read_all(reader),
        Err(error) => (Vec::new(), FileError::of(&error)),
    }
}

/// whatever the writes, the file is the same, and it comes back through inputs and outputs that are slow.
#[test]
fn the_writer_makes_the_same_file() {
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 9] {
        for padding in PADDINGS {
            let (info, body) = sealed(len, padding);
            for step in [1_000, CHUNK - 1, CHUNK, CHUNK + 1, 100_000] {
                let mut writer = writer(Vec::new(), padding);
                for part in data(len).chunks(step) {
                    writer.write_all(part).unwrap();
                    writer.flush().unwrap();
                }
                let (out, written) = writer.finish().unwrap();
                assert!(out == body && written == info, "{len} {step}");
            }
            let mut writer = writer(Slow::new(Vec::new(), usize::MAX), padding);
            writer.write_all(&data(len)).unwrap();
            assert!(writer.finish().unwrap().0.inner == body, "{len}");
            let slow = read_all(reader(Slow::new(&body[..], usize::MAX), &info).unwrap());
            assert!(slow == (data(len), None), "{len}");
        }
    }
}

/// a writer that is dropped leaves what does not open, wherever it was.
#[test]
fn a_dropped_writer_leaves_no_file() {
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK] {
        let mut out = Vec::new();
        let mut writer = writer(&mut out, Padding::None);
        writer.write_all(&data(len)).unwrap();
        writer.flush().unwrap();
        drop(writer);
        let (info, _) = sealed(len, Padding::None);
        let (read, error) = streamed(&info, &out);
        // Full chunks are there, and have verified.
        assert!(read == data(len)[..len / CHUNK * CHUNK], "{len}");
        assert_eq!(error, Some(FileError::Truncated), "{len}");
        assert_eq!(FileInfo::of_object(info.id(), out.len() as u64), Err(FileError::Truncated));
        assert!(range_reader(&out, &info).is_err());
    }
}

/// an output that fails ends the file; neither more data nor `finish` makes one of it.
#[test]
fn a_writer_that_failed_stays_so() {
    let mut writer = writer(Slow::new(Vec::new(), 20_000), Padding::None);
    let error = writer.write_all(&data(3 * CHUNK)).unwrap_err();
    assert_eq!((error.kind(), SealFileError::of(&error)), (ErrorKind::ConnectionReset, None));
    assert_eq!(writer.write(b"more").unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(writer.flush().unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(writer.finish().unwrap_err().kind(), ErrorKind::ConnectionReset);
    let out = Slow::new(Vec::new(), 10);
    let refused = FileWriter::new(out, &key(), &photo(), Padding::None, &mut TestRng::new(1));
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::ConnectionReset);
    let last = self::writer(Slow::new(Vec::new(), HEADER + 3), Padding::None);
    assert_eq!(last.finish().unwrap_err().kind(), ErrorKind::ConnectionReset);
}

/// An input or output of which one call goes wrong, and no other.
#[derive(Debug)]
struct Once<T> {
    inner: T,
    calls: usize,
    /// Which one, counted from 1.
    bad: usize,
    wrong: Wrong,
}

#[derive(Clone, Copy, Debug)]
enum Wrong {
    Error(ErrorKind),
    Panic,
}

impl<T> Once<T> {
    fn new(inner: T, bad: usize, wrong: Wrong) -> Self {
        Self { inner, calls: 0, bad, wrong }
    }

    fn next(&mut self) -> io::Result<()> {
        self.calls += 1;
        match self.wrong {
            _ if self.calls != self.bad => Ok(()),
            Wrong::Error(kind) => Err(kind.into()),
            // Unlike `panic!`, without a message on the screen.
            Wrong::Panic => resume_unwind(Box::new("told to panic")),
        }
    }
}

impl<T: Read> Read for Once<T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.next()?;
        self.inner.read(out)
    }
}

impl<T: Write> Write for Once<T> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.next()?;
        self.inner.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.next()?;
        self.inner.flush()
    }
}

impl<T: Seek> Seek for Once<T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.next()?;
        self.inner.seek(to)
    }
}

/// The error of one call, by its kind; `None` if it panicked.
fn kind<T: std::fmt::Debug>(call: impl FnOnce() -> io::Result<T>) -> Option<ErrorKind> {
    catch_unwind(AssertUnwindSafe(call)).ok().map(|result| result.unwrap_err().kind())
}

/// What can go wrong in one call, as the caller learns of it, and what is said from then on: at `Interrupted` it would be asked again for
/// ever, and of what panicked nothing is known.
const WRONGS: [(Wrong, Option<ErrorKind>, ErrorKind); 3] = [
    (Wrong::Error(ErrorKind::StorageFull), Some(ErrorKind::StorageFull), ErrorKind::StorageFull),
    (Wrong::Error(ErrorKind::Interrupted), Some(ErrorKind::Interrupted), ErrorKind::Other),
    (Wrong::Panic, None, ErrorKind::Other),
];

/// an error, an interruption or a panic of the output, in a write or in flushing, is the end of the file: nothing is written after
/// it, and nothing is finished.
#[test]
fn a_writer_goes_on_after_nothing() {
    for (wrong, first, later) in WRONGS {
        // The first 56 bytes, a chunk, then flushing or the next chunk.
        for flushing in [true, false] {
            if !flushing && first == Some(ErrorKind::Interrupted) {
                continue; // `write_all` asks again
            }
            let mut out = Once::new(Vec::new(), 3, wrong);
            let mut writer = writer(&mut out, Padding::None);
            writer.write_all(&data(CHUNK + 5)).unwrap();
            let rest = &data(2 * CHUNK)[CHUNK + 5..];
            let failed = match flushing {
                true => kind(|| writer.flush()),
                false => kind(|| writer.write(rest)),
            };
            assert_eq!(failed, first, "{wrong:?}");
            for _ in 0..2 {
                assert_eq!(kind(|| writer.write(rest)), Some(later), "{wrong:?}");
                assert_eq!(kind(|| writer.flush()), Some(later), "{wrong:?}");
            }
            assert_eq!(kind(|| writer.finish()), Some(later), "{wrong:?}");
            assert_eq!((out.calls, out.inner.len()), (3, HEADER + SEALED));
        }
    }
}

/// nor does a container, which then has no header.
#[test]
fn a_container_goes_on_after_nothing() {
    for (wrong, first, later) in WRONGS {
        // Where it stands, zeros, the first 56 bytes, then flushing.
        let mut out = Once::new(Cursor::new(Vec::new()), 4, wrong);
        let mut writer = container(&mut out, Padding::None);
        writer.write_all(&data(5)).unwrap();
        assert_eq!(kind(|| writer.flush()), first, "{wrong:?}");
        assert_eq!(kind(|| writer.write(b"more")), Some(later), "{wrong:?}");
        assert_eq!(kind(|| writer.finish()), Some(later), "{wrong:?}");
        let file = out.inner.into_inner();
        assert_eq!((out.calls, file.len()), (4, HEADER_LEN + HEADER));
        assert_eq!(file[..HEADER_LEN], [0; HEADER_LEN]);
    }
}

/// without randomness nothing is begun; what is the writer's own error is told from what is the output's.
#[test]
fn why_no_file_was_made() {
    let rng = &mut TestRng::new(1);
    rng.fail_at = Some(1);
    let mut out = Vec::new();
    let error = FileWriter::new(&mut out, &key(), &photo(), Padding::None, rng).unwrap_err();
    assert_eq!(SealFileError::of(&error), Some(SealFileError::Randomness));
    assert_eq!((error.kind(), out.len()), (ErrorKind::Other, 0));
    let recipients = files::recipients(HEADER_LEN);
    let error = ContainerWriter::new(Cursor::new(out), recipients, Padding::None, rng);
    assert_eq!(SealFileError::of(&error.unwrap_err()), Some(SealFileError::Randomness));
    let error = io::Error::from(SealFileError::TooLong);
    assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    assert_eq!(SealFileError::of(&error), Some(SealFileError::TooLong));
    assert_eq!((FileError::of(&error), SealFileError::of(&ErrorKind::Other.into())), (None, None));
}

/// the reader gives the chunks before the place where a file ends, and then says that it does.
#[test]
fn a_truncated_stream() {
    for padding in PADDINGS {
        let (info, body) = sealed(3 * CHUNK + 100, padding);
        let boundaries = (0..=3).map(|k| HEADER + k * SEALED);
        let around = boundaries.flat_map(|at| [at - 1, at, at + 1, at + 16, at + 17]);
        for len in (0..3).chain(around).chain([body.len() - 1]) {
            let (read, error) = streamed(&info, &body[..len]);
            let whole = len.saturating_sub(HEADER) / SEALED * CHUNK;
            assert!(read == data(3 * CHUNK + 100)[..whole.min(3 * CHUNK)], "{len}");
            assert_eq!(error, Some(FileError::Truncated), "{len}");
            let refused = range_reader(&body[..len], &info).unwrap_err();
            assert_eq!(FileError::of(&refused), Some(FileError::Truncated), "{len}");
            assert_eq!(refused.kind(), ErrorKind::UnexpectedEof);
        }
    }
}

/// the last data is not given out if something stands behind it.
#[test]
fn an_appended_stream() {
    for (len, last) in [(0, 0), (5, 0), (CHUNK, 1), (CHUNK + 5, 1)] {
        let (info, body) = sealed(len, Padding::None);
        let longer = [&body[..], &[0]].concat();
        let corrupt = Some(FileError::Corrupt { chunk: last });
        let (read, error) = streamed(&info, &longer);
        assert!(read == data(len)[..last as usize * CHUNK], "{len}");
        assert_eq!(error, corrupt);
        let refused = range_reader(&longer, &info).unwrap_err();
        assert_eq!(FileError::of(&refused), corrupt);
    }
}

/// nothing of a chunk leaves before it has verified; after an error there is only this error.
#[test]
fn readers_stay_in_error() {
    let (info, mut body) = sealed(4 * CHUNK, Padding::None);
    body[HEADER + 2 * SEALED + 5] ^= 1;
    let corrupt = Some(FileError::Corrupt { chunk: 2 });
    let mut reader = reader(&body[..], &info).unwrap();
    let mut out = vec![0; 2 * CHUNK];
    reader.read_exact(&mut out).unwrap();
    assert!(out == data(2 * CHUNK));
    for _ in 0..3 {
        let mut out = [0xee; 100];
        let error = reader.read(&mut out).unwrap_err();
        assert_eq!((FileError::of(&error), error.kind()), (corrupt, ErrorKind::InvalidData));
        assert_eq!(out, [0xee; 100]);
    }

    let mut ranges = range_reader(&body, &info).unwrap();
    let mut out = [0xee; 100];
    ranges.seek(SeekFrom::Start(2 * CHUNK as u64 - 50)).unwrap();
    assert_eq!(ranges.read(&mut out).unwrap(), 50);
    assert_eq!(FileError::of(&ranges.read(&mut out).unwrap_err()), corrupt);
    // Not even where there is nothing wrong.
    assert_eq!(FileError::of(&ranges.rewind().unwrap_err()), corrupt);
    assert_eq!(FileError::of(&ranges.read(&mut out).unwrap_err()), corrupt);
    assert_eq!(out[50..], [0xee; 50]);
    assert!(format!("{ranges:?}").contains("failed: true"));
}

/// so do errors of the input, which are not the file's.
#[test]
fn readers_stay_in_the_inputs_error() {
    let (info, body) = sealed(4 * CHUNK, Padding::None);
    let input = Slow::new(&body[..], HEADER + SEALED + 100);
    let mut reader = reader(input, &info).unwrap();
    let mut out = Vec::new();
    for _ in 0..2 {
        let error = reader.read_to_end(&mut out).unwrap_err();
        assert_eq!((error.kind(), FileError::of(&error)), (ErrorKind::ConnectionReset, None));
        assert!(out == data(CHUNK));
    }
}

/// an error, an interruption or a panic of the input is the end of reading, and is never taken for the file's.
#[test]
fn a_reader_goes_on_after_nothing() {
    let (info, body) = sealed(CHUNK + 9, Padding::None);
    for (wrong, first, later) in WRONGS {
        if first == Some(ErrorKind::Interrupted) {
            continue; // `read_exact` asks again
        }
        // The first 56 bytes, a chunk, then the second, or what is behind it.
        for bad in [3, 4] {
            let mut reader = reader(Once::new(&body[..], bad, wrong), &info).unwrap();
            reader.read_exact(&mut [0; CHUNK]).unwrap();
            let mut out = [0xee; 100];
            assert_eq!(kind(|| reader.read(&mut out)), first, "{wrong:?}");
            assert_eq!(kind(|| reader.read(&mut out)), Some(later), "{wrong:?}");
            let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
            assert_eq!((error.kind(), FileError::of(&error)), (later, None));
            assert_eq!(out, [0xee; 100]);
        }
    }
}

/// the same where the input is sought, of which `Interrupted` would be asked again for ever. There is no early end.
#[test]
fn a_range_reader_goes_on_after_nothing() {
    let (info, body) = sealed(3 * CHUNK, Padding::None);
    for (wrong, first, later) in WRONGS {
        // Six calls for the first 56 bytes and the last chunk; then a seek and a read for each chunk.
        for bad in [9, 10] {
            if bad == 10 && first == Some(ErrorKind::Interrupted) {
                continue; // `read_exact` asks again
            }
            let source = Once::new(Cursor::new(&body), bad, wrong);
            let mut ranges = ranges_of(source, &info).unwrap();
            let mut out = [0xee; 100];
            assert_eq!(ranges.read(&mut [0; 100]).unwrap(), 100);
            ranges.seek(SeekFrom::Start(20_000)).unwrap();
            assert_eq!(kind(|| ranges.read(&mut out)), first, "{wrong:?}");
            for _ in 0..2 {
                assert_eq!(kind(|| ranges.read(&mut out)), Some(later), "{wrong:?}");
                assert_eq!(kind(|| ranges.read(&mut [])), Some(later), "{wrong:?}");
                assert_eq!(kind(|| ranges.rewind()), Some(later), "{wrong:?}");
            }
            let error = ranges.read_to_end(&mut Vec::new()).unwrap_err();
            assert_eq!((error.kind(), FileError::of(&error)), (later, None));
            assert_eq!(out, [0xee; 100]);
        }
    }
}

/// An input that looks at the memory which it is to fill.
struct Peeks<T> {
    inner: T,
    seen: Rc<Cell<bool>>,
}

impl<T: Read> Read for Peeks<T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.seen.set(self.seen.get() || out.iter().any(|byte| *byte != 0));
        self.inner.read(out)
    }
}

impl<T: Seek> Seek for Peeks<T> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}

/// the input is not handed what the chunk before said, in the memory that it is to fill.
#[test]
fn the_input_sees_no_plaintext() {
    let (info, body) = sealed(3 * CHUNK + 9, Padding::Padme);
    let seen = Rc::new(Cell::new(false));
    let input = || Peeks { inner: Cursor::new(&body), seen: Rc::clone(&seen) };
    assert_eq!(read_all(reader(input(), &info).unwrap()).0.len(), 3 * CHUNK + 9);
    let mut ranges = ranges_of(input(), &info).unwrap();
    for chunk in [2, 0, 3, 1] {
        ranges.seek(SeekFrom::Start(chunk * CHUNK as u64)).unwrap();
        ranges.read_exact(&mut [0; 9]).unwrap();
    }
    assert!(!seen.get());
}

/// whatever the chunks of a file are put together to, a reader gives its beginning, and then an error.
#[test]
fn no_arrangement_of_chunks_reads_as_another_file() {
    for len in FEW_CHUNKS {
        let ((info, body), data) = (sealed(len, Padding::None), data(len));
        for (other, claim) in patchworks(&info, &body) {
            let (read, error) = streamed(&claim, &other);
            assert!(error.is_some() && data.starts_with(&read), "{len} {claim:?}");
            if let Ok(ranges) = range_reader(&other, &claim) {
                let (read, error) = read_all(ranges);
                assert!(error.is_some() && data.starts_with(&read), "{len} {claim:?}");
            }
        }
    }
}

/// a row that says that a padded file is not padded, or the other way round, is found out before any chunk.
#[test]
fn padding_is_not_the_rows_to_say() {
    let (info, body) = sealed(CHUNK, Padding::Padme);
    let lie = FileInfo::of_object(info.id(), info.ciphertext_len()).unwrap();
    let chosen = [&data(CHUNK)[..], &(CHUNK as u64).to_be_bytes()].concat();
    let (other, unpadded) =
        key().seal(&photo(), &chosen, Padding::None, &mut TestRng::new(3)).unwrap();
    let padded = FileInfo::new(other.id(), CHUNK as u64, Padding::Padme).unwrap();
    for (body, lie) in [(body, lie), (unpadded, padded)] {
        assert_eq!(body.len() as u64, lie.ciphertext_len());
        let wrong = Some(FileError::WrongKeyOrContext);
        assert_eq!(streamed(&lie, &body), (Vec::new(), wrong));
        assert_eq!(FileError::of(&range_reader(&body, &lie).unwrap_err()), wrong);
    }
}

/// the wrong key or context is found out before anything is read but the first 56 bytes.
#[test]
fn a_reader_begins_with_the_commitment() {
    let (info, body) = sealed(CHUNK, Padding::None);
    let other = photo().object_version(2).unwrap();
    let mut input = &body[..];
    let error = FileReader::new(&mut input, &key(), &other, &info).unwrap_err();
    assert_eq!(FileError::of(&error), Some(FileError::WrongKeyOrContext));
    assert_eq!(input.len(), body.len() - HEADER);
}

/// What the caller does with an error is the same as for any other input: what is damaged is told from what is away.
#[test]
fn the_kinds_of_errors() {
    for (error, kind) in [
        (FileError::Truncated, ErrorKind::UnexpectedEof),
        (FileError::Unsupported, ErrorKind::Unsupported),
        (FileError::Unwrap(UnwrapError::WrongKek), ErrorKind::Other),
        (FileError::Unwrap(UnwrapError::Kek(KekError::Unavailable)), ErrorKind::Other),
        (FileError::WrongKeyOrContext, ErrorKind::InvalidData),
        (FileError::Corrupt { chunk: 3 }, ErrorKind::InvalidData),
        (FileError::WrongDigest, ErrorKind::InvalidData),
        (FileError::UnauthenticHeader, ErrorKind::InvalidData),
        (FileError::Malformed(DecodeError::WrongKind), ErrorKind::InvalidData),
        (FileError::Limit, ErrorKind::InvalidData),
    ] {
        let wrapped = io::Error::from(error);
        assert_eq!((wrapped.kind(), FileError::of(&wrapped)), (kind, Some(error)));
        assert_eq!(SealFileError::of(&wrapped), None);
    }
}

/// Reads of nothing are nothing, and the end is the end as often as it is asked.
#[test]
fn the_end_is_the_end() {
    let (info, body) = sealed(10, Padding::Padme);
    let mut reader = reader(&body[..], &info).unwrap();
    assert_eq!(reader.read(&mut []).unwrap(), 0);
    assert_eq!(reader.read(&mut [0; 100]).unwrap(), 10);
    for _ in 0..2 {
        assert_eq!(reader.read(&mut [0; 100]).unwrap(), 0);
    }
    let mut ranges = range_reader(&body, &info).unwrap();
    assert_eq!(ranges.seek(SeekFrom::End(5)).unwrap(), 15);
    assert_eq!(ranges.read(&mut [0; 100]).unwrap(), 0);
    assert_eq!(ranges.seek(SeekFrom::Start(u64::MAX)).unwrap(), u64::MAX);
    assert_eq!(ranges.read(&mut [0; 100]).unwrap(), 0);
    // A place that is none: the reader stays where it was, and works.
    assert_eq!(ranges.seek(SeekFrom::Current(1)).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(ranges.seek(SeekFrom::End(-11)).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(ranges.seek(SeekFrom::End(-10)).unwrap(), 0);
    assert_eq!((ranges.len(), ranges.read(&mut [0; 100]).unwrap()), (10, 10));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// reading and seeking is as in a file that holds the data.
    #[test]
    fn the_range_reader_is_as_a_plain_file(
        len in prop_oneof![0..3_usize, 16_300..16_500_usize, 0..120_000_usize],
        padded in any::<bool>(),
        attached in any::<bool>(),
        steps in prop::collection::vec((0..3_u8, -130_000..130_000_i64, 0..40_000_usize), 1..12),
    ) {
        let padding = if padded { Padding::Padme } else { Padding::None };
        let mut plain = Cursor::new(data(len));
        let mut ranges = if attached {
            let file = Cursor::new(contained(len, padding));
            FileRangeReader::open(file, &photo(), UnwrapWith::Local(&local(1))).unwrap().0
        } else {
            let (info, body) = sealed(len, padding);
            range_reader(&body, &info).unwrap()
        };
        for (whence, offset, take) in steps {
            let to = match whence {
                0 => SeekFrom::Start(offset.unsigned_abs()),
                1 => SeekFrom::Current(offset),
                _ => SeekFrom::End(offset),
            };
            prop_assert_eq!(ranges.seek(to).ok(), plain.seek(to).ok());
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            Read::by_ref(&mut ranges).take(take as u64).read_to_end(&mut ours).unwrap();
            Read::by_ref(&mut plain).take(take as u64).read_to_end(&mut theirs).unwrap();
            prop_assert!(ours == theirs);
        }
    }
}

fn container<W: Write + Seek>(out: W, padding: Padding) -> ContainerWriter<W> {
    ContainerWriter::new(out, files::recipients(HEADER_LEN), padding, &mut TestRng::new(3)).unwrap()
}

/// A file in the attached form.
fn contained(len: usize, padding: Padding) -> Vec<u8> {
    let mut writer = container(Cursor::new(Vec::new()), padding);
    writer.write_all(&data(len)).unwrap();
    writer.finish().unwrap().0.into_inner()
}

/// the attached form is a header and the same body; it begins where its output stands.
#[test]
fn a_container_is_a_header_and_a_body() {
    for padding in PADDINGS {
        let (info, body) = sealed(CHUNK + 9, padding);
        let mut out = Cursor::new(b"before".to_vec());
        out.seek(SeekFrom::End(0)).unwrap();
        let mut writer = container(out, padding);
        writer.write_all(&data(CHUNK + 9)).unwrap();
        writer.flush().unwrap();
        let (out, header) = writer.finish().unwrap();
        assert_eq!(out.position(), (6 + HEADER_LEN + body.len()) as u64);
        let file = out.into_inner();
        assert_eq!(*header.info(), info);
        assert!(file == [b"before", &header.encode()[..], &body].concat());

        let with = UnwrapWith::Local(&local(1));
        let (reader, opened) = FileReader::open(&file[6..], &photo(), with).unwrap();
        assert!(read_all(reader) == (data(CHUNK + 9), None));
        assert_eq!(opened.info(), &info);
        let mut input = Cursor::new(file);
        input.seek(SeekFrom::Start(6)).unwrap();
        let (mut ranges, _) = FileRangeReader::open(input, &photo(), with).unwrap();
        ranges.seek(SeekFrom::Start(CHUNK as u64)).unwrap();
        assert!(read_all(ranges).0 == data(CHUNK + 9)[CHUNK..]);
    }
}

/// until it is finished, a container has no header, and so opens nowhere.
#[test]
fn a_dropped_container_has_no_header() {
    for len in [0, CHUNK, 2 * CHUNK + 1] {
        let mut out = Cursor::new(Vec::new());
        let mut writer = container(&mut out, Padding::None);
        writer.write_all(&data(len)).unwrap();
        drop(writer);
        let file = out.into_inner();
        assert_eq!(file[..HEADER_LEN], [0; HEADER_LEN]);
        let error = FileReader::open(&file[..], &photo(), UnwrapWith::Local(&local(1)));
        let error = error.map(|_| ()).unwrap_err();
        let none = FileError::Malformed(DecodeError::WrongKind);
        assert_eq!(FileError::of(&error), Some(none));
    }
}

/// an output that puts everything at its end has no header where it belongs: it is not finished, and says so.
#[test]
fn a_container_that_cannot_seek_back_is_not_finished() {
    let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/container-that-appends");
    for append in [true, false] {
        let _ = std::fs::remove_file(path);
        let file = OpenOptions::new().create(true).append(append).write(true).open(path);
        let mut writer = container(file.unwrap(), Padding::None);
        writer.write_all(b"hello").unwrap();
        let finished = writer.finish().map(|_| ()).map_err(|error| error.kind());
        let stored = std::fs::read(path).unwrap();
        std::fs::remove_file(path).unwrap();
        let opened = FileReader::open(&stored[..], &photo(), UnwrapWith::Local(&local(1)));
        if append {
            assert_eq!(finished, Err(ErrorKind::NotSeekable));
            let none = FileError::Malformed(DecodeError::WrongKind);
            assert_eq!(FileError::of(&opened.unwrap_err()), Some(none));
        } else {
            assert_eq!(finished, Ok(()));
            assert_eq!(read_all(opened.unwrap().0), (b"hello".to_vec(), None));
        }
    }
}

/// what a service says that cannot be asked now is not what is said of a damaged file.
#[test]
fn a_service_that_is_away_is_no_invalid_data() {
    let (kms, rng) = (Kms::new(b"kms"), &mut TestRng::new(3));
    let mut recipients = FileRecipients::new(key(), &photo(), HEADER_LEN);
    recipients.add(WrapWith::Service(&kms), rng).unwrap();
    let out = Cursor::new(Vec::new());
    let writer = ContainerWriter::new(out, recipients, Padding::None, rng).unwrap();
    let file = writer.finish().unwrap().0.into_inner();
    let open = || {
        let with = UnwrapWith::Service(&kms);
        let streamed = FileReader::open(&file[..], &photo(), with).map(|_| ());
        let ranged = FileRangeReader::open(Cursor::new(&file), &photo(), with).map(|_| ());
        [streamed, ranged]
    };
    for error in [KekError::Unavailable, KekError::Denied] {
        kms.fails.set(Some(error));
        for failed in open().map(Result::unwrap_err) {
            let said = FileError::Unwrap(UnwrapError::Kek(error));
            assert_eq!((failed.kind(), FileError::of(&failed)), (ErrorKind::Other, Some(said)));
        }
    }
    kms.fails.set(None);
    assert!(open().iter().all(Result::is_ok));
}

/// an attached file that ends early or late, in header or body.
#[test]
fn truncated_and_appended_containers() {
    let file = contained(CHUNK + 9, Padding::None);
    let with_key = local(1);
    let open = |file: &[u8]| match FileReader::open(file, &photo(), UnwrapWith::Local(&with_key)) {
        Ok((reader, _)) => read_all(reader),
        Err(error) => (Vec::new(), FileError::of(&error)),
    };
    let seek = |file: &[u8]| {
        let input = Cursor::new(file.to_vec());
        let opened = FileRangeReader::open(input, &photo(), UnwrapWith::Local(&with_key));
        opened.map(|_| ()).map_err(|error| FileError::of(&error).unwrap())
    };
    assert_eq!(open(&file), (data(CHUNK + 9), None));
    let body = HEADER_LEN + HEADER;
    let cuts = [0, 1, 7, 8, 9, 200, HEADER_LEN - 1, HEADER_LEN, body - 1, body, body + SEALED - 1];
    for len in cuts.into_iter().chain([body + SEALED, body + SEALED + 1, file.len() - 1]) {
        let (read, error) = open(&file[..len]);
        assert_eq!(error, Some(FileError::Truncated), "{len}");
        assert_eq!(read.len(), if len >= body + SEALED { CHUNK } else { 0 });
        assert_eq!(seek(&file[..len]), Err(FileError::Truncated), "{len}");
    }
    let longer = [&file[..], &[0]].concat();
    assert_eq!(open(&longer).1, Some(FileError::Corrupt { chunk: 1 }));
    assert_eq!(seek(&longer), Err(FileError::Corrupt { chunk: 1 }));
}

/// What the output was given is what the pointer will name.
#[test]
fn the_digest_is_of_what_was_written() {
    let mut writer = writer(DigestWriter::new(Slow::new(Vec::new(), usize::MAX)), Padding::None);
    writer.write_all(&data(CHUNK + 1)).unwrap();
    let (out, info) = writer.finish().unwrap();
    let (out, digest) = out.finish();
    let part = confidant::AttachmentPart::new(info, digest, "").unwrap();
    assert_eq!(part.verify(FileDigest::of(&out.inner)), Ok(&info));
    let mut fetched = FileDigest::new();
    io::copy(&mut &out.inner[..], &mut fetched).unwrap();
    assert_eq!(part.verify(fetched), Ok(&info));
}

/// An output that is flushed when the file is complete, and not before its last chunk.
#[test]
fn finishing_flushes() {
    struct Flushed(Rc<Cell<usize>>, usize);
    impl Write for Flushed {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.1 += data.len();
            Ok(data.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.set(self.1);
            Ok(())
        }
    }
    let flushed = Rc::new(Cell::new(0));
    let mut writer = writer(Flushed(Rc::clone(&flushed), 0), Padding::None);
    writer.write_all(&data(CHUNK + 1)).unwrap();
    assert_eq!(flushed.get(), 0);
    let (_, info) = writer.finish().unwrap();
    assert_eq!(flushed.get() as u64, info.ciphertext_len());
}
