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
    sentence: "The interval of uploads for point-in-time recovery is a number of seconds above zero.",
    advice: "Write for example 60, or leave it out.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, PITR",
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
    sentence: "No two backup schedules have the same name: here they are told apart by it.",
    advice: "Rename one of them.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "design: schedules are a map by name",
};

pub(in crate::rules) const SCHEDULE_CRON: Rule = Rule {
    id: "schedule-cron",
    sentence: "A schedule is a cron expression of five fields: minute, hour, day of month, month, day of week, whose time comes. `@every` is for MongoDB alone, a time zone (`CRON_TZ=`) for PXC alone. Everest accepts any text, and with a wrong one no backup is ever taken.",
    advice: "Write for example \"0 2 * * *\" for every night at two.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "engine operators: robfig/cron, standard parser",
};

pub(in crate::rules) const SCHEDULE_STORAGE: Rule = Rule {
    id: "schedule-storage",
    sentence: "An enabled backup schedule names the backup storage that it writes to.",
    advice: "Set its {.backupStorageName}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, schedules",
};

pub(in crate::rules) const SCHEDULES_DISTINCT: Rule = Rule {
    id: "schedules-distinct",
    sentence: "No two schedules of a database run at the same times.",
    advice: "Change the cron expression of one of them.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, duplicated schedules",
};

pub(in crate::rules) const PSMDB_ONE_STORAGE: Rule = Rule {
    id: "psmdb-one-storage",
    sentence: "All backups of a MongoDB database lie in the same backup storage, the one that it used first.",
    advice: "Name that storage in all schedules and backups.",
    engines: &[Engine::Psmdb],
    operations: BOTH,
    checked: ALONE_AND_ONLINE,
    source: "everest: validation/database_cluster.go, PSMDB storages",
};

pub(in crate::rules) const PG_STORAGE_PER_SCHEDULE: Rule = Rule {
    id: "pg-storage-per-schedule",
    sentence: "Each schedule of a PostgreSQL database has a backup storage of its own.",
    advice: "Name different storages, or join the schedules.",
    engines: &[Engine::Postgresql],
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, PG repositories",
};

pub(in crate::rules) const PG_THREE_STORAGES: Rule = Rule {
    id: "pg-three-storages",
    sentence: "A PostgreSQL database can use at most 3 backup storages, those of its existing backups and of a restore included; with more Everest carries out nothing.",
    advice: "Use fewer storages, or delete the backups in one of them.",
    engines: &[Engine::Postgresql],
    operations: BOTH,
    checked: ALONE_AND_ONLINE,
    source: "everest: validation/database_cluster.go, pgReposLimit",
};

pub(in crate::rules) const PXC_RESTORE_STORAGE: Rule = Rule {
    id: "pxc-restore-storage",
    sentence: "A MySQL database is restored from a backup by its name only where the engine's object has its storage: that of a backup or a schedule of the database, or of what it was made from. While a restore waits Everest adds no other and leaves the database alone, so that both wait for ever.",
    advice: "Name the place of the backup in its storage by {.backupSource}, or give the database a schedule in that storage before.",
    engines: &[Engine::Pxc],
    operations: CREATE,
    checked: ONLINE,
    source: "everest-operator: databaseclusterrestore_controller.go restorePXC, providers/pxc",
};

pub(in crate::rules) const PG_SCHEDULE_STORAGE_FIXED: Rule = Rule {
    id: "pg-schedule-storage-fixed",
    sentence: "A schedule of a PostgreSQL database cannot move to another backup storage.",
    advice: "Restore the former storage, or replace the schedule by one of another name.",
    engines: &[Engine::Postgresql],
    operations: UPDATE,
    checked: CHANGE,
    source: "everest: validation/database_cluster.go, PG repositories",
};

pub(in crate::rules) const DATA_SOURCE_ONE: Rule = Rule {
    id: "data-source-one",
    sentence: "The first data comes from exactly one of a backup by name, a backup by path and an import.",
    advice: "Keep one of {.dbClusterBackupName}, {.backupSource} and {.dataImport}.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, data source",
};

pub(in crate::rules) const BACKUP_SOURCE: Rule = Rule {
    id: "backup-source",
    sentence: "A backup by path needs the path and the backup storage that it lies in.",
    advice: "Set both {.path} and {.backupStorageName}.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: validation/database_cluster.go, data source",
};

pub(in crate::rules) const PITR_DATE: Rule = Rule {
    id: "pitr-date",
    sentence: "A moment to restore to is written in UTC as 2006-01-02T15:04:05Z.",
    advice: "Write the date in that form.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: validation/database_cluster.go; everest-operator: DatabaseClusterRestore webhook",
};

pub(in crate::rules) const PITR_WINDOW: Rule = Rule {
    id: "pitr-window",
    sentence: "A database can be restored to moments from the end of the backup on, as far as its log was kept, and to none that is still to come: Everest takes any, stops the database, and the restore then fails or never ends.",
    advice: "Write a moment in between; for an earlier one name an earlier backup.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE_AND_ONLINE,
    source: "engine operators: point-in-time recovery; status of the DatabaseClusterBackup",
};

pub(in crate::rules) const PITR_GAPS: Rule = Rule {
    id: "pitr-gaps",
    sentence: "The log behind a backup may have gaps: the engine's operator may refuse to restore to a moment by it, after the database was stopped.",
    advice: "Name another backup, or restore the backup alone, without {pitr}.",
    engines: &[Engine::Pxc],
    operations: CREATE,
    checked: ONLINE,
    source: "everest-operator: databaseclusterbackup_controller.go, BinlogGapDetected; percona-xtradb-cluster-operator: PITRReady, unsafe-pitr",
};

pub(in crate::rules) const PITR_LATEST: Rule = Rule {
    id: "pitr-latest",
    sentence: "Everest has the word \"latest\" for the moment to restore to, but always refuses it.",
    advice: "Leave the type out and give a date.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest: validation/database_cluster.go; everest-operator: DatabaseClusterRestore webhook",
};

pub(in crate::rules) const DATA_SOURCE_UNUSED: Rule = Rule {
    id: "data-source-unused",
    sentence: "The data source is used when a database is created and never again, so a change of it has no effect.",
    advice: "To restore into this database use {a Restore}; to start from other data create another database.",
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
    sentence: "The two keys of an import's bucket are given together or not at all, and in one form.",
    advice: "Set both {.accessKeyId} and {.secretAccessKey}, or both {.accessKeyIdWo} and {.secretAccessKeyWo}, which no state holds, or none if the Secret exists.",
    engines: ALL,
    operations: CREATE,
    checked: ALONE,
    source: "everest-operator: dataImport webhook",
};

pub(in crate::rules) const BUCKET: Rule = Rule {
    id: "bucket",
    sentence: "The name of a bucket has 3 to 63 characters: small letters, digits, hyphens and dots.",
    advice: "Write the bucket's name alone, without a URL or a path.",
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

pub(in crate::rules) const S3_REGION: Rule = Rule {
    id: "s3-region",
    sentence: "A storage of type s3 needs the region of its bucket.",
    advice: "Set {region}, for example \"us-east-1\"; servers without regions take any word.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/backup_storage.go",
};

pub(in crate::rules) const CREDENTIALS_PAIR: Rule = Rule {
    id: "credentials-pair",
    sentence: "The two keys of a bucket are given together or not at all; without them the Secret is left as it is.",
    advice: "Set both, or neither.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest: validation/backup_storage.go",
};

pub(in crate::rules) const CREDENTIALS_ONCE: Rule = Rule {
    id: "credentials-once",
    sentence: "Credentials are given either as write-only attributes or as sensitive ones that are kept in the state.",
    advice: "Keep the write-only ones, or the others.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "design: write-only attributes",
};

pub(in crate::rules) const CREDENTIALS_VERSION: Rule = Rule {
    id: "credentials-version",
    sentence: "Terraform does not remember write-only values, so it cannot see that they changed.",
    advice: "Set that version, and raise it whenever the credentials change.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "design: write-only attributes",
};

pub(in crate::rules) const STORAGE_IN_USE: Rule = Rule {
    id: "storage-in-use",
    sentence: "The bucket, the region and the type of a backup storage cannot change while databases, backups or restores use it: what they wrote would not be found again.",
    advice: "Create another storage and move the schedules to it.",
    engines: ALL,
    operations: UPDATE,
    checked: CHANGE_AND_ONLINE,
    source: "everest: validation/backup_storage.go",
};

pub(in crate::rules) const RESTORE_SOURCE: Rule = Rule {
    id: "restore-source",
    sentence: "A restore reads exactly one of a backup by name and a backup by path.",
    advice: "Set one of {.backupName} and {.backupSource}.",
    engines: ALL,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: DatabaseClusterRestore webhook",
};
