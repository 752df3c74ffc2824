//! `everest_data_import_job`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Timeouts;
use crate::{Field, Sensitive, StringMap, facts};

/// One import of data, made outside Everest, into an existing database. The data in the database is
/// overwritten when the resource is created.
///
/// Everest runs the image of the DataImporter once, with the password of the database. The resource
/// is a record of that: destroying it does not undo the import, and it stays in the state even if
/// its object in the cluster is deleted. Destroying it while the import runs ends the import, and
/// the data of the database is incomplete then. To fill a new database, use `data_source` of
/// `everest_database`.
///
/// Set the keys of the bucket either with `access_key_id` and `secret_access_key` (stored in the
/// state) or with the `_wo` attributes (stored only in a Secret). They are sent once, when the
/// resource is created: a change of the keys alone imports nothing. Omit all of them if you create
/// the Secret another way. The Secret must have the name of the job and the keys
/// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`, and must exist before the job. Everest makes the
/// job its owner: the Secret is deleted with the job, whoever created it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = crate::extensions::since("1.8"))]
pub struct DataImportJobModel {
    /// Namespace of the database.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// Name of the database to import into.
    #[schemars(extend("x-force-new" = true))]
    pub database_name: Field<String>,

    /// Name of the job.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("at most 56 characters, not beginning with `data-import-`, as the imports of Everest itself do"))]
    pub name: Field<String>,

    /// Name of the DataImporter that runs the import.
    #[schemars(extend("x-force-new" = true))]
    pub data_importer_name: Field<String>,

    /// Location of the data.
    #[schemars(extend("x-force-new" = true))]
    pub source: Field<ImportSource>,

    /// Options of the importer, in the form that its DataImporter describes.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend(
        "type" = "object",
        "x-kubernetes-preserve-unknown-fields" = true,
        "x-dynamic" = true,
        "x-force-new" = true
    ))]
    pub config: Field<Value>,

    /// Access key ID. Stored in the state; use `access_key_id_wo` to avoid that.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::required_when("`secret_access_key` is set"))]
    pub access_key_id: Field<Sensitive<String>>,

    /// Secret access key. Stored in the state, as `access_key_id` is.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::required_when("`access_key_id` is set"))]
    pub secret_access_key: Field<Sensitive<String>>,

    /// Access key ID, write-only: stored only in the Secret.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    #[schemars(transform = facts::required_when("`secret_access_key_wo` is set"))]
    pub access_key_id_wo: Field<Sensitive<String>>,

    /// Secret access key, write-only: stored only in the Secret.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    #[schemars(transform = facts::required_when("`access_key_id_wo` is set"))]
    pub secret_access_key_wo: Field<Sensitive<String>>,

    /// Any values, whose change imports again. Setting the attribute for the first time, or
    /// removing it, does not.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-force-new" = true, "x-local" = true))]
    pub triggers: StringMap,

    /// Timeouts.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("12h", "12h", "30m"))]
    pub timeouts: Field<Timeouts>,

    /// State of the import: `Pending`, `Running`, `Succeeded`, `Failed`, or `Error` while it cannot
    /// begin and Everest tries again; null until Everest has handled the job.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub state: Field<String>,

    /// The last error that Everest reports; null if there is none.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub message: Field<String>,

    /// Name of the Kubernetes Job that runs the importer; its log is that of the import.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub job_name: Field<String>,

    /// Time at which the import began, in RFC 3339 format.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub started_at: Field<String>,

    /// Time at which the import was complete, in RFC 3339 format.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true, "x-semantic" = "timestamp"))]
    pub completed_at: Field<String>,

    /// Name of the Secret that holds the keys of the bucket.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub secret_name: Field<String>,
}

/// Location of the data of an import.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportSource {
    /// Path of the file or directory within the bucket.
    pub path: Field<String>,

    /// The bucket, in S3 or S3-compatible storage.
    pub s3: Field<ImportBucket>,
}

/// A bucket that data is imported from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ImportBucket {
    /// Name of the bucket.
    pub bucket: Field<String>,

    /// Region of the bucket.
    pub region: Field<String>,

    /// URL of the S3 endpoint.
    #[serde(rename = "endpointURL")]
    pub endpoint_url: Field<String>,

    /// If `true`, the bucket is part of the path instead of the host name.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("default" = false))]
    pub force_path_style: Field<bool>,

    /// If `false`, the endpoint's TLS certificate is not verified.
    #[serde(rename = "verifyTLS", default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("default" = true))]
    pub verify_tls: Field<bool>,
}
