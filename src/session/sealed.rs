//! What a sealed message carries, decrypted only by sessions with its sender: a certificate of one and a message of another
//! do not go together. SPEC: R-81.

use super::accept::{AcceptError, Accepted};
use super::{DecryptError, Session};
use crate::chain::received::Received;
use crate::group::receiver::GroupDecryptError;
use crate::group::session::{GroupReceived, GroupSession};
use crate::keys::identity::Identity;
use crate::keys::party::Party;
use crate::keys::peer::Peer;
use crate::keys::time::UnixTime;
use crate::sealed::content::SealedKind;
use crate::sealed::open::VerifiedSender;
use crate::wire::prekey_message::PreKeyMessage;
use crate::x3dh::context::Context;
use crate::x3dh::store::PreKeyStore;

impl Session {
    /// Decrypts the message that a sealed message carries, if its sender is this session's peer. See
    /// [`decrypt_with`](Self::decrypt_with).
    ///
    /// # Errors
    /// [`SealedError`]; the session has not changed then.
    pub fn decrypt_sealed(
        &mut self,
        sealed: &VerifiedSender,
    ) -> Result<Received, SealedError<DecryptError>> {
        check_kind(sealed, SealedKind::Session)?;
        check_sender(sealed, self.peer())?;
        self.decrypt_with(sealed.bytes(), &sealed.associated_data).map_err(SealedError::Refused)
    }

    /// Accepts the first message that a sealed message carries, if it begins a session with its sender. See
    /// [`accept`](Self::accept).
    ///
    /// # Errors
    /// [`SealedError`]; the store has not changed then. [`SealedError::WrongKind`] also for a message of a session that should
    /// exist already.
    pub fn accept_sealed(
        us: &Identity,
        prekeys: &mut PreKeyStore,
        sealed: &VerifiedSender,
        context: &Context,
        now: UnixTime,
    ) -> Result<Accepted, SealedError<AcceptError>> {
        let request = request(sealed).ok_or(SealedError::WrongKind)?;
        let said = Party::new(context.theirs.clone(), *request.identity());
        if said != *sealed.party() {
            return Err(SealedError::WrongSender);
        }
        Self::accept(us, prekeys, &request, context, now).map_err(SealedError::Refused)
    }

    /// Does a sealed message carry a message of the handshake that this session began with? See
    /// [`began_with`](Self::began_with).
    #[must_use]
    pub fn began_with_sealed(&self, sealed: &VerifiedSender) -> bool {
        request(sealed).is_some_and(|request| self.began_with(&request))
    }
}

impl GroupSession {
    /// Decrypts the group message that a sealed message carries, if its sender is whose key it names. See
    /// [`decrypt`](Self::decrypt).
    ///
    /// # Errors
    /// [`SealedError`]; nothing has changed then.
    pub fn decrypt_sealed(
        &mut self,
        sealed: &VerifiedSender,
    ) -> Result<GroupReceived, SealedError<GroupDecryptError>> {
        check_kind(sealed, SealedKind::Group)?;
        let owner = self.key_owner(sealed.bytes()).map_err(SealedError::Refused)?;
        check_sender(sealed, owner)?;
        self.decrypt(sealed.bytes(), &sealed.associated_data).map_err(SealedError::Refused)
    }
}

fn request(sealed: &VerifiedSender) -> Option<PreKeyMessage<'_>> {
    let request = PreKeyMessage::decode(sealed.bytes()).ok();
    let request = request.filter(|_| sealed.kind() == SealedKind::Session);
    request.map(|request| request.with_associated_data(&sealed.associated_data))
}

fn check_kind<E>(sealed: &VerifiedSender, kind: SealedKind) -> Result<(), SealedError<E>> {
    if sealed.kind() == kind { Ok(()) } else { Err(SealedError::WrongKind) }
}

fn check_sender<E>(sealed: &VerifiedSender, peer: &Peer) -> Result<(), SealedError<E>> {
    if sealed.party().is(peer) { Ok(()) } else { Err(SealedError::WrongSender) }
}

/// Why what a sealed message carries was not decrypted. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealedError<E> {
    /// It carries something else: see [`VerifiedSender::kind`]; from `accept_sealed` also a message that begins no session.
    WrongKind,
    /// The session, or the key that the message names, is of somebody else than the sender who was verified. Try another session
    /// with the sender; if there is none, discard the message: somebody has put one's certificate before another's words.
    WrongSender,
    /// The message was refused, as it would have been without a seal.
    Refused(E),
}
