//! Plans that ask the cluster by a dry run.

use serde_json::json;

use crate::{
    objects::{self, DATABASE, Global, Kind, eventually},
    stack::Stack,
};

const POLICY: Kind = (
    "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicy",
);
const BINDING: Kind = (
    "admissionregistration.k8s.io/v1",
    "ValidatingAdmissionPolicyBinding",
);
const WEBHOOK: Kind = (
    "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration",
);

/// A namespace and a database in it; `more` are further attributes of the database.
fn database(more: &str) -> String {
    format!(
        "resource \"everest_namespace\" \"ns\" {{
  name    = \"NS\"
  engines = {{ pxc = {{}} }}
}}
resource \"everest_database\" \"db\" {{
  namespace = everest_namespace.ns.name
  name      = \"orders\"
  engine = {{ type = \"pxc\", replicas = 1, storage = {{ size = \"1Gi\" }}, resources = {{ cpu = \"600m\", memory = \"1G\" }} }}
  deletion_protection = false
{more}
}}
"
    )
}

fn namespace() -> String {
    let all = database("");
    let (namespace, _) = all.split_once("resource \"everest_database\"").unwrap();
    namespace.to_owned()
}

#[test]
fn a_policy_of_the_cluster_speaks_at_plan_on_its_attribute() {
    let stack = Stack::new("rehearsed");
    stack.write(&namespace());
    stack.apply().succeeded();
    let name = format!("{}-teams", stack.namespace);
    let policy = Global::create(
        POLICY,
        &name,
        json!({"spec": {
            "matchConstraints": {
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stack.namespace}},
                "resourceRules": [{"apiGroups": ["everest.percona.com"], "apiVersions": ["*"],
                    "operations": ["CREATE", "UPDATE"], "resources": ["databaseclusters"]}]},
            "validations": [{
                "expression": "has(object.metadata.labels) && 'team' in object.metadata.labels",
                "message": "every database names its team"}],
        }}),
    );
    let binding = Global::create(
        BINDING,
        &name,
        json!({"spec": {"policyName": name, "validationActions": ["Deny"]}}),
    );
    stack.write(&database(""));
    eventually("the policy is in force", || stack.plan().code != Some(0));
    stack
        .plan()
        .failed()
        .says("every database names its team")
        .says("dry run");
    assert!(objects::get(DATABASE, &stack.namespace, "orders").is_null());

    // The server's own rules speak too, and name the field.
    let badly = "  labels = { team = \"no spaces, please\" }";
    stack.write(&database(badly));
    stack
        .plan()
        .failed()
        .says("no spaces, please")
        .says("labels");

    let team = "  labels = { team = \"shop\" }";
    stack.write(&database(team));
    stack.plan().succeeded();
    assert!(
        objects::get(DATABASE, &stack.namespace, "orders").is_null(),
        "a plan writes nothing"
    );
    stack.apply().succeeded();
    stack.write(&database(""));
    stack.plan().failed().says("every database names its team");
    stack.write(&database(team));
    stack.plan_is_empty();

    stack.destroy().succeeded();
    binding.delete();
    policy.delete();
}

#[test]
fn what_may_still_be_made_by_the_run_is_said_once_and_stops_no_plan() {
    let stack = Stack::new("rehearsed-missing");
    // While the namespace is to be made, nothing in it is asked for.
    stack.write(&database(""));
    stack.plan().succeeded().says_not("Warning");
    stack.write(&namespace());
    stack.apply().succeeded();
    stack.write(&database("").replace(
        "type = \"pxc\",",
        "type = \"pxc\", user_secrets_name = \"nope\",",
    ));
    let said = stack.plan().succeeded().says("nope");
    assert_eq!(said.text.matches("Warning: ").count(), 1, "{}", said.text);
    stack.write(&namespace());
    stack.destroy().succeeded();
}

#[test]
fn a_webhook_that_is_down_stops_no_plan() {
    let stack = Stack::new("rehearsed-down");
    stack.write(&namespace());
    stack.apply().succeeded();
    let name = format!("{}.down.test", stack.namespace);
    let webhook = Global::create(
        WEBHOOK,
        &name,
        json!({"webhooks": [{
            "name": name, "admissionReviewVersions": ["v1"], "sideEffects": "None",
            "failurePolicy": "Fail", "timeoutSeconds": 1,
            "clientConfig": {"url": "https://127.0.0.1:1/"},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stack.namespace}},
            "rules": [{"apiGroups": ["everest.percona.com"], "apiVersions": ["*"],
                "operations": ["CREATE"], "resources": ["databaseclusters"]}],
        }]}),
    );
    let two = format!(
        "{}{}",
        database(""),
        database("")
            .replace(&namespace(), "")
            .replace("\"db\"", "\"other\"")
            .replace("\"orders\"", "\"other\"")
    );
    stack.write(&two);
    eventually("the webhook is asked", || {
        stack
            .plan()
            .text
            .contains("cannot reach the admission webhook")
    });
    let said = stack.plan().succeeded().says("Warning");
    assert_eq!(
        said.text
            .matches("cannot reach the admission webhook")
            .count(),
        1,
        "{}",
        said.text
    );
    webhook.delete();
    stack.write(&namespace());
    stack.destroy().succeeded();
}

#[test]
#[ignore = "steers the simulator"]
fn a_plan_says_that_a_backup_is_in_use_before_it_is_destroyed() {
    let stack = Stack::with_engine("pxc");
    let backup = "resource \"everest_backup_storage\" \"s3\" {
  namespace         = \"NS\"
  name              = \"s3\"
  type              = \"s3\"
  bucket            = \"backups\"
  region            = \"eu-central-1\"
  access_key_id     = \"AKIA\"
  secret_access_key = \"hush\"
}
resource \"everest_backup\" \"b\" {
  namespace           = \"NS\"
  database_name       = everest_database.db.name
  backup_storage_name = everest_backup_storage.s3.name
  name                = \"b1\"
}
";
    let database = database("").replace(&namespace(), "");
    let database = database.replace("everest_namespace.ns.name", "\"NS\"");
    stack.write(&format!("{database}{backup}"));
    stack.apply().succeeded();
    objects::steer(&stack.namespace, json!({"r1.hold": "Restoring"}));
    objects::create(
        objects::RESTORE,
        &stack.namespace,
        "r1",
        json!({"spec": {"dbClusterName": "orders", "dataSource": {"dbClusterBackupName": "b1"}}}),
    );
    eventually("the backup is in use", || {
        let finalizers = &objects::get(objects::BACKUP, &stack.namespace, "b1")["metadata"];
        finalizers["finalizers"].to_string().contains("in-use")
    });
    let (without, _) = backup.split_once("resource \"everest_backup\"").unwrap();
    stack.write(&format!("{database}{without}"));
    stack
        .plan()
        .succeeded()
        .says("Warning")
        .says("is in use and cannot be deleted");
    objects::steer(&stack.namespace, json!({"r1.hold": null}));
    eventually("the restore is over", || {
        objects::get(objects::RESTORE, &stack.namespace, "r1")["status"]["state"] == "Succeeded"
    });
    stack.destroy().succeeded();
}
