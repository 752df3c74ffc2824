//! The provider's schema as JSON, in the form that `terraform providers schema -json` prints for
//! one provider. For the reference pages it also has `default`, `force_new`, `facts` and
//! `constraints` of attributes, the attributes of identities, and the optional parameters of
//! functions.

use std::sync::Arc;

use everest_schemas::models::ProviderModel;
use serde_json::{Map, Value as Json, json};
use tfplugin::{
    Provider as _, Registered, RegisteredFunction, Registry,
    schema::{Attribute, Constraints, Kind, Mode, Nesting, Object, Schema, SchemaError},
};

use crate::EverestProvider;

/// The schema of the provider and of all that it serves: resources with the attributes of their
/// identities, searches for them, data sources, ephemeral resources, actions and functions.
///
/// # Errors
/// If a model has no Terraform form, which is a mistake in the model.
pub fn schema_json() -> Result<Json, SchemaError> {
    let provider = Schema::derive::<ProviderModel>(0, "")?;
    let mut registry = Registry::default();
    Arc::new(EverestProvider::new()).register(&mut registry);
    let (mut resources, mut identities) = (Map::new(), Map::new());
    for resource in registry.resource_schemas()? {
        let name = resource.type_name.to_owned();
        let identity = resource.identity.iter().map(|part| part.name);
        identities.insert(name.clone(), identity.collect());
        resources.insert(name, schema(&resource.schema));
    }
    let functions = registry.function_signatures()?;
    Ok(json!({
        "provider": schema(&provider),
        "resource_schemas": resources,
        "resource_identities": identities,
        "data_source_schemas": schemas(registry.data_source_schemas()?),
        "ephemeral_resource_schemas": schemas(registry.ephemeral_resource_schemas()?),
        "list_resource_schemas": schemas(registry.list_resource_schemas()?),
        "action_schemas": schemas(registry.action_schemas()?),
        "functions": functions.iter().map(|f| (f.name.to_owned(), function(f))).collect::<Map<_, _>>(),
    }))
}

fn schemas(registered: Vec<Registered>) -> Map<String, Json> {
    let registered = registered.into_iter();
    registered
        .map(|each| (each.type_name.to_owned(), schema(&each.schema)))
        .collect()
}

fn function(function: &RegisteredFunction) -> Json {
    let arguments = &function.signature.arguments;
    let parameter = |attribute: &Attribute| {
        json!({
            "name": attribute.name,
            "type": attribute.value_type().to_json(),
            "description": attribute.description,
            "is_nullable": attribute.mode != Mode::Required,
        })
    };
    let mut parameters: Vec<_> = arguments.root.attributes.iter().map(parameter).collect();
    let variadic = match function.variadic {
        true => parameters.pop(),
        false => None,
    };
    json!({
        "summary": function.summary,
        "description": arguments.description,
        "return_type": function.signature.returns().to_json(),
        "parameters": parameters,
        "variadic_parameter": variadic,
    })
}

fn schema(schema: &Schema) -> Json {
    json!({
        "version": schema.version,
        "block": {
            "attributes": attributes(&schema.root),
            "description": schema.description,
            "description_kind": "markdown",
        },
    })
}

fn attributes(object: &Object) -> Json {
    object
        .attributes
        .iter()
        .map(|attribute| (attribute.name.clone(), described(attribute)))
        .collect::<Map<_, _>>()
        .into()
}

fn described(attribute: &Attribute) -> Json {
    let mut json = Map::new();
    match &attribute.kind {
        Kind::Leaf(ty) => {
            json.insert("type".to_owned(), ty.to_json());
        }
        Kind::Nested(nesting, object) => {
            let mode = match nesting {
                Nesting::Single => "single",
                Nesting::List => "list",
                Nesting::Map { .. } => "map",
            };
            json.insert(
                "nested_type".to_owned(),
                json!({ "attributes": attributes(object), "nesting_mode": mode }),
            );
        }
    }
    json.insert(
        "description".to_owned(),
        attribute.description.as_str().into(),
    );
    json.insert("description_kind".to_owned(), "markdown".into());
    let flags = [
        ("required", attribute.mode == Mode::Required),
        (
            "optional",
            matches!(attribute.mode, Mode::Optional | Mode::OptionalComputed),
        ),
        ("computed", attribute.mode.is_computed()),
        ("sensitive", attribute.sensitive),
        ("write_only", attribute.write_only),
        ("deprecated", attribute.deprecated),
        ("force_new", attribute.force_new),
    ];
    json.extend(
        flags
            .into_iter()
            .filter(|(_, set)| *set)
            .map(|(name, _)| (name.to_owned(), true.into())),
    );
    if let Some(default) = attribute.default_json() {
        json.insert("default".to_owned(), default);
    }
    if !attribute.facts.is_null() {
        json.insert("facts".to_owned(), attribute.facts.clone());
    }
    let constraints = constraints(&attribute.constraints);
    if !constraints.is_empty() {
        json.insert("constraints".to_owned(), constraints.into());
    }
    json.into()
}

/// The constraints on a value, under the keywords of JSON Schema.
fn constraints(of: &Constraints) -> Map<String, Json> {
    let mut json = Map::new();
    if !of.allowed.is_empty() {
        json.insert("enum".to_owned(), of.allowed.clone().into());
    }
    let numbers = [("minimum", &of.minimum), ("maximum", &of.maximum)];
    for (keyword, number) in numbers {
        if let Some(number) = number {
            json.insert(keyword.to_owned(), number.to_string().into());
        }
    }
    let counts = [
        ("minLength", of.min_length),
        ("maxLength", of.max_length),
        ("minItems", of.min_items),
        ("maxItems", of.max_items),
    ];
    for (keyword, count) in counts {
        if let Some(count) = count {
            json.insert(keyword.to_owned(), count.to_string().into());
        }
    }
    if let Some(elements) = &of.elements {
        let elements = constraints(elements);
        if !elements.is_empty() {
            json.insert("items".to_owned(), elements.into());
        }
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_says_what_it_is() {
        fn check(path: &str, attributes: &Json) {
            for (name, attribute) in attributes.as_object().unwrap() {
                let path = format!("{path}.{name}");
                assert!(
                    !attribute["description"].as_str().unwrap().is_empty(),
                    "{path}"
                );
                if let Some(nested) = attribute.get("nested_type") {
                    check(&path, &nested["attributes"]);
                }
            }
        }
        let schema = schema_json().unwrap();
        check("provider", &schema["provider"]["block"]["attributes"]);
        for kind in [
            "resource",
            "data_source",
            "ephemeral_resource",
            "list_resource",
            "action",
        ] {
            for (name, each) in schema[format!("{kind}_schemas")].as_object().unwrap() {
                check(&format!("{kind} {name}"), &each["block"]["attributes"]);
                assert_ne!(each["block"]["description"], "", "{kind} {name}");
            }
        }
        for (name, function) in schema["functions"].as_object().unwrap() {
            for parameter in function["parameters"].as_array().unwrap() {
                assert_ne!(parameter["description"], "", "{name}: {parameter}");
            }
        }
    }
}
