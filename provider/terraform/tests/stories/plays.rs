//! The stories.

use serde_json::{Value as Json, json};
use test_stories::Story;

use crate::script::Script;

const DATABASE: &str = "everest_database";
const STORAGE: &str = "everest_backup_storage";
const MONITORING: &str = "everest_monitoring_config";
const POLICY: &str = "everest_pod_scheduling_policy";
const BALANCERS: &str = "everest_load_balancer_config";
const IMPORTER: &str = "everest_data_importer";
const IMPORT: &str = "everest_data_import_job";
const VERSION_POLICY: &str = "everest_engine_version_policy";
const SPLIT_HORIZON: &str = "everest_split_horizon_dns_config";
const BACKUP: &str = "everest_backup";
const RESTORE: &str = "everest_restore";
const NAMESPACE: &str = "everest_namespace";
const ACCOUNT: &str = "everest_account";
const RBAC_POLICY: &str = "everest_rbac_policy";
const RBAC_ROLE: &str = "everest_rbac_role";
const OIDC: &str = "everest_oidc_settings";

/// All of them.
pub fn all() -> Vec<Story> {
    scripts().map(Script::story).collect()
}

/// The script of each.
pub fn scripts() -> impl Iterator<Item = Script> {
    let scripts = [
        databases(),
        storages(),
        monitoring_configs(),
        pod_scheduling_policies(),
        load_balancer_configs(),
        data_importers(),
        data_import_jobs(),
        engine_version_policies(),
        split_horizon_dns_configs(),
        backups(),
        restores(),
        namespaces(),
        accounts(),
        rbac_policies(),
        rbac_roles(),
        oidc_settings(),
    ];
    scripts.into_iter().flatten()
}

/// One of each kind that makes something.
pub fn creations() -> Vec<Script> {
    let scripts = [databases(), storages(), backups(), restores(), namespaces()];
    let first = scripts
        .into_iter()
        .map(|scripts| scripts.into_iter().next());
    first.flatten().collect()
}

fn database(name: &str) -> Script {
    Script::new(
        &format!("database/{name}"),
        DATABASE,
        json!({
            "namespace": "shop",
            "name": "orders",
            "deletion_protection": false,
            "timeouts": {"create": "10m", "update": "10m", "delete": "10m"},
            "engine": {
                "type": "pxc", "replicas": 3, "version": "8.0.41-32.1",
                "storage": {"size": "25Gi"},
                "resources": {"cpu": "1", "memory": "2G"},
            },
            "proxy": {"type": "haproxy", "replicas": 3},
        }),
    )
}

fn databases() -> Vec<Script> {
    vec![
        database("create"),
        database("update").then(json!({"engine": {"replicas": 5}})),
        database("restart").then(json!({"restart_trigger": "a"})),
        database("grow").then(json!({"engine": {"storage": {"size": "50Gi"}}})),
        database("upgrade").then(json!({"engine": {"version": "8.0.42-33.1"}})),
        database("pause").then(json!({"paused": true})),
        database("create-with-passwords")
            .changed(json!({"users_wo": {"root": "secret"}, "users_wo_version": 1})),
        database("rotate")
            .changed(json!({"users_wo": {"root": "secret"}, "users_wo_version": 1}))
            .then(json!({"users_wo": {"root": "another"}, "users_wo_version": 2})),
        database("replace").then(json!({"name": "sales"})),
        database("delete").destroyed(),
        database("delete-after-backup")
            .then(json!({"final_backup": {"backup_storage_name": "s3", "name": "last"}}))
            .destroyed(),
        database("delete-with-data")
            .then(json!({"keep_backup_data": false}))
            .destroyed(),
        database("import")
            .in_scene(|world| world.add_database("orders"))
            .changed(json!({"engine": {"replicas": 5}}))
            .imported("shop/orders"),
        database("take-back").then(json!({})).meanwhile(|world| {
            Box::pin(world.apply_to_database("orders", json!({"engine": {"replicas": 5}})))
        }),
        database("take-over")
            .in_scene(|world| world.add_database("orders"))
            .meanwhile(|world| {
                Box::pin(world.apply_to_database("orders", json!({"engine": {"replicas": 3}})))
            })
            .changed(json!({"force_conflicts": true, "engine": {"replicas": 5}}))
            .imported("shop/orders"),
    ]
}

fn storage(name: &str) -> Script {
    Script::new(
        &format!("backup_storage/{name}"),
        STORAGE,
        json!({
            "namespace": "shop", "name": "bucket", "type": "s3", "bucket": "mine",
            "region": "r", "access_key_id": "id", "secret_access_key": "key",
            "timeouts": {"delete": "10m"},
        }),
    )
}

fn storages() -> Vec<Script> {
    vec![
        storage("create"),
        storage("update").then(json!({"description": "of the shop"})),
        storage("rotate").then(json!({"secret_access_key": "another"})),
        storage("replace").then(json!({"name": "other"})),
        storage("delete").destroyed(),
    ]
}

fn monitoring_configs() -> Vec<Script> {
    let config = |name: &str| {
        let config = json!({
            "namespace": "shop", "name": "pmm", "type": "pmm",
            "pmm": {"url": "https://pmm.test"}, "api_key": "key",
            "timeouts": {"delete": "10m"},
        });
        Script::new(&format!("monitoring_config/{name}"), MONITORING, config)
    };
    vec![
        config("create"),
        config("update").then(json!({"verify_tls": false})),
        config("rotate").then(json!({"api_key": "another"})),
        config("delete").destroyed(),
    ]
}

fn pod_scheduling_policies() -> Vec<Script> {
    let policy = |name: &str| {
        let config = json!({
            "name": "spread", "engine_type": "pxc",
            "affinity_config": {"pxc": {"engine": {"pod_anti_affinity": {}}}},
            "timeouts": {"delete": "10m"},
        });
        Script::new(&format!("pod_scheduling_policy/{name}"), POLICY, config)
    };
    vec![
        policy("create"),
        policy("update").then(json!({"affinity_config": {"pxc": {"proxy": {"pod_affinity": {}}}}})),
        policy("replace").then(json!({"name": "apart"})),
        policy("delete").destroyed(),
    ]
}

fn engine_version_policies() -> Vec<Script> {
    let policy = |name: &str| {
        let config = json!({"namespace": "shop", "engine": "pxc",
            "allowed_versions": ["8.0.41-32.1"]});
        Script::new(
            &format!("engine_version_policy/{name}"),
            VERSION_POLICY,
            config,
        )
    };
    let widened = json!({"allowed_versions": ["8.0.41-32.1", "8.0.42-33.1"]});
    vec![
        policy("create"),
        policy("update").then(widened.clone()),
        policy("import").changed(widened).imported("shop/pxc"),
        policy("delete").destroyed(),
    ]
}

fn load_balancer_configs() -> Vec<Script> {
    let config = |name: &str| {
        let config = json!({
            "name": "internal", "annotations": {"a": "b"}, "timeouts": {"delete": "10m"},
        });
        Script::new(&format!("load_balancer_config/{name}"), BALANCERS, config)
    };
    vec![
        config("create"),
        config("update").then(json!({"annotations": {"a": "c"}})),
        config("delete").destroyed(),
    ]
}

fn split_horizon_dns_configs() -> Vec<Script> {
    let config = |name: &str| {
        let block = |kind: &str, text: &str| {
            format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
        };
        let config = json!({
            "namespace": "shop", "name": "dns", "base_domain_name_suffix": "db.example.com",
            "ca_certificate": block("CERTIFICATE", "MA=="),
            "ca_key": block("RSA PRIVATE KEY", "MA=="),
            "timeouts": {"delete": "10m"},
        });
        Script::new(
            &format!("split_horizon_dns_config/{name}"),
            SPLIT_HORIZON,
            config,
        )
    };
    let another = "-----BEGIN CERTIFICATE-----\nMQ==\n-----END CERTIFICATE-----\n";
    vec![
        config("create"),
        config("update").then(json!({"base_domain_name_suffix": "example.org"})),
        config("rotate").then(json!({"ca_certificate": another})),
        config("delete").destroyed(),
    ]
}

fn data_importers() -> Vec<Script> {
    let importer = |name: &str| {
        let config = json!({
            "name": "dump", "supported_engines": ["pxc"], "job_spec": {"image": "dump:1"},
            "timeouts": {"delete": "10m"},
        });
        Script::new(&format!("data_importer/{name}"), IMPORTER, config)
    };
    vec![
        importer("create"),
        importer("update").then(json!({"job_spec": {"image": "dump:2"}})),
        importer("delete").destroyed(),
    ]
}

fn data_import_jobs() -> Vec<Script> {
    let import = |name: &str| {
        let config = json!({
            "namespace": "shop", "database_name": "main", "name": "first-load",
            "data_importer_name": "dump",
            "source": {"path": "dumps/main", "s3": {
                "bucket": "dumps", "region": "r", "endpoint_url": "https://s3.test"}},
            "access_key_id": "id", "secret_access_key": "key",
            "timeouts": {"create": "10m", "update": "10m", "delete": "10m"},
        });
        Script::new(&format!("data_import_job/{name}"), IMPORT, config).in_scene(|world| {
            world.add_database("main");
            world
                .server
                .put(json!({"apiVersion": "everest.percona.com/v1alpha1",
                "kind": "DataImporter", "metadata": {"name": "dump"},
                "spec": {"supportedEngines": ["pxc"], "jobSpec": {"image": "dump:1"}}}));
        })
    };
    vec![
        import("create"),
        import("again")
            .then(json!({"triggers": {"run": "1"}}))
            .then(json!({"triggers": {"run": "2"}})),
        import("delete").destroyed(),
    ]
}

fn backup(name: &str) -> Script {
    Script::new(
        &format!("backup/{name}"),
        BACKUP,
        json!({
            "namespace": "shop", "database_name": "main", "backup_storage_name": "s3",
            "name": "monday",
            "timeouts": {"create": "10m", "update": "10m", "delete": "10m"},
        }),
    )
    .in_scene(|world| world.add_database("main"))
}

fn backups() -> Vec<Script> {
    vec![
        backup("create"),
        backup("replace").then(json!({"name": "tuesday"})),
        backup("delete").destroyed(),
        backup("delete-with-data")
            .then(json!({"keep_backup_data": false}))
            .destroyed(),
    ]
}

fn restore(name: &str) -> Script {
    Script::new(
        &format!("restore/{name}"),
        RESTORE,
        json!({
            "namespace": "shop", "database_name": "main", "name": "drill",
            "backup_name": "sunday",
            "timeouts": {"create": "10m", "update": "10m", "delete": "10m"},
        }),
    )
    .in_scene(|world| {
        world.add_database("main");
        world.add_backup("main", "sunday");
    })
}

fn restores() -> Vec<Script> {
    vec![
        restore("create"),
        restore("again")
            .then(json!({"triggers": {"run": "1"}}))
            .then(json!({"triggers": {"run": "2"}})),
        restore("delete").destroyed(),
    ]
}

fn namespace(name: &str) -> Script {
    Script::new(
        &format!("namespace/{name}"),
        NAMESPACE,
        json!({
            "name": "team", "engines": {"pxc": {}},
            "timeouts": {"create": "10m", "update": "10m", "delete": "10m"},
        }),
    )
    .with_olm()
}

fn namespaces() -> Vec<Script> {
    vec![
        namespace("create"),
        namespace("add-operator").then(json!({"engines": {"psmdb": {}}})),
        namespace("remove-operator")
            .changed(json!({"engines": {"psmdb": {}}}))
            .then(json!({"engines": {"psmdb": null}})),
        namespace("upgrade")
            .changed(json!({"engines": {"pxc": {"version": "1.17.0"}}}))
            .then(json!({"engines": {"pxc": {"version": "1.18.0"}}})),
        namespace("delete").destroyed(),
        namespace("force-destroy")
            .changed(json!({"force_destroy": true}))
            .meanwhile(|world| {
                world.add_one_of_each_to("team");
                Box::pin(async {})
            })
            .destroyed(),
        namespace("take-over")
            .in_scene(|world| world.add_namespace("team", true))
            .changed(json!({"take_ownership": true, "labels": {"team": "ours"}})),
        namespace("give-back")
            .in_scene(|world| world.add_namespace("team", false))
            .changed(json!({"take_ownership": true, "labels": {"team": "ours"}}))
            .destroyed(),
        namespace("import")
            .changed(json!({"name": "shop", "labels": {"team": "ours"}}))
            .imported("shop"),
    ]
}

/// The story of a setting of Everest's own server.
fn setting(name: &str, type_name: &'static str, block: Json) -> Script {
    Script::new(name, type_name, block).in_scene(|world| world.add_settings())
}

fn accounts() -> Vec<Script> {
    let account = |name: &str| {
        let config = json!({"name": "alice", "password_wo": "s3cret!", "password_wo_version": 1});
        setting(&format!("account/{name}"), ACCOUNT, config)
    };
    vec![
        account("create"),
        account("disable").then(json!({"enabled": false})),
        account("rotate").then(json!({"password_wo": "another", "password_wo_version": 2})),
        account("replace").then(json!({"name": "bob"})),
        account("import")
            .changed(json!({"name": "admin", "capabilities": ["login", "apiKey"]}))
            .imported("admin"),
        account("delete").destroyed(),
    ]
}

fn rbac_policies() -> Vec<Script> {
    let policy = |name: &str| {
        let config = json!({"enabled": true, "policy": "g, admin, role:admin\n"});
        setting(&format!("rbac_policy/{name}"), RBAC_POLICY, config)
    };
    vec![
        policy("create"),
        policy("update").then(json!({"policy": "g, admin, role:admin\ng, bob, role:admin\n"})),
        policy("delete").destroyed(),
    ]
}

fn rbac_roles() -> Vec<Script> {
    let role = |name: &str| {
        let config = json!({"name": "dev", "members": ["alice"], "permissions": [
            {"resource": "database-clusters", "actions": ["read"], "object": "dev/*"}]});
        setting(&format!("rbac_role/{name}"), RBAC_ROLE, config)
    };
    vec![
        role("create"),
        role("update").then(json!({"members": ["alice", "bob"]})),
        role("replace").then(json!({"name": "ops"})),
        role("delete").destroyed(),
    ]
}

fn oidc_settings() -> Vec<Script> {
    let settings = |name: &str| {
        let config = json!({"issuer_url": "https://sso.test/realms/e", "client_id": "everest",
            "timeouts": {"create": "10m", "update": "10m", "delete": "10m"}});
        setting(&format!("oidc_settings/{name}"), OIDC, config)
    };
    vec![
        settings("create"),
        settings("update").then(json!({"scopes": ["openid", "groups"]})),
        settings("delete").destroyed(),
    ]
}
