//! What tests of files need: a file's context, key and data, and the same encrypted.
#![allow(dead_code, reason = "each test crate uses its own part")]

use confidant::{DataContext, FileInfo, FileKey, FileRecipients, Padding, Purpose, WrapWith};

use crate::common::TestRng;
use crate::vault::{local, secret};

pub const CHUNK: usize = 16_384;
/// A chunk with its tag.
pub const SEALED: usize = CHUNK + 16;
/// Length of what stands before the chunks.
pub const HEADER: usize = 56;
/// Of at most three chunks, around every boundary.
pub const FEW_CHUNKS: [usize; 7] = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5];
pub const PADDINGS: [Padding; 2] = [Padding::None, Padding::Padme];

/// Where the file belongs.
pub fn photo() -> DataContext {
    let context = DataContext::new(Purpose::File).tenant(b"acme").unwrap();
    context.collection(b"photos").unwrap().object(b"4711").unwrap()
}

pub fn key() -> FileKey {
    FileKey::from_secret(secret(7))
}

/// No chunk of it is like another.
pub fn data(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i % 251) as u8 ^ (i / CHUNK) as u8).collect()
}

/// So much of [`data`], encrypted.
pub fn sealed(len: usize, padding: Padding) -> (FileInfo, Vec<u8>) {
    key().seal(&photo(), &data(len), padding, &mut TestRng::new(3)).unwrap()
}

/// The key, for `local(1)`.
pub fn recipients(header_len: usize) -> FileRecipients {
    let mut recipients = FileRecipients::new(key(), &photo(), header_len);
    recipients.add(WrapWith::Local(&local(1)), &mut TestRng::new(5)).unwrap();
    recipients
}

/// Every other body that up to four chunks of this one make, said to be our file, or one of its own length if that is one.
pub fn patchworks(info: &FileInfo, body: &[u8]) -> Vec<(Vec<u8>, FileInfo)> {
    let (begin, chunks) = body.split_at(HEADER);
    let chunks: Vec<_> = chunks.chunks(SEALED).collect();
    let bodies = picks(chunks.len()).map(|picks| {
        let picked: Vec<_> = picks.into_iter().map(|k| chunks[k]).collect();
        [begin, &picked.concat()].concat()
    });
    let claims = bodies.flat_map(|body| {
        let own = FileInfo::of_object(info.id(), body.len() as u64).ok();
        [Some(*info), own].into_iter().flatten().map(move |claim| (body.clone(), claim))
    });
    claims.collect()
}

/// Up to four of so many, in every order, but all of them in theirs.
fn picks(count: usize) -> impl Iterator<Item = Vec<usize>> {
    let picks = (0..=4).flat_map(move |len| {
        (0..count.pow(len)).map(move |code| {
            (0..len).map(|place| code / count.pow(place) % count).collect::<Vec<_>>()
        })
    });
    picks.filter(move |picks| !picks.iter().copied().eq(0..count))
}
