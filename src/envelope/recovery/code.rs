//! One recovery code, and what comes from it.
//!
//! ```text
//! ikm    = secret(16)            short: Argon2id(secret(10), salt = SHA-256(Label::AtRest(AtRest::CodeSalt) ‖ set id ‖ index)[0..16], parameters)
//! PRK    = HKDF-Extract(salt = set id, ikm)
//! token  = HKDF-Expand(PRK, Label::AtRest(AtRest::CodeToken) ‖ index, 32)         all that a server ever sees
//! r      = HKDF-Expand(PRK, Label::AtRest(AtRest::CodeKey) ‖ index, 32)           X25519
//! roster = HKDF-Expand(PRK, Label::AtRest(AtRest::CodeRoster) ‖ index, 32)        the key of the code's own MAC over the public keys of its set
//! ```
//!
//! Knows nothing of sets.

use core::fmt;

use rand_core::TryCryptoRng;

use super::key::RecoveryCodeKey;
use super::letters::{self, PAYLOAD_LEN};
use crate::envelope::kek::{CodeId, RecipientKey};
#[cfg(feature = "password")]
use crate::envelope::password::PasswordParameters;
use crate::envelope::text::SecretText;
use crate::label::{AtRest, Label};
#[cfg(feature = "password")]
use crate::primitives::hash;
use crate::primitives::kdf::Prk;
#[cfg(feature = "password")]
use crate::primitives::password::argon2id;
#[cfg(feature = "password")]
use crate::secret::Transient;
use crate::secret::{RandomnessFailed, Secret, draw};

const VERSION: u8 = 1;
const VERSION_BITS: u8 = 0b1110_0000;
const INDEX_BITS: u8 = 0b0001_1111;
const LONG_SECRET: usize = 16;
#[cfg(feature = "password")]
const SHORT_SECRET: usize = 10;

/// Which codes a set has. The same is needed to use one of them; it stands in the set, and is not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoveryProfile {
    /// 128 bits of secret, 32 letters.
    Long,
    /// 80 bits of secret, 20 letters, through Argon2id with at least [`PasswordParameters::MOBILE`]: a weaker profile is
    /// [`UnlockError::TooWeak`].
    #[cfg(feature = "password")]
    Short(PasswordParameters),
}

impl RecoveryProfile {
    /// Are codes of this profile stretched enough?
    #[cfg_attr(
        not(feature = "password"),
        expect(clippy::unnecessary_wraps, reason = "long ones are")
    )]
    pub(super) const fn check(self) -> Result<(), UnlockError> {
        match self {
            Self::Long => Ok(()),
            #[cfg(feature = "password")]
            Self::Short(parameters) if parameters.needs_upgrade(PasswordParameters::MOBILE) => {
                Err(UnlockError::TooWeak)
            }
            #[cfg(feature = "password")]
            Self::Short(_) => Ok(()),
        }
    }

    const fn is_long(self) -> bool {
        match self {
            Self::Long => true,
            #[cfg(feature = "password")]
            Self::Short(_) => false,
        }
    }
}

/// A recovery code. Wiped when dropped.
///
/// Show it once, on paper or in a password manager, and never keep it.
pub struct RecoveryCode {
    is_long: bool,
    /// Version and index, and the secret, with zeros behind a short one.
    payload: Secret<PAYLOAD_LEN>,
}

impl RecoveryCode {
    /// Draws 16 bytes for a long code, and 10 for a short one.
    pub(super) fn generate<R: TryCryptoRng + ?Sized>(
        index: u8,
        profile: RecoveryProfile,
        rng: &mut R,
    ) -> Result<Self, RandomnessFailed> {
        let is_long = profile.is_long();
        let mut drawn = Ok(());
        let payload = Secret::init_with(|payload: &mut [u8; PAYLOAD_LEN]| {
            let [head, secret @ ..] = payload;
            *head = if is_long { index | (VERSION << 5) } else { index };
            drawn = draw_secret(is_long, secret, rng);
        });
        drawn.map(|()| Self { is_long, payload })
    }

    /// Reads what a person has typed. Case and hyphens say nothing; I and L are 1, and O is 0.
    ///
    /// # Errors
    /// [`RecoveryCodeError`].
    pub fn parse(text: &str) -> Result<Self, RecoveryCodeError> {
        let (payload, layout) = letters::read(text.as_bytes())?;
        let code = Self { is_long: layout.is_long(), payload: payload.store() };
        if code.is_long && code.head() & VERSION_BITS != VERSION << 5 {
            return Err(RecoveryCodeError::UnsupportedVersion);
        }
        Ok(code)
    }

    /// The code, in groups of four letters.
    #[must_use]
    pub fn to_text(&self) -> SecretText {
        letters::write(self.payload.expose(), self.layout())
    }

    #[cfg_attr(not(feature = "password"), expect(clippy::unused_self, reason = "one layout"))]
    fn layout(&self) -> &'static letters::Layout {
        #[cfg(feature = "password")]
        if !self.is_long {
            return &letters::SHORT;
        }
        &letters::LONG
    }

    /// Its number in its set, 0 to 31.
    #[must_use]
    pub fn index(&self) -> u8 {
        self.head() & INDEX_BITS
    }

    fn head(&self) -> u8 {
        let [head, ..] = self.payload.expose();
        *head
    }

    /// What the code is good for, with the id and the profile of its set, from where the owner trusts: whoever may choose them for a short
    /// code learns from the token as much as that stretching hides. A short code is stretched here.
    ///
    /// # Errors
    /// [`UnlockError`].
    pub fn unlock(
        &self,
        set: &[u8; 16],
        profile: RecoveryProfile,
    ) -> Result<RecoveryCodeKey, UnlockError> {
        let index = [self.index()];
        let prk = self.extract(set, profile)?;
        let derive =
            |label: Label| Secret::init_with(|out| prk.expand(&[label.bytes(), &index], out));
        Ok(RecoveryCodeKey {
            id: CodeId { set_id: *set, index: self.index() },
            pair: RecipientKey::from_secret(derive(Label::AtRest(AtRest::CodeKey))),
            token: derive(Label::AtRest(AtRest::CodeToken)),
            roster: derive(Label::AtRest(AtRest::CodeRoster)),
        })
    }

    fn extract(&self, set: &[u8; 16], profile: RecoveryProfile) -> Result<Prk, UnlockError> {
        if profile.is_long() != self.is_long {
            return Err(UnlockError::WrongForm);
        }
        profile.check()?;
        let [_, secret @ ..] = self.payload.expose();
        match profile {
            RecoveryProfile::Long => Ok(Prk::extract(set, secret)),
            #[cfg(feature = "password")]
            RecoveryProfile::Short(parameters) => {
                let stretched = self.stretch(set, parameters)?;
                Ok(Prk::extract(set, stretched.expose()))
            }
        }
    }

    /// With a salt for each code, so that who guesses has to guess each for itself.
    #[cfg(feature = "password")]
    fn stretch(
        &self,
        set: &[u8; 16],
        parameters: PasswordParameters,
    ) -> Result<Transient<32>, UnlockError> {
        let salt = hash::sha256(Label::AtRest(AtRest::CodeSalt), &[set, &[self.index()]]);
        let ([salt @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _], [_, secret @ ..]) =
            (&salt, self.payload.expose());
        let (secret, _) = secret.split_at(SHORT_SECRET);
        let work = [parameters.memory_kib(), parameters.passes(), parameters.lanes().into()];
        argon2id(secret, salt, work).map_err(|_| UnlockError::OutOfMemory)
    }
}

#[cfg_attr(not(feature = "password"), expect(unused_variables, reason = "one length"))]
fn draw_secret<R: TryCryptoRng + ?Sized>(
    is_long: bool,
    secret: &mut [u8; LONG_SECRET],
    rng: &mut R,
) -> Result<(), RandomnessFailed> {
    #[cfg(feature = "password")]
    if !is_long {
        let short = Transient::<SHORT_SECRET>::random(rng)?;
        for (to, from) in secret.iter_mut().zip(short.expose()) {
            *to = *from;
        }
        return Ok(());
    }
    draw(rng, secret)
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { is_long: _, payload: _ } = self;
        write!(f, "RecoveryCode({}, ..)", self.index())
    }
}

/// Why something is no recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoveryCodeError {
    /// There is a letter in it that no code has.
    NotALetter,
    /// It has not 32 letters (and, with feature `password`, not 20).
    WrongLength,
    /// A letter is wrong, or two are swapped: its check does not fit.
    Mistyped,
    /// Written by a version that this crate does not know.
    UnsupportedVersion,
}

/// Why nothing came from a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnlockError {
    /// It is long and the set's codes are short, or the other way round: it is a code of another set.
    WrongForm,
    /// The set asks for less of Argon2id than [`PasswordParameters::MOBILE`](crate::PasswordParameters::MOBILE): no set of this crate does.
    TooWeak,
    /// There is not enough memory to stretch it so. Try on a larger machine.
    OutOfMemory,
}
