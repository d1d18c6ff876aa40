//! SHA-256 (FIPS 180-4), always behind a label.

use sha2::{Digest, Sha256};

use crate::label::Label;

/// `SHA-256(label ‖ parts…)`. The caller makes the parts unambiguous.
pub(crate) fn sha256(label: Label, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Hash::new(label);
    for part in parts {
        hash.add(part);
    }
    hash.finish()
}

/// The same, part by part.
pub(crate) struct Hash(Sha256);

impl Hash {
    pub(crate) fn new(label: Label) -> Self {
        Self(Sha256::new_with_prefix(label.bytes()))
    }

    pub(crate) fn add(&mut self, part: &[u8]) -> &mut Self {
        self.0.update(part);
        self
    }

    /// Adds `lp8(part)`. The part has been bounded below 256 bytes.
    pub(crate) fn add_lp8(&mut self, part: &[u8]) -> &mut Self {
        debug_assert!(part.len() <= usize::from(u8::MAX), "a bounded length");
        self.add(&[u8::try_from(part.len()).unwrap_or(u8::MAX)]).add(part)
    }

    /// Adds `lp16(part)`. The part has been bounded below 65,536 bytes.
    pub(crate) fn add_lp16(&mut self, part: &[u8]) -> &mut Self {
        debug_assert!(part.len() <= usize::from(u16::MAX), "a bounded length");
        let len = u16::try_from(part.len()).unwrap_or(u16::MAX);
        self.add(&len.to_be_bytes()).add(part)
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
