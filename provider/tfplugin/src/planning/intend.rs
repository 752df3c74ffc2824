//! The values that the configuration requests in a change.

use crate::schema::{Attribute, Kind, Mode, Nesting, Object};
use crate::value::Value;

/// `planned`, but with null for attributes that were removed from the configuration. In the plan
/// they are unknown, because the server may choose a value; but it is already known that the user
/// requests none.
pub fn intend(object: &Object, config: &Value, planned: &Value) -> Value {
    // Of an object that was taken out members may stay (see [`super::propose`]).
    let (Value::Map(_) | Value::Null, Value::Map(_)) = (config, planned) else {
        return planned.clone();
    };
    Value::map(object.attributes.iter().map(|attribute| {
        let config = config.member(&attribute.name);
        let planned = planned.member(&attribute.name);
        let value = attribute_value(attribute, config, planned);
        (attribute.name.clone(), value)
    }))
}

fn attribute_value(attribute: &Attribute, config: &Value, planned: &Value) -> Value {
    if planned.is_unknown() && config.is_null() && attribute.mode != Mode::Computed {
        return planned.clone().with_unknown_as_null();
    }
    let Kind::Nested(nesting, object) = &attribute.kind else {
        return planned.clone();
    };
    match (nesting, planned, config) {
        (Nesting::List, Value::List(items), Value::List(configured)) => Value::List(
            items
                .iter()
                .enumerate()
                .map(|(i, item)| intend(object, configured.get(i).unwrap_or(&Value::Null), item))
                .collect(),
        ),
        (Nesting::Map { .. }, Value::Map(members), _) => {
            Value::map(members.iter().map(|(key, member)| {
                let config = config.get(key).unwrap_or(&Value::Null);
                (key.clone(), intend(object, config, member))
            }))
        }
        _ => intend(object, config, planned),
    }
}
