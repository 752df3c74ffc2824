//! `everest_data_import_job`, DataImportJob and its Secret.

use std::collections::BTreeMap;

use everest_schemas::Field;
use everest_schemas::everest::{
    DataImportJob, DataImportJobSpec, DataImportS3, DataImportSource, DatabaseCluster,
};
use everest_schemas::models::{DataImportJobModel, ImportBucket, ImportSource};
use serde_json::Value;

use super::credentials::{SecretMapping, Values, secret_name};
use super::object_mapping::{ObjectMapping, in_a_namespace};
use super::{Identity, OwnedKeys, body, filled, known_json, labels_of_database, named, timestamp};
use crate::Operation;

/// The beginning of the names of the jobs that Everest makes for new databases.
pub const OF_EVEREST: &str = "data-import-";

/// The body of a server-side apply for a job, with the keys of its bucket in the Secret that
/// [`secret_name`] gives.
pub fn desired(model: &DataImportJobModel) -> Value {
    let bucket = |s3: ImportBucket| DataImportS3 {
        bucket: s3.bucket,
        region: s3.region,
        endpoint_url: s3.endpoint_url,
        force_path_style: s3.force_path_style,
        verify_tls: s3.verify_tls,
        credentials_secret_name: secret_name(model).into(),
        ..DataImportS3::default()
    };
    let spec = DataImportJobSpec {
        config: model.config.clone(),
        data_importer_name: model.data_importer_name.clone(),
        source: model.source.clone().map(|source| DataImportSource {
            path: source.path,
            s3: source.s3.map(bucket),
        }),
        target_cluster_name: model.database_name.clone(),
    };
    let labels = labels_of_database(&model.database_name);
    let identity = Identity {
        kind: "DataImportJob",
        namespace: &model.namespace,
        name: &model.name,
    };
    body(&identity, labels, BTreeMap::new(), known_json(&spec))
}

/// The model of a job as the cluster holds it; it has no labels or annotations of the user's, and
/// its keys are null, since Secrets are not read.
pub fn observed(object: &DataImportJob, _: &OwnedKeys) -> DataImportJobModel {
    let (namespace, name) = named(&object.metadata);
    let status = object.status.clone().unwrap_or_default();
    let s3 = object.spec.source.known().map(|source| &source.s3);
    let s3 = s3.and_then(Field::known);
    DataImportJobModel {
        namespace,
        name,
        database_name: object.spec.target_cluster_name.clone(),
        data_importer_name: object.spec.data_importer_name.clone(),
        source: object.spec.source.clone().map(|source| ImportSource {
            path: source.path,
            s3: source.s3.map(|s3| ImportBucket {
                bucket: s3.bucket,
                region: s3.region,
                endpoint_url: s3.endpoint_url,
                // Absent means what the definition's defaults say.
                force_path_style: s3.force_path_style.or(Field::Known(false)),
                verify_tls: s3.verify_tls.or(Field::Known(true)),
            }),
        }),
        config: object.spec.config.clone(),
        state: filled(status.state.as_ref()),
        message: filled(status.message.as_ref()),
        job_name: filled(status.job_name.as_ref()),
        started_at: timestamp(status.started_at.as_ref()),
        completed_at: timestamp(status.completed_at.as_ref()),
        secret_name: filled(s3.and_then(|s3| s3.credentials_secret_name.known())),
        ..DataImportJobModel::default()
    }
}

/// The state of an import; empty before Everest has handled it.
pub fn state(object: &DataImportJob) -> &str {
    let status = object.status.as_ref();
    status
        .and_then(|status| status.state.as_deref())
        .unwrap_or_default()
}

/// Returns true if nothing becomes of an import in this state any more. Everest begins anew after
/// `Error`.
pub fn is_over(state: &str) -> bool {
    ["Succeeded", "Failed"].contains(&state)
}

/// Returns true if it is an import into `database` that has not ended.
pub fn is_under_way(object: &DataImportJob, database: &str) -> bool {
    object.spec.target_cluster_name.known_str() == Some(database)
        && object.metadata.deletion_timestamp.is_none()
        && !is_over(state(object))
}

/// The database whose `dataSource` Everest made the job for. Everest makes it again, and so imports
/// again, if the job is deleted before that database is.
pub fn database_of(object: &DataImportJob) -> Option<&str> {
    let mut owners = object.metadata.owner_references.iter().flatten();
    let owner = owners.find(|owner| owner.controller == Some(true))?;
    (owner.kind == "DatabaseCluster").then_some(owner.name.as_str())
}

/// Returns true if a database is filled from this location when it is created.
pub fn is_source_of(source: &ImportSource, database: &DatabaseCluster) -> bool {
    let data_source = database.spec.data_source.known();
    let import = data_source.and_then(|source| source.data_import.known());
    let Some(own) = import.and_then(|import| import.source.known()) else {
        return false;
    };
    let (Some(own_s3), Some(s3)) = (own.s3.known(), source.s3.known()) else {
        return false;
    };
    let trimmed = |text: &Field<String>| {
        text.known_str()
            .map(|text| text.trim_matches('/').to_owned())
    };
    let same = |one: &Field<String>, other: &Field<String>| {
        let one = trimmed(one);
        one.is_some() && one == trimmed(other)
    };
    same(&own.path, &source.path)
        && same(&own_s3.bucket, &s3.bucket)
        && same(&own_s3.endpoint_url, &s3.endpoint_url)
}

impl ObjectMapping for DataImportJobModel {
    type Object = DataImportJob;

    const LASTING: &'static [&'static str] =
        &["config", "dataImporterName", "source", "targetClusterName"];

    const RENAMED: &'static [(&'static str, &'static str)] =
        &[("spec.targetClusterName", "spec.databaseName")];

    in_a_namespace!();

    fn desired(&self, _: Operation) -> Value {
        desired(self)
    }

    fn observed(object: &DataImportJob, owned: &OwnedKeys) -> Self {
        observed(object, owned)
    }
}

impl SecretMapping for DataImportJobModel {
    fn plain(&self) -> Values<'_> {
        vec![&self.access_key_id, &self.secret_access_key]
    }

    fn write_only(&self) -> Values<'_> {
        vec![&self.access_key_id_wo, &self.secret_access_key_wo]
    }

    /// The keys are sent once.
    fn write_only_version(&self) -> &Field<i64> {
        &Field::Null
    }

    fn secret(&self) -> &Field<String> {
        &self.secret_name
    }

    fn secret_mut(&mut self) -> &mut Field<String> {
        &mut self.secret_name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::credentials::Credentials;
    use everest_schemas::Sensitive;
    use serde_json::json;

    fn model() -> DataImportJobModel {
        serde_json::from_value(json!({"namespace": "prod", "name": "first-load",
            "databaseName": "orders", "dataImporterName": "dump",
            "source": {"path": "/dumps/orders", "s3": {"bucket": "b", "region": "r",
                "endpointURL": "https://s3.example.com", "forcePathStyle": false,
                "verifyTLS": true}},
            "config": {"parallel": 2}}))
        .unwrap()
    }

    #[test]
    fn a_job_names_its_secret_and_holds_no_keys() {
        let key = |text: &str| Field::Known(Sensitive::from(text.to_owned()));
        let configured = DataImportJobModel {
            access_key_id_wo: key("id"),
            secret_access_key_wo: key("top secret"),
            ..model()
        };
        let body = desired(&configured);
        assert_eq!(
            body["spec"],
            json!({"targetClusterName": "orders", "dataImporterName": "dump",
                "config": {"parallel": 2},
                "source": {"path": "/dumps/orders", "s3": {"bucket": "b", "region": "r",
                    "endpointURL": "https://s3.example.com", "forcePathStyle": false,
                    "verifyTLS": true, "credentialsSecretName": "first-load"}}})
        );
        assert_eq!(body["metadata"]["labels"], json!({"clusterName": "orders"}));
        let secret = Credentials::given(&configured, &configured)
            .unwrap()
            .secret(&configured);
        assert_eq!(
            secret.expose()["data"],
            json!({"AWS_ACCESS_KEY_ID": "aWQ=", "AWS_SECRET_ACCESS_KEY": "dG9wIHNlY3JldA=="})
        );
    }

    #[test]
    fn what_was_sent_is_observed_again_and_keeps_its_secret() {
        let with_secret = DataImportJobModel {
            secret_name: "other-secret".into(),
            ..model()
        };
        let mut object = desired(&with_secret);
        object["status"] = json!({"state": "Failed", "message": "no such object",
            "jobName": "first-load-c4ca42", "startedAt": "2026-01-01T00:00:00Z"});
        let seen = observed(
            &serde_json::from_value(object).unwrap(),
            &OwnedKeys::default(),
        );
        assert_eq!(
            seen,
            DataImportJobModel {
                state: "Failed".into(),
                message: "no such object".into(),
                job_name: "first-load-c4ca42".into(),
                started_at: "2026-01-01T00:00:00Z".into(),
                ..with_secret
            }
        );
        assert_eq!(
            desired(&seen)["spec"]["source"]["s3"]["credentialsSecretName"],
            "other-secret"
        );
    }

    #[test]
    fn an_import_is_under_way_until_it_ends_or_goes() {
        let job = |state: &str, going: bool| -> DataImportJob {
            let mut object = desired(&model());
            object["status"] = json!({ "state": state });
            if going {
                object["metadata"]["deletionTimestamp"] = json!("2026-01-01T01:00:00Z");
            }
            serde_json::from_value(object).unwrap()
        };
        for state in ["", "Pending", "Running", "Error"] {
            assert!(is_under_way(&job(state, false), "orders"), "{state}");
            assert!(!is_under_way(&job(state, false), "other"), "{state}");
            assert!(!is_under_way(&job(state, true), "orders"), "{state}");
        }
        for state in ["Succeeded", "Failed"] {
            assert!(!is_under_way(&job(state, false), "orders"), "{state}");
        }
    }

    #[test]
    fn a_location_is_the_same_whatever_slashes_are_at_its_ends() {
        let database = |path: &str, bucket: &str| -> DatabaseCluster {
            serde_json::from_value(json!({"metadata": {"name": "orders"}, "spec": {
                "engine": {"type": "pxc", "storage": {"size": "1Gi"}},
                "dataSource": {"dataImport": {"dataImporterName": "dump", "source": {
                    "path": path, "s3": {"bucket": bucket, "region": "r",
                        "endpointURL": "https://s3.example.com/",
                        "credentialsSecretName": "keys"}}}}}}))
            .unwrap()
        };
        let source = model().source.into_known().unwrap();
        assert!(is_source_of(&source, &database("dumps/orders/", "b")));
        assert!(!is_source_of(&source, &database("dumps/other", "b")));
        assert!(!is_source_of(&source, &database("dumps/orders", "another")));
    }
}
