//! `everest_load_balancer_config`: annotations for the load balancers of databases.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, plain};
use everest_core::{
    api,
    dry_run::is_known,
    facts::Facts,
    impact::{self, Summary},
};
use everest_schemas::{
    Field,
    models::{EveryObject, LoadBalancerConfigModel, LoadBalancerConfigs, Timeouts},
};
use tfplugin::Plan;

use crate::{
    guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind, timeouts::Defaults,
};

/// The kind.
pub struct LoadBalancerConfig;

#[async_trait]
impl Kind for LoadBalancerConfig {
    type Model = LoadBalancerConfigModel;
    type Filter = EveryObject;
    type Collection = LoadBalancerConfigs;
    const TYPE: &'static str = "everest_load_balancer_config";
    const PLURAL: &'static str = "everest_load_balancer_configs";
    const EXISTING: &'static str = "Annotations for the load balancers of the databases that name the \
         configuration. The one that Everest ships is read with this data source.";
    const OBJECT: ObjectKind = (api::GROUP, "LoadBalancerConfig");
    const SCOPE: Scope = Scope::Cluster;
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 30);
    const LASTING: &'static [&'static str] = &["inUse"];

    fn timeouts(model: &LoadBalancerConfigModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(_: &LoadBalancerConfigModel) -> bool {
        true
    }

    fn open_an_output(planned: &mut LoadBalancerConfigModel) {
        planned.read_only = Field::Unknown;
    }

    async fn create(
        cluster: &Cluster,
        planned: &LoadBalancerConfigModel,
        _: &LoadBalancerConfigModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<LoadBalancerConfigModel> {
        plain::create(cluster, planned, made, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &LoadBalancerConfigModel,
        planned: &LoadBalancerConfigModel,
        _: &LoadBalancerConfigModel,
        wait: &Wait,
    ) -> Change<LoadBalancerConfigModel> {
        plain::update(cluster, prior, planned, &planned.force_conflicts, wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &LoadBalancerConfigModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        plain::delete(cluster, prior, wait).await
    }
}

#[async_trait]
impl Guarded for LoadBalancerConfig {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, LoadBalancerConfigModel>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        let is_meaningful = dry_run_is_meaningful && is_known(&plan.config.spec);
        let (prior, planned) = (plan.prior.as_ref(), &plan.planned);
        plain::dry_run(
            cluster,
            prior,
            planned,
            &planned.force_conflicts,
            is_meaningful,
        )
        .await
    }

    fn outlook(
        prior: Option<&LoadBalancerConfigModel>,
        planned: &LoadBalancerConfigModel,
        facts: &Facts,
        what: &str,
    ) -> Vec<Summary> {
        let prior = prior.into_iter();
        let changes =
            prior.filter_map(|prior| impact::of_load_balancer_config(what, prior, planned, facts));
        changes.collect()
    }
}
