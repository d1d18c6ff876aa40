//! People and their devices (*The Sesame Algorithm*, sections 3 and 4): which sessions there are with a device, and in which of them to
//! write; what a message to a user is; how two devices find back to each other.
//!
//! ```text
//! begin, accept ───► active ───► older, receive-only, for a bounded time ───► dropped
//!        accept ────────────────────┘
//! ```
//!
//! Nothing leads back from *older*. So no replay, and no copy of an old state, decides in which session we write. SPEC: R-48.
//!
//! Values, no storage: whatever an operation changes comes out of it as one change set ([`Unstored`](crate::Unstored)), and what was encrypted or
//! decrypted comes with it.
//!
//! Nobody in the crate imports this module.

pub(crate) mod delivery;
pub(crate) mod device;
mod drawn;
pub(crate) mod errors;
pub(crate) mod fan_out;
mod frame;
pub(crate) mod kept;
pub(crate) mod receive;
pub(crate) mod retry;
pub(crate) mod send;
mod snapshot;
pub(crate) mod unstored;
pub(crate) mod us;
pub(crate) mod user;
