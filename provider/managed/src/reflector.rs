//! One watch on all objects of a kind, for a controller: a store of the objects, and notifications
//! of changes.

use std::collections::HashMap;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{Api, ApiResource, DynamicObject};
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, Resource};
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

/// The metadata of all objects of a kind. The kind is a value, so that there is one copy of the code.
pub type MetadataReflector = Reflector<PartialObjectMeta<DynamicObject>>;

impl MetadataReflector {
    /// Starts a watch of the metadata of objects of type `O`, of a namespace or of all; otherwise as
    /// [`Reflector::start`].
    pub fn of<O: Resource<DynamicType = ()>>(
        client: Client,
        namespace: Option<&str>,
        trim: fn(&mut ObjectMeta),
        changed: impl Fn(&ObjectMeta) + Send + Sync + 'static,
    ) -> Self {
        let kind = ApiResource::erase::<O>(&());
        let api = match namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &kind),
            None => Api::all_with(client, &kind),
        };
        Self::start(
            api,
            kind,
            move |object| trim(&mut object.metadata),
            move |object| changed(&object.metadata),
        )
    }
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
        trim: impl FnMut(&mut K) + Send + 'static,
        changed: impl Fn(&K) + Send + Sync + 'static,
    ) -> Self {
        let writer = reflector::store::Writer::<K>::new(kind.clone());
        let store = writer.as_reader();
        let (modes, mode) = watch::channel(Mode::Starting);
        let config = watcher::Config::default().page_size(PAGE);
        let mut absences = Absences::new(store.clone(), kind.clone());
        let plural = K::plural(&kind).into_owned();
        let reflector = async move {
            let mut is_refused = false;
            let mut events = std::pin::pin!(
                watcher(api, config)
                    .default_backoff()
                    .modify(trim)
                    .reflect(writer)
            );
            while let Some(event) = events.next().await {
                if let Ok(event) = &event {
                    for object in absences.seen(event) {
                        changed(&object);
                    }
                }
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
                        if let Some(refusal) = refusal(&error)
                            && !std::mem::replace(&mut is_refused, true)
                        {
                            tracing::warn!(
                                refusal,
                                "{plural} may not be watched in the whole cluster: each object is \
                                 read by itself, and a change of it is seen at the poll interval"
                            );
                        }
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

/// The objects that went while a watch was interrupted: nothing tells of their deletion, and the list
/// with which the watch begins anew lacks them.
pub struct Absences<K>
where
    K: Resource + Clone + 'static,
    K::DynamicType: Eq + Hash + Clone,
{
    store: Store<K>,
    kind: K::DynamicType,
    /// The objects from before the list that has not shown them yet.
    missing: HashMap<ObjectRef<K>, Arc<K>>,
}

impl<K> Absences<K>
where
    K: Resource + Clone + 'static,
    K::DynamicType: Eq + Hash + Clone,
{
    /// The absences from the store of a watch.
    pub fn new(store: Store<K>, kind: K::DynamicType) -> Self {
        Absences {
            store,
            kind,
            missing: HashMap::new(),
        }
    }

    /// The objects that went, as they were, after an event that the store has already. An object
    /// that was made anew has gone as well.
    pub fn seen(&mut self, event: &watcher::Event<K>) -> Vec<Arc<K>> {
        match event {
            watcher::Event::Init => {
                let all = self.store.state().into_iter();
                let named = all.map(|object| (self.named(&object), object));
                self.missing = named.collect();
            }
            watcher::Event::InitApply(object) => {
                let name = self.named(object);
                let known = self.missing.get(&name);
                if known.is_some_and(|known| known.meta().uid == object.meta().uid) {
                    self.missing.remove(&name);
                }
            }
            watcher::Event::InitDone => {
                return self.missing.drain().map(|(_, object)| object).collect();
            }
            watcher::Event::Apply(_) | watcher::Event::Delete(_) => {}
        }
        Vec::new()
    }

    fn named(&self, object: &K) -> ObjectRef<K> {
        ObjectRef::from_obj_with(object, self.kind.clone())
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

/// The answer of a server that does not permit a watch.
fn refusal(error: &watcher::Error) -> Option<&str> {
    match error {
        watcher::Error::InitialListFailed(kube::Error::Api(status))
        | watcher::Error::WatchStartFailed(kube::Error::Api(status))
        | watcher::Error::WatchError(status)
            if status.code == 403 =>
        {
            Some(&status.message)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use k8s_openapi::api::core::v1::ConfigMap;
    use serde_json::json;

    use super::*;
    use crate::testing::api;

    fn config_map(name: &str, uid: &str) -> ConfigMap {
        serde_json::from_value(json!({"metadata": {"name": name, "namespace": "a", "uid": uid}}))
            .unwrap()
    }

    #[test]
    fn what_the_next_list_lacks_has_gone() {
        use watcher::Event::{Init, InitApply, InitDone};

        let mut writer = reflector::store::Writer::<ConfigMap>::default();
        let mut absences = Absences::new(writer.as_reader(), ());
        let mut list = |objects: &[(&str, &str)]| {
            let each = objects
                .iter()
                .map(|(name, uid)| InitApply(config_map(name, uid)));
            let events = std::iter::once(Init).chain(each).chain([InitDone]);
            let mut gone = Vec::new();
            for event in events {
                writer.apply_watcher_event(&event);
                let names = absences.seen(&event).into_iter();
                gone.extend(names.filter_map(|object| object.metadata.name.clone()));
            }
            gone.sort();
            gone
        };
        assert!(list(&[("kept", "1"), ("gone", "2"), ("again", "3")]).is_empty());
        assert_eq!(list(&[("kept", "1"), ("again", "4")]), ["again", "gone"]);
        assert!(list(&[("kept", "1"), ("again", "4")]).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_goes_while_the_watch_is_interrupted_is_told() {
        let server = test_apiserver::ApiServer::new();
        for name in ["kept", "gone"] {
            server.put(json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": "a"}}));
        }
        let told = Arc::new(std::sync::Mutex::new(Vec::new()));
        let tell = told.clone();
        let api: Api<ConfigMap> = Api::all(server.client());
        let reflector = Reflector::start(
            api,
            (),
            |_| {},
            move |object| {
                tell.lock()
                    .unwrap()
                    .push(object.metadata.name.clone().unwrap());
            },
        );
        assert!(matches!(
            reflector.get(Some("a"), "gone").await,
            Lookup::Present(_)
        ));
        told.lock().unwrap().clear();
        server.compact();
        server.remove("/api/v1/namespaces/a/configmaps/gone");
        server.compact();
        tokio::time::sleep(Duration::from_secs(120)).await;
        assert!(matches!(
            reflector.get(Some("a"), "gone").await,
            Lookup::Absent
        ));
        assert!(told.lock().unwrap().contains(&"gone".to_owned()));
    }

    #[test]
    fn a_watch_that_is_not_permitted_is_told_from_one_that_failed() {
        let error = |code: u16| {
            let status = json!({"status": "Failure", "code": code, "message": "may not"});
            let status = serde_json::from_value(status).unwrap();
            watcher::Error::InitialListFailed(kube::Error::Api(Box::new(status)))
        };
        assert_eq!(refusal(&error(403)), Some("may not"));
        assert_eq!(refusal(&error(503)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn each_attempt_that_is_not_served_is_told() {
        let (client, seen) = api(|_, _, _| {
            let status = json!({"kind": "Status", "status": "Failure", "code": 503,
                "reason": "ServiceUnavailable", "message": "not yet"});
            (503, status)
        });
        let api: Api<ConfigMap> = Api::all(client);
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
