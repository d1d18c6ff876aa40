//! A safety number: both sides' hashes and digits.

use std::hint::black_box;

use confidant::SafetyNumber;

use crate::formulas;
use crate::pair::Pairs;
use crate::scene::recipients;

pub fn measure(pairs: &mut Pairs) {
    let both = recipients(2);
    pairs.pair(
        "safety-number",
        |b| b.iter(|| SafetyNumber::new(black_box(&both[0]), black_box(&both[1]))),
        |b| b.iter(formulas::safety_number),
    );
}
