//! Which changes replace the object.

use super::elements;
use crate::path::AttributePath;
use crate::schema::{Kind, Nesting, Object};
use crate::value::Value;

/// The attributes with `x-force-new` in which `planned` differs from `prior`. A nested attribute
/// that is unknown as a whole may come out unchanged and forces nothing by its members.
pub fn replacements(object: &Object, prior: &Value, planned: &Value) -> Vec<AttributePath> {
    let mut paths = Vec::new();
    compare(object, prior, planned, &AttributePath::root(), &mut paths);
    paths
}

fn compare(
    object: &Object,
    prior: &Value,
    planned: &Value,
    path: &AttributePath,
    paths: &mut Vec<AttributePath>,
) {
    for attribute in &object.attributes {
        let before = prior.get(&attribute.name).unwrap_or(&Value::Null);
        let after = planned.get(&attribute.name).unwrap_or(&Value::Null);
        if before == after {
            continue;
        }
        let path = path.attribute(&attribute.name);
        if attribute.force_new {
            paths.push(path);
            continue;
        }
        let Kind::Nested(nesting, object) = &attribute.kind else {
            continue;
        };
        if *nesting == Nesting::Single {
            if !before.is_unknown() && !after.is_unknown() {
                compare(object, before, after, &path, paths);
            }
            continue;
        }
        let before = elements(nesting, before);
        for (step, after) in elements(nesting, after) {
            // An element that is new replaces nothing.
            let element = before.iter().find(|(key, _)| *key == step);
            if let (Some((_, before)), Some(step)) = (element, step) {
                compare(object, before, after, &path.with(step), paths);
            }
        }
    }
}
