//! `everest_backup_storage`, BackupStorage and its Secret.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everest_schemas::everest::BackupStorage;
use everest_schemas::models::BackupStorageModel;
use everest_schemas::{Field, Sensitive};
use serde_json::{Value, json};

use super::credentials::Credentials;
use super::object_mapping::{ObjectMapping, in_a_namespace};
use super::{Identity, OwnedKeys, body, filled, known_json, named};
use crate::Operation;
use crate::zero;

/// Name of the Secret of a storage: the one it is known to have, or, for a new
/// one, the storage's own name as Everest's API does it.
pub fn secret_name(model: &BackupStorageModel) -> &str {
    let of_spec = model
        .spec
        .known()
        .and_then(|spec| spec.credentials_secret_name.known_str())
        .filter(|name| !name.is_empty());
    model
        .secret_name
        .known_str()
        .or(of_spec)
        .or(model.name.known_str())
        .unwrap_or_default()
}

/// A plan with the name of the Secret that the storage has: a plan that writes the Secret again
/// leaves the name open.
pub fn with_secret_of(
    planned: &BackupStorageModel,
    prior: &BackupStorageModel,
) -> BackupStorageModel {
    let mut planned = planned.clone();
    if !planned.secret_name.is_known() {
        planned.secret_name = prior.secret_name.clone();
    }
    planned
}

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

/// The body of the Secret that a storage reads.
///
/// Everest reads `AWS_…` for every type; the PostgreSQL operator reads
/// `AZURE_…` for Azure, so an Azure storage's Secret has both.
pub fn secret(model: &BackupStorageModel, credentials: &Credentials) -> Sensitive<Value> {
    let id = STANDARD.encode(credentials.access_key_id.expose());
    let key = STANDARD.encode(credentials.secret_access_key.expose());
    let mut data = json!({"AWS_ACCESS_KEY_ID": id, "AWS_SECRET_ACCESS_KEY": key});
    let azure = model
        .spec
        .known()
        .is_some_and(|spec| spec.type_.known_str() == Some("azure"));
    if azure {
        data["AZURE_STORAGE_ACCOUNT_NAME"] = json!(id);
        data["AZURE_STORAGE_ACCOUNT_KEY"] = json!(key);
    }
    Sensitive::new(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": secret_name(model),
            "namespace": model.namespace.known_str().unwrap_or_default(),
        },
        "type": "Opaque",
        "data": data,
    }))
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

    fn desired(&self, _: Operation) -> Value {
        desired(self)
    }

    fn observed(object: &BackupStorage, owned: &OwnedKeys) -> Self {
        observed(object, owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::everest::BackupStorageSpec;

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
        Credentials {
            access_key_id: "key-id".to_owned().into(),
            secret_access_key: "top secret".to_owned().into(),
        }
    }

    #[test]
    fn a_storage_names_its_secret_and_holds_no_credentials() {
        let configured = BackupStorageModel {
            access_key_id: keys().access_key_id.into(),
            secret_access_key: keys().secret_access_key.into(),
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
        assert_eq!(Credentials::given(&configured), Some(keys()));
        assert_eq!(Credentials::given(&model("s3")), None);
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
            access_key_id_wo: keys().access_key_id.into(),
            secret_access_key_wo: keys().secret_access_key.into(),
            ..model("s3")
        };
        assert_eq!(Credentials::given(&config), Some(keys()));
    }

    #[test]
    fn the_secret_has_the_keys_that_everest_and_the_engines_read() {
        let body = secret(&model("s3"), &keys());
        assert_eq!(
            body.expose()["data"],
            json!({"AWS_ACCESS_KEY_ID": "a2V5LWlk", "AWS_SECRET_ACCESS_KEY": "dG9wIHNlY3JldA=="})
        );
        assert!(!format!("{body:?}").contains("dG9w"));
        let azure = secret(&model("azure"), &keys());
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
