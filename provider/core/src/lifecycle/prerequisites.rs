//! Conditions that have to hold before an operation begins.

use everest_schemas::everest::{DatabaseCluster, DatabaseEngine};

use super::{Observed, Query, Requirement};
use crate::facts::UPGRADE_LOCK;
use crate::text::Text;
use crate::v1;

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
        format!("the upgrade of {name} to end").into()
    }))
}

/// The requirement that a database does not meet yet for a backup or a restore; `None` if it is
/// ready.
///
/// # Errors
/// The query that has to be answered first.
pub(super) fn ready_database(
    observed: &Observed,
    namespace: &str,
    name: &str,
) -> Result<Option<Requirement>, Query> {
    let missing = |message: String, remedy: &str| {
        Requirement::condition("databaseName", message, remedy.to_owned())
    };
    let Some(database) = observed.object::<DatabaseCluster>(namespace, name)? else {
        let message = format!("the database {namespace}/{name} does not exist");
        return Ok(Some(missing(message, "Create it first")));
    };
    if database.metadata.deletion_timestamp.is_some() {
        let message = format!("the database {namespace}/{name} is being deleted");
        return Ok(Some(missing(message, "Name another one")));
    }
    let status = v1::database::status(database);
    Ok((status != "ready").then(|| {
        missing(
            format!("the database {namespace}/{name} is not ready (its status is {status:?})"),
            "Apply again once it is; a postcondition { condition = self.ready } on the database \
             stops what depends on it earlier",
        )
    }))
}
