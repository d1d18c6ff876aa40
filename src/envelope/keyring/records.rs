//! Records, and keys of files, under a keyring.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::{
    DataContext, Keyring, RootKeyState, UnwrapError, UnwrapWith, WrapError, WrapWith, WrappedKey,
};
use crate::chain::step::Plaintext;
use crate::envelope::padding::Padding;
use crate::envelope::record::{self, RecordError, SealRecordError};

impl Keyring {
    /// Encrypts a record under the active root key. Draws 24 bytes.
    ///
    /// # Errors
    /// [`SealRecordError`].
    pub fn seal_record<R: TryCryptoRng + ?Sized>(
        &self,
        context: &DataContext,
        data: &[u8],
        padding: Padding,
        rng: &mut R,
    ) -> Result<Vec<u8>, SealRecordError> {
        record::seal(&self.active.root, context, data, padding, rng)
    }

    /// The same, where the data is. Nothing is allocated if `data` has room for [`record_len`](Self::record_len) bytes; otherwise it
    /// moves, and is wiped where it was. On failure it is as before.
    ///
    /// # Errors
    /// [`SealRecordError`].
    pub fn seal_record_in_place<R: TryCryptoRng + ?Sized>(
        &self,
        context: &DataContext,
        data: &mut Vec<u8>,
        padding: Padding,
        rng: &mut R,
    ) -> Result<(), SealRecordError> {
        record::seal_in_place(&self.active.root, context, data, padding, rng)
    }

    /// Length of the record of `len` bytes of data.
    #[must_use]
    pub fn record_len(len: usize, padding: Padding) -> usize {
        record::sealed_len(len, padding)
    }

    /// Decrypts a record with the root key that it names.
    ///
    /// # Errors
    /// [`RecordError`], whatever the reason.
    pub fn open_record(
        &self,
        context: &DataContext,
        record: &[u8],
    ) -> Result<Plaintext, RecordError> {
        let mut opened = record.to_vec();
        self.open_record_in_place(context, &mut opened)?;
        Ok(Plaintext::new(opened))
    }

    /// The same, where the record is. **On failure it is wiped**, and empty: keep a copy if there is none elsewhere. What has been
    /// opened is the caller's to wipe.
    ///
    /// # Errors
    /// [`RecordError`], whatever the reason.
    pub fn open_record_in_place(
        &self,
        context: &DataContext,
        record: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        record::open_in_place(|id| self.root(id), context, record)
    }

    /// Moves a record to another context (a row that was copied, a new version of the object), or, with the same context twice, from
    /// an older root key to the active one. Its padding stays. Draws 24 bytes.
    ///
    /// # Errors
    /// [`RebindError`].
    pub fn rebind<R: TryCryptoRng + ?Sized>(
        &self,
        record: &[u8],
        old: &DataContext,
        new: &DataContext,
        rng: &mut R,
    ) -> Result<Vec<u8>, RebindError> {
        let padding = record::header(record).ok_or(RebindError::NotOpened)?.padding;
        let data = self.open_record(old, record).map_err(|RecordError| RebindError::NotOpened)?;
        self.seal_record(new, data.as_bytes(), padding, rng).map_err(|_| RebindError::Randomness)
    }

    /// Was it encrypted under a root key that now only decrypts? What is under a pending one is not behind, but ahead of this process.
    #[must_use]
    pub fn needs_rewrap(&self, record: &[u8]) -> bool {
        let key = record::header(record).map(|header| header.key);
        key.and_then(|key| self.state(key)) == Some(RootKeyState::DecryptOnly)
    }

    /// A key that this keyring has wrapped with a root key that now only decrypts, wrapped by the active one; `None` if it is not behind:
    /// which is read from its name, without opening it. What the key itself has encrypted is not touched. Draws 24 bytes.
    ///
    /// ```
    /// # use confidant::*;
    /// # type Failed = Box<dyn std::error::Error>;
    /// /// After a rotation, row by row; what was interrupted can begin again.
    /// fn rewrap(rows: &mut [(DataContext, Vec<u8>)], keyring: &Keyring) -> Result<(), Failed> {
    ///     let rng = &mut getrandom::SysRng;
    ///     for (context, wrapped) in rows {
    ///         if let Some(new) = keyring.rewrap_key(&WrappedKey::decode(wrapped)?, context, rng)? {
    ///             *wrapped = new.as_bytes().to_vec();
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// # let _ = rewrap;
    /// ```
    ///
    /// # Errors
    /// [`RewrapError`].
    pub fn rewrap_key<R: TryCryptoRng + ?Sized>(
        &self,
        wrapped: &WrappedKey,
        context: &DataContext,
        rng: &mut R,
    ) -> Result<Option<WrappedKey>, RewrapError> {
        if !self.is_behind(wrapped)? {
            return Ok(None);
        }
        let key = wrapped.open(context, UnwrapWith::Keyring(self))?;
        Ok(Some(WrappedKey::new(&key, context, WrapWith::Keyring(self), rng)?))
    }
}

/// Why a record was not moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RebindError {
    /// It does not open: see [`RecordError`].
    NotOpened,
    /// The random number generator failed. Try again when it works.
    Randomness,
}

/// Why a key was not wrapped again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RewrapError {
    /// It was not unwrapped.
    Unwrap(UnwrapError),
    /// It was not wrapped.
    Wrap(WrapError),
}

impl From<UnwrapError> for RewrapError {
    fn from(error: UnwrapError) -> Self {
        Self::Unwrap(error)
    }
}

impl From<WrapError> for RewrapError {
    fn from(error: WrapError) -> Self {
        Self::Wrap(error)
    }
}
