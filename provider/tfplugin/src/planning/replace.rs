//! Finds the changes that replace the object.

use super::pair::{items, pairs};
use super::{elements, equal};
use crate::path::AttributePath;
use crate::schema::{Kind, Nesting, Object};
use crate::value::Value;

/// The attributes with `x-force-new` in which `planned` differs from `prior`. A nested attribute
/// that is unknown as a whole may turn out unchanged, so its members force no replacement.
///
/// A local attribute exists only in the state, and is missing there after an import or a move.
/// Setting it for the first time, or removing it, therefore does not replace the object.
pub fn replacements(object: &Object, prior: &Value, planned: &Value) -> Vec<AttributePath> {
    let mut paths = Vec::new();
    let root = AttributePath::root();
    compare(object, (prior, planned), &root, false, &mut paths);
    paths
}

fn compare(
    object: &Object,
    (prior, planned): (&Value, &Value),
    path: &AttributePath,
    local: bool,
    paths: &mut Vec<AttributePath>,
) {
    for attribute in &object.attributes {
        let before = prior.member(&attribute.name);
        let after = planned.member(&attribute.name);
        // No object knows of which type a null or a list of free JSON is.
        if equal(None, before, after, &|_, _, _| false) {
            continue;
        }
        let path = path.attribute(&attribute.name);
        let local = local || attribute.local;
        if attribute.force_new {
            if !(local && (before.is_null() || after.is_null())) {
                paths.push(path);
            }
            continue;
        }
        let Kind::Nested(nesting, object) = &attribute.kind else {
            continue;
        };
        if *nesting == Nesting::Single {
            if !before.is_unknown() && !after.is_unknown() {
                compare(object, (before, after), &path, local, paths);
            }
            continue;
        }
        if *nesting == Nesting::List {
            let (before, after) = (items(before), items(after));
            let pairs = pairs(object, &attribute.keys, (after, before), &|_, a, b| a == b);
            for (i, (after, place)) in after.iter().zip(pairs).enumerate() {
                // An element that is new replaces nothing.
                if let Some(before) = place.and_then(|place| before.get(place)) {
                    compare(object, (before, after), &path.index(i), local, paths);
                }
            }
            continue;
        }
        let before = elements(nesting, before);
        for (step, after) in elements(nesting, after) {
            // An element that is new replaces nothing.
            let element = before.iter().find(|(key, _)| *key == step);
            if let (Some((_, before)), Some(step)) = (element, step) {
                compare(object, (before, after), &path.with(step), local, paths);
            }
        }
    }
}
