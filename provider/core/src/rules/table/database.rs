//! Rules for a database's engine, proxy, sharding and versions.

use everest_schemas::Engine;

use super::{ALL, ALONE, BOTH, CHANGE, CHANGE_AND_ONLINE, UPDATE};
use crate::rules::Rule;

pub(in crate::rules) const RESTART_RUNNING: Rule = Rule {
    id: "restart-running",
    sentence: "Only a database that runs can be restarted: a restart of a paused one would start it.",
    advice: "Set {paused = false}, which starts it, or leave {restartTrigger} as it was.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest-operator: annotation restart",
};

pub(in crate::rules) const FINAL_BACKUP_RUNNING: Rule = Rule {
    id: "final-backup-running",
    sentence: "A backup can only be taken of a database that runs.",
    advice: "{:deletePaused}",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE_AND_ONLINE,
    source: "everest-operator: DatabaseClusterBackup, states of the engine",
};

pub(in crate::rules) const FINAL_BACKUP_STORAGE: Rule = Rule {
    id: "final-backup-storage",
    sentence: "The final backup goes to a backup storage of the database's own namespace.",
    advice: "Name an existing storage.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: BackupStorage references",
};

pub(in crate::rules) const REPLICAS_ODD: Rule = Rule {
    id: "replicas-odd",
    sentence: "PXC and MongoDB need an odd number of replicas, so that a majority can always be told.",
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
    sentence: "What a pod is guaranteed is at most what it may use: Everest takes any, and Kubernetes then makes no pod.",
    advice: "Write a request of at most the limit.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "kubernetes: validation of a pod's resources",
};

pub(in crate::rules) const CONFIG_LINE: Rule = Rule {
    id: "config-line",
    sentence: "Each line of a PostgreSQL configuration gives its parameter a value. Everest cannot read another, and writes nothing of the database while it is there.",
    advice: "Give the parameter a value, or put a # before the line.",
    engines: &[Engine::Postgresql],
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: pg/applier.go, configuration parser",
};

pub(in crate::rules) const RESOURCES_REQUIRED: Rule = Rule {
    id: "resources-required",
    sentence: "Everest requires CPU and memory for the engine: without them a database may starve its node.",
    advice: "Set both, for example {.cpu = \"1\"} and {.memory = \"2G\"}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, resource limits",
};

pub(in crate::rules) const CPU_MINIMUM: Rule = Rule {
    id: "cpu-minimum",
    sentence: "Everest allows no less than 600m of CPU for an engine.",
    advice: "Write \"600m\" or more.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, minCPU",
};

pub(in crate::rules) const MEMORY_MINIMUM: Rule = Rule {
    id: "memory-minimum",
    sentence: "Everest allows no less than 512M of memory for an engine.",
    advice: "Write \"512M\" or more.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, minMem",
};

pub(in crate::rules) const STORAGE_MINIMUM: Rule = Rule {
    id: "storage-minimum",
    sentence: "Everest allows no less than 1G of storage for an engine.",
    advice: "Write \"1G\" or more.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, minStorage",
};

pub(in crate::rules) const PROXY_TYPE: Rule = Rule {
    id: "proxy-type",
    sentence: "Each engine has its own proxies: pxc haproxy or proxysql, psmdb mongos, postgresql pgbouncer.",
    advice: "Name one of the engine's proxies, or leave the type out.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, proxy type",
};

pub(in crate::rules) const PROXY_REPLICAS: Rule = Rule {
    id: "proxy-replicas",
    sentence: "A PXC database of more than one replica needs at least 2 replicas of its proxy.",
    advice: "Write 2 or more, or leave it out.",
    engines: &[Engine::Pxc],
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, minPXCProxyReplicas",
};

pub(in crate::rules) const IP_RANGES_DISTINCT: Rule = Rule {
    id: "ip-ranges-distinct",
    sentence: "Each range that may connect is listed once.",
    advice: "Remove the duplicate.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, duplicate ranges",
};

pub(in crate::rules) const IP_RANGE_SYNTAX: Rule = Rule {
    id: "ip-range-syntax",
    sentence: "Kubernetes refuses a range that is not in CIDR notation. Everest does not check it: the database is accepted and never exposed.",
    advice: "Write the address and the length of its prefix, such as \"192.0.2.0/24\", or \"192.0.2.7/32\" for one address.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "Kubernetes: Service loadBalancerSourceRanges",
};

pub(in crate::rules) const LOAD_BALANCER_CONFIG_KEPT: Rule = Rule {
    id: "load-balancer-config-kept",
    sentence: "The load balancer configuration cannot be taken away again while the database is exposed; another one can be named.",
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
    advice: "Restore the former value, or move the data to a new database by a backup.",
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

pub(in crate::rules) const NO_SCALE_TO_ONE: Rule = Rule {
    id: "no-scale-to-one",
    sentence: "Everest does not scale a database from several replicas down to one.",
    advice: "Keep at least the next smaller number, or move the data to a new database by a backup.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest: validation/database_cluster.go, replicas",
};

pub(in crate::rules) const STORAGE_NO_SHRINK: Rule = Rule {
    id: "storage-no-shrink",
    sentence: "A volume can grow and never shrink.",
    advice: "Write at least the former size, or move the data to a new database by a backup. A growth that did not come about can be taken back to what the volumes have.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE_AND_ONLINE,
    source: "everest: validation/database_cluster.go, storage",
};

pub(in crate::rules) const STORAGE_CLASS_SEEN: Rule = Rule {
    id: "storage-class-seen",
    sentence: "Volumes keep the storage class that they were made with. Of those that were made without naming one, a class can be named only where it is seen that they have it.",
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
    sentence: "An engine cannot go back to an older version.",
    advice: "Write the former version or a newer one.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest: validation/database_cluster.go, version",
};

pub(in crate::rules) const VERSION_MAJOR: Rule = Rule {
    id: "version-major",
    sentence: "PXC and PostgreSQL cannot change their major version, and MongoDB can go up by one at a time.",
    advice: "Choose a version of the same major number (MongoDB: or of the next), or move the data to a new database.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest: validation/database_cluster.go, version",
};

pub(in crate::rules) const VERSION_AFTER_CR_VERSION: Rule = Rule {
    id: "version-after-cr-version",
    sentence: "After an upgrade of the engine's operator a database first has to take over the operator's version; until then its own version cannot change.",
    advice: "{:takeOverFirst}",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE_AND_ONLINE,
    source: "everest-operator: root CEL of DatabaseCluster",
};
