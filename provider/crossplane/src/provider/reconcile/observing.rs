//! What a managed resource shows of an object that exists, and when it takes it over.

use serde_json::{Value, json};

use super::reconcile;
use crate::provider::controllers::Controller;
use crate::provider::kind::{Backups, Databases, Kind, Restores};
use crate::provider::testing::control_plane::ControlPlane;
use crate::provider::testing::harness::{
    EVEREST, EXTERNAL_UID, condition, process, rest, say, world,
};

async fn look<K: Kind>(plane: &ControlPlane, controller: &Controller<K>, path: &str) {
    // The watch shows what has happened.
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let managed = plane.get(path).unwrap();
    reconcile(&serde_json::from_value(managed).unwrap(), controller).await;
}

/// An existing object of Everest's, and a managed resource that only observes it.
fn observed(
    plural: &str,
    kind: &str,
    external: (&str, &str),
    spec: &Value,
) -> (ControlPlane, String) {
    let (plane, path) = world(plural, kind, &json!({}));
    plane.change(
        &path,
        &json!({"metadata": {"annotations": {"crossplane.io/external-name": "theirs"}},
            "spec": {"managementPolicies": ["Observe"]}}),
    );
    let (everest_kind, everest_plural) = external;
    let object = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": everest_kind,
        "metadata": {"name": "theirs", "namespace": "shop"}, "spec": spec});
    plane.put(&format!("{EVEREST}/{everest_plural}/theirs"), object);
    (plane, path)
}

fn database() -> (ControlPlane, String) {
    let spec = json!({
        "engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3, "config": "[mysqld]",
            "storage": {"size": "25Gi", "class": "fast"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy", "replicas": 3, "expose": {"type": "ClusterIP"}},
        "backup": {"schedules": [{"name": "nightly", "enabled": true, "schedule": "0 2 * * *",
            "backupStorageName": "s3", "retentionCopies": 0}]},
        "monitoring": {"monitoringConfigName": ""},
    });
    observed(
        "everestdatabases",
        "Database",
        ("DatabaseCluster", "databaseclusters"),
        &spec,
    )
}

fn at_provider(plane: &ControlPlane, path: &str) -> Value {
    plane.get(path).unwrap()["status"]["atProvider"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_only_observed_shows_what_it_is() {
    let (plane, path) = database();
    rest(&plane, &process::<Databases>(&plane), &path).await;
    let mut shown = at_provider(&plane, &path);
    assert!(shown["uid"].take().is_string());
    assert_eq!(
        shown,
        json!({
            "engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
                "config": "[mysqld]", "crVersion": "1.15.0",
                "storage": {"size": "25Gi", "class": "fast"},
                "resources": {"cpu": "1", "memory": "2G"}},
            "proxy": {"type": "haproxy", "replicas": 3, "expose": {"type": "ClusterIP"}},
            "backup": {"schedules": [{"name": "nightly", "enabled": true,
                "schedule": "0 2 * * *", "backupStorageName": "s3", "retentionCopies": 0}]},
            "paused": false,
            "status": "ready", "ready": true, "crVersion": "1.15.0", "port": 3306,
            "hostname": "theirs-haproxy.shop", "hosts": ["theirs-haproxy.shop:3306"],
            "credentialsSecretName": "everest-secrets-theirs", "uid": null,
        })
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_from_a_database_is_gone_from_the_status_at_every_depth() {
    let (plane, path) = database();
    let controller = process::<Databases>(&plane);
    rest(&plane, &controller, &path).await;
    let gone = json!({"spec": {"engine": {"config": null, "storage": {"class": null}},
        "proxy": {"expose": null}, "backup": null}});
    plane.change(&format!("{EVEREST}/databaseclusters/theirs"), &gone);
    look(&plane, &controller, &path).await;
    let shown = at_provider(&plane, &path);
    let engine = json!({"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "crVersion": "1.15.0", "storage": {"size": "25Gi"},
        "resources": {"cpu": "1", "memory": "2G"}});
    assert_eq!(shown["engine"], engine);
    assert_eq!(shown["proxy"], json!({"type": "haproxy", "replicas": 3}));
    assert_eq!(shown.get("backup"), None);
}

#[tokio::test(start_paused = true)]
async fn an_observation_without_news_writes_nothing() {
    let (plane, path) = database();
    let controller = process::<Databases>(&plane);
    rest(&plane, &controller, &path).await;
    let before = plane.writes().len();
    for controller in [&controller, &process::<Databases>(&plane)] {
        for _ in 0..3 {
            look(&plane, controller, &path).await;
        }
    }
    let mut writes = plane.writes().split_off(before);
    writes.retain(|write| write.contains("everestdatabases"));
    assert_eq!(writes, [""; 0]);
}

fn backup() -> (ControlPlane, String) {
    let spec = json!({"dbClusterName": "billing", "backupStorageName": "s3"});
    let kind = ("DatabaseClusterBackup", "databaseclusterbackups");
    observed("everestbackups", "Backup", kind, &spec)
}

fn restore() -> (ControlPlane, String) {
    let spec = json!({"dbClusterName": "billing",
        "dataSource": {"dbClusterBackupName": "nightly"}});
    let kind = ("DatabaseClusterRestore", "databaseclusterrestores");
    observed("everestrestores", "Restore", kind, &spec)
}

/// The managed resource says `spec`, and may do what `policies` allow.
fn take_over(plane: &ControlPlane, path: &str, policies: &Value, spec: &Value) {
    say(plane, path, spec);
    plane.change(path, &json!({"spec": {"managementPolicies": policies}}));
}

fn is_taken_over(plane: &ControlPlane, path: &str) -> bool {
    let annotations = plane.get(path).unwrap()["metadata"]["annotations"].clone();
    annotations
        .get("everest.m.openeverest.io/external-taken-over")
        .is_some()
}

#[tokio::test(start_paused = true)]
async fn a_backup_and_a_restore_are_observed_and_then_taken_over_as_they_are() {
    async fn check<K: Kind>(begin: (ControlPlane, String), external: &str, spec: &Value) {
        let (plane, path) = begin;
        let external = format!("{EVEREST}/{external}/theirs");
        let controller = process::<K>(&plane);
        rest(&plane, &controller, &path).await;
        assert_eq!(at_provider(&plane, &path)["databaseName"], "billing");
        assert_eq!(at_provider(&plane, &path)["state"], "Succeeded");
        assert!(!is_taken_over(&plane, &path));
        let before = plane.get(&external).unwrap()["spec"].clone();

        take_over(&plane, &path, &json!(["*"]), spec);
        rest(&plane, &controller, &path).await;
        assert!(is_taken_over(&plane, &path));
        assert_eq!(condition(&plane, &path, "UpToDate")["status"], "True");
        assert_eq!(plane.get(&external).unwrap()["spec"], before);
        assert_eq!(plane.made(&external), 1, "nothing is made anew");
    }
    let backup_spec = json!({"databaseName": "billing", "backupStorageName": "s3"});
    check::<Backups>(backup(), "databaseclusterbackups", &backup_spec).await;
    let restore_spec = json!({"databaseName": "billing", "backupName": "nightly"});
    check::<Restores>(restore(), "databaseclusterrestores", &restore_spec).await;
}

#[tokio::test(start_paused = true)]
async fn a_backup_or_restore_that_is_another_one_is_neither_taken_over_nor_deleted() {
    async fn check<K: Kind>(
        begin: fn() -> (ControlPlane, String),
        external: &str,
        spec: &Value,
        differs: &[&str],
    ) {
        // With `Update`, and where the policies leave a difference as it is.
        for policies in [json!(["*"]), json!(["Observe", "Create", "Delete"])] {
            let (plane, path) = begin();
            let external = format!("{EVEREST}/{external}/theirs");
            let controller = process::<K>(&plane);
            rest(&plane, &controller, &path).await;
            let before = plane.get(&external).unwrap();

            take_over(&plane, &path, &policies, spec);
            for _ in 0..5 {
                look(&plane, &controller, &path).await;
            }
            let synced = condition(&plane, &path, "Synced");
            assert_eq!(synced["status"], "False", "{policies} {synced:#}");
            for part in differs {
                let message = synced["message"].as_str().unwrap();
                assert!(message.contains(part), "{policies} {message}");
            }
            let updated = condition(&plane, &path, "UpToDate");
            assert_eq!(updated["reason"], "UpdateFailed", "{policies}");
            assert!(!is_taken_over(&plane, &path), "{policies}");
            assert_eq!(plane.get(&external).unwrap(), before, "{policies}");
            assert_eq!(at_provider(&plane, &path)["databaseName"], "billing");

            plane.delete(&path);
            rest(&plane, &controller, &path).await;
            assert_eq!(plane.get(&path), None, "{policies}");
            assert_eq!(plane.get(&external).unwrap(), before, "{policies}");
        }
    }
    let backup_spec = json!({"databaseName": "orders", "backupStorageName": "minio"});
    check::<Backups>(
        backup,
        "databaseclusterbackups",
        &backup_spec,
        &[
            "spec.forProvider.databaseName cannot be changed: billing in the cluster, orders here",
            "spec.forProvider.backupStorageName cannot be changed: s3 in the cluster, minio here",
        ],
    )
    .await;
    let restore_spec = json!({"databaseName": "billing", "backupName": "weekly",
        "pitr": {"date": "2026-01-01T00:00:00Z"}});
    check::<Restores>(
        restore,
        "databaseclusterrestores",
        &restore_spec,
        &[
            "spec.forProvider.backupName cannot be changed: nightly in the cluster, weekly here",
            "spec.forProvider.pitr.date cannot be changed: nothing in the cluster, \
         2026-01-01T00:00:00Z here",
        ],
    )
    .await;
}

/// The database `orders`.
fn orders() -> String {
    format!("{EVEREST}/databaseclusters/orders")
}

/// A managed resource that has created the database `orders`, which somebody deletes and makes anew
/// with other values: with the annotations that it had, if its cluster `is_restored`.
async fn made_anew(is_restored: bool) -> (ControlPlane, String, Controller<Databases>) {
    let spec = json!({"engine": {"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy"}});
    let (plane, path) = world("everestdatabases", "Database", &spec);
    let controller = process::<Databases>(&plane);
    rest(&plane, &controller, &path).await;
    let mut anew = plane.get(&orders()).unwrap();
    plane.delete(&orders());
    assert_eq!(plane.get(&orders()), None);
    let annotations = match is_restored {
        true => anew["metadata"]["annotations"].take(),
        false => json!({}),
    };
    anew["metadata"] = json!({"name": "orders", "namespace": "shop", "annotations": annotations});
    anew["spec"]["engine"]["replicas"] = json!(5);
    plane.put(&orders(), anew);
    (plane, path, controller)
}

#[tokio::test(start_paused = true)]
async fn a_database_that_somebody_has_made_anew_is_neither_changed_nor_deleted() {
    let (plane, path, controller) = made_anew(false).await;
    let before = plane.get(&orders()).unwrap();
    for _ in 0..3 {
        look(&plane, &controller, &path).await;
    }
    let synced = condition(&plane, &path, "Synced");
    assert_eq!(synced["status"], "False");
    let message = synced["message"].as_str().unwrap();
    assert!(message.contains("is another object than"), "{message}");
    assert!(message.contains(EXTERNAL_UID), "{message}");
    assert_eq!(condition(&plane, &path, "Ready")["status"], "False");
    assert_eq!(plane.get(&orders()).unwrap(), before);

    plane.delete(&path);
    rest(&plane, &controller, &path).await;
    assert_eq!(plane.get(&path), None);
    assert_eq!(plane.get(&orders()).unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_somebody_has_made_anew_is_managed_once_its_record_is_removed() {
    let (plane, path, controller) = made_anew(false).await;
    look(&plane, &controller, &path).await;
    plane.change(
        &path,
        &json!({"metadata": {"annotations": {EXTERNAL_UID: null}}}),
    );
    rest(&plane, &controller, &path).await;
    assert_eq!(condition(&plane, &path, "Synced")["status"], "True");
    let database = plane.get(&orders()).unwrap();
    assert_eq!(database["spec"]["engine"]["replicas"], 3);
    let annotations = plane.get(&path).unwrap()["metadata"]["annotations"].clone();
    assert_eq!(annotations[EXTERNAL_UID], database["metadata"]["uid"]);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_was_restored_with_its_cluster_is_managed_further() {
    // Alone, and with the managed resource.
    for uid in ["managed", "restored"] {
        let (plane, path, controller) = made_anew(true).await;
        plane.change(&path, &json!({"metadata": {"uid": uid}}));
        look(&plane, &controller, &path).await;
        rest(&plane, &controller, &path).await;
        let synced = condition(&plane, &path, "Synced");
        assert_eq!(synced["status"], "True", "{uid}: {synced}");
        let database = plane.get(&orders()).unwrap();
        assert_eq!(database["spec"]["engine"]["replicas"], 3, "{uid}");
        let annotations = plane.get(&path).unwrap()["metadata"]["annotations"].clone();
        assert_eq!(
            annotations[EXTERNAL_UID], database["metadata"]["uid"],
            "{uid}"
        );
    }
}
