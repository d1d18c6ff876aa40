//! Argon2id (RFC 9106), version 0x13.
//!
//! The memory is this file's own: asked for so that its absence is an error, and wiped.

use alloc::vec::Vec;

use argon2::{Algorithm, Argon2, Block, Params, Version};

use crate::secret::Transient;

/// There is not as much memory as the parameters ask for.
#[derive(Debug)]
pub(crate) struct OutOfMemory;

/// 32 bytes. The caller has bounded the parameters and the passphrase.
pub(crate) fn argon2id(
    passphrase: &[u8],
    salt: &[u8; 16],
    [memory_kib, passes, lanes]: [u32; 3],
) -> Result<Transient<32>, OutOfMemory> {
    let params = Params::new(memory_kib, passes, lanes, Some(32)).map_err(|_| OutOfMemory)?;
    let mut memory = Vec::new();
    memory.try_reserve_exact(params.block_count()).map_err(|_| OutOfMemory)?;
    memory.resize(params.block_count(), Block::new());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = Ok(());
    let out = Transient::init_with(|out| {
        hash = argon2.hash_password_into_with_memory(passphrase, salt, out, &mut memory);
    });
    memory.fill(Block::new());
    zeroize::optimization_barrier(&memory);
    hash.map(|()| out).map_err(|_| OutOfMemory)
}
