//! This version reads the states of earlier versions of the provider.
//!
//! `tests/states/VERSION.json` is what Terraform saved of objects of each resource under that version:
//! values and private data. A release adds its own; none is ever changed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use tfplugin::planning;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::value::Value;
use tonic::Request;

use crate::{Host, decoded};

/// An object in a state.
struct Stored {
    /// The file and the address, for messages.
    place: String,
    type_name: String,
    version: i64,
    attributes: Json,
    private: Vec<u8>,
}

fn states() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/states");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "json"));
    files.sort();
    assert!(!files.is_empty(), "there is no state");
    files
}

fn objects(file: &Path) -> Vec<Stored> {
    let state: Json = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut all = Vec::new();
    for resource in state["resources"].as_array().unwrap() {
        let text = |json: &Json| json.as_str().unwrap().to_owned();
        let type_name = text(&resource["type"]);
        for instance in resource["instances"].as_array().unwrap() {
            all.push(Stored {
                place: format!(
                    "{}: {type_name}.{}",
                    file.display(),
                    text(&resource["name"])
                ),
                type_name: type_name.clone(),
                version: instance["schema_version"].as_i64().unwrap(),
                attributes: instance["attributes"].clone(),
                private: STANDARD
                    .decode(instance["private"].as_str().unwrap_or_default())
                    .unwrap(),
            });
        }
    }
    all
}

/// Collects the places where `read` lacks a value of `stored`.
fn lost(stored: &Json, read: &Value, path: &str, found: &mut Vec<String>) {
    match (stored, read) {
        (Json::Null, _) => {}
        (Json::Object(members), Value::Map(_)) => {
            for (name, member) in members {
                let held = read.get(name).unwrap_or(&Value::Null);
                lost(member, held, &format!("{path}.{name}"), found);
            }
        }
        (Json::Array(items), Value::List(held)) => {
            for (index, item) in items.iter().enumerate() {
                let held = held.get(index).unwrap_or(&Value::Null);
                lost(item, held, &format!("{path}[{index}]"), found);
            }
        }
        (_, Value::Null) => found.push(path.to_owned()),
        _ => {}
    }
}

#[tokio::test]
async fn the_state_of_every_version_is_read_and_planned_without_a_change() {
    let host = Host::new().await;
    for file in states() {
        let mut types = BTreeSet::new();
        for stored in objects(&file) {
            let (place, type_name) = (&stored.place, stored.type_name.as_str());
            let object = host.object(type_name);
            types.insert(type_name.to_owned());

            let request = wire::upgrade_resource_state::Request {
                type_name: type_name.to_owned(),
                version: stored.version,
                raw_state: Some(wire::RawState {
                    json: stored.attributes.to_string().into(),
                    ..Default::default()
                }),
            };
            let read = host.server.upgrade_resource_state(Request::new(request));
            let read = read.await.unwrap().into_inner();
            assert!(
                read.diagnostics.is_empty(),
                "{place}: {:?}",
                read.diagnostics
            );
            let state = decoded(read.upgraded_state, &object);
            let mut forgotten = Vec::new();
            lost(&stored.attributes, &state, "", &mut forgotten);
            assert_eq!(forgotten, [""; 0], "{place}");

            let config = planning::configuration(&object, &state);
            let planned = host
                .plan_value(type_name, &state, &stored.private, &config)
                .await;
            assert_eq!(planned.replaces, [""; 0], "{place}");
            assert_eq!(planned.errors, [""; 0], "{place}");
            assert_eq!(planned.state, state, "{place}");
        }
        assert_eq!(types.len(), 5, "{}: {types:?}", file.display());
    }
}
