//! The responder's side: from a first message to a session, or to nothing at all.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::{Inner, Role, Session, prefix_hash};
use crate::chain::received::Received;
use crate::keys::identity::Identity;
use crate::keys::peer::Peer;
use crate::keys::prekey::PreKeyKind;
use crate::keys::time::UnixTime;
use crate::ratchet::State;
use crate::ratchet::decrypt::{self, DecryptError};
use crate::wire::message::Carries;
use crate::wire::prekey_message::PreKeyMessage;
use crate::x3dh::agree::{self, HandshakeKeys};
use crate::x3dh::consume::{Opened, Unusable, UsedPreKeys};
use crate::x3dh::context::{Context, Refusal};
use crate::x3dh::replay::Replay;
use crate::x3dh::store::{PreKeyStore, WrongIdentity};

/// A first message that has opened, and the session that it began.
///
/// In **one transaction**: store the session's snapshot and the pre-key store's (from which the used one-time keys are
/// gone). Then act on the message. SPEC: R-13.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "the session has to be stored, together with the pre-key store"]
pub struct Accepted {
    /// The new session.
    pub session: Session,
    /// The first message.
    pub received: Received,
    /// Which pre-keys it has used.
    pub used: UsedPreKeys,
}

impl Session {
    /// Accepts a conversation: computes the handshake's keys with the pre-keys that the message names, opens the message,
    /// and only then erases the one-time keys among them (or records a handshake that used none).
    ///
    /// The sender's address, in `context`, comes from the transport's envelope: no message carries it, and a false one only
    /// makes opening fail. Draws no randomness. Persist as [`Accepted`] says.
    ///
    /// # Errors
    /// [`AcceptError`]; nothing has changed then, in `prekeys` either (SPEC: R-12).
    pub fn accept(
        us: &Identity,
        prekeys: &mut PreKeyStore,
        request: &PreKeyMessage<'_>,
        context: &Context,
        now: UnixTime,
    ) -> Result<Accepted, AcceptError> {
        if request.message.carries == Carries::Frame {
            return Err(AcceptError::WrongKind);
        }
        Self::accept_any(us, prekeys, request, context, now)
    }

    /// The same, whatever the message carries.
    pub(crate) fn accept_any(
        us: &Identity,
        prekeys: &mut PreKeyStore,
        request: &PreKeyMessage<'_>,
        context: &Context,
        now: UnixTime,
    ) -> Result<Accepted, AcceptError> {
        prekeys.check_identity(us)?;
        if request.suite() != prekeys.suite() {
            return Err(AcceptError::SuiteRefused);
        }
        context.check(request.suite(), &us.public(), request.identity())?;

        let selected = prekeys.select(request, now)?;
        let keys = agree::respond(us, &selected, request, context);
        let HandshakeKeys { transcript, root, exporter, replay_tag } = keys;
        let message = &request.message;
        let step = State::accept(root, selected.signed, &message.header, context.terms.limits)?;
        let (plaintext, proof) = decrypt::open(step, message, request.associated_data)?;
        prekeys.check_replay(request, &replay_tag)?;

        let used = prekeys.consume(request, replay_tag, &Opened::from_proof(&proof));
        let peer = Arc::new(Peer::new(*request.identity(), context.theirs.clone()));
        let (ratchet, position) = State::begin(proof, context.terms.limits);
        let session = Session(Box::new(Inner {
            suite: request.suite(),
            role: Role::Responder,
            peer: Arc::clone(&peer),
            transcript,
            prefix_hash: prefix_hash(request.prefix_bytes),
            waiting: None,
            exporter,
            ratchet,
            epoch: 0,
        }));
        Ok(Accepted {
            session,
            received: Received::new((message.carries, plaintext), position, peer),
            used,
        })
    }
}

/// Why no session was accepted. Nothing has changed.
///
/// All but `Replayed` and `ReplayRecordFull` can be provoked by anybody who can send bytes, by repeating an old message too.
/// Never reset a session, or ask for anything, because of one alone; ask [`Session::began_with`] first.
// SPEC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptError {
    /// The message is for the record of a device: give it to [`DeviceRecord::decrypt`](crate::DeviceRecord::decrypt).
    WrongKind,
    /// The pre-key store was made for another identity than the one given. A mistake of the caller's.
    WrongIdentity,
    /// The suite is not the store's, or not one that the [`Policy`](crate::Policy) accepts.
    SuiteRefused,
    /// The message is from another identity than the pinned one. Tell the user.
    IdentityChanged,
    /// The message claims our own identity, or half of it. See
    /// [`Context::allow_own_identity`](crate::Context::allow_own_identity).
    OwnIdentity,
    /// The message names a pre-key that this store does not have: used (a duplicate of an accepted first message gives this
    /// too), rotated out, or never there. A peer that is known to be waiting may be asked to fetch a new bundle.
    UnknownPreKey(PreKeyKind),
    /// The signed pre-key that the message names is past its expiry and grace. The peer may be asked to fetch a new bundle.
    SignedPreKeyExpired,
    /// The first message is further on in its chain than the limit allows.
    TooFarAhead,
    /// Not from the identity it names, not for us, in another context, or changed on the way. Discard it, and do not tell
    /// the sender more than that.
    Unauthentic,
    /// This handshake has been accepted before. Discard it.
    Replayed,
    /// No more handshakes without a one-time key can be accepted under this signed pre-key: rotate it and refill one-time
    /// keys.
    ReplayRecordFull,
}

impl From<WrongIdentity> for AcceptError {
    fn from(WrongIdentity: WrongIdentity) -> Self {
        Self::WrongIdentity
    }
}

impl From<Refusal> for AcceptError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Suite => Self::SuiteRefused,
            Refusal::IdentityChanged => Self::IdentityChanged,
            Refusal::OwnIdentity => Self::OwnIdentity,
        }
    }
}

impl From<Unusable> for AcceptError {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::Unknown(kind) => Self::UnknownPreKey(kind),
            Unusable::SignedPreKeyExpired => Self::SignedPreKeyExpired,
        }
    }
}

impl From<DecryptError> for AcceptError {
    fn from(error: DecryptError) -> Self {
        match error {
            DecryptError::TooFarAhead => Self::TooFarAhead,
            // The others are of sessions that exist, and cannot come from a first step.
            DecryptError::Unauthentic
            | DecryptError::Malformed(_)
            | DecryptError::WrongSession
            | DecryptError::Duplicate
            | DecryptError::Forgotten => Self::Unauthentic,
        }
    }
}

impl From<Replay> for AcceptError {
    fn from(replay: Replay) -> Self {
        match replay {
            Replay::Seen => Self::Replayed,
            Replay::Full => Self::ReplayRecordFull,
        }
    }
}
