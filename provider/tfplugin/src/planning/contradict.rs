//! Finds the places where a provider's response differs from the plan.

use super::{Equal, check, refresh};
use crate::path::AttributePath;
use crate::schema::Object;
use crate::value::Value;

/// The paths at which `returned`, the response of an apply, differs from `planned`. Another
/// spelling, a zero value and a value that was unknown in the plan are no contradiction.
///
/// The state keeps the planned values ([`super::fill`]), as Terraform requires, so only the next
/// read shows the difference.
pub fn contradictions(
    object: &Object,
    planned: &Value,
    returned: &Value,
    same: Equal<'_>,
) -> Vec<AttributePath> {
    if !matches!((planned, returned), (Value::Map(_), Value::Map(_))) {
        return Vec::new();
    }
    let answered = refresh(object, planned, returned, same);
    let found = check::kept(object, planned, &answered).into_iter();
    found.map(|violation| violation.path).collect()
}
