//! `everest_split_horizon_dns_config`: public host names for MongoDB databases, with the authority
//! of their certificates.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Unacknowledged, Wait};
use everest_core::{
    api,
    impact::{self, Summary},
    rules::Validate,
};
use everest_schemas::{
    Field,
    models::{NamespacedFilter, SplitHorizonDnsConfigModel, SplitHorizonDnsConfigs, Timeouts},
};
use tfplugin::{Diagnostics, Plan, Private};

use crate::{
    diagnostics, guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind,
    timeouts::Defaults, with_secret,
};

/// The kind.
pub struct SplitHorizonDnsConfig;

#[async_trait]
impl Kind for SplitHorizonDnsConfig {
    type Model = SplitHorizonDnsConfigModel;
    type Filter = NamespacedFilter;
    type Collection = SplitHorizonDnsConfigs;
    const TYPE: &'static str = "everest_split_horizon_dns_config";
    const PLURAL: &'static str = "everest_split_horizon_dns_configs";
    const EXISTING: &'static str = "Public host names for the pods of MongoDB databases. The \
         certificate and the key of the authority are no outputs.";
    const OBJECT: ObjectKind = (api::ENGINE_FEATURES_GROUP, "SplitHorizonDNSConfig");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 30);
    const LASTING: &'static [&'static str] = &["inUse"];

    fn timeouts(model: &SplitHorizonDnsConfigModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(_: &SplitHorizonDnsConfigModel) -> bool {
        true
    }

    fn open_an_output(planned: &mut SplitHorizonDnsConfigModel) {
        planned.secret_name = Field::Unknown;
    }

    fn plan(plan: &mut Plan<'_, SplitHorizonDnsConfigModel>) {
        with_secret::plan(plan);
        diagnostics::report(plan.planned.check(plan.prior.as_ref()), plan.diags);
    }

    async fn look_beside(
        cluster: &Cluster,
        prior: &SplitHorizonDnsConfigModel,
        private: &mut Private,
        diags: &mut Diagnostics,
    ) {
        with_secret::look_beside::<Self>(cluster, prior, private, diags).await;
    }

    async fn create(
        cluster: &Cluster,
        planned: &SplitHorizonDnsConfigModel,
        config: &SplitHorizonDnsConfigModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<SplitHorizonDnsConfigModel> {
        with_secret::create(cluster, planned, config, made, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &SplitHorizonDnsConfigModel,
        planned: &SplitHorizonDnsConfigModel,
        config: &SplitHorizonDnsConfigModel,
        wait: &Wait,
    ) -> Change<SplitHorizonDnsConfigModel> {
        with_secret::update(cluster, prior, planned, config, wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &SplitHorizonDnsConfigModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        everest_cluster::with_secret::delete(cluster, prior, wait).await
    }
}

#[async_trait]
impl Guarded for SplitHorizonDnsConfig {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, SplitHorizonDnsConfigModel>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        // Everest looks into the Secret when the object is made: before an apply that writes it,
        // it is not there.
        let writes_secret = plan.is_create() && with_secret::is_written(plan);
        let is_known = plan.config.base_domain_name_suffix.is_known();
        let is_meaningful = dry_run_is_meaningful && is_known && !writes_secret;
        let prior = plan.prior.as_ref();
        everest_cluster::with_secret::dry_run(cluster, prior, &plan.planned, is_meaningful).await
    }

    fn impact(
        prior: &SplitHorizonDnsConfigModel,
        planned: Option<&SplitHorizonDnsConfigModel>,
        what: &str,
    ) -> Option<Summary> {
        impact::of_authority(what, prior, planned?)
    }
}
