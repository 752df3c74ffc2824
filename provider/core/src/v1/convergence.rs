//! Comparison of an object with its configuration, and the body that removes the differences.
//!
//! Only configured members are compared: an omitted member keeps the operators' value. The
//! comparison sends no request.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{OwnedKeys, known_json, ownership};
use crate::{quantity, semantic, zero};

/// An object as seen by a front end without a state.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    /// The body made from what was observed of it.
    pub body: &'a Value,
    /// Its metadata.
    pub metadata: &'a ObjectMeta,
    /// Our labels and annotations on it.
    pub owned: &'a OwnedKeys,
    /// Our field manager.
    pub manager: &'a str,
}

/// The body that makes an object what is wanted; `None` if it is so already.
///
/// `wanted` is the body made from the configuration. A value of ours that is no longer configured
/// is kept: removing it would leave it to the operators, which may choose another. Labels and
/// annotations that are no longer configured are removed.
pub fn change(wanted: &Value, held: &Held<'_>) -> Option<Value> {
    if covers(&wanted["spec"], &held.body["spec"], &mut Vec::new()) && same_keys(wanted, held) {
        return None;
    }
    let mut planned = wanted.clone();
    planned["spec"] = overlaid(&held.body["spec"], &wanted["spec"]);
    Some(ownership::ours(
        &planned,
        wanted,
        held.body,
        held.metadata,
        held.manager,
    ))
}

/// The model that holds once `config` is applied to the observed model.
///
/// # Errors
/// When the two do not make a model.
pub fn planned<M: Serialize + DeserializeOwned>(config: &M, observed: &M) -> serde_json::Result<M> {
    let planned = overlaid(&known_json(observed), &known_json(config));
    serde_json::from_value(planned)
}

fn overlaid(below: &Value, above: &Value) -> Value {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            let mut all = below.clone();
            for (name, member) in above {
                let merged = match below.get(name) {
                    Some(held) => overlaid(held, member),
                    None => member.clone(),
                };
                all.insert(name.clone(), merged);
            }
            Value::Object(all)
        }
        (_, above) => above.clone(),
    }
}

fn same_keys(wanted: &Value, held: &Held<'_>) -> bool {
    let none = Map::new();
    let same = |kind: &str, owned: &BTreeSet<String>| {
        let keys = |body: &Value| {
            let keys = body["metadata"][kind].as_object();
            keys.unwrap_or(&none).clone()
        };
        let wanted = keys(wanted);
        keys(held.body) == wanted && owned.iter().all(|key| wanted.contains_key(key))
    };
    same("labels", &held.owned.labels) && same("annotations", &held.owned.annotations)
}

/// Returns true if two values at `path` in the spec mean the same.
pub(crate) fn is_same(left: &Value, right: &Value, path: &[&str]) -> bool {
    covers(left, right, &mut path.to_vec()) && covers(right, left, &mut path.to_vec())
}

/// Returns true if every field set in `wanted` has that value in `held`, at `path` in the spec. A
/// list is one value: each of its elements has to equal its counterpart in `held`. A Go zero value
/// counts as absent. Texts are compared as quantities only where the spec has quantities.
fn covers<'a>(wanted: &'a Value, held: &'a Value, path: &mut Vec<&'a str>) -> bool {
    match (wanted, held) {
        (Value::Object(wanted), Value::Object(held)) => wanted.iter().all(|(name, wanted)| {
            path.push(name);
            let covered = covers(wanted, held.get(name).unwrap_or(&Value::Null), path);
            path.pop();
            covered
        }),
        (Value::Array(wanted), Value::Array(held)) => {
            wanted.len() == held.len()
                && wanted.iter().enumerate().all(|(index, wanted)| {
                    let name = wanted.get("name").filter(|name| name.is_string());
                    let held = match name {
                        Some(_) => held.iter().find(|held| held.get("name") == name),
                        None => held.get(index),
                    };
                    held.is_some_and(|held| {
                        covers(wanted, held, path) && covers(held, wanted, path)
                    })
                })
        }
        (Value::Object(wanted), _) => {
            held.is_null()
                && wanted
                    .values()
                    .all(|wanted| covers(wanted, &Value::Null, path))
        }
        (wanted, Value::Null) => zero::is_zero(wanted, semantic::of_spec(path)),
        (Value::String(wanted), Value::String(held)) => {
            wanted == held
                || (semantic::of_spec(path) == Some("quantity") && quantity::equal(wanted, held))
        }
        (wanted, held) => wanted == held,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sent(wanted: Value, held: Value, owned_spec: Value) -> Option<Value> {
        let metadata: ObjectMeta = serde_json::from_value(json!({"managedFields": [
            {"manager": "us", "operation": "Apply", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:spec": owned_spec}},
        ]}))
        .unwrap();
        let owned = OwnedKeys::default();
        let body = |spec| json!({"metadata": {"name": "a"}, "spec": spec});
        let (wanted, held) = (body(wanted), body(held));
        let held = Held {
            body: &held,
            metadata: &metadata,
            owned: &owned,
            manager: "us",
        };
        change(&wanted, &held).map(|body| body["spec"].clone())
    }

    #[test]
    fn nothing_is_sent_while_everything_that_is_said_is_held() {
        let wanted = json!({"engine": {"replicas": 3, "storage": {"size": "1024Mi"}}, "list": []});
        let held = json!({"engine": {"replicas": 3, "storage": {"size": "1Gi"}, "config": "x"}});
        assert_eq!(sent(wanted, held, json!({})), None);
    }

    #[test]
    fn versions_are_not_compared_as_amounts() {
        let spec = |version: &str| json!({"engine": {"type": "postgresql", "version": version}});
        assert_eq!(
            sent(spec("16.10"), spec("16.1"), json!({})),
            Some(spec("16.10"))
        );
        assert_eq!(sent(spec("16.10"), spec("16.10"), json!({})), None);
    }

    #[test]
    fn only_what_is_said_is_sent() {
        let wanted = json!({"engine": {"replicas": 5}});
        let held = json!({"engine": {"replicas": 3, "config": "x"}, "proxy": {"type": "haproxy"}});
        assert_eq!(sent(wanted.clone(), held, json!({})), Some(wanted));
    }

    #[test]
    fn what_is_ours_and_no_longer_said_stays() {
        let wanted = json!({"engine": {"replicas": 5}});
        let held = json!({"engine": {"replicas": 3, "version": "8.0.36"}});
        let owned = json!({"f:engine": {"f:version": {}, "f:replicas": {}}});
        assert_eq!(
            sent(wanted, held, owned),
            Some(json!({"engine": {"replicas": 5, "version": "8.0.36"}}))
        );
    }

    #[test]
    fn a_list_of_named_elements_is_compared_by_name_and_whole() {
        let element = |name: &str, keep: i64| json!({"name": name, "retentionCopies": keep});
        let held = json!({"schedules": [element("a", 0), element("b", 2)]});
        let same = json!({"schedules": [element("b", 2), json!({"name": "a"})]});
        assert_eq!(sent(same, held.clone(), json!({})), None);
        let other = json!({"schedules": [element("a", 0), json!({"name": "b"})]});
        assert_eq!(sent(other.clone(), held, json!({})), Some(other));
    }

    #[test]
    fn labels_that_are_ours_and_no_longer_said_are_given_up() {
        let metadata = ObjectMeta::default();
        let owned = OwnedKeys {
            labels: ["team".to_owned()].into(),
            ..OwnedKeys::default()
        };
        let wanted = json!({"metadata": {"name": "a"}, "spec": {}});
        let body = json!({"metadata": {"name": "a", "labels": {"team": "x"}}, "spec": {}});
        let held = Held {
            body: &body,
            metadata: &metadata,
            owned: &owned,
            manager: "us",
        };
        let sent = change(&wanted, &held).unwrap();
        assert_eq!(sent["metadata"], json!({"name": "a"}));
    }
}
