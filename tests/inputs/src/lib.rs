//! Random inputs for parsers, with the proof that some of them were accepted and some refused.

use std::cell::Cell;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};

/// Calls a parser with random inputs; `accepts` returns true if it took one.
///
/// # Panics
/// If the parser panics, or if fewer than one input in a hundred is accepted or refused: the
/// inputs then try one half of the parser alone.
#[track_caller]
pub fn both_ways<S: Strategy>(inputs: S, accepts: impl Fn(S::Value) -> bool) {
    let config = Config::default();
    let cases = config.cases;
    let (tried, accepted) = (Cell::new(0), Cell::new(0));
    let run = TestRunner::new(config).run(&inputs, |input| {
        tried.set(tried.get() + 1);
        accepted.set(accepted.get() + u32::from(accepts(input)));
        Ok(())
    });
    if let Err(failure) = run {
        panic!("{failure}");
    }
    assert_eq!(tried.get(), cases, "inputs");
    let refused = tried.get() - accepted.get();
    for (count, what) in [(accepted.get(), "accepted"), (refused, "refused")] {
        assert!(
            count * 100 >= cases,
            "{count} of {cases} inputs were {what}"
        );
    }
}
