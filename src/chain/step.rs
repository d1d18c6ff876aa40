//! Plan, open, commit: the one way by which a message changes a state.
//!
//! A plan computes what would change, from `&self`. [`Step::open`] decrypts and is the only source of [`Authenticated`],
//! whose field is private to this file. A commit takes the `Authenticated` and cannot fail. So nothing changes before it is
//! authenticated, and the compiler sees to it. SPEC: R-30.

use alloc::vec::Vec;
use core::fmt;

use crate::primitives::aead::{self, Context, Unauthentic};
use crate::secret::{Transient, equal, wipe};

/// What a message would change, and the key that must open it first.
pub(crate) struct Step<Change> {
    key: Transient<32>,
    change: Change,
}

impl<Change> Step<Change> {
    pub(crate) const fn new(key: Transient<32>, change: Change) -> Self {
        Self { key, change }
    }

    /// Opens the message. On failure the change is dropped, and with it every key that it holds.
    pub(crate) fn open(
        self,
        context: Context<'_>,
        body: &[u8],
    ) -> Result<(Plaintext, Authenticated<Change>), Unauthentic> {
        let plaintext = aead::open(self.key.expose(), context, body)?;
        Ok((Plaintext(plaintext), Authenticated(self.change)))
    }
}

/// A change whose message has opened.
pub(crate) struct Authenticated<Change>(Change);

impl<Change> Authenticated<Change> {
    pub(crate) fn into_change(self) -> Change {
        self.0
    }
}

/// What a message said. Wiped when dropped, printed by nobody, compared in constant time (for one length).
pub struct Plaintext(Vec<u8>);

impl Plaintext {
    /// Takes over bytes that are to be wiped.
    pub(crate) const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to keep. Wiping them is the caller's from here on.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<u8> {
        core::mem::take(&mut self.0)
    }
}

impl PartialEq for Plaintext {
    fn eq(&self, other: &Self) -> bool {
        equal(&self.0, &other.0)
    }
}

impl Eq for Plaintext {}

impl AsRef<[u8]> for Plaintext {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plaintext({} bytes)", self.0.len())
    }
}
