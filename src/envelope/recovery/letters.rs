//! How a code is written: Crockford's base32, and a check that finds what is mistyped.
//!
//! ```text
//! long  = version(3 bits) ‖ index(5) ‖ secret(128) ‖ CRC-24    160 bits = 32 letters
//! short =                   index(5) ‖ secret(80)  ‖ CRC-15    100 bits = 20 letters
//! ```
//!
//! A CRC finds every error within as many consecutive bits as it has: one wrong letter changes up to 5, two neighbours that were
//! swapped up to 10. So these are found always, not only with high probability.

use alloc::vec::Vec;

use super::code::RecoveryCodeError;
use crate::envelope::text::{Run, SecretText, letter_of, value_of};
use crate::secret::Transient;

/// What stands in a code before its check: one byte of version and index, and the secret.
pub(super) const PAYLOAD_LEN: usize = 1 + 16;
const MOST_LETTERS: usize = 32;
/// Letters between hyphens.
const GROUP: usize = 4;

/// How codes of one length are put together.
pub(super) struct Layout {
    letters: usize,
    /// Leading bits of the payload that are 0 and not written.
    silent: usize,
    payload: usize,
    check: Check,
}

pub(super) const LONG: Layout = Layout {
    letters: 32,
    silent: 0,
    payload: 17,
    // CRC-24 of RFC 9580, section 6.1.
    check: Check { width: 24, polynomial: 0x86_4c_fb, start: 0xb7_04_ce },
};

#[cfg(feature = "password")]
pub(super) const SHORT: Layout = Layout {
    letters: 20,
    silent: 3,
    payload: 11,
    // The polynomial of CAN (ISO 11898-1). Begins with ones, so that zeros are no code.
    check: Check { width: 15, polynomial: 0x45_99, start: 0x7f_ff },
};

struct Check {
    width: u32,
    polynomial: u32,
    start: u32,
}

impl Check {
    /// The remainder, 0 for bits that end with their own check.
    fn of(&self, bits: impl Iterator<Item = u8>) -> u32 {
        let mask = !(u32::MAX << self.width);
        bits.fold(self.start, |crc, bit| {
            let top = (crc >> self.width.saturating_sub(1)) ^ u32::from(bit);
            ((crc << 1) & mask) ^ (self.polynomial & 0_u32.wrapping_sub(top & 1))
        })
    }
}

/// The code in letters, in groups of four.
pub(super) fn write(payload: &[u8; PAYLOAD_LEN], layout: &Layout) -> SecretText {
    let payload = || bits(payload, 8).take(layout.payload.saturating_mul(8)).skip(layout.silent);
    let check = layout.check.of(payload()).to_be_bytes();
    let unused = 32_u32.saturating_sub(layout.check.width);
    let check = bits(&check, 8).skip(usize::try_from(unused).unwrap_or(0));
    let mut bits = payload().chain(check);
    // One more than there are hyphens.
    let mut text = Vec::with_capacity(layout.letters.saturating_add(layout.letters / GROUP));
    for n in 0..layout.letters {
        if n > 0 && n.is_multiple_of(GROUP) {
            text.push(b'-');
        }
        text.push(letter_of(next(&mut bits, 5), WRITTEN));
    }
    SecretText::new(text)
}

/// The payload of a code, and how it was put together. Case and hyphens say nothing.
pub(super) fn read(
    text: &[u8],
) -> Result<(Transient<PAYLOAD_LEN>, &'static Layout), RecoveryCodeError> {
    let mut values = Transient::<MOST_LETTERS>::init_with(|_| {});
    let mut places = values.expose_mut().iter_mut();
    let mut count: usize = 0;
    for letter in text.iter().filter(|letter| **letter != b'-') {
        let value = value_of(*letter, READ).ok_or(RecoveryCodeError::NotALetter)?;
        *places.next().ok_or(RecoveryCodeError::WrongLength)? = value;
        count = count.saturating_add(1);
    }
    let layout = LAYOUTS.iter().find(|layout| layout.letters == count);
    let layout = layout.ok_or(RecoveryCodeError::WrongLength)?;
    let all = || bits(values.expose(), 5).take(count.saturating_mul(5));
    if layout.check.of(all()) != 0 {
        return Err(RecoveryCodeError::Mistyped);
    }
    let payload = Transient::init_with(|payload: &mut [u8; PAYLOAD_LEN]| {
        let mut bits = core::iter::repeat_n(0, layout.silent).chain(all());
        for byte in payload.iter_mut().take(layout.payload) {
            *byte = next(&mut bits, 8);
        }
    });
    Ok((payload, layout))
}

const LAYOUTS: &[Layout] = &[
    LONG,
    #[cfg(feature = "password")]
    SHORT,
];

impl Layout {
    pub(super) const fn is_long(&self) -> bool {
        self.letters == LONG.letters
    }
}

/// The lowest `width` bits of each byte, highest first.
fn bits(bytes: &[u8], width: usize) -> impl Iterator<Item = u8> {
    bytes.iter().flat_map(move |byte| {
        let all = [7, 6, 5, 4, 3, 2, 1, 0].map(|place: u32| byte.wrapping_shr(place) & 1);
        all.into_iter().skip(8_usize.saturating_sub(width))
    })
}

/// The next `count` bits, as a number.
fn next(bits: &mut impl Iterator<Item = u8>, count: usize) -> u8 {
    bits.take(count).fold(0, |number, bit| (number << 1) | bit)
}

/// Crockford's alphabet: no I, L, O, U.
const WRITTEN: &[Run] = &[
    (b'0', b'9', 0),
    (b'A', b'H', 10),
    (b'J', b'K', 18),
    (b'M', b'N', 20),
    (b'P', b'T', 22),
    (b'V', b'Z', 27),
];

/// What is read: lower case too, O as 0, and I and L as 1. U is no letter.
const READ: &[Run] = &[
    (b'0', b'9', 0),
    (b'A', b'H', 10),
    (b'I', b'I', 1),
    (b'J', b'K', 18),
    (b'L', b'L', 1),
    (b'M', b'N', 20),
    (b'O', b'O', 0),
    (b'P', b'T', 22),
    (b'V', b'Z', 27),
    (b'a', b'h', 10),
    (b'i', b'i', 1),
    (b'j', b'k', 18),
    (b'l', b'l', 1),
    (b'm', b'n', 20),
    (b'o', b'o', 0),
    (b'p', b't', 22),
    (b'v', b'z', 27),
];
