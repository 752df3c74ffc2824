//! Creations whose process was killed.

use super::*;

/// The store after a creation that was killed before its Subscriptions were heard of.
async fn killed(
    planned: &NamespaceModel,
    objects: api_server::Objects,
) -> (Cluster, api_server::Held) {
    let alive = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (olm, wakes) = (olm("1.18.0", None), alive.clone());
    let (cluster, _, objects) = api_server::bare(objects, move |objects, method, path| {
        if wakes.load(std::sync::atomic::Ordering::Relaxed) {
            olm(objects, method, path);
        }
    });
    let (made, patient) = (Unacknowledged::default(), wait());
    let creation = create(&cluster, planned, &made, &patient);
    let ended = tokio::time::timeout(Duration::from_secs(5), creation).await;
    assert!(ended.is_err(), "{ended:?}");
    let subscriptions = format!("{OLM}/subscriptions/");
    objects
        .lock()
        .unwrap()
        .retain(|path, _| !path.starts_with(&subscriptions));
    alive.store(true, std::sync::atomic::Ordering::Relaxed);
    (cluster, objects)
}

#[tokio::test(start_paused = true)]
async fn a_namespace_that_a_killed_creation_has_made_is_gone_on_with() {
    let planned = model(json!({"pxc": {}}));
    let (cluster, objects) = killed(&planned, api_server::Objects::new()).await;
    assert!(objects.lock().unwrap()[NAMESPACE]["metadata"]["annotations"].is_object());
    let made = Unacknowledged::default();
    let created = create(&cluster, &planned, &made, &wait()).await;
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
    cluster.acknowledge(made);
    cluster.acknowledge_all().await;
    let again = create(&cluster, &planned, &Unacknowledged::default(), &wait()).await;
    let Creation::NotCreated(error) = again else {
        panic!("{again:?}")
    };
    assert!(
        error.to_string().contains("import it with the id"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_take_over_that_was_killed_does_not_count_as_having_made_the_namespace() {
    let mut planned = model(json!({"pxc": {}}));
    planned.take_ownership = true.into();
    let theirs = [(NAMESPACE.to_owned(), namespace_object(json!({})))].into();
    let (_, objects) = killed(&planned, theirs).await;
    let metadata = objects.lock().unwrap()[NAMESPACE]["metadata"].clone();
    assert!(metadata["annotations"].is_null(), "{metadata}");
    assert_eq!(metadata["uid"], "u");
}
