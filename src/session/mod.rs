//! A conversation between two devices: the handshake and the ratchet put together.
//!
//! ```text
//! initiate ──► waiting ── first reply opens ──► established
//!              (every message is a pre-key message)   (messages)
//! accept ─────────────────────────────────────► established
//! ```
//!
//! Only the records of devices (`people`) are built on this module.

mod accept;
mod exporter;
mod framed;
mod sealed;
mod snapshot;
mod trust;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

pub use self::accept::{AcceptError, Accepted};
pub use self::exporter::ExportError;
pub use self::sealed::SealedError;
use crate::chain::received::Received;
use crate::group::distribution::Distribution;
use crate::keys::identity::Identity;
use crate::keys::peer::Peer;
use crate::keys::suite::Suite;
use crate::keys::time::UnixTime;
use crate::label::Label;
use crate::primitives::hash;
use crate::ratchet::State;
use crate::ratchet::decrypt::DecryptError;
use crate::ratchet::encrypt::EncryptError;
use crate::secret::{Secret, equal};
use crate::wire::codec::DecodeError;
use crate::wire::message::{Carries, Message};
use crate::wire::prekey_message::PreKeyMessage;
use crate::x3dh::agree::{self, HandshakeKeys, InitiateError};
use crate::x3dh::bundle::VerifiedBundle;
use crate::x3dh::context::Context;

/// One conversation with one device of a peer.
///
/// Every method that changes it grows its [`epoch`](Self::epoch). **Persist the [`snapshot`](Self::snapshot) before a
/// message is sent and before a received plaintext is acted upon**; a state that was lost and a state that was rolled back
/// both cost messages ([`docs::state`](crate::docs::state)).
///
/// There is one of each session: two copies would use the same keys.
///
/// ```compile_fail
/// # fn f(session: confidant::Session) {
/// let copy = session.clone();
/// # }
/// ```
// SPEC: R-42.
pub struct Session(Box<Inner>);

struct Inner {
    suite: Suite,
    role: Role,
    peer: Arc<Peer>,
    /// `th`.
    transcript: [u8; 32],
    /// Tells this handshake's pre-key messages from others'.
    prefix_hash: [u8; 32],
    /// What an initiator puts before its messages until the first reply opens.
    waiting: Option<Vec<u8>>,
    exporter: Secret<32>,
    ratchet: State,
    epoch: u64,
}

/// Who began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// The one that had the other's bundle.
    Initiator,
    /// The one whose bundle it was.
    Responder,
}

impl Session {
    /// Begins a conversation with the device that the bundle is from. Nothing is sent yet: the first
    /// [`encrypt`](Self::encrypt) gives a message that carries the handshake.
    ///
    /// Draws 32 bytes, and 32 more in a hybrid suite; nothing when it refuses.
    ///
    /// # Errors
    /// [`InitiateError`].
    pub fn initiate<R: TryCryptoRng + ?Sized>(
        us: &Identity,
        bundle: &VerifiedBundle,
        context: &Context,
        rng: &mut R,
    ) -> Result<Self, InitiateError> {
        let (keys, prefix) = agree::initiate(us, bundle, context, rng)?;
        let HandshakeKeys { transcript, root, exporter, replay_tag: _ } = keys;
        let signed_prekey = bundle.inner().signed.public;
        Ok(Self(Box::new(Inner {
            suite: bundle.suite(),
            role: Role::Initiator,
            peer: Arc::new(Peer::new(*bundle.identity(), context.theirs.clone())),
            transcript,
            prefix_hash: prefix_hash(&prefix),
            waiting: Some(prefix),
            exporter,
            ratchet: State::initiate(root, signed_prekey, context.terms.limits),
            epoch: 0,
        })))
    }

    /// Encrypts a message: persist the session, then send. What is to be [sealed](crate::SealedSender) has to be shorter than
    /// the largest of [`SEALED_CONTENT`](crate::limits::SEALED_CONTENT) by 401 bytes.
    ///
    /// The result is 114 bytes longer than the plaintext (up to 16,383 bytes of it; 16 more for each further 16,384), and
    /// until the first reply up to 1,692 bytes more. Draws 24 bytes, and 32 more for the first message after the peer's
    /// turn.
    ///
    /// # Errors
    /// [`EncryptError`]; the session has not changed then.
    pub fn encrypt<R: TryCryptoRng + ?Sized>(
        &mut self,
        plaintext: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, EncryptError> {
        self.encrypt_with(plaintext, &[], rng)
    }

    /// The same, bound to associated data: the peer can decrypt only with the same bytes. They are not sent.
    ///
    /// # Errors
    /// [`EncryptError`]; the session has not changed then.
    pub fn encrypt_with<R: TryCryptoRng + ?Sized>(
        &mut self,
        plaintext: &[u8],
        associated_data: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, EncryptError> {
        self.encrypt_as((Carries::Text, plaintext), associated_data, rng)
    }

    /// Encrypts our key for a group, from our own state of it: the only way by which one leaves. What comes out is sent like any message, and the peer
    /// decrypts it like any message: then [`GroupSession::receive`](crate::GroupSession::receive) takes it in. No text that somebody
    /// wrote can pass for one.
    ///
    /// # Errors
    /// [`EncryptError`], [`EncryptError::WrongPeer`] for a key that is for another member; the session has not changed then.
    pub fn encrypt_distribution<R: TryCryptoRng + ?Sized>(
        &mut self,
        distribution: &Distribution,
        rng: &mut R,
    ) -> Result<Vec<u8>, EncryptError> {
        if distribution.to() != self.peer() {
            return Err(EncryptError::WrongPeer);
        }
        self.encrypt_as((Carries::Distribution, distribution.bytes()), &[], rng)
    }

    fn encrypt_as<R: TryCryptoRng + ?Sized>(
        &mut self,
        content: (Carries, &[u8]),
        associated_data: &[u8],
        rng: &mut R,
    ) -> Result<Vec<u8>, EncryptError> {
        let prefix = self.0.waiting.as_deref().unwrap_or_default();
        let message = self.0.ratchet.encrypt(prefix, content, associated_data, rng)?;
        self.changed();
        Ok(message)
    }

    /// Decrypts a message, whether it carries the handshake or not. Persist the session, then act on the plaintext.
    ///
    /// # Errors
    /// [`DecryptError`]; the session has not changed then (SPEC: R-30).
    pub fn decrypt(&mut self, message: &[u8]) -> Result<Received, DecryptError> {
        self.decrypt_with(message, &[])
    }

    /// The same, for a message that was bound to associated data.
    ///
    /// # Errors
    /// [`DecryptError`]; the session has not changed then.
    pub fn decrypt_with(
        &mut self,
        message: &[u8],
        associated_data: &[u8],
    ) -> Result<Received, DecryptError> {
        let message = self.decode(message, Carries::PLAIN)?;
        self.decrypt_message(&message, associated_data)
    }

    /// The message, out of the pre-key message if it is one of this session's, if it carries one of these.
    fn decode<'a, const N: usize>(
        &self,
        message: &'a [u8],
        of: [Carries; N],
    ) -> Result<Message<'a>, DecryptError> {
        match PreKeyMessage::decode(message) {
            Ok(request) if !of.contains(&request.message.carries) => {
                Err(DecodeError::WrongKind.into())
            }
            Ok(request) if self.began_with(&request) => Ok(request.message),
            Ok(_) => Err(DecryptError::WrongSession),
            Err(DecodeError::WrongKind) => Ok(Message::decode_of(message, of)?),
            Err(error) => Err(error.into()),
        }
    }

    fn decrypt_message(
        &mut self,
        message: &Message<'_>,
        associated_data: &[u8],
    ) -> Result<Received, DecryptError> {
        let (plaintext, position) = self.0.ratchet.decrypt(message, associated_data)?;
        self.0.waiting = None;
        self.changed();
        Ok(Received::new((message.carries, plaintext), position, Arc::clone(&self.0.peer)))
    }

    /// Is this pre-key message of the handshake that this session began with? Then it is for
    /// [`decrypt`](Self::decrypt); otherwise it asks for a new session.
    #[must_use]
    pub fn began_with(&self, request: &PreKeyMessage<'_>) -> bool {
        self.0.role == Role::Responder
            && equal(&self.0.prefix_hash, &prefix_hash(request.prefix_bytes))
    }

    /// Drops the keys kept for late messages that an earlier call of this method saw at least `max_age` seconds ago, and
    /// remembers which there are now (at most once in an eighth of `max_age`). Call it regularly with the current time: a
    /// key then lives for `max_age`, an eighth of it and one interval between calls at most. Says whether anything
    /// changed, and so has to be persisted. SPEC: R-34.
    pub fn expire_skipped(&mut self, now: UnixTime, max_age: u64) -> bool {
        let changed = self.0.ratchet.expire_skipped(now, max_age);
        if changed {
            self.changed();
        }
        changed
    }

    /// Keys kept for messages that have not arrived.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.0.ratchet.skipped_len()
    }

    /// The peer's identity and address. They never change: another identity is another session.
    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.0.peer
    }

    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.0.suite
    }

    /// Who began.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.0.role
    }

    /// The transcript's hash: the same on both sides, and no other session's. Not secret, but it tells who knows the
    /// addresses and keys that go into it whether two parties talk.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.0.transcript
    }

    /// Has the peer shown that it has the handshake's keys? Until then every message carries the handshake.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        self.0.waiting.is_none()
    }

    /// The number of changes so far, as in the next snapshot.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.0.epoch
    }

    fn changed(&mut self) {
        self.0.epoch = self.0.epoch.saturating_add(1);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { suite, role, peer, epoch, waiting, .. } = &*self.0;
        f.debug_struct("Session")
            .field("suite", suite)
            .field("role", role)
            .field("peer", peer)
            .field("epoch", epoch)
            .field("established", &waiting.is_none())
            .finish_non_exhaustive()
    }
}

fn prefix_hash(prefix: &[u8]) -> [u8; 32] {
    hash::sha256(Label::HandshakePrefix, &[prefix])
}
