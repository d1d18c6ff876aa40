//! base64url without padding (RFC 4648, section 5), in its one canonical encoding: the unused bits of the last letter are 0.
//!
//! Which letters they are decides over no branch and no index, so that keys can be read with it.

use alloc::vec::Vec;

use super::text::{Run, letter_of, value_of};

const ALPHABET: &[Run] =
    &[(b'A', b'Z', 0), (b'a', b'z', 26), (b'0', b'9', 52), (b'-', b'-', 62), (b'_', b'_', 63)];

/// Not what [`encode`] writes.
#[derive(Debug)]
pub(super) struct NotCanonical;

/// Letters for so many bytes.
pub(super) const fn encoded_len(bytes: usize) -> usize {
    bytes.saturating_mul(8).div_ceil(6)
}

/// Appends the letters to `out`, which should have room for them.
pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte));
        let [_, a, b, c] = match three.len() {
            1 => bits << 16,
            2 => bits << 8,
            _ => bits,
        }
        .to_be_bytes();
        let values = [a >> 2, ((a & 3) << 4) | (b >> 4), ((b & 15) << 2) | (c >> 6), c & 63];
        let letters = encoded_len(three.len());
        out.extend(values.iter().take(letters).map(|value| letter_of(*value, ALPHABET)));
    }
}

/// Fills `out`; the letters are as many as it takes.
pub(super) fn decode(text: &[u8], out: &mut [u8]) -> Result<(), NotCanonical> {
    if text.len() != encoded_len(out.len()) {
        return Err(NotCanonical);
    }
    for (four, three) in text.chunks(4).zip(out.chunks_mut(3)) {
        let mut bits = 0_u32;
        for letter in four {
            bits = (bits << 6) | u32::from(value_of(*letter, ALPHABET).ok_or(NotCanonical)?);
        }
        // Four letters are 24 bits, three 18, two 12; what is behind the last whole byte is 0.
        let [_, a, b, c] = match four.len() {
            2 => bits << 12,
            3 => bits << 6,
            _ => bits,
        }
        .to_be_bytes();
        let unused = match three.len() {
            1 => b | c,
            2 => c,
            _ => 0,
        };
        if unused != 0 {
            return Err(NotCanonical);
        }
        for (to, from) in three.iter_mut().zip([a, b, c]) {
            *to = from;
        }
    }
    Ok(())
}

/// Bytes of so many letters, if any number of bytes has so many.
pub(super) fn decoded_len(letters: usize) -> Option<usize> {
    let bytes = (letters / 4).saturating_mul(3).saturating_add(match letters % 4 {
        0 => 0,
        2 => 1,
        3 => 2,
        _ => return None,
    });
    Some(bytes)
}
