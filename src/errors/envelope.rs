//! The errors of encryption at rest.

use core::error::Error;
use core::fmt::{Display, Formatter, Result};

use super::RANDOMNESS;
use crate::envelope::context::ContextError;
use crate::envelope::kek::{KekError, ReferenceTooLong};
use crate::envelope::keyring::{KeyringError, OpenKeyringError, RebindError, RewrapError};
use crate::envelope::password::ParametersOutOfBounds;
#[cfg(feature = "password")]
use crate::envelope::password::PassphraseError;
use crate::envelope::record::{RecordError, SealRecordError};
use crate::envelope::wrap::{UnwrapError, WrapError};

const NOT_OPENED: &str = "the record does not open";
const OUT_OF_MEMORY: &str = "there is not enough memory to stretch the passphrase";
const REFERENCE_TOO_LONG: &str = "the name of the wrapping key is too long";
const OUT_OF_BOUNDS: &str = "the parameters of Argon2id are out of bounds";

impl Error for ContextError {}
impl Display for ContextError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Twice => "the context says this already",
            Self::TooLong => "the context is too long",
            Self::NoSuchNumber => "the application's number is above 127",
        })
    }
}

impl Error for KekError {}
impl Display for KekError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Unavailable => "the key service does not answer",
            Self::Denied => "the key service does not allow it",
            Self::Invalid => "the key service does not know the key",
        })
    }
}

impl Error for ReferenceTooLong {}
impl Display for ReferenceTooLong {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(REFERENCE_TOO_LONG)
    }
}

impl Error for ParametersOutOfBounds {}
impl Display for ParametersOutOfBounds {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(OUT_OF_BOUNDS)
    }
}

#[cfg(feature = "password")]
impl Error for PassphraseError {}
#[cfg(feature = "password")]
impl Display for PassphraseError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Empty => "the passphrase is empty",
            Self::TooLong => "the passphrase is too long",
        })
    }
}

impl Error for SealRecordError {}
impl Display for SealRecordError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::TooLong => "the data is too long for a record",
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for RecordError {}
impl Display for RecordError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(NOT_OPENED)
    }
}

impl Error for RebindError {}
impl Display for RebindError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::NotOpened => NOT_OPENED,
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for WrapError {}
impl Display for WrapError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::ReferenceTooLong => REFERENCE_TOO_LONG,
            Self::OutOfMemory => OUT_OF_MEMORY,
            Self::Kek(error) => return error.fmt(f),
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for UnwrapError {}
impl Display for UnwrapError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::WrongKek => "the key was wrapped with something else",
            Self::WrongKeyOrContext => "the passphrase, code or key is wrong, or the wrapped key was changed or is of something else",
            Self::OutOfBounds => OUT_OF_BOUNDS,
            Self::OutOfMemory => OUT_OF_MEMORY,
            Self::Destroyed => "the root key that wrapped it has been destroyed",
            Self::Kek(error) => return error.fmt(f),
        })
    }
}

impl Error for RewrapError {}
impl Display for RewrapError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Unwrap(error) => error.fmt(f),
            Self::Wrap(error) => error.fmt(f),
        }
    }
}

impl Error for KeyringError {}
impl Display for KeyringError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::WrongState => "the root key is in another state",
            Self::Full => "the keyring has had too many root keys",
            Self::Wrap(error) => return error.fmt(f),
        })
    }
}

impl Error for OpenKeyringError {}
impl Display for OpenKeyringError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Malformed(error) => return write!(f, "not a keyring: {error}"),
            Self::Unwrap(error) => return error.fmt(f),
            Self::Unauthentic => "the keyring is not authentic",
            Self::Stale => "the keyring is older than expected",
            Self::MadeByAnybody => "anybody can have made the keyring",
        })
    }
}
