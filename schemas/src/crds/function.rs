//! The definition of the composition function's input.
//!
//! It is part of the function's package for tools that read and check compositions. It is never
//! installed: its objects exist only in the `input` of a composition's step.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion, CustomResourceValidation, JSONSchemaProps,
};
use kube::core::ObjectMeta;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::structural;
use crate::function::{API_VERSION, Input, KIND};

/// The schema of the function's input, in Kubernetes' form. Many people can read a composition, so
/// it contains no secrets, but names the Secret that contains them.
pub fn input_schema() -> Value {
    let mut schema = inlined::<Input>();
    hide_secrets(&mut schema);
    structural::root(schema, &[])
}

fn hide_secrets(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.retain(|_, member| {
            ["x-sensitive", "x-write-only"]
                .iter()
                .all(|keyword| member.get(*keyword).is_none())
        });
    }
    for below in structural::members_below(schema) {
        hide_secrets(below);
    }
}

/// The schema of an object's spec `S`, in Kubernetes' form.
pub fn spec_schema<S: JsonSchema>() -> Value {
    structural::part(inlined::<S>())
}

fn inlined<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// The definition of the function's input.
pub fn function() -> CustomResourceDefinition {
    let schema: JSONSchemaProps = serde_json::from_value(input_schema()).unwrap_or_else(|error| {
        panic!("the schema of the function's input is not a Kubernetes schema: {error}")
    });
    let (group, version) = API_VERSION.split_once('/').unwrap_or((API_VERSION, ""));
    CustomResourceDefinition {
        metadata: ObjectMeta {
            name: Some(format!("inputs.{group}")),
            ..ObjectMeta::default()
        },
        spec: CustomResourceDefinitionSpec {
            group: group.to_owned(),
            names: CustomResourceDefinitionNames {
                categories: Some(vec!["crossplane".to_owned()]),
                kind: KIND.to_owned(),
                list_kind: Some("InputList".to_owned()),
                plural: "inputs".to_owned(),
                singular: Some("input".to_owned()),
                ..CustomResourceDefinitionNames::default()
            },
            scope: "Namespaced".to_owned(),
            versions: vec![CustomResourceDefinitionVersion {
                name: version.to_owned(),
                schema: Some(CustomResourceValidation {
                    open_api_v3_schema: Some(schema),
                }),
                served: true,
                storage: true,
                ..CustomResourceDefinitionVersion::default()
            }],
            ..CustomResourceDefinitionSpec::default()
        },
        ..CustomResourceDefinition::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_input_of_a_composition_holds_no_secret() {
        let text = input_schema().to_string();
        assert!(text.contains("credentialsSecretName"), "{text}");
        for secret in ["secretAccessKey", "accessKeyId"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}
