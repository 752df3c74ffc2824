//! Operations on one database that Everest does one at a time.

use std::sync::Arc;

use serde_json::{Value, json};

use super::reconcile;
use crate::provider::context::Context;
use crate::provider::controllers::controller;
use crate::provider::kind::{Backups, DataImportJobs, Kind, Restores};
use crate::provider::rights;
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{EVEREST, MANAGED, condition, process, world};

/// A cluster with a database, in which nothing that is begun ends.
fn endless(plural: &str, kind: &str, spec: &Value) -> ControlPlane {
    let (plane, path) = world(plural, kind, spec);
    let mut objects: Vec<_> = plane.all().into_values().collect();
    let mut second = plane.get(&path).unwrap();
    second["metadata"] = json!({"name": "second", "namespace": "shop"});
    let everest = "everest.percona.com/v1alpha1";
    objects.extend([
        second,
        json!({"apiVersion": everest, "kind": "DatabaseCluster",
            "metadata": {"name": "main", "namespace": "shop"},
            "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
                "backup": {"enabled": true}},
            "status": {"status": "ready"}}),
        json!({"apiVersion": everest, "kind": "DatabaseClusterBackup",
            "metadata": {"name": "sunday", "namespace": "shop"},
            "spec": {"dbClusterName": "main", "backupStorageName": "s3"},
            "status": {"state": "Succeeded", "gaps": false,
                "completed": "2026-01-01T00:00:00Z"}}),
        json!({"apiVersion": everest, "kind": "DataImporter", "metadata": {"name": "dump"},
            "spec": {"supportedEngines": ["pxc"], "jobSpec": {"image": "dump:1"}}}),
        json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "keys", "namespace": "shop"},
            "data": {"AWS_ACCESS_KEY_ID": "aWQ=", "AWS_SECRET_ACCESS_KEY": "a2V5"}}),
    ]);
    ControlPlane::new(objects, |_, _| {})
}

/// Reconciles two managed resources at once, several times. Returns how many of
/// them have an external object.
async fn both<K: Kind>(plane: &ControlPlane, plural: &str) -> usize {
    let controller = process::<K>(plane);
    for _ in 0..6 {
        let look = async |name: &str| {
            let managed = plane.get(&format!("{MANAGED}/{plural}/{name}")).unwrap();
            reconcile(&serde_json::from_value(managed).unwrap(), &controller).await;
        };
        tokio::join!(look("orders"), look("second"));
    }
    let external = |name: &str| {
        let mut paths = plane.all().into_keys();
        usize::from(paths.any(|path| path.starts_with(EVEREST) && path.ends_with(name)))
    };
    external("/orders") + external("/second")
}

#[tokio::test(start_paused = true)]
async fn of_two_backups_of_one_database_one_begins_and_the_other_waits() {
    let spec = json!({"databaseName": "main", "backupStorageName": "s3"});
    let plane = endless("everestbackups", "Backup", &spec);
    assert_eq!(both::<Backups>(&plane, "everestbackups").await, 1);
    let synced = |name: &str| {
        condition(
            &plane,
            &format!("{MANAGED}/everestbackups/{name}"),
            "Synced",
        )
    };
    assert_eq!(synced("orders")["status"], "True", "{}", synced("orders"));
    assert_eq!(synced("second")["status"], "True", "{}", synced("second"));
}

#[tokio::test(start_paused = true)]
async fn of_two_restores_of_one_database_one_begins_and_the_other_waits() {
    let spec = json!({"databaseName": "main", "backupName": "sunday"});
    let plane = endless("everestrestores", "Restore", &spec);
    assert_eq!(both::<Restores>(&plane, "everestrestores").await, 1);
}

#[tokio::test(start_paused = true)]
async fn of_two_imports_into_one_database_one_begins_and_the_other_waits() {
    let spec = json!({"databaseName": "main", "dataImporterName": "dump",
        "source": {"path": "d", "s3": {"bucket": "dumps", "region": "r",
            "endpointURL": "https://s3.test"}}, "secretRef": {"name": "keys"}});
    let plane = endless("everestdataimportjobs", "DataImportJob", &spec);
    assert_eq!(
        both::<DataImportJobs>(&plane, "everestdataimportjobs").await,
        1
    );
}

#[tokio::test(start_paused = true)]
async fn of_a_restore_and_an_import_of_one_database_one_begins_and_the_other_waits() {
    let import = json!({"databaseName": "main", "dataImporterName": "dump",
        "source": {"path": "d", "s3": {"bucket": "dumps", "region": "r",
            "endpointURL": "https://s3.test"}}, "secretRef": {"name": "keys"}});
    let plane = endless("everestdataimportjobs", "DataImportJob", &import);
    plane.delete(&format!("{MANAGED}/everestdataimportjobs/second"));
    let restore = format!("{MANAGED}/everestrestores/drill");
    plane.put(
        &restore,
        json!({"apiVersion": "everest.m.openeverest.io/v1alpha1", "kind": "Restore",
            "metadata": {"name": "drill", "namespace": "shop", "uid": "drill"},
            "spec": {"forProvider": {"databaseName": "main", "backupName": "sunday"}}}),
    );
    let context = Arc::new(Context::apart(
        plane.client(),
        plane.target(rights::in_target),
    ));
    let (imports, _) = controller::<DataImportJobs>(Arc::clone(&context));
    let (restores, _) = controller::<Restores>(context);
    let job = format!("{MANAGED}/everestdataimportjobs/orders");
    for _ in 0..6 {
        let imported = async {
            let managed = serde_json::from_value(plane.get(&job).unwrap()).unwrap();
            reconcile(&managed, &imports).await
        };
        let restored = async {
            let managed = serde_json::from_value(plane.get(&restore).unwrap()).unwrap();
            reconcile(&managed, &restores).await
        };
        tokio::join!(imported, restored);
    }
    let begun: Vec<_> = plane
        .all()
        .into_keys()
        .filter(|path| {
            path.starts_with(EVEREST)
                && (path.ends_with("/dataimportjobs/orders")
                    || path.ends_with("/databaseclusterrestores/drill"))
        })
        .collect();
    assert_eq!(begun.len(), 1, "{begun:?}");
}
