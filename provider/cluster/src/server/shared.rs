//! One of the objects that hold settings of many owners: read, changed and written on the condition
//! that nobody else has written it meanwhile.

use std::fmt::Debug;
use std::time::Duration;

use everest_core::facts::SYSTEM_NAMESPACE;
use everest_core::server::Next;
use serde_json::Value;

use crate::Cluster;
use crate::error::{ClusterError, LastSeen, Object};
use crate::objects::{Objects, Typed};
use crate::wait::{Clock, Stopped};

/// The pause after the first conflict; it grows with each further one.
const PAUSE: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// A shared object of Everest's namespace.
pub(super) struct Shared<K> {
    objects: Objects<K>,
    name: &'static str,
}

impl<K: Typed + Debug> Shared<K> {
    pub(super) fn new(cluster: &Cluster, name: &'static str) -> Self {
        Self {
            objects: cluster.objects(SYSTEM_NAMESPACE),
            name,
        }
    }

    /// Reads the object; one request serves all who read it in a run.
    pub(super) async fn read(&self) -> Result<Option<K>, ClusterError> {
        self.objects.read(self.name).await
    }

    /// An error about the object.
    pub(super) fn blocked(&self, message: impl ToString) -> ClusterError {
        ClusterError::Blocked {
            object: self.objects.named(self.name),
            message: message.to_string(),
            attribute: None,
        }
    }

    /// Writes what `next` makes of the object, and returns the object as it is then.
    ///
    /// 1. Operations of this process take turns: two of them at once would only disturb each other.
    /// 2. The object is read, and `next` decides.
    /// 3. The patch names the UID and the version that were read. If someone else has written the
    ///    object, or if nobody knows whether the patch was applied, begin again at 2.
    ///
    /// # Errors
    /// If the object does not exist, if `next` refuses, if the server refuses the patch, or if the
    /// deadline passes.
    pub(super) async fn change(
        &self,
        clock: &Clock,
        next: impl Fn(&K) -> Result<Next<Value>, ClusterError>,
    ) -> Result<K, ClusterError> {
        let turn = self
            .objects
            .cluster()
            .turn(&format!("{SYSTEM_NAMESPACE}/{}", self.name));
        let turn = clock.bound(turn.lock()).await;
        let _turn = turn.map_err(|stopped| self.stopped(clock, stopped, None))?;
        let mut pause = PAUSE;
        loop {
            let object = self.objects.get(self.name).await?;
            let object = object.ok_or_else(|| {
                self.blocked(
                    "it does not exist, although Everest's chart installs it. Check that Everest \
                     is installed in namespace everest-system, or restore it with helm upgrade",
                )
            })?;
            let Next::Write(mut patch) = next(&object)? else {
                return Ok(object);
            };
            patch["metadata"]["uid"] = object.meta().uid.clone().into();
            patch["metadata"]["resourceVersion"] = object.meta().resource_version.clone().into();
            let error = match self.objects.patch_merge_once(self.name, &patch).await {
                Ok(object) => return Ok(object),
                Err(error) if error.is_transient() || error.leaves_it_open() => error,
                Err(error) => return Err(error),
            };
            tracing::debug!(%error, "changing a shared object again");
            let paused = clock.pause(pause, std::future::pending()).await;
            paused.map_err(|stopped| self.stopped(clock, stopped, Some(error)))?;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn stopped(
        &self,
        clock: &Clock,
        stopped: Stopped,
        error: Option<ClusterError>,
    ) -> ClusterError {
        let object = self.objects.named(self.name);
        let waiting_for = match error {
            Some(error) => format!("a write that nobody else disturbs. The last error: {error}"),
            None => "other changes of this run".to_owned(),
        };
        let last = LastSeen {
            waiting_for,
            ..LastSeen::default()
        };
        ended(stopped, clock, format!("{object} was not changed"), last)
    }
}

/// The error of a wait that ended early.
pub(super) fn ended(stopped: Stopped, clock: &Clock, what: String, last: LastSeen) -> ClusterError {
    let (waited, last) = (clock.waited(), Box::new(last));
    match stopped {
        Stopped::Deadline => ClusterError::TimedOut { what, waited, last },
        Stopped::Cancelled => ClusterError::Cancelled { what, waited, last },
    }
}

/// The error for a setting that exists and is not as configured.
pub(super) fn exists(kind: &str, name: &str, id: &str) -> ClusterError {
    ClusterError::AlreadyExists {
        object: Box::new(Object {
            kind: kind.to_owned(),
            resource: String::new(),
            namespace: None,
            name: name.to_owned(),
        }),
        remedy: format!("Import it with the id {id:?}"),
    }
}
