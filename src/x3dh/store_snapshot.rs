//! A pre-key store's snapshot. Layout in `docs/state.md`, "Pre-key store".

use alloc::collections::BTreeMap;

use super::generation::{Dated, Generation};
use super::replay::ReplayRecord;
use super::store::PreKeyStore;
use crate::keys::prekey::{PreKeyId, PreKeyKind};
use crate::keys::suite::Suite;
use crate::limits::MAX_ONE_TIME_PREKEYS;
use crate::primitives::agreement::SecretKey;
use crate::primitives::kem::Seed;
use crate::wire::codec::{DecodeError, Reader, Writer};
use crate::wire::snapshot::{RestoreError, Snapshot, SnapshotKind, check_epoch};

const CURVE_LEN: usize = 8 + 8 + 32 + 32;
const KEM_LEN: usize = 8 + 8 + 8 + 64;
const LAST_RESORT_LEN: usize = 8 + 64;
const TAG_LEN: usize = 16;

impl PreKeyStore {
    /// The whole store, secrets in clear: seal it, then store it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::write(SnapshotKind::PreKeyStore, self.epoch, self.body_len(), |writer| {
            let Self { suite, identity, epoch: _, current, previous, one_time, kem_one_time } =
                self;
            writer.u8(suite.to_byte()).bytes(&identity.to_bytes());
            write_generation(writer, current);
            writer.u8(u8::from(previous.is_some()));
            previous.iter().for_each(|generation| write_generation(writer, generation));
            writer.u16_len(one_time.len());
            one_time.values().for_each(|key| write_curve(writer, key));
            if suite.is_hybrid() {
                writer.u16_len(kem_one_time.len());
                for (id, Dated { created, expires, secret }) in kem_one_time {
                    writer.bytes(id.as_bytes()).time(*created).time(*expires);
                    writer.bytes(secret.expose());
                }
            }
        })
    }

    /// Reads a snapshot that is not older than `min_epoch`, the highest epoch that the caller has stored.
    ///
    /// A store that was rolled back would answer handshakes a second time with one-time keys that it had erased.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(snapshot: &[u8], min_epoch: u64) -> Result<Self, RestoreError> {
        let (epoch, mut reader) = Snapshot::open(snapshot, SnapshotKind::PreKeyStore)?;
        let suite = reader.suite()?;
        let identity = reader.identity()?;
        let current = read_generation(&mut reader, suite)?;
        let previous = reader.optional(|reader| read_generation(reader, suite))?;
        if previous.as_ref().is_some_and(|previous| previous.signed_id == current.signed_id) {
            return Err(DecodeError::NotCanonical.into());
        }
        let one_time = read_map(&mut reader, CURVE_LEN, |reader| {
            let key = read_curve(reader)?;
            Ok((PreKeyId::of(PreKeyKind::OneTime, key.secret.public().as_bytes()), key))
        })?;
        let kem_one_time = if suite.is_hybrid() {
            read_map(&mut reader, KEM_LEN, read_kem)?
        } else {
            BTreeMap::new()
        };
        let store = Self { suite, identity, epoch, current, previous, one_time, kem_one_time };
        let store = reader.finish(store)?;
        check_epoch(store.epoch, min_epoch)?;
        Ok(store)
    }

    fn body_len(&self) -> usize {
        let kem = self.kem_one_time.len().saturating_mul(KEM_LEN);
        let kem_count = if self.suite.is_hybrid() { 2 } else { 0 };
        self.generations()
            .map(generation_len)
            .fold(1 + 64 + 1 + 2, usize::saturating_add)
            .saturating_add(self.one_time.len().saturating_mul(CURVE_LEN))
            .saturating_add(kem)
            .saturating_add(kem_count)
    }
}

fn generation_len(generation: &Generation) -> usize {
    CURVE_LEN
        .saturating_add(generation.last_resort.as_ref().map_or(0, |_| LAST_RESORT_LEN))
        .saturating_add(generation.replays.len().saturating_mul(TAG_LEN))
        .saturating_add(2)
}

fn write_generation(writer: &mut Writer, generation: &Generation) {
    let Generation { signed, signed_id: _, last_resort, replays } = generation;
    write_curve(writer, signed);
    if let Some((id, seed)) = last_resort {
        writer.bytes(id.as_bytes()).bytes(seed.expose());
    }
    writer.u16_len(replays.len());
    replays.tags().for_each(|tag| {
        writer.bytes(tag);
    });
}

fn read_generation(reader: &mut Reader<'_>, suite: Suite) -> Result<Generation, DecodeError> {
    let signed = read_curve(reader)?;
    let last_resort = if suite.is_hybrid() {
        Some((PreKeyId(*reader.array()?), read_seed(reader)?))
    } else {
        None
    };
    Ok(Generation {
        signed_id: PreKeyId::of(PreKeyKind::Signed, signed.secret.public().as_bytes()),
        signed,
        last_resort,
        replays: ReplayRecord::read(reader)?,
    })
}

fn write_curve(writer: &mut Writer, key: &Dated<SecretKey>) {
    let Dated { created, expires, secret } = key;
    writer.time(*created).time(*expires);
    writer.bytes(secret.secret().expose()).bytes(secret.public().as_bytes());
}

fn read_curve(reader: &mut Reader<'_>) -> Result<Dated<SecretKey>, DecodeError> {
    Ok(Dated {
        created: reader.time()?,
        expires: reader.time()?,
        secret: SecretKey::from_parts(reader.secret()?, reader.public_key()?),
    })
}

fn read_kem(reader: &mut Reader<'_>) -> Result<(PreKeyId, Dated<Seed>), DecodeError> {
    let id = PreKeyId(*reader.array()?);
    let (created, expires) = (reader.time()?, reader.time()?);
    Ok((id, Dated { created, expires, secret: read_seed(reader)? }))
}

fn read_seed(reader: &mut Reader<'_>) -> Result<Seed, DecodeError> {
    Seed::from_bytes(reader.array()?).ok_or(DecodeError::UnsupportedSuite)
}

/// A counted list, ids strictly ascending.
fn read_map<S>(
    reader: &mut Reader<'_>,
    size: usize,
    mut read: impl FnMut(&mut Reader<'_>) -> Result<(PreKeyId, Dated<S>), DecodeError>,
) -> Result<BTreeMap<PreKeyId, Dated<S>>, DecodeError> {
    let count = usize::from(reader.u16()?);
    let mut map = BTreeMap::new();
    for _ in 0..reader.count(count, MAX_ONE_TIME_PREKEYS, size)? {
        let (id, key) = read(reader)?;
        if map.last_key_value().is_some_and(|(last, _)| *last >= id) {
            return Err(DecodeError::NotCanonical);
        }
        map.insert(id, key);
    }
    Ok(map)
}
