//! Changing the engines of a namespace, as [`everest_core::lifecycle::namespace`] decides.

use everest_core::lifecycle::Lifecycle;
use everest_core::lifecycle::namespace::{ChangeNamespace, Subscriber};
use everest_schemas::models::NamespaceModel;
use everest_schemas::olm::{ClusterServiceVersion, Subscription};
use kube::ResourceExt;

use crate::drive::{Driver, Stepped, Stepper, Times};
use crate::error::ClusterError;
use crate::wait::Clock;
use crate::{Cluster, Unacknowledged, last_seen};

/// The catalog and the field manager of this provider's Subscriptions.
pub fn subscriber(cluster: &Cluster) -> Subscriber {
    let catalog = cluster.catalog();
    Subscriber {
        manager: cluster.field_manager().to_owned(),
        catalog: catalog.name.clone(),
        catalog_namespace: catalog.namespace.clone(),
    }
}

/// Runs the change until it is done.
///
/// # Errors
/// As [`Driver::run`]. `TimedOut`, `Cancelled` and `Failed` include the last reports of the
/// Subscriptions and CSVs.
pub(super) async fn converge<L>(
    cluster: &Cluster,
    change: &mut L,
    made: &Unacknowledged,
    clock: &Clock,
) -> Result<(), ClusterError>
where
    L: Lifecycle<Outcome = ()> + AsMut<ChangeNamespace> + Send,
{
    // Many namespaces may be made at a time, all from one catalog.
    let mut driver = Driver::new(cluster, clock).following();
    driver.adopt(change, made).await?;
    let mut ended = driver.run(change, made).await;
    match &mut ended {
        Err(
            ClusterError::TimedOut { last, .. }
            | ClusterError::Cancelled { last, .. }
            | ClusterError::Failed { last, .. },
        ) => last.conditions.extend(conditions(&driver)),
        Err(error) if leaves_locks(error) && change.as_mut().give_up() => {
            if let Err(error) = driver.run(change.as_mut(), made).await {
                tracing::warn!(%error, "the upgrade lock stays until Everest removes it");
            }
        }
        _ => {}
    }
    ended
}

/// Runs a change as far as possible without waiting, for a controller. `uid` is the UID of the
/// Namespace.
///
/// # Errors
/// `Blocked` if it may not go on; any error of the server.
pub async fn step(
    cluster: &Cluster,
    prior: &NamespaceModel,
    planned: &NamespaceModel,
    uid: Option<&str>,
    times: &mut Times,
) -> Result<Stepped<()>, ClusterError> {
    let mut change = ChangeNamespace::of(prior, planned, uid, subscriber(cluster));
    let mut steps = Stepper::new(cluster, times);
    let ended = steps.walk(&mut change, None).await;
    if let Err(error) = &ended
        && leaves_locks(error)
        && change.give_up()
        && let Err(error) = steps.walk(&mut change, None).await
    {
        tracing::warn!(%error, "the upgrade lock stays until Everest removes it");
    }
    ended
}

/// Returns true if a change with this result may have left locks that must be removed. A change
/// that still waits keeps its locks: Everest or the next run removes them.
fn leaves_locks(error: &ClusterError) -> bool {
    !matches!(error, ClusterError::Blocked { .. })
}

/// The last reports of the Subscriptions and CSVs.
fn conditions(driver: &Driver<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for subscription in driver.all_seen::<Subscription>() {
        let status = serde_json::to_value(&subscription.status).unwrap_or_default();
        let conditions = last_seen::describe(&status).conditions.into_iter();
        lines.extend(
            conditions.map(|line| format!("Subscription {}: {line}", subscription.name_any())),
        );
    }
    for csv in driver.all_seen::<ClusterServiceVersion>() {
        let status = serde_json::to_value(&csv.status).unwrap_or_default();
        let seen = last_seen::describe(&status);
        lines.push(format!(
            "ClusterServiceVersion {}: {} {}",
            csv.name_any(),
            seen.status.unwrap_or_default(),
            seen.message.unwrap_or_default()
        ));
    }
    lines
}
