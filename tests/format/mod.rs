//! One encoding of everything that a decoder reads, and what every decoder must make of changes to it. Needs `mod common;` and
//! `mod forge;` beside it.
#![allow(dead_code, reason = "each test crate uses its own part")]

pub mod checks;

use confidant::{DecodeError, RestoreError};

use crate::forge::snapshot;

/// One encoding of everything that a decoder reads.
pub struct Format {
    pub name: &'static str,
    /// Of a snapshot, the whole of it.
    pub valid: Vec<u8>,
    pub frame: Frame,
    /// Reads, and writes again what was read.
    pub read: fn(&[u8]) -> Result<Vec<u8>, DecodeError>,
    /// Where X25519 public keys are, Ed25519 ones, and encapsulation keys. In a snapshot counted from its body.
    pub x25519: Vec<usize>,
    pub ed25519: Vec<usize>,
    pub kem: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Frame {
    /// Version and type come first.
    Wire,
    /// The same, and what comes last has no length of its own: more of it is not noticed before it is opened.
    Open,
    /// A snapshot's.
    Snapshot,
    /// None.
    Bare,
}

impl Format {
    /// What the decoder says to the encoding with a change, in a snapshot with a change of its body.
    pub fn with(&self, change: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>, DecodeError> {
        (self.read)(&self.changed(change))
    }

    pub fn changed(&self, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        if self.frame == Frame::Snapshot {
            return snapshot::with_body(&self.valid, change);
        }
        let mut bytes = self.valid.clone();
        change(&mut bytes);
        bytes
    }

    /// The same, with `part` at an offset.
    pub fn with_part(&self, at: usize, part: &[u8]) -> Result<Vec<u8>, DecodeError> {
        self.with(|bytes| bytes[at..at + part.len()].copy_from_slice(part))
    }

    pub fn len(&self) -> usize {
        match self.frame {
            Frame::Snapshot => snapshot::body(&self.valid).len(),
            _ => self.valid.len(),
        }
    }
}

pub fn malformed(error: RestoreError) -> DecodeError {
    match error {
        RestoreError::Malformed(error) => error,
        other => panic!("{other:?}"),
    }
}

/// A change: where, what, and how.
pub type Change = (usize, u8, u8);

pub fn change(bytes: &mut Vec<u8>, (at, value, how): Change) {
    if bytes.is_empty() {
        return;
    }
    let at = at % bytes.len();
    match how % 6 {
        0 => bytes[at] = value,
        1 => bytes[at] ^= 1 << (value % 8),
        2 => bytes.insert(at, value),
        3 => drop(bytes.remove(at)),
        4 => bytes.truncate(at),
        _ => bytes.extend_from_within(at..),
    }
}
