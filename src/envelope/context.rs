//! What data is, and where it belongs: so that a ciphertext in another row, field or file does not open.
//!
//! ```text
//! context = 0x01 ‖ purpose(1) ‖ n(1) ‖ n × { tag(1) ‖ len(2) ‖ bytes }          tags ascending, each once; at most 1,024 bytes
//! ```
//!
//! Injective: two contexts have the same bytes only if they say the same. SPEC: R-100, R-101.

use alloc::vec::Vec;

use crate::limits::MAX_DATA_CONTEXT;
use crate::wire::codec::{DecodeError, Reader};

const VERSION: u8 = 1;
const HEAD_LEN: usize = 3;

const TENANT: u8 = 0x01;
const COLLECTION: u8 = 0x02;
const FIELD: u8 = 0x03;
const OBJECT: u8 = 0x04;
const OBJECT_VERSION: u8 = 0x05;
const SCHEMA_VERSION: u8 = 0x06;
const USER: u8 = 0x07;
const DEVICE: u8 = 0x08;
/// The first of the application's own.
const APPLICATION: u8 = 0x80;

/// What the data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// A field of a row.
    Record,
    /// A file.
    File,
    /// Something made from a file: a preview, a thumbnail.
    Derivative,
    /// A backup or an export.
    Archive,
    /// A keyring.
    Keyring,
    /// A database's key.
    Database,
    /// The secret of one-time passwords.
    Totp,
    /// A key of calls.
    Media,
    /// What is shared by a code.
    Share,
}

impl Purpose {
    const ALL: [Self; 9] = [
        Self::Record,
        Self::File,
        Self::Derivative,
        Self::Archive,
        Self::Keyring,
        Self::Database,
        Self::Totp,
        Self::Media,
        Self::Share,
    ];

    pub(crate) const fn byte(self) -> u8 {
        match self {
            Self::Record => 1,
            Self::File => 2,
            Self::Derivative => 3,
            Self::Archive => 4,
            Self::Keyring => 5,
            Self::Database => 6,
            Self::Totp => 7,
            Self::Media => 8,
            Self::Share => 9,
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.byte() == byte)
    }
}

/// What data is bound to: its purpose and where it belongs. Mandatory wherever something is encrypted at rest; the same must be
/// given to open it. It is not stored with the data, and nothing in it is secret.
///
/// ```
/// # fn main() -> Result<(), confidant::ContextError> {
/// use confidant::{DataContext, Purpose};
/// let context = DataContext::new(Purpose::Record)
///     .tenant(b"acme")?
///     .collection(b"customers")?
///     .field(b"email")?
///     .object(b"4711")?
///     .object_version(3)?;
/// # let _ = context; Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataContext {
    purpose: Purpose,
    bytes: Vec<u8>,
}

impl DataContext {
    /// A context that says only what the data is.
    #[must_use]
    pub fn new(purpose: Purpose) -> Self {
        Self::of(purpose, &[])
    }

    /// Whose data it is.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn tenant(self, id: &[u8]) -> Result<Self, ContextError> {
        self.with(TENANT, id)
    }

    /// The table or collection. Each has keys of its own.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn collection(self, name: &[u8]) -> Result<Self, ContextError> {
        self.with(COLLECTION, name)
    }

    /// The column or field.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn field(self, name: &[u8]) -> Result<Self, ContextError> {
        self.with(FIELD, name)
    }

    /// The row or object.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn object(self, id: &[u8]) -> Result<Self, ContextError> {
        self.with(OBJECT, id)
    }

    /// The object's version: then an older version's ciphertext cannot stand in for a newer one's.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn object_version(self, version: u64) -> Result<Self, ContextError> {
        self.with(OBJECT_VERSION, &version.to_be_bytes())
    }

    /// The version of the schema that the data is written in.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn schema_version(self, version: u32) -> Result<Self, ContextError> {
        self.with(SCHEMA_VERSION, &version.to_be_bytes())
    }

    /// The user.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn user(self, id: &[u8]) -> Result<Self, ContextError> {
        self.with(USER, id)
    }

    /// The device.
    ///
    /// # Errors
    /// [`ContextError`].
    pub fn device(self, id: &[u8]) -> Result<Self, ContextError> {
        self.with(DEVICE, id)
    }

    /// Anything else: `number` is the application's own name for what it is, 0 to 127.
    ///
    /// # Errors
    /// [`ContextError`]; [`ContextError::NoSuchNumber`] above 127.
    pub fn application(self, number: u8, bytes: &[u8]) -> Result<Self, ContextError> {
        let tag = number.checked_add(APPLICATION).ok_or(ContextError::NoSuchNumber)?;
        self.with(tag, bytes)
    }

    fn with(self, tag: u8, bytes: &[u8]) -> Result<Self, ContextError> {
        let mut entries: Vec<_> = self.entries().collect();
        let Err(place) = entries.binary_search_by_key(&tag, |(tag, _)| *tag) else {
            return Err(ContextError::Twice);
        };
        let entry_len = bytes.len().saturating_add(ENTRY_HEAD_LEN);
        if self.bytes.len().saturating_add(entry_len) > MAX_DATA_CONTEXT {
            return Err(ContextError::TooLong);
        }
        entries.insert(place, (tag, bytes));
        Ok(Self::of(self.purpose, &entries))
    }

    /// What it is.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The bytes that data is bound to, for those who keep or send a context beside its data.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads what [`as_bytes`](Self::as_bytes) gave.
    ///
    /// # Errors
    /// [`DecodeError`]; [`DecodeError::UnsupportedVersion`] also for a purpose or tag that this version does not know.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_DATA_CONTEXT {
            return Err(DecodeError::TooLong);
        }
        let mut reader = Reader::new(bytes);
        if reader.u8()? != VERSION {
            return Err(DecodeError::UnsupportedVersion);
        }
        let purpose = Purpose::from_byte(reader.u8()?).ok_or(DecodeError::UnsupportedVersion)?;
        let mut last = 0;
        for _ in 0..reader.u8()? {
            let tag = reader.u8()?;
            check_tag(tag, last)?;
            let len = reader.u16()?;
            check_len(tag, len)?;
            reader.slice(len.into())?;
            last = tag;
        }
        reader.finish(Self { purpose, bytes: bytes.to_vec() })
    }

    /// The collection's name, empty if none was given.
    pub(crate) fn collection_name(&self) -> &[u8] {
        let named = self.entries().find(|(tag, _)| *tag == COLLECTION);
        named.map_or(&[], |(_, name)| name)
    }

    fn entries(&self) -> impl Iterator<Item = (u8, &[u8])> {
        let mut reader = Reader::new(self.bytes.get(HEAD_LEN..).unwrap_or_default());
        core::iter::from_fn(move || Some((reader.u8().ok()?, reader.lp16().ok()?)))
    }

    /// At most 136 tags and 1,024 bytes, so that counts and lengths have room.
    fn of(purpose: Purpose, entries: &[(u8, &[u8])]) -> Self {
        let count = u8::try_from(entries.len()).unwrap_or(u8::MAX);
        let mut bytes = Vec::from([VERSION, purpose.byte(), count]);
        for (tag, value) in entries {
            bytes.push(*tag);
            bytes.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
            bytes.extend_from_slice(value);
        }
        Self { purpose, bytes }
    }
}

const ENTRY_HEAD_LEN: usize = 1 + 2;

/// A tag that is known, behind the last one.
const fn check_tag(tag: u8, last: u8) -> Result<(), DecodeError> {
    match tag {
        TENANT..=DEVICE | APPLICATION.. if tag > last => Ok(()),
        TENANT..=DEVICE | APPLICATION.. => Err(DecodeError::NotCanonical),
        _ => Err(DecodeError::UnsupportedVersion),
    }
}

const fn check_len(tag: u8, len: u16) -> Result<(), DecodeError> {
    match (tag, len) {
        (OBJECT_VERSION, 8) | (SCHEMA_VERSION, 4) => Ok(()),
        (OBJECT_VERSION | SCHEMA_VERSION, _) => Err(DecodeError::NotCanonical),
        _ => Ok(()),
    }
}

/// Why something cannot be put into a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContextError {
    /// It has been said before.
    Twice,
    /// The context would be longer than [`limits::MAX_DATA_CONTEXT`](crate::limits::MAX_DATA_CONTEXT). Give a hash.
    TooLong,
    /// The application's numbers go from 0 to 127.
    NoSuchNumber,
}
