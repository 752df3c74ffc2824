//! The check of a result against its plan.

use super::compare::paired;
use super::{Rule, Violation, Violations};
use crate::path::{AttributePath, Step};
use crate::schema::{Kind, Nesting, Object};
use crate::value::{Refinements, Retype, Type, Value, retype};

/// The violations of Terraform's rules in `actual`, a second plan or the state after an apply,
/// compared with `planned`:
/// 1. A known value is unchanged, byte for byte, element by element. A set may lose elements that
///    were unknown and turned out to be equal.
/// 2. A value that was unknown follows the plan's promises, or is still unknown.
pub fn kept(object: &Object, planned: &Value, actual: &Value) -> Vec<Violation> {
    let mut found = Violations::default();
    found.follows(object, planned, actual, &AttributePath::root());
    found.0
}

/// The violations of Terraform's rules in `value` as a state: another type, a write-only value, an
/// unknown value.
pub fn state(object: &Object, value: &Value) -> Vec<Violation> {
    let mut found = Violations::default();
    found.types(object, value);
    found.write_only(object, value, &AttributePath::root());
    found.unknown(object, value, &AttributePath::root());
    found.0
}

impl Violations {
    fn unknown(&mut self, object: &Object, value: &Value, path: &AttributePath) {
        if value.is_unknown() {
            self.push(path, Rule::Unknown);
        }
        for attribute in &object.attributes {
            let Some(value) = value.get(&attribute.name).filter(|v| !v.is_wholly_known()) else {
                continue;
            };
            let path = path.attribute(&attribute.name);
            match &attribute.kind {
                Kind::Nested(nesting, object) if !value.is_unknown() => {
                    for (step, element) in super::elements(nesting, value) {
                        self.unknown(object, element, &super::below(&path, step));
                    }
                }
                _ => self.push(&path, Rule::Unknown),
            }
        }
    }

    fn follows(&mut self, object: &Object, planned: &Value, actual: &Value, path: &AttributePath) {
        let (Value::Map(planned), Value::Map(actual)) = (planned, actual) else {
            self.whole(planned, actual, path);
            return;
        };
        for attribute in &object.attributes {
            let path = path.attribute(&attribute.name);
            let planned = planned.get(&attribute.name).unwrap_or(&Value::Null);
            let actual = actual.get(&attribute.name).unwrap_or(&Value::Null);
            match &attribute.kind {
                Kind::Leaf(ty) => self.leaf(ty, planned, actual, &path),
                Kind::Nested(nesting, object) => {
                    self.nested((nesting, object), planned, actual, &path);
                }
            }
        }
    }

    fn nested(
        &mut self,
        (nesting, object): (&Nesting, &Object),
        planned: &Value,
        actual: &Value,
        path: &AttributePath,
    ) {
        match (nesting, planned, actual) {
            (Nesting::List, Value::List(planned), Value::List(actual)) => {
                self.each(planned, actual, path, |found, planned, actual, path, _| {
                    found.follows(object, planned, actual, path);
                });
            }
            (Nesting::Map { .. }, Value::Map(planned), Value::Map(actual)) => {
                self.members(planned, actual, path, |found, planned, actual, path| {
                    found.follows(object, planned, actual, path);
                });
            }
            _ => self.follows(object, planned, actual, path),
        }
    }

    fn leaf(&mut self, ty: &Type, planned: &Value, actual: &Value, path: &AttributePath) {
        match (ty, planned, actual) {
            (Type::Set(of), Value::List(planned), Value::List(actual)) => {
                self.set(of, planned, actual, path);
            }
            (Type::List(of), Value::List(planned), Value::List(actual)) => {
                self.each(planned, actual, path, |found, planned, actual, path, _| {
                    found.leaf(of, planned, actual, path);
                });
            }
            (Type::Tuple(of), Value::List(planned), Value::List(actual)) => {
                self.each(planned, actual, path, |found, planned, actual, path, i| {
                    if let Some(of) = of.get(i) {
                        found.leaf(of, planned, actual, path);
                    }
                });
            }
            (Type::Map(of), Value::Map(planned), Value::Map(actual)) => {
                self.members(planned, actual, path, |found, planned, actual, path| {
                    found.leaf(of, planned, actual, path);
                });
            }
            (Type::Object(of), Value::Map(planned), Value::Map(actual)) => {
                for (name, of) in of {
                    let planned = planned.get(name).unwrap_or(&Value::Null);
                    let actual = actual.get(name).unwrap_or(&Value::Null);
                    self.leaf(of, planned, actual, &path.attribute(name));
                }
            }
            (Type::Dynamic, Value::Dynamic(planned), Value::Dynamic(actual)) => {
                match retype(&actual.1, &actual.0, &planned.0, Retype::Carried) {
                    Some(actual) => self.leaf(&planned.0, &planned.1, &actual, path),
                    None => self.push(path, Rule::Changed),
                }
            }
            _ => self.whole(planned, actual, path),
        }
    }

    /// Checks that each known element exists, and that there are no more than planned.
    fn set(&mut self, of: &Type, planned: &[Value], actual: &[Value], path: &AttributePath) {
        if actual.len() > planned.len() {
            let (expected, found) = (planned.len(), actual.len());
            self.push(path, Rule::Length { expected, found });
        }
        let fits = |planned: &Value, actual: &Value| {
            let mut found = Self::default();
            found.leaf(of, planned, actual, path);
            found.0.is_empty()
        };
        let known: Vec<Value> = planned
            .iter()
            .filter(|p| p.is_wholly_known())
            .cloned()
            .collect();
        let each_fits = actual.iter().all(|a| planned.iter().any(|p| fits(p, a)));
        if !paired(&known, actual, fits) || !each_fits {
            self.push(path, Rule::Changed);
        }
    }

    fn each(
        &mut self,
        planned: &[Value],
        actual: &[Value],
        path: &AttributePath,
        compare: impl Fn(&mut Self, &Value, &Value, &AttributePath, usize),
    ) {
        if planned.len() != actual.len() {
            let (expected, found) = (planned.len(), actual.len());
            self.push(path, Rule::Length { expected, found });
        }
        for (i, (planned, actual)) in planned.iter().zip(actual).enumerate() {
            compare(self, planned, actual, &path.with(Step::Index(i)), i);
        }
    }

    fn members(
        &mut self,
        planned: &Members,
        actual: &Members,
        path: &AttributePath,
        compare: impl Fn(&mut Self, &Value, &Value, &AttributePath),
    ) {
        for (key, planned) in planned {
            match actual.get(key) {
                Some(actual) => compare(self, planned, actual, &path.key(key)),
                None => self.push(&path.key(key), Rule::Lost),
            }
        }
        for key in actual.keys().filter(|key| !planned.contains_key(*key)) {
            self.push(&path.key(key), Rule::Surplus);
        }
    }

    /// Compares values that have no common parts.
    fn whole(&mut self, planned: &Value, actual: &Value, path: &AttributePath) {
        match planned {
            Value::Unknown(Some(promised)) if !keeps(promised, actual) => {
                self.push(path, Rule::Promise);
            }
            Value::Unknown(_) => {}
            _ if planned != actual => self.push(path, Rule::Changed),
            _ => {}
        }
    }
}

type Members = std::collections::BTreeMap<String, Value>;

/// Returns true if `value` keeps the promises; an unknown value still may.
fn keeps(promised: &Refinements, value: &Value) -> bool {
    let long = |length: usize| {
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        promised.min_length.is_none_or(|least| least <= length)
            && promised.max_length.is_none_or(|most| length <= most)
    };
    if value.is_unknown() {
        return true;
    }
    if value.is_null() {
        return promised.null != Some(false);
    }
    if promised.null == Some(true) {
        return false;
    }
    match value {
        Value::String(text) => promised
            .prefix
            .as_ref()
            .is_none_or(|prefix| text.starts_with(prefix.as_str())),
        Value::Number(number) => {
            let above = promised
                .lower
                .as_ref()
                .is_none_or(|(least, included)| number > least || (*included && number == least));
            let below = promised
                .upper
                .as_ref()
                .is_none_or(|(most, included)| number < most || (*included && number == most));
            above && below
        }
        Value::List(items) => long(items.len()),
        Value::Map(members) => long(members.len()),
        _ => true,
    }
}
