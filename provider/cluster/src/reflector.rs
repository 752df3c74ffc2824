//! One watch on all objects of a kind, for a controller: a store of the objects, and notifications
//! of changes.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use kube::Resource;
use kube::api::Api;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{WatchStreamExt, watcher};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// The wait for the first list before the caller asks the server itself.
const FIRST_LIST: Duration = Duration::from_secs(5);

/// Objects a LIST asks for at a time.
const PAGE: u32 = 500;

/// A kind that can be watched.
pub trait Watchable: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static {}
impl<K: Resource + Clone + Debug + DeserializeOwned + Send + Sync + 'static> Watchable for K {}

/// All objects of a kind as the watch last showed them. Dropping it ends the watch.
pub struct Reflector<K>
where
    K: Watchable,
    K::DynamicType: Eq + Hash + Clone,
{
    store: Store<K>,
    kind: K::DynamicType,
    mode: watch::Receiver<Mode>,
    _task: AbortOnDropHandle<()>,
}

/// The state of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The first list has not come yet.
    Starting,
    /// The store follows the server.
    Watching,
    /// The server does not answer, or refuses the watch.
    Failing,
}

/// The watch's knowledge of an object.
#[derive(Clone, Debug)]
pub enum Lookup<K> {
    /// It exists.
    Present(Arc<K>),
    /// It does not.
    Absent,
    /// The watch does not follow the server at the moment.
    Unknown,
}

impl<K> Reflector<K>
where
    K: Watchable,
    K::DynamicType: Eq + Hash + Clone + Debug + Unpin + Send + Sync,
{
    /// Starts the watch. `trim` removes unneeded parts of an object before it is stored; `changed`
    /// is called for each object that was added, changed or removed.
    pub fn start(
        api: Api<K>,
        kind: K::DynamicType,
        trim: fn(&mut K),
        changed: impl Fn(&K) + Send + Sync + 'static,
    ) -> Self {
        let writer = reflector::store::Writer::<K>::new(kind.clone());
        let store = writer.as_reader();
        let (modes, mode) = watch::channel(Mode::Starting);
        let config = watcher::Config::default().page_size(PAGE);
        let reflector = async move {
            let mut events = std::pin::pin!(
                watcher(api, config)
                    .default_backoff()
                    .modify(trim)
                    .reflect(writer)
            );
            while let Some(event) = events.next().await {
                match event {
                    Ok(watcher::Event::Init) => {}
                    Ok(watcher::Event::InitDone) => {
                        modes.send_replace(Mode::Watching);
                    }
                    Ok(
                        watcher::Event::InitApply(object)
                        | watcher::Event::Apply(object)
                        | watcher::Event::Delete(object),
                    ) => changed(&object),
                    Err(error) => {
                        tracing::debug!(%error, "a watch continues after an error");
                        if starts_again(&error) {
                            modes.send_replace(Mode::Failing);
                        }
                    }
                }
            }
        };
        Reflector {
            store,
            kind,
            mode,
            _task: AbortOnDropHandle::new(tokio::spawn(reflector)),
        }
    }

    /// Calls `broken` at each failed attempt of the watch, for as long as it runs: after only one
    /// failure, a server that is gone cannot be told from one that closed the connection.
    pub fn on_breakdown<F>(&self, broken: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send,
    {
        let mut mode = self.mode.clone();
        tokio::spawn(async move {
            while mode.changed().await.is_ok() {
                let failing = *mode.borrow_and_update() == Mode::Failing;
                if failing {
                    broken().await;
                }
            }
        });
    }

    /// `name` as the watch shows it. Waits a little for the first list.
    pub async fn get(&self, namespace: Option<&str>, name: &str) -> Lookup<K> {
        let mut mode = self.mode.clone();
        let begun = mode.wait_for(|mode| *mode != Mode::Starting);
        let _ = tokio::time::timeout(FIRST_LIST, begun).await;
        if *self.mode.borrow() != Mode::Watching {
            return Lookup::Unknown;
        }
        let mut key = ObjectRef::new_with(name, self.kind.clone());
        if let Some(namespace) = namespace {
            key = key.within(namespace);
        }
        self.store.get(&key).map_or(Lookup::Absent, Lookup::Present)
    }
}

/// Returns true if the watch must start from the beginning; until then the store may be stale. A
/// watch that was cut off continues where it was.
fn starts_again(error: &watcher::Error) -> bool {
    matches!(
        error,
        watcher::Error::InitialListFailed(_) | watcher::Error::WatchStartFailed(_)
    )
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use k8s_openapi::api::core::v1::ConfigMap;
    use serde_json::json;

    use super::*;
    use crate::testing::api_server;

    #[tokio::test(start_paused = true)]
    async fn each_attempt_that_is_not_served_is_told() {
        let (cluster, seen) = api_server::cluster(|_, _, _| {
            api_server::failure(503, "ServiceUnavailable", "not yet", json!({}))
        });
        let api: Api<ConfigMap> = Api::all(cluster.client().clone());
        let reflector = Reflector::start(api, (), |_| {}, |_| {});
        let told = Arc::new(AtomicU32::new(0));
        let count = told.clone();
        reflector.on_breakdown(move || {
            count.fetch_add(1, Ordering::Relaxed);
            async {}
        });
        tokio::time::sleep(Duration::from_secs(300)).await;
        let attempts = seen.lock().unwrap().len();
        assert!(attempts > 3, "{attempts}");
        assert_eq!(told.load(Ordering::Relaxed) as usize, attempts);
    }
}
