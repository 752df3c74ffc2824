//! What restores and imports have in common: they run once, and their objects are only records.

use everest_core::lifecycle::{Lifecycle, Observable};
use everest_core::v1::ObjectMapping;

use crate::error::ClusterError;
use crate::objects::Typed;
use crate::{Change, Cluster, Wait, drive};

/// Goes on waiting for the end of what was begun before. If its object is gone, it stays as it was.
///
/// # Errors
/// In the outcome: `Refused` when it failed meanwhile, since no wait will change that; else as
/// [`drive::resumed`].
pub(crate) async fn resumed<M, L>(
    cluster: &Cluster,
    prior: &M,
    planned: &M,
    lifecycle: L,
    wait: &Wait,
) -> Change<M>
where
    M: ObjectMapping<Object: Typed + Observable> + Clone,
    L: Lifecycle + Send,
{
    match drive::resumed(cluster, planned, lifecycle, wait).await {
        Change::Refused(ClusterError::NotFound { .. })
        | Change::Pending {
            error: ClusterError::NotFound { .. },
            ..
        } => Change::Done(prior.clone()),
        Change::Pending {
            error: error @ ClusterError::Failed { .. },
            ..
        } => Change::Refused(error),
        other => other,
    }
}
