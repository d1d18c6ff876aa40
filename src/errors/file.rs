//! The errors of files.

use core::error::Error;
use core::fmt::{Display, Formatter, Result};

use super::RANDOMNESS;
use crate::envelope::file::open::FileError;
use crate::envelope::file::pointer::AttachmentError;
use crate::envelope::file::recipients::FileRecipientsError;
use crate::envelope::file::seal::SealFileError;

pub(super) const DUPLICATE: &str = "two recipients that are named alike";
pub(super) const NOT_PLAIN: &str = "a root key, or a key for another purpose";

impl Error for FileError {}
impl Display for FileError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::WrongKeyOrContext => "the key or the context is not the file's",
            Self::Corrupt { chunk } => return write!(f, "the file is damaged in chunk {chunk}"),
            Self::Truncated => "the file ends too early",
            Self::WrongDigest => "not the object that the pointer names",
            Self::UnauthenticHeader => "the file's header is not authentic",
            Self::Unsupported => "a newer version has written the file",
            Self::Malformed(error) => return write!(f, "not a file's header: {error}"),
            Self::Limit => "longer than the file, or than a file can be",
            Self::Unwrap(error) => return error.fmt(f),
        })
    }
}

impl Error for SealFileError {}
impl Display for SealFileError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::TooLong => "longer than a file can be",
            Self::Randomness => RANDOMNESS,
        })
    }
}

impl Error for FileRecipientsError {}
impl Display for FileRecipientsError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::Duplicate => DUPLICATE,
            Self::NotPlain => NOT_PLAIN,
            Self::NoRoom => "the file's header has no room for another recipient",
            Self::Wrap(error) => return error.fmt(f),
        })
    }
}

impl Error for AttachmentError {}
impl Display for AttachmentError {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            Self::MediaType => "the media type is too long or not printable",
            Self::Length => "the digest is of something else",
            Self::Duplicate => "the pointer has this derivative already",
            Self::TooMany => "too many derivatives",
        })
    }
}
