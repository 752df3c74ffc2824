//! The attributes of data sources: those of the resource, as outputs.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::facts;

/// A model that is only read. Namespace and name, where it has them, are given; what the API server
/// reports is read-only; what only the resource of this provider has is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Existing<M>(pub M);

/// The members that say which object is meant. An engine stands for its DatabaseEngine.
const KEY: [&str; 3] = ["namespace", "name", "engine"];

/// Keywords of members that no API server reports.
const UNREPORTED: [&str; 3] = ["x-local", "x-write-only", "x-sensitive"];

impl<M: JsonSchema> JsonSchema for Existing<M> {
    fn schema_name() -> Cow<'static, str> {
        format!("Existing{}", M::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = M::json_schema(generator);
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            for (name, property) in properties {
                if let Some(property) = property.as_object_mut() {
                    only_read(name, property);
                }
            }
        }
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|name| name.as_str().is_some_and(|name| KEY.contains(&name)));
        }
        for definition in generator.definitions_mut().values_mut() {
            let properties = definition.get_mut("properties");
            let properties = properties.and_then(Value::as_object_mut);
            for property in properties.into_iter().flat_map(Map::values_mut) {
                if let Some(property) = property.as_object_mut() {
                    reported(property);
                }
            }
        }
        schema
    }
}

/// An [`Existing`] model among others of its kind. Free JSON is left out, because Terraform has the
/// elements of a list all of one type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Listed<M>(pub M);

impl<M: JsonSchema> JsonSchema for Listed<M> {
    fn schema_name() -> Cow<'static, str> {
        format!("Listed{}", M::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let schema = Existing::<M>::json_schema(generator);
        let definitions = generator.definitions_mut();
        for property in definitions.values_mut().flat_map(properties) {
            if property.get("x-dynamic") == Some(&Value::Bool(true)) {
                property["x-skip"] = true.into();
            }
        }
        // What holds nothing but free JSON is left out with it.
        let is_skipped = |property: &Value| property.get("x-skip") == Some(&Value::Bool(true));
        let empty: Vec<_> = definitions
            .iter()
            .filter(|(_, definition)| {
                let members = definition.get("properties").and_then(Value::as_object);
                members.is_some_and(|members| members.values().all(is_skipped))
            })
            .map(|(name, _)| format!("/{name}"))
            .collect();
        for property in definitions.values_mut().flat_map(properties) {
            let of = property.get("$ref").and_then(Value::as_str);
            if of.is_some_and(|of| empty.iter().any(|name| of.ends_with(name))) {
                property["x-skip"] = true.into();
            }
        }
        schema
    }
}

/// The members of a definition.
fn properties(definition: &mut Value) -> impl Iterator<Item = &mut Value> {
    let properties = definition.get_mut("properties");
    let properties = properties.and_then(Value::as_object_mut);
    properties.into_iter().flat_map(Map::values_mut)
}

fn only_read(name: &str, property: &mut Map<String, Value>) {
    reported(property);
    if KEY.contains(&name) {
        // An object that exists is found under any name.
        property.remove(facts::FACTS);
        property.remove(facts::NOTE);
    } else {
        property.insert("x-read-only".to_owned(), true.into());
    }
}

/// Leaves out what no API server reports.
fn reported(property: &mut Map<String, Value>) {
    property.remove("x-force-new");
    describe(property);
    let is_unreported = |keyword: &&str| property.contains_key(*keyword);
    if UNREPORTED.iter().any(is_unreported) {
        property.insert("x-skip".to_owned(), true.into());
    }
}

/// Leaves what an attribute is, without what its change does to a resource.
fn describe(property: &mut Map<String, Value>) {
    let Some(Value::String(text)) = property.get_mut("description") else {
        return;
    };
    let kept: Vec<_> = sentences(text)
        .filter(|sentence| !OF_CHANGES.iter().any(|start| sentence.starts_with(start)))
        .collect();
    if !kept.is_empty() {
        *text = kept.concat().trim_end().to_owned();
    }
}

/// How the sentences begin that say what a change does.
const OF_CHANGES: [&str; 4] = [
    "It cannot be ",
    "Other labels ",
    "Other annotations ",
    "If you ",
];

/// The sentences of a text, each with the space behind it.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(". ")
        .flat_map(|part| part.split_inclusive(".\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{BackupStorageModel, DatabaseModel};

    fn schema<M: JsonSchema>() -> Value {
        SchemaGenerator::default()
            .into_root_schema_for::<Existing<M>>()
            .to_value()
    }

    #[test]
    fn only_the_place_of_an_object_is_given() {
        let schema = schema::<DatabaseModel>();
        assert_eq!(schema["required"], serde_json::json!(["namespace", "name"]));
        let properties = &schema["properties"];
        assert_eq!(properties["name"]["x-read-only"], Value::Null);
        assert_eq!(properties["spec"]["x-read-only"], true);
        assert_eq!(properties["status"]["x-read-only"], true);
        assert_eq!(properties["deletionProtection"]["x-skip"], true);
        assert_eq!(
            properties["namespace"]["description"],
            "Namespace of the database."
        );
        assert_eq!(properties["namespace"].get("x-note"), None);
    }

    #[test]
    fn credentials_are_no_outputs() {
        let schema = schema::<BackupStorageModel>();
        for name in ["accessKeyId", "secretAccessKey", "secretAccessKeyWo"] {
            assert_eq!(schema["properties"][name]["x-skip"], true, "{name}");
        }
    }
}
