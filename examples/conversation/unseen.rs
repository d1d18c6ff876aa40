//! Does anything that the relay saw say who sent it?

use std::collections::BTreeSet;

use confidant::limits::SEALED_CONTENT;

use crate::relay::Seen;
use crate::seal::Seal;

/// Before the encrypted content: version, type, and three times 32 bytes.
const HEAD: usize = 2 + 3 * 32;

/// Of a certificate, so many bytes in a row would tell whose it is, and do not stand in anything encrypted by chance.
const WINDOW: usize = 8;

/// Looks at everything, and prints what there is to say.
pub fn verdict(seen: &[Seen], seals: &[&Seal]) -> bool {
    let told = seen.iter().filter(|seen| seen.from.is_some()).count();
    let lengths: BTreeSet<usize> = seen.iter().map(|seen| seen.bytes.len()).collect();
    let odd = lengths.iter().filter(|len| !documented().any(|it| it == **len)).count();
    let certificates = seals.iter().map(|seal| seal.certificate().as_bytes());
    let clear: BTreeSet<&[u8]> = certificates.flat_map(|bytes| bytes.windows(WINDOW)).collect();
    let has_clear = |seen: &&Seen| seen.bytes.windows(WINDOW).any(|bytes| clear.contains(bytes));
    let in_clear = seen.iter().filter(has_clear).count();
    println!(
        "sealed: {told} with a sender on the envelope, {in_clear} with a part of a certificate in clear, \
         {odd} of another length than documented (these: {lengths:?})"
    );
    told == 0 && in_clear == 0 && odd == 0
}

/// The lengths of sealed messages: head, salt, commitment, padded content, and a tag for each chunk of 16 KiB and the last.
fn documented() -> impl Iterator<Item = usize> {
    SEALED_CONTENT.into_iter().map(|len| HEAD + 24 + 32 + len + 16 * (len / 16_384 + 1))
}
