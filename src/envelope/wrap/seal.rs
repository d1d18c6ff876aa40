//! Wrapping a key.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::{
    About, BODY_LEN, Bound, CodeId, DataContext, Head, KekError, Label, Parameters, WrappedKey,
    agreed, code_name,
};
#[cfg(feature = "password")]
use super::{PASSWORD_SALT_LEN, PasswordParameters};
use crate::envelope::kek::{Recipient, WrapWith};
#[cfg(feature = "password")]
use crate::envelope::password::Passphrase;
use crate::label::AtRest;
use crate::limits::MAX_KEK_REF;
use crate::primitives::aead::{self, SALT_LEN};
use crate::primitives::agreement::{PublicKey, SecretKey};
use crate::secret::{RandomnessFailed, Secret, Transient, random_array};

impl WrappedKey {
    /// Wraps a key. Draws 24 bytes, before that 16 for a passphrase or 32 for a recipient, and none for another service.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn new<R: TryCryptoRng + ?Sized>(
        key: &Secret<32>,
        context: &DataContext,
        with: WrapWith<'_>,
        rng: &mut R,
    ) -> Result<Self, WrapError> {
        Wrapping { about: About::default(), to: Bound::to(context), key }.with(with, rng)
    }
}

/// What is to be wrapped.
#[derive(Clone, Copy)]
pub(crate) struct Wrapping<'a> {
    pub(crate) about: About,
    pub(crate) to: Bound<'a>,
    pub(crate) key: &'a Secret<32>,
}

impl Wrapping<'_> {
    pub(crate) fn with<R: TryCryptoRng + ?Sized>(
        self,
        with: WrapWith<'_>,
        rng: &mut R,
    ) -> Result<WrappedKey, WrapError> {
        match with {
            WrapWith::Local(kek) => self.local(kek.kek_ref(), kek.key().expose(), rng),
            #[cfg(feature = "password")]
            WrapWith::Passphrase(passphrase, parameters) => {
                self.passphrase(passphrase, parameters, rng)
            }
            WrapWith::Recipient(recipient) => self.recipient(recipient, rng),
            WrapWith::Code(code) => self.code(code.id(), code.key(), rng),
            WrapWith::Service(service) => self.service(service),
            WrapWith::Keyring(keyring) => {
                let (reference, kek) = keyring.wrapping_key();
                self.local(&reference, kek.expose(), rng)
            }
        }
    }

    /// By a key that is known.
    pub(crate) fn local<R: TryCryptoRng + ?Sized>(
        self,
        reference: &[u8],
        kek: &[u8; 32],
        rng: &mut R,
    ) -> Result<WrappedKey, WrapError> {
        let (head, bytes) = self.begin(reference, Parameters::Local)?;
        self.seal(head, bytes, kek, rng)
    }

    #[cfg(feature = "password")]
    fn passphrase<R: TryCryptoRng + ?Sized>(
        self,
        passphrase: &Passphrase,
        parameters: PasswordParameters,
        rng: &mut R,
    ) -> Result<WrappedKey, WrapError> {
        let salt: [u8; PASSWORD_SALT_LEN] = random_array(rng)?;
        let kek = passphrase.stretch(parameters, &salt).map_err(|_| WrapError::OutOfMemory)?;
        let (head, bytes) = self.begin(&[], Parameters::Passphrase(Ok(parameters), salt))?;
        self.seal(head, bytes, kek.expose(), rng)
    }

    fn recipient<R: TryCryptoRng + ?Sized>(
        self,
        recipient: &Recipient,
        rng: &mut R,
    ) -> Result<WrappedKey, WrapError> {
        let (ephemeral, shared) = ephemeral(recipient, rng)?;
        let keys = [&ephemeral, recipient.key()];
        let kek = agreed(&shared, keys, Label::AtRest(AtRest::RecipientWrap), &[]);
        let (head, bytes) = self.begin(&recipient.reference(), Parameters::Recipient(ephemeral))?;
        self.seal(head, bytes, kek.expose(), rng)
    }

    /// To a recovery code, whose public half it takes. Draws 32 bytes, and 24.
    pub(crate) fn code<R: TryCryptoRng + ?Sized>(
        self,
        id: CodeId,
        recipient: &Recipient,
        rng: &mut R,
    ) -> Result<WrappedKey, WrapError> {
        let (ephemeral, shared) = ephemeral(recipient, rng)?;
        let keys = [&ephemeral, recipient.key()];
        let kek = agreed(&shared, keys, Label::AtRest(AtRest::CodeWrap), &code_name(&id));
        let (head, bytes) = self.begin(&[], Parameters::RecoveryCode(id, ephemeral))?;
        self.seal(head, bytes, kek.expose(), rng)
    }

    /// Everything before the body.
    pub(super) fn begin(
        self,
        reference: &[u8],
        parameters: Parameters,
    ) -> Result<(Head, Vec<u8>), WrapError> {
        let len = u8::try_from(reference.len()).ok().filter(|_| reference.len() <= MAX_KEK_REF);
        let len = len.ok_or(WrapError::ReferenceTooLong)?;
        let (About { key_id, epoch }, purpose) = (self.about, self.to.context.purpose());
        let mut bytes = Vec::with_capacity(ROOM);
        bytes.extend_from_slice(&[super::MAGIC, parameters.kek_type().byte(), purpose.byte(), 0]);
        bytes.extend_from_slice(&key_id.to_be_bytes());
        bytes.extend_from_slice(&epoch.to_be_bytes());
        bytes.push(len);
        let start = bytes.len();
        bytes.extend_from_slice(reference);
        let reference = start..bytes.len();
        parameters.write(&mut bytes);
        let len = bytes.len();
        Ok((Head { purpose, about: self.about, reference, parameters, len }, bytes))
    }

    fn seal<R: TryCryptoRng + ?Sized>(
        self,
        head: Head,
        mut bytes: Vec<u8>,
        kek: &[u8; 32],
        rng: &mut R,
    ) -> Result<WrappedKey, WrapError> {
        let salt: [u8; SALT_LEN] = random_array(rng)?;
        let mut body = Vec::with_capacity(BODY_LEN);
        aead::seal_into(&mut body, kek, &salt, self.to.parts(&bytes), self.key.expose());
        bytes.append(&mut body);
        Ok(WrappedKey { head, bytes })
    }
}

/// Most wrapped keys fit in.
const ROOM: usize = 256;

impl Parameters {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Passphrase(Ok(parameters), salt) => {
                out.extend_from_slice(&parameters.encode());
                out.extend_from_slice(salt);
            }
            Self::RecoveryCode(id, ephemeral) => {
                out.extend_from_slice(&code_name(id));
                out.extend_from_slice(ephemeral.as_bytes());
            }
            Self::Recipient(ephemeral) => out.extend_from_slice(ephemeral.as_bytes()),
            // What is out of bounds is never written.
            Self::Passphrase(Err(_), _) | Self::Local | Self::Service => {}
        }
    }
}

/// A key pair for this once: its public half, and what it agrees on with the recipient.
fn ephemeral<R: TryCryptoRng + ?Sized>(
    recipient: &Recipient,
    rng: &mut R,
) -> Result<(PublicKey, Transient<32>), RandomnessFailed> {
    let ephemeral = SecretKey::new(Secret::random(rng)?);
    Ok((*ephemeral.public(), ephemeral.agree(recipient.key())))
}

/// Why a key was not wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrapError {
    /// The name of the service's key is longer than [`limits::MAX_KEK_REF`](crate::limits::MAX_KEK_REF) bytes. Use a hash of it.
    ReferenceTooLong,
    /// There is not enough memory to stretch the passphrase so. Choose other parameters.
    OutOfMemory,
    /// The service did not wrap it.
    Kek(KekError),
    /// The random number generator failed. Try again when it works.
    Randomness,
}

impl From<RandomnessFailed> for WrapError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}

impl From<KekError> for WrapError {
    fn from(error: KekError) -> Self {
        Self::Kek(error)
    }
}
