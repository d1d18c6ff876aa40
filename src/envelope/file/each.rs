//! One chunk after the other; with feature `parallel`, several at a time. The bytes are the same.

use super::FileChunk;

/// Chunks below which it is not worth waking other threads: 256 KiB.
#[cfg(feature = "parallel")]
const FEW: usize = 16;

/// Does `work` with each chunk, and gives the first one's error. The chunks behind that one may have been worked on.
#[cfg(feature = "parallel")]
pub(super) fn each<E: Send>(
    chunks: &mut [FileChunk],
    first: u64,
    work: impl Fn(u64, &mut FileChunk) -> Result<(), E> + Sync,
) -> Result<(), E> {
    use rayon::prelude::*;

    if chunks.len() < FEW {
        return one_by_one(chunks, first, work);
    }
    let failed = chunks.par_iter_mut().enumerate().find_map_first(|(i, chunk)| {
        let i = u64::try_from(i).unwrap_or(u64::MAX);
        work(first.saturating_add(i), chunk).err()
    });
    failed.map_or(Ok(()), Err)
}

#[cfg(not(feature = "parallel"))]
pub(super) use one_by_one as each;

/// The same, by this thread alone.
pub(super) fn one_by_one<E>(
    chunks: &mut [FileChunk],
    first: u64,
    work: impl Fn(u64, &mut FileChunk) -> Result<(), E>,
) -> Result<(), E> {
    let mut k = first;
    for chunk in chunks {
        work(k, chunk)?;
        k = k.saturating_add(1);
    }
    Ok(())
}
