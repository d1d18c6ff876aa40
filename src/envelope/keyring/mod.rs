//! A keyring: the root keys of one owner, old and new, of which one encrypts.
//!
//! ```text
//! pending ── activate ──► active ── the next is activated ──► decrypt-only ── destroy ──► destroyed (its number stays)
//!    └────────────────────────────────── destroy ──────────────────────────────────────────►┘
//! ```
//!
//! Only the active root key is wrapped by what the caller brings: opening asks it once. The others are wrapped by the active one, and
//! the MAC is under it too. A new root key is pending first, so that every reader learns it before a writer uses it. Rotation
//! re-wraps keys and touches no data. Layout in `docs/wire.md`.

pub(crate) mod cache;
pub(crate) mod derived;
mod records;
mod rotation;
mod service;
mod stored;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

pub use self::records::{RebindError, RewrapError};
pub use self::rotation::KeyringError;
pub use self::stored::OpenKeyringError;
use super::context::DataContext;
use super::kek::{UnwrapWith, WrapWith};
use super::root::{RootKey, RootKeyId};
use super::wrap::{About, Bound, KekType, UnwrapError, WrapError, WrappedKey, Wrapping};
use crate::keys::time::UnixTime;
use crate::secret::{RandomnessFailed, Secret, Transient, random_array};
use crate::wire::codec::joined;

const ID_LEN: usize = 16;
/// Keyring and number of a root key.
const REFERENCE_LEN: usize = ID_LEN + 4;

/// What a root key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RootKeyState {
    /// Decrypts, and does not encrypt yet.
    Pending,
    /// Encrypts and decrypts. One at a time.
    Active,
    /// Decrypts.
    DecryptOnly,
    /// Gone. Nothing that it encrypted can be read any more.
    Destroyed,
}

/// Root keys, unwrapped: what encrypts records, wraps the keys of files and opens databases.
///
/// Store [`encode`](Self::encode) after every change, and then its [`epoch`](Self::epoch) where a restored backup does not bring it
/// back.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use confidant::*;
/// # let rng = &mut getrandom::SysRng;
/// # let now = UnixTime::from_secs(1_790_000_000);
/// # let platform = LocalKek::new(b"device key 1", Secret::random(rng)?)?;
/// let whose = DataContext::new(Purpose::Keyring).tenant(b"acme")?;
/// let mut keyring = Keyring::create(&whose, WrapWith::Local(&platform), now, rng)?;
/// let stored = keyring.encode();
///
/// let email = DataContext::new(Purpose::Record).collection(b"customers")?.object(b"4711")?;
/// let record = keyring.seal_record(&email, b"jane@example.org", Padding::None, rng)?;
///
/// // Elsewhere, later.
/// let mut keyring = Keyring::open(&stored, &whose, UnwrapWith::Local(&platform), 0)?;
/// assert_eq!(keyring.open_record(&email, &record)?.as_bytes(), b"jane@example.org");
///
/// // Rotation. First every reader gets the new key, then it is used.
/// let next = keyring.add(now, rng)?; // store, and let it be read everywhere
/// keyring.activate(next, WrapWith::Local(&platform), rng)?; // store
/// assert!(keyring.needs_rewrap(&record));
/// let record = keyring.rebind(&record, &email, &email, rng)?;
/// # let _ = record; Ok(()) }
/// ```
pub struct Keyring {
    id: [u8; ID_LEN],
    epoch: Epoch,
    context: DataContext,
    /// Wrapped by what the caller brought.
    active: Key,
    /// Wrapped by the active one. All numbers but its own, from 0 on.
    others: BTreeMap<RootKeyId, Other>,
}

/// How many changes a keyring has seen. As one number, generation first: a higher one is a later one.
#[derive(Clone, Copy)]
struct Epoch {
    /// How often what the caller brings has wrapped an active root key. Bound into that, so that who has got hold of an earlier active
    /// root key, and not of what wraps it, cannot make a later keyring.
    generation: u32,
    /// Since then.
    changes: u32,
}

impl Epoch {
    const FIRST: Self = Self { generation: 0, changes: 0 };

    const fn from_number(number: u64) -> Self {
        let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
        let (generation, changes) = ([a, b, c, d], [e, f, g, h]);
        Self { generation: u32::from_be_bytes(generation), changes: u32::from_be_bytes(changes) }
    }

    const fn number(self) -> u64 {
        let ([a, b, c, d], [e, f, g, h]) =
            (self.generation.to_be_bytes(), self.changes.to_be_bytes());
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    fn next_generation(self) -> Option<Self> {
        let generation = self.generation.saturating_add(1);
        Some(Self { generation, changes: 0 }).filter(|next| !next.is_last())
    }

    fn next_change(self) -> Option<Self> {
        let changes = self.changes.saturating_add(1);
        Some(Self { changes, ..self }).filter(|next| !next.is_last())
    }

    /// Such a one has no next one, and is not read.
    const fn is_last(self) -> bool {
        self.generation == u32::MAX || self.changes == u32::MAX
    }
}

struct Key {
    root: RootKey,
    wrapped: WrappedKey,
    created: UnixTime,
}

enum Other {
    Pending(Key),
    DecryptOnly(Key),
    /// With the time when it was created.
    Destroyed(UnixTime),
}

impl Other {
    const fn key(&self) -> Option<&Key> {
        match self {
            Self::Pending(key) | Self::DecryptOnly(key) => Some(key),
            Self::Destroyed(_) => None,
        }
    }
}

/// A root key of a keyring, without its secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RootKeyStatus {
    /// Its number.
    pub id: RootKeyId,
    /// What it may be used for.
    pub state: RootKeyState,
    /// When it was added.
    pub created: UnixTime,
}

impl Keyring {
    /// A keyring with one root key. `context` says whose it is, with [`Purpose::Keyring`](super::context::Purpose::Keyring). Draws 16
    /// bytes, 32, and what wrapping draws.
    ///
    /// # Errors
    /// [`WrapError`].
    pub fn create<R: TryCryptoRng + ?Sized>(
        context: &DataContext,
        with: WrapWith<'_>,
        now: UnixTime,
        rng: &mut R,
    ) -> Result<Self, WrapError> {
        let (id, root) = Self::begin(rng)?;
        let to = Bound { context, owner: &id };
        let wrapped = Epoch::FIRST.wrapping(to, &root).with(with, rng)?;
        Ok(Self::with_first(id, context, Key { root, wrapped, created: now }))
    }

    fn begin<R: TryCryptoRng + ?Sized>(
        rng: &mut R,
    ) -> Result<([u8; ID_LEN], RootKey), RandomnessFailed> {
        let id: [u8; ID_LEN] = random_array(rng)?;
        Ok((id, RootKey::generate(RootKeyId::from_number(0), rng)?))
    }

    fn with_first(id: [u8; ID_LEN], context: &DataContext, active: Key) -> Self {
        Self { id, epoch: Epoch::FIRST, context: context.clone(), active, others: BTreeMap::new() }
    }

    /// The keyring's name, 16 random bytes.
    #[must_use]
    pub const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// Grows with every change, by 2^32 when another root key is activated or the active one is wrapped by something else. Pass the
    /// highest that you have stored to [`open`](Self::open).
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch.number()
    }

    /// The root key that encrypts.
    #[must_use]
    pub const fn active(&self) -> RootKeyId {
        self.active.root.id
    }

    /// The active root key as it was wrapped by what the caller brought: to see by what, and whether a passphrase
    /// [`needs_upgrade`](WrappedKey::needs_upgrade).
    #[must_use]
    pub const fn wrapped(&self) -> &WrappedKey {
        &self.active.wrapped
    }

    /// Every root key that there ever was, by number.
    pub fn keys(&self) -> impl Iterator<Item = RootKeyStatus> {
        let Self { active, others, .. } = self;
        let (id, state, created) = (active.root.id, RootKeyState::Active, active.created);
        let before = others.range(..id).map(status);
        let behind = others.range(id..).map(status);
        before.chain([RootKeyStatus { id, state, created }]).chain(behind)
    }

    /// What a root key may be used for; `None` if there never was one of this number.
    #[must_use]
    pub fn state(&self, id: RootKeyId) -> Option<RootKeyState> {
        if id == self.active.root.id {
            return Some(RootKeyState::Active);
        }
        self.others.get_key_value(&id).map(|other| status(other).state)
    }

    /// The root key of this number, if it may decrypt.
    fn root(&self, id: RootKeyId) -> Option<&RootKey> {
        if id == self.active.root.id {
            return Some(&self.active.root);
        }
        self.others.get(&id).and_then(Other::key).map(|key| &key.root)
    }

    /// What names a root key in what it wraps.
    fn reference(&self, id: RootKeyId) -> [u8; REFERENCE_LEN] {
        reference(&self.id, id)
    }

    /// What wraps keys that are not the keyring's, with its name.
    pub(crate) fn wrapping_key(&self) -> ([u8; REFERENCE_LEN], Transient<32>) {
        let root = &self.active.root;
        (self.reference(root.id), root.file_wrap())
    }

    /// What wrapped a key that is not the keyring's, by its name.
    pub(crate) fn unwrapping_key(&self, reference: &[u8]) -> Result<Transient<32>, UnwrapError> {
        let id = self.named(reference)?;
        let root = self.root(id).ok_or(UnwrapError::Destroyed)?;
        Ok(root.file_wrap())
    }

    /// Does it name a root key that now only decrypts?
    fn is_behind(&self, wrapped: &WrappedKey) -> Result<bool, UnwrapError> {
        if wrapped.kek_type() != KekType::Local {
            return Err(UnwrapError::WrongKek);
        }
        match self.state(self.named(wrapped.kek_ref())?) {
            Some(RootKeyState::DecryptOnly) => Ok(true),
            Some(RootKeyState::Destroyed) => Err(UnwrapError::Destroyed),
            _ => Ok(false),
        }
    }

    /// The root key of this name, destroyed or not.
    fn named(&self, reference: &[u8]) -> Result<RootKeyId, UnwrapError> {
        let number = reference.strip_prefix(&self.id).and_then(|number| number.try_into().ok());
        let id = number.map(|number| RootKeyId::from_number(u32::from_be_bytes(number)));
        id.filter(|id| self.state(*id).is_some()).ok_or(UnwrapError::WrongKek)
    }
}

fn reference(keyring: &[u8; ID_LEN], id: RootKeyId) -> [u8; REFERENCE_LEN] {
    joined(&[keyring, &id.number().to_be_bytes()])
}

fn status((id, other): (&RootKeyId, &Other)) -> RootKeyStatus {
    let (state, created) = match other {
        Other::Pending(key) => (RootKeyState::Pending, key.created),
        Other::DecryptOnly(key) => (RootKeyState::DecryptOnly, key.created),
        Other::Destroyed(created) => (RootKeyState::Destroyed, *created),
    };
    RootKeyStatus { id: *id, state, created }
}

impl Epoch {
    /// The active root key, to be wrapped by what the caller brings.
    const fn wrapping<'a>(self, to: Bound<'a>, root: &'a RootKey) -> Wrapping<'a> {
        let about = About { key_id: root.id.number(), epoch: self.generation };
        Wrapping { about, to, key: &root.key }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, epoch, context: _, active: _, others: _ } = self;
        let keys: Vec<RootKeyStatus> = self.keys().collect();
        f.debug_struct("Keyring")
            .field("id", id)
            .field("epoch", &epoch.number())
            .field("keys", &keys)
            .finish_non_exhaustive()
    }
}
