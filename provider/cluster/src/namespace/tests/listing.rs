//! Many namespaces at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;

use super::*;
use crate::Catalog;

/// The time that each answer takes.
const SLOW: Duration = Duration::from_millis(20);

#[tokio::test(start_paused = true)]
async fn no_more_than_a_few_of_two_hundred_namespaces_are_read_at_a_time() {
    let (under_way, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (now, peak) = (under_way.clone(), most.clone());
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let (now, peak) = (now.clone(), peak.clone());
        async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(SLOW).await;
            now.fetch_sub(1, Ordering::SeqCst);
            let items: Vec<_> = match request.uri().path() {
                "/api/v1/namespaces" => (0..200)
                    .map(|at| json!({"metadata": {"name": format!("n{at}")}}))
                    .collect(),
                _ => Vec::new(),
            };
            let list = json!({"kind": "List", "apiVersion": "v1",
                "metadata": {"resourceVersion": "1"}, "items": items});
            let body = kube::client::Body::from(list.to_string().into_bytes());
            Ok::<_, std::convert::Infallible>(http::Response::new(body))
        }
    });
    let cluster = Cluster::new(kube::Client::new(service, "default"), Catalog::default());
    assert_eq!(list(&cluster, "").await.unwrap().len(), 200);
    let most = most.load(Ordering::SeqCst);
    assert!(most > 1 && most <= AT_ONCE, "{most} requests at a time");
    assert_eq!(under_way.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn namespaces_that_are_made_together_wait_for_the_catalog_by_one_watch() {
    const CATALOG: &str =
        "/apis/operators.coreos.com/v1alpha1/namespaces/everest-olm/catalogsources/everest-catalog";
    let catalog = |state: &str| {
        json!({"apiVersion": "operators.coreos.com/v1alpha1", "kind": "CatalogSource",
            "metadata": {"name": "everest-catalog", "namespace": "everest-olm"},
            "spec": {"sourceType": "grpc"},
            "status": {"connectionState": {"lastObservedState": state}}})
    };
    let objects = [(CATALOG.to_owned(), catalog("TRANSIENT_FAILURE"))].into();
    let (cluster, seen, objects) = api_server::bare(objects, olm("1.18.0", None));
    let of = |at: usize| {
        let model: NamespaceModel =
            serde_json::from_value(json!({"name": format!("n{at}"), "engines": {"pxc": {}}}))
                .unwrap();
        model
    };
    let short = Wait::new(Duration::from_secs(30), CancellationToken::new());
    let (cluster, short) = (&cluster, &short);
    let made = join_all((0..20).map(|at| async move {
        create(cluster, &of(at), &Unacknowledged::default(), short).await
    }))
    .await;
    for made in made {
        let Creation::NotCreated(error) = made else {
            panic!("{made:?}")
        };
        let text = error.to_string();
        assert!(text.contains("its state is TRANSIENT_FAILURE"), "{text}");
    }
    assert_eq!(api_server::writes(&seen), Vec::<String>::new());
    let asked: Vec<_> = {
        let seen = seen.lock().unwrap();
        let lines = seen.iter().map(|(line, _)| line.clone());
        lines
            .filter(|line| line.contains("catalogsources"))
            .collect()
    };
    assert!(asked.len() <= 3, "{asked:#?}");

    let planned = model(json!({"pxc": {}}));
    let over = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        objects
            .lock()
            .unwrap()
            .insert(CATALOG.to_owned(), catalog("READY"));
    };
    let (unacknowledged, patient) = (Unacknowledged::default(), wait());
    let (created, ()) = tokio::join!(create(cluster, &planned, &unacknowledged, &patient), over);
    assert!(matches!(created, Creation::Created(_)), "{created:?}");
}
