//! The pause of Everest's reconciliation of a database.
//!
//! Everest's importers for PXC and PostgreSQL set its annotation before they restore the data, and
//! remove it at their end, also after a failure. Only an importer that was killed leaves it behind.
//! Meanwhile the status of the database does not change.
//!
//! Source: everest-operator `internal/data-importer/cmd/*/import.go`, and `Reconcile` of its
//! databasecluster_controller.go.

use everest_schemas::everest::{DataImportJob, DatabaseCluster};

use super::DatabaseObservation;
use crate::api::RECONCILE_PAUSED;
use crate::facts::Seen;
use crate::v1;

/// Returns true if an annotation keeps Everest from reconciling a database.
pub fn reconciliation_is_paused(database: &DatabaseCluster) -> bool {
    let annotations = database.metadata.annotations.as_ref();
    let value = annotations.and_then(|annotations| annotations.get(RECONCILE_PAUSED));
    value.is_some_and(|value| value == "true")
}

/// The reason why Everest does nothing with the database, and what to do; `None` if its
/// reconciliation is not paused.
pub(super) fn why(observation: &DatabaseObservation<'_>) -> Option<String> {
    let database = observation.database;
    if !reconciliation_is_paused(database) {
        return None;
    }
    let name = database.metadata.name.as_deref().unwrap_or_default();
    let first = observation
        .import_job
        .filter(|job| v1::data_import_job::is_under_way(job, name));
    let advice = match (observation.running_import, first) {
        (Seen::Found(job), _) | (_, Some(job)) => importing(job),
        (Seen::Absent, None) => "; remove it".to_owned(),
        (Seen::Unread, None) => ". While an import into the database runs, leave the annotation \
                                 in place: the importer set it, and removes it at the end of the \
                                 import. If no import runs, remove it"
            .to_owned(),
    };
    Some(format!(
        "the annotation {RECONCILE_PAUSED} is \"true\", so Everest does not reconcile the \
         database{advice}"
    ))
}

/// The advice while an import runs, as the end of a sentence.
fn importing(job: &DataImportJob) -> String {
    let name = job.metadata.name.as_deref().unwrap_or_default();
    let state = match v1::data_import_job::state(job) {
        "" => "not started",
        state => state,
    };
    let status = job.status.as_ref();
    let message = match status.and_then(|status| status.message.as_deref()) {
        None | Some("") => String::new(),
        Some(message) => format!(": {message}"),
    };
    format!(
        ". The import {name} into it has not ended (its state is {state}{message}). Leave the \
         annotation in place: the importer set it, and removes it at the end of the import. If \
         Everest reconciled the database before, the imported data could be lost"
    )
}
