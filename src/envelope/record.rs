//! A record: one field of a row, up to 16 MiB.
//!
//! ```text
//! record = 0xF1 ‖ flags(1) ‖ key id(4) ‖ Cobblestone-256(record key, salt, context = first 6 bytes ‖ data context, data)
//! flags bit 7: the data is followed by 0x80 and zeros, up to the next length of Padmé
//! ```
//!
//! 78 bytes longer than the data. All failure to open is one error. SPEC: R-100, R-101.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::context::DataContext;
use super::padding::{Padding, padme};
use super::root::{RootKey, RootKeyId};
use crate::limits::MAX_RECORD;
use crate::primitives::aead::{self, SALT_LEN, Unauthentic};
use crate::secret::{RandomnessFailed, random_array, wipe};

const MAGIC: u8 = 0xf1;
const HEADER_LEN: usize = 6;
/// What stands behind the data where it is padded, and zeros after it.
const END: u8 = 0x80;

/// Encrypts. Draws 24 bytes.
pub(crate) fn seal<R: TryCryptoRng + ?Sized>(
    root: &RootKey,
    context: &DataContext,
    data: &[u8],
    padding: Padding,
    rng: &mut R,
) -> Result<Vec<u8>, SealRecordError> {
    let salt = begin(data, rng)?;
    let mut record = roomy(data, padding);
    enclose(root, context, &mut record, padding, &salt);
    Ok(record)
}

/// Encrypts where the data is. Without room for the record the data moves, and is wiped where it was.
pub(crate) fn seal_in_place<R: TryCryptoRng + ?Sized>(
    root: &RootKey,
    context: &DataContext,
    data: &mut Vec<u8>,
    padding: Padding,
    rng: &mut R,
) -> Result<(), SealRecordError> {
    let salt = begin(data, rng)?;
    if data.capacity() < sealed_len(data.len(), padding) {
        let moved = roomy(data, padding);
        wipe(data);
        *data = moved;
    }
    enclose(root, context, data, padding, &salt);
    Ok(())
}

fn begin<R: TryCryptoRng + ?Sized>(
    data: &[u8],
    rng: &mut R,
) -> Result<[u8; SALT_LEN], SealRecordError> {
    if data.len() > MAX_RECORD {
        return Err(SealRecordError::TooLong);
    }
    Ok(random_array(rng)?)
}

/// The data, with room for its record.
fn roomy(data: &[u8], padding: Padding) -> Vec<u8> {
    let mut roomy = Vec::with_capacity(sealed_len(data.len(), padding));
    roomy.extend_from_slice(data);
    roomy
}

fn enclose(
    root: &RootKey,
    context: &DataContext,
    data: &mut Vec<u8>,
    padding: Padding,
    salt: &[u8; SALT_LEN],
) {
    if padding == Padding::Padme {
        let len = padded(data.len(), padding);
        data.push(END);
        data.resize(len, 0);
    }
    let [a, b, c, d] = root.id.number().to_be_bytes();
    let header = [MAGIC, padding.flag(), a, b, c, d];
    let key = root.record(context);
    let context = [&header, context.as_bytes(), &[]];
    aead::seal_in_place(data, &header, key.expose(), salt, context);
}

/// What `len` bytes of data become; saturating, so that a bound still refuses it.
fn padded(len: usize, padding: Padding) -> usize {
    match padding {
        Padding::None => len,
        Padding::Padme => {
            let with_end = u64::try_from(len.saturating_add(1)).unwrap_or(u64::MAX);
            usize::try_from(padme(with_end)).unwrap_or(usize::MAX)
        }
    }
}

/// Length of the record of `len` bytes of data.
pub(crate) fn sealed_len(len: usize, padding: Padding) -> usize {
    aead::sealed_len(padded(len, padding)).saturating_add(HEADER_LEN)
}

/// Decrypts where the record is, with the root key that it names, if that is there. A record that does not open is wiped.
pub(crate) fn open_in_place<'a>(
    root: impl FnOnce(RootKeyId) -> Option<&'a RootKey>,
    context: &DataContext,
    record: &mut Vec<u8>,
) -> Result<(), RecordError> {
    let named = header(record).and_then(|header| root(header.key));
    let opened = named.ok_or(RecordError).and_then(|root| try_open(root, context, record));
    if opened.is_err() {
        wipe(record);
        record.clear();
    }
    opened
}

fn try_open(
    root: &RootKey,
    context: &DataContext,
    record: &mut Vec<u8>,
) -> Result<(), RecordError> {
    let Header { padding, .. } = header(record).ok_or(RecordError)?;
    if record.len() > sealed_len(MAX_RECORD, padding) {
        return Err(RecordError);
    }
    let header = *record.first_chunk::<HEADER_LEN>().ok_or(RecordError)?;
    let key = root.record(context);
    let context = [&header, context.as_bytes(), &[]];
    aead::open_in_place(record, HEADER_LEN, key.expose(), context)?;
    if padding == Padding::Padme {
        unpad(record)?;
    }
    if record.len() > MAX_RECORD { Err(RecordError) } else { Ok(()) }
}

fn unpad(text: &mut Vec<u8>) -> Result<(), RecordError> {
    let end = text.iter().rposition(|byte| *byte != 0).ok_or(RecordError)?;
    if text.get(end) != Some(&END) || padded(end, Padding::Padme) != text.len() {
        return Err(RecordError);
    }
    text.truncate(end);
    Ok(())
}

/// What a record says of itself, before anything is authenticated.
pub(crate) struct Header {
    pub(crate) key: RootKeyId,
    pub(crate) padding: Padding,
}

pub(crate) fn header(record: &[u8]) -> Option<Header> {
    let [MAGIC, flags, key @ ..] = record.first_chunk::<HEADER_LEN>()? else { return None };
    let padding = Padding::from_flag(*flags)?;
    Some(Header { key: RootKeyId::from_number(u32::from_be_bytes(*key)), padding })
}

/// Why nothing was encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealRecordError {
    /// Longer than [`limits::MAX_RECORD`](crate::limits::MAX_RECORD): make it a file.
    TooLong,
    /// The random number generator failed. Try again when it works.
    Randomness,
}

impl From<RandomnessFailed> for SealRecordError {
    fn from(RandomnessFailed: RandomnessFailed) -> Self {
        Self::Randomness
    }
}

/// The record does not open: it is not of this keyring or context, its key has been destroyed, or it was changed. Which of these, nobody
/// is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordError;

impl From<Unauthentic> for RecordError {
    fn from(Unauthentic: Unauthentic) -> Self {
        Self
    }
}
