//! The quickstart, as a new user runs it.

use std::{fs, path::Path};

use crate::{
    objects::{self, BACKUP, DATABASE, RESTORE, STORAGE, SUBSCRIPTION},
    stack::{Stack, kubeconfig},
};

#[test]
fn the_quickstart_applies_then_plans_nothing_then_leaves_nothing() {
    let mut stack = Stack::new("quick");
    stack.environment("KUBE_CONFIG_PATH", &kubeconfig());
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/terraform/quickstart");
    fs::remove_file(stack.path().join("provider.tf")).unwrap();
    for file in fs::read_dir(source).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "tf") {
            fs::copy(&path, stack.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    stack.file(
        "scenario.auto.tfvars",
        &format!(
            "namespace = {:?}\ns3_access_key_id = \"AKIA\"\ns3_secret_access_key = \"hush\"\n",
            stack.namespace
        ),
    );
    stack.run(&["init", "-input=false"]).succeeded();
    stack.apply().succeeded();
    stack.plan_is_empty();
    assert_eq!(objects::names(DATABASE, &stack.namespace).len(), 3);

    stack.destroy().succeeded();
    for kind in [DATABASE, BACKUP, RESTORE, STORAGE, SUBSCRIPTION] {
        assert!(
            objects::names(kind, &stack.namespace).is_empty(),
            "{kind:?}"
        );
    }
    assert!(objects::get(objects::NAMESPACE, "", &stack.namespace).is_null());
}
