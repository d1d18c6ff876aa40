//! What each error says to a person: one line, nothing secret, nothing that a peer has chosen. SPEC: R-130.
//!
//! What a caller should do stands at each variant.

mod envelope;
mod file;
mod group;
mod people;
mod recovery;
mod sealed;

use core::error::Error;
use core::fmt::{Display, Formatter, Result};

use crate::keys::address::AddressError;
use crate::keys::identity::InvalidKey;
use crate::keys::prekey::{BundleError, PreKeyKind};
use crate::limits::LimitTooHigh;
use crate::ratchet::decrypt::DecryptError;
use crate::ratchet::encrypt::EncryptError;
use crate::secret::RandomnessFailed;
use crate::session::{AcceptError, ExportError};
use crate::wire::codec::DecodeError;
use crate::wire::snapshot::RestoreError;
use crate::x3dh::agree::InitiateError;
use crate::x3dh::context::ApplicationTooLong;
use crate::x3dh::store::PreKeyError;

const RANDOMNESS: &str = "the random number generator failed";
const SUITE_REFUSED: &str = "the suite is not acceptable";
const IDENTITY_CHANGED: &str = "the peer's identity is not the pinned one";
const OWN_IDENTITY: &str = "the peer's identity is our own";

impl Error for AddressError {}
impl Display for AddressError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::TooLong => "the name is longer than 255 bytes",
            Self::Empty => "the user's name is empty",
        })
    }
}

impl Error for InvalidKey {}
impl Display for InvalidKey {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("not an acceptable public key")
    }
}

impl Error for LimitTooHigh {}
impl Display for LimitTooHigh {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("the limit is above its hard maximum")
    }
}

impl Error for RandomnessFailed {}
impl Display for RandomnessFailed {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(RANDOMNESS)
    }
}

impl Error for ApplicationTooLong {}
impl Display for ApplicationTooLong {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("the application context is too long")
    }
}

impl Error for ExportError {}
impl Display for ExportError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::TooLong => f.write_str("the label or context is too long"),
        }
    }
}

impl Display for PreKeyKind {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Signed => "signed pre-key",
            Self::OneTime => "one-time pre-key",
            Self::KemOneTime => "one-time KEM pre-key",
            Self::KemLastResort => "last-resort KEM pre-key",
        })
    }
}

impl Error for BundleError {}
impl Display for BundleError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::BadSignature(kind) => write!(f, "the {kind} is not signed by the identity"),
            Self::NotYetValid(kind) => write!(f, "the {kind} was made in the future"),
            Self::Expired(kind) => write!(f, "the {kind} has expired"),
        }
    }
}

impl Error for DecodeError {}
impl Display for DecodeError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Truncated => "the bytes end too early",
            Self::TrailingBytes => "bytes are left over",
            Self::TooLong => "the message is too long",
            Self::UnsupportedVersion => "the version is not supported",
            Self::WrongKind => "not the expected format",
            Self::UnsupportedSuite => "the suite is not supported",
            Self::InvalidFlags => "an unknown flag is set",
            Self::InvalidKey => "not an acceptable public key",
            Self::TooMany => "too many entries",
            Self::NotCanonical => "not the canonical encoding",
            Self::Corrupted => "the checksum is wrong",
        })
    }
}

impl Error for PreKeyError {}
impl Display for PreKeyError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::WrongIdentity => "the pre-keys belong to another identity",
            Self::TooMany => "too many one-time pre-keys",
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for InitiateError {}
impl Display for InitiateError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::SuiteRefused => SUITE_REFUSED,
            Self::IdentityChanged => IDENTITY_CHANGED,
            Self::OwnIdentity => OWN_IDENTITY,
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for AcceptError {}
impl Display for AcceptError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::WrongKind => "the message is for the record of a device",
            Self::WrongIdentity => "the pre-keys belong to another identity",
            Self::SuiteRefused => SUITE_REFUSED,
            Self::IdentityChanged => IDENTITY_CHANGED,
            Self::OwnIdentity => OWN_IDENTITY,
            Self::UnknownPreKey(kind) => return write!(f, "the {kind} is not in the store"),
            Self::SignedPreKeyExpired => "the signed pre-key has expired",
            Self::TooFarAhead => "too many messages are missing before this one",
            Self::Unauthentic => "the message is not authentic",
            Self::Replayed => "the handshake was accepted before",
            Self::ReplayRecordFull => "the replay record is full",
        })
    }
}

impl Error for EncryptError {}
impl Display for EncryptError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::TooLong => "the message is too long",
            Self::WrongPeer => "the key is for another member",
            Self::ChainExhausted => "too many messages without a reply",
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for DecryptError {}
impl Display for DecryptError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Malformed(error) => return write!(f, "not a message: {error}"),
            Self::WrongSession => "the message belongs to another session",
            Self::TooFarAhead => "too many messages are missing before this one",
            Self::Duplicate => "the message was read before",
            Self::Forgotten => "the message is too late: its key is no longer kept",
            Self::Unauthentic => "the message is not authentic",
        })
    }
}

impl Error for RestoreError {}
impl Display for RestoreError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Malformed(error) => write!(f, "not a snapshot: {error}"),
            Self::Stale => f.write_str("the snapshot is older than what was stored last"),
        }
    }
}
