//! A trust store's snapshot. Layout in `docs/state.md`, "Trust store".

use super::trust::{Known, TrustStore};
use crate::limits::MAX_CONTACTS;
use crate::wire::codec::{DecodeError, Reader};
use crate::wire::snapshot::{RestoreError, Snapshot, SnapshotKind, check_epoch};

const COUNT_LEN: usize = 4;
/// Identity and state, behind the address.
const KNOWN_LEN: usize = 64 + 1;

impl TrustStore {
    /// The whole state: no keys, but who this device talks to. Seal it, then store it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let entries = self.known.keys().map(|address| address.encoded_len());
        let len =
            entries.map(|len| len.saturating_add(KNOWN_LEN)).fold(COUNT_LEN, usize::saturating_add);
        Snapshot::write(SnapshotKind::Trust, self.changes, len, |writer| {
            writer.u32_len(self.known.len());
            for (address, Known { identity, verified }) in &self.known {
                writer.address(address).bytes(&identity.to_bytes());
                writer.u8(u8::from(*verified));
            }
        })
    }

    /// Reads a snapshot with at least `min_changes` changes, the highest number that the caller has stored: an older one would
    /// bring back identities that have been replaced. SPEC: R-43.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(snapshot: &[u8], min_changes: u64) -> Result<Self, RestoreError> {
        let (changes, reader) = Snapshot::open(snapshot, SnapshotKind::Trust)?;
        let store = read(reader, changes)?;
        check_epoch(changes, min_changes)?;
        Ok(store)
    }
}

fn read(mut reader: Reader<'_>, changes: u64) -> Result<TrustStore, DecodeError> {
    let count = reader.u32_len()?;
    let count = reader.count(count, MAX_CONTACTS, 0)?;
    let mut store = TrustStore { changes, ..TrustStore::new() };
    for _ in 0..count {
        let address = reader.address()?;
        if store.known.last_key_value().is_some_and(|(last, _)| *last >= address) {
            return Err(DecodeError::NotCanonical);
        }
        let identity = reader.identity()?;
        let verified = reader.flag(DecodeError::NotCanonical)?;
        store.known.insert(address, Known { identity, verified });
    }
    reader.finish(store)
}
