//! How long tests wait for what a cluster does.

use std::time::Duration;

/// How many times as long as on the test cluster, where no database process runs.
const FACTOR: &str = "EVEREST_TEST_PATIENCE";

/// The time to wait where the test cluster would take at most `usual`.
///
/// # Panics
/// When the factor that `cargo xtask test` sets is no whole number.
#[must_use]
pub fn patience(usual: Duration) -> Duration {
    match std::env::var(FACTOR) {
        Err(_) => usual,
        Ok(factor) => match factor.parse() {
            Ok(factor) => usual.saturating_mul(factor),
            Err(_) => panic!("{FACTOR} is {factor:?}, and has to be a whole number"),
        },
    }
}

/// Whether tests run on a cluster that stays, where real databases start.
#[must_use]
pub fn is_asked_for() -> bool {
    std::env::var_os(FACTOR).is_some()
}
