//! Finding the session of a message that arrives, or making one. SPEC: R-47.
//!
//! A pre-key message goes to the session that it began with, or is accepted. Any other goes to the session that knows its ratchet key, or else to
//! all of them, the active one first: at most eight. Only the one that opens it changes.

use super::delivery::{Delivery, Incoming};
use super::device::DeviceRecord;
use super::errors::ReceiveError;
use super::frame::Name;
use super::kept::{Kept, Standing};
use super::retry::Asked;
use super::unstored::{Change, Unstored, prekeys_change, trust_change};
use super::us::Us;
use crate::chain::received::Received;
use crate::fingerprint::trust::Trust;
use crate::keys::identity::PublicIdentity;
use crate::keys::party::Party;
use crate::keys::peer::Peer;
use crate::ratchet::decrypt::DecryptError;
use crate::sealed::content::SealedKind;
use crate::sealed::open::VerifiedSender;
use crate::session::{Accepted, Session};
use crate::wire::codec::DecodeError;
use crate::wire::message::{Carries, Message};
use crate::wire::prekey_message::PreKeyMessage;

/// A message that has opened in a session.
struct Found {
    received: Received,
    is_active: bool,
    forked: bool,
}

impl DeviceRecord {
    /// Reads a message that the transport says is from this device, in whichever session it is; or accepts the session that it begins. Draws no randomness.
    ///
    /// The change set has this record, and what else has changed: after a first message, the pre-key store, from which the used one-time keys are gone; after the first of
    /// a device, the trust store. SPEC: R-13.
    ///
    /// # Errors
    /// [`ReceiveError`]; nothing has changed then.
    pub fn decrypt(
        &mut self,
        us: &mut Us<'_>,
        message: &[u8],
    ) -> Result<Unstored<Delivery>, ReceiveError> {
        self.decrypt_from(us, message, None)
    }

    /// The same for what a sealed message carries, whose sender has to be this device, with the identity of the sessions.
    ///
    /// # Errors
    /// [`ReceiveError`]; nothing has changed then. `Decrypt(Unauthentic)` for one [with associated
    /// data](VerifiedSender::with_associated_data): a record binds its messages to none.
    pub fn decrypt_sealed(
        &mut self,
        us: &mut Us<'_>,
        sealed: &VerifiedSender,
    ) -> Result<Unstored<Delivery>, ReceiveError> {
        if sealed.kind() != SealedKind::Session {
            return Err(ReceiveError::WrongKind);
        }
        if *sealed.party().address() != self.address {
            return Err(ReceiveError::WrongSender);
        }
        if !sealed.associated_data.is_empty() {
            return Err(DecryptError::Unauthentic.into());
        }
        self.decrypt_from(us, sealed.bytes(), Some(sealed.party().identity()))
    }

    fn decrypt_from(
        &mut self,
        us: &mut Us<'_>,
        message: &[u8],
        sender: Option<&PublicIdentity>,
    ) -> Result<Unstored<Delivery>, ReceiveError> {
        let request = match PreKeyMessage::decode(message) {
            Err(DecodeError::WrongKind) => None,
            other => Some(other?),
        };
        let Some(request) = request else {
            let decoded = Message::decode_of(message, [Carries::Frame])?;
            let known = self.kept().find(|kept| kept.session.knows(&decoded)).map(Kept::name);
            return self.read(us, (message, known), sender);
        };
        if request.message.carries != Carries::Frame {
            return Err(DecodeError::WrongKind.into());
        }
        let began = self.kept().find(|kept| kept.session.began_with(&request)).map(Kept::name);
        if began.is_some() {
            return self.read(us, (message, began), sender);
        }
        if sender.is_some_and(|sender| sender != request.identity()) {
            return Err(ReceiveError::WrongSender);
        }
        self.accept(us, &request)
    }

    /// Reads a message in this session, or in any.
    fn read(
        &mut self,
        us: &mut Us<'_>,
        (message, only): (&[u8], Option<Name>),
        sender: Option<&PublicIdentity>,
    ) -> Result<Unstored<Delivery>, ReceiveError> {
        let identity = self.identity().ok_or(ReceiveError::NoSession)?;
        if sender.is_some_and(|sender| sender != identity) {
            return Err(ReceiveError::WrongSender);
        }
        if !self.is_known_to(us.trust) {
            return Err(ReceiveError::IdentityChanged);
        }
        if !us.trust.has_room_for(&self.address) {
            return Err(ReceiveError::TrustFull);
        }
        let found = self.open(us, message, only)?;
        if found.is_active {
            self.asked = self.asked.map(Asked::answered);
        }
        Ok(self.deliver(us, found))
    }

    /// Tries one session or all whose time is not up. Implements trial decryption. SPEC: R-47.
    fn open(
        &mut self,
        us: &Us<'_>,
        message: &[u8],
        only: Option<Name>,
    ) -> Result<Found, DecryptError> {
        let mut error = DecryptError::Unauthentic;
        let mut tried = self.readable(us.now);
        tried.retain(|name| only.is_none_or(|only| only == *name));
        let still = self.still();
        let active = self.active.iter_mut().map(|kept| (kept, true));
        let older = self.older.iter_mut().map(|older| (&mut older.kept, false));
        for (kept, is_active) in
            active.chain(older).filter(|(kept, _)| tried.contains(&kept.name()))
        {
            match kept.session.decrypt_frame(message) {
                Ok(received) => {
                    let opening = kept.read(&received);
                    let forked = kept.is_forked();
                    if is_active {
                        self.let_time_run(&still, us);
                    }
                    self.remember(opening);
                    return Ok(Found { received, is_active, forked });
                }
                Err(DecryptError::Unauthentic) => {}
                Err(other) => error = other,
            }
        }
        Err(error)
    }

    /// Makes the session that a first message asks for. SPEC.
    fn accept(
        &mut self,
        us: &mut Us<'_>,
        request: &PreKeyMessage<'_>,
    ) -> Result<Unstored<Delivery>, ReceiveError> {
        if !us.trust.has_room_for(&self.address) {
            return Err(ReceiveError::TrustFull);
        }
        let context = us.context(&self.address, self.pin(us.trust));
        let accepted = Session::accept_any(us.identity, us.prekeys, request, &context, us.now)?;
        let Accepted { session, received, used } = accepted;
        self.keep_only(request.identity());
        let rank = Name::of(&session);
        let mut kept = Kept::new(session, rank, us.now);
        let opening = kept.read(&received);
        if let Some(opening) = &opening {
            kept.rank = opening.rank;
        }
        let forked = kept.is_forked();
        let is_active = self.wins(&kept, opening.as_ref());
        if is_active {
            self.activate(kept, us)
        } else {
            self.shelve(kept, us)
        }
        self.remember(opening);
        let prekeys = prekeys_change(us.prekeys);
        let mut unstored = self.deliver(us, Found { received, is_active, forked });
        unstored.put(prekeys);
        Ok(unstored.map(|delivery| Delivery { used: Some(used), ..delivery }))
    }

    /// Pins the sender if it is new, and puts everything together.
    fn deliver(&mut self, us: &mut Us<'_>, found: Found) -> Unstored<Delivery> {
        let Found { received, is_active, forked } = found;
        let from = received.from().clone();
        let (trust, pinned) = meet(us, &from);
        let incoming = Incoming::from_frame(received);
        let on_older_session = !is_active;
        if on_older_session && matches!(incoming, Incoming::RetryRequest(_)) {
            self.note_unheard();
        }
        let unlisted = self.stale.is_some();
        let delivery =
            Delivery { incoming, from, on_older_session, forked, unlisted, trust, used: None };
        let mut unstored = self.unstored(delivery);
        if let Some(change) = pinned {
            unstored.put(change);
        }
        unstored
    }

    /// The peer asks, in another session than our active one. If that is ours and waits, what the peer has not read may be all that we have written in it: it has to be begun
    /// anew, whichever of the two has the lower rank.
    fn note_unheard(&mut self) {
        if let Some(active) = self.active.as_mut().filter(|active| active.session.is_waiting()) {
            active.lower(Standing::Unheard);
        }
    }
}

/// What was known of the peer, and the trust store if it has changed. That it knows nobody else there, and has room, was checked before the
/// message was opened.
fn meet(us: &mut Us<'_>, peer: &Peer) -> (Trust, Option<Change>) {
    let before = us.trust.changes();
    let trust = us.trust.status(&Party::from(peer));
    let met = us.trust.meet(peer);
    debug_assert!(met.is_ok(), "checked before the message was opened");
    let changed = us.trust.changes() != before;
    (trust, changed.then(|| trust_change(us.trust)))
}
