//! Random schedules that are the same in every run, unless the environment says otherwise.

use proptest::test_runner::{Config, RngSeed};

/// `cases` of them, or as many as `PROPTEST_CASES` says.
pub fn config(cases: u32) -> Config {
    let given = Config::default();
    let chosen = std::env::var_os("PROPTEST_CASES").is_some();
    Config {
        cases: if chosen { given.cases } else { cases },
        rng_seed: match given.rng_seed {
            RngSeed::Random => RngSeed::Fixed(1),
            fixed => fixed,
        },
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..given
    }
}
