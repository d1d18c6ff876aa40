//! Opening, and then finding out from whom.
//!
//! ```text
//! SealedMessage ── open ──► Opened: from somebody ── verify ──► VerifiedSender: from whom a server certified
//! ```
//!
//! An [`Opened`] does not tell its sender, and a [`VerifiedSender`] does not give out what is inside: only the sessions of that
//! sender can. SPEC: R-80, R-81.

use alloc::vec::Vec;
use core::fmt;

use super::certificate::{CertificateError, TrustRoots};
use super::content::{Found, SealedKind};
use super::{Keys, Tagged, digest, masked, name};
use crate::chain::step::{Plaintext, Step};
use crate::keys::address::Address;
use crate::keys::identity::Identity;
use crate::keys::party::Party;
use crate::keys::time::UnixTime;
use crate::label::Label;
use crate::primitives::aead::Unauthentic;
use crate::secret::equal;
use crate::wire::codec::DecodeError;
use crate::wire::sealed::SealedMessage;

impl SealedMessage<'_> {
    /// Opens a message that is for this identity at this address. Changes nothing: what is inside has not been decrypted yet.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, us: &Identity, our_address: &Address) -> Result<Opened, OpenError> {
        let recipient = name(&Party::new(our_address.clone(), us.public()));
        let ephemeral = &self.ephemeral;
        let secret = us.agreement().agree(ephemeral);
        let m = masked(self.key.masked, &secret, ephemeral, &recipient);
        let keys = Keys::derive(m.expose());
        // SPEC: R-83.
        if keys.ephemeral.public() != ephemeral {
            return Err(OpenError::Unauthentic);
        }
        let context = [Label::SealedContent.bytes(), ephemeral.as_bytes(), &[]];
        let (padded, _) = Step::new(keys.content, ()).open(context, self.shared)?;
        let found = Found::decode(padded.as_bytes())?;
        let sender = &name(&found.certificate.party);
        let digest = &digest(self.shared);
        let tagged =
            Tagged { ephemeral, masked: self.key.masked, sender, recipient: &recipient, digest };
        let tag = tagged.tag(&us.agreement().agree(&found.certificate.party.identity.agreement));
        if !equal(tag.expose(), self.key.tag) {
            return Err(OpenError::Unauthentic);
        }
        if found.certificate.party.address == *our_address {
            return Err(OpenError::FromOurselves);
        }
        Ok(Opened { found, padded, id: *self.key.tag })
    }
}

/// A sealed message that has opened: whoever sent it has the key that its certificate names, or ours. Whose name it bears, only
/// [`verify`](Self::verify) says.
#[must_use = "verify it"]
pub struct Opened {
    found: Found,
    padded: Plaintext,
    id: [u8; 32],
}

impl Opened {
    /// Believes the certificate, if the pinned roots and the time allow it. A message that waited longer than its certificate lives is
    /// lost with it: certificates have to live for as long as the relay keeps messages.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn verify(
        self,
        roots: &TrustRoots,
        now: UnixTime,
    ) -> Result<VerifiedSender, CertificateError> {
        roots.check(&self.found.certificate, now)?;
        let Self { found, padded, id } = self;
        Ok(VerifiedSender { found, padded, id, associated_data: Vec::new() })
    }
}

/// A sealed message whose sender a server has certified. What it carries is for
/// [`Session::decrypt_sealed`](crate::Session::decrypt_sealed), [`Session::accept_sealed`](crate::Session::accept_sealed) or
/// [`GroupSession::decrypt_sealed`](crate::GroupSession::decrypt_sealed), as [`kind`](Self::kind) says.
///
/// The certificate is a server's word. Ask your [`TrustStore`](crate::TrustStore) about the [`party`](Self::party).
#[must_use = "decrypt what it carries"]
pub struct VerifiedSender {
    found: Found,
    padded: Plaintext,
    id: [u8; 32],
    pub(crate) associated_data: Vec<u8>,
}

impl VerifiedSender {
    /// Who sent it: look for the session with them.
    #[must_use]
    pub const fn party(&self) -> &Party {
        &self.found.certificate.party
    }

    /// The associated data that its sender gave with the message inside, if the application uses any.
    pub fn with_associated_data(mut self, associated_data: &[u8]) -> Self {
        self.associated_data = associated_data.to_vec();
        self
    }

    /// What it carries.
    #[must_use]
    pub const fn kind(&self) -> SealedKind {
        self.found.kind
    }

    /// What tells this sealed message from others: the same when the relay delivers it again. Sessions refuse a message that they have
    /// read; nothing but the application refuses a control message.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// The control message, if it is one. Not authenticated by any session: whoever holds our identity key could have made it up, and
    /// the relay can deliver it again until the certificate expires. Look at [`id`](Self::id), ask the trust store, and act on
    /// it only where a lie would do no harm.
    #[must_use]
    pub fn control(&self) -> Option<&[u8]> {
        (self.found.kind == SealedKind::Control).then(|| self.bytes())
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.found.bytes(&self.padded)
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found: _, padded: _, id: _ } = self;
        f.write_str("Opened(..)")
    }
}

impl fmt::Debug for VerifiedSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { found, padded: _, id: _, associated_data: _ } = self;
        write!(f, "VerifiedSender({:?}, {:?})", found.certificate.party, found.kind)
    }
}

/// Why a sealed message did not open. Discard it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// Not for this identity at this address, changed on the way, or not from whom its certificate names.
    Unauthentic,
    /// From our own address: our own copy of a message to a group, which needs no reading, or somebody who claims our address. Nothing
    /// has been verified: do not warn.
    FromOurselves,
    /// What was inside is not what a sender of this version puts there.
    Malformed(DecodeError),
}

impl From<Unauthentic> for OpenError {
    fn from(Unauthentic: Unauthentic) -> Self {
        Self::Unauthentic
    }
}

impl From<DecodeError> for OpenError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}
