//! BackupStorage: a bucket that receives backups.

use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Field;
use crate::extensions::{optional_is_computed, secret_is_required};

/// Where a bucket is and how it is reached.
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

    /// Name of the bucket (of the container, for `azure`). Cannot be changed
    /// while the storage is in use.
    pub bucket: Field<String>,

    /// Name of the Secret, in the same namespace, with the credentials under
    /// the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`. Everest makes
    /// the storage its owner.
    // A model of the provider's leaves it out: the provider names the Secret itself.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-skip" = true))]
    pub credentials_secret_name: Field<String>,

    /// What the storage is for, for readers.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub description: Field<String>,

    /// URL of the endpoint, for storages other than Amazon's own.
    #[serde(
        rename = "endpointURL",
        default,
        skip_serializing_if = "Field::is_null"
    )]
    pub endpoint_url: Field<String>,

    /// Whether the bucket is part of the path instead of the host name, as
    /// many S3-compatible servers want it. Default `false`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("default" = false))]
    pub force_path_style: Field<bool>,

    /// Region of the bucket; `s3` needs it. Cannot be changed while the
    /// storage is in use.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    pub region: Field<String>,

    /// `s3`, for Amazon S3 and what speaks like it, or `azure`.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["s3", "azure"]))]
    pub type_: Field<String>,

    /// Whether the endpoint's TLS certificate is verified. Default `true`.
    #[serde(rename = "verifyTLS", default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("default" = true))]
    pub verify_tls: Field<bool>,
}

/// What Everest last saw of a backup storage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"inUse": false}))]
pub struct BackupStorageStatus {
    /// Whether a database, backup or restore refers to it; it cannot be
    /// deleted then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = false))]
    pub in_use: Option<bool>,
    /// The generation of the object that the operator last handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_observed_generation: Option<i64>,
    /// Left over from older versions of Everest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_namespaces: Option<BTreeMap<String, bool>>,
}
