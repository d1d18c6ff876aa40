//! Sender Keys: a message to a group of any size is encrypted once.
//!
//! Each device has, for a group, a chain key and a signing key of its own (`sender`), made in one epoch and kept while members
//! only join. It gives them to every member over pairwise sessions (`distribution`), and each member keeps what it was given
//! (`receiver`). `session` holds one group together: who is in it, in which epoch, and when a new key is due.
//!
//! ```text
//! key id    = SHA-256(label ‖ scope ‖ commitment to the chain ‖ signing key)[..16]
//! message   = header(key id, epoch, iteration) ‖ Cobblestone-256(MK, salt, label ‖ header ‖ AD, plaintext) ‖ signature
//! ```
//!
//! What it does not give: healing within an epoch. Whoever gets a sender key reads what that device sends until it rotates.
//!
//! Knows nothing of handshakes, the Double Ratchet or sessions; it takes what they prove.

pub(crate) mod change;
pub(crate) mod distribution;
pub(crate) mod epoch;
pub(crate) mod message;
pub(crate) mod receive;
pub(crate) mod receiver;
mod restore;
pub(crate) mod sender;
pub(crate) mod session;
mod snapshot;
