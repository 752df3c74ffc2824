//! The types of values, and their JSON form in the protocol.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value as Json};

use super::MAX_DEPTH;

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A string.
    String,
    /// A number.
    Number,
    /// true or false.
    Bool,
    /// An ordered collection.
    List(Box<Type>),
    /// An unordered collection.
    Set(Box<Type>),
    /// A collection by key.
    Map(Box<Type>),
    /// Named members, all always present.
    Object(BTreeMap<String, Type>),
    /// A fixed number of elements.
    Tuple(Vec<Type>),
    /// Any type; the value carries its type.
    Dynamic,
}

/// The reason why JSON is not a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TypeError {
    /// Not JSON, or JSON of another shape.
    #[error("this is not a type: {0}")]
    Malformed(String),
    /// Nested beyond [`MAX_DEPTH`].
    #[error("the type is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
}

impl Type {
    /// The JSON form: `"string"`, `["list","number"]`, `["object",{…}]`.
    pub fn to_json(&self) -> Json {
        let pair = |name: &str, of: Json| Json::Array(vec![Json::from(name), of]);
        match self {
            Self::String => Json::from("string"),
            Self::Number => Json::from("number"),
            Self::Bool => Json::from("bool"),
            Self::Dynamic => Json::from("dynamic"),
            Self::List(of) => pair("list", of.to_json()),
            Self::Set(of) => pair("set", of.to_json()),
            Self::Map(of) => pair("map", of.to_json()),
            Self::Tuple(of) => pair("tuple", of.iter().map(Self::to_json).collect()),
            Self::Object(members) => {
                let members: Map<String, Json> = members
                    .iter()
                    .map(|(name, ty)| (name.clone(), ty.to_json()))
                    .collect();
                pair("object", Json::Object(members))
            }
        }
    }

    /// Reads a type from its JSON form in `bytes`.
    ///
    /// # Errors
    /// [`TypeError`].
    pub fn from_json_bytes(bytes: &[u8]) -> Result<Self, TypeError> {
        let json: Json = serde_json::from_slice(bytes)
            .map_err(|error| TypeError::Malformed(error.to_string()))?;
        Self::from_json(&json)
    }

    /// Reads a type from its JSON form.
    ///
    /// # Errors
    /// [`TypeError`].
    pub fn from_json(json: &Json) -> Result<Self, TypeError> {
        Self::read(json, 0)
    }

    fn read(json: &Json, depth: usize) -> Result<Self, TypeError> {
        if depth >= MAX_DEPTH {
            return Err(TypeError::TooDeep);
        }
        let malformed = || TypeError::Malformed(json.to_string().chars().take(80).collect());
        if let Some(name) = json.as_str() {
            return match name {
                "string" => Ok(Self::String),
                "number" => Ok(Self::Number),
                "bool" => Ok(Self::Bool),
                "dynamic" => Ok(Self::Dynamic),
                _ => Err(malformed()),
            };
        }
        let Some([Json::String(name), of]) = json.as_array().map(Vec::as_slice) else {
            return Err(malformed());
        };
        let boxed = || Self::read(of, depth + 1).map(Box::new);
        match (name.as_str(), of) {
            ("list", _) => Ok(Self::List(boxed()?)),
            ("set", _) => Ok(Self::Set(boxed()?)),
            ("map", _) => Ok(Self::Map(boxed()?)),
            ("tuple", Json::Array(items)) => items
                .iter()
                .map(|item| Self::read(item, depth + 1))
                .collect::<Result<_, _>>()
                .map(Self::Tuple),
            ("object", Json::Object(members)) => members
                .iter()
                .map(|(name, ty)| Ok((name.clone(), Self::read(ty, depth + 1)?)))
                .collect::<Result<_, _>>()
                .map(Self::Object),
            _ => Err(malformed()),
        }
    }
}

/// The name of the type in messages.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("a string"),
            Self::Number => f.write_str("a number"),
            Self::Bool => f.write_str("true or false"),
            Self::List(_) => f.write_str("a list"),
            Self::Set(_) => f.write_str("a set"),
            Self::Map(_) => f.write_str("a map"),
            Self::Object(_) => f.write_str("an object"),
            Self::Tuple(_) => f.write_str("a tuple"),
            Self::Dynamic => f.write_str("a value of any type"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_survives_its_json() {
        let ty = Type::Object(BTreeMap::from([
            ("a".to_owned(), Type::List(Box::new(Type::Number))),
            ("b".to_owned(), Type::Tuple(vec![Type::Dynamic, Type::Bool])),
            (
                "c".to_owned(),
                Type::Map(Box::new(Type::Set(Box::new(Type::String)))),
            ),
        ]));
        assert_eq!(Type::from_json(&ty.to_json()).unwrap(), ty);
    }

    #[test]
    fn a_type_that_never_ends_is_refused() {
        let json = format!("{}\"string\"{}", "[\"list\",".repeat(100), "]".repeat(100));
        assert_eq!(
            Type::from_json_bytes(json.as_bytes()),
            Err(TypeError::TooDeep)
        );
        let json = "[\"list\",".repeat(10_000);
        assert!(Type::from_json_bytes(json.as_bytes()).is_err());
    }
}
