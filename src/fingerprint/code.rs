//! The safety number as bytes for a QR code.
//!
//! ```text
//! code = version ‖ type ‖ our side(32) ‖ their side(32)         a side: the first 32 bytes of its last hash
//! ```
//!
//! Not symmetric: what one device shows as its own side, the other must have as theirs. SPEC: R-92.

use super::{CompareError, SafetyNumber, Verified};
use crate::limits::WIRE_VERSION;
use crate::secret::equal;
use crate::wire::codec::{DecodeError, Reader, joined};
use crate::wire::kind::Kind;

pub(super) const SIDE_LEN: usize = 32;
const CODE_LEN: usize = 2 + 2 * SIDE_LEN;

impl SafetyNumber {
    /// Length of a code, in bytes.
    pub const CODE_LEN: usize = CODE_LEN;

    /// The code to show to the other device's camera: binary, 66 bytes.
    #[must_use]
    pub fn code(&self) -> [u8; CODE_LEN] {
        let kind = [WIRE_VERSION, Kind::SafetyNumber.byte()];
        joined(&[&kind, &self.our_side, &self.their_side])
    }

    /// Compares with the code that the other device shows.
    ///
    /// # Errors
    /// [`CompareError::Malformed`] for other bytes than a code's, [`CompareError::Different`] for the code of other identities
    /// or users (our own screen, for one).
    pub fn compare_code(&self, scanned: &[u8]) -> Result<Verified, CompareError> {
        let (theirs, ours) = read(scanned)?;
        // Both halves are looked at, whatever the first says.
        self.verified_if(equal(theirs, &self.their_side) & equal(ours, &self.our_side))
    }
}

type Sides<'a> = (&'a [u8; SIDE_LEN], &'a [u8; SIDE_LEN]);

fn read(scanned: &[u8]) -> Result<Sides<'_>, DecodeError> {
    let mut reader = Reader::begin(scanned, Kind::SafetyNumber)?;
    let sides = (reader.array()?, reader.array()?);
    reader.finish(sides)
}

pub(super) fn side(hash: &[u8; 64]) -> [u8; SIDE_LEN] {
    let mut side = [0; SIDE_LEN];
    for (to, from) in side.iter_mut().zip(hash) {
        *to = *from;
    }
    side
}

impl From<DecodeError> for CompareError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}
