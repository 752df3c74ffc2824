//! Other Everest objects that an earlier step may compose.

use everest_core::v1::CLUSTER_NAME_LABEL;
use serde_json::{Value, json};

use super::step::Step;

/// Treats objects without a state as ready once they exist.
pub(super) fn run(step: &mut Step<'_>) {
    for (resource, kind) in step.everest_objects() {
        let judged = ["BackupStorage", "MonitoringConfig", "DataImportJob"];
        let is_judged = judged.contains(&kind.as_str());
        if is_judged || kind.starts_with("DatabaseCluster") {
            continue;
        }
        let exists = step.observed_object(&resource).is_some();
        step.judge(&resource, exists);
        if !exists {
            step.report
                .wait(format!("{kind} {resource:?}: it is being created"));
        }
    }
}

/// Adds the label with the database's name to a backup or restore: Everest 1.11 adds it only to
/// objects without labels, and Crossplane adds its own labels to everything that it composes.
pub(super) fn label(object: &mut Value) {
    let database = object["spec"]["dbClusterName"].clone();
    if database.is_string() {
        let labels = &mut object["metadata"]["labels"];
        if labels.is_null() {
            *labels = json!({});
        }
        labels[CLUSTER_NAME_LABEL] = database;
    }
}
