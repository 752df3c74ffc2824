//! Where the first data of a database comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Engine, Field, Sensitive, facts};

/// Origin of a new database's data: exactly one of `db_cluster_backup_name`, `backup_source` and
/// `data_import`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataSource {
    /// A backup identified by its path in a backup storage. Use it for backups that have no
    /// DatabaseClusterBackup object in the namespace.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::engines(&[Engine::Pxc, Engine::Psmdb]))]
    pub backup_source: Field<BackupSource>,

    /// An import, by a DataImporter, of data that was created outside Everest.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(
        extend("x-kubernetes-validations" = [
            {"rule": "self == oldSelf", "message": ".spec.dataSource.dataImport is immutable"}
        ]),
        transform = facts::needs("1.8")
    )]
    pub data_import: Field<DataImport>,

    /// Name of the DatabaseClusterBackup to restore from.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::allowed("a backup of the same namespace and engine"))]
    pub db_cluster_backup_name: Field<String>,

    /// Time to restore to.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::omitted("the time of the backup"))]
    pub pitr: Field<PitrTarget>,
}

/// A backup in a storage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupSource {
    /// Name of the BackupStorage, in the same namespace, that holds the backup.
    pub backup_storage_name: Field<String>,

    /// Path of the backup.
    #[schemars(transform = facts::allowed("the path within the bucket; for `psmdb`, the whole destination of the backup, such as `s3://backups/orders/0d5c7e1a/2026-01-01T02:03:04Z`"))]
    pub path: Field<String>,
}

/// A time to restore to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PitrTarget {
    /// The time.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-semantic" = "timestamp"))]
    #[schemars(transform = facts::required_when("always, once `pitr` is set"))]
    #[schemars(transform = facts::allowed("a time in UTC, in the form `2006-01-02T15:04:05Z`"))]
    pub date: Field<String>,

    /// Form of the time.
    #[serde(rename = "type", default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("enum" = ["date", "latest"], "default" = "date"))]
    #[schemars(transform = facts::allowed("`date`; Everest refuses `latest`"))]
    pub type_: Field<String>,
}

/// An import of data that was created outside Everest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataImport {
    /// Options of the importer, in the form that its DataImporter describes.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend(
        "type" = "object",
        "x-kubernetes-preserve-unknown-fields" = true,
        "x-dynamic" = true
    ))]
    pub config: Field<Value>,

    /// Name of the DataImporter that runs the import.
    pub data_importer_name: Field<String>,

    /// Location of the data.
    pub source: Field<DataImportSource>,
}

/// Location of the data of an import.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataImportSource {
    /// Path of the file or directory within the bucket.
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": r"self.matches('^/?([^/]+(/[^/]+)*)/?$')",
        "message": "path must be an absolute file or directory path"
    }]))]
    pub path: Field<String>,

    /// The bucket, if the data is in S3 or S3-compatible storage.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub s3: Field<DataImportS3>,
}

/// A bucket that data is imported from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataImportS3 {
    /// Access key ID. Everest moves it into the Secret `credentials_secret_name`. Terraform also
    /// stores it in its state; use `access_key_id_wo` to avoid that.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::required_when("`secret_access_key` is set"))]
    pub access_key_id: Field<Sensitive<String>>,

    /// Access key ID, write-only: sent when the database is created, and stored only in the Secret
    /// `credentials_secret_name`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    #[schemars(transform = facts::required_when("`secret_access_key_wo` is set"))]
    pub access_key_id_wo: Field<Sensitive<String>>,

    /// Name of the bucket.
    pub bucket: Field<String>,

    /// Name of the Secret, in the same namespace, with the bucket's credentials. It is for this import
    /// alone: Everest begins no other import with it, and deletes it with the database.
    pub credentials_secret_name: Field<String>,

    /// URL of the S3 endpoint.
    #[serde(rename = "endpointURL")]
    #[schemars(extend("x-kubernetes-validations" = [
        {"rule": "isURL(self)", "message": "endpointURL must be a valid URL"}
    ]))]
    pub endpoint_url: Field<String>,

    /// If `true`, the bucket is part of the path instead of the host name.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("default" = false))]
    pub force_path_style: Field<bool>,

    /// Region of the bucket.
    pub region: Field<String>,

    /// Secret access key, which is stored as the access key ID is.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::required_when("`access_key_id` is set"))]
    pub secret_access_key: Field<Sensitive<String>>,

    /// Secret access key, write-only: sent and stored as the access key ID is.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    #[schemars(transform = facts::required_when("`access_key_id_wo` is set"))]
    pub secret_access_key_wo: Field<Sensitive<String>>,

    /// If `false`, the endpoint's TLS certificate is not verified.
    #[serde(rename = "verifyTLS", default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("default" = true))]
    pub verify_tls: Field<bool>,
}

impl DataImportS3 {
    /// Whether keys are given, in either form: Everest makes the Secret of them.
    pub fn gives_keys(&self) -> bool {
        [
            &self.access_key_id,
            &self.secret_access_key,
            &self.access_key_id_wo,
            &self.secret_access_key_wo,
        ]
        .iter()
        .any(|key| !key.is_null())
    }
}
