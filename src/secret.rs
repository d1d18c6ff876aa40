//! Secret bytes: born in place, wiped when dropped, printed by nobody.
//!
//! Two kinds. [`Secret`] is boxed, for what is stored: moving it moves a pointer and leaves no copy behind.
//! [`Transient`] is for what lives for one call. Neither can be cloned, copied, compared with `==`, hashed, printed or
//! serialized; the only exit is `expose`.
//!
//! Knows nothing of what the bytes are.

use alloc::boxed::Box;
use core::fmt;

use rand_core::TryCryptoRng;
use subtle::ConstantTimeEq;

/// `N` secret bytes on the heap, wiped when dropped.
///
/// ```compile_fail
/// let secret = confidant::Secret::<32>::init_with(|bytes| bytes.fill(7));
/// let copy = secret.clone();
/// ```
///
/// ```compile_fail
/// let secret = confidant::Secret::<32>::init_with(|bytes| bytes.fill(7));
/// assert!(secret == secret);
/// ```
// SPEC: R-123, R-125, R-127. Wiping is not a feature: `tests/zeroize.rs`.
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// Makes a secret in the place where it will stay. `init` is given `N` zero bytes to fill.
    pub fn init_with(init: impl FnOnce(&mut [u8; N])) -> Self {
        let mut secret = Self(Box::new([0; N]));
        init(&mut secret.0);
        secret
    }

    /// Draws `N` bytes from `rng`.
    ///
    /// # Errors
    /// [`RandomnessFailed`] when the generator fails; nothing of what it gave is kept.
    pub fn random<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, RandomnessFailed> {
        let mut secret = Self(Box::new([0; N]));
        draw(rng, &mut *secret.0)?;
        Ok(secret)
    }

    /// The bytes. Every use of a secret outside this crate goes through here.
    #[must_use]
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// Overwrites the secret where it is.
    pub(crate) fn replace(&mut self, bytes: &[u8; N]) {
        *self.0 = *bytes;
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        wipe(self.0.as_mut_slice());
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret<{N}>(..)")
    }
}

/// `N` secret bytes for the length of one call, wiped when dropped.
pub(crate) struct Transient<const N: usize>([u8; N]);

impl<const N: usize> Transient<N> {
    pub(crate) fn init_with(init: impl FnOnce(&mut [u8; N])) -> Self {
        let mut transient = Self([0; N]);
        init(&mut transient.0);
        transient
    }

    pub(crate) fn random<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, RandomnessFailed> {
        let mut transient = Self([0; N]);
        draw(rng, &mut transient.0)?;
        Ok(transient)
    }

    pub(crate) fn expose(&self) -> &[u8; N] {
        &self.0
    }

    pub(crate) fn expose_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }

    /// Splits the output of a KDF by type: `let (root, chain) = okm.split();`
    pub(crate) fn split<const A: usize, const B: usize>(&self) -> (Transient<A>, Transient<B>) {
        const { assert!(A + B == N, "a split loses nothing") };
        let (a, b) = self.0.split_at(A);
        (
            Transient::init_with(|bytes| bytes.copy_from_slice(a)),
            Transient::init_with(|bytes| bytes.copy_from_slice(b)),
        )
    }

    /// Moves the bytes to the heap, where they stay.
    pub(crate) fn store(self) -> Secret<N> {
        Secret::init_with(|bytes| *bytes = self.0)
    }
}

impl<const N: usize> Drop for Transient<N> {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

/// Plaintext and other secrets whose length is known only at run time, wiped when dropped.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    zeroize::optimization_barrier(bytes);
}

/// Compares without telling where the first difference is. SPEC: R-124.
pub(crate) fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// The random number generator failed. Nothing has changed; try again when it works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomnessFailed;

/// `N` random bytes that are not secret: an id, a salt.
pub(crate) fn random_array<const N: usize, R: TryCryptoRng + ?Sized>(
    rng: &mut R,
) -> Result<[u8; N], RandomnessFailed> {
    let mut bytes = [0; N];
    draw(rng, &mut bytes)?;
    Ok(bytes)
}

/// Fills `bytes` with randomness. SPEC: R-24, R-133: known answers come from a generator that the caller passes, not from a
/// mode of this crate.
pub(crate) fn draw<R: TryCryptoRng + ?Sized>(
    rng: &mut R,
    bytes: &mut [u8],
) -> Result<(), RandomnessFailed> {
    rng.try_fill_bytes(bytes).map_err(|_| RandomnessFailed)
}
