//! Who a party is for the application: provider, user and device, each of its own type.
//!
//! ```text
//! address = 0x01 ‖ lp8(provider) ‖ 0x02 ‖ lp8(user) ‖ 0x03 ‖ device(4)
//! ```
//!
//! Messages between devices do not carry addresses. Both parties enter them into the transcript (SPEC: R-03), so that a conversation that was
//! meant for somebody else gives different keys.

use alloc::vec::Vec;
use core::fmt;

/// Who runs the user's account: a domain, a server's name. Empty where there is only one.
///
/// ```compile_fail
/// # use confidant::{Address, DeviceId, Provider, UserId};
/// let (provider, user) = (Provider::new("example.org")?, UserId::new("alice")?);
/// let wrong = Address::new(user, provider, DeviceId::new(1)); // the two cannot be confused
/// # Ok::<(), confidant::AddressError>(())
/// ```
// SPEC: R-137, R-139.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Provider(Vec<u8>);

/// A user's stable name at the provider: not a display name, and not one that can be given to somebody else.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Vec<u8>);

/// One of a user's devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(u32);

impl Provider {
    /// At most 255 bytes, perhaps none.
    ///
    /// # Errors
    /// [`AddressError::TooLong`].
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, AddressError> {
        bounded(name.as_ref()).map(Self)
    }

    /// The bytes it was made from.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl UserId {
    /// 1 to 255 bytes.
    ///
    /// # Errors
    /// [`AddressError::TooLong`], [`AddressError::Empty`].
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, AddressError> {
        let name = bounded(name.as_ref())?;
        if name.is_empty() { Err(AddressError::Empty) } else { Ok(Self(name)) }
    }

    /// The bytes it was made from.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl DeviceId {
    /// Any number that is this device's alone among the user's devices.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The number it was made from.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Provider(\"{}\")", self.0.escape_ascii())
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserId(\"{}\")", self.0.escape_ascii())
    }
}

fn bounded(name: &[u8]) -> Result<Vec<u8>, AddressError> {
    if u8::try_from(name.len()).is_err() {
        return Err(AddressError::TooLong);
    }
    Ok(name.to_vec())
}

/// A party's address: (provider, user, device).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    provider: Provider,
    user: UserId,
    device: DeviceId,
}

impl Address {
    /// Puts an address together.
    #[must_use]
    pub const fn new(provider: Provider, user: UserId, device: DeviceId) -> Self {
        Self { provider, user, device }
    }

    /// Who runs the account.
    #[must_use]
    pub const fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The user.
    #[must_use]
    pub const fn user(&self) -> &UserId {
        &self.user
    }

    /// The device.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        self.device
    }

    /// The encoding that enters transcripts: each part behind its tag and length.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.write(&mut out);
        out
    }

    /// Appends the encoding.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.write_user(out);
        out.push(0x03);
        out.extend_from_slice(&self.device.0.to_be_bytes());
    }

    /// The same without the device: what a user's devices have in common.
    pub(crate) fn encode_user(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        self.write_user(&mut out);
        out
    }

    fn write_user(&self, out: &mut Vec<u8>) {
        push_lp8(out, 0x01, &self.provider.0);
        push_lp8(out, 0x02, &self.user.0);
    }

    /// Length of the encoding.
    pub(crate) fn encoded_len(&self) -> usize {
        let names = self.provider.0.len().saturating_add(self.user.0.len());
        names.saturating_add(Self::FIXED_LEN)
    }

    /// Length of the encoding without the two names: their tags and lengths, and the device behind its tag.
    pub(crate) const FIXED_LEN: usize = 2 + 2 + 1 + 4;

    /// Is it of one of the same user's devices?
    pub(crate) fn is_of_same_user(&self, other: &Self) -> bool {
        self.provider == other.provider && self.user == other.user
    }

    /// The user's device of this number.
    pub(crate) fn with_device(&self, device: DeviceId) -> Self {
        Self { device, ..self.clone() }
    }

    /// The first and the last address that the user's devices can have.
    pub(crate) fn of_all_devices(&self) -> (Self, Self) {
        (self.with_device(DeviceId(u32::MIN)), self.with_device(DeviceId(u32::MAX)))
    }
}

fn push_lp8(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    // `bounded` has seen to it that the length fits.
    out.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(bytes);
}

/// Why a name is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// Longer than 255 bytes. Use a shorter stable name, or a hash of the long one.
    TooLong,
    /// A user needs a name.
    Empty,
}
