//! When objects were first seen in a state, by a watch of this process: both
//! sides of a delay are told by the same clock.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures::StreamExt;
use kube::{
    Client,
    api::{WatchEvent, WatchParams},
};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::front::Kind;
use crate::failure::Failure;

/// The sightings of one kind in one state.
pub(super) struct Seen {
    what: String,
    first: Arc<Mutex<HashMap<String, Instant>>>,
    watch: JoinHandle<()>,
}

impl Drop for Seen {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// The object's own name.
pub(super) fn name(object: &Value) -> Option<String> {
    Some(object["metadata"]["name"].as_str()?.to_owned())
}

impl Seen {
    /// Watches a kind from now on; an object counts from when `holds` is first
    /// true of it, under the name that `key` gives it.
    pub fn watch(
        client: &Client,
        kind: &Kind,
        namespace: &str,
        key: fn(&Value) -> Option<String>,
        holds: fn(&Value) -> bool,
    ) -> Self {
        let api = kind.api(client, namespace);
        let first = Arc::new(Mutex::new(HashMap::new()));
        let noted = first.clone();
        let what = kind.name.to_owned();
        let watch = tokio::spawn(async move {
            let mut version = "0".to_owned();
            loop {
                let parameters = WatchParams::default().timeout(290);
                let Ok(stream) = api.watch(&parameters, &version).await else {
                    // The kind may not be served yet.
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    continue;
                };
                let mut stream = stream.boxed();
                while let Some(Ok(event)) = stream.next().await {
                    match event {
                        WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                            let at = Instant::now();
                            if let Some(seen) = &object.metadata.resource_version {
                                version.clone_from(seen);
                            }
                            let Ok(object) = serde_json::to_value(&object) else {
                                continue;
                            };
                            if holds(&object)
                                && let Some(name) = key(&object)
                            {
                                noted
                                    .lock()
                                    .unwrap_or_else(PoisonError::into_inner)
                                    .entry(name)
                                    .or_insert(at);
                            }
                        }
                        // Too old to go on from: from what there is now.
                        WatchEvent::Error(_) => version = "0".to_owned(),
                        WatchEvent::Deleted(_) | WatchEvent::Bookmark(_) => {}
                    }
                }
            }
        });
        Self { what, first, watch }
    }

    /// Waits until that many objects have been seen.
    pub async fn reach(&self, count: usize, patience: Duration) -> Result<(), Failure> {
        let deadline = Instant::now() + patience;
        loop {
            let seen = self.first().len();
            if seen >= count {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Failure::Check(format!(
                    "only {seen} of {count} {} objects got there in {} s",
                    self.what,
                    patience.as_secs()
                )));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// How long after `before` each object was seen here, in rising order. What
    /// was seen here first took no time.
    pub fn behind(&self, before: &Self) -> Vec<Duration> {
        let before = before.first();
        let mut delays: Vec<Duration> = self
            .first()
            .iter()
            .filter_map(|(name, at)| Some(at.saturating_duration_since(*before.get(name)?)))
            .collect();
        delays.sort();
        delays
    }

    fn first(&self) -> HashMap<String, Instant> {
        self.first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
