//! The provider's own settings: how it reaches a cluster, and what it says when it cannot.

mod authentication;
mod server;

use std::fs;

use acceptance::said::Said;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    objects::{self, Global, NAMESPACE, SECRET, STORAGE},
    stack::{Stack, kubeconfig},
};
use server::api_server;

const ADDRESS: &str = "everest_namespace.ns";

/// A loopback port that nobody listens on.
const CLOSED: &str = "https://127.0.0.1:1";

const NAMESPACE_HCL: &str = "resource \"everest_namespace\" \"ns\" {
  name    = \"NS\"
  engines = { pxc = {} }
}
";

/// Needs nothing installed, so it is quickly made.
const STORAGE_HCL: &str = "resource \"everest_backup_storage\" \"s3\" {
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

const SERVICE_ACCOUNT: objects::Kind = ("v1", "ServiceAccount");
const ROLE: objects::Kind = ("rbac.authorization.k8s.io/v1", "Role");
const ROLE_BINDING: objects::Kind = ("rbac.authorization.k8s.io/v1", "RoleBinding");
const WEBHOOKS: objects::Kind = (
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
);

/// A stack whose namespace exists already and has no operators.
fn bare(scenario: &str) -> Stack {
    let stack = Stack::new(scenario);
    let labels = json!({"app.kubernetes.io/managed-by": "everest"});
    objects::create(
        NAMESPACE,
        "",
        &stack.namespace,
        json!({"metadata": {"labels": labels}}),
    );
    stack.write(NAMESPACE_HCL);
    stack
}

fn clear(stack: &Stack) {
    objects::delete(NAMESPACE, "", &stack.namespace);
}

/// Reads the stack's namespace from the cluster.
fn read(stack: &Stack) -> Said {
    let said = stack.run(&[
        "import",
        "-input=false",
        "-no-color",
        ADDRESS,
        &stack.namespace,
    ]);
    if said.code == Some(0) {
        stack.run(&["state", "rm", ADDRESS]).succeeded();
    }
    said
}

fn the_kubeconfig() -> Value {
    serde_yaml_ng::from_str(&fs::read_to_string(kubeconfig()).unwrap()).unwrap()
}

/// A member of the first cluster or user of the kubeconfig; PEM where it is data.
fn first(list: &str, kind: &str, member: &str) -> Option<String> {
    let text = the_kubeconfig()[list][0][kind][member].as_str()?.to_owned();
    if member.ends_with("-data") {
        Some(String::from_utf8(STANDARD.decode(text).unwrap()).unwrap())
    } else {
        Some(text)
    }
}

fn host() -> String {
    first("clusters", "cluster", "server").unwrap()
}

fn authority() -> String {
    first("clusters", "cluster", "certificate-authority-data").unwrap()
}

/// A token that may do in the namespace what the rules allow; everything without rules.
fn token(stack: &Stack, account: &str, rules: Option<Value>) -> String {
    let namespace = &stack.namespace;
    objects::create(SERVICE_ACCOUNT, namespace, account, json!({}));
    let role = match rules {
        None => json!({"kind": "ClusterRole", "name": "cluster-admin"}),
        Some(rules) => {
            objects::create(ROLE, namespace, account, json!({"rules": rules}));
            json!({"kind": "Role", "name": account})
        }
    };
    let mut binding = json!({
        "roleRef": role,
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": namespace}],
    });
    binding["roleRef"]["apiGroup"] = json!("rbac.authorization.k8s.io");
    objects::create(ROLE_BINDING, namespace, account, binding);
    objects::token(namespace, account)
}

/// Settings of the cluster with a token of its own.
fn by_token(token: &str) -> String {
    format!(
        "  host = {:?}\n  token = {token:?}\n  cluster_ca_certificate = {:?}",
        host(),
        authority()
    )
}

#[test]
fn a_proxy_that_does_not_answer_is_named() {
    let stack = Stack::new("auth-proxy");
    stack.write(NAMESPACE_HCL);
    stack.provider(&format!(
        "  config_path = {:?}\n  proxy_url = \"http://127.0.0.1:9\"",
        kubeconfig()
    ));
    read(&stack)
        .failed()
        .says(&host())
        .says("http://127.0.0.1:9");
    stack.provider(&format!(
        "  config_path = {:?}\n  proxy_url = \"ftp://proxy\"",
        kubeconfig()
    ));
    read(&stack).failed().says("proxy_url").says("socks5");
}

#[test]
fn nothing_configured_is_said_at_apply_and_never_taken_for_localhost() {
    let mut stack = Stack::new("auth-none");
    stack.environment("KUBERNETES_SERVICE_HOST", "");
    stack.write(NAMESPACE_HCL);
    stack.provider("");
    stack.plan().succeeded();
    stack
        .apply()
        .failed()
        .says("config_path")
        .says("KUBE_CONFIG_PATH")
        .says("host")
        .says_not("localhost")
        .says_not("127.0.0.1");
    assert!(stack.state(ADDRESS).is_null());

    // Read by kubectl, not by providers: the message says so.
    stack.environment("KUBECONFIG", &kubeconfig());
    stack
        .apply()
        .failed()
        .says("KUBECONFIG is set")
        .says("KUBE_CONFIG_PATH");
    stack.provider("  token = \"t\"");
    stack
        .apply()
        .failed()
        .says("token")
        .says("host")
        .says_not("localhost");
}

#[test]
fn a_cluster_that_does_not_answer_is_named() {
    let stack = Stack::new("auth-unreachable");
    stack.write(&format!("{NAMESPACE_HCL}{STORAGE_HCL}"));
    stack.provider(&format!("  host = {CLOSED:?}\n  token = \"secret-token\""));
    stack.plan().succeeded();
    stack
        .apply()
        .failed()
        .says(&format!("{CLOSED} does not respond"))
        .says("refused")
        .says_not("secret-token");
    assert!(stack.state(ADDRESS).is_null());
    assert!(stack.state("everest_backup_storage.s3").is_null());
}

#[test]
fn settings_that_are_unknown_at_plan_are_waited_for() {
    let stack = bare("auth-later");
    let later = |generation: u32| {
        format!(
            "resource \"terraform_data\" \"cluster\" {{\n  triggers_replace = {generation}\n  input = {:?}\n}}\n{STORAGE_HCL}",
            host()
        )
    };
    let token = token(&stack, "admin", None);
    stack.provider(
        &by_token(&token).replace(&format!("{:?}", host()), "terraform_data.cluster.output"),
    );
    stack.write(&later(1));
    stack.plan().succeeded();
    stack.apply().succeeded();
    assert!(!objects::get(STORAGE, &stack.namespace, "s3").is_null());
    stack.plan_is_empty();

    // With something in the state there is nobody to ask about it: it stays as it is.
    stack.write(&later(2));
    let said = stack.plan().succeeded().says("host");
    assert!(
        said.text.contains("1 to add, 0 to change, 1 to destroy"),
        "{}",
        said.text
    );
    stack.apply().succeeded();
    stack.plan_is_empty();
    stack.provider(&by_token(&token));
    stack.destroy().succeeded();
    clear(&stack);
}

#[test]
fn a_missing_permission_names_verb_and_resource() {
    let stack = bare("auth-forbidden");
    let nothing = token(&stack, "nobody", Some(json!([])));
    stack.provider(&by_token(&nothing));
    read(&stack)
        .failed()
        .says("may not get namespaces")
        .says("Role")
        .says_not(&nothing);

    let reader = token(
        &stack,
        "reader",
        Some(json!([
            {"apiGroups": ["everest.percona.com"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["*"]},
        ])),
    );
    stack.provider(&by_token(&reader));
    stack.write(STORAGE_HCL);
    stack
        .apply()
        .failed()
        .says("may not")
        .says(&format!(
            "backupstorages.everest.percona.com in namespace {}",
            stack.namespace
        ))
        .says_not(&reader);
    assert!(objects::get(STORAGE, &stack.namespace, "s3").is_null());
    assert!(
        objects::get(SECRET, &stack.namespace, "s3").is_null(),
        "its Secret is not left over"
    );
    clear(&stack);
}

#[test]
fn listing_is_not_needed_where_single_objects_may_be_read() {
    let stack = bare("auth-nolist");
    let single = token(
        &stack,
        "single",
        Some(json!([
            {"apiGroups": ["everest.percona.com"], "resources": ["*"], "verbs": ["get", "create", "patch", "delete"]},
            {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "create", "patch", "delete"]},
        ])),
    );
    stack.provider(&by_token(&single));
    let second = STORAGE_HCL
        .replace("\"s3\" {", "\"t3\" {")
        .replace("= \"s3\"\n  type", "= \"t3\"\n  type");
    stack.write(&format!("{STORAGE_HCL}{second}"));
    stack.apply().succeeded();
    stack.plan_is_empty();
    stack.destroy().succeeded();
    assert!(objects::names(STORAGE, &stack.namespace).is_empty());
    clear(&stack);
}

#[test]
fn a_webhook_that_is_down_is_named_and_nothing_is_written() {
    let stack = bare("webhook-down");
    // Its name puts it before Everest's own, which would refuse the database for want of an
    // engine.
    let name = format!("a-{}", stack.namespace);
    let webhook = "down.scenario.everest.percona.com";
    let down = Global::create(
        WEBHOOKS,
        &name,
        json!({"webhooks": [{
            "name": webhook,
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": "Fail",
            "timeoutSeconds": 1,
            "clientConfig": {"url": format!("{CLOSED}/admit")},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stack.namespace}},
            "rules": [{
                "apiGroups": ["everest.percona.com"], "apiVersions": ["*"],
                "operations": ["CREATE", "UPDATE"], "resources": ["databaseclusters", "backupstorages"],
            }],
        }]}),
    );
    let database = "resource \"everest_database\" \"db\" {
  namespace = \"NS\"
  name      = \"orders\"
  engine = { type = \"pxc\", replicas = 1, storage = { size = \"1Gi\" }, resources = { cpu = \"600m\", memory = \"1G\" } }
}
";
    stack.write(&format!("{database}{STORAGE_HCL}"));
    // A new configuration of webhooks takes the API server a moment. Nobody else refuses a storage.
    let probe = json!({"spec": {
        "type": "s3", "bucket": "backups", "region": "r", "credentialsSecretName": "none",
    }});
    objects::eventually("the webhook is called", || {
        match objects::try_create(STORAGE, &stack.namespace, "probe", probe.clone()) {
            Ok(()) => {
                objects::delete(STORAGE, &stack.namespace, "probe");
                false
            }
            Err(refused) => {
                assert!(refused.contains(webhook), "{refused}");
                true
            }
        }
    });
    let said = stack
        .apply()
        .failed()
        .says("admission webhook")
        .says(webhook)
        .says("everest_database");
    assert!(
        said.text.contains("everest-operator"),
        "who serves it: {}",
        said.text
    );
    for address in ["everest_database.db", "everest_backup_storage.s3"] {
        assert!(stack.state(address).is_null(), "{address}");
    }
    assert!(objects::get(objects::DATABASE, &stack.namespace, "orders").is_null());
    assert!(
        objects::get(SECRET, &stack.namespace, "s3").is_null(),
        "its Secret is not left over"
    );

    down.delete();
    stack.write(STORAGE_HCL);
    stack.apply().succeeded();
    stack.destroy().succeeded();
    clear(&stack);
}

#[test]
fn a_cluster_without_everest_says_what_to_install() {
    let stack = Stack::new("no-everest");
    stack.write(STORAGE_HCL);
    stack.provider(&format!("  host = {:?}\n  token = \"t\"", api_server(&[])));
    stack
        .apply()
        .failed()
        .says("OpenEverest v1 is not installed")
        .says("helm");
    assert!(stack.state("everest_backup_storage.s3").is_null());

    stack.write(NAMESPACE_HCL);
    stack.apply().failed().says("OLM");
    assert!(stack.state(ADDRESS).is_null());

    stack.write(STORAGE_HCL);
    stack.provider(&format!(
        "  host = {:?}\n  token = \"t\"",
        api_server(&["/apis/core.openeverest.io"])
    ));
    stack.apply().failed().says("v2").says("v1");
}
