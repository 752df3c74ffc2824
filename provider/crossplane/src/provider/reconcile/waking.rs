//! A database that waits for an object goes on as soon as the object comes.

use std::sync::Arc;
use std::time::Duration;

use crossplane_managed::controllers::Queue;
use serde_json::{Value, json};

use super::reconcile;
use crate::provider::context::Context;
use crate::provider::controllers::{Controller, controller};
use crate::provider::kind::Databases;
use crate::provider::rights;
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{EVEREST, condition, world};

/// The shortest pause before a reconcile without an event.
const POLL: Duration = Duration::from_secs(5);

async fn look(plane: &ControlPlane, controller: &Controller<Databases>, path: &str) -> String {
    let managed = plane.get(path).unwrap();
    reconcile(&serde_json::from_value(managed).unwrap(), controller).await;
    let synced = condition(plane, path, "UpToDate");
    synced["message"].as_str().unwrap_or_default().to_owned()
}

/// Reconciles the database as often as it is asked for within a second.
async fn settle(
    plane: &ControlPlane,
    controller: &Controller<Databases>,
    queue: &mut Queue,
    path: &str,
) -> Option<String> {
    let mut said = None;
    while let Ok(Some(_)) = tokio::time::timeout(POLL / 5, queue.recv()).await {
        said = Some(look(plane, controller, path).await);
    }
    said
}

#[tokio::test(start_paused = true)]
async fn a_database_goes_on_at_once_when_what_it_waits_for_comes() {
    let spec = json!({
        "engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
            "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy", "replicas": 3},
        "monitoring": {"monitoringConfigName": "pmm"},
        "backup": {"schedules": [{"name": "nightly", "schedule": "0 2 * * *",
            "backupStorageName": "s3"}]},
    });
    let (plane, path) = world("everestdatabases", "Database", &spec);
    let namespace = "/api/v1/namespaces/shop".to_owned();
    let engine = format!("{EVEREST}/databaseengines/percona-xtradb-cluster-operator");
    let storage = format!("{EVEREST}/backupstorages/s3");
    let monitoring = format!("{EVEREST}/monitoringconfigs/pmm");
    let config = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "MonitoringConfig",
        "metadata": {"name": "pmm", "namespace": "shop"}, "spec": {"type": "pmm",
            "pmm": {"url": "https://pmm", "image": ""}, "credentialsSecretName": "pmm"}});
    let mut coming: Vec<(String, Value)> = [&namespace, &engine, &storage]
        .map(|path| (path.clone(), plane.get(path).unwrap()))
        .into();
    coming.push((monitoring, config));
    for (path, _) in &coming[1..3] {
        plane.remove(path);
    }
    plane.change(&namespace, &json!({"metadata": {"labels": null}}));

    let context = Context::apart(plane.client(), plane.target(rights::in_target));
    let (controller, mut queue) = controller::<Databases>(Arc::new(context));
    let mut said = look(&plane, &controller, &path).await;
    let external = format!("{EVEREST}/databaseclusters/orders");
    for (path_of_it, object) in coming {
        assert!(said.starts_with("waiting: "), "{path_of_it}: {said}");
        if let Some(more) = settle(&plane, &controller, &mut queue, &path).await {
            said = more;
        }
        assert!(said.starts_with("waiting: "), "{path_of_it}: {said}");
        assert_eq!(plane.get(&external), None);
        plane.put(&path_of_it, object);
        said = settle(&plane, &controller, &mut queue, &path)
            .await
            .unwrap_or_else(|| panic!("nothing wakes it for {path_of_it}: {said}"));
    }
    assert!(plane.get(&external).is_some(), "{said}");
}
