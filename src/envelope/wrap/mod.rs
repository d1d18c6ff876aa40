//! A wrapped key: 32 bytes, encrypted under something else, and bound to what they are for.
//!
//! ```text
//! wrapped key = head ‖ body
//! head        = 0xB1 ‖ type(1) ‖ purpose(1) ‖ flags = 0 ‖ key id(4) ‖ epoch(4) ‖ lp8(reference) ‖ parameters
//! body        = Cobblestone-256(KEK, salt, context = head ‖ data context ‖ owner, key)     a service's: lp16(what it gave)
//! owner       = the id(16) of the keyring or recovery set whose own key it is, or nothing
//! ```
//!
//! The reference says which KEK: exactly one is tried. The parameters are authenticated with all the rest. SPEC: R-104.

mod open;
mod seal;
mod service;

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

pub use self::open::UnwrapError;
pub use self::seal::WrapError;
pub(crate) use self::seal::Wrapping;
use super::context::{DataContext, Purpose};
use super::kek::{CodeId, KekError};
use super::password::{ParametersOutOfBounds, PasswordParameters};
use crate::label::Label;
use crate::limits::{MAX_KEK_BLOB, MAX_KEK_REF};
use crate::primitives::aead;
use crate::primitives::agreement::PublicKey;
use crate::primitives::kdf::hkdf;
use crate::secret::Transient;
use crate::wire::codec::{DecodeError, Reader};

const MAGIC: u8 = 0xb1;
const KEY_LEN: usize = 32;
/// Length of the body, but a service's.
const BODY_LEN: usize = aead::MIN_LEN + KEY_LEN;
const PASSWORD_SALT_LEN: usize = 16;
/// Length of the name of a public key.
const RECIPIENT_REF_LEN: usize = 8;

/// How a key was wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KekType {
    /// By a key of the device, or by a root key of a keyring.
    Local,
    /// By a passphrase.
    Passphrase,
    /// To a recovery code.
    RecoveryCode,
    /// To an X25519 key.
    Recipient,
    /// By another service.
    Service,
}

/// What stands between the reference and the body, by type.
#[derive(Clone, Copy)]
enum Parameters {
    Local,
    /// Out of bounds is well-formed: it is refused when it is to be opened.
    Passphrase(Result<PasswordParameters, ParametersOutOfBounds>, [u8; PASSWORD_SALT_LEN]),
    RecoveryCode(CodeId, PublicKey),
    Recipient(PublicKey),
    Service,
}

impl Parameters {
    const fn kek_type(&self) -> KekType {
        match self {
            Self::Local => KekType::Local,
            Self::Passphrase(..) => KekType::Passphrase,
            Self::RecoveryCode(..) => KekType::RecoveryCode,
            Self::Recipient(_) => KekType::Recipient,
            Self::Service => KekType::Service,
        }
    }

    fn read(kek_type: KekType, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match kek_type {
            KekType::Local => Self::Local,
            KekType::Passphrase => {
                Self::Passphrase(PasswordParameters::read(reader)?, *reader.array()?)
            }
            KekType::RecoveryCode => {
                let id = CodeId { set_id: *reader.array()?, index: reader.u8()? };
                Self::RecoveryCode(id, reader.public_key()?)
            }
            KekType::Recipient => Self::Recipient(reader.public_key()?),
            KekType::Service => Self::Service,
        })
    }
}

impl KekType {
    const ALL: [Self; 5] =
        [Self::Local, Self::Passphrase, Self::RecoveryCode, Self::Recipient, Self::Service];

    const fn byte(self) -> u8 {
        match self {
            Self::Local => 1,
            Self::Passphrase => 2,
            Self::RecoveryCode => 3,
            Self::Recipient => 4,
            Self::Service => 5,
        }
    }

    /// A passphrase and a code have no name, and a public key has one of a known length.
    const fn check_reference(self, len: usize) -> Result<(), DecodeError> {
        match self {
            Self::Local | Self::Service if len <= MAX_KEK_REF => Ok(()),
            Self::Local | Self::Service => Err(DecodeError::TooLong),
            Self::Recipient if len == RECIPIENT_REF_LEN => Ok(()),
            Self::Passphrase | Self::RecoveryCode if len == 0 => Ok(()),
            _ => Err(DecodeError::NotCanonical),
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.byte() == byte)
    }
}

/// What is said in clear of a keyring's root key: its number, and of the active one the keyring's generation. Both 0 otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) key_id: u32,
    pub(crate) epoch: u32,
}

/// What a key is bound to, besides what its head says.
#[derive(Clone, Copy)]
pub(crate) struct Bound<'a> {
    pub(crate) context: &'a DataContext,
    /// Whose own key it is: the id of a keyring or recovery set. Nobody's for the keys that applications wrap.
    pub(crate) owner: &'a [u8],
}

impl<'a> Bound<'a> {
    pub(crate) const fn to(context: &'a DataContext) -> Self {
        Self { context, owner: &[] }
    }

    fn parts(self, head: &'a [u8]) -> [&'a [u8]; 3] {
        [head, self.context.as_bytes(), self.owner]
    }
}

/// What stands before the body, understood.
#[derive(Clone)]
struct Head {
    purpose: Purpose,
    about: About,
    reference: Range<usize>,
    parameters: Parameters,
    len: usize,
}

impl Head {
    /// Reads a head, and leaves the reader at the body. `bytes` is all that the reader reads.
    fn read(bytes: &[u8], reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8()? != MAGIC {
            return Err(DecodeError::WrongKind);
        }
        let kek_type = KekType::from_byte(reader.u8()?).ok_or(DecodeError::UnsupportedVersion)?;
        let purpose = Purpose::from_byte(reader.u8()?).ok_or(DecodeError::UnsupportedVersion)?;
        if reader.u8()? != 0 {
            return Err(DecodeError::InvalidFlags);
        }
        let about = About { key_id: reader.u32()?, epoch: reader.u32()? };
        let reference_len = usize::from(reader.u8()?);
        kek_type.check_reference(reference_len)?;
        let at = |reader: &Reader<'_>| bytes.len().saturating_sub(reader.rest().len());
        let start = at(reader);
        reader.slice(reference_len)?;
        let reference = start..at(reader);
        let parameters = Parameters::read(kek_type, reader)?;
        Ok(Self { purpose, about, reference, parameters, len: at(reader) })
    }
}

/// A wrapped key, as stored. About 150 bytes; nothing in it is secret.
#[derive(Clone)]
pub struct WrappedKey {
    head: Head,
    bytes: Vec<u8>,
}

impl WrappedKey {
    /// Reads what [`as_bytes`](Self::as_bytes) gave.
    ///
    /// # Errors
    /// [`DecodeError`]; [`DecodeError::UnsupportedVersion`] also for a type or purpose that this version does not know.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let wrapped = Self::decode_numbered(bytes)?;
        if wrapped.is_plain() { Ok(wrapped) } else { Err(DecodeError::NotCanonical) }
    }

    /// The same, of a root key too.
    pub(crate) fn decode_numbered(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let head = Head::read(bytes, &mut reader)?;
        let body_len = match head.parameters {
            Parameters::Service => usize::from(reader.u16()?),
            _ => BODY_LEN,
        };
        if body_len > MAX_KEK_BLOB {
            return Err(DecodeError::TooLong);
        }
        reader.slice(body_len)?;
        reader.finish(())?;
        Ok(Self { head, bytes: bytes.to_vec() })
    }

    /// The bytes to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How it was wrapped.
    #[must_use]
    pub const fn kek_type(&self) -> KekType {
        self.head.parameters.kek_type()
    }

    /// The name of what it was wrapped with: of a key of this device or another service, as it was given; empty for a passphrase.
    #[must_use]
    pub fn kek_ref(&self) -> &[u8] {
        self.bytes.get(self.head.reference.clone()).unwrap_or_default()
    }

    /// What it is for.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.head.purpose
    }

    /// What the passphrase is stretched with, if there is one and the parameters are within bounds.
    #[must_use]
    pub const fn password_parameters(&self) -> Option<PasswordParameters> {
        match self.head.parameters {
            Parameters::Passphrase(Ok(parameters), _) => Some(parameters),
            _ => None,
        }
    }

    /// Was it wrapped by a passphrase that is stretched less than the policy of today asks for? Then wrap the key again, while
    /// it is open.
    #[must_use]
    pub fn needs_upgrade(&self, policy: PasswordParameters) -> bool {
        self.password_parameters().is_some_and(|parameters| parameters.needs_upgrade(policy))
    }

    pub(crate) const fn about(&self) -> About {
        self.head.about
    }

    /// The recovery code that it was wrapped to.
    pub(crate) const fn code(&self) -> Option<CodeId> {
        match self.head.parameters {
            Parameters::RecoveryCode(id, _) => Some(id),
            _ => None,
        }
    }

    /// Is it a key that an application has wrapped, and no keyring's own?
    pub(crate) fn is_plain(&self) -> bool {
        self.about() == About::default()
    }

    /// Would both be tried with the same?
    pub(crate) fn names_the_same(&self, other: &Self) -> bool {
        let name = |key: &Self| (key.kek_type(), key.code());
        name(self) == name(other) && self.kek_ref() == other.kek_ref()
    }

    /// Head and body.
    fn parts(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at_checked(self.head.len).unwrap_or((&self.bytes, &[]))
    }
}

impl PartialEq for WrappedKey {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for WrappedKey {}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { head, bytes } = self;
        let Head { purpose, about: About { key_id, epoch }, .. } = head;
        let (kek_type, len) = (self.kek_type(), bytes.len());
        write!(f, "WrappedKey({kek_type:?}, {purpose:?}, key {key_id}, epoch {epoch}, {len} bytes)")
    }
}

/// The KEK that two X25519 keys agree on, bound to both and to what else is said of it.
fn agreed(
    shared: &Transient<32>,
    [ephemeral, recipient]: [&PublicKey; 2],
    label: Label,
    about: &[u8],
) -> Transient<32> {
    let info = [label.bytes(), ephemeral.as_bytes(), recipient.as_bytes(), about];
    hkdf(&[0; 32], shared.expose(), &info)
}

/// What a recovery code is called in the KEK's derivation.
const fn code_name(id: &CodeId) -> [u8; 17] {
    let CodeId { set_id: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p], index } = *id;
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, index]
}
