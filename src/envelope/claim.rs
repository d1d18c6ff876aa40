//! What is unchanged, and of which nobody proves who made it.

use core::fmt;

/// Something that was encrypted by somebody who had the key, or, to a public key, by anybody. **Nothing proves who that was**: keys,
/// history and messages in it are what somebody says. SPEC: R-142.
///
/// It has to be [accepted](Self::accept) before it can be used:
///
/// ```compile_fail
/// fn restore(opener: confidant::ArchiveOpener) {}
/// fn opened(claim: confidant::Unauthenticated<confidant::ArchiveOpener>) {
///     restore(claim);
/// }
/// ```
pub struct Unauthenticated<T>(T);

impl<T> Unauthenticated<T> {
    pub(super) const fn new(claim: T) -> Self {
        Self(claim)
    }

    /// Takes it for what somebody says. Keep it apart from what a session has authenticated, and tell the user.
    pub fn accept(self) -> T {
        self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Unauthenticated<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Unauthenticated").field(&self.0).finish()
    }
}
