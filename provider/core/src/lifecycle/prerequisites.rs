//! Conditions of a database and its namespace that have to hold before an operation begins, or after
//! it.

use std::time::Duration;

use everest_schemas::Engine;
use everest_schemas::everest::{
    DataImportJob, DatabaseCluster, DatabaseClusterRestore, DatabaseEngine,
};

use super::{Action, ObjectKind, ObjectRef, Observed, Query, Requirement, Stopwatches};
use crate::facts::{Seen, UPGRADE_LOCK, busy_state};
use crate::text::Text;
use crate::{restart, v1};

/// The stopwatch that runs while a database that is to be restored starts or stops.
const STARTING: &str = "starting";

/// The longest wait for the start of a database that is to be restored: one that takes longer is
/// probably broken, and the restore may be its repair.
const RESTORED_AFTER: Duration = Duration::from_secs(600);

/// The reason why a MongoDB has to be ready before a restore.
const AGENTS: &str = "MongoDB is restored by the backup agents in its members, which have to run";

/// The way to the data of a backup while its MongoDB does not run.
const COPY: &str = "restore the backup into a new database, whose data source it is";

/// The upgrade of an operator in the namespace that has to end first, if there is one. Everest's
/// own API creates nothing meanwhile, because the operator that would reconcile it is being
/// replaced. If operators may not be listed, nothing is waited for.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn operator_upgrade(
    observed: &Observed,
    namespace: &str,
) -> Result<Option<Text>, Query> {
    let engines = observed.all::<DatabaseEngine>(namespace)?;
    let locked = engines.into_iter().flatten().find(|engine| {
        let annotations = engine.metadata.annotations.as_ref();
        annotations.is_some_and(|keys| keys.contains_key(UPGRADE_LOCK))
    });
    Ok(locked.map(|engine| {
        let name = engine.metadata.name.as_deref().unwrap_or_default();
        format!("the upgrade of the operator {name} to end").into()
    }))
}

/// The wait for another restore of a database, or import into it, that is under way; none if
/// `subject` may begin. Everest begins each whatever else replaces the data of the database, and the
/// two would damage it. What may not be listed is not waited for.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn data_is_at_rest(
    observed: &Observed,
    subject: &ObjectRef,
    database: &str,
) -> Result<Option<Action>, Query> {
    let namespace = &subject.namespace;
    let is_other = |kind: ObjectKind, name: Option<&str>| {
        subject.kind != kind || name != Some(subject.name.as_str())
    };
    let jobs = observed.all::<DataImportJob>(namespace)?;
    let importing = jobs.into_iter().flatten().find(|job| {
        is_other(ObjectKind::DataImportJob, job.metadata.name.as_deref())
            && v1::data_import_job::is_under_way(job, database)
    });
    let restores = observed.all::<DatabaseClusterRestore>(namespace)?;
    let restoring = restores.into_iter().flatten().find(|restore| {
        is_other(ObjectKind::Restore, restore.metadata.name.as_deref())
            && v1::restore::is_under_way(restore, database)
    });
    let other = match (importing, restoring) {
        (Some(job), _) => ("import", &job.metadata),
        (None, Some(restore)) => ("restore", &restore.metadata),
        (None, None) => return Ok(None),
    };
    let (kind, metadata) = other;
    let name = metadata.name.as_deref().unwrap_or_default();
    Ok(Some(Action::Await(
        format!("{kind} {name} of the database {namespace}/{database} to end").into(),
    )))
}

/// The turn in which the restores of a database and the imports into it begin.
pub(super) fn turn_of_data(namespace: &str, database: &str) -> String {
    format!("restore or import of {namespace}/{database}")
}

/// The step before a backup of a database, or an import into it, begins; none once the database is
/// ready. A database that becomes ready by itself is waited for; if somebody has to act first,
/// nothing is begun.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn ready_database(
    observed: &Observed,
    namespace: &str,
    name: &str,
) -> Result<Option<Action>, Query> {
    existing(observed, namespace, name, |database| {
        unready(database, &format!("{namespace}/{name}"))
    })
}

/// The step before a restore of a database begins; none once it may begin. Everest restores a
/// database that is broken or does not start, which a restore often repairs: an `error` is no reason
/// to wait, and a start is waited for only for a while. MongoDB has to run.
///
/// Source: everest-operator `api/everest/v1alpha1` (`DatabaseCluster.CanRestoreFromBackup`),
/// `internal/controller/everest/databaseclusterrestore_controller.go`; pxc-operator
/// `pkg/controller/pxcrestore`; psmdb-operator `pkg/controller/perconaservermongodbrestore`.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn restorable_database(
    observed: &Observed,
    namespace: &str,
    name: &str,
    times: &mut Stopwatches,
) -> Result<Option<Action>, Query> {
    existing(observed, namespace, name, |database| {
        unrestorable(database, &format!("{namespace}/{name}"), times)
    })
}

/// What `judge` says of a database that exists and stays.
fn existing(
    observed: &Observed,
    namespace: &str,
    name: &str,
    judge: impl FnOnce(&DatabaseCluster) -> Option<Action>,
) -> Result<Option<Action>, Query> {
    let Some(database) = observed.object::<DatabaseCluster>(namespace, name)? else {
        let message = format!("the database {namespace}/{name} does not exist");
        return Ok(Some(missing(message, "Create it first")));
    };
    if database.metadata.deletion_timestamp.is_some() {
        let message = format!("the database {namespace}/{name} is being deleted");
        return Ok(Some(missing(
            message,
            "Try again once another database has that name, or name another database",
        )));
    }
    Ok(judge(database))
}

/// The step before a database is ready.
fn unready(database: &DatabaseCluster, place: &str) -> Option<Action> {
    let status = v1::database::status(database);
    match status {
        "ready" => None,
        _ if becomes_ready(database) => Some(Action::Await(
            format!("the database {place} to be ready (its status is {status:?})").into(),
        )),
        _ => Some(missing(
            format!("the database {place} is not ready (its status is {status:?})"),
            "Apply again once it is; a postcondition { condition = self.ready } on the database \
             stops what depends on it earlier",
        )),
    }
}

/// The step before a database can be restored.
fn unrestorable(
    database: &DatabaseCluster,
    place: &str,
    times: &mut Stopwatches,
) -> Option<Action> {
    let status = v1::database::status(database);
    let engine = database.spec.engine.known();
    let is_mongodb = engine.and_then(|engine| engine.type_.known()) == Some(&Engine::Psmdb);
    if is_mongodb {
        return match status {
            "initializing" => Some(Action::Await(
                format!(
                    "the database {place} to be ready (its status is {status:?}), because \
                     {AGENTS}. If it does not start, {COPY}"
                )
                .into(),
            )),
            "error" => Some(missing(
                format!(
                    "the database {place} is not ready (its status is {status:?}), and {AGENTS}"
                ),
                &format!("Repair it and apply again; or {COPY}"),
            )),
            _ => unready(database, place),
        };
    }
    let is_starting =
        ["initializing", "pausing", "stopping"].contains(&status) && becomes_ready(database);
    if is_starting {
        let waited = times.stood(STARTING, "");
        return (waited < RESTORED_AFTER).then(|| {
            Action::Await(
                format!(
                    "the database {place} to be ready (its status is {status:?}). If it is not \
                     ready within {} minutes, the restore begins without that",
                    RESTORED_AFTER.as_secs() / 60
                )
                .into(),
            )
        });
    }
    times.stop(STARTING);
    match status {
        "error" => None,
        _ => unready(database, place),
    }
}

fn missing(message: String, remedy: &str) -> Action {
    Action::Require(Requirement::condition(
        "databaseName",
        message,
        remedy.to_owned(),
    ))
}

/// Waits until a database whose data was replaced can be used. One that may not be read, or is gone,
/// is not waited for.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn usable_again(
    observed: &Observed,
    namespace: &str,
    name: &str,
) -> Result<Action, Query> {
    let Seen::Found(database) = observed.beside::<DatabaseCluster>(namespace, name)? else {
        return Ok(Action::Done(()));
    };
    Ok(match v1::database::status(database) {
        "ready" | "paused" => Action::Done(()),
        status => Action::Await(
            format!("the database to be ready again (its status is {status:?})").into(),
        ),
    })
}

/// Whether a database that is not ready becomes so by itself: one that is to be paused, or that
/// its engine cannot run, does not.
fn becomes_ready(database: &DatabaseCluster) -> bool {
    match v1::database::status(database) {
        "" | "creating" | "initializing" | "importing" => true,
        "paused" | "pausing" | "stopping" => {
            database.spec.paused.known() != Some(&true) || restart::is_running(database)
        }
        _ => busy_state(database).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::lifecycle::{ObjectKind, Query, world};
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn observed(engine: Engine, status: &str, paused: bool, conditions: &Value) -> Observed {
        let database = json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseCluster", "metadata": {"name": "orders", "namespace": "prod"},
            "spec": {"paused": paused, "engine": {"type": engine, "storage": {"size": "1Gi"}}},
            "status": {"status": status, "conditions": conditions}});
        let database: DatabaseCluster = serde_json::from_value(database).unwrap();
        let mut observed = Observed::at("2026-01-01T12:00:00Z".parse().unwrap());
        let object = world::object(ObjectKind::Database, "orders");
        observed.note_object(&object, Some(Arc::new(database)));
        observed
    }

    fn asked(status: &str, paused: bool, conditions: &Value) -> Option<Action> {
        let observed = observed(Engine::Pxc, status, paused, conditions);
        let asked: Result<_, Query> = ready_database(&observed, "prod", "orders");
        asked.unwrap()
    }

    /// The step before a restore, after so many seconds on the stopwatches.
    fn asked_of_restore(
        engine: Engine,
        status: &str,
        times: &mut Stopwatches,
        seconds: u64,
    ) -> Option<Action> {
        times.set(Duration::from_secs(seconds));
        let observed = observed(engine, status, false, &json!([]));
        restorable_database(&observed, "prod", "orders", times).unwrap()
    }

    fn said(action: Option<Action>) -> String {
        match action {
            Some(Action::Await(missing)) => format!("wait: {}", missing.render(Dialect::Terraform)),
            Some(Action::Require(Requirement::Condition {
                message, remedy, ..
            })) => message.and(". ").and(remedy).render(Dialect::Terraform),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_database_is_waited_for_where_it_becomes_ready_by_itself() {
        let nothing = json!([]);
        assert_eq!(asked("ready", false, &nothing), None);
        for coming in [
            "",
            "creating",
            "initializing",
            "upgrading",
            "restoring",
            "resizingVolumes",
            "importing",
        ] {
            let asked = asked(coming, false, &nothing);
            assert!(
                matches!(asked, Some(Action::Await(_))),
                "{coming}: {asked:?}"
            );
        }
        // It is being started.
        let starting = asked("paused", false, &nothing);
        assert!(matches!(starting, Some(Action::Await(_))), "{starting:?}");
        let refused = json!([{"type": "VolumeResizeFailed", "status": "True", "reason": "R",
            "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}]);
        for (status, paused, conditions) in [
            ("paused", true, &nothing),
            ("error", false, &nothing),
            ("resizingVolumes", false, &refused),
        ] {
            let asked = asked(status, paused, conditions);
            assert!(
                matches!(asked, Some(Action::Require(_))),
                "{status}: {asked:?}"
            );
        }
    }

    #[test]
    fn a_broken_database_is_restored_at_once_and_one_that_does_not_start_after_a_while() {
        for engine in [Engine::Pxc, Engine::Postgresql] {
            let mut times = Stopwatches::default();
            let mut at =
                |seconds: u64, status: &str| asked_of_restore(engine, status, &mut times, seconds);
            assert_eq!(at(0, "ready"), None);
            assert_eq!(at(0, "error"), None);
            let waits = said(at(10, "initializing"));
            assert!(
                waits.contains("not ready within 10 minutes, the restore begins"),
                "{waits}"
            );
            assert_eq!(said(at(609, "initializing")), waits, "it is said once");
            assert_eq!(at(610, "initializing"), None);
            // What Everest restores nothing beside is waited for, and the start after it anew.
            assert!(matches!(at(620, "upgrading"), Some(Action::Await(_))));
            assert!(matches!(at(1300, "upgrading"), Some(Action::Await(_))));
            assert!(matches!(at(1310, "initializing"), Some(Action::Await(_))));
        }
    }

    #[test]
    fn a_mongodb_has_to_run_before_its_restore_and_the_message_names_another_way() {
        let mut times = Stopwatches::default();
        let mut at = |seconds: u64, status: &str| {
            asked_of_restore(Engine::Psmdb, status, &mut times, seconds)
        };
        assert_eq!(at(0, "ready"), None);
        for status in ["initializing", "error"] {
            let said = said(at(3600, status));
            assert_eq!(
                said.starts_with("wait: "),
                status == "initializing",
                "{said}"
            );
            for part in ["backup agents in its members", "into a new database"] {
                assert!(said.contains(part), "{said}");
            }
        }
    }

    #[test]
    fn nothing_is_restored_into_a_database_that_stays_paused_or_does_not_exist() {
        let paused = observed(Engine::Pxc, "paused", true, &json!([]));
        let mut times = Stopwatches::default();
        let step = restorable_database(&paused, "prod", "orders", &mut times).unwrap();
        assert!(said(step).contains("is not ready (its status is \"paused\")"));
        let mut empty = Observed::at("2026-01-01T12:00:00Z".parse().unwrap());
        let object = world::object(ObjectKind::Database, "orders");
        empty.note_object::<DatabaseCluster>(&object, None);
        let step = restorable_database(&empty, "prod", "orders", &mut times).unwrap();
        assert!(said(step).contains("does not exist"));
    }
}
