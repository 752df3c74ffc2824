//! What everest-operator writes back into a DatabaseCluster.
//!
//! The Go types print more than a user wrote: structs that are not pointers
//! appear with their zero values, quantities in canonical form, and members
//! marked `omitempty` vanish when they hold a zero value. Members that the types lack vanish.

use kube::ResourceExt;
use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

use super::{FOREGROUND, UPSTREAM_CLEANUP, known_members};
use crate::engine::Engine;
use crate::my_cnf;
use crate::object::{self, at, member, number, text};
use crate::quantity;
use crate::versions;

/// Whether zero values of optional members go, as in an Update, or stay, as
/// in an admission patch (which only adds and replaces).
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ZeroValues {
    /// They vanish.
    Dropped,
    /// They stay as written.
    Kept,
}

/// Members that Go leaves out when they hold their zero value.
const OMITTED_WHEN_ZERO: &[&str] = &[
    "/allowUnsafeConfiguration",
    "/paused",
    "/podSchedulingPolicyName",
    "/backup/enabled",
    "/backup/schedules",
    "/engine/config",
    "/engine/crVersion",
    "/engine/replicas",
    "/engine/userSecretsName",
    "/engine/version",
    "/proxy/config",
    "/proxy/type",
    "/proxy/expose/ipSourceRanges",
    "/proxy/expose/loadBalancerConfigName",
    "/proxy/expose/type",
    "/monitoring/monitoringConfigName",
    "/dataSource/dbClusterBackupName",
    "/dataSource/pitr/type",
    "/engineFeatures/psmdb/splitHorizonDnsConfigName",
];

/// The spec of a DatabaseCluster after a round trip through the Go types.
pub fn round_trip(spec: &Value, zero: ZeroValues) -> Value {
    let mut spec = spec.clone();
    member(&mut spec, "backup");
    let pitr = member(&mut spec["backup"], "pitr");
    if pitr["enabled"].is_null() {
        pitr["enabled"] = false.into();
    }
    member(&mut spec, "engine");
    member(&mut spec, "proxy");
    member(&mut spec["proxy"], "expose");
    for part in ["engine", "proxy"] {
        let resources = member(&mut spec[part], "resources");
        for name in ["cpu", "memory"] {
            resources[name] = printed(&resources[name]).unwrap_or_else(|| json!("0"));
        }
    }
    if let Some(size) = printed(at(&spec, "/engine/storage/size")) {
        spec["engine"]["storage"]["size"] = size;
    }
    if spec["monitoring"].is_object() {
        member(&mut spec["monitoring"], "resources");
    }
    if zero == ZeroValues::Dropped {
        drop_zero_values(&mut spec);
        known_members::keep(&mut spec);
    }
    spec
}

fn printed(quantity: &Value) -> Option<Value> {
    let text = match quantity {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    quantity::canonical(&text).map(Value::from)
}

fn drop_zero_values(spec: &mut Value) {
    for pointer in OMITTED_WHEN_ZERO {
        let Some((parent, name)) = pointer.rsplit_once('/') else {
            continue;
        };
        if let Some(parent) = spec.pointer_mut(parent).and_then(Value::as_object_mut)
            && parent.get(name).is_some_and(is_zero)
        {
            parent.remove(name);
        }
    }
    let schedules = spec
        .pointer_mut("/backup/schedules")
        .and_then(Value::as_array_mut);
    for schedule in schedules.into_iter().flatten() {
        if let Some(schedule) = schedule.as_object_mut()
            && schedule.get("retentionCopies").is_some_and(is_zero)
        {
            schedule.remove("retentionCopies");
        }
    }
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(truth) => !truth,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

/// The object with the operator's finalizers and without old labels, or `None` when it has
/// them already.
pub fn marked(database: &DynamicObject) -> Option<DynamicObject> {
    let mut written = database.clone();
    let mut changed = object::add_finalizer(&mut written, UPSTREAM_CLEANUP);
    changed |= object::add_finalizer(&mut written, FOREGROUND);
    let before = written.labels().len();
    written
        .labels_mut()
        .retain(|key, _| !key.starts_with("backupStorage-"));
    changed |= written.labels().len() != before;
    if written.labels().is_empty() {
        written.metadata.labels = None;
    }
    if !changed {
        return None;
    }
    written.data["spec"] = round_trip(&written.data["spec"], ZeroValues::Dropped);
    Some(written)
}

/// The object with everest-operator's defaults, or `None` when it lacks none.
pub fn defaulted(database: &DynamicObject, engine: Engine) -> Option<DynamicObject> {
    let defaults = defaults(&database.name_any(), engine, at(&database.data, "/spec"));
    if defaults.is_empty() {
        return None;
    }
    let mut written = database.clone();
    for ((part, name), value) in defaults {
        member(&mut written.data["spec"], part)[name] = value;
    }
    written.data["spec"] = round_trip(&written.data["spec"], ZeroValues::Dropped);
    Some(written)
}

type Default = ((&'static str, &'static str), Value);

fn defaults(name: &str, engine: Engine, spec: &Value) -> Vec<Default> {
    let mut defaults = Vec::new();
    if text(spec, "/engine/userSecretsName").is_empty() {
        let secret = format!("everest-secrets-{name}");
        defaults.push((("engine", "userSecretsName"), secret.into()));
    }
    if number(spec, "/engine/replicas") == 0 {
        defaults.push((("engine", "replicas"), 3.into()));
    }
    if engine == Engine::Pxc {
        if text(spec, "/proxy/type").is_empty() {
            defaults.push((("proxy", "type"), "haproxy".into()));
        }
        let version = text(spec, "/engine/version");
        if text(spec, "/engine/config").is_empty() && !versions::newer("8.0.31", version) {
            let memory = text(spec, "/engine/resources/memory");
            defaults.push((("engine", "config"), my_cnf::for_memory(memory).into()));
        }
    }
    defaults
}

/// A copy of the object with members of its spec changed and everything
/// printed as Go prints it.
pub fn with_spec(
    database: &DynamicObject,
    change: impl FnOnce(&mut Map<String, Value>),
) -> DynamicObject {
    let mut written = database.clone();
    if let Some(spec) = written.data["spec"].as_object_mut() {
        change(spec);
    }
    written.data["spec"] = round_trip(&written.data["spec"], ZeroValues::Dropped);
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    fn database(spec: Value) -> DynamicObject {
        object::new(
            &kinds::DATABASE_CLUSTER,
            "n",
            "orders",
            json!({ "spec": spec }),
        )
    }

    #[test]
    fn a_bare_spec_comes_back_with_zero_values_and_canonical_quantities() {
        let spec = json!({"engine": {"type": "psmdb", "storage": {"size": "1024Mi"},
            "resources": {"cpu": 1, "memory": "1.5Gi"}}, "paused": false});
        let kept = round_trip(&spec, ZeroValues::Kept);
        assert_eq!(
            kept,
            json!({
                "engine": {"type": "psmdb", "storage": {"size": "1Gi"},
                    "resources": {"cpu": "1", "memory": "1536Mi"}},
                "paused": false,
                "backup": {"pitr": {"enabled": false}},
                "proxy": {"expose": {}, "resources": {"cpu": "0", "memory": "0"}},
            })
        );
        let dropped = round_trip(&spec, ZeroValues::Dropped);
        assert!(dropped.get("paused").is_none());
    }

    #[test]
    fn the_first_reconcile_writes_finalizers_secret_name_replicas_proxy_and_config() {
        let fresh = database(json!({"engine": {"type": "pxc", "version": "8.0.42-33.1",
            "storage": {"size": "1Gi"}}}));
        let marked = marked(&fresh).unwrap();
        assert_eq!(marked.finalizers(), [UPSTREAM_CLEANUP, FOREGROUND]);
        assert!(super::marked(&marked).is_none());
        let written = defaulted(&marked, Engine::Pxc).unwrap();
        let spec = &written.data["spec"];
        assert_eq!(spec["engine"]["replicas"], 3);
        assert_eq!(spec["engine"]["userSecretsName"], "everest-secrets-orders");
        assert_eq!(spec["proxy"]["type"], "haproxy");
        assert!(text(spec, "/engine/config").starts_with("[mysqld]\n"));
        assert!(defaulted(&written, Engine::Pxc).is_none());
    }

    #[test]
    fn an_update_drops_what_the_types_lack_and_an_admission_patch_does_not() {
        let spec = json!({"engine": {"type": "psmdb"}, "groupName": "g"});
        assert_eq!(round_trip(&spec, ZeroValues::Kept)["groupName"], "g");
        assert!(round_trip(&spec, ZeroValues::Dropped)["groupName"].is_null());
    }

    #[test]
    fn other_engines_get_neither_proxy_type_nor_config() {
        let fresh = database(json!({"engine": {"type": "psmdb", "version": "8.0.12-4"}}));
        let written = defaulted(&fresh, Engine::Psmdb).unwrap();
        assert!(at(&written.data, "/spec/proxy/type").is_null());
        assert!(at(&written.data, "/spec/engine/config").is_null());
    }
}
