//! Objects of many shapes, as Everest and its UI write them: imported into a configuration that says
//! the same in a user's words, they plan no change.

use serde_json::{Value as Json, json};

use crate::Host;
use crate::kinds::{self, Kind};

/// A database as a cluster has it, and a configuration of the same.
fn database(name: &str, spec: Json, mut config: Json) -> (&str, Kind) {
    config["namespace"] = json!("shop");
    config["name"] = json!("shaped");
    let object = json!({"apiVersion": "everest.percona.com/v1alpha1", "kind": "DatabaseCluster",
        "metadata": {"name": "shaped", "namespace": "shop", "generation": 1}, "spec": spec,
        "status": {"status": "ready", "observedGeneration": 1}});
    let kind = Kind {
        type_name: "everest_database",
        config,
        object,
    };
    (name, kind)
}

fn engine(kind: &str, replicas: i64) -> Json {
    json!({"type": kind, "replicas": replicas, "storage": {"size": "25Gi"},
        "resources": {"cpu": "1", "memory": "2G"}})
}

fn with(mut value: Json, member: &str, content: Json) -> Json {
    value[member] = content;
    value
}

fn shapes() -> Vec<(&'static str, Kind)> {
    let pxc = || engine("pxc", 3);
    let exposed = |kind: &str| json!({"type": "haproxy", "replicas": 2, "expose": {"type": kind}});
    let storage = |name: &str| json!({"backup_storage_name": name, "schedule": "0 2 * * *"});
    let lines = "max_connections = 200\nshared_buffers = 1GB\n";
    let sharding = json!({"enabled": true, "shards": 2, "configServer": {"replicas": 3}});
    let sharded = json!({"enabled": true, "shards": 2, "config_server": {"replicas": 3}});
    let mongos = json!({"type": "mongos", "replicas": 3, "expose": {"type": "ClusterIP"},
        "resources": {"cpu": "1", "memory": "2G"}});
    let fractional = with(
        pxc(),
        "resources",
        json!({"cpu": "1500m", "memory": "2048Mi"}),
    );
    let split = json!({"limits": {"cpu": "2", "memory": "4G"},
        "requests": {"cpu": "1", "memory": "2G"}});
    vec![
        database(
            "point-in-time recovery that is off",
            json!({"engine": pxc(), "proxy": exposed("ClusterIP"),
                "backup": {"pitr": {"enabled": false}}}),
            json!({"engine": pxc(), "proxy": exposed("ClusterIP"),
                "backup": {"pitr": {"enabled": false}}}),
        ),
        database(
            "point-in-time recovery that is off and not spoken of",
            json!({"engine": pxc(), "backup": {"pitr": {"enabled": false}}}),
            json!({"engine": pxc()}),
        ),
        database(
            "a schedule as the UI writes it",
            json!({"engine": pxc(), "backup": {"schedules": [{"name": "nightly", "enabled": true,
                "schedule": "0 2 * * *", "backupStorageName": "s3"}]}}),
            json!({"engine": pxc(), "backup": {"schedules": {"nightly": storage("s3")}}}),
        ),
        database(
            "a sharded MongoDB",
            json!({"engine": engine("psmdb", 3), "sharding": sharding, "proxy": mongos}),
            json!({"engine": engine("psmdb", 3), "sharding": sharded, "proxy": mongos}),
        ),
        database(
            "a PostgreSQL with lines of configuration",
            json!({"engine": with(engine("postgresql", 2), "config", json!(lines))}),
            json!({"engine": with(engine("postgresql", 2), "config", json!(lines))}),
        ),
        database(
            "exposed inside by the former name",
            json!({"engine": pxc(), "proxy": exposed("internal")}),
            json!({"engine": pxc(), "proxy": exposed("ClusterIP")}),
        ),
        database(
            "exposed outside by the former name",
            json!({"engine": pxc(), "proxy": exposed("external")}),
            json!({"engine": pxc(), "proxy": exposed("LoadBalancer")}),
        ),
        database(
            "exposed by the present name, configured by the former one",
            json!({"engine": pxc(), "proxy": exposed("LoadBalancer")}),
            json!({"engine": pxc(), "proxy": exposed("external")}),
        ),
        database(
            "fractional amounts",
            json!({"engine": fractional}),
            json!({"engine": with(pxc(), "resources", json!({"cpu": "1.5", "memory": "2Gi"}))}),
        ),
        database(
            "limits and requests",
            json!({"engine": with(engine("postgresql", 1), "resources", split.clone())}),
            json!({"engine": with(engine("postgresql", 1), "resources", split)}),
        ),
        database(
            "the zeros that Go writes",
            json!({"allowUnsafeConfiguration": false, "paused": false,
                "engine": with(pxc(), "config", json!("")),
                "proxy": {"type": "haproxy", "replicas": 2, "expose": {"type": "ClusterIP",
                    "loadBalancerConfigName": ""}, "resources": {"cpu": "0", "memory": "0"}},
                "monitoring": {"monitoringConfigName": "", "resources": {}}}),
            json!({"engine": pxc(), "proxy": exposed("ClusterIP")}),
        ),
    ]
}

#[tokio::test]
async fn an_object_of_any_shape_plans_no_change_after_its_import() {
    for (shape, kind) in shapes() {
        let server = kinds::cluster();
        server.put(kind.object.clone());
        let process = server.process();
        let host = Host::reaching(move || process.client()).await;
        let imported = host.imported(&kind).await;
        let mut stub = imported;
        // After the import, and after a refresh without an apply in between.
        for _ in 0..2 {
            let (read, errors) = host.read(&kind, &stub).await;
            assert_eq!(errors, [""; 0], "{shape}");
            let planned = host
                .plan(kind.type_name, &read.value, &read.private, &kind.config)
                .await;
            assert_eq!(planned.errors, [""; 0], "{shape}");
            assert_eq!(planned.state, read.value, "{shape}");
            assert!(planned.replaces.is_empty(), "{shape}");
            stub = read;
        }
    }
}

#[tokio::test]
async fn what_is_raised_after_an_import_is_kept_although_nothing_was_applied() {
    let engine = |size: &str| with(engine("pxc", 3), "storage", json!({"size": size}));
    let (_, kind) = database(
        "",
        json!({"engine": engine("25Gi")}),
        json!({"engine": engine("25Gi")}),
    );
    let (_, raised) = database("", json!({"engine": engine("50Gi")}), json!({}));
    let server = kinds::cluster();
    server.put(kind.object.clone());
    let process = server.process();
    let host = Host::reaching(move || process.client()).await;
    let imported = host.imported(&kind).await;
    let (read, _) = host.read(&kind, &imported).await;
    server.put(raised.object);
    // The next run: of what it has read a run reads nothing anew.
    let process = server.process();
    let host = Host::reaching(move || process.client()).await;
    let (read, errors) = host.read(&kind, &read).await;
    assert_eq!(errors, [""; 0]);
    let planned = host
        .plan(kind.type_name, &read.value, &read.private, &kind.config)
        .await;
    assert_eq!(planned.errors, [""; 0]);
    let kept = "Someone else raised 25Gi to 50Gi, which is kept";
    assert!(
        planned.warnings.iter().any(|said| said.starts_with(kept)),
        "{:?}",
        planned.warnings
    );
    assert_eq!(planned.state, read.value);
}
