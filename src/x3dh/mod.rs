//! The handshake: X3DH and PQXDH, from a verified bundle to the first keys of a session.
//!
//! `bundle` turns what a server handed out into what may be used, `agree` has both roles, `transcript` what the keys are
//! bound to, `store` the responder's pre-keys, `context` what the caller decides.
//!
//! Knows nothing of the ratchet.

pub(crate) mod agree;
pub(crate) mod bundle;
pub(crate) mod consume;
pub(crate) mod context;
mod generation;
mod publication;
pub(crate) mod replay;
pub(crate) mod store;
pub(crate) mod store_snapshot;
pub(crate) mod transcript;
