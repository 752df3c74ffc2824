//! Configurations in tests.

use serde_json::Value as Json;

use crate::schema::{Attribute, Kind, Nesting, Object};
use crate::value::{Number, Type, Value};

/// JSON without a schema: an object is a map.
impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(value),
            // What serde_json takes for a number is one.
            Json::Number(number) => {
                Number::parse(&number.to_string()).map_or(Self::Null, Self::Number)
            }
            Json::String(text) => Self::String(text),
            Json::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Json::Object(members) => {
                Self::map(members.into_iter().map(|(k, v)| (k, Self::from(v))))
            }
        }
    }
}

/// `value` with null for omitted attributes.
#[track_caller]
pub(super) fn complete(object: &Object, value: Value) -> Value {
    let Value::Map(mut members) = value else {
        return value;
    };
    let all = object.attributes.iter().map(|attribute| {
        let given = members.remove(&attribute.name).unwrap_or_default();
        (attribute.name.clone(), member(attribute, given))
    });
    let completed = Value::map(all.collect::<Vec<_>>());
    assert!(
        members.is_empty(),
        "there is no attribute {:?}",
        members.keys().collect::<Vec<_>>()
    );
    completed
}

#[track_caller]
fn member(attribute: &Attribute, value: Value) -> Value {
    match (&attribute.kind, value) {
        (Kind::Leaf(Type::Dynamic), value) => dynamic(value),
        (Kind::Nested(Nesting::List, object), Value::List(items)) => Value::List(
            items
                .into_iter()
                .map(|item| complete(object, item))
                .collect(),
        ),
        (Kind::Nested(Nesting::Map { .. }, object), Value::Map(members)) => {
            let members = members.into_iter();
            Value::map(members.map(|(key, item)| (key, complete(object, item))))
        }
        (Kind::Nested(Nesting::Single, object), value) => complete(object, value),
        (Kind::Leaf(_) | Kind::Nested(..), value) => value,
    }
}

/// The value of free JSON, with the type of the same literal in a configuration.
fn dynamic(value: Value) -> Value {
    match value {
        Value::Null | Value::Unknown(_) | Value::Dynamic(_) => value,
        value => Value::Dynamic(Box::new((type_of(&value), value))),
    }
}

fn type_of(value: &Value) -> Type {
    match value {
        Value::Bool(_) => Type::Bool,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::String,
        Value::List(items) => Type::Tuple(items.iter().map(type_of).collect()),
        Value::Map(members) => {
            let members = members.iter();
            Type::Object(
                members
                    .map(|(key, value)| (key.clone(), type_of(value)))
                    .collect(),
            )
        }
        Value::Null | Value::Unknown(_) | Value::Dynamic(_) => Type::Dynamic,
    }
}
