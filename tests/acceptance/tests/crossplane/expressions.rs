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
