//! Values as JSON: how Terraform stores state.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Level, Number, Type, Value, ValueError, ValueErrorKind};
use crate::path::Step;

/// The value of type `ty` that the JSON of `bytes` says; see [`from_json`].
///
/// # Errors
/// [`ValueError`] with the path at which it is not of that type.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, ValueError> {
    // serde_json itself refuses more than 128 levels.
    let json: Json =
        serde_json::from_slice(bytes).map_err(|error| ValueError::malformed(error.to_string()))?;
    from_json(&json, ty)
}

/// The value of type `ty` that `json` says. Members that the type does not have are left out,
/// those that are missing are null: stored state may be older than the schema.
///
/// # Errors
/// [`ValueError`] with the path at which it is not of that type.
pub fn from_json(json: &Json, ty: &Type) -> Result<Value, ValueError> {
    read(json, ty, Level::default())
}

fn read(json: &Json, ty: &Type, level: Level) -> Result<Value, ValueError> {
    match (json, ty) {
        (Json::Null, _) => Ok(Value::Null),
        (Json::Bool(value), Type::Bool) => Ok(Value::Bool(*value)),
        (Json::String(text), Type::String) => Ok(Value::String(text.clone())),
        (Json::Number(number), Type::Number) => parse(&number.to_string()),
        (Json::String(text), Type::Number) => parse(text),
        (Json::Array(items), Type::List(of) | Type::Set(of)) => {
            let level = level.below()?;
            items
                .iter()
                .enumerate()
                .map(|(i, item)| read(item, of, level).map_err(|e| e.under(Step::Index(i))))
                .collect::<Result<_, _>>()
                .map(Value::List)
        }
        (Json::Array(items), Type::Tuple(types)) if items.len() == types.len() => {
            let level = level.below()?;
            items
                .iter()
                .zip(types)
                .enumerate()
                .map(|(i, (item, of))| read(item, of, level).map_err(|e| e.under(Step::Index(i))))
                .collect::<Result<_, _>>()
                .map(Value::List)
        }
        (Json::Object(members), Type::Map(of)) => {
            let level = level.below()?;
            members
                .iter()
                .map(|(key, member)| {
                    let value =
                        read(member, of, level).map_err(|e| e.under(Step::Key(key.clone())))?;
                    Ok((key.clone(), value))
                })
                .collect::<Result<_, _>>()
                .map(Value::Map)
        }
        (Json::Object(members), Type::Object(types)) => {
            level.complete(members.len(), types.len())?;
            let level = level.below()?;
            types
                .iter()
                .map(|(name, of)| {
                    let member = members.get(name).unwrap_or(&Json::Null);
                    let value = read(member, of, level)
                        .map_err(|e| e.under(Step::Attribute(name.clone())))?;
                    Ok((name.clone(), value))
                })
                .collect::<Result<BTreeMap<_, _>, _>>()
                .map(Value::Map)
        }
        (Json::Object(members), Type::Dynamic) => {
            let of = members.get("type").unwrap_or(&Json::Null);
            let of = Type::from_json(of).map_err(|error| ValueErrorKind::Type(error).here())?;
            let value = members.get("value").unwrap_or(&Json::Null);
            match read(value, &of, level.carried()?)? {
                Value::Null => Ok(Value::Null),
                value => Ok(Value::Dynamic(Box::new((of, value)))),
            }
        }
        _ => Err(ValueErrorKind::Mismatch {
            expected: ty.to_string(),
            found: kind(json).to_owned(),
        }
        .here()),
    }
}

fn parse(text: &str) -> Result<Value, ValueError> {
    Number::parse(text)
        .map(Value::Number)
        .map_err(|error| ValueErrorKind::Number(error).here())
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
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
}
