//! A generator that gives what a vector lists, draw by draw.

use std::collections::VecDeque;
use std::vec::Vec;

use rand_core::{TryCryptoRng, TryRng};
use serde_json::Value;

use super::given::data;
use crate::RandomnessFailed;

/// Each draw gives the next listed bytes, and must want exactly as many. With nothing listed it fails, as a generator does
/// that is out of order.
pub(super) struct Replay {
    left: VecDeque<Vec<u8>>,
    drawn: Vec<Vec<u8>>,
    fails: bool,
}

impl Replay {
    pub(super) fn new(listed: &[Value]) -> Self {
        Self::of(listed.iter().map(|value| data(value, None)))
    }

    pub(super) fn of(listed: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let left: VecDeque<_> = listed.into_iter().collect();
        Self { fails: left.is_empty(), left, drawn: Vec::new() }
    }

    /// What goes out of order once the listed bytes are drawn.
    pub(super) fn then_failing(self) -> Self {
        Self { fails: true, ..self }
    }

    /// What was drawn so far, draw by draw.
    pub(super) fn drawn(&self) -> &[Vec<u8>] {
        &self.drawn
    }

    /// Everything that is listed was drawn.
    pub(super) fn finish(self) {
        assert!(self.left.is_empty(), "left over: {:?}", self.left);
    }
}

impl TryRng for Replay {
    type Error = RandomnessFailed;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unimplemented!("the crate draws bytes")
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unimplemented!("the crate draws bytes")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        if self.fails && self.left.is_empty() {
            return Err(RandomnessFailed);
        }
        let next = self.left.pop_front().expect("more is drawn than is listed");
        assert_eq!(next.len(), bytes.len(), "another length is drawn than is listed");
        bytes.copy_from_slice(&next);
        self.drawn.push(next);
        Ok(())
    }
}

impl TryCryptoRng for Replay {}
