//! The kinds that are served where Everest is installed.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};
use test_apiserver::Kind;

/// What Everest defines.
const EVEREST: [&str; 11] = [
    include_str!("../../../schemas/crds/everest.percona.com_backupstorages.yaml"),
    include_str!("../../../schemas/crds/everest.percona.com_databaseclusterbackups.yaml"),
    include_str!("../../../schemas/crds/everest.percona.com_databaseclusterrestores.yaml"),
    include_str!("../../../schemas/crds/everest.percona.com_databaseclusters.yaml"),
    include_str!("../../../schemas/crds/everest.percona.com_databaseengines.yaml"),
    include_str!("../../../schemas/crds/everest.percona.com_dataimporters.yaml"),
    include_str!("../../../schemas/crds/everest.percona.com_dataimportjobs.yaml"),
    include_str!("../../../schemas/crds/everest.percona.com_loadbalancerconfigs.yaml"),
    include_str!("../../../schemas/crds/everest.percona.com_monitoringconfigs.yaml"),
    include_str!("../../../schemas/crds/everest.percona.com_podschedulingpolicies.yaml"),
    include_str!(
        "../../../schemas/crds/enginefeatures.everest.percona.com_splithorizondnsconfigs.yaml"
    ),
];

/// What the operator of MySQL databases defines: kind, plural.
const PXC: [(&str, &str); 3] = [
    ("PerconaXtraDBCluster", "perconaxtradbclusters"),
    ("PerconaXtraDBClusterBackup", "perconaxtradbclusterbackups"),
    (
        "PerconaXtraDBClusterRestore",
        "perconaxtradbclusterrestores",
    ),
];

/// The definitions, without their schemas, and the kinds with them: parsed once, because a world is
/// built for each telling, and kept small, because whoever watches definitions is sent them all.
pub(crate) static DEFINITIONS: LazyLock<Vec<(Value, Vec<Kind>)>> = LazyLock::new(|| {
    let of_everest = EVEREST.iter().map(|text| {
        let document = serde_yaml_ng::Deserializer::from_str(text);
        Value::deserialize(document).unwrap()
    });
    let of_pxc = PXC.iter().map(|(kind, plural)| engine(kind, plural));
    of_everest
        .chain(of_pxc)
        .map(|mut definition| {
            let kinds = Kind::defined_by(&definition);
            let versions = definition["spec"]["versions"].as_array_mut();
            for version in versions.into_iter().flatten() {
                version["schema"] = json!({"openAPIV3Schema": {"type": "object"}});
            }
            (definition, kinds)
        })
        .collect()
});

fn engine(kind: &str, plural: &str) -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.pxc.percona.com")},
        "spec": {"group": "pxc.percona.com", "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase(),
                "listKind": format!("{kind}List")},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object",
                    "x-kubernetes-preserve-unknown-fields": true}}}]}})
}
