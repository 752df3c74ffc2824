//! Field ownership, read from `metadata.managedFields`.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use crate::api::SECRET_VERSION;
use crate::path::{FieldPath, Segment};

/// Keys of labels and annotations that one field manager owns. Many clients write labels and
/// annotations; a model shows only our own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedKeys {
    /// Keys of labels.
    pub labels: BTreeSet<String>,
    /// Keys of annotations.
    pub annotations: BTreeSet<String>,
}

/// The keys of all labels and annotations, whoever set them.
pub fn every_key(metadata: &ObjectMeta) -> OwnedKeys {
    let keys = |of: &Option<BTreeMap<String, String>>| {
        let keys = of.iter().flatten().map(|(key, _)| key.clone());
        keys.collect()
    };
    let mut all = OwnedKeys {
        labels: keys(&metadata.labels),
        annotations: keys(&metadata.annotations),
    };
    all.annotations.remove(SECRET_VERSION);
    all
}

/// The keys that a manager owns by `metadata.managedFields`.
pub fn owned_keys(metadata: &ObjectMeta, manager: &str) -> OwnedKeys {
    let mut owned = OwnedKeys::default();
    for entry in metadata.managed_fields.iter().flatten() {
        if entry.manager.as_deref() != Some(manager) {
            continue;
        }
        let Some(fields) = entry.fields_v1.as_ref().map(|fields| &fields.0) else {
            continue;
        };
        owned.labels.extend(keys(fields, "f:labels"));
        owned.annotations.extend(keys(fields, "f:annotations"));
    }
    // No configuration has it, so that it is not taken for one that was taken out.
    owned.annotations.remove(SECRET_VERSION);
    owned
}

/// The fields that a manager has applied, outside of subresources, in the form of `fieldsV1`.
pub fn applied(
    metadata: &ObjectMeta,
    is_manager: impl Fn(&str) -> bool,
) -> impl Iterator<Item = &Value> {
    metadata
        .managed_fields
        .iter()
        .flatten()
        .filter(move |entry| {
            is_manager(entry.manager.as_deref().unwrap_or_default())
                && entry.operation.as_deref() == Some("Apply")
                && entry.subresource.as_deref().unwrap_or_default().is_empty()
        })
        .filter_map(|entry| Some(&entry.fields_v1.as_ref()?.0))
}

/// Returns true if a manager owns a key of a Secret's data, whichever way it has written the key.
pub fn owns_data(metadata: &ObjectMeta, key: &str, manager: &str) -> bool {
    let entries = metadata.managed_fields.iter().flatten();
    entries
        .filter(|entry| entry.manager.as_deref() == Some(manager))
        .filter_map(|entry| entry.fields_v1.as_ref())
        .any(|fields| fields.0["f:data"].get(format!("f:{key}")).is_some())
}

/// Returns true if somebody has filled a Secret with keys, none of which is among `keys`: it was
/// made for something else. A Secret whose metadata names no key, such as an empty one, is of no
/// known use.
pub fn is_of_other_use(metadata: &ObjectMeta, keys: &[&str]) -> bool {
    let entries = metadata.managed_fields.iter().flatten();
    let fields = entries.filter_map(|entry| Some(&entry.fields_v1.as_ref()?.0));
    // A client that applies a Secret as text owns the keys in `stringData`.
    let maps = fields.flat_map(|fields| [&fields["f:data"], &fields["f:stringData"]]);
    let named = maps.filter_map(Value::as_object).flat_map(|map| map.keys());
    let mut named = named.filter_map(|key| key.strip_prefix("f:")).peekable();
    named.peek().is_some() && !named.any(|key| keys.contains(&key))
}

/// The fields of the spec that a manager has applied.
pub fn applied_spec(metadata: &ObjectMeta, is_manager: impl Fn(&str) -> bool) -> Option<&Value> {
    applied(metadata, is_manager).find_map(|fields| fields.get("f:spec"))
}

/// Returns true if the value at a path of the model is among the owned fields `spec`.
pub fn holds(spec: &Value, path: &FieldPath) -> bool {
    let mut at = path.segments().iter();
    at.try_fold(spec, |fields, segment| match segment {
        Segment::Field(name) => fields.get(format!("f:{name}")),
        Segment::Key(_) | Segment::Index(_) => None,
    })
    .is_some()
}

fn keys<'a>(fields: &'a Value, map: &str) -> impl Iterator<Item = String> + 'a {
    fields
        .get("f:metadata")
        .and_then(|metadata| metadata.get(map))
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|map| map.keys())
        .filter_map(|key| key.strip_prefix("f:").map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_whose_keys_are_all_others_is_of_another_use() {
        let secret = |entries: &[(&str, Value)]| -> ObjectMeta {
            let entries = entries.iter().map(|(member, fields)| {
                json!({"manager": "any", "operation": "Update", "fieldsType": "FieldsV1",
                    "fieldsV1": {*member: fields}})
            });
            let entries: Vec<_> = entries.collect();
            serde_json::from_value(json!({"managedFields": entries})).unwrap()
        };
        let of_kind = json!({".": {}, "f:apiKey": {}});
        let other = json!({".": {}, "f:root": {}});
        for (entries, is_other) in [
            (vec![("f:data", other.clone())], true),
            (vec![("f:stringData", other.clone())], true),
            (vec![("f:data", of_kind.clone())], false),
            (
                vec![("f:data", other.clone()), ("f:data", of_kind.clone())],
                false,
            ),
            (vec![("f:data", other), ("f:stringData", of_kind)], false),
            (vec![("f:data", json!({".": {}}))], false),
            (vec![("f:type", json!({}))], false),
            (vec![], false),
        ] {
            let found = is_of_other_use(&secret(&entries), &["apiKey"]);
            assert_eq!(found, is_other, "{entries:?}");
        }
    }

    #[test]
    fn only_the_keys_of_the_manager_are_owned() {
        let metadata: ObjectMeta = serde_json::from_value(json!({"managedFields": [
            {"manager": "ours", "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {
                "f:metadata": {
                    "f:labels": {"f:team": {}, "f:example.com/tier": {}},
                    "f:annotations": {".": {}, "f:note": {}, "f:everest.openeverest.io/secret-version": {}},
                },
                "f:spec": {"f:engine": {}},
            }},
            {"manager": "theirs", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {
                "f:metadata": {"f:labels": {".": {}, "f:clusterName": {}}},
            }},
        ]}))
        .unwrap();
        let owned = owned_keys(&metadata, "ours");
        assert_eq!(Vec::from_iter(&owned.labels), ["example.com/tier", "team"]);
        assert_eq!(Vec::from_iter(&owned.annotations), ["note"]);
        assert_eq!(owned_keys(&metadata, "nobody"), OwnedKeys::default());
    }
}
