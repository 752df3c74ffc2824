//! The credentials of a backup storage.

use everest_schemas::models::BackupStorageModel;
use everest_schemas::{Field, Sensitive};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use serde_json::{Value, json};

use super::managed_fields;
use crate::api::FILLED_FROM;

/// Keys of the Secret, which all engines read.
pub const KEYS: [&str; 2] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// The state of a Secret that a field manager has written, judged by its metadata alone: its values
/// are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretState {
    /// The credentials in it are those that the manager wrote.
    AsWritten,
    /// Someone else has written credentials into it.
    Changed,
    /// It does not exist.
    Gone,
}

impl SecretState {
    /// The state of the keys of a Secret with this metadata, which is `None` if there is no such
    /// Secret.
    ///
    /// A client that writes another value into a key takes over the key's ownership from the
    /// manager that applied it.
    pub fn of(metadata: Option<&ObjectMeta>, keys: &[&str], manager: &str) -> Self {
        let Some(metadata) = metadata else {
            return Self::Gone;
        };
        let mut applies = managed_fields::applied(metadata, |name| name == manager);
        let applied = applies.any(|fields| {
            let data = &fields["f:data"];
            keys.iter()
                .all(|key| data.get(format!("f:{key}")).is_some())
        });
        if applied {
            Self::AsWritten
        } else {
            Self::Changed
        }
    }
}

/// The body of a Secret that is filled from another Secret, with an annotation of that Secret's
/// version.
pub fn filled_from(content: Sensitive<Value>, source: &ObjectMeta) -> Sensitive<Value> {
    let mut body = content.into_inner();
    body["metadata"]["annotations"][FILLED_FROM] = json!(version_of(source));
    Sensitive::new(body)
}

/// Returns true if a Secret, by its metadata, has the `keys` that `manager` filled from the current
/// version of `source`.
pub fn is_filled_from(
    secret: Option<&ObjectMeta>,
    source: &ObjectMeta,
    keys: &[&str],
    manager: &str,
) -> bool {
    let noted = secret
        .and_then(|secret| secret.annotations.as_ref())
        .and_then(|annotations| annotations.get(FILLED_FROM));
    noted == Some(&version_of(source))
        && SecretState::of(secret, keys, manager) == SecretState::AsWritten
}

fn version_of(source: &ObjectMeta) -> String {
    format!(
        "{}/{}",
        source.uid.as_deref().unwrap_or_default(),
        source.resource_version.as_deref().unwrap_or_default()
    )
}

/// The credentials of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id, or the name of an Azure storage account.
    pub access_key_id: Sensitive<String>,
    /// Secret access key, or the key of an Azure storage account.
    pub secret_access_key: Sensitive<String>,
}

impl Credentials {
    /// The credentials in a configuration, write-only or not; `None` if it omits them, so that the
    /// Secret stays as it is. Write-only values are only in the configuration, never in a plan or a
    /// state.
    pub fn given(config: &BackupStorageModel) -> Option<Self> {
        Self::pair(&config.access_key_id_wo, &config.secret_access_key_wo)
            .or_else(|| Self::pair(&config.access_key_id, &config.secret_access_key))
    }

    /// The credentials to write at an update; `None` if they have not changed or are omitted.
    ///
    /// A change of write-only values cannot be seen, so `credentials_wo_version` shows it.
    pub fn changed(
        prior: &BackupStorageModel,
        planned: &BackupStorageModel,
        config: &BackupStorageModel,
    ) -> Option<Self> {
        let given = Self::given(config)?;
        if config.access_key_id_wo.is_known() {
            return (prior.credentials_wo_version != planned.credentials_wo_version)
                .then_some(given);
        }
        (Self::pair(&prior.access_key_id, &prior.secret_access_key).as_ref() != Some(&given))
            .then_some(given)
    }

    /// The credentials to write at an update of a storage, by the state of its Secret: changed
    /// credentials, or all that the configuration has if the Secret has lost them.
    ///
    /// Write-only values are written into a new Secret if the old one is gone, but never over
    /// values of others: the values in the configuration may be outdated.
    pub fn due(
        prior: &BackupStorageModel,
        planned: &BackupStorageModel,
        config: &BackupStorageModel,
        secret: SecretState,
    ) -> Option<Self> {
        Self::changed(prior, planned, config).or_else(|| {
            let lost = match secret {
                SecretState::AsWritten => false,
                SecretState::Changed => config.access_key_id_wo.is_null(),
                SecretState::Gone => true,
            };
            lost.then(|| Self::given(config)).flatten()
        })
    }

    fn pair(id: &Field<Sensitive<String>>, secret: &Field<Sensitive<String>>) -> Option<Self> {
        Some(Credentials {
            access_key_id: id.known()?.clone(),
            secret_access_key: secret.known()?.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(secret: &str) -> BackupStorageModel {
        BackupStorageModel {
            access_key_id: Sensitive::from("id".to_owned()).into(),
            secret_access_key: Sensitive::from(secret.to_owned()).into(),
            ..BackupStorageModel::default()
        }
    }

    fn write_only(version: i64) -> BackupStorageModel {
        BackupStorageModel {
            access_key_id_wo: Sensitive::from("id".to_owned()).into(),
            secret_access_key_wo: Sensitive::from("secret".to_owned()).into(),
            credentials_wo_version: version.into(),
            ..BackupStorageModel::default()
        }
    }

    #[test]
    fn plain_credentials_are_written_when_they_differ() {
        let (old, new) = (plain("old"), plain("new"));
        assert_eq!(Credentials::changed(&old, &old, &old), None);
        assert!(Credentials::changed(&old, &new, &new).is_some());
        let none = BackupStorageModel::default();
        assert_eq!(
            Credentials::changed(&old, &none, &none),
            None,
            "left out: left as it is"
        );
    }

    #[test]
    fn write_only_credentials_are_written_when_their_version_changes() {
        let (one, two) = (write_only(1), write_only(2));
        assert_eq!(Credentials::changed(&one, &one, &one), None);
        assert!(Credentials::changed(&one, &two, &two).is_some());
    }

    #[test]
    fn credentials_are_written_again_when_their_secret_has_lost_them() {
        use SecretState::{AsWritten, Changed, Gone};
        let (plain, write_only) = (plain("same"), write_only(1));
        let none = BackupStorageModel::default();
        for (config, secret, sent) in [
            (&plain, AsWritten, false),
            (&plain, Changed, true),
            (&plain, Gone, true),
            (&write_only, AsWritten, false),
            (&write_only, Changed, false),
            (&write_only, Gone, true),
            (&none, Gone, false),
        ] {
            let due = Credentials::due(config, config, config, secret);
            assert_eq!(due.is_some(), sent, "{secret:?} {config:?}");
        }
    }

    #[test]
    fn who_wrote_the_keys_of_a_secret_last_is_told_by_its_metadata() {
        let entry = |manager: &str, operation: &str, keys: &[&str]| {
            let data: serde_json::Map<_, _> = keys
                .iter()
                .map(|key| (format!("f:{key}"), serde_json::json!({})))
                .collect();
            serde_json::json!({"manager": manager, "operation": operation,
                "fieldsType": "FieldsV1", "fieldsV1": {"f:data": data}})
        };
        let state = |entries: &[serde_json::Value]| {
            let metadata: ObjectMeta =
                serde_json::from_value(serde_json::json!({"managedFields": entries})).unwrap();
            SecretState::of(Some(&metadata), &KEYS, "us")
        };
        let owner = serde_json::json!({"manager": "everest-operator", "operation": "Update",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:metadata": {"f:ownerReferences": {}}}});
        assert_eq!(
            state(&[entry("us", "Apply", &KEYS), owner]),
            SecretState::AsWritten
        );
        let edited = [
            entry("us", "Apply", &KEYS[..1]),
            entry("kubectl-patch", "Update", &KEYS[1..]),
        ];
        assert_eq!(state(&edited), SecretState::Changed);
        let anew = [entry("kubectl-create", "Update", &KEYS)];
        assert_eq!(state(&anew), SecretState::Changed);
        assert_eq!(SecretState::of(None, &KEYS, "us"), SecretState::Gone);
    }

    #[test]
    fn a_secret_is_as_its_source_until_either_changes() {
        let source = |version: &str| ObjectMeta {
            uid: Some("source".to_owned()),
            resource_version: Some(version.to_owned()),
            ..ObjectMeta::default()
        };
        let content = Sensitive::new(json!({"metadata": {"name": "s3"}, "data": {}}));
        let mut body = filled_from(content, &source("7")).into_inner();
        let fields: Vec<_> = KEYS.map(|key| (format!("f:{key}"), json!({}))).into();
        let fields: serde_json::Map<_, _> = fields.into_iter().collect();
        body["metadata"]["managedFields"] = json!([{"manager": "us", "operation": "Apply",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:data": fields}}]);
        let held: ObjectMeta = serde_json::from_value(body["metadata"].clone()).unwrap();
        assert!(is_filled_from(Some(&held), &source("7"), &KEYS, "us"));
        assert!(!is_filled_from(Some(&held), &source("8"), &KEYS, "us"));
        let edited = ObjectMeta {
            managed_fields: None,
            ..held
        };
        assert!(!is_filled_from(Some(&edited), &source("7"), &KEYS, "us"));
        assert!(!is_filled_from(None, &source("7"), &KEYS, "us"));
    }

    #[test]
    fn credentials_are_never_shown() {
        let credentials = Credentials::given(&plain("hunter2")).unwrap();
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}
