//! What sealed sender and safety numbers cost, and what they cannot cost less than.
//!
//! ```text
//! cargo bench --bench sealed                  everything, about two minutes
//! cargo bench --bench sealed -- receive       the operations with `receive` in their names, without the last table
//! ```
//!
//! Measured, and printed, as the `conversation` bench does it: each operation beside its floor, the bare calls of the
//! primitives that the formulas of "Sealed sender" and "Fingerprints" demand (`formulas.rs`). What is read otherwise:
//!
//! - The sizes are of the text. It is encrypted by a session first, and what is sealed is padded: 1 KiB for a text of 32
//!   bytes, 128 KiB for one of 64 KiB.
//! - `receive` is decoding, opening and verifying; `open` and `verify` are its two parts.
//! - `cut/1000` is what a relay does with an upload for 1,000 recipients: it checks all of it (`check/1000`) and makes each
//!   recipient's head. No primitive is needed for that; the floor copies as many heads.
//! - The last table is one operation: a group message of 32 bytes, sealed at once for that many. What each further recipient
//!   costs must not depend on how many there are.

#[path = "../../tests/common/mod.rs"]
mod common;
mod fingerprint;
#[allow(dead_code, reason = "the conversation's floors are in it as well")]
#[path = "../conversation/floor.rs"]
mod floor;
mod formulas;
mod messages;
#[allow(dead_code, reason = "nothing here has a suite to name")]
#[path = "../conversation/pair.rs"]
mod pair;
mod recipients;
mod relay;
mod scene;

fn main() {
    let mut pairs = pair::Pairs::new();
    messages::measure(&mut pairs);
    relay::measure(&mut pairs);
    fingerprint::measure(&mut pairs);
    pairs.finish();
    if std::env::args().skip(1).all(|argument| argument == "--bench") {
        recipients::print();
    }
}
