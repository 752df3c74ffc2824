//! The mapping between the models and the objects of Everest's v1 line.
//!
//! Each module has `desired`, the body of a server-side apply that holds only
//! what is known in the model given, so that nothing else becomes ours; and
//! `observed`, the model of what the cluster holds, without the zero values
//! that Go clients write.
//!
//! Give `desired` the configuration, not the plan: a plan also holds what the
//! operator wrote, and sending that would take it over.

pub mod backup;
pub mod backup_storage;
pub mod database;
pub mod managed_fields;
pub mod namespace;
pub mod restore;

use std::collections::{BTreeMap, BTreeSet};

use everest_schemas::{Field, StringMap};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub use managed_fields::OwnedKeys;

/// API version of Everest's custom resources.
pub const API_VERSION: &str = "everest.percona.com/v1alpha1";

/// Annotation by which a create recognises its own object after a retry. It
/// never shows in a model.
pub const CREATION_NONCE: &str = "terraform.openeverest.io/creation";

/// Label that ties backups and restores to their database. Everest adds it,
/// in older versions only to objects without labels.
pub const CLUSTER_NAME_LABEL: &str = "clusterName";

/// Finalizer that keeps a backup's data in the bucket when the backup goes.
pub const KEEP_BACKUP_DATA_FINALIZER: &str = "everest.percona.com/dbb-storage-protection";

/// Keeps the spelling that a user gave to "nothing".
///
/// `observed` leaves zero values out, because nobody can tell those that a
/// user wrote from those that Go wrote. Where the prior model says `false`,
/// zero, an empty text, list or block, and the cluster holds nothing, the
/// prior value stays.
pub fn keep_zeros<M: Serialize + DeserializeOwned>(observed: M, prior: &M) -> M {
    let (Ok(mut merged), Ok(before)) =
        (serde_json::to_value(&observed), serde_json::to_value(prior))
    else {
        return observed;
    };
    merge_zeros(&mut merged, &before);
    serde_json::from_value(merged).unwrap_or(observed)
}

fn merge_zeros(observed: &mut Value, prior: &Value) {
    match (observed, prior) {
        (Value::Object(observed), Value::Object(prior)) => {
            for (key, before) in prior {
                match observed.get_mut(key) {
                    Some(now) if !now.is_null() => merge_zeros(now, before),
                    _ if is_zero(before) => {
                        observed.insert(key.clone(), before.clone());
                    }
                    _ => {}
                }
            }
        }
        (Value::Array(observed), Value::Array(prior)) => {
            for now in observed {
                let named = |other: &&Value| {
                    now.get("name")
                        .is_some_and(|name| other.get("name") == Some(name))
                };
                if let Some(before) = prior.iter().find(named) {
                    merge_zeros(now, before);
                }
            }
        }
        _ => {}
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => {
            text.is_empty()
                || text
                    .parse::<crate::quantity::Quantity>()
                    .is_ok_and(|q| q.is_zero())
        }
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members
            .values()
            .all(|member| member.is_null() || is_zero(member)),
    }
}

/// What an object of Everest's is addressed by.
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

/// The known values of a map of labels or annotations.
fn known_keys(map: &StringMap) -> BTreeMap<String, String> {
    map.known()
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| Some((key.clone(), value.known()?.clone())))
        .collect()
}

/// The labels or annotations that are ours, as a model has them; none is null.
fn observed_keys(keys: Option<&BTreeMap<String, String>>, owned: &BTreeSet<String>) -> StringMap {
    let ours: BTreeMap<String, Field<String>> = keys
        .into_iter()
        .flatten()
        .filter(|(key, _)| owned.contains(*key) && key.as_str() != CREATION_NONCE)
        .map(|(key, value)| (key.clone(), Field::Known(value.clone())))
        .collect();
    if ours.is_empty() {
        Field::Null
    } else {
        Field::Known(ours)
    }
}

/// The value as JSON without nulls, which is how an unknown is printed too.
fn known_json(value: &impl Serialize) -> Value {
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

/// The text, unless there is none or it is empty.
fn filled(text: Option<&String>) -> Field<String> {
    text.filter(|text| !text.is_empty()).cloned().into()
}

fn timestamp(time: Option<&Time>) -> Field<String> {
    time.and_then(|time| serde_json::to_value(time).ok()?.as_str().map(str::to_owned))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    struct Model {
        #[serde(default, skip_serializing_if = "Field::is_null")]
        paused: Field<bool>,
        #[serde(default, skip_serializing_if = "Field::is_null")]
        text: Field<String>,
        #[serde(default, skip_serializing_if = "Field::is_null")]
        block: Field<BTreeMap<String, Field<String>>>,
    }

    fn model(value: Value) -> Model {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_zero_that_the_user_wrote_stays_where_the_cluster_holds_nothing() {
        let prior = model(json!({"paused": false, "text": "", "block": {"cpu": "0"}}));
        assert_eq!(keep_zeros(model(json!({})), &prior), prior);
    }

    #[test]
    fn anything_else_is_as_the_cluster_holds_it() {
        let prior = model(json!({"paused": true, "text": "a", "block": {"cpu": "1"}}));
        assert_eq!(keep_zeros(model(json!({})), &prior), model(json!({})));
        let now = json!({"paused": true, "text": "b", "block": {"cpu": "2"}});
        let prior =
            model(json!({"paused": false, "text": "", "block": {"cpu": "0", "memory": "0"}}));
        assert_eq!(
            keep_zeros(model(now), &prior),
            model(json!({"paused": true, "text": "b", "block": {"cpu": "2", "memory": "0"}}))
        );
    }
}
