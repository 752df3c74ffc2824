//! `everest_rbac_policy`: the access control of Everest's users.

use async_trait::async_trait;
use everest_cluster::server::access;
use everest_cluster::{Change, Cluster, ClusterError, Wait};
use everest_core::finding::Finding;
use everest_core::rules::server::ValidateSetting;
use everest_core::server::policy::CONFIG_MAP;
use everest_schemas::{
    Field,
    models::{RbacPolicyModel, Timeouts},
};
use tfplugin::{Diagnostic, Plan};

use super::setting::{ServerSetting, only};
use crate::timeouts::Defaults;

/// The setting.
pub struct RbacPolicy;

#[async_trait]
impl ServerSetting for RbacPolicy {
    type Model = RbacPolicyModel;
    const TYPE: &'static str = "everest_rbac_policy";
    const EXISTING: &'static str = "The access control of Everest's users.";
    const IDENTITY: &'static str = "config_map_name";
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 5);

    fn id(_: &RbacPolicyModel) -> String {
        CONFIG_MAP.to_owned()
    }

    fn stub(id: &str) -> Result<RbacPolicyModel, Diagnostic> {
        let model = RbacPolicyModel {
            config_map_name: CONFIG_MAP.into(),
            ..RbacPolicyModel::default()
        };
        only::<Self>(id, CONFIG_MAP, model)
    }

    fn timeouts(model: &RbacPolicyModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn plan(plan: &mut Plan<'_, RbacPolicyModel>) {
        if plan.is_create() {
            plan.planned.config_map_name = CONFIG_MAP.into();
        } else if plan.changed() && plan.config.policy.is_null() {
            // The same run may write roles.
            plan.planned.policy = Field::Unknown;
        }
    }

    async fn read(
        cluster: &Cluster,
        _: &RbacPolicyModel,
    ) -> Result<Option<RbacPolicyModel>, ClusterError> {
        access::settings(cluster).await
    }

    async fn all(cluster: &Cluster) -> Result<Vec<RbacPolicyModel>, ClusterError> {
        let found = access::settings(cluster).await?;
        Ok(found.into_iter().collect())
    }

    /// The roles are resources of their own; other lines of the policy stay as they are.
    fn export(config: &mut RbacPolicyModel) {
        config.policy = Field::Null;
    }

    async fn write(
        cluster: &Cluster,
        prior: Option<&RbacPolicyModel>,
        planned: &RbacPolicyModel,
        _: &RbacPolicyModel,
        wait: &Wait,
    ) -> Change<RbacPolicyModel> {
        let written = access::write(cluster, planned, prior.is_none(), wait);
        written.await.into()
    }

    fn notices(planned: &RbacPolicyModel, written: &RbacPolicyModel) -> Vec<Finding> {
        // Otherwise the plan has judged the policy.
        match planned.policy.is_unknown() {
            true => written.check(None, written),
            false => Vec::new(),
        }
    }

    async fn remove(
        cluster: &Cluster,
        _: &RbacPolicyModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        access::reset(cluster, wait).await
    }
}
