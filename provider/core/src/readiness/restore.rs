//! The readiness of a restore.

use everest_schemas::everest::DatabaseClusterRestore;

use super::Readiness;
use crate::v1;

/// Ready once the restore has succeeded.
pub fn restore(restore: &DatabaseClusterRestore) -> Readiness {
    let status = restore.status.as_ref();
    let message = match status.and_then(|status| status.message.as_deref()) {
        None | Some("") => String::new(),
        Some(message) => format!("; {message}"),
    };
    match v1::restore::state(restore) {
        "Succeeded" => Readiness::Ready,
        "Failed" => Readiness::Failed(format!("the restore failed{message}")),
        _ if restore.metadata.deletion_timestamp.is_some() => {
            Readiness::Failed(format!("the restore is being deleted{message}"))
        }
        "" => Readiness::Pending(format!("the restore has not started{message}")),
        state => Readiness::Pending(format!("the restore is {state}{message}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judge(state: &str, message: &str) -> Readiness {
        restore(
            &serde_json::from_value(json!({
                "apiVersion": "everest.percona.com/v1alpha1",
                "kind": "DatabaseClusterRestore",
                "metadata": {"name": "r"},
                "spec": {"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b"}},
                "status": {"state": state, "message": message},
            }))
            .unwrap(),
        )
    }

    #[test]
    fn a_restore_is_ready_once_it_succeeded() {
        assert_eq!(judge("Succeeded", ""), Readiness::Ready);
        assert_eq!(
            judge("", ""),
            Readiness::Pending("the restore has not started".to_owned())
        );
        assert_eq!(
            judge("Restoring", "2 of 3"),
            Readiness::Pending("the restore is Restoring; 2 of 3".to_owned())
        );
        assert_eq!(
            judge("Failed", "no such object"),
            Readiness::Failed("the restore failed; no such object".to_owned())
        );
    }
}
