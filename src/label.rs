//! Every domain-separation string of the crate, in one place.
//!
//! A label is the first thing that enters a hash, a MAC, a KDF's info or a signature. No label is the prefix of another
//! (`tests` below), so no input of one use can be read as the input of another. SPEC: R-131.

/// What a hash, MAC, KDF or signature is for. The strings stand in `docs/spec.md`, "Labels".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    IdentitySigning,
    IdentityAgreement,
    IdentityHedge,
    IdentityHash,
    PreKeyId,
    PreKeySignature,
    HedgeTerms,
    HedgeEphemeral,
    HedgeEncapsulation,
    HedgeRatchet,
    HedgeSealed,
    HandshakePrefix,
    HandshakeTranscript,
    HandshakeKeys,
    RatchetRoot,
    RatchetMessage,
    Exporter,
    GroupMembers,
    GroupScope,
    GroupSender,
    GroupChain,
    GroupKeyId,
    GroupMessage,
    GroupContent,
    GroupSignature,
    CertificateKeyId,
    CertificateServer,
    CertificateSender,
    SealedDigest,
    SealedKeys,
    SealedParty,
    SealedMask,
    SealedTag,
    SealedContent,
    DeliveryToken,
    DeliveryVerifier,
    PeopleMessage,
    AtRest(AtRest),
    Snapshot,
}

impl Label {
    pub(crate) const fn bytes(self) -> &'static [u8] {
        match self {
            Self::IdentitySigning => b"confidant/v1/identity/ed25519",
            Self::IdentityAgreement => b"confidant/v1/identity/x25519",
            Self::IdentityHedge => b"confidant/v1/identity/hedge",
            Self::IdentityHash => b"confidant/v1/identity/hash",
            Self::PreKeyId => b"confidant/v1/prekey/id",
            Self::PreKeySignature => b"confidant/v1/prekey/signature",
            Self::HedgeTerms => b"confidant/v1/hedge/terms",
            Self::HedgeEphemeral => b"confidant/v1/hedge/ephemeral",
            Self::HedgeEncapsulation => b"confidant/v1/hedge/encapsulation",
            Self::HedgeRatchet => b"confidant/v1/hedge/ratchet",
            Self::HedgeSealed => b"confidant/v1/hedge/sealed",
            Self::HandshakePrefix => b"confidant/v1/handshake/prefix",
            Self::HandshakeTranscript => b"confidant/v1/handshake/transcript",
            Self::HandshakeKeys => b"confidant/v1/handshake/keys",
            Self::RatchetRoot => b"confidant/v1/ratchet/root",
            Self::RatchetMessage => b"confidant/v1/ratchet/message",
            Self::Exporter => b"confidant/v1/exporter",
            Self::GroupMembers => b"confidant/v1/group/members",
            Self::GroupScope => b"confidant/v1/group/scope",
            Self::GroupSender => b"confidant/v1/group/sender",
            Self::GroupChain => b"confidant/v1/group/chain",
            Self::GroupKeyId => b"confidant/v1/group/key-id",
            Self::GroupMessage => b"confidant/v1/group/message",
            Self::GroupContent => b"confidant/v1/group/content",
            Self::GroupSignature => b"confidant/v1/group/signature",
            Self::CertificateKeyId => b"confidant/v1/certificate/key-id",
            Self::CertificateServer => b"confidant/v1/certificate/server",
            Self::CertificateSender => b"confidant/v1/certificate/sender",
            Self::SealedDigest => b"confidant/v1/sealed/digest",
            Self::SealedKeys => b"confidant/v1/sealed/keys",
            Self::SealedParty => b"confidant/v1/sealed/party",
            Self::SealedMask => b"confidant/v1/sealed/mask",
            Self::SealedTag => b"confidant/v1/sealed/tag",
            Self::SealedContent => b"confidant/v1/sealed/content",
            Self::DeliveryToken => b"confidant/v1/delivery/token",
            Self::DeliveryVerifier => b"confidant/v1/delivery/verifier",
            Self::PeopleMessage => b"confidant/v1/people/message",
            Self::Snapshot => b"confidant/v1/snapshot",
            Self::AtRest(label) => label.bytes(),
        }
    }
}

/// The same, for encryption at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtRest {
    Record,
    RootWrap,
    FileWrap,
    KeyringMac,
    Database,
    Index,
    Recipient,
    RecipientWrap,
    CodeWrap,
    ServiceAad,
    FileBody,
    FileHeader,
    FileDerivative,
    #[cfg_attr(not(feature = "password"), expect(dead_code, reason = "short codes alone"))]
    CodeSalt,
    CodeToken,
    CodeKey,
    CodeRoster,
    CodeVerifier,
    RecoveryMac,
    ArchiveCore,
    ArchiveMac,
    ArchiveBody,
    Room,
    MediaRatchet,
    MediaSender,
}

impl AtRest {
    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Record => b"confidant/v1/envelope/record",
            Self::RootWrap => b"confidant/v1/envelope/root-wrap",
            Self::FileWrap => b"confidant/v1/envelope/file-wrap",
            Self::KeyringMac => b"confidant/v1/envelope/keyring-mac",
            Self::Database => b"confidant/v1/envelope/database",
            Self::Index => b"confidant/v1/envelope/index",
            Self::Recipient => b"confidant/v1/envelope/recipient/reference",
            Self::RecipientWrap => b"confidant/v1/envelope/recipient/wrap",
            Self::CodeWrap => b"confidant/v1/envelope/code/wrap",
            Self::ServiceAad => b"confidant/v1/envelope/service/aad",
            Self::FileBody => b"confidant/v1/envelope/file/body",
            Self::FileHeader => b"confidant/v1/envelope/file/header",
            Self::FileDerivative => b"confidant/v1/envelope/file/derivative",
            Self::CodeSalt => b"confidant/v1/envelope/code/salt",
            Self::CodeToken => b"confidant/v1/envelope/code/token",
            Self::CodeKey => b"confidant/v1/envelope/code/key",
            Self::CodeRoster => b"confidant/v1/envelope/code/roster",
            Self::CodeVerifier => b"confidant/v1/envelope/code/verifier",
            Self::RecoveryMac => b"confidant/v1/envelope/recovery/mac",
            Self::ArchiveCore => b"confidant/v1/envelope/archive/core",
            Self::ArchiveMac => b"confidant/v1/envelope/archive/mac",
            Self::ArchiveBody => b"confidant/v1/envelope/archive/body",
            Self::Room => b"confidant/v1/envelope/room",
            Self::MediaRatchet => b"confidant/v1/envelope/media/ratchet",
            Self::MediaSender => b"confidant/v1/envelope/media/sender",
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    fn documented() -> Vec<&'static str> {
        include_str!("docs/spec.md")
            .lines()
            .filter_map(|line| line.strip_prefix("| `confidant/"))
            .filter_map(|rest| rest.split('`').next())
            .collect()
    }

    /// the strings in the code are the documented ones, and none is the prefix of another.
    #[test]
    fn labels_are_documented_unique_and_prefix_free() {
        let source = include_str!("label.rs");
        let labels: Vec<&str> = source
            .split("b\"confidant/")
            .filter(|rest| rest.starts_with("v1/"))
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert_eq!(labels, documented());
        for (i, a) in labels.iter().enumerate() {
            for (j, b) in labels.iter().enumerate() {
                assert!(i == j || !b.starts_with(a), "{a} is a prefix of {b}");
            }
        }
    }

    /// no other file of the crate spells a label.
    #[test]
    fn labels_are_spelled_only_here() {
        for entry in crate::sources() {
            assert!(
                entry.0.ends_with("label.rs") || !entry.1.contains("b\"confidant/"),
                "{} spells a label",
                entry.0
            );
        }
    }
}
