//! What the bytes of each format begin with: its type behind the version, or four letters.
//!
//! Knows nothing of what comes after.

/// The type byte of each format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    PreKeyMessage,
    Message,
    Distribution,
    GroupMessage,
    DistributionMessage,
    FramedMessage,
    Bundle,
    Publication,
    Sealed,
    SealedUpload,
    ServerCertificate,
    SenderCertificate,
    SafetyNumber,
}

impl Kind {
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::PreKeyMessage => 0x01,
            Self::Message => 0x02,
            Self::Distribution => 0x03,
            Self::GroupMessage => 0x04,
            Self::DistributionMessage => 0x05,
            Self::FramedMessage => 0x06,
            Self::Bundle => 0x10,
            Self::Publication => 0x11,
            Self::Sealed => 0x20,
            Self::SealedUpload => 0x21,
            Self::ServerCertificate => 0x30,
            Self::SenderCertificate => 0x31,
            Self::SafetyNumber => 0x40,
        }
    }
}

/// What is stored outside of conversations, by its first four bytes: three letters, and a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredKind {
    Keyring,
    RecoverySet,
    File,
    Pointer,
    Archive,
    MediaKey,
}

impl StoredKind {
    pub(crate) const fn magic(self) -> &'static [u8; 4] {
        match self {
            Self::Keyring => b"EKR1",
            Self::RecoverySet => b"ERS1",
            Self::File => b"EFC1",
            Self::Pointer => b"EFP1",
            Self::Archive => b"EAR1",
            Self::MediaKey => b"EMK1",
        }
    }
}
