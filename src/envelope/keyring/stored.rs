//! A keyring as it is stored. SPEC: R-105.
//!
//! ```text
//! keyring = "EKR1" ‖ keyring id(16) ‖ epoch(8) ‖ n(2) ‖ n × { state(1) ‖ created(8) ‖ lp16(wrapped key) } ‖ MAC(32)
//! MAC     = HMAC-SHA-256(HKDF-Expand(active root key, Label::AtRest(AtRest::KeyringMac) ‖ data context, 32), everything before)
//! ```

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{
    About, Bound, DataContext, Epoch, ID_LEN, Key, Keyring, Other, RootKey, RootKeyId,
    RootKeyState, Secret, UnwrapError, UnwrapWith, WrappedKey, reference,
};
use crate::envelope::claim::Unauthenticated;
use crate::keys::time::UnixTime;
use crate::limits::MAX_ROOT_KEYS;
use crate::primitives::mac::{self, MAC_LEN, WrongMac};
use crate::wire::codec::{DecodeError, Reader, Writer};
use crate::wire::kind::StoredKind;

const HEAD_LEN: usize = 4 + ID_LEN + 8 + 2;
/// Length of an entry without its wrapped key.
const ENTRY_LEN: usize = 1 + 8 + 2;

impl RootKeyState {
    const ALL: [Self; 4] = [Self::Pending, Self::Active, Self::DecryptOnly, Self::Destroyed];

    const fn byte(self) -> u8 {
        match self {
            Self::Pending => 1,
            Self::Active => 2,
            Self::DecryptOnly => 3,
            Self::Destroyed => 4,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.byte() == byte)
    }
}

impl Keyring {
    /// The bytes to store. Nothing in them is secret.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let wrapped = |id| self.wrapped_bytes(id);
        let bodies = self.keys().map(|key| wrapped(key.id).len().saturating_add(ENTRY_LEN));
        let len = bodies.fold(HEAD_LEN.saturating_add(MAC_LEN), usize::saturating_add);
        let mut writer = Writer::begin_stored(StoredKind::Keyring, len);
        writer.bytes(&self.id).u64(self.epoch());
        writer.u16_len(self.others.len().saturating_add(1));
        for key in self.keys() {
            writer.u8(key.state.byte()).time(key.created).lp16(wrapped(key.id));
        }
        writer.finish_with_mac(self.active.root.keyring_mac(&self.context).expose())
    }

    fn wrapped_bytes(&self, id: RootKeyId) -> &[u8] {
        if id == self.active.root.id {
            return self.active.wrapped.as_bytes();
        }
        self.others.get(&id).and_then(Other::key).map_or(&[], |key| key.wrapped.as_bytes())
    }

    /// Opens what [`encode`](Self::encode) gave. `with` is asked once. An epoch below `min_epoch` is refused: pass the highest that you have
    /// stored where a restored backup does not bring it back, of the keyring with this [`id`](Self::id).
    ///
    /// # Errors
    /// [`OpenKeyringError`]; [`OpenKeyringError::MadeByAnybody`] for [`UnwrapWith::Recipient`] and [`UnwrapWith::Code`], by which a keyring
    /// opens that anybody may have made: see [`open_claimed`](Self::open_claimed).
    pub fn open(
        bytes: &[u8],
        context: &DataContext,
        with: UnwrapWith<'_>,
        min_epoch: u64,
    ) -> Result<Self, OpenKeyringError> {
        if matches!(with, UnwrapWith::Recipient(_) | UnwrapWith::Code(_)) {
            return Err(OpenKeyringError::MadeByAnybody);
        }
        Self::open_claimed(bytes, context, with, min_epoch).map(Unauthenticated::accept)
    }

    /// The same, by a recipient's key or a code too. To wrap for these, one needs no secret: **whoever can write what is stored can put a
    /// keyring of their own there**, and reads what is encrypted under it. Accept it to read what was encrypted before, and make
    /// another keyring for what comes. SPEC: R-142.
    ///
    /// # Errors
    /// [`OpenKeyringError`].
    pub fn open_claimed(
        bytes: &[u8],
        context: &DataContext,
        with: UnwrapWith<'_>,
        min_epoch: u64,
    ) -> Result<Unauthenticated<Self>, OpenKeyringError> {
        let stored = Stored::decode(bytes)?;
        let active = stored.active.open_bound(stored.bound(context), with)?;
        stored.open(context, active, min_epoch).map(Unauthenticated::new)
    }

    /// The active root key of a stored keyring as it is wrapped: to see by what, and how long a passphrase is stretched, before it is
    /// opened. **Nothing of it is authenticated yet.**
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn wrapped_in(bytes: &[u8]) -> Result<WrappedKey, DecodeError> {
        Stored::decode(bytes).map(|stored| stored.active)
    }
}

/// A stored keyring that is well-formed, and of which nothing is authenticated yet.
pub(super) struct Stored<'a> {
    id: [u8; ID_LEN],
    epoch: Epoch,
    entries: Entries<'a>,
    /// The active root key.
    pub(super) active: WrappedKey,
    /// All of it, with its MAC.
    bytes: &'a [u8],
}

impl<'a> Stored<'a> {
    pub(super) fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.stored(StoredKind::Keyring)?;
        let (id, epoch) = (*reader.array()?, Epoch::from_number(reader.u64()?));
        let count = usize::from(reader.u16()?);
        reader.count(count, MAX_ROOT_KEYS, 0)?;
        let entries = Entries { bytes: reader.rest(), count };
        let mut active = None;
        for id in entries.ids() {
            let entry = Entry::read(id, &mut reader)?;
            if entry.state == RootKeyState::Active && active.replace(entry.wrapped).is_some() {
                return Err(DecodeError::NotCanonical);
            }
        }
        let active = active.flatten().ok_or(DecodeError::NotCanonical)?;
        if active.about().epoch != epoch.generation || epoch.is_last() {
            return Err(DecodeError::NotCanonical);
        }
        reader.slice(MAC_LEN)?;
        reader.finish(Self { id, epoch, entries, active, bytes })
    }

    pub(super) const fn bound<'b>(&'b self, context: &'b DataContext) -> Bound<'b> {
        Bound { context, owner: &self.id }
    }

    pub(super) fn open(
        self,
        context: &DataContext,
        active: Secret<32>,
        min_epoch: u64,
    ) -> Result<Keyring, OpenKeyringError> {
        let Self { id, epoch, entries, active: wrapped, bytes } = self;
        let root = RootKey { id: RootKeyId::from_number(wrapped.about().key_id), key: active };
        mac::verify(root.keyring_mac(context).expose(), bytes)?;
        let (others, created) = entries.open(Bound { context, owner: &id }, &id, &root)?;
        if epoch.number() < min_epoch {
            return Err(OpenKeyringError::Stale);
        }
        let active = Key { root, wrapped, created };
        Ok(Keyring { id, epoch, context: context.clone(), active, others })
    }
}

/// What stands between head and MAC. Read one by one, so that a claimed number reserves nothing.
#[derive(Clone, Copy)]
struct Entries<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl Entries<'_> {
    fn ids(self) -> impl Iterator<Item = RootKeyId> {
        (0..).map(RootKeyId::from_number).take(self.count)
    }

    /// All but the active one, and when that was created.
    fn open(
        self,
        to: Bound<'_>,
        keyring: &[u8; ID_LEN],
        active: &RootKey,
    ) -> Result<(BTreeMap<RootKeyId, Other>, UnixTime), OpenKeyringError> {
        let (reference, kek) = (reference(keyring, active.id), active.root_wrap());
        let (mut others, mut active_created) = (BTreeMap::new(), UnixTime::from_secs(0));
        let mut reader = Reader::new(self.bytes);
        let opened = |id, wrapped: WrappedKey, created| {
            let key = wrapped.open_local(to, &reference, kek.expose());
            let root = RootKey { id, key: key.map_err(|_| OpenKeyringError::Unauthentic)? };
            Ok::<_, OpenKeyringError>(Key { root, wrapped, created })
        };
        for id in self.ids() {
            let Entry { state, created, wrapped } = Entry::read(id, &mut reader)?;
            let other = match (state, wrapped) {
                (RootKeyState::Active, _) => {
                    active_created = created;
                    continue;
                }
                (RootKeyState::Destroyed, _) | (_, None) => Other::Destroyed(created),
                (RootKeyState::Pending, Some(wrapped)) => {
                    Other::Pending(opened(id, wrapped, created)?)
                }
                (RootKeyState::DecryptOnly, Some(wrapped)) => {
                    Other::DecryptOnly(opened(id, wrapped, created)?)
                }
            };
            others.insert(id, other);
        }
        Ok((others, active_created))
    }
}

struct Entry {
    state: RootKeyState,
    created: UnixTime,
    /// `None` for what is destroyed, and for nothing else.
    wrapped: Option<WrappedKey>,
}

impl Entry {
    fn read(id: RootKeyId, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let state = RootKeyState::from_byte(reader.u8()?).ok_or(DecodeError::UnsupportedVersion)?;
        let (created, bytes) = (reader.time()?, reader.lp16()?);
        if (state == RootKeyState::Destroyed) != bytes.is_empty() {
            return Err(DecodeError::NotCanonical);
        }
        let wrapped =
            (!bytes.is_empty()).then(|| WrappedKey::decode_numbered(bytes)).transpose()?;
        let is_its_own = |about: About| {
            about.key_id == id.number() && (about.epoch == 0 || state == RootKeyState::Active)
        };
        if wrapped.as_ref().is_some_and(|wrapped| !is_its_own(wrapped.about())) {
            return Err(DecodeError::NotCanonical);
        }
        Ok(Self { state, created, wrapped })
    }
}

/// Why a keyring was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenKeyringError {
    /// The bytes are not a keyring.
    Malformed(DecodeError),
    /// The active root key was not unwrapped.
    Unwrap(UnwrapError),
    /// It was changed by somebody without the key, or a service has unwrapped another key: somebody should know.
    Unauthentic,
    /// It is older than the caller remembers: a backup was restored, or somebody has put an old one in its place.
    Stale,
    /// By a public key, anybody can have made it: see [`Keyring::open_claimed`].
    MadeByAnybody,
}

impl From<DecodeError> for OpenKeyringError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl From<WrongMac> for OpenKeyringError {
    fn from(WrongMac: WrongMac) -> Self {
        Self::Unauthentic
    }
}

impl From<UnwrapError> for OpenKeyringError {
    fn from(error: UnwrapError) -> Self {
        Self::Unwrap(error)
    }
}
