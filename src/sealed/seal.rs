//! Sealing, for one recipient and for many. The formulas stand in the module above.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::content::SealedContent;
use super::{Keys, Tagged, digest, masked, name};
use crate::keys::address::Address;
use crate::keys::identity::{Identity, PublicIdentity};
use crate::keys::party::Party;
use crate::keys::time::UnixTime;
use crate::label::Label;
use crate::limits::MAX_RECIPIENTS;
use crate::primitives::aead::{seal_into, sealed_len};
use crate::primitives::{hash, kdf};
use crate::secret::{RandomnessFailed, Secret, Transient};
use crate::wire::certificate::SenderCertificate;
use crate::wire::codec::Writer;
use crate::wire::kind::Kind;
use crate::wire::sealed::{HEAD_LEN, KEY_LEN};

/// A sender: our identity, and what a server says of it. Renew the certificate before it [expires](SenderCertificate::expires).
#[derive(Debug)]
pub struct SealedSender<'a> {
    us: &'a Identity,
    certificate: &'a SenderCertificate,
    /// What stands for us in tags.
    name: [u8; 32],
}

impl<'a> SealedSender<'a> {
    /// Puts the two together.
    ///
    /// # Errors
    /// [`SealError::WrongCertificate`] if it is not for this identity, [`SealError::Expired`] from the
    /// end of the sender certificate on.
    pub fn new(
        us: &'a Identity,
        certificate: &'a SenderCertificate,
        now: UnixTime,
    ) -> Result<Self, SealError> {
        if certificate.party.identity != us.public() {
            return Err(SealError::WrongCertificate);
        }
        if now >= certificate.expires() {
            return Err(SealError::Expired);
        }
        Ok(Self { us, certificate, name: name(&certificate.party) })
    }

    /// Seals for one recipient: what they open, and the relay carries as it is. One of fifteen lengths ([`docs::wire`](crate::docs::wire)).
    /// Draws 32 bytes. A session's message is for its peer:
    /// `Party::from(session.peer())`; sealed for anybody else, nobody can read it.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal<R: TryCryptoRng + ?Sized>(
        &self,
        to: &Party,
        content: SealedContent<'_>,
        rng: &mut R,
    ) -> Result<Vec<u8>, SealError> {
        let mut sealing = self.begin(content, rng)?;
        let mut writer = Writer::begin(Kind::Sealed, HEAD_LEN);
        writer.bytes(sealing.keys.ephemeral.public().as_bytes());
        self.write_key(&mut writer, &sealing, to);
        sealing.shared.splice(..0, writer.finish());
        Ok(sealing.shared)
    }

    /// Seals for many recipients at once: an upload, which the relay reads with [`SealedUpload`](crate::SealedUpload) and cuts into
    /// one message for each. Draws 32 bytes. For group messages and control messages; a message of a session is for one recipient, and
    /// the others could not read it.
    ///
    /// The relay sees the list. A list of a whole group without the sender would name the sender: put our own address on it too, and
    /// [`FromOurselves`](crate::OpenError::FromOurselves) ends what comes back.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal_many<'p, R: TryCryptoRng + ?Sized>(
        &self,
        to: impl IntoIterator<Item = &'p Party>,
        content: SealedContent<'_>,
        rng: &mut R,
    ) -> Result<Vec<u8>, SealError> {
        let recipients = recipients(to)?;
        let sealing = self.begin(content, rng)?;
        let entries = recipients.keys().map(|address| address.encoded_len());
        let len = entries
            .map(|len| len.saturating_add(KEY_LEN))
            .fold(2 + 32 + 4, usize::saturating_add)
            .saturating_add(sealing.shared.len());
        let mut writer = Writer::begin(Kind::SealedUpload, len);
        writer.bytes(sealing.keys.ephemeral.public().as_bytes()).u32_len(recipients.len());
        for (address, party) in recipients {
            writer.address(address);
            self.write_key(&mut writer, &sealing, party);
        }
        writer.bytes(&sealing.shared);
        Ok(writer.finish())
    }

    /// M, what it gives, and the shared part.
    fn begin<R: TryCryptoRng + ?Sized>(
        &self,
        content: SealedContent<'_>,
        rng: &mut R,
    ) -> Result<Sealing, SealError> {
        let padded = content.encode(self.certificate)?;
        let padded = padded.as_bytes();
        // SPEC: R-83. A generator that repeats itself gives the same M only for the same content.
        let terms = hash::sha256(Label::SealedDigest, &[&[0], padded]);
        let m = kdf::hedged(self.us.hedge(), &[Label::HedgeSealed.bytes(), &terms], rng)?;
        let keys = Keys::derive(m.expose());
        let room = sealed_len(padded.len()).saturating_add(HEAD_LEN);
        let mut shared = Vec::with_capacity(room);
        let context = [Label::SealedContent.bytes(), keys.ephemeral.public().as_bytes(), &[]];
        seal_into(&mut shared, keys.content.expose(), &keys.salt, context, padded);
        let digest = digest(&shared);
        Ok(Sealing { m, keys, shared, digest })
    }

    /// C and the tag of one recipient. SPEC: R-82.
    fn write_key(&self, writer: &mut Writer, sealing: &Sealing, to: &Party) {
        let Sealing { m, keys, digest, .. } = sealing;
        let PublicIdentity { agreement: theirs, .. } = &to.identity;
        let (recipient, ephemeral) = (name(to), keys.ephemeral.public());
        let secret: Transient<32> = keys.ephemeral.agree(theirs);
        let masked = masked(m.expose(), &secret, ephemeral, &recipient);
        let masked = masked.expose();
        let sender = &self.name;
        let tagged = Tagged { ephemeral, masked, sender, recipient: &recipient, digest };
        let tag = tagged.tag(&self.us.agreement().agree(theirs));
        writer.bytes(masked).bytes(tag.expose());
    }
}

struct Sealing {
    m: Secret<32>,
    keys: Keys,
    shared: Vec<u8>,
    digest: [u8; 32],
}

/// In the order of their addresses, each once.
fn recipients<'p>(
    to: impl IntoIterator<Item = &'p Party>,
) -> Result<BTreeMap<&'p Address, &'p Party>, SealError> {
    let mut recipients = BTreeMap::new();
    for party in to {
        if recipients.len() >= MAX_RECIPIENTS {
            return Err(SealError::TooManyRecipients);
        }
        if recipients.insert(&party.address, party).is_some() {
            return Err(SealError::DuplicateRecipient);
        }
    }
    if recipients.is_empty() { Err(SealError::NoRecipients) } else { Ok(recipients) }
}

/// Why nothing was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// The certificate is for another identity.
    WrongCertificate,
    /// The certificate has expired: get a new one from the server.
    Expired,
    /// What was given as a message is none of a session's or group's: encrypt first. Never seal a text, or a key for a group.
    NotAMessage,
    /// The content is longer than the largest of [`limits::SEALED_CONTENT`](crate::limits::SEALED_CONTENT), less 401 bytes.
    TooLong,
    /// Nobody to seal for.
    NoRecipients,
    /// More than [`limits::MAX_RECIPIENTS`](crate::limits::MAX_RECIPIENTS). Seal several times.
    TooManyRecipients,
    /// An address is there twice.
    DuplicateRecipient,
    /// The random number generator failed. Try again when it works.
    Randomness,
}

impl From<RandomnessFailed> for SealError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}
