//! The quickstart, as a new user runs it.

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

#[test]
fn the_quickstart_applies_then_plans_nothing_then_leaves_nothing() {
    let mut stack = Stack::uninitialised("quick");
    stack.environment("KUBE_CONFIG_PATH", &kubeconfig());
    let source = examples().join("quickstart");
    fs::remove_file(stack.path().join("provider.tf")).unwrap();
    for file in fs::read_dir(source).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tf") {
            fs::copy(&path, stack.path().join(path.file_name().unwrap())).unwrap();
        }
    }
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
