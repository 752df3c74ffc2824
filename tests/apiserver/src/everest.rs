//! The kinds of Everest and of the operators that it uses.

use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::server::ApiServer;

/// The definitions of Everest.
static EVEREST: LazyLock<Vec<Value>> = LazyLock::new(|| definitions("."));

/// The definitions of the Crossplane provider.
static MANAGED: LazyLock<Vec<Value>> = LazyLock::new(|| definitions("managed"));

/// The definitions in a folder of the repository.
fn definitions(folder: &str) -> Vec<Value> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/crds");
    let mut files: Vec<_> = std::fs::read_dir(root.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| serde_yaml_ng::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
        .collect()
}

/// Names and plurals of three kinds.
type Kinds = [(&'static str, &'static str); 3];

/// Group, version, and kinds of the operators of the engines.
const ENGINES: [(&str, &str, Kinds); 3] = [
    (
        "pxc.percona.com",
        "v1",
        [
            ("PerconaXtraDBCluster", "perconaxtradbclusters"),
            ("PerconaXtraDBClusterBackup", "perconaxtradbclusterbackups"),
            (
                "PerconaXtraDBClusterRestore",
                "perconaxtradbclusterrestores",
            ),
        ],
    ),
    (
        "psmdb.percona.com",
        "v1",
        [
            ("PerconaServerMongoDB", "perconaservermongodbs"),
            ("PerconaServerMongoDBBackup", "perconaservermongodbbackups"),
            (
                "PerconaServerMongoDBRestore",
                "perconaservermongodbrestores",
            ),
        ],
    ),
    (
        "pgv2.percona.com",
        "v2",
        [
            ("PerconaPGCluster", "perconapgclusters"),
            ("PerconaPGBackup", "perconapgbackups"),
            ("PerconaPGRestore", "perconapgrestores"),
        ],
    ),
];

impl ApiServer {
    /// The server with the kinds of Everest, by their definitions, and those of the Operator
    /// Lifecycle Manager.
    #[must_use]
    pub fn with_everest(self) -> Self {
        for definition in EVEREST.iter() {
            self.put(definition.clone());
        }
        self.with_olm()
    }

    /// The server with Everest's catalog, which OLM can read.
    #[must_use]
    pub fn with_catalog(self) -> Self {
        self.put(
            json!({"apiVersion": "operators.coreos.com/v1alpha1", "kind": "CatalogSource",
            "metadata": {"name": "everest-catalog", "namespace": "everest-olm"},
            "spec": {"sourceType": "grpc"},
            "status": {"connectionState": {"lastObservedState": "READY"}}}),
        );
        self
    }

    /// The server with the kinds of the Crossplane provider.
    #[must_use]
    pub fn with_managed(self) -> Self {
        for definition in MANAGED.iter() {
            self.put(definition.clone());
        }
        self
    }

    /// The server with the kinds of the engines' operators, which hold anything.
    #[must_use]
    pub fn with_engines(self) -> Self {
        for (group, version, kinds) in ENGINES {
            for (kind, plural) in kinds {
                self.put(open_definition(group, version, kind, plural));
            }
        }
        self
    }
}

fn open_definition(group: &str, version: &str, kind: &str, plural: &str) -> Value {
    let open = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": version, "served": true, "storage": true,
                "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object",
                    "properties": {"spec": open, "status": open}}}}]}})
}
