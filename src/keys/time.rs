//! The caller's clock, as a value. The crate never reads one.

/// Seconds since the Unix epoch.
///
/// ```
/// use confidant::UnixTime;
/// let now = UnixTime::from_secs(1_790_000_000);
/// assert_eq!(now.as_secs(), 1_790_000_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(u64);

impl UnixTime {
    /// From **seconds** since the Unix epoch (not milliseconds).
    #[must_use]
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the Unix epoch.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// This many seconds later, at most the end of time.
    pub(crate) const fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

#[cfg(feature = "std")]
impl From<std::time::SystemTime> for UnixTime {
    /// A clock before 1970 reads as 1970.
    fn from(time: std::time::SystemTime) -> Self {
        Self(time.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs()))
    }
}
