//! Taking what exists into a configuration that does not have it yet.

use std::process::Command;

use acceptance::feature::{Feature, asks_without_object, provider_of_an_import};

use crate::stack::{Stack, kubeconfig, setting};

const ALL: &str = "resource \"everest_namespace\" \"ns\" {
  name    = \"NS\"
  engines = { pxc = {} }
}
resource \"everest_backup_storage\" \"s3\" {
  namespace         = everest_namespace.ns.name
  name              = \"s3\"
  type              = \"s3\"
  bucket            = \"backups\"
  region            = \"eu-central-1\"
  access_key_id     = \"AKIA\"
  secret_access_key = \"hush\"
}
resource \"everest_database\" \"db\" {
  namespace = everest_namespace.ns.name
  name      = \"orders\"
  engine = { type = \"pxc\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"1G\" } }
  backup = { schedules = { nightly = { schedule = \"0 2 * * *\", backup_storage_name = everest_backup_storage.s3.name, retention_copies = 7 } } }
  deletion_protection = false
}
resource \"everest_backup\" \"b\" {
  namespace           = everest_namespace.ns.name
  database_name       = everest_database.db.name
  backup_storage_name = everest_backup_storage.s3.name
  name                = \"b1\"
}
resource \"everest_restore\" \"r\" {
  namespace     = everest_namespace.ns.name
  database_name = everest_database.db.name
  name          = \"r1\"
  backup_name   = everest_backup.b.name
}
";

/// The resources of [`ALL`] in its namespace: type, label and name.
const NAMED: [(&str, &str, &str); 4] = [
    ("backup_storage", "s3", "s3"),
    ("database", "db", "orders"),
    ("backup", "b", "b1"),
    ("restore", "r", "r1"),
];

#[test]
fn what_exists_is_found_by_a_query_and_imported_by_id_and_by_identity() {
    let made = Stack::new("existing");
    made.write(ALL);
    made.apply().succeeded();
    if Feature::ListResources.is_there() {
        assert_found_by_a_query(&made);
    }
    assert_imported_as_generated(&made.namespace);
    assert_imported_as_exported(&made.namespace);
    if Feature::ImportByIdentity.is_there() {
        assert_imported_by_identity(&made);
    }
    made.destroy().succeeded();
}

#[track_caller]
fn assert_found_by_a_query(made: &Stack) {
    let namespace = &made.namespace;
    let mut lists = "list \"everest_namespace\" \"all\" {\n  provider = everest\n}\n".to_owned();
    for (kind, _, _) in NAMED {
        lists += &format!(
            "list \"everest_{kind}\" \"here\" {{\n  provider = everest\n  config {{\n    namespace = {namespace:?}\n  }}\n}}\n"
        );
    }
    made.file("here.tfquery.hcl", &lists);
    let mut said = made
        .run(&["query", "-no-color"])
        .succeeded()
        .says(&format!("name={namespace} {namespace}"));
    for (_, _, name) in NAMED {
        said = said.says(&format!(
            "name={name},namespace={namespace} {namespace}/{name}"
        ));
    }
}

/// A configuration that the client has generated for everything in the namespace applies as it
/// stands.
#[track_caller]
fn assert_imported_as_generated(namespace: &str) {
    let taken = Stack::new("existing-taken");
    let mut imports = format!("import {{\n  to = everest_namespace.ns\n  id = {namespace:?}\n}}\n");
    for (kind, _, name) in NAMED {
        imports +=
            &format!("import {{\n  to = everest_{kind}.it\n  id = \"{namespace}/{name}\"\n}}\n");
    }
    let provider = provider_of_an_import("everest");
    taken.write(&imports.replace("import {\n", &format!("import {{\n{provider}")));
    let said = taken.run(&[
        "plan",
        "-input=false",
        "-no-color",
        "-generate-config-out=generated.tf",
    ]);
    if asks_without_object() {
        said.failed().says("No configuration can be generated");
        return;
    }
    said.succeeded();
    // An older client writes down the whole state.
    if Feature::GenerateConfig.is_there() {
        let generated = std::fs::read_to_string(taken.path().join("generated.tf")).unwrap();
        for chosen in ["[mysqld]", "everest-secrets-", "paused", "version = \""] {
            let stands = |line: &&str| line.contains(chosen) && !line.ends_with("= null");
            let line = generated.lines().find(stands);
            assert_eq!(line, None, "nobody has asked for it:\n{generated}");
        }
    }
    taken.write(&imports);
    taken
        .apply()
        .succeeded()
        .says("5 imported, 0 added, 0 changed, 0 destroyed");
    taken.plan_is_empty();
}

/// A configuration that the provider's program has written for everything in the namespace applies
/// as it stands, under any client.
#[track_caller]
fn assert_imported_as_exported(namespace: &str) {
    let exported = Command::new(setting("EVEREST_TEST_PROVIDER"))
        .args(["export", "--operations", "--namespace", namespace])
        .args(["--config-path", &kubeconfig()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&exported.stderr);
    assert!(exported.status.success(), "{said}");
    let exported = String::from_utf8(exported.stdout).unwrap();
    for chosen in ["[mysqld]", "everest-secrets-", "paused", "version"] {
        assert!(
            !exported.contains(chosen),
            "nobody has asked for it:\n{exported}"
        );
    }
    let taken = Stack::new("existing-exported");
    taken.write(&exported);
    taken
        .apply()
        .succeeded()
        .says("5 imported, 0 added, 0 changed, 0 destroyed");
    taken.plan_is_empty();
}

/// What the state has lost is imported by identity into the configuration that made it.
#[track_caller]
fn assert_imported_by_identity(made: &Stack) {
    let namespace = &made.namespace;
    let lost = NAMED.map(|(kind, label, _)| format!("everest_{kind}.{label}"));
    let mut forget = vec!["state", "rm", "everest_namespace.ns"];
    forget.extend(lost.iter().map(String::as_str));
    made.run(&forget).succeeded();
    let mut imports = format!(
        "import {{\n  to = everest_namespace.ns\n  identity = {{ name = {namespace:?} }}\n}}\n"
    );
    for (kind, label, name) in NAMED {
        imports += &format!(
            "import {{\n  to = everest_{kind}.{label}\n  identity = {{ namespace = {namespace:?}, name = {name:?} }}\n}}\n"
        );
    }
    made.file("imports.tf", &imports);
    // The credentials and the protection are known to the configuration alone.
    made.apply()
        .succeeded()
        .says("5 imported, 0 added, 2 changed, 0 destroyed");
    made.plan_is_empty();
}
