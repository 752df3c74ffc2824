//! Cron expressions that the engine operators understand: five fields, no
//! extensions.
//!
//! The operators and Kubernetes' CronJob parse schedules with
//! `github.com/robfig/cron`'s standard parser, Everest itself does not check
//! them at all: a bad one only shows when no backup is ever taken.

use croner::parser::{CronParser, Seconds, Year};

const FIELDS: [&str; 5] = ["minute", "hour", "day of month", "month", "day of week"];
/// The last number of each field.
const LAST: [u8; 5] = [59, 23, 31, 12, 6];
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const NICKNAMES: [&str; 7] = [
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
];

/// Why a text is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// There are not five fields.
    #[error(
        "it has {0} fields, not five: minute, hour, day of month, month, day of week, as in \"0 2 * * *\""
    )]
    FieldCount(usize),
    /// A field uses something that the engines' parser does not know.
    #[error(
        "{part:?} is not understood as {field}; numbers, `*`, lists (1,15), ranges (1-5) and steps (*/6) are"
    )]
    Field {
        /// Which of the five.
        field: &'static str,
        /// The part of it that is wrong.
        part: String,
    },
    /// The fields are well formed but name no time.
    #[error("{0}")]
    Meaning(String),
}

/// Checks a schedule.
///
/// # Errors
/// [`CronError`] says which field is wrong.
pub fn check(schedule: &str) -> Result<(), CronError> {
    let trimmed = schedule.trim();
    if NICKNAMES.contains(&trimmed) {
        return Ok(());
    }
    if let Some(interval) = trimmed.strip_prefix("@every ") {
        return crate::duration::parse_go(interval.trim())
            .map(|_| ())
            .map_err(|error| CronError::Meaning(error.to_string()));
    }
    let fields: Vec<&str> = trimmed.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(CronError::FieldCount(fields.len()));
    }
    for (position, (field, name)) in fields.iter().zip(FIELDS).enumerate() {
        for part in field.split([',', '-', '/']) {
            if !understood(position, part) {
                return Err(CronError::Field {
                    field: name,
                    part: (*field).to_owned(),
                });
            }
        }
    }
    let written: Vec<_> = fields.into_iter().zip(LAST).map(with_end).collect();
    CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build()
        .parse(&written.join(" "))
        .map(|_| ())
        .map_err(|error| CronError::Meaning(error.to_string()))
}

/// A field in which every step has a range: their parser takes `5/15` for `5-59/15`.
fn with_end((field, last): (&str, u8)) -> String {
    let part = |part: &str| match part.split_once('/') {
        Some((from, step)) if from.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{from}-{last}/{step}")
        }
        _ => part.to_owned(),
    };
    field.split(',').map(part).collect::<Vec<_>>().join(",")
}

fn understood(position: usize, part: &str) -> bool {
    let lower = part.to_ascii_lowercase();
    let named = match position {
        3 => MONTHS.contains(&lower.as_str()),
        4 => WEEKDAYS.contains(&lower.as_str()),
        _ => false,
    };
    // Their parser counts weekdays from 0 to 6: it has no 7 for Sunday.
    let number = !part.is_empty()
        && part.bytes().all(|byte| byte.is_ascii_digit())
        && !(position == 4 && part.trim_start_matches('0') == "7");
    named || number || part == "*" || part == "?"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_field_schedules_are_accepted() {
        for schedule in [
            "0 2 * * *",
            "*/15 * * * *",
            "0 0 1,15 * *",
            "30 3 * * 1-5",
            "0 4 * JAN-JUN mon,WED",
            "0 0 ? * 0",
            "0/15 * * * *",
            "30/20 5,8/4 * * *",
            "@daily",
            "@every 6h",
            " 0  2 * * * ",
        ] {
            assert_eq!(check(schedule), Ok(()), "{schedule}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for schedule in ["", "daily", "0 2 * *", "0 0 2 * * *", "@fortnightly"] {
            assert!(
                matches!(check(schedule), Err(CronError::FieldCount(_))),
                "{schedule}"
            );
        }
        for schedule in [
            "0 2 L * *",
            "0 2 * * 5#2",
            "0 2 15W * *",
            "0 2 * * 7",
            "x 2 * * *",
            "0 2,,3 * * *",
        ] {
            assert!(
                matches!(check(schedule), Err(CronError::Field { .. })),
                "{schedule}"
            );
        }
        for schedule in [
            "61 2 * * *",
            "0 24 * * *",
            "0 2 * 13 *",
            "0 5-1 * * *",
            "@every soon",
            "*/0 * * * *",
            "60/5 * * * *",
        ] {
            assert!(
                matches!(check(schedule), Err(CronError::Meaning(_))),
                "{schedule}"
            );
        }
    }
}
