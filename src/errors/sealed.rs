//! What the errors of fingerprints, trust and sealed sender say.

use core::error::Error;
use core::fmt::{Display, Formatter, Result};

use super::RANDOMNESS;
use crate::fingerprint::CompareError;
use crate::fingerprint::trust::TrustError;
use crate::sealed::certificate::{CertificateError, IssueError};
use crate::sealed::open::OpenError;
use crate::sealed::seal::SealError;
use crate::session::SealedError;

impl Error for CompareError {}
impl Display for CompareError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::NotANumber => "not 60 digits",
            Self::Malformed(error) => return write!(f, "not a safety number's code: {error}"),
            Self::Different => "the safety numbers differ",
        })
    }
}

impl Error for TrustError {}
impl Display for TrustError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::IdentityChanged => "another identity is known at this address",
            Self::Full => "too many parties are known",
        })
    }
}

impl Error for IssueError {}
impl Display for IssueError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::WrongKey => "the server certificate is for another key",
            Self::NotCertified => "the server is not certified at this time",
            Self::NamesTooLong => "the address is too long for a certificate",
        })
    }
}

impl Error for CertificateError {}
impl Display for CertificateError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::UnknownRoot => "the root is not pinned",
            Self::BadSignature => "a certificate's signature is wrong",
            Self::Revoked => "the server's key has been revoked",
            Self::NotYetValid => "a certificate was made in the future",
            Self::Expired => "a certificate has expired",
        })
    }
}

impl Error for SealError {}
impl Display for SealError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::WrongCertificate => "the certificate is for another identity",
            Self::NotAMessage => "not a message of a session or group",
            Self::TooLong => "the content is too long",
            Self::NoRecipients => "there are no recipients",
            Self::TooManyRecipients => "there are too many recipients",
            Self::DuplicateRecipient => "a recipient is there twice",
            Self::Expired => "the certificate has expired",
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for OpenError {}
impl Display for OpenError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Unauthentic => f.write_str("the message is not authentic"),
            Self::FromOurselves => f.write_str("the message is from our own address"),
            Self::Malformed(error) => write!(f, "the content is malformed: {error}"),
        }
    }
}

impl<E: Error> Error for SealedError<E> {}
impl<E: Display> Display for SealedError<E> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::WrongKind => f.write_str("the content is of another kind"),
            Self::WrongSender => f.write_str("the content is not from who sealed it"),
            Self::Refused(error) => error.fmt(f),
        }
    }
}
