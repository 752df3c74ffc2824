//! The values in which two databases differ.

use std::cmp::Ordering;

use everest_schemas::models::DatabaseModel;
use serde_json::{Map, Value};

use crate::path::{FieldPath, Segment};
use crate::quantity::Quantity;
use crate::{passwords, restart, schema, semantic, upgrade, v1, zero};

/// A value before and after a change; `None` if it is absent. A value after the change that is not
/// known yet is null.
#[derive(Debug)]
pub(super) struct Difference {
    path: FieldPath,
    before: Option<Value>,
    now: Option<Value>,
}

/// Returns every value that differs or may differ. Values that are not known before the change are
/// skipped. Schedules are matched by name.
pub(super) fn between(prior: &DatabaseModel, planned: &DatabaseModel) -> Vec<Difference> {
    let mut found = Vec::new();
    if !prior.spec.is_known() || !planned.spec.is_known() {
        return found;
    }
    walk(
        &FieldPath::root(),
        Some(&json(prior)),
        Some(&json(planned)),
        &mut found,
    );
    // No other change of the trigger is one of the database.
    if restart::is_asked(prior, planned) {
        let trigger = |model: &DatabaseModel| model.restart_trigger.known().cloned();
        found.push(Difference {
            path: FieldPath::of("restartTrigger"),
            before: trigger(prior).map(Value::from),
            now: Some(trigger(planned).into()),
        });
    }
    if passwords::is_asked(prior, planned) {
        let version = |model: &DatabaseModel| model.users_wo_version.known().copied();
        found.push(Difference {
            path: FieldPath::of("usersWoVersion"),
            before: version(prior).map(Value::from),
            now: Some(version(planned).into()),
        });
    }
    found
}

impl Difference {
    /// Returns true if the value after the change is not known yet.
    pub fn is_open(&self) -> bool {
        self.now == Some(Value::Null)
    }

    /// The attribute that differs, with the keys on the way to it.
    pub fn path(&self) -> &FieldPath {
        &self.path
    }

    /// Returns true if `attribute` is inside this one.
    pub fn is_above(&self, attribute: &str) -> bool {
        attribute
            .strip_prefix(&self.names())
            .is_some_and(|rest| rest.starts_with('.'))
    }

    /// Returns true if this is `attribute` or inside it.
    pub fn is_below(&self, attribute: &str) -> bool {
        let names = self.names();
        names
            .strip_prefix(attribute)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// The path of the enclosing `attribute`, with the keys on the way to it and the key directly
    /// after it.
    pub fn at(&self, attribute: &str) -> FieldPath {
        let mut names_left = attribute.split('.').count();
        let mut path = FieldPath::root();
        for segment in self.path.segments() {
            path = match segment {
                Segment::Field(_) if names_left == 0 => break,
                Segment::Field(name) => {
                    names_left -= 1;
                    path.field(name)
                }
                Segment::Key(key) => path.key(key),
                Segment::Index(index) => path.index(*index),
            };
        }
        path
    }

    /// Compares the amount after the change with the amount before, if both are amounts.
    pub fn order(&self) -> Option<Ordering> {
        let amount = |value: &Option<Value>| -> Option<Quantity> {
            match value.as_ref()? {
                Value::String(text) => text.parse().ok(),
                Value::Number(number) => number.to_string().parse().ok(),
                _ => None,
            }
        };
        amount(&self.now)?.partial_cmp(&amount(&self.before)?)
    }

    pub fn now_true(&self) -> bool {
        self.now == Some(Value::Bool(true))
    }

    pub fn was_true(&self) -> bool {
        self.before == Some(Value::Bool(true))
    }

    /// The number before; 0 where there was none.
    pub fn count_before(&self) -> i64 {
        count(&self.before)
    }

    /// The number now; 0 where there is none.
    pub fn count_now(&self) -> i64 {
        count(&self.now)
    }

    fn names(&self) -> String {
        schema::names(&self.path).join(".")
    }
}

fn count(value: &Option<Value>) -> i64 {
    value.as_ref().and_then(Value::as_i64).unwrap_or_default()
}

/// The model as JSON, with the spec as Everest would write it flattened into it. Absent fields are
/// omitted; unknown fields are null.
fn json(model: &DatabaseModel) -> Value {
    let mut spec = model.spec.known().cloned().unwrap_or_default();
    v1::database::comparable(&mut spec);
    if let Some(engine) = spec.engine.known_mut() {
        engine.cr_version = upgrade::effective(model);
    }
    let mut members = match serde_json::to_value(&spec) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    };
    if let Some(schedules) = members
        .get_mut("backup")
        .and_then(|backup| backup.get_mut("schedules"))
    {
        by_name(schedules);
    }
    for (name, field) in [("namespace", &model.namespace), ("name", &model.name)] {
        if !field.is_null() {
            let text = field.known().cloned();
            members.insert(name.to_owned(), text.into());
        }
    }
    Value::Object(members)
}

/// Turns the list of schedules into an object by name. A schedule whose name
/// is not known leaves all of them open.
fn by_name(schedules: &mut Value) {
    let Some(list) = schedules.as_array() else {
        return;
    };
    let named: Option<Map<String, Value>> = list
        .iter()
        .map(|schedule| Some((schedule["name"].as_str()?.to_owned(), schedule.clone())))
        .collect();
    *schedules = named.map_or(Value::Null, Value::Object);
}

fn walk(
    path: &FieldPath,
    before: Option<&Value>,
    now: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    if before == now || before == Some(&Value::Null) {
        return;
    }
    if now == Some(&Value::Null) {
        found.push(Difference {
            path: path.clone(),
            before: before.cloned(),
            now: now.cloned(),
        });
        return;
    }
    let nothing = Map::new();
    let members = |value: Option<&Value>| match value {
        Some(Value::Object(members)) => Some(members.clone()),
        _ => None,
    };
    let (left, right) = match (members(before), members(now)) {
        (Some(left), Some(right)) => (left, right),
        (Some(left), None) if now.is_none() => (left, nothing),
        (None, Some(right)) if before.is_none() => (nothing, right),
        _ => {
            let kind = semantic::of_spec(&schema::names(path));
            let is_nothing =
                |value: Option<&Value>| value.is_none_or(|value| zero::is_zero(value, kind));
            if !(is_nothing(before) && is_nothing(now)) {
                found.push(Difference {
                    path: path.clone(),
                    before: before.cloned(),
                    now: now.cloned(),
                });
            }
            return;
        }
    };
    let added = right.keys().filter(|name| !left.contains_key(*name));
    for name in left.keys().chain(added) {
        let inner = if *path == FieldPath::of("backup.schedules") {
            path.key(name)
        } else {
            path.field(name)
        };
        walk(&inner, left.get(name), right.get(name), found);
    }
}
