//! Cron expressions that the engine operators understand: five fields, without extensions.
//!
//! The operators and Kubernetes' CronJob parse schedules with the standard parser of
//! `github.com/robfig/cron`. Everest does not check schedules at all, so a bad one shows only when
//! no backup is ever taken. The operators differ in these forms:
//!
//! | | PXC | PSMDB | PostgreSQL |
//! |---|---|---|---|
//! | `@every 6h` | no: `AddFuncWithSeconds` takes every schedule for one of fields, and panics | yes | no, as PXC |
//! | `TZ=Europe/Berlin …`, `CRON_TZ=…` | yes: the image has the time zones | the image brings no `tzdata` | no: Kubernetes refuses the CronJob |
//!
//! Source: percona-xtradb-cluster-operator `pkg/controller/pxc/controller.go`,
//! `build/Dockerfile`; percona-server-mongodb-operator
//! `pkg/controller/perconaservermongodb/backup.go`, `build/Dockerfile`;
//! percona-postgresql-operator `percona/controller/pgcluster/cron.go`,
//! `internal/controller/postgrescluster/pgbackrest.go`; Kubernetes
//! `pkg/apis/batch/validation` (`validateScheduleFormat`).

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use everest_schemas::Engine;
use jiff::Timestamp;
use jiff::tz::TimeZone;

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

/// The reason why a text is not a schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// There are not five fields.
    #[error(
        "it has {0} fields, not five: minute, hour, day of month, month, day of week, as in \"0 2 * * *\""
    )]
    FieldCount(usize),
    /// A field uses something that the engines' parser does not know.
    #[error(
        "{part:?} is not a valid {field}; valid are numbers, `*`, lists (1,15), ranges (1-5) and \
         steps (*/6)"
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
    /// The days of the month are beyond the end of every month.
    #[error("none of its months has such a day, so it never runs")]
    NeverComes,
    /// The next time depends on more than the schedule.
    #[error(
        "its next time depends on the operator: @every counts from its start, and time zones other \
         than UTC are those of its image"
    )]
    ElsewhereDecided,
    /// The operator of the engine cannot run it at intervals.
    #[error(
        "the operator of {0} fails on @every; write the times as fields, such as \"0 */6 * * *\""
    )]
    Every(Engine),
    /// The time zone is not a name, or nothing follows it.
    #[error("a time zone is written as CRON_TZ=Europe/Berlin, then a space and the five fields")]
    Zone,
    /// Kubernetes refuses time zones in the CronJob of this engine.
    #[error("schedules of {0} have no time zone; write the time in UTC, without TZ= or CRON_TZ=")]
    NoZone(Engine),
    /// The operator of the engine finds a time zone only if its image has them.
    #[error(
        "the image of the operator of {0} has no time zone data unless someone added it, and \
         without it no backup is taken; write the time in UTC, without TZ= or CRON_TZ="
    )]
    ZoneUnsure(Engine),
}

impl CronError {
    /// Returns true if the schedule may work all the same.
    pub const fn is_unsure(&self) -> bool {
        matches!(self, Self::ZoneUnsure(_))
    }
}

/// Checks a schedule for an engine; if the engine is not known, a schedule that any engine takes is
/// accepted.
///
/// # Errors
/// [`CronError`] says which field is wrong.
pub fn check(schedule: &str, engine: Option<Engine>) -> Result<(), CronError> {
    let Some((zone, schedule)) = zoned(schedule)? else {
        return times(schedule.trim(), engine);
    };
    let is_name = |letter: u8| letter.is_ascii_alphanumeric() || b"/_+-".contains(&letter);
    if !zone.bytes().all(is_name) {
        return Err(CronError::Zone);
    }
    times(schedule.trim(), engine)?;
    match engine {
        Some(engine @ Engine::Postgresql) => Err(CronError::NoZone(engine)),
        Some(engine @ Engine::Psmdb) if !["", "UTC", "Local"].contains(&zone) => {
            Err(CronError::ZoneUnsure(engine))
        }
        Some(Engine::Pxc | Engine::Psmdb) | None => Ok(()),
    }
}

/// Splits a schedule into its time zone and the rest. The operators' parser panics if no space
/// follows the time zone.
fn zoned(schedule: &str) -> Result<Option<(&str, &str)>, CronError> {
    let prefix = ["TZ=", "CRON_TZ="];
    let Some(rest) = prefix
        .iter()
        .find_map(|prefix| schedule.strip_prefix(prefix))
    else {
        return Ok(None);
    };
    rest.split_once(' ').map(Some).ok_or(CronError::Zone)
}

/// The first time after `after` at which a schedule in UTC begins a backup.
///
/// # Errors
/// [`CronError`] if it is not a schedule, or if it alone does not say when: intervals count from
/// the start of the operator, and other time zones from the rules of its image.
pub fn next(schedule: &str, after: Timestamp) -> Result<Timestamp, CronError> {
    check(schedule, None)?;
    let schedule = match zoned(schedule)? {
        None => schedule,
        Some(("UTC", fields)) => fields,
        Some(_) => return Err(CronError::ElsewhereDecided),
    };
    let schedule = schedule.trim();
    if schedule.starts_with("@every ") {
        return Err(CronError::ElsewhereDecided);
    }
    let after = after.to_zoned(TimeZone::UTC);
    let found = parsed(&spelled_out(schedule))?.find_next_occurrence(&after, false);
    let found = found.map_err(|error| CronError::Meaning(error.to_string()))?;
    Ok(found.timestamp())
}

/// A nickname as five fields, as the operators' parser reads it.
fn spelled_out(schedule: &str) -> String {
    let fields = match schedule {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        fields => fields,
    };
    fields.to_owned()
}

/// Reads five fields.
fn parsed(fields: &str) -> Result<Cron, CronError> {
    let fields = fields.split_whitespace().zip(LAST).map(with_end);
    CronParser::builder()
        .seconds(Seconds::Disallowed)
        .year(Year::Disallowed)
        .build()
        .parse(&fields.collect::<Vec<_>>().join(" "))
        .map_err(|error| CronError::Meaning(error.to_string()))
}

/// Checks a schedule without its time zone.
fn times(schedule: &str, engine: Option<Engine>) -> Result<(), CronError> {
    if NICKNAMES.contains(&schedule) {
        return Ok(());
    }
    if let Some(interval) = schedule.strip_prefix("@every ") {
        if let Some(engine @ (Engine::Pxc | Engine::Postgresql)) = engine {
            return Err(CronError::Every(engine));
        }
        return crate::duration::parse_go(interval.trim())
            .map(|_| ())
            .map_err(|error| CronError::Meaning(error.to_string()));
    }
    let fields: Vec<&str> = schedule.split_whitespace().collect();
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
    let never = never_comes(&fields);
    parsed(schedule)?;
    if never {
        return Err(CronError::NeverComes);
    }
    Ok(())
}

/// Returns true if the first of the days lies beyond the end of each of the months. If days of the
/// week are given too, the operators' parser takes either, so such a schedule does come.
fn never_comes(fields: &[&str]) -> bool {
    let &[_, _, days, months, weekdays] = fields else {
        return false;
    };
    let is_any = |part: &str| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        matches!(range, "*" | "?") && step.trim_start_matches('0') == "1"
    };
    if !weekdays.split(',').any(is_any) {
        return false;
    }
    let first = values(days, 1..=31).min();
    let longest = values(months, 1..=12).map(|month| match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    });
    matches!((first, longest.max()), (Some(first), Some(longest)) if first > longest)
}

/// The numbers that a field of days or months stands for; parts that are not numbers yield none.
fn values(field: &str, all: std::ops::RangeInclusive<u8>) -> impl Iterator<Item = u8> {
    let number = |text: &str| {
        let name = text.to_ascii_lowercase();
        let named = MONTHS.iter().position(|month| **month == name);
        match named {
            Some(position) => u8::try_from(position + 1).ok(),
            None => text.parse().ok(),
        }
    };
    field.split(',').flat_map(move |part| {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<usize>().ok()),
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            Some((first, last)) => (number(first), number(last)),
            None if matches!(range, "*" | "?") => (Some(*all.start()), Some(*all.end())),
            None if step.is_some() => (number(range), Some(*all.end())),
            None => (number(range), number(range)),
        };
        let (first, last) = first.zip(last).unwrap_or((1, 0));
        (first..=last).step_by(step.unwrap_or(1).max(1))
    })
}

/// The field with a range before every step: the operators' parser reads `5/15` as `5-59/15`.
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
    fn the_next_time_is_the_first_after_the_given_one() {
        for (schedule, after, expected) in [
            ("0 2 * * *", "2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z"),
            ("0 2 * * *", "2026-01-01T01:59:59Z", "2026-01-01T02:00:00Z"),
            (
                "5/15 * * * *",
                "2026-01-01T02:36:00Z",
                "2026-01-01T02:50:00Z",
            ),
            ("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
            (
                "CRON_TZ=UTC 0 2 1 * *",
                "2026-01-01T03:00:00Z",
                "2026-02-01T02:00:00Z",
            ),
            // Either of the two days will do.
            (
                "0 0 13 * fri",
                "2026-01-01T00:00:00Z",
                "2026-01-02T00:00:00Z",
            ),
        ] {
            let found = next(schedule, after.parse().unwrap()).unwrap();
            assert_eq!(found.to_string(), expected, "{schedule} after {after}");
        }
        for schedule in ["@every 6h", "TZ=Europe/Berlin 0 2 * * *"] {
            let now = "2026-01-01T00:00:00Z".parse().unwrap();
            assert_eq!(next(schedule, now), Err(CronError::ElsewhereDecided));
        }
    }

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
            assert_eq!(check(schedule, None), Ok(()), "{schedule}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for schedule in ["", "daily", "0 2 * *", "0 0 2 * * *", "@fortnightly"] {
            assert!(
                matches!(check(schedule, None), Err(CronError::FieldCount(_))),
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
                matches!(check(schedule, None), Err(CronError::Field { .. })),
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
                matches!(check(schedule, None), Err(CronError::Meaning(_))),
                "{schedule}"
            );
        }
    }

    #[test]
    fn a_day_that_no_month_has_never_comes() {
        for schedule in [
            "0 2 31 2 *",
            "0 2 30,31 FEB ?",
            "0 2 31 4,6,9,nov *",
            "0 2 31/2 2-2/3 */1",
        ] {
            let checked = check(schedule, None);
            assert_eq!(checked, Err(CronError::NeverComes), "{schedule}");
        }
        for schedule in [
            "0 2 29 2 *",
            "0 2 31 2-3 *",
            "0 2 31 */2 *",
            "0 2 30/1 2,3 *",
            // Either the day of the month or that of the week.
            "0 2 31 2 1",
            "0 2 31 2 */2",
        ] {
            assert_eq!(check(schedule, None), Ok(()), "{schedule}");
        }
    }

    #[test]
    fn a_time_zone_is_what_the_engines_operator_makes_of_it() {
        use Engine::{Postgresql, Psmdb, Pxc};
        for prefix in ["TZ", "CRON_TZ"] {
            let schedule = format!("{prefix}=Europe/Berlin 0 2 * * *");
            assert_eq!(check(&schedule, Some(Pxc)), Ok(()));
            assert_eq!(check(&schedule, None), Ok(()));
            let unsure = check(&schedule, Some(Psmdb)).unwrap_err();
            assert!(unsure.is_unsure(), "{unsure}");
            let refused = check(&schedule, Some(Postgresql));
            assert_eq!(refused, Err(CronError::NoZone(Postgresql)));
            assert_eq!(check("TZ=UTC 0 2 * * *", Some(Psmdb)), Ok(()));
            let nowhere = format!("{prefix}=Europe/Berlin");
            assert_eq!(check(&nowhere, None), Err(CronError::Zone));
            let odd = format!("{prefix}=Berlin! 0 2 * * *");
            assert_eq!(check(&odd, None), Err(CronError::Zone));
            let short = format!("{prefix}=UTC 0 2 * *");
            assert_eq!(check(&short, Some(Pxc)), Err(CronError::FieldCount(4)));
        }
    }

    #[test]
    fn an_interval_is_for_the_operator_of_mongodb_alone() {
        use Engine::{Postgresql, Psmdb, Pxc};
        assert_eq!(check("@every 6h", Some(Psmdb)), Ok(()));
        for engine in [Pxc, Postgresql] {
            let refused = check("@every 6h", Some(engine));
            assert_eq!(refused, Err(CronError::Every(engine)));
        }
    }
}
