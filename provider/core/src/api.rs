//! The names with which Everest addresses and marks its objects, and the names of our own marks.

/// API group of Everest's custom resources.
pub const GROUP: &str = "everest.percona.com";

/// API version of Everest's custom resources.
pub const API_VERSION: &str = "everest.percona.com/v1alpha1";

/// API group of the objects that features of engines refer to.
pub const ENGINE_FEATURES_GROUP: &str = "enginefeatures.everest.percona.com";

/// API version of the objects that features of engines refer to.
pub const ENGINE_FEATURES_API_VERSION: &str = "enginefeatures.everest.percona.com/v1alpha1";

/// Annotation that makes everest-operator stop and start a database once.
pub const RESTART: &str = "everest.percona.com/restart";

/// Annotation that pauses Everest's reconciliation of a database.
pub const RECONCILE_PAUSED: &str = "everest.percona.com/reconcile-paused";

/// Annotation on a DatabaseEngine while its operator is being upgraded.
pub const UPGRADE_LOCK: &str = "everest.percona.com/upgrade-lock";

/// Label that links backups and restores to their database. Everest adds it, in older versions only
/// to objects without labels.
pub const CLUSTER_NAME_LABEL: &str = "clusterName";

/// Label that makes Everest manage the databases of a namespace.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";

/// Its value.
pub const MANAGED_BY: &str = "everest";

/// Name of the OperatorGroup in every namespace for databases.
pub const OPERATOR_GROUP: &str = "everest-databases";

/// Everest's finalizer on objects that others refer to. It is taken off some time after the last
/// user is gone, but not from a storage that is being deleted.
pub const IN_USE: &str = "everest.percona.com/in-use-protection";

/// Finalizer on the objects that Everest ships: they are neither changed nor deleted.
pub const READ_ONLY: &str = "everest.percona.com/readonly-protection";

/// Finalizer that makes Everest leave the bucket alone when a backup goes.
pub const STORAGE_PROTECTION: &str = "everest.percona.com/dbb-storage-protection";

/// Finalizer of the operators of PXC and MongoDB on their own backups.
pub const RELEASE_LOCK: &str = "internal.percona.com/release-lock";

/// Annotation on a Secret that this provider filled from another Secret: UID and resource version
/// of the other Secret.
pub const FILLED_FROM: &str = "everest.openeverest.io/filled-from";

/// Our annotation on a Secret whose content Everest tries when the object that reads it changes, and
/// on that object: the last write of the Secret. Where they differ, Everest has not accepted the
/// content.
pub const SECRET_VERSION: &str = "everest.openeverest.io/secret-version";

/// Our annotation on the Secret with a database's users: the version of the passwords that were
/// last written into it.
pub const USERS_VERSION: &str = "everest.openeverest.io/users-version";

/// Our annotation on a new object that may not be in any state yet: a digest of the written body.
/// An apply that would write the same body adopts the object. The process that created the object
/// removes the annotation; if that process was killed, the next apply of the state with the object
/// does.
pub const CREATED_BY_APPLY: &str = "everest.openeverest.io/created-by-apply";

/// Our annotation with the trigger of the last restart of a database.
pub const RESTARTED_FOR: &str = "everest.openeverest.io/restarted-for";

/// Our annotation on a final backup with the UID of its database.
pub const FINAL_BACKUP_OF: &str = "everest.openeverest.io/final-backup-of";

/// Our annotation on a DatabaseEngine whose allowed versions we have set: those that were allowed
/// before, as a JSON list. An empty list means all.
pub const ALLOWED_BEFORE: &str = "everest.openeverest.io/allowed-versions-before";

/// Our annotation on an external object of Crossplane: UID, namespace and name of the managed
/// resource that holds the object.
pub const HELD_BY: &str = "everest.openeverest.io/held-by";
