//! The managed resources, from their creation to their end.

use serde_json::{Value, json};

use crate::{
    process::Provider,
    scene::{MANAGED, Scene, condition},
};

pub const EVEREST: &str = "everest.percona.com/v1alpha1";

/// Whether a condition of an object has that status.
pub fn is(object: &Value, kind: &str, status: &str) -> bool {
    condition(object, kind)["status"] == status
}

/// What a condition of an object says.
pub fn message(object: &Value, kind: &str) -> String {
    let message = &condition(object, kind)["message"];
    message.as_str().unwrap_or_default().to_owned()
}

/// Whether a managed resource is ready and synced as it is now written.
pub fn works(object: &Value) -> bool {
    is(object, "Ready", "True")
        && is(object, "Synced", "True")
        && condition(object, "Ready")["observedGeneration"] == object["metadata"]["generation"]
}

pub fn resource(kind: &str, name: &str, for_provider: Value) -> Value {
    json!({
        "apiVersion": MANAGED,
        "kind": kind,
        "metadata": { "name": name },
        "spec": { "forProvider": for_provider },
    })
}

/// A database of MySQL.
pub fn database(name: &str) -> Value {
    resource(
        "Database",
        name,
        json!({
            "engine": {
                "type": "pxc",
                "replicas": 3,
                "storage": { "size": "25Gi" },
                "resources": { "cpu": "1", "memory": "2G" },
            },
        }),
    )
}

/// A storage whose credentials are in the Secret of the [`stage`].
pub fn storage(scene: &Scene, name: &str) -> Value {
    resource(
        "BackupStorage",
        name,
        json!({
            "type": "s3",
            "bucket": scene.namespace,
            "region": "eu-central-1",
            "endpointURL": "https://s3.example.com",
            "secretRef": { "name": "bucket" },
        }),
    )
}

/// A namespace with the operator of MySQL in it, installed by a DatabaseNamespace.
pub async fn stage(name: &str) -> Scene {
    let scene = Scene::new(name).await;
    scene.apply_default_config().await;
    let engines = json!({ "takeOwnership": true, "engines": { "pxc": {} } });
    scene
        .apply(&resource("DatabaseNamespace", &scene.namespace, engines))
        .await;
    let name = scene.namespace.clone();
    let ready = scene.ready("DatabaseNamespace", &name).await;
    assert!(
        ready["status"]["atProvider"]["engines"]["pxc"]["installedVersion"].is_string(),
        "{ready:#}"
    );
    scene
        .apply(&json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": "bucket" },
            "stringData": { "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key" },
        }))
        .await;
    scene
}

impl Scene {
    /// Has managed resources that name no config go to the cluster that they are in, where they may
    /// use all namespaces, and objects that are for all namespaces.
    pub async fn apply_default_config(&self) {
        self.apply(&json!({
            "apiVersion": MANAGED,
            "kind": "ClusterProviderConfig",
            "metadata": { "name": "default" },
            "spec": { "credentials": { "source": "InjectedIdentity" }, "grants": [
                { "from": { "selector": {} }, "to": ["*"], "databaseNamespaces": true,
                    "clusterKinds": ["PodSchedulingPolicy", "LoadBalancerConfig", "DataImporter"] },
            ]},
        }))
        .await;
    }

    /// Returns the managed resource once it works.
    pub async fn ready(&self, kind: &str, name: &str) -> Value {
        self.until(MANAGED, kind, name, "ready and synced", works)
            .await
    }

    /// Deletes what would hold the namespace in the order that Everest wants, then the namespace.
    pub async fn clear(self) {
        for (group, kind) in [
            (MANAGED, "Restore"),
            (MANAGED, "Backup"),
            (MANAGED, "Database"),
            (EVEREST, "DatabaseCluster"),
            (MANAGED, "BackupStorage"),
        ] {
            let names: Vec<String> = self
                .list(group, kind)
                .await
                .iter()
                .map(|object| object["metadata"]["name"].as_str().unwrap().to_owned())
                .collect();
            for name in &names {
                self.delete(group, kind, name).await;
            }
            for name in &names {
                self.until_gone(group, kind, name).await;
            }
        }
        self.end().await;
    }

    async fn change(&self, kind: &str, name: &str, patch: Value) {
        self.patch(MANAGED, kind, name, &patch).await;
    }
}

#[tokio::test]
async fn a_database_is_made_changed_connected_to_and_deleted() {
    let _provider = Provider::shared().await;
    let scene = stage("mr-database").await;
    let mut wanted = database("orders");
    wanted["spec"]["writeConnectionSecretToRef"] = json!({ "name": "orders-conn" });
    scene.apply(&wanted).await;
    let ready = scene.ready("Database", "orders").await;
    assert_eq!(ready["status"]["atProvider"]["status"], "ready");
    assert!(
        ready["spec"]["forProvider"]["engine"]["version"].is_string(),
        "what the server decided is written back"
    );
    let secret = scene
        .until("v1", "Secret", "orders-conn", "a password", |secret| {
            secret["data"]["password"].is_string()
        })
        .await;
    assert_eq!(secret["type"], "connection.crossplane.io/v1alpha1");
    for key in ["endpoint", "port", "username", "uri"] {
        assert!(secret["data"][key].is_string(), "{key}");
    }

    let grown = json!({"spec": {"forProvider": {"engine": {"storage": {"size": "30Gi"}}}}});
    scene.change("Database", "orders", grown).await;
    scene
        .until(EVEREST, "DatabaseCluster", "orders", "grown", |database| {
            database["spec"]["engine"]["storage"]["size"] == "30Gi"
        })
        .await;
    scene.ready("Database", "orders").await;

    scene.delete(MANAGED, "Database", "orders").await;
    scene.until_gone(MANAGED, "Database", "orders").await;
    assert!(
        scene
            .get(EVEREST, "DatabaseCluster", "orders")
            .await
            .is_none()
    );
    scene.clear().await;
}

#[tokio::test]
async fn a_password_that_changes_is_published_again() {
    let _provider = Provider::shared().await;
    let scene = stage("mr-password").await;
    let mut wanted = database("orders");
    wanted["spec"]["writeConnectionSecretToRef"] = json!({ "name": "orders-conn" });
    scene.apply(&wanted).await;
    scene.ready("Database", "orders").await;
    let credentials = json!({"data": {"root": "aHVudGVyMg=="}});
    scene
        .patch("v1", "Secret", "everest-secrets-orders", &credentials)
        .await;
    scene
        .until(
            "v1",
            "Secret",
            "orders-conn",
            "the new password",
            |secret| secret["data"]["password"] == "aHVudGVyMg==",
        )
        .await;
    scene.clear().await;
}

#[tokio::test]
async fn what_somebody_changes_is_put_back_unless_updates_are_not_allowed() {
    let _provider = Provider::shared().await;
    let scene = stage("mr-drift").await;
    scene.apply(&database("orders")).await;
    scene.ready("Database", "orders").await;
    let shrunk = json!({"spec": {"engine": {"resources": {"cpu": "2"}}}});
    scene
        .patch(EVEREST, "DatabaseCluster", "orders", &shrunk)
        .await;
    scene
        .until(
            EVEREST,
            "DatabaseCluster",
            "orders",
            "put back",
            |database| database["spec"]["engine"]["resources"]["cpu"] == "1",
        )
        .await;
    let only = json!({"spec": {"managementPolicies": ["Observe", "Create", "Delete"]}});
    scene.change("Database", "orders", only).await;
    scene.ready("Database", "orders").await;
    scene
        .patch(EVEREST, "DatabaseCluster", "orders", &shrunk)
        .await;
    let left = scene
        .until(MANAGED, "Database", "orders", "left", |database| {
            is(database, "UpToDate", "False")
        })
        .await;
    assert_eq!(condition(&left, "UpToDate")["reason"], "UpdateRestricted");
    assert!(is(&left, "Synced", "True"));
    scene.clear().await;
}

#[tokio::test]
async fn an_existing_database_is_only_observed_and_left_when_the_resource_goes() {
    let _provider = Provider::shared().await;
    let scene = stage("mr-import").await;
    scene
        .apply(&json!({
            "apiVersion": EVEREST,
            "kind": "DatabaseCluster",
            "metadata": { "name": "legacy" },
            "spec": { "engine": {
                "type": "pxc", "replicas": 3, "storage": { "size": "25Gi" },
                "resources": { "cpu": "1", "memory": "2G" },
            }},
        }))
        .await;
    let mut observed = resource("Database", "imported", json!({}));
    observed["metadata"]["annotations"] = json!({"crossplane.io/external-name": "legacy"});
    observed["spec"]["managementPolicies"] = json!(["Observe"]);
    scene.apply(&observed).await;
    let ready = scene.ready("Database", "imported").await;
    assert!(ready["status"]["atProvider"]["hostname"].is_string());

    observed["metadata"]["name"] = json!("missing");
    observed["metadata"]["annotations"] = json!({});
    scene.apply(&observed).await;
    let missing = scene
        .until(MANAGED, "Database", "missing", "absent", |database| {
            is(database, "Synced", "False")
        })
        .await;
    assert!(
        message(&missing, "Synced").contains("does not exist"),
        "{missing:#}"
    );
    for name in ["imported", "missing"] {
        scene.delete(MANAGED, "Database", name).await;
        scene.until_gone(MANAGED, "Database", name).await;
    }
    let left = scene.get(EVEREST, "DatabaseCluster", "legacy").await;
    assert!(left.unwrap()["metadata"]["deletionTimestamp"].is_null());
    scene.clear().await;
}

#[tokio::test]
async fn a_spec_that_breaks_a_rule_is_refused_at_its_field_and_nothing_is_written() {
    let _provider = Provider::shared().await;
    let scene = stage("mr-refused").await;
    let mut wrong = database("orders");
    wrong["spec"]["forProvider"]["backup"] = json!({ "schedules": [
        { "name": "nightly", "schedule": "every night", "backupStorageName": "s3" },
    ]});
    scene.apply(&wrong).await;
    let refused = scene
        .until(MANAGED, "Database", "orders", "refused", |database| {
            condition(database, "Synced")["reason"] == "ReconcileError"
        })
        .await;
    let said = message(&refused, "Synced");
    assert!(said.contains("spec.forProvider.backup.schedules"), "{said}");
    assert!(
        scene
            .get(EVEREST, "DatabaseCluster", "orders")
            .await
            .is_none()
    );
    let mut unknown = database("orders");
    unknown["spec"]["forProvider"]["backup"] = json!({ "schedules": [
        { "name": "nightly", "schedule": "0 2 * * *", "backupStorageName": "s3" },
    ]});
    scene.apply(&unknown).await;
    scene
        .until(MANAGED, "Database", "orders", "no storage", |database| {
            message(database, "Ready").contains("No backup storage")
                && is(database, "Synced", "True")
        })
        .await;
    scene.apply(&storage(&scene, "s3")).await;
    scene.ready("Database", "orders").await;
    scene.clear().await;
}

#[tokio::test]
async fn the_api_server_holds_the_rules_it_can() {
    let scene = Scene::new("mr-rules").await;
    let refused = async |object: &Value, rule: &str| {
        let error = scene.try_apply(object).await.unwrap_err().to_string();
        assert!(error.contains(rule), "{error}");
    };
    let mut even = database("even");
    even["spec"]["forProvider"]["engine"]["replicas"] = json!(2);
    refused(&even, "odd number of replicas").await;
    let mut proxy = database("proxy");
    proxy["spec"]["forProvider"]["proxy"] = json!({ "type": "pgbouncer" });
    refused(&proxy, "Each engine has its own proxies").await;
    let mut small = database("small");
    small["spec"]["forProvider"]["engine"]["storage"]["size"] = json!("10M");
    refused(&small, "at least 1G").await;
    let mut none = database("none");
    none["spec"]["forProvider"] = json!({});
    refused(&none, "spec.forProvider.engine is required").await;
    let neither = resource("Restore", "neither", json!({ "databaseName": "orders" }));
    refused(&neither, "backup").await;
    let no_engine = resource("DatabaseNamespace", "none", json!({ "engines": {} }));
    refused(&no_engine, "engine").await;
    let region = resource(
        "BackupStorage",
        "s3",
        json!({ "type": "s3", "bucket": "b" }),
    );
    refused(&region, "region").await;

    let mut paused = database("orders");
    paused["metadata"]["annotations"] = json!({ "crossplane.io/paused": "true" });
    scene.apply(&paused).await;
    for (change, rule) in [
        (json!({"type": "psmdb"}), "type cannot be changed"),
        (json!({"replicas": 1}), "down to one"),
    ] {
        let mut changed = paused.clone();
        for (name, value) in change.as_object().unwrap() {
            changed["spec"]["forProvider"]["engine"][name] = value.clone();
        }
        refused(&changed, rule).await;
    }
    scene.delete(MANAGED, "Database", "orders").await;
    scene.end().await;
}

#[tokio::test]
async fn a_backup_and_a_restore_run_once() {
    let _provider = Provider::shared().await;
    let scene = stage("mr-backup").await;
    scene.apply(&storage(&scene, "s3")).await;
    scene.apply(&database("orders")).await;
    let backup = resource(
        "Backup",
        "before",
        json!({ "databaseName": "orders", "backupStorageName": "s3" }),
    );
    let restore = resource(
        "Restore",
        "drill",
        json!({ "databaseName": "orders", "backupName": "before" }),
    );
    scene.apply(&backup).await;
    let backup = scene.ready("Backup", "before").await;
    assert_eq!(backup["status"]["atProvider"]["state"], "Succeeded");
    scene.apply(&restore).await;
    scene.ready("Restore", "drill").await;

    scene
        .delete(EVEREST, "DatabaseClusterRestore", "drill")
        .await;
    scene
        .until_gone(EVEREST, "DatabaseClusterRestore", "drill")
        .await;
    let again = json!({"metadata": {"annotations": {"crossplane.io/reconcile-requested-at": "1"}}});
    scene.change("Restore", "drill", again).await;
    let record = scene
        .until(MANAGED, "Restore", "drill", "looked at", |restore| {
            restore["status"]["lastHandledReconcileAt"] == "1"
        })
        .await;
    assert!(works(&record), "{record:#}");
    assert!(
        scene
            .get(EVEREST, "DatabaseClusterRestore", "drill")
            .await
            .is_none(),
        "it is not run again"
    );
    scene.delete(MANAGED, "Restore", "drill").await;
    scene.until_gone(MANAGED, "Restore", "drill").await;
    scene.delete(MANAGED, "Backup", "before").await;
    scene.until_gone(MANAGED, "Backup", "before").await;
    scene.clear().await;
}

#[tokio::test]
async fn a_storage_follows_the_secret_with_its_credentials() {
    let _provider = Provider::shared().await;
    let scene = stage("mr-storage").await;
    scene.apply(&storage(&scene, "s3")).await;
    scene.ready("BackupStorage", "s3").await;
    let rotated = json!({"stringData": {"AWS_SECRET_ACCESS_KEY": "rotated"}});
    scene.patch("v1", "Secret", "bucket", &rotated).await;
    scene
        .until("v1", "Secret", "s3", "the new key", |secret| {
            secret["data"]["AWS_SECRET_ACCESS_KEY"] == "cm90YXRlZA=="
        })
        .await;
    scene.delete(MANAGED, "BackupStorage", "s3").await;
    scene.until_gone(MANAGED, "BackupStorage", "s3").await;
    scene.until_gone("v1", "Secret", "s3").await;
    scene.clear().await;
}

#[tokio::test]
async fn a_pause_leaves_everything_as_it_is() {
    let _provider = Provider::shared().await;
    let scene = stage("mr-pause").await;
    let mut paused = database("orders");
    paused["metadata"]["annotations"] = json!({ "crossplane.io/paused": "true" });
    scene.apply(&paused).await;
    let said = scene
        .until(MANAGED, "Database", "orders", "paused", |database| {
            condition(database, "Synced")["reason"] == "ReconcilePaused"
        })
        .await;
    assert!(said["metadata"]["finalizers"].is_null(), "{said:#}");
    let resumed = json!({"metadata": {"annotations": {"crossplane.io/paused": null}}});
    scene.change("Database", "orders", resumed).await;
    scene.ready("Database", "orders").await;
    scene.clear().await;
}

#[tokio::test]
async fn a_resource_whose_cluster_is_gone_can_be_let_go() {
    let _provider = Provider::shared().await;
    let scene = Scene::new("mr-gone").await;
    let mut lost = database("lost");
    lost["spec"]["providerConfigRef"] = json!({ "kind": "ProviderConfig", "name": "nowhere" });
    scene.apply(&lost).await;
    let said = scene
        .until(MANAGED, "Database", "lost", "no cluster", |database| {
            is(database, "Synced", "False")
        })
        .await;
    assert!(
        message(&said, "Synced").contains("connect failed: ProviderConfig"),
        "{said:#}"
    );
    scene.delete(MANAGED, "Database", "lost").await;
    let only = json!({"spec": {"managementPolicies": ["Observe", "Create", "Update"]}});
    scene.change("Database", "lost", only).await;
    scene.until_gone(MANAGED, "Database", "lost").await;
    scene.end().await;
}
