//! Objects recorded from the real operators pass through the types unchanged.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use everest_schemas::everest::{
    BackupStorage, DataImportJob, DataImporter, DatabaseCluster, DatabaseClusterBackup,
    DatabaseClusterRestore, DatabaseEngine, LoadBalancerConfig, MonitoringConfig,
    PodSchedulingPolicy, SplitHorizonDnsConfig,
};
use everest_schemas::olm::{
    CatalogSource, ClusterServiceVersion, InstallPlan, OperatorGroup, Subscription,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The folder of the recordings, seen from this package.
const OBSERVED: &str = "../tests/acceptance/observed";

/// Every recorded object with the file it is from; the members of a recorded
/// list one by one.
fn recorded() -> Vec<(String, Value)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(OBSERVED);
    let entries = fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut objects = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).unwrap();
        for document in serde_yaml_ng::Deserializer::from_str(&text) {
            let object: Value = serde::Deserialize::deserialize(document).unwrap();
            match object.get("items").and_then(Value::as_array) {
                Some(items) => {
                    objects.extend(items.iter().map(|item| (name.clone(), item.clone())))
                }
                None => objects.push((name.clone(), object)),
            }
        }
    }
    objects
}

fn round_trip<K: DeserializeOwned + Serialize>(object: &Value) -> Result<Value, String> {
    let typed: K = serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
    serde_json::to_value(typed).map_err(|error| error.to_string())
}

#[test]
fn objects_of_everest_pass_through_the_types_without_loss() {
    let mut seen = BTreeSet::new();
    for (file, object) in recorded() {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        if !version.contains("everest.percona.com/") {
            continue;
        }
        let kind = object["kind"].as_str().unwrap();
        let passed = match kind {
            "BackupStorage" => round_trip::<BackupStorage>(&object),
            "DatabaseCluster" => round_trip::<DatabaseCluster>(&object),
            "DatabaseClusterBackup" => round_trip::<DatabaseClusterBackup>(&object),
            "DatabaseClusterRestore" => round_trip::<DatabaseClusterRestore>(&object),
            "DatabaseEngine" => round_trip::<DatabaseEngine>(&object),
            "DataImporter" => round_trip::<DataImporter>(&object),
            "DataImportJob" => round_trip::<DataImportJob>(&object),
            "LoadBalancerConfig" => round_trip::<LoadBalancerConfig>(&object),
            "MonitoringConfig" => round_trip::<MonitoringConfig>(&object),
            "PodSchedulingPolicy" => round_trip::<PodSchedulingPolicy>(&object),
            "SplitHorizonDNSConfig" => round_trip::<SplitHorizonDnsConfig>(&object),
            other => panic!("{file}: no type for {other}"),
        };
        assert_eq!(passed.as_ref(), Ok(&object), "{file}");
        seen.insert(kind.to_owned());
    }
    let kinds = [
        "DatabaseCluster",
        "DatabaseClusterBackup",
        "DatabaseClusterRestore",
        "DatabaseEngine",
    ];
    assert!(seen.iter().eq(kinds.iter()), "{seen:?}");
}

#[test]
fn objects_of_olm_are_read_and_nothing_known_is_lost() {
    let mut seen = BTreeSet::new();
    for (file, object) in recorded() {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        if !version.starts_with("operators.coreos.com/") {
            continue;
        }
        let kind = object["kind"].as_str().unwrap();
        let passed = match kind {
            "CatalogSource" => round_trip::<CatalogSource>(&object),
            "ClusterServiceVersion" => round_trip::<ClusterServiceVersion>(&object),
            "InstallPlan" => round_trip::<InstallPlan>(&object),
            "OperatorGroup" => round_trip::<OperatorGroup>(&object),
            "Subscription" => round_trip::<Subscription>(&object),
            _ => continue,
        }
        .unwrap_or_else(|error| panic!("{file}: {error}"));
        assert_eq!(passed["metadata"], object["metadata"], "{file}");
        for pointer in [
            "/spec/channel",
            "/spec/installPlanApproval",
            "/spec/config/env",
            "/spec/approved",
            "/spec/clusterServiceVersionNames",
            "/spec/version",
            "/spec/targetNamespaces",
            "/status/phase",
            "/status/state",
            "/status/installedCSV",
            "/status/currentCSV",
            "/status/installPlanRef/name",
        ] {
            if let Some(value) = object.pointer(pointer) {
                assert_eq!(passed.pointer(pointer), Some(value), "{file} {pointer}");
            }
        }
        seen.insert(kind.to_owned());
    }
    let kinds = [
        "ClusterServiceVersion",
        "InstallPlan",
        "OperatorGroup",
        "Subscription",
    ];
    assert!(seen.iter().eq(kinds.iter()), "{seen:?}");
}
