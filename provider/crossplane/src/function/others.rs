//! Other Everest objects that an earlier step may compose.

use everest_core::readiness::{self, Readiness};
use everest_core::v1::CLUSTER_NAME_LABEL;
use everest_schemas::everest::DatabaseClusterRestore;
use serde_json::{Value, json};

use super::step::Step;

/// Treats objects without a state as ready once they exist.
pub(super) fn run(step: &mut Step<'_>) {
    for (resource, kind) in step.everest_objects() {
        let is_judged = ["BackupStorage", "MonitoringConfig"].contains(&kind.as_str());
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

/// Labels and judges a restore.
pub(super) fn restore(step: &mut Step<'_>, resource: &str) {
    if let Some(mut object) = step.desired(resource).cloned() {
        label(&mut object);
        step.put(resource, object, false);
    }
    step.report.warn(
        "composed-restore",
        format!(
            "restore {resource:?}: A composed DatabaseClusterRestore runs again whenever its \
             object is deleted, because the composition creates it again. The Restore managed \
             resource remembers that it has run."
        ),
    );
    let verdict = match step.observed::<DatabaseClusterRestore>(resource) {
        Ok(None) => Readiness::Pending("it is being created".to_owned()),
        Ok(Some(observed)) => readiness::restore(&observed),
        Err(error) => {
            step.report.refuse(format!("restore {resource:?}: {error}"));
            return;
        }
    };
    step.judge(resource, verdict == Readiness::Ready);
    match verdict {
        Readiness::Ready => {}
        Readiness::Pending(missing) => step.report.wait(format!("restore {resource:?}: {missing}")),
        Readiness::Failed(reason) => step.report.fail(format!("restore {resource:?}: {reason}")),
    }
}
