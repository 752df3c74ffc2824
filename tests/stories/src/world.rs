//! The world that a story is told in.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use everest_simulator::{Clock, Olm, Pace, Settings, Simulator, configurations};
use jiff::Timestamp;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use serde_json::{Value, json};
use test_apiserver::{ApiServer, Kind};
use tokio::task::JoinHandle;

use crate::definitions::DEFINITIONS;

/// The Deployment of Everest's API server.
const EVEREST_SERVER: &str = "/apis/apps/v1/namespaces/everest-system/deployments/everest-server";

/// Where Everest's webhooks are served.
const WEBHOOKS: &str = "127.0.0.1:9443";

/// A cluster with Everest, and its operators at work.
///
/// The namespace `shop` is one of Everest's, with the operator of MySQL databases and the backup
/// storage `s3`.
pub struct World {
    /// The API server.
    pub server: ApiServer,
    operators: Operators,
}

/// Who acts on what is written.
struct Operators {
    _everest: Simulator,
    olm: Option<Olm>,
    _pods: Pods,
}

/// Plays the pods of Everest's API server: all are new ones a while after the last change of their
/// Deployment.
struct Pods(JoinHandle<()>);

impl Pods {
    fn begin(server: ApiServer) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                let Some(deployment) = server.get(EVEREST_SERVER) else {
                    continue;
                };
                let generation = &deployment["metadata"]["generation"];
                if deployment["status"]["observedGeneration"] != *generation {
                    server.edit(|objects| {
                        if let Some(deployment) = objects.get_mut(EVEREST_SERVER) {
                            deployment["status"] = json!({"observedGeneration": generation,
                                "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1,
                                "availableReplicas": 1});
                        }
                    });
                }
            }
        }))
    }
}

impl Drop for Pods {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl World {
    /// A new world.
    pub async fn new() -> Self {
        Self::begin(false).await
    }

    /// A new world in which operators are installed by the Operator Lifecycle Manager.
    pub async fn with_olm() -> Self {
        Self::begin(true).await
    }

    async fn begin(has_olm: bool) -> Self {
        // A front end may compare times of the server with the time of day.
        let mut server = ApiServer::new()
            .at(Timestamp::now())
            .with_olm()
            .with_catalog();
        for (definition, kinds) in DEFINITIONS.iter() {
            server.put(definition.clone());
            server = kinds.iter().cloned().fold(server, ApiServer::with_kind);
        }
        server.put(
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop",
            "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
        );
        server.put(
            json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": "standard", "annotations":
                {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "disks", "allowVolumeExpansion": true}),
        );
        for object in installed("shop", "percona-xtradb-cluster-operator", "1.18.0") {
            server.put(object);
        }
        for object in storage("shop", "s3") {
            server.put(object);
        }
        for configuration in configurations(&format!("https://{WEBHOOKS}"), "") {
            server.put(configuration);
        }
        let world = Self::with_operators(server, has_olm).await;
        world.passes(Duration::from_secs(30)).await;
        world
    }

    /// Everest's operators begin to work on what `server` holds.
    async fn with_operators(server: ApiServer, has_olm: bool) -> Self {
        let settings = Settings {
            pace: Pace::quick(),
            clock: Clock::starting_at(server.now()),
        };
        let everest = Simulator::start(server.client(), settings).await;
        let admission = everest.admission();
        server.serve_webhooks(WEBHOOKS, move |path, review| {
            let admission = admission.clone();
            async move { admission.decide(&path, &review).await.unwrap() }
        });
        let olm = has_olm.then(|| Olm::start(server.client(), settings));
        let operators = Operators {
            _everest: everest,
            olm,
            _pods: Pods::begin(server.clone()),
        };
        Self { server, operators }
    }

    /// The world as it is now, to go on from.
    pub(crate) fn pause(self) -> Paused {
        let now = self.server.now();
        Paused {
            server: self.server.fork(now),
            now,
            has_olm: self.operators.olm.is_some(),
        }
    }

    /// Serves one more kind.
    pub fn serve(&self, kind: Kind) {
        let _ = self.server.clone().with_kind(kind);
    }

    /// A database that somebody else has made.
    pub fn add_database(&self, name: &str) {
        self.add_database_to("shop", name);
    }

    /// A database that somebody else has made in a namespace.
    pub fn add_database_to(&self, namespace: &str, name: &str) {
        self.server
            .put(json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseCluster", "metadata": {"name": name, "namespace": namespace},
            "spec": {"engine": {"type": "pxc", "version": "8.0.41-32.1", "replicas": 3,
                    "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
                "proxy": {"type": "haproxy", "replicas": 3}}}));
    }

    /// A backup that somebody else has taken.
    pub fn add_backup(&self, database: &str, name: &str) {
        self.server
            .put(json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseClusterBackup", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"dbClusterName": database, "backupStorageName": "s3"}}));
    }

    /// A backup storage that somebody else has made in a namespace.
    pub fn add_storage_to(&self, namespace: &str, name: &str) {
        for object in storage(namespace, name) {
            self.server.put(object);
        }
    }

    /// One of each thing that Everest keeps in a namespace, made by somebody else: a database, with a
    /// backup and a restore that are over, and what databases refer to.
    pub fn add_one_of_each_to(&self, namespace: &str) {
        self.add_database_to(namespace, "orders");
        self.add_storage_to(namespace, "s3");
        for (kind, name, spec, status) in [
            (
                "DatabaseClusterBackup",
                "sunday",
                json!({"dbClusterName": "orders", "backupStorageName": "s3"}),
                json!({"state": "Succeeded", "gaps": false}),
            ),
            (
                "DatabaseClusterRestore",
                "sunday",
                json!({"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "sunday"}}),
                json!({"state": "Succeeded"}),
            ),
            (
                "MonitoringConfig",
                "pmm",
                json!({"type": "pmm", "credentialsSecretName": "pmm",
                    "pmm": {"url": "https://pmm.test", "image": ""}}),
                json!({}),
            ),
        ] {
            self.server.put(
                json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": kind,
                "metadata": {"name": name, "namespace": namespace},
                "spec": spec, "status": status}),
            );
        }
    }

    /// A namespace of somebody else's, with an operator of MySQL databases that OLM has installed
    /// for them if `has_operator`.
    pub fn add_namespace(&self, name: &str, has_operator: bool) {
        self.server
            .put(json!({"apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {"team": "theirs"}}}));
        if has_operator {
            for object in installed(name, "percona-xtradb-cluster-operator", "1.18.0") {
                self.server.put(object);
            }
        }
    }

    /// Everest's own namespace as its chart installs it, with the settings of its API server: the
    /// account `admin`, whose password is in plain text, and a policy that makes it an administrator.
    pub fn add_settings(&self) {
        let metadata = |name: &str| json!({"name": name, "namespace": "everest-system"});
        let users =
            "admin:\n  passwordHash: initial\n  enabled: true\n  capabilities:\n    - login\n";
        let mut accounts = json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": metadata("everest-accounts"), "type": "Opaque",
            "data": {"users.yaml": STANDARD.encode(users)}});
        accounts["metadata"]["annotations"] = json!({"insecure-password/admin": "true"});
        let server = json!({"name": "everest-server"});
        for object in [
            json!({"apiVersion": "v1", "kind": "Namespace",
                "metadata": {"name": "everest-system"}}),
            accounts,
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("everest-rbac"),
                "data": {"enabled": "false", "policy.csv": "g, admin, role:admin\n"}}),
            json!({"apiVersion": "v1", "kind": "ConfigMap",
                "metadata": metadata("everest-settings")}),
            json!({"apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": metadata("everest-server"),
                "spec": {"replicas": 1, "selector": {"matchLabels": server},
                    "template": {"metadata": {"labels": server}, "spec": {"containers": [
                        {"name": "everest", "image": "percona/percona-everest:1.12.0"}]}}}}),
        ] {
            self.server.put(object);
        }
    }

    /// Another program applies a part of a database, by force.
    pub async fn apply_to_database(&self, name: &str, spec: Value) {
        let kind = GroupVersionKind::gvk("everest.percona.com", "v1alpha1", "DatabaseCluster");
        let kind = ApiResource::from_gvk_with_plural(&kind, "databaseclusters");
        let databases: Api<DynamicObject> =
            Api::namespaced_with(self.server.client(), "shop", &kind);
        let body = json!({"apiVersion": "everest.percona.com/v1alpha1",
            "kind": "DatabaseCluster", "metadata": {"name": name}, "spec": spec});
        let params = PatchParams::apply("another").force();
        let applied = databases.patch(name, &params, &Patch::Apply(body)).await;
        applied.unwrap();
    }

    /// Lets time pass.
    pub async fn passes(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Returns true for what no story is about: definitions, what the operators take notes in.
    pub(crate) fn is_scenery(&self, path: &str) -> bool {
        path.contains("/customresourcedefinitions/")
            || path.contains("webhookconfigurations/")
            || path.contains("/events/")
            || path.contains("/leases/")
    }
}

/// A world in which nobody is at work.
pub(crate) struct Paused {
    server: ApiServer,
    now: Timestamp,
    has_olm: bool,
}

impl Paused {
    /// A world that goes on from here, with operators that have just begun.
    pub(crate) async fn goes_on(&self) -> World {
        World::with_operators(self.server.fork(self.now), self.has_olm).await
    }
}

/// An operator of an engine as OLM has installed it.
fn installed(namespace: &str, operator: &str, version: &str) -> [Value; 4] {
    let csv = format!("{operator}.v{version}");
    let metadata = |name: &str| json!({"name": name, "namespace": namespace});
    [
        json!({"apiVersion": "operators.coreos.com/v1", "kind": "OperatorGroup",
            "metadata": metadata("everest-databases"), "spec": {"targetNamespaces": [namespace]}}),
        json!({"apiVersion": "operators.coreos.com/v1alpha1", "kind": "Subscription",
            "metadata": metadata(operator),
            "spec": {"channel": "stable-v1", "name": operator, "source": "everest-catalog",
                "sourceNamespace": "everest-olm", "installPlanApproval": "Manual"},
            "status": {"state": "AtLatestKnown", "installedCSV": csv, "currentCSV": csv}}),
        json!({"apiVersion": "operators.coreos.com/v1alpha1", "kind": "ClusterServiceVersion",
            "metadata": metadata(&csv), "spec": {"version": version},
            "status": {"phase": "Succeeded"}}),
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(operator),
            "spec": {"replicas": 1, "selector": {"matchLabels": {"name": operator}},
                "template": {"metadata": {"labels": {"name": operator}}, "spec": {"containers": [
                    {"name": operator, "image": format!("percona/{operator}:{version}")}]}}},
            "status": {"replicas": 1, "readyReplicas": 1, "observedGeneration": 1}}),
    ]
}

/// A backup storage with its credentials.
fn storage(namespace: &str, name: &str) -> [Value; 2] {
    [
        json!({"apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace}, "type": "Opaque",
            "data": {"AWS_ACCESS_KEY_ID": "aWQ=", "AWS_SECRET_ACCESS_KEY": "a2V5"}}),
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "BackupStorage",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"type": "s3", "bucket": "backups", "region": "r",
                "credentialsSecretName": name, "allowedNamespaces": []}}),
    ]
}
