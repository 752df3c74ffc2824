//! Deletion: in the foreground, and only done when the object is gone.

use std::future::ready;
use std::sync::Arc;

use kube::ResourceExt;
use serde::Serialize;

use crate::error::ClusterError;
use crate::objects::{Kind, Objects};
use crate::wait::Clock;
use crate::wait_until::Progress;
use crate::watch_cache::Awaited;

/// Deletes `name` and waits until it is gone. An object that is not there is fine.
///
/// # Errors
/// `TimedOut` and `Cancelled` name the finalizers that hold the object.
pub(crate) async fn delete<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    clock: &Clock,
) -> Result<(), ClusterError> {
    deleted(objects, name, clock).await?;
    Ok(())
}

/// The same; the UID of what was there.
///
/// # Errors
/// As [`delete`].
pub(crate) async fn deleted<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    clock: &Clock,
) -> Result<Option<String>, ClusterError> {
    deleted_with(objects, name, clock, |_| ready(Ok(()))).await
}

/// The same. `tend` does what the object cannot go without, whenever it is looked at.
///
/// # Errors
/// As [`delete`], and those of `tend`.
pub(crate) async fn deleted_with<K, F>(
    objects: &Objects<K>,
    name: &str,
    clock: &Clock,
    tend: impl Fn(Arc<K>) -> F + Send + Sync,
) -> Result<Option<String>, ClusterError>
where
    K: Kind + Serialize,
    F: Future<Output = Result<(), ClusterError>> + Send,
{
    let Some(object) = objects.get(name).await? else {
        return Ok(None);
    };
    let uid = object.uid();
    if objects.request_deletion(name, uid.as_deref()).await? {
        gone_with(objects, name, uid.as_deref(), clock, tend).await?;
    }
    Ok(uid)
}

async fn gone_with<K, F>(
    objects: &Objects<K>,
    name: &str,
    uid: Option<&str>,
    clock: &Clock,
    tend: impl Fn(Arc<K>) -> F + Send + Sync,
) -> Result<(), ClusterError>
where
    K: Kind + Serialize,
    F: Future<Output = Result<(), ClusterError>> + Send,
{
    let watch_cache = objects.cluster().read_cache.watch_cache(objects);
    let awaited = Awaited {
        objects,
        name,
        seed: None,
        what: "was not gone",
        clock,
        also: Vec::new(),
    };
    awaited
        .until(&watch_cache, |found: Option<Arc<K>>| async {
            // The watch may not have shown the object yet: absence is asked for once more.
            let found = match found {
                Some(found) => Some(found),
                None => objects.get(name).await?.map(Arc::new),
            };
            Ok(match found {
                None => Progress::Done(()),
                Some(found) if uid.is_some() && found.uid().as_deref() != uid => Progress::Done(()),
                Some(found) => {
                    tend(found.clone()).await?;
                    Progress::Wait(holders(found.finalizers()))
                }
            })
        })
        .await
}

fn holders(finalizers: &[String]) -> String {
    if finalizers.is_empty() {
        return "its deletion".to_owned();
    }
    format!(
        "its deletion, held by the finalizers {}",
        finalizers.join(", ")
    )
}
