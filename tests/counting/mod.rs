//! An allocator that counts what each thread asks of it. Whoever names this module has it for the whole program.
#![allow(dead_code, reason = "each test crate uses its own part")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, which counts what each thread asks of it.
struct Counting;

/// Blocks and bytes that were asked for, and blocks that were given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub calls: usize,
    pub bytes: usize,
    pub freed: usize,
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { calls: 0, bytes: 0, freed: 0 }) };
    static LIVE: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
}

fn count(change: impl FnOnce(&mut Count), more: i64) {
    // A thread that is ending has nothing to count any more.
    let _ = COUNT.try_with(|count| {
        let mut now = count.get();
        change(&mut now);
        count.set(now);
    });
    let _ = LIVE.try_with(|live| {
        live.set(live.get() + more);
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

// SAFETY: every call is the system allocator's; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let asked = |count: &mut Count| {
            count.calls += 1;
            count.bytes += layout.size();
        };
        count(asked, layout.size() as i64);
        // SAFETY: the caller's promise is the system allocator's condition.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(|count| count.freed += 1, -(layout.size() as i64));
        // SAFETY: the block is from `alloc`, which is the system allocator's.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// What `work` allocated. Growing a block counts as a new one.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, Count) {
    COUNT.set(Count::default());
    let result = work();
    (result, COUNT.get())
}

/// What `work` gives, and the bytes by which the heap in use has grown when it is done.
pub fn growth<T>(work: impl FnOnce() -> T) -> (T, i64) {
    let before = LIVE.get();
    let result = work();
    (result, LIVE.get() - before)
}

/// What `work` gives, and the most bytes that it had at a time.
pub fn peak<T>(work: impl FnOnce() -> T) -> (T, i64) {
    let before = LIVE.get();
    PEAK.set(before);
    let result = work();
    (result, PEAK.get() - before)
}
