//! Databases: DatabaseCluster objects.

mod classes;
mod deletion;
mod final_backup;
mod readiness;
mod rehearsal;
mod restart;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use everest_core::facts::busy_state;
use everest_core::path::FieldPath;
use everest_core::upgrade::settled;
use everest_core::v1::database::status;
use everest_core::{
    Operation, impact, readiness as judged, restart as core_restart, storage_class, v1,
};
use everest_schemas::Field;
use everest_schemas::everest::DatabaseCluster;
use everest_schemas::models::DatabaseModel;
use kube::ResourceExt;
use serde_json::Value;

use crate::apply::{self, Takes};
use crate::error::ClusterError;
use crate::looking::Verdict;
use crate::mapped::key;
use crate::objects::Objects;
use crate::wait::Clock;
use crate::watching::Awaited;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, creation, upgrade_lock};

pub use classes::{observe, with_classes};
pub(crate) use deletion::{destroy, protect_backup_data, protect_backups};
pub use final_backup::{FinalBackup, take as take_final_backup};
pub use rehearsal::rehearse;

/// Creates a database and waits until it is really ready.
///
/// 1. The upgrade of an engine's operator in the namespace is waited for.
/// 2. What exists already is refused, unless a creation of the same has made it and was killed
///    (see [`crate::CREATED_BY_APPLY`]): that is gone on with.
/// 3. The object is applied, with the data source.
/// 4. Unless `wait` is false: waits for readiness as everest-core judges it, with the engine's
///    own object and the restore or import that brings the first data. A database in `error`
///    goes on being waited for, because engines pass through it while they start.
///
/// Ends: `Created`; `Pending` after the deadline or an interruption; `Failed` if the import
/// of the first data failed; `NotCreated` if nothing was written.
pub async fn create(
    cluster: &Cluster,
    planned: &DatabaseModel,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<DatabaseModel> {
    let clock = wait.start();
    let (namespace, name) = match key(planned) {
        Ok(key) => key,
        Err(error) => return Creation::NotCreated(error),
    };
    let objects = cluster.objects::<DatabaseCluster>(namespace);
    if let Err(error) = upgrade_lock::released(&objects, name, &clock).await {
        return Creation::NotCreated(error);
    }
    let body = v1::database::desired(planned, Operation::Create);
    let created = match creation::create(&objects, name, body, made).await {
        Ok(created) => created,
        Err(error) => return Creation::NotCreated(error),
    };
    if planned.wait.known() == Some(&false) {
        return Creation::Created(cluster.observed(&created));
    }
    let last_known = cluster.observed(&created);
    let after = (readiness::After::Creation, is_from_backup(planned));
    match readiness::wait_until_ready(&objects, created, after, &clock).await {
        Ok(ready) => Creation::Created(finished(cluster, &ready)),
        Err(error) => Creation::unfinished(error, latest(&objects, name, last_known)).await,
    }
}

/// Brings a database to what is planned, and waits until it is ready again.
///
/// Everest refuses changes while a database is being restored, upgraded or resized, and
/// while an engine operator of the namespace is being upgraded: that is waited for first.
/// A change that the server does not see as one (a wait that is resumed, labels) is not held
/// back by the time that a new state needs to show. A change of how the database is destroyed
/// waits for nothing. What `config` leaves to the operators is
/// not sent: see [`v1::ownership::ours`]. Neither is a storage class that the object does not name:
/// see [`storage_class`]. Another version of the engine comes after a pending
/// one of its operator: see [`upgrade::prepare`]. A value that another manager has set is taken over
/// if the plan showed it, which [`Cluster::taken`] tells; else the change is refused, unless
/// `force_conflicts` is set. A restart is begun after the change is written, and waited for with
/// it: see [`core_restart`].
///
/// # Errors
/// In the outcome: `Refused` if nothing was changed.
pub async fn update(
    cluster: &Cluster,
    prior: &DatabaseModel,
    planned: &DatabaseModel,
    config: &DatabaseModel,
    wait: &Wait,
) -> Change<DatabaseModel> {
    let clock = wait.start();
    let namespace = match key(planned) {
        Ok((namespace, _)) => namespace,
        Err(error) => return Change::Refused(error),
    };
    let objects = cluster.objects::<DatabaseCluster>(namespace);
    if concerns_the_provider_alone(prior, planned) {
        return looked_at_once(&objects, prior, planned, &clock).await;
    }
    let (planned, live) = match upgrade::prepare(&objects, prior, planned, config, &clock).await {
        Ok(prepared) => prepared,
        Err(ended) => return ended,
    };
    match write(&objects, live, prior, &planned, config, &clock).await {
        Err(error) => Change::Refused(error),
        Ok((written, after)) => ended(&objects, written, after, &planned, &clock).await,
    }
}

/// Whether a restore was to bring the first data of a database.
fn is_from_backup(planned: &DatabaseModel) -> bool {
    let spec = planned.spec.known();
    spec.is_some_and(judged::is_from_backup)
}

/// Whether a change is one of how the database is destroyed or taken over, and of nothing else:
/// it has to be possible while the database is broken.
fn concerns_the_provider_alone(prior: &DatabaseModel, planned: &DatabaseModel) -> bool {
    let changed = prior.deletion_protection != planned.deletion_protection
        || prior.final_backup != planned.final_backup
        || prior.keep_backup_data != planned.keep_backup_data
        || prior.force_conflicts != planned.force_conflicts;
    let body = |model| v1::database::desired(model, Operation::Update);
    changed && !core_restart::is_asked(prior, planned) && body(prior) == body(planned)
}

/// The end of a change that is not for the cluster: the database is looked at, not waited for.
async fn looked_at_once(
    objects: &Objects<DatabaseCluster>,
    prior: &DatabaseModel,
    planned: &DatabaseModel,
    clock: &Clock,
) -> Change<DatabaseModel> {
    let live = match key(planned) {
        Ok((_, name)) => objects.existing(name).await,
        Err(error) => Err(error),
    };
    let after = match prior.ready.known() {
        Some(false) => readiness::After::Resumed,
        _ => readiness::After::NoChange,
    };
    match live {
        Ok(live) => {
            ended(
                objects,
                live,
                after,
                planned,
                &clock.at_most(Duration::ZERO),
            )
            .await
        }
        Err(error) => Change::Refused(error),
    }
}

/// How a change ends that is written, once the database was waited for.
async fn ended(
    objects: &Objects<DatabaseCluster>,
    written: DatabaseCluster,
    after: readiness::After,
    planned: &DatabaseModel,
    clock: &Clock,
) -> Change<DatabaseModel> {
    let cluster = objects.cluster();
    if planned.wait.known() == Some(&false) {
        return Change::Done(cluster.observed(&written));
    }
    let name = written.name_any();
    let last_known = cluster.observed(&written);
    let after = (after, is_from_backup(planned));
    match readiness::wait_until_ready(objects, written, after, clock).await {
        Ok(ready) => Change::Done(finished(cluster, &ready)),
        Err(error) => Change::Pending {
            observed: latest(objects, &name, last_known).await,
            error,
        },
    }
}

/// Writes a change once Everest accepts it. `live` was read just now: only after a wait is it
/// read again.
async fn write(
    objects: &Objects<DatabaseCluster>,
    mut live: DatabaseCluster,
    prior: &DatabaseModel,
    planned: &DatabaseModel,
    config: &DatabaseModel,
    clock: &Clock,
) -> Result<(DatabaseCluster, readiness::After), ClusterError> {
    let name = &live.name_any();
    let generation = live.metadata.generation;
    let change = Bodies::of(prior, planned, config, &live);
    // Nothing is waited for that cannot be written in the end.
    let body = change.ours(objects, &live);
    apply::taken(objects, name, &live, &body, change.takes())?;
    restart::refuse_paused(objects, &live, &body, prior, planned)?;
    let restarts = core_restart::is_asked(prior, planned);
    if change.planned["spec"] != change.prior["spec"] || restarts {
        until_changes_are_allowed(objects, name, clock).await?;
        live = objects.existing(name).await?;
    }
    let written = write_ours(objects, name, &change, live).await?;
    let unchanged = written.metadata.generation == generation;
    let (written, begun) = restart::begin(objects, written, prior, planned).await?;
    let impacts = impact::of_change(prior, planned);
    let is_quiet = !impacts.is_empty()
        && impacts
            .iter()
            .all(|impact| impact.class == impact::Class::NoRestart);
    let after = match (unchanged && !begun, prior.ready.known()) {
        (false, _) if is_quiet && !begun => readiness::After::QuietChange,
        (false, _) => readiness::After::Change,
        (true, Some(false)) => readiness::After::Resumed,
        (true, _) => readiness::After::NoChange,
    };
    Ok((written, after))
}

/// How long a write rests that Everest's own has come before.
const BEFORE_ANEW: Duration = Duration::from_millis(300);

/// The bodies that an update is made of.
struct Bodies {
    planned: Value,
    configured: Value,
    prior: Value,
    force_conflicts: Field<bool>,
    /// The database that the plan was made for.
    uid: Option<String>,
}

impl Bodies {
    fn of(
        prior: &DatabaseModel,
        planned: &DatabaseModel,
        config: &DatabaseModel,
        live: &DatabaseCluster,
    ) -> Self {
        let settled = |model| v1::database::desired(&settled(model, live), Operation::Update);
        Bodies {
            planned: settled(planned),
            configured: v1::database::desired(config, Operation::Update),
            prior: settled(prior),
            force_conflicts: planned.force_conflicts,
            uid: prior.uid.known().cloned().or_else(|| live.uid()),
        }
    }

    /// What the change may take from other field managers.
    fn takes(&self) -> Takes<'_> {
        Takes::of(&self.force_conflicts, &self.prior)
    }

    /// What an update sends while the object is as it is now.
    fn ours(&self, objects: &Objects<DatabaseCluster>, current: &DatabaseCluster) -> Value {
        let mut body = v1::ownership::ours(
            &self.planned,
            &self.configured,
            &self.prior,
            &current.metadata,
            objects.cluster().field_manager(),
        );
        v1::database::carry_data_source(&mut body, current);
        storage_class::leave(&mut body, current);
        core_restart::leave_paused(&mut body, current);
        apply::pinned(body, self.uid.as_deref())
    }
}

/// Applies what is ours of a change, without taking away a data source that Everest has not
/// restored yet, or disturbing a restart. `current` was read just now; it is read and the change
/// applied again when Everest writes in between.
async fn write_ours(
    objects: &Objects<DatabaseCluster>,
    name: &str,
    change: &Bodies,
    mut current: DatabaseCluster,
) -> Result<DatabaseCluster, ClusterError> {
    let mut tries_left = 8;
    loop {
        tries_left -= 1;
        let body = change.ours(objects, &current);
        let written = async {
            apply::hand_over(objects, name, &current, &change.planned, &change.prior).await?;
            apply::apply(objects, name, &body, change.takes()).await
        };
        match written.await {
            Err(error) if error.is_transient() && tries_left > 0 => {
                tracing::debug!(%error, "the change is made anew");
                tokio::time::sleep(BEFORE_ANEW).await;
                current = objects.existing(name).await?;
            }
            done => return done,
        }
    }
}

/// Waits until Everest would accept a change.
async fn until_changes_are_allowed(
    objects: &Objects<DatabaseCluster>,
    name: &str,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let cluster = objects.cluster();
    let namespace = objects.namespace().unwrap_or_default();
    let feed = cluster.hub.feed(objects);
    let what = "did not accept changes";
    let awaited = Awaited {
        objects,
        name,
        seed: None,
        what,
        clock,
        also: Vec::new(),
    };
    awaited
        .until(&feed, |found: Option<Arc<DatabaseCluster>>| async {
            let found = match found {
                Some(found) => Some(found),
                None => objects.get(name).await?.map(Into::into),
            };
            let Some(found) = found else {
                return Err(ClusterError::NotFound {
                    object: objects.named(name),
                });
            };
            if found.metadata.deletion_timestamp.is_some() {
                return Err(blocked(objects, name, "it is being deleted", None));
            }
            if core_restart::is_running(&found) {
                return Ok(Verdict::Wait("a restart to end".to_owned()));
            }
            if let Some(status) = busy_state(&found) {
                return Ok(Verdict::Wait(format!("status {status:?} to end")));
            }
            Ok(match upgrade_lock::holder(cluster, namespace).await? {
                Some(engine) => Verdict::Wait(format!("the upgrade of {engine} to end")),
                None => Verdict::Done(()),
            })
        })
        .await
}

/// Deletes a database and waits until it is gone.
///
/// With `keep_backup_data` (the default) every backup of it first gets the finalizer that
/// keeps its data in the bucket.
///
/// # Errors
/// `Blocked` while `deletion_protection` is on; `TimedOut` and `Cancelled` name the finalizers
/// that hold it.
pub async fn delete(
    cluster: &Cluster,
    model: &DatabaseModel,
    wait: &Wait,
) -> Result<(), ClusterError> {
    let clock = wait.start();
    let (namespace, name) = key(model)?;
    let objects = cluster.objects::<DatabaseCluster>(namespace);
    if model.deletion_protection.known() == Some(&true) {
        let message = "deletion_protection is on. Set it to false and apply that first";
        let attribute = FieldPath::of("deletionProtection");
        return Err(blocked(&objects, name, message, Some(attribute)));
    }
    let keep_backup_data = model.keep_backup_data.known() != Some(&false);
    destroy(cluster, namespace, name, keep_backup_data, &clock).await
}

fn blocked(
    objects: &Objects<DatabaseCluster>,
    name: &str,
    message: &str,
    attribute: Option<FieldPath>,
) -> ClusterError {
    ClusterError::Blocked {
        object: objects.named(name),
        message: message.to_owned(),
        attribute,
    }
}

/// What is observed of a database that was found ready by more than its status.
fn finished(cluster: &Cluster, database: &DatabaseCluster) -> DatabaseModel {
    let mut model: DatabaseModel = cluster.observed(database);
    model.ready = true.into();
    model
}

/// What is there now of a database that is not ready, or nobody would ask.
async fn latest(
    objects: &Objects<DatabaseCluster>,
    name: &str,
    last_known: DatabaseModel,
) -> DatabaseModel {
    let mut model = objects.latest(name, last_known).await;
    model.ready = false.into();
    model
}

#[cfg(test)]
mod tests;
