//! The presentation of a refused dry run in a plan.

use everest_schemas::Field;
use serde::Serialize;
use serde_json::Value;

use crate::finding::Finding;
use crate::path::FieldPath;
use crate::rules;

/// The weight of a refusal while a change is only planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It is not shown: a rule has reported it already.
    Said,
    /// A warning: the same run may still make the missing object.
    Warning,
    /// An error: no run can make it right.
    Error,
}

/// Words with which the API server and Everest's webhooks report a missing object, or one that is
/// being deleted, such as the namespace.
const ABSENT: [&str; 5] = [
    "not found",
    "does not exist",
    "no such",
    "is being deleted",
    "is being terminated",
];

/// Words with which they refuse a version while the operator of the engine offers none.
const NO_VERSION: &str = "Unsupported value: \"\"";

/// Weighs a refusal with `message` that blames the attribute at `path`; `warnings` are the findings
/// of the rules in the same plan.
pub fn weigh(path: Option<&FieldPath>, message: &str, warnings: &[Finding]) -> Weight {
    let absent = {
        let message = message.to_lowercase();
        ABSENT.iter().any(|words| message.contains(words)) || is_without_versions(message.as_str())
    };
    let overlaps = |finding: &Finding| match path {
        Some(path) => {
            let (one, other) = (path.segments(), finding.path.segments());
            !other.is_empty() && (one.starts_with(other) || other.starts_with(one))
        }
        None => absent && rules::may_be_made_by_the_run(finding),
    };
    // What Everest would not carry out is taken all the same: another refusal is about something
    // else.
    let said = |finding: &Finding| {
        rules::may_be_made_by_the_run(finding) && (absent || !rules::stalls_changes(finding))
            || rules::lacks_ground(finding)
    };
    let overlapping = || warnings.iter().filter(|finding| overlaps(finding));
    if overlapping().any(said) {
        Weight::Said
    } else if absent || overlapping().any(rules::is_held_at_every_write) {
        Weight::Warning
    } else {
        Weight::Error
    }
}

fn is_without_versions(message: &str) -> bool {
    message.contains(&NO_VERSION.to_lowercase())
}

/// Returns true if a dry run would tell nothing new, by the findings of the rules: the server would
/// refuse the change because of a state that an apply waits out, or because something is missing
/// that everything else depends on.
pub fn is_meaningless(warnings: &[Finding]) -> bool {
    warnings
        .iter()
        .any(|finding| rules::waits_for_its_time(finding) || rules::lacks_ground(finding))
}

/// Returns true if nothing in a part of a configuration is unknown. In the JSON of a model, absent
/// members are omitted and unknown values are null.
pub fn is_known<T: Serialize>(part: &Field<T>) -> bool {
    match part {
        Field::Null => true,
        Field::Unknown => false,
        Field::Known(value) => is_wholly_known(value),
    }
}

/// Returns true if nothing in a model is unknown.
pub fn is_wholly_known<T: Serialize>(model: &T) -> bool {
    serde_json::to_value(model).is_ok_and(|value| !has_null(&value))
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::models::DatabaseModel;
    use serde_json::json;

    fn warning(rule: &'static str, path: &str) -> Finding {
        let path = match path {
            "" => FieldPath::root(),
            path => FieldPath::of(path),
        };
        Finding::warning(rule, path, "s", "d")
    }

    #[test]
    fn what_no_run_makes_right_is_an_error() {
        let path = FieldPath::of("engine.type");
        let message = "spec.engine.type: Forbidden: field is immutable";
        assert_eq!(weigh(Some(&path), message, &[]), Weight::Error);
        assert_eq!(weigh(None, "too many databases", &[]), Weight::Error);
        let elsewhere = [warning("storage-class-exists", "engine.storage.class")];
        assert_eq!(weigh(Some(&path), message, &elsewhere), Weight::Error);
    }

    #[test]
    fn what_is_not_there_yet_is_a_warning() {
        for message in [
            "Secret \"nope\" not found",
            "spec.backupStorageName: Not found: \"s3\"",
            "spec.backupStorageName: Forbidden: is being deleted",
            "unable to create new content in namespace prod because it is being terminated",
            "spec.engine.version: Unsupported value: \"\"",
        ] {
            assert_eq!(weigh(None, message, &[]), Weight::Warning, "{message}");
        }
    }

    #[test]
    fn without_an_engine_or_a_namespace_of_everests_there_is_no_dry_run() {
        for rule in ["engine-installed", "namespace-served", "upgrade-lock"] {
            assert!(is_meaningless(&[warning(rule, "namespace")]), "{rule}");
        }
        assert!(!is_meaningless(&[warning("secret-exists", "engine")]));
    }

    #[test]
    fn what_a_rule_has_said_is_not_said_again() {
        let path = FieldPath::of("backupStorageName");
        let said = [warning("backup-storage-exists", "backupStorageName")];
        let message = "spec.backupStorageName: Not found: \"s3\"";
        assert_eq!(weigh(Some(&path), message, &said), Weight::Said);
        let engine = [warning("engine-installed", "engine.type")];
        assert_eq!(
            weigh(
                Some(&FieldPath::of("engine.type")),
                "spec.engine.type: Unsupported value: \"pxc\"",
                &engine
            ),
            Weight::Said
        );
        let secret = [warning("secret-exists", "engine.userSecretsName")];
        let message = "Secret \"nope\" not found";
        assert_eq!(weigh(None, message, &secret), Weight::Said);
    }

    #[test]
    fn a_refusal_is_not_weakened_by_what_a_rule_only_doubts_or_lets_pass() {
        let path = FieldPath::of("engine.version");
        let message = "spec.engine.version: Unsupported value: \"8.0.36\"";
        let doubt = [warning("version-recommended", "engine.version")];
        assert_eq!(weigh(Some(&path), message, &doubt), Weight::Error);
        let path = FieldPath::of("backup.schedules");
        let message = "spec.backup.schedules: Too many: 9: must have at most 8 items";
        let left = [warning(
            "backup-storage-exists",
            "backup.schedules.backupStorageName",
        )];
        assert_eq!(weigh(Some(&path), message, &left), Weight::Error);
    }

    #[test]
    fn a_version_that_an_operator_of_the_same_run_may_offer_is_a_warning() {
        let path = FieldPath::of("engine.version");
        let message = "spec.engine.version: Unsupported value: \"8.0.99\"";
        let pending = [warning("version-offered", "engine.version")];
        assert_eq!(weigh(Some(&path), message, &pending), Weight::Warning);
    }

    #[test]
    fn a_backup_that_the_same_run_takes_anew_is_said_already() {
        let path = FieldPath::of("backupName");
        let message = "spec.dataSource.dbClusterBackupName: Forbidden: backup is in state Failed";
        let failed = [warning("source-backup", "backupName")];
        assert_eq!(weigh(Some(&path), message, &failed), Weight::Said);
    }

    #[test]
    fn a_change_that_has_to_wait_gets_no_dry_run() {
        assert!(is_meaningless(&[warning("database-busy", "")]));
        assert!(is_meaningless(&[warning("upgrade-lock", "")]));
        assert!(!is_meaningless(&[warning("secret-exists", "")]));
        assert!(!is_meaningless(&[]));
    }

    #[test]
    fn one_unknown_leaf_makes_a_configuration_unknown() {
        let mut model: DatabaseModel = serde_json::from_value(json!({"namespace": "n",
            "name": "a", "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}}))
        .unwrap();
        assert!(is_known(&model.spec));
        assert!(is_known(&model.labels), "absent");
        let engine = model.spec.known_mut().unwrap().engine.known_mut().unwrap();
        engine.storage.known_mut().unwrap().size = Field::Unknown;
        assert!(!is_known(&model.spec));
        assert!(!is_known(&Field::<String>::Unknown));
    }
}
