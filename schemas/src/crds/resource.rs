//! The definition of a managed resource, generated from its model.

mod contract;
mod members;
mod validations;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion, CustomResourceSubresourceStatus, CustomResourceSubresources,
    CustomResourceValidation,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use super::structural;
use crate::extensions::{needs, release_of};
use crate::facts;
use crate::managed::{Column, Condition, GROUP, ManagedModel, ProviderConfigReference, VERSION};

pub use members::at_provider;
pub use validations::Validation;

/// The definition of a managed resource, with `validations` on its `forProvider`.
///
/// The members that users write are those of the model, with its spec inlined. A member that cannot
/// be changed has a rule. A list whose elements have a name is merged by that name. The only
/// defaults are those of Crossplane's contract and those that the server omits.
pub fn managed_resource<M: ManagedModel>(validations: &[Validation]) -> CustomResourceDefinition {
    let settings = || SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let schema_of = |schema: schemars::Schema| schema.to_value();
    let (mut model, mut at_provider) = members::parts::<M>();
    validations::immutable(&mut model);
    members::rewrite(&mut model);
    for (path, text) in M::SHAPE.descriptions {
        if let Some(member) = members::at(&mut model, path) {
            member["description"] = json!(text);
            // Other words say everything themselves, also the default.
            if let Some(member) = member.as_object_mut() {
                member.remove(facts::NOTE);
            }
        }
        let observed = members::at(&mut at_provider, path);
        if let Some(member) = observed.filter(|member| member.get("description").is_some()) {
            member["description"] = json!(text);
        }
    }
    if let Some(text) = M::SHAPE.secret {
        model["properties"]["secretRef"] = contract::reference(text);
    }
    for (member, text) in M::SECRETS {
        model["properties"][*member] = contract::reference(text);
    }
    for validation in validations {
        validations::add(&mut model, validation);
    }
    model["description"] = json!("What the external object is to be.");

    let config = schema_of(
        settings()
            .into_generator()
            .into_root_schema_for::<ProviderConfigReference>(),
    );
    let conditions = schema_of(
        settings()
            .into_generator()
            .into_root_schema_for::<Condition>(),
    );
    let description = match release_of::<M>() {
        Some(release) => format!("{} {}", M::DOC, needs(&release)),
        None => M::DOC.to_owned(),
    };
    let object = json!({
        "description": description,
        "properties": {
            "spec": contract::spec::<M>(model, config),
            "status": contract::status(at_provider.clone(), conditions),
        },
    });
    let mut schema = structural::root(object, &["spec"]);
    schema["type"] = json!("object");
    definition::<M>(schema, &mut at_provider)
}

/// The singular of a plural: `everestbackups` is the plural of `everestbackup`, and
/// `everestpodschedulingpolicies` of `everestpodschedulingpolicy`.
fn singular(plural: &str) -> String {
    match plural.strip_suffix("ies") {
        Some(beginning) => format!("{beginning}y"),
        None => plural.trim_end_matches('s').to_owned(),
    }
}

/// A column with the type of its member. Kubernetes has no columns of lists and objects: they are
/// shown as text.
fn observed_column(column: &Column, at_provider: &mut Value) -> Value {
    let member = members::at(at_provider, column.path);
    let type_ = member
        .and_then(|member| member["type"].as_str())
        .filter(|type_| !["array", "object"].contains(type_));
    json!({
        "name": column.name,
        "type": type_.unwrap_or("string"),
        "jsonPath": format!(".status.atProvider.{}", column.path),
        "priority": column.is_wide.then_some(1),
    })
}

fn definition<M: ManagedModel>(schema: Value, at_provider: &mut Value) -> CustomResourceDefinition {
    let schema = serde_json::from_value(schema).unwrap_or_else(|error| {
        panic!(
            "the schema of {} is not a Kubernetes schema: {error}",
            M::KIND
        )
    });
    let condition = |type_: &str| format!(".status.conditions[?(@.type=='{type_}')].status");
    let column = |name: &str, type_: &str, path: &str| json!({ "name": name, "type": type_, "jsonPath": path });
    let mut columns = vec![
        column("READY", "string", &condition("Ready")),
        column("SYNCED", "string", &condition("Synced")),
        column(
            "EXTERNAL-NAME",
            "string",
            r".metadata.annotations.crossplane\.io/external-name",
        ),
    ];
    columns.extend(
        M::SHAPE
            .columns
            .iter()
            .map(|own| observed_column(own, at_provider)),
    );
    columns.push(column("AGE", "date", ".metadata.creationTimestamp"));
    CustomResourceDefinition {
        metadata: ObjectMeta {
            name: Some(format!("{}.{GROUP}", M::PLURAL)),
            ..ObjectMeta::default()
        },
        spec: CustomResourceDefinitionSpec {
            group: GROUP.to_owned(),
            names: CustomResourceDefinitionNames {
                kind: M::KIND.to_owned(),
                list_kind: Some(format!("{}List", M::KIND)),
                plural: M::PLURAL.to_owned(),
                singular: Some(singular(M::PLURAL)),
                categories: Some(
                    ["crossplane", "managed", "everest"]
                        .map(str::to_owned)
                        .to_vec(),
                ),
                ..CustomResourceDefinitionNames::default()
            },
            scope: "Namespaced".to_owned(),
            versions: vec![CustomResourceDefinitionVersion {
                name: VERSION.to_owned(),
                served: true,
                storage: true,
                additional_printer_columns: serde_json::from_value(Value::Array(columns)).ok(),
                subresources: Some(CustomResourceSubresources {
                    status: Some(CustomResourceSubresourceStatus(json!({}))),
                    ..CustomResourceSubresources::default()
                }),
                schema: Some(CustomResourceValidation {
                    open_api_v3_schema: Some(schema),
                }),
                ..CustomResourceDefinitionVersion::default()
            }],
            ..CustomResourceDefinitionSpec::default()
        },
        status: None,
    }
}

#[cfg(test)]
mod tests;
