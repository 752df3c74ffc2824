//! The names by which Everest addresses and marks its objects, and those by which we mark them.

/// API group of Everest's custom resources.
pub const GROUP: &str = "everest.percona.com";

/// API version of Everest's custom resources.
pub const API_VERSION: &str = "everest.percona.com/v1alpha1";

/// Annotation that makes everest-operator stop and start a database once.
pub const RESTART: &str = "everest.percona.com/restart";

/// Annotation that freezes Everest's work on a database.
pub const RECONCILE_PAUSED: &str = "everest.percona.com/reconcile-paused";

/// Annotation on a DatabaseEngine while its operator is being upgraded.
pub const UPGRADE_LOCK: &str = "everest.percona.com/upgrade-lock";

/// Label that ties backups and restores to their database. Everest adds it,
/// in older versions only to objects without labels.
pub const CLUSTER_NAME_LABEL: &str = "clusterName";

/// Label that makes Everest treat a namespace as one for databases.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";

/// Its value.
pub const MANAGED_BY: &str = "everest";

/// Name of the OperatorGroup in every namespace for databases.
pub const OPERATOR_GROUP: &str = "everest-databases";

/// Everest's finalizer on objects that others refer to. It is taken off some time after the last
/// user is gone, but not from a storage that is being deleted.
pub const IN_USE: &str = "everest.percona.com/in-use-protection";

/// Finalizer that makes Everest leave the bucket alone when a backup goes.
pub const STORAGE_PROTECTION: &str = "everest.percona.com/dbb-storage-protection";

/// Annotation on a Secret that this provider has filled from another one: UID and resource version
/// of that one.
pub const FILLED_FROM: &str = "everest.openeverest.io/filled-from";

/// Our annotation on an object that was made and that no state may hold yet: a digest of what was
/// written. Whoever would write the same goes on with it. The process that made the object takes
/// it off, or, where that process was killed, the next apply of the state that holds the object.
pub const CREATED_BY_APPLY: &str = "everest.openeverest.io/created-by-apply";

/// Our annotation with the trigger that a database was last restarted for.
pub const RESTARTED_FOR: &str = "everest.openeverest.io/restarted-for";

/// Our annotation on a final backup with the UID of its database.
pub const FINAL_BACKUP_OF: &str = "everest.openeverest.io/final-backup-of";
