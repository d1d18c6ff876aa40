//! Who is at the other end: an identity and an address, proven by a session.

use super::address::Address;
use super::identity::PublicIdentity;

/// A peer as a session knows it: the identity with which, and the address for which, the keys of its handshake were made. That it has
/// these keys, it shows with the first message that opens: before that, the session of an initiator has a peer that has not
/// answered ([`Session::is_established`](crate::Session::is_established)).
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
