//! The pages that an auditor reads, for the version that they ship with.
//!
//! Start with [`spec`] for the protocol, [`wire`] and [`state`] for the bytes, [`keys`] for what lives how long,
//! [`threat_model`] for what is promised, [`decisions`] for why, [`audit`] for what to run.

#[doc = include_str!("audit.md")]
pub mod audit {}
#[doc = include_str!("decisions.md")]
pub mod decisions {}
#[doc = include_str!("keys.md")]
pub mod keys {}
#[doc = include_str!("spec.md")]
pub mod spec {}
#[doc = include_str!("state.md")]
pub mod state {}
#[doc = include_str!("threat_model.md")]
pub mod threat_model {}
#[doc = include_str!("wire.md")]
pub mod wire {}
