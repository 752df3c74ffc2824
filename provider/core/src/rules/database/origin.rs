//! Rules for the first data of a new database.

use everest_schemas::everest::{
    BackupSource, DataImport, DataImportS3, DatabaseClusterSpec, PitrTarget,
};
use everest_schemas::{Field, Sensitive};

use crate::path::FieldPath;
use crate::rules::findings::{Findings, is_missing};
use crate::rules::table::backup::{
    BACKUP_SOURCE, DATA_IMPORT_CREDENTIALS, DATA_IMPORT_PATH, DATA_SOURCE_ONE, ENDPOINT_URL,
    PITR_DATE, PITR_LATEST,
};
use crate::{instant, url};

pub(super) fn check(spec: &DatabaseClusterSpec, findings: &mut Findings) {
    let Some(source) = spec.data_source.known() else {
        return;
    };
    let path = FieldPath::of("dataSource");
    let any_unknown = source.db_cluster_backup_name.is_unknown()
        || source.backup_source.is_unknown()
        || source.data_import.is_unknown();
    let given = [
        !is_missing(&source.db_cluster_backup_name),
        source.backup_source.is_known(),
        source.data_import.is_known(),
    ];
    let given = given.into_iter().filter(|given| *given).count();
    if given != 1 && !any_unknown {
        let summary = if given == 0 {
            "The data source names no data"
        } else {
            "The data source names its data in several ways"
        };
        findings.error(&DATA_SOURCE_ONE, path.clone(), summary);
    }
    if let Some(backup) = source.backup_source.known() {
        backup_source(&path.field("backupSource"), backup, findings);
    }
    if let Some(target) = source.pitr.known() {
        pitr(&path.field("pitr"), target, findings);
    }
    if let Some(import) = source.data_import.known() {
        data_import(&path.field("dataImport"), import, findings);
    }
}

/// The moment to restore the first data to, if it is known.
pub(super) fn moment(spec: &DatabaseClusterSpec) -> Option<&str> {
    let target = spec.data_source.known()?.pitr.known()?;
    target.date.known_str()
}

/// Checks a backup that is named by its path.
pub(in crate::rules) fn backup_source(
    path: &FieldPath,
    source: &BackupSource,
    findings: &mut Findings,
) {
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

fn pitr(path: &FieldPath, target: &PitrTarget, findings: &mut Findings) {
    if target.type_.known_str() == Some("latest") {
        findings.error(
            &PITR_LATEST,
            path.field("type"),
            "The type \"latest\" does not work",
        );
    } else if is_missing(&target.date) {
        findings.error(
            &PITR_DATE,
            path.field("date"),
            "No date is set for the time to restore to",
        );
    } else {
        pitr_date(path.field("date"), target.date.known_str(), findings);
    }
}

/// Checks the form of the moment to restore to, if it is known.
pub(in crate::rules) fn pitr_date(path: FieldPath, date: Option<&str>, findings: &mut Findings) {
    if let Some(date) = date
        && !instant::is_utc_second(date)
    {
        findings.error(
            &PITR_DATE,
            path,
            format!("{date:?} is not a date of the form 2006-01-02T15:04:05Z"),
        );
    }
}

fn data_import(path: &FieldPath, import: &DataImport, findings: &mut Findings) {
    let Some(source) = import.source.known() else {
        return;
    };
    let path = path.field("source");
    if let Some(text) = source.path.known_str()
        && !is_object_path(text)
    {
        findings.error(
            &DATA_IMPORT_PATH,
            path.field("path"),
            format!("{text:?} is not a path of a file or a folder"),
        );
    }
    let Some(s3) = source.s3.known() else {
        return;
    };
    let path = path.field("s3");
    if let Some(text) = s3.endpoint_url.known_str()
        && !url::is_http(text)
    {
        findings.error(
            &ENDPOINT_URL,
            path.field("endpointURL"),
            format!("{text:?} is not a URL of an endpoint"),
        );
    }
    keys(&path, s3, findings);
}

/// The keys of an import's bucket, in one of their two forms.
fn keys(path: &FieldPath, s3: &DataImportS3, findings: &mut Findings) {
    let plain = [
        ("accessKeyId", &s3.access_key_id),
        ("secretAccessKey", &s3.secret_access_key),
    ];
    let write_only = [
        ("accessKeyIdWo", &s3.access_key_id_wo),
        ("secretAccessKeyWo", &s3.secret_access_key_wo),
    ];
    for [id, secret] in [&plain, &write_only] {
        let missing = match (id.1.is_null(), secret.1.is_null()) {
            (true, false) if secret.1.is_known() => {
                Some((id.0, "A secret access key is set without an access key ID"))
            }
            (false, true) if id.1.is_known() => Some((
                secret.0,
                "An access key ID is set without a secret access key",
            )),
            _ => None,
        };
        if let Some((name, summary)) = missing {
            findings.error(&DATA_IMPORT_CREDENTIALS, path.field(name), summary);
        }
    }
    let given =
        |pair: &[(&str, &Field<Sensitive<String>>); 2]| pair.iter().any(|(_, key)| key.is_known());
    if given(&plain) && given(&write_only) {
        findings.error(
            &DATA_IMPORT_CREDENTIALS,
            path.field("accessKeyIdWo"),
            "The keys of the bucket are set in both forms, write-only and stored in the state",
        );
    }
}

/// Returns true if a text has parts separated by single slashes, with or without a slash at either
/// end.
fn is_object_path(text: &str) -> bool {
    let inner = text.strip_prefix('/').unwrap_or(text);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    inner.is_empty() || inner.split('/').all(|part| !part.is_empty())
}
