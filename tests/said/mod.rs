//! What each error of encryption at rest says, variant by variant.

use core::any::type_name;
use core::error::Error;

use confidant::{
    ArchiveError, AttachmentError, CompatibleError, ContextError, DecodeError, FileError,
    FileRecipientsError, KekError, KeyringError, MediaError, NewArchiveError, OpenKeyringError,
    OpenRecoveryError, ParametersOutOfBounds, RebindError, RecordError, RecoveryCodeError,
    RecoverySetError, ReferenceTooLong, RewrapError, SealArchiveError, SealFileError,
    SealRecordError, ShareCodeError, TotpError, UnlockError, UnwrapError, WrapError,
};

/// An error by type and variant, what it says, and what it is to say.
pub struct Said {
    pub name: String,
    pub text: String,
    pub expected: &'static str,
}

pub fn all() -> Vec<Said> {
    [records(), keys(), passphrases(), keyrings(), files(), codes(), archives(), shared()]
        .into_iter()
        .flatten()
        .collect()
}

fn says<E: Error>(error: E, expected: &'static str) -> Said {
    let kind = type_name::<E>().rsplit("::").next().unwrap_or_default();
    let shown = format!("{error:?}");
    let variant = shown.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let name = if variant == kind { kind.to_owned() } else { format!("{kind}::{variant}") };
    Said { name, text: error.to_string(), expected }
}

const RANDOMNESS: &str = "the random number generator failed";
const STRETCHING: &str = "there is not enough memory to stretch the passphrase";
const STRETCHING_A_CODE: &str = "there is not enough memory to stretch the code";
const NAME: &str = "the name of the wrapping key is too long";
const BOUNDS: &str = "the parameters of Argon2id are out of bounds";
const NOT_OPENED: &str = "the record does not open";
const DOES_NOT_OPEN: &str =
    "the passphrase, code or key is wrong, or the wrapped key was changed or is of something else";
const DENIED: &str = "the key service does not allow it";
const ALIKE: &str = "two recipients that are named alike";
const NOT_PLAIN: &str = "a root key, or a key for another purpose";
const EXHAUSTED: &str = "there have been too many changes";
const WEAK: &str = "short codes are to be stretched more";
const BASE64: &str = "not canonical base64url";

const DENIED_TO_WRAP: WrapError = WrapError::Kek(KekError::Denied);
const DENIED_TO_UNWRAP: UnwrapError = UnwrapError::Kek(KekError::Denied);

fn records() -> Vec<Said> {
    vec![
        says(ContextError::Twice, "the context says this already"),
        says(ContextError::TooLong, "the context is too long"),
        says(ContextError::NoSuchNumber, "the application's number is above 127"),
        says(SealRecordError::TooLong, "the data is too long for a record"),
        says(SealRecordError::Randomness, RANDOMNESS),
        says(RecordError, NOT_OPENED),
        says(RebindError::NotOpened, NOT_OPENED),
        says(RebindError::Randomness, RANDOMNESS),
    ]
}

fn keys() -> Vec<Said> {
    vec![
        says(KekError::Unavailable, "the key service does not answer"),
        says(KekError::Denied, DENIED),
        says(KekError::Invalid, "the key service does not know the key"),
        says(ReferenceTooLong, NAME),
        says(ParametersOutOfBounds, BOUNDS),
        says(WrapError::ReferenceTooLong, NAME),
        says(WrapError::OutOfMemory, STRETCHING),
        says(DENIED_TO_WRAP, DENIED),
        says(WrapError::Randomness, RANDOMNESS),
        says(UnwrapError::WrongKek, "the key was wrapped with something else"),
        says(UnwrapError::WrongKeyOrContext, DOES_NOT_OPEN),
        says(UnwrapError::OutOfBounds, BOUNDS),
        says(UnwrapError::OutOfMemory, STRETCHING),
        says(UnwrapError::Destroyed, "the root key that wrapped it has been destroyed"),
        says(DENIED_TO_UNWRAP, DENIED),
        says(RewrapError::Unwrap(DENIED_TO_UNWRAP), DENIED),
        says(RewrapError::Wrap(DENIED_TO_WRAP), DENIED),
    ]
}

#[cfg(feature = "password")]
fn passphrases() -> Vec<Said> {
    use confidant::PassphraseError;
    vec![
        says(PassphraseError::Empty, "the passphrase is empty"),
        says(PassphraseError::TooLong, "the passphrase is too long"),
    ]
}

/// Without the feature they are not there to be asked.
#[cfg(not(feature = "password"))]
fn passphrases() -> Vec<Said> {
    let said = |variant: &str| {
        let name = format!("PassphraseError::{variant}");
        Said { name, text: "it is not there".to_owned(), expected: "it is not there" }
    };
    vec![said("Empty"), said("TooLong")]
}

fn keyrings() -> Vec<Said> {
    vec![
        says(KeyringError::WrongState, "the root key is in another state"),
        says(KeyringError::Full, "the keyring has had too many root keys"),
        says(KeyringError::Wrap(DENIED_TO_WRAP), DENIED),
        says(
            OpenKeyringError::Malformed(DecodeError::WrongKind),
            "not a keyring: not the expected format",
        ),
        says(OpenKeyringError::Unwrap(DENIED_TO_UNWRAP), DENIED),
        says(OpenKeyringError::Unauthentic, "the keyring is not authentic"),
        says(OpenKeyringError::Stale, "the keyring is older than expected"),
        says(OpenKeyringError::MadeByAnybody, "anybody can have made the keyring"),
    ]
}

fn files() -> Vec<Said> {
    vec![
        says(FileError::WrongKeyOrContext, "the key or the context is not the file's"),
        says(FileError::Corrupt { chunk: 7 }, "the file is damaged in chunk 7"),
        says(FileError::Truncated, "the file ends too early"),
        says(FileError::WrongDigest, "not the object that the pointer names"),
        says(FileError::UnauthenticHeader, "the file's header is not authentic"),
        says(FileError::Unsupported, "a newer version has written the file"),
        says(
            FileError::Malformed(DecodeError::WrongKind),
            "not a file's header: not the expected format",
        ),
        says(FileError::Limit, "longer than the file, or than a file can be"),
        says(FileError::Unwrap(DENIED_TO_UNWRAP), DENIED),
        says(SealFileError::TooLong, "longer than a file can be"),
        says(SealFileError::Randomness, RANDOMNESS),
        says(FileRecipientsError::Duplicate, ALIKE),
        says(FileRecipientsError::NotPlain, NOT_PLAIN),
        says(FileRecipientsError::NoRoom, "the file's header has no room for another recipient"),
        says(FileRecipientsError::Wrap(DENIED_TO_WRAP), DENIED),
        says(AttachmentError::MediaType, "the media type is too long or not printable"),
        says(AttachmentError::Length, "the digest is of something else"),
        says(AttachmentError::Duplicate, "the pointer has this derivative already"),
        says(AttachmentError::TooMany, "too many derivatives"),
    ]
}

fn codes() -> Vec<Said> {
    vec![
        says(RecoveryCodeError::NotALetter, "there is a letter in the code that no code has"),
        says(RecoveryCodeError::WrongLength, "the code is too short or too long"),
        says(RecoveryCodeError::Mistyped, "the code is mistyped"),
        says(
            RecoveryCodeError::UnsupportedVersion,
            "the code is of a version that is not supported",
        ),
        says(UnlockError::WrongForm, "the code is of another set"),
        says(UnlockError::TooWeak, WEAK),
        says(UnlockError::OutOfMemory, STRETCHING_A_CODE),
        says(RecoverySetError::InvalidCount, "a set has 1 to 32 codes"),
        says(RecoverySetError::NotUnused, "the code has been used or revoked, or there is none"),
        says(RecoverySetError::Exhausted, EXHAUSTED),
        says(RecoverySetError::TooWeak, WEAK),
        says(RecoverySetError::OutOfMemory, STRETCHING_A_CODE),
        says(RecoverySetError::Randomness, RANDOMNESS),
        says(
            OpenRecoveryError::Malformed(DecodeError::WrongKind),
            "not a recovery set: not the expected format",
        ),
        says(OpenRecoveryError::OutOfBounds, BOUNDS),
        says(OpenRecoveryError::WrongSet, "the code is of another set"),
        says(OpenRecoveryError::Used, "the code has been used before"),
        says(OpenRecoveryError::Revoked, "the code has been revoked"),
        says(OpenRecoveryError::Unauthentic, "the recovery set is not authentic"),
        says(OpenRecoveryError::Stale, "the recovery set is older than expected"),
    ]
}

fn archives() -> Vec<Said> {
    vec![
        says(NewArchiveError::TooLong, "the data is too long for an archive"),
        says(NewArchiveError::TooMany, "the archive has too many recipients"),
        says(NewArchiveError::Duplicate, ALIKE),
        says(NewArchiveError::NotPlain, NOT_PLAIN),
        says(NewArchiveError::Exhausted, EXHAUSTED),
        says(NewArchiveError::NoRecipients, "the archive has no recipients"),
        says(NewArchiveError::Wrap(DENIED_TO_WRAP), DENIED),
        says(NewArchiveError::Randomness, RANDOMNESS),
        says(SealArchiveError, "the content is longer or shorter than was announced"),
        says(ArchiveError::WrongKeyOrContext, "the archive's body belongs to another header"),
        says(ArchiveError::Corrupt { chunk: 7 }, "the archive is damaged in chunk 7"),
        says(ArchiveError::Truncated, "the archive ends too early"),
        says(ArchiveError::UnauthenticHeader, "the archive's header is not authentic"),
        says(ArchiveError::WrongArchive, "the archive is of another series"),
        says(ArchiveError::Stale, "the archive is older than expected"),
        says(ArchiveError::BrokenChain, "the archive does not follow the one before it"),
        says(ArchiveError::Unsupported, "the version of the archive is not supported"),
        says(
            ArchiveError::Malformed(DecodeError::WrongKind),
            "not an archive: not the expected format",
        ),
        says(ArchiveError::Limit, "the archive is beyond the limits"),
        says(ArchiveError::Unwrap(DENIED_TO_UNWRAP), DENIED),
    ]
}

fn shared() -> Vec<Said> {
    vec![
        says(ShareCodeError::NoColon, "there is no colon in the code"),
        says(ShareCodeError::InvalidRoom, "a room's id has 1 to 255 bytes"),
        says(ShareCodeError::NotCanonical, "the key in the code is not canonical base64url"),
        says(ShareCodeError::Randomness, RANDOMNESS),
        says(CompatibleError::Exhausted, "there have been too many messages in the room"),
        says(CompatibleError::TooLong, "the message is too long"),
        says(CompatibleError::NotCanonical, BASE64),
        says(CompatibleError::Unauthentic, "the message is not authentic"),
        says(CompatibleError::Randomness, RANDOMNESS),
        says(MediaError::WrongCall, "the key is of another call"),
        says(MediaError::Stale, "the key is not newer than the one in use"),
        says(MediaError::TooFar, "the key is too far ahead of the one in use"),
        says(
            TotpError::Invalid,
            "the length, digits or period of one-time passwords are out of bounds",
        ),
        says(TotpError::WrongPurpose, "the context is of another purpose"),
        says(TotpError::NotOpened, NOT_OPENED),
        says(
            TotpError::Malformed(DecodeError::WrongKind),
            "not a secret of one-time passwords: not the expected format",
        ),
        says(TotpError::Randomness, RANDOMNESS),
    ]
}
