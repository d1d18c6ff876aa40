//! The suites of algorithms. What is not listed does not exist: there is no negotiation.

/// How two parties agree on their first key.
///
/// The initiator takes the suite of the bundle; it is signed with every pre-key and stands in the transcript, so it cannot
/// be changed on the way. Which suites are acceptable is the caller's [`Policy`](crate::Policy).
// SPEC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suite {
    /// X3DH with X25519: *The X3DH Key Agreement Protocol*, revision 1.
    X3dh,
    /// X3DH and ML-KEM-1024: *The PQXDH Key Agreement Protocol*, revision 3, with FIPS 203.
    #[cfg(feature = "pq")]
    Pqxdh1024,
}

impl Suite {
    pub(crate) const fn to_byte(self) -> u8 {
        match self {
            Self::X3dh => 1,
            #[cfg(feature = "pq")]
            Self::Pqxdh1024 => 2,
        }
    }

    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::X3dh),
            #[cfg(feature = "pq")]
            2 => Some(Self::Pqxdh1024),
            _ => None,
        }
    }

    /// Does this suite add a key encapsulation to the key agreements?
    #[must_use]
    pub const fn is_hybrid(self) -> bool {
        !matches!(self, Self::X3dh)
    }
}
