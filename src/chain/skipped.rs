//! Message keys kept for messages that have not arrived.
//!
//! A *position* is (receiving chain, number). Keys are kept in the order of their positions, which is also the order in
//! which they were passed over, so the oldest are in front: forgetting is always "everything before a position".
//! SPEC.
//!
//! Knows nothing of how a key is derived or what it opens.

use alloc::collections::VecDeque;

use super::Passed;
use crate::keys::time::UnixTime;
use crate::limits::MAX_MARKS;
use crate::secret::Secret;

/// Which message: the index of its receiving chain, and its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    pub(crate) chain: u32,
    pub(crate) number: u32,
}

impl Position {
    pub(crate) const START: Self = Self { chain: 0, number: 0 };
}

/// Everything kept below `position` was kept at `time` or before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) time: UnixTime,
    pub(crate) position: Position,
}

/// Why a key is not there. SPEC: R-44.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It was used.
    Used,
    /// It was dropped, by a limit or by age; or it was used before that.
    Forgotten,
}

/// The kept keys of one session.
pub(crate) struct Skipped {
    /// Ascending by position.
    pub(crate) keys: VecDeque<(Position, Secret<32>)>,
    /// No key before this position is kept any more.
    pub(crate) forgotten: Position,
    /// Ascending by time and position.
    pub(crate) marks: VecDeque<Mark>,
}

impl Skipped {
    pub(crate) const fn new() -> Self {
        Self { keys: VecDeque::new(), forgotten: Position::START, marks: VecDeque::new() }
    }

    pub(crate) fn find(&self, position: Position) -> Result<&Secret<32>, Missing> {
        let found = self.keys.binary_search_by_key(&position, |(at, _)| *at).ok();
        match found.and_then(|index| self.keys.get(index)) {
            Some((_, key)) => Ok(key),
            None if position < self.forgotten => Err(Missing::Forgotten),
            None => Err(Missing::Used),
        }
    }

    /// Removes a key that has opened its message.
    pub(crate) fn remove(&mut self, position: Position) {
        if let Ok(index) = self.keys.binary_search_by_key(&position, |(at, _)| *at) {
            self.keys.remove(index);
        }
    }

    /// Keeps what was passed over in `chain`, and forgets the oldest beyond `max`. SPEC.
    pub(crate) fn keep(&mut self, chain: u32, passed: Passed, max: u32) {
        let Passed { from, until, keys } = passed;
        let first = keys.first().map_or(until, |(number, _)| *number);
        if from < first {
            self.forget_before(Position { chain, number: first });
        }
        self.keys.extend(keys.into_iter().map(|(number, key)| (Position { chain, number }, key)));
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        while self.keys.len() > max {
            let Some((position, _)) = self.keys.pop_front() else { break };
            let number = position.number.saturating_add(1);
            self.forgotten = self.forgotten.max(Position { number, ..position });
        }
    }

    /// Drops every key before `position`.
    pub(crate) fn forget_before(&mut self, position: Position) {
        self.forgotten = self.forgotten.max(position);
        while self.keys.front().is_some_and(|(at, _)| *at < position) {
            self.keys.pop_front();
        }
    }

    /// Drops the keys that an earlier call saw at least `max_age` seconds ago. `next` is where the current chain stands.
    /// Says whether anything changed.
    pub(crate) fn expire(&mut self, now: UnixTime, max_age: u64, next: Position) -> bool {
        let turned_back = self.turn_back(now);
        let marked = self.mark(now, max_age, next);
        let mut expired = false;
        while let Some(mark) = self.marks.front().copied() {
            if mark.time.plus(max_age) > now {
                break;
            }
            self.marks.pop_front();
            self.forget_before(mark.position);
            expired = true;
        }
        turned_back || marked || expired
    }

    /// A clock that once ran ahead must not make keys live until it is right.
    fn turn_back(&mut self, now: UnixTime) -> bool {
        let mut later = self.marks.iter_mut().filter(|mark| mark.time > now).peekable();
        let any = later.peek().is_some();
        later.for_each(|mark| mark.time = now);
        any
    }

    /// Remembers that what is kept now was kept by `now`, at most once in an eighth of `max_age`, so that nine marks do.
    /// With no mark left (`max_age` varies), the newest takes it in and becomes later: keys may live longer then, never
    /// shorter.
    fn mark(&mut self, now: UnixTime, max_age: u64, next: Position) -> bool {
        let last = self.marks.back();
        let seen = last.map_or(Position::START, |mark| mark.position);
        let too_soon = last.is_some_and(|mark| mark.time.plus(max_age / 8) > now);
        if self.keys.is_empty() || seen >= next || too_soon {
            return false;
        }
        if self.marks.len() >= MAX_MARKS {
            self.marks.pop_back();
        }
        self.marks.push_back(Mark { time: now, position: next });
        true
    }
}
