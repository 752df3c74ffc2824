//! What everest-operator does, one controller a file.

pub mod backup;
pub mod backup_storage;
pub mod data_import_job;
pub mod data_source;
pub mod database_cluster;
pub mod database_engine;
pub mod deletion;
pub mod engine_object;
pub mod in_use;
pub mod known_members;
pub mod namespace;
pub mod restore;
pub mod scheduled_backup;
pub mod split_horizon;
pub mod status;
pub mod user_interface;
pub mod write_back;

/// Finalizer that keeps a database until its engine's objects are gone.
pub const UPSTREAM_CLEANUP: &str = "everest.percona.com/upstream-cluster-cleanup";
/// Finalizer that makes the garbage collector delete dependents first.
pub const FOREGROUND: &str = "foregroundDeletion";
/// Finalizer on what something else uses.
pub const IN_USE: &str = "everest.percona.com/in-use-protection";
/// Finalizer that keeps a backup's data when the object goes.
pub const STORAGE_PROTECTION: &str = "everest.percona.com/dbb-storage-protection";
/// Finalizer on what Everest ships.
pub const READ_ONLY: &str = "everest.percona.com/readonly-protection";
/// Annotation that stops and starts a database.
pub const RESTART: &str = "everest.percona.com/restart";
/// Annotation that freezes the reconciliation of a database.
pub const RECONCILE_PAUSED: &str = "everest.percona.com/reconcile-paused";
/// Annotation that blocks writes while engine operators are upgraded.
pub const UPGRADE_LOCK: &str = "everest.percona.com/upgrade-lock";
/// Label that names the database an object belongs to.
pub const CLUSTER_NAME: &str = "clusterName";
