//! The members of `status.atProvider`.

use serde_json::{Map, Value};

/// The members of a value that a schema has, without nulls.
pub(super) fn only(value: &Value, schema: &Value) -> Value {
    if let Some(elements) = value.as_array() {
        let kept = elements.iter().map(|one| only(one, &schema["items"]));
        return kept.collect();
    }
    let (Some(members), Some(properties)) = (value.as_object(), schema["properties"].as_object())
    else {
        return value.clone();
    };
    let kept = properties.iter().filter_map(|(name, schema)| {
        let member = members.get(name).filter(|member| !member.is_null())?;
        let inside = only(member, schema);
        let empty = inside.as_object().is_some_and(Map::is_empty);
        (!empty).then(|| (name.clone(), inside))
    });
    Value::Object(kept.collect())
}
