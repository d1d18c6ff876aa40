//! Keys that another service wraps.
//!
//! ```text
//! aad = SHA-256(Label::AtRest(AtRest::ServiceAad) ‖ head ‖ data context ‖ owner)
//! ```
//!
//! The service sees the key and this hash. Its answer is not trusted: that a root key is the right one, the keyring's MAC shows.

use alloc::vec::Vec;

use super::seal::Wrapping;
use super::{
    About, Bound, DataContext, Head, KekError, Label, Parameters, UnwrapError, WrapError,
    WrappedKey,
};
use crate::envelope::kek::{AsyncKek, Kek};
use crate::label::AtRest;
use crate::limits::MAX_KEK_BLOB;
use crate::primitives::hash;
use crate::secret::Secret;

impl WrappedKey {
    /// [`new`](Self::new) with a service that is waited for.
    ///
    /// # Errors
    /// [`WrapError`].
    pub async fn new_async<K: AsyncKek + ?Sized>(
        key: &Secret<32>,
        context: &DataContext,
        service: &K,
    ) -> Result<Self, WrapError> {
        Wrapping { about: About::default(), to: Bound::to(context), key }
            .service_async(service)
            .await
    }

    /// [`open`](Self::open) with a service that is waited for.
    ///
    /// # Errors
    /// [`UnwrapError`].
    pub async fn open_async<K: AsyncKek + ?Sized>(
        &self,
        context: &DataContext,
        service: &K,
    ) -> Result<Secret<32>, UnwrapError> {
        self.open_bound_async(Bound::to(context), service).await
    }

    pub(crate) async fn open_bound_async<K: AsyncKek + ?Sized>(
        &self,
        to: Bound<'_>,
        service: &K,
    ) -> Result<Secret<32>, UnwrapError> {
        self.check_purpose(to)?;
        let (aad, blob) = self.for_service(to, service.kek_ref())?;
        Ok(service.unwrap_key(&aad, blob).await?)
    }

    pub(super) fn open_service(
        &self,
        to: Bound<'_>,
        service: &dyn Kek,
    ) -> Result<Secret<32>, UnwrapError> {
        let (aad, blob) = self.for_service(to, service.kek_ref())?;
        Ok(service.unwrap_key(&aad, blob)?)
    }

    /// What a service of this name is asked, if it wrapped this key.
    fn for_service(
        &self,
        to: Bound<'_>,
        reference: &[u8],
    ) -> Result<([u8; 32], &[u8]), UnwrapError> {
        match (self.head.parameters, self.parts()) {
            (Parameters::Service, (head, [_, _, blob @ ..])) if self.kek_ref() == reference => {
                Ok((aad(to.parts(head)), blob))
            }
            _ => Err(UnwrapError::WrongKek),
        }
    }
}

impl Wrapping<'_> {
    pub(super) fn service(self, service: &dyn Kek) -> Result<WrappedKey, WrapError> {
        let (head, bytes) = self.begin(service.kek_ref(), Parameters::Service)?;
        let blob = service.wrap_key(&aad(self.to.parts(&bytes)), self.key)?;
        finish(head, bytes, &blob)
    }

    pub(crate) async fn service_async<K: AsyncKek + ?Sized>(
        self,
        service: &K,
    ) -> Result<WrappedKey, WrapError> {
        let (head, bytes) = self.begin(service.kek_ref(), Parameters::Service)?;
        let blob = service.wrap_key(&aad(self.to.parts(&bytes)), self.key).await?;
        finish(head, bytes, &blob)
    }
}

fn finish(head: Head, mut bytes: Vec<u8>, blob: &[u8]) -> Result<WrappedKey, WrapError> {
    let len = u16::try_from(blob.len()).ok().filter(|_| blob.len() <= MAX_KEK_BLOB);
    bytes.extend_from_slice(&len.ok_or(KekError::Invalid)?.to_be_bytes());
    bytes.extend_from_slice(blob);
    Ok(WrappedKey { head, bytes })
}

fn aad(bound: [&[u8]; 3]) -> [u8; 32] {
    hash::sha256(Label::AtRest(AtRest::ServiceAad), &bound)
}
