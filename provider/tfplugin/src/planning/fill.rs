//! Completes the plan with the result of the apply.

use super::pair::{items, pairs};
use crate::schema::{Attribute, Kind, Nesting, Object};
use crate::value::{Retype, Value, retype};

/// The state after an apply. Known values are as planned, byte for byte; unknown values are as in
/// `returned`, or null if they are unknown there too. Write-only attributes are null. Elements of a
/// list of objects are found in `returned` by their keys, or by their known values.
pub fn fill(object: &Object, planned: &Value, returned: &Value) -> Value {
    match planned {
        Value::Unknown(_) if returned.is_unknown() => Value::Null,
        // What was wholly unknown is taken over as it is, but for what no state may hold.
        Value::Unknown(_) => match returned {
            Value::Map(_) => members(object, returned, returned),
            _ => Value::Null,
        },
        Value::Map(_) => members(object, planned, returned),
        _ => Value::Null,
    }
}

fn members(object: &Object, planned: &Value, returned: &Value) -> Value {
    Value::map(object.attributes.iter().map(|attribute| {
        let planned = planned.member(&attribute.name);
        let returned = returned.member(&attribute.name);
        (
            attribute.name.clone(),
            attribute_value(attribute, planned, returned),
        )
    }))
}

pub(super) fn attribute_value(attribute: &Attribute, planned: &Value, returned: &Value) -> Value {
    if attribute.write_only {
        // A null of any type is one.
        return match planned.is_null() {
            true => planned.clone(),
            false => Value::Null,
        };
    }
    let Kind::Nested(nesting, object) = &attribute.kind else {
        return leaf(planned, returned);
    };
    // An unknown plan takes the shape of what came back.
    let shape = if planned.is_unknown() {
        returned
    } else {
        planned
    };
    match (nesting, shape) {
        (_, Value::Null | Value::Unknown(_)) => Value::Null,
        (Nesting::List, Value::List(planned)) => {
            let returned = items(returned);
            let pairs = pairs(object, &attribute.keys, (planned, returned), &|_, a, b| {
                a == b
            });
            let filled = planned.iter().zip(pairs).map(|(item, place)| {
                let returned = place.and_then(|place| returned.get(place));
                fill(object, item, returned.unwrap_or(&Value::Null))
            });
            Value::List(filled.collect())
        }
        (Nesting::Map { .. }, Value::Map(members)) => {
            Value::map(members.iter().map(|(key, member)| {
                let returned = returned.get(key).unwrap_or(&Value::Null);
                (key.clone(), fill(object, member, returned))
            }))
        }
        _ => fill(object, shape, returned),
    }
}

fn leaf(planned: &Value, returned: &Value) -> Value {
    match (planned, returned) {
        (Value::Unknown(_), _) => returned.clone().with_unknown_as_null(),
        (Value::List(items), _) => Value::List(
            items
                .iter()
                .enumerate()
                .map(|(i, item)| {
                    let returned = match returned {
                        Value::List(items) => items.get(i).unwrap_or(&Value::Null),
                        _ => &Value::Null,
                    };
                    leaf(item, returned)
                })
                .collect(),
        ),
        (Value::Map(members), _) => Value::map(members.iter().map(|(key, member)| {
            let returned = returned.get(key).unwrap_or(&Value::Null);
            (key.clone(), leaf(member, returned))
        })),
        (Value::Dynamic(inner), _) if !planned.is_wholly_known() => {
            let (ty, inner) = &**inner;
            // The type was planned: of what has none of that type nothing can be taken.
            let returned = match returned {
                Value::Dynamic(returned) => retype(&returned.1, &returned.0, ty, Retype::Json),
                _ => None,
            };
            let value = leaf(inner, &returned.unwrap_or_default());
            Value::Dynamic(Box::new((ty.clone(), value)))
        }
        _ => planned.clone().with_unknown_as_null(),
    }
}
