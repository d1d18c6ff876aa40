//! `RatchetDecrypt` (*The Double Ratchet Algorithm*, "Decrypting messages with out-of-order support"), as plan, open,
//! commit.
//!
//! A forged message costs at most one key agreement, one KDF_RK and the steps of one jump, which is checked from the header
//! before anything is derived, and leaves nothing behind: what the chain that ends still owes is derived only after the
//! message has opened. SPEC.

use alloc::collections::VecDeque;

use super::root::RootKey;
use super::{ActiveChain, Receiving, Retired, Sending, State};
use crate::chain::skipped::{Missing, Position, Skipped};
use crate::chain::step::{Authenticated, Plaintext, Step};
use crate::chain::{self, ChainKey, Reached};
use crate::label::Label;
use crate::limits::{Limits, MAX_RETIRED_CHAINS};
use crate::primitives::aead::Unauthentic;
use crate::primitives::agreement::{PublicKey, SecretKey};
use crate::secret::{Secret, Transient};
use crate::wire::codec::DecodeError;
use crate::wire::message::{Header, Message};

/// What one message will change, if it opens. Lives for one call, and on the stack: a value that is moved out of a box
/// stays behind in freed memory.
#[allow(clippy::large_enum_variant, reason = "boxed, it would leave keys in freed memory")]
pub(crate) enum Change {
    /// Use up a kept key.
    UseKept(Position),
    /// Step the current receiving chain.
    Advance(Reached),
    /// Turn the ratchet.
    Turn(Turn),
}

/// A new remote ratchet key, and the chain that begins with it.
pub(crate) struct Turn {
    root: RootKey,
    remote: PublicKey,
    /// PN: where the chain before it ends.
    previous: u32,
    index: u32,
    chain: ChainKey<chain::Receiving>,
    reached: Reached,
}

impl State {
    /// Decrypts one message. On an error nothing has changed. Implements `RatchetDecrypt`. SPEC: R-30.
    pub(crate) fn decrypt(
        &mut self,
        message: &Message<'_>,
        associated_data: &[u8],
    ) -> Result<(Plaintext, Position), DecryptError> {
        let (step, position) = self.plan(&message.header)?;
        let (plaintext, proof) = open(step, message, associated_data)?;
        self.commit(proof);
        Ok((plaintext, position))
    }

    /// The responder's first step: `root` and the signed pre-key stand where a sending chain would. Implements
    /// `RatchetInitBob` and the first `DHRatchet`, so that no state ever holds the pre-key's secret. SPEC: R-40.
    pub(crate) fn accept(
        root: Secret<32>,
        signed_prekey: &SecretKey,
        header: &Header,
        limits: Limits,
    ) -> Result<Step<Turn>, DecryptError> {
        if header.previous != 0 {
            return Err(DecryptError::Unauthentic);
        }
        let (key, turn) = plan_turn(&RootKey::new(root), signed_prekey, header, None, limits)?;
        Ok(Step::new(key, turn))
    }

    /// The responder's state, once its first message has opened.
    pub(crate) fn begin(proof: Authenticated<Turn>, limits: Limits) -> (Self, Position) {
        let Turn { root, remote, previous: _, index, mut chain, reached } = proof.into_change();
        let mut skipped = Skipped::new();
        skipped.keep(index, chain.commit(reached), limits.max_stored());
        let position = Position { chain: index, number: chain.number().saturating_sub(1) };
        let state = Self {
            root,
            remote,
            sending: Sending::Idle { last_len: 0 },
            receiving: Some(Receiving { index, chain }),
            retired: VecDeque::new(),
            skipped,
            limits,
        };
        (state, position)
    }

    /// What the message would change, by its ratchet key. Cannot change anything.
    fn plan(&self, header: &Header) -> Result<(Step<Change>, Position), DecryptError> {
        if header.ratchet_key == self.remote {
            return self.plan_current(header);
        }
        match self.retired.iter().find(|chain| chain.ratchet_key == header.ratchet_key) {
            Some(chain) if header.number < chain.len => {
                self.plan_kept(Position { chain: chain.index, number: header.number })
            }
            // Behind the end of its chain: nobody honest sent it. SPEC: R-39.
            Some(_) => Err(DecryptError::Unauthentic),
            None => self.plan_new(header),
        }
    }

    /// A message of the current receiving chain.
    fn plan_current(&self, header: &Header) -> Result<(Step<Change>, Position), DecryptError> {
        // The key of an initiator's peer is its signed pre-key, under which nothing is sent. SPEC: R-39.
        let receiving = self.receiving.as_ref().ok_or(DecryptError::Unauthentic)?;
        let position = Position { chain: receiving.index, number: header.number };
        if position < receiving.next() {
            return self.plan_kept(position);
        }
        check_jump(receiving.chain.number(), header.number, self.limits)?;
        if header.number == u32::MAX {
            return Err(DecryptError::TooFarAhead);
        }
        let (key, reached) = receiving.chain.reach(header.number, self.limits.max_stored());
        Ok((Step::new(key, Change::Advance(reached)), position))
    }

    /// A message whose turn has passed.
    fn plan_kept(&self, position: Position) -> Result<(Step<Change>, Position), DecryptError> {
        let key = self.skipped.find(position)?;
        let key = Transient::init_with(|out| *out = *key.expose());
        Ok((Step::new(key, Change::UseKept(position)), position))
    }

    /// A message under a ratchet key that is new to us: only an answer to our own active key can be.
    fn plan_new(&self, header: &Header) -> Result<(Step<Change>, Position), DecryptError> {
        let Sending::Active(ActiveChain { ratchet, .. }) = &self.sending else {
            return Err(DecryptError::Unauthentic);
        };
        let ended = self.receiving.as_ref();
        let (key, turn) = plan_turn(&self.root, ratchet, header, ended, self.limits)?;
        let position = Position { chain: turn.index, number: header.number };
        Ok((Step::new(key, Change::Turn(turn)), position))
    }

    /// Makes the change. Takes the proof that the message opened, and cannot fail.
    fn commit(&mut self, proof: Authenticated<Change>) {
        let max = self.limits.max_stored();
        match (proof.into_change(), &mut self.receiving) {
            (Change::UseKept(position), _) => self.skipped.remove(position),
            (Change::Advance(reached), Some(receiving)) => {
                let passed = receiving.chain.commit(reached);
                self.skipped.keep(receiving.index, passed, max);
            }
            (Change::Advance(_), None) => debug_assert!(false, "planned from a receiving chain"),
            (Change::Turn(turn), _) => self.commit_turn(turn),
        }
    }

    /// Keeps what the ending chain still owes up to PN. The ended chain's key and our ratchet secret go with the values that
    /// are replaced. SPEC: R-35.
    fn commit_turn(&mut self, turn: Turn) {
        let Turn { root, remote, previous, index, mut chain, reached } = turn;
        let max = self.limits.max_stored();
        if let Some(Receiving { index, chain }) = self.receiving.take() {
            self.skipped.keep(index, chain.pass_over(previous, max), max);
            self.retire(Retired { ratchet_key: self.remote, index, len: previous });
        }
        self.skipped.keep(index, chain.commit(reached), max);
        self.root = root;
        self.remote = remote;
        self.receiving = Some(Receiving { index, chain });
        if let Sending::Active(ActiveChain { ratchet: _, previous: _, chain }) = &self.sending {
            self.sending = Sending::Idle { last_len: chain.number() };
        }
    }

    /// Remembers a chain that has ended, and forgets the oldest beyond the limit with its kept keys.
    fn retire(&mut self, chain: Retired) {
        self.retired.push_back(chain);
        if self.retired.len() <= MAX_RETIRED_CHAINS {
            return;
        }
        if let Some(oldest) = self.retired.pop_front() {
            let chain = oldest.index.saturating_add(1);
            self.skipped.forget_before(Position { chain, number: 0 });
        }
    }
}

/// Opens a planned message: the header's bytes as received, and the caller's data, are what it is bound to. SPEC: R-36.
pub(crate) fn open<Change>(
    step: Step<Change>,
    message: &Message<'_>,
    associated_data: &[u8],
) -> Result<(Plaintext, Authenticated<Change>), DecryptError> {
    let context = [Label::RatchetMessage.bytes(), message.header_bytes, associated_data];
    Ok(step.open(context, message.body)?)
}

/// `DHRatchet`'s receiving half. Both jumps are checked before anything is derived. SPEC.
fn plan_turn(
    root: &RootKey,
    ours: &SecretKey,
    header: &Header,
    ended: Option<&Receiving>,
    limits: Limits,
) -> Result<(Transient<32>, Turn), DecryptError> {
    let (next, index) = match ended {
        Some(chain) => (chain.chain.number(), chain.index.checked_add(1)),
        None => (0, Some(0)),
    };
    let index = index.ok_or(DecryptError::Unauthentic)?;
    if header.previous < next || (ended.is_none() && header.previous != 0) {
        return Err(DecryptError::Unauthentic);
    }
    check_jump(next, header.previous, limits)?;
    check_jump(0, header.number, limits)?;
    let Header { ratchet_key: remote, previous, number } = *header;
    let (root, chain) = root.turn(ours, &remote);
    let (key, reached) = chain.reach(number, limits.max_stored());
    Ok((key, Turn { root, remote, previous, index, chain, reached }))
}

/// Is `to` no further from `from` than one message may pass over? SPEC: R-32.
const fn check_jump(from: u32, to: u32, limits: Limits) -> Result<(), DecryptError> {
    if to.saturating_sub(from) > limits.max_jump() {
        return Err(DecryptError::TooFarAhead);
    }
    Ok(())
}

/// Why a message was not decrypted. The session has not changed.
///
/// All but `Unauthentic` are found in the header, before anything is authenticated: anybody who can send bytes can provoke
/// them. Never reset a session or resend a message because of one alone.
// SPEC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecryptError {
    /// The bytes are not a message. Discard them.
    Malformed(DecodeError),
    /// A pre-key message of another handshake than this session's. Look for its session, or accept it as a new one.
    WrongSession,
    /// The message would pass over more missing ones than the limit allows. Wait for earlier ones, or begin a new session.
    TooFarAhead,
    /// The message has been read before. Discard it.
    Duplicate,
    /// The key for this late message is no longer kept: a limit or age has dropped it, if the message had not been read
    /// before. It cannot be read any more; ask for it again if it matters.
    Forgotten,
    /// Not from this session's peer, or changed on the way, or late by more than 32 turns of the conversation, or of a time
    /// before a restored backup. Discard it, and do not tell the sender more than that.
    Unauthentic,
}

impl From<Unauthentic> for DecryptError {
    fn from(Unauthentic: Unauthentic) -> Self {
        Self::Unauthentic
    }
}

impl From<Missing> for DecryptError {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Used => Self::Duplicate,
            Missing::Forgotten => Self::Forgotten,
        }
    }
}

impl From<DecodeError> for DecryptError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}
