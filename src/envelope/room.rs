//! Messages of a room: records under the key that a share code gives.
//!
//! ```text
//! root key = HKDF-Expand(PRK = key of the code, Label::AtRest(AtRest::Room) ‖ room id, 32)       number 0
//! ```
//!
//! Everybody with the code can write in everybody's name, so what is opened is [`Unauthenticated`].

use alloc::vec::Vec;
use core::fmt;

use rand_core::TryCryptoRng;

use super::claim::Unauthenticated;
use super::context::DataContext;
use super::padding::Padding;
use super::record::{self, RecordError, SealRecordError};
use super::root::{RootKey, RootKeyId};
use super::share::ShareCode;
use crate::chain::step::Plaintext;
use crate::label::{AtRest, Label};
use crate::primitives::kdf::expand;

/// The key of a room's messages. Wiped when dropped.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use confidant::*;
/// # let rng = &mut getrandom::SysRng;
/// let code = ShareCode::generate("weekend", rng)?; // hand out `code.to_text()`
/// let room = RoomKey::new(&code);
/// let third = DataContext::new(Purpose::Share).object(b"weekend")?.object_version(3)?;
/// let message = room.seal(&third, b"who brings bread?", Padding::Padme, rng)?;
/// assert_eq!(room.open(&third, &message)?.accept().as_bytes(), b"who brings bread?");
/// # Ok(()) }
/// ```
pub struct RoomKey(RootKey);

impl RoomKey {
    /// The key of the code's room.
    #[must_use]
    pub fn new(code: &ShareCode) -> Self {
        let info = [Label::AtRest(AtRest::Room).bytes(), code.room_id().as_bytes()];
        let key = expand(code.key().expose(), &info);
        Self(RootKey { id: RootKeyId::from_number(0), key: key.store() })
    }

    /// Encrypts a message as a record. Draws 24 bytes.
    ///
    /// # Errors
    /// [`SealRecordError`].
    pub fn seal<R: TryCryptoRng + ?Sized>(
        &self,
        context: &DataContext,
        message: &[u8],
        padding: Padding,
        rng: &mut R,
    ) -> Result<Vec<u8>, SealRecordError> {
        record::seal(&self.0, context, message, padding, rng)
    }

    /// Decrypts a message.
    ///
    /// # Errors
    /// [`RecordError`], whatever the reason.
    pub fn open(
        &self,
        context: &DataContext,
        message: &[u8],
    ) -> Result<Unauthenticated<Plaintext>, RecordError> {
        let mut opened = message.to_vec();
        let root = |id| (id == self.0.id).then_some(&self.0);
        record::open_in_place(root, context, &mut opened)?;
        Ok(Unauthenticated::new(Plaintext::new(opened)))
    }
}

impl fmt::Debug for RoomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RoomKey(..)")
    }
}
