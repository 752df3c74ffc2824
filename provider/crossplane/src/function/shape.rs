//! Checks the shapes of the function's input and of the composed objects.

use std::sync::LazyLock;

use everest_core::open_api::{self, Reading, Violation};
use everest_schemas::crds;
use everest_schemas::everest::{BackupStorageSpec, DatabaseClusterSpec, MonitoringConfigSpec};
use serde_json::Value;

/// The shape of the function's input.
pub(super) static INPUT: LazyLock<Value> = LazyLock::new(|| bare(crds::input_schema()));

/// The shape of a DatabaseCluster's spec.
pub(super) static DATABASE_SPEC: LazyLock<Value> =
    LazyLock::new(|| bare(crds::spec_schema::<DatabaseClusterSpec>()));

/// The shape of a BackupStorage's spec.
pub(super) static STORAGE_SPEC: LazyLock<Value> =
    LazyLock::new(|| bare(crds::spec_schema::<BackupStorageSpec>()));

/// The shape of a MonitoringConfig's spec.
pub(super) static MONITORING_SPEC: LazyLock<Value> =
    LazyLock::new(|| bare(crds::spec_schema::<MonitoringConfigSpec>()));

/// Builds the schemas, which takes a moment, before the first request needs them.
pub(super) fn prepare() {
    LazyLock::force(&INPUT);
    for spec in [&DATABASE_SPEC, &STORAGE_SPEC, &MONITORING_SPEC] {
        LazyLock::force(spec);
    }
}

/// A schema without its texts, which are most of it.
fn bare(mut schema: Value) -> Value {
    fn strip(schema: &mut Value) {
        let Some(object) = schema.as_object_mut() else {
            return;
        };
        object.remove("description");
        for (keyword, value) in object {
            match keyword.as_str() {
                "items" | "additionalProperties" => strip(value),
                "properties" => value
                    .as_object_mut()
                    .into_iter()
                    .flat_map(serde_json::Map::values_mut)
                    .for_each(strip),
                _ => {}
            }
        }
    }
    strip(&mut schema);
    schema
}

/// The faults of the shape of a value at `root`, each a sentence with the path.
pub(super) fn faults(schema: &Value, value: &Value, root: &str, reading: Reading) -> Vec<String> {
    open_api::violations(schema, value, root, reading)
        .iter()
        .map(Violation::to_string)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of_input(value: Value) -> String {
        faults(&INPUT, &value, "", Reading::Definition).join("; ")
    }

    #[test]
    fn a_mistake_is_named_by_its_path() {
        for (input, words) in [
            (
                json!({"database": []}),
                "database is not a field; the fields are: databases, backups, backupStorages, monitoringConfigs, lookups, silence, ttl",
            ),
            (
                json!({"databases": [{}]}),
                "databases[0].resource is missing",
            ),
            (
                json!({"databases": [{"resource": ""}]}),
                "databases[0].resource is empty",
            ),
            (
                json!({"databases": [{"resource": "a", "spec": {"engine": {"replica": 3}}}]}),
                "databases[0].spec.engine.replica is not a field",
            ),
            (
                json!({"databases": [{"resource": "a", "spec": {"engine": {"replicas": "3"}}}]}),
                "databases[0].spec.engine.replicas must be a whole number, but is text",
            ),
            (
                json!({"databases": [{"resource": "a", "spec": {"engine": {"type": "mysql"}}}]}),
                "databases[0].spec.engine.type must be one of pxc, psmdb, postgresql, but is \
                 \"mysql\"",
            ),
            (
                json!({"databases": [{"resource": "a", "patches": [{"to": "paused"}]}]}),
                "databases[0].patches[0].from is missing",
            ),
            (
                json!({"databases": [{"resource": "a"}, {"resource": "a"}]}),
                "databases has more than one element whose resource is \"a\"",
            ),
            (
                json!({"lookups": "Some"}),
                "lookups must be one of Everest, All, None",
            ),
        ] {
            let found = of_input(input);
            assert!(found.contains(words), "{found}");
        }
    }

    #[test]
    fn what_is_right_passes() {
        assert_eq!(
            of_input(json!({
                "apiVersion": "everest.fn.openeverest.io/v1beta1",
                "kind": "Input",
                "databases": [{
                    "resource": "a",
                    "spec": {"engine": {"storage": {"size": 25}, "resources": {"cpu": "1"}}},
                    "patches": [{"from": "spec.size", "map": {"s": {"engine": {"replicas": 1}}}}],
                }],
            })),
            ""
        );
    }

    #[test]
    fn a_whole_spec_needs_its_engine_and_a_later_version_may_have_more() {
        let of = |value: Value, reading| faults(&DATABASE_SPEC, &value, "spec", reading).join("; ");
        assert_eq!(of(json!({}), Reading::Definition), "spec.engine is missing");
        let later = json!({"engine": {"type": "pxc", "storage": {"size": "1Gi"}, "turbo": true}});
        assert_eq!(of(later.clone(), Reading::OlderDefinition), "");
        assert!(of(later, Reading::Definition).contains("spec.engine.turbo is not a field"));
    }
}
