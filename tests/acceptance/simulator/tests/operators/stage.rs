//! A cluster in the process with an Everest namespace, and what tests do to it.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use everest_simulator::{Clock, Engine, Pace, Settings, Simulator, engine_definitions, register};
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use serde_json::{Value, json};
use test_apiserver::ApiServer;

/// The Everest namespace.
pub const NAMESPACE: &str = "everest";

/// Where the webhooks are served.
const WEBHOOKS: &str = "everest-operator.test";

/// Longest that a test waits, in virtual time.
const PATIENCE: Duration = Duration::from_secs(4 * 3_600);

/// How often a test looks while it waits.
const STEP: Duration = Duration::from_secs(1);

/// The definitions of Everest's kinds.
static DEFINITIONS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../schemas/crds");
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| serde_yaml_ng::from_str(&fs::read_to_string(path).unwrap()).unwrap())
        .collect()
});

/// Plural and kind of what tests read and write.
const KINDS: [(&str, &str, &str); 19] = [
    (
        "everest.percona.com/v1alpha1",
        "databaseclusters",
        "DatabaseCluster",
    ),
    (
        "everest.percona.com/v1alpha1",
        "databaseclusterbackups",
        "DatabaseClusterBackup",
    ),
    (
        "everest.percona.com/v1alpha1",
        "databaseclusterrestores",
        "DatabaseClusterRestore",
    ),
    (
        "everest.percona.com/v1alpha1",
        "backupstorages",
        "BackupStorage",
    ),
    (
        "everest.percona.com/v1alpha1",
        "databaseengines",
        "DatabaseEngine",
    ),
    (
        "everest.percona.com/v1alpha1",
        "dataimportjobs",
        "DataImportJob",
    ),
    (
        "everest.percona.com/v1alpha1",
        "monitoringconfigs",
        "MonitoringConfig",
    ),
    (
        "pxc.percona.com/v1",
        "perconaxtradbclusters",
        "PerconaXtraDBCluster",
    ),
    (
        "pxc.percona.com/v1",
        "perconaxtradbclusterbackups",
        "PerconaXtraDBClusterBackup",
    ),
    (
        "pxc.percona.com/v1",
        "perconaxtradbclusterrestores",
        "PerconaXtraDBClusterRestore",
    ),
    (
        "psmdb.percona.com/v1",
        "perconaservermongodbs",
        "PerconaServerMongoDB",
    ),
    (
        "psmdb.percona.com/v1",
        "perconaservermongodbbackups",
        "PerconaServerMongoDBBackup",
    ),
    (
        "psmdb.percona.com/v1",
        "perconaservermongodbrestores",
        "PerconaServerMongoDBRestore",
    ),
    (
        "pgv2.percona.com/v2",
        "perconapgclusters",
        "PerconaPGCluster",
    ),
    ("pgv2.percona.com/v2", "perconapgbackups", "PerconaPGBackup"),
    (
        "pgv2.percona.com/v2",
        "perconapgrestores",
        "PerconaPGRestore",
    ),
    ("v1", "secrets", "Secret"),
    ("v1", "configmaps", "ConfigMap"),
    (
        "operators.coreos.com/v1alpha1",
        "installplans",
        "InstallPlan",
    ),
];

/// The simulator on its stage.
pub struct Stage {
    /// The API server.
    pub server: ApiServer,
    /// The operators.
    pub simulator: Simulator,
    /// A client of the test's own.
    pub client: Client,
}

impl Stage {
    /// A stage at the real pace with all engine operators installed.
    pub async fn new() -> Self {
        Self::at(Pace::real()).await
    }

    /// The same at another pace.
    pub async fn at(pace: Pace) -> Self {
        let stage = Self::bare(pace).await;
        for (engine, version) in [
            (Engine::Pxc, "1.18.0"),
            (Engine::Psmdb, "1.21.1"),
            (Engine::Postgresql, "2.8.2"),
        ] {
            stage.server.put(deployment(engine, version));
        }
        for definition in engine_definitions() {
            stage.server.put(definition);
        }
        for engine in Engine::ALL {
            let name = engine.operator();
            let installed = |engine: &Value| engine["status"]["status"] == "installed";
            stage.until("databaseengines", name, installed).await;
        }
        stage
    }

    /// A stage with no engine operators.
    pub async fn bare(pace: Pace) -> Self {
        let server = ApiServer::new().with_olm();
        for definition in DEFINITIONS.iter() {
            server.put(definition.clone());
        }
        server.put(
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": NAMESPACE, "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
        );
        for (name, grows) in [("standard", true), ("rigid", false)] {
            let default = (name == "standard").to_string();
            server.put(
                json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
                "metadata": {"name": name, "annotations": {
                    "storageclass.kubernetes.io/is-default-class": default}},
                "provisioner": "none", "allowVolumeExpansion": grows}),
            );
        }
        let simulator = operators(&server, server.client(), pace).await;
        let client = server.client();
        register(&client, &format!("https://{WEBHOOKS}"), "")
            .await
            .unwrap();
        Self {
            server,
            simulator,
            client,
        }
    }

    /// Ends the operators and starts others, with a connection of their own.
    pub async fn replace_operators(&mut self, client: Client) {
        self.simulator.stop().await;
        self.simulator = operators(&self.server, client, Pace::real()).await;
    }

    /// The API of a kind, by its plural.
    pub fn api(&self, plural: &str) -> Api<DynamicObject> {
        let (version, plural, kind) = kind(plural);
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let resource =
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
        Api::namespaced_with(self.client.clone(), NAMESPACE, &resource)
    }

    /// An object as it is now, null if there is none.
    pub fn get(&self, plural: &str, name: &str) -> Value {
        let (version, plural, _) = kind(plural);
        let root = match version.contains('/') {
            true => format!("/apis/{version}"),
            false => format!("/api/{version}"),
        };
        let path = format!("{root}/namespaces/{NAMESPACE}/{plural}/{name}");
        self.server.get(&path).unwrap_or_default()
    }

    /// Creates an object of a kind; fails as the API does.
    pub async fn try_create(
        &self,
        plural: &str,
        name: &str,
        rest: Value,
    ) -> Result<(), kube::Error> {
        let (version, _, kind) = kind(plural);
        let mut object = json!({"apiVersion": version, "kind": kind,
            "metadata": {"name": name, "namespace": NAMESPACE}});
        for (member, value) in rest.as_object().into_iter().flatten() {
            object[member] = value.clone();
        }
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        self.api(plural)
            .create(&PostParams::default(), &object)
            .await
            .map(drop)
    }

    /// Creates an object of a kind.
    pub async fn create(&self, plural: &str, name: &str, rest: Value) {
        self.try_create(plural, name, rest).await.unwrap();
    }

    /// Merges into an object.
    pub async fn patch(&self, plural: &str, name: &str, patch: Value) {
        let params = PatchParams::default();
        let patch = Patch::Merge(&patch);
        self.api(plural).patch(name, &params, &patch).await.unwrap();
    }

    /// Asks for a deletion.
    pub async fn delete(&self, plural: &str, name: &str) {
        let params = DeleteParams::default();
        self.api(plural).delete(name, &params).await.unwrap();
    }

    /// Steers the simulator in the namespace; null takes a key away.
    pub async fn steer(&self, settings: Value) {
        if self.get("configmaps", "everest-simulator").is_null() {
            self.create("configmaps", "everest-simulator", json!({}))
                .await;
        }
        self.patch("configmaps", "everest-simulator", json!({"data": settings}))
            .await;
    }

    /// A Secret with the keys of a bucket, and a storage that names it.
    pub async fn storage(&self, name: &str) {
        self.secret(name).await;
        self.create(
            "backupstorages",
            name,
            json!({"spec": {"type": "s3", "bucket": name.replace("bs-", "bucket-"),
                "region": "us-east-1", "endpointURL": "http://127.0.0.1:9",
                "verifyTLS": false, "forcePathStyle": true, "credentialsSecretName": name}}),
        )
        .await;
    }

    /// A Secret with the keys of a bucket.
    pub async fn secret(&self, name: &str) {
        let keys = json!({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"});
        self.create("secrets", name, json!({ "stringData": keys }))
            .await;
    }

    /// A database that has become ready.
    pub async fn ready(&self, engine: Engine, name: &str) {
        self.create("databaseclusters", name, database(engine))
            .await;
        self.until_ready(name).await;
    }

    /// Waits until a database says that it is ready.
    pub async fn until_ready(&self, name: &str) {
        self.until("databaseclusters", name, |d| {
            d["status"]["status"] == "ready"
        })
        .await;
    }

    /// Lets virtual time pass.
    pub async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }

    /// Waits until an object is as wanted, or gone if that is wanted of null.
    pub async fn until(&self, plural: &str, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let object = self.get(plural, name);
            if wanted(&object) {
                return object;
            }
            assert!(
                tokio::time::Instant::now() < end,
                "{plural} {name} never came so far: {object:#}"
            );
            tokio::time::sleep(STEP).await;
        }
    }
}

/// Starts the operators and serves their webhooks.
async fn operators(server: &ApiServer, client: Client, pace: Pace) -> Simulator {
    let clock = Clock::starting_at(server.now());
    let simulator = Simulator::start(client, Settings { pace, clock }).await;
    let admission = simulator.admission();
    server.serve_webhooks(WEBHOOKS, move |path, review| {
        let admission = admission.clone();
        async move {
            match admission.decide(&path, &review).await {
                Ok(answer) => answer,
                Err(_) => std::future::pending().await,
            }
        }
    });
    simulator
}

fn kind(plural: &str) -> (&'static str, &'static str, &'static str) {
    let found = KINDS.into_iter().find(|(_, known, _)| *known == plural);
    found.unwrap_or_else(|| panic!("no kind {plural}"))
}

/// The plurals of an engine's database, backup and restore.
pub fn engine_plurals(engine: Engine) -> [&'static str; 3] {
    match engine {
        Engine::Pxc => [
            "perconaxtradbclusters",
            "perconaxtradbclusterbackups",
            "perconaxtradbclusterrestores",
        ],
        Engine::Psmdb => [
            "perconaservermongodbs",
            "perconaservermongodbbackups",
            "perconaservermongodbrestores",
        ],
        Engine::Postgresql => ["perconapgclusters", "perconapgbackups", "perconapgrestores"],
    }
}

/// The small database of the recordings.
pub fn database(engine: Engine) -> Value {
    let (kind, version, proxy) = match engine {
        Engine::Pxc => ("pxc", "8.0.42-33.1", "haproxy"),
        Engine::Psmdb => ("psmdb", "8.0.12-4", "mongos"),
        Engine::Postgresql => ("postgresql", "17.6", "pgbouncer"),
    };
    json!({"spec": {
        "engine": {"type": kind, "version": version, "replicas": 1,
            "resources": {"cpu": "600m", "memory": "1G"},
            "storage": {"class": "standard", "size": "1Gi"}},
        "proxy": {"type": proxy, "replicas": 1, "expose": {"type": "internal"}},
    }})
}

fn deployment(engine: Engine, version: &str) -> Value {
    let name = engine.operator();
    let image = format!("docker.io/percona/{name}:{version}");
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE, "generation": 1},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [
            {"name": name, "image": image}]}}},
        "status": {"readyReplicas": 1, "observedGeneration": 1},
    })
}
