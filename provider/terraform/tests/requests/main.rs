//! How many requests a run makes, by the number of its resources. What grows with that number is
//! bounded for each resource, and the rest is a number that stays the same.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../stories/host.rs"]
#[allow(dead_code, reason = "stories need more of it")]
mod host;
mod run;

use std::time::Duration;

use jiff::Timestamp;
use run::{Estate, Most};
use serde_json::{Value, json};
use test_apiserver::ApiServer;
use test_stories::World;

const EVEREST: &str = "everest.percona.com/v1alpha1";

/// Numbers of resources in a configuration.
const COUNTS: [usize; 3] = [1, 20, 200];

/// The same where 200 would show nothing that they do not show of another kind.
const FEWER: [usize; 3] = [1, 20, 60];

fn database(name: &str, wait: bool) -> Value {
    json!({
        "namespace": "shop", "name": name, "wait": wait, "deletion_protection": false,
        "engine": {
            "type": "pxc", "replicas": 3, "version": "8.0.41-32.1",
            "storage": {"size": "25Gi"}, "resources": {"cpu": "1", "memory": "2G"},
        },
        "proxy": {"type": "haproxy", "replicas": 3},
    })
}

/// A cluster whose operators do nothing that takes time: what is made succeeds at once, and what is
/// deleted goes.
fn cluster() -> ApiServer {
    let server = ApiServer::new()
        .at(Timestamp::now())
        .with_everest()
        .with_engines();
    for object in [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop",
            "labels": {"app.kubernetes.io/managed-by": "everest"}}}),
        json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
            "metadata": {"name": "standard", "annotations":
                {"storageclass.kubernetes.io/is-default-class": "true"}},
            "provisioner": "disks", "allowVolumeExpansion": true}),
        json!({"apiVersion": EVEREST, "kind": "DatabaseEngine",
            "metadata": {"name": "percona-xtradb-cluster-operator", "namespace": "shop"},
            "spec": {"type": "pxc"},
            "status": {"status": "installed", "operatorVersion": "1.18.0", "availableVersions": {
                "engine": {"8.0.41-32.1": {"imagePath": "pxc", "status": "recommended"}},
                "proxy": {"haproxy": {"2.8.14": {"imagePath": "h", "status": "recommended"}}}}}}),
        json!({"apiVersion": EVEREST, "kind": "BackupStorage",
            "metadata": {"name": "s3", "namespace": "shop"},
            "spec": {"type": "s3", "bucket": "backups", "region": "r",
                "credentialsSecretName": "s3", "allowedNamespaces": []}}),
    ] {
        server.put(object);
    }
    server.react(|server, asked| {
        if asked.method == "DELETE" && asked.resource == "databaseclusterbackups" {
            // Its data is kept: Everest's finalizer is all that holds it.
            server.edit(|objects| objects.remove(&asked.path));
            return;
        }
        let status = match asked.resource.as_str() {
            "databaseclusterbackups" => json!({"state": "Succeeded", "gaps": false}),
            "databaseclusterrestores" => json!({"state": "Succeeded"}),
            _ => return,
        };
        if asked.is_write() {
            server.edit(|objects| {
                if let Some(object) = objects.get_mut(&asked.path) {
                    object["status"] = status;
                }
            });
        }
    });
    server
}

/// A cluster in which somebody else has made as many databases, with a backup each.
fn with_databases(count: usize) -> ApiServer {
    let server = cluster();
    for name in names(count) {
        server.put(json!({"apiVersion": EVEREST, "kind": "DatabaseCluster",
            "metadata": {"name": name, "namespace": "shop"},
            "spec": {"engine": {"type": "pxc", "version": "8.0.41-32.1", "replicas": 3,
                "storage": {"size": "25Gi"}}, "proxy": {"type": "haproxy", "replicas": 3}},
            "status": {"status": "ready"}}));
        server.put(
            json!({"apiVersion": EVEREST, "kind": "DatabaseClusterBackup",
            "metadata": {"name": format!("first-{name}"), "namespace": "shop"},
            "spec": {"dbClusterName": name, "backupStorageName": "s3"},
            "status": {"state": "Succeeded", "gaps": false}}),
        );
    }
    server
}

fn names(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|nth| format!("x{nth}"))
}

#[tokio::test(start_paused = true)]
async fn databases_cost_two_requests_each_and_three_when_they_go() {
    for count in COUNTS {
        let blocks = names(count).map(|name| database(&name, false));
        let mut estate = Estate::new(cluster(), "everest_database", blocks.collect());
        let created = estate.run("create").await;
        created.plan.assert(&Most::of_each(0).and(24).dry_runs(1));
        created.apply.assert(&Most::of_each(2).and(26).dry_runs(1));
        let refreshed = estate.run("refresh").await;
        refreshed.plan.assert(&Most::of_each(0).and(12));
        estate.change(json!({"engine": {"replicas": 5}}));
        let updated = estate.run("update").await;
        updated.plan.assert(&Most::of_each(0).and(24).dry_runs(1));
        updated.apply.assert(&Most::of_each(2).and(26).dry_runs(1));
        estate.take_out();
        let destroyed = estate.run("destroy").await;
        destroyed.plan.assert(&Most::of_each(0).and(12));
        destroyed.apply.assert(&Most::of_each(3).and(20));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_costs_no_request_more_than_a_look_at_the_engine_after_a_change() {
    for count in [1, 20, 40] {
        let world = World::new().await;
        let blocks = names(count).map(|name| database(&name, true));
        let mut estate = Estate::new(world.server.clone(), "everest_database", blocks.collect());
        let created = estate.run("create (wait)").await;
        created.apply.assert(&Most::of_each(2).and(35).dry_runs(1));
        estate.change(json!({"engine": {"replicas": 5}}));
        let updated = estate.run("update (wait)").await;
        updated.apply.assert(&Most::of_each(3).and(35).dry_runs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn backups_cost_two_requests_each_and_three_when_they_go() {
    for count in COUNTS {
        let server = with_databases(count);
        let blocks = names(count).map(|name| {
            json!({"namespace": "shop", "database_name": name, "backup_storage_name": "s3",
                "name": format!("last-{name}")})
        });
        let mut estate = Estate::new(server, "everest_backup", blocks.collect());
        let created = estate.run("create").await;
        created.plan.assert(&Most::of_each(0).and(26).dry_runs(1));
        created.apply.assert(&Most::of_each(2).and(35).dry_runs(1));
        let refreshed = estate.run("refresh").await;
        refreshed.plan.assert(&Most::of_each(0).and(15));
        estate.take_out();
        let destroyed = estate.run("destroy").await;
        destroyed.plan.assert(&Most::of_each(0).and(15).dry_runs(1));
        destroyed.apply.assert(&Most::of_each(3).and(30));
    }
}

/// One backup of a database is taken at a time: the others wait, and follow one watch.
#[tokio::test(start_paused = true)]
async fn backups_that_queue_share_one_watch() {
    for count in [1, 20] {
        let world = World::new().await;
        world.add_database("x0");
        world.passes(Duration::from_secs(120)).await;
        let blocks = names(count).map(|name| {
            json!({"namespace": "shop", "database_name": "x0", "backup_storage_name": "s3",
                "name": name})
        });
        let mut estate = Estate::new(world.server.clone(), "everest_backup", blocks.collect());
        let created = estate.run("create (queue)").await;
        created.apply.assert(&Most::of_each(2).and(35).dry_runs(1));
    }
}

#[tokio::test(start_paused = true)]
async fn restores_cost_two_requests_each_and_three_when_they_go() {
    for count in FEWER {
        let server = with_databases(count);
        let blocks = names(count).map(|name| {
            json!({"namespace": "shop", "database_name": name, "name": format!("drill-{name}"),
                "backup_name": format!("first-{name}")})
        });
        let mut estate = Estate::new(server, "everest_restore", blocks.collect());
        let created = estate.run("create").await;
        created.plan.assert(&Most::of_each(0).and(26).dry_runs(1));
        created.apply.assert(&Most::of_each(2).and(35).dry_runs(1));
        let refreshed = estate.run("refresh").await;
        refreshed.plan.assert(&Most::of_each(0).and(15));
        estate.take_out();
        let destroyed = estate.run("destroy").await;
        destroyed.plan.assert(&Most::of_each(0).and(15));
        destroyed.apply.assert(&Most::of_each(3).and(20));
    }
}

/// Each is two objects: its Secret goes with it.
#[tokio::test(start_paused = true)]
async fn backup_storages_cost_four_requests_each_and_five_when_they_go() {
    for count in FEWER {
        let blocks = names(count).map(|name| {
            json!({"namespace": "shop", "name": name, "type": "s3", "bucket": format!("bucket-{name}"), "region": "r",
                "access_key_id": "id", "secret_access_key": "key"})
        });
        let mut estate = Estate::new(cluster(), "everest_backup_storage", blocks.collect());
        with_a_secret(&mut estate, json!({"description": "another"})).await;
    }
}

#[tokio::test(start_paused = true)]
async fn monitoring_configurations_cost_as_many_as_backup_storages() {
    for count in FEWER {
        let blocks = names(count).map(|name| {
            json!({"namespace": "shop", "name": name, "type": "pmm", "api_key": "key",
                "pmm": {"url": "https://pmm.example.com"}})
        });
        let mut estate = Estate::new(cluster(), "everest_monitoring_config", blocks.collect());
        with_a_secret(&mut estate, json!({"verify_tls": false})).await;
    }
}

/// The databases of all namespaces are listed once for all policies, whatever happens to them.
#[tokio::test(start_paused = true)]
async fn pod_scheduling_policies_cost_two_requests_each_and_five_when_they_go() {
    let engine = |affinity: Value| json!({"pxc": {"engine": affinity}});
    for count in FEWER {
        let blocks = names(count).map(|name| {
            json!({"name": name, "engine_type": "pxc",
                "affinity_config": engine(json!({"pod_anti_affinity": {}}))})
        });
        let mut estate = Estate::new(cluster(), "everest_pod_scheduling_policy", blocks.collect());
        let created = estate.run("create").await;
        created.plan.assert(&Most::of_each(0).and(22).dry_runs(1));
        created.apply.assert(&Most::of_each(2).and(22).dry_runs(1));
        let refreshed = estate.run("refresh").await;
        refreshed.plan.assert(&Most::of_each(0).and(11));
        estate.change(json!({"affinity_config": engine(json!({"pod_affinity": {}}))}));
        let updated = estate.run("update").await;
        updated.apply.assert(&Most::of_each(3).and(22).dry_runs(1));
        estate.take_out();
        let destroyed = estate.run("destroy").await;
        destroyed.apply.assert(&Most::of_each(5).and(12));
    }
}

/// Makes, reads, changes and destroys what has a Secret of its own.
async fn with_a_secret(estate: &mut Estate, change: Value) {
    let created = estate.run("create").await;
    created.plan.assert(&Most::of_each(0).and(26).dry_runs(1));
    created.apply.assert(&Most::of_each(4).and(26).dry_runs(1));
    let refreshed = estate.run("refresh").await;
    refreshed.plan.assert(&Most::of_each(1).and(11));
    estate.change(change);
    let updated = estate.run("update").await;
    updated.apply.assert(&Most::of_each(3).and(26).dry_runs(1));
    estate.take_out();
    let destroyed = estate.run("destroy").await;
    destroyed.apply.assert(&Most::of_each(5).and(10));
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_a_few_does_not_list_a_namespace_of_many() {
    let blocks: Vec<_> = names(3).map(|name| database(&name, false)).collect();
    let mut estate = Estate::new(cluster(), "everest_database", blocks);
    estate.run("create").await;
    let refreshed = estate.run("refresh").await;
    assert_eq!(refreshed.plan.lists_of("databaseclusters"), 0);
    estate.change(json!({"engine": {"replicas": 5}}));
    let updated = estate.run("update").await;
    assert_eq!(updated.plan.lists_of("databaseclusters"), 0);
    assert_eq!(updated.apply.lists_of("databaseclusters"), 0);
}
