//! Deletion, finalizers, collection by owner, namespaces.

use std::time::Duration;

use kube::api::{DeleteParams, Preconditions};
use serde_json::{Value, json};
use test_apiserver::ApiServer;

use crate::client::{api, create, merge, server, widget};

const WIDGETS: &str = "/apis/example.com/v1/namespaces/default/widgets";

fn exists(server: &ApiServer, name: &str) -> bool {
    server.get(&format!("{WIDGETS}/{name}")).is_some()
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

async fn owned(server: &ApiServer, owner: &Value, name: &str, blocks: bool) {
    let mut object = widget(name, json!({}));
    object["metadata"]["ownerReferences"] = json!([{"apiVersion": "example.com/v1",
        "kind": "Widget", "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": blocks}]);
    create(&api(server.client()), object).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_object_stays_until_its_last_finalizer_goes() {
    let server = server();
    let api = api(server.client());
    let mut object = widget("w", json!({}));
    object["metadata"]["finalizers"] = json!(["example.com/a"]);
    create(&api, object).await.unwrap();
    api.delete("w", &DeleteParams::default()).await.unwrap();
    let held = api.get("w").await.unwrap();
    assert!(held.metadata.deletion_timestamp.is_some());
    assert_eq!(held.metadata.generation, Some(2));
    let more = json!({"metadata": {"finalizers": ["example.com/a", "example.com/b"]}});
    let refused = merge(&api, "w", more).await.unwrap_err();
    assert_eq!(
        refused.message,
        "Widget.example.com \"w\" is invalid: metadata.finalizers: Forbidden: no new finalizers \
         can be added if the object is being deleted, found new finalizers \
         []string{\"example.com/b\"}"
    );
    merge(&api, "w", json!({"metadata": {"finalizers": null}}))
        .await
        .unwrap();
    assert!(!exists(&server, "w"));
}

#[tokio::test(start_paused = true)]
async fn dependents_go_after_their_owner_in_the_background_and_before_it_in_the_foreground() {
    let server = server();
    let api = api(server.client());
    let owner = create(&api, widget("owner", json!({}))).await.unwrap();
    owned(&server, &owner, "child", true).await;
    api.delete("owner", &DeleteParams::background())
        .await
        .unwrap();
    assert!(!exists(&server, "owner") && exists(&server, "child"));
    pause().await;
    assert!(!exists(&server, "child"));

    let owner = create(&api, widget("owner", json!({}))).await.unwrap();
    owned(&server, &owner, "child", true).await;
    merge(
        &api,
        "child",
        json!({"metadata": {"finalizers": ["example.com/a"]}}),
    )
    .await
    .unwrap();
    api.delete("owner", &DeleteParams::foreground())
        .await
        .unwrap();
    pause().await;
    assert!(exists(&server, "owner"), "its dependent is still there");
    merge(&api, "child", json!({"metadata": {"finalizers": null}}))
        .await
        .unwrap();
    pause().await;
    assert!(!exists(&server, "owner") && !exists(&server, "child"));
}

#[tokio::test(start_paused = true)]
async fn orphans_stay_without_their_owner() {
    let server = server();
    let api = api(server.client());
    let owner = create(&api, widget("owner", json!({}))).await.unwrap();
    owned(&server, &owner, "child", false).await;
    api.delete("owner", &DeleteParams::orphan()).await.unwrap();
    pause().await;
    assert!(!exists(&server, "owner"));
    let child = server.get(&format!("{WIDGETS}/child")).unwrap();
    assert_eq!(child["metadata"]["ownerReferences"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn another_object_of_the_same_name_is_not_deleted() {
    let server = server();
    let api = api(server.client());
    create(&api, widget("w", json!({}))).await.unwrap();
    let params = DeleteParams {
        preconditions: Some(Preconditions {
            uid: Some("other".to_owned()),
            resource_version: None,
        }),
        ..DeleteParams::default()
    };
    let Err(kube::Error::Api(refused)) = api.delete("w", &params).await else {
        panic!("another object");
    };
    assert!(refused.message.starts_with(
        "Operation cannot be fulfilled on Widget.example.com \"w\": the UID in the precondition \
         (other) does not match the UID in record ("
    ));
    assert!(exists(&server, "w"));
}

#[tokio::test(start_paused = true)]
async fn a_namespace_takes_nothing_new_while_it_goes_and_goes_when_it_is_empty() {
    let server = server();
    let api = api(server.client());
    let mut object = widget("w", json!({}));
    object["metadata"]["finalizers"] = json!(["example.com/a"]);
    create(&api, object).await.unwrap();
    let namespaces: kube::Api<k8s_openapi::api::core::v1::Namespace> =
        kube::Api::all(server.client());
    namespaces
        .delete("default", &DeleteParams::default())
        .await
        .unwrap();
    let refused = create(&api, widget("v", json!({}))).await.unwrap_err();
    assert_eq!(refused.code, 403);
    assert_eq!(
        refused.details.unwrap().causes[0].reason,
        "NamespaceTerminating"
    );
    pause().await;
    assert!(namespaces.get_opt("default").await.unwrap().is_some());
    merge(&api, "w", json!({"metadata": {"finalizers": null}}))
        .await
        .unwrap();
    pause().await;
    assert_eq!(namespaces.get_opt("default").await.unwrap(), None);
    let refused = create(&api, widget("v", json!({}))).await.unwrap_err();
    assert_eq!(refused.message, "namespaces \"default\" not found");
}
