//! Restores and imports that earlier steps compose. Each replaces the data of a database once, when
//! the database can take it.
//!
//! Everest begins them whatever the state of the database. An import reads the address of its
//! database once, at its begin: one that begins before the database has an address fails for good.
//! A restore whose database does not exist is not looked at again.

use everest_core::readiness::{self, Readiness};
use everest_schemas::everest::{DataImportJob, DatabaseClusterRestore};
use kube::Resource;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::others;
use super::step::{Database, Step};

/// An operation that replaces the data of a database.
trait Operation: Resource<DynamicType = ()> + DeserializeOwned {
    /// The kind in messages.
    const CALLED: &'static str;
    /// The managed resource that runs only once.
    const ONCE: &'static str;
    /// The id of the warning that it runs again.
    const RUNS_AGAIN: &'static str;
    /// The member of the spec with the name of the database.
    const DATABASE: &'static str;

    /// What has to hold of its database before it begins, if that does not hold yet.
    fn awaited(database: &Database) -> Option<&'static str>;

    /// Its readiness.
    fn readiness(&self) -> Readiness;
}

impl Operation for DatabaseClusterRestore {
    const CALLED: &'static str = "restore";
    const ONCE: &'static str = "Restore";
    const RUNS_AGAIN: &'static str = "composed-restore";
    const DATABASE: &'static str = "dbClusterName";

    /// A restore may be the repair of a database that is not ready.
    fn awaited(database: &Database) -> Option<&'static str> {
        (!database.exists).then_some("exists")
    }

    fn readiness(&self) -> Readiness {
        readiness::restore(self)
    }
}

impl Operation for DataImportJob {
    const CALLED: &'static str = "import";
    const ONCE: &'static str = "DataImportJob";
    const RUNS_AGAIN: &'static str = "composed-import";
    const DATABASE: &'static str = "targetClusterName";

    fn awaited(database: &Database) -> Option<&'static str> {
        (!database.ready).then_some("is ready")
    }

    fn readiness(&self) -> Readiness {
        readiness::data_import_job(self)
    }
}

/// Holds back, labels and judges all restores and imports.
pub(super) fn run(step: &mut Step<'_>) {
    run_kind::<DatabaseClusterRestore>(step);
    run_kind::<DataImportJob>(step);
}

fn run_kind<O: Operation>(step: &mut Step<'_>) {
    for resource in step.desired_of(&O::kind(&())) {
        one::<O>(step, &resource);
    }
}

fn one<O: Operation>(step: &mut Step<'_>, resource: &str) {
    let Some(mut object) = step.desired(resource).cloned() else {
        return;
    };
    let called = O::CALLED;
    step.report.warn(
        O::RUNS_AGAIN,
        format!(
            "{called} {resource:?}: A composed {kind} runs again whenever its object is deleted, \
             because the composition creates it again. The {once} managed resource remembers that \
             it has run.",
            kind = O::kind(&()),
            once = O::ONCE,
        ),
    );
    let observed = match step.observed::<O>(resource) {
        Ok(observed) => observed,
        Err(error) => {
            step.report
                .refuse(format!("{called} {resource:?}: {error}"));
            return;
        }
    };
    if observed.is_none()
        && let Some(waited) = awaited::<O>(step, &object)
    {
        step.report.wait(format!("{called} {resource:?}: {waited}"));
        step.withdraw(resource);
        return;
    }
    others::label(&mut object);
    let verdict = match observed {
        None => Readiness::Pending("it is being created".to_owned()),
        Some(observed) => observed.readiness(),
    };
    step.put(resource, object, verdict == Readiness::Ready);
    match verdict {
        Readiness::Ready => {}
        Readiness::Pending(missing) => {
            step.report
                .wait(format!("{called} {resource:?}: {missing}"));
        }
        Readiness::Failed(reason) => step.report.fail(format!("{called} {resource:?}: {reason}")),
    }
}

/// What a new operation waits for, if its database is composed too.
fn awaited<O: Operation>(step: &Step<'_>, object: &Value) -> Option<String> {
    let database = step.database_of(object, O::DATABASE)?;
    let condition = O::awaited(database)?;
    let name = &database.name;
    Some(format!("it begins once the database {name:?} {condition}"))
}
