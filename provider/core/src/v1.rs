//! The mapping between the models and the objects of Everest's v1 line.
//!
//! `v1` is the version of Everest's API, as in `k8s_openapi::api::core::v1`: Everest v2 would get a
//! module of its own beside this one.
//!
//! Each module has two functions. `desired` makes the body of a server-side apply; the body holds
//! only the known values of the model, so that no other field becomes ours. `observed` makes the
//! model of an object, without the zero values that Go clients write. [`ObjectMapping`] has both
//! for code that handles any model.
//!
//! A plan also holds values that the operator wrote, and sending those would take them over: see
//! [`ownership::ours`] for updates. At creation such values are unknown, and `desired` leaves them
//! out.

pub mod backup;
pub mod backup_storage;
pub mod components;
pub mod connection;
pub mod convergence;
pub mod credentials;
pub mod data_import_job;
pub mod data_importer;
pub mod database;
pub mod database_engine;
pub mod endpoint;
mod engine_kinds;
pub mod engine_version_policy;
pub mod generated;
pub mod load_balancer_config;
pub mod managed_fields;
pub mod monitoring_config;
pub mod namespace;
mod object_mapping;
pub mod ownership;
pub mod pitr_window;
pub mod pod_scheduling_policy;
pub mod restore;
pub mod split_horizon_dns_config;

use std::collections::{BTreeMap, BTreeSet};

use everest_schemas::{Field, StringMap};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use crate::api::{API_VERSION, CLUSTER_NAME_LABEL};
pub use engine_kinds::{EngineKinds, engine_kinds};
pub use managed_fields::OwnedKeys;
pub use object_mapping::ObjectMapping;

/// The address of an object of Everest.
struct Identity<'a> {
    kind: &'static str,
    namespace: &'a Field<String>,
    name: &'a Field<String>,
}

/// The body of a server-side apply.
fn body(
    identity: &Identity<'_>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    spec: Value,
) -> Value {
    let mut metadata = Map::new();
    metadata.insert(
        "name".to_owned(),
        json!(identity.name.known_str().unwrap_or_default()),
    );
    metadata.insert(
        "namespace".to_owned(),
        json!(identity.namespace.known_str().unwrap_or_default()),
    );
    put_keys(&mut metadata, labels, annotations);
    json!({
        "apiVersion": API_VERSION,
        "kind": identity.kind,
        "metadata": metadata,
        "spec": spec,
    })
}

/// The body of a server-side apply of a cluster-scoped object.
fn cluster_scoped_body(kind: &str, name: &Field<String>, spec: Value) -> Value {
    json!({
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name.known_str().unwrap_or_default()},
        "spec": spec,
    })
}

fn put_keys(
    metadata: &mut Map<String, Value>,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
) {
    if !labels.is_empty() {
        metadata.insert("labels".to_owned(), json!(labels));
    }
    if !annotations.is_empty() {
        metadata.insert("annotations".to_owned(), json!(annotations));
    }
}

/// The label that links an object to its database.
fn labels_of_database(database: &Field<String>) -> BTreeMap<String, String> {
    let database = database.known();
    database
        .map(|name| (CLUSTER_NAME_LABEL.to_owned(), name.clone()))
        .into_iter()
        .collect()
}

/// The known values of a map of labels or annotations.
fn known_keys(map: &StringMap) -> BTreeMap<String, String> {
    map.known()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.known()?.clone())))
        .collect()
}

/// Our labels or annotations as a model has them; null if there are none.
fn observed_keys(keys: Option<&BTreeMap<String, String>>, owned: &BTreeSet<String>) -> StringMap {
    let ours: BTreeMap<String, Field<String>> = keys
        .into_iter()
        .flatten()
        .filter(|(key, _)| owned.contains(*key))
        .map(|(key, value)| (key.clone(), Field::Known(value.clone())))
        .collect();
    if ours.is_empty() {
        Field::Null
    } else {
        Field::Known(ours)
    }
}

/// The value as JSON without nulls, which also stand for unknown values.
pub(crate) fn known_json(value: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(value).unwrap_or_default();
    prune(&mut value);
    value
}

fn prune(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(prune);
        }
        Value::Array(list) => {
            list.retain(|element| !element.is_null());
            list.iter_mut().for_each(prune);
        }
        _ => {}
    }
}

fn named(metadata: &ObjectMeta) -> (Field<String>, Field<String>) {
    (
        metadata.namespace.clone().into(),
        metadata.name.clone().into(),
    )
}

/// The text, unless it is absent or empty.
fn filled(text: Option<&String>) -> Field<String> {
    text.filter(|text| !text.is_empty()).cloned().into()
}

pub(crate) fn timestamp(time: Option<&Time>) -> Field<String> {
    time.and_then(|time| serde_json::to_value(time).ok()?.as_str().map(str::to_owned))
        .into()
}
