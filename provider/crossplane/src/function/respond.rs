//! The response to a request, as a pure function.

use everest_schemas::function::Input;
use everest_schemas::models::{BackupStorageModel, MonitoringConfigModel};
use function_sdk_rust::proto::v1::{RunFunctionRequest, RunFunctionResponse};
use function_sdk_rust::response;

use super::step::Step;
use super::ttl::{self, TTL, TTL_UNWATCHED};
use super::{backup, companion, database, input, operations, others, report, used};

/// Returns the response to a request; the same request always gets the same response.
///
/// 1. The input is read strictly; a mistake in it stops the pipeline.
/// 2. Backup storages and monitoring configurations come first, then databases: those of the input
///    and those that earlier steps desire are put together, checked, and judged for readiness.
/// 3. Backups, restores and imports follow, because they need their database, and then other Everest
///    objects that earlier steps desire.
/// 4. What others use stays until nothing uses it.
/// 5. A refusal stops the pipeline: Crossplane then writes nothing and deletes nothing.
#[must_use]
pub fn respond(request: &RunFunctionRequest) -> RunFunctionResponse {
    let read = input::read(request).and_then(|input| Ok((ttl::of(&input)?, input)));
    let (ttl, input) = match read {
        Ok(read) => read,
        Err(error) => {
            let mut response = response::to(request, TTL);
            let message = error.to_string();
            response::fatal(&mut response, &message).reason = Some("InvalidInput".to_owned());
            response::condition_false(&mut response, report::GUARDRAILS, "InvalidInput").message =
                Some(message);
            return response;
        }
    };
    let mut step = Step::new(request, &input);
    compose(&mut step, &input);
    let ttl = match step.report.awaits_unwatched() {
        true => TTL_UNWATCHED,
        false => ttl,
    };
    step.into_response(response::to(request, ttl))
}

fn compose(step: &mut Step<'_>, input: &Input) {
    companion::run::<BackupStorageModel>(step, &input.backup_storages);
    companion::run::<MonitoringConfigModel>(step, &input.monitoring_configs);
    for entry in &input.databases {
        database::run(step, &entry.resource, Some(entry));
    }
    for resource in step.desired_of("DatabaseCluster") {
        if !input
            .databases
            .iter()
            .any(|entry| entry.resource == resource)
        {
            database::run(step, &resource, None);
        }
    }
    for entry in &input.backups {
        backup::run(step, &entry.resource, Some(entry));
    }
    for resource in step.desired_of("DatabaseClusterBackup") {
        if !input.backups.iter().any(|entry| entry.resource == resource) {
            backup::run(step, &resource, None);
        }
    }
    operations::run(step);
    others::run(step);
    backup::keep_databases(step);
    used::keep(step);
}
