//! Rules for backups, backup storages and restores.

use everest_schemas::Engine;

use super::{
    ALL, ALONE, ALONE_AND_ONLINE, BOTH, CHANGE, CHANGE_AND_ONLINE, CREATE, ONLINE, UPDATE,
};
use crate::rules::Rule;

pub(in crate::rules) const PITR_STORAGE: Rule = Rule {
    id: "pitr-storage",
    sentence: "Point-in-time recovery of PXC needs a backup storage of its own, of type s3.",
    advice: "Set {backup.pitr.backupStorageName} to a storage of type s3.",
    engines: &[Engine::Pxc],
    operations: BOTH,
    checked: ALONE_AND_ONLINE,
    source: "everest: validation/database_cluster.go, PITR",
};

pub(in crate::rules) const PITR_INTERVAL: Rule = Rule {
    id: "pitr-interval",
    sentence: "The upload interval for point-in-time recovery must be more than 0 seconds.",
    advice: "Write for example 60, or omit it.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, PITR",
};

pub(in crate::rules) const PITR_MINUTES: Rule = Rule {
    id: "pitr-interval-minutes",
    sentence: "MongoDB uploads its log at intervals of whole minutes. Everest rounds the interval \
               down, and MongoDB's operator uses 10 minutes instead of 0. Without a backup \
               schedule, Everest does not pass the interval on, and it is 10 minutes too.",
    advice: "Write a multiple of 60, and give the database a backup schedule.",
    engines: &[Engine::Psmdb],
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: providers/psmdb/applier.go, genPSMDBBackupSpec; \
             percona-server-mongodb-operator: pkg/apis/psmdb/v1/psmdb_defaults.go, OplogSpanMin",
};

pub(in crate::rules) const SCHEDULE_NAME: Rule = Rule {
    id: "schedule-name",
    sentence: "Each backup schedule has a name.",
    advice: "Give the schedule a name.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, schedules",
};

pub(in crate::rules) const SCHEDULE_NAMES_DISTINCT: Rule = Rule {
    id: "schedule-names-distinct",
    sentence: "The names of backup schedules must be unique, because schedules are identified by \
               name.",
    advice: "Rename one of them.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "design: schedules are a map by name",
};

pub(in crate::rules) const SCHEDULE_CRON: Rule = Rule {
    id: "schedule-cron",
    sentence: "A schedule is a cron expression of five fields (minute, hour, day of month, month, \
               day of week) for a time that exists. Only MongoDB supports `@every`, and only PXC \
               supports a time zone (`CRON_TZ=`). Everest accepts any text, but takes no backup if \
               the expression is wrong.",
    advice: "Write for example \"0 2 * * *\" for every night at two.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "engine operators: robfig/cron, standard parser",
};

pub(in crate::rules) const SCHEDULE_STORAGE: Rule = Rule {
    id: "schedule-storage",
    sentence: "An enabled backup schedule names the backup storage that it writes to. A schedule of \
               PostgreSQL does in any case: Everest looks for the storage of a disabled one too.",
    advice: "Set its {.backupStorageName}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, schedules",
};

pub(in crate::rules) const SCHEDULES_DISTINCT: Rule = Rule {
    id: "schedules-distinct",
    sentence: "Two schedules of a database cannot have the same cron expression.",
    advice: "Change the cron expression of one of them.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, duplicated schedules",
};

pub(in crate::rules) const PSMDB_ONE_STORAGE: Rule = Rule {
    id: "psmdb-one-storage",
    sentence: "All backups of a MongoDB database must use the same backup storage: the one that it \
               used first.",
    advice: "Name that storage in all schedules and backups.",
    engines: &[Engine::Psmdb],
    operations: BOTH,
    checked: ALONE_AND_ONLINE,
    source: "everest: validation/database_cluster.go, PSMDB storages",
};

pub(in crate::rules) const PG_STORAGE_PER_SCHEDULE: Rule = Rule {
    id: "pg-storage-per-schedule",
    sentence: "Each schedule of a PostgreSQL database has a backup storage of its own.",
    advice: "Use different storages, or combine the schedules.",
    engines: &[Engine::Postgresql],
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, PG repositories",
};

pub(in crate::rules) const PG_THREE_STORAGES: Rule = Rule {
    id: "pg-three-storages",
    sentence: "A PostgreSQL database can use at most 3 backup storages, including those of its \
               existing backups and of a restore. With more, Everest makes no change to the \
               database.",
    advice: "Use fewer storages, or delete the backups in one of them.",
    engines: &[Engine::Postgresql],
    operations: BOTH,
    checked: ALONE_AND_ONLINE,
    source: "everest: validation/database_cluster.go, pgReposLimit",
};

pub(in crate::rules) const PG_BACKUP_RETENTION: Rule = Rule {
    id: "pg-backup-retention",
    sentence: "The retention of a PostgreSQL schedule counts every backup of the database in its \
               storage, also those that are taken on demand. Once newer backups reach the number \
               of {.retentionCopies}, the older ones are deleted with their data, \
               whatever {.keepBackupData} says.",
    advice: "Take a backup that has to stay into a storage without such a schedule, or let the \
             schedule keep more backups, or all of them (0).",
    engines: &[Engine::Postgresql],
    operations: BOTH,
    checked: ONLINE,
    source: "everest-operator: providers/pg/pg_repos_reconciler.go, retention-full of a repository",
};

pub(in crate::rules) const PXC_RESTORE_STORAGE: Rule = Rule {
    id: "pxc-restore-storage",
    sentence: "A MySQL database can be restored from a backup by name only if the engine's object \
               contains the backup's storage: the storage of a backup or an enabled schedule of the \
               database, or of its data source. While a restore waits, Everest adds no storage and \
               does not change the database, so both would wait forever.",
    advice: "Set {.backupSource} to the backup's path in its storage (not with {.pitr}), or first \
             give the database a schedule that uses that storage.",
    engines: &[Engine::Pxc],
    operations: CREATE,
    checked: ONLINE,
    source: "everest-operator: databaseclusterrestore_controller.go restorePXC, providers/pxc",
};

pub(in crate::rules) const PXC_BACKUP_NAME: Rule = Rule {
    id: "pxc-backup-name",
    sentence: "The name of a MySQL backup has at most 63 characters: the engine's operator writes it \
               into a label of the backup's Job, and cannot make the Job otherwise.",
    advice: "Choose a shorter name.",
    engines: &[Engine::Pxc],
    operations: BOTH,
    checked: ALONE_AND_ONLINE,
    source: "percona-xtradb-cluster-operator: pkg/naming/labels.go, LabelsBackupJob",
};

pub(in crate::rules) const PSMDB_OWN_BACKUP: Rule = Rule {
    id: "psmdb-own-backup",
    sentence: "A MongoDB database can be restored in place by name only from a backup of its own: \
               the engine looks for it below the database's name and UID in the bucket, and does \
               not find another one. If that lies in another backup storage, the restore never \
               begins and never fails, and Everest makes no change to the database meanwhile.",
    advice: "Set {.backupSource} to the whole destination of the backup and to its storage, or name \
             a backup of the database.",
    engines: &[Engine::Psmdb],
    operations: CREATE,
    checked: ONLINE,
    source: "everest-operator: databaseclusterrestore_controller.go restorePSMDB, providers/psmdb/applier.go withMarkedAsMain; percona-server-mongodb-operator: psmdb_restore_controller.go resyncStorage",
};

pub(in crate::rules) const PG_OWN_BACKUP: Rule = Rule {
    id: "pg-own-backup",
    sentence: "A PostgreSQL database can be restored in place only from a backup of its own: \
               Everest looks for the backup below the database's name and UID in the bucket. \
               Another one is not found, after the database was stopped.",
    advice: "Name a backup of the database. For the data of another one, create {a Database} with \
             {dataSource.dbClusterBackupName}.",
    engines: &[Engine::Postgresql],
    operations: CREATE,
    checked: ONLINE,
    source: "everest-operator: databaseclusterrestore_controller.go restorePG, providers/pg/pg_repos_reconciler.go",
};

pub(in crate::rules) const PG_SCHEDULE_STORAGE_FIXED: Rule = Rule {
    id: "pg-schedule-storage-fixed",
    sentence: "A schedule of a PostgreSQL database cannot move to another backup storage.",
    advice: "Restore the previous storage, or replace the schedule by one with another name.",
    engines: &[Engine::Postgresql],
    operations: UPDATE,
    checked: CHANGE,
    source: "everest: validation/database_cluster.go, PG repositories",
};

pub(in crate::rules) const PG_FIRST_STORAGE: Rule = Rule {
    id: "pg-first-storage",
    sentence: "From version 2.8.2 of PostgreSQL's operator on, a database has backups turned on only \
               once it has a backup storage, and turning them on restarts its members one by one. A \
               database that an older operator created has them turned on already.",
    advice: "Take the first backup when the members may restart, or create the database with a \
             backup schedule.",
    engines: &[Engine::Postgresql],
    operations: CREATE,
    checked: ONLINE,
    source: "everest-operator: providers/pg/applier.go, reconcilePGBackupsSpec; \
             percona-postgresql-operator: internal/controller/postgrescluster/instance.go",
};

pub(in crate::rules) const PG_LAST_STORAGE: Rule = Rule {
    id: "pg-last-storage",
    sentence: "A PostgreSQL database without enabled schedules and without backups has no backup \
               storage. From version 2.8.2 of PostgreSQL's operator on, Everest then turns its \
               backups off, and the operator makes no further change to the database until \
               somebody authorizes that. A database that an older operator created is not affected.",
    advice: "Keep an enabled schedule or a backup, or give the PerconaPGCluster the annotation \
             \"pgv2.percona.com/authorizeBackupRemoval: true\"; the members then restart.",
    engines: &[Engine::Postgresql],
    operations: UPDATE,
    checked: ONLINE,
    source: "percona-postgresql-operator: internal/controller/postgrescluster/pgbackrest.go, \
             BackupsEnabled",
};

pub(in crate::rules) const DATA_SOURCE_ONE: Rule = Rule {
    id: "data-source-one",
    sentence: "A data source is exactly one of: a backup by name, a backup by path, an import.",
    advice: "Keep one of {.dbClusterBackupName}, {.backupSource} and {.dataImport}.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, data source",
};

pub(in crate::rules) const BACKUP_SOURCE: Rule = Rule {
    id: "backup-source",
    sentence: "A backup by path needs the path and the backup storage that contains it.",
    advice: "Set both {.path} and {.backupStorageName}.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, data source",
};

pub(in crate::rules) const BACKUP_PATH_FORM: Rule = Rule {
    id: "backup-path-form",
    sentence: "Each engine reads the path of a backup in another form. For MySQL, it is the path \
               within the bucket: Everest writes the bucket before it. For MongoDB, it is the \
               whole destination of the backup, of 3 parts or more: Everest hands it on as it is, \
               and the engine's operator refuses a storage of type s3 without s3://.",
    advice: "For MySQL, write for example \"orders/UID/orders-2026-01-01-02:03:04-full\"; for \
             MongoDB \"s3://backups/orders/UID/2026-01-01T02:03:04Z\".",
    engines: &[Engine::Pxc, Engine::Psmdb],
    operations: CREATE,
    checked: ALONE_AND_ONLINE,
    source: "everest-operator: databaseclusterrestore_controller.go restorePXC, restorePSMDB, parsePrefixFromDestination; percona-server-mongodb-operator: PerconaServerMongoDBRestore CheckFields",
};

pub(in crate::rules) const PG_DATA_BY_PATH: Rule = Rule {
    id: "pg-data-by-path",
    sentence: "A new PostgreSQL database cannot take its data from a backup by path: Everest \
               looks for the backup below the name and the UID of the new database, where none is.",
    advice: "Name a backup of the namespace in {.dbClusterBackupName}. Without one, use \
             {.dataImport} with the DataImporter everest-percona-pg-operator of Everest's chart, \
             which reads a bucket of type s3.",
    engines: &[Engine::Postgresql],
    operations: CREATE,
    checked: ALONE,
    source: "everest-operator: providers/pg/applier.go globalDatasourceDestination; data-importer/cmd/pg/import.go",
};

pub(in crate::rules) const PITR_DATE: Rule = Rule {
    id: "pitr-date",
    sentence: "The time to restore to must be in UTC, in the form 2006-01-02T15:04:05Z.",
    advice: "Write the date in that form.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: validation/database_cluster.go; everest-operator: DatabaseClusterRestore webhook",
};

pub(in crate::rules) const PITR_WINDOW: Rule = Rule {
    id: "pitr-window",
    sentence: "A database can be restored to any time between the end of the backup and the end of \
               its uploaded log. Everest accepts other times too, but then stops the database, and \
               the restore fails or never ends.",
    advice: "Set a time in this range; for an earlier time, use an earlier backup.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE_AND_ONLINE,
    source: "engine operators: point-in-time recovery; status of the DatabaseClusterBackup",
};

pub(in crate::rules) const PITR_GAPS: Rule = Rule {
    id: "pitr-gaps",
    sentence: "The log of the backup may have gaps: the engine's operator may then refuse the \
               point-in-time restore, after the database was stopped.",
    advice: "Use another backup, or restore the backup without {pitr}.",
    engines: &[Engine::Pxc],
    operations: CREATE,
    checked: ONLINE,
    source: "everest-operator: databaseclusterbackup_controller.go, BinlogGapDetected; percona-xtradb-cluster-operator: PITRReady, unsafe-pitr",
};

pub(in crate::rules) const PXC_PITR_LOG: Rule = Rule {
    id: "pxc-pitr-log",
    sentence: "To restore a MySQL database to a time, Everest finds the log by the name of the \
               backup: in the storage, of type s3, that the database of the backup names for \
               point-in-time recovery. Otherwise the restore never begins and never fails, and the \
               database stays in the state restoring and takes no change.",
    advice: "Name the backup, and set {backup.pitr.backupStorageName} of its database; or restore \
             without {pitr}, to the time of the backup.",
    engines: &[Engine::Pxc],
    operations: CREATE,
    checked: ALONE_AND_ONLINE,
    source: "everest-operator: databaseclusterrestore_controller.go genPXCPitrRestoreSpec",
};

pub(in crate::rules) const PITR_LATEST: Rule = Rule {
    id: "pitr-latest",
    sentence: "Everest defines the type \"latest\" for point-in-time recovery, but always refuses \
               it.",
    advice: "Omit the type and set a date.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: validation/database_cluster.go; everest-operator: DatabaseClusterRestore webhook",
};

pub(in crate::rules) const DATA_SOURCE_UNUSED: Rule = Rule {
    id: "data-source-unused",
    sentence: "The data source is used only when a database is created, so changing it has no \
               effect.",
    advice: "To restore into this database, use {a Restore}; to start from other data, create \
             another database.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE,
    source: "everest-operator: dataSource is cleared after the restore",
};

pub(in crate::rules) const DATA_IMPORT_PATH: Rule = Rule {
    id: "data-import-path",
    sentence: "An import reads a path of one or more parts separated by single slashes.",
    advice: "Write for example \"dumps/orders\".",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest-operator: CEL on dataImport.source.path",
};

pub(in crate::rules) const DATA_IMPORT_CREDENTIALS: Rule = Rule {
    id: "data-import-credentials",
    sentence: "Set both keys of an import's bucket in the same form, or neither.",
    advice: "Set both {.accessKeyId} and {.secretAccessKey}, or both {.accessKeyIdWo} and \
             {.secretAccessKeyWo}, which are not stored in any state, or none if the Secret exists.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest-operator: dataImport webhook",
};

pub(in crate::rules) const BUCKET: Rule = Rule {
    id: "bucket",
    sentence: "The name of a bucket has 3 to 63 characters: lowercase letters, digits, hyphens and \
               dots.",
    advice: "Write only the bucket's name, without a URL or a path.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/backup_storage.go",
};

pub(in crate::rules) const ENDPOINT_URL: Rule = Rule {
    id: "endpoint-url",
    sentence: "An endpoint is a URL with http or https and a host.",
    advice: "Write it with its scheme, for example \"https://s3.example.com\".",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/backup_storage.go",
};

pub(in crate::rules) const MONITORING_HOST: Rule = Rule {
    id: "monitoring-host",
    sentence: "Everest gives the databases only the host of a monitoring server's URL. Their \
               monitoring clients connect to port 443 of that host with HTTPS, and use no path. \
               Everest itself uses the whole URL, so it accepts the server all the same.",
    advice: "Let the server answer at port 443 of the host, for example behind a Service or a \
             proxy, and write {pmm.url} with its scheme and host alone.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: providers/*/applier.go, applyPMMCfg",
};

pub(in crate::rules) const S3_REGION: Rule = Rule {
    id: "s3-region",
    sentence: "A storage of type s3 needs the region of its bucket.",
    advice: "Set {region}, for example \"us-east-1\"; for servers without regions, any value works.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/backup_storage.go",
};

pub(in crate::rules) const CREDENTIALS_PAIR: Rule = Rule {
    id: "credentials-pair",
    sentence: "Set both keys of a bucket, or neither. Without keys, the Secret is not changed.",
    advice: "Set both, or neither.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/backup_storage.go",
};

pub(in crate::rules) const CREDENTIALS_ONCE: Rule = Rule {
    id: "credentials-once",
    sentence: "Credentials are either write-only attributes or sensitive attributes that are \
               stored in the state.",
    advice: "Keep the write-only ones, or the others.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "design: write-only attributes",
};

pub(in crate::rules) const CREDENTIALS_VERSION: Rule = Rule {
    id: "credentials-version",
    sentence: "Terraform does not store write-only values, so it cannot detect that they changed.",
    advice: "Set that version, and increase it whenever the credentials change.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "design: write-only attributes",
};

pub(in crate::rules) const STORAGE_IN_USE: Rule = Rule {
    id: "storage-in-use",
    sentence: "The bucket, region and type of a backup storage cannot change while databases, \
               backups or restores use it: their data would no longer be found.",
    advice: "Create another storage and move the schedules to it.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE_AND_ONLINE,
    source: "everest: validation/backup_storage.go",
};

pub(in crate::rules) const RESTORE_SOURCE: Rule = Rule {
    id: "restore-source",
    sentence: "The source of a restore is exactly one of: a backup by name, a backup by path.",
    advice: "Set one of {.backupName} and {.backupSource}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: DatabaseClusterRestore webhook",
};
