//! `everest_backup_storage`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Timeouts;
use crate::everest::BackupStorageSpec;
use crate::{Field, Sensitive};

/// A bucket that receives the backups of the databases in its namespace.
///
/// Set credentials either with `access_key_id` and `secret_access_key` (stored
/// in the state) or with the `_wo` attributes (stored nowhere but in the
/// Secret). Omit all of them where something else makes the Secret: it has the
/// storage's name and the keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`,
/// must exist before the storage, and is not changed.
///
/// A plan looks at the metadata of the Secret, never at its values. If a Secret
/// with credentials of the configuration is gone, the apply writes them again.
/// Credentials in the state are also written again after somebody else has
/// changed them in the Secret.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupStorageModel {
    /// Namespace whose databases use the storage. A change replaces the
    /// storage.
    #[schemars(extend("x-force-new" = true))]
    pub namespace: Field<String>,

    /// Name of the storage: lowercase letters, digits and `-`, beginning with
    /// a letter. A change replaces the storage.
    #[schemars(extend("x-force-new" = true))]
    pub name: Field<String>,

    /// The spec of the BackupStorage.
    #[schemars(extend("x-inline" = true))]
    pub spec: Field<BackupStorageSpec>,

    /// Access key id. The state holds it; `access_key_id_wo` is not held.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub access_key_id: Field<Sensitive<String>>,

    /// Secret access key that belongs to `access_key_id`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub secret_access_key: Field<Sensitive<String>>,

    /// Access key id, write-only: sent to the Secret and held nowhere else.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    pub access_key_id_wo: Field<Sensitive<String>>,

    /// Secret access key that belongs to `access_key_id_wo`, write-only.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "x-write-only" = true))]
    pub secret_access_key_wo: Field<Sensitive<String>>,

    /// Any number; change it to have the write-only credentials sent again.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub credentials_wo_version: Field<i64>,

    /// Whether an apply also overwrites values of other field managers that
    /// the plan did not show: values that were set after the plan was made,
    /// for example. If `false`, such an apply fails, names the field manager,
    /// and writes nothing. A change that the plan shows is made in any case,
    /// with a warning that names the field manager. Default `false`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true, "default" = false))]
    pub force_conflicts: Field<bool>,

    /// How long operations may take; only destroying waits, for what uses the
    /// storage and is being destroyed as well. Default: delete `30m`.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-local" = true))]
    pub timeouts: Field<Timeouts>,

    /// Whether a database, backup or restore refers to the storage; it cannot
    /// be destroyed then.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub in_use: Field<bool>,

    /// Name of the Secret that holds the credentials.
    #[serde(default, skip_serializing_if = "Field::is_null")]
    #[schemars(extend("x-read-only" = true))]
    pub secret_name: Field<String>,
}
