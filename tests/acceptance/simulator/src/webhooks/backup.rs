//! Admission of DatabaseClusterBackups.

use super::review::{Admitted, FieldError, Refusal, Request, Verdict};
use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::everest::IN_USE;
use crate::kinds;
use crate::object::{self, text};

const KIND: &str = "DatabaseClusterBackup";
const STORAGE: &str = "spec.backupStorageName";
const DATABASE: &str = "spec.dbClusterName";

/// Storages and databases exist on creation; nothing changes afterwards; a
/// backup in use stays.
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
    let name = text(&request.object.data, "/spec/backupStorageName");
    match cluster
        .read(&kinds::BACKUP_STORAGE, namespace, name)
        .await?
    {
        None => return Ok(Some(FieldError::not_found(STORAGE, name))),
        Some(storage) if object::deleting(&storage) => {
            return Ok(Some(FieldError::forbidden(STORAGE, "is being deleted")));
        }
        Some(_) => {}
    }
    let database_name = text(&request.object.data, "/spec/dbClusterName");
    let database = cluster
        .read(&kinds::DATABASE_CLUSTER, namespace, database_name)
        .await?;
    let Some(database) = database else {
        return Ok(Some(FieldError::not_found(DATABASE, database_name)));
    };
    if object::deleting(&database) {
        return Ok(Some(FieldError::forbidden(DATABASE, "is being deleted")));
    }
    let engine = Engine::of_type(text(&database.data, "/spec/engine/type"));
    let active = text(&database.data, "/status/activeStorage");
    if engine == Some(Engine::Psmdb) && !active.is_empty() && active != name {
        let why = format!("the database uses {active:?}, MongoDB takes only one storage");
        return Ok(Some(FieldError::invalid(STORAGE, name, &why)));
    }
    if engine == Some(Engine::Postgresql) {
        let mut storages = crate::engine_cr::storages_of_spec(&database.data["spec"]);
        // The storage of the backup itself is not counted: a fourth slips
        // through.
        for backup in cluster.list(&kinds::BACKUP, namespace) {
            let used = text(&backup.data, "/spec/backupStorageName");
            if text(&backup.data, "/spec/dbClusterName") == database_name
                && !storages.iter().any(|s| s == used)
            {
                storages.push(used.to_owned());
            }
        }
        if storages.len() > 3 {
            let why = "PostgreSQL takes at most 3 storages";
            return Ok(Some(FieldError::forbidden(STORAGE, why)));
        }
    }
    Ok(None)
}
