//! Who may say who a sender is: roots certify servers, servers certify senders, and everybody pins the roots.
//!
//! ```text
//! server certificate = root id ‖ server key ‖ validity, signed by the root
//! sender certificate = identity ‖ address ‖ validity ‖ server certificate, signed by the server
//! ```
//!
//! A root's key can stay offline; a server's key can be revoked by its id, and a new root can be pinned beside the old one.
//! Nothing is built in. SPEC: R-80.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use crate::keys::address::Provider;
use crate::keys::identity::InvalidKey;
use crate::keys::party::Party;
use crate::keys::time::UnixTime;
use crate::limits::CLOCK_SKEW;
use crate::primitives::sign::{BadSignature, SigningKey, VerifyingKey};
use crate::secret::{RandomnessFailed, Secret};
use crate::wire::certificate::{CertificateKeyId, SenderCertificate, ServerCertificate, Validity};

/// A key that signs certificates: a root's or a server's. Keep the [`seed`](Self::seed), sealed.
pub struct CertificateKey {
    seed: Secret<32>,
    signing: SigningKey,
}

impl CertificateKey {
    /// Makes a new key. Draws 32 bytes.
    ///
    /// # Errors
    /// [`RandomnessFailed`].
    pub fn generate<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, RandomnessFailed> {
        Secret::random(rng).map(Self::from_seed)
    }

    /// The key that belongs to a seed.
    #[must_use]
    pub fn from_seed(seed: Secret<32>) -> Self {
        let signing = SigningKey::new(&seed);
        Self { seed, signing }
    }

    /// The seed, 32 bytes: whoever has it can certify whom he wants.
    #[must_use]
    pub const fn seed(&self) -> &Secret<32> {
        &self.seed
    }

    /// The public half: of a root, what everybody pins; of a server, what a root certifies.
    #[must_use]
    pub fn public(&self) -> CertificatePublicKey {
        CertificatePublicKey(self.signing.public())
    }

    /// As a root: certifies a server's key, from one time on and before the other. Neither is checked: a validity that ends before it
    /// begins certifies nobody.
    #[must_use]
    pub fn certify(
        &self,
        server: &CertificatePublicKey,
        from: UnixTime,
        until: UnixTime,
    ) -> ServerCertificate {
        let root = self.public().id();
        ServerCertificate::new(root, server.0, (from, until), |text| self.signing.sign(text))
    }
}

impl core::fmt::Debug for CertificateKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { seed: _, signing: _ } = self;
        write!(f, "CertificateKey({:?})", self.public().id())
    }
}

/// The public half of a [`CertificateKey`], 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificatePublicKey(VerifyingKey);

impl CertificatePublicKey {
    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`InvalidKey`] for an encoding that is not canonical, is no point, or is of small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, InvalidKey> {
        VerifyingKey::from_bytes(bytes).map(Self).ok_or(InvalidKey)
    }

    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 32] {
        *self.0.as_bytes()
    }

    /// Its name, 8 bytes.
    #[must_use]
    pub fn id(&self) -> CertificateKeyId {
        CertificateKeyId::of(&self.0)
    }
}

/// A server that issues sender certificates. Whether somebody is who he says is the server's to find out before.
#[derive(Debug)]
pub struct CertificateIssuer {
    key: CertificateKey,
    certificate: ServerCertificate,
}

impl CertificateIssuer {
    /// A server's key, and what a root said of it.
    ///
    /// # Errors
    /// [`IssueError::WrongKey`] if the certificate is for another key.
    pub fn new(key: CertificateKey, certificate: ServerCertificate) -> Result<Self, IssueError> {
        if certificate.key != key.public().0 {
            return Err(IssueError::WrongKey);
        }
        Ok(Self { key, certificate })
    }

    /// Certifies a sender for `lifetime` seconds from `now` on, but not longer than the server itself is certified. Choose
    /// as long as the relay keeps messages for devices that are off, and no longer: a sender certificate cannot be taken back.
    ///
    /// # Errors
    /// [`IssueError`].
    pub fn issue(
        &self,
        sender: &Party,
        now: UnixTime,
        lifetime: u64,
    ) -> Result<SenderCertificate, IssueError> {
        let (from, until) = self.certificate.validity;
        let expires = now.plus(lifetime).min(until);
        if now < from || now >= expires {
            return Err(IssueError::NotCertified);
        }
        let sign = |text: &[u8]| self.key.signing.sign(text);
        let certificate =
            SenderCertificate::new(sender.clone(), (now, expires), self.certificate, sign);
        certificate.ok_or(IssueError::NamesTooLong)
    }
}

/// Why no certificate was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IssueError {
    /// The server certificate is for another key than this one.
    WrongKey,
    /// The server is not certified at this time, or the lifetime is none: get a new server certificate.
    NotCertified,
    /// Provider and user are longer than [`limits::MAX_CERTIFIED_NAMES`](crate::limits::MAX_CERTIFIED_NAMES) bytes together. Use
    /// shorter stable names, or hashes.
    NamesTooLong,
}

/// Whom this device believes: the pinned roots, and which server keys have been revoked.
#[derive(Clone, Debug)]
pub struct TrustRoots {
    /// Each with the provider whose users it speaks for; `None` for all.
    roots: Vec<(CertificatePublicKey, Option<Provider>)>,
    revoked: BTreeSet<CertificateKeyId>,
}

impl TrustRoots {
    /// Roots that speak for every user of every provider: one, or during a rotation the old and the new.
    #[must_use]
    pub fn new(roots: impl IntoIterator<Item = CertificatePublicKey>) -> Self {
        let roots = roots.into_iter().map(|root| (root, None)).collect();
        Self { roots, revoked: BTreeSet::new() }
    }

    /// One more root, which speaks for the users of this provider alone. Where there are several providers, pin all roots so, and
    /// begin with `TrustRoots::new([])`.
    #[must_use]
    pub fn pin_for(mut self, provider: Provider, root: CertificatePublicKey) -> Self {
        self.roots.push((root, Some(provider)));
        self
    }

    /// Believes nothing any more that these server keys have signed.
    #[must_use]
    pub fn revoke(mut self, ids: impl IntoIterator<Item = CertificateKeyId>) -> Self {
        self.revoked.extend(ids);
        self
    }

    /// Checks a certificate against the pinned roots, the revoked keys and the time: for messages
    /// [`Opened::verify`](crate::Opened::verify) does, and a device can check its own before it uses it.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn check(
        &self,
        certificate: &SenderCertificate,
        now: UnixTime,
    ) -> Result<(), CertificateError> {
        let server = &certificate.server;
        let provider = certificate.party.address.provider();
        let speaks_for =
            |for_whom: &Option<Provider>| for_whom.as_ref().is_none_or(|it| it == provider);
        let mut roots = self.roots.iter();
        let root = roots.find(|(root, whom)| root.id() == server.root && speaks_for(whom));
        let (root, _) = root.ok_or(CertificateError::UnknownRoot)?;
        let (statement, signature) = server.statement().ok_or(BadSignature)?;
        root.0.verify(&statement, signature)?;
        if self.revoked.contains(&server.key_id()) {
            return Err(CertificateError::Revoked);
        }
        let (statement, signature) = certificate.statement().ok_or(BadSignature)?;
        server.key.verify(&statement, signature)?;
        check_time(server.validity, now)?;
        check_time(certificate.validity, now)
    }
}

fn check_time((from, until): Validity, now: UnixTime) -> Result<(), CertificateError> {
    if now.plus(CLOCK_SKEW) < from {
        return Err(CertificateError::NotYetValid);
    }
    if now >= until { Err(CertificateError::Expired) } else { Ok(()) }
}

/// Why a certificate is not believed. The sender stays unknown; discard the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// The root that certified the server is not pinned, or not for users of this provider.
    UnknownRoot,
    /// A signature is not of the key that should have made it.
    BadSignature,
    /// The server's key has been revoked.
    Revoked,
    /// The certificate, or the server's, was made more than [`limits::CLOCK_SKEW`](crate::limits::CLOCK_SKEW) seconds in the
    /// future: check the clock.
    NotYetValid,
    /// The certificate, or the server's, has expired: the sender needs a new one, or the message was long on its way.
    Expired,
}

impl From<BadSignature> for CertificateError {
    fn from(_: BadSignature) -> Self {
        Self::BadSignature
    }
}
