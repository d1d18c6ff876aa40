//! Who somebody is said to be: an address and an identity, side by side.

use super::address::Address;
use super::identity::PublicIdentity;
use super::peer::Peer;
use crate::label::Label;
use crate::primitives::hash;

/// A device by address and identity: a member of a group, a recipient, a contact.
///
/// Anybody can put one together: it says who is meant, and proves nothing. What a session has proven is a [`Peer`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    pub(crate) address: Address,
    pub(crate) identity: PublicIdentity,
}

impl Party {
    /// Puts a party together.
    #[must_use]
    pub const fn new(address: Address, identity: PublicIdentity) -> Self {
        Self { address, identity }
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// The identity.
    #[must_use]
    pub const fn identity(&self) -> &PublicIdentity {
        &self.identity
    }

    /// 32 bytes that stand for both.
    pub(crate) fn hash(&self, label: Label) -> [u8; 32] {
        hash(label, &self.address, &self.identity)
    }

    /// Is it the one whom a session has proven?
    pub(crate) fn is(&self, peer: &Peer) -> bool {
        self.address == *peer.address() && self.identity == *peer.identity()
    }
}

/// 32 bytes that stand for an address and an identity.
pub(crate) fn hash(label: Label, address: &Address, identity: &PublicIdentity) -> [u8; 32] {
    hash::sha256(label, &[&address.encode(), &identity.to_bytes()])
}

impl From<&Peer> for Party {
    fn from(peer: &Peer) -> Self {
        Self::new(peer.address().clone(), *peer.identity())
    }
}
