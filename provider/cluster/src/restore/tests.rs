use std::time::Duration;

use everest_schemas::Field;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing::api_server;

const EVEREST: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod";

fn model() -> RestoreModel {
    serde_json::from_value(
        json!({"namespace": "prod", "databaseName": "orders", "name": "drill", "backupName": "b"}),
    )
    .unwrap()
}

fn wait() -> Wait {
    Wait::new(Duration::from_secs(600), CancellationToken::new())
}

fn object(kind: &str, plural: &str, name: &str, spec: Value, status: Value) -> (String, Value) {
    (
        format!("{EVEREST}/{plural}/{name}"),
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": kind,
        "metadata": {"name": name, "namespace": "prod"}, "spec": spec, "status": status}),
    )
}

fn database(status: &str) -> (String, Value) {
    database_of("pxc", status)
}

fn database_of(engine: &str, status: &str) -> (String, Value) {
    let spec = json!({"engine": {"type": engine, "storage": {"size": "1Gi"}}});
    object(
        "DatabaseCluster",
        "databaseclusters",
        "orders",
        spec,
        json!({"status": status}),
    )
}

fn backup(state: &str) -> (String, Value) {
    let spec = json!({"dbClusterName": "orders", "backupStorageName": "s3"});
    object(
        "DatabaseClusterBackup",
        "databaseclusterbackups",
        "b",
        spec,
        json!({"state": state, "gaps": false}),
    )
}

fn restore(name: &str, state: &str) -> (String, Value) {
    let spec = json!({"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b"}});
    object(
        "DatabaseClusterRestore",
        "databaseclusterrestores",
        name,
        spec,
        json!({"state": state}),
    )
}

fn import(state: &str) -> (String, Value) {
    let spec = json!({"targetClusterName": "orders", "dataImporterName": "dump",
        "source": {"path": "d"}});
    object(
        "DataImportJob",
        "dataimportjobs",
        "first-load",
        spec,
        json!({"state": state}),
    )
}

fn ends_in(state: &'static str) -> impl Fn(&mut api_server::Objects, &str, &str) {
    move |objects, method, path| {
        if method == "PATCH" && path.contains("/databaseclusterrestores/") {
            objects.get_mut(path).unwrap()["status"] =
                json!({"state": state, "message": "because"});
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_succeeds_is_created() {
    let (cluster, _, _) = api_server::store(
        [database("ready"), backup("Succeeded")].into(),
        ends_in("Succeeded"),
    );
    let created = create(&cluster, &model(), &Unacknowledged::default(), &wait()).await;
    let Creation::Created(created) = created else {
        panic!("{created:?}")
    };
    assert_eq!(created.state.known_str(), Some("Succeeded"));
}

#[tokio::test(start_paused = true)]
async fn a_broken_database_is_restored_and_one_that_does_not_start_after_a_while() {
    for (engine, status, waits) in [
        ("pxc", "error", false),
        ("pxc", "initializing", true),
        ("postgresql", "initializing", true),
    ] {
        let (path, broken) = database_of(engine, status);
        let repaired = path.clone();
        let (cluster, seen, _) = api_server::store(
            [(path, broken), backup("Succeeded")].into(),
            move |objects, method, path| {
                ends_in("Succeeded")(objects, method, path);
                if method == "PATCH" && path.contains("/databaseclusterrestores/") {
                    objects.get_mut(&repaired).unwrap()["status"] = json!({"status": "ready"});
                }
            },
        );
        let wait = Wait::new(Duration::from_secs(3600), CancellationToken::new());
        let begun = tokio::time::Instant::now();
        let created = create(&cluster, &model(), &Unacknowledged::default(), &wait).await;
        assert!(matches!(created, Creation::Created(_)), "{created:?}");
        assert!(!api_server::writes(&seen).is_empty());
        let waited = begun.elapsed() >= Duration::from_secs(600);
        assert_eq!(waited, waits, "{engine} in {status}: {:?}", begun.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_fails_has_failed_and_says_why() {
    let (cluster, _, _) = api_server::store(
        [database("ready"), backup("Succeeded")].into(),
        ends_in("Failed"),
    );
    let created = create(&cluster, &model(), &Unacknowledged::default(), &wait()).await;
    let Creation::Failed { error, .. } = created else {
        panic!("{created:?}")
    };
    assert!(error.to_string().contains("because"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_restored_from_a_backup_that_has_not_succeeded() {
    for (objects, said) in [
        (vec![database("ready")], "does not exist"),
        (
            vec![database("ready"), backup("Failed")],
            "has not succeeded",
        ),
        (
            vec![database("ready"), backup("Running")],
            "the backup prod/b to succeed",
        ),
        (
            vec![
                database("ready"),
                backup("Succeeded"),
                restore("other", "Restoring"),
            ],
            "restore other of the database prod/orders to end",
        ),
        (
            vec![database("ready"), backup("Succeeded"), import("Running")],
            "import first-load of the database prod/orders to end",
        ),
        (
            vec![database_of("psmdb", "error"), backup("Succeeded")],
            "is restored by the backup agents in its members",
        ),
    ] {
        let (cluster, seen, _) = api_server::store(objects.into_iter().collect(), |_, _, _| {});
        let created = create(&cluster, &model(), &Unacknowledged::default(), &wait()).await;
        let Creation::NotCreated(error) = created else {
            panic!("{created:?}")
        };
        assert!(error.to_string().contains(said), "{error}");
        assert_eq!(api_server::writes(&seen), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn a_running_restore_is_deleted_only_once_it_has_ended() {
    let (cluster, seen, objects) = api_server::store(
        [database("restoring"), restore("drill", "Restoring")].into(),
        |_, _, _| {},
    );
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let (path, ended) = restore("drill", "Succeeded");
        objects.lock().unwrap().insert(path, ended);
    });
    let begun = tokio::time::Instant::now();
    delete(&cluster, &model(), &wait()).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(60));
    assert_eq!(api_server::writes(&seen).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn triggers_are_noted_of_a_restore_that_has_ended_without_asking_the_cluster() {
    for state in ["Succeeded", "Failed"] {
        // The record is gone.
        let (cluster, seen, _) = api_server::store([].into(), |_, _, _| {});
        let mut prior = model();
        prior.state = state.into();
        let mut planned = prior.clone();
        planned.triggers = Field::Known([("quarter".to_owned(), "q4".into())].into());
        let changed = update(&cluster, &prior, &planned, &wait()).await;
        let Change::Done(noted) = changed else {
            panic!("{changed:?}")
        };
        assert_eq!(noted, planned);
        assert!(seen.lock().unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_was_pending_is_waited_for() {
    let (cluster, seen, _) = api_server::store(
        [database("ready"), restore("drill", "Succeeded")].into(),
        |_, _, _| {},
    );
    let mut planned = model();
    planned.state = Field::Unknown;
    let changed = update(&cluster, &model(), &planned, &wait()).await;
    let Change::Done(done) = changed else {
        panic!("{changed:?}")
    };
    assert_eq!(done.state.known_str(), Some("Succeeded"));
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_goes_while_it_runs_was_begun_and_stays_known() {
    let (cluster, _, objects) = api_server::store(
        [database("ready"), backup("Succeeded")].into(),
        ends_in("Restoring"),
    );
    let (path, _) = restore("drill", "");
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        objects.lock().unwrap().remove(&path);
    });
    let created = create(&cluster, &model(), &Unacknowledged::default(), &wait()).await;
    let Creation::Pending { observed, error } = created else {
        panic!("{created:?}")
    };
    assert!(matches!(error, ClusterError::NotFound { .. }), "{error}");
    assert_eq!(observed.name.known_str(), Some("drill"));
}

#[tokio::test(start_paused = true)]
async fn the_record_of_a_restore_is_noted_although_its_object_is_gone() {
    let (cluster, seen, _) = api_server::store([database("ready")].into(), |_, _, _| {});
    let prior = RestoreModel {
        state: "Restoring".into(),
        ..model()
    };
    let changed = update(&cluster, &prior, &model(), &wait()).await;
    let Change::Done(kept) = changed else {
        panic!("{changed:?}")
    };
    assert_eq!(kept, prior);
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_failed_while_nobody_waited_is_an_error() {
    let (cluster, _, _) = api_server::store(
        [database("ready"), restore("drill", "Failed")].into(),
        |_, _, _| {},
    );
    let changed = update(&cluster, &model(), &model(), &wait()).await;
    let Change::Refused(error) = changed else {
        panic!("{changed:?}")
    };
    assert!(matches!(error, ClusterError::Failed { .. }), "{error}");
}
