//! What comes from a code: a token for the server, and a key pair; and the public half of that, to wrap to.

use core::fmt;

use crate::envelope::kek::{CodeId, Recipient, RecipientKey};
use crate::label::{AtRest, Label};
use crate::primitives::hash;
use crate::secret::{Secret, equal};

/// What a recovery code is good for. Wiped when dropped.
pub struct RecoveryCodeKey {
    pub(super) id: CodeId,
    pub(super) pair: RecipientKey,
    pub(super) token: Secret<32>,
    pub(super) roster: Secret<32>,
}

impl RecoveryCodeKey {
    /// What a server is shown, before it gives anything out. Says nothing of the key pair.
    #[must_use]
    pub fn token(&self) -> RecoveryToken {
        RecoveryToken(Secret::init_with(|token| *token = *self.token.expose()))
    }

    /// What is wrapped to, to open it with this code.
    #[must_use]
    pub fn recipient(&self) -> RecoveryCodeRecipient {
        RecoveryCodeRecipient { id: self.id, key: self.pair.public() }
    }

    pub(crate) const fn id(&self) -> CodeId {
        self.id
    }

    pub(crate) const fn pair(&self) -> &RecipientKey {
        &self.pair
    }
}

impl fmt::Debug for RecoveryCodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, pair: _, token: _, roster: _ } = self;
        write!(f, "RecoveryCodeKey({}, ..)", id.index)
    }
}

/// The public half of a code: keys can be wrapped to it by those who do not have the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveryCodeRecipient {
    pub(super) id: CodeId,
    pub(super) key: Recipient,
}

impl RecoveryCodeRecipient {
    /// The code's number in its set.
    #[must_use]
    pub const fn index(&self) -> u8 {
        self.id.index
    }

    pub(crate) const fn id(&self) -> CodeId {
        self.id
    }

    pub(crate) const fn key(&self) -> &Recipient {
        &self.key
    }
}

/// What the owner of a code shows to a server, 32 bytes.
pub struct RecoveryToken(Secret<32>);

impl RecoveryToken {
    /// What a client has sent.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(Secret::init_with(|token| *token = *bytes))
    }

    /// The bytes, to send over a protected connection.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// What a server keeps, so that what it keeps does not give the right.
    #[must_use]
    pub fn verifier(&self) -> RecoveryVerifier {
        RecoveryVerifier(hash::sha256(Label::AtRest(AtRest::CodeVerifier), &[self.0.expose()]))
    }
}

impl fmt::Debug for RecoveryToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryToken(..)")
    }
}

/// What a server keeps of a code's token, 32 bytes.
#[derive(Clone, Copy, Debug)]
pub struct RecoveryVerifier([u8; 32]);

impl RecoveryVerifier {
    /// From the stored bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, to store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Is this the code's token? Compared in constant time.
    #[must_use]
    pub fn accepts(&self, token: &RecoveryToken) -> bool {
        equal(&self.0, &token.verifier().0)
    }
}
