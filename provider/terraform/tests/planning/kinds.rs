//! The kinds of resources: a small configuration of each, and the object that it asks for.

use serde_json::{Value as Json, json};
use test_apiserver::ApiServer;
use tfplugin::{Provider as _, Registry};

use crate::{Host, database, restore, settings};

/// A kind of resource.
pub struct Kind {
    pub type_name: &'static str,
    /// A small configuration.
    pub config: Json,
    /// The object that stands for it, as a cluster may have it.
    pub object: Json,
}

impl Kind {
    /// What names one object for a data source.
    pub fn place(&self) -> Json {
        let mut place = json!({});
        let is_key = |name: &&str| self.config[*name].is_string();
        for name in ["namespace", "name", "engine"].into_iter().filter(is_key) {
            place[name] = self.config[name].clone();
        }
        place
    }

    /// The type of the data source for all of its objects.
    pub fn plural(&self) -> String {
        match self.type_name.strip_suffix('y') {
            Some(beginning) => format!("{beginning}ies"),
            None => format!("{}s", self.type_name),
        }
    }

    /// The import ID.
    pub fn id(&self) -> String {
        let name = &self.config["name"];
        let name = name.as_str().or(self.config["engine"].as_str()).unwrap();
        match self.config["namespace"].as_str() {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        }
    }
}

/// All kinds that the provider serves, each with an object that is as it is configured.
pub fn all(host: &Host) -> Vec<Kind> {
    let kinds = known();
    let mut registry = Registry::default();
    host.everest.register(&mut registry);
    let served = registry.resource_schemas().unwrap();
    let served = served.iter().map(|kind| kind.type_name);
    let mut served: Vec<_> = served.filter(|name| !settings::is_one(name)).collect();
    let mut named: Vec<_> = kinds.iter().map(|kind| kind.type_name).collect();
    served.sort_unstable();
    named.sort_unstable();
    assert_eq!(served, named, "a kind is tested nowhere");
    kinds
}

/// A cluster in which everything is that the configurations ask for.
pub fn cluster() -> ApiServer {
    let server = ApiServer::new()
        .with_everest()
        .with_engines()
        .with_catalog();
    for kind in known() {
        server.put(kind.object);
    }
    let versions = json!({"8.0.42-33.1": {"status": "recommended"}});
    server.put(
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseEngine",
        "metadata": {"name": "percona-xtradb-cluster-operator", "namespace": "shop"},
        "spec": {"type": "pxc", "allowedVersions": ["8.0.42-33.1"]},
        "status": {"status": "installed", "availableVersions": {"engine": versions}}}),
    );
    server
}

fn known() -> Vec<Kind> {
    let everest = |kind: &str, name: &str, spec: Json, status: Json| {
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": kind, "spec": spec,
            "metadata": {"name": name, "namespace": "shop"}, "status": status})
    };
    vec![
        Kind {
            type_name: "everest_namespace",
            config: json!({"name": "shop", "engines": {"pxc": {}}}),
            object: json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop",
                "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
        },
        Kind {
            type_name: "everest_database",
            config: database(),
            object: everest(
                "DatabaseCluster",
                "orders",
                json!({"engine": {"type": "pxc", "replicas": 3, "storage": {"size": "25Gi"},
                    "resources": {"cpu": "1", "memory": "2G"}}}),
                json!({"status": "ready", "observedGeneration": 1}),
            ),
        },
        Kind {
            type_name: "everest_backup_storage",
            config: json!({"namespace": "shop", "name": "s3", "type": "s3", "bucket": "backups",
                "region": "eu-central-1"}),
            object: everest(
                "BackupStorage",
                "s3",
                json!({"type": "s3", "bucket": "backups", "region": "eu-central-1",
                    "credentialsSecretName": "s3"}),
                json!({}),
            ),
        },
        Kind {
            type_name: "everest_monitoring_config",
            config: json!({"namespace": "shop", "name": "pmm", "type": "pmm",
                "pmm": {"url": "https://pmm.test"}}),
            object: everest(
                "MonitoringConfig",
                "pmm",
                json!({"type": "pmm", "pmm": {"url": "https://pmm.test", "image": ""},
                    "credentialsSecretName": "pmm"}),
                json!({}),
            ),
        },
        Kind {
            type_name: "everest_pod_scheduling_policy",
            config: json!({"name": "spread", "engine_type": "pxc",
                "affinity_config": {"pxc": {"engine": {"pod_anti_affinity": {}}}}}),
            object: json!({"apiVersion": "everest.percona.com/v1alpha1",
                "kind": "PodSchedulingPolicy", "metadata": {"name": "spread"}, "status": {},
                "spec": {"engineType": "pxc",
                    "affinityConfig": {"pxc": {"engine": {"podAntiAffinity": {}}}}}}),
        },
        Kind {
            type_name: "everest_load_balancer_config",
            config: json!({"name": "internal", "annotations": {"a": "b"}}),
            object: json!({"apiVersion": "everest.percona.com/v1alpha1",
                "kind": "LoadBalancerConfig", "metadata": {"name": "internal"}, "status": {},
                "spec": {"annotations": {"a": "b"}}}),
        },
        Kind {
            type_name: "everest_data_importer",
            config: json!({"name": "dump", "supported_engines": ["pxc"],
                "job_spec": {"image": "dump:1"}}),
            object: json!({"apiVersion": "everest.percona.com/v1alpha1",
                "kind": "DataImporter", "metadata": {"name": "dump"},
                "spec": {"supportedEngines": ["pxc"], "jobSpec": {"image": "dump:1"}}}),
        },
        Kind {
            type_name: "everest_data_import_job",
            config: json!({"namespace": "shop", "name": "first-load", "database_name": "orders",
                "data_importer_name": "dump", "source": {"path": "dumps/orders", "s3": {
                    "bucket": "dumps", "region": "r", "endpoint_url": "https://s3.test"}}}),
            object: everest(
                "DataImportJob",
                "first-load",
                json!({"targetClusterName": "orders", "dataImporterName": "dump",
                    "source": {"path": "dumps/orders", "s3": {"bucket": "dumps", "region": "r",
                        "endpointURL": "https://s3.test", "forcePathStyle": false,
                        "verifyTLS": true, "credentialsSecretName": "first-load"}}}),
                json!({"state": "Succeeded", "completedAt": "2026-01-01T02:03:04Z"}),
            ),
        },
        Kind {
            type_name: "everest_engine_version_policy",
            config: json!({"namespace": "shop", "engine": "pxc",
                "allowed_versions": ["8.0.42-33.1"]}),
            object: everest(
                "DatabaseEngine",
                "percona-xtradb-cluster-operator",
                json!({"type": "pxc", "allowedVersions": ["8.0.42-33.1"]}),
                json!({"status": "installed"}),
            ),
        },
        Kind {
            type_name: "everest_split_horizon_dns_config",
            config: json!({"namespace": "shop", "name": "dns",
                "base_domain_name_suffix": "db.example.com"}),
            object: json!({"apiVersion": "enginefeatures.everest.percona.com/v1alpha1",
                "kind": "SplitHorizonDNSConfig", "metadata": {"name": "dns", "namespace": "shop"},
                "spec": {"baseDomainNameSuffix": "db.example.com", "tls": {"secretName": "dns"}},
                "status": {}}),
        },
        Kind {
            type_name: "everest_backup",
            config: json!({"namespace": "shop", "name": "before-migration",
                "database_name": "orders", "backup_storage_name": "s3"}),
            object: everest(
                "DatabaseClusterBackup",
                "before-migration",
                json!({"dbClusterName": "orders", "backupStorageName": "s3"}),
                json!({"state": "Succeeded", "completed": "2026-01-01T02:03:04Z", "gaps": false}),
            ),
        },
        Kind {
            type_name: "everest_restore",
            config: restore(&Json::Null),
            object: everest(
                "DatabaseClusterRestore",
                "drill-1",
                json!({"dbClusterName": "orders",
                    "dataSource": {"dbClusterBackupName": "before-migration"}}),
                json!({"state": "Succeeded", "completed": "2026-01-01T02:03:04Z"}),
            ),
        },
    ]
}
