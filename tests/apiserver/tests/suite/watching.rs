//! Watches, as kube's own watcher sees them.

use futures::{StreamExt, TryStreamExt};
use kube::api::DynamicObject;
use kube::runtime::watcher::{Config, Error, Event};
use kube::runtime::{WatchStreamExt, watcher};
use serde_json::json;
use test_apiserver::{Fault, Matcher, Times, Trouble, When};

use crate::client::{api, create, merge, server, widget};

/// Event and name, errors as `error`.
async fn next(
    events: &mut (impl futures::Stream<Item = Result<Event<DynamicObject>, Error>> + Unpin),
) -> String {
    let name = |object: DynamicObject| object.metadata.name.unwrap();
    match events.next().await.unwrap() {
        Ok(Event::Init) => "init".to_owned(),
        Ok(Event::InitApply(object)) => format!("had {}", name(object)),
        Ok(Event::InitDone) => "listed".to_owned(),
        Ok(Event::Apply(object)) => format!("applied {}", name(object)),
        Ok(Event::Delete(object)) => format!("deleted {}", name(object)),
        Err(error) => format!("error {error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_what_there_is_and_what_changes() {
    for config in [Config::default(), Config::default().streaming_lists()] {
        let server = server();
        let api = api(server.client());
        create(&api, widget("a", json!({}))).await.unwrap();
        let mut events = watcher(api.clone(), config).boxed();
        for expected in ["init", "had a", "listed"] {
            assert_eq!(next(&mut events).await, expected);
        }
        create(&api, widget("b", json!({}))).await.unwrap();
        assert_eq!(next(&mut events).await, "applied b");
        api.delete("a", &Default::default()).await.unwrap();
        assert_eq!(next(&mut events).await, "deleted a");
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_no_longer_selected_is_gone_to_a_watch() {
    let api = api(server().client());
    let mut object = widget("a", json!({}));
    object["metadata"]["labels"] = json!({"in": "yes"});
    create(&api, object).await.unwrap();
    let mut events = watcher(api.clone(), Config::default().labels("in=yes")).boxed();
    for expected in ["init", "had a", "listed"] {
        assert_eq!(next(&mut events).await, expected);
    }
    merge(&api, "a", json!({"metadata": {"labels": {"in": "no"}}}))
        .await
        .unwrap();
    assert_eq!(next(&mut events).await, "deleted a");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_is_cut_goes_on_and_one_that_has_expired_begins_anew() {
    let server = server();
    let process = server.process();
    let widgets = api(process.client());
    let mut events = watcher(widgets.clone(), Config::default())
        .default_backoff()
        .boxed();
    assert_eq!(next(&mut events).await, "init");
    assert_eq!(next(&mut events).await, "listed");
    let other = api(server.client());
    tokio::join!(
        async {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            process.cut_watches();
            create(&other, widget("a", json!({}))).await.unwrap();
        },
        async {
            let error = next(&mut events).await;
            assert!(error.starts_with("error "), "{error}");
            assert_eq!(next(&mut events).await, "applied a");
        }
    );
    tokio::join!(
        async {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            server.compact();
        },
        async {
            let error = next(&mut events).await;
            assert!(error.contains("too old resource version"), "{error}");
            for expected in ["init", "had a", "listed"] {
                assert_eq!(next(&mut events).await, expected);
            }
        }
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_says_410_at_once_is_begun_anew() {
    let process = server().process();
    let at = test_apiserver::At::Matching(Matcher::verb("watch"));
    process.inject(Fault::new(at, When::Before, Trouble::WatchGone).times(Times::Exactly(2)));
    let widgets = api(process.client());
    let events = watcher(widgets, Config::default()).default_backoff();
    let listed: Vec<_> = events.take(7).map(|event| event.is_ok()).collect().await;
    assert_eq!(listed.iter().filter(|ok| !**ok).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn every_kind_that_a_server_has_can_be_watched() {
    let server = server();
    let events = watcher(
        kube::Api::<k8s_openapi::api::core::v1::Namespace>::all(server.client()),
        Config::default(),
    );
    let first: Vec<_> = events.take(3).try_collect().await.unwrap();
    assert!(matches!(first[1], Event::InitApply(_)));
}
