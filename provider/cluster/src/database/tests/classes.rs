//! Storage classes that nobody has named.

use super::*;

const CLAIM: &str = "/api/v1/namespaces/prod/persistentvolumeclaims/datadir-orders-pxc-0";

fn claim() -> (String, Value) {
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "datadir-orders-pxc-0", "namespace": "prod"},
        "spec": {"storageClassName": "standard"}});
    (CLAIM.to_owned(), claim)
}

fn class(model: &DatabaseModel) -> Option<&str> {
    let engine = model.spec.known()?.engine.known()?;
    engine.storage.known()?.class.known_str()
}

fn named(mut model: DatabaseModel, class: &str) -> DatabaseModel {
    let engine = model.spec.known_mut().unwrap().engine.known_mut().unwrap();
    engine.storage.known_mut().unwrap().class = class.into();
    model
}

async fn read(cluster: &Cluster, prior: &DatabaseModel) -> Option<DatabaseModel> {
    let object = cluster.object(prior).await.unwrap()?;
    Some(observe(cluster, &object, prior).await)
}

#[tokio::test(start_paused = true)]
async fn the_class_is_read_from_the_claims_once_and_kept() {
    let objects = [(DATABASE.to_owned(), object("ready")), claim()].into();
    let (cluster, seen, _) = api_server::store(objects, |_, _, _| {});
    let stub = model(json!({"spec": null}));
    let found = read(&cluster, &stub).await.unwrap();
    assert_eq!(class(&found), Some("standard"));
    let lists = || {
        let seen = seen.lock().unwrap();
        let lists = seen.iter().filter(|(line, _)| line.contains("claims"));
        lists.count()
    };
    assert_eq!(lists(), 1);
    let cluster = cluster.with_empty_cache();
    let again = read(&cluster, &found).await.unwrap();
    assert_eq!(class(&again), Some("standard"));
    assert_eq!(lists(), 1, "the state knows it");
}

#[tokio::test(start_paused = true)]
async fn the_class_stays_open_where_claims_may_not_be_listed() {
    let (cluster, _) = api_server::cluster(|_, path, _| {
        if path.contains("persistentvolumeclaims") {
            return api_server::failure(403, "Forbidden", "no", json!({}));
        }
        Answer::Json(200, object("ready"))
    });
    let found = read(&cluster, &model(json!({}))).await.unwrap();
    assert_eq!(class(&found), None);
}

#[tokio::test(start_paused = true)]
async fn the_class_of_a_new_database_is_that_of_claims_that_were_not_there_before() {
    let (cluster, _, objects) = api_server::store(api_server::Objects::new(), ready_at_once);
    let other = read(&cluster, &model(json!({}))).await;
    assert_eq!(other, None);
    let listed = with_classes(&cluster, model(json!({}))).await;
    assert_eq!(class(&listed), None);
    let made = create(
        &cluster,
        &model(json!({})),
        &Unacknowledged::default(),
        &wait(),
    )
    .await;
    let Creation::Created(made) = made else {
        panic!("{made:?}")
    };
    objects.lock().unwrap().extend([claim()]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(class(&with_classes(&cluster, made).await), Some("standard"));
}

#[tokio::test(start_paused = true)]
async fn a_change_does_not_write_a_class_into_an_object_that_names_none() {
    let objects = [(DATABASE.to_owned(), object("ready")), claim()].into();
    let (cluster, _, objects) = api_server::store(objects, ready_at_once);
    let prior = named(model(json!({})), "standard");
    let mut planned = prior.clone();
    let engine = planned.spec.known_mut().unwrap().engine.known_mut();
    engine.unwrap().replicas = 5.into();
    let changed = update(&cluster, &prior, &planned, &planned, &wait()).await;
    assert!(matches!(changed, Change::Done(_)), "{changed:?}");
    let engine = objects.lock().unwrap()[DATABASE]["spec"]["engine"].clone();
    assert_eq!(engine["replicas"], 5);
    assert_eq!(engine["storage"], json!({"size": "25Gi"}));
}
