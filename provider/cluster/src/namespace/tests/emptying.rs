//! A destruction waits for what the same run destroys, and leaves nothing behind that nobody could
//! delete.

use tokio::time::Instant;

use super::*;

const CONFIG: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod/monitoringconfigs/pmm";
const STORAGE: &str = "/apis/everest.percona.com/v1alpha1/namespaces/prod/backupstorages/s3";
const IN_USE: &str = "everest.percona.com/in-use-protection";

fn object(kind: &str, name: &str, finalizers: Value) -> Value {
    json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": kind,
        "metadata": {"name": name, "namespace": "prod", "uid": name, "finalizers": finalizers},
        "spec": {"type": "s3", "bucket": "b", "credentialsSecretName": "s3"}})
}

fn with(more: impl IntoIterator<Item = (String, Value)>) -> api_server::Objects {
    let labels = json!({"app.kubernetes.io/managed-by": "everest"});
    let mut objects: api_server::Objects = more.into_iter().collect();
    objects.insert(NAMESPACE.to_owned(), namespace_object(labels));
    objects
}

/// Does something to the objects in a while.
fn after(
    seconds: u64,
    objects: &api_server::Held,
    change: impl FnOnce(&mut api_server::Objects) + Send + 'static,
) {
    let objects = objects.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        change(&mut objects.lock().unwrap());
    });
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_going_is_waited_for() {
    let (path, mut orders) = database("orders");
    orders["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    let (cluster, _, objects) = api_server::bare(with([(path.clone(), orders)]), |_, _, _| {});
    after(300, &objects, move |objects| {
        objects.remove(&path);
    });
    delete(&cluster, &model(json!({"pxc": {}})), &wait())
        .await
        .unwrap();
    assert!(objects.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_database_that_the_same_run_is_about_to_destroy_is_waited_for() {
    let (path, orders) = database("orders");
    let (cluster, _, objects) = api_server::bare(with([(path.clone(), orders)]), |_, _, _| {});
    after(20, &objects, move |objects| {
        objects.remove(&path);
    });
    delete(&cluster, &model(json!({"pxc": {}})), &wait())
        .await
        .unwrap();
    assert!(objects.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_last_backup_of_a_database_is_waited_for() {
    let (path, orders) = database("orders");
    let backup = format!("{EVEREST}/databaseclusterbackups/last");
    let mut last = object("DatabaseClusterBackup", "last", json!([]));
    last["spec"] = json!({"dbClusterName": "orders", "backupStorageName": "s3"});
    last["status"] = json!({"state": "Running", "gaps": false});
    let objects = with([(path.clone(), orders), (backup.clone(), last)]);
    let (cluster, _, objects) = api_server::bare(objects, api_server::letting_go);
    after(300, &objects, move |objects| {
        objects.get_mut(&backup).unwrap()["status"]["state"] = json!("Succeeded");
    });
    after(320, &objects, move |objects| {
        objects.remove(&path);
    });
    delete(&cluster, &model(json!({"pxc": {}})), &wait())
        .await
        .unwrap();
    assert!(objects.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_database_that_stays_is_named_after_a_moment() {
    let (cluster, seen, _) = api_server::bare(with([database("orders")]), |_, _, _| {});
    let begun = Instant::now();
    let error = delete(&cluster, &model(json!({"pxc": {}})), &wait())
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("still has database orders"),
        "{error}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(40),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_controller_that_looks_once_is_told_what_it_waits_for_and_what_helps() {
    let (cluster, seen, _) = api_server::bare(with([database("orders")]), |_, _, _| {});
    let cluster = cluster.with_dialect(Dialect::ManagedResource);
    let once = Wait::new(Duration::ZERO, CancellationToken::new());
    let error = delete(&cluster, &model(json!({"pxc": {}})), &once)
        .await
        .unwrap_err();
    let ClusterError::TimedOut { last, .. } = &error else {
        panic!("{error}")
    };
    for words in [
        "database orders to go",
        "spec.forProvider.forceDestroy: true",
    ] {
        assert!(last.waiting_for.contains(words), "{}", last.waiting_for);
    }
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_is_kept_loses_everest_only_once_nothing_needs_it() {
    let held = json!([
        "everest.percona.com/cleanup-secrets",
        "everest.percona.com/vmagent"
    ]);
    let objects = || {
        with([
            (
                CONFIG.to_owned(),
                object("MonitoringConfig", "pmm", held.clone()),
            ),
            (STORAGE.to_owned(), object("BackupStorage", "s3", json!([]))),
        ])
    };
    let mut model = model(json!({"pxc": {}}));
    model.keep_namespace = true.into();
    let (cluster, seen, _) = api_server::bare(objects(), |_, _, _| {});
    let error = delete(&cluster, &model, &wait()).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("still has monitoring configuration pmm."),
        "{text}"
    );
    assert_eq!(error.attribute().unwrap().to_string(), "forceDestroy");
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());

    model.force_destroy = true.into();
    let (cluster, seen, objects) = api_server::bare(objects(), api_server::letting_go);
    delete(&cluster, &model, &wait()).await.unwrap();
    assert_eq!(api_server::writes(&seen)[0], format!("DELETE {CONFIG}"));
    let objects = objects.lock().unwrap();
    assert_eq!(objects[NAMESPACE]["metadata"]["labels"], named(json!({})));
    assert!(objects.contains_key(STORAGE), "anybody can delete it");
}

#[tokio::test(start_paused = true)]
async fn a_storage_goes_with_its_namespace_only_once_everest_has_let_go_of_it() {
    let storage = object("BackupStorage", "s3", json!([IN_USE]));
    let (cluster, _, objects) =
        api_server::bare(with([(STORAGE.to_owned(), storage)]), |_, _, _| {});
    let begun = Instant::now();
    after(60, &objects, |objects| {
        objects.get_mut(STORAGE).unwrap()["metadata"]["finalizers"] = json!([]);
    });
    delete(&cluster, &model(json!({"pxc": {}})), &wait())
        .await
        .unwrap();
    assert!(
        begun.elapsed() >= Duration::from_secs(60),
        "deleted while in use"
    );
    assert!(objects.lock().unwrap().is_empty());
}
