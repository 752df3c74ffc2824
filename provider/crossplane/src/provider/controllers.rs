//! The way of each kind to the clusters of its external objects.

use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use crossplane_managed::controllers::Queue;
use crossplane_managed::external::{Concerns, Connector, Request};
use crossplane_managed::failure::Failure;
use crossplane_managed::metadata;
use crossplane_managed::process::Task;
use crossplane_managed::relations::{Notifier, Related, ResourceKey};
use crossplane_managed::resource::{ResourceSpec, ResourceStatus};
use everest_core::v1::ObjectMapping;
use everest_schemas::crds;
use everest_schemas::managed::{Managed, ManagedModel};
use futures::StreamExt;
use futures::stream::BoxStream;
use kube::{Resource, ResourceExt};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::config::{Target, TargetKey};
use super::connected::Connected;
use super::context::Context;
use super::error::ReconcileError;
use super::kind::{self, Kind};
use super::managed;
use super::memory::Memory;
use super::views::Views;

/// The controller of a kind.
pub type Controller<K> = crossplane_managed::controllers::Controller<Clusters<K>>;

/// A controller; the receiver yields the managed resources to reconcile.
pub fn controller<K: Kind>(context: Arc<Context>) -> (Controller<K>, Queue) {
    let runtime = Arc::new(context.runtime.clone());
    Controller::new(runtime, |notifier| Clusters::new(context, notifier))
}

/// The controller of a kind until `shutdown`.
pub fn task<K: Kind>(context: &Arc<Context>, shutdown: &CancellationToken) -> Task {
    let runtime = Arc::new(context.runtime.clone());
    let context = context.clone();
    Task::of(
        runtime,
        |notifier| Clusters::<K>::new(context, notifier),
        shutdown.clone(),
    )
}

/// The clusters of the external objects of a kind.
pub struct Clusters<K: Kind> {
    context: Arc<Context>,
    /// The schema of `status.atProvider`.
    at_provider: Arc<Value>,
    views: Mutex<HashMap<TargetKey, Arc<Views>>>,
    notifier: Notifier,
    kind: PhantomData<fn() -> K>,
}

impl<K: Kind> Clusters<K> {
    fn new(context: Arc<Context>, notifier: Notifier) -> Self {
        Clusters {
            context,
            at_provider: Arc::new(crds::at_provider::<K::Model>()),
            views: Mutex::default(),
            notifier,
            kind: PhantomData,
        }
    }

    /// The watches in a cluster; those of a new target of the same config replace them.
    fn views(&self, target: Arc<Target>) -> Arc<Views> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = views.get(&target.key)
            && open.target.revision >= target.revision
        {
            return open.clone();
        }
        let (targets, notifier) = (self.context.targets.clone(), self.notifier.clone());
        let opened = Arc::new(Views::open::<K>(target.clone(), targets, notifier));
        views.insert(target.key.clone(), opened.clone());
        opened
    }
}

/// The configuration, with namespace and name of the external object.
fn placed<M: ManagedModel>(managed: &Managed<M>, name: &str) -> Result<M, ReconcileError> {
    let mut config = match &managed.spec.for_provider.model {
        Ok(model) => model.clone(),
        Err(reason) => return Err(ReconcileError::Unreadable(reason.clone())),
    };
    config.set_location(&managed.namespace().unwrap_or_default(), name);
    Ok(config)
}

#[async_trait]
impl<K: Kind> Connector for Clusters<K> {
    type Managed = Managed<K::Model>;
    type Memory = Memory;
    type External = Connected<K>;

    const HAS_CONNECTION: bool = K::HAS_ENDPOINT;

    fn spec(managed: &Managed<K::Model>) -> ResourceSpec {
        managed::spec(managed)
    }

    fn status(managed: &Managed<K::Model>) -> ResourceStatus {
        managed::status(managed)
    }

    fn manifest(managed: &Managed<K::Model>) -> Value {
        managed::manifest(managed)
    }

    fn shown(managed: &Managed<K::Model>, name: &str) -> String {
        let kind = <K::External as Resource>::kind(&());
        if !K::NAMESPACED {
            return format!("{kind} {name}");
        }
        // One that cannot be read is named as far as it is known.
        let config = placed(managed, name);
        let namespace = config.as_ref().map_or("", |config| config.key().0);
        format!("{kind} {namespace}/{name}")
    }

    fn default_name(managed: &Managed<K::Model>) -> String {
        let config = managed.spec.for_provider.model.as_ref().ok();
        let fixed = config.and_then(K::object_name).map(str::to_owned);
        fixed.unwrap_or_else(|| kind::default_name::<K>(&managed.metadata))
    }

    fn place(managed: &Managed<K::Model>) -> Option<String> {
        let config = placed(managed, metadata::external_name(&managed.metadata)).ok()?;
        Some(config.key().0.to_owned())
    }

    async fn connect(
        &self,
        request: &mut Request<'_, Managed<K::Model>, Memory>,
    ) -> Result<Connected<K>, Failure> {
        let managed = request.managed;
        let home = &request.key.0;
        let reference = managed::reference(&managed.spec.provider_config_ref);
        let targets = &self.context.targets;
        let target = targets.connect(home, &reference).await;
        let target = target.map_err(ReconcileError::from)?;
        let config = placed(managed, request.name)?;
        // One that has written nothing does not wait for its annotation to be mended: it goes.
        let metadata = &managed.metadata;
        let is_ours =
            self.context.runtime.marks.is_ours(metadata) || metadata::is_creation_open(metadata);
        if let Some(meant) = K::object_name(&config)
            && meant != request.name
            && (is_ours || !request.is_deleting())
        {
            let named = request.name;
            return Err(Failure::Refused(format!(
                "the annotation crossplane.io/external-name is {named}, but spec.forProvider means \
                 {meant}. Set the annotation to that, or create another managed resource"
            )));
        }
        let usage = K::uses(&config);
        let permitted = targets.permit(&target, home, &usage).await;
        permitted.map_err(ReconcileError::from)?;
        let namespace = config.key().0.to_owned();
        let name = request.name.to_owned();
        let external = Related::External(target.key.clone(), namespace.clone(), name);
        if request.follow(external) {
            self.tidy(request.key);
        }
        for name in managed.spec.for_provider.secret_names() {
            request.follow_secret(name);
        }
        Ok(Connected {
            config,
            namespace,
            views: self.views(target),
            at_provider: self.at_provider.clone(),
        })
    }

    fn tidy(&self, key: &ResourceKey) {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        for views in views.values() {
            views.prerequisites.waits(key, "", &BTreeSet::new());
        }
        views.retain(|target, _| self.notifier.relations.uses(target));
        views.values().for_each(|views| views.forget_secrets());
    }

    fn changes(&self) -> BoxStream<'static, Concerns> {
        let changes = self.context.targets.changes();
        futures::stream::unfold(changes, |mut changes| async {
            let changed = changes.next().await?;
            let concerns: Concerns = Box::new(move |key| changed.concerns(key));
            Some((concerns, changes))
        })
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use everest_schemas::managed::Database;
    use serde_json::json;

    use super::*;
    use crate::provider::kind::Databases;

    #[test]
    fn the_place_of_an_object_is_its_namespace_whoever_names_it() {
        let database = |home: &str, spec: Value| -> Database {
            let object = json!({"apiVersion": "everest.m.openeverest.io/v1alpha1",
                "kind": "Database", "metadata": {"name": "orders", "namespace": home},
                "spec": {"forProvider": spec}});
            serde_json::from_value(object).unwrap()
        };
        let place = |home, spec| Clusters::<Databases>::place(&database(home, spec));
        let prod = || json!({"namespace": "prod"});
        assert_eq!(place("shop", prod()).as_deref(), Some("prod"));
        assert_eq!(place("shop", prod()), place("billing", prod()));
        assert_eq!(place("shop", json!({})).as_deref(), Some("shop"));
        let orders = database("shop", prod());
        let shown = Clusters::<Databases>::shown(&orders, "legacy");
        assert_eq!(shown, "DatabaseCluster prod/legacy");
    }
}
