//! Objects that stand alone: they read no Secret, and whoever refers to them does it by name.

use everest_core::lifecycle::{ChangeAlone, CreateAlone, RemoveUsed, Used};
use everest_core::v1::ObjectMapping;
use serde::Serialize;

use crate::drive::{self, Driver};
use crate::error::ClusterError;
use crate::object_mapping::key;
use crate::objects::Typed;
use crate::update::Update;
use crate::{Change, Cluster, Creation, Unacknowledged, Wait};

/// Makes the object of a model: see [`CreateAlone`].
///
/// Ends: `Created` or `NotCreated`.
pub async fn create<M, K>(
    cluster: &Cluster,
    planned: &M,
    made: &Unacknowledged,
    wait: &Wait,
) -> Creation<M>
where
    M: ObjectMapping<Object = K> + Clone + Send + Sync,
    K: Typed + Used,
{
    drive::created(cluster, planned, CreateAlone::of(planned), made, wait).await
}

/// Applies a change.
///
/// # Errors
/// In the outcome: `Refused` if the server refused it.
pub async fn update<M, K>(cluster: &Cluster, prior: &M, planned: &M, wait: &Wait) -> Change<M>
where
    M: ObjectMapping<Object = K>,
    K: Typed + Used + Serialize,
{
    let changed = async {
        let (update, apply) = Update::of(cluster, prior, planned).await?;
        update.run::<M, _>(ChangeAlone::<K>::of(apply), wait).await
    };
    changed.await.into()
}

/// Removes an object that others may use: see [`RemoveUsed`].
///
/// # Errors
/// `InUse` names the users; `Refused` if Everest ships the object; `TimedOut` and `Cancelled` name
/// the finalizers.
pub async fn delete<M, K>(cluster: &Cluster, model: &M, wait: &Wait) -> Result<(), ClusterError>
where
    M: ObjectMapping<Object = K>,
    K: Typed + Used,
{
    key(model)?;
    let mut removal = RemoveUsed::of(model);
    let clock = wait.start();
    let mut driver = Driver::new(cluster, &clock).following();
    driver.run(&mut removal, &Unacknowledged::default()).await
}

#[cfg(test)]
mod tests;
