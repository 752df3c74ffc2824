//! The check of a plan against the configuration and the prior state.

use super::compare::alike;
use super::{Rule, Violation, Violations, type_of};
use crate::path::{AttributePath, Step};
use crate::schema::{Attribute, Kind, Mode, Nesting, Object};
use crate::value::Value;

/// A response to PlanResourceChange, together with the request.
#[derive(Clone, Copy, Debug)]
pub struct Planned<'a> {
    /// The prior state; null on creation.
    pub prior: &'a Value,
    /// The configuration; null on destruction.
    pub config: &'a Value,
    /// The planned state.
    pub planned: &'a Value,
    /// The attributes whose change replaces the object.
    pub replace: &'a [AttributePath],
}

/// The violations of Terraform's rules in a plan with the attributes of `object`:
/// 1. The plan is null if and only if the configuration is null.
/// 2. It has the schema's type, and write-only attributes are null.
/// 3. A configured value is planned as configured, or as in the prior state.
/// 4. An attribute that is not configured is null, unless it is computed.
/// 5. A configured nested attribute has the configured elements, each planned by these rules; only
///    their members may be unknown.
/// 6. A path that forces replacement exists in the prior state or in the plan.
pub fn plan(object: &Object, answer: Planned<'_>) -> Vec<Violation> {
    let mut found = Violations::default();
    let root = AttributePath::root();
    found.types(object, answer.planned);
    found.write_only(object, answer.planned, &root);
    found.element(object, (answer.prior, answer.config, answer.planned), &root);
    for path in answer.replace {
        if !leads(path, answer.prior) && !leads(path, answer.planned) {
            found.push(path, Rule::Nowhere);
        }
    }
    found.0
}

/// Prior state, configuration, plan.
type Three<'a> = (&'a Value, &'a Value, &'a Value);

impl Violations {
    fn object(&mut self, object: &Object, values: Three<'_>, path: &AttributePath) {
        for attribute in object.attributes.iter().filter(|a| !a.write_only) {
            let name = &attribute.name;
            let (prior, config, planned) = values;
            let values = (
                prior.member(name),
                config.member(name),
                planned.member(name),
            );
            self.attribute(attribute, values, &path.attribute(name));
        }
    }

    fn attribute(&mut self, attribute: &Attribute, values: Three<'_>, path: &AttributePath) {
        let (prior, config, planned) = values;
        if attribute.mode == Mode::Computed {
            return;
        }
        if config.is_null() {
            let nulls = [planned, config].map(Value::is_null);
            match nulls {
                _ if attribute.mode.is_computed() || planned == config => {}
                // Of a free value it has to be a null of the same type.
                [true, true] => self.push(path, Rule::Altered),
                _ => self.push(path, Rule::Uninvited),
            }
            return;
        }
        let same = |a: &Value, b: &Value| match type_of(&attribute.kind) {
            Some(ty) => alike(ty, a, b),
            None => a == b,
        };
        if same(planned, config) || (!prior.is_null() && same(planned, prior)) {
            return;
        }
        let Kind::Nested(nesting, object) = &attribute.kind else {
            let rule = if planned.is_null() {
                Rule::Missing
            } else {
                Rule::Altered
            };
            self.push(path, rule);
            return;
        };
        match (nesting, config, planned) {
            (Nesting::List, Value::List(config), Value::List(planned)) => {
                if config.len() != planned.len() {
                    let (expected, found) = (config.len(), planned.len());
                    self.push(path, Rule::Length { expected, found });
                }
                for (i, (config, planned)) in config.iter().zip(planned).enumerate() {
                    let prior = match prior {
                        Value::List(items) => items.get(i).unwrap_or(&Value::Null),
                        _ => &Value::Null,
                    };
                    self.element(object, (prior, config, planned), &path.with(Step::Index(i)));
                }
            }
            (Nesting::Map { .. }, Value::Map(config), Value::Map(planned)) => {
                for (key, config) in config {
                    let path = path.key(key);
                    let Some(planned) = planned.get(key) else {
                        self.push(&path, Rule::Lost);
                        continue;
                    };
                    let prior = prior.get(key).unwrap_or(&Value::Null);
                    self.element(object, (prior, config, planned), &path);
                }
                for key in planned.keys().filter(|key| !config.contains_key(*key)) {
                    self.push(&path.key(key), Rule::Surplus);
                }
            }
            _ => self.element(object, values, path),
        }
    }

    /// Checks one object: the root, or an element of a nested attribute.
    fn element(&mut self, object: &Object, values: Three<'_>, path: &AttributePath) {
        match (values.1, values.2) {
            (Value::Map(_), Value::Map(_)) => self.object(object, values, path),
            (config, planned) if config == planned => {}
            (Value::Null, _) => self.push(path, Rule::Uninvited),
            (_, Value::Null) => self.push(path, Rule::Missing),
            (Value::Unknown(_), _) => self.push(path, Rule::Altered),
            (_, Value::Unknown(_)) => self.push(path, Rule::UnknownNested),
            _ => self.push(path, Rule::Altered),
        }
    }
}

/// Returns true if a value exists at `path`; inside an unknown value it may.
fn leads(path: &AttributePath, value: &Value) -> bool {
    let mut at = value;
    for step in path.steps() {
        let next = match (step, at.content()) {
            (_, Value::Unknown(_)) => return true,
            (Step::Attribute(name) | Step::Key(name), Value::Map(members)) => members.get(name),
            (Step::Index(index), Value::List(items)) => items.get(*index),
            _ => None,
        };
        let Some(next) = next else {
            return false;
        };
        at = next;
    }
    true
}
