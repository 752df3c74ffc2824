//! Rules for the repositories that a PostgreSQL or MongoDB database is restored from.
//!
//! A restore in place reads from a repository of the restored database, below the database's name
//! and UID. PostgreSQL looks there for the last part of the backup's path alone, and MongoDB for the
//! name of a backup; a path leads MongoDB to any repository.

use everest_schemas::everest::{BackupSource, DatabaseCluster, DatabaseClusterBackup};
use everest_schemas::models::RestoreModel;

use crate::facts::Facts;
use crate::path::FieldPath;
use crate::rules::Rule;
use crate::rules::backup::fourth_storage;
use crate::rules::findings::Findings;
use crate::rules::table::backup::PG_OWN_BACKUP;

/// The folder of the backups in a repository.
const BACKUPS: &str = "backup/db";

/// The storage of a restore counts as one of the database's storages while the restore runs.
pub(super) fn fourth(
    path: FieldPath,
    planned: &RestoreModel,
    target: Option<&DatabaseCluster>,
    storage: Option<&str>,
    facts: &Facts,
    findings: &mut Findings,
) {
    if let (Some(target), Some(name), Some(storage)) =
        (target, planned.database_name.known_str(), storage)
    {
        fourth_storage(path, storage, name, target, facts, findings);
    }
}

/// Checks that a backup that is named was taken of the restored database. Returns true if it was, by
/// the name of the database.
pub(super) fn of_database(
    rule: &Rule,
    path: FieldPath,
    planned: &RestoreModel,
    (name, backup): (&str, &DatabaseClusterBackup),
    findings: &mut Findings,
) -> bool {
    let of = backup.spec.db_cluster_name.known_str();
    let (Some(database), Some(of)) = (planned.database_name.known_str(), of) else {
        return false;
    };
    if of != database {
        let summary = format!("The backup {name:?} is of {of:?}, not of {database:?}");
        findings.error(rule, path, summary);
    }
    of == database
}

/// Checks that a backup that is named was taken of the restored PostgreSQL database, and not of a
/// former one of its name.
pub(super) fn of_backup(
    path: FieldPath,
    planned: &RestoreModel,
    target: Option<&DatabaseCluster>,
    (name, backup): (&str, &DatabaseClusterBackup),
    findings: &mut Findings,
) {
    let is_of_it = of_database(
        &PG_OWN_BACKUP,
        path.clone(),
        planned,
        (name, backup),
        findings,
    );
    let Some(database) = planned.database_name.known_str().filter(|_| is_of_it) else {
        return;
    };
    let status = backup.status.as_ref();
    let destination = status.and_then(|status| status.destination.as_deref());
    if let (Some(destination), Some(own)) = (destination, repository(database, target)) {
        within(path, destination, &own, findings);
    }
}

/// Checks that a path to a backup leads into the repository of the restored database.
pub(super) fn of_path(
    path: FieldPath,
    planned: &RestoreModel,
    target: Option<&DatabaseCluster>,
    source: &BackupSource,
    findings: &mut Findings,
) {
    if let (Some(database), Some(text)) =
        (planned.database_name.known_str(), source.path.known_str())
        && let Some(own) = repository(database, target)
    {
        within(path, text, &own, findings);
    }
}

/// The folder of a database in its buckets, if its UID is known.
fn repository(name: &str, database: Option<&DatabaseCluster>) -> Option<String> {
    let uid = database?.metadata.uid.as_deref()?;
    Some(format!("{name}/{uid}"))
}

/// A path without folders names a backup of the database's own repository.
fn within(path: FieldPath, text: &str, own: &str, findings: &mut Findings) {
    let Some((folders, _)) = text.trim_end_matches('/').rsplit_once('/') else {
        return;
    };
    let folders = folders.strip_suffix(BACKUPS).unwrap_or(folders);
    let folders = folders.trim_matches('/');
    let above = folders.strip_suffix(own);
    if folders.is_empty() || above.is_some_and(|above| above.is_empty() || above.ends_with('/')) {
        return;
    }
    let summary =
        format!("The path {text:?} is not below {own:?}, where the backups of the database are");
    findings.error(&PG_OWN_BACKUP, path, summary);
}
