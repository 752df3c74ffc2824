//! Values that somebody else has set, past the configuration.

use serde_json::{Value, json};

use crate::{
    objects::{self, DATABASE, STORAGE},
    stack::Stack,
};

const ALL: &str = "resource \"everest_backup_storage\" \"s3\" {
  namespace         = \"NS\"
  name              = \"s3\"
  type              = \"s3\"
  bucket            = \"backups\"
  region            = \"eu-central-1\"
  description       = \"ours\"
  access_key_id     = \"AKIA\"
  secret_access_key = \"hush\"
}
resource \"everest_database\" \"db\" {
  namespace = \"NS\"
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

/// Somebody sets another memory and another description.
fn edit(stack: &Stack, memory: &str, description: &str) {
    let change = json!({"spec": {"engine": {"resources": {"memory": memory}}}});
    objects::patch_as("kubectl-edit", DATABASE, &stack.namespace, "orders", change);
    let change = json!({"spec": {"description": description}});
    objects::patch_as("kubectl-edit", STORAGE, &stack.namespace, "s3", change);
}

fn saved_plan(stack: &Stack) {
    stack
        .run(&["plan", "-input=false", "-no-color", "-out=saved"])
        .succeeded();
}

fn apply_saved_plan(stack: &Stack) -> acceptance::said::Said {
    stack.run(&["apply", "-input=false", "-no-color", "saved"])
}

#[test]
fn what_a_plan_shows_is_taken_over_and_what_it_does_not_show_only_by_force() {
    let stack = Stack::with_engine("pxc");
    stack.write(ALL);
    stack.apply().succeeded();

    // Set after the plan was made: the plan does not show it.
    stack.write(&ALL.replace("600m", "700m").replace("ours", "mine"));
    saved_plan(&stack);
    edit(&stack, "2G", "theirs");
    let said = apply_saved_plan(&stack).failed();
    said.says("engine.resources.memory belongs to field manager \"kubectl-edit\"")
        .says("which says \"2G\", not \"1G\"")
        .says("description belongs to field manager \"kubectl-edit\"")
        .says("which says \"theirs\", not \"mine\"")
        .says("because the plan did not show that value")
        .says("force_conflicts = true");
    assert_eq!(memory(&stack), "2G", "nothing was taken");
    stack.write(&forced(&ALL.replace("600m", "700m")));
    saved_plan(&stack);
    edit(&stack, "4G", "theirs again");
    apply_saved_plan(&stack).succeeded();
    assert_eq!(memory(&stack), "1G", "by force");

    // Set before the plan is made: the plan shows it.
    stack.write(ALL);
    stack.apply().succeeded();
    edit(&stack, "2G", "theirs");
    // What is taken over into the configuration is no conflict.
    let theirs = ALL.replace("\"1G\"", "\"2000M\"").replace("ours", "theirs");
    stack.write(&theirs);
    stack.plan_is_empty();
    stack.write(ALL);
    for said in [stack.plan().succeeded(), stack.apply().succeeded()] {
        said.says("engine.resources.memory belongs to field manager \"kubectl-edit\"")
            .says("which says \"2G\", not \"1G\"")
            .says("description belongs to field manager \"kubectl-edit\"")
            .says_not("will be refused");
    }
    assert_eq!(memory(&stack), "1G");
    stack.plan_is_empty();
    // It is ours again.
    stack.write(&ALL.replace("\"1G\"", "\"3G\""));
    stack.apply().succeeded().says_not("kubectl-edit");
    assert_eq!(memory(&stack), "3G");
    stack.destroy().succeeded();
}

#[test]
fn an_imported_database_is_given_over_and_who_goes_on_applying_it_is_named() {
    let stack = Stack::with_engine("pxc");
    let spec = json!({"engine": {"type": "pxc", "replicas": 1, "storage": {"size": "1Gi"},
        "resources": {"cpu": "600m", "memory": "2G"}}});
    objects::create(
        DATABASE,
        &stack.namespace,
        "orders",
        json!({ "spec": spec }),
    );
    let (_, database) = ALL.split_once("resource \"everest_database\"").unwrap();
    stack.write(&format!("resource \"everest_database\"{database}"));
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
        .succeeded()
        .says("engine.resources.memory belongs to field manager \"argocd-controller\"");
    assert_eq!(memory(&stack), "1G");
    stack.destroy().succeeded();
}
