//! The lock on a namespace in which the operator of an engine is being upgraded.

use everest_core::facts::UPGRADE_LOCK;
use everest_schemas::everest::DatabaseEngine;
use kube::ResourceExt;

use crate::Cluster;
use crate::error::ClusterError;
use crate::looking::{Verdict, look_until};
use crate::objects::{Kind, Objects};
use crate::sighting;
use crate::wait::Clock;

/// The operator of the namespace that is being upgraded, if one is. Not being allowed to
/// look is no reason to hold a change back.
pub(crate) async fn holder(cluster: &Cluster, namespace: &str) -> Option<String> {
    let engines = cluster
        .objects::<DatabaseEngine>(namespace)
        .list("")
        .await
        .ok()?;
    engines
        .into_iter()
        .find(|engine| engine.annotations().contains_key(UPGRADE_LOCK))
        .map(|engine| engine.name_any())
}

/// Waits until no operator of the namespace is being upgraded, before `name` is made there:
/// Everest's own API refuses to, because the operator that would take it up is being replaced.
///
/// # Errors
/// `TimedOut` and `Cancelled` with the operator that is being upgraded.
pub(crate) async fn released<K: Kind>(
    objects: &Objects<K>,
    name: &str,
    clock: &Clock,
) -> Result<(), ClusterError> {
    let Some(namespace) = objects.namespace() else {
        return Ok(());
    };
    let object = objects.named(name);
    let mut look = || async {
        Ok(match holder(objects.cluster(), namespace).await {
            Some(engine) => Verdict::Wait(format!("the upgrade of {engine} to end")),
            None => Verdict::Done(()),
        })
    };
    match look_until(clock, &object, Vec::new(), &mut look).await {
        Ok(()) => Ok(()),
        Err(ended) => {
            let what = format!("{object} was not created");
            Err(ended.report(what, clock.waited(), sighting::waiting_for))
        }
    }
}
