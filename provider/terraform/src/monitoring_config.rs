//! `everest_monitoring_config`: the server that databases report to, with its API key.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Unacknowledged, Wait};
use everest_core::{
    api,
    dry_run::is_known,
    facts::Facts,
    impact::{self, Summary},
    rules::Validate,
};
use everest_schemas::{
    Field,
    models::{MonitoringConfigModel, MonitoringConfigs, NamespacedFilter, Timeouts},
};
use tfplugin::{Diagnostics, Plan, Private};

use crate::{
    diagnostics, guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind,
    timeouts::Defaults, with_secret,
};

/// The kind.
pub struct MonitoringConfig;

#[async_trait]
impl Kind for MonitoringConfig {
    type Model = MonitoringConfigModel;
    type Filter = NamespacedFilter;
    type Collection = MonitoringConfigs;
    const TYPE: &'static str = "everest_monitoring_config";
    const PLURAL: &'static str = "everest_monitoring_configs";
    const EXISTING: &'static str =
        "A connection to Percona Monitoring and Management. Its API key is no output.";
    const OBJECT: ObjectKind = (api::GROUP, "MonitoringConfig");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 30);
    const LASTING: &'static [&'static str] = &["inUse", "serverVersion"];

    fn timeouts(model: &MonitoringConfigModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(_: &MonitoringConfigModel) -> bool {
        true
    }

    fn open_an_output(planned: &mut MonitoringConfigModel) {
        planned.secret_name = Field::Unknown;
    }

    fn plan(plan: &mut Plan<'_, MonitoringConfigModel>) {
        with_secret::plan(plan);
        diagnostics::report(plan.planned.check(plan.prior.as_ref()), plan.diags);
    }

    async fn look_beside(
        cluster: &Cluster,
        prior: &MonitoringConfigModel,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) {
        with_secret::look_beside::<Self>(cluster, prior, private, diags).await;
    }

    async fn create(
        cluster: &Cluster,
        planned: &MonitoringConfigModel,
        config: &MonitoringConfigModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<MonitoringConfigModel> {
        with_secret::create(cluster, planned, config, made, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &MonitoringConfigModel,
        planned: &MonitoringConfigModel,
        config: &MonitoringConfigModel,
        wait: &Wait,
    ) -> Change<MonitoringConfigModel> {
        with_secret::update(cluster, prior, planned, config, wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &MonitoringConfigModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        everest_cluster::with_secret::delete(cluster, prior, wait).await
    }
}

#[async_trait]
impl Guarded for MonitoringConfig {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, MonitoringConfigModel>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        // Everest tries the key that the Secret holds: before an apply that writes it, an old one
        // or none.
        let is_meaningful =
            dry_run_is_meaningful && is_known(&plan.config.spec) && !with_secret::is_written(plan);
        let prior = plan.prior.as_ref();
        everest_cluster::with_secret::dry_run(cluster, prior, &plan.planned, is_meaningful).await
    }

    fn outlook(
        prior: Option<&MonitoringConfigModel>,
        planned: &MonitoringConfigModel,
        facts: &Facts,
        what: &str,
    ) -> Vec<Summary> {
        let prior = prior.into_iter();
        prior
            .filter_map(|prior| impact::of_monitoring_config(what, prior, planned, facts))
            .collect()
    }
}
