//! Encryption at rest: what a product keeps outside of conversations.
//!
//! ```text
//! KEK (passphrase, recovery code, X25519, another service, local) ─ wraps ─► root key ─ derives ─► keys of records, files, …
//! ```
//!
//! Everything is Cobblestone-256 underneath, bound to a [`DataContext`](context::DataContext) that says what it is and where it
//! belongs. SPEC: R-100, R-101.
//!
//! | | |
//! |---|---|
//! | `context`, `padding`, `record` | rows |
//! | `kek`, `password`, `wrap`, `root`, `keyring` | keys, and what wraps them |
//! | `file` | files, and pointers to them |
//! | `recovery`, `archive`, `stream` | codes for paper; backups and exports |
//! | `share`, `room`, `compatible`, `media`, `totp` | what is shared by a code, calls, one-time passwords |
//! | `claim`, `text`, `base64` | what proves nothing of its maker; secrets as text |
//!
//! What it does not do: hide sizes (unless padded), names and times; protect a server that is running, which has its keys.
//!
//! Knows nothing of conversations.

pub(crate) mod archive;
mod base64;
pub(crate) mod claim;
pub(crate) mod compatible;
pub(crate) mod context;
pub(crate) mod file;
pub(crate) mod kek;
pub(crate) mod keyring;
pub(crate) mod media;
pub(crate) mod padding;
pub(crate) mod password;
pub(crate) mod record;
pub(crate) mod recovery;
pub(crate) mod room;
pub(crate) mod root;
pub(crate) mod share;
mod stream;
pub(crate) mod text;
pub(crate) mod totp;
pub(crate) mod wrap;
