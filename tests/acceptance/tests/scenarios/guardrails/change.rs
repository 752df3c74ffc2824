//! Each rule about changes of a database that exists, planned wrong on one of each engine.

use serde_json::json;

use super::{
    PLAN,
    expected::{Expected, assert_told},
};
use crate::{
    objects::{self, BACKUP, DATABASE, ENGINE, Global, RESTORE, eventually, steer},
    stack::Stack,
};

/// A load balancer configuration and a storage class; `LBC` and `RIGID` stand for their names.
const LOAD_BALANCER_CONFIG: objects::Kind = ("everest.percona.com/v1alpha1", "LoadBalancerConfig");
const STORAGE_CLASS: objects::Kind = ("storage.k8s.io/v1", "StorageClass");

const STANDING: &str = "resource \"everest_namespace\" \"ns\" {
  name    = \"NS\"
  engines = { pxc = { version = \"1.17.0\" }, psmdb = {}, postgresql = {} }
}
resource \"everest_backup_storage\" \"s\" {
  for_each          = toset([\"s1\", \"s2\", \"s3\", \"s4\"])
  namespace         = everest_namespace.ns.name
  name              = each.key
  type              = \"s3\"
  bucket            = \"bucket-${each.key}\"
  region            = \"eu-central-1\"
  endpoint_url      = \"https://s3.example.org\"
  access_key_id     = \"AKIA\"
  secret_access_key = \"hush\"
}
";

const DATABASES: &str = "
resource \"everest_database\" \"shop\" {
  namespace = \"NS\"
  name      = \"shop\"
  engine = {
    type = \"pxc\"
    version = \"8.0.42-33.1\"
    replicas = 3
    storage = { size = \"3Gi\", class = \"RIGID\" }
    resources = { cpu = \"600m\", memory = \"1G\" }
  }
  proxy = { replicas = 2, expose = { type = \"LoadBalancer\", load_balancer_config_name = \"LBC\" } }
  deletion_protection = false
  depends_on = [everest_backup_storage.s]
}
resource \"everest_database\" \"docs\" {
  namespace = \"NS\"
  name      = \"docs\"
  engine = {
    type = \"psmdb\"
    version = \"6.0.25-20\"
    replicas = 3
    storage = { size = \"3Gi\" }
    resources = { cpu = \"600m\", memory = \"1G\" }
  }
  backup = { schedules = { docs = { schedule = \"0 2 * * *\", backup_storage_name = \"s1\" } } }
  deletion_protection = false
  depends_on = [everest_backup_storage.s]
}
resource \"everest_database\" \"books\" {
  namespace = \"NS\"
  name      = \"books\"
  engine = {
    type = \"postgresql\"
    version = \"16.10\"
    replicas = 2
    storage = { size = \"3Gi\" }
    resources = { cpu = \"600m\", memory = \"1G\" }
  }
  backup = { schedules = { books = { schedule = \"0 2 * * *\", backup_storage_name = \"s1\" } } }
  deletion_protection = false
  depends_on = [everest_backup_storage.s]
}
";

/// A change of a text of the configuration, and what is told of it.
type Change = (&'static str, &'static str, Expected);

/// Plans the standing databases with changes.
#[track_caller]
fn assert_changes_are_told(stack: &Stack, standing: &str, severity: &str, changes: Vec<Change>) {
    let mut changed = standing.to_owned();
    let mut expected = Vec::new();
    for (from, to, told) in changes {
        assert!(changed.contains(from), "nothing to change: {from}");
        changed = changed.replacen(from, to, 1);
        expected.push(told);
    }
    stack.write(&changed);
    assert_told(&stack.run(&PLAN), severity, &expected);
}

/// The configuration of the three databases, all of them ready.
fn standing() -> (Stack, String, [Global; 2]) {
    let stack = Stack::new("rules-change");
    stack.provider(&format!(
        "config_path = {:?}\nimpact_warnings = false",
        crate::stack::kubeconfig()
    ));
    let (config, class) = (
        format!("{}-lb", stack.namespace),
        format!("{}-rigid", stack.namespace),
    );
    let globals = [
        Global::create(
            LOAD_BALANCER_CONFIG,
            &config,
            json!({"spec": {"annotations": {"example.org/scheme": "internal"}}}),
        ),
        Global::create(
            STORAGE_CLASS,
            &class,
            json!({"provisioner": "everest.test/none", "allowVolumeExpansion": false}),
        ),
    ];
    stack.write(STANDING);
    stack.apply().succeeded();
    let all = format!("{STANDING}{DATABASES}")
        .replace("LBC", &config)
        .replace("RIGID", &class);
    stack.write(&all);
    stack.apply().succeeded();
    (stack, all, globals)
}

#[test]
#[ignore = "steers the simulator"]
fn each_rule_of_a_change_is_told_on_the_attribute_that_breaks_it() {
    let (stack, all, globals) = standing();
    let lbc = format!(", load_balancer_config_name = \"{}-lb\"", stack.namespace);
    let lbc: &'static str = Box::leak(lbc.into_boxed_str());
    assert_changes_are_told(
        &stack,
        &all,
        "error",
        vec![
            (
                "replicas = 3",
                "replicas = 1",
                Expected::of("shop", "engine.replicas", "from 3 replicas to 1"),
            ),
            (
                "size = \"3Gi\"",
                "size = \"2Gi\"",
                Expected::of("shop", "engine.storage.size", "shrink from 3Gi to 2Gi"),
            ),
            (
                "8.0.42-33.1",
                "8.0.41-32.1",
                Expected::of(
                    "shop",
                    "engine.version",
                    "8.0.41-32.1 is older than the running version 8.0.42-33.1",
                ),
            ),
            (
                lbc,
                "",
                Expected::of(
                    "shop",
                    "proxy.expose.load_balancer_config_name",
                    "would be removed",
                ),
            ),
            (
                "6.0.25-20",
                "8.0.12-4",
                Expected::of(
                    "docs",
                    "engine.version",
                    "another major version than the running version 6.0.25-20",
                ),
            ),
            (
                "  backup = { schedules = { docs",
                "  sharding = { enabled = true, shards = 2, config_server = { replicas = 3 } }\n  backup = { schedules = { docs",
                Expected::of("docs", "sharding.enabled", "Sharding would be turned on"),
            ),
            (
                "16.10",
                "17.6",
                Expected::of(
                    "books",
                    "engine.version",
                    "another major version than the running version 16.10",
                ),
            ),
            (
                "books = { schedule = \"0 2 * * *\", backup_storage_name = \"s1\"",
                "books = { schedule = \"0 2 * * *\", backup_storage_name = \"s2\"",
                Expected::of(
                    "books",
                    "backup.schedules[\"books\"].backup_storage_name",
                    "would move from \"s1\" to \"s2\"",
                ),
            ),
        ],
    );
    assert_changes_are_told(
        &stack,
        &all,
        "error",
        vec![
            (
                "8.0.42-33.1",
                "9.0.1-1.1",
                Expected::of(
                    "shop",
                    "engine.version",
                    "another major version than the running version 8.0.42-33.1",
                ),
            ),
            (
                "6.0.25-20",
                "newest",
                Expected::of("docs", "engine.version", "newest"),
            ),
        ],
    );
    // Taken out, the server has the last word in the plan, but not the first.
    assert_changes_are_told(
        &stack,
        &all,
        "error",
        vec![(
            "    resources = { cpu = \"600m\", memory = \"1G\" }\n",
            "",
            Expected::of(
                "shop",
                "engine.resources",
                "Neither CPU nor memory is given",
            ),
        )],
    );
    online(&stack, &all);
    busy(&stack, &all);
    stack.write(&all);
    stack.destroy().succeeded();
    globals.into_iter().for_each(Global::delete);
}

/// What the prior state does not hold: where backups lie, what the engine offers, whether volumes
/// can grow.
fn online(stack: &Stack, all: &str) {
    let ns = stack.namespace.as_str();
    for (name, database, storage) in [
        ("d1", "docs", "s1"),
        ("b2", "books", "s2"),
        ("b3", "books", "s3"),
    ] {
        objects::create(
            BACKUP,
            ns,
            name,
            json!({"spec": {"dbClusterName": database, "backupStorageName": storage}}),
        );
    }
    eventually("the backups are taken, and docs knows its storage", || {
        ["d1", "b2", "b3"]
            .iter()
            .all(|name| objects::get(BACKUP, ns, name)["status"]["state"] == "Succeeded")
            && objects::get(DATABASE, ns, "docs")["status"]["activeStorage"] == "s1"
    });
    assert_changes_are_told(
        stack,
        all,
        "error",
        vec![
            (
                "6.0.25-20",
                "6.0.99-1",
                Expected::of(
                    "docs",
                    "engine.version",
                    "6.0.99-1 is not offered for psmdb",
                ),
            ),
            (
                "size = \"3Gi\"",
                "size = \"4Gi\"",
                Expected::of("shop", "engine.storage.size", "does not let volumes grow"),
            ),
            (
                "docs = { schedule = \"0 2 * * *\", backup_storage_name = \"s1\"",
                "docs = { schedule = \"0 2 * * *\", backup_storage_name = \"s2\"",
                Expected::of(
                    "docs",
                    "backup.schedules[\"docs\"].backup_storage_name",
                    "the backups are in \"s1\"",
                ),
            ),
            (
                "books = { schedule",
                "more = { schedule = \"0 3 * * *\", backup_storage_name = \"s4\" }, books = { schedule",
                Expected::of(
                    "books",
                    "backup.schedules[\"more\"].backup_storage_name",
                    "\"s4\" is one backup storage too many beside",
                ),
            ),
        ],
    );
}

/// What passes by itself: a warning at plan, because the apply waits for it.
fn busy(stack: &Stack, all: &str) {
    let ns = stack.namespace.as_str();
    steer(ns, json!({"r1.hold": "running"}));
    objects::create(
        RESTORE,
        ns,
        "r1",
        json!({"spec": {"dbClusterName": "docs", "dataSource": {"dbClusterBackupName": "d1"}}}),
    );
    eventually("docs is being restored", || {
        objects::get(DATABASE, ns, "docs")["status"]["status"] == "restoring"
    });
    assert_changes_are_told(
        stack,
        all,
        "warning",
        vec![(
            "docs = { schedule = \"0 2",
            "docs = { schedule = \"0 3",
            Expected::of("docs", "", "in state \"restoring\" at the moment"),
        )],
    );
    steer(ns, json!({"r1.hold": null}));
    eventually("docs is restored", || {
        objects::get(DATABASE, ns, "docs")["status"]["status"] == "ready"
    });

    let engine = "percona-xtradb-cluster-operator";
    let lock = |since: serde_json::Value| {
        objects::patch(
            ENGINE,
            ns,
            engine,
            json!({"metadata": {"annotations": {"everest.percona.com/upgrade-lock": since}}}),
        );
    };
    lock(json!(k8s_openapi::jiff::Timestamp::now().to_string()));
    assert_changes_are_told(
        stack,
        all,
        "warning",
        vec![(
            "memory = \"1G\"",
            "memory = \"2G\"",
            Expected::of(
                "shop",
                "",
                "percona-xtradb-cluster-operator is being upgraded",
            ),
        )],
    );
    lock(serde_json::Value::Null);
}
