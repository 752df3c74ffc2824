//! The time to live of a response, after which Crossplane calls the function again.

use std::time::Duration;

use everest_core::duration::{self, DurationError};
use everest_schemas::function::Input;

/// The default time to live. Changes of composed resources show at once, by Crossplane's watch; so do
/// changes of objects that were looked up, from Crossplane 2.4 on. Before that, a new password shows
/// after this time at the latest.
pub const TTL: Duration = Duration::from_secs(60);

/// The time to live while something is waited for that only a looked-up object shows: the oldest
/// supported Crossplane does not watch those.
pub const TTL_UNWATCHED: Duration = Duration::from_secs(10);

/// The reason why a `ttl` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TtlError {
    /// It is not a duration.
    #[error("ttl of the composition's step: {0}")]
    Malformed(#[from] DurationError),
    /// It is shorter than while something is waited for.
    #[error(
        "ttl of the composition's step is {0:?} and must be at least {shortest}s; changes of \
         composed resources are noticed at once in any case",
        shortest = TTL_UNWATCHED.as_secs()
    )]
    Short(String),
}

/// The time to live if nothing is waited for.
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
