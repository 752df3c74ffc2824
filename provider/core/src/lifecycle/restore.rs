//! Lifecycles of restores: running one, and removing its record.

use everest_schemas::Field;
use everest_schemas::everest::{DatabaseCluster, DatabaseClusterBackup, DatabaseClusterRestore};
use everest_schemas::models::RestoreModel;
use serde_json::Value;

use super::{
    Action, EngineRole, Lifecycle, ObjectRef, Observed, Query, Removal, Requirement, Stopwatches,
    failure, prerequisites,
};
use crate::readiness::{self, Readiness};
use crate::v1;

/// Restores a database in place.
///
/// 1. The upgrade of an operator of the namespace is waited for, a database that becomes ready by
///    itself, another restore of it or an import into it, and a backup that is named and still being
///    taken. One that has not succeeded is refused. A broken database is restored; only MongoDB has
///    to run.
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

    /// What comes before it begins.
    fn before(
        &self,
        observed: &Observed,
        times: &mut Stopwatches,
    ) -> Result<Option<Action>, Query> {
        let (namespace, database) = (&self.object.namespace, &self.database);
        let step = prerequisites::restorable_database(observed, namespace, database, times)?;
        if step.is_some() {
            return Ok(step);
        }
        if let Some(action) = prerequisites::data_is_at_rest(observed, &self.object, database)? {
            return Ok(Some(action));
        }
        let Some(wanted) = &self.backup else {
            return Ok(None);
        };
        let missing = |message: String, remedy: &'static str| {
            Action::Require(Requirement::condition("backupName", message, remedy))
        };
        let Some(backup) = observed.object::<DatabaseClusterBackup>(namespace, wanted)? else {
            let message = format!("the backup {namespace}/{wanted} does not exist");
            return Ok(Some(missing(message, "Name an existing backup")));
        };
        Ok(match v1::backup::state(backup) {
            "Succeeded" => None,
            _ if v1::backup::is_unfinished(backup) => Some(Action::Await(
                format!("the backup {namespace}/{wanted} to succeed").into(),
            )),
            state => Some(missing(
                format!(
                    "the backup {namespace}/{wanted} has not succeeded (its state is {state:?})"
                ),
                "Restore it once it has succeeded",
            )),
        })
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
        Some(prerequisites::turn_of_data(namespace, &self.database))
    }

    fn body(&self) -> Option<&Value> {
        Some(&self.body)
    }

    fn runs_once(&self) -> bool {
        true
    }

    fn next(&mut self, observed: &Observed, times: &mut Stopwatches) -> Result<Action, Query> {
        let ObjectRef {
            namespace, name, ..
        } = &self.object;
        let found = observed.object::<DatabaseClusterRestore>(namespace, name)?;
        if let Some(restore) = found
            && observed.is_ours(&self.object)
        {
            return match readiness::restore(restore) {
                Readiness::Pending(missing) => Ok(Action::Await(missing.into())),
                Readiness::Failed(reason) => Ok(Action::Failed(why(
                    observed,
                    &self.object,
                    restore,
                    reason,
                )?)),
                Readiness::Ready => {
                    prerequisites::usable_again(observed, namespace, database_of(restore))
                }
            };
        }
        if let Some(missing) = prerequisites::operator_upgrade(observed, namespace)? {
            return Ok(Action::Await(missing));
        }
        Ok(match self.before(observed, times)? {
            Some(action) => action,
            None => Action::Create {
                object: self.object.clone(),
                body: self.body.clone().into(),
            },
        })
    }
}

/// Why a restore failed: Everest's object says what MySQL's and MongoDB's operators do, and nothing
/// of PostgreSQL's.
fn why(
    observed: &Observed,
    object: &ObjectRef,
    restore: &DatabaseClusterRestore,
    reason: String,
) -> Result<String, Query> {
    let status = restore.status.as_ref();
    let message = status.and_then(|status| status.message.as_deref());
    if message.is_some_and(|message| !message.is_empty()) {
        return Ok(reason);
    }
    let said = failure::why(observed, object, EngineRole::Restore)?;
    Ok(said.map_or_else(|| reason.clone(), |said| format!("{reason}: {said}")))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::lifecycle::ObjectKind;
    use crate::lifecycle::world::World;
    use everest_schemas::Engine;
    use serde_json::json;

    #[test]
    fn nothing_is_restored_beside_something_else() {
        let model: RestoreModel = serde_json::from_value(json!({"namespace": "prod", "name": "r",
            "databaseName": "orders", "backupName": "b"}))
        .unwrap();
        let job = |state: &str, database: &str| {
            json!({"metadata": {}, "status": {"state": state},
                "spec": {"targetClusterName": database, "dataImporterName": "dump",
                    "source": {"path": "d"}}})
        };
        let restore = |state: &str| {
            json!({"metadata": {}, "status": {"state": state},
                "spec": {"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b"}}})
        };
        for (kind, beside, awaited) in [
            (
                ObjectKind::DataImportJob,
                job("", "orders"),
                Some("import x"),
            ),
            (
                ObjectKind::DataImportJob,
                job("Running", "orders"),
                Some("import x"),
            ),
            (
                ObjectKind::DataImportJob,
                job("Error", "orders"),
                Some("import x"),
            ),
            (ObjectKind::DataImportJob, job("Succeeded", "orders"), None),
            (ObjectKind::DataImportJob, job("Running", "other"), None),
            (ObjectKind::Restore, restore("Restoring"), Some("restore x")),
            (ObjectKind::Restore, restore("Failed"), None),
        ] {
            let mut world = World::default()
                .with(
                    ObjectKind::Database,
                    "orders",
                    json!({"metadata": {"namespace": "prod"}, "status": {"status": "ready"},
                        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}}),
                )
                .with(
                    ObjectKind::Backup,
                    "b",
                    json!({"metadata": {}, "status": {"state": "Succeeded", "gaps": false},
                        "spec": {"dbClusterName": "orders", "backupStorageName": "s3"}}),
                )
                .with(kind, "x", beside.clone());
            let next = world.next(&mut BeginRestore::of(&model));
            match (next, awaited) {
                (Action::Await(missing), Some(awaited)) => {
                    let said = missing.render(Dialect::Terraform);
                    assert_eq!(
                        said,
                        format!("{awaited} of the database prod/orders to end")
                    );
                }
                (Action::Create { .. }, None) => {}
                (next, _) => panic!("{beside}: {next:?}"),
            }
        }
    }

    #[test]
    fn a_database_that_does_not_start_is_restored_after_a_while() {
        let model: RestoreModel = serde_json::from_value(json!({"namespace": "prod", "name": "r",
            "databaseName": "orders", "backupName": "b"}))
        .unwrap();
        let database = |status: &str| {
            json!({"metadata": {"namespace": "prod"}, "status": {"status": status},
                "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}}}})
        };
        let mut world = World::default()
            .with(ObjectKind::Database, "orders", database("initializing"))
            .with(
                ObjectKind::Backup,
                "b",
                json!({"metadata": {}, "status": {"state": "Succeeded", "gaps": false},
                    "spec": {"dbClusterName": "orders", "backupStorageName": "s3"}}),
            );
        let mut restore = BeginRestore::of(&model);
        for seconds in [0, 300, 299] {
            world.pass(seconds);
            let next = world.next(&mut restore);
            assert!(matches!(next, Action::Await(_)), "{next:?}");
        }
        world.pass(1);
        // A controller makes another one for each reconcile, and keeps the stopwatches alone.
        let next = world.next(&mut BeginRestore::of(&model));
        assert!(matches!(next, Action::Create { .. }), "{next:?}");
        world.put(ObjectKind::Database, "orders", database("error"));
        let next = world.next(&mut BeginRestore::of(&model));
        assert!(matches!(next, Action::Create { .. }), "{next:?}");
    }

    #[test]
    fn a_restore_that_failed_without_a_word_of_everests_says_what_its_engine_does() {
        let failed = |message: &str| {
            json!({"metadata": {}, "status": {"state": "Failed", "message": message}, "spec":
                {"dbClusterName": "ledger", "dataSource": {"dbClusterBackupName": "b"}}})
        };
        let model: RestoreModel = serde_json::from_value(json!({"namespace": "prod", "name": "r",
            "databaseName": "ledger", "backupName": "b"}))
        .unwrap();
        let engine = ObjectKind::Engine(Engine::Postgresql, EngineRole::Restore);
        let own =
            json!({"metadata": {"namespace": "prod"}, "status": {"jobName": "ledger-restore"}});
        let mut world = World::default()
            .with(ObjectKind::Restore, "r", failed(""))
            .with(engine, "r", own)
            .after_making(ObjectKind::Restore, "r");
        let reason = |world: &mut World| match world.next(&mut BeginRestore::of(&model)) {
            Action::Failed(reason) => reason,
            other => panic!("{other:?}"),
        };
        let silent = reason(&mut world);
        assert!(silent.contains("PerconaPGRestore prod/r"), "{silent}");
        assert!(silent.contains("job/ledger-restore"), "{silent}");
        world.put(ObjectKind::Restore, "r", failed("no such path"));
        assert_eq!(reason(&mut world), "the restore failed; no such path");
    }
}
