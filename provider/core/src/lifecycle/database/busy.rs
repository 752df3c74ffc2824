//! The work of Everest during which a change of a database waits.

use everest_schemas::everest::{DatabaseCluster, DatabaseClusterRestore};

use super::engine_object;
use crate::facts::{Seen, busy_state};
use crate::lifecycle::{EngineRole, ObjectRef, Observed, Query};
use crate::text::Text;
use crate::{readiness, v1};

/// The end of the work because of which Everest takes no change of a database, if there is such
/// work: what Everest and the engine's own object say of it, and what to do if it does not end.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn its_end(
    database: &DatabaseCluster,
    observed: &Observed,
) -> Result<Option<Text>, Query> {
    let Some(state) = busy_state(database) else {
        return Ok(None);
    };
    let engine_cr = match engine_object(database) {
        Some((_, object)) => observed.engine_object(&object)?,
        None => Seen::Unread,
    };
    let work = readiness::work(database, &engine_cr);
    let restores = match state {
        "restoring" => restores(database, observed)?,
        _ => String::new(),
    };
    let way_out = way_out(database, state);
    Ok(Some(
        format!("the database to be no longer {state} ({work}{restores}). {way_out}").into(),
    ))
}

/// What ends the work of a `state` in which Everest refuses changes, and what to do if it does not
/// end by itself.
///
/// Only Everest's API and this provider refuse changes meanwhile: the admission webhooks do not, so
/// that a change by hand can end it. Source: everest-operator `internal/controller/everest/providers`
/// (`Status`), `api/everest/v1alpha1` (`DatabaseClusterRestore.IsInProgress`).
pub fn way_out(database: &DatabaseCluster, state: &str) -> String {
    let metadata = &database.metadata;
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let name = metadata.name.as_deref().unwrap_or_default();
    let edit = format!("kubectl -n {namespace} edit databasecluster {name}");
    match state {
        "upgrading" => format!(
            "That ends once every pod runs the version that the database asks for. If pods do not \
             start, correct what stops them (memory, configuration, version) in the \
             DatabaseCluster itself, which takes it meanwhile: {edit}"
        ),
        "resizingVolumes" => format!(
            "That ends once every volume has grown, or Kubernetes reports that one cannot. What a \
             volume waits for is in the conditions of its claim: kubectl -n {namespace} describe \
             pvc -l app.kubernetes.io/instance={name}"
        ),
        "restoring" => {
            let kind = engine_object(database).map(|(engine, _)| EngineRole::Restore.kind(engine));
            let kind = kind.unwrap_or("databaseclusterrestore").to_lowercase();
            format!(
                "That ends once each restore of the database has succeeded or failed, as the \
                 engine says; Everest deletes none that runs. What one waits for is in the \
                 engine's own restore, which has its name: kubectl -n {namespace} describe {kind}"
            )
        }
        _ => format!("To change the database meanwhile: {edit}"),
    }
}

/// The restores that are running, with what is said of them.
fn restores(database: &DatabaseCluster, observed: &Observed) -> Result<String, Query> {
    let name = database.metadata.name.as_deref().unwrap_or_default();
    let namespace = database.metadata.namespace.as_deref().unwrap_or_default();
    let engine = engine_object(database).map(|(engine, _)| engine);
    let all = observed.all::<DatabaseClusterRestore>(namespace)?;
    let all = all.into_iter().flatten();
    let running = all.filter(|restore| v1::restore::is_under_way(restore, name));
    let mut said = String::new();
    for restore in running {
        let restore_name = restore.metadata.name.as_deref().unwrap_or_default();
        said += &format!("; the DatabaseClusterRestore {restore_name} is ");
        said += match v1::restore::state(restore) {
            "" => "not begun",
            state => state,
        };
        let message = restore.status.as_ref();
        let message = message.and_then(|status| status.message.as_deref());
        if let Some(message) = message.map(str::trim).filter(|said| !said.is_empty()) {
            said += &format!(": {message}");
            continue;
        }
        let Some(engine) = engine else { continue };
        let object = ObjectRef::of::<DatabaseClusterRestore>(namespace, restore_name);
        let object = ObjectRef::of_engine(engine, EngineRole::Restore, &object);
        if let Seen::Found(engine_restore) = observed.engine_object(&object)?
            && let Some(failure) = readiness::engine_failure(engine_restore)
        {
            let kind = EngineRole::Restore.kind(engine);
            said += &format!(", and its {kind} says: {failure}");
        }
    }
    Ok(said)
}
