//! Managed resources through the installed package: from their creation to their end, across an
//! upgrade of the package and after its deletion.

use acceptance::{
    crossplane::NEXT_TAG,
    installation::{database_namespace, has_condition},
};
use kube::Client;
use serde_json::{Value, json};

use crate::{
    cluster::{
        CRD, DATABASE, DEFINITION, DEPLOYMENT, Kind, MANAGED, PROVIDER, PROVIDER_REVISION, apply,
        client, delete, get, patch, until, until_undefined,
    },
    packages::{CONFIGS, packaged},
    provider::{NAME, Provider},
};

const ORDER: Kind = (MANAGED, "Database");
const OPERATOR: (&str, &str) = ("percona-postgresql-operator", "stable-v2");
/// Where core runs the provider.
const SYSTEM: &str = acceptance::crossplane::NAMESPACE;

/// A managed resource in a namespace.
fn resource(namespace: &str, kind: &str, name: &str, for_provider: Value) -> Value {
    json!({
        "apiVersion": MANAGED,
        "kind": kind,
        "metadata": { "name": name, "namespace": namespace },
        "spec": { "forProvider": for_provider },
    })
}

/// A database with a volume of that size.
fn database(namespace: &str, name: &str, size: &str) -> Value {
    let engine = json!({
        "type": "postgresql",
        "replicas": 1,
        "storage": { "size": size },
        "resources": { "cpu": "1", "memory": "2G" },
    });
    resource(namespace, "Database", name, json!({ "engine": engine }))
}

/// The config of those that name none: the provider's own cluster.
pub async fn config(client: &Client) {
    let config = json!({
        "apiVersion": MANAGED,
        "kind": "ClusterProviderConfig",
        "metadata": { "name": "default" },
        "spec": { "credentials": { "source": "InjectedIdentity" }, "grants": [
            { "from": { "namespaces": ["*"] }, "to": ["*"], "databaseNamespaces": true,
                "clusterKinds": ["PodSchedulingPolicy", "LoadBalancerConfig", "DataImporter"] },
        ]},
    });
    apply(client, &config).await;
}

/// A name of a namespace that no other run has.
pub fn own(test: &str) -> String {
    format!("{test}-{}", std::process::id())
}

/// A namespace for databases, and one in it, as Everest has it, once it is ready.
async fn shop(client: &Client, name: &str) -> (String, Value) {
    let namespace = own("shop");
    database_namespace(client, &namespace, OPERATOR)
        .await
        .unwrap();
    config(client).await;
    apply(client, &database(&namespace, name, "10Gi")).await;
    ready(client, "Database", &namespace, name).await;
    let found = get(client, DATABASE, &namespace, name).await;
    (namespace, found)
}

/// Returns a managed resource once it works as it is now written.
async fn ready(client: &Client, kind: &'static str, namespace: &str, name: &str) -> Value {
    until(client, (MANAGED, kind), namespace, name, |found| {
        has_condition(found, "Ready")
            && has_condition(found, "Synced")
            && found["status"]["observedGeneration"] == found["metadata"]["generation"]
    })
    .await
}

/// Whether a definition is that of the version that is upgraded to.
fn is_next(definition: &Value) -> bool {
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let description = schema["description"].as_str();
    description.is_some_and(|text| text.ends_with(&format!("({NEXT_TAG})")))
}

#[tokio::test]
async fn databases_and_their_backups_live_and_go_by_the_installed_package() {
    let client = client().await;
    let _provider = Provider::install(&client).await;
    let namespace = own("installed");
    apply(
        &client,
        &json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } }),
    )
    .await;
    apply(
        &client,
        &json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": { "name": "bucket", "namespace": namespace },
            "stringData": { "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key" },
        }),
    )
    .await;
    config(&client).await;
    // All at once, as a repository would bring them: what is missing is waited for.
    let all = [
        (
            "DatabaseNamespace",
            namespace.as_str(),
            json!({ "takeOwnership": true, "engines": { "postgresql": {} } }),
        ),
        (
            "BackupStorage",
            "s3",
            json!({
                "type": "s3",
                "bucket": namespace,
                "region": "eu-central-1",
                "endpointURL": "https://s3.example.com",
                "secretRef": { "name": "bucket" },
            }),
        ),
        (
            "Backup",
            "before",
            json!({ "databaseName": "orders", "backupStorageName": "s3" }),
        ),
        (
            "Restore",
            "drill",
            json!({ "databaseName": "orders", "backupName": "before" }),
        ),
    ];
    for (kind, name, wanted) in &all {
        apply(&client, &resource(&namespace, kind, name, wanted.clone())).await;
    }
    apply(&client, &database(&namespace, "orders", "10Gi")).await;
    for (kind, name, _) in &all {
        ready(&client, kind, &namespace, name).await;
    }
    ready(&client, "Database", &namespace, "orders").await;

    apply(&client, &database(&namespace, "orders", "20Gi")).await;
    until(&client, DATABASE, &namespace, "orders", |database| {
        database["spec"]["engine"]["storage"]["size"] == "20Gi"
    })
    .await;
    ready(&client, "Database", &namespace, "orders").await;

    for (kind, name) in [
        ("Restore", "drill"),
        ("Backup", "before"),
        ("Database", "orders"),
        ("BackupStorage", "s3"),
    ] {
        delete(&client, (MANAGED, kind), &namespace, name).await;
    }
    let gone = get(&client, DATABASE, &namespace, "orders").await;
    assert!(gone.is_null(), "{gone:#}");
}

#[tokio::test]
async fn an_upgrade_of_the_package_brings_its_definitions_and_writes_nothing_to_databases() {
    let client = client().await;
    let mut provider = Provider::install(&client).await;
    let (namespace, _) = shop(&client, "upgraded").await;
    let before = until(&client, DATABASE, &namespace, "upgraded", |found| {
        found["metadata"]["annotations"]["everest.openeverest.io/held-by"].is_string()
    })
    .await;
    let first = provider.revision().to_owned();

    provider.upgrade(&client, NEXT_TAG).await;
    assert_ne!(provider.revision(), first);
    until(&client, PROVIDER_REVISION, "", &first, |revision| {
        revision["spec"]["desiredState"] == "Inactive"
    })
    .await;
    until(&client, DEPLOYMENT, SYSTEM, &first, Value::is_null).await;
    for (name, kind) in packaged() {
        if !CONFIGS.contains(&kind.as_str()) {
            until(&client, DEFINITION, "", &name, is_next).await;
            // What the guide says to do: core 2.1 does not let go of the CRD by itself
            // (crossplane/crossplane#7311).
            let released = json!({ "metadata": { "ownerReferences": null } });
            patch(&client, CRD, "", &name, &released).await;
        }
        until(&client, CRD, "", &name, |crd| {
            is_next(crd) && has_condition(crd, "Established")
        })
        .await;
    }

    let asked = json!({ "metadata": { "annotations": {
        "crossplane.io/reconcile-requested-at": "after the upgrade",
    }}});
    patch(&client, ORDER, &namespace, "upgraded", &asked).await;
    let looked = until(&client, ORDER, &namespace, "upgraded", |found| {
        found["status"]["lastHandledReconcileAt"] == "after the upgrade"
    })
    .await;
    for condition in ["Ready", "Synced", "UpToDate"] {
        assert!(has_condition(&looked, condition), "{looked:#}");
    }
    let after = get(&client, DATABASE, &namespace, "upgraded").await;
    assert_eq!(after, before, "nobody has written anything to it");

    delete(&client, ORDER, &namespace, "upgraded").await;
}

#[tokio::test]
async fn databases_stay_when_the_package_is_deleted_and_are_found_again_when_it_is_back() {
    let client = client().await;
    let provider = Provider::install(&client).await;
    let (namespace, before) = shop(&client, "deleted").await;

    // One is released while the provider has its rights, the other is left to what the deletion of
    // the package brings.
    let released = "released";
    apply(&client, &database(&namespace, released, "10Gi")).await;
    ready(&client, "Database", &namespace, released).await;
    let observed = json!({ "spec": { "managementPolicies": ["Observe"] } });
    patch(&client, ORDER, &namespace, released, &observed).await;
    delete(&client, ORDER, &namespace, released).await;

    // The process goes on until the end: a pod that is slow to end must do no harm.
    delete(&client, PROVIDER, "", NAME).await;
    for (name, kind) in packaged() {
        until_undefined(&client, &name, &kind).await;
    }
    drop(provider);
    for name in [released, "deleted"] {
        let left = get(&client, DATABASE, &namespace, name).await;
        assert!(left["metadata"]["uid"].is_string());
        assert!(left["metadata"]["deletionTimestamp"].is_null(), "{left:#}");
    }
    let left = get(&client, DATABASE, &namespace, "deleted").await;
    assert_eq!(left["metadata"]["uid"], before["metadata"]["uid"]);
    assert_eq!(left["spec"], before["spec"]);

    let _provider = Provider::install(&client).await;
    config(&client).await;
    let mut again = database(&namespace, "deleted", "10Gi");
    again["metadata"]["annotations"] = json!({ "crossplane.io/external-name": "deleted" });
    apply(&client, &again).await;
    ready(&client, "Database", &namespace, "deleted").await;
    let found = get(&client, DATABASE, &namespace, "deleted").await;
    assert_eq!(found["metadata"]["uid"], before["metadata"]["uid"]);
    delete(&client, ORDER, &namespace, "deleted").await;
}
