//! A session in a record, with what the record counts of it.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::errors::Need;
use super::frame::{Frame, FrameKind, Name, Opening};
use crate::chain::received::Received;
use crate::chain::step::Plaintext;
use crate::keys::time::UnixTime;
use crate::limits::{CLOCK_SKEW, HANDSHAKE_AFTER, UNANSWERED_LIFETIME};
use crate::ratchet::encrypt::EncryptError;
use crate::session::{Role, Session};

/// A session, and what it is to its record.
pub(super) struct Kept {
    pub(super) session: Session,
    pub(super) began: UnixTime,
    /// Messages sent and received.
    pub(super) sent: u64,
    pub(super) received: u64,
    pub(super) standing: Standing,
    /// The first session of its attempt.
    pub(super) rank: Name,
    /// What had been put aside when this one became active, the newest first.
    pub(super) aside: Vec<Name>,
    /// The length of our last sending chain but one.
    pub(super) len_before: u32,
}

/// What the peer's messages say of a session, the worst last. None of it is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Good,
    /// The peer has asked in another session for what it could not read, while this one, ours, waited for an answer.
    Unheard,
    /// The peer does not write in it, and has said so in another session.
    PutAside,
    /// The peer has received what we have not sent.
    Forked,
}

impl Standing {
    pub(super) const ALL: [Self; 4] = [Self::Good, Self::Unheard, Self::PutAside, Self::Forked];

    pub(super) const fn byte(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Unheard => 1,
            Self::PutAside => 2,
            Self::Forked => 3,
        }
    }
}

/// A session that is only read, until its time is up.
pub(super) struct Older {
    pub(super) until: UnixTime,
    pub(super) kept: Kept,
}

impl Kept {
    pub(super) const fn new(session: Session, rank: Name, began: UnixTime) -> Self {
        Self {
            session,
            began,
            sent: 0,
            received: 0,
            standing: Standing::Good,
            rank,
            aside: Vec::new(),
            len_before: 0,
        }
    }

    pub(super) fn name(&self) -> Name {
        Name::of(&self.session)
    }

    /// What is in the way of sending, if anything is.
    pub(super) fn need(&self, now: UnixTime) -> Option<Need> {
        let is_over = now >= self.began.plus(UNANSWERED_LIFETIME);
        let is_ahead = self.began > now.plus(CLOCK_SKEW);
        let is_lost = match self.standing {
            Standing::Forked => return Some(Need::Forked),
            Standing::PutAside => return Some(Need::PutAside),
            Standing::Unheard => is_over || is_ahead || now >= self.began.plus(HANDSHAKE_AFTER),
            Standing::Good => is_over || is_ahead,
        };
        (self.session.is_waiting() && is_lost).then_some(Need::Unanswered)
    }

    /// From now on it stands no better than this.
    pub(super) fn lower(&mut self, standing: Standing) {
        self.standing = self.standing.max(standing);
    }

    pub(super) fn is_forked(&self) -> bool {
        self.standing == Standing::Forked
    }

    /// Encrypts a frame around a body.
    pub(super) fn encrypt<R: TryCryptoRng + ?Sized>(
        &mut self,
        (kind, body): (FrameKind, &[u8]),
        rng: &mut R,
    ) -> Result<Vec<u8>, EncryptError> {
        let ended = self.session.ended_chain();
        let frame = self.frame(kind, body);
        let message = self.session.encrypt_frame(frame.as_bytes(), rng)?;
        self.len_before = ended.unwrap_or(self.len_before);
        self.sent = self.sent.saturating_add(1);
        Ok(message)
    }

    /// The frame around a body. It has secrets, and is wiped when it is dropped.
    fn frame(&self, kind: FrameKind, body: &[u8]) -> Plaintext {
        let opening = (self.session.next_sending_chain() == 0)
            .then(|| Opening { rank: self.rank, aside: self.aside.clone() });
        let receipt = self.session.furthest_received();
        Frame { kind: Some(kind), receipt, opening, body }.encode()
    }

    /// Counts a message that has opened, and looks at what its frame says of this session.
    ///
    /// Only the first one opens it: any later one, if it is of the first chain as well, may be a clone's, which has seen what came to pass since. SPEC: R-48.
    pub(super) fn read(&mut self, received: &Received) -> Option<Opening> {
        let is_first = self.received == 0;
        self.received = self.received.saturating_add(1);
        let frame = received.frame().ok()?;
        if frame.receipt.is_some_and(|position| !self.session.has_sent(position, self.len_before)) {
            self.lower(Standing::Forked); // SPEC: R-49.
        }
        frame.opening.filter(|_| is_first)
    }

    pub(super) fn info(&self, until: Option<UnixTime>) -> SessionInfo {
        SessionInfo {
            id: *self.session.id(),
            role: self.session.role(),
            is_established: self.session.is_established(),
            is_forked: self.is_forked(),
            began: self.began,
            until,
            sent: self.sent,
            received: self.received,
        }
    }
}

impl Received {
    /// What came in a message that carries a frame.
    pub(super) fn frame(&self) -> Result<Frame<'_>, crate::wire::codec::DecodeError> {
        Frame::decode(self.plaintext.as_bytes(), self.chain == 0)
    }
}

/// What there is to see of a session in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// [`Session::id`](crate::Session::id).
    pub id: [u8; 32],
    /// Who began.
    pub role: Role,
    /// Has the peer shown that it has the handshake's keys?
    pub is_established: bool,
    /// Has the peer received what we have not sent? Then nothing is sent in it any more.
    pub is_forked: bool,
    /// When it began here, by our clock.
    pub began: UnixTime,
    /// Until when it is read, if it is an older one; longer, if the peer has begun it while ours, which is active, waits for an answer.
    pub until: Option<UnixTime>,
    /// Messages that we have encrypted in it.
    pub sent: u64,
    /// Messages that have opened in it.
    pub received: u64,
}
