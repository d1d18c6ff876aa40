//! The Double Ratchet (*The Double Ratchet Algorithm*, revision 4): root chain, sending and receiving chains.
//!
//! ```text
//!             send: new ratchet key, root turns
//!          ┌───────────────────────────────────────┐
//!          │                                       ▼
//!        Idle                                   Active ⟲ send: chain steps
//!          ▲                                       │
//!          └───────────────────────────────────────┘
//!             a message under a new remote key opens: root turns, our ratchet key is erased
//! ```
//!
//! Lazy (revision 4, "Deferring new ratchet key generation"): a ratchet key is made when a message is sent, not when one is
//! received. So receiving needs no randomness, and an idle state holds no ratchet secret. SPEC: R-40. A chain key is there
//! or it is not; nothing stands in for it.
//!
//! SPEC: R-21: no message is encrypted under the handshake's key itself, and the responder's first reply turns the root with
//! a fresh key. SPEC: R-51: a leaked state opens nothing that was read, and heals with a round trip.
//!
//! Knows nothing of handshakes, identities or sessions.

pub(crate) mod decrypt;
pub(crate) mod encrypt;
pub(crate) mod root;
pub(crate) mod snapshot;

use alloc::collections::VecDeque;

use self::root::RootKey;
use crate::chain::skipped::{Position, Skipped};
use crate::chain::{self, ChainKey};
use crate::keys::time::UnixTime;
use crate::limits::Limits;
use crate::primitives::agreement::{PublicKey, SecretKey};
use crate::secret::Secret;

/// The whole state of one conversation's ratchet.
pub(crate) struct State {
    /// `RK`.
    root: RootKey,
    /// `DHr`: the peer's current ratchet key; in a new initiator, its signed pre-key.
    remote: PublicKey,
    sending: Sending,
    receiving: Option<Receiving>,
    /// The receiving chains before the current one, oldest first.
    retired: VecDeque<Retired>,
    skipped: Skipped,
    limits: Limits,
}

/// Whether we have a ratchet key that the peer has not answered.
enum Sending {
    /// No: the next message sent makes one. `last_len` messages were sent in the chain before.
    Idle { last_len: u32 },
    /// Yes.
    Active(ActiveChain),
}

/// `DHs`, `PN` and `CKs`.
struct ActiveChain {
    ratchet: SecretKey,
    previous: u32,
    chain: ChainKey<chain::Sending>,
}

/// `CKr`, and which of the receiving chains it is.
struct Receiving {
    index: u32,
    chain: ChainKey<chain::Receiving>,
}

impl Receiving {
    /// Where the chain stands.
    const fn next(&self) -> Position {
        Position { chain: self.index, number: self.chain.number() }
    }
}

/// A receiving chain that has ended: only its kept keys remain, in `skipped`.
#[derive(Clone, Copy)]
struct Retired {
    ratchet_key: PublicKey,
    index: u32,
    /// The `PN` that ended it.
    len: u32,
}

impl State {
    /// The initiator's state after the handshake: nothing sent, nothing received.
    pub(crate) const fn initiate(
        root: Secret<32>,
        signed_prekey: PublicKey,
        limits: Limits,
    ) -> Self {
        Self {
            root: RootKey::new(root),
            remote: signed_prekey,
            sending: Sending::Idle { last_len: 0 },
            receiving: None,
            retired: VecDeque::new(),
            skipped: Skipped::new(),
            limits,
        }
    }

    /// Drops the keys kept for late messages that an earlier call saw at least `max_age` seconds ago.
    pub(crate) fn expire_skipped(&mut self, now: UnixTime, max_age: u64) -> bool {
        match &self.receiving {
            Some(receiving) => self.skipped.expire(now, max_age, receiving.next()),
            None => false,
        }
    }

    /// Has anything been received?
    pub(crate) const fn has_received(&self) -> bool {
        self.receiving.is_some()
    }

    /// The last position that has been received in the current receiving chain.
    pub(crate) fn furthest_received(&self) -> Option<Position> {
        let Position { chain, number } = self.receiving.as_ref()?.next();
        Some(Position { chain, number: number.checked_sub(1)? })
    }

    /// Has a message under this ratchet key opened here?
    pub(crate) fn knows(&self, key: &PublicKey) -> bool {
        let current = self.has_received() && self.remote == *key;
        current || self.retired.iter().any(|chain| chain.ratchet_key == *key)
    }

    /// Message keys kept for late messages.
    pub(crate) fn skipped_len(&self) -> usize {
        self.skipped.keys.len()
    }
}
