use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing::api_server::{self, Answer};

const EVEREST: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod";
const DATABASE: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod/databaseclusters/orders";

fn model(more: Value) -> DatabaseModel {
    let mut model = json!({"namespace": "prod", "name": "orders", "deletionProtection": false,
        "spec": {"engine": {"type": "pxc", "replicas": 3, "storage": {"size": "25Gi"}}}});
    model
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    serde_json::from_value(model).unwrap()
}

fn wait() -> Wait {
    Wait::new(Duration::from_secs(600), CancellationToken::new())
}

fn object(status: &str) -> Value {
    json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "orders", "namespace": "prod", "uid": "u", "generation": 1},
        "spec": {"engine": {"type": "pxc", "replicas": 3, "storage": {"size": "25Gi"}}},
        "status": {"status": status, "observedGeneration": 1}})
}

fn backup(name: &str, database: &str) -> (String, Value) {
    (
        format!("{EVEREST}/databaseclusterbackups/{name}"),
        json!({
        "apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseClusterBackup",
        "metadata": {"name": name, "namespace": "prod", "resourceVersion": "7", "finalizers": ["theirs"]},
        "spec": {"dbClusterName": database, "backupStorageName": "s3"}}),
    )
}

/// everest-operator in a few words: a new database is ready at once.
fn ready_at_once(objects: &mut api_server::Objects, method: &str, path: &str) {
    if method == "PATCH" && path == DATABASE {
        let database = objects.get_mut(path).unwrap();
        let generation = database["metadata"]["generation"].clone();
        database["status"] = json!({"status": "ready", "observedGeneration": generation,
            "hostname": "h", "port": 3306});
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_database_is_waited_for_and_carries_the_mark_of_its_apply() {
    let (cluster, _, objects) = api_server::store(api_server::Objects::new(), ready_at_once);
    let created = create(
        &cluster,
        &model(json!({})),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    let Creation::Created(created) = created else {
        panic!("{created:?}")
    };
    assert_eq!(created.ready.known(), Some(&true));
    assert_eq!(created.hostname.known_str(), Some("h"));
    assert!(created.annotations.is_null(), "the mark is not the user's");
    let annotations = &objects.lock().unwrap()[DATABASE]["metadata"]["annotations"];
    assert!(annotations[crate::CREATED_BY_APPLY].is_string());
}

#[tokio::test(start_paused = true)]
async fn no_database_is_made_while_an_operator_is_upgraded() {
    let engine = format!("{EVEREST}/databaseengines/percona-xtradb-cluster-operator");
    let lock = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseEngine",
        "metadata": {"name": "percona-xtradb-cluster-operator", "namespace": "prod",
            "annotations": {"everest.percona.com/upgrade-lock": "2026-01-01T00:00:00Z"}},
        "spec": {"type": "pxc"}});
    let (cluster, _, objects) = api_server::store([(engine.clone(), lock)].into(), ready_at_once);
    let short = Wait::new(Duration::from_secs(6), CancellationToken::new());
    let refused = create(
        &cluster,
        &model(json!({})),
        &Unacknowledged::default(),
        &short,
    )
    .await;
    let Creation::NotCreated(error) = refused else {
        panic!("{refused:?}")
    };
    assert!(
        error
            .to_string()
            .contains("the upgrade of the operator percona-xtradb-cluster-operator to end"),
        "{error}"
    );
    assert!(!objects.lock().unwrap().contains_key(DATABASE));

    let over = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        objects.lock().unwrap().remove(&engine);
    };
    let planned = model(json!({}));
    let patient = wait();
    let made = Unacknowledged::default();
    let (created, ()) = tokio::join!(create(&cluster, &planned, &made, &patient), over);
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_exists_is_refused_with_its_import_id() {
    let objects = [(DATABASE.to_owned(), object("ready"))].into();
    let (cluster, seen, objects) = api_server::store(objects, |_, _, _| {});
    let before = objects.lock().unwrap().clone();
    for is_read in [false, true] {
        let planned = model(json!({}));
        if is_read {
            // As a plan of the same run does.
            cluster.object(&planned).await.unwrap();
        }
        let made = Unacknowledged::default();
        let created = create(&cluster, &planned, &made, &wait()).await;
        let Creation::NotCreated(error) = created else {
            panic!("{created:?}")
        };
        assert!(
            error
                .to_string()
                .contains("Import it with the id \"prod/orders\""),
            "{error}"
        );
    }
    assert_eq!(*objects.lock().unwrap(), before);
    let asked = [format!("PATCH {DATABASE}")];
    assert_eq!(api_server::writes(&seen), asked, "refused by the server");
}

#[tokio::test(start_paused = true)]
async fn credentials_are_not_sent_where_a_database_exists() {
    let objects = [(DATABASE.to_owned(), object("ready"))].into();
    let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
    let planned = model(json!({"spec": {"engine": {"type": "pxc", "replicas": 3,
        "storage": {"size": "25Gi"}}, "dataSource": {"dataImport": {"dataImporterName": "i",
        "source": {"path": "p", "s3": {"bucket": "b", "region": "r", "endpointURL": "e",
            "credentialsSecretName": "keys", "accessKeyId": "id", "secretAccessKey": "key"}}}}}}));
    let created = create(&cluster, &planned, &Unacknowledged::default(), &wait()).await;
    assert!(matches!(created, Creation::NotCreated(_)), "{created:?}");
    assert_eq!(api_server::writes(&seen), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_was_killed_is_waited_for_and_restores_nothing_again() {
    let restored = model(json!({"spec": {"engine": {"type": "pxc", "replicas": 3,
        "storage": {"size": "25Gi"}}, "dataSource": {"dbClusterBackupName": "b"}}}));
    let (cluster, _, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let (made, patient) = (Unacknowledged::default(), wait());
    let begun = create(&cluster, &restored, &made, &patient);
    // Killed while it waits.
    let killed = tokio::time::timeout(Duration::from_secs(5), begun).await;
    assert!(killed.is_err());
    {
        // Everest has restored, and cleared the data source.
        let mut objects = objects.lock().unwrap();
        let spec = objects.get_mut(DATABASE).unwrap();
        spec["spec"].as_object_mut().unwrap().remove("dataSource");
    }
    ready_at_once(&mut objects.lock().unwrap(), "PATCH", DATABASE);
    let created = create(&cluster, &restored, &Unacknowledged::default(), &wait()).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    let spec = &objects.lock().unwrap()[DATABASE]["spec"];
    assert!(spec["dataSource"].is_null(), "{spec}");
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_restore_failed_is_no_success_because_everest_took_the_source_out() {
    let restored = model(json!({"spec": {"engine": {"type": "pxc", "replicas": 3,
        "storage": {"size": "25Gi"}}, "dataSource": {"dbClusterBackupName": "b"}}}));
    let (cluster, _, _) = api_server::store(api_server::Objects::new(), |objects, method, path| {
        if method != "PATCH" || path != DATABASE {
            return;
        }
        // All of it between two looks.
        let spec = objects.get_mut(DATABASE).unwrap();
        spec["spec"].as_object_mut().unwrap().remove("dataSource");
        ready_at_once(objects, method, path);
        // What took the source out made a generation, which was seen.
        objects.get_mut(DATABASE).unwrap()["status"]["observedGeneration"] = json!(2);
        let restore = DATABASE.replace("databaseclusters", "databaseclusterrestores");
        objects.insert(
            restore,
            json!({"apiVersion": "everest.percona.com/v1alpha1",
                "kind": "DatabaseClusterRestore",
                "metadata": {"name": "orders", "namespace": "prod"},
                "spec": {"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b"}},
                "status": {"state": "Failed", "message": "no such backup"}}),
        );
    });
    let created = create(&cluster, &restored, &Unacknowledged::default(), &wait()).await;
    let Creation::Failed { error, .. } = created else {
        panic!("{created:?}")
    };
    assert!(error.to_string().contains("no such backup"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_was_deleted_meanwhile_is_not_made_anew_by_an_update() {
    let (cluster, seen) = gone_before_the_write();
    let (prior, planned) = (model(json!({"uid": "u"})), model(json!({"uid": "u"})));
    let changed = update(&cluster, &prior, &planned, &planned, &wait()).await;
    refused_as_superseded(&changed, "was deleted after the change was planned");
    assert_eq!(api_server::writes(&seen).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_somebody_made_anew_meanwhile_is_left_as_it_is() {
    let objects = [(DATABASE.to_owned(), object("restoring"))].into();
    let (cluster, _, objects) = api_server::store(objects, ready_at_once);
    let kept = objects.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        let mut another = object("ready");
        another["metadata"]["uid"] = json!("another");
        kept.lock().unwrap().insert(DATABASE.to_owned(), another);
    });
    let (prior, mut planned) = (model(json!({})), model(json!({})));
    planned.spec.known_mut().unwrap().paused = false.into();
    let changed = update(&cluster, &prior, &planned, &planned, &wait()).await;
    refused_as_superseded(&changed, "created again by someone else");
    let spec = &objects.lock().unwrap()[DATABASE]["spec"];
    assert!(spec["paused"].is_null(), "{spec}");
}

/// A server that shows a database, and has none when it is written to.
fn gone_before_the_write() -> (Cluster, api_server::Seen) {
    api_server::cluster(|method, target, body| match method {
        "GET" if target.contains("/databaseclusters/orders") => Answer::Json(200, object("ready")),
        "GET" => api_server::list(Vec::new()),
        _ if !body["metadata"]["uid"].is_null() => api_server::failure(
            409,
            "Conflict",
            "Operation cannot be fulfilled on databaseclusters.everest.percona.com \"orders\": uid \
             mismatch: the provided object specified uid u, and no existing object was found",
            json!({}),
        ),
        _ => Answer::Json(200, body.clone()),
    })
}

fn refused_as_superseded(changed: &Change<DatabaseModel>, words: &str) {
    let Change::Refused(error) = changed else {
        panic!("{changed:?}")
    };
    let text = error.to_string();
    assert!(
        text.contains(words) && text.contains("Plan again"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_not_ready_in_time_is_pending() {
    let (cluster, _, _) = api_server::store(api_server::Objects::new(), |objects, method, path| {
        if method == "PATCH" {
            let database = objects.get_mut(path).unwrap();
            database["metadata"]["generation"] = json!(1);
            database["status"] =
                json!({"status": "error", "observedGeneration": 1, "message": "no nodes"});
        }
    });
    let created = create(
        &cluster,
        &model(json!({})),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    let Creation::Pending { observed, error } = created else {
        panic!("{created:?}")
    };
    assert_eq!(observed.ready.known(), Some(&false));
    let text = error.to_string();
    assert!(
        text.contains("DatabaseCluster prod/orders did not become ready"),
        "{text}"
    );
    assert!(
        text.contains("Status: error") && text.contains("Message: no nodes"),
        "{text}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_wait_being_accepted_is_enough() {
    let (cluster, _, _) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let created = create(
        &cluster,
        &model(json!({"wait": false})),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
}

#[tokio::test(start_paused = true)]
async fn a_change_waits_for_a_restore_to_end() {
    let objects = [(DATABASE.to_owned(), object("restoring"))].into();
    let (cluster, seen, objects) = api_server::store(objects, ready_at_once);
    let later = tokio::time::Duration::from_secs(60);
    tokio::spawn(async move {
        tokio::time::sleep(later).await;
        objects
            .lock()
            .unwrap()
            .insert(DATABASE.to_owned(), object("ready"));
    });
    let mut planned = model(json!({}));
    planned.spec.known_mut().unwrap().paused = false.into();
    let begun = tokio::time::Instant::now();
    let changed = update(&cluster, &model(json!({})), &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    assert!(begun.elapsed() >= later);
    assert_eq!(api_server::writes(&seen), [format!("PATCH {DATABASE}")]);
}

#[tokio::test(start_paused = true)]
async fn deletion_protection_stops_a_deletion() {
    let objects = [(DATABASE.to_owned(), object("ready"))].into();
    let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
    let protected = model(json!({"deletionProtection": true}));
    let error = delete(&cluster, &protected, &wait()).await.unwrap_err();
    assert_eq!(
        error.attribute().unwrap().snake_case(),
        "deletion_protection"
    );
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn backups_are_protected_before_their_database_is_deleted() {
    let objects = [
        (DATABASE.to_owned(), object("ready")),
        backup("one", "orders"),
        backup("two", "other"),
    ]
    .into();
    let (cluster, seen, objects) = api_server::store(objects, |_, _, _| {});
    delete(&cluster, &model(json!({})), &wait()).await.unwrap();
    let (one, _) = backup("one", "orders");
    assert_eq!(
        api_server::writes(&seen),
        [format!("PATCH {one}"), format!("DELETE {DATABASE}")]
    );
    let finalizers = &objects.lock().unwrap()[&one]["metadata"]["finalizers"];
    assert_eq!(
        finalizers,
        &json!(["theirs", "everest.percona.com/dbb-storage-protection"])
    );
    let deletions = seen
        .lock()
        .unwrap()
        .iter()
        .filter(|(line, _)| line.starts_with("DELETE"))
        .map(|(_, body)| body.clone())
        .collect::<Vec<_>>();
    assert_eq!(deletions[0]["propagationPolicy"], "Foreground");
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_appears_while_others_are_protected_is_protected_too() {
    let (one, first) = backup("one", "orders");
    let (mirrored, second) = backup("cron-orders-2", "orders");
    let objects = [(DATABASE.to_owned(), object("ready")), (one.clone(), first)].into();
    let appears = (one.clone(), mirrored.clone());
    let (cluster, seen, _) = api_server::store(objects, move |objects, method, path| {
        if method == "PATCH" && path == appears.0 {
            objects.insert(appears.1.clone(), second.clone());
        }
    });
    delete(&cluster, &model(json!({})), &wait()).await.unwrap();
    assert_eq!(
        api_server::writes(&seen),
        [
            format!("PATCH {one}"),
            format!("PATCH {mirrored}"),
            format!("DELETE {DATABASE}")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_database_whose_backups_do_not_stay_protected_is_not_deleted() {
    let (one, first) = backup("one", "orders");
    let objects = [(DATABASE.to_owned(), object("ready")), (one.clone(), first)].into();
    let (cluster, seen, _) = api_server::store(objects, move |objects, method, path| {
        if method == "PATCH" && path == one {
            objects.get_mut(path).unwrap()["metadata"]["finalizers"] = json!([]);
        }
    });
    let error = delete(&cluster, &model(json!({})), &wait())
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("dbb-storage-protection"), "{text}");
    assert!(
        api_server::writes(&seen)
            .iter()
            .all(|line| !line.starts_with("DELETE"))
    );
}

#[tokio::test(start_paused = true)]
async fn backup_data_goes_along_when_asked_to() {
    let objects = [
        (DATABASE.to_owned(), object("ready")),
        backup("one", "orders"),
    ]
    .into();
    let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
    delete(&cluster, &model(json!({"keepBackupData": false})), &wait())
        .await
        .unwrap();
    assert_eq!(api_server::writes(&seen), [format!("DELETE {DATABASE}")]);
}

mod classes;
mod destruction;
mod dry_runs;
mod faults;
mod reading;
mod restarting;
mod taken_over;
mod waiting;

/// Everest where the volumes cannot grow beyond 25Gi: it says so by `condition` in state `stays`.
fn rigid_volumes(condition: &'static str, stays: &'static str) -> api_server::Objects {
    let mut database = object(stays);
    database["spec"]["engine"]["storage"]["size"] = json!("50Gi");
    database["status"]["conditions"] = json!([{"type": condition, "status": "True",
        "reason": "R", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]);
    api_server::Objects::from([(DATABASE.to_owned(), database)])
}

#[tokio::test(start_paused = true)]
async fn a_growth_that_did_not_come_about_is_taken_back_without_waiting_for_it() {
    for (condition, stays) in [
        ("CannotResizeVolume", "ready"),
        ("VolumeResizeFailed", "resizingVolumes"),
    ] {
        let (cluster, _, objects) =
            api_server::store(rigid_volumes(condition, stays), |objects, method, path| {
                if method == "PATCH" && path == DATABASE {
                    let database = objects.get_mut(path).unwrap();
                    assert_eq!(database["spec"]["engine"]["storage"]["size"], "25Gi");
                    database["metadata"]["generation"] = json!(2);
                    database["status"] = json!({"status": "ready", "observedGeneration": 2});
                }
            });
        let mut prior = model(json!({"ready": false}));
        let engine = |model: &mut DatabaseModel, size: &str| {
            let spec = model.spec.known_mut().unwrap();
            let storage = &mut spec.engine.known_mut().unwrap().storage;
            storage.known_mut().unwrap().size = size.into();
        };
        engine(&mut prior, "50Gi");
        let planned = model(json!({}));
        let begun = tokio::time::Instant::now();
        let end = update(&cluster, &prior, &planned, &planned, &wait()).await;
        let Change::Done(done) = end else {
            panic!("{condition}: {end:?}")
        };
        assert_eq!(done.ready.known(), Some(&true), "{condition}");
        assert!(begun.elapsed() < Duration::from_secs(60), "{condition}");
        assert!(objects.lock().unwrap().contains_key(DATABASE));
    }
}
