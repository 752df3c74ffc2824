//! `everest_data_importer` and DataImporter.

use everest_schemas::Field;
use everest_schemas::everest::{
    DataImporter, DataImporterConfig, DataImporterJob, DatabaseClusterConstraints,
};
use everest_schemas::models::DataImporterModel;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::object_mapping::{ObjectMapping, cluster_scoped};
use super::{OwnedKeys, cluster_scoped_body, known_json};
use crate::Operation;

impl ObjectMapping for DataImporterModel {
    type Object = DataImporter;

    cluster_scoped!();

    fn force_conflicts(&self) -> &Field<bool> {
        &self.force_conflicts
    }

    fn desired(&self, _: Operation) -> Value {
        let mut spec = self.spec.known().cloned().unwrap_or_default();
        // Pruning would take out what its author has written, such as a default that is null.
        let schema = spec
            .config
            .known_mut()
            .map(|config| std::mem::take(&mut config.open_api_v3_schema));
        let mut spec = known_json(&spec);
        if let Some(Field::Known(schema)) = schema {
            spec["config"]["openAPIV3Schema"] = schema;
        }
        cluster_scoped_body("DataImporter", &self.name, spec)
    }

    fn observed(object: &DataImporter, _: &OwnedKeys) -> Self {
        let mut spec = object.spec.clone();
        // Go clients write empty objects where nothing is set.
        let unset = Field::Known(DataImporterConfig::default());
        if spec.config == unset {
            spec.config = Field::Null;
        }
        if spec.database_cluster_constraints == Field::Known(DatabaseClusterConstraints::default())
        {
            spec.database_cluster_constraints = Field::Null;
        }
        if spec.job_spec == Field::Known(DataImporterJob::default()) {
            spec.job_spec = Field::Null;
        }
        Self {
            name: object.metadata.name.clone().into(),
            spec: Field::Known(spec),
            shipped: Field::Known(is_of_helm(&object.metadata)),
            ..Self::default()
        }
    }
}

/// Helm's annotation on the objects of a release.
const RELEASE: &str = "meta.helm.sh/release-name";

/// Returns true if Helm has installed an object.
fn is_of_helm(metadata: &ObjectMeta) -> bool {
    let annotations = metadata.annotations.as_ref();
    annotations.is_some_and(|annotations| annotations.contains_key(RELEASE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_sent_is_observed_again_whatever_go_clients_add() {
        let spec = json!({"displayName": "Dumps", "supportedEngines": ["pxc"],
            "jobSpec": {"image": "dump:1", "command": ["/dump"]},
            "config": {"openAPIV3Schema": {"type": "object", "properties": {
                "parallel": {"type": "integer", "default": null}}}},
            "clusterPermissions": [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]});
        let model: DataImporterModel =
            serde_json::from_value(json!({"name": "dump", "spec": spec})).unwrap();
        let mut object = model.desired(Operation::Create);
        assert_eq!(object["spec"], spec);
        assert_eq!(object["metadata"], json!({"name": "dump"}));
        object["spec"]["databaseClusterConstraints"] = json!({});
        object["metadata"]["annotations"] = json!({RELEASE: "everest-core"});
        let object = serde_json::from_value(object).unwrap();
        let seen = DataImporterModel::observed(&object, &OwnedKeys::default());
        assert_eq!(seen.spec, model.spec);
        assert_eq!(seen.shipped, true.into());
    }
}
