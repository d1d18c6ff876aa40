//! The errors of recovery codes, archives and what is shared by a code.

use core::error::Error;
use core::fmt::{Display, Formatter, Result};

use super::RANDOMNESS;
use super::file::{DUPLICATE, NOT_PLAIN};
use crate::envelope::archive::open::ArchiveError;
use crate::envelope::archive::seal::{NewArchiveError, SealArchiveError};
use crate::envelope::compatible::CompatibleError;
use crate::envelope::media::MediaError;
use crate::envelope::recovery::code::{RecoveryCodeError, UnlockError};
use crate::envelope::recovery::{OpenRecoveryError, RecoverySetError};
use crate::envelope::share::ShareCodeError;
use crate::envelope::totp::TotpError;

const CODE_OUT_OF_MEMORY: &str = "there is not enough memory to stretch the code";
const EXHAUSTED: &str = "there have been too many changes";
const TOO_WEAK: &str = "short codes are to be stretched more";

impl Error for RecoveryCodeError {}
impl Display for RecoveryCodeError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::NotALetter => "there is a letter in the code that no code has",
            Self::WrongLength => "the code is too short or too long",
            Self::Mistyped => "the code is mistyped",
            Self::UnsupportedVersion => "the code is of a version that is not supported",
        })
    }
}

impl Error for UnlockError {}
impl Display for UnlockError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::WrongForm => "the code is of another set",
            Self::TooWeak => TOO_WEAK,
            Self::OutOfMemory => CODE_OUT_OF_MEMORY,
        })
    }
}

impl Error for RecoverySetError {}
impl Display for RecoverySetError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::InvalidCount => "a set has 1 to 32 codes",
            Self::NotUnused => "the code has been used or revoked, or there is none",
            Self::Exhausted => EXHAUSTED,
            Self::TooWeak => TOO_WEAK,
            Self::OutOfMemory => CODE_OUT_OF_MEMORY,
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for OpenRecoveryError {}
impl Display for OpenRecoveryError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Malformed(error) => return write!(f, "not a recovery set: {error}"),
            Self::OutOfBounds => "the parameters of Argon2id are out of bounds",
            Self::WrongSet => "the code is of another set",
            Self::Used => "the code has been used before",
            Self::Revoked => "the code has been revoked",
            Self::Unauthentic => "the recovery set is not authentic",
            Self::Stale => "the recovery set is older than expected",
        })
    }
}

impl Error for NewArchiveError {}
impl Display for NewArchiveError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::TooLong => "the data is too long for an archive",
            Self::TooMany => "the archive has too many recipients",
            Self::Duplicate => DUPLICATE,
            Self::NotPlain => NOT_PLAIN,
            Self::Exhausted => EXHAUSTED,
            Self::NoRecipients => "the archive has no recipients",
            Self::Wrap(error) => return error.fmt(f),
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for SealArchiveError {}
impl Display for SealArchiveError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("the content is longer or shorter than was announced")
    }
}

impl Error for ArchiveError {}
impl Display for ArchiveError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::WrongKeyOrContext => "the archive's body belongs to another header",
            Self::Corrupt { chunk } => return write!(f, "the archive is damaged in chunk {chunk}"),
            Self::Truncated => "the archive ends too early",
            Self::UnauthenticHeader => "the archive's header is not authentic",
            Self::WrongArchive => "the archive is of another series",
            Self::Stale => "the archive is older than expected",
            Self::BrokenChain => "the archive does not follow the one before it",
            Self::Unsupported => "the version of the archive is not supported",
            Self::Malformed(error) => return write!(f, "not an archive: {error}"),
            Self::Limit => "the archive is beyond the limits",
            Self::Unwrap(error) => return error.fmt(f),
        })
    }
}

impl Error for ShareCodeError {}
impl Display for ShareCodeError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::NoColon => "there is no colon in the code",
            Self::InvalidRoom => "a room's id has 1 to 255 bytes",
            Self::NotCanonical => "the key in the code is not canonical base64url",
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for CompatibleError {}
impl Display for CompatibleError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Exhausted => "there have been too many messages in the room",
            Self::TooLong => "the message is too long",
            Self::NotCanonical => "not canonical base64url",
            Self::Unauthentic => "the message is not authentic",
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for MediaError {}
impl Display for MediaError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::WrongCall => "the key is of another call",
            Self::Stale => "the key is not newer than the one in use",
            Self::TooFar => "the key is too far ahead of the one in use",
        })
    }
}

impl Error for TotpError {}
impl Display for TotpError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Invalid => "the length, digits or period of one-time passwords are out of bounds",
            Self::WrongPurpose => "the context is of another purpose",
            Self::NotOpened => "the record does not open",
            Self::Malformed(error) => {
                return write!(f, "not a secret of one-time passwords: {error}");
            }
            Self::Randomness => RANDOMNESS,
        })
    }
}
