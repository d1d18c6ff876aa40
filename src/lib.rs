//! End-to-end encryption for applications: X3DH and its post-quantum hybrid, and the Double Ratchet, behind a small typed
//! API that is hard to misuse.
//!
//! A device has an [`Identity`]. It makes pre-keys ([`PreKeyStore`]) and uploads their public halves ([`Publication`]).
//! Whoever wants to write to it fetches a [`PreKeyBundle`], verifies it, and starts a [`Session`]; the device accepts the
//! first message, and from then on both encrypt and decrypt.
//!
//! ```
//! # #[cfg(feature = "pq")] const SUITE: confidant::Suite = confidant::Suite::Pqxdh1024;
//! # #[cfg(not(feature = "pq"))] const SUITE: confidant::Suite = confidant::Suite::X3dh;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use confidant::*;
//! let rng = &mut getrandom::SysRng; // any rand_core 0.10 generator for cryptography
//! let now = UnixTime::from_secs(1_790_000_000);
//! let here = Provider::new("example.org")?;
//! let alices = Address::new(here.clone(), UserId::new("alice")?, DeviceId::new(1));
//! let bobs = Address::new(here, UserId::new("bob")?, DeviceId::new(1));
//!
//! // Bob: an identity and pre-keys. Store both, sealed; upload the publication.
//! let bob = Identity::generate(rng)?;
//! let mut prekeys = PreKeyStore::generate(&bob, SUITE, now, rng)?;
//! let mut on_server = prekeys.replenish(&bob, 100, now, rng)?;
//!
//! // Alice: a bundle from the server, verified, and a session.
//! let alice = Identity::generate(rng)?;
//! let bundle = PreKeyBundle::decode(&on_server.next_bundle(now).encode())?.verify(now)?;
//! let context = Context::new(alices.clone(), bobs.clone());
//! let mut to_bob = Session::initiate(&alice, &bundle, &context, rng)?;
//! let hello = to_bob.encrypt(b"hello", rng)?;
//!
//! // Bob: the session, and what it used up, in one transaction.
//! let request = PreKeyMessage::decode(&hello)?;
//! let context = Context::new(bobs, alices);
//! let accepted = Session::accept(&bob, &mut prekeys, &request, &context, now)?;
//! let mut to_alice = accepted.session;
//! assert_eq!(accepted.received.plaintext.as_bytes(), b"hello");
//!
//! // Store, then send. Decrypt, store, then act.
//! let reply = to_alice.encrypt(b"hi", rng)?;
//! let stored = (to_alice.snapshot(), to_alice.epoch());
//! assert_eq!(to_bob.decrypt(&reply)?.plaintext.as_bytes(), b"hi");
//!
//! // After a restart.
//! let (snapshot, epoch) = stored;
//! let to_alice = Session::restore(snapshot.expose(), epoch)?;
//! # let _ = to_alice; Ok(()) }
//! ```
//!
//! # Receiving
//!
//! What arrives is for a session that exists, or asks for a new one. Both sides may begin at once, and a first message may
//! come twice: keep every session with a peer until one has been silent for long, try them all, and send with one that both
//! would choose, such as the one with the smallest [`id`](Session::id).
//!
//! ```
//! use confidant::*;
//!
//! /// What a message says; `None` if it says nothing to us, whatever the reason. Nothing has changed then.
//! fn receive(
//!     us: &Identity,
//!     prekeys: &mut PreKeyStore,
//!     sessions: &mut Vec<Session>, // with the device that the envelope names
//!     context: &Context,           // between us and that device
//!     message: &[u8],
//!     now: UnixTime,
//! ) -> Option<Received> {
//!     for session in sessions.iter_mut() {
//!         if let Ok(received) = session.decrypt(message) {
//!             return Some(received); // store the session, then act
//!         }
//!     }
//!     let request = PreKeyMessage::decode(message).ok()?;
//!     if sessions.iter().any(|session| session.began_with(&request)) {
//!         return None; // a repeated message of a session that we have
//!     }
//!     let accepted = Session::accept(us, prekeys, &request, context, now).ok()?;
//!     sessions.push(accepted.session); // store it and the pre-keys in one transaction, then act
//!     Some(accepted.received)
//! }
//! # let _ = receive;
//! ```
//!
//! # What to persist, and when
//!
//! | after | store, sealed | then |
//! |---|---|---|
//! | `Identity::generate` | the [`seed`](Identity::seed) | |
//! | `PreKeyStore::generate`, `replenish`, `rotate`, `purge` | the store's [`snapshot`](PreKeyStore::snapshot) | upload the [`Publication`] |
//! | `Session::accept` | session and store, in one transaction | act on the message |
//! | `encrypt` | the session's [`snapshot`](Session::snapshot) | send |
//! | `decrypt`, `expire_skipped` | the session's snapshot | act on the message |
//! | any of these | the [`epoch`](Snapshot::epoch), after the snapshot, by [`Session::id`], where a restored backup does not bring it back | |
//!
//! # What it does not do
//!
//! It does not know whether an identity is the person's (compare identities out of band, then [`Context::pin`]), does not
//! store, send, read clocks or draw randomness by itself, and does not hide who talks to whom. What is promised, and against
//! whom, is in [`docs::threat_model`]; how it works, in [`docs::spec`].
#![no_std]
// SPEC: R-120: no unsafe code, and no indexing, unwrapping or unchecked arithmetic outside tests. SPEC: R-128: nothing in
// the crate is switched off for fuzzing or by a feature.
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
mod group;
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
pub use crate::chain::received::Received;
pub use crate::chain::step::Plaintext;
pub use crate::group::distribution::Distribution;
pub use crate::group::epoch::{GroupError, GroupId, Member};
pub use crate::group::receive::DistributionError;
pub use crate::group::receiver::GroupDecryptError;
pub use crate::group::sender::Rotation;
pub use crate::group::session::{
    DistributeError, GroupEncryptError, GroupReceived, GroupSession, MembersChanged,
};
pub use crate::keys::address::{Address, AddressError, DeviceId, Provider, UserId};
pub use crate::keys::identity::{Identity, InvalidKey, PublicIdentity};
pub use crate::keys::peer::Peer;
pub use crate::keys::prekey::{BundleError, PreKeyId, PreKeyKind};
pub use crate::keys::suite::Suite;
pub use crate::keys::time::UnixTime;
pub use crate::limits::{LimitTooHigh, Limits};
#[cfg(feature = "getrandom")]
pub use crate::primitives::random::SystemRandom;
pub use crate::ratchet::decrypt::DecryptError;
pub use crate::ratchet::encrypt::EncryptError;
pub use crate::secret::{RandomnessFailed, Secret};
pub use crate::session::{AcceptError, Accepted, ExportError, Role, Session};
pub use crate::wire::bundle::{PreKeyBundle, Publication};
pub use crate::wire::codec::DecodeError;
pub use crate::wire::prekey_message::PreKeyMessage;
pub use crate::wire::snapshot::{RestoreError, Snapshot};
pub use crate::x3dh::agree::InitiateError;
pub use crate::x3dh::bundle::VerifiedBundle;
pub use crate::x3dh::consume::UsedPreKeys;
pub use crate::x3dh::context::{ApplicationTooLong, Context, Policy};
pub use crate::x3dh::store::{PreKeyError, PreKeyStatus, PreKeyStore};

/// The README's code is compiled and run like every other example.
#[cfg(all(doctest, feature = "std", feature = "pq", feature = "getrandom"))]
#[doc = include_str!("../README.md")]
struct Readme;

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
