use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing::api_server;

const EVEREST: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod";

fn model(name: &str) -> BackupModel {
    serde_json::from_value(json!({"namespace": "prod", "databaseName": "orders",
        "backupStorageName": "s3", "name": name}))
    .unwrap()
}

fn wait() -> Wait {
    Wait::new(Duration::from_secs(600), CancellationToken::new())
}

fn path(name: &str) -> String {
    format!("{EVEREST}/databaseclusterbackups/{name}")
}

fn backup(name: &str, state: &str) -> (String, Value) {
    (
        path(name),
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseClusterBackup",
        "metadata": {"name": name, "namespace": "prod"},
        "spec": {"dbClusterName": "orders", "backupStorageName": "s3"},
        "status": {"state": state, "gaps": false}}),
    )
}

fn database(status: &str) -> (String, Value) {
    (
        format!("{EVEREST}/databaseclusters/orders"),
        json!({"apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseCluster", "metadata": {"name": "orders", "namespace": "prod"},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}, "status": {"status": status}}),
    )
}

/// An engine whose backups all end in `state`.
fn ends_in(state: &'static str) -> impl Fn(&mut api_server::Objects, &str, &str) {
    move |objects, method, path| {
        if method == "PATCH" && path.contains("/databaseclusterbackups/") {
            objects.get_mut(path).unwrap()["status"] = json!({"state": state, "gaps": false});
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_succeeds_is_created() {
    let (cluster, _, _) = api_server::store([database("ready")].into(), ends_in("Succeeded"));
    let created = create(&cluster, &model("b"), &Unacknowledged::default(), &wait()).await;
    let Creation::Created(created) = created else {
        panic!("{created:?}")
    };
    assert_eq!(created.state.known_str(), Some("Succeeded"));
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_fails_has_failed() {
    let (cluster, _, _) = api_server::store([database("ready")].into(), ends_in("Failed"));
    let created = create(&cluster, &model("b"), &Unacknowledged::default(), &wait()).await;
    assert!(matches!(created, Creation::Failed { .. }), "{created:?}");
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_does_not_end_in_time_is_pending() {
    let (cluster, _, _) = api_server::store([database("ready")].into(), ends_in("Running"));
    let created = create(&cluster, &model("b"), &Unacknowledged::default(), &wait()).await;
    let Creation::Pending { error, .. } = created else {
        panic!("{created:?}")
    };
    assert!(error.to_string().contains("Status: Running"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_missing_or_broken_is_not_backed_up() {
    for (objects, said) in [
        (api_server::Objects::new(), "does not exist"),
        (
            [database("error")].into(),
            "is not ready (its status is \"error\")",
        ),
    ] {
        let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
        let created = create(&cluster, &model("b"), &Unacknowledged::default(), &wait()).await;
        let Creation::NotCreated(error) = created else {
            panic!("{created:?}")
        };
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(error.attribute().unwrap().snake_case(), "database_name");
        assert_eq!(api_server::writes(&seen), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_still_being_made_is_waited_for() {
    let objects = [database("initializing")].into();
    let (cluster, _, objects) = api_server::store(objects, ends_in("Succeeded"));
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let (path, ready) = database("ready");
        objects.lock().unwrap().insert(path, ready);
    });
    let begun = tokio::time::Instant::now();
    let created = create(&cluster, &model("b"), &Unacknowledged::default(), &wait()).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    assert!(begun.elapsed() >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn another_backup_of_the_database_is_waited_for() {
    let objects = [database("ready"), backup("other", "Running")].into();
    let (cluster, _, objects) = api_server::store(objects, ends_in("Succeeded"));
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let (path, other) = backup("other", "Succeeded");
        objects.lock().unwrap().insert(path, other);
    });
    let begun = tokio::time::Instant::now();
    let created = create(&cluster, &model("b"), &Unacknowledged::default(), &wait()).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    assert!(begun.elapsed() >= Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_does_not_clear_leaves_nothing_behind() {
    let objects = [database("ready"), backup("other", "Running")].into();
    let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
    let created = create(&cluster, &model("b"), &Unacknowledged::default(), &wait()).await;
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert!(
        error
            .to_string()
            .contains("backup other of the same database"),
        "{error}"
    );
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_backup_keeps_its_data_unless_asked_otherwise() {
    for (keep, writes) in [
        (
            None,
            vec![
                format!("PATCH {}", path("b")),
                format!("DELETE {}", path("b")),
            ],
        ),
        (Some(false), vec![format!("DELETE {}", path("b"))]),
    ] {
        let (cluster, seen, _) =
            api_server::store([backup("b", "Succeeded")].into(), api_server::letting_go);
        let mut model = model("b");
        model.keep_backup_data = keep.into();
        delete(&cluster, &model, &wait()).await.unwrap();
        assert_eq!(api_server::writes(&seen), writes);
    }
}

#[tokio::test(start_paused = true)]
async fn the_engines_backup_is_waited_for_after_its_owner() {
    let engines = "/apis/pxc.percona.com/v1/namespaces/prod/perconaxtradbclusterbackups/b";
    let of_engine = |owner: &str| {
        json!({"metadata": {"name": "b", "namespace": "prod", "uid": "e",
            "finalizers": ["internal.percona.com/delete-backup"], "ownerReferences": [
            {"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseClusterBackup",
             "name": "b", "uid": owner}]}})
    };
    let (ours, mut object) = backup("b", "Succeeded");
    object["metadata"]["uid"] = json!("ours");
    for (owner, waits) in [("ours", true), ("another", false)] {
        let objects = [
            (ours.clone(), object.clone()),
            (engines.to_owned(), of_engine(owner)),
        ];
        let (cluster, _, objects) = api_server::store(objects.into(), |_, _, _| {});
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(25)).await;
            objects.lock().unwrap().remove(engines);
        });
        let begun = tokio::time::Instant::now();
        let mut model = model("b");
        model.keep_backup_data = false.into();
        delete(&cluster, &model, &wait()).await.unwrap();
        assert_eq!(begun.elapsed() >= Duration::from_secs(25), waits, "{owner}");
    }
}

/// A backup that Everest protects, because it is or was in use.
fn protected() -> (String, Value) {
    let (path, mut object) = backup("b", "Succeeded");
    object["metadata"]["finalizers"] = json!(["everest.percona.com/in-use-protection"]);
    (path, object)
}

/// A restore that reads the backup `b`.
fn reader(state: &str) -> (String, Value) {
    let path = "/apis/everest.percona.com/v1alpha1/namespaces/prod/databaseclusterrestores/r";
    let object = json!({"metadata": {"name": "r", "namespace": "prod"},
        "spec": {"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b"}},
        "status": {"state": state}});
    (path.to_owned(), object)
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_is_being_restored_from_is_not_deleted_and_the_error_says_by_whom() {
    let (cluster, seen, _) =
        api_server::store([protected(), reader("Restoring")].into(), |_, _, _| {});
    let mut model = model("b");
    model.keep_backup_data = false.into();
    let error = delete(&cluster, &model, &wait()).await.unwrap_err();
    assert!(error.to_string().contains("used by restore r"), "{error}");
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_backup_whose_readers_are_done_is_deleted_once_everest_lets_it_go() {
    let (cluster, seen, objects) =
        api_server::store([protected(), reader("Succeeded")].into(), |_, _, _| {});
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        let (path, free) = backup("b", "Succeeded");
        objects.lock().unwrap().insert(path, free);
    });
    let begun = tokio::time::Instant::now();
    let mut model = model("b");
    model.keep_backup_data = false.into();
    delete(&cluster, &model, &wait()).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(20));
    assert_eq!(api_server::writes(&seen), [format!("DELETE {}", path("b"))]);
}

#[tokio::test(start_paused = true)]
async fn readers_of_a_backup_that_are_going_are_waited_for() {
    let (path, mut going) = reader("Restoring");
    going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let objects = [protected(), (path.clone(), going)];
    let (cluster, _, objects) = api_server::store(objects.into(), |_, _, _| {});
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(300)).await;
        let (backup, free) = backup("b", "Succeeded");
        let mut objects = objects.lock().unwrap();
        objects.remove(&path);
        objects.insert(backup, free);
    });
    let begun = tokio::time::Instant::now();
    let mut model = model("b");
    model.keep_backup_data = false.into();
    delete(&cluster, &model, &wait()).await.unwrap();
    assert!(
        begun.elapsed() >= Duration::from_secs(300),
        "refused by the server"
    );
}
