//! The readiness of a backup.

use everest_schemas::everest::DatabaseClusterBackup;
use serde_json::Value;

use super::Readiness;
use crate::v1;

/// Ready once the backup has succeeded.
pub fn backup(backup: &DatabaseClusterBackup) -> Readiness {
    let state = v1::backup::state(backup);
    if backup.metadata.deletion_timestamp.is_some() || state == "Deleting" {
        return Readiness::Failed("the backup is being deleted".to_owned());
    }
    match state {
        "Succeeded" => Readiness::Ready,
        "Failed" => Readiness::Failed(
            "the backup failed; the engine's own backup object and the operator's log say why"
                .to_owned(),
        ),
        "" => Readiness::Pending("the backup has not started".to_owned()),
        state => Readiness::Pending(format!("the backup is {state}")),
    }
}

/// The reason of a failure from the engine's own backup object: Everest's object has no field for
/// it.
///
/// Source: `status.error` of percona-xtradb-cluster-operator, `status.error` of
/// percona-server-mongodb-operator and percona-postgresql-operator,
/// `status.message` and conditions of what came before it.
pub fn backup_failure(engine_backup: &Value) -> Option<String> {
    let status = &engine_backup["status"];
    let conditions = status["conditions"].as_array();
    let of_conditions = conditions
        .into_iter()
        .flatten()
        .rev()
        .map(|condition| &condition["message"]);
    [&status["error"], &status["message"]]
        .into_iter()
        .chain(of_conditions)
        .filter_map(Value::as_str)
        .map(str::trim)
        .find(|said| !said.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judge(state: &str) -> Readiness {
        backup(
            &serde_json::from_value(json!({
                "apiVersion": "everest.percona.com/v1alpha1",
                "kind": "DatabaseClusterBackup",
                "metadata": {"name": "b"},
                "spec": {"backupStorageName": "s3", "dbClusterName": "orders"},
                "status": {"gaps": false, "state": state},
            }))
            .unwrap(),
        )
    }

    #[test]
    fn a_backup_is_ready_once_it_succeeded() {
        assert_eq!(judge("Succeeded"), Readiness::Ready);
        assert_eq!(
            judge(""),
            Readiness::Pending("the backup has not started".to_owned())
        );
        assert_eq!(
            judge("Running"),
            Readiness::Pending("the backup is Running".to_owned())
        );
        assert!(matches!(judge("Failed"), Readiness::Failed(_)));
        assert!(matches!(judge("Deleting"), Readiness::Failed(_)));
    }

    #[test]
    fn the_engines_object_says_why_a_backup_failed() {
        let why = |status: Value| backup_failure(&json!({ "status": status }));
        assert_eq!(
            why(json!({"state": "Failed", "error": "AccessDenied: s3"})).as_deref(),
            Some("AccessDenied: s3")
        );
        assert_eq!(
            why(json!({"error": " ", "message": "job failed"})).as_deref(),
            Some("job failed")
        );
        let conditions = json!([{"message": "first"}, {"message": "last"}, {"message": ""}]);
        assert_eq!(
            why(json!({ "conditions": conditions })).as_deref(),
            Some("last")
        );
        assert_eq!(why(json!({"state": "Failed"})), None);
        assert_eq!(backup_failure(&json!({})), None);
    }
}
