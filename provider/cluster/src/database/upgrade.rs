//! Taking over the version of an engine's operator, before the engine's own version changes.

use std::sync::Arc;
use std::time::Duration;

use everest_core::path::FieldPath;
use everest_core::upgrade::{self, CrVersion, Next};
use everest_schemas::everest::{DatabaseCluster, DatabaseEngine};
use everest_schemas::models::DatabaseModel;
use tokio::time::Instant;

use super::{After, wait_until_ready};
use crate::Change;
use crate::error::ClusterError;
use crate::looking::Verdict;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::watching::Awaited;

/// How long Everest may take to recommend the version of an operator that is installed.
const NOTICED_WITHIN: Duration = Duration::from_secs(30);

/// Brings a database to where the whole plan may be written, and returns the plan with the
/// version of the operator to write, and the database as it was last read, with no wait since.
///
/// 1. A pending version that only follows along is put into the plan.
/// 2. If the engine's version changes while one is pending, everything else is written first,
///    with that version, and waited for until the database is ready as it and Everest recommends
///    nothing any more. That is waited for even without `wait`: until then the other half is
///    refused.
/// 3. If the engine's version changes, what was begun before comes to its end first, so that an
///    interrupted apply is resumed where it stopped. A failure ends it too: another version may
///    be what mends it. And Everest gets a moment to recommend the version of an operator that
///    the same run has just upgraded.
///
/// # Errors
/// How the change has ended then: `Refused` if nothing was written, else `Pending`.
pub(super) async fn prepare(
    objects: &Objects<DatabaseCluster>,
    prior: &DatabaseModel,
    planned: &DatabaseModel,
    config: &DatabaseModel,
    clock: &Clock,
) -> Result<(DatabaseModel, DatabaseCluster), Change<DatabaseModel>> {
    let (_, name) = super::key(planned).map_err(Change::Refused)?;
    let mut begun = None;
    let mut noticed = false;
    loop {
        let mut live = objects.existing(name).await.map_err(Change::Refused)?;
        let changes_version = upgrade::changes_version(planned, &live);
        match upgrade::next(planned, &live) {
            Next::Write { cr_version } => {
                if changes_version && begun.is_none() {
                    let resumes = prior.ready.known() == Some(&false);
                    let due = !noticed && recommendation_is_due(objects, &live).await;
                    let ended = work_ended(objects, live, resumes, clock).await;
                    if let Err(error) = ended {
                        return Err(unfinished(objects, name, resumes, error).await);
                    }
                    if due {
                        noticed = true;
                        let recommended = recommended(objects, name, clock).await;
                        recommended.map_err(Change::Refused)?;
                        continue;
                    }
                    live = objects.existing(name).await.map_err(Change::Refused)?;
                }
                let taken_over = cr_version.or(begun);
                let planned = taken_over.map_or_else(
                    || planned.clone(),
                    |version| upgrade::with_cr_version(planned, &version),
                );
                return Ok((planned, live));
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
                let (written, after) = super::write(objects, live, prior, &first, config, clock)
                    .await
                    .map_err(Change::Refused)?;
                let ready = wait_until_ready(objects, written, (after, false), clock).await;
                if let Err(error) = ready {
                    return Err(unfinished(objects, name, true, error).await);
                }
                begun = Some(version);
            }
            Next::Settle | Next::TakeOver(_) => {
                let settled = settled(objects, name, begun.as_deref(), clock).await;
                if let Err(error) = settled {
                    let written = begun.is_some();
                    return Err(unfinished(objects, name, written, error).await);
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
                let blocked = super::blocked(objects, name, &message, Some(attribute));
                return Err(Change::Refused(blocked));
            }
        }
    }
}

/// How a change has ended that was to go on: `Pending` if some of it is written.
async fn unfinished(
    objects: &Objects<DatabaseCluster>,
    name: &str,
    written: bool,
    error: ClusterError,
) -> Change<DatabaseModel> {
    match objects.existing(name).await {
        Ok(live) if written => {
            let mut observed: DatabaseModel = objects.cluster().observed(&live);
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
    match wait_until_ready(objects, live, (after, false), clock).await {
        Ok(_) | Err(ClusterError::Failed { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether the database's operator was upgraded and Everest has not looked at the database since.
async fn recommendation_is_due(objects: &Objects<DatabaseCluster>, live: &DatabaseCluster) -> bool {
    let engine = live.spec.engine.known();
    let Some(engine) = engine.and_then(|engine| engine.type_.known()) else {
        return false;
    };
    let namespace = objects.namespace().unwrap_or_default();
    let engines = objects.cluster().objects::<DatabaseEngine>(namespace);
    // What may not be looked at is not waited for.
    let Ok(Some(operator)) = engines.get(engine.operator()).await else {
        return false;
    };
    upgrade::is_due(live, &operator)
}

/// Waits until a version is recommended, but not for long: Everest may see no reason to.
async fn recommended(
    objects: &Objects<DatabaseCluster>,
    name: &str,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let short = clock.at_most(NOTICED_WITHIN);
    let waited = until(objects, name, &short, |found| match found {
        CrVersion::Current => Some("Everest to look at the upgrade of the operator"),
        CrVersion::Passing | CrVersion::Pending(_) => None,
    })
    .await;
    match waited {
        Err(ClusterError::TimedOut { .. }) if Instant::now() < clock.until => Ok(()),
        ended => ended,
    }
}

/// Waits until a recommendation that means nothing, or is of what was just taken over, is gone.
async fn settled(
    objects: &Objects<DatabaseCluster>,
    name: &str,
    taken_over: Option<&str>,
    clock: &Clock,
) -> Result<(), ClusterError> {
    until(objects, name, clock, |found| match found {
        CrVersion::Pending(other) if Some(other) != taken_over => None,
        CrVersion::Current => None,
        CrVersion::Passing | CrVersion::Pending(_) => {
            Some("Everest to take its recommendation back")
        }
    })
    .await
}

/// Waits as long as something is missing by what Everest recommends.
async fn until(
    objects: &Objects<DatabaseCluster>,
    name: &str,
    clock: &Clock,
    missing: impl Fn(CrVersion<'_>) -> Option<&'static str> + Send + Sync,
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
        .until(&feed, |found: Option<Arc<DatabaseCluster>>| async {
            let Some(database) = found else {
                return Err(ClusterError::NotFound {
                    object: objects.named(name),
                });
            };
            let status = super::status(&database);
            Ok(
                match missing(upgrade::cr_version(database.status.as_ref())) {
                    Some(missing) => Verdict::Wait(format!("{missing}; status is {status:?}")),
                    None => Verdict::Done(()),
                },
            )
        })
        .await
}

#[cfg(test)]
mod tests;
