//! The end of storages that are used, or that someone else has deleted.

use std::sync::{Arc, Mutex};

use super::*;

fn backups() -> String {
    STORAGE.replace("backupstorages/s3", "databaseclusterbackups")
}

/// The storage as Everest has marked it, deleted by someone while it was used.
fn deleted_in_use() -> Value {
    let mut storage = storage();
    storage["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    storage["metadata"]["finalizers"] = json!(["everest.percona.com/in-use-protection"]);
    storage
}

/// Plays an API server: what is being deleted goes with its last finalizer, not before.
fn holding(
    objects: api_server::Objects,
) -> (Cluster, api_server::Seen, Arc<Mutex<api_server::Objects>>) {
    let kept = Arc::new(Mutex::new(objects));
    let held = kept.clone();
    let (cluster, seen) = api_server::cluster(move |method, target, body| {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut objects = held.lock().unwrap();
        let forbidden = || api_server::failure(403, "Forbidden", "cannot watch", json!({}));
        if query.contains("watch=true") {
            return forbidden();
        }
        if method == "GET" && path.ends_with('s') {
            let inside = |key: &&String| key.rsplit_once('/').is_some_and(|(all, _)| all == path);
            let found = objects.keys().filter(inside).cloned().collect::<Vec<_>>();
            return api_server::list(found.iter().map(|key| objects[key].clone()).collect());
        }
        let Some(object) = objects.get_mut(path) else {
            return api_server::absent("backupstorages", "s3");
        };
        match method {
            "DELETE" => object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"),
            "PATCH" => json_patch::merge(object, body),
            _ => {}
        }
        let answer = object.clone();
        let finalizers = answer["metadata"]["finalizers"].as_array();
        if !answer["metadata"]["deletionTimestamp"].is_null()
            && finalizers.is_none_or(Vec::is_empty)
        {
            objects.remove(path);
        }
        api_server::Answer::Json(200, answer)
    });
    (cluster, seen, kept)
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_somebody_deleted_while_in_use_is_let_go_once_nothing_uses_it() {
    let objects = [(STORAGE.to_owned(), deleted_in_use())].into();
    let (cluster, _, objects) = holding(objects);
    assert!(release(&cluster, &model(), &wait()).await.unwrap());
    delete(&cluster, &model(), &wait()).await.unwrap();
    assert!(objects.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_somebody_deleted_stays_while_it_is_used() {
    let objects = [
        (STORAGE.to_owned(), deleted_in_use()),
        database_using_it(false),
    ]
    .into();
    let (cluster, seen, _) = holding(objects);
    let error = release(&cluster, &model(), &wait()).await.unwrap_err();
    assert!(
        error.to_string().contains("used by database orders"),
        "{error}"
    );
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_that_everest_had_no_time_to_take_off_does_not_hold_a_storage() {
    let mut marked = deleted_in_use();
    marked["metadata"]["deletionTimestamp"] = Value::Null;
    let objects = [(STORAGE.to_owned(), marked)].into();
    let (cluster, _, objects) = holding(objects);
    assert!(!release(&cluster, &model(), &wait()).await.unwrap());
    delete(&cluster, &model(), &wait()).await.unwrap();
    assert!(objects.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_everest_calls_used_stays_where_its_users_may_not_be_listed() {
    let mut used = storage();
    used["status"] = json!({"inUse": true});
    let (cluster, seen) = api_server::cluster(move |_, target, _| {
        let path = target.split('?').next().unwrap_or_default();
        match path {
            STORAGE => api_server::Answer::Json(200, used.clone()),
            _ if STORAGE.starts_with(path) => api_server::list(vec![used.clone()]),
            _ if path == backups() => api_server::failure(
                403,
                "Forbidden",
                "User \"u\" cannot list resource \"databaseclusterbackups\" in API group \"\"",
                json!({}),
            ),
            _ => api_server::list(Vec::new()),
        }
    });
    let error = delete(&cluster, &model(), &wait()).await.unwrap_err();
    assert!(error.to_string().contains("may not list"), "{error}");
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}
