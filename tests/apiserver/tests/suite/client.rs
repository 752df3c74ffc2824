//! Requests as a client makes them.

use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, Status};
use serde_json::{Value, json};
use test_apiserver::{ApiServer, Kind};

pub fn widgets() -> Kind {
    let definition = json!({"spec": {"group": "example.com", "scope": "Namespaced",
        "names": {"kind": "Widget", "plural": "widgets"},
        "versions": [{"name": "v1", "served": true, "storage": true,
            "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                "spec": {"type": "object", "properties": {
                    "size": {"type": "integer", "minimum": 1},
                    "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                    "fixed": {"type": "string", "x-kubernetes-validations":
                        [{"rule": "self == oldSelf", "message": "is immutable"}]},
                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                    "ports": {"type": "array", "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"], "items": {"type": "object",
                            "required": ["name"],
                            "properties": {"name": {"type": "string"},
                                "number": {"type": "integer"}}}},
                    "words": {"type": "array", "items": {"type": "string"}}}},
                "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}}]}});
    Kind::defined_by(&definition).remove(0)
}

pub fn server() -> ApiServer {
    ApiServer::new().with_kind(widgets())
}

/// The widgets of the namespace `default`.
pub fn api(client: kube::Client) -> Api<DynamicObject> {
    let kind = widgets();
    let resource = ApiResource {
        group: kind.group.clone(),
        version: kind.version.clone(),
        api_version: kind.api_version(),
        kind: kind.name.clone(),
        plural: kind.plural.clone(),
    };
    Api::namespaced_with(client, "default", &resource)
}

pub fn widget(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name},
        "spec": spec})
}

pub async fn create(api: &Api<DynamicObject>, object: Value) -> Result<Value, Box<Status>> {
    let object = serde_json::from_value(object).unwrap();
    told(api.create(&PostParams::default(), &object).await)
}

pub async fn apply(
    api: &Api<DynamicObject>,
    manager: &str,
    force: bool,
    object: &Value,
) -> Result<Value, Box<Status>> {
    let mut params = PatchParams::apply(manager);
    params.force = force;
    let name = object["metadata"]["name"].as_str().unwrap();
    told(api.patch(name, &params, &Patch::Apply(object)).await)
}

pub async fn merge(
    api: &Api<DynamicObject>,
    name: &str,
    patch: Value,
) -> Result<Value, Box<Status>> {
    let params = PatchParams {
        field_manager: Some("editor".to_owned()),
        ..PatchParams::default()
    };
    told(api.patch(name, &params, &Patch::Merge(patch)).await)
}

pub fn told(answer: kube::Result<DynamicObject>) -> Result<Value, Box<Status>> {
    match answer {
        Ok(object) => Ok(serde_json::to_value(object).unwrap()),
        Err(kube::Error::Api(status)) => Err(status),
        Err(error) => panic!("{error}"),
    }
}

/// The fields that a manager manages.
pub fn managed(object: &Value, manager: &str) -> Value {
    let entries = object["metadata"]["managedFields"].as_array();
    let mut entries = entries.into_iter().flatten();
    let found = entries.find(|entry| entry["manager"] == manager);
    found.map_or(Value::Null, |entry| entry["fieldsV1"].clone())
}
