//! What files take of memory: one chunk, however long they are, and nothing for what somebody claims.
#![cfg(feature = "std")]

mod common;
mod counting;
#[path = "vault/files.rs"]
mod files;
mod vault;

use std::io::{self, Read, Seek, SeekFrom, Write};

use common::TestRng;
use confidant::limits::{MAX_FILE, MAX_FILE_HEADER, MAX_FILE_RECIPIENTS};
use confidant::{
    AttachmentPointer, DecodeError, FileError, FileHeader, FileId, FileInfo, FileOpener,
    FileRangeReader, FileReader, FileRecipients, FileWriter, LocalKek, Padding, UnwrapWith,
    WrapWith,
};
use counting::peak;
use files::{key, photo};
use vault::{local, secret};

/// One chunk, the keys of the cipher, and a little.
const MOST: i64 = 20_000;

/// A file that keeps its first bytes and its last ones, and zeros between them: too long to be there.
struct Sparse {
    head: Vec<u8>,
    tail: Vec<u8>,
    len: u64,
    at: u64,
}

impl Read for Sparse {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let tail = self.len - self.tail.len() as u64;
        let part: &[u8] = match self.at {
            at if at < self.head.len() as u64 => &self.head[at as usize..],
            at if at >= tail => &self.tail[(at - tail).min(self.tail.len() as u64) as usize..],
            _ => &[0],
        };
        let len = part.len().min(out.len());
        out[..len].copy_from_slice(&part[..len]);
        self.at += len as u64;
        Ok(len)
    }
}

impl Seek for Sparse {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(offset) => self.len.checked_add_signed(offset).unwrap(),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset).unwrap(),
        };
        Ok(self.at)
    }
}

/// whatever the size, writing and reading hold one chunk.
#[test]
fn memory_does_not_grow_with_the_file() {
    let part = vec![7; 100_000];
    let mut most = Vec::new();
    for parts in [1, 20] {
        let mut file = Vec::with_capacity(part.len() * parts * 2);
        let (info, writing) = peak(|| {
            let rng = &mut TestRng::new(1);
            let mut writer =
                FileWriter::new(&mut file, &key(), &photo(), Padding::Padme, rng).unwrap();
            (0..parts).for_each(|_| writer.write_all(&part).unwrap());
            writer.finish().unwrap().1
        });
        let (read, reading) = peak(|| {
            let mut reader = FileReader::new(&file[..], &key(), &photo(), &info).unwrap();
            io::copy(&mut reader, &mut io::sink()).unwrap()
        });
        let (ranged, ranging) = peak(|| {
            let input = io::Cursor::new(&file);
            let mut ranges = FileRangeReader::new(input, &key(), &photo(), &info).unwrap();
            io::copy(&mut ranges, &mut io::sink()).unwrap()
        });
        assert_eq!((read, ranged), (info.len(), info.len()));
        // `io::copy` has a buffer of 8 KiB on the stack.
        assert!(writing <= MOST && reading <= MOST && ranging <= MOST);
        most.push((writing, reading, ranging));
    }
    assert_eq!(most[0], most[1]);
}

/// a claimed length is believed after the last chunk has opened, and nothing is reserved for it: here a file of the greatest
/// length, of which only the beginning is there.
#[test]
fn claimed_lengths_allocate_nothing() {
    let (info, body) = key().seal(&photo(), b"small", Padding::None, &mut TestRng::new(1)).unwrap();
    let claim = FileInfo::new(info.id(), MAX_FILE - 5, Padding::None).unwrap();
    let sparse = || Sparse {
        head: body[..56].to_vec(),
        tail: vec![0; 5],
        len: claim.ciphertext_len(),
        at: 0,
    };
    let (error, most) =
        peak(|| FileRangeReader::new(sparse(), &key(), &photo(), &claim).map(|_| ()).unwrap_err());
    let last = MAX_FILE / 16_384 - 1;
    assert_eq!(FileError::of(&error), Some(FileError::Corrupt { chunk: last }));
    assert!(most <= MOST, "{most}");

    let (error, most) = peak(|| {
        let mut reader = FileReader::new(sparse(), &key(), &photo(), &claim).unwrap();
        reader.read_to_end(&mut Vec::new()).unwrap_err()
    });
    assert_eq!(FileError::of(&error), Some(FileError::Corrupt { chunk: 0 }));
    assert!(most <= MOST, "{most}");

    let (opened, most) = peak(|| key().open(&photo(), &claim, body.clone()).map(|_| ()));
    assert_eq!(opened, Err(FileError::Truncated));
    assert!(most <= MOST, "{most}");
    let opener = FileOpener::new(&key(), &photo(), &claim, body.first_chunk().unwrap()).unwrap();
    assert_eq!(opener.chunks(), last + 1);
}

/// a few bytes that claim the longest header and as many recipients as can be: nothing is reserved for them.
#[test]
fn claimed_recipients_allocate_nothing() {
    let mut claim = b"EFC1\x01\x00\xff\xc0".to_vec();
    claim.extend([0; 24]);
    claim.extend([255, 0xff, 0xff]);
    let (decoded, most) = peak(|| FileHeader::decode(&claim).map(|_| ()));
    assert_eq!((decoded, most), (Err(FileError::Truncated), 0));
    let (read, most) = peak(|| {
        let with = local(1);
        let opened = FileReader::open(&claim[..], &photo(), UnwrapWith::Local(&with));
        FileError::of(&opened.map(|_| ()).unwrap_err())
    });
    assert_eq!(read, Some(FileError::Truncated));
    assert!(most < 1_000, "{most}");

    // As long as it says, and nothing in it is a recipient.
    claim.resize(MAX_FILE_HEADER, 0);
    let (decoded, most) = peak(|| FileHeader::decode(&claim).map(|_| ()));
    assert_eq!((decoded, most), (Err(FileError::Truncated), 0));
    claim[33..35].copy_from_slice(&[0, 0]);
    assert_eq!(FileHeader::decode(&claim).err(), Some(FileError::Truncated));
}

/// as many recipients as can be, all of them there: what is kept of them is as long as they are, and a list.
#[test]
fn a_full_header_takes_little_more_than_it_is_long() {
    let rng = &mut TestRng::new(1);
    let mut full = FileRecipients::new(key(), &photo(), MAX_FILE_HEADER);
    for number in 0..MAX_FILE_RECIPIENTS as u8 {
        let kek = LocalKek::new(&[number; 40], secret(1)).unwrap();
        full.add(WrapWith::Local(&kek), rng).unwrap();
    }
    let info = FileInfo::new(FileId::from_bytes([1; 16]), 5, Padding::None).unwrap();
    let header = full.header(&info);
    let (decoded, most) = peak(|| FileHeader::decode(&header).unwrap());
    assert_eq!(decoded.recipients().len(), MAX_FILE_RECIPIENTS);
    assert!(most <= 3 * header.len() as i64, "{most}");
}

/// a pointer that claims derivatives, and a media type, that are not there.
#[test]
fn claimed_derivatives_allocate_nothing() {
    let info = FileInfo::new(FileId::from_bytes([1; 16]), 5, Padding::None).unwrap();
    let mut claim = [&b"EFP1"[..], &[7; 32], &[0], &[1; 16], &5_u64.to_be_bytes()].concat();
    claim.extend(info.ciphertext_len().to_be_bytes());
    claim.extend([9; 32]);
    let (decoded, most) = peak(|| AttachmentPointer::decode(&[&claim[..], &[255]].concat()).err());
    assert_eq!(decoded, Some(DecodeError::Truncated));
    assert!(most < 500, "{most}");
    let (decoded, most) =
        peak(|| AttachmentPointer::decode(&[&claim[..], &[0, 16]].concat()).err());
    assert_eq!(decoded, Some(DecodeError::Truncated));
    assert!(most < 500, "{most}");
}
