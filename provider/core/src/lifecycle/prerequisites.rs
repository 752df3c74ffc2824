//! Conditions of a database and its namespace that have to hold before an operation begins, or after
//! it.

use everest_schemas::everest::{
    DataImportJob, DatabaseCluster, DatabaseClusterRestore, DatabaseEngine,
};

use super::{Action, ObjectKind, ObjectRef, Observed, Query, Requirement};
use crate::facts::{Seen, UPGRADE_LOCK, busy_state};
use crate::text::Text;
use crate::{restart, v1};

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

/// The step before a backup or a restore of a database, or an import into it, begins; none once the
/// database is ready. A database that becomes ready by itself is waited for; if somebody has to act
/// first, nothing is begun.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn ready_database(
    observed: &Observed,
    namespace: &str,
    name: &str,
) -> Result<Option<Action>, Query> {
    let missing = |message: String, remedy: &str| {
        Action::Require(Requirement::condition(
            "databaseName",
            message,
            remedy.to_owned(),
        ))
    };
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
    let status = v1::database::status(database);
    Ok(match status {
        "ready" => None,
        _ if becomes_ready(database) => Some(Action::Await(
            format!("the database {namespace}/{name} to be ready (its status is {status:?})")
                .into(),
        )),
        _ => Some(missing(
            format!("the database {namespace}/{name} is not ready (its status is {status:?})"),
            "Apply again once it is; a postcondition { condition = self.ready } on the database \
             stops what depends on it earlier",
        )),
    })
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
    use crate::lifecycle::{ObjectKind, Query, world};
    use serde_json::{Value, json};
    use std::sync::Arc;

    fn asked(status: &str, paused: bool, conditions: &Value) -> Option<Action> {
        let database = json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseCluster", "metadata": {"name": "orders", "namespace": "prod"},
            "spec": {"paused": paused, "engine": {"type": "pxc", "storage": {"size": "1Gi"}}},
            "status": {"status": status, "conditions": conditions}});
        let database: DatabaseCluster = serde_json::from_value(database).unwrap();
        let mut observed = Observed::at("2026-01-01T12:00:00Z".parse().unwrap());
        let object = world::object(ObjectKind::Database, "orders");
        observed.note_object(&object, Some(Arc::new(database)));
        let asked: Result<_, Query> = ready_database(&observed, "prod", "orders");
        asked.unwrap()
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
}
