//! What files, records and keyrings cost, and what they cannot cost less than.
//!
//! ```text
//! cargo bench --bench files                           everything, about two minutes
//! cargo bench --bench files --features parallel       the same, by several threads where there are many chunks
//! cargo bench --bench files -- open                   the operations with `open` in their names
//! ```
//!
//! Measured, and printed, as the `conversation` bench does it. The floor is AES-256-GCM of the same crate, chunk by chunk over the same
//! bytes in the same place, by one thread; of ranges, with the same reads of the same disk file; of records and keys, with the
//! derivations. It is compiled into this program a second time, and how the compiler inlines GHASH there and here differs from build to build by up to 1.6 times, either way: a ratio far from 1 is
//! that, and says nothing of what this crate adds. A file of 1 GiB is made in the target
//! folder for that, and removed again. The last table says how fast it was written and read, and the most memory that this took at a
//! time, as asked of the allocator.

mod chunks;
#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/counting/mod.rs"]
mod counting;
mod gcm;
mod keys;
mod long;
#[allow(dead_code, reason = "files have no suite to name")]
#[path = "../conversation/pair.rs"]
mod pair;
mod ranges;

use confidant::{DataContext, FileKey, Purpose, Secret};

fn main() {
    let threads = if cfg!(feature = "parallel") { "several threads" } else { "one thread" };
    println!("files, {threads}");
    let mut pairs = pair::Pairs::new();
    chunks::measure(&mut pairs);
    keys::measure(&mut pairs);
    let long = wants_ranges().then(long::make);
    if let Some(long) = &long {
        ranges::measure(&mut pairs, long);
    }
    pairs.finish();
    if let Some(long) = long {
        long.print();
    }
}

/// A filter that is for other operations saves making the long file.
fn wants_ranges() -> bool {
    let mut filters = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    filters.next().is_none_or(|filter| filter.contains("range"))
}

fn key() -> FileKey {
    FileKey::from_secret(Secret::init_with(|bytes| bytes.fill(7)))
}

fn film() -> DataContext {
    DataContext::new(Purpose::File).tenant(b"acme").unwrap().object(b"4711").unwrap()
}
