//! The symmetric-key ratchet: chain keys and what they step through.
//!
//! ```text
//! KDF_CK(CK): MK = HMAC(CK, 0x01)      CK' = HMAC(CK, 0x02)
//! ```
//!
//! (*The Double Ratchet Algorithm*, "Recommended cryptographic algorithms".) A chain key has a direction in its type: what
//! sends cannot be handed to what receives. SPEC: R-35.
//!
//! Knows nothing of Diffie-Hellman, headers or sessions.

pub(crate) mod received;
pub(crate) mod skipped;
pub(crate) mod step;
mod stored;

use alloc::vec::Vec;
use core::marker::PhantomData;

use crate::primitives::mac::Keyed;
use crate::secret::{Secret, Transient};

/// The direction of a chain that encrypts.
pub(crate) enum Sending {}
/// The direction of a chain that decrypts.
pub(crate) enum Receiving {}

/// `CK` and the number of the next message.
pub(crate) struct ChainKey<Direction> {
    key: Secret<32>,
    number: u32,
    direction: PhantomData<Direction>,
}

impl<Direction> ChainKey<Direction> {
    pub(crate) fn new(key: Transient<32>) -> Self {
        Self::from_parts(key.store(), 0)
    }

    /// Puts together what was stored together.
    pub(crate) const fn from_parts(key: Secret<32>, number: u32) -> Self {
        Self { key, number, direction: PhantomData }
    }

    /// The number of the next message.
    pub(crate) const fn number(&self) -> u32 {
        self.number
    }

    /// For snapshots.
    pub(crate) const fn key(&self) -> &Secret<32> {
        &self.key
    }

    /// A copy that steps ahead and changes nothing.
    fn cursor(&self) -> Cursor {
        Cursor { key: Transient::init_with(|key| *key = *self.key.expose()), number: self.number }
    }

    fn move_to(&mut self, cursor: &Cursor) {
        self.key.replace(cursor.key.expose());
        self.number = cursor.number;
    }
}

impl ChainKey<Sending> {
    /// Has the last number been used? SPEC: R-38.
    pub(crate) const fn is_exhausted(&self) -> bool {
        self.number == u32::MAX
    }

    /// Takes one step: the message key of the current number. The chain key is overwritten where it is.
    pub(crate) fn step(&mut self) -> Transient<32> {
        let mut cursor = self.cursor();
        let key = cursor.step();
        self.move_to(&cursor);
        key
    }
}

impl ChainKey<Receiving> {
    /// The message keys from here up to `until`, which is left out; of those only the last `keep`.
    pub(crate) fn pass_over(&self, until: u32, keep: u32) -> Passed {
        self.cursor().pass_over(until, keep)
    }

    /// The message key of `number`, and how to get the chain there.
    pub(crate) fn reach(&self, number: u32, keep: u32) -> (Transient<32>, Reached) {
        let mut cursor = self.cursor();
        let passed = cursor.pass_over(number, keep);
        let key = cursor.step();
        (key, Reached { passed, cursor })
    }

    /// Moves the chain behind the message that has been opened, and gives out the message keys that were passed over.
    pub(crate) fn commit(&mut self, reached: Reached) -> Passed {
        self.move_to(&reached.cursor);
        reached.passed
    }
}

/// The message keys from number `from` up to `until`, which is left out.
pub(crate) struct Passed {
    from: u32,
    until: u32,
    /// Ascending by number. The first may be lacking, when there were more than would be kept.
    keys: Vec<(u32, Secret<32>)>,
}

/// Where a receiving chain will stand if the message opens.
pub(crate) struct Reached {
    passed: Passed,
    cursor: Cursor,
}

/// A chain key that walks ahead of the state, and is wiped if it comes to nothing.
struct Cursor {
    key: Transient<32>,
    number: u32,
}

impl Cursor {
    /// `KDF_CK`.
    fn step(&mut self) -> Transient<32> {
        let keyed = Keyed::new(self.key.expose());
        let message_key = keyed.of(0x01);
        self.go(keyed.last(0x02));
        message_key
    }

    fn go(&mut self, next: Transient<32>) {
        self.key = next;
        self.number = self.number.saturating_add(1);
    }

    /// Steps to `until`. A message key that would not be kept is not even derived. The caller has bounded the distance.
    fn pass_over(&mut self, until: u32, keep: u32) -> Passed {
        let from = self.number;
        let distance = until.saturating_sub(from);
        let mut keys = Vec::with_capacity(usize::try_from(distance.min(keep)).unwrap_or(0));
        while self.number < until {
            if until.saturating_sub(self.number) > keep {
                self.go(Keyed::new(self.key.expose()).last(0x02));
            } else {
                let number = self.number;
                keys.push((number, self.step().store()));
            }
        }
        Passed { from, until, keys }
    }
}
