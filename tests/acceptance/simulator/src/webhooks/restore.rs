//! Admission of DatabaseClusterRestores.

use kube::core::DynamicObject;
use serde_json::Value;

use super::review::{Admitted, FieldError, Refusal, Request, Verdict};
use crate::cluster::Cluster;
use crate::everest::IN_USE;
use crate::kinds;
use crate::object::{self, at, text};

const KIND: &str = "DatabaseClusterRestore";
const DATABASE: &str = "spec.dbClusterName";
const BACKUP: &str = "spec.dataSource.dbClusterBackupName";
const STORAGE: &str = "spec.dataSource.backupSource.backupStorageName";

/// States in which a database takes no restore.
const CLOSED: &[&str] = &[
    "creating",
    "paused",
    "restoring",
    "deleting",
    "upgrading",
    "resizingVolumes",
    "importing",
];

/// Target, source and point in time are right on creation; nothing changes
/// afterwards; a restore that runs stays.
pub async fn validate(request: &Request, cluster: &Cluster) -> Verdict {
    let refuse = |error| Refusal::invalid(KIND, &request.name, vec![error]);
    match request.operation.as_str() {
        "DELETE" if object::has_finalizer(&request.object, IN_USE) => {
            let error = FieldError::forbidden("metadata.name", "is in use and cannot be deleted");
            Err(refuse(error))
        }
        "UPDATE" if request.changes_spec() => {
            Err(refuse(FieldError::forbidden("spec", "is immutable")))
        }
        "CREATE" => {
            create(request, cluster)
                .await?
                .map_or(Ok(()), |e| Err(refuse(e)))?;
            Ok(Admitted::default())
        }
        _ => Ok(Admitted::default()),
    }
}

async fn create(request: &Request, cluster: &Cluster) -> Result<Option<FieldError>, Refusal> {
    let namespace = request.namespace.as_str();
    let spec = at(&request.object.data, "/spec");
    let name = text(spec, "/dbClusterName");
    let target = cluster
        .read(&kinds::DATABASE_CLUSTER, namespace, name)
        .await?;
    let Some(target) = target else {
        return Ok(Some(FieldError::not_found(DATABASE, name)));
    };
    if let Some(error) = check_state(&target).or_else(|| check_source(spec)) {
        return Ok(Some(error));
    }
    let backup_name = text(spec, "/dataSource/dbClusterBackupName");
    let mut storage = text(spec, "/dataSource/backupSource/backupStorageName").to_owned();
    if !backup_name.is_empty() {
        let backup = cluster.read(&kinds::BACKUP, namespace, backup_name).await?;
        let Some(backup) = backup else {
            return Ok(Some(FieldError::not_found(BACKUP, backup_name)));
        };
        if let Some(error) = check_backup(cluster, &backup, &target, backup_name).await? {
            return Ok(Some(error));
        }
        text(&backup.data, "/spec/backupStorageName").clone_into(&mut storage);
    }
    let found = cluster
        .read(&kinds::BACKUP_STORAGE, namespace, &storage)
        .await?;
    Ok(found
        .is_none()
        .then(|| FieldError::not_found(STORAGE, &storage)))
}

fn check_state(target: &DynamicObject) -> Option<FieldError> {
    let state = text(&target.data, "/status/status");
    let bootstraps = text(&target.data, "/spec/engine/type") == "postgresql"
        && at(&target.data, "/spec/dataSource").is_object();
    if bootstraps || !CLOSED.contains(&state) {
        return None;
    }
    let why = format!("the database is in state {state:?} and takes no restore");
    Some(FieldError::forbidden(DATABASE, &why))
}

fn check_source(spec: &Value) -> Option<FieldError> {
    let source = at(spec, "/dataSource");
    let by_name = !text(source, "/dbClusterBackupName").is_empty();
    let by_path = at(source, "/backupSource").is_object();
    if by_name == by_path {
        let why = "exactly one of dbClusterBackupName and backupSource must be given";
        return Some(FieldError::forbidden("spec.dataSource", why));
    }
    let field = "spec.dataSource.backupSource";
    if by_path && text(source, "/backupSource/path").is_empty() {
        return Some(FieldError::required(&format!("{field}.path"), ""));
    }
    let pitr = at(source, "/pitr");
    if pitr.is_null() {
        return None;
    }
    let kind = text(pitr, "/type");
    if !matches!(kind, "" | "date") {
        let field = "spec.dataSource.pitr.type";
        return Some(FieldError::unsupported(field, kind, &["date"]));
    }
    let field = "spec.dataSource.pitr.date";
    let date = text(pitr, "/date");
    if date.is_empty() {
        return Some(FieldError::required(field, "the point in time"));
    }
    if date.parse::<jiff::Timestamp>().is_err() {
        let why = "must be like 2006-01-02T15:04:05Z";
        return Some(FieldError::invalid(field, date, why));
    }
    None
}

async fn check_backup(
    cluster: &Cluster,
    backup: &DynamicObject,
    target: &DynamicObject,
    name: &str,
) -> Result<Option<FieldError>, Refusal> {
    if object::deleting(backup) {
        return Ok(Some(FieldError::forbidden(BACKUP, "is being deleted")));
    }
    if text(&backup.data, "/status/state") != "Succeeded" {
        let why = "the backup has not succeeded";
        return Ok(Some(FieldError::invalid(BACKUP, name, why)));
    }
    let source_name = text(&backup.data, "/spec/dbClusterName");
    if target.metadata.name.as_deref() == Some(source_name) {
        return Ok(None);
    }
    let namespace = backup.metadata.namespace.as_deref().unwrap_or_default();
    let source = cluster
        .read(&kinds::DATABASE_CLUSTER, namespace, source_name)
        .await?;
    let Some(source) = source else {
        let why = format!("the backup's database {source_name:?} is gone");
        return Ok(Some(FieldError::invalid(BACKUP, name, &why)));
    };
    let pointer = "/spec/engine/type";
    if text(&source.data, pointer) != text(&target.data, pointer) {
        let why = "the backup is of another engine type";
        return Ok(Some(FieldError::invalid(BACKUP, name, why)));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_source_is_a_backup_or_a_path_and_a_point_in_time_is_a_date() {
        let ok = |source: Value| check_source(&json!({ "dataSource": source })).is_none();
        assert!(ok(json!({"dbClusterBackupName": "b"})));
        assert!(ok(
            json!({"backupSource": {"path": "p", "backupStorageName": "s"}})
        ));
        assert!(!ok(json!({})));
        assert!(!ok(
            json!({"dbClusterBackupName": "b", "backupSource": {"path": "p"}})
        ));
        let pitr = |pitr: Value| json!({"dbClusterBackupName": "b", "pitr": pitr});
        assert!(ok(pitr(
            json!({"type": "date", "date": "2026-01-01T02:03:04Z"})
        )));
        assert!(!ok(pitr(json!({"type": "latest"}))));
        assert!(!ok(pitr(json!({"type": "date"}))));
        assert!(!ok(pitr(json!({"date": "yesterday"}))));
    }

    #[test]
    fn a_busy_database_takes_no_restore_unless_postgresql_starts_from_a_backup() {
        let target = |engine: &str, state: &str, source: Value| {
            object::new(
                &kinds::DATABASE_CLUSTER,
                "n",
                "d",
                json!({"spec": {"engine": {"type": engine}, "dataSource": source},
                    "status": {"status": state}}),
            )
        };
        assert!(check_state(&target("pxc", "ready", Value::Null)).is_none());
        assert!(check_state(&target("pxc", "restoring", Value::Null)).is_some());
        assert!(check_state(&target("postgresql", "creating", json!({}))).is_none());
    }
}
