//! What is known of identities, put into what a conversation is held to.

use crate::fingerprint::trust::TrustStore;
use crate::x3dh::context::Context;

impl Context {
    /// Pins the identity that the store knows at the peer's address, if it knows one: then `initiate` and `accept` refuse another,
    /// before anything is encrypted to it or accepted from it. Takes the place of an earlier [`pin`](Self::pin). SPEC: R-140.
    ///
    /// ```
    /// # use confidant::*;
    /// # fn f(trust: &mut TrustStore, us: &Identity, bundle: &VerifiedBundle, context: Context)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let context = context.known_to(trust);
    /// let session = Session::initiate(us, bundle, &context, &mut getrandom::SysRng)?; // Err(IdentityChanged): ask the user
    /// // When a first message of theirs has opened:
    /// trust.meet(session.peer())?;
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn known_to(self, trust: &TrustStore) -> Self {
        match trust.identity(&self.theirs).copied() {
            Some(identity) => self.pin(identity),
            None => self,
        }
    }
}
