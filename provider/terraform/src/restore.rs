//! `everest_restore`: a restore, run once.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, restore};
use everest_core::{
    api,
    facts::Facts,
    impact::{self, Summary},
    v1::ObjectMapping,
};
use everest_schemas::{
    Field,
    models::{DatabaseModel, NamespacedFilter, RestoreModel, Restores, Timeouts},
};
use tfplugin::{Diagnostics, Plan, ReadResult};

use crate::{
    guardrails::Guarded,
    key::Scope,
    managed::Kind,
    moved::ObjectKind,
    run_once::{self, Words},
    session::Session,
    timeouts::Defaults,
};

const WORDS: Words = Words {
    verb: "restore",
    done: "restored",
    data: "the data of a backup",
    object: "DatabaseClusterRestore",
};

/// The kind.
pub struct Restore;

#[async_trait]
impl Kind for Restore {
    type Model = RestoreModel;
    type Filter = NamespacedFilter;
    type Collection = Restores;
    const TYPE: &'static str = "everest_restore";
    const PLURAL: &'static str = "everest_restores";
    const EXISTING: &'static str = "The record of a restore.";
    const OBJECT: ObjectKind = (api::GROUP, "DatabaseClusterRestore");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(720, 720, 30);
    const AFTER_FAILURE: &'static str = "The restore may have overwritten part of the data. A \
         restore that fails at creation is tainted: the next apply restores again and overwrites \
         everything written until then. To keep it as a record instead, run terraform untaint with \
         its address, which the plan shows. To restore again later, change a value in triggers or \
         plan with -replace and its address.";

    fn timeouts(model: &RestoreModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(model: &RestoreModel) -> bool {
        model
            .state
            .known()
            .is_some_and(|state| state == "Succeeded")
    }

    fn open_an_output(planned: &mut RestoreModel) {
        planned.state = Field::Unknown;
    }

    fn gone(
        prior: &RestoreModel,
        first: bool,
        diags: &mut Diagnostics,
    ) -> ReadResult<RestoreModel> {
        let seen = (&prior.database_name, &prior.state);
        run_once::gone::<Self>(prior, seen, &WORDS, first, diags)
    }

    async fn create(
        cluster: &Cluster,
        planned: &RestoreModel,
        _: &RestoreModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<RestoreModel> {
        restore::create(cluster, planned, made, wait).await
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

#[async_trait]
impl Guarded for Restore {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, RestoreModel>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        if !plan.is_create() {
            return Ok(());
        }
        restore::dry_run(cluster, &plan.planned, dry_run_is_meaningful).await
    }

    fn aside(session: &Session, prior: &RestoreModel, diags: &mut Diagnostics) {
        let database = DatabaseModel::at(prior.namespace.clone(), prior.database_name.clone());
        run_once::beside_a_replacement::<Self>(session, prior, database, &WORDS, diags);
    }

    fn outlook(
        prior: Option<&RestoreModel>,
        planned: &RestoreModel,
        facts: &Facts,
        what: &str,
    ) -> Vec<Summary> {
        match prior {
            None => Vec::from_iter(impact::of_restore(what, planned, facts)),
            Some(_) => Vec::new(),
        }
    }
}
