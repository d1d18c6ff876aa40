//! A code that lets somebody into a room: its id, and its key.
//!
//! ```text
//! code = room id ‖ ":" ‖ base64url(key(32)), 43 letters
//! ```
//!
//! It is split at its last colon. Whoever has it reads and writes everything in the room, before and after; nobody can be shut out but by
//! another room.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

use super::base64::{self, encoded_len};
use super::text::SecretText;
use crate::limits::MAX_ROOM_ID;
use crate::secret::{RandomnessFailed, Secret};

const KEY_LEN: usize = 32;

/// The id and the key of a room. Wiped when dropped.
pub struct ShareCode {
    room: String,
    key: Secret<KEY_LEN>,
}

impl ShareCode {
    /// A code for a new room. Draws 32 bytes.
    ///
    /// # Errors
    /// [`ShareCodeError::InvalidRoom`], [`ShareCodeError::Randomness`].
    pub fn generate<R: TryCryptoRng + ?Sized>(
        room_id: &str,
        rng: &mut R,
    ) -> Result<Self, ShareCodeError> {
        check_room(room_id)?;
        Self::new(room_id, Secret::random(rng)?)
    }

    /// A code for a room whose key is known.
    ///
    /// # Errors
    /// [`ShareCodeError::InvalidRoom`] for an id that is empty or longer than [`limits::MAX_ROOM_ID`](crate::limits::MAX_ROOM_ID) bytes.
    pub fn new(room_id: &str, key: Secret<32>) -> Result<Self, ShareCodeError> {
        check_room(room_id)?;
        Ok(Self { room: room_id.into(), key })
    }

    /// Reads what [`to_text`](Self::to_text) wrote, and nothing that differs from it: one code has one spelling.
    ///
    /// # Errors
    /// [`ShareCodeError`].
    pub fn parse(text: &str) -> Result<Self, ShareCodeError> {
        let (room, letters) = text.rsplit_once(':').ok_or(ShareCodeError::NoColon)?;
        check_room(room)?;
        let mut decoded = Ok(());
        let key = Secret::init_with(|key: &mut [u8; KEY_LEN]| {
            decoded = base64::decode(letters.as_bytes(), key);
        });
        decoded.map_err(|_| ShareCodeError::NotCanonical)?;
        Self::new(room, key)
    }

    /// The code, to put behind a link's `#` or into a message of a session.
    #[must_use]
    pub fn to_text(&self) -> SecretText {
        let len = self.room.len().saturating_add(1).saturating_add(encoded_len(KEY_LEN));
        let mut text = Vec::with_capacity(len);
        text.extend_from_slice(self.room.as_bytes());
        text.push(b':');
        base64::encode(self.key.expose(), &mut text);
        SecretText::new(text)
    }

    /// The room. Not secret.
    #[must_use]
    pub fn room_id(&self) -> &str {
        &self.room
    }

    pub(super) const fn key(&self) -> &Secret<KEY_LEN> {
        &self.key
    }
}

fn check_room(room_id: &str) -> Result<(), ShareCodeError> {
    match room_id.len() {
        1..=MAX_ROOM_ID => Ok(()),
        _ => Err(ShareCodeError::InvalidRoom),
    }
}

impl fmt::Debug for ShareCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { room, key: _ } = self;
        f.debug_struct("ShareCode").field("room", room).finish_non_exhaustive()
    }
}

/// Why something is no share code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShareCodeError {
    /// There is no colon in it.
    NoColon,
    /// The room's id is empty or too long.
    InvalidRoom,
    /// What stands behind the last colon is not 32 bytes in canonical base64url without padding.
    NotCanonical,
    /// The random number generator failed. Try again when it works.
    Randomness,
}

impl From<RandomnessFailed> for ShareCodeError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}
