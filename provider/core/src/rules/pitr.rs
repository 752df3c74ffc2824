//! Rules for the moment that a database is restored to.

use everest_schemas::Engine;
use everest_schemas::everest::DatabaseClusterBackup;
use jiff::Timestamp;

use super::Stage;
use super::findings::{Findings, is_missing};
use super::online::is_to_come;
use super::table::backup::{PITR_GAPS, PITR_WINDOW, PXC_PITR_LOG};
use crate::facts::{Facts, Kind};
use crate::instant;
use crate::path::FieldPath;

/// The moment must not be after `now`: no log reaches further, and the engines would wait for it or
/// fail.
pub(super) fn past(path: FieldPath, date: Option<&str>, now: Timestamp, findings: &mut Findings) {
    if let Some((date, moment)) = date.and_then(read)
        && moment > now
    {
        findings.error(&PITR_WINDOW, path, format!("{date} is in the future"));
    }
}

/// The moment has to lie in the log of a backup, which begins at the end of the backup. The end of
/// the log is only the last one seen: the log grows, so a later moment is a warning.
pub(super) fn in_log(
    path: FieldPath,
    date: Option<&str>,
    backup: (&str, &DatabaseClusterBackup),
    findings: &mut Findings,
) {
    let (name, backup) = backup;
    let Some(((date, moment), status)) = date.and_then(read).zip(backup.status.as_ref()) else {
        return;
    };
    if status.gaps {
        let summary = format!("The log of the backup {name:?} has gaps");
        findings.warning(&PITR_GAPS, path.clone(), summary);
    }
    if let Some(end) = &status.completed
        && moment < end.0
    {
        let summary = format!(
            "{date} is before the end of the backup {name:?} at {}",
            end.0
        );
        findings.error(&PITR_WINDOW, path, summary);
    } else if let Some(last) = &status.latest_restorable_time
        && moment > last.0
    {
        let summary = format!(
            "{date} is after {}, the last known end of the log of the backup {name:?}",
            last.0
        );
        findings.warning(&PITR_WINDOW, path, summary);
    }
}

/// A MySQL database finds the log only by the object of the backup.
pub(super) fn by_path(path: FieldPath, engine: Engine, findings: &mut Findings) {
    if engine == Engine::Pxc {
        let summary = "A time is set for a backup that is named by its path";
        findings.error(&PXC_PITR_LOG, path, summary);
    }
}

/// Checks that the database of a MySQL backup names the storage that its log is in. It may have
/// stopped the upload since.
pub(super) fn log_storage(
    path: FieldPath,
    (name, backup): (&str, &DatabaseClusterBackup),
    facts: &Facts,
    stage: Stage,
    findings: &mut Findings,
) {
    let databases = facts.databases.as_ref();
    let Some((of, database)) = backup
        .spec
        .db_cluster_name
        .known_str()
        .and_then(|of| Some((of, databases?.get(of)?)))
    else {
        return;
    };
    let settings = database.spec.backup.known();
    let pitr = settings.and_then(|settings| settings.pitr.known());
    let Some(pitr) = pitr.filter(|pitr| !is_missing(&pitr.backup_storage_name)) else {
        let summary = format!(
            "The database {of:?} of the backup {name:?} names no backup storage for \
             point-in-time recovery"
        );
        findings.missing(&PXC_PITR_LOG, path, summary, stage);
        return;
    };
    let storage = &pitr.backup_storage_name;
    if is_to_come(Kind::Storages, storage, &facts.storages, facts, stage) {
        return;
    }
    let (Some(storage), Some(storages)) = (storage.known_str(), &facts.storages) else {
        return;
    };
    let Some(found) = storages.get(storage) else {
        let summary = format!("The backup storage {storage:?} of the log of {of:?} does not exist");
        findings.missing(&PXC_PITR_LOG, path, summary, stage);
        return;
    };
    if let Some(type_) = found.spec.type_.known_str().filter(|type_| *type_ != "s3") {
        let summary =
            format!("The backup storage {storage:?} of the log of {of:?} is of type {type_}");
        findings.error(&PXC_PITR_LOG, path, summary);
    }
}

/// Reads a moment in the only form that Everest accepts; another form is reported by another rule.
fn read(date: &str) -> Option<(&str, Timestamp)> {
    let moment = date.parse().ok()?;
    instant::is_utc_second(date).then_some((date, moment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Finding;
    use crate::finding::Severity::{self, Error, Warning};
    use everest_schemas::Field;
    use serde_json::json;

    fn weighed(check: impl Fn(FieldPath, &mut Findings)) -> Option<Severity> {
        let mut findings = Findings::default();
        check(FieldPath::of("pitr.date"), &mut findings);
        let found = findings.into_findings();
        let is_window = |found: &&Finding| found.rule == "pitr-window";
        found.iter().find(is_window).map(|found| found.severity)
    }

    #[test]
    fn a_moment_that_has_not_come_is_refused_whatever_is_known_of_the_backup() {
        let now = "2026-06-01T12:00:00Z".parse().unwrap();
        let at = |date: Option<&str>| weighed(|path, findings| past(path, date, now, findings));
        assert_eq!(at(Some("2099-01-01T00:00:00Z")), Some(Error));
        assert_eq!(at(Some("2026-06-01T12:00:01Z")), Some(Error));
        assert_eq!(at(Some("2026-06-01T12:00:00Z")), None);
        assert_eq!(at(Some("2099-01-01")), None, "another rule's");
        assert_eq!(at(Field::<String>::Unknown.known_str()), None);
    }

    #[test]
    fn a_moment_lies_behind_its_backup_and_the_end_of_the_log_moves_on() {
        let backup: DatabaseClusterBackup = serde_json::from_value(json!({
            "metadata": {},
            "spec": {"dbClusterName": "orders", "backupStorageName": "s3"},
            "status": {"state": "Succeeded", "gaps": false,
                "completed": "2026-06-01T02:00:00Z",
                "latestRestorableTime": "2026-06-01T10:00:00Z"},
        }))
        .unwrap();
        let at = |date: &str| {
            weighed(|path, findings| in_log(path, Some(date), ("nightly", &backup), findings))
        };
        assert_eq!(at("2020-01-01T00:00:00Z"), Some(Error));
        assert_eq!(at("2026-06-01T01:59:59Z"), Some(Error));
        assert_eq!(at("2026-06-01T02:00:00Z"), None);
        assert_eq!(at("2026-06-01T10:00:00Z"), None);
        assert_eq!(at("2026-06-01T11:00:00Z"), Some(Warning));
        let mut untold = backup.clone();
        untold.status = None;
        let at = weighed(|path, findings| {
            in_log(
                path,
                Some("2020-01-01T00:00:00Z"),
                ("new", &untold),
                findings,
            );
        });
        assert_eq!(at, None);
    }

    #[test]
    fn gaps_in_the_log_are_warned_of() {
        let found = |gaps: bool| {
            let backup: DatabaseClusterBackup = serde_json::from_value(json!({
                "metadata": {},
                "spec": {"dbClusterName": "orders", "backupStorageName": "s3"},
                "status": {"state": "Succeeded", "gaps": gaps,
                    "completed": "2026-06-01T02:00:00Z"},
            }))
            .unwrap();
            let mut findings = Findings::default();
            let date = Some("2026-06-01T03:00:00Z");
            in_log(
                FieldPath::of("pitr.date"),
                date,
                ("nightly", &backup),
                &mut findings,
            );
            findings.into_findings()
        };
        assert_eq!(found(false), []);
        let warned = found(true);
        assert_eq!(warned.len(), 1);
        assert_eq!((warned[0].rule, warned[0].severity), ("pitr-gaps", Warning));
    }
}
