use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::fake;

const STORAGE: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod/backupstorages/s3";
const SECRET: &str = "/api/v1/namespaces/prod/secrets/s3";

fn model() -> BackupStorageModel {
    serde_json::from_value(json!({"namespace": "prod", "name": "s3",
        "spec": {"type": "s3", "bucket": "b", "region": "r", "credentialsSecretName": "s3"}}))
    .unwrap()
}

fn credentials() -> Credentials {
    Credentials {
        access_key_id: "id".to_owned().into(),
        secret_access_key: "hunter2".to_owned().into(),
    }
}

fn wait() -> Wait {
    Wait::new(Duration::from_secs(600), CancellationToken::new())
}

fn storage() -> Value {
    json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "BackupStorage",
        "metadata": {"name": "s3", "namespace": "prod", "uid": "u"},
        "spec": {"type": "s3", "bucket": "b", "credentialsSecretName": "s3"}})
}

fn secret() -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s3", "namespace": "prod"},
        "data": {"AWS_ACCESS_KEY_ID": "eA=="}})
}

fn database_using_it(deleted: bool) -> (String, Value) {
    let mut database = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "orders", "namespace": "prod", "uid": "d"},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
            "backup": {"schedules": [{"name": "n", "enabled": true, "schedule": "0 2 * * *", "backupStorageName": "s3"}]}}});
    if deleted {
        database["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    (
        STORAGE.replace("backupstorages/s3", "databaseclusters/orders"),
        database,
    )
}

#[tokio::test(start_paused = true)]
async fn the_secret_is_there_before_the_storage() {
    let (cluster, seen, objects) = fake::store(fake::Objects::new(), |_, _, _| {});
    let created = create(&cluster, &model(), Some(&credentials()), "n", &wait()).await;
    let Creation::Created(created) = created else {
        panic!("{created:?}")
    };
    assert_eq!(created.secret_name.known_str(), Some("s3"));
    assert_eq!(
        fake::writes(&seen),
        [format!("PATCH {SECRET}"), format!("PATCH {STORAGE}")]
    );
    let objects = objects.lock().unwrap();
    assert_eq!(
        objects[SECRET]["data"]["AWS_SECRET_ACCESS_KEY"],
        "aHVudGVyMg=="
    );
    assert_eq!(objects[STORAGE]["spec"]["credentialsSecretName"], "s3");
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_exists_is_not_overwritten() {
    let objects = [(SECRET.to_owned(), secret())].into();
    let (cluster, seen, _) = fake::store(objects, |_, _, _| {});
    let created = create(&cluster, &model(), Some(&credentials()), "n", &wait()).await;
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert!(
        error.to_string().contains("Secret prod/s3 exists already"),
        "{error}"
    );
    assert_eq!(fake::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn without_credentials_the_secret_must_exist_and_stays_as_it_is() {
    let (cluster, _, _) = fake::store(fake::Objects::new(), |_, _, _| {});
    let created = create(&cluster, &model(), None, "n", &wait()).await;
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert_eq!(error.attribute().unwrap().snake_case(), "access_key_id");

    let objects = [(SECRET.to_owned(), secret())].into();
    let (cluster, seen, _) = fake::store(objects, |_, _, _| {});
    let created = create(&cluster, &model(), None, "n", &wait()).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    assert_eq!(fake::writes(&seen), [format!("PATCH {STORAGE}")]);
}

#[tokio::test(start_paused = true)]
async fn a_storage_in_use_is_not_deleted_and_its_users_are_named() {
    let objects = [(STORAGE.to_owned(), storage()), database_using_it(false)].into();
    let (cluster, seen, _) = fake::store(objects, |_, _, _| {});
    let error = delete(&cluster, &model(), &wait()).await.unwrap_err();
    assert!(
        error.to_string().contains("used by database orders"),
        "{error}"
    );
    assert_eq!(fake::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn users_that_are_going_are_waited_for() {
    let (path, database) = database_using_it(true);
    let objects = [(STORAGE.to_owned(), storage()), (path.clone(), database)].into();
    let (cluster, _, objects) = fake::store(objects, |_, _, _| {});
    let kept = objects.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        kept.lock().unwrap().remove(&path);
    });
    delete(&cluster, &model(), &wait()).await.unwrap();
    assert!(objects.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn deletion_takes_the_secret_along_only_if_it_was_ours() {
    for (owner, left) in [(Some("u"), 0), (Some("other"), 1), (None, 1)] {
        let mut secret = secret();
        if let Some(uid) = owner {
            secret["metadata"]["ownerReferences"] = json!([{"apiVersion": "everest.percona.com/v1alpha1",
                "kind": "BackupStorage", "name": "s3", "uid": uid, "controller": true}]);
        }
        let objects = [(STORAGE.to_owned(), storage()), (SECRET.to_owned(), secret)].into();
        let (cluster, _, objects) = fake::store(objects, |_, _, _| {});
        delete(&cluster, &model(), &wait()).await.unwrap();
        assert_eq!(objects.lock().unwrap().len(), left, "{owner:?}");
    }
}
