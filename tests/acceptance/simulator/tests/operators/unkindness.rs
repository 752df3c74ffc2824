//! What everest-operator and the engines do to those who trust them.

use everest_simulator::Engine;
use serde_json::{Value, json};

use crate::backups::backed_up;
use crate::film::{Film, values};
use crate::recorded::recorded;
use crate::stage::{Stage, database};

fn generations(database: &Value) -> (i64, i64) {
    let generation = database["metadata"]["generation"].as_i64().unwrap();
    let observed = database["status"]["observedGeneration"].as_i64();
    (generation, observed.unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn a_change_that_the_engine_cannot_be_given_is_observed_and_ready() {
    let stage = Stage::new().await;
    stage.ready(Engine::Postgresql, "b2pg").await;
    let change = json!({"spec": {"engine": {"config": "shared_buffers", "replicas": 3}}});
    stage.patch("databaseclusters", "b2pg", change).await;
    stage.pass(7_200).await;
    let now = stage.get("databaseclusters", "b2pg");
    let engine = stage.get("perconapgclusters", "b2pg");
    let was = recorded("postgresql-10-change-not-carried-databasecluster");
    let engine_was = recorded("postgresql-10-change-not-carried-engine-cr");
    for pointer in [
        "/spec/engine/replicas",
        "/spec/engine/config",
        "/status/status",
        "/status/size",
    ] {
        assert_eq!(now.pointer(pointer), was.pointer(pointer), "{pointer}");
    }
    for of in [&now, &was] {
        let (generation, observed) = generations(of);
        assert_eq!(generation, observed);
        assert!(of["status"]["message"].is_null());
        assert!(of["status"]["conditions"].is_null());
    }
    for pointer in [
        "/spec/instances/0/replicas",
        "/spec/patroni",
        "/metadata/generation",
    ] {
        assert_eq!(
            engine.pointer(pointer),
            engine_was.pointer(pointer),
            "{pointer}"
        );
    }

    let mended = json!({"spec": {"engine": {"config": "shared_buffers = 1GB"}}});
    stage.patch("databaseclusters", "b2pg", mended).await;
    let three = |engine: &Value| engine["spec"]["instances"][0]["replicas"] == 3;
    stage.until("perconapgclusters", "b2pg", three).await;
}

#[tokio::test(start_paused = true)]
async fn what_the_operator_writes_itself_may_be_observed_later() {
    for (settings, late) in [
        (json!({}), false),
        (json!({"late-generation": "yes"}), true),
    ] {
        let stage = Stage::new().await;
        stage.steer(settings).await;
        let film = Film::of(&stage, &["databaseclusters"]);
        stage.ready(Engine::Postgresql, "pg").await;
        let versions = film.versions("DatabaseCluster", "pg");
        let mut told = versions.iter().filter(|v| v["status"].is_object());
        let behind = told.any(|v| generations(v).1 < generations(v).0);
        assert_eq!(behind, late);
        let (generation, observed) = generations(versions.last().unwrap());
        assert_eq!(generation, observed);
    }
}

#[tokio::test(start_paused = true)]
async fn resources_that_were_seen_and_not_carried_out_are_lost_for_pxc() {
    let stage = Stage::new().await;
    stage.ready(Engine::Pxc, "orders").await;
    let schedule = json!([{"enabled": true, "name": "daily", "schedule": "0 0 * * *",
        "backupStorageName": "later"}]);
    let change = json!({"spec": {"backup": {"schedules": schedule},
        "engine": {"resources": {"cpu": "2"}}}});
    stage.patch("databaseclusters", "orders", change).await;
    stage.pass(60).await;
    stage.storage("later").await;
    let known = |engine: &Value| engine["spec"]["backup"]["storages"]["later"].is_object();
    let engine = stage.until("perconaxtradbclusters", "orders", known).await;
    assert_eq!(engine["spec"]["pxc"]["resources"]["limits"]["cpu"], "600m");
    let now = stage.get("databaseclusters", "orders");
    assert_eq!(now["spec"]["engine"]["resources"]["cpu"], "2");
    assert_eq!(now["status"]["status"], "ready");
}

#[tokio::test(start_paused = true)]
async fn an_engine_has_observed_a_change_and_is_ready_before_it_begins() {
    let mysql = "[mysqld]\nmax_connections = 7\n";
    for (engine, plural, kind, config) in [
        (
            Engine::Pxc,
            "perconaxtradbclusters",
            "PerconaXtraDBCluster",
            mysql,
        ),
        (
            Engine::Postgresql,
            "perconapgclusters",
            "PerconaPGCluster",
            "max_connections = 7",
        ),
    ] {
        let stage = Stage::new().await;
        stage.ready(engine, "orders").await;
        let film = Film::of(&stage, &[plural]);
        let change = json!({"spec": {"engine": {"config": config}}});
        stage.patch("databaseclusters", "orders", change).await;
        let begun = |engine: &Value| engine["status"]["state"] == "initializing";
        let begun = stage.until(plural, "orders", begun).await;
        let generation = &begun["metadata"]["generation"];
        let versions = film.versions(kind, "orders");
        let early = versions.iter().find(|version| {
            &version["status"]["observedGeneration"] == generation
                && version["status"]["state"] == "ready"
        });
        assert!(early.is_some(), "{versions:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn postgresql_is_ready_with_fewer_members_than_it_asks_for() {
    let stage = Stage::new().await;
    stage.steer(json!({"members": "2"})).await;
    let mut wide = database(Engine::Postgresql);
    wide["spec"]["engine"]["replicas"] = 3.into();
    stage.create("databaseclusters", "pg", wide).await;
    stage.until_ready("pg").await;
    let engine = stage.get("perconapgclusters", "pg");
    assert_eq!(engine["spec"]["instances"][0]["replicas"], 3);
    assert_eq!(engine["status"]["postgres"]["size"], 2);
    assert_eq!(engine["status"]["state"], "ready");
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_restarted_during_its_upgrade_stays_stopped() {
    let stage = Stage::new().await;
    let mut older = database(Engine::Pxc);
    older["spec"]["engine"]["version"] = json!("8.0.41-32.1");
    stage.create("databaseclusters", "orders", older).await;
    stage.until_ready("orders").await;
    let both = json!({"metadata": {"annotations": {"everest.percona.com/restart": "true"}},
        "spec": {"engine": {"version": "8.0.42-33.1"}}});
    stage.patch("databaseclusters", "orders", both).await;
    stage.pass(7_200).await;
    let now = stage.get("databaseclusters", "orders");
    assert_eq!(now["status"]["status"], "upgrading", "{now:#}");
    assert_eq!(now["spec"]["paused"], true);
}

#[tokio::test(start_paused = true)]
async fn a_mysql_database_that_grows_while_it_is_paused_does_not_start_any_more() {
    let stage = Stage::new().await;
    stage.ready(Engine::Pxc, "orders").await;
    let pause = json!({"spec": {"paused": true}});
    stage.patch("databaseclusters", "orders", pause).await;
    let paused = |database: &Value| database["status"]["status"] == "paused";
    stage.until("databaseclusters", "orders", paused).await;
    let growth = json!({"spec": {"engine": {"storage": {"size": "2Gi"}}}});
    stage.patch("databaseclusters", "orders", growth).await;
    let failed = |database: &Value| database["status"]["status"] == "error";
    stage.until("databaseclusters", "orders", failed).await;
    let start = json!({"spec": {"paused": false}});
    stage.patch("databaseclusters", "orders", start).await;
    stage.pass(3_600).await;
    let now = stage.get("databaseclusters", "orders");
    assert_eq!(now["status"]["status"], "error", "{now:#}");
}

#[tokio::test(start_paused = true)]
async fn behind_a_load_balancer_postgresql_is_ready_without_an_address_and_the_others_are_not() {
    let stage = Stage::new().await;
    stage.steer(json!({"address-delay": "15m"})).await;
    for (engine, name) in [(Engine::Postgresql, "pg"), (Engine::Pxc, "my")] {
        let mut exposed = database(engine);
        exposed["spec"]["proxy"]["expose"]["type"] = "LoadBalancer".into();
        stage.create("databaseclusters", name, exposed).await;
    }
    stage.pass(600).await;
    let pg = stage.get("databaseclusters", "pg");
    assert_eq!(pg["status"]["status"], "ready");
    assert!(pg["status"]["hostname"].is_null());
    assert_eq!(
        stage.get("databaseclusters", "my")["status"]["status"],
        "initializing"
    );
    stage.pass(900).await;
    for name in ["pg", "my"] {
        let now = stage.get("databaseclusters", name);
        assert_eq!(now["status"]["status"], "ready", "{name}");
        assert_eq!(now["status"]["hostname"], "203.0.113.10", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_exposed_mongodb_has_a_list_of_members_for_a_host() {
    let stage = Stage::new().await;
    let mut wide = database(Engine::Psmdb);
    wide["spec"]["engine"]["replicas"] = 3.into();
    wide["spec"]["proxy"]["expose"]["type"] = "LoadBalancer".into();
    stage.create("databaseclusters", "docs", wide).await;
    stage.until_ready("docs").await;
    let host = stage.get("databaseclusters", "docs")["status"]["hostname"].clone();
    assert_eq!(
        host,
        "203.0.113.20:27017,203.0.113.21:27017,203.0.113.22:27017"
    );
}

#[tokio::test(start_paused = true)]
async fn what_fails_early_is_not_observed_and_tried_again_after_up_to_16_minutes() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Pxc).await;
    let secret = "everest-secrets-source";
    let keys = stage.get("secrets", secret);
    stage.delete("secrets", secret).await;
    let mut copy = database(Engine::Pxc);
    copy["spec"]["dataSource"] = json!({"dbClusterBackupName": "b1"});
    stage.create("databaseclusters", "copy", copy).await;
    stage.pass(3_600).await;
    let now = stage.get("databaseclusters", "copy");
    assert!(now["status"].is_null(), "{now:#}");
    assert!(stage.get("perconaxtradbclusters", "copy").is_null());

    stage
        .create("secrets", secret, json!({"data": keys["data"]}))
        .await;
    stage.pass(120).await;
    assert!(stage.get("databaseclusters", "copy")["status"].is_null());
    stage.pass(1_000).await;
    assert!(!stage.get("databaseclusters", "copy")["status"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_storage_without_its_secret_says_nothing_also_when_the_secret_is_back() {
    let stage = Stage::new().await;
    stage.storage("s3").await;
    stage.pass(5).await;
    assert_eq!(stage.get("backupstorages", "s3")["status"]["inUse"], false);
    stage.delete("secrets", "s3").await;
    stage.ready(Engine::Pxc, "orders").await;
    let schedule = json!([{"enabled": true, "name": "daily", "schedule": "0 0 * * *",
        "backupStorageName": "s3"}]);
    let using = json!({"spec": {"backup": {"schedules": schedule}}});
    stage.patch("databaseclusters", "orders", using).await;
    stage.pass(7_200).await;
    stage.secret("s3").await;
    stage.pass(7_200).await;
    assert_eq!(stage.get("backupstorages", "s3")["status"]["inUse"], false);
    let touched = json!({"metadata": {"labels": {"touched": "yes"}}});
    stage.patch("backupstorages", "s3", touched).await;
    stage.pass(5).await;
    assert_eq!(stage.get("backupstorages", "s3")["status"]["inUse"], true);
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_cannot_grow_keeps_its_size_and_the_size_put_back_is_accepted() {
    let stage = Stage::new().await;
    let mut rigid = database(Engine::Pxc);
    rigid["spec"]["engine"]["storage"] = json!({"size": "10Gi", "class": "rigid"});
    stage.create("databaseclusters", "c6", rigid).await;
    stage.until_ready("c6").await;
    let size = |size: &str| json!({"spec": {"engine": {"storage": {"size": size}}}});
    stage.patch("databaseclusters", "c6", size("20Gi")).await;
    stage.pass(3_600).await;
    let now = stage.get("databaseclusters", "c6");
    let was = recorded("pxc-10-growth-refused-databasecluster");
    let engine_was = recorded("pxc-10-growth-refused-engine-cr");
    for member in ["type", "status", "reason", "message"] {
        let pointer = format!("/status/conditions/0/{member}");
        assert_eq!(now.pointer(&pointer), was.pointer(&pointer), "{member}");
    }
    assert_eq!(now["status"]["status"], was["status"]["status"]);
    assert_eq!(generations(&now).0, generations(&now).1);
    let volume = "/spec/pxc/volumeSpec/persistentVolumeClaim/resources/requests/storage";
    let engine = stage.get("perconaxtradbclusters", "c6");
    assert_eq!(engine.pointer(volume), engine_was.pointer(volume));

    stage.patch("databaseclusters", "c6", size("10Gi")).await;
    stage.pass(60).await;
    let now = stage.get("databaseclusters", "c6");
    assert!(now["status"]["conditions"].is_null(), "{now:#}");
    assert_eq!(now["status"]["status"], "ready");
}

#[tokio::test(start_paused = true)]
async fn an_operator_older_than_the_definition_drops_what_it_does_not_know() {
    let stage = Stage::new().await;
    stage
        .steer(json!({"forgets": "/podSchedulingPolicyName,/proxy/config"}))
        .await;
    let mut newer = database(Engine::Psmdb);
    newer["spec"]["proxy"]["config"] = "net: {}".into();
    stage.create("databaseclusters", "docs", newer).await;
    stage.until_ready("docs").await;
    let now = stage.get("databaseclusters", "docs");
    assert!(now["spec"]["proxy"]["config"].is_null());
    assert_eq!(now["spec"]["proxy"]["type"], "mongos");
}

#[tokio::test(start_paused = true)]
async fn a_restart_from_the_web_interface_takes_annotations_along() {
    let stage = Stage::new().await;
    stage.ready(Engine::Pxc, "orders").await;
    let note = json!({"metadata": {"annotations": {"team.test/note": "keep"}}});
    stage.patch("databaseclusters", "orders", note).await;
    let film = Film::of(&stage, &["databaseclusters"]);
    stage.steer(json!({"orders.ui-restart": "now"})).await;
    let paused = |d: &Value| d["status"]["status"] == "paused";
    stage.until("databaseclusters", "orders", paused).await;
    stage.until_ready("orders").await;
    let now = stage.get("databaseclusters", "orders");
    assert!(now["metadata"]["annotations"].is_null(), "{now:#}");
    let states = values(
        &film.versions("DatabaseCluster", "orders"),
        "/status/status",
    );
    assert_eq!(
        states,
        ["ready", "stopping", "paused", "initializing", "ready"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_database_with_a_backup_waits_for_it_and_never_observes_its_end() {
    let stage = Stage::new().await;
    backed_up(&stage, Engine::Pxc).await;
    stage.steer(json!({"b1.hold": "deleting"})).await;
    stage.delete("databaseclusters", "source").await;
    stage.pass(3_600).await;
    let now = stage.get("databaseclusters", "source");
    assert_eq!(now["status"]["status"], "deleting");
    assert_eq!(generations(&now).0 - generations(&now).1, 1);
    assert!(!stage.get("perconaxtradbclusters", "source").is_null());
    stage.steer(json!({"b1.hold": null})).await;
    stage
        .until("databaseclusters", "source", Value::is_null)
        .await;
    assert!(stage.get("perconaxtradbclusters", "source").is_null());
}

#[tokio::test(start_paused = true)]
async fn proxysql_does_not_come_up_before_the_release_that_gives_it_a_volume() {
    let stage = Stage::new().await;
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/\
                databaseclusters.everest.percona.com";
    let newest = stage.server.get(path).unwrap();
    let mut older = newest.clone();
    let proxy =
        "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/proxy/properties";
    let proxy = older.pointer_mut(proxy).unwrap().as_object_mut().unwrap();
    proxy.remove("storage").unwrap();
    stage.server.put(older);
    let mut proxied = database(Engine::Pxc);
    proxied["spec"]["proxy"]["type"] = json!("proxysql");
    stage.create("databaseclusters", "orders", proxied).await;
    stage.pass(7_200).await;
    assert!(stage.get("perconaxtradbclusters", "orders").is_null());
    let now = stage.get("databaseclusters", "orders");
    assert_ne!(now["status"]["status"], "ready");
    stage.server.put(newest);
    stage.until_ready("orders").await;
}

#[tokio::test(start_paused = true)]
async fn a_mongodb_that_allows_unsafe_configurations_loses_tls_with_a_restart() {
    let stage = Stage::new().await;
    stage.ready(Engine::Psmdb, "docs").await;
    let change = json!({"spec": {"allowUnsafeConfiguration": true}});
    stage.patch("databaseclusters", "docs", change).await;
    let restarts = |engine: &Value| engine["status"]["state"] == "initializing";
    let engine = stage.until("perconaservermongodbs", "docs", restarts).await;
    assert_eq!(engine["spec"]["tls"]["mode"], "disabled");
}

#[tokio::test(start_paused = true)]
async fn a_mongodb_uploads_its_log_in_whole_minutes() {
    let stage = Stage::new().await;
    stage.storage("s3").await;
    let schedule = json!({"enabled": true, "name": "daily", "schedule": "0 0 * * *",
        "backupStorageName": "s3"});
    for (name, interval, schedules, minutes) in [
        ("rounded", 150, json!([schedule]), 2),
        ("short", 30, json!([schedule]), 10),
        ("unscheduled", 150, json!([]), 10),
    ] {
        let mut database = database(Engine::Psmdb);
        database["spec"]["backup"] = json!({"schedules": schedules,
            "pitr": {"enabled": true, "uploadIntervalSec": interval}});
        stage.create("databaseclusters", name, database).await;
        let made = |engine: &Value| engine["spec"].is_object();
        let engine = stage.until("perconaservermongodbs", name, made).await;
        let span = &engine["spec"]["backup"]["pitr"]["oplogSpanMin"];
        assert_eq!(span, minutes, "{name}");
    }
}
