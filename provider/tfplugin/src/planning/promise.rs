//! Promises about values that are unknown in a plan.

use crate::path::{At, AttributePath};
use crate::schema::{Kind, Nesting, Object};
use crate::value::{Refinements, Value};

/// Adds the promises of the schema (`x-never-null`) and of `promises` to the unknown values of
/// `planned`.
pub fn promise(
    object: &Object,
    planned: &mut Value,
    promises: impl IntoIterator<Item = (AttributePath, Refinements)>,
) {
    let mut all = Vec::new();
    collect(object, planned, At::Root, &mut all);
    all.extend(promises);
    for (path, promised) in all {
        let Some(Value::Unknown(known)) = planned.at_mut(&path) else {
            continue;
        };
        let known = known.get_or_insert_default();
        known.null = promised.null.or(known.null);
        known.prefix = promised.prefix.or(known.prefix.take());
        known.lower = promised.lower.or(known.lower.take());
        known.upper = promised.upper.or(known.upper.take());
        known.min_length = promised.min_length.or(known.min_length);
        known.max_length = promised.max_length.or(known.max_length);
    }
}

fn collect(
    object: &Object,
    planned: &Value,
    at: At<'_>,
    promises: &mut Vec<(AttributePath, Refinements)>,
) {
    for attribute in &object.attributes {
        let Some(value) = planned.get(&attribute.name) else {
            continue;
        };
        let at = At::Attribute(&at, &attribute.name);
        if value.is_unknown() && attribute.never_null {
            let refinements = Refinements {
                null: Some(false),
                ..Refinements::default()
            };
            promises.push((at.path(), refinements));
            continue;
        }
        let Kind::Nested(nesting, object) = &attribute.kind else {
            continue;
        };
        match (nesting, value) {
            (Nesting::Single, _) => collect(object, value, at, promises),
            (Nesting::List, Value::List(items)) => {
                for (i, item) in items.iter().enumerate() {
                    collect(object, item, At::Index(&at, i), promises);
                }
            }
            (Nesting::Map { .. }, Value::Map(members)) => {
                for (key, member) in members {
                    collect(object, member, At::Key(&at, key), promises);
                }
            }
            _ => {}
        }
    }
}
