use serde_json::json;

use super::*;

fn database(spec: Value) -> DatabaseCluster {
    serde_json::from_value(json!({
        "apiVersion": "everest.percona.com/v1alpha1",
        "kind": "DatabaseCluster",
        "metadata": {"name": "orders", "namespace": "prod"},
        "spec": spec,
    }))
    .unwrap()
}

fn differences(spec: Value, object: Value) -> Vec<String> {
    not_carried(&database(spec), &json!({ "spec": object }))
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn an_object_that_has_nothing_to_compare_differs_in_nothing() {
    for engine in Engine::ALL {
        let spec = json!({"engine": {"type": engine.to_string(), "replicas": 3, "config": "a = 1",
            "version": "17.6", "storage": {"size": "1Gi"}, "resources": {"cpu": "1"}},
            "proxy": {"replicas": 2, "expose": {"type": "LoadBalancer"}}});
        assert_eq!(differences(spec.clone(), json!({})), [""; 0], "{engine}");
        assert_eq!(differences(spec, Value::Null), [""; 0], "{engine}");
    }
}

#[test]
fn every_field_that_differs_is_named_for_mysql() {
    let spec = json!({
        "paused": false,
        "engine": {"type": "pxc", "replicas": 5, "version": "8.0.42-33.1", "crVersion": "1.19.0",
            "config": "[mysqld]\nb=1\n", "storage": {"size": "2048Mi"},
            "resources": {"cpu": "1000m", "memory": "2G"}},
        "proxy": {"type": "haproxy", "replicas": 2, "resources": {"limits": {"memory": "1Gi"}},
            "expose": {"type": "external", "ipSourceRanges": ["10.0.0.0/8", "192.0.2.1"]}},
        "monitoring": {"monitoringConfigName": "pmm"},
        "backup": {"pitr": {"enabled": true, "backupStorageName": "s3"}, "schedules": [
            {"name": "a", "enabled": true, "schedule": "0 1 * * *", "backupStorageName": "s3"},
            {"name": "b", "enabled": false, "schedule": "0 2 * * *", "backupStorageName": "s3"},
        ]},
    });
    let carried = json!({
        "crVersion": "1.19.0",
        "pxc": {"size": 5, "image": "registry.example.org:5000/pxc:8.0.42-33.1",
            "configuration": "[mysqld]\nb=1",
            "resources": {"limits": {"cpu": "1", "memory": "2000M"}},
            "volumeSpec": {"persistentVolumeClaim": {"resources": {"requests": {"storage": "2Gi"}}}}},
        "haproxy": {"size": 2, "resources": {"limits": {"cpu": "200m", "memory": "1Gi"}},
            "exposePrimary": {"type": "LoadBalancer",
                "loadBalancerSourceRanges": ["192.0.2.1/32", "10.0.0.0/8"]}},
        "pmm": {"enabled": true},
        "backup": {"pitr": {"enabled": true}, "schedule": [
            {"name": "a", "schedule": "0 1 * * *", "storageName": "s3", "keep": 3},
        ]},
    });
    assert_eq!(differences(spec.clone(), carried), [""; 0]);
    let before = json!({
        "pause": true,
        "crVersion": "1.18.0",
        "pxc": {"size": 3, "image": "percona/pxc:8.0.36-28.1", "configuration": "[mysqld]\na=1",
            "resources": {},
            "volumeSpec": {"persistentVolumeClaim": {"resources": {"requests": {"storage": "1Gi"}}}}},
        "haproxy": {"size": 3, "resources": {"limits": {"memory": "204Mi"}},
            "exposePrimary": {"type": "ClusterIP"}},
        "backup": {"pitr": {"enabled": false}},
    });
    assert_eq!(
        differences(spec, before),
        [
            "spec.pause true, not false (paused)",
            "spec.crVersion 1.18.0, not 1.19.0 (engine.crVersion)",
            "spec.pxc.size 3, not 5 (engine.replicas)",
            "spec.pxc.image percona/pxc:8.0.36-28.1, not 8.0.42-33.1 (engine.version)",
            "another spec.pxc.configuration than engine.config",
            "spec.pxc.resources.limits.cpu none, not 1000m (engine.resources)",
            "spec.pxc.resources.limits.memory none, not 2G (engine.resources)",
            "spec.pxc.volumeSpec.persistentVolumeClaim.resources.requests.storage 1Gi, not 2048Mi \
             (engine.storage.size)",
            "spec.haproxy.size 3, not 2 (proxy.replicas)",
            "spec.haproxy.resources.limits.memory 204Mi, not 1Gi (proxy.resources)",
            "spec.haproxy.exposePrimary.type ClusterIP, not external (proxy.expose.type)",
            "spec.haproxy.exposePrimary.loadBalancerSourceRanges [], not [10.0.0.0/8, 192.0.2.1] \
             (proxy.expose.ipSourceRanges)",
            "spec.pmm.enabled false, not true (monitoring.monitoringConfigName)",
            "spec.backup.pitr.enabled false, not true (backup.pitr.enabled)",
            "spec.backup.schedule [], not [a: 0 1 * * * to s3] (backup.schedules)",
        ]
    );
}

#[test]
fn limits_leave_the_older_pair_of_values_without_an_effect() {
    let spec = json!({"engine": {"type": "pxc", "storage": {"size": "1Gi"},
        "resources": {"cpu": "4", "memory": "8G", "limits": {"cpu": "2"}}}});
    let object = |limits: Value| json!({"pxc": {"resources": {"limits": limits}}});
    let defaults = json!({"cpu": "2", "memory": "1G"});
    assert_eq!(differences(spec.clone(), object(defaults)), [""; 0]);
    assert_eq!(
        differences(spec, object(json!({"cpu": "4", "memory": "8G"}))),
        ["spec.pxc.resources.limits.cpu 4, not 2 (engine.resources)"]
    );
}

#[test]
fn every_shard_is_compared() {
    let spec = json!({
        "engine": {"type": "psmdb", "replicas": 3, "storage": {"size": "1Gi"}},
        "proxy": {"replicas": 2, "expose": {"type": "LoadBalancer"}},
        "sharding": {"enabled": true, "shards": 3, "configServer": {"replicas": 3}},
    });
    let object = json!({
        "replsets": [{"name": "rs0", "size": 3}, {"name": "rs1", "size": 1}],
        "sharding": {"enabled": true, "configsvrReplSet": {"size": 1},
            "mongos": {"size": 2, "expose": {"type": "ClusterIP"}}},
    });
    assert_eq!(
        differences(spec, object),
        [
            "spec.replsets[1].size 1, not 3 (engine.replicas)",
            "the number of spec.replsets 2, not 3 (sharding.shards)",
            "spec.sharding.configsvrReplSet.size 1, not 3 (sharding.configServer.replicas)",
            "spec.sharding.mongos.expose.type ClusterIP, not LoadBalancer (proxy.expose.type)",
        ]
    );
}

#[test]
fn parameters_and_schedules_of_postgresql_are_compared_where_they_are_certain() {
    let spec = |config: &str| {
        json!({
            "engine": {"type": "postgresql", "config": config, "storage": {"size": "1Gi"}},
            "backup": {"schedules": [
                {"name": "a", "enabled": true, "schedule": "0 1 * * *", "backupStorageName": "s3"},
            ]},
        })
    };
    let object = json!({
        "patroni": {"dynamicConfiguration": {"postgresql": {"parameters": {
            "track_commit_timestamp": "on", "work_mem": "8MB", "max_connections": "200"}}}},
        "backups": {"pgbackrest": {"repos": [{"name": "repo1", "schedules": {"full": "0 1 * * *"}}]}},
    });
    let config = "# ours\nwork_mem = 4MB\nwork_mem = 8MB\nlog_line_prefix = '%m [%p] '\nport 1\n";
    assert_eq!(differences(spec(config), object.clone()), [""; 0]);
    assert_eq!(
        differences(spec("work_mem = 16MB"), object.clone()),
        [
            "spec.patroni.dynamicConfiguration.postgresql.parameters.work_mem 8MB, not 16MB \
             (engine.config)"
        ]
    );
    let unscheduled = json!({"backups": {"pgbackrest": {"repos": []}}});
    assert_eq!(
        differences(spec(""), unscheduled),
        ["spec.backups.pgbackrest.repos[].schedules.full [], not [0 1 * * *] (backup.schedules)"]
    );
}

#[test]
fn a_size_that_everest_keeps_back_is_no_difference() {
    let mut database = database(json!({"engine": {"type": "postgresql", "replicas": 3,
        "storage": {"size": "20Gi"}}}));
    let object = json!({"spec": {"instances": [{"replicas": 3,
        "dataVolumeClaimSpec": {"resources": {"requests": {"storage": "10Gi"}}}}]}});
    assert_eq!(not_carried(&database, &object).len(), 1);
    database.status = serde_json::from_value(json!({"conditions": [{
        "type": "CannotResizeVolume", "status": "True", "reason": "CannotShrinkVolume",
        "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z",
    }]}))
    .unwrap();
    assert_eq!(not_carried(&database, &object), []);
}

#[test]
fn a_line_without_a_value_is_found_in_a_configuration_of_postgresql_alone() {
    let with = |engine: &str, config: &str| {
        database(json!({"engine": {"type": engine, "config": config, "storage": {"size": "1Gi"}}}))
    };
    let line =
        |engine: &str, config: &str| unreadable_line(&with(engine, config).spec).map(str::to_owned);
    assert_eq!(
        line("postgresql", "a = 1\n  shared_buffers\n").as_deref(),
        Some("shared_buffers")
    );
    assert_eq!(line("postgresql", "# x\n\na=1\nb 2\nc = \n"), None);
    assert_eq!(line("pxc", "[mysqld]\nskip_name_resolve\n"), None);
}

#[test]
fn an_image_names_another_version_only_if_it_names_one_of_the_same_line() {
    for (image, version, another) in [
        (
            "percona/percona-xtradb-cluster:8.0.42-33.1",
            "8.0.42-33.1",
            false,
        ),
        (
            "percona/percona-xtradb-cluster:8.0.36-28.1",
            "8.0.42-33.1",
            true,
        ),
        (
            "percona/percona-server-mongodb:8.0.12-4-multi",
            "8.0.12-4",
            false,
        ),
        ("percona/percona-server-mongodb:8.0.12-41", "8.0.12-4", true),
        (
            "percona/percona-distribution-postgresql:17.6-1",
            "17.6",
            false,
        ),
        (
            "percona/percona-distribution-postgresql:17.60",
            "17.6",
            true,
        ),
        (
            "percona/percona-distribution-postgresql:17.5-2",
            "17.6",
            true,
        ),
        (
            "percona/percona-postgresql-operator:2.5.0-ppg16.4-postgres",
            "16.4",
            false,
        ),
        (
            "percona/percona-postgresql-operator:2.5.0-ppg16.4-postgres",
            "16.6",
            true,
        ),
        ("registry:5000/ours/pg", "17.6", false),
        ("ours/pg@sha256:0017.5", "17.6", false),
        ("ours/pg:stable", "17.6", false),
        ("ours/pxc:1.2.3", "8.0.42-33.1", false),
    ] {
        assert_eq!(names_another(image, version), another, "{image} {version}");
    }
}
