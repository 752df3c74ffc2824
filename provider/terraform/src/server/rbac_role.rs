//! `everest_rbac_role`: one role of the access control of Everest's users.

use async_trait::async_trait;
use everest_cluster::server::access;
use everest_cluster::{Change, Cluster, ClusterError, Wait};
use everest_core::server::roles;
use everest_schemas::{
    Field,
    models::{RbacRoleModel, Timeouts},
};
use tfplugin::{Diagnostic, Plan};

use super::setting::ServerSetting;
use crate::timeouts::Defaults;

/// The setting.
pub struct RbacRole;

#[async_trait]
impl ServerSetting for RbacRole {
    type Model = RbacRoleModel;
    const TYPE: &'static str = "everest_rbac_role";
    const EXISTING: &'static str = "A role of the access control of Everest's users.";
    const IDENTITY: &'static str = "name";
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 5);

    fn id(model: &RbacRoleModel) -> String {
        model.name.known_str().unwrap_or_default().to_owned()
    }

    fn stub(id: &str) -> Result<RbacRoleModel, Diagnostic> {
        Ok(RbacRoleModel {
            name: id.into(),
            ..RbacRoleModel::default()
        })
    }

    fn timeouts(model: &RbacRoleModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    /// Another order of permissions or members is no change.
    fn plan(plan: &mut Plan<'_, RbacRoleModel>) {
        if let Some(prior) = &plan.prior
            && plan.planned.name == prior.name
        {
            roles::keep_order(&mut plan.planned, prior);
            plan.note_kept();
        }
    }

    async fn read(
        cluster: &Cluster,
        prior: &RbacRoleModel,
    ) -> Result<Option<RbacRoleModel>, ClusterError> {
        let name = prior.name.known_str().unwrap_or_default();
        access::role(cluster, name, Some(prior)).await
    }

    async fn all(cluster: &Cluster) -> Result<Vec<RbacRoleModel>, ClusterError> {
        access::all_roles(cluster).await
    }

    async fn write(
        cluster: &Cluster,
        prior: Option<&RbacRoleModel>,
        planned: &RbacRoleModel,
        _: &RbacRoleModel,
        wait: &Wait,
    ) -> Change<RbacRoleModel> {
        let written = access::write_role(cluster, planned, prior.is_none(), wait);
        written.await.into()
    }

    async fn remove(
        cluster: &Cluster,
        prior: &RbacRoleModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        let name = prior.name.known_str().unwrap_or_default();
        access::remove_role(cluster, name, wait).await
    }
}
