//! The controller of a kind of managed resource: its watches and the times of reconciles.

use std::convert::Infallible;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt, TryStreamExt, future};
use kube::api::{Api, ApiResource};
use kube::runtime::controller::{Action, Config, applier};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{Predicate, PredicateConfig, WatchStreamExt, predicates, watcher};
use kube::{Client, Resource, ResourceExt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::compact_object::CompactObject;
use crate::context::Context;
use crate::external::{Concerns, Connector};
use crate::flags::Options;
use crate::metadata;
use crate::metrics::Outcome;
use crate::provider_config::ConfigKey;
use crate::reconcile::{Next, measured, reconcile};
use crate::reconcile_state::ReconcileStates;
use crate::reflector::Absences;
use crate::relations::{Notifier, Related, ResourceKey};
use crate::resource::ManagedResource;
use crate::secret_watches::SecretWatches;
use crate::watches::Watches;

/// The shortest time between two reconciles, whatever the jitter.
const SHORTEST: Duration = Duration::from_secs(1);

/// The managed resources to reconcile because of other objects.
pub type Queue<M> = mpsc::UnboundedReceiver<ObjectRef<M>>;

/// The data that the reconciles of all managed resources of a kind share.
pub struct Controller<C: Connector> {
    /// The context that all controllers share.
    pub context: Arc<Context>,
    /// The way to the external objects.
    pub connector: C,
    /// The managed resources, once they are watched.
    pub resources: OnceLock<Store<C::Managed>>,
    pub(crate) states: ReconcileStates<C::Memory>,
    pub(crate) watches: Watches,
}

impl<C: Connector> Controller<C> {
    /// A new controller; `connector` is made with the notifier of its managed resources. The
    /// receiver yields those to reconcile.
    pub fn new(
        context: Arc<Context>,
        connector: impl FnOnce(Notifier<C::Managed>) -> C,
    ) -> (Self, Queue<C::Managed>) {
        let (notifier, queued) = Notifier::new();
        let tell = notifier.clone();
        let own_secrets = SecretWatches::new(context.control.clone(), move |metadata| {
            let namespace = metadata.namespace.clone().unwrap_or_default();
            let name = metadata.name.clone().unwrap_or_default();
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
    fn vanished(&self, managed: &C::Managed) {
        let key = (managed.namespace().unwrap_or_default(), managed.name_any());
        self.context.metrics.forget(&measured::<C::Managed>(&key));
        self.forget(&key);
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
    connector: impl FnOnce(Notifier<C::Managed>) -> C,
    shutdown: CancellationToken,
) {
    let (controller, queued) = Controller::new(context.clone(), connector);
    let controller = Arc::new(controller);
    let writer = reflector::store::Writer::<C::Managed>::default();
    let store = writer.as_reader();
    let _ = controller.resources.set(store.clone());
    let gone = controller.clone();
    let keep = keeper(writer, move |managed: &C::Managed| gone.vanished(managed));
    let kind = ApiResource::erase::<C::Managed>(&());
    let changed = changes(context.control.clone(), kind, Box::new(keep))
        .map(|(namespace, name)| ObjectRef::new(&name).within(&namespace))
        .boxed();
    let queued = futures::stream::unfold(queued, |mut queued| async {
        queued.recv().await.map(|key| (key, queued))
    })
    .boxed();
    let everyone = store.clone();
    let configs = controller
        .connector
        .changes()
        .flat_map(move |changed| futures::stream::iter(concerned::<C>(&changed, &everyone.state())))
        .boxed();
    let queue = futures::stream::select(futures::stream::select(changed, queued), configs)
        .map(Ok::<_, Infallible>)
        .take_until(shutdown.clone().cancelled_owned());
    let at_once = u16::try_from(context.options.max_reconcile_rate).unwrap_or(u16::MAX);
    applier(
        move |managed: Arc<C::Managed>, controller: Arc<Controller<C>>| {
            async move {
                controller.context.rate_limiter.turn().await;
                let options = &controller.context.options;
                let measured = controller
                    .context
                    .metrics
                    .reconcile(&C::Managed::plural(&()));
                let working = reconcile(&*managed, &controller);
                let next = controller.context.concurrency.run(working).await;
                measured.ended(match next {
                    Next::Never => Outcome::Success,
                    Next::Again(_) => Outcome::Error,
                    Next::After(_) | Next::Usual => Outcome::RequeueAfter,
                });
                Ok::<_, Infallible>(action(
                    next,
                    interval(
                        metadata::poll_interval(managed.meta(), options.poll),
                        options,
                        RandomState::new().build_hasher().finish(),
                    ),
                ))
            }
            .boxed()
        },
        |_, error, _| match *error {},
        controller,
        store,
        queue,
        Config::default().concurrency(at_once),
    )
    .for_each(|_| future::ready(()))
    .await;
}

/// What is done with each event of a watch.
type Keep = Box<dyn FnMut(&watcher::Event<CompactObject>) + Send>;

/// Keeps the managed resources of a watch in a store, and tells of those that have gone.
///
/// One that cannot be read as its type is not kept and not reconciled: its definition is another
/// version's. All others go on.
fn keeper<M: ManagedResource>(
    mut writer: reflector::store::Writer<M>,
    gone: impl Fn(&M) + Send,
) -> impl FnMut(&watcher::Event<CompactObject>) + Send {
    let mut absent = Absences::new(writer.as_reader(), ());
    let kept = writer.as_reader();
    move |event| {
        let Some(event) = parsed(event, &kept) else {
            return;
        };
        writer.apply_watcher_event(&event);
        for managed in absent.seen(&event) {
            gone(&managed);
        }
        if let watcher::Event::Delete(managed) = &event {
            gone(managed);
        }
    }
}

/// The event with the managed resource as its type; `None` if it cannot be read. One that has gone is
/// known from the last version that is kept.
fn parsed<M: ManagedResource>(
    event: &watcher::Event<CompactObject>,
    kept: &Store<M>,
) -> Option<watcher::Event<M>> {
    Some(match event {
        watcher::Event::Init => watcher::Event::Init,
        watcher::Event::InitDone => watcher::Event::InitDone,
        watcher::Event::InitApply(object) => watcher::Event::InitApply(read(object)?),
        watcher::Event::Apply(object) => watcher::Event::Apply(read(object)?),
        watcher::Event::Delete(object) => {
            watcher::Event::Delete(read(object).or_else(|| last_kept(object, kept))?)
        }
    })
}

fn last_kept<M: ManagedResource>(object: &CompactObject, kept: &Store<M>) -> Option<M> {
    let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
    let name = object.metadata.name.as_deref()?;
    let found = kept.get(&ObjectRef::new(name).within(namespace))?;
    Some(M::clone(&found))
}

fn read<M: ManagedResource>(object: &CompactObject) -> Option<M> {
    match object.parse() {
        Ok(managed) => Some(managed),
        Err(error) => {
            tracing::error!(
                kind = %M::kind(&()),
                namespace = object.metadata.namespace.as_deref().unwrap_or_default(),
                name = object.metadata.name.as_deref().unwrap_or_default(),
                "the managed resource cannot be read, and is left alone: {error}. Apply the \
                 definitions of this provider's version"
            );
            None
        }
    }
}

/// The managed resources of a kind that were added or changed, if not by what is written on each
/// reconcile. `keep` has each event before. One copy of this code serves all kinds.
fn changes(control: Client, kind: ApiResource, mut keep: Keep) -> BoxStream<'static, ResourceKey> {
    let wished = predicates::generation
        .combine(predicates::labels)
        .combine(predicates::annotations)
        .combine(predicates::finalizers);
    let shown = kind.kind.clone();
    watcher(
        Api::<CompactObject>::all_with(control, &kind),
        watcher::Config::default().page_size(500),
    )
    .default_backoff()
    .modify(|managed| managed.metadata.managed_fields = None)
    .inspect_ok(move |event| keep(event))
    .applied_objects()
    .predicate_filter(wished, PredicateConfig::default())
    .filter_map(move |managed| {
        future::ready(match managed {
            Ok(CompactObject { metadata, .. }) => Some((
                metadata.namespace.unwrap_or_default(),
                metadata.name.unwrap_or_default(),
            )),
            Err(error) => {
                tracing::debug!(%error, kind = shown, "the watch goes on");
                None
            }
        })
    })
    .boxed()
}

/// The managed resources whose config may have changed.
fn concerned<C: Connector>(
    changed: &Concerns,
    all: &[Arc<C::Managed>],
) -> Vec<ObjectRef<C::Managed>> {
    let concerned = all.iter().filter(|managed| {
        let namespace = managed.namespace().unwrap_or_default();
        let reference = C::spec(managed).provider_config_ref;
        changed(&ConfigKey::new(&namespace, &reference))
    });
    concerned
        .map(|managed| ObjectRef::from_obj(&**managed))
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
    use crate::testing::{Note, Notes};

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
        let writer = reflector::store::Writer::<Note>::default();
        let store = writer.as_reader();
        let mut keep = keeper(writer, |_: &Note| {});
        let object = |name: &str, spec: serde_json::Value| -> CompactObject {
            serde_json::from_value(json!({"apiVersion": "notes.example.org/v1alpha1",
                "kind": "Note", "metadata": {"name": name, "namespace": "a"}, "spec": spec}))
            .unwrap()
        };
        keep(&watcher::Event::Init);
        keep(&watcher::Event::InitApply(object("odd", json!(["text"]))));
        let spec = json!({"forProvider": {"text": ""}});
        keep(&watcher::Event::InitApply(object("good", spec)));
        keep(&watcher::Event::InitDone);
        let names: Vec<_> = store.state().iter().map(|note| note.name_any()).collect();
        assert_eq!(names, ["good"]);
    }

    #[test]
    fn a_managed_resource_that_became_unreadable_is_gone_once_it_is_deleted() {
        let writer = reflector::store::Writer::<Note>::default();
        let store = writer.as_reader();
        let told = Arc::new(AtomicBool::new(false));
        let tells = Arc::clone(&told);
        let mut keep = keeper(writer, move |_: &Note| tells.store(true, Ordering::Relaxed));
        let object = |spec: serde_json::Value| -> CompactObject {
            serde_json::from_value(json!({"apiVersion": "notes.example.org/v1alpha1",
                "kind": "Note", "metadata": {"name": "odd", "namespace": "a"}, "spec": spec}))
            .unwrap()
        };
        keep(&watcher::Event::Init);
        keep(&watcher::Event::InitApply(object(
            json!({"forProvider": {"text": ""}}),
        )));
        keep(&watcher::Event::InitDone);
        keep(&watcher::Event::Apply(object(json!(["text"]))));
        keep(&watcher::Event::Delete(object(json!(["text"]))));
        assert!(store.is_empty());
        assert!(told.load(Ordering::Relaxed));
    }

    #[test]
    fn a_change_of_a_config_concerns_the_managed_resources_that_name_it() {
        let note = |namespace: &str, kind: &str, name: &str| -> Arc<Note> {
            let object = json!({"apiVersion": "notes.example.org/v1alpha1", "kind": "Note",
                "metadata": {"name": "orders", "namespace": namespace},
                "spec": {"forProvider": {"text": ""},
                    "providerConfigRef": {"kind": kind, "name": name}}});
            Arc::new(serde_json::from_value(object).unwrap())
        };
        let all = [
            note("a", "ProviderConfig", "eu"),
            note("b", "ProviderConfig", "eu"),
            note("c", "ClusterProviderConfig", "eu"),
            note("d", "ClusterProviderConfig", "us"),
        ];
        let names = |changed: Concerns| -> Vec<_> {
            let found = concerned::<Notes>(&changed, &all).into_iter();
            found.filter_map(|found| found.namespace).collect()
        };
        let key = |of: &Note, namespace: &str| -> Concerns {
            let changed = ConfigKey::new(namespace, &Notes::spec(of).provider_config_ref);
            Box::new(move |key| *key == changed)
        };
        assert_eq!(names(key(&all[0], "a")), ["a"]);
        assert_eq!(names(key(&all[2], "c")), ["c"]);
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
