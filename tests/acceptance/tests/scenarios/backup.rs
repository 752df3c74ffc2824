//! `everest_backup_storage`, `everest_backup`, `everest_restore`.

use serde_json::json;

use crate::{
    objects::{self, BACKUP, RESTORE, SECRET, STORAGE, steer},
    stack::Stack,
};

const STORAGE_ONLY: &str = "resource \"everest_backup_storage\" \"s3\" {
  namespace         = \"NS\"
  name              = \"s3\"
  type              = \"s3\"
  bucket            = \"backups\"
  region            = \"eu-central-1\"
  endpoint_url      = \"https://s3.example.org\"
  access_key_id     = \"AKIA-1\"
  secret_access_key = \"hush-1\"
}
";

const DATABASE: &str = "resource \"everest_database\" \"db\" {
  namespace = \"NS\"
  name      = \"orders\"
  engine = { type = \"pxc\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"1G\" } }
  deletion_protection = false
}
";

const BACKUP_HCL: &str = "resource \"everest_backup\" \"b\" {
  namespace           = \"NS\"
  database_name       = everest_database.db.name
  backup_storage_name = everest_backup_storage.s3.name
  name                = \"b1\"
}
";

const RESTORE_HCL: &str = "resource \"everest_restore\" \"r\" {
  namespace     = \"NS\"
  database_name = everest_database.db.name
  name          = \"r1\"
  backup_name   = everest_backup.b.name
  triggers      = { drill = \"1\" }
}
";

fn secret(stack: &Stack, key: &str) -> String {
    let secret = objects::get(SECRET, &stack.namespace, "s3");
    let encoded = secret["data"][key].as_str().unwrap_or_default().to_owned();
    let decoded = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, encoded);
    String::from_utf8(decoded.unwrap()).unwrap()
}

#[test]
fn a_storage_keeps_its_secret_in_step() {
    let stack = Stack::with_engine("pxc");
    stack.write(STORAGE_ONLY);
    stack.apply().succeeded();
    assert_eq!(secret(&stack, "AWS_ACCESS_KEY_ID"), "AKIA-1");
    assert_eq!(secret(&stack, "AWS_SECRET_ACCESS_KEY"), "hush-1");
    let state = stack.state("everest_backup_storage.s3");
    assert_eq!(state["in_use"], false);
    assert_eq!(state["secret_name"], "s3");
    stack.plan_is_empty();

    stack.write(
        &STORAGE_ONLY
            .replace("hush-1", "hush-2")
            .replace("  endpoint", "  description = \"all of them\"\n  endpoint"),
    );
    stack.apply().succeeded().says_not("hush");
    assert_eq!(secret(&stack, "AWS_SECRET_ACCESS_KEY"), "hush-2");
    assert_eq!(
        objects::get(STORAGE, &stack.namespace, "s3")["spec"]["description"],
        "all of them"
    );
    stack.plan_is_empty();

    let without: String = STORAGE_ONLY
        .lines()
        .filter(|l| !l.contains("access_key"))
        .map(|l| format!("{l}\n"))
        .collect();
    stack.write(&without.replace("  endpoint", "  description = \"all of them\"\n  endpoint"));
    stack.reimport(
        "everest_backup_storage.s3",
        &format!("{}/s3", stack.namespace),
    );
    stack.plan_is_empty();
    assert_eq!(
        secret(&stack, "AWS_SECRET_ACCESS_KEY"),
        "hush-2",
        "left as it is"
    );

    objects::delete(STORAGE, &stack.namespace, "s3");
    assert_eq!(
        stack.planned_actions(),
        [(
            "everest_backup_storage.s3".to_owned(),
            vec!["create".to_owned()]
        )]
    );
    stack.write(STORAGE_ONLY);
    stack.apply().succeeded();
    stack.destroy().succeeded();
}

#[test]
fn write_only_credentials_reach_the_secret_and_not_the_state() {
    let write_only = |secret: &str, version: u32| {
        STORAGE_ONLY
            .replace(
                "access_key_id     = \"AKIA-1\"",
                "access_key_id_wo = \"AKIA-9\"",
            )
            .replace(
                "secret_access_key = \"hush-1\"",
                &format!(
                    "secret_access_key_wo = \"{secret}\"\n  credentials_wo_version = {version}"
                ),
            )
    };
    let stack = Stack::with_engine("pxc");
    stack.write(&write_only("whisper-1", 1));
    stack.apply().succeeded();
    assert_eq!(secret(&stack, "AWS_SECRET_ACCESS_KEY"), "whisper-1");
    assert!(!stack.state_file().contains("whisper-1"));
    stack.plan_is_empty();
    stack.write(&write_only("whisper-2", 1));
    stack.plan_is_empty();
    stack.write(&write_only("whisper-2", 2));
    stack.apply().succeeded();
    assert_eq!(secret(&stack, "AWS_SECRET_ACCESS_KEY"), "whisper-2");
    stack.destroy().succeeded();
}

#[test]
fn the_secret_of_an_azure_storage_has_the_keys_of_every_engine() {
    let stack = Stack::with_engine("pxc");
    stack.write(
        &STORAGE_ONLY
            .replace("\"s3\"\n  bucket", "\"azure\"\n  bucket")
            .replace("  region            = \"eu-central-1\"\n", "")
            .replace("  endpoint_url      = \"https://s3.example.org\"\n", ""),
    );
    stack.apply().succeeded();
    for (everests, azures) in [
        ("AWS_ACCESS_KEY_ID", "AZURE_STORAGE_ACCOUNT_NAME"),
        ("AWS_SECRET_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY"),
    ] {
        assert_eq!(secret(&stack, everests), secret(&stack, azures));
    }
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
fn a_storage_in_use_is_not_deleted_and_the_error_names_who_uses_it() {
    let stack = Stack::with_engine("pxc");
    stack.write(&format!("{STORAGE_ONLY}{DATABASE}{BACKUP_HCL}"));
    stack.apply().succeeded();
    stack.run(&["state", "rm", "everest_backup.b"]).succeeded();
    stack
        .run(&[
            "destroy",
            "-target=everest_backup_storage.s3",
            "-auto-approve",
            "-input=false",
            "-no-color",
        ])
        .failed()
        .says("in use")
        .says("b1");
    assert!(!objects::get(STORAGE, &stack.namespace, "s3").is_null());
    stack
        .run(&[
            "import",
            "-input=false",
            "everest_backup.b",
            &format!("{}/b1", stack.namespace),
        ])
        .succeeded();
    stack.destroy().succeeded();
}

#[test]
fn a_backup_and_a_restore_run_once() {
    let all = format!("{STORAGE_ONLY}{DATABASE}{BACKUP_HCL}{RESTORE_HCL}");
    let stack = Stack::with_engine("pxc");
    stack.write(&all);
    stack.apply().succeeded();
    let backup = stack.state("everest_backup.b");
    assert_eq!(backup["state"], "Succeeded");
    assert!(
        backup["destination"].as_str().unwrap().starts_with("s3://"),
        "{backup:#}"
    );
    assert!(backup["completed_at"].is_string());
    assert_eq!(stack.state("everest_restore.r")["state"], "Succeeded");
    stack.plan_is_empty();

    stack.reimport("everest_backup.b", &format!("{}/b1", stack.namespace));
    stack.plan_is_empty();
    // triggers live in the configuration alone: an import does not know them, and to note them is
    // no reason to restore again.
    let uid = || objects::get(RESTORE, &stack.namespace, "r1")["metadata"]["uid"].clone();
    let made = uid();
    stack.reimport("everest_restore.r", &format!("{}/r1", stack.namespace));
    stack
        .apply()
        .succeeded()
        .says("0 added, 1 changed, 0 destroyed");
    assert_eq!(uid(), made);
    stack.plan_is_empty();

    objects::delete(RESTORE, &stack.namespace, "r1");
    let said = stack.run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
    assert_eq!(
        said.code,
        Some(0),
        "a finished restore was planned again:\n{}",
        said.text
    );
    said.says("r1");

    stack.write(&all.replace("drill = \"1\"", "drill = \"2\""));
    stack.plan().succeeded().says("Data loss");
    stack.apply().succeeded().says("Data loss");
    assert_eq!(
        objects::get(RESTORE, &stack.namespace, "r1")["status"]["state"],
        "Succeeded"
    );
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn destroying_a_backup_keeps_its_data_unless_told_otherwise() {
    let stack = Stack::with_engine("pxc");
    let second = BACKUP_HCL
        .replace("\"b\"", "\"c\"")
        .replace("\"b1\"", "\"c1\"")
        .replace(
            "  name  ",
            "  depends_on = [everest_backup.b]\n  keep_backup_data = false\n  name  ",
        );
    stack.write(&format!("{STORAGE_ONLY}{DATABASE}{BACKUP_HCL}{second}"));
    stack.apply().succeeded();
    stack.write(&format!("{STORAGE_ONLY}{DATABASE}"));
    let ns = &stack.namespace;
    stack
        .apply()
        .succeeded()
        .says(&format!(
            "Destroying everest_backup {ns}/b1 leaves its data in the bucket"
        ))
        .says(&format!(
            "Destroying everest_backup {ns}/c1 deletes its data in the bucket"
        ));
    assert!(objects::names(BACKUP, &stack.namespace).is_empty());
    let buckets = objects::get(
        objects::CONFIG_MAP,
        &stack.namespace,
        "everest-simulator-buckets",
    );
    assert!(
        buckets["data"]["b1"]
            .as_str()
            .unwrap()
            .starts_with("stored"),
        "{buckets}"
    );
    assert!(
        buckets["data"]["c1"]
            .as_str()
            .unwrap()
            .starts_with("deleted"),
        "{buckets}"
    );
    stack.destroy().succeeded();
}

#[test]
fn a_backup_deleted_behind_our_back_is_planned_anew() {
    let stack = Stack::with_engine("pxc");
    stack.write(&format!("{STORAGE_ONLY}{DATABASE}{BACKUP_HCL}"));
    stack.apply().succeeded();
    objects::delete(BACKUP, &stack.namespace, "b1");
    assert_eq!(
        stack.planned_actions(),
        [("everest_backup.b".to_owned(), vec!["create".to_owned()])]
    );
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn a_failed_restore_is_told_with_its_reason_and_runs_again() {
    let stack = Stack::with_engine("pxc");
    stack.write(&format!("{STORAGE_ONLY}{DATABASE}{BACKUP_HCL}"));
    stack.apply().succeeded();
    steer(
        &stack.namespace,
        json!({"r1.restore-delay": "2s", "r1.restore-fails": "the backup is torn"}),
    );
    stack.write(&format!(
        "{STORAGE_ONLY}{DATABASE}{BACKUP_HCL}{RESTORE_HCL}"
    ));
    stack.apply().failed().says("the backup is torn");
    let uid = || objects::get(RESTORE, &stack.namespace, "r1")["metadata"]["uid"].clone();
    let failed = uid();
    assert!(stack.tainted("everest_restore.r"));

    steer(&stack.namespace, json!({"r1.restore-fails": null}));
    stack.apply().succeeded();
    assert_ne!(uid(), failed);
    assert_eq!(stack.state("everest_restore.r")["state"], "Succeeded");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}
