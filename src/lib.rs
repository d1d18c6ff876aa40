//! End-to-end encryption for applications: X3DH and its post-quantum hybrid, and the Double Ratchet, behind a small typed
//! API that is hard to misuse.
#![no_std]
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub, rustdoc::broken_intra_doc_links)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

mod chain;
pub mod docs;
mod errors;
mod keys;
mod label;
pub mod limits;
mod primitives;
mod ratchet;
mod secret;
#[cfg(feature = "serde")]
mod serde;
mod session;
mod wire;
mod x3dh;

// The public interface is:
pub use crate::chain::step::Plaintext;
pub use crate::keys::address::{Address, AddressError, DeviceId, Provider, UserId};
pub use crate::keys::identity::{Identity, InvalidKey, PublicIdentity};
pub use crate::keys::prekey::{BundleError, PreKeyId, PreKeyKind};
pub use crate::keys::suite::Suite;
pub use crate::keys::time::UnixTime;
pub use crate::limits::{LimitTooHigh, Limits};
#[cfg(feature = "getrandom")]
pub use crate::primitives::random::SystemRandom;
pub use crate::ratchet::decrypt::DecryptError;
pub use crate::ratchet::encrypt::EncryptError;
pub use crate::secret::{RandomnessFailed, Secret};
pub use crate::session::{AcceptError, Accepted, ExportError, Received, Role, Session};
pub use crate::wire::bundle::{PreKeyBundle, Publication};
pub use crate::wire::codec::DecodeError;
pub use crate::wire::prekey_message::PreKeyMessage;
pub use crate::wire::snapshot::{RestoreError, Snapshot};
pub use crate::x3dh::agree::InitiateError;
pub use crate::x3dh::bundle::VerifiedBundle;
pub use crate::x3dh::context::{ApplicationTooLong, Context, Policy};
pub use crate::x3dh::store::{PreKeyError, PreKeyStatus, PreKeyStore, UsedPreKeys};

#[cfg(test)]
#[path = "../tests/internal/mod.rs"]
mod internal;

/// Every source file with its name, for tests that read the code.
#[cfg(test)]
fn sources() -> std::vec::Vec<(std::string::String, std::string::String)> {
    let mut found = std::vec::Vec::new();
    let mut folders =
        std::vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((std::format!("{}", path.display()), text));
            }
        }
    }
    found
}
