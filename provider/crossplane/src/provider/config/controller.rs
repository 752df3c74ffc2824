//! The controllers of the two kinds of config: they count users, check the cluster, and hold the
//! deletion.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossplane_managed::events::{EventType, Reason};
use crossplane_managed::metadata;
use crossplane_managed::metrics::Outcome;
use crossplane_managed::provider_config::ProviderConfigKind;
use everest_schemas::managed::ProviderConfigStatus;
use futures::{FutureExt, Stream, StreamExt, future};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;
use kube::api::{ApiResource, DynamicObject, Patch};
use kube::runtime::controller::{Action, Config as ControllerConfig, applier};
use kube::runtime::reflector::{ObjectRef, store};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::bound::bound;
use super::credentials;
use super::kubeconfig_source::Config;
use super::status::{self, Users};
use super::{TargetKey, patch_params};
use crate::provider::context::Context;

/// The finalizer that keeps a config while it is used.
pub const IN_USE: &str = "in-use.crossplane.io";

/// The interval of checks while the cluster works.
const WORKING: Duration = Duration::from_secs(60);

/// The interval of checks while it does not.
const FAILING: Duration = Duration::from_secs(5);

/// The interval of checks of a config that is being deleted, in case the event of its last user was
/// missed.
const LEAVING: Duration = Duration::from_secs(5);

/// Changes within this time cause one reconcile.
const TOGETHER: Duration = Duration::from_millis(50);

/// The reason why a reconcile of a config failed. It is retried.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {source}")]
struct Failure {
    what: &'static str,
    source: Box<kube::Error>,
}

fn failed(what: &'static str) -> impl Fn(kube::Error) -> Failure {
    move |source| Failure {
        what,
        source: Box::new(source),
    }
}

/// The data of a controller of one kind.
struct Keeper {
    context: Arc<Context>,
    /// The generation of each config from which its target was last made.
    seen: Mutex<HashMap<TargetKey, (Option<i64>, bool)>>,
}

/// Runs the controller of one kind of config until `shutdown`.
pub async fn run<C: Config>(context: Arc<Context>, shutdown: CancellationToken) {
    let configs: Api<C> = Api::all(context.control.clone());
    let writer = store::Writer::<C>::default();
    let store = writer.as_reader();
    let touched = watcher(configs, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .applied_objects()
        .filter_map(|config| future::ready(config.ok()))
        .map(|config| ObjectRef::from_obj(&config));
    let (everyone, known) = (store.clone(), store.clone());
    let changed = futures::stream::unfold(context.targets.changes(), |mut changes| async {
        changes.next().await.map(|changed| (changed, changes))
    })
    .flat_map(move |changed| {
        let all = known.state();
        let concerned = all.iter().filter(|config| changed.concerns(&config.key()));
        let concerned: Vec<_> = concerned
            .map(|config| ObjectRef::from_obj(&**config))
            .collect();
        futures::stream::iter(concerned)
    });
    let used = told(context.usages.changes()).flat_map(move |()| {
        let all = everyone.state().into_iter();
        futures::stream::iter(all.map(|config| ObjectRef::from_obj(&*config)))
    });
    let queue = futures::stream::select_all([touched.boxed(), changed.boxed(), used.boxed()])
        .map(Ok::<_, Infallible>)
        .take_until(shutdown.cancelled_owned());
    let keeper = Arc::new(Keeper {
        context,
        seen: Mutex::default(),
    });
    applier(
        |config, keeper| look_after::<C>(config, keeper).boxed(),
        |_, _, _| Action::requeue(FAILING),
        keeper,
        store,
        queue,
        ControllerConfig::default()
            .debounce(TOGETHER)
            .concurrency(4),
    )
    .for_each(|done| async move {
        if let Err(error) = done {
            tracing::warn!(%error, kind = %C::KIND, "could not reconcile a config");
        }
    })
    .await;
}

/// A stream item for every change.
fn told(mut changes: watch::Receiver<u64>) -> impl Stream<Item = ()> + Send {
    changes.mark_unchanged();
    futures::stream::unfold(changes, |mut changes| async move {
        changes.changed().await.ok().map(|()| ((), changes))
    })
}

/// Reconciles one config.
///
/// 1. A config that is being deleted is released once it has no users. Users are managed resources
///    with a usage, and those that still have a finalizer: in a foreground deletion, and in the
///    deletion of a namespace, usages go before the managed resources, which need the config for
///    their own deletion.
/// 2. Another config gets the finalizer, and its status shows whether its cluster works.
/// 3. The Secret with its kubeconfig is held while the config is used; see [`credentials`].
async fn look_after<C: Config>(config: Arc<C>, keeper: Arc<Keeper>) -> Result<Action, Failure> {
    let measured = keeper.context.metrics.reconcile(controller::<C>());
    let action = step(config, &keeper).await?;
    measured.ended(Outcome::Success);
    Ok(action)
}

/// The name of the controller in metrics.
fn controller<C: Config>() -> &'static str {
    match C::KIND {
        ProviderConfigKind::ProviderConfig => "providerconfig",
        ProviderConfigKind::ClusterProviderConfig => "clusterproviderconfig",
    }
}

async fn step<C: Config>(config: Arc<C>, keeper: &Keeper) -> Result<Action, Failure> {
    let key = config.key();
    let is_news = keeper.note(&key, config.as_ref());
    let context = &keeper.context;
    let Some(users) = context.usages.users(&key) else {
        return Ok(Action::requeue(Duration::from_secs(1)));
    };
    let api: Api<DynamicObject> = api::<C>(context, key.namespace.as_deref());
    if config.meta().deletion_timestamp.is_some() {
        let users = match users {
            0 => bound(context, &key)
                .await
                .map(Users::Leaving)
                .map_err(failed("its users are not known"))?,
            some => Users::Listed(some),
        };
        if users.count() == 0 {
            credentials::keep(context, config.as_ref(), 0, is_news)
                .await
                .map_err(failed("its Secret is not let go"))?;
            keep(&api, config.as_ref(), false)
                .await
                .map_err(failed("the finalizer is not removed"))?;
            keeper.forget(&key);
            return Ok(Action::await_change());
        }
        let wanted = status::terminating(config.status(), users, config.meta().generation, now());
        if said(config.status(), "Terminating") != said(Some(&wanted), "Terminating") {
            let message = said(Some(&wanted), "Terminating").unwrap_or_default();
            let about = config.object_ref(&());
            let reason = Reason::UsageAccounting;
            context
                .events
                .publish(&about, EventType::Warning, reason, message);
        }
        write(&api, config.as_ref(), wanted).await?;
        credentials::keep(context, config.as_ref(), users.count(), is_news)
            .await
            .map_err(failed("its Secret is not kept"))?;
        return Ok(Action::requeue(LEAVING));
    }
    keep(&api, config.as_ref(), true)
        .await
        .map_err(failed("the finalizer is not set"))?;
    let checked = context.targets.check(&key).await;
    let next = if checked.is_ok() { WORKING } else { FAILING };
    let wanted = status::present(
        config.status(),
        users,
        &checked,
        config.meta().generation,
        now(),
    );
    if let Err(error) = &checked
        && said(config.status(), "Ready") != said(Some(&wanted), "Ready")
    {
        let (about, message) = (config.object_ref(&()), error.to_string());
        let reason = Reason::CannotConnectToProvider;
        context
            .events
            .publish(&about, EventType::Warning, reason, &message);
    }
    write(&api, config.as_ref(), wanted).await?;
    credentials::keep(context, config.as_ref(), users, is_news)
        .await
        .map_err(failed("its Secret is not kept"))?;
    Ok(Action::requeue(next))
}

/// The message of a condition.
fn said<'a>(status: Option<&'a ProviderConfigStatus>, type_: &str) -> Option<&'a str> {
    let conditions = &status?.conditions;
    let condition = conditions.iter().find(|known| known.type_ == type_)?;
    condition.message.as_deref()
}

impl Keeper {
    /// Returns true if this config differs from the last one, and has it read again by its target
    /// then.
    fn note<C: Config>(&self, key: &TargetKey, config: &C) -> bool {
        let meta = config.meta();
        let version = (meta.generation, meta.deletion_timestamp.is_some());
        let before = self
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone(), version);
        let is_news = before != Some(version);
        if is_news {
            self.context.targets.doubt(key);
        }
        is_news
    }

    fn forget(&self, key: &TargetKey) {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
        self.context.targets.forget(key);
    }
}

fn now() -> Time {
    Time(Timestamp::now())
}

/// The API for a config of either kind.
fn api<C: Config>(context: &Context, namespace: Option<&str>) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<C>(&());
    match namespace {
        Some(namespace) => Api::namespaced_with(context.control.clone(), namespace, &resource),
        None => Api::all_with(context.control.clone(), &resource),
    }
}

/// Adds or removes our finalizer, unless someone else has just changed the config.
async fn keep<C: Config>(
    api: &Api<DynamicObject>,
    config: &C,
    held: bool,
) -> Result<(), kube::Error> {
    if metadata::has_finalizer(config.meta(), IN_USE) == held {
        return Ok(());
    }
    let patch = metadata::finalizer_patch(config.meta(), IN_USE, held);
    match api
        .patch(&config.name_any(), &patch_params(), &Patch::Merge(patch))
        .await
    {
        Ok(_) => Ok(()),
        // Changed or gone meanwhile: the watch says so, and it is looked after again.
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Writes the status if it has changed.
async fn write<C: Config>(
    api: &Api<DynamicObject>,
    config: &C,
    wanted: ProviderConfigStatus,
) -> Result<(), Failure> {
    if config.status() == Some(&wanted) {
        return Ok(());
    }
    let patch = json!({ "status": wanted });
    match api
        .patch_status(&config.name_any(), &patch_params(), &Patch::Merge(patch))
        .await
    {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
        Err(error) => Err(failed("the status is not written")(error)),
    }
}
