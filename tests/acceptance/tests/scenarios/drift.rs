//! Values that somebody else has set, past the configuration.

use serde_json::{Value, json};

use crate::{
    objects::{self, DATABASE, STORAGE},
    stack::Stack,
};

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
  description       = \"ours\"
  access_key_id     = \"AKIA\"
  secret_access_key = \"hush\"
}
resource \"everest_database\" \"db\" {
  namespace = everest_namespace.ns.name
  name      = \"orders\"
  engine = { type = \"pxc\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"1G\" } }
  deletion_protection = false
}
";

fn memory(stack: &Stack) -> Value {
    objects::get(DATABASE, &stack.namespace, "orders")["spec"]["engine"]["resources"]["memory"]
        .clone()
}

fn forced(resources: &str) -> String {
    resources
        .replace(
            "  deletion_protection",
            "  force_conflicts = true\n  deletion_protection",
        )
        .replace("  description ", "  force_conflicts = true\n  description ")
}

#[test]
fn a_value_that_another_manager_took_over_is_warned_of_at_plan_and_taken_only_by_force() {
    let stack = Stack::new("drift");
    stack.write(ALL);
    stack.apply().succeeded();
    let change = json!({"spec": {"engine": {"resources": {"memory": "2G"}}}});
    objects::patch_as("kubectl-edit", DATABASE, &stack.namespace, "orders", change);
    let change = json!({"spec": {"description": "theirs"}});
    objects::patch_as("kubectl-edit", STORAGE, &stack.namespace, "s3", change);

    for said in [stack.plan().succeeded(), stack.apply().failed()] {
        said.says("engine.resources.memory belongs to field manager \"kubectl-edit\"")
            .says("which says \"2G\", not \"1G\"")
            .says("description belongs to field manager \"kubectl-edit\"")
            .says("which says \"theirs\", not \"ours\"")
            .says("force_conflicts = true");
    }
    assert_eq!(memory(&stack), "2G", "nothing was taken");

    // What is taken over into the configuration is nobody's quarrel.
    let theirs = ALL.replace("\"1G\"", "\"2000M\"").replace("ours", "theirs");
    stack.write(&theirs);
    stack.plan_is_empty();

    stack.write(&forced(ALL));
    stack.plan().succeeded().says_not("kubectl-edit");
    stack.apply().succeeded();
    assert_eq!(memory(&stack), "1G");
    stack.plan_is_empty();
    // It is ours again.
    stack.write(ALL);
    stack.apply().succeeded();
    stack.write(&ALL.replace("\"1G\"", "\"3G\""));
    stack.apply().succeeded();
    assert_eq!(memory(&stack), "3G");
    stack.destroy().succeeded();
}

#[test]
fn an_imported_database_is_given_over_unless_somebody_else_goes_on_applying_it() {
    let stack = Stack::new("drift-imported");
    let (namespace, _) = ALL
        .split_once("resource \"everest_backup_storage\"")
        .unwrap();
    stack.write(namespace);
    stack.apply().succeeded();
    let spec = json!({"engine": {"type": "pxc", "replicas": 1, "storage": {"size": "1Gi"},
        "resources": {"cpu": "600m", "memory": "2G"}}});
    objects::create(
        DATABASE,
        &stack.namespace,
        "orders",
        json!({ "spec": spec }),
    );
    let (_, database) = ALL.split_once("resource \"everest_database\"").unwrap();
    let all = format!("{namespace}resource \"everest_database\"{database}");
    stack.write(&all);
    let id = format!("{}/orders", stack.namespace);
    stack
        .run(&[
            "import",
            "-input=false",
            "-no-color",
            "everest_database.db",
            &id,
        ])
        .succeeded();
    stack.apply().succeeded();
    assert_eq!(memory(&stack), "1G");

    let part = json!({"spec": {"engine": {"resources": {"memory": "4G"}}}});
    objects::apply_as(
        "argocd-controller",
        DATABASE,
        &stack.namespace,
        "orders",
        part,
    );
    stack
        .apply()
        .failed()
        .says("engine.resources.memory belongs to field manager \"argocd-controller\"");
    assert_eq!(memory(&stack), "4G");
    stack.destroy().succeeded();
}
