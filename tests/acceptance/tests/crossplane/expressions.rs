//! The API server decides the samples of the rules that it has as expressions as the rules
//! themselves do: `provider/core/tests/expressions.rs` holds those to the same samples.

use std::fs;

use serde_json::{Value, json};

use crate::scene::{MANAGED, Scene};

/// The samples: see there for what they mean.
const SAMPLES: &str = "provider/core/tests/expressions.yaml";

fn samples() -> Value {
    let path = acceptance::workspace_folder().join(SAMPLES);
    serde_yaml_ng::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Members that cannot be changed: the kind, the members before and after, and the sentence that
/// the API server refuses the change with; empty if it takes it.
fn changes() -> Vec<(&'static str, Value, Value, &'static str)> {
    let backup = json!({ "databaseName": "orders", "backupStorageName": "s3" });
    let restore = json!({ "databaseName": "orders", "backupName": "nightly" });
    let with = |object: &Value, more: Value| {
        let mut object = object.clone();
        json_patch::merge(&mut object, &more);
        object
    };
    let pitr = json!({ "pitr": { "date": "2026-01-01T00:00:00Z" } });
    let fixed = "cannot be changed: delete this and create another, or restore the former value";
    let location = "namespace cannot be added or removed once this exists";
    vec![
        ("Backup", json!({}), backup.clone(), ""),
        ("Restore", json!({}), restore.clone(), ""),
        ("Restore", restore.clone(), with(&restore, pitr.clone()), ""),
        (
            "Restore",
            with(&restore, pitr),
            restore.clone(),
            "pitr cannot be removed once it is set",
        ),
        (
            "Backup",
            backup.clone(),
            with(&backup, json!({ "databaseName": "billing" })),
            fixed,
        ),
        (
            "Backup",
            json!({}),
            with(&backup, json!({ "namespace": "elsewhere" })),
            location,
        ),
        (
            "Restore",
            with(&restore, json!({ "namespace": "elsewhere" })),
            restore,
            location,
        ),
    ]
}

#[tokio::test]
async fn a_member_that_cannot_be_changed_may_be_set_later_and_never_removed() {
    let scene = Scene::new("fixed-members").await;
    for (number, (kind, before, after, refusal)) in changes().into_iter().enumerate() {
        let name = format!("fixed-{number}");
        let mut object = paused(kind, &name, &before, &json!({}));
        object["spec"]["managementPolicies"] = json!(["Observe"]);
        scene.apply(&object).await;
        object["spec"]["forProvider"] = after.clone();
        let said = match scene.dry_run(&object).await {
            Ok(_) => String::new(),
            Err(kube::Error::Api(status)) if status.code == 422 => status.message,
            Err(error) => panic!("{object:#}: {error}"),
        };
        assert_eq!(
            said.is_empty(),
            refusal.is_empty(),
            "{before} {after} {said}"
        );
        assert!(said.contains(refusal), "{before} {after} {said}");
    }
    scene.end().await;
}

/// A managed resource that every provider leaves alone.
fn paused(kind: &str, name: &str, sound: &Value, patch: &Value) -> Value {
    let mut for_provider = sound.clone();
    json_patch::merge(&mut for_provider, patch);
    json!({
        "apiVersion": MANAGED,
        "kind": kind,
        "metadata": { "name": name, "annotations": { "crossplane.io/paused": "true" } },
        "spec": { "forProvider": for_provider },
    })
}

/// What the API server says against a sample; nothing if it takes it.
async fn refusals(
    scene: &Scene,
    kind: &str,
    name: &str,
    sound: &Value,
    sample: &Value,
) -> Vec<String> {
    if let Some(before) = sample.get("before") {
        scene.apply(&paused(kind, name, sound, before)).await;
    }
    let written = paused(kind, name, sound, &sample["after"]);
    match scene.dry_run(&written).await {
        Ok(_) => Vec::new(),
        Err(kube::Error::Api(status)) if status.code == 422 => {
            let causes = status.details.map(|details| details.causes);
            let causes = causes.unwrap_or_default();
            assert!(!causes.is_empty(), "{written:#}: {}", status.message);
            causes.into_iter().map(|cause| cause.message).collect()
        }
        Err(error) => panic!("{written:#}: {error}"),
    }
}

#[tokio::test]
async fn the_api_server_decides_as_the_rules_do_and_says_their_sentences() {
    let scene = Scene::new("expressions").await;
    let samples = samples();
    let mut tried = 0;
    for entry in samples["expressions"].as_array().unwrap() {
        let text = |name: &str| entry[name].as_str().unwrap();
        let (kind, rule, message) = (text("kind"), text("rule"), text("message"));
        let sound = &samples["sound"][kind];
        for (verdict, expected) in [("accepted", 0), ("refused", 1)] {
            for sample in entry[verdict].as_array().unwrap() {
                tried += 1;
                let name = format!("{rule}-{tried}");
                let said = refusals(&scene, kind, &name, sound, sample).await;
                assert!(
                    said.len() == expected && said.iter().all(|said| said.ends_with(message)),
                    "{rule}: {sample} is to be {verdict}, and the API server says {said:#?}"
                );
            }
        }
    }
    assert!(tried > 0);
    scene.end().await;
}
