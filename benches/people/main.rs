//! What people cost: a message to a user with many devices, the records of many contacts, and finding the session of what arrives.
//!
//! ```text
//! cargo bench --bench people                  everything, about a minute
//! cargo bench --bench people -- encrypt       the operations with `encrypt` in their names
//! ```
//!
//! Measured, and printed, as the `conversation` bench does it. A change set has a snapshot of each record that has changed, so the floors write
//! one as well. The last table counts bytes.

#[path = "../../tests/common/mod.rs"]
mod common;
mod fan_out;
mod find;
#[allow(dead_code, reason = "the conversation's floors are in it as well")]
#[path = "../conversation/floor.rs"]
mod floor;
#[allow(dead_code, reason = "records have no suite to name")]
#[path = "../conversation/pair.rs"]
mod pair;
mod state;
#[path = "../../tests/town/mod.rs"]
mod town;

fn main() {
    let mut pairs = pair::Pairs::new();
    fan_out::measure(&mut pairs);
    find::measure(&mut pairs);
    state::measure(&mut pairs);
    pairs.finish();
    state::print();
}
