//! `managementPolicies`, as the API server merges them.

use std::{fs, time::Instant};

use serde_json::{Value, json};

use crate::{
    resources::database,
    scene::{LONGEST, LOOK, Scene},
};

/// The sets that Crossplane accepts.
const ACCEPTED: [&[&str]; 15] = [
    &["*"],
    &["Observe", "Create", "Update", "Delete", "LateInitialize"],
    &["Observe"],
    &[],
    &["Observe", "Create", "Update", "Delete"],
    &["Observe", "Create", "Update", "LateInitialize"],
    &["Observe", "Create", "Update"],
    &["Observe", "Create", "Delete", "LateInitialize"],
    &["Observe", "Create", "LateInitialize"],
    &["Observe", "Create", "Delete"],
    &["Observe", "Create"],
    &["Observe", "Delete"],
    &["Observe", "Update"],
    &["Observe", "LateInitialize"],
    &["Observe", "Update", "LateInitialize"],
];

/// The default belongs to no field manager, and a Composition, Flux or Argo CD applies what it
/// wants on the server's side.
#[tokio::test]
async fn policies_that_are_applied_on_the_servers_side_replace_the_default() {
    let scene = Scene::new("mr-policies").await;
    let mut wanted = database("orders");
    wanted["metadata"]["annotations"] = json!({ "crossplane.io/paused": "true" });
    let made = scene.apply(&wanted).await;
    assert_eq!(made["spec"]["managementPolicies"], json!(["*"]));
    for policies in ACCEPTED {
        let mut protected = wanted.clone();
        protected["spec"]["managementPolicies"] = json!(policies);
        let applied = scene.dry_run(&protected).await.unwrap();
        assert_eq!(applied["spec"]["managementPolicies"], json!(policies));
    }
    for policies in [
        ["Observe", "Create", "Update"],
        ["Observe", "Create", "Delete"],
    ] {
        wanted["spec"]["managementPolicies"] = json!(policies);
        let applied = scene.apply(&wanted).await;
        assert_eq!(applied["spec"]["managementPolicies"], json!(policies));
    }
    wanted["spec"]["managementPolicies"] = json!(["Observe", "Observe"]);
    let refused = scene.dry_run(&wanted).await.unwrap_err().to_string();
    assert!(refused.contains("an action is named twice"), "{refused}");
    scene.end().await;
}

/// The definition of databases in a group of its own, with a type of list for the policies.
fn definition(group: &str, list: &str) -> Value {
    let file = "schemas/crds/managed/everest.m.openeverest.io_everestdatabases.yaml";
    let text = fs::read_to_string(acceptance::workspace_folder().join(file)).unwrap();
    let mut definition: Value = serde_yaml_ng::from_str(&text).unwrap();
    let plural = definition["spec"]["names"]["plural"].as_str().unwrap();
    definition["metadata"]["name"] = json!(format!("{plural}.{group}"));
    definition["spec"]["group"] = json!(group);
    let policies = definition
        .pointer_mut(
            "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/managementPolicies",
        )
        .unwrap();
    policies["x-kubernetes-list-type"] = json!(list);
    definition
}

/// Definitions before this had the policies as a set, into which the API server merged what was
/// applied. No applier owns the `*` that is left there.
#[tokio::test]
async fn policies_that_were_merged_by_an_older_definition_are_replaced_when_they_are_applied_again()
{
    let scene = Scene::new("mr-merged").await;
    let group = format!("{}.openeverest.io", scene.namespace);
    scene.apply(&definition(&group, "set")).await;
    let mut wanted = database("orders");
    wanted["apiVersion"] = json!(format!("{group}/v1alpha1"));
    scene.apply(&wanted).await;
    let policies = json!(["Observe", "Create", "Update"]);
    wanted["spec"]["managementPolicies"] = policies.clone();
    let merged = scene.apply(&wanted).await;
    assert_eq!(
        merged["spec"]["managementPolicies"]
            .as_array()
            .unwrap()
            .len(),
        4
    );

    scene.apply(&definition(&group, "atomic")).await;
    // The API server takes up a definition a moment later.
    let begun = Instant::now();
    while scene.apply(&wanted).await["spec"]["managementPolicies"] != policies {
        assert!(begun.elapsed() < LONGEST, "they stay merged");
        tokio::time::sleep(LOOK).await;
    }
    let name = format!("everestdatabases.{group}");
    let definitions = "apiextensions.k8s.io/v1";
    scene
        .delete(definitions, "CustomResourceDefinition", &name)
        .await;
    scene.end().await;
}
