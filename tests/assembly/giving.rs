//! What Alice gives to Bob, honestly or not.

use confidant::DistributionError;

use super::{ALICE, Assembly, BOB, LONGEST};

/// Alice's key as Bob is given it, not taken in yet.
pub fn given(assembly: &mut Assembly) -> Vec<u8> {
    assembly.key(ALICE, BOB).plaintext.as_bytes().to_vec()
}

/// Three members, of whom Alice has a key, from iteration `iteration` on.
pub fn scene(iteration: u32) -> (Assembly, Vec<u8>) {
    let mut assembly = Assembly::with(3, LONGEST);
    assembly.rotate(ALICE);
    assembly.lose(ALICE, iteration);
    let key = given(&mut assembly);
    (assembly, key)
}

/// Bob declines what `from` has given him.
pub fn declines(assembly: &mut Assembly, from: usize, bytes: &[u8], error: DistributionError) {
    let key = assembly.forge_key(from, BOB, bytes);
    assembly.declines(BOB, &key, error);
}

/// Bob takes in what `from` has given him.
pub fn takes(assembly: &mut Assembly, from: usize, bytes: &[u8]) {
    let key = assembly.forge_key(from, BOB, bytes);
    assembly.group(BOB).receive(&key).unwrap();
}
