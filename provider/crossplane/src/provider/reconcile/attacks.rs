//! What users who may write managed resources in one namespace, `shop`, try with the rights that
//! the provider has in the whole cluster. The namespace `finance` belongs to others.

use serde_json::{Value, json};

use super::reconcile;
use crate::provider::config::FIELD_MANAGER;
use crate::provider::kind::{
    BackupStorages, Backups, DataImportJobs, DataImporters, DatabaseNamespaces, Databases,
    EngineVersionPolicies, Kind, LoadBalancerConfigs, MonitoringConfigs, PodSchedulingPolicies,
    Restores, SplitHorizonDnsConfigs,
};
use crate::provider::testing::control_plane::{ControlPlane, Objects};
use crate::provider::testing::harness::{condition, process};

/// The kinds whose objects are for all namespaces.
const CLUSTER_KINDS: [&str; 3] = ["PodSchedulingPolicy", "LoadBalancerConfig", "DataImporter"];

const SHOP: &str = "/apis/everest.m.openeverest.io/v1alpha1/namespaces/shop";

/// What is tried: a managed resource, and what is done with it.
struct Attack {
    what: &'static str,
    run: Run,
    plural: &'static str,
    kind: &'static str,
    metadata: Value,
    spec: Value,
}

fn attack(
    what: &'static str,
    run: Run,
    plural: &'static str,
    kind: &'static str,
    metadata: Value,
    spec: Value,
) -> Attack {
    Attack {
        what,
        run,
        plural,
        kind,
        metadata,
        spec,
    }
}

/// Reconciles a managed resource several times.
type Run = fn(ControlPlane, String) -> std::pin::Pin<Box<dyn Future<Output = ()>>>;

fn run<K: Kind>(plane: ControlPlane, path: String) -> std::pin::Pin<Box<dyn Future<Output = ()>>> {
    Box::pin(async move {
        let controller = process::<K>(&plane);
        for _ in 0..12 {
            let Some(managed) = plane.get(&path) else {
                return;
            };
            reconcile(&serde_json::from_value(managed).unwrap(), &controller).await;
            tokio::time::sleep(std::time::Duration::from_secs(10)).await;
        }
    })
}

/// The cluster with what belongs to others, and a config with these grants.
fn cluster(grants: &Value) -> ControlPlane {
    let everest = |kind: &str, namespace: &str, name: &str, spec: Value| {
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": kind,
            "metadata": {"name": name, "namespace": namespace}, "spec": spec})
    };
    let everest_wide = |kind: &str, name: &str, spec: Value| {
        json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": kind,
            "metadata": {"name": name}, "spec": spec})
    };
    let secret = |namespace: &str, name: &str, data: Value| {
        json!({"apiVersion": "v1", "kind": "Secret", "data": data,
            "metadata": {"name": name, "namespace": namespace}})
    };
    let namespace = |name: &str| {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name,
            "labels": {"app.kubernetes.io/managed-by": "everest", "team": name}}})
    };
    let engine = json!({"type": "pxc", "version": "8.0.36-28.1", "replicas": 3,
        "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}});
    let mut objects = vec![
        json!({"apiVersion": "everest.m.openeverest.io/v1alpha1",
            "kind": "ClusterProviderConfig", "metadata": {"name": "default"},
            "spec": {"credentials": {"source": "InjectedIdentity"}, "grants": grants}}),
        secret(
            "shop",
            "keys",
            json!({"AWS_ACCESS_KEY_ID": "aWQ=", "AWS_SECRET_ACCESS_KEY": "a2V5", "apiKey": "a2V5"}),
        ),
        secret("shop", "passwords", json!({"root": "bWluZQ=="})),
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "plain"}}),
        everest_wide(
            "PodSchedulingPolicy",
            "spread",
            json!({"engineType": "pxc"}),
        ),
        everest_wide(
            "LoadBalancerConfig",
            "internal",
            json!({"annotations": {"a": "b"}}),
        ),
        everest_wide(
            "DataImporter",
            "dump",
            json!({"supportedEngines": ["pxc"],
            "jobSpec": {"image": "dump:1"}}),
        ),
        secret("plain", "precious", json!({"key": "eA=="})),
    ];
    let mut shipped = everest_wide(
        "PodSchedulingPolicy",
        "everest-default-mysql",
        json!({"engineType": "pxc"}),
    );
    shipped["metadata"]["finalizers"] = json!(["everest.percona.com/readonly-protection"]);
    objects.push(shipped);
    for place in ["shop", "finance"] {
        let mut operator = everest(
            "DatabaseEngine",
            place,
            "percona-xtradb-cluster-operator",
            json!({"type": "pxc"}),
        );
        operator["status"] = json!({"status": "installed", "operatorVersion": "1.15.0",
            "availableVersions": {"engine": {"8.0.36-28.1": {"status": "recommended"}}}});
        let mut backup = everest(
            "DatabaseClusterBackup",
            place,
            "sunday",
            json!({"dbClusterName": "billing", "backupStorageName": "s3"}),
        );
        backup["status"] =
            json!({"state": "Succeeded", "gaps": false, "completed": "2026-01-01T00:00:00Z"});
        let mut database = everest(
            "DatabaseCluster",
            place,
            "billing",
            json!({"engine": engine, "proxy": {"type": "haproxy", "replicas": 3}}),
        );
        database["status"] = json!({"status": "ready", "hostname": "billing", "port": 3306,
            "observedGeneration": 1, "crVersion": "1.15.0"});
        objects.extend([
            namespace(place),
            operator,
            backup,
            database,
            secret(
                place,
                "everest-secrets-billing",
                json!({"root": "c2VjcmV0"}),
            ),
            everest(
                "BackupStorage",
                place,
                "s3",
                json!({"type": "s3", "bucket": "theirs", "region": "r",
                    "credentialsSecretName": "s3"}),
            ),
            secret(place, "s3", json!({"AWS_ACCESS_KEY_ID": "dGhlaXJz"})),
            everest(
                "MonitoringConfig",
                place,
                "pmm",
                json!({"type": "pmm", "credentialsSecretName": "pmm",
                    "pmm": {"url": "https://pmm.example.com", "image": "pmm"}}),
            ),
            secret(place, "pmm", json!({"apiKey": "dGhlaXJz"})),
            json!({"apiVersion": "enginefeatures.everest.percona.com/v1alpha1",
                "kind": "SplitHorizonDNSConfig",
                "metadata": {"name": "dns", "namespace": place, "uid": format!("{place}/dns")},
                "spec": {"baseDomainNameSuffix": "theirs.example.com",
                    "tls": {"secretName": "dns"}}}),
            secret(
                place,
                "dns",
                json!({"ca.crt": "dGhlaXJz", "ca.key": "dGhlaXJz"}),
            ),
            passwords_of_the_provider(place),
            keys_of_the_provider(place),
        ]);
    }
    ControlPlane::new(objects, |_, _| {})
}

/// A Secret that the provider has written for another managed resource. Nobody owns it.
fn of_the_provider(namespace: &str, name: &str, keys: &[&str]) -> Value {
    let members = |prefix: &str, value: Value| -> Value {
        let members = keys
            .iter()
            .map(|key| (format!("{prefix}{key}"), value.clone()));
        members.collect()
    };
    json!({"apiVersion": "v1", "kind": "Secret", "data": members("", json!("dGhlaXJz")),
        "type": "Opaque", "metadata": {"name": name, "namespace": namespace, "managedFields": [
            {"manager": FIELD_MANAGER, "operation": "Apply", "apiVersion": "v1",
                "fieldsType": "FieldsV1",
                "fieldsV1": {"f:data": members("f:", json!({})), "f:type": {}}}]}})
}

/// The passwords of a database that is not there any more, or not yet.
fn passwords_of_the_provider(namespace: &str) -> Value {
    let mut secret = of_the_provider(namespace, "everest-secrets-crm", &["root"]);
    secret["metadata"]["labels"] = json!({"clusterName": "crm"});
    secret
}

/// The certificate and the key of a DNS configuration, of which Everest makes nothing the owner.
fn keys_of_the_provider(namespace: &str) -> Value {
    of_the_provider(namespace, "domain", &["ca.crt", "ca.key"])
}

/// Everything that is not the managed resource's, without what changes with each write.
fn others(plane: &ControlPlane) -> Objects {
    let mut all = plane.all();
    all.retain(|path, _| !path.contains("everest.m.openeverest.io") && !path.contains("/events/"));
    for object in all.values_mut() {
        for member in ["resourceVersion", "managedFields"] {
            object["metadata"].as_object_mut().unwrap().remove(member);
        }
    }
    all
}

/// What became of everything that is not the managed resource.
struct Outcome {
    /// It is as it was, as long as the managed resource exists and after its deletion.
    is_untouched: bool,
    /// The condition `Synced` of the managed resource before it was deleted.
    synced: Value,
    before: Objects,
    after: Objects,
}

/// Tries something: the managed resource is reconciled, and then deleted.
async fn attempt(attack: &Attack, grants: &Value) -> Outcome {
    let plane = cluster(grants);
    let mut metadata = attack.metadata.clone();
    if metadata["name"].is_null() {
        metadata["name"] = json!("mine");
    }
    metadata["namespace"] = json!("shop");
    metadata["uid"] = json!("managed");
    let path = format!(
        "{SHOP}/{}/{}",
        attack.plural,
        metadata["name"].as_str().unwrap()
    );
    let before = others(&plane);
    plane.put(
        &path,
        json!({"apiVersion": "everest.m.openeverest.io/v1alpha1", "kind": attack.kind,
            "metadata": metadata, "spec": attack.spec}),
    );
    (attack.run)(plane.clone(), path.clone()).await;
    let synced = condition(&plane, &path, "Synced");
    let meanwhile = others(&plane);
    plane.delete(&path);
    (attack.run)(plane.clone(), path.clone()).await;
    let after = others(&plane);
    let is_untouched = before == meanwhile && before == after;
    let is_gone = plane.get(&path).is_none();
    assert!(
        is_gone || !is_untouched,
        "{}: it does not go: {synced}",
        attack.what
    );
    Outcome {
        is_untouched,
        synced,
        before,
        after,
    }
}

fn named(name: &str) -> Value {
    json!({"annotations": {"crossplane.io/external-name": name}})
}

/// A database as it has to be said.
fn database(namespace: &str) -> Value {
    json!({"namespace": namespace, "engine": {"type": "pxc", "version": "8.0.36-28.1",
        "replicas": 5, "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}},
        "proxy": {"type": "haproxy"}})
}

/// The same with a Secret of its choice, and passwords for it.
fn with_passwords(secret: &str) -> Value {
    let mut database = database("shop");
    database["engine"]["userSecretsName"] = json!(secret);
    database["usersSecretRef"] = json!({"name": "passwords"});
    database
}

/// The same with a Secret of its choice and nothing else.
fn naming(secret: &str) -> Value {
    let mut database = database("shop");
    database["engine"]["userSecretsName"] = json!(secret);
    database
}

/// A new database whose import reads a Secret of its choice, and keys for it.
fn with_import_keys(secret: &str) -> Value {
    let mut database = database("shop");
    database["dataSource"] = json!({"dataImport": {"dataImporterName": "dump", "source": {
        "path": "d", "s3": {"bucket": "mine", "region": "r",
            "endpointURL": "https://mine.example.com", "credentialsSecretName": secret}}}});
    database["importSecretRef"] = json!({"name": "keys"});
    database
}

/// An import into a database, with keys for its bucket or without.
fn import(namespace: &str, with_keys: bool) -> Value {
    let mut import = json!({"namespace": namespace, "databaseName": "billing",
        "dataImporterName": "dump", "source": {"path": "d", "s3": {"bucket": "mine",
            "region": "r", "endpointURL": "https://mine.example.com"}}});
    if with_keys {
        import["secretRef"] = json!({"name": "keys"});
    }
    import
}

/// A policy of another content than the ones in the cluster. One without a term would be equal.
fn apart() -> Value {
    json!({"engineType": "pxc", "affinityConfig": {"pxc": {"engine": {"podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {}}]}}}}})
}

/// What needs a grant: each of them comes through with one.
fn beyond_the_own_namespace() -> Vec<Attack> {
    let storage = json!({"namespace": "finance", "type": "s3", "bucket": "mine", "region": "r"});
    let monitoring = json!({"namespace": "finance", "type": "pmm",
        "pmm": {"url": "https://mine.example.com"}});
    let affinity = apart();
    let program = json!({"supportedEngines": ["pxc"], "jobSpec": {"image": "mine"},
        "clusterPermissions": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]});
    vec![
        attack(
            "reads another team's password",
            run::<Databases>,
            "everestdatabases",
            "Database",
            named("billing"),
            json!({"managementPolicies": ["Observe"], "forProvider": {"namespace": "finance"},
                "writeConnectionSecretToRef": {"name": "loot"}}),
        ),
        attack(
            "changes another team's database",
            run::<Databases>,
            "everestdatabases",
            "Database",
            named("billing"),
            json!({"managementPolicies": ["Observe", "Update"],
                "forProvider": database("finance")}),
        ),
        attack(
            "deletes another team's database",
            run::<Databases>,
            "everestdatabases",
            "Database",
            named("billing"),
            json!({"forProvider": database("finance")}),
        ),
        attack(
            "makes a database among another team's",
            run::<Databases>,
            "everestdatabases",
            "Database",
            json!({}),
            json!({"managementPolicies": ["Observe", "Create"],
                "forProvider": database("finance")}),
        ),
        attack(
            "sends another team's backups elsewhere",
            run::<BackupStorages>,
            "everestbackupstorages",
            "BackupStorage",
            named("s3"),
            json!({"managementPolicies": ["Observe", "Update"], "forProvider": storage}),
        ),
        attack(
            "copies another team's database into a bucket",
            run::<Backups>,
            "everestbackups",
            "Backup",
            json!({}),
            json!({"managementPolicies": ["Observe", "Create"], "forProvider": {
                "namespace": "finance", "databaseName": "billing", "backupStorageName": "s3"}}),
        ),
        attack(
            "overwrites another team's database",
            run::<Restores>,
            "everestrestores",
            "Restore",
            json!({}),
            json!({"managementPolicies": ["Observe", "Create"], "forProvider": {
                "namespace": "finance", "databaseName": "billing", "backupName": "sunday"}}),
        ),
        attack(
            "imports into another team's database",
            run::<DataImportJobs>,
            "everestdataimportjobs",
            "DataImportJob",
            json!({}),
            json!({"managementPolicies": ["Observe", "Create"],
                "forProvider": import("finance", true)}),
        ),
        attack(
            "has another team's databases report elsewhere",
            run::<MonitoringConfigs>,
            "everestmonitoringconfigs",
            "MonitoringConfig",
            named("pmm"),
            json!({"managementPolicies": ["Observe", "Update"], "forProvider": monitoring}),
        ),
        attack(
            "restricts the versions of another team's databases",
            run::<EngineVersionPolicies>,
            "everestengineversionpolicies",
            "EngineVersionPolicy",
            json!({}),
            json!({"managementPolicies": ["Observe", "Create", "Update"], "forProvider": {
                "namespace": "finance", "engine": "pxc", "allowedVersions": ["8.0.36-28.1"]}}),
        ),
        attack(
            "gives another team's databases host names elsewhere",
            run::<SplitHorizonDnsConfigs>,
            "everestsplithorizondnsconfigs",
            "SplitHorizonDNSConfig",
            named("dns"),
            json!({"managementPolicies": ["Observe", "Update"], "forProvider": {
                "namespace": "finance", "baseDomainNameSuffix": "mine.example.com"}}),
        ),
        attack(
            "deletes another team's namespace",
            run::<DatabaseNamespaces>,
            "everestdatabasenamespaces",
            "DatabaseNamespace",
            named("finance"),
            json!({"forProvider": {"engines": {}, "takeOwnership": true, "keepNamespace": false,
                "forceDestroy": true}}),
        ),
        attack(
            "makes a namespace",
            run::<DatabaseNamespaces>,
            "everestdatabasenamespaces",
            "DatabaseNamespace",
            json!({"name": "mine"}),
            json!({"managementPolicies": ["Observe", "Create"],
                "forProvider": {"engines": {"pxc": {}}}}),
        ),
        attack(
            "moves the pods of another team's databases",
            run::<PodSchedulingPolicies>,
            "everestpodschedulingpolicies",
            "PodSchedulingPolicy",
            named("spread"),
            json!({"managementPolicies": ["Observe", "Update"], "forProvider": affinity}),
        ),
        attack(
            "deletes a policy that is for everybody",
            run::<PodSchedulingPolicies>,
            "everestpodschedulingpolicies",
            "PodSchedulingPolicy",
            named("spread"),
            json!({"forProvider": {"engineType": "pxc"}}),
        ),
        attack(
            "makes a policy that every team could name",
            run::<PodSchedulingPolicies>,
            "everestpodschedulingpolicies",
            "PodSchedulingPolicy",
            json!({}),
            json!({"managementPolicies": ["Observe", "Create"], "forProvider": affinity}),
        ),
        attack(
            "opens the load balancers of another team's databases",
            run::<LoadBalancerConfigs>,
            "everestloadbalancerconfigs",
            "LoadBalancerConfig",
            named("internal"),
            json!({"managementPolicies": ["Observe", "Update"],
                "forProvider": {"annotations": {"a": "open"}}}),
        ),
        attack(
            "deletes annotations that are for everybody",
            run::<LoadBalancerConfigs>,
            "everestloadbalancerconfigs",
            "LoadBalancerConfig",
            named("internal"),
            json!({"forProvider": {"annotations": {"a": "b"}}}),
        ),
        attack(
            "makes annotations that every team could name",
            run::<LoadBalancerConfigs>,
            "everestloadbalancerconfigs",
            "LoadBalancerConfig",
            json!({}),
            json!({"managementPolicies": ["Observe", "Create"],
                "forProvider": {"annotations": {"a": "b"}}}),
        ),
        attack(
            "runs a program of its own in the imports of others",
            run::<DataImporters>,
            "everestdataimporters",
            "DataImporter",
            named("dump"),
            json!({"managementPolicies": ["Observe", "Update"], "forProvider": program}),
        ),
        attack(
            "deletes the importer that others import with",
            run::<DataImporters>,
            "everestdataimporters",
            "DataImporter",
            named("dump"),
            json!({"forProvider": {"supportedEngines": ["pxc"],
                "jobSpec": {"image": "dump:1"}}}),
        ),
        attack(
            "gives itself rights in the whole cluster",
            run::<DataImporters>,
            "everestdataimporters",
            "DataImporter",
            json!({}),
            json!({"managementPolicies": ["Observe", "Create"], "forProvider": program}),
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn nothing_beyond_the_own_namespace_is_reached_without_a_grant() {
    let finance = json!([{"from": {"namespaces": ["finance"]}, "to": ["*"],
        "databaseNamespaces": true, "clusterKinds": CLUSTER_KINDS}]);
    let elsewhere = json!([{"from": {"namespaces": ["shop"]}, "to": ["elsewhere"],
        "databaseNamespaces": true}]);
    let labelled = json!([{"from": {"selector": {"matchLabels": {"team": "finance"}}},
        "to": ["*"], "databaseNamespaces": true, "clusterKinds": CLUSTER_KINDS}]);
    for attack in beyond_the_own_namespace() {
        for grants in [&json!([]), &finance, &elsewhere, &labelled] {
            let outcome = attempt(&attack, grants).await;
            assert_eq!(outcome.before, outcome.after, "{}: {grants}", attack.what);
            assert!(outcome.is_untouched, "{}: {grants}", attack.what);
            let message = outcome.synced["message"].as_str().unwrap();
            assert!(
                message.contains("spec.grants"),
                "{}: {message}",
                attack.what
            );
        }
    }
}

/// All namespaces of a cluster are not all of it: kinds of cluster-scoped objects are granted by name.
#[tokio::test(start_paused = true)]
async fn every_namespace_is_no_grant_of_what_is_for_all_of_them() {
    let all = json!([{"from": {"namespaces": ["shop"]}, "to": ["*"], "databaseNamespaces": true}]);
    let mut seen = 0;
    for attack in beyond_the_own_namespace() {
        if CLUSTER_KINDS.contains(&attack.kind) {
            seen += 1;
            let outcome = attempt(&attack, &all).await;
            assert!(outcome.is_untouched, "{}", attack.what);
            let message = outcome.synced["message"].as_str().unwrap();
            assert!(
                message.contains("clusterKinds"),
                "{}: {message}",
                attack.what
            );
        }
    }
    assert!(seen >= 3 * CLUSTER_KINDS.len());
}

#[tokio::test(start_paused = true)]
async fn a_grant_is_all_that_keeps_from_it() {
    let named = json!([{"from": {"namespaces": ["shop"]}, "to": ["finance", "mine"],
        "databaseNamespaces": true, "clusterKinds": CLUSTER_KINDS}]);
    let labelled = json!([{"from": {"selector": {"matchLabels": {"team": "shop"}}},
        "to": ["*"], "databaseNamespaces": true, "clusterKinds": CLUSTER_KINDS}]);
    for attack in beyond_the_own_namespace() {
        for grants in [&named, &labelled] {
            let outcome = attempt(&attack, grants).await;
            assert!(!outcome.is_untouched, "{}: {}", attack.what, outcome.synced);
        }
    }
}

/// What is refused in the own namespace too, and with any grant.
fn within_reach() -> Vec<(Attack, &'static str)> {
    let affinity = apart();
    vec![
        (
            attack(
                "takes over a database by chance of its name",
                run::<Databases>,
                "everestdatabases",
                "Database",
                json!({"name": "billing"}),
                json!({"forProvider": database("shop")}),
            ),
            "crossplane.io/external-name: billing",
        ),
        (
            attack(
                "restricts an engine under the name of another object",
                run::<EngineVersionPolicies>,
                "everestengineversionpolicies",
                "EngineVersionPolicy",
                named("percona-server-mongodb-operator"),
                json!({"forProvider": {"engine": "pxc", "allowedVersions": ["8.0.36-28.1"]}}),
            ),
            "crossplane.io/external-name",
        ),
        (
            attack(
                "takes over a storage by chance of its name",
                run::<BackupStorages>,
                "everestbackupstorages",
                "BackupStorage",
                json!({"name": "s3"}),
                json!({"forProvider": {"type": "s3", "bucket": "mine", "region": "r",
                    "secretRef": {"name": "keys"}}}),
            ),
            "crossplane.io/external-name: s3",
        ),
        (
            attack(
                "takes over a namespace by chance of its name",
                run::<DatabaseNamespaces>,
                "everestdatabasenamespaces",
                "DatabaseNamespace",
                json!({"name": "finance"}),
                json!({"forProvider": {"engines": {}, "forceDestroy": true}}),
            ),
            "crossplane.io/external-name: finance",
        ),
        (
            attack(
                "takes over a policy by chance of its name",
                run::<PodSchedulingPolicies>,
                "everestpodschedulingpolicies",
                "PodSchedulingPolicy",
                json!({"name": "spread"}),
                json!({"forProvider": {"engineType": "pxc"}}),
            ),
            "crossplane.io/external-name: spread",
        ),
        (
            attack(
                "deletes a policy that Everest ships",
                run::<PodSchedulingPolicies>,
                "everestpodschedulingpolicies",
                "PodSchedulingPolicy",
                named("everest-default-mysql"),
                json!({"forProvider": affinity}),
            ),
            "Everest ships this PodSchedulingPolicy",
        ),
        (
            attack(
                "deletes a database whose change was refused",
                run::<Databases>,
                "everestdatabases",
                "Database",
                named("billing"),
                json!({"forProvider": {"engine": {"type": "postgresql", "replicas": 1,
                    "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"}}}}),
            ),
            "engine.type",
        ),
        (
            attack(
                "deletes a namespace that is none of Everest's",
                run::<DatabaseNamespaces>,
                "everestdatabasenamespaces",
                "DatabaseNamespace",
                named("plain"),
                json!({"forProvider": {"engines": {"pxc": {}}, "forceDestroy": true}}),
            ),
            "takeOwnership",
        ),
        (
            attack(
                "overwrites a Secret with the credentials of a database",
                run::<Databases>,
                "everestdatabases",
                "Database",
                named("billing"),
                json!({"managementPolicies": ["Observe"], "forProvider": {},
                    "writeConnectionSecretToRef": {"name": "keys"}}),
            ),
            "is not controlled by this resource",
        ),
        (
            attack(
                "overwrites a Secret that a new database names with its passwords",
                run::<Databases>,
                "everestdatabases",
                "Database",
                json!({}),
                json!({"forProvider": with_passwords("s3")}),
            ),
            "was not written for it",
        ),
        (
            attack(
                "overwrites the passwords of another database",
                run::<Databases>,
                "everestdatabases",
                "Database",
                json!({}),
                json!({"forProvider": with_passwords("everest-secrets-billing")}),
            ),
            "was not written for it",
        ),
        (
            attack(
                "overwrites a Secret of others with the keys of a new database's import",
                run::<Databases>,
                "everestdatabases",
                "Database",
                json!({}),
                json!({"forProvider": with_import_keys("everest-secrets-billing")}),
            ),
            "was not written for it",
        ),
        (
            attack(
                "overwrites the Secret that a storage names",
                run::<BackupStorages>,
                "everestbackupstorages",
                "BackupStorage",
                named("s3"),
                json!({"managementPolicies": ["Observe", "Update"], "forProvider": {
                    "type": "s3", "bucket": "theirs", "region": "r",
                    "secretRef": {"name": "keys"}}}),
            ),
            "was not written for this",
        ),
        (
            attack(
                "has a Secret of others read by an import, and deleted with it",
                run::<DataImportJobs>,
                "everestdataimportjobs",
                "DataImportJob",
                named("everest-secrets-billing"),
                json!({"forProvider": import("shop", false)}),
            ),
            "spec.forProvider.secretRef",
        ),
        (
            attack(
                "overwrites a Secret of others with the keys of an import",
                run::<DataImportJobs>,
                "everestdataimportjobs",
                "DataImportJob",
                named("s3"),
                json!({"forProvider": import("shop", true)}),
            ),
            "was not written for it",
        ),
        (
            attack(
                "passes passwords off as left over by an import",
                run::<DataImportJobs>,
                "everestdataimportjobs",
                "DataImportJob",
                named("everest-secrets-crm"),
                json!({"forProvider": import("shop", true)}),
            ),
            "was not written for it",
        ),
        (
            attack(
                "passes the passwords of another database off as left over by a new one",
                run::<Databases>,
                "everestdatabases",
                "Database",
                json!({}),
                json!({"forProvider": with_passwords("everest-secrets-crm")}),
            ),
            "was not written for it",
        ),
        (
            attack(
                "passes the key of a DNS configuration off as left over by a new database",
                run::<Databases>,
                "everestdatabases",
                "Database",
                json!({}),
                json!({"forProvider": with_passwords("domain")}),
            ),
            "was not written for it",
        ),
        (
            attack(
                "has the key of a DNS configuration deleted with a database that names it",
                run::<Databases>,
                "everestdatabases",
                "Database",
                json!({}),
                json!({"forProvider": naming("domain")}),
            ),
            "has none of the keys of the engine's users",
        ),
        (
            attack(
                "has passwords deleted with a new database that imports with them",
                run::<Databases>,
                "everestdatabases",
                "Database",
                json!({}),
                {
                    let mut database = with_import_keys("everest-secrets-crm");
                    database.as_object_mut().unwrap().remove("importSecretRef");
                    json!({"forProvider": database})
                },
            ),
            "has none of the keys AWS_ACCESS_KEY_ID",
        ),
        (
            attack(
                "has passwords deleted with a storage that reads them",
                run::<BackupStorages>,
                "everestbackupstorages",
                "BackupStorage",
                named("everest-secrets-crm"),
                json!({"forProvider": {"type": "s3", "bucket": "mine", "region": "r"}}),
            ),
            "has none of the keys AWS_ACCESS_KEY_ID",
        ),
        (
            attack(
                "has passwords deleted with a monitoring configuration that reads them",
                run::<MonitoringConfigs>,
                "everestmonitoringconfigs",
                "MonitoringConfig",
                named("everest-secrets-crm"),
                json!({"forProvider": {"type": "pmm",
                    "pmm": {"url": "https://mine.example.com"}}}),
            ),
            "has none of the keys apiKey",
        ),
        (
            attack(
                "has passwords deleted with a DNS configuration that reads them",
                run::<SplitHorizonDnsConfigs>,
                "everestsplithorizondnsconfigs",
                "SplitHorizonDNSConfig",
                named("everest-secrets-crm"),
                json!({"forProvider": {"baseDomainNameSuffix": "mine.example.com"}}),
            ),
            "has none of the keys ca.key",
        ),
        (
            attack(
                "passes passwords off as left over by a storage",
                run::<BackupStorages>,
                "everestbackupstorages",
                "BackupStorage",
                named("everest-secrets-crm"),
                json!({"forProvider": {"type": "s3", "bucket": "mine", "region": "r",
                    "secretRef": {"name": "keys"}}}),
            ),
            "was not written for it",
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_others_stays_as_it_is_whatever_is_granted() {
    let all = json!([{"from": {"namespaces": ["*"]}, "to": ["*"], "databaseNamespaces": true,
        "clusterKinds": CLUSTER_KINDS}]);
    for (attack, said) in within_reach() {
        let outcome = attempt(&attack, &all).await;
        let synced = outcome.synced;
        assert_eq!(outcome.before, outcome.after, "{}: {synced}", attack.what);
        assert!(outcome.is_untouched, "{}: {synced}", attack.what);
        let message = synced["message"].as_str().unwrap_or_default();
        assert!(message.contains(said), "{}: {message}", attack.what);
    }
}

#[tokio::test(start_paused = true)]
async fn a_grant_that_is_withdrawn_ends_the_use_and_leaves_what_was_created() {
    let plane = cluster(&json!([{"from": {"namespaces": ["shop"]}, "to": ["finance"]}]));
    let path = format!("{SHOP}/everestdatabases/mine");
    plane.put(
        &path,
        json!({"apiVersion": "everest.m.openeverest.io/v1alpha1", "kind": "Database",
            "metadata": {"name": "mine", "namespace": "shop", "uid": "managed"},
            "spec": {"forProvider": database("finance")}}),
    );
    run::<Databases>(plane.clone(), path.clone()).await;
    let external = "/apis/everest.percona.com/v1alpha1/namespaces/finance/databaseclusters/mine";
    let created = plane.get(external).unwrap()["spec"].clone();

    let config = "/apis/everest.m.openeverest.io/v1alpha1/clusterproviderconfigs/default";
    plane.change(config, &json!({"spec": {"grants": null}}));
    let more = json!({"spec": {"forProvider": {"engine": {"replicas": 7}}}});
    plane.change(&path, &more);
    run::<Databases>(plane.clone(), path.clone()).await;
    let message = condition(&plane, &path, "Synced")["message"].clone();
    assert!(
        message.as_str().unwrap().contains("spec.grants"),
        "{message}"
    );
    assert_eq!(plane.get(external).unwrap()["spec"], created);

    plane.delete(&path);
    run::<Databases>(plane.clone(), path.clone()).await;
    assert_eq!(plane.get(&path), None);
    let left = plane.get(external).unwrap();
    assert!(left["metadata"]["deletionTimestamp"].is_null());
}

#[tokio::test(start_paused = true)]
async fn the_records_of_a_creation_give_no_access() {
    for mut attack in beyond_the_own_namespace() {
        let time = "2026-01-01T00:00:00Z";
        let annotations = &mut attack.metadata["annotations"];
        annotations["crossplane.io/external-create-pending"] = json!(time);
        annotations["crossplane.io/external-create-succeeded"] = json!(time);
        annotations["everest.m.openeverest.io/external-taken-over"] = json!(time);
        let outcome = attempt(&attack, &json!([])).await;
        assert!(outcome.is_untouched, "{}", attack.what);
    }
}
