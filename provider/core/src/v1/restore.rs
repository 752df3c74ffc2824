//! `everest_restore` and DatabaseClusterRestore.

use std::collections::BTreeMap;

use everest_schemas::Field;
use everest_schemas::everest::{
    DatabaseClusterRestore, DatabaseClusterRestoreSpec, PitrTarget, RestoreDataSource,
};
use everest_schemas::models::{RestoreModel, RestorePitr};
use serde_json::Value;

use super::{CLUSTER_NAME_LABEL, Identity, OwnedKeys, body, filled, known_json, named, timestamp};

/// The body that restores.
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
    let labels: BTreeMap<String, String> = model
        .database_name
        .known()
        .map(|name| (CLUSTER_NAME_LABEL.to_owned(), name.clone()))
        .into_iter()
        .collect();
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
