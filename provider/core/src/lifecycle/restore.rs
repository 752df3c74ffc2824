//! Lifecycles of restores: running one, and removing its record.

use everest_schemas::Field;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore};
use everest_schemas::models::RestoreModel;
use serde_json::Value;

use super::{
    Action, EngineRole, Lifecycle, ObjectRef, Observed, Query, Removal, Requirement, Stopwatches,
    prerequisites,
};
use crate::facts::Seen;
use crate::readiness::{self, Readiness};
use crate::v1;

/// Restores a database in place.
///
/// 1. An upgrade of an operator in the namespace is waited for. The database must be ready, no
///    other restore of it may be running, and a named backup must have succeeded.
/// 2. The object is made.
/// 3. The restore has to succeed, and the database has to be usable again: the engine restarts, and
///    dependents of the restore want to use the database.
#[derive(Clone, Debug)]
pub struct BeginRestore {
    object: ObjectRef,
    database: String,
    backup: Option<String>,
    body: Value,
}

impl BeginRestore {
    /// Restores what the model says.
    pub fn of(model: &RestoreModel) -> Self {
        Self {
            object: ObjectRef::of_model(model),
            database: text(&model.database_name).to_owned(),
            backup: model.backup_name.known().cloned(),
            body: v1::restore::desired(model),
        }
    }

    /// The condition that does not hold yet, if there is one.
    fn required(&self, observed: &Observed) -> Result<Option<Requirement>, Query> {
        let (namespace, database) = (&self.object.namespace, &self.database);
        if let Some(missing) = prerequisites::ready_database(observed, namespace, database)? {
            return Ok(Some(missing));
        }
        let others = observed.all::<DatabaseClusterRestore>(namespace)?;
        let running = others.into_iter().flatten().find(|other| {
            other.metadata.name.as_deref() != Some(&self.object.name)
                && v1::restore::is_under_way(other, database)
        });
        if let Some(running) = running {
            let name = running.metadata.name.as_deref().unwrap_or_default();
            return Ok(Some(Requirement::condition(
                "databaseName",
                format!("restore {name} of the database {namespace}/{database} is under way"),
                "Apply again once it has ended",
            )));
        }
        let Some(wanted) = &self.backup else {
            return Ok(None);
        };
        let Some(backup) = observed.object::<DatabaseClusterBackup>(namespace, wanted)? else {
            return Ok(Some(Requirement::condition(
                "backupName",
                format!("the backup {namespace}/{wanted} does not exist"),
                "Name one that does",
            )));
        };
        let state = v1::backup::state(backup);
        Ok((state != "Succeeded").then(|| {
            Requirement::condition(
                "backupName",
                format!(
                    "the backup {namespace}/{wanted} has not succeeded (its state is {state:?})"
                ),
                "There is nothing to restore from before it has",
            )
        }))
    }
}

impl Lifecycle for BeginRestore {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        "did not succeed"
    }

    fn turn(&self) -> Option<String> {
        let ObjectRef { namespace, .. } = &self.object;
        Some(format!("restore of {namespace}/{}", self.database))
    }

    fn body(&self) -> Option<&Value> {
        Some(&self.body)
    }

    fn runs_once(&self) -> bool {
        true
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let ObjectRef {
            namespace, name, ..
        } = &self.object;
        let found = observed.object::<DatabaseClusterRestore>(namespace, name)?;
        if let Some(restore) = found
            && observed.is_ours(&self.object)
        {
            return match readiness::restore(restore) {
                Readiness::Pending(missing) => Ok(Action::Await(missing.into())),
                Readiness::Failed(reason) => Ok(Action::Failed(reason)),
                Readiness::Ready => usable_again(observed, namespace, restore),
            };
        }
        if let Some(missing) = prerequisites::operator_upgrade(observed, namespace)? {
            return Ok(Action::Await(missing));
        }
        Ok(match self.required(observed)? {
            Some(missing) => Action::Require(missing),
            None => Action::Create {
                object: self.object.clone(),
                body: self.body.clone().into(),
            },
        })
    }
}

/// Waits until the database of a restore that has succeeded can be used.
fn usable_again(
    observed: &Observed,
    namespace: &str,
    restore: &DatabaseClusterRestore,
) -> Result<Action, Query> {
    let database = observed.beside::<DatabaseCluster>(namespace, database_of(restore))?;
    let Seen::Found(database) = database else {
        return Ok(Action::Done(()));
    };
    Ok(match v1::database::status(database) {
        "ready" | "paused" => Action::Done(()),
        status => Action::Await(
            format!("the database to be ready again (its status is {status:?})").into(),
        ),
    })
}

/// Removes the record of a restore; what was restored stays.
///
/// 1. A running restore is waited for, since Everest refuses to delete it, unless its database is
///    gone: then it never moves again.
/// 2. It is deleted, and the engine's own restore after it.
#[derive(Clone, Debug)]
pub struct RemoveRestore {
    object: ObjectRef,
    is_running: bool,
    removal: Removal,
}

impl RemoveRestore {
    /// Removes the restore of a model.
    pub fn of(model: &RestoreModel) -> Self {
        Self {
            object: ObjectRef::of_model(model),
            is_running: false,
            removal: Removal::default(),
        }
    }
}

impl Lifecycle for RemoveRestore {
    type Outcome = ();

    fn subject(&self) -> ObjectRef {
        self.object.clone()
    }

    fn aim(&self) -> &'static str {
        match self.is_running {
            true => "did not end, so it cannot be deleted",
            false => "was not gone",
        }
    }

    fn next(&mut self, observed: &Observed, _: &mut Stopwatches) -> Result<Action, Query> {
        let ObjectRef {
            namespace, name, ..
        } = &self.object;
        let found = observed.object::<DatabaseClusterRestore>(namespace, name)?;
        self.is_running = match found {
            Some(restore) if v1::restore::is_running(restore) => {
                let database =
                    observed.object::<DatabaseCluster>(namespace, database_of(restore))?;
                database.is_some()
            }
            _ => false,
        };
        if self.is_running {
            return Ok(Action::Await("the running restore to end".into()));
        }
        let metadata = found.map(|restore| &restore.metadata);
        if let Some(action) = self.removal.step(&self.object, metadata) {
            return Ok(action);
        }
        let remains = self
            .removal
            .remains(&self.object, EngineRole::Restore, observed)?;
        Ok(remains.unwrap_or(Action::Done(())))
    }
}

fn database_of(restore: &DatabaseClusterRestore) -> &str {
    text(&restore.spec.db_cluster_name)
}

fn text(field: &Field<String>) -> &str {
    field.known_str().unwrap_or_default()
}
