//! What becomes of custom resources that break a rule of the cluster and never pass the provider:
//! refused by a webhook, stuck, or accepted as if nothing were wrong. The provider's rules rest on
//! this.

use serde_json::{Value, json};

use crate::{
    objects::{
        self, BACKUP, DATABASE, ENGINE, Global, Kind, NAMESPACE, RESTORE, STORAGE, eventually,
        steer,
    },
    stack::Stack,
};

const POLICY: Kind = ("everest.percona.com/v1alpha1", "PodSchedulingPolicy");
const IMPORTER: Kind = ("everest.percona.com/v1alpha1", "DataImporter");
const CLASS: Kind = ("storage.k8s.io/v1", "StorageClass");

/// What becomes of a database that breaks a rule.
enum Fate {
    /// Not admitted, with these words.
    Refused(&'static str),
    /// Admitted, and never worked on: no engine gets an object for it.
    Stuck,
    /// Admitted, and worked on as if nothing were wrong.
    Run,
}

/// A sound database with `change` merged into its spec.
fn database(change: &Value) -> Value {
    let mut spec = json!({
        "engine": {"type": "pxc", "replicas": 1, "storage": {"size": "1Gi"},
            "resources": {"cpu": "600m", "memory": "1G"}},
    });
    json_patch::merge(&mut spec, change);
    json!({ "spec": spec })
}

fn import(importer: &str, config: &Value) -> Value {
    json!({"dataSource": {"dataImport": {
        "dataImporterName": importer, "config": config,
        "source": {"path": "dump", "s3": {"bucket": "dumps", "region": "r",
            "endpointURL": "https://s3.example.org", "credentialsSecretName": "keys",
            "accessKeyId": "QUtJQQ==", "secretAccessKey": "aHVzaA=="}},
    }}})
}

fn engine_object(namespace: &str, name: &str) -> Value {
    objects::get(
        ("pxc.percona.com/v1", "PerconaXtraDBCluster"),
        namespace,
        name,
    )
}

#[test]
#[ignore = "steers the simulator"]
fn what_breaks_a_rule_of_the_cluster_is_refused_or_stuck_or_suffered() {
    let stack = Stack::new("raw");
    let ns = stack.namespace.as_str();
    stack.write(
        "resource \"everest_namespace\" \"ns\" {\n  name = \"NS\"\n  engines = { pxc = {} }\n}\n",
    );
    stack.apply().succeeded();
    let importer = format!("{ns}-import");
    let picky = format!("{ns}-picky");
    let mut globals = Vec::new();
    for (name, required) in [
        (&importer, json!([])),
        (&picky, json!([".spec.engine.userSecretsName"])),
    ] {
        globals.push(Global::create(
            IMPORTER,
            name,
            json!({"spec": {
                "displayName": "dumps", "supportedEngines": ["pxc"],
                "databaseClusterConstraints": {"requiredFields": required},
                "config": {"openAPIV3Schema": {"type": "object",
                    "properties": {"parallel": {"type": "integer", "minimum": 1}}}},
                "jobSpec": {"image": "example.org/import:1"},
            }}),
        ));
    }
    let policy = format!("{ns}-documents");
    globals.push(Global::create(
        POLICY,
        &policy,
        json!({"spec": {"engineType": "psmdb"}}),
    ));
    objects::patch(
        ENGINE,
        ns,
        "percona-xtradb-cluster-operator",
        json!({"spec": {"allowedVersions": ["8.0.41-32.1"]}}),
    );
    let scheduled = json!({"backup": {"schedules": [
        {"name": "n", "enabled": true, "schedule": "0 2 * * *", "backupStorageName": "nowhere"},
    ]}});
    let cases = [
        (
            "version-offered",
            json!({"engine": {"version": "8.0.99-1.1"}}),
            Fate::Refused("8.0.99-1.1"),
        ),
        (
            "version-allowed",
            json!({"engine": {"version": "8.0.42-33.1"}}),
            Fate::Run,
        ),
        (
            "version-recommended",
            json!({"engine": {"version": "8.0.36-28.1"}}),
            Fate::Run,
        ),
        (
            "secret-exists",
            json!({"engine": {"userSecretsName": "none"}}),
            Fate::Refused("Secret \"none\" not found"),
        ),
        (
            "lbc-exists",
            json!({"proxy": {"expose": {"type": "LoadBalancer", "loadBalancerConfigName": "none"}}}),
            Fate::Refused("LoadBalancerConfig"),
        ),
        (
            "engine-features",
            json!({"engineFeatures": {"psmdb": {"splitHorizonDnsConfigName": "none"}}}),
            Fate::Refused("spec.engineFeatures"),
        ),
        (
            "importer-exists",
            import("none", &json!({})),
            Fate::Refused("dataImporterName"),
        ),
        (
            "importer-applies",
            import(&picky, &json!({})),
            Fate::Refused("userSecretsName"),
        ),
        (
            "import-config",
            import(&importer, &json!({"parallel": 0})),
            Fate::Refused("spec.dataSource.dataImport.config"),
        ),
        ("storage-exists", scheduled, Fate::Stuck),
        (
            "monitoring-exists",
            json!({"monitoring": {"monitoringConfigName": "none"}}),
            Fate::Stuck,
        ),
        (
            "policy-exists",
            json!({"podSchedulingPolicyName": "none"}),
            Fate::Stuck,
        ),
        (
            "policy-applies",
            json!({"podSchedulingPolicyName": policy}),
            Fate::Run,
        ),
        (
            "source-backup",
            json!({"dataSource": {"dbClusterBackupName": "none"}}),
            Fate::Stuck,
        ),
        (
            "storage-class",
            json!({"engine": {"storage": {"class": "none"}}}),
            Fate::Run,
        ),
    ];
    for (name, change, fate) in &cases {
        let made = objects::try_create(DATABASE, ns, name, database(change));
        match (fate, made) {
            (Fate::Refused(words), Err(error)) => {
                assert!(error.contains(words), "{name}: {error}");
            }
            (Fate::Stuck | Fate::Run, Ok(())) => {}
            (_, made) => panic!("{name}: {made:?}"),
        }
    }
    for (name, _, fate) in &cases {
        if matches!(fate, Fate::Run) {
            eventually(name, || !engine_object(ns, name).is_null());
        }
    }
    for (name, _, fate) in &cases {
        if matches!(fate, Fate::Stuck) {
            assert!(engine_object(ns, name).is_null(), "{name} was worked on");
            assert_ne!(
                objects::get(DATABASE, ns, name)["status"]["status"],
                "ready"
            );
        }
    }
    for (name, _, fate) in &cases {
        if !matches!(fate, Fate::Refused(_)) {
            objects::delete(DATABASE, ns, name);
        }
    }
    actions(ns);
    stack.write("");
    stack.destroy().succeeded();
    globals.into_iter().for_each(Global::delete);
}

/// Backups, restores, growth and deletions that break a rule.
fn actions(ns: &str) {
    let class = format!("{ns}-rigid");
    let rigid = Global::create(
        CLASS,
        &class,
        json!({"provisioner": "everest.test/none", "allowVolumeExpansion": false}),
    );
    objects::create(
        DATABASE,
        ns,
        "orders",
        database(&json!({"engine": {"storage": {"class": class}}})),
    );
    let status = || objects::get(DATABASE, ns, "orders")["status"]["status"].clone();
    eventually("orders is ready", || status() == "ready");
    let bucket = json!({"spec": {"type": "s3", "bucket": "backups", "region": "r", "credentialsSecretName": "keys"}});
    for name in ["s3", "same-bucket"] {
        objects::create(STORAGE, ns, name, bucket.clone());
    }
    let backup = |of: &str| json!({"spec": {"dbClusterName": of, "backupStorageName": "s3"}});
    let error = objects::try_create(BACKUP, ns, "b0", backup("nobody")).unwrap_err();
    assert!(error.contains("spec.dbClusterName"), "{error}");

    // Two backups at a time are Everest's REST API's concern alone.
    steer(ns, json!({"b1.hold": "Running"}));
    for name in ["b1", "b2"] {
        objects::create(BACKUP, ns, name, backup("orders"));
    }
    eventually("the second backup is taken beside the first", || {
        let state = |name: &str| objects::get(BACKUP, ns, name)["status"]["state"].clone();
        state("b1") == "Running" && state("b2") == "Succeeded"
    });
    steer(ns, json!({"b1.hold": null, "r1.hold": "Restoring"}));
    let restore =
        json!({"spec": {"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b2"}}});
    objects::create(RESTORE, ns, "r1", restore.clone());
    eventually("orders is being restored", || status() == "restoring");
    let error = objects::try_create(RESTORE, ns, "r2", restore).unwrap_err();
    assert!(error.contains("restoring"), "{error}");
    // A change is admitted meanwhile, and only waits.
    objects::patch(
        DATABASE,
        ns,
        "orders",
        json!({"spec": {"proxy": {"replicas": 2}}}),
    );
    steer(ns, json!({"r1.hold": null}));
    eventually("orders is restored", || status() == "ready");

    objects::patch(
        DATABASE,
        ns,
        "orders",
        json!({"spec": {"engine": {"storage": {"size": "2Gi"}}}}),
    );
    eventually("the volumes stay as they are", || {
        objects::get(DATABASE, ns, "orders")["status"]["conditions"]
            .as_array()
            .is_some_and(|all| {
                all.iter()
                    .any(|one| one["type"] == "CannotResizeVolume" && one["status"] == "True")
            })
    });

    objects::start_deletion(STORAGE, ns, "s3");
    eventually("the storage hangs on its finalizer", || {
        objects::get(STORAGE, ns, "s3")["metadata"]["deletionTimestamp"].is_string()
    });
    objects::delete(DATABASE, ns, "orders");
    eventually("nothing uses the storage any more", || {
        objects::names(BACKUP, ns).is_empty() && objects::names(RESTORE, ns).is_empty()
    });
    // Everest does not let go of it all the same.
    let left = objects::get(STORAGE, ns, "s3");
    assert!(left["metadata"]["finalizers"].is_array(), "{left:#}");
    objects::patch(STORAGE, ns, "s3", json!({"metadata": {"finalizers": null}}));
    eventually("the storage is gone", || {
        objects::get(STORAGE, ns, "s3").is_null()
    });
    objects::delete(STORAGE, ns, "same-bucket");
    rigid.delete();
}

#[test]
fn a_database_outside_of_everests_namespaces_is_not_admitted() {
    let stack = Stack::new("raw-unserved");
    let ns = stack.namespace.as_str();
    objects::create(NAMESPACE, "", ns, json!({}));
    let error = objects::try_create(DATABASE, ns, "orders", database(&json!({}))).unwrap_err();
    assert!(error.contains("spec.engine.type"), "{error}");
    objects::delete(NAMESPACE, "", ns);
}
