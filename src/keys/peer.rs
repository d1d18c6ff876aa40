//! Who is at the other end: an identity and an address, proven by a session.

use super::address::Address;
use super::identity::PublicIdentity;

/// A peer as a session knows it: the identity that proved itself in the handshake, at the address that the handshake was
/// bound to.
///
/// Cannot be made outside this crate, so that what carries one cannot be a caller's claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    identity: PublicIdentity,
    address: Address,
}

impl Peer {
    pub(crate) const fn new(identity: PublicIdentity, address: Address) -> Self {
        Self { identity, address }
    }

    /// The identity.
    #[must_use]
    pub const fn identity(&self) -> &PublicIdentity {
        &self.identity
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }
}
