//! Lifecycles of backups: taking one, the final one of a database, and removing one.

mod finality;
mod protection;

use std::time::Duration;

use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore};
use everest_schemas::models::BackupModel;
use everest_schemas::{Field, everest};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::{
    Action, EngineRole, Lifecycle, ObjectRef, Observed, Query, Removal, Stopwatches, failure,
    prerequisites, users,
};
use crate::readiness::{self, Readiness};
use crate::storage_users::{IN_USE, User};
use crate::v1;

pub use finality::{FinalBackup, TakeFinalBackup};
pub use protection::{keeps_its_data, protect};

/// Takes a backup.
///
/// 1. The upgrade of an operator of the namespace is waited for, a database that becomes ready by
///    itself, and another unfinished backup of it: Everest's API allows one at a time. Where
///    backups may not be listed, the engine itself queues them.
/// 2. The object is made.
/// 3. Its end is waited for, unless `wait` is false.
#[derive(Clone, Debug)]
pub struct TakeBackup {
    object: ObjectRef,
    database: String,
    body: Value,
    waits: bool,
}

impl TakeBackup {
    /// Takes what the model says.
    pub fn of(model: &BackupModel) -> Self {
        Self {
            waits: model.wait.known() != Some(&false),
            ..Self::with_body(model, v1::backup::desired(model))
        }
    }

    /// Takes the backup of a model with another body.
    fn with_body(model: &BackupModel, body: Value) -> Self {
        let database = model.database_name.known_str().unwrap_or_default();
        Self {
            object: ObjectRef::of_model(model),
            database: database.to_owned(),
            body,
            waits: true,
        }
    }
}

impl Lifecycle for TakeBackup {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "did not succeed"
    }

    fn turn(&self) -> Option<String> {
        let ObjectRef { namespace, .. } = &self.object;
        Some(format!("backup of {namespace}/{}", self.database))
    }

    fn body(&self) -> Option<&Value> {
        Some(&self.body)
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let ObjectRef {
            namespace, name, ..
        } = &self.object;
        let found = observed.object::<DatabaseClusterBackup>(namespace, name)?;
        if let Some(backup) = found
            && observed.is_ours(&self.object)
        {
            return Ok(match readiness::backup(backup) {
                _ if !self.waits => Action::Done(()),
                Readiness::Ready => Action::Done(()),
                Readiness::Pending(missing) => {
                    Action::Await(unfinished(observed, namespace, backup, missing)?.into())
                }
                Readiness::Failed(reason) => {
                    Action::Failed(why(observed, &self.object, backup, reason)?)
                }
            });
        }
        if let Some(missing) = prerequisites::operator_upgrade(observed, namespace)? {
            return Ok(Action::Await(missing));
        }
        if let Some(action) = prerequisites::ready_database(observed, namespace, &self.database)? {
            return Ok(action);
        }
        let others = observed.all::<DatabaseClusterBackup>(namespace)?;
        let running = others.into_iter().flatten().find(|other| {
            other.metadata.name.as_deref() != Some(name)
                && v1::backup::is_being_taken(other, &self.database)
        });
        Ok(match running {
            Some(running) => {
                let running = running.metadata.name.as_deref().unwrap_or_default();
                Action::Await(
                    format!("backup {running} of the same database to end: one runs at a time")
                        .into(),
                )
            }
            None => Action::Create {
                object: self.object.clone(),
                body: self.body.clone().into(),
            },
        })
    }
}

/// What a backup that has not ended lacks. One that has not begun says why its database is not
/// ready: Everest and the engine begin none before, for example while the database cannot reach its
/// bucket.
fn unfinished(
    observed: &Observed,
    namespace: &str,
    backup: &DatabaseClusterBackup,
    missing: String,
) -> Result<String, Query> {
    if !v1::backup::state(backup).is_empty() {
        return Ok(missing);
    }
    let database = observed.object::<DatabaseCluster>(namespace, database_of(backup))?;
    Ok(match database.and_then(v1::database::unready) {
        Some(why) => format!("{missing}, because its database is not ready: {why}"),
        None => missing,
    })
}

/// Why a backup will not succeed: Everest's object has no place for what the engine says.
fn why(
    observed: &Observed,
    object: &ObjectRef,
    backup: &DatabaseClusterBackup,
    reason: String,
) -> Result<String, Query> {
    let said = match v1::backup::state(backup) {
        "Failed" => failure::why(observed, object, EngineRole::Backup)?,
        _ => None,
    };
    Ok(said.map_or(reason, |said| format!("the backup failed: {said}")))
}

/// How long Everest is waited for to let go of a backup that nobody uses any more.
const GRACE: Duration = Duration::from_secs(120);
const REMEDY: &str = "Wait until they have read it, or delete them first: Everest keeps a backup \
    that is being restored";

/// Removes a backup.
///
/// 1. Its data is kept in the bucket, unless it is to go.
/// 2. Its end is waited for if it is being taken of a database that exists, and databases and restores that read it: Everest
///    refuses the deletion before. If it stays protected without any, the deletion is left to the
///    server to refuse.
/// 3. It is deleted, and the engine's own backup after it.
#[derive(Clone, Debug)]
pub struct RemoveBackup {
    object: ObjectRef,
    keeps_data: bool,
    removal: Removal,
}

impl RemoveBackup {
    /// Removes the backup of a model.
    pub fn of(model: &BackupModel) -> Self {
        Self {
            object: ObjectRef::of_model(model),
            keeps_data: model.keep_backup_data.known() != Some(&false),
            removal: Removal::default(),
        }
    }
}

impl Lifecycle for RemoveBackup {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "was not gone"
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        let ObjectRef {
            namespace, name, ..
        } = &self.object;
        let found = observed.object::<DatabaseClusterBackup>(namespace, name)?;
        if let Some(backup) = found
            && backup.metadata.deletion_timestamp.is_none()
        {
            if self.keeps_data
                && let Some(body) = protect(backup)
            {
                return Ok(Action::merge(&self.object, body));
            }
            if is_held(&backup.metadata)
                && let Readiness::Pending(missing) = readiness::backup(backup)
                && observed
                    .object::<DatabaseCluster>(namespace, database_of(backup))?
                    .is_some()
            {
                let missing = unfinished(observed, namespace, backup, missing)?;
                return Ok(Action::Await(
                    format!(
                        "its end, because Everest deletes no backup that is being taken ({missing})"
                    )
                    .into(),
                ));
            }
            let users = match is_held(&backup.metadata) {
                true => Some(readers(observed, namespace, name)?),
                false => None,
            };
            if let Some(action) = users::in_use(users, GRACE, REMEDY, times) {
                return Ok(action);
            }
        }
        let metadata = found.map(|backup| &backup.metadata);
        if let Some(action) = self.removal.step(&self.object, metadata) {
            return Ok(action);
        }
        let remains = self
            .removal
            .remains(&self.object, EngineRole::Backup, observed)?;
        Ok(remains.unwrap_or(Action::Done(())))
    }
}

fn database_of(backup: &DatabaseClusterBackup) -> &str {
    backup.spec.db_cluster_name.known_str().unwrap_or_default()
}

/// Returns true if Everest's in-use finalizer is on the object.
fn is_held(metadata: &ObjectMeta) -> bool {
    let finalizers = metadata.finalizers.iter().flatten();
    finalizers.into_iter().any(|finalizer| finalizer == IN_USE)
}

/// The databases and restores of the namespace that read the backup. A kind that may not be listed
/// is skipped: Everest's own protection holds the backup then.
fn readers(observed: &Observed, namespace: &str, backup: &str) -> Result<Vec<User>, Query> {
    let is = |name: &Field<String>| name.known_str() == Some(backup);
    let mut found = Vec::new();
    for database in observed
        .all::<DatabaseCluster>(namespace)?
        .into_iter()
        .flatten()
    {
        let source = database.spec.data_source.known();
        if source.is_some_and(|source| is(&source.db_cluster_backup_name)) {
            found.push(User::of("database", &database.metadata));
        }
    }
    for restore in observed
        .all::<DatabaseClusterRestore>(namespace)?
        .into_iter()
        .flatten()
    {
        let over = matches!(v1::restore::state(restore), "Succeeded" | "Failed");
        let source: Option<&everest::RestoreDataSource> = restore.spec.data_source.known();
        if source.is_some_and(|source| is(&source.db_cluster_backup_name)) && !over {
            found.push(User::of("restore", &restore.metadata));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
