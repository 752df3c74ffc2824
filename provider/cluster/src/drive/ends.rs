//! How operations end that a lifecycle decides.

use everest_core::lifecycle::{Lifecycle, Observable};
use everest_core::v1::ObjectMapping;

use super::Driver;
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::Typed;
use crate::wait::Clock;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait, creation};

/// Makes the object of a model and waits for its end.
///
/// Ends: `Created`; `NotCreated` where nothing of this creation exists, or what it has made is
/// gone; `Failed` where it ended so; else `Pending`, also where what ran once is gone.
pub(crate) async fn created<M, L>(
    cluster: &Cluster,
    planned: &M,
    mut lifecycle: L,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<M>
where
    M: ObjectMapping<Object: Typed + Observable>,
    L: Lifecycle + Send,
{
    if let Err(error) = key(planned) {
        return Creation::NotCreated(error);
    }
    let clock = wait.start();
    let mut driver = Driver::new(cluster, &clock).creating(&lifecycle);
    let ended = driver.run(&mut lifecycle, made).await;
    let subject = lifecycle.subject();
    let last_known = driver.seen::<M::Object>(&subject);
    let last_known = last_known
        .filter(|_| driver.is_ours(&subject))
        .map(|object| cluster.observed(&*object));
    match (ended, last_known) {
        (Ok(_), Some(observed)) => Creation::Created(observed),
        (Ok(_), None) => Creation::NotCreated(ClusterError::NotFound {
            object: driver.named(&subject),
        }),
        (Err(error), None) => Creation::NotCreated(error),
        (Err(error @ ClusterError::NotFound { .. }), Some(observed)) if lifecycle.runs_once() => {
            Creation::Pending { observed, error }
        }
        (Err(error), Some(last_known)) => {
            let objects = cluster.objects::<M::Object>(&subject.namespace);
            Creation::unfinished(error, objects.latest(&subject.name, last_known)).await
        }
    }
}

/// Goes on waiting for the end of what was made before.
///
/// Ends: `Done`; `Refused` where it is gone or cannot be read; else `Pending`.
pub(crate) async fn resumed<M, L>(
    cluster: &Cluster,
    planned: &M,
    mut lifecycle: L,
    wait: &Wait,
) -> Change<M>
where
    M: ObjectMapping<Object: Typed + Observable>,
    L: Lifecycle + Send,
{
    if let Err(error) = key(planned) {
        return Change::Refused(error);
    }
    let clock = wait.start();
    let mut driver = Driver::new(cluster, &clock);
    let subject = lifecycle.subject();
    let objects = cluster.objects::<M::Object>(&subject.namespace);
    let found = match objects.existing(&subject.name).await {
        Ok(found) => found,
        Err(error) => return Change::Refused(error),
    };
    if let Err(error) = creation::acknowledge(&objects, &found).await {
        return Change::Refused(error);
    }
    driver.note_written(&subject, found);
    let ended = driver.run(&mut lifecycle, &Unacknowledged::default()).await;
    let last_known = driver.seen::<M::Object>(&subject);
    match (ended, last_known) {
        (Ok(_), Some(found)) => Change::Done(cluster.observed(&*found)),
        (Ok(_), None) => Change::Refused(ClusterError::NotFound {
            object: driver.named(&subject),
        }),
        (Err(error), None) => Change::Refused(error),
        (Err(error), Some(found)) => {
            let last_known = cluster.observed(&*found);
            Change::Pending {
                observed: objects.latest(&subject.name, last_known).await,
                error,
            }
        }
    }
}

/// Does what a lifecycle says until it is done.
///
/// # Errors
/// As [`Driver::run`].
pub(crate) async fn settled<L: Lifecycle + Send>(
    cluster: &Cluster,
    mut lifecycle: L,
    clock: &Clock,
) -> Result<L::Outcome, ClusterError> {
    let mut driver = Driver::new(cluster, clock);
    driver.run(&mut lifecycle, &Unacknowledged::default()).await
}
