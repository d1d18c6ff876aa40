//! Bytes ⇄ plain structs: `docs/wire.md` and the frame of `docs/state.md`, one file per format.
//!
//! Knows keys, but no protocol: nothing here is authenticated by having been decoded.

pub(crate) mod bundle;
pub(crate) mod certificate;
pub(crate) mod codec;
pub(crate) mod kind;
pub(crate) mod message;
pub(crate) mod prekey_message;
pub(crate) mod sealed;
pub(crate) mod snapshot;
