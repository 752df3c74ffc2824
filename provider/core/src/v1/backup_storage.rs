//! `everest_backup_storage`, BackupStorage and its Secret.

use std::collections::BTreeMap;

use everest_schemas::Field;
use everest_schemas::everest::BackupStorage;
use everest_schemas::models::BackupStorageModel;
use serde_json::Value;

use super::credentials::{SecretMapping, Values, secret_name};
use super::object_mapping::{ObjectMapping, in_a_namespace};
use super::{Identity, OwnedKeys, body, filled, known_json, named};
use crate::Operation;
use crate::zero;

/// The body that makes a storage what the configuration says, with its
/// credentials in the Secret that [`secret_name`] gives.
pub fn desired(model: &BackupStorageModel) -> Value {
    let mut spec = model.spec.known().cloned().unwrap_or_default();
    spec.credentials_secret_name = secret_name(model).into();
    let identity = Identity {
        kind: "BackupStorage",
        namespace: &model.namespace,
        name: &model.name,
    };
    body(
        &identity,
        BTreeMap::new(),
        BTreeMap::new(),
        known_json(&spec),
    )
}

/// The model of a storage as the cluster holds it; its credentials are null,
/// since Secrets are not read.
pub fn observed(object: &BackupStorage, _: &OwnedKeys) -> BackupStorageModel {
    let (namespace, name) = named(&object.metadata);
    let mut spec = object.spec.clone();
    let secret_name = filled(spec.credentials_secret_name.known());
    spec.credentials_secret_name = Field::Null;
    spec.allowed_namespaces = Field::Null;
    zero::drop(&mut spec);
    // Absent means what the definition's defaults say.
    spec.force_path_style = spec.force_path_style.or(Field::Known(false));
    spec.verify_tls = spec.verify_tls.or(Field::Known(true));
    BackupStorageModel {
        namespace,
        name,
        spec: Field::Known(spec),
        in_use: Field::Known(
            object
                .status
                .as_ref()
                .and_then(|status| status.in_use)
                .unwrap_or(false),
        ),
        secret_name,
        ..BackupStorageModel::default()
    }
}

impl ObjectMapping for BackupStorageModel {
    type Object = BackupStorage;

    in_a_namespace!();

    fn force_conflicts(&self) -> &Field<bool> {
        &self.force_conflicts
    }

    fn desired(&self, _: Operation) -> Value {
        desired(self)
    }

    fn observed(object: &BackupStorage, owned: &OwnedKeys) -> Self {
        observed(object, owned)
    }
}

impl SecretMapping for BackupStorageModel {
    fn plain(&self) -> Values<'_> {
        vec![&self.access_key_id, &self.secret_access_key]
    }

    fn write_only(&self) -> Values<'_> {
        vec![&self.access_key_id_wo, &self.secret_access_key_wo]
    }

    fn write_only_version(&self) -> &Field<i64> {
        &self.credentials_wo_version
    }

    fn secret(&self) -> &Field<String> {
        &self.secret_name
    }

    fn secret_mut(&mut self) -> &mut Field<String> {
        &mut self.secret_name
    }

    /// Everest reads `AWS_…` for every type; the PostgreSQL operator reads `AZURE_…` for Azure.
    fn add_to(&self, data: &mut Value) {
        let spec = self.spec.known();
        if spec.is_some_and(|spec| spec.type_.known_str() == Some("azure")) {
            data["AZURE_STORAGE_ACCOUNT_NAME"] = data["AWS_ACCESS_KEY_ID"].clone();
            data["AZURE_STORAGE_ACCOUNT_KEY"] = data["AWS_SECRET_ACCESS_KEY"].clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::credentials::{Credentials, with_secret_of};
    use everest_schemas::everest::BackupStorageSpec;
    use serde_json::json;

    fn model(type_: &str) -> BackupStorageModel {
        BackupStorageModel {
            namespace: "prod".into(),
            name: "s3".into(),
            spec: BackupStorageSpec {
                type_: type_.into(),
                bucket: "backups".into(),
                region: "eu-central-1".into(),
                endpoint_url: "https://s3.example.com".into(),
                force_path_style: false.into(),
                verify_tls: true.into(),
                ..BackupStorageSpec::default()
            }
            .into(),
            ..BackupStorageModel::default()
        }
    }

    fn keys() -> Credentials {
        Credentials(vec![
            "key-id".to_owned().into(),
            "top secret".to_owned().into(),
        ])
    }

    #[test]
    fn a_storage_names_its_secret_and_holds_no_credentials() {
        let configured = BackupStorageModel {
            access_key_id: keys().0[0].clone().into(),
            secret_access_key: keys().0[1].clone().into(),
            ..model("s3")
        };
        let body = desired(&configured);
        assert_eq!(
            body,
            json!({
                "apiVersion": "everest.percona.com/v1alpha1",
                "kind": "BackupStorage",
                "metadata": {"name": "s3", "namespace": "prod"},
                "spec": {
                    "bucket": "backups",
                    "credentialsSecretName": "s3",
                    "endpointURL": "https://s3.example.com",
                    "forcePathStyle": false,
                    "region": "eu-central-1",
                    "type": "s3",
                    "verifyTLS": true,
                },
            })
        );
        assert_eq!(Credentials::given(&configured, &configured), Some(keys()));
        assert_eq!(Credentials::given(&model("s3"), &model("s3")), None);
    }

    #[test]
    fn a_plan_that_leaves_the_name_of_the_secret_open_keeps_it() {
        let prior = BackupStorageModel {
            secret_name: "shared".into(),
            ..model("s3")
        };
        let planned = BackupStorageModel {
            secret_name: Field::Unknown,
            ..model("s3")
        };
        let body = desired(&with_secret_of(&planned, &prior));
        assert_eq!(body["spec"]["credentialsSecretName"], "shared");
    }

    #[test]
    fn write_only_credentials_come_first() {
        let config = BackupStorageModel {
            access_key_id_wo: keys().0[0].clone().into(),
            secret_access_key_wo: keys().0[1].clone().into(),
            ..model("s3")
        };
        assert_eq!(Credentials::given(&model("s3"), &config), Some(keys()));
    }

    #[test]
    fn the_secret_has_the_keys_that_everest_and_the_engines_read() {
        let body = keys().secret(&model("s3"));
        assert_eq!(
            body.expose()["data"],
            json!({"AWS_ACCESS_KEY_ID": "a2V5LWlk", "AWS_SECRET_ACCESS_KEY": "dG9wIHNlY3JldA=="})
        );
        assert!(!format!("{body:?}").contains("dG9w"));
        let azure = keys().secret(&model("azure"));
        assert_eq!(
            azure.expose()["data"]["AZURE_STORAGE_ACCOUNT_NAME"],
            "a2V5LWlk"
        );
    }

    #[test]
    fn what_was_sent_is_observed_again_and_keeps_its_secret() {
        let with_secret = BackupStorageModel {
            secret_name: "other-secret".into(),
            ..model("s3")
        };
        let mut object = desired(&with_secret);
        object["status"] = json!({"inUse": true});
        let seen = observed(
            &serde_json::from_value(object).unwrap(),
            &OwnedKeys::default(),
        );
        assert_eq!(
            seen,
            BackupStorageModel {
                in_use: true.into(),
                ..with_secret
            }
        );
        assert_eq!(secret_name(&seen), "other-secret");
        assert_eq!(
            desired(&seen)["spec"]["credentialsSecretName"],
            "other-secret"
        );
    }
}
