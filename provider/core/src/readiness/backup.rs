//! The readiness of a backup.

use everest_schemas::everest::DatabaseClusterBackup;

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
}
