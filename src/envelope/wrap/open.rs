//! Unwrapping a key: by what the wrapped key names, and nothing else.

use super::{
    Bound, CodeId, DataContext, KEY_LEN, KekError, KekType, Label, Parameters, WrappedKey, agreed,
};
use crate::envelope::kek::{RecipientKey, UnwrapWith};
#[cfg(feature = "password")]
use crate::envelope::password::Passphrase;
use crate::label::AtRest;
use crate::primitives::aead::{self, Unauthentic};
use crate::secret::{Secret, wipe};

impl WrappedKey {
    /// Unwraps the key. One that opens with a [recipient's key](UnwrapWith::Recipient) or a [code](UnwrapWith::Code) may have been made by
    /// anybody: wrapping to these takes what is public (SPEC: R-142).
    ///
    /// # Errors
    /// [`UnwrapError`].
    pub fn open(
        &self,
        context: &DataContext,
        with: UnwrapWith<'_>,
    ) -> Result<Secret<32>, UnwrapError> {
        self.open_bound(Bound::to(context), with)
    }

    pub(crate) fn open_bound(
        &self,
        to: Bound<'_>,
        with: UnwrapWith<'_>,
    ) -> Result<Secret<32>, UnwrapError> {
        self.check_purpose(to)?;
        match with {
            UnwrapWith::Local(kek) => self.open_local(to, kek.kek_ref(), kek.key().expose()),
            #[cfg(feature = "password")]
            UnwrapWith::Passphrase(passphrase) => self.open_passphrase(to, passphrase),
            UnwrapWith::Recipient(key) => self.open_recipient(to, key),
            UnwrapWith::Code(code) => self.open_code(to, code.id(), code.pair()),
            UnwrapWith::Service(service) => self.open_service(to, service),
            UnwrapWith::Keyring(_) if self.kek_type() != KekType::Local => {
                Err(UnwrapError::WrongKek)
            }
            UnwrapWith::Keyring(keyring) => {
                let kek = keyring.unwrapping_key(self.kek_ref())?;
                self.open_local(to, self.kek_ref(), kek.expose())
            }
        }
    }

    /// Before anything is computed, and anybody is asked.
    pub(super) fn check_purpose(&self, to: Bound<'_>) -> Result<(), UnwrapError> {
        if self.purpose() == to.context.purpose() {
            Ok(())
        } else {
            Err(UnwrapError::WrongKeyOrContext)
        }
    }

    /// Unwraps the one of several that names what is given; one under a root key that has been destroyed only if there is no other.
    pub(crate) fn open_named(
        keys: &[Self],
        context: &DataContext,
        with: UnwrapWith<'_>,
    ) -> Result<Secret<32>, UnwrapError> {
        let mut otherwise = UnwrapError::WrongKek;
        for key in keys {
            match key.open(context, with) {
                Err(UnwrapError::WrongKek) => {}
                Err(UnwrapError::Destroyed) => otherwise = UnwrapError::Destroyed,
                opened => return opened,
            }
        }
        Err(otherwise)
    }

    /// By a key that is known, and has this name.
    pub(crate) fn open_local(
        &self,
        to: Bound<'_>,
        reference: &[u8],
        kek: &[u8; 32],
    ) -> Result<Secret<32>, UnwrapError> {
        match self.head.parameters {
            Parameters::Local if self.kek_ref() == reference => self.unseal(to, kek),
            _ => Err(UnwrapError::WrongKek),
        }
    }

    #[cfg(feature = "password")]
    fn open_passphrase(
        &self,
        to: Bound<'_>,
        passphrase: &Passphrase,
    ) -> Result<Secret<32>, UnwrapError> {
        let Parameters::Passphrase(parameters, salt) = &self.head.parameters else {
            return Err(UnwrapError::WrongKek);
        };
        // Before anything is computed.
        let parameters = parameters.map_err(|_| UnwrapError::OutOfBounds)?;
        let kek = passphrase.stretch(parameters, salt).map_err(|_| UnwrapError::OutOfMemory)?;
        self.unseal(to, kek.expose())
    }

    fn open_recipient(&self, to: Bound<'_>, key: &RecipientKey) -> Result<Secret<32>, UnwrapError> {
        match &self.head.parameters {
            Parameters::Recipient(ephemeral) if self.kek_ref() == key.public().reference() => {
                let keys = [ephemeral, key.pair().public()];
                let shared = key.pair().agree(ephemeral);
                let kek = agreed(&shared, keys, Label::AtRest(AtRest::RecipientWrap), &[]);
                self.unseal(to, kek.expose())
            }
            _ => Err(UnwrapError::WrongKek),
        }
    }

    /// By the recovery code of this id, whose key pair it takes.
    pub(crate) fn open_code(
        &self,
        to: Bound<'_>,
        id: CodeId,
        key: &RecipientKey,
    ) -> Result<Secret<32>, UnwrapError> {
        match &self.head.parameters {
            Parameters::RecoveryCode(named, ephemeral) if *named == id => {
                let keys = [ephemeral, key.pair().public()];
                let shared = key.pair().agree(ephemeral);
                let name = super::code_name(&id);
                let kek = agreed(&shared, keys, Label::AtRest(AtRest::CodeWrap), &name);
                self.unseal(to, kek.expose())
            }
            _ => Err(UnwrapError::WrongKek),
        }
    }

    fn unseal(&self, to: Bound<'_>, kek: &[u8; 32]) -> Result<Secret<32>, UnwrapError> {
        let (head, body) = self.parts();
        let mut opened = aead::open(kek, to.parts(head), body)?;
        let key = opened.first_chunk::<KEY_LEN>();
        let key = key.map(|bytes| Secret::init_with(|key| *key = *bytes));
        wipe(&mut opened);
        key.ok_or(UnwrapError::WrongKeyOrContext)
    }
}

/// Why a key was not unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnwrapError {
    /// It was wrapped with something else: see [`WrappedKey::kek_type`] and [`WrappedKey::kek_ref`].
    WrongKek,
    /// The passphrase, code or key is wrong, or it is bound to something else, or it was changed.
    WrongKeyOrContext,
    /// It asks for less or more of Argon2id than is ever computed: somebody wants to exhaust this machine, or a newer version wrote it.
    OutOfBounds,
    /// There is not enough memory to stretch the passphrase so. Try on a larger machine.
    OutOfMemory,
    /// The root key that it names has been destroyed, and it with that; or somebody has changed the name: nothing is authenticated when
    /// this is said.
    Destroyed,
    /// The service did not unwrap it.
    Kek(KekError),
}

impl From<KekError> for UnwrapError {
    fn from(error: KekError) -> Self {
        Self::Kek(error)
    }
}

impl From<Unauthentic> for UnwrapError {
    fn from(Unauthentic: Unauthentic) -> Self {
        Self::WrongKeyOrContext
    }
}
