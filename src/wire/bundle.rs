//! Bundles and publications: pre-keys on their way from the device that made them to the one that uses them.
//!
//! Layouts in `docs/wire.md`. Decoding checks encodings; signatures and dates are `PreKeyBundle::verify`'s.

use alloc::vec::Vec;
use core::fmt;

use super::codec::{DecodeError, Reader, Writer};
use super::kind::Kind;
use crate::keys::identity::PublicIdentity;
use crate::keys::prekey::{PreKeyId, PreKeyKind, SignedKey};
use crate::keys::suite::Suite;
use crate::limits::MAX_ONE_TIME_PREKEYS;
use crate::primitives::agreement::PublicKey;
use crate::primitives::kem::{self, KemPublic};

type CurveKey = SignedKey<PublicKey>;
type KemKey = SignedKey<KemPublic>;

/// created(8) ‖ expires(8) ‖ public key ‖ signature(64).
const CURVE_BODY: usize = 8 + 8 + 32 + 64;
const KEM_BODY: usize = 8 + 8 + kem::PUBLIC_LEN + 64;

/// What one device needs to begin a conversation with another, as fetched from a server: **unverified**.
///
/// Only [`verify`](Self::verify) gives something that a session can be started with.
///
/// ```compile_fail
/// # fn f(alice: &confidant::Identity, bundle: confidant::PreKeyBundle, context: &confidant::Context) {
/// let session = confidant::Session::initiate(alice, &bundle, context, &mut getrandom::SysRng);
/// # }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PreKeyBundle {
    pub(crate) suite: Suite,
    pub(crate) identity: PublicIdentity,
    pub(crate) signed: CurveKey,
    pub(crate) one_time: Option<CurveKey>,
    pub(crate) kem: Option<(PreKeyKind, KemKey)>,
}

impl PreKeyBundle {
    /// Reads a bundle: 180 to 1,941 bytes.
    ///
    /// # Errors
    /// Any [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::begin(bytes, Kind::Bundle)?;
        let suite = reader.suite()?;
        let has_one_time = reader.flag(DecodeError::InvalidFlags)?;
        let bundle = Self {
            suite,
            identity: reader.identity()?,
            signed: read_curve(&mut reader)?,
            one_time: if has_one_time { Some(read_curve(&mut reader)?) } else { None },
            kem: if suite.is_hybrid() {
                Some((read_kem_kind(&mut reader)?, read_kem(&mut reader)?))
            } else {
                None
            },
        };
        reader.finish(bundle)
    }

    /// Writes the bundle, as [`decode`](Self::decode) reads it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let one_time = self.one_time.as_ref().map_or(0, |_| CURVE_BODY);
        let kem = self.kem.as_ref().map_or(0, |_| KEM_BODY.saturating_add(1));
        let len = CURVE_BODY.saturating_add(68).saturating_add(one_time).saturating_add(kem);
        let mut writer = Writer::begin(Kind::Bundle, len);
        writer
            .u8(self.suite.to_byte())
            .u8(u8::from(self.one_time.is_some()))
            .bytes(&self.identity.to_bytes());
        write(&mut writer, &self.signed);
        if let Some(key) = &self.one_time {
            write(&mut writer, key);
        }
        if let Some((kind, key)) = &self.kem {
            writer.u8(kind.to_byte());
            write(&mut writer, key);
        }
        writer.finish()
    }

    /// Whose bundle it claims to be.
    #[must_use]
    pub const fn identity(&self) -> &PublicIdentity {
        &self.identity
    }

    /// The suite that a session started from it will have.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }
}

impl fmt::Debug for PreKeyBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreKeyBundle")
            .field("suite", &self.suite)
            .field("identity", &self.identity)
            .field("one_time", &self.one_time.as_ref().map(|key| key.id(PreKeyKind::OneTime)))
            .finish_non_exhaustive()
    }
}

/// What a device uploads: its current signed pre-key, its last-resort KEM pre-key and one-time pre-keys, all public.
///
/// A server keeps it and hands out one [`PreKeyBundle`] at a time, each one-time key once. It should limit how fast anyone
/// can take bundles: whoever takes them all leaves the device with its last-resort keys. SPEC: R-18.
#[derive(Clone, PartialEq, Eq)]
pub struct Publication {
    pub(crate) suite: Suite,
    pub(crate) identity: PublicIdentity,
    pub(crate) signed: CurveKey,
    pub(crate) last_resort: Option<KemKey>,
    /// Ascending by id.
    pub(crate) one_time: Vec<CurveKey>,
    /// Ascending by id.
    pub(crate) kem_one_time: Vec<KemKey>,
}

impl Publication {
    /// Reads a publication.
    ///
    /// # Errors
    /// Any [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::begin(bytes, Kind::Publication)?;
        let suite = reader.suite()?;
        let identity = reader.identity()?;
        let signed = read_curve(&mut reader)?;
        let last_resort = if suite.is_hybrid() { Some(read_kem(&mut reader)?) } else { None };
        let one_time = read_list(&mut reader, PreKeyKind::OneTime, CURVE_BODY, read_curve)?;
        let kem_one_time = if suite.is_hybrid() {
            read_list(&mut reader, PreKeyKind::KemOneTime, KEM_BODY, read_kem)?
        } else {
            Vec::new()
        };
        reader.finish(Self { suite, identity, signed, last_resort, one_time, kem_one_time })
    }

    /// Writes the publication, as [`decode`](Self::decode) reads it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::begin(Kind::Publication, self.encoded_len());
        writer.u8(self.suite.to_byte()).bytes(&self.identity.to_bytes());
        write(&mut writer, &self.signed);
        if let Some(key) = &self.last_resort {
            write(&mut writer, key);
        }
        writer.u16_len(self.one_time.len());
        self.one_time.iter().for_each(|key| write(&mut writer, key));
        if self.suite.is_hybrid() {
            writer.u16_len(self.kem_one_time.len());
            self.kem_one_time.iter().for_each(|key| write(&mut writer, key));
        }
        writer.finish()
    }

    fn encoded_len(&self) -> usize {
        let curve = self.one_time.len().saturating_add(1).saturating_mul(CURVE_BODY);
        let hybrid = if self.suite.is_hybrid() {
            self.kem_one_time.len().saturating_add(1).saturating_mul(KEM_BODY).saturating_add(2)
        } else {
            0
        };
        curve.saturating_add(hybrid).saturating_add(69)
    }

    /// Whose publication it is.
    #[must_use]
    pub const fn identity(&self) -> &PublicIdentity {
        &self.identity
    }

    /// One-time pre-keys in it: (X25519, KEM).
    #[must_use]
    pub fn remaining(&self) -> (usize, usize) {
        (self.one_time.len(), self.kem_one_time.len())
    }
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publication")
            .field("suite", &self.suite)
            .field("identity", &self.identity)
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}

fn write<K: AsRef<[u8]>>(writer: &mut Writer, key: &SignedKey<K>) {
    writer.time(key.created).time(key.expires).bytes(key.public.as_ref()).bytes(&key.signature);
}

pub(crate) fn read_curve(reader: &mut Reader<'_>) -> Result<CurveKey, DecodeError> {
    Ok(SignedKey {
        created: reader.time()?,
        expires: reader.time()?,
        public: reader.public_key()?,
        signature: *reader.array()?,
    })
}

pub(crate) fn read_kem(reader: &mut Reader<'_>) -> Result<KemKey, DecodeError> {
    Ok(SignedKey {
        created: reader.time()?,
        expires: reader.time()?,
        public: KemPublic::from_bytes(reader.array()?).ok_or(DecodeError::InvalidKey)?,
        signature: *reader.array()?,
    })
}

fn read_kem_kind(reader: &mut Reader<'_>) -> Result<PreKeyKind, DecodeError> {
    match reader.u8()? {
        3 => Ok(PreKeyKind::KemOneTime),
        4 => Ok(PreKeyKind::KemLastResort),
        _ => Err(DecodeError::WrongKind),
    }
}

/// A counted list of keys, ids strictly ascending.
fn read_list<K: AsRef<[u8]>>(
    reader: &mut Reader<'_>,
    kind: PreKeyKind,
    size: usize,
    read: fn(&mut Reader<'_>) -> Result<SignedKey<K>, DecodeError>,
) -> Result<Vec<SignedKey<K>>, DecodeError> {
    let count = usize::from(reader.u16()?);
    let count = reader.count(count, MAX_ONE_TIME_PREKEYS, size)?;
    let mut keys = Vec::with_capacity(count);
    let mut last: Option<PreKeyId> = None;
    for _ in 0..count {
        let key = read(reader)?;
        let id = key.id(kind);
        if last.is_some_and(|last| last >= id) {
            return Err(DecodeError::NotCanonical);
        }
        last = Some(id);
        keys.push(key);
    }
    Ok(keys)
}
