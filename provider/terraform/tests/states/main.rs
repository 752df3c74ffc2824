//! What earlier versions of the provider have written is read by this one.
//!
//! `states/VERSION.tfstate` is what Terraform saved of objects of each resource under that version:
//! values and private data. A release adds its own; none is ever changed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use terraform_provider_everest::EverestProvider;
use tfplugin::Provider as _;
use tfplugin::planning;
use tfplugin::proto::tfplugin6 as wire;
use tfplugin::proto::tfplugin6::provider_server::Provider as _;
use tfplugin::schema::{Object, Schema};
use tfplugin::server::Server;
use tfplugin::value::{Value, msgpack};
use tonic::Request;

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
    files.retain(|file| file.extension().is_some_and(|kind| kind == "tfstate"));
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

/// A provider whose settings come from another resource: no cluster has a say.
async fn server() -> Server<EverestProvider> {
    let server = Server::new(|| Arc::new(EverestProvider::new()), "https://example.com");
    let schema = Schema::derive::<everest_schemas::models::ProviderModel>(0, "").unwrap();
    let mut config = schema.root.null_members();
    if let Value::Map(members) = &mut config {
        members.insert("host".to_owned(), Value::UNKNOWN);
    }
    let request = wire::configure_provider::Request {
        terraform_version: "1.16.0".to_owned(),
        config: Some(encoded(&config, &schema.root)),
        ..Default::default()
    };
    let response = server.configure_provider(Request::new(request)).await;
    assert!(response.unwrap().into_inner().diagnostics.is_empty());
    server
}

fn encoded(value: &Value, object: &Object) -> wire::DynamicValue {
    wire::DynamicValue {
        msgpack: msgpack::encode(value, &object.value_type()).unwrap(),
        json: Vec::new(),
    }
}

/// Where `stored` says something that `read` does not hold.
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
    let server = server().await;
    let everest = Arc::new(EverestProvider::new());
    for file in states() {
        let mut types = BTreeSet::new();
        for stored in objects(&file) {
            let place = &stored.place;
            let resources = everest.resources();
            let resource = resources
                .iter()
                .find(|resource| resource.type_name() == stored.type_name);
            let object = resource.expect(place).schema().unwrap().root;
            types.insert(stored.type_name.clone());

            let request = wire::upgrade_resource_state::Request {
                type_name: stored.type_name.clone(),
                version: stored.version,
                raw_state: Some(wire::RawState {
                    json: stored.attributes.to_string().into_bytes(),
                    ..Default::default()
                }),
            };
            let read = server.upgrade_resource_state(Request::new(request)).await;
            let read = read.unwrap().into_inner();
            assert!(
                read.diagnostics.is_empty(),
                "{place}: {:?}",
                read.diagnostics
            );
            let bytes = read.upgraded_state.unwrap().msgpack;
            let state = msgpack::decode(&bytes, &object.value_type()).unwrap();
            let mut forgotten = Vec::new();
            lost(&stored.attributes, &state, "", &mut forgotten);
            assert_eq!(forgotten, [""; 0], "{place}");

            let config = planning::configuration(&object, &state);
            let request = wire::plan_resource_change::Request {
                type_name: stored.type_name.clone(),
                prior_state: Some(encoded(&state, &object)),
                proposed_new_state: Some(encoded(&config, &object)),
                config: Some(encoded(&config, &object)),
                prior_private: stored.private,
                ..Default::default()
            };
            let planned = server.plan_resource_change(Request::new(request)).await;
            let planned = planned.unwrap().into_inner();
            assert!(planned.requires_replace.is_empty(), "{place}");
            let errors = planned.diagnostics.iter().filter(|d| d.severity == 1);
            assert_eq!(errors.count(), 0, "{place}: {:?}", planned.diagnostics);
            let bytes = planned.planned_state.unwrap().msgpack;
            let planned = msgpack::decode(&bytes, &object.value_type()).unwrap();
            assert_eq!(planned, state, "{place}");
        }
        assert_eq!(types.len(), 5, "{}: {types:?}", file.display());
    }
}
