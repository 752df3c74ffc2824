//! `everest_data_importer`: a program that imports data.

use async_trait::async_trait;
use everest_cluster::{Change, Cluster, ClusterError, Creation, Unacknowledged, Wait, plain};
use everest_core::{api, dry_run::is_known};
use everest_schemas::{
    Field,
    models::{DataImporterModel, DataImporters, EveryObject, Timeouts},
};
use tfplugin::Plan;

use crate::{
    guardrails::Guarded, key::Scope, managed::Kind, moved::ObjectKind, timeouts::Defaults,
};

/// The kind.
pub struct DataImporter;

#[async_trait]
impl Kind for DataImporter {
    type Model = DataImporterModel;
    type Filter = EveryObject;
    type Collection = DataImporters;
    const TYPE: &'static str = "everest_data_importer";
    const PLURAL: &'static str = "everest_data_importers";
    const EXISTING: &'static str = "A program that imports data that was made outside Everest. Those \
         of Everest's chart are read with this data source.";
    const OBJECT: ObjectKind = (api::GROUP, "DataImporter");
    const SCOPE: Scope = Scope::Cluster;
    const TIMEOUTS: Defaults = Defaults::minutes(5, 5, 30);

    fn timeouts(model: &DataImporterModel) -> &Field<Timeouts> {
        &model.timeouts
    }

    fn is_ready(_: &DataImporterModel) -> bool {
        true
    }

    fn open_an_output(planned: &mut DataImporterModel) {
        planned.shipped = Field::Unknown;
    }

    async fn create(
        cluster: &Cluster,
        planned: &DataImporterModel,
        _: &DataImporterModel,
        made: &Unacknowledged,
        wait: &Wait,
    ) -> Creation<DataImporterModel> {
        plain::create(cluster, planned, made, wait).await
    }

    async fn update(
        cluster: &Cluster,
        prior: &DataImporterModel,
        planned: &DataImporterModel,
        _: &DataImporterModel,
        wait: &Wait,
    ) -> Change<DataImporterModel> {
        plain::update(cluster, prior, planned, &planned.force_conflicts, wait).await
    }

    async fn delete(
        cluster: &Cluster,
        prior: &DataImporterModel,
        wait: &Wait,
    ) -> Result<(), ClusterError> {
        plain::delete(cluster, prior, wait).await
    }
}

#[async_trait]
impl Guarded for DataImporter {
    async fn dry_run(
        cluster: &Cluster,
        plan: &Plan<'_, DataImporterModel>,
        dry_run_is_meaningful: bool,
    ) -> Result<(), ClusterError> {
        let is_meaningful = dry_run_is_meaningful && is_known(&plan.config.spec);
        let (prior, planned) = (plan.prior.as_ref(), &plan.planned);
        plain::dry_run(
            cluster,
            prior,
            planned,
            &planned.force_conflicts,
            is_meaningful,
        )
        .await
    }
}
