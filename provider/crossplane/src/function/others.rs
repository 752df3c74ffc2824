//! What else of Everest's an earlier step may compose.

use everest_core::readiness::{self, Readiness};
use everest_schemas::everest::DatabaseClusterRestore;
use serde_json::Value;

use super::step::Step;

/// Judges restores, and takes what has no state of its own for ready once it
/// exists.
pub(super) fn run(step: &mut Step<'_>) {
    for (resource, kind) in step.everest_objects() {
        match kind.as_str() {
            "DatabaseCluster" | "DatabaseClusterBackup" => {}
            "DatabaseClusterRestore" => restore(step, &resource),
            _ => {
                let exists = step.observed_object(&resource).is_some();
                step.judge(&resource, exists);
                if !exists {
                    step.report
                        .wait(format!("{kind} {resource:?}: it is being created"));
                }
            }
        }
    }
}

fn restore(step: &mut Step<'_>, resource: &str) {
    step.report.warn(
        "composed-restore",
        format!(
            "restore {resource:?}: A composed DatabaseClusterRestore runs again whenever its object is gone, because the composition makes it anew. The Restore managed resource remembers that it has run."
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

/// Takes a member out of an object.
pub(super) fn remove(object: &mut Value, member: &str) {
    if let Value::Object(members) = object {
        members.remove(member);
    }
}
