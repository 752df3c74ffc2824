//! Whether a composed database is ready.

use everest_core::facts::Seen;
use everest_core::readiness::{self, DatabaseSighting, HOLD, Readiness};
use everest_core::v1::database::status;
use everest_core::v1::engine_kinds;
use everest_schemas::everest::{DataImportJob, DatabaseCluster, DatabaseClusterRestore};
use serde_json::Value;

use crate::function::step::Step;

/// Judges a database and tells what it is waited for.
///
/// Everest's `ready` may be left over from before a change, so that the
/// engine's own object is looked up: it has to carry the change, and to agree.
/// Its operator tells which generation it has seen; that it has not begun yet,
/// or where it does not tell, Everest's word is taken: there is no clock here to
/// wait by, and once Everest takes the change up, the database's watch brings
/// the next call.
pub(super) fn judge(
    step: &mut Step<'_>,
    subject: &str,
    observed: &DatabaseCluster,
    changes: bool,
) -> bool {
    let engine_cr = engine_cr(step, observed);
    let restore = first_restore(step, observed);
    let import_job = import_job(step, observed);
    if changes {
        step.report
            .wait(format!("{subject}: a change of it is being written"));
        return false;
    }
    let sighting = DatabaseSighting {
        database: observed,
        engine_cr: engine_cr.as_ref(),
        restore: restore.as_ref(),
        import_job: import_job.as_ref(),
        written_generation: 0,
        steady_for: Some(HOLD),
        has_worked: false,
        creating: import_has_not_begun(observed),
        may_be_stale: true,
    };
    match readiness::database(&sighting) {
        Readiness::Ready if engine_cr == Seen::Absent => {
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

/// Whether Everest's word is one that may be left over from before a change.
fn is_said(observed: &DatabaseCluster) -> bool {
    matches!(status(observed), "ready" | "error")
}

/// The engine's own object. It is asked for once Everest tells of it: before,
/// its kind need not exist, and Crossplane fails at a kind that does not.
fn engine_cr(step: &mut Step<'_>, observed: &DatabaseCluster) -> Seen<Value> {
    if !is_said(observed) {
        return Seen::Unread;
    }
    let engine = observed.spec.engine.known();
    let type_ = engine.and_then(|engine| engine.type_.known().copied());
    let (Some(type_), Some(name), true) = (
        type_,
        observed.metadata.name.as_deref(),
        step.lookups.everest(),
    ) else {
        return Seen::Unread;
    };
    let kinds = engine_kinds(type_);
    let namespace = observed.metadata.namespace.as_deref();
    step.lookups
        .object(&kinds.api_version(), kinds.database, namespace, name)
}

/// The restore that brings the first data: it has the database's name.
fn first_restore(
    step: &mut Step<'_>,
    observed: &DatabaseCluster,
) -> Option<DatabaseClusterRestore> {
    observed.spec.data_source.known()?;
    if !step.lookups.everest() {
        return None;
    }
    let namespace = observed.metadata.namespace.as_deref();
    let name = observed.metadata.name.as_deref()?;
    found(step.lookups.named(namespace, name))
}

/// The import that brings the first data.
fn import_job(step: &mut Step<'_>, observed: &DatabaseCluster) -> Option<DataImportJob> {
    observed.spec.data_source.known()?.data_import.known()?;
    let name = observed.status.as_ref()?.data_import_job_name.as_deref()?;
    if name.is_empty() || !step.lookups.everest() {
        return None;
    }
    let namespace = observed.metadata.namespace.as_deref();
    found(step.lookups.named(namespace, name))
}

/// An import that Everest has not named yet cannot be one of long ago.
fn import_has_not_begun(observed: &DatabaseCluster) -> bool {
    let source = observed.spec.data_source.known();
    let imported = source.is_some_and(|source| source.data_import.is_known());
    let status = observed.status.as_ref();
    let job = status.and_then(|status| status.data_import_job_name.as_deref());
    imported && job.is_none_or(str::is_empty)
}

fn found<T>(seen: Seen<T>) -> Option<T> {
    match seen {
        Seen::Found(object) => Some(object),
        Seen::Absent | Seen::Unread => None,
    }
}
