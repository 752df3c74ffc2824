//! Deletion: in the foreground, and only done when the object is gone.

use kube::ResourceExt;
use serde::Serialize;

use crate::error::ClusterError;
use crate::objects::{Kind, Objects};
use crate::wait::Clock;
use crate::watching::{Awaited, Verdict};

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
    deleted_with(objects, name, clock, async |_| Ok(())).await
}

/// The same. `tend` does what the object cannot go without, whenever it is looked at.
///
/// # Errors
/// As [`delete`], and those of `tend`.
pub(crate) async fn deleted_with<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    clock: &Clock,
    tend: impl AsyncFnMut(&K) -> Result<(), ClusterError>,
) -> Result<Option<String>, ClusterError> {
    let Some(object) = objects.get(name).await? else {
        return Ok(None);
    };
    let uid = object.uid();
    if objects.request_deletion(name, uid.as_deref()).await? {
        gone_with(objects, name, uid.as_deref(), clock, tend).await?;
    }
    Ok(uid)
}

/// Waits until the object `uid` called `name` is gone.
///
/// # Errors
/// As [`delete`].
pub(crate) async fn gone<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    uid: Option<&str>,
    clock: &Clock,
) -> Result<(), ClusterError> {
    gone_with(objects, name, uid, clock, async |_| Ok(())).await
}

async fn gone_with<K: Kind + Serialize>(
    objects: &Objects<K>,
    name: &str,
    uid: Option<&str>,
    clock: &Clock,
    mut tend: impl AsyncFnMut(&K) -> Result<(), ClusterError>,
) -> Result<(), ClusterError> {
    let feed = objects.cluster().hub.feed(objects);
    let awaited = Awaited {
        objects,
        name,
        seed: None,
        what: "was not gone",
        clock,
        also: Vec::new(),
    };
    awaited
        .until(&feed, async |found| {
            // The watch may not have shown the object yet: absence is asked for once more.
            let found = match found {
                Some(found) => Some(found),
                None => objects.get(name).await?.map(std::sync::Arc::new),
            };
            Ok(match found {
                None => Verdict::Done(()),
                Some(found) if uid.is_some() && found.uid().as_deref() != uid => Verdict::Done(()),
                Some(found) => {
                    tend(&found).await?;
                    Verdict::Wait(holders(found.finalizers()))
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
