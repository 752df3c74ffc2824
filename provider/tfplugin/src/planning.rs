//! What a state will be, and what it is, by the attributes of a schema: pure functions of
//! configuration, prior state and what was observed.
//!
//! A change goes through them in this order:
//! 1. [`propose`]: configuration over prior state; the result keeps to every rule that Terraform
//!    holds a plan against;
//! 2. [`resume`]: where an earlier wait ended early, its outputs become unknown;
//! 3. the resource adjusts the plan, and judges what is asked for: [`intend`];
//! 4. [`replacements`]: which changes replace the object; [`promise`]: what is known of the unknown;
//! 5. after apply [`fill`]: the plan, with what was unknown taken from what came back; and
//!    [`contradictions`]: where what came back is not what was planned.
//!
//! A read goes through [`refresh`] alone; [`configuration`] writes the HCL of what exists. What
//! comes from elsewhere ([`hide`]) has its write-only values taken out.
//!
//! Unknowns are exact: on an update everything that the configuration does not change keeps its
//! prior value, and a resource marks those of its outputs that will change. An attribute that was
//! configured and is not any more is unknown, because the server will choose, unless it cannot change
//! without a replacement.
//!
//! An element of a list of objects that moves keeps what was computed of it: elements are told apart
//! by their keys (`x-kubernetes-list-map-keys`), and else by what is configured of them.

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

/// Whether two strings with an `x-semantic` kind mean the same: kind, one, the other.
pub type Equal<'a> = &'a dyn Fn(&str, &str, &str) -> bool;

/// Returns true if two values of an attribute with that semantic mean the same. Free values do
/// where they are one in JSON: of a list and a tuple, or a map and an object, a server knows no
/// difference.
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

/// The paths at which `config` gives a value to an attribute that the server would choose
/// otherwise. Kept in private state, so that the next plan knows what is configured no more.
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

/// The objects of a nested attribute, with the step to each; none where it is null or unknown.
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

/// Makes `outputs` (attributes at the root) unknown in a plan that goes on with a wait, which
/// makes it an update in place.
pub fn resume(planned: &mut Value, outputs: &[&str]) {
    if let Value::Map(members) = planned {
        for output in outputs {
            if let Some(value) = members.get_mut(*output) {
                *value = Value::UNKNOWN;
            }
        }
    }
}
