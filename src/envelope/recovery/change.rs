//! What changes a set: a code that was used, one that was revoked, a new archive key. Everything is computed before anything is
//! changed; each change is an epoch.

use core::mem;

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::{RecoverySet, Secret, State, UnlockError, WrapError, WrappedKey, wrap};
use crate::secret::RandomnessFailed;

/// A set that was opened with a code. The code counts as used from [`use_up`](Self::use_up) on: nothing else can be done with the set
/// before.
///
/// The code has made sure of the public keys of the set, **and of nothing else**: which codes are unused, the epoch and the key are what
/// whoever stored it says, and somebody who has an old set can say anything. So let [`key`](Self::key) open the
/// newest data first; and where a code was ever revoked, [make](RecoverySet::create) another set instead of using this one further.
#[derive(Debug)]
#[must_use = "the code is not used up yet"]
pub struct Recovered {
    pub(super) set: RecoverySet,
    pub(super) index: u8,
}

impl Recovered {
    /// The archive key, to read what was encrypted under it.
    pub const fn key(&self) -> &Secret<32> {
        self.set.key()
    }

    /// The number of the code.
    #[must_use]
    pub const fn index(&self) -> u8 {
        self.index
    }

    /// Marks the code as used, and makes a new archive key for the others. Gives the old one too: what is under it is still readable
    /// with the old set and this code, until it has been encrypted again. Draws 32 bytes, and 56 for each code that is left. After a
    /// failure, open the set again.
    ///
    /// # Errors
    /// [`RecoverySetError::Randomness`], [`RecoverySetError::Exhausted`].
    pub fn use_up<R: TryCryptoRng + ?Sized>(
        self,
        rng: &mut R,
    ) -> Result<(RecoverySet, Secret<32>), RecoverySetError> {
        let Self { mut set, index } = self;
        let old = set.end(index, State::Used, rng)?;
        Ok((set, old))
    }
}

impl RecoverySet {
    /// Revokes a code that was lost or seen, and makes a new archive key for the others; the old one is given back. What was encrypted
    /// under that stays readable for who has the code and the old set. Draws 32 bytes, and 56 for each code that is left.
    ///
    /// # Errors
    /// [`RecoverySetError::NotUnused`] if the code was used or revoked before, or never was; [`RecoverySetError::Randomness`],
    /// [`RecoverySetError::Exhausted`].
    pub fn revoke<R: TryCryptoRng + ?Sized>(
        &mut self,
        index: u8,
        rng: &mut R,
    ) -> Result<Secret<32>, RecoverySetError> {
        self.end(index, State::Revoked, rng)
    }

    /// Makes a new archive key for the unused codes, and gives the old one back. Draws 32 bytes, and 56 for each code.
    ///
    /// # Errors
    /// [`RecoverySetError::Randomness`], [`RecoverySetError::Exhausted`].
    pub fn renew<R: TryCryptoRng + ?Sized>(
        &mut self,
        rng: &mut R,
    ) -> Result<Secret<32>, RecoverySetError> {
        let (key, wrapped) = self.plan(None, rng)?;
        Ok(self.commit(key, wrapped))
    }

    fn end<R: TryCryptoRng + ?Sized>(
        &mut self,
        index: u8,
        state: State,
        rng: &mut R,
    ) -> Result<Secret<32>, RecoverySetError> {
        let ended = self.codes.get(usize::from(index)).map(|entry| &entry.state);
        let Some(State::Unused(_)) = ended else { return Err(RecoverySetError::NotUnused) };
        let (key, wrapped) = self.plan(Some(index), rng)?;
        if let Some(entry) = self.codes.get_mut(usize::from(index)) {
            entry.state = state;
        }
        Ok(self.commit(key, wrapped))
    }

    /// A new archive key, wrapped to every unused code but `without`.
    fn plan<R: TryCryptoRng + ?Sized>(
        &self,
        without: Option<u8>,
        rng: &mut R,
    ) -> Result<(Secret<32>, Vec<WrappedKey>), RecoverySetError> {
        // The last epoch is not read.
        if self.epoch >= u64::MAX - 1 {
            return Err(RecoverySetError::Exhausted);
        }
        let key = Secret::random(rng)?;
        let to = self.recipients().filter(|recipient| Some(recipient.index()) != without);
        let wrapped = to.map(|recipient| wrap(&self.context, recipient, &key, rng));
        let wrapped = wrapped.collect::<Result<_, _>>()?;
        Ok((key, wrapped))
    }

    fn commit(&mut self, key: Secret<32>, wrapped: Vec<WrappedKey>) -> Secret<32> {
        let states = self.codes.iter_mut().map(|entry| &mut entry.state);
        let unused = states.filter(|state| matches!(state, State::Unused(_)));
        // Both by number.
        for (state, wrapped) in unused.zip(wrapped) {
            *state = State::Unused(wrapped);
        }
        self.epoch = self.epoch.saturating_add(1);
        mem::replace(&mut self.key, key)
    }
}

/// Why a set was not made or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoverySetError {
    /// A set has 1 to [`limits::MAX_RECOVERY_CODES`](crate::limits::MAX_RECOVERY_CODES) codes.
    InvalidCount,
    /// The code has been used or revoked, or never was.
    NotUnused,
    /// Short codes are to be stretched with at least [`PasswordParameters::MOBILE`](crate::PasswordParameters::MOBILE).
    TooWeak,
    /// It has seen 2^64 − 2 changes: somebody has made it up. Make another set.
    Exhausted,
    /// There is not enough memory to stretch short codes so. Choose other parameters.
    OutOfMemory,
    /// The random number generator failed. Try again when it works.
    Randomness,
}

impl From<RandomnessFailed> for RecoverySetError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}

impl From<UnlockError> for RecoverySetError {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::TooWeak => Self::TooWeak,
            // Its own codes have its form.
            UnlockError::OutOfMemory | UnlockError::WrongForm => Self::OutOfMemory,
        }
    }
}

/// Wrapping to a code fails for want of randomness alone.
impl From<WrapError> for RecoverySetError {
    fn from(_: WrapError) -> Self {
        Self::Randomness
    }
}
