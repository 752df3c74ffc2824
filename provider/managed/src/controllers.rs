//! The controller of a kind of managed resource: its watches and the times of reconciles.

use std::convert::Infallible;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{BoxStream, SelectAll};
use futures::{FutureExt, StreamExt, TryStreamExt, future};
use kube::api::{Api, ApiResource};
use kube::runtime::controller::{Action, Config, applier};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{Predicate, PredicateConfig, WatchStreamExt, predicates, watcher};
use kube::{Client, Resource};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cached_resource::CachedResource;
use crate::compact_object::CompactObject;
use crate::context::Context;
use crate::external::{Concerns, Connector};
use crate::flags::Options;
use crate::metadata;
use crate::metrics::Outcome;
use crate::reconcile::{Next, measured, reconcile};
use crate::reconcile_state::ReconcileStates;
use crate::reflector::Absences;
use crate::relations::{Notifier, Related, ResourceKey};
use crate::secret_watches::SecretWatches;
use crate::watches::Watches;

/// The shortest time between two reconciles, whatever the jitter.
const SHORTEST: Duration = Duration::from_secs(1);

/// The managed resources to reconcile because of other objects.
pub type Queue = mpsc::UnboundedReceiver<ResourceKey>;

/// The data that the reconciles of all managed resources of a kind share.
pub struct Controller<C: Connector> {
    /// The context that all controllers share.
    pub context: Arc<Context>,
    /// The way to the external objects.
    pub connector: C,
    /// The managed resources, once they are watched.
    pub resources: OnceLock<Store<CachedResource>>,
    pub(crate) states: ReconcileStates<C::Memory>,
    pub(crate) watches: Watches,
}

impl<C: Connector> Controller<C> {
    /// A new controller; `connector` is made with the notifier of its managed resources. The
    /// receiver yields those to reconcile.
    pub fn new(context: Arc<Context>, connector: impl FnOnce(Notifier) -> C) -> (Self, Queue) {
        let (notifier, queued) = Notifier::new();
        let tell = notifier.clone();
        let own_secrets = SecretWatches::new(context.control.clone(), move |metadata| {
            let (namespace, name) = metadata::key(metadata);
            tell.tell(&Related::Own(namespace, name));
        });
        let controller = Controller {
            context,
            states: ReconcileStates::default(),
            watches: Watches {
                relations: notifier.relations.clone(),
                own_secrets,
            },
            resources: OnceLock::new(),
            connector: connector(notifier),
        };
        (controller, queued)
    }

    /// Handles a managed resource that is gone, perhaps without having waited for its finalizer.
    fn vanished(&self, key: &ResourceKey) {
        self.context.metrics.forget(&measured::<C::Managed>(key));
        self.forget(key);
    }

    /// Reconciles a managed resource. Its text is parsed only once it is its turn: many may wait.
    async fn reconcile(&self, cached: &CachedResource) -> Action {
        self.context.rate_limiter.turn().await;
        let measured = self.context.metrics.reconcile(&C::Managed::plural(&()));
        let working = async {
            match cached.parse() {
                Ok(managed) => reconcile(&managed, self).await,
                // Never: only what could be parsed is cached.
                Err(_) => Next::Never,
            }
        };
        let next = self.context.concurrency.run(working).await;
        measured.ended(match next {
            Next::Never => Outcome::Success,
            Next::Again(_) => Outcome::Error,
            Next::After(_) | Next::Usual => Outcome::RequeueAfter,
        });
        let options = &self.context.options;
        let asked = metadata::poll_interval(cached.meta(), options.poll);
        let dice = RandomState::new().build_hasher().finish();
        action(next, interval(asked, options, dice))
    }

    /// Forgets a managed resource, and the watches that only it needed.
    pub(crate) fn forget(&self, key: &ResourceKey) {
        self.states.forget(key);
        self.watches.relations.forget(key);
        self.connector.tidy(key);
        self.watches.tidy();
    }
}

/// Runs the controller of a kind until `shutdown`; running reconciles are finished.
pub async fn run<C: Connector>(
    context: Arc<Context>,
    connector: impl FnOnce(Notifier) -> C,
    shutdown: CancellationToken,
) {
    let (controller, queued) = Controller::new(context.clone(), connector);
    let controller = Arc::new(controller);
    let kind = Arc::new(ApiResource::erase::<C::Managed>(&()));
    let writer = reflector::store::Writer::new(kind.clone());
    let store = writer.as_reader();
    let _ = controller.resources.set(store.clone());
    let gone = controller.clone();
    let keep = keeper(writer, kind.clone(), CachedResource::of::<C>, move |key| {
        gone.vanished(key)
    });
    let changed = changes(context.control.clone(), kind.clone(), keep);
    let queued = futures::stream::unfold(queued, |mut queued| async {
        queued.recv().await.map(|key| (key, queued))
    })
    .boxed();
    let everyone = store.clone();
    let configs = controller
        .connector
        .changes()
        .flat_map(move |changed| futures::stream::iter(concerned(&changed, &everyone.state())))
        .boxed();
    let reconcile: Reconcile = Box::new(move |cached| {
        let controller = controller.clone();
        async move { controller.reconcile(&cached).await }.boxed()
    });
    let queue = futures::stream::select_all([changed, queued, configs]);
    let at_once = u16::try_from(context.options.max_reconcile_rate).unwrap_or(u16::MAX);
    reconcile_each(kind, store, queue, reconcile, at_once, shutdown).await;
}

/// A reconcile of a managed resource.
type Reconcile = Box<dyn Fn(Arc<CachedResource>) -> BoxFuture<'static, Action> + Send + Sync>;

/// Reconciles the managed resources that `queue` yields, and those whose time has come. One copy
/// of this code serves all kinds.
async fn reconcile_each(
    kind: Arc<ApiResource>,
    store: Store<CachedResource>,
    queue: SelectAll<BoxStream<'static, ResourceKey>>,
    reconcile: Reconcile,
    at_once: u16,
    shutdown: CancellationToken,
) {
    let queue = queue
        .map(move |(namespace, name)| {
            Ok::<_, Infallible>(ObjectRef::new_with(&name, kind.clone()).within(&namespace))
        })
        .take_until(shutdown.cancelled_owned());
    applier(
        move |cached, _| reconcile(cached).map(Ok::<_, Infallible>),
        |_, error, _| match *error {},
        Arc::new(()),
        store,
        queue,
        Config::default().concurrency(at_once),
    )
    .for_each(|_| future::ready(()))
    .await;
}

/// What is done with each event of a watch.
type Keep = Box<dyn FnMut(&watcher::Event<CompactObject>) + Send>;

/// Reads a managed resource of a kind.
type Read = fn(CompactObject) -> Result<CachedResource, serde_json::Error>;

/// Keeps the managed resources of a watch in a store, and tells of those that have gone.
///
/// One that cannot be read as its type is not kept and not reconciled: its definition is another
/// version's. All others go on.
fn keeper(
    mut writer: reflector::store::Writer<CachedResource>,
    kind: Arc<ApiResource>,
    read: Read,
    gone: impl Fn(&ResourceKey) + Send + 'static,
) -> Keep {
    let kept = writer.as_reader();
    let mut absent = Absences::new(kept.clone(), kind.clone());
    Box::new(move |event| {
        let Some(event) = cached(event, &kind, read, &kept) else {
            return;
        };
        writer.apply_watcher_event(&event);
        for managed in absent.seen(&event) {
            gone(&metadata::key(managed.meta()));
        }
        if let watcher::Event::Delete(managed) = &event {
            gone(&metadata::key(managed.meta()));
        }
    })
}

/// The event with the managed resource as it is kept; `None` if it cannot be read. One that has gone
/// is known from the last version that is kept.
fn cached(
    event: &watcher::Event<CompactObject>,
    kind: &Arc<ApiResource>,
    read: Read,
    kept: &Store<CachedResource>,
) -> Option<watcher::Event<CachedResource>> {
    let read = |object: &CompactObject| match read(object.clone()) {
        Ok(managed) => Some(managed),
        Err(error) => {
            let (namespace, name) = metadata::key(&object.metadata);
            tracing::error!(
                kind = %kind.kind,
                namespace,
                name,
                "the managed resource cannot be read, and is left alone: {error}. Apply the \
                 definitions of this provider's version"
            );
            None
        }
    };
    let last_kept = |object: &CompactObject| {
        let (namespace, name) = metadata::key(&object.metadata);
        let found = kept.get(&ObjectRef::new_with(&name, kind.clone()).within(&namespace))?;
        Some(CachedResource::clone(&found))
    };
    Some(match event {
        watcher::Event::Init => watcher::Event::Init,
        watcher::Event::InitDone => watcher::Event::InitDone,
        watcher::Event::InitApply(object) => watcher::Event::InitApply(read(object)?),
        watcher::Event::Apply(object) => watcher::Event::Apply(read(object)?),
        watcher::Event::Delete(object) => {
            watcher::Event::Delete(read(object).or_else(|| last_kept(object))?)
        }
    })
}

/// The managed resources of a kind that were added or changed, if not by what is written on each
/// reconcile. `keep` has each event before. One copy of this code serves all kinds.
fn changes(
    control: Client,
    kind: Arc<ApiResource>,
    mut keep: Keep,
) -> BoxStream<'static, ResourceKey> {
    let wished = predicates::generation
        .combine(predicates::labels)
        .combine(predicates::annotations)
        .combine(predicates::finalizers);
    watcher(
        Api::<CompactObject>::all_with(control, &kind),
        watcher::Config::default().page_size(500),
    )
    .default_backoff()
    .modify(CompactObject::remove_managed_fields)
    .inspect_ok(move |event| keep(event))
    .applied_objects()
    .predicate_filter(wished, PredicateConfig::default())
    .filter_map(move |managed| {
        future::ready(match managed {
            Ok(managed) => Some(metadata::key(&managed.metadata)),
            Err(error) => {
                tracing::debug!(%error, kind = kind.kind, "the watch goes on");
                None
            }
        })
    })
    .boxed()
}

/// The managed resources whose config may have changed.
fn concerned(changed: &Concerns, all: &[Arc<CachedResource>]) -> Vec<ResourceKey> {
    all.iter()
        .filter(|managed| changed(&managed.interest.config))
        .map(|managed| metadata::key(managed.meta()))
        .collect()
}

/// The time until the next reconcile without an event: at most the sync interval, and with a
/// jitter, so that resources that began together do not stay together.
fn interval(asked: Duration, options: &Options, dice: u64) -> Duration {
    let percent = u32::from(options.poll_jitter_percentage.min(100));
    let offset = u32::try_from(dice % u64::from(20 * percent + 1)).unwrap_or_default();
    let varied = asked * (1000 - 10 * percent + offset) / 1000;
    varied.clamp(SHORTEST, options.sync.max(SHORTEST))
}

fn action(next: Next, usual: Duration) -> Action {
    match next {
        Next::Never => Action::await_change(),
        Next::After(delay) | Next::Again(delay) => Action::requeue(delay),
        Next::Usual => Action::requeue(usual),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use serde_json::json;

    use super::*;
    use crate::provider_config::ConfigKey;
    use crate::testing::{Note, Notes};

    fn note(namespace: &str, name: &str, spec: serde_json::Value) -> CompactObject {
        serde_json::from_value(json!({"apiVersion": "notes.example.org/v1alpha1",
            "kind": "Note", "metadata": {"name": name, "namespace": namespace}, "spec": spec}))
        .unwrap()
    }

    /// What keeps notes, and where.
    fn kept(gone: impl Fn(&ResourceKey) + Send + 'static) -> (Keep, Store<CachedResource>) {
        let kind = Arc::new(ApiResource::erase::<Note>(&()));
        let writer = reflector::store::Writer::new(kind.clone());
        let store = writer.as_reader();
        (
            keeper(writer, kind, CachedResource::of::<Notes>, gone),
            store,
        )
    }

    fn options(jitter: u8) -> Options {
        Options {
            poll_jitter_percentage: jitter,
            ..Options::default()
        }
    }

    #[test]
    fn looks_are_spread_around_the_interval_by_the_jitter() {
        let options = options(10);
        let asked = Duration::from_secs(600);
        let all: Vec<_> = (0..201)
            .map(|dice| interval(asked, &options, dice))
            .collect();
        assert_eq!(all.iter().min().unwrap().as_secs(), 540);
        assert_eq!(all.iter().max().unwrap().as_secs(), 660);
    }

    #[test]
    fn a_managed_resource_that_cannot_be_read_keeps_no_other_from_being_watched() {
        let (mut keep, store) = kept(|_| {});
        keep(&watcher::Event::Init);
        keep(&watcher::Event::InitApply(note(
            "a",
            "odd",
            json!(["text"]),
        )));
        let spec = json!({"forProvider": {"text": ""}});
        keep(&watcher::Event::InitApply(note("a", "good", spec)));
        keep(&watcher::Event::InitDone);
        let names: Vec<_> = store
            .state()
            .iter()
            .map(|note| metadata::key(note.meta()).1)
            .collect();
        assert_eq!(names, ["good"]);
    }

    #[test]
    fn a_managed_resource_that_became_unreadable_is_gone_once_it_is_deleted() {
        let told = Arc::new(AtomicBool::new(false));
        let tells = Arc::clone(&told);
        let (mut keep, store) = kept(move |_| tells.store(true, Ordering::Relaxed));
        keep(&watcher::Event::Init);
        let spec = json!({"forProvider": {"text": ""}});
        keep(&watcher::Event::InitApply(note("a", "odd", spec)));
        keep(&watcher::Event::InitDone);
        keep(&watcher::Event::Apply(note("a", "odd", json!(["text"]))));
        keep(&watcher::Event::Delete(note("a", "odd", json!(["text"]))));
        assert!(store.is_empty());
        assert!(told.load(Ordering::Relaxed));
    }

    #[test]
    fn a_change_of_a_config_concerns_the_managed_resources_that_name_it() {
        let note = |namespace: &str, kind: &str, name: &str| {
            let spec = json!({"forProvider": {"text": ""},
                "providerConfigRef": {"kind": kind, "name": name}});
            Arc::new(CachedResource::of::<Notes>(note(namespace, "orders", spec)).unwrap())
        };
        let all = [
            note("a", "ProviderConfig", "eu"),
            note("b", "ProviderConfig", "eu"),
            note("c", "ClusterProviderConfig", "eu"),
            note("d", "ClusterProviderConfig", "us"),
        ];
        let names = |changed: Concerns| -> Vec<_> {
            let found = concerned(&changed, &all).into_iter();
            found.map(|(namespace, _)| namespace).collect()
        };
        let config = |namespace: &str, of: &CachedResource| -> Concerns {
            let note: Note = of.parse().unwrap();
            let changed = ConfigKey::new(namespace, &Notes::spec(&note).provider_config_ref);
            Box::new(move |key| *key == changed)
        };
        assert_eq!(names(config("a", &all[0])), ["a"]);
        assert_eq!(names(config("c", &all[2])), ["c"]);
        assert_eq!(names(Box::new(|_| true)), ["a", "b", "c", "d"]);
    }

    #[test]
    fn nothing_waits_longer_than_the_look_at_all_of_them_and_nothing_spins() {
        let options = Options {
            sync: Duration::from_secs(300),
            ..options(100)
        };
        let day = Duration::from_secs(86_400);
        assert_eq!(interval(day, &options, 2000).as_secs(), 300);
        assert_eq!(interval(Duration::from_secs(10), &options, 0), SHORTEST);
    }
}
