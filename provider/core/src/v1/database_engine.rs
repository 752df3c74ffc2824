//! DatabaseEngine, which Everest makes for each engine operator.

use std::collections::BTreeMap;

use everest_schemas::everest::{ComponentVersion, DatabaseEngine};
use everest_schemas::models::{DatabaseEngineModel, EngineVersion};

use crate::version::Version;

/// The word of the version service for a version that is recommended.
const RECOMMENDED: &str = "recommended";

/// The model of an engine. Versions of the engine that an operator once offered stay in the object
/// when the operator goes.
pub fn observed(engine: &DatabaseEngine) -> DatabaseEngineModel {
    let status = engine.status.clone().unwrap_or_default();
    let available = status.available_versions.unwrap_or_default();
    let versions = available.engine.unwrap_or_default();
    let pending = status.pending_operator_upgrades.into_iter().flatten();
    let allowed = engine.spec.allowed_versions.known().into_iter().flatten();
    let proxies = available.proxy.unwrap_or_default();
    DatabaseEngineModel {
        namespace: engine.metadata.namespace.clone().unwrap_or_default(),
        name: engine.metadata.name.clone().unwrap_or_default(),
        type_: engine.spec.type_.known_str().unwrap_or_default().to_owned(),
        status: status.status.filter(|status| !status.is_empty()),
        operator_version: status
            .operator_version
            .filter(|version| !version.is_empty()),
        pending_operator_versions: sorted(pending.filter_map(|each| each.target_version)),
        allowed_versions: allowed
            .filter_map(|version| version.known().cloned())
            .collect(),
        recommended_version: recommended(&versions),
        versions: versions.into_iter().map(described).collect(),
        proxy_versions: proxies
            .into_iter()
            .map(|(proxy, versions)| (proxy, sorted(versions.into_keys())))
            .collect(),
        backup_versions: sorted(available.backup.unwrap_or_default().into_keys()),
    }
}

fn described((version, component): (String, ComponentVersion)) -> (String, EngineVersion) {
    let described = EngineVersion {
        status: component.status,
        critical: component.critical.unwrap_or_default(),
        image: component.image_path,
    };
    (version, described)
}

/// The newest of the recommended versions.
fn recommended(versions: &BTreeMap<String, ComponentVersion>) -> Option<String> {
    let recommended = versions.iter();
    let recommended = recommended.filter(|(_, each)| each.status.as_deref() == Some(RECOMMENDED));
    sorted(recommended.map(|(version, _)| version.clone())).pop()
}

/// Versions from the oldest to the newest; what is no version comes first.
fn sorted(versions: impl Iterator<Item = String>) -> Vec<String> {
    let mut versions: Vec<_> = versions.collect();
    versions.sort_by_cached_key(|text| (text.parse::<Version>().ok(), text.clone()));
    versions
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_are_told_in_their_order_and_the_newest_recommended_one_is_named() {
        let engine = json!({"metadata": {"name": "percona-xtradb-cluster-operator", "namespace": "shop"},
        "spec": {"type": "pxc", "allowedVersions": ["8.0.42-33.1"]},
        "status": {"status": "installed", "operatorVersion": "1.18.0",
            "pendingOperatorUpgrades": [{"targetVersion": "1.20.0"}, {"targetVersion": "1.19.0"}],
            "availableVersions": {
                "engine": {
                    "8.0.9-1.1": {"status": "recommended", "imagePath": "a"},
                    "8.0.42-33.1": {"status": "recommended", "critical": true},
                    "8.4.0-1.1": {"status": "available"},
                },
                "proxy": {"haproxy": {"2.8.14": {}, "2.8.5": {}}},
            }}});
        let found = observed(&serde_json::from_value(engine).unwrap());
        assert_eq!(found.recommended_version.as_deref(), Some("8.0.42-33.1"));
        assert_eq!(found.pending_operator_versions, ["1.19.0", "1.20.0"]);
        assert_eq!(found.proxy_versions["haproxy"], ["2.8.5", "2.8.14"]);
        assert_eq!(found.allowed_versions, ["8.0.42-33.1"]);
        assert!(found.versions["8.0.42-33.1"].critical);
        assert_eq!(found.versions["8.0.9-1.1"].image.as_deref(), Some("a"));
    }

    #[test]
    fn an_engine_without_an_operator_has_no_version() {
        let engine = json!({"metadata": {"name": "o", "namespace": "shop"},
            "spec": {"type": "psmdb"}, "status": {"status": "not installed", "operatorVersion": ""}});
        let found = observed(&serde_json::from_value(engine).unwrap());
        assert_eq!(found.operator_version, None);
        assert_eq!(found.recommended_version, None);
    }
}
