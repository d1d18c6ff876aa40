//! What a conversation costs, and what it cannot cost less than.
//!
//! ```text
//! cargo bench --bench conversation                  everything, about two minutes
//! cargo bench --bench conversation -- encrypt       the operations with `encrypt` in their names
//! ```
//!
//! Each operation is measured as the crate does it (`confidant`) and as the bare calls of the primitives that the
//! specification's formulas demand (`floor`, in `floor.rs`), by turns in five rounds. The table at the end gives the medians,
//! the median of the rounds' ratios, and the ratio of the fastest samples, which other load on the machine changes least; `*`
//! marks what is above 1.15 by both. Times compare only with times of the same run. Generators, keys and messages are the
//! same in every run.

#[path = "../../tests/common/mod.rs"]
mod common;
mod floor;
mod handshake;
#[cfg_attr(not(feature = "pq"), path = "kem_absent.rs")]
mod kem;
mod keys;
mod messages;
mod missing;
mod pair;
mod state;

fn main() {
    let mut pairs = pair::Pairs::new();
    keys::measure(&mut pairs);
    handshake::measure(&mut pairs);
    messages::measure(&mut pairs);
    missing::measure(&mut pairs);
    state::measure(&mut pairs);
    pairs.finish();
}
