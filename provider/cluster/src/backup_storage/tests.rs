use std::time::Duration;

use everest_schemas::Field;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::testing::api_server;
use crate::with_secret::{create, delete, secret_state, update};
use crate::{Change, Creation, Unacknowledged};
use everest_core::v1::credentials::{Credentials, SecretState};

mod ending;

const STORAGE: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod/backupstorages/s3";
const SECRET: &str = "/api/v1/namespaces/prod/secrets/s3";

fn model() -> BackupStorageModel {
    serde_json::from_value(json!({"namespace": "prod", "name": "s3",
        "spec": {"type": "s3", "bucket": "b", "region": "r", "credentialsSecretName": "s3"}}))
    .unwrap()
}

fn credentials() -> Credentials {
    Credentials(vec!["id".to_owned().into(), "hunter2".to_owned().into()])
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
    let (cluster, seen, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let created = create(
        &cluster,
        &model(),
        Some(&credentials()),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    let Creation::Created(created) = created else {
        panic!("{created:?}")
    };
    assert_eq!(created.secret_name.known_str(), Some("s3"));
    assert_eq!(
        api_server::writes(&seen),
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
    let (cluster, seen, kept) = api_server::store(objects, |_, _, _| {});
    let before = kept.lock().unwrap().clone();
    let created = create(
        &cluster,
        &model(),
        Some(&credentials()),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert!(
        error
            .to_string()
            .contains("the Secret prod/s3 for its credentials already exists"),
        "{error}"
    );
    // That one exists is the server's answer.
    assert_eq!(api_server::writes(&seen), [format!("PATCH {SECRET}")]);
    assert_eq!(*kept.lock().unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn without_credentials_the_secret_must_exist_and_stays_as_it_is() {
    let (cluster, _, _) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let created = create(
        &cluster,
        &model(),
        None,
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    let Creation::NotCreated(error) = created else {
        panic!("{created:?}")
    };
    assert_eq!(error.attribute().unwrap().snake_case(), "access_key_id");

    let objects = [(SECRET.to_owned(), secret())].into();
    let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
    let created = create(
        &cluster,
        &model(),
        None,
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    assert_eq!(api_server::writes(&seen), [format!("PATCH {STORAGE}")]);
}

#[tokio::test(start_paused = true)]
async fn a_storage_in_use_is_not_deleted_and_its_users_are_named() {
    let objects = [(STORAGE.to_owned(), storage()), database_using_it(false)].into();
    let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
    let error = delete(&cluster, &model(), &wait()).await.unwrap_err();
    assert!(
        error.to_string().contains("used by database orders"),
        "{error}"
    );
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn users_that_are_going_are_waited_for() {
    let (path, database) = database_using_it(true);
    let objects = [(STORAGE.to_owned(), storage()), (path.clone(), database)].into();
    let (cluster, _, objects) = api_server::store(objects, |_, _, _| {});
    let kept = objects.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(300)).await;
        kept.lock().unwrap().remove(&path);
    });
    delete(&cluster, &model(), &wait()).await.unwrap();
    assert!(objects.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_user_that_the_same_run_is_about_to_destroy_is_waited_for() {
    let (path, database) = database_using_it(false);
    let objects = [(STORAGE.to_owned(), storage()), (path.clone(), database)].into();
    let (cluster, _, objects) = api_server::store(objects, |_, _, _| {});
    let kept = objects.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        kept.lock().unwrap().remove(&path);
    });
    delete(&cluster, &model(), &wait()).await.unwrap();
    assert!(objects.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_nobody_uses_any_more_goes_once_everest_has_let_go_of_it() {
    let mut held = storage();
    held["metadata"]["finalizers"] = json!(["everest.percona.com/in-use-protection"]);
    let (cluster, _, objects) =
        api_server::store([(STORAGE.to_owned(), held)].into(), |_, _, _| {});
    let kept = objects.clone();
    let begun = tokio::time::Instant::now();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        kept.lock().unwrap().get_mut(STORAGE).unwrap()["metadata"]["finalizers"] = json!([]);
    });
    delete(&cluster, &model(), &wait()).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn deletion_takes_the_secret_along_only_if_it_was_ours() {
    for (owner, left) in [(Some("s3"), 1), (Some("other"), 2), (None, 2)] {
        let (path, mut other) = sharing(false);
        other["spec"]["credentialsSecretName"] = json!("elsewhere");
        let uids = [("s3", "u"), ("other", "another")];
        let mut secret = secret();
        if let Some((name, uid)) = uids.into_iter().find(|(name, _)| Some(*name) == owner) {
            secret["metadata"]["ownerReferences"] = json!([{"apiVersion": "everest.percona.com/v1alpha1",
                "kind": "BackupStorage", "name": name, "uid": uid, "controller": true}]);
        }
        let storages = [(STORAGE.to_owned(), storage()), (path, other)];
        let objects = storages
            .into_iter()
            .chain([(SECRET.to_owned(), secret)])
            .collect();
        let (cluster, _, objects) = api_server::store(objects, |_, _, _| {});
        delete(&cluster, &model(), &wait()).await.unwrap();
        assert_eq!(objects.lock().unwrap().len(), left, "{owner:?}");
    }
}

const OTHER: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod/backupstorages/other";

/// A second storage that reads the Secret of the first.
fn sharing(going: bool) -> (String, Value) {
    let mut other = storage();
    other["metadata"]["name"] = json!("other");
    other["metadata"]["uid"] = json!("another");
    if going {
        other["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    (OTHER.to_owned(), other)
}

fn secret_of(owner: &str) -> (String, Value) {
    let mut secret = secret();
    secret["metadata"]["ownerReferences"] = json!([{"apiVersion": "everest.percona.com/v1alpha1",
        "kind": "BackupStorage", "name": "s3", "uid": owner, "controller": true}]);
    (SECRET.to_owned(), secret)
}

#[tokio::test(start_paused = true)]
async fn a_storage_whose_secret_another_one_reads_is_not_deleted_with_it() {
    let objects = [
        (STORAGE.to_owned(), storage()),
        sharing(false),
        secret_of("u"),
    ]
    .into();
    let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
    let error = delete(&cluster, &model(), &wait()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("used by backup storage other"), "{text}");
    assert!(text.contains("a Secret of its own"), "{text}");
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_another_storage_owns_or_reads_stays() {
    let mut written = secret();
    written["metadata"]["managedFields"] = applied();
    for secret in [secret_of("another"), (SECRET.to_owned(), written)] {
        let objects = [(STORAGE.to_owned(), storage()), sharing(false), secret].into();
        let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
        delete(&cluster, &model(), &wait()).await.unwrap();
        assert_eq!(api_server::writes(&seen), [format!("DELETE {STORAGE}")]);
    }
}

#[tokio::test(start_paused = true)]
async fn two_storages_of_one_secret_can_be_deleted_in_one_run() {
    let objects = [
        (STORAGE.to_owned(), storage()),
        sharing(false),
        secret_of("u"),
    ]
    .into();
    let (cluster, _, objects) = api_server::store(objects, |_, _, _| {});
    let kept = objects.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        let (path, other) = sharing(true);
        kept.lock().unwrap().insert(path.clone(), other);
        tokio::time::sleep(Duration::from_secs(20)).await;
        kept.lock().unwrap().remove(&path);
    });
    delete(&cluster, &model(), &wait()).await.unwrap();
    assert!(objects.lock().unwrap().is_empty());
}

/// What a Secret says of the credentials that this provider has written.
fn applied() -> Value {
    json!([{"manager": crate::FIELD_MANAGER, "operation": "Apply",
        "fieldsV1": {"f:data": {"f:AWS_ACCESS_KEY_ID": {}}}}])
}

/// Returns true if the Secret is left of a storage whose creation the server answers with `code`.
async fn secret_is_left(code: u16, reason: &'static str) -> bool {
    let kept = std::sync::Arc::new(std::sync::Mutex::new(None));
    let secret = kept.clone();
    let (cluster, _) = api_server::cluster(move |method, target, body| {
        let mut secret = secret.lock().unwrap();
        if !target.contains("/secrets/s3") {
            return match method {
                "PATCH" => api_server::failure(code, reason, "request timed out", json!({})),
                _ if !target.contains("/backupstorages/s3") => api_server::Answer::Json(
                    200,
                    json!({"apiVersion": "everest.percona.com/v1alpha1",
                        "kind": "BackupStorageList", "metadata": {}, "items": []}),
                ),
                _ => api_server::absent("backupstorages", "s3"),
            };
        }
        match method {
            "PATCH" => {
                let mut written = body.clone();
                written["metadata"]["managedFields"] = applied();
                *secret = Some(written);
            }
            "DELETE" => *secret = None,
            _ => {}
        }
        match &*secret {
            Some(secret) => api_server::Answer::Json(200, secret.clone()),
            None => api_server::absent("secrets", "s3"),
        }
    });
    let created = create(
        &cluster,
        &model(),
        Some(&credentials()),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    assert!(matches!(created, Creation::NotCreated(_)), "{created:?}");
    kept.lock().unwrap().take().is_some()
}

#[tokio::test(start_paused = true)]
async fn a_secret_goes_only_with_a_storage_that_was_certainly_not_written() {
    assert!(!secret_is_left(403, "Forbidden").await);
    assert!(!secret_is_left(422, "Invalid").await);
    for (code, reason) in [
        (500, "InternalError"),
        (503, "ServiceUnavailable"),
        (504, "Timeout"),
    ] {
        assert!(secret_is_left(code, reason).await, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_such_a_creation_left_is_used_by_the_next_one() {
    let mut left = secret();
    left["metadata"]["managedFields"] = applied();
    let objects: api_server::Objects = [(SECRET.to_owned(), left)].into();
    let (cluster, _, kept) = api_server::store(objects.clone(), |_, _, _| {});
    let created = create(
        &cluster,
        &model(),
        Some(&credentials()),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    let written = kept.lock().unwrap()[SECRET].clone();
    assert_eq!(written["data"]["AWS_SECRET_ACCESS_KEY"], "aHVudGVyMg==");

    let mut read = objects;
    read.extend([sharing(false)]);
    let (cluster, _, kept) = api_server::store(read, |_, _, _| {});
    let before = kept.lock().unwrap().clone();
    let created = create(
        &cluster,
        &model(),
        Some(&credentials()),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    assert!(matches!(created, Creation::NotCreated(_)), "{created:?}");
    assert_eq!(*kept.lock().unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_looked_at_by_its_metadata_alone() {
    let (cluster, seen, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let state = async || secret_state(&cluster, &model()).await.unwrap();
    assert_eq!(state().await, SecretState::Gone);
    let mut written = secret();
    written["metadata"]["managedFields"] = json!([
        {"manager": crate::FIELD_MANAGER, "operation": "Apply", "fieldsType": "FieldsV1",
         "fieldsV1": {"f:data": {"f:AWS_ACCESS_KEY_ID": {}, "f:AWS_SECRET_ACCESS_KEY": {}}}}]);
    let insert = |secret: Value| objects.lock().unwrap().insert(SECRET.to_owned(), secret);
    insert(written);
    assert_eq!(state().await, SecretState::AsWritten);
    insert(secret());
    assert_eq!(state().await, SecretState::Changed);
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_update_writes_the_secret_that_the_storage_reads() {
    let mut live = storage();
    live["spec"]["credentialsSecretName"] = json!("shared");
    let objects = [(STORAGE.to_owned(), live)].into();
    let (cluster, seen, objects) = api_server::store(objects, |_, _, _| {});
    let named = |name: Field<String>| BackupStorageModel {
        secret_name: name,
        ..model()
    };
    // The plan leaves the name of a Secret that is written again open.
    let (prior, planned) = (named("shared".into()), named(Field::Unknown));
    let changed = update(&cluster, &prior, &planned, Some(&credentials()), &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    let secret = SECRET.replace("secrets/s3", "secrets/shared");
    assert_eq!(
        api_server::writes(&seen),
        [format!("PATCH {secret}"), format!("PATCH {STORAGE}")]
    );
    let objects = objects.lock().unwrap();
    assert_eq!(objects[STORAGE]["spec"]["credentialsSecretName"], "shared");
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_was_deleted_meanwhile_is_not_made_anew_by_an_update() {
    let (cluster, seen, _) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let keys = credentials();
    let changed = update(&cluster, &model(), &model(), Some(&keys), &wait()).await;
    assert!(
        matches!(changed, Change::Refused(ClusterError::Superseded { .. })),
        "{changed:?}"
    );
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());

    let objects = [(STORAGE.to_owned(), storage())].into();
    let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
    update(&cluster, &model(), &model(), None, &wait()).await;
    let seen = seen.lock().unwrap();
    let (_, body) = seen
        .iter()
        .find(|(line, _)| line.starts_with("PATCH"))
        .unwrap();
    assert_eq!(body["metadata"]["uid"], "u");
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_was_killed_after_the_secret_goes_on() {
    let (cluster, seen, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    create(
        &cluster,
        &model(),
        Some(&credentials()),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    objects.lock().unwrap().remove(STORAGE);
    seen.lock().unwrap().clear();
    let made = Unacknowledged::default();
    let created = create(&cluster, &model(), Some(&credentials()), &made, &wait()).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    // The first is refused, because there is one.
    assert_eq!(
        api_server::writes(&seen),
        [SECRET, SECRET, STORAGE].map(|path| format!("PATCH {path}"))
    );
    cluster.acknowledge(made);
    cluster.acknowledge_all().await;
    let objects = objects.lock().unwrap();
    for path in [SECRET, STORAGE] {
        let mark = &objects[path]["metadata"]["annotations"][crate::CREATED_BY_APPLY];
        assert!(mark.is_null(), "{path} is in the state");
    }
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_was_killed_after_the_storage_goes_on() {
    let (cluster, _, objects) = api_server::store(api_server::Objects::new(), |_, _, _| {});
    let (keys, made) = (credentials(), Unacknowledged::default());
    create(&cluster, &model(), Some(&keys), &made, &wait()).await;
    {
        // Everest has seen the storage meanwhile.
        let mut objects = objects.lock().unwrap();
        let uid = objects[STORAGE]["metadata"]["uid"].clone();
        let secret = objects.get_mut(SECRET).unwrap();
        secret["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1alpha1",
            "kind": "BackupStorage", "name": "s3", "uid": uid}]);
        let mark = &secret["metadata"]["annotations"][crate::CREATED_BY_APPLY];
        assert!(mark.is_null(), "a Secret needs none");
    }
    let made = Unacknowledged::default();
    let created = create(&cluster, &model(), Some(&keys), &made, &wait()).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
}
