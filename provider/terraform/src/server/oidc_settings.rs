//! `everest_oidc_settings`: single sign-on.

use async_trait::async_trait;
use everest_cluster::server::single_sign_on;
use everest_cluster::{Change, Cluster, ClusterError, Wait};
use everest_core::server::oidc::CONFIG_MAP;
use everest_schemas::{
    Field,
    models::{OidcSettingsModel, Timeouts},
};
use tfplugin::{Diagnostic, Diagnostics, Plan, Private};

use super::setting::{ServerSetting, only};
use crate::timeouts::Defaults;

/// The setting.
pub struct OidcSettings;

#[async_trait]
impl ServerSetting for OidcSettings {
    type Model = OidcSettingsModel;
    const TYPE: &'static str = "everest_oidc_settings";
    const EXISTING: &'static str =
        "The OpenID Connect provider with which users log in to Everest.";
    const IDENTITY: &'static str = "config_map_name";
    const TIMEOUTS: Defaults = Defaults::minutes(10, 10, 10);
    const PENDING: &'static [&'static str] = &["ready"];

    fn id(_: &OidcSettingsModel) -> String {
        CONFIG_MAP.to_owned()
    }

    fn stub(id: &str) -> Result<OidcSettingsModel, Diagnostic> {
        let model = OidcSettingsModel {
            config_map_name: CONFIG_MAP.into(),
            ..OidcSettingsModel::default()
        };
        only::<Self>(id, CONFIG_MAP, model)
    }

    fn timeouts(model: &OidcSettingsModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn plan(plan: &mut Plan<'_, OidcSettingsModel>) {
        if plan.is_create() {
            plan.planned.config_map_name = CONFIG_MAP.into();
        } else if plan.changed() {
            plan.planned.ready = Field::Unknown;
        }
    }

    /// Settings that are taken out are still there until the API server has restarted: a destruction
    /// that was killed before goes on with the restart.
    async fn read(
        cluster: &Cluster,
        prior: &OidcSettingsModel,
    ) -> Result<Option<OidcSettingsModel>, ClusterError> {
        let observed = single_sign_on::settings(cluster).await?;
        if observed.is_none()
            && prior.issuer_url.is_known()
            && single_sign_on::are_in_force_without_being_set(cluster).await?
        {
            return Ok(Some(OidcSettingsModel {
                ready: false.into(),
                ..prior.clone()
            }));
        }
        Ok(observed.map(|observed| observed.settings))
    }

    async fn all(cluster: &Cluster) -> Result<Vec<OidcSettingsModel>, ClusterError> {
        let observed = single_sign_on::settings(cluster).await?;
        Ok(observed
            .map(|observed| observed.settings)
            .into_iter()
            .collect())
    }

    /// Makes the next apply restart the API server if an earlier one could not.
    async fn look_beside(
        cluster: &Cluster,
        _: &OidcSettingsModel,
        private: &mut Private,
        _: &mut Diagnostics,
    ) {
        match single_sign_on::settings(cluster).await {
            Ok(Some(observed)) if observed.needs_restart => {
                private.set_pending("Everest's API server has not started with these settings");
            }
            // A first restart that failed has left no trace: only one that was made ends the wait.
            Ok(Some(observed))
                if observed.is_restarted && observed.settings.ready.known() == Some(&true) =>
            {
                private.clear_pending();
            }
            // They are in force still, see the read.
            Ok(None) => private.set_pending("Someone took out the settings of single sign-on"),
            _ => {}
        }
    }

    async fn write(
        cluster: &Cluster,
        prior: Option<&OidcSettingsModel>,
        planned: &OidcSettingsModel,
        _: &OidcSettingsModel,
        wait: &Wait,
    ) -> Change<OidcSettingsModel> {
        single_sign_on::write(cluster, planned, prior.is_none(), wait).await
    }

    async fn remove(
        cluster: &Cluster,
        _: &OidcSettingsModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        single_sign_on::remove(cluster, wait).await
    }
}
