//! The effect of a change of each attribute.

use std::borrow::Cow;
use std::sync::LazyLock;

use everest_schemas::Engine;
use everest_schemas::models::DatabaseModel;

use super::{Class, Effect, When};
use crate::schema::{self, Place};

const ALL: &[Engine] = &Engine::ALL;
const PSMDB: &[Engine] = &[Engine::Psmdb];
const PXC: &[Engine] = &[Engine::Pxc];
const PG: &[Engine] = &[Engine::Postgresql];
const PXC_AND_PSMDB: &[Engine] = &[Engine::Pxc, Engine::Psmdb];

/// Fields that the engine's operator puts into the template of the pods.
const TEMPLATE: &str =
    "everest-operator: providers/*/applier.go, and the engine operators' smart update";
/// Fields that only name how often a controller runs a pod.
const SIZE: &str = "everest-operator: providers/*/applier.go, sizes";
/// Fields of the Service.
const SERVICE: &str = "everest-operator: providers/*/applier.go, expose";
/// Annotations that a load balancer configuration brings are those of the
/// Service; no pod carries them.
const ANNOTATIONS: &str =
    "everest-operator: providers/*/applier.go, expose: annotations of the Service, not of the pods";
const BACKUP: &str = "everest-operator: providers/*/applier.go, backup";
const REPOSITORIES: &str =
    "everest-operator: providers/pg/pg_repos_reconciler.go, retention-full of a repository";
/// The TLS mode is an argument of each `mongod`, and so is the way in which members authenticate.
const TLS: &str = "everest-operator: providers/psmdb/applier.go, AllowUnsafeConfig; \
                   percona-server-mongodb-operator: pkg/psmdb/container.go";
const REPLACED: &str =
    "Kubernetes and everest-operator: immutable fields; volumes go with the database";

const fn row(
    attribute: &'static str,
    when: When,
    engines: &'static [Engine],
    class: Class,
    phrase: &'static str,
    source: &'static str,
) -> Effect {
    Effect {
        attribute: Cow::Borrowed(attribute),
        when,
        engines,
        class,
        phrase,
        source,
    }
}

/// The effect of an attribute whose change replaces the database.
fn replaces(place: &Place) -> Effect {
    Effect {
        attribute: place.path.to_string().into(),
        when: When::Changed,
        engines: ALL,
        class: Class::DataLoss,
        phrase: "replaces the database: its volumes and all their data are deleted, and an empty \
                 database is created",
        source: REPLACED,
    }
}

/// The effect of a change of each attribute. An attribute may have several rows. The attributes
/// whose change replaces the database, as their schema says, come first.
pub static TABLE: LazyLock<Vec<Effect>> = LazyLock::new(|| {
    let places = schema::places::<DatabaseModel>().iter();
    let replacing = places.filter(|place| place.says("x-force-new"));
    replacing
        .map(replaces)
        .chain(ROWS.iter().cloned())
        .collect()
});

/// The effect of a change of each attribute that does not replace the database.
const ROWS: &[Effect] = &[
    row(
        "engine.version",
        When::Changed,
        ALL,
        Class::RollingRestart,
        "restarts {members} one by one with the new version",
        "everest: upgrades of the engine",
    ),
    row(
        "engine.version",
        When::Changed,
        ALL,
        Class::Irreversible,
        "cannot be undone: an engine never goes back to an older version",
        "everest: validation/database_cluster.go, version",
    ),
    row(
        "engine.crVersion",
        When::Changed,
        ALL,
        Class::RollingRestart,
        "restarts {members} and the proxy one by one with the configuration of the newer operator",
        "everest: upgrades of the operator",
    ),
    row(
        "engine.resources",
        When::Changed,
        ALL,
        Class::RollingRestart,
        "restarts {members} one by one",
        TEMPLATE,
    ),
    row(
        "engine.config",
        When::Changed,
        &[Engine::Pxc, Engine::Psmdb],
        Class::RollingRestart,
        "restarts {members} one by one",
        TEMPLATE,
    ),
    row(
        "engine.config",
        When::Changed,
        &[Engine::Postgresql],
        Class::RollingRestart,
        "reloads the configuration, and restarts {members} one by one if a changed parameter is \
         read only at start",
        "Patroni: dynamic configuration",
    ),
    row(
        "engine.replicas",
        When::Raised,
        ALL,
        Class::NewPods,
        "adds members; each copies all data before it serves",
        SIZE,
    ),
    row(
        "engine.replicas",
        When::Lowered,
        ALL,
        Class::FewerPods,
        "removes members; connections to them break",
        SIZE,
    ),
    row(
        "engine.storage.size",
        When::Raised,
        ALL,
        Class::StorageGrowth,
        "grows the volume of each member, if its storage class allows it; a volume cannot shrink \
         again",
        "everest-operator: volume resize",
    ),
    row(
        "engine.userSecretsName",
        When::Changed,
        ALL,
        Class::RollingRestart,
        "sets the passwords of the engine's users from another Secret: pods may restart one by \
         one, and clients with the old passwords are refused",
        "everest-operator: providers/*/applier.go, secretsName",
    ),
    row(
        "proxy.type",
        When::Changed,
        PXC,
        Class::FullStop,
        "stops the proxy and starts another one: all connections break, and the host name changes",
        "everest-operator: providers/pxc/applier.go, proxy",
    ),
    row(
        "proxy.replicas",
        When::Raised,
        ALL,
        Class::NewPods,
        "adds proxy pods",
        SIZE,
    ),
    row(
        "proxy.replicas",
        When::Lowered,
        ALL,
        Class::FewerPods,
        "removes proxy pods; connections through them break",
        SIZE,
    ),
    row(
        "proxy.resources",
        When::Changed,
        ALL,
        Class::RollingRestart,
        "restarts the pods of the proxy one by one; connections through them break",
        TEMPLATE,
    ),
    row(
        "proxy.config",
        When::Changed,
        ALL,
        Class::RollingRestart,
        "restarts the pods of the proxy one by one; connections through them break",
        TEMPLATE,
    ),
    row(
        "proxy.storage.size",
        When::Raised,
        PXC,
        Class::StorageGrowth,
        "asks for a larger volume of each proxy pod, which the operator does not make",
        "percona-xtradb-cluster-operator: pkg/controller/pxc/volumes.go",
    ),
    row(
        "proxy.expose.type",
        When::Changed,
        ALL,
        Class::NoRestart,
        "changes the Service that clients connect to: its address changes, and connections through \
         it may break",
        SERVICE,
    ),
    row(
        "proxy.expose.ipSourceRanges",
        When::Changed,
        ALL,
        Class::NoRestart,
        "changes who may connect through the load balancer",
        SERVICE,
    ),
    row(
        "proxy.expose.loadBalancerConfigName",
        When::Changed,
        ALL,
        Class::NoRestart,
        "changes the annotations of the Service; some clouds then create another load balancer \
         with another address",
        ANNOTATIONS,
    ),
    row(
        "sharding.shards",
        When::Raised,
        PSMDB,
        Class::NewPods,
        "adds shards; MongoDB moves data to them in the background",
        "everest-operator: providers/psmdb/applier.go, sharding",
    ),
    row(
        "sharding.shards",
        When::Lowered,
        PSMDB,
        Class::FewerPods,
        "removes shards; MongoDB's operator refuses this while the shards hold databases",
        "everest-operator: providers/psmdb/applier.go, sharding",
    ),
    row(
        "sharding.configServer.replicas",
        When::Raised,
        PSMDB,
        Class::NewPods,
        "adds config servers",
        SIZE,
    ),
    row(
        "sharding.configServer.replicas",
        When::Lowered,
        PSMDB,
        Class::FewerPods,
        "removes config servers",
        SIZE,
    ),
    row(
        "monitoring",
        When::Changed,
        ALL,
        Class::RollingRestart,
        "restarts {members} and the proxy one by one, because each pod gets or loses a monitoring \
         client",
        TEMPLATE,
    ),
    row(
        "podSchedulingPolicyName",
        When::Changed,
        ALL,
        Class::RollingRestart,
        "restarts {members} and the proxy one by one, on the nodes that the policy allows",
        TEMPLATE,
    ),
    row(
        "paused",
        When::TurnedOn,
        ALL,
        Class::FullStop,
        "stops every pod: the database cannot be reached until paused is false again; volumes and Secrets stay",
        "everest-operator: pause",
    ),
    row(
        "paused",
        When::TurnedOff,
        ALL,
        Class::NewPods,
        "starts the pods again",
        "everest-operator: pause",
    ),
    row(
        "restartTrigger",
        When::Changed,
        ALL,
        Class::FullStop,
        "stops every pod and starts them again: the database cannot be reached meanwhile",
        "everest-operator: annotation restart",
    ),
    row(
        "usersWoVersion",
        When::Changed,
        PXC,
        Class::RollingRestart,
        "changes the passwords in users_wo; the previous ones stop working at once. xtrabackup \
         restarts {members} one by one, and so does monitor if the database is monitored; \
         operator, monitor and proxyadmin restart the pods of ProxySQL",
        "percona-xtradb-cluster-operator: pkg/controller/pxc/users.go",
    ),
    row(
        "usersWoVersion",
        When::Changed,
        PSMDB,
        Class::NoRestart,
        "changes the users in users_wo; their previous passwords stop working at once, and \
         MONGODB_BACKUP_USER and MONGODB_BACKUP_PASSWORD restart the backup agents",
        "percona-server-mongodb-operator: pkg/controller/perconaservermongodb/users.go",
    ),
    row(
        "backup.schedules",
        When::Changed,
        PXC_AND_PSMDB,
        Class::NoRestart,
        "changes which backups are taken from now on; existing backups stay",
        BACKUP,
    ),
    row(
        "backup.schedules",
        When::Changed,
        PG,
        Class::NoRestart,
        "changes which backups are taken from now on; the number of backups to keep counts all \
         that are in the storage of the schedule, also those taken on demand",
        REPOSITORIES,
    ),
    row(
        "backup.schedules",
        When::FirstAdded,
        PG,
        Class::RollingRestart,
        "turns backups on and so restarts {members} one by one (from version 2.8.2 of the operator \
         on), unless a backup or an older operator has turned them on already",
        "everest-operator: providers/pg/applier.go, reconcilePGBackupsSpec; \
         percona-postgresql-operator: internal/controller/postgrescluster/instance.go",
    ),
    row(
        "backup.schedules.retentionCopies",
        When::KeepsFewer,
        PXC_AND_PSMDB,
        Class::DataLoss,
        "deletes the oldest backups of the schedule that exceed the new number, when the next \
         backup is taken",
        BACKUP,
    ),
    row(
        "backup.schedules.retentionCopies",
        When::KeepsFewer,
        PG,
        Class::DataLoss,
        "deletes the oldest backups in the storage of the schedule that exceed the new number, \
         also those taken on demand, when the next backup is taken",
        REPOSITORIES,
    ),
    row(
        "backup.pitr.enabled",
        When::TurnedOn,
        ALL,
        Class::NoRestart,
        "starts to upload the log for point-in-time recovery; times before the next backup cannot \
         be restored",
        BACKUP,
    ),
    row(
        "backup.pitr.enabled",
        When::TurnedOff,
        &[Engine::Pxc, Engine::Psmdb],
        Class::NoRestart,
        "stops the upload of the log: from now on only whole backups can be restored",
        BACKUP,
    ),
    row(
        "backup.pitr.backupStorageName",
        When::Changed,
        &[Engine::Pxc],
        Class::NoRestart,
        "uploads the log to the other storage from now on; times before the next backup there \
         cannot be restored from it",
        BACKUP,
    ),
    row(
        "backup.pitr.uploadIntervalSec",
        When::Changed,
        &[Engine::Pxc, Engine::Psmdb],
        Class::NoRestart,
        "changes how often the log is uploaded, and so how much data may be lost",
        BACKUP,
    ),
    row(
        "backup.enabled",
        When::Changed,
        ALL,
        Class::NoRestart,
        "has no effect: Everest ignores it",
        "everest-operator: DatabaseCluster, spec.backup.enabled",
    ),
    row(
        "allowUnsafeConfiguration",
        When::Changed,
        PXC,
        Class::NoRestart,
        "changes what the engine's operator refuses; no pod changes",
        "everest-operator: providers/pxc/applier.go, AllowUnsafeConfig",
    ),
    row(
        "allowUnsafeConfiguration",
        When::TurnedOn,
        PSMDB,
        Class::RollingRestart,
        "turns TLS off and so restarts {members} one by one: members with TLS and without it refuse \
         each other, so a replica set may be without a primary meanwhile, and afterwards no \
         connection is encrypted",
        TLS,
    ),
    row(
        "allowUnsafeConfiguration",
        When::TurnedOff,
        PSMDB,
        Class::RollingRestart,
        "turns TLS on again and so restarts {members} one by one: members with TLS and without it \
         refuse each other, so a replica set may be without a primary meanwhile",
        TLS,
    ),
    row(
        "dataSource",
        When::Changed,
        ALL,
        Class::NoRestart,
        "has no effect on an existing database",
        "everest-operator: dataSource is cleared after the restore",
    ),
];
