//! The custom resource definitions, generated from the types.
//!
//! The definitions of Everest's kinds accept and prune the same objects as the definitions of
//! Everest 1.12, with the fields that 1.13 to 1.16 added. The provider never installs them. They
//! are for tests in a cluster without Everest, and for comparing the types with Everest's own
//! definitions.
//!
//! The folder `managed/` has the definitions of the Crossplane provider, `function/` that of the
//! composition function's input. Their packages contain them.

mod function;
mod resource;
mod structural;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceValidation, JSONSchemaProps,
};
use kube::CustomResourceExt;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

pub use function::{function, input_schema, spec_schema};
pub use resource::{Validation, at_provider, managed_resource};

use crate::everest::{
    BackupStorage, DataImportJob, DataImporter, DatabaseCluster, DatabaseClusterBackup,
    DatabaseClusterRestore, DatabaseEngine, LoadBalancerConfig, MonitoringConfig,
    PodSchedulingPolicy, SplitHorizonDnsConfig,
};
use crate::managed::{ClusterProviderConfig, ProviderConfig, ProviderConfigUsage};

/// The first line of every file that [`write_crds`] writes.
pub const HEADER: &str = "# Generated from schemas/ by `cargo xtask generate`. Do not edit.\n";

/// Folder of the Crossplane provider's definitions.
const MANAGED: &str = "managed";
/// Folder of the composition function's definition.
const FUNCTION: &str = "function";

/// The definition of every kind of Everest, ordered by name.
pub fn all() -> Vec<CustomResourceDefinition> {
    let mut definitions = vec![
        definition::<BackupStorage>(&[]),
        definition::<DataImportJob>(&[]),
        definition::<DataImporter>(&[]),
        definition::<DatabaseCluster>(&[]),
        definition::<DatabaseClusterBackup>(&[]),
        definition::<DatabaseClusterRestore>(&[]),
        definition::<DatabaseEngine>(&[]),
        definition::<LoadBalancerConfig>(&[]),
        definition::<MonitoringConfig>(&[]),
        definition::<PodSchedulingPolicy>(&[]),
        definition::<SplitHorizonDnsConfig>(&["spec"]),
    ];
    definitions.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    definitions
}

/// The definitions of the Crossplane provider's own configuration, ordered by name.
/// [`managed_resource`] generates those of its managed resources, which have rules.
pub fn managed() -> Vec<CustomResourceDefinition> {
    let mut definitions = vec![
        definition::<ClusterProviderConfig>(&["spec"]),
        definition::<ProviderConfig>(&["spec"]),
        definition::<ProviderConfigUsage>(&["providerConfigRef", "resourceRef"]),
    ];
    definitions.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    definitions
}

/// The name of a definition's file.
pub fn file_name(definition: &CustomResourceDefinition) -> String {
    let spec = &definition.spec;
    format!("{}_{}.yaml", spec.group, spec.names.plural)
}

/// Every definition with its path below `schemas/crds`.
fn files() -> Vec<(PathBuf, CustomResourceDefinition)> {
    let file = |folder: &str, definition: CustomResourceDefinition| {
        (Path::new(folder).join(file_name(&definition)), definition)
    };
    let everest = all().into_iter().map(|definition| file("", definition));
    let managed = managed()
        .into_iter()
        .map(|definition| file(MANAGED, definition));
    everest
        .chain(managed)
        .chain([file(FUNCTION, function())])
        .collect()
}

/// Writes each definition into `dir` as `GROUP_PLURAL.yaml` and returns the paths. The definitions
/// of the Crossplane provider, including the given managed resources, go into its folder `managed`,
/// that of the composition function into `function`. `dir` must exist; existing files are replaced.
///
/// # Errors
///
/// Returns an error if a file cannot be written.
pub fn write_crds(
    dir: &Path,
    managed_resources: &[CustomResourceDefinition],
) -> io::Result<Vec<PathBuf>> {
    for folder in [MANAGED, FUNCTION] {
        fs::create_dir_all(dir.join(folder))?;
    }
    let resources = managed_resources.iter().map(|definition| {
        let path = Path::new(MANAGED).join(file_name(definition));
        (path, definition.clone())
    });
    files()
        .into_iter()
        .chain(resources)
        .map(|(name, definition)| {
            let path = dir.join(name);
            fs::write(&path, yaml(&definition)?)?;
            Ok(path)
        })
        .collect()
}

/// The text of a definition's file.
///
/// # Errors
///
/// Returns an error if the definition cannot be converted to YAML.
pub fn yaml(definition: &CustomResourceDefinition) -> io::Result<String> {
    let mut value = serde_json::to_value(definition).map_err(io::Error::other)?;
    whole_numbers(&mut value);
    let body = serde_yaml_ng::to_string(&value).map_err(io::Error::other)?;
    Ok(format!("{HEADER}{body}"))
}

/// Converts whole floats to integers: Kubernetes' types store a minimum as a float, and `1` is
/// easier to read than `1.0`.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(float) = number.as_f64().filter(|float| float.fract() == 0.0) {
                *value = Value::from(float as i64);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(whole_numbers),
        Value::Object(members) => members.values_mut().for_each(whole_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// The definition of one kind. `required` are the members that an object must have at its root; of
/// Everest's kinds, only one requires a `spec`.
fn definition<K: CustomResourceExt + JsonSchema>(required: &[&str]) -> CustomResourceDefinition {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    let schema = settings.into_generator().into_root_schema_for::<K>();
    let schema = structural::root(schema.to_value(), required);
    let schema: JSONSchemaProps = serde_json::from_value(schema).unwrap_or_else(|error| {
        panic!(
            "the schema of {} is not a Kubernetes schema: {error}",
            K::crd_name()
        )
    });

    let mut definition = K::crd();
    definition.spec.names.list_kind = Some(format!("{}List", definition.spec.names.kind));
    for version in &mut definition.spec.versions {
        version.schema = Some(CustomResourceValidation {
            open_api_v3_schema: Some(schema.clone()),
        });
        version.additional_printer_columns = version
            .additional_printer_columns
            .take()
            .filter(|columns| !columns.is_empty());
    }
    let names = &mut definition.spec.names;
    names.categories = names
        .categories
        .take()
        .filter(|categories| !categories.is_empty());
    names.short_names = names.short_names.take().filter(|short| !short.is_empty());
    definition
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_in_the_repository_are_fresh() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
        for (name, definition) in files() {
            let path = dir.join(name);
            assert_eq!(
                fs::read_to_string(&path).unwrap_or_default(),
                yaml(&definition).unwrap(),
                "{} is stale: run `cargo xtask generate`",
                path.display()
            );
        }
    }
}
