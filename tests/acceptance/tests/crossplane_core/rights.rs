//! The rights of the provider's service account in the control plane.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    cluster::{ROLE, client, documents, until},
    provider::{TAG, TURN, install_package, revision},
};

/// The role with which the tests run the provider that have no RBAC manager.
const RECORDED: &str = "tests/acceptance/tests/crossplane/system-role.yaml";

/// Group, resource and verb of all that a role permits.
fn rights(role: &Value) -> BTreeSet<[String; 3]> {
    let texts = |value: &Value| -> Vec<String> {
        let values = value.as_array().into_iter().flatten();
        values
            .map(|text| text.as_str().unwrap().to_owned())
            .collect()
    };
    let mut rights = BTreeSet::new();
    for rule in role["rules"].as_array().into_iter().flatten() {
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                let verbs = texts(&rule["verbs"]).into_iter();
                rights.extend(verbs.map(|verb| [group.clone(), resource.clone(), verb]));
            }
        }
    }
    rights
}

#[tokio::test]
async fn the_rbac_manager_renders_the_role_that_is_recorded_for_the_other_tests() {
    let client = client().await;
    let _turn = TURN.lock().await;
    let package = install_package(&client, TAG).await;
    let name = format!("crossplane:provider:{}:system", revision(&package));
    let rendered = until(&client, ROLE, "", &name, |role| role["rules"].is_array()).await;
    let recorded = documents(RECORDED).remove(0);
    let (rendered, recorded) = (rights(&rendered), rights(&recorded));
    let missing: Vec<_> = rendered.difference(&recorded).collect();
    let needless: Vec<_> = recorded.difference(&rendered).collect();
    assert!(
        missing.is_empty() && needless.is_empty(),
        "{RECORDED} lacks {missing:#?} and has {needless:#?}, which the RBAC manager does not give"
    );
}
