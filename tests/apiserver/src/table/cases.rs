//! The requests.

mod applying;
mod deleting;
mod reading;
mod writing;

use http::Method;
use serde_json::{Value, json};

use super::{Case, Step};

const WIDGETS: &str = "/apis/table.example.com/v1/namespaces/NS/widgets";
const BOXES: &str = "/apis/table.example.com/v1/namespaces/NS/boxes";
const DATABASES: &str = "/apis/table.example.com/v1alpha1/namespaces/NS/databaseclusters";
const MAPS: &str = "/api/v1/namespaces/NS/configmaps";
const SECRETS: &str = "/api/v1/namespaces/NS/secrets";

/// All cases.
pub fn cases() -> Vec<Case> {
    let mut cases = applying::cases();
    cases.extend(deleting::cases());
    cases.extend(reading::cases());
    cases.extend(writing::cases());
    cases
}

fn case(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Case {
    Case {
        name,
        steps: steps.into_iter().collect(),
    }
}

fn widget(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "table.example.com/v1", "kind": "Widget", "metadata": {"name": name},
        "spec": spec})
}

fn a_box(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "table.example.com/v1", "kind": "Box", "metadata": {"name": name},
        "spec": spec})
}

fn map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

fn secret(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data})
}

/// The value with a member set.
fn with(mut value: Value, pointer: &str, member: Value) -> Value {
    let (above, name) = pointer.rsplit_once('/').unwrap();
    value.pointer_mut(above).unwrap()[name] = member;
    value
}

fn get(path: &str) -> Step {
    Step::new(Method::GET, path, "", Value::Null)
}

fn post(path: &str, body: Value) -> Step {
    Step::new(Method::POST, path, "application/json", body)
}

fn put(path: &str, body: Value) -> Step {
    Step::new(Method::PUT, path, "application/json", body)
}

fn merge(path: &str, body: Value) -> Step {
    Step::new(Method::PATCH, path, "application/merge-patch+json", body)
}

fn json_patch(path: &str, body: Value) -> Step {
    Step::new(Method::PATCH, path, "application/json-patch+json", body)
}

fn strategic(path: &str, body: Value) -> Step {
    Step::new(
        Method::PATCH,
        path,
        "application/strategic-merge-patch+json",
        body,
    )
}

fn apply(path: &str, manager: &str, body: Value) -> Step {
    let path = format!("{path}?fieldManager={manager}");
    Step::new(Method::PATCH, &path, "application/apply-patch+yaml", body)
}

fn force(path: &str, manager: &str, body: Value) -> Step {
    let path = format!("{path}?fieldManager={manager}&force=true");
    Step::new(Method::PATCH, &path, "application/apply-patch+yaml", body)
}

fn delete(path: &str, options: Value) -> Step {
    Step::new(Method::DELETE, path, "application/json", options)
}

/// One object of a collection.
fn at(collection: &str, name: &str) -> String {
    format!("{collection}/{name}")
}
