//! What files leave behind in the heap, and archives that are read and written as files are, when they are made, read, given up and refused. `residue` searches every freed
//! block. What has been given out, and what stands in a buffer of the caller's after it has opened, is the caller's to wipe.

mod common;
#[allow(dead_code, reason = "conversations have secrets of their own")]
mod residue;
mod second;
mod vault;
mod village;

use common::TestRng;
use confidant::{
    AttachmentPart, AttachmentPointer, DataContext, Derivative, DerivativeKind, FileDigest,
    FileError, FileHeader, FileInfo, FileKey, FileOpener, FileRecipients, FileSealer, LocalKek,
    Padding, Purpose, RangeOpener, SealFileError, UnwrapWith, WrapWith,
};
use residue::{learn, residues};
use vault::{local, secret};

const CHUNK: usize = 16_384;
const SEALED: usize = CHUNK + 16;
const HEADER: usize = 56;
/// Three chunks, the last one short.
const LEN: usize = 2 * CHUNK + 5_000;
const PADDINGS: [Padding; 2] = [Padding::None, Padding::Padme];

fn photo() -> DataContext {
    DataContext::new(Purpose::File).object(b"4711").unwrap()
}

/// The same bytes in every run, never freed, and known as secret.
fn text() -> &'static [u8] {
    let mut rng = TestRng::new(40);
    let text = Vec::leak((0..LEN).map(|_| rng.below(256) as u8).collect());
    learn("plaintext", text);
    text
}

/// A file's key, known with what is derived from it.
fn key() -> FileKey {
    let key = FileKey::generate(&mut TestRng::new(41)).unwrap();
    if residue::is_learning() {
        learn("file key", key.secret().expose());
        let body: [u8; 32] = second::expand(key.secret().expose(), "file/body", &[]);
        learn("body key", &body);
        learn("derivative's key", key.derivative(thumbnail()).secret().expose());
    }
    key
}

fn thumbnail() -> Derivative {
    Derivative { kind: DerivativeKind::Thumbnail, index: 1 }
}

fn learn_header(key: &FileKey, info: &FileInfo) {
    if residue::is_learning() {
        let derived: [u8; 40] =
            second::expand(key.secret().expose(), "file/header", &info.id().to_bytes());
        learn("header's MAC key and mask", &derived);
    }
}

fn sealed(padding: Padding) -> (FileInfo, Vec<u8>) {
    key().seal(&photo(), text(), padding, &mut TestRng::new(42)).unwrap()
}

/// With one bit changed in chunk `k`.
fn damaged(body: &[u8], k: usize) -> Vec<u8> {
    let mut damaged = body.to_vec();
    damaged[HEADER + k * SEALED + 9] ^= 1;
    damaged
}

fn opener(info: &FileInfo, body: &[u8]) -> FileOpener {
    FileOpener::new(&key(), &photo(), info, body.first_chunk().unwrap()).unwrap()
}

fn ranges(info: &FileInfo, body: &[u8]) -> RangeOpener {
    let opener = opener(info, body);
    let place = opener.chunk_range(opener.chunks() - 1);
    // It opens, so what it becomes is ours.
    let last = body[place.start as usize..place.end as usize].to_vec().leak();
    opener.authenticate(last).unwrap()
}

const CORRUPT: FileError = FileError::Corrupt { chunk: 1 };

/// Whole files in memory: made, opened, refused because of a later chunk, of their end, of the key, and of the length.
#[test]
fn whole_files_are_wiped() {
    let scenario = || {
        for padding in PADDINGS {
            let (info, body) = sealed(padding);
            drop(key().open(&photo(), &info, body.clone()).unwrap());
            let refused = |body: Vec<u8>| key().open(&photo(), &info, body).map(drop);
            assert_eq!(refused(damaged(&body, 1)), Err(CORRUPT));
            let longer = [&body[..], &[0]].concat();
            assert_eq!(refused(longer), Err(FileError::Corrupt { chunk: 2 }));
            assert_eq!(refused(body[..body.len() - 1].to_vec()), Err(FileError::Truncated));
            let other = FileKey::from_secret(secret(8));
            assert!(other.open(&photo(), &info, body).is_err());
        }
        let mut rng = TestRng::new(1);
        rng.fail_at = Some(1);
        let failed = key().seal(&photo(), text(), Padding::None, &mut rng).map(drop);
        assert_eq!(failed, Err(SealFileError::Randomness));
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// what does not open in a buffer of the caller's leaves nothing there: several chunks of which the second is damaged, and parts.
#[test]
fn what_fails_in_place_is_wiped() {
    let scenario = || {
        let (info, body) = sealed(Padding::None);
        let bad = damaged(&body, 1);
        let mut chunks = bad[HEADER..].as_chunks::<SEALED>().0.to_vec();
        assert_eq!(opener(&info, &body).open_chunks(0, &mut chunks), Err(CORRUPT));
        drop(chunks);

        let ranges = ranges(&info, &body);
        let place = ranges.ciphertext_range(10, 20_000);
        let mut fetched = bad[place.start as usize..place.end as usize].to_vec();
        assert_eq!(ranges.open_range(10, 20_000, &mut fetched), Err(CORRUPT));
        drop(fetched);
        // The last chunk fails, which is not a full one, where the one before it is plaintext already.
        let place = ranges.ciphertext_range(CHUNK as u64, 20_000);
        let bad = damaged(&body, 2);
        let mut fetched = bad[place.start as usize..place.end as usize].to_vec();
        let refused = ranges.open_range(CHUNK as u64, 20_000, &mut fetched);
        assert_eq!(refused, Err(FileError::Corrupt { chunk: 2 }));
        drop(fetched);
        // What is there is authentic, and too little.
        let mut short = body[HEADER..HEADER + SEALED].to_vec();
        assert_eq!(ranges.open_range(10, 20_000, &mut short), Err(FileError::Truncated));
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// A file that only somebody with the key can have made: authentic, and with something in its padding. It is plaintext when that is found.
fn badly_padded(info: &FileInfo, body: &[u8]) -> Vec<u8> {
    let key: [u8; 32] = second::expand(key().secret().expose(), "file/body", &[]);
    let context = [b"padded file", &info.id().to_bytes()[..], photo().as_bytes()].concat();
    let mut padded = second::open(&key, &context, body).unwrap();
    padded[LEN] = 1;
    second::seal(&key, &[9; 24], &context, &padded)
}

#[test]
fn what_is_badly_padded_is_wiped() {
    let made = std::sync::OnceLock::new();
    let scenario = || {
        let (info, body) = sealed(Padding::Padme);
        // Made in the first run: it is the test that leaves plaintext there.
        let bad = made.get_or_init(|| badly_padded(&info, &body));
        let last = FileError::Corrupt { chunk: 2 };
        let opener = opener(&info, bad);
        let place = opener.chunk_range(2);
        let mut chunk = bad[place.start as usize..place.end as usize].to_vec();
        assert_eq!(opener.open_chunk(2, &mut chunk), Err(last));
        assert_eq!(key().open(&photo(), &info, bad.clone()).map(drop), Err(last));
        assert!(opener.authenticate(&mut bad[place.start as usize..].to_vec()).is_err());
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// The core that seals, in a buffer of the caller's: the last chunk is ciphertext there, also when its output fails.
#[test]
fn what_was_sealed_in_place_is_not_there() {
    let scenario = || {
        for padding in PADDINGS {
            for fails in [false, true] {
                let rng = &mut TestRng::new(42);
                let mut sealer = FileSealer::new(&key(), &photo(), padding, rng).unwrap();
                let mut chunk = Box::new([0; SEALED]);
                chunk[..CHUNK].copy_from_slice(&text()[..CHUNK]);
                sealer.seal_chunks(core::slice::from_mut(&mut *chunk)).unwrap();
                chunk[..5_000].copy_from_slice(&text()[CHUNK..CHUNK + 5_000]);
                let finished = sealer.finish(&mut chunk, 5_000, |_| {
                    if fails { Err(SealFileError::TooLong) } else { Ok(()) }
                });
                assert_eq!(finished.is_err(), fails);
            }
        }
        // One that is given up.
        drop(FileSealer::new(&key(), &photo(), Padding::None, &mut TestRng::new(42)).unwrap());
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// Headers: the file's key wrapped for others, unwrapped, not unwrapped, and refused with the right key.
#[test]
fn headers_are_wiped() {
    let scenario = || {
        let (info, _) = sealed(Padding::Padme);
        learn_header(&key(), &info);
        let mut recipients = FileRecipients::new(key(), &photo(), 640);
        recipients.add(WrapWith::Local(&local(1)), &mut TestRng::new(5)).unwrap();
        let header = recipients.header(&info);
        let open = |header: &[u8], byte| {
            let decoded = FileHeader::decode(header).unwrap();
            decoded.open(&photo(), UnwrapWith::Local(&local(byte)))
        };
        let mut opened = open(&header, 1).unwrap();
        let (more, rng) = (opened.recipients_mut(), &mut TestRng::new(6));
        let other = LocalKek::new(b"another", secret(2)).unwrap();
        more.add(WrapWith::Local(&other), rng).unwrap();
        assert!(more.add(WrapWith::Local(&other), rng).is_err());
        drop(opened.encode());
        assert!(open(&header, 3).is_err());
        let mut forged = header;
        *forged.last_mut().unwrap() ^= 1;
        let refused = open(&forged, 1).map(drop);
        assert_eq!(refused, Err(FileError::UnauthenticHeader));
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// Pointers have the key in them as it is.
#[test]
fn pointers_are_wiped() {
    let scenario = || {
        let (info, body) = sealed(Padding::None);
        let part = || AttachmentPart::new(info, FileDigest::of(&body), "image/png").unwrap();
        let pointer = AttachmentPointer::new(key(), part());
        let pointer = pointer.with_derivative(thumbnail(), part()).unwrap();
        drop(pointer.key().derivative(thumbnail()));
        let sent = pointer.encode();
        drop(AttachmentPointer::decode(sent.as_bytes()).unwrap());
        for len in [36, 100, sent.as_bytes().len() - 1] {
            assert!(AttachmentPointer::decode(&sent.as_bytes()[..len]).is_err());
        }
        assert!(pointer.with_derivative(thumbnail(), part()).is_err());
    };
    assert_eq!(residues(scenario), [""; 0]);
}

/// Beside all that is not found: what would be.
#[test]
fn what_is_not_wiped_is_found() {
    let kept = || {
        let (info, body) = sealed(Padding::None);
        let mut chunk = body[HEADER..HEADER + SEALED].to_vec();
        opener(&info, &body).open_chunk(0, &mut chunk).unwrap();
    };
    assert_eq!(residues(kept), ["plaintext in a block of 16400 bytes"]);
    let copied = || {
        let _ = sealed(Padding::None);
        drop(key().secret().expose().to_vec());
    };
    assert_eq!(residues(copied), ["file key in a block of 32 bytes"]);
    let derived = || {
        let key = key();
        let body: [u8; 32] = second::expand(key.secret().expose(), "file/body", &[]);
        drop(Box::new(body));
    };
    assert_eq!(residues(derived), ["body key in a block of 32 bytes"]);
}

/// What reads and writes holds a chunk in a buffer of its own.
#[cfg(feature = "std")]
mod adapters {
    use std::io::{self, Cursor, ErrorKind, Read, Seek, SeekFrom, Write};

    use confidant::{
        ArchiveHeader, ArchiveOpener, ArchiveWriter, ContainerWriter, ExpectedArchive,
        FileRangeReader, FileReader, FileWriter, NewArchive,
    };

    use super::*;
    use crate::common::NOW;

    /// Takes or gives so many bytes, and then fails for good.
    struct Breaks<T>(T, usize);

    impl<T> Breaks<T> {
        fn next(&mut self, len: usize) -> io::Result<usize> {
            let len = len.min(self.1);
            self.1 -= len;
            if len == 0 { Err(ErrorKind::ConnectionReset.into()) } else { Ok(len) }
        }
    }

    impl<T: Write> Write for Breaks<T> {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            let len = self.next(data.len())?;
            self.0.write(&data[..len])
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    impl<T: Read> Read for Breaks<T> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let len = self.next(out.len())?;
            self.0.read(&mut out[..len])
        }
    }

    /// All that a reader gives, until it ends or fails. What it gives is ours.
    fn read_all(mut reader: impl Read) -> io::Result<usize> {
        let mut out = Vec::with_capacity(2 * LEN);
        let read = reader.read_to_end(&mut out);
        out.leak();
        read
    }

    fn of(error: &io::Error) -> Option<FileError> {
        FileError::of(error)
    }

    /// A file that is finished, one that is dropped in a chunk, and outputs that fail in a chunk and at the end.
    #[test]
    fn writers_are_wiped() {
        let scenario = || {
            for padding in PADDINGS {
                let writer = |room| {
                    let out = Breaks(Vec::new(), room);
                    FileWriter::new(out, &key(), &photo(), padding, &mut TestRng::new(42)).unwrap()
                };
                let mut whole = writer(usize::MAX);
                whole.write_all(text()).unwrap();
                let (out, info) = whole.finish().unwrap();
                assert_eq!(info.ciphertext_len(), out.0.len() as u64);

                let mut dropped = writer(usize::MAX);
                dropped.write_all(&text()[..CHUNK + 9_000]).unwrap();
                drop(dropped);

                let mut broken = writer(HEADER + SEALED + 100);
                let error = broken.write_all(text()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                assert!(broken.write_all(text()).is_err() && broken.finish().is_err());

                let mut at_the_end = writer(HEADER + 2 * SEALED + 100);
                at_the_end.write_all(text()).unwrap();
                assert!(at_the_end.finish().is_err());
            }
        };
        assert_eq!(residues(scenario), [""; 0]);
    }

    /// A file that is read, one that is dropped in a chunk, one with a damaged chunk, one that ends too early or too late, and inputs that
    /// fail where the chunk before still is in the buffer.
    #[test]
    fn readers_are_wiped() {
        let scenario = || {
            for padding in PADDINGS {
                let (info, body) = sealed(padding);
                let reader = |body: &[u8], room| {
                    let input = Breaks(Cursor::new(body.to_vec()), room);
                    FileReader::new(input, &key(), &photo(), &info).unwrap()
                };
                assert_eq!(read_all(reader(&body, usize::MAX)).unwrap(), LEN);

                let mut dropped = reader(&body, usize::MAX);
                dropped.read_exact(&mut [0; 100]).unwrap();
                drop(dropped);

                let error = read_all(reader(&damaged(&body, 1), usize::MAX)).unwrap_err();
                assert_eq!(of(&error), Some(CORRUPT));
                let error = read_all(reader(&body[..body.len() - 1], usize::MAX)).unwrap_err();
                assert_eq!(of(&error), Some(FileError::Truncated));
                let longer = [&body[..], &[0]].concat();
                assert!(read_all(reader(&longer, usize::MAX)).is_err());

                let error = read_all(reader(&body, HEADER + SEALED + 100)).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            }
        };
        assert_eq!(residues(scenario), [""; 0]);
    }

    /// The same, from the end to the beginning.
    #[test]
    fn range_readers_are_wiped() {
        let scenario = || {
            let (info, body) = sealed(Padding::Padme);
            let ranges = |body: &[u8]| {
                let input = Cursor::new(body.to_vec());
                FileRangeReader::new(input, &key(), &photo(), &info).unwrap()
            };
            // Opened only: the last chunk has been read.
            drop(ranges(&body));
            let mut reader = ranges(&body);
            for at in [LEN as u64 - 50, CHUNK as u64 - 50, 0] {
                reader.seek(SeekFrom::Start(at)).unwrap();
                reader.read_exact(&mut [0; 50]).unwrap();
            }
            drop(reader);
            let mut reader = ranges(&damaged(&body, 1));
            reader.read_exact(&mut [0; 50]).unwrap();
            reader.seek(SeekFrom::Start(CHUNK as u64)).unwrap();
            assert_eq!(of(&reader.read(&mut [0; 50]).unwrap_err()), Some(CORRUPT));
            let input = Cursor::new(damaged(&body, 2));
            assert!(FileRangeReader::new(input, &key(), &photo(), &info).is_err());
        };
        assert_eq!(residues(scenario), [""; 0]);
    }

    /// The attached form: finished and read, dropped in a chunk, refused by its header and in its body.
    #[test]
    fn containers_are_wiped() {
        let scenario = || {
            let writer = || {
                let rng = &mut TestRng::new(42);
                let mut recipients = FileRecipients::new(key(), &photo(), 640);
                recipients.add(WrapWith::Local(&local(1)), rng).unwrap();
                let out = Cursor::new(Vec::new());
                let mut writer =
                    ContainerWriter::new(out, recipients, Padding::Padme, rng).unwrap();
                writer.write_all(text()).unwrap();
                writer
            };
            drop(writer());
            let (out, header) = writer().finish().unwrap();
            learn_header(&key(), header.info());
            drop(header);
            let file = out.into_inner();
            let open = |file: &[u8], byte| {
                let input = Cursor::new(file.to_vec());
                FileReader::open(input, &photo(), UnwrapWith::Local(&local(byte)))
            };
            assert_eq!(read_all(open(&file, 1).unwrap().0).unwrap(), LEN);
            assert!(open(&file, 2).is_err());
            let mut bad = file.clone();
            bad[640 + HEADER + SEALED] ^= 1;
            let error = read_all(open(&bad, 1).unwrap().0).unwrap_err();
            assert_eq!(of(&error), Some(CORRUPT));
            let mut bad = file;
            bad[9] ^= 1;
            assert!(open(&bad, 1).is_err());
        };
        assert_eq!(residues(scenario), [""; 0]);
    }

    fn backup() -> DataContext {
        DataContext::new(Purpose::Archive).user(b"jane").unwrap()
    }

    /// The beginning of an archive, whose key is known with what is derived from it.
    fn begun(out: Breaks<Vec<u8>>, rng: &mut TestRng) -> ArchiveWriter<Breaks<Vec<u8>>> {
        let mut archive = NewArchive::first(&backup(), NOW, LEN as u64, rng).unwrap();
        archive.add(WrapWith::Local(&local(1)), rng).unwrap();
        if residue::is_learning() {
            let key = archive.key().expose();
            learn("archive's key", key);
            let body: [u8; 32] = second::expand(key, "archive/body", backup().as_bytes());
            learn("archive's body key", &body);
        }
        archive.write_to(out, rng).unwrap()
    }

    fn archive_opener(mut archive: &[u8]) -> (ArchiveOpener, &[u8]) {
        let header = ArchiveHeader::read_from(&mut archive).unwrap();
        let opened =
            header.open(&backup(), UnwrapWith::Local(&local(1)), ExpectedArchive::Any).unwrap();
        (opened.accept(), archive)
    }

    /// An archive that is finished and read, one that is dropped in a chunk, one that is to be longer, and an output that fails; one with a
    /// damaged chunk, and one that ends too early.
    #[test]
    fn archives_are_wiped() {
        let scenario = || {
            let rng = &mut TestRng::new(43);
            let mut begin = |room| begun(Breaks(Vec::new(), room), rng);
            let mut whole = begin(usize::MAX);
            whole.write_all(text()).unwrap();
            let (Breaks(out, _), _) = whole.finish().unwrap();
            let (opener, body) = archive_opener(&out);
            assert_eq!(read_all(opener.reader(body).unwrap()).unwrap(), LEN);

            let mut dropped = begin(usize::MAX);
            dropped.write_all(&text()[..CHUNK + 9_000]).unwrap();
            drop(dropped);
            let mut longer = begin(usize::MAX);
            longer.write_all(text()).unwrap();
            assert!(longer.write_all(text()).is_err());
            let mut broken = begin(out.len() - body.len() + HEADER + SEALED + 100);
            assert!(broken.write_all(text()).is_err() && broken.finish().is_err());

            let read = |body: &[u8]| {
                let reader = archive_opener(&out).0.reader(Cursor::new(body.to_vec())).unwrap();
                of(&read_all(reader).unwrap_err())
            };
            assert_eq!(read(&damaged(body, 1)), Some(CORRUPT));
            assert_eq!(read(&body[..body.len() - 1]), Some(FileError::Truncated));
        };
        assert_eq!(residues(scenario), [""; 0]);
    }

    /// Beside that: what a reader has given out, and nobody has wiped.
    #[test]
    fn what_was_given_out_is_found() {
        let scenario = || {
            let (info, body) = sealed(Padding::None);
            let mut reader = FileReader::new(&body[..], &key(), &photo(), &info).unwrap();
            let mut out = vec![0; 3_000];
            reader.read_exact(&mut out).unwrap();
        };
        assert_eq!(residues(scenario), ["plaintext in a block of 3000 bytes"]);
    }
}
