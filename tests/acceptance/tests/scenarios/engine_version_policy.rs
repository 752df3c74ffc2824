//! `everest_engine_version_policy`.

use serde_json::{Value, json};

use crate::{
    objects::{self, ENGINE},
    stack::Stack,
};

const OPERATOR: &str = "percona-postgresql-operator";
const NAME: &str = "everest_engine_version_policy.postgresql";

fn policy(versions: &[&str], more: &str) -> String {
    format!(
        "resource \"everest_engine_version_policy\" \"postgresql\" {{
  namespace        = \"NS\"
  engine           = \"postgresql\"
  allowed_versions = {}
  {more}
}}
",
        json!(versions)
    )
}

#[test]
fn a_policy_restricts_the_versions_and_restores_the_list_from_before() {
    let stack = Stack::with_engine("postgresql");
    let namespace = &stack.namespace;
    let engine = || objects::get(ENGINE, namespace, OPERATOR);
    let allowed = || engine()["spec"]["allowedVersions"].clone();
    let offered = engine()["status"]["availableVersions"]["engine"].clone();
    let mut offered: Vec<String> = offered.as_object().unwrap().keys().cloned().collect();
    offered.sort();
    let (one, other) = (offered[0].as_str(), offered[1].as_str());
    objects::patch(
        ENGINE,
        namespace,
        OPERATOR,
        json!({"spec": {"allowedVersions": [one]}}),
    );

    stack.write(&policy(&[], ""));
    stack.apply().failed().says("The list of versions is empty");

    stack.write(&policy(&[one, other], ""));
    stack
        .apply()
        .succeeded()
        .says("replaces a list of allowed versions");
    stack.plan_is_empty();
    assert_eq!(allowed(), json!([one, other]));
    assert_eq!(stack.state(NAME)["previous_versions"], json!([one]));

    stack.write(&policy(&[other], ""));
    stack.apply().succeeded();
    assert_eq!(allowed(), json!([other]));
    stack.reimport(NAME, &format!("{namespace}/postgresql"));
    stack.plan_is_empty();

    // Somebody takes the list away.
    objects::patch(
        ENGINE,
        namespace,
        OPERATOR,
        json!({"spec": {"allowedVersions": null}}),
    );
    let planned = stack.planned_actions();
    assert!(
        planned.contains(&(NAME.to_owned(), vec!["update".to_owned()])),
        "{planned:?}"
    );
    stack.apply().succeeded();
    assert_eq!(allowed(), json!([other]));

    stack.destroy().succeeded();
    assert_eq!(allowed(), json!([one]));
    assert_eq!(engine()["spec"]["type"], "postgresql");
    objects::patch(
        ENGINE,
        namespace,
        OPERATOR,
        json!({"spec": {"allowedVersions": Value::Null}}),
    );
}
