//! Generates the configuration of an existing object.

use crate::schema::{Attribute, Kind, Mode, Nesting, Object};
use crate::value::Value;

/// The configuration of the object with the attributes `state`. It is as short as possible, and a
/// plan of it changes nothing.
///
/// 1. Outputs, write-only and deprecated attributes are omitted.
/// 2. Values that equal a default of the schema or of the server are omitted, unless they are
///    required.
/// 3. Of attributes that exclude each other, only the first one that is set is kept.
/// 4. An object that is then empty is omitted, unless it is required or an element.
pub fn configuration(object: &Object, state: &Value) -> Value {
    let mut config = object.null_members();
    let Value::Map(members) = &mut config else {
        return config;
    };
    for attribute in &object.attributes {
        let value = state.member(&attribute.name);
        let excluded = object.attributes.iter().any(|other| {
            let set = members
                .get(&other.name)
                .is_some_and(|value| !value.is_null());
            set && (attribute.conflicts_with.contains(&other.name)
                || other.conflicts_with.contains(&attribute.name))
        });
        if !excluded {
            members.insert(attribute.name.clone(), written(attribute, value));
        }
    }
    config
}

fn written(attribute: &Attribute, value: &Value) -> Value {
    let nothing = value.is_null() || !value.is_wholly_known();
    if attribute.mode == Mode::Computed || attribute.write_only || nothing {
        return Value::Null;
    }
    let required = attribute.mode == Mode::Required;
    let default = |default: &Option<Value>| default.as_ref() == Some(value);
    if !required
        && (attribute.deprecated
            || default(&attribute.default)
            || default(&attribute.server_default))
    {
        return Value::Null;
    }
    let Kind::Nested(nesting, object) = &attribute.kind else {
        return value.clone();
    };
    match (nesting, value) {
        (Nesting::Single, Value::Map(_)) => {
            let config = configuration(object, value);
            if !required && config == object.null_members() {
                Value::Null
            } else {
                config
            }
        }
        (Nesting::List, Value::List(items)) => Value::List(
            items
                .iter()
                .map(|item| configuration(object, item))
                .collect(),
        ),
        (Nesting::Map { .. }, Value::Map(members)) => Value::map(
            members
                .iter()
                .map(|(key, member)| (key.clone(), configuration(object, member))),
        ),
        _ => Value::Null,
    }
}
