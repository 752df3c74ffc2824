//! Where a provider answers something else than was planned.

use super::{Equal, check, refresh};
use crate::path::AttributePath;
use crate::schema::Object;
use crate::value::Value;

/// The places at which `returned`, the answer of an apply, says something else than `planned` did.
/// Another spelling and zero values are no contradiction, and neither is what was not known.
///
/// The state keeps what was planned ([`super::fill`]), as Terraform demands: only the next read
/// shows the difference.
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
