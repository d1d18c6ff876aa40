//! Keys for other things, from the handshake: channel binding, call keys.
//!
//! ```text
//! exporter(label, context, N) = HKDF-Expand(exporter key, Label::Exporter ‖ lp16(label) ‖ lp16(context), N)
//! ```

use super::Session;
use crate::label::Label;
use crate::limits::MAX_EXPORT;
use crate::primitives::kdf::Prk;
use crate::secret::Secret;

impl Session {
    /// A secret of `N` bytes (1 to 8,160) that both parties can compute and nobody else: the same for the same label and
    /// context for the life of the session, and unrelated to any message key.
    ///
    /// It does not ratchet: whoever gets this session's state can compute it, afterwards too. Put what must differ (a call's
    /// number) into `context`.
    ///
    /// ```
    /// let export: fn(&confidant::Session) -> _ = |session| session.exporter::<8160>(b"label", b"context");
    /// ```
    ///
    /// ```compile_fail
    /// let export: fn(&confidant::Session) -> _ = |session| session.exporter::<0>(b"label", b"context");
    /// ```
    ///
    /// ```compile_fail
    /// let export: fn(&confidant::Session) -> _ = |session| session.exporter::<8161>(b"label", b"context");
    /// ```
    ///
    /// # Errors
    /// [`ExportError::TooLong`] for a label or context above 65,535 bytes.
    pub fn exporter<const N: usize>(
        &self,
        label: &[u8],
        context: &[u8],
    ) -> Result<Secret<N>, ExportError> {
        const { assert!(N >= 1 && N <= MAX_EXPORT, "HKDF-SHA-256 gives 1 to 8,160 bytes") };
        let label_len = u16::try_from(label.len()).map_err(|_| ExportError::TooLong)?.to_be_bytes();
        let context_len =
            u16::try_from(context.len()).map_err(|_| ExportError::TooLong)?.to_be_bytes();
        let info: [&[u8]; 5] = [Label::Exporter.bytes(), &label_len, label, &context_len, context];
        let prk = Prk::from_key(self.0.exporter.expose());
        Ok(Secret::init_with(|out| prk.expand(&info, out)))
    }
}

/// Why nothing was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportError {
    /// A label or context above 65,535 bytes. Give a hash of it.
    TooLong,
}
