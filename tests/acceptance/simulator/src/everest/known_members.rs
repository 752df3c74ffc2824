//! The members of a DatabaseCluster's spec that the operator's Go types have. A full Update
//! stores what the types hold: all other members are lost then.

use serde_json::Value;

/// Pointers to all members. `*` is any element; what lies below a member that is listed stays.
const KNOWN: &[&str] = &[
    "/allowUnsafeConfiguration",
    "/backup/enabled",
    "/backup/pitr/backupStorageName",
    "/backup/pitr/enabled",
    "/backup/pitr/uploadIntervalSec",
    "/backup/schedules/*/backupStorageName",
    "/backup/schedules/*/enabled",
    "/backup/schedules/*/name",
    "/backup/schedules/*/retentionCopies",
    "/backup/schedules/*/schedule",
    "/dataSource/backupSource/backupStorageName",
    "/dataSource/backupSource/path",
    "/dataSource/dataImport",
    "/dataSource/dbClusterBackupName",
    "/dataSource/pitr/date",
    "/dataSource/pitr/type",
    "/engine/config",
    "/engine/crVersion",
    "/engine/replicas",
    "/engine/resources/cpu",
    "/engine/resources/limits",
    "/engine/resources/memory",
    "/engine/resources/requests",
    "/engine/storage/class",
    "/engine/storage/size",
    "/engine/type",
    "/engine/userSecretsName",
    "/engine/version",
    "/engineFeatures/psmdb/splitHorizonDnsConfigName",
    "/monitoring/monitoringConfigName",
    "/monitoring/resources",
    "/paused",
    "/podSchedulingPolicyName",
    "/proxy/config",
    "/proxy/expose/ipSourceRanges",
    "/proxy/expose/loadBalancerConfigName",
    "/proxy/expose/type",
    "/proxy/replicas",
    "/proxy/resources/cpu",
    "/proxy/resources/limits",
    "/proxy/resources/memory",
    "/proxy/resources/requests",
    "/proxy/storage",
    "/proxy/type",
    "/sharding/configServer/replicas",
    "/sharding/enabled",
    "/sharding/shards",
];

/// Takes away the members of a spec that the types lack.
pub fn keep(spec: &mut Value) {
    prune(spec, "");
}

/// Takes away members that the types of an older operator lack as well, as a list of pointers
/// says.
pub fn forget(spec: &mut Value, pointers: &str) {
    for pointer in pointers.split(',') {
        if let Some((parent, name)) = pointer.trim().rsplit_once('/')
            && let Some(parent) = spec.pointer_mut(parent).and_then(Value::as_object_mut)
        {
            parent.remove(name);
        }
    }
}

fn prune(value: &mut Value, path: &str) {
    if KNOWN.contains(&path) {
        return;
    }
    match value {
        Value::Object(members) => members.retain(|name, member| {
            let path = format!("{path}/{name}");
            let known = KNOWN.iter().any(|known| {
                known
                    .strip_prefix(&path)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            });
            if known {
                prune(member, &path);
            }
            known
        }),
        Value::Array(elements) => {
            for element in elements {
                prune(element, &format!("{path}/*"));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_that_the_types_lack_are_lost_at_every_depth() {
        let mut spec = json!({
            "groupName": "g",
            "engine": {"type": "pxc", "novel": 1},
            "backup": {"schedules": [{"name": "s", "novel": 1}]},
            "dataSource": {"dataImport": {"config": {"anything": 1}}},
        });
        keep(&mut spec);
        assert_eq!(
            spec,
            json!({
                "engine": {"type": "pxc"},
                "backup": {"schedules": [{"name": "s"}]},
                "dataSource": {"dataImport": {"config": {"anything": 1}}},
            })
        );
    }

    /// The members of a schema that have no members of their own.
    fn leaves(schema: &Value, path: &str, found: &mut Vec<String>) {
        let (members, path) = match &schema["items"]["properties"] {
            Value::Object(members) => (Some(members), format!("{path}/*")),
            _ => (schema["properties"].as_object(), path.to_owned()),
        };
        match members {
            Some(members) => {
                for (name, member) in members {
                    leaves(member, &format!("{path}/{name}"), found);
                }
            }
            None => found.push(path),
        }
    }

    #[test]
    fn the_types_have_every_member_of_everests_definition() {
        let definition = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../../schemas/crds/everest.percona.com_databaseclusters.yaml"
        );
        let definition = std::fs::read_to_string(definition).unwrap();
        let definition: Value = serde_yaml_ng::from_str(&definition).unwrap();
        let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        let mut found = Vec::new();
        leaves(&schema["properties"]["spec"], "", &mut found);
        assert!(found.len() > 50, "{found:?}");
        found.retain(|leaf| {
            let is_at = |rest: &str| rest.is_empty() || rest.starts_with('/');
            let mut known = KNOWN.iter().filter_map(|known| leaf.strip_prefix(known));
            !known.any(is_at)
        });
        assert!(found.is_empty(), "KNOWN lacks {found:?}");
    }

    #[test]
    fn an_older_operator_forgets_what_newer_types_have() {
        let mut spec = json!({"engine": {"resources": {"cpu": "1", "limits": {"cpu": "2"}}}});
        forget(&mut spec, "/engine/resources/limits, /proxy/storage");
        assert_eq!(spec, json!({"engine": {"resources": {"cpu": "1"}}}));
    }
}
