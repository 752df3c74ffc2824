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
///
/// # Errors
/// Whatever else keeps the engines from being listed: nobody knows then.
pub(crate) async fn holder(
    cluster: &Cluster,
    namespace: &str,
) -> Result<Option<String>, ClusterError> {
    let engines = match cluster.objects::<DatabaseEngine>(namespace).list("").await {
        Err(error) if error.is_forbidden() || error.is_not_served() => Vec::new(),
        other => other?,
    };
    let upgraded = engines
        .into_iter()
        .find(|engine| engine.annotations().contains_key(UPGRADE_LOCK));
    Ok(upgraded.map(|engine| engine.name_any()))
}

/// Waits until no operator of the namespace is being upgraded, before `name` is made there:
/// Everest's own API refuses to, because the operator that would take it up is being replaced.
///
/// # Errors
/// `TimedOut` and `Cancelled` with the operator that is being upgraded; whatever keeps the operators
/// from being looked at for good.
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
        Ok(match holder(objects.cluster(), namespace).await? {
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::Wait;
    use crate::fake;

    /// How a creation is let through by a server that answers with `code` once, and how often the
    /// server was asked.
    async fn let_through(code: u16) -> (bool, usize) {
        let asked = std::sync::Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        let (cluster, _) =
            fake::cluster(
                move |_, _, _| match counted.fetch_add(1, Ordering::Relaxed) {
                    0 => fake::failure(code, "", "no", json!({})),
                    _ => fake::list(Vec::new()),
                },
            );
        let objects = cluster.impatient().objects::<DatabaseEngine>("prod");
        let wait = Wait::new(std::time::Duration::from_secs(60), CancellationToken::new());
        let released = released(&objects, "orders", &wait.start()).await;
        (released.is_ok(), asked.load(Ordering::Relaxed))
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_may_not_look_passes_without_having_looked() {
        assert_eq!(let_through(403).await, (true, 1));
        assert_eq!(let_through(503).await, (true, 2));
        assert!(!let_through(401).await.0);
    }
}
