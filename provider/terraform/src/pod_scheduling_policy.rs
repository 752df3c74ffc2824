//! `everest_pod_scheduling_policy`: on which nodes the pods of databases run.

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
    models::{EveryObject, PodSchedulingPolicies, PodSchedulingPolicyModel, Timeouts},
};
use tfplugin::Plan;

use crate::{
    guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind, timeouts::Defaults,
};

/// The kind.
pub struct PodSchedulingPolicy;

#[async_trait]
impl Kind for PodSchedulingPolicy {
    type Model = PodSchedulingPolicyModel;
    type Filter = EveryObject;
    type Collection = PodSchedulingPolicies;
    const TYPE: &'static str = "everest_pod_scheduling_policy";
    const PLURAL: &'static str = "everest_pod_scheduling_policies";
    const EXISTING: &'static str = "On which nodes the pods of databases run that name the policy. \
         Policies that Everest ships are read with this data source.";
    const OBJECT: ObjectKind = (api::GROUP, "PodSchedulingPolicy");
    const SCOPE: Scope = Scope::Cluster;
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 30);
    const LASTING: &'static [&'static str] = &["inUse"];

    fn timeouts(model: &PodSchedulingPolicyModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(_: &PodSchedulingPolicyModel) -> bool {
        true
    }

    fn open_an_output(planned: &mut PodSchedulingPolicyModel) {
        planned.read_only = Field::Unknown;
    }

    async fn create(
        cluster: &Cluster,
        planned: &PodSchedulingPolicyModel,
        _: &PodSchedulingPolicyModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<PodSchedulingPolicyModel> {
        plain::create(cluster, planned, made, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &PodSchedulingPolicyModel,
        planned: &PodSchedulingPolicyModel,
        _: &PodSchedulingPolicyModel,
        wait: &Wait,
    ) -> Change<PodSchedulingPolicyModel> {
        plain::update(cluster, prior, planned, &planned.force_conflicts, wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &PodSchedulingPolicyModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        plain::delete(cluster, prior, wait).await
    }
}

#[async_trait]
impl Guarded for PodSchedulingPolicy {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, PodSchedulingPolicyModel>,
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
        prior: Option<&PodSchedulingPolicyModel>,
        planned: &PodSchedulingPolicyModel,
        facts: &Facts,
        what: &str,
    ) -> Vec<Summary> {
        let prior = prior.into_iter();
        let changes = prior.filter_map(|prior| impact::of_policy(what, prior, planned, facts));
        changes.collect()
    }
}
