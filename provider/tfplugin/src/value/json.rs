//! Values as JSON, the format in which Terraform stores states.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::{Level, Number, Type, Value, ValueError, ValueErrorKind};
use crate::path::Step;

/// Reads a value of type `ty` from the JSON in `bytes`. Members that the type does not have are
/// dropped, and missing members are null, because a stored state may be older than the schema.
/// Numbers of any size are exact.
///
/// # Errors
/// [`ValueError`] with the path at which it is not of that type.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, ValueError> {
    // serde_json itself refuses more than 128 levels.
    let json: &RawValue = serde_json::from_slice(bytes).map_err(malformed)?;
    read(json, ty, Level::default())
}

/// Reads a value of type `ty` from `json`; see [`decode`]. Numbers are as exact as in `json`.
///
/// # Errors
/// [`ValueError`] with the path at which it is not of that type.
pub fn from_json(json: &Json, ty: &Type) -> Result<Value, ValueError> {
    decode(json.to_string().as_bytes(), ty)
}

/// The members of an object, each as unparsed JSON.
type Members<'a> = BTreeMap<String, &'a RawValue>;

fn read(json: &RawValue, ty: &Type, level: Level) -> Result<Value, ValueError> {
    // Not as what serde_json takes a number for, which rounds: as it is written.
    let text = json.get();
    match (Kind::of(text), ty) {
        (Kind::Null, _) => Ok(Value::Null),
        (Kind::Bool, Type::Bool) => Ok(Value::Bool(text == "true")),
        (Kind::String, Type::String) => Ok(Value::String(of(json)?)),
        (Kind::Number, Type::Number) => parse(text),
        (Kind::String, Type::Number) => parse(&of::<String>(json)?),
        (Kind::List, Type::List(element) | Type::Set(element)) => {
            let items: Vec<&RawValue> = of(json)?;
            let types = std::iter::repeat(&**element);
            elements(items.into_iter().zip(types), level)
        }
        (Kind::List, Type::Tuple(types)) => {
            let items: Vec<&RawValue> = of(json)?;
            if items.len() != types.len() {
                return Err(mismatch(ty, Kind::List));
            }
            elements(items.into_iter().zip(types), level)
        }
        (Kind::Object, Type::Map(element)) => {
            let level = level.below()?;
            let members = of::<Members<'_>>(json)?.into_iter();
            members
                .map(|(key, member)| {
                    let value = read(member, element, level);
                    let value = value.map_err(|error| error.under(Step::Key(key.clone())))?;
                    Ok((key, value))
                })
                .collect::<Result<_, _>>()
                .map(Value::Map)
        }
        (Kind::Object, Type::Object(types)) => {
            let members = of::<Members<'_>>(json)?;
            level.complete(members.len(), types.len())?;
            let level = level.below()?;
            types
                .iter()
                .map(|(name, element)| {
                    let value = members
                        .get(name)
                        .map_or(Ok(Value::Null), |member| read(member, element, level));
                    let value =
                        value.map_err(|error| error.under(Step::Attribute(name.clone())))?;
                    Ok((name.clone(), value))
                })
                .collect::<Result<BTreeMap<_, _>, _>>()
                .map(Value::Map)
        }
        (Kind::Object, Type::Dynamic) => {
            let members = of::<Members<'_>>(json)?;
            let carried = match members.get("type") {
                Some(written) => Type::from_json_bytes(written.get().as_bytes()),
                None => Type::from_json(&Json::Null),
            };
            let carried = carried.map_err(|error| ValueErrorKind::Type(error).here())?;
            let value = members.get("value").map_or(Ok(Value::Null), |value| {
                read(value, &carried, level.carried()?)
            });
            let value = value?;
            Ok(Value::dynamic(carried, value))
        }
        (found, _) => Err(mismatch(ty, found)),
    }
}

/// Reads elements, each with its type.
fn elements<'a>(
    items: impl Iterator<Item = (&'a RawValue, &'a Type)>,
    level: Level,
) -> Result<Value, ValueError> {
    let level = level.below()?;
    items
        .enumerate()
        .map(|(i, (item, ty))| read(item, ty, level).map_err(|e| e.under(Step::Index(i))))
        .collect::<Result<_, _>>()
        .map(Value::List)
}

/// Parses one level of `json`.
fn of<'a, T: Deserialize<'a>>(json: &'a RawValue) -> Result<T, ValueError> {
    serde_json::from_str(json.get()).map_err(malformed)
}

fn parse(text: &str) -> Result<Value, ValueError> {
    Number::parse(text)
        .map(Value::Number)
        .map_err(|error| ValueErrorKind::Number(error).here())
}

fn malformed(error: serde_json::Error) -> ValueError {
    ValueError::malformed(error.to_string())
}

fn mismatch(ty: &Type, found: Kind) -> ValueError {
    ValueErrorKind::Mismatch {
        expected: ty.to_string(),
        found: found.name().to_owned(),
    }
    .here()
}

/// The kind of a JSON text.
#[derive(Clone, Copy)]
enum Kind {
    Null,
    Bool,
    Number,
    String,
    List,
    Object,
}

impl Kind {
    /// The kind of `text`, which must be JSON.
    fn of(text: &str) -> Self {
        match text.as_bytes().first() {
            Some(b'n') | None => Self::Null,
            Some(b't' | b'f') => Self::Bool,
            Some(b'"') => Self::String,
            Some(b'[') => Self::List,
            Some(b'{') => Self::Object,
            Some(_) => Self::Number,
        }
    }

    /// The name of the kind, for messages.
    fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a bool",
            Self::Number => "a number",
            Self::String => "a string",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_of_an_older_schema_is_read() {
        let ty = Type::Object(
            [
                ("name".to_owned(), Type::String),
                ("size".to_owned(), Type::Number),
                ("free".to_owned(), Type::Dynamic),
            ]
            .into(),
        );
        let json = br#"{"name":"a","gone":1,"free":{"type":["list","bool"],"value":[true]}}"#;
        let list = Type::List(Box::new(Type::Bool));
        let free = Value::Dynamic(Box::new((list, Value::List(vec![true.into()]))));
        assert_eq!(
            decode(json, &ty).unwrap(),
            Value::map([("name", "a".into()), ("size", Value::Null), ("free", free)])
        );
    }

    #[test]
    fn a_wide_type_and_many_empty_objects_cost_nothing() {
        let members: Vec<String> = (0..2000).map(|i| format!(r#""a{i}":"bool""#)).collect();
        let of = format!(r#"["list",["object",{{{}}}]]"#, members.join(","));
        let objects = vec!["{}"; 100_000].join(",");
        let json = format!(r#"{{"type":{of},"value":[{objects}]}}"#);
        assert!(decode(json.as_bytes(), &Type::Dynamic).is_err());
    }

    #[test]
    fn another_type_is_an_error_at_its_path() {
        let ty = Type::Object([("a".to_owned(), Type::List(Box::new(Type::Bool)))].into());
        let error = decode(br#"{"a":[true,"no"]}"#, &ty).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a[1]: expected true or false, found a string"
        );
    }

    #[test]
    fn numbers_are_exact() {
        for text in [
            "18446744073709551616",
            "0.1234567890123456789",
            "-1e-400",
            "7",
        ] {
            let exact = Value::Number(Number::parse(text).unwrap());
            assert_eq!(decode(text.as_bytes(), &Type::Number).unwrap(), exact);
            let carried = format!(r#"{{"value":{text},"type":"number"}}"#);
            let carried = decode(carried.as_bytes(), &Type::Dynamic).unwrap();
            assert_eq!(carried, Value::Dynamic(Box::new((Type::Number, exact))));
        }
    }
}
