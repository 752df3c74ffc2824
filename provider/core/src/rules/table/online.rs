//! Rules that need the cluster.

use everest_schemas::Engine;

use super::{ALL, BOTH, CREATE, ONLINE, UPDATE};
use crate::Operation;
use crate::rules::{Awaited, Rule};

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
    "Everest runs databases only in namespaces with the label \
     app.kubernetes.io/managed-by=everest; in other namespaces it ignores them.",
    "Create the namespace with {a DatabaseNamespace}, or adopt an existing namespace with \
     {takeOwnership = true}.",
);

/// Rules about objects that somebody may still create, each with the kind of the object: until
/// then, a change can wait.
pub(in crate::rules) const AWAITED: [(&Rule, Awaited); 10] = [
    (&NAMESPACE_SERVED, Awaited::Namespace),
    (&ENGINE_INSTALLED, Awaited::Engine),
    (&STORAGE_EXISTS, Awaited::Storage),
    (&MONITORING_EXISTS, Awaited::MonitoringConfig),
    (&DATABASE_EXISTS, Awaited::Database),
    (&POLICY_EXISTS, Awaited::Other),
    (&LOAD_BALANCER_CONFIG_EXISTS, Awaited::Other),
    (&SPLIT_HORIZON_EXISTS, Awaited::Other),
    (&SECRET_EXISTS, Awaited::Other),
    (&IMPORTER_EXISTS, Awaited::Other),
];

pub(in crate::rules) const UPGRADE_LOCK: Rule = rule(
    "upgrade-lock",
    BOTH,
    "everest: internal/server/middlewares.go",
    "While the operator of an engine is being upgraded, Everest refuses every change in its namespace.",
    "Make the change after the upgrade; a change made before waits for it.",
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
    "The version of an engine must be one that its operator offers. Everest checks this at every \
     change of a database, whatever the change is.",
    "Set one of them; a new database without a version gets the recommended one.",
);

pub(in crate::rules) const VERSION_ALLOWED: Rule = rule(
    "version-allowed",
    BOTH,
    "everest: validation/database_cluster.go, allowedVersions",
    "If the namespace's DatabaseEngine lists allowedVersions, databases must use one of them.",
    "Set an allowed version, or extend the list: with an {EngineVersionPolicy}, or in \
     spec.allowedVersions of the DatabaseEngine.",
);

pub(in crate::rules) const VERSION_RECOMMENDED: Rule = rule(
    "version-recommended",
    BOTH,
    "everest-operator: version service, status of a version",
    "The version works, but the operator recommends others.",
    "Use a recommended version unless you need this one.",
);

pub(in crate::rules) const STORAGE_EXISTS: Rule = rule(
    "backup-storage-exists",
    BOTH,
    "everest-operator: BackupStorage references",
    "Backups need a backup storage in the database's namespace.",
    "Name an existing storage, or create it with {a BackupStorage}.",
);

pub(in crate::rules) const MONITORING_EXISTS: Rule = rule(
    "monitoring-config-exists",
    BOTH,
    "everest-operator: MonitoringConfig references",
    "Monitoring needs a MonitoringConfig in the database's namespace; without it, Everest makes no \
     change to the database.",
    "Name an existing one, create it with {a MonitoringConfig}, or remove monitoring.",
);

pub(in crate::rules) const POLICY_EXISTS: Rule = rule(
    "pod-scheduling-policy-exists",
    BOTH,
    "everest: validation/database_cluster.go, podSchedulingPolicy",
    "A database can name only an existing PodSchedulingPolicy; otherwise Everest makes no change \
     to the database.",
    "Name an existing policy, or remove {podSchedulingPolicyName}.",
);

pub(in crate::rules) const POLICY_APPLIES: Rule = rule(
    "pod-scheduling-policy-applies",
    BOTH,
    "everest: validation/database_cluster.go, podSchedulingPolicy",
    "A PodSchedulingPolicy is for one engine and must define affinity for that engine's pods.",
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
        "Name an existing one, create it with {a SplitHorizonDNSConfig}, or remove {engineFeatures}.",
    )
};

pub(in crate::rules) const STORAGE_CLASS_EXISTS: Rule = rule(
    "storage-class-exists",
    BOTH,
    "Kubernetes: dynamic provisioning",
    "Volumes need a storage class that exists in the cluster; without it, pods wait forever for \
     their volumes, unless someone creates volumes of that class by hand.",
    "Name an existing storage class, or omit {.class} to use the default class.",
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
    "Volumes grow only if their storage class has allowVolumeExpansion; otherwise Everest accepts \
     the new size but the volumes keep theirs.",
    "Restore the previous size, or allow expansion in the storage class.",
);

pub(in crate::rules) const DATABASE_BUSY: Rule = rule(
    "database-busy",
    UPDATE,
    "everest: validation/database_cluster.go, isDatabaseClusterUpdateAllowed",
    "Everest allows no change of a database while it is being restored, upgraded, resized or deleted.",
    "Make the change afterwards; a change made before waits, and fails if the database is deleted.",
);

pub(in crate::rules) const SECRET_EXISTS: Rule = rule(
    "secret-exists",
    CREATE,
    "everest-operator: DatabaseCluster webhook",
    "A Secret that a new database names must exist in its namespace.",
    "Create the Secret first, or omit the name: Everest then creates a Secret.",
);

pub(in crate::rules) const IMPORTER_EXISTS: Rule = rule(
    "data-importer-exists",
    CREATE,
    "everest-operator: DatabaseCluster webhook",
    "An import needs a DataImporter that exists in the cluster.",
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
    "The schema of a DataImporter defines the options of an import. For a new database, Everest \
     allows no options beside those of the schema, and none if there is no schema. If there is one, \
     Everest's webhook fails without options.",
    "Change {.config} to match the schema in spec.config.openAPIV3Schema of the DataImporter. Omit \
     it if there is no schema; write an empty map if there is one and no option is needed.",
);

pub(in crate::rules) const SOURCE_BACKUP: Rule = rule(
    "source-backup",
    CREATE,
    "everest-operator: DatabaseClusterRestore webhook, users.go",
    "A restore needs a successful backup of the same engine in the same namespace that is not \
     being deleted. A restore by name also needs the database that the backup was taken of.",
    "Name such a backup. One without an object is named by its path in {.backupSource}, except for a \
     new PostgreSQL database.",
);

pub(in crate::rules) const DATABASE_EXISTS: Rule = rule(
    "database-exists",
    CREATE,
    "everest-operator: DatabaseClusterBackup and DatabaseClusterRestore webhooks",
    "Backups, restores and imports need an existing database in the same namespace that is not \
     being deleted.",
    "Name an existing database, or create it with {a Database}.",
);

pub(in crate::rules) const BACKUP_RUNNING: Rule = rule(
    "backup-running",
    CREATE,
    "everest: k8s/database_cluster_backup.go",
    "Everest takes one backup of a database at a time.",
    "Take the backup after the other one; a backup requested before waits for it.",
);

pub(in crate::rules) const RESTORE_ALLOWED: Rule = rule(
    "restore-allowed",
    CREATE,
    "everest-operator: DatabaseClusterRestore webhook",
    "A database cannot be restored while it is paused or being created, restored, upgraded, \
     resized, filled by an import or deleted.",
    "Restore it when it is ready.",
);

pub(in crate::rules) const BUCKET_ONCE: Rule = rule(
    "bucket-once",
    BOTH,
    "everest: validation/backup_storage.go",
    "Two backup storages in a namespace cannot use the same bucket at the same endpoint in the \
     same region.",
    "Use the existing storage, or another bucket.",
);

pub(in crate::rules) const STORAGE_UNUSED: Rule = rule(
    "backup-storage-unused",
    UPDATE,
    "everest: validation/backup_storage.go, in-use finalizer",
    "A backup storage is not destroyed while databases, backups or restores use it.",
    "Remove the storage from the databases' schedules and delete its backups first. If the same \
     change of your configuration does that, you can ignore this.",
);

pub(in crate::rules) const MONITORING_UNUSED: Rule = rule(
    "monitoring-config-unused",
    UPDATE,
    "everest: k8s/monitoring_instance.go, in-use finalizer",
    "A monitoring configuration is not destroyed while databases report to it.",
    "Remove it from {monitoring} of those databases first. If the same change of your \
     configuration does that, you can ignore this.",
);

pub(in crate::rules) const CREDENTIALS_REACH: Rule = rule(
    "credentials-reach",
    UPDATE,
    "everest-operator: databasecluster_controller.go, providers/pg/applier.go; \
     percona-server-mongodb-operator: pbm.go; percona-xtradb-cluster-operator: binlog-collector.go",
    "Everest does not watch the Secrets with the API keys of monitoring servers and the keys of \
     buckets. Databases that report to the server, and PostgreSQL databases that back up to the \
     bucket, get changed credentials only when Everest next reconciles them. A MongoDB database of \
     a CR version before 1.22 gets them only with a change of its storage's other settings, and \
     the upload of a MySQL database's log only when its pod restarts.",
    "Keep the former credentials valid until then. Everest reconciles a database as soon as it \
     changes, for example by kubectl annotate databasecluster NAME --namespace NAMESPACE \
     rotated=1 --overwrite. A changed API key may restart its pods. For MySQL, run kubectl rollout \
     restart deployment NAME-pitr --namespace NAMESPACE. For MongoDB, update its CR version first.",
);

pub(in crate::rules) const ENGINE_UNUSED: Rule = rule(
    "engine-unused",
    UPDATE,
    "everest: pkg/cli/namespaces/remove.go",
    "The operator of an engine is not removed from a namespace while it runs databases there.",
    "Destroy or move those databases first.",
);

pub(in crate::rules) const OPERATOR_UPGRADE_READY: Rule = rule(
    "operator-upgrade-ready",
    BOTH,
    "everest: k8s/database_engine.go, upgrade plan",
    "Before the operator of an engine is upgraded, each of its databases must be ready or paused, \
     and must have the CR version of the installed operator. Each must also have an engine version \
     that the new operator supports: of another one, Everest accepts no change any more, not even \
     the removal of a finalizer, and an operator never goes back to an older version. The provider \
     sends no requests beyond the cluster. It knows the supported versions only if the new \
     operator already runs in another namespace; otherwise it warns and names the page that \
     lists them.",
    "Set {engine.crVersion} of those databases to \"recommended\", raise {engine.version} if it is \
     too old, wait until they are ready, and then upgrade.",
);

pub(in crate::rules) const OPERATOR_UPGRADE_ALONE: Rule = rule(
    "operator-upgrade-alone",
    BOTH,
    "OLM: one InstallPlan for the Subscriptions of a namespace",
    "OLM may put the operators of several engines into one install plan, which upgrades all of \
     them. The install plan for an added engine contains every upgrade that is pending in the \
     namespace. The provider approves an install plan only if the configuration asks for all that \
     is in it.",
    "Set the versions of all of them, or restore the previous version of this one. Add an engine \
     after the upgrade of the others.",
);

pub(in crate::rules) const OPERATOR_APPROVAL: Rule = rule(
    "operator-approval",
    CREATE,
    "OLM: installPlanApproval of a Subscription",
    "The provider upgrades operators only if the configuration asks for it. But an existing \
     Subscription keeps its own setting: if every Subscription of a namespace is Automatic, OLM \
     upgrades on its own.",
    "Set spec.installPlanApproval of that Subscription to Manual, unless you want OLM to upgrade \
     the operator on its own.",
);

pub(in crate::rules) const NAMESPACE_EMPTY: Rule = rule(
    "namespace-empty",
    UPDATE,
    "everest: pkg/cli/namespaces/remove.go",
    "A namespace is not destroyed while there are databases in it.",
    "Destroy them first, or set {forceDestroy = true} and let that take effect. If the same change \
     of your configuration destroys them, you can ignore this.",
);
