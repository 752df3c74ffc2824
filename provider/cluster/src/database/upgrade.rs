//! Taking over the version of an engine's operator, before the engine's own version changes.

use everest_core::path::FieldPath;
use everest_core::upgrade::{self, CrVersion, Next};
use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;

use super::readiness::{self, After};
use crate::error::ClusterError;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::watching::{Awaited, Verdict};
use crate::{Change, Cluster};

/// Brings a database to where the whole plan may be written, and returns the plan with the
/// version of the operator to write.
///
/// 1. A pending version that only follows along is put into the plan.
/// 2. If the engine's version changes while one is pending, everything else is written first,
///    with that version, and waited for until the database is ready as it and Everest recommends
///    nothing any more. That is waited for even without `wait`: until then the other half is
///    refused.
/// 3. If the engine's version changes, what was begun before comes to its end first, so that an
///    interrupted apply is resumed where it stopped. A failure ends it too: another version may
///    be what mends it.
///
/// # Errors
/// How the change has ended then: `Refused` if nothing was written, else `Pending`.
pub(super) async fn prepare(
    cluster: &Cluster,
    prior: &DatabaseModel,
    planned: &DatabaseModel,
    config: &DatabaseModel,
    clock: &Clock,
) -> Result<DatabaseModel, Change<DatabaseModel>> {
    let (namespace, name) = super::key(planned).map_err(Change::Refused)?;
    let objects = cluster.objects::<DatabaseCluster>(namespace);
    let mut begun = None;
    loop {
        let live = current(&objects, name).await.map_err(Change::Refused)?;
        let changes_version = upgrade::changes_version(planned, &live);
        match upgrade::next(planned, &live) {
            Next::Write { cr_version } => {
                if changes_version && begun.is_none() {
                    let resumes = prior.ready.known() == Some(&false);
                    let ended = work_ended(&objects, live, resumes, clock).await;
                    if let Err(error) = ended {
                        return Err(unfinished(cluster, &objects, name, resumes, error).await);
                    }
                }
                let taken_over = cr_version.or(begun);
                return Ok(taken_over.map_or_else(
                    || planned.clone(),
                    |version| upgrade::with_cr_version(planned, &version),
                ));
            }
            Next::TakeOver(version) if begun.as_ref() != Some(&version) => {
                tracing::info!(
                    database = name,
                    version,
                    "the operator's version comes first"
                );
                let mut first = upgrade::first_half(planned, &live, &version);
                // The pods start anew with the version; a restart that is asked for too comes
                // with the other half.
                first.restart_trigger = prior.restart_trigger.clone();
                let (_, written, after) = super::write(cluster, prior, &first, config, clock)
                    .await
                    .map_err(Change::Refused)?;
                let ready = readiness::wait_until_ready(&objects, written, after, clock).await;
                if let Err(error) = ready {
                    return Err(unfinished(cluster, &objects, name, true, error).await);
                }
                begun = Some(version);
            }
            Next::Settle | Next::TakeOver(_) => {
                let settled = settled(&objects, name, begun.as_deref(), clock).await;
                if let Err(error) = settled {
                    let written = begun.is_some();
                    return Err(unfinished(cluster, &objects, name, written, error).await);
                }
            }
            Next::Refuse(version) => {
                let message = format!(
                    "its operator's version {version} is to be taken over first, but the plan is \
                     for another one. Where the configuration sets engine.cr_version, set it to \
                     {version} or to \"recommended\"; otherwise the operator was upgraded after \
                     the plan was made: plan again"
                );
                let attribute = FieldPath::of("engine.crVersion");
                let blocked = super::blocked(&objects, name, &message, Some(attribute));
                return Err(Change::Refused(blocked));
            }
        }
    }
}

async fn current(
    objects: &Objects<DatabaseCluster>,
    name: &str,
) -> Result<DatabaseCluster, ClusterError> {
    let found = objects.get(name).await?;
    found.ok_or_else(|| ClusterError::NotFound {
        object: objects.named(name),
    })
}

/// How a change has ended that was to go on: `Pending` if some of it is written.
async fn unfinished(
    cluster: &Cluster,
    objects: &Objects<DatabaseCluster>,
    name: &str,
    written: bool,
    error: ClusterError,
) -> Change<DatabaseModel> {
    match current(objects, name).await {
        Ok(live) if written => {
            let mut observed = super::observed(cluster, &live);
            observed.ready = false.into();
            Change::Pending { observed, error }
        }
        _ => Change::Refused(error),
    }
}

/// Waits until what was written before is done, or has failed.
async fn work_ended(
    objects: &Objects<DatabaseCluster>,
    live: DatabaseCluster,
    resumes: bool,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let after = if resumes {
        After::Change
    } else {
        After::NoChange
    };
    match readiness::wait_until_ready(objects, live, after, clock).await {
        Ok(_) | Err(ClusterError::Failed { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Waits until a recommendation that means nothing, or is of what was just taken over, is gone.
async fn settled(
    objects: &Objects<DatabaseCluster>,
    name: &str,
    taken_over: Option<&str>,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let feed = objects.cluster().hub.feed(objects);
    let awaited = Awaited {
        objects,
        name,
        seed: None,
        what: "did not take over the version of its operator",
        clock,
        also: Vec::new(),
    };
    awaited
        .until(&feed, async |found| {
            let Some(database) = found else {
                return Err(ClusterError::NotFound {
                    object: objects.named(name),
                });
            };
            Ok(match upgrade::cr_version(database.status.as_ref()) {
                CrVersion::Pending(other) if Some(other) != taken_over => Verdict::Done(()),
                CrVersion::Current => Verdict::Done(()),
                CrVersion::Passing | CrVersion::Pending(_) => Verdict::Wait(format!(
                    "Everest to take its recommendation back; status is {:?}",
                    super::status(&database)
                )),
            })
        })
        .await
}

#[cfg(test)]
mod tests;
