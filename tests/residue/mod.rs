//! An allocator that searches every block, when it is freed, for pieces of the secrets that a test has learned.
//!
//! A scenario runs twice with the same randomness. In the first run the test learns what is secret, from snapshots and by its
//! own computation; in the second, every block that this thread frees is searched, so that also what is gone before anyone
//! can see it is known by then. Eight bytes of a secret at any place in a block are a residue.

pub mod secrets;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::BTreeSet;

/// Room for pieces of secrets, in a table that is never full.
const SLOTS: usize = 1 << 14;
/// Residues that are remembered with their names.
const REMEMBERED: usize = 64;

/// Eight bytes of a secret, and which.
type Piece = (u64, &'static str);

/// A residue: whose, and the size of the block that was freed with it.
type Residue = (&'static str, usize);

/// Everything is leaked, so that the test's own copies are never freed and never found.
#[derive(Clone, Copy)]
struct Watch {
    pieces: &'static [Cell<Piece>],
    residues: &'static [Cell<Residue>],
    found: &'static Cell<usize>,
}

thread_local! {
    static LEARNING: Cell<Option<Watch>> = const { Cell::new(None) };
    static SEARCHING: Cell<Option<Watch>> = const { Cell::new(None) };
}

impl Watch {
    fn new() -> Self {
        Self {
            pieces: Vec::leak(vec![Cell::new((0, "")); SLOTS]),
            residues: Vec::leak(vec![Cell::new(("", 0)); REMEMBERED]),
            found: Box::leak(Box::default()),
        }
    }

    /// The slots in which a piece can be, from the first on.
    fn slots(self, piece: u64) -> impl Iterator<Item = &'static Cell<Piece>> {
        let first = (piece.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as usize;
        (0..SLOTS).map(move |step| &self.pieces[(first + step) % SLOTS])
    }

    fn name(self, piece: u64) -> Option<&'static str> {
        let held = self.slots(piece).map(Cell::get).find(|(held, _)| [0, piece].contains(held))?;
        (held.0 == piece && piece != 0).then_some(held.1)
    }

    fn learn(self, name: &'static str, piece: u64) {
        let slot = self.slots(piece).find(|slot| [0, piece].contains(&slot.get().0)).unwrap();
        slot.set((piece, name));
    }

    fn report(self, name: &'static str, size: usize) {
        if let Some(residue) = self.residues.get(self.found.get()) {
            residue.set((name, size));
        }
        self.found.set(self.found.get() + 1);
    }

    /// Searches a block that is about to be freed.
    ///
    /// # Safety
    /// `size` bytes can be read at `block`.
    unsafe fn search(self, block: *const u8, size: usize) {
        let mut window = 0_u64;
        for at in 0..size {
            // SAFETY: `at` is below `size`. Volatile: what was written before must be seen as memory has it.
            let byte = unsafe { block.add(at).read_volatile() };
            window = window >> 8 | u64::from(byte) << 56;
            if at >= 7 {
                self.name(window).into_iter().for_each(|name| self.report(name, size));
            }
        }
    }
}

struct Searching;

// SAFETY: every call is the system allocator's; searching allocates nothing and only reads.
unsafe impl GlobalAlloc for Searching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // Zeroed, so that what is searched later was all written by somebody.
        // SAFETY: the caller's promise is the system allocator's condition.
        unsafe { System.alloc_zeroed(layout) }
    }

    // Growing is the trait's own: a new block, a copy, and the old block freed, and so searched.
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Ok(Some(watch)) = SEARCHING.try_with(Cell::get) {
            // SAFETY: the block is as long as its layout says, and all of it was written.
            unsafe { watch.search(block, layout.size()) };
        }
        // SAFETY: the block is from `alloc`, which is the system allocator's.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static SEARCHING_ALLOCATOR: Searching = Searching;

/// Is this the first run of a scenario?
pub fn is_learning() -> bool {
    LEARNING.get().is_some()
}

/// Says that these bytes are secret. What has no structure of its own cannot be met by chance; what has is left out.
pub fn learn(name: &'static str, secret: &[u8]) {
    let Some(watch) = LEARNING.get() else { return };
    for piece in secret.chunks_exact(8) {
        let mut kinds = [false; 256];
        piece.iter().for_each(|byte| kinds[usize::from(*byte)] = true);
        if kinds.iter().filter(|kind| **kind).count() > 4 {
            watch.learn(name, u64::from_le_bytes(piece.try_into().unwrap()));
        }
    }
}

/// Runs a scenario twice, and says what the second run left in blocks that it freed: `name in a block of n bytes`.
pub fn residues(scenario: impl Fn()) -> Vec<String> {
    let watch = Watch::new();
    LEARNING.set(Some(watch));
    scenario();
    LEARNING.set(None);
    assert!(watch.pieces.iter().any(|piece| piece.get().0 != 0), "nothing was learned");
    SEARCHING.set(Some(watch));
    scenario();
    SEARCHING.set(None);
    let residues = watch.residues.iter().take(watch.found.get()).map(Cell::get);
    let named: BTreeSet<String> =
        residues.map(|(name, size)| format!("{name} in a block of {size} bytes")).collect();
    named.into_iter().collect()
}
