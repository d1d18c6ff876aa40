//! Secrets as text, for codes that people copy: letters without a table or a branch, and text that is wiped.

use alloc::vec::Vec;
use core::{fmt, str};

use crate::secret::wipe;

/// A secret in letters, for a person or a link. Wiped when dropped, printed by nobody.
pub struct SecretText(Vec<u8>);

impl SecretText {
    /// Takes over ASCII letters, in a buffer that has not grown.
    pub(crate) const fn new(ascii: Vec<u8>) -> Self {
        Self(ascii)
    }

    /// The text.
    #[must_use]
    pub fn expose(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Drop for SecretText {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretText({} bytes)", self.0.len())
    }
}

/// Letters of the alphabet that stand for consecutive values: the first, the last, and what the first stands for.
pub(crate) type Run = (u8, u8, u8);

/// What a letter stands for; `None` if it is in no run. Which letter it is decides over no branch and no index but whether there is one.
pub(crate) fn value_of(letter: u8, runs: &[Run]) -> Option<u8> {
    // Values are kept as value + 1, so that 0 is none.
    let found = runs.iter().fold(0_i16, |found, (first, last, value)| {
        let distance = i16::from(letter).wrapping_sub(i16::from(*first));
        let left = i16::from(*last).wrapping_sub(i16::from(letter));
        // All ones if neither is negative.
        let inside = !((distance | left) >> 15);
        found | (inside & distance.wrapping_add(i16::from(*value)).wrapping_add(1))
    });
    u8::try_from(found).ok()?.checked_sub(1)
}

/// The letter that stands for a value, which is in one of the runs.
pub(crate) fn letter_of(value: u8, runs: &[Run]) -> u8 {
    let found = runs.iter().fold(0_i16, |found, (first, last, start)| {
        let distance = i16::from(value).wrapping_sub(i16::from(*start));
        let left = i16::from(*last).wrapping_sub(i16::from(*first)).wrapping_sub(distance);
        let inside = !((distance | left) >> 15);
        found | (inside & distance.wrapping_add(i16::from(*first)))
    });
    let [letter, _] = found.to_le_bytes();
    letter
}
