//! `managementPolicies`, as the API server merges them.

use serde_json::json;

use crate::{resources::database, scene::Scene};

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
