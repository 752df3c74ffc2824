//! Creation, change and lists.

use kube::api::{ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use test_apiserver::ApiServer;

use crate::client::{api, create, merge, server, told, widget};

#[tokio::test]
async fn a_version_that_is_not_the_last_is_a_conflict() {
    let api = api(server().client());
    let made = create(&api, widget("w", json!({"size": 1}))).await.unwrap();
    merge(&api, "w", json!({"spec": {"size": 2}}))
        .await
        .unwrap();
    let mut old = made.clone();
    old["spec"]["size"] = json!(3);
    let old = serde_json::from_value(old).unwrap();
    let refused = told(api.replace("w", &PostParams::default(), &old).await).unwrap_err();
    assert_eq!(
        refused.message,
        "Operation cannot be fulfilled on widgets.example.com \"w\": the object has been modified; \
         please apply your changes to the latest version and try again"
    );
}

#[tokio::test]
async fn a_uid_that_is_another_objects_is_refused() {
    let api = api(server().client());
    create(&api, widget("w", json!({}))).await.unwrap();
    let other = json!({"metadata": {"uid": "other"}, "spec": {"size": 2}});
    let refused = merge(&api, "w", other).await.unwrap_err();
    assert_eq!(refused.code, 422);
    assert_eq!(refused.details.unwrap().causes[0].field, "metadata.uid");
    let mut absent = widget("v", json!({}));
    absent["metadata"]["uid"] = json!("gone");
    let refused = crate::client::apply(&api, "m", true, &absent)
        .await
        .unwrap_err();
    assert_eq!(refused.code, 409);
    assert!(refused.message.ends_with(
        "uid mismatch: the provided object specified uid gone, and no existing object was found"
    ));
}

#[tokio::test]
async fn a_generation_counts_changes_of_the_spec_and_nothing_else() {
    let api = api(server().client());
    create(&api, widget("w", json!({"size": 1}))).await.unwrap();
    let labelled = json!({"metadata": {"labels": {"a": "b"}}});
    assert_eq!(
        merge(&api, "w", labelled).await.unwrap()["metadata"]["generation"],
        1
    );
    let status = Patch::Merge(json!({"status": {"seen": 1}, "spec": {"size": 9}}));
    let params = PatchParams::default();
    let told_ = told(api.patch_status("w", &params, &status).await).unwrap();
    assert_eq!(
        (&told_["spec"]["size"], &told_["status"]["seen"]),
        (&json!(1), &json!(1))
    );
    let changed = merge(
        &api,
        "w",
        json!({"spec": {"size": 2}, "status": {"seen": 2}}),
    )
    .await
    .unwrap();
    assert_eq!(changed["metadata"]["generation"], 2);
    assert_eq!(changed["status"]["seen"], 1);
}

#[tokio::test]
async fn what_the_schema_forbids_is_refused_field_by_field() {
    let api = api(server().client());
    let wrong = widget("w", json!({"size": 0, "color": "green", "ports": [{}]}));
    let refused = create(&api, wrong).await.unwrap_err();
    assert_eq!((refused.code, refused.reason.as_str()), (422, "Invalid"));
    let details = refused.details.unwrap();
    let fields: Vec<&str> = details
        .causes
        .iter()
        .map(|cause| cause.field.as_str())
        .collect();
    assert_eq!(
        fields,
        ["spec.size", "spec.color", "spec.ports[0].name", "<nil>"]
    );
    create(&api, widget("w", json!({"fixed": "a"})))
        .await
        .unwrap();
    let refused = merge(&api, "w", json!({"spec": {"fixed": "b"}}))
        .await
        .unwrap_err();
    assert!(
        refused
            .message
            .contains("spec.fixed: Invalid value: \"b\": is immutable")
    );
}

#[tokio::test]
async fn a_list_goes_on_from_where_it_was_until_it_expires() {
    let server = server();
    let api = api(server.client());
    for name in ["a", "b", "c", "d"] {
        let mut object = widget(name, json!({}));
        object["metadata"]["labels"] = json!({"even": (name == "b" || name == "d").to_string()});
        create(&api, object).await.unwrap();
    }
    let even = api
        .list(&ListParams::default().labels("even=true"))
        .await
        .unwrap();
    assert_eq!(even.items.len(), 2);
    let first = api.list(&ListParams::default().limit(3)).await.unwrap();
    assert_eq!(first.metadata.remaining_item_count, Some(1));
    let token = first.metadata.continue_.unwrap();
    api.delete("d", &kube::api::DeleteParams::default())
        .await
        .unwrap();
    let rest = ListParams::default().limit(3).continue_token(&token);
    let names: Vec<_> = api.list(&rest).await.unwrap().items;
    assert_eq!(
        names[0].metadata.name.as_deref(),
        Some("d"),
        "the list is of one moment"
    );
    server.compact();
    let Err(kube::Error::Api(expired)) = api.list(&rest).await else {
        panic!("the page is too old");
    };
    assert_eq!((expired.code, expired.reason.as_str()), (410, "Expired"));
}

#[tokio::test]
async fn a_kind_is_served_while_its_definition_is_there() {
    let server = ApiServer::new();
    let api = api(server.client());
    let Err(kube::Error::Api(status)) = api.get("w").await else {
        panic!("not served");
    };
    assert_eq!(
        (status.code, status.message.as_str()),
        (404, "404 page not found")
    );
    let definition = json!({"apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets"},
            "versions": [{"name": "v1", "served": true, "storage": true}]}});
    server.put(definition);
    assert_eq!(api.get_opt("w").await.unwrap(), None);
    let client = server.client();
    let resources = client
        .list_api_group_resources("example.com/v1")
        .await
        .unwrap();
    assert_eq!(resources.resources[0].name, "widgets");
    server.remove("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com");
    assert!(api.list(&ListParams::default()).await.is_err());
}

#[tokio::test]
async fn a_dry_run_is_answered_and_stores_nothing() {
    let server = server();
    let api = api(server.client());
    let params = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let object = serde_json::from_value(widget("w", json!({"size": 1}))).unwrap();
    let answer: Value = told(api.create(&params, &object).await).unwrap();
    assert_eq!(answer["spec"]["color"], "red");
    assert_eq!(api.get_opt("w").await.unwrap(), None);
}
