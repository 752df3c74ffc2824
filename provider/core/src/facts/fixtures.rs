//! A cluster as rules see it, for tests.

use std::sync::Arc;

use everest_schemas::everest::DatabaseCluster;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{All, Facts, Seen, ServedKinds};

/// Objects of a kind by name, from their specs and statuses.
pub(crate) fn all<K: DeserializeOwned>(objects: &[(&str, Value)]) -> All<K> {
    let objects = objects.iter().map(|(name, object)| {
        let mut object = object.clone();
        object["metadata"]["name"] = json!(name);
        ((*name).to_owned(), serde_json::from_value(object).unwrap())
    });
    Some(objects.collect())
}

/// The definition of databases whose engines have these members as their resources, and no others.
pub(crate) fn serves_resources(members: Value) -> Option<Arc<ServedKinds>> {
    let resources = json!({ "properties": members });
    let engine = json!({"properties": {"type": {}, "replicas": {}, "resources": resources}});
    serves_databases(json!({ "engine": engine }))
}

/// A cluster that serves databases whose specs have these members.
pub(crate) fn serves_databases(members: Value) -> Option<Arc<ServedKinds>> {
    let schema = json!({"properties": {"spec": {"properties": members}}});
    let definition = json!({"spec": {"names": {"kind": "DatabaseCluster"},
        "versions": [{"served": true, "schema": {"openAPIV3Schema": schema}}]}});
    ServedKinds::of_definition(&definition).map(Arc::new)
}

/// Databases of several namespaces, from their places and members of their specs.
pub(crate) fn everywhere(databases: &[(&str, Value)]) -> Vec<DatabaseCluster> {
    let databases = databases.iter().map(|(place, more)| {
        let (namespace, name) = place.split_once('/').unwrap();
        let mut spec = json!({"engine": {"type": "pxc", "storage": {"size": "1Gi"}}});
        json_patch::merge(&mut spec, more);
        let database = json!({"metadata": {"namespace": namespace, "name": name}, "spec": spec});
        serde_json::from_value(database).unwrap()
    });
    databases.collect()
}

/// Names the storage of a database's log for point-in-time recovery.
pub(crate) fn with_log(facts: &mut Facts, database: &str, storage: &str) {
    let database = facts.databases.as_mut().unwrap().get_mut(database).unwrap();
    let backup = json!({"pitr": {"enabled": true, "backupStorageName": storage}});
    database.spec.backup = serde_json::from_value(backup).unwrap();
}

/// A namespace with everything that a sound database of any engine refers to.
pub(crate) fn facts() -> Facts {
    let engine = |type_: &str, versions: [(&str, &str); 2]| {
        let versions: serde_json::Map<_, _> = versions
            .iter()
            .map(|(version, status)| ((*version).to_owned(), json!({"status": status})))
            .collect();
        json!({
            "spec": {"type": type_},
            "status": {"status": "installed", "availableVersions": {"engine": versions}},
        })
    };
    let storage = |type_: &str, bucket: &str| json!({"spec": {"type": type_, "bucket": bucket, "region": "r"}});
    let database = |type_: &str, state: &str| {
        json!({
            "spec": {"engine": {"type": type_, "replicas": 3, "storage": {"size": "25Gi"}}},
            "status": {"status": state, "crVersion": "1.18.0"},
        })
    };
    let backup = |database: &str, storage: &str, state: &str| {
        json!({
            "spec": {"dbClusterName": database, "backupStorageName": storage},
            "status": {"state": state, "gaps": false},
        })
    };
    let class = |grows: bool, default: &str| {
        json!({
            "metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": default}},
            "provisioner": "p",
            "allowVolumeExpansion": grows,
        })
    };
    let affinity = json!({"engine": {"podAntiAffinity": {}}});
    Facts {
        namespace: Seen::Found(
            serde_json::from_value(json!({"metadata": {
                "name": "prod", "labels": {"app.kubernetes.io/managed-by": "everest"},
            }}))
            .unwrap(),
        ),
        engines: all(&[
            (
                "percona-xtradb-cluster-operator",
                engine(
                    "pxc",
                    [("8.0.41-32.1", "recommended"), ("8.0.36-28.1", "available")],
                ),
            ),
            (
                "percona-server-mongodb-operator",
                engine(
                    "psmdb",
                    [("8.0.41-32.1", "recommended"), ("7.0.1-1", "available")],
                ),
            ),
            (
                "percona-postgresql-operator",
                engine(
                    "postgresql",
                    [("8.0.41-32.1", "recommended"), ("17.6", "available")],
                ),
            ),
        ]),
        databases: all(&[
            ("orders", database("pxc", "ready")),
            ("documents", database("psmdb", "ready")),
            ("reports", database("postgresql", "ready")),
        ]),
        backups: all(&[
            ("done", backup("orders", "s3", "Succeeded")),
            ("foreign", backup("documents", "s3", "Succeeded")),
            ("orphan", backup("gone", "s3", "Succeeded")),
            ("failed", backup("orders", "s3", "Failed")),
            ("running", backup("documents", "s3", "Running")),
        ]),
        storages: all(&[
            ("s3", storage("s3", "one")),
            ("minio", storage("s3", "two")),
            ("third", storage("s3", "three")),
            ("fourth", storage("s3", "four")),
            ("blobs", storage("azure", "five")),
        ]),
        engines_everywhere: None,
        subscriptions: None,
        install_plans: None,
        monitoring_configs: all(&[(
            "pmm",
            json!({"spec": {"type": "pmm", "credentialsSecretName": "pmm"}}),
        )]),
        split_horizons: all(&[(
            "dns",
            json!({"spec": {"baseDomainNameSuffix": "example.com", "tls": {"secretName": "t"}}}),
        )]),
        policies: all(&[
            (
                "spread",
                json!({"spec": {"engineType": "pxc", "affinityConfig": {"pxc": affinity}}}),
            ),
            ("empty", json!({"spec": {"engineType": "pxc"}})),
            (
                "documents",
                json!({"spec": {"engineType": "psmdb", "affinityConfig": {"psmdb": affinity}}}),
            ),
        ]),
        load_balancer_configs: all(&[("lb", json!({"spec": {}}))]),
        importers: all(&[
            (
                "dump",
                json!({"spec": {
                    "supportedEngines": ["pxc"],
                    "databaseClusterConstraints": {"requiredFields": [".spec.engine.userSecretsName"]},
                }}),
            ),
            ("mongo", json!({"spec": {"supportedEngines": ["psmdb"]}})),
            (
                "choosy",
                json!({"spec": {
                    "supportedEngines": ["pxc"],
                    "config": {"openAPIV3Schema": {
                        "type": "object",
                        "required": ["parallel"],
                        "properties": {"parallel": {"type": "integer", "minimum": 1}},
                    }},
                }}),
            ),
        ]),
        storage_classes: all(&[
            ("standard", class(true, "true")),
            ("rigid", class(false, "false")),
        ]),
        engine_object: Seen::Unread,
        secrets: [("mine".to_owned(), true), ("none".to_owned(), false)].into(),
        ..Facts::default()
    }
}
