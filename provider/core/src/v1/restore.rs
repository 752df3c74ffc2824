//! `everest_restore` and DatabaseClusterRestore.

use std::collections::BTreeMap;

use everest_schemas::Field;
use everest_schemas::everest::{
    DatabaseClusterRestore, DatabaseClusterRestoreSpec, PitrTarget, RestoreDataSource,
};
use everest_schemas::models::{RestoreModel, RestorePitr};
use serde_json::Value;

use super::object_mapping::{ObjectMapping, in_a_namespace};
use super::{Identity, OwnedKeys, body, filled, known_json, labels_of_database, named, timestamp};
use crate::Operation;

/// The body of a server-side apply for a restore.
pub fn desired(model: &RestoreModel) -> Value {
    let pitr = model.pitr.clone().map(|pitr| PitrTarget {
        date: pitr.date,
        type_: Field::from("date"),
    });
    let spec = DatabaseClusterRestoreSpec {
        db_cluster_name: model.database_name.clone(),
        data_source: Field::Known(RestoreDataSource {
            db_cluster_backup_name: model.backup_name.clone(),
            backup_source: model.backup_source.clone(),
            pitr,
        }),
    };
    let labels = labels_of_database(&model.database_name);
    let identity = Identity {
        kind: "DatabaseClusterRestore",
        namespace: &model.namespace,
        name: &model.name,
    };
    body(&identity, labels, BTreeMap::new(), known_json(&spec))
}

/// The model of a restore as the cluster holds it; it has no labels or
/// annotations of the user's.
pub fn observed(object: &DatabaseClusterRestore, _: &OwnedKeys) -> RestoreModel {
    let (namespace, name) = named(&object.metadata);
    let status = object.status.clone().unwrap_or_default();
    let source = object
        .spec
        .data_source
        .clone()
        .into_known()
        .unwrap_or_default();
    let date = source.pitr.known().and_then(|pitr| pitr.date.known());
    RestoreModel {
        namespace,
        name,
        database_name: object.spec.db_cluster_name.clone(),
        backup_name: filled(source.db_cluster_backup_name.known()),
        backup_source: source.backup_source,
        pitr: date
            .map(|date| RestorePitr {
                date: Field::Known(date.clone()),
            })
            .into(),
        state: filled(status.state.as_ref()),
        completed_at: timestamp(status.completed.as_ref()),
        ..RestoreModel::default()
    }
}

/// The state of a restore; empty before Everest has seen it.
pub fn state(object: &DatabaseClusterRestore) -> &str {
    let status = object.status.as_ref();
    status
        .and_then(|status| status.state.as_deref())
        .unwrap_or_default()
}

/// Returns true if a restore is running, so that Everest refuses to delete it.
pub fn is_running(object: &DatabaseClusterRestore) -> bool {
    ["Starting", "Restoring"].contains(&state(object))
}

/// Returns true if it is a restore of `database` that has not ended.
pub fn is_under_way(object: &DatabaseClusterRestore, database: &str) -> bool {
    object.spec.db_cluster_name.known_str() == Some(database)
        && object.metadata.deletion_timestamp.is_none()
        && (state(object).is_empty() || is_running(object))
}

impl ObjectMapping for RestoreModel {
    type Object = DatabaseClusterRestore;

    const LASTING: &'static [&'static str] = &["dataSource", "dbClusterName"];

    const RENAMED: &'static [(&'static str, &'static str)] = &[
        ("spec.dbClusterName", "spec.databaseName"),
        ("spec.dataSource.dbClusterBackupName", "spec.backupName"),
        ("spec.dataSource.", "spec."),
    ];

    in_a_namespace!();

    fn desired(&self, _: Operation) -> Value {
        desired(self)
    }

    fn observed(object: &DatabaseClusterRestore, owned: &OwnedKeys) -> Self {
        observed(object, owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::everest::BackupSource;
    use serde_json::json;

    fn model() -> RestoreModel {
        RestoreModel {
            namespace: "prod".into(),
            name: "drill-1".into(),
            database_name: "orders".into(),
            ..RestoreModel::default()
        }
    }

    #[test]
    fn a_restore_is_under_way_until_it_ends_or_goes() {
        let restore = |state: &str, going: bool| -> DatabaseClusterRestore {
            let mut object = desired(&model());
            object["status"] = json!({"state": state});
            if going {
                object["metadata"]["deletionTimestamp"] = json!("2026-01-01T01:00:00Z");
            }
            serde_json::from_value(object).unwrap()
        };
        for (state, runs) in [("", false), ("Starting", true), ("Restoring", true)] {
            assert_eq!(is_running(&restore(state, false)), runs, "{state}");
            assert!(is_under_way(&restore(state, false), "orders"), "{state}");
            assert!(!is_under_way(&restore(state, false), "other"), "{state}");
            assert!(!is_under_way(&restore(state, true), "orders"), "{state}");
        }
        for state in ["Succeeded", "Failed"] {
            assert!(!is_under_way(&restore(state, false), "orders"), "{state}");
        }
    }

    #[test]
    fn a_restore_from_a_backup_is_sent_and_observed_again() {
        let model = RestoreModel {
            backup_name: "before-migration".into(),
            pitr: RestorePitr {
                date: "2026-01-01T02:03:04Z".into(),
            }
            .into(),
            ..model()
        };
        let body = desired(&model);
        assert_eq!(
            body["spec"],
            json!({
                "dataSource": {
                    "dbClusterBackupName": "before-migration",
                    "pitr": {"date": "2026-01-01T02:03:04Z", "type": "date"},
                },
                "dbClusterName": "orders",
            })
        );
        assert_eq!(body["metadata"]["labels"], json!({"clusterName": "orders"}));
        assert_eq!(
            observed(
                &serde_json::from_value(body).unwrap(),
                &OwnedKeys::default()
            ),
            model
        );
    }

    #[test]
    fn a_restore_from_a_path_is_sent_and_observed_again() {
        let model = RestoreModel {
            backup_source: BackupSource {
                path: "s3://bucket/orders/full".into(),
                backup_storage_name: "s3".into(),
            }
            .into(),
            ..model()
        };
        let body = desired(&model);
        assert_eq!(
            body["spec"]["dataSource"],
            json!({"backupSource": {"backupStorageName": "s3", "path": "s3://bucket/orders/full"}})
        );
        assert_eq!(
            observed(
                &serde_json::from_value(body).unwrap(),
                &OwnedKeys::default()
            ),
            model
        );
    }
}
