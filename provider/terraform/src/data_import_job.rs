//! `everest_data_import_job`: an import into an existing database, run once.

use async_trait::async_trait;
use everest_cluster::{
    Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, data_import_job,
};
use everest_core::{
    api, computed,
    facts::Facts,
    impact::{self, Summary},
    rules::Validate,
    v1::ObjectMapping,
};
use everest_schemas::{
    Field,
    models::{DataImportJobModel, DataImportJobs, DatabaseModel, NamespacedFilter, Timeouts},
};
use tfplugin::{Diagnostics, Plan, ReadResult};

use crate::{
    diagnostics,
    guardrails::Guarded,
    key::Scope,
    managed::Kind,
    moved::ObjectKind,
    run_once::{self, Words},
    session::Session,
    timeouts::Defaults,
};

const WORDS: Words = Words {
    verb: "import",
    done: "imported",
    data: "the data",
    object: "DataImportJob",
};

/// The kind.
pub struct DataImportJob;

#[async_trait]
impl Kind for DataImportJob {
    type Model = DataImportJobModel;
    type Filter = NamespacedFilter;
    type Collection = DataImportJobs;
    const TYPE: &'static str = "everest_data_import_job";
    const PLURAL: &'static str = "everest_data_import_jobs";
    const EXISTING: &'static str = "The record of an import into a database. The imports that \
         Everest runs for new databases are called data-import-NAME.";
    const OBJECT: ObjectKind = (api::GROUP, "DataImportJob");
    const SCOPE: Scope = Scope::Namespace;
    const TIMEOUTS: Defaults = Defaults::minutes(720, 720, 30);
    const AFTER_FAILURE: &'static str = "The import may have overwritten part of the data. The log \
         of the Kubernetes Job job_name says more. An import that fails at creation is tainted: the \
         next apply imports again and overwrites everything written until then. To keep it as a \
         record instead, run terraform untaint with its address, which the plan shows. To import \
         again later, change a value in triggers or plan with -replace and its address.";

    fn timeouts(model: &DataImportJobModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(model: &DataImportJobModel) -> bool {
        model.state.known_str() == Some("Succeeded")
    }

    fn open_an_output(planned: &mut DataImportJobModel) {
        planned.state = Field::Unknown;
    }

    fn plan(plan: &mut Plan<'_, DataImportJobModel>) {
        if plan.is_create() {
            computed::with_secret::known_at_creation(&mut plan.planned);
        }
        diagnostics::report(plan.planned.check(plan.prior.as_ref()), plan.diags);
    }

    fn gone(
        prior: &DataImportJobModel,
        first: bool,
        diags: &mut Diagnostics,
    ) -> ReadResult<DataImportJobModel> {
        let seen = (&prior.database_name, &prior.state);
        run_once::gone::<Self>(prior, seen, &WORDS, first, diags)
    }

    async fn create(
        cluster: &Cluster,
        planned: &DataImportJobModel,
        config: &DataImportJobModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<DataImportJobModel> {
        data_import_job::create(cluster, planned, config, made, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &DataImportJobModel,
        planned: &DataImportJobModel,
        _: &DataImportJobModel,
        wait: &Wait,
    ) -> Change<DataImportJobModel> {
        data_import_job::update(cluster, prior, planned, wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &DataImportJobModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        data_import_job::delete(cluster, prior, wait).await
    }
}

#[async_trait]
impl Guarded for DataImportJob {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, DataImportJobModel>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        if !plan.is_create() {
            return Ok(());
        }
        data_import_job::dry_run(cluster, &plan.planned, dry_run_is_meaningful).await
    }

    fn aside(session: &Session, prior: &DataImportJobModel, diags: &mut Diagnostics) {
        let database = DatabaseModel::at(prior.namespace.clone(), prior.database_name.clone());
        run_once::beside_a_replacement::<Self>(session, prior, database, &WORDS, diags);
    }

    fn outlook(
        prior: Option<&DataImportJobModel>,
        planned: &DataImportJobModel,
        facts: &Facts,
        what: &str,
    ) -> Vec<Summary> {
        match prior {
            None => Vec::from_iter(impact::of_import(what, planned, facts)),
            Some(_) => Vec::new(),
        }
    }
}
