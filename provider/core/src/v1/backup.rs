//! `everest_backup` and DatabaseClusterBackup.

use std::collections::BTreeMap;

use everest_schemas::everest::{DatabaseClusterBackup, DatabaseClusterBackupSpec};
use everest_schemas::models::BackupModel;
use serde_json::Value;

use super::object_mapping::{ObjectMapping, in_a_namespace};
use super::{Identity, OwnedKeys, body, filled, known_json, labels_of_database, named, timestamp};
use crate::Operation;
use crate::facts::BACKUP_UNFINISHED;

/// The body that takes a backup.
pub fn desired(model: &BackupModel) -> Value {
    let spec = DatabaseClusterBackupSpec {
        backup_storage_name: model.backup_storage_name.clone(),
        db_cluster_name: model.database_name.clone(),
    };
    let labels = labels_of_database(&model.database_name);
    let identity = Identity {
        kind: "DatabaseClusterBackup",
        namespace: &model.namespace,
        name: &model.name,
    };
    body(&identity, labels, BTreeMap::new(), known_json(&spec))
}

/// The model of a backup as the cluster holds it; it has no labels or
/// annotations of the user's.
pub fn observed(object: &DatabaseClusterBackup, _: &OwnedKeys) -> BackupModel {
    let (namespace, name) = named(&object.metadata);
    let status = object.status.clone().unwrap_or_default();
    BackupModel {
        namespace,
        name,
        database_name: object.spec.db_cluster_name.clone(),
        backup_storage_name: object.spec.backup_storage_name.clone(),
        state: filled(status.state.as_ref()),
        destination: filled(status.destination.as_ref()),
        created_at: timestamp(status.created.as_ref()),
        completed_at: timestamp(status.completed.as_ref()),
        latest_restorable_time: timestamp(status.latest_restorable_time.as_ref()),
        ..BackupModel::default()
    }
}

/// The state of a backup; empty before Everest has seen it.
pub fn state(object: &DatabaseClusterBackup) -> &str {
    let status = object.status.as_ref();
    status
        .and_then(|status| status.state.as_deref())
        .unwrap_or_default()
}

/// Returns true if a destination is that of a PostgreSQL backup: below the name and the UID of the
/// database lies the repository of pgBackRest.
///
/// Source: everest-operator `internal/controller/everest/databaseclusterbackup_controller.go`.
pub fn is_of_postgresql(destination: &str) -> bool {
    let place = destination.split_once("://");
    let path = place.map_or(destination, |(_, path)| path);
    path.split('/').skip(3).take(2).eq(["backup", "db"])
}

/// Returns true if it is a backup of `database` that is still being taken.
pub fn is_being_taken(object: &DatabaseClusterBackup, database: &str) -> bool {
    object.spec.db_cluster_name.known_str() == Some(database) && is_unfinished(object)
}

/// Whether it is still being taken.
pub fn is_unfinished(object: &DatabaseClusterBackup) -> bool {
    object.metadata.deletion_timestamp.is_none() && BACKUP_UNFINISHED.contains(&state(object))
}

impl ObjectMapping for BackupModel {
    type Object = DatabaseClusterBackup;

    const LASTING: &'static [&'static str] = &["backupStorageName", "dbClusterName"];

    const RENAMED: &'static [(&'static str, &'static str)] =
        &[("spec.dbClusterName", "spec.databaseName")];

    in_a_namespace!();

    fn desired(&self, _: Operation) -> Value {
        desired(self)
    }

    fn observed(object: &DatabaseClusterBackup, owned: &OwnedKeys) -> Self {
        observed(object, owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn model() -> BackupModel {
        BackupModel {
            namespace: "prod".into(),
            name: "before-migration".into(),
            database_name: "orders".into(),
            backup_storage_name: "s3".into(),
            keep_backup_data: true.into(),
            ..BackupModel::default()
        }
    }

    #[test]
    fn a_backup_is_sent_with_its_database_as_label() {
        assert_eq!(
            desired(&model()),
            json!({
                "apiVersion": "everest.percona.com/v1alpha1",
                "kind": "DatabaseClusterBackup",
                "metadata": {
                    "name": "before-migration",
                    "namespace": "prod",
                    "labels": {"clusterName": "orders"},
                },
                "spec": {"backupStorageName": "s3", "dbClusterName": "orders"},
            })
        );
    }

    #[test]
    fn a_destination_tells_a_backup_of_postgresql() {
        for (destination, is_of_postgresql) in [
            (
                "s3://bucket/ledger/0d5c7e1a/backup/db/20260101-020000F",
                true,
            ),
            ("s3://bucket/orders/0d5c7e1a/orders-2026-01-01-full", false),
            ("s3://bucket/documents/0d5c7e1a/2026-01-01T02:00:00Z", false),
            ("s3://backup/db/0d5c7e1a/db-2026-01-01-full", false),
            ("", false),
        ] {
            let found = super::is_of_postgresql(destination);
            assert_eq!(found, is_of_postgresql, "{destination}");
        }
    }

    #[test]
    fn a_backup_is_being_taken_until_it_ends_or_goes() {
        let backup = |state: &str, going: bool| -> DatabaseClusterBackup {
            let mut object = desired(&model());
            object["status"] = json!({"gaps": false, "state": state});
            if going {
                object["metadata"]["deletionTimestamp"] = json!("2026-01-01T01:00:00Z");
            }
            serde_json::from_value(object).unwrap()
        };
        for state in ["", "Starting", "Running"] {
            assert!(is_being_taken(&backup(state, false), "orders"), "{state}");
            assert!(!is_being_taken(&backup(state, false), "other"), "{state}");
            assert!(!is_being_taken(&backup(state, true), "orders"), "{state}");
        }
        for state in ["Succeeded", "Failed"] {
            assert!(!is_being_taken(&backup(state, false), "orders"), "{state}");
        }
    }

    #[test]
    fn what_was_sent_is_observed_again() {
        let mut object = desired(&model());
        object["status"] = json!({
            "gaps": false,
            "state": "Succeeded",
            "destination": "s3://bucket/orders/full",
            "created": "2026-01-01T01:00:00Z",
            "completed": "2026-01-01T01:02:03Z",
        });
        let seen = observed(
            &serde_json::from_value(object).unwrap(),
            &OwnedKeys::default(),
        );
        assert_eq!(
            seen,
            BackupModel {
                keep_backup_data: Default::default(),
                state: "Succeeded".into(),
                destination: "s3://bucket/orders/full".into(),
                created_at: "2026-01-01T01:00:00Z".into(),
                completed_at: "2026-01-01T01:02:03Z".into(),
                ..model()
            }
        );
        assert_eq!(desired(&seen), desired(&model()));
    }
}
