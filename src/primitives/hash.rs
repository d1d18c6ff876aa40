//! SHA-256 (FIPS 180-4), always behind a label but for stored objects, and the iterated SHA-512 of fingerprints.

use sha2::{Digest, Sha256, Sha512};

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

/// SHA-256 of an object that is stored elsewhere. Without a label: whoever stores it can compute it, and has no key.
pub(crate) struct ObjectHash(Sha256);

impl ObjectHash {
    pub(crate) fn new() -> Self {
        Self(Sha256::new())
    }

    pub(crate) fn add(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// `h₀ = SHA-512(first…)`, `hᵢ = SHA-512(hᵢ₋₁ ‖ each)`: the last of `count` hashes. For fingerprints alone: as they were
/// published, without a label.
pub(crate) fn iterated_sha512(first: &[&[u8]], each: &[u8; 33], count: u32) -> [u8; 64] {
    let mut hash = Sha512::new();
    first.iter().for_each(|part| hash.update(part));
    let mut input = [0; 64 + 33];
    for (to, from) in input.iter_mut().skip(64).zip(each) {
        *to = *from;
    }
    let mut out = hash.finalize();
    for _ in 1..count {
        for (to, from) in input.iter_mut().zip(out) {
            *to = from;
        }
        out = Sha512::digest(input);
    }
    out.into()
}
