//! What a group keeps, in bytes: for each member, each key that was given to us, each kept message key.

use confidant::limits::GROUP_MAX_STORED;
use confidant::{GroupSession, Received};

use crate::counting::growth;
use crate::scene::{Talk, group, sender};
use crate::village::Village;

/// Members, and keys given to us: enough for the mean of a map's half-filled nodes.
const SENDERS: usize = 500;

/// Bytes for `count` things of a kind.
struct Row {
    name: &'static str,
    count: usize,
    heap: i64,
    snapshot: usize,
}

/// Prints the table.
pub fn print() {
    println!("\n{:<44}{:>8}{:>10}", "bytes for each", "heap", "snapshot");
    for Row { name, count, heap, snapshot } in rows() {
        let each = |bytes: f64| bytes / count as f64;
        println!("{name:<44}{:>8.0}{:>10.0}", each(heap as f64), each(snapshot as f64));
    }
}

fn rows() -> [Row; 4] {
    let mut village = Village::new(SENDERS + 1, 26);
    let given: Vec<_> = (1..=SENDERS).map(|from| key_of(&mut village, from)).collect();
    let (mut ours, members) = growth(|| group(&village, 0));
    let empty = ours.snapshot().expose().len();
    let ((), keys) = growth(|| given.iter().for_each(|key| ours.receive(key).unwrap()));
    let stored = ours.snapshot();
    let (_, restored) = growth(|| GroupSession::restore(stored.expose(), 0).unwrap());
    let written = stored.expose().len() - empty;
    [
        Row { name: "member", count: SENDERS + 1, heap: members, snapshot: empty },
        Row { name: "receiver key", count: SENDERS, heap: keys, snapshot: written },
        // A restored key has its sender's name to itself; otherwise it shares the pairwise session's.
        Row {
            name: "receiver key, restored",
            count: SENDERS,
            heap: restored - members,
            snapshot: written,
        },
        kept(),
    ]
}

/// The key of `from` as device 0 receives it.
fn key_of(village: &mut Village, from: usize) -> Received {
    let mut theirs = sender(village, from);
    village.deliver_key(&mut theirs, from, 0)
}

/// As many kept message keys as one sender key may have.
fn kept() -> Row {
    let mut talk = Talk::begin();
    let before = talk.receiver.snapshot().expose().len();
    (0..GROUP_MAX_STORED).for_each(|_| drop(talk.encrypt(b"late")));
    let last = talk.encrypt(b"late");
    let (_, heap) = growth(|| drop(talk.receiver.decrypt(&last, &[]).unwrap()));
    let snapshot = talk.receiver.snapshot().expose().len() - before;
    Row { name: "kept message key", count: GROUP_MAX_STORED as usize, heap, snapshot }
}
