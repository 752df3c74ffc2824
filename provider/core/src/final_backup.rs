//! The last backup of a database that is destroyed.

use std::time::Duration;

use everest_schemas::Field;
use everest_schemas::everest::DatabaseClusterBackup;
use everest_schemas::models::{BackupModel, DatabaseModel};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use crate::name;
use crate::v1;

pub use crate::api::FINAL_BACKUP_OF;

/// The time during which a final backup is accepted for a destruction that is retried. Later, the
/// database may have changed too much.
const COUNTS_FOR: Duration = Duration::from_secs(3600);

/// Characters of the database's UID in the default name.
const UID_BEGINNING: usize = 8;

/// The final backup that a model asks for; none if it asks for none.
pub fn of(model: &DatabaseModel) -> Option<BackupModel> {
    let wanted = model.final_backup.known()?;
    let database = model.name.known_str()?;
    let default = || default_name(database, model.uid.known_str().unwrap_or_default());
    let name = wanted.name.known().filter(|name| !name.is_empty());
    Some(BackupModel {
        namespace: model.namespace.clone(),
        name: Field::Known(name.cloned().unwrap_or_else(default)),
        database_name: model.name.clone(),
        backup_storage_name: wanted.backup_storage_name.clone(),
        ..BackupModel::default()
    })
}

/// The default name, such as `orders-final-0d5c7e1a`. The UID keeps apart two databases that have
/// the same name one after the other, and the name leaves room for the suffixes of the engines.
fn default_name(database: &str, uid: &str) -> String {
    let database: String = database.chars().take(name::LIMIT).collect();
    let uid: String = uid.chars().take(UID_BEGINNING).collect();
    let parts = [database.trim_end_matches('-'), "final", &uid];
    parts.join("-").trim_end_matches('-').to_owned()
}

/// The body that takes the final backup of the database `uid`.
pub fn desired(backup: &BackupModel, uid: &str) -> Value {
    let mut body = v1::backup::desired(backup);
    body["metadata"]["annotations"] = json!({ FINAL_BACKUP_OF: uid });
    body
}

/// The next step for a final backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// None exists: take it.
    Take,
    /// It was begun: wait for it.
    GoOn,
    /// It was taken a moment ago.
    Done,
    /// The existing one failed, or is too old to be the last: its object makes room for a new one,
    /// its data stays.
    Retake,
    /// The name belongs to another backup; the reason why it is not this one.
    Refused(String),
}

/// Decides the step for the database `uid`; `existing` is the backup that already has the name of
/// the final backup.
pub fn step(existing: Option<&DatabaseClusterBackup>, uid: &str, now: &Time) -> Step {
    let Some(backup) = existing else {
        return Step::Take;
    };
    let annotations = backup.metadata.annotations.as_ref();
    let mark = annotations.and_then(|keys| keys.get(FINAL_BACKUP_OF));
    if mark.is_none_or(|of| of != uid) {
        return Step::Refused(
            "a backup of that name exists and is not the final one of this database".to_owned(),
        );
    }
    if backup.metadata.deletion_timestamp.is_some() {
        return Step::Retake;
    }
    let status = backup.status.as_ref();
    match status.and_then(|status| status.state.as_deref()) {
        Some("Failed" | "Deleting") => Step::Retake,
        Some("Succeeded") => {
            let completed = status.and_then(|status| status.completed.as_ref());
            let age = completed.map(|completed| now.0.duration_since(completed.0));
            let counts = age.is_some_and(|age| age.unsigned_abs() <= COUNTS_FOR);
            if counts { Step::Done } else { Step::Retake }
        }
        _ => Step::GoOn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UID: &str = "0d5c7e1a-9f7e-4b52-8d5c-2b1d7a3e4f60";

    fn model(name: &str, more: Value) -> DatabaseModel {
        serde_json::from_value(json!({"namespace": "prod", "name": name, "uid": UID,
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}, "finalBackup": more}))
        .unwrap()
    }

    fn name(name: &str, more: Value) -> String {
        let name = of(&model(name, more)).unwrap().name;
        name.known_str().unwrap().to_owned()
    }

    fn existing(more: Value, status: Value) -> DatabaseClusterBackup {
        let mut metadata = json!({"name": "x", "annotations": {FINAL_BACKUP_OF: UID}});
        let more = more.as_object().unwrap().clone();
        metadata.as_object_mut().unwrap().extend(more);
        serde_json::from_value(json!({
            "apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseClusterBackup",
            "metadata": metadata, "status": status,
            "spec": {"dbClusterName": "orders", "backupStorageName": "s3"}}))
        .unwrap()
    }

    fn step_of(more: Value, status: Value) -> Step {
        let now = serde_json::from_value(json!("2026-01-01T12:00:00Z")).unwrap();
        step(Some(&existing(more, status)), UID, &now)
    }

    fn state(state: &str, completed: &str) -> Value {
        json!({"gaps": false, "state": state, "completed": completed})
    }

    #[test]
    fn the_default_name_tells_databases_apart_and_fits_every_limit() {
        let storage = || json!({"backupStorageName": "s3"});
        assert_eq!(name("orders", storage()), "orders-final-0d5c7e1a");
        let longest = name(&"a".repeat(60), storage());
        assert!(name::check_label(&longest, 40).is_ok(), "{longest}");
        let odd = name(&format!("{}-b", "a".repeat(21)), storage());
        assert!(name::check_label(&odd, 40).is_ok(), "{odd}");
        assert_eq!(
            name("orders", json!({"backupStorageName": "s3", "name": "last"})),
            "last"
        );
    }

    #[test]
    fn it_is_a_backup_of_the_database_that_carries_its_uid() {
        let model = model("orders", json!({"backupStorageName": "s3"}));
        let body = desired(&of(&model).unwrap(), UID);
        assert_eq!(
            body["spec"],
            json!({"dbClusterName": "orders", "backupStorageName": "s3"})
        );
        assert_eq!(body["metadata"]["annotations"][FINAL_BACKUP_OF], UID);
        assert_eq!(of(&DatabaseModel::default()), None);
    }

    #[test]
    fn a_destruction_that_is_tried_again_goes_on_where_it_was() {
        let now = serde_json::from_value(json!("2026-01-01T12:00:00Z")).unwrap();
        assert_eq!(step(None, UID, &now), Step::Take);
        assert_eq!(step_of(json!({}), Value::Null), Step::GoOn);
        let running = json!({"gaps": false, "state": "Running"});
        assert_eq!(step_of(json!({}), running), Step::GoOn);
        let fresh = state("Succeeded", "2026-01-01T11:30:00Z");
        assert_eq!(step_of(json!({}), fresh), Step::Done);
    }

    #[test]
    fn what_failed_is_old_or_goes_is_taken_anew() {
        for status in [
            state("Failed", "2026-01-01T11:59:00Z"),
            state("Succeeded", "2025-12-01T11:30:00Z"),
            json!({"gaps": false, "state": "Succeeded"}),
        ] {
            assert_eq!(step_of(json!({}), status), Step::Retake);
        }
        let going = json!({"deletionTimestamp": "2026-01-01T11:59:00Z"});
        let fresh = state("Succeeded", "2026-01-01T11:30:00Z");
        assert_eq!(step_of(going, fresh), Step::Retake);
    }

    #[test]
    fn a_backup_of_another_kind_or_database_is_never_taken_for_it() {
        let fresh = || state("Succeeded", "2026-01-01T11:30:00Z");
        for annotations in [json!({}), json!({FINAL_BACKUP_OF: "another"})] {
            let step = step_of(json!({ "annotations": annotations }), fresh());
            assert!(matches!(step, Step::Refused(_)), "{step:?}");
        }
    }
}
