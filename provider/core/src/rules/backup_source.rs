//! Rules for the backup that a new database or a restore takes its data from.

use everest_schemas::everest::{BackupSource, DatabaseClusterBackup};
use everest_schemas::{Engine, Field};

use super::Stage;
use super::findings::{Findings, is_missing};
use super::online::{Reference, is_to_come, named};
use super::table::backup::{BACKUP_PATH_FORM, BACKUP_SOURCE};
use super::table::online::SOURCE_BACKUP;
use crate::facts::{Facts, Kind};
use crate::path::FieldPath;

/// The fewest parts of the path of a MongoDB backup: everest-operator takes the third and the
/// second last as the prefix in the bucket, and panics if they are missing.
const MONGODB_PARTS: usize = 3;

/// Checks that a backup that is named by its path has a path and a storage.
pub(super) fn given(path: &FieldPath, source: &BackupSource, findings: &mut Findings) {
    if is_missing(&source.path) {
        findings.error(
            &BACKUP_SOURCE,
            path.field("path"),
            "The path of the backup is empty",
        );
    }
    if is_missing(&source.backup_storage_name) {
        findings.error(
            &BACKUP_SOURCE,
            path.field("backupStorageName"),
            "The backup storage of the backup is not named",
        );
    }
}

/// Checks the form of a path that no storage makes right.
pub(super) fn form(
    path: &FieldPath,
    source: &BackupSource,
    engine: Engine,
    findings: &mut Findings,
) {
    let Some(text) = source.path.known_str().filter(|text| !text.is_empty()) else {
        return;
    };
    let fault = match engine {
        Engine::Pxc if text.contains("://") => "contains ://",
        Engine::Psmdb if has_too_few_parts(text) => "has fewer than 3 parts",
        _ => return,
    };
    let summary = format!("The path {text:?} {fault}");
    findings.error(&BACKUP_PATH_FORM, path.field("path"), summary);
}

/// Checks that the path of a MongoDB backup has the form that its storage needs: a backup in a
/// storage of type s3 is named by its whole destination. A storage that is not known is likely to
/// be of that type.
pub(super) fn form_in_storage(
    path: &FieldPath,
    source: &BackupSource,
    engine: Engine,
    (facts, stage): (&Facts, Stage),
    findings: &mut Findings,
) {
    let (Engine::Psmdb, Some(text)) = (engine, source.path.known_str()) else {
        return;
    };
    if text.starts_with("s3://") || has_too_few_parts(text) {
        return;
    }
    let name = source.backup_storage_name.known_str().unwrap_or_default();
    let storages = facts.storages.as_ref();
    let storage = storages.and_then(|storages| storages.get(name));
    let path = path.field("path");
    match storage.and_then(|storage| storage.spec.type_.known_str()) {
        Some("s3") => {
            let summary = format!(
                "The path {text:?} does not begin with s3://, and the backup storage {name:?} is \
                 of type s3"
            );
            findings.error(&BACKUP_PATH_FORM, path, summary);
        }
        None if stage == Stage::Plan && !text.contains("://") => {
            let summary = format!(
                "The path {text:?} does not begin with s3://, as a backup storage of type s3 needs"
            );
            findings.warning(&BACKUP_PATH_FORM, path, summary);
        }
        Some(_) | None => {}
    }
}

fn has_too_few_parts(path: &str) -> bool {
    path.split('/').count() < MONGODB_PARTS
}

/// The backup named as a source of data, with its name, if it exists and is complete.
pub(super) fn source_backup<'a>(
    path: FieldPath,
    name: &'a Field<String>,
    engine: Option<Engine>,
    facts: &'a Facts,
    stage: Stage,
    findings: &mut Findings,
) -> Option<(&'a str, &'a DatabaseClusterBackup)> {
    let reference = Reference {
        rule: &SOURCE_BACKUP,
        path: path.clone(),
        kind: "backup of the namespace",
        name,
    };
    if is_to_come(Kind::Backups, name, &facts.backups, facts, stage) {
        return None;
    }
    let backup = named(reference, &facts.backups, stage, findings)?;
    let name = name.known_str().unwrap_or_default();
    let state = backup
        .status
        .as_ref()
        .and_then(|status| status.state.as_deref())
        .unwrap_or_default();
    if backup.metadata.deletion_timestamp.is_some() {
        let summary = format!("The backup {name:?} is being deleted");
        findings.missing(&SOURCE_BACKUP, path, summary, stage);
        return None;
    }
    if state == "Failed" {
        // The same run may take it again under its name.
        let summary = format!("The backup {name:?} has failed");
        findings.missing(&SOURCE_BACKUP, path, summary, stage);
        return None;
    }
    if state != "Succeeded" {
        let summary = format!("The backup {name:?} is not complete yet");
        findings.missing(&SOURCE_BACKUP, path, summary, stage);
        return None;
    }
    let (Some(databases), Some(of)) = (&facts.databases, backup.spec.db_cluster_name.known_str())
    else {
        return Some((name, backup));
    };
    let Some(source) = databases.get(of) else {
        let summary = format!("The backup {name:?} is of {of}, which no longer exists");
        findings.missing(&SOURCE_BACKUP, path, summary, stage);
        return None;
    };
    let source = source.spec.engine.known();
    if let (Some(engine), Some(of)) = (engine, source.and_then(|source| source.type_.known()))
        && engine != *of
    {
        let summary = format!("The backup {name:?} is of {of}, not of {engine}");
        findings.error(&SOURCE_BACKUP, path, summary);
    }
    Some((name, backup))
}
