//! Changes of attributes that the provider alone keeps.

use everest_cluster::{Change, ClusterError, Wait};
use everest_schemas::models::NamespaceModel;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use super::*;

/// The result of a change on a cluster without objects, which refuses every read of the object.
async fn changed<K: Kind>(prior: &K::Model, planned: &K::Model) -> Change<K::Model> {
    let (session, _) = world([]);
    let cluster = session.cluster().await.unwrap();
    let wait = Wait::new(Duration::ZERO, CancellationToken::new());
    K::update(cluster, prior, planned, planned, &wait).await
}

#[tokio::test]
async fn how_a_namespace_is_destroyed_changes_without_the_cluster() {
    let prior: NamespaceModel = serde_json::from_value(json!({"name": "prod", "ready": true,
        "engines": {"pxc": {"version": "1.18.0", "installedVersion": "1.18.0"}}}))
    .unwrap();
    for change in [
        json!({"forceDestroy": true}),
        json!({"keepNamespace": true}),
        json!({"takeOwnership": true}),
    ] {
        let mut planned = serde_json::to_value(&prior).unwrap();
        planned
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let mut planned: NamespaceModel = serde_json::from_value(planned).unwrap();
        let end = changed::<Namespace>(&prior, &planned).await;
        assert!(
            matches!(&end, Change::Done(kept) if *kept == planned),
            "{end:?}"
        );
        // What was waited for before goes on being waited for.
        planned.ready = Field::Unknown;
        let end = changed::<Namespace>(&prior, &planned).await;
        let Change::Pending { observed, .. } = end else {
            panic!("{end:?}");
        };
        assert_eq!(observed.ready, prior.ready);
        assert_eq!(observed.force_destroy, planned.force_destroy);
        planned.labels = serde_json::from_value(json!({"team": "a"})).unwrap();
        let end = changed::<Namespace>(&prior, &planned).await;
        assert!(matches!(
            end,
            Change::Refused(ClusterError::Forbidden { .. }) | Change::Pending { .. }
        ));
    }
}

#[tokio::test]
async fn what_becomes_of_the_data_of_a_backup_changes_without_the_cluster() {
    let prior = BackupModel {
        namespace: "prod".into(),
        name: "b".into(),
        keep_backup_data: true.into(),
        state: "Running".into(),
        ..BackupModel::default()
    };
    let mut planned = BackupModel {
        keep_backup_data: false.into(),
        ..prior.clone()
    };
    let end = changed::<Backup>(&prior, &planned).await;
    assert!(
        matches!(&end, Change::Done(kept) if *kept == planned),
        "{end:?}"
    );
    planned.state = Field::Unknown;
    let end = changed::<Backup>(&prior, &planned).await;
    assert!(
        matches!(&end, Change::Pending { observed, .. } if observed.state == prior.state),
        "{end:?}"
    );
}
