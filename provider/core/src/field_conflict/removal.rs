//! Removing values from an object that someone else wrote into it once.
//!
//! A server-side apply that omits a value removes it only if no one else owns it. A client that
//! created an object, or edited it by hand, owns the values that it wrote forever, so a block that
//! is removed from a configuration would stay in the object. Therefore the ownership is handed to
//! the manager that applies.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{OPERATORS, Owners};

/// Returns `metadata.managedFields` of `live` with `manager` as the owner of the values that a
/// change removes; `None` if no owner has to change.
///
/// `prior` is the body made from the state, `planned` the body made from the plan. A value that
/// only `prior` has is handed over if others have written it (`Update`) and none of them contests
/// it: see [`super::conflicting_fields`]. Values that everest-operator wrote stay its own.
pub fn handed_over(live: &Value, planned: &Value, prior: &Value, manager: &str) -> Option<Value> {
    let owners = Owners::of(live, manager);
    let mut taken_out = BTreeSet::new();
    find(
        live.get("spec"),
        planned.get("spec"),
        prior.get("spec"),
        &mut vec!["spec".to_owned()],
        &mut taken_out,
    );
    taken_out.retain(|path| owners.rival(path).is_none());
    let mut entries = live.pointer("/metadata/managedFields")?.as_array()?.clone();
    let mut handed = Value::Object(Map::new());
    for entry in entries
        .iter_mut()
        .filter(|entry| is_of_another(entry, manager))
    {
        for path in &taken_out {
            if let Some(fields) = take(&mut entry["fieldsV1"], path) {
                put(&mut handed, path, fields);
            }
        }
    }
    if handed == json!({}) {
        return None;
    }
    let ours = entries
        .iter_mut()
        .find(|entry| entry["manager"] == manager && is_apply(entry) && is_of_main(entry));
    match ours {
        Some(entry) => merge(&mut entry["fieldsV1"], handed),
        None => entries.push(json!({"manager": manager, "operation": "Apply",
            "apiVersion": live["apiVersion"], "fieldsType": "FieldsV1", "fieldsV1": handed})),
    }
    // An entry that owns nothing is refused.
    entries.retain(|entry| entry["fieldsV1"] != json!({}));
    Some(Value::Array(entries))
}

/// The highest members of the spec that `prior` and `live` have and `planned` has not.
fn find(
    live: Option<&Value>,
    planned: Option<&Value>,
    prior: Option<&Value>,
    path: &mut Vec<String>,
    found: &mut BTreeSet<Vec<String>>,
) {
    match (live, planned, prior) {
        (Some(Value::Object(live)), Some(planned), Some(Value::Object(prior))) => {
            for (name, prior) in prior {
                path.push(name.clone());
                find(live.get(name), planned.get(name), Some(prior), path, found);
                path.pop();
            }
        }
        (Some(live), None, Some(_)) if !live.is_null() => {
            found.insert(path.clone());
        }
        _ => {}
    }
}

fn is_apply(entry: &Value) -> bool {
    entry["operation"] == "Apply"
}

fn is_of_main(entry: &Value) -> bool {
    entry["subresource"].as_str().unwrap_or_default().is_empty()
}

fn is_of_another(entry: &Value, manager: &str) -> bool {
    let name = entry["manager"].as_str().unwrap_or_default();
    is_of_main(entry) && !is_apply(entry) && name != manager && !OPERATORS.contains(&name)
}

/// Takes the fields below `path` out of an entry, and what is empty without them.
fn take(fields: &mut Value, path: &[String]) -> Option<Value> {
    let (first, rest) = path.split_first()?;
    let members = fields.as_object_mut()?;
    let key = format!("f:{first}");
    if rest.is_empty() {
        return members.remove(&key);
    }
    let taken = take(members.get_mut(&key)?, rest);
    if members.get(&key) == Some(&json!({})) {
        members.remove(&key);
    }
    taken
}

fn put(fields: &mut Value, path: &[String], taken: Value) {
    let nested = path
        .iter()
        .rev()
        .fold(taken, |inside, name| json!({ format!("f:{name}"): inside }));
    merge(fields, nested);
}

fn merge(fields: &mut Value, more: Value) {
    match (fields, more) {
        (Value::Object(fields), Value::Object(more)) => {
            for (key, more) in more {
                merge(fields.entry(key).or_insert_with(|| json!({})), more);
            }
        }
        (fields, more) => *fields = more,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const US: &str = "terraform-provider-everest";

    fn entry(manager: &str, operation: &str, spec: Value) -> Value {
        json!({"manager": manager, "operation": operation, "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": spec}})
    }

    fn backup() -> Value {
        json!({"schedules": [{"name": "nightly"}], "pitr": {"enabled": true}})
    }

    fn backup_fields() -> Value {
        json!({".": {}, "f:schedules": {}, "f:pitr": {".": {}, "f:enabled": {}}})
    }

    /// The new owners of a database with backups and three replicas, of which the backups are
    /// taken out.
    fn handed(entries: &[Value]) -> Option<Value> {
        let spec = json!({"backup": backup(), "engine": {"replicas": 3}});
        let live = json!({"apiVersion": "everest.percona.com/v1alpha1", "spec": spec,
            "metadata": {"managedFields": entries}});
        let planned = json!({"spec": {"engine": {"replicas": 3}}});
        handed_over(&live, &planned, &json!({ "spec": spec }), US)
    }

    #[test]
    fn what_was_written_once_is_handed_to_the_one_who_takes_it_out() {
        let engine = json!({"f:replicas": {}});
        let made = entry(
            "kubectl-client-side-apply",
            "Update",
            json!({"f:backup": backup_fields(), "f:engine": engine}),
        );
        let left = entry(
            "kubectl-client-side-apply",
            "Update",
            json!({"f:engine": engine}),
        );
        // Imported a moment ago: nothing was applied yet.
        let mut ours = entry(US, "Apply", json!({"f:backup": backup_fields()}));
        ours["apiVersion"] = json!("everest.percona.com/v1alpha1");
        assert_eq!(
            handed(std::slice::from_ref(&made)),
            Some(json!([left, ours]))
        );
        // Applied since.
        let both = json!({"f:backup": {"f:schedules": {}}, "f:engine": engine});
        let all = json!({"f:backup": backup_fields(), "f:engine": engine});
        assert_eq!(
            handed(&[made, entry(US, "Apply", both)]),
            Some(json!([left, entry(US, "Apply", all)]))
        );
        // An entry without anything is refused.
        let only = entry("ui", "Update", json!({"f:backup": backup_fields()}));
        let ours = entry(US, "Apply", json!({"f:backup": backup_fields()}));
        assert_eq!(handed(&[ours.clone(), only]), Some(json!([ours])));
    }

    #[test]
    fn what_others_hold_or_nobody_else_owns_stays_as_it_is() {
        let applied = json!({"f:backup": backup_fields()});
        let ours = entry(US, "Apply", applied.clone());
        let engine = entry(US, "Apply", json!({"f:engine": {"f:replicas": {}}}));
        for entries in [
            vec![ours.clone()],
            vec![ours.clone(), entry("argocd", "Apply", applied.clone())],
            vec![ours, entry("everest-operator", "Update", applied.clone())],
            // Taken over from us, to be kept: that is why it is left out.
            vec![engine, entry("everest-server", "Update", applied)],
            vec![],
        ] {
            assert_eq!(handed(&entries), None, "{entries:?}");
        }
    }
}
