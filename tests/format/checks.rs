//! What holds for every format.

use confidant::DecodeError;
use proptest::sample::Index;

use super::{Change, Format, Frame, change};
use crate::forge::{small_order_u, snapshot, unhex};

/// What the tests below change is read as it is, and written as it was.
pub fn reads_the_unchanged(formats: &[Format]) {
    for format in formats {
        assert_eq!((format.read)(&format.valid).as_ref(), Ok(&format.valid), "{}", format.name);
        let keys = format.x25519.iter().chain(&format.ed25519).map(|at| (at, 32));
        let bytes = match format.frame {
            Frame::Snapshot => snapshot::body(&format.valid),
            _ => &format.valid,
        };
        for (at, len) in keys.chain(format.kem.iter().map(|at| (at, 1_568))) {
            assert!(bytes[*at..at + len].iter().any(|byte| *byte > 1), "{} {at}", format.name);
        }
    }
}

/// Everything that ends too early is truncated, wherever it ends.
pub fn finds_a_byte_too_few(formats: &[Format]) {
    for format in formats {
        // What is long is long because of KEM keys, which have no inner boundaries.
        let step = if format.len() > 2_500 { 7 } else { 1 };
        for len in (0..format.len()).step_by(step).chain([format.len() - 1]) {
            let refused = format.with(|bytes| bytes.truncate(len));
            assert_eq!(refused, Err(DecodeError::Truncated), "{} {len}", format.name);
        }
    }
}

/// Bytes that are left over are an error.
pub fn finds_a_byte_too_many(formats: &[Format]) {
    for format in formats {
        if matches!(format.frame, Frame::Wire | Frame::Snapshot) {
            for more in [&[0][..], &[1, 2, 3], &[0; 200]] {
                let refused = format.with(|bytes| bytes.extend(more));
                assert_eq!(refused, Err(DecodeError::TrailingBytes), "{}", format.name);
            }
        }
    }
}

/// An unknown version is an error before anything else is read.
pub fn finds_an_unknown_version(formats: &[Format]) {
    for format in formats {
        if matches!(format.frame, Frame::Wire | Frame::Open) {
            for version in [0, 2, 0x80, 0xff] {
                let refused = format.with_part(0, &[version]);
                assert_eq!(refused, Err(DecodeError::UnsupportedVersion), "{}", format.name);
                let refused = (format.read)(&[version, 0xff]);
                assert_eq!(refused, Err(DecodeError::UnsupportedVersion), "{}", format.name);
            }
        }
    }
}

/// Another type than the decoder's is an error before anything else is read.
pub fn finds_another_type(formats: &[Format]) {
    for format in formats {
        if matches!(format.frame, Frame::Wire | Frame::Open) {
            // A session reads all three types of messages.
            let own = [format.valid[1]];
            let read = if format.name == "message" { &[1, 2, 5] } else { &own[..] };
            for kind in (0..=0xff).filter(|kind| !read.contains(kind)) {
                let refused = (format.read)(&[1, kind]);
                assert_eq!(refused, Err(DecodeError::WrongKind), "{} {kind}", format.name);
                let refused = format.with_part(1, &[kind]);
                assert_eq!(refused, Err(DecodeError::WrongKind), "{} {kind}", format.name);
            }
        }
    }
}

/// No decoder takes a *u*-coordinate of small order.
pub fn finds_x25519_keys_of_small_order(formats: &[Format]) {
    for_each_x25519_key(formats, |format, at| {
        for bad in small_order_u() {
            assert_eq!(format.with_part(at, &bad), Err(DecodeError::InvalidKey), "{}", format.name);
        }
    });
}

/// Nor one of the other encodings of a coordinate: 2^255 − 19 and above, or with the highest bit set.
pub fn finds_x25519_keys_that_are_not_reduced(formats: &[Format]) {
    for_each_x25519_key(formats, |format, at| {
        let mut above = [0xff; 32];
        above[31] = 0x7f;
        for low in 0xed..=0xff {
            above[0] = low;
            let refused = format.with_part(at, &above);
            assert_eq!(refused, Err(DecodeError::InvalidKey), "{} {at}", format.name);
        }
        let refused = format.with(|bytes| bytes[at + 31] |= 0x80);
        assert_eq!(refused, Err(DecodeError::InvalidKey), "{} {at}", format.name);
        let refused = format.with_part(at, &small_order_u()[1].map(|byte| byte | 0x80));
        assert_eq!(refused, Err(DecodeError::InvalidKey), "{} {at}", format.name);
    });
}

fn for_each_x25519_key(formats: &[Format], check: impl Fn(&Format, usize)) {
    for format in formats {
        for at in &format.x25519 {
            check(format, *at);
        }
    }
}

/// The eight points of small order, by *y*, with either sign of *x*; not all of them are encodings.
const SMALL_ORDER_Y: [&str; 5] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
];

/// No decoder takes an Ed25519 key of small order, a *y* that is not reduced, or what is no point.
pub fn finds_bad_ed25519_keys(formats: &[Format]) {
    let mut bad: Vec<[u8; 32]> = SMALL_ORDER_Y.map(|y| unhex(y).try_into().unwrap()).to_vec();
    bad.extend((0xed..=0xff).map(|low| {
        let mut y = [0xff; 32];
        (y[0], y[31]) = (low, 0x7f);
        y
    }));
    // No point has y = 2.
    let mut no_point = [0; 32];
    no_point[0] = 2;
    bad.push(no_point);
    for format in formats {
        for at in &format.ed25519 {
            for key in &bad {
                for sign in [0, 0x80] {
                    let mut key = *key;
                    key[31] |= sign;
                    let refused = format.with_part(*at, &key);
                    assert_eq!(refused, Err(DecodeError::InvalidKey), "{} {key:?}", format.name);
                }
            }
        }
    }
}

/// A snapshot's frame: what is no snapshot, one of another kind or of another version, and one that was damaged.
pub fn tells_a_bad_frame(formats: &[Format]) {
    for format in formats.iter().filter(|format| format.frame == Frame::Snapshot) {
        let with = |at: usize, value: u8| {
            let mut bytes = format.valid.clone();
            bytes[at] = value;
            snapshot::reseal(&mut bytes);
            (format.read)(&bytes)
        };
        for at in 0..4 {
            assert_eq!(with(at, b'X'), Err(DecodeError::WrongKind));
        }
        for kind in (0..=0xff).filter(|kind| *kind != format.valid[4]) {
            assert_eq!(with(4, kind), Err(DecodeError::WrongKind));
        }
        for version in [0, 2, 0xff] {
            assert_eq!(with(5, version), Err(DecodeError::UnsupportedVersion));
        }
        let cut = |len: usize| (format.read)(&format.valid[..len]);
        for len in 0..14 {
            let short = matches!(len, 0..8);
            let expected = if short { DecodeError::Truncated } else { DecodeError::Corrupted };
            assert_eq!(cut(len), Err(expected), "{len}");
        }
        assert_eq!(cut(format.valid.len() - 1), Err(DecodeError::Corrupted));
        let longer = [&format.valid[..], &[0]].concat();
        assert_eq!((format.read)(&longer), Err(DecodeError::Corrupted));
    }
}

/// The count of `width` bytes at `at` may be `most` and no more; so many entries are not there.
pub fn counts(format: &Format, at: usize, width: usize, most: usize) {
    let with = |count: u32| format.with_part(at, &count.to_be_bytes()[4 - width..]);
    let most = u32::try_from(most).unwrap();
    let all_ones = u32::MAX >> (32 - 8 * width);
    assert_eq!(with(most), Err(DecodeError::Truncated), "{} {at}", format.name);
    assert_eq!(with(most + 1), Err(DecodeError::TooMany), "{} {at}", format.name);
    assert_eq!(with(all_ones), Err(DecodeError::TooMany), "{} {at}", format.name);
}

/// Refuses what was changed, or writes it again as it was.
pub fn refuses_changes_or_reads_them(format: &Format, changes: Vec<Change>) {
    let bytes = format.changed(|bytes| changes.into_iter().for_each(|it| change(bytes, it)));
    if let Ok(again) = (format.read)(&bytes) {
        assert_eq!(again, bytes, "{}", format.name);
    }
}

/// Bytes that mean nothing, alone and behind a good beginning.
pub fn refuses_noise(formats: &[Format], good: Index, noise: &[u8]) {
    for format in formats {
        if let Ok(again) = (format.read)(noise) {
            assert_eq!(again, noise, "{}", format.name);
        }
        let beginning = good.index(format.len());
        let bytes = format.changed(|bytes| {
            bytes.truncate(beginning);
            bytes.extend(noise);
        });
        if let Ok(again) = (format.read)(&bytes) {
            assert_eq!(again, bytes, "{}", format.name);
        }
    }
}
