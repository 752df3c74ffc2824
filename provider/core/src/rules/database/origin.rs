//! Rules for the first data of a new database.

use everest_schemas::Engine;
use everest_schemas::everest::{
    BackupSource, DataImport, DataSource, DatabaseClusterSpec, PitrTarget,
};

use super::engine_type;
use crate::instant;
use crate::path::FieldPath;
use crate::rules::findings::{Findings, is_missing};
use crate::rules::table::backup::{DATA_SOURCE_ONE, PG_DATA_BY_PATH, PITR_DATE, PITR_LATEST};
use crate::rules::{self, backup_source, import};

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
        by_path(&path, spec, source, backup, findings);
    }
    if let Some(target) = source.pitr.known() {
        pitr(&path.field("pitr"), target, findings);
    }
    if let Some(import) = source.data_import.known() {
        data_import(&path.field("dataImport"), import, findings);
    }
}

/// Checks a backup that is named by its path.
fn by_path(
    path: &FieldPath,
    spec: &DatabaseClusterSpec,
    source: &DataSource,
    backup: &BackupSource,
    findings: &mut Findings,
) {
    let at = path.field("backupSource");
    backup_source::given(&at, backup, findings);
    let Some(engine) = engine_type(spec) else {
        return;
    };
    backup_source::form(&at, backup, engine, findings);
    if source.pitr.is_known() {
        rules::pitr::by_path(path.field("pitr"), engine, findings);
    }
    if engine == Engine::Postgresql {
        findings.error(
            &PG_DATA_BY_PATH,
            at,
            "The data of a new PostgreSQL database is a backup by path",
        );
    }
}

/// The moment to restore the first data to, if it is known.
pub(super) fn moment(spec: &DatabaseClusterSpec) -> Option<&str> {
    let target = spec.data_source.known()?.pitr.known()?;
    target.date.known_str()
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

fn data_import(path: &FieldPath, data: &DataImport, findings: &mut Findings) {
    let Some(source) = data.source.known() else {
        return;
    };
    let path = path.field("source");
    import::object_path(path.field("path"), &source.path, findings);
    let Some(s3) = source.s3.known() else {
        return;
    };
    let path = path.field("s3");
    import::endpoint_url(path.field("endpointURL"), &s3.endpoint_url, findings);
    let plain = [&s3.access_key_id, &s3.secret_access_key];
    let write_only = [&s3.access_key_id_wo, &s3.secret_access_key_wo];
    import::keys(&path, plain, write_only, findings);
}
