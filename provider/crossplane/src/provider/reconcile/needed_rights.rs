//! Every right that is shipped is needed: something asks for it in a story or beside it. And nothing
//! asks for another, which need not show otherwise: what may not be read is often left unchecked.

use std::collections::BTreeSet;

use everest_cluster::{Catalog, Cluster, Stepper, Times, facts};
use everest_core::facts::{Kind, Wanted};
use everest_core::lifecycle::database::Companions;
use everest_schemas::Engine;
use everest_schemas::everest::DatabaseCluster;
use serde_json::json;
use test_stories::roles;

use super::missing_rights::{database, storage};
use super::{namespaces, stories};
use crate::provider::kind::{BackupStorages, Databases};
use crate::provider::rights;
use crate::provider::testing::harness::{process, rest};

/// All that the rules may look at, whatever a spec says.
async fn look_at_everything(cluster: &Cluster) {
    let kinds = [
        Kind::Engines,
        Kind::EnginesEverywhere,
        Kind::Subscriptions,
        Kind::InstallPlans,
        Kind::Databases,
        Kind::Backups,
        Kind::Storages,
        Kind::MonitoringConfigs,
        Kind::SplitHorizons,
        Kind::Policies,
        Kind::LoadBalancerConfigs,
        Kind::Importers,
        Kind::StorageClasses,
    ];
    let wanted = Wanted {
        everest: true,
        namespace: Some("shop".to_owned()),
        kinds: kinds.into(),
        everywhere: [Kind::DatabasesEverywhere, Kind::ImportJobsEverywhere].into(),
        engine_object: Some((Engine::Pxc, "orders".to_owned())),
        ..Wanted::default()
    };
    Box::pin(facts::load(cluster, &wanted)).await;
}

/// What a database that is made of an import is ready by, also while the import has paused Everest.
async fn look_at_an_import(cluster: &Cluster) {
    let database: DatabaseCluster = serde_json::from_value(json!({
        "apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "orders", "namespace": "shop",
            "annotations": {"everest.percona.com/reconcile-paused": "true"}},
        "spec": {"engine": {"type": "pxc", "storage": {"size": "1Gi"}},
            "dataSource": {"dataImport": {"dataImporterName": "dump",
                "source": {"path": "/dump"}}}},
        "status": {"dataImportJobName": "orders-import"}}))
    .unwrap();
    let mut times = Times::default();
    let look = |observed: &_| Companions::of(observed, &database, true).map(|_| ());
    let stepper = Stepper::new(cluster, &mut times);
    stepper.observe(|_| {}, look).await.unwrap();
}

/// What happens in no story.
async fn beside_the_stories() {
    namespaces::upgraded().await;
    namespaces::reduced().await;
    let (plane, path) = database();
    rest(&plane, &process::<Databases>(&plane), &path).await;
    let (plane, path) = storage();
    let controller = process::<BackupStorages>(&plane);
    rest(&plane, &controller, &path).await;
    plane.delete(&path);
    rest(&plane, &controller, &path).await;
    let cluster = Cluster::new(plane.target(rights::in_target), Catalog::default());
    look_at_everything(&cluster).await;
    look_at_an_import(&cluster).await;
}

#[test]
fn every_right_that_is_shipped_is_needed_and_none_is_missing() {
    let noted = roles::noted(|| {
        test_stories::tell_once(stories::all());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(beside_the_stories());
    });
    let asked = roles::rights(&noted);
    let shipped = rights::shipped();
    let missing: Vec<_> = asked.difference(&shipped).collect();
    assert!(missing.is_empty(), "nothing grants {missing:#?}");
    let shipped: BTreeSet<_> = shipped.into_iter().map(roles::of_one_engine).collect();
    let needless: Vec<_> = shipped.difference(&asked).collect();
    assert!(needless.is_empty(), "nothing asks for {needless:#?}");
}
