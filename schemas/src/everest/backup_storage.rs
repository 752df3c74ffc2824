//! BackupStorage: a bucket that receives backups.

use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::extensions::{optional_is_computed, secret_is_required};
use crate::{Field, facts};

/// Location of a bucket and how to connect to it.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "everest.percona.com",
    version = "v1alpha1",
    kind = "BackupStorage",
    plural = "backupstorages",
    status = "BackupStorageStatus",
    namespaced,
    doc = "A bucket that receives the backups of the databases in its namespace.",
    derive = "Default",
    derive = "PartialEq"
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = optional_is_computed)]
#[schemars(transform = secret_is_required)]
pub struct BackupStorageSpec {
    /// Namespaces that the credentials were copied to. Deprecated: a storage
    /// serves its own namespace only.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("deprecated" = true, "x-skip" = true))]
    pub allowed_namespaces: Field<Vec<Field<String>>>,

    /// Name of the bucket, or of the container.
    #[schemars(transform = facts::allowed("3 to 63 lowercase letters, digits, `-` and `.`"))]
    pub bucket: Field<String>,

    /// Name of the Secret, in the same namespace, with the credentials under the keys
    /// `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. Everest makes the storage the owner of the
    /// Secret.
    // A model of the provider's leaves it out: the provider names the Secret itself.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-skip" = true))]
    pub credentials_secret_name: Field<String>,

    /// Description of the storage, for people.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub description: Field<String>,

    /// URL of the endpoint.
    #[serde(
        rename = "endpointURL",
        default,
        skip_serializing_if = "Field::is_null"
    )]
    #[schemars(transform = facts::required_when("the bucket is in S3-compatible storage other than Amazon S3"))]
    #[schemars(transform = facts::omitted("the endpoint of Amazon S3 or of Azure"))]
    pub endpoint_url: Field<String>,

    /// If `true`, the bucket is part of the path instead of the host name; many S3-compatible
    /// servers require this.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("default" = false))]
    pub force_path_style: Field<bool>,

    /// Region of the bucket.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(transform = facts::required_when("`type` is `s3`"))]
    pub region: Field<String>,

    /// Kind of the storage.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["s3", "azure"]))]
    #[schemars(transform = facts::allowed("`s3`, for Amazon S3 or S3-compatible storage, or `azure`"))]
    pub type_: Field<String>,

    /// If `false`, the endpoint's TLS certificate is not verified. Everest 1.12 and older do not verify
    /// it for the backup schedules of PostgreSQL databases, whatever is set.
    #[serde(rename = "verifyTLS", default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("default" = true))]
    pub verify_tls: Field<bool>,
}

/// Status of a backup storage, reported by Everest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"inUse": false}))]
pub struct BackupStorageStatus {
    /// `true` while a database, backup or restore refers to the storage. It cannot be deleted then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub in_use: Option<bool>,
    /// The last generation of the object that the operator handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_observed_generation: Option<i64>,
    /// Left over from older versions of Everest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_namespaces: Option<BTreeMap<String, bool>>,
}
