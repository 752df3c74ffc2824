//! The operator catalog of the test cluster: three packages with two versions
//! each, made from one table.
//!
//! It is a file-based catalog whose bundles carry their manifests inline (no
//! `image`), so OLM unpacks nothing. Each package has its real channel, which
//! holds both versions, and the channel [`PREVIOUS`] with the older one alone:
//! who subscribes there first and moves to the real channel meets a pending
//! upgrade.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// Channel that ends at the older version.
pub const PREVIOUS: &str = "previous";

/// One engine operator in the catalog.
#[derive(Debug)]
pub struct Package {
    /// Package, Subscription and Deployment name.
    pub name: &'static str,
    /// Its default channel.
    pub channel: &'static str,
    /// Older and newer version.
    pub versions: [&'static str; 2],
    /// API group of its kinds.
    group: &'static str,
    /// API version of its kinds.
    version: &'static str,
    /// Kind, plural and short name of database, backup and restore.
    kinds: [(&'static str, &'static str, &'static str); 3],
}

/// The packages that Everest knows, versions as in its catalog of December 2025.
pub const PACKAGES: [Package; 3] = [
    Package {
        name: "percona-xtradb-cluster-operator",
        channel: "stable-v1",
        versions: ["1.17.0", "1.18.0"],
        group: "pxc.percona.com",
        version: "v1",
        kinds: [
            ("PerconaXtraDBCluster", "perconaxtradbclusters", "pxc"),
            (
                "PerconaXtraDBClusterBackup",
                "perconaxtradbclusterbackups",
                "pxc-backup",
            ),
            (
                "PerconaXtraDBClusterRestore",
                "perconaxtradbclusterrestores",
                "pxc-restore",
            ),
        ],
    },
    Package {
        name: "percona-server-mongodb-operator",
        channel: "stable-v1",
        versions: ["1.20.1", "1.21.1"],
        group: "psmdb.percona.com",
        version: "v1",
        kinds: [
            ("PerconaServerMongoDB", "perconaservermongodbs", "psmdb"),
            (
                "PerconaServerMongoDBBackup",
                "perconaservermongodbbackups",
                "psmdb-backup",
            ),
            (
                "PerconaServerMongoDBRestore",
                "perconaservermongodbrestores",
                "psmdb-restore",
            ),
        ],
    },
    Package {
        name: "percona-postgresql-operator",
        channel: "stable-v2",
        versions: ["2.7.0", "2.8.2"],
        group: "pgv2.percona.com",
        version: "v2",
        kinds: [
            ("PerconaPGCluster", "perconapgclusters", "pg"),
            ("PerconaPGBackup", "perconapgbackups", "pg-backup"),
            ("PerconaPGRestore", "perconapgrestores", "pg-restore"),
        ],
    },
];

impl Package {
    /// Name of the ClusterServiceVersion of a version.
    #[must_use]
    pub fn csv(&self, version: &str) -> String {
        format!("{}.v{version}", self.name)
    }

    /// The package as a file-based catalog: a stream of JSON documents.
    #[must_use]
    pub(crate) fn catalog(&self) -> String {
        let [older, newer] = self.versions;
        let mut documents = vec![
            json!({ "schema": "olm.package", "name": self.name, "defaultChannel": self.channel }),
            json!({ "schema": "olm.channel", "package": self.name, "name": self.channel, "entries": [
                { "name": self.csv(older) },
                { "name": self.csv(newer), "replaces": self.csv(older) },
            ]}),
            json!({ "schema": "olm.channel", "package": self.name, "name": PREVIOUS, "entries": [
                { "name": self.csv(older) },
            ]}),
        ];
        documents.extend([self.bundle(older, None), self.bundle(newer, Some(older))]);
        documents
            .iter()
            .map(|document| format!("{document}\n"))
            .collect()
    }

    /// What a package server would publish about the package.
    #[must_use]
    pub(crate) fn manifest(&self, catalog: &str, namespace: &str) -> Value {
        let [older, newer] = self.versions;
        let channel = |name: &str, versions: &[&str]| {
            let head = versions.first().copied().unwrap_or_default();
            json!({
                "name": name,
                "currentCSV": self.csv(head),
                "currentCSVDesc": { "version": head, "displayName": self.name },
                "entries": versions.iter()
                    .map(|version| json!({ "name": self.csv(version), "version": version }))
                    .collect::<Vec<_>>(),
            })
        };
        json!({
            "apiVersion": "packages.operators.coreos.com/v1",
            "kind": "PackageManifest",
            "metadata": {
                "name": self.name,
                "namespace": namespace,
                "labels": { "catalog": catalog, "catalog-namespace": namespace },
            },
            "status": {
                "catalogSource": catalog,
                "catalogSourceNamespace": namespace,
                "packageName": self.name,
                "defaultChannel": self.channel,
                "channels": [
                    channel(PREVIOUS, &[older]),
                    channel(self.channel, &[newer, older]),
                ],
            },
        })
    }

    fn bundle(&self, version: &str, replaces: Option<&str>) -> Value {
        let mut properties = vec![json!({
            "type": "olm.package",
            "value": { "packageName": self.name, "version": version },
        })];
        let mut objects = vec![self.service_version(version, replaces)];
        for (kind, plural, short) in self.kinds {
            properties.push(json!({
                "type": "olm.gvk",
                "value": { "group": self.group, "version": self.version, "kind": kind },
            }));
            objects.push(self.definition(kind, plural, short));
        }
        properties.extend(objects.iter().map(|object| {
            json!({
                "type": "olm.bundle.object",
                "value": { "data": BASE64_STANDARD.encode(object.to_string()) },
            })
        }));
        json!({
            "schema": "olm.bundle",
            "package": self.name,
            "name": self.csv(version),
            "properties": properties,
        })
    }

    fn service_version(&self, version: &str, replaces: Option<&str>) -> Value {
        let owned: Vec<Value> = self
            .kinds
            .iter()
            .map(|(kind, plural, _)| {
                json!({
                    "name": format!("{plural}.{}", self.group),
                    "kind": kind,
                    "version": self.version,
                    "displayName": kind,
                    "description": kind,
                })
            })
            .collect();
        let image = format!("docker.io/percona/{}:{version}", self.name);
        let labels = json!({ "app.kubernetes.io/name": self.name });
        let mut spec = json!({
            "displayName": self.name,
            "description": "Engine operator of the test cluster; its pods only look as if they ran.",
            "version": version,
            "provider": { "name": "Percona" },
            "maturity": "stable",
            "installModes": [
                { "type": "OwnNamespace", "supported": true },
                { "type": "SingleNamespace", "supported": true },
                { "type": "MultiNamespace", "supported": false },
                { "type": "AllNamespaces", "supported": false },
            ],
            "customresourcedefinitions": { "owned": owned },
            "install": { "strategy": "deployment", "spec": {
                "permissions": [{
                    "serviceAccountName": self.name,
                    "rules": [
                        { "apiGroups": [self.group], "resources": ["*"], "verbs": ["*"] },
                        { "apiGroups": [""], "resources": ["pods", "secrets", "configmaps", "services"], "verbs": ["*"] },
                    ],
                }],
                "deployments": [{ "name": self.name, "spec": {
                    "replicas": 1,
                    "selector": { "matchLabels": labels },
                    "template": {
                        "metadata": { "labels": labels },
                        "spec": {
                            "serviceAccountName": self.name,
                            "containers": [{
                                "name": self.name,
                                "image": image,
                                "command": [self.name],
                                "resources": { "requests": { "cpu": "100m", "memory": "20Mi" } },
                            }],
                        },
                    },
                }}],
            }},
        });
        if let Some(older) = replaces {
            spec["replaces"] = Value::String(self.csv(older));
        }
        json!({
            "apiVersion": "operators.coreos.com/v1alpha1",
            "kind": "ClusterServiceVersion",
            "metadata": {
                "name": self.csv(version),
                "annotations": { "capabilities": "Deep Insights", "containerImage": image },
            },
            "spec": spec,
        })
    }

    /// A CRD that keeps whatever is written: what the fields mean is the
    /// simulator's business.
    fn definition(&self, kind: &str, plural: &str, short: &str) -> Value {
        let open = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        json!({
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": { "name": format!("{plural}.{}", self.group) },
            "spec": {
                "group": self.group,
                "scope": "Namespaced",
                "names": {
                    "kind": kind,
                    "listKind": format!("{kind}List"),
                    "plural": plural,
                    "singular": kind.to_lowercase(),
                    "shortNames": [short],
                },
                "versions": [{
                    "name": self.version,
                    "served": true,
                    "storage": true,
                    "subresources": { "status": {} },
                    "schema": { "openAPIV3Schema": {
                        "type": "object",
                        "properties": { "spec": open, "status": open },
                    }},
                }],
            },
        })
    }
}

/// The CRD that lets the API server hold package manifests as plain objects;
/// in a real cluster OLM's package server computes them.
pub(crate) fn manifest_definition() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": { "name": "packagemanifests.packages.operators.coreos.com" },
        "spec": {
            "group": "packages.operators.coreos.com",
            "scope": "Namespaced",
            "names": {
                "kind": "PackageManifest",
                "listKind": "PackageManifestList",
                "plural": "packagemanifests",
                "singular": "packagemanifest",
            },
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "schema": { "openAPIV3Schema": {
                    "type": "object",
                    "x-kubernetes-preserve-unknown-fields": true,
                }},
            }],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(package: &Package) -> Vec<Value> {
        package
            .catalog()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn the_default_channel_ends_at_the_newer_version() {
        for package in &PACKAGES {
            let documents = documents(package);
            assert_eq!(documents[0]["defaultChannel"], package.channel);
            let entries = documents[1]["entries"].as_array().unwrap();
            assert_eq!(entries[1]["name"], package.csv(package.versions[1]));
            assert_eq!(entries[1]["replaces"], entries[0]["name"]);
        }
    }

    #[test]
    fn bundles_carry_their_manifests_and_no_image() {
        for package in &PACKAGES {
            for bundle in documents(package)
                .iter()
                .filter(|document| document["schema"] == "olm.bundle")
            {
                assert!(bundle.get("image").is_none());
                let inline = bundle["properties"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|property| property["type"] == "olm.bundle.object")
                    .count();
                assert_eq!(inline, 4, "a service version and three CRDs");
            }
        }
    }

    #[test]
    fn the_deployment_is_named_like_the_package_and_tagged_with_the_version() {
        let package = &PACKAGES[0];
        let csv = package.service_version("1.18.0", Some("1.17.0"));
        let deployment = &csv["spec"]["install"]["spec"]["deployments"][0];
        assert_eq!(deployment["name"], package.name);
        assert_eq!(
            deployment["spec"]["template"]["spec"]["containers"][0]["image"],
            "docker.io/percona/percona-xtradb-cluster-operator:1.18.0"
        );
        assert_eq!(
            csv["spec"]["replaces"],
            "percona-xtradb-cluster-operator.v1.17.0"
        );
    }
}
