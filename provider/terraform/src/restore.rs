//! `everest_restore`: a restore, run once.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Wait, restore};
use everest_schemas::{
    Field,
    models::{NamespacedFilter, RestoreModel, Timeouts},
};
use tfplugin::{AttributePath, Diagnostics, Plan, ReadResult};

use crate::{
    guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind, timeouts::Defaults,
};

/// The kind.
pub struct Restore;

#[async_trait(?Send)]
impl Kind for Restore {
    type Model = RestoreModel;
    type Filter = NamespacedFilter;
    const TYPE: &'static str = "everest_restore";
    const OBJECT: ObjectKind = ("everest.percona.com", "DatabaseClusterRestore");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(720, 720, 30);
    const PENDING: &'static [&'static str] = &["state", "completed_at"];

    fn timeouts(model: &RestoreModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(model: &RestoreModel) -> bool {
        model
            .state
            .known()
            .is_some_and(|state| state == "Succeeded")
    }

    fn gone(prior: &RestoreModel, diags: &mut Diagnostics) -> ReadResult<RestoreModel> {
        if !Self::is_ready(prior) {
            return ReadResult::Gone;
        }
        diags.warning(
            AttributePath::root(),
            format!("The record of everest_restore {} is gone", Self::id(prior)),
            "The DatabaseClusterRestore does not exist any more. What it restored stays as it is, and it \
             is not run again: that would overwrite newer data. Change triggers to restore again, or \
             remove the resource.",
        );
        ReadResult::Keep
    }

    async fn create(
        cluster: &Cluster,
        planned: &RestoreModel,
        _: &RestoreModel,
        nonce: &str,
        wait: &Wait,
    ) -> Creation<RestoreModel> {
        restore::create(cluster, planned, nonce, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &RestoreModel,
        planned: &RestoreModel,
        _: &RestoreModel,
        wait: &Wait,
    ) -> Change<RestoreModel> {
        restore::update(cluster, prior, planned, wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &RestoreModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        restore::delete(cluster, prior, wait).await
    }
}

#[async_trait(?Send)]
impl Guarded for Restore {
    async fn rehearse(
        cluster: &Cluster,
        plan: &Plan<RestoreModel>,
        timely: bool,
    ) -> Result<(), ClusterError> {
        if !plan.is_create() {
            return Ok(());
        }
        restore::rehearse(cluster, &plan.planned, timely).await
    }
}
