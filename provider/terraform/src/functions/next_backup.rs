//! `next_backup`.

use everest_core::cron;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tfplugin::{Function, FunctionError};

/// The time at which a schedule takes its next backup, in RFC 3339 format. Schedules are in UTC,
/// the time of the engine operators.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Arguments {
    /// Schedule of five fields, such as `0 2 * * *`, or a name such as `@daily`.
    schedule: String,
    /// Time after which the backup is wanted, in RFC 3339 format, such as `plantimestamp()`.
    from: String,
}

/// The function.
pub struct NextBackup;

impl Function for NextBackup {
    type Arguments = Arguments;
    type Output = String;

    fn name(&self) -> &'static str {
        "next_backup"
    }

    fn summary(&self) -> &'static str {
        "The time of the next backup of a schedule"
    }

    fn call(&self, Arguments { schedule, from }: Arguments) -> Result<String, FunctionError> {
        let from: Timestamp = from.parse().map_err(|_| {
            let text = format!("{from:?} is not a time such as \"2026-01-01T02:03:04Z\".");
            FunctionError::new(text).at("from")
        })?;
        let next = cron::next(&schedule, from);
        let next = next.map_err(|error| {
            let text = format!("{schedule:?} cannot be used as a schedule: {error}.");
            FunctionError::new(text).at("schedule")
        })?;
        Ok(next.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_followed_from_a_time_on() {
        let next = |schedule: &str, from: &str| {
            let (schedule, from) = (schedule.to_owned(), from.to_owned());
            NextBackup
                .call(Arguments { schedule, from })
                .map_err(|error| error.text)
        };
        assert_eq!(
            next("0 2 * * *", "2026-01-01T03:00:00+01:00").as_deref(),
            Ok("2026-01-02T02:00:00Z")
        );
        let short = next("0 2 * *", "2026-01-01T03:00:00Z");
        assert!(short.unwrap_err().contains("4 fields"));
        assert!(next("@daily", "today").unwrap_err().contains("not a time"));
    }
}
