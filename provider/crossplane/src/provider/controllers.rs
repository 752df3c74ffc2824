//! The controller of a kind of managed resource: its watches and the times of reconciles.

use std::collections::HashMap;
use std::convert::Infallible;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crossplane_managed::flags::Options;
use crossplane_managed::reflector::Absences;
use everest_schemas::crds;
use everest_schemas::managed::{Managed, ManagedModel};
use futures::{FutureExt, StreamExt, TryStreamExt, future};
use kube::ResourceExt;
use kube::api::Api;
use kube::runtime::controller::{Action, Config, applier};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{Predicate, PredicateConfig, WatchStreamExt, predicates, watcher};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::config::{Changed, Target, TargetKey};
use super::context::Context;
use super::kind::Kind;
use super::managed;
use super::metadata;
use super::metrics::Outcome;
use super::reconcile::{Next, measured, reconcile};
use super::reconcile_state::{ReconcileStates, Related, ResourceKey};
use super::secret_watches::SecretWatches;
use super::views::{Notifier, Views};

/// The shortest time between two reconciles, whatever the jitter.
const SHORTEST: Duration = Duration::from_secs(1);

/// The data that the reconciles of all managed resources of a kind share.
pub struct Controller<K: Kind> {
    /// The context that all controllers share.
    pub context: Arc<Context>,
    /// The remembered states.
    pub states: Arc<ReconcileStates>,
    /// The schema of `status.atProvider`.
    pub at_provider: Value,
    /// The Secrets in the managed resources' namespaces.
    pub own_secrets: SecretWatches,
    /// The managed resources, once they are watched.
    pub resources: OnceLock<Store<Managed<K::Model>>>,
    views: Mutex<HashMap<TargetKey, Arc<Views<K>>>>,
    notifier: Notifier<K>,
}

impl<K: Kind> Controller<K> {
    /// A new controller; the receiver yields the managed resources to reconcile.
    pub fn new(
        context: Arc<Context>,
    ) -> (Self, mpsc::UnboundedReceiver<ObjectRef<Managed<K::Model>>>) {
        let (queue, queued) = mpsc::unbounded_channel();
        let states = Arc::new(ReconcileStates::default());
        let notifier = Notifier {
            states: states.clone(),
            queue,
        };
        let tell = notifier.clone();
        let own_secrets = SecretWatches::new(context.control.clone(), move |metadata| {
            let namespace = metadata.namespace.clone().unwrap_or_default();
            let name = metadata.name.clone().unwrap_or_default();
            tell.tell(&Related::Own(namespace, name));
        });
        let controller = Controller {
            context,
            states,
            at_provider: crds::at_provider::<K::Model>(),
            own_secrets,
            resources: OnceLock::new(),
            views: Mutex::default(),
            notifier,
        };
        (controller, queued)
    }

    /// The watches in a cluster; those of a new target of the same config replace them.
    pub fn views(&self, target: Arc<Target>) -> Arc<Views<K>> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = views.get(&target.key)
            && open.target.revision >= target.revision
        {
            return open.clone();
        }
        let (targets, notifier) = (self.context.targets.clone(), self.notifier.clone());
        let opened = Arc::new(Views::open(target.clone(), targets, notifier));
        views.insert(target.key.clone(), opened.clone());
        opened
    }

    /// Handles a managed resource that is gone, perhaps without having waited for its finalizer.
    fn vanished(&self, managed: &Managed<K::Model>) {
        let key = (managed.namespace().unwrap_or_default(), managed.name_any());
        self.context.metrics.forget(&measured::<K>(&key));
        self.forget(&key);
    }

    /// Forgets a managed resource, and the watches that only it needed.
    pub fn forget(&self, key: &ResourceKey) {
        self.states.forget(key);
        self.close_unused();
    }

    /// Has a managed resource reconciled whenever its external object changes, and ends the watches
    /// that only its former one needed.
    pub fn follow(&self, external: Related, generation: Option<i64>, key: &ResourceKey) {
        if self.states.follow(external, generation, key) {
            self.close_unused();
        }
    }

    fn close_unused(&self) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        views.retain(|target, _| self.states.uses(target));
        views.values().for_each(|views| views.forget_secrets());
        self.own_secrets.keep(|| self.states.own_namespaces());
    }

    /// Requests a reconcile of a managed resource whenever a Secret in its namespace changes.
    pub fn follow_own_secret(&self, key: &ResourceKey, name: &str) {
        let related = Related::Own(key.0.clone(), name.to_owned());
        self.states.relate(related, key);
        self.own_secrets.watch(&key.0);
    }
}

/// Runs the controller of a kind until `shutdown`; running reconciles are finished.
pub async fn run<K: Kind>(context: Arc<Context>, shutdown: CancellationToken) {
    let (controller, queued) = Controller::<K>::new(context.clone());
    let controller = Arc::new(controller);
    let writer = reflector::store::Writer::<Managed<K::Model>>::default();
    let store = writer.as_reader();
    let _ = controller.resources.set(store.clone());
    let gone = controller.clone();
    let mut absent = Absences::new(store.clone(), ());
    let api: Api<Managed<K::Model>> = Api::all(context.control.clone());
    let wished = predicates::generation
        .combine(predicates::labels)
        .combine(predicates::annotations)
        .combine(predicates::finalizers);
    let changed = watcher(api, watcher::Config::default().page_size(500))
        .default_backoff()
        .modify(|managed| managed.metadata.managed_fields = None)
        .reflect(writer)
        .inspect_ok(move |event| {
            for managed in absent.seen(event) {
                gone.vanished(&managed);
            }
            if let watcher::Event::Delete(managed) = event {
                gone.vanished(managed);
            }
        })
        .applied_objects()
        .predicate_filter(wished, PredicateConfig::default())
        .filter_map(|managed| {
            future::ready(match managed {
                Ok(managed) => Some(ObjectRef::from_obj(&managed)),
                Err(error) => {
                    tracing::debug!(%error, kind = K::Model::KIND, "the watch goes on");
                    None
                }
            })
        })
        .boxed();
    let queued = futures::stream::unfold(queued, |mut queued| async {
        queued.recv().await.map(|key| (key, queued))
    })
    .boxed();
    let everyone = store.clone();
    let targets = futures::stream::unfold(context.targets.changes(), |mut changes| async {
        changes.next().await.map(|changed| (changed, changes))
    })
    .flat_map(move |changed| futures::stream::iter(concerned(&changed, &everyone.state())))
    .boxed();
    let queue = futures::stream::select(futures::stream::select(changed, queued), targets)
        .map(Ok::<_, Infallible>)
        .take_until(shutdown.clone().cancelled_owned());
    let at_once = u16::try_from(context.options.max_reconcile_rate).unwrap_or(u16::MAX);
    applier(
        move |managed: Arc<Managed<K::Model>>, controller: Arc<Controller<K>>| {
            async move {
                controller.context.rate_limiter.turn().await;
                let options = &controller.context.options;
                let measured = controller.context.metrics.reconcile(K::Model::PLURAL);
                let next = reconcile(&managed, &controller).await;
                measured.ended(match next {
                    Next::Never => Outcome::Success,
                    Next::Again(_) => Outcome::Error,
                    Next::After(_) | Next::Usual => Outcome::RequeueAfter,
                });
                Ok::<_, Infallible>(action(
                    next,
                    interval(
                        metadata::poll_interval(&managed.metadata, options.poll),
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

/// The managed resources whose config may have changed.
fn concerned<M: ManagedModel>(
    changed: &Changed,
    all: &[Arc<Managed<M>>],
) -> Vec<ObjectRef<Managed<M>>> {
    let concerned = all.iter().filter(|managed| {
        let namespace = managed.namespace().unwrap_or_default();
        changed.concerns(&TargetKey::new(
            &namespace,
            &managed::reference(&managed.spec.provider_config_ref),
        ))
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
    use everest_schemas::managed::Database;
    use serde_json::json;

    use super::*;
    use crate::provider::flags;
    use crossplane_managed::flags::Asked;

    fn options(arguments: &[&str]) -> Options {
        let arguments = lexopt::Parser::from_args(arguments);
        match flags::parse(arguments, &|_| None).unwrap() {
            (Asked::Run(options), _) => *options,
            (Asked::Help, _) => panic!("nobody asked for help"),
        }
    }

    #[test]
    fn looks_are_spread_around_the_interval_by_the_jitter() {
        let options = options(&["--poll-jitter-percentage=10"]);
        let asked = Duration::from_secs(600);
        let all: Vec<_> = (0..201)
            .map(|dice| interval(asked, &options, dice))
            .collect();
        assert_eq!(all.iter().min().unwrap().as_secs(), 540);
        assert_eq!(all.iter().max().unwrap().as_secs(), 660);
    }

    #[test]
    fn a_change_of_a_config_concerns_the_managed_resources_that_name_it() {
        let database = |namespace: &str, kind: &str, name: &str| -> Arc<Database> {
            let object = json!({"apiVersion": "everest.m.openeverest.io/v1alpha1",
                "kind": "Database", "metadata": {"name": "orders", "namespace": namespace},
                "spec": {"forProvider": {}, "providerConfigRef": {"kind": kind, "name": name}}});
            Arc::new(serde_json::from_value(object).unwrap())
        };
        let all = [
            database("a", "ProviderConfig", "eu"),
            database("b", "ProviderConfig", "eu"),
            database("c", "ClusterProviderConfig", "eu"),
            database("d", "ClusterProviderConfig", "us"),
        ];
        let names = |changed: &Changed| -> Vec<_> {
            let found = concerned(changed, &all).into_iter();
            found.filter_map(|found| found.namespace).collect()
        };
        let key = |of: &Database, namespace: &str| {
            let reference = managed::reference(&of.spec.provider_config_ref);
            Changed::Target(TargetKey::new(namespace, &reference))
        };
        assert_eq!(names(&key(&all[0], "a")), ["a"]);
        assert_eq!(names(&key(&all[2], "c")), ["c"]);
        assert_eq!(names(&Changed::Any), ["a", "b", "c", "d"]);
    }

    #[test]
    fn nothing_waits_longer_than_the_look_at_all_of_them_and_nothing_spins() {
        let options = options(&["--poll-jitter-percentage=100", "--sync=5m"]);
        let day = Duration::from_secs(86_400);
        assert_eq!(interval(day, &options, 2000).as_secs(), 300);
        assert_eq!(interval(Duration::from_secs(10), &options, 0), SHORTEST);
    }
}
