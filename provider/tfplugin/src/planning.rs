//! Plans and refreshes by the attributes of a schema: pure functions of the configuration, the
//! prior state and the observed object.
//!
//! A change uses them in this order:
//! 1. [`propose`]: merges the configuration into the prior state; the result follows every rule
//!    that Terraform has for a plan;
//! 2. [`resume`]: makes the pending outputs unknown if an earlier wait ended early;
//! 3. the resource adjusts the plan, and checks the requested values ([`intend`]);
//! 4. [`replacements`]: finds the changes that replace the object; [`promise`]: adds promises about
//!    unknown values;
//! 5. after the apply, [`fill`] completes the plan's unknown values from the result, and
//!    [`contradictions`] finds the places where the result differs from the plan.
//!
//! A read uses only [`refresh`]. [`configuration`] generates the configuration of an existing
//! object. [`hide`] removes write-only values from states that come from elsewhere.
//!
//! Unknowns are exact: on an update, every value that the configuration does not change keeps its
//! prior value, and the resource marks the outputs that will change. An attribute that was removed
//! from the configuration becomes unknown, because the server chooses its value, unless a change of
//! the attribute replaces the object.
//!
//! An element of a list of objects keeps its computed values when it moves. Elements are identified
//! by their keys (`x-kubernetes-list-map-keys`) or, without keys, by their configured values.

use std::collections::BTreeSet;

use crate::path::{AttributePath, Step};
use crate::schema::{Kind, Mode, Nesting, Object};
use crate::value::{Retype, Value, retype};

pub mod check;
mod configuration;
mod contradict;
mod fill;
mod hide;
mod intend;
mod pair;
mod promise;
mod propose;
mod refresh;
mod replace;

pub use configuration::configuration;
pub use contradict::contradictions;
pub use fill::fill;
pub use hide::hide;
pub use intend::intend;
pub use promise::promise;
pub use propose::propose;
pub use refresh::refresh;
pub use replace::replacements;

/// A function that returns true if two strings with an `x-semantic` kind have the same meaning. Its
/// arguments are the kind and the two strings.
pub type Equal<'a> = &'a dyn Fn(&str, &str, &str) -> bool;

/// Returns true if two values of an attribute with this semantic kind have the same meaning. Free
/// values do if they are equal in JSON: a server cannot distinguish a list from a tuple, or a map
/// from an object.
fn equal(semantic: Option<&str>, a: &Value, b: &Value, same: Equal<'_>) -> bool {
    if a == b || (a.is_null() && b.is_null()) {
        return true;
    }
    if let (Value::Dynamic(a), Value::Dynamic(b)) = (a, b) {
        let b = retype(&b.1, &b.0, &a.0, Retype::Json);
        return b.is_some_and(|b| check::alike(&a.0, &a.1, &b));
    }
    let Some(kind) = semantic else {
        return false;
    };
    match (a, b) {
        (Value::String(a), Value::String(b)) => same(kind, a, b),
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(semantic, a, b, same))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| equal(semantic, a, b, same)))
        }
        _ => false,
    }
}

/// The paths at which `config` sets an attribute that the server would choose otherwise. They are
/// kept in the private state, so that the next plan knows which were removed.
pub fn configured(object: &Object, config: &Value) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    collect(object, config, &AttributePath::root(), &mut paths);
    paths
}

fn collect(object: &Object, config: &Value, path: &AttributePath, paths: &mut BTreeSet<String>) {
    for attribute in &object.attributes {
        let Some(value) = config.get(&attribute.name).filter(|v| !v.is_null()) else {
            continue;
        };
        let noted = attribute.mode == Mode::OptionalComputed;
        if !noted && matches!(attribute.kind, Kind::Leaf(_)) {
            continue;
        }
        let path = path.attribute(&attribute.name);
        if noted {
            paths.insert(path.to_string());
        }
        if let Kind::Nested(nesting, object) = &attribute.kind {
            for (step, element) in elements(nesting, value) {
                let path = match step {
                    Some(step) => path.with(step),
                    None => path.clone(),
                };
                collect(object, element, &path, paths);
            }
        }
    }
}

/// The objects of a nested attribute, with the step to each; none if it is null or unknown.
fn elements<'a>(nesting: &Nesting, value: &'a Value) -> Vec<(Option<Step>, &'a Value)> {
    match (nesting, value) {
        (Nesting::Single, Value::Map(_)) => vec![(None, value)],
        (Nesting::List, Value::List(items)) => items
            .iter()
            .enumerate()
            .map(|(i, item)| (Some(Step::Index(i)), item))
            .collect(),
        (Nesting::Map { .. }, Value::Map(members)) => members
            .iter()
            .map(|(key, member)| (Some(Step::Key(key.clone())), member))
            .collect(),
        _ => Vec::new(),
    }
}

/// Makes `outputs`, attributes at the root, unknown in a plan that resumes a wait. This makes the
/// plan an update in place.
pub fn resume(planned: &mut Value, outputs: &[&str]) {
    if let Value::Map(members) = planned {
        for output in outputs {
            if let Some(value) = members.get_mut(*output) {
                *value = Value::UNKNOWN;
            }
        }
    }
}
