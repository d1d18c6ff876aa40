//! Root keys, and the keys that are derived from them.
//!
//! ```text
//! key(use) = HKDF-Expand(PRK = root key, label of the use ‖ …, 32)
//! ```
//!
//! A root key is never used itself. Only it needs to be wrapped by something else.

use rand_core::TryCryptoRng;

use super::context::DataContext;
use crate::label::{AtRest, Label};
use crate::primitives::kdf::expand;
use crate::secret::{RandomnessFailed, Secret, Transient};

/// The number of a root key in its keyring, counted from 0. It is never given to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootKeyId(u32);

impl RootKeyId {
    /// The key of this number, to look it up.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// The number, as it stands in records.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// A root key, unwrapped.
#[derive(Debug)]
pub(crate) struct RootKey {
    pub(crate) id: RootKeyId,
    pub(crate) key: Secret<32>,
}

impl RootKey {
    /// Draws 32 bytes.
    pub(crate) fn generate<R: TryCryptoRng + ?Sized>(
        id: RootKeyId,
        rng: &mut R,
    ) -> Result<Self, RandomnessFailed> {
        Ok(Self { id, key: Secret::random(rng)? })
    }

    /// For the records of one purpose and collection.
    pub(crate) fn record(&self, context: &DataContext) -> Transient<32> {
        let purpose = [context.purpose().byte()];
        self.derive(&[Label::AtRest(AtRest::Record).bytes(), &purpose, context.collection_name()])
    }

    /// For wrapping the other root keys of the keyring.
    pub(crate) fn root_wrap(&self) -> Transient<32> {
        self.derive(&[Label::AtRest(AtRest::RootWrap).bytes()])
    }

    /// For wrapping keys that are not the keyring's.
    pub(crate) fn file_wrap(&self) -> Transient<32> {
        self.derive(&[Label::AtRest(AtRest::FileWrap).bytes()])
    }

    /// For the keyring's MAC. With the context, which a service that wraps the key might not look at.
    pub(crate) fn keyring_mac(&self, context: &DataContext) -> Transient<32> {
        self.derive(&[Label::AtRest(AtRest::KeyringMac).bytes(), context.as_bytes()])
    }

    /// For a database that encrypts itself: key(32) ‖ salt(16).
    pub(crate) fn database(&self, context: &DataContext) -> Transient<48> {
        self.derive(&[Label::AtRest(AtRest::Database).bytes(), context.as_bytes()])
    }

    /// For a keyed index.
    pub(crate) fn index(&self, context: &DataContext) -> Transient<32> {
        self.derive(&[Label::AtRest(AtRest::Index).bytes(), context.as_bytes()])
    }

    fn derive<const N: usize>(&self, info: &[&[u8]]) -> Transient<N> {
        expand(self.key.expose(), info)
    }
}
