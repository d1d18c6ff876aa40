//! Pointers to attachments: what travels in a message instead of a file.

mod common;
#[path = "vault/files.rs"]
mod files;
mod vault;

use common::TestRng;
use confidant::limits::{MAX_DERIVATIVES, MAX_FILE};
use confidant::{
    AttachmentError, AttachmentPart, AttachmentPointer, DecodeError, Derivative, DerivativeKind,
    FileDigest, FileError, FileKey, Padding,
};
use files::{key, photo};
use sha2::{Digest, Sha256};
use vault::flips;

fn thumbnail(index: u32) -> Derivative {
    Derivative { kind: DerivativeKind::Thumbnail, index }
}

/// A file, encrypted, and what names it.
fn stored(key: &FileKey, data: &[u8], padding: Padding, media: &str) -> (AttachmentPart, Vec<u8>) {
    let (info, body) = key.seal(&photo(), data, padding, &mut TestRng::new(3)).unwrap();
    (AttachmentPart::new(info, FileDigest::of(&body), media).unwrap(), body)
}

fn pointer() -> AttachmentPointer {
    let file = stored(&key(), b"a picture", Padding::Padme, "image/png").0;
    let small = stored(&key().derivative(thumbnail(1)), b"small", Padding::None, "image/webp").0;
    let own = Derivative { kind: DerivativeKind::application(5).unwrap(), index: 0 };
    let text = stored(&key().derivative(own), b"", Padding::None, "").0;
    let pointer = AttachmentPointer::new(key(), file);
    // In any order.
    pointer.with_derivative(own, text).unwrap().with_derivative(thumbnail(1), small).unwrap()
}

fn encoded() -> Vec<u8> {
    pointer().encode().as_bytes().to_vec()
}

fn decode(bytes: &[u8]) -> Result<(), DecodeError> {
    AttachmentPointer::decode(bytes).map(|_| ())
}

/// The pointer is all that is needed: the receiver fetches, checks, opens.
#[test]
fn a_pointer_opens_the_file() {
    let (file, body) = stored(&key(), b"a picture", Padding::Padme, "image/png");
    let (small, small_body) =
        stored(&key().derivative(thumbnail(0)), b"small", Padding::None, "image/webp");
    let sent = AttachmentPointer::new(key(), file).with_derivative(thumbnail(0), small).unwrap();

    let pointer = AttachmentPointer::decode(sent.encode().as_bytes()).unwrap();
    let file = pointer.file();
    assert_eq!(file.media_type(), "image/png");
    let info = file.verify(FileDigest::of(&body)).unwrap();
    let opened = pointer.key().open(&photo(), info, body).unwrap();
    assert_eq!(opened.as_bytes(), b"a picture");
    let [(name, small)] = pointer.derivatives() else { panic!("one derivative") };
    let info = small.verify(FileDigest::of(&small_body)).unwrap();
    let opened = pointer.key().derivative(*name).open(&photo(), info, small_body).unwrap();
    assert_eq!(opened.as_bytes(), b"small");
}

/// The bytes are those of `docs/wire.md`.
#[test]
fn the_pointer_is_as_specified() {
    let part = |padding: u8, key: &FileKey, data: &[u8], media: &str| {
        let padme = if padding == 0 { Padding::None } else { Padding::Padme };
        let (part, body) = stored(key, data, padme, media);
        let info = part.info();
        let mut out = [&[padding][..], &info.id().to_bytes()].concat();
        out.extend((data.len() as u64).to_be_bytes());
        out.extend((body.len() as u64).to_be_bytes());
        out.extend(Sha256::digest(&body));
        out.push(media.len() as u8);
        [out, media.as_bytes().to_vec()].concat()
    };
    let own = Derivative { kind: DerivativeKind::application(5).unwrap(), index: 0 };
    let expected = [
        b"EFP1".to_vec(),
        vec![7; 32],
        part(0x80, &key(), b"a picture", "image/png"),
        vec![2, 1, 0, 0, 0, 1],
        part(0, &key().derivative(thumbnail(1)), b"small", "image/webp"),
        vec![0x85, 0, 0, 0, 0],
        part(0, &key().derivative(own), b"", ""),
    ];
    assert_eq!(encoded(), expected.concat());
    let again = AttachmentPointer::decode(&encoded()).unwrap();
    assert_eq!(again.encode().as_bytes(), encoded());
}

/// whoever has the key cannot put other bytes in the place of these: the digest is of the ciphertext.
#[test]
fn the_digest_is_of_the_object() {
    let (part, body) = stored(&key(), b"a picture", Padding::None, "");
    assert_eq!(*part.digest(), <[u8; 32]>::from(Sha256::digest(&body)));
    let other = key().seal(&photo(), b"a forgery", Padding::None, &mut TestRng::new(4)).unwrap().1;
    assert_eq!(part.verify(FileDigest::of(&other)), Err(FileError::WrongDigest));
    assert_eq!(part.verify(FileDigest::of(&body[1..])), Err(FileError::Truncated));
    let longer = [&body[..], &[0]].concat();
    assert_eq!(part.verify(FileDigest::of(&longer)), Err(FileError::WrongDigest));
    for (_, changed) in flips(&body) {
        assert_eq!(part.verify(FileDigest::of(&changed)), Err(FileError::WrongDigest));
    }
    let mut parts = FileDigest::default();
    body.chunks(7).for_each(|bytes| parts.update(bytes));
    assert_eq!(part.verify(parts), Ok(part.info()));
}

#[test]
fn a_pointer_ends_where_it_ends() {
    let bytes = encoded();
    for len in 0..bytes.len() {
        assert_eq!(decode(&bytes[..len]), Err(DecodeError::Truncated), "{len}");
    }
    assert_eq!(decode(&[&bytes[..], &[0]].concat()), Err(DecodeError::TrailingBytes));
}

/// Where the parts of the encoded pointer stand.
const PADDING: usize = 36;
const FILE_LEN: usize = PADDING + 17;
const CIPHERTEXT_LEN: usize = FILE_LEN + 8;
const MEDIA: usize = CIPHERTEXT_LEN + 8 + 32;
const COUNT: usize = MEDIA + 1 + 9;
const FIRST: usize = COUNT + 1;
const SECOND: usize = FIRST + 5 + 66 + 10;

#[test]
fn pointers_that_are_none() {
    let changed = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = encoded();
        change(&mut bytes);
        decode(&bytes)
    };
    assert_eq!(changed(&|_| {}), Ok(()));
    assert_eq!(changed(&|bytes| bytes[0] = b'F'), Err(DecodeError::WrongKind));
    assert_eq!(changed(&|bytes| bytes[3] = b'2'), Err(DecodeError::UnsupportedVersion));
    for padding in [1, 0x81, 0xff] {
        let unknown = changed(&|bytes| bytes[PADDING] = padding);
        assert_eq!(unknown, Err(DecodeError::UnsupportedVersion));
    }
    // It says that the file is not padded: then its length is not that of its ciphertext.
    assert_eq!(changed(&|bytes| bytes[PADDING] = 0), Err(DecodeError::NotCanonical));
    assert_eq!(changed(&|bytes| bytes[FILE_LEN] = 0xff), Err(DecodeError::TooLong));
    let too_long = (MAX_FILE + 1).to_be_bytes();
    let longer = |bytes: &mut Vec<u8>| bytes[FILE_LEN..FILE_LEN + 8].copy_from_slice(&too_long);
    assert_eq!(changed(&longer), Err(DecodeError::TooLong));
    assert_eq!(changed(&|bytes| bytes[CIPHERTEXT_LEN + 7] ^= 1), Err(DecodeError::NotCanonical));
    assert_eq!(changed(&|bytes| bytes[MEDIA + 1] = b'\n'), Err(DecodeError::NotCanonical));
    assert_eq!(changed(&|bytes| bytes[MEDIA + 1] = 0xff), Err(DecodeError::NotCanonical));
    assert_eq!(changed(&|bytes| bytes[COUNT] = 17), Err(DecodeError::TooMany));
    assert_eq!(changed(&|bytes| bytes[COUNT] = 16), Err(DecodeError::Truncated));
    assert_eq!(changed(&|bytes| bytes[COUNT] = 1), Err(DecodeError::TrailingBytes));
    for kind in [0, 4, 0x7f] {
        let unknown = changed(&|bytes| bytes[FIRST] = kind);
        assert_eq!(unknown, Err(DecodeError::UnsupportedVersion));
    }
    // Not ascending, and twice.
    assert_eq!(changed(&|bytes| bytes[FIRST] = 0x86), Err(DecodeError::NotCanonical));
    let twice = changed(&|bytes| {
        let name: [u8; 5] = *bytes[FIRST..].first_chunk().unwrap();
        bytes[SECOND..SECOND + 5].copy_from_slice(&name);
    });
    assert_eq!(twice, Err(DecodeError::NotCanonical));
}

/// whatever is changed in a pointer, it is refused, or it says something else: nothing is overlooked.
#[test]
fn every_bit_of_a_pointer_matters() {
    for (bit, changed) in flips(&encoded()) {
        if let Ok(pointer) = AttachmentPointer::decode(&changed) {
            assert_eq!(pointer.encode().as_bytes(), changed, "bit {bit}");
        }
    }
}

#[test]
fn what_cannot_be_pointed_to() {
    let (info, body) = key().seal(&photo(), b"x", Padding::None, &mut TestRng::new(1)).unwrap();
    let part = |media: &str| AttachmentPart::new(info, FileDigest::of(&body), media);
    assert!(part(&"a".repeat(255)).is_ok());
    for bad in ["a".repeat(256), "ä".to_owned(), "a\n".to_owned(), "\0".to_owned()] {
        assert_eq!(part(&bad), Err(AttachmentError::MediaType));
    }
    let short = AttachmentPart::new(info, FileDigest::of(&body[1..]), "");
    assert_eq!(short, Err(AttachmentError::Length));

    let mut pointer = AttachmentPointer::new(key(), part("").unwrap());
    for index in 0..MAX_DERIVATIVES as u32 {
        pointer = pointer.with_derivative(thumbnail(index), part("").unwrap()).unwrap();
    }
    assert_eq!(decode(pointer.encode().as_bytes()), Ok(()));
    let more = |pointer: AttachmentPointer, index| {
        pointer.with_derivative(thumbnail(index), part("").unwrap()).map(|_| ()).unwrap_err()
    };
    assert_eq!(more(pointer, 99), AttachmentError::TooMany);
    let one = AttachmentPointer::new(key(), part("").unwrap());
    let one = one.with_derivative(thumbnail(0), part("").unwrap()).unwrap();
    assert_eq!(more(one, 0), AttachmentError::Duplicate);
}

#[test]
fn what_is_printed_has_no_key() {
    let printed = format!("{:?}", pointer());
    assert!(printed.contains("Secret<32>(..)") && !printed.contains("7, 7, 7"), "{printed}");
    assert_eq!(format!("{:?}", FileDigest::of(b"123")), "FileDigest(3 bytes)");
}
