//! A recovery set as it is stored. SPEC: R-104.
//!
//! ```text
//! set     = "ERS1" ‖ set id(16) ‖ epoch(8) ‖ profile ‖ n(1) ‖ n × { index(1) ‖ state(1) ‖ verifier(32) ‖ R(32) ‖ roster tag(32) ‖ lp16(wrapped key) } ‖ MAC(32)
//! profile = 0x01     short: 0x02 ‖ 0x13 ‖ KiB(4) ‖ passes(4) ‖ lanes(1)
//! tag     = HMAC-SHA-256(roster key of the code, set id ‖ profile ‖ data context ‖ n × { verifier ‖ R })
//! MAC     = HMAC-SHA-256(HKDF-Expand(archive key, Label::AtRest(AtRest::RecoveryMac) ‖ data context, 32), everything before)
//! ```

use alloc::vec::Vec;

use super::{
    Bound, CodeId, DataContext, Entry, ID_LEN, Recipient, Recovered, RecoveryCodeKey,
    RecoveryCodeRecipient, RecoveryCodeState, RecoveryProfile, RecoverySet, RecoveryVerifier,
    Secret, State, TAG_LEN, WrappedKey, roster,
};
use crate::envelope::claim::Unauthenticated;
#[cfg(feature = "password")]
use crate::envelope::password::PasswordParameters;
use crate::label::{AtRest, Label};
use crate::limits::MAX_RECOVERY_CODES;
use crate::primitives::kdf::expand;
use crate::primitives::mac::{self, MAC_LEN, WrongMac, hmac};
use crate::secret::{Transient, equal};
use crate::wire::codec::{DecodeError, Reader, Writer};
use crate::wire::kind::StoredKind;

const HEAD_LEN: usize = 4 + ID_LEN + 8;
/// Length of an entry without its wrapped key.
const ENTRY_LEN: usize = 1 + 1 + 32 + 32 + TAG_LEN + 2;

const LONG: u8 = 1;
#[cfg(feature = "password")]
const SHORT: u8 = 2;

impl RecoveryCodeState {
    const ALL: [Self; 3] = [Self::Unused, Self::Used, Self::Revoked];

    const fn byte(self) -> u8 {
        match self {
            Self::Unused => 1,
            Self::Used => 2,
            Self::Revoked => 3,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.byte() == byte)
    }
}

impl State {
    fn wrapped_bytes(&self) -> &[u8] {
        match self {
            Self::Unused(wrapped) => wrapped.as_bytes(),
            Self::Used | Self::Revoked => &[],
        }
    }
}

pub(super) fn write_profile(out: &mut Vec<u8>, profile: RecoveryProfile) {
    match profile {
        RecoveryProfile::Long => out.push(LONG),
        #[cfg(feature = "password")]
        RecoveryProfile::Short(parameters) => {
            out.push(SHORT);
            out.extend_from_slice(&parameters.encode());
        }
    }
}

fn read_profile(reader: &mut Reader<'_>) -> Result<RecoveryProfile, OpenRecoveryError> {
    match reader.u8()? {
        LONG => Ok(RecoveryProfile::Long),
        #[cfg(feature = "password")]
        SHORT => {
            let parameters = PasswordParameters::read(reader)?;
            let profile = parameters.ok().map(RecoveryProfile::Short);
            profile.filter(|it| it.check().is_ok()).ok_or(OpenRecoveryError::OutOfBounds)
        }
        _ => Err(DecodeError::UnsupportedVersion.into()),
    }
}

impl RecoverySet {
    /// The bytes to store. Nothing in them is secret; short codes can be guessed by who has them.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut profile = Vec::new();
        write_profile(&mut profile, self.profile);
        let lens = self.codes.iter().map(|entry| entry.state.wrapped_bytes().len());
        let entries = lens.map(|len| len.saturating_add(ENTRY_LEN));
        let fixed = [HEAD_LEN, profile.len(), 1, MAC_LEN].into_iter().chain(entries);
        let len = fixed.fold(0, usize::saturating_add);
        let mut writer = Writer::begin_stored(StoredKind::RecoverySet, len);
        writer.bytes(&self.id).u64(self.epoch).bytes(&profile);
        writer.u8_len(self.codes.len());
        for Entry { recipient, verifier, tag, state } in &self.codes {
            writer.u8(recipient.index()).u8(state.public().byte()).bytes(verifier.as_bytes());
            writer.bytes(&recipient.key().to_bytes()).bytes(tag).lp16(state.wrapped_bytes());
        }
        writer.finish_with_mac(mac_key(&self.key, &self.context).expose())
    }

    /// The id and the profile of a stored set, by which a code is [unlocked](crate::RecoveryCode::unlock): to show a server the token first, or to
    /// see how long a short code is stretched. **Nothing of it is authenticated yet.**
    ///
    /// # Errors
    /// [`OpenRecoveryError::Malformed`], [`OpenRecoveryError::OutOfBounds`].
    pub fn claimed_in(bytes: &[u8]) -> Result<([u8; 16], RecoveryProfile), OpenRecoveryError> {
        Stored::decode(bytes).map(|stored| (stored.id, stored.profile))
    }

    /// Opens what [`encode`](Self::encode) gave with one of its codes, [unlocked](crate::RecoveryCode::unlock) by its id and profile. An epoch
    /// below `min_epoch` is refused: pass the highest that you know. Anybody who had a code of the set once can have made it, with a key of
    /// their own: what [`Recovered`] says. SPEC: R-142.
    ///
    /// # Errors
    /// [`OpenRecoveryError`].
    pub fn open(
        bytes: &[u8],
        context: &DataContext,
        code: &RecoveryCodeKey,
        min_epoch: u64,
    ) -> Result<Unauthenticated<Recovered>, OpenRecoveryError> {
        let stored = Stored::decode(bytes)?;
        let archive_key = stored.unwrap_with(context, code)?;
        let set = stored.open(context, archive_key, min_epoch)?;
        Ok(Unauthenticated::new(Recovered { set, index: code.id().index }))
    }

    /// The same with the archive key, for who has it anyway: to revoke a code, or to make a new key.
    ///
    /// # Errors
    /// [`OpenRecoveryError`].
    pub fn open_with_key(
        bytes: &[u8],
        context: &DataContext,
        key: Secret<32>,
        min_epoch: u64,
    ) -> Result<Self, OpenRecoveryError> {
        Stored::decode(bytes)?.open(context, key, min_epoch)
    }
}

fn mac_key(key: &Secret<32>, context: &DataContext) -> Transient<32> {
    expand(key.expose(), &[Label::AtRest(AtRest::RecoveryMac).bytes(), context.as_bytes()])
}

/// A stored set that is well-formed, and of which nothing is authenticated yet.
struct Stored<'a> {
    id: [u8; ID_LEN],
    epoch: u64,
    profile: RecoveryProfile,
    codes: Vec<Entry>,
    /// All of it, with its MAC.
    bytes: &'a [u8],
}

impl<'a> Stored<'a> {
    fn decode(bytes: &'a [u8]) -> Result<Self, OpenRecoveryError> {
        let mut reader = Reader::new(bytes);
        reader.stored(StoredKind::RecoverySet)?;
        let (id, epoch) = (*reader.array()?, reader.u64()?);
        // The last epoch has no next one.
        if epoch == u64::MAX {
            return Err(DecodeError::NotCanonical.into());
        }
        let profile = read_profile(&mut reader)?;
        let count = reader.u8()?;
        reader.count(count.into(), MAX_RECOVERY_CODES, ENTRY_LEN)?;
        let codes = (0..count).map(|index| Entry::read(CodeId { set_id: id, index }, &mut reader));
        let codes: Vec<Entry> = codes.collect::<Result<_, _>>()?;
        reader.slice(MAC_LEN)?;
        if codes.is_empty() {
            return Err(DecodeError::NotCanonical.into());
        }
        Ok(reader.finish(Self { id, epoch, profile, codes, bytes })?)
    }

    /// The archive key, by a code that is unused, for public keys that the code has seen when the set was made.
    fn unwrap_with(
        &self,
        context: &DataContext,
        key: &RecoveryCodeKey,
    ) -> Result<Secret<32>, OpenRecoveryError> {
        let entry = self.codes.get(usize::from(key.id().index));
        let entry = entry.ok_or(OpenRecoveryError::WrongSet)?;
        if entry.recipient != key.recipient() || !entry.verifier.accepts(&key.token()) {
            return Err(OpenRecoveryError::WrongSet);
        }
        let wrapped = match &entry.state {
            State::Unused(wrapped) => wrapped,
            State::Used => return Err(OpenRecoveryError::Used),
            State::Revoked => return Err(OpenRecoveryError::Revoked),
        };
        let members = self.codes.iter().map(|entry| (entry.verifier, *entry.recipient.key()));
        let roster = roster(&self.id, self.profile, context, members);
        if !equal(&hmac(key.roster.expose(), &roster), &entry.tag) {
            return Err(OpenRecoveryError::Unauthentic);
        }
        let to = Bound { context, owner: &self.id };
        let opened = wrapped.open_code(to, key.id(), key.pair());
        opened.map_err(|_| OpenRecoveryError::Unauthentic)
    }

    fn open(
        self,
        context: &DataContext,
        key: Secret<32>,
        min_epoch: u64,
    ) -> Result<RecoverySet, OpenRecoveryError> {
        let Self { id, epoch, profile, codes, bytes } = self;
        mac::verify(mac_key(&key, context).expose(), bytes)?;
        if epoch < min_epoch {
            return Err(OpenRecoveryError::Stale);
        }
        Ok(RecoverySet { id, epoch, context: context.clone(), profile, codes, key })
    }
}

impl Entry {
    fn read(id: CodeId, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.u8()? != id.index {
            return Err(DecodeError::NotCanonical);
        }
        let state =
            RecoveryCodeState::from_byte(reader.u8()?).ok_or(DecodeError::UnsupportedVersion)?;
        let verifier = RecoveryVerifier::from_bytes(*reader.array()?);
        let key = Recipient::from_bytes(reader.array()?)?;
        let tag = *reader.array()?;
        let wrapped = reader.lp16()?;
        let state = match state {
            RecoveryCodeState::Unused if !wrapped.is_empty() => {
                State::Unused(read_wrapped(id, wrapped)?)
            }
            RecoveryCodeState::Used if wrapped.is_empty() => State::Used,
            RecoveryCodeState::Revoked if wrapped.is_empty() => State::Revoked,
            _ => return Err(DecodeError::NotCanonical),
        };
        Ok(Self { recipient: RecoveryCodeRecipient { id, key }, verifier, tag, state })
    }
}

fn read_wrapped(id: CodeId, bytes: &[u8]) -> Result<WrappedKey, DecodeError> {
    let wrapped = WrappedKey::decode(bytes)?;
    if wrapped.code() == Some(id) { Ok(wrapped) } else { Err(DecodeError::NotCanonical) }
}

/// Why a recovery set was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenRecoveryError {
    /// The bytes are not a recovery set.
    Malformed(DecodeError),
    /// It asks for less of Argon2id than short codes need, or for more than is ever computed.
    OutOfBounds,
    /// The code is of another set: ask for the one that belongs to this account, or look for the newer paper. Said by the set before it
    /// is authenticated.
    WrongSet,
    /// The code has been used before: take another one. Said by the set before it is authenticated.
    Used,
    /// The code has been revoked: take another one. Said by the set before it is authenticated.
    Revoked,
    /// The set was changed by somebody without its key, or it belongs to somebody else.
    Unauthentic,
    /// It is older than the caller remembers: somebody has put an old one in its place.
    Stale,
}

impl From<DecodeError> for OpenRecoveryError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl From<WrongMac> for OpenRecoveryError {
    fn from(WrongMac: WrongMac) -> Self {
        Self::Unauthentic
    }
}
