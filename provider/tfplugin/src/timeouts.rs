//! Timeouts of operations.

use std::time::Duration;

use crate::diagnostics::Diagnostics;
use crate::path::AttributePath;
use crate::value::Value;

/// The attribute for the user's timeouts, by convention.
const ATTRIBUTE: &str = "timeouts";

/// The default timeouts of a resource's operations. The user can change them in an attribute
/// `timeouts` of the model: an object with some or all of the members `create`, `read`, `update`
/// and `delete`, each a string such as `1h30m`. The attribute is `x-local`, because no server
/// returns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Of a creation.
    pub create: Duration,
    /// Of a read.
    pub read: Duration,
    /// Of an update.
    pub update: Duration,
    /// Of a deletion.
    pub delete: Duration,
}

/// An operation that has a time-out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Read,
    Update,
    Delete,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

impl Timeouts {
    /// Two minutes for a read, `minutes` for everything else.
    pub const fn minutes(minutes: u32) -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        let all = MINUTE.saturating_mul(minutes);
        Self {
            create: all,
            read: MINUTE.saturating_mul(2),
            update: all,
            delete: all,
        }
    }

    fn of(self, operation: Operation) -> Duration {
        match operation {
            Operation::Create => self.create,
            Operation::Read => self.read,
            Operation::Update => self.update,
            Operation::Delete => self.delete,
        }
    }
}

/// The user's timeout for `operation` in `value`, otherwise the resource's default.
pub(crate) fn timeout(
    value: &Value,
    operation: Operation,
    defaults: Option<Timeouts>,
) -> Option<Duration> {
    let given = value.get(ATTRIBUTE).and_then(|t| t.get(operation.name()));
    let given = match given {
        Some(Value::String(text)) => duration(text),
        _ => None,
    };
    given.or_else(|| defaults.map(|defaults| defaults.of(operation)))
}

/// Adds an error for each value in the `timeouts` of `config` that is not a duration.
pub(crate) fn check(config: &Value, diags: &mut Diagnostics) {
    let Some(Value::Map(members)) = config.get(ATTRIBUTE) else {
        return;
    };
    for (name, value) in members {
        let Value::String(text) = value else {
            continue;
        };
        if duration(text).is_none() {
            diags.error(
                AttributePath::from(ATTRIBUTE).attribute(name),
                "Invalid time-out",
                format!(
                    "{text:?} is not a duration above zero. Write numbers with units, for example \
                     \"90s\" or \"1h30m\"; the units are h, m, s, ms, us and ns."
                ),
            );
        }
    }
}

/// The duration in `text`, in the form `1h2m3.5s`; None if it is not a duration above zero.
fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = rest.split_at(digits);
        let length = unit
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(unit.len());
        let (unit, next) = unit.split_at(length);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" | "μs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        let number: f64 = number.parse().ok()?;
        let part = Duration::try_from_secs_f64(number * seconds).ok()?;
        sum = sum.checked_add(part)?;
        rest = next;
    }
    (!sum.is_zero()).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_users_write_them() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(duration("1.5s"), Some(Duration::from_millis(1500)));
        for wrong in ["", "0s", "90", "-1s", "1d", "m", "1..2s", "9e99h"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_the_user_says_wins_over_the_default() {
        let value = Value::map([("timeouts", Value::map([("create", "5m".into())]))]);
        let timeout = |operation| timeout(&value, operation, Some(Timeouts::minutes(1)));
        assert_eq!(timeout(Operation::Create), Some(Duration::from_secs(300)));
        assert_eq!(timeout(Operation::Delete), Some(Duration::from_secs(60)));
    }
}
