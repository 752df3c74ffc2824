//! Storages that somebody else deleted while they were used.

use test_apiserver::ApiServer;

use super::*;

const IN_USE: &str = "everest.percona.com/in-use-protection";

/// A cluster with a storage that Everest has marked as used.
fn used() -> (ApiServer, Arc<Session>) {
    let server = ApiServer::new().with_everest();
    server.put(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}}));
    let spec = json!({"type": "s3", "bucket": "b", "credentialsSecretName": "s3"});
    let (_, mut storage) = object("BackupStorage", "backupstorages", "s3", spec, json!({}));
    storage["metadata"]["finalizers"] = json!([IN_USE]);
    server.put(storage);
    let cluster = Cluster::new(server.process().client(), Catalog::default());
    (server, Arc::new(Session::on(cluster)))
}

fn storage() -> BackupStorageModel {
    BackupStorageModel {
        namespace: "prod".into(),
        name: "s3".into(),
        ..BackupStorageModel::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_that_is_taken_off_a_storage_somebody_deleted_is_named_in_a_warning() {
    let path = format!("{EVEREST}/backupstorages/s3");
    for is_deleted in [true, false] {
        let (server, session) = used();
        if is_deleted {
            assert!(server.mark_deleted(&path));
        }
        let said = Stage::<BackupStorage>::on(&session)
            .delete(&storage(), &Private::default())
            .await;
        assert!(!said.is_refusal(), "{said:?}");
        assert_eq!(said.says(IN_USE), is_deleted, "{said:?}");
        assert_eq!(
            said.says("everest_backup_storage prod/s3 was deleted by someone else"),
            is_deleted
        );
        assert_eq!(server.get(&path), None);
    }
}
