//! The `x-` keywords that a property's schema may have in addition to JSON Schema's own, and the
//! functions that add or remove them.
//!
//! They are for the front ends, which derive their schemas from the types here. [`crate::crds`]
//! removes them from the definitions.
//!
//! | Keyword | Meaning |
//! |---|---|
//! | `x-read-only: true` | said by the server alone |
//! | `x-computed: true` | omitted means: what the server has |
//! | `x-unfilled: true` | with `x-computed`: at creation the server fills in nothing |
//! | `x-force-new: true` | a change replaces the object |
//! | `x-sensitive: true` | hidden wherever values are shown |
//! | `x-write-only: true` | read from the configuration, kept nowhere |
//! | `x-semantic` | `quantity`, `expose-type`, `timestamp` or `cr-version`: values spelled differently may be equal |
//! | `x-map-key` | a list of objects that users write as a map keyed by this member |
//! | `x-inline: true` | the object's members belong to its parent |
//! | `x-local: true` | never said by the server: kept from the configuration |
//! | `x-default` | the default that users see, which the server does not set |
//! | `x-skip: true` | not shown to users |
//! | `x-dynamic: true` | free JSON |
//! | `x-since` | the first release of Everest whose definitions have this member, or this kind |
//! | `x-facts`, `x-note` | what [`crate::facts`] states, as values and in words |

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

/// The keyword of [`since`].
const SINCE: &str = "x-since";

/// Keywords that already define the meaning of an omitted value.
const SETTLED: [&str; 5] = ["x-local", "x-read-only", "x-skip", "x-default", "default"];

/// Marks every optional property of an object schema as `x-computed`, unless another keyword
/// defines the meaning of its omission.
///
/// It is for the specs of custom resources that users write: an omitted value keeps the server's
/// value, because Everest's operator writes its defaults into the spec.
pub fn optional_is_computed(schema: &mut Schema) {
    let required: Vec<String> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| {
            names
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default();
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for (name, property) in properties {
        let Some(property) = property.as_object_mut() else {
            continue;
        };
        let settled = SETTLED
            .iter()
            .any(|keyword| property.contains_key(*keyword));
        if !settled && !required.contains(name) {
            property.insert("x-computed".to_owned(), true.into());
        }
    }
}

/// Like [`optional_is_computed`], but for an object in which Everest sets no defaults: a property
/// that a creation omits has no value afterwards, although someone else may set it later.
pub fn optional_is_unfilled(schema: &mut Schema) {
    optional_is_computed(schema);
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for property in properties.values_mut().filter_map(Value::as_object_mut) {
        if property.contains_key("x-computed") {
            property.insert("x-unfilled".to_owned(), true.into());
        }
    }
}

/// The API requires the name of the Secret that an object reads, though a model may leave it out.
pub fn secret_is_required(schema: &mut Schema) {
    also_required(schema, "credentialsSecretName");
}

/// Adds a member to those that the API requires, though a model may leave it out.
pub fn also_required(schema: &mut Schema, name: &str) {
    let required = schema.get_mut("required").and_then(Value::as_array_mut);
    if let Some(required) = required {
        required.push(name.into());
    }
}

/// Marks the values of a map's schema as quantities.
pub fn quantity_values(schema: &mut Schema) {
    if let Some(values) = schema
        .get_mut("additionalProperties")
        .and_then(Value::as_object_mut)
    {
        values.insert("x-semantic".to_owned(), "quantity".into());
    }
}

/// Marks a kind that Everest serves since a release, such as `1.16`, and says so at the end of its
/// description. For a member, it is [`crate::facts::needs`].
pub fn since(release: &'static str) -> impl FnMut(&mut Schema) {
    move |schema| {
        schema.insert(SINCE.to_owned(), release.into());
        describe(schema, release);
    }
}

/// Says in the description of a schema for objects of a model from which release of Everest on there
/// are any, if not every supported release serves the kind.
pub fn since_kind<M: JsonSchema>(schema: &mut Schema) {
    if let Some(release) = release_of::<M>() {
        describe(schema, &release);
    }
}

/// The first release of Everest that serves the kind of a model, if not all that are supported do.
pub fn release_of<M: JsonSchema>() -> Option<String> {
    let schema = M::json_schema(&mut SchemaGenerator::default());
    schema.get(SINCE)?.as_str().map(str::to_owned)
}

/// The sentence of a description about the release that brought a kind or a member.
pub fn needs(release: &str) -> String {
    format!("Needs Everest {release} or newer.")
}

fn describe(schema: &mut Schema, release: &str) {
    let described = schema.get("description").and_then(Value::as_str);
    let described = described.unwrap_or_default().trim_end();
    let described = format!("{described} {}", needs(release));
    schema.insert("description".to_owned(), described.trim_start().into());
}

/// Removes the width from an integer's schema, because Everest's schema has none.
pub fn without_format(schema: &mut Schema) {
    schema.remove("format");
}
