//! List resources.

use futures::StreamExt;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;

use crate::host::{Host, TYPE, block, decode, errors, identified, place};
use crate::list::Filter;

async fn host() -> Host {
    let host = Host::new().await;
    for name in ["alpha", "beta", "gamma"] {
        host.create(&[("name", name.into())]).await;
    }
    host
}

async fn list(
    host: &Host,
    members: &[(&str, Value)],
    limit: i64,
    include_resource_object: bool,
) -> Vec<wire::list_resource::Event> {
    let request = wire::list_resource::Request {
        type_name: TYPE.to_owned(),
        config: block::<Filter>(members),
        include_resource_object,
        limit,
    };
    let events = host.server.list_resource(Request::new(request)).await;
    let events = events.unwrap().into_inner().collect::<Vec<_>>().await;
    events.into_iter().map(Result::unwrap).collect()
}

#[tokio::test]
async fn every_object_is_listed_with_its_name_and_identity() {
    let host = host().await;
    let events = list(&host, &[("wood", "oak".into())], 0, false).await;
    let names: Vec<&str> = events.iter().map(|e| e.display_name.as_str()).collect();
    assert_eq!(names, ["Shelf alpha", "Shelf beta", "Shelf gamma"]);
    assert!(events.iter().all(|e| e.resource_object.is_none()));
    assert_eq!(identified(events[1].identity.clone()), "beta".into());
    assert!(
        list(&host, &[("wood", "pine".into())], 0, false)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn whole_objects_are_listed_where_they_are_asked_for() {
    let host = host().await;
    let mut events = list(&host, &[("wood", "oak".into())], 1, true).await;
    let object = decode(events.remove(0).resource_object);
    assert_eq!(*object.get("wood").unwrap(), "oak".into());
    assert_eq!(*object.get("wait").unwrap(), true.into());
    assert_eq!(*object.get("secret_wo").unwrap(), Value::Null);
}

#[tokio::test]
async fn no_more_are_listed_than_the_limit() {
    let host = host().await;
    let wood = [("wood", "oak".into())];
    assert_eq!(list(&host, &wood, 2, false).await.len(), 2);
    assert_eq!(list(&host, &wood, 3, false).await.len(), 3);
    assert_eq!(list(&host, &wood, 9, false).await.len(), 3);
}

#[tokio::test]
async fn what_is_said_of_the_search_comes_last() {
    let host = host().await;
    let events = list(&host, &[], 0, false).await;
    assert_eq!(events.len(), 4);
    assert!(events[3].identity.is_none());
    assert_eq!(place(&events[3].diagnostic[0]), "wood");
    let request = wire::list_resource::Request {
        type_name: "shelf_unknown".to_owned(),
        ..Default::default()
    };
    let events = host.server.list_resource(Request::new(request)).await;
    let events = events.unwrap().into_inner().collect::<Vec<_>>().await;
    let only = events[0].as_ref().unwrap();
    assert_eq!(
        errors(&only.diagnostic)[0].summary,
        "Unknown list resource type"
    );
}

#[tokio::test]
async fn a_panic_ends_its_search_with_an_error() {
    let host = host().await;
    let events = list(&host, &[("simulate", "panic".into())], 0, false).await;
    assert_eq!(events.len(), 4);
    let error = errors(&events[3].diagnostic)[0];
    assert!(error.detail.contains("https://example.com"));
    assert!(!list(&host, &[], 0, false).await.is_empty());
}

#[tokio::test]
async fn the_configuration_of_a_search_is_checked() {
    let host = Host::new().await;
    let request = wire::validate_list_resource_config::Request {
        type_name: TYPE.to_owned(),
        config: block::<Filter>(&[("wood", "steel".into())]),
        ..Default::default()
    };
    let response = host
        .server
        .validate_list_resource_config(Request::new(request))
        .await;
    let found = response.unwrap().into_inner().diagnostics;
    assert_eq!(place(&found[0]), "wood");
}
