//! The readiness of a composed database.

use std::sync::Arc;

use everest_core::facts::Seen;
use everest_core::lifecycle::database::Companions;
use everest_core::lifecycle::{Answer, ObjectKind, ObjectRef, Observed, Query};
use everest_core::readiness::{self, DatabaseObservation, Readiness};
use everest_core::v1::database::status;
use everest_core::v1::engine_kinds;
use everest_schemas::everest::{DataImportJob, DatabaseCluster, DatabaseClusterRestore};
use jiff::Timestamp;

use crate::function::step::Step;

/// Judges a database and reports what is waited for.
///
/// Everest's `ready` may be from before a change, so the engine's own object is looked up: it has
/// to have the change, and to be ready too. Its operator usually reports which generation it has
/// seen. If it does not, or if it has seen the change but not begun to work, Everest's status is
/// used: there is no clock here to wait by, and once Everest reports the change, the watch on the
/// database causes the next call.
pub(super) fn judge(
    step: &mut Step<'_>,
    subject: &str,
    observed: &DatabaseCluster,
    changes: bool,
) -> bool {
    let seen = look_up(step, observed);
    let beside = Companions::of(&seen, observed, false).unwrap_or_default();
    if changes {
        step.report
            .wait(format!("{subject}: a change of it is being written"));
        return false;
    }
    let observation = DatabaseObservation {
        database: observed,
        engine_cr: beside.engine_cr,
        restore: beside.restore,
        import_job: beside.import_job,
        running_import: beside.running_import,
        written_generation: 0,
        steady_for: None,
        has_worked: false,
        creating: import_has_not_begun(observed),
        may_be_stale: true,
    };
    match readiness::database(&observation) {
        Readiness::Ready if beside.engine_cr == Seen::Absent => {
            step.report.wait_unwatched(format!(
                "{subject}: Everest says that it is ready, but the engine's own object does not exist"
            ));
            false
        }
        Readiness::Ready => true,
        // Everest has said its word: another object has not, the engine's, a restore or an import.
        Readiness::Pending(missing) if is_said(observed) => {
            step.report.wait_unwatched(format!("{subject}: {missing}"));
            false
        }
        Readiness::Pending(missing) => {
            step.report.wait(format!("{subject}: {missing}"));
            false
        }
        Readiness::Failed(reason) => {
            step.report.fail(format!("{subject}: {reason}"));
            false
        }
    }
}

/// Returns true if Everest reports a state that may be from before a change.
fn is_said(observed: &DatabaseCluster) -> bool {
    matches!(status(observed), "ready" | "error")
}

/// Looks up the objects by which a database is judged. The engine's own object is requested only
/// once Everest has reported a status: before that, its kind need not exist, and Crossplane fails
/// at an unknown kind.
fn look_up(step: &mut Step<'_>, observed: &DatabaseCluster) -> Observed {
    let mut seen = Observed::at(Timestamp::UNIX_EPOCH);
    while let Err(query) = Companions::of(&seen, observed, false) {
        let answer = match &query {
            Query::Beside(object) if step.lookups.everest() => answer(step, object, observed),
            Query::All(ObjectKind::DataImportJob, namespace) if step.lookups.everest() => {
                imports(step, namespace)
            }
            Query::All(..) | Query::Listed(..) => Answer::All(Seen::Unread),
            _ => Answer::Object(Seen::Unread),
        };
        seen.note(query, answer);
    }
    seen
}

fn answer(step: &mut Step<'_>, object: &ObjectRef, observed: &DatabaseCluster) -> Answer {
    let (namespace, name) = (observed.metadata.namespace.as_deref(), object.name.as_str());
    match object.kind {
        ObjectKind::Engine(engine, role) if is_said(observed) => {
            let api_version = engine_kinds(engine).api_version();
            shared(
                step.lookups
                    .object(&api_version, role.kind(engine), namespace, name),
            )
        }
        ObjectKind::Restore => shared(
            step.lookups
                .named::<DatabaseClusterRestore>(namespace, name),
        ),
        ObjectKind::DataImportJob => shared(step.lookups.named::<DataImportJob>(namespace, name)),
        _ => Answer::Object(Seen::Unread),
    }
}

fn imports(step: &mut Step<'_>, namespace: &str) -> Answer {
    Answer::All(match step.lookups.all::<DataImportJob>(Some(namespace)) {
        Some(jobs) => {
            let jobs: Vec<_> = jobs.into_values().map(Arc::new).collect();
            Seen::Found(Arc::new(jobs))
        }
        None => Seen::Unread,
    })
}

fn shared<T: Send + Sync + 'static>(seen: Seen<T>) -> Answer {
    Answer::Object(match seen {
        Seen::Found(found) => Seen::Found(Arc::new(found)),
        Seen::Absent => Seen::Absent,
        Seen::Unread => Seen::Unread,
    })
}

/// Returns true if the database waits for an import that Everest has not named yet.
fn import_has_not_begun(observed: &DatabaseCluster) -> bool {
    let source = observed.spec.data_source.known();
    let imported = source.is_some_and(|source| source.data_import.is_known());
    let status = observed.status.as_ref();
    let job = status.and_then(|status| status.data_import_job_name.as_deref());
    imported && job.is_none_or(str::is_empty)
}
