//! Defaults in words.

use serde_json::{Map, Value as Json};

use super::Attribute;
use crate::value::Value;

impl Attribute {
    /// The value if the configuration omits the attribute, as JSON; `None` if there is none, or if
    /// it is an empty text.
    pub fn default_json(&self) -> Option<Json> {
        self.default.as_ref().map(literal).filter(|json| json != "")
    }
}

fn literal(value: &Value) -> Json {
    match value {
        Value::Null | Value::Unknown(_) => Json::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::String(text) => text.as_str().into(),
        Value::Number(number) => {
            let text = number.to_string();
            serde_json::from_str(&text).unwrap_or_else(|_| text.into())
        }
        Value::List(elements) => elements.iter().map(literal).collect(),
        Value::Map(members) => {
            let members = members.iter();
            let members = members.map(|(name, member)| (name.clone(), literal(member)));
            Json::Object(members.collect::<Map<_, _>>())
        }
        Value::Dynamic(typed) => literal(&typed.1),
    }
}
