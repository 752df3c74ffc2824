//! Objects that an import or a `moved` block takes over before anybody can have read them. A bucket
//! stands for all kinds, which are told apart in the provider's own tests.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::objects::{self, NAMESPACE, SECRET, STORAGE};
use crate::stack::{Stack, kubeconfig};

const ADDRESS: &str = "everest_backup_storage.s3";

const BUCKET: &str = "resource \"everest_backup_storage\" \"s3\" {
  namespace    = \"NS\"
  name         = \"s3\"
  type         = \"s3\"
  bucket       = \"backups\"
  region       = \"eu-central-1\"
  endpoint_url = \"https://s3.example.org\"
}
";

/// A stack with a bucket in its namespace that no state knows, and the bucket.
fn with_bucket(scenario: &str) -> (Stack, Value) {
    let stack = Stack::new(scenario);
    let namespace = &stack.namespace;
    let labels = json!({"app.kubernetes.io/managed-by": "everest"});
    objects::create(
        NAMESPACE,
        "",
        namespace,
        json!({"metadata": {"labels": labels}}),
    );
    let keys = json!({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"});
    objects::create(SECRET, namespace, "s3", json!({"stringData": keys}));
    let spec = json!({"type": "s3", "bucket": "backups", "region": "eu-central-1",
        "endpointURL": "https://s3.example.org", "credentialsSecretName": "s3"});
    objects::create(STORAGE, namespace, "s3", json!({"spec": spec}));
    let bucket = bucket(&stack);
    (stack, bucket)
}

/// What of the bucket nobody but a writer changes.
fn bucket(stack: &Stack) -> Value {
    let object = objects::get(STORAGE, &stack.namespace, "s3");
    json!({"uid": object["metadata"]["uid"], "generation": object["metadata"]["generation"],
        "annotations": object["metadata"]["annotations"], "spec": object["spec"]})
}

/// The provider's program, below a folder in which `init` was run.
fn program(below: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(below).unwrap();
    let mut paths = entries.map(|entry| entry.unwrap().path());
    paths.find_map(|path| match path.file_name()?.to_str()? {
        _ if path.is_dir() => program(&path),
        name if name.starts_with("terraform-provider-everest") => Some(path),
        _ => None,
    })
}

/// Has the client start the provider in the place of the one that is moved from as well: it is
/// started, and asked nothing about what is moved.
fn with_the_former_provider(stack: &mut Stack) {
    let program = program(&stack.path().join(".terraform")).unwrap();
    let binaries = stack.path().join("binaries");
    std::fs::create_dir(&binaries).unwrap();
    for name in ["everest", "kubectl"] {
        symlink(
            &program,
            binaries.join(format!("terraform-provider-{name}")),
        )
        .unwrap();
    }
    let overrides = format!(
        "    \"openeverest/everest\" = {binaries:?}\n    \"registry.terraform.io/alekc/kubectl\" = {binaries:?}\n"
    );
    stack.file(
        "terraform.rc",
        &format!("provider_installation {{\n  dev_overrides {{\n{overrides}  }}\n}}\n"),
    );
    let configuration = stack.path().join("terraform.rc");
    stack.environment("TF_CLI_CONFIG_FILE", configuration.to_str().unwrap());
}

fn clear(stack: &Stack) {
    stack.destroy().succeeded();
    objects::delete(NAMESPACE, "", &stack.namespace);
}

#[test]
fn an_import_waits_for_settings_that_are_unknown_at_plan_and_writes_nothing() {
    let (stack, made) = with_bucket("unread-import");
    stack.provider("  config_path = terraform_data.cluster.output");
    let cluster = format!(
        "resource \"terraform_data\" \"cluster\" {{\n  input = {:?}\n}}\n",
        kubeconfig()
    );
    let import = format!("import {{\n  to = {ADDRESS}\n  id = \"NS/s3\"\n}}\n");
    stack.write(&format!("{cluster}{BUCKET}{import}"));
    for refused in [stack.plan(), stack.apply()] {
        refused
            .failed()
            .says("taken over but never read")
            .says("config_path")
            .says("-target");
    }
    assert!(stack.state(ADDRESS).is_null());
    assert_eq!(bucket(&stack), made);

    stack
        .run(&[
            "apply",
            "-target=terraform_data.cluster",
            "-auto-approve",
            "-input=false",
            "-no-color",
        ])
        .succeeded();
    stack
        .apply()
        .succeeded()
        .says("1 imported, 0 added, 0 changed, 0 destroyed");
    assert_eq!(bucket(&stack), made);
    stack.plan_is_empty();
    clear(&stack);
}

#[test]
fn what_is_moved_here_is_planned_once_it_is_read() {
    let (mut stack, made) = with_bucket("unread-moved");
    with_the_former_provider(&mut stack);
    let kept = json!({
        "version": 4,
        "terraform_version": "1.11.0",
        "serial": 1,
        "lineage": "manifests",
        "outputs": {},
        "resources": [{
            "mode": "managed",
            "type": "kubectl_manifest",
            "name": "s3",
            "provider": "provider[\"registry.terraform.io/alekc/kubectl\"]",
            "instances": [{"schema_version": 1, "attributes": {
                "api_version": "everest.percona.com/v1alpha1", "kind": "BackupStorage",
                "namespace": stack.namespace, "name": "s3",
            }}],
        }],
    });
    stack.file("terraform.tfstate", &kept.to_string());
    // OpenTofu takes the type moved from for one of its own registry's providers otherwise.
    let provider = std::fs::read_to_string(stack.path().join("provider.tf")).unwrap();
    stack.file(
        "provider.tf",
        &provider.replace(
            "    everest =",
            "    kubectl = { source = \"registry.terraform.io/alekc/kubectl\" }\n    everest =",
        ),
    );
    let moved = format!("moved {{\n  from = kubectl_manifest.s3\n  to   = {ADDRESS}\n}}\n");
    stack.write(&format!("{BUCKET}{moved}"));
    for command in [
        &["plan", "-refresh=false", "-input=false", "-no-color"][..],
        &["apply", "-refresh=false", "-auto-approve", "-no-color"],
    ] {
        stack
            .run(command)
            .failed()
            .says("taken over but never read")
            .says("without -refresh=false");
    }
    assert!(stack.state(ADDRESS).is_null());
    assert_eq!(bucket(&stack), made);

    stack
        .apply()
        .succeeded()
        .says("0 added, 0 changed, 0 destroyed");
    assert_eq!(bucket(&stack), made);
    stack.plan_is_empty();
    clear(&stack);
}
