//! Rules for a database's engine, proxy, sharding and versions.

use everest_schemas::Engine;

use super::{
    ALL, ALONE, ALONE_AND_ONLINE, BOTH, CHANGE, CHANGE_AND_ONLINE, CREATE, ONLINE, UPDATE,
};
use crate::rules::Rule;

pub(in crate::rules) const RESTART_RUNNING: Rule = Rule {
    id: "restart-running",
    sentence: "Only a running database can be restarted: a restart would start a paused database.",
    advice: "Set {paused = false}, which starts the database, or restore the previous \
             {restartTrigger}.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest-operator: annotation restart",
};

pub(in crate::rules) const FINAL_BACKUP_RUNNING: Rule = Rule {
    id: "final-backup-running",
    sentence: "Only a running database can be backed up.",
    advice: "{:deletePaused}",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE_AND_ONLINE,
    source: "everest-operator: DatabaseClusterBackup, states of the engine",
};

pub(in crate::rules) const FINAL_BACKUP_STORAGE: Rule = Rule {
    id: "final-backup-storage",
    sentence: "The final backup needs a backup storage in the database's namespace.",
    advice: "Name an existing storage.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: BackupStorage references",
};

pub(in crate::rules) const PSMDB_LOCKED_BACKUPS: Rule = Rule {
    id: "psmdb-locked-backups",
    sentence: "Everest deletes the backups of a database with it, and MongoDB's operator (1.20 and \
               newer) lets go of a backup only while a member of the database runs. So a paused \
               database that has backups cannot be deleted.",
    advice: "{:startFirst}.",
    engines: &[Engine::Psmdb],
    operations: UPDATE,
    checked: ONLINE,
    source: "percona-server-mongodb-operator: pkg/controller/perconaservermongodbbackup, \
             checkFinalizers; everest-operator: common/helper.go, HandleUpstreamClusterCleanup",
};

pub(in crate::rules) const USERS_ENGINE: Rule = Rule {
    id: "users-engine",
    sentence: "PostgreSQL's operator keeps its own passwords: it does not take those of a Secret \
               (K8SPG-570).",
    advice: "Omit {usersWo}. The operator creates the user postgres with a generated password; \
             create other users in the database.",
    engines: &[Engine::Postgresql],
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: internal/controller/everest/users.go",
};

pub(in crate::rules) const USERS_KEYS: Rule = Rule {
    id: "users-keys",
    sentence: "An engine's operator reads only the keys of its own users.",
    advice: "Correct the key. Create users of applications in the database itself.",
    engines: &[Engine::Pxc, Engine::Psmdb],
    operations: BOTH,
    checked: ONLINE,
    source: "everest-operator: DatabaseEngine, spec.secretKeys.user",
};

pub(in crate::rules) const USERS_VALUES: Rule = Rule {
    id: "users-values",
    sentence: "A name or password cannot be empty. PXC's operator writes passwords into SQL \
               statements without escaping them, refuses ; and : in that of proxyadmin and * at its beginning, \
               and MySQL limits that of replication to 32 characters.",
    advice: "Choose another value, for example letters and digits only.",
    engines: &[Engine::Pxc, Engine::Psmdb],
    operations: BOTH,
    checked: ALONE,
    source: "percona-xtradb-cluster-operator: pkg/controller/pxc/secrets.go, users.go; \
             percona-server-mongodb-operator: perconaservermongodb/users.go",
};

pub(in crate::rules) const USERS_SOURCE: Rule = Rule {
    id: "users-source",
    sentence: "A database that is created from a backup of the namespace has the users of its \
               source. Everest copies their Secret, unless one exists; with other passwords, the \
               operator cannot log in to the restored database.",
    advice: "Create the database without {usersWo}. To change the passwords, add {.usersWo} once the \
             database is ready.",
    engines: &[Engine::Pxc, Engine::Psmdb],
    operations: CREATE,
    checked: ALONE,
    source: "everest-operator: databasecluster_controller.go, copyCredentialsFromDBBackup",
};

pub(in crate::rules) const USERS_OF_BACKUP: Rule = Rule {
    id: "users-of-backup",
    sentence: "A database that is created from a backup of the namespace has the passwords that its \
               source had at the restored moment. Everest copies those that the source has now; if \
               they were changed since, the operator cannot log in to the restored database.",
    advice: "Take a newer backup, or create a Secret with the former passwords and name it in \
             {engine.userSecretsName}: Everest then copies none.",
    engines: &[Engine::Pxc, Engine::Psmdb],
    operations: CREATE,
    checked: ONLINE,
    source: "everest-operator: databasecluster_controller.go, copyCredentialsFromDBBackup",
};

pub(in crate::rules) const USERS_SECRET_SHARED: Rule = Rule {
    id: "users-secret-shared",
    sentence: "A Secret with users belongs to one database, and is deleted with that database. The \
               operator of any other database that reads it then sets new passwords, and clients \
               with the old ones are refused.",
    advice: "Give each database a Secret of its own, with the same values if the passwords have to \
             be the same, before one of the databases is destroyed.",
    engines: ALL,
    operations: BOTH,
    checked: ONLINE,
    source: "percona-xtradb-cluster-operator: pkg/controller/pxc/controller.go, deleteSecrets; \
             percona-server-mongodb-operator: perconaservermongodb/finalizers.go, deleteSecrets",
};

pub(in crate::rules) const REPLICAS_ODD: Rule = Rule {
    id: "replicas-odd",
    sentence: "PXC and MongoDB need an odd number of replicas, so that there is always a majority.",
    advice: "Write 1, 3 or 5.",
    engines: &[Engine::Pxc, Engine::Psmdb],
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, errors.go",
};

pub(in crate::rules) const REPLICAS_AT_MOST_FIVE: Rule = Rule {
    id: "replicas-at-most-five",
    sentence: "Everest allows at most 5 replicas of PXC.",
    advice: "Write 1, 3 or 5.",
    engines: &[Engine::Pxc],
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, maxPXCEngineReplicas",
};

pub(in crate::rules) const REQUESTS_WITHIN_LIMITS: Rule = Rule {
    id: "requests-within-limits",
    sentence: "A request cannot exceed the limit. Everest accepts it, but Kubernetes then creates \
               no pod.",
    advice: "Lower the request or raise the limit.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "kubernetes: validation of a pod's resources",
};

pub(in crate::rules) const CONFIG_LINE: Rule = Rule {
    id: "config-line",
    sentence: "Each line of a PostgreSQL configuration must set a parameter. Everest cannot read \
               any other line, and makes no change to the database while there is one.",
    advice: "Set a value for the parameter, or comment the line out with #.",
    engines: &[Engine::Postgresql],
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: pg/applier.go, configuration parser",
};

pub(in crate::rules) const RESOURCES_REQUIRED: Rule = Rule {
    id: "resources-required",
    sentence: "Everest requires CPU and memory for the engine: without limits, a database could \
               exhaust its node.",
    advice: "Set both, for example {.cpu = \"1\"} and {.memory = \"2G\"}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, resource limits",
};

pub(in crate::rules) const RESOURCES_IGNORED: Rule = Rule {
    id: "resources-ignored",
    sentence: "Once limits are given, Everest ignores the older cpu and memory beside them, both of \
               them.",
    advice: "Write the value into limits.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: databasecluster_types.go, EffectiveLimits",
};

pub(in crate::rules) const CPU_MINIMUM: Rule = Rule {
    id: "cpu-minimum",
    sentence: "Everest requires at least 600m of CPU for an engine.",
    advice: "Write \"600m\" or more.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, minCPU",
};

pub(in crate::rules) const MEMORY_MINIMUM: Rule = Rule {
    id: "memory-minimum",
    sentence: "Everest requires at least 512M of memory for an engine.",
    advice: "Write \"512M\" or more.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, minMem",
};

pub(in crate::rules) const STORAGE_MINIMUM: Rule = Rule {
    id: "storage-minimum",
    sentence: "Everest requires at least 1G of storage for an engine.",
    advice: "Write \"1G\" or more.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, minStorage",
};

pub(in crate::rules) const PROXY_TYPE: Rule = Rule {
    id: "proxy-type",
    sentence: "Each engine has its own proxies: haproxy or proxysql for pxc, mongos for psmdb, \
               pgbouncer for postgresql.",
    advice: "Name one of the engine's proxies, or omit the type.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, proxy type",
};

pub(in crate::rules) const PROXY_REPLICAS: Rule = Rule {
    id: "proxy-replicas",
    sentence: "A PXC database with more than one replica needs at least 2 proxy replicas.",
    advice: "Write 2 or more, or omit it.",
    engines: &[Engine::Pxc],
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, minPXCProxyReplicas",
};

pub(in crate::rules) const PROXYSQL_RELEASE: Rule = Rule {
    id: "proxysql-release",
    sentence: "ProxySQL needs Everest 1.15 or newer. An older Everest accepts it but gives it no \
               volume: the database never becomes ready, and no change of it is carried out.",
    advice: "Set {proxy.type = \"haproxy\"}, or upgrade Everest first.",
    engines: &[Engine::Pxc],
    operations: BOTH,
    checked: ONLINE,
    source: "everest-operator: providers/pxc/applier.go, applyProxySQLCfg (issues 937 and 938)",
};

pub(in crate::rules) const IP_RANGES_DISTINCT: Rule = Rule {
    id: "ip-ranges-distinct",
    sentence: "An address range can be listed only once.",
    advice: "Remove the duplicate.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, duplicate ranges",
};

pub(in crate::rules) const IP_RANGE_SYNTAX: Rule = Rule {
    id: "ip-range-syntax",
    sentence: "Kubernetes refuses a range that is not in CIDR notation. Everest completes an \
               address without a prefix, and does not check anything else: it accepts the database \
               but never exposes it.",
    advice: "Write one address, such as \"192.0.2.7\", or an address and the length of its prefix, such as \"192.0.2.0/24\".",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "Kubernetes: Service loadBalancerSourceRanges; everest-operator: databasecluster_types.go, toCIDR",
};

pub(in crate::rules) const LOAD_BALANCER_CONFIG_KEPT: Rule = Rule {
    id: "load-balancer-config-kept",
    sentence: "The load balancer configuration can be changed but not removed while the database \
               is exposed.",
    advice: "Name a configuration, or expose the database with type \"internal\".",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest-operator: CEL on spec.proxy.expose",
};

pub(in crate::rules) const SHARDING_PSMDB: Rule = Rule {
    id: "sharding-psmdb",
    sentence: "Only MongoDB (psmdb) can be sharded.",
    advice: "Remove sharding, or set its enabled to false.",
    engines: &[Engine::Pxc, Engine::Postgresql],
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, sharding",
};

pub(in crate::rules) const SHARDING_SHARDS: Rule = Rule {
    id: "sharding-shards",
    sentence: "A sharded database has at least 1 shard.",
    advice: "Write 1 or more.",
    engines: &[Engine::Psmdb],
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, sharding; everest-operator: CRD schema",
};

pub(in crate::rules) const SHARDING_CONFIG_SERVERS: Rule = Rule {
    id: "sharding-config-servers",
    sentence: "A sharded database has an odd number of config servers: at least 3, or 1 if the engine has a single replica.",
    advice: "Write 3 or 5, or 1 with {engine.replicas = 1}.",
    engines: &[Engine::Psmdb],
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, sharding",
};

pub(in crate::rules) const SHARDING_FIXED: Rule = Rule {
    id: "sharding-fixed",
    sentence: "Sharding cannot be turned on or off once a database exists.",
    advice: "Restore the previous value, or restore a backup into a new database.",
    engines: &[Engine::Psmdb],
    operations: UPDATE,
    checked: CHANGE,
    source: "everest: validation/database_cluster.go, sharding",
};

pub(in crate::rules) const ENGINE_FEATURES_PSMDB: Rule = Rule {
    id: "engine-features-psmdb",
    sentence: "Only MongoDB (psmdb) has engine features.",
    advice: "Remove {engineFeatures}.",
    engines: &[Engine::Pxc, Engine::Postgresql],
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: DatabaseCluster webhook",
};

pub(in crate::rules) const SPLIT_HORIZON_UNSHARDED: Rule = Rule {
    id: "split-horizon-unsharded",
    sentence: "A sharded MongoDB database cannot have split-horizon DNS.",
    advice: "Remove one of the two.",
    engines: &[Engine::Psmdb],
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: DatabaseCluster webhook",
};

pub(in crate::rules) const TLS_DISABLED: Rule = Rule {
    id: "tls-disabled",
    sentence: "Everest turns TLS off for a MongoDB database that allows unsafe configurations: the \
               connections of clients, and those between the members, are not encrypted.",
    advice: "Remove {allowUnsafeConfiguration}. A single replica does not need it.",
    engines: &[Engine::Psmdb],
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: providers/psmdb/applier.go, AllowUnsafeConfig",
};

pub(in crate::rules) const NO_SCALE_TO_ONE: Rule = Rule {
    id: "no-scale-to-one",
    sentence: "Everest does not scale a database from several replicas down to one.",
    advice: "Keep at least the next smaller number of replicas, or restore a backup into a new \
             database.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest: validation/database_cluster.go, replicas",
};

pub(in crate::rules) const STORAGE_NO_SHRINK: Rule = Rule {
    id: "storage-no-shrink",
    sentence: "A volume can grow but not shrink.",
    advice: "Keep at least the previous size, or restore a backup into a new database. If a growth \
             failed, you can go back to the current size of the volumes.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE_AND_ONLINE,
    source: "everest: validation/database_cluster.go, storage",
};

pub(in crate::rules) const STORAGE_GROWS_RUNNING: Rule = Rule {
    id: "storage-grows-running",
    sentence: "The volumes of a MySQL database grow only while it runs. While it is stopped, its \
               operator leaves the volumes as they are, and Kubernetes refuses the StatefulSet \
               that asks for larger ones: the database does not start any more.",
    advice: "Keep {engine.storage.size} and set {paused = false}. Once the database is ready, raise \
             the size.",
    engines: &[Engine::Pxc],
    operations: UPDATE,
    checked: CHANGE,
    source: "percona-xtradb-cluster-operator: pkg/controller/pxc/volumes.go",
};

pub(in crate::rules) const PROXY_STORAGE_FIXED: Rule = Rule {
    id: "proxy-storage-fixed",
    sentence: "The volumes of ProxySQL keep the size that they were created with. The operator of \
               MySQL resizes the volumes of the engine alone, Kubernetes refuses the StatefulSet \
               that asks for larger ones, and the operator carries out no further change.",
    advice: "Keep the previous size.",
    engines: &[Engine::Pxc],
    operations: UPDATE,
    checked: CHANGE,
    source: "percona-xtradb-cluster-operator: pkg/controller/pxc/volumes.go and upgrade.go",
};

pub(in crate::rules) const STORAGE_CLASS_SEEN: Rule = Rule {
    id: "storage-class-seen",
    sentence: "Volumes keep the storage class that they were created with. For volumes created \
               without a class in the configuration, you can set the class only if it is known \
               that the volumes have it.",
    advice: "{:nameNoClass}",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "Kubernetes: volumeClaimTemplates of a StatefulSet are immutable; the engine operators send them with every change",
};

pub(in crate::rules) const VERSION_SYNTAX: Rule = Rule {
    id: "version-syntax",
    sentence: "A version is made of numbers separated by dots, with or without a packaging part, such as \"8.0.42-33.1\" or \"17.6\".",
    advice: "Write one of the versions that the namespace's engine offers.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, version",
};

pub(in crate::rules) const VERSION_NO_DOWNGRADE: Rule = Rule {
    id: "version-no-downgrade",
    sentence: "An engine cannot be downgraded.",
    advice: "Set the previous version or a newer one.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest: validation/database_cluster.go, version",
};

pub(in crate::rules) const VERSION_MAJOR: Rule = Rule {
    id: "version-major",
    sentence: "PXC and PostgreSQL cannot change their major version; MongoDB can be upgraded by \
               one major version at a time.",
    advice: "Choose a version of the same major number (MongoDB: or of the next), or move the data to a new database.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest: validation/database_cluster.go, version",
};

pub(in crate::rules) const VERSION_AFTER_CR_VERSION: Rule = Rule {
    id: "version-after-cr-version",
    sentence: "After an upgrade of the engine's operator, a database must first be upgraded to the \
               operator's CR version; until then its engine version cannot change.",
    advice: "{:takeOverFirst}",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE_AND_ONLINE,
    source: "everest-operator: root CEL of DatabaseCluster",
};

pub(in crate::rules) const CR_VERSION: Rule = Rule {
    id: "cr-version",
    sentence: "The CR version of a database is a version of its engine's operator, at most that of \
               the installed one. Everest accepts any text. An operator makes no change to a \
               database whose CR version it cannot read, and starts the pods of a database with a \
               newer CR version from an image that may not exist.",
    advice: "Set {engine.crVersion} to \"recommended\" or to the version of the installed operator, \
             or omit it. If the same change of your configuration upgrades the operator first, you \
             can ignore a newer version.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE_AND_ONLINE,
    source: "percona-xtradb-cluster-operator: pxc_types.go, validateVersion, and pkg/k8s/utils.go; percona-server-mongodb-operator: pkg/psmdb/init/init.go",
};
