//! Keys by role: who somebody is (`identity`, `address`), and what they publish so that others can begin (`prekey`).
//!
//! Knows nothing of handshakes or messages.

pub(crate) mod address;
pub(crate) mod identity;
pub(crate) mod party;
pub(crate) mod peer;
pub(crate) mod prekey;
pub(crate) mod suite;
pub(crate) mod time;
