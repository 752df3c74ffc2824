//! Rules for the final backup of a database.

use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;

use super::engine_type;
use crate::facts::Facts;
use crate::final_backup;
use crate::finding::Finding;
use crate::path::FieldPath;
use crate::rules::findings::{Findings, is_missing};
use crate::rules::table::database::{FINAL_BACKUP_RUNNING, FINAL_BACKUP_STORAGE};
use crate::rules::{Stage, backup};

pub(super) fn check(config: &DatabaseModel, findings: &mut Findings) {
    let Some(wanted) = config.final_backup.known() else {
        return;
    };
    let path = FieldPath::of("finalBackup");
    if is_missing(&wanted.backup_storage_name) {
        findings.error(
            &FINAL_BACKUP_STORAGE,
            path.field("backupStorageName"),
            "The storage of the final backup is not named",
        );
    }
    let path = path.field("name");
    findings.object_name(path.clone(), &wanted.name);
    let engine = config.spec.known().and_then(engine_type);
    backup::fits_label(path, &wanted.name, engine, findings);
}

/// Checks the destruction of a database with the values in the state.
pub fn check_destruction(prior: &DatabaseModel) -> Vec<Finding> {
    let mut findings = Findings::default();
    if prior.final_backup.is_known() && crate::restart::is_paused(prior) == Some(true) {
        paused(&mut findings);
    }
    findings.into_findings()
}

/// The same check against the present state of the cluster: the rules for a backup hold for the
/// final one. A database that is gone or being deleted gets no final backup.
pub fn check_destruction_online(prior: &DatabaseModel, facts: &Facts) -> Vec<Finding> {
    let live = prior
        .name
        .known_str()
        .and_then(|name| facts.databases.as_ref()?.get(name));
    let (Some(planned), Some(live)) = (final_backup::of(prior), live) else {
        return Vec::new();
    };
    if live.metadata.deletion_timestamp.is_some() {
        return Vec::new();
    }
    let mut findings = Findings::default();
    // What the state says of it has been checked without the cluster.
    if crate::restart::is_paused(prior) != Some(true) && has_stopped(live) {
        paused(&mut findings);
    }
    let mut findings = findings.into_findings();
    findings.extend(
        backup::check_online(&planned, None, facts, Stage::Apply)
            .into_iter()
            .map(|finding| Finding {
                path: in_database(&finding.path),
                ..finding
            }),
    );
    findings
}

fn paused(findings: &mut Findings) {
    findings.error(
        &FINAL_BACKUP_RUNNING,
        FieldPath::of("finalBackup"),
        "The database is paused, so its final backup cannot be taken",
    );
}

/// Stopped for good, not for a restart.
fn has_stopped(live: &DatabaseCluster) -> bool {
    live.spec.paused.known() == Some(&true) && !crate::restart::is_running(live)
}

/// The attribute of the database that determines an attribute of its final backup.
fn in_database(path: &FieldPath) -> FieldPath {
    let of_backup = ["backupStorageName", "name"]
        .into_iter()
        .find(|name| *path == FieldPath::of(name));
    let path = FieldPath::of("finalBackup");
    of_backup.map_or(path.clone(), |name| path.field(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn prior(paused: bool, wanted: Value) -> DatabaseModel {
        serde_json::from_value(json!({"namespace": "prod", "name": "orders", "uid": "0d5c7e1a",
            "spec": {"engine": {"type": "psmdb", "storage": {"size": "1Gi"}}, "paused": paused}, "finalBackup": wanted}))
        .unwrap()
    }

    fn live(more: Value) -> DatabaseCluster {
        let mut object = json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseCluster", "metadata": {"name": "orders"},
            "spec": {"engine": {"type": "psmdb", "storage": {"size": "1Gi"}}}});
        object
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(object).unwrap()
    }

    fn facts(database: DatabaseCluster, storages: &[&str]) -> Facts {
        let storage = |name: &&str| {
            let storage = serde_json::from_value(json!({
                "apiVersion": "everest.percona.com/v1alpha1", "kind": "BackupStorage",
                "metadata": {"name": name},
                "spec": {"type": "s3", "bucket": "b", "credentialsSecretName": "c"}}));
            ((*name).to_owned(), storage.unwrap())
        };
        Facts {
            databases: Some([("orders".to_owned(), database)].into()),
            storages: Some(storages.iter().map(storage).collect()),
            ..Facts::default()
        }
    }

    fn online(prior: &DatabaseModel, facts: &Facts) -> Vec<(&'static str, String)> {
        check_destruction_online(prior, facts)
            .into_iter()
            .map(|finding| (finding.rule, finding.path.to_string()))
            .collect()
    }

    fn to_s3() -> Value {
        json!({"backupStorageName": "s3"})
    }

    #[test]
    fn a_paused_database_is_not_destroyed_with_a_final_backup() {
        let found = check_destruction(&prior(true, to_s3()));
        assert_eq!(found[0].rule, "final-backup-running");
        assert!(check_destruction(&prior(true, Value::Null)).is_empty());
        assert!(check_destruction(&prior(false, to_s3())).is_empty());
    }

    #[test]
    fn nor_is_one_that_somebody_has_paused_meanwhile_unless_it_restarts() {
        let stopped = live(
            json!({"spec": {"engine": {"type": "psmdb", "storage": {"size": "1Gi"}}, "paused": true}}),
        );
        let found = online(&prior(false, to_s3()), &facts(stopped, &["s3"]));
        assert_eq!(found[0].0, "final-backup-running");
        let restarting = live(json!({
            "metadata": {"name": "orders", "annotations": {"everest.percona.com/restart": "true"}},
            "spec": {"engine": {"type": "psmdb", "storage": {"size": "1Gi"}}, "paused": true}}));
        assert!(online(&prior(false, to_s3()), &facts(restarting, &["s3"])).is_empty());
    }

    #[test]
    fn its_storage_has_to_exist_and_to_be_the_engines() {
        let at_storage = "finalBackup.backupStorageName".to_owned();
        assert_eq!(
            online(&prior(false, to_s3()), &facts(live(json!({})), &["other"])),
            [("backup-storage-exists", at_storage.clone())]
        );
        let elsewhere = live(json!({"status": {"activeStorage": "other"}}));
        assert_eq!(
            online(&prior(false, to_s3()), &facts(elsewhere, &["s3", "other"])),
            [("psmdb-one-storage", at_storage)]
        );
        assert!(online(&prior(false, to_s3()), &facts(live(json!({})), &["s3"])).is_empty());
    }

    #[test]
    fn a_database_that_is_gone_or_going_gets_none() {
        let going = live(json!({"metadata": {"name": "orders",
            "deletionTimestamp": "2026-01-01T00:00:00Z"}}));
        assert!(online(&prior(false, to_s3()), &facts(going, &[])).is_empty());
        let mut gone = facts(live(json!({})), &[]);
        gone.databases = Some(Default::default());
        assert!(online(&prior(false, to_s3()), &gone).is_empty());
    }

    #[test]
    fn its_name_and_storage_are_checked_as_written() {
        let rules = |wanted: Value| -> Vec<&'static str> {
            let found = super::super::check_syntax(&prior(false, wanted));
            found.iter().map(|finding| finding.rule).collect()
        };
        assert_eq!(
            rules(json!({"backupStorageName": "s3", "name": "Not_A_Name"})),
            ["object-name"]
        );
        assert_eq!(
            rules(json!({"backupStorageName": ""})),
            ["final-backup-storage"]
        );
        assert!(rules(json!({"backupStorageName": "s3", "name": "last"})).is_empty());
    }

    #[test]
    fn the_operator_of_mysql_has_to_fit_its_name_into_a_label() {
        let rules = |engine: &str, length: usize| -> Vec<&'static str> {
            let wanted = json!({"backupStorageName": "s3", "name": "b".repeat(length)});
            let mut config = serde_json::to_value(prior(false, wanted)).unwrap();
            config["spec"]["engine"]["type"] = engine.into();
            let found = super::super::check_syntax(&serde_json::from_value(config).unwrap());
            found.iter().map(|finding| finding.rule).collect()
        };
        assert_eq!(rules("pxc", 64), ["pxc-backup-name"]);
        assert!(rules("pxc", 63).is_empty());
        assert!(rules("psmdb", 64).is_empty());
    }
}
