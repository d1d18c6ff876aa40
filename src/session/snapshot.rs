//! A session's snapshot. Layout in `docs/state.md`, "Session".

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::{Inner, Role, Session};
use crate::keys::peer::Peer;
use crate::ratchet::State;
use crate::wire::codec::{DecodeError, Reader, Writer};
use crate::wire::snapshot::{RestoreError, Snapshot, SnapshotKind, check_epoch};

/// Suite, role, identity, th, prefix hash, length of the prefix, exporter key; the address comes to that.
const FIXED_LEN: usize = 1 + 1 + 64 + 32 + 32 + 2 + 32;

impl Session {
    /// The whole session, secrets in clear: seal it, then store it.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::write(SnapshotKind::Session, self.0.epoch, self.body_len(), |writer| {
            self.write_body(writer);
        })
    }

    /// Length of what `write_body` writes.
    pub(crate) fn body_len(&self) -> usize {
        let Inner { peer, waiting, ratchet, .. } = &*self.0;
        FIXED_LEN
            .saturating_add(peer.address().encoded_len())
            .saturating_add(waiting.as_deref().unwrap_or_default().len())
            .saturating_add(ratchet.snapshot_len())
    }

    /// The session without its epoch.
    pub(crate) fn write_body(&self, writer: &mut Writer) {
        let Inner {
            suite,
            role,
            peer,
            transcript,
            prefix_hash,
            waiting,
            exporter,
            ratchet,
            epoch: _,
        } = &*self.0;
        let prefix = waiting.as_deref().unwrap_or_default();
        writer.u8(suite.to_byte()).u8(role.to_byte());
        writer.bytes(&peer.identity().to_bytes()).address(peer.address());
        writer.bytes(transcript).bytes(prefix_hash);
        writer.lp16(prefix);
        writer.bytes(exporter.expose());
        ratchet.write(writer);
    }

    /// Reads a snapshot that is not older than `min_epoch`, the highest epoch that the caller has stored (0 if it keeps
    /// none: then a rollback goes unnoticed, see [`docs::state`](crate::docs::state)). SPEC: R-43.
    ///
    /// # Errors
    /// [`RestoreError`].
    pub fn restore(snapshot: &[u8], min_epoch: u64) -> Result<Self, RestoreError> {
        let (epoch, mut reader) = Snapshot::open(snapshot, SnapshotKind::Session)?;
        let session = Self::read_body(&mut reader, epoch)?;
        let session = reader.finish(session)?;
        check_epoch(epoch, min_epoch)?;
        Ok(session)
    }

    /// Reads what `write_body` has written.
    pub(crate) fn read_body(reader: &mut Reader<'_>, epoch: u64) -> Result<Self, DecodeError> {
        let inner = Inner {
            epoch,
            suite: reader.suite()?,
            role: read_role(reader)?,
            peer: Arc::new(Peer::new(reader.identity()?, reader.address()?)),
            transcript: *reader.array()?,
            prefix_hash: *reader.array()?,
            waiting: read_waiting(reader)?,
            exporter: reader.secret()?,
            ratchet: State::read(reader)?,
        };
        if inner.is_consistent() {
            Ok(Self(Box::new(inner)))
        } else {
            Err(DecodeError::NotCanonical)
        }
    }
}

impl Inner {
    /// An initiator waits until it has received, with the prefix that the hash is of; a responder has received.
    fn is_consistent(&self) -> bool {
        let has_received = self.ratchet.has_received();
        match (self.role, &self.waiting) {
            (Role::Initiator, Some(prefix)) => {
                !has_received && super::prefix_hash(prefix) == self.prefix_hash
            }
            (Role::Initiator | Role::Responder, None) => has_received,
            (Role::Responder, Some(_)) => false,
        }
    }
}

impl Role {
    const fn to_byte(self) -> u8 {
        match self {
            Self::Initiator => 0,
            Self::Responder => 1,
        }
    }
}

fn read_role(reader: &mut Reader<'_>) -> Result<Role, DecodeError> {
    match reader.flag(DecodeError::NotCanonical)? {
        false => Ok(Role::Initiator),
        true => Ok(Role::Responder),
    }
}

fn read_waiting(reader: &mut Reader<'_>) -> Result<Option<alloc::vec::Vec<u8>>, DecodeError> {
    let prefix = reader.lp16()?;
    Ok((!prefix.is_empty()).then(|| prefix.to_vec()))
}
