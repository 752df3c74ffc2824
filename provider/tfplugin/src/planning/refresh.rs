//! Merges the observed object into the prior state.

use std::borrow::Cow;

use super::fill::attribute_value;
use super::pair::{items, pairs};
use super::{Equal, equal};
use crate::schema::{Attribute, Kind, Mode, Nesting, Object};
use crate::value::{Number, Retype, Value, retype};

/// The state after a read: `observed`, but with the spelling of `prior` if the meaning is the same.
///
/// - Local attributes keep their prior value or, if there is none (after an import), have their
///   default.
/// - Write-only attributes are null, and nothing is unknown.
/// - A server that omits zero values does not contradict a configured `false`, 0, "" or an empty
///   collection. An empty value that is not configured is null, unless the attribute is required.
/// - A null element of a map, which no server has, stays.
/// - Elements of a list of objects are recognised even if they have moved; in a list with keys they
///   keep the order of the prior state.
pub fn refresh(object: &Object, prior: &Value, observed: &Value, same: Equal<'_>) -> Value {
    Value::map(object.attributes.iter().map(|attribute| {
        let prior = prior.member(&attribute.name);
        let observed = observed.member(&attribute.name);
        (
            attribute.name.clone(),
            merge(attribute, prior, observed, same),
        )
    }))
}

fn merge(attribute: &Attribute, prior: &Value, observed: &Value, same: Equal<'_>) -> Value {
    if attribute.write_only {
        return Value::Null;
    }
    if attribute.local {
        let kept = match &attribute.default {
            Some(default) if prior.is_null() || prior.is_unknown() => default,
            _ => prior,
        };
        // As after an apply: a default may hold members that no state does.
        return attribute_value(attribute, kept, kept);
    }
    if let Kind::Nested(nesting, object) = &attribute.kind {
        return nested(attribute, nesting, object, (prior, observed), same);
    }
    let observed = observed.clone().with_unknown_as_null();
    let equals = |prior: &Value| equal(attribute.semantic.as_deref(), prior, &observed, same);
    if equals(prior) || equals(&said(prior)) {
        return prior.clone();
    }
    match attribute.mode {
        Mode::Computed => typed_as(prior, observed),
        _ if observed.is_null() && is_zero(prior) => prior.clone(),
        Mode::Optional if prior.is_null() && is_zero(&observed) => prior.clone(),
        _ => typed_as(prior, observed),
    }
}

/// The value without the null elements of a map: they say nothing, and no server has them.
fn said(value: &Value) -> Cow<'_, Value> {
    match value {
        Value::Map(members) if members.values().any(Value::is_null) => {
            let members = members.iter().filter(|(_, member)| !member.is_null());
            Cow::Owned(Value::Map(
                members
                    .map(|(key, member)| (key.clone(), member.clone()))
                    .collect(),
            ))
        }
        _ => Cow::Borrowed(value),
    }
}

/// A changed free value, with its prior type if possible: a list does not become a tuple because an
/// element was added.
fn typed_as(prior: &Value, observed: Value) -> Value {
    let (Value::Dynamic(prior), Value::Dynamic(now)) = (prior, &observed) else {
        return observed;
    };
    match retype(&now.1, &now.0, &prior.0, Retype::Json) {
        Some(value) => Value::dynamic(prior.0.clone(), value),
        None => observed,
    }
}

fn nested(
    attribute: &Attribute,
    nesting: &Nesting,
    object: &Object,
    (prior, observed): (&Value, &Value),
    same: Equal<'_>,
) -> Value {
    let computed = attribute.mode == Mode::Computed;
    let stays = matches!(attribute.mode, Mode::Computed | Mode::Required);
    match (nesting, prior, observed) {
        (Nesting::Single, Value::Map(_), Value::Null | Value::Unknown(_)) if !computed => {
            let silent = refresh(object, prior, &Value::Null, same);
            if silent == *prior {
                prior.clone()
            } else {
                Value::Null
            }
        }
        (_, _, Value::Null | Value::Unknown(_)) => match prior {
            Value::List(items) if items.is_empty() && !computed => prior.clone(),
            Value::Map(members) if members.is_empty() && !computed => prior.clone(),
            _ => Value::Null,
        },
        (Nesting::Single, ..) => {
            let merged = refresh(object, prior, observed, same);
            if prior.is_null() && !stays && says_nothing(object, &merged) {
                Value::Null
            } else {
                merged
            }
        }
        (_, Value::Null, _) if !stays && is_zero(observed) => Value::Null,
        (Nesting::List, _, Value::List(now)) => {
            let then = items(prior);
            let pairs = pairs(object, &attribute.keys, (now, then), same);
            let mut elements: Vec<_> = now.iter().zip(pairs).collect();
            if !attribute.keys.is_empty() {
                // Elements with keys have no order that a server would have to keep.
                elements.sort_by_key(|(_, place)| place.unwrap_or(then.len()));
            }
            let merged = elements.into_iter().map(|(item, place)| {
                let prior = place.and_then(|place| then.get(place));
                refresh(object, prior.unwrap_or(&Value::Null), item, same)
            });
            Value::List(merged.collect())
        }
        (Nesting::Map { .. }, _, Value::Map(members)) => {
            Value::map(members.iter().map(|(key, member)| {
                let prior = prior.get(key).unwrap_or(&Value::Null);
                (key.clone(), refresh(object, prior, member, same))
            }))
        }
        _ => Value::Null,
    }
}

/// Returns true if a server may omit the value.
pub(super) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Number(number) => *number == Number::from(0i64),
        Value::String(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(members) => members.values().all(Value::is_null),
        _ => false,
    }
}

/// Returns true if `value` contains only its own defaults.
fn says_nothing(object: &Object, value: &Value) -> bool {
    object.attributes.iter().all(|attribute| {
        let part = value.member(&attribute.name);
        match &attribute.kind {
            _ if attribute.local || part.is_null() => true,
            Kind::Nested(Nesting::Single, object) => says_nothing(object, part),
            _ => false,
        }
    })
}
