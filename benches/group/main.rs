//! What a group costs, and what it cannot cost less than.
//!
//! ```text
//! cargo bench --bench group                  everything, about two minutes
//! cargo bench --bench group -- encrypt       the operations with `encrypt` in their names
//! ```
//!
//! Measured, and printed, as the `conversation` bench does it: each operation beside its floor, the bare calls of the
//! primitives that the formulas of "Groups" demand (`formulas.rs`). A sender key may be used for 2,000 messages: where more are
//! measured, a new one is made, and given to the receiver, every 256 messages while the clock stands. Three kinds of rows are
//! read otherwise:
//!
//! - `encrypt/100-to-2`, `encrypt/5000-to-2`: the column `floor` is the same operation in a group of 2, because the cost must
//!   not depend on the group's size.
//! - `fan-out/…`: the cost *for each member* of a rotation: a new key, and for each member its distribution, encrypted
//!   pairwise.
//! - The last table counts bytes: on the heap, as asked of the allocator, and in a snapshot.

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/counting/mod.rs"]
mod counting;
mod fan_out;
#[allow(dead_code, reason = "the conversation's floors are in it as well")]
#[path = "../conversation/floor.rs"]
mod floor;
mod formulas;
mod keys;
mod memory;
mod messages;
#[allow(dead_code, reason = "groups have no suite to name")]
#[path = "../conversation/pair.rs"]
mod pair;
mod scene;
mod state;
#[path = "../../tests/village/mod.rs"]
mod village;

fn main() {
    let mut pairs = pair::Pairs::new();
    keys::measure(&mut pairs);
    messages::measure(&mut pairs);
    fan_out::measure(&mut pairs);
    state::measure(&mut pairs);
    pairs.finish();
    memory::print();
}
