//! The ratchet's part of a session's snapshot. Layout in `docs/state.md`, "Session".
//!
//! One encoding per state; the bounds that reading checks stand there.

use alloc::collections::VecDeque;

use super::root::RootKey;
use super::{ActiveChain, Receiving, Retired, Sending, State};
use crate::chain::ChainKey;
use crate::chain::skipped::{Position, Skipped};
use crate::limits::{Limits, MAX_RETIRED_CHAINS, MAX_STORED};
use crate::primitives::agreement::SecretKey;
use crate::wire::codec::{DecodeError, Reader, Writer};

const ACTIVE_LEN: usize = 1 + 32 + 32 + 4 + 4 + 32;
const RECEIVING_LEN: usize = 1 + 4 + 4 + 32;
const RETIRED_LEN: usize = 32 + 4 + 4;
/// Limits, RK, remote key, and the count of retired chains.
const FIXED_LEN: usize = 8 + 32 + 32 + 1;

impl State {
    pub(crate) fn snapshot_len(&self) -> usize {
        let sending = match self.sending {
            Sending::Idle { .. } => 5,
            Sending::Active(_) => ACTIVE_LEN,
        };
        FIXED_LEN
            .saturating_add(sending)
            .saturating_add(self.receiving.as_ref().map_or(1, |_| RECEIVING_LEN))
            .saturating_add(self.retired.len().saturating_mul(RETIRED_LEN))
            .saturating_add(self.skipped.snapshot_len())
    }

    pub(crate) fn write(&self, writer: &mut Writer) {
        let Self { root, remote, sending, receiving, retired, skipped, limits } = self;
        writer.u32(limits.max_jump()).u32(limits.max_stored());
        writer.bytes(root.secret().expose()).bytes(remote.as_bytes());
        write_sending(writer, sending);
        match receiving {
            None => writer.u8(0),
            Some(Receiving { index, chain }) => {
                writer.u8(1).u32(*index).u32(chain.number()).bytes(chain.key().expose())
            }
        };
        writer.u8_len(retired.len());
        for Retired { ratchet_key, index, len } in retired {
            writer.bytes(ratchet_key.as_bytes()).u32(*index).u32(*len);
        }
        skipped.write(writer);
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let limits = Limits::new(reader.u32()?, reader.u32()?);
        let state = Self {
            limits: limits.map_err(|_| DecodeError::NotCanonical)?,
            root: RootKey::new(reader.secret()?),
            remote: reader.public_key()?,
            sending: read_sending(reader)?,
            receiving: reader.optional(read_receiving)?,
            retired: read_retired(reader)?,
            skipped: Skipped::read(reader, MAX_STORED)?,
        };
        if state.is_consistent() { Ok(state) } else { Err(DecodeError::NotCanonical) }
    }

    /// What the encoding alone does not say: see `docs/state.md`, "Bounds checked on reading".
    fn is_consistent(&self) -> bool {
        let Self { receiving, sending, retired, skipped, limits, .. } = self;
        let keys = &skipped.keys;
        let next = receiving.as_ref().map_or(Position::START, Receiving::next);
        let begun = !matches!(sending, Sending::Active(active) if active.chain.number() == 0);
        let kept = u32::try_from(keys.len()).is_ok_and(|kept| kept <= limits.max_stored());
        let chains_end = receiving.as_ref().map_or(0, |receiving| receiving.index);
        let retired_ordered = retired.iter().is_sorted_by(|a, b| a.index < b.index)
            && retired.back().is_none_or(|chain| chain.index < chains_end);
        let keys_placed = keys.iter().all(|(position, _)| self.has_passed(*position));
        let placed = keys_placed && skipped.is_behind(next);
        kept && begun && retired_ordered && placed
    }

    /// Is `position` one that a remembered chain has gone by?
    fn has_passed(&self, position: Position) -> bool {
        let current = self.receiving.as_ref();
        let in_current = current.is_some_and(|receiving| {
            receiving.index == position.chain && position.number < receiving.chain.number()
        });
        let found = self.retired.binary_search_by_key(&position.chain, |chain| chain.index).ok();
        let retired = found.and_then(|index| self.retired.get(index));
        in_current || retired.is_some_and(|chain| position.number < chain.len)
    }
}

fn write_sending(writer: &mut Writer, sending: &Sending) {
    match sending {
        Sending::Idle { last_len } => writer.u8(0).u32(*last_len),
        Sending::Active(ActiveChain { ratchet, previous, chain }) => writer
            .u8(1)
            .bytes(ratchet.secret().expose())
            .bytes(ratchet.public().as_bytes())
            .u32(*previous)
            .u32(chain.number())
            .bytes(chain.key().expose()),
    };
}

fn read_sending(reader: &mut Reader<'_>) -> Result<Sending, DecodeError> {
    if !reader.flag(DecodeError::NotCanonical)? {
        return Ok(Sending::Idle { last_len: reader.u32()? });
    }
    let ratchet = SecretKey::from_parts(reader.secret()?, reader.public_key()?);
    let previous = reader.u32()?;
    let number = reader.u32()?;
    let chain = ChainKey::from_parts(reader.secret()?, number);
    Ok(Sending::Active(ActiveChain { ratchet, previous, chain }))
}

fn read_receiving(reader: &mut Reader<'_>) -> Result<Receiving, DecodeError> {
    let index = reader.u32()?;
    let number = reader.u32()?;
    Ok(Receiving { index, chain: ChainKey::from_parts(reader.secret()?, number) })
}

fn read_retired(reader: &mut Reader<'_>) -> Result<VecDeque<Retired>, DecodeError> {
    let count = usize::from(reader.u8()?);
    let count = reader.count(count, MAX_RETIRED_CHAINS, RETIRED_LEN)?;
    let mut retired = VecDeque::with_capacity(count);
    for _ in 0..count {
        let ratchet_key = reader.public_key()?;
        retired.push_back(Retired { ratchet_key, index: reader.u32()?, len: reader.u32()? });
    }
    Ok(retired)
}
