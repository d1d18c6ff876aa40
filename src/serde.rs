//! serde for public values, as their canonical encodings in bytes (feature `serde`).
//!
//! Nothing secret and no live state: those leave only as a `Snapshot`. SPEC: R-123.

use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::keys::identity::PublicIdentity;
use crate::wire::bundle::{PreKeyBundle, Publication};
use crate::wire::codec::DecodeError;

/// A value with one canonical encoding.
trait Canonical: Sized {
    const EXPECTED: &'static str;
    fn read(bytes: &[u8]) -> Result<Self, DecodeError>;
}

impl Canonical for PublicIdentity {
    const EXPECTED: &'static str = "the 64 bytes of a public identity";
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let bytes = bytes.try_into().map_err(|_| DecodeError::Truncated)?;
        Ok(Self::from_bytes(bytes)?)
    }
}

impl Canonical for PreKeyBundle {
    const EXPECTED: &'static str = "the bytes of a pre-key bundle";
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(bytes)
    }
}

impl Canonical for Publication {
    const EXPECTED: &'static str = "the bytes of a publication";
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(bytes)
    }
}

/// Takes bytes, or a sequence of them where a format has no bytes.
struct BytesOf<T>(PhantomData<T>);

impl<'de, T: Canonical> Visitor<'de> for BytesOf<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<T, E> {
        T::read(bytes).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        let mut bytes = Vec::new();
        while let Some(byte) = seq.next_element()? {
            bytes.push(byte);
        }
        self.visit_bytes(&bytes)
    }
}

impl Serialize for PublicIdentity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.to_bytes())
    }
}

impl<'de> Deserialize<'de> for PublicIdentity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BytesOf(PhantomData))
    }
}

impl Serialize for PreKeyBundle {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.encode())
    }
}

impl<'de> Deserialize<'de> for PreKeyBundle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BytesOf(PhantomData))
    }
}

impl Serialize for Publication {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.encode())
    }
}

impl<'de> Deserialize<'de> for Publication {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(BytesOf(PhantomData))
    }
}
