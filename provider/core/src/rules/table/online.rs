//! Rules that need the cluster.

use everest_schemas::Engine;

use super::{ALL, BOTH, CREATE, ONLINE, UPDATE};
use crate::Operation;
use crate::rules::Rule;

const PSMDB: &[Engine] = &[Engine::Psmdb];

const fn rule(
    id: &'static str,
    operations: &'static [Operation],
    source: &'static str,
    sentence: &'static str,
    advice: &'static str,
) -> Rule {
    Rule {
        id,
        sentence,
        advice,
        engines: ALL,
        operations,
        checked: ONLINE,
        source,
    }
}

pub(in crate::rules) const NAMESPACE_SERVED: Rule = rule(
    "namespace-served",
    BOTH,
    "everest-operator: --namespace-label-filter",
    "Everest runs databases only in namespaces that carry its label app.kubernetes.io/managed-by=everest; elsewhere nothing happens to a database.",
    "Make the namespace with {a DatabaseNamespace}, or take an existing one over with {takeOwnership = true}.",
);

pub(in crate::rules) const UPGRADE_LOCK: Rule = rule(
    "upgrade-lock",
    BOTH,
    "everest: internal/server/middlewares.go",
    "While the operator of an engine is being upgraded, Everest refuses every change in its namespace.",
    "Make the change when the upgrade is over; one before that waits for it.",
);

pub(in crate::rules) const ENGINE_INSTALLED: Rule = rule(
    "engine-installed",
    BOTH,
    "everest-operator: DatabaseCluster defaulting webhook",
    "A database needs the operator of its engine installed in its namespace, with versions to choose from.",
    "Add the engine to {engines} of the {DatabaseNamespace}.",
);

pub(in crate::rules) const VERSION_OFFERED: Rule = rule(
    "version-offered",
    BOTH,
    "everest-operator: DatabaseCluster webhook, validateEngineVersion",
    "An engine runs in one of the versions that its operator offers; Everest checks that at every change of a database, whatever is changed.",
    "Write one of them; a new database that leaves the version out gets the best one.",
);

pub(in crate::rules) const VERSION_ALLOWED: Rule = rule(
    "version-allowed",
    BOTH,
    "everest: validation/database_cluster.go, allowedVersions",
    "Where the namespace's DatabaseEngine lists allowedVersions, databases run in one of those.",
    "Write an allowed version, or have spec.allowedVersions of the DatabaseEngine extended.",
);

pub(in crate::rules) const VERSION_RECOMMENDED: Rule = rule(
    "version-recommended",
    BOTH,
    "everest-operator: version service, status of a version",
    "The version works, but its operator recommends others.",
    "Take a recommended version unless you need this one.",
);

pub(in crate::rules) const STORAGE_EXISTS: Rule = rule(
    "backup-storage-exists",
    BOTH,
    "everest-operator: BackupStorage references",
    "Backups are written to and read from a backup storage of the database's own namespace.",
    "Name an existing storage, or make it with {a BackupStorage}.",
);

pub(in crate::rules) const MONITORING_EXISTS: Rule = rule(
    "monitoring-config-exists",
    BOTH,
    "everest-operator: MonitoringConfig references",
    "Monitoring needs a MonitoringConfig of the database's own namespace; without it the database is never brought up to date.",
    "Name an existing one, make it with {a MonitoringConfig}, or remove monitoring.",
);

pub(in crate::rules) const POLICY_EXISTS: Rule = rule(
    "pod-scheduling-policy-exists",
    BOTH,
    "everest: validation/database_cluster.go, podSchedulingPolicy",
    "A database that names a PodSchedulingPolicy is only brought up to date if the policy exists.",
    "Name an existing policy, or remove {podSchedulingPolicyName}.",
);

pub(in crate::rules) const POLICY_APPLIES: Rule = rule(
    "pod-scheduling-policy-applies",
    BOTH,
    "everest: validation/database_cluster.go, podSchedulingPolicy",
    "A PodSchedulingPolicy is for one engine, and has affinity for the pods of that engine.",
    "Name a policy of the database's engine.",
);

pub(in crate::rules) const LOAD_BALANCER_CONFIG_EXISTS: Rule = rule(
    "load-balancer-config-exists",
    BOTH,
    "everest-operator: DatabaseCluster webhook",
    "The load balancer configuration that a database names must exist.",
    "Name an existing LoadBalancerConfig, or remove {.loadBalancerConfigName}.",
);

pub(in crate::rules) const SPLIT_HORIZON_EXISTS: Rule = Rule {
    engines: PSMDB,
    ..rule(
        "split-horizon-exists",
        CREATE,
        "everest-operator: DatabaseCluster webhook",
        "The SplitHorizonDNSConfig that a database names must exist in its namespace.",
        "Name an existing one, or remove {engineFeatures}.",
    )
};

pub(in crate::rules) const STORAGE_CLASS_EXISTS: Rule = rule(
    "storage-class-exists",
    BOTH,
    "Kubernetes: dynamic provisioning",
    "Volumes are made by a storage class of the cluster; without it pods wait for their volumes for ever, unless somebody makes volumes of that class by hand.",
    "Name an existing storage class, or leave {.class} out for the default one.",
);

pub(in crate::rules) const STORAGE_CLASS_DEFAULT: Rule = rule(
    "storage-class-default",
    CREATE,
    "Kubernetes: dynamic provisioning",
    "A volume whose storage class is not named needs a default storage class, and the cluster has none.",
    "Set {engine.storage.class}, or mark a storage class as the default.",
);

pub(in crate::rules) const STORAGE_GROWS: Rule = rule(
    "storage-grows",
    UPDATE,
    "everest-operator: condition CannotResizeVolume, StorageClassDoesNotSupportExpansion",
    "Volumes grow only if their storage class has allowVolumeExpansion; otherwise Everest takes the new size and the volumes stay as they are.",
    "Write the former size again, or allow expansion in the storage class.",
);

pub(in crate::rules) const DATABASE_BUSY: Rule = rule(
    "database-busy",
    UPDATE,
    "everest: validation/database_cluster.go, isDatabaseClusterUpdateAllowed",
    "Everest allows no change of a database while it is being restored, upgraded, resized or deleted.",
    "Make the change when that is over; one before that waits for it, and fails if the database is deleted.",
);

pub(in crate::rules) const SECRET_EXISTS: Rule = rule(
    "secret-exists",
    CREATE,
    "everest-operator: DatabaseCluster webhook",
    "A Secret that a new database names must exist in its namespace.",
    "Create the Secret first, or leave the name out: Everest makes one.",
);

pub(in crate::rules) const IMPORTER_EXISTS: Rule = rule(
    "data-importer-exists",
    CREATE,
    "everest-operator: DatabaseCluster webhook",
    "An import is done by a DataImporter of the cluster.",
    "Name an existing DataImporter.",
);

pub(in crate::rules) const IMPORTER_APPLIES: Rule = rule(
    "data-importer-applies",
    CREATE,
    "everest-operator: DatabaseCluster webhook, DataImporter constraints",
    "A DataImporter fills databases of the engines that it supports, and requires some fields to be set.",
    "Name a DataImporter of the database's engine, and set the fields that it requires.",
);

pub(in crate::rules) const IMPORT_CONFIG: Rule = rule(
    "data-import-config",
    CREATE,
    "everest-operator: DatabaseCluster webhook, DataImporter spec.config.openAPIV3Schema",
    "A DataImporter says by a schema which options an import may carry.",
    "Correct {.config} by the schema in spec.config.openAPIV3Schema of the DataImporter.",
);

pub(in crate::rules) const SOURCE_BACKUP: Rule = rule(
    "source-backup",
    CREATE,
    "everest-operator: DatabaseClusterRestore webhook, users.go",
    "Data is restored from a backup of the same namespace and of the same engine that has succeeded and is not being deleted; by its name only while the database that it was taken of exists.",
    "Name such a backup, or name its place in the storage by {.backupSource}.",
);

pub(in crate::rules) const DATABASE_EXISTS: Rule = rule(
    "database-exists",
    CREATE,
    "everest-operator: DatabaseClusterBackup and DatabaseClusterRestore webhooks",
    "Backups are taken of, and restored into, a database that exists in the same namespace and is not being deleted.",
    "Name an existing database, or make it with {a Database}.",
);

pub(in crate::rules) const BACKUP_RUNNING: Rule = rule(
    "backup-running",
    CREATE,
    "everest: k8s/database_cluster_backup.go",
    "Everest takes one backup of a database at a time.",
    "Take it when the other one is over; one that is asked for before that waits for it.",
);

pub(in crate::rules) const RESTORE_ALLOWED: Rule = rule(
    "restore-allowed",
    CREATE,
    "everest-operator: DatabaseClusterRestore webhook",
    "A database cannot be restored while it is being created, paused, restored, upgraded, resized, filled by an import or deleted.",
    "Restore it when it is ready.",
);

pub(in crate::rules) const BUCKET_ONCE: Rule = rule(
    "bucket-once",
    BOTH,
    "everest: validation/backup_storage.go",
    "No two backup storages of a namespace are the same bucket at the same endpoint in the same region.",
    "Use the existing storage, or another bucket.",
);

pub(in crate::rules) const STORAGE_UNUSED: Rule = rule(
    "backup-storage-unused",
    UPDATE,
    "everest: validation/backup_storage.go, in-use finalizer",
    "A backup storage is not destroyed while databases, backups or restores use it.",
    "Take it out of the databases' schedules and delete its backups first; if that is being done at the same time, this can be ignored.",
);

pub(in crate::rules) const MONITORING_UNUSED: Rule = rule(
    "monitoring-config-unused",
    UPDATE,
    "everest: k8s/monitoring_instance.go, in-use finalizer",
    "A monitoring configuration is not destroyed while databases report to it.",
    "Take it out of {monitoring} of those databases first; if that is being done at the same time, this can be ignored.",
);

pub(in crate::rules) const ENGINE_UNUSED: Rule = rule(
    "engine-unused",
    UPDATE,
    "everest: pkg/cli/namespaces/remove.go",
    "The operator of an engine is not taken out of a namespace while it runs databases there.",
    "Destroy or move those databases first.",
);

pub(in crate::rules) const OPERATOR_UPGRADE_READY: Rule = rule(
    "operator-upgrade-ready",
    BOTH,
    "everest: k8s/database_engine.go, upgrade plan",
    "Before the operator of an engine is upgraded, each of its databases has to be ready, to have taken over the version of the operator that runs now, and to be in a version that the new operator runs.",
    "Set {engine.crVersion} of those databases to \"recommended\" and raise {engine.version} where it is too old, wait until they are ready, and upgrade then.",
);

pub(in crate::rules) const OPERATOR_UPGRADE_ALONE: Rule = rule(
    "operator-upgrade-alone",
    BOTH,
    "OLM: one InstallPlan for the Subscriptions of a namespace",
    "OLM may put the operators of several engines into one install plan, and approving it upgrades all of them, so it is approved only if each was asked for.",
    "Ask for all of them, or leave the version of this one as it is.",
);

pub(in crate::rules) const OPERATOR_APPROVAL: Rule = rule(
    "operator-approval",
    CREATE,
    "OLM: installPlanApproval of a Subscription",
    "Operators are upgraded only when a version is asked for, but a Subscription that was there before keeps its own setting: where every Subscription of a namespace says Automatic, OLM upgrades by itself.",
    "Set spec.installPlanApproval of that Subscription to Manual, unless it is meant to upgrade the operator by itself.",
);

pub(in crate::rules) const NAMESPACE_EMPTY: Rule = rule(
    "namespace-empty",
    UPDATE,
    "everest: pkg/cli/namespaces/remove.go",
    "A namespace is not destroyed while there are databases in it.",
    "Destroy them first, or set {forceDestroy = true} and let that take effect; if they are being destroyed at the same time, this can be ignored.",
);
