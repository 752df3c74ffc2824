//! OLM's objects in one namespace, watched.

use std::sync::Arc;

use everest_core::install_plan;
use everest_core::olm::{self, SubscriptionFacts};
use everest_schemas::Engine;
use everest_schemas::everest::DatabaseEngine;
use everest_schemas::olm::{ClusterServiceVersion, InstallPlan, Subscription};
use kube::ResourceExt;
use serde_json::json;
use tokio::sync::watch;

use crate::Cluster;
use crate::error::ClusterError;
use crate::objects::Objects;
use crate::watch_cache::WatchCache;

/// Watches on the objects that tell how far an engine's installation is.
pub(super) struct Olm {
    subscriptions: (Objects<Subscription>, Arc<WatchCache<Subscription>>),
    plans: (Objects<InstallPlan>, Arc<WatchCache<InstallPlan>>),
    versions: (
        Objects<ClusterServiceVersion>,
        Arc<WatchCache<ClusterServiceVersion>>,
    ),
    engines: (Objects<DatabaseEngine>, Arc<WatchCache<DatabaseEngine>>),
}

/// One engine in one namespace, as OLM and Everest show it now.
pub(super) struct EngineView {
    pub(super) subscription: Option<Arc<Subscription>>,
    /// What the Subscription says.
    pub(super) facts: SubscriptionFacts,
    /// The plan that the Subscription refers to.
    pub(super) plan: Option<Arc<InstallPlan>>,
    /// The installed version; the pending one is no sign of anything.
    pub(super) csv: Option<Arc<ClusterServiceVersion>>,
    pub(super) database_engine: Option<Arc<DatabaseEngine>>,
}

impl Olm {
    /// The cluster that they are in.
    pub(super) fn cluster(&self) -> &Cluster {
        self.plans.0.cluster()
    }

    pub(super) fn watch(cluster: &Cluster, namespace: &str) -> Self {
        fn of<K: crate::objects::Kind>(objects: Objects<K>) -> (Objects<K>, Arc<WatchCache<K>>) {
            let watch_cache = objects.cluster().read_cache.watch_cache(&objects);
            (objects, watch_cache)
        }
        Olm {
            subscriptions: of(cluster.objects(namespace)),
            plans: of(cluster.objects(namespace)),
            versions: of(cluster.objects(namespace)),
            engines: of(cluster.objects(namespace)),
        }
    }

    pub(super) fn changes(&self) -> Vec<watch::Receiver<u64>> {
        vec![
            self.subscriptions.1.changes(),
            self.plans.1.changes(),
            self.versions.1.changes(),
            self.engines.1.changes(),
        ]
    }

    pub(super) async fn view(&self, engine: Engine) -> Result<EngineView, ClusterError> {
        let name = engine.operator();
        let subscription = current(&self.subscriptions, name).await?;
        let facts = subscription
            .as_deref()
            .map(olm::subscription)
            .unwrap_or_default();
        let plan = match &facts.install_plan {
            Some(plan) => self.plan(plan).await?,
            None => None,
        };
        let csv = match &facts.installed_csv {
            Some(csv) => current(&self.versions, csv).await?,
            None => None,
        };
        let database_engine = current(&self.engines, name).await?;
        Ok(EngineView {
            subscription,
            facts,
            plan,
            csv,
            database_engine,
        })
    }

    /// The plan that a Subscription refers to, or the one that OLM goes on with in its place.
    async fn plan(&self, name: &str) -> Result<Option<Arc<InstallPlan>>, ClusterError> {
        let (objects, watch_cache) = &self.plans;
        let referred = watch_cache.current(objects, name).await?;
        if let Some(plan) = &referred
            && plan
                .status
                .as_ref()
                .is_none_or(|status| status.phase.is_empty())
        {
            let others = objects.list("").await?;
            if let Some(twin) = install_plan::twin(plan, &others) {
                return Ok(Some(Arc::new(twin.clone())));
            }
        }
        Ok(referred)
    }

    /// Approves a plan, which OLM then carries out.
    pub(super) async fn approve(&self, plan: &InstallPlan) -> Result<(), ClusterError> {
        tracing::info!(plan = %plan.name_any(), "install plan approved");
        self.plans
            .0
            .patch_merge(&plan.name_any(), &json!({"spec": {"approved": true}}))
            .await?;
        Ok(())
    }
}

async fn current<K: crate::objects::Kind>(
    (objects, watch_cache): &(Objects<K>, Arc<WatchCache<K>>),
    name: &str,
) -> Result<Option<Arc<K>>, ClusterError> {
    watch_cache.current(objects, name).await
}
