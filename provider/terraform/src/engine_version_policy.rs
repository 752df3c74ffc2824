//! `everest_engine_version_policy`: the versions that databases of a namespace may have.

use async_trait::async_trait;
use everest_cluster::{
    Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, engine_version_policy,
};
use everest_core::{api, facts::Facts, impact::Summary, version_policy};
use everest_schemas::{
    Field,
    models::{EngineVersionPolicies, EngineVersionPolicyModel, NamespacedFilter, Timeouts},
};
use tfplugin::Plan;

use crate::{
    guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind, timeouts::Defaults,
};

/// The kind.
pub struct EngineVersionPolicy;

#[async_trait]
impl Kind for EngineVersionPolicy {
    type Model = EngineVersionPolicyModel;
    type Filter = NamespacedFilter;
    type Collection = EngineVersionPolicies;
    const TYPE: &'static str = "everest_engine_version_policy";
    const PLURAL: &'static str = "everest_engine_version_policies";
    const EXISTING: &'static str = "The versions of an engine that the databases of a namespace \
         may have; null if they are all that the operator offers.";
    const OBJECT: ObjectKind = (api::GROUP, "DatabaseEngine");
    const SCOPE: Scope = Scope::Engine;
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 5);

    fn id(model: &EngineVersionPolicyModel) -> String {
        let namespace = model.namespace.known_str().unwrap_or_default();
        format!(
            "{namespace}/{}",
            model.engine.known_str().unwrap_or_default()
        )
    }

    fn timeouts(model: &EngineVersionPolicyModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(_: &EngineVersionPolicyModel) -> bool {
        true
    }

    fn open_an_output(planned: &mut EngineVersionPolicyModel) {
        planned.previous_versions = Field::Unknown;
    }

    fn plan(plan: &mut Plan<'_, EngineVersionPolicyModel>) {
        // The first change after an import records the list from before.
        if plan.changed() && plan.planned.previous_versions.is_null() {
            plan.planned.previous_versions = Field::Unknown;
        }
    }

    async fn create(
        cluster: &Cluster,
        planned: &EngineVersionPolicyModel,
        _: &EngineVersionPolicyModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<EngineVersionPolicyModel> {
        engine_version_policy::create(cluster, planned, made, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &EngineVersionPolicyModel,
        planned: &EngineVersionPolicyModel,
        _: &EngineVersionPolicyModel,
        wait: &Wait,
    ) -> Change<EngineVersionPolicyModel> {
        engine_version_policy::update(cluster, prior, planned, wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &EngineVersionPolicyModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        engine_version_policy::delete(cluster, prior, wait).await
    }

    async fn list(
        cluster: &Cluster,
        namespace: Option<&str>,
        selector: &str,
    ) -> Result<Vec<EngineVersionPolicyModel>, ClusterError> {
        engine_version_policy::list(cluster, namespace, selector).await
    }
}

#[async_trait]
impl Guarded for EngineVersionPolicy {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, EngineVersionPolicyModel>,
        _: bool,
    ) -> Result<(), ClusterError> {
        engine_version_policy::dry_run(cluster, plan.prior.as_ref(), &plan.planned).await
    }

    fn outlook(
        prior: Option<&EngineVersionPolicyModel>,
        planned: &EngineVersionPolicyModel,
        facts: &Facts,
        what: &str,
    ) -> Vec<Summary> {
        match prior {
            None => Vec::from_iter(version_policy::replaced(what, planned, facts)),
            Some(_) => Vec::new(),
        }
    }
}
