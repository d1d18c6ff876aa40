//! Certificates for sealed sender: who the server says a sender is. Layout in `docs/wire.md`.
//!
//! All of one length each, so that they tell nothing by it. SPEC: R-84. What is signed are the bytes as received, everything
//! before the signature.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::codec::{DecodeError, Reader, Writer, joined};
use super::kind::Kind;
use crate::keys::address::Address;
use crate::keys::party::Party;
use crate::keys::time::UnixTime;
use crate::label::Label;
use crate::limits::MAX_CERTIFIED_NAMES;
use crate::primitives::hash;
use crate::primitives::sign::VerifyingKey;

const SIGNATURE_LEN: usize = 64;
const SERVER_LEN: usize = 2 + 8 + 32 + 8 + 8 + SIGNATURE_LEN;
const ADDRESS_LEN: usize = MAX_CERTIFIED_NAMES + Address::FIXED_LEN;
const SENDER_LEN: usize = 2 + 64 + ADDRESS_LEN + 8 + 8 + SERVER_LEN + SIGNATURE_LEN;

/// The name of a certificate key: 8 bytes of a hash of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateKeyId(pub(crate) [u8; 8]);

impl CertificateKeyId {
    /// From the bytes, as they stand in a revocation list.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    pub(crate) fn of(key: &VerifyingKey) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = hash::sha256(Label::CertificateKeyId, &[key.as_bytes()]);
        Self([a, b, c, d, e, f, g, h])
    }
}

/// What is signed, and the signature.
pub(crate) type Statement<'a> = (Vec<u8>, &'a [u8; SIGNATURE_LEN]);

/// When something is valid: from the first on, and before the second.
pub(crate) type Validity = (UnixTime, UnixTime);

/// What a root says of a server's key: until when it may issue sender certificates. 122 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ServerCertificate {
    bytes: [u8; SERVER_LEN],
    pub(crate) root: CertificateKeyId,
    pub(crate) key: VerifyingKey,
    pub(crate) validity: Validity,
}

impl ServerCertificate {
    /// Length, in bytes.
    pub const LEN: usize = SERVER_LEN;

    /// Reads what [`as_bytes`](Self::as_bytes) gave. Whether to believe it, only a verified message says.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::begin(bytes, Kind::ServerCertificate)?;
        let root = CertificateKeyId(*reader.array()?);
        let key = VerifyingKey::from_bytes(reader.array()?).ok_or(DecodeError::InvalidKey)?;
        let validity = (reader.time()?, reader.time()?);
        let _signature: &[u8; SIGNATURE_LEN] = reader.array()?;
        reader.finish(())?;
        let bytes = *bytes.first_chunk().ok_or(DecodeError::Truncated)?;
        Ok(Self { bytes, root, key, validity })
    }

    /// From when on nothing is accepted that the server has issued: certify its key again before.
    #[must_use]
    pub const fn expires(&self) -> UnixTime {
        self.validity.1
    }

    /// The bytes to store and to send.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SERVER_LEN] {
        &self.bytes
    }

    /// The name of the server's key, to revoke it by.
    #[must_use]
    pub fn key_id(&self) -> CertificateKeyId {
        CertificateKeyId::of(&self.key)
    }

    /// `sign` is given the statement.
    pub(crate) fn new(
        root: CertificateKeyId,
        key: VerifyingKey,
        validity: Validity,
        sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_LEN],
    ) -> Self {
        let mut writer = Writer::begin(Kind::ServerCertificate, SERVER_LEN - SIGNATURE_LEN);
        writer.bytes(&root.0).bytes(key.as_bytes()).time(validity.0).time(validity.1);
        Self {
            bytes: signed(&writer.finish(), Label::CertificateServer, sign),
            root,
            key,
            validity,
        }
    }

    pub(crate) fn statement(&self) -> Option<Statement<'_>> {
        statement(&self.bytes, Label::CertificateServer)
    }
}

/// What a server says of a sender: this address has this identity, for a while. 396 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SenderCertificate {
    bytes: Box<[u8; SENDER_LEN]>,
    pub(crate) party: Party,
    pub(crate) validity: Validity,
    pub(crate) server: ServerCertificate,
}

impl SenderCertificate {
    /// Length, in bytes.
    pub const LEN: usize = SENDER_LEN;

    /// Reads what [`as_bytes`](Self::as_bytes) gave. Whether to believe it, only a verified message says.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::begin(bytes, Kind::SenderCertificate)?;
        let identity = reader.identity()?;
        let mut field = Reader::new(reader.slice(ADDRESS_LEN)?);
        let address = field.address().map_err(|_| DecodeError::NotCanonical)?;
        if field.rest().iter().any(|byte| *byte != 0) {
            return Err(DecodeError::NotCanonical);
        }
        let validity = (reader.time()?, reader.time()?);
        let server = ServerCertificate::decode(reader.slice(SERVER_LEN)?)?;
        let _signature: &[u8; SIGNATURE_LEN] = reader.array()?;
        reader.finish(())?;
        let bytes = Box::new(*bytes.first_chunk().ok_or(DecodeError::Truncated)?);
        Ok(Self { bytes, party: Party::new(address, identity), validity, server })
    }

    /// The bytes to send to the device that it is about.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SENDER_LEN] {
        &self.bytes
    }

    /// From when on it is not accepted any more: get another one before.
    #[must_use]
    pub const fn expires(&self) -> UnixTime {
        self.validity.1
    }

    /// `None` if the names are longer than [`MAX_CERTIFIED_NAMES`]. `sign` is given the statement.
    pub(crate) fn new(
        party: Party,
        validity: Validity,
        server: ServerCertificate,
        sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_LEN],
    ) -> Option<Self> {
        let address = party.address.encode();
        let padding = ADDRESS_LEN.checked_sub(address.len())?;
        let mut writer = Writer::begin(Kind::SenderCertificate, SENDER_LEN - SIGNATURE_LEN);
        writer.bytes(&party.identity.to_bytes()).bytes(&address).zeros(padding);
        writer.time(validity.0).time(validity.1).bytes(&server.bytes);
        let bytes = Box::new(signed(&writer.finish(), Label::CertificateSender, sign));
        Some(Self { bytes, party, validity, server })
    }

    pub(crate) fn statement(&self) -> Option<Statement<'_>> {
        statement(&self.bytes, Label::CertificateSender)
    }
}

/// The body and its signature, put together.
fn signed<const N: usize>(
    body: &[u8],
    label: Label,
    sign: impl FnOnce(&[u8]) -> [u8; SIGNATURE_LEN],
) -> [u8; N] {
    let signature = sign(&[label.bytes(), body].concat());
    joined(&[body, &signature])
}

/// What a signature covers, and the signature.
fn statement<const N: usize>(bytes: &[u8; N], label: Label) -> Option<Statement<'_>> {
    let (body, signature) = bytes.split_last_chunk()?;
    Some(([label.bytes(), body].concat(), signature))
}

impl fmt::Debug for ServerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes: _, root, key: _, validity } = self;
        write!(f, "ServerCertificate({:?}, root {root:?}, {validity:?})", self.key_id())
    }
}

impl fmt::Debug for SenderCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bytes: _, party, validity, server } = self;
        write!(f, "SenderCertificate({party:?}, {validity:?}, {server:?})")
    }
}
