//! `everest_database`: a DatabaseCluster.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Wait, database};
use everest_core::{
    facts::{Facts, Wanted},
    finding::Finding,
    impact::{self, Summary},
    outputs,
    rules::{self, Stage},
};
use everest_schemas::{
    Field,
    models::{DatabaseModel, NamespacedFilter, Timeouts},
};
use tfplugin::{Diagnostics, Plan};

use crate::{
    diagnostics,
    guardrails::Guarded,
    key::{Key, Scope},
    managed::Kind,
    moved::ObjectKind,
    text::text,
    timeouts::Defaults,
};

/// The kind.
pub struct Database;

#[async_trait(?Send)]
impl Kind for Database {
    type Model = DatabaseModel;
    type Filter = NamespacedFilter;
    const TYPE: &'static str = "everest_database";
    const OBJECT: ObjectKind = ("everest.percona.com", "DatabaseCluster");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(60, 60, 30);
    const PENDING: &'static [&'static str] = &[
        "ready",
        "status",
        "message",
        "hostname",
        "port",
        "cr_version",
        "recommended_cr_version",
    ];

    fn id(model: &DatabaseModel) -> String {
        format!("{}/{}", text(&model.namespace), text(&model.name))
    }

    fn timeouts(model: &DatabaseModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(model: &DatabaseModel) -> bool {
        model.ready.known() == Some(&true)
    }

    fn set_not_ready(model: &mut DatabaseModel) {
        model.ready = Field::Known(false);
    }

    fn validate(config: &DatabaseModel, diags: &mut Diagnostics) {
        diagnostics::report(rules::database::check_syntax(config), diags);
    }

    fn plan(plan: &mut Plan<DatabaseModel>, diags: &mut Diagnostics) {
        // What the server may fill in is not known, so that what is asked for says what is missing.
        let findings = rules::database::check(&plan.intended, plan.prior.as_ref());
        diagnostics::report(findings, diags);
        match &plan.prior {
            None => outputs::database::known_at_creation(&mut plan.planned),
            Some(prior) if plan.changed() => {
                outputs::database::mark_affected(prior, &mut plan.planned)
            }
            Some(_) => {}
        }
    }

    fn forbid_destroy(prior: &DatabaseModel, diags: &mut Diagnostics) {
        if prior.deletion_protection.known() == Some(&true) {
            diags.error(
                "deletion_protection",
                format!("everest_database {} is protected from deletion", Self::id(prior)),
                "deletion_protection is true in the state, and a database that goes takes its volumes \
                 with it. If that is what you want, set deletion_protection = false, apply that first, \
                 and plan again.",
            );
        }
    }

    async fn read(
        cluster: &Cluster,
        prior: &DatabaseModel,
    ) -> Result<Option<DatabaseModel>, ClusterError> {
        database::read(
            cluster,
            text(&prior.namespace),
            text(&prior.name),
            Some(prior),
        )
        .await
    }

    async fn create(
        cluster: &Cluster,
        planned: &DatabaseModel,
        _: &DatabaseModel,
        nonce: &str,
        wait: &Wait,
    ) -> Creation<DatabaseModel> {
        database::create(cluster, planned, nonce, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &DatabaseModel,
        planned: &DatabaseModel,
        config: &DatabaseModel,
        wait: &Wait,
    ) -> Change<DatabaseModel> {
        database::update(cluster, prior, planned, config, wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &DatabaseModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        database::delete(cluster, prior, wait).await
    }

    fn stub(key: Key) -> DatabaseModel {
        DatabaseModel {
            namespace: key.namespace,
            name: key.name,
            ..DatabaseModel::default()
        }
    }

    async fn list(
        cluster: &Cluster,
        namespace: Option<&str>,
    ) -> Result<Vec<DatabaseModel>, ClusterError> {
        database::list(cluster, namespace).await
    }
}

impl Guarded for Database {
    fn wanted(planned: &DatabaseModel, prior: Option<&DatabaseModel>) -> Wanted {
        Wanted::for_database(planned, prior)
    }

    fn check_online(
        planned: &DatabaseModel,
        prior: Option<&DatabaseModel>,
        facts: &Facts,
        stage: Stage,
    ) -> Vec<Finding> {
        rules::database::check_online(planned, prior, facts, stage)
    }

    fn impact(
        prior: &DatabaseModel,
        planned: Option<&DatabaseModel>,
        what: &str,
    ) -> Option<Summary> {
        let impacts = match planned {
            Some(planned) => impact::of_change(prior, planned),
            None => vec![impact::of_destruction(prior)],
        };
        impact::summary(what, &impacts)
    }
}
