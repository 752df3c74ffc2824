//! Comparison of an object with its configuration, and the body that removes the differences.
//!
//! Configured members are compared, and members that were configured before: those our field
//! manager owns. Any other member is as the operators have it. The comparison sends no request.

mod difference;

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{OwnedKeys, known_json, ownership};
use crate::{quantity, semantic, zero};

pub(crate) use difference::shown;
pub use difference::{Difference, told};

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
    /// Values of the spec that stay once they are set:
    /// [`ObjectMapping::LASTING`](super::ObjectMapping::LASTING).
    pub lasting: &'a [&'a str],
    /// Values of the spec that are turned off instead of removed:
    /// [`ObjectMapping::SWITCHES`](super::ObjectMapping::SWITCHES).
    pub switches: &'a [&'a str],
}

/// An object compared with its configuration.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// The necessary change; `None` if the object is as wanted.
    pub change: Option<Change>,
    /// Values of ours that are no longer configured and stay as they are.
    pub kept: Vec<Difference>,
}

/// A change that makes an object what is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The body of the apply.
    pub body: Value,
    /// The members that differ.
    pub differences: Vec<Difference>,
    /// The values that are removed.
    pub removed: Vec<Removal>,
}

impl Change {
    /// Returns true if it removes the value at a path of the spec.
    pub fn removes(&self, path: &str) -> bool {
        let is_it =
            |removal: &Removal| removal.names.iter().map(String::as_str).eq(path.split('.'));
        self.removed.iter().any(is_it)
    }
}

/// A value that is removed from a spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Removal {
    names: Vec<String>,
    is_switch: bool,
}

/// Compares an object with what is wanted: the body made from the configuration.
///
/// A value of ours in the spec that is no longer configured is removed, as an apply without it
/// does. A switch that its block requires is turned off, because the block may stay: operators
/// write into it too. A value that lasts is kept: without it the operators would choose another version, another
/// size or other credentials. Labels and annotations that are no longer configured are removed.
pub fn compare(wanted: &Value, held: &Held<'_>) -> Comparison {
    let mut differences = Vec::new();
    let path = &mut vec!["spec"];
    differing(&wanted["spec"], &held.body["spec"], path, &mut differences);
    let mut comparison = Comparison::default();
    let mut removed = Vec::new();
    for value in unsaid(wanted, held) {
        if held.lasting.iter().any(|lasting| value.is_in(lasting)) {
            comparison.kept.push(value);
            continue;
        }
        let is_switch = held.switches.iter().any(|switch| value.is_in(switch));
        if is_switch && value.is_off() {
            continue;
        }
        removed.push(Removal {
            names: value.names.iter().skip(1).cloned().collect(),
            is_switch,
        });
        differences.push(value);
    }
    differences.extend(other_keys(wanted, held));
    if differences.is_empty() {
        return comparison;
    }
    let mut planned = wanted.clone();
    planned["spec"] = overlaid(&held.body["spec"], &wanted["spec"]);
    for removal in &removed {
        removal.from(&mut planned["spec"]);
    }
    comparison.change = Some(Change {
        body: ownership::ours(&planned, wanted, held.body, held.metadata, held.manager),
        differences,
        removed,
    });
    comparison
}

/// The model that holds once `config` is applied to the observed model, and values of the
/// spec are removed.
///
/// # Errors
/// When the two do not make a model.
pub fn planned<M: Serialize + DeserializeOwned>(
    config: &M,
    observed: &M,
    removed: &[Removal],
) -> serde_json::Result<M> {
    let mut observed = known_json(observed);
    for removal in removed {
        removal.from(&mut observed["spec"]);
    }
    serde_json::from_value(overlaid(&observed, &known_json(config)))
}

/// The values of ours in the spec that are set and no longer configured.
fn unsaid(wanted: &Value, held: &Held<'_>) -> Vec<Difference> {
    let mut found = Vec::new();
    if let Some(owned) = ownership::owned_spec(held.metadata, held.manager) {
        let (wanted, held) = (wanted.get("spec"), &held.body["spec"]);
        find_unsaid(owned, wanted, held, &mut vec!["spec"], &mut found);
    }
    found
}

fn find_unsaid<'a>(
    owned: &'a Value,
    wanted: Option<&Value>,
    held: &Value,
    path: &mut Vec<&'a str>,
    found: &mut Vec<Difference>,
) {
    for (key, inside) in owned.as_object().into_iter().flatten() {
        let Some(name) = key.strip_prefix("f:") else {
            continue;
        };
        let wanted = wanted.and_then(|wanted| wanted.get(name));
        let held = &held[name];
        path.push(name);
        match held {
            Value::Object(_) => find_unsaid(inside, wanted, held, path, found),
            _ if wanted.is_some() || held.is_null() => {}
            _ => found.push(Difference::at(path, held, &Value::Null)),
        }
        path.pop();
    }
}

impl Removal {
    /// Takes the value out of a spec, and the objects that are empty without it.
    fn from(&self, spec: &mut Value) {
        take_out(spec, &self.names, self.is_switch);
    }
}

fn take_out(spec: &mut Value, names: &[String], is_switch: bool) {
    let (Some(members), [first, rest @ ..]) = (spec.as_object_mut(), names) else {
        return;
    };
    match (members.get_mut(first), rest) {
        (Some(switch), []) if is_switch => *switch = Value::Bool(false),
        (Some(_), []) => {
            members.remove(first);
        }
        (Some(inside), rest) => {
            take_out(inside, rest, is_switch);
            if inside.as_object().is_some_and(Map::is_empty) {
                members.remove(first);
            }
        }
        (None, _) => {}
    }
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

/// The labels and annotations that are to be set, changed or removed.
fn other_keys(wanted: &Value, held: &Held<'_>) -> Vec<Difference> {
    let differing = |map: &'static str, owned: &BTreeSet<String>| {
        let (wanted, held) = (&wanted["metadata"][map], &held.body["metadata"][map]);
        let said = [wanted, held].into_iter().filter_map(Value::as_object);
        let keys: BTreeSet<&String> = said.flat_map(Map::keys).chain(owned).collect();
        keys.into_iter()
            .filter(|key| wanted[key.as_str()] != held[key.as_str()] || wanted.get(key).is_none())
            .map(|key| {
                Difference::at(
                    &["metadata", map, key],
                    &held[key.as_str()],
                    &wanted[key.as_str()],
                )
            })
            .collect::<Vec<_>>()
    };
    let mut all = differing("labels", &held.owned.labels);
    all.extend(differing("annotations", &held.owned.annotations));
    all
}

/// Finds the members of `wanted` whose value is another in `held`.
fn differing<'a>(
    wanted: &'a Value,
    held: &'a Value,
    path: &mut Vec<&'a str>,
    found: &mut Vec<Difference>,
) {
    match (wanted, held) {
        (Value::Object(wanted), Value::Object(_) | Value::Null) => {
            for (name, wanted) in wanted {
                path.push(name);
                differing(wanted, &held[name.as_str()], path, found);
                path.pop();
            }
        }
        _ if covers(wanted, held, &mut path[1..].to_vec()) => {}
        _ => found.push(Difference::at(path, held, wanted)),
    }
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

    fn compared(wanted: Value, held: Value, owned_spec: Value) -> Comparison {
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
            lasting: &["engine.version", "engine.storage"],
            switches: &["backup.pitr.enabled"],
        };
        compare(&wanted, &held)
    }

    fn sent(wanted: Value, held: Value, owned_spec: Value) -> Option<Value> {
        let change = compared(wanted, held, owned_spec).change;
        change.map(|change| change.body["spec"].clone())
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
    fn what_is_ours_and_no_longer_said_goes() {
        let wanted = json!({"engine": {"replicas": 3}});
        let held = json!({"engine": {"replicas": 3, "config": "x"},
            "proxy": {"type": "haproxy", "expose": {"type": "LoadBalancer"}},
            "backup": {"schedules": [{"name": "a"}], "pitr": {"enabled": true}}});
        let owned = json!({"f:engine": {"f:replicas": {}},
            "f:proxy": {"f:expose": {".": {}, "f:type": {}}},
            "f:backup": {"f:schedules": {}, "f:pitr": {"f:enabled": {}}}});
        let compared = compared(wanted, held, owned);
        assert_eq!(compared.kept, []);
        let change = compared.change.unwrap();
        // The operator's own members of a block stay with it.
        assert_eq!(
            change.body["spec"],
            json!({"engine": {"replicas": 3}, "proxy": {},
                "backup": {"pitr": {"enabled": false}}})
        );
        let told: Vec<_> = change
            .differences
            .iter()
            .map(|one| one.told("DatabaseCluster"))
            .collect();
        assert_eq!(
            told,
            [
                "spec.forProvider.proxy.expose.type: LoadBalancer in the cluster, nothing here",
                "spec.forProvider.backup.schedules: a list of 1 in the cluster, nothing here",
                "spec.forProvider.backup.pitr.enabled: true in the cluster, nothing here",
            ]
        );
    }

    #[test]
    fn what_was_taken_out_and_is_the_operators_now_is_not_sent_again() {
        let wanted = json!({"engine": {"replicas": 3}});
        let held = json!({"engine": {"replicas": 3, "config": "theirs"},
            "proxy": {"expose": {"type": "ClusterIP"}}, "backup": {"pitr": {"enabled": false}}});
        let owned = json!({"f:engine": {"f:replicas": {}}, "f:proxy": {"f:expose": {}},
            "f:backup": {"f:pitr": {"f:enabled": {}}}});
        assert_eq!(compared(wanted, held, owned), Comparison::default());
    }

    #[test]
    fn what_lasts_stays_and_is_named() {
        let wanted = json!({"engine": {"replicas": 5}});
        let held = json!({"engine": {"replicas": 3, "version": "8.0.36",
            "storage": {"size": "1Gi"}}});
        let owned = json!({"f:engine": {"f:version": {}, "f:replicas": {},
            "f:storage": {"f:size": {}}}});
        let compared = compared(wanted, held.clone(), owned);
        let mut body = held;
        body["engine"]["replicas"] = json!(5);
        assert_eq!(compared.change.unwrap().body["spec"], body);
        let kept: Vec<_> = compared
            .kept
            .iter()
            .map(|one| one.kept("DatabaseCluster"))
            .collect();
        assert!(
            kept[0].contains("spec.forProvider.engine.version is no longer set and stays 8.0.36"),
            "{kept:?}"
        );
        assert_eq!(kept.len(), 2);
    }

    #[test]
    fn the_model_that_is_judged_lacks_what_is_removed() {
        let config = json!({"spec": {"engine": {"replicas": 3}}});
        let observed = json!({"spec": {"engine": {"config": "x"}, "monitoring": {"name": "pmm"}}});
        let removed = [Removal {
            names: vec!["monitoring".to_owned(), "name".to_owned()],
            is_switch: false,
        }];
        assert_eq!(
            planned(&config, &observed, &removed).unwrap(),
            json!({"spec": {"engine": {"replicas": 3, "config": "x"}}})
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
            lasting: &[],
            switches: &[],
        };
        let change = compare(&wanted, &held).change.unwrap();
        assert_eq!(change.body["metadata"], json!({"name": "a"}));
        assert_eq!(
            told(&change.differences, "DatabaseCluster"),
            "spec.forProvider.labels[\"team\"]: x in the cluster, nothing here"
        );
    }
}
