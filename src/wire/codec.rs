//! The codec that every format is read and written with.
//!
//! A [`Reader`] gives out borrowed parts of what it was given, so that no length on the wire reserves memory
//! (SPEC: R-121), and fails on bytes that are left over (SPEC: R-122). Version and type come first, of what is stored its four letters
//! (SPEC: R-136).

use alloc::vec::Vec;

use super::kind::{Kind, StoredKind};
use crate::keys::address::{Address, DeviceId, Provider, UserId};
use crate::keys::identity::{InvalidKey, PublicIdentity};
use crate::keys::suite::Suite;
use crate::keys::time::UnixTime;
use crate::limits::WIRE_VERSION;
use crate::primitives::agreement::PublicKey;
use crate::primitives::mac;
use crate::secret::Secret;

/// Why bytes could not be read. Nothing has changed; discard them.
// SPEC: R-130.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end too early.
    Truncated,
    /// Bytes are left over.
    TrailingBytes,
    /// Longer than [`crate::limits::MAX_MESSAGE`].
    TooLong,
    /// Written by a version of the format that this crate does not know: update, or tell the peer.
    UnsupportedVersion,
    /// Another format than the one that was expected here.
    WrongKind,
    /// A suite that this build does not have.
    UnsupportedSuite,
    /// A flag that has no meaning is set.
    InvalidFlags,
    /// A public key that is not canonical, no point, of small order, or not reduced.
    InvalidKey,
    /// More entries than the format allows.
    TooMany,
    /// An encoding that this crate never writes for the value.
    NotCanonical,
    /// The checksum of a snapshot is wrong: it was damaged where it was stored.
    Corrupted,
}

impl From<InvalidKey> for DecodeError {
    fn from(InvalidKey: InvalidKey) -> Self {
        Self::InvalidKey
    }
}

/// Parts of fixed lengths one after the other, `N` bytes in all.
pub(crate) fn joined<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut out = [0; N];
    join(parts, &mut out);
    out
}

/// The same where they are to stay, for secrets.
pub(crate) fn join<const N: usize>(parts: &[&[u8]], out: &mut [u8; N]) {
    debug_assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), N, "a fixed length");
    for (to, from) in out.iter_mut().zip(parts.iter().copied().flatten()) {
        *to = *from;
    }
}

/// Reads from the front of a byte string.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A reader behind the version and type bytes.
    pub(crate) fn begin(bytes: &'a [u8], kind: Kind) -> Result<Self, DecodeError> {
        Self::begin_either(bytes, [kind]).map(|(reader, _)| reader)
    }

    /// A reader behind the version and type bytes, and which of the types it is.
    pub(crate) fn begin_either<const N: usize>(
        bytes: &'a [u8],
        kinds: [Kind; N],
    ) -> Result<(Self, Kind), DecodeError> {
        let mut reader = Self(bytes);
        if reader.u8()? != WIRE_VERSION {
            return Err(DecodeError::UnsupportedVersion);
        }
        let byte = reader.u8()?;
        let kind = kinds.into_iter().find(|kind| kind.byte() == byte);
        Ok((reader, kind.ok_or(DecodeError::WrongKind)?))
    }

    /// The first four bytes of what is stored.
    pub(crate) fn stored(&mut self, format: StoredKind) -> Result<(), DecodeError> {
        let (letters, version) = (self.array::<3>()?, self.u8()?);
        let [a, b, c, known] = format.magic();
        if letters != &[*a, *b, *c] {
            return Err(DecodeError::WrongKind);
        }
        if version == *known { Ok(()) } else { Err(DecodeError::UnsupportedVersion) }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], DecodeError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(array)
    }

    pub(crate) fn slice(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        let (slice, rest) = self.0.split_at_checked(len).ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(slice)
    }

    /// Bytes behind their length, of one byte.
    pub(crate) fn lp8(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.u8()?;
        self.slice(len.into())
    }

    /// Bytes behind their length, of two bytes.
    pub(crate) fn lp16(&mut self) -> Result<&'a [u8], DecodeError> {
        let len = self.u16()?;
        self.slice(len.into())
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        let [byte] = self.array()?;
        Ok(*byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, DecodeError> {
        self.array().copied().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        self.array().copied().map(u32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        self.array().copied().map(u64::from_be_bytes)
    }

    /// A length or count of four bytes; where `usize` is shorter, too large for anything.
    pub(crate) fn u32_len(&mut self) -> Result<usize, DecodeError> {
        self.u32().map(|len| usize::try_from(len).unwrap_or(usize::MAX))
    }

    pub(crate) fn time(&mut self) -> Result<UnixTime, DecodeError> {
        self.u64().map(UnixTime::from_secs)
    }

    pub(crate) fn suite(&mut self) -> Result<Suite, DecodeError> {
        Suite::from_byte(self.u8()?).ok_or(DecodeError::UnsupportedSuite)
    }

    /// A byte that is 0 or 1, or `otherwise`.
    pub(crate) fn flag(&mut self, otherwise: DecodeError) -> Result<bool, DecodeError> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(otherwise),
        }
    }

    /// What a byte that is 0 or 1 says to be there.
    pub(crate) fn optional<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        let is_there = self.flag(DecodeError::NotCanonical)?;
        is_there.then(|| read(self)).transpose()
    }

    pub(crate) fn identity(&mut self) -> Result<PublicIdentity, DecodeError> {
        Ok(PublicIdentity::from_bytes(self.array()?)?)
    }

    pub(crate) fn public_key(&mut self) -> Result<PublicKey, DecodeError> {
        PublicKey::from_bytes(self.array()?).ok_or(DecodeError::InvalidKey)
    }

    /// What `Address::encode` has written.
    pub(crate) fn address(&mut self) -> Result<Address, DecodeError> {
        let provider = self.tagged(0x01)?;
        let user = self.tagged(0x02)?;
        let ([0x03], device) = (self.array()?, self.u32()?) else {
            return Err(DecodeError::NotCanonical);
        };
        let provider = Provider::new(provider).map_err(|_| DecodeError::NotCanonical)?;
        let user = UserId::new(user).map_err(|_| DecodeError::NotCanonical)?;
        Ok(Address::new(provider, user, DeviceId::new(device)))
    }

    fn tagged(&mut self, tag: u8) -> Result<&'a [u8], DecodeError> {
        if self.u8()? != tag {
            return Err(DecodeError::NotCanonical);
        }
        self.lp8()
    }

    pub(crate) fn secret<const N: usize>(&mut self) -> Result<Secret<N>, DecodeError> {
        let bytes = self.array()?;
        Ok(Secret::init_with(|secret| *secret = *bytes))
    }

    /// A count of entries of `size` bytes each: refused above `max` and when the entries cannot all be there.
    pub(crate) fn count(
        &self,
        count: usize,
        max: usize,
        size: usize,
    ) -> Result<usize, DecodeError> {
        if count > max {
            return Err(DecodeError::TooMany);
        }
        if count.saturating_mul(size) > self.0.len() {
            return Err(DecodeError::Truncated);
        }
        Ok(count)
    }

    /// What has not been read.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// `value`, if nothing is left over.
    pub(crate) fn finish<T>(self, value: T) -> Result<T, DecodeError> {
        if self.0.is_empty() { Ok(value) } else { Err(DecodeError::TrailingBytes) }
    }
}

/// Writes to a buffer of a known length, which never grows: a buffer that grew would leave what it held behind.
pub(crate) struct Writer {
    out: Vec<u8>,
    len: usize,
}

impl Writer {
    pub(crate) fn with_len(len: usize) -> Self {
        Self { out: Vec::with_capacity(len), len }
    }

    /// A writer that has written the version and type bytes; `len` counts them.
    pub(crate) fn begin(kind: Kind, len: usize) -> Self {
        let mut writer = Self::with_len(len);
        writer.bytes(&[WIRE_VERSION, kind.byte()]);
        writer
    }

    /// A writer of what is stored, which has written its first four bytes; `len` counts them.
    pub(crate) fn begin_stored(format: StoredKind, len: usize) -> Self {
        let mut writer = Self::with_len(len);
        writer.bytes(format.magic());
        writer
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    pub(crate) fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes(&[value])
    }

    pub(crate) fn zeros(&mut self, count: usize) -> &mut Self {
        self.out.resize(self.out.len().saturating_add(count), 0);
        self
    }

    /// A count that has been bounded below 256.
    pub(crate) fn u8_len(&mut self, len: usize) -> &mut Self {
        debug_assert!(len <= usize::from(u8::MAX), "a bounded length");
        self.u8(u8::try_from(len).unwrap_or(u8::MAX))
    }

    /// A length or count that has been bounded below 65,536.
    pub(crate) fn u16_len(&mut self, len: usize) -> &mut Self {
        debug_assert!(len <= usize::from(u16::MAX), "a bounded length");
        self.bytes(&u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes())
    }

    /// Bytes of a length that has been bounded below 256, behind it.
    pub(crate) fn lp8(&mut self, bytes: &[u8]) -> &mut Self {
        self.u8_len(bytes.len()).bytes(bytes)
    }

    /// Bytes of a length that has been bounded below 65,536, behind it.
    pub(crate) fn lp16(&mut self, bytes: &[u8]) -> &mut Self {
        self.u16_len(bytes.len()).bytes(bytes)
    }

    /// A count that has been bounded below 2^32.
    pub(crate) fn u32_len(&mut self, len: usize) -> &mut Self {
        debug_assert!(u32::try_from(len).is_ok(), "a bounded length");
        self.u32(u32::try_from(len).unwrap_or(u32::MAX))
    }

    pub(crate) fn u32(&mut self, value: u32) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn u64(&mut self, value: u64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    pub(crate) fn address(&mut self, address: &Address) -> &mut Self {
        address.write(&mut self.out);
        self
    }

    pub(crate) fn time(&mut self, time: UnixTime) -> &mut Self {
        self.u64(time.as_secs())
    }

    pub(crate) fn written(&self) -> &[u8] {
        &self.out
    }

    /// What has been written, with its MAC behind it.
    pub(crate) fn finish_with_mac(mut self, key: &[u8; 32]) -> Vec<u8> {
        let mac = mac::hmac(key, &self.out);
        self.bytes(&mac);
        self.finish()
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        debug_assert_eq!(self.out.len(), self.len, "the length was computed wrong");
        self.out
    }
}
