//! Recovery codes: any one code of a set opens its archive key, and each is used once.
//!
//! ```text
//! code ─► token, which a server checks                            nobody who has the one can make the other
//!      └► X25519 key pair ◄─ wrapped to its public half ─ archive key
//!
//! unused ── use_up ──► used
//!    └───── revoke ──► revoked                                     each makes a new archive key, wrapped to the unused codes
//! ```
//!
//! Wrapping takes public keys alone, so nobody needs the other codes again. Which public keys those are is under a MAC of each code of
//! the set (its *roster tag*), from when all were known: who makes up a set cannot put other keys among them. SPEC: R-104.
//! Layout in `docs/wire.md`.
//!
//! What it does not do: take back what was encrypted under an old archive key, from somebody who has it and a code of that time.

mod change;
pub(crate) mod code;
pub(crate) mod key;
mod letters;
mod stored;

use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

pub use self::change::{Recovered, RecoverySetError};
use self::code::{RecoveryCode, RecoveryProfile, UnlockError};
use self::key::{RecoveryCodeKey, RecoveryCodeRecipient, RecoveryVerifier};
pub use self::stored::OpenRecoveryError;
use super::context::DataContext;
use super::kek::{CodeId, Recipient};
use super::wrap::{About, Bound, WrapError, WrappedKey, Wrapping};
use crate::limits::MAX_RECOVERY_CODES;
use crate::primitives::mac::hmac;
use crate::secret::{Secret, random_array};

const ID_LEN: usize = 16;
const TAG_LEN: usize = 32;

/// What a code of a set may still be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoveryCodeState {
    /// It opens the set.
    Unused,
    /// It has opened the set once.
    Used,
    /// It was lost, or seen by somebody.
    Revoked,
}

/// A code of a set, without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveryCodeStatus {
    /// Its number.
    pub index: u8,
    /// What it may be used for.
    pub state: RecoveryCodeState,
}

/// A set of recovery codes, opened: its archive key, and to whom that is wrapped.
///
/// Store [`encode`](Self::encode) after every change, where somebody who has lost everything else can get it, and then its
/// [`epoch`](Self::epoch) where a restored backup does not bring it back.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use confidant::*;
/// # let rng = &mut getrandom::SysRng;
/// let whose = DataContext::new(Purpose::Archive).user(b"jane")?;
/// let (set, codes) = RecoverySet::create(&whose, RecoveryProfile::Long, 8, rng)?;
/// let stored = set.encode();
/// let on_paper: Vec<SecretText> = codes.iter().map(RecoveryCode::to_text).collect();
/// // Encrypt archives under `set.key()`, or wrap their keys to `set.recipients()`.
///
/// // Everything else is lost.
/// let code = RecoveryCode::parse(on_paper[3].expose())?;
/// let (id, profile) = RecoverySet::claimed_in(&stored)?;
/// let code = code.unlock(&id, profile)?; // its `token` is for a server
/// let recovered = RecoverySet::open(&stored, &whose, &code, 0)?.accept();
/// // Read what was encrypted under `recovered.key()`; then:
/// let (set, old_key) = recovered.use_up(rng)?;
/// let stored = set.encode(); // store, and encrypt again what was under the old key
/// let again = RecoverySet::open(&stored, &whose, &code, set.epoch());
/// assert_eq!(again.unwrap_err(), OpenRecoveryError::Used);
/// # let _ = old_key; Ok(()) }
/// ```
pub struct RecoverySet {
    id: [u8; ID_LEN],
    epoch: u64,
    context: DataContext,
    profile: RecoveryProfile,
    /// By index.
    codes: Vec<Entry>,
    key: Secret<32>,
}

/// What a set has of a code.
struct Entry {
    recipient: RecoveryCodeRecipient,
    verifier: RecoveryVerifier,
    tag: [u8; TAG_LEN],
    state: State,
}

enum State {
    Unused(WrappedKey),
    Used,
    Revoked,
}

impl State {
    const fn public(&self) -> RecoveryCodeState {
        match self {
            Self::Unused(_) => RecoveryCodeState::Unused,
            Self::Used => RecoveryCodeState::Used,
            Self::Revoked => RecoveryCodeState::Revoked,
        }
    }
}

impl RecoverySet {
    /// A set with a new archive key, and its codes. `context` says whose it is. Draws 16 bytes, the secrets of the codes, 32 bytes, and
    /// 56 for each code.
    ///
    /// # Errors
    /// [`RecoverySetError`]: no codes or more than [`limits::MAX_RECOVERY_CODES`](crate::limits::MAX_RECOVERY_CODES), no memory to
    /// stretch short ones, or the generator has failed.
    pub fn create<R: TryCryptoRng + ?Sized>(
        context: &DataContext,
        profile: RecoveryProfile,
        count: u8,
        rng: &mut R,
    ) -> Result<(Self, Vec<RecoveryCode>), RecoverySetError> {
        if count == 0 || usize::from(count) > MAX_RECOVERY_CODES {
            return Err(RecoverySetError::InvalidCount);
        }
        profile.check()?;
        let id: [u8; ID_LEN] = random_array(rng)?;
        let codes = (0..count).map(|index| RecoveryCode::generate(index, profile, rng));
        let codes: Vec<RecoveryCode> = codes.collect::<Result<_, _>>()?;
        let keys = codes.iter().map(|code| code.unlock(&id, profile));
        let keys: Vec<RecoveryCodeKey> = keys.collect::<Result<_, UnlockError>>()?;
        let key = Secret::random(rng)?;
        let members = || keys.iter().map(|key| (key.token().verifier(), key.pair().public()));
        let roster = roster(&id, profile, context, members());
        let entry = |code: &RecoveryCodeKey| {
            let wrapped = wrap(context, code.recipient(), &key, rng)?;
            Ok::<_, WrapError>(Entry {
                recipient: code.recipient(),
                verifier: code.token().verifier(),
                tag: hmac(code.roster.expose(), &roster),
                state: State::Unused(wrapped),
            })
        };
        let entries = keys.iter().map(entry).collect::<Result<_, _>>()?;
        let context = context.clone();
        Ok((Self { id, epoch: 0, context, profile, codes: entries, key }, codes))
    }

    /// The set's name, 16 random bytes.
    #[must_use]
    pub const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// How many changes it has seen. Pass the highest that you have stored to [`open`](Self::open).
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Which codes it has.
    #[must_use]
    pub const fn profile(&self) -> RecoveryProfile {
        self.profile
    }

    /// The archive key of this epoch, 32 bytes, for what the codes are to open.
    #[must_use]
    pub const fn key(&self) -> &Secret<32> {
        &self.key
    }

    /// Every code that there ever was, by number.
    pub fn codes(&self) -> impl Iterator<Item = RecoveryCodeStatus> {
        self.codes.iter().map(|entry| RecoveryCodeStatus {
            index: entry.recipient.index(),
            state: entry.state.public(),
        })
    }

    /// The unused codes, to wrap other keys to.
    pub fn recipients(&self) -> impl Iterator<Item = RecoveryCodeRecipient> {
        let unused = self.codes.iter().filter(|entry| matches!(entry.state, State::Unused(_)));
        unused.map(|entry| entry.recipient)
    }

    /// What a server keeps of a code's token; `None` if the set has no code of this number.
    #[must_use]
    pub fn verifier(&self, index: u8) -> Option<RecoveryVerifier> {
        self.codes.get(usize::from(index)).map(|entry| entry.verifier)
    }
}

/// What the roster tags cover: all of a set that never changes. Of a known length for a known number of codes.
fn roster(
    id: &[u8; ID_LEN],
    profile: RecoveryProfile,
    context: &DataContext,
    members: impl Iterator<Item = (RecoveryVerifier, Recipient)>,
) -> Vec<u8> {
    let mut roster = id.to_vec();
    stored::write_profile(&mut roster, profile);
    roster.extend_from_slice(context.as_bytes());
    for (verifier, key) in members {
        roster.extend_from_slice(verifier.as_bytes());
        roster.extend_from_slice(&key.to_bytes());
    }
    roster
}

fn wrap<R: TryCryptoRng + ?Sized>(
    context: &DataContext,
    to: RecoveryCodeRecipient,
    key: &Secret<32>,
    rng: &mut R,
) -> Result<WrappedKey, WrapError> {
    let id = to.id();
    let to_set = Bound { context, owner: &id.set_id };
    Wrapping { about: About::default(), to: to_set, key }.code(id, to.key(), rng)
}

impl fmt::Debug for RecoverySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, epoch, context: _, profile, codes: _, key: _ } = self;
        let codes: Vec<RecoveryCodeStatus> = self.codes().collect();
        f.debug_struct("RecoverySet")
            .field("id", id)
            .field("epoch", epoch)
            .field("profile", profile)
            .field("codes", &codes)
            .finish_non_exhaustive()
    }
}
