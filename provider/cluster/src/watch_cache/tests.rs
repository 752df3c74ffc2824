use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::{Value, json};

use super::*;
use crate::testing::api_server::{self, Answer};

fn map(uid: &str, version: u64) -> ConfigMap {
    serde_json::from_value(value(uid, version)).unwrap()
}

fn value(uid: &str, version: u64) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n",
        "uid": uid, "resourceVersion": version.to_string()}})
}

fn listed(object: ConfigMap) -> HashMap<String, Arc<ConfigMap>> {
    [("a".to_owned(), Arc::new(object))].into()
}

fn shown(view: &View<ConfigMap>) -> Option<u64> {
    view.objects.get("a").map(|object| version(&**object))
}

#[tokio::test(start_paused = true)]
async fn what_this_process_has_written_is_shown_before_the_watch_shows_it() {
    let mut view = View::new();
    view.replace(listed(map("u", 3)), Instant::now());
    view.write(Arc::new(map("u", 5)));
    assert_eq!(shown(&view), Some(5));
    view.show(map("u", 4));
    assert_eq!(shown(&view), Some(5), "an event from before the write");
    view.show(map("u", 6));
    assert_eq!(shown(&view), Some(6));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_after_the_end_of_its_object_is_not_shown() {
    let mut view = View::new();
    view.replace(listed(map("u", 3)), Instant::now());
    view.remove(&map("u", 5));
    view.write(Arc::new(map("u", 4)));
    assert_eq!(shown(&view), None);
    view.write(Arc::new(map("another", 6)));
    assert_eq!(shown(&view), Some(6));
    view.remove(&map("u", 5));
    assert_eq!(shown(&view), Some(6), "another one of the same name");
}

#[tokio::test(start_paused = true)]
async fn a_list_from_before_a_write_does_not_undo_it_and_one_from_after_it_does() {
    let asked = Instant::now();
    let mut view = View::new();
    tokio::time::advance(Duration::from_secs(1)).await;
    view.write(Arc::new(map("u", 5)));
    view.replace(HashMap::new(), asked);
    assert_eq!(shown(&view), Some(5));
    tokio::time::advance(Duration::from_secs(1)).await;
    view.replace(HashMap::new(), Instant::now());
    assert_eq!(shown(&view), None);
    assert!(view.gone.contains("u"), "it went while nobody watched");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_has_died_unnoticed_begins_anew() {
    let lists = Arc::new(AtomicUsize::new(0));
    let counted = lists.clone();
    let (cluster, _) = api_server::cluster(move |_, target, _| {
        if target.contains("watch=true") {
            return Answer::Never;
        }
        let version = match target.contains("limit=") {
            true if counted.fetch_add(1, Ordering::Relaxed) == 0 => 1,
            _ => 2,
        };
        match target.contains("limit=") {
            true => api_server::list(vec![value("u", version)]),
            false => Answer::Json(200, value("u", version)),
        }
    });
    let objects = cluster.objects::<ConfigMap>("n");
    let watch_cache = WatchCache::start(&objects);
    let seen = async || {
        let found = watch_cache.current(&objects, "a").await.unwrap();
        found.map(|object| version(&*object))
    };
    assert_eq!(seen().await, Some(1));
    assert!(!watch_cache.is_to_be_checked(&objects));
    tokio::time::sleep(CROSS_CHECK).await;
    assert!(watch_cache.is_to_be_checked(&objects));
    assert!(
        !watch_cache.is_to_be_checked(&objects),
        "one of all who wait"
    );
    watch_cache.compare("a", objects.get("a").await.unwrap().as_ref());
    tokio::time::sleep(BEHIND).await;
    watch_cache.is_to_be_checked(&objects);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(seen().await, Some(2));
    assert_eq!(lists.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_dead_watch_of_which_only_all_objects_are_looked_at_begins_anew_too() {
    let lists = Arc::new(AtomicUsize::new(0));
    let counted = lists.clone();
    let (cluster, _) = api_server::cluster(move |_, target, _| {
        if target.contains("watch=true") {
            return Answer::Never;
        }
        match counted.fetch_add(1, Ordering::Relaxed) {
            0 => api_server::list(Vec::new()),
            _ => api_server::list(vec![value("u", 2)]),
        }
    });
    let objects = cluster.objects::<ConfigMap>("n");
    let watch_cache = WatchCache::start(&objects);
    let shown = async || watch_cache.all(&objects).await.unwrap().len();
    assert_eq!(shown().await, 0);
    tokio::time::sleep(CROSS_CHECK).await;
    assert_eq!(shown().await, 1, "as the server says");
    assert_eq!(shown().await, 0, "one of all who look");
    tokio::time::sleep(BEHIND).await;
    shown().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(shown().await, 1);
    assert_eq!(lists.load(Ordering::Relaxed), 3);
}
