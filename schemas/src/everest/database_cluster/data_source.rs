//! Where the first data of a database comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::extensions::since;
use crate::{Field, Sensitive};

/// Origin of a new database's data: exactly one of `db_cluster_backup_name`, `backup_source` and
/// `data_import`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataSource {
    /// A backup identified by its path in a backup storage. Use it for backups that have no
    /// DatabaseClusterBackup object in the namespace.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub backup_source: Field<BackupSource>,

    /// An import, by a DataImporter, of data that was created outside Everest.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(
        extend("x-kubernetes-validations" = [
            {"rule": "self == oldSelf", "message": ".spec.dataSource.dataImport is immutable"}
        ]),
        transform = since("1.8")
    )]
    pub data_import: Field<DataImport>,

    /// Name of the DatabaseClusterBackup, in the same namespace and of the
    /// same engine, to restore from.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub db_cluster_backup_name: Field<String>,

    /// Time to restore to. Omitted: the time of the backup.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub pitr: Field<PitrTarget>,
}

/// A backup in a storage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupSource {
    /// Name of the BackupStorage, in the same namespace, that holds the backup.
    pub backup_storage_name: Field<String>,

    /// Path of the backup within the bucket.
    pub path: Field<String>,
}

/// A time to restore to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PitrTarget {
    /// The time, in UTC, in the form `2006-01-02T15:04:05Z`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-semantic" = "timestamp"))]
    pub date: Field<String>,

    /// Form of the time. Only `date` works; Everest refuses `latest`.
    #[serde(rename = "type", default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("enum" = ["date", "latest"], "default" = "date"))]
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
    /// Access key ID; set it together with `secret_access_key`. Everest moves both into the Secret
    /// `credentials_secret_name`. Terraform also stores them in its state; use `access_key_id_wo`
    /// and `secret_access_key_wo` to avoid that.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub access_key_id: Field<Sensitive<String>>,

    /// Access key ID, write-only: sent when the database is created, and stored only in the Secret
    /// `credentials_secret_name`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    pub access_key_id_wo: Field<Sensitive<String>>,

    /// Name of the bucket.
    pub bucket: Field<String>,

    /// Name of the Secret, in the same namespace, with the bucket's
    /// credentials.
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

    /// Secret access key that belongs to `access_key_id`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub secret_access_key: Field<Sensitive<String>>,

    /// Secret access key that belongs to `access_key_id_wo`, write-only.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
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
