//! The part of a planned object that is sent: the values of the configuration, without those that
//! the operators choose.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value};

use super::managed_fields;
use crate::path::FieldPath;

/// The body of an update: the part of `planned` that is ours.
///
/// A plan also holds values that operators have written (`engine.config`, versions, Secret names).
/// Sending them would make them ours, and a later change by the operators would be a conflict. A
/// value of the spec is sent if it
/// 1. is in `configured`, the body made from the configuration alone; or
/// 2. differs from `prior`, the body made from the state: a default that applies again; or
/// 3. is owned by `manager` already: an apply without it would remove it although the plan keeps
///    it.
///
/// A list is one value, a map is not. Everything outside the spec is sent as it is.
pub fn ours(
    planned: &Value,
    configured: &Value,
    prior: &Value,
    live: &ObjectMeta,
    manager: &str,
) -> Value {
    let mut body = planned.clone();
    let owned = owned_spec(live, manager);
    let spec = narrow(
        &planned["spec"],
        configured.get("spec"),
        prior.get("spec"),
        owned,
    );
    body["spec"] = spec.unwrap_or_else(|| Value::Object(Map::new()));
    body
}

/// Returns true if `manager` has applied a value of an object's spec; `path` is its path in the
/// model.
pub fn owns(live: &ObjectMeta, manager: &str, path: &FieldPath) -> bool {
    owned_spec(live, manager).is_some_and(|spec| managed_fields::holds(spec, path))
}

/// The fields of the spec that `manager` has applied, in the form of `fieldsV1`.
pub(crate) fn owned_spec<'a>(live: &'a ObjectMeta, manager: &str) -> Option<&'a Value> {
    managed_fields::applied_spec(live, |name| name == manager)
}

/// `planned` reduced to the part that is ours; `None` if nothing is left.
fn narrow(
    planned: &Value,
    configured: Option<&Value>,
    prior: Option<&Value>,
    owned: Option<&Value>,
) -> Option<Value> {
    let Value::Object(members) = planned else {
        let ours = configured.is_some() || prior != Some(planned) || owned.is_some();
        return ours.then(|| planned.clone());
    };
    let kept: Map<String, Value> = members
        .iter()
        .filter_map(|(name, member)| {
            let inside = narrow(
                member,
                configured.and_then(|value| value.get(name)),
                prior.and_then(|value| value.get(name)),
                owned.and_then(|owned| owned.get(format!("f:{name}"))),
            )?;
            Some((name.clone(), inside))
        })
        .collect();
    let said = configured.is_some() || owned.is_some() || prior.is_none();
    (said || !kept.is_empty()).then_some(Value::Object(kept))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sent(planned: Value, configured: Value, prior: Value, owned: Value) -> Value {
        let live: ObjectMeta = serde_json::from_value(json!({"managedFields": [
            {"manager": "operator", "operation": "Update", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:spec": {"f:engine": {"f:config": {}}}}},
            {"manager": "us", "operation": "Apply", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:spec": owned}},
        ]}))
        .unwrap();
        let body = |spec| json!({"metadata": {"name": "a"}, "spec": spec});
        let all = ours(&body(planned), &body(configured), &body(prior), &live, "us");
        assert_eq!(all["metadata"]["name"], "a");
        all["spec"].clone()
    }

    #[test]
    fn only_what_our_applies_own_is_ours() {
        let live: ObjectMeta = serde_json::from_value(json!({"managedFields": [
            {"manager": "ui", "operation": "Update", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:spec": {"f:engine": {"f:storage": {"f:size": {}}}}}},
            {"manager": "us", "operation": "Apply", "fieldsType": "FieldsV1",
             "fieldsV1": {"f:spec": {"f:engine": {"f:version": {}}}}},
        ]}))
        .unwrap();
        assert!(owns(&live, "us", &FieldPath::of("engine.version")));
        assert!(!owns(&live, "us", &FieldPath::of("engine.storage.size")));
        assert!(!owns(&live, "them", &FieldPath::of("engine.version")));
    }

    #[test]
    fn what_operators_wrote_is_not_sent() {
        let live = json!({"engine": {"replicas": 3, "config": "x", "storage": {"size": "1Gi"}},
            "proxy": {"type": "haproxy"}});
        let mut planned = live.clone();
        planned["engine"]["replicas"] = json!(5);
        let configured = json!({"engine": {"replicas": 5, "storage": {"size": "1Gi"}}});
        assert_eq!(
            sent(planned, configured.clone(), live, json!({})),
            configured
        );
    }

    #[test]
    fn what_is_no_longer_configured_is_kept_while_it_is_ours() {
        let live = json!({"engine": {"version": "8.0.36", "config": "x"}});
        let owned = json!({"f:engine": {"f:version": {}}});
        assert_eq!(
            sent(live.clone(), json!({}), live, owned),
            json!({"engine": {"version": "8.0.36"}})
        );
    }

    #[test]
    fn a_default_that_applies_again_is_sent() {
        assert_eq!(
            sent(
                json!({"paused": false}),
                json!({}),
                json!({"paused": true}),
                json!({})
            ),
            json!({"paused": false})
        );
    }

    #[test]
    fn a_list_is_one_value() {
        let schedules = json!([{"name": "nightly", "enabled": true}]);
        let live = json!({"backup": {"schedules": schedules}});
        assert_eq!(
            sent(live.clone(), json!({}), live.clone(), json!({})),
            json!({})
        );
        assert_eq!(
            sent(live.clone(), live.clone(), live.clone(), json!({})),
            live
        );
        let owned = json!({"f:backup": {"f:schedules": {}}});
        assert_eq!(sent(live.clone(), json!({}), live.clone(), owned), live);
    }

    #[test]
    fn a_block_that_is_configured_empty_is_sent_empty() {
        let live = json!({"proxy": {"type": "haproxy"}});
        assert_eq!(
            sent(live.clone(), json!({"proxy": {}}), live, json!({})),
            json!({"proxy": {}})
        );
    }
}
