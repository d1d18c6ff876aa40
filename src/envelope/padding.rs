//! Hiding lengths: few of them occur.
//!
//! ```text
//! padmé(L) = L, rounded up to a number of as many significant bits as its exponent has: E = ⌊log₂ L⌋, the last E − ⌊log₂ E⌋ − 1 bits are 0
//! ```
//!
//! *Padmé*, from "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs". How a padded text is told from its padding
//! is the record's to say, and the file's.

/// Does a record or a file hide the length of its data?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Padding {
    /// A record is 78 bytes longer than the data, a file 72 and 16 more for each 16 KiB.
    #[default]
    None,
    /// The data, a record's with one byte more, is padded by at most 12 %, so that few lengths occur. A file has eight bytes more
    /// behind that.
    Padme,
}

impl Padding {
    /// Bit 7 of the flags of what says whether it is padded.
    pub(super) const fn flag(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Padme => 0x80,
        }
    }

    /// `None` if there are other flags.
    pub(super) const fn from_flag(flag: u8) -> Option<Self> {
        match flag {
            0 => Some(Self::None),
            0x80 => Some(Self::Padme),
            _ => None,
        }
    }
}

/// The next length of Padmé.
pub(super) const fn padme(len: u64) -> u64 {
    let Some(exponent) = len.checked_ilog2() else { return len };
    let Some(bits) = exponent.checked_ilog2() else { return len };
    let free = exponent.saturating_sub(bits.saturating_add(1));
    let mask = !(u64::MAX << free);
    len.saturating_add(mask) & !mask
}
