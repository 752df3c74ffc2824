//! The quickstart and the larger examples, as users run them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use acceptance::feature::Feature;

use crate::{
    objects::{self, BACKUP, DATABASE, RESTORE, STORAGE, SUBSCRIPTION},
    stack::{Stack, kubeconfig},
};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/terraform")
}

/// The folders with examples of types.
const FOLDERS: [(&str, Option<Feature>); 5] = [
    ("resources", None),
    ("data-sources", None),
    ("ephemeral-resources", None),
    ("functions", None),
    ("actions", Some(Feature::Actions)),
];

#[test]
fn every_example_of_a_type_is_valid() {
    let stack = Stack::new("examples");
    let folders = FOLDERS
        .iter()
        .filter(|(_, feature)| feature.is_none_or(Feature::is_there))
        .flat_map(|(kind, _)| fs::read_dir(examples().join(kind)).unwrap());
    let mut seen = 0;
    for folder in folders {
        for example in fs::read_dir(folder.unwrap().path()).unwrap() {
            let example = example.unwrap().path();
            if example.extension().is_none_or(|kind| kind != "tf") {
                continue;
            }
            stack.file("main.tf", &fs::read_to_string(&example).unwrap());
            let said = stack.run(&["validate", "-no-color"]);
            assert_eq!(said.code, Some(0), "{}:\n{}", example.display(), said.text);
            seen += 1;
        }
    }
    assert!(seen >= 30, "{seen} examples");
}

#[test]
fn the_readme_s_first_configuration_and_the_provider_s_example_initialise_and_are_valid() {
    let readme = fs::read_to_string(examples().join("../../README.md")).unwrap();
    let first = readme.split("```hcl\n").nth(1).unwrap();
    let provider = fs::read_to_string(examples().join("provider/provider.tf")).unwrap();
    for (from, text) in [
        ("README.md", first.split("```").next().unwrap()),
        ("provider.tf", &provider),
    ] {
        let stack = Stack::uninitialised("readme");
        fs::remove_file(stack.path().join("provider.tf")).unwrap();
        stack.file("main.tf", text);
        for arguments in [&["init", "-input=false"][..], &["validate", "-no-color"]] {
            let said = stack.run(arguments);
            assert_eq!(said.code, Some(0), "{from}: {arguments:?}\n{}", said.text);
        }
    }
}

/// Copies the configuration of an example, and its tests, in place of the stack's.
fn take_example(stack: &Stack, name: &str) {
    fs::remove_file(stack.path().join("provider.tf")).unwrap();
    fs::create_dir(stack.path().join("tests")).unwrap();
    let source = examples().join(name);
    for folder in [source.clone(), source.join("tests")] {
        for file in fs::read_dir(folder).into_iter().flatten() {
            let path = file.unwrap().path();
            let is_configuration = path
                .extension()
                .is_some_and(|extension| extension == "tf" || extension == "hcl");
            if is_configuration {
                let place = path.strip_prefix(&source).unwrap();
                fs::copy(&path, stack.path().join(place)).unwrap();
            }
        }
    }
}

#[test]
fn wrong_values_are_told_by_a_plan_without_a_cluster() {
    let stack = Stack::uninitialised("no-cluster");
    take_example(&stack, "quickstart");
    stack.file(
        "scenario.auto.tfvars",
        "s3_access_key_id = \"AKIA\"\ns3_secret_access_key = \"hush\"\n",
    );
    stack.run(&["init", "-input=false"]).succeeded();
    stack.plan().succeeded().says("Plan: 7 to add");
    stack.file(
        "wrong_override.tf",
        include_str!("../../../../xtask/src/plan/wrong_override.tf"),
    );
    stack
        .plan()
        .failed()
        .says("at most 22 characters")
        .says("pgbouncer")
        .says("2 o'clock");
}

#[test]
fn the_quickstart_applies_then_plans_nothing_then_leaves_nothing() {
    let mut stack = Stack::uninitialised("quick");
    stack.environment("KUBE_CONFIG_PATH", &kubeconfig());
    take_example(&stack, "quickstart");
    let variables = |protected: bool| {
        stack.file(
            "scenario.auto.tfvars",
            &format!(
                "namespace = {:?}\ndeletion_protection = {protected}\n\
                 s3_access_key_id = \"AKIA\"\ns3_secret_access_key = \"hush\"\n",
                stack.namespace
            ),
        );
    };
    variables(true);
    stack.run(&["init", "-input=false"]).succeeded();
    stack.apply().succeeded();
    stack.plan_is_empty();
    assert_eq!(objects::names(DATABASE, &stack.namespace).len(), 4);

    let namespace = stack.namespace.clone();
    stack.reimport("everest_namespace.quickstart", &namespace);
    for (address, name) in [
        ("everest_backup_storage.s3", "s3"),
        ("everest_database.orders", "orders"),
        ("everest_database.sessions", "sessions"),
        ("everest_database.ledger", "ledger"),
        ("everest_backup.first", "first"),
        ("everest_database.drill", "orders-drill"),
    ] {
        stack.reimport(address, &format!("{namespace}/{name}"));
    }
    // Neither write-only credentials nor where the first data came from are ever read back: that
    // they are noted makes the only differences.
    let update = |address: &str| (address.to_owned(), vec!["update".to_owned()]);
    assert_eq!(
        stack.planned_actions(),
        [
            update("everest_backup_storage.s3"),
            update("everest_database.drill"),
        ]
    );

    variables(false);
    stack.apply().succeeded();
    stack.destroy().succeeded();
    for kind in [DATABASE, BACKUP, RESTORE, STORAGE, SUBSCRIPTION] {
        assert!(
            objects::names(kind, &stack.namespace).is_empty(),
            "{kind:?}"
        );
    }
    assert!(objects::get(objects::NAMESPACE, "", &stack.namespace).is_null());
}

#[test]
fn a_database_is_recovered_step_by_step_as_the_example_says() {
    let mut stack = Stack::with_engine("pxc");
    stack.environment("KUBE_CONFIG_PATH", &kubeconfig());
    take_example(&stack, "dr");
    stack.run(&["init", "-input=false"]).succeeded();
    stack.run(&["test", "-no-color"]).succeeded();

    let step = |variables: &str| {
        stack.file(
            "step.auto.tfvars",
            &format!(
                "namespace = {:?}\ns3_access_key_id = \"AKIA\"\ns3_secret_access_key = \"hush\"\n\
                 {variables}\n",
                stack.namespace
            ),
        );
        stack.apply().succeeded()
    };
    let live = |name: &str| objects::get(DATABASE, &stack.namespace, name);
    step("");
    let backup = objects::get(BACKUP, &stack.namespace, "orders-first");
    assert_eq!(backup["status"]["state"], "Succeeded");
    let time = backup["status"]["latestRestorableTime"].as_str();
    let time = time.or(backup["status"]["completed"].as_str()).unwrap();

    let restored =
        format!("orders-2 = {{ restore = {{ from = \"orders\", point_in_time = {time:?} }} }}");
    step(&format!("databases = {{\n orders = {{}}\n {restored}\n}}"));
    for name in ["orders", "orders-2"] {
        assert_eq!(live(name)["status"]["status"], "ready", "{name}");
    }
    stack.plan_is_empty();

    step(&format!(
        "active = \"orders-2\"\nfenced = [\"orders\"]\n\
         databases = {{\n orders = {{ deletion_protection = false }}\n {restored}\n}}"
    ))
    .says("orders-2");
    assert_eq!(live("orders")["status"]["status"], "paused");
    stack.plan_is_empty();

    step("active = \"orders-2\"\ndatabases = { orders-2 = { deletion_protection = false } }");
    assert!(live("orders").is_null());
    assert_eq!(live("orders-2")["status"]["status"], "ready");
    stack.plan_is_empty();
    stack.destroy().succeeded();
}

/// Copies a folder with all below it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        // What a user's run of the example has left.
        if name.to_string_lossy().starts_with(".terraform") {
            continue;
        }
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn the_modules_and_the_platform_pass_their_own_tests() {
    let mut stack = Stack::uninitialised("modules");
    stack.stand_ins(&["hashicorp/helm"]);
    for folder in ["modules", "platform"] {
        copy(&examples().join(folder), &stack.path().join(folder));
    }
    for folder in [
        "modules/team-database",
        "modules/everest-install",
        "platform",
    ] {
        let within = format!("-chdir={folder}");
        stack.run(&[&within, "get"]).succeeded();
        stack.run(&[&within, "test", "-no-color"]).succeeded();
    }
}
