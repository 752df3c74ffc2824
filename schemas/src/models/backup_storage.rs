//! `everest_backup_storage`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::BackupStorageSpec;
use crate::{Field, Sensitive, facts};

/// A bucket that receives the backups of the databases in its namespace.
///
/// Set credentials either with `access_key_id` and `secret_access_key` (stored in the state) or
/// with the `_wo` attributes (stored only in the Secret). Omit all of them if you create the Secret
/// another way. The Secret must have the storage's name and the keys `AWS_ACCESS_KEY_ID` and
/// `AWS_SECRET_ACCESS_KEY`, must exist before the storage, and is not changed by the provider.
///
/// A plan reads the metadata of the Secret, never its values. If a Secret with credentials from the
/// configuration was deleted, the apply creates it again. The apply also restores credentials from
/// the state if someone else changed them in the Secret.
///
/// Not every database gets changed credentials at once. For PostgreSQL, Everest copies them when it
/// next reconciles the database, for example after any change of it. MongoDB of a CR version before
/// 1.22 gets them only with other settings of the storage, and the upload of a MySQL database's log
/// only when its pod restarts. Keep the former credentials valid until then: the plan names these
/// databases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupStorageModel {
    /// Namespace whose databases use the storage.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// Name of the storage.
    #[schemars(extend("x-force-new" = true))]
    #[schemars(transform = facts::allowed("at most 22 characters: lowercase letters, digits and `-`, beginning with a letter"))]
    pub name: Field<String>,

    /// The spec of the BackupStorage.
    #[schemars(extend("x-inline" = true))]
    pub spec: Field<BackupStorageSpec>,

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

    /// Version of the write-only credentials. Increase this number to send changed credentials.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::required_when("the write-only credentials are set"))]
    pub credentials_wo_version: Field<i64>,

    /// If `true`, an apply also overwrites values of other field managers that the plan did not
    /// show.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub force_conflicts: Field<bool>,

    /// Timeouts. Only destroying waits: for objects that use the storage and are being destroyed
    /// too.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    #[schemars(transform = facts::timeouts("5m", "5m", "30m"))]
    pub timeouts: Field<Timeouts>,

    /// `true` while a database, backup or restore refers to the storage. It cannot be destroyed
    /// then.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub in_use: Field<bool>,

    /// Name of the Secret that holds the credentials.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub secret_name: Field<String>,
}
