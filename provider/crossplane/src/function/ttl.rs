//! How long an answer of the function holds before Crossplane asks again.

use std::time::Duration;

use everest_core::duration::{self, DurationError};
use everest_schemas::function::Input;

/// How long an answer holds unless the input says: what was looked up is not watched, so that a new
/// password shows after this time at the latest. What is waited for on a
/// composed resource shows at once, by Crossplane's watch.
pub const TTL: Duration = Duration::from_secs(60);

/// How long an answer holds while something is waited for that nothing but
/// another lookup shows.
pub const TTL_UNWATCHED: Duration = Duration::from_secs(10);

/// Why an input does not say how long an answer holds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TtlError {
    /// It is no length of time.
    #[error("ttl of the composition's step: {0}")]
    Malformed(#[from] DurationError),
    /// It is shorter than while something is waited for.
    #[error(
        "ttl of the composition's step is {0:?}, and has to be at least {shortest}s; changes of what is composed show at once, whatever it is",
        shortest = TTL_UNWATCHED.as_secs()
    )]
    Short(String),
}

/// How long an answer holds where nothing is waited for.
pub(super) fn of(input: &Input) -> Result<Duration, TtlError> {
    let Some(text) = &input.ttl else {
        return Ok(TTL);
    };
    let ttl = duration::parse_go(text)?;
    if ttl < TTL_UNWATCHED {
        return Err(TtlError::Short(text.clone()));
    }
    Ok(ttl)
}
